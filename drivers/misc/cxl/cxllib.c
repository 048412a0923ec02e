// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxllib: only calls that mean something outside of POWER9 do anything.
 */
#include <linux/export.h>
#include <linux/sched/mm.h>

#include <misc/cxllib.h>

#include "cxl.h"

bool cxllib_slot_is_supported(struct pci_dev *dev, unsigned long flags)
{
	return false;
}
EXPORT_SYMBOL_GPL(cxllib_slot_is_supported);

int cxllib_get_xsl_config(struct pci_dev *dev, struct cxllib_xsl_config *cfg)
{
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(cxllib_get_xsl_config);

int cxllib_switch_phb_mode(struct pci_dev *dev, enum cxllib_mode mode,
			   unsigned long flags)
{
	switch (mode) {
	case CXL_MODE_CXL:
		return flags == CXL_MODE_DMA_TVT1 ? -ENODEV : -EINVAL;
	case CXL_MODE_PCI:
		return -EPERM;
	}
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(cxllib_switch_phb_mode);

int cxllib_set_device_dma(struct pci_dev *dev, unsigned long flags)
{
	return flags ? -EINVAL : -ENODEV;
}
EXPORT_SYMBOL_GPL(cxllib_set_device_dma);

int cxllib_get_PE_attributes(struct task_struct *task,
			     unsigned long translation_mode,
			     struct cxllib_pe_attributes *attr)
{
	struct mm_struct *mm;

	if (translation_mode != CXL_TRANSLATED_MODE &&
	    translation_mode != CXL_REAL_MODE)
		return -EINVAL;

	if (task) {
		mm = get_task_mm(task);
		if (!mm)
			return -EINVAL;
		mmput(mm);
	}
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(cxllib_get_PE_attributes);

int cxllib_handle_fault(struct mm_struct *mm, u64 addr, u64 size, u64 flags)
{
	bool write = flags & CXL_DSISR_STORE;
	u64 last = addr + size - 1;
	u64 ea;
	int rc;

	if (!mm)
		return -EFAULT;
	if (!size)
		return 0;
	if (last < addr)
		return -EFAULT;

	for (ea = addr & PAGE_MASK; ; ea += PAGE_SIZE) {
		rc = cxl_handle_mm_fault(mm, ea, write);
		if (rc || last - ea < PAGE_SIZE)
			return rc;
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(cxllib_handle_fault);
