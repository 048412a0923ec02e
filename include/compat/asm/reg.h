/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For AFU drivers on architectures other than powerpc: what they expect from
 * its <asm/reg.h> and <asm/io.h>.  Only a driver that asks for it gets it:
 * ccflags-y += -I.../include/compat
 */
#ifndef _COMPAT_ASM_REG_H
#define _COMPAT_ASM_REG_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/swab.h>
#include <linux/types.h>

/* Data storage interrupt status register: the access was a store */
#define DSISR_ISSTORE		0x02000000

/* readl() and its like are little-endian whatever the CPU is */
#define in_be32(addr)		swab32(readl(addr))
#define in_be64(addr)		swab64(readq(addr))
#define out_be32(addr, val)	writel(swab32(val), addr)
#define out_be64(addr, val)	writeq(swab64(val), addr)

#define readw_be(addr)		swab16(readw(addr))
#define readl_be(addr)		swab32(readl(addr))
#define readq_be(addr)		swab64(readq(addr))
#define writew_be(val, addr)	writew(swab16(val), addr)
#define writel_be(val, addr)	writel(swab32(val), addr)
#define writeq_be(val, addr)	writeq(swab64(val), addr)

#endif /* _COMPAT_ASM_REG_H */
