/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base symbols of the coherent accelerator (CAPI, "cxl") driver: those that
 * have a meaning off powerpc.  The others were glue between the powerpc kernel
 * and its driver.
 */
#ifndef _MISC_CXL_BASE_H
#define _MISC_CXL_BASE_H

struct cxl_afu;

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

#endif /* _MISC_CXL_BASE_H */
