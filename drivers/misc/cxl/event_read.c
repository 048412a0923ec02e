// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of an event
 * ===================
 *
 * A producer posts it (event.c): an interrupt, fault or error is set pending
 * in the state, an event of the AFU driver stays with the driver and is only
 * announced.  Then sleepers and pollers are woken.
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
 * There is one pipeline.  The usual case (driver events alone, without stamps,
 * to plain memory) is an instance of it with @usual true at compile time; what
 * it finds to be otherwise it leaves to the other instance.
 */
#define pr_fmt(fmt) "cxl: " fmt

#include <linux/bitmap.h>
#include <linux/nsproxy.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "event.h"
#include "event_copy.h"
#include "trace.h"

#define CXL_EVENT_HEADER_SIZE	sizeof(struct cxl_event_header)

/* Short copies at the same event, each after the buffer was faulted in */
#define CXL_EVENT_COPY_TRIES	8

/* With stamps, and if it still fits into the smallest buffer with one */
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

/* A read, and the events that it has in hand */
struct cxl_run {
	char __user *buf;	/* where they go in the program's memory ... */
	struct iov_iter *iter;	/* ... or, if not NULL, anywhere else */
	size_t room;		/* bytes left there */
	size_t done;		/* bytes delivered */
	unsigned int first;	/* index in fetched[]: 0 or CXL_EVENT_RUN */
	unsigned int n;		/* events of the run */
	size_t size;		/* bytes that they take in the reader's buffer */
	size_t next;		/* of the first that was not copied, 0 if none */
	bool generic;		/* the read is through with driver events */
	bool more;		/* there is more that fits; @usual: or is not of it */
	bool stamps;		/* the events are stamped */
	struct cxl_event_origin now;	/* for stamps of events without origin */
	s64 offset;		/* of the reader's CLOCK_MONOTONIC, in ns */
};

/*
 * Gather and restore
 */

#define CXL_GENERIC_SIZE(kind, stamps)					\
	cxl_event_size(CXL_EVENT_HEADER_SIZE +				\
		       sizeof_field(struct cxl_event_record, kind), stamps)

/* Bytes that one generic event of each pending kind takes */
static size_t cxl_gather_tail(const struct cxl_events *ev, unsigned long kinds,
			      bool stamps)
{
	size_t tail = 0;

	kinds &= ev->state;
	if (kinds & CXL_EVENTS_IRQ)
		tail += CXL_GENERIC_SIZE(irq, stamps);
	if (kinds & CXL_EVENTS_FAULT)
		tail += CXL_GENERIC_SIZE(fault, stamps);
	if (kinds & CXL_EVENTS_ERROR)
		tail += CXL_GENERIC_SIZE(error, stamps);
	return tail;
}

/* Returns whether it is an event that can be delivered, and its size. */
static __always_inline bool cxl_gather_fetch(struct cxl_events *ev,
					     struct cxl_event_queue *queue,
					     unsigned int i, size_t *size)
{
	struct cxl_event_afu_driver_reserved *event;
	u32 len;

	lockdep_assert_held(&ev->lock);
	event = queue ? cxl_event_queue_fetch(queue) :
			ev->ops->fetch_event(ev->ctx);
	ev->fetched[i] = event;
	ev->size[i] = 0;
	*size = 0;
	if (unlikely(!event))
		return false;
	len = READ_ONCE(event->data_size);
	if (unlikely(len > ev->max_data))
		return false;
	*size = CXL_EVENT_HEADER_SIZE + len;
	ev->size[i] = *size;
	return true;
}

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
	const bool stamps = run->stamps;
	struct cxl_event_queue *queue = ev->queue;
	unsigned int fetched, end, i = 0;
	size_t size, fits = run->room;

	if (!announced && !in_flight)
		return;
	if (usual) {
		if (ev->nr_fetched | (ev->state & CXL_EVENTS_GENERIC))
			return;
	} else {
		size = cxl_gather_tail(ev, CXL_EVENTS_GENERIC, stamps);
		fits -= min(fits, size);
		size = ev->passed_over ? cxl_event_size(ev->size[0], stamps) : 0;
		if (size <= run->room)
			fits = max(fits, size);
		ev->passed_over = false;
	}

	end = min_t(unsigned int, in_flight + announced, CXL_EVENT_RUN);
	do {
		if (!usual && i < in_flight)
			size = ev->size[i];
		else if (!cxl_gather_fetch(ev, queue, i, &size) && usual)
			goto stop;	/* to be rejected by the other instance */
		size = cxl_event_size(size, stamps);
		if (unlikely(run->size + size > fits))
			goto stop;
		run->size += size;
	} while (++i < end);
	fetched = i;
	run->more = i == CXL_EVENT_RUN;
	if (!usual)
		WRITE_ONCE(ev->deferred, false);
	goto out;

