// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of an event
 * ===================
 *
 * A producer posts it: an interrupt, fault or error is set pending in the state
 * (event_generic.c); an event of the AFU driver stays with the driver and is only
 * announced (event.c, and event_queue.c for drivers that use that).  Then
 * sleepers and pollers are woken.
 *
 * A reader waits until something is pending and takes the read_lock, which
 * makes it the only one.  It delivers runs of events: driver events in the
 * order fetched, then interrupts, a fault, an error.  Each run goes through
 *
 *	gather	under the state lock: driver events are fetched, generic ones
 *		taken out of the state; room for one of each pending generic
 *		kind is kept free behind the driver events
 *	copy	to the program, without the state lock, page faults disabled
 *	settle	what was copied is delivered, and the AFU driver told; driver
 *		events that were not copied stay in fetched[] for whoever
 *		reads next, generic ones are restored into the state
 *
 * When the copy stops at a page that is not there the reader releases the
 * read_lock, faults the page in, takes the lock again and goes on, unless
 * somebody else has read meanwhile.  So a buffer that takes for ever stalls
 * nobody.  If the buffer is bad, the driver events in flight are restored: the
 * AFU driver has them back.
 *
 * There is one pipeline.  The usual case (driver events alone, to plain memory)
 * is an instance of it with @usual true at compile time, once without and once
 * with stamps.  What they find to be otherwise they leave to the other instance.
 */
#define pr_fmt(fmt) "cxl: " fmt

#include <linux/nsproxy.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "event.h"
#include "event_run.h"
#include "trace.h"

/* Short copies at the same event, each after the buffer was faulted in */
#define CXL_EVENT_COPY_TRIES	8

/*
 * Gather and restore
 */

/*
 * Take driver events as long as they fit with the tail kept free.  One that
 * does not stays fetched and is the first of the next gather.  If it had to
 * let generic events pass because it is nearly as large as the buffer, it goes
 * first then, whatever they need.
 */
static __always_inline void cxl_gather_driver(struct cxl_events *ev,
					      struct cxl_run *run,
					      const bool usual)
{
	unsigned int announced = max(atomic_read_acquire(&ev->announced), 0);
	const unsigned int in_flight = usual ? 0 : ev->nr_fetched;
	struct cxl_event_afu_driver_reserved *event;
	struct cxl_event_queue *queue = ev->queue;
	unsigned int fetched, end, i = 0;
	size_t size, fits = run->room;
	bool left = false;
	u32 len;

	if (usual) {
		if (!announced || ev->nr_fetched | (ev->state & CXL_EVENTS_GENERIC))
			return;
	} else {
		fits -= min(fits, cxl_generic_size(ev, CXL_EVENTS_GENERIC,
						   run->stamps));
		if (ev->passed_over)
			fits = clamp(cxl_event_size(ev->size[0], run->stamps),
				     fits, run->room);
	}

	end = min_t(unsigned int, in_flight + announced, CXL_EVENT_RUN);
	do {
		size = ev->size[i];
		if (usual || i >= in_flight) {
			event = queue ? cxl_event_queue_fetch(queue) :
					ev->ops->fetch_event(ev->ctx);
			len = likely(event) ? READ_ONCE(event->data_size) : U32_MAX;
			size = likely(len <= ev->max_data) ?
			       CXL_EVENT_HEADER_SIZE + len : 0;
			ev->fetched[i] = event;
			ev->size[i] = size;
			/* To be rejected, which is not usual */
			left = usual && !size;
		}
		size = cxl_event_size(size, run->stamps);
		if (unlikely(left || run->size + size > fits)) {
			left = true;
			break;
		}
		run->size += size;
	} while (++i < end);

	run->n = i;
	run->more = left ? usual : i == CXL_EVENT_RUN;
	/* What is left behind becomes deferred before announced drops, below. */
	if (!usual || left)
		WRITE_ONCE(ev->deferred, left);
	if (!usual)
		ev->passed_over = left && !i && size <= run->room;
	fetched = max(i + left, in_flight);
	if (!usual && fetched == in_flight)
		return;
	/* Pairs with the acquire in cxl_events_readable(). */
	smp_mb__before_atomic();
	atomic_sub(fetched - in_flight, &ev->announced);
	ev->count.posted += fetched - in_flight;
	ev->nr_fetched = fetched;
	trace_cxl_event_fetch(ev, fetched - in_flight);
}

