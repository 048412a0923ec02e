// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of event.c, event_generic.c and event_read.c: what no program can
 * cause at will, above all copies that stop at any byte.  Included by
 * event_read.c, whose steps it takes one by one.
 */
#include <kunit/test.h>
#include <linux/uio.h>

#include "cxl.h"
#include "event_test.h"

#define HEADER_SIZE	sizeof(struct cxl_event_header)
#define STAMP_SIZE	sizeof(struct cxl_event_stamp)
#define IRQ_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_afu_interrupt))
#define FAULT_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_data_storage))
#define ERROR_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_afu_error))

#define MAX_EVENTS	300
#define TEST_IRQS		100

/* An event as the driver keeps it */
struct fake_event {
	u32 data_size;
	u8 data[128];
};

/* One call of event_delivered */
struct confirmation {
	const void *event;
	int rc;
};

/**
 * struct fixture - a context's event state, and an AFU driver
 * @ctx: holds the event state, and leads back here
 * @ev: the event state
 * @event: the driver's events, in the order announced
 * @missing: by event: announced, but fetch_event does not have it
 * @next: next event to fetch
 * @fetched: calls of fetch_event
 * @confirmed: calls of event_delivered, in order
 * @nr_confirmed: their number
 * @closed: calls of context_closed
 * @buf: what was read
 */
struct fixture {
	struct cxl_context ctx;
	struct cxl_events *ev;
	struct fake_event event[MAX_EVENTS];
	bool missing[MAX_EVENTS];
	unsigned int next;
	unsigned int fetched;
	struct confirmation confirmed[2 * MAX_EVENTS];
	unsigned int nr_confirmed;
	unsigned int closed;
	u8 buf[4 * CXL_READ_MIN_SIZE];
};

static struct fixture *fixture_of(struct cxl_context *ctx)
{
	return container_of(ctx, struct fixture, ctx);
}

static struct cxl_event_afu_driver_reserved *fake_fetch(struct cxl_context *ctx)
{
	struct fixture *f = fixture_of(ctx);
	unsigned int i = f->next++;

	f->fetched++;
	if (f->missing[i])
		return NULL;
	return (struct cxl_event_afu_driver_reserved *)&f->event[i];
}

/* An event that comes back is fetched again next, but is not announced. */
static void fake_delivered(struct cxl_context *ctx,
			   struct cxl_event_afu_driver_reserved *event, int rc)
{
	struct fixture *f = fixture_of(ctx);

	f->confirmed[f->nr_confirmed].event = event;
	f->confirmed[f->nr_confirmed].rc = rc;
	f->nr_confirmed++;
	if (rc == -EFAULT)
		f->next = (struct fake_event *)event - f->event;
}

static void fake_closed(struct cxl_context *ctx)
{
	fixture_of(ctx)->closed++;
}

static const struct cxl_afu_driver_ops fake_ops = {
	.fetch_event = fake_fetch,
	.event_delivered = fake_delivered,
	.context_closed = fake_closed,
};

static const struct cxl_afu_driver_ops other_ops = {
	.fetch_event = fake_fetch,
	.event_delivered = fake_delivered,
};

static int event_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->ev = &f->ctx.events;
	cxl_events_init(f->ev, &f->ctx, 1, 2);
	f->ev->pe = 7;
	test->priv = f;
	return cxl_events_set_irqs(f->ev, TEST_IRQS);
}

static void event_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	cxl_events_retire(f->ev);
	cxl_events_destroy(f->ev);
}

static int set_ops(struct fixture *f, const struct cxl_afu_driver_ops *ops)
{
	return __cxl_set_driver_ops(&f->ctx, ops, THIS_MODULE);
}

/* Announce @count events of @size bytes, each byte with the event's number. */
static void announce(struct fixture *f, unsigned int first, unsigned int count,
		     u32 size)
{
	unsigned int i;

	for (i = first; i < first + count; i++) {
		f->event[i].data_size = size;
		memset(f->event[i].data, i, sizeof(f->event[i].data));
	}
	cxl_events_announce(f->ev, count);
}

static ssize_t read_events(struct fixture *f, size_t size)
{
	struct kvec vec = { .iov_base = f->buf, .iov_len = size };
	struct iov_iter to;

	memset(f->buf, 0xee, sizeof(f->buf));
	iov_iter_kvec(&to, ITER_DEST, &vec, 1, size);
	return cxl_events_read_iter(f->ev, &to, true);
}

