// SPDX-License-Identifier: GPL-2.0-only
/* E13: the event queue: from any context, no allocation, no silent loss. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static char buf[65536];

static int create(struct event_afu *afu, __u32 depth, __u32 max_payload)
{
	struct cxl_test_queue queue = {
		.depth = depth,
		.max_payload = max_payload,
	};

	return ioctl(afu->ctl, CXL_TEST_QUEUE_CREATE, &queue);
}

static int send_result(struct event_afu *afu, __u32 kind, __u32 size)
{
	struct cxl_test_send send = {
		.kind = kind,
		.count = 1,
		.min_size = kind == CXL_TEST_GOOD ? size : 0,
		.max_size = kind == CXL_TEST_GOOD ? size : 0,
		.bad_size = size,
	};

	require_ok(ioctl(afu->ctl, CXL_TEST_SEND, &send));
	return send.error;
}

static void depth_and_payload_have_limits(void)
{
	struct event_afu afu;

	event_open(&afu, 0);
	check_errno(create(&afu, 0, 16), EINVAL);
	check_errno(create(&afu, 65537, 16), EINVAL);
	check_errno(create(&afu, ~0U, 16), EINVAL);
	check_errno(create(&afu, 16, EVENT_MAX_DATA + 1), EINVAL);
	check_errno(create(&afu, 16, ~0U), EINVAL);
	check_ok(create(&afu, 65536, 16));
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));
	check_ok(create(&afu, 1, EVENT_MAX_DATA));
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));
}

static void keeps_events_of_every_size_in_order(void)
{
	struct event_stream stream = EVENT_STREAM(0, 200);
	struct event_afu afu;
	int i;

	event_open_queue(&afu, 100, 200);
	for (i = 0; i < 20; i++) {
		check_eq(event_send(&afu, CXL_TEST_PROCESS, 100, 0, 200), 100);
		check_eq(event_drain(&afu, &stream), 100);
	}
	event_check_counters(afu.fd);
}

static void keeps_each_senders_order_from_every_context(void)
{
	struct event_stream stream = EVENT_STREAM(8, 64);
	struct event_afu afu;
	__u64 sent = 0;
	__u32 source;
	int i;

	event_open_queue(&afu, 1000, 64);
	for (i = 0; i < 10; i++) {
		for (source = 0; source < CXL_TEST_NR_SOURCES; source++)
			sent += event_send(&afu, source, 20, 8, 64);
		event_drain(&afu, &stream);
	}
	check(sent >= 10 * 20 * CXL_TEST_NR_SOURCES);
	check_eq(stream.drivers, sent);
	event_check_counters(afu.fd);
}

static void nothing_is_lost_between_senders_of_all_contexts(void)
{
	struct cxl_test_produce what = {
		.count = 30000,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_TIMER |
			   1 << CXL_TEST_TASKLET | 1 << CXL_TEST_HARDIRQ |
			   1 << CXL_TEST_IPI,
		.min_size = 8,
		.max_size = 64,
		.burst = 10,
	};
	struct event_reader reader;
	struct event_afu afu;

	event_open_queue(&afu, 256, 64);
	event_reader_start(&reader, &afu,
			   (struct event_stream)EVENT_STREAM(8, 64));
	event_produce(&afu, &what);
	while (event_state_of(&afu, producing))
		nap();
	event_op(&afu, CXL_TEST_HALT);
	event_reader_stop(&reader);
	check_eq(reader.stream.drivers, what.count);
	check_eq(event_counter(afu.fd, "lost"), 0);
	check_eq(event_counter(afu.fd, "delivered"), what.count);
	event_check_counters(afu.fd);
}

static void full_is_enospc_and_the_loss_is_counted(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_queue(&afu, 10, 8);
	event_send_ok(&afu, 10, 8);
	check_eq(send_result(&afu, CXL_TEST_GOOD, 8), -ENOSPC);
	check_eq(event_send(&afu, CXL_TEST_HARDIRQ, 3, 8, 8), 0);
	check_eq(event_counter(afu.fd, "lost"), 4);
	check_eq(event_counter(afu.fd, "pending"), 10);
	check_eq(event_drain(&afu, &stream), 10);
	/* There is room again. The lost event leaves a gap. */
	stream.next[0] = 11;
	event_send_ok(&afu, 10, 8);
	check_eq(event_drain(&afu, &stream), 10);
	event_check_counters(afu.fd);
}

