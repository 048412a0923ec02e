// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI configuration space of a function without resources, in memory: the
 * card's own, and the configuration records of its AFUs.
 */
#include <linux/pci.h>

#include "sim.h"

/* Bit of the header type, in the word at PCI_CACHE_LINE_SIZE */
#define SIM_PCI_MULTIFUNCTION	0x00800000

static void set_word(struct sim_pci_config *config, unsigned int offset,
		     u32 val, u32 writable)
{
	config->word[offset / sizeof(u32)] = val;
	config->writable[offset / sizeof(u32)] = writable;
}

/**
 * sim_pci_config_init() - set up a type 0 function without BARs or capabilities
 * @config: configuration space
 * @vendor: vendor ID, also of the subsystem
 * @device: device ID, also of the subsystem
 * @class: class code, 24 bits
 * @multifunction: the device has further functions
 */
void sim_pci_config_init(struct sim_pci_config *config, u16 vendor, u16 device,
			 u32 class, bool multifunction)
{
	u32 id = vendor | (u32)device << 16;

	memset(config, 0, sizeof(*config));
	set_word(config, PCI_VENDOR_ID, id, 0);
	set_word(config, PCI_COMMAND, 0,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		 PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		 PCI_COMMAND_INTX_DISABLE);
	set_word(config, PCI_CLASS_REVISION, class << 8 | 0x01, 0);
	set_word(config, PCI_CACHE_LINE_SIZE,
		 multifunction ? SIM_PCI_MULTIFUNCTION : 0, 0xff);
	set_word(config, PCI_SUBSYSTEM_VENDOR_ID, id, 0);
	set_word(config, PCI_INTERRUPT_LINE, 0, 0xff);
}

/**
 * sim_pci_config_read() - read a word
 * @config: configuration space
 * @offset: multiple of 4
 * @val: set to the word in CPU byte order
 *
 * Context: any.
 * Return: 0, or -EIO beyond the end.
 */
int sim_pci_config_read(const struct sim_pci_config *config,
			unsigned int offset, u32 *val)
{
	if (offset >= sizeof(config->word))
		return -EIO;
	*val = READ_ONCE(config->word[offset / sizeof(u32)]);
	return 0;
}

/**
 * sim_pci_config_write() - write the writable bits of a word
 * @config: configuration space
 * @offset: multiple of 4
 * @val: new value in CPU byte order
 * @mask: bits to change
 *
 * Context: any; callers are serialised by the PCI core.
 * Return: 0, or -EIO beyond the end.
 */
int sim_pci_config_write(struct sim_pci_config *config, unsigned int offset,
			 u32 val, u32 mask)
{
	u32 *word;

	if (offset >= sizeof(config->word))
		return -EIO;
	word = &config->word[offset / sizeof(u32)];
	mask &= config->writable[offset / sizeof(u32)];
	WRITE_ONCE(*word, (*word & ~mask) | (val & mask));
	return 0;
}
