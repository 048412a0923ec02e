// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single accesses to registers, by AFU drivers and by CXL_IOCTL_MMIO.
 *
 * Where the problem state area is memory, they are loads and stores.  Where
 * registers are trapped, the card performs each access, which may take a while:
 * so it is done without the status_mutex.  Detach makes the card give up:
 *
 *	access				detach
 *	------				------
 *	lock status_mutex
 *	STARTED: mmio_running++
 *	unlock				lock status_mutex
 *	card: mmio			CLOSED: no other begins
 *					card: detach: mmio returns
 *	mmio_running--			wait until mmio_running is 0
 *					unlock
 */
#include <linux/align.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>

#include "cxl.h"

static_assert(sizeof(struct cxl_ioctl_mmio) == 32);

/* The result of a load when the card is gone; stores vanish. */
static int cxl_mmio_all_ones(struct cxl_mmio *mmio)
{
	if (!mmio->write)
		mmio->value = mmio->size == sizeof(u32) ? U32_MAX : U64_MAX;
	return 0;
}

static void cxl_mmio_access_memory(struct cxl_mmio *mmio, void *reg)
{
	/* Ordered like readq() and writeq() */
	smp_mb();
	if (mmio->size == sizeof(u32) && mmio->write)
		WRITE_ONCE(*(u32 *)reg, mmio->value);
	else if (mmio->size == sizeof(u32))
		mmio->value = READ_ONCE(*(u32 *)reg);
	else if (mmio->write)
		WRITE_ONCE(*(u64 *)reg, mmio->value);
	else
		mmio->value = READ_ONCE(*(u64 *)reg);
	smp_mb(); /* see above */
}

static int cxl_mmio_memory(struct cxl_context *ctx, struct cxl_mmio *mmio)
{
	struct cxl_afu *afu = ctx->afu;
	const struct cxl_backend_ops *ops = afu->adapter->ops;
	struct page *page;

	lockdep_assert_held(&ctx->status_mutex);
	page = ops->psa_page(afu->data, mmio->offset & PAGE_MASK);
	if (IS_ERR(page))
		return cxl_mmio_all_ones(mmio);
	if (!page)
		return -ENOMEM;
	cxl_mmio_access_memory(mmio, page_address(page) +
				     offset_in_page(mmio->offset));
	if (mmio->write && ops->psa_written)
		ops->psa_written(afu->data, mmio->offset & PAGE_MASK);
	return 0;
}

/* For its owner the context's part begins at offset 0. */
static int cxl_mmio_check(const struct cxl_context *ctx, struct cxl_mmio *mmio)
{
	u64 start, size;

	if (mmio->size != sizeof(u32) && mmio->size != sizeof(u64))
		return -EINVAL;
	if (!IS_ALIGNED(mmio->offset, mmio->size) ||
	    cxl_context_psa_range(ctx, &start, &size) || mmio->offset >= size)
		return -EINVAL;
	mmio->offset += start;
	if (mmio->size == sizeof(u32))
		mmio->value = (u32)mmio->value;
	return 0;
}

/*
 * Do what can be done at once.  Return 0 or an errno; or 1: mmio_running was
 * raised, and the card must perform the access.
 */
static int cxl_mmio_begin(struct cxl_context *ctx, struct cxl_mmio *mmio)
{
	struct cxl_afu *afu = ctx->afu;
	int ret;

	lockdep_assert_held(&ctx->status_mutex);
	if (ctx->status == OPENED || (ctx->status == CLOSED && !ctx->err_ff))
		return -EIO;
	ret = cxl_mmio_check(ctx, mmio);
	if (ret)
		return ret;
	if (ctx->status == CLOSED || !cxl_adapter_link_ok(afu->adapter))
		return cxl_mmio_all_ones(mmio);
	if (!afu->desc.mmio_trapped)
		return cxl_mmio_memory(ctx, mmio);
	atomic_inc(&ctx->mmio_running);
	return 1;
}

static void cxl_mmio_end(struct cxl_context *ctx)
{
	if (atomic_dec_and_test(&ctx->mmio_running))
		wake_up_var(&ctx->mmio_running);
}

/**
 * cxl_context_mmio() - access a register
 * @ctx: context
 * @mmio: access; its offset counts from the start of the context's part
 *
 * Context: process context; may wait for the card, killably.
 * Return: 0, also if the card is gone: all ones; -EIO (not STARTED), -EINVAL
 * (no such register), -ENOMEM, -EINTR.
 */
