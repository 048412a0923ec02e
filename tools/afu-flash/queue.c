// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues of a context. Commands are a ring in its memory: the driver fills it, and
 * writes its end to a register. Completions are another ring, whose entries have a bit
 * that is inverted from lap to lap.
 *
 * Commands are executed and completed in order, and REG_SQ_HEAD moves only then:
 *
 *	sq_start                                        sq_end
 *	|  completed  |  fetched  |  not fetched  |  free  |
 *	              ^           ^               ^
 *	         REG_SQ_HEAD    fetch        REG_SQ_TAIL
 *
 * A program that takes over after this one was killed begins at the head. The response
 * queue tells it whether that command has been completed already.
 */
#include "afu-flash.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(struct sisl_ioarcb) == 64, "layout");
static_assert(sizeof(struct sisl_ioasa) == 32, "layout");

/* Registers are read all the time until nothing has happened for this long, */
#define BUSY_NS		(100 * NSEC_PER_USEC)
/* then whenever the time without anything has grown by an eighth, */
#define IDLE_SHIFT	3
/* but often enough to see a context reset within 2 ms. */
#define IDLE_MAX_US	500

/* See reset_if_requested(): less than the driver's 2 ms */
#define RESET_SURE_NS	(1500 * NSEC_PER_USEC)

#define LINK_WAIT_NS	(10 * NSEC_PER_MSEC)

/* If it is refused one more, cxlflash loses a slot: see Documentation/flash.md. */
#define CROWD		254

/* The interrupt that drivers choose for completions */
#define LISN_RESPONSE	2

/*
 * In the part of the registers that outlives the program: both places in one word, as
 * numbers of entries, so that a completion is either done or not.
 */
#define SAVED_PLACE	0
#define PLACE_VALID	(1ULL << 63)
#define PLACE_TOGGLE(t)	((t) << 48)
#define PLACE_RESPONSE(n) ((n) << 24)
#define PLACE_MASK	0xffffffULL

static uint64_t read_reg(const struct context *ctx, size_t reg)
{
	return afu_reg_read(ctx->window, reg);
}

static void save_place(struct context *ctx)
{
	uint64_t head = (ctx->head - read_reg(ctx, REG_SQ_START)) /
			sizeof(struct sisl_ioarcb);
	uint64_t response = (ctx->response - read_reg(ctx, REG_RRQ_START)) /
			    sizeof(uint64_t);

	afu_reg_write(ctx->saved, SAVED_PLACE,
		      PLACE_VALID | PLACE_TOGGLE(ctx->toggle) |
		      PLACE_RESPONSE(response & PLACE_MASK) |
		      (head & PLACE_MASK));
	afu_reg_write(ctx->window, REG_SQ_HEAD, ctx->head);
}

/* Without a saved place, nothing was completed: the queues are at their beginning. */
static void load_place(struct context *ctx)
{
	uint64_t place = afu_reg_read(ctx->saved, SAVED_PLACE);

	if (!(place & PLACE_VALID))
		return;
	ctx->head = read_reg(ctx, REG_SQ_START) +
		    (place & PLACE_MASK) * sizeof(struct sisl_ioarcb);
	ctx->response = read_reg(ctx, REG_RRQ_START) +
			(place >> 24 & PLACE_MASK) * sizeof(uint64_t);
	ctx->toggle = place >> 48 & RRQ_TOGGLE;
	ctx->fetch = ctx->head;
}

void queue_init(struct context *ctx)
{
	ctx->toggle = RRQ_TOGGLE;
	ctx->active_ns = now_ns();
	afu_reg_write(ctx->saved, SAVED_PLACE, 0);
	afu_reg_write(ctx->window, REG_CTX_CTRL, CTX_CTRL_UNMAP);
	afu_reg_write(ctx->window, REG_CMD_ROOM, MAX_PENDING);
}

