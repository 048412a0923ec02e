// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a context: what is posted, and what is seen of it from outside.
 * Producers post from any context and never wait.  The way of an event is told
 * in event_read.c, which delivers them.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "event.h"
#include "trace.h"

/* With the lock held: where an event comes from that is reported at @time */
static struct cxl_event_origin cxl_events_origin(const struct cxl_events *ev,
						 u64 time)
{
	lockdep_assert_held(&ev->lock);
	return (struct cxl_event_origin) {
		.time = time,
		.lost = cxl_events_nr_lost(ev),
	};
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

/**
 * cxl_events_wake() - wake who waits for events
 * @ev: event state
 *
 * The barrier in wq_has_sleeper() pairs with those of sleepers and pollers.
 *
 * Context: any.
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

/**
 * cxl_events_init() - set up the event state of a context
 * @ev: zeroed
 * @ctx: its context
 * @card: number of the card
 * @afu: number of the AFU
 */
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

/**
 * cxl_events_destroy() - the reverse of cxl_events_init()
 * @ev: retired, with no reader left
 */
void cxl_events_destroy(struct cxl_events *ev)
{
	WARN_ON(ev->ops || ev->nr_fetched);
	irq_work_sync(&ev->wake);
	bitmap_free(ev->irq_pending);
	kvfree(ev->irq_origin);
}

/**
 * cxl_events_post_irq() - an AFU interrupt was raised
 * @ev: event state
 * @irq: number from 1
 *
 * Context: any.
 * Return: 0, or -EINVAL for a number that the context does not have.
 */
int cxl_events_post_irq(struct cxl_events *ev, unsigned int irq)
{
	u64 now = cxl_events_now(ev);
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&ev->lock, flags);
	if (!irq || irq > ev->nr_irqs) {
		ret = -EINVAL;
		goto unlock;
	}
	ev->count.posted++;
	if (__test_and_set_bit(irq - 1, ev->irq_pending))
		ev->count.coalesced++;
	else
		ev->irq_origin[irq - 1] = cxl_events_origin(ev, now);
	cxl_events_set_state(ev, CXL_EVENTS_IRQ);
unlock:
	spin_unlock_irqrestore(&ev->lock, flags);
	if (ret)
		return ret;

	trace_cxl_event_post(ev, CXL_EVENT_AFU_INTERRUPT, 1);
	cxl_events_wake(ev);
	return 0;
}

/**
 * cxl_events_post_fault() - the AFU could not access an address
 * @ev: event state
 * @addr: effective address
 * @dsisr: why
 *
 * A fault that was not read yet is overwritten, and counted as lost.
 *
 * Context: any.
 */
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
	cxl_events_set_state(ev, CXL_EVENTS_FAULT);
	spin_unlock_irqrestore(&ev->lock, flags);

	trace_cxl_event_post(ev, CXL_EVENT_DATA_STORAGE, 1);
	cxl_events_wake(ev);
}

/**
 * cxl_events_post_error() - the AFU reported an error
 * @ev: event state
 * @error: defined by the AFU
 *
 * While one is not read yet, later ones are only counted as lost.
 *
 * Context: any.
 */
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
		cxl_events_set_state(ev, CXL_EVENTS_ERROR);
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

/**
 * cxl_events_announce() - the AFU driver has @n more events
 * @ev: event state
 * @n: how many
 *
 * The exchange is fully ordered: whoever sees the count sees what the driver
 * stored before, and a sleeper that does not see it is seen here.
 *
 * Context: any.
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

/**
 * cxl_events_set_irqs() - the context now has interrupts 1 to @nr_irqs
 * @ev: event state
 * @nr_irqs: how many; those pending stay pending
 *
 * Context: process context; serialised by the caller.
 * Return: 0 or -ENOMEM, then nothing changed.
 */
int cxl_events_set_irqs(struct cxl_events *ev, unsigned int nr_irqs)
{
	struct cxl_event_origin *origin = NULL;
	unsigned long *pending = NULL;

	if (nr_irqs > ev->irq_bits) {
		pending = bitmap_zalloc(nr_irqs, GFP_KERNEL_ACCOUNT);
		origin = kvcalloc(nr_irqs, sizeof(*origin), GFP_KERNEL_ACCOUNT);
		if (!pending || !origin) {
			bitmap_free(pending);
			kvfree(origin);
			return -ENOMEM;
		}
	}

	spin_lock_irq(&ev->lock);
	if (pending) {
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
	bitmap_free(pending);
	kvfree(origin);
	return 0;
}

static void cxl_events_change_state(struct cxl_events *ev, unsigned long bit,
				    bool set)
{
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	if (set)
		cxl_events_set_state(ev, bit);
	else
		cxl_events_clear_state(ev, bit);
	spin_unlock_irqrestore(&ev->lock, flags);
	if (set)
		cxl_events_wake(ev);
}

/**
 * cxl_events_set_closed() - the context is CLOSED, or started again
 * @ev: event state
 * @closed: which of the two
 *
 * Context: any.
 */
void cxl_events_set_closed(struct cxl_events *ev, bool closed)
{
	cxl_events_change_state(ev, CXL_EVENTS_CLOSED, closed);
}

/**
 * cxl_events_set_link() - the link to the card went down or came back
 * @ev: event state
 * @up: which of the two
 *
 * Context: any.
 */
void cxl_events_set_link(struct cxl_events *ev, bool up)
{
	cxl_events_change_state(ev, CXL_EVENTS_LINK_DOWN, !up);
}

/**
 * cxl_events_set_stamps() - from now on events are stamped, or not
 * @ev: event state
 * @stamps: which of the two
 *
 * Context: any.
 */
void cxl_events_set_stamps(struct cxl_events *ev, bool stamps)
{
	WRITE_ONCE(ev->stamps, stamps);
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

/**
 * cxl_events_mask() - what poll has to say
 * @ev: event state; the caller's wait queue entry is on its wq
 *
 * Context: any.
 */
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

/**
 * cxl_events_count() - a consistent snapshot of the counters
 * @ev: event state
 * @count: filled in
 *
 * Context: process context; waits for a delivery in flight.
 */
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
