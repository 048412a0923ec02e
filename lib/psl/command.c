// SPDX-License-Identifier: LGPL-2.1-or-later
/* Commands: which ones exist, what is wrong with a new one, and how it begins. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define INTERRUPT_MASK	0x7ff

/* Offset of the WED in the process element that READ_PE gets; the rest is zero */
#define PE_WED		116

static const struct command_type types[] = {
	{ PSL_READ_CL_NA, CLASS_READ, 0 },
	{ PSL_READ_CL_S, CLASS_READ, 0 },
	{ PSL_READ_CL_M, CLASS_READ, 0 },
	{ PSL_READ_CL_LCK, CLASS_READ, TYPE_LOCKS },
	{ PSL_READ_CL_RES, CLASS_READ, TYPE_RESERVES },
	{ PSL_READ_PNA, CLASS_READ, 0 },
	{ PSL_READ_PE, CLASS_READ_PE, 0 },
	{ PSL_TOUCH_I, CLASS_TOUCH, 0 },
	{ PSL_TOUCH_S, CLASS_TOUCH, 0 },
	{ PSL_TOUCH_M, CLASS_TOUCH, TYPE_STORES },
	{ PSL_WRITE_NA, CLASS_WRITE, 0 },
	{ PSL_WRITE_INJ, CLASS_WRITE, 0 },
	{ PSL_WRITE_MI, CLASS_WRITE, 0 },
	{ PSL_WRITE_MS, CLASS_WRITE, 0 },
	{ PSL_WRITE_UNLOCK, CLASS_WRITE, TYPE_UNLOCKS },
	{ PSL_WRITE_C, CLASS_WRITE, TYPE_CONDITIONAL },
	{ PSL_ZERO_M, CLASS_ZERO, 0 },
	{ PSL_PUSH_I, CLASS_CACHE, TYPE_PUSHES },
	{ PSL_PUSH_S, CLASS_CACHE, TYPE_PUSHES },
	{ PSL_EVICT_I, CLASS_CACHE, TYPE_EVICTS },
	{ PSL_FLUSH, CLASS_CACHE, 0 },
	{ PSL_LOCK, CLASS_LOCK, 0 },
	{ PSL_UNLOCK, CLASS_UNLOCK, 0 },
	{ PSL_CAS_E_4B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_CAS_NE_4B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_CAS_U_4B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_CAS_E_8B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_CAS_NE_8B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_CAS_U_8B, CLASS_COMPARE_SWAP, 0 },
	{ PSL_INTREQ, CLASS_INTERRUPT, 0 },
	{ PSL_RESTART, CLASS_RESTART, 0 },
};

static const struct command_type *find_type(uint16_t code)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].code == code)
			return &types[i];
	return NULL;
}

void command_free(struct command *cmd)
{
	free(cmd);
}

void command_orphan(struct psl *psl, const struct context *ctx)
{
	struct command *cmd;
	size_t i;

	for (i = 0; i < TAGS; i++)
		if (psl->tags[i] && psl->tags[i]->context == ctx)
			psl->tags[i]->context = NULL;
	for (cmd = psl->resolving.first; cmd; cmd = cmd->next)
		if (cmd->context == ctx)
			cmd->context = NULL;
}

static bool host_has_access(const struct command *cmd)
{
	return cmd->state == COMMAND_TOUCHING ||
	       cmd->state == COMMAND_LOADING || cmd->state == COMMAND_STORING;
}

void command_forget_all(struct psl *psl)
{
	struct command *cmd;
	size_t i;

	for (cmd = psl->fetching.first; cmd; cmd = cmd->next)
		psl->stale_lines++;
	for (i = 0; i < TAGS; i++) {
		cmd = psl->tags[i];
		if (!cmd)
			continue;
		psl->tags[i] = NULL;
		cmd->context = NULL;
		if (host_has_access(cmd))
			cmd->forgotten = true;
		else
			command_free(cmd);
	}
	while ((cmd = command_pop(&psl->resolving))) {
		cmd->context = NULL;
		cmd->forgotten = true;
	}
	psl->to_fetch.first = NULL;
	psl->fetching.first = NULL;
	psl->to_deliver.first = NULL;
	psl->to_answer.first = NULL;
	psl->restarts.first = NULL;
	psl->bogus_delivered = false;
	psl->room = psl->credits;
}

static void read_pe(struct command *cmd)
{
	uint64_t wed = htobe64(cmd->context->wed);

	memset(cmd->access.data, 0, PSL_LINE);
	memcpy(cmd->access.data + PE_WED, &wed, sizeof(wed));
	buffer_deliver(cmd);
}

