/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic operations of the memcpy AFU, built on compare and swap. */
#ifndef _EXAMPLES_MEMCPY_ATOMIC_H
#define _EXAMPLES_MEMCPY_ATOMIC_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <afu.h>

/**
 * struct atomic - an operation
 * @code: byte 4 of the work element
 * @width: 4 or 8 bytes
 * @ea: address of the word
 * @op1: first operand
 * @op2: second operand, of compare and swap
 */
struct atomic {
	uint8_t code;
	unsigned int width;
	uint64_t ea;
	uint64_t op1;
	uint64_t op2;
};

#define ATOMIC_LITTLE_ENDIAN	0x80
#define ATOMIC_OP		0x3f
#define ATOMIC_STORE_ONLY	0x20	/* with the first eight */

static inline unsigned int atomic_op(const struct atomic *op)
{
	unsigned int code = op->code & ATOMIC_OP;

	return (code & ~ATOMIC_STORE_ONLY) < 8 ? code & ~ATOMIC_STORE_ONLY
					       : code;
}

/* Convert a word in memory order to a number, and back. */
static inline uint64_t atomic_order(const struct atomic *op, uint64_t word)
{
	bool little = op->code & ATOMIC_LITTLE_ENDIAN;

	if (op->width == 8)
		return little ? htole64(word) : htobe64(word);
	return little ? htole32(word) : htobe32(word);
}

static inline int64_t atomic_signed(const struct atomic *op, uint64_t val)
{
	return op->width == 8 ? (int64_t)val : (int32_t)val;
}

/* Address of the second word, for the operations that have one */
static inline uint64_t atomic_second(const struct atomic *op)
{
	switch (atomic_op(op)) {
	case 0x18:
	case 0x19:
	case 0x38:
		return op->ea + op->width;
	case 0x1c:
		return op->ea - op->width;
	default:
		return op->ea;
	}
}

/*
 * Compute the new value of @mem. Return 0, or an errno: ENODATA (store
 * nothing), EBUSY (retry when something else has changed the word), EOPNOTSUPP.
 */
static inline int atomic_compute(const struct atomic *op, uint64_t mem,
				 uint64_t second, uint64_t *result)
{
	uint64_t op1 = op->width == 8 ? op->op1 : (uint32_t)op->op1;
	bool less = atomic_signed(op, mem) < atomic_signed(op, op1);

	*result = op1;
	switch (atomic_op(op)) {
	case 0x00:
		*result = mem + op1;
		return 0;
	case 0x01:
		*result = mem ^ op1;
		return 0;
	case 0x02:
		*result = mem | op1;
		return 0;
	case 0x03:
		*result = mem & op1;
		return 0;
	case 0x04:
		*result = mem > op1 ? mem : op1;
		return 0;
	case 0x05:
		*result = less ? op1 : mem;
		return 0;
	case 0x06:
		*result = mem < op1 ? mem : op1;
		return 0;
	case 0x07:
		*result = less ? mem : op1;
		return 0;
	case 0x08:
		return 0;
	case 0x10:
		*result = op->op2;
		return mem != op1 ? 0 : EBUSY;
	case 0x11:
		*result = op->op2;
		return mem == op1 ? 0 : EBUSY;
	case 0x18:
		*result = mem + 1;
		return mem != second ? 0 : ENODATA;
	case 0x19:
		*result = mem + 1;
		return mem == second ? 0 : ENODATA;
	case 0x1c:
		*result = mem - 1;
		return mem != second ? 0 : ENODATA;
	case 0x38:
		return mem == second ? 0 : ENODATA;
	default:
		return EOPNOTSUPP;
	}
}

static inline uint64_t atomic_low(const struct atomic *op, uint64_t word)
{
	return op->width == 8 ? word : (uint32_t)word;
}

/* Read a word with the right to write it. */
static inline int atomic_load(struct afu_context *ctx, const struct atomic *op,
			      uint64_t ea, uint64_t *word)
{
	*word = 0;
	return afu_compare_swap(ctx, ea, op->width, word, 0);
}

/* Store @number, whatever is there. */
static inline int atomic_store(struct afu_context *ctx, const struct atomic *op,
			       uint64_t ea, uint64_t number)
{
	uint64_t word = 0, expected;

	do {
		expected = word;
		if (afu_compare_swap(ctx, ea, op->width, &word,
				     atomic_order(op, atomic_low(op, number))))
			return -1;
	} while (word != expected);
	return 0;
}

/**
 * atomic_execute() - execute an operation
 * @ctx: context
 * @op: operation
 *
 * Return: 0, or -1: EOPNOTSUPP, EBUSY (try again), or the error of an access.
 */
static inline int atomic_execute(struct afu_context *ctx,
				 const struct atomic *op)
{
	uint64_t word, found, second, result;
	int error;

	if (atomic_compute(op, 0, 0, &result) == EOPNOTSUPP) {
		errno = EOPNOTSUPP;
		return -1;
	}
	for (;;) {
		if (atomic_load(ctx, op, op->ea, &word))
			return -1;
		second = word;
		if (atomic_second(op) != op->ea &&
		    atomic_load(ctx, op, atomic_second(op), &second))
			return -1;
		error = atomic_compute(op, atomic_order(op, word),
				       atomic_order(op, second), &result);
		if (error == ENODATA)
			return 0;
		if (error) {
			errno = error;
			return -1;
		}
		found = word;
		if (afu_compare_swap(ctx, op->ea, op->width, &found,
				     atomic_order(op, atomic_low(op, result))))
			return -1;
		if (found == word)
			break;
	}
	if (atomic_op(op) != 0x38)
		return 0;
	return atomic_store(ctx, op, atomic_second(op), op->op1);
}

#endif
