// SPDX-License-Identifier: GPL-2.0-only
/* Virtual PCI buses, as card drivers use them (backend.h). */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../../../drivers/misc/cxl/backend.h"
#include "test_api.h"

#define WORDS		(PCI_CFG_SPACE_SIZE / 4)
#define MSI_CAP		0x40
/* An offset that means nothing to the PCI core */
#define SCRATCH		0x80
#define DEVICE_ID	0x43ff
#define TEARDOWNS	100

/* Functions of a bus: 0 and 1 of the first slot, 0 of the second */
static const unsigned int devfns[] = { 0, 1, PCI_DEVFN(1, 0) };

/**
 * struct test_bus - a virtual bus and the data of its functions
 * @vpci: the bus
 * @config: configuration space of each of @devfns
 * @hidden: no function answers
 */
struct test_bus {
	struct cxl_vpci *vpci;
	u32 config[ARRAY_SIZE(devfns)][WORDS];
	bool hidden;
};

static u32 *test_word(struct test_bus *bus, unsigned int devfn,
		      unsigned int offset)
{
	int i;

	if (bus->hidden || offset % 4 || offset / 4 >= WORDS)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(devfns); i++)
		if (devfns[i] == devfn)
			return &bus->config[i][offset / 4];
	return NULL;
}

static int test_read(void *data, unsigned int devfn, unsigned int offset,
		     u32 *val)
{
	u32 *word = test_word(data, devfn, offset);

	if (!word)
		return -ENODEV;
	*val = *word;
	return 0;
}

/* BARs, identity and capabilities are read-only. */
static int test_write(void *data, unsigned int devfn, unsigned int offset,
		      u32 val, u32 mask)
{
	u32 *word = test_word(data, devfn, offset);

	if (!word)
		return -ENODEV;
	if (offset == PCI_COMMAND || offset >= SCRATCH)
		*word = (*word & ~mask) | (val & mask);
	return 0;
}

static const struct cxl_vpci_ops test_ops = {
	.read = test_read,
	.write = test_write,
};

static const struct cxl_vpci_ops other_ops = {
	.read = test_read,
	.write = test_write,
};

static struct test_bus *test_bus_create(struct test_run *t)
{
	struct test_bus *bus = kzalloc(sizeof(*bus), GFP_KERNEL);
	int i;

	if (!CHECK(t, bus))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(devfns); i++) {
		u32 *config = bus->config[i];

		config[PCI_VENDOR_ID / 4] = PCI_VENDOR_ID_IBM |
					    DEVICE_ID << 16;
		config[PCI_CLASS_REVISION / 4] = 0x12000001;
		/* Several functions in the first slot */
		config[PCI_CACHE_LINE_SIZE / 4] = 0x00800000;
		config[PCI_COMMAND / 4] = PCI_STATUS_CAP_LIST << 16;
		config[PCI_CAPABILITY_LIST / 4] = MSI_CAP;
		config[MSI_CAP / 4] = PCI_CAP_ID_MSI;
	}
	bus->vpci = cxl_vpci_create(NULL, &test_ops, bus);
	if (CHECK_EQ(t, PTR_ERR_OR_ZERO(bus->vpci), 0))
		return bus;
	kfree(bus);
	return NULL;
}

static void test_bus_destroy(struct test_bus *bus)
{
	cxl_vpci_destroy(bus->vpci);
	kfree(bus);
}

/* How many of the bus's functions the PCI core knows */
static int test_count(struct test_bus *bus)
{
	struct pci_dev *pdev;
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(devfns); i++) {
		pdev = pci_get_slot(cxl_vpci_bus(bus->vpci), devfns[i]);
		if (pdev)
			n++;
		pci_dev_put(pdev);
	}
	return n;
}

