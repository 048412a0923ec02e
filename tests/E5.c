// SPDX-License-Identifier: GPL-2.0-only
/* E5: payloads: header and bytes, limits in full width, bad events unseen. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static unsigned char buf[65536];

/* One event of each size: its header, its bytes, and not one byte more. */
static void check_sizes(__u32 limit, __u32 from, __u32 to)
{
	struct event_stream stream = EVENT_STREAM(0, 0);
	struct cxl_event_header header;
	struct event_afu afu;
	__u32 size;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, limit));
	for (size = from; size <= to; size++) {
		event_send_ok(&afu, 1, size);
		memset(buf, 0xee, CXL_READ_MIN_SIZE + 8);
		require_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + size);
		memcpy(&header, buf, sizeof(header));
		check_eq(header.type, CXL_EVENT_AFU_DRIVER);
		check_eq(header.size, HEADER_SIZE + size);
		check_eq(header.process_element, afu.pe);
		check_eq(header.reserved1, 0);
		check_eq(buf[HEADER_SIZE + size], 0xee);
		check_eq(buf[HEADER_SIZE + size + 7], 0xee);
		/* data_size is not sent: the payload begins at once. */
		stream.min_size = size;
		stream.max_size = size;
		stream.next[0] = size - from;
		event_feed(&stream, buf, HEADER_SIZE + size);
	}
	event_check_settled(&afu);
}

static void every_size_up_to_128(void)
{
	check_sizes(0, 0, CXL_MAX_EVENT_DATA_SIZE);
}

static void every_size_up_to_a_lower_limit(void)
{
	check_sizes(5, 0, 5);
}

static void largest_sizes_with_a_raised_limit(void)
{
	check_sizes(EVENT_MAX_DATA, EVENT_MAX_DATA - 64, EVENT_MAX_DATA);
	check_sizes(1000, 900, 1000);
}

/* A bad event is reported to the driver and counted; readers see the next one. */
static void check_rejects(struct event_afu *afu, __u32 size,
			  struct event_stream *stream)
{
	long long rejected = event_counter(afu->fd, "rejected");

	event_send_bad_size(afu, size);
	check_errno(read(afu->fd, buf, sizeof(buf)), EAGAIN);
	check_eq(events_poll(afu->fd), 0);
	check_eq(event_counter(afu->fd, "rejected"), rejected + 1);

	stream->next[0]++;
	event_send_ok(afu, 1, 16);
	event_send_bad_size(afu, size);
	event_send_ok(afu, 1, 16);
	require_eq(read(afu->fd, buf, sizeof(buf)), 2 * (HEADER_SIZE + 16));
	check_eq(event_feed(stream, buf, HEADER_SIZE + 16), 1);
	stream->next[0]++;
	check_eq(event_feed(stream, buf + HEADER_SIZE + 16, HEADER_SIZE + 16), 1);
	check_eq(event_counter(afu->fd, "rejected"), rejected + 2);
}

static const __u32 too_large[] = {
	EVENT_MAX_DATA + 1,
	CXL_READ_MIN_SIZE,
	0xfff7, 0xfff8, 0xfff9, 0xffff,		/* u16 sums wrap around 0 */
	0x10000 - 8, 0x10000, 0x10000 + 8, 0x10080, 0x20000,
	0x7ffffff8, 0x7fffffff, 0x80000000,
	0xfffffff7, 0xfffffff8, 0xfffffff9, 0xffffffff,
};

