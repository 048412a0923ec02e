/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AFU drivers take for granted, since the kernels they were written for
 * had the cxl driver on powerpc only.  To build one as it is, have the compiler
 * include this first (-include), with this folder among its own (-I).
 */
#ifndef _COMPAT_POWERPC_H
#define _COMPAT_POWERPC_H

#ifndef CONFIG_PPC

#include <linux/cache.h>
#include <linux/sched.h>

#include <asm/reg.h>

/*
 * Layouts of AFUs are made of cache lines of POWER, and their drivers use this
 * as the size of an array: on x86 it is a variable, and another number.
 */
#undef cache_line_size
#define cache_line_size()	128

/* Memory is cached unless something else is asked for. */
#define pgprot_cached(prot)	(prot)

#endif /* !CONFIG_PPC */

#endif /* _COMPAT_POWERPC_H */
