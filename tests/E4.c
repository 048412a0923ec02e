// SPDX-License-Identifier: GPL-2.0-only
/* E4: fetch_event and event_delivered: where, how often, and with what rc. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static char buf[65536];

/* The driver checks its context in each callback, however delivery ends. */
static void fetch_has_the_lock_delivered_has_not(void)
{
	struct event_stream stream = EVENT_STREAM(0, 100);
	struct event_afu afu;

	event_open_ops(&afu);
	event_send(&afu, CXL_TEST_HARDIRQ, 20, 0, 100);
	event_send_null(&afu);
	event_send_bad_size(&afu, 4000);
	check_errno(read(afu.fd, guarded_end(0), sizeof(buf)), EFAULT);
	/* The context is closed with some of them pending. */
	check_eq(event_drain(&afu, &stream), 20);
	event_send_ok(&afu, 5, 10);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_FETCH_CAN_SLEEP]), 0);
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_DELIVERED_ATOMIC]), 0);
	event_check(&afu);
}

static void delivered_says_0_once_for_each(void)
{
	struct cxl_test_state state;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 7, 32);
	check_eq(read(afu.fd, buf, sizeof(buf)), 7 * (HEADER_SIZE + 32));
	event_state(&afu, &state);
	check_eq(state.fetched, 7);
	check_eq(state.delivered, 7);
	check_eq(state.returned, 0);
	check_eq(state.rejected, 0);
	event_check_settled(&afu);
}

static void delivered_says_efault_when_the_copy_failed(void)
{
	struct event_stream stream = EVENT_STREAM(32, 32);
	struct cxl_test_state state;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 3, 32);
	check_errno(read(afu.fd, guarded_end(0), sizeof(buf)), EFAULT);
	event_state(&afu, &state);
	check_eq(state.delivered, 0);
	check_eq(state.returned, 3);
	check_eq(state.fetched, 3);
	check_eq(state.queued, 3);
	check_eq(state.in_flight, 0);
	check_eq(event_counter(afu.fd, "returned"), 3);

	check_eq(event_drain(&afu, &stream), 3);
	check_eq(event_state_of(&afu, delivered), 3);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static void the_driver_may_drop_what_comes_back(void)
{
	struct event_stream stream = EVENT_STREAM(32, 32);
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, CXL_TEST_OPS_DROP, 0, 0));
	event_send_ok(&afu, 3, 32);
	check_errno(read(afu.fd, guarded_end(0), sizeof(buf)), EFAULT);
	check_eq(event_state_of(&afu, dropped), 3);
	check_eq(events_poll(afu.fd), 0);
	event_send_ok(&afu, 2, 32);
	stream.next[0] = 3;
	check_eq(event_drain(&afu, &stream), 2);
	event_check_settled(&afu);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
}

static void delivered_says_einval_for_bad_events(void)
{
	struct event_stream stream = EVENT_STREAM(32, 32);
	struct cxl_test_state state;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_null(&afu);
	event_send_bad_size(&afu, 129);
	event_send_null(&afu);
	event_send_ok(&afu, 1, 32);
	event_send_bad_size(&afu, 0xffffffff);
	stream.next[0] = 3;
	check_eq(event_drain(&afu, &stream), 1);
	event_state(&afu, &state);
	check_eq(state.fetched, 5);
	check_eq(state.delivered, 1);
	check_eq(state.rejected, 4);
	check_eq(state.returned, 0);
	event_check_settled(&afu);
}

/* Each announcement is one fetch_event, even if the driver has nothing. */
static void one_fetch_for_each_event_announced(void)
{
	struct cxl_test_state state;
	struct event_afu afu;

	event_open_ops(&afu);
	check_eq(event_send_flags(&afu, 6, 16, CXL_TEST_SEND_SILENT), 6);
	check_eq(events_poll(afu.fd), 0);
	event_announce(&afu, 2);
	check_eq(read(afu.fd, buf, sizeof(buf)), 2 * (HEADER_SIZE + 16));
	check_eq(event_state_of(&afu, fetched), 2);
	event_announce(&afu, 4);
	check_eq(read(afu.fd, buf, sizeof(buf)), 4 * (HEADER_SIZE + 16));

	event_set_nonblock(&afu, true);
	event_announce(&afu, 3);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	event_state(&afu, &state);
	check_eq(state.fetched, 9);
	check_eq(state.rejected, 3);
	check_eq(state.violation[CXL_TEST_V_FETCH_NOTHING_LEFT], 3);
	check_eq(state.in_flight, 0);
}

/* Ops cannot be exchanged between the fetch and its event_delivered. */
static void same_pair_for_fetch_and_delivered(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct sleeper reader;
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	for (i = 0; i < 10; i++) {
		event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
		sleeper_start(&reader, event_read_call, &afu.fd);
		event_send_ok(&afu, 3, 16);
		event_wait_held(&afu);
		check_errno(event_set_ops(&afu, 0, !(i & 1), 0), EBUSY);
		check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
		event_hold(&afu, 0);
		require(sleeper_join(&reader));
		stream.next[0] += reader.result / (HEADER_SIZE + 16);
		event_drain(&afu, &stream);
		check_ok(event_set_ops(&afu, 0, !(i & 1), 0));
	}
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_OTHER_PAIR]), 0);
	event_check_settled(&afu);
}

/* Random buffers, many of them bad, and bad events among the good ones. */
static void exactly_one_delivered_per_fetch(void)
{
	struct event_stream stream = EVENT_STREAM(CXL_TEST_MIN_NUMBERED, 128);
	char *end = guarded_end(8192);
	struct cxl_test_state state;
	unsigned int seed = 1, i, n;
	unsigned int faults = 0;
	struct event_afu afu;
	ssize_t size;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	for (i = 0; i < 2000; i++) {
		event_send(&afu, rand_r(&seed) % CXL_TEST_IPI,
			   rand_r(&seed) % 4, CXL_TEST_MIN_NUMBERED, 128);
		n = rand_r(&seed) % (i & 1 ? 300 : 6000);
		size = read(afu.fd, end - n, CXL_READ_MIN_SIZE + n / 2);
		if (size > 0)
			event_feed(&stream, end - n, size);
		else if (errno == EFAULT)
			faults++;
		else
			check_eq(errno, EAGAIN);
	}
	event_drain(&afu, &stream);
	check(faults > 50, "%u", faults);
	event_state(&afu, &state);
	check_eq(stream.drivers, state.sent);
	check_eq(state.fetched, state.delivered + state.returned);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static const struct tap_test tests[] = {
	{ "E4.fetch_has_the_lock_delivered_has_not",
	  fetch_has_the_lock_delivered_has_not },
	{ "E4.delivered_says_0_once_for_each", delivered_says_0_once_for_each },
	{ "E4.delivered_says_efault_when_the_copy_failed",
	  delivered_says_efault_when_the_copy_failed },
	{ "E4.the_driver_may_drop_what_comes_back",
	  the_driver_may_drop_what_comes_back },
	{ "E4.delivered_says_einval_for_bad_events",
	  delivered_says_einval_for_bad_events },
	{ "E4.one_fetch_for_each_event_announced",
	  one_fetch_for_each_event_announced },
	{ "E4.same_pair_for_fetch_and_delivered",
	  same_pair_for_fetch_and_delivered },
	{ "E4.exactly_one_delivered_per_fetch",
	  exactly_one_delivered_per_fetch, .limit = 120 },
};

EVENT_MAIN(tests)
