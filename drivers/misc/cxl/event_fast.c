// SPDX-License-Identifier: GPL-2.0-only
/*
 * The usual read: driver events alone, copied straight from the AFU driver's
 * memory to plain memory of the program.  It differs from event_read.c in
 * nothing but what it costs, and leaves to it what is not of that kind.
 */
#include <linux/fault-inject-usercopy.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "event_batch.h"

/* From anywhere to anywhere in the program's memory */
struct cxl_batch_word {
	u64 value;
} __packed;

#define cxl_batch_put_word(to, from, n, fault)				\
	unsafe_put_user(((const struct cxl_batch_word *)(from))[n].value, \
			(u64 __user *)(to) + (n), fault)

/* Four words at a time: small payloads are the rule, and a loop is dear. */
#define cxl_batch_put(to, from, len, fault)				\
do {									\
	char __user *__to = (to);					\
	const u8 *__from = (from);					\
	size_t __left = (len);						\
									\
	for (; __left >= 4 * sizeof(u64); __left -= 4 * sizeof(u64)) {	\
		cxl_batch_put_word(__to, __from, 0, fault);		\
		cxl_batch_put_word(__to, __from, 1, fault);		\
		cxl_batch_put_word(__to, __from, 2, fault);		\
		cxl_batch_put_word(__to, __from, 3, fault);		\
		__to += 4 * sizeof(u64);				\
		__from += 4 * sizeof(u64);				\
	}								\
	if (__left)							\
		unsafe_copy_to_user(__to, __from, __left, fault);	\
} while (0)

/**
 * struct cxl_run - driver events that are delivered at once
 * @n: how many of fetched[], from its start; none of them is to be rejected
 * @size: bytes
 * @lost: events lost so far, for the stamps
 * @now: time, for events that have none
 * @rest: there may be more, which is left to event_read.c
 */
struct cxl_run {
	unsigned int n;
	size_t size;
	u64 lost;
	u64 now;
	bool rest;
};

/*
 * Fetch what fits into @room.  An event that does not, or that is to be
 * rejected, is left behind for the next gather.
 */
static __always_inline struct cxl_run
cxl_run_fetch(struct cxl_events *ev, size_t room, const bool stamps)
{
	struct cxl_run run = { .now = stamps ? ktime_get_ns() : 0 };
	struct cxl_event_slot *slot = ev->fetched;
	unsigned int fetched;
	size_t size;
	int left;

	spin_lock_irq(&ev->lock);
	left = atomic_read_acquire(&ev->announced);
	if (unlikely(left <= 0 || ev->nr_fetched ||
		     ev->state & CXL_EVENTS_GENERIC)) {
		run.rest = true;
		goto unlock;
	}
	left = min(left, CXL_EVENT_BATCH);
	do {
		fetched = run.n + 1;
		run.rest = !cxl_events_fetch(ev, slot, stamps);
		size = cxl_event_size(slot->size, stamps);
		if (unlikely(run.rest || run.size + size > room)) {
			WRITE_ONCE(ev->deferred, true);
			goto out;
		}
		run.size += size;
		run.n = fetched;
		slot++;
	} while (fetched < left);
	run.rest = fetched == CXL_EVENT_BATCH;
out:
	run.lost = ev->count.lost;
	cxl_events_fetched(ev, fetched);
	ev->delivering = true;
unlock:
	spin_unlock_irq(&ev->lock);
	return run;
}

/*
 * Straight to the program: a copy on the way would cost as much as all the
 * rest.  Return the bytes of the whole events that were copied.
 */
