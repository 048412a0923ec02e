/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs at a terminal of their own. */
#ifndef _TESTS_LIB_TERMINAL_H
#define _TESTS_LIB_TERMINAL_H

#include <sys/types.h>

/*
 * Start a program with a terminal of the type @term and of 24 lines of 100
 * characters; require. Returns the other side of it.
 */
int terminal_start(pid_t *pid, const char *term, const char *program,
		   char *const arguments[]);

/*
 * Collect what comes from the terminal, until @until is part of it, or the
 * program has ended. Returns it as a string, good until the next call.
 */
const char *terminal_read(int master, const char *until);

#endif
