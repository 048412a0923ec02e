/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A memory cgroup for one test, empty until a process joins it.
 *
 * A test that makes it names a cleanup function that calls cgroup_remove().
 */
#ifndef _TESTS_LIB_CGROUP_H
#define _TESTS_LIB_CGROUP_H

/* Skip the test on a kernel without memory cgroups. */
void cgroup_make(void);
/* Let the calling process join it; require. */
void cgroup_join(void);
/* Write one of its files, "memory.max" for example; require. */
void cgroup_set(const char *file, const char *text);
/* Bytes that are charged to it */
long long cgroup_charged(void);
/* Leave it, wait until nobody is in it any more, and remove it; never fails. */
void cgroup_remove(void);

#endif
