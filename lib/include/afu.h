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
 * A struct afu and its contexts belong to one thread. As long as a context
 * exists, any thread may access its memory and call functions that only return
 * something about it; other functions say so if any thread may call them.
 *
 * Functions that fail return -1 or NULL, and set errno. ESTALE means that the
 * context is no longer attached: a program that detaches does not wait for the
 * AFU.
 */
#ifndef _AFU_H
#define _AFU_H

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
 * @reset: called before anything else, and then whenever the AFU is reset: set
 *	up the global registers. Attached contexts do no more work
 * @attach: a context was started: set up its registers. The program or driver
 *	that started it waits. Return 0, or -1 to refuse the context
 * @doorbell: registers of the context may have been written to
 * @work: does the context's work, in a thread of its own, so that waiting for
 *	one context's memory delays no other. Called once the context is
 *	attached, and whenever its doorbell has rung. Return the microseconds
 *	after which to call it even if the doorbell does not ring, or -1. It has
 *	ended before @detach and @reset are called, so it must return when
 *	accesses fail with ESTALE
 * @interrupts: the number of the context's interrupts has changed
 * @detach: the context is gone. Its memory can no longer be accessed, and the
 *	struct ceases to exist after this call. afu_close() calls it for all
 *	contexts that are left; it also follows @attach if no thread can be
 *	created for @work
 * @link: the link to the card went down, or came back
 * @mmio_read: a register of @size bytes, 4 or 8, is read, if the AFU's setting
 *	"mmio" is "trapped": return its value. The reader waits. @offset is the
 *	offset in the problem state area: the context's first register is at
 *	afu_context_window_offset()
 * @mmio_write: likewise, @value is written; then @work is called
 * @mmio: replaces both, for an AFU that needs time to answer: note what to do.
 *	The access waits until afu_mmio_done()
 *
 * An access that has no function here goes to memory, in the windows and in
 * afu_global(), and a write rings the doorbell.
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
 * @ops: functions that afu_handle() calls; must live as long as the AFU
 * @data: for the caller, see afu_data()
 *
 * Return: the AFU, to be released by afu_close(); or NULL: EBUSY (another
 * program is that AFU), EPROTO (the kernel speaks another version), ENOMEM, or
 * the errors of open() and mmap().
 */
struct afu *afu_open(const char *node, const struct afu_ops *ops, void *data);

/**
 * afu_close() - stop being an AFU
 * @afu: AFU or NULL
 *
 * For the programs that have attached, the AFU has failed. Accesses to their
 * memory that are under way fail with ESTALE before @detach is called.
 */
void afu_close(struct afu *afu);

/**
 * afu_handle() - handle what has happened
 * @afu: AFU
 * @timeout: milliseconds to wait for something to happen, 0 not to wait, -1
 *	for ever
 *
 * Return: how many messages were handled, 0 if none came in time, or -1:
 * ENODEV (the AFU no longer exists), EIO (it has failed: it did not answer in
 * time), EINTR.
 */
int afu_handle(struct afu *afu, int timeout);

/**
 * afu_fd() - the AFU's descriptor
 * @afu: AFU
 *
 * Return: a descriptor for poll() and similar calls, readable when afu_handle()
 * has something to do. It belongs to the AFU: do not close it.
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
 * Return: one page, valid until the next reset, which may move it before
 * afu_ops.reset() is called.
 */
void *afu_global(const struct afu *afu);

/**
 * afu_psa() - the whole problem state area
 * @afu: AFU
 *
 * Return: all windows and the global registers, afu_psa_size() bytes, shared
 * with all programs that attach; valid until afu_close().
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
 * Return: CXL_MODE_DEDICATED or CXL_MODE_DIRECTED of <misc/cxl.h>, or 0: the
 * AFU is disabled.
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
 * Return: 0, or -1: EINVAL (beyond the buffer's end).
 */
int afu_err_buff_write(struct afu *afu, uint32_t offset, const void *data,
		       uint32_t length);

/*
 * A context exists from afu_ops.attach() to the end of afu_ops.detach(). It
 * belongs to the library.
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
 * Like afu_context_first(), only for the thread that the AFU belongs to.
 *
 * Return: a context, or NULL: that was the last.
 */
struct afu_context *afu_context_next(const struct afu_context *ctx);

/**
 * afu_context_afu() - the AFU of a context
 * @ctx: context
 */
struct afu *afu_context_afu(const struct afu_context *ctx);

/**
 * afu_context_pe() - number of a context
 * @ctx: context
 *
 * Return: the process element. Once the context is gone, another may have it.
 */
uint32_t afu_context_pe(const struct afu_context *ctx);

/**
 * afu_context_wed() - work element descriptor of a context
 * @ctx: context
 *
 * Return: 64 bits, chosen by the program or driver that has attached.
 */
uint64_t afu_context_wed(const struct afu_context *ctx);

/**
 * afu_context_is_master() - does a context see the windows of all contexts?
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
 * Return: N; the interrupts from 1 to N can be raised.
 */
uint32_t afu_context_interrupts(const struct afu_context *ctx);

