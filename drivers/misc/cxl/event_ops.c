// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver ops of a context: where driver events come from.
 *
 * Ops can be exchanged or removed while no event of theirs is announced or in
 * flight.  Whoever cannot wait for that detaches them: events in flight go
 * back to the driver, those announced are lost.
 */
#include "event.h"
#include "trace.h"

/* Under the lock nothing new gets in flight: if it is false it stays so. */
static bool cxl_events_in_flight(struct cxl_events *ev)
{
	lockdep_assert_held(&ev->lock);
	/* Pairs with the release after the last event_delivered. */
	return smp_load_acquire(&ev->nr_fetched);
}

/*
 * Set the driver ops, not from a hard interrupt; returns what
 * cxl_set_driver_ops() does.  @old ones are two callbacks and nothing behind.
 * @queue: whose ops these are, or NULL.  Its events are fetched without a call.
 */
int cxl_events_set_ops(struct cxl_events *ev,
		       const struct cxl_afu_driver_ops *ops, bool old,
		       struct module *owner, struct cxl_event_queue *queue)
{
	u32 max_data = CXL_EVENT_MAX_DATA;
	struct module *unpin = owner;
	unsigned long flags;
	int ret = 0;

	if (!ops || !ops->event_delivered || !(ops->fetch_event || queue))
		return -EINVAL;
	if (!old)
		max_data = ops->max_data_size ?: CXL_MAX_EVENT_DATA_SIZE;
	if (max_data > CXL_EVENT_MAX_DATA)
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
		unpin = ev->ops_owner;
		ev->ops = ops;
		ev->ops_owner = owner;
		ev->queue = queue;
		ev->max_data = max_data;
		ev->closed = old ? NULL : ops->context_closed;
		/* From the first ops on announcements count. */
		atomic_cmpxchg(&ev->announced, CXL_EVENTS_NO_OPS, 0);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

/* The lock of the event queue, if there is one, is held as well. */
static int cxl_events_unset_locked(struct cxl_events *ev, struct module **unpin)
{
	struct cxl_event_queue *q = ev->queue;

	lockdep_assert_held(&ev->lock);
	if (cxl_events_in_flight(ev) || (q && q->reserved) ||
	    atomic_cmpxchg(&ev->announced, 0, CXL_EVENTS_NO_OPS))
		return -EBUSY;

	*unpin = ev->ops_owner;
	ev->ops = NULL;
	ev->ops_owner = NULL;
	if (q)
		WRITE_ONCE(q->closed, true);
	return 0;
}

/*
 * Remove the driver ops, not from a hard interrupt.  -EBUSY: events are
 * announced or in flight, or room in the event queue is reserved.
 */
int cxl_events_unset_ops(struct cxl_events *ev)
{
	struct module *unpin = NULL;
	struct cxl_event_queue *q;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&ev->lock, flags);
	q = ev->queue;
	if (ev->ops && q) {
		raw_spin_lock(&q->lock);
		ret = cxl_events_unset_locked(ev, &unpin);
		raw_spin_unlock(&q->lock);
	} else if (ev->ops) {
		ret = cxl_events_unset_locked(ev, &unpin);
	}
	spin_unlock_irqrestore(&ev->lock, flags);
	module_put(unpin);
	return ret;
}

/* Waits for a delivery in flight, so only in process context. */
static void cxl_events_detach_ops(struct cxl_events *ev,
				  const struct cxl_afu_driver_ops *only,
				  unsigned long state)
{
	void (*closed)(struct cxl_context *ctx);
	const struct cxl_afu_driver_ops *ops;
	struct module *owner;
	unsigned long flags;
	unsigned int in_flight;
	int left;

	mutex_lock(&ev->read_lock);
	spin_lock_irqsave(&ev->lock, flags);
	cxl_events_change_state(ev, state, true);
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

	in_flight = cxl_events_restore(ev, ops);
	spin_lock_irqsave(&ev->lock, flags);
	ev->count.lost += in_flight;
	spin_unlock_irqrestore(&ev->lock, flags);
	if (state & CXL_EVENTS_RETIRED && closed)
		closed(ev->ctx);
	module_put(owner);
out:
	mutex_unlock(&ev->read_lock);
	/* What a poller saw as readable may be gone. */
	cxl_events_wake(ev);
}

/* Remove @ops whatever is pending, if they are the ones that are set. */
void cxl_events_drop_ops(struct cxl_events *ev,
			 const struct cxl_afu_driver_ops *ops)
{
	cxl_events_detach_ops(ev, ops, 0);
}

/* The context goes away: no driver callback after this. */
void cxl_events_retire(struct cxl_events *ev)
{
	trace_cxl_event_end(ev);
	cxl_events_detach_ops(ev, NULL, CXL_EVENTS_RETIRED);
}
