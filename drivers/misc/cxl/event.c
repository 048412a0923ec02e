// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a context: what is posted, and what is seen of it from outside.
 * Producers never wait.  The way of an event is told in event_read.c, which
 * delivers them.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "event.h"
#include "trace.h"

/* Where an event comes from that is reported at @time */
static struct cxl_event_origin cxl_events_origin(const struct cxl_events *ev,
						 u64 time)
{
	lockdep_assert_held(&ev->lock);
	return (struct cxl_event_origin) { time, cxl_events_nr_lost(ev) };
}

static void cxl_events_signal(struct cxl_events *ev, int band)
{
	if (READ_ONCE(ev->fasync))
		kill_fasync(&ev->fasync, SIGIO, band);
}

/*
 * On PREEMPT_RT wait queues and SIGIO take locks that sleep: a producer that
 * must not leaves the waking to irq_work, whose thread may.
 */
static __always_inline bool cxl_events_wake_later(struct cxl_events *ev)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible())
		return false;
	irq_work_queue(&ev->wake);
	return true;
}

/*
 * Wake who waits for events, from any context.  The barrier in
 * wq_has_sleeper() pairs with those of sleepers and pollers.
 */
void cxl_events_wake(struct cxl_events *ev)
{
	if (cxl_events_wake_later(ev))
		return;
	/* io_uring takes the key for the answer, and does not ask again. */
	if (wq_has_sleeper(&ev->wq))
		wake_up_interruptible_poll(&ev->wq, cxl_events_mask(ev));
	cxl_events_signal(ev, cxl_events_ended(ev) ? POLL_HUP : POLL_IN);
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
	mutex_init(&ev->read_lock);
	atomic_set(&ev->announced, CXL_EVENTS_NO_OPS);
	ev->fault.type = CXL_EVENT_DATA_STORAGE;
	ev->fault.data_size = sizeof(ev->fault.fault);
	ev->error.type = CXL_EVENT_AFU_ERROR;
	ev->error.data_size = sizeof(ev->error.error);
}

/* @ev is retired, with no reader left. */
void cxl_events_destroy(struct cxl_events *ev)
{
	WARN_ON(ev->ops || ev->nr_fetched);
	irq_work_sync(&ev->wake);
	bitmap_free(ev->irq_pending);
	kvfree(ev->irq_origin);
}

/*
 * What the card driver reports.  Context: see backend.h.
 */

/* AFU interrupt @irq, from 1.  -EINVAL: the context does not have it. */
int cxl_events_post_irq(struct cxl_events *ev, unsigned int irq)
{
	u64 now = cxl_events_now(ev);
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	if (!irq || irq > ev->nr_irqs) {
		spin_unlock_irqrestore(&ev->lock, flags);
		return -EINVAL;
	}
	ev->count.posted++;
	if (__test_and_set_bit(irq - 1, ev->irq_pending))
		ev->count.coalesced++;
	else
		ev->irq_origin[irq - 1] = cxl_events_origin(ev, now);
	cxl_events_change_state(ev, CXL_EVENTS_IRQ, true);
	spin_unlock_irqrestore(&ev->lock, flags);

	trace_cxl_event_post(ev, CXL_EVENT_AFU_INTERRUPT, 1);
	cxl_events_wake(ev);
	return 0;
}

/* A fault that was not read yet is overwritten, and counted as lost. */
void cxl_events_post_fault(struct cxl_events *ev, u64 addr, u64 dsisr)
{
	u64 now = cxl_events_now(ev);
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	ev->count.posted++;
	if (ev->state & CXL_EVENTS_FAULT)
		ev->count.lost++;
	ev->fault.fault.addr = addr;
	ev->fault.fault.dsisr = dsisr;
	ev->fault.origin = cxl_events_origin(ev, now);
	cxl_events_change_state(ev, CXL_EVENTS_FAULT, true);
	spin_unlock_irqrestore(&ev->lock, flags);

	trace_cxl_event_post(ev, CXL_EVENT_DATA_STORAGE, 1);
	cxl_events_wake(ev);
}

