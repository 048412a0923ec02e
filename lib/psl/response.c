// SPDX-License-Identifier: LGPL-2.1-or-later
/* Responses: at most one per clock, the oldest first unless there is disorder. */
#include "internal.h"

void response_send(struct command *cmd, enum psl_response_code code)
{
	struct psl *psl = cmd->psl;

	if (code == PSL_AERROR || code == PSL_DERROR || code == PSL_PAGED)
		if (cmd->context)
			cmd->context->flushing = true;
	cmd->response = code;
	/* The last beat of its data goes first. */
	cmd->when = psl->cycle +
		    (cmd->state == COMMAND_DELIVERING ? ANSWER_CLOCKS : 1);
	cmd->state = COMMAND_ANSWERING;
	command_push(&psl->to_answer, cmd);
}

/* RESTART is done once each page is there or known not to be had. */
void response_restart(struct command *cmd)
{
	if (cmd->context->resolving) {
		cmd->state = COMMAND_RESTARTING;
		command_push(&cmd->psl->restarts, cmd);
		return;
	}
	cmd->context->flushing = false;
	response_send(cmd, PSL_DONE);
}

static void go_on_restarting(struct psl *psl)
{
	struct command_list waiting = psl->restarts;
	struct command *cmd;

	psl->restarts.first = NULL;
	while ((cmd = command_pop(&waiting))) {
		if (cmd->context)
			response_restart(cmd);
		else
			response_send(cmd, PSL_CONTEXT);
	}
}

/* A later command in the list may be ready earlier, since it had no data. */
static struct command *nth_ready(const struct psl *psl, unsigned int n)
{
	struct command *cmd;

	for (cmd = psl->to_answer.first; cmd; cmd = cmd->next)
		if (cmd->when <= psl->cycle && !n--)
			return cmd;
	return NULL;
}

static unsigned int count_ready(const struct psl *psl)
{
	const struct command *cmd;
	unsigned int n = 0;

	for (cmd = psl->to_answer.first; cmd; cmd = cmd->next)
		n += cmd->when <= psl->cycle;
	return n;
}

static struct command *choose(struct psl *psl)
{
	unsigned int n = 0;

	if (!psl->disorder.delay && !psl->disorder.reorder)
		return nth_ready(psl, 0);
	if (!count_ready(psl) || dice_say(psl, psl->disorder.delay))
		return NULL;
	if (dice_say(psl, psl->disorder.reorder))
		n = dice_throw(psl, count_ready(psl));
	return nth_ready(psl, n);
}

void response_step(struct psl *psl)
{
	struct psl_to_afu *out = psl->out;
	struct command *cmd;

	if (psl->restarts.first)
		go_on_restarting(psl);
	cmd = choose(psl);
	if (!cmd)
		return;
	command_take(&psl->to_answer, cmd);
	out->response = true;
	out->response_tag = cmd->c.tag;
	out->response_code = cmd->response;
	out->response_credits = cmd->takes_credit;
	psl->room += cmd->takes_credit;
	psl->tags[cmd->c.tag] = NULL;
	command_free(cmd);
}
