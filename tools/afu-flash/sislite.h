/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SISLite, the interface of IBM's CAPI flash cards to their driver.
 *
 * Registers have 64 bits and are big-endian. Structures in memory are in the byte
 * order of the host, except SCSI commands and data, which are big-endian.
 */
#ifndef SISLITE_H
#define SISLITE_H

#include <stdint.h>

#define SISL_CONTEXTS		512
#define SISL_MAX_PORTS		4
#define SISL_LUN_TABLE		512	/* entries for each port */

/*
 * The problem state area: the windows of all contexts, the registers that the master
 * sets up for each of them, and those of the card
 */
#define SISL_WINDOW_SIZE	0x10000
#define SISL_CONTROL		0x2000000
#define SISL_CONTROL_SIZE	128
#define SISL_GLOBAL		0x2010000
#define SISL_PSA_SIZE		0x2020000

/* Ports 0 and 1 are in one bank, 2 and 3 in another. */
#define SISL_BANK(port)		(SISL_GLOBAL + 0x2000 + (port) / 2 * 0x4000)
#define SISL_PORT(port)		(SISL_BANK(port) + (port) % 2 * 0x1000)
#define SISL_LUNS(port)		(SISL_BANK(port) + 0x2000 + (port) % 2 * 0x1000)

/* Registers in a window */
#define REG_INTR_STATUS		0x08
#define REG_INTR_CLEAR		0x10
#define REG_INTR_MASK		0x18	/* 1: masked */
#define REG_IOARRIN		0x20
#define REG_RRQ_START		0x28
#define REG_RRQ_END		0x30	/* the last entry */
#define REG_CMD_ROOM		0x38
#define REG_CTX_CTRL		0x40
#define REG_SQ_START		0x50
#define REG_SQ_END		0x58	/* the last entry */
#define REG_SQ_HEAD		0x60
#define REG_SQ_TAIL		0x68
#define REG_SQ_CTX_RESET	0x70

#define CONTEXT_RESET		1
#define CTX_CTRL_LISN		0xff
#define CTX_CTRL_UNMAP		(1ULL << 63)	/* WRITE SAME can unmap */

/* Errors that have no other place to be reported: bits of REG_INTR_STATUS */
#define INTR_RCB_READ		0x08
#define INTR_IOASA_WRITE	0x04
#define INTR_RRQ_WRITE		0x02

/* Registers for a context */
#define REG_RHT_START		0x00
#define REG_RHT_CNT_ID		0x08	/* count << 48 | context << 32 */
#define REG_CTX_CAP		0x10

#define CAP_PROXY_ISSUE		(1ULL << 63)
#define CAP_AFU_COMMAND		0x8
#define CAP_SCSI		0x4
#define CAP_WRITE		0x2
#define CAP_READ		0x1

/* Registers of the card, from SISL_GLOBAL */
#define REG_AINTR_STATUS	0x00
#define REG_AINTR_CLEAR		0x08
#define REG_AINTR_MASK		0x10	/* 1: masked */
#define REG_AFU_CTRL		0x18	/* context << 48 | LISN << 40 */
#define REG_AFU_HB		0x20
#define REG_AFU_PORT_SEL	0x30
#define REG_AFU_CONFIG		0x38
#define REG_AFU_VERSION		0x800	/* 8 characters */
#define REG_INTERFACE_VERSION	0x808

#define INTERFACE_SQ_MODE	(0x4000ULL << 48)
#define INTERFACE_VERSION	0x200

/* Asynchronous events: a byte for each port */
#define AINTR_SHIFT(port)	(8 * ((port) ^ 1))
#define AINTR_LINK_UP		0x01
#define AINTR_LINK_DOWN		0x02
#define AINTR_LOGIN		0x04
#define AINTR_LOGIN_FAILED	0x08
#define AINTR_LOGIN_RETRY	0x10
#define AINTR_CRC		0x20
#define AINTR_LOGOUT		0x40
#define AINTR_OTHER		0x80

/* Registers of a port */
#define PORT_CMDCONFIG		0x010
#define PORT_STATUS		0x018
#define PORT_CONFIG2		0x328
#define PORT_SHUTDOWN		0x330
#define PORT_ERROR		0x380
#define PORT_ERRMSK		0x390

#define CMDCONFIG_ONLINE	0x20
#define CMDCONFIG_OFFLINE	0x40
#define STATUS_ONLINE		0x20
#define STATUS_OFFLINE		0x10
#define CONFIG2_SHUTDOWN	0x30
#define SHUTDOWN_COMPLETE	0x20

