/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PCI host bridge without hardware needs on each architecture: the
 * bus's sysdata, through which the PCI core asks for the domain.  Only vpci.c
 * includes this.
 */
#ifndef _CXL_COMPAT_PCI_H
#define _CXL_COMPAT_PCI_H

#include <linux/pci.h>

#ifdef CONFIG_X86
/**
 * struct cxl_vpci_host - what the architecture keeps of a virtual bridge
 * @sysdata: must live as long as the bus
 */
struct cxl_vpci_host {
	struct pci_sysdata sysdata;
};

/**
 * cxl_vpci_host_init() - prepare a bridge for its registration
 * @host: zeroed
 * @bridge: bridge
 * @domain: number of its PCI domain
 */
static inline void cxl_vpci_host_init(struct cxl_vpci_host *host,
				      struct pci_host_bridge *bridge,
				      int domain)
{
	host->sysdata.domain = domain;
	host->sysdata.node = NUMA_NO_NODE;
	bridge->sysdata = &host->sysdata;
}
#endif

#endif /* _CXL_COMPAT_PCI_H */
