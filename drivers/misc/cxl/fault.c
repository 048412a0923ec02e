// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation faults: the card could not access an address.  The core makes the
 * address accessible, or tells the program.  This file also bounds the life of
 * the address spaces that cards access.
 *
 * Faulting in memory may take for ever (userfaultfd, a file on a dead server).
 * So a worker does it, for which detach does not wait.  The worker touches
 * nothing but the address space, and its answer is dropped if the context is no
 * longer attached.
 *
 * Workers that never end must not leave others without: each AFU has a queue of
 * its own, which runs CXL_FAULT_WORKERS at a time.  There is one for each
 * process element; when the others, too, are busy for contexts that are gone, a
 * process element is not used again before its worker has ended.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cxl.h"
#include "trace.h"

/* Workers of an AFU; what each supported kernel allows for a queue */
#define CXL_FAULT_WORKERS	512

/* How long the end of a process waits for an access to end */
#define CXL_EXIT_DELAY		(HZ / 20)
/* How long the reference of an access is kept for the process to end */
#define CXL_LAST_USER_DELAY	(HZ / 10)

/* What takes time, but not for ever: the end of address spaces and AFUs */
static struct workqueue_struct *cxl_fault_wq;
static DECLARE_WAIT_QUEUE_HEAD(cxl_fault_exits);

/**
 * struct cxl_fault - resolves the faults of a started context, one at a time
 * @ref: held by the context while it is attached, and by the queued work
 * @work: resolves the fault
 * @last_user: queued if the last user reference to @mm is an access's
 * @users: user references to @mm
 * @ctx: referenced by the queued work
 * @mm: address space with mm_count held, NULL for kernel addresses
 * @ea: effective address; set before the work is queued, like @dsisr
 * @dsisr: as the card reported it
 * @busy: not answered yet; guarded by the context's fault_lock
 * @closed: no fault is answered any more; guarded by the context's fault_lock
 */
struct cxl_fault {
	struct kref ref;
	struct work_struct work;
	struct delayed_work last_user;
	atomic_t users;
	struct cxl_context *ctx;
	struct mm_struct *mm;
	u64 ea;
	u64 dsisr;
	bool busy;
	bool closed;
};

static void cxl_fault_free(struct kref *ref)
{
	struct cxl_fault *fault = container_of(ref, struct cxl_fault, ref);

	if (fault->mm)
		mmdrop(fault->mm);
	kfree(fault);
}

/*
 * Access to the address space
 *
 * A process that ends drops its reference to the address space.  That is
 * usually the last one, and frees memory, mapped files and the executable.
 * Then the process closes its files; then its parent learns of the end.  If the
 * process ends during an access, the card has the last reference.  If the
 * card's thread dropped it, all other contexts would be held up, and mapped
 * files would be released some time after the parent was told of the end.  So
 * it is left to the process:
 *
 *	process				card
 *	-------				----
 *					begin the access
 *	drop a reference
 *	close the file:
 *	  flush: wait a moment
 *					end it: the last reference remains
 *	  drop that
 *	tell the parent
 *
 * No access begins while such a reference remains.  A worker drops it if the
 * process does not, because it had closed the file before or did not wait long
 * enough.  (Detach would be too late: if the process has mapped the problem
 * state area, its memory holds the file.)
 */

static void cxl_fault_drop_last_user(struct cxl_fault *fault)
{
	mmput(fault->mm);
	atomic_dec(&fault->users);
	kref_put(&fault->ref, cxl_fault_free);
}

static void cxl_fault_last_user_work(struct work_struct *work)
{
	cxl_fault_drop_last_user(container_of(to_delayed_work(work),
					      struct cxl_fault, last_user));
}

static bool cxl_fault_get_mm(struct cxl_fault *fault)
{
	if (!fault->mm || delayed_work_pending(&fault->last_user))
		return false;
	/* Before mmget: @users is never less than its share of mm_users. */
	atomic_inc(&fault->users);
	if (mmget_not_zero(fault->mm))
		return true;
	atomic_dec(&fault->users);
	return false;
}

