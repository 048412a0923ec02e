// SPDX-License-Identifier: GPL-2.0-only
/* E12: the end of a context: reported once, nothing after it, no leaks. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define REFCNT "/sys/module/cxl_test_afu/refcnt"

static char buf[65536];

static void close_tells_once(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, has_context), 0);
	event_check(&afu);
}

static void undelivered_events_stay_with_the_driver(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 50, 100);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), 37 * (HEADER_SIZE + 100));
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, delivered), 37);
	/* One of them was fetched, and did not fit. */
	check_eq(event_state_of(&afu, returned), 1);
	check_eq(event_state_of(&afu, dropped), 13);
	event_check_settled(&afu);
}

static void only_the_last_close_counts(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;
	int other, status;
	pid_t pid;

	event_open_ops(&afu);
	other = require_ok(dup(afu.fd));
	pid = require_ok(fork());
	if (!pid) {
		pause();
		_exit(0);
	}
	close(other);
	event_send_ok(&afu, 2, 8);
	check_eq(event_drain(&afu, &stream), 2);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(becomes_true(event_state_of(&afu, closed) == 1));
	event_check(&afu);
}

static void unset_ops_hear_nothing(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 0);
	event_check(&afu);
}

static void release_by_the_driver_tells_once(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 3, 8);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, dropped), 3);
	/* The program still has its file, which is at its end. */
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
	check_eq(event_counter(afu.fd, "lost"), 3);
	event_check_counters(afu.fd);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 1);
	event_check(&afu);
}

/* The program gets what the card reported before, whatever the driver does. */
static void generic_events_survive_the_driver(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_ops(&afu);
	event_irq(&afu, 4);
	event_error(&afu, 9);
	event_send_ok(&afu, 1, 8);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	event_drain(&afu, &stream);
	check_eq(stream.drivers, 0);
	check_eq(stream.irqs, 1);
	check_eq(stream.errors, 1);
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
}

static void *release_thread(void *arg)
{
	struct event_afu *afu = arg;

	check_ok(event_op(afu, CXL_TEST_RELEASE));
	return NULL;
}

/* context_closed comes after the last event_delivered. */
static void in_flight_is_waited_for(void)
{
	struct sleeper reader;
	struct event_afu afu;
	pthread_t thread;

	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	event_wait_held(&afu);
	require_eq(pthread_create(&thread, NULL, release_thread, &afu), 0);
	usleep(QUIET_MS * 1000);
	check_eq(event_state_of(&afu, closed), 0);
	event_hold(&afu, 0);
	pthread_join(thread, NULL);
	check_eq(event_state_of(&afu, closed), 1);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 8);
	check_eq(event_state_of(&afu, delivered), 1);
	event_check_settled(&afu);
}

/* Stuck in its own page fault with two events, and killed there */
static void a_killed_reader_leaves_nothing_in_flight(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct slow_reader reader;
	struct event_afu afu;
	int status;
	pid_t pid;

	event_open_ops(&afu);
	event_send_ok(&afu, 2, 8);
	pid = require_ok(fork());
	if (!pid) {
		slow_reader_start(&reader, afu.fd, 0);
		pause();
		_exit(0);
	}
	require(becomes_true(event_state_of(&afu, in_flight) == 2));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check_eq(event_state_of(&afu, in_flight), 0);
	check_eq(event_state_of(&afu, queued), 2);
	check_eq(event_drain(&afu, &stream), 2);
	event_check_settled(&afu);
}

/* Producers do not know that the program is gone. */
static void late_announcements_are_harmless(void)
{
	struct cxl_test_produce what = {
		.count = ~0ULL >> 1,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_TIMER |
			   1 << CXL_TEST_HARDIRQ | 1 << CXL_TEST_TASKLET,
		.min_size = 8,
		.max_size = 8,
		.burst = 4,
	};
	struct event_stream stream = EVENT_STREAM(8, 8);
	unsigned int i, rounds = tap_rounds(20, 4);
	struct event_afu afu;
	ssize_t n;

	for (i = 0; i < rounds; i++) {
		event_open_ops(&afu);
		event_produce(&afu, &what);
		/* Once: on a slow kernel there are always more. */
		n = require_ok(read(afu.fd, buf, sizeof(buf)));
		check(event_feed(&stream, buf, n) > 0);
		stream.next[0] = 0;
		if (i & 1)
			check_ok(event_op(&afu, CXL_TEST_RELEASE));
		else
			event_close_fd(&afu);
		check_eq(event_state_of(&afu, closed), 1);
		usleep(10000);
		event_check(&afu);
		event_close(&afu);
	}
}

/* A queue's context ends in the same ways. */
static void a_queue_outlives_its_context(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 16, 64);
	event_send_ok(&afu, 3, 8);
	event_close_fd(&afu);
	check_eq(event_send(&afu, CXL_TEST_HARDIRQ, 1, 8, 8), 0);
	check_errno(event_op(&afu, CXL_TEST_QUEUE_RESERVE), EPIPE);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));
}

/*
 * There are fewer process elements than this. A kernel with checks is too slow
 * for so many, but finds leaks itself.
 */
static void nothing_leaks(void)
{
	long long before = file_number(REFCNT);
	unsigned int i, rounds = tap_rounds(1200, 60);
	struct event_afu afu;

	for (i = 0; i < rounds; i++) {
		if (i % 3 == 2)
			event_open_queue(&afu, 4, 16);
		else
			event_open_ops(&afu);
		event_send_ok(&afu, 2, 8);
		if (i % 5 == 0)
			check_ok(event_op(&afu, CXL_TEST_RELEASE));
		event_close(&afu);
	}
	check(becomes_true(file_number(REFCNT) == before));
}

static const struct tap_test tests[] = {
	{ "E12.close_tells_once", close_tells_once },
	{ "E12.undelivered_events_stay_with_the_driver",
	  undelivered_events_stay_with_the_driver },
	{ "E12.only_the_last_close_counts", only_the_last_close_counts },
	{ "E12.unset_ops_hear_nothing", unset_ops_hear_nothing },
	{ "E12.release_by_the_driver_tells_once",
	  release_by_the_driver_tells_once },
	{ "E12.generic_events_survive_the_driver",
	  generic_events_survive_the_driver },
	{ "E12.in_flight_is_waited_for", in_flight_is_waited_for },
	{ "E12.a_killed_reader_leaves_nothing_in_flight",
	  a_killed_reader_leaves_nothing_in_flight },
	{ "E12.late_announcements_are_harmless",
	  late_announcements_are_harmless, .limit = 60 },
	{ "E12.a_queue_outlives_its_context", a_queue_outlives_its_context },
	{ "E12.nothing_leaks", nothing_leaks, .limit = 120 },
};

EVENT_MAIN(tests)
