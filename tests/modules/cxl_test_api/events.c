// SPDX-License-Identifier: GPL-2.0-only
/* Events of AFU drivers, from the driver's side. */
#include <linux/file.h>
#include <linux/fs.h>

#include <misc/cxl-base.h>

#include "test_api.h"

/* Two events, whose payloads are their numbers */
struct numbered_event {
	struct cxl_event_afu_driver_reserved event;
	u8 number;
};

static struct numbered_event first = { { .data_size = 1 }, 1 };
static struct numbered_event second = { { .data_size = 1 }, 2 };
static const struct {
	u32 data_size;
	u8 data[CXL_READ_MIN_SIZE - 8];
} largest = { .data_size = CXL_READ_MIN_SIZE - 8 };

static struct cxl_event_afu_driver_reserved *stored[] = {
	&first.event, &second.event,
};

static unsigned int fetched, delivered, refused, closed;

static struct cxl_event_afu_driver_reserved *fetch(struct cxl_context *ctx)
{
	if (fetched == ARRAY_SIZE(stored))
		return NULL;
	return stored[fetched++];
}

static void event_delivered(struct cxl_context *ctx,
			    struct cxl_event_afu_driver_reserved *event, int rc)
{
	if (event == stored[delivered] && !rc)
		delivered++;
	else
		refused++;
}

static void context_closed(struct cxl_context *ctx)
{
	closed++;
}

static const struct cxl_afu_driver_ops ops = {
	.fetch_event = fetch,
	.event_delivered = event_delivered,
	.context_closed = context_closed,
};

static void driver_ops_are_checked(struct test_run *t)
{
	static const struct cxl_afu_driver_ops no_fetch = {
		.event_delivered = event_delivered,
	};
	static const struct cxl_afu_driver_ops no_delivered = {
		.fetch_event = fetch,
	};
	static const struct cxl_afu_driver_ops too_large = {
		.fetch_event = fetch,
		.event_delivered = event_delivered,
		.max_data_size = CXL_READ_MIN_SIZE - 7,
	};
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	closed = 0;
	CHECK_EQ(t, cxl_set_driver_ops(ctx, NULL), -EINVAL);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &no_fetch), -EINVAL);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &no_delivered), -EINVAL);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &too_large), -EINVAL);
	/* No ops are set, so nothing can be fetched. */
	cxl_context_events_pending(ctx, 3);
	CHECK_EQ(t, cxl_unset_driver_ops(ctx), 0);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &ops), 0);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &ops), 0);
	cxl_context_events_pending(ctx, 0);
	CHECK_EQ(t, cxl_unset_driver_ops(ctx), 0);

	CHECK_EQ(t, cxl_set_driver_ops(ctx, &ops), 0);
	cxl_context_events_pending(ctx, 1);
	CHECK_EQ(t, cxl_set_driver_ops(ctx, &ops), -EBUSY);
	CHECK_EQ(t, cxl_unset_driver_ops(ctx), -EBUSY);
	CHECK_EQ(t, closed, 0);
	test_context_done(t, ctx);
	CHECK_EQ(t, closed, 1);
}

static struct cxl_context *installed;
static struct cxl_event_queue *queue;

/* The descriptor of a context, or -1 after a failed check */
static int install_a_file(struct test_run *t)
{
	struct file *file;
	int fd = -1;

	installed = test_context(t);
	if (!installed)
		return -1;
	file = test_file(t, installed, cxl_get_fd(installed, NULL, &fd));
	if (!file)
		return -1;
	fd_install(fd, file);
	return fd;
}

/* arg returned: the descriptor; false after a failed check */
static bool install_for_events(struct test_run *t)
{
	fetched = 0;
	delivered = 0;
	refused = 0;
	closed = 0;
	t->arg[0] = install_a_file(t);
	return t->arg[0] >= 0;
}

/* arg returned: the descriptor, on which events 1 and 2 can be read */
static void announce_two_events(struct test_run *t)
{
	if (!install_for_events(t))
		return;
	CHECK_EQ(t, cxl_set_driver_ops(installed, &ops), 0);
	cxl_context_events_pending(installed, 2);
}

static void two_events_were_delivered(struct test_run *t)
{
	CHECK_EQ(t, delivered, 2);
	CHECK_EQ(t, refused, 0);
	CHECK_EQ(t, cxl_unset_driver_ops(installed), 0);
	CHECK_EQ(t, closed, 0);
}

/* The ops of a driver that was built with an old kernel's header */
struct old_ops {
	struct cxl_event_afu_driver_reserved *
		(*fetch_event)(struct cxl_context *ctx);
	void (*event_delivered)(struct cxl_context *ctx,
				struct cxl_event_afu_driver_reserved *event,
				int rc);
};

static const struct {
	struct old_ops ops;
	unsigned long others[4];
} old_driver = {
	.ops = {
		.fetch_event = fetch,
		.event_delivered = event_delivered,
	},
	.others = { 0xbad, 0xbad, 0xbad, 0xbad },
};