/* Take what is pending and fits, in one round trip of the state lock. */
static __always_inline void cxl_run_gather(struct cxl_events *ev,
					   struct cxl_run *run,
					   const bool usual)
{
	const struct time_namespace *ns;

	lockdep_assert_held(&ev->read_lock);
	run->n = 0;
	run->size = 0;
	run->more = usual;
	if (run->stamps) {
		run->now.time = ktime_get_ns();
		ns = current->nsproxy->time_ns;
		if (IS_ENABLED(CONFIG_TIME_NS))
			run->offset = timespec64_to_ns(&ns->offsets.monotonic);
	}

	spin_lock_irq(&ev->lock);
	if (!usual && !ev->nr_fetched && atomic_read_acquire(&ev->announced) <= 0)
		run->first = CXL_EVENT_RUN;
	if (!usual && run->first)
		cxl_generic_gather(ev, run);
	else
		cxl_gather_driver(ev, run, usual);
	if (run->stamps)
		run->now.lost = cxl_events_nr_lost(ev);
	if (run->n)
		ev->delivering = true;
	spin_unlock_irq(&ev->lock);
}

/*
 * Give the driver events in flight back to the AFU driver, whose @ops fetched
 * them.  Last fetched first: a driver that puts each one back at the head of
 * its queue has its order again.
 *
 * Return: how many went back, to be counted by the caller.  Those that no
 * reader could have got are rejected here.
 */
unsigned int cxl_events_restore(struct cxl_events *ev,
				const struct cxl_afu_driver_ops *ops)
{
	unsigned int i = ev->nr_fetched;
	unsigned int good = 0;

	lockdep_assert_held(&ev->read_lock);
	while (i--) {
		int rc = ev->size[i] ? -EFAULT : -EINVAL;

		good += rc == -EFAULT;
		ev->rejected += rc == -EINVAL;
		trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, rc);
		ops->event_delivered(ev->ctx, ev->fetched[i], rc);
	}
	ev->passed_over = false;
	WRITE_ONCE(ev->deferred, false);
	/* Pairs with cxl_events_in_flight(): no callback runs from here on. */
	smp_store_release(&ev->nr_fetched, 0);
	return good;
}

/* Copy; return how many of the run's events are through, in order. */
static __always_inline unsigned int
cxl_run_copy(const struct cxl_events *ev, struct cxl_run *run, const bool user,
	     const bool usual)
{
	const unsigned int end = run->first + run->n;
	struct cxl_event_header header = {
		.type = CXL_EVENT_AFU_DRIVER,
		.process_element = ev->pe,
	};
	const bool recorded = run->first || ev->queue;
	/* Not as arrays: no call of UBSAN's with access to user memory open. */
	struct cxl_event_afu_driver_reserved *const *fetched = ev->fetched;
	const u16 *sizes = ev->size;
	u64 sequence = ev->sequence;
	char __user *buf = run->buf;
	unsigned int i = run->first;

	run->next = run->size;
	if (user && !user_access_begin(buf, run->size))
		return 0;
	do {
		size_t len = sizes[i] - CXL_EVENT_HEADER_SIZE;
		const struct cxl_event_record *record;
		u64 time = run->now.time, lost = run->now.lost;

		header.size = cxl_event_size(sizes[i], run->stamps);
		if (!usual && !header.size)
			continue;
		record = container_of(&fetched[i]->data_size,
				      struct cxl_event_record, data_size);
		if (!usual && run->first)
			header.type = record->type;
		header.reserved1 = 0;
		if (header.size > sizes[i]) {
			header.reserved1 = CXL_EVENT_STAMPED;
			if (recorded && record->origin.time) {
				time = record->origin.time;
				lost = record->origin.lost;
			}
		}
		if (user ? !cxl_put_user(buf, &header, record->data, len,
					 time + run->offset, sequence, lost) :
			   !cxl_put_iter(run->iter, &header, record->data, len,
					 time + run->offset, sequence, lost))
			break;
		buf += header.size;
		sequence++;
	} while (++i < end);
	if (user)
		user_access_end();
	run->next = i < end ? header.size : 0;
	run->done += buf - run->buf;
	run->room -= buf - run->buf;
	run->buf = buf;
	return i - run->first;
}

/* The log is told once per context: it is the AFU driver's bug. */
static noinline void
cxl_event_reject(struct cxl_events *ev,
		 const struct cxl_event_afu_driver_reserved *event)
{
	ev->rejected++;
	if (ev->warned)
		return;
	ev->warned = true;
	pr_warn("afu%u.%u pe %u: AFU driver announced an event and has %s\n",
		ev->card, ev->afu, ev->pe, event ? "one too large" : "none");
}

