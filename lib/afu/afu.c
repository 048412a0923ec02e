// SPDX-License-Identifier: LGPL-2.1-or-later
/* An AFU, its contexts, and what happens to them: see afu.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* Number of messages that are read at once */
#define BATCH	64

static struct afu_context *find_context(const struct afu *afu, uint64_t id)
{
	struct afu_context *ctx = afu->contexts;

	while (ctx && ctx->id != id)
		ctx = ctx->next;
	return ctx;
}

int afu_request(const struct afu *afu, const struct cxl_sim_request *req)
{
	return write(afu->fd, req, sizeof(*req)) < 0 ? -1 : 0;
}

/* A stale answer does not matter; if the AFU failed, the next read shows it. */
static void answer(const struct afu *afu, uint32_t type,
		   const struct cxl_sim_message *msg, uint64_t value)
{
	struct cxl_sim_request req = {
		.type = type,
		.pe = msg->pe,
		.id = msg->id,
		.value = value,
	};

	afu_request(afu, &req);
}

static struct afu_context *add_context(struct afu *afu,
				       const struct cxl_sim_message *msg)
{
	struct cxl_sim_open_context open = { .pe = msg->pe, .id = msg->id };
	struct afu_context *ctx;

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return NULL;
	ctx->fd = ioctl(afu->fd, CXL_SIM_OPEN_CONTEXT, &open);
	if (ctx->fd < 0) {
		free(ctx);
		return NULL;
	}
	ctx->afu = afu;
	ctx->pe = msg->pe;
	ctx->id = msg->id;
	ctx->attach = *msg;
	ctx->next = afu->contexts;
	afu->contexts = ctx;
	return ctx;
}

static void remove_context(struct afu_context *ctx)
{
	struct afu_context **link = &ctx->afu->contexts;

	while (*link != ctx)
		link = &(*link)->next;
	*link = ctx->next;
	close(ctx->fd);
	free(ctx);
}

static int start_context(struct afu_context *ctx)
{
	const struct afu_ops *ops = ctx->afu->ops;

	if (ops->attach && ops->attach(ctx))
		return -1;
	if (!afu_worker_start(ctx))
		return 0;
	if (ops->detach)
		ops->detach(ctx);
	return -1;
}

static void handle_attach(struct afu *afu, const struct cxl_sim_message *msg)
{
	struct afu_context *ctx = add_context(afu, msg);
	bool refused = !ctx || start_context(ctx);

	if (ctx && refused)
		remove_context(ctx);
	answer(afu, CXL_SIM_ATTACHED, msg, refused);
}

static void handle_detach(struct afu_context *ctx)
{
	afu_worker_stop(ctx);
	if (ctx->afu->ops->detach)
		ctx->afu->ops->detach(ctx);
	remove_context(ctx);
}

static void end_all_workers(struct afu *afu)
{
	struct afu_context *ctx;

	for (ctx = afu->contexts; ctx; ctx = ctx->next)
		afu_worker_end(ctx);
}

static void handle_reset(struct afu *afu, const struct cxl_sim_message *msg)
{
	struct afu_context *ctx;

	end_all_workers(afu);
	for (ctx = afu->contexts; ctx; ctx = ctx->next)
		afu_worker_stop(ctx);
	afu->global = msg->reset.global;
	afu->mode = msg->reset.mode;
	if (afu->ops->reset)
		afu->ops->reset(afu);
	answer(afu, CXL_SIM_RESET_DONE, msg, 0);
}

void afu_context_ring(struct afu_context *ctx)
{
	if (ctx->afu->ops->doorbell)
		ctx->afu->ops->doorbell(ctx);
	afu_worker_ring(ctx);
}

/* A context that was refused, or could not be opened, never comes here. */
static void handle_context(struct afu_context *ctx,
			   const struct cxl_sim_message *msg)
{
	const struct afu_ops *ops = ctx->afu->ops;

	switch (msg->type) {
	case CXL_SIM_DETACH:
		handle_detach(ctx);
		break;
	case CXL_SIM_INTERRUPTS:
		/* The context's worker may be reading it. */
		__atomic_store_n(&ctx->attach.attach.num_interrupts,
				 msg->interrupts.num_interrupts,
				 __ATOMIC_RELAXED);
		if (ops->interrupts)
			ops->interrupts(ctx);
		break;
	case CXL_SIM_DOORBELL:
		afu_context_ring(ctx);
		break;
	case CXL_SIM_MMIO:
		afu_mmio_handle(ctx, msg);
		break;
	}
}

static void handle(struct afu *afu, const struct cxl_sim_message *msg)
{
	struct afu_context *ctx;

	switch (msg->type) {
	case CXL_SIM_ATTACH:
		handle_attach(afu, msg);
		break;
	case CXL_SIM_RESET:
		handle_reset(afu, msg);
		break;
	case CXL_SIM_LINK:
		if (afu->ops->link)
			afu->ops->link(afu, msg->link.up);
		break;
	default:
		ctx = find_context(afu, msg->id);
		if (ctx)
			handle_context(ctx, msg);
	}
}

/*
 * The next program that attaches waits until all of these have been dealt with:
 * hundreds of programs may have ended at once.
 */
static void end_workers_of_detached(struct afu *afu,
				    const struct cxl_sim_message *messages,
				    int n)
{
	struct afu_context *ctx;
	int i;

	for (i = 0; i < n; i++) {
		if (messages[i].type != CXL_SIM_DETACH)
			continue;
		ctx = find_context(afu, messages[i].id);
		if (ctx)
			afu_worker_end(ctx);
	}
}

