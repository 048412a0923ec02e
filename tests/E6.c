// SPDX-License-Identifier: GPL-2.0-only
/* E6: read() returns the whole events that are pending and fit, in order. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static unsigned char buf[1 << 20];

static __u16 type_at(size_t at)
{
	struct cxl_event_header header;

	memcpy(&header, buf + at, sizeof(header));
	return header.type;
}

static void short_buffer_is_einval(void)
{
	static const size_t sizes[] = { 0, 1, 8, 24, 4095 };
	struct iovec vec[2] = { { buf, 4000 }, { buf + 4000, 95 } };
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 16);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		check_errno(read(afu.fd, buf, sizes[i]), EINVAL);
	check_errno(readv(afu.fd, vec, 2), EINVAL);
	/* Nothing was taken. */
	check_eq(event_state_of(&afu, fetched), 0);
	vec[1].iov_len = 96;
	check_eq(readv(afu.fd, vec, 2), HEADER_SIZE + 16);
	event_check_settled(&afu);
}

static void as_many_whole_events_as_fit(void)
{
	struct event_stream stream = EVENT_STREAM(128, 128);
	const unsigned int size = HEADER_SIZE + 128;
	struct event_afu afu;
	ssize_t n;

	event_open_ops(&afu);
	event_send_ok(&afu, 100, 128);
	/* 4096 bytes take 30, with 16 left over. */
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	check_eq(n, 30 * size);
	event_feed(&stream, buf, n);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE + 2 * size);
	check_eq(n, 32 * size);
	event_feed(&stream, buf, n);
	n = read(afu.fd, buf, sizeof(buf));
	check_eq(n, 38 * size);
	event_feed(&stream, buf, n);
	event_check_settled(&afu);
}

/* Of all sizes from 0 up: no event is split, none is left out. */
static void one_read_takes_all_that_fit(void)
{
	struct event_stream stream = EVENT_STREAM(8, 128);
	struct event_afu afu;
	ssize_t n;

	event_open_ops(&afu);
	check_eq(event_send(&afu, CXL_TEST_PROCESS, 1000, 8, 128), 1000);
	n = read(afu.fd, buf, sizeof(buf));
	check_eq(event_feed(&stream, buf, n), 1000);
	event_check_settled(&afu);
}

static void a_vector_takes_events_across_its_parts(void)
{
	struct event_stream stream = EVENT_STREAM(8, 128);
	struct iovec vec[200];
	struct event_afu afu;
	size_t at = 0;
	ssize_t n;
	int i;

	event_open_ops(&afu);
	check_eq(event_send(&afu, CXL_TEST_PROCESS, 200, 8, 128), 200);
	for (i = 0; i < 200; i++) {
		vec[i].iov_base = buf + at;
		vec[i].iov_len = i % 97 * 3;
		at += vec[i].iov_len;
	}
	n = readv(afu.fd, vec, 200);
	check(n > CXL_READ_MIN_SIZE);
	event_feed(&stream, buf, n);
	event_drain(&afu, &stream);
	check_eq(stream.drivers, 200);
	event_check_settled(&afu);
}

static void waits_for_the_first_event_only(void)
{
	struct sleeper reader;
	struct event_afu afu;

	event_open_ops(&afu);
	sleeper_start(&reader, event_read_call, &afu.fd);
	usleep(QUIET_MS * 1000);
	check(!reader.done);
	event_send_ok(&afu, 1, 16);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 16);

	event_set_nonblock(&afu, true);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
}

