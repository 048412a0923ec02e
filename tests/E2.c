// SPDX-License-Identifier: GPL-2.0-only
/* E2: cxl_unset_driver_ops() waits for nothing and leaves nothing behind. */
#include <errno.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static char buf[2 * CXL_READ_MIN_SIZE];

static void nothing_to_unset_is_fine(void)
{
	struct event_afu afu;

	event_open(&afu, 0);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	require_ok(event_set_ops(&afu, 0, 0, 0));
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
}

static void ebusy_while_events_are_pending(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 2, 8);
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	check_eq(event_drain(&afu, &stream), 2);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_check_settled(&afu);
}

static void ebusy_while_an_event_is_in_flight(void)
{
	struct sleeper reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	event_wait_held(&afu);
	/* No event is announced any more, but the callback of one still runs. */
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_check_settled(&afu);
}

static void ebusy_while_a_fetched_event_waits(void)
{
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	event_send_ok(&afu, 2, EVENT_MAX_DATA);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), CXL_READ_MIN_SIZE);
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), CXL_READ_MIN_SIZE);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_check_settled(&afu);
}

/* The reader is stuck in its own page fault, and so is the event. */
static void ebusy_while_a_buffer_is_faulted_in(void)
{
	struct slow_reader reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 8);
	slow_reader_start(&reader, afu.fd, 0);
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	slow_reader_join(&reader);
	check_eq(reader.result, HEADER_SIZE + 8);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_check_settled(&afu);
}

static void announcements_without_ops_are_rejected(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_ops(&afu);
	require_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_announce(&afu, 3);
	check_eq(events_poll(afu.fd), 0);
	check_eq(event_counter(afu.fd, "rejected"), 3);
	check_eq(event_counter(afu.fd, "pending"), 0);
	/* And they do not count once there are ops again. */
	require_ok(event_set_ops(&afu, 0, 1, 0));
	check_eq(events_poll(afu.fd), 0);
	event_send_ok(&afu, 1, 8);
	check_eq(event_drain(&afu, &stream), 1);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

/*
 * Producers in every context, a reader, and ops that come and go under them: no
 * callback runs after the ops were unset, and no event is lost.
 */
static void no_callback_once_it_returned_0(void)
{
	struct cxl_test_produce what = {
		.count = 20000,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_TIMER |
			   1 << CXL_TEST_TASKLET | 1 << CXL_TEST_HARDIRQ,
		.min_size = 8,
		.max_size = 64,
		.burst = 8,
		.pause_us = 100,
	};
	unsigned int unset = 0, busy = 0, i;
	struct event_reader reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_reader_start(&reader, &afu,
			   (struct event_stream)EVENT_STREAM(8, 64));
	event_produce(&afu, &what);
	for (i = 0; event_state_of(&afu, producing); i++) {
		if (event_op(&afu, CXL_TEST_UNSET_OPS)) {
			check_eq(errno, EBUSY);
			busy++;
			continue;
		}
		unset++;
		check_ok(event_set_ops(&afu, 0, i & 1, 0));
	}
	event_op(&afu, CXL_TEST_HALT);
	event_reader_stop(&reader);
	check_eq(reader.stream.drivers, what.count);
	check_eq(reader.error, 0);
	diag("unset %u times, %u times it was busy", unset, busy);
	/* On a kernel with all checks there may always be events pending. */
	check(unset > 10 || tap_time_scale() > 2);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static const struct tap_test tests[] = {
	{ "E2.nothing_to_unset_is_fine", nothing_to_unset_is_fine },
	{ "E2.ebusy_while_events_are_pending", ebusy_while_events_are_pending },
	{ "E2.ebusy_while_an_event_is_in_flight",
	  ebusy_while_an_event_is_in_flight },
	{ "E2.ebusy_while_a_fetched_event_waits",
	  ebusy_while_a_fetched_event_waits },
	{ "E2.ebusy_while_a_buffer_is_faulted_in",
	  ebusy_while_a_buffer_is_faulted_in },
	{ "E2.announcements_without_ops_are_rejected",
	  announcements_without_ops_are_rejected },
	{ "E2.no_callback_once_it_returned_0", no_callback_once_it_returned_0,
	  .limit = 120 },
};

EVENT_MAIN(tests)
