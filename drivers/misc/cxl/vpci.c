// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual PCI: host bridges without hardware behind them, each with one bus in
 * a domain of its own.  Their configuration space is what the owner answers.
 */
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "compat_pci.h"
#include "cxl.h"

/* ACPI has 16 bits for a domain: nothing real lies above */
#define CXL_VPCI_FIRST_DOMAIN	0x10000

/**
 * struct cxl_vpci - a virtual host bridge
 * @ops: configuration space, the owner's
 * @data: for @ops
 * @bridge: bridge; its private area points back here
 * @busn: range of bus numbers, just the one
 * @host: the architecture's
 */
struct cxl_vpci {
	const struct cxl_vpci_ops *ops;
	void *data;
	struct pci_host_bridge *bridge;
	struct resource busn;
	struct cxl_vpci_host host;
};

static struct cxl_vpci *cxl_vpci_of_bus(struct pci_bus *bus)
{
	struct cxl_vpci **priv = pci_host_bridge_priv(pci_find_host_bridge(bus));

	return *priv;
}

static u32 cxl_vpci_mask(int size)
{
	return GENMASK(8 * size - 1, 0);
}

static int cxl_vpci_read(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 *val)
{
	struct cxl_vpci *vpci = cxl_vpci_of_bus(bus);
	u32 word;

	PCI_SET_ERROR_RESPONSE(val);
	if (!pci_is_root_bus(bus) ||
	    vpci->ops->read(vpci->data, devfn, where & ~3, &word))
		return PCIBIOS_DEVICE_NOT_FOUND;

	*val = (word >> (8 * (where & 3))) & cxl_vpci_mask(size);
	return PCIBIOS_SUCCESSFUL;
}

static int cxl_vpci_write(struct pci_bus *bus, unsigned int devfn, int where,
			  int size, u32 val)
{
	struct cxl_vpci *vpci = cxl_vpci_of_bus(bus);
	unsigned int shift = 8 * (where & 3);

	if (!pci_is_root_bus(bus) ||
	    vpci->ops->write(vpci->data, devfn, where & ~3, val << shift,
			     cxl_vpci_mask(size) << shift))
		return PCIBIOS_DEVICE_NOT_FOUND;

	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops cxl_vpci_pci_ops = {
	.read = cxl_vpci_read,
	.write = cxl_vpci_write,
};

/* Stays free while pci_lock_rescan_remove is held. */
static int cxl_vpci_free_domain(void)
{
	int domain = CXL_VPCI_FIRST_DOMAIN;
	struct pci_bus *bus = NULL;

	while ((bus = pci_find_next_bus(bus)))
		domain = max(domain, pci_domain_nr(bus) + 1);

	return domain;
}

/*
 * Scan the bus; frees the bridge when that fails.  The PCI core then does one
 * half of it: a bridge that could not be added has lost its reference, one
 * whose bus could not be added has not, and both have lost their windows.
 */
static int cxl_vpci_scan(struct pci_host_bridge *bridge)
{
	struct resource_entry *window;
	bool freed;
	int rc;

	window = list_first_entry_or_null(&bridge->windows,
					  struct resource_entry, node);
	if (!window) {
		pci_free_host_bridge(bridge);
		return -ENOMEM;
	}

	get_device(&bridge->dev);
	rc = pci_scan_root_bus_bridge(bridge);
	if (!rc) {
		put_device(&bridge->dev);
		return 0;
	}

	/* Some architectures set one of their own during the scan. */
	pci_set_host_bridge_release(bridge, NULL, NULL);
	if (list_empty(&bridge->windows))
		kfree(window);
	/* Nobody can have found it: it is not there. */
	freed = kref_read(&bridge->dev.kobj.kref) == 1;
	put_device(&bridge->dev);
	if (!freed)
		pci_free_host_bridge(bridge);
	return rc;
}

/**
 * cxl_vpci_create_locked() - cxl_vpci_create() by who holds the PCI core's lock
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
	struct cxl_vpci **priv;
	struct cxl_vpci *vpci;
	int rc;

	vpci = kzalloc(sizeof(*vpci), GFP_KERNEL);
	if (!vpci)
		return ERR_PTR(-ENOMEM);
	bridge = pci_alloc_host_bridge(sizeof(*priv));
	if (!bridge) {
		rc = -ENOMEM;
		goto err_vpci;
	}

	vpci->ops = ops;
	vpci->data = data;
	vpci->bridge = bridge;
	vpci->busn.name = "cxl virtual bus";
	vpci->busn.flags = IORESOURCE_BUS;

	priv = pci_host_bridge_priv(bridge);
	*priv = vpci;
	bridge->dev.parent = parent;
	bridge->ops = &cxl_vpci_pci_ops;
	pci_add_resource(&bridge->windows, &vpci->busn);
	rc = cxl_vpci_host_init(&vpci->host, bridge, cxl_vpci_free_domain());
	if (rc)
		goto err_bridge;

	rc = cxl_vpci_scan(bridge);
	if (rc)
		goto err_host;
	cxl_vpci_host_scanned(&vpci->host, bridge);

	/* Message signalled interrupts would have nobody to send them */
	bridge->bus->bus_flags |= PCI_BUS_FLAGS_NO_MSI;
	pci_bus_claim_resources(bridge->bus);
	return vpci;

err_host:
	cxl_vpci_host_exit(&vpci->host);
	goto err_vpci;
err_bridge:
	pci_free_host_bridge(bridge);
err_vpci:
	kfree(vpci);
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
 * A card's driver that is bound here registers AFUs, whose own buses are added
 * once the PCI core's lock is free again: wait for them.
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

static void cxl_vpci_released(struct pci_host_bridge *bridge)
{
	complete(bridge->release_data);
}

/**
 * cxl_vpci_remove() - cxl_vpci_destroy() without the AFUs' buses
 * @vpci: bridge
 *
 * Whoever still refers to a device of the bus (a configuration access through
 * sysfs, say) refers to @vpci through it: wait for the last one.
 *
 * Context: process context.
 */
void cxl_vpci_remove(struct cxl_vpci *vpci)
{
	struct pci_host_bridge *bridge = vpci->bridge;
	struct pci_bus *bus = bridge->bus;
	DECLARE_COMPLETION_ONSTACK(released);

	pci_lock_rescan_remove();
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
	pci_unlock_rescan_remove();

	/* Not earlier: some architectures set their own during the scan */
	pci_set_host_bridge_release(bridge, cxl_vpci_released, &released);
	pci_free_host_bridge(bridge);
	wait_for_completion(&released);
	cxl_vpci_host_exit(&vpci->host);
	kfree(vpci);
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
 * cxl_vpci_set_dma_linear() - let DMA addresses be addresses for an AFU
 * @pdev: device that is about to be bound
 *
 * What a kernel context works on are kernel addresses (in-kernel API §8).
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
	return vpci->ops == ops ? vpci->data : NULL;
}
EXPORT_SYMBOL_GPL(cxl_vpci_from_dev);
