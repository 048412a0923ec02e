// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver that does, step by step, what the first user of the in-kernel
 * API for the memcpy AFU did: one default context, started and stopped for each
 * read, and descriptors for programs.
 */
#include <asm/reg.h>
#include <linux/cdev.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <misc/cxl.h>
#include <misc/cxllib.h>

#include "../../drivers/misc/cxl/compat.h"
#include "cxl_test_memcpy.h"

#define VPD_LEN			32768
#define NUM_IRQS		4
#define QUEUE_LEN		16384
#define COPY_LEN		64

/* The AFU's queue element and its one global register */
struct work_element {
	u8 cmd;
	u8 status;
	__be16 length;
	u8 reserved[12];
	__be64 src;
	__be64 dst;
};

#define WE_VALID		0x80
#define WE_COPY			0
#define WE_IRQ			1
#define CFG			0x00
#define CFG_INTERRUPT_ON_ERROR	0x8000000000000000ULL

/* The AFU reads and writes the module's own memory. */
static struct work_element queue[QUEUE_LEN / sizeof(struct work_element)]
	__aligned(PAGE_SIZE);
static char src_buf[COPY_LEN] __aligned(COPY_LEN);
static char dst_buf[COPY_LEN] __aligned(COPY_LEN);

/* Guards all of the following */
static DEFINE_MUTEX(memcpy_lock);
static struct pci_dev *memcpy_pdev;
static atomic_t interrupts;

static struct class *memcpy_class;
static struct cdev memcpy_cdev;
static dev_t memcpy_dev;

static irqreturn_t irq_finished(int virq, void *cookie)
{
	atomic_inc(&interrupts);
	return IRQ_HANDLED;
}

static irqreturn_t irq_error(int virq, void *cookie)
{
	pr_err("cxl-memcpy: error interrupt\n");
	return IRQ_HANDLED;
}

static int map_irqs(struct cxl_context *ctx)
{
	int i;

	for (i = 1; i <= NUM_IRQS; i++)
		if (!cxl_map_afu_irq(ctx, i, i == 1 ? irq_finished : irq_error,
				     ctx, "cxl-memcpy"))
			goto err_unmap;
	return 0;

err_unmap:
	while (--i)
		cxl_unmap_afu_irq(ctx, i, ctx);
	return -ENXIO;
}

static void unmap_irqs(struct cxl_context *ctx)
{
	int i;

	for (i = 1; i <= NUM_IRQS; i++)
		cxl_unmap_afu_irq(ctx, i, ctx);
}

/* A copy that is not valid yet, and behind it an interrupt that is valid */
static u64 fill_queue(void)
{
	memset(queue, 0, sizeof(queue));
	get_random_bytes(src_buf, sizeof(src_buf));
	memset(dst_buf, 0, sizeof(dst_buf));
	queue[0].length = cpu_to_be16(COPY_LEN);
	queue[0].src = cpu_to_be64((unsigned long)src_buf);
	queue[0].dst = cpu_to_be64((unsigned long)dst_buf);
	queue[0].cmd = WE_COPY;
	queue[1].length = cpu_to_be16(1);
	queue[1].cmd = WE_VALID | WE_IRQ;
	return (unsigned long)queue | QUEUE_LEN / SMP_CACHE_BYTES;
}

static int wait_for_interrupt(void)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (atomic_read(&interrupts))
			return 0;
		usleep_range(1000, 2000);
	}
	return -ETIMEDOUT;
}

static int copy_by_started_context(struct cxl_context *ctx)
{
	void __iomem *psa = cxl_psa_map(ctx);
	int ret;

	if (!psa)
		return -EIO;
	out_be64(psa + CFG, CFG_INTERRUPT_ON_ERROR);
	/* Write the rest of the element before the bit that makes it valid. */
	smp_store_release(&queue[0].cmd, WE_VALID | WE_COPY);
	ret = wait_for_interrupt();
	cxl_psa_unmap(psa);
	if (!ret && memcmp(src_buf, dst_buf, sizeof(dst_buf)))
		ret = -EBADMSG;
	return ret;
}

