// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU interrupts with handlers. Most are raised by the function that card
 * drivers call, so that the tests know when.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "../../../drivers/misc/cxl/backend.h"
#include "test_api.h"

#define NUM_IRQS	4

/**
 * struct test_irq - what a handler saw
 * @virq: its Linux interrupt number
 * @calls: how often it was called
 * @wrong: calls with the wrong number, or not in interrupt context
 * @spin_ms: how long a call takes
 * @running: a call is under way
 */
struct test_irq {
	int virq;
	atomic_t calls;
	int wrong;
	unsigned int spin_ms;
	bool running;
};

/* PREEMPT_RT has a thread for each interrupt. */
static bool in_handler_context(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? !in_hardirq() && !irqs_disabled() :
					       in_hardirq() && irqs_disabled();
}

static irqreturn_t test_handler(int virq, void *cookie)
{
	struct test_irq *irq = cookie;

	WRITE_ONCE(irq->running, true);
	if (virq != irq->virq || !in_handler_context())
		irq->wrong++;
	mdelay(irq->spin_ms);
	WRITE_ONCE(irq->running, false);
	atomic_inc(&irq->calls);
	return IRQ_HANDLED;
}

static int map(struct cxl_context *ctx, int num, struct test_irq *irq)
{
	memset(irq, 0, sizeof(*irq));
	irq->virq = cxl_map_afu_irq(ctx, num, test_handler, irq,
				    "cxl-test-api");
	return irq->virq;
}

static struct cxl_context *context_with_irqs(struct test_run *t, int num)
{
	struct cxl_context *ctx = test_context(t);

	if (ctx)
		CHECK_EQ(t, cxl_allocate_afu_irqs(ctx, num), 0);
	return ctx;
}

static bool called(struct test_irq *irq, int calls)
{
	return BECOMES_TRUE(atomic_read(&irq->calls) == calls);
}

static void check_silent(struct test_run *t, struct cxl_context *ctx,
			 struct test_irq *irq, int num)
{
	int before = atomic_read(&irq->calls);

	cxl_context_interrupt(ctx, num);
	msleep(50);
	CHECK_EQ(t, atomic_read(&irq->calls), before);
}

static void allocation_keeps_to_the_budget(struct test_run *t)
{
	struct cxl_context *a = test_context(t), *b = test_context(t);

	if (!a || !b)
		return;
	CHECK_EQ(t, cxl_allocate_afu_irqs(a, -1), -EINVAL);
	CHECK_EQ(t, cxl_allocate_afu_irqs(a, CXL_TEST_API_USER_IRQS + 1),
		 -ENOSPC);
	CHECK_EQ(t, cxl_allocate_afu_irqs(a, CXL_TEST_API_USER_IRQS - 2), 0);
	CHECK_EQ(t, cxl_allocate_afu_irqs(a, 1), -EBUSY);
	CHECK_EQ(t, cxl_allocate_afu_irqs(b, 3), -ENOSPC);
	CHECK_EQ(t, cxl_allocate_afu_irqs(b, 2), 0);
	cxl_free_afu_irqs(a);
	cxl_free_afu_irqs(a);
	CHECK_EQ(t, cxl_allocate_afu_irqs(a, CXL_TEST_API_USER_IRQS - 2), 0);
	/* Releasing the context also frees its interrupts. */
	test_context_done(t, a);
	a = context_with_irqs(t, CXL_TEST_API_USER_IRQS - 2);
	if (a)
		test_context_done(t, a);
	test_context_done(t, b);
}

static void none_asked_for_is_the_afus_minimum(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, 0);
	struct test_irq irq;

	if (!ctx)
		return;
	CHECK(t, map(ctx, CXL_TEST_API_IRQS_MIN, &irq) > 0);
	cxl_unmap_afu_irq(ctx, CXL_TEST_API_IRQS_MIN, &irq);
	CHECK_EQ(t, map(ctx, CXL_TEST_API_IRQS_MIN + 1, &irq), -ENOENT);
	test_context_done(t, ctx);
}

