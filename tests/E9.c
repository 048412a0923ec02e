// SPDX-License-Identifier: GPL-2.0-only
/* E9: concurrent readers never reorder events; those that must not wait do not. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define READERS		8
#define MAX_READS	20000

static char buf[65536];

/**
 * struct one_read - what a read() returned, and when
 * @begin: ticket taken before the call
 * @end: ticket taken after it
 * @first: sequence number of its first event
 * @count: driver events in it
 */
struct one_read {
	unsigned int begin;
	unsigned int end;
	__u32 first;
	unsigned int count;
};

static struct one_read reads[MAX_READS];
static unsigned int nr_reads, ticket;
static int shared_fd;
static bool stop;

static __u32 first_sequence(const char *events)
{
	__u32 sequence;

	memcpy(&sequence, events + HEADER_SIZE + 4, sizeof(sequence));
	return sequence;
}

static void *read_some(void *unused)
{
	char events[CXL_READ_MIN_SIZE];
	struct event_stream stream = EVENT_STREAM(8, 40);
	struct one_read *one;
	unsigned int begin, i;
	ssize_t n;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		begin = __atomic_fetch_add(&ticket, 1, __ATOMIC_SEQ_CST);
		n = read(shared_fd, events, sizeof(events));
		if (n < 0) {
			check(errno == EIO, "%m");
			break;
		}
		i = __atomic_fetch_add(&nr_reads, 1, __ATOMIC_SEQ_CST);
		if (i >= MAX_READS)
			break;
		one = &reads[i];
		one->begin = begin;
		one->end = __atomic_fetch_add(&ticket, 1, __ATOMIC_SEQ_CST);
		one->first = first_sequence(events);
		/* The events of one read are consecutive. */
		stream.next[0] = one->first;
		one->count = event_feed(&stream, events, n);
	}
	return unused;
}

static int by_first(const void *a, const void *b)
{
	const struct one_read *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/*
 * No two readers have the same event; and a read that began after another ended
 * has later events.
 */
static void check_reads(__u64 total)
{
	unsigned int earliest_end = ~0U;
	__u64 next = 0;
	unsigned int i;

	require(nr_reads <= MAX_READS);
	qsort(reads, nr_reads, sizeof(*reads), by_first);
	for (i = 0; i < nr_reads; i++) {
		require_eq(reads[i].first, next);
		next += reads[i].count;
	}
	check_eq(next, total);
	/* From the last event to the first: no read ended before it began. */
	while (i--) {
		check(reads[i].begin < earliest_end,
		      "event %u was read after a later one", reads[i].first);
		if (reads[i].end < earliest_end)
			earliest_end = reads[i].end;
	}
}

static void order_with_8_readers(void)
{
	struct cxl_test_produce what = {
		.count = 30000,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_HARDIRQ |
			   1 << CXL_TEST_TASKLET,
		.min_size = 8,
		.max_size = 40,
		.burst = 12,
		.pause_us = 50,
	};
	pthread_t thread[READERS];
	struct event_afu afu;
	int i;

	event_open_ops(&afu);
	shared_fd = afu.fd;
	for (i = 0; i < READERS; i++)
		require_eq(pthread_create(&thread[i], NULL, read_some, NULL), 0);
	event_produce(&afu, &what);
	require(becomes_true(!event_state_of(&afu, producing)) ||
		becomes_true(!event_state_of(&afu, producing)) ||
		becomes_true(!event_state_of(&afu, producing)));
	event_op(&afu, CXL_TEST_HALT);
	require(becomes_true(event_state_of(&afu, delivered) == what.count));
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	for (i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	diag("%u reads", nr_reads);
	check(nr_reads > READERS);
	check_reads(what.count);
	event_check_settled(&afu);
	event_check_counters(afu.fd);
}

/* While one reader delivers, the others keep out. */
static void one_delivers_at_a_time(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct sleeper reader[3];
	struct event_afu afu;
	int round, i;

	event_open_ops(&afu);
	event_slow(&afu, 100, 2000);
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 3; i++)
			sleeper_start(&reader[i], event_read_call, &afu.fd);
		event_send_ok(&afu, 3, 8);
		event_send_ok(&afu, 3, 8);
		/* For those that came too late */
		for (i = 0; i < 3; i++) {
			while (!__atomic_load_n(&reader[i].done,
						__ATOMIC_ACQUIRE)) {
				event_error(&afu, 1);
				nap();
			}
			require(sleeper_join(&reader[i]));
			check(reader[i].result > 0);
		}
		stream.next[0] = event_state_of(&afu, delivered);
		event_drain(&afu, &stream);
	}
	check_eq(event_state_of(&afu, violation[CXL_TEST_V_DELIVERED_AT_ONCE]), 0);
	event_check_settled(&afu);
}

