// SPDX-License-Identifier: GPL-2.0-only
/*
 * Problem state area, mapped into the kernel for AFU drivers.  Their stores
 * cause no page fault, so the drivers have to tell the card of them.
 *
 * A mapping may outlive the attachment of its context: then the card ignores
 * what is stored there.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "cxl.h"

/**
 * struct cxl_psa_mapping - a mapping made by cxl_psa_map()
 * @entry: in cxl_psa_mappings
 * @ctx: context, NULL once it is detached; guarded by cxl_psa_lock
 * @addr: address of the mapping
 * @size: bytes
 */
struct cxl_psa_mapping {
	struct list_head entry;
	struct cxl_context *ctx;
	unsigned long addr;
	u64 size;
};

static LIST_HEAD(cxl_psa_mappings);
static DEFINE_SPINLOCK(cxl_psa_lock);	/* guards cxl_psa_mappings */

static void *cxl_psa_vmap(struct cxl_afu *afu, u64 offset, u64 size)
{
	unsigned int i, n = size >> PAGE_SHIFT;
	struct page **pages;
	void *addr = NULL;

	pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;

	for (i = 0; i < n; i++) {
		pages[i] = afu->adapter->ops->psa_page(afu->data, offset +
						       (u64)i * PAGE_SIZE);
		if (IS_ERR_OR_NULL(pages[i]))
			goto out;
		cond_resched();
	}
	addr = vmap(pages, n, VM_MAP, PAGE_KERNEL);
out:
	kvfree(pages);
	return addr;
}

static bool cxl_psa_add(struct cxl_context *ctx, void *addr, u64 size)
{
	struct cxl_psa_mapping *mapping = kmalloc(sizeof(*mapping), GFP_KERNEL);

	if (!mapping)
		return false;
	mapping->ctx = ctx;
	mapping->addr = (unsigned long)addr;
	mapping->size = size;
	spin_lock_irq(&cxl_psa_lock);
	list_add(&mapping->entry, &cxl_psa_mappings);
	spin_unlock_irq(&cxl_psa_lock);
	return true;
}

static struct cxl_psa_mapping *cxl_psa_find(unsigned long addr)
{
	struct cxl_psa_mapping *mapping;

	lockdep_assert_held(&cxl_psa_lock);
	list_for_each_entry(mapping, &cxl_psa_mappings, entry)
		if (addr - mapping->addr < mapping->size)
			return mapping;
	return NULL;
}

static void *cxl_psa_map_locked(struct cxl_context *ctx)
{
	u64 offset, size;
	void *addr;

	lockdep_assert_held(&ctx->status_mutex);
	if (ctx->status != STARTED || ctx->afu->desc.mmio_trapped ||
	    !cxl_adapter_link_ok(ctx->afu->adapter) ||
	    cxl_context_psa_range(ctx, &offset, &size))
		return NULL;
	addr = cxl_psa_vmap(ctx->afu, offset, size);
	if (!addr)
		return NULL;
	if (!cxl_psa_add(ctx, addr, size)) {
		vunmap(addr);
		return NULL;
	}
	WRITE_ONCE(ctx->psa_in_kernel, true);
	/* Stores cause no page fault: from now on the card has to poll. */
	cxl_psa_written(ctx, 0);
	return addr;
}

void __iomem *cxl_psa_map(struct cxl_context *ctx)
{
	void *addr;

	mutex_lock(&ctx->status_mutex);
	addr = cxl_psa_map_locked(ctx);
	mutex_unlock(&ctx->status_mutex);

	return (__force void __iomem *)addr;
}
EXPORT_SYMBOL_GPL(cxl_psa_map);

void cxl_psa_unmap(void __iomem *addr)
{
	struct cxl_psa_mapping *mapping;

	spin_lock_irq(&cxl_psa_lock);
	mapping = cxl_psa_find((__force unsigned long)addr);
	if (mapping)
		list_del(&mapping->entry);
	spin_unlock_irq(&cxl_psa_lock);
	kfree(mapping);
	vunmap((__force void *)addr);
}
EXPORT_SYMBOL_GPL(cxl_psa_unmap);

/**
 * cxl_context_psa_forget() - ignore a context's kernel mappings from now on
 * @ctx: context that was detached; its mappings in the kernel may stay
 */
void cxl_context_psa_forget(struct cxl_context *ctx)
{
	struct cxl_psa_mapping *mapping;

	spin_lock_irq(&cxl_psa_lock);
	list_for_each_entry(mapping, &cxl_psa_mappings, entry)
		if (mapping->ctx == ctx)
			mapping->ctx = NULL;
	spin_unlock_irq(&cxl_psa_lock);
}

void cxl_psa_written(struct cxl_context *ctx, u64 offset)
{
	struct cxl_afu *afu = ctx->afu;
	u64 start, size;

	if (afu->adapter->ops->psa_written &&
	    !cxl_context_psa_range(ctx, &start, &size) && offset < size)
		afu->adapter->ops->psa_written(afu->data, start + offset);
}
EXPORT_SYMBOL_GPL(cxl_psa_written);

void cxl_psa_written_at(const void __iomem *addr)
{
	unsigned long at = (__force unsigned long)addr;
	struct cxl_psa_mapping *mapping;
	unsigned long flags;

	/* Detach takes this lock, too: until then the card has the context. */
	spin_lock_irqsave(&cxl_psa_lock, flags);
	mapping = cxl_psa_find(at);
	if (mapping && mapping->ctx)
		cxl_psa_written(mapping->ctx, at - mapping->addr);
	spin_unlock_irqrestore(&cxl_psa_lock, flags);
}
EXPORT_SYMBOL_GPL(cxl_psa_written_at);
