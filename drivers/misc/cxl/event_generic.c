// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic events of a context: AFU interrupts, coalesced by number, and slots
 * for one data storage fault and one AFU error.  The card driver posts them.  A
 * reader gathers them, and merges those that it could not copy with what was
 * posted since.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "event.h"
#include "event_run.h"
#include "trace.h"

/*
 * The context now has interrupts 1 to @nr_irqs; pending ones stay pending.
 * Called in process context, serialised by the caller.  -ENOMEM: nothing
 * changed.
 */
int cxl_events_set_irqs(struct cxl_events *ev, unsigned int nr_irqs)
{
	const unsigned int old = ev->irq_bits;
	struct cxl_event_origin *origin = NULL;

	if (nr_irqs > old) {
		origin = kvzalloc(nr_irqs * sizeof(*origin) +
				  BITS_TO_LONGS(nr_irqs) * sizeof(long),
				  GFP_KERNEL_ACCOUNT);
		if (!origin)
			return -ENOMEM;
	}

	spin_lock_irq(&ev->lock);
	if (origin) {
		memcpy(origin, ev->irq_origin, old * sizeof(*origin));
		bitmap_copy((void *)(origin + nr_irqs), ev->irq_pending, old);
		swap(origin, ev->irq_origin);
		ev->irq_pending = (void *)(ev->irq_origin + nr_irqs);
		ev->irq_bits = nr_irqs;
	}
	WRITE_ONCE(ev->nr_irqs, nr_irqs);
	spin_unlock_irq(&ev->lock);
	kvfree(origin);
	return 0;
}

/*
 * Keep the older of two interrupts with the same number, the newer of two
 * faults, the older of two errors.  The other one is coalesced (interrupts) or
 * lost, and the stamp of the one kept tells the loss.
 */
static void cxl_generic_put(struct cxl_events *ev,
			    const struct cxl_event_record *record, bool restored)
{
	const bool error = record->type == CXL_EVENT_AFU_ERROR;
	struct cxl_event_record *slot = error ? &ev->error : &ev->fault;
	const unsigned long kind = error ? CXL_EVENTS_ERROR : CXL_EVENTS_FAULT;
	const unsigned int bit = record->irq.irq - 1;
	const bool taken = ev->state & kind;

	lockdep_assert_held(&ev->lock);
	if (record->type == CXL_EVENT_AFU_INTERRUPT) {
		const bool pending = __test_and_set_bit(bit, ev->irq_pending);

		ev->count.coalesced += pending;
		if (!pending || restored)
			ev->irq_origin[bit] = record->origin;
		cxl_events_change_state(ev, CXL_EVENTS_IRQ, true);
		return;
	}
	if (!taken || error == restored)
		*slot = *record;
	if (taken) {
		ev->count.lost++;
		slot->origin.lost = cxl_events_nr_lost(ev);
	}
	cxl_events_change_state(ev, kind, true);
}

/*
 * Reports of the card driver.  Context: see backend.h.
 */

static void cxl_generic_post(struct cxl_events *ev,
			     struct cxl_event_record *record)
{
	unsigned long flags;

	record->origin.time = cxl_events_now(ev);
	spin_lock_irqsave(&ev->lock, flags);
	record->origin.lost = cxl_events_nr_lost(ev);
	ev->count.posted++;
	cxl_generic_put(ev, record, false);
	spin_unlock_irqrestore(&ev->lock, flags);

	trace_cxl_event_post(ev, record->type, 1);
	cxl_events_wake(ev);
}

/* Post AFU interrupt @irq, from 1.  -EINVAL: the context does not have it. */
int cxl_events_post_irq(struct cxl_events *ev, unsigned int irq)
{
	struct cxl_event_record record = {
		.type = CXL_EVENT_AFU_INTERRUPT,
		.data_size = sizeof(record.irq),
		.irq.irq = irq,
	};

	if (!irq || irq > READ_ONCE(ev->nr_irqs))
		return -EINVAL;
	cxl_generic_post(ev, &record);
	return 0;
}

