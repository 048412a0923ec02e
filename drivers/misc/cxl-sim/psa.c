// SPDX-License-Identifier: GPL-2.0-only
/*
 * Problem state area of an AFU: pages that are allocated on first use.
 *
 * In directed mode the area begins with the global registers, and the windows
 * of the processes start where the model wants them.  In dedicated mode all of
 * the area is the window of the one process.  There the two swap places, so
 * that the process finds its registers at the start, as in a slave's window.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "sim.h"

/**
 * sim_afu_page() - a page of the problem state area
 * @afu: AFU that was started
 * @offset: any offset
 *
 * Return: the page, or NULL: beyond the end, or no memory.
 */
struct page *sim_afu_page(struct sim_afu *afu, u64 offset)
{
	unsigned long index = offset >> PAGE_SHIFT;
	struct page *page, *there;

	page = xa_load(&afu->psa, index);
	if (page || offset >= afu->psa_size)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return NULL;
	there = xa_cmpxchg(&afu->psa, index, NULL, page, GFP_KERNEL_ACCOUNT);
	if (!there)
		return page;
	__free_page(page);
	return xa_is_err(there) ? NULL : there;
}

/**
 * sim_afu_free_psa() - free the problem state area
 * @afu: AFU that nobody uses
 *
 * No pointer to a freed page is left: the AFU may be started again.
 */
void sim_afu_free_psa(struct sim_afu *afu)
{
	struct page *page;
	unsigned long index;

	afu->global_regs = NULL;
	xa_for_each(&afu->psa, index, page) {
		__free_page(page);
		cond_resched();
	}
	xa_destroy(&afu->psa);
}

static u64 window_size(const struct sim_afu *afu)
{
	return sim_afu_is_dedicated(afu) ? afu->psa_size :
					   afu->settings.pp_size;
}

/**
 * sim_afu_window_offset() - where the window of a process element is
 * @afu: AFU
 * @pe: process element
 *
 * Return: its offset in the problem state area, in the AFU's present mode.
 */
u64 sim_afu_window_offset(const struct sim_afu *afu, unsigned int pe)
{
	if (sim_afu_is_dedicated(afu))
		return 0;
	return afu->settings.pp_offset + pe * window_size(afu);
}

/**
 * sim_afu_window_of() - find the process element whose window a page is in
 * @afu: AFU
 * @offset: in the problem state area
 * @pe: set to the process element
 *
 * Return: false if the page is in no window.
 */
bool sim_afu_window_of(const struct sim_afu *afu, u64 offset,
		       unsigned long *pe)
{
	if (sim_afu_is_dedicated(afu)) {
		*pe = 0;
		return true;
	}
	if (offset < afu->settings.pp_offset)
		return false;
	*pe = div64_u64(offset - afu->settings.pp_offset, window_size(afu));
	return true;
}

/**
 * sim_afu_global_offset() - where the global registers are
 * @afu: AFU
 *
 * Return: their offset in the problem state area, in the AFU's present mode.
 */
u64 sim_afu_global_offset(const struct sim_afu *afu)
{
	return sim_afu_is_dedicated(afu) ? afu->settings.pp_offset : 0;
}

/**
 * sim_pe_window_range() - where a context's window is
 * @pe: context
 * @offset: set to its offset in the problem state area
 * @size: set to its bytes
 */
void sim_pe_window_range(const struct sim_pe *pe, u64 *offset, u64 *size)
{
	*offset = sim_afu_window_offset(pe->afu, pe->elem.pe);
	*size = window_size(pe->afu);
}

/**
 * sim_afu_clear_window() - hide what an earlier context has left in a window
 * @afu: AFU
 * @pe: process element that is about to be attached
 */
void sim_afu_clear_window(struct sim_afu *afu, unsigned int pe)
{
	u64 start = sim_afu_window_offset(afu, pe);
	struct page *page;
	unsigned long index;

	xa_for_each_range(&afu->psa, index, page, start >> PAGE_SHIFT,
			  (start + window_size(afu) - 1) >> PAGE_SHIFT) {
		clear_highpage(page);
		cond_resched();
	}
}

/*
 * What models can ask: afu_model.h
 */

void *sim_pe_regs(struct sim_pe *pe)
{
	return pe->regs;
}

void *sim_pe_window(struct sim_pe *pe, u64 offset)
{
	struct sim_afu *afu = pe->afu;
	struct page *page;

	offset += sim_afu_window_offset(afu, pe->elem.pe);
	page = xa_load(&afu->psa, offset >> PAGE_SHIFT);
	return page ? page_address(page) + offset_in_page(offset) : NULL;
}

void *sim_pe_global_regs(struct sim_pe *pe)
{
	return pe->afu->global_regs;
}

void *sim_afu_psa(struct sim_afu *afu, u64 offset)
{
	struct page *page = sim_afu_page(afu, offset);

	return page ? page_address(page) + offset_in_page(offset) : NULL;
}

void *sim_afu_global_regs(struct sim_afu *afu)
{
	return afu->global_regs;
}
