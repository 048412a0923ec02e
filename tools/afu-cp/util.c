// SPDX-License-Identifier: GPL-2.0-only
#include "afu-cp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

/* Longest time without any event that is not taken for a failure */
#define ANSWER_MS	60000

static void vdie(enum exit_code code, int error, const char *format,
		 va_list args)
	__attribute__((noreturn, format(printf, 3, 0)));

static void vdie(enum exit_code code, int error, const char *format,
		 va_list args)
{
	progress_end();
	fflush(stdout);
	fputs("afu-cp: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "%s%s\n", error ? ": " : "",
		error ? strerror(error) : "");
	exit(code);
}

void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdie(code, 0, format, args);
}

void die_errno(enum exit_code code, const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vdie(code, error, format, args);
}

static sigset_t deferred;
static int signal_fd;
static int fatal_signal;

/* The parent is to see a program ended by a signal, not an exit. */
static void end_by_signal(void)
{
	if (!fatal_signal)
		return;
	fflush(NULL);
	signal(fatal_signal, SIG_DFL);
	raise(fatal_signal);
	sigprocmask(SIG_UNBLOCK, &deferred, NULL);
}

void signals_defer(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&deferred);
	/* What the parent had ignored, as nohup does, stays ignored. */
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&deferred, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &deferred, NULL);
	signal_fd = signalfd(-1, &deferred, SFD_CLOEXEC);
	if (signal_fd < 0)
		die_errno(EXIT_FILES, "signalfd");
	/* Handlers run last to first: this one after all the clean-up. */
	atexit(end_by_signal);
}

void signals_check(void)
{
	static const struct timespec at_once;
	int number = sigtimedwait(&deferred, NULL, &at_once);

	if (number <= 0)
		return;
	fatal_signal = number;
	progress_end();
	exit(128 + number);
}

bool wait_readable(int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};

	if (poll(fds, 2, ANSWER_MS) == 0)
		return false;
	signals_check();
	return true;
}

double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
