// SPDX-License-Identifier: GPL-2.0-only
/* E8: a copy that fails loses nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

static char buf[65536];

#define DATA 13

/* Sizes of the events that report() makes, in their order */
static const unsigned int sizes[] = {
	HEADER_SIZE + DATA, HEADER_SIZE + DATA, IRQ_SIZE, IRQ_SIZE, FAULT_SIZE,
	ERROR_SIZE,
};

static void report(struct event_afu *afu)
{
	event_send_ok(afu, 2, DATA);
	event_irq(afu, 2);
	event_irq(afu, 6);
	event_error(afu, 0x77);
	event_fault(afu);
	require(becomes_true(event_counter(afu->fd, "pending") == 6));
}

/* Bytes of the whole events among the first @room bytes */
static size_t whole(size_t room)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < 6 && sum + sizes[i] <= room; i++)
		sum += sizes[i];
	return sum;
}

/*
 * On arm64, copy_to_user() may have copied more before a fault than it reports,
 * by as much as it copies at a time.
 */
#ifdef __aarch64__
#define NOT_COUNTED	64
#else
#define NOT_COUNTED	0
#endif

/* Read into the last @room bytes of memory; returns the bytes of whole events */
static size_t read_into(struct event_afu *afu, char *to, size_t room)
{
	ssize_t n = read(afu->fd, to, CXL_READ_MIN_SIZE);
	size_t least = room > NOT_COUNTED ? whole(room - NOT_COUNTED) : 0;

	if (n < 0) {
		require_eq(errno, EFAULT);
		n = 0;
	}
	require(n >= (ssize_t)least && n <= (ssize_t)whole(room) &&
		whole(n) == (size_t)n, "%zd bytes in room for %zu", n, room);
	return n;
}

/*
 * The buffer ends at each byte of the events: whole events are read, the rest
 * stays, in order, and a driver event that was not copied goes back to the
 * driver.
 */
