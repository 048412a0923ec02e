// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CRC AFU as a program: Documentation/crc-afu.md says what it does.
 *
 * The AFU's settings in configfs must be
 *
 *	model=user pp_size=0x100000 irqs_min=16 modes="dedicated directed"
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <afu.h>

#define IDENT		0x4352430000000001ULL
#define CHANNELS	256

/* Registers of a context, in place 0 of its window, and global ones */
#define REG_IDENT	0x00
#define REG_WED		0x08
#define REG_PE		0x10
#define REG_COMMANDS	0x18
#define REG_DOORBELL(c)	(0x800 + 8 * (c))
#define GLOBAL_CHANNELS	0x08

/* Registers of a channel, in a place of its own */
#define PLACE_SIZE	0x1000
#define REG_ADDRESS	0x00
#define REG_LENGTH	0x08
#define REG_INTERRUPT	0x10
#define REG_SEED	0x18
#define REG_STATUS	0x20
#define REG_RESULT	0x28
#define REG_DONE	0x30
#define BUFFER		0x800
#define BUFFER_SIZE	0x800

enum command { CHECKSUM = 1, CHECKSUM_BUFFER, LOAD, STORE };
enum status { BUSY = 1, DONE, ADDRESS_ERROR, INVALID };

/**
 * struct error - an entry of the error buffer, big-endian
 *
 * Error n is in entry (n - 1) % (entries - 1) + 1. Entry 0 has the number of
 * errors. Everybody may read all of it, so no entry has the address of a
 * program's memory.
 */
struct error {
	uint64_t number;
	uint32_t pe;
	uint16_t channel;
	uint8_t status;
	uint8_t command;
	uint64_t reserved;
	uint64_t done;
};

/**
 * struct job - a command that is being executed
 * @ctx: its context
 * @channel: its channel
 * @regs: the channel's registers
 * @command: what to do
 * @address: of the data
 * @length: bytes
 * @interrupt: number of the interrupt to raise at the end, or 0
 * @crc: checksum so far, inverted
 * @done: bytes so far
 */
struct job {
	struct afu_context *ctx;
	unsigned int channel;
	char *regs;
	uint64_t command;
	uint64_t address;
	uint64_t length;
	uint64_t interrupt;
	uint32_t crc;
	uint64_t done;
};

/* Each context has a thread; only one at a time may use the error buffer. */
static pthread_mutex_t errors_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t errors;

static uint32_t crc_table[256];

static void make_table(void)
{
	uint32_t crc;
	int i, bit;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		crc_table[i] = crc;
	}
}

static void sum_up(struct job *job, const char *data, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		job->crc = job->crc >> 8 ^
			   crc_table[(job->crc ^ data[i]) & 0xff];
}

static int sum_memory(struct job *job)
{
	char data[BUFFER_SIZE];
	size_t n;

	while (job->done < job->length) {
		n = job->length - job->done;
		if (n > sizeof(data))
			n = sizeof(data);
		if (afu_load(job->ctx, job->address + job->done, data, n))
			return -1;
		sum_up(job, data, n);
		job->done += n;
	}
	return 0;
}

static int execute(struct job *job)
{
	int ret = 0;

	switch (job->command) {
	case CHECKSUM:
		return sum_memory(job);
	case CHECKSUM_BUFFER:
		sum_up(job, job->regs + BUFFER, job->length);
		break;
	case LOAD:
		ret = afu_load(job->ctx, job->address, job->regs + BUFFER,
			       job->length);
		break;
	case STORE:
		ret = afu_store(job->ctx, job->address, job->regs + BUFFER,
				job->length);
		break;
	}
	if (!ret)
		job->done = job->length;
	return ret;
}

static bool is_valid(const struct job *job)
{
	if (!job->length || job->command > STORE)
		return false;
	if (job->command != CHECKSUM && job->length > BUFFER_SIZE)
		return false;
	return job->interrupt <= afu_context_interrupts(job->ctx);
}

static void log_error(const struct job *job, enum status status)
{
	struct afu *afu = afu_context_afu(job->ctx);
	size_t entries = afu_err_buff_size(afu) / sizeof(struct error);
	struct error error = {
		.pe = htobe32(afu_context_pe(job->ctx)),
		.channel = htobe16(job->channel),
		.status = status,
		.command = job->command,
		.done = htobe64(job->done),
	};

	if (entries < 2)
		return;
	pthread_mutex_lock(&errors_lock);
	errors++;
	error.number = htobe64(errors);
	afu_err_buff_write(afu, ((errors - 1) % (entries - 1) + 1) *
				sizeof(error), &error, sizeof(error));
	afu_err_buff_write(afu, 0, &error.number, sizeof(error.number));
	pthread_mutex_unlock(&errors_lock);
}

