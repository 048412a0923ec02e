// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memcpy AFU: each context has a queue of work elements in its memory, which
 * are executed in order: copies, interrupts, increments and atomic operations.
 * Everything is big-endian. See Documentation/memcpy-afu.md.
 */
#include <linux/bits.h>
#include <linux/seq_file.h>

#include "afu_model.h"
#include "memcpy_afu.h"

/* Work element descriptor */
#define WED_BASE		GENMASK_ULL(63, 12)
#define WED_DEPTH		GENMASK_ULL(11, 0)	/* in cache lines */
#define WED_LINE_SIZE		128

/* Command byte of a work element */
#define CMD_VALID		0x80
#define CMD_WRAP		0x40
#define CMD_CODE		0x3f

#define CMD_COPY		0
#define CMD_IRQ			1
#define CMD_STOP		2
#define CMD_INCREMENT		4
#define CMD_ATOMIC		5
#define CMD_TOUCH		6

/* Status byte */
#define STATUS_COMPLETE		0x80
#define STATUS_AERROR		0x20
#define STATUS_FAILED		0x04
#define STATUS_TERMINATED	0x02
#define STATUS_UNDEFINED	0x01

/* Cost of each step of an element besides copying, in units of a byte copied */
#define STEP_COST		170

/*
 * The queue
 */

static u64 element_ea(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	return (sim_pe_wed(pe) & WED_BASE) + ctx->offset;
}

/* In bytes; 0 for a WED of 0, which must be tolerated */
static u32 queue_size(struct sim_pe *pe)
{
	return (sim_pe_wed(pe) & WED_DEPTH) * WED_LINE_SIZE;
}

static void next_element(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	ctx->offset += sizeof(struct memcpy_element);
	if (ctx->offset >= queue_size(pe)) {
		ctx->offset = 0;
		ctx->wrap = !ctx->wrap;
	}
	ctx->step = STEP_FETCH;
}

static bool is_runnable(struct sim_pe *pe, u8 cmd)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	return queue_size(pe) && (cmd & CMD_VALID) &&
	       !!(cmd & CMD_WRAP) == ctx->wrap;
}

/*
 * Look for the next element. Return SIM_TURN_MORE if there is one.
 *
 * A program makes an element valid, then writes Restart. The Restart must not
 * be lost when the engine finds the element invalid and stops. So the order is:
 *
 *	engine				program
 *	------				-------
 *	clear Restart-pending
 *	read the element
 *					make the element valid
 *	if it was not valid:
 *	  set Stopped			write Restart
 *
 * Whether Restart is written before or after Stopped is set, the next turn
 * finds it pending, see stays_stopped().
 */
static enum sim_turn fetch(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	u8 cmd;
	int ret;

	memcpy_clear_restart(pe);
	if (ctx->terminate) {
		memcpy_set_status(pe, MEMCPY_TERMINATED);
		return SIM_TURN_IDLE;
	}

	ret = sim_mem_read(pe, element_ea(pe), &cmd, sizeof(cmd));
	if (!ret && !is_runnable(pe, cmd)) {
		if (!queue_size(pe) || memcpy_stop_on_invalid(pe))
			memcpy_set_status(pe, MEMCPY_STOPPED);
		return SIM_TURN_IDLE;
	}
	if (!ret) {
		/* The rest was written before the command byte. */
		smp_rmb();
		ret = sim_mem_read(pe, element_ea(pe), &ctx->element,
				   sizeof(ctx->element));
	}
	if (!ret)
		return SIM_TURN_MORE;
	if (ret != -EFAULT)
		return sim_mem_turn(ret);
	/* The queue is bad: there is nowhere to put a status. */
	memcpy_set_status(pe, MEMCPY_STOPPED);
	return SIM_TURN_IDLE;
}

/*
 * Commands. They return 0; or -EFAULT, -EINVAL or -EOPNOTSUPP, which
 * result_of() translates; or an errno for which ends_turn() is true.
 */

