/* SPDX-License-Identifier: GPL-2.0-only */
/* An endless queue of the memcpy AFU: an AFU that is busy for ever. */
#ifndef _TESTS_LIB_LOOP_TEST_H
#define _TESTS_LIB_LOOP_TEST_H

#include <linux/types.h>

#include "lib/cxl_test.h"

#define LOOP	4

/**
 * struct endless_loop - the queue and its memory
 * @image: the elements of this round, and of the next
 * @src: source of the copies
 * @dst: destination
 * @queue: the queue that the AFU works on
 */
struct endless_loop {
	struct work_element image[2][LOOP] __attribute__((aligned(256)));
	char src[65536];
	char dst[65536];
	struct queue queue;
};

/* Initialise it; returns the work element descriptor. Require. */
__u64 endless_loop_init(struct endless_loop *loop);

#endif
