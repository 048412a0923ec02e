// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card's time base: the cycle counter of the CPU that reads it, plus an
 * offset that debugfs can set.
 */
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <linux/timex.h>

#include "sim.h"

/**
 * struct sim_tb_sample - the time base, as another CPU reads it
 * @card: card
 * @tb: in ticks
 */
struct sim_tb_sample {
	struct sim_card *card;
	u64 tb;
};

static u64 card_timebase(struct sim_card *card)
{
	return get_cycles() + READ_ONCE(card->timebase_offset);
}

u64 sim_pe_timebase(const struct sim_pe *pe)
{
	return card_timebase(pe->afu->card);
}

static void take_sample(void *data)
{
	struct sim_tb_sample *sample = data;

	sample->tb = card_timebase(sample->card);
}

/**
 * sim_card_timebase_synced() - does the time base agree with the CPUs'?
 * @data: struct sim_card
 *
 * The engine may run on any CPU.  So the counter of each CPU is compared with
 * what this CPU reads before and after.
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
		/* It may have gone offline: then no engine runs there. */
		if (smp_call_function_single(cpu, take_sample, &sample, true))
			continue;
		after = get_cycles();
		/* All are 0 where there is no counter. */
		if (!after || sample.tb < before || sample.tb > after)
			synced = false;
	}
	migrate_enable();
	return synced;
}
