/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libafu: a program as an AFU of a software card of the cxl driver.
 *
 *	static long work(struct afu_context *ctx)
 *	{
 *		uint64_t address = afu_reg_read(afu_context_window(ctx), 0);
 *		...
 *		afu_load(ctx, address, buf, sizeof(buf));
 *		afu_interrupt(ctx, 1);
 *		return -1;
 *	}
 *
 *	static const struct afu_ops ops = { .work = work };
 *
 *	afu = afu_open("/dev/cxl-sim/mine.afu0", &ops, NULL);
 *	while (afu_handle(afu, -1) >= 0)
 *		continue;
 *
 * A struct afu and its contexts belong to one thread, but for functions that say
 * otherwise: those of a context's memory, and those that only tell something of
 * a context, are for any thread as long as the context exists.
 *
 * Functions that fail return -1, or NULL, and set errno. ESTALE means that the
 * context is not attached any more: the program that had it does not wait for
 * this one.
 */
#ifndef _AFU_H
#define _AFU_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct afu;
struct afu_context;

/**
 * struct afu_mmio - an access to a register
 * @id: for afu_mmio_done()
 * @offset: of the register in the problem state area
 * @size: bytes, 4 or 8
 * @write: @value is written; else read
 * @value: a number
 */
struct afu_mmio {
	uint64_t id;
	uint64_t offset;
	unsigned int size;
	bool write;
	uint64_t value;
};

/**
 * struct afu_ops - what happens to an AFU; each is optional
 * @reset: comes before all else, and then whenever the AFU is reset: set up the
 *	global registers. Contexts that are attached do no more work
 * @attach: a context was started: set up its registers. Its starter waits.
 *	Return 0, or -1 to refuse it
 * @doorbell: registers of the context may have been written to
 * @work: does the context's work, in a thread of its own, so that what waits for
 *	one context's memory holds up no other: called once it is attached, and
 *	whenever its doorbell has rung. Return the microseconds after which it is
 *	called even if that does not ring, or -1. It has ended before @detach and
 *	before @reset are called, so it must return when accesses fail by ESTALE
 * @interrupts: it has another number of interrupts
 * @detach: it is gone; its memory cannot be accessed any more, and after this
 *	the struct is no more. Also called for those there are in afu_close(), and
 *	after @attach if there can be no thread for @work
 * @link: the link to the card went down, or came back
 * @mmio_read: a register of @size bytes, 4 or 8, is read, if the AFU's setting
 *	"mmio" is "trapped": return what it holds. The reader waits. @offset is
 *	that in the problem state area: for the context's first register
 *	afu_context_window_offset()
 * @mmio_write: likewise, @value is written to it; then @work is called
 * @mmio: instead of both, for an AFU whose answer takes time: note what is to be
 *	done. Whoever does that waits until afu_mmio_done()
 *
 * Where there is no function for an access to a register, registers are memory
 * for that, in the windows and in afu_global(), and a write rings.
 */
struct afu_ops {
	void (*reset)(struct afu *afu);
	int (*attach)(struct afu_context *ctx);
	void (*doorbell)(struct afu_context *ctx);
	long (*work)(struct afu_context *ctx);
	void (*interrupts)(struct afu_context *ctx);
	void (*detach)(struct afu_context *ctx);
	void (*link)(struct afu *afu, bool up);
	uint64_t (*mmio_read)(struct afu_context *ctx, uint64_t offset,
			      unsigned int size);
	void (*mmio_write)(struct afu_context *ctx, uint64_t offset,
			   unsigned int size, uint64_t value);
	void (*mmio)(struct afu_context *ctx, const struct afu_mmio *mmio);
};

/**
 * afu_open() - be an AFU
 * @node: path of its node, /dev/cxl-sim/CARD.afuM
 * @ops: what is called by afu_handle(); must live as long as the AFU
 * @data: for the caller, see afu_data()
 *
 * Return: the AFU, to be given back by afu_close(); or NULL: EBUSY (another
 * program is that AFU), EPROTO (a kernel that speaks another version), ENOMEM,
 * or what open() and mmap() say.
 */
struct afu *afu_open(const char *node, const struct afu_ops *ops, void *data);

/**
 * afu_close() - be it no more
 * @afu: AFU or NULL
 *
 * To those who have attached it has failed. Accesses to their memory that are
 * going on end by ESTALE before @detach is called.
 */
void afu_close(struct afu *afu);

/**
 * afu_handle() - handle what has happened
 * @afu: AFU
 * @timeout: milliseconds to wait for it, 0 not to wait, -1 for ever
 *
 * Return: how many messages were handled, 0 if none came in time, or -1:
 * ENODEV (the AFU does not exist any more), EIO (it has failed: no answer in
 * time), EINTR.
 */
int afu_handle(struct afu *afu, int timeout);

/**
 * afu_fd() - the AFU's descriptor
 * @afu: AFU
 *
 * Return: a descriptor for poll() and its like, readable when afu_handle() has
 * something to do. It is the AFU's: do not close it.
 */
int afu_fd(const struct afu *afu);

/**
 * afu_data() - what was given to afu_open()
 * @afu: AFU
 */
