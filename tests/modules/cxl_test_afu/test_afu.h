/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cxl_test_afu: a context, its events and their producers.
 */
#ifndef _TEST_AFU_H
#define _TEST_AFU_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <misc/cxl.h>

#include "cxl_test_afu.h"

enum test_slot_state {
	SLOT_QUEUED,
	SLOT_IN_FLIGHT,
	SLOT_FINISHED,
};

/**
 * struct test_slot - an event of the driver's ring
 * @state: where it is
 * @kind: enum cxl_test_kind
 * @pos: its place in the ring, counted without end
 * @pair: the ops that fetched it
 * @given: what fetch_event returned
 * @event: the event, with the pool's capacity
 */
struct test_slot {
	enum test_slot_state state;
	u32 kind;
	u32 pos;
	unsigned int pair;
	struct cxl_event_afu_driver_reserved *given;
	struct cxl_event_afu_driver_reserved event;
};

/**
 * struct test_producer - a sender to an event queue, with its own sequence
 * @lock: guards @sequence and @buf
 * @sequence: of its next event
 * @buf: payload under construction
 */
struct test_producer {
	raw_spinlock_t lock;	/* guards sequence and buf */
	u32 sequence;
	u8 buf[CXL_READ_MIN_SIZE];
};

struct test_production;

/**
 * struct test_context - a context and all that is known about it
 * @ref: one for the open test device, one for the AFU file with our fops, one
 *	while ops are set
 * @link: entry of the AFU's list
 * @mutex: serialises changes of @ctx, @queue, ops and production
 * @work: how it is started
 * @started: it was started once and must be stopped
 * @has_file: the context goes away with its file
 * @pinned: @ref is held for the ops; changed under @lock
 * @drop: events that come back are dropped
 * @ops: the pairs
 * @lock: guards the following fields, except the ring in lockless mode
 * @ctx: NULL once the driver must no longer use it
 * @allowed: bits of the pairs whose callbacks may run now
 * @announcing: ops are set; stored events are announced
 * @unannounced: events stored while no ops were set
 * @sequence: of the next event of the ring
 * @lockless: fetch_event takes no lock
 * @slots: ring of @depth slots, a power of 2
 * @head: next slot to store to
 * @tail: next slot to fetch
 * @done: first slot that may still be in flight
 * @capacity: bytes of payload of a slot
 * @no_slot: fetched beyond the end
 * @queue: event queue that replaces @ops, under RCU
 * @producers: its senders
 * @production: what runs in the background
 * @hold: CXL_TEST_HOLD_*
 * @hold_wq: for callbacks that are held
 * @slow: how long callbacks take
 * @in_fetch: fetch_event callbacks running now
 * @in_delivered: event_delivered callbacks running now
 *
 * The rest are counters, described in struct cxl_test_state.
 */
struct test_context {
	struct kref ref;
	struct list_head link;
	struct mutex mutex;	/* serialises changes */
	struct cxl_ioctl_start_work work;
	bool started;
	bool has_file;
	bool pinned;
	bool drop;
	struct cxl_afu_driver_ops ops[CXL_TEST_OPS_PAIRS];

	raw_spinlock_t lock;	/* guards what follows */
	struct cxl_context *ctx;
	unsigned long allowed;
	bool announcing;
	u32 unannounced;
	u32 sequence;
	bool lockless;
	struct test_slot **slots;
	u32 depth;
	u32 head;
	u32 tail;
	u32 done;
	u32 capacity;
	u32 no_slot;

	struct cxl_event_queue __rcu *queue;
	struct test_producer **producers;
	struct test_production *production;

	u32 hold;
	wait_queue_head_t hold_wq;
	struct cxl_test_slow slow;

	atomic_t in_fetch;
	atomic_t in_delivered;
	atomic_t held;
	atomic64_t sent;
	atomic64_t announced;
	atomic64_t fetched;
	atomic64_t delivered;
	atomic64_t returned;
	atomic64_t rejected;
	atomic64_t dropped;
	atomic64_t closed;
	atomic64_t no_room;
	atomic64_t violation[CXL_TEST_NR_VIOLATIONS];
};

/* main.c */
void test_context_put(struct test_context *t);

/* ops.c: the driver ops, and the ring of events behind them */
int test_ops_set(struct test_context *t, const struct cxl_test_set_ops *arg);
int test_ops_unset(struct test_context *t);
void test_ops_gone(struct test_context *t);
void test_ops_free(struct test_context *t);
u32 test_ops_store(struct test_context *t, const struct cxl_test_send *what,
		   u32 count);
void test_ops_state(struct test_context *t, struct cxl_test_state *state);

/* producer.c: sending from any context */
int test_queue_create(struct test_context *t, const struct cxl_test_queue *arg);
int test_queue_op(struct test_context *t, u32 op);
void test_queue_destroy(struct test_context *t);
int test_send(struct test_context *t, struct cxl_test_send *what);
int test_inject(struct test_context *t, const struct cxl_test_inject *what);
int test_produce(struct test_context *t, const struct cxl_test_produce *what);
void test_halt(struct test_context *t);
bool test_producing(struct test_context *t);

#endif