static void begin_read(struct command *cmd)
{
	if (cmd->type->flags & TYPE_LOCKS && !lock_take(cmd))
		response_send(cmd, PSL_NLOCK);
	else
		memory_load(cmd);
}

/*
 * A write that may be answered PAGED touches the page before its data are
 * fetched; for a write that waits for the page, the data can be fetched at once.
 */
static void begin_write(struct command *cmd)
{
	const struct psl_command *c = &cmd->c;

	if (cmd->type->flags & TYPE_UNLOCKS && !lock_is_mine(cmd)) {
		rule_broken(cmd->psl, RULE_UNLOCK,
			    "command 0x%04x, tag 0x%02x, address 0x%llx",
			    c->code, c->tag, (unsigned long long)c->ea);
		response_send(cmd, PSL_NLOCK);
		return;
	}
	if (cmd->type->flags & TYPE_CONDITIONAL && !reservation_is_mine(cmd)) {
		response_send(cmd, PSL_NRES);
		return;
	}
	if (cmd->access.no_wait)
		memory_touch(cmd);
	else
		buffer_fetch(cmd);
}

static void begin_zero(struct command *cmd)
{
	memset(cmd->access.data, 0, PSL_LINE);
	memory_store(cmd);
}

static void begin_lock(struct command *cmd)
{
	response_send(cmd, lock_take(cmd) ? PSL_DONE : PSL_NLOCK);
}

static void begin_unlock(struct command *cmd)
{
	if (!lock_is_mine(cmd)) {
		rule_broken(cmd->psl, RULE_UNLOCK, "tag 0x%02x, address 0x%llx",
			    cmd->c.tag, (unsigned long long)cmd->c.ea);
		response_send(cmd, PSL_NLOCK);
		return;
	}
	lock_release(cmd->psl);
	response_send(cmd, PSL_DONE);
}

/* There is no cache: memory always has what a line holds. */
static void begin_cache(struct command *cmd)
{
	enum psl_response_code code = PSL_DONE;

	if (cmd->type->flags & TYPE_PUSHES && lock_is_on(cmd))
		code = PSL_NLOCK;
	if (cmd->type->flags & TYPE_EVICTS && lock_is_on(cmd) &&
	    reservation_is_mine(cmd))
		code = PSL_NRES;
	response_send(cmd, code);
}

static void begin_interrupt(struct command *cmd)
{
	struct psl *psl = cmd->psl;
	uint32_t number = cmd->c.ea & INTERRUPT_MASK;

	if (!number ||
	    !psl->ops->interrupt(psl->host, cmd->context->handle, number)) {
		rule_broken(psl, RULE_INTERRUPT, "handle %u, interrupt %u",
			    cmd->c.handle, number);
		response_send(cmd, PSL_FAILED);
		return;
	}
	response_send(cmd, PSL_DONE);
}

static void begin_compare_swap(struct command *cmd)
{
	if (cmd->c.ea % memory_swap_width(cmd))
		response_send(cmd, PSL_CAS_INV);
	else
		buffer_fetch(cmd);
}

static bool accesses_memory(const struct command *cmd)
{
	switch (cmd->type->class) {
	case CLASS_READ:
	case CLASS_WRITE:
	case CLASS_ZERO:
	case CLASS_TOUCH:
	case CLASS_COMPARE_SWAP:
		return true;
	default:
		return false;
	}
}

static void begin(struct command *cmd)
{
	if (accesses_memory(cmd) && memory_refuses(cmd))
		return;
	switch (cmd->type->class) {
	case CLASS_READ:
		begin_read(cmd);
		break;
	case CLASS_READ_PE:
		read_pe(cmd);
		break;
	case CLASS_WRITE:
		begin_write(cmd);
		break;
	case CLASS_ZERO:
		begin_zero(cmd);
		break;
	case CLASS_TOUCH:
		memory_touch(cmd);
		break;
	case CLASS_COMPARE_SWAP:
		begin_compare_swap(cmd);
		break;
	case CLASS_LOCK:
		begin_lock(cmd);
		break;
	case CLASS_UNLOCK:
		begin_unlock(cmd);
		break;
	case CLASS_CACHE:
		begin_cache(cmd);
		break;
	case CLASS_INTERRUPT:
		begin_interrupt(cmd);
		break;
	case CLASS_RESTART:
		response_restart(cmd);
		break;
	}
}