int cxl_context_mmio(struct cxl_context *ctx, struct cxl_mmio *mmio)
{
	struct cxl_afu *afu = ctx->afu;
	int ret;

	if (mutex_lock_killable(&ctx->status_mutex))
		return -EINTR;
	ret = cxl_mmio_begin(ctx, mmio);
	mutex_unlock(&ctx->status_mutex);
	if (ret != 1)
		return ret;

	ret = afu->adapter->ops->mmio(afu->data, ctx->pe, mmio);
	cxl_mmio_end(ctx);
	return ret == -EIO ? cxl_mmio_all_ones(mmio) : ret;
}

/**
 * cxl_context_mmio_flush() - wait until the last access has ended
 * @ctx: context that the card has detached, status_mutex held
 */
void cxl_context_mmio_flush(struct cxl_context *ctx)
{
	lockdep_assert_held(&ctx->status_mutex);
	wait_var_event(&ctx->mmio_running, !atomic_read(&ctx->mmio_running));
}

/**
 * cxl_ioctl_mmio() - CXL_IOCTL_MMIO
 * @ctx: context
 * @mode: how its file was opened
 * @uaccess: the program's argument
 *
 * Return: as the user ABI says.
 */
int cxl_ioctl_mmio(struct cxl_context *ctx, fmode_t mode,
		   struct cxl_ioctl_mmio __user *uaccess)
{
	struct cxl_ioctl_mmio access;
	struct cxl_mmio mmio;
	int ret;

	if (copy_from_user(&access, uaccess, sizeof(access)))
		return -EFAULT;
	if (access.flags & ~CXL_IOCTL_MMIO_WRITE || access.reserved)
		return -EINVAL;
	mmio.offset = access.offset;
	mmio.size = access.size;
	mmio.write = access.flags & CXL_IOCTL_MMIO_WRITE;
	mmio.value = access.value;
	if (!(mode & (mmio.write ? FMODE_WRITE : FMODE_READ)))
		return -EACCES;
	ret = cxl_context_mmio(ctx, &mmio);
	if (ret || mmio.write)
		return ret;
	return put_user(mmio.value, &uaccess->value);
}

/*
 * For AFU drivers: registers are big-endian
 */

static int cxl_mmio_read(struct cxl_context *ctx, u64 offset, u32 size,
			 u64 *value)
{
	struct cxl_mmio mmio = {
		.offset = offset,
		.size = size,
	};
	int ret = cxl_context_mmio(ctx, &mmio);

	if (ret)
		cxl_mmio_all_ones(&mmio);
	*value = mmio.value;
	return ret;
}

int cxl_mmio_read64(struct cxl_context *ctx, u64 offset, u64 *value)
{
	u64 raw;
	int ret = cxl_mmio_read(ctx, offset, sizeof(u64), &raw);

	*value = be64_to_cpu((__force __be64)raw);
	return ret;
}
EXPORT_SYMBOL_GPL(cxl_mmio_read64);

int cxl_mmio_read32(struct cxl_context *ctx, u64 offset, u32 *value)
{
	u64 raw;
	int ret = cxl_mmio_read(ctx, offset, sizeof(u32), &raw);

	*value = be32_to_cpu((__force __be32)(u32)raw);
	return ret;
}
EXPORT_SYMBOL_GPL(cxl_mmio_read32);

int cxl_mmio_write64(struct cxl_context *ctx, u64 offset, u64 value)
{
	struct cxl_mmio mmio = {
		.offset = offset,
		.size = sizeof(u64),
		.write = true,
		.value = (__force u64)cpu_to_be64(value),
	};

	return cxl_context_mmio(ctx, &mmio);
}
EXPORT_SYMBOL_GPL(cxl_mmio_write64);

int cxl_mmio_write32(struct cxl_context *ctx, u64 offset, u32 value)
{
	struct cxl_mmio mmio = {
		.offset = offset,
		.size = sizeof(u32),
		.write = true,
		.value = (__force u32)cpu_to_be32(value),
	};

	return cxl_context_mmio(ctx, &mmio);
}
EXPORT_SYMBOL_GPL(cxl_mmio_write32);
