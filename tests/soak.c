// SPDX-License-Identifier: GPL-2.0-only
/*
 * Producers in every context against several readers, with failing copies,
 * signals, detaches, link changes and ops that come and go: no event is lost,
 * duplicated or out of order. $CXL_SOAK_EVENTS sets how many events, for each
 * kind of driver.
 *
 * The readers reassemble what they read by the sequence numbers of the stamps;
 * the resulting stream is checked byte by byte.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define DEFAULT_EVENTS	100000
#define READERS		4
#define BUFFER		16384
#define MIN_SIZE	8
#define MAX_SIZE	100

/* A read() that is over before the ones that precede it in the stream */
struct early {
	struct early *next;
	__u64 sequence;
	ssize_t size;
	char buf[];
};

/**
 * struct soak - one run
 * @afu: the context
 * @unset: ops can be unset and set again
 * @lock: guards the following
 * @stream: what was read, in order
 * @early: what was read, out of order
 * @thread: the readers
 * @readers_end: readers end once nothing is left
 * @trouble_ends: no more changes
 * @faults: number of read() calls that failed with EFAULT
 * @interrupted: number of those interrupted by a signal
 * @ended: number of those that found the context closed or the link down
 * @busy: how often ops could not be unset
 * @unsets: how often they could
 * @detaches: how often the context was stopped and started again
 * @links: link changes
 * @reported: AFU errors
 */
static struct soak {
	struct event_afu afu;
	bool unset;
	pthread_mutex_t lock;
	struct event_stream stream;
	struct early *early;
	pthread_t thread[READERS];
	bool readers_end;
	bool trouble_ends;
	unsigned long faults;
	unsigned long interrupted;
	unsigned long ended;
	unsigned long busy;
	unsigned long unsets;
	unsigned long detaches;
	unsigned long links;
	unsigned long reported;
} soak = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned long nr_events = DEFAULT_EVENTS;

static __u64 first_sequence(const char *buf)
{
	struct cxl_event_header header;
	struct cxl_event_stamp stamp;

	memcpy(&header, buf, sizeof(header));
	require(header.reserved1 == CXL_EVENT_STAMPED);
	memcpy(&stamp, buf + header.size - sizeof(stamp), sizeof(stamp));
	return stamp.sequence;
}

/* Remove the read that comes next from the list. */
static struct early *next_early(void)
{
	struct early **p, *early;

	for (p = &soak.early; (early = *p); p = &early->next) {
		if (early->sequence == soak.stream.stamp.sequence + 1) {
			*p = early->next;
			return early;
		}
	}
	return NULL;
}

static void put_together(const char *buf, ssize_t size)
{
	__u64 sequence = first_sequence(buf);
	struct early *early;

	pthread_mutex_lock(&soak.lock);
	if (sequence != soak.stream.stamp.sequence + 1) {
		early = malloc(sizeof(*early) + size);
		early->sequence = sequence;
		early->size = size;
		memcpy(early->buf, buf, size);
		early->next = soak.early;
		soak.early = early;
	} else {
		event_feed(&soak.stream, buf, size);
		while ((early = next_early())) {
			event_feed(&soak.stream, early->buf, early->size);
			free(early);
		}
	}
	pthread_mutex_unlock(&soak.lock);
}

