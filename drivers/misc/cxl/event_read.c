// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a context, delivered to its readers.
 *
 * One reader at a time has the turn:
 *
 *	gather   under the spinlock: fetch driver events, pack generic ones
 *	copy     to the program, driver events first, page faults disabled
 *	settle   tell the AFU driver what became of each; put back the rest
 *
 * The turn is never held while a reader waits for events, nor while it waits
 * for its buffer to be faulted in: a buffer that takes for ever stalls nobody
 * else.  What could not be copied stays in fetched[] for whoever comes first.
 */
#include <linux/bitmap.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "event_batch.h"

/* Short copies at the same event, each after the buffer was faulted in */
#define CXL_EVENT_COPY_TRIES	8

/*
 * Deliver what fits into @to.  Return its bytes, and in @next those of the
 * first event that could not be copied because of the buffer, or 0.
 *
 * If @next is not 0 when called, so much is known to be faulted in and no more
 * is copied: of a longer copy that faults, arm64 may say that nothing was.
 */
static size_t cxl_events_deliver(struct cxl_events *ev, struct iov_iter *to,
				 size_t *next)
{
	size_t limit = *next ?: SIZE_MAX;
	struct cxl_batch b = {};
	size_t copied, whole, done = 0;

	*next = 0;
	do {
		b.room = iov_iter_count(to);
		cxl_events_gather(ev, &b);
		if (!b.nr_driver && !b.size)
			break;
		cxl_events_pack(ev, &b);
		pagefault_disable();
		copied = copy_to_iter(ev->buf, min(b.size, limit), to);
		pagefault_enable();
		whole = cxl_events_settle(ev, &b, copied);
		iov_iter_revert(to, copied - whole);
		done += whole;
		*next = cxl_events_next_size(ev, &b, whole);
	} while (b.more && !*next && !signal_pending(current));
	return done;
}

/**
 * cxl_events_hand_back() - tell the AFU driver to keep what is in flight
 * @ev: event state
 * @ops: that the events were fetched by
 *
 * Last fetched first: a driver that puts each one back at the head of its
 * queue has its order again.
 *
 * Return: how many there were, without those that were rejected: to be counted
 * by the caller.
 */
unsigned int cxl_events_hand_back(struct cxl_events *ev,
				  const struct cxl_afu_driver_ops *ops)
{
	unsigned int i = ev->nr_fetched;
	unsigned int good = 0;

	lockdep_assert_held(&ev->turn);
	while (i--) {
		struct cxl_event_slot *slot = &ev->fetched[i];
		int rc = slot->size ? -EFAULT : -EINVAL;

		if (slot->size)
			good++;
		else
			ev->rejected++;
		trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, rc);
		ops->event_delivered(ev->ctx, slot->event, rc);
	}
	ev->passed_over = false;
	WRITE_ONCE(ev->deferred, false);
	/* Pairs with cxl_events_in_flight(): no callback runs from here on. */
	smp_store_release(&ev->nr_fetched, 0);
	return good;
}

/**
 * cxl_events_wait() - wait until there is something to read, or to say
 * @ev: event state
 * @nonblock: do not
 *
 * Return: 0, -EAGAIN or -ERESTARTSYS.
 */
int cxl_events_wait(struct cxl_events *ev, bool nonblock)
{
	if (cxl_events_readable(ev) || cxl_events_ended(ev))
		return 0;
	if (nonblock)
		return -EAGAIN;
	return wait_event_interruptible(ev->wq,
					cxl_events_readable(ev) ||
					cxl_events_ended(ev));
}

/*
 * A reader that must not wait leaves a note when it finds the turn taken, so
 * that it is woken if the other leaves something behind:
 *
 *	refused reader			reader with the turn
 *	--------------			--------------------
 *	refused = true			release the turn
 *	barrier				barrier
 *	try again for the turn		refused?  wake
 */
static int cxl_events_take_turn(struct cxl_events *ev, bool nonblock)
{
	int ret = cxl_events_wait(ev, nonblock);

	if (ret)
		return ret;
	if (!nonblock)
		return mutex_lock_killable(&ev->turn);
	if (mutex_trylock(&ev->turn))
		return 0;
	WRITE_ONCE(ev->refused, true);
	smp_mb(); /* see above */
	return mutex_trylock(&ev->turn) ? 0 : -EAGAIN;
}

