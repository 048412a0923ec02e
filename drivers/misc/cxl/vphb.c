// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU's configuration records as PCI devices on a virtual bus of its own, so
 * that AFU drivers are ordinary PCI drivers.
 *
 * The PCI core's lock is needed to add and remove a bus.  But the card's driver
 * may be probed or removed with that lock held or without it, and cannot know.
 * So one worker adds and removes the buses of all AFUs, a moment later:
 *
 *	cxl_vphb_add()		queue: add the bus
 *	cxl_vphb_link_up()	queue: scan it again, if the link hid something
 *	cxl_vphb_remove()	unbind the AFU drivers; from here on the records
 *				read as absent; queue: remove the bus
 *
 * The bus of an AFU that is gone holds only a reference to the AFU's memory,
 * and has no parent that could go before it.  What is here lives as long as the
 * AFU: error recovery goes on beside a removal.
 */
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cxl.h"
#include "vphb.h"

static struct workqueue_struct *cxl_vphb_wq;

static int cxl_vphb_access(struct cxl_vphb *vphb, unsigned int record,
			   unsigned int offset, u32 *read, u32 write, u32 mask)
{
	const struct cxl_afu_desc *desc = &vphb->afu->desc;
	struct cxl_adapter *adapter = vphb->afu->adapter;
	unsigned long flags;
	int rc = -ENODEV;

	if (record >= desc->num_crs || offset >= desc->cr_size)
		return -ENODEV;

	raw_spin_lock_irqsave(&vphb->lock, flags);
	if (vphb->gone)
		goto unlock;
	if (!cxl_adapter_link_ok(adapter)) {
		vphb->missed |= vphb->scanning;
		goto unlock;
	}
	if (read)
		rc = adapter->ops->cr_read(vphb->afu->data, record, offset,
					   read);
	else
		rc = adapter->ops->cr_write(vphb->afu->data, record, offset,
					    write, mask);
unlock:
	raw_spin_unlock_irqrestore(&vphb->lock, flags);
	return rc;
}

/* There is one bus: devfn is the number of the record. */
static int cxl_vphb_read(void *data, unsigned int devfn, unsigned int offset,
			 u32 *val)
{
	return cxl_vphb_access(data, devfn, offset, val, 0, 0);
}

static int cxl_vphb_write(void *data, unsigned int devfn, unsigned int offset,
			  u32 val, u32 mask)
{
	return cxl_vphb_access(data, devfn, offset, NULL, val, mask);
}

static const struct cxl_vpci_ops cxl_vphb_ops = {
	.read = cxl_vphb_read,
	.write = cxl_vphb_write,
};

/**
 * cxl_vphb_of() - the PCI side that a device belongs to
 * @pdev: any PCI device
 *
 * Context: any.
 * Return: the PCI side of its AFU, or NULL if it is no configuration record.
 */
struct cxl_vphb *cxl_vphb_of(struct pci_dev *pdev)
{
	return cxl_vpci_from_dev(pdev, &cxl_vphb_ops);
}

struct cxl_afu *cxl_pci_to_afu(struct pci_dev *dev)
{
	struct cxl_vphb *vphb = cxl_vphb_of(dev);

	return vphb ? vphb->afu : ERR_PTR(-ENODEV);
}
EXPORT_SYMBOL_GPL(cxl_pci_to_afu);

unsigned int cxl_pci_to_cfg_record(struct pci_dev *dev)
{
	return PCI_DEVID(dev->bus->number, dev->devfn);
}
EXPORT_SYMBOL_GPL(cxl_pci_to_cfg_record);

static void cxl_vphb_set_device(struct cxl_vphb *vphb, struct pci_dev *pdev,
				bool added)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vphb->lock, flags);
	vphb->record[pdev->devfn].pdev = added ? pdev : NULL;
	pdev->error_state = vphb->error_state;
	raw_spin_unlock_irqrestore(&vphb->lock, flags);
}