static void efault_at_every_offset(void)
{
	struct event_stream stream = EVENT_STREAM(DATA, DATA);
	const size_t total = whole(1000);
	char *end = guarded_end(CXL_READ_MIN_SIZE);
	struct event_afu afu;
	size_t room, first;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	for (room = 0; room <= total; room++) {
		report(&afu);
		first = read_into(&afu, end - room, room);
		memcpy(buf, end - room, first);
		check_eq(event_state_of(&afu, in_flight), 0);

		/* The failure shows on the next call. */
		if (first < total) {
			check_errno(read(afu.fd, end, CXL_READ_MIN_SIZE), EFAULT);
			require_eq(read(afu.fd, buf + first, CXL_READ_MIN_SIZE),
				   total - first);
		}
		check_errno(read(afu.fd, end, CXL_READ_MIN_SIZE), EAGAIN);
		event_feed(&stream, buf, total);
		check_eq(stream.drivers, 2 * (room + 1));
		check_eq(stream.irqs, 2 * (room + 1));
		check_eq(stream.faults, room + 1);
		check_eq(stream.errors, room + 1);
	}
	check_eq(event_counter(afu.fd, "lost"), 0);
	check_eq(event_counter(afu.fd, "coalesced"), 0);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

/* The same, where the buffer is in pieces and one of them is bad. */
static void efault_at_every_part_of_a_vector(void)
{
	struct event_stream stream = EVENT_STREAM(DATA, DATA);
	const size_t total = whole(1000);
	char *end = guarded_end(0);
	struct event_afu afu;
	size_t room, first;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	for (room = 1; room <= total; room += 3) {
		struct iovec vec[3] = {
			{ buf, room / 2 },
			{ buf + room / 2, room - room / 2 },
			{ end, CXL_READ_MIN_SIZE },
		};

		report(&afu);
		first = whole(room);
		if (first)
			require_eq(readv(afu.fd, vec, 3), first);
		else
			check_errno(readv(afu.fd, vec, 3), EFAULT);
		if (first < total)
			require_eq(read(afu.fd, buf + first, CXL_READ_MIN_SIZE),
				   total - first);
		event_feed(&stream, buf, total);
	}
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

static void efault_in_a_read_only_buffer(void)
{
	struct event_stream stream = EVENT_STREAM(DATA, DATA);
	struct event_afu afu;
	void *mem;

	mem = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(mem != MAP_FAILED);
	event_open_ops(&afu);
	report(&afu);
	check_errno(read(afu.fd, mem, 65536), EFAULT);
	event_drain(&afu, &stream);
	check_eq(stream.drivers, 2);
	check_eq(stream.irqs, 2);
	check_eq(stream.faults, 1);
	check_eq(stream.errors, 1);
	event_check_settled(&afu);
}

/* A buffer of untouched pages, and more events than one run takes */
static void untouched_pages_are_faulted_in(void)
{
	struct event_stream stream = EVENT_STREAM(8, 128);
	size_t size = 1 << 20;
	struct event_afu afu;
	char *mem;
	ssize_t n;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(mem != MAP_FAILED);
	event_open_ops(&afu);
	check_eq(event_send(&afu, CXL_TEST_PROCESS, 1000, 8, 128), 1000);
	n = read(afu.fd, mem + 4093, size - 4093);
	check_eq(event_feed(&stream, mem + 4093, n), 1000);
	check_eq(event_state_of(&afu, returned), 0);
	event_check_settled(&afu);
}

/* Events are posted while others of their kind are being restored. */
static void what_came_back_and_what_is_new_are_both_there(void)
{
	struct event_stream stream = EVENT_STREAM(DATA, DATA);
	struct event_afu afu;

	event_open_ops(&afu);
	event_irq(&afu, 3);
	event_error(&afu, 1);
	check_errno(read(afu.fd, guarded_end(0), 4096), EFAULT);
	event_irq(&afu, 4);
	event_irq(&afu, 3);
	event_error(&afu, 2);
	require_eq(read(afu.fd, buf, sizeof(buf)), 2 * IRQ_SIZE + ERROR_SIZE);
	event_feed(&stream, buf, 2 * IRQ_SIZE + ERROR_SIZE);
	/* The first error wins; the other is counted. */
	check_eq(((struct cxl_event *)(buf + 2 * IRQ_SIZE))->afu_error.error, 1);
	check_eq(event_counter(afu.fd, "lost"), 1);
	check_eq(event_counter(afu.fd, "coalesced"), 1);
	event_check_counters(afu.fd);
}

/* The driver puts each at the head of its queue: the order is as sent. */
static void many_events_come_back_in_order(void)
{
	struct event_stream stream = EVENT_STREAM(8, 128);
	char *end = guarded_end(16384);
	struct event_afu afu;
	unsigned int seed = 7;
	unsigned int i;
	ssize_t n;

	event_open_ops(&afu);
	check_eq(event_send(&afu, CXL_TEST_PROCESS, 1000, 8, 128), 1000);
	for (i = 0; stream.drivers < 1000 && i < 10000; i++) {
		unsigned int room = rand_r(&seed) % 1000;

		n = read(afu.fd, end - room, 16384);
		if (n > 0)
			event_feed(&stream, end - room, n);
		else
			check_eq(errno, EFAULT);
	}
	check_eq(stream.drivers, 1000);
	check(event_state_of(&afu, returned) > 1000);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

/* A reader with a bad buffer does not keep others from reading. */
static void a_bad_buffer_takes_nothing_from_other_readers(void)
{
	struct event_stream stream = EVENT_STREAM(DATA, DATA);
	struct sleeper reader;
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	for (i = 0; i < 50; i++) {
		sleeper_start(&reader, event_read_call, &afu.fd);
		event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
		event_send_ok(&afu, 1, DATA);
		event_wait_held(&afu);
		event_send_ok(&afu, 1, DATA);
		event_hold(&afu, 0);
		check_errno(read(afu.fd, guarded_end(0), 4096), EFAULT);
		require(sleeper_join(&reader));
		check(reader.result > 0);
		stream.next[0] += reader.result / (HEADER_SIZE + DATA);
		event_drain(&afu, &stream);
		check_eq(stream.next[0], 2 * (i + 1));
	}
	event_check_settled(&afu);
}

static const struct tap_test tests[] = {
	{ "E8.efault_at_every_offset", efault_at_every_offset, .limit = 90 },
	{ "E8.efault_at_every_part_of_a_vector",
	  efault_at_every_part_of_a_vector, .limit = 60 },
	{ "E8.efault_in_a_read_only_buffer", efault_in_a_read_only_buffer },
	{ "E8.untouched_pages_are_faulted_in", untouched_pages_are_faulted_in },
	{ "E8.what_came_back_and_what_is_new_are_both_there",
	  what_came_back_and_what_is_new_are_both_there },
	{ "E8.many_events_come_back_in_order", many_events_come_back_in_order,
	  .limit = 60 },
	{ "E8.a_bad_buffer_takes_nothing_from_other_readers",
	  a_bad_buffer_takes_nothing_from_other_readers, .limit = 60 },
};

EVENT_MAIN(tests)
