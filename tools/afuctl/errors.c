// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int exit_code_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return EXIT_ABSENT;
	case EBUSY:
		return EXIT_BUSY;
	default:
		return EXIT_FAILED;
	}
}

/* The kernel's format is "none [integrity] confidentiality". */
static bool is_locked_down(void)
{
	char text[64];

	return read_text(text, sizeof(text),
			 "/sys/kernel/security/lockdown") > 0 &&
	       !strstr(text, "[none]");
}

void die_not_permitted(const char *target, const char *what)
{
	int error = errno;

	if (geteuid())
		die(EXIT_FAILED, "%s: only root can %s", target, what);
	/* Root may be root in a user namespace only, or lack capabilities. */
	if (error == EPERM && is_locked_down())
		die(EXIT_FAILED, "%s: cannot %s: the kernel is locked down",
		    target, what);
	errno = error;
	die_errno(EXIT_FAILED, "%s: cannot %s", target, what);
}
