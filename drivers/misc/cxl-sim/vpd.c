// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vital product data of the card, in the format of the PCI specification: an
 * identifier string; a list of read-only fields, the last of which makes the
 * sum of all bytes so far 0; and an end tag.
 */
#include <linux/pci.h>
#include <linux/string.h>

#include "sim.h"

#define VPD_HEADER_SIZE	3	/* of a large resource: tag, 16-bit length */
#define VPD_FIELD_SIZE	3	/* of a field's header: keyword, 8-bit length */
#define VPD_END		0x78	/* small resource, no data */

static const struct {
	const char *keyword;
	const char *value;
} fields[] = {
	{ PCI_VPD_RO_KEYWORD_PARTNO, "CXLSIM1" },
	{ "EC", "1" },	/* engineering change level */
	{ PCI_VPD_RO_KEYWORD_MFR_ID, "1014" },
	{ PCI_VPD_RO_KEYWORD_SERIALNO, "0000000001" },
};

static u8 *put_header(u8 *p, u8 tag, unsigned int len)
{
	*p++ = tag;
	*p++ = len & 0xff;
	*p++ = len >> 8;
	return p;
}

static u8 *put_field(u8 *p, const char *keyword, const char *value)
{
	size_t len = strlen(value);

	*p++ = keyword[0];
	*p++ = keyword[1];
	*p++ = len;
	memcpy(p, value, len);
	return p + len;
}

/* The checksum field: one byte, and no reserved space after it */
static u8 *put_checksum(u8 *vpd, u8 *p)
{
	u8 sum = 0;
	u8 *byte;

	p = put_field(p, PCI_VPD_RO_KEYWORD_CHKSUM, "?") - 1;
	for (byte = vpd; byte < p; byte++)
		sum += *byte;
	*p++ = -sum;
	return p;
}

/**
 * sim_vpd_build() - make a card's VPD
 * @settings: the card's settings, for the world wide port names
 * @vpd: buffer of SIM_VPD_SIZE bytes
 *
 * Return: its length.
 */
unsigned int sim_vpd_build(const struct sim_card_settings *settings, u8 *vpd)
{
	static const char id[] = "CXL software card";
	char keyword[] = "V5";
	u8 *p, *list;
	int i;

	p = put_header(vpd, PCI_VPD_LRDT_ID_STRING, strlen(id));
	memcpy(p, id, strlen(id));
	p += strlen(id);

	/* The length is known at the end, but is part of the checksum. */
	list = p;
	p += VPD_HEADER_SIZE;
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		p = put_field(p, fields[i].keyword, fields[i].value);
	for (i = 0; i < SIM_NUM_WWPNS; i++, keyword[1]++)
		if (*settings->wwpn[i])
			p = put_field(p, keyword, settings->wwpn[i]);
	put_header(list, PCI_VPD_LRDT_RO_DATA,
		   p - list - VPD_HEADER_SIZE + VPD_FIELD_SIZE + 1);
	p = put_checksum(vpd, p);
	*p++ = VPD_END;
	return p - vpd;
}
