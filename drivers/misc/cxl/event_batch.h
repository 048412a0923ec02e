/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files that deliver: event_fast.c, event_read.c, event_batch.c.
 * Everything here is done by the reader that has the turn.
 */
#ifndef _CXL_EVENT_BATCH_H
#define _CXL_EVENT_BATCH_H

#include "event.h"
#include "event_queue.h"
#include "trace.h"

#define CXL_EVENT_HEADER_SIZE	sizeof(struct cxl_event_header)

/**
 * struct cxl_batch - what one gather took
 * @room: bytes left in the reader's buffer
 * @nr_driver: how many of fetched[], from its start
 * @driver_bytes: of those, where the generic events begin in buf
 * @size: bytes altogether
 * @sequence: of the next event to be packed
 * @lost: events lost so far, for the stamps
 * @now: time of the gather, for events that have none; 0 without stamps
 * @stamps: the events are stamped
 * @generic: this read is through with driver events
 * @more: there is more that fits into the reader's buffer
 */
struct cxl_batch {
	size_t room;
	unsigned int nr_driver;
	size_t driver_bytes;
	size_t size;
	u64 sequence;
	u64 lost;
	u64 now;
	bool stamps;
	bool generic;
	bool more;
};

/* event_batch.c */
void cxl_events_gather(struct cxl_events *ev, struct cxl_batch *b);
size_t cxl_events_settle(struct cxl_events *ev, const struct cxl_batch *b,
			 size_t copied);
size_t cxl_events_settle_driver(struct cxl_events *ev, unsigned int n,
				size_t copied, bool stamps);

/* event_pack.c */
void cxl_batch_pack(struct cxl_events *ev, struct cxl_batch *b, size_t at,
		    u16 type, const void *payload, size_t len, u64 time);
void cxl_events_pack(struct cxl_events *ev, struct cxl_batch *b);
size_t cxl_events_next_size(const struct cxl_events *ev,
			    const struct cxl_batch *b, size_t whole);

/* event_read.c */
int cxl_events_wait(struct cxl_events *ev, bool nonblock);
void cxl_events_pass_turn(struct cxl_events *ev, bool wake);
ssize_t cxl_events_read_on(struct cxl_events *ev, struct iov_iter *to,
			   bool nonblock, ssize_t done, u64 sequence);

/*
 * With stamps an event grows by one, unless it then fitted no more into the
 * smallest buffer.
 */
static __always_inline bool cxl_event_stamped(size_t size, bool stamps)
{
	return stamps && size + sizeof(struct cxl_event_stamp) <= CXL_READ_MIN_SIZE;
}

/* Bytes in the reader's buffer; 0 for an event to be rejected, of size 0 */
static __always_inline size_t cxl_event_size(size_t size, bool stamps)
{
	if (!size || !cxl_event_stamped(size, stamps))
		return size;
	return size + sizeof(struct cxl_event_stamp);
}

/* Returns whether it is an event that can be delivered. */
static __always_inline bool cxl_events_fetch(struct cxl_events *ev,
					     struct cxl_event_slot *slot,
					     bool stamps)
{
	struct cxl_event_afu_driver_reserved *event;

	lockdep_assert_held(&ev->lock);
	event = ev->queue ? cxl_event_queue_fetch(ev->queue) :
			    ev->ops->fetch_event(ev->ctx);
	slot->event = event;
	if (unlikely(!event || event->data_size > ev->max_data)) {
		slot->size = 0;
		return false;
	}
	slot->size = CXL_EVENT_HEADER_SIZE + event->data_size;
	/* Also without stamps: they may be asked for before it is delivered. */
	slot->time = stamps && ev->queue ? cxl_event_queue_time(event) : 0;
	return true;
}

/* So many more of fetched[] were fetched. */
static __always_inline void cxl_events_fetched(struct cxl_events *ev,
					       unsigned int n)
{
	lockdep_assert_held(&ev->lock);
	/* After deferred, which is true by now of what will be left behind */
	smp_mb__before_atomic();
	atomic_sub(n, &ev->announced);
	ev->count.posted += n;
	ev->nr_fetched += n;
	trace_cxl_event_fetch(ev, n);
}

/* The oldest @n of fetched[] are through. */
static __always_inline void cxl_events_forget(struct cxl_events *ev,
					      unsigned int n)
{
	unsigned int left = ev->nr_fetched - n;

	if (unlikely(left))
		memmove(ev->fetched, ev->fetched + n,
			left * sizeof(ev->fetched[0]));
	/* Pairs with cxl_events_in_flight(): no callback runs from here on. */
	smp_store_release(&ev->nr_fetched, left);
}

/* @delivered: since the turn was taken.  @wake: something is left. */
static __always_inline void cxl_events_release_turn(struct cxl_events *ev,
						    bool delivered, bool wake)
{
	/* What is left was deferred before: see cxl_events_drained(). */
	smp_store_release(&ev->delivering, false);
	mutex_unlock(&ev->turn);
	smp_mb(); /* see cxl_events_take_turn() */
	/* Meanwhile pollers were not told of an end, old or new. */
	wake |= delivered && cxl_events_ended(ev);
	if (unlikely(wake || READ_ONCE(ev->refused)))
		cxl_events_pass_turn(ev, wake);
}

#endif /* _CXL_EVENT_BATCH_H */
