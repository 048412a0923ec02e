// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch of events of any kind: gathered under the spinlock, and settled once
 * it is known how much of it was copied.
 */
#define pr_fmt(fmt) "cxl: " fmt

#include <linux/bitmap.h>
#include <linux/ktime.h>

#include "event_batch.h"

/* Bytes that one generic event of each pending kind takes */
static size_t cxl_events_tail(struct cxl_events *ev, const struct cxl_batch *b,
			      unsigned long kinds)
{
	size_t tail = 0;

	lockdep_assert_held(&ev->lock);
	kinds &= ev->state;
	if (kinds & CXL_EVENTS_IRQ)
		tail += cxl_event_size(CXL_EVENT_HEADER_SIZE +
				       sizeof(struct cxl_event_afu_interrupt),
				       b->stamps);
	if (kinds & CXL_EVENTS_FAULT)
		tail += cxl_event_size(CXL_EVENT_HEADER_SIZE +
				       sizeof(struct cxl_event_data_storage),
				       b->stamps);
	if (kinds & CXL_EVENTS_ERROR)
		tail += cxl_event_size(CXL_EVENT_HEADER_SIZE +
				       sizeof(struct cxl_event_afu_error),
				       b->stamps);
	return tail;
}

/*
 * Take driver events as long as they fit: into the reader's buffer with the
 * tail kept free, and into ours.  One that does not stays fetched and is the
 * first of the next gather.  If it had to let generic events pass because it
 * is nearly as large as the buffer, it goes first then, whatever they need.
 */
static void cxl_events_gather_driver(struct cxl_events *ev, struct cxl_batch *b)
{
	size_t tail = ev->state & CXL_EVENTS_GENERIC ?
		      cxl_events_tail(ev, b, CXL_EVENTS_GENERIC) : 0;
	size_t room = b->room > tail ? b->room - tail : 0;
	unsigned int left = max(atomic_read_acquire(&ev->announced), 0);
	struct cxl_event_slot *slot = ev->fetched;
	struct cxl_event_slot *fetched = slot + ev->nr_fetched;
	struct cxl_event_slot *end;
	bool passed_over = false;
	size_t size, limit, bytes = 0;
	unsigned int taken;

	if (ev->passed_over) {
		size = cxl_event_size(slot->size, b->stamps);
		if (size <= b->room)
			room = max(room, size);
	}
	limit = min_t(size_t, room, CXL_EVENT_BATCH_BYTES);

	for (; slot < fetched; slot++) {
		size = cxl_event_size(slot->size, b->stamps);
		if (bytes + size > limit)
			goto full;
		bytes += size;
	}
	end = slot + min_t(unsigned int, left, CXL_EVENT_BATCH - ev->nr_fetched);
	for (; slot < end; slot++) {
		cxl_events_fetch(ev, slot, b->stamps);
		size = cxl_event_size(slot->size, b->stamps);
		if (unlikely(bytes + size > limit)) {
			fetched = slot + 1;
			goto full;
		}
		bytes += size;
	}
	fetched = slot;
	b->more = left > CXL_EVENT_BATCH - ev->nr_fetched;
	goto done;

full:
	b->more = bytes + size <= room;
	passed_over = slot == ev->fetched && !b->more && size <= b->room;
done:
	taken = fetched - ev->fetched - ev->nr_fetched;
	b->size = bytes;
	b->driver_bytes = bytes;
	b->nr_driver = slot - ev->fetched;
	ev->passed_over = passed_over;
	/* What is left behind is deferred before it is not announced any more. */
	WRITE_ONCE(ev->deferred, slot < fetched);
	if (taken)
		cxl_events_fetched(ev, taken);
}

static void cxl_events_gather_irqs(struct cxl_events *ev, struct cxl_batch *b,
				   size_t room)
{
	struct cxl_event_afu_interrupt irq = {};
	size_t size = cxl_event_size(CXL_EVENT_HEADER_SIZE + sizeof(irq),
				     b->stamps);
	unsigned int bit;

	while (b->size + size <= room) {
		bit = find_next_bit(ev->irq_pending, ev->irq_bits,
				    ev->irq_turn);
		if (bit == ev->irq_bits)
			bit = find_first_bit(ev->irq_pending, ev->irq_bits);
		if (bit == ev->irq_bits) {
			cxl_events_clear_state(ev, CXL_EVENTS_IRQ);
			return;
		}
		__clear_bit(bit, ev->irq_pending);
		ev->irq_turn = bit + 1;
		irq.irq = bit + 1;
		cxl_batch_pack(ev, b, b->size, CXL_EVENT_AFU_INTERRUPT, &irq,
			       sizeof(irq), ev->irq_time);
		b->size += size;
	}
	if (bitmap_empty(ev->irq_pending, ev->irq_bits))
		cxl_events_clear_state(ev, CXL_EVENTS_IRQ);
}

