// SPDX-License-Identifier: GPL-2.0-only
/* The TAP library: see tests/tap.h for how it is used. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

/* How long a killed test may take to go away. */
#define KILL_SECONDS	10

/* What the processes of one test share. */
struct outcome {
	unsigned int checks;	/* atomic, made so far */
	unsigned int failures;	/* atomic */
	bool finished;		/* came to its end, or to that of skip() */
	bool skipped;
	char reason[200];
};

/* Of a program that has no tests, but uses their helpers */
static struct outcome no_test;
static struct outcome *outcome = &no_test;
static bool in_process;		/* -n: no child per test */
static jmp_buf test_end;	/* with in_process */
static pid_t test_pid;
static pthread_t test_thread;

static void print_line(const char *prefix, const char *fmt, va_list args)
{
	char line[1024];
	size_t at = snprintf(line, sizeof(line), "%s", prefix);

	vsnprintf(line + at, sizeof(line) - at, fmt, args);
	/* One write: threads and children share the output. */
	dprintf(STDOUT_FILENO, "%s\n", line);
}

void diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line("# ", fmt, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4)))
static void record_failure(const char *file, int line, const char *fmt, ...)
{
	char prefix[200];
	va_list args;

	__atomic_add_fetch(&outcome->failures, 1, __ATOMIC_RELAXED);
	snprintf(prefix, sizeof(prefix), "# %s:%d: ", file, line);
	va_start(args, fmt);
	print_line(prefix, fmt, args);
	va_end(args);
}

static void count_check(void)
{
	__atomic_add_fetch(&outcome->checks, 1, __ATOMIC_RELAXED);
}

static bool in_test_thread(void)
{
	return getpid() == test_pid && pthread_equal(pthread_self(), test_thread);
}

/* There in a program with the leak sanitizer, which _exit() does not call */
__attribute__((weak))
void __lsan_do_leak_check(void);

__attribute__((noreturn))
static void end_test(void)
{
	if (getpid() == test_pid && !in_test_thread())
		pthread_exit(NULL);
	if (in_test_thread())
		outcome->finished = true;
	if (__lsan_do_leak_check && !outcome->failures)
		__lsan_do_leak_check();
	if (in_process && getpid() == test_pid)
		longjmp(test_end, 1);
	_exit(outcome == &no_test ? EXIT_FAILURE : EXIT_SUCCESS);
}

void tap_require(bool ok)
{
	if (!ok)
		end_test();
}

long long tap_require_ok(long long ret)
{
	if (ret == -1)
		end_test();
	return ret;
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(outcome->reason, sizeof(outcome->reason), fmt, args);
	va_end(args);
	outcome->skipped = true;
	end_test();
}

bool tap_check(bool ok, const char *file, int line, const char *what,
	       const char *fmt, ...)
{
	int error = errno;
	char why[512];
	va_list args;

	count_check();
	if (ok)
		return true;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	/* The macros begin every format with a colon. */
	record_failure(file, line, "not true: %s%s", what,
		       strcmp(why, ": ") ? why : "");
	errno = error;
	return false;
}

bool tap_check_eq(long long a, long long b, const char *file, int line,
		  const char *what)
{
	count_check();
	if (a != b)
		record_failure(file, line, "not true: %s: %lld (%#llx), %lld (%#llx)",
			       what, a, a, b, b);
	return a == b;
}

bool tap_check_str_eq(const char *a, const char *b, const char *file, int line,
		      const char *what)
{
	bool ok = a && b ? !strcmp(a, b) : a == b;

	count_check();
	if (!ok)
		record_failure(file, line, "not true: %s: \"%s\", \"%s\"", what,
			       a ? a : "(null)", b ? b : "(null)");
	return ok;
}

bool tap_check_mem_eq(const void *a, const void *b, size_t size,
		      const char *file, int line, const char *what)
{
	const unsigned char *x = a, *y = b;
	size_t i;

	count_check();
	for (i = 0; i < size; i++) {
		if (x[i] != y[i]) {
			record_failure(file, line,
				       "not true: %s: byte %zu of %zu: %#x, %#x",
				       what, i, size, x[i], y[i]);
			return false;
		}
	}
	return true;
}

bool tap_check_errno(long long ret, int error, const char *file, int line,
		     const char *what)
{
	int got = errno;

	count_check();
	if (ret == -1 && got == error)
		return true;
	if (ret == -1)
		record_failure(file, line, "%s: %s, wanted %s", what,
			       strerrorname_np(got), strerrorname_np(error));
	else
		record_failure(file, line, "%s: returned %lld, wanted %s", what,
			       ret, strerrorname_np(error));
	return false;
}

long long tap_check_ok(long long ret, const char *file, int line,
		       const char *what)
{
	count_check();
	if (ret == -1)
		record_failure(file, line, "%s: %s", what, strerror(errno));
	return ret;
}

static void enter_test(const struct tap_test *test)
{
	test_pid = getpid();
	test_thread = pthread_self();
	if (!setjmp(test_end)) {
		test->run();
		end_test();
	}
}

