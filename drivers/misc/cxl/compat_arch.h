/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between architectures; for virtual PCI see compat_pci.h.
 */
#ifndef _CXL_COMPAT_ARCH_H
#define _CXL_COMPAT_ARCH_H

#include <linux/types.h>

#ifdef CONFIG_PPC_BOOK3S_64
#include <asm/mmu.h>
#endif

/**
 * cxl_prefault_supported() - can a context's memory be prefaulted?
 *
 * The prefault modes fill the hash page table ahead of the AFU.  With a radix
 * MMU there is no such table, and programs expect the modes to be refused.
 */
static inline bool cxl_prefault_supported(void)
{
#ifdef CONFIG_PPC_BOOK3S_64
	return !radix_enabled();
#else
	return true;
#endif
}

#endif /* _CXL_COMPAT_ARCH_H */
