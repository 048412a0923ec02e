// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As used by shells */
#define STATUS_NOT_FOUND	127
#define STATUS_SIGNALLED	128

static pid_t child;

void command_start(char **argv)
{
	fflush(NULL);
	child = fork();
	if (child < 0)
		die_refused("fork");
	if (child)
		return;
	signals_restore();
	execvp(argv[0], argv);
	print_errno(STATUS_NOT_FOUND, "%s", argv[0]);
	_exit(STATUS_NOT_FOUND);
}

/* The command itself has got signals that were typed at the terminal. */
static void pass_on_signals(void)
{
	bool typed;
	int number;

	while ((number = signals_take(&typed))) {
		if (number != SIGCHLD && !typed)
			kill(child, number);
	}
}

int command_end(void)
{
	struct pollfd signals = { .fd = signals_fd(), .events = POLLIN };
	int status;
	pid_t pid;

	while ((pid = waitpid(child, &status, WNOHANG)) == 0) {
		poll(&signals, 1, -1);
		pass_on_signals();
	}
	if (pid < 0)
		die_refused("cannot wait for the command");
	if (WIFSIGNALED(status))
		return STATUS_SIGNALLED + WTERMSIG(status);
	return WEXITSTATUS(status);
}