static void vpci_accesses_of_every_size(struct test_run *t)
{
	struct test_bus *bus = test_bus_create(t);
	struct pci_bus *pci;
	u32 *word, dword;
	u16 half;
	u8 byte;

	if (!bus)
		return;
	pci = cxl_vpci_bus(bus->vpci);
	word = &bus->config[1][SCRATCH / 4];

	*word = 0x44332211;
	CHECK_EQ(t, pci_bus_read_config_dword(pci, 1, SCRATCH, &dword), 0);
	CHECK_EQ(t, dword, 0x44332211);
	CHECK_EQ(t, pci_bus_read_config_word(pci, 1, SCRATCH, &half), 0);
	CHECK_EQ(t, half, 0x2211);
	CHECK_EQ(t, pci_bus_read_config_word(pci, 1, SCRATCH + 2, &half), 0);
	CHECK_EQ(t, half, 0x4433);
	CHECK_EQ(t, pci_bus_read_config_byte(pci, 1, SCRATCH + 1, &byte), 0);
	CHECK_EQ(t, byte, 0x22);
	CHECK_EQ(t, pci_bus_read_config_byte(pci, 1, SCRATCH + 3, &byte), 0);
	CHECK_EQ(t, byte, 0x44);

	CHECK_EQ(t, pci_bus_write_config_byte(pci, 1, SCRATCH + 2, 0xaa), 0);
	CHECK_EQ(t, *word, 0x44aa2211);
	CHECK_EQ(t, pci_bus_write_config_word(pci, 1, SCRATCH + 2, 0xbbcc), 0);
	CHECK_EQ(t, *word, 0xbbcc2211);
	CHECK_EQ(t, pci_bus_write_config_word(pci, 1, SCRATCH, 0xddee), 0);
	CHECK_EQ(t, *word, 0xbbccddee);
	CHECK_EQ(t, pci_bus_write_config_dword(pci, 1, SCRATCH, 0x01020304),
		 0);
	CHECK_EQ(t, *word, 0x01020304);
	test_bus_destroy(bus);
}

static void vpci_absent_reads_all_ones(struct test_run *t)
{
	struct test_bus *bus = test_bus_create(t);
	struct pci_bus *pci;
	u32 dword = 0;
	u8 byte = 0;

	if (!bus)
		return;
	pci = cxl_vpci_bus(bus->vpci);
	CHECK_EQ(t, pci_bus_read_config_dword(pci, 2, 0, &dword),
		 PCIBIOS_DEVICE_NOT_FOUND);
	CHECK_EQ(t, dword, 0xffffffff);
	CHECK_EQ(t, pci_bus_read_config_byte(pci, 0, PCI_CFG_SPACE_SIZE, &byte),
		 PCIBIOS_DEVICE_NOT_FOUND);
	CHECK_EQ(t, byte, 0xff);
	CHECK_EQ(t, pci_bus_write_config_byte(pci, 2, 0, 0),
		 PCIBIOS_DEVICE_NOT_FOUND);
	bus->hidden = true;
	CHECK_EQ(t, pci_bus_read_config_dword(pci, 0, 0, &dword),
		 PCIBIOS_DEVICE_NOT_FOUND);
	CHECK_EQ(t, dword, 0xffffffff);
	test_bus_destroy(bus);
}

static void vpci_domain_is_its_own(struct test_run *t)
{
	struct test_bus *a = test_bus_create(t), *b = test_bus_create(t);
	int domain;

	if (!a || !b)
		return;
	domain = pci_domain_nr(cxl_vpci_bus(b->vpci));
	/* Some users cannot handle more than 16 bits. */
	CHECK(t, domain > 0 && domain <= U16_MAX);
	CHECK(t, domain != pci_domain_nr(cxl_vpci_bus(a->vpci)));
	CHECK(t, domain != pci_domain_nr(t->pdev->bus));
	test_bus_destroy(b);
	/* The number is free again: numbers do not grow for ever. */
	b = test_bus_create(t);
	if (b) {
		CHECK_EQ(t, pci_domain_nr(cxl_vpci_bus(b->vpci)), domain);
		test_bus_destroy(b);
	}
	test_bus_destroy(a);
}

