// SPDX-License-Identifier: GPL-2.0-only
/* E14: stamps for those who ask for them; otherwise not a byte changes. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static unsigned char buf[65536];

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int set_format(struct event_afu *afu, __u64 flags)
{
	struct cxl_ioctl_event_format format = { .flags = flags };

	return ioctl(afu->fd, CXL_IOCTL_EVENT_FORMAT, &format);
}

static void put16(unsigned char *p, __u16 value)
{
	memcpy(p, &value, sizeof(value));
}

static void put64(unsigned char *p, __u64 value)
{
	memcpy(p, &value, sizeof(value));
}

/* What is read, byte by byte, and nothing is written after it */
static void check_bytes(struct event_afu *afu, __u16 type, __u16 size,
			unsigned char *expected)
{
	put16(expected, type);
	put16(expected + 2, size);
	put16(expected + 4, afu->pe);
	put16(expected + 6, 0);
	memset(buf, 0xee, sizeof(buf));
	require_eq(read(afu->fd, buf, CXL_READ_MIN_SIZE), size);
	check_mem_eq(buf, expected, size);
	check_eq(buf[size], 0xee);
	check_eq(buf[CXL_READ_MIN_SIZE - 1], 0xee);
}

static void without_stamps_each_byte_is_that_of_the_old_abi(void)
{
	unsigned char expected[256] = { 0 };
	struct event_afu afu;
	void *address;
	__u64 dsisr;
	int i;

	event_open_ops(&afu);
	event_irq(&afu, 5);
	put16(expected + 10, 5);
	check_bytes(&afu, 1, 16, expected);

	memset(expected, 0, sizeof(expected));
	event_error(&afu, 0x0123456789abcdefULL);
	put64(expected + 16, 0x0123456789abcdefULL);
	check_bytes(&afu, 3, 24, expected);

	memset(expected, 0, sizeof(expected));
	address = event_fault(&afu);
	require(events_wait(afu.fd));
	put64(expected + 16, (unsigned long)address);
	dsisr = CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE;
	put64(expected + 24, dsisr);
	check_bytes(&afu, 2, 40, expected);

	for (i = 0; i < 100; i++)
		expected[8 + i] = cxl_test_byte(0, 0, i);
	event_send_ok(&afu, 1, 100);
	check_bytes(&afu, 4, 108, expected);
}

static void only_known_flags_are_taken(void)
{
	struct cxl_ioctl_event_format format = { 0 };
	struct event_afu afu;
	int i;

	event_open(&afu, 0);
	for (i = 1; i < 64; i++)
		check_errno(set_format(&afu, 1ULL << i), EINVAL);
	for (i = 0; i < 3; i++) {
		format.reserved[i] = 1;
		check_errno(ioctl(afu.fd, CXL_IOCTL_EVENT_FORMAT, &format), EINVAL);
		format.reserved[i] = 0;
	}
	check_errno(ioctl(afu.fd, CXL_IOCTL_EVENT_FORMAT, NULL), EFAULT);
	check_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	check_ok(set_format(&afu, 0));
	event_op(&afu, CXL_TEST_STOP);
	check_errno(set_format(&afu, 0), EIO);
}

/* The stamp of the event at @at, whose size tells where it ends */
static size_t stamp_at(size_t at, struct cxl_event_stamp *stamp)
{
	struct cxl_event_header header;

	memcpy(&header, buf + at, sizeof(header));
	check_eq(header.reserved1, CXL_EVENT_STAMPED);
	memcpy(stamp, buf + at + header.size - STAMP_SIZE, STAMP_SIZE);
	return header.size;
}

