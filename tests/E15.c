// SPDX-License-Identifier: GPL-2.0-only
/* E15: what became of the events, as seen from outside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define TRACING	"/sys/kernel/tracing"

static char buf[65536];

/* struct cxl_event_counters, in the order of debugfs */
struct counters {
	unsigned long long posted;
	unsigned long long delivered;
	unsigned long long returned;
	unsigned long long rejected;
	unsigned long long coalesced;
	unsigned long long lost;
	unsigned long long pending;
};

static void from_fdinfo(struct event_afu *afu, struct counters *c)
{
	c->posted = event_counter(afu->fd, "posted");
	c->delivered = event_counter(afu->fd, "delivered");
	c->returned = event_counter(afu->fd, "returned");
	c->rejected = event_counter(afu->fd, "rejected");
	c->coalesced = event_counter(afu->fd, "coalesced");
	c->lost = event_counter(afu->fd, "lost");
	c->pending = event_counter(afu->fd, "pending");
}

static void from_debugfs(struct event_afu *afu, struct counters *c)
{
	char path[96], line[256];
	bool found = false;
	FILE *file;
	int pe;

	snprintf(path, sizeof(path),
		 "/sys/kernel/debug/cxl-afu/card%d/afu0/contexts",
		 event_card());
	file = fopen(path, "re");
	require(file, "%s: %m", path);
	while (!found && fgets(line, sizeof(line), file)) {
		found = sscanf(line, "%d %*s %*s %llu %llu %llu %llu %llu %llu %llu",
			       &pe, &c->posted, &c->delivered, &c->returned,
			       &c->rejected, &c->coalesced, &c->lost,
			       &c->pending) == 8 && pe == afu->pe;
	}
	fclose(file);
	require(found, "context %d is in %s", afu->pe, path);
}

static void check_counters(struct event_afu *afu, struct counters expected)
{
	struct counters c;
	int i;

	for (i = 0; i < 2; i++) {
		if (i)
			from_debugfs(afu, &c);
		else
			from_fdinfo(afu, &c);
		check_eq(c.posted, expected.posted);
		check_eq(c.delivered, expected.delivered);
		check_eq(c.returned, expected.returned);
		check_eq(c.rejected, expected.rejected);
		check_eq(c.coalesced, expected.coalesced);
		check_eq(c.lost, expected.lost);
		check_eq(c.pending, expected.pending);
	}
}

static void each_counter_counts_what_it_says(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct counters c = { 0 };
	struct event_afu afu;

	event_open_ops(&afu);
	check_counters(&afu, c);

	event_send_ok(&afu, 3, 8);
	c.posted += 3;
	c.pending += 3;
	check_counters(&afu, c);

	event_irq(&afu, 2);
	event_irq(&afu, 2);
	event_irq(&afu, 4);
	c.posted += 3;
	c.coalesced += 1;
	c.pending += 2;
	check_counters(&afu, c);

	event_error(&afu, 1);
	event_error(&afu, 2);
	c.posted += 2;
	c.lost += 1;
	c.pending += 1;
	check_counters(&afu, c);

	/* What comes back is announced again. */
	check_errno(read(afu.fd, guarded_end(0), 4096), EFAULT);
	c.returned += 3;
	c.posted += 3;
	check_counters(&afu, c);

	event_drain(&afu, &stream);
	c.delivered += 6;
	c.pending = 0;
	check_counters(&afu, c);

	event_send_null(&afu);
	event_send_bad_size(&afu, 1000);
	c.posted += 2;
	c.pending += 2;
	check_counters(&afu, c);
	event_drain(&afu, &stream);
	c.rejected += 2;
	c.pending = 0;
	check_counters(&afu, c);

	check_ok(event_op(&afu, CXL_TEST_UNSET_OPS));
	event_announce(&afu, 4);
	c.posted += 4;
	c.rejected += 4;
	check_counters(&afu, c);
}

static void second_faults_are_counted(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;
	void *last;

	event_open_ops(&afu);
	event_fault(&afu);
	event_fault(&afu);
	last = event_fault(&afu);
	check(becomes_true(event_counter(afu.fd, "posted") == 3));
	check_eq(event_counter(afu.fd, "lost"), 2);
	check_eq(event_counter(afu.fd, "pending"), 1);
	/* The last fault is the one that is read. */
	require_eq(read(afu.fd, buf, sizeof(buf)), FAULT_SIZE);
	check_eq(((struct cxl_event *)buf)->fault.addr, (unsigned long)last);
	event_feed(&stream, buf, FAULT_SIZE);
	event_check_counters(afu.fd);
}