/**
 * cxl_events_pass_turn() - the turn was released: wake who waits for it
 * @ev: event state
 * @wake: also who waits for events
 */
void cxl_events_pass_turn(struct cxl_events *ev, bool wake)
{
	if (READ_ONCE(ev->refused)) {
		WRITE_ONCE(ev->refused, false);
		wake = true;
	}
	if (wake && (cxl_events_readable(ev) || cxl_events_ended(ev)))
		cxl_events_wake(ev);
}

/* The buffer is bad: the events in flight are the AFU driver's again. */
static void cxl_events_refuse(struct cxl_events *ev)
{
	unsigned long flags;

	mutex_lock(&ev->turn);
	if (ev->nr_fetched) {
		/* Each may be deferred no more, and not yet announced again. */
		spin_lock_irqsave(&ev->lock, flags);
		ev->delivering = true;
		spin_unlock_irqrestore(&ev->lock, flags);
		ev->returned += cxl_events_hand_back(ev, ev->ops);
	}
	cxl_events_release_turn(ev, ev->delivering, true);
}

/**
 * cxl_events_read_on() - read as many more whole events as are pending and fit
 * @ev: event state
 * @to: the rest of the destination
 * @nonblock: do not wait, neither for events nor for another reader
 * @done: bytes that were read before, then this does not wait
 * @sequence: that it ended with
 *
 * Return: bytes read altogether, or an errno if there are none.
 */
ssize_t cxl_events_read_on(struct cxl_events *ev, struct iov_iter *to,
			   bool nonblock, ssize_t done, u64 sequence)
{
	unsigned int tries = 0;
	size_t n, next = 0;
	bool ended;
	int ret;

	for (;;) {
		ret = cxl_events_take_turn(ev, nonblock || done);
		if (ret)
			return done ?: ret;
		/* Another reader came in between: what follows is the next. */
		if (done && ev->sequence != sequence) {
			cxl_events_release_turn(ev, ev->delivering, true);
			return done;
		}
		ended = cxl_events_ended(ev);
		n = cxl_events_deliver(ev, to, &next);
		done += n;
		sequence = ev->sequence;
		cxl_events_release_turn(ev, ev->delivering, next);

		if (next) {
			tries = n ? 0 : tries + 1;
			if (tries < CXL_EVENT_COPY_TRIES &&
			    !fault_in_iov_iter_writeable(to, next)) {
				next = tries ? next : 0;
				continue;
			}
			cxl_events_refuse(ev);
			return done ?: -EFAULT;
		}
		if (done)
			return done;
		if (ended)
			return -EIO;
		if (nonblock)
			return -EAGAIN;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

/**
 * cxl_events_read_iter() - read as many whole events as are pending and fit
 * @ev: event state
 * @to: destination of at least CXL_READ_MIN_SIZE bytes
 * @nonblock: do not wait, neither for events nor for another reader
 *
 * Context: process context.
 * Return: as cxl_events_read().
 */
ssize_t cxl_events_read_iter(struct cxl_events *ev, struct iov_iter *to,
			     bool nonblock)
{
	return cxl_events_read_on(ev, to, nonblock, 0, 0);
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
	/* Pairs with the release in cxl_events_release_turn(). */
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
	u64 unwanted;
	int announced;

	mutex_lock(&ev->turn);
	spin_lock_irqsave(&ev->lock, flags);
	announced = max(atomic_read(&ev->announced), 0);
	unwanted = atomic64_read(&ev->unwanted);
	*count = ev->count;
	count->posted += announced + unwanted;
	count->delivered = ev->sequence;
	count->returned = ev->returned;
	count->rejected = ev->rejected + unwanted;
	count->pending = announced + ev->nr_fetched +
			 !!(ev->state & CXL_EVENTS_FAULT) +
			 !!(ev->state & CXL_EVENTS_ERROR);
	if (ev->irq_bits)
		count->pending += bitmap_weight(ev->irq_pending, ev->irq_bits);
	spin_unlock_irqrestore(&ev->lock, flags);
	mutex_unlock(&ev->turn);
}
