// SPDX-License-Identifier: GPL-2.0-only
/* SCSI commands of a LUN, except READ and WRITE. */
#include "afu-flash.h"

#include <string.h>

#define CHECK_CONDITION		0x02

/* Fixed format, with an additional length of 10 */
#define SENSE_CURRENT		0x70
#define SENSE_INFORMATION	0x80
#define SENSE_LENGTH		10

enum {
	TEST_UNIT_READY = 0x00,
	REQUEST_SENSE = 0x03,
	INQUIRY = 0x12,
	MODE_SENSE_6 = 0x1a,
	START_STOP = 0x1b,
	READ_CAPACITY_10 = 0x25,
	SYNCHRONIZE_CACHE_10 = 0x35,
	WRITE_SAME_10 = 0x41,
	UNMAP = 0x42,
	MODE_SENSE_10 = 0x5a,
	SYNCHRONIZE_CACHE_16 = 0x91,
	WRITE_SAME_16 = 0x93,
	SERVICE_ACTION_IN = 0x9e,
	REPORT_LUNS = 0xa0,
};

#define READ_CAPACITY_16	0x10	/* service action */

#define SAME_NO_DATA		0x01	/* flag of WRITE SAME (16): write zeroes */

#define UNMAP_HEADER		8
#define UNMAP_DESCRIPTOR	16

static void set_sense(struct command *cmd, uint8_t key, uint8_t code)
{
	uint8_t *sense = cmd->sa.sense;

	memset(sense, 0, sizeof(cmd->sa.sense));
	sense[0] = SENSE_CURRENT;
	sense[2] = key;
	sense[7] = SENSE_LENGTH;
	sense[12] = code;
}

void scsi_fail(struct command *cmd, uint8_t key, uint8_t code)
{
	cmd->sa.flags |= IOASA_SENSE_VALID;
	cmd->sa.scsi_rc = CHECK_CONDITION;
	set_sense(cmd, key, code);
}

void scsi_fail_block(struct command *cmd, uint8_t code, uint64_t block)
{
	scsi_fail(cmd, SENSE_MEDIUM_ERROR, code);
	if (block > UINT32_MAX)
		return;
	cmd->sa.sense[0] |= SENSE_INFORMATION;
	put_be32(block, cmd->sa.sense + 3);
}

bool scsi_check_range(struct command *cmd, uint64_t block, uint64_t blocks)
{
	if (cmd->lun >= MAX_LUNS)
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_NO_LUN);
	else if (block > store_blocks() || blocks > store_blocks() - block)
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_OUT_OF_RANGE);
	else
		return true;
	return false;
}

/* Return as much of an answer as is wanted, and as there is room for. */
static void answer(struct command *cmd, const uint8_t *buf, size_t length,
		   uint32_t wanted)
{
	if (length > wanted)
		length = wanted;
	if (length > cmd->rcb->data_len)
		length = cmd->rcb->data_len;
	if (command_fits(cmd, length))
		command_store(cmd, 0, buf, length);
}

static void request_sense(struct command *cmd)
{
	uint8_t sense[18] = { SENSE_CURRENT, [7] = SENSE_LENGTH };

	answer(cmd, sense, sizeof(sense), cmd->rcb->cdb[4]);
}

static void inquiry(struct command *cmd)
{
	uint8_t buf[ANSWER_SIZE] = { 0 };
	size_t length = scsi_inquiry(cmd, buf);

	if (length)
		answer(cmd, buf, length, get_be16(cmd->rcb->cdb + 3));
	else
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
}

static void report_luns(struct command *cmd)
{
	uint8_t buf[ANSWER_SIZE] = { 0 };
	size_t length = scsi_report_luns(buf);

	answer(cmd, buf, length, get_be32(cmd->rcb->cdb + 6));
}

static void read_capacity(struct command *cmd)
{
	const uint8_t *cdb = cmd->rcb->cdb;
	uint8_t buf[ANSWER_SIZE] = { 0 };
	size_t length;

	if (cdb[0] == READ_CAPACITY_10) {
		length = scsi_read_capacity_10(buf);
		answer(cmd, buf, length, length);
	} else if ((cdb[1] & 0x1f) == READ_CAPACITY_16) {
		length = scsi_read_capacity_16(buf);
		answer(cmd, buf, length, get_be32(cdb + 10));
	} else {
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
	}
}

static void mode_sense(struct command *cmd)
{
	const uint8_t *cdb = cmd->rcb->cdb;
	uint8_t buf[ANSWER_SIZE] = { 0 };
	size_t length = scsi_mode_sense(cdb, buf);

	if (!length)
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
	else
		answer(cmd, buf, length, cdb[0] == MODE_SENSE_6 ?
					 cdb[4] : get_be16(cdb + 7));
}