static int copy_once(struct cxl_context *ctx)
{
	int ret, stopped;

	atomic_set(&interrupts, 0);
	ret = cxl_afu_reset(ctx);
	if (ret)
		return ret;
	ret = cxl_allocate_afu_irqs(ctx, NUM_IRQS);
	if (ret)
		return ret;
	ret = map_irqs(ctx);
	if (ret)
		goto free_irqs;
	cxl_set_master(ctx);
	ret = cxl_start_context(ctx, fill_queue(), NULL);
	if (ret)
		goto unmap_irqs;
	ret = copy_by_started_context(ctx);
	stopped = cxl_stop_context(ctx);
	ret = ret ?: stopped;
unmap_irqs:
	unmap_irqs(ctx);
free_irqs:
	cxl_free_afu_irqs(ctx);
	return ret;
}

/* Returns the copied data. */
static ssize_t memcpy_read(struct file *file, char __user *buf, size_t count,
			   loff_t *pos)
{
	struct cxl_context *ctx;
	ssize_t ret = -ENODEV;

	mutex_lock(&memcpy_lock);
	ctx = memcpy_pdev ? cxl_get_context(memcpy_pdev) : NULL;
	if (ctx)
		ret = copy_once(ctx);
	mutex_unlock(&memcpy_lock);
	if (ret)
		return ret;
	count = min_t(size_t, count, COPY_LEN);
	return copy_to_user(buf, dst_buf, count) ? -EFAULT : count;
}

static int memcpy_fd_release(struct inode *inode, struct file *file)
{
	return cxl_fd_release(inode, file);
}

static struct file_operations memcpy_fd_fops = {
	.owner = THIS_MODULE,
	.release = memcpy_fd_release,
};

static long memcpy_get_fd(struct cxl_test_memcpy_get_fd *arg)
{
	struct cxl_context *ctx;
	struct file *file;
	int ret, fd;

	if (!memcpy_pdev)
		return -ENODEV;
	ctx = cxl_dev_context_init(memcpy_pdev);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (arg->master & 1)
		cxl_set_master(ctx);
	file = cxl_get_fd(ctx, &memcpy_fd_fops, &fd);
	if (IS_ERR_OR_NULL(file)) {
		cxl_release_context(ctx);
		return file ? PTR_ERR(file) : -ENFILE;
	}
	ret = cxl_start_work(ctx, &arg->work);
	if (ret) {
		/* The file releases the context. */
		fput(file);
		put_unused_fd(fd);
		return ret;
	}
	fd_install(fd, file);
	return fd;
}

static long memcpy_ioctl(struct file *file, unsigned int cmd,
			 unsigned long arg)
{
	struct cxl_test_memcpy_get_fd get_fd;
	struct cxl_test_memcpy_fault fault;
	void __user *uarg = (void __user *)arg;
	long ret;

	switch (cmd) {
	case CXL_TEST_MEMCPY_GET_FD:
		if (copy_from_user(&get_fd, uarg, sizeof(get_fd)))
			return -EFAULT;
		mutex_lock(&memcpy_lock);
		ret = memcpy_get_fd(&get_fd);
		mutex_unlock(&memcpy_lock);
		return ret;
	case CXL_TEST_MEMCPY_HANDLE_FAULT:
		if (copy_from_user(&fault, uarg, sizeof(fault)))
			return -EFAULT;
		return cxllib_handle_fault(current->mm, fault.addr, fault.size,
					   DSISR_ISSTORE);
	}
	return -EINVAL;
}

static const struct file_operations memcpy_fops = {
	.owner = THIS_MODULE,
	.read = memcpy_read,
	.unlocked_ioctl = memcpy_ioctl,
};

