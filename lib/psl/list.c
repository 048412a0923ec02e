// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lists of commands. */
#include "internal.h"

void command_push(struct command_list *list, struct command *cmd)
{
	cmd->next = NULL;
	if (list->first)
		list->last->next = cmd;
	else
		list->first = cmd;
	list->last = cmd;
}

struct command *command_pop(struct command_list *list)
{
	struct command *cmd = list->first;

	if (cmd)
		list->first = cmd->next;
	return cmd;
}

void command_take(struct command_list *list, struct command *cmd)
{
	struct command *before = NULL, *c;

	for (c = list->first; c != cmd; c = c->next)
		before = c;
	if (before)
		before->next = cmd->next;
	else
		list->first = cmd->next;
	if (list->last == cmd)
		list->last = before;
}
