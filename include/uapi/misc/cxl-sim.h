/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * AFU models that are programs: the user ABI of /dev/cxl-sim/CARD.afuM.
 *
 * An AFU of a software card has such a node if its configfs attribute "model"
 * is "user".  The program that opens the node is the AFU:
 *
 *	fd = open("/dev/cxl-sim/mycard.afu0", O_RDWR | O_CLOEXEC);
 *	read(fd, messages, sizeof(messages));	what happened to the AFU
 *	write(fd, requests, sizeof(requests));	its answers, interrupts, errors
 *	mmap(fd, ...);				the problem state area
 *	ctx = ioctl(fd, CXL_SIM_OPEN_CONTEXT, &open);
 *	pread(ctx, buf, len, ea);		loads and stores of the AFU
 *	pwrite(ctx, buf, len, ea);
 *
 * One program at a time has the node open (else EBUSY), for both reading and
 * writing (else EACCES).  If it closes the node or ends, sends what is not
 * described here, or does not answer in time, the AFU has failed: each context
 * gets an AFU error event of CXL_SIM_AFU_ERROR, loads from the problem state
 * area give all ones, and starting a context fails with EIO.  What the AFU's
 * users do after that (detach, close, reset) needs no program.
 *
 * Everything here is in native byte order and naturally aligned, so that 32-bit
 * programs see the same layouts as 64-bit ones.  Reserved words are 0.
 */
#ifndef _UAPI_MISC_CXL_SIM_H
#define _UAPI_MISC_CXL_SIM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_SIM_ABI_VERSION	1

/* AFU error that contexts get when the program is gone or has failed: "MODEL" */
#define CXL_SIM_AFU_ERROR	0x4d4f44454cULL

/*
 * Messages, from read()
 *
 * A read returns as many whole messages as there are and fit, but at least one,
 * for which it waits unless O_NONBLOCK is set.  Messages tell what has changed;
 * there is no queue that could overflow.  A context that was started and
 * stopped before the program looked is never mentioned; two doorbells are one.
 *
 * Errors: EAGAIN, EINTR; EINVAL: the buffer is too small for a message; EFAULT:
 * nothing is lost; EIO: the AFU has failed, close the node; ENODEV: the AFU
 * does not exist any more.
 *
 * poll(): EPOLLIN if there is a message, EPOLLOUT always, EPOLLERR | EPOLLHUP
 * if read() fails with EIO or ENODEV.
 */
enum cxl_sim_message_type {
	/* A context was started: answer by CXL_SIM_ATTACHED */
	CXL_SIM_ATTACH = 1,
	/* The context was stopped: the kernel has cut it off already */
	CXL_SIM_DETACH = 2,
	/* The context's number of interrupts has changed */
	CXL_SIM_INTERRUPTS = 3,
	/*
	 * Set up the global registers and forget the work of all contexts:
	 * existing ones do no more.  Answer by CXL_SIM_RESET_DONE.  This is
	 * the first message after open.
	 */
	CXL_SIM_RESET = 4,
	/*
	 * Registers of the context may have been written to.  After stores by
	 * an AFU driver that does not announce them (by cxl_psa_written() or
	 * cxl_psa_written_at() of <misc/cxl.h>) this comes up to a fifth of a
	 * second late: a program that wants to see them sooner has to poll.
	 */
	CXL_SIM_DOORBELL = 5,
	/*
	 * The link went down (accesses wait for it, interrupts are lost), or
	 * it came back.
	 */
	CXL_SIM_LINK = 6,
	/*
	 * The AFU is going away: close the node.  Mappings can still be
	 * accessed, but mean nothing any more.
	 */
	CXL_SIM_STOP = 7,
	/*
	 * A register is accessed; only if the configfs attribute "mmio" is
	 * "trapped".  The accessing thread waits: answer by CXL_SIM_MMIO_DONE.
	 * There can be several accesses at once, each by another thread; those
	 * of one thread come one after the other.
	 */
	CXL_SIM_MMIO = 8,
};

