// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memcpy AFU as a program: Documentation/memcpy-afu.md says what it does.
 * Its atomic operations are in memcpy_atomic.h.
 *
 * Work appears in memory, without a doorbell. So the queue of an idle context
 * is checked again after an eighth of the time for which it has been idle.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <afu.h>

#include "memcpy_atomic.h"

/* Work element descriptor */
#define WED_BASE	(~0xfffULL)
#define WED_DEPTH	0xfffULL	/* in cache lines */
#define LINE_SIZE	128

/* Registers of a context, and the global one */
#define REG_WED		0x00
#define REG_HANDLE	0x08
#define REG_STATUS	0x10
#define REG_CONTROL	0x18
#define REG_TIMEBASE	0x40
#define GLOBAL_CONFIG	0x00

#define HANDLE_SHIFT	48
#define TERMINATED	(1ULL << 60)
#define STOPPED		(1ULL << 59)
#define RESTART		(1ULL << 63)
#define TERMINATE	(1ULL << 62)
#define STOP_ON_INVALID	(1ULL << 61)

/* Command byte of a work element */
#define CMD_VALID	0x80
#define CMD_WRAP	0x40
#define CMD_CODE	0x3f

enum { COPY, IRQ, STOP, INCREMENT = 4, ATOMIC, TOUCH };

/* Status byte of a work element */
#define COMPLETE	0x80
#define ADDRESS_ERROR	0x20
#define FAILED		0x04
#define UNDEFINED	0x01

#define IDLE_SHIFT	3
#define IDLE_MIN_US	16
#define IDLE_MAX_US	65536

/* A work element, big-endian */
struct element {
	uint8_t cmd;
	uint8_t status;
	uint16_t length;
	uint8_t cmd_extra;
	uint8_t reserved[3];
	uint64_t atomic_op1;
	uint64_t src;
	uint64_t dst;
};

/**
 * struct queue - a context's work
 * @offset: of the current element, in bytes
 * @wrap: the value of CMD_WRAP that makes it valid
 * @terminate: Terminate was written
 * @status: what the register of this name shows
 * @timebase: likewise
 * @active_us: when there was work last
 */
struct queue {
	uint32_t offset;
	uint8_t wrap;
	bool terminate;
	uint64_t status;
	uint64_t timebase;
	uint64_t active_us;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* The CPU's own counter is the card's clock. */
static uint64_t read_clock(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__powerpc64__)
	return __builtin_ppc_get_timebase();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r" (ticks));
	return ticks;
#else
	return now_us();
#endif
}

/*
 * Registers
 */

static void set_status(struct afu_context *ctx, uint64_t status)
{
	struct queue *q = afu_context_data(ctx);

	q->status = status;
	afu_reg_write(afu_context_window(ctx), REG_STATUS, status);
}

static void show_regs(struct afu_context *ctx)
{
	uint64_t wed = afu_context_wed(ctx);
	struct queue *q = afu_context_data(ctx);
	void *regs = afu_context_window(ctx);

	/* All ones is what a register of a missing card would read as. */
	afu_reg_write(regs, REG_WED, wed == ~0ULL ? wed - 1 : wed);
	afu_reg_write(regs, REG_HANDLE,
		      (uint64_t)afu_context_pe(ctx) << HANDLE_SHIFT);
	afu_reg_write(regs, REG_STATUS, q->status);
}

static void clear_restart(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);
	void *regs = afu_context_window(ctx);

	if (afu_reg_read(regs, REG_CONTROL) &&
	    afu_reg_exchange(regs, REG_CONTROL, 0) & TERMINATE)
		q->terminate = true;
}

static bool is_requested(struct afu_context *ctx, uint64_t what)
{
	return afu_reg_read(afu_context_window(ctx), REG_CONTROL) & what;
}

static void show_timebase(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);

	q->timebase = read_clock();
	afu_reg_write(afu_context_window(ctx), REG_TIMEBASE, q->timebase);
}

/*
 * The queue
 */

