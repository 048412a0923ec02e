// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts that have nothing to do.
 *
 * A store to a context's window can ring a doorbell: the core takes the page away
 * from the program, so that the next store is a page fault.  A context whose
 * model waits for nothing else is polled for a short while, since more work may
 * follow.  Then the doorbell is armed, and after one more look the context
 * sleeps:
 *
 *	RUNNING --> WAITING --> ... --> arm --> RUNNING --> ASLEEP
 *	   ^                                      |           |
 *	   +---- psa_written ---------------------+-----------+
 *
 * A model may wait for something that does not ring, as the memcpy AFU waits
 * for an element in the memory of its program.  Such a context is polled ever
 * more rarely.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "../cxl/compat.h"
#include "sim.h"

/*
 * An idle context is looked at again after an eighth of the time for which it
 * has been idle: the delay adds little to what the program waits for anyway,
 * and the number of looks grows only with the logarithm of time.  The minimum
 * delay is what a round trip of a program may take.  The maximum (67 ms) bounds
 * how late work is noticed after a long pause; it also bounds the cost of
 * contexts that stay idle.
 */
#define IDLE_SHIFT	3
#define WATCH_SHIFT	7	/* sim_pe_watch_closely() */
#define IDLE_MIN_NS	BIT_ULL(14)
#define IDLE_MAX_NS	BIT_ULL(26)

/*
 * Polling may take a 128th of a CPU.  Where many contexts are idle, or the
 * machine is slow, looks become rarer; but the pause between them stays below
 * an eighth of the time for which all contexts have been idle, and below this:
 */
#define REST_SHIFT	7
#define REST_MAX_NS	(200 * NSEC_PER_MSEC)

/* Minimum delay while a program waits for the time base: it has to run, too */
#define TIMEBASE_NS	BIT_ULL(20)

/*
 * The doorbell rings before the store is made: the program is still in its page
 * fault.  An engine that woke up at once would take this CPU from the program,
 * see nothing, and go back to sleep.
 */
#define STORE_NS	NSEC_PER_USEC

/*
 * Arming costs the program a page fault, and more if it reads its registers all
 * the time: do not arm before the context has been idle for this long.
 */
#define ARM_AFTER_NS	(2 * NSEC_PER_MSEC)

void sim_pe_init_idle(struct sim_pe *pe)
{
	pe->idle_shift = IDLE_SHIFT;
}

void sim_pe_watch_closely(struct sim_pe *pe)
{
	pe->idle_shift = WATCH_SHIFT;
}

/*
 * When to look at an idle context again: at the next multiple of its delay, so
 * that contexts with similar idle times are looked at together.
 */
static u64 next_look(const struct sim_pe *pe, u64 now)
{
	u64 delay = (now - pe->last_active) >> pe->idle_shift;

	delay = clamp_t(u64, delay, IDLE_MIN_NS, IDLE_MAX_NS);
	/* The time base can only be shown while the program runs. */
	if (pe->tb_asked)
		delay = max_t(u64, delay, TIMEBASE_NS);
	return (now | (rounddown_pow_of_two(delay) - 1)) + 1;
}

static void look_again(struct sim_pe *pe, u64 now)
{
	pe->wait.expires = next_look(pe, now);
	sim_pe_set_state(pe, SIM_PE_WAITING);
}

/**
 * sim_pe_go_idle() - a turn found nothing more to do
 * @pe: context whose turn it is
 * @sleep: nothing but a store to its window brings work
 * @now: CLOCK_MONOTONIC ns
 */
void sim_pe_go_idle(struct sim_pe *pe, bool sleep, u64 now)
{
	struct sim_afu *afu = pe->afu;
	bool armed;

	lockdep_assert_held(&afu->turn);
	spin_lock_irq(&afu->lock);
	if (pe->state != SIM_PE_RUNNING)
		goto unlock;
	if (sleep && pe->armed) {
		sim_pe_set_state(pe, SIM_PE_ASLEEP);
		goto unlock;
	}
	if (!sleep || pe->rings_not || now - pe->last_active < ARM_AFTER_NS) {
		look_again(pe, now);
		goto unlock;
	}
	/* Before the pages are taken away: the doorbell may ring meanwhile. */
	pe->armed = true;
	spin_unlock_irq(&afu->lock);
	armed = cxl_context_arm_doorbell(pe->elem.ctx);
	spin_lock_irq(&afu->lock);
	if (!armed) {
		pe->armed = false;
		pe->rings_not = true;
	}
	if (pe->state == SIM_PE_RUNNING)
		sim_pe_set_state(pe, SIM_PE_RUNNABLE);
unlock:
	spin_unlock_irq(&afu->lock);
}

static void ring(struct sim_pe *pe)
{
	lockdep_assert_held(&pe->afu->lock);
	pe->armed = false;
	pe->rung = true;
	if (pe->state == SIM_PE_ASLEEP ||
	    (pe->state == SIM_PE_WAITING && !pe->delayed))
		sim_pe_set_state(pe, SIM_PE_RUNNABLE);
}

/**
 * sim_pe_ring() - its window may have been written to
 * @pe: context; its AFU's turn is held
 */
void sim_pe_ring(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	lockdep_assert_held(&afu->turn);
	spin_lock_irq(&afu->lock);
	ring(pe);
	spin_unlock_irq(&afu->lock);
	wake_up_process(afu->engine);
}

static enum hrtimer_restart wake_engine(struct hrtimer *timer)
{
	struct sim_afu *afu = container_of(timer, struct sim_afu, rung);

	wake_up_process(afu->engine);
	return HRTIMER_NORESTART;
}

void sim_afu_init_rung(struct sim_afu *afu)
{
	hrtimer_setup(&afu->rung, wake_engine, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
}

static bool tell_model(struct sim_afu *afu, unsigned long num)
{
	const struct sim_afu_hooks *hooks = afu->settings.model->hooks;

	return hooks && hooks->psa_written && hooks->psa_written(afu, num);
}

/**
 * sim_afu_psa_written() - a program or an AFU driver stores to an armed page
 * @data: struct sim_afu
 * @offset: of the page in the problem state area
 *
 * A page outside of all processes' windows concerns all contexts.
 *
 * Context: any.
 */
void sim_afu_psa_written(void *data, u64 offset)
{
	struct sim_afu *afu = data;
	struct sim_pe *pe;
	unsigned long flags, num;
	bool is_window;

	is_window = sim_afu_window_of(afu, offset, &num);
	/* Removal takes this lock before it frees a context. */
	spin_lock_irqsave(&afu->lock, flags);
	if (is_window) {
		pe = xa_load(&afu->pes, num);
		if (pe)
			ring(pe);
	} else {
		xa_for_each(&afu->pes, num, pe)
			ring(pe);
	}
	spin_unlock_irqrestore(&afu->lock, flags);

	if (is_window && tell_model(afu, num))
		return;
	if (!hrtimer_is_queued(&afu->rung))
		hrtimer_start(&afu->rung, ns_to_ktime(STORE_NS),
			      HRTIMER_MODE_REL_HARD);
}

/**
 * sim_afu_next_wake() - when the engine looks at the first waiting context
 * @afu: AFU
 * @first: when that context is due
 * @now: CLOCK_MONOTONIC ns
 *
 * Late enough to make up for the time spent since the engine woke up.
 */
u64 sim_afu_next_wake(const struct sim_afu *afu, u64 first, u64 now)
{
	u64 rest = (now - afu->woke) << REST_SHIFT;

	rest = min3(rest, (now - afu->last_active) >> IDLE_SHIFT,
		    (u64)REST_MAX_NS);
	return max(first, now + rest);
}