static int copy(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_element *element = &ctx->element;

	return sim_mem_copy(pe, be64_to_cpu(element->dst),
			    be64_to_cpu(element->src),
			    be16_to_cpu(element->length), &ctx->done);
}

/* The interrupt itself is raised after the status has been written. */
static int check_interrupt(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	if (!sim_pe_has_interrupt(pe, be16_to_cpu(ctx->element.length)))
		return -EINVAL;
	return 0;
}

static int increment(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_element *element = &ctx->element;
	unsigned int len = be16_to_cpu(element->length);
	u8 *low = (u8 *)(&ctx->value + 1) - len;
	int ret;

	if (len != 1 && len != 2 && len != 4 && len != 8)
		return -EOPNOTSUPP;
	/* Source and destination may be the same: read the source only once. */
	if (!ctx->done) {
		ctx->value = 0;
		ret = sim_mem_read(pe, be64_to_cpu(element->src), low, len);
		if (ret)
			return ret;
		be64_add_cpu(&ctx->value, 1);
		ctx->done = len;
	}
	return sim_mem_write(pe, be64_to_cpu(element->dst), low, len);
}

static int atomic(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_element *element = &ctx->element;
	unsigned int len = be16_to_cpu(element->length);
	struct memcpy_atomic op = {
		.code = element->cmd_extra,
		.width = len & sizeof(u64) ? sizeof(u64) : sizeof(u32),
		.ea = be64_to_cpu(element->dst),
		.op1 = be64_to_cpu(element->atomic_op1),
		.op2 = be64_to_cpu(element->src),
		.stored = &ctx->done,
	};

	return memcpy_atomic_execute(pe, &op);
}

/* Translate an address, without accessing it. */
static int touch(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	u8 byte;

	return sim_mem_read(pe, be64_to_cpu(ctx->element.src), &byte,
			    sizeof(byte));
}

static int execute(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	switch (ctx->element.cmd & CMD_CODE) {
	case CMD_COPY:
		return copy(pe);
	case CMD_IRQ:
		return check_interrupt(pe);
	case CMD_STOP:
		return 0;
	case CMD_INCREMENT:
		return increment(pe);
	case CMD_ATOMIC:
		return atomic(pe);
	case CMD_TOUCH:
		return touch(pe);
	default:
		return -EOPNOTSUPP;
	}
}

static u8 result_of(int ret)
{
	switch (ret) {
	case 0:
		return STATUS_COMPLETE;
	case -EFAULT:
		return STATUS_AERROR;
	case -EINVAL:
		return STATUS_FAILED;
	default:
		return STATUS_UNDEFINED;
	}
}

/* Does @ret, of an access or a command, end the turn? */
static bool ends_turn(int ret)
{
	return ret == -EINPROGRESS || ret == -EAGAIN || ret == -EBUSY;
}

static int write_status(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	/* A program that sees the status sees the data, too. */
	smp_wmb();
	return sim_mem_write(pe, element_ea(pe) +
				 offsetof(struct memcpy_element, status),
			     &ctx->result, sizeof(ctx->result));
}

/* Does the AFU stop after the current element, whose result is known? */
static bool stops_after(const struct memcpy_context *ctx)
{
	u8 code = ctx->element.cmd & CMD_CODE;

	return ctx->result == STATUS_COMPLETE &&
	       (code == CMD_IRQ || code == CMD_STOP);
}

/* Stop after IRQ or STOP; the interrupt comes last. */
static void stop(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	memcpy_set_status(pe, MEMCPY_STOPPED);
	if ((ctx->element.cmd & CMD_CODE) == CMD_IRQ)
		sim_pe_interrupt(pe, be16_to_cpu(ctx->element.length));
}

