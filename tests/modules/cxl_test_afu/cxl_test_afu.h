/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between test programs and cxl_test_afu, the AFU driver that
 * sends every kind of driver event, and misbehaves on command.
 *
 * Each open of /dev/cxl_test_afu is one context, made by CXL_TEST_NEW. The
 * driver checks every callback against the rules of the event contract, and
 * reports what it saw in struct cxl_test_state.
 */
#ifndef _CXL_TEST_AFU_H
#define _CXL_TEST_AFU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_TEST_NODE		"/dev/cxl_test_afu"
#define CXL_TEST_PCI_VENDOR	0x1014
#define CXL_TEST_PCI_DEVICE	0x4351

/*
 * Payloads. Any program can tell what byte @i of an event must be: the first
 * eight are the producer's number and its sequence number, little-endian.
 */
#define CXL_TEST_MIN_NUMBERED	8

static inline __u8 cxl_test_byte(__u32 producer, __u32 sequence, __u32 i)
{
	if (i < 4)
		return producer >> (8 * i);
	if (i < 8)
		return sequence >> (8 * (i - 4));
	return sequence * 31 + producer * 7 + i;
}

/* The size of an event between @min and @max, for a program to check. */
static inline __u32 cxl_test_size(__u32 producer, __u32 sequence, __u32 min,
				  __u32 max)
{
	__u32 hash = (sequence * 2654435761u) ^ (producer * 40503u);

	return min + (hash >> 8) % (max - min + 1);
}

/* CXL_TEST_NEW: the context and its file */
#define CXL_TEST_NEW_STARTED	0x1	/* started on @wed */
#define CXL_TEST_NEW_PLAIN_FOPS	0x2	/* cxl_get_fd() without fops */
#define CXL_TEST_NEW_NO_FD	0x4	/* no file */

struct cxl_test_new {
	__u64 wed;
	__u32 flags;
	__s32 num_irqs;
	__s32 fd;		/* returned, -1 without a file */
	__s32 pe;		/* returned */
	char device[24];	/* returned: PCI device */
};

/* CXL_TEST_SET_OPS: returns what cxl_set_driver_ops() returns */
#define CXL_TEST_OPS_NULL	0x01	/* ops is NULL */
#define CXL_TEST_OPS_NO_FETCH	0x02
#define CXL_TEST_OPS_NO_DELIVERED 0x04
#define CXL_TEST_OPS_NO_CLOSED	0x08
#define CXL_TEST_OPS_RING	0x10	/* fetch from a ring without a lock */
#define CXL_TEST_OPS_DROP	0x20	/* forget events that come back */

#define CXL_TEST_OPS_PAIRS	2

struct cxl_test_set_ops {
	__u32 flags;
	__u32 pair;		/* which of the pairs of callbacks */
	__u32 max_data_size;
	__u32 depth;		/* events the driver can hold */
};

/* CXL_TEST_QUEUE_CREATE: an event queue replaces the driver ops */
struct cxl_test_queue {
	__u32 depth;
	__u32 max_payload;
};

/* Where events are sent from */
enum cxl_test_source {
	CXL_TEST_PROCESS,	/* the ioctl itself */
	CXL_TEST_KTHREAD,
	CXL_TEST_TIMER,		/* timer softirq */
	CXL_TEST_TASKLET,	/* tasklet softirq */
	CXL_TEST_HARDIRQ,	/* hard interrupt (irq_work) */
	CXL_TEST_IPI,		/* hard interrupt on every CPU at once */
	CXL_TEST_NR_SOURCES,
};

enum cxl_test_kind {
	CXL_TEST_GOOD,
	CXL_TEST_NULL,		/* fetch_event returns NULL */
	CXL_TEST_BAD_SIZE,	/* data_size is bad_size, far beyond the data */
};

/* CXL_TEST_SEND: returns when all events have been sent */
#define CXL_TEST_SEND_SILENT	0x1	/* store, announce nothing */
#define CXL_TEST_SEND_AT_ONCE	0x2	/* store all, then announce once */
#define CXL_TEST_SEND_RESERVED	0x4	/* queue: reserve, then commit */

struct cxl_test_send {
	__u32 source;
	__u32 kind;
	__u32 count;		/* with CXL_TEST_IPI: on each CPU */
	__u32 min_size;
	__u32 max_size;
	__u32 bad_size;
	__u32 flags;
	__u32 sent;		/* returned */
	__s32 error;		/* returned: first error of a queue */
	__u32 reserved;
};

/* CXL_TEST_PRODUCE: from many contexts at once, until count or CXL_TEST_HALT */
struct cxl_test_produce {
	__u64 count;
	__u32 sources;		/* bits 1 << enum cxl_test_source */
	__u32 min_size;
	__u32 max_size;
	__u32 burst;		/* at a time, from 1 to burst */
	__u32 pause_us;		/* of a thread after each burst */
	__u32 reserved;
};

