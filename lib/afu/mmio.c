// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Registers of which each access is an act of the AFU. For an AFU that does not
 * say what it does, they are memory, as if they were mapped.
 */
#include "internal.h"

static bool is_in_window(const struct afu_context *ctx, uint64_t offset)
{
	return offset - ctx->attach.attach.window <
	       ctx->attach.attach.window_size;
}

/* What is in nobody's window is everybody's. */
static void ring(struct afu *afu, uint64_t offset)
{
	struct afu_context *ctx;
	bool found = false;

	for (ctx = afu->contexts; ctx; ctx = ctx->next) {
		if (!is_in_window(ctx, offset))
			continue;
		found = true;
		afu_context_ring(ctx);
	}
	for (ctx = afu->contexts; ctx && !found; ctx = ctx->next)
		afu_context_ring(ctx);
}

static uint64_t read_memory(const struct afu *afu, uint64_t offset,
			    unsigned int size)
{
	const void *reg = afu->psa + offset;

	if (size == sizeof(uint64_t))
		return afu_reg_read(reg, 0);
	return be32toh(__atomic_load_n((const uint32_t *)reg,
				       __ATOMIC_ACQUIRE));
}

static void write_memory(struct afu *afu, uint64_t offset, unsigned int size,
			 uint64_t value)
{
	void *reg = afu->psa + offset;

	if (size == sizeof(uint64_t))
		afu_reg_write(reg, 0, value);
	else
		__atomic_store_n((uint32_t *)reg, htobe32(value),
				 __ATOMIC_RELEASE);
	ring(afu, offset);
}

/* A number between the byte orders of this machine and of the register */
static uint64_t swap(unsigned int size, uint64_t value)
{
	return size == sizeof(uint64_t) ? htobe64(value) : htobe32(value);
}

uint64_t afu_mmio(struct afu_context *ctx, const struct cxl_sim_message *msg)
{
	const struct afu_ops *ops = ctx->afu->ops;
	uint64_t offset = msg->mmio.offset;
	unsigned int size = msg->mmio.size;
	uint64_t value;

	if (!msg->mmio.write) {
		value = ops->mmio_read ? ops->mmio_read(ctx, offset, size) :
					 read_memory(ctx->afu, offset, size);
		return swap(size, value);
	}
	value = swap(size, msg->mmio.value);
	if (ops->mmio_write) {
		ops->mmio_write(ctx, offset, size, value);
		afu_worker_ring(ctx);
	} else {
		write_memory(ctx->afu, offset, size, value);
	}
	return 0;
}
