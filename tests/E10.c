// SPDX-License-Identifier: GPL-2.0-only
/* E10: all who wait are woken, in every state; read and poll agree. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define READABLE	(POLLIN | POLLRDNORM)
#define ENDED		(POLLERR | POLLHUP)

static char buf[65536];

static long select_call(void *fd)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(*(int *)fd, &in);
	return select(*(int *)fd + 1, &in, NULL, NULL, NULL);
}

static long epoll_call(void *fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, *(int *)fd, &event);
	if (epoll_wait(epoll, &event, 1, -1) != 1)
		return -1;
	return event.events;
}

/* One that reads and three that only poll */
struct waiters {
	struct sleeper reader;
	struct sleeper poller;
	struct sleeper selecter;
	struct sleeper epoller;
};

static void waiters_start(struct waiters *w, int *fd)
{
	sleeper_start(&w->reader, event_read_call, fd);
	sleeper_start(&w->poller, event_poll_call, fd);
	sleeper_start(&w->selecter, select_call, fd);
	sleeper_start(&w->epoller, epoll_call, fd);
}

/* All return, because nothing more can come. */
static void waiters_end(struct waiters *w)
{
	require(sleeper_join(&w->reader));
	check_eq(w->reader.result, -1);
	check_eq(w->reader.error, EIO);
	require(sleeper_join(&w->poller));
	check_eq(w->poller.result, ENDED);
	require(sleeper_join(&w->selecter));
	check_eq(w->selecter.result, 1);
	require(sleeper_join(&w->epoller));
	check_eq(w->epoller.result, EPOLLERR | EPOLLHUP);
}

/* The reader returns with @size bytes; pollers saw them, or came too late. */
static void waiters_read(struct waiters *w, struct event_afu *afu, long size)
{
	require(sleeper_join(&w->reader));
	check_eq(w->reader.result, size);
	/* This one stays, for those that were slower than the reader. */
	event_error(afu, 1);
	require(sleeper_join(&w->poller));
	check_eq(w->poller.result & ~POLLRDNORM, POLLIN);
	require(sleeper_join(&w->selecter));
	check_eq(w->selecter.result, 1);
	require(sleeper_join(&w->epoller));
	check_eq(w->epoller.result, EPOLLIN);
	event_drain(afu, &(struct event_stream)EVENT_STREAM(8, 8));
}

static void at_each_kind_of_event(void)
{
	struct event_afu afu;
	struct waiters w;

	event_open_ops(&afu);
	waiters_start(&w, &afu.fd);
	event_send_ok(&afu, 1, 8);
	waiters_read(&w, &afu, HEADER_SIZE + 8);

	waiters_start(&w, &afu.fd);
	event_inject(&afu, CXL_TEST_INTERRUPT, CXL_TEST_HARDIRQ, 3);
	waiters_read(&w, &afu, IRQ_SIZE);

	waiters_start(&w, &afu.fd);
	event_fault(&afu);
	waiters_read(&w, &afu, FAULT_SIZE);

	waiters_start(&w, &afu.fd);
	event_inject(&afu, CXL_TEST_ERROR, CXL_TEST_HARDIRQ, 3);
	waiters_read(&w, &afu, ERROR_SIZE);
}

static void at_stop_of_a_started_context(void)
{
	struct event_afu afu;
	struct waiters w;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	waiters_start(&w, &afu.fd);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	waiters_end(&w);
}

static void at_stop_of_a_context_never_started(void)
{
	struct event_afu afu;
	struct waiters w;

	event_open(&afu, 0);
	waiters_start(&w, &afu.fd);
	/* It was not started, but it is closed all the same. */
	check_errno(event_op(&afu, CXL_TEST_STOP), EBUSY);
	waiters_end(&w);
}

static void at_release_of_a_started_context(void)
{
	struct event_afu afu;
	struct waiters w;

	event_open_ops(&afu);
	waiters_start(&w, &afu.fd);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	waiters_end(&w);
	check_eq(event_state_of(&afu, closed), 1);
}

static void at_release_of_a_context_never_started(void)
{
	struct event_afu afu;
	struct waiters w;

	event_open(&afu, 0);
	require_ok(event_set_ops(&afu, 0, 0, 0));
	waiters_start(&w, &afu.fd);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	waiters_end(&w);
	check_eq(event_state_of(&afu, closed), 1);
}

static void check_link_down(__u32 flags)
{
	struct event_afu afu;
	struct waiters w;

	event_open(&afu, flags);
	require_ok(event_set_ops(&afu, 0, 0, 0));
	waiters_start(&w, &afu.fd);
	event_set_link(false);
	waiters_end(&w);
	event_set_link(true);
	check_eq(events_poll(afu.fd), 0);

	/* It goes on. */
	waiters_start(&w, &afu.fd);
	event_send_ok(&afu, 1, 8);
	waiters_read(&w, &afu, HEADER_SIZE + 8);
}

