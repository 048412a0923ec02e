// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for events without read(): poll, select, epoll and SIGIO.
 * chardev_remove shows what they report of a closed context.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define SLAVE	"afu0.0s"

static struct event_batch batch;
static struct afu afu;

static void start(void)
{
	afu_start(&afu, SLAVE, 8);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
}

static void drain(void)
{
	while (events_read(afu.fd, &batch) > 0)
		;
	check_eq(errno, EAGAIN);
}

static void nothing_pending_is_no_event(void)
{
	int opened = node_open_ok(SLAVE);

	check_eq(events_poll(opened), 0);
	start();
	check_eq(events_poll(afu.fd), 0);
}

/* POLLIN and POLLRDNORM, and nothing else of all that can be asked for */
static void pending_is_readable_until_drained(void)
{
	char *hole = no_access_page();

	start();
	afu_irq(&afu, 1);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_ok(events_read(afu.fd, &batch));
	check_eq(events_poll(afu.fd), 0);

	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	/* The AFU is told before the program. */
	check(events_wait(afu.fd));
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_ok(events_read(afu.fd, &batch));
	check_eq(events_poll(afu.fd), 0);
}

/* poll reports it as long as one event is left. */
static void poll_and_read_agree(void)
{
	enum { IRQS = 300 };
	int i, reads = 0;

	afu_start(&afu, SLAVE, IRQS);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	for (i = 1; i <= IRQS; i++)
		afu_irq(&afu, i);
	while (events_poll(afu.fd)) {
		check(events_read(afu.fd, &batch) > 0, "%m");
		reads++;
	}
	check_eq(reads, 2);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

static long poll_for_ever(void *arg)
{
	struct pollfd p = { .fd = afu.fd, .events = POLLIN };

	(void)arg;
	return poll(&p, 1, -1) == 1 ? p.revents : -1;
}

static void poll_wakes_at_an_event(void)
{
	struct sleeper sleeper;

	start();
	sleeper_start(&sleeper, poll_for_ever, NULL);
	usleep(QUIET_MS * 1000);
	check(!sleeper.done);
	afu_irq(&afu, 3);
	require(sleeper_join(&sleeper));
	check_eq(sleeper.result, POLLIN);
}

static void poll_wakes_at_a_fault(void)
{
	char *hole = no_access_page();
	struct sleeper sleeper;

	start();
	sleeper_start(&sleeper, poll_for_ever, NULL);
	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	require(sleeper_join(&sleeper));
	check_eq(sleeper.result, POLLIN);
}

/* It is not woken for what it did not ask for. */
static void poll_for_priority_sleeps_on(void)
{
	struct pollfd p;

	start();
	p = (struct pollfd){ .fd = afu.fd, .events = POLLPRI | POLLOUT };
	afu_irq(&afu, 1);
	check_eq(poll(&p, 1, QUIET_MS), 0);
}

static void all_pollers_wake(void)
{
	struct sleeper sleeper[3];
	int i;

	start();
	for (i = 0; i < 3; i++)
		sleeper_start(&sleeper[i], poll_for_ever, NULL);
	afu_irq(&afu, 3);
	for (i = 0; i < 3; i++) {
		require(sleeper_join(&sleeper[i]));
		check_eq(sleeper[i].result, POLLIN);
	}
}

static long select_for_ever(void *arg)
{
	fd_set in, out, except;
	int n;

	(void)arg;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(afu.fd, &in);
	FD_SET(afu.fd, &out);
	FD_SET(afu.fd, &except);
	n = select(afu.fd + 1, &in, &out, &except, NULL);
	return n | !!FD_ISSET(afu.fd, &in) << 4 |
	       !!FD_ISSET(afu.fd, &out) << 5 | !!FD_ISSET(afu.fd, &except) << 6;
}

static void select_wakes_at_an_event(void)
{
	struct timeval now = { 0 };
	struct sleeper sleeper;
	fd_set in;

	start();
	sleeper_start(&sleeper, select_for_ever, NULL);
	usleep(QUIET_MS * 1000);
	check(!sleeper.done);
	afu_irq(&afu, 3);
	require(sleeper_join(&sleeper));
	/* Readable, and only that */
	check_eq(sleeper.result, 1 | 1 << 4);
	check_eq(select_for_ever(NULL), 1 | 1 << 4);
	drain();
	FD_ZERO(&in);
	FD_SET(afu.fd, &in);
	check_eq(select(afu.fd + 1, &in, NULL, NULL, &now), 0);
}

static int epoll_with(unsigned int events)
{
	struct epoll_event event = { .events = events, .data.u64 = 0x1234 };
	int ep = require_ok(epoll_create1(EPOLL_CLOEXEC));

	require_ok(epoll_ctl(ep, EPOLL_CTL_ADD, afu.fd, &event));
	return ep;
}

/* The events that epoll_wait() reports within @ms, 0 for none */
static unsigned int epoll_says(int ep, int ms)
{
	struct epoll_event event;
	int n = epoll_wait(ep, &event, 1, ms);

	check(n >= 0, "%m");
	if (n <= 0)
		return 0;
	check_eq(event.data.u64, 0x1234);
	return event.events;
}

static void epoll_level_repeats_until_read(void)
{
	int ep;

	start();
	ep = epoll_with(EPOLLIN);
	check_eq(epoll_says(ep, 0), 0);
	afu_irq(&afu, 1);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
	check_ok(events_read(afu.fd, &batch));
	check_eq(epoll_says(ep, QUIET_MS), 0);
}

static void epoll_edge_tells_each_event_once(void)
{
	int ep;

	start();
	ep = epoll_with(EPOLLIN | EPOLLET);
	check_eq(epoll_says(ep, 0), 0);
	afu_irq(&afu, 1);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
	check_eq(epoll_says(ep, QUIET_MS), 0);
	/* Another one, while the first is still pending */
	afu_irq(&afu, 2);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
	check_eq(epoll_says(ep, QUIET_MS), 0);
	check_eq(events_read(afu.fd, &batch), 32);
	check_eq(epoll_says(ep, QUIET_MS), 0);
	/* And after it was drained. */
	afu_irq(&afu, 1);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
}

/* What was pending before the file was added is reported, too. */
static void epoll_edge_tells_what_was_there(void)
{
	int ep;

	start();
	afu_irq(&afu, 1);
	ep = epoll_with(EPOLLIN | EPOLLET);
	check_eq(epoll_says(ep, SOON_MS), EPOLLIN);
	check_eq(epoll_says(ep, QUIET_MS), 0);
}

/* The loop that edge-triggered programs have: drain, wait, drain ... */
static void epoll_edge_misses_no_event(void)
{
	int ep, i;

	start();
	ep = epoll_with(EPOLLIN | EPOLLET);
	for (i = 0; i < 50; i++) {
		queue_add(&afu.queue, WE_IRQ, 1 + i % 8, NULL, NULL);
		require_eq(epoll_says(ep, SOON_MS), EPOLLIN);
		require_eq(events_read(afu.fd, &batch), 16);
		check_eq(batch.event[0].irq.irq, 1 + i % 8);
		drain();
		mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	}
}

static long epoll_for_ever(void *arg)
{
	struct epoll_event event = { 0 };

	return epoll_wait(*(int *)arg, &event, 1, -1) == 1 ? event.events : 0;
}

static void epoll_wakes_at_an_event(void)
{
	struct sleeper sleeper;
	int ep;

	start();
	ep = epoll_with(EPOLLIN | EPOLLRDNORM | EPOLLPRI | EPOLLOUT);
	sleeper_start(&sleeper, epoll_for_ever, &ep);
	usleep(QUIET_MS * 1000);
	check(!sleeper.done);
	afu_irq(&afu, 1);
	require(sleeper_join(&sleeper));
	check_eq(sleeper.result, EPOLLIN | EPOLLRDNORM);
}

static struct {
	unsigned int count;
	int fd;
	int code;
	long band;
} signalled;

static void on_io(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	signalled.fd = info->si_fd;
	signalled.code = info->si_code;
	signalled.band = info->si_band;
	__atomic_add_fetch(&signalled.count, 1, __ATOMIC_RELEASE);
}

static unsigned int signal_count(void)
{
	return __atomic_load_n(&signalled.count, __ATOMIC_ACQUIRE);
}

static void handle(int sig)
{
	struct sigaction action = {
		.sa_sigaction = on_io,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	require_ok(sigaction(sig, &action, NULL));
}

static void sigio_at_each_event(void)
{
	start();
	handle(SIGIO);
	require_ok(fcntl(afu.fd, F_SETOWN, getpid()));
	afu_irq(&afu, 1);
	/* Not asked for yet. */
	check_eq(signal_count(), 0);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK | O_ASYNC));
	afu_irq(&afu, 2);
	check(becomes_true(signal_count() == 1));
	afu_irq(&afu, 3);
	check(becomes_true(signal_count() == 2));
	check_eq(events_read(afu.fd, &batch), 48);

	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	afu_irq(&afu, 4);
	usleep(QUIET_MS * 1000);
	check_eq(signal_count(), 2);
}

