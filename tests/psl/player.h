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
	PLAYER_PE,		/* gets its WED */
	PLAYER_FETCH,		/* an entry */
	PLAYER_FETCH_DATA,
	PLAYER_COMMAND,
	PLAYER_COPY,		/* stores the line that it has loaded */
	PLAYER_RESTART,
	PLAYER_STORE_DATA,
	PLAYER_STORE,		/* the entry */
	PLAYER_INTERRUPT,
};

/**
 * struct player_context - a context
 * @step: what it waits for
 * @seen: responses of its tag before that
 * @entry: entry, as in memory
 * @at: where that is
 * @ea, @to: of the next line
 * @counted: lines done
 * @wanted: script that a register says is to be started
 * @terminated: it does no more; jcack is owed
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
 * @afu: that
 * @contexts: by handle; each has the tag of its handle
 */
struct player {
	struct afu afu;
	struct player_context contexts[PLAYER_HANDLES];
};

void player_init(struct player *player);
/* As afu_clock() */
void player_clock(struct player *player, const struct psl_ha *ha);

#endif
