// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Trapped registers: each access is a message to the AFU. If the AFU has no
 * function for it, they are memory, as if they were mapped.
 */
#include "internal.h"

static bool is_in_window(const struct afu_context *ctx, uint64_t offset)
{
	return offset - ctx->attach.attach.window <
	       ctx->attach.attach.window_size;
}

/* A register outside all windows belongs to all contexts. */
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

/* Convert between the byte orders of this machine and of the register. */
static uint64_t swap(unsigned int size, uint64_t value)
{
	return size == sizeof(uint64_t) ? htobe64(value) : htobe32(value);
}

int afu_mmio_done(struct afu_context *ctx, const struct afu_mmio *mmio)
{
	struct cxl_sim_request req = {
		.type = CXL_SIM_MMIO_DONE,
		.pe = ctx->pe,
		.id = mmio->id,
	};

	if (!mmio->write)
		req.value = swap(mmio->size, mmio->value);
	return afu_request(ctx->afu, &req);
}

static uint64_t read_register(struct afu_context *ctx, uint64_t offset,
			      unsigned int size)
{
	const struct afu_ops *ops = ctx->afu->ops;

	return ops->mmio_read ? ops->mmio_read(ctx, offset, size) :
				read_memory(ctx->afu, offset, size);
}

static void write_register(struct afu_context *ctx, uint64_t offset,
			   unsigned int size, uint64_t value)
{
	const struct afu_ops *ops = ctx->afu->ops;

	if (ops->mmio_write) {
		ops->mmio_write(ctx, offset, size, value);
		afu_worker_ring(ctx);
	} else {
		write_memory(ctx->afu, offset, size, value);
	}
}

void afu_mmio_handle(struct afu_context *ctx, const struct cxl_sim_message *msg)
{
	struct afu_mmio mmio = {
		.id = msg->mmio.access,
		.offset = msg->mmio.offset,
		.size = msg->mmio.size,
		.write = msg->mmio.write,
		.value = swap(msg->mmio.size, msg->mmio.value),
	};

	if (ctx->afu->ops->mmio) {
		ctx->afu->ops->mmio(ctx, &mmio);
		return;
	}
	if (mmio.write)
		write_register(ctx, mmio.offset, mmio.size, mmio.value);
	else
		mmio.value = read_register(ctx, mmio.offset, mmio.size);
	afu_mmio_done(ctx, &mmio);
}
