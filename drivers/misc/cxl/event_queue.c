// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event queue: driver ops for AFU drivers that do no bookkeeping of their own.
 *
 * A ring of slots, each large enough for the maximum payload.  Positions only
 * grow; the slot is the position modulo the size of the ring:
 *
 *	head              fetch               tail
 *	+-----------------+-------------------+------------------+
 *	| fetched, not    | sent              | free, less those |
 *	| yet confirmed   |                   | reserved         |
 *	+-----------------+-------------------+------------------+
 *
 * An event that comes back moves fetch back by one.  The last fetched event
 * comes back first, so the order stays.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "event.h"

/* Have the queue's ops been removed, or is the context gone? */
static bool cxl_event_queue_closed(const struct cxl_event_queue *q)
{
	return READ_ONCE(q->ev->ops) != &q->ops;
}

/* Only called for events that come back, see cxl_settle_driver(). */
static void
cxl_event_queue_returned(struct cxl_context *ctx,
			 struct cxl_event_afu_driver_reserved *event, int rc)
{
	struct cxl_event_queue *q = cxl_context_events(ctx)->queue;

	if (!event)
		return;
	q->fetch--;
	if (!cxl_event_queue_closed(q))
		cxl_events_announce(q->ev, 1);
}

struct cxl_event_queue *cxl_event_queue_create(struct cxl_context *ctx,
					       unsigned int depth,
					       u32 max_payload)
{
	struct cxl_event_queue *q;
	size_t slot_size, slots;
	int ret;

	if (!depth || depth > CXL_EVENT_QUEUE_MAX_DEPTH || !max_payload ||
	    max_payload > CXL_EVENT_MAX_DATA)
		return ERR_PTR(-EINVAL);

	slots = roundup_pow_of_two(depth);
	slot_size = ALIGN(offsetof(struct cxl_event_record, data) + max_payload,
			  sizeof(u64));
	q = kvzalloc(sizeof(*q) + slots * slot_size, GFP_KERNEL_ACCOUNT);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->depth = depth;
	q->mask = slots - 1;
	q->slot_size = slot_size;
	q->ops.max_data_size = max_payload;
	q->ops.event_delivered = cxl_event_queue_returned;
	q->ev = cxl_context_events(cxl_context_get(ctx));
	ret = cxl_events_set_ops(q->ev, &q->ops, max_payload, NULL, THIS_MODULE,
				 q);
	if (!ret)
		return q;
	cxl_event_queue_destroy(q);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(cxl_event_queue_create);

void cxl_event_queue_destroy(struct cxl_event_queue *q)
{
	if (!q)
		return;
	cxl_events_detach_ops(q->ev, &q->ops);
	cxl_context_put(q->ev->ctx);
	kvfree(q);
}
EXPORT_SYMBOL_GPL(cxl_event_queue_destroy);

/* Is there room for one more event besides those reserved? */
static int cxl_event_queue_check(const struct cxl_event_queue *q)
{
	unsigned int head;

	lockdep_assert_held(&q->ev->queue_lock);
	if (cxl_event_queue_closed(q))
		return -EPIPE;
	/* Pairs with the release in cxl_event_queue_delivered(). */
	head = smp_load_acquire(&q->head);
	return q->tail - head + q->reserved < q->depth ? 0 : -ENOSPC;
}

static int cxl_event_queue_unreserve(struct cxl_event_queue *q)
{
	lockdep_assert_held(&q->ev->queue_lock);
	if (!q->reserved)
		return -EINVAL;
	q->reserved--;
	return cxl_event_queue_closed(q) ? -EPIPE : 0;
}

/* Fill the slot at the tail. */
static __always_inline int cxl_event_queue_put(struct cxl_event_queue *q,
					       const void *data, u32 len,
					       const bool reserved)
{
	struct cxl_event_record *slot;
	unsigned long flags;
	int ret;

	if (len > q->ops.max_data_size)
		return -EINVAL;

	raw_spin_lock_irqsave(&q->ev->queue_lock, flags);
	ret = reserved ? cxl_event_queue_unreserve(q) : cxl_event_queue_check(q);
	if (!ret) {
		slot = cxl_event_queue_slot(q, q->tail);
		slot->origin.time = cxl_events_now(q->ev);
		if (unlikely(slot->origin.time))
			slot->origin.lost = cxl_events_nr_lost(q->ev);
		slot->data_size = len;
		memcpy(slot->data, data, len);
		/* Pairs with the acquire in cxl_event_queue_fetch(). */
		smp_store_release(&q->tail, q->tail + 1);
		/* Under the lock: once it is released, other ops may be set. */
		if (!cxl_events_raise(q->ev, 1))
			ret = -EPIPE;	/* the context is being retired */
	}
	raw_spin_unlock_irqrestore(&q->ev->queue_lock, flags);

	if (!ret)
		cxl_events_tell(q->ev, 1);
	else if (ret == -ENOSPC)
		atomic64_inc(&q->ev->overruns);
	return ret;
}

int cxl_event_queue_send(struct cxl_event_queue *q, const void *data, u32 len)
{
	return cxl_event_queue_put(q, data, len, false);
}
EXPORT_SYMBOL_GPL(cxl_event_queue_send);

int cxl_event_queue_commit(struct cxl_event_queue *q, const void *data,
			   u32 len)
{
	return cxl_event_queue_put(q, data, len, true);
}
EXPORT_SYMBOL_GPL(cxl_event_queue_commit);

int cxl_event_queue_reserve(struct cxl_event_queue *q)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&q->ev->queue_lock, flags);
	ret = cxl_event_queue_check(q);
	if (!ret)
		q->reserved++;
	raw_spin_unlock_irqrestore(&q->ev->queue_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(cxl_event_queue_reserve);

void cxl_event_queue_cancel(struct cxl_event_queue *q)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->ev->queue_lock, flags);
	cxl_event_queue_unreserve(q);
	raw_spin_unlock_irqrestore(&q->ev->queue_lock, flags);
}
EXPORT_SYMBOL_GPL(cxl_event_queue_cancel);
