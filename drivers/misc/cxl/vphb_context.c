// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contexts of AFU drivers: those that each creates, the default context of
 * a device, and what becomes of them when the driver is unbound.
 */
#include <linux/pci.h>

#include "cxl.h"
#include "vphb.h"

/* A driver that is bound while the AFU goes away gets no context. */
struct cxl_context *cxl_dev_context_init(struct pci_dev *dev)
{
	struct cxl_vphb *vphb = cxl_vphb_of(dev);

	if (!vphb || READ_ONCE(vphb->removed))
		return ERR_PTR(-ENODEV);

	return cxl_context_create(vphb->afu,
				  CXL_MODE_DEDICATED | CXL_MODE_DIRECTED,
				  false, dev);
}
EXPORT_SYMBOL_GPL(cxl_dev_context_init);

/* A driver that releases it, though it must not, does no harm. */
static struct cxl_context *cxl_vphb_default(struct cxl_vphb *vphb,
					    struct pci_dev *pdev)
{
	struct cxl_vphb_record *record = &vphb->record[pdev->devfn];
	struct cxl_context *ctx;

	mutex_lock(&vphb->ctx_lock);
	if (!record->ctx) {
		ctx = cxl_dev_context_init(pdev);
		if (!IS_ERR(ctx))
			/* Pairs with the acquire in cxl_get_context(). */
			smp_store_release(&record->ctx,
					  cxl_context_get(ctx));
	}
	ctx = record->ctx;
	mutex_unlock(&vphb->ctx_lock);

	return ctx;
}

static void cxl_vphb_drop_default(struct cxl_vphb *vphb, struct pci_dev *pdev)
{
	struct cxl_context *ctx;

	mutex_lock(&vphb->ctx_lock);
	ctx = vphb->record[pdev->devfn].ctx;
	WRITE_ONCE(vphb->record[pdev->devfn].ctx, NULL);
	mutex_unlock(&vphb->ctx_lock);
	if (!ctx)
		return;

	cxl_context_release(ctx);
	cxl_context_put(ctx);
}

struct cxl_context *cxl_get_context(struct pci_dev *dev)
{
	struct cxl_vphb *vphb = cxl_vphb_of(dev);
	struct cxl_context *ctx;

	if (!vphb || !pci_is_enabled(dev))
		return NULL;

	/* Pairs with the release when it was created. */
	ctx = smp_load_acquire(&vphb->record[dev->devfn].ctx);
	return ctx ?: cxl_vphb_default(vphb, dev);
}
EXPORT_SYMBOL_GPL(cxl_get_context);

/**
 * cxl_vphb_renew_default() - replace a device's default context, if there is
 * one
 * @pdev: device of a record
 *
 * Context: process context, with the device locked.
 * Return: false if it has one and no new one could be created.
 */
bool cxl_vphb_renew_default(struct pci_dev *pdev)
{
	struct cxl_vphb *vphb = cxl_vphb_of(pdev);
	struct cxl_vphb_record *record = &vphb->record[pdev->devfn];
	struct cxl_context *old, *ctx;

	device_lock_assert(&pdev->dev);
	/* While the device is locked contexts are created, but not dropped. */
	old = READ_ONCE(record->ctx);
	if (!old)
		return true;
	ctx = cxl_context_replace(old);
	if (IS_ERR(ctx)) {
		cxl_vphb_drop_default(vphb, pdev);
		return false;
	}

	mutex_lock(&vphb->ctx_lock);
	/* Pairs with the acquire in cxl_get_context(). */
	smp_store_release(&record->ctx, cxl_context_get(ctx));
	mutex_unlock(&vphb->ctx_lock);
	cxl_context_release(old);
	cxl_context_put(old);
	return true;
}

/* Find a context that the driver has left behind; referenced, or NULL. */
static struct cxl_context *cxl_vphb_take_context(struct cxl_afu *afu,
						 struct pci_dev *pdev)
{
	struct cxl_context *ctx, *found = NULL;
	unsigned long pe;

	mutex_lock(&afu->contexts_lock);
	xa_for_each(&afu->contexts, pe, ctx) {
		if (ctx->pdev != pdev)
			continue;
		ctx->pdev = NULL;
		found = cxl_context_get(ctx);
		break;
	}
	mutex_unlock(&afu->contexts_lock);

	return found;
}

/**
 * cxl_vphb_driver_gone() - take the contexts of an AFU driver away
 * @vphb: PCI side of the AFU
 * @pdev: device that the driver was unbound from
 * @was_bound: its probe had succeeded
 *
 * Neither the AFU nor an interrupt may work for the driver any more, and only
 * pinned code of its module is called.
 *
 * A context with a file belongs to the file: pending events can still be read.
 * The other contexts: a driver that was bound may still release them, for
 * example at the last close of its file; a driver whose probe failed has
 * forgotten them.
 *
 * Context: process context, with the device locked; waits for a delivery in
 * flight.
 */
void cxl_vphb_driver_gone(struct cxl_vphb *vphb, struct pci_dev *pdev,
			  bool was_bound)
{
	struct cxl_context *ctx;

	cxl_vphb_drop_default(vphb, pdev);
	while ((ctx = cxl_vphb_take_context(vphb->afu, pdev))) {
		if (test_bit(0, &ctx->has_file))
			cxl_context_abandon(ctx);
		else if (was_bound)
			cxl_context_retire(ctx);
		else
			cxl_context_release(ctx);
		cxl_context_put(ctx);
	}
}