stop:
	fetched = max(i + 1, in_flight);
	/* What is left behind becomes deferred before announced drops, below. */
	WRITE_ONCE(ev->deferred, true);
	run->more = usual;
	if (!usual)
		ev->passed_over = !i && size <= run->room;
out:
	run->n = i;
	if (!usual && fetched == in_flight)
		return;
	/* Pairs with the acquire in cxl_events_readable(). */
	smp_mb__before_atomic();
	atomic_sub(fetched - in_flight, &ev->announced);
	ev->count.posted += fetched - in_flight;
	ev->nr_fetched = fetched;
	trace_cxl_event_fetch(ev, fetched - in_flight);
}

/* One more generic event, if it fits with @tail kept free */
static bool cxl_gather_add(struct cxl_events *ev, struct cxl_run *run,
			   size_t tail, const struct cxl_event_record *from)
{
	struct cxl_event_record *record = &ev->record[run->n];
	u32 size = CXL_EVENT_HEADER_SIZE + from->data_size;

	if (run->size + cxl_event_size(size, run->stamps) + tail > run->room)
		return false;
	if (run->n == CXL_EVENT_RUN_GENERIC) {
		run->more = true;
		return false;
	}
	*record = *from;
	ev->fetched[CXL_EVENT_RUN + run->n] = (void *)&record->data_size;
	ev->size[CXL_EVENT_RUN + run->n] = size;
	run->n++;
	run->size += cxl_event_size(size, run->stamps);
	return true;
}

/* Interrupts leave room for a fault and an error, and take turns. */
static void cxl_gather_irqs(struct cxl_events *ev, struct cxl_run *run)
{
	size_t tail = cxl_gather_tail(ev, CXL_EVENTS_FAULT | CXL_EVENTS_ERROR,
				      run->stamps);
	struct cxl_event_record irq = {
		.type = CXL_EVENT_AFU_INTERRUPT,
		.data_size = sizeof(irq.irq),
	};
	unsigned int bit = ev->irq_next;

	for (;;) {
		bit = find_next_bit(ev->irq_pending, ev->irq_bits, bit);
		if (bit == ev->irq_bits)
			bit = find_first_bit(ev->irq_pending, ev->irq_bits);
		if (bit == ev->irq_bits)
			break;
		irq.origin = ev->irq_origin[bit];
		irq.irq.irq = bit + 1;
		if (!cxl_gather_add(ev, run, tail, &irq))
			return;
		__clear_bit(bit, ev->irq_pending);
		ev->irq_next = ++bit;
	}
	cxl_events_change_state(ev, CXL_EVENTS_IRQ, false);
}

static void cxl_gather_generic(struct cxl_events *ev, struct cxl_run *run)
{
	run->first = CXL_EVENT_RUN;
	if (ev->state & CXL_EVENTS_IRQ)
		cxl_gather_irqs(ev, run);
	if (ev->state & CXL_EVENTS_FAULT &&
	    cxl_gather_add(ev, run, 0, &ev->fault))
		cxl_events_change_state(ev, CXL_EVENTS_FAULT, false);
	if (ev->state & CXL_EVENTS_ERROR &&
	    cxl_gather_add(ev, run, 0, &ev->error))
		cxl_events_change_state(ev, CXL_EVENTS_ERROR, false);
}

/* What the reader's time namespace adds to CLOCK_MONOTONIC, in ns */
static s64 cxl_read_time_offset(void)
{
	if (!IS_ENABLED(CONFIG_TIME_NS))
		return 0;
	return timespec64_to_ns(&current->nsproxy->time_ns->offsets.monotonic);
}

/* Take what is pending and fits, in one round trip of the state lock. */
static __always_inline void cxl_run_gather(struct cxl_events *ev,
					   struct cxl_run *run,
					   const bool usual)
{
	lockdep_assert_held(&ev->read_lock);
	run->first = 0;
	run->n = 0;
	run->size = 0;
	run->more = usual;
	if (run->stamps) {
		run->now.time = ktime_get_ns();
		run->offset = cxl_read_time_offset();
	}

	spin_lock_irq(&ev->lock);
	if (usual || !run->generic)
		cxl_gather_driver(ev, run, usual);
	if (!usual && !run->more) {
		run->generic = true;
		if (run->n)
			run->more = ev->state & CXL_EVENTS_GENERIC;
		else if (ev->state & CXL_EVENTS_GENERIC)
			cxl_gather_generic(ev, run);
	}
	if (run->stamps)
		run->now.lost = cxl_events_nr_lost(ev);
	if (run->n)
		ev->delivering = true;
	spin_unlock_irq(&ev->lock);
}