void cxl_events_post_fault(struct cxl_events *ev, u64 addr, u64 dsisr)
{
	struct cxl_event_record record = {
		.type = CXL_EVENT_DATA_STORAGE,
		.data_size = sizeof(record.fault),
		.fault = { .addr = addr, .dsisr = dsisr },
	};

	cxl_generic_post(ev, &record);
}

void cxl_events_post_error(struct cxl_events *ev, u64 error)
{
	struct cxl_event_record record = {
		.type = CXL_EVENT_AFU_ERROR,
		.data_size = sizeof(record.error),
		.error.error = error,
	};

	cxl_generic_post(ev, &record);
}

/*
 * Gather and restore
 */

/* Bytes that one event of each pending kind among @kinds takes */
size_t cxl_generic_size(const struct cxl_events *ev, unsigned long kinds,
			bool stamps)
{
	const size_t more = CXL_EVENT_HEADER_SIZE +
			    (stamps ? sizeof(struct cxl_event_stamp) : 0);

	kinds &= ev->state;
	return (kinds & CXL_EVENTS_IRQ ? sizeof(ev->fault.irq) + more : 0) +
	       (kinds & CXL_EVENTS_FAULT ? sizeof(ev->fault.fault) + more : 0) +
	       (kinds & CXL_EVENTS_ERROR ? sizeof(ev->fault.error) + more : 0);
}

/* Add an event to the run if it fits, with @tail bytes kept free. */
static bool cxl_generic_add(struct cxl_events *ev, struct cxl_run *run,
			    size_t tail, const struct cxl_event_record *from)
{
	struct cxl_event_record *record = &ev->record[run->n];
	size_t size = CXL_EVENT_HEADER_SIZE + from->data_size;
	size_t whole = cxl_event_size(size, run->stamps);

	if (run->size + whole + tail > run->room)
		return false;
	if (run->n == CXL_EVENT_RUN_GENERIC) {
		run->more = true;
		return false;
	}
	*record = *from;
	ev->fetched[CXL_EVENT_RUN + run->n] = (void *)&record->data_size;
	ev->size[CXL_EVENT_RUN + run->n] = size;
	run->n++;
	run->size += whole;
	return true;
}

/*
 * Take what is pending and fits.  Interrupts take turns, and leave room for a
 * fault and an error.
 */
void cxl_generic_gather(struct cxl_events *ev, struct cxl_run *run)
{
	const size_t tail = cxl_generic_size(ev, CXL_EVENTS_FAULT |
						 CXL_EVENTS_ERROR, run->stamps);
	const unsigned int start = ev->irq_next;
	struct cxl_event_record irq = {
		.type = CXL_EVENT_AFU_INTERRUPT,
		.data_size = sizeof(irq.irq),
	};
	unsigned int bit;

	lockdep_assert_held(&ev->lock);
	for_each_set_bit_wrap(bit, ev->irq_pending, ev->irq_bits, start) {
		irq.origin = ev->irq_origin[bit];
		irq.irq.irq = bit + 1;
		if (!cxl_generic_add(ev, run, tail, &irq))
			break;
		__clear_bit(bit, ev->irq_pending);
		ev->irq_next = bit + 1;
	}
	cxl_events_change_state(ev, CXL_EVENTS_IRQ, bit < ev->irq_bits);
	if (ev->state & CXL_EVENTS_FAULT &&
	    cxl_generic_add(ev, run, 0, &ev->fault))
		cxl_events_change_state(ev, CXL_EVENTS_FAULT, false);
	if (ev->state & CXL_EVENTS_ERROR &&
	    cxl_generic_add(ev, run, 0, &ev->error))
		cxl_events_change_state(ev, CXL_EVENTS_ERROR, false);
}

/* Restore all but the first @n events of the run. */
void cxl_generic_restore(struct cxl_events *ev, const struct cxl_run *run,
			 unsigned int n)
{
	spin_lock_irq(&ev->lock);
	/* An interrupt that was not copied is the next to be delivered. */
	if (ev->record[n].type == CXL_EVENT_AFU_INTERRUPT)
		ev->irq_next = ev->record[n].irq.irq - 1;
	for (; n < run->n; n++)
		cxl_generic_put(ev, &ev->record[n], true);
	spin_unlock_irq(&ev->lock);
}
