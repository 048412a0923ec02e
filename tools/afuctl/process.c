// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* As used by shells */
#define STATUS_NOT_FOUND	127
#define STATUS_SIGNALLED	128

static pid_t child;

/*
 * SIGCHLD tells of other children, too: whoever executed afuctl may have had some.
 * And it comes when the command is only stopped.
 */
static int child_fd = -1;

void command_start(char **argv)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct sigaction old;

	fflush(NULL);
	/* If the parent ignored SIGCHLD, there would be no status. */
	sigaction(SIGCHLD, &action, &old);
	child = fork();
	if (child < 0)
		die_refused("fork");
	if (!child) {
		sigaction(SIGCHLD, &old, NULL);
		signals_restore();
		execvp(argv[0], argv);
		print_errno(STATUS_NOT_FOUND, "%s", argv[0]);
		_exit(STATUS_NOT_FOUND);
	}
	child_fd = pidfd_open(child, 0);
	if (child_fd < 0)
		die_refused("pidfd_open");
}

int command_fd(void)
{
	return child_fd;
}

/* The command itself has got signals that were typed at the terminal. */
static void pass_on_signals(void)
{
	bool typed;
	int number;

	while ((number = signals_take(&typed))) {
		if (!typed)
			kill(child, number);
	}
}

int command_end(void)
{
	struct pollfd fds[] = {
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = child_fd, .events = POLLIN },
	};
	int status;
	pid_t pid;

	while ((pid = waitpid(child, &status, WNOHANG)) == 0) {
		poll(fds, ARRAY_SIZE(fds), -1);
		pass_on_signals();
	}
	if (pid < 0)
		die_refused("cannot wait for the command");
	if (WIFSIGNALED(status))
		return STATUS_SIGNALLED + WTERMSIG(status);
	return WEXITSTATUS(status);
}