/* Flags of an attached context */
#define CXL_SIM_CONTEXT_MASTER	1
/*
 * Effective addresses are kernel addresses: an AFU driver started the context.
 * Only if the configfs attribute "allow_kernel_contexts" is 1
 */
#define CXL_SIM_CONTEXT_KERNEL	2

/**
 * struct cxl_sim_message - what read() returns, 64 bytes each
 * @type: enum cxl_sim_message_type; a program ignores types it does not know
 * @pe: process element; 0 if the message is not about a context
 * @id: ID of the context, never used twice; of a reset, for the answer; else 0
 * @attach: of CXL_SIM_ATTACH
 * @attach.wed: work element descriptor
 * @attach.amr: authority mask register
 * @attach.window: offset in the problem state area of the context's window,
 *	which is all zeroes at first
 * @attach.window_size: bytes of the window
 * @attach.num_interrupts: interrupts 1 to this number can be raised
 * @attach.flags: CXL_SIM_CONTEXT_*
 * @interrupts: of CXL_SIM_INTERRUPTS
 * @interrupts.num_interrupts: as above
 * @reset: of CXL_SIM_RESET
 * @reset.global: offset in the problem state area of the global registers
 * @reset.mode: CXL_MODE_* of <misc/cxl.h>, 0 while the AFU is disabled
 * @link: of CXL_SIM_LINK
 * @link.up: 0 or 1
 * @mmio: of CXL_SIM_MMIO
 * @mmio.access: ID for the answer; never used twice
 * @mmio.offset: of the register in the problem state area, a multiple of the
 *	size; a window's first register has the offset of the window
 * @mmio.value: value to store, as if by a store instruction: on a little-endian
 *	machine swap a big-endian register
 * @mmio.size: bytes, 4 or 8
 * @mmio.write: 1 to store, 0 to load
 * @words: all words; those not named above are 0
 */
struct cxl_sim_message {
	__u32 type;
	__u32 pe;
	__u64 id;
	union {
		struct {
			__u64 wed;
			__u64 amr;
			__u64 window;
			__u64 window_size;
			__u32 num_interrupts;
			__u32 flags;
		} attach;
		struct {
			__u32 num_interrupts;
		} interrupts;
		struct {
			__u64 global;
			__u32 mode;
		} reset;
		struct {
			__u32 up;
		} link;
		struct {
			__u64 access;
			__u64 offset;
			__u64 value;
			__u32 size;
			__u32 write;
		} mmio;
		__u64 words[6];
	};
};

/*
 * Requests, by write()
 *
 * A write takes one or more requests, in order, and returns the bytes of those
 * done.  It ends at the first that fails; if that is the very first, its error
 * is returned.
 *
 * Errors: ESTALE: the context is not attached any more, or nobody waits for
 * the answer: it came too late, or was given already (but CXL_SIM_RESET_DONE
 * may be repeated).  That is not the program's mistake: the two sides do not
 * wait for each other.  ERANGE: the context does not have that interrupt; EIO:
 * the link is down, or the AFU has failed; ENODEV; EFAULT; EINTR: only by a
 * fatal signal.  EINVAL: an unknown type, a reserved word that is not 0, a
 * CXL_SIM_MMIO_DONE that does not fit the access (another process element, or a
 * value that is too large), or not a whole number of requests: then the AFU has
 * failed.
 *
 * With RWF_NOWAIT, pwritev2() fails with EAGAIN while the card works for a
 * context.  That is over soon, and poll() does not tell when.
 */