/* Put the generic events behind the first @n back, beside what was posted since. */
static void cxl_restore_generic(struct cxl_events *ev,
				const struct cxl_run *run, unsigned int n)
{
	const struct cxl_event_record *record;
	unsigned int bit;

	spin_lock_irq(&ev->lock);
	for (record = &ev->record[n]; record < &ev->record[run->n]; record++) {
		switch (record->type) {
		case CXL_EVENT_AFU_INTERRUPT:
			bit = record->irq.irq - 1;
			/* The first has the next turn. */
			if (record == &ev->record[n])
				ev->irq_next = bit;
			if (__test_and_set_bit(bit, ev->irq_pending))
				ev->count.coalesced++;
			ev->irq_origin[bit] = record->origin;
			cxl_events_change_state(ev, CXL_EVENTS_IRQ, true);
			break;
		case CXL_EVENT_DATA_STORAGE:
			if (ev->state & CXL_EVENTS_FAULT)
				ev->count.lost++;	/* The last one wins. */
			else
				ev->fault = *record;
			cxl_events_change_state(ev, CXL_EVENTS_FAULT, true);
			break;
		case CXL_EVENT_AFU_ERROR:
			if (ev->state & CXL_EVENTS_ERROR)
				ev->count.lost++;	/* The first one wins. */
			ev->error = *record;
			cxl_events_change_state(ev, CXL_EVENTS_ERROR, true);
			break;
		}
	}
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

/*
 * Copy
 */

/* Return how many of the run's events are through, in order. */
static __always_inline unsigned int
cxl_run_copy(const struct cxl_events *ev, const struct cxl_run *run,
	     const bool user, const bool usual)
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

	if (user && !user_access_begin(buf, run->size))
		return 0;
	do {
		struct cxl_event_afu_driver_reserved *event = fetched[i];
		size_t len = sizes[i] - CXL_EVENT_HEADER_SIZE;
		struct cxl_event_origin *origin;
		u64 time = run->now.time, lost = run->now.lost;

		header.size = sizes[i];
		header.reserved1 = 0;
		if (!usual && !header.size)
			continue;
		if (!usual && run->first)
			header.type = cxl_event_record(event)->type;
		if (cxl_event_stamped(header.size, run->stamps)) {
			origin = &cxl_event_record(event)->origin;
			if (recorded && origin->time) {
				time = origin->time;
				lost = origin->lost;
			}
			header.size += sizeof(struct cxl_event_stamp);
			header.reserved1 = CXL_EVENT_STAMPED;
		}
		if (user ? !cxl_put_user(buf, &header, event->data, len,
					 time + run->offset, sequence, lost) :
			   !cxl_put_iter(run->iter, &header, event->data, len,
					 time + run->offset, sequence, lost))
			break;
		buf += header.size;
		sequence++;
	} while (++i < end);
	if (user)
		user_access_end();
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
	if (event)
		pr_warn("afu%u.%u pe %u: AFU driver event of %u bytes is too large\n",
			ev->card, ev->afu, ev->pe, event->data_size);
	else
		pr_warn("afu%u.%u pe %u: AFU driver announced an event but has none\n",
			ev->card, ev->afu, ev->pe);
}

/* The oldest @n driver events in flight are through: the AFU driver is told. */
static __always_inline void cxl_settle_driver(struct cxl_events *ev,
					      unsigned int n, const bool usual)
{
	struct cxl_event_queue *queue = ev->queue;
	unsigned int good = n, left, i;

	if (usual && queue && !trace_cxl_event_deliver_enabled())
		goto told;
	i = 0;
	do {
		int rc = usual || ev->size[i] ? 0 : -EINVAL;

		if (rc) {
			cxl_event_reject(ev, ev->fetched[i]);
			good--;
		}
		trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, rc);
		if (!queue)
			ev->ops->event_delivered(ev->ctx, ev->fetched[i], rc);
	} while (++i < n);