size_t cxl_events_test_deliver(struct cxl_events *ev, void *buf, size_t room,
			       size_t copied)
{
	struct kvec vec = { .iov_base = buf, .iov_len = copied };
	struct iov_iter to;
	struct cxl_run run = {
		.room = room,
		.iter = &to,
	};

	lockdep_assert_held(&ev->read_lock);
	iov_iter_kvec(&to, ITER_DEST, &vec, 1, copied);
	cxl_events_deliver(ev, &run);
	return run.done;
}

/* Deliver what fits into @room; only @copied bytes reach the reader. */
static size_t deliver(struct fixture *f, size_t room, size_t copied)
{
	size_t whole;

	mutex_lock(&f->ev->read_lock);
	memset(f->buf, 0xee, sizeof(f->buf));
	whole = cxl_events_test_deliver(f->ev, f->buf, room,
					min(copied, sizeof(f->buf)));
	WRITE_ONCE(f->ev->delivering, false);
	mutex_unlock(&f->ev->read_lock);
	return whole;
}

static void check_counters(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_event_counters c;

	cxl_events_count(f->ev, &c);
	KUNIT_EXPECT_EQ(test, c.posted, c.delivered + c.returned + c.rejected +
					c.coalesced + c.lost + c.pending);
}

static void header_at(struct fixture *f, size_t at,
		      struct cxl_event_header *header)
{
	memcpy(header, f->buf + at, sizeof(*header));
}

/*
 * Ops
 */

static void event_test_set_ops(struct kunit *test)
{
	struct cxl_afu_driver_ops bad = fake_ops;
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, set_ops(f, NULL), -EINVAL);
	bad.fetch_event = NULL;
	KUNIT_EXPECT_EQ(test, set_ops(f, &bad), -EINVAL);
	bad = fake_ops;
	bad.event_delivered = NULL;
	KUNIT_EXPECT_EQ(test, set_ops(f, &bad), -EINVAL);
	bad = fake_ops;
	bad.max_data_size = CXL_READ_MIN_SIZE - HEADER_SIZE + 1;
	KUNIT_EXPECT_EQ(test, set_ops(f, &bad), -EINVAL);
	bad.max_data_size = U32_MAX;
	KUNIT_EXPECT_EQ(test, set_ops(f, &bad), -EINVAL);
	KUNIT_EXPECT_NULL(test, f->ev->ops);

	KUNIT_EXPECT_EQ(test, set_ops(f, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, set_ops(f, &other_ops), 0);
	KUNIT_EXPECT_PTR_EQ(test, f->ev->ops, &other_ops);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(f->ev), 0);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(f->ev), 0);

	cxl_events_retire(f->ev);
	KUNIT_EXPECT_EQ(test, set_ops(f, &fake_ops), -EIO);
}

static void event_test_ops_busy(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 2, 10);
	KUNIT_EXPECT_EQ(test, set_ops(f, &other_ops), -EBUSY);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(f->ev), -EBUSY);

	/* Fetched, and not one byte copied */
	KUNIT_EXPECT_EQ(test, deliver(f, CXL_READ_MIN_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, f->fetched, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), 0);
	KUNIT_EXPECT_EQ(test, set_ops(f, &other_ops), -EBUSY);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(f->ev), -EBUSY);

	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), 36);
	KUNIT_EXPECT_EQ(test, f->fetched, 2);
	KUNIT_EXPECT_EQ(test, cxl_events_unset_ops(f->ev), 0);
	check_counters(test);
}

static void event_test_announce(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_event_counters c;

	cxl_events_announce(f->ev, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), CXL_EVENTS_NO_OPS);
	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), 0);
	cxl_events_announce(f->ev, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), 0);

	cxl_events_announce(f->ev, (unsigned int)INT_MAX + 1);
	cxl_events_announce(f->ev, UINT_MAX);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), 0);
	cxl_events_announce(f->ev, INT_MAX);
	cxl_events_announce(f->ev, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->ev->announced), INT_MAX);

	cxl_events_count(f->ev, &c);
	KUNIT_EXPECT_EQ(test, c.rejected, 5 + 0x80000000ULL + UINT_MAX + 1);
	KUNIT_EXPECT_EQ(test, c.pending, INT_MAX);
	check_counters(test);
	cxl_events_detach_ops(f->ev, &fake_ops);
	cxl_events_count(f->ev, &c);
	KUNIT_EXPECT_EQ(test, c.lost, INT_MAX);
	check_counters(test);
}