static void events_of_a_dead_driver_are_lost(void)
{
	struct event_afu afu;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, 3000));
	event_send_ok(&afu, 5, 3000);
	/* One is delivered, one fetched, three are announced. */
	check_eq(read(afu.fd, buf, CXL_READ_MIN_SIZE), HEADER_SIZE + 3000);
	check_ok(event_op(&afu, CXL_TEST_RELEASE));
	check_eq(event_counter(afu.fd, "delivered"), 1);
	check_eq(event_counter(afu.fd, "pending"), 0);
	check_eq(event_counter(afu.fd, "lost"), 4);
	check_eq(event_counter(afu.fd, "returned"), 0);
	check_eq(event_counter(afu.fd, "rejected"), 0);
	event_check_counters(afu.fd);
}

/* The counters always add up, whoever reads them and whenever. */
static void counters_add_up_under_load(void)
{
	struct cxl_test_produce what = {
		.count = 20000,
		.sources = 1 << CXL_TEST_KTHREAD | 1 << CXL_TEST_HARDIRQ,
		.min_size = 8,
		.max_size = 64,
		.burst = 10,
		.pause_us = 50,
	};
	struct event_reader reader;
	struct event_afu afu;
	struct counters c;
	int i;

	event_open_ops(&afu);
	event_reader_start(&reader, &afu,
			   (struct event_stream)EVENT_STREAM(8, 64));
	event_produce(&afu, &what);
	for (i = 0; event_state_of(&afu, producing); i++) {
		event_irq(&afu, 1 + i % EVENT_IRQS);
		event_error(&afu, i);
		if (i % 16 == 0)
			read(afu.fd, guarded_end(0), 4096);
		from_debugfs(&afu, &c);
		check_eq(c.posted, c.delivered + c.returned + c.rejected +
				   c.coalesced + c.lost + c.pending);
	}
	event_op(&afu, CXL_TEST_HALT);
	event_reader_stop(&reader);
	check_eq(reader.stream.drivers, what.count);
	event_check_counters(afu.fd);
	check_eq(event_counter(afu.fd, "delivered"),
		 reader.stream.drivers + reader.stream.irqs +
		 reader.stream.errors);
	check_eq(event_counter(afu.fd, "coalesced") + reader.stream.irqs, i);
	check_eq(event_counter(afu.fd, "lost") + reader.stream.errors, i);
	event_check_settled(&afu);
}

/* Tracepoints */

static void trace_on(void)
{
	require_ok(file_write("0", TRACING "/tracing_on"));
	require_ok(file_write("", TRACING "/trace"));
	require_ok(file_write("1", TRACING "/events/cxl/enable"));
	require_ok(file_write("1", TRACING "/tracing_on"));
}

static void trace_off(void)
{
	file_write("0", TRACING "/events/cxl/enable");
}

/* Sum of @field (or of 1) over the lines of an event with @text in them */
static unsigned int traced(struct event_afu *afu, const char *event,
			   const char *text, const char *field)
{
	char line[512], who[48], name[48];
	unsigned int sum = 0;
	FILE *file = fopen(TRACING "/trace", "re");
	char *at;

	require(file, "%m");
	snprintf(who, sizeof(who), "afu%d.0 pe=%d ", event_card(), afu->pe);
	snprintf(name, sizeof(name), " %s: ", event);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = ' ';
		if (!strstr(line, name) || !strstr(line, who) ||
		    !strstr(line, text))
			continue;
		at = field ? strstr(line, field) : NULL;
		sum += at ? atoi(at + strlen(field)) : 1;
	}
	fclose(file);
	return sum;
}

