// SPDX-License-Identifier: GPL-2.0-only
/* The one file that depends on the architecture: see tests/lib/syscall32.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/syscall32.h"

#ifdef __x86_64__

#define NR32_GETPID	20

long syscall32(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e)
{
	long ret;

	/* Older kernels do not keep r8 to r11. */
	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
		     : "memory", "r8", "r9", "r10", "r11", "cc");
	ret = (int)ret;
	if (ret < 0 && ret > -4096) {
		errno = -ret;
		return -1;
	}
	return ret;
}

/* Without the compat layer the instruction is a fault. */
int syscall32_works(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(syscall32(NR32_GETPID, 0, 0, 0, 0, 0) != getpid());
	waitpid(child, &status, 0);
	return status == 0;
}

void *low_memory(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

#else

long syscall32(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e;
	errno = EOPNOTSUPP;
	return -1;
}

int syscall32_works(void)
{
	return 0;
}

void *low_memory(size_t size)
{
	(void)size;
	return NULL;
}

#endif
