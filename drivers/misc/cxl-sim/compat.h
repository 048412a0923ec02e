/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels and architectures that the software card
 * builds for, each entry with its reason.
 */
#ifndef _CXL_SIM_COMPAT_H
#define _CXL_SIM_COMPAT_H

#ifdef CONFIG_X86
#include <asm/pkru.h>
#endif

/**
 * sim_allow_all_keys() - let this kernel thread access all of user memory
 *
 * Protection keys are a matter of each thread's register, and no thread's
 * register is that of the card: a real one has the AMR, which denies nothing
 * by default.  On x86 a kernel thread's PKRU denies all keys but 0.  It is
 * switched with the thread, so once is enough, and nobody else is concerned.
 *
 * Elsewhere there is nothing to be done: POWER has no keys with a radix MMU.
 */
static inline void sim_allow_all_keys(void)
{
#ifdef CONFIG_X86
	write_pkru(0);
#endif
}

#endif /* _CXL_SIM_COMPAT_H */