void queue_error(struct context *ctx, uint64_t bit)
{
	uint64_t status = read_reg(ctx, REG_INTR_STATUS);
	unsigned int lisn = read_reg(ctx, REG_CTX_CTRL) & CTX_CTRL_LISN;

	status &= ~afu_reg_exchange(ctx->window, REG_INTR_CLEAR, 0);
	status |= bit;
	afu_reg_write(ctx->window, REG_INTR_STATUS, status);
	if (lisn && status & ~read_reg(ctx, REG_INTR_MASK))
		afu_interrupt(ctx->afu, lisn);
}

/*
 * Completions
 */

static void next_response(struct context *ctx)
{
	if (ctx->response < read_reg(ctx, REG_RRQ_END)) {
		ctx->response += sizeof(uint64_t);
	} else {
		ctx->response = read_reg(ctx, REG_RRQ_START);
		ctx->toggle ^= RRQ_TOGGLE;
	}
}

static bool respond(struct context *ctx, const struct sisl_ioarcb *rcb)
{
	uint64_t entry = rcb->ioasa | ctx->toggle;

	if (afu_store(ctx->afu, ctx->response, &entry, sizeof(entry))) {
		if (errno != ESTALE)
			queue_error(ctx, INTR_RRQ_WRITE);
		return false;
	}
	inject_crash(CRASH_STORED);
	next_response(ctx);
	return true;
}

/* The driver only checks the IOASA's first word, which it has cleared. */
static bool tell_failure(struct command *cmd)
{
	const struct sisl_ioasa none = { 0 };

	if (!memcmp(&cmd->sa, &none, sizeof(none)))
		return true;
	count(COUNT_ERRORS, 1);
	cmd->sa.port = cmd->port;
	if (!afu_store(cmd->ctx->afu, cmd->rcb->ioasa, &cmd->sa,
		       sizeof(cmd->sa)))
		return true;
	if (errno != ESTALE)
		queue_error(cmd->ctx, INTR_IOASA_WRITE);
	return false;
}

/*
 * Commands
 */

static uint64_t next_slot(struct context *ctx, uint64_t slot)
{
	if (slot < read_reg(ctx, REG_SQ_END))
		return slot + sizeof(struct sisl_ioarcb);
	return read_reg(ctx, REG_SQ_START);
}

/* A program may write anything to its registers. */
static bool is_slot(struct context *ctx, uint64_t slot)
{
	uint64_t start = read_reg(ctx, REG_SQ_START);

	return slot >= start && slot <= read_reg(ctx, REG_SQ_END) &&
	       (slot - start) % sizeof(struct sisl_ioarcb) == 0;
}

/* Is there a command that has not been fetched yet? */
static bool has_command(struct context *ctx)
{
	uint64_t tail = read_reg(ctx, REG_SQ_TAIL);

	if (!tail || !is_slot(ctx, tail))
		return false;
	/* The queues have been set up just now. */
	if (!ctx->fetch || !is_slot(ctx, ctx->fetch)) {
		ctx->head = read_reg(ctx, REG_SQ_START);
		ctx->fetch = ctx->head;
		ctx->response = read_reg(ctx, REG_RRQ_START);
	}
	return tail != ctx->fetch;
}

/* Commands that the driver has issued, and that are not completed */
static unsigned int issued(const struct context *ctx)
{
	uint64_t tail = read_reg(ctx, REG_SQ_TAIL);

	if (tail < ctx->head)
		tail += read_reg(ctx, REG_SQ_END) - read_reg(ctx, REG_SQ_START) +
			sizeof(struct sisl_ioarcb);
	return (tail - ctx->head) / sizeof(struct sisl_ioarcb);
}

/* The driver says nothing about it, and programs would wait without a reason. */
static void warn_of_crowd(struct context *ctx)
{
	if (ctx->has_warned || !afu_context_is_kernel(ctx->afu) ||
	    issued(ctx) < CROWD)
		return;
	ctx->has_warned = true;
	fprintf(stderr,
		"%s: cxlflash has issued %u commands at once, and may lose slots of its queue: limit queue_depth of its disks\n",
		tool_name, CROWD);
}