static void the_way_of_each_event_is_traced(void)
{
	struct event_stream stream = EVENT_STREAM(8, 8);
	struct event_afu afu;

	if (!file_exists(TRACING "/events"))
		skip("no tracefs");
	event_open_ops(&afu);
	trace_on();
	event_send_ok(&afu, 5, 8);
	event_send_flags(&afu, 10, 8, CXL_TEST_SEND_AT_ONCE);
	event_irq(&afu, 3);
	event_error(&afu, 1);
	event_drain(&afu, &stream);
	event_send_ok(&afu, 2, 8);
	read(afu.fd, guarded_end(0), 4096);
	event_drain(&afu, &stream);
	event_send_null(&afu);
	event_drain(&afu, &stream);

	check_eq(traced(&afu, "cxl_event_post", "type=driver ", " count="),
		 5 + 10 + 2 + 2 + 1);
	check_eq(traced(&afu, "cxl_event_post", "type=irq ", NULL), 1);
	check_eq(traced(&afu, "cxl_event_post", "type=error ", NULL), 1);
	check_eq(traced(&afu, "cxl_event_fetch", "", " count="),
		 15 + 2 + 2 + 1);
	check_eq(traced(&afu, "cxl_event_deliver", "type=driver count=1 rc=0 ",
			" count="), 17);
	check_eq(traced(&afu, "cxl_event_deliver", "rc=-14 ", " count="), 2);
	check_eq(traced(&afu, "cxl_event_deliver", "rc=-22 ", " count="), 1);
	check_eq(traced(&afu, "cxl_event_deliver", "type=irq ", NULL), 1);
	check_eq(traced(&afu, "cxl_event_deliver", "type=error ", NULL), 1);
	check_eq(traced(&afu, "cxl_detach", "", NULL), 0);
	check_eq(traced(&afu, "cxl_event_end", "", NULL), 0);

	event_close_fd(&afu);
	check_eq(traced(&afu, "cxl_detach", "", NULL), 1);
	check_eq(traced(&afu, "cxl_event_end", "", NULL), 1);
}

/* A call in a thread of its own, which may sleep */
struct background {
	pthread_t thread;
	char path[80];
	long result;
	bool done;
};

static void *read_file(void *arg)
{
	struct background *b = arg;
	char text[4096];

	b->result = file_read(text, sizeof(text), "%s", b->path);
	__atomic_store_n(&b->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *open_node(void *arg)
{
	struct background *b = arg;

	b->result = node_open(b->path, 0);
	__atomic_store_n(&b->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(struct background *b)
{
	return __atomic_load_n(&b->done, __ATOMIC_ACQUIRE);
}

/* debugfs waits for a callback that takes its time, but nobody waits for debugfs. */
static void reading_the_counters_stalls_nobody(void)
{
	struct background counters = { 0 }, other = { 0 };
	struct sleeper reader;
	struct event_afu afu;
	int card = event_card();

	snprintf(counters.path, sizeof(counters.path),
		 "/sys/kernel/debug/cxl-afu/card%d/afu0/contexts", card);
	snprintf(other.path, sizeof(other.path), "afu%d.0s", card);
	event_open_ops(&afu);
	event_hold(&afu, CXL_TEST_HOLD_DELIVERED);
	sleeper_start(&reader, event_read_call, &afu.fd);
	event_send_ok(&afu, 1, 8);
	event_wait_held(&afu);
	require(!pthread_create(&counters.thread, NULL, read_file, &counters));
	usleep(QUIET_MS * 1000);
	check(!is_done(&counters));
	require(!pthread_create(&other.thread, NULL, open_node, &other));
	check(becomes_true(is_done(&other)));

	event_hold(&afu, 0);
	pthread_join(other.thread, NULL);
	pthread_join(counters.thread, NULL);
	require(sleeper_join(&reader));
	check_eq(reader.result, HEADER_SIZE + 8);
	check(counters.result > 0);
	check_ok(close(require_ok(other.result)));
}

static const struct tap_test tests[] = {
	{ "E15.each_counter_counts_what_it_says",
	  each_counter_counts_what_it_says },
	{ "E15.second_faults_are_counted", second_faults_are_counted },
	{ "E15.events_of_a_dead_driver_are_lost",
	  events_of_a_dead_driver_are_lost },
	{ "E15.counters_add_up_under_load", counters_add_up_under_load,
	  .limit = 90 },
	{ "E15.the_way_of_each_event_is_traced",
	  the_way_of_each_event_is_traced, .cleanup = trace_off },
	{ "E15.reading_the_counters_stalls_nobody",
	  reading_the_counters_stalls_nobody },
};

EVENT_MAIN(tests)
