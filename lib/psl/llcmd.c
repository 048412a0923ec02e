// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In directed mode, commands (LLCMD) tell the AFU about each context. It
 * acknowledges them one after another:
 *
 *	attach	add
 *	detach	terminate, remove
 */
#include <stdlib.h>

#include "internal.h"

/* Clocks after which an AFU that does not answer is reported */
#define CACK_LIMIT	1000000

static int push(struct psl *psl, uint64_t what, struct context *ctx)
{
	struct llcmd **link = &psl->llcmds;
	struct llcmd *cmd = calloc(1, sizeof(*cmd));

	if (!cmd)
		return -1;
	cmd->what = what;
	cmd->handle = ctx->handle;
	if (what == PSL_LLCMD_ADD)
		cmd->context = ctx;
	while (*link)
		link = &(*link)->next;
	*link = cmd;
	return 0;
}

static void pop(struct psl *psl)
{
	struct llcmd *cmd = psl->llcmds;

	psl->llcmds = cmd->next;
	psl->llcmd_sent = false;
	free(cmd);
}

int llcmd_add(struct psl *psl, struct context *ctx)
{
	return push(psl, PSL_LLCMD_ADD, ctx);
}

static struct llcmd **find_add(struct psl *psl, const struct context *ctx)
{
	struct llcmd **link = &psl->llcmds;

	while (*link && (*link)->context != ctx)
		link = &(*link)->next;
	return link;
}

/* An AFU that was never told of the context need not be told that it is gone. */
void llcmd_remove(struct psl *psl, struct context *ctx)
{
	struct llcmd **link = find_add(psl, ctx);
	struct llcmd *cmd = *link;

	if (cmd && !ctx->known) {
		*link = cmd->next;
		free(cmd);
		return;
	}
	if (cmd)
		cmd->context = NULL;
	if (!ctx->known)
		return;
	if (push(psl, PSL_LLCMD_TERMINATE, ctx) ||
	    push(psl, PSL_LLCMD_REMOVE, ctx))
		report(psl, "out of memory: the AFU is not told that context %u is gone",
		       ctx->handle);
}

static void acknowledge(struct psl *psl)
{
	struct context *ctx = psl->llcmds->context;

	if (ctx)
		ctx->ready = true;
	pop(psl);
}

static void send(struct psl *psl)
{
	const struct llcmd *cmd = psl->llcmds;

	psl->out->job = true;
	psl->out->job_code = PSL_JOB_LLCMD;
	psl->out->job_ea = cmd->what | cmd->handle;
	psl->llcmd_sent = true;
	psl->llcmd_since = psl->cycle;
	psl->told = true;
	if (cmd->context)
		cmd->context->known = true;
}

void llcmd_step(struct psl *psl)
{
	if (psl->in.cack && !psl->llcmd_sent)
		rule_broken(psl, RULE_CACK_UNASKED, "mode 0x%x", psl->mode);
	else if (psl->in.cack)
		acknowledge(psl);
	else if (psl->llcmd_sent && psl->cycle - psl->llcmd_since == CACK_LIMIT)
		rule_broken(psl, RULE_CACK_TIME, "jea 0x%llx",
			    (unsigned long long)(psl->llcmds->what |
						 psl->llcmds->handle));
	/* A jcack that lasts must not acknowledge the next LLCMD. */
	if (psl->llcmds && !psl->llcmd_sent && !psl->out->job && !psl->in.cack)
		send(psl);
}

void llcmd_end(struct psl *psl)
{
	struct llcmd **link = &psl->llcmds;
	struct llcmd *cmd;

	while ((cmd = *link)) {
		if (cmd->context && !cmd->context->dead) {
			link = &cmd->next;
			continue;
		}
		*link = cmd->next;
		free(cmd);
	}
	psl->llcmd_sent = false;
}

void llcmd_forget(struct psl *psl)
{
	while (psl->llcmds)
		pop(psl);
}
