// SPDX-License-Identifier: GPL-2.0-only
/* E7: no kind of event keeps another from the reader. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static char buf[1 << 20];

static void all_kinds(struct event_afu *afu)
{
	event_irq(afu, 5);
	event_fault(afu);
	event_error(afu, 1);
	check(becomes_true(event_counter(afu->fd, "pending") >= 3));
}

static void generic_events_pass_many_driver_events(void)
{
	struct event_stream stream = EVENT_STREAM(100, 100);
	struct event_afu afu;
	ssize_t n;

	event_open_ops(&afu);
	event_send_ok(&afu, 1000, 100);
	all_kinds(&afu);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	check(event_feed(&stream, buf, n) > 30);
	check_eq(stream.irqs, 1);
	check_eq(stream.faults, 1);
	check_eq(stream.errors, 1);
	event_drain(&afu, &stream);
	check_eq(stream.drivers, 1000);
	event_check_settled(&afu);
}

/* While the driver sends faster than the program reads */
static void generic_events_pass_endless_driver_events(void)
{
	struct cxl_test_produce what = {
		.count = ~0ULL >> 1,
		.sources = 1 << CXL_TEST_KTHREAD,
		.min_size = 100,
		.max_size = 100,
		.burst = 64,
	};
	struct event_stream stream = EVENT_STREAM(100, 100);
	struct event_afu afu;
	unsigned int i;
	ssize_t n;

	event_open_ops(&afu);
	event_produce(&afu, &what);
	for (i = 0; i < 50; i++) {
		event_irq(&afu, 1 + i % EVENT_IRQS);
		event_error(&afu, i);
		n = read(afu.fd, buf, i & 1 ? CXL_READ_MIN_SIZE : sizeof(buf));
		require(n > 0);
		event_feed(&stream, buf, n);
		check_eq(stream.irqs, i + 1);
		check_eq(stream.errors, i + 1);
	}
	event_op(&afu, CXL_TEST_HALT);
	event_drain(&afu, &stream);
	check_eq(stream.drivers, event_state_of(&afu, sent));
	event_check_settled(&afu);
}

/* Interrupts, and an event that fills the smallest buffer */
static void largest_events_and_generic_ones_take_turns(void)
{
	struct event_stream stream = EVENT_STREAM(EVENT_MAX_DATA, EVENT_MAX_DATA);
	struct event_afu afu;
	__u64 before;
	unsigned int i;
	ssize_t n;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	event_send_ok(&afu, 50, EVENT_MAX_DATA);
	for (i = 0; i < 40; i++) {
		event_irq(&afu, 1 + i % EVENT_IRQS);
		event_error(&afu, i);
		before = stream.drivers;
		n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
		event_feed(&stream, buf, n);
		n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
		event_feed(&stream, buf, n);
		/* Two reads: one of them had the driver event. */
		check_eq(stream.drivers, before + 1);
		check(stream.irqs >= i);
		check(stream.errors >= i);
	}
	event_drain(&afu, &stream);
	check_eq(stream.drivers, 50);
	event_check_settled(&afu);
}

/* The only pending event just fits: it is not passed over. */
static void a_large_event_fills_the_buffer(void)
{
	struct event_stream stream = EVENT_STREAM(EVENT_MAX_DATA, EVENT_MAX_DATA);
	struct event_afu afu;
	ssize_t n;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	event_send_ok(&afu, 1, EVENT_MAX_DATA);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	check_eq(n, CXL_READ_MIN_SIZE);
	event_feed(&stream, buf, n);
	event_check_settled(&afu);
}

static unsigned int irqs_in(ssize_t size, __u16 irq[], unsigned int max)
{
	struct cxl_event_header header;
	struct cxl_event_afu_interrupt payload;
	unsigned int n = 0;
	ssize_t at;

	for (at = 0; at < size; at += header.size) {
		memcpy(&header, buf + at, sizeof(header));
		if (header.type != CXL_EVENT_AFU_INTERRUPT)
			continue;
		memcpy(&payload, buf + at + HEADER_SIZE, sizeof(payload));
		require(n < max);
		irq[n++] = payload.irq;
	}
	return n;
}

/*
 * 30 driver events leave room for one interrupt. Number 1 is raised again
 * before each read, but the others get their turn.
 */
static void interrupt_numbers_take_turns(void)
{
	unsigned int seen = 0, reads;
	__u16 irq[256];
	struct event_afu afu;
	unsigned int i;
	ssize_t n;

	event_open_ops(&afu);
	for (i = 1; i <= EVENT_IRQS; i++)
		event_irq(&afu, i);
	for (reads = 0; reads < EVENT_IRQS; reads++) {
		event_send_ok(&afu, 30 - event_state_of(&afu, in_flight), 128);
		event_irq(&afu, 1);
		n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
		require_eq(n, 30 * (HEADER_SIZE + 128) + IRQ_SIZE);
		require_eq(irqs_in(n, irq, 256), 1);
		seen |= 1u << irq[0];
	}
	check_eq(seen, 0x1fe);
	event_check(&afu);
}

static void lowest_number_comes_first_of_those_raised_together(void)
{
	__u16 irq[256];
	struct event_afu afu;
	unsigned int i;
	ssize_t n;

	event_open_ops(&afu);
	for (i = EVENT_IRQS; i; i--)
		event_irq(&afu, i);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	require_eq(irqs_in(n, irq, 256), EVENT_IRQS);
	for (i = 0; i < EVENT_IRQS; i++)
		check_eq(irq[i], i + 1);
}

static const struct tap_test tests[] = {
	{ "E7.generic_events_pass_many_driver_events",
	  generic_events_pass_many_driver_events },
	{ "E7.generic_events_pass_endless_driver_events",
	  generic_events_pass_endless_driver_events },
	{ "E7.largest_events_and_generic_ones_take_turns",
	  largest_events_and_generic_ones_take_turns },
	{ "E7.a_large_event_fills_the_buffer", a_large_event_fills_the_buffer },
	{ "E7.interrupt_numbers_take_turns", interrupt_numbers_take_turns },
	{ "E7.lowest_number_comes_first_of_those_raised_together",
	  lowest_number_comes_first_of_those_raised_together },
};

EVENT_MAIN(tests)