static void oversize_is_rejected_in_full_width(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	check_rejects(&afu, CXL_MAX_EVENT_DATA_SIZE + 1, &stream);
	for (i = 0; i < sizeof(too_large) / sizeof(*too_large); i++)
		check_rejects(&afu, too_large[i], &stream);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static void oversize_is_rejected_with_a_raised_limit(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct event_afu afu;
	unsigned int i;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	event_set_nonblock(&afu, true);
	for (i = 0; i < sizeof(too_large) / sizeof(*too_large); i++)
		check_rejects(&afu, too_large[i], &stream);
	event_check_settled(&afu);
}

static void null_is_rejected(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct event_afu afu;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	event_send_null(&afu);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	check_eq(event_counter(afu.fd, "rejected"), 1);
	event_send_null(&afu);
	event_send_ok(&afu, 1, 16);
	event_send_null(&afu);
	stream.next[0] = 2;
	check_eq(event_drain(&afu, &stream), 1);
	check_eq(event_counter(afu.fd, "rejected"), 3);
	event_check_settled(&afu);
}

/* A sleeping reader does not return empty-handed. */
static void bad_events_do_not_end_a_blocking_read(void)
{
	struct sleeper reader;
	struct event_afu afu;

	event_open_ops(&afu);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_null(&afu);
	check(becomes_true(event_state_of(&afu, rejected) == 1));
	event_send_bad_size(&afu, 0x10000 - 8);
	check(becomes_true(event_state_of(&afu, rejected) == 2));
	check(!reader.done);
	event_send_ok(&afu, 1, 16);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 16);
	event_check_settled(&afu);
}

/* More of them than are fetched at a time */
static void many_bad_events_hide_no_good_one(void)
{
	struct event_stream stream = EVENT_STREAM(16, 16);
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	for (i = 0; i < 500; i++)
		event_send_null(&afu);
	event_send_ok(&afu, 1, 16);
	stream.next[0] = 500;
	event_set_nonblock(&afu, true);
	require_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 16);
	check_eq(event_feed(&stream, buf, HEADER_SIZE + 16), 1);
	event_check_settled(&afu);
}

/* Lines of the kernel log with @text in them, from the position of @kmsg */
static unsigned int log_lines(int kmsg, const char *text)
{
	unsigned int lines = 0;
	char line[1024];
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		line[n] = '\0';
		lines += !!strstr(line, text);
	}
	return lines;
}

static void warned_about_once_per_context(void)
{
	struct event_afu afu[2];
	char text[2][32];
	int kmsg, i, j;

	kmsg = require_ok(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	for (i = 0; i < 2; i++) {
		event_open_ops(&afu[i]);
		event_set_nonblock(&afu[i], true);
		snprintf(text[i], sizeof(text[i]), "afu%d.0 pe %d: ",
			 event_card(), afu[i].pe);
	}
	require_ok(lseek(kmsg, 0, SEEK_END));
	for (j = 0; j < 10; j++) {
		event_send_bad_size(&afu[0], 5000 + j);
		event_send_null(&afu[0]);
		check_errno(read(afu[0].fd, buf, sizeof(buf)), EAGAIN);
	}
	check_eq(log_lines(kmsg, text[0]), 1);
	event_send_null(&afu[1]);
	check_errno(read(afu[1].fd, buf, sizeof(buf)), EAGAIN);
	require_ok(lseek(kmsg, 0, SEEK_SET));
	check(log_lines(kmsg, text[1]) >= 1);
}

static const struct tap_test tests[] = {
	{ "E5.every_size_up_to_128", every_size_up_to_128 },
	{ "E5.every_size_up_to_a_lower_limit", every_size_up_to_a_lower_limit },
	{ "E5.largest_sizes_with_a_raised_limit",
	  largest_sizes_with_a_raised_limit },
	{ "E5.oversize_is_rejected_in_full_width",
	  oversize_is_rejected_in_full_width },
	{ "E5.oversize_is_rejected_with_a_raised_limit",
	  oversize_is_rejected_with_a_raised_limit },
	{ "E5.null_is_rejected", null_is_rejected },
	{ "E5.bad_events_do_not_end_a_blocking_read",
	  bad_events_do_not_end_a_blocking_read },
	{ "E5.many_bad_events_hide_no_good_one",
	  many_bad_events_hide_no_good_one },
	{ "E5.warned_about_once_per_context", warned_about_once_per_context },
};

EVENT_MAIN(tests)
