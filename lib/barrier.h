/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIBCXL_BARRIER_H
#define _LIBCXL_BARRIER_H

/*
 * All loads and stores before it, to memory and to devices, are performed
 * before all those after it.  The compiler's fence is enough on machines where
 * devices and memory make no difference; the others are named.
 */
static inline void full_barrier(void)
{
#if defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
	/* The fence would only order CPUs ("ish"). */
	__asm__ volatile("dsb sy" : : : "memory");
#elif defined(__riscv)
	/* The fence would only order memory ("rw, rw"). */
	__asm__ volatile("fence iorw, iorw" : : : "memory");
#elif defined(__x86_64__)
	/* The fence may be a locked instruction: not for non-temporal loads. */
	__asm__ volatile("mfence" : : : "memory");
#else
	__sync_synchronize();
#endif
}

#endif
