// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver that takes part in PCI error recovery as its parameters say for
 * each record, and logs its calls and what it found.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <misc/cxl.h>

#define DEVICE_ID	0x4354
#define MAX_RECORDS	4
#define LOG_SIZE	2048

/* pci_ers_result_t */
static int detected_result[MAX_RECORDS] = { 3, 3, 3, 3 };
module_param_array_named(detected, detected_result, int, NULL, 0644);
MODULE_PARM_DESC(detected, "what error_detected returns, by record");

static int reset_result[MAX_RECORDS] = { 5, 5, 5, 5 };
module_param_array_named(reset, reset_result, int, NULL, 0644);
MODULE_PARM_DESC(reset, "what slot_reset returns, by record");

static bool no_handlers;
module_param(no_handlers, bool, 0444);
MODULE_PARM_DESC(no_handlers, "take no part");

static bool hold_detected;
module_param(hold_detected, bool, 0644);
MODULE_PARM_DESC(hold_detected, "error_detected waits until this is cleared");

static bool hold_reset;
module_param(hold_reset, bool, 0644);
MODULE_PARM_DESC(hold_reset, "slot_reset waits until this is cleared");

/* A line for each call; guarded by log_lock. Write anything to clear it. */
static DEFINE_MUTEX(log_lock);
static char log_text[LOG_SIZE];
static size_t log_len;

static __printf(1, 2)
void log_line(const char *fmt, ...)
{
	va_list args;

	mutex_lock(&log_lock);
	va_start(args, fmt);
	log_len += vscnprintf(log_text + log_len, sizeof(log_text) - log_len,
			      fmt, args);
	va_end(args);
	mutex_unlock(&log_lock);
}

static int log_get(char *buf, const struct kernel_param *kp)
{
	int len;

	mutex_lock(&log_lock);
	len = scnprintf(buf, PAGE_SIZE, "%s", log_text);
	mutex_unlock(&log_lock);
	return len;
}

static int log_set(const char *val, const struct kernel_param *kp)
{
	mutex_lock(&log_lock);
	log_text[0] = '\0';
	log_len = 0;
	mutex_unlock(&log_lock);
	return 0;
}

static const struct kernel_param_ops log_ops = {
	.get = log_get,
	.set = log_set,
};
module_param_cb(log, &log_ops, NULL, 0644);

static irqreturn_t eeh_irq(int virq, void *cookie)
{
	return IRQ_HANDLED;
}

/* Start the default context, with an interrupt, and mark it as ours. */
static int eeh_start(struct pci_dev *pdev)
{
	struct cxl_context *ctx = cxl_get_context(pdev);

	if (!ctx || cxl_get_priv(ctx) || cxl_allocate_afu_irqs(ctx, 1))
		return -EIO;
	if (cxl_map_afu_irq(ctx, 1, eeh_irq, pdev, "cxl_test_eeh") <= 0)
		return -ENXIO;
	cxl_set_priv(ctx, pdev);
	pci_set_drvdata(pdev, ctx);
	return cxl_start_context(ctx, 0, NULL);
}

static int eeh_stop(struct pci_dev *pdev)
{
	struct cxl_context *ctx = pci_get_drvdata(pdev);
	int ret;

	/* Without handlers, nothing tells us when the context is replaced. */
	if (no_handlers)
		ctx = cxl_get_context(pdev);
	if (!ctx)
		return -ENODEV;
	ret = cxl_stop_context(ctx);
	cxl_unmap_afu_irq(ctx, 1, pdev);
	cxl_free_afu_irqs(ctx);
	return ret;
}

static pci_ers_result_t eeh_detected(struct pci_dev *pdev,
				     pci_channel_state_t state)
{
	unsigned int record = cxl_pci_to_cfg_record(pdev);

	log_line("%u detected %s offline=%d stop=%d\n", record,
		 state == pci_channel_io_perm_failure ? "failure" : "frozen",
		 pci_channel_offline(pdev), eeh_stop(pdev));
	while (READ_ONCE(hold_detected))
		msleep(20);
	return (__force pci_ers_result_t)detected_result[record];
}

static pci_ers_result_t eeh_slot_reset(struct pci_dev *pdev)
{
	unsigned int record = cxl_pci_to_cfg_record(pdev);

	log_line("%u reset offline=%d start=%d\n", record,
		 pci_channel_offline(pdev), eeh_start(pdev));
	while (READ_ONCE(hold_reset))
		msleep(20);
	return (__force pci_ers_result_t)reset_result[record];
}

static void eeh_resume(struct pci_dev *pdev)
{
	log_line("%u resume\n", cxl_pci_to_cfg_record(pdev));
}

static const struct pci_error_handlers eeh_err_handler = {
	.error_detected = eeh_detected,
	.slot_reset = eeh_slot_reset,
	.resume = eeh_resume,
};

static int eeh_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (cxl_pci_to_cfg_record(pdev) >= MAX_RECORDS)
		return -ENOSPC;
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	log_line("%u probe start=%d\n", cxl_pci_to_cfg_record(pdev),
		 eeh_start(pdev));
	return 0;
}

static void eeh_remove(struct pci_dev *pdev)
{
	log_line("%u remove offline=%d\n", cxl_pci_to_cfg_record(pdev),
		 pci_channel_offline(pdev));
	eeh_stop(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id eeh_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, eeh_ids);

static struct pci_driver eeh_driver = {
	.name = "cxl_test_eeh",
	.id_table = eeh_ids,
	.probe = eeh_probe,
	.remove = eeh_remove,
};

static int __init test_eeh_init(void)
{
	if (!no_handlers)
		eeh_driver.err_handler = &eeh_err_handler;
	return pci_register_driver(&eeh_driver);
}

static void __exit test_eeh_exit(void)
{
	pci_unregister_driver(&eeh_driver);
}

module_init(test_eeh_init);
module_exit(test_eeh_exit);

MODULE_DESCRIPTION("Test AFU driver for PCI error recovery");
MODULE_LICENSE("GPL");