/**
 * afu_context_window() - a context's window of the problem state area
 * @ctx: context
 *
 * Return: afu_context_window_size() bytes, initially zero, shared with the
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
 * afu_context_data() - what was given to afu_context_set_data()
 * @ctx: context
 *
 * Return: a pointer of the caller's, initially NULL.
 */
void *afu_context_data(const struct afu_context *ctx);

/**
 * afu_context_set_data() - remember something for a context
 * @ctx: context
 * @data: for afu_context_data(); free it in afu_ops.detach()
 */
void afu_context_set_data(struct afu_context *ctx, void *data);

/*
 * The context's memory, at effective addresses. Any thread may call these
 * functions as long as the context exists. They wait for memory that is not
 * there yet; calls for one context may wait for each other. Errors: EFAULT (a
 * bad address; the program that has attached gets a data storage event),
 * ESTALE.
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
 * afu_load_nowait() - read memory, if possible without waiting
 * @ctx: context
 * @ea: address
 * @buf: where to
 * @length: bytes
 *
 * Return: 0, or -1; EAGAIN: the memory is not there, or the address is bad. The
 * program is not told of a bad address.
 */
int afu_load_nowait(struct afu_context *ctx, uint64_t ea, void *buf,
		    size_t length);

/**
 * afu_store_nowait() - write memory, if possible without waiting
 * @ctx: context
 * @ea: address
 * @buf: where from
 * @length: bytes
 *
 * Return: 0, or -1 as afu_load_nowait(); what precedes the missing memory may
 * have been stored.
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
 * @dst: address in @ctx to copy to
 * @from: a context of the same AFU
 * @src: address in @from to copy from
 * @length: bytes, at most 1 GiB
 *
 * Return: 0, or -1 when not all was copied; at EFAULT, the context that the bad
 * address belongs to gets the event.
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
 * afu_compare_swap() - replace a word atomically, if it has the expected value
 * @ctx: context
 * @ea: address, a multiple of @width
 * @width: 4 or 8 bytes
 * @old: the expected value; set to the value that was there
 * @new_value: replaces it
 *
 * Words are in this machine's byte order.
 *
 * Return: 0, also when another value was there; or -1.
 */
int afu_compare_swap(struct afu_context *ctx, uint64_t ea, unsigned int width,
		     uint64_t *old, uint64_t new_value);

/**
 * afu_set_polling() - look at the registers without a doorbell
 * @ctx: context
 * @polling: whether the caller looks at them all the time from now on
 *
 * Until it is false again, nobody is woken up for stores to registers, and
 * afu_ops.doorbell() and work() are not called for them. With false they are called
 * soon, since there may have been a store after the caller's last look. For work() that
 * returns 0 as long as there is much to do. Of use only if the AFU's setting "mmio" is
 * "mapped".
 *
 * Return: 0, or -1: ESTALE, ENOTTY (the kernel's modules are older than this).
 */
int afu_set_polling(struct afu_context *ctx, bool polling);

/**
 * afu_mmio_done() - answer an access that was passed to afu_ops.mmio()
 * @ctx: context
 * @mmio: the access, or a copy; of a read, @value is what the register holds
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
 * Return: 0, or -1: ERANGE (the context has no interrupt of that number), EIO
 * (the link is down, or the AFU has failed), ENODEV, ESTALE.
 */
int afu_interrupt(struct afu_context *ctx, uint32_t number);

/**
 * afu_error() - report an AFU error
 * @ctx: context
 * @value: its meaning is defined by the AFU
 *
 * Any thread may call it, as long as the context exists.
 *
 * Return: 0, or -1 as afu_interrupt().
 */
int afu_error(struct afu_context *ctx, uint64_t value);

/*
 * Registers in memory have 64 bits, are big-endian, and lie at multiples of 8.
 * A reader that sees the value of an afu_reg_write() also sees everything
 * written before it.
 */

/* To and from big-endian; <endian.h> declares nothing with -std=c11 or so. */
static inline uint64_t _afu_be64(uint64_t value)
{
	const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	return little ? __builtin_bswap64(value) : value;
}

/**
 * afu_reg_read() - read a register
 * @base: afu_context_window(), afu_global() or similar
 * @offset: of the register, a multiple of 8
 *
 * Return: its value.
 */
static inline uint64_t afu_reg_read(const void *base, size_t offset)
{
	return _afu_be64(__atomic_load_n((const uint64_t *)
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
	__atomic_store_n((uint64_t *)((char *)base + offset), _afu_be64(value),
			 __ATOMIC_RELEASE);
}

/**
 * afu_reg_exchange() - atomically write a register and return its old value
 * @base: see afu_reg_read()
 * @offset: of the register, a multiple of 8
 * @value: its new value
 *
 * So a store that the program makes meanwhile is not lost.
 *
 * Return: its old value.
 */
static inline uint64_t afu_reg_exchange(void *base, size_t offset,
					uint64_t value)
{
	return _afu_be64(__atomic_exchange_n((uint64_t *)((char *)base + offset),
					     _afu_be64(value),
					     __ATOMIC_SEQ_CST));
}

#ifdef __cplusplus
}
#endif

#endif