/* The oldest @n driver events in flight are through: the AFU driver is told. */
static __always_inline void cxl_settle_driver(struct cxl_events *ev,
					      unsigned int n, const bool usual)
{
	struct cxl_event_queue *queue = ev->queue;
	unsigned int good = n, left, i = 0;

	/* Those of a queue are confirmed at once. */
	if (usual && queue && !trace_cxl_event_deliver_enabled())
		i = n;
	for (; i < n; i++) {
		int rc = usual || ev->size[i] ? 0 : -EINVAL;

		if (rc) {
			cxl_event_reject(ev, ev->fetched[i]);
			good--;
		}
		trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, rc);
		if (!queue)
			ev->ops->event_delivered(ev->ctx, ev->fetched[i], rc);
	}
	if (queue)
		cxl_event_queue_delivered(queue, good);
	ev->sequence += good;
	left = ev->nr_fetched - n;
	if (unlikely(left)) {
		memmove(ev->fetched, ev->fetched + n, left * sizeof(ev->fetched[0]));
		memmove(ev->size, ev->size + n, left * sizeof(ev->size[0]));
	}
	/* Pairs with cxl_events_in_flight(): no callback runs from here on. */
	smp_store_release(&ev->nr_fetched, left);
}

/* The first @n events of the run were copied. */
static __always_inline void cxl_run_settle(struct cxl_events *ev,
					   struct cxl_run *run, unsigned int n,
					   const bool usual)
{
	const bool cut = n < run->n;
	unsigned int i;

	lockdep_assert_held(&ev->read_lock);
	if (unlikely(cut))
		run->more = usual;
	if (!usual && run->first) {
		for (i = 0; i < n; i++)
			trace_cxl_event_deliver(ev, ev->record[i].type, 1, 0);
		ev->sequence += n;
		if (cut)
			cxl_generic_restore(ev, run, n);
		return;
	}
	if (unlikely(cut))
		WRITE_ONCE(ev->deferred, true);
	if (likely(n))
		cxl_settle_driver(ev, n, usual);
}

/* Gather, copy, settle: with the read_lock. */
static __always_inline void cxl_run_deliver(struct cxl_events *ev,
					    struct cxl_run *run,
					    const bool usual)
{
	unsigned int n;

	cxl_run_gather(ev, run, usual);
	if (!run->n)
		return;
	pagefault_disable();
	n = !usual && run->iter ? cxl_run_copy(ev, run, false, false) :
				  cxl_run_copy(ev, run, true, usual);
	pagefault_enable();
	cxl_run_settle(ev, run, n, usual);
}

/* Deliver what is pending and fits: driver events first, then generic ones. */
static void cxl_events_deliver(struct cxl_events *ev, struct cxl_run *run)
{
	run->next = 0;
	run->first = 0;
	run->stamps = READ_ONCE(ev->stamps);
	do {
		cxl_run_deliver(ev, run, false);
		if (!run->first && !run->more && !run->next) {
			run->first = CXL_EVENT_RUN;
			run->more = READ_ONCE(ev->state) & CXL_EVENTS_GENERIC;
		}
	} while (run->more && !signal_pending(current));
}

/*
 * Readers
 */

static __always_inline bool cxl_events_to_tell(const struct cxl_events *ev)
{
	return cxl_events_readable(ev) || cxl_events_ended(ev);
}

static int cxl_events_wait(struct cxl_events *ev, bool nonblock)
{
	if (!nonblock)
		return wait_event_interruptible(ev->wq, cxl_events_to_tell(ev));
	return cxl_events_to_tell(ev) ? 0 : -EAGAIN;
}

/*
 * Wait until there is something to read or to report, and take the read_lock.
 *
 * A reader that must not wait leaves a note when it finds the lock taken, so
 * that it is woken if the other leaves something behind:
 *
 *	refused reader			reader with the lock
 *	--------------			--------------------
 *	refused = true			release the lock
 *	barrier				barrier
 *	try again for the lock		refused?  wake
 */
static int cxl_events_read_lock(struct cxl_events *ev, bool nonblock)
{
	int ret = cxl_events_wait(ev, nonblock);

	if (ret)
		return ret;
	if (mutex_trylock(&ev->read_lock))
		return 0;
	if (!nonblock)
		return mutex_lock_killable(&ev->read_lock);
	WRITE_ONCE(ev->refused, true);
	smp_mb(); /* see above */
	return mutex_trylock(&ev->read_lock) ? 0 : -EAGAIN;
}

/* Wake whoever waits for the lock, or for events. */
static noinline void cxl_events_pass_on(struct cxl_events *ev)
{
	WRITE_ONCE(ev->refused, false);
	if (cxl_events_to_tell(ev))
		cxl_events_wake(ev);
}

/* @delivered: since the lock was taken.  @wake: something may be left. */
static __always_inline void cxl_events_read_unlock(struct cxl_events *ev,
						   bool delivered, bool wake)
{
	/* What is left was deferred before: see cxl_events_mask(). */
	smp_store_release(&ev->delivering, false);
	mutex_unlock(&ev->read_lock);
	smp_mb(); /* see cxl_events_read_lock() */
	/* Meanwhile pollers were not told of an end, old or new. */
	wake |= delivered && cxl_events_ended(ev);
	if (unlikely(wake || READ_ONCE(ev->refused)))
		cxl_events_pass_on(ev);
}

