// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a context: a process element of an AFU that is OPENED, STARTED or
 * CLOSED.  How it gets from one to another is in context_start.c.
 *
 * A retired context is an empty shell for the files and the AFU driver that
 * still refer to it: CLOSED for good, without a process element, driver ops,
 * interrupts or an inode.
 */
#include <linux/slab.h>

#include "cxl.h"

struct cxl_events *cxl_context_events(struct cxl_context *ctx)
{
	return &ctx->events;
}

/**
 * cxl_context_status_name() - the name of a context's status
 * @ctx: context
 *
 * Context: any.
 */
const char *cxl_context_status_name(const struct cxl_context *ctx)
{
	static const char * const names[] = {
		[CLOSED] = "closed",
		[OPENED] = "opened",
		[STARTED] = "started",
	};

	return names[READ_ONCE(ctx->status)];
}

struct cxl_context *cxl_context_get(struct cxl_context *ctx)
{
	kref_get(&ctx->ref);
	return ctx;
}

static void cxl_context_free(struct kref *ref)
{
	struct cxl_context *ctx = container_of(ref, struct cxl_context, ref);

	cxl_events_destroy(&ctx->events);
	if (ctx->ff_page)
		__free_page(ctx->ff_page);
	put_device(&ctx->afu->dev);
	kfree(ctx);
}

void cxl_context_put(struct cxl_context *ctx)
{
	kref_put(&ctx->ref, cxl_context_free);
}

/*
 * Get a process element.  If @old still has one, take it over, so that nobody
 * else can get it in between.
 */
static int cxl_context_get_pe(struct cxl_context *ctx, struct cxl_context *old)
{
	struct cxl_afu *afu = ctx->afu;
	u32 pe;
	int ret;

	lockdep_assert_held(&afu->contexts_lock);
	if (old && xa_load(&afu->contexts, old->pe) == old) {
		/* Replacing an entry allocates nothing and cannot fail. */
		xa_store(&afu->contexts, old->pe, ctx, GFP_KERNEL);
		return old->pe;
	}
	ret = xa_alloc(&afu->contexts, &pe, ctx,
		       XA_LIMIT(0, afu->num_procs - 1), GFP_KERNEL);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;
	return pe;
}

/* Make the context known.  From here on others can close it. */
static int cxl_context_add(struct cxl_context *ctx, u32 modes,
			   struct cxl_context *old)
{
	struct cxl_afu *afu = ctx->afu;
	int ret;

	mutex_lock(&afu->mode_lock);
	if (afu->dead || !(afu->mode & modes)) {
		ret = -ENODEV;
		goto unlock_mode;
	}
	mutex_lock(&afu->contexts_lock);
	/* The driver is being unbound, and its contexts are taken away. */
	if (ctx->pdev && !READ_ONCE(ctx->pdev->dev.driver)) {
		ret = -ENODEV;
		goto unlock_contexts;
	}
	ret = cxl_context_get_pe(ctx, old);
	if (ret < 0)
		goto unlock_contexts;
	ctx->pe = ret;
	ctx->events.pe = ret;
	ret = 0;
	/* The only context possible: it has the whole AFU. */
	if (afu->mode == CXL_MODE_DEDICATED)
		ctx->master = true;
	cxl_events_set_end(&ctx->events, CXL_EVENTS_LINK_DOWN,
			   !cxl_adapter_link_ok(afu->adapter));

unlock_contexts:
	mutex_unlock(&afu->contexts_lock);
unlock_mode:
	mutex_unlock(&afu->mode_lock);
	return ret;
}

static struct cxl_context *cxl_context_new(struct cxl_afu *afu, u32 modes,
					   bool master, struct pci_dev *pdev,
					   struct cxl_context *old)
{
	struct cxl_context *ctx;
	int ret;

	if (!(READ_ONCE(afu->mode) & modes))
		return ERR_PTR(-ENODEV);
	if (!cxl_adapter_link_ok(afu->adapter))
		return ERR_PTR(-EIO);

	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	kref_init(&ctx->ref);
	ctx->afu = afu;
	ctx->master = master;
	ctx->pdev = pdev;
	ctx->status = OPENED;
	mutex_init(&ctx->status_mutex);
	spin_lock_init(&ctx->fault_lock);
	INIT_LIST_HEAD(&ctx->masters_link);
	cxl_context_irqs_init(ctx);

	cxl_events_init(&ctx->events, ctx, afu->adapter->num, afu->slice);
	ctx->inode = cxl_inode_new();
	if (IS_ERR(ctx->inode)) {
		ret = PTR_ERR(ctx->inode);
		goto destroy_events;
	}
	get_device(&afu->dev);
	ret = cxl_context_add(ctx, modes, old);
	if (ret)
		goto put_afu;
	return ctx;

put_afu:
	put_device(&afu->dev);
	cxl_inode_free(ctx->inode);
destroy_events:
	cxl_events_destroy(&ctx->events);
	kfree(ctx);
	return ERR_PTR(ret);
}

/**
 * cxl_context_create() - create a context
 * @afu: its AFU
 * @modes: CXL_MODE_*, one of which the AFU must be in
 * @master: a master context, as every context in dedicated mode is
 * @pdev: device of the AFU driver that asks, or NULL for a device node
 *
 * Context: process context.
 * Return: the context, OPENED, to be released by cxl_context_release(); or
 * ERR_PTR: -ENODEV (other mode, or the AFU or the driver is going away), -EIO
 * (link down), -ENOMEM, -ENOSPC (no process element left).
 */
