// SPDX-License-Identifier: GPL-2.0-only
/* One of many contexts in an epoll set has an event: find out which, and read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "modules/cxl_bench.h"

#define MAX_CONTEXTS	10000
#define AFUS		3	/* of card1, see bench/guest.sh */

static int contexts[MAX_CONTEXTS];
static unsigned int nr_contexts;
static int set = -1;

/* One context in so many gets events; the others are of the usual kind. */
#define EVERY		1000

static void add(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	bench_require(fd >= 0 && !epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), "epoll");
	contexts[nr_contexts++] = fd;
}

static int open_context(unsigned int n)
{
	char path[32];

	if (n % EVERY == 0)
		return bench_context(false);
	snprintf(path, sizeof(path), "/dev/cxl/afu1.%us", n % AFUS);
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

static void grow(unsigned int n)
{
	while (nr_contexts < n)
		add(open_context(nr_contexts));
}

/* The contexts with an AFU driver take turns. */
static void one_event(void)
{
	static unsigned int turn;

	turn += EVERY;
	if (turn >= nr_contexts)
		turn = 0;
	bench_require(!ioctl(contexts[turn], CXL_BENCH_EVENTS, 1), "CXL_BENCH_EVENTS");
}

static void wait_and_read(void)
{
	struct epoll_event ev;
	char buf[4096];

	bench_require(epoll_wait(set, &ev, 1, -1) == 1, "epoll_wait");
	bench_require(read(ev.data.fd, buf, sizeof(buf)) > 0, "read");
}

void bench_epoll(void)
{
	static const struct bench_op ops[] = {
		{ "cxl_epoll_1", one_event, wait_and_read, 1 },
		{ "cxl_epoll_1000", one_event, wait_and_read, 1 },
		{ "cxl_epoll_10000", one_event, wait_and_read, 1 },
	};

	set = epoll_create1(EPOLL_CLOEXEC);
	grow(1);
	bench_run(&ops[0]);
	grow(1000);
	bench_run(&ops[1]);
	grow(MAX_CONTEXTS);
	bench_run(&ops[2]);
	while (nr_contexts)
		close(contexts[--nr_contexts]);
	close(set);
}