static void cxl_fault_put_mm(struct cxl_fault *fault)
{
	struct cxl_context *ctx = fault->ctx;
	unsigned long flags;

	/* Not the last reference */
	if (atomic_add_unless(&fault->mm->mm_users, -1, 1)) {
		atomic_dec(&fault->users);
	} else {
		kref_get(&fault->ref);
		spin_lock_irqsave(&ctx->fault_lock, flags);
		queue_delayed_work(cxl_fault_wq, &fault->last_user,
				   fault->closed ? 0 : CXL_LAST_USER_DELAY);
		spin_unlock_irqrestore(&ctx->fault_lock, flags);
	}
	if (wq_has_sleeper(&cxl_fault_exits))
		wake_up_all(&cxl_fault_exits);
}

struct mm_struct *cxl_context_get_mm(struct cxl_context *ctx)
{
	return cxl_fault_get_mm(ctx->fault) ? ctx->fault->mm : NULL;
}
EXPORT_SYMBOL_GPL(cxl_context_get_mm);

void cxl_context_put_mm(struct cxl_context *ctx)
{
	cxl_fault_put_mm(ctx->fault);
}
EXPORT_SYMBOL_GPL(cxl_context_put_mm);

/* Are all users of the address space accesses of the context? */
static bool cxl_fault_mm_ended(struct cxl_fault *fault)
{
	int users = atomic_read(&fault->mm->mm_users);

	return users && users <= atomic_read(&fault->users);
}

/**
 * cxl_context_flush() - a file of the context is closed
 * @ctx: context
 *
 * Context: process context.
 */
void cxl_context_flush(struct cxl_context *ctx)
{
	struct cxl_fault *fault;

	if (!(current->flags & PF_EXITING))
		return;
	spin_lock_irq(&ctx->fault_lock);
	fault = ctx->fault;
	if (fault)
		kref_get(&fault->ref);
	spin_unlock_irq(&ctx->fault_lock);
	if (!fault)
		return;

	if (fault->mm && cxl_fault_mm_ended(fault))
		wait_event_timeout(cxl_fault_exits,
				   delayed_work_pending(&fault->last_user) ||
				   !cxl_fault_mm_ended(fault), CXL_EXIT_DELAY);
	if (cancel_delayed_work(&fault->last_user))
		cxl_fault_drop_last_user(fault);
	kref_put(&fault->ref, cxl_fault_free);
}

static int cxl_fault_resolve(struct cxl_fault *fault)
{
	u64 ea = fault->ea;
	int ret;

	if (ea != (unsigned long)ea || !cxl_fault_get_mm(fault))
		return -EFAULT;
	ret = cxl_fault_in(fault->mm, ea, fault->dsisr & CXL_DSISR_STORE);
	cxl_fault_put_mm(fault);
	return ret;
}

/*
 * Faults
 */

static void cxl_fault_work(struct work_struct *work)
{
	struct cxl_fault *fault = container_of(work, struct cxl_fault, work);
	struct cxl_context *ctx = fault->ctx;
	struct cxl_afu *afu = ctx->afu;
	u64 ea = fault->ea, dsisr = fault->dsisr;
	unsigned long flags;
	bool done;
	int ret;

	ret = cxl_fault_resolve(fault);

	spin_lock_irqsave(&ctx->fault_lock, flags);
	fault->busy = false;
	done = !--ctx->nr_faults;
	if (!fault->closed) {
		afu->adapter->ops->fault_done(afu->data, ctx->pe, !ret);
		if (ret)
			cxl_events_post_fault(&ctx->events, ea, dsisr);
	}
	spin_unlock_irqrestore(&ctx->fault_lock, flags);

	kref_put(&fault->ref, cxl_fault_free);
	if (done)
		cxl_context_faults_done(ctx);
	cxl_context_put(ctx);
	/* The queue is destroyed, after this returns, before the module goes. */
	module_put(THIS_MODULE);
}