static enum sim_turn begin_element(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	enum sim_turn result;

	result = fetch(pe);
	if (result != SIM_TURN_MORE)
		return result;
	sim_pe_active(pe);
	if (sim_pe_delay_us(pe) && !ctx->delayed) {
		ctx->delayed = true;
		return SIM_TURN_DELAY;
	}
	ctx->delayed = false;
	ctx->done = 0;
	ctx->step = STEP_EXECUTE;
	return SIM_TURN_MORE;
}

static enum sim_turn execute_element(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	int ret;

	ret = execute(pe);
	if (ends_turn(ret) &&
	    !(ret == -EBUSY && memcpy_terminate_requested(pe)))
		return sim_mem_turn(ret);
	ctx->result = ret == -EBUSY ? STATUS_TERMINATED : result_of(ret);
	ctx->step = STEP_STATUS;
	return SIM_TURN_MORE;
}

/*
 * A program may write Restart as soon as it sees the status of the element, the
 * Stopped that follows, or the interrupt, which comes last. So Restart-pending
 * is cleared before all three: a Restart in answer to any of them counts.
 */
static enum sim_turn end_element(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	int ret;

	if (stops_after(ctx))
		memcpy_clear_restart(pe);
	ret = write_status(pe);
	if (ends_turn(ret))
		return sim_mem_turn(ret);
	sim_pe_active(pe);
	sim_pe_count_element(pe);
	next_element(pe);
	if (ret) {
		memcpy_set_status(pe, MEMCPY_STOPPED);
		return SIM_TURN_IDLE;
	}
	if (!stops_after(ctx))
		return SIM_TURN_MORE;
	stop(pe);
	return SIM_TURN_IDLE;
}

/* Work on the current element from where it was left. */
static enum sim_turn run_element(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	switch (ctx->step) {
	case STEP_FETCH:
		return begin_element(pe);
	case STEP_EXECUTE:
		return execute_element(pe);
	default:
		return end_element(pe);
	}
}

/* Stopped is cleared before any element is executed. */
static bool stays_stopped(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);

	if (ctx->status & MEMCPY_TERMINATED)
		return true;
	if (!(ctx->status & MEMCPY_STOPPED))
		return false;
	if (!memcpy_restart_pending(pe) && !memcpy_terminate_requested(pe))
		return true;
	memcpy_set_status(pe, 0);
	sim_pe_active(pe);
	return false;
}

static enum sim_turn work(struct sim_pe *pe)
{
	/* Restart and Terminate are registers. */
	if (stays_stopped(pe))
		return SIM_TURN_SLEEP;
	return sim_turn_run(pe, run_element, STEP_COST);
}

static enum sim_turn memcpy_turn(struct sim_pe *pe)
{
	enum sim_turn result;

	memcpy_restore_regs(pe);
	result = work(pe);
	memcpy_serve_timebase(pe);
	return result;
}

static void memcpy_attach(struct sim_pe *pe)
{
	memcpy_restore_regs(pe);
	memcpy_deliver_timebase(pe);
}

static void memcpy_show(struct sim_pe *pe, struct seq_file *s)
{
	static const char * const steps[] = { "fetch", "execute", "status" };
	struct memcpy_context *ctx = sim_pe_priv(pe);

	seq_printf(s, " offset=%u wrap=%u step=%s stopped=%u terminated=%u",
		   ctx->offset, ctx->wrap, steps[ctx->step],
		   !!(ctx->status & MEMCPY_STOPPED),
		   !!(ctx->status & MEMCPY_TERMINATED));
}

const struct sim_afu_model sim_memcpy_afu = {
	.name = "memcpy",
	.modes = CXL_MODE_DIRECTED,
	.pp_offset = 0x2000000,
	.pp_size = 0x10000,
	.psa_size = 0x4000000,
	.irqs_min = 4,
	.cr_vendor = 0x1014,
	.cr_device = 0x4350,
	.cr_class = 0x120000,
	.priv_size = sizeof(struct memcpy_context),
	.attach = memcpy_attach,
	.turn = memcpy_turn,
	.reset = memcpy_reset_global_regs,
	.show = memcpy_show,
};
