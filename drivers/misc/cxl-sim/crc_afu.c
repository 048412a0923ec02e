// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CRC AFU: each context has a wide window with many channels, each of which
 * calculates checksums and has an interrupt of its own. Errors are recorded in
 * the AFU's error buffer. See Documentation/crc-afu.md.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "afu_model.h"

#define CRC_IDENT		0x4352430000000001ULL	/* "CRC", version 1 */
#define CRC_WINDOW_SIZE		0x100000
#define CRC_CHANNEL_SIZE	0x1000
#define CRC_BUFFER_SIZE		0x800
/* The context's own registers take the place of channel 0. */
#define CRC_CHANNELS		(CRC_WINDOW_SIZE / CRC_CHANNEL_SIZE)

/* Cost in addition to that of the bytes, in units of a byte copied */
#define COMMAND_COST		512
#define SCAN_COST		256

/**
 * struct crc_global_regs - global registers
 * @ident: CRC_IDENT
 * @channels: CRC_CHANNELS
 */
struct crc_global_regs {
	__be64 ident;
	__be64 channels;
};

/**
 * struct crc_regs - registers of a context, at the start of its window
 * @ident: CRC_IDENT
 * @wed: work element descriptor, which means nothing to the AFU
 * @pe: process element
 * @commands: commands that have ended
 * @reserved: not used
 * @doorbell: a command for each channel; 0 once the AFU has taken it
 */
struct crc_regs {
	__be64 ident;
	__be64 wed;
	__be64 pe;
	__be64 commands;
	__be64 reserved[252];
	__be64 doorbell[CRC_CHANNELS];
};

static_assert(offsetof(struct crc_regs, doorbell) == 0x800);
static_assert(sizeof(struct crc_regs) <= CRC_CHANNEL_SIZE);

/**
 * struct crc_channel - registers of a channel
 * @address: of the data, in the memory of the process
 * @length: bytes
 * @interrupt: number of the interrupt to raise at the end, 0 for none
 * @seed: checksum to continue from
 * @status: STATUS_*, written by the AFU
 * @result: checksum, written by the AFU
 * @done: bytes processed without error, written by the AFU
 * @reserved: not used
 * @buffer: the channel's memory
 */
struct crc_channel {
	__be64 address;
	__be64 length;
	__be64 interrupt;
	__be64 seed;
	__be64 status;
	__be64 result;
	__be64 done;
	__be64 reserved[249];
	u8 buffer[CRC_BUFFER_SIZE];
};

static_assert(offsetof(struct crc_channel, buffer) == 0x800);
static_assert(sizeof(struct crc_channel) == CRC_CHANNEL_SIZE);

#define CMD_CHECKSUM		1	/* of memory */
#define CMD_CHECKSUM_BUFFER	2
#define CMD_LOAD		3	/* memory to buffer */
#define CMD_STORE		4	/* buffer to memory */

#define STATUS_BUSY		1
#define STATUS_DONE		2
#define STATUS_ADDRESS_ERROR	3
#define STATUS_INVALID		4

/**
 * struct crc_error - an entry of the error buffer
 * @number: of the error, counted from 1; in entry 0 the total number of errors
 * @pe: process element
 * @channel: channel
 * @status: STATUS_*
 * @command: low byte of the command
 * @reserved: 0: everybody may read the error buffer, but the addresses of a
 *	program's memory are its own
 * @done: bytes processed without error
 *
 * Error n is in entry (n - 1) % (entries - 1) + 1.
 */
struct crc_error {
	__be64 number;
	__be32 pe;
	__be16 channel;
	u8 status;
	u8 command;
	__be64 reserved;
	__be64 done;
};

static_assert(sizeof(struct crc_error) == 32);

/**
 * struct crc_context - private data of a context
 * @commands: value of the register of this name
 * @channel: channel of the current command, or of the last one
 * @command: current command, 0 for none
 * @delayed: the injected delay before it is over
 * @address: the channel's register when the command was taken
 * @length: likewise
 * @interrupt: likewise
 * @done: bytes done so far
 * @crc: their checksum
 * @data: buffer for a piece of the data
 */
