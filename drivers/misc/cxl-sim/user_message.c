// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the program is told: messages, made from the state at the time of
 * reading.
 *
 * A message is copied to the program with the spinlock held and page faults
 * disabled, and only then counts as told. So a bad buffer loses nothing, and a
 * change in the meantime is told by the next message.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "user.h"

static_assert(sizeof(struct cxl_sim_message) == 64);

/* Messages about the AFU, in this order */
static const u32 afu_order[] = {
	CXL_SIM_STOP,
	CXL_SIM_LINK,
	CXL_SIM_RESET,
};

/* Messages about a context, in this order */
static const u32 context_order[] = {
	CXL_SIM_ATTACH,
	CXL_SIM_INTERRUPTS,
	CXL_SIM_DOORBELL,
	CXL_SIM_DETACH,
};

/* The first of @order in @tell, which is not empty */
static u32 first_of(u32 tell, const u32 *order)
{
	while (!(tell & BIT(*order)))
		order++;
	return *order;
}

static void describe_context(const struct sim_user_context *ctx,
			     struct cxl_sim_message *msg)
{
	msg->type = first_of(ctx->tell, context_order);
	msg->pe = ctx->num;
	msg->id = ctx->id;
	switch (msg->type) {
	case CXL_SIM_ATTACH:
		msg->attach.wed = ctx->wed;
		msg->attach.amr = ctx->amr;
		msg->attach.window = ctx->window;
		msg->attach.window_size = ctx->window_size;
		msg->attach.num_interrupts = ctx->num_irqs;
		if (ctx->master)
			msg->attach.flags |= CXL_SIM_CONTEXT_MASTER;
		if (ctx->kernel)
			msg->attach.flags |= CXL_SIM_CONTEXT_KERNEL;
		break;
	case CXL_SIM_INTERRUPTS:
		msg->interrupts.num_interrupts = ctx->num_irqs;
		break;
	default:
		break;
	}
}

static void describe_afu(const struct sim_user *user,
			 struct cxl_sim_message *msg)
{
	msg->type = first_of(user->tell, afu_order);
	switch (msg->type) {
	case CXL_SIM_LINK:
		msg->link.up = user->link_up;
		break;
	case CXL_SIM_RESET:
		msg->id = user->reset_id;
		msg->reset.mode = user->reset_mode;
		msg->reset.global = user->reset_global;
		break;
	default:
		break;
	}
}

static struct sim_user_context *first_changed(struct sim_user *user)
{
	return list_first_entry_or_null(&user->changed, struct sim_user_context,
					changed);
}

/* Make the next message; false if there is none. */
static bool describe(struct sim_user *user, struct cxl_sim_message *msg)
{
	struct sim_user_context *ctx = first_changed(user);

	lockdep_assert_held(&user->lock);
	*msg = (struct cxl_sim_message) {};
	if (user->tell)
		describe_afu(user, msg);
	else if (ctx)
		describe_context(ctx, msg);
	else if (!list_empty(&user->mmios))
		sim_user_mmio_describe(user, msg);
	else
		return false;
	return true;
}

/* Nothing is left to tell about the context. */
static void drop_changed(struct sim_user_context *ctx)
{
	lockdep_assert_held(&ctx->user->lock);
	ctx->tell = 0;
	if (list_empty(&ctx->changed))
		return;
	list_del_init(&ctx->changed);
	sim_user_context_put(ctx);
}

/* The program has read the message that describe() made. */
static void mark_told(struct sim_user *user, const struct cxl_sim_message *msg)
{
	struct sim_user_context *ctx;

	lockdep_assert_held(&user->lock);
	if (user->tell) {
		user->tell &= ~BIT(msg->type);
		return;
	}
	if (msg->type == CXL_SIM_MMIO) {
		sim_user_mmio_told(user);
		return;
	}
	ctx = first_changed(user);
	ctx->tell &= ~BIT(msg->type);
	if (msg->type == CXL_SIM_ATTACH)
		ctx->told = true;
	if (!ctx->tell)
		drop_changed(ctx);
}

static bool has_message(const struct sim_user *user)
{
	lockdep_assert_held(&user->lock);
	return user->tell || !list_empty(&user->changed) ||
	       !list_empty(&user->mmios);
}

/* Why there will be no more messages, or 0 */
static int end_of_messages(const struct sim_user *user)
{
	lockdep_assert_held(&user->lock);
	if (user->gone)
		return -ENODEV;
	return user->serving ? 0 : -EIO;
}

/* The program has read all messages. */
static void all_read(struct sim_user *user)
{
	lockdep_assert_held(&user->lock);
	if (!user->look_again || !user->serving)
		return;
	user->look_again = false;
	wake_up_process(user->afu->engine);
}

static bool is_readable(struct sim_user *user)
{
	bool readable;

	spin_lock(&user->lock);
	readable = has_message(user) || end_of_messages(user);
	spin_unlock(&user->lock);
	return readable;
}

