// SPDX-License-Identifier: GPL-2.0-only
/*
 * Problem state area, mapped into programs page by page as they touch it.
 *
 * A page fault maps what is right at that moment; when that changes (the
 * context is started or closed, the link goes down or comes back) the mappings
 * are zapped and the next access faults again.  The status_mutex is held from
 * the decision until the page is mapped, and while mappings are zapped:
 *
 *	page fault			link goes down
 *	----------			--------------
 *	lock status_mutex
 *	link is up
 *					link_up = false
 *	map a page of the card
 *	unlock				lock status_mutex
 *					zap: that page as well
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "cxl.h"

/**
 * cxl_context_psa_range() - the part of the problem state area it may map
 * @ctx: context
 * @offset: set to its first byte in the AFU's area
 * @size: set to its bytes
 *
 * Return: 0, or -EINVAL if there is none.
 */
int cxl_context_psa_range(const struct cxl_context *ctx, u64 *offset,
			  u64 *size)
{
	const struct cxl_afu_desc *desc = &ctx->afu->desc;

	if (ctx->master) {
		*offset = 0;
		*size = desc->psa_size;
	} else {
		*offset = desc->pp_offset + ctx->pe * desc->pp_size;
		*size = desc->pp_size;
	}
	return *size ? 0 : -EINVAL;
}

/* What a load gives once the card is not there: all ones. */
static struct page *cxl_context_ff_page(struct cxl_context *ctx)
{
	lockdep_assert_held(&ctx->status_mutex);
	if (!ctx->ff_page)
		ctx->ff_page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!ctx->ff_page)
		return NULL;
	/* Stores vanish: undo those of an earlier mapping. */
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
	if (!page)
		return VM_FAULT_OOM;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
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
	mutex_unlock(&ctx->status_mutex);
	return ret;
}

static const struct vm_operations_struct cxl_mmap_vmops = {
	.fault = cxl_mmap_fault,
};

/**
 * cxl_context_mmap() - map the context's part of the problem state area
 * @ctx: context
 * @vma: where; offset 0 is the start of the context's own part
 *
 * Return: 0; -EIO (not started, or link down), -EINVAL (beyond the end, no
 * such area, or a private writable mapping), -EBUSY (the AFU is disabled).
 */
int cxl_context_mmap(struct cxl_context *ctx, struct vm_area_struct *vma)
{
	u64 pages = vma_pages(vma);
	u64 offset, size;

	if (READ_ONCE(ctx->status) != STARTED ||
	    !cxl_adapter_link_ok(ctx->afu->adapter))
		return -EIO;
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
 * cxl_context_zap() - let the next access to each mapped page fault again
 * @ctx: context
 *
 * Context: process context, ctx->status_mutex held.
 */
void cxl_context_zap(struct cxl_context *ctx)
{
	lockdep_assert_held(&ctx->status_mutex);
	unmap_mapping_range(ctx->inode->i_mapping, 0, 0, 1);
}
