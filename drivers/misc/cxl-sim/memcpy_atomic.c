// SPDX-License-Identifier: GPL-2.0-only
/*
 * Atomic operations of the memcpy AFU. Those that use a second word of memory
 * work like the instructions of the Power ISA with the same function codes.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include <asm/byteorder.h>

#include "memcpy_afu.h"

#define CODE_LITTLE_ENDIAN	0x80
#define CODE_OP			0x3f
#define CODE_STORE_ONLY		0x20	/* with the first eight */

enum {
	OP_ADD			= 0x00,
	OP_XOR			= 0x01,
	OP_OR			= 0x02,
	OP_AND			= 0x03,
	OP_MAX_UNSIGNED		= 0x04,
	OP_MAX_SIGNED		= 0x05,
	OP_MIN_UNSIGNED		= 0x06,
	OP_MIN_SIGNED		= 0x07,
	OP_SWAP			= 0x08,
	OP_CAS_NOT_EQUAL	= 0x10,
	OP_CAS_EQUAL		= 0x11,
	OP_INC_BOUNDED		= 0x18,	/* the bound is the next word */
	OP_INC_EQUAL		= 0x19,
	OP_DEC_BOUNDED		= 0x1c,	/* the bound is the word before */
	OP_STORE_TWIN		= 0x38,	/* two words, if they are equal */
};

static unsigned int op_of(const struct memcpy_atomic *op)
{
	unsigned int code = op->code & CODE_OP;

	if ((code & ~CODE_STORE_ONLY) <= OP_MIN_SIGNED)
		code &= ~CODE_STORE_ONLY;
	return code;
}

/* From memory order to a number and back: the same in both directions */
static u64 swap_order(const struct memcpy_atomic *op, u64 word)
{
	bool little = op->code & CODE_LITTLE_ENDIAN;

	if (op->width == sizeof(u64))
		return little ? (__force u64)cpu_to_le64(word)
			      : (__force u64)cpu_to_be64(word);
	return little ? (__force u32)cpu_to_le32(word)
		      : (__force u32)cpu_to_be32(word);
}

static s64 as_signed(const struct memcpy_atomic *op, u64 val)
{
	return op->width == sizeof(u64) ? (s64)val : (s32)val;
}

static u64 as_unsigned(const struct memcpy_atomic *op, u64 val)
{
	return op->width == sizeof(u64) ? val : (u32)val;
}

/* Read a word with the right to write it: one fault instead of two */
static int load(struct sim_pe *pe, const struct memcpy_atomic *op, u64 ea,
		u64 *word)
{
	int ret;

	*word = 0;
	ret = sim_mem_cmpxchg(pe, ea, op->width, word, 0);
	return ret == -EAGAIN ? 0 : ret;
}

/* Address of the second word, for operations that have one */
static u64 second_ea(const struct memcpy_atomic *op)
{
	switch (op_of(op)) {
	case OP_INC_BOUNDED:
	case OP_INC_EQUAL:
	case OP_STORE_TWIN:
		return op->ea + op->width;
	case OP_DEC_BOUNDED:
		return op->ea - op->width;
	default:
		return op->ea;
	}
}

/*
 * Calculate the new value of @mem. Return 0, -ENODATA (nothing is to be stored),
 * -EBUSY (try again when the word may have changed) or -EOPNOTSUPP.
 */
static int compute(const struct memcpy_atomic *op, u64 mem, u64 second,
		   u64 *result)
{
	u64 op1 = as_unsigned(op, op->op1);
	s64 signed_mem = as_signed(op, mem);
	s64 signed_op1 = as_signed(op, op1);

	*result = op1;
	switch (op_of(op)) {
	case OP_ADD:
		*result = mem + op1;
		return 0;
	case OP_XOR:
		*result = mem ^ op1;
		return 0;
	case OP_OR:
		*result = mem | op1;
		return 0;
	case OP_AND:
		*result = mem & op1;
		return 0;
	case OP_MAX_UNSIGNED:
		*result = max(mem, op1);
		return 0;
	case OP_MAX_SIGNED:
		*result = max(signed_mem, signed_op1);
		return 0;
	case OP_MIN_UNSIGNED:
		*result = min(mem, op1);
		return 0;
	case OP_MIN_SIGNED:
		*result = min(signed_mem, signed_op1);
		return 0;
	case OP_SWAP:
		return 0;
	case OP_CAS_NOT_EQUAL:
		*result = op->op2;
		return mem != op1 ? 0 : -EBUSY;
	case OP_CAS_EQUAL:
		*result = op->op2;
		return mem == op1 ? 0 : -EBUSY;
	case OP_INC_BOUNDED:
		*result = mem + 1;
		return mem != second ? 0 : -ENODATA;
	case OP_INC_EQUAL:
		*result = mem + 1;
		return mem == second ? 0 : -ENODATA;
	case OP_DEC_BOUNDED:
		*result = mem - 1;
		return mem != second ? 0 : -ENODATA;
	case OP_STORE_TWIN:
		return mem == second ? 0 : -ENODATA;
	default:
		return -EOPNOTSUPP;
	}
}

/* Store the second word of a twin after the first, whatever it is by now. */
static int store_second(struct sim_pe *pe, const struct memcpy_atomic *op)
{
	u64 ea = second_ea(op);
	u64 word;
	int ret;

	ret = load(pe, op, ea, &word);
	if (ret)
		return ret;
	return sim_mem_cmpxchg(pe, ea, op->width, &word,
			       swap_order(op, op->op1));
}

/**
 * memcpy_atomic_execute() - do an atomic operation
 * @pe: context
 * @op: operation
 *
 * Atomic with respect to programs and to other contexts, for the word at
 * @op->ea.
 *
 * Return: 0; -EOPNOTSUPP: there is no such operation, or not at kernel
 * addresses; -EFAULT; -EINPROGRESS, -EAGAIN or -EBUSY: repeat the call at the
 * context's next turn.
 */
int memcpy_atomic_execute(struct sim_pe *pe, const struct memcpy_atomic *op)
{
	u64 word, second, result;
	int ret;

	if (sim_pe_is_kernel(pe) || compute(op, 0, 0, &result) == -EOPNOTSUPP)
		return -EOPNOTSUPP;
	if (*op->stored)
		return store_second(pe, op);

	ret = load(pe, op, op->ea, &word);
	if (ret)
		return ret;
	second = word;
	if (second_ea(op) != op->ea)
		ret = load(pe, op, second_ea(op), &second);
	if (ret)
		return ret;

	ret = compute(op, swap_order(op, word), swap_order(op, second),
		      &result);
	if (ret)
		return ret == -ENODATA ? 0 : ret;
	ret = sim_mem_cmpxchg(pe, op->ea, op->width, &word,
			      swap_order(op, result));
	if (ret || op_of(op) != OP_STORE_TWIN)
		return ret;
	*op->stored = 1;
	return store_second(pe, op);
}
