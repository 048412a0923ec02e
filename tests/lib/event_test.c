// SPDX-License-Identifier: GPL-2.0-only
/* Contexts of the test AFU driver: see tests/lib/event_test.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define READ_SIZE	65536

/* Contexts */

void event_open(struct event_afu *afu, __u32 flags)
{
	struct cxl_test_new new = {
		.flags = flags,
		.num_irqs = EVENT_IRQS,
	};

	queue_init(&afu->queue, 32);
	new.wed = queue_wed(&afu->queue);
	afu->ctl = open(CXL_TEST_NODE, O_RDWR | O_CLOEXEC);
	require(afu->ctl >= 0, "%s: %m", CXL_TEST_NODE);
	require_ok(ioctl(afu->ctl, CXL_TEST_NEW, &new));
	afu->fd = new.fd;
	afu->pe = new.pe;
	memcpy(afu->device, new.device, sizeof(afu->device));
}

void event_open_ops(struct event_afu *afu)
{
	event_open(afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(afu, 0, 0, 0));
}

void event_open_queue(struct event_afu *afu, __u32 depth, __u32 max_payload)
{
	struct cxl_test_queue queue = {
		.depth = depth,
		.max_payload = max_payload,
	};

	event_open(afu, CXL_TEST_NEW_STARTED);
	require_ok(ioctl(afu->ctl, CXL_TEST_QUEUE_CREATE, &queue));
}

void event_close_fd(struct event_afu *afu)
{
	if (afu->fd >= 0)
		close(afu->fd);
	afu->fd = -1;
}

void event_close(struct event_afu *afu)
{
	event_close_fd(afu);
	if (afu->ctl >= 0)
		close(afu->ctl);
	afu->ctl = -1;
	queue_destroy(&afu->queue);
}

void event_set_nonblock(struct event_afu *afu, bool nonblock)
{
	require_ok(fcntl(afu->fd, F_SETFL, nonblock ? O_NONBLOCK : 0));
}

int event_set_ops(struct event_afu *afu, __u32 flags, __u32 pair,
		  __u32 max_data_size)
{
	struct cxl_test_set_ops ops = {
		.flags = flags,
		.pair = pair,
		.max_data_size = max_data_size,
		.depth = EVENT_DEPTH,
	};

	return ioctl(afu->ctl, CXL_TEST_SET_OPS, &ops);
}

int event_op(struct event_afu *afu, __u32 op)
{
	return ioctl(afu->ctl, CXL_TEST_CONTEXT, &op);
}

static unsigned int send_what(struct event_afu *afu, struct cxl_test_send *what)
{
	require_ok(ioctl(afu->ctl, CXL_TEST_SEND, what));
	return what->sent;
}

unsigned int event_send(struct event_afu *afu, __u32 source, __u32 count,
			__u32 min_size, __u32 max_size)
{
	return send_what(afu, &(struct cxl_test_send) {
		.source = source,
		.count = count,
		.min_size = min_size,
		.max_size = max_size,
	});
}

unsigned int event_send_flags(struct event_afu *afu, __u32 count, __u32 size,
			      __u32 flags)
{
	return send_what(afu, &(struct cxl_test_send) {
		.count = count,
		.min_size = size,
		.max_size = size,
		.flags = flags,
	});
}

void event_send_ok(struct event_afu *afu, __u32 count, __u32 size)
{
	require_eq(event_send_flags(afu, count, size, 0), count);
}

void event_send_null(struct event_afu *afu)
{
	require_eq(send_what(afu, &(struct cxl_test_send) {
		.kind = CXL_TEST_NULL,
		.count = 1,
	}), 1);
}

void event_send_bad_size(struct event_afu *afu, __u32 size)
{
	require_eq(send_what(afu, &(struct cxl_test_send) {
		.kind = CXL_TEST_BAD_SIZE,
		.bad_size = size,
		.count = 1,
	}), 1);
}

void event_announce(struct event_afu *afu, __u32 count)
{
	require_ok(ioctl(afu->ctl, CXL_TEST_ANNOUNCE, &count));
}

void event_produce(struct event_afu *afu, const struct cxl_test_produce *what)
{
	require_ok(ioctl(afu->ctl, CXL_TEST_PRODUCE, what));
}

void event_inject(struct event_afu *afu, __u32 what, __u32 source, __u64 value)
{
	struct cxl_test_inject inject = {
		.what = what,
		.source = source,
		.value = value,
	};

	require_ok(ioctl(afu->ctl, CXL_TEST_INJECT, &inject));
}

void event_irq(struct event_afu *afu, __u32 irq)
{
	event_inject(afu, CXL_TEST_INTERRUPT, CXL_TEST_PROCESS, irq);
}