static void event_test_retire(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_event_counters c;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 5, 10);
	deliver(f, CXL_READ_MIN_SIZE, 0);
	announce(f, 5, 3, 10);
	cxl_events_retire(f->ev);
	KUNIT_EXPECT_EQ(test, f->closed, 1);
	/* Last fetched first */
	KUNIT_ASSERT_EQ(test, f->nr_confirmed, 5);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, f->confirmed[i].rc, -EFAULT);
		KUNIT_EXPECT_PTR_EQ(test, f->confirmed[i].event,
				    (const void *)&f->event[4 - i]);
	}
	cxl_events_announce(f->ev, 4);
	cxl_events_retire(f->ev);
	KUNIT_EXPECT_EQ(test, f->closed, 1);
	KUNIT_EXPECT_EQ(test, f->nr_confirmed, 5);
	cxl_events_count(f->ev, &c);
	KUNIT_EXPECT_EQ(test, c.lost, 8);
	KUNIT_EXPECT_EQ(test, c.rejected, 0);
	KUNIT_EXPECT_EQ(test, c.pending, 0);
	check_counters(test);
}

/* Only the ops that are meant are removed, and without context_closed. */
static void event_test_drop_ops(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 2, 10);
	cxl_events_detach_ops(f->ev, &other_ops);
	KUNIT_EXPECT_PTR_EQ(test, f->ev->ops, &fake_ops);
	cxl_events_detach_ops(f->ev, &fake_ops);
	KUNIT_EXPECT_NULL(test, f->ev->ops);
	KUNIT_EXPECT_EQ(test, f->closed, 0);
	KUNIT_EXPECT_EQ(test, f->fetched, 0);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), -EAGAIN);
	KUNIT_EXPECT_EQ(test, set_ops(f, &other_ops), 0);
	check_counters(test);
}

/*
 * Delivery
 */

static void post_each_kind(struct fixture *f)
{
	cxl_events_post_error(f->ev, 0x1122334455667788ULL);
	cxl_events_post_fault(f->ev, 0xabcd, 0xef);
	cxl_events_post_irq(f->ev, 3);
	cxl_events_post_irq(f->ev, 99);
}

/* Two driver events of 5 bytes, and two interrupts, a fault and an error */
static const size_t sizes[] = {
	HEADER_SIZE + 5, HEADER_SIZE + 5, IRQ_SIZE, IRQ_SIZE, FAULT_SIZE,
	ERROR_SIZE,
};

static size_t whole_of(size_t copied)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && sum + sizes[i] <= copied; i++)
		sum += sizes[i];
	return sum;
}

static void check_each_kind(struct kunit *test, const u8 *got)
{
	static const u8 types[] = { 4, 4, 1, 1, 2, 3 };
	struct cxl_event_header header;
	struct cxl_event_afu_interrupt irq;
	struct cxl_event_data_storage fault;
	struct cxl_event_afu_error error;
	size_t at = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); at += sizes[i++]) {
		memcpy(&header, got + at, sizeof(header));
		KUNIT_EXPECT_EQ(test, header.type, types[i]);
		KUNIT_EXPECT_EQ(test, header.size, sizes[i]);
		KUNIT_EXPECT_EQ(test, header.process_element, 7);
		KUNIT_EXPECT_EQ(test, header.reserved1, 0);
	}
	KUNIT_EXPECT_EQ(test, got[HEADER_SIZE], 0);
	KUNIT_EXPECT_EQ(test, got[HEADER_SIZE + 4], 0);
	KUNIT_EXPECT_EQ(test, got[2 * HEADER_SIZE + 5], 1);
	memcpy(&irq, got + 26 + HEADER_SIZE, sizeof(irq));
	KUNIT_EXPECT_EQ(test, irq.irq, 3);
	memcpy(&irq, got + 42 + HEADER_SIZE, sizeof(irq));
	KUNIT_EXPECT_EQ(test, irq.irq, 99);
	memcpy(&fault, got + 58 + HEADER_SIZE, sizeof(fault));
	KUNIT_EXPECT_EQ(test, fault.addr, 0xabcd);
	KUNIT_EXPECT_EQ(test, fault.dsisr, 0xef);
	memcpy(&error, got + 98 + HEADER_SIZE, sizeof(error));
	KUNIT_EXPECT_EQ(test, error.error, 0x1122334455667788ULL);
}