static uint32_t queue_size(const struct afu_context *ctx)
{
	return (afu_context_wed(ctx) & WED_DEPTH) * LINE_SIZE;
}

static uint64_t element_ea(const struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);

	return (afu_context_wed(ctx) & WED_BASE) + q->offset;
}

static bool is_runnable(const struct afu_context *ctx, uint8_t cmd)
{
	struct queue *q = afu_context_data(ctx);

	return queue_size(ctx) && cmd & CMD_VALID &&
	       (cmd & CMD_WRAP) == q->wrap;
}

static bool stops_on_invalid(const struct afu_context *ctx)
{
	return afu_reg_read(afu_global(afu_context_afu(ctx)), GLOBAL_CONFIG) &
	       STOP_ON_INVALID;
}

/*
 * Take the next element; true if there is one. A program makes an element
 * valid, then writes Restart. So Restart is cleared first, and checked last.
 */
static bool fetch(struct afu_context *ctx, struct element *e)
{
	struct queue *q = afu_context_data(ctx);
	int ret;

	clear_restart(ctx);
	if (q->terminate) {
		set_status(ctx, TERMINATED);
		return false;
	}
	/* The program writes the command byte last, so it is read first. */
	ret = afu_load(ctx, element_ea(ctx), &e->cmd, sizeof(e->cmd));
	if (!ret && !is_runnable(ctx, e->cmd)) {
		if (!queue_size(ctx) || stops_on_invalid(ctx))
			set_status(ctx, STOPPED);
		return false;
	}
	if (!ret)
		ret = afu_load(ctx, element_ea(ctx), e, sizeof(*e));
	/* There is nowhere to put a status. */
	if (ret && errno == EFAULT)
		set_status(ctx, STOPPED);
	return !ret;
}

static void next_element(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);

	q->offset += sizeof(struct element);
	if (q->offset >= queue_size(ctx)) {
		q->offset = 0;
		q->wrap ^= CMD_WRAP;
	}
}

/*
 * Commands return 0, or -1 and set errno: EFAULT, EINVAL or EOPNOTSUPP. Any
 * other errno means that the context is gone.
 */

static int fail(int error)
{
	errno = error;
	return -1;
}

/* Only larger copies are worth the kernel's detour through another thread. */
static int copy(struct afu_context *ctx, const struct element *e)
{
	unsigned int length = be16toh(e->length);
	char buf[512];

	if (length > sizeof(buf))
		return afu_copy(ctx, be64toh(e->dst), be64toh(e->src), length);
	if (afu_load(ctx, be64toh(e->src), buf, length))
		return -1;
	return afu_store(ctx, be64toh(e->dst), buf, length);
}

static int increment(struct afu_context *ctx, const struct element *e)
{
	unsigned int length = be16toh(e->length);
	uint64_t value = 0;
	char *low = (char *)(&value + 1) - length;

	if (length != 1 && length != 2 && length != 4 && length != 8)
		return fail(EOPNOTSUPP);
	if (afu_load(ctx, be64toh(e->src), low, length))
		return -1;
	value = htobe64(be64toh(value) + 1);
	return afu_store(ctx, be64toh(e->dst), low, length);
}

static int atomic(struct afu_context *ctx, const struct element *e)
{
	struct atomic op = {
		.code = e->cmd_extra,
		.width = be16toh(e->length) & 8 ? 8 : 4,
		.ea = be64toh(e->dst),
		.op1 = be64toh(e->atomic_op1),
		.op2 = be64toh(e->src),
	};
	struct queue *q = afu_context_data(ctx);
	int ret;

	/* There is no safe way to do this in kernel memory. */
	if (afu_context_is_kernel(ctx))
		return fail(EOPNOTSUPP);
	/* Some operations wait until something else changes the word. */
	while ((ret = atomic_execute(ctx, &op)) && errno == EBUSY)
		if (q->terminate || is_requested(ctx, TERMINATE))
			break;
	return ret;
}

