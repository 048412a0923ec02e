// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver: a number that a program sends by ioctl comes back as an event.
 *
 * A driver for real work starts the AFU in echo_send(), and sends the event
 * from the interrupt handler passed to cxl_map_afu_irq(). All else stays the
 * same.
 */
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <misc/cxl.h>

#include "cxl_echo.h"

#define ECHO_DEPTH	64	/* events that wait to be read */

static DEFINE_MUTEX(echo_lock);	/* guards echo_afu */
static struct pci_dev *echo_afu;

/*
 * A descriptor of the AFU, one for each program
 */

static long echo_send(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cxl_event_queue *events = cxl_get_priv(cxl_fops_get_context(file));
	u64 number;

	if (cmd != CXL_ECHO_SEND)
		return cxl_fd_ioctl(file, cmd, arg);
	if (copy_from_user(&number, (void __user *)arg, sizeof(number)))
		return -EFAULT;
	return cxl_event_queue_send(events, &number, sizeof(number));
}

static int echo_release(struct inode *inode, struct file *file)
{
	struct cxl_event_queue *events = cxl_get_priv(cxl_fops_get_context(file));
	int ret = cxl_fd_release(inode, file);

	cxl_event_queue_destroy(events);
	return ret;
}

/* cxl_get_fd() adds the rest: read, poll, mmap. */
static struct file_operations echo_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = echo_send,
	.compat_ioctl = compat_ptr_ioctl,
	.release = echo_release,
};

static int echo_open_context(struct pci_dev *afu)
{
	struct cxl_event_queue *events;
	struct cxl_context *ctx;
	struct file *file;
	int fd, ret;

	ctx = cxl_dev_context_init(afu);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	events = cxl_event_queue_create(ctx, ECHO_DEPTH, sizeof(u64));
	if (IS_ERR(events)) {
		ret = PTR_ERR(events);
		goto err_context;
	}
	cxl_set_priv(ctx, events);

	file = cxl_get_fd(ctx, &echo_fops, &fd);
	if (IS_ERR_OR_NULL(file)) {
		ret = file ? PTR_ERR(file) : -ENOMEM;
		goto err_queue;
	}
	/* From now on it may be closed, and all this released, at any time. */
	fd_install(fd, file);
	return fd;

err_queue:
	cxl_event_queue_destroy(events);
err_context:
	cxl_release_context(ctx);
	return ret;
}

/*
 * /dev/cxl-echo
 */

static long echo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int ret = -ENODEV;

	if (cmd != CXL_ECHO_OPEN)
		return -ENOTTY;
	mutex_lock(&echo_lock);
	if (echo_afu)
		ret = echo_open_context(echo_afu);
	mutex_unlock(&echo_lock);
	return ret;
}

static const struct file_operations echo_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = echo_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice echo_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl-echo",
	.fops = &echo_dev_fops,
};

/*
 * The AFU, which is a PCI device
 */

static int echo_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	/* -EEXIST for a second AFU: one is enough for an example. */
	ret = misc_register(&echo_dev);
	if (ret)
		return ret;
	mutex_lock(&echo_lock);
	echo_afu = pdev;
	mutex_unlock(&echo_lock);
	return 0;
}

static void echo_remove(struct pci_dev *pdev)
{
	misc_deregister(&echo_dev);
	mutex_lock(&echo_lock);
	echo_afu = NULL;
	mutex_unlock(&echo_lock);
}

/* The IDs of the memcpy AFU; an AFU of your own has others. */
static const struct pci_device_id echo_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, 0x4350) },
	{ }
};
MODULE_DEVICE_TABLE(pci, echo_ids);

static struct pci_driver echo_driver = {
	.name = "cxl-echo",
	.id_table = echo_ids,
	.probe = echo_probe,
	.remove = echo_remove,
};
module_pci_driver(echo_driver);

MODULE_DESCRIPTION("Example of an AFU driver: sends back what it is sent");
MODULE_LICENSE("GPL");