static void at_link_down(void)
{
	check_link_down(CXL_TEST_NEW_STARTED);
	check_link_down(0);
}

static void link_up(void)
{
	event_set_link(true);
}

static void at_unbind_of_the_driver(void)
{
	struct event_afu afu[2];
	struct waiters w[2];

	event_open_ops(&afu[0]);
	event_open(&afu[1], 0);
	require_ok(event_set_ops(&afu[1], 0, 1, 0));
	waiters_start(&w[0], &afu[0].fd);
	waiters_start(&w[1], &afu[1].fd);
	event_unbind(&afu[0]);
	waiters_end(&w[0]);
	waiters_end(&w[1]);
	check_eq(event_state_of(&afu[0], closed), 1);
	check_eq(event_state_of(&afu[1], closed), 1);
	event_check(&afu[0]);
	event_bind(&afu[0]);
}

/* Also with the standard file operations, whose end the driver does not see */
static void at_removal_of_the_card(void)
{
	struct event_afu afu[4];
	struct waiters w[4];
	int i;

	for (i = 0; i < 4; i++) {
		event_open(&afu[i], (i & 1 ? CXL_TEST_NEW_STARTED : 0) |
				    (i & 2 ? CXL_TEST_NEW_PLAIN_FOPS : 0));
		require_ok(event_set_ops(&afu[i], 0, 0, 0));
		waiters_start(&w[i], &afu[i].fd);
	}
	event_remove_card();
	for (i = 0; i < 4; i++) {
		waiters_end(&w[i]);
		event_check(&afu[i]);
		event_close(&afu[i]);
	}
	event_make_card();
}

static void card_is_there(void)
{
	file_write("1", "/sys/kernel/config/cxl-sim/event-test/live");
}

/* The removal waits for the one that is delivering, slowly, and no longer. */
static void removal_waits_for_no_reader(void)
{
	struct sleeper delivering, waiting;
	struct event_afu afu;
	long long begin;

	event_open_ops(&afu);
	event_slow(&afu, 0, 200000);
	sleeper_start(&delivering, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	require(becomes_true(event_state_of(&afu, in_delivered)));
	sleeper_start(&waiting, event_read_call, &afu.fd);
	begin = now_ms();
	event_remove_card();
	check(now_ms() - begin < SOON_MS);
	require(sleeper_join(&delivering));
	check_eq(delivering.result, HEADER_SIZE + 8);
	require(sleeper_join(&waiting));
	check_eq(waiting.error, EIO);
	check_eq(event_state_of(&afu, closed), 1);
	event_check(&afu);
	event_make_card();
}

/* It is stuck in its own page fault, for as long as it likes. */
static void a_slow_buffer_stalls_no_removal(void)
{
	struct slow_reader reader;
	struct event_afu afu;
	long long begin;

	event_open_ops(&afu);
	event_send_ok(&afu, 2, 8);
	slow_reader_start(&reader, afu.fd, 0);
	begin = now_ms();
	event_remove_card();
	check(now_ms() - begin < SOON_MS);
	/* Its events went back before the context was closed. */
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, returned), 2);
	check_eq(event_state_of(&afu, dropped), 2);
	check(!reader.done);
	slow_reader_join(&reader);
	check_eq(reader.result, -1);
	check_eq(reader.error, EIO);
	event_check(&afu);
	event_make_card();
}

static void a_slow_buffer_stalls_no_unset_or_release(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct slow_reader reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 8);
	slow_reader_start(&reader, afu.fd, 0);
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	check_eq(event_drain(&afu, &stream), 1);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	slow_reader_join(&reader);
	check_eq(reader.error, EIO);
	event_check_settled(&afu);
}

static void poll_says_err_and_hup_once_drained(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 8);
	check_eq(events_poll(afu.fd), READABLE);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_eq(events_poll(afu.fd), READABLE);
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	check_eq(events_poll(afu.fd), ENDED);
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
}

/* Closed while a reader delivers the last event: the poller is told. */
static void poll_sees_the_end_that_comes_during_a_delivery(void)
{
	struct sleeper reader, poller;
	struct event_afu afu;

	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	event_wait_held(&afu);
	sleeper_start(&poller, event_poll_call, &afu.fd);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	/* It polls, and is told nothing yet. */
	usleep(QUIET_MS * 1000);
	check(!poller.done);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 8);
	require(sleeper_join(&poller));
	check_eq(poller.result, ENDED);
}