/* A depth that is no power of two, all the way around the ring and more */
static void holds_exactly_its_depth(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;
	int i;

	event_open_queue(&afu, 5, 8);
	for (i = 0; i < 50; i++) {
		event_send_ok(&afu, 5, 8);
		check_errno(event_op(&afu, CXL_TEST_QUEUE_RESERVE), ENOSPC);
		check_eq(event_drain(&afu, &stream), 5);
	}
	check_eq(event_counter(afu.fd, "lost"), 0);
	event_check_counters(afu.fd);
}

static void the_reader_sees_the_loss(void)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_queue(&afu, 4, 8);
	require_ok(ioctl(afu.fd, CXL_IOCTL_EVENT_FORMAT, &format));
	event_send_ok(&afu, 4, 8);
	check_eq(event_send(&afu, CXL_TEST_HARDIRQ, 3, 8, 8), 0);
	check_eq(event_drain(&afu, &stream), 4);
	event_send_ok(&afu, 1, 8);
	check_eq(event_drain(&afu, &stream), 1);
	check_eq(stream.stamp.lost, 3);
	check_eq(stream.stamp.sequence, 4);
}

static void oversize_is_einval_and_no_loss(void)
{
	static const __u32 sizes[] = {
		65, 4088, 4089, 0xfff8, 0x10000, 0x10040, 0x7fffffff,
		0xfffffff8, 0xffffffff,
	};
	struct event_afu afu;
	unsigned int i;

	event_open_queue(&afu, 4, 64);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		check_eq(send_result(&afu, CXL_TEST_BAD_SIZE, sizes[i]), -EINVAL);
	check_eq(events_poll(afu.fd), 0);
	check_eq(event_counter(afu.fd, "posted"), 0);
}

static void reserved_room_is_kept(void)
{
	struct event_afu afu;
	__u32 payload;

	event_open_queue(&afu, 3, 8);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_RESERVE));
	check_ok(event_op(&afu, CXL_TEST_QUEUE_RESERVE));
	event_send_ok(&afu, 1, 8);
	check_eq(send_result(&afu, CXL_TEST_GOOD, 8), -ENOSPC);
	/* A reservation that fails loses no event. */
	check_errno(event_op(&afu, CXL_TEST_QUEUE_RESERVE), ENOSPC);
	check_eq(event_counter(afu.fd, "lost"), 1);

	check_ok(event_op(&afu, CXL_TEST_QUEUE_COMMIT));
	check_eq(read(afu.fd, buf, sizeof(buf)),
		 HEADER_SIZE + 8 + HEADER_SIZE + 4);
	memcpy(&payload, buf + 2 * HEADER_SIZE + 8, sizeof(payload));
	check_eq(payload, CXL_TEST_QUEUE_COMMIT);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_CANCEL));
	event_send_ok(&afu, 3, 8);
	check_eq(send_result(&afu, CXL_TEST_GOOD, 8), -ENOSPC);
	event_check_counters(afu.fd);
}

static void a_commit_needs_a_reservation(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 3, 8);
	check_errno(event_op(&afu, CXL_TEST_QUEUE_COMMIT), EINVAL);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_CANCEL));
	event_send_ok(&afu, 3, 8);
	check_errno(event_op(&afu, CXL_TEST_QUEUE_RESERVE), ENOSPC);
}

/* The same order, for the next reader. */
static void a_failed_copy_keeps_events_at_the_head(void)
{
	struct event_stream stream = EVENT_STREAM(8, 64);
	char *end = guarded_end(8192);
	unsigned int seed = 5, i;
	struct event_afu afu;
	ssize_t n;

	event_open_queue(&afu, 64, 64);
	event_set_nonblock(&afu, true);
	for (i = 0; i < 1000; i++) {
		unsigned int room = rand_r(&seed) % 400;

		event_send_flags(&afu, rand_r(&seed) % 8, 8,
				 CXL_TEST_SEND_RESERVED);
		n = read(afu.fd, end - room, 8192);
		stream.min_size = 8;
		stream.max_size = 8;
		if (n > 0)
			event_feed(&stream, end - room, n);
		else
			check(errno == EFAULT || errno == EAGAIN);
	}
	event_drain(&afu, &stream);
	check_eq(stream.drivers, event_state_of(&afu, sent));
	check(event_counter(afu.fd, "returned") > 100);
	check_eq(event_counter(afu.fd, "lost"), 0);
	event_check_counters(afu.fd);
}

