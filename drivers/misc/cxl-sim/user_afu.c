// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of an AFU that is a program: what the card asks of it, and what
 * becomes of its contexts when the program comes and goes.
 *
 * Contexts are handled with the AFU's turn held. The thread that finds that the
 * program has failed may hold other locks: it only notes the failure, and a
 * work item tells the contexts.
 */
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/suspend.h>

#include "user.h"

/*
 * Waiting for the program
 *
 * Suspend freezes the program, maybe before those who wait for it.  They hold
 * locks and cannot be frozen, so suspend gives up in the end.  The program must
 * not have failed by then: its time begins again.
 */

static bool suspending;
static unsigned int suspends;	/* that are over */

static int suspend_notify(struct notifier_block *nb, unsigned long event,
			  void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		WRITE_ONCE(suspending, true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		WRITE_ONCE(suspends, suspends + 1);
		/* Pairs with the barrier in sim_user_was_frozen(). */
		smp_wmb();
		WRITE_ONCE(suspending, false);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block suspend_notifier = {
	.notifier_call = suspend_notify,
};

/**
 * sim_user_afu_init() - learn of suspend from now on
 *
 * Return: 0 or an errno.
 */
int sim_user_afu_init(void)
{
	return register_pm_notifier(&suspend_notifier);
}

/**
 * sim_user_afu_exit() - the reverse of sim_user_afu_init()
 */
void sim_user_afu_exit(void)
{
	unregister_pm_notifier(&suspend_notifier);
}

/**
 * sim_user_suspends() - before waiting: for sim_user_was_frozen()
 */
unsigned int sim_user_suspends(void)
{
	return READ_ONCE(suspends);
}

/**
 * sim_user_was_frozen() - may the program have been frozen meanwhile?
 * @seen: what sim_user_suspends() returned before waiting
 */
bool sim_user_was_frozen(unsigned int seen)
{
	if (READ_ONCE(suspending))
		return true;
	/* Not suspending any more: see that it is counted. */
	smp_rmb();
	return READ_ONCE(suspends) != seen;
}

/* The next program may serve before the waiting thread has run. */
static bool attach_is_over(struct sim_user_context *ctx)
{
	struct sim_user *user = ctx->user;
	bool over;

	spin_lock(&user->lock);
	over = ctx->answered || ctx->ended || !user->serving ||
	       !user->link_up;
	spin_unlock(&user->lock);
	return over;
}

static bool reset_is_over(struct sim_user *user)
{
	bool over;

	spin_lock(&user->lock);
	over = user->reset_done || !user->serving || !user->link_up;
	spin_unlock(&user->lock);
	return over;
}

static int wait_for_attach(struct sim_user_context *ctx)
{
	struct sim_user *user = ctx->user;
	bool attached;
	long left;

	left = sim_user_wait(wait_event_killable_timeout(user->answers,
							 attach_is_over(ctx),
							 sim_user_answer_time(user)));
	if (!left)
		sim_user_fail(user);
	spin_lock(&user->lock);
	attached = ctx->answered && !ctx->refused && user->serving;
	spin_unlock(&user->lock);
	return attached ? 0 : -EIO;
}

/*
 * What the card asks
 */

static void user_attach(struct sim_pe *pe)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);

	INIT_LIST_HEAD(&upe->ops);
}

/* The kernel may have been locked down after the setting was made. */
static bool kernel_is_allowed(const struct sim_afu *afu)
{
	return afu->settings.allow_kernel_contexts &&
	       !security_locked_down(LOCKDOWN_DEV_MEM);
}

static int user_attached(struct sim_pe *pe)
{
	struct sim_user_context *ctx;
	int ret;

	if (sim_pe_is_kernel(pe) && !kernel_is_allowed(pe->afu))
		return -EIO;
	ctx = sim_user_context_new(pe->afu->user, pe);
	if (!ctx)
		return -ENOMEM;
	mutex_lock(&pe->afu->turn);
	ret = sim_user_introduce(ctx, pe);
	mutex_unlock(&pe->afu->turn);
	if (!ret)
		ret = wait_for_attach(ctx);
	sim_user_context_put(ctx);
	return ret;
}

