// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start and stop the card's work for a context.
 */
#include <linux/sched/mm.h>

#include "cxl.h"
#include "trace.h"

/* Attach the context to the card; @ctx->mm is set. */
static int cxl_context_attach(struct cxl_context *ctx, u64 wed, u64 amr)
{
	struct cxl_afu *afu = ctx->afu;
	struct cxl_process_element elem = {
		.ctx = ctx,
		.pe = ctx->pe,
		.wed = wed,
		.amr = amr,
		.mm = ctx->mm,
		.num_irqs = ctx->irqs.num,
		.master = ctx->master,
	};
	int ret;

	lockdep_assert_held(&ctx->status_mutex);
	ret = cxl_context_faults_open(ctx);
	if (ret)
		return ret;
	cxl_context_psa_opened(ctx);
	ret = afu->adapter->ops->attach(afu->data, &elem);
	trace_cxl_attach(ctx, wed, elem.num_irqs, ret);
	if (ret) {
		cxl_context_psa_closed(ctx);
		cxl_context_faults_close(ctx);
		cxl_context_faults_end(ctx);
	}
	return ret;
}

/* From OPENED or CLOSED to STARTED; on failure nothing changes. */
static int cxl_context_start_locked(struct cxl_context *ctx, u64 wed, u64 amr,
				    bool user)
{
	struct cxl_adapter *adapter = ctx->afu->adapter;
	int ret;

	lockdep_assert_held(&ctx->status_mutex);
	if (ctx->gone)
		return -EIO;
	if (user && !current->mm)
		return -EINVAL;
	ret = cxl_adapter_context_start(adapter);
	if (ret)
		return ret;
	if (!cxl_adapter_link_ok(adapter)) {
		ret = -EIO;
		goto uncount;
	}

	if (user) {
		ctx->mm = current->mm;
		mmgrab(ctx->mm);
	}
	ret = cxl_context_attach(ctx, wed, amr);
	if (ret)
		goto drop_mm;
	ctx->status = STARTED;
	/* Pages mapped while it was CLOSED are not the card's. */
	cxl_context_zap(ctx);
	cxl_events_set_end(&ctx->events, CXL_EVENTS_CLOSED, false);
	return 0;

drop_mm:
	if (ctx->mm)
		mmdrop(ctx->mm);
	ctx->mm = NULL;
uncount:
	cxl_adapter_context_stop(adapter);
	return ret;
}

/**
 * cxl_context_start() - start a context of an AFU driver
 * @ctx: context
 * @wed: work element descriptor
 * @user: work on the address space of the calling process, not the kernel's
 *
 * Return: as cxl_start_context().
 */
int cxl_context_start(struct cxl_context *ctx, u64 wed, bool user)
{
	int ret = 0;

	mutex_lock(&ctx->status_mutex);
	if (ctx->status != STARTED)
		ret = cxl_context_start_locked(ctx, wed, 0, user);
	mutex_unlock(&ctx->status_mutex);
	return ret;
}

static bool cxl_start_work_valid(const struct cxl_ioctl_start_work *work)
{
	return !(work->flags & ~CXL_START_WORK_ALL) && !work->reserved1 &&
	       !work->reserved2 && !work->reserved3 && !work->reserved4 &&
	       !work->reserved5;
}

/*
 * Allocate the interrupts of a context that is started on behalf of a program,
 * after freeing those of an earlier run.
 */
static int cxl_context_alloc_user_irqs(struct cxl_context *ctx,
				       struct cxl_ioctl_start_work *work)
{
	struct cxl_afu *afu = ctx->afu;
	int ret;

	if (!(work->flags & CXL_START_WORK_NUM_IRQS))
		work->num_interrupts = afu->desc.irqs_min;
	else if (work->num_interrupts < (int)afu->desc.irqs_min ||
		 work->num_interrupts > READ_ONCE(afu->irqs_max))
		return -EINVAL;

