// SPDX-License-Identifier: GPL-2.0-only
/* E3: cxl_context_events_pending() from anywhere; what was stored is visible. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static void check_source(__u32 source, unsigned int rounds, __u32 count)
{
	struct event_stream stream = EVENT_STREAM(0, 128);
	unsigned int sent, i;
	struct event_afu afu;

	event_open_ops(&afu);
	for (i = 0; i < rounds; i++) {
		sent = event_send(&afu, source, count, 0, 128);
		check(sent >= count, "%u events sent", sent);
		check(events_poll(afu.fd) & POLLIN);
		check_eq(event_drain(&afu, &stream), sent);
	}
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static void from_process_context(void)
{
	check_source(CXL_TEST_PROCESS, 10, 50);
}

static void from_a_kernel_thread(void)
{
	check_source(CXL_TEST_KTHREAD, 10, 50);
}

static void from_a_timer(void)
{
	check_source(CXL_TEST_TIMER, 10, 50);
}

static void from_a_tasklet(void)
{
	check_source(CXL_TEST_TASKLET, 10, 50);
}

static void from_a_hard_interrupt(void)
{
	check_source(CXL_TEST_HARDIRQ, 10, 50);
}

static void from_hard_interrupts_of_all_cpus_at_once(void)
{
	check_source(CXL_TEST_IPI, 20, 50);
}

/* A sleeping reader is woken, whatever context the event comes from. */
static void wakes_from_every_context(void)
{
	struct sleeper reader;
	struct event_afu afu;
	__u32 source;

	event_open_ops(&afu);
	for (source = 0; source < CXL_TEST_NR_SOURCES; source++) {
		sleeper_start(&reader, event_read_call, &afu.fd);
		event_send(&afu, source, 1, 0, 0);
		require(sleeper_join(&reader));
		check(reader.result >= (long)HEADER_SIZE);
		event_drain(&afu, &(struct event_stream)EVENT_STREAM(0, 0));
	}
	event_check_settled(&afu);
}

/*
 * fetch_event takes no lock of the driver: only the announcement orders the
 * filled slot.
 */
static void stored_before_is_visible(void)
{
	struct cxl_test_produce what = {
		.count = 50000,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_HARDIRQ |
			   1 << CXL_TEST_TIMER,
		.min_size = 8,
		.max_size = 40,
		.burst = 16,
	};
	struct event_reader reader;
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, CXL_TEST_OPS_RING, 0, 0));
	event_reader_start(&reader, &afu,
			   (struct event_stream)EVENT_STREAM(8, 40));
	event_produce(&afu, &what);
	while (event_state_of(&afu, producing))
		nap();
	event_op(&afu, CXL_TEST_HALT);
	event_reader_stop(&reader);
	check_eq(reader.stream.drivers, what.count);
	event_check_settled(&afu);
}

static void several_in_one_announcement(void)
{
	struct event_stream stream = EVENT_STREAM(30, 30);
	struct event_afu afu;

	event_open_ops(&afu);
	check_eq(event_send_flags(&afu, 500, 30, CXL_TEST_SEND_AT_ONCE), 500);
	check_eq(event_drain(&afu, &stream), 500);
	event_check_settled(&afu);
}

static void zero_is_a_no_op(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_announce(&afu, 0);
	check_eq(events_poll(afu.fd), 0);
	check_eq(event_counter(afu.fd, "posted"), 0);
	check_eq(event_state_of(&afu, fetched), 0);

	/* Without ops as well. */
	require_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_announce(&afu, 0);
	check_eq(event_counter(afu.fd, "posted"), 0);
	check_eq(event_counter(afu.fd, "rejected"), 0);
}

/* No sum of announcements makes the count wrap or become negative. */
static void absurd_counts_do_not_wrap(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_announce(&afu, ~0U);
	check_eq(events_poll(afu.fd), 0);
	check_eq(event_counter(afu.fd, "rejected"), ~0U);

	event_announce(&afu, 0x7fffffff);
	check(events_poll(afu.fd) & POLLIN);
	event_announce(&afu, 1);
	event_announce(&afu, 0x7fffffff);
	check(events_poll(afu.fd) & POLLIN);
	check_eq(event_counter(afu.fd, "pending"), 0x7fffffff);
	check_eq(event_counter(afu.fd, "rejected"), ~0U + 0x80000000LL);
	check_errno(event_op(&afu, CXL_TEST_UNSET_OPS), EBUSY);
	event_check_counters(afu.fd);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	check_eq(event_counter(afu.fd, "lost"), 0x7fffffff);
	event_check_counters(afu.fd);
}

static const struct tap_test tests[] = {
	{ "E3.from_process_context", from_process_context },
	{ "E3.from_a_kernel_thread", from_a_kernel_thread },
	{ "E3.from_a_timer", from_a_timer },
	{ "E3.from_a_tasklet", from_a_tasklet },
	{ "E3.from_a_hard_interrupt", from_a_hard_interrupt },
	{ "E3.from_hard_interrupts_of_all_cpus_at_once",
	  from_hard_interrupts_of_all_cpus_at_once },
	{ "E3.wakes_from_every_context", wakes_from_every_context },
	{ "E3.stored_before_is_visible", stored_before_is_visible,
	  .limit = 120 },
	{ "E3.several_in_one_announcement", several_in_one_announcement },
	{ "E3.zero_is_a_no_op", zero_is_a_no_op },
	{ "E3.absurd_counts_do_not_wrap", absurd_counts_do_not_wrap },
};

EVENT_MAIN(tests)
