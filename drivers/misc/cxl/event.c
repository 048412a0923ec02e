// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event state of a context: driver ops and their announcements, wake-ups, and
 * what poll and the counters show.  Producers never wait.  See "The way of an
 * event" in event_read.c.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "event.h"
#include "trace.h"

/*
 * On PREEMPT_RT wait queues and SIGIO take sleeping locks: a producer that must
 * not sleep leaves the wake-up to an irq_work, which runs in a thread.
 */
static __always_inline bool cxl_events_wake_later(struct cxl_events *ev)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible())
		return false;
	irq_work_queue(&ev->wake);
	return true;
}

static __always_inline void cxl_events_wake_now(struct cxl_events *ev,
						__poll_t key, int band)
{
	/* The caller's full barrier pairs with those of sleepers and pollers. */
	if (waitqueue_active(&ev->wq))
		wake_up_interruptible_poll(&ev->wq, key);
	if (READ_ONCE(ev->fasync))
		kill_fasync(&ev->fasync, SIGIO, band);
}

/*
 * Wake whoever waits for events, from any context.  The key must be the full
 * mask: io_uring takes it for the result and does not poll again.
 */
void cxl_events_wake(struct cxl_events *ev)
{
	if (!cxl_events_wake_later(ev))
		cxl_events_wake_now(ev, cxl_events_mask(ev),
				    cxl_events_ended(ev) ? POLL_HUP : POLL_IN);
}

static void cxl_events_wake_work(struct irq_work *work)
{
	cxl_events_wake(container_of(work, struct cxl_events, wake));
}

/* @ev is zeroed; @card and @afu are numbers for traces. */
void cxl_events_init(struct cxl_events *ev, struct cxl_context *ctx,
		     unsigned int card, unsigned int afu)
{
	ev->ctx = ctx;
	ev->card = card;
	ev->afu = afu;
	init_waitqueue_head(&ev->wq);
	init_irq_work(&ev->wake, cxl_events_wake_work);
	spin_lock_init(&ev->lock);
	raw_spin_lock_init(&ev->queue_lock);
	mutex_init(&ev->read_lock);
	atomic_set(&ev->announced, CXL_EVENTS_NO_OPS);
}

/* @ev is retired, with no reader left. */
void cxl_events_destroy(struct cxl_events *ev)
{
	WARN_ON(ev->ops || ev->nr_fetched);
	irq_work_sync(&ev->wake);
	kvfree(ev->irq_origin);
}

/*
 * cxl_events_raise() cannot count @n events.  Do not take the lock:
 * fetch_event() is called with it held, and may take a lock that our caller
 * holds.  Events announced again after the context is retired have been counted
 * as lost.
 */
void cxl_events_reject(struct cxl_events *ev, unsigned int n)
{
	smp_rmb(); /* pairs with the exchange in detach */
	if (!(READ_ONCE(ev->state) & CXL_EVENTS_RETIRED))
		atomic64_add(n, &ev->unwanted);
}

/* Inline: the announcement of a single event has no call to spare. */
static __always_inline void cxl_events_do_tell(struct cxl_events *ev,
					       unsigned int n)
{
	trace_cxl_event_post(ev, CXL_EVENT_AFU_DRIVER, n);
	if (!cxl_events_wake_later(ev))
		cxl_events_wake_now(ev, EPOLLIN | EPOLLRDNORM, POLL_IN);
}

/* @n driver events have been raised: wake whoever waits, from any context. */
void cxl_events_tell(struct cxl_events *ev, unsigned int n)
{
	cxl_events_do_tell(ev, n);
}

/*
 * The AFU driver has @n more events.  Called in any context, hard interrupts
 * too.  Return: false if the events are rejected.
 */
bool cxl_events_announce(struct cxl_events *ev, unsigned int n)
{
	if (!n)
		return true;
	if (!cxl_events_raise(ev, n))
		return false;
	cxl_events_do_tell(ev, n);
	return true;
}

/*
 * Driver ops can be replaced or removed while none of their events is announced
 * or in flight.  Detaching does not wait for that: events in flight go back to
 * the driver, announced ones are lost.
 */

/* Nothing new is in flight under the lock: false stays false. */
static bool cxl_events_in_flight(struct cxl_events *ev)
{
	lockdep_assert_held(&ev->lock);
	/* Pairs with the release after the last event_delivered. */
	return smp_load_acquire(&ev->nr_fetched);
}

/*
 * Set the driver ops.  Not called from a hard interrupt.  Returns what
 * cxl_set_driver_ops() does.
 * @max_data: maximum payload, in bytes
 * @closed: their context_closed(), or NULL
 * @queue: event queue whose ops these are, or NULL
 */
int cxl_events_set_ops(struct cxl_events *ev,
		       const struct cxl_afu_driver_ops *ops, u32 max_data,
		       void (*closed)(struct cxl_context *ctx),
		       struct module *owner, struct cxl_event_queue *queue)
{
	unsigned long flags;
	int ret = 0;

	if (!ops->event_delivered || !(ops->fetch_event || queue) ||
	    max_data > CXL_EVENT_MAX_DATA)
		return -EINVAL;
	if (!try_module_get(owner))
		return -ENODEV;

