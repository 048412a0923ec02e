// SPDX-License-Identifier: GPL-2.0-only
/* KUnit suite of event_queue.c: the ring at its limits. */
#include <kunit/test.h>
#include <linux/uio.h>

#include "cxl.h"
#include "event_test.h"

#define HEADER_SIZE	sizeof(struct cxl_event_header)
#define MAX_PAYLOAD	64

/**
 * struct fixture - a context with an event queue
 * @ctx: with a reference that is never given up
 * @queue: NULL once it is destroyed
 * @sent: number of the next event to send; its payload
 * @read: number of the next event to read
 * @buf: what was read
 */
struct fixture {
	struct cxl_context ctx;
	struct cxl_event_queue *queue;
	u32 sent;
	u32 read;
	u8 buf[CXL_READ_MIN_SIZE];
};

static int queue_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	kref_init(&f->ctx.ref);
	cxl_events_init(&f->ctx.events, &f->ctx, 1, 2);
	test->priv = f;
	return 0;
}

static void queue_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	cxl_event_queue_destroy(f->queue);
	KUNIT_EXPECT_EQ(test, kref_read(&f->ctx.ref), 1);
	cxl_events_retire(&f->ctx.events);
	cxl_events_destroy(&f->ctx.events);
}

static void create(struct kunit *test, unsigned int depth)
{
	struct fixture *f = test->priv;
	struct cxl_event_queue *queue;

	queue = cxl_event_queue_create(&f->ctx, depth, MAX_PAYLOAD);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	f->queue = queue;
}

static int send(struct fixture *f)
{
	int ret = cxl_event_queue_send(f->queue, &f->sent, sizeof(f->sent));

	if (!ret)
		f->sent++;
	return ret;
}

/* Returns the number of events read; each is the next one. */
static unsigned int drain(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct kvec vec = { f->buf, sizeof(f->buf) };
	unsigned int count = 0;
	struct iov_iter to;
	ssize_t n, at;
	u32 number;

	for (;;) {
		iov_iter_kvec(&to, ITER_DEST, &vec, 1, sizeof(f->buf));
		n = cxl_events_read_iter(&f->ctx.events, &to, true);
		if (n <= 0)
			return count;
		for (at = HEADER_SIZE; at < n; at += HEADER_SIZE + 4) {
			memcpy(&number, f->buf + at, sizeof(number));
			KUNIT_EXPECT_EQ(test, number, f->read);
			f->read++;
			count++;
		}
	}
}

/* Fetch, copy @whole events, and give the rest back to the driver. */
static void deliver_some(struct fixture *f, unsigned int whole)
{
	struct cxl_events *ev = &f->ctx.events;

	mutex_lock(&ev->read_lock);
	cxl_events_test_deliver(ev, f->buf, CXL_READ_MIN_SIZE,
				whole * (HEADER_SIZE + 4));
	ev->returned += cxl_events_restore(ev, ev->ops);
	WRITE_ONCE(ev->delivering, false);
	mutex_unlock(&ev->read_lock);
	f->read += whole;
}

static void queue_test_create(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_event_queue *queue;

	KUNIT_EXPECT_PTR_EQ(test, cxl_event_queue_create(&f->ctx, 0, 8),
			    ERR_PTR(-EINVAL));
	queue = cxl_event_queue_create(&f->ctx, CXL_EVENT_QUEUE_MAX_DEPTH + 1, 8);
	KUNIT_EXPECT_PTR_EQ(test, queue, ERR_PTR(-EINVAL));
	queue = cxl_event_queue_create(&f->ctx, 1, 4089);
	KUNIT_EXPECT_PTR_EQ(test, queue, ERR_PTR(-EINVAL));
	KUNIT_EXPECT_EQ(test, kref_read(&f->ctx.ref), 1);

	create(test, 1);
	KUNIT_EXPECT_EQ(test, kref_read(&f->ctx.ref), 2);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	/* The context has its driver events already. */
	queue = cxl_event_queue_create(&f->ctx, 1, 8);
	KUNIT_EXPECT_PTR_EQ(test, queue, ERR_PTR(-EBUSY));
	KUNIT_EXPECT_EQ(test, kref_read(&f->ctx.ref), 2);
	KUNIT_EXPECT_EQ(test, drain(test), 1);
}

/* Every fill level, at every position of the ring */
static void queue_test_wraps(struct kunit *test)
{
	static const unsigned int depths[] = { 1, 2, 3, 5, 8, 13 };
	struct fixture *f = test->priv;
	unsigned int d, n, i;

	for (d = 0; d < ARRAY_SIZE(depths); d++) {
		create(test, depths[d]);
		for (n = 0; n <= depths[d] * 3; n++) {
			for (i = 0; i < n % (depths[d] + 1); i++)
				KUNIT_EXPECT_EQ(test, send(f), 0);
			KUNIT_EXPECT_EQ(test, drain(test), i);
		}
		cxl_event_queue_destroy(f->queue);
		f->queue = NULL;
	}
}

static void queue_test_full(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	create(test, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), -ENOSPC);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), -ENOSPC);
	KUNIT_EXPECT_EQ(test, cxl_events_nr_lost(&f->ctx.events), 1);
	/* Fetched is not free. */
	deliver_some(f, 1);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), -ENOSPC);
	KUNIT_EXPECT_EQ(test, drain(test), 3);
}

