// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int signal_fd = -1;
static sigset_t old_mask;
static struct sigaction old_pipe;

/*
 * Signals that end a program and can wait. Faults cannot wait; signals that
 * stop or continue a program, or do nothing, are left alone.
 */
static bool can_wait(int number)
{
	switch (number) {
	case SIGKILL:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
	case SIGTRAP:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
	case SIGPIPE:
	case SIGCHLD:
		return false;
	default:
		return true;
	}
}

void signals_defer(void)
{
	struct sigaction action;
	sigset_t set;
	int number;

	sigaction(SIGPIPE, NULL, &old_pipe);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (number = 1; number <= SIGRTMAX; number++) {
		if (can_wait(number) && !sigaction(number, NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, number);
	}
	sigprocmask(SIG_BLOCK, &set, &old_mask);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		die_errno(EXIT_FAILURE, "signalfd");
}

int signals_fd(void)
{
	return signal_fd;
}

int signals_take(bool *typed)
{
	struct signalfd_siginfo info;
	ssize_t n;

	do {
		n = read(signal_fd, &info, sizeof(info));
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(info))
		return 0;
	*typed = info.ssi_code == SI_KERNEL;
	return info.ssi_signo;
}

void signals_restore(void)
{
	sigaction(SIGPIPE, &old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

void end_by_signal(int number)
{
	sigset_t set;

	clean_up();
	fflush(NULL);
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* The signal did not end the program. */
	exit(128 + number);
}
