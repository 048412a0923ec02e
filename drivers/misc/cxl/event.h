/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event state of a context: what is pending, who waits for it, and the AFU
 * driver that supplies more.  event*.c know nothing but this.
 */
#ifndef _CXL_EVENT_H
#define _CXL_EVENT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include <misc/cxl.h>

/*
 * Events of a run: driver events, as many with 32 bytes of payload as fit into
 * the smallest buffer, or generic ones.  A context is to fit into 2 KiB.
 */
#define CXL_EVENT_RUN		102
#define CXL_EVENT_RUN_GENERIC	4

/* Largest payload: with its header it fills the smallest buffer */
#define CXL_EVENT_MAX_DATA \
	(CXL_READ_MIN_SIZE - sizeof(struct cxl_event_header))

/* cxl_events.announced while no driver ops are installed */
#define CXL_EVENTS_NO_OPS	INT_MIN

/* Bits of cxl_events.state */
#define CXL_EVENTS_IRQ		BIT(0)	/* irq_pending is not empty */
#define CXL_EVENTS_FAULT	BIT(1)	/* fault is valid */
#define CXL_EVENTS_ERROR	BIT(2)	/* error is valid */
#define CXL_EVENTS_CLOSED	BIT(3)	/* the context is CLOSED */
#define CXL_EVENTS_LINK_DOWN	BIT(4)	/* the link to the card is down */
#define CXL_EVENTS_RETIRED	BIT(5)	/* no driver ops any more, for good */

#define CXL_EVENTS_GENERIC	(CXL_EVENTS_IRQ | CXL_EVENTS_FAULT | \
				 CXL_EVENTS_ERROR)
#define CXL_EVENTS_ENDED	(CXL_EVENTS_CLOSED | CXL_EVENTS_LINK_DOWN)

/**
 * struct cxl_event_counters - what became of the events of a context
 * @posted: reported to the context: each interrupt, fault and error, and each
 *	driver event announced
 * @delivered: copied to a reader
 * @returned: driver events that went back because they were not copied;
 *	announced again they count as posted again
 * @rejected: driver events that were NULL or too large, or announced without
 *	driver ops
 * @coalesced: interrupts raised while the same number was pending
 * @lost: faults and errors that found their slot taken, driver events dropped
 *	by a full event queue or at the end of the context
 * @pending: none of these yet
 *
 * posted = delivered + returned + rejected + coalesced + lost + pending
 */
struct cxl_event_counters {
	u64 posted;
	u64 delivered;
	u64 returned;
	u64 rejected;
	u64 coalesced;
	u64 lost;
	u64 pending;
};

/**
 * struct cxl_event_origin - for the stamp of an event
 * @time: when it was reported, CLOCK_MONOTONIC ns; 0 if nobody wanted to know
 * @lost: events of the context lost before, if @time is not 0
 */
struct cxl_event_origin {
	u64 time;
	u64 lost;
};

/**
 * struct cxl_event_record - an event as it is kept here
 * @origin: where it comes from
 * @type: CXL_EVENT_*
 * @data_size: from here on a struct cxl_event_afu_driver_reserved
 * @irq: of CXL_EVENT_AFU_INTERRUPT
 * @fault: of CXL_EVENT_DATA_STORAGE
 * @error: of CXL_EVENT_AFU_ERROR
 * @data: of CXL_EVENT_AFU_DRIVER, in an event queue
 */
struct cxl_event_record {
	struct cxl_event_origin origin;
	u32 type;
	u32 data_size;
	union {
		struct cxl_event_afu_interrupt irq;
		struct cxl_event_data_storage fault;
		struct cxl_event_afu_error error;
		DECLARE_FLEX_ARRAY(u8, data);
	};
};

static_assert(offsetof(struct cxl_event_record, data) -
	      offsetof(struct cxl_event_record, data_size) ==
	      offsetof(struct cxl_event_afu_driver_reserved, data));