/* While an error is not read yet, later ones are only counted as lost. */
void cxl_events_post_error(struct cxl_events *ev, u64 error)
{
	u64 now = cxl_events_now(ev);
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	ev->count.posted++;
	if (ev->state & CXL_EVENTS_ERROR) {
		/* Told with the error that took the slot, not with the next. */
		ev->count.lost++;
		ev->error.origin.lost = cxl_events_nr_lost(ev);
	} else {
		ev->error.error.error = error;
		ev->error.origin = cxl_events_origin(ev, now);
		cxl_events_change_state(ev, CXL_EVENTS_ERROR, true);
	}
	spin_unlock_irqrestore(&ev->lock, flags);

	trace_cxl_event_post(ev, CXL_EVENT_AFU_ERROR, 1);
	cxl_events_wake(ev);
}

/*
 * The AFU driver may hold a lock that its fetch_event takes as well, inside of
 * ours: so this takes none.  Those that come back at the end of the context
 * were counted as lost.
 */
static void cxl_events_reject(struct cxl_events *ev, unsigned int n)
{
	smp_rmb(); /* pairs with the exchange in cxl_events_detach_ops() */
	if (!(READ_ONCE(ev->state) & CXL_EVENTS_RETIRED))
		atomic64_add(n, &ev->unwanted);
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
			cxl_events_reject(ev, n);
			return false;
		}
	} while (!atomic_try_cmpxchg(&ev->announced, &old, old + n));

	trace_cxl_event_post(ev, CXL_EVENT_AFU_DRIVER, n);
	if (cxl_events_wake_later(ev))
		return true;
	/* The exchange was the barrier that wq_has_sleeper() would add. */
	if (waitqueue_active(&ev->wq))
		wake_up_interruptible_poll(&ev->wq, EPOLLIN | EPOLLRDNORM);
	cxl_events_signal(ev, POLL_IN);
	return true;
}

/*
 * The context now has interrupts 1 to @nr_irqs; those pending stay pending.
 * Process context, serialised by the caller.  -ENOMEM: nothing changed.
 */
int cxl_events_set_irqs(struct cxl_events *ev, unsigned int nr_irqs)
{
	const bool grow = nr_irqs > ev->irq_bits;
	struct cxl_event_origin *origin = NULL;
	unsigned long *pending = NULL;
	int ret = 0;

	if (grow) {
		pending = bitmap_zalloc(nr_irqs, GFP_KERNEL_ACCOUNT);
		origin = kvcalloc(nr_irqs, sizeof(*origin), GFP_KERNEL_ACCOUNT);
		if (!pending || !origin) {
			ret = -ENOMEM;
			goto free;
		}
	}

	spin_lock_irq(&ev->lock);
	if (grow) {
		if (ev->irq_bits) {
			bitmap_copy(pending, ev->irq_pending, ev->irq_bits);
			memcpy(origin, ev->irq_origin,
			       ev->irq_bits * sizeof(*origin));
		}
		swap(pending, ev->irq_pending);
		swap(origin, ev->irq_origin);
		ev->irq_bits = nr_irqs;
	}
	ev->nr_irqs = nr_irqs;
	spin_unlock_irq(&ev->lock);
free:
	bitmap_free(pending);
	kvfree(origin);
	return ret;
}

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
 * Nothing is pending, and nothing is on its way that may turn out not to be
 * copied.  Under the lock no reader begins to deliver.
 */
static bool cxl_events_drained(struct cxl_events *ev)
{
	unsigned long flags;
	bool drained;

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
	return drained;
}

/* What poll has to say to a caller whose entry is on the wait queue */
__poll_t cxl_events_mask(struct cxl_events *ev)
{
	/* Pairs with the barriers of the producers: see cxl_events_wake(). */
	smp_mb();
	if (cxl_events_readable(ev))
		return EPOLLIN | EPOLLRDNORM;
	if (cxl_events_ended(ev) && cxl_events_drained(ev))
		return EPOLLERR | EPOLLHUP;
	return 0;
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
