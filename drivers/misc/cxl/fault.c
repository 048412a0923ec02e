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
 */
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cxl.h"
#include "trace.h"

/* How long the end of a process waits for an access to end */
#define CXL_EXIT_DELAY		(HZ / 20)
/* How long the reference of an access is kept for the process to end */
#define CXL_LAST_USER_DELAY	(HZ / 10)

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

/*
 * Acting for a program
 *
 * What a worker does to an address space is charged to the program that owns
 * it, as if the program had accessed the memory itself: page tables count in
 * its memory cgroup, and its stack grows as far as its limits and capabilities
 * allow. A worker has to adopt these from the program.
 *
 * Protection keys do not apply: they belong to a register of each thread, and
 * the card is no thread, as FAULT_FLAG_REMOTE says.  A real card has a register
 * of its own, the AMR, which denies nothing unless START_WORK sets it.
 */

/**
 * struct cxl_behalf - on whose behalf a worker acts
 * @cred: of the owner of the address space; NULL: nothing was changed
 * @old_cred: of the worker
 * @memcg: of the address space
 * @old_memcg: of the worker
 */
struct cxl_behalf {
	const struct cred *cred;
	const struct cred *old_cred;
	struct mem_cgroup *memcg;
	struct mem_cgroup *old_memcg;
};

/* The process that owns an address space, referenced, or NULL */
static struct task_struct *cxl_mm_owner(struct mm_struct *mm)
{
	struct task_struct *owner = NULL;

#ifdef CONFIG_MEMCG
	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	if (owner)
		get_task_struct(owner);
	rcu_read_unlock();
#endif
	return owner;
}

static void cxl_act_for(struct cxl_behalf *behalf, struct mm_struct *mm,
			struct task_struct *owner)
{
	behalf->cred = NULL;
	if (current->mm == mm)
		return;
	behalf->cred = owner ? get_task_cred(owner) : get_current_cred();
	behalf->old_cred = override_creds(behalf->cred);
	behalf->memcg = get_mem_cgroup_from_mm(mm);
	behalf->old_memcg = set_active_memcg(behalf->memcg);
}

static void cxl_act_for_nobody(struct cxl_behalf *behalf)
{
	if (!behalf->cred)
		return;
	set_active_memcg(behalf->old_memcg);
	mem_cgroup_put(behalf->memcg);
	revert_creds(behalf->old_cred);
	put_cred(behalf->cred);
}

/* Limits that apply when a stack grows */
static const unsigned int cxl_stack_limits[] = {
	RLIMIT_STACK, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK,
};

#define CXL_NUM_LIMITS	ARRAY_SIZE(cxl_stack_limits)

static void cxl_get_limits(struct task_struct *task, struct rlimit *limits)
{
	unsigned int i;

	task_lock(task->group_leader);
	for (i = 0; i < CXL_NUM_LIMITS; i++)
		limits[i] = task->signal->rlim[cxl_stack_limits[i]];
	task_unlock(task->group_leader);
}

static void cxl_set_limits(const struct rlimit *limits)
{
	unsigned int i;

	task_lock(current->group_leader);
	for (i = 0; i < CXL_NUM_LIMITS; i++)
		current->signal->rlim[cxl_stack_limits[i]] = limits[i];
	task_unlock(current->group_leader);
}

/*
 * Touch the address below a stack as its program would, so that the stack
 * grows: since 6.5 fixup_user_fault() does not grow it.  The touch itself may
 * fail because of a protection key; fixup_user_fault() then finds out whether
 * the stack has grown.
 */
static void cxl_touch_stack(u64 ea)
{
	size_t left __maybe_unused;

	left = fault_in_readable(u64_to_user_ptr(ea), 1);
}

/*
 * The kernel checks the limits of the current process.  A kernel thread has
 * limits of its own that matter to nothing else, so it can adopt those of the
 * owner: then all of the kernel's own checks apply.
 */
static void cxl_grow_stack(struct mm_struct *mm, struct task_struct *owner,
			   u64 ea)
{
	struct rlimit limits[CXL_NUM_LIMITS], own[CXL_NUM_LIMITS];

	if (current->mm == mm) {
		cxl_touch_stack(ea);
		return;
	}
	if (!owner || !(current->flags & PF_KTHREAD) || current->mm)
		return;
	cxl_get_limits(owner, limits);
	cxl_get_limits(current, own);
	cxl_set_limits(limits);
	kthread_use_mm(mm);
	cxl_touch_stack(ea);
	kthread_unuse_mm(mm);
	cxl_set_limits(own);
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

/* With a user reference to @mm.  Return 0 or -EFAULT. */
static int cxl_fault_in(struct mm_struct *mm, u64 ea, bool write)
{
	/* For userfaultfd and the OOM killer this is the program's access. */
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER;
	struct task_struct *owner = cxl_mm_owner(mm);
	struct cxl_behalf behalf;
	bool unlocked = false;
	int ret;

	if (write)
		flags |= FAULT_FLAG_WRITE;
	cxl_act_for(&behalf, mm, owner);
	if (cxl_is_below_stack(mm, ea))
		cxl_grow_stack(mm, owner, ea);
	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, ea & PAGE_MASK, flags, &unlocked);
	mmap_read_unlock(mm);
	cxl_act_for_nobody(&behalf);
	if (owner)
		put_task_struct(owner);
	return ret ? -EFAULT : 0;
}

/**
 * cxl_handle_mm_fault() - fault in a page
 * @mm: address space, mm_count held by the caller
 * @ea: effective address
 * @write: for a store
 *
 * The page is charged to the owner of the address space.  A stack grows if the
 * caller is a kernel thread or a thread of that process.
 *
 * Context: process context.
 * Return: 0, or -EFAULT (the address space is gone, nothing is at the address,
 * or the access is not allowed).
 */
int cxl_handle_mm_fault(struct mm_struct *mm, u64 ea, bool write)
{
	int ret;

	if (ea != (unsigned long)ea || !mmget_not_zero(mm))
		return -EFAULT;
	ret = cxl_fault_in(mm, ea, write);
	mmput(mm);
	return ret;
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
	int ret;

	ret = cxl_fault_resolve(fault);

	spin_lock_irqsave(&ctx->fault_lock, flags);
	fault->busy = false;
	if (!fault->closed) {
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
	/* A second fault before the answer is a bug of the card: ignore it. */
	if (fault && !fault->closed && !fault->busy) {
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
	/* The workqueue must not be destroyed while a timer runs. */
	if (delayed_work_pending(&fault->last_user))
		mod_delayed_work(cxl_fault_wq, &fault->last_user, 0);
	spin_unlock_irq(&ctx->fault_lock);
	kref_put(&fault->ref, cxl_fault_free);
}

int cxl_fault_init(void)
{
	/* Unbound, with many workers: one that is stuck must not hold up others. */
	cxl_fault_wq = alloc_workqueue("cxl_fault", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return cxl_fault_wq ? 0 : -ENOMEM;
}

void cxl_fault_exit(void)
{
	destroy_workqueue(cxl_fault_wq);
}
