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

/* Events sent and not yet delivered */
struct cxl_event_queue {
	/* Raw: taken by producers in hard interrupt context, on PREEMPT_RT too */
	raw_spinlock_t lock;	/* guards tail to closed, and the free slots */
	unsigned int tail;	/* next slot to be filled; its store-release hands
				 * the slot over to the reader
				 */
	unsigned int reserved;	/* free slots that are spoken for */
	bool closed;		/* takes no more; also read without the lock */

	/* The reader's, guarded by the read_lock */
	unsigned int head;	/* oldest slot not confirmed; its store-release
				 * hands the slot over to the producers
				 */
	unsigned int fetch;	/* next slot to be fetched */

	/* Constant */
	struct cxl_context *ctx;	/* referenced */
	struct cxl_events *ev;
	unsigned int depth;		/* events that it holds */
	unsigned int mask;		/* slots in the ring, less one */
	size_t slot_size;		/* bytes */
	u32 max_payload;		/* bytes */
	struct cxl_afu_driver_ops ops;	/* with the limit of this queue */
	void *slots;			/* the ring */
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