static void user_detach(struct sim_pe *pe)
{
	struct sim_user *user = pe->afu->user;

	lockdep_assert_held(&pe->afu->turn);
	sim_user_sever(pe);
	spin_lock(&user->lock);
	clear_bit(pe->elem.pe, user->failed);
	spin_unlock(&user->lock);
}

static void user_irqs_changed(struct sim_pe *pe)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);
	struct sim_user_context *ctx = upe->ctx;

	lockdep_assert_held(&pe->afu->turn);
	if (!ctx)
		return;
	spin_lock(&ctx->user->lock);
	ctx->num_irqs = pe->elem.num_irqs;
	/* Otherwise the attach will tell the number. */
	if (ctx->told)
		sim_user_context_tell(ctx, SIM_TELL(INTERRUPTS));
	spin_unlock(&ctx->user->lock);
}

static void begin_reset(struct sim_user *user)
{
	lockdep_assert_held(&user->lock);
	user->reset_id = user->next_id++;
	user->reset_done = false;
	user->reset_mode = READ_ONCE(user->afu->mode);
	user->reset_global = sim_afu_global_offset(user->afu);
	sim_user_tell(user, SIM_TELL(RESET));
}

/* The contexts do no work any more. */
static void user_reset(struct sim_afu *afu)
{
	struct sim_user *user = afu->user;
	struct sim_pe *pe;
	unsigned long num;

	lockdep_assert_held(&afu->turn);
	xa_for_each(&afu->pes, num, pe)
		sim_user_ops_end(sim_pe_priv(pe), -ESTALE);
	spin_lock(&user->lock);
	sim_user_mmio_end(user, NULL);
	begin_reset(user);
	spin_unlock(&user->lock);
}

/* Wait for the program's answer, unless there is no program or no link. */
static void user_was_reset(struct sim_afu *afu)
{
	struct sim_user *user = afu->user;

	if (!sim_user_wait(wait_event_killable_timeout(user->answers,
						       reset_is_over(user),
						       sim_user_answer_time(user))))
		sim_user_fail(user);
}

static void user_link_changed(struct sim_afu *afu, bool up)
{
	struct sim_user *user = afu->user;

	spin_lock(&user->lock);
	if (user->link_up != up) {
		user->link_up = up;
		sim_user_tell(user, SIM_TELL(LINK));
		if (!up)
			sim_user_mmio_end(user, NULL);
	}
	spin_unlock(&user->lock);
	wake_up_all(&user->answers);
}

/* Does the page show the AFU's memory? Else it reads as all ones. */
static bool user_page_is_there(struct sim_afu *afu, u64 offset)
{
	struct sim_user *user = afu->user;
	unsigned long num;
	bool there;

	spin_lock(&user->lock);
	there = user->serving;
	if (there && sim_afu_window_of(afu, offset, &num))
		there = num >= SIM_MAX_PROCS || !test_bit(num, user->failed);
	spin_unlock(&user->lock);
	return there;
}

/*
 * The program comes and goes
 */

/**
 * sim_user_fail() - the program is gone, or has failed
 * @user: AFU
 *
 * Context: process context; afu->turn and others may be held.
 */
void sim_user_fail(struct sim_user *user)
{
	spin_lock(&user->lock);
	if (user->serving) {
		user->serving = false;
		sim_user_forget_all(user);
		if (!user->gone)
			queue_work(system_long_wq, &user->changes);
	}
	spin_unlock(&user->lock);
	wake_up_all(&user->readers);
	wake_up_all(&user->answers);
}

/* Give up a context whose program is gone. */
static void give_up(struct sim_user *user, struct sim_pe *pe)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);
	bool attached;

	if (!upe->ctx)
		return;
	spin_lock(&user->lock);
	attached = upe->ctx->answered && !upe->ctx->refused;
	if (!user->afu->settings.recover)
		set_bit(pe->elem.pe, user->failed);
	spin_unlock(&user->lock);
	if (!user->afu->settings.recover)
		sim_pe_kill(pe);
	sim_user_sever(pe);
	/* A context that is still being attached gets an errno instead. */
	if (attached)
		sim_pe_error(pe, CXL_SIM_AFU_ERROR);
}