enum cxl_sim_request_type {
	/*
	 * Answer to CXL_SIM_ATTACH: the registers are set up.  @value: 0; or 1
	 * to refuse the context, which is then not attached.
	 */
	CXL_SIM_ATTACHED = 1,
	/* Answer to CXL_SIM_RESET */
	CXL_SIM_RESET_DONE = 2,
	/* Raise interrupt @number of the context */
	CXL_SIM_INTERRUPT = 3,
	/* Report AFU error @value for the context */
	CXL_SIM_ERROR = 4,
	/*
	 * Answer to CXL_SIM_MMIO: @id is the access; @value is the value
	 * loaded, in the same byte order, or 0 for a store.  If the answer is
	 * too late, the AFU has failed, and loads give all ones.
	 */
	CXL_SIM_MMIO_DONE = 5,
};

/**
 * struct cxl_sim_request - what write() takes, 32 bytes each
 * @type: enum cxl_sim_request_type
 * @pe: as in the message about the context or the reset
 * @id: likewise, unless noted above
 * @value: see above, else 0
 * @number: of an interrupt, from 1; else 0
 * @reserved: 0
 */
struct cxl_sim_request {
	__u32 type;
	__u32 pe;
	__u64 id;
	__u64 value;
	__u32 number;
	__u32 reserved;
};

/* Registers are accessed by CXL_SIM_MMIO: only the program can map the area */
#define CXL_SIM_INFO_TRAPPED	1

/**
 * struct cxl_sim_info - configuration of the AFU, 64 bytes
 * @abi_version: CXL_SIM_ABI_VERSION
 * @modes: modes that it can be in, CXL_MODE_* of <misc/cxl.h>
 * @num_procs: process elements are below this
 * @irqs_min: interrupts that each context has at least
 * @err_buff_size: bytes of the error buffer
 * @flags: CXL_SIM_INFO_*
 * @psa_size: bytes of the problem state area, for mmap() of the node
 * @pp_offset: offset of the windows in it, in directed mode
 * @pp_size: bytes of each window, in directed mode
 * @reserved2: 0
 */
struct cxl_sim_info {
	__u32 abi_version;
	__u32 modes;
	__u32 num_procs;
	__u32 irqs_min;
	__u32 err_buff_size;
	__u32 flags;
	__u64 psa_size;
	__u64 pp_offset;
	__u64 pp_size;
	__u64 reserved2[2];
};

/**
 * struct cxl_sim_open_context - argument of CXL_SIM_OPEN_CONTEXT, 16 bytes
 * @pe: as in the message about the context
 * @reserved: 0
 * @id: likewise
 */
struct cxl_sim_open_context {
	__u32 pe;
	__u32 reserved;
	__u64 id;
};

/**
 * struct cxl_sim_err_buff - argument of CXL_SIM_WRITE_ERR_BUFF, 24 bytes
 * @address: of the bytes to write
 * @offset: in the error buffer
 * @length: bytes, at most 4096
 * @reserved: 0
 *
 * Every user may read the error buffer, by sysfs: write no secrets of those who
 * attach to it, such as addresses.
 */
struct cxl_sim_err_buff {
	__u64 address;
	__u32 offset;
	__u32 length;
	__u64 reserved;
};

#define CXL_SIM_ERR_BUFF_MAX_WRITE	4096

/*
 * ioctls of the node.  All can fail with EIO and ENODEV, as read() does.
 *
 * CXL_SIM_GET_INFO: returns 0.
 * CXL_SIM_OPEN_CONTEXT: returns a descriptor, close-on-exec; ESTALE: the
 *	context is not attached any more.
 * CXL_SIM_WRITE_ERR_BUFF: returns 0; EINVAL: beyond the end.
 */
#define CXL_SIM_GET_INFO	_IOR(0xCA, 0x40, struct cxl_sim_info)
#define CXL_SIM_OPEN_CONTEXT	_IOW(0xCA, 0x41, struct cxl_sim_open_context)
#define CXL_SIM_WRITE_ERR_BUFF	_IOW(0xCA, 0x42, struct cxl_sim_err_buff)