int afu_handle(struct afu *afu, int timeout)
{
	struct pollfd poll_fd = { .fd = afu->fd, .events = POLLIN };
	struct cxl_sim_message messages[BATCH];
	int ready, i, n;
	ssize_t bytes;

	ready = poll(&poll_fd, 1, timeout);
	if (ready <= 0)
		return ready;
	bytes = read(afu->fd, messages, sizeof(messages));
	if (bytes < 0)
		return errno == EAGAIN ? 0 : -1;
	n = bytes / sizeof(*messages);
	end_workers_of_detached(afu, messages, n);
	for (i = 0; i < n; i++)
		handle(afu, &messages[i]);
	return n;
}

static int open_node(struct afu *afu, const char *node)
{
	/* Non-blocking: a message may vanish between poll() and read(). */
	afu->fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (afu->fd < 0)
		return -1;
	if (ioctl(afu->fd, CXL_SIM_GET_INFO, &afu->info))
		return -1;
	if (afu->info.abi_version != CXL_SIM_ABI_VERSION) {
		errno = EPROTO;
		return -1;
	}
	afu->psa = mmap(NULL, afu->info.psa_size, PROT_READ | PROT_WRITE,
			MAP_SHARED, afu->fd, 0);
	return afu->psa == MAP_FAILED ? -1 : 0;
}

struct afu *afu_open(const char *node, const struct afu_ops *ops, void *data)
{
	struct afu *afu = calloc(1, sizeof(*afu));
	int error;

	if (!afu)
		return NULL;
	afu->ops = ops;
	afu->data = data;
	afu->none = epoll_create1(EPOLL_CLOEXEC);
	if (afu->none < 0)
		goto err_free;
	if (!open_node(afu, node))
		return afu;
	error = errno;
	if (afu->fd >= 0)
		close(afu->fd);
	close(afu->none);
	errno = error;
err_free:
	free(afu);
	return NULL;
}

/*
 * Give the node back, so that the kernel ends all accesses to memory: a thread
 * may be waiting for a page that never comes. Threads carry on with blank
 * registers, and with a descriptor on which every request fails.
 */
static void give_back_node(struct afu *afu)
{
	mmap(afu->psa, afu->info.psa_size, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	dup3(afu->none, afu->fd, O_CLOEXEC);
}

void afu_close(struct afu *afu)
{
	if (!afu)
		return;
	end_all_workers(afu);
	give_back_node(afu);
	while (afu->contexts)
		handle_detach(afu->contexts);
	munmap(afu->psa, afu->info.psa_size);
	close(afu->fd);
	close(afu->none);
	free(afu);
}

int afu_err_buff_write(struct afu *afu, uint32_t offset, const void *data,
		       uint32_t length)
{
	struct cxl_sim_err_buff arg = {
		.address = (uintptr_t)data,
		.offset = offset,
		.length = length,
	};

	return ioctl(afu->fd, CXL_SIM_WRITE_ERR_BUFF, &arg);
}

int afu_interrupt(struct afu_context *ctx, uint32_t number)
{
	struct cxl_sim_request req = {
		.type = CXL_SIM_INTERRUPT,
		.pe = ctx->pe,
		.id = ctx->id,
		.number = number,
	};

	return afu_request(ctx->afu, &req);
}

int afu_error(struct afu_context *ctx, uint64_t value)
{
	struct cxl_sim_request req = {
		.type = CXL_SIM_ERROR,
		.pe = ctx->pe,
		.id = ctx->id,
		.value = value,
	};

	return afu_request(ctx->afu, &req);
}

int afu_set_polling(struct afu_context *ctx, bool polling)
{
	return ioctl(ctx->fd, CXL_SIM_SET_POLLING, (unsigned long)polling);
}

int afu_fd(const struct afu *afu)
{
	return afu->fd;
}

void *afu_data(const struct afu *afu)
{
	return afu->data;
}

void *afu_global(const struct afu *afu)
{
	return afu->psa + afu->global;
}

void *afu_psa(const struct afu *afu)
{
	return afu->psa;
}

size_t afu_psa_size(const struct afu *afu)
{
	return afu->info.psa_size;
}

uint32_t afu_mode(const struct afu *afu)
{
	return afu->mode;
}

uint32_t afu_err_buff_size(const struct afu *afu)
{
	return afu->info.err_buff_size;
}

struct afu_context *afu_context_first(const struct afu *afu)
{
	return afu->contexts;
}

struct afu_context *afu_context_next(const struct afu_context *ctx)
{
	return ctx->next;
}

struct afu *afu_context_afu(const struct afu_context *ctx)
{
	return ctx->afu;
}

uint32_t afu_context_pe(const struct afu_context *ctx)
{
	return ctx->pe;
}

uint64_t afu_context_wed(const struct afu_context *ctx)
{
	return ctx->attach.attach.wed;
}

bool afu_context_is_master(const struct afu_context *ctx)
{
	return ctx->attach.attach.flags & CXL_SIM_CONTEXT_MASTER;
}

bool afu_context_is_kernel(const struct afu_context *ctx)
{
	return ctx->attach.attach.flags & CXL_SIM_CONTEXT_KERNEL;
}

uint32_t afu_context_interrupts(const struct afu_context *ctx)
{
	return __atomic_load_n(&ctx->attach.attach.num_interrupts,
			       __ATOMIC_RELAXED);
}

void *afu_context_window(const struct afu_context *ctx)
{
	return ctx->afu->psa + ctx->attach.attach.window;
}

uint64_t afu_context_window_offset(const struct afu_context *ctx)
{
	return ctx->attach.attach.window;
}

size_t afu_context_window_size(const struct afu_context *ctx)
{
	return ctx->attach.attach.window_size;
}

void *afu_context_data(const struct afu_context *ctx)
{
	return ctx->data;
}

void afu_context_set_data(struct afu_context *ctx, void *data)
{
	ctx->data = data;
}
