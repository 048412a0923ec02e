/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulator at the other end of a socket */
#ifndef _LIB_PSL_SIMULATOR_H
#define _LIB_PSL_SIMULATOR_H

#include "message.h"

/**
 * struct simulator - a simulator
 * @fd: connection
 * @end_fd: readable once the simulation must end, or -1; the caller sets it
 * @ended: @end_fd was readable while we waited for an answer
 * @in: what the simulator said last
 * @room: the credits that the simulator was last told of
 */
struct simulator {
	int fd;
	int end_fd;
	bool ended;
	struct psl_from_afu in;
	uint8_t room;
};

/* If one of these fails, it says why on stderr. */
bool simulator_open(struct simulator *simulator, const char *address);
/* One clock of the PSL and of the simulator */
bool simulator_clock(struct simulator *simulator, struct psl *psl);
void simulator_close(struct simulator *simulator);

#endif