/*
 * The file of a context
 *
 * pread(), pwrite() and their variants access the context's memory; the offset
 * is the effective address.  With CXL_SIM_CONTEXT_KERNEL it is the address
 * without its highest bit, which is set in kernel addresses but cannot be set
 * in offsets. These accesses are the AFU's loads and stores: pages that are not
 * present are faulted in; if that is not possible, the context gets a data
 * storage event, and the call fails with EFAULT (or returns fewer bytes).
 * mmap() maps the context's window.  Once the context is detached the mapping
 * can still be accessed, but means nothing any more.
 *
 * Errors of these and of the following ioctls: EFAULT (also for the program's
 * own memory); ESTALE: the context is not attached any more, or the AFU has
 * failed or was reset; EINTR: only by a fatal signal; ENOMEM; EINVAL.  A call
 * that waits, for memory or for the link, returns as soon as the context is
 * detached.  With RWF_NOWAIT, preadv2() and pwritev2() fail with EAGAIN where
 * they would wait for memory or for the link, and where the address is bad.
 */

/**
 * struct cxl_sim_copy - argument of CXL_SIM_COPY, 32 bytes
 * @dst: effective address to copy to
 * @src: effective address to copy from; ranges may overlap
 * @length: bytes, at most CXL_SIM_MAX_LENGTH
 * @done: set to the bytes that were copied
 */
struct cxl_sim_copy {
	__u64 dst;
	__u64 src;
	__u64 length;
	__u64 done;
};

/**
 * struct cxl_sim_fill - argument of CXL_SIM_FILL, 32 bytes
 * @dst: effective address
 * @length: bytes, at most CXL_SIM_MAX_LENGTH
 * @done: set to the bytes that were written
 * @value: of each byte, 0 to 255
 * @reserved: 0
 */
struct cxl_sim_fill {
	__u64 dst;
	__u64 length;
	__u64 done;
	__u32 value;
	__u32 reserved;
};

/**
 * struct cxl_sim_compare_swap - argument of CXL_SIM_COMPARE_SWAP, 32 bytes
 * @address: effective address, a multiple of @width (else EFAULT)
 * @old: value to replace; set to the value found.  If the two are equal,
 *	@new_value was stored
 * @new_value: value to store
 * @width: 4 or 8 bytes
 * @reserved: 0
 */
struct cxl_sim_compare_swap {
	__u64 address;
	__u64 old;
	__u64 new_value;
	__u32 width;
	__u32 reserved;
};

/**
 * struct cxl_sim_copy_from - argument of CXL_SIM_COPY_FROM, 40 bytes
 * @dst: effective address to copy to, in the context whose file this is
 * @src: effective address to copy from, in the context of @fd
 * @length: bytes, at most CXL_SIM_MAX_LENGTH
 * @done: set to the bytes that were copied
 * @fd: file of a context of the same AFU (else EXDEV, or EBADF if it is not a
 *	context's file)
 * @reserved: 0
 *
 * A bad address is reported to the context that it belongs to.
 */
struct cxl_sim_copy_from {
	__u64 dst;
	__u64 src;
	__u64 length;
	__u64 done;
	__s32 fd;
	__u32 reserved;
};

#define CXL_SIM_MAX_LENGTH	(1ULL << 30)

/*
 * CXL_SIM_SET_POLLING: the argument is 1 if the program looks at the context's
 * registers by itself all the time: until it is 0 again, no CXL_SIM_DOORBELL is
 * sent, and nobody is woken up for one.  With 0, as at first, one is sent at
 * once, since there may have been a store after the program's last look.
 */

#define CXL_SIM_COPY		_IOWR(0xCA, 0x48, struct cxl_sim_copy)
#define CXL_SIM_FILL		_IOWR(0xCA, 0x49, struct cxl_sim_fill)
#define CXL_SIM_COMPARE_SWAP	_IOWR(0xCA, 0x4a, struct cxl_sim_compare_swap)
#define CXL_SIM_COPY_FROM	_IOWR(0xCA, 0x4b, struct cxl_sim_copy_from)
#define CXL_SIM_SET_POLLING	_IO(0xCA, 0x4c)

#endif /* _UAPI_MISC_CXL_SIM_H */