static inline struct cxl_event_record *
cxl_event_record(struct cxl_event_afu_driver_reserved *event)
{
	return container_of(&event->data_size, struct cxl_event_record,
			    data_size);
}

/**
 * struct cxl_events - event state of a context
 * @ctx: handed to the driver ops; constant
 * @card: number of the card, for traces; constant
 * @afu: number of the AFU, for traces; constant
 * @pe: process element, in each event's header; set before the context can
 *	be found by others
 * @wq: readers and pollers
 * @fasync: who wants SIGIO; guarded by the VFS
 * @announced: driver events announced and not yet fetched, negative without
 *	driver ops.  Producers raise it with no lock held; everything else
 *	happens to it under @lock
 * @unwanted: driver events announced without driver ops; no lock
 * @lock: the state lock, taken by producers in hard interrupt context; guards
 *	@state to @count
 * @state: CXL_EVENTS_*; read without the lock by whoever asks if there is
 *	something to read
 * @ops: the AFU driver's, or NULL.  Does not change while events of it are
 *	announced or in flight, unless they are given back
 * @ops_owner: module pinned for @ops
 * @queue: whose @ops these are, or NULL; constant while a callback can run
 * @max_data: largest payload of @ops in bytes
 * @closed: their context_closed, or NULL
 * @irq_pending: bit N - 1 is set while AFU interrupt N is pending
 * @irq_bits: size of @irq_pending
 * @nr_irqs: interrupts that the context has now, at most @irq_bits
 * @irq_next: bit where the search for a pending interrupt starts
 * @irq_origin: of each pending interrupt
 * @fault: the data storage slot
 * @error: the AFU error slot
 * @stamps: events get a struct cxl_event_stamp; read without the lock too
 * @count: what became of the events, but for @delivered, @returned and
 *	@rejected
 * @read_lock: held by the one reader that delivers, never while it waits for
 *	events or for its buffer to be faulted in; guards what follows
 * @sequence: events delivered; the next one's stamp
 * @returned: see struct cxl_event_counters
 * @rejected: likewise, of events that were fetched
 * @warned: the log was told of a bad event
 * @passed_over: the event in fetched[0] had to let generic events pass
 * @delivering: a reader has taken events that are not settled yet; set under
 *	@lock too, so that it stays false while that is held
 * @deferred: fetched[] holds events for the next reader; read without a lock
 * @nr_fetched: events in flight.  Becomes non-zero under @lock too; its
 *	store-release after the last event_delivered pairs with the
 *	load-acquire that lets driver ops go
 * @fetched: what fetch_event returned, in the order fetched; from index
 *	CXL_EVENT_RUN on the generic events that are being delivered, of @record
 * @size: bytes of header and payload of each; 0 for an event to be rejected
 * @record: generic events taken out of the state
 * @refused: a reader that must not wait found @read_lock taken; no lock, see
 *	cxl_events_read_lock()
 */
struct cxl_events {
	struct cxl_context *ctx;
	u16 card;
	u16 afu;
	u16 pe;

	wait_queue_head_t wq;
	struct fasync_struct *fasync;
	atomic_t announced;
	atomic64_t unwanted;

	spinlock_t lock;	/* guards state to count */
	unsigned long state;
	const struct cxl_afu_driver_ops *ops;
	struct module *ops_owner;
	struct cxl_event_queue *queue;
	u32 max_data;
	void (*closed)(struct cxl_context *ctx);
	unsigned long *irq_pending;
	unsigned int irq_bits;
	unsigned int nr_irqs;
	unsigned int irq_next;
	struct cxl_event_origin *irq_origin;
	struct cxl_event_record fault;
	struct cxl_event_record error;
	bool stamps;
	struct cxl_event_counters count;

