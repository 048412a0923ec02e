// SPDX-License-Identifier: GPL-2.0-only
/* An AFU that is busy for ever: see tests/lib/loop_test.h. */
#include <string.h>

#include "tap.h"
#include "lib/loop_test.h"

/*
 * The last element replaces all elements, itself included, by those of the next
 * round; the other elements copy as much as they can.
 */
__u64 endless_loop_init(struct endless_loop *loop)
{
	struct queue q = { .we = loop->image[0], .size = 2 * LOOP };
	int i;

	for (i = 0; i < 2 * LOOP; i++) {
		if (i == LOOP)
			q.wrap = WE_WRAP;
		queue_copy(&q, loop->dst, loop->src, 65535);
	}
	queue_init(&loop->queue, 1);
	for (i = 0; i < 2; i++) {
		struct work_element *last = &loop->image[i][LOOP - 1];
		struct queue one = { .we = last, .size = 2,
				     .wrap = i ? WE_WRAP : 0 };

		queue_add(&one, WE_COPY, sizeof(loop->image[0]),
			  loop->image[!i], loop->queue.we);
	}
	memcpy(loop->queue.we, loop->image[0], sizeof(loop->image[0]));
	return queue_wed(&loop->queue);
}