/* However much is copied of a run, the next one has the rest. */
static void event_test_copy_stops_anywhere(struct kunit *test)
{
	struct fixture *f = test->priv;
	const size_t total = whole_of(SIZE_MAX);
	u8 got[256];
	size_t copied, first;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	for (copied = 0; copied <= total; copied++) {
		f->next = 0;
		f->nr_confirmed = 0;
		f->ev->irq_next = 0;
		announce(f, 0, 2, 5);
		post_each_kind(f);

		first = deliver(f, CXL_READ_MIN_SIZE, copied);
		KUNIT_EXPECT_EQ(test, first, whole_of(copied));
		memcpy(got, f->buf, first);
		if (first < total)
			KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev),
					EPOLLIN | EPOLLRDNORM);
		KUNIT_EXPECT_EQ(test, deliver(f, CXL_READ_MIN_SIZE, SIZE_MAX),
				total - first);
		memcpy(got + first, f->buf, total - first);
		check_each_kind(test, got);

		/* Each is confirmed once, and none was given back. */
		KUNIT_EXPECT_EQ(test, f->nr_confirmed, 2);
		KUNIT_EXPECT_EQ(test, f->confirmed[0].rc, 0);
		KUNIT_EXPECT_EQ(test, f->confirmed[1].rc, 0);
		KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), 0);
	}
	KUNIT_EXPECT_EQ(test, f->ev->sequence, 6 * (total + 1));
	check_counters(test);
}

/* Events are posted while a copy of their kind is going on, and fails. */
static void event_test_post_while_copying(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_run run = { .room = CXL_READ_MIN_SIZE };
	struct cxl_event_counters c;

	post_each_kind(f);
	mutex_lock(&f->ev->read_lock);
	cxl_run_gather(f->ev, &run, false);
	cxl_events_post_error(f->ev, 2);
	cxl_events_post_fault(f->ev, 3, 4);
	cxl_events_post_irq(f->ev, 3);
	cxl_events_post_irq(f->ev, 50);
	cxl_run_settle(f->ev, &run, 0, false);
	KUNIT_EXPECT_EQ(test, run.done, 0);
	mutex_unlock(&f->ev->read_lock);

	/* The first error and the last fault win. */
	KUNIT_EXPECT_EQ(test, f->ev->error.error.error, 0x1122334455667788ULL);
	KUNIT_EXPECT_EQ(test, f->ev->fault.fault.addr, 3);
	cxl_events_count(f->ev, &c);
	KUNIT_EXPECT_EQ(test, c.coalesced, 1);
	KUNIT_EXPECT_EQ(test, c.lost, 2);
	KUNIT_EXPECT_EQ(test, c.pending, 5);
	check_counters(test);
}

static void event_test_bad_events(struct kunit *test)
{
	static const u32 bad[] = {
		129, 4088, 4089, 0xfff8, 0x10000 - 8, 0x10000, 0x7fffffff,
		0xfffffff8, 0xffffffff,
	};
	struct fixture *f = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		announce(f, 3 * i, 1, bad[i]);
		announce(f, 3 * i + 1, 1, 128);
		f->missing[3 * i + 2] = true;
		cxl_events_announce(f->ev, 1);
		KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), 136);
		KUNIT_EXPECT_EQ(test, f->buf[8], 3 * i + 1);
		KUNIT_EXPECT_EQ(test, f->confirmed[3 * i].rc, -EINVAL);
		KUNIT_EXPECT_EQ(test, f->confirmed[3 * i + 1].rc, 0);
		KUNIT_EXPECT_EQ(test, f->confirmed[3 * i + 2].rc, -EINVAL);
		KUNIT_EXPECT_NULL(test, f->confirmed[3 * i + 2].event);
	}
	KUNIT_EXPECT_TRUE(test, f->ev->warned);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), -EAGAIN);
	check_counters(test);
}