static __always_inline size_t
cxl_run_copy(const struct cxl_events *ev, const struct cxl_run *run,
	     char __user *to, const bool stamps)
{
	const struct cxl_event_slot *slot = ev->fetched;
	const struct cxl_event_slot *end = slot + run->n;
	u64 sequence = ev->sequence;
	const u16 pe = ev->pe;
	char __user *at = to;

	if (should_fail_usercopy() || !user_access_begin(to, run->size))
		return 0;
	do {
		struct cxl_event_header __user *header = (void __user *)at;
		size_t size = slot->size;
		u16 stamped = 0;

		if (cxl_event_stamped(size, stamps)) {
			const struct cxl_event_stamp stamp = {
				.time = slot->time ?: run->now,
				.sequence = sequence++,
				.lost = run->lost,
			};

			stamped = CXL_EVENT_STAMPED;
			unsafe_copy_to_user(at + size, (void *)&stamp,
					    sizeof(stamp), fault);
			size += sizeof(stamp);
		}
		unsafe_put_user(CXL_EVENT_AFU_DRIVER, &header->type, fault);
		unsafe_put_user((u16)size, &header->size, fault);
		unsafe_put_user(pe, &header->process_element, fault);
		unsafe_put_user(stamped, &header->reserved1, fault);
		cxl_batch_put(at + CXL_EVENT_HEADER_SIZE, slot->event->data,
			      slot->size - CXL_EVENT_HEADER_SIZE, fault);
		at += size;
		slot++;
	} while (slot < end);
fault:
	user_access_end();
	return at - to;
}

/* All of them were copied. */
static __always_inline void cxl_run_delivered(struct cxl_events *ev,
					      const struct cxl_run *run)
{
	const struct cxl_event_slot *slot = ev->fetched;
	const struct cxl_event_slot *end = slot + run->n;
	const bool call = !ev->queue;

	if (!call)
		cxl_event_queue_delivered(ev->queue, run->n);
	if (call || trace_cxl_event_deliver_enabled()) {
		do {
			trace_cxl_event_deliver(ev, CXL_EVENT_AFU_DRIVER, 1, 0);
			if (call)
				ev->ops->event_delivered(ev->ctx, slot->event, 0);
			slot++;
		} while (slot < end);
	}
	ev->sequence += run->n;
	cxl_events_forget(ev, run->n);
}

static noinline ssize_t cxl_events_read_rest(struct cxl_events *ev,
					     char __user *buf, size_t count,
					     bool nonblock, ssize_t done,
					     u64 sequence)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, READ, buf + done,
		      min_t(size_t, count, MAX_RW_COUNT) - done);
	return cxl_events_read_on(ev, &to, nonblock, done, sequence);
}

/* With the turn, which is released.  Returns whether that was all. */
static __always_inline bool
cxl_events_deliver_run(struct cxl_events *ev, char __user *buf, size_t count,
		       const bool stamps, ssize_t *done, u64 *sequence)
{
	struct cxl_run run = cxl_run_fetch(ev, count, stamps);
	size_t copied;

	if (unlikely(!run.n)) {
		cxl_events_release_turn(ev, ev->delivering, true);
		return false;
	}
	pagefault_disable();
	copied = cxl_run_copy(ev, &run, buf, stamps);
	pagefault_enable();
	if (likely(copied == run.size)) {
		cxl_run_delivered(ev, &run);
	} else {
		copied = cxl_events_settle_driver(ev, run.n, copied, stamps);
		run.rest = true;
	}
	*done = copied;
	*sequence = ev->sequence;
	cxl_events_release_turn(ev, true, run.rest);
	return !run.rest;
}

static __always_inline ssize_t
cxl_events_read_run(struct cxl_events *ev, char __user *buf, size_t count,
		    int nonblock, const bool stamps)
{
	ssize_t done = 0;
	u64 sequence = 0;
	int ret;

	if (unlikely(atomic_read_acquire(&ev->announced) <= 0)) {
		ret = cxl_events_wait(ev, nonblock);
		if (ret)
			return ret;
		if (atomic_read_acquire(&ev->announced) <= 0)
			goto rest;
	}
	if (likely(mutex_trylock(&ev->turn)) &&
	    likely(cxl_events_deliver_run(ev, buf, count, stamps, &done,
					  &sequence)))
		return done;
rest:
	return cxl_events_read_rest(ev, buf, count, nonblock, done, sequence);
}

static noinline ssize_t cxl_events_read_stamped(struct cxl_events *ev,
						char __user *buf, size_t count,
						int nonblock)
{
	return cxl_events_read_run(ev, buf, count, nonblock, true);
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
	if (unlikely(READ_ONCE(ev->stamps)))
		return cxl_events_read_stamped(ev, buf, count, nonblock);
	return cxl_events_read_run(ev, buf, count, nonblock, false);
}
