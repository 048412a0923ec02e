/* SPDX-License-Identifier: GPL-2.0-only */
/* What vphb.c and vphb_context.c share. */
#ifndef _CXL_VPHB_H
#define _CXL_VPHB_H

#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/**
 * struct cxl_vphb_record - a configuration record
 * @pdev: its device while the driver core knows that; guarded by the vphb's
 *	lock
 * @ctx: default context, referenced; changes under the vphb's ctx_lock, but AFU
 *	drivers read it without, since they may hold a spinlock
 */
struct cxl_vphb_record {
	struct pci_dev *pdev;
	struct cxl_context *ctx;
};

/**
 * struct cxl_vphb - the PCI side of an AFU
 * @add_work: adds the bus, or scans it again
 * @remove_work: removes the bus; queued later, so it runs later
 * @afu: AFU, referenced until the bus is removed
 * @vpci: the bus; used by the worker alone
 * @add_lock: held by the worker while it adds the bus: AFU drivers are probed
 *	under it
 * @removed: no bus and no context is created any more; changes under @add_lock
 * @ctx_lock: guards default contexts; outside of the AFU's locks
 * @lock: guards what follows, and the devices of the records; taken under a
 *	raw spinlock of the PCI core
 * @gone: the AFU must not be called any more
 * @scanning: the worker is looking for devices
 * @missed: it missed devices because the link was down: scan again
 * @recovering: after error_detected, before slot_reset: a link that comes up
 *	does not mean that the devices are usable
 * @error_state: of the devices
 * @record: by number
 */
struct cxl_vphb {
	struct work_struct add_work;
	struct work_struct remove_work;
	struct cxl_afu *afu;
	struct cxl_vpci *vpci;

	struct mutex add_lock;		/* guards removed */
	bool removed;

	struct mutex ctx_lock;		/* guards record[].ctx */

	raw_spinlock_t lock;		/* guards what follows */
	bool gone;
	bool scanning;
	bool missed;
	bool recovering;
	pci_channel_state_t error_state;
	struct cxl_vphb_record record[];
};

struct cxl_vphb *cxl_vphb_of(struct pci_dev *pdev);
void cxl_vphb_driver_gone(struct cxl_vphb *vphb, struct pci_dev *pdev,
			  bool was_bound);

#endif /* _CXL_VPHB_H */
