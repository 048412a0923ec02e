/* SPDX-License-Identifier: GPL-2.0-only */
/* Failures of the kernel, for tests that only a debug kernel can run. */
#ifndef _TESTS_LIB_FAIL_TEST_H
#define _TESTS_LIB_FAIL_TEST_H

/*
 * From now on the kernel fails at the @nth place that the calling thread
 * reaches where it can fail: an allocation, or an access to user memory. 0: it
 * does not fail. Require.
 */
void fail_at(unsigned int nth);

/*
 * Let a call fail at each place in turn, until it succeeds without a failure.
 * @call returns what a system call does; if it is -1, nothing may have changed,
 * and the same call must succeed at once. @undo undoes a successful call.
 * Returns the number of places that made the call fail; at the others the
 * kernel recovered.
 */
unsigned int fail_each(int (*call)(void), void (*undo)(void));

#endif
