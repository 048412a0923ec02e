// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver ops under test: a ring of events, and callbacks that check when,
 * where and for what they are called.
 *
 * Producers store at head and announce with the lock held. fetch_event takes
 * the same lock. In lockless mode it takes none: then only the announced count
 * says that a slot may be read.
 */
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "test_afu.h"

#define HOLD_LIMIT	(20 * HZ)
#define MAX_DEPTH	65536

static void violate(struct test_context *t, enum cxl_test_violation what)
{
	pr_info_ratelimited("cxl_test_afu: violation %d\n", what);
	atomic64_inc(&t->violation[what]);
}

static struct test_slot *slot_at(struct test_context *t, u32 pos)
{
	return t->slots[pos & (t->depth - 1)];
}

/* If the wait takes that long, the program that should end it is gone. */
static void hold(struct test_context *t, u32 bit)
{
	if (!(READ_ONCE(t->hold) & bit))
		return;
	atomic_inc(&t->held);
	wait_event_timeout(t->hold_wq, !(READ_ONCE(t->hold) & bit), HOLD_LIMIT);
	atomic_dec(&t->held);
}

static void check_allowed(struct test_context *t, unsigned int pair)
{
	if (READ_ONCE(t->allowed) & BIT(pair))
		return;
	violate(t, atomic64_read(&t->closed) ? CXL_TEST_V_AFTER_CLOSED :
					       CXL_TEST_V_AFTER_UNSET);
}

static void announce(struct test_context *t, u32 count)
{
	lockdep_assert_held(&t->lock);
	if (!t->ctx || !t->announcing) {
		t->unannounced += count;
		return;
	}
	atomic64_add(count, &t->announced);
	cxl_context_events_pending(t->ctx, count);
}

/*
 * fetch_event
 */

static struct cxl_event_afu_driver_reserved *take(struct test_context *t,
						  unsigned int pair)
{
	struct test_slot *slot;
	u32 tail = t->tail;

	/* Skip events that were dropped behind others that came back. */
	while (tail != READ_ONCE(t->head) &&
	       slot_at(t, tail)->state == SLOT_FINISHED)
		tail++;
	t->tail = tail;
	if (tail == READ_ONCE(t->head)) {
		violate(t, CXL_TEST_V_FETCH_NOTHING_LEFT);
		t->no_slot++;
		return NULL;
	}

	slot = slot_at(t, tail);
	if (slot->pos != tail || slot->state != SLOT_QUEUED)
		violate(t, CXL_TEST_V_FETCH_STALE);
	WRITE_ONCE(slot->state, SLOT_IN_FLIGHT);
	slot->pair = pair;
	slot->given = slot->kind == CXL_TEST_NULL ? NULL : &slot->event;
	t->tail = tail + 1;
	return slot->given;
}