static void kinds_come_in_this_order(void)
{
	struct event_afu afu;
	ssize_t n;

	event_open_ops(&afu);
	/* Reported in reverse order. */
	event_error(&afu, 0x1234);
	event_fault(&afu);
	check(becomes_true(event_counter(afu.fd, "pending") == 2));
	event_irq(&afu, 3);
	event_irq(&afu, 1);
	event_send_ok(&afu, 2, 16);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	require_eq(n, 2 * (HEADER_SIZE + 16) + 2 * IRQ_SIZE + FAULT_SIZE +
		   ERROR_SIZE);
	check_eq(type_at(0), CXL_EVENT_AFU_DRIVER);
	check_eq(type_at(24), CXL_EVENT_AFU_DRIVER);
	check_eq(type_at(48), CXL_EVENT_AFU_INTERRUPT);
	check_eq(type_at(64), CXL_EVENT_AFU_INTERRUPT);
	check_eq(type_at(80), CXL_EVENT_DATA_STORAGE);
	check_eq(type_at(120), CXL_EVENT_AFU_ERROR);
	event_check_settled(&afu);
}

static void check_pending_then_eio(struct event_afu *afu)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	ssize_t n;

	check_eq(events_poll(afu->fd), POLLIN | POLLRDNORM);
	n = read(afu->fd, buf, CXL_READ_MIN_SIZE);
	check_eq(n, 3 * (HEADER_SIZE + 16) + 2 * IRQ_SIZE + ERROR_SIZE);
	event_feed(&stream, buf, n);
	check_eq(stream.drivers, 3);
	check_eq(stream.irqs, 2);
	check_eq(stream.errors, 1);
	check_errno(read(afu->fd, buf, CXL_READ_MIN_SIZE), EIO);
	check_errno(read(afu->fd, buf, CXL_READ_MIN_SIZE), EIO);
}

static void report_some(struct event_afu *afu)
{
	event_send_ok(afu, 3, 16);
	event_irq(afu, 7);
	event_irq(afu, 2);
	event_error(afu, 1);
}

static void pending_events_come_before_the_eio_of_a_closed_context(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	report_some(&afu);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_pending_then_eio(&afu);
	event_check_settled(&afu);
}

static void pending_events_come_before_the_eio_of_a_link_that_is_down(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	report_some(&afu);
	event_set_link(false);
	check_pending_then_eio(&afu);
	event_set_link(true);

	/* Nothing has changed. */
	event_set_nonblock(&afu, true);
	check_errno(read(afu.fd, buf, CXL_READ_MIN_SIZE), EAGAIN);
	check_eq(events_poll(afu.fd), 0);
	event_check_settled(&afu);
}

/* Driver events can still be announced while the AFU does not work. */
static void driver_events_of_a_closed_context_are_read(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct event_afu afu;

	event_open_ops(&afu);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_errno(read(afu.fd, buf, CXL_READ_MIN_SIZE), EIO);
	event_send_ok(&afu, 2, 16);
	check_eq(event_drain(&afu, &stream), 2);
	check_errno(read(afu.fd, buf, CXL_READ_MIN_SIZE), EIO);
	event_check_settled(&afu);
}

static void link_up(void)
{
	event_set_link(true);
}

static const struct tap_test tests[] = {
	{ "E6.short_buffer_is_einval", short_buffer_is_einval },
	{ "E6.as_many_whole_events_as_fit", as_many_whole_events_as_fit },
	{ "E6.one_read_takes_all_that_fit", one_read_takes_all_that_fit },
	{ "E6.a_vector_takes_events_across_its_parts",
	  a_vector_takes_events_across_its_parts },
	{ "E6.waits_for_the_first_event_only", waits_for_the_first_event_only },
	{ "E6.kinds_come_in_this_order", kinds_come_in_this_order },
	{ "E6.pending_events_come_before_the_eio_of_a_closed_context",
	  pending_events_come_before_the_eio_of_a_closed_context },
	{ "E6.pending_events_come_before_the_eio_of_a_link_that_is_down",
	  pending_events_come_before_the_eio_of_a_link_that_is_down,
	  .cleanup = link_up },
	{ "E6.driver_events_of_a_closed_context_are_read",
	  driver_events_of_a_closed_context_are_read },
};

EVENT_MAIN(tests)
