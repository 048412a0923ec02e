// SPDX-License-Identifier: GPL-2.0-only
/* What a program sends by ioctl comes back to it as an AFU driver event. */
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <misc/cxl.h>

static DEFINE_MUTEX(echo_lock);		/* guards echo_afu */
static struct pci_dev *echo_afu;

static long echo_send(struct file *file, unsigned int cmd, unsigned long arg)
{
	u64 value = arg;

	return cxl_event_queue_send(cxl_get_priv(cxl_fops_get_context(file)),
				    &value, sizeof(value));
}

static int echo_release(struct inode *inode, struct file *file)
{
	struct cxl_event_queue *events = cxl_get_priv(cxl_fops_get_context(file));
	int ret = cxl_fd_release(inode, file);

	cxl_event_queue_destroy(events);
	return ret;
}

static struct file_operations echo_fops = {	/* cxl_get_fd() adds the rest */
	.owner = THIS_MODULE, .unlocked_ioctl = echo_send, .release = echo_release,
};

static long echo_get_fd(struct file *dev, unsigned int cmd, unsigned long arg)
{
	struct cxl_context *ctx = ERR_PTR(-ENODEV);
	struct cxl_event_queue *events;
	struct file *file;
	int fd = -ENOMEM;

	mutex_lock(&echo_lock);
	if (echo_afu)
		ctx = cxl_dev_context_init(echo_afu);
	mutex_unlock(&echo_lock);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	events = cxl_event_queue_create(ctx, 64, sizeof(u64));
	if (IS_ERR(events)) {
		cxl_release_context(ctx);
		return PTR_ERR(events);
	}
	cxl_set_priv(ctx, events);
	file = cxl_get_fd(ctx, &echo_fops, &fd);
	if (IS_ERR_OR_NULL(file)) {
		cxl_event_queue_destroy(events);
		cxl_release_context(ctx);
		return file ? PTR_ERR(file) : -ENOMEM;
	}
	fd_install(fd, file);		/* from now on it may be closed at once */
	return fd;
}

static const struct file_operations echo_dev_fops = {
	.owner = THIS_MODULE, .unlocked_ioctl = echo_get_fd,
};

static struct miscdevice echo_dev = {
	.minor = MISC_DYNAMIC_MINOR, .name = "cxl-echo", .fops = &echo_dev_fops,
};

static int echo_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = misc_register(&echo_dev);	/* -EEXIST: one AFU is enough here */

	if (!ret)
		echo_afu = pdev;
	return ret;
}

static void echo_remove(struct pci_dev *pdev)
{
	misc_deregister(&echo_dev);
	mutex_lock(&echo_lock);
	echo_afu = NULL;
	mutex_unlock(&echo_lock);
}

static const struct pci_device_id echo_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, 0xec40) }, { }
};

static struct pci_driver echo_driver = {
	.name = "cxl-echo", .id_table = echo_ids, .probe = echo_probe, .remove = echo_remove,
};
module_pci_driver(echo_driver);

MODULE_DESCRIPTION("AFU driver of Documentation/events.md");
MODULE_LICENSE("GPL");
