// SPDX-License-Identifier: GPL-2.0-only
/*
 * Problem state area, mapped into programs page by page as they touch it.
 *
 * A page fault maps the page that is right at that moment.  When that changes
 * (the context is started or closed, the link goes down or comes back) the
 * mappings are zapped, and the next access faults again.  The status_mutex is
 * held from the decision until the page is mapped, and while mappings are
 * zapped:
 *
 *	page fault			link goes down
 *	----------			--------------
 *	lock status_mutex
 *	link is up
 *					link_up = false
 *	map a page of the card
 *	unlock				lock status_mutex
 *					zap: that page, too
 *
 * A page becomes writable only when a store to it faults, and the card is told
 * of that: a doorbell.  A card that wants to sleep until the next store takes
 * the pages away again, by cxl_context_arm_doorbell():
 *
 *	program				card
 *	-------				----
 *	store: fault:
 *	  map the page writable
 *	  psa_written			work, until there is no more
 *	store, store, ...		  for a while
 *					arm: unmap the page
 *					look once more
 *					sleep
 *	store: fault: and so on
 *
 * The last look sees a store made before the page was unmapped; a later store
 * faults.  So psa_written must come after the page has become writable:
 * otherwise the card could arm in between, and the store would be lost.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "cxl.h"

/* The window of the context in the AFU's area */
static void cxl_context_window(const struct cxl_context *ctx, u64 *offset,
			       u64 *size)
{
	const struct cxl_afu_desc *desc = &ctx->afu->desc;

	*offset = desc->pp_offset + ctx->pe * desc->pp_size;
	*size = desc->pp_size;
}

/**
 * cxl_context_psa_range() - the part of the problem state area to map
 * @ctx: context
 * @offset: set to its first byte in the AFU's area
 * @size: set to its bytes
 *
 * Return: 0, or -EINVAL if there is no such part.
 */
int cxl_context_psa_range(const struct cxl_context *ctx, u64 *offset,
			  u64 *size)
{
	if (ctx->master) {
		*offset = 0;
		*size = ctx->afu->desc.psa_size;
	} else {
		cxl_context_window(ctx, offset, size);
	}
	return *size ? 0 : -EINVAL;
}

/* Loads give all ones once the card is gone. */
static struct page *cxl_context_ff_page(struct cxl_context *ctx)
{
	lockdep_assert_held(&ctx->status_mutex);
	if (!ctx->ff_page)
		ctx->ff_page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!ctx->ff_page)
		return NULL;
	/* Stores vanish: undo those made through an earlier mapping. */
	memset(page_address(ctx->ff_page), 0xff, PAGE_SIZE);
	return ctx->ff_page;
}

static vm_fault_t cxl_mmap_insert(struct cxl_context *ctx,
				  struct vm_fault *vmf, u64 offset)
{
	struct cxl_afu *afu = ctx->afu;
	struct page *page;

	lockdep_assert_held(&ctx->status_mutex);
	if (ctx->status != STARTED && !ctx->err_ff)
		return VM_FAULT_SIGBUS;
	if (ctx->status != STARTED || !cxl_adapter_link_ok(afu->adapter))
		page = cxl_context_ff_page(ctx);
	else
		page = afu->adapter->ops->psa_page(afu->data, offset);
	if (IS_ERR(page))
		page = cxl_context_ff_page(ctx);
	if (!page)
		return VM_FAULT_OOM;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return vmf_insert_pfn(vmf->vma, vmf->address,
				      page_to_pfn(page));
	/* Because of pfn_mkwrite vm_page_prot allows no stores. */
	return vmf_insert_pfn_prot(vmf->vma, vmf->address, page_to_pfn(page),
				   vm_get_page_prot(vmf->vma->vm_flags));
}

/*
 * An AFU driver may have replaced our vm_ops by its own, which call
 * cxl_mmap_fault() but have no pfn_mkwrite: then even a load maps a page
 * writable.
 */
static bool cxl_mmap_made_writable(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_WRITE ||
	       !vmf->vma->vm_ops->pfn_mkwrite;
}

static void cxl_psa_tell_written(struct cxl_context *ctx, u64 offset)
{
	struct cxl_afu *afu = ctx->afu;

	lockdep_assert_held(&ctx->status_mutex);
	if (ctx->status == STARTED && afu->adapter->ops->psa_written)
		afu->adapter->ops->psa_written(afu->data, offset);
}

/* An AFU driver may call this from a fault handler of its own. */
static vm_fault_t cxl_mmap_fault(struct vm_fault *vmf)
{
	struct cxl_context *ctx = vmf->vma->vm_file->private_data;
	u64 at = (u64)vmf->pgoff << PAGE_SHIFT;
	u64 offset, size;
	vm_fault_t ret;

	if (cxl_context_psa_range(ctx, &offset, &size) || at >= size)
		return VM_FAULT_SIGBUS;

	mutex_lock(&ctx->status_mutex);
	ret = cxl_mmap_insert(ctx, vmf, offset + at);
	if (ret == VM_FAULT_NOPAGE && cxl_mmap_made_writable(vmf))
		cxl_psa_tell_written(ctx, offset + at);
	mutex_unlock(&ctx->status_mutex);
	return ret;
}

