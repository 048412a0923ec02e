// SPDX-License-Identifier: GPL-2.0-only
/* Failures at each place in turn: see tests/lib/fail_test.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"

#define DEBUGFS		"/sys/kernel/debug"
#define MAX_PLACES	20000

static int fail_nth = -1;

/*
 * Let the kernel fail quietly, also where it could wait for memory; but not in
 * the one cache that its command line excludes: without memory for an
 * interrupt's files in /proc the kernel goes on, and warns when it removes
 * them.
 */
static void enable_failures(void)
{
	require_ok(file_write("Y", DEBUGFS "/failslab/cache-filter"));
	require_ok(file_write("0", DEBUGFS "/failslab/verbose"));
	require_ok(file_write("N", DEBUGFS "/failslab/ignore-gfp-wait"));
	require_ok(file_write("0", DEBUGFS "/fail_page_alloc/verbose"));
	require_ok(file_write("N", DEBUGFS "/fail_page_alloc/ignore-gfp-wait"));
	require_ok(file_write("0", DEBUGFS "/fail_page_alloc/min-order"));
	require_ok(file_write("0", DEBUGFS "/fail_usercopy/verbose"));
	fail_nth = require_ok(open("/proc/thread-self/fail-nth",
				   O_RDWR | O_CLOEXEC));
}

void fail_at(unsigned int nth)
{
	char text[16];
	int len = sprintf(text, "%u", nth);

	if (fail_nth < 0)
		enable_failures();
	/* This call itself can be the place. */
	if (pwrite(fail_nth, text, len, 0) != len)
		require_eq(pwrite(fail_nth, text, len, 0), len);
}

/* Has the kernel reached the place? Looking can be the place, too. */
static bool has_failed(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0) {
		require_eq(errno, EFAULT);
		return false;
	}
	return !atoi(text);
}

static bool is_no_memory(int error)
{
	return error == ENOMEM || error == EFAULT || error == ENFILE ||
	       error == EAGAIN;
}

unsigned int fail_each(int (*call)(void), void (*undo)(void))
{
	unsigned int nth, failures = 0;
	bool failed = true;
	int ret, error;

	for (nth = 1; failed && nth < MAX_PLACES; nth++) {
		fail_at(nth);
		ret = call();
		error = errno;
		failed = has_failed();
		fail_at(0);
		if (ret < 0) {
			failures++;
			require(failed, "no failure, but: %s", strerror(error));
			check(is_no_memory(error), "at %u: %s", nth,
			      strerror(error));
			require(call() >= 0, "after %u: %m", nth);
		}
		undo();
	}
	check(!failed);
	/* For tests/debug/fail-table.awk */
	diag("fail-nth: %u places, %u failures", nth - 2, failures);
	return failures;
}
