/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event state of a context: what is pending, who waits for it, and the AFU
 * driver that supplies more.  event*.c know nothing but this.
 */
#ifndef _CXL_EVENT_H
#define _CXL_EVENT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/irq_work.h>
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

/*
 * What became of the events of a context:
 * posted = delivered + returned + rejected + coalesced + lost + pending
 */
struct cxl_event_counters {
	u64 posted;	/* interrupts, faults, errors; driver events announced */
	u64 delivered;	/* copied to a reader */
	u64 returned;	/* went back to the AFU driver, which may announce again */
	u64 rejected;	/* NULL, too large, or announced without driver ops */
	u64 coalesced;	/* interrupts whose number was pending */
	u64 lost;	/* the slot was taken, the queue full, the context gone */
	u64 pending;	/* none of these yet */
};

/* When an event was reported, and what was lost before; for its stamp */
struct cxl_event_origin {
	u64 time;	/* CLOCK_MONOTONIC ns, 0 if nobody wanted to know */
	u64 lost;	/* events of the context, if @time is not 0 */
};

/* An event as it is kept here: a generic one, or one of an event queue */
struct cxl_event_record {
	struct cxl_event_origin origin;
	u32 type;		/* of a generic event, CXL_EVENT_* */
	u32 data_size;		/* cxl_event_afu_driver_reserved from here on */
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

struct cxl_events {
	/*
	 * The producers' side of the event queue: see there.  Raw, since they
	 * take it in hard interrupt context, on PREEMPT_RT too.
	 */
	raw_spinlock_t queue_lock;

	/* Constant once others can find the context */
	struct cxl_context *ctx;	/* handed to the driver ops */
	u16 card;			/* numbers for traces */
	u16 afu;
	u16 pe;				/* process element, in each header */

	wait_queue_head_t wq;		/* readers and pollers */
	struct fasync_struct *fasync;	/* SIGIO; guarded by the VFS */
	struct irq_work wake;		/* wakes where wq may not be touched */

	/*
	 * Driver events announced and not yet fetched, negative without driver
	 * ops.  Producers raise it with no lock held; everything else happens
	 * to it under @lock.
	 */
	atomic_t announced;
	atomic64_t unwanted;		/* announced without ops; no lock */
	atomic64_t overruns;		/* a full queue dropped them; no lock */

	/* The state lock, taken by the card driver's interrupt handlers */
	spinlock_t lock;		/* guards all down to count */
	unsigned long state;		/* also read without, to look for events */
	/*
	 * Driver ops and what belongs to them change only while none of their
	 * events is announced or in flight, unless these are given back.
	 */
	const struct cxl_afu_driver_ops *ops;	/* its queue looks without */
	struct module *ops_owner;	/* pinned for ops */
	struct cxl_event_queue *queue;	/* whose ops these are, or NULL */
	u32 max_data;			/* largest payload of ops */
	void (*closed)(struct cxl_context *ctx);	/* context_closed, or NULL */
	struct cxl_event_origin *irq_origin;	/* of each pending interrupt */
	unsigned long *irq_pending;	/* bit N - 1: AFU interrupt N; behind these */
	unsigned int irq_bits;		/* size of both */
	unsigned int nr_irqs;		/* that the context has now */
	unsigned int irq_next;		/* bit where the search starts */
	struct cxl_event_record fault;	/* the data storage slot */
	struct cxl_event_record error;	/* the AFU error slot */
	bool stamps;			/* events are stamped; also read without */
	struct cxl_event_counters count;	/* of it posted, coalesced, lost */

	/*
	 * Held by the one reader that delivers, never while it waits for
	 * events or for its buffer to be faulted in
	 */
	struct mutex read_lock;		/* guards all down to record */
	u64 sequence;			/* of the next stamp: events delivered */
	u64 returned;			/* see struct cxl_event_counters */
	u64 rejected;			/* likewise, of events fetched */
	bool warned;			/* the log was told of a bad event */
	bool passed_over;		/* fetched[0] let generic events pass */
	/* Taken and not settled; set under @lock too: false stays so there. */
	bool delivering;
	bool deferred;	/* fetched[] is for the next reader; also read without */
	/*
	 * Driver events in flight.  Becomes non-zero under @lock too; its
	 * store-release after the last event_delivered pairs with the
	 * load-acquire that lets driver ops go.
	 */
	unsigned int nr_fetched;
	/*
	 * Driver events in the order fetched; from CXL_EVENT_RUN on generic
	 * ones that are being delivered, of record[]
	 */
	struct cxl_event_afu_driver_reserved *fetched[CXL_EVENT_RUN +
						      CXL_EVENT_RUN_GENERIC];
	u16 size[CXL_EVENT_RUN + CXL_EVENT_RUN_GENERIC]; /* without stamp; 0: bad */
	struct cxl_event_record record[CXL_EVENT_RUN_GENERIC];

