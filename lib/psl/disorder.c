// SPDX-License-Identifier: LGPL-2.1-or-later
/* The dice of struct psl_disorder: xorshift64*, so the seed decides the order. */
#include "internal.h"

static uint32_t next(struct psl *psl)
{
	uint64_t x = psl->dice;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	psl->dice = x;
	return (x * 0x2545f4914f6cdd1dULL) >> 32;
}

/* At 0 %, do not throw: what is off must not change the order of the rest. */
bool dice_say(struct psl *psl, uint8_t percent)
{
	return percent && dice_throw(psl, 100) < percent;
}

unsigned int dice_throw(struct psl *psl, unsigned int n)
{
	return ((uint64_t)next(psl) * n) >> 32;
}

/* Refuse a percentage with which the simulation would never go on. */
bool disorder_check(const struct psl_disorder *disorder)
{
	return disorder->delay < 100 && disorder->paged < 100 &&
	       disorder->reorder <= 100 && disorder->bogus <= 100;
}