struct crc_context {
	u64 commands;
	unsigned int channel;
	u64 command;
	bool delayed;
	u64 address;
	u64 length;
	u64 interrupt;
	u64 done;
	u32 crc;
	u8 data[CRC_BUFFER_SIZE];
};

static struct crc_channel *channel_of(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);

	return sim_pe_window(pe, (u64)ctx->channel * CRC_CHANNEL_SIZE);
}

static void restore_regs(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	struct crc_regs *regs = sim_pe_regs(pe);

	sim_reg_set(&regs->ident, CRC_IDENT);
	sim_reg_set(&regs->wed, sim_pe_wed_reg(pe));
	sim_reg_set(&regs->pe, sim_pe_num(pe));
	sim_reg_set(&regs->commands, ctx->commands);
}

/*
 * Take the next command, beginning after the last channel so that channels take
 * turns. Return false if there is none.
 */
static bool take_command(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	struct crc_regs *regs = sim_pe_regs(pe);
	struct crc_channel *channel;
	unsigned int i;

	sim_turn_charge(pe, SCAN_COST);
	for (i = 0; i < CRC_CHANNELS; i++) {
		ctx->channel = (ctx->channel + 1) % CRC_CHANNELS;
		if (ctx->channel && sim_reg_get(&regs->doorbell[ctx->channel]))
			break;
	}
	if (i == CRC_CHANNELS)
		return false;

	/* Fully ordered: what was written before the command is visible. */
	ctx->command = be64_to_cpu((__force __be64)
		xchg((__force u64 *)&regs->doorbell[ctx->channel], 0));
	if (!ctx->command)
		return false;
	ctx->done = 0;
	ctx->delayed = false;
	channel = channel_of(pe);
	if (channel) {
		ctx->address = sim_reg_get(&channel->address);
		ctx->length = sim_reg_get(&channel->length);
		ctx->interrupt = sim_reg_get(&channel->interrupt);
		ctx->crc = ~(u32)sim_reg_get(&channel->seed);
		sim_reg_set(&channel->status, STATUS_BUSY);
	} else {
		/* The page was never touched: all registers are 0. */
		ctx->address = 0;
		ctx->length = 0;
		ctx->interrupt = 0;
	}
	return true;
}

static bool is_valid(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);

	if (!ctx->length || ctx->command > CMD_STORE)
		return false;
	if (ctx->command != CMD_CHECKSUM && ctx->length > CRC_BUFFER_SIZE)
		return false;
	return !ctx->interrupt || (ctx->interrupt <= UINT_MAX &&
				   sim_pe_has_interrupt(pe, ctx->interrupt));
}

/* Add the next piece of memory to the checksum. */
static int sum_piece(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	unsigned int len = min_t(u64, ctx->length - ctx->done,
				 sizeof(ctx->data));
	int ret;

	ret = sim_mem_read(pe, ctx->address + ctx->done, ctx->data, len);
	if (ret)
		return ret;
	ctx->crc = crc32_le(ctx->crc, ctx->data, len);
	ctx->done += len;
	if (!sim_turn_charge(pe, len) && ctx->done < ctx->length)
		return -EAGAIN;
	return 0;
}

/* Return 0, -EINVAL, -EFAULT, or an errno of sim_mem_turn(): the turn ends. */
static int execute(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	struct crc_channel *channel = channel_of(pe);
	int ret = 0;

	if (!channel || !is_valid(pe))
		return -EINVAL;
	switch (ctx->command) {
	case CMD_CHECKSUM:
		while (!ret && ctx->done < ctx->length)
			ret = sum_piece(pe);
		return ret;
	case CMD_CHECKSUM_BUFFER:
		ctx->crc = crc32_le(ctx->crc, channel->buffer, ctx->length);
		break;
	case CMD_LOAD:
		ret = sim_mem_read(pe, ctx->address, channel->buffer,
				   ctx->length);
		break;
	default:
		ret = sim_mem_write(pe, ctx->address, channel->buffer,
				    ctx->length);
	}
	if (!ret)
		ctx->done = ctx->length;
	return ret;
}

/*
 * Programs cannot write the error buffer, so the count in it can be trusted.
 */
