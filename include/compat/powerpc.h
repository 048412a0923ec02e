/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AFU drivers take for granted because they were written for kernels that
 * had the cxl driver on powerpc only.  To build such a driver unchanged,
 * include this file first (-include), with this folder in the include path
 * (-I).
 */
#ifndef _COMPAT_POWERPC_H
#define _COMPAT_POWERPC_H

#ifndef CONFIG_PPC

#include <linux/cache.h>
#include <linux/sched.h>

#include <asm/reg.h>

/*
 * AFUs lay out their structures in cache lines of POWER, and AFU drivers use
 * this as the size of an array.  On x86 it is a variable, with another value.
 */
#undef cache_line_size
#define cache_line_size()	128

/* Memory is cached unless asked otherwise. */
#define pgprot_cached(prot)	(prot)

#endif /* !CONFIG_PPC */

#endif /* _COMPAT_POWERPC_H */
