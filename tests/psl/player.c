// SPDX-License-Identifier: GPL-2.0-only
/* The AFU that plays scripts: see player.h. */
#include <endian.h>
#include <string.h>

#include "player.h"

#define PE_WED		116

void player_init(struct player *player)
{
	memset(player, 0, sizeof(*player));
	afu_init(&player->afu, PLAYER_HANDLES);
	player->afu.ah.paren = true;
	/* It acknowledges an LLCMD itself, once what is in progress has ended. */
	player->afu.ack_cycles = 0;
}

static unsigned int handle_of(const struct player *player,
			      const struct player_context *c)
{
	return c - player->contexts;
}

static struct afu_tag *tag_of(struct player *player,
			      const struct player_context *c)
{
	return &player->afu.tags[handle_of(player, c)];
}

static struct afu_command *give(struct player *player, struct player_context *c,
				enum player_step step, uint16_t code,
				uint64_t ea, uint16_t size)
{
	unsigned int handle = handle_of(player, c);
	struct afu_command *command;

	c->step = step;
	c->seen = player->afu.tags[handle].responses;
	command = afu_command(&player->afu, handle, code, ea, size);
	command->handle = handle;
	return command;
}

static void fetch(struct player *player, struct player_context *c)
{
	give(player, c, PLAYER_FETCH, PSL_READ_CL_NA, c->at, PSL_LINE);
}

/* Write the entry back: the data first, so that "done" means all of it. */
static void finish_entry(struct player *player, struct player_context *c,
			 int response)
{
	c->entry.response = response;
	c->entry.counted = htobe32(c->counted);
	c->entry.done = 1;
	give(player, c, PLAYER_STORE_DATA, PSL_WRITE_NA, c->at + PSL_LINE,
	     PSL_LINE);
}

static void give_command(struct player *player, struct player_context *c)
{
	uint16_t code = be16toh(c->entry.code);

	if (code == SCRIPT_COPY)
		give(player, c, PLAYER_COMMAND, PSL_READ_CL_NA, c->ea,
		     PSL_LINE);
	else
		give(player, c, PLAYER_COMMAND, code, c->ea,
		     be16toh(c->entry.size))->abort = c->entry.abort;
}

static void begin_entry(struct player *player, struct player_context *c)
{
	memcpy(&c->entry, tag_of(player, c)->line, PSL_LINE);
	c->ea = be64toh(c->entry.ea);
	c->to = be64toh(c->entry.to);
	c->counted = 0;
	switch (be16toh(c->entry.code)) {
	case SCRIPT_END:
		c->step = PLAYER_IDLE;
		if (c->entry.size)
			give(player, c, PLAYER_INTERRUPT, PSL_INTREQ,
			     be16toh(c->entry.size), 0);
		break;
	case SCRIPT_FINISH:
		c->step = PLAYER_IDLE;
		afu_finish(&player->afu, c->ea);
		break;
	default:
		give(player, c, PLAYER_FETCH_DATA, PSL_READ_CL_NA,
		     c->at + PSL_LINE, PSL_LINE);
	}
}

static bool needs_restart(int response)
{
	return response == PSL_PAGED || response == PSL_AERROR ||
	       response == PSL_DERROR || response == PSL_FLUSHED;
}

/* The command, or the second one of a copy, has been answered. */
static void end_command(struct player *player, struct player_context *c,
			int response)
{
	uint32_t count = be32toh(c->entry.count);

	c->entry.response = response;
	if (needs_restart(response)) {
		give(player, c, PLAYER_RESTART, PSL_RESTART, 0, 0);
		return;
	}
	c->ea += PSL_LINE;
	c->to += PSL_LINE;
	if (response == PSL_DONE)
		c->counted++;
	if (response == PSL_DONE && c->counted < count)
		give_command(player, c);
	else
		finish_entry(player, c, response);
}

static void end_restart(struct player *player, struct player_context *c)
{
	if (c->entry.response == PSL_PAGED && c->entry.flags & SCRIPT_RETRY)
		give_command(player, c);
	else
		finish_entry(player, c, c->entry.response);
}

static void store_entry(struct player *player, struct player_context *c)
{
	memcpy(tag_of(player, c)->line, &c->entry, PSL_LINE);
	give(player, c, PLAYER_STORE, PSL_WRITE_NA, c->at, PSL_LINE);
}