static void vpci_device_leads_to_its_data(struct test_run *t)
{
	struct test_bus *bus = test_bus_create(t);
	struct pci_dev *pdev;

	if (!bus)
		return;
	CHECK_EQ(t, test_count(bus), ARRAY_SIZE(devfns));
	pdev = pci_get_slot(cxl_vpci_bus(bus->vpci), devfns[2]);
	if (CHECK(t, pdev)) {
		CHECK(t, cxl_vpci_from_dev(pdev, &test_ops) == bus);
		CHECK(t, !cxl_vpci_from_dev(pdev, &other_ops));
	}
	pci_dev_put(pdev);
	CHECK(t, !cxl_vpci_from_dev(t->pdev, &test_ops));
	CHECK(t, !cxl_vpci_from_dev(NULL, &test_ops));
	pdev = pci_get_domain_bus_and_slot(0, 0, 0);
	CHECK(t, !cxl_vpci_from_dev(pdev, &test_ops));
	pci_dev_put(pdev);
	test_bus_destroy(bus);
}

/*
 * A driver for the buses' functions
 */

static atomic_t probed, unbound;
static int probe_problems;

static int vpci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void *mem = kmalloc(64, GFP_KERNEL);
	dma_addr_t dma;

	if (!mem || pci_enable_device(pdev))
		return -ENOMEM;
	/* Nothing would send them. */
	if (pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI) >= 0)
		probe_problems++;
	dma = dma_map_single(&pdev->dev, mem, 64, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, dma))
		probe_problems++;
	else
		dma_unmap_single(&pdev->dev, dma, 64, DMA_TO_DEVICE);
	kfree(mem);
	atomic_inc(&probed);
	return 0;
}

static void vpci_unbind(struct pci_dev *pdev)
{
	atomic_inc(&unbound);
	pci_disable_device(pdev);
}

static const struct pci_device_id vpci_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, DEVICE_ID) },
	{ }
};

static struct pci_driver vpci_driver = {
	.name = "cxl_test_vpci",
	.id_table = vpci_ids,
	.probe = vpci_probe,
	.remove = vpci_unbind,
};

static bool vpci_driver_add(struct test_run *t)
{
	atomic_set(&probed, 0);
	atomic_set(&unbound, 0);
	probe_problems = 0;
	return CHECK_EQ(t, pci_register_driver(&vpci_driver), 0);
}

static void vpci_drivers_bind_when_devices_are_added(struct test_run *t)
{
	struct test_bus *bus;

	if (!vpci_driver_add(t))
		return;
	bus = test_bus_create(t);
	if (bus) {
		CHECK_EQ(t, atomic_read(&probed), 0);
		cxl_vpci_add_devices(bus->vpci);
		CHECK_EQ(t, atomic_read(&probed), ARRAY_SIZE(devfns));
		CHECK_EQ(t, probe_problems, 0);
		test_bus_destroy(bus);
		CHECK_EQ(t, atomic_read(&unbound), ARRAY_SIZE(devfns));
	}
	pci_unregister_driver(&vpci_driver);
}

static void vpci_rescan_finds_what_is_there(struct test_run *t)
{
	struct pci_dev *pdev;
	struct test_bus *bus;

	if (!vpci_driver_add(t))
		return;
	bus = test_bus_create(t);
	if (!bus)
		goto out;
	cxl_vpci_add_devices(bus->vpci);
	pdev = pci_get_slot(cxl_vpci_bus(bus->vpci), devfns[1]);
	if (CHECK(t, pdev)) {
		pci_stop_and_remove_bus_device_locked(pdev);
		pci_dev_put(pdev);
	}
	CHECK_EQ(t, test_count(bus), ARRAY_SIZE(devfns) - 1);
	CHECK_EQ(t, atomic_read(&unbound), 1);
	cxl_vpci_rescan(bus->vpci);
	CHECK_EQ(t, test_count(bus), ARRAY_SIZE(devfns));
	CHECK_EQ(t, atomic_read(&probed), ARRAY_SIZE(devfns) + 1);
	test_bus_destroy(bus);
out:
	pci_unregister_driver(&vpci_driver);
}

