// SPDX-License-Identifier: GPL-2.0-only
/* What LUNs say about themselves; all of it is big-endian. */
#include "afu-flash.h"

#include <string.h>

#define VENDOR		"CXL-AFU "
#define PRODUCT		"afu-flash       "
#define REVISION	"1.0 "

/* There is no LUN, but there could be */
#define NO_DEVICE	0x7f

#define PAGE_SUPPORTED	0x00
#define PAGE_SERIAL	0x80
#define PAGE_IDENTITY	0x83
#define PAGE_LIMITS	0xb0
#define PAGE_CHARACTER	0xb1
#define PAGE_THIN	0xb2

#define MODE_ERRORS	0x01
#define MODE_CACHING	0x08
#define MODE_CONTROL	0x0a
#define MODE_ALL	0x3f
#define MODE_SENSE_6	0x1a

/* The driver's requests have at most 64 KiB. */
#define MAX_TRANSFER	0x10000
#define MAX_DESCRIPTORS	((ANSWER_SIZE - 8) / 16)

/* Made of the backing store and the LUN in it: the same whenever they are used. */
static uint64_t identity(const struct command *cmd)
{
	const char *name = options.backing ?: options.node;
	uint64_t hash = 0xcbf29ce484222325ULL;	/* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3ULL;
	return hash ^ cmd->lun;
}

static size_t standard_inquiry(const struct command *cmd, uint8_t *buf)
{
	if (cmd->lun >= MAX_LUNS)
		buf[0] = NO_DEVICE;
	buf[2] = 6;			/* SPC-4 */
	buf[3] = 2;			/* format of this answer */
	buf[4] = 31;			/* bytes that follow */
	buf[7] = 2;			/* a queue of commands */
	memcpy(buf + 8, VENDOR, 8);
	memcpy(buf + 16, PRODUCT, 16);
	memcpy(buf + 32, REVISION, 4);
	return 36;
}

static size_t supported_pages(uint8_t *buf)
{
	static const uint8_t pages[] = {
		PAGE_SUPPORTED, PAGE_SERIAL, PAGE_IDENTITY, PAGE_LIMITS,
		PAGE_CHARACTER, PAGE_THIN,
	};

	memcpy(buf + 4, pages, sizeof(pages));
	return sizeof(pages);
}

static size_t serial_number(const struct command *cmd, uint8_t *buf)
{
	return sprintf((char *)buf + 4, "%016llx",
		       (unsigned long long)identity(cmd));
}

/* A name of 16 bytes in the format of a network address authority (NAA) */
static size_t device_identity(const struct command *cmd, uint8_t *buf)
{
	buf[4] = 0x01;			/* binary */
	buf[5] = 0x03;			/* NAA, of the LUN */
	buf[7] = 16;
	put_be64(0x6005076000000000ULL, buf + 8);
	put_be64(identity(cmd), buf + 16);
	return 20;
}

static size_t block_limits(uint8_t *buf)
{
	put_be32(MAX_TRANSFER / options.block_size, buf + 8);
	put_be32(UINT32_MAX, buf + 20);		/* blocks of an UNMAP */
	put_be32(MAX_DESCRIPTORS, buf + 24);
	put_be32(1, buf + 28);			/* granularity */
	return 60;
}

/* Not a rotating medium */
static size_t block_characteristics(uint8_t *buf)
{
	put_be16(1, buf + 4);
	return 60;
}

/* UNMAP and both WRITE SAME unmap, and unmapped blocks are zeroes. */
static size_t thin_provisioning(uint8_t *buf)
{
	buf[5] = 0x80 | 0x40 | 0x20 | 0x04;
	buf[6] = 0x02;
	return 4;
}

static size_t vital_data(const struct command *cmd, uint8_t *buf)
{
	uint8_t page = cmd->rcb->cdb[2];
	size_t length;

	switch (page) {
	case PAGE_SUPPORTED:
		length = supported_pages(buf);
		break;
	case PAGE_SERIAL:
		length = serial_number(cmd, buf);
		break;
	case PAGE_IDENTITY:
		length = device_identity(cmd, buf);
		break;
	case PAGE_LIMITS:
		length = block_limits(buf);
		break;
	case PAGE_CHARACTER:
		length = block_characteristics(buf);
		break;
	case PAGE_THIN:
		length = thin_provisioning(buf);
		break;
	default:
		return 0;
	}
	buf[1] = page;
	put_be16(length, buf + 2);
	return 4 + length;
}

size_t scsi_inquiry(const struct command *cmd, uint8_t *buf)
{
	const uint8_t *cdb = cmd->rcb->cdb;

	if (!(cdb[1] & 1))
		return cdb[2] ? 0 : standard_inquiry(cmd, buf);
	return cmd->lun < MAX_LUNS ? vital_data(cmd, buf) : 0;
}

size_t scsi_report_luns(uint8_t *buf)
{
	unsigned int lun;

	put_be32(options.luns * 8, buf);
	for (lun = 0; lun < options.luns; lun++)
		put_be16(lun, buf + 8 + lun * 8);
	return 8 + options.luns * 8;
}

size_t scsi_read_capacity_10(uint8_t *buf)
{
	uint64_t last = store_blocks() - 1;

	put_be32(last < UINT32_MAX ? last : UINT32_MAX, buf);
	put_be32(options.block_size, buf + 4);
	return 8;
}

size_t scsi_read_capacity_16(uint8_t *buf)
{
	put_be64(store_blocks() - 1, buf);
	put_be32(options.block_size, buf + 8);
	/* Blocks can be unmapped, and then are zeroes. */
	buf[14] = 0x80 | 0x40;
	return 32;
}

static size_t mode_page(uint8_t page, uint8_t wanted, uint8_t length,
			uint8_t *buf)
{
	if (wanted != page && wanted != MODE_ALL)
		return 0;
	buf[0] = page;
	buf[1] = length;
	return 2 + length;
}

/* There is no write-back cache; everything else is zeroes. */
size_t scsi_mode_sense(const uint8_t *cdb, uint8_t *buf)
{
	uint8_t wanted = cdb[2] & 0x3f;
	bool is_6 = cdb[0] == MODE_SENSE_6;
	size_t header = is_6 ? 4 : 8, length = header;

	length += mode_page(MODE_ERRORS, wanted, 10, buf + length);
	length += mode_page(MODE_CACHING, wanted, 18, buf + length);
	length += mode_page(MODE_CONTROL, wanted, 10, buf + length);
	if (length == header)
		return 0;
	if (is_6)
		buf[0] = length - 1;
	else
		put_be16(length - 2, buf);
	return length;
}
