// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual PCI: host bridges without hardware, each with one bus in a domain of
 * its own.  Accesses to configuration space call the owner.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat_pci.h"
#include "cxl.h"

/**
 * struct cxl_vpci - a virtual host bridge, in the private area of the PCI
 * core's bridge: whoever refers to one of its devices keeps it
 * @lock: guards @ops, and is held while they are called
 * @ops: configuration space, by the owner; NULL once the bridge is removed
 * @data: for @ops; constant
 * @bridge: the PCI core's bridge
 * @busn: range of bus numbers: only one
 * @pinned: the bridge keeps the module from being unloaded
 * @host: the architecture's data
 */
struct cxl_vpci {
	raw_spinlock_t lock;		/* guards ops */
	const struct cxl_vpci_ops *ops;
	void *data;
	struct pci_host_bridge *bridge;
	struct resource busn;
	bool pinned;
	struct cxl_vpci_host host;
};

/* Existing bridges, including those removed but still referenced */
static atomic_t cxl_vpci_count;
static DECLARE_WAIT_QUEUE_HEAD(cxl_vpci_released_wq);

static struct cxl_vpci *cxl_vpci_of_bus(struct pci_bus *bus)
{
	return pci_host_bridge_priv(pci_find_host_bridge(bus));
}

static u32 cxl_vpci_mask(int size)
{
	return GENMASK(8 * size - 1, 0);
}

static int cxl_vpci_read(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 *val)
{
	struct cxl_vpci *vpci = cxl_vpci_of_bus(bus);
	unsigned long flags;
	int rc = -ENODEV;
	u32 word;

	PCI_SET_ERROR_RESPONSE(val);
	if (!pci_is_root_bus(bus))
		return PCIBIOS_DEVICE_NOT_FOUND;

	raw_spin_lock_irqsave(&vpci->lock, flags);
	if (vpci->ops)
		rc = vpci->ops->read(vpci->data, devfn, where & ~3, &word);
	raw_spin_unlock_irqrestore(&vpci->lock, flags);
	if (rc)
		return PCIBIOS_DEVICE_NOT_FOUND;

	*val = (word >> (8 * (where & 3))) & cxl_vpci_mask(size);
	return PCIBIOS_SUCCESSFUL;
}