/*
 * Copy all messages that fit. Return their bytes, 0 if there are none, or an
 * errno.
 */
static ssize_t copy_messages(struct sim_user *user, struct iov_iter *to)
{
	struct cxl_sim_message msg;
	ssize_t done = 0;
	size_t copied;

	spin_lock(&user->lock);
	while (iov_iter_count(to) >= sizeof(msg) && describe(user, &msg)) {
		pagefault_disable();
		copied = copy_to_iter(&msg, sizeof(msg), to);
		pagefault_enable();
		if (copied < sizeof(msg)) {
			iov_iter_revert(to, copied);
			done = done ?: -EFAULT;
			break;
		}
		mark_told(user, &msg);
		done += copied;
	}
	if (!done) {
		done = end_of_messages(user);
		all_read(user);
	}
	spin_unlock(&user->lock);
	return done;
}

/**
 * sim_user_read_iter() - read() of the node
 * @iocb: the node's file
 * @to: buffer
 *
 * Return: as the user ABI says.
 */
ssize_t sim_user_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct sim_user *user = iocb->ki_filp->private_data;
	bool nowait = iocb->ki_flags & IOCB_NOWAIT ||
		      iocb->ki_filp->f_flags & O_NONBLOCK;
	size_t size = sizeof(struct cxl_sim_message);
	ssize_t ret;

	if (iov_iter_count(to) < size)
		return -EINVAL;
	for (;;) {
		ret = copy_messages(user, to);
		if (ret == -EFAULT) {
			if (fault_in_iov_iter_writeable(to, size))
				return -EFAULT;
			if (signal_pending(current))
				return -ERESTARTSYS;
			cond_resched();
			continue;
		}
		if (ret)
			return ret;
		if (nowait)
			return -EAGAIN;
		ret = wait_event_interruptible(user->readers,
					       is_readable(user));
		if (ret)
			return ret;
	}
}

/**
 * sim_user_poll() - poll() of the node
 * @file: the node's file
 * @poll: poll table
 *
 * Return: as the user ABI says.
 */
__poll_t sim_user_poll(struct file *file, struct poll_table_struct *poll)
{
	struct sim_user *user = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &user->readers, poll);
	spin_lock(&user->lock);
	if (has_message(user))
		mask |= EPOLLIN | EPOLLRDNORM;
	else if (end_of_messages(user))
		mask |= EPOLLERR | EPOLLHUP;
	else
		all_read(user);
	spin_unlock(&user->lock);
	return mask;
}

/**
 * sim_user_tell() - the program has to be told something about the AFU
 * @user: AFU; its lock is held
 * @what: SIM_TELL()
 */
void sim_user_tell(struct sim_user *user, u32 what)
{
	lockdep_assert_held(&user->lock);
	if (!user->serving && what != SIM_TELL(STOP))
		return;
	user->tell |= what;
	wake_up(&user->readers);
}

/**
 * sim_user_context_tell() - the program has to be told something about a
 * context
 * @ctx: context; its AFU's lock is held
 * @what: SIM_TELL()
 */
void sim_user_context_tell(struct sim_user_context *ctx, u32 what)
{
	struct sim_user *user = ctx->user;

	lockdep_assert_held(&user->lock);
	if (!user->serving)
		return;
	ctx->tell |= what;
	if (list_empty(&ctx->changed)) {
		kref_get(&ctx->ref);
		list_add_tail(&ctx->changed, &user->changed);
	}
	wake_up(&user->readers);
}

/**
 * sim_user_ring() - a context's registers may have been written to
 * @ctx: context; its AFU's lock is held
 *
 * Return: false if the program looks at them by itself.
 */
bool sim_user_ring(struct sim_user_context *ctx)
{
	lockdep_assert_held(&ctx->user->lock);
	if (ctx->polling)
		return false;
	if (ctx->answered)
		sim_user_context_tell(ctx, SIM_TELL(DOORBELL));
	return true;
}

/**
 * sim_user_context_ended() - the context is not attached any more
 * @ctx: context; its AFU's lock is held
 *
 * Nothing else is told about it, and nothing at all if the program does not
 * know it. Messages about the next context with its number come later in the
 * list.
 */
void sim_user_context_ended(struct sim_user_context *ctx)
{
	ctx->ended = true;
	drop_changed(ctx);
	if (ctx->told)
		sim_user_context_tell(ctx, SIM_TELL(DETACH));
}

/**
 * sim_user_forget_all() - no program is left to be told anything
 * @user: AFU; its lock is held
 */
void sim_user_forget_all(struct sim_user *user)
{
	struct sim_user_context *ctx;

	lockdep_assert_held(&user->lock);
	user->tell &= SIM_TELL(STOP);
	sim_user_mmio_end(user, NULL);
	while ((ctx = first_changed(user)))
		drop_changed(ctx);
}
