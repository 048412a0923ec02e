// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a context: what is posted, and where driver events come from.
 * Producers post from any context and never wait; event_read.c delivers.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "event.h"
#include "trace.h"

static void cxl_events_signal(struct cxl_events *ev, int band)
{
	if (READ_ONCE(ev->fasync))
		kill_fasync(&ev->fasync, SIGIO, band);
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
	/* io_uring takes the key for the answer, and does not ask again. */
	if (wq_has_sleeper(&ev->wq))
		wake_up_interruptible_poll(&ev->wq, cxl_events_mask(ev));
	cxl_events_signal(ev, cxl_events_ended(ev) ? POLL_HUP : POLL_IN);
}

/**
 * cxl_events_init() - set up the event state of a context
 * @ev: zeroed
 * @ctx: its context
 * @card: number of the card
 * @afu: number of the AFU
 *
 * Return: 0 or -ENOMEM, then nothing has to be undone.
 */
int cxl_events_init(struct cxl_events *ev, struct cxl_context *ctx,
		    unsigned int card, unsigned int afu)
{
	ev->buf = kmalloc(CXL_EVENT_BATCH_BYTES, GFP_KERNEL_ACCOUNT);
	if (!ev->buf)
		return -ENOMEM;

	ev->ctx = ctx;
	ev->card = card;
	ev->afu = afu;
	init_waitqueue_head(&ev->wq);
	spin_lock_init(&ev->lock);
	mutex_init(&ev->turn);
	atomic_set(&ev->announced, CXL_EVENTS_NO_OPS);
	return 0;
}

/**
 * cxl_events_destroy() - the reverse of cxl_events_init()
 * @ev: retired, with no reader left
 */
