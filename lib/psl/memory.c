// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Accesses to memory, done by the host: when a command needs one, and what
 * follows.
 *
 *	load	access -> deliver			READ_*
 *	store	[touch ->] fetch -> access		WRITE_*, or access: ZERO_M
 *	if	fetch -> compare and swap		WRITE_C of a word
 *		fetch -> load, compare -> store		WRITE_C of anything else
 *	CAS	fetch -> compare and swap, again if another came between
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The smallest page: addresses that are equal under this mask share a page. */
#define PAGE_MASK	(~(uint64_t)0xfff)

static bool stores(const struct command *cmd)
{
	return cmd->type->class == CLASS_WRITE ||
	       cmd->type->class == CLASS_ZERO ||
	       cmd->type->class == CLASS_COMPARE_SWAP ||
	       cmd->type->flags & TYPE_STORES;
}

static void start(struct command *cmd, enum psl_access_type type, uint64_t ea,
		  uint32_t size)
{
	struct psl *psl = cmd->psl;
	struct psl_access *access = &cmd->access;

	access->type = type;
	access->handle = cmd->c.handle;
	access->ea = ea;
	access->size = size;
	psl->accesses++;
	psl->ops->access(psl->host, access);
}

/* Have the host touch the page, so that it is there when the AFU tries again. */
static void resolve(struct command *cmd)
{
	struct psl *psl = cmd->psl;
	struct command *touch = calloc(1, sizeof(*touch));

	if (!touch) {
		report(psl, "out of memory: a page is not asked for");
		return;
	}
	touch->psl = psl;
	touch->c = cmd->c;
	touch->context = cmd->context;
	touch->resolving = true;
	touch->context->resolving++;
	command_push(&psl->resolving, touch);
	start(touch, stores(cmd) ? PSL_ACCESS_TOUCH_STORE :
					  PSL_ACCESS_TOUCH,
	      cmd->c.ea & LINE_MASK, PSL_LINE);
}

static void resolved(struct command *touch, int error)
{
	struct context *ctx = touch->context;

	if (!touch->forgotten)
		command_take(&touch->psl->resolving, touch);
	if (ctx) {
		ctx->resolving--;
		if (error) {
			ctx->has_bad_page = true;
			ctx->bad_page = touch->c.ea & PAGE_MASK;
		}
	}
	command_free(touch);
}

/* The page is not there; @absent: really, not only because the dice say so. */
static void miss(struct command *cmd, bool absent)
{
	if (cmd->c.abort == PSL_PREF || cmd->c.abort == PSL_SPEC) {
		response_send(cmd, PSL_FAULT);
		return;
	}
	if (absent)
		resolve(cmd);
	response_send(cmd, PSL_PAGED);
}

bool memory_refuses(struct command *cmd)
{
	struct context *ctx = cmd->context;

	if (ctx->has_bad_page && ctx->bad_page == (cmd->c.ea & PAGE_MASK)) {
		ctx->has_bad_page = false;
		response_send(cmd, PSL_AERROR);
		return true;
	}
	if (dice_say(cmd->psl, cmd->psl->disorder.paged)) {
		miss(cmd, false);
		return true;
	}
	return false;
}

void memory_load(struct command *cmd)
{
	cmd->state = COMMAND_LOADING;
	start(cmd, PSL_ACCESS_LOAD, cmd->c.ea, cmd->c.size);
}

void memory_touch(struct command *cmd)
{
	cmd->state = COMMAND_TOUCHING;
	start(cmd, stores(cmd) ? PSL_ACCESS_TOUCH_STORE :
					PSL_ACCESS_TOUCH,
	      cmd->c.ea & LINE_MASK, PSL_LINE);
}

static void store(struct command *cmd)
{
	cmd->state = COMMAND_STORING;
	reservation_lose(cmd);
	start(cmd, PSL_ACCESS_STORE, cmd->c.ea, cmd->c.size);
}

/* The reserved data of the bytes to store; NULL unless all are reserved */
static const uint8_t *reserved_bytes(const struct command *cmd)
{
	const struct psl *psl = cmd->psl;

	if (cmd->c.ea < psl->reserved_ea ||
	    cmd->c.ea + cmd->c.size > psl->reserved_ea + psl->reserved_size)
		return NULL;
	return psl->reserved_data + (cmd->c.ea - psl->reserved_ea);
}

/*
 * A processor may have stored to the line. For a word, the compare and swap that
 * replaces it finds that out; for any other size, a comparison just before the
 * store does.
 */
static void store_conditionally(struct command *cmd)
{
	struct psl *psl = cmd->psl;
	const uint8_t *expected = reserved_bytes(cmd);

	if (!reservation_is_mine(cmd)) {
		response_send(cmd, PSL_NRES);
		return;
	}
	if (expected && (cmd->c.size == 4 || cmd->c.size == 8)) {
		cmd->state = COMMAND_STORING;
		memcpy(cmd->expected, expected, cmd->c.size);
		memcpy(cmd->access.swap, cmd->access.data, cmd->c.size);
		memcpy(cmd->access.data, expected, cmd->c.size);
		start(cmd, PSL_ACCESS_COMPARE_SWAP, cmd->c.ea, cmd->c.size);
		return;
	}
	memcpy(cmd->to_store, cmd->access.data, cmd->c.size);
	cmd->state = COMMAND_LOADING;
	start(cmd, PSL_ACCESS_LOAD, psl->reserved_ea, psl->reserved_size);
}