	if (ctx->irqs.events)
		cxl_context_irqs_free(ctx);
	ret = cxl_context_irqs_alloc(ctx, work->num_interrupts);
	if (ret)
		return ret;
	WRITE_ONCE(ctx->irqs.events, true);
	return 0;
}

/**
 * cxl_context_start_work() - start a context on behalf of the caller
 * @ctx: context
 * @work: parameters; num_interrupts is filled in
 * @ioctl: for CXL_IOCTL_START_WORK: all of @work is checked and used, and only
 *	an OPENED context can be started
 *
 * Context: process context of a user process.
 * Return: 0; -EIO (wrong state, link down), -EINVAL, -ENOSPC, -ENOMEM, -EBUSY
 * (card locked for a reset; started already, for an AFU driver).
 */
int cxl_context_start_work(struct cxl_context *ctx,
			   struct cxl_ioctl_start_work *work, bool ioctl)
{
	u64 amr = 0;
	int ret;

	/* There is no segment table to fill: prefault the WED's page only. */
	if (current->mm &&
	    READ_ONCE(ctx->afu->prefault_mode) != CXL_PREFAULT_NONE)
		cxl_handle_mm_fault(current->mm, work->work_element_descriptor,
				    false);

	mutex_lock(&ctx->status_mutex);
	/* Check before interrupts are allocated: their card may be gone. */
	ret = -EIO;
	if (ctx->gone)
		goto unlock;
	if (ioctl) {
		if (ctx->status != OPENED)
			goto unlock;
		ret = -EINVAL;
		if (!cxl_start_work_valid(work))
			goto unlock;
		if (work->flags & CXL_START_WORK_AMR)
			amr = work->amr;
	} else if (ctx->status == STARTED) {
		ret = -EBUSY;
		goto unlock;
	}

	ret = cxl_context_alloc_user_irqs(ctx, work);
	if (ret)
		goto unlock;
	ctx->err_ff = work->flags & CXL_START_WORK_ERR_FF;
	ret = cxl_context_start_locked(ctx, work->work_element_descriptor, amr,
				       true);
	if (ret)
		cxl_context_irqs_free(ctx);
unlock:
	mutex_unlock(&ctx->status_mutex);
	return ret;
}

static int cxl_context_detach_locked(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;
	bool started = ctx->status == STARTED;

	lockdep_assert_held(&ctx->status_mutex);
	ctx->status = CLOSED;
	if (started) {
		cxl_context_faults_close(ctx);
		afu->adapter->ops->detach(afu->data, ctx->pe);
		cxl_context_mmio_flush(ctx);
		cxl_context_faults_end(ctx);
		cxl_context_psa_closed(ctx);
		cxl_adapter_context_stop(afu->adapter);
		trace_cxl_detach(ctx);
		if (ctx->mm)
			mmdrop(ctx->mm);
		ctx->mm = NULL;
		cxl_context_zap(ctx);
	}
	/* In every state, wake all who sleep. */
	cxl_events_set_end(&ctx->events, CXL_EVENTS_CLOSED, true);
	return started ? 0 : -EBUSY;
}

/**
 * cxl_context_detach() - stop the card's work for the context
 * @ctx: context, CLOSED after this
 *
 * Context: process context.
 * Return: 0, or -EBUSY if it was not STARTED.
 */
int cxl_context_detach(struct cxl_context *ctx)
{
	int ret;

	mutex_lock(&ctx->status_mutex);
	ret = cxl_context_detach_locked(ctx);
	mutex_unlock(&ctx->status_mutex);
	return ret;
}

/**
 * cxl_context_force_close() - close a context that may still be in use
 * @ctx: context; it cannot be started again
 *
 * Interrupts that an AFU driver has mapped are left for it to unmap.
 *
 * Context: process context.
 */
void cxl_context_force_close(struct cxl_context *ctx)
{
	mutex_lock(&ctx->status_mutex);
	ctx->gone = true;
	cxl_context_detach_locked(ctx);
	mutex_unlock(&ctx->status_mutex);

	if (READ_ONCE(ctx->irqs.events))
		cxl_context_irqs_free(ctx);
}
