// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weaknesses of the driver that this one replaces, one by one: each test
 * fails where the old driver had the weakness.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define REFCNT "/sys/module/cxl_test_afu/refcnt"

static unsigned char buf[65536];
static bool stop;

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_ACQUIRE);
}

static void *set_ops_again_and_again(void *arg)
{
	struct event_afu *afu = arg;

	while (!stopped()) {
		if (event_set_ops(afu, 0, 0, 0))
			check_eq(errno, EBUSY);
	}
	return NULL;
}

/*
 * A reader saw 1, cxl_set_driver_ops() stored 0, the reader made it -1: an
 * event was pending for ever.
 */
static void counter_underflow(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;
	pthread_t setter;
	int i;

	event_open_ops(&afu);
	require_eq(pthread_create(&setter, NULL, set_ops_again_and_again,
				  &afu), 0);
	for (i = 0; i < 3000; i++) {
		event_send(&afu, CXL_TEST_HARDIRQ, 1, 8, 8);
		check_eq(event_drain(&afu, &stream), 1);
		if (!check_eq(events_poll(afu.fd), 0))
			break;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(setter, NULL);
	check_eq(event_counter(afu.fd, "pending"), 0);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_check_settled(&afu);
}

static void *read_types(void *arg)
{
	unsigned char events[CXL_READ_MIN_SIZE];
	struct event_stream stream = EVENT_STREAM(8, 8);
	__u64 *total = arg;
	int fd = *total;
	ssize_t n, at;

	*total = 0;
	while ((n = read(fd, events, sizeof(events))) > 0) {
		/* Each reader has a part of the numbers. */
		for (at = 0; at < n; at += HEADER_SIZE + 8) {
			struct cxl_event *event = (void *)(events + at);

			if (!check_eq(event->header.type, CXL_EVENT_AFU_DRIVER))
				return NULL;
			memcpy(&stream.next[0], events + at + HEADER_SIZE + 4, 4);
			*total += event_feed(&stream, events + at,
					     HEADER_SIZE + 8);
		}
	}
	check_eq(errno, EIO);
	return NULL;
}

/*
 * A reader was woken for an event that another one took, found none, and
 * returned an event of type 0.
 */
static void no_event_of_type_0(void)
{
	pthread_t thread[4];
	struct event_afu afu;
	__u64 total[4], sum = 0;
	int i;

	event_open_ops(&afu);
	for (i = 0; i < 4; i++) {
		total[i] = afu.fd;
		require_eq(pthread_create(&thread[i], NULL, read_types,
					  &total[i]), 0);
	}
	for (i = 0; i < 1500; i++)
		event_send(&afu, CXL_TEST_HARDIRQ, 1, 8, 8);
	check(becomes_true(event_state_of(&afu, delivered) == 1500));
	check_ok(event_op(&afu, CXL_TEST_STOP));
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		sum += total[i];
	}
	check_eq(sum, 1500);
	event_check_settled(&afu);
}

/* Fetched by one pair, confirmed to another; and bad ops were accepted. */
static void ops_exchanged_in_flight(void)
{
	struct sleeper reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	event_wait_held(&afu);
	check_errno(event_set_ops(&afu, 0, 1, 0), EBUSY);
	check_errno(event_set_ops(&afu, CXL_TEST_OPS_NO_DELIVERED, 1, 0), EINVAL);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_OTHER_PAIR]), 0);
	event_check_settled(&afu);
}

/* Its code went away under an open descriptor. */
static void module_is_not_pinned(void)
{
	struct event_afu afu;
	long long before = file_number(REFCNT);
	int fd;

	event_open(&afu, CXL_TEST_NEW_PLAIN_FOPS);
	require_ok(event_set_ops(&afu, 0, 0, 0));
	event_send_ok(&afu, 2, 8);
	fd = afu.fd;
	afu.fd = -1;
	event_close(&afu);
	/* The test device is closed, only its context's file is open. */
	check_eq(file_number(REFCNT), before + 1);
	check(syscall(SYS_delete_module, "cxl_test_afu", O_NONBLOCK) < 0);
	check(errno == EWOULDBLOCK || errno == EBUSY, "%m");
	check_eq(read(fd, buf, sizeof(buf)), 2 * (HEADER_SIZE + 8));
	close(fd);
	check(becomes_true(file_number(REFCNT) == before));
}

/* 8 + 0xfff8 was 0 in 16 bits, and 64 KiB were written past the buffer. */
static void size_wrap(void)
{
	static const __u32 sizes[] = {
		0xfff8, 0x10000, 0x10000 - 4, 0xfffffff8, 0xffffffff,
	};
	char *end = guarded_end(CXL_READ_MIN_SIZE);
	struct event_afu afu;
	unsigned int i;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		event_send_bad_size(&afu, sizes[i]);
		check_errno(read(afu.fd, end - CXL_READ_MIN_SIZE,
				 CXL_READ_MIN_SIZE), EAGAIN);
	}
	check_eq(event_state_of(&afu, rejected), i);
	event_check_settled(&afu);
}