/**
 * struct sisl_ioarcb - a command, 64 bytes
 * @context: the context that issues it
 * @flags: REQ_*
 * @target: resource handle, or mask of ports
 * @lun: used without a resource handle
 * @data_len: bytes at @data_ea
 * @ioadl_len: 0
 * @data_ea: the data
 * @msi: interrupt to raise upon its completion
 * @rrq: 0
 * @timeout: how long it may take
 * @reserved: 0
 * @cdb: SCSI command
 * @ioasa: address of its struct sisl_ioasa
 */
struct sisl_ioarcb {
	uint16_t context;
	uint16_t flags;
	uint32_t target;
	uint64_t lun;
	uint32_t data_len;
	uint32_t ioadl_len;
	uint64_t data_ea;
	uint8_t msi;
	uint8_t rrq;
	uint16_t timeout;
	uint32_t reserved;
	uint8_t cdb[16];
	uint64_t ioasa;
};

#define REQ_RESOURCE		0x8000
#define REQ_NO_UNDERRUN		0x4000
#define REQ_TASK_MANAGEMENT	0x0004
#define REQ_AFU_COMMAND		0x0002
#define REQ_HOST_WRITES		0x0001

/* AFU command, and task management, by the first byte of @cdb */
#define AFU_SYNC		0xc0
#define TASK_LUN_RESET		0x01
#define TASK_CLEAR_ACA		0x02

#define SISL_SENSE_SIZE		20

/**
 * struct sisl_ioasa - how a command ended, written if it failed
 * @flags: IOASA_*
 * @afu_rc: AFU_RC_*
 * @scsi_rc: SCSI status
 * @fc_rc: FC_RC_*
 * @residue: bytes that were not transferred
 * @port: the port that was used
 * @afu_extra: details of @afu_rc
 * @scsi_extra: 0
 * @fc_extra: 0
 * @sense: sense data
 *
 * 32 bytes for the host's own use follow.
 */
struct sisl_ioasa {
	uint8_t flags;
	uint8_t afu_rc;
	uint8_t scsi_rc;
	uint8_t fc_rc;
	uint32_t residue;
	uint8_t port;
	uint8_t afu_extra;
	uint8_t scsi_extra;
	uint8_t fc_extra;
	uint8_t sense[SISL_SENSE_SIZE];
};

#define IOASA_SENSE_VALID	0x80
#define IOASA_OVERRUN		0x20
#define IOASA_UNDERRUN		0x10

#define AFU_RC_RHT_INVALID	0x01
#define AFU_RC_RHT_BOUNDS	0x03
#define AFU_RC_RHT_DMA		0x04
#define AFU_RC_RHT_PERMISSION	0x05
#define AFU_RC_LXT_BOUNDS	0x13
#define AFU_RC_LXT_DMA		0x14
#define AFU_RC_LXT_PERMISSION	0x15
#define AFU_RC_NO_CHANNELS	0x20
#define AFU_RC_CAPABILITY	0x21
#define AFU_RC_DATA_DMA		0x31

#define DMA_INVALID_EA		0x0b

#define FC_RC_LINK_DOWN		0x57
#define FC_RC_ABORTED		0x58

/* Bit of a completion: the lap of the queue that it belongs to */
#define RRQ_TOGGLE		1ULL

/**
 * struct sisl_rht_entry - what a resource handle stands for, 16 bytes
 * @start: address of LUN translation entries, or a LUN
 * @count: number of these entries
 * @reserved: of a LUN, bit 7 of the first byte of this and @count means "valid"
 * @fp: format << 4 | permissions
 * @last: log2 of the blocks of a chunk, or a mask of ports
 */
struct sisl_rht_entry {
	uint64_t start;
	union {
		uint32_t count;
		uint8_t valid;
	};
	uint16_t reserved;
	uint8_t fp;
	uint8_t last;
};

#define RHT_READ		1
#define RHT_WRITE		2
#define RHT_VALID		0x80

/* A LUN translation entry */
#define LXT_BASE(entry)		((entry) & ~0xffffULL)	/* first block */
#define LXT_LUN(entry)		((entry) >> 8 & 0xff)	/* in the port's table */
#define LXT_PERMISSIONS(entry)	((entry) >> 4 & 3)
#define LXT_PORTS(entry)	((entry) & 0xf)

#endif
