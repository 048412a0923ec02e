// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses that the engine makes for a program: those that may have to wait for
 * memory, and those that take longer than a turn.
 *
 * An access belongs to the thread that waits for it. It is in the context's
 * list until it is over, and the turn mutex guards all of it: detach, or a
 * signal that kills the thread, takes it out between two turns.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "user.h"

/* Cost of an access in addition to its bytes, in units of a byte copied */
#define OP_COST		256

static int fill(struct sim_pe *pe, struct sim_user_op *op)
{
	unsigned int n;
	u64 ea;
	int ret;

	while (op->done < op->len) {
		ea = op->ea + op->done;
		n = min_t(u32, op->len - op->done,
			  PAGE_SIZE - offset_in_page(ea));
		memset(pe->afu->bounce, op->value, n);
		ret = sim_mem_write(pe, ea, pe->afu->bounce, n);
		if (ret)
			return ret;
		op->done += n;
		if (!sim_turn_charge(pe, n) && op->done < op->len)
			return -EAGAIN;
	}
	return 0;
}

static int compare_swap(struct sim_pe *pe, struct sim_user_op *op)
{
	u64 found = op->old;
	int ret;

	ret = sim_mem_cmpxchg(pe, op->ea, op->len, &found, op->new);
	switch (ret) {
	case 0:
	case -EAGAIN:		/* The word had another value. */
		op->old = found;
		return 0;
	case -EBUSY:
		return -EAGAIN;
	default:
		return ret;
	}
}

/* Return 0 or -EFAULT if it is over, else -EINPROGRESS or -EAGAIN. */
static int run(struct sim_pe *pe, struct sim_user_op *op)
{
	switch (op->type) {
	case SIM_USER_READ:
		return sim_mem_read(pe, op->ea, op->buf, op->len);
	case SIM_USER_WRITE:
		return sim_mem_write(pe, op->ea, op->buf, op->len);
	case SIM_USER_COPY:
		return sim_mem_copy(pe, op->ea, op->src, op->len, &op->done);
	case SIM_USER_FILL:
		return fill(pe, op);
	default:
		return compare_swap(pe, op);
	}
}

/* The waiting thread may be gone as soon as it is told. */
static void end_op(struct sim_user_op *op, int result)
{
	list_del_init(&op->entry);
	op->result = result;
	complete(&op->over);
}

/* Return: false if the program does not want to be told. */
static bool tell_to_look(struct sim_user_context *ctx)
{
	bool told;

	spin_lock(&ctx->user->lock);
	told = sim_user_ring(ctx);
	spin_unlock(&ctx->user->lock);
	return told;
}

/**
 * sim_user_ops_turn() - a context's turn
 * @pe: process element
 *
 * Return: what it ended with.
 */
enum sim_turn sim_user_ops_turn(struct sim_pe *pe)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);
	struct sim_user_op *op;
	int ret;

	/* The answer was for an access that has been withdrawn. */
	if (upe->forget)
		sim_pe_forget_fault(pe);
	upe->forget = false;

	while ((op = list_first_entry_or_null(&upe->ops, struct sim_user_op,
					      entry))) {
		ret = run(pe, op);
		upe->parked = ret == -EINPROGRESS;
		if (upe->parked)
			return SIM_TURN_PARKED;
		sim_pe_active(pe);
		if (ret == -EAGAIN)
			return SIM_TURN_MORE;
		end_op(op, ret);
		if (!sim_turn_charge(pe, OP_COST))
			return SIM_TURN_MORE;
	}
	/*
	 * The registers may have been written to since. The last of these looks
	 * comes after the doorbell is armed, so no store is missed.
	 */
	if (upe->ctx && !tell_to_look(upe->ctx))
		return SIM_TURN_REST;
	return SIM_TURN_SLEEP;
}

/**
 * sim_user_ops_end() - end all accesses of a context
 * @upe: the context's private data; the AFU's turn mutex is held
 * @result: what they return
 */
void sim_user_ops_end(struct sim_user_pe *upe, int result)
{
	struct sim_user_op *op, *next;

	upe->forget |= upe->parked;
	upe->parked = false;
	list_for_each_entry_safe(op, next, &upe->ops, entry)
		end_op(op, result);
}

/* Stop waiting for an access. */
static void withdraw(struct sim_user_context *ctx, struct sim_user_op *op)
{
	struct sim_afu *afu = ctx->user->afu;
	struct sim_user_pe *upe;

	mutex_lock(&afu->turn);
	if (!list_empty(&op->entry)) {
		upe = sim_pe_priv(ctx->pe);
		if (list_is_first(&op->entry, &upe->ops)) {
			upe->forget |= upe->parked;
			upe->parked = false;
		}
		list_del_init(&op->entry);
	}
	mutex_unlock(&afu->turn);
}

/**
 * sim_user_op_run() - let the engine make an access, and wait for it
 * @ctx: context, referenced by the caller
 * @op: access; everything but @entry, @result and @over is set
 *
 * This takes as long as the context's memory needs, and as the link is down;
 * detach, a reset, the end of the program and a fatal signal end it at once.
 *
 * Context: process context, no lock held.
 * Return: 0, -EFAULT, -ESTALE or -EINTR.
 */
int sim_user_op_run(struct sim_user_context *ctx, struct sim_user_op *op)
{
	struct sim_afu *afu = ctx->user->afu;
	struct sim_user_pe *upe;
	bool stale;

	init_completion(&op->over);
	if (mutex_lock_killable(&afu->turn))
		return -EINTR;
	stale = sim_user_is_stale(ctx);
	if (!stale) {
		upe = sim_pe_priv(ctx->pe);
		list_add_tail(&op->entry, &upe->ops);
		sim_pe_wake(ctx->pe);
	}
	mutex_unlock(&afu->turn);
	if (stale)
		return -ESTALE;

	/* A program that waits for memory must not hold up suspend. */
	if (wait_for_completion_state(&op->over,
				      TASK_KILLABLE | TASK_FREEZABLE)) {
		withdraw(ctx, op);
		return -EINTR;
	}
	return op->result;
}