static bool parity_is_right(struct psl *psl, const struct psl_command *c)
{
	if (!psl->in.paren)
		return true;
	if (c->tag_parity == odd_parity(c->tag) &&
	    c->code_parity == odd_parity(c->code) &&
	    c->ea_parity == odd_parity(c->ea))
		return true;
	rule_broken(psl, RULE_PARITY_COMMAND,
		    "tag 0x%02x (%u), command 0x%04x (%u), address 0x%llx (%u)",
		    c->tag, c->tag_parity, c->code, c->code_parity,
		    (unsigned long long)c->ea, c->ea_parity);
	return false;
}

static bool size_is_right(struct command *cmd)
{
	const struct psl_command *c = &cmd->c;
	bool right;

	switch (cmd->type->class) {
	case CLASS_READ:
	case CLASS_WRITE:
		right = c->size && c->size <= PSL_LINE &&
			!(c->size & (c->size - 1));
		break;
	case CLASS_READ_PE:
	case CLASS_ZERO:
		right = c->size == PSL_LINE;
		break;
	default:
		return true;
	}
	if (!right) {
		rule_broken(cmd->psl, RULE_SIZE,
			    "command 0x%04x, tag 0x%02x, size %u", c->code,
			    c->tag, c->size);
		return false;
	}
	if (cmd->type->class != CLASS_READ_PE && c->ea % c->size) {
		rule_broken(cmd->psl, RULE_ALIGNMENT,
			    "command 0x%04x, tag 0x%02x, address 0x%llx, size %u",
			    c->code, c->tag, (unsigned long long)c->ea,
			    c->size);
		return false;
	}
	return true;
}

static bool abort_mode_exists(uint8_t mode)
{
	return mode <= PSL_PREF || mode == PSL_SPEC;
}

/* The first reason to refuse a command, or PSL_DONE */
static enum psl_response_code check(struct command *cmd, bool has_credit)
{
	struct psl *psl = cmd->psl;
	const struct psl_command *c = &cmd->c;

	if (!has_credit) {
		rule_broken(psl, RULE_NO_CREDIT, "tag 0x%02x, command 0x%04x",
			    c->tag, c->code);
		return PSL_FAILED;
	}
	if (!parity_is_right(psl, c))
		return PSL_FAILED;
	if (!cmd->type) {
		rule_broken(psl, RULE_CODE, "command 0x%04x, tag 0x%02x",
			    c->code, c->tag);
		return PSL_FAILED;
	}
	if (!abort_mode_exists(c->abort))
		rule_broken(psl, RULE_ABORT_MODE, "mode %u, command 0x%04x",
			    c->abort, c->code);
	if (!size_is_right(cmd))
		return PSL_FAILED;
	if (!cmd->context)
		return PSL_CONTEXT;
	if (cmd->context->flushing && cmd->type->class != CLASS_RESTART)
		return PSL_FLUSHED;
	return PSL_DONE;
}

/* The context with this handle, if the AFU may know it */
static struct context *known_context(struct psl *psl, uint16_t handle)
{
	struct context *ctx = context_find(psl, handle);

	return ctx && ctx->known ? ctx : NULL;
}

static void take(struct psl *psl, const struct psl_command *c)
{
	enum psl_response_code code;
	struct command *cmd;

	cmd = calloc(1, sizeof(*cmd));
	if (!cmd) {
		report(psl, "out of memory: a command is lost");
		return;
	}
	cmd->psl = psl;
	cmd->c = *c;
	cmd->type = find_type(c->code);
	cmd->context = known_context(psl, c->handle);
	cmd->takes_credit = psl->room > 0;
	cmd->access.no_wait = c->abort != PSL_STRICT &&
			      abort_mode_exists(c->abort);
	psl->tags[c->tag] = cmd;
	psl->room -= cmd->takes_credit;

	code = check(cmd, cmd->takes_credit);
	if (code == PSL_DONE)
		begin(cmd);
	else
		response_send(cmd, code);
}

/*
 * A command that is not taken gets no answer: either nobody waits for it, or an
 * answer with its tag is still to come. A command and a reset may cross.
 */
void command_step(struct psl *psl)
{
	const struct psl_command *c = &psl->in.command;

	if (!c->valid || psl->job == JOB_RESETTING)
		return;
	if (psl->job != JOB_RUNNING) {
		rule_broken(psl, RULE_NO_JOB, "tag 0x%02x, command 0x%04x",
			    c->tag, c->code);
		return;
	}
	if (psl->tags[c->tag]) {
		rule_broken(psl, RULE_TAG_IN_USE,
			    "tag 0x%02x, command 0x%04x, before it 0x%04x",
			    c->tag, c->code, psl->tags[c->tag]->c.code);
		return;
	}
	take(psl, c);
}