/* A reader of a context that was never started slept for ever. */
static void missed_wake_up(void)
{
	struct sleeper reader, poller;
	struct event_afu afu;
	__u32 flags;

	for (flags = 0; flags <= CXL_TEST_NEW_STARTED; flags++) {
		event_open(&afu, flags);
		sleeper_start(&reader, event_read_call, &afu.fd);
		sleeper_start(&poller, event_poll_call, &afu.fd);
		event_op(&afu, CXL_TEST_STOP);
		require(sleeper_join(&reader));
		check_eq(reader.error, EIO);
		require(sleeper_join(&poller));
		event_close(&afu);
	}
}

/* After a detach interrupt 1 was reported, whatever had been raised. */
static void detach_forgets_interrupts(void)
{
	struct event_afu afu;
	struct cxl_event *event = (void *)buf;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	event_irq(&afu, 3);
	event_irq(&afu, 6);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	require_eq(read(afu.fd, buf, sizeof(buf)), 2 * IRQ_SIZE);
	check_eq(event->irq.irq, 3);
	event = (void *)(buf + IRQ_SIZE);
	check_eq(event->irq.irq, 6);
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
}

static void *change_link(void *unused)
{
	while (!stopped()) {
		event_set_link(false);
		event_set_link(true);
	}
	return unused;
}

/*
 * The link was checked under a spinlock, by something that can sleep. A debug
 * kernel complains of that; here it must not hang anybody.
 */
static void link_check_under_a_spinlock(void)
{
	unsigned int i, ended = 0, rounds = tap_rounds(2000, 200);
	struct event_stream stream = EVENT_STREAM(8, 8);
	long long end = now_ms() + SOON_MS;
	struct event_afu afu;
	pthread_t changer;
	ssize_t n;

	event_open_ops(&afu);
	event_set_nonblock(&afu, true);
	require_eq(pthread_create(&changer, NULL, change_link, NULL), 0);
	/* However fast the rounds are, some must find the link down. */
	for (i = 0; i < rounds || (!ended && now_ms() < end); i++) {
		event_send(&afu, CXL_TEST_HARDIRQ, 1, 8, 8);
		events_poll(afu.fd);
		do {
			n = read(afu.fd, buf, sizeof(buf));
			if (n > 0)
				event_feed(&stream, buf, n);
		} while (n > 0);
		ended += errno == EIO;
		check(errno == EIO || errno == EAGAIN, "%m");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(changer, NULL);
	diag("%u times the link was down", ended);
	check(ended > 0);
	check_eq(stream.drivers, i);
	event_check_settled(&afu);
}

/* poll said POLLIN, read said EIO, and the error that explains it was unread. */
static void poll_and_read_disagree(void)
{
	struct event_afu afu;
	struct cxl_event *event = (void *)buf;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	event_error(&afu, 0xdead);
	event_set_link(false);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	require_eq(read(afu.fd, buf, sizeof(buf)), ERROR_SIZE);
	check_eq(event->afu_error.error, 0xdead);
	check_eq(events_poll(afu.fd), POLLERR | POLLHUP);
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
	event_set_link(true);
	check_eq(events_poll(afu.fd), 0);
}

static void link_up(void)
{
	event_set_link(true);
}

/* Generic events were lost; a driver's bug became EFAULT in the program. */
static void efault_loses_events(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_irq(&afu, 2);
	event_error(&afu, 1);
	check_errno(read(afu.fd, guarded_end(0), CXL_READ_MIN_SIZE), EFAULT);
	check_eq(read(afu.fd, buf, sizeof(buf)), IRQ_SIZE + ERROR_SIZE);

	event_set_nonblock(&afu, true);
	event_send_null(&afu);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	event_send_bad_size(&afu, 129);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
}

/* Nobody was told of the second fault or error. */
static void silent_coalescing(void)
{
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	event_irq(&afu, 1);
	event_irq(&afu, 1);
	event_fault(&afu);
	event_fault(&afu);
	event_error(&afu, 1);
	event_error(&afu, 2);
	check(becomes_true(event_counter(afu.fd, "posted") == 6));
	check_eq(event_counter(afu.fd, "coalesced"), 1);
	check_eq(event_counter(afu.fd, "lost"), 2);
	check_eq(read(afu.fd, buf, sizeof(buf)),
		 IRQ_SIZE + FAULT_SIZE + ERROR_SIZE);
}

/* Driver events always came first, low interrupts before high ones. */
static void starvation(void)
{
	struct event_stream stream = EVENT_STREAM(128, 128);
	struct event_afu afu;
	ssize_t n;
	int i;

	event_open_ops(&afu);
	event_irq(&afu, 8);
	event_error(&afu, 1);
	event_send_ok(&afu, 200, 128);
	/* Never without driver events, nor without interrupt 1 */
	for (i = 0; i < 2; i++) {
		event_irq(&afu, 1);
		n = read(afu.fd, buf, CXL_READ_MIN_SIZE);
		event_feed(&stream, buf, n);
	}
	check(stream.drivers < 200);
	check_eq(stream.errors, 1);
	check(stream.irqs >= 3);
}

/* A driver with unread events was not told that nobody would read them. */
static void no_flush_at_close(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 10, 8);
	event_close_fd(&afu);
	check_eq(event_state_of(&afu, closed), 1);
	check_eq(event_state_of(&afu, dropped), 10);
	event_check_settled(&afu);
}