	/* Somebody who may not wait found read_lock taken; no lock */
	bool refused;
};

/* Life of the context: event.c */
void cxl_events_init(struct cxl_events *ev, struct cxl_context *ctx,
		     unsigned int card, unsigned int afu);
void cxl_events_destroy(struct cxl_events *ev);
void cxl_events_set_end(struct cxl_events *ev, unsigned long bit, bool set);
__poll_t cxl_events_mask(struct cxl_events *ev);
void cxl_events_count(struct cxl_events *ev, struct cxl_event_counters *count);

/* AFU driver: event.c */
int cxl_events_set_ops(struct cxl_events *ev,
		       const struct cxl_afu_driver_ops *ops, u32 max_data,
		       void (*closed)(struct cxl_context *ctx),
		       struct module *owner, struct cxl_event_queue *queue);
int cxl_events_unset_ops(struct cxl_events *ev);
void cxl_events_detach_ops(struct cxl_events *ev,
			   const struct cxl_afu_driver_ops *only);
void cxl_events_retire(struct cxl_events *ev);
bool cxl_events_announce(struct cxl_events *ev, unsigned int n);
void cxl_events_wake(struct cxl_events *ev);

/* Card driver: event_generic.c */
int cxl_events_set_irqs(struct cxl_events *ev, unsigned int nr_irqs);
int cxl_events_post_irq(struct cxl_events *ev, unsigned int irq);
void cxl_events_post_fault(struct cxl_events *ev, u64 addr, u64 dsisr);
void cxl_events_post_error(struct cxl_events *ev, u64 error);

/* Readers: event_read.c */
ssize_t cxl_events_read(struct cxl_events *ev, char __user *buf, size_t count,
			int nonblock);
ssize_t cxl_events_read_iter(struct cxl_events *ev, struct iov_iter *to,
			     bool nonblock);
unsigned int cxl_events_restore(struct cxl_events *ev,
				const struct cxl_afu_driver_ops *ops);

static inline void cxl_events_change_state(struct cxl_events *ev,
					   unsigned long bits, bool set)
{
	lockdep_assert_held(&ev->lock);
	WRITE_ONCE(ev->state, set ? ev->state | bits : ev->state & ~bits);
}

/* Events lost so far */
static inline u64 cxl_events_nr_lost(const struct cxl_events *ev)
{
	return READ_ONCE(ev->count.lost) + atomic64_read(&ev->overruns);
}

/* Time of an event, where somebody wants to know it */
static inline u64 cxl_events_now(const struct cxl_events *ev)
{
	return READ_ONCE(ev->stamps) ? ktime_get_ns() : 0;
}

/* An event that is fetched and left behind is deferred before it is counted off. */
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

/*
 * Events sent and not yet delivered.  The reader's side is here, without a call
 * for each event, since this is the one AFU driver that is known here.
 */
struct cxl_event_queue {
	/* The producers', guarded by ev->queue_lock, as are the free slots */
	unsigned int tail;	/* next slot to be filled; its store-release hands
				 * the slot over to the reader
				 */
	unsigned int reserved;	/* free slots that are spoken for */

	/* The reader's, guarded by ev->read_lock */
	unsigned int head;	/* oldest slot not confirmed; its store-release
				 * hands the slot over to the producers
				 */
	unsigned int fetch;	/* next slot to be fetched */

	/* Constant */
	struct cxl_events *ev;		/* of a context that is referenced */
	unsigned int depth;		/* events that it holds */
	unsigned int mask;		/* slots in the ring, less one */
	size_t slot_size;		/* bytes */
	struct cxl_afu_driver_ops ops;	/* closed once they are not ev->ops */
	u8 slots[] __aligned(8);	/* the ring */
};

static inline struct cxl_event_record *
cxl_event_queue_slot(const struct cxl_event_queue *q, unsigned int pos)
{
	return (void *)&q->slots[(pos & q->mask) * q->slot_size];
}

/* The next event that was sent, or NULL: the AFU driver has announced more. */
static __always_inline struct cxl_event_afu_driver_reserved *
cxl_event_queue_fetch(struct cxl_event_queue *q)
{
	/* Pairs with the release in cxl_event_queue_put(). */
	if (q->fetch == smp_load_acquire(&q->tail))
		return NULL;
	return (void *)&cxl_event_queue_slot(q, q->fetch++)->data_size;
}

/* The oldest @n events that were fetched are read. */
static inline void cxl_event_queue_delivered(struct cxl_event_queue *q,
					     unsigned int n)
{
	/* Pairs with the acquire in cxl_event_queue_check(). */
	smp_store_release(&q->head, q->head + n);
}

/* The event state of a context; here so that event_queue.c needs no more */
struct cxl_events *cxl_context_events(struct cxl_context *ctx);
struct cxl_context *cxl_context_get(struct cxl_context *ctx);
void cxl_context_put(struct cxl_context *ctx);

#endif /* _CXL_EVENT_H */
