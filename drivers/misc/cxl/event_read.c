// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of an event
 * ===================
 *
 * A producer posts it.  A generic event (interrupt, fault or error) is marked
 * pending in the state (event_generic.c).  A driver event stays with the AFU
 * driver, or in its event queue (event_queue.c), and is only announced
 * (event.c).  Then sleepers and pollers are woken.
 *
 * A reader waits until something is pending and takes the read_lock, so that
 * only one reader delivers at a time.  It delivers runs: of driver events in
 * the order fetched, then of generic ones: interrupts, a fault, an error.  Each
 * run goes through
 *
 *	gather	under the state lock: driver events are fetched, as long as
 *		room is left for one event of each pending generic kind;
 *		generic events are taken out of the state
 *	copy	to the program, without the state lock, page faults disabled
 *	settle	the events copied are delivered, and the AFU driver is told;
 *		driver events not copied stay in fetched[] for the next
 *		reader, generic ones are restored to the state
 *
 * When the copy stops at a page that is not present, the reader releases the
 * read_lock, faults the page in, takes the lock again and goes on, unless
 * somebody else has read in between.  So a buffer that takes for ever to fault
 * in stalls nobody.  If the buffer is bad, driver events in flight are given
 * back to the AFU driver (restored), and the read fails or returns what it has.
 *
 * There is one pipeline, in three instances.  Two are for the usual case,
 * driver events alone to plain memory, without and with stamps: @usual is true
 * at compile time.  Whatever else they meet they leave to the third.
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

/* Tries to copy the same event, faulting in the buffer in between */
#define CXL_EVENT_COPY_TRIES	8

/*
 * Gather and restore
 */

/*
 * Take driver events while they fit, with the tail kept free for generic ones.
 * One that does not fit stays fetched and is the first of the next gather.  An
 * event as large as the buffer lets generic events pass once; then it goes
 * first, even if it takes their room.
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
			/* It will be rejected, which is not usual. */
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
	/* Set deferred before announced drops: the event is always readable. */
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

/* Take what is pending and fits, under the state lock taken once. */
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
 * Give the driver events in flight back to the AFU driver whose @ops fetched
 * them.  The last fetched goes first: a driver that puts each event back at the
 * head of its queue keeps its order.
 *
 * Return: how many went back, to be counted by the caller.  Bad events are
 * rejected here.
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

/* Copy the run in order; return how many of its events are done. */
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
	/* Not as arrays: UBSAN would add calls in the user access window. */
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

/* A bug of the AFU driver, logged once per context */
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

/* The oldest @n driver events in flight are done: tell the AFU driver. */
static __always_inline void cxl_settle_driver(struct cxl_events *ev,
					      unsigned int n, const bool usual)
{
	struct cxl_event_queue *queue = ev->queue;
	unsigned int good = n, left, i = 0;

	/* Events of an event queue are confirmed all at once. */
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

/* The first @n events of the run have been copied. */
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

/* Gather, copy, settle; the read_lock is held. */
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
 * A reader that must not wait and finds the lock taken leaves a note, so that
 * the other reader wakes it if something is left:
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
	/* Pairs with the acquire in cxl_events_mask(); deferred is set. */
	smp_store_release(&ev->delivering, false);
	mutex_unlock(&ev->read_lock);
	smp_mb(); /* see cxl_events_read_lock() */
	/* During the delivery pollers were not told of the end. */
	wake |= delivered && cxl_events_ended(ev);
	if (unlikely(wake || READ_ONCE(ev->refused)))
		cxl_events_pass_on(ev);
}

/* The buffer is bad: give the events in flight back to the AFU driver. */
static void cxl_events_refuse(struct cxl_events *ev)
{
	mutex_lock(&ev->read_lock);
	/* For a moment they are neither deferred nor announced again. */
	spin_lock_irq(&ev->lock);
	ev->delivering = true;
	spin_unlock_irq(&ev->lock);
	ev->returned += cxl_events_restore(ev, ev->ops);
	cxl_events_read_unlock(ev, true, true);
}

/*
 * Any read; or, if @locked, the rest of a read that holds the read_lock and has
 * delivered @done bytes.
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
		/* Another reader has read in between: keep the order. */
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
		/* The usual instance would tell pollers of the end again. */
		if (atomic_read_acquire(&ev->announced) <= 0)
			return cxl_events_read_any(ev, buf, NULL, count,
						   nonblock, 0, false);
	}
	if (unlikely(READ_ONCE(ev->stamps)))
		return cxl_events_read_stamped(ev, buf, count, nonblock);
	return cxl_events_read_usual(ev, buf, count, nonblock, false);
}

/* cxl_events_read() for any destination */
ssize_t cxl_events_read_iter(struct cxl_events *ev, struct iov_iter *to,
			     bool nonblock)
{
	return cxl_events_read_any(ev, NULL, to, iov_iter_count(to), nonblock,
				   0, false);
}

#if IS_ENABLED(CONFIG_CXL_KUNIT_TEST)
#include "event_test.c"
#endif
