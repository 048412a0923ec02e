// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: one thread for each AFU, which works for all its contexts.
 *
 * Contexts that have work take turns, and each turn is bounded.  Contexts without
 * work are in idle.c.  A context whose access faulted waits until the core has
 * answered.  The thread itself never waits for a program's memory: no program
 * can hold up another program, or its own detach.
 */
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "compat_arch.h"
#include "sim.h"

/* Work per turn, in units of a byte copied */
#define TURN_BUDGET	65536

/* For up to half of each period the engine has priority. */
#define PERIOD_NS	(20 * NSEC_PER_MSEC)

/* The timer may be late by this fraction of its time: a right shift */
#define SLACK_SHIFT	4

static struct sim_pe *wait_to_pe(struct timerqueue_node *node)
{
	return container_of(node, struct sim_pe, wait);
}

/*
 *	                 attach
 *	                    |            engine: its turn
 *	                    v          ------------------>
 *	fault_done --> RUNNABLE                            RUNNING --> FAULTING
 *	                ^   ^          <------------------    |
 *	                |   |            more to do           | idle
 *	                |   +----------- WAITING, ASLEEP <----+
 *	                |       time is over, or doorbell
 *	          (FAULTING)        any of them --> DEAD: detach, AFU reset
 */
void sim_pe_set_state(struct sim_pe *pe, enum sim_pe_state state)
{
	struct sim_afu *afu = pe->afu;

	lockdep_assert_held(&afu->lock);
	if (pe->state == SIM_PE_RUNNABLE)
		list_del(&pe->run);
	else if (pe->state == SIM_PE_WAITING)
		timerqueue_del(&afu->waiting, &pe->wait);

	pe->state = state;
	pe->delayed = false;
	if (state == SIM_PE_RUNNABLE)
		list_add_tail(&pe->run, &afu->runnable);
	else if (state == SIM_PE_WAITING)
		timerqueue_add(&afu->waiting, &pe->wait);
}

/* Give the next context its turn, or return NULL if none can work now. */
static struct sim_pe *begin_turn(struct sim_afu *afu)
{
	u64 now = ktime_get_ns();
	struct timerqueue_node *node;
	struct sim_pe *pe = NULL;

	lockdep_assert_held(&afu->turn);
	spin_lock_irq(&afu->lock);
	if (afu->halted)
		goto unlock;
	while ((node = timerqueue_getnext(&afu->waiting)) &&
	       ktime_to_ns(node->expires) <= now)
		sim_pe_set_state(wait_to_pe(node), SIM_PE_RUNNABLE);
	pe = list_first_entry_or_null(&afu->runnable, struct sim_pe, run);
	if (pe) {
		sim_pe_set_state(pe, SIM_PE_RUNNING);
		pe->active = pe->rung;
		pe->rung = false;
	}
unlock:
	spin_unlock_irq(&afu->lock);
	return pe;
}

/* After the first turn: let attach return. */
static void end_first_turn(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	spin_lock_irq(&afu->lock);
	pe->attached = true;
	spin_unlock_irq(&afu->lock);
	wake_up_all(&afu->first_turn);
}

static void begin_delay(struct sim_pe *pe, u64 now)
{
	pe->wait.expires = now + sim_pe_delay_us(pe) * NSEC_PER_USEC;
	sim_pe_set_state(pe, SIM_PE_WAITING);
	pe->delayed = true;
}

static void end_turn(struct sim_pe *pe, enum sim_turn result)
{
	struct sim_afu *afu = pe->afu;
	u64 now = ktime_get_ns();

	lockdep_assert_held(&afu->turn);
	if (pe->active) {
		pe->active = false;
		pe->last_active = now;
		afu->last_active = now;
	}
	if (result == SIM_TURN_IDLE || result == SIM_TURN_SLEEP) {
		sim_pe_go_idle(pe, result == SIM_TURN_SLEEP, now);
	} else {
		spin_lock_irq(&afu->lock);
		/* Else it is detached, or parked, maybe with its answer. */
		if (pe->state == SIM_PE_RUNNING) {
			if (result == SIM_TURN_DELAY)
				begin_delay(pe, now);
			else if (result == SIM_TURN_REST)
				sim_pe_set_state(pe, SIM_PE_ASLEEP);
			else
				sim_pe_set_state(pe, SIM_PE_RUNNABLE);
		}
		spin_unlock_irq(&afu->lock);
	}
	if (!pe->attached)
		end_first_turn(pe);
}

