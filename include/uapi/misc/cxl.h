/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User ABI of the coherent accelerator (CAPI, "cxl") driver.
 *
 * Everything is in native byte order and naturally aligned, so that 32-bit
 * programs see the same layouts as 64-bit ones.
 */
#ifndef _UAPI_MISC_CXL_H
#define _UAPI_MISC_CXL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct cxl_ioctl_start_work - argument of CXL_IOCTL_START_WORK, 64 bytes
 * @flags: CXL_START_WORK_*
 * @work_element_descriptor: passed to the AFU unchanged
 * @amr: authority mask, with CXL_START_WORK_AMR (PowerPC only, else ignored)
 * @num_interrupts: with CXL_START_WORK_NUM_IRQS, the number of AFU interrupts
 *	that the context gets: from irqs_min to irqs_max of the AFU, see its
 *	attributes in sysfs.  Without the flag it gets irqs_min
 * @tid: written back with CXL_START_WORK_TID (POWER9 only, else 0)
 * @reserved1: must be 0, like all reserved fields
 * @reserved2: must be 0
 * @reserved3: must be 0
 * @reserved4: must be 0
 * @reserved5: must be 0
 */
struct cxl_ioctl_start_work {
	__u64 flags;
	__u64 work_element_descriptor;
	__u64 amr;
	__s16 num_interrupts;
	__u16 tid;
	__s32 reserved1;
	__u64 reserved2;
	__u64 reserved3;
	__u64 reserved4;
	__u64 reserved5;
};

#define CXL_START_WORK_AMR		0x0000000000000001ULL	/* amr is set */
#define CXL_START_WORK_NUM_IRQS		0x0000000000000002ULL	/* so is this */
/* Once the AFU is gone, its mapped registers read as all ones: no SIGBUS */
#define CXL_START_WORK_ERR_FF		0x0000000000000004ULL
#define CXL_START_WORK_TID		0x0000000000000008ULL	/* tid is wanted */
#define CXL_START_WORK_ALL		(CXL_START_WORK_AMR |\
					 CXL_START_WORK_NUM_IRQS |\
					 CXL_START_WORK_ERR_FF |\
					 CXL_START_WORK_TID)

/* Modes an AFU can be in */
#define CXL_MODE_DEDICATED	0x1
#define CXL_MODE_DIRECTED	0x2

/* Set in cxl_afu_id.flags: a slave context of an AFU in directed mode */
#define CXL_AFUID_FLAG_SLAVE	0x1

/**
 * struct cxl_afu_id - result of CXL_IOCTL_GET_AFU_ID, 64 bytes
 * @flags: CXL_AFUID_FLAG_*
 * @card_id: N of cardN
 * @afu_offset: M of afuN.M
 * @afu_mode: CXL_MODE_*
 * @reserved1: 0, like all reserved fields
 * @reserved2: 0
 * @reserved3: 0
 * @reserved4: 0
 * @reserved5: 0
 * @reserved6: 0
 */
struct cxl_afu_id {
	__u64 flags;
	__u32 card_id;
	__u32 afu_offset;
	__u32 afu_mode;
	__u32 reserved1;
	__u64 reserved2;
	__u64 reserved3;
	__u64 reserved4;
	__u64 reserved5;
	__u64 reserved6;
};

/**
 * struct cxl_ioctl_event_format - argument of CXL_IOCTL_EVENT_FORMAT, 32 bytes
 * @flags: CXL_EVENT_FORMAT_*, replaces what was set before; 0 is the format
 *	of API version 3
 * @reserved: must be 0
 *
 * Chooses what this file descriptor's context adds to each event.  It may be
 * called in every state but CLOSED, and applies to events read after it.
 * Since API version 4.
 */
struct cxl_ioctl_event_format {
	__u64 flags;
	__u64 reserved[3];
};

/* Each event ends with a struct cxl_event_stamp */
#define CXL_EVENT_FORMAT_STAMPS		0x0000000000000001ULL
#define CXL_EVENT_FORMAT_ALL		CXL_EVENT_FORMAT_STAMPS

