/* SPDX-License-Identifier: GPL-2.0-only */
/* A user without any right but the use of one device node. */
#ifndef _TESTS_LIB_NOBODY_H
#define _TESTS_LIB_NOBODY_H

#include <sys/types.h>

/* Let everybody open this file and write to it; require. */
void give_away(const char *path, ...) __attribute__((format(printf, 1, 2)));

/* For the rest of the process, and for ever; require. */
void become_nobody(void);

/* Run @what as nobody, in a process that waits in it or returns from it. */
pid_t nobody_start(void (*what)(void));
/* Wait for its end: whether it returned, that is, was not killed. */
void nobody_join(pid_t pid);
/* Both. */
void as_nobody(void (*what)(void));

#endif