static bool run_turn(struct sim_afu *afu)
{
	enum sim_turn result;
	struct sim_pe *pe;

	mutex_lock(&afu->turn);
	pe = begin_turn(afu);
	if (pe) {
		afu->budget = TURN_BUDGET;
		result = afu->settings.model->turn(pe);
		sim_pe_leave_mm(pe);
		end_turn(pe, result);
	}
	mutex_unlock(&afu->turn);
	return pe;
}

/*
 * A real card does not compete with programs for a CPU, and hundreds of programs
 * may spin until it has done its work.  So the engine has the highest ordinary
 * priority.  But its work may be endless: beyond half of a CPU it runs at
 * normal priority, so that the machine stays usable.
 */
static void engine_set_priority(struct sim_afu *afu)
{
	u64 ran = current->se.sum_exec_runtime;
	u64 now = ktime_get_ns();

	if (now - afu->period >= PERIOD_NS) {
		afu->period = now;
		afu->ran = ran;
	}
	if (task_nice(current) < 0) {
		if (ran - afu->ran > PERIOD_NS / 2)
			set_user_nice(current, 0);
	} else if (ran - afu->ran <= PERIOD_NS / 2) {
		set_user_nice(current, MIN_NICE);
	}
}

static void engine_sleep(struct sim_afu *afu)
{
	u64 now = ktime_get_ns();
	struct timerqueue_node *node;
	ktime_t expires = now;
	bool work;

	set_current_state(TASK_IDLE);
	spin_lock_irq(&afu->lock);
	work = !afu->halted && !list_empty(&afu->runnable);
	node = afu->halted ? NULL : timerqueue_getnext(&afu->waiting);
	if (node)
		expires = sim_afu_next_wake(afu, node->expires, now);
	spin_unlock_irq(&afu->lock);

	if (!work && !kthread_should_stop()) {
		if (node)
			schedule_hrtimeout_range(&expires,
						 (expires - now) >> SLACK_SHIFT,
						 HRTIMER_MODE_ABS);
		else
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	afu->woke = ktime_get_ns();
}

static int engine_thread(void *data)
{
	struct sim_afu *afu = data;

	sim_allow_all_keys();
	while (!kthread_should_stop()) {
		engine_set_priority(afu);
		if (run_turn(afu))
			cond_resched();
		else
			engine_sleep(afu);
	}
	return 0;
}

/**
 * sim_engine_start() - start the engine of an AFU without contexts
 * @afu: AFU
 *
 * Return: 0 or an errno.
 */
int sim_engine_start(struct sim_afu *afu)
{
	struct task_struct *task;

	sim_afu_init_rung(afu);
	sim_afu_init_timebase(afu);
	task = kthread_run(engine_thread, afu, "cxl-sim/%s.%u",
			   config_item_name(&afu->card->group.cg_item),
			   afu->slice);
	if (IS_ERR(task))
		return PTR_ERR(task);
	afu->engine = task;
	return 0;
}

/**
 * sim_engine_stop() - the reverse of sim_engine_start()
 * @afu: AFU whose contexts are all gone
 */
void sim_engine_stop(struct sim_afu *afu)
{
	hrtimer_cancel(&afu->rung);
	kthread_stop(afu->engine);
	afu->engine = NULL;
}

static void set_halted(struct sim_afu *afu, bool halted)
{
	spin_lock_irq(&afu->lock);
	afu->halted = halted;
	spin_unlock_irq(&afu->lock);
}

/* Wait until the current turn is over. */
static void wait_turn(struct sim_afu *afu)
{
	mutex_lock(&afu->turn);
	mutex_unlock(&afu->turn);
}

/**
 * sim_engine_halt() - stop all work
 * @afu: AFU
 *
 * When this returns, no memory is touched and nothing is reported.
 */
void sim_engine_halt(struct sim_afu *afu)
{
	set_halted(afu, true);
	wait_turn(afu);
	wake_up_all(&afu->first_turn);
}

/**
 * sim_engine_resume() - the reverse of sim_engine_halt()
 * @afu: AFU
 */
void sim_engine_resume(struct sim_afu *afu)
{
	set_halted(afu, false);
	wake_up_process(afu->engine);
}

/**
 * sim_engine_end_delays() - end the injected delays of all contexts
 * @afu: AFU
 */
void sim_engine_end_delays(struct sim_afu *afu)
{
	struct timerqueue_node *node, *next;
	struct sim_pe *pe;

	spin_lock_irq(&afu->lock);
	for (node = timerqueue_getnext(&afu->waiting); node; node = next) {
		next = timerqueue_iterate_next(node);
		pe = wait_to_pe(node);
		if (pe->delayed)
			sim_pe_set_state(pe, SIM_PE_RUNNABLE);
	}
	spin_unlock_irq(&afu->lock);
	wake_up_process(afu->engine);
}

static bool first_turn_over(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;
	bool over;

	spin_lock_irq(&afu->lock);
	over = pe->attached || afu->halted || pe->state == SIM_PE_DEAD;
	spin_unlock_irq(&afu->lock);
	return over;
}

/**
 * sim_engine_add() - let the engine work for a context
 * @pe: new context
 *
 * Returns after its first turn, so that whatever the AFU does at once is done.
 *
 * Return: 0, or -EIO while the engine is halted.
 */
int sim_engine_add(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;
	bool attached;

	timerqueue_init(&pe->wait);
	sim_pe_init_idle(pe);

	spin_lock_irq(&afu->lock);
	if (!afu->halted)
		sim_pe_set_state(pe, SIM_PE_RUNNABLE);
	spin_unlock_irq(&afu->lock);

	wake_up_process(afu->engine);
	wait_event(afu->first_turn, first_turn_over(pe));

	spin_lock_irq(&afu->lock);
	attached = pe->attached;
	spin_unlock_irq(&afu->lock);
	return attached ? 0 : -EIO;
}

/**
 * sim_pe_kill() - let the context do no more work
 * @pe: context
 */
void sim_pe_kill(struct sim_pe *pe)
{
	spin_lock_irq(&pe->afu->lock);
	sim_pe_set_state(pe, SIM_PE_DEAD);
	spin_unlock_irq(&pe->afu->lock);
}

/**
 * sim_pe_is_dead() - was sim_pe_kill() called for the context?
 * @pe: context
 */
bool sim_pe_is_dead(struct sim_pe *pe)
{
	bool dead;

	spin_lock_irq(&pe->afu->lock);
	dead = pe->state == SIM_PE_DEAD;
	spin_unlock_irq(&pe->afu->lock);
	return dead;
}

/**
 * sim_pe_wake() - there is work for the context
 * @pe: context
 */
void sim_pe_wake(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	spin_lock_irq(&afu->lock);
	if (pe->state == SIM_PE_WAITING || pe->state == SIM_PE_ASLEEP)
		sim_pe_set_state(pe, SIM_PE_RUNNABLE);
	spin_unlock_irq(&afu->lock);
	wake_up_process(afu->engine);
}

/**
 * sim_engine_remove() - the reverse of sim_engine_add()
 * @pe: context
 *
 * When this returns, the engine does not know @pe any more.
 */
void sim_engine_remove(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;

	sim_pe_kill(pe);
	mutex_lock(&afu->turn);
	sim_pe_end_timebase(pe);
	mutex_unlock(&afu->turn);
}

/*
 * What models can tell and ask during a turn
 */

void sim_pe_active(struct sim_pe *pe)
{
	pe->active = true;
}

void sim_pe_count_element(struct sim_pe *pe)
{
	pe->elements++;
}

unsigned int sim_pe_delay_us(const struct sim_pe *pe)
{
	return READ_ONCE(pe->afu->card->delay_us);
}

bool sim_turn_charge(struct sim_pe *pe, unsigned int cost)
{
	lockdep_assert_held(&pe->afu->turn);
	pe->afu->budget -= cost;
	return pe->afu->budget > 0;
}

bool sim_pe_has_interrupt(const struct sim_pe *pe, unsigned int irq)
{
	return irq >= 1 && irq <= pe->elem.num_irqs;
}

int sim_pe_interrupt(struct sim_pe *pe, unsigned int irq)
{
	if (!sim_pe_has_interrupt(pe, irq))
		return -EINVAL;
	return cxl_context_interrupt(pe->elem.ctx, irq);
}

void sim_pe_error(struct sim_pe *pe, u64 error)
{
	cxl_context_afu_error(pe->elem.ctx, error);
}