static void each_kind_has_its_trailer(void)
{
	static const size_t sizes[] = {
		HEADER_SIZE + 5, IRQ_SIZE, FAULT_SIZE, ERROR_SIZE,
	};
	struct cxl_event_stamp stamp;
	__u64 begin, end, sum = 0;
	struct event_afu afu;
	size_t at = 0;
	unsigned int i;

	event_open_ops(&afu);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	begin = now_ns();
	event_error(&afu, 1);
	event_fault(&afu);
	check(becomes_true(event_counter(afu.fd, "pending") == 2));
	event_irq(&afu, 1);
	event_send_ok(&afu, 1, 5);
	for (i = 0; i < 4; i++)
		sum += sizes[i] + STAMP_SIZE;
	require_eq(read(afu.fd, buf, sizeof(buf)), sum);
	end = now_ns();
	for (i = 0; i < 4; i++) {
		check_eq(stamp_at(at, &stamp), sizes[i] + STAMP_SIZE);
		at += sizes[i] + STAMP_SIZE;
		check_eq(stamp.sequence, i);
		check_eq(stamp.lost, 0);
		check(stamp.time >= begin && stamp.time <= end,
		      "event %u: %llu, not between %llu and %llu", i,
		      stamp.time, begin, end);
	}
}

/* Driver events of the ops: when they were fetched */
static void time_is_when_it_was_reported(void)
{
	struct cxl_event_stamp stamp;
	struct event_afu afu;
	__u64 reported;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_irq(&afu, 1);
	reported = now_ns();
	usleep(50000);
	/* The oldest pending event */
	event_irq(&afu, 2);
	require(read(afu.fd, buf, sizeof(buf)) > 0);
	stamp_at(0, &stamp);
	check(stamp.time <= reported);
}

static void time_of_a_queued_event_is_when_it_was_sent(void)
{
	struct cxl_event_stamp first, second;
	struct event_afu afu;
	__u64 sent;

	event_open_queue(&afu, 10, 16);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_send_ok(&afu, 1, 16);
	sent = now_ns();
	usleep(50000);
	event_send_ok(&afu, 1, 16);
	require_eq(read(afu.fd, buf, sizeof(buf)),
		   2 * (HEADER_SIZE + 16 + STAMP_SIZE));
	stamp_at(0, &first);
	stamp_at(HEADER_SIZE + 16 + STAMP_SIZE, &second);
	check(first.time <= sent);
	check(second.time >= sent + 50000000);
}

/* Each number has its own time, not that of the oldest pending interrupt. */
static void time_of_an_interrupt_is_its_own(void)
{
	struct cxl_event_stamp first, second;
	struct event_afu afu;
	__u64 between;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_irq(&afu, 1);
	usleep(20000);
	between = now_ns();
	event_irq(&afu, 2);
	event_irq(&afu, 1);
	/* A failed copy changes nothing. */
	check_errno(read(afu.fd, guarded_end(0), 4096), EFAULT);
	require_eq(read(afu.fd, buf, sizeof(buf)), 2 * (IRQ_SIZE + STAMP_SIZE));
	stamp_at(0, &first);
	stamp_at(IRQ_SIZE + STAMP_SIZE, &second);
	check(first.time < between);
	check(second.time >= between);
}

/* Events lost after an event do not count in its stamp. */
static void lost_counts_what_was_lost_before(void)
{
	const size_t size = HEADER_SIZE + 16 + STAMP_SIZE;
	struct cxl_event_stamp stamp;
	struct event_afu afu;
	unsigned int i;

	event_open_queue(&afu, 2, 16);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_send_ok(&afu, 2, 16);
	for (i = 0; i < 3; i++)
		check_eq(event_send(&afu, CXL_TEST_PROCESS, 1, 16, 16), 0);
	require_eq(read(afu.fd, buf, sizeof(buf)), 2 * size);
	for (i = 0; i < 2; i++) {
		stamp_at(i * size, &stamp);
		check_eq(stamp.lost, 0);
	}
	event_irq(&afu, 1);
	event_send_ok(&afu, 1, 16);
	require(read(afu.fd, buf, sizeof(buf)) > 0);
	stamp_at(0, &stamp);
	check_eq(stamp.lost, 3);
	stamp_at(size, &stamp);
	check_eq(stamp.lost, 3);
}

/* In a time namespace whose clock is a day ahead */
static int read_in_a_time_namespace(struct event_afu *afu)
{
	struct cxl_event_stamp stamp;
	__u64 begin = now_ns();
	size_t at = 0;
	ssize_t n;

	event_irq(afu, 1);
	event_send_ok(afu, 1, 16);
	n = read(afu->fd, buf, sizeof(buf));
	if (n != (ssize_t)(HEADER_SIZE + 16 + IRQ_SIZE + 2 * STAMP_SIZE))
		return 1;
	while (at < (size_t)n) {
		at += stamp_at(at, &stamp);
		if (stamp.time < begin || stamp.time > now_ns())
			return 2;
	}
	return 0;
}

