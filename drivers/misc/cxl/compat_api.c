// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that only AFU drivers for old kernels call.  A kernel tree does not
 * have them: "make series" leaves this file out, and cxllib.c.
 */
#include <misc/cxl-base.h>

#include "cxl.h"

struct cxl_afu *cxl_afu_get(struct cxl_afu *afu)
{
	get_device(&afu->dev);
	return afu;
}
EXPORT_SYMBOL_GPL(cxl_afu_get);

void cxl_afu_put(struct cxl_afu *afu)
{
	put_device(&afu->dev);
}
EXPORT_SYMBOL_GPL(cxl_afu_put);

int (cxl_set_driver_ops)(struct cxl_context *ctx,
			 const struct cxl_afu_driver_ops *ops)
{
	int rc;

	if (!ops)
		return -EINVAL;
	rc = cxl_events_set_ops(&ctx->events, ops, CXL_EVENT_MAX_DATA, NULL,
				NULL, NULL);
	if (!rc)
		WRITE_ONCE(ctx->unpinned_ops, ops);
	return rc;
}
EXPORT_SYMBOL_GPL(cxl_set_driver_ops);

/**
 * cxl_context_drop_unpinned_ops() - remove driver ops that may be unloaded
 * @ctx: context whose AFU driver has gone
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_context_drop_unpinned_ops(struct cxl_context *ctx)
{
	const struct cxl_afu_driver_ops *ops = READ_ONCE(ctx->unpinned_ops);

	if (ops)
		cxl_events_detach_ops(&ctx->events, ops);
}