/* More events than a run holds, and more than the buffer does */
static void event_test_many(struct kunit *test)
{
	struct cxl_event_header header;
	struct fixture *f = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, MAX_EVENTS, 0);
	KUNIT_EXPECT_EQ(test, read_events(f, 4 * CXL_READ_MIN_SIZE),
			MAX_EVENTS * HEADER_SIZE);
	KUNIT_EXPECT_EQ(test, f->nr_confirmed, MAX_EVENTS);
	for (i = 0; i < MAX_EVENTS; i++)
		KUNIT_EXPECT_PTR_EQ(test, f->confirmed[i].event,
				    (const void *)&f->event[i]);

	f->next = 0;
	f->nr_confirmed = 0;
	announce(f, 0, 100, 100);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), 37 * 108);
	header_at(f, 36 * 108, &header);
	KUNIT_EXPECT_EQ(test, header.size, 108);
	KUNIT_EXPECT_EQ(test, f->buf[37 * 108], 0xee);
	KUNIT_EXPECT_EQ(test, f->nr_confirmed, 37);
	KUNIT_EXPECT_EQ(test, read_events(f, 4 * CXL_READ_MIN_SIZE), 63 * 108);
	KUNIT_EXPECT_EQ(test, f->buf[HEADER_SIZE], 37);
	check_counters(test);
}

static void event_test_room_for_each_kind(struct kunit *test)
{
	struct fixture *f = test->priv;
	ssize_t n;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 100, 100);
	post_each_kind(f);
	n = read_events(f, CXL_READ_MIN_SIZE);
	KUNIT_EXPECT_GT(test, n, (ssize_t)(36 * 108));
	KUNIT_EXPECT_FALSE(test, f->ev->state & CXL_EVENTS_FAULT);
	KUNIT_EXPECT_FALSE(test, f->ev->state & CXL_EVENTS_ERROR);
	KUNIT_EXPECT_LE(test, bitmap_weight(f->ev->irq_pending, TEST_IRQS), 1U);
	check_counters(test);
}

/* One interrupt fits each time, and number 1 is always pending. */
static void event_test_irq_turns(struct kunit *test)
{
	struct cxl_event_afu_interrupt irq;
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 1; i <= TEST_IRQS; i++)
		cxl_events_post_irq(f->ev, i);
	for (i = 1; i <= TEST_IRQS; i++) {
		cxl_events_post_irq(f->ev, 1);
		KUNIT_ASSERT_EQ(test, deliver(f, IRQ_SIZE, SIZE_MAX), IRQ_SIZE);
		memcpy(&irq, f->buf + HEADER_SIZE, sizeof(irq));
		KUNIT_EXPECT_EQ(test, irq.irq, i);
	}
}

static void event_test_irqs(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, TEST_IRQS + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, UINT_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, TEST_IRQS), 0);

	/* More, fewer, none: those pending stay. */
	KUNIT_ASSERT_EQ(test, cxl_events_set_irqs(f->ev, 1000), 0);
	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, 1000), 0);
	KUNIT_ASSERT_EQ(test, cxl_events_set_irqs(f->ev, 0), 0);
	KUNIT_EXPECT_EQ(test, cxl_events_post_irq(f->ev, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), 2 * IRQ_SIZE);
	check_counters(test);
}

/* An event that does not fit beside a generic one goes first next time. */
static void event_test_passed_over(struct kunit *test)
{
	const size_t room = HEADER_SIZE + 100;
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 2, 100);
	cxl_events_post_irq(f->ev, 1);
	KUNIT_EXPECT_EQ(test, deliver(f, room, SIZE_MAX), IRQ_SIZE);
	KUNIT_EXPECT_TRUE(test, f->ev->passed_over);
	cxl_events_post_irq(f->ev, 1);
	KUNIT_EXPECT_EQ(test, deliver(f, room, SIZE_MAX), room);
	KUNIT_EXPECT_EQ(test, f->nr_confirmed, 1);
	KUNIT_EXPECT_EQ(test, deliver(f, room, SIZE_MAX), IRQ_SIZE);
	KUNIT_EXPECT_EQ(test, deliver(f, room, SIZE_MAX), room);
	KUNIT_EXPECT_EQ(test, f->nr_confirmed, 2);
	check_counters(test);
}