/*
 * The first store to a page that is mapped for loads.  If the caller made the
 * page writable after this, psa_written would come too early: so map the page
 * again, writable.  Unmapping it is not enough: an instruction that loads from
 * the page and stores to it would map it for the load, come here for the store,
 * and never end.
 */
static vm_fault_t cxl_mmap_mkwrite(struct vm_fault *vmf)
{
	unmap_mapping_range(vmf->vma->vm_file->f_mapping,
			    (loff_t)vmf->pgoff << PAGE_SHIFT, PAGE_SIZE, 1);
	return cxl_mmap_fault(vmf);
}

static const struct vm_operations_struct cxl_mmap_vmops = {
	.fault = cxl_mmap_fault,
	.pfn_mkwrite = cxl_mmap_mkwrite,
};

/**
 * cxl_context_mmap() - map the context's part of the problem state area
 * @ctx: context
 * @vma: where; offset 0 is the start of the context's own part
 *
 * Return: 0; -EIO (not started, or link down), -EOPNOTSUPP (the registers are
 * not memory), -EINVAL (beyond the end, no such area, or a private writable
 * mapping), -EBUSY (the AFU is disabled).
 */
int cxl_context_mmap(struct cxl_context *ctx, struct vm_area_struct *vma)
{
	u64 pages = vma_pages(vma);
	u64 offset, size;

	if (READ_ONCE(ctx->status) != STARTED ||
	    !cxl_adapter_link_ok(ctx->afu->adapter))
		return -EIO;
	if (ctx->afu->desc.mmio_trapped)
		return -EOPNOTSUPP;
	if (cxl_context_psa_range(ctx, &offset, &size))
		return -EINVAL;
	if (vma->vm_pgoff > size >> PAGE_SHIFT ||
	    pages > (size >> PAGE_SHIFT) - vma->vm_pgoff)
		return -EINVAL;
	if (vma_is_cow_mapping(vma))
		return -EINVAL;
	if (!READ_ONCE(ctx->afu->mode))
		return -EBUSY;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &cxl_mmap_vmops;
	return 0;
}

/**
 * cxl_context_zap() - make the next access to each mapped page fault again
 * @ctx: context
 *
 * Context: process context, ctx->status_mutex held.
 */
void cxl_context_zap(struct cxl_context *ctx)
{
	lockdep_assert_held(&ctx->status_mutex);
	unmap_mapping_range(ctx->inode->i_mapping, 0, 0, 1);
}

bool cxl_context_arm_doorbell(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;
	struct cxl_context *master;
	u64 offset, size;
	bool armed;

	unmap_mapping_range(ctx->inode->i_mapping, 0, 0, 1);
	armed = !READ_ONCE(ctx->psa_in_kernel);

	cxl_context_window(ctx, &offset, &size);
	mutex_lock(&afu->masters_lock);
	list_for_each_entry(master, &afu->masters, masters_link) {
		if (master == ctx)
			continue;
		if (size)
			unmap_mapping_range(master->inode->i_mapping, offset,
					    size, 1);
		if (READ_ONCE(master->psa_in_kernel))
			armed = false;
	}
	mutex_unlock(&afu->masters_lock);
	/* All earlier stores are visible from here on. */
	smp_mb();
	return armed;
}
EXPORT_SYMBOL_GPL(cxl_context_arm_doorbell);

/**
 * cxl_context_psa_opened() - its mappings may include others' windows from now
 * on
 * @ctx: context that is about to be attached
 */
void cxl_context_psa_opened(struct cxl_context *ctx)
{
	WRITE_ONCE(ctx->psa_in_kernel, false);
	if (!ctx->master)
		return;
	mutex_lock(&ctx->afu->masters_lock);
	list_add(&ctx->masters_link, &ctx->afu->masters);
	mutex_unlock(&ctx->afu->masters_lock);
}

/**
 * cxl_context_psa_closed() - the reverse of cxl_context_psa_opened()
 * @ctx: context that was detached
 */
void cxl_context_psa_closed(struct cxl_context *ctx)
{
	cxl_context_psa_forget(ctx);
	mutex_lock(&ctx->afu->masters_lock);
	list_del_init(&ctx->masters_link);
	mutex_unlock(&ctx->afu->masters_lock);
}

void cxl_afu_unmap(struct cxl_afu *afu)
{
	struct cxl_context *ctx;
	unsigned long pe;

	/* A context that is being attached must not hold up the others. */
	for (pe = 0; (ctx = cxl_afu_next_context(afu, &pe)); pe++) {
		/* A page fault that has its page already maps it first. */
		mutex_lock(&ctx->status_mutex);
		if (ctx->inode)
			cxl_context_zap(ctx);
		mutex_unlock(&ctx->status_mutex);
		cxl_context_put(ctx);
	}
}
EXPORT_SYMBOL_GPL(cxl_afu_unmap);
