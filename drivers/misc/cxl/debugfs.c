// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: a folder for each card and, in it, for each AFU.
 *
 *	cxl-afu/cardN/			files of the card driver
 *	cxl-afu/cardN/afuM/		files of the card driver for the AFU
 *	cxl-afu/cardN/afuM/contexts	contexts and their event counters
 *
 * The root is not "cxl": that name belongs to Compute Express Link, whose
 * driver may be loaded, too.  Errors are not checked, as is usual with debugfs:
 * its functions accept the error pointers of others.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "cxl.h"

static struct dentry *cxl_debugfs;

static void show_context(struct seq_file *s, struct cxl_context *ctx)
{
	struct cxl_event_counters count;

	cxl_events_count(&ctx->events, &count);
	seq_printf(s, "%5d %-7s %-6s %9llu %9llu %9llu %9llu %9llu %9llu %9llu\n",
		   ctx->pe, cxl_context_status_name(ctx),
		   ctx->master ? "master" : "slave",
		   count.posted, count.delivered, count.returned,
		   count.rejected, count.coalesced, count.lost, count.pending);
}

static int contexts_show(struct seq_file *s, void *unused)
{
	struct cxl_afu *afu = s->private;
	struct cxl_context *ctx;
	unsigned long pe;

	seq_printf(s, "%5s %-7s %-6s %9s %9s %9s %9s %9s %9s %9s\n",
		   "pe", "state", "kind", "posted", "delivered", "returned",
		   "rejected", "coalesced", "lost", "pending");

	/* A delivery in flight, and so the AFU driver, can hold up each line. */
	for (pe = 0; (ctx = cxl_afu_next_context(afu, &pe)); pe++) {
		show_context(s, ctx);
		cxl_context_put(ctx);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(contexts);

/**
 * cxl_debugfs_afu_add() - add an AFU's folder and let the card driver fill it
 * @afu: AFU
 *
 * Context: process context.
 */
void cxl_debugfs_afu_add(struct cxl_afu *afu)
{
	const struct cxl_backend_ops *ops = afu->adapter->ops;
	char name[sizeof("afu0")];

	snprintf(name, sizeof(name), "afu%u", afu->slice);
	afu->debugfs = debugfs_create_dir(name, afu->adapter->debugfs);
	debugfs_create_file("contexts", 0400, afu->debugfs, afu,
			    &contexts_fops);
	if (ops->afu_debugfs_init)
		ops->afu_debugfs_init(afu->data, afu->debugfs);
}

/**
 * cxl_debugfs_afu_remove() - remove an AFU's folder
 * @afu: AFU
 *
 * Context: process context; waits for readers.
 */
void cxl_debugfs_afu_remove(struct cxl_afu *afu)
{
	debugfs_remove(afu->debugfs);
	afu->debugfs = NULL;
}

/**
 * cxl_debugfs_adapter_add() - add a card's folder and let its driver fill it
 * @adapter: card
 *
 * Context: process context.
 */
void cxl_debugfs_adapter_add(struct cxl_adapter *adapter)
{
	adapter->debugfs = debugfs_create_dir(dev_name(&adapter->dev),
					      cxl_debugfs);
	if (adapter->ops->debugfs_init)
		adapter->ops->debugfs_init(adapter->card, adapter->debugfs);
}

/**
 * cxl_debugfs_adapter_remove() - remove a card's folder and all its contents
 * @adapter: card, whose AFUs may still exist
 *
 * Context: process context; waits for users of files in it.
 */
void cxl_debugfs_adapter_remove(struct cxl_adapter *adapter)
{
	unsigned int slice;

	debugfs_remove(adapter->debugfs);
	adapter->debugfs = NULL;
	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		if (adapter->afu[slice])
			adapter->afu[slice]->debugfs = NULL;
	}
}

/**
 * cxl_debugfs_init() - add the root folder
 */
void cxl_debugfs_init(void)
{
	cxl_debugfs = debugfs_create_dir("cxl-afu", NULL);
}

/**
 * cxl_debugfs_exit() - remove the root folder
 */
void cxl_debugfs_exit(void)
{
	debugfs_remove(cxl_debugfs);
}