static void log_error(struct sim_pe *pe, u8 status)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	struct crc_error *entry;
	size_t entries;
	u64 number;

	entry = sim_pe_err_buff(pe, &entries);
	entries /= sizeof(*entry);
	if (entries < 2)
		return;
	be64_add_cpu(&entry->number, 1);
	number = be64_to_cpu(entry->number);
	entry[(number - 1) % (entries - 1) + 1] = (struct crc_error) {
		.number = cpu_to_be64(number),
		.pe = cpu_to_be32(sim_pe_num(pe)),
		.channel = cpu_to_be16(ctx->channel),
		.status = status,
		.command = ctx->command,
		.done = cpu_to_be64(ctx->done),
	};
}

/* A bad address is not an AFU error: it has an event of its own. */
static u8 fail(struct sim_pe *pe, int ret)
{
	struct crc_context *ctx = sim_pe_priv(pe);

	if (ret == -EFAULT) {
		log_error(pe, STATUS_ADDRESS_ERROR);
		return STATUS_ADDRESS_ERROR;
	}
	log_error(pe, STATUS_INVALID);
	sim_pe_error(pe, (u64)ctx->channel << 32 | (u32)ctx->command);
	return STATUS_INVALID;
}

static void end_command(struct sim_pe *pe, int ret)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	struct crc_channel *channel = channel_of(pe);
	u8 status = ret ? fail(pe, ret) : STATUS_DONE;
	struct crc_regs *regs = sim_pe_regs(pe);

	ctx->command = 0;
	sim_reg_set(&regs->commands, ++ctx->commands);
	sim_pe_active(pe);
	sim_pe_count_element(pe);
	if (!channel)
		return;
	sim_reg_set(&channel->result, ~ctx->crc);
	sim_reg_set(&channel->done, ctx->done);
	/* A program that sees the status sees the rest, too. */
	smp_wmb();
	sim_reg_set(&channel->status, status);
	if (ctx->interrupt && status != STATUS_INVALID)
		sim_pe_interrupt(pe, ctx->interrupt);
}

/* Work on the current command, or look for one. */
static enum sim_turn run_command(struct sim_pe *pe)
{
	struct crc_context *ctx = sim_pe_priv(pe);
	int ret;

	if (!ctx->command && !take_command(pe))
		return SIM_TURN_SLEEP;
	sim_pe_active(pe);
	if (sim_pe_delay_us(pe) && !ctx->delayed) {
		ctx->delayed = true;
		return SIM_TURN_DELAY;
	}
	ret = execute(pe);
	if (ret == -EINPROGRESS || ret == -EAGAIN)
		return sim_mem_turn(ret);
	end_command(pe, ret);
	return SIM_TURN_MORE;
}

static enum sim_turn crc_turn(struct sim_pe *pe)
{
	restore_regs(pe);
	return sim_turn_run(pe, run_command, COMMAND_COST);
}

static void crc_reset(struct sim_afu *afu)
{
	struct crc_global_regs *regs = sim_afu_global_regs(afu);
	void *err_buff;
	size_t size;

	sim_reg_set(&regs->ident, CRC_IDENT);
	sim_reg_set(&regs->channels, CRC_CHANNELS);
	err_buff = sim_afu_err_buff(afu, &size);
	memset(err_buff, 0, size);
}

static void crc_show(struct sim_pe *pe, struct seq_file *s)
{
	struct crc_context *ctx = sim_pe_priv(pe);

	seq_printf(s, " channel=%u command=%llu done=%llu", ctx->channel,
		   ctx->command, ctx->done);
}

const struct sim_afu_model sim_crc_afu = {
	.name = "crc",
	.modes = CXL_MODE_DIRECTED | CXL_MODE_DEDICATED,
	.pp_offset = 0x2000000,
	.pp_size = CRC_WINDOW_SIZE,
	.psa_size = 0x4000000,
	.irqs_min = 16,
	.cr_vendor = 0x1014,
	.cr_device = 0x4360,
	.cr_class = 0x120000,
	.priv_size = sizeof(struct crc_context),
	.attach = restore_regs,
	.turn = crc_turn,
	.reset = crc_reset,
	.show = crc_show,
};