void event_error(struct event_afu *afu, __u64 error)
{
	event_inject(afu, CXL_TEST_ERROR, CXL_TEST_PROCESS, error);
}

void *event_fault(struct event_afu *afu)
{
	static char sink;
	void *page = no_access_page();

	require_eq(queue_wait(queue_copy(&afu->queue, &sink, page, 1)),
		   WE_AERROR);
	return page;
}

void event_hold(struct event_afu *afu, __u32 callbacks)
{
	require_ok(ioctl(afu->ctl, CXL_TEST_HOLD, &callbacks));
}

void event_wait_held(struct event_afu *afu)
{
	require(becomes_true(event_state_of(afu, held) > 0));
}

void event_slow(struct event_afu *afu, __u32 fetch_us, __u32 delivered_us)
{
	struct cxl_test_slow slow = {
		.fetch_us = fetch_us,
		.delivered_us = delivered_us,
	};

	require_ok(ioctl(afu->ctl, CXL_TEST_SLOW, &slow));
}

void event_state(struct event_afu *afu, struct cxl_test_state *state)
{
	require_ok(ioctl(afu->ctl, CXL_TEST_GET_STATE, state));
}

void event_check(struct event_afu *afu)
{
	static const char * const what[CXL_TEST_NR_VIOLATIONS] = {
		[CXL_TEST_V_FETCH_CAN_SLEEP] = "fetch_event without the spinlock",
		[CXL_TEST_V_FETCH_TWICE_AT_ONCE] = "two fetch_event at once",
		[CXL_TEST_V_FETCH_NOTHING_LEFT] = "more fetched than announced",
		[CXL_TEST_V_FETCH_STALE] = "fetched before it was stored",
		[CXL_TEST_V_DELIVERED_ATOMIC] = "event_delivered must not sleep",
		[CXL_TEST_V_DELIVERED_AT_ONCE] = "two event_delivered at once",
		[CXL_TEST_V_DELIVERED_UNKNOWN] = "event_delivered without fetch",
		[CXL_TEST_V_DELIVERED_ORDER] = "event_delivered out of order",
		[CXL_TEST_V_DELIVERED_RC] = "event_delivered with a wrong rc",
		[CXL_TEST_V_OTHER_PAIR] = "fetched from other ops",
		[CXL_TEST_V_AFTER_UNSET] = "a callback after the ops were unset",
		[CXL_TEST_V_AFTER_CLOSED] = "a callback after context_closed",
		[CXL_TEST_V_CLOSED_IN_FLIGHT] = "context_closed with events in flight",
	};
	struct cxl_test_state state;
	int i;

	event_state(afu, &state);
	for (i = 0; i < CXL_TEST_NR_VIOLATIONS; i++)
		check(!state.violation[i], "%s (%llu times)", what[i],
		      state.violation[i]);
	check_eq(state.fetched, state.delivered + state.returned +
				state.rejected + state.in_flight);
}

void event_check_settled(struct event_afu *afu)
{
	struct cxl_test_state state;

	event_check(afu);
	event_state(afu, &state);
	check_eq(state.in_flight, 0);
	check_eq(state.queued, 0);
	check_eq(state.sent, state.delivered + state.rejected + state.dropped);
}

long long event_counter(int fd, const char *name)
{
	char path[64], line[128], key[64];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(key, sizeof(key), "cxl-%s:", name);
	file = fopen(path, "re");
	require(file, "%s: %m", path);
	while (value < 0 && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, strlen(key)))
			value = strtoll(line + strlen(key), NULL, 10);
	}
	fclose(file);
	require(value >= 0, "%s is in %s", key, path);
	return value;
}

void event_check_counters(int fd)
{
	check_eq(event_counter(fd, "posted"),
		 event_counter(fd, "delivered") +
		 event_counter(fd, "returned") +
		 event_counter(fd, "rejected") +
		 event_counter(fd, "coalesced") +
		 event_counter(fd, "lost") +
		 event_counter(fd, "pending"));
}

/* Streams */

static __u32 le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (__u32)p[3] << 24;
}

static void feed_driver(struct event_stream *s, const unsigned char *data,
			__u32 size)
{
	bool numbered = size >= CXL_TEST_MIN_NUMBERED;
	__u32 producer = numbered ? le32(data) : 0;
	__u32 sequence, i;

	s->drivers++;
	if (!check(producer < EVENT_PRODUCERS, "producer %u", producer))
		return;
	sequence = numbered ? le32(data + 4) : s->next[producer];
	if (sequence != s->next[producer] && !s->disorder) {
		fail("producer %u: event %u where %u was next", producer,
		     sequence, s->next[producer]);
		s->disorder = true;
	}
	s->next[producer] = sequence + 1;
	check_eq(size, cxl_test_size(producer, sequence, s->min_size,
				     s->max_size));
	for (i = 0; i < size; i++) {
		if (data[i] != cxl_test_byte(producer, sequence, i)) {
			fail("producer %u, event %u: byte %u of %u is %#x, not %#x",
			     producer, sequence, i, size, data[i],
			     cxl_test_byte(producer, sequence, i));
			return;
		}
	}
}