static void synchronize_cache(struct command *cmd)
{
	if (store_flush())
		scsi_fail(cmd, SENSE_MEDIUM_ERROR, CODE_WRITE_ERROR);
}

/*
 * Commands that zero blocks, or make them all the same
 */

static void discard(struct command *cmd, uint64_t block, uint64_t blocks)
{
	if (!scsi_check_range(cmd, block, blocks))
		return;
	if (store_discard(cmd->lun, block, blocks)) {
		scsi_fail_block(cmd, CODE_WRITE_ERROR, block);
		return;
	}
	inject_repair(cmd->lun, block, blocks);
	count(COUNT_BLOCKS_DISCARDED, blocks);
}

static void unmap(struct command *cmd)
{
	unsigned int length = get_be16(cmd->rcb->cdb + 7), bytes, at;
	uint8_t list[ANSWER_SIZE];

	if (length > sizeof(list) || length > cmd->rcb->data_len) {
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
		return;
	}
	if (!length)
		return;
	if (length < UNMAP_HEADER) {
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_LIST_LENGTH);
		return;
	}
	if (!command_load(cmd, 0, list, length))
		return;
	bytes = get_be16(list + 2);
	if (bytes > length - UNMAP_HEADER)
		bytes = length - UNMAP_HEADER;
	for (at = UNMAP_HEADER;
	     at + UNMAP_DESCRIPTOR <= UNMAP_HEADER + bytes &&
	     !cmd->sa.scsi_rc; at += UNMAP_DESCRIPTOR)
		discard(cmd, get_be64(list + at), get_be32(list + at + 8));
}

static bool is_zero(const char *data, size_t length)
{
	return !*data && !memcmp(data, data + 1, length - 1);
}

/*
 * A block of zeroes is unmapped, even if the flag that allows this is not set; other
 * data are written, even if it is.
 */
static void write_same(struct command *cmd)
{
	const uint8_t *cdb = cmd->rcb->cdb;
	bool is_16 = cdb[0] == WRITE_SAME_16;
	uint64_t block = is_16 ? get_be64(cdb + 2) : get_be32(cdb + 2);
	uint64_t blocks = is_16 ? get_be32(cdb + 10) : get_be16(cdb + 7);
	char *data = cmd->ctx->buffer;

	/* 0 means the rest of the LUN. */
	if (!blocks && block < store_blocks())
		blocks = store_blocks() - block;
	if (is_16 && cdb[1] & SAME_NO_DATA) {
		discard(cmd, block, blocks);
		return;
	}
	if (cmd->rcb->data_len < options.block_size) {
		cmd->sa.flags |= IOASA_OVERRUN;
		return;
	}
	if (!command_load(cmd, 0, data, options.block_size))
		return;
	if (is_zero(data, options.block_size)) {
		discard(cmd, block, blocks);
		return;
	}
	if (!scsi_check_range(cmd, block, blocks))
		return;
	for (; blocks; block++, blocks--) {
		if (store_write(cmd->lun, block, data, options.block_size)) {
			scsi_fail_block(cmd, CODE_WRITE_ERROR, block);
			return;
		}
		inject_repair(cmd->lun, block, 1);
	}
}

/* Only these commands are answered where there is no LUN. */
static bool is_for_any_lun(uint8_t opcode)
{
	return opcode == INQUIRY || opcode == REPORT_LUNS ||
	       opcode == REQUEST_SENSE;
}

void scsi_execute(struct command *cmd)
{
	uint8_t opcode = cmd->rcb->cdb[0];

	if (cmd->lun >= MAX_LUNS && !is_for_any_lun(opcode)) {
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_NO_LUN);
		return;
	}
	switch (opcode) {
	case TEST_UNIT_READY:
	case START_STOP:
		break;
	case REQUEST_SENSE:
		request_sense(cmd);
		break;
	case INQUIRY:
		inquiry(cmd);
		break;
	case MODE_SENSE_6:
	case MODE_SENSE_10:
		mode_sense(cmd);
		break;
	case READ_CAPACITY_10:
	case SERVICE_ACTION_IN:
		read_capacity(cmd);
		break;
	case SYNCHRONIZE_CACHE_10:
	case SYNCHRONIZE_CACHE_16:
		synchronize_cache(cmd);
		break;
	case WRITE_SAME_10:
	case WRITE_SAME_16:
		if (command_may(cmd, CAP_WRITE))
			write_same(cmd);
		break;
	case UNMAP:
		if (command_may(cmd, CAP_WRITE))
			unmap(cmd);
		break;
	case REPORT_LUNS:
		report_luns(cmd);
		break;
	default:
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_OPCODE);
	}
}
