/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that this builds for, 6.1 to 7.3.  Only this
 * file and compat_pci.h check for a version.  The software card includes it,
 * too.
 *
 * An entry names the version that changed, and why.  Code is written for the
 * newest kernel.  Where old kernels only lack a function, it is defined here
 * under its own name, so that the entry can go with the last kernel that needs
 * it. "make series" leaves the file out; scripts/series.d/in-tree.sed replaces
 * the names that begin with CXL_ or cxl_.
 */
#ifndef _CXL_COMPAT_H
#define _CXL_COMPAT_H

#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

/* 6.4: a class belongs to no module, so the argument is gone */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#undef class_create
static inline struct class *class_create(const char *name)
{
	static struct lock_class_key key;

	return __class_create(THIS_MODULE, name, &key);
}
#endif

/* 6.2: devnode of a class or a device type does not change the device */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define CXL_DEVNODE_CONST
#else
#define CXL_DEVNODE_CONST	const
#endif

/* 6.3: vm_flags are only changed by functions, which take the VMA's lock */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* 6.5: these no longer take an argument for the pages' VMAs */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define get_user_pages_remote(mm, start, n, flags, pages, locked) \
	get_user_pages_remote(mm, start, n, flags, pages, NULL, locked)
#define pin_user_pages_remote(mm, start, n, flags, pages, locked) \
	pin_user_pages_remote(mm, start, n, flags, pages, NULL, locked)
#endif

/* 7.3: the function takes a mapping, not its flags */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}
#endif

/* 6.12: unsigned offsets are a flag of the operations, not of each file */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define CXL_FMODE_UNSIGNED_OFFSET	FMODE_UNSIGNED_OFFSET
#define CXL_FOP_UNSIGNED_OFFSET
#else
#define CXL_FMODE_UNSIGNED_OFFSET	0
#define CXL_FOP_UNSIGNED_OFFSET		.fop_flags = FOP_UNSIGNED_OFFSET,
#endif

/* 6.16: a binary attribute is const for its callbacks (not yet in 6.12) */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define CXL_BIN_ATTR_CONST
#else
#define CXL_BIN_ATTR_CONST	const
#endif

/**
 * cxl_irq_set_movable() - let an interrupt's affinity be set at any time
 * @virq: Linux interrupt number
 *
 * 6.14: this is the default.  Before, x86 put it off until the next interrupt.
 */
static inline void cxl_irq_set_movable(unsigned int virq)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
#endif
}

/* 6.13: a timer is set up together with its function */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *timer),
	      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* _CXL_COMPAT_H */
