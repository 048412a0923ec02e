// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ordinary PCI driver for the memcpy AFU's configuration record, with a
 * character device for each AFU.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cxl-copy.h"

#define PCI_DEVICE_ID_IBM_MEMCPY_AFU	0x4350

static DEFINE_IDA(cxl_copy_ids);

void cxl_copy_afu_get(struct cxl_copy_afu *afu)
{
	kref_get(&afu->kref);
}

static void cxl_copy_afu_free(struct kref *kref)
{
	struct cxl_copy_afu *afu = container_of(kref, struct cxl_copy_afu, kref);

	mutex_destroy(&afu->lock);
	kfree(afu);
}

void cxl_copy_afu_put(struct cxl_copy_afu *afu)
{
	kref_put(&afu->kref, cxl_copy_afu_free);
}

/*
 * Called with the lock of the misc devices held, so not after misc_deregister()
 * has returned: the driver's reference still exists.
 */
static int cxl_copy_dev_open(struct inode *inode, struct file *file)
{
	struct cxl_copy_afu *afu =
		container_of(file->private_data, struct cxl_copy_afu, misc);

	cxl_copy_afu_get(afu);
	file->private_data = afu;
	return 0;
}

static int cxl_copy_dev_release(struct inode *inode, struct file *file)
{
	cxl_copy_afu_put(file->private_data);
	return 0;
}

static long cxl_copy_dev_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct cxl_copy_get_fd get_fd;

	if (cmd != CXL_COPY_GET_FD)
		return -ENOTTY;
	if (copy_from_user(&get_fd, (void __user *)arg, sizeof(get_fd)))
		return -EFAULT;
	if (get_fd.reserved[0] || get_fd.reserved[1])
		return -EINVAL;
	return cxl_copy_context_open(file->private_data, &get_fd);
}

static const struct file_operations cxl_copy_dev_fops = {
	.owner = THIS_MODULE,
	.open = cxl_copy_dev_open,
	.release = cxl_copy_dev_release,
	.unlocked_ioctl = cxl_copy_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static int cxl_copy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct cxl_copy_afu *afu;
	int ret;

	/* A PCI card that is no AFU could have the same IDs. */
	if (IS_ERR(cxl_pci_to_afu(pdev)))
		return -ENODEV;

	afu = kzalloc(sizeof(*afu), GFP_KERNEL);
	if (!afu)
		return -ENOMEM;
	kref_init(&afu->kref);
	mutex_init(&afu->lock);
	INIT_LIST_HEAD(&afu->contexts);
	afu->pdev = pdev;
	afu->online = true;

	afu->id = ida_alloc(&cxl_copy_ids, GFP_KERNEL);
	if (afu->id < 0) {
		ret = afu->id;
		goto err_put;
	}
	snprintf(afu->name, sizeof(afu->name), "cxl-copy%d", afu->id);

	ret = pci_enable_device(pdev);
	if (ret)
		goto err_id;
	pci_set_drvdata(pdev, afu);

	afu->misc.minor = MISC_DYNAMIC_MINOR;
	afu->misc.name = afu->name;
	afu->misc.fops = &cxl_copy_dev_fops;
	afu->misc.parent = &pdev->dev;
	ret = misc_register(&afu->misc);
	if (ret)
		goto err_disable;
	return 0;

err_disable:
	pci_disable_device(pdev);
err_id:
	ida_free(&cxl_copy_ids, afu->id);
err_put:
	cxl_copy_afu_put(afu);
	return ret;
}

static void cxl_copy_remove(struct pci_dev *pdev)
{
	struct cxl_copy_afu *afu = pci_get_drvdata(pdev);

	misc_deregister(&afu->misc);

	/* Programs may still have the device or a context open. */
	mutex_lock(&afu->lock);
	afu->pdev = NULL;
	cxl_copy_stop_all(afu);
	mutex_unlock(&afu->lock);

	pci_disable_device(pdev);
	ida_free(&cxl_copy_ids, afu->id);
	cxl_copy_afu_put(afu);
}

/*
 * Error recovery: the AFU's state is gone, and with it all contexts.  Their
 * programs read the events that are left, then EIO, and can get new contexts.
 */

static pci_ers_result_t cxl_copy_error_detected(struct pci_dev *pdev,
						pci_channel_state_t state)
{
	struct cxl_copy_afu *afu = pci_get_drvdata(pdev);

	mutex_lock(&afu->lock);
	afu->online = false;
	cxl_copy_stop_all(afu);
	mutex_unlock(&afu->lock);

	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t cxl_copy_slot_reset(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

static void cxl_copy_resume(struct pci_dev *pdev)
{
	struct cxl_copy_afu *afu = pci_get_drvdata(pdev);

	mutex_lock(&afu->lock);
	afu->online = true;
	mutex_unlock(&afu->lock);
}

static const struct pci_error_handlers cxl_copy_err_handlers = {
	.error_detected = cxl_copy_error_detected,
	.slot_reset = cxl_copy_slot_reset,
	.resume = cxl_copy_resume,
};

static const struct pci_device_id cxl_copy_pci_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, PCI_DEVICE_ID_IBM_MEMCPY_AFU) },
	{ }
};
MODULE_DEVICE_TABLE(pci, cxl_copy_pci_ids);

static struct pci_driver cxl_copy_driver = {
	.name = "cxl-copy",
	.id_table = cxl_copy_pci_ids,
	.probe = cxl_copy_probe,
	.remove = cxl_copy_remove,
	.err_handler = &cxl_copy_err_handlers,
};
module_pci_driver(cxl_copy_driver);

MODULE_DESCRIPTION("Copy service on the memcpy AFU of coherent accelerators");
MODULE_LICENSE("GPL");
