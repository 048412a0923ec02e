/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulator at the other end of a socket. */
#ifndef _LIB_PSL_SIMULATOR_H
#define _LIB_PSL_SIMULATOR_H

#include "message.h"

/**
 * struct simulator - a simulator
 * @fd: connection
 * @end_fd: readable once the simulation shall end; -1: none. The caller sets it.
 * @ended: it was, while an answer was awaited
 * @in: what it said last
 * @room: what it was told last of credits
 */
struct simulator {
	int fd;
	int end_fd;
	bool ended;
	struct psl_from_afu in;
	uint8_t room;
};

/* Those that fail say why to stderr. */
bool simulator_open(struct simulator *simulator, const char *address);
/* One clock of the PSL and of the simulator */
bool simulator_clock(struct simulator *simulator, struct psl *psl);
void simulator_close(struct simulator *simulator);

#endif