	struct mutex read_lock;	/* guards sequence to record */
	u64 sequence;
	u64 returned;
	u64 rejected;
	bool warned;
	bool passed_over;
	bool delivering;
	bool deferred;
	unsigned int nr_fetched;
	struct cxl_event_afu_driver_reserved *fetched[CXL_EVENT_RUN +
						    CXL_EVENT_RUN_GENERIC];
	u16 size[CXL_EVENT_RUN + CXL_EVENT_RUN_GENERIC];
	struct cxl_event_record record[CXL_EVENT_RUN_GENERIC];

	bool refused;
};

void cxl_events_init(struct cxl_events *ev, struct cxl_context *ctx,
		     unsigned int card, unsigned int afu);
void cxl_events_destroy(struct cxl_events *ev);

/* Producers: event.c */
int cxl_events_post_irq(struct cxl_events *ev, unsigned int irq);
void cxl_events_post_fault(struct cxl_events *ev, u64 addr, u64 dsisr);
void cxl_events_post_error(struct cxl_events *ev, u64 error);
bool cxl_events_announce(struct cxl_events *ev, unsigned int n);
void cxl_events_lost(struct cxl_events *ev, unsigned int n);
void cxl_events_wake(struct cxl_events *ev);

/* AFU driver: event_ops.c */
int cxl_events_set_ops(struct cxl_events *ev,
		       const struct cxl_afu_driver_ops *ops,
		       struct module *owner,
		       struct cxl_event_queue *queue);
int cxl_events_set_old_ops(struct cxl_events *ev,
			   const struct cxl_afu_driver_ops *ops);
int cxl_events_unset_ops(struct cxl_events *ev);
void cxl_events_drop_ops(struct cxl_events *ev,
			 const struct cxl_afu_driver_ops *ops);

void cxl_events_retire(struct cxl_events *ev);

/* Life of the context: event.c */
int cxl_events_set_irqs(struct cxl_events *ev, unsigned int nr_irqs);
void cxl_events_set_closed(struct cxl_events *ev, bool closed);
void cxl_events_set_link(struct cxl_events *ev, bool up);
void cxl_events_set_stamps(struct cxl_events *ev, bool stamps);
__poll_t cxl_events_mask(struct cxl_events *ev);
void cxl_events_count(struct cxl_events *ev, struct cxl_event_counters *count);

/* Readers: event_read.c */
ssize_t cxl_events_read(struct cxl_events *ev, char __user *buf, size_t count,
			int nonblock);
ssize_t cxl_events_read_iter(struct cxl_events *ev, struct iov_iter *to,
			     bool nonblock);
unsigned int cxl_events_restore(struct cxl_events *ev,
				const struct cxl_afu_driver_ops *ops);

static inline void cxl_events_set_state(struct cxl_events *ev,
					unsigned long bits)
{
	lockdep_assert_held(&ev->lock);
	WRITE_ONCE(ev->state, ev->state | bits);
}

static inline void cxl_events_clear_state(struct cxl_events *ev,
					  unsigned long bits)
{
	lockdep_assert_held(&ev->lock);
	WRITE_ONCE(ev->state, ev->state & ~bits);
}

/* Time of an event, where somebody wants to know it */
static inline u64 cxl_events_now(const struct cxl_events *ev)
{
	return READ_ONCE(ev->stamps) ? ktime_get_ns() : 0;
}

/* An event that is fetched and left behind becomes deferred first. */
static inline bool cxl_events_readable(const struct cxl_events *ev)
{
	return atomic_read_acquire(&ev->announced) > 0 ||
	       READ_ONCE(ev->state) & CXL_EVENTS_GENERIC ||
	       READ_ONCE(ev->deferred);
}

static inline bool cxl_events_ended(const struct cxl_events *ev)
{
	return READ_ONCE(ev->state) & CXL_EVENTS_ENDED;
}

/* The event state of a context; here so that event_queue.c needs no more */
struct cxl_events *cxl_context_events(struct cxl_context *ctx);
struct cxl_context *cxl_context_get(struct cxl_context *ctx);
void cxl_context_put(struct cxl_context *ctx);

#endif /* _CXL_EVENT_H */