static bool flag(bool *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void count(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static unsigned long counted(unsigned long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Reads into buffers that are good, cut short, or bad */
static void *reader(void *arg)
{
	char *end = guarded_end(BUFFER);
	unsigned int seed = (unsigned long)arg;
	struct pollfd p = { .fd = soak.afu.fd, .events = POLLIN };
	ssize_t n;

	while (!flag(&soak.readers_end)) {
		unsigned int room = BUFFER;

		if (rand_r(&seed) % 8 == 0)
			room = rand_r(&seed) % 300;
		if (rand_r(&seed) % 4 == 0)
			poll(&p, 1, 10);
		n = read(soak.afu.fd, end - room, BUFFER);
		if (n > 0) {
			put_together(end - room, n);
		} else if (errno == EFAULT) {
			count(&soak.faults);
		} else if (errno == EINTR) {
			count(&soak.interrupted);
		} else if (errno == EIO) {
			count(&soak.ended);
			usleep(1000);
		} else if (!check(errno == EAGAIN, "%m")) {
			break;
		}
	}
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
}

static void unset_and_set(unsigned int pair)
{
	if (event_op(&soak.afu, CXL_TEST_UNSET_OPS)) {
		check_eq(errno, EBUSY);
		count(&soak.busy);
		return;
	}
	check_ok(event_set_ops(&soak.afu, 0, pair, 0));
	count(&soak.unsets);
}

static void *trouble(void *unused)
{
	unsigned int seed = 42;

	while (!flag(&soak.trouble_ends)) {
		switch (rand_r(&seed) % 10) {
		case 0:
			event_set_link(false);
			usleep(500);
			event_set_link(true);
			count(&soak.links);
			break;
		case 1:
			check_ok(event_op(&soak.afu, CXL_TEST_STOP));
			usleep(500);
			check_ok(event_op(&soak.afu, CXL_TEST_START));
			count(&soak.detaches);
			break;
		case 2:
		case 3:
			pthread_kill(soak.thread[rand_r(&seed) % READERS],
				     SIGUSR1);
			break;
		case 4:
			event_inject(&soak.afu, CXL_TEST_ERROR,
				     CXL_TEST_HARDIRQ, 1);
			count(&soak.reported);
			break;
		case 5:
		case 6:
			event_inject(&soak.afu, CXL_TEST_INTERRUPT,
				     CXL_TEST_HARDIRQ,
				     1 + rand_r(&seed) % EVENT_IRQS);
			break;
		default:
			if (soak.unset)
				unset_and_set(rand_r(&seed) & 1);
		}
		usleep(rand_r(&seed) % 2000);
	}
	return unused;
}

static void produce_all(void)
{
	struct cxl_test_produce what = {
		.count = nr_events,
		.sources = (1 << CXL_TEST_NR_SOURCES) - 1,
		.min_size = MIN_SIZE,
		.max_size = MAX_SIZE,
		.burst = 24,
	};
	__u64 sent, before = 0;
	long long moved = now_ms();

	event_produce(&soak.afu, &what);
	while (event_state_of(&soak.afu, producing)) {
		usleep(20000);
		sent = event_state_of(&soak.afu, sent);
		if (sent != before)
			moved = now_ms();
		before = sent;
		require(now_ms() - moved < 4 * SOON_MS, "%llu sent", sent);
	}
	event_op(&soak.afu, CXL_TEST_HALT);
}

static void check_result(void)
{
	struct event_stream *stream = &soak.stream;
	int fd = soak.afu.fd;

	diag("%llu driver events, %llu interrupts, %llu errors",
	     stream->drivers, stream->irqs, stream->errors);
	diag("%lu unset (%lu busy), %lu detached, %lu link changes",
	     soak.unsets, soak.busy, soak.detaches, soak.links);
	diag("%lu times EFAULT, %lu EINTR, %lu EIO",
	     soak.faults, soak.interrupted, soak.ended);
	check(!soak.early, "a gap before %llu",
	      soak.early ? soak.early->sequence : 0);
	check_eq(stream->drivers, nr_events);
	check_eq(event_counter(fd, "delivered"),
		 stream->drivers + stream->irqs + stream->errors);
	check_eq(event_counter(fd, "lost"), soak.reported - stream->errors);
	check_eq(event_counter(fd, "rejected"), 0);
	check_eq(event_counter(fd, "pending"), 0);
	event_check_counters(fd);
}

/* A fast machine may be done before each kind of trouble has met a read. */
static bool all_trouble_met(void)
{
	return counted(&soak.faults) && counted(&soak.interrupted) &&
	       counted(&soak.links) && counted(&soak.detaches) &&
	       (!soak.unset || counted(&soak.unsets) || counted(&soak.busy));
}

static void run(void)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t troublemaker;
	unsigned long i;

	soak.stream = (struct event_stream)EVENT_STREAM(MIN_SIZE, MAX_SIZE);
	require_ok(sigaction(SIGUSR1, &action, NULL));
	require_ok(ioctl(soak.afu.fd, CXL_IOCTL_EVENT_FORMAT, &format));
	for (i = 0; i < READERS; i++)
		require_eq(pthread_create(&soak.thread[i], NULL, reader,
					  (void *)i), 0);
	require_eq(pthread_create(&troublemaker, NULL, trouble, NULL), 0);
	produce_all();
	/* Ops may be busy each time, or never: E2 shows both answers. */
	check(becomes_true(all_trouble_met()));
	__atomic_store_n(&soak.trouble_ends, true, __ATOMIC_RELEASE);
	pthread_join(troublemaker, NULL);
	check(becomes_true(!event_counter(soak.afu.fd, "pending")));
	__atomic_store_n(&soak.readers_end, true, __ATOMIC_RELEASE);
	check_ok(event_op(&soak.afu, CXL_TEST_STOP));
	for (i = 0; i < READERS; i++)
		pthread_join(soak.thread[i], NULL);
	check_result();
}

static void nothing_is_lost_from_driver_ops(void)
{
	event_open_ops(&soak.afu);
	soak.unset = true;
	run();
	event_check_settled(&soak.afu);
}

static void nothing_is_lost_from_an_event_queue(void)
{
	event_open_queue(&soak.afu, 500, MAX_SIZE);
	run();
}

static void link_up(void)
{
	event_set_link(true);
}

static struct tap_test tests[] = {
	{ "soak.nothing_is_lost_from_driver_ops",
	  nothing_is_lost_from_driver_ops, .cleanup = link_up },
	{ "soak.nothing_is_lost_from_an_event_queue",
	  nothing_is_lost_from_an_event_queue, .cleanup = link_up },
};

int main(int argc, char **argv)
{
	const char *events = getenv("CXL_SOAK_EVENTS");
	unsigned int i;

	/* Accepts "1e8", too */
	if (events && *events)
		nr_events = strtod(events, NULL);
	if (!events || !*events)
		nr_events = tap_rounds(DEFAULT_EVENTS, 5000);
	for (i = 0; i < 2; i++)
		tests[i].limit = 120 + nr_events / 500;
	return event_main(argc, argv, __FILE__, tests, 2);
}
