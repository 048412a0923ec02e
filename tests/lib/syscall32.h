/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls as a 32-bit program makes them. On x86-64 a 64-bit program can
 * make them too, so no 32-bit compiler or C library is needed; the kernel takes
 * the same way through its compat layer. Other architectures cannot.
 */
#ifndef _TESTS_LIB_SYSCALL32_H
#define _TESTS_LIB_SYSCALL32_H

#include <stddef.h>

/* Numbers of i386 */
#define NR32_READ	3
#define NR32_OPEN	5
#define NR32_CLOSE	6
#define NR32_IOCTL	54
#define NR32_MMAP	90	/* arguments in a struct */
#define NR32_READV	145
#define NR32_POLL	168

/* Whether this machine and its kernel have them. */
int syscall32_works(void);

/* Pointers must be below 4 GiB. As syscall(): the result, or -1 and errno. */
long syscall32(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e);

/* Zeroed memory below 4 GiB, NULL if there is none. */
void *low_memory(size_t size);

#endif
