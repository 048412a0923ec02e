// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation faults: the card could not access an address; see to it that it
 * can, or tell the program that it cannot.
 *
 * Faulting memory in may take for ever (userfaultfd, a file on a dead server).
 * So it happens in a worker that detach does not wait for: it only touches the
 * address space, and its answer is dropped when the context is no more
 * attached.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cxl.h"
#include "trace.h"

static struct workqueue_struct *cxl_fault_wq;

/**
 * struct cxl_fault - resolves the faults of a started context, one at a time
 * @ref: of the context while it is attached, and of the queued work
 * @work: resolves the fault
 * @ctx: referenced by the queued work
 * @mm: address space with mm_count held, NULL for kernel addresses
 * @ea: effective address; set before the work is queued, as @dsisr
 * @dsisr: of the card
 * @busy: not answered yet; guarded by the context's fault_lock
 */
struct cxl_fault {
	struct kref ref;
	struct work_struct work;
	struct cxl_context *ctx;
	struct mm_struct *mm;
	u64 ea;
	u64 dsisr;
	bool busy;
};

static void cxl_fault_free(struct kref *ref)
{
	struct cxl_fault *fault = container_of(ref, struct cxl_fault, ref);

	if (fault->mm)
		mmdrop(fault->mm);
	kfree(fault);
}

static bool cxl_is_below_stack(struct mm_struct *mm, u64 ea)
{
	struct vm_area_struct *vma;
	bool below;

	mmap_read_lock(mm);
	vma = find_vma(mm, ea);
	below = vma && ea < vma->vm_start && vma->vm_flags & VM_GROWSDOWN;
	mmap_read_unlock(mm);
	return below;
}

/*
 * Touch what lies below a stack as its program would: that grows it, which
 * fixup_user_fault() does not (6.5).
 */
static int cxl_grow_stack(struct mm_struct *mm, u64 ea)
{
	bool borrow = current->flags & PF_KTHREAD && !current->mm;
	size_t left;

	if (!borrow && current->mm != mm)
		return -EFAULT;
	if (borrow)
		kthread_use_mm(mm);
	left = fault_in_readable(u64_to_user_ptr(ea), 1);
	if (borrow)
		kthread_unuse_mm(mm);
	return left ? -EFAULT : 0;
}

/**
 * cxl_handle_mm_fault() - fault a page in
 * @mm: address space, mm_count held by the caller
 * @ea: effective address
 * @write: for a store
 *
 * Context: process context.
 * Return: 0, or -EFAULT (the address space is gone, there is nothing at the
 * address, or it cannot be accessed so).
 */
int cxl_handle_mm_fault(struct mm_struct *mm, u64 ea, bool write)
{
	unsigned int flags = FAULT_FLAG_REMOTE;
	bool unlocked = false;
	int ret = 0;

	if (ea != (unsigned long)ea || !mmget_not_zero(mm))
		return -EFAULT;
	if (write)
		flags |= FAULT_FLAG_WRITE;
	if (cxl_is_below_stack(mm, ea))
		ret = cxl_grow_stack(mm, ea);
	if (!ret) {
		mmap_read_lock(mm);
		ret = fixup_user_fault(mm, ea & PAGE_MASK, flags, &unlocked);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return ret ? -EFAULT : 0;
}

static void cxl_fault_work(struct work_struct *work)
{
	struct cxl_fault *fault = container_of(work, struct cxl_fault, work);
	struct cxl_context *ctx = fault->ctx;
	struct cxl_afu *afu = ctx->afu;
	u64 ea = fault->ea, dsisr = fault->dsisr;
	unsigned long flags;
	int ret = -EFAULT;

	if (fault->mm)
		ret = cxl_handle_mm_fault(fault->mm, ea,
					  dsisr & CXL_DSISR_STORE);

	spin_lock_irqsave(&ctx->fault_lock, flags);
	fault->busy = false;
	if (ctx->fault == fault) {
		afu->adapter->ops->fault_done(afu->data, ctx->pe, !ret);
		if (ret)
			cxl_events_post_fault(&ctx->events, ea, dsisr);
	}
	spin_unlock_irqrestore(&ctx->fault_lock, flags);

	kref_put(&fault->ref, cxl_fault_free);
	cxl_context_put(ctx);
}

void cxl_context_fault(struct cxl_context *ctx, u64 ea, u64 dsisr)
{
	struct cxl_fault *fault;
	unsigned long flags;

	trace_cxl_pte_miss(ctx, dsisr, ea);
	spin_lock_irqsave(&ctx->fault_lock, flags);
	fault = ctx->fault;
	/* A second one before the answer is the card's mistake. */
	if (fault && !fault->busy) {
		fault->busy = true;
		fault->ea = ea;
		fault->dsisr = dsisr;
		kref_get(&fault->ref);
		cxl_context_get(ctx);
		queue_work(cxl_fault_wq, &fault->work);
	}
	spin_unlock_irqrestore(&ctx->fault_lock, flags);
}
EXPORT_SYMBOL_GPL(cxl_context_fault);

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
 * A worker that is at it goes on alone.
 */
void cxl_context_faults_close(struct cxl_context *ctx)
{
	struct cxl_fault *fault;

	spin_lock_irq(&ctx->fault_lock);
	fault = ctx->fault;
	ctx->fault = NULL;
	spin_unlock_irq(&ctx->fault_lock);
	kref_put(&fault->ref, cxl_fault_free);
}

int cxl_fault_init(void)
{
	/* Unbound and many: a worker that is stuck must not hold up others. */
	cxl_fault_wq = alloc_workqueue("cxl_fault", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return cxl_fault_wq ? 0 : -ENOMEM;
}

void cxl_fault_exit(void)
{
	destroy_workqueue(cxl_fault_wq);
}
