/* SPDX-License-Identifier: GPL-2.0-only */
/* Failures of the kernel, for tests that only a debug kernel can run. */
#ifndef _TESTS_LIB_FAIL_TEST_H
#define _TESTS_LIB_FAIL_TEST_H

/*
 * From now on the @nth place of the kernel fails that the calling thread comes
 * to and that could fail: an allocation, or an access of user memory. 0: none
 * does. Require.
 */
void fail_at(unsigned int nth);

/*
 * Let a call fail at each place in turn, until it succeeds without. @call
 * returns what a system call does, -1 with errno, and then has changed
 * nothing: the same must succeed at once. @undo takes back what it did.
 * Returns how many places made the call fail; the others were made good for.
 */
unsigned int fail_each(int (*call)(void), void (*undo)(void));

#endif
