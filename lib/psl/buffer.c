// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The buffer interface: data of writes are fetched from the AFU, data of reads
 * are delivered to it, always as a whole line. Only the bytes of the access count.
 */
#include <string.h>

#include "internal.h"

static size_t offset(const struct command *cmd)
{
	return cmd->c.ea & (PSL_LINE - 1);
}

void buffer_fetch(struct command *cmd)
{
	cmd->state = COMMAND_FETCHING;
	command_push(&cmd->psl->to_fetch, cmd);
}

void buffer_deliver(struct command *cmd)
{
	cmd->state = COMMAND_DELIVERING;
	command_push(&cmd->psl->to_deliver, cmd);
}

/*
 * While a write waits for its turn, its context may go away or start flushing.
 */
static void fetch_next(struct psl *psl)
{
	struct command *cmd;

	if (psl->cycle < psl->next_fetch)
		return;
	cmd = command_pop(&psl->to_fetch);
	if (!cmd)
		return;
	if (!cmd->context) {
		response_send(cmd, PSL_FAULT);
		return;
	}
	if (cmd->context->flushing) {
		response_send(cmd, PSL_FLUSHED);
		return;
	}
	if (psl->in.brlat != 1 && psl->in.brlat != 3)
		rule_broken(psl, RULE_BRLAT, "brlat %u", psl->in.brlat);
	psl->out->fetch = true;
	psl->out->fetch_tag = cmd->c.tag;
	psl->next_fetch = psl->cycle + LINE_CLOCKS;
	command_push(&psl->fetching, cmd);
}

static void take_line(struct psl *psl, const struct psl_line *line)
{
	uint16_t parity = data_parity(line->data, PSL_LINE);
	struct command *cmd;

	if (psl->stale_lines) {
		psl->stale_lines--;
		return;
	}
	cmd = command_pop(&psl->fetching);
	if (!cmd) {
		rule_broken(psl, RULE_LINE_UNASKED, "parity 0x%04x",
			    line->parity);
		return;
	}
	if (!cmd->context) {
		response_send(cmd, PSL_FAULT);
		return;
	}
	if (psl->in.paren && parity != line->parity) {
		rule_broken(psl, RULE_PARITY_DATA,
			    "tag 0x%02x, parity 0x%04x, not 0x%04x", cmd->c.tag,
			    line->parity, parity);
		response_send(cmd, PSL_DERROR);
		return;
	}
	if (cmd->type->class == CLASS_COMPARE_SWAP) {
		memory_compare_swap(cmd, line->data);
		return;
	}
	memcpy(cmd->access.data, line->data + offset(cmd), cmd->c.size);
	memory_store(cmd);
}

static void deliver_next(struct psl *psl)
{
	struct psl_line *line = &psl->out->line;
	struct command *cmd = psl->to_deliver.first;
	size_t i;

	if (!cmd || psl->cycle < psl->next_delivery)
		return;
	line->valid = true;
	line->tag = cmd->c.tag;
	psl->next_delivery = psl->cycle + LINE_CLOCKS;
	if (!psl->bogus_delivered && dice_say(psl, psl->disorder.bogus)) {
		for (i = 0; i < PSL_LINE; i++)
			line->data[i] = dice_throw(psl, 256);
		psl->bogus_delivered = true;
	} else {
		memcpy(line->data + offset(cmd), cmd->access.data, cmd->c.size);
		psl->bogus_delivered = false;
		command_pop(&psl->to_deliver);
		response_send(cmd, PSL_DONE);
	}
	line->parity = data_parity(line->data, PSL_LINE);
}

void buffer_step(struct psl *psl)
{
	if (psl->in.line.valid)
		take_line(psl, &psl->in.line);
	fetch_next(psl);
	deliver_next(psl);
}