void *afu_data(const struct afu *afu);

/**
 * afu_global() - the global registers
 * @afu: AFU
 *
 * Return: one page, until the next afu_ops.reset(), before which they may move.
 */
void *afu_global(const struct afu *afu);

/**
 * afu_psa() - the whole problem state area
 * @afu: AFU
 *
 * Return: all windows and the global registers, afu_psa_size() bytes, shared with
 * all who attach; until afu_close().
 */
void *afu_psa(const struct afu *afu);

/**
 * afu_psa_size() - size of the problem state area
 * @afu: AFU
 *
 * Return: bytes.
 */
size_t afu_psa_size(const struct afu *afu);

/**
 * afu_mode() - the AFU's mode since the last reset
 * @afu: AFU
 *
 * Return: CXL_MODE_DEDICATED or CXL_MODE_DIRECTED of <misc/cxl.h>, or 0: it is
 * disabled.
 */
uint32_t afu_mode(const struct afu *afu);

/**
 * afu_err_buff_size() - size of the AFU's error buffer
 * @afu: AFU
 *
 * Return: bytes, 0 if it has none.
 */
uint32_t afu_err_buff_size(const struct afu *afu);

/**
 * afu_err_buff_write() - write to the AFU's error buffer
 * @afu: AFU
 * @offset: where
 * @data: what
 * @length: bytes, at most 4096
 *
 * Return: 0, or -1: EINVAL (beyond the end).
 */
int afu_err_buff_write(struct afu *afu, uint32_t offset, const void *data,
		       uint32_t length);

/*
 * A context exists from afu_ops.attach() to the end of afu_ops.detach(); it is
 * the library's.
 */

/**
 * afu_context_first() - the first of the attached contexts
 * @afu: AFU
 *
 * Return: a context, or NULL: there is none.
 */
struct afu_context *afu_context_first(const struct afu *afu);

/**
 * afu_context_next() - the attached context after another
 * @ctx: context
 *
 * As afu_context_first(), it is for the thread that the AFU belongs to.
 *
 * Return: a context, or NULL: that was the last.
 */
struct afu_context *afu_context_next(const struct afu_context *ctx);

/**
 * afu_context_afu() - the AFU that a context is of
 * @ctx: context
 */
struct afu *afu_context_afu(const struct afu_context *ctx);

/**
 * afu_context_pe() - number of a context
 * @ctx: context
 *
 * Return: the process element, which the next context may have.
 */
uint32_t afu_context_pe(const struct afu_context *ctx);

/**
 * afu_context_wed() - work element descriptor of a context
 * @ctx: context
 *
 * Return: 64 bits that whoever has attached chose.
 */
uint64_t afu_context_wed(const struct afu_context *ctx);

/**
 * afu_context_is_master() - does a context see the windows of all?
 * @ctx: context
 */
bool afu_context_is_master(const struct afu_context *ctx);

/**
 * afu_context_is_kernel() - was a context started by an AFU driver?
 * @ctx: context
 *
 * Return: true: addresses are the kernel's; false: those of a program.
 */
bool afu_context_is_kernel(const struct afu_context *ctx);

/**
 * afu_context_interrupts() - how many interrupts a context has
 * @ctx: context
 *
 * Return: N; those from 1 to N can be raised.
 */
uint32_t afu_context_interrupts(const struct afu_context *ctx);

/**
 * afu_context_window() - a context's window of the problem state area
 * @ctx: context
 *
 * Return: afu_context_window_size() bytes, zeroes at first, shared with the
 * program that has attached.
 */
void *afu_context_window(const struct afu_context *ctx);

/**
 * afu_context_window_offset() - where a context's window is
 * @ctx: context
 *
 * Return: its offset in the problem state area.
 */
uint64_t afu_context_window_offset(const struct afu_context *ctx);

/**
 * afu_context_window_size() - size of a context's window
 * @ctx: context
 *
 * Return: bytes.
 */
size_t afu_context_window_size(const struct afu_context *ctx);

/**
 * afu_context_data() - what afu_context_set_data() has left
 * @ctx: context
 *
 * Return: a pointer of the caller's, NULL at first.
 */
void *afu_context_data(const struct afu_context *ctx);

/**
 * afu_context_set_data() - remember something for a context
 * @ctx: context
 * @data: for afu_context_data(); free it in afu_ops.detach()
 */
void afu_context_set_data(struct afu_context *ctx, void *data);

/*
 * The context's memory, at effective addresses. Any thread may call these, as
 * long as the context exists. They wait for memory that is not there; those of
 * one context may wait for each other. Errors: EFAULT (a bad address, which
 * the program that has attached gets a data storage event for), ESTALE.
 */

/**
 * afu_load() - read memory
 * @ctx: context
 * @ea: address
 * @buf: where to
 * @length: bytes
 *
 * Return: 0, or -1 when not all could be read.
 */
int afu_load(struct afu_context *ctx, uint64_t ea, void *buf, size_t length);

/**
 * afu_store() - write memory
 * @ctx: context
 * @ea: address
 * @buf: where from
 * @length: bytes
 *
 * Return: 0, or -1 when not all could be written.
 */
