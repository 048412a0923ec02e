// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to trapped registers: the program performs each of them. It is told
 * of them in the order in which they come, and each waits for its own answer.
 *
 * An access belongs to the thread that waits for it. It is in a list until it
 * is over: answered; or ended by detach, a reset, the link or the end of the
 * program. Whoever takes it out of its list tells the thread; the thread itself
 * takes it out when it stops waiting.
 */
#include <linux/sched/signal.h>

#include "user.h"

static void end_mmio(struct sim_user_mmio *access, int result)
{
	lockdep_assert_held(&access->ctx->user->lock);
	list_del_init(&access->entry);
	access->result = result;
	complete(&access->over);
}

/* The process element's context as the program knows it, or NULL */
static struct sim_user_context *find_attached(struct sim_user *user,
					      unsigned int num)
{
	struct sim_user_context *ctx;

	lockdep_assert_held(&user->lock);
	if (!user->serving || !user->link_up)
		return NULL;
	ctx = sim_user_context_at(user, num);
	return ctx && ctx->answered ? ctx : NULL;
}

static int submit(struct sim_user *user, unsigned int num,
		  struct sim_user_mmio *access)
{
	int ret = -EIO;

	spin_lock(&user->lock);
	access->ctx = find_attached(user, num);
	if (access->ctx) {
		access->id = user->next_id++;
		list_add_tail(&access->entry, &user->mmios);
		wake_up(&user->readers);
		ret = 0;
	}
	spin_unlock(&user->lock);
	return ret;
}

/* Stop waiting for an access. Return whether it was not over yet. */
static bool withdraw(struct sim_user *user, struct sim_user_mmio *access)
{
	bool waited;

	spin_lock(&user->lock);
	waited = !list_empty(&access->entry);
	list_del_init(&access->entry);
	spin_unlock(&user->lock);
	return waited;
}

/**
 * sim_user_mmio() - let the program access a register, and wait for it
 * @afu: AFU
 * @num: process element that is attached
 * @mmio: access
 *
 * A program that does not answer in time counts as failed.
 *
 * Return: 0, -EIO: all ones, or -EINTR.
 */
int sim_user_mmio(struct sim_afu *afu, unsigned int num, struct cxl_mmio *mmio)
{
	struct sim_user_mmio access = { .mmio = mmio };
	struct sim_user *user = afu->user;
	unsigned long limit = sim_user_answer_time(user);
	long left;
	int ret;

	init_completion(&access.over);
	ret = submit(user, num, &access);
	if (ret)
		return ret;
	left = sim_user_wait(wait_for_completion_killable_timeout(&access.over,
								  limit));
	if (left > 0 || !withdraw(user, &access))
		return access.result;
	if (left < 0)
		return -EINTR;
	sim_user_fail(user);
	return -EIO;
}

static struct sim_user_mmio *find_told(struct sim_user *user, u64 id)
{
	struct sim_user_mmio *access;

	lockdep_assert_held(&user->lock);
	list_for_each_entry(access, &user->mmios_told, entry)
		if (access->id == id)
			return access;
	return NULL;
}

static bool is_answer(const struct sim_user_mmio *access,
		      const struct cxl_sim_request *req)
{
	if (req->pe != access->ctx->num)
		return false;
	if (access->mmio->write)
		return !req->value;
	return access->mmio->size == sizeof(u64) || req->value <= U32_MAX;
}

/**
 * sim_user_mmio_done() - the program has accessed a register
 * @user: AFU
 * @req: its answer
 *
 * Return: 0; -ESTALE: nobody waits for it, or there was no such access; -EINVAL:
 * it does not fit the access, and the program has failed.
 */
int sim_user_mmio_done(struct sim_user *user, const struct cxl_sim_request *req)
{
	struct sim_user_mmio *access;
	int ret = -ESTALE;

	spin_lock(&user->lock);
	access = find_told(user, req->id);
	if (access)
		ret = is_answer(access, req) ? 0 : -EINVAL;
	if (!ret) {
		if (!access->mmio->write)
			access->mmio->value = req->value;
		end_mmio(access, 0);
	}
	spin_unlock(&user->lock);
	if (ret == -EINVAL)
		sim_user_fail(user);
	return ret;
}

static void end_all(struct list_head *list, const struct sim_user_context *ctx)
{
	struct sim_user_mmio *access, *next;

	list_for_each_entry_safe(access, next, list, entry)
		if (!ctx || access->ctx == ctx)
			end_mmio(access, -EIO);
}

/**
 * sim_user_mmio_end() - end accesses that the program has not answered
 * @user: AFU; its lock is held
 * @ctx: context whose accesses are ended, or NULL for all
 */
void sim_user_mmio_end(struct sim_user *user,
		       const struct sim_user_context *ctx)
{
	lockdep_assert_held(&user->lock);
	end_all(&user->mmios, ctx);
	end_all(&user->mmios_told, ctx);
}

/**
 * sim_user_mmio_describe() - make the message of the first access
 * @user: AFU with an access that the program does not know; its lock is held
 * @msg: message, zeroed
 */
void sim_user_mmio_describe(const struct sim_user *user,
			    struct cxl_sim_message *msg)
{
	const struct sim_user_mmio *access;

	lockdep_assert_held(&user->lock);
	access = list_first_entry(&user->mmios, struct sim_user_mmio, entry);
	msg->type = CXL_SIM_MMIO;
	msg->pe = access->ctx->num;
	msg->id = access->ctx->id;
	msg->mmio.access = access->id;
	msg->mmio.offset = access->mmio->offset;
	msg->mmio.size = access->mmio->size;
	msg->mmio.write = access->mmio->write;
	if (access->mmio->write)
		msg->mmio.value = access->mmio->value;
}

/**
 * sim_user_mmio_told() - the program has read the message of the first access
 * @user: AFU; its lock is held
 */
void sim_user_mmio_told(struct sim_user *user)
{
	lockdep_assert_held(&user->lock);
	list_move_tail(user->mmios.next, &user->mmios_told);
}