static void event_test_stamps(struct kunit *test)
{
	struct cxl_event_header header;
	struct fixture *f = test->priv;
	struct cxl_event_stamp stamp;
	u64 begin = ktime_get_ns();
	size_t at = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	/* Before stamps are turned on */
	announce(f, 0, 2, 5);
	post_each_kind(f);
	cxl_events_post_error(f->ev, 1);
	WRITE_ONCE(f->ev->stamps, true);
	KUNIT_ASSERT_EQ(test, read_events(f, CXL_READ_MIN_SIZE),
			whole_of(SIZE_MAX) + 6 * STAMP_SIZE);
	for (i = 0; i < ARRAY_SIZE(sizes); at += header.size, i++) {
		header_at(f, at, &header);
		KUNIT_ASSERT_EQ(test, header.size, sizes[i] + STAMP_SIZE);
		KUNIT_EXPECT_EQ(test, header.reserved1, CXL_EVENT_STAMPED);
		memcpy(&stamp, f->buf + at + sizes[i], sizeof(stamp));
		KUNIT_EXPECT_EQ(test, stamp.sequence, i);
		KUNIT_EXPECT_EQ(test, stamp.lost, 1);
		KUNIT_EXPECT_GE(test, stamp.time, begin);
	}
}

/*
 * Poll
 */

static void event_test_mask(struct kunit *test)
{
	const __poll_t in = EPOLLIN | EPOLLRDNORM, end = EPOLLERR | EPOLLHUP;
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), 0);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), -EAGAIN);
	cxl_events_post_irq(f->ev, 1);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), in);
	cxl_events_set_end(f->ev, CXL_EVENTS_CLOSED, true);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), in);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), IRQ_SIZE);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), end);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), -EIO);
	cxl_events_set_end(f->ev, CXL_EVENTS_CLOSED, false);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), 0);
	cxl_events_set_end(f->ev, CXL_EVENTS_LINK_DOWN, true);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), end);
	cxl_events_post_error(f->ev, 1);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), in);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), ERROR_SIZE);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), -EIO);
	cxl_events_set_end(f->ev, CXL_EVENTS_LINK_DOWN, false);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), 0);
}

/* The end is reported only when nothing can come back any more. */
static void event_test_mask_while_copying(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cxl_run run = { .room = CXL_READ_MIN_SIZE };

	KUNIT_ASSERT_EQ(test, set_ops(f, &fake_ops), 0);
	announce(f, 0, 1, 5);
	cxl_events_set_end(f->ev, CXL_EVENTS_CLOSED, true);
	mutex_lock(&f->ev->read_lock);
	cxl_run_gather(f->ev, &run, false);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), 0);
	cxl_run_settle(f->ev, &run, 0, false);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), EPOLLIN | EPOLLRDNORM);
	mutex_unlock(&f->ev->read_lock);
	KUNIT_EXPECT_EQ(test, read_events(f, CXL_READ_MIN_SIZE), 13);
	KUNIT_EXPECT_EQ(test, cxl_events_mask(f->ev), EPOLLERR | EPOLLHUP);
}

static struct kunit_case event_test_cases[] = {
	KUNIT_CASE(event_test_set_ops),
	KUNIT_CASE(event_test_ops_busy),
	KUNIT_CASE(event_test_announce),
	KUNIT_CASE(event_test_retire),
	KUNIT_CASE(event_test_drop_ops),
	KUNIT_CASE(event_test_copy_stops_anywhere),
	KUNIT_CASE(event_test_post_while_copying),
	KUNIT_CASE(event_test_bad_events),
	KUNIT_CASE(event_test_many),
	KUNIT_CASE(event_test_room_for_each_kind),
	KUNIT_CASE(event_test_irq_turns),
	KUNIT_CASE(event_test_irqs),
	KUNIT_CASE(event_test_passed_over),
	KUNIT_CASE(event_test_stamps),
	KUNIT_CASE(event_test_mask),
	KUNIT_CASE(event_test_mask_while_copying),
	{}
};

static struct kunit_suite event_test_suite = {
	.name = "cxl-event",
	.init = event_test_init,
	.exit = event_test_exit,
	.test_cases = event_test_cases,
};

kunit_test_suite(event_test_suite);
