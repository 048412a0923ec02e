/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User ABI of cxl-copy, the copy service of the memcpy AFU.
 *
 *	queue = page-aligned memory;
 *	fd = ioctl(open("/dev/cxl-copy0", ...), CXL_COPY_GET_FD, &get_fd);
 *	ioctl(fd, CXL_COPY_SUBMIT, &submit);	starts copies, does not wait
 *	read(fd, ...);				completions, as driver events
 *
 * Everything is in native byte order and naturally aligned, so that 32-bit
 * programs see the same layouts as 64-bit ones.
 */
#ifndef _UAPI_MISC_CXL_COPY_H
#define _UAPI_MISC_CXL_COPY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Maximum length of one request, in bytes */
#define CXL_COPY_MAX_LENGTH		(1 << 20)

/* Most requests of one descriptor whose completion has not been read yet */
#define CXL_COPY_MAX_REQUESTS		256

/*
 * Size of the work queue in bytes.  A request takes 32 bytes for each aligned
 * 32 KiB of its destination that it touches, and each call of CXL_COPY_SUBMIT
 * takes 32 bytes more for every 16 requests or part of 16.
 */
#define CXL_COPY_QUEUE_MIN_SIZE		4096
#define CXL_COPY_QUEUE_MAX_SIZE		(4095 * CXL_COPY_QUEUE_UNIT)
#define CXL_COPY_QUEUE_UNIT		128

/**
 * struct cxl_copy_get_fd - argument of CXL_COPY_GET_FD, 32 bytes
 * @queue_address: page-aligned address of writable memory, which the AFU and
 *	the driver use as work queue until the descriptor is closed.  Its old
 *	contents are lost.  The program must leave it alone: if it writes to
 *	the queue, or unmaps it, it harms its own copies and nothing else
 * @queue_size: in bytes, a multiple of CXL_COPY_QUEUE_UNIT from
 *	CXL_COPY_QUEUE_MIN_SIZE to CXL_COPY_QUEUE_MAX_SIZE
 * @reserved: must be 0
 */
struct cxl_copy_get_fd {
	__u64 queue_address;
	__u64 queue_size;
	__u64 reserved[2];
};

/**
 * struct cxl_copy_request - one copy, 32 bytes
 * @source: address to copy from
 * @destination: address to copy to; the outcome is undefined where it overlaps
 *	the source
 * @length: in bytes, from 1 to CXL_COPY_MAX_LENGTH
 * @cookie: comes back in the completion, free for the program's use
 *
 * The addresses are those of the process that called CXL_COPY_GET_FD.  They
 * need no alignment.
 */
struct cxl_copy_request {
	__u64 source;
	__u64 destination;
	__u64 length;
	__u64 cookie;
};

/**
 * struct cxl_copy_submit - argument of CXL_COPY_SUBMIT, 16 bytes
 * @requests: address of an array of struct cxl_copy_request
 * @count: number of requests
 * @reserved: must be 0
 */
struct cxl_copy_submit {
	__u64 requests;
	__u32 count;
	__u32 reserved;
};

/**
 * enum cxl_copy_status - how a copy ended
 * @CXL_COPY_OK: all of it is copied
 * @CXL_COPY_ADDRESS_ERROR: memory is not mapped, or not writable.  A
 *	CXL_EVENT_DATA_STORAGE event tells the address
 * @CXL_COPY_FAILED: the AFU failed for any other reason
 * @CXL_COPY_CANCELLED: the AFU was taken away (driver unbound, card error).
 *	It may write to the destination until read() returns EIO
 */
enum cxl_copy_status {
	CXL_COPY_OK		= 0,
	CXL_COPY_ADDRESS_ERROR	= 1,
	CXL_COPY_FAILED		= 2,
	CXL_COPY_CANCELLED	= 3,
};

/**
 * struct cxl_copy_completion - payload of CXL_EVENT_AFU_DRIVER, 24 bytes
 * @cookie: of the request
 * @status: one of enum cxl_copy_status
 * @reserved: 0
 * @copied: bytes copied correctly, counted from the start.  The rest of the
 *	destination is undefined unless @status is CXL_COPY_OK
 *
 *	+--------+--------+----------+--------+
 *	| cookie | status | reserved | copied |
 *	+--------+--------+----------+--------+
 *	8        16       20         24      32
 */
struct cxl_copy_completion {
	__u64 cookie;
	__u32 status;
	__u32 reserved;
	__u64 copied;
};

/* The letter of all CAPI drivers; numbers 0xC0 to 0xCF are cxl-copy's */
#define CXL_COPY_MAGIC 0xCA

/**
 * CXL_COPY_GET_FD - start a copy service on the memory of the calling process
 *
 * Called on /dev/cxl-copyN.  The result is an AFU descriptor (with
 * close-on-exec set): it takes CXL_COPY_SUBMIT and everything that an AFU
 * descriptor takes, see <misc/cxl.h>.  Closing it cancels unfinished copies;
 * when close() returns, the AFU no longer touches the memory of the process.
 *
 * The queue's memory counts against RLIMIT_MEMLOCK until the last close.
 *
 * Return: the descriptor; or -1 and errno:
 * EFAULT	the argument, or memory of the queue, is not mapped or not
 *		writable
 * EINVAL	a reserved field is not 0, or the queue's address or size is
 *		not allowed
 * ENOMEM	no memory, or more than RLIMIT_MEMLOCK allows
 * ENOSPC	the AFU has no process element or no interrupt left
 * EMFILE, ENFILE	too many open files
 * EBUSY	the card is being reset
 * EIO		the card is in error recovery, its link is down, or the AFU's
 *		registers cannot be mapped
 * ENODEV	the driver was unbound from the AFU
 */
#define CXL_COPY_GET_FD \
	_IOW(CXL_COPY_MAGIC, 0xC0, struct cxl_copy_get_fd)

/**
 * CXL_COPY_SUBMIT - start copies
 *
 * Called on the descriptor from CXL_COPY_GET_FD.  Each request that is taken
 * gives exactly one completion event; these come in the order submitted.
 *
 * Return: the number of requests taken, from the first on.  If it is less than
 * all, submit the rest again to learn the reason, as with write().  If no
 * request was taken, -1 and errno:
 * EFAULT	the argument or the array is not mapped
 * EINVAL	a length is 0 or above CXL_COPY_MAX_LENGTH, source or
 *		destination plus length exceeds 2^64, or the reserved field is
 *		not 0
 * EBUSY	too much is outstanding: read completions, then try again
 * EPERM	called by another process than CXL_COPY_GET_FD was (by a child,
 *		for example): the addresses would not be the caller's
 * EIO		the AFU was taken away (driver unbound, card error)
 */
#define CXL_COPY_SUBMIT \
	_IOW(CXL_COPY_MAGIC, 0xC1, struct cxl_copy_submit)

#endif /* _UAPI_MISC_CXL_COPY_H */
