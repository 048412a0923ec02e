/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PCI host bridge without hardware needs on each architecture: the
 * bus's sysdata, which the PCI core and the architecture's own code ask for the
 * domain and more.  Only vpci.c includes this.
 *
 * Each architecture defines:
 *
 * struct cxl_vpci_host - the architecture's data of a virtual bridge
 * cxl_vpci_host_init() - prepare a bridge for its registration, in the domain
 *	of the given number if we may choose; 0, -ENOSPC (that number is taken)
 *	or another errno
 * cxl_vpci_host_scanned() - its bus exists
 * cxl_vpci_host_exit() - the reverse of cxl_vpci_host_init(), once all of the
 *	bridge is gone
 * cxl_vpci_dma_linear() - let a device's DMA addresses be kernel addresses; 0
 *	or -ENOMEM
 */
#ifndef _CXL_COMPAT_PCI_H
#define _CXL_COMPAT_PCI_H

#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <linux/pci-ecam.h>
#include <linux/slab.h>
#include <linux/version.h>

/* 7.0: the PCI core allocates domain numbers for drivers */
static inline int cxl_vpci_domain_take(int domain)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return pci_bus_find_emul_domain_nr(domain, domain, domain);
#else
	return domain;
#endif
}

static inline void cxl_vpci_domain_give_back(int domain)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	pci_bus_release_emul_domain_nr(domain);
#endif
}

#if defined(CONFIG_X86)

struct cxl_vpci_host {
	struct pci_sysdata sysdata;
};

static inline int cxl_vpci_host_init(struct cxl_vpci_host *host,
				     struct pci_host_bridge *bridge,
				     int domain)
{
	domain = cxl_vpci_domain_take(domain);
	if (domain < 0)
		return domain;
	host->sysdata.domain = domain;
	host->sysdata.node = NUMA_NO_NODE;
	bridge->sysdata = &host->sysdata;
	return 0;
}

static inline void cxl_vpci_host_exit(struct cxl_vpci_host *host)
{
	cxl_vpci_domain_give_back(host->sysdata.domain);
}

#elif defined(CONFIG_ARM64)

/* With ACPI the window's parent would name the bridge; there is none. */
struct cxl_vpci_host {
	struct pci_config_window window;
};

static inline int cxl_vpci_host_init(struct cxl_vpci_host *host,
				     struct pci_host_bridge *bridge,
				     int domain)
{
	domain = cxl_vpci_domain_take(domain);
	if (domain < 0)
		return domain;
	bridge->sysdata = &host->window;
	bridge->domain_nr = domain;
	return 0;
}

/* The core gives the domain's number back. */
static inline void cxl_vpci_host_exit(struct cxl_vpci_host *host)
{
}

#elif defined(CONFIG_PPC64)

struct cxl_vpci_host {
	struct pci_controller *phb;
};

/* Memory is at its physical address, as without an IOMMU. */
static inline void cxl_vpci_dma_dev_setup(struct pci_dev *pdev)
{
	set_dma_ops(&pdev->dev, NULL);
	pdev->dev.archdata.dma_offset = 0;
}

/* 6.4: a bridge's devices are always linked to an IOMMU device */
static inline int cxl_vpci_iommu_add(struct pci_controller *phb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return iommu_device_sysfs_add(&phb->iommu, NULL, NULL, "cxl-vpci%04x",
				      phb->global_number);
#else
	return 0;
#endif
}

static inline void cxl_vpci_iommu_remove(struct pci_controller *phb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	iommu_device_sysfs_remove(&phb->iommu);
#endif
}

static inline int cxl_vpci_dma_linear(struct pci_dev *pdev)
{
	pdev->dev.archdata.dma_offset = PAGE_OFFSET;
	return 0;
}

/* The architecture chooses the domain. */
static inline int cxl_vpci_host_init(struct cxl_vpci_host *host,
				     struct pci_host_bridge *bridge,
				     int domain)
{
	struct pci_controller *phb = pcibios_alloc_controller(NULL);
	int rc;

	if (!phb)
		return -ENOMEM;
	rc = cxl_vpci_iommu_add(phb);
	if (rc) {
		pcibios_free_controller(phb);
		return rc;
	}
	phb->controller_ops.dma_dev_setup = cxl_vpci_dma_dev_setup;
	host->phb = phb;
	bridge->sysdata = phb;
	return 0;
}

static inline void cxl_vpci_host_scanned(struct cxl_vpci_host *host,
					 struct pci_host_bridge *bridge)
{
	host->phb->bus = bridge->bus;
}

static inline void cxl_vpci_host_exit(struct cxl_vpci_host *host)
{
	cxl_vpci_iommu_remove(host->phb);
	pcibios_free_controller(host->phb);
}

#endif

#ifndef CONFIG_PPC64
static inline void cxl_vpci_host_scanned(struct cxl_vpci_host *host,
					 struct pci_host_bridge *bridge)
{
}

/* The driver core frees the map when the driver is unbound. */
static inline int cxl_vpci_dma_linear(struct pci_dev *pdev)
{
	struct bus_dma_region *map;

	if (pdev->dev.dma_range_map)
		return 0;
	map = kcalloc(2, sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	map->cpu_start = __pa(PAGE_OFFSET);
	map->dma_start = PAGE_OFFSET;
	map->size = DMA_MAPPING_ERROR - PAGE_OFFSET;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	/* 6.10: the core calculates it */
	map->offset = map->cpu_start - map->dma_start;
#endif
	pdev->dev.dma_range_map = map;
	return 0;
}
#endif

#endif /* _CXL_COMPAT_PCI_H */
