// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an AFU accesses the memory of its contexts: the address space of a
 * process, or kernel addresses.
 *
 * All of this runs in the engine's thread with page faults disabled.  The
 * thread never waits for memory: an access that would have to wait becomes a
 * translation fault of the context (engine.c), as in a real card.
 */
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "compat_arch.h"
#include "sim.h"

/* Minimum cost of a piece of a copy, in units of a byte copied */
#define PIECE_COST	256

/**
 * sim_pe_leave_mm() - end the accesses of a turn
 * @pe: context whose turn it is, in the engine's thread
 *
 * Between turns the engine holds no address space, so that a process can end.
 */
void sim_pe_leave_mm(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	if (!afu->mm)
		return;
	kthread_unuse_mm(afu->mm);
	cxl_context_put_mm(pe->elem.ctx);
	afu->mm = NULL;
}

/*
 * Use the context's address space until the end of the turn; false if its
 * process is gone.
 */
static bool enter_mm(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	if (afu->mm)
		return true;
	afu->mm = cxl_context_get_mm(pe->elem.ctx);
	if (!afu->mm)
		return false;
	kthread_use_mm(afu->mm);
	return true;
}

/**
 * sim_kernel_read() - load from a kernel address
 * @buf: where to
 * @ea: address, any
 * @len: bytes
 *
 * Context: any; pages are not faulted in.
 * Return: false if the load is not possible.
 */
bool sim_kernel_read(void *buf, u64 ea, unsigned int len)
{
	return !copy_from_kernel_nofault(buf, (void *)(unsigned long)ea, len);
}

/**
 * sim_kernel_write() - the reverse of sim_kernel_read()
 * @ea: address, any
 * @buf: what to store
 * @len: bytes; some of them may have been stored when it fails
 *
 * Needed because copy_to_kernel_nofault() is not exported.
 *
 * Context: any.
 * Return: false if the store is not possible.
 */
bool sim_kernel_write(u64 ea, const void *buf, unsigned int len)
{
	unsigned long to = ea;
	char probe;

	/* copy_from_kernel_nofault() refuses user addresses. */
	if (!sim_kernel_read(&probe, ea, 1))
		return false;

	pagefault_disable();
	while (len >= sizeof(u64) && IS_ALIGNED(to, sizeof(u64))) {
		u64 word;

		memcpy(&word, buf, sizeof(word));
		__put_kernel_nofault((u64 *)to, &word, u64, fault);
		to += sizeof(word);
		buf += sizeof(word);
		len -= sizeof(word);
	}
	for (; len; to++, buf++, len--)
		__put_kernel_nofault((u8 *)to, (u8 *)buf, u8, fault);
	pagefault_enable();
	return true;
fault:
	pagefault_enable();
	return false;
}

/*
 * Read from, or write to, one page. Return the number of bytes at the end that
 * could not be accessed. The other side needs no check: it is the engine's
 * memory or a page that the engine has looked up.
 */
static unsigned int read_page(struct sim_pe *pe, void *buf, u64 ea,
			      unsigned int len)
{
	void __user *from = u64_to_user_ptr(ea);
	unsigned int left;

	if (sim_pe_is_kernel(pe))
		return sim_kernel_read(buf, ea, len) ? 0 : len;
	if (!enter_mm(pe) || !access_ok(from, len))
		return len;
	pagefault_disable();
	left = raw_copy_from_user(buf, from, len);
	pagefault_enable();
	return left;
}

static unsigned int write_page(struct sim_pe *pe, u64 ea, const void *buf,
			       unsigned int len)
{
	void __user *to = u64_to_user_ptr(ea);
	unsigned int left;

	if (sim_pe_is_kernel(pe))
		return sim_kernel_write(ea, buf, len) ? 0 : len;
	if (!enter_mm(pe) || !access_ok(to, len))
		return len;
	pagefault_disable();
	left = raw_copy_to_user(to, buf, len);
	pagefault_enable();
	return left;
}

