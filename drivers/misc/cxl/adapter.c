// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards: registration, the link, and the lock that keeps contexts from being
 * started while the card is reset.  The calls of card drivers are described in
 * backend.h.
 */
#include <linux/slab.h>

#include "cxl.h"

/* adapter->started while a reset is under way */
#define CXL_LOCKED_FOR_RESET	(-1)

int cxl_adapter_num(const struct cxl_adapter *adapter)
{
	return adapter->num;
}
EXPORT_SYMBOL_GPL(cxl_adapter_num);

bool cxl_adapter_perst_same_image(const struct cxl_adapter *adapter)
{
	return READ_ONCE(adapter->perst_same_image);
}
EXPORT_SYMBOL_GPL(cxl_adapter_perst_same_image);

/**
 * cxl_adapter_link_ok() - is the link to the card up?
 * @adapter: card
 *
 * The answer may be out of date at once.  Where a change must not be missed,
 * check again under adapter->lock or the context's status_mutex.
 *
 * Context: any.
 */
bool cxl_adapter_link_ok(const struct cxl_adapter *adapter)
{
	return READ_ONCE(adapter->link_up);
}

static void cxl_afu_set_link(struct cxl_afu *afu, bool up)
{
	struct cxl_context *ctx;
	unsigned long pe;

	mutex_lock(&afu->contexts_lock);
	xa_for_each(&afu->contexts, pe, ctx)
		cxl_context_set_link(ctx, up);
	mutex_unlock(&afu->contexts_lock);

	cxl_vphb_set_error_state(afu, up ? pci_channel_io_normal :
					   pci_channel_io_frozen);
	if (up)
		cxl_vphb_link_up(afu);
}

void cxl_adapter_set_link(struct cxl_adapter *adapter, bool up)
{
	unsigned int slice;

	mutex_lock(&adapter->lock);
	if (adapter->link_up == up)
		goto out;

	/* Before the walk: a context created meanwhile sees the new state. */
	WRITE_ONCE(adapter->link_up, up);
	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		if (adapter->afu[slice])
			cxl_afu_set_link(adapter->afu[slice], up);
	}
	dev_info(&adapter->dev, "link %s\n", up ? "up" : "down");
out:
	mutex_unlock(&adapter->lock);
}
EXPORT_SYMBOL_GPL(cxl_adapter_set_link);

/**
 * cxl_adapter_context_start() - count a context that is about to be started
 * @adapter: card
 *
 * Context: any.
 * Return: 0; call cxl_adapter_context_stop() when the context has stopped or
 * could not be started.  -EBUSY while the card is locked for a reset.
 */
int cxl_adapter_context_start(struct cxl_adapter *adapter)
{
	return atomic_inc_unless_negative(&adapter->started) ? 0 : -EBUSY;
}

/**
 * cxl_adapter_context_stop() - the reverse of cxl_adapter_context_start()
 * @adapter: card
 *
 * Context: any.
 */
void cxl_adapter_context_stop(struct cxl_adapter *adapter)
{
	WARN_ON(atomic_dec_if_positive(&adapter->started) < 0);
}

/**
 * cxl_adapter_lock_for_reset() - keep contexts from being started
 * @adapter: card
 *
 * Context: any.
 * Return: 0; -EBUSY if a context is started or the card is locked already.
 */
int cxl_adapter_lock_for_reset(struct cxl_adapter *adapter)
{
	int old = atomic_cmpxchg(&adapter->started, 0, CXL_LOCKED_FOR_RESET);

	return old ? -EBUSY : 0;
}

/**
 * cxl_adapter_unlock_for_reset() - let contexts be started again
 * @adapter: card, locked by cxl_adapter_lock_for_reset()
 *
 * Context: any.
 */
void cxl_adapter_unlock_for_reset(struct cxl_adapter *adapter)
{
	int old = atomic_cmpxchg(&adapter->started, CXL_LOCKED_FOR_RESET, 0);

	WARN_ON(old != CXL_LOCKED_FOR_RESET);
}

static bool cxl_ops_complete(const struct cxl_backend_ops *ops)
{
	return ops && ops->set_mode && ops->attach && ops->detach &&
	       ops->update_irqs && ops->fault_done && ops->afu_reset &&
	       ops->psa_page && ops->card_reset && ops->vpd_read &&
	       ops->timebase_synced;
}

/* The last reference may be a context's, long after the card is gone. */
static void cxl_adapter_release(struct device *dev)
{
	kfree(to_cxl_adapter(dev));
}

static struct cxl_adapter *cxl_adapter_alloc(struct device *parent,
					     const struct cxl_backend_ops *ops,
					     const struct cxl_adapter_desc *desc,
					     void *card)
{
	struct cxl_adapter *adapter;

	adapter = kzalloc(sizeof(*adapter), GFP_KERNEL);
	if (!adapter)
		return NULL;

	adapter->ops = ops;
	adapter->card = card;
	adapter->desc = *desc;
	mutex_init(&adapter->lock);
	spin_lock_init(&adapter->irqs_lock);
	adapter->link_up = true;
	/* A reset loads the current image until the user chooses another. */
	adapter->perst_image = desc->user_image_loaded ?
			       CXL_PERST_IMAGE_USER : CXL_PERST_IMAGE_FACTORY;

	device_initialize(&adapter->dev);
	adapter->dev.class = cxl_class;
	adapter->dev.parent = parent;
	adapter->dev.groups = cxl_adapter_groups;
	adapter->dev.release = cxl_adapter_release;

	return adapter;
}

struct cxl_adapter *cxl_adapter_register(struct device *parent,
					 const struct cxl_backend_ops *ops,
					 const struct cxl_adapter_desc *desc,
					 void *card)
{
	struct cxl_adapter *adapter;
	int rc;

	if (!parent || !desc || !cxl_ops_complete(ops))
		return ERR_PTR(-EINVAL);

	adapter = cxl_adapter_alloc(parent, ops, desc, card);
	if (!adapter)
		return ERR_PTR(-ENOMEM);

	rc = cxl_adapter_get_num(adapter);
	if (rc < 0)
		goto err_put;
	adapter->num = rc;

	rc = dev_set_name(&adapter->dev, "card%d", adapter->num);
	if (rc)
		goto err_num;

	rc = device_add(&adapter->dev);
	if (rc)
		goto err_num;

	cxl_debugfs_adapter_add(adapter);
	return adapter;

err_num:
	cxl_adapter_put_num(adapter);
err_put:
	put_device(&adapter->dev);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_GPL(cxl_adapter_register);

void cxl_adapter_unregister(struct cxl_adapter *adapter)
{
	int slice;

	/* Before the AFUs: files in the card's folder refer to them. */
	cxl_debugfs_adapter_remove(adapter);

	for (slice = CXL_MAX_SLICES - 1; slice >= 0; slice--) {
		if (adapter->afu[slice])
			cxl_afu_unregister(adapter->afu[slice]);
	}

	/* Waits for readers and writers of attributes: hold no lock. */
	device_del(&adapter->dev);
	/* All contexts are closed by now. */
	WARN_ON(adapter->irqs_used);
	cxl_adapter_put_num(adapter);
	put_device(&adapter->dev);
}
EXPORT_SYMBOL_GPL(cxl_adapter_unregister);