/* With a signal of its choice a program is told which file it is about. */
static void sigio_names_the_file(void)
{
	start();
	handle(SIGRTMIN);
	require_ok(fcntl(afu.fd, F_SETOWN, getpid()));
	require_ok(fcntl(afu.fd, F_SETSIG, SIGRTMIN));
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK | O_ASYNC));
	afu_irq(&afu, 2);
	check(becomes_true(signal_count() == 1));
	check_eq(signalled.fd, afu.fd);
	check_eq(signalled.code, POLL_IN);
	check(signalled.band & POLLIN, "%#lx", signalled.band);
}

static void sigio_ends_with_the_file(void)
{
	struct sim_card card;
	struct afu other;

	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	handle(SIGIO);
	require_ok(fcntl(afu.fd, F_SETOWN, getpid()));
	require_ok(fcntl(afu.fd, F_SETFL, O_ASYNC));
	afu_irq(&afu, 1);
	check(becomes_true(signal_count() == 1));
	afu_stop(&afu);

	/* The same process element, but nobody asked for its signals. */
	afu_start(&other, card.slave, 4);
	check_eq(other.pe, afu.pe);
	afu_irq(&other, 1);
	usleep(QUIET_MS * 1000);
	check_eq(signal_count(), 1);
}

static const struct tap_test tests[] = {
	{ "chardev_poll.nothing_pending_is_no_event",
	  nothing_pending_is_no_event },
	{ "chardev_poll.pending_is_readable_until_drained",
	  pending_is_readable_until_drained },
	{ "chardev_poll.poll_and_read_agree", poll_and_read_agree },
	{ "chardev_poll.poll_wakes_at_an_event", poll_wakes_at_an_event },
	{ "chardev_poll.poll_wakes_at_a_fault", poll_wakes_at_a_fault },
	{ "chardev_poll.poll_for_priority_sleeps_on",
	  poll_for_priority_sleeps_on },
	{ "chardev_poll.all_pollers_wake", all_pollers_wake },
	{ "chardev_poll.select_wakes_at_an_event", select_wakes_at_an_event },
	{ "chardev_poll.epoll_level_repeats_until_read",
	  epoll_level_repeats_until_read },
	{ "chardev_poll.epoll_edge_tells_each_event_once",
	  epoll_edge_tells_each_event_once },
	{ "chardev_poll.epoll_edge_tells_what_was_there",
	  epoll_edge_tells_what_was_there },
	{ "chardev_poll.epoll_edge_misses_no_event",
	  epoll_edge_misses_no_event },
	{ "chardev_poll.epoll_wakes_at_an_event", epoll_wakes_at_an_event },
	{ "chardev_poll.sigio_at_each_event", sigio_at_each_event },
	{ "chardev_poll.sigio_names_the_file", sigio_names_the_file },
	{ "chardev_poll.sigio_ends_with_the_file", sigio_ends_with_the_file,
	  sim_cards_remove },
};

TAP_MAIN(tests)