void cxl_context_fault(struct cxl_context *ctx, u64 ea, u64 dsisr)
{
	struct cxl_fault *fault;
	unsigned long flags;

	trace_cxl_pte_miss(ctx, dsisr, ea);
	spin_lock_irqsave(&ctx->fault_lock, flags);
	fault = ctx->fault;
	/* A second fault before the answer is a bug of the card: ignore it. */
	if (fault && !fault->closed && !fault->busy) {
		fault->busy = true;
		fault->ea = ea;
		fault->dsisr = dsisr;
		ctx->nr_faults++;
		kref_get(&fault->ref);
		cxl_context_get(ctx);
		__module_get(THIS_MODULE);
		queue_work(ctx->afu->fault_wq, &fault->work);
	}
	spin_unlock_irqrestore(&ctx->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(cxl_context_fault);

void cxl_context_access_failed(struct cxl_context *ctx, u64 ea, u64 dsisr)
{
	cxl_events_post_fault(&ctx->events, ea, dsisr);
}
EXPORT_SYMBOL_GPL(cxl_context_access_failed);

/**
 * cxl_context_faults_open() - faults are answered from now on
 * @ctx: context that is about to be attached, with mm set
 *
 * Return: 0 or -ENOMEM.
 */
int cxl_context_faults_open(struct cxl_context *ctx)
{
	struct cxl_fault *fault;

	fault = kzalloc(sizeof(*fault), GFP_KERNEL_ACCOUNT);
	if (!fault)
		return -ENOMEM;
	kref_init(&fault->ref);
	INIT_WORK(&fault->work, cxl_fault_work);
	INIT_DELAYED_WORK(&fault->last_user, cxl_fault_last_user_work);
	fault->ctx = ctx;
	fault->mm = ctx->mm;
	if (fault->mm)
		mmgrab(fault->mm);

	spin_lock_irq(&ctx->fault_lock);
	ctx->fault = fault;
	spin_unlock_irq(&ctx->fault_lock);
	return 0;
}

/**
 * cxl_context_faults_close() - no fault is answered after this
 * @ctx: context that is about to be detached
 *
 * This does not wait for a worker that is resolving a fault.  The card may
 * still access memory.
 */
void cxl_context_faults_close(struct cxl_context *ctx)
{
	spin_lock_irq(&ctx->fault_lock);
	ctx->fault->closed = true;
	spin_unlock_irq(&ctx->fault_lock);
}

/**
 * cxl_context_faults_end() - the card accesses no memory any more
 * @ctx: context that was detached, after cxl_context_faults_close()
 */
void cxl_context_faults_end(struct cxl_context *ctx)
{
	struct cxl_fault *fault;

	spin_lock_irq(&ctx->fault_lock);
	fault = ctx->fault;
	ctx->fault = NULL;
	/*
	 * The workqueue must not be destroyed while a timer runs.  Only who
	 * cancels the work may queue it again: it may have begun, and
	 * cxl_context_flush() cancels it, too.
	 */
	if (cancel_delayed_work(&fault->last_user))
		queue_delayed_work(cxl_fault_wq, &fault->last_user, 0);
	spin_unlock_irq(&ctx->fault_lock);
	kref_put(&fault->ref, cxl_fault_free);
}

/**
 * cxl_context_has_faults() - is a worker resolving a fault of the context?
 * @ctx: context; once it is detached, false is stable
 */
bool cxl_context_has_faults(struct cxl_context *ctx)
{
	bool has;

	spin_lock_irq(&ctx->fault_lock);
	has = ctx->nr_faults;
	spin_unlock_irq(&ctx->fault_lock);
	return has;
}

/**
 * cxl_afu_faults_init() - create the workers of an AFU
 * @afu: AFU that nobody knows yet
 *
 * Return: 0 or -ENOMEM.
 */
int cxl_afu_faults_init(struct cxl_afu *afu)
{
	/* Unbound, with many workers: one that is stuck must not hold up others. */
	afu->fault_wq = alloc_workqueue("cxl_fault/%d.%u", WQ_UNBOUND,
					CXL_FAULT_WORKERS, afu->adapter->num,
					afu->slice);
	if (afu->desc.num_procs < CXL_FAULT_WORKERS)
		afu->spare_workers = CXL_FAULT_WORKERS - afu->desc.num_procs;
	return afu->fault_wq ? 0 : -ENOMEM;
}

/**
 * cxl_afu_faults_exit() - wait for the workers of an AFU to return
 * @afu: AFU, to which they do not refer any more
 *
 * Context: process context, but not that of one of the workers.
 */
void cxl_afu_faults_exit(struct cxl_afu *afu)
{
	if (afu->fault_wq)
		destroy_workqueue(afu->fault_wq);
}

/**
 * cxl_fault_queue_work() - have work done before the module goes
 * @work: must end soon
 *
 * Context: any.
 */
void cxl_fault_queue_work(struct work_struct *work)
{
	queue_work(cxl_fault_wq, work);
}

int cxl_fault_init(void)
{
	cxl_fault_wq = alloc_workqueue("cxl_fault", WQ_UNBOUND, 0);
	return cxl_fault_wq ? 0 : -ENOMEM;
}

void cxl_fault_exit(void)
{
	destroy_workqueue(cxl_fault_wq);
}