/* After any mix of removing, rescanning, unbinding and adding */
static void vpci_teardown_in_any_order(struct test_run *t)
{
	struct test_bus *bus;
	struct pci_dev *pdev;
	int i, j;

	cxl_vpci_destroy(NULL);
	if (!vpci_driver_add(t))
		return;
	for (i = 0; i < TEARDOWNS; i++) {
		bus = test_bus_create(t);
		if (!bus)
			break;
		if (i & 1)
			cxl_vpci_add_devices(bus->vpci);
		for (j = 0; j < ARRAY_SIZE(devfns); j++) {
			pdev = pci_get_slot(cxl_vpci_bus(bus->vpci), devfns[j]);
			if (pdev && i & 2 << j)
				pci_stop_and_remove_bus_device_locked(pdev);
			else if (pdev && i & 1)
				device_release_driver(&pdev->dev);
			pci_dev_put(pdev);
		}
		if (i % 3 == 0)
			cxl_vpci_rescan(bus->vpci);
		bus->hidden = i % 5 == 0;
		test_bus_destroy(bus);
		if (!CHECK_EQ(t, atomic_read(&probed), atomic_read(&unbound)))
			break;
	}
	CHECK_EQ(t, i, TEARDOWNS);
	CHECK(t, atomic_read(&probed) > TEARDOWNS);
	pci_unregister_driver(&vpci_driver);
}

/* A reference that somebody still holds delays neither this bus nor others. */
static void vpci_destroy_leaves_references_alone(struct test_run *t)
{
	struct test_bus *bus = test_bus_create(t), *next;
	struct pci_dev *pdev;
	u32 dword = 0;

	if (!bus)
		return;
	cxl_vpci_add_devices(bus->vpci);
	pdev = pci_get_slot(cxl_vpci_bus(bus->vpci), devfns[0]);
	test_bus_destroy(bus);
	if (!CHECK(t, pdev))
		return;

	CHECK_EQ(t, pci_bus_read_config_dword(pdev->bus, pdev->devfn, 0,
					      &dword),
		 PCIBIOS_DEVICE_NOT_FOUND);
	CHECK_EQ(t, dword, 0xffffffff);
	CHECK_EQ(t, pci_bus_write_config_dword(pdev->bus, pdev->devfn,
					       SCRATCH, 0),
		 PCIBIOS_DEVICE_NOT_FOUND);
	CHECK(t, !cxl_vpci_from_dev(pdev, &test_ops));
	next = test_bus_create(t);
	if (next) {
		CHECK_EQ(t, test_count(next), ARRAY_SIZE(devfns));
		test_bus_destroy(next);
	}
	pci_dev_put(pdev);
}

/* Use the other record: the driver binds to only one. */
static void vpci_unbound_device_gets_no_context(struct test_run *t)
{
	struct pci_dev *pdev = pci_get_slot(t->pdev->bus, t->pdev->devfn ^ 1);

	if (!CHECK(t, pdev))
		return;
	CHECK(t, !pdev->dev.driver);
	CHECK_EQ(t, PTR_ERR_OR_ZERO(cxl_dev_context_init(pdev)), -ENODEV);
	pci_dev_put(pdev);
}

const struct test_case test_vpci[] = {
	{ "vpci_accesses_of_every_size", vpci_accesses_of_every_size },
	{ "vpci_absent_reads_all_ones", vpci_absent_reads_all_ones },
	{ "vpci_domain_is_its_own", vpci_domain_is_its_own },
	{ "vpci_device_leads_to_its_data", vpci_device_leads_to_its_data },
	{ "vpci_drivers_bind_when_devices_are_added",
	  vpci_drivers_bind_when_devices_are_added },
	{ "vpci_rescan_finds_what_is_there", vpci_rescan_finds_what_is_there },
	{ "vpci_teardown_in_any_order", vpci_teardown_in_any_order },
	{ "vpci_unbound_device_gets_no_context",
	  vpci_unbound_device_gets_no_context },
	{ "vpci_destroy_leaves_references_alone",
	  vpci_destroy_leaves_references_alone },
	{ }
};
