/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For AFU drivers on architectures other than powerpc: what they expect from
 * powerpc's <asm/reg.h> and <asm/io.h>.  A driver asks for it by
 * ccflags-y += -I.../include/compat
 */
#ifndef _COMPAT_ASM_REG_H
#define _COMPAT_ASM_REG_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/swab.h>
#include <linux/types.h>

#include <misc/cxl.h>

/* Data storage interrupt status register: the access was a store */
#define DSISR_ISSTORE		0x02000000

/* readl() and readq() are little-endian on every CPU */
#define in_be32(addr)		swab32(readl(addr))
#define in_be64(addr)		swab64(readq(addr))

#define readw_be(addr)		swab16(readw(addr))
#define readl_be(addr)		swab32(readl(addr))
#define readq_be(addr)		swab64(readq(addr))
#define writew_be(val, addr)	writew(swab16(val), addr)

/* A software card sleeps until it is told of a store. */
static inline void writel_be(u32 val, void __iomem *addr)
{
	writel(swab32(val), addr);
	cxl_psa_written_at(addr);
}

static inline void writeq_be(u64 val, void __iomem *addr)
{
	writeq(swab64(val), addr);
	cxl_psa_written_at(addr);
}

#define out_be32(addr, val)	writel_be(val, addr)
#define out_be64(addr, val)	writeq_be(val, addr)

#endif /* _COMPAT_ASM_REG_H */
