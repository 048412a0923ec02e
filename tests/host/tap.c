// SPDX-License-Identifier: GPL-2.0-only
/*
 * Would the TAP library notice? It runs small test programs here, and its
 * results are judged without its help.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char output[8192];
static unsigned int wrong;

#define expect(cond)							\
	tell_unless(cond, __LINE__, #cond)

static void tell_unless(bool ok, int line, const char *what)
{
	if (ok)
		return;
	wrong++;
	printf("# line %d: not true: %s; it said:\n# ", line, what);
	for (const char *c = output; *c; c++)
		printf(*c == '\n' ? "\n# " : "%c", *c);
	putchar('\n');
}

/* Run @test as the only test of the program sample.c; returns its exit status. */
static int run_sample(const struct tap_test *test, const char *prefix)
{
	char *argv[3] = { "sample", (char *)prefix, NULL };
	size_t at = 0;
	int fds[2];
	int status;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		_exit(tap_main(2, argv, "tests/sample.c", test, 1));
	}
	close(fds[1]);
	while ((n = read(fds[0], output + at, sizeof(output) - 1 - at)) > 0)
		at += n;
	output[at] = '\0';
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void sample_fails(void (*run)(void), const char *why)
{
	struct tap_test test = { "sample.test", run, .limit = 1 };

	expect(run_sample(&test, "") == 1);
	expect(strstr(output, "1..1\n"));
	expect(strstr(output, "not ok 1 - sample.test\n"));
	expect(strstr(output, why));
}

static void good(void)
{
	check_eq(6 * 7, 42);
	check_errno(close(-1), EBADF);
	check_str_eq("a", "a");
	check_mem_eq("abc", "abc", 3);
}

static void good_test_passes(void)
{
	struct tap_test test = { "sample.test", good };

	expect(run_sample(&test, "sample.") == 0);
	expect(strstr(output, "\nok 1 - sample.test\n"));
}

static void unequal(void)
{
	check_eq(1, 2);
}

static void wrong_errno(void)
{
	check_errno(close(-1), EINVAL);
}

static void no_error(void)
{
	check_errno(0, EINVAL);
}

static void failed_call(void)
{
	require_ok(close(-1));
	abort();
}

static void other_bytes(void)
{
	check_mem_eq("abc", "abd", 3);
}

static void failed_check_fails(void)
{
	sample_fails(unequal, "1 == 2: 1 (0x1), 2 (0x2)");
	sample_fails(wrong_errno, "EBADF, wanted EINVAL");
	sample_fails(no_error, "returned 0, wanted EINVAL");
	sample_fails(failed_call, "Bad file descriptor");
	sample_fails(other_bytes, "byte 2 of 3");
}

static void crashing(void)
{
	check(true);
	raise(SIGSEGV);
}

static void hanging(void)
{
	check(true);
	if (fork() >= 0)
		for (;;)
			pause();
}

static void leaving(void)
{
	check(true);
	_exit(0);
}

static void empty(void)
{
}

static void crash_or_hang_fails(void)
{
	sample_fails(crashing, "killed by Segmentation fault");
	sample_fails(hanging, "not done after 1 s");
	sample_fails(leaving, "left before its end");
}

static void test_without_checks_fails(void)
{
	sample_fails(empty, "checked nothing");
}

static void *thread(void *unused)
{
	require_eq(3, 4);
	return unused;
}

static void in_thread(void)
{
	pthread_t id;

	require_eq(pthread_create(&id, NULL, thread, NULL), 0);
	pthread_join(id, NULL);
	diag("the test goes on");
}

static void in_child(void)
{
	pid_t pid = require_ok(fork());

	if (pid == 0)
		require(false, "in the child");
	waitpid(pid, NULL, 0);
}

static void failures_elsewhere_count(void)
{
	sample_fails(in_thread, "the test goes on");
	sample_fails(in_child, "in the child");
}

static void skipping(void)
{
	skip("no %s", "card");
}

static void failing_and_skipping(void)
{
	check(false);
	skip("no card");
}

static void skip_is_shown(void)
{
	struct tap_test test = { "sample.test", skipping };

	expect(run_sample(&test, "") == 0);
	expect(strstr(output, "\nok 1 - sample.test # SKIP no card\n"));
	sample_fails(failing_and_skipping, "not true: false");
}

static void clean(void)
{
	diag("cleaned up");
}

static void cleanup_runs_after_a_crash(void)
{
	struct tap_test test = { "sample.test", crashing, clean };

	expect(run_sample(&test, "") == 1);
	expect(strstr(output, "cleaned up"));
}

static void prefix_selects(void)
{
	struct tap_test test = { "sample.test", good };

	expect(run_sample(&test, "sample.x") == 0);
	expect(!strcmp(output, "TAP version 13\n1..0\n"));
}

static void foreign_name_bails_out(void)
{
	struct tap_test test = { "example.test", good };

	expect(run_sample(&test, "") == 2);
	expect(strstr(output, "Bail out!"));
}

static const struct tap_test tests[] = {
	{ "tap.good_test_passes", good_test_passes },
	{ "tap.failed_check_fails", failed_check_fails },
	{ "tap.crash_or_hang_fails", crash_or_hang_fails },
	{ "tap.test_without_checks_fails", test_without_checks_fails },
	{ "tap.failures_elsewhere_count", failures_elsewhere_count },
	{ "tap.skip_is_shown", skip_is_shown },
	{ "tap.cleanup_runs_after_a_crash", cleanup_runs_after_a_crash },
	{ "tap.prefix_selects", prefix_selects },
	{ "tap.foreign_name_bails_out", foreign_name_bails_out },
};

int main(void)
{
	const char *prefix = getenv("CXL_TEST_PREFIX");
	unsigned int number = 0, failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		if (prefix && strncmp(tests[i].name, prefix, strlen(prefix)))
			continue;
		wrong = 0;
		tests[i].run();
		failed += wrong != 0;
		printf("%sok %u - %s\n", wrong ? "not " : "", ++number, tests[i].name);
	}
	printf("1..%u\n", number);
	return failed != 0;
}