/* Only driver events are read in the order of their times. */
static void feed_stamp(struct event_stream *s, const unsigned char *end,
		       bool driver)
{
	struct cxl_event_stamp stamp;

	memcpy(&stamp, end - sizeof(stamp), sizeof(stamp));
	check_eq(stamp.sequence, s->stamp.sequence + 1);
	s->stamp = stamp;
	if (!driver)
		return;
	check(stamp.lost >= s->lost);
	s->lost = stamp.lost;
}

unsigned int event_feed(struct event_stream *s, const void *buf, ssize_t size)
{
	const unsigned char *p = buf, *end = p + size;
	__u64 before = s->drivers;
	struct cxl_event_header header;
	__u32 payload;

	for (; p < end; p += header.size) {
		require(end - p >= (ssize_t)HEADER_SIZE);
		memcpy(&header, p, sizeof(header));
		require(header.size >= HEADER_SIZE && header.size <= end - p,
			"an event of %u bytes, %zd are left", header.size,
			end - p);
		payload = header.size - HEADER_SIZE;
		if (header.reserved1 & CXL_EVENT_STAMPED) {
			feed_stamp(s, p + header.size,
				   header.type == CXL_EVENT_AFU_DRIVER);
			payload -= STAMP_SIZE;
		}
		switch (header.type) {
		case CXL_EVENT_AFU_INTERRUPT:
			s->irqs++;
			check_eq(payload, IRQ_SIZE - HEADER_SIZE);
			break;
		case CXL_EVENT_DATA_STORAGE:
			s->faults++;
			check_eq(payload, FAULT_SIZE - HEADER_SIZE);
			break;
		case CXL_EVENT_AFU_ERROR:
			s->errors++;
			check_eq(payload, ERROR_SIZE - HEADER_SIZE);
			break;
		case CXL_EVENT_AFU_DRIVER:
			feed_driver(s, p + HEADER_SIZE, payload);
			break;
		default:
			require(false, "an event of type %u", header.type);
		}
	}
	return s->drivers - before;
}

unsigned int event_drain(struct event_afu *afu, struct event_stream *stream)
{
	static _Thread_local char buf[READ_SIZE];
	unsigned int drivers = 0;
	ssize_t n;

	event_set_nonblock(afu, true);
	while ((n = read(afu->fd, buf, sizeof(buf))) > 0)
		drivers += event_feed(stream, buf, n);
	check(n < 0 && (errno == EAGAIN || errno == EIO), "read: %zd, %m", n);
	event_set_nonblock(afu, false);
	return drivers;
}

static void *reader_thread(void *arg)
{
	static _Thread_local char buf[READ_SIZE];
	struct event_reader *r = arg;
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t n;

	for (;;) {
		bool last = __atomic_load_n(&r->stop, __ATOMIC_ACQUIRE);

		if (poll(&p, 1, last ? 0 : 20) == 0 && last)
			return NULL;
		if (!p.revents)
			continue;
		n = read(r->fd, buf, sizeof(buf));
		if (n > 0) {
			event_feed(&r->stream, buf, n);
			r->reads++;
		} else if (n == 0 || errno != EAGAIN) {
			r->error = n ? errno : -1;
			return NULL;
		}
	}
}

void event_reader_start(struct event_reader *r, struct event_afu *afu,
			struct event_stream stream)
{
	*r = (struct event_reader){ .fd = afu->fd, .stream = stream };
	event_set_nonblock(afu, true);
	require_eq(pthread_create(&r->thread, NULL, reader_thread, r), 0);
}

void event_reader_stop(struct event_reader *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	pthread_join(r->thread, NULL);
}

/* Buffers */

char *guarded_end(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) / page * page;
	char *mem = mmap(NULL, whole + page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(mem != MAP_FAILED);
	require_ok(mprotect(mem + whole, page, PROT_NONE));
	return mem + whole;
}

/* Calls */

long event_read_call(void *fd)
{
	static _Thread_local char buf[READ_SIZE];

	return read(*(int *)fd, buf, sizeof(buf));
}

long event_poll_call(void *fd)
{
	struct pollfd p = { .fd = *(int *)fd, .events = POLLIN };

	return poll(&p, 1, -1) < 0 ? -1 : p.revents;
}