static void time_is_that_of_the_readers_namespace(void)
{
	struct event_afu afu;
	int status;
	pid_t pid;

	event_open_ops(&afu);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	if (unshare(CLONE_NEWTIME))
		skip("no time namespaces: %m");
	require_ok(file_write("monotonic 86400 0\n", "/proc/self/timens_offsets"));
	pid = fork();
	require(pid >= 0);
	if (!pid)
		_exit(read_in_a_time_namespace(&afu));
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
}

static void sequence_counts_what_was_delivered(void)
{
	struct event_stream stream = EVENT_STREAM(8, 64);
	struct event_afu afu;
	int i;

	event_open_ops(&afu);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	for (i = 0; i < 20; i++) {
		event_send(&afu, CXL_TEST_PROCESS, 50, 8, 64);
		event_send_null(&afu);
		event_irq(&afu, 1 + i % EVENT_IRQS);
		/* Neither failed copies nor bad events leave a gap. */
		check_errno(read(afu.fd, guarded_end(0), 4096), EFAULT);
		event_drain(&afu, &stream);
		stream.next[0]++;
	}
	check_eq(stream.drivers, 1000);
	check_eq(stream.irqs, 20);
	check_eq(stream.stamp.sequence, 1019);
}

static void lost_counts_faults_and_errors_that_were_overrun(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	event_open_ops(&afu);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_error(&afu, 1);
	event_error(&afu, 2);
	event_error(&afu, 3);
	event_drain(&afu, &stream);
	check_eq(stream.errors, 1);
	check_eq(stream.stamp.lost, 2);
}

static void stamps_can_be_switched_at_any_time(void)
{
	struct event_afu afu;
	size_t plain = HEADER_SIZE + 16;
	int i;

	event_open_ops(&afu);
	for (i = 0; i < 10; i++) {
		event_send_ok(&afu, 1, 16);
		check_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
		check_eq(read(afu.fd, buf, sizeof(buf)), plain + STAMP_SIZE);
		event_send_ok(&afu, 1, 16);
		check_ok(set_format(&afu, 0));
		check_eq(read(afu.fd, buf, sizeof(buf)), plain);
	}
	event_check_settled(&afu);
}

/* Also between the fetch of an event and its delivery */
static void stamps_of_an_event_that_waited(void)
{
	struct event_stream stream = EVENT_STREAM(3000, 3000);
	struct event_afu afu;
	__u64 begin;
	ssize_t n;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, 3000));
	begin = now_ns();
	event_send_ok(&afu, 2, 3000);
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	require_eq(n, HEADER_SIZE + 3000);
	event_feed(&stream, buf, n);
	check_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	stream.stamp.sequence = 0;
	n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
	require_eq(n, HEADER_SIZE + 3000 + STAMP_SIZE);
	event_feed(&stream, buf, n);
	check(stream.stamp.time >= begin && stream.stamp.time <= now_ns(),
	      "%llu", stream.stamp.time);
}

/* Fetched without stamps, into the slot of an event that had one */
static void time_is_never_that_of_another_event(void)
{
	struct cxl_event_stamp stamp;
	struct event_afu afu;
	__u64 begin;

	event_open_queue(&afu, 10, 3000);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	event_send_ok(&afu, 2, 16);
	require_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE),
		   2 * (HEADER_SIZE + 16 + STAMP_SIZE));
	require_ok(set_format(&afu, 0));
	begin = now_ns();
	event_send_ok(&afu, 2, 3000);
	require_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), HEADER_SIZE + 3000);
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	require_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE),
		   HEADER_SIZE + 3000 + STAMP_SIZE);
	stamp_at(0, &stamp);
	check(stamp.time >= begin && stamp.time <= now_ns(),
	      "%llu, before %llu", stamp.time, begin);
}