/**
 * struct cxl_ioctl_mmio - argument of CXL_IOCTL_MMIO, 32 bytes
 * @offset: of the register in the context's part of the problem state area, as
 *	for mmap(); a multiple of @size
 * @value: value to store, or set to the value loaded, as if by a load or store
 *	instruction: on a little-endian machine swap a big-endian register.  A
 *	register of 32 bits uses the low half; a load sets the high half to 0
 * @size: bytes, 4 or 8
 * @flags: CXL_IOCTL_MMIO_WRITE to store, 0 to load
 * @reserved: must be 0
 */
struct cxl_ioctl_mmio {
	__u64 offset;
	__u64 value;
	__u32 size;
	__u32 flags;
	__u64 reserved;
};

#define CXL_IOCTL_MMIO_WRITE	0x1

/*
 * ioctl() on an AFU descriptor
 *
 * The direction bits of an ioctl number differ between architectures: take
 * the numbers from these macros only.
 *
 * All of them return 0; or -1 and errno: those listed, and
 * EFAULT	the argument is not mapped, or not writable
 * EIO		the context is closed, or the link to the card is down
 * EINVAL	the request is unknown
 */
#define CXL_MAGIC 0xCA

/**
 * CXL_IOCTL_START_WORK - let the AFU work in the memory of this process
 *
 * Can be done once for each descriptor.  The AFU works in the address space of
 * the calling process until the last close of the descriptor.
 *
 * EINVAL	a reserved field is not 0, a flag is unknown, or num_interrupts
 *		is out of range
 * EIO		also if it was started before
 * ENOSPC	too few interrupts are left
 * ENOMEM	not enough memory
 * EBUSY	the card is being reset
 */
#define CXL_IOCTL_START_WORK \
	_IOW(CXL_MAGIC, 0x00, struct cxl_ioctl_start_work)

/**
 * CXL_IOCTL_GET_PROCESS_ELEMENT - get the number by which the AFU knows the
 * context
 */
#define CXL_IOCTL_GET_PROCESS_ELEMENT \
	_IOR(CXL_MAGIC, 0x01, __u32)

/**
 * CXL_IOCTL_GET_AFU_ID - tell which card and AFU this is, and in what mode
 */
#define CXL_IOCTL_GET_AFU_ID \
	_IOR(CXL_MAGIC, 0x02, struct cxl_afu_id)

/**
 * CXL_IOCTL_EVENT_FORMAT - choose what is added to each event
 *
 * EINVAL	a flag is unknown, or a reserved field is not 0
 */
#define CXL_IOCTL_EVENT_FORMAT \
	_IOW(CXL_MAGIC, 0x03, struct cxl_ioctl_event_format)

/**
 * CXL_IOCTL_MMIO - access a register
 *
 * Works with every AFU.  Where registers are not memory, so that the AFU
 * performs each access, it is the only way: mmap() fails with EOPNOTSUPP there.
 * Accesses of one thread are done in order, and each has been done when this
 * returns.
 *
 * If the AFU has failed or does not answer in time, or the link is down, a load
 * gives all ones and a store vanishes, as with a mapping; also once the context
 * is closed, if it was started with CXL_START_WORK_ERR_FF.  Since API version
 * 5.
 *
 * EIO		the context is not started, or is closed
 * EACCES	the descriptor is not open for reading (load) or writing (store)
 * EINVAL	the size is not 4 or 8, the offset is not a multiple of it or
 *		beyond the context's part, a flag is unknown, or the reserved
 *		field is not 0
 * EINTR	only by a fatal signal
 * ENOMEM	not enough memory
 */
#define CXL_IOCTL_MMIO \
	_IOWR(CXL_MAGIC, 0x04, struct cxl_ioctl_mmio)

/**
 * struct cxl_adapter_image - part of a card's image, 64 bytes
 * @flags: CXL_AI_NEED_HEADER
 * @data: address of the part
 * @len_data: its length in bytes
 * @len_image: length of the whole image in bytes
 * @reserved1: must be 0
 * @reserved2: must be 0
 * @reserved3: must be 0
 * @reserved4: must be 0
 *
 * Images can only be replaced in a PowerVM guest, through the card's own node,
 * which this driver does not have.  The layout is kept for programs that use
 * it.
 */