/* The same, but the event delivered was a bad one that nobody gets. */
static void poll_sees_the_end_that_comes_during_a_rejection(void)
{
	struct sleeper reader, poller;
	struct event_afu afu;

	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_null(&afu);
	event_wait_held(&afu);
	sleeper_start(&poller, event_poll_call, &afu.fd);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	/* It polls, and is told nothing yet. */
	usleep(QUIET_MS * 1000);
	check(!poller.done);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(reader.error, EIO);
	require(sleeper_join(&poller));
	check_eq(poller.result, ENDED);
}

/*
 * A read leaves a fetched event behind, because it did not fit; a poller must
 * see it at any time.
 */
static void an_event_left_behind_wakes(void)
{
	unsigned int i, rounds = tap_rounds(300, 20);
	struct event_reader reader;
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, 3000));
	event_reader_start(&reader, &afu,
			   (struct event_stream)EVENT_STREAM(3000, 3000));
	event_reader_stop(&reader);
	event_set_nonblock(&afu, false);
	for (i = 0; i < rounds; i++) {
		struct sleeper first, second;

		sleeper_start(&first, event_read_call, &afu.fd);
		sleeper_start(&second, event_read_call, &afu.fd);
		/* Both fit into one buffer, or each has one. */
		event_send_ok(&afu, 1, 3000);
		event_send_ok(&afu, 1, 3000);
		require(becomes_true(event_state_of(&afu, delivered) ==
				     2 * (i + 1)));
		if (!first.done || !second.done)
			event_error(&afu, 1);
		require(sleeper_join(&first));
		require(sleeper_join(&second));
		event_set_nonblock(&afu, true);
		read(afu.fd, buf, sizeof(buf));
		event_set_nonblock(&afu, false);
	}
	event_check_settled(&afu);
}

/* Whatever happens: it is readable exactly if it can be read. */
static void poll_and_read_agree(void)
{
	char *end = guarded_end(0);
	struct event_afu afu;
	unsigned int seed = 3, i;
	int want, got;
	ssize_t n;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	for (i = 0; i < 1500; i++) {
		switch (rand_r(&seed) % 8) {
		case 0:
			event_send_ok(&afu, rand_r(&seed) % 50, 128);
			break;
		case 1:
			event_irq(&afu, 1 + rand_r(&seed) % EVENT_IRQS);
			break;
		case 2:
			event_error(&afu, i);
			break;
		case 3:
			/* Changes nothing */
			n = read(afu.fd, end, CXL_READ_MIN_SIZE);
			check(n < 0 && errno != EINVAL);
			break;
		case 4:
			event_set_link(rand_r(&seed) & 1);
			break;
		default:
			want = events_poll(afu.fd);
			n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
			if (n > 0)
				got = READABLE;
			else
				got = errno == EIO ? ENDED :
				      errno == EAGAIN ? 0 : -1;
			check_eq(want, got);
			break;
		}
	}
	event_set_link(true);
	event_check(&afu);
}

static const struct tap_test tests[] = {
	{ "E10.at_each_kind_of_event", at_each_kind_of_event },
	{ "E10.at_stop_of_a_started_context", at_stop_of_a_started_context },
	{ "E10.at_stop_of_a_context_never_started",
	  at_stop_of_a_context_never_started },
	{ "E10.at_release_of_a_started_context",
	  at_release_of_a_started_context },
	{ "E10.at_release_of_a_context_never_started",
	  at_release_of_a_context_never_started },
	{ "E10.at_link_down", at_link_down, .cleanup = link_up },
	{ "E10.at_unbind_of_the_driver", at_unbind_of_the_driver },
	{ "E10.at_removal_of_the_card", at_removal_of_the_card,
	  .cleanup = card_is_there },
	{ "E10.removal_waits_for_no_reader", removal_waits_for_no_reader,
	  .cleanup = card_is_there },
	{ "E10.a_slow_buffer_stalls_no_removal",
	  a_slow_buffer_stalls_no_removal, .cleanup = card_is_there },
	{ "E10.a_slow_buffer_stalls_no_unset_or_release",
	  a_slow_buffer_stalls_no_unset_or_release },
	{ "E10.poll_says_err_and_hup_once_drained",
	  poll_says_err_and_hup_once_drained },
	{ "E10.poll_sees_the_end_that_comes_during_a_delivery",
	  poll_sees_the_end_that_comes_during_a_delivery },
	{ "E10.poll_sees_the_end_that_comes_during_a_rejection",
	  poll_sees_the_end_that_comes_during_a_rejection },
	{ "E10.an_event_left_behind_wakes", an_event_left_behind_wakes,
	  .limit = 60 },
	{ "E10.poll_and_read_agree", poll_and_read_agree, .limit = 60,
	  .cleanup = link_up },
};

EVENT_MAIN(tests)