static enum status run(struct job *job)
{
	if (!is_valid(job)) {
		log_error(job, INVALID);
		afu_error(job->ctx, (uint64_t)job->channel << 32 |
				    (uint32_t)job->command);
		return INVALID;
	}
	if (!execute(job))
		return DONE;
	if (errno == EFAULT)
		log_error(job, ADDRESS_ERROR);
	return ADDRESS_ERROR;
}

static uint64_t count(struct afu_context *ctx)
{
	return (uintptr_t)afu_context_data(ctx);
}

static void show_regs(struct afu_context *ctx)
{
	uint64_t wed = afu_context_wed(ctx);
	void *regs = afu_context_window(ctx);

	afu_reg_write(regs, REG_IDENT, IDENT);
	/* All ones is what a register of a missing card would read as. */
	afu_reg_write(regs, REG_WED, wed == ~0ULL ? wed - 1 : wed);
	afu_reg_write(regs, REG_PE, afu_context_pe(ctx));
	afu_reg_write(regs, REG_COMMANDS, count(ctx));
}

static void do_command(struct afu_context *ctx, unsigned int channel,
		       uint64_t command)
{
	struct job job = {
		.ctx = ctx,
		.channel = channel,
		.regs = (char *)afu_context_window(ctx) + channel * PLACE_SIZE,
		.command = command,
	};
	enum status status;

	job.address = afu_reg_read(job.regs, REG_ADDRESS);
	job.length = afu_reg_read(job.regs, REG_LENGTH);
	job.interrupt = afu_reg_read(job.regs, REG_INTERRUPT);
	job.crc = ~(uint32_t)afu_reg_read(job.regs, REG_SEED);
	afu_reg_write(job.regs, REG_STATUS, BUSY);
	status = run(&job);

	afu_context_set_data(ctx, (void *)(uintptr_t)(count(ctx) + 1));
	show_regs(ctx);
	afu_reg_write(job.regs, REG_RESULT, (uint32_t)~job.crc);
	afu_reg_write(job.regs, REG_DONE, job.done);
	afu_reg_write(job.regs, REG_STATUS, status);
	if (job.interrupt && status != INVALID)
		afu_interrupt(ctx, job.interrupt);
}

/* Serve each channel in turn, until none has a command. */
static long work(struct afu_context *ctx)
{
	void *regs = afu_context_window(ctx);
	unsigned int channel, found;
	uint64_t command;

	show_regs(ctx);
	do {
		found = 0;
		for (channel = 1; channel < CHANNELS; channel++) {
			if (!afu_reg_read(regs, REG_DOORBELL(channel)))
				continue;
			command = afu_reg_exchange(regs, REG_DOORBELL(channel),
						   0);
			do_command(ctx, channel, command);
			found++;
		}
	} while (found);
	return -1;
}

static int attach(struct afu_context *ctx)
{
	show_regs(ctx);
	return 0;
}

static void reset(struct afu *afu)
{
	uint32_t size = afu_err_buff_size(afu), at, n;
	static const char zeroes[4096];

	afu_reg_write(afu_global(afu), REG_IDENT, IDENT);
	afu_reg_write(afu_global(afu), GLOBAL_CHANNELS, CHANNELS);
	errors = 0;
	for (at = 0; at < size; at += n) {
		n = size - at < sizeof(zeroes) ? size - at : sizeof(zeroes);
		afu_err_buff_write(afu, at, zeroes, n);
	}
}

static const struct afu_ops ops = {
	.reset = reset,
	.attach = attach,
	.work = work,
};

int main(int argc, char **argv)
{
	struct afu *afu;

	if (argc != 2) {
		fprintf(stderr, "usage: %s /dev/cxl-sim/CARD.afuM\n", argv[0]);
		return 2;
	}
	make_table();
	afu = afu_open(argv[1], &ops, NULL);
	if (!afu) {
		perror(argv[1]);
		return 1;
	}
	while (afu_handle(afu, -1) >= 0)
		continue;
	if (errno != ENODEV)
		perror(argv[1]);
	afu_close(afu);
	return 0;
}