struct cxl_context *cxl_context_create(struct cxl_afu *afu, u32 modes,
				       bool master, struct pci_dev *pdev)
{
	return cxl_context_new(afu, modes, master, pdev, NULL);
}

void cxl_context_afu_error(struct cxl_context *ctx, u64 error)
{
	cxl_events_post_error(&ctx->events, error);
}
EXPORT_SYMBOL_GPL(cxl_context_afu_error);

/**
 * cxl_context_set_link() - the link to the card went down or came back
 * @ctx: context
 * @up: new state of the link; cxl_adapter_link_ok() already returns it
 *
 * Context: process context.
 */
void cxl_context_set_link(struct cxl_context *ctx, bool up)
{
	cxl_events_set_end(&ctx->events, CXL_EVENTS_LINK_DOWN, !up);
	/* Wait for a page fault that has seen the old state of the link. */
	mutex_lock(&ctx->status_mutex);
	cxl_context_zap(ctx);
	mutex_unlock(&ctx->status_mutex);
}

static void cxl_context_disable(struct cxl_context *ctx)
{
	cxl_context_force_close(ctx);
	cxl_events_retire(&ctx->events);
	cxl_context_irqs_free(ctx);
}

/**
 * cxl_context_abandon() - the AFU driver of a context has gone
 * @ctx: context; files can still read what is pending, if the driver's module
 *	is pinned for its callbacks
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_context_abandon(struct cxl_context *ctx)
{
	cxl_context_force_close(ctx);
	cxl_context_irqs_free(ctx);
	cxl_context_drop_unpinned_ops(ctx);
}

static void cxl_context_put_pe(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;

	mutex_lock(&afu->contexts_lock);
	if (xa_load(&afu->contexts, ctx->pe) == ctx) {
		if (!cxl_context_has_faults(ctx)) {
			xa_erase(&afu->contexts, ctx->pe);
		} else if (afu->spare_workers) {
			afu->spare_workers--;
			ctx->took_worker = true;
			xa_erase(&afu->contexts, ctx->pe);
		} else {
			xa_store(&afu->contexts, ctx->pe, NULL, GFP_KERNEL);
			ctx->pe_kept = true;
		}
	}
	mutex_unlock(&afu->contexts_lock);
}

/**
 * cxl_context_faults_done() - no worker resolves a fault of the context
 * @ctx: context
 *
 * A program that closes one context after another, each with a fault that never
 * ends, takes all spare workers, and then its process elements are kept: so it
 * runs out of these before the AFU runs out of workers.
 *
 * Context: process context.
 */
void cxl_context_faults_done(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;

	mutex_lock(&afu->contexts_lock);
	if (ctx->pe_kept)
		xa_release(&afu->contexts, ctx->pe);
	ctx->pe_kept = false;
	afu->spare_workers += ctx->took_worker;
	ctx->took_worker = false;
	mutex_unlock(&afu->contexts_lock);
}

/**
 * cxl_afu_next_context() - the first context from a process element on
 * @afu: AFU
 * @pe: process element to begin at; set to that of the context
 *
 * Takes the lock for one context only, so that whoever goes through all of them
 * can wait for each without holding up the others.
 *
 * Context: process context.
 * Return: the context with a reference, or NULL.
 */
struct cxl_context *cxl_afu_next_context(struct cxl_afu *afu,
					 unsigned long *pe)
{
	struct cxl_context *ctx;

	mutex_lock(&afu->contexts_lock);
	ctx = xa_find(&afu->contexts, pe, ULONG_MAX, XA_PRESENT);
	if (ctx)
		cxl_context_get(ctx);
	mutex_unlock(&afu->contexts_lock);
	return ctx;
}

/**
 * cxl_context_retire() - turn a context into an empty shell
 * @ctx: context; its process element is free afterwards, or, if the AFU lacks
 *	workers, once none resolves a fault of the context
 *
 * A second call does nothing, but waits until the first is done.
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_context_retire(struct cxl_context *ctx)
{
	struct inode *inode;

	cxl_context_disable(ctx);
	cxl_context_put_pe(ctx);

	/* Files have references of their own. */
	mutex_lock(&ctx->status_mutex);
	inode = ctx->inode;
	ctx->inode = NULL;
	mutex_unlock(&ctx->status_mutex);
	if (inode)
		cxl_inode_free(inode);
}

/**
 * cxl_context_release() - retire a context and drop its creator's reference
 * @ctx: context
 *
 * Only the first call has an effect: an AFU driver and a file may both release
 * a context.
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_context_release(struct cxl_context *ctx)
{
	if (test_and_set_bit(0, &ctx->released))
		return;
	cxl_context_retire(ctx);
	cxl_context_put(ctx);
}

/**
 * cxl_context_replace() - create a context in place of one that has ended
 * @old: context of an AFU driver; it is retired, whatever this returns
 *
 * The new context takes over its process element.
 *
 * Context: process context, with the driver's device locked; waits for a
 * delivery in flight.
 * Return: as cxl_context_create().
 */
struct cxl_context *cxl_context_replace(struct cxl_context *old)
{
	struct cxl_context *ctx;

	cxl_context_disable(old);
	ctx = cxl_context_new(old->afu, CXL_MODE_DEDICATED | CXL_MODE_DIRECTED,
			      false, old->pdev, old);
	cxl_context_retire(old);
	return ctx;
}
