/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event state of a context: what is pending, who waits for it, and which AFU
 * driver supplies more.  This is all that event*.c know of a context.
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
 * Most events of a run: driver events, as many with 32 bytes of payload as the
 * smallest buffer holds; or generic events.  A context shall fit into 2 KiB.
 */
#define CXL_EVENT_RUN		102
#define CXL_EVENT_RUN_GENERIC	4

/* Maximum payload: with its header it fills the smallest buffer */
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
	u64 coalesced;	/* interrupts whose number was pending already */
	u64 lost;	/* slot taken, event queue full, or context gone */
	u64 pending;	/* none of these yet */
};

/* When an event was reported, and how many were lost before; for its stamp */
struct cxl_event_origin {
	u64 time;	/* CLOCK_MONOTONIC ns, 0 if stamps were off */
	u64 lost;	/* events of the context, if @time is not 0 */
};

/* An event that is stored here: a generic one, or one of an event queue */
struct cxl_event_record {
	struct cxl_event_origin origin;
	u32 type;		/* of a generic event, CXL_EVENT_* */
	u32 data_size;		/* starts a cxl_event_afu_driver_reserved */
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
	 * Guards the producers' side of the event queue; unset_ops takes it,
	 * too.  Raw: producers take it in hard interrupts, on PREEMPT_RT too.
	 */
	raw_spinlock_t queue_lock;

	/* Constant once others can find the context */
	struct cxl_context *ctx;	/* handed to the driver ops */
	u16 card;			/* numbers for traces */
	u16 afu;
	u16 pe;				/* process element, in each header */

	wait_queue_head_t wq;		/* readers and pollers */
	struct fasync_struct *fasync;	/* SIGIO; guarded by the VFS */
	struct irq_work wake;		/* wakes where wq must not be taken */

	/*
	 * Driver events announced and not yet fetched; negative without driver
	 * ops.  Producers raise it without a lock; all other changes are made
	 * under @lock.
	 */
	atomic_t announced;
	atomic64_t unwanted;		/* announced without ops; no lock */
	atomic64_t overruns;		/* dropped by a full queue; no lock */

	/* The state lock, taken by the card driver's interrupt handlers */
	spinlock_t lock;		/* guards all down to count */
	unsigned long state;		/* also read without the lock */
	/*
	 * Driver ops and what belongs to them.  They change only while none of
	 * their events is announced or in flight; or these are given up.
	 */
	const struct cxl_afu_driver_ops *ops;	/* @queue reads it unlocked */
	struct module *ops_owner;	/* pinned for ops */
	struct cxl_event_queue *queue;	/* whose ops these are, or NULL */
	u32 max_data;			/* largest payload of ops */
	void (*closed)(struct cxl_context *ctx);	/* context_closed, or NULL */
	struct cxl_event_origin *irq_origin;	/* of each pending interrupt */
	unsigned long *irq_pending;	/* bit N - 1: irq N; after irq_origin */
	unsigned int irq_bits;		/* size of both */
	unsigned int nr_irqs;		/* interrupts of the context now */
	unsigned int irq_next;		/* bit where the search starts */
	struct cxl_event_record fault;	/* the data storage slot */
	struct cxl_event_record error;	/* the AFU error slot */
	bool stamps;			/* also read without the lock */
	struct cxl_event_counters count;	/* posted, coalesced, lost */

	/*
	 * Held by the one reader that delivers; never while it waits for events
	 * or faults in its buffer
	 */
	struct mutex read_lock;		/* guards all down to record */
	u64 sequence;			/* of the next stamp: events delivered */
	u64 returned;			/* see struct cxl_event_counters */
	u64 rejected;			/* likewise, of events fetched */
	bool warned;			/* a bad event was logged */
	bool passed_over;		/* fetched[0] let generic events pass */
	/* Events taken, not settled.  Set under @lock too: false is stable */
	bool delivering;
	bool deferred;	/* fetched[] waits for a reader; also read unlocked */
	/*
	 * Number of driver events in flight.  Becomes non-zero under @lock too.
	 * The store-release after the last event_delivered pairs with the
	 * load-acquire before the driver ops may go.
	 */
	unsigned int nr_fetched;
	/*
	 * Driver events in the order fetched; from CXL_EVENT_RUN on the generic
	 * events that are being delivered, which lie in record[]
	 */
	struct cxl_event_afu_driver_reserved *fetched[CXL_EVENT_RUN +
						      CXL_EVENT_RUN_GENERIC];
	u16 size[CXL_EVENT_RUN + CXL_EVENT_RUN_GENERIC]; /* without stamp; 0: bad */
	struct cxl_event_record record[CXL_EVENT_RUN_GENERIC];

	/* A reader that must not wait found read_lock taken; no lock */
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
void cxl_events_reject(struct cxl_events *ev, unsigned int n);
void cxl_events_tell(struct cxl_events *ev, unsigned int n);
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

/* Time of an event for its stamp, 0 if stamps are off */
static inline u64 cxl_events_now(const struct cxl_events *ev)
{
	return READ_ONCE(ev->stamps) ? ktime_get_ns() : 0;
}

/*
 * Count @n more driver events.  The exchange is fully ordered: a reader that
 * sees the count sees what the AFU driver stored before; a sleeper that does
 * not see it is seen by cxl_events_tell() and woken.
 *
 * Return: false if the events are rejected.
 */
static __always_inline bool cxl_events_raise(struct cxl_events *ev,
					     unsigned int n)
{
	int old = atomic_read(&ev->announced);

	do {
		if (unlikely(old < 0 || n > INT_MAX - old)) {
			cxl_events_reject(ev, n);
			return false;
		}
	} while (!atomic_try_cmpxchg(&ev->announced, &old, old + n));
	return true;
}

/* No gap: events left behind become deferred before announced drops. */
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
 * Events sent and not yet delivered.  The reader's side is inline, without a
 * call for each event, because these driver ops are our own.
 */
struct cxl_event_queue {
	/* For producers: guarded by ev->queue_lock, as are the free slots */
	unsigned int tail;	/* next to fill; store-release to the reader */
	unsigned int reserved;	/* free slots that are reserved */

	/* For the reader: guarded by ev->read_lock */
	unsigned int head;	/* oldest unread; store-release to producers */
	unsigned int fetch;	/* next to fetch */

	/* Constant */
	struct cxl_events *ev;		/* of a context that is referenced */
	unsigned int depth;		/* most events it can hold */
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

/* The next event, or NULL if the AFU driver has announced more than it sent */
static __always_inline struct cxl_event_afu_driver_reserved *
cxl_event_queue_fetch(struct cxl_event_queue *q)
{
	/* Pairs with the release in cxl_event_queue_put(). */
	if (q->fetch == smp_load_acquire(&q->tail))
		return NULL;
	return (void *)&cxl_event_queue_slot(q, q->fetch++)->data_size;
}

/* The oldest @n fetched events have been read. */
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
