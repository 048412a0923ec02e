// SPDX-License-Identifier: GPL-2.0-only
/* Programs at a terminal of their own: see tests/lib/terminal.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/terminal.h"

int terminal_start(pid_t *pid, const char *term, const char *program,
		   char *const arguments[])
{
	int master = require_ok(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	char *name;
	int slave;

	require_ok(grantpt(master));
	require_ok(unlockpt(master));
	require_ok(ioctl(master, TIOCSWINSZ, &size));
	name = ptsname(master);
	require(name);
	*pid = require_ok(fork());
	if (*pid)
		return master;
	setsid();
	setenv("TERM", term, 1);
	/* The first terminal that the leader of a session opens is its own. */
	slave = open(name, O_RDWR | O_CLOEXEC);
	if (slave < 0 || dup2(slave, 0) < 0 || dup2(slave, 1) < 0 ||
	    dup2(slave, 2) < 0)
		_exit(99);
	execv(program, arguments);
	_exit(98);
}

const char *terminal_read(int master, const char *until)
{
	static char text[1 << 18];
	struct pollfd p = { .fd = master, .events = POLLIN };
	size_t length = 0;
	ssize_t n;

	while (length < sizeof(text) - 1 && poll(&p, 1, 4 * SOON_MS) == 1) {
		n = read(master, text + length, sizeof(text) - 1 - length);
		if (n <= 0)
			break;
		length += n;
		text[length] = '\0';
		if (until && strstr(text, until))
			break;
	}
	text[length] = '\0';
	return text;
}
