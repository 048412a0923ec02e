/* SPDX-License-Identifier: GPL-2.0-only */
/* The AFU that plays scripts: see script.h. */
#ifndef _TESTS_PSL_PLAYER_H
#define _TESTS_PSL_PLAYER_H

#include "afu.h"
#include "script.h"

#define PLAYER_HANDLES	16
#define PLAYER_WINDOW	0x1000		/* as afu_init() has it */

enum player_step {
	PLAYER_IDLE,
	PLAYER_PE,		/* read the process element, for the WED */
	PLAYER_FETCH,		/* an entry */
	PLAYER_FETCH_DATA,
	PLAYER_COMMAND,
	PLAYER_COPY,		/* store the line that was loaded */
	PLAYER_RESTART,
	PLAYER_STORE_DATA,
	PLAYER_STORE,		/* the entry */
	PLAYER_INTERRUPT,
};

/**
 * struct player_context - a context
 * @step: what it waits for
 * @seen: how many responses its tag had before that
 * @entry: the entry, as in memory
 * @at: address of the entry
 * @ea, @to: addresses of the next line
 * @counted: lines done
 * @wanted: the script to start next, as written to the register
 * @terminated: it does nothing more; jcack is owed
 */
struct player_context {
	enum player_step step;
	unsigned int seen;
	struct script_entry entry;
	uint64_t at;
	uint64_t ea;
	uint64_t to;
	uint32_t counted;
	uint64_t wanted;
	bool terminated;
};

/**
 * struct player - the AFU
 * @afu: the AFU that it drives
 * @contexts: contexts by handle; the tag of each is its handle
 */
struct player {
	struct afu afu;
	struct player_context contexts[PLAYER_HANDLES];
};

void player_init(struct player *player);
/* Like afu_clock() */
void player_clock(struct player *player, const struct psl_ha *ha);

#endif
