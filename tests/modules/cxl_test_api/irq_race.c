// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several CPUs raise one AFU interrupt at the same time. Each sets its bit
 * first, so the handler that is called for it finds the bit.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kthread.h>

#include "../../../drivers/misc/cxl/backend.h"
#include "test_api.h"

/**
 * struct race - the interrupt and the threads that raise it
 * @ctx: its context
 * @bits: a bit for each CPU that has raised it since the last handler call
 * @at_start: threads that have begun a round, summed over all rounds
 * @threads: one on each CPU
 * @rounds: how often each raises it
 * @lost: first round in which a handler was not called
 * @done: completed by each thread
 */
struct race {
	struct cxl_context *ctx;
	unsigned long bits;
	atomic_t at_start;
	unsigned int threads;
	unsigned int rounds;
	unsigned int lost;
	struct completion done;
};

static irqreturn_t race_handler(int virq, void *cookie)
{
	struct race *race = cookie;

	xchg(&race->bits, 0);
	return IRQ_HANDLED;
}

static bool race_seen(struct race *race, unsigned int bit)
{
	ktime_t end = ktime_add_ms(ktime_get(), 1000);

	while (test_bit(bit, &race->bits)) {
		if (ktime_after(ktime_get(), end))
			return false;
		cpu_relax();
	}
	return true;
}

static int race_thread(void *data)
{
	struct race *race = data;
	unsigned int bit = smp_processor_id();
	unsigned int i;

	for (i = 1; i <= race->rounds && !READ_ONCE(race->lost); i++) {
		atomic_inc(&race->at_start);
		while (atomic_read(&race->at_start) < i * race->threads &&
		       !READ_ONCE(race->lost))
			cpu_relax();
		set_bit(bit, &race->bits);
		cxl_context_interrupt(race->ctx, 1);
		if (!race_seen(race, bit))
			WRITE_ONCE(race->lost, i);
		cond_resched();
	}
	kthread_complete_and_exit(&race->done, 0);
}

/* arg: rounds */
static void none_is_lost_when_cpus_race(struct test_run *t)
{
	struct race race = { .rounds = t->arg[0] };
	struct task_struct *task;
	unsigned int i;
	int cpu, virq;

	race.ctx = test_context(t);
	if (!race.ctx)
		return;
	CHECK_EQ(t, cxl_allocate_afu_irqs(race.ctx, 1), 0);
	init_completion(&race.done);
	virq = cxl_map_afu_irq(race.ctx, 1, race_handler, &race, "cxl-test-api");
	CHECK(t, virq > 0);

	cpus_read_lock();
	race.threads = min(num_online_cpus(), BITS_PER_LONG + 0U);
	for_each_online_cpu(cpu) {
		task = kthread_create(race_thread, &race, "cxl_test_api/%d",
				      cpu);
		if (IS_ERR(task)) {
			race.lost = ~0U;
			continue;
		}
		kthread_bind(task, cpu);
		wake_up_process(task);
	}
	/* It may take longer than a task should sleep in one go. */
	for (i = 0; i < race.threads; i++)
		while (!wait_for_completion_timeout(&race.done, 5 * HZ))
			;
	cpus_read_unlock();

	CHECK(t, race.threads > 1);
	CHECK_EQ(t, race.lost, 0);
	cxl_unmap_afu_irq(race.ctx, 1, &race);
	test_context_done(t, race.ctx);
}

const struct test_case test_irq_race[] = {
	{ "none_is_lost_when_cpus_race", none_is_lost_when_cpus_race },
	{ }
};
