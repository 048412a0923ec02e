/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring without liburing, for one ring in each test. */
#ifndef _TESTS_LIB_URING_TEST_H
#define _TESTS_LIB_URING_TEST_H

#include <stdbool.h>

#include <linux/io_uring.h>

/* Set up the ring; skips the test where the kernel has none. */
void uring_setup(void);
/* Submit one operation and do not wait for it; require. */
void uring_submit(const struct io_uring_sqe *op);
/* Whether a completion is there; it is taken. */
bool uring_completion(struct io_uring_cqe *cqe);
/* Wait for the next completion; require. */
void uring_wait(struct io_uring_cqe *cqe);
/* The same; its result. */
int uring_wait_result(void);
/* Check that none comes. */
void uring_check_quiet(void);
/* Give the kernel @count buffers of @size bytes at @mem as group 0; require. */
void uring_provide(void *mem, unsigned int size, unsigned int count);

#endif