static void apply_changes(struct work_struct *work)
{
	struct sim_user *user = container_of(work, struct sim_user, changes);
	struct sim_afu *afu = user->afu;
	struct sim_pe *pe;
	unsigned long num;
	bool serving;

	mutex_lock(&afu->turn);
	spin_lock(&user->lock);
	serving = user->serving;
	spin_unlock(&user->lock);
	if (!serving)
		xa_for_each(&afu->pes, num, pe)
			give_up(user, pe);
	mutex_unlock(&afu->turn);
	/* Windows show something else now. */
	cxl_afu_unmap(afu->afu);
}

/* Take over the contexts that the last program has left. */
static int adopt_contexts(struct sim_user *user)
{
	struct sim_user_context *ctx;
	struct sim_user_pe *upe;
	struct sim_pe *pe;
	unsigned long num;
	int ret;

	xa_for_each(&user->afu->pes, num, pe) {
		upe = sim_pe_priv(pe);
		/* A context that is being attached introduces itself. */
		if (!upe->accepted || sim_pe_is_dead(pe))
			continue;
		ctx = sim_user_context_new(user, pe);
		if (!ctx)
			return -ENOMEM;
		ret = sim_user_introduce(ctx, pe);
		sim_user_context_put(ctx);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * sim_user_adopt() - a program has opened the node
 * @user: AFU
 *
 * Context: @user->open_lock is held, and the end of the last program has been
 * applied.
 * Return: 0, -ENODEV or -ENOMEM.
 */
int sim_user_adopt(struct sim_user *user)
{
	struct sim_afu *afu = user->afu;
	int ret = -ENODEV;

	lockdep_assert_held(&user->open_lock);
	mutex_lock(&afu->turn);
	spin_lock(&user->lock);
	if (!user->gone) {
		user->serving = true;
		user->link_up = !READ_ONCE(afu->halted);
		if (!user->link_up)
			sim_user_tell(user, SIM_TELL(LINK));
		begin_reset(user);
		/* Windows that read as all ones may show memory again. */
		if (afu->settings.recover)
			queue_work(system_long_wq, &user->changes);
		ret = 0;
	}
	spin_unlock(&user->lock);
	if (!ret)
		ret = adopt_contexts(user);
	mutex_unlock(&afu->turn);
	if (ret)
		sim_user_fail(user);
	return ret;
}

/*
 * Life of the AFU
 */

static int user_start(struct sim_afu *afu)
{
	struct sim_user *user = sim_user_create(afu);

	if (IS_ERR(user))
		return PTR_ERR(user);
	INIT_WORK(&user->changes, apply_changes);
	afu->user = user;
	return 0;
}

static int user_registered(struct sim_afu *afu)
{
	return cdev_device_add(&afu->user->cdev, &afu->user->dev);
}

/* End all waiting for the program. May be called twice. */
static void user_unregister(struct sim_afu *afu)
{
	struct sim_user *user = afu->user;

	spin_lock(&user->lock);
	if (!user->gone)
		sim_user_tell(user, SIM_TELL(STOP));
	user->gone = true;
	user->serving = false;
	sim_user_forget_all(user);
	spin_unlock(&user->lock);
	wake_up_all(&user->readers);
	wake_up_all(&user->answers);
	cancel_work_sync(&user->changes);
}

static void user_stop(struct sim_afu *afu)
{
	sim_user_destroy(afu->user);
	afu->user = NULL;
}

static const struct sim_afu_hooks user_hooks = {
	.start = user_start,
	.registered = user_registered,
	.unregister = user_unregister,
	.stop = user_stop,
	.attached = user_attached,
	.detach = user_detach,
	.irqs_changed = user_irqs_changed,
	.was_reset = user_was_reset,
	.link_changed = user_link_changed,
	.page_is_there = user_page_is_there,
	.mmio = sim_user_mmio,
	.psa_written = sim_user_psa_written,
};

const struct sim_afu_model sim_user_afu = {
	.name = "user",
	.modes = CXL_MODE_DIRECTED | CXL_MODE_DEDICATED,
	.pp_offset = 0x2000000,
	.pp_size = 0x10000,
	.psa_size = 0x4000000,
	.irqs_min = 4,
	.cr_vendor = 0x1014,
	.cr_device = 0x4350,
	.cr_class = 0x120000,
	.priv_size = sizeof(struct sim_user_pe),
	.attach = user_attach,
	.turn = sim_user_ops_turn,
	.reset = user_reset,
	.hooks = &user_hooks,
};
