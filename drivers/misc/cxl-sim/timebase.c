// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card's time base: the cycle counter of the CPU that reads it, plus an
 * offset that debugfs can set.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/timex.h>

#include "../cxl/compat.h"
#include "sim.h"

/**
 * struct sim_tb_sample - the time base as read by another CPU
 * @card: card
 * @tb: in ticks
 */
struct sim_tb_sample {
	struct sim_card *card;
	u64 tb;
};

/* Do not wait any longer for a program that asked but does not look. */
#define SHOW_WITHIN_NS	(20 * NSEC_PER_MSEC)

/* How often to check whether the program runs on the engine's CPU */
#define SHOW_AFTER_NS	(20 * NSEC_PER_USEC)

static u64 card_timebase(struct sim_card *card)
{
	return get_cycles() + READ_ONCE(card->timebase_offset);
}

/*
 * Showing the time base
 *
 * A program that polls for the time base compares it with its own clock at
 * once. A value shown while that program does not run is old when it is seen:
 * by a context switch if both are on one CPU, by other programs' time slices on
 * a busy machine.  So the value is shown by an interrupt on the CPU where the
 * program runs, which then goes on: a call of the other CPUs, or a timer on
 * this CPU, which also expires while the engine sleeps.
 */

static void show_now(struct sim_pe *pe)
{
	u64 tb = card_timebase(pe->afu->card) ?: 1;

	WRITE_ONCE(*pe->tb_shown, tb);
	WRITE_ONCE(*pe->tb_reg, cpu_to_be64(tb));
}

/* In a hard interrupt. Return whether the time base has been shown. */
static bool show_if_it_runs(struct sim_pe *pe)
{
	if (current->mm != pe->elem.mm || current->flags & PF_KTHREAD)
		return READ_ONCE(pe->tb_is_shown);
	/* Another thread of the program may run on another CPU. */
	if (!xchg(&pe->tb_is_shown, true))
		show_now(pe);
	return true;
}

static void show_call(void *pe)
{
	show_if_it_runs(pe);
}

static enum hrtimer_restart show_timer(struct hrtimer *timer)
{
	struct sim_pe *pe = container_of(timer, struct sim_pe, tb_timer);

	if (show_if_it_runs(pe))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(SHOW_AFTER_NS));
	return HRTIMER_RESTART;
}

void sim_pe_show_timebase(struct sim_pe *pe, __be64 *reg, u64 *shown)
{
	unsigned long flags;

	pe->tb_reg = reg;
	pe->tb_shown = shown;
	local_irq_save(flags);
	show_now(pe);
	local_irq_restore(flags);
}

bool sim_pe_answer_timebase(struct sim_pe *pe, __be64 *reg, u64 *shown)
{
	u64 now = ktime_get_ns();
	bool asked = pe->tb_asked;

	lockdep_assert_held(&pe->afu->turn);
	if (asked)
		hrtimer_cancel(&pe->tb_timer);
	if (pe->tb_is_shown)
		pe->tb_asked = 0;
	if (sim_reg_get(reg) == *shown)
		return asked;
	if (!pe->tb_asked)
		pe->tb_asked = now;
	pe->tb_is_shown = false;
	if (sim_pe_is_kernel(pe) || now - pe->tb_asked > SHOW_WITHIN_NS) {
		sim_pe_show_timebase(pe, reg, shown);
		pe->tb_asked = 0;
		return true;
	}
	preempt_disable();
	smp_call_function_many(cpu_online_mask, show_call, pe, true);
	if (!READ_ONCE(pe->tb_is_shown))
		hrtimer_start(&pe->tb_timer, ns_to_ktime(SHOW_AFTER_NS),
			      HRTIMER_MODE_REL_PINNED_HARD);
	preempt_enable();
	return true;
}

/**
 * sim_pe_init_timebase() - prepare to show the time base
 * @pe: new context
 */
void sim_pe_init_timebase(struct sim_pe *pe)
{
	hrtimer_setup(&pe->tb_timer, show_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * sim_pe_end_timebase() - the time base is not shown any more
 * @pe: context that the engine has forgotten
 */
void sim_pe_end_timebase(struct sim_pe *pe)
{
	hrtimer_cancel(&pe->tb_timer);
}

static void take_sample(void *data)
{
	struct sim_tb_sample *sample = data;

	sample->tb = card_timebase(sample->card);
}

/**
 * sim_card_timebase_synced() - does the time base agree with the CPUs'
 * counters?
 * @data: struct sim_card
 *
 * The engine may run on any CPU.  So the counter of each CPU is read between
 * two readings of this CPU's counter.
 *
 * Context: process context.
 */
bool sim_card_timebase_synced(void *data)
{
	struct sim_tb_sample sample = { .card = data };
	bool synced = true;
	u64 before, after;
	unsigned int cpu;

	migrate_disable();
	for_each_online_cpu(cpu) {
		before = get_cycles();
		/* The CPU may have gone offline: then no engine runs there. */
		if (smp_call_function_single(cpu, take_sample, &sample, true))
			continue;
		after = get_cycles();
		/* Without a counter all values are 0. */
		if (!after || sample.tb < before || sample.tb > after)
			synced = false;
	}
	migrate_enable();
	return synced;
}
