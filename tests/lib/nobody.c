// SPDX-License-Identifier: GPL-2.0-only
/* The unprivileged user: see tests/lib/nobody.h. */
#define _GNU_SOURCE
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/nobody.h"

#define NOBODY	65534

void give_away(const char *fmt, ...)
{
	char path[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	require(!chmod(path, 0666), "%s: %m", path);
}

void become_nobody(void)
{
	require_ok(setgroups(0, NULL));
	require_ok(setresgid(NOBODY, NOBODY, NOBODY));
	require_ok(setresuid(NOBODY, NOBODY, NOBODY));
	require(geteuid() == NOBODY && setuid(0), "root for ever");
}

pid_t nobody_start(void (*what)(void))
{
	pid_t pid = require_ok(fork());

	if (pid)
		return pid;
	become_nobody();
	what();
	_exit(0);
}

void nobody_join(pid_t pid)
{
	int status;

	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
}

void as_nobody(void (*what)(void))
{
	nobody_join(nobody_start(what));
}