static void destroy_drops_and_counts(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 100, 100);
	event_send_ok(&afu, 60, 100);
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), 37 * (HEADER_SIZE + 100));
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));
	check_eq(event_counter(afu.fd, "delivered"), 37);
	check_eq(event_counter(afu.fd, "lost"), 23);
	check_eq(event_counter(afu.fd, "pending"), 0);
	event_check_counters(afu.fd);
	check_eq(events_poll(afu.fd), 0);
	/* The context goes on, with another queue or ops. */
	check_ok(create(&afu, 4, 8));
	event_send_ok(&afu, 1, 8);
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
}

static void the_end_of_the_context_is_epipe(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 10, 8);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_RESERVE));
	event_send_ok(&afu, 2, 8);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	check_eq(send_result(&afu, CXL_TEST_GOOD, 8), -EPIPE);
	check_errno(event_op(&afu, CXL_TEST_QUEUE_RESERVE), EPIPE);
	check_errno(event_op(&afu, CXL_TEST_QUEUE_COMMIT), EPIPE);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_CANCEL));
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
	check_eq(event_counter(afu.fd, "lost"), 2);
	event_check_counters(afu.fd);
	event_close_fd(&afu);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));
}

static void one_context_has_one_source_of_driver_events(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 4, 8);
	event_send_ok(&afu, 1, 8);
	check_errno(event_set_ops(&afu, 0, 0, 0), EBUSY);
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	check_ok(event_op(&afu, CXL_TEST_QUEUE_DESTROY));

	require_ok(event_set_ops(&afu, 0, 0, 0));
	event_send_ok(&afu, 1, 8);
	check_errno(create(&afu, 4, 8), EBUSY);
}

/* An announcement without an event does not show an old event. */
static void announcements_past_the_queue_show_nothing(void)
{
	struct event_afu afu;

	event_open_queue(&afu, 4, 8);
	event_set_nonblock(&afu, true);
	event_send_ok(&afu, 1, 8);
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	event_announce(&afu, 3);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	check_eq(event_counter(afu.fd, "rejected"), 3);
	event_send_ok(&afu, 2, 8);
	check_eq(read(afu.fd, buf, sizeof(buf)), 2 * (HEADER_SIZE + 8));
	event_check_counters(afu.fd);
}

static const struct tap_test tests[] = {
	{ "E13.depth_and_payload_have_limits", depth_and_payload_have_limits },
	{ "E13.keeps_events_of_every_size_in_order",
	  keeps_events_of_every_size_in_order },
	{ "E13.keeps_each_senders_order_from_every_context",
	  keeps_each_senders_order_from_every_context },
	{ "E13.nothing_is_lost_between_senders_of_all_contexts",
	  nothing_is_lost_between_senders_of_all_contexts, .limit = 90 },
	{ "E13.full_is_enospc_and_the_loss_is_counted",
	  full_is_enospc_and_the_loss_is_counted },
	{ "E13.holds_exactly_its_depth", holds_exactly_its_depth },
	{ "E13.the_reader_sees_the_loss", the_reader_sees_the_loss },
	{ "E13.oversize_is_einval_and_no_loss", oversize_is_einval_and_no_loss },
	{ "E13.reserved_room_is_kept", reserved_room_is_kept },
	{ "E13.a_commit_needs_a_reservation", a_commit_needs_a_reservation },
	{ "E13.a_failed_copy_keeps_events_at_the_head",
	  a_failed_copy_keeps_events_at_the_head },
	{ "E13.destroy_drops_and_counts", destroy_drops_and_counts },
	{ "E13.the_end_of_the_context_is_epipe",
	  the_end_of_the_context_is_epipe },
	{ "E13.one_context_has_one_source_of_driver_events",
	  one_context_has_one_source_of_driver_events },
	{ "E13.announcements_past_the_queue_show_nothing",
	  announcements_past_the_queue_show_nothing },
};

EVENT_MAIN(tests)