void memory_store(struct command *cmd)
{
	if (cmd->type->flags & TYPE_CONDITIONAL)
		store_conditionally(cmd);
	else
		store(cmd);
}

/* Store only if the reserved data are still the same. */
static void store_if_unchanged(struct command *cmd)
{
	struct psl *psl = cmd->psl;

	if (!reservation_is_mine(cmd) ||
	    memcmp(cmd->access.data, psl->reserved_data, psl->reserved_size)) {
		reservation_lose(cmd);
		response_send(cmd, PSL_NRES);
		return;
	}
	memcpy(cmd->access.data, cmd->to_store, cmd->c.size);
	store(cmd);
}

/*
 * Compare and swap: when to store
 */

enum { IF_EQUAL, IF_NOT_EQUAL, ALWAYS };

static int swap_condition(const struct command *cmd)
{
	return (cmd->c.code - PSL_CAS_E_4B) % 3;
}

uint32_t memory_swap_width(const struct command *cmd)
{
	return cmd->c.code < PSL_CAS_E_8B ? 4 : 8;
}

static void swap(struct command *cmd, const uint8_t *expected,
		 const uint8_t *value)
{
	uint32_t width = memory_swap_width(cmd);

	cmd->state = COMMAND_STORING;
	memcpy(cmd->expected, expected, width);
	memcpy(cmd->access.data, expected, width);
	memcpy(cmd->access.swap, value, width);
	start(cmd, PSL_ACCESS_COMPARE_SWAP, cmd->c.ea, width);
}

/* The operands are at the beginning of the line, one after the other. */
void memory_compare_swap(struct command *cmd, const uint8_t *line)
{
	uint32_t width = memory_swap_width(cmd);

	memcpy(cmd->compare, line, width);
	memcpy(cmd->to_store, line + width, width);
	reservation_lose(cmd);
	/* For "not equal", the first access only finds out what is there. */
	swap(cmd, cmd->compare, swap_condition(cmd) == IF_NOT_EQUAL ?
				cmd->compare : cmd->to_store);
}

static void swapped(struct command *cmd)
{
	uint32_t width = memory_swap_width(cmd);
	const uint8_t *found = cmd->access.data;
	bool as_expected = !memcmp(found, cmd->expected, width);
	bool equal = !memcmp(found, cmd->compare, width);

	/* The value must be stored but was not: another value was there. */
	if (!as_expected && (swap_condition(cmd) == ALWAYS ||
			     (swap_condition(cmd) == IF_NOT_EQUAL && !equal)))
		swap(cmd, found, cmd->to_store);
	else
		response_send(cmd, equal ? PSL_COMP_EQ : PSL_COMP_NEQ);
}

/*
 * What follows an access
 */

static void loaded(struct command *cmd)
{
	if (cmd->type->class == CLASS_WRITE) {
		store_if_unchanged(cmd);
		return;
	}
	if (cmd->type->flags & TYPE_RESERVES)
		reservation_make(cmd);
	buffer_deliver(cmd);
}

static void stored(struct command *cmd)
{
	bool swapped_word = cmd->access.type == PSL_ACCESS_COMPARE_SWAP;

	if (cmd->type->class == CLASS_COMPARE_SWAP) {
		swapped(cmd);
		return;
	}
	if (cmd->type->flags & TYPE_UNLOCKS)
		lock_release(cmd->psl);
	reservation_lose(cmd);
	if (swapped_word &&
	    memcmp(cmd->access.data, cmd->expected, cmd->c.size))
		response_send(cmd, PSL_NRES);
	else
		response_send(cmd, PSL_DONE);
}

static void touched(struct command *cmd)
{
	if (cmd->type->class == CLASS_WRITE)
		buffer_fetch(cmd);
	else
		response_send(cmd, PSL_DONE);
}

static void failed(struct command *cmd, int error)
{
	if (cmd->type->flags & TYPE_LOCKS && lock_is_mine(cmd))
		lock_release(cmd->psl);
	switch (error) {
	case EAGAIN:
		miss(cmd, true);
		break;
	case EFAULT:
		response_send(cmd, PSL_AERROR);
		break;
	case ESTALE:
		response_send(cmd, PSL_FAULT);
		break;
	default:
		response_send(cmd, PSL_DERROR);
	}
}

static void done(struct command *cmd)
{
	switch (cmd->state) {
	case COMMAND_TOUCHING:
		touched(cmd);
		break;
	case COMMAND_LOADING:
		loaded(cmd);
		break;
	default:
		stored(cmd);
	}
}

void psl_access_done(struct psl *psl, struct psl_access *access, int error)
{
	struct command *cmd = (struct command *)
		((char *)access - offsetof(struct command, access));

	psl->accesses--;
	if (cmd->resolving)
		resolved(cmd, error);
	else if (cmd->forgotten)
		command_free(cmd);
	else if (!cmd->context)
		response_send(cmd, PSL_FAULT);
	else if (error)
		failed(cmd, error);
	else
		done(cmd);
}