static void mapping_returns_what_it_should(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct test_irq irq, again;

	if (!ctx)
		return;
	CHECK_EQ(t, map(ctx, 1, &irq), -ENOENT);
	CHECK_EQ(t, cxl_allocate_afu_irqs(ctx, NUM_IRQS), 0);
	CHECK_EQ(t, map(ctx, 0, &irq), -ENOENT);
	CHECK_EQ(t, map(ctx, -1, &irq), -ENOENT);
	CHECK_EQ(t, map(ctx, NUM_IRQS + 1, &irq), -ENOENT);
	CHECK_EQ(t, cxl_map_afu_irq(ctx, 1, NULL, &irq, "cxl-test-api"), 0);
	CHECK(t, map(ctx, 1, &irq) > 0);
	/* The first handler stays. */
	CHECK_EQ(t, map(ctx, 1, &again), 0);
	cxl_context_interrupt(ctx, 1);
	CHECK(t, called(&irq, 1));
	CHECK_EQ(t, atomic_read(&again.calls), 0);
	cxl_unmap_afu_irq(ctx, 1, &irq);
	CHECK(t, map(ctx, 1, &again) > 0);
	cxl_unmap_afu_irq(ctx, 1, &again);
	test_context_done(t, ctx);
}

static void handlers_run_in_hard_interrupts(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, NUM_IRQS);
	struct test_irq irq[NUM_IRQS];
	int i;

	if (!ctx)
		return;
	for (i = 0; i < NUM_IRQS; i++)
		CHECK(t, map(ctx, i + 1, &irq[i]) > 0);
	for (i = 0; i < NUM_IRQS; i++)
		CHECK_EQ(t, cxl_context_interrupt(ctx, i + 1), 0);
	for (i = 0; i < NUM_IRQS; i++) {
		CHECK(t, called(&irq[i], 1));
		CHECK_EQ(t, irq[i].wrong, 0);
		cxl_unmap_afu_irq(ctx, i + 1, &irq[i]);
	}
	test_context_done(t, ctx);
}

static void afu_raises_them(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, NUM_IRQS);
	void __iomem *psa;
	struct work_element *we;
	struct test_irq irq;
	struct test_queue q;
	int i;

	if (!ctx || test_queue_init(&q))
		return;
	CHECK(t, map(ctx, 3, &irq) > 0);
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	psa = cxl_psa_map(ctx);
	CHECK(t, psa);
	for (i = 1; psa && i <= 5; i++) {
		we = test_queue_add(&q, WE_IRQ, 3, NULL, NULL);
		CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
		CHECK(t, called(&irq, i));
		/* The AFU stops after an interrupt. */
		test_reg_write(psa, REG_PCTRL, PCTRL_RESTART);
	}
	CHECK_EQ(t, irq.wrong, 0);
	cxl_psa_unmap(psa);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	cxl_unmap_afu_irq(ctx, 3, &irq);
	test_context_done(t, ctx);
	test_queue_free(&q);
}

static void unmapping_strangers_is_ignored(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, NUM_IRQS);
	struct test_irq irq;

	if (!ctx)
		return;
	CHECK(t, map(ctx, 2, &irq) > 0);
	cxl_unmap_afu_irq(ctx, 0, &irq);
	cxl_unmap_afu_irq(ctx, -5, &irq);
	cxl_unmap_afu_irq(ctx, 1, &irq);
	cxl_unmap_afu_irq(ctx, 77, &irq);
	/* The cookie is not the one that mapped it. */
	cxl_unmap_afu_irq(ctx, 2, t);
	cxl_context_interrupt(ctx, 2);
	CHECK(t, called(&irq, 1));
	cxl_unmap_afu_irq(ctx, 2, &irq);
	cxl_unmap_afu_irq(ctx, 2, &irq);
	check_silent(t, ctx, &irq, 2);
	test_context_done(t, ctx);
}

static void freeing_unmaps(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, NUM_IRQS);
	struct test_irq irq;

	if (!ctx)
		return;
	CHECK(t, map(ctx, 1, &irq) > 0);
	cxl_free_afu_irqs(ctx);
	check_silent(t, ctx, &irq, 1);
	cxl_unmap_afu_irq(ctx, 1, &irq);

	CHECK_EQ(t, cxl_allocate_afu_irqs(ctx, NUM_IRQS), 0);
	CHECK(t, map(ctx, 1, &irq) > 0);
	CHECK_EQ(t, cxl_release_context(ctx), 0);
}

struct raiser {
	struct cxl_context *ctx;
	struct completion done;
};

static int raise_once(void *data)
{
	struct raiser *r = data;

	cxl_context_interrupt(r->ctx, 1);
	kthread_complete_and_exit(&r->done, 0);
}