static int memcpy_identify(struct pci_dev *pdev)
{
	struct cxl_afu *afu = cxl_pci_to_afu(pdev);
	dma_addr_t dma;
	ssize_t len;
	void *vpd;

	if (IS_ERR(afu))
		return PTR_ERR(afu);
	vpd = kzalloc(VPD_LEN, GFP_KERNEL);
	if (!vpd)
		return -ENOMEM;
	len = cxl_read_adapter_vpd(pdev, vpd, VPD_LEN);
	dma = dma_map_single(&pdev->dev, vpd, PAGE_SIZE, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(&pdev->dev, dma))
		dma_unmap_single(&pdev->dev, dma, PAGE_SIZE,
				 DMA_BIDIRECTIONAL);
	kfree(vpd);
	return len < 0 ? len : 0;
}

static int memcpy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = memcpy_identify(pdev);
	if (ret)
		goto err_disable;

	mutex_lock(&memcpy_lock);
	ret = memcpy_pdev ? -ENOSPC : 0;
	if (!ret)
		memcpy_pdev = pdev;
	mutex_unlock(&memcpy_lock);
	if (!ret)
		return 0;
err_disable:
	pci_disable_device(pdev);
	return ret;
}

static void memcpy_remove(struct pci_dev *pdev)
{
	mutex_lock(&memcpy_lock);
	memcpy_pdev = NULL;
	mutex_unlock(&memcpy_lock);
	pci_disable_device(pdev);
}

static pci_ers_result_t memcpy_error_detected(struct pci_dev *pdev,
					      pci_channel_state_t state)
{
	return state == pci_channel_io_perm_failure ?
		PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t memcpy_slot_reset(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

static void memcpy_resume(struct pci_dev *pdev)
{
	pci_info(pdev, "resumed\n");
}

static const struct pci_error_handlers memcpy_err_handler = {
	.error_detected = memcpy_error_detected,
	.slot_reset = memcpy_slot_reset,
	.resume = memcpy_resume,
};

static const struct pci_device_id memcpy_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, CXL_TEST_MEMCPY_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, memcpy_ids);

static struct pci_driver memcpy_driver = {
	.name = "cxl_test_memcpy",
	.id_table = memcpy_ids,
	.probe = memcpy_probe,
	.remove = memcpy_remove,
	.err_handler = &memcpy_err_handler,
};

static int __init memcpy_init(void)
{
	struct device *dev;
	int ret;

	ret = alloc_chrdev_region(&memcpy_dev, 0, 1, "cxlmemcpy");
	if (ret)
		return ret;
	cdev_init(&memcpy_cdev, &memcpy_fops);
	ret = cdev_add(&memcpy_cdev, memcpy_dev, 1);
	if (ret)
		goto err_region;
	memcpy_class = class_create("cxltest");
	ret = PTR_ERR_OR_ZERO(memcpy_class);
	if (ret)
		goto err_cdev;
	dev = device_create(memcpy_class, NULL, memcpy_dev, NULL, "cxlmemcpy");
	ret = PTR_ERR_OR_ZERO(dev);
	if (ret)
		goto err_class;
	ret = pci_register_driver(&memcpy_driver);
	if (ret)
		goto err_device;
	return 0;

err_device:
	device_destroy(memcpy_class, memcpy_dev);
err_class:
	class_destroy(memcpy_class);
err_cdev:
	cdev_del(&memcpy_cdev);
err_region:
	unregister_chrdev_region(memcpy_dev, 1);
	return ret;
}

static void __exit memcpy_exit(void)
{
	pci_unregister_driver(&memcpy_driver);
	device_destroy(memcpy_class, memcpy_dev);
	class_destroy(memcpy_class);
	cdev_del(&memcpy_cdev);
	unregister_chrdev_region(memcpy_dev, 1);
}

module_init(memcpy_init);
module_exit(memcpy_exit);

MODULE_DESCRIPTION("Test AFU driver in the manner of the memcpy AFU's first");
MODULE_LICENSE("GPL");