/* The core's lock, taken with interrupts off; only some kernels count locks. */
static bool holds_spinlock(void)
{
	/* There it disables nothing, but opens a read-side critical section. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return rcu_preempt_depth();
	return irqs_disabled() &&
	       (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || in_atomic());
}

static struct cxl_event_afu_driver_reserved *fetch(struct cxl_context *ctx,
						   unsigned int pair)
{
	struct test_context *t = cxl_get_priv(ctx);
	struct cxl_event_afu_driver_reserved *event;
	unsigned long flags;

	if (!holds_spinlock())
		violate(t, CXL_TEST_V_FETCH_CAN_SLEEP);
	if (atomic_inc_return(&t->in_fetch) != 1)
		violate(t, CXL_TEST_V_FETCH_TWICE_AT_ONCE);
	check_allowed(t, pair);
	atomic64_inc(&t->fetched);
	udelay(t->slow.fetch_us);

	if (READ_ONCE(t->lockless)) {
		event = take(t, pair);
	} else {
		raw_spin_lock_irqsave(&t->lock, flags);
		event = take(t, pair);
		raw_spin_unlock_irqrestore(&t->lock, flags);
	}
	atomic_dec(&t->in_fetch);
	return event;
}

/*
 * event_delivered
 */

/* Events are delivered in the order fetched, and returned in reverse order. */
static struct test_slot *
find_in_flight(struct test_context *t,
	       struct cxl_event_afu_driver_reserved *event, int rc)
{
	u32 count = t->tail - t->done;
	bool in_order = true;
	struct test_slot *slot;
	u32 i;

	for (i = 0; i < count; i++) {
		slot = slot_at(t, rc ? t->tail - 1 - i : t->done + i);
		if (slot->state != SLOT_IN_FLIGHT)
			continue;
		if (slot->given == event) {
			if (rc != -EINVAL && !in_order)
				violate(t, CXL_TEST_V_DELIVERED_ORDER);
			return slot;
		}
		if (slot->kind == CXL_TEST_GOOD)
			in_order = false;
	}
	return NULL;
}

static void finish(struct test_context *t, struct test_slot *slot)
{
	slot->state = SLOT_FINISHED;
	while (t->done != t->tail &&
	       slot_at(t, t->done)->state == SLOT_FINISHED)
		t->done++;
}

static void settle(struct test_context *t, struct test_slot *slot, int rc)
{
	bool good = slot->kind == CXL_TEST_GOOD;

	if (rc == -EINVAL ? good : !good)
		violate(t, CXL_TEST_V_DELIVERED_RC);
	switch (rc) {
	case 0:
		atomic64_inc(&t->delivered);
		finish(t, slot);
		break;
	case -EFAULT:
		atomic64_inc(&t->returned);
		if (READ_ONCE(t->drop)) {
			atomic64_inc(&t->dropped);
			finish(t, slot);
			break;
		}
		slot->state = SLOT_QUEUED;
		t->tail = slot->pos;
		announce(t, 1);
		break;
	case -EINVAL:
		atomic64_inc(&t->rejected);
		finish(t, slot);
		break;
	default:
		violate(t, CXL_TEST_V_DELIVERED_RC);
	}
}

static void delivered(struct cxl_context *ctx,
		      struct cxl_event_afu_driver_reserved *event, int rc,
		      unsigned int pair)
{
	struct test_context *t = cxl_get_priv(ctx);
	struct test_slot *slot;
	unsigned long flags;

	if (holds_spinlock() || in_atomic() || irqs_disabled()) {
		violate(t, CXL_TEST_V_DELIVERED_ATOMIC);
		return;
	}
	if (atomic_inc_return(&t->in_delivered) != 1)
		violate(t, CXL_TEST_V_DELIVERED_AT_ONCE);
	check_allowed(t, pair);
	if (t->slow.delivered_us)
		usleep_range(t->slow.delivered_us, t->slow.delivered_us + 10);
	hold(t, CXL_TEST_HOLD_DELIVERED);

	raw_spin_lock_irqsave(&t->lock, flags);
	slot = find_in_flight(t, event, rc);
	if (slot) {
		if (slot->pair != pair)
			violate(t, CXL_TEST_V_OTHER_PAIR);
		settle(t, slot, rc);
	} else if (!event && t->no_slot) {
		t->no_slot--;
		atomic64_inc(&t->rejected);
		if (rc != -EINVAL)
			violate(t, CXL_TEST_V_DELIVERED_RC);
	} else {
		violate(t, CXL_TEST_V_DELIVERED_UNKNOWN);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
	atomic_dec(&t->in_delivered);
}

/*
 * context_closed
 */

static void closed(struct cxl_context *ctx, unsigned int pair)
{
	struct test_context *t = cxl_get_priv(ctx);
	unsigned long flags;
	bool unpin;

	if (holds_spinlock() || in_atomic() || irqs_disabled())
		violate(t, CXL_TEST_V_DELIVERED_ATOMIC);
	if (atomic_read(&t->in_fetch) || atomic_read(&t->in_delivered))
		violate(t, CXL_TEST_V_CLOSED_IN_FLIGHT);
	check_allowed(t, pair);
	hold(t, CXL_TEST_HOLD_CLOSED);

	raw_spin_lock_irqsave(&t->lock, flags);
	for (; t->done != t->head; t->done++) {
		if (slot_at(t, t->done)->state == SLOT_IN_FLIGHT)
			violate(t, CXL_TEST_V_CLOSED_IN_FLIGHT);
		else if (slot_at(t, t->done)->state == SLOT_QUEUED)
			atomic64_inc(&t->dropped);
	}
	t->tail = t->head;
	t->unannounced = 0;
	t->announcing = false;
	WRITE_ONCE(t->allowed, 0);
	t->ctx = NULL;
	unpin = t->pinned;
	t->pinned = false;
	atomic64_inc(&t->closed);
	raw_spin_unlock_irqrestore(&t->lock, flags);

	/* Nobody may see this event. */
	cxl_context_events_pending(ctx, 1);
	if (unpin)
		test_context_put(t);
}

/* Each pair has functions of its own, so that it knows which one was called. */
#define PAIR(n)								\
static struct cxl_event_afu_driver_reserved *				\
fetch_##n(struct cxl_context *ctx)					\
{									\
	return fetch(ctx, n);						\
}									\
									\
static void delivered_##n(struct cxl_context *ctx,			\
			  struct cxl_event_afu_driver_reserved *event,	\
			  int rc)					\
{									\
	delivered(ctx, event, rc, n);					\
}									\
									\
static void closed_##n(struct cxl_context *ctx)				\
{									\
	closed(ctx, n);							\
}

PAIR(0)
PAIR(1)

static const struct cxl_afu_driver_ops pairs[CXL_TEST_OPS_PAIRS] = {
	{ fetch_0, delivered_0, closed_0 },
	{ fetch_1, delivered_1, closed_1 },
};

/*
 * Setting them
 */

static void free_slots(struct test_slot **slots, u32 depth)
{
	u32 i;

	if (!slots)
		return;
	for (i = 0; i < depth; i++)
		kfree(slots[i]);
	kvfree(slots);
}

/* Each slot is allocated separately, so that KASAN sees accesses beyond it. */
static struct test_slot **alloc_slots(u32 depth, u32 capacity)
{
	struct test_slot **slots;
	u32 i;

	slots = kvcalloc(depth, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return NULL;
	for (i = 0; i < depth; i++) {
		slots[i] = kzalloc(sizeof(**slots) + capacity, GFP_KERNEL);
		if (!slots[i]) {
			free_slots(slots, i);
			return NULL;
		}
		slots[i]->state = SLOT_FINISHED;
		slots[i]->pos = i - depth;
	}
	return slots;
}

/*
 * The ring stays while ops are set. The errors of this function cannot be
 * mistaken for those of the API.
 */
static int make_ring(struct test_context *t, u32 depth, u32 capacity)
{
	struct test_slot **slots;
	unsigned long flags;
	bool empty;

	if (!depth || depth > MAX_DEPTH)
		return -EUCLEAN;
	depth = roundup_pow_of_two(depth);
	if (READ_ONCE(t->allowed) ||
	    (t->slots && depth == t->depth && capacity == t->capacity))
		return 0;

	slots = alloc_slots(depth, capacity);
	if (!slots)
		return -ENOMEM;
	raw_spin_lock_irqsave(&t->lock, flags);
	empty = t->done == t->head && !t->allowed;
	if (empty) {
		swap(slots, t->slots);
		swap(depth, t->depth);
		t->capacity = capacity;
		t->head = 0;
		t->tail = 0;
		t->done = 0;
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
	free_slots(slots, depth);
	return empty ? 0 : -ENOTUNIQ;
}

/* From now on announce stored events, or let them wait for other ops. */
static void set_announcing(struct test_context *t, bool announcing)
{
	unsigned long flags;
	u32 count;

	raw_spin_lock_irqsave(&t->lock, flags);
	t->announcing = announcing;
	if (announcing) {
		count = t->unannounced;
		t->unannounced = 0;
		if (count)
			announce(t, count);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

static int set_pair(struct test_context *t, unsigned int pair)
{
	unsigned long flags, before;
	bool pin;
	int ret;

	/* A callback can come before cxl_set_driver_ops() returns. */
	raw_spin_lock_irqsave(&t->lock, flags);
	before = t->allowed;
	WRITE_ONCE(t->allowed, before | BIT(pair));
	pin = !t->pinned;
	if (pin)
		kref_get(&t->ref);
	t->pinned = true;
	raw_spin_unlock_irqrestore(&t->lock, flags);

	ret = cxl_set_driver_ops(t->ctx, &t->ops[pair]);

	/* By now the context can be closed. */
	raw_spin_lock_irqsave(&t->lock, flags);
	if (t->pinned)
		WRITE_ONCE(t->allowed, ret ? before : BIT(pair));
	pin &= ret && t->pinned;
	if (pin)
		t->pinned = false;
	raw_spin_unlock_irqrestore(&t->lock, flags);
	if (pin)
		test_context_put(t);
	if (!ret)
		set_announcing(t, true);
	return ret;
}

int test_ops_set(struct test_context *t, const struct cxl_test_set_ops *arg)
{
	struct cxl_afu_driver_ops wrong = pairs[0];
	struct cxl_afu_driver_ops *ops;
	int ret;

	if (!t->ctx)
		return -EUCLEAN;
	if (arg->pair >= CXL_TEST_OPS_PAIRS)
		return -EUCLEAN;
	if (arg->flags & CXL_TEST_OPS_NULL)
		return cxl_set_driver_ops(t->ctx, NULL);
	if (arg->flags & CXL_TEST_OPS_NO_FETCH)
		wrong.fetch_event = NULL;
	if (arg->flags & CXL_TEST_OPS_NO_DELIVERED)
		wrong.event_delivered = NULL;
	if (!wrong.fetch_event || !wrong.event_delivered)
		return cxl_set_driver_ops(t->ctx, &wrong);

	ret = make_ring(t, arg->depth, max_t(u32, CXL_MAX_EVENT_DATA_SIZE,
					     min_t(u32, arg->max_data_size,
						   CXL_READ_MIN_SIZE)));
	if (ret)
		return ret;
	/* A reader may be using ops that were set earlier. */
	WRITE_ONCE(t->lockless, arg->flags & CXL_TEST_OPS_RING);
	WRITE_ONCE(t->drop, arg->flags & CXL_TEST_OPS_DROP);
	if (!(READ_ONCE(t->allowed) & BIT(arg->pair))) {
		ops = &t->ops[arg->pair];
		*ops = pairs[arg->pair];
		ops->max_data_size = arg->max_data_size;
		if (arg->flags & CXL_TEST_OPS_NO_CLOSED)
			ops->context_closed = NULL;
	}
	return set_pair(t, arg->pair);
}

int test_ops_unset(struct test_context *t)
{
	int ret;

	if (!t->ctx)
		return -EUCLEAN;
	set_announcing(t, false);
	ret = cxl_unset_driver_ops(t->ctx);
	if (ret)
		set_announcing(t, true);
	else
		test_ops_gone(t);
	return ret;
}

/* Called when no callback runs any more */
void test_ops_gone(struct test_context *t)
{
	unsigned long flags;
	bool unpin;

	raw_spin_lock_irqsave(&t->lock, flags);
	WRITE_ONCE(t->allowed, 0);
	unpin = t->pinned;
	t->pinned = false;
	raw_spin_unlock_irqrestore(&t->lock, flags);
	if (unpin)
		test_context_put(t);
}

void test_ops_free(struct test_context *t)
{
	free_slots(t->slots, t->depth);
}

/*
 * Storing events
 */

static void fill(struct test_context *t, struct test_slot *slot,
		 const struct cxl_test_send *what)
{
	u32 sequence = t->sequence++;
	u32 size, i;

	slot->kind = what->kind;
	slot->pos = t->head;
	slot->state = SLOT_QUEUED;
	if (what->kind == CXL_TEST_BAD_SIZE) {
		slot->event.data_size = what->bad_size;
		return;
	}
	size = cxl_test_size(0, sequence, what->min_size, what->max_size);
	slot->event.data_size = size;
	for (i = 0; i < size; i++)
		slot->event.data[i] = cxl_test_byte(0, sequence, i);
}

/* Store up to @count events and announce them; return how many. */
u32 test_ops_store(struct test_context *t, const struct cxl_test_send *what,
		   u32 count)
{
	unsigned long flags;
	u32 stored;

	raw_spin_lock_irqsave(&t->lock, flags);
	for (stored = 0; stored < count; stored++) {
		if (!t->slots || what->max_size > t->capacity ||
		    t->head - t->done >= t->depth) {
			atomic64_inc(&t->no_room);
			break;
		}
		fill(t, slot_at(t, t->head), what);
		WRITE_ONCE(t->head, t->head + 1);
		if (!(what->flags &
		      (CXL_TEST_SEND_SILENT | CXL_TEST_SEND_AT_ONCE)))
			announce(t, 1);
	}
	if (stored && what->flags & CXL_TEST_SEND_AT_ONCE)
		announce(t, stored);
	atomic64_add(stored, &t->sent);
	raw_spin_unlock_irqrestore(&t->lock, flags);
	return stored;
}

void test_ops_state(struct test_context *t, struct cxl_test_state *state)
{
	unsigned long flags;
	u32 pos, slot_state;

	raw_spin_lock_irqsave(&t->lock, flags);
	for (pos = t->done; pos != t->head; pos++) {
		/* In lockless mode, one of them may be in fetch right now. */
		slot_state = READ_ONCE(slot_at(t, pos)->state);
		if (slot_state == SLOT_QUEUED)
			state->queued++;
		else if (slot_state == SLOT_IN_FLIGHT)
			state->in_flight++;
	}
	state->has_context = t->ctx ? 1 : 0;
	raw_spin_unlock_irqrestore(&t->lock, flags);
}
