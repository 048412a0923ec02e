// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faulting in memory on behalf of a program.
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
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "cxl.h"

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
	unsigned int i, limit;

	/* Without the leader's lock: a leader may be freed before its threads. */
	for (i = 0; i < CXL_NUM_LIMITS; i++) {
		limit = cxl_stack_limits[i];
		limits[i].rlim_cur = task_rlimit(task, limit);
		limits[i].rlim_max = task_rlimit_max(task, limit);
	}
}

/* Of the calling kernel thread, which leads its own group */
static void cxl_set_limits(const struct rlimit *limits)
{
	unsigned int i;

	task_lock(current);
	for (i = 0; i < CXL_NUM_LIMITS; i++)
		current->signal->rlim[cxl_stack_limits[i]] = limits[i];
	task_unlock(current);
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

/**
 * cxl_fault_in() - fault in a page, with a user reference to its address space
 * @mm: address space
 * @ea: effective address, which fits into an unsigned long
 * @write: for a store
 *
 * Return: as cxl_handle_mm_fault().
 */
int cxl_fault_in(struct mm_struct *mm, u64 ea, bool write)
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
