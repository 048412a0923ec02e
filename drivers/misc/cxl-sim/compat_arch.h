/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the architectures that the software card builds for,
 * each entry with its reason.
 */
#ifndef _CXL_SIM_COMPAT_ARCH_H
#define _CXL_SIM_COMPAT_ARCH_H

#include <linux/cpumask.h>
#include <linux/mm_types.h>
#include <linux/uaccess.h>

#ifdef CONFIG_X86
#include <asm/pkru.h>
#endif

/**
 * sim_allow_all_keys() - let this kernel thread access all of user memory
 *
 * Protection keys are checked against a register of each thread.  A real card
 * has a register of its own, the AMR, which denies nothing by default.  But on
 * x86 a kernel thread's PKRU denies all keys except 0.  It is switched with the
 * thread: setting it once is enough, and affects no other thread.
 *
 * Elsewhere there is nothing to do: POWER has no keys with a radix MMU.
 */
static inline void sim_allow_all_keys(void)
{
#ifdef CONFIG_X86
	write_pkru(0);
#endif
}

#define SIM_MOVE(type, to, from, fault)					\
do {									\
	type __val;							\
									\
	unsafe_get_user(__val, (type __user *)(from), fault);		\
	unsafe_put_user(__val, (type __user *)(to), fault);		\
} while (0)

/* Return whether all of it was copied. */
static inline bool sim_move_user(char __user *to, const char __user *from,
				 unsigned int len)
{
	if (!user_access_begin(to, len))
		return false;
	for (; len >= sizeof(u64); len -= sizeof(u64)) {
		SIM_MOVE(u64, to, from, fault);
		to += sizeof(u64);
		from += sizeof(u64);
	}
	for (; len; len--)
		SIM_MOVE(u8, to++, from++, fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

/**
 * sim_copy_in_user() - copy within user memory, with page faults disabled
 * @to: destination, for which access_ok() holds
 * @from: source, likewise
 * @len: bytes
 *
 * The architecture's own routine is the fastest on its processors, and on x86
 * and 64-bit POWER it handles a fault on either side.  Other architectures have
 * no routine that does.
 *
 * Return: whether all of it was copied; if not, any part of it may have been.
 */
static inline bool sim_copy_in_user(char __user *to, const char __user *from,
				    unsigned int len)
{
#if defined(CONFIG_X86_64)
	return !copy_user_generic((__force void *)to, (__force void *)from,
				  len);
#elif defined(CONFIG_PPC64)
	return !raw_copy_in_user(to, from, len);
#else
	return sim_move_user(to, from, len);
#endif
}

/**
 * sim_cpus_of() - the CPUs on which a program's threads may run at the moment
 * @mm: its address space
 *
 * x86 and 64-bit POWER keep a mask of the CPUs that use an address space, to
 * know whose TLB to flush.  Others may have hardware for that, and no such
 * mask.
 */
static inline const struct cpumask *sim_cpus_of(struct mm_struct *mm)
{
#if defined(CONFIG_X86) || defined(CONFIG_PPC64)
	return mm_cpumask(mm);
#else
	return cpu_online_mask;
#endif
}

#endif /* _CXL_SIM_COMPAT_ARCH_H */