struct cxl_adapter_image {
	__u64 flags;
	__u64 data;
	__u64 len_data;
	__u64 len_image;
	__u64 reserved1;
	__u64 reserved2;
	__u64 reserved3;
	__u64 reserved4;
};

#define CXL_AI_NEED_HEADER	0x0000000000000001ULL
#define CXL_AI_ALL		CXL_AI_NEED_HEADER

#define CXL_AI_HEADER_SIZE	128
#define CXL_AI_BUFFER_SIZE	4096
#define CXL_AI_MAX_ENTRIES	256
#define CXL_AI_MAX_CHUNK_SIZE	(CXL_AI_BUFFER_SIZE * CXL_AI_MAX_ENTRIES)

#define CXL_IOCTL_DOWNLOAD_IMAGE \
	_IOW(CXL_MAGIC, 0x0A, struct cxl_adapter_image)
#define CXL_IOCTL_VALIDATE_IMAGE \
	_IOW(CXL_MAGIC, 0x0B, struct cxl_adapter_image)

/*
 * Events
 * ======
 *
 * read() needs a buffer of at least CXL_READ_MIN_SIZE bytes and fills it with
 * as many whole events as are pending and fit, back to back, without padding
 * between them.  Each begins with a header whose size field leads to the next:
 *
 *	+-------+-------+-----------------+-----------+--------------------+
 *	| type  | size  | process_element | reserved1 | payload            |
 *	+-------+-------+-----------------+-----------+--------------------+
 *	0       2       4                 6           8                 size
 *
 * A program steps through them like this.  A driver event may have any length,
 * so the header after it may be unaligned: copy it out.
 *
 *	for (p = buf; (size_t)(buf + n - p) >= sizeof(h); p += h.size) {
 *		memcpy(&h, p, sizeof(h));
 *		if (h.size < sizeof(h) || h.size > (size_t)(buf + n - p))
 *			break;
 *		handle(&h, p + sizeof(h), h.size - sizeof(h));
 *	}
 *
 * Skip unknown types by their size.
 *
 * read() returns the number of bytes; or -1 and errno:
 * EINVAL	the buffer is smaller than CXL_READ_MIN_SIZE
 * EAGAIN	nothing is pending, and the descriptor is non-blocking
 * EFAULT	the buffer cannot be written; no event is lost
 * EINTR	a signal came before there was an event
 * EIO		nothing is pending, and the context is closed or the link down
 *
 * poll() reports POLLIN when read() would return an event, and POLLERR and
 * POLLHUP once it would fail with EIO.
 */
#define CXL_READ_MIN_SIZE 0x1000

enum cxl_event_type {
	CXL_EVENT_RESERVED	= 0,
	CXL_EVENT_AFU_INTERRUPT	= 1,
	CXL_EVENT_DATA_STORAGE	= 2,
	CXL_EVENT_AFU_ERROR	= 3,
	CXL_EVENT_AFU_DRIVER	= 4,
};

/* In cxl_event_header.reserved1: a struct cxl_event_stamp ends the event */
#define CXL_EVENT_STAMPED	0x0001

/**
 * struct cxl_event_header - start of every event, 8 bytes
 * @type: one of enum cxl_event_type
 * @size: of the whole event in bytes, this header included
 * @process_element: of the context that the event belongs to
 * @reserved1: 0, or CXL_EVENT_STAMPED where the program asked for stamps
 */
struct cxl_event_header {
	__u16 type;
	__u16 size;
	__u16 process_element;
	__u16 reserved1;
};

/**
 * struct cxl_event_afu_interrupt - payload of CXL_EVENT_AFU_INTERRUPT
 * @flags: 0
 * @irq: number of the AFU interrupt, from 1; raised at least once since the
 *	last event with this number
 * @reserved1: 0
 *
 *	+-------+-------+---------------+
 *	| flags | irq   | reserved1     |
 *	+-------+-------+---------------+
 *	8       10      12             16
 */
struct cxl_event_afu_interrupt {
	__u16 flags;
	__u16 irq;
	__u32 reserved1;
};