static void cxl_events_gather_slot(struct cxl_events *ev, struct cxl_batch *b,
				   size_t room, unsigned long kind, u16 type,
				   const void *payload, size_t len, u64 time)
{
	size_t size = cxl_event_size(CXL_EVENT_HEADER_SIZE + len, b->stamps);

	if (!(ev->state & kind) || b->size + size > room)
		return;
	cxl_batch_pack(ev, b, b->size, type, payload, len, time);
	b->size += size;
	cxl_events_clear_state(ev, kind);
}

static void cxl_events_gather_generic(struct cxl_events *ev,
				      struct cxl_batch *b)
{
	size_t room = min_t(size_t, b->room, CXL_EVENT_BATCH_BYTES);
	size_t slots = cxl_events_tail(ev, b, CXL_EVENTS_FAULT |
				       CXL_EVENTS_ERROR);
	unsigned int i;

	/* Driver events are packed later, but come first. */
	for (i = 0; b->stamps && i < b->nr_driver; i++)
		b->sequence += !!ev->fetched[i].size;

	if (ev->state & CXL_EVENTS_IRQ)
		cxl_events_gather_irqs(ev, b, room > slots ? room - slots : 0);
	cxl_events_gather_slot(ev, b, room, CXL_EVENTS_FAULT,
			       CXL_EVENT_DATA_STORAGE, &ev->fault,
			       sizeof(ev->fault), ev->fault_time);
	cxl_events_gather_slot(ev, b, room, CXL_EVENTS_ERROR,
			       CXL_EVENT_AFU_ERROR, &ev->error,
			       sizeof(ev->error), ev->error_time);
	b->more = ev->state & CXL_EVENTS_GENERIC && b->room > room;
}

/**
 * cxl_events_gather() - take what is pending and fits, in one lock round trip
 * @ev: event state
 * @b: with room set, and as it was left by the last gather of the same read
 */
void cxl_events_gather(struct cxl_events *ev, struct cxl_batch *b)
{
	unsigned long flags;

	lockdep_assert_held(&ev->turn);
	b->stamps = READ_ONCE(ev->stamps);
	b->sequence = ev->sequence;
	b->nr_driver = 0;
	b->driver_bytes = 0;
	b->size = 0;
	b->more = false;
	b->now = b->stamps ? ktime_get_ns() : 0;

	spin_lock_irqsave(&ev->lock, flags);
	b->lost = ev->count.lost;
	if (!b->generic)
		cxl_events_gather_driver(ev, b);
	if (!b->more) {
		b->generic = true;
		if (ev->state & CXL_EVENTS_GENERIC)
			cxl_events_gather_generic(ev, b);
	}
	if (b->nr_driver || b->size)
		ev->delivering = true;
	spin_unlock_irqrestore(&ev->lock, flags);
}

/* Once per context: it is the AFU driver's bug, not the program's. */
static void cxl_events_warn(struct cxl_events *ev,
			    const struct cxl_event_afu_driver_reserved *event)
{
	if (ev->warned)
		return;
	ev->warned = true;
	if (event)
		pr_warn("afu%u.%u pe %u: AFU driver event of %u bytes is too large\n",
			ev->card, ev->afu, ev->pe, event->data_size);
	else
		pr_warn("afu%u.%u pe %u: AFU driver announced an event but has none\n",
			ev->card, ev->afu, ev->pe);
}

/**
 * cxl_events_settle_driver() - driver events were copied, or a part of them
 * @ev: event state
 * @n: how many of fetched[] were to be
 * @copied: bytes
 * @stamps: the events have stamps
 *
 * Those that were copied are confirmed, and those rejected that never will be.
 *
 * Return: bytes of the whole events that were copied.
 */