static void old_drivers_ops_are_two_callbacks(struct test_run *t)
{
	const void *old = &old_driver.ops;
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK_EQ(t, (cxl_set_driver_ops)(ctx, NULL), -EINVAL);
	CHECK_EQ(t, (cxl_set_driver_ops)(ctx, old), 0);
	cxl_context_events_pending(ctx, 1);
	CHECK_EQ(t, (cxl_set_driver_ops)(ctx, old), -EBUSY);
	/* No context_closed may be called: old ops do not have it. */
	test_context_done(t, ctx);
}

static void event_queue_is_checked(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct cxl_event_queue *q;

	if (!ctx)
		return;
	CHECK_EQ(t, PTR_ERR_OR_ZERO(cxl_event_queue_create(ctx, 0, 8)),
		 -EINVAL);
	q = cxl_event_queue_create(ctx, CXL_EVENT_QUEUE_MAX_DEPTH + 1, 8);
	CHECK_EQ(t, PTR_ERR_OR_ZERO(q), -EINVAL);
	q = cxl_event_queue_create(ctx, 2, CXL_READ_MIN_SIZE - 7);
	CHECK_EQ(t, PTR_ERR_OR_ZERO(q), -EINVAL);

	q = cxl_event_queue_create(ctx, 2, 8);
	if (CHECK(t, !IS_ERR(q))) {
		CHECK_EQ(t, cxl_event_queue_commit(q, "", 1), -EINVAL);
		CHECK_EQ(t, cxl_event_queue_reserve(q), 0);
		CHECK_EQ(t, cxl_event_queue_commit(q, "123456789", 9), -EINVAL);
		cxl_event_queue_cancel(q);
		CHECK_EQ(t, cxl_event_queue_send(q, "123456789", 9), -EINVAL);
		CHECK_EQ(t, cxl_event_queue_send(q, "12345678", 8), 0);
		/* The context goes first, as when a program dies. */
		test_context_done(t, ctx);
		CHECK_EQ(t, cxl_event_queue_send(q, "1", 1), -EPIPE);
		CHECK_EQ(t, cxl_event_queue_reserve(q), -EPIPE);
		cxl_event_queue_destroy(q);
	}
	cxl_event_queue_destroy(NULL);
}

/* arg returned: the descriptor, which has events of the largest size */
static void announce_an_old_drivers_events(struct test_run *t)
{
	const void *old = &old_driver.ops;

	if (!install_for_events(t))
		return;
	CHECK_EQ(t, (cxl_set_driver_ops)(installed, old), 0);
	stored[0] = (void *)&largest;
	stored[1] = stored[0];
	cxl_context_events_pending(installed, 2);
}

static void old_drivers_events_were_delivered(struct test_run *t)
{
	stored[0] = &first.event;
	stored[1] = &second.event;
	CHECK_EQ(t, delivered, 2);
	CHECK_EQ(t, refused, 0);
}

/* The driver was unbound and might have been unloaded: nothing pinned it. */
static void old_drivers_events_were_dropped(struct test_run *t)
{
	stored[0] = &first.event;
	stored[1] = &second.event;
	CHECK_EQ(t, fetched, 0);
	CHECK_EQ(t, delivered, 0);
	CHECK_EQ(t, refused, 0);
}

/* arg returned: the descriptor, on which "sent" and "kept" can be read */
static void fill_an_event_queue(struct test_run *t)
{
	t->arg[0] = install_a_file(t);
	if (t->arg[0] < 0)
		return;
	queue = cxl_event_queue_create(installed, 2, 8);
	if (!CHECK(t, !IS_ERR(queue)))
		return;
	CHECK_EQ(t, cxl_event_queue_reserve(queue), 0);
	CHECK_EQ(t, cxl_event_queue_send(queue, "sent", 4), 0);
	CHECK_EQ(t, cxl_event_queue_send(queue, "lost", 4), -ENOSPC);
	CHECK_EQ(t, cxl_event_queue_reserve(queue), -ENOSPC);
	CHECK_EQ(t, cxl_event_queue_commit(queue, "kept", 4), 0);
}

static void event_queue_is_empty(struct test_run *t)
{
	if (!CHECK(t, !IS_ERR_OR_NULL(queue)))
		return;
	CHECK_EQ(t, cxl_event_queue_reserve(queue), 0);
	CHECK_EQ(t, cxl_event_queue_reserve(queue), 0);
	cxl_event_queue_cancel(queue);
	cxl_event_queue_cancel(queue);
	cxl_event_queue_destroy(queue);
	queue = NULL;
}

const struct test_case test_events[] = {
	{ "driver_ops_are_checked", driver_ops_are_checked },
	{ "announce_two_events", announce_two_events },
	{ "two_events_were_delivered", two_events_were_delivered },
	{ "old_drivers_ops_are_two_callbacks",
	  old_drivers_ops_are_two_callbacks },
	{ "announce_an_old_drivers_events", announce_an_old_drivers_events },
	{ "old_drivers_events_were_delivered",
	  old_drivers_events_were_delivered },
	{ "old_drivers_events_were_dropped", old_drivers_events_were_dropped },
	{ "event_queue_is_checked", event_queue_is_checked },
	{ "fill_an_event_queue", fill_an_event_queue },
	{ "event_queue_is_empty", event_queue_is_empty },
	{ }
};
