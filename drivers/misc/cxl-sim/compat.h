/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the software card builds for (6.1 to
 * 7.3), each entry with its version and reason.
 */
#ifndef _CXL_SIM_COMPAT_H
#define _CXL_SIM_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/version.h>

/* 6.2: device_type->devnode only looks at the device */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define SIM_DEVNODE_CONST
#else
#define SIM_DEVNODE_CONST	const
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

/* 6.5: these have no argument for the pages' VMAs any more */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define sim_get_pages(mm, start, n, flags, pages) \
	get_user_pages_remote(mm, start, n, flags, pages, NULL, NULL)
#define sim_pin_pages(mm, start, n, flags, pages) \
	pin_user_pages_remote(mm, start, n, flags, pages, NULL, NULL)
#else
#define sim_get_pages(mm, start, n, flags, pages) \
	get_user_pages_remote(mm, start, n, flags, pages, NULL)
#define sim_pin_pages(mm, start, n, flags, pages) \
	pin_user_pages_remote(mm, start, n, flags, pages, NULL)
#endif

/* 6.12: that offsets are unsigned is said of the operations, not of each file */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define SIM_FMODE_UNSIGNED_OFFSET	FMODE_UNSIGNED_OFFSET
#define SIM_FOP_UNSIGNED_OFFSET
#else
#define SIM_FMODE_UNSIGNED_OFFSET	0
#define SIM_FOP_UNSIGNED_OFFSET		.fop_flags = FOP_UNSIGNED_OFFSET,
#endif

#endif /* _CXL_SIM_COMPAT_H */
