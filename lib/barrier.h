/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIBCXL_BARRIER_H
#define _LIBCXL_BARRIER_H

/*
 * All loads and stores before it, to memory and to devices, are performed
 * before all behind it.  The compiler's fence is enough where it makes no
 * difference between memory and devices; the other machines are named.
 */
static inline void full_barrier(void)
{
#if defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
	/* The fence is one among CPUs only ("ish"). */
	__asm__ volatile("dsb sy" : : : "memory");
#elif defined(__riscv)
	/* The fence is one of memory only ("rw, rw"). */
	__asm__ volatile("fence iorw, iorw" : : : "memory");
#elif defined(__x86_64__)
	/* The fence may be a locked instruction, which orders no non-temporal loads. */
	__asm__ volatile("mfence" : : : "memory");
#else
	__sync_synchronize();
#endif
}

#endif