/* Return: false if there is no command, or no room for it. */
static bool fetch(struct context *ctx)
{
	struct pending *pending;

	if (ctx->count == MAX_PENDING || !has_command(ctx))
		return false;
	warn_of_crowd(ctx);
	pending = &ctx->pending[(ctx->first + ctx->count) % MAX_PENDING];
	if (afu_load(ctx->afu, ctx->fetch, &pending->rcb,
		     sizeof(pending->rcb))) {
		if (errno == ESTALE)
			return false;
		/* A command that does nothing takes its place. */
		memset(&pending->rcb, 0, sizeof(pending->rcb));
		queue_error(ctx, INTR_RCB_READ);
	}
	pending->due_ns = now_ns() + options.latency_ns;
	pending->has_waited = false;
	ctx->fetch = next_slot(ctx, ctx->fetch);
	ctx->count++;
	return true;
}

/*
 * If a command has failed because its port has no link, a driver repeats it at once.
 * Without a delay, both sides would do nothing else.
 */
static bool waits_for_link(struct pending *pending)
{
	const struct sisl_ioarcb *rcb = &pending->rcb;

	if (pending->has_waited ||
	    rcb->flags & (REQ_RESOURCE | REQ_AFU_COMMAND) ||
	    ports_select(rcb->target) >= 0 || !ports_may_come_back(rcb->target))
		return false;
	pending->has_waited = true;
	pending->due_ns = now_ns() + LINK_WAIT_NS;
	return true;
}

/*
 * A lost command. The driver keeps a command for data until the LUN is reset, but
 * gives up others by itself, and frees them.
 */
static void lose(struct context *ctx, const struct sisl_ioarcb *rcb)
{
	if (rcb->flags & (REQ_AFU_COMMAND | REQ_TASK_MANAGEMENT) ||
	    ctx->num_lost == MAX_PENDING)
		return;
	ctx->lost[ctx->num_lost++] = *rcb;
}

/* After the reset of a LUN, a driver relies on having none of its commands any more. */
void queue_abort(struct context *ctx, uint64_t lun)
{
	unsigned int i, kept = 0;

	for (i = 0; i < ctx->num_lost; i++) {
		struct command cmd = {
			.ctx = ctx,
			.rcb = &ctx->lost[i],
			.sa.fc_rc = FC_RC_ABORTED,
		};

		if (cmd.rcb->lun != lun)
			ctx->lost[kept++] = *cmd.rcb;
		else if (tell_failure(&cmd) && respond(ctx, cmd.rcb))
			save_place(ctx);
	}
	ctx->num_lost = kept;
}

/* Return: false if no command is due, or the context is gone. */
static bool complete(struct context *ctx)
{
	struct pending *pending = &ctx->pending[ctx->first];
	struct command cmd = { .ctx = ctx, .rcb = &pending->rcb };
	bool responded = false;

	if (!ctx->count || now_ns() < pending->due_ns ||
	    waits_for_link(pending))
		return false;
	count(COUNT_COMMANDS, 1);
	if (pending->rcb.ioasa && inject_lost()) {
		lose(ctx, &pending->rcb);
	} else if (pending->rcb.ioasa) {
		inject_crash(CRASH_FETCHED);
		command_execute(&cmd);
		if (cmd.gone)
			return false;
		inject_crash(CRASH_EXECUTED);
		responded = tell_failure(&cmd) && respond(ctx, &pending->rcb);
	}
	ctx->head = next_slot(ctx, ctx->head);
	save_place(ctx);
	if (responded) {
		inject_crash(CRASH_COMPLETED);
		afu_interrupt(ctx->afu, pending->rcb.msi);
	}
	ctx->first = (ctx->first + 1) % MAX_PENDING;
	ctx->count--;
	return true;
}