static int cxl_vphb_notify(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct cxl_vphb *vphb = cxl_vphb_of(pdev);

	if (!vphb)
		return NOTIFY_DONE;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		cxl_vphb_set_device(vphb, pdev, true);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		cxl_vphb_set_device(vphb, pdev, false);
		break;
	case BUS_NOTIFY_BIND_DRIVER:
		if (cxl_vpci_set_dma_linear(pdev))
			pci_warn(pdev, "DMA addresses are not the AFU's\n");
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		cxl_vphb_driver_gone(vphb, pdev, false);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		cxl_vphb_driver_gone(vphb, pdev, true);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block cxl_vphb_nb = {
	.notifier_call = cxl_vphb_notify,
};

/**
 * cxl_vphb_get_device() - get the device of a configuration record
 * @afu: AFU
 * @record: number of the record
 *
 * Context: any.
 * Return: the device, referenced, or NULL.
 */
struct pci_dev *cxl_vphb_get_device(struct cxl_afu *afu, unsigned int record)
{
	struct cxl_vphb *vphb = afu->vphb;
	struct pci_dev *pdev;
	unsigned long flags;

	if (!vphb)
		return NULL;

	raw_spin_lock_irqsave(&vphb->lock, flags);
	pdev = pci_dev_get(vphb->record[record].pdev);
	raw_spin_unlock_irqrestore(&vphb->lock, flags);

	return pdev;
}

/**
 * cxl_vphb_set_recovering() - error recovery begins or ends
 * @afu: AFU
 * @recovering: it begins
 * @state: state of the devices from now on
 *
 * Context: any.
 */
void cxl_vphb_set_recovering(struct cxl_afu *afu, bool recovering,
			     pci_channel_state_t state)
{
	struct cxl_vphb *vphb = afu->vphb;
	unsigned long flags;

	if (!vphb)
		return;

	raw_spin_lock_irqsave(&vphb->lock, flags);
	vphb->recovering = recovering;
	raw_spin_unlock_irqrestore(&vphb->lock, flags);
	cxl_vphb_set_error_state(afu, state);
}

/**
 * cxl_vphb_set_error_state() - tell AFU drivers, through pci_channel_offline()
 * @afu: AFU
 * @state: state of its devices; "normal" waits for the end of a recovery
 *
 * Context: any.
 */
void cxl_vphb_set_error_state(struct cxl_afu *afu, pci_channel_state_t state)
{
	struct cxl_vphb *vphb = afu->vphb;
	unsigned long flags;
	unsigned int i;

	if (!vphb)
		return;

	raw_spin_lock_irqsave(&vphb->lock, flags);
	if (vphb->recovering && state == pci_channel_io_normal)
		goto unlock;
	vphb->error_state = state;
	for (i = 0; i < afu->desc.num_crs; i++) {
		if (vphb->record[i].pdev)
			vphb->record[i].pdev->error_state = state;
	}
unlock:
	raw_spin_unlock_irqrestore(&vphb->lock, flags);
}

static void cxl_vphb_add_bus(struct cxl_vphb *vphb)
{
	struct cxl_vpci *vpci;

	lockdep_assert_held(&vphb->add_lock);
	vpci = cxl_vpci_create_locked(NULL, &cxl_vphb_ops, vphb);
	if (IS_ERR(vpci)) {
		dev_err(&vphb->afu->dev, "no virtual PCI bus: %ld\n",
			PTR_ERR(vpci));
		return;
	}
	vphb->vpci = vpci;
	pci_bus_add_devices(cxl_vpci_bus(vpci));
}

static void cxl_vphb_set_scanning(struct cxl_vphb *vphb, bool scanning)
{
	raw_spin_lock_irq(&vphb->lock);
	vphb->scanning = scanning;
	if (scanning)
		vphb->missed = false;
	raw_spin_unlock_irq(&vphb->lock);
}

/* If the link goes down meanwhile, cxl_vphb_link_up() asks for a new scan. */
static void cxl_vphb_add_work(struct work_struct *work)
{
	struct cxl_vphb *vphb = container_of(work, struct cxl_vphb, add_work);

	pci_lock_rescan_remove();
	mutex_lock(&vphb->add_lock);
	if (vphb->removed)
		goto unlock;
	cxl_vphb_set_scanning(vphb, true);
	if (vphb->vpci)
		pci_rescan_bus(cxl_vpci_bus(vphb->vpci));
	else
		cxl_vphb_add_bus(vphb);
	cxl_vphb_set_scanning(vphb, false);
unlock:
	mutex_unlock(&vphb->add_lock);
	pci_unlock_rescan_remove();
}

/**
 * cxl_vphb_link_up() - look for devices that were hidden while the link was
 * down
 * @afu: AFU whose link is up again
 *
 * Context: process context.
 */
void cxl_vphb_link_up(struct cxl_afu *afu)
{
	struct cxl_vphb *vphb = afu->vphb;

	if (!vphb)
		return;

	raw_spin_lock_irq(&vphb->lock);
	/* Not after @remove_work. */
	if (vphb->missed && !vphb->gone)
		queue_work(cxl_vphb_wq, &vphb->add_work);
	raw_spin_unlock_irq(&vphb->lock);
}

static void cxl_vphb_remove_work(struct work_struct *work)
{
	struct cxl_vphb *vphb = container_of(work, struct cxl_vphb,
					     remove_work);

	if (vphb->vpci)
		cxl_vpci_remove(vphb->vpci);
	put_device(&vphb->afu->dev);
}

/**
 * cxl_vphb_alloc() - allocate the PCI side of an AFU
 * @afu: AFU that nobody knows yet; it has none without configuration records
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int cxl_vphb_alloc(struct cxl_afu *afu)
{
	struct cxl_vphb *vphb;

	if (!afu->desc.num_crs)
		return 0;

	vphb = kzalloc(struct_size(vphb, record, afu->desc.num_crs),
		       GFP_KERNEL);
	if (!vphb)
		return -ENOMEM;

	INIT_WORK(&vphb->add_work, cxl_vphb_add_work);
	INIT_WORK(&vphb->remove_work, cxl_vphb_remove_work);
	mutex_init(&vphb->add_lock);
	mutex_init(&vphb->ctx_lock);
	raw_spin_lock_init(&vphb->lock);
	vphb->error_state = pci_channel_io_normal;
	vphb->afu = afu;
	afu->vphb = vphb;
	return 0;
}

/**
 * cxl_vphb_free() - free the PCI side of an AFU
 * @afu: AFU to which nobody refers any more, nor to its bus
 */
void cxl_vphb_free(struct cxl_afu *afu)
{
	kfree(afu->vphb);
}

/**
 * cxl_vphb_add() - create the PCI devices of an AFU
 * @afu: AFU that is ready for use
 *
 * They appear a moment after this has returned, see cxl_vphb_settle().  A
 * failure to create them is only logged, since the AFU can be used without
 * them.
 *
 * Context: process context, maybe with pci_lock_rescan_remove() held.
 */
void cxl_vphb_add(struct cxl_afu *afu)
{
	if (!afu->vphb)
		return;
	get_device(&afu->dev);
	queue_work(cxl_vphb_wq, &afu->vphb->add_work);
}

/**
 * cxl_vphb_remove() - unbind the drivers of an AFU that goes away
 * @afu: AFU that still works
 *
 * When this returns, no AFU driver uses the AFU, and its records read as
 * absent. The devices are removed a moment later.
 *
 * Context: process context, maybe with pci_lock_rescan_remove() held.
 */
void cxl_vphb_remove(struct cxl_afu *afu)
{
	struct cxl_vphb *vphb = afu->vphb;
	struct pci_dev *pdev;
	unsigned int i;

	if (!vphb)
		return;

	mutex_lock(&vphb->add_lock);
	WRITE_ONCE(vphb->removed, true);
	mutex_unlock(&vphb->add_lock);

	for (i = 0; i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (!pdev)
			continue;
		device_release_driver(&pdev->dev);
		pci_dev_put(pdev);
	}

	raw_spin_lock_irq(&vphb->lock);
	vphb->gone = true;
	raw_spin_unlock_irq(&vphb->lock);

	queue_work(cxl_vphb_wq, &vphb->remove_work);
}

/**
 * cxl_vphb_settle() - wait until all buses are added and removed
 *
 * Context: process context, without pci_lock_rescan_remove() held.
 */
void cxl_vphb_settle(void)
{
	flush_workqueue(cxl_vphb_wq);
}

int cxl_vphb_init(void)
{
	int rc;

	cxl_vphb_wq = alloc_ordered_workqueue("cxl_vphb", 0);
	if (!cxl_vphb_wq)
		return -ENOMEM;
	rc = bus_register_notifier(&pci_bus_type, &cxl_vphb_nb);
	if (rc)
		destroy_workqueue(cxl_vphb_wq);
	return rc;
}

/* All cards are gone: wait until the last buses are removed. */
void cxl_vphb_exit(void)
{
	destroy_workqueue(cxl_vphb_wq);
	cxl_vpci_exit();
	bus_unregister_notifier(&pci_bus_type, &cxl_vphb_nb);
}
