/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memcpy AFU: memcpy_afu.c (the queue and its commands), memcpy_atomic.c
 * and memcpy_regs.c.
 */
#ifndef _CXL_SIM_MEMCPY_AFU_H
#define _CXL_SIM_MEMCPY_AFU_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#include "afu_model.h"

/**
 * struct memcpy_element - work element, big-endian
 * @cmd: valid, wrap, command
 * @status: written by the AFU
 * @length: in bytes, or interrupt number
 * @cmd_extra: atomic operation
 * @reserved: not used
 * @atomic_op1: first operand of an atomic operation
 * @src: source address, or second operand
 * @dst: destination address
 */
struct memcpy_element {
	u8 cmd;
	u8 status;
	__be16 length;
	u8 cmd_extra;
	u8 reserved[3];
	__be64 atomic_op1;
	__be64 src;
	__be64 dst;
};

static_assert(sizeof(struct memcpy_element) == 32);

/* The next step for the element at the current offset */
enum memcpy_step {
	STEP_FETCH,
	STEP_EXECUTE,
	STEP_STATUS,
};

/**
 * struct memcpy_context - private data of a context
 * @status: value of the register of this name
 * @tb: likewise
 * @offset: of the current element in the queue, in bytes
 * @wrap: the value of CMD_WRAP that makes an element valid
 * @terminate: Terminate was written
 * @delayed: the injected delay before the current element is over
 * @step: how far the current element has got
 * @element: the current element
 * @result: its status byte, in STEP_STATUS
 * @done: progress of it: bytes copied, words stored, or whether the operand of
 *	an increment was read
 * @value: what an increment stores, once its operand was read
 */
struct memcpy_context {
	u64 status;
	u64 tb;
	u32 offset;
	bool wrap;
	bool terminate;
	bool delayed;
	enum memcpy_step step;
	struct memcpy_element element;
	u8 result;
	u32 done;
	__be64 value;
};

/* Bits of the STATUS register */
#define MEMCPY_TERMINATED	BIT_ULL(60)
#define MEMCPY_STOPPED		BIT_ULL(59)

/* memcpy_regs.c */
void memcpy_restore_regs(struct sim_pe *pe);
void memcpy_set_status(struct sim_pe *pe, u64 status);
void memcpy_clear_restart(struct sim_pe *pe);
bool memcpy_restart_pending(struct sim_pe *pe);
bool memcpy_terminate_requested(struct sim_pe *pe);
bool memcpy_stop_on_invalid(struct sim_pe *pe);
void memcpy_deliver_timebase(struct sim_pe *pe);
void memcpy_serve_timebase(struct sim_pe *pe);
void memcpy_reset_global_regs(struct sim_afu *afu);

/**
 * struct memcpy_atomic - an atomic operation on a context's memory
 * @code: cmd_extra of the work element
 * @width: 4 or 8 bytes
 * @ea: address of the operand
 * @op1: first operand
 * @op2: second operand of compare and swap
 * @stored: words stored so far, 0 at first; kept when the call is repeated
 */
struct memcpy_atomic {
	u8 code;
	unsigned int width;
	u64 ea;
	u64 op1;
	u64 op2;
	u32 *stored;
};

/* memcpy_atomic.c */
int memcpy_atomic_execute(struct sim_pe *pe, const struct memcpy_atomic *op);

#endif /* _CXL_SIM_MEMCPY_AFU_H */
