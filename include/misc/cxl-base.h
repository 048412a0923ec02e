/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AFU drivers for kernels before 6.15 use in addition to misc/cxl.h.  Of
 * the base symbols only these have a meaning outside of powerpc; the others
 * were glue between the powerpc kernel and its driver.
 */
#ifndef _MISC_CXL_BASE_H
#define _MISC_CXL_BASE_H

struct cxl_afu;
struct cxl_afu_driver_ops;
struct cxl_context;

#ifdef CONFIG_CXL_BASE
/*
 * Up to 6.14 the powerpc kernel has functions of these names built in, for its
 * own driver, and no module may export them again.
 */
#define cxl_afu_get	cxl_afu_get_ref
#define cxl_afu_put	cxl_afu_put_ref
#endif

/**
 * cxl_afu_get() - take a reference to an AFU
 * @afu: AFU
 *
 * This keeps the structure, not the hardware: the AFU may still go away.
 *
 * Context: any.
 * Return: @afu.
 */
struct cxl_afu *cxl_afu_get(struct cxl_afu *afu);

/**
 * cxl_afu_put() - the reverse of cxl_afu_get()
 * @afu: AFU
 *
 * Context: process context.
 */
void cxl_afu_put(struct cxl_afu *afu);

/*
 * The function that drivers call if they were written for the old header.
 * Their ops end after the two callbacks, and may send up to CXL_READ_MIN_SIZE -
 * 8 bytes; no module is pinned.  For all others misc/cxl.h has a macro of this
 * name.
 */
int (cxl_set_driver_ops)(struct cxl_context *ctx,
			 const struct cxl_afu_driver_ops *ops);

#endif /* _MISC_CXL_BASE_H */
