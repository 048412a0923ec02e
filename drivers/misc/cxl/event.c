// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event state of a context: its driver ops and what they announce, who is woken,
 * and what is seen from outside.  Producers never wait.  The way of an event is
 * told in event_read.c.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "event.h"
#include "trace.h"

/*
 * On PREEMPT_RT wait queues and SIGIO take locks that sleep: a producer that
 * must not sleep leaves the waking to an irq_work, whose thread may.
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
 * Wake whoever waits for events, from any context.  io_uring takes the key for the
 * answer, and does not ask again.
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

/* @ev is zeroed; @card and @afu are the numbers that traces show. */
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
 * The AFU driver has @n more events; in any context, hard interrupts included.
 * The exchange is fully ordered: whoever sees the count sees what the driver
 * stored before, and a sleeper that does not see it is seen here.
 *
 * Return: false if they are rejected.
 */
bool cxl_events_announce(struct cxl_events *ev, unsigned int n)
{
	int old = atomic_read(&ev->announced);

	if (!n)
		return true;
	do {
		if (unlikely(old < 0 || n > INT_MAX - old)) {
			/*
			 * To be rejected.  Not under the lock: fetch_event() is
			 * called with it held, and may take a lock that the
			 * caller holds.  Events that come back at the end of the
			 * context were counted as lost.
			 */
			smp_rmb(); /* pairs with the exchange in detach */
			if (!(READ_ONCE(ev->state) & CXL_EVENTS_RETIRED))
				atomic64_add(n, &ev->unwanted);
			return false;
		}
	} while (!atomic_try_cmpxchg(&ev->announced, &old, old + n));

	trace_cxl_event_post(ev, CXL_EVENT_AFU_DRIVER, n);
	if (!cxl_events_wake_later(ev))
		cxl_events_wake_now(ev, EPOLLIN | EPOLLRDNORM, POLL_IN);
	return true;
}

/*
 * Driver ops can be exchanged or removed while no event of theirs is announced
 * or in flight.  Whoever cannot wait for that detaches them: events in flight
 * go back to the driver, those announced are lost.
 */

/* Under the lock nothing new gets in flight: if it is false it stays so. */
static bool cxl_events_in_flight(struct cxl_events *ev)
{
	lockdep_assert_held(&ev->lock);
	/* Pairs with the release after the last event_delivered. */
	return smp_load_acquire(&ev->nr_fetched);
}

/*
 * Set the driver ops, not from a hard interrupt; returns what
 * cxl_set_driver_ops() does.
 * @max_data: largest payload, in bytes
 * @closed: their context_closed(), or NULL
 * @queue: whose ops these are, or NULL.  Its events are fetched without a call.
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
		/* From the first ops on announcements count. */
		atomic_cmpxchg(&ev->announced, CXL_EVENTS_NO_OPS, 0);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(owner);
	return ret;
}

/*
 * Remove the driver ops, not from a hard interrupt.  -EBUSY: events are
 * announced or in flight, or room in the event queue is reserved.
 */
int cxl_events_unset_ops(struct cxl_events *ev)
{
	struct module *unpin = NULL;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&ev->lock, flags);
	raw_spin_lock(&ev->queue_lock);
	if (ev->ops && (cxl_events_in_flight(ev) ||
			(ev->queue && ev->queue->reserved) ||
			atomic_cmpxchg(&ev->announced, 0, CXL_EVENTS_NO_OPS))) {
		ret = -EBUSY;
	} else if (ev->ops) {
		WRITE_ONCE(ev->ops, NULL);
		swap(unpin, ev->ops_owner);
	}
	raw_spin_unlock(&ev->queue_lock);
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

/*
 * Remove @only these driver ops or, if it is NULL, any, and for good.  Waits for
 * a delivery in flight, so only in process context.
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
	/* What a poller saw as readable may be gone. */
	cxl_events_wake(ev);
}

/* The context goes away: no driver callback after this. */
void cxl_events_retire(struct cxl_events *ev)
{
	trace_cxl_event_end(ev);
	cxl_events_detach_ops(ev, NULL);
}

/*
 * The end, and what is seen from outside
 */

/* @bit, of CXL_EVENTS_ENDED, is why nothing more comes, or no longer is. */
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
 * when nothing is pending, and nothing in flight that may turn out not to be
 * copied: under the lock no reader begins to deliver.
 */
__poll_t cxl_events_mask(struct cxl_events *ev)
{
	unsigned long flags;
	bool drained;

	/* For producers before they wake; pairs with theirs in pollers. */
	smp_mb();
	if (cxl_events_readable(ev))
		return EPOLLIN | EPOLLRDNORM;
	if (!cxl_events_ended(ev))
		return 0;

	spin_lock_irqsave(&ev->lock, flags);
	/*
	 * The end was seen before: a full barrier, since on POWER a reader that
	 * releases the read_lock need not see it yet, and would not wake us.
	 * Pairs with the one in cxl_events_read_unlock().
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
