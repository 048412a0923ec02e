// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations and accesses to user memory fail, at each place in turn, with an
 * AFU driver that sends events: none is lost.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"
#include "lib/fail_test.h"

#define EVENTS	7
#define SIZE	100

static struct event_afu afu;

static int call_new(void)
{
	struct cxl_test_new new = {
		.flags = CXL_TEST_NEW_STARTED,
		.num_irqs = EVENT_IRQS,
		.wed = queue_wed(&afu.queue),
	};

	int error;

	if (!ioctl(afu.ctl, CXL_TEST_NEW, &new)) {
		afu.fd = new.fd;
		return 0;
	}
	/* The test driver may have a context that it could not report. */
	error = errno;
	fail_at(0);
	close(afu.ctl);
	afu.ctl = require_ok(open(CXL_TEST_NODE, O_RDWR | O_CLOEXEC));
	errno = error;
	return -1;
}

static void undo_new(void)
{
	event_close_fd(&afu);
	close(afu.ctl);
	afu.ctl = require_ok(open(CXL_TEST_NODE, O_RDWR | O_CLOEXEC));
}

static void new_context(void)
{
	queue_init(&afu.queue, 32);
	afu.ctl = require_ok(open(CXL_TEST_NODE, O_RDWR | O_CLOEXEC));
	check(fail_each(call_new, undo_new));
}

static int call_queue(void)
{
	struct cxl_test_queue queue = {
		.depth = 16,
		.max_payload = SIZE,
	};

	return ioctl(afu.ctl, CXL_TEST_QUEUE_CREATE, &queue);
}

static void undo_queue(void)
{
	event_close(&afu);
	event_open(&afu, CXL_TEST_NEW_STARTED);
}

static void event_queue(void)
{
	event_open(&afu, CXL_TEST_NEW_STARTED);
	check(fail_each(call_queue, undo_queue));
	event_close(&afu);
}

/*
 * Reading
 */

static struct event_stream stream = EVENT_STREAM(SIZE, SIZE);
static unsigned char buf[2 * CXL_READ_MIN_SIZE];

/* The events are in the event queue: the driver does not see them any more. */
static bool in_queue;

static unsigned int rounds;

/*
 * Not read(): it stores to user memory word by word, where no failure can be
 * injected. E8.* make it fail for real, at each offset.
 */
static int call_read(void)
{
	struct iovec part = { .iov_base = buf, .iov_len = sizeof(buf) };
	ssize_t n = readv(afu.fd, &part, 1);

	if (n > 0)
		event_feed(&stream, buf, n);
	return n;
}

/* Read the rest, if there is any, and send new events. */
static void undo_read(void)
{
	rounds++;
	event_drain(&afu, &stream);
	check_eq(stream.drivers, (__u64)rounds * EVENTS);
	check_eq(stream.irqs, rounds);
	check_eq(stream.errors, rounds);
	if (!in_queue)
		event_check_settled(&afu);
	event_send_ok(&afu, EVENTS, SIZE);
	event_irq(&afu, 2);
	event_error(&afu, 5);
}

static void check_reading(void)
{
	event_set_nonblock(&afu, true);
	event_send_ok(&afu, EVENTS, SIZE);
	event_irq(&afu, 2);
	event_error(&afu, 5);
	fail_each(call_read, undo_read);
	check(rounds > 1, "a copy can fail");
	event_check_counters(afu.fd);
	event_close(&afu);
}

static void read_from_a_driver(void)
{
	event_open_ops(&afu);
	check_reading();
}

static void read_from_a_queue(void)
{
	in_queue = true;
	event_open_queue(&afu, 16, SIZE);
	check_reading();
}

static const struct tap_test tests[] = {
	{ "fail_events.new_context", new_context, .limit = 60 },
	{ "fail_events.event_queue", event_queue, .limit = 60 },
	{ "fail_events.read_from_a_driver", read_from_a_driver },
	{ "fail_events.read_from_a_queue", read_from_a_queue },
};

EVENT_MAIN(tests)