static void queue_test_reserve(struct kunit *test)
{
	struct fixture *f = test->priv;

	create(test, 2);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, "", 1), -EINVAL);
	cxl_event_queue_cancel(f->queue);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), 0);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), 0);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), -ENOSPC);
	KUNIT_EXPECT_EQ(test, send(f), -ENOSPC);
	/* A payload that is too large leaves the reservation. */
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, f->buf,
						     MAX_PAYLOAD + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, &f->sent, 4), 0);
	f->sent++;
	cxl_event_queue_cancel(f->queue);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), -ENOSPC);
	KUNIT_EXPECT_EQ(test, drain(test), 2);
}

static void queue_test_sizes(struct kunit *test)
{
	static const u32 bad[] = {
		MAX_PAYLOAD + 1, 4088, 0x10000, 0x10000 + 8, U32_MAX - 7, U32_MAX,
	};
	struct fixture *f = test->priv;
	unsigned int i;

	create(test, 2);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, cxl_event_queue_send(f->queue, f->buf,
							   bad[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_send(f->queue, f->buf,
						   MAX_PAYLOAD), 0);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_send(f->queue, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, cxl_events_nr_lost(&f->ctx.events), 0);
}

/* However many come back, and however often: the order is as sent. */
static void queue_test_comes_back(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int n, whole;

	create(test, 7);
	for (n = 0; n < 50; n++) {
		while (!send(f))
			;
		for (whole = 0; whole < 3; whole++)
			deliver_some(f, whole);
	}
	drain(test);
	KUNIT_EXPECT_EQ(test, f->read, f->sent);
}

/* Only events that were sent are fetched. */
static void queue_test_announced_too_much(struct kunit *test)
{
	struct fixture *f = test->priv;

	create(test, 2);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	cxl_events_announce(&f->ctx.events, 5);
	KUNIT_EXPECT_EQ(test, drain(test), 1);
	KUNIT_EXPECT_EQ(test, f->ctx.events.rejected, 5);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, drain(test), 2);
}

static void queue_test_context_goes_away(struct kunit *test)
{
	struct fixture *f = test->priv;

	create(test, 4);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), 0);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	cxl_events_retire(&f->ctx.events);
	KUNIT_EXPECT_EQ(test, send(f), -EPIPE);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), -EPIPE);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, "", 1), -EPIPE);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, "", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, f->ctx.events.count.lost, 2);
	KUNIT_EXPECT_EQ(test, drain(test), 0);
}

static void queue_test_destroy(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_events *ev = &f->ctx.events;

	cxl_event_queue_destroy(NULL);
	create(test, 4);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	/* Two are fetched, one is announced. */
	mutex_lock(&ev->read_lock);
	cxl_events_test_deliver(ev, f->buf, CXL_READ_MIN_SIZE, 0);
	mutex_unlock(&ev->read_lock);
	KUNIT_EXPECT_EQ(test, send(f), 0);
	cxl_event_queue_destroy(f->queue);
	f->queue = NULL;
	KUNIT_EXPECT_EQ(test, ev->count.lost, 3);
	KUNIT_EXPECT_EQ(test, ev->nr_fetched, 0);
	KUNIT_EXPECT_NULL(test, ev->ops);
	KUNIT_EXPECT_EQ(test, drain(test), 0);
}

/* One queue at a time; unset fails while a place is reserved. */
static void queue_test_unset(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_event_queue *queue;

	create(test, 4);
	queue = cxl_event_queue_create(&f->ctx, 4, 8);
	KUNIT_EXPECT_PTR_EQ(test, queue, ERR_PTR(-EBUSY));
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), 0);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(&f->ctx.events), -EBUSY);
	cxl_event_queue_cancel(f->queue);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(&f->ctx.events), 0);
	KUNIT_EXPECT_EQ(test, send(f), -EPIPE);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), -EPIPE);
	queue = cxl_event_queue_create(&f->ctx, 4, 8);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	cxl_event_queue_destroy(queue);
}

/* Between the exchange of the count and the end of the queue */
static void queue_test_send_while_closed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_events *ev = &f->ctx.events;

	create(test, 4);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_reserve(f->queue), 0);
	atomic_set(&ev->announced, CXL_EVENTS_NO_OPS);
	KUNIT_EXPECT_EQ(test, send(f), -EPIPE);
	KUNIT_EXPECT_EQ(test, cxl_event_queue_commit(f->queue, "", 1), -EPIPE);
	atomic_set(&ev->announced, 0);
}

static struct kunit_case queue_test_cases[] = {
	KUNIT_CASE(queue_test_unset),
	KUNIT_CASE(queue_test_send_while_closed),
	KUNIT_CASE(queue_test_create),
	KUNIT_CASE(queue_test_wraps),
	KUNIT_CASE(queue_test_full),
	KUNIT_CASE(queue_test_reserve),
	KUNIT_CASE(queue_test_sizes),
	KUNIT_CASE(queue_test_comes_back),
	KUNIT_CASE(queue_test_announced_too_much),
	KUNIT_CASE(queue_test_context_goes_away),
	KUNIT_CASE(queue_test_destroy),
	{}
};

static struct kunit_suite queue_test_suite = {
	.name = "cxl-event-queue",
	.init = queue_test_init,
	.exit = queue_test_exit,
	.test_cases = queue_test_cases,
};

kunit_test_suite(queue_test_suite);
