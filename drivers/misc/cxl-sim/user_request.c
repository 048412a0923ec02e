// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the program says: answers, interrupts, AFU errors. Each request is
 * copied only once. A program that sends an invalid request has failed.
 */
#include <linux/fs.h>
#include <linux/uio.h>

#include "user.h"

static_assert(sizeof(struct cxl_sim_request) == 32);

/* Enough for any program; then other threads, and signals, get their turn. */
#define MAX_REQUESTS	1024

/**
 * sim_user_serving() - may the program use the node?
 * @user: AFU
 *
 * Return: 0; -ENODEV: the AFU is going away; -EIO: the program has failed.
 */
int sim_user_serving(struct sim_user *user)
{
	int ret = 0;

	spin_lock(&user->lock);
	if (user->gone)
		ret = -ENODEV;
	else if (!user->serving)
		ret = -EIO;
	spin_unlock(&user->lock);
	return ret;
}

/* Reserved words must be 0; which words are reserved depends on the type. */
static bool is_valid(const struct cxl_sim_request *req)
{
	if (req->reserved)
		return false;
	switch (req->type) {
	case CXL_SIM_ATTACHED:
		return req->value <= 1 && !req->number;
	case CXL_SIM_RESET_DONE:
		return !req->pe && !req->value && !req->number;
	case CXL_SIM_INTERRUPT:
		return !req->value;
	case CXL_SIM_ERROR:
	case CXL_SIM_MMIO_DONE:
		return !req->number;
	default:
		return false;
	}
}

static int end_reset(struct sim_user *user, const struct cxl_sim_request *req)
{
	int ret = -ESTALE;

	spin_lock(&user->lock);
	if (req->id == user->reset_id) {
		user->reset_done = true;
		ret = 0;
	}
	spin_unlock(&user->lock);
	wake_up_all(&user->answers);
	return ret;
}

static int end_attach(struct sim_user_context *ctx,
		      const struct cxl_sim_request *req)
{
	struct sim_user *user = ctx->user;
	struct sim_user_pe *upe = sim_pe_priv(ctx->pe);
	int ret = -ESTALE;

	lockdep_assert_held(&user->afu->turn);
	spin_lock(&user->lock);
	if (ctx->told && !ctx->answered) {
		if (!req->value)
			upe->accepted = true;
		ctx->answered = true;
		ctx->refused = req->value;
		ret = 0;
	}
	spin_unlock(&user->lock);
	wake_up_all(&user->answers);
	return ret;
}

/* Report to the core; the turn keeps the context and the link as they are. */
static int report(struct sim_user_context *ctx,
		  const struct cxl_sim_request *req)
{
	int ret = 0;

	if (sim_user_is_stale(ctx))
		return -ESTALE;
	if (READ_ONCE(ctx->user->afu->halted))
		return -EIO;
	if (req->type == CXL_SIM_ERROR)
		sim_pe_error(ctx->pe, req->value);
	else if (sim_pe_interrupt(ctx->pe, req->number))
		ret = -ERANGE;
	return ret;
}

static int lock_turn(struct sim_afu *afu, bool nowait)
{
	if (nowait)
		return mutex_trylock(&afu->turn) ? 0 : -EAGAIN;
	return mutex_lock_killable(&afu->turn);
}

static int serve_context(struct sim_user *user,
			 const struct cxl_sim_request *req, bool nowait)
{
	struct sim_user_context *ctx;
	int ret;

	ret = lock_turn(user->afu, nowait);
	if (ret)
		return ret;
	ctx = sim_user_find(user, req->pe, req->id);
	if (!ctx)
		ret = -ESTALE;
	else if (req->type == CXL_SIM_ATTACHED)
		ret = end_attach(ctx, req);
	else
		ret = report(ctx, req);
	mutex_unlock(&user->afu->turn);
	if (ctx)
		sim_user_context_put(ctx);
	return ret;
}

static int serve(struct sim_user *user, const struct cxl_sim_request *req,
		 bool nowait)
{
	int ret = sim_user_serving(user);

	if (ret)
		return ret;
	if (!is_valid(req)) {
		sim_user_fail(user);
		return -EINVAL;
	}
	if (req->type == CXL_SIM_RESET_DONE)
		return end_reset(user, req);
	if (req->type == CXL_SIM_MMIO_DONE)
		return sim_user_mmio_done(user, req);
	return serve_context(user, req, nowait);
}

/**
 * sim_user_write_iter() - write() of the node
 * @iocb: the node's file
 * @from: requests
 *
 * Return: as the user ABI says.
 */
ssize_t sim_user_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct sim_user *user = iocb->ki_filp->private_data;
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	struct cxl_sim_request req;
	ssize_t done = 0;
	int ret, i;

	ret = sim_user_serving(user);
	if (ret)
		return ret;
	if (!iov_iter_count(from) || iov_iter_count(from) % sizeof(req)) {
		sim_user_fail(user);
		return -EINVAL;
	}
	for (i = 0; i < MAX_REQUESTS && iov_iter_count(from); i++) {
		if (!copy_from_iter_full(&req, sizeof(req), from))
			return done ?: -EFAULT;
		ret = serve(user, &req, nowait);
		if (ret)
			return done ?: ret;
		done += sizeof(req);
		cond_resched();
	}
	return done;
}
