/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of an event queue, and the reader's side of it: without a call for
 * each event, since this is the one AFU driver that is known here.
 */
#ifndef _CXL_EVENT_QUEUE_H
#define _CXL_EVENT_QUEUE_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "event.h"

/**
 * struct cxl_event_queue - events sent and not yet delivered
 * @lock: taken by producers in hard interrupt context; guards @tail to
 *	@closed, and the slots from @tail up to @head
 * @tail: next slot to be filled; its store-release hands the slot over to the
 *	reader
 * @reserved: free slots that are spoken for
 * @closed: no event is taken any more
 * @head: oldest slot not confirmed.  The reader's: guarded by the read_lock, its
 *	store-release hands the slot over to the producers
 * @fetch: next slot to be fetched; the reader's
 * @ctx: context, referenced; constant, as all that follows
 * @ev: its event state
 * @depth: events that it holds
 * @mask: slots in the ring, less one
 * @slot_size: bytes of a slot
 * @max_payload: largest payload in bytes
 * @ops: the driver ops, with the limit of this queue
 * @slots: the ring
 */
struct cxl_event_queue {
	spinlock_t lock;	/* guards tail to closed, and the free slots */
	unsigned int tail;
	unsigned int reserved;
	bool closed;

	unsigned int head;	/* guarded by the read_lock */
	unsigned int fetch;

	struct cxl_context *ctx;
	struct cxl_events *ev;
	unsigned int depth;
	unsigned int mask;
	size_t slot_size;
	u32 max_payload;
	struct cxl_afu_driver_ops ops;
	void *slots;
};

static inline struct cxl_event_record *
cxl_event_queue_slot(const struct cxl_event_queue *q, unsigned int pos)
{
	return q->slots + (pos & q->mask) * q->slot_size;
}

/**
 * cxl_event_queue_fetch() - the next event that was sent
 * @q: queue, by the reader that holds the read_lock
 *
 * Return: the event, or NULL: the AFU driver may have announced more than it
 * sent.
 */
static __always_inline struct cxl_event_afu_driver_reserved *
cxl_event_queue_fetch(struct cxl_event_queue *q)
{
	/* Pairs with the release in cxl_event_queue_fill(). */
	if (q->fetch == smp_load_acquire(&q->tail))
		return NULL;
	return (void *)&cxl_event_queue_slot(q, q->fetch++)->data_size;
}

/**
 * cxl_event_queue_delivered() - the oldest events that were fetched are read
 * @q: queue, by the reader that holds the read_lock
 * @n: how many
 */
static inline void cxl_event_queue_delivered(struct cxl_event_queue *q,
					     unsigned int n)
{
	/* Pairs with the acquire in cxl_event_queue_full(). */
	smp_store_release(&q->head, q->head + n);
}

#endif /* _CXL_EVENT_QUEUE_H */