/* CXL_TEST_INJECT: report generic events like a card */
enum cxl_test_what {
	CXL_TEST_INTERRUPT,
	CXL_TEST_ERROR,
};

struct cxl_test_inject {
	__u32 what;
	__u32 source;		/* PROCESS or HARDIRQ */
	__u64 value;		/* interrupt number, error */
};

/* CXL_TEST_HOLD: these callbacks wait until the bit is cleared */
#define CXL_TEST_HOLD_DELIVERED	0x1
#define CXL_TEST_HOLD_CLOSED	0x2

/* CXL_TEST_SLOW: slow callbacks */
struct cxl_test_slow {
	__u32 fetch_us;		/* busy, at most 1000 */
	__u32 delivered_us;	/* asleep */
};

/* CXL_TEST_CONTEXT: call the in-kernel API; returns what the API returns */
enum cxl_test_context_op {
	CXL_TEST_UNSET_OPS,
	CXL_TEST_START,		/* again, as CXL_TEST_NEW did */
	CXL_TEST_STOP,
	CXL_TEST_RELEASE,
	CXL_TEST_QUEUE_DESTROY,
	CXL_TEST_QUEUE_RESERVE,
	CXL_TEST_QUEUE_CANCEL,
	CXL_TEST_QUEUE_COMMIT,
	CXL_TEST_HALT,		/* end CXL_TEST_PRODUCE */
};

/* What must never happen */
enum cxl_test_violation {
	CXL_TEST_V_FETCH_CAN_SLEEP,	/* fetch_event without the spinlock */
	CXL_TEST_V_FETCH_TWICE_AT_ONCE,
	CXL_TEST_V_FETCH_NOTHING_LEFT,	/* more fetched than announced */
	CXL_TEST_V_FETCH_STALE,		/* the stored event is not visible */
	CXL_TEST_V_DELIVERED_ATOMIC,	/* event_delivered with a spinlock */
	CXL_TEST_V_DELIVERED_AT_ONCE,	/* two readers deliver */
	CXL_TEST_V_DELIVERED_UNKNOWN,	/* not in flight, or twice */
	CXL_TEST_V_DELIVERED_ORDER,
	CXL_TEST_V_DELIVERED_RC,	/* wrong rc for such an event */
	CXL_TEST_V_OTHER_PAIR,		/* fetched from one, delivered to another */
	CXL_TEST_V_AFTER_UNSET,
	CXL_TEST_V_AFTER_CLOSED,
	CXL_TEST_V_CLOSED_IN_FLIGHT,
	CXL_TEST_NR_VIOLATIONS,
};

/* CXL_TEST_GET_STATE */
struct cxl_test_state {
	__u64 sent;		/* events stored, of all kinds */
	__u64 announced;
	__u64 fetched;
	__u64 delivered;	/* rc 0 */
	__u64 returned;		/* rc -EFAULT */
	__u64 rejected;		/* rc -EINVAL */
	__u64 dropped;		/* by the driver: came back, or context_closed */
	__u64 closed;		/* context_closed */
	__u64 no_room;		/* sends that found the driver or queue full */
	__u32 queued;		/* not fetched */
	__u32 in_flight;	/* fetched, no event_delivered yet */
	__u32 held;		/* callbacks that are waiting now */
	__u32 producing;	/* CXL_TEST_PRODUCE has not finished */
	__u32 in_delivered;	/* event_delivered callbacks running now */
	__u32 has_context;	/* the driver may still use its context */
	__u64 violation[CXL_TEST_NR_VIOLATIONS];
};

#define CXL_TEST_MAGIC		0xC7
#define CXL_TEST_NEW		_IOWR(CXL_TEST_MAGIC, 0, struct cxl_test_new)
#define CXL_TEST_SET_OPS	_IOW(CXL_TEST_MAGIC, 1, struct cxl_test_set_ops)
#define CXL_TEST_QUEUE_CREATE	_IOW(CXL_TEST_MAGIC, 2, struct cxl_test_queue)
#define CXL_TEST_SEND		_IOWR(CXL_TEST_MAGIC, 3, struct cxl_test_send)
#define CXL_TEST_ANNOUNCE	_IOW(CXL_TEST_MAGIC, 4, __u32)
#define CXL_TEST_PRODUCE	_IOW(CXL_TEST_MAGIC, 5, struct cxl_test_produce)
#define CXL_TEST_INJECT		_IOW(CXL_TEST_MAGIC, 6, struct cxl_test_inject)
#define CXL_TEST_HOLD		_IOW(CXL_TEST_MAGIC, 7, __u32)
#define CXL_TEST_SLOW		_IOW(CXL_TEST_MAGIC, 8, struct cxl_test_slow)
#define CXL_TEST_CONTEXT	_IOW(CXL_TEST_MAGIC, 9, __u32)
#define CXL_TEST_GET_STATE	_IOR(CXL_TEST_MAGIC, 10, struct cxl_test_state)

#endif
