// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts: how they are attached and detached, and how the AFU is told. */
#include <errno.h>
#include <stdlib.h>

#include <misc/cxl.h>

#include "internal.h"

struct context *context_find(const struct psl *psl, int32_t handle)
{
	struct context *ctx = psl->contexts;

	while (ctx && ctx->handle != handle)
		ctx = ctx->next;
	return ctx;
}

struct context *context_first_alive(const struct psl *psl)
{
	struct context *ctx = psl->contexts;

	while (ctx && ctx->dead)
		ctx = ctx->next;
	return ctx;
}

static bool may_attach(const struct psl *psl, uint16_t handle)
{
	switch (psl->mode) {
	case CXL_MODE_DEDICATED:
		return !handle;
	case CXL_MODE_DIRECTED:
		return psl->described && handle < psl->descriptor.processes;
	default:
		return false;
	}
}

int psl_attach(struct psl *psl, uint16_t handle, uint64_t wed)
{
	struct context *ctx;

	if (!may_attach(psl, handle)) {
		errno = EINVAL;
		return -1;
	}
	if (context_find(psl, handle)) {
		errno = EBUSY;
		return -1;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -1;
	ctx->handle = handle;
	ctx->wed = wed;
	if (psl->mode == CXL_MODE_DIRECTED && llcmd_add(psl, ctx)) {
		free(ctx);
		return -1;
	}
	ctx->next = psl->contexts;
	psl->contexts = ctx;
	return 0;
}

static void forget(struct psl *psl, struct context *ctx)
{
	mmio_forget(psl, ctx);
	command_orphan(psl, ctx);
	lock_forget(psl, ctx);
	free(ctx);
}

void psl_detach(struct psl *psl, uint16_t handle)
{
	struct context *ctx = context_find(psl, handle);
	struct context **link = &psl->contexts;

	if (!ctx)
		return;
	while (*link != ctx)
		link = &(*link)->next;
	*link = ctx->next;
	if (psl->mode == CXL_MODE_DIRECTED)
		llcmd_remove(psl, ctx);
	else if (psl->job != JOB_OFF)
		job_reset(psl);
	forget(psl, ctx);
}

/*
 * If the AFU was told of none, the job was started for those that wait: it would
 * only end in the same way again.
 */
void context_end_all(struct psl *psl, uint64_t error)
{
	struct context *ctx;

	for (ctx = psl->contexts; ctx; ctx = ctx->next) {
		if (ctx->dead || (psl->told && !ctx->known))
			continue;
		ctx->dead = true;
		ctx->known = false;
		ctx->ready = false;
		psl->ops->error(psl->host, ctx->handle, error);
	}
}

void context_forget_all(struct psl *psl)
{
	struct context *ctx;

	while ((ctx = psl->contexts)) {
		psl->contexts = ctx->next;
		forget(psl, ctx);
	}
}
