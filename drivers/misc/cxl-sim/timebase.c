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
#include "compat_arch.h"
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

/* A program may ask all the time: interrupt the other CPUs only so often. */
#define TRY_NS		NSEC_PER_MSEC

/* How long it is known whether the time base is synchronised, likewise */
#define SYNCED_NS	(10 * NSEC_PER_MSEC)

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
 *
 * An AFU tries this for one context at a time, and for TRY_NS at least before
 * it turns to another, so that programs cannot keep the CPUs busy by asking.
 */

static void show_now(struct sim_pe *pe)
{
	u64 tb = card_timebase(pe->afu->card) ?: 1;

	WRITE_ONCE(*pe->tb_shown, tb);
	WRITE_ONCE(*pe->tb_reg, cpu_to_be64(tb));
}

/* In a hard interrupt. Return whether the program was running. */
static bool show_if_it_runs(struct sim_pe *pe)
{
	if (current->mm != pe->elem.mm || current->flags & PF_KTHREAD)
		return false;
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
	struct sim_afu *afu = container_of(timer, struct sim_afu, tb_timer);

	if (show_if_it_runs(afu->tb_pe))
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

/* No timer and no call to another CPU uses a context any more. */
static void end_try(struct sim_afu *afu)
{
	lockdep_assert_held(&afu->turn);
	hrtimer_cancel(&afu->tb_timer);
	afu->tb_pe = NULL;
}

static void begin_try(struct sim_pe *pe, u64 now)
{
	struct sim_afu *afu = pe->afu;

	end_try(afu);
	afu->tb_pe = pe;
	afu->tb_tried = now;
	preempt_disable();
	smp_call_function_many(sim_cpus_of(pe->elem.mm), show_call, pe, true);
	if (!READ_ONCE(pe->tb_is_shown))
		hrtimer_start(&afu->tb_timer, ns_to_ktime(SHOW_AFTER_NS),
			      HRTIMER_MODE_REL_PINNED_HARD);
	preempt_enable();
}

bool sim_pe_answer_timebase(struct sim_pe *pe, __be64 *reg, u64 *shown)
{
	struct sim_afu *afu = pe->afu;
	u64 now = ktime_get_ns();
	bool asked = pe->tb_asked;

	lockdep_assert_held(&afu->turn);
	/* Whoever has shown it was the last to try. */
	if (READ_ONCE(pe->tb_is_shown)) {
		WRITE_ONCE(pe->tb_is_shown, false);
		pe->tb_asked = 0;
	}
	if (sim_reg_get(reg) == READ_ONCE(*shown))
		return asked;
	if (!pe->tb_asked)
		pe->tb_asked = now;
	if (sim_pe_is_kernel(pe) || now - pe->tb_asked > SHOW_WITHIN_NS) {
		if (afu->tb_pe == pe)
			end_try(afu);
		sim_pe_show_timebase(pe, reg, shown);
		pe->tb_asked = 0;
	} else if (now - afu->tb_tried >= TRY_NS) {
		begin_try(pe, now);
	}
	return true;
}

/**
 * sim_afu_init_timebase() - prepare to show the time base
 * @afu: AFU without contexts
 */
void sim_afu_init_timebase(struct sim_afu *afu)
{
	hrtimer_setup(&afu->tb_timer, show_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * sim_pe_end_timebase() - the time base is not shown any more
 * @pe: context that the engine has forgotten; its AFU's turn mutex is held
 */
void sim_pe_end_timebase(struct sim_pe *pe)
{
	if (pe->afu->tb_pe == pe)
		end_try(pe->afu);
}

static void take_sample(void *data)
{
	struct sim_tb_sample *sample = data;

	sample->tb = card_timebase(sample->card);
}

/*
 * The engine may run on any CPU.  So the counter of each CPU is read between
 * two readings of this CPU's counter.
 */
static bool is_synced(struct sim_card *card)
{
	struct sim_tb_sample sample = { .card = card };
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

/**
 * sim_card_timebase_synced() - does the time base agree with the CPUs'
 * counters?
 * @data: struct sim_card
 *
 * Everybody may ask, all the time: the answer is kept for a moment.
 *
 * Context: process context.
 */
bool sim_card_timebase_synced(void *data)
{
	struct sim_card *card = data;
	u64 offset = READ_ONCE(card->timebase_offset);
	u64 now = ktime_get_ns();
	bool synced;

	mutex_lock(&card->synced_lock);
	if (now - card->synced_checked >= SYNCED_NS ||
	    card->synced_offset != offset) {
		card->synced = is_synced(card);
		card->synced_checked = now;
		card->synced_offset = offset;
	}
	synced = card->synced;
	mutex_unlock(&card->synced_lock);
	return synced;
}
