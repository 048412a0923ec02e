/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base symbols of the coherent accelerator (CAPI, "cxl") driver (in-kernel API
 * §7): those that have a meaning off powerpc.  The rest is the glue of its
 * MMU.
 */
#ifndef _MISC_CXL_BASE_H
#define _MISC_CXL_BASE_H

struct cxl_afu;

/*
 * The powerpc kernel exports functions of these names, built in for the driver
 * that it had until 6.14, and no module may export them again.
 */
#define cxl_afu_get	cxl_afu_get_ref
#define cxl_afu_put	cxl_afu_put_ref

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