void cxl_events_destroy(struct cxl_events *ev)
{
	WARN_ON(ev->ops || ev->nr_fetched);
	bitmap_free(ev->irq_pending);
	kfree(ev->buf);
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
	if (!(ev->state & CXL_EVENTS_IRQ))
		ev->irq_time = now;
	if (__test_and_set_bit(irq - 1, ev->irq_pending))
		ev->count.coalesced++;
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
	ev->fault.addr = addr;
	ev->fault.dsisr = dsisr;
	ev->fault_time = now;
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
		ev->count.lost++;
	} else {
		ev->error.error = error;
		ev->error_time = now;
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
	smp_rmb(); /* pairs with the exchange in cxl_events_take_ops() */
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
 */
void cxl_events_announce(struct cxl_events *ev, unsigned int n)
{
	int old = atomic_read(&ev->announced);

	if (!n)
		return;
	do {
		if (unlikely(old < 0 || n > INT_MAX - old)) {
			cxl_events_reject(ev, n);
			return;
		}
	} while (!atomic_try_cmpxchg(&ev->announced, &old, old + n));

	trace_cxl_event_post(ev, CXL_EVENT_AFU_DRIVER, n);
	/* The exchange was the barrier that wq_has_sleeper() would add. */
	if (waitqueue_active(&ev->wq))
		wake_up_interruptible_poll(&ev->wq, EPOLLIN | EPOLLRDNORM);
	cxl_events_signal(ev, POLL_IN);
}

/**
 * cxl_events_lost() - a driver event could not even be announced
 * @ev: event state
 * @n: how many
 *
 * Context: any.
 */
void cxl_events_lost(struct cxl_events *ev, unsigned int n)
{
	unsigned long flags;

	spin_lock_irqsave(&ev->lock, flags);
	ev->count.posted += n;
	ev->count.lost += n;
	spin_unlock_irqrestore(&ev->lock, flags);
}

/* Under the lock nothing new gets in flight: if it is false it stays so. */
static bool cxl_events_in_flight(struct cxl_events *ev)
{
	lockdep_assert_held(&ev->lock);
	/* Pairs with the release after the last event_delivered. */
	return smp_load_acquire(&ev->nr_fetched);
}

static int cxl_events_install_ops(struct cxl_events *ev,
				  const struct cxl_afu_driver_ops *ops,
				  struct module *owner,
				  struct cxl_event_queue *queue, u32 max_data,
				  void (*closed)(struct cxl_context *ctx))
{
	struct module *unpin = owner;
	unsigned long flags;
	int ret = 0;

	if (max_data > CXL_EVENT_MAX_DATA)
		return -EINVAL;
	if (!try_module_get(owner))
		return -ENODEV;

	spin_lock_irqsave(&ev->lock, flags);
	if (ev->state & CXL_EVENTS_RETIRED) {
		ret = -EIO;
	} else if (cxl_events_in_flight(ev) ||
		   atomic_read(&ev->announced) > 0) {
		ret = -EBUSY;
	} else {
		unpin = ev->ops_owner;
		ev->ops = ops;
		ev->ops_owner = owner;
		ev->queue = queue;
		ev->max_data = max_data;
		ev->closed = closed;
		/* From the first ops on announcements count. */
		atomic_cmpxchg(&ev->announced, CXL_EVENTS_NO_OPS, 0);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

/**
 * cxl_events_set_ops() - set the driver ops
 * @ev: event state
 * @ops: the AFU driver's
 * @owner: module to be pinned
 * @queue: whose ops these are, or NULL.  Its events are fetched without a call
 *
 * Context: any but hard interrupt.
 * Return: as cxl_set_driver_ops().
 */
int cxl_events_set_ops(struct cxl_events *ev,
		       const struct cxl_afu_driver_ops *ops,
		       struct module *owner,
		       struct cxl_event_queue *queue)
{
	if (!ops || !ops->event_delivered || !(ops->fetch_event || queue))
		return -EINVAL;
	return cxl_events_install_ops(ev, ops, owner, queue,
				      ops->max_data_size ?:
				      CXL_MAX_EVENT_DATA_SIZE,
				      ops->context_closed);
}

/**
 * cxl_events_set_old_ops() - set driver ops that are the two callbacks only
 * @ev: event state
 * @ops: the AFU driver's: nothing behind event_delivered is there
 *
 * Context: any but hard interrupt.
 * Return: as cxl_set_driver_ops().
 */
int cxl_events_set_old_ops(struct cxl_events *ev,
			   const struct cxl_afu_driver_ops *ops)
{
	if (!ops || !ops->event_delivered || !ops->fetch_event)
		return -EINVAL;
	return cxl_events_install_ops(ev, ops, NULL, NULL, CXL_EVENT_MAX_DATA,
				      NULL);
}

/**
 * cxl_events_unset_ops() - remove the driver ops
 * @ev: event state
 *
 * Context: any but hard interrupt.
 * Return: 0, or -EBUSY while events are announced or in flight.
 */
int cxl_events_unset_ops(struct cxl_events *ev)
{
	struct module *unpin = NULL;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&ev->lock, flags);
	if (!ev->ops)
		goto unlock;
	if (cxl_events_in_flight(ev) ||
	    atomic_cmpxchg(&ev->announced, 0, CXL_EVENTS_NO_OPS)) {
		ret = -EBUSY;
		goto unlock;
	}
	unpin = ev->ops_owner;
	ev->ops = NULL;
	ev->ops_owner = NULL;
unlock:
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

static void cxl_events_take_ops(struct cxl_events *ev,
				const struct cxl_afu_driver_ops *only,
				unsigned long state)
{
	void (*closed)(struct cxl_context *ctx);
	const struct cxl_afu_driver_ops *ops;
	struct module *owner;
	unsigned long flags;
	unsigned int in_flight;
	int left;

	mutex_lock(&ev->turn);
	spin_lock_irqsave(&ev->lock, flags);
	cxl_events_set_state(ev, state);
	ops = ev->ops;
	if (!ops || (only && ops != only)) {
		spin_unlock_irqrestore(&ev->lock, flags);
		goto out;
	}
	left = atomic_xchg(&ev->announced, CXL_EVENTS_NO_OPS);
	ev->count.posted += left;
	ev->count.lost += left;
	owner = ev->ops_owner;
	closed = ev->closed;
	ev->ops = NULL;
	ev->ops_owner = NULL;
	spin_unlock_irqrestore(&ev->lock, flags);

	in_flight = cxl_events_hand_back(ev, ops);
	spin_lock_irqsave(&ev->lock, flags);
	ev->count.lost += in_flight;
	spin_unlock_irqrestore(&ev->lock, flags);
	if (state & CXL_EVENTS_RETIRED && closed)
		closed(ev->ctx);
	module_put(owner);
out:
	mutex_unlock(&ev->turn);
	/* What a poller saw as readable may be gone. */
	cxl_events_wake(ev);
}

/**
 * cxl_events_drop_ops() - remove driver ops whatever is pending
 * @ev: event state
 * @ops: to be removed, if they are the ones that are set
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_events_drop_ops(struct cxl_events *ev,
			 const struct cxl_afu_driver_ops *ops)
{
	cxl_events_take_ops(ev, ops, 0);
}

/**
 * cxl_events_retire() - the context goes away: no driver callback after this
 * @ev: event state
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_events_retire(struct cxl_events *ev)
{
	trace_cxl_event_end(ev);
	cxl_events_take_ops(ev, NULL, CXL_EVENTS_RETIRED);
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
	unsigned long *grown = NULL;
	unsigned long flags;

	if (nr_irqs > ev->irq_bits) {
		grown = bitmap_zalloc(nr_irqs, GFP_KERNEL_ACCOUNT);
		if (!grown)
			return -ENOMEM;
	}

	spin_lock_irqsave(&ev->lock, flags);
	if (grown) {
		if (ev->irq_bits)
			bitmap_copy(grown, ev->irq_pending, ev->irq_bits);
		swap(grown, ev->irq_pending);
		ev->irq_bits = nr_irqs;
	}
	ev->nr_irqs = nr_irqs;
	spin_unlock_irqrestore(&ev->lock, flags);
	bitmap_free(grown);
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