static void generic_events_reported_before_have_a_time(void)
{
	struct cxl_event_stamp stamp;
	struct event_afu afu;
	__u64 begin = now_ns();

	event_open(&afu, CXL_TEST_NEW_STARTED);
	event_irq(&afu, 1);
	check_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	require(read(afu.fd, buf, sizeof(buf)) > 0);
	stamp_at(0, &stamp);
	check(stamp.time >= begin && stamp.time <= now_ns(), "%llu", stamp.time);
}

/* If the smallest buffer has no room for a stamp, there is none. */
static void the_largest_events_have_no_stamp(void)
{
	const __u32 limit = EVENT_MAX_DATA - STAMP_SIZE;
	struct event_stream stream = EVENT_STREAM(limit, limit);
	struct event_afu afu;
	__u32 size;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, EVENT_MAX_DATA));
	require_ok(set_format(&afu, CXL_EVENT_FORMAT_STAMPS));
	for (size = limit - 2; size <= EVENT_MAX_DATA; size++) {
		stream.min_size = size;
		stream.max_size = size;
		event_send_ok(&afu, 1, size);
		require_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE),
			   HEADER_SIZE + size + (size <= limit ? STAMP_SIZE : 0));
		event_feed(&stream, buf, HEADER_SIZE + size +
			   (size <= limit ? STAMP_SIZE : 0));
	}
	check_eq(stream.stamp.sequence, 2);
	event_check_settled(&afu);
}

static void device_nodes_have_them_too(void)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	struct cxl_event_stamp stamp;
	struct afu afu;

	afu_start(&afu, "afu0.0s", 4);
	require_ok(ioctl(afu.fd, CXL_IOCTL_EVENT_FORMAT, &format));
	afu_irq(&afu, 2);
	require(events_wait(afu.fd));
	require_eq(read(afu.fd, buf, sizeof(buf)), IRQ_SIZE + STAMP_SIZE);
	stamp_at(0, &stamp);
	check_eq(stamp.sequence, 0);
	check(stamp.time > 0 && stamp.time <= now_ns());
}

static void the_api_version_says_so(void)
{
	check_eq(file_number(SYSFS_CXL "/afu0.0/api_version"), 5);
	check_eq(file_number(SYSFS_CXL "/afu0.0/api_version_compatible"), 1);
}

static const struct tap_test tests[] = {
	{ "E14.without_stamps_each_byte_is_that_of_the_old_abi",
	  without_stamps_each_byte_is_that_of_the_old_abi },
	{ "E14.only_known_flags_are_taken", only_known_flags_are_taken },
	{ "E14.each_kind_has_its_trailer", each_kind_has_its_trailer },
	{ "E14.time_is_when_it_was_reported", time_is_when_it_was_reported },
	{ "E14.time_of_a_queued_event_is_when_it_was_sent",
	  time_of_a_queued_event_is_when_it_was_sent },
	{ "E14.time_of_an_interrupt_is_its_own",
	  time_of_an_interrupt_is_its_own },
	{ "E14.lost_counts_what_was_lost_before",
	  lost_counts_what_was_lost_before },
	{ "E14.time_is_that_of_the_readers_namespace",
	  time_is_that_of_the_readers_namespace },
	{ "E14.sequence_counts_what_was_delivered",
	  sequence_counts_what_was_delivered },
	{ "E14.lost_counts_faults_and_errors_that_were_overrun",
	  lost_counts_faults_and_errors_that_were_overrun },
	{ "E14.stamps_can_be_switched_at_any_time",
	  stamps_can_be_switched_at_any_time },
	{ "E14.stamps_of_an_event_that_waited", stamps_of_an_event_that_waited },
	{ "E14.time_is_never_that_of_another_event",
	  time_is_never_that_of_another_event },
	{ "E14.generic_events_reported_before_have_a_time",
	  generic_events_reported_before_have_a_time },
	{ "E14.the_largest_events_have_no_stamp",
	  the_largest_events_have_no_stamp },
	{ "E14.device_nodes_have_them_too", device_nodes_have_them_too },
	{ "E14.the_api_version_says_so", the_api_version_says_so },
};

EVENT_MAIN(tests)