static int execute(struct afu_context *ctx, const struct element *e)
{
	unsigned int length = be16toh(e->length);
	char byte;

	switch (e->cmd & CMD_CODE) {
	case COPY:
		return copy(ctx, e);
	case IRQ:
		if (!length || length > afu_context_interrupts(ctx))
			return fail(EINVAL);
		return 0;
	case STOP:
		return 0;
	case INCREMENT:
		return increment(ctx, e);
	case ATOMIC:
		return atomic(ctx, e);
	case TOUCH:
		return afu_load(ctx, be64toh(e->src), &byte, 1);
	default:
		return fail(EOPNOTSUPP);
	}
}

/* The status byte, or 0 if the context is gone */
static uint8_t result_of(int ret)
{
	if (!ret)
		return COMPLETE;
	switch (errno) {
	case EFAULT:
		return ADDRESS_ERROR;
	case EINVAL:
		return FAILED;
	case EOPNOTSUPP:
		return UNDEFINED;
	case EBUSY:
		return 0x02;	/* terminated */
	default:
		return 0;
	}
}

/* Returns true if there may be more work. */
static bool run_element(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);
	struct element e;
	uint8_t result;
	bool stop;

	if (!fetch(ctx, &e))
		return false;
	q->active_us = now_us();
	result = result_of(execute(ctx, &e));
	if (!result)
		return false;
	stop = result == COMPLETE && ((e.cmd & CMD_CODE) == IRQ ||
				      (e.cmd & CMD_CODE) == STOP);
	/* From here on, a Restart may be the program's answer to the status. */
	if (stop)
		clear_restart(ctx);
	if (afu_store(ctx, element_ea(ctx) + offsetof(struct element, status),
		      &result, sizeof(result))) {
		if (errno == EFAULT) {
			next_element(ctx);
			set_status(ctx, STOPPED);
		}
		return false;
	}
	next_element(ctx);
	if (!stop)
		return true;
	set_status(ctx, STOPPED);
	if ((e.cmd & CMD_CODE) == IRQ)
		afu_interrupt(ctx, be16toh(e.length));
	return false;
}

static bool stays_stopped(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);

	if (q->status & TERMINATED)
		return true;
	if (!(q->status & STOPPED))
		return false;
	if (!is_requested(ctx, RESTART | TERMINATE) && !q->terminate)
		return true;
	set_status(ctx, 0);
	q->active_us = now_us();
	return false;
}

static long work(struct afu_context *ctx)
{
	struct queue *q = afu_context_data(ctx);
	uint64_t idle;

	show_regs(ctx);
	while (!stays_stopped(ctx) && run_element(ctx))
		continue;
	if (afu_reg_read(afu_context_window(ctx), REG_TIMEBASE) !=
	    q->timebase) {
		show_timebase(ctx);
		q->active_us = now_us();
	}
	idle = (now_us() - q->active_us) >> IDLE_SHIFT;
	if (idle < IDLE_MIN_US)
		return IDLE_MIN_US;
	return idle < IDLE_MAX_US ? idle : IDLE_MAX_US;
}

static int attach(struct afu_context *ctx)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -1;
	q->active_us = now_us();
	afu_context_set_data(ctx, q);
	show_regs(ctx);
	show_timebase(ctx);
	return 0;
}

static void detach(struct afu_context *ctx)
{
	free(afu_context_data(ctx));
}

static void reset(struct afu *afu)
{
	afu_reg_write(afu_global(afu), GLOBAL_CONFIG, 0);
}

static const struct afu_ops ops = {
	.reset = reset,
	.attach = attach,
	.work = work,
	.detach = detach,
};

int main(int argc, char **argv)
{
	struct afu *afu;

	if (argc != 2) {
		fprintf(stderr, "usage: %s /dev/cxl-sim/CARD.afuM\n", argv[0]);
		return 2;
	}
	afu = afu_open(argv[1], &ops, NULL);
	if (!afu) {
		perror(argv[1]);
		return 1;
	}
	while (afu_handle(afu, -1) >= 0)
		continue;
	if (errno != ENODEV)
		perror(argv[1]);
	afu_close(afu);
	return 0;
}