told:
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
	size_t whole = run->size;
	unsigned int i;

	lockdep_assert_held(&ev->read_lock);
	if (unlikely(n < run->n)) {
		const u16 *size = ev->size + run->first;

		run->more = usual;
		run->next = cxl_event_size(size[n], run->stamps);
		for (i = n; i < run->n; i++)
			whole -= cxl_event_size(size[i], run->stamps);
	}
	run->done += whole;
	run->room -= whole;
	run->buf += whole;
	if (!usual && run->first) {
		for (i = 0; i < n; i++)
			trace_cxl_event_deliver(ev, ev->record[i].type, 1, 0);
		ev->sequence += n;
		if (n < run->n)
			cxl_restore_generic(ev, run, n);
		return;
	}
	if (unlikely(n < run->n))
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
 * Wait until there is something to read, or to say, and be the one who does.
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

/* Wake who waits for the lock and, with @wake, who waits for events. */
static noinline void cxl_events_pass_on(struct cxl_events *ev, bool wake)
{
	if (READ_ONCE(ev->refused)) {
		WRITE_ONCE(ev->refused, false);
		wake = true;
	}
	if (wake && cxl_events_to_tell(ev))
		cxl_events_wake(ev);
}

/* @delivered: since the lock was taken.  @wake: something may be left. */
static __always_inline void cxl_events_read_unlock(struct cxl_events *ev,
						   bool delivered, bool wake)
{
	/* What is left was deferred before: see cxl_events_drained(). */
	smp_store_release(&ev->delivering, false);
	mutex_unlock(&ev->read_lock);
	smp_mb(); /* see cxl_events_read_lock() */
	/* Meanwhile pollers were not told of an end, old or new. */
	wake |= delivered && cxl_events_ended(ev);
	if (unlikely(wake || READ_ONCE(ev->refused)))
		cxl_events_pass_on(ev, wake);
}

/* The buffer is bad: the events in flight are the AFU driver's again. */
static void cxl_events_refuse(struct cxl_events *ev)
{
	mutex_lock(&ev->read_lock);
	if (ev->nr_fetched) {
		/* Each may be deferred no more, and not yet announced again. */
		spin_lock_irq(&ev->lock);
		ev->delivering = true;
		spin_unlock_irq(&ev->lock);
		ev->returned += cxl_events_restore(ev, ev->ops);
	}
	cxl_events_read_unlock(ev, ev->delivering, true);
}

/*
 * Any read; or the rest of one that delivered @done bytes and ended with
 * @sequence, which does not wait.
 */
static noinline ssize_t cxl_events_read_any(struct cxl_events *ev,
					    char __user *buf,
					    struct iov_iter *iter, size_t room,
					    bool nonblock, size_t done,
					    u64 sequence)
{
	struct cxl_run run = {
		.buf = buf,
		.iter = iter,
		.room = room,
		.done = done,
	};
	unsigned int tries = 0;
	bool ended;
	int ret;

	for (;;) {
		ret = cxl_events_read_lock(ev, nonblock || run.done);
		if (ret)
			return run.done ?: ret;
		/* Another reader came in between: what follows is the next. */
		if (run.done && ev->sequence != sequence) {
			cxl_events_read_unlock(ev, ev->delivering, true);
			return run.done;
		}
		ended = cxl_events_ended(ev);
		done = run.done;
		run.next = 0;
		run.generic = false;
		run.stamps = READ_ONCE(ev->stamps);
		do {
			cxl_run_deliver(ev, &run, false);
		} while (run.more && !signal_pending(current));
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
		if (run.done)
			return run.done;
		if (ended)
			return -EIO;
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
	u64 sequence;

	if (unlikely(!mutex_trylock(&ev->read_lock)))
		return cxl_events_read_any(ev, buf, NULL, count, nonblock, 0, 0);
	cxl_run_deliver(ev, &run, true);
	if (likely(!run.more)) {
		cxl_events_read_unlock(ev, true, false);
		return run.done;
	}
	sequence = ev->sequence;
	cxl_events_read_unlock(ev, ev->delivering, run.next);
	return cxl_events_read_any(ev, buf + run.done, NULL, count - run.done,
				   nonblock, run.done, sequence);
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
		ret = nonblock || cxl_events_readable(ev) ? 0 :
		      cxl_events_wait(ev, false);
		if (ret)
			return ret;
		/* Else a read that only finds the end would tell pollers again. */
		if (atomic_read_acquire(&ev->announced) <= 0)
			return cxl_events_read_any(ev, buf, NULL, count,
						   nonblock, 0, 0);
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
				   0, 0);
}

#if IS_ENABLED(CONFIG_CXL_KUNIT_TEST)
#include "event_test.c"
#endif
