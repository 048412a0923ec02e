// SPDX-License-Identifier: GPL-2.0-only
#include "afu-cp.h"

#include <errno.h>
#include <poll.h>

/* After this time without any event the AFU is taken to have failed. */
#define ANSWER_MS	60000

void signals_check(void)
{
	bool typed;
	int number = signals_take(&typed);

	if (number)
		end_by_signal(number);
}

bool wait_readable(int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	int n;

	do {
		n = poll(fds, 2, ANSWER_MS);
		signals_check();
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

double seconds_now(void)
{
	return now_ns() / 1e9;
}
