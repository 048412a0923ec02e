/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel API for PCI cards whose drivers use the POWER9 coherent link
 * without the cxl driver in between.  Only cxllib_handle_fault() has a
 * meaning off POWER9; the others say so.
 */
#ifndef _MISC_CXLLIB_H
#define _MISC_CXLLIB_H

#include <linux/mm_types.h>
#include <linux/pci.h>
#include <linux/sched.h>

/**
 * cxllib_slot_is_supported() - can the card's slot be a coherent one?
 * @dev: the card
 * @flags: must be 0
 *
 * Return: false on this platform.
 */
bool cxllib_slot_is_supported(struct pci_dev *dev, unsigned long flags);

#define CXL_XSL_CONFIG_VERSION1		1

struct cxllib_xsl_config {
	u32 version;
	u32 log_bar_size;
	u64 bar_addr;
	u64 dsnctl;
	u64 dra;
};

/**
 * cxllib_get_xsl_config() - configuration of the translation logic
 * @dev: the card
 * @cfg: filled in on success
 *
 * Return: -ENODEV on this platform.
 */
int cxllib_get_xsl_config(struct pci_dev *dev, struct cxllib_xsl_config *cfg);

enum cxllib_mode {
	CXL_MODE_CXL,
	CXL_MODE_PCI,
};

#define CXL_MODE_NO_DMA		0
#define CXL_MODE_DMA_TVT0	1
#define CXL_MODE_DMA_TVT1	2

/**
 * cxllib_switch_phb_mode() - switch the slot between PCI and coherent mode
 * @dev: the card
 * @mode: wanted mode
 * @flags: CXL_MODE_DMA_TVT1 with CXL_MODE_CXL
 *
 * Return: -EINVAL for wrong flags or mode, -EPERM back to PCI, otherwise
 * -ENODEV on this platform.
 */
int cxllib_switch_phb_mode(struct pci_dev *dev, enum cxllib_mode mode,
			   unsigned long flags);

/**
 * cxllib_set_device_dma() - set up DMA of a card in coherent mode
 * @dev: the card
 * @flags: must be 0
 *
 * Return: -EINVAL for wrong flags, otherwise -ENODEV on this platform.
 */
int cxllib_set_device_dma(struct pci_dev *dev, unsigned long flags);

#define CXL_TRANSLATED_MODE	0
#define CXL_REAL_MODE		1

struct cxllib_pe_attributes {
	u64 sr;
	u32 lpid;
	u32 tid;
	u32 pid;
};

/**
 * cxllib_get_PE_attributes() - process element attributes of a task
 * @task: the task
 * @translation_mode: CXL_TRANSLATED_MODE or CXL_REAL_MODE
 * @attr: filled in on success
 *
 * Return: -EINVAL for a wrong mode or a task without address space, otherwise
 * -ENODEV on this platform.
 */
int cxllib_get_PE_attributes(struct task_struct *task,
			     unsigned long translation_mode,
			     struct cxllib_pe_attributes *attr);

/**
 * cxllib_handle_fault() - fault in a range of an address space
 * @mm: address space, kept alive by the caller
 * @addr: first byte
 * @size: bytes
 * @flags: DSISR bits of the fault: DSISR_ISSTORE asks for write access
 *
 * Context: process context.
 * Return: 0, or -EFAULT (@mm is NULL, or a page cannot be accessed so).
 */
int cxllib_handle_fault(struct mm_struct *mm, u64 addr, u64 size, u64 flags);

#endif /* _MISC_CXLLIB_H */
