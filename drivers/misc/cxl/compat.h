/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels and architectures this builds for (6.1 to
 * 7.3): the only place in drivers/ that asks for a version or an architecture.
 *
 * An entry names the version that changed and why.  Code is written for the
 * newest kernel; where the old ones only lack a function it is made up here
 * under its own name, so that the entry can go with the last kernel that needs
 * it.
 */
#ifndef _CXL_COMPAT_H
#define _CXL_COMPAT_H

#include <linux/device/class.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>

#ifdef CONFIG_PPC_BOOK3S_64
#include <asm/mmu.h>
#endif

/* 6.4: a class belongs to no module, the argument for it has gone */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define cxl_class_create(name)	class_create(THIS_MODULE, name)
#else
#define cxl_class_create(name)	class_create(name)
#endif

/* 6.2: class->devnode only looks at the device */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define CXL_DEVNODE_CONST
#else
#define CXL_DEVNODE_CONST	const
#endif

/* 6.3: vm_flags are only changed through functions, to take the VMA's lock */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* 7.3: the question is about a mapping, not about its flags */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}
#endif

/* 6.16: a binary attribute is constant to its callbacks (6.12 is not yet) */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define CXL_BIN_ATTR_CONST
#else
#define CXL_BIN_ATTR_CONST	const
#endif

/**
 * cxl_irq_set_movable() - let an interrupt's affinity be set at any time
 * @virq: Linux interrupt number
 *
 * 6.14: that is the rule.  Before, x86 put it off until the next interrupt.
 */
static inline void cxl_irq_set_movable(unsigned int virq)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
#endif
}

/**
 * cxl_prefault_supported() - can a context's memory be prefaulted?
 *
 * The prefault modes fill the hash page table ahead of the AFU; a radix MMU
 * has none, and programs that see one expect a refusal (sysfs interface §3).
 */
static inline bool cxl_prefault_supported(void)
{
#ifdef CONFIG_PPC_BOOK3S_64
	return !radix_enabled();
#else
	return true;
#endif
}

#endif /* _CXL_COMPAT_H */