static int read_fault(struct sim_pe *pe, u64 ea)
{
	return sim_pe_fault(pe, ea, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
}

static int write_fault(struct sim_pe *pe, u64 ea)
{
	return sim_pe_fault(pe, ea, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE |
				    CXL_DSISR_STORE);
}

/* Could the core not resolve the last fault? Then this access is in error. */
static bool take_unresolved(struct sim_pe *pe)
{
	lockdep_assert_held(&pe->afu->turn);
	if (!pe->unresolved)
		return false;
	pe->unresolved = false;
	pe->fault_tries = 0;
	return true;
}

static unsigned int to_page_end(u64 ea)
{
	return PAGE_SIZE - offset_in_page(ea);
}

/* Bytes up to @ea of the page that has the byte before @ea */
static unsigned int from_page_start(u64 ea)
{
	return offset_in_page(ea - 1) + 1;
}

int sim_mem_read(struct sim_pe *pe, u64 ea, void *buf, unsigned int len)
{
	unsigned int n, left;

	if (take_unresolved(pe))
		return -EFAULT;
	for (; len; ea += n, buf += n, len -= n) {
		n = min(len, to_page_end(ea));
		left = read_page(pe, buf, ea, n);
		if (left)
			return read_fault(pe, ea + n - left);
	}
	pe->fault_tries = 0;
	return 0;
}

int sim_mem_write(struct sim_pe *pe, u64 ea, const void *buf,
		  unsigned int len)
{
	unsigned int n, left;

	if (take_unresolved(pe))
		return -EFAULT;
	for (; len; ea += n, buf += n, len -= n) {
		n = min(len, to_page_end(ea));
		left = write_page(pe, ea, buf, n);
		if (left)
			return write_fault(pe, ea + n - left);
	}
	pe->fault_tries = 0;
	return 0;
}

/*
 * Copy within the address space of a process, without a buffer.  Give up at any
 * fault: the copy through the buffer finds out on which side it was.
 */
static bool copy_within(struct sim_pe *pe, u64 dst, u64 src, unsigned int len)
{
	char __user *from = u64_to_user_ptr(src);
	char __user *to = u64_to_user_ptr(dst);
	bool copied;

	if (sim_pe_is_kernel(pe) || !enter_mm(pe) || !access_ok(from, len) ||
	    !access_ok(to, len))
		return false;
	pagefault_disable();
	copied = sim_copy_in_user(to, from, len);
	pagefault_enable();
	return copied;
}

/* Copy @len bytes within one source page and one destination page. */
static int copy_piece(struct sim_pe *pe, u64 dst, u64 src, unsigned int len)
{
	unsigned int left;

	if (!copy_within(pe, dst, src, len)) {
		left = read_page(pe, pe->afu->bounce, src, len);
		if (left)
			return read_fault(pe, src + len - left);
		left = write_page(pe, dst, pe->afu->bounce, len);
		if (left)
			return write_fault(pe, dst + len - left);
	}
	pe->fault_tries = 0;
	pe->bytes += len;
	return 0;
}

/*
 * A copy may stop anywhere, at a fault or at the end of a turn, and a piece that
 * met a fault is copied again. Overlapping ranges are copied in the direction
 * of memmove(), and no piece is longer than the distance between the ranges, so
 * that no piece changes its own source, or that of a later piece.
 */
int sim_mem_copy(struct sim_pe *pe, u64 dst, u64 src, u32 len, u32 *done)
{
	u64 gap = min(dst - src, src - dst) ?: len;
	bool backward = dst != src && dst - src < len;
	u32 at, left, n;
	int ret = 0;

	if (take_unresolved(pe))
		return -EFAULT;
	while (*done < len) {
		left = len - *done;
		n = min_t(u64, left, gap);
		if (backward) {
			n = min3(n, from_page_start(src + left),
				 from_page_start(dst + left));
			at = left - n;
		} else {
			at = *done;
			n = min3(n, to_page_end(src + at),
				 to_page_end(dst + at));
		}
		ret = copy_piece(pe, dst + at, src + at, n);
		if (ret)
			break;
		*done += n;
		if (!sim_turn_charge(pe, max_t(u32, n, PIECE_COST)) &&
		    *done < len) {
			ret = -EAGAIN;
			break;
		}
	}
	return ret;
}

int sim_mem_cmpxchg(struct sim_pe *pe, u64 ea, unsigned int width, u64 *old,
		    u64 new)
{
	struct folio *folio;
	struct page *page;
	u64 found;
	void *word;
	int ret;

	if (take_unresolved(pe))
		return -EFAULT;
	if (sim_pe_is_kernel(pe) || !IS_ALIGNED(ea, width))
		return -EFAULT;
	if (!enter_mm(pe) ||
	    get_user_pages_fast_only(ea & PAGE_MASK, 1, FOLL_WRITE, &page) != 1)
		return write_fault(pe, ea);

	/* Mark a page dirty only under its lock, see set_page_dirty() */
	folio = page_folio(page);
	ret = -EBUSY;
	if (!folio_trylock(folio))
		goto put;
	word = kmap_local_page(page) + offset_in_page(ea);
	if (width == sizeof(u64))
		found = cmpxchg64((u64 *)word, *old, new);
	else
		found = cmpxchg((u32 *)word, (u32)*old, (u32)new);
	kunmap_local(word);
	ret = found == *old ? 0 : -EAGAIN;
	*old = found;
	folio_mark_dirty(folio);
	folio_unlock(folio);
	pe->fault_tries = 0;
put:
	folio_put(folio);
	return ret;
}