/* The buffer is bad: the events in flight are the AFU driver's again. */
static void cxl_events_refuse(struct cxl_events *ev)
{
	mutex_lock(&ev->read_lock);
	/* In between they are neither deferred nor announced again. */
	spin_lock_irq(&ev->lock);
	ev->delivering = true;
	spin_unlock_irq(&ev->lock);
	ev->returned += cxl_events_restore(ev, ev->ops);
	cxl_events_read_unlock(ev, true, true);
}

/*
 * Any read; or the rest of one that has @locked the read_lock and delivered @done
 * bytes, if any.
 */
static noinline ssize_t cxl_events_read_any(struct cxl_events *ev,
					    char __user *buf,
					    struct iov_iter *iter, size_t room,
					    bool nonblock, size_t done,
					    bool locked)
{
	struct cxl_run run = {
		.buf = buf,
		.iter = iter,
		.room = room,
		.done = done,
	};
	u64 sequence = locked ? ev->sequence : 0;
	unsigned int tries = 0;
	bool ended;
	int ret;

	for (;; locked = false) {
		ret = locked ? 0 : cxl_events_read_lock(ev, nonblock || run.done);
		if (ret)
			return run.done ?: ret;
		/* Another reader came in between: what follows is the next. */
		if (run.done && ev->sequence != sequence) {
			cxl_events_read_unlock(ev, ev->delivering, true);
			return run.done;
		}
		ended = cxl_events_ended(ev);
		done = run.done;
		cxl_events_deliver(ev, &run);
		sequence = ev->sequence;
		cxl_events_read_unlock(ev, ev->delivering, run.next);

		if (run.next) {
			tries = run.done > done ? 0 : tries + 1;
			if (tries < CXL_EVENT_COPY_TRIES &&
			    !(iter ? fault_in_iov_iter_writeable(iter, run.next) :
				     fault_in_writeable(run.buf, run.next)))
				continue;
			cxl_events_refuse(ev);
			return run.done ?: -EFAULT;
		}
		if (run.done || ended)
			return run.done ?: -EIO;
		if (nonblock)
			return -EAGAIN;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

static __always_inline ssize_t
cxl_events_read_usual(struct cxl_events *ev, char __user *buf, size_t count,
		      int nonblock, const bool stamps)
{
	struct cxl_run run = { .buf = buf, .room = count, .stamps = stamps };

	if (unlikely(!mutex_trylock(&ev->read_lock)))
		return cxl_events_read_any(ev, buf, NULL, count, nonblock, 0,
					   false);
	cxl_run_deliver(ev, &run, true);
	if (likely(!run.more)) {
		cxl_events_read_unlock(ev, true, false);
		return run.done;
	}
	return cxl_events_read_any(ev, buf + run.done, NULL, count - run.done,
				   nonblock, run.done, true);
}

static noinline ssize_t cxl_events_read_stamped(struct cxl_events *ev,
						char __user *buf, size_t count,
						int nonblock)
{
	return cxl_events_read_usual(ev, buf, count, nonblock, true);
}

/**
 * cxl_events_read() - read as many whole events as are pending and fit
 * @ev: event state
 * @buf: destination
 * @count: its size, at least CXL_READ_MIN_SIZE bytes
 * @nonblock: if not 0 do not wait, neither for events nor for another reader
 *
 * Context: process context.
 * Return: bytes read; -EIO (nothing is pending, and the context is CLOSED or
 * the link down), -EAGAIN, -EFAULT, -ERESTARTSYS or -EINTR.
 */
ssize_t cxl_events_read(struct cxl_events *ev, char __user *buf, size_t count,
			int nonblock)
{
	int ret;

	if (unlikely(atomic_read_acquire(&ev->announced) <= 0)) {
		ret = cxl_events_wait(ev, nonblock);
		if (ret)
			return ret;
		/* Else a read that only finds the end would tell pollers again. */
		if (atomic_read_acquire(&ev->announced) <= 0)
			return cxl_events_read_any(ev, buf, NULL, count,
						   nonblock, 0, false);
	}
	if (unlikely(READ_ONCE(ev->stamps)))
		return cxl_events_read_stamped(ev, buf, count, nonblock);
	return cxl_events_read_usual(ev, buf, count, nonblock, false);
}

/* The same for any destination */
ssize_t cxl_events_read_iter(struct cxl_events *ev, struct iov_iter *to,
			     bool nonblock)
{
	return cxl_events_read_any(ev, NULL, to, iov_iter_count(to), nonblock,
				   0, false);
}

#if IS_ENABLED(CONFIG_CXL_KUNIT_TEST)
#include "event_test.c"
#endif