/* Another CPU is in the handler. */
static void unmapping_waits_for_the_handler(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, 1);
	int other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct raiser r = { .ctx = ctx };
	struct task_struct *task;
	struct test_irq irq;

	if (!ctx || !CHECK(t, other < nr_cpu_ids))
		return;
	init_completion(&r.done);
	CHECK(t, map(ctx, 1, &irq) > 0);
	irq.spin_ms = 50;
	task = kthread_create(raise_once, &r, "cxl_test_api");
	if (CHECK(t, !IS_ERR(task))) {
		kthread_bind(task, other);
		wake_up_process(task);
		CHECK(t, BECOMES_TRUE(READ_ONCE(irq.running) ||
				      atomic_read(&irq.calls)));
		cxl_unmap_afu_irq(ctx, 1, &irq);
		CHECK(t, !READ_ONCE(irq.running));
		CHECK_EQ(t, atomic_read(&irq.calls), 1);
		wait_for_completion(&r.done);
	}
	test_context_done(t, ctx);
}

/* An interrupt raised while disabled is handled once it is enabled. */
static void disabled_interrupt_is_kept(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, 1);
	struct test_irq irq;

	if (!ctx)
		return;
	if (CHECK(t, map(ctx, 1, &irq) > 0)) {
		disable_irq(irq.virq);
		check_silent(t, ctx, &irq, 1);
		enable_irq(irq.virq);
		CHECK(t, called(&irq, 1));
		CHECK_EQ(t, irq.wrong, 0);
		cxl_unmap_afu_irq(ctx, 1, &irq);
	}
	test_context_done(t, ctx);
}

static void without_handler_it_is_dropped(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, NUM_IRQS);
	struct test_irq irq;

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_context_interrupt(ctx, 2), 0);
	CHECK_EQ(t, cxl_context_interrupt(ctx, 0), -EINVAL);
	CHECK_EQ(t, cxl_context_interrupt(ctx, NUM_IRQS + 1), -EINVAL);
	/* It is not kept for a later handler. */
	CHECK(t, map(ctx, 2, &irq) > 0);
	msleep(50);
	CHECK_EQ(t, atomic_read(&irq.calls), 0);
	cxl_unmap_afu_irq(ctx, 2, &irq);
	test_context_done(t, ctx);
}

/* Linux interrupts are reused: a handler must not get its predecessor's. */
static void one_left_pending_is_dropped(struct test_run *t)
{
	struct cxl_context *ctx = context_with_irqs(t, 1);
	struct test_irq irq, next;

	if (!ctx)
		return;
	if (CHECK(t, map(ctx, 1, &irq) > 0)) {
		disable_irq(irq.virq);
		check_silent(t, ctx, &irq, 1);
		cxl_unmap_afu_irq(ctx, 1, &irq);
	}
	if (CHECK(t, map(ctx, 1, &next) > 0)) {
		CHECK_EQ(t, next.virq, irq.virq);
		msleep(50);
		CHECK_EQ(t, atomic_read(&next.calls), 0);
		cxl_context_interrupt(ctx, 1);
		CHECK(t, called(&next, 1));
		cxl_unmap_afu_irq(ctx, 1, &next);
	}
	test_context_done(t, ctx);
}

/* Also while the context is started, because the AFU is told. */
static void reallocation_takes_effect_at_once(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct work_element *we;
	struct test_irq irq;
	struct test_queue q;

	if (!ctx || test_queue_init(&q))
		return;
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	we = test_queue_add(&q, WE_IRQ, 2, NULL, NULL);
	CHECK_EQ(t, test_queue_wait(we), WE_FAILED);
	CHECK_EQ(t, cxl_allocate_afu_irqs(ctx, 2), 0);
	CHECK(t, map(ctx, 2, &irq) > 0);
	we = test_queue_add(&q, WE_IRQ, 2, NULL, NULL);
	CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
	CHECK(t, called(&irq, 1));
	cxl_unmap_afu_irq(ctx, 2, &irq);
	cxl_free_afu_irqs(ctx);
	CHECK_EQ(t, cxl_context_interrupt(ctx, 2), -EINVAL);
	test_context_done(t, ctx);
	test_queue_free(&q);
}

/* Kept for the program to inspect; arg returned: number, then calls */
static struct cxl_context *kept;
static struct test_irq kept_irq;

static void keep_a_mapped_interrupt(struct test_run *t)
{
	kept = context_with_irqs(t, 1);
	if (kept)
		CHECK(t, map(kept, 1, &kept_irq) > 0);
	t->arg[0] = kept_irq.virq;
}

static void raise_the_kept_interrupt(struct test_run *t)
{
	int calls = atomic_read(&kept_irq.calls);

	if (!CHECK(t, kept))
		return;
	cxl_context_interrupt(kept, 1);
	CHECK(t, called(&kept_irq, calls + 1));
	t->arg[0] = atomic_read(&kept_irq.calls);
}

static void unmap_the_kept_interrupt(struct test_run *t)
{
	if (!CHECK(t, kept))
		return;
	cxl_unmap_afu_irq(kept, 1, &kept_irq);
	CHECK_EQ(t, cxl_release_context(kept), 0);
	kept = NULL;
}