/* Wait for @pid, which has @seconds. SIGCHLD is blocked. */
static bool wait_limited(pid_t pid, unsigned int seconds, int *status)
{
	struct timespec now, end, left;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return false;
		left = (struct timespec){ .tv_sec = end.tv_sec - now.tv_sec };
		sigtimedwait(&child, NULL, &left);
	}
}

static unsigned int scale_of(const char *variable)
{
	const char *scale = getenv(variable);

	return scale && atoi(scale) > 0 ? atoi(scale) : 1;
}

/* A debug kernel is slower; the harness knows by how much. */
unsigned int tap_time_scale(void)
{
	return scale_of("CXL_TIME_SCALE");
}

unsigned int tap_rounds(unsigned int rounds, unsigned int least)
{
	unsigned int fewer = rounds / scale_of("CXL_ROUNDS_SCALE");

	if (fewer < least)
		fewer = least;
	if (fewer < rounds)
		diag("%u of %u rounds: this guest is slow", fewer, rounds);
	return fewer;
}

static unsigned int test_limit(const struct tap_test *test)
{
	return (test->limit ? test->limit : TAP_DEFAULT_LIMIT) *
	       tap_time_scale();
}

static void run_in_child(const struct tap_test *test)
{
	unsigned int limit = test_limit(test);
	sigset_t child, old;
	int status = 0;
	bool ended;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &old);
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		record_failure(__FILE__, __LINE__, "fork: %s", strerror(errno));
		goto restore;
	}
	if (pid == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &old, NULL);
		enter_test(test);
	}
	setpgid(pid, pid);

	ended = wait_limited(pid, limit, &status);
	/* Nothing that the test started outlives it. */
	kill(-pid, SIGKILL);
	if (!ended) {
		record_failure(__FILE__, __LINE__, "not done after %u s", limit);
		if (!wait_limited(pid, KILL_SECONDS, &status))
			record_failure(__FILE__, __LINE__,
				       "cannot be killed either");
	} else if (WIFSIGNALED(status)) {
		record_failure(__FILE__, __LINE__, "killed by %s",
			       strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status)) {
		record_failure(__FILE__, __LINE__, "exit status %d",
			       WEXITSTATUS(status));
	}
restore:
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static bool run_test(const struct tap_test *test, unsigned int number)
{
	bool ok;

	memset(outcome, 0, sizeof(*outcome));
	if (in_process)
		enter_test(test);
	else
		run_in_child(test);
	if (test->cleanup)
		test->cleanup();
	if (!outcome->failures && !outcome->finished)
		record_failure(__FILE__, __LINE__, "left before its end");
	if (!outcome->failures && !outcome->skipped && !outcome->checks)
		record_failure(__FILE__, __LINE__, "checked nothing");

	ok = !outcome->failures;
	dprintf(STDOUT_FILENO, "%sok %u - %s%s%s\n", ok ? "" : "not ", number,
		test->name, ok && outcome->skipped ? " # SKIP " : "",
		ok && outcome->skipped ? outcome->reason : "");
	return ok;
}

/*
 * A test is found by its name, so the name must say the file. A number may
 * follow: W.c has the tests of W1, W2 and so on.
 */
static bool name_fits_file(const char *name, const char *file)
{
	const char *base = strrchr(file, '/');
	size_t len;

	base = base ? base + 1 : file;
	len = strcspn(base, ".");
	if (strncmp(name, base, len))
		return false;
	name += len + strspn(name + len, "0123456789");
	return name[0] == '.' && name[1];
}

int tap_main(int argc, char **argv, const char *file,
	     const struct tap_test *tests, size_t n)
{
	const char *prefix = getenv("CXL_TEST_PREFIX");
	unsigned int number = 0, planned = 0, failed = 0;
	bool list = false;
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "ln")) != -1) {
		if (opt == 'l')
			list = true;
		else if (opt == 'n')
			in_process = true;
		else
			return 2;
	}
	if (optind < argc)
		prefix = argv[optind];
	if (!prefix)
		prefix = "";

	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED) {
		dprintf(STDOUT_FILENO, "Bail out! no memory\n");
		return 2;
	}
	for (i = 0; i < n; i++) {
		if (!name_fits_file(tests[i].name, file)) {
			dprintf(STDOUT_FILENO, "Bail out! %s does not begin with the name of %s\n",
				tests[i].name, file);
			return 2;
		}
		if (strncmp(tests[i].name, prefix, strlen(prefix)))
			continue;
		planned++;
		if (list)
			dprintf(STDOUT_FILENO, "%s\n", tests[i].name);
	}
	if (list)
		return 0;

	dprintf(STDOUT_FILENO, "TAP version 13\n1..%u\n", planned);
	for (i = 0; i < n; i++) {
		if (strncmp(tests[i].name, prefix, strlen(prefix)))
			continue;
		if (!run_test(&tests[i], ++number))
			failed++;
	}
	return failed != 0;
}
