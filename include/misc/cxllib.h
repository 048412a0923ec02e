/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel API for drivers of PCI cards that use the POWER9 coherent link
 * directly, without the cxl driver.  Only cxllib_handle_fault() has a meaning
 * outside of POWER9; the other functions return an error there.
 */
#ifndef _MISC_CXLLIB_H
#define _MISC_CXLLIB_H

#include <linux/mm_types.h>
#include <linux/pci.h>
#include <linux/sched.h>

/**
 * cxllib_slot_is_supported() - can the card's slot be coherent?
 * @dev: the card
 * @flags: must be 0
 *
 * Context: any.
 * Return: false, since there are no such slots.
 */
bool cxllib_slot_is_supported(struct pci_dev *dev, unsigned long flags);

#define CXL_XSL_CONFIG_VERSION1		1

/**
 * struct cxllib_xsl_config - configuration of a card's translation logic
 * @version: CXL_XSL_CONFIG_VERSION1
 * @log_bar_size: size of the memory window, as a power of 2
 * @bar_addr: address of that window
 * @dsnctl: value of the card's register of this name
 * @dra: likewise
 */
struct cxllib_xsl_config {
	u32 version;
	u32 log_bar_size;
	u64 bar_addr;
	u64 dsnctl;
	u64 dra;
};

/**
 * cxllib_get_xsl_config() - get the configuration of the translation logic
 * @dev: the card
 * @cfg: filled in on success
 *
 * Context: process context.
 * Return: -ENODEV, since there are no such slots.
 */
int cxllib_get_xsl_config(struct pci_dev *dev, struct cxllib_xsl_config *cfg);

/**
 * enum cxllib_mode - mode of a slot
 * @CXL_MODE_CXL: coherent link
 * @CXL_MODE_PCI: ordinary PCI
 */
enum cxllib_mode {
	CXL_MODE_CXL,
	CXL_MODE_PCI,
};

/* Flags of cxllib_switch_phb_mode(): how the card does DMA in addition */
#define CXL_MODE_NO_DMA		0
#define CXL_MODE_DMA_TVT0	1
#define CXL_MODE_DMA_TVT1	2

/**
 * cxllib_switch_phb_mode() - switch the slot between PCI and coherent mode
 * @dev: the card
 * @mode: wanted mode
 * @flags: CXL_MODE_DMA_TVT1 with CXL_MODE_CXL
 *
 * Context: process context.
 * Return: -EINVAL (wrong flags or mode), -EPERM (back to PCI); otherwise
 * -ENODEV, since there are no such slots.
 */
int cxllib_switch_phb_mode(struct pci_dev *dev, enum cxllib_mode mode,
			   unsigned long flags);

/**
 * cxllib_set_device_dma() - set up DMA of a card in coherent mode
 * @dev: the card
 * @flags: must be 0
 *
 * Context: process context.
 * Return: -EINVAL (wrong flags); otherwise -ENODEV, since there are no such
 * slots.
 */
int cxllib_set_device_dma(struct pci_dev *dev, unsigned long flags);

/* Translation modes: effective addresses, or real ones */
#define CXL_TRANSLATED_MODE	0
#define CXL_REAL_MODE		1

/**
 * struct cxllib_pe_attributes - what a card has to know about a process element
 * @sr: state register
 * @lpid: logical partition
 * @tid: thread
 * @pid: process
 */
struct cxllib_pe_attributes {
	u64 sr;
	u32 lpid;
	u32 tid;
	u32 pid;
};

/**
 * cxllib_get_PE_attributes() - get the process element attributes of a task
 * @task: the task
 * @translation_mode: CXL_TRANSLATED_MODE or CXL_REAL_MODE
 * @attr: filled in on success
 *
 * Context: process context.
 * Return: -EINVAL (wrong mode, or a task without address space); otherwise
 * -ENODEV, since there are no such slots.
 */
int cxllib_get_PE_attributes(struct task_struct *task,
			     unsigned long translation_mode,
			     struct cxllib_pe_attributes *attr);

/**
 * cxllib_handle_fault() - fault in a range of an address space
 * @mm: address space, kept alive by the caller
 * @addr: first byte
 * @size: bytes
 * @flags: bits of the fault's DSISR: CXL_DSISR_STORE (DSISR_ISSTORE, as powerpc
 *	names it) asks for write access, the others are ignored
 *
 * Context: process context; may wait for memory or a disk, killably.
 * Return: 0, also if @size is 0; -EFAULT (@mm is NULL, the range wraps, or the
 * access to a page is not allowed).
 */
int cxllib_handle_fault(struct mm_struct *mm, u64 addr, u64 size, u64 flags);

#endif /* _MISC_CXLLIB_H */