static int cxl_vpci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 val)
{
	struct cxl_vpci *vpci = cxl_vpci_of_bus(bus);
	unsigned int shift = 8 * (where & 3);
	unsigned long flags;
	int rc = -ENODEV;

	if (!pci_is_root_bus(bus))
		return PCIBIOS_DEVICE_NOT_FOUND;

	raw_spin_lock_irqsave(&vpci->lock, flags);
	if (vpci->ops)
		rc = vpci->ops->write(vpci->data, devfn, where & ~3,
				      val << shift,
				      cxl_vpci_mask(size) << shift);
	raw_spin_unlock_irqrestore(&vpci->lock, flags);
	return rc ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

static struct pci_ops cxl_vpci_pci_ops = {
	.read = cxl_vpci_read,
	.write = cxl_vpci_write,
};

static bool cxl_vpci_domain_is_free(int domain)
{
	struct pci_bus *bus = NULL;

	while ((bus = pci_find_next_bus(bus)))
		if (pci_domain_nr(bus) == domain)
			return false;
	return true;
}

/*
 * Take the last free domain: firmware and some drivers number theirs from 0 on.
 * The number has 16 bits, as in ACPI: some programs and IOMMU drivers know no
 * others.
 */
static int cxl_vpci_choose_domain(struct cxl_vpci *vpci)
{
	int rc = -ENOSPC;
	int domain;

	for (domain = U16_MAX; rc == -ENOSPC && domain > 0; domain--) {
		if (cxl_vpci_domain_is_free(domain))
			rc = cxl_vpci_host_init(&vpci->host, vpci->bridge,
						domain);
	}
	return rc;
}

/*
 * Scan the bus.  If that fails, the PCI core undoes only part of it.  The
 * bridge has lost its windows.  It has lost its reference if the bridge could
 * not be added, but not if its bus could not.  After this it has one reference
 * in any case.
 */
static int cxl_vpci_scan(struct pci_host_bridge *bridge)
{
	struct resource_entry *window;
	int rc;

	window = list_first_entry_or_null(&bridge->windows,
					  struct resource_entry, node);
	if (!window)
		return -ENOMEM;

	get_device(&bridge->dev);
	rc = pci_scan_root_bus_bridge(bridge);
	if (!rc) {
		put_device(&bridge->dev);
		return 0;
	}

	/* Some architectures set a release function during the scan. */
	pci_set_host_bridge_release(bridge, NULL, NULL);
	if (list_empty(&bridge->windows))
		kfree(window);
	/* The bridge never appeared, so nobody can refer to it. */
	if (kref_read(&bridge->dev.kobj.kref) > 1)
		put_device(&bridge->dev);
	return rc;
}

/* Nobody refers to the bridge or to a device of its bus any more. */
static void cxl_vpci_released(struct pci_host_bridge *bridge)
{
	struct cxl_vpci *vpci = bridge->release_data;
	bool pinned = vpci->pinned;

	cxl_vpci_host_exit(&vpci->host);
	if (atomic_dec_and_test(&cxl_vpci_count))
		wake_up(&cxl_vpci_released_wq);
	if (pinned)
		module_put(THIS_MODULE);
}

/**
 * cxl_vpci_create_locked() - cxl_vpci_create() with the PCI core's lock held
 * @parent: see there
 * @ops: see there
 * @data: see there
 *
 * Context: process context, pci_lock_rescan_remove() held.
 */
struct cxl_vpci *cxl_vpci_create_locked(struct device *parent,
					const struct cxl_vpci_ops *ops,
					void *data)
{
	struct pci_host_bridge *bridge;
	struct cxl_vpci *vpci;
	int rc;

	bridge = pci_alloc_host_bridge(sizeof(*vpci));
	if (!bridge)
		return ERR_PTR(-ENOMEM);

	vpci = pci_host_bridge_priv(bridge);
	raw_spin_lock_init(&vpci->lock);
	vpci->ops = ops;
	vpci->data = data;
	vpci->bridge = bridge;
	vpci->busn.name = "cxl virtual bus";
	vpci->busn.flags = IORESOURCE_BUS;

	bridge->dev.parent = parent;
	bridge->ops = &cxl_vpci_pci_ops;
	pci_add_resource(&bridge->windows, &vpci->busn);
	rc = cxl_vpci_choose_domain(vpci);
	if (rc)
		goto err_bridge;

	rc = cxl_vpci_scan(bridge);
	if (rc)
		goto err_host;
	atomic_inc(&cxl_vpci_count);
	pci_set_host_bridge_release(bridge, cxl_vpci_released, vpci);
	cxl_vpci_host_scanned(&vpci->host, bridge);

	/* No hardware could send message signalled interrupts. */
	bridge->bus->bus_flags |= PCI_BUS_FLAGS_NO_MSI;
	pci_bus_claim_resources(bridge->bus);
	return vpci;

err_host:
	cxl_vpci_host_exit(&vpci->host);
err_bridge:
	pci_free_host_bridge(bridge);
	return ERR_PTR(rc);
}

struct cxl_vpci *cxl_vpci_create(struct device *parent,
				 const struct cxl_vpci_ops *ops, void *data)
{
	struct cxl_vpci *vpci;

	pci_lock_rescan_remove();
	vpci = cxl_vpci_create_locked(parent, ops, data);
	pci_unlock_rescan_remove();

	return vpci;
}
EXPORT_SYMBOL_GPL(cxl_vpci_create);

/*
 * A card's driver that is bound here registers AFUs.  Their own buses are added
 * when the PCI core's lock is free again: wait for that.
 */
void cxl_vpci_add_devices(struct cxl_vpci *vpci)
{
	pci_lock_rescan_remove();
	pci_bus_add_devices(vpci->bridge->bus);
	pci_unlock_rescan_remove();
	cxl_vphb_settle();
}
EXPORT_SYMBOL_GPL(cxl_vpci_add_devices);

void cxl_vpci_rescan(struct cxl_vpci *vpci)
{
	pci_lock_rescan_remove();
	pci_rescan_bus(vpci->bridge->bus);
	pci_unlock_rescan_remove();
	cxl_vphb_settle();
}
EXPORT_SYMBOL_GPL(cxl_vpci_rescan);

/**
 * cxl_vpci_remove() - cxl_vpci_destroy(), but do not wait for the AFUs' buses
 * @vpci: bridge
 *
 * Context: process context.
 */
void cxl_vpci_remove(struct cxl_vpci *vpci)
{
	struct pci_host_bridge *bridge = vpci->bridge;
	struct pci_bus *bus = bridge->bus;

	pci_lock_rescan_remove();
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
	pci_unlock_rescan_remove();

	raw_spin_lock_irq(&vpci->lock);
	WRITE_ONCE(vpci->ops, NULL);
	raw_spin_unlock_irq(&vpci->lock);

	/* Fails only in cxl_vpci_exit(), which waits. */
	vpci->pinned = try_module_get(THIS_MODULE);
	pci_free_host_bridge(bridge);
}

void cxl_vpci_destroy(struct cxl_vpci *vpci)
{
	if (!vpci)
		return;

	cxl_vpci_remove(vpci);
	cxl_vphb_settle();
}
EXPORT_SYMBOL_GPL(cxl_vpci_destroy);

/**
 * cxl_vpci_set_dma_linear() - make DMA addresses valid addresses for an AFU
 * @pdev: device that is about to be bound
 *
 * A kernel context works on kernel addresses, so these must be the same.
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int cxl_vpci_set_dma_linear(struct pci_dev *pdev)
{
	pdev->dma_mask = DMA_BIT_MASK(64);
	pdev->dev.coherent_dma_mask = DMA_BIT_MASK(64);
	return cxl_vpci_dma_linear(pdev);
}

struct pci_bus *cxl_vpci_bus(struct cxl_vpci *vpci)
{
	return vpci->bridge->bus;
}
EXPORT_SYMBOL_GPL(cxl_vpci_bus);

void *cxl_vpci_from_dev(struct pci_dev *pdev, const struct cxl_vpci_ops *ops)
{
	struct cxl_vpci *vpci;

	if (!pdev || pdev->bus->ops != &cxl_vpci_pci_ops)
		return NULL;

	vpci = cxl_vpci_of_bus(pdev->bus);
	return READ_ONCE(vpci->ops) == ops ? vpci->data : NULL;
}
EXPORT_SYMBOL_GPL(cxl_vpci_from_dev);

/**
 * cxl_vpci_exit() - wait until no bridge is left
 *
 * All bridges have been removed by now, but a bridge that is still referenced
 * keeps the module loaded.
 */
void cxl_vpci_exit(void)
{
	wait_event(cxl_vpci_released_wq, !atomic_read(&cxl_vpci_count));
}