static void start_script(struct player *player, struct player_context *c,
			 uint64_t at)
{
	c->at = at;
	c->step = PLAYER_IDLE;
	if (at)
		fetch(player, c);
}

static void start_by_wed(struct player *player, struct player_context *c)
{
	uint64_t wed;

	memcpy(&wed, tag_of(player, c)->line + PE_WED, sizeof(wed));
	start_script(player, c, be64toh(wed));
}

/* If a script's own memory cannot be accessed any more, the script ends. */
static void go_on(struct player *player, struct player_context *c)
{
	int response = tag_of(player, c)->response;

	if (response != PSL_DONE && c->step != PLAYER_COMMAND &&
	    c->step != PLAYER_COPY) {
		c->step = PLAYER_IDLE;
		return;
	}
	switch (c->step) {
	case PLAYER_PE:
		start_by_wed(player, c);
		break;
	case PLAYER_FETCH:
		begin_entry(player, c);
		break;
	case PLAYER_FETCH_DATA:
		give_command(player, c);
		break;
	case PLAYER_COMMAND:
		if (be16toh(c->entry.code) == SCRIPT_COPY &&
		    response == PSL_DONE)
			give(player, c, PLAYER_COPY, PSL_WRITE_NA, c->to,
			     PSL_LINE);
		else
			end_command(player, c, response);
		break;
	case PLAYER_COPY:
		end_command(player, c, response);
		break;
	case PLAYER_RESTART:
		end_restart(player, c);
		break;
	case PLAYER_STORE_DATA:
		store_entry(player, c);
		break;
	case PLAYER_STORE:
		c->at += sizeof(c->entry);
		fetch(player, c);
		break;
	default:
		c->step = PLAYER_IDLE;
	}
}

static void acknowledge(struct player *player)
{
	player->afu.cack_in = 1;
}

/*
 * By now the context, or even the PSL, may have been ended.
 */
static void clock_context(struct player *player, struct player_context *c)
{
	bool waits = c->step != PLAYER_IDLE;

	if (waits && tag_of(player, c)->responses == c->seen)
		return;
	if (c->terminated) {
		c->terminated = false;
		c->step = PLAYER_IDLE;
		acknowledge(player);
	} else if (waits) {
		go_on(player, c);
	}
	if (c->step == PLAYER_IDLE && c->wanted) {
		start_script(player, c, c->wanted);
		c->wanted = 0;
	}
}

static void take_llcmd(struct player *player, uint64_t ea)
{
	struct player_context *c;

	c = &player->contexts[ea & 0xffff & (PLAYER_HANDLES - 1)];
	switch (ea & ~0xffffULL) {
	case PSL_LLCMD_ADD:
		memset(c, 0, sizeof(*c));
		give(player, c, PLAYER_PE, PSL_READ_PE, 0, PSL_LINE);
		acknowledge(player);
		break;
	case PSL_LLCMD_TERMINATE:
		c->terminated = true;
		break;
	default:
		acknowledge(player);
	}
}

static void take_job(struct player *player, const struct psl_ha *ha)
{
	if (!ha->jval)
		return;
	switch (ha->jcom) {
	case PSL_JOB_RESET:
		memset(player->contexts, 0, sizeof(player->contexts));
		break;
	case PSL_JOB_START:
		if (ha->jea)
			start_script(player, &player->contexts[0], ha->jea);
		break;
	case PSL_JOB_LLCMD:
		take_llcmd(player, ha->jea);
		break;
	}
}

/* Take a 64-bit write to the first register of a window. */
static void take_mmio(struct player *player, const struct psl_ha *ha)
{
	uint32_t address = ha->mmad * 4;

	if (!ha->mmval || ha->mmcfg || ha->mmrnw || !ha->mmdw)
		return;
	if (address % PLAYER_WINDOW ||
	    address / PLAYER_WINDOW >= PLAYER_HANDLES)
		return;
	player->contexts[address / PLAYER_WINDOW].wanted = ha->mmdata;
}

void player_clock(struct player *player, const struct psl_ha *ha)
{
	unsigned int i;

	afu_clock(&player->afu, ha);
	take_job(player, ha);
	take_mmio(player, ha);
	for (i = 0; i < PLAYER_HANDLES; i++)
		clock_context(player, &player->contexts[i]);
}
