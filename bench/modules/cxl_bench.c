// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU driver of the benchmarks: its events cost it nothing, so that what
 * is measured is the cxl driver.
 */
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <misc/cxl.h>

#include "cxl_bench.h"

static struct {
	u32 size;	/* as struct cxl_event_afu_driver_reserved */
	u8 data[CXL_BENCH_PAYLOAD];
} bench_event = { .size = CXL_BENCH_PAYLOAD };

struct bench_context {
	struct cxl_context *ctx;
	struct cxl_event_queue *queue;
};

static DEFINE_MUTEX(bench_lock);	/* guards bench_afu */
static struct pci_dev *bench_afu;
/* Always the same event, whoever reads it */
static struct cxl_event_afu_driver_reserved *bench_fetch(struct cxl_context *ctx)
{
	return (void *)&bench_event;
}

static void bench_delivered(struct cxl_context *ctx,
			    struct cxl_event_afu_driver_reserved *event, int rc)
{
	if (rc)
		cxl_context_events_pending(ctx, 1);
}

static const struct cxl_afu_driver_ops bench_ops = {
	.fetch_event = bench_fetch,
	.event_delivered = bench_delivered,
};

static void bench_events(struct bench_context *b, unsigned int n)
{
	if (!b->queue) {
		cxl_context_events_pending(b->ctx, n);
		return;
	}
	while (n--)
		cxl_event_queue_send(b->queue, bench_event.data,
				     CXL_BENCH_PAYLOAD);
}

static u64 bench_time(struct bench_context *b, unsigned int calls)
{
	unsigned long flags;
	u64 start, clock, ns;

	local_irq_save(flags);
	start = ktime_get_ns();
	clock = ktime_get_ns() - start;
	start = ktime_get_ns();
	while (calls--)
		bench_events(b, 1);
	ns = ktime_get_ns() - start - clock;
	local_irq_restore(flags);
	return ns;
}

static long bench_loop(struct bench_context *b, void __user *arg)
{
	struct cxl_bench_loop loop;

	if (copy_from_user(&loop, arg, sizeof(loop)))
		return -EFAULT;
	if (!loop.calls || loop.calls > CXL_BENCH_DEPTH)
		return -EINVAL;
	bench_time(b, 1);
	loop.ns = bench_time(b, loop.calls);
	return copy_to_user(arg, &loop, sizeof(loop)) ? -EFAULT : 0;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case CXL_BENCH_EVENTS:
		bench_events(cxl_get_priv(cxl_fops_get_context(file)), arg);
		return 0;
	case CXL_BENCH_LOOP:
		return bench_loop(cxl_get_priv(cxl_fops_get_context(file)),
				  (void __user *)arg);
	default:
		return cxl_fd_ioctl(file, cmd, arg);
	}
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct bench_context *b = cxl_get_priv(cxl_fops_get_context(file));
	int ret = cxl_fd_release(inode, file);

	cxl_event_queue_destroy(b->queue);
	kfree(b);
	return ret;
}

static struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
	.release = bench_release,
};

static int bench_set_events(struct bench_context *b, bool use_queue)
{
	struct cxl_event_queue *queue;

	cxl_set_priv(b->ctx, b);
	if (!use_queue)
		return cxl_set_driver_ops(b->ctx, &bench_ops);
	queue = cxl_event_queue_create(b->ctx, CXL_BENCH_DEPTH,
				       CXL_BENCH_PAYLOAD);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	b->queue = queue;
	return 0;
}

static long bench_get_fd(struct file *dev, unsigned int cmd, unsigned long queue)
{
	struct bench_context *b;
	struct file *file;
	int fd = -ENODEV;
	int ret;

	if (cmd != CXL_BENCH_GET_FD)
		return -ENOTTY;
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	mutex_lock(&bench_lock);
	b->ctx = bench_afu ? cxl_dev_context_init(bench_afu) : ERR_PTR(-ENODEV);
	mutex_unlock(&bench_lock);
	ret = PTR_ERR_OR_ZERO(b->ctx);
	if (ret)
		goto err_free;
	ret = bench_set_events(b, queue);
	if (ret)
		goto err_release;
	file = cxl_get_fd(b->ctx, &bench_fops, &fd);
	if (IS_ERR_OR_NULL(file)) {
		ret = file ? PTR_ERR(file) : -ENOMEM;
		goto err_queue;
	}
	fd_install(fd, file);
	return fd;

err_queue:
	cxl_event_queue_destroy(b->queue);
err_release:
	cxl_release_context(b->ctx);
err_free:
	kfree(b);
	return ret;
}

static const struct file_operations bench_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_get_fd,
};

static struct miscdevice bench_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl-bench",
	.fops = &bench_dev_fops,
};

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = misc_register(&bench_dev);

	if (!ret)
		bench_afu = pdev;
	return ret;
}

static void bench_remove(struct pci_dev *pdev)
{
	misc_deregister(&bench_dev);
	mutex_lock(&bench_lock);
	bench_afu = NULL;
	mutex_unlock(&bench_lock);
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, CXL_BENCH_DEVICE) },
	{ }
};

static struct pci_driver bench_driver = {
	.name = "cxl-bench",
	.id_table = bench_ids,
	.probe = bench_probe,
	.remove = bench_remove,
};
module_pci_driver(bench_driver);

MODULE_DESCRIPTION("AFU driver of the benchmarks");
MODULE_LICENSE("GPL");
