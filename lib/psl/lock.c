// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lock and the reservation: a PSL has one of each, on a line.
 *
 * The lock holds off the AFU's other contexts, but not the processors: a software
 * card cannot stop them. The data of a reserved line tell whether a processor has
 * stored to it; see memory.c.
 */
#include <string.h>

#include "internal.h"

/* Lock the line, unless another context or line has the lock. */
bool lock_take(struct command *cmd)
{
	struct psl *psl = cmd->psl;

	if (psl->lock_held && !lock_is_mine(cmd))
		return false;
	psl->lock_held = true;
	psl->lock_line = cmd->c.ea & LINE_MASK;
	psl->lock_context = cmd->context;
	return true;
}

bool lock_is_on(const struct command *cmd)
{
	return cmd->psl->lock_held && same_line(cmd->c.ea, cmd->psl->lock_line);
}

bool lock_is_mine(const struct command *cmd)
{
	return lock_is_on(cmd) && cmd->context == cmd->psl->lock_context;
}

void lock_release(struct psl *psl)
{
	psl->lock_held = false;
}

void reservation_make(struct command *cmd)
{
	struct psl *psl = cmd->psl;

	psl->reserved = true;
	psl->reserved_context = cmd->context;
	psl->reserved_ea = cmd->c.ea;
	psl->reserved_size = cmd->c.size;
	memcpy(psl->reserved_data, cmd->access.data, cmd->c.size);
}

bool reservation_is_mine(const struct command *cmd)
{
	const struct psl *psl = cmd->psl;

	return psl->reserved && cmd->context == psl->reserved_context &&
	       same_line(cmd->c.ea, psl->reserved_ea);
}

void reservation_drop(struct psl *psl)
{
	psl->reserved = false;
}

void reservation_lose(const struct command *cmd)
{
	if (reservation_is_mine(cmd))
		reservation_drop(cmd->psl);
}

void lock_forget(struct psl *psl, const struct context *ctx)
{
	if (!ctx || psl->lock_context == ctx)
		lock_release(psl);
	if (!ctx || psl->reserved_context == ctx)
		reservation_drop(psl);
}
