/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program compares the AFU's time base with. */
#ifndef _TESTS_LIB_CPU_TIME_H
#define _TESTS_LIB_CPU_TIME_H

#include <linux/types.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "tap.h"

/* This CPU's own count, in ticks of the time base */
static inline __u64 cpu_time(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__powerpc64__)
	return __builtin_ppc_get_timebase();
#elif defined(__aarch64__)
	__u64 ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r" (ticks) : : "memory");
	return ticks;
#else
	skip("a program cannot read the CPU's own count on this architecture");
#endif
}

#endif
