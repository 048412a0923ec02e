/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AFU drivers for kernels before 6.15 call beside misc/cxl.h.  Of the base
 * symbols these are the ones that have a meaning off powerpc; the others were
 * glue between the powerpc kernel and its driver.
 */
#ifndef _MISC_CXL_BASE_H
#define _MISC_CXL_BASE_H

struct cxl_afu;
struct cxl_afu_driver_ops;
struct cxl_context;

#ifdef CONFIG_CXL_BASE
/*
 * Until 6.14 the powerpc kernel has functions of these names built in, for the
 * driver of that time, and no module may export them again.
 */
#define cxl_afu_get	cxl_afu_get_ref
#define cxl_afu_put	cxl_afu_put_ref
#endif

/**
 * cxl_afu_get() - take a reference to an AFU
 * @afu: AFU
 *
 * It keeps the structure, not the hardware: the AFU may go away all the same.
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
 * The function that drivers built with the header of that time call.  Their ops
 * end after the two callbacks, and may send up to CXL_READ_MIN_SIZE - 8 bytes;
 * nothing is pinned.  misc/cxl.h has a macro of this name for all others.
 */
int (cxl_set_driver_ops)(struct cxl_context *ctx,
			 const struct cxl_afu_driver_ops *ops);

#endif /* _MISC_CXL_BASE_H */
