// SPDX-License-Identifier: GPL-2.0-only
/* A UIO and an input device without hardware: peers to measure beside. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/uio_driver.h>

#include "cxl_bench.h"

#define EVENTS_PER_PACKET	64

static struct platform_device *bench_parent;
static struct input_dev *bench_input;
static struct uio_info bench_uio = {
	.name = CXL_BENCH_PEERS_NAME,
	.version = "1",
	.irq = UIO_IRQ_CUSTOM,
};

static long bench_peers_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	switch (cmd) {
	case CXL_BENCH_UIO_IRQ:
		uio_event_notify(&bench_uio);
		return 0;
	case CXL_BENCH_INPUT_EVENTS:
		while (arg-- > 1)
			input_event(bench_input, EV_MSC, MSC_SCAN, arg);
		input_sync(bench_input);
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations bench_peers_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_peers_ioctl,
};

static struct miscdevice bench_peers_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl-bench-peers",
	.fops = &bench_peers_fops,
};

static int bench_input_register(void)
{
	int ret;

	bench_input = input_allocate_device();
	if (!bench_input)
		return -ENOMEM;
	bench_input->name = CXL_BENCH_PEERS_NAME;
	bench_input->dev.parent = &bench_parent->dev;
	input_set_capability(bench_input, EV_MSC, MSC_SCAN);
	input_set_events_per_packet(bench_input, EVENTS_PER_PACKET);
	ret = input_register_device(bench_input);
	if (ret)
		input_free_device(bench_input);
	return ret;
}

static int __init bench_peers_init(void)
{
	int ret;

	bench_parent = platform_device_register_simple("cxl-bench-peers", -1,
						       NULL, 0);
	if (IS_ERR(bench_parent))
		return PTR_ERR(bench_parent);
	ret = uio_register_device(&bench_parent->dev, &bench_uio);
	if (ret)
		goto err_parent;
	ret = bench_input_register();
	if (ret)
		goto err_uio;
	ret = misc_register(&bench_peers_dev);
	if (ret)
		goto err_input;
	return 0;

err_input:
	input_unregister_device(bench_input);
err_uio:
	uio_unregister_device(&bench_uio);
err_parent:
	platform_device_unregister(bench_parent);
	return ret;
}
module_init(bench_peers_init);

static void __exit bench_peers_exit(void)
{
	misc_deregister(&bench_peers_dev);
	input_unregister_device(bench_input);
	uio_unregister_device(&bench_uio);
	platform_device_unregister(bench_parent);
}
module_exit(bench_peers_exit);

MODULE_DESCRIPTION("UIO and input device of the benchmarks");
MODULE_LICENSE("GPL");