/*
 * The driver waits with interrupts off until the bit is 0, for 2 ms; then it gives up
 * the commands that it has issued, and they must not be touched any more. But if it
 * has not seen the bit change in time, it still wants them: then they must not be
 * dropped. The bit may have been set just after the last look:
 *
 *	last look      set        now
 *	    |-----------|----------|	all of it less than RESET_SURE_NS: in time
 *
 * Else the bit stays set. Nobody can tell when the driver waits for it again: so from
 * now on this reset always fails, and the driver resets the LUN or the AFU instead.
 * Programs that have contexts of their own wait as long as they like.
 */
static bool reset_if_requested(struct context *ctx)
{
	uint64_t fetch = ctx->fetch, now = now_ns();
	size_t reg = REG_SQ_CTX_RESET;

	if (!(read_reg(ctx, reg) & CONTEXT_RESET))
		reg = REG_IOARRIN;
	if (!(read_reg(ctx, reg) & CONTEXT_RESET)) {
		ctx->looked_ns = now;
		return false;
	}
	/* The driver issues the next commands as soon as the bit is 0. */
	if (has_command(ctx))
		fetch = read_reg(ctx, REG_SQ_TAIL);
	if (afu_context_is_kernel(ctx->afu) &&
	    now_ns() - ctx->looked_ns >= RESET_SURE_NS)
		return false;
	ctx->fetch = fetch;
	ctx->head = fetch;
	if (ctx->head)
		save_place(ctx);
	afu_reg_write(ctx->window, reg, 0);
	ctx->count = 0;
	ctx->num_lost = 0;
	count(COUNT_CONTEXT_RESETS, 1);
	return true;
}

/* Microseconds until the next look */
static long next_look(struct context *ctx)
{
	uint64_t now = now_ns(), idle = now - ctx->active_ns, due;
	uint64_t us;

	if (idle < BUSY_NS)
		return 0;
	us = (idle >> IDLE_SHIFT) / NSEC_PER_USEC;
	if (us > IDLE_MAX_US)
		us = IDLE_MAX_US;
	if (ctx->count) {
		due = ctx->pending[ctx->first].due_ns;
		due = due > now ? (due - now) / NSEC_PER_USEC : 0;
		if (us > due)
			us = due;
	}
	return us;
}

/* Doorbells would only wake up threads that have nothing to do. */
static void set_polling(struct context *ctx, bool polling)
{
	if (ctx->is_polling == polling)
		return;
	ctx->is_polling = polling;
	afu_set_polling(ctx->afu, polling);
}

/*
 * After another program
 */

/* The command at the head is completed if the response queue says so. */
static void skip_completed(struct context *ctx)
{
	struct sisl_ioarcb rcb;
	uint64_t entry;

	if (!has_command(ctx) ||
	    afu_load(ctx->afu, ctx->fetch, &rcb, sizeof(rcb)) ||
	    afu_load(ctx->afu, ctx->response, &entry, sizeof(entry)) ||
	    !rcb.ioasa || entry != (rcb.ioasa | ctx->toggle))
		return;
	next_response(ctx);
	ctx->head = next_slot(ctx, ctx->head);
	ctx->fetch = ctx->head;
	save_place(ctx);
}

bool queue_adopt(struct context *ctx)
{
	/* The registers of a new context are zeroes. */
	if (!read_reg(ctx, REG_CTX_CTRL))
		return false;
	ctx->toggle = RRQ_TOGGLE;
	load_place(ctx);
	ctx->active_ns = now_ns();
	ctx->is_adopted = true;
	count(COUNT_ADOPTED, 1);
	return true;
}

long queue_work(struct context *ctx)
{
	bool active;
	long us;

	if (ctx->is_adopted) {
		ctx->is_adopted = false;
		skip_completed(ctx);
		/* The interrupt of the last completion may not have been raised. */
		afu_interrupt(ctx->afu, LISN_RESPONSE);
	}
	for (;;) {
		active = reset_if_requested(ctx);
		active |= fetch(ctx);
		active |= complete(ctx);
		if (!active)
			break;
		ctx->active_ns = now_ns();
		set_polling(ctx, true);
	}
	us = next_look(ctx);
	if (us)
		set_polling(ctx, false);
	return us;
}

