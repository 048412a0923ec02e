// SPDX-License-Identifier: GPL-2.0-only
/* E1: cxl_set_driver_ops() takes good ops, at a good time, and pins them. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define REFCNT "/sys/module/cxl_test_afu/refcnt"

static char buf[2 * CXL_READ_MIN_SIZE];

static void set_ops_rejects_missing_callbacks(void)
{
	static const __u32 wrong[] = {
		CXL_TEST_OPS_NULL,
		CXL_TEST_OPS_NO_FETCH,
		CXL_TEST_OPS_NO_DELIVERED,
		CXL_TEST_OPS_NO_FETCH | CXL_TEST_OPS_NO_DELIVERED,
	};
	struct event_afu afu;
	unsigned int i;

	event_open(&afu, 0);
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		check_errno(event_set_ops(&afu, wrong[i], 0, 0), EINVAL);
		/* Nothing is installed that an announcement could reach. */
		event_announce(&afu, 1);
		check_eq(event_counter(afu.fd, "rejected"), i + 1);
		check_eq(events_poll(afu.fd), 0);
	}
}

static void context_closed_is_optional(void)
{
	struct event_stream stream = EVENT_STREAM(20, 20);
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	check_ok(event_set_ops(&afu, CXL_TEST_OPS_NO_CLOSED, 0, 0));
	event_send_ok(&afu, 3, 20);
	check_eq(event_drain(&afu, &stream), 3);
	event_send_ok(&afu, 2, 20);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 0);
	event_check(&afu);
}

static void rejected_ops_leave_the_earlier_ones(void)
{
	struct event_stream stream = EVENT_STREAM(20, 20);
	struct event_afu afu;

	event_open_ops(&afu);
	check_errno(event_set_ops(&afu, CXL_TEST_OPS_NULL, 1, 0), EINVAL);
	check_errno(event_set_ops(&afu, CXL_TEST_OPS_NO_FETCH, 1, 0), EINVAL);
	check_errno(event_set_ops(&afu, 0, 1, EVENT_MAX_DATA + 1), EINVAL);
	event_send_ok(&afu, 5, 20);
	check_eq(event_drain(&afu, &stream), 5);
	event_check_settled(&afu);
}

static void max_data_size_fits_into_the_smallest_buffer(void)
{
	static const __u32 good[] = { 0, 1, 128, EVENT_MAX_DATA };
	static const __u32 bad[] = {
		EVENT_MAX_DATA + 1, CXL_READ_MIN_SIZE, 0xfff8, 0x10000,
		0x7fffffff, 0xfffffff8, 0xffffffff,
	};
	struct event_afu afu;
	unsigned int i;

	event_open(&afu, 0);
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		check_ok(event_set_ops(&afu, 0, 0, good[i]));
		check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		check_errno(event_set_ops(&afu, 0, 0, bad[i]), EINVAL);
}

static void idle_ops_can_be_replaced(void)
{
	struct event_stream stream = EVENT_STREAM(0, 0);
	struct event_afu afu;
	unsigned int i;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	for (i = 0; i < 20; i++) {
		check_ok(event_set_ops(&afu, 0, i % 3 == 0, 0));
		event_send_ok(&afu, 4, 0);
		check_eq(event_drain(&afu, &stream), 4);
	}
	event_check_settled(&afu);
}

static void ebusy_while_events_are_pending(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 8);
	check_errno(event_set_ops(&afu, 0, 1, 0), EBUSY);
	check_errno(event_set_ops(&afu, 0, 0, 0), EBUSY);
	check_eq(event_drain(&afu, &stream), 1);
	check_ok(event_set_ops(&afu, 0, 1, 0));
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
	check_errno(event_set_ops(&afu, 0, 1, 0), EBUSY);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 8);
	check_ok(event_set_ops(&afu, 0, 1, 0));
	event_check_settled(&afu);
}

/* It was fetched for a reader but did not fit: it waits for the next reader. */
static void ebusy_while_a_fetched_event_waits(void)
{
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	event_send_ok(&afu, 2, EVENT_MAX_DATA);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), CXL_READ_MIN_SIZE);
	check_errno(event_set_ops(&afu, 0, 1, 0), EBUSY);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), CXL_READ_MIN_SIZE);
	check_ok(event_set_ops(&afu, 0, 1, 0));
	event_check_settled(&afu);
}

/* With the standard file operations nothing else holds the module. */
static void module_is_pinned_while_its_ops_are_set(void)
{
	struct event_afu afu;
	long long before = file_number(REFCNT);

	event_open(&afu, CXL_TEST_NEW_PLAIN_FOPS);
	check_eq(file_number(REFCNT), before + 1);
	require_ok(event_set_ops(&afu, 0, 0, 0));
	check_eq(file_number(REFCNT), before + 2);
	check_ok(event_set_ops(&afu, 0, 0, 0));
	check_ok(event_set_ops(&afu, 0, 1, 0));
	check_eq(file_number(REFCNT), before + 2);
	check_errno(event_set_ops(&afu, CXL_TEST_OPS_NULL, 0, 0), EINVAL);
	check_eq(file_number(REFCNT), before + 2);
	event_send_ok(&afu, 1, 0);
	check_errno(event_set_ops(&afu, 0, 0, 0), EBUSY);
	check_eq(file_number(REFCNT), before + 2);
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	check_eq(file_number(REFCNT), before + 1);

	require_ok(event_set_ops(&afu, 0, 0, 0));
	event_close(&afu);
	check(becomes_true(file_number(REFCNT) == before));
}

static const struct tap_test tests[] = {
	{ "E1.set_ops_rejects_missing_callbacks",
	  set_ops_rejects_missing_callbacks },
	{ "E1.context_closed_is_optional", context_closed_is_optional },
	{ "E1.rejected_ops_leave_the_earlier_ones",
	  rejected_ops_leave_the_earlier_ones },
	{ "E1.max_data_size_fits_into_the_smallest_buffer",
	  max_data_size_fits_into_the_smallest_buffer },
	{ "E1.idle_ops_can_be_replaced", idle_ops_can_be_replaced },
	{ "E1.ebusy_while_events_are_pending", ebusy_while_events_are_pending },
	{ "E1.ebusy_while_an_event_is_in_flight",
	  ebusy_while_an_event_is_in_flight },
	{ "E1.ebusy_while_a_fetched_event_waits",
	  ebusy_while_a_fetched_event_waits },
	{ "E1.module_is_pinned_while_its_ops_are_set",
	  module_is_pinned_while_its_ops_are_set },
};

EVENT_MAIN(tests)
