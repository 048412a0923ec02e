// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module, the class of cards, AFUs and device nodes, and the numbers of the
 * cards.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "cxl.h"

struct class *cxl_class;

uint cxl_verbose;
module_param_named(verbose, cxl_verbose, uint, 0600);
MODULE_PARM_DESC(verbose, "Log mode changes of AFUs (0: no)");

/* Guards cxl_adapters; while it is held, cards found there stay allocated */
static DEFINE_MUTEX(cxl_adapters_lock);
static DEFINE_XARRAY_ALLOC(cxl_adapters);

/**
 * cxl_adapter_get_num() - give a card the lowest free number
 * @adapter: card, initialised: it can be found from now on
 *
 * Context: process context.
 * Return: the number; -ENOSPC, -ENOMEM.
 */
int cxl_adapter_get_num(struct cxl_adapter *adapter)
{
	u32 num;
	int rc;

	mutex_lock(&cxl_adapters_lock);
	rc = xa_alloc(&cxl_adapters, &num, adapter,
		      XA_LIMIT(0, CXL_MAX_ADAPTERS - 1), GFP_KERNEL);
	mutex_unlock(&cxl_adapters_lock);

	if (rc == -EBUSY)
		return -ENOSPC;
	return rc ?: num;
}

/**
 * cxl_adapter_put_num() - free a card's number for others
 * @adapter: card: it cannot be found from now on
 *
 * Context: process context.
 */
void cxl_adapter_put_num(struct cxl_adapter *adapter)
{
	mutex_lock(&cxl_adapters_lock);
	xa_erase(&cxl_adapters, adapter->num);
	mutex_unlock(&cxl_adapters_lock);
}

/**
 * cxl_afu_find() - find an AFU by its numbers
 * @card: N of cardN
 * @slice: M of afuN.M
 *
 * Context: process context.
 * Return: the AFU with a reference to its dev, or NULL.
 */
struct cxl_afu *cxl_afu_find(unsigned int card, unsigned int slice)
{
	struct cxl_adapter *adapter;
	struct cxl_afu *afu = NULL;

	if (slice >= CXL_MAX_SLICES)
		return NULL;

	mutex_lock(&cxl_adapters_lock);
	adapter = xa_load(&cxl_adapters, card);
	if (adapter)
		get_device(&adapter->dev);
	mutex_unlock(&cxl_adapters_lock);
	if (!adapter)
		return NULL;

	/* Without cxl_adapters_lock: a busy card must not hold up others. */
	mutex_lock(&adapter->lock);
	afu = adapter->afu[slice];
	if (afu)
		get_device(&afu->dev);
	mutex_unlock(&adapter->lock);
	put_device(&adapter->dev);

	return afu;
}

static char *cxl_devnode(CXL_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "cxl/%s", dev_name(dev));
}

static int __init cxl_init(void)
{
	int rc;

	cxl_class = class_create("cxl");
	if (IS_ERR(cxl_class))
		return PTR_ERR(cxl_class);
	cxl_class->devnode = cxl_devnode;

	cxl_debugfs_init();

	rc = cxl_irq_init();
	if (rc)
		goto err_debugfs;

	rc = cxl_fault_init();
	if (rc)
		goto err_irq;

	rc = cxl_file_init();
	if (rc)
		goto err_fault;

	rc = cxl_vphb_init();
	if (rc)
		goto err_file;

	return 0;

err_file:
	cxl_file_exit();
err_fault:
	cxl_fault_exit();
err_irq:
	cxl_irq_exit();
err_debugfs:
	cxl_debugfs_exit();
	class_destroy(cxl_class);
	return rc;
}

static void __exit cxl_exit(void)
{
	cxl_vphb_exit();
	cxl_file_exit();
	cxl_fault_exit();
	cxl_irq_exit();
	cxl_debugfs_exit();
	class_destroy(cxl_class);
}

module_init(cxl_init);
module_exit(cxl_exit);

MODULE_DESCRIPTION("Coherent accelerators (IBM CAPI)");
MODULE_LICENSE("GPL");
