// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of AFU drivers.  These functions are thin: they follow the
 * conventions of the in-kernel API, which misc/cxl.h describes.
 */
#include <linux/file.h>

#include "cxl.h"

/*
 * Contexts
 */

int cxl_release_context(struct cxl_context *ctx)
{
	if (READ_ONCE(ctx->status) == STARTED)
		return -EBUSY;

	cxl_context_release(ctx);
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_release_context);

int cxl_set_priv(struct cxl_context *ctx, void *priv)
{
	if (!ctx)
		return -EINVAL;

	ctx->priv = priv;
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_set_priv);

void *cxl_get_priv(struct cxl_context *ctx)
{
	return ctx ? ctx->priv : ERR_PTR(-EINVAL);
}
EXPORT_SYMBOL_GPL(cxl_get_priv);

void cxl_set_master(struct cxl_context *ctx)
{
	if (READ_ONCE(ctx->status) == STARTED)
		dev_warn(&ctx->afu->dev, "context %d: master too late\n",
			 ctx->pe);
	else
		ctx->master = true;
}
EXPORT_SYMBOL_GPL(cxl_set_master);

int cxl_process_element(struct cxl_context *ctx)
{
	return ctx->pe;
}
EXPORT_SYMBOL_GPL(cxl_process_element);

int cxl_start_context(struct cxl_context *ctx, u64 wed,
		      struct task_struct *task)
{
	return cxl_context_start(ctx, wed, task);
}
EXPORT_SYMBOL_GPL(cxl_start_context);

int cxl_stop_context(struct cxl_context *ctx)
{
	return cxl_context_detach(ctx);
}
EXPORT_SYMBOL_GPL(cxl_stop_context);

int cxl_start_work(struct cxl_context *ctx, struct cxl_ioctl_start_work *work)
{
	return cxl_context_start_work(ctx, work, false);
}
EXPORT_SYMBOL_GPL(cxl_start_work);

/*
 * Card
 */

int cxl_afu_reset(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;
	int rc = -EIO;

	mutex_lock(&afu->mode_lock);
	if (!afu->dead && cxl_adapter_link_ok(afu->adapter))
		rc = afu->adapter->ops->afu_reset(afu->data);
	mutex_unlock(&afu->mode_lock);

	return rc;
}
EXPORT_SYMBOL_GPL(cxl_afu_reset);

void cxl_perst_reloads_same_image(struct cxl_afu *afu,
				  bool perst_reloads_same_image)
{
	WRITE_ONCE(afu->adapter->perst_same_image, perst_reloads_same_image);
}
EXPORT_SYMBOL_GPL(cxl_perst_reloads_same_image);

ssize_t cxl_read_adapter_vpd(struct pci_dev *dev, void *buf, size_t count)
{
	struct cxl_afu *afu = cxl_pci_to_afu(dev);
	struct cxl_adapter *adapter;
	ssize_t rc = -ENODEV;

	if (IS_ERR(afu))
		return -ENODEV;

	adapter = afu->adapter;
	mutex_lock(&afu->mode_lock);
	if (!afu->dead)
		rc = adapter->ops->vpd_read(adapter->card, buf, 0, count);
	mutex_unlock(&afu->mode_lock);

	return rc;
}
EXPORT_SYMBOL_GPL(cxl_read_adapter_vpd);

/*
 * File descriptors
 */

static void cxl_fops_complete(struct file_operations *fops)
{
	const struct file_operations *standard = &cxl_afu_fops;

	/* A driver with a read of its own gets no other. */
	if (!fops->read && !fops->read_iter) {
		fops->read = standard->read;
		fops->read_iter = standard->read_iter;
	}
	fops->open = fops->open ?: standard->open;
	fops->poll = fops->poll ?: standard->poll;
	fops->flush = fops->flush ?: standard->flush;
	fops->release = fops->release ?: standard->release;
	fops->unlocked_ioctl = fops->unlocked_ioctl ?: standard->unlocked_ioctl;
	fops->compat_ioctl = fops->compat_ioctl ?: standard->compat_ioctl;
	fops->mmap = fops->mmap ?: standard->mmap;
	fops->fasync = fops->fasync ?: standard->fasync;
	fops->show_fdinfo = fops->show_fdinfo ?: standard->show_fdinfo;
}

struct file *cxl_get_fd(struct cxl_context *ctx, struct file_operations *fops,
			int *fd)
{
	struct file *file;
	int rc;

	if (test_and_set_bit(0, &ctx->has_file))
		return ERR_PTR(-EEXIST);

	rc = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (rc < 0) {
		file = ERR_PTR(rc);
		goto err_file;
	}

	if (fops)
		cxl_fops_complete(fops);
	file = cxl_context_file(ctx, fops ?: &cxl_afu_fops);
	if (IS_ERR(file)) {
		file = NULL;
		goto err_fd;
	}
	*fd = rc;
	return file;

err_fd:
	put_unused_fd(rc);
err_file:
	clear_bit(0, &ctx->has_file);
	return file;
}
EXPORT_SYMBOL_GPL(cxl_get_fd);

struct cxl_context *cxl_fops_get_context(struct file *file)
{
	return file->private_data;
}
EXPORT_SYMBOL_GPL(cxl_fops_get_context);

/*
 * AFU driver events
 */

int __cxl_set_driver_ops(struct cxl_context *ctx,
			 const struct cxl_afu_driver_ops *ops,
			 struct module *owner)
{
	if (!ops)
		return -EINVAL;
	return cxl_events_set_ops(&ctx->events, ops,
				  ops->max_data_size ?: CXL_MAX_EVENT_DATA_SIZE,
				  ops->context_closed, owner, NULL);
}
EXPORT_SYMBOL_GPL(__cxl_set_driver_ops);

int cxl_unset_driver_ops(struct cxl_context *ctx)
{
	return cxl_events_unset_ops(&ctx->events);
}
EXPORT_SYMBOL_GPL(cxl_unset_driver_ops);

void cxl_context_events_pending(struct cxl_context *ctx,
				unsigned int new_events)
{
	cxl_events_announce(&ctx->events, new_events);
}
EXPORT_SYMBOL_GPL(cxl_context_events_pending);