static struct cxl_event_afu_driver_reserved *no_event(struct cxl_context *ctx)
{
	return NULL;
}

static void ignore_delivered(struct cxl_context *ctx,
			     struct cxl_event_afu_driver_reserved *event,
			     int rc)
{
}

static atomic_t closed;

static void count_closed(struct cxl_context *ctx)
{
	atomic_inc(&closed);
}

static const struct cxl_afu_driver_ops left_ops = {
	.fetch_event = no_event,
	.event_delivered = ignore_delivered,
	.context_closed = count_closed,
};

/* A context with everything that it can have, and a pending event */
static struct cxl_context *leave_context(struct pci_dev *pdev,
					 struct test_irq *irq)
{
	struct cxl_context *ctx = cxl_dev_context_init(pdev);

	if (IS_ERR(ctx))
		return NULL;
	if (cxl_allocate_afu_irqs(ctx, 3) || map(ctx, 3, irq) <= 0 ||
	    cxl_set_driver_ops(ctx, &left_ops) ||
	    cxl_start_context(ctx, 0, NULL))
		return NULL;
	cxl_context_events_pending(ctx, 1);
	return ctx;
}

/* A driver that forgets everything when it is unbound */
static void leave_all_behind(struct test_run *t)
{
	struct cxl_context *ctx = cxl_get_context(t->pdev);

	if (!CHECK(t, ctx))
		return;
	CHECK_EQ(t, cxl_allocate_afu_irqs(ctx, 2), 0);
	CHECK(t, map(ctx, 2, &kept_irq) > 0);
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	atomic_set(&closed, 0);
	kept = leave_context(t->pdev, &kept_irq);
	CHECK(t, kept);
}

static struct test_irq probe_irq;

/* The same when its probe fails. Nobody releases anything. */
bool test_leave_in_probe(struct pci_dev *pdev)
{
	atomic_set(&closed, 0);
	return leave_context(pdev, &probe_irq);
}

static void what_a_probe_left_is_gone(struct test_run *t)
{
	CHECK_EQ(t, atomic_read(&closed), 1);
}

/* Afterwards, what it forgot can still be released, and does nothing. */
static void what_was_left_is_dead(struct test_run *t)
{
	int fd;

	if (!CHECK(t, kept))
		return;
	CHECK_EQ(t, atomic_read(&closed), 1);
	CHECK_EQ(t, cxl_start_context(kept, 0, NULL), -EIO);
	CHECK_EQ(t, cxl_allocate_afu_irqs(kept, 1), -EIO);
	check_silent(t, kept, &kept_irq, 3);
	cxl_unmap_afu_irq(kept, 3, &kept_irq);
	CHECK_EQ(t, cxl_stop_context(kept), -EBUSY);
	CHECK_EQ(t, cxl_set_driver_ops(kept, &left_ops), -EIO);
	CHECK(t, !cxl_get_fd(kept, NULL, &fd));
	CHECK_EQ(t, cxl_release_context(kept), 0);
	kept = NULL;
}

const struct test_case test_irqs[] = {
	{ "allocation_keeps_to_the_budget", allocation_keeps_to_the_budget },
	{ "none_asked_for_is_the_afus_minimum",
	  none_asked_for_is_the_afus_minimum },
	{ "mapping_returns_what_it_should", mapping_returns_what_it_should },
	{ "handlers_run_in_hard_interrupts", handlers_run_in_hard_interrupts },
	{ "afu_raises_them", afu_raises_them },
	{ "unmapping_strangers_is_ignored", unmapping_strangers_is_ignored },
	{ "freeing_unmaps", freeing_unmaps },
	{ "unmapping_waits_for_the_handler", unmapping_waits_for_the_handler },
	{ "disabled_interrupt_is_kept", disabled_interrupt_is_kept },
	{ "without_handler_it_is_dropped", without_handler_it_is_dropped },
	{ "one_left_pending_is_dropped", one_left_pending_is_dropped },
	{ "reallocation_takes_effect_at_once",
	  reallocation_takes_effect_at_once },
	{ "keep_a_mapped_interrupt", keep_a_mapped_interrupt },
	{ "raise_the_kept_interrupt", raise_the_kept_interrupt },
	{ "unmap_the_kept_interrupt", unmap_the_kept_interrupt },
	{ "leave_all_behind", leave_all_behind },
	{ "what_was_left_is_dead", what_was_left_is_dead },
	{ "what_a_probe_left_is_gone", what_a_probe_left_is_gone },
	{ }
};