size_t cxl_events_settle_driver(struct cxl_events *ev, unsigned int n,
				size_t copied, bool stamps)
{
	const struct cxl_afu_driver_ops *ops = ev->ops;
	struct cxl_event_slot *slot = ev->fetched;
	struct cxl_event_slot *end = slot + n;
	size_t size, whole = 0;

	lockdep_assert_held(&ev->turn);
	for (; slot < end; slot++) {
		size = cxl_event_size(slot->size, stamps);
		if (unlikely(!size)) {
			ev->rejected++;
			cxl_events_warn(ev, slot->event);
			trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1,
						-EINVAL);
			ops->event_delivered(ev->ctx, slot->event, -EINVAL);
			continue;
		}
		if (whole + size > copied)
			break;
		whole += size;
		ev->sequence++;
		trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, 0);
		ops->event_delivered(ev->ctx, slot->event, 0);
	}
	WRITE_ONCE(ev->deferred, slot < ev->fetched + ev->nr_fetched);
	cxl_events_forget(ev, slot - ev->fetched);
	return whole;
}

/* Put one generic event back, beside what was posted since. */
static void cxl_events_restore(struct cxl_events *ev, u16 type,
			       const void *payload)
{
	struct cxl_event_afu_interrupt irq;

	lockdep_assert_held(&ev->lock);
	switch (type) {
	case CXL_EVENT_AFU_INTERRUPT:
		memcpy(&irq, payload, sizeof(irq));
		if (__test_and_set_bit(irq.irq - 1, ev->irq_pending))
			ev->count.coalesced++;
		cxl_events_set_state(ev, CXL_EVENTS_IRQ);
		break;
	case CXL_EVENT_DATA_STORAGE:
		/* The last fault wins. */
		if (ev->state & CXL_EVENTS_FAULT)
			ev->count.lost++;
		else
			memcpy(&ev->fault, payload, sizeof(ev->fault));
		cxl_events_set_state(ev, CXL_EVENTS_FAULT);
		break;
	case CXL_EVENT_AFU_ERROR:
		/* The first error wins. */
		if (ev->state & CXL_EVENTS_ERROR)
			ev->count.lost++;
		memcpy(&ev->error, payload, sizeof(ev->error));
		cxl_events_set_state(ev, CXL_EVENTS_ERROR);
		break;
	}
}

static size_t cxl_events_settle_generic(struct cxl_events *ev,
					const struct cxl_batch *b,
					size_t copied)
{
	struct cxl_event_afu_interrupt irq;
	struct cxl_event_header header;
	size_t at = b->driver_bytes;
	unsigned long flags;
	size_t whole;

	for (; at < b->size; at += header.size) {
		memcpy(&header, ev->buf + at, sizeof(header));
		if (at + header.size > copied)
			break;
		ev->sequence++;
		trace_cxl_event_deliver(ev, header.type, 1, 0);
	}
	whole = at - b->driver_bytes;
	if (at == b->size)
		return whole;

	spin_lock_irqsave(&ev->lock, flags);
	if (header.type == CXL_EVENT_AFU_INTERRUPT) {
		/* The first that could not be copied has the next turn. */
		memcpy(&irq, ev->buf + at + CXL_EVENT_HEADER_SIZE, sizeof(irq));
		ev->irq_turn = irq.irq - 1;
	}
	for (; at < b->size; at += header.size) {
		memcpy(&header, ev->buf + at, sizeof(header));
		cxl_events_restore(ev, header.type, ev->buf + at + CXL_EVENT_HEADER_SIZE);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	return whole;
}

/**
 * cxl_events_settle() - the batch was copied, or a part of it
 * @ev: event state
 * @b: packed
 * @copied: bytes that were copied
 *
 * Driver events are confirmed; those not copied wait in fetched[].  Generic
 * events not copied are pending again.
 *
 * Return: bytes of the whole events that were copied.
 */
size_t cxl_events_settle(struct cxl_events *ev, const struct cxl_batch *b,
			 size_t copied)
{
	size_t whole;

	whole = b->nr_driver ? cxl_events_settle_driver(ev, b->nr_driver, copied,
						      b->stamps) : 0;
	if (b->size > b->driver_bytes)
		whole += cxl_events_settle_generic(ev, b, copied);
	return whole;
}
