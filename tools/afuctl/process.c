// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* As a shell says it */
#define STATUS_NOT_FOUND	127
#define STATUS_SIGNALLED	128

static int signal_fd = -1;
static sigset_t old_signals;
static pid_t child;

void stop_on_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action;
	sigset_t set;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* What the parent had ignored, as nohup does, stays ignored. */
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &old_signals);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd < 0)
		die_errno("signalfd");
}

int stop_fd(void)
{
	return signal_fd;
}

void command_start(char **argv)
{
	fflush(NULL);
	child = fork();
	if (child < 0)
		die_errno("fork");
	if (child)
		return;
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old_signals, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "afuctl: %s: %s\n", argv[0], strerror(errno));
	_exit(STATUS_NOT_FOUND);
}

int command_end(void)
{
	struct signalfd_siginfo info;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (read(signal_fd, &info, sizeof(info)) == sizeof(info) &&
		    info.ssi_signo != SIGCHLD)
			kill(child, info.ssi_signo);
	}
	if (WIFSIGNALED(status))
		return STATUS_SIGNALLED + WTERMSIG(status);
	return WEXITSTATUS(status);
}