int afu_store(struct afu_context *ctx, uint64_t ea, const void *buf,
	      size_t length);

/**
 * afu_load_nowait() - read memory, if that can be done without waiting
 * @ctx: context
 * @ea: address
 * @buf: where to
 * @length: bytes
 *
 * Return: 0, or -1; EAGAIN: the memory is not there, or the address is bad, of
 * which nobody is told.
 */
int afu_load_nowait(struct afu_context *ctx, uint64_t ea, void *buf,
		    size_t length);

/**
 * afu_store_nowait() - write memory, if that can be done without waiting
 * @ctx: context
 * @ea: address
 * @buf: where from
 * @length: bytes
 *
 * Return: 0, or -1 as afu_load_nowait(); what comes before the place that is not
 * there may have been stored.
 */
int afu_store_nowait(struct afu_context *ctx, uint64_t ea, const void *buf,
		     size_t length);

/**
 * afu_copy() - copy memory to memory, as memmove() does
 * @ctx: context
 * @dst: address to copy to
 * @src: address to copy from
 * @length: bytes, at most 1 GiB
 *
 * Return: 0, or -1 when not all was copied.
 */
int afu_copy(struct afu_context *ctx, uint64_t dst, uint64_t src,
	     uint64_t length);

/**
 * afu_copy_from() - copy from the memory of another context
 * @ctx: context
 * @dst: address in it to copy to
 * @from: context of the same AFU
 * @src: address in that to copy from
 * @length: bytes, at most 1 GiB
 *
 * Return: 0, or -1 when not all was copied; EFAULT is told to the context that
 * the bad address belongs to.
 */
int afu_copy_from(struct afu_context *ctx, uint64_t dst,
		  struct afu_context *from, uint64_t src, uint64_t length);

/**
 * afu_fill() - set memory to a value
 * @ctx: context
 * @dst: address
 * @value: of each byte
 * @length: bytes, at most 1 GiB
 *
 * Return: 0, or -1 when not all was set.
 */
int afu_fill(struct afu_context *ctx, uint64_t dst, uint8_t value,
	     uint64_t length);

/**
 * afu_compare_swap() - replace a word, if it is what it should be, at once
 * @ctx: context
 * @ea: address, a multiple of @width
 * @width: 4 or 8 bytes
 * @old: what it should be; set to what it was
 * @new_value: to replace it
 *
 * Words are in this machine's byte order.
 *
 * Return: 0, also when it was something else; or -1.
 */
int afu_compare_swap(struct afu_context *ctx, uint64_t ea, unsigned int width,
		     uint64_t *old, uint64_t new_value);

/**
 * afu_mmio_done() - answer to an access that afu_ops.mmio() was told of
 * @ctx: context
 * @mmio: what was told, or a copy; of a read, @value is what the register holds
 *
 * Return: 0, or -1: ESTALE (the access has ended).
 */
int afu_mmio_done(struct afu_context *ctx, const struct afu_mmio *mmio);

/**
 * afu_interrupt() - raise an interrupt
 * @ctx: context
 * @number: from 1 to afu_context_interrupts()
 *
 * Any thread may call it, as long as the context exists.
 *
 * Return: 0, or -1: ERANGE (it has no interrupt of that number), EIO (the link is
 * down, or the AFU has failed), ENODEV, ESTALE.
 */
int afu_interrupt(struct afu_context *ctx, uint32_t number);

/**
 * afu_error() - report an AFU error
 * @ctx: context
 * @value: what it means is a matter of the AFU
 *
 * Any thread may call it, as long as the context exists.
 *
 * Return: 0, or -1 as afu_interrupt().
 */
int afu_error(struct afu_context *ctx, uint64_t value);

/*
 * Registers in memory are 64 bits, big-endian, and at multiples of 8. Whoever
 * sees what afu_reg_write() writes sees what was written before it.
 */

/**
 * afu_reg_read() - read a register
 * @base: afu_context_window(), afu_global() or the like
 * @offset: of the register, a multiple of 8
 *
 * Return: its value.
 */
static inline uint64_t afu_reg_read(const void *base, size_t offset)
{
	return be64toh(__atomic_load_n((const uint64_t *)
				       ((const char *)base + offset),
				       __ATOMIC_ACQUIRE));
}

/**
 * afu_reg_write() - write a register
 * @base: see afu_reg_read()
 * @offset: of the register, a multiple of 8
 * @value: its new value
 */
static inline void afu_reg_write(void *base, size_t offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)((char *)base + offset), htobe64(value),
			 __ATOMIC_RELEASE);
}

/**
 * afu_reg_exchange() - write a register, and learn what was there, at once
 * @base: see afu_reg_read()
 * @offset: of the register, a multiple of 8
 * @value: its new value
 *
 * So a store that the program makes meanwhile is not lost.
 *
 * Return: its value before.
 */
static inline uint64_t afu_reg_exchange(void *base, size_t offset,
					uint64_t value)
{
	return be64toh(__atomic_exchange_n((uint64_t *)((char *)base + offset),
					   htobe64(value), __ATOMIC_SEQ_CST));
}

#ifdef __cplusplus
}
#endif

#endif
