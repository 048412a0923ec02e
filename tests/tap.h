/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small library for tests that speak TAP 13.
 *
 * A test program is one subject, tests/<subject>.c:
 *
 *	#include "tap.h"
 *
 *	static void whole_events_only(void)
 *	{
 *		int fd = require_ok(open("/dev/cxl/afu0.0s", O_RDWR));
 *
 *		check_errno(read(fd, buf, 4095), EINVAL);
 *		check_eq(event->header.size, sizeof(event->header));
 *	}
 *
 *	static const struct tap_test tests[] = {
 *		{ "read.whole_events_only", whole_events_only },
 *	};
 *
 *	TAP_MAIN(tests)
 *
 * Every test runs in a child process of its own, with a time limit, so that a
 * crash or a hang is the failure of one test. check*() reports a failure with
 * file and line and goes on; require*() reports it and ends the test. All of
 * them may be used in threads and in children of the test (where require*()
 * ends the thread or child only, and the test still fails). A test that checks
 * nothing, or leaves by exit(), fails too.
 *
 * $CXL_TEST_PREFIX: run only the tests whose names begin with it.
 * $CXL_TIME_SCALE: factor for time limits.
 * $CXL_ROUNDS_SCALE: divisor for the number of rounds of what is done many
 * times.
 * Arguments: -l lists the names; -n runs without children or time limits, for
 * a debugger; any other argument is a prefix, instead of $CXL_TEST_PREFIX.
 */
#ifndef _TESTS_TAP_H
#define _TESTS_TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define TAP_DEFAULT_LIMIT	30	/* seconds */

/**
 * struct tap_test - one test
 * @name: "<subject>.<what_is_shown>", the subject being the file's name, maybe
 *	with a number
 * @run: the test; it passes when it returns with no check failed
 * @cleanup: optional; runs in the parent after the test, however it ended, to
 *	undo what outlives a process (a configfs item, a loaded module)
 * @limit: seconds the test may take, 0 for TAP_DEFAULT_LIMIT
 */
struct tap_test {
	const char *name;
	void (*run)(void);
	void (*cleanup)(void);
	unsigned int limit;
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define TAP_MAIN(tests)							\
int main(int argc, char **argv)						\
{									\
	exit(tap_main(argc, argv, __FILE__, tests,			\
		      sizeof(tests) / sizeof((tests)[0])));		\
}

/* A condition, and optionally what to say about it, printf style. */
#define check(cond, ...)						\
	tap_check(!!(cond), __FILE__, __LINE__, #cond, ": " __VA_ARGS__)

#define require(cond, ...)	tap_require(check(cond, __VA_ARGS__))

/* Integers of any type; both sides are shown. */
#define check_eq(a, b)							\
	tap_check_eq((long long)(a), (long long)(b), __FILE__, __LINE__,	\
		     #a " == " #b)

#define require_eq(a, b)	tap_require(check_eq(a, b))

#define check_str_eq(a, b)						\
	tap_check_str_eq(a, b, __FILE__, __LINE__, #a " is " #b)

/* On failure the first byte that differs is shown. */
#define check_mem_eq(a, b, size)					\
	tap_check_mem_eq(a, b, size, __FILE__, __LINE__, #a " holds " #b)

/* A call in the manner of system calls that must fail with this errno. */
#define check_errno(call, error)					\
	tap_check_errno((errno = 0, (long long)(call)), error,		\
			__FILE__, __LINE__, #call)

/* A call in the manner of system calls that must not return -1; its value. */
#define check_ok(call)							\
	tap_check_ok((errno = 0, (long long)(call)), __FILE__, __LINE__, #call)

#define require_ok(call)						\
	tap_require_ok(check_ok(call))

/* Fail the test where no condition can be written down. */
#define fail(...)							\
	tap_check(false, __FILE__, __LINE__, "reached", ": " __VA_ARGS__)

/**
 * skip() - end the test as skipped: what it needs is not there
 * @fmt: the reason, printf style
 *
 * Only for the thread that runs the test. A skip after a failed check is a
 * failure.
 */
__attribute__((noreturn, format(printf, 1, 2)))
void skip(const char *fmt, ...);

/**
 * diag() - print a line for the reader of the log
 * @fmt: printf style, without a newline
 */
__attribute__((format(printf, 1, 2)))
void diag(const char *fmt, ...);

/*
 * A kernel with checks is slower: the first is a factor for time limits; the
 * second tells how often to do what a test does @rounds times, at least @least
 * times.
 */
unsigned int tap_time_scale(void);
unsigned int tap_rounds(unsigned int rounds, unsigned int least);

/* What the macros above are made of. */
int tap_main(int argc, char **argv, const char *file,
	     const struct tap_test *tests, size_t n);
void tap_require(bool ok);
long long tap_require_ok(long long ret);
__attribute__((format(printf, 5, 6)))
bool tap_check(bool ok, const char *file, int line, const char *what,
	       const char *fmt, ...);
bool tap_check_eq(long long a, long long b, const char *file, int line,
		  const char *what);
bool tap_check_str_eq(const char *a, const char *b, const char *file, int line,
		      const char *what);
bool tap_check_mem_eq(const void *a, const void *b, size_t size,
		      const char *file, int line, const char *what);
bool tap_check_errno(long long ret, int error, const char *file, int line,
		     const char *what);
long long tap_check_ok(long long ret, const char *file, int line,
		       const char *what);

#endif