	spin_lock_irqsave(&ev->lock, flags);
	if (ev->state & CXL_EVENTS_RETIRED) {
		ret = -EIO;
	} else if (cxl_events_in_flight(ev) ||
		   atomic_read(&ev->announced) > 0 || (ev->ops && ev->queue)) {
		/* An event queue stays until it is unset or destroyed. */
		ret = -EBUSY;
	} else {
		WRITE_ONCE(ev->ops, ops);
		swap(owner, ev->ops_owner);
		ev->queue = queue;
		ev->max_data = max_data;
		ev->closed = closed;
		/* From now on announcements count. */
		atomic_cmpxchg(&ev->announced, CXL_EVENTS_NO_OPS, 0);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(owner);
	return ret;
}

/*
 * Remove the driver ops.  Not called from a hard interrupt.  -EBUSY: events are
 * announced or in flight, or room in the event queue is reserved.
 */
int cxl_events_unset_ops(struct cxl_events *ev)
{
	unsigned long flags, queue_flags;
	struct module *unpin = NULL;
	int ret = 0;

	spin_lock_irqsave(&ev->lock, flags);
	/* On PREEMPT_RT interrupts are still on, and may send. */
	raw_spin_lock_irqsave(&ev->queue_lock, queue_flags);
	if (ev->ops && (cxl_events_in_flight(ev) ||
			(ev->queue && ev->queue->reserved) ||
			atomic_cmpxchg(&ev->announced, 0, CXL_EVENTS_NO_OPS))) {
		ret = -EBUSY;
	} else if (ev->ops) {
		WRITE_ONCE(ev->ops, NULL);
		swap(unpin, ev->ops_owner);
	}
	raw_spin_unlock_irqrestore(&ev->queue_lock, queue_flags);
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

/*
 * Remove the driver ops if they are @only; or, if @only is NULL, any driver
 * ops, for good.  Waits for a delivery in flight: process context only.
 */
void cxl_events_detach_ops(struct cxl_events *ev,
			   const struct cxl_afu_driver_ops *only)
{
	const struct cxl_afu_driver_ops *ops;
	struct module *owner = NULL;
	unsigned long flags;
	unsigned int left;

	mutex_lock(&ev->read_lock);
	spin_lock_irqsave(&ev->lock, flags);
	if (!only)
		cxl_events_change_state(ev, CXL_EVENTS_RETIRED, true);
	ops = ev->ops;
	if (!ops || (only && ops != only)) {
		spin_unlock_irqrestore(&ev->lock, flags);
		goto out;
	}
	left = atomic_xchg(&ev->announced, CXL_EVENTS_NO_OPS);
	ev->count.posted += left;
	WRITE_ONCE(ev->ops, NULL);
	swap(owner, ev->ops_owner);
	spin_unlock_irqrestore(&ev->lock, flags);

	left += cxl_events_restore(ev, ops);
	spin_lock_irqsave(&ev->lock, flags);
	ev->count.lost += left;
	spin_unlock_irqrestore(&ev->lock, flags);
	if (!only && ev->closed)
		ev->closed(ev->ctx);
	module_put(owner);
out:
	mutex_unlock(&ev->read_lock);
	/* Events that a poller was told of may be gone. */
	cxl_events_wake(ev);
}

/* The context goes away: no driver callback after this. */
void cxl_events_retire(struct cxl_events *ev)
{
	trace_cxl_event_end(ev);
	cxl_events_detach_ops(ev, NULL);
}

/*
 * The end, poll and counters
 */

/* Set or clear @bit of CXL_EVENTS_ENDED, a reason why no more events come. */
void cxl_events_set_end(struct cxl_events *ev, unsigned long bit, bool set)
{
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	cxl_events_change_state(ev, bit, set);
	spin_unlock_irqrestore(&ev->lock, flags);
	if (set)
		cxl_events_wake(ev);
}

/*
 * What poll returns, once its entry is on the wait queue.  The end is reported
 * only if nothing is pending, and nothing is in flight, since the copy may
 * fail. While the lock is held no reader begins to deliver.
 */
__poll_t cxl_events_mask(struct cxl_events *ev)
{
	unsigned long flags;
	bool drained;

	/* Producer: post, then look at wq.  Poller: join wq, then look here. */
	smp_mb();
	if (cxl_events_readable(ev))
		return EPOLLIN | EPOLLRDNORM;
	if (!cxl_events_ended(ev))
		return 0;

	spin_lock_irqsave(&ev->lock, flags);
	/*
	 * A full barrier after seeing the end: without it, on POWER a reader
	 * that releases the read_lock might not see the end yet, and not wake
	 * us. Pairs with the barrier in cxl_events_read_unlock().
	 */
	smp_mb__after_spinlock();
	/* Pairs with the release in cxl_events_read_unlock(). */
	drained = !smp_load_acquire(&ev->delivering) &&
		  !cxl_events_readable(ev);
	spin_unlock_irqrestore(&ev->lock, flags);
	return drained ? EPOLLERR | EPOLLHUP : 0;
}

/* A consistent snapshot of the counters; waits for a delivery in flight. */
void cxl_events_count(struct cxl_events *ev, struct cxl_event_counters *count)
{
	unsigned long flags;
	u64 unwanted, overruns;
	int announced;

	mutex_lock(&ev->read_lock);
	spin_lock_irqsave(&ev->lock, flags);
	announced = max(atomic_read(&ev->announced), 0);
	unwanted = atomic64_read(&ev->unwanted);
	overruns = atomic64_read(&ev->overruns);
	*count = ev->count;
	count->posted += announced + unwanted + overruns;
	count->lost += overruns;
	count->delivered = ev->sequence;
	count->returned = ev->returned;
	count->rejected = ev->rejected + unwanted;
	count->pending = announced + ev->nr_fetched +
			 !!(ev->state & CXL_EVENTS_FAULT) +
			 !!(ev->state & CXL_EVENTS_ERROR);
	if (ev->irq_bits)
		count->pending += bitmap_weight(ev->irq_pending, ev->irq_bits);
	spin_unlock_irqrestore(&ev->lock, flags);
	mutex_unlock(&ev->read_lock);
}