/* Events were taken under the lock but copied without: two could swap places. */
static void readers_reorder(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct slow_reader first;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 1, 8);
	slow_reader_start(&first, afu.fd, 0);
	event_send_ok(&afu, 1, 8);
	/* The second reader has the events in order, or none. */
	check_eq(event_drain(&afu, &stream), 2);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	slow_reader_join(&first);
	check_eq(first.error, EIO);
	event_check_settled(&afu);
}

/* The count was raised without a barrier: the slot could still look empty. */
static void count_before_the_event(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;
	unsigned int i;
	__u64 sent = 0;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, CXL_TEST_OPS_RING, 0, 0));
	for (i = 0; i < 500; i++) {
		sent += event_send(&afu, CXL_TEST_IPI, 5, 8, 8);
		event_drain(&afu, &stream);
	}
	check_eq(stream.drivers, sent);
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_FETCH_STALE]), 0);
	event_check_settled(&afu);
}

/*
 * When interrupts could not be allocated, the bitmap was freed, and freed again
 * at the end.
 */
static void bitmap_freed_twice(void)
{
	int taken[64], fd, i, n = 0;
	struct queue queue;
	ssize_t size;

	/* Until the card has none left for another */
	queue_init(&queue, 1);
	while (n < 64) {
		fd = node_open_ok("afu0.0s");
		if (node_start(fd, queue_wed(&queue), 500, 0))
			break;
		taken[n++] = fd;
	}
	require(n > 0 && n < 64);
	check_eq(errno, ENOSPC);
	/* It can be tried again, and the rest works. */
	check_errno(node_start(fd, queue_wed(&queue), 500, 0), ENOSPC);
	close(taken[--n]);
	require_ok(node_start(fd, queue_wed(&queue), 400, 0));
	queue_add(&queue, WE_IRQ, 400, NULL, NULL);
	require(events_wait(fd));
	size = read(fd, buf, sizeof(buf));
	check_eq(size, IRQ_SIZE);
	check_eq(((struct cxl_event *)buf)->irq.irq, 400);
	close(fd);
	for (i = 0; i < n; i++)
		close(taken[i]);
}

/*
 * The union suggests that data_size comes first, and that 40 bytes hold any
 * event. Neither is so: a program must go by the header.
 */
static void abi_traps(void)
{
	struct cxl_event_header header;
	struct event_afu afu;
	unsigned int i;

	check_eq(sizeof(struct cxl_event), 40);
	check_eq(sizeof(struct cxl_event_afu_driver_reserved), 4);
	event_open_ops(&afu);
	event_send_ok(&afu, 2, CXL_MAX_EVENT_DATA_SIZE);
	require_eq(read(afu.fd, buf, sizeof(buf)), 2 * 136);
	memcpy(&header, buf, sizeof(header));
	check_eq(header.size, 136);
	for (i = 0; i < CXL_MAX_EVENT_DATA_SIZE; i++)
		require_eq(buf[8 + i], cxl_test_byte(0, 0, i));
	/* The size leads to the next event. */
	memcpy(&header, buf + header.size, sizeof(header));
	check_eq(header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(header.size, 136);
}

static const struct tap_test tests[] = {
	{ "W1.counter_underflow", counter_underflow, .limit = 60 },
	{ "W2.no_event_of_type_0", no_event_of_type_0, .limit = 60 },
	{ "W3.ops_exchanged_in_flight", ops_exchanged_in_flight },
	{ "W4.module_is_not_pinned", module_is_not_pinned },
	{ "W5.size_wrap", size_wrap },
	{ "W6.missed_wake_up", missed_wake_up },
	{ "W7.detach_forgets_interrupts", detach_forgets_interrupts },
	{ "W8.link_check_under_a_spinlock", link_check_under_a_spinlock,
	  .limit = 60, .cleanup = link_up },
	{ "W9.poll_and_read_disagree", poll_and_read_disagree,
	  .cleanup = link_up },
	{ "W10.efault_loses_events", efault_loses_events },
	{ "W11.silent_coalescing", silent_coalescing },
	{ "W12.starvation", starvation },
	{ "W13.no_flush_at_close", no_flush_at_close },
	{ "W14.readers_reorder", readers_reorder },
	{ "W15.count_before_the_event", count_before_the_event, .limit = 60 },
	{ "W16.bitmap_freed_twice", bitmap_freed_twice },
	{ "W17.abi_traps", abi_traps },
};

EVENT_MAIN(tests)