/**
 * struct cxl_event_data_storage - payload of CXL_EVENT_DATA_STORAGE
 * @flags: 0
 * @reserved1: 0
 * @reserved2: 0
 * @addr: effective address that the AFU could not access
 * @dsisr: why, from the card's DSISR register: CXL_DSISR_*
 * @reserved3: 0
 *
 *	+-------+-----------+-----------+------+-------+-----------+
 *	| flags | reserved1 | reserved2 | addr | dsisr | reserved3 |
 *	+-------+-----------+-----------+------+-------+-----------+
 *	8       10          12          16     24      32         40
 */
struct cxl_event_data_storage {
	__u16 flags;
	__u16 reserved1;
	__u32 reserved2;
	__u64 addr;
	__u64 dsisr;
	__u64 reserved3;
};

/* Bits of the DSISR of a CAIA 1 card */
#define CXL_DSISR_SEGMENT_MISS	0x8000000000000000ULL
#define CXL_DSISR_PAGE_MISS	0x4000000000000000ULL
#define CXL_DSISR_NO_PTE	0x40000000ULL	/* nothing is mapped there */
#define CXL_DSISR_PROTECTION	0x08000000ULL	/* the mapping forbids it */
#define CXL_DSISR_STORE		0x02000000ULL	/* the access was a store */

/**
 * struct cxl_event_afu_error - payload of CXL_EVENT_AFU_ERROR
 * @flags: 0
 * @reserved1: 0
 * @reserved2: 0
 * @error: defined by the AFU
 *
 *	+-------+-----------+-----------+-------+
 *	| flags | reserved1 | reserved2 | error |
 *	+-------+-----------+-----------+-------+
 *	8       10          12          16     24
 */
struct cxl_event_afu_error {
	__u16 flags;
	__u16 reserved1;
	__u32 reserved2;
	__u64 error;
};

/* Maximum payload of a driver event in bytes, unless the ops raise the limit */
#define CXL_MAX_EVENT_DATA_SIZE 128

/**
 * struct cxl_event_afu_driver_reserved - how an AFU driver hands over an event
 * @data_size: length of @data in bytes
 * @data: the payload; what it means is up to the AFU driver and its programs
 *
 * This is what the AFU driver gives to the cxl driver.  A program never sees
 * @data_size: it reads the header and, right after it, the bytes of @data.
 *
 *	+---------------------+
 *	| data ...            |
 *	+---------------------+
 *	8         8 + data_size
 */
struct cxl_event_afu_driver_reserved {
	__u32 data_size;
	__u8 data[];
};

/**
 * struct cxl_event_stamp - last 24 bytes of an event with CXL_EVENT_STAMPED
 * @time: CLOCK_MONOTONIC in nanoseconds, in the reader's time namespace: when
 *	the interrupt, fault or error was reported, or the driver event was
 *	sent to the event queue.  For driver events without an event queue, and
 *	for events from before stamps were turned on: when they were read
 * @sequence: counts the events delivered to this context's readers, from 0
 * @lost: events of this context lost before @time, since it was opened.  An AFU
 *	error also counts later errors that were lost because it was unread.
 *	Events are not read in the order of @time, so @lost may be less than in
 *	the previous event
 *
 * The stamp is at (header.size - 24), which is unaligned if the payload's
 * length is not a multiple of 8.
 */
struct cxl_event_stamp {
	__u64 time;
	__u64 sequence;
	__u64 lost;
};

/**
 * struct cxl_event - one event of the fixed-size kinds
 * @header: common header
 * @irq: with CXL_EVENT_AFU_INTERRUPT
 * @fault: with CXL_EVENT_DATA_STORAGE
 * @afu_error: with CXL_EVENT_AFU_ERROR
 * @afu_driver_event: not what a program reads: a driver event is the header and
 *	bytes up to header.size, often more than this struct holds
 */
struct cxl_event {
	struct cxl_event_header header;
	union {
		struct cxl_event_afu_interrupt irq;
		struct cxl_event_data_storage fault;
		struct cxl_event_afu_error afu_error;
		struct cxl_event_afu_driver_reserved afu_driver_event;
	};
};

#endif /* _UAPI_MISC_CXL_H */