/* A reader in its callback, and another that waits for it */
static void hold_a_reader(struct event_afu *afu, struct sleeper *reader)
{
	event_open_ops(afu);
	event_hold(afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(reader, event_read_call, &afu->fd);
	event_send_ok(afu, 1, 8);
	event_wait_held(afu);
	event_send_ok(afu, 1, 8);
}

static void waiting_for_another_reader_can_be_killed(void)
{
	struct sleeper reader;
	struct event_afu afu;
	int status;
	pid_t pid;

	hold_a_reader(&afu, &reader);
	pid = require_ok(fork());
	if (!pid) {
		read(afu.fd, buf, sizeof(buf));
		_exit(0);
	}
	/* It waits for the read_lock, not interruptibly. */
	usleep(QUIET_MS * 1000);
	check_eq(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	check(becomes_true(waitpid(pid, &status, WNOHANG) == pid));
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	event_check_settled(&afu);
}

static void o_nonblock_never_waits_for_another_reader(void)
{
	struct sleeper reader;
	struct event_afu afu;
	long long begin;

	hold_a_reader(&afu, &reader);
	event_set_nonblock(&afu, true);
	begin = now_ms();
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	check(now_ms() - begin < SOON_MS / 2);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	event_check_settled(&afu);
}

static void rwf_nowait_never_waits(void)
{
	struct iovec vec = { buf, sizeof(buf) };
	struct sleeper reader;
	struct event_afu afu;

	hold_a_reader(&afu, &reader);
	check_errno(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), EAGAIN);
	event_hold(&afu, 0);
	require(sleeper_join(&reader));
	check_eq(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), HEADER_SIZE + 8);
	/* Nor does it wait for an event, on a descriptor that would. */
	check_errno(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), EAGAIN);
	event_check_settled(&afu);
}

/*
 * Edge triggered: it was told of the event, found another reader at work, and
 * must be told again when that one is done.
 */
static void who_was_turned_away_is_woken(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct sleeper reader;
	struct event_afu afu;
	int epoll;

	hold_a_reader(&afu, &reader);
	event_set_nonblock(&afu, true);
	epoll = require_ok(epoll_create1(EPOLL_CLOEXEC));
	require_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, afu.fd, &event));
	check_eq(epoll_wait(epoll, &event, 1, SOON_MS), 1);
	check_errno(read(afu.fd, buf, sizeof(buf)), EAGAIN);
	check_eq(epoll_wait(epoll, &event, 1, QUIET_MS), 0);
	event_hold(&afu, 0);
	check_eq(epoll_wait(epoll, &event, 1, SOON_MS), 1);
	require(sleeper_join(&reader));
	check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 8);
	event_check_settled(&afu);
}

/* A reader stuck in its own page fault stalls no other. */
static void a_slow_buffer_stalls_no_other_reader(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct slow_reader reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 2, 8);
	slow_reader_start(&reader, afu.fd, 0);
	/* The same events, in order, for a reader that can. */
	check_eq(event_drain(&afu, &stream), 2);
	event_send_ok(&afu, 3, 8);
	check_eq(event_drain(&afu, &stream), 3);
	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	require_ok(event_set_ops(&afu, 0, 1, 0));
	slow_fill(&reader.slow);
	usleep(QUIET_MS * 1000);
	check(!reader.done);
	event_send_ok(&afu, 1, 8);
	slow_reader_join(&reader);
	check_eq(reader.result, HEADER_SIZE + 8);
	event_feed(&stream, reader.slow.mem, HEADER_SIZE + 8);
	event_check_settled(&afu);
}

/* Half of its buffer is present: that half gets what fits, the rest waits. */
static void a_half_slow_buffer_stalls_no_other_reader(void)
{
	struct event_stream stream = EVENT_STREAM(128, 128);
	struct slow_reader reader;
	struct event_afu afu;

	event_open_ops(&afu);
	event_send_ok(&afu, 40, 128);
	slow_reader_start(&reader, afu.fd, 4096);
	stream.next[0] = 30;
	check_eq(event_drain(&afu, &stream), 10);
	slow_reader_join(&reader);
	check_eq(reader.result, 30 * (HEADER_SIZE + 128));
	stream.next[0] = 0;
	event_feed(&stream, reader.slow.mem, reader.result);
	event_check_settled(&afu);
}

static const struct tap_test tests[] = {
	{ "E9.order_with_8_readers", order_with_8_readers, .limit = 60 },
	{ "E9.one_delivers_at_a_time", one_delivers_at_a_time },
	{ "E9.waiting_for_another_reader_can_be_killed",
	  waiting_for_another_reader_can_be_killed },
	{ "E9.o_nonblock_never_waits_for_another_reader",
	  o_nonblock_never_waits_for_another_reader },
	{ "E9.rwf_nowait_never_waits", rwf_nowait_never_waits },
	{ "E9.who_was_turned_away_is_woken", who_was_turned_away_is_woken },
	{ "E9.a_slow_buffer_stalls_no_other_reader",
	  a_slow_buffer_stalls_no_other_reader },
	{ "E9.a_half_slow_buffer_stalls_no_other_reader",
	  a_half_slow_buffer_stalls_no_other_reader },
};

EVENT_MAIN(tests)
