// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PSL: its beginning, its end, and one clock of it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CREDITS		64
#define IDLE_CLOCKS	20

struct psl *psl_create(const struct psl_options *options,
		       const struct psl_host_ops *ops, void *host)
{
	static const struct psl_options usual;
	struct psl *psl;

	if (!options)
		options = &usual;
	if (!disorder_check(&options->disorder)) {
		errno = EINVAL;
		return NULL;
	}
	psl = calloc(1, sizeof(*psl));
	if (!psl)
		return NULL;
	psl->signals = signals_create();
	if (!psl->signals) {
		free(psl);
		return NULL;
	}
	psl->ops = ops;
	psl->host = host;
	psl->credits = options->credits ? options->credits : CREDITS;
	psl->room = psl->credits;
	psl->disorder = options->disorder;
	/* From zero, the dice would give zero for ever. */
	psl->dice = options->disorder.seed + 0x9e3779b97f4a7c15ULL;
	if (!psl->dice)
		psl->dice = 1;
	psl->job = JOB_RESETTING;
	return psl;
}

void psl_destroy(struct psl *psl)
{
	if (!psl)
		return;
	mmio_end_all(psl);
	command_forget_all(psl);
	llcmd_forget(psl);
	context_forget_all(psl);
	free(psl->signals);
	free(psl);
}

static bool has_event(const struct psl *psl)
{
	const struct psl_from_afu *in = &psl->in;
	const struct psl_to_afu *out = psl->out;

	return in->done || in->cack || in->tbreq || in->command.valid ||
	       in->mmio_ack || in->line.valid || out->job || out->mmio ||
	       out->response || out->fetch || out->line.valid;
}

/*
 * In each clock, handle what the AFU says first: it does not know yet what it is
 * told in the same clock.
 */
void psl_step(struct psl *psl, const struct psl_from_afu *in,
	      struct psl_to_afu *out)
{
	memset(out, 0, sizeof(*out));
	psl->in = *in;
	psl->out = out;
	psl->ops->poll(psl->host);
	job_step(psl);
	mmio_step(psl);
	command_step(psl);
	buffer_step(psl);
	response_step(psl);
	if (psl->job == JOB_STARTING || psl->job == JOB_RUNNING)
		out->room = psl->credits;
	if (has_event(psl))
		psl->last_event = psl->cycle;
	psl->cycle++;
}

uint64_t psl_cycles(const struct psl *psl)
{
	return psl->cycle;
}

uint64_t psl_quiet_cycles(const struct psl *psl)
{
	return psl->cycle - psl->last_event;
}

static bool has_command(const struct psl *psl)
{
	size_t i;

	for (i = 0; i < TAGS; i++)
		if (psl->tags[i])
			return true;
	return psl->resolving.first;
}

static bool waits_for_afu(const struct psl *psl)
{
	switch (psl->job) {
	case JOB_RESETTING:
	case JOB_STARTING:
		return true;
	case JOB_OFF:
		return !psl->described || context_first_alive(psl);
	default:
		return psl->llcmds || psl->timebase_wanted;
	}
}

bool psl_is_idle(const struct psl *psl)
{
	return psl_quiet_cycles(psl) > IDLE_CLOCKS && !psl->mmios &&
	       !psl->mmio_sent && !waits_for_afu(psl) && !has_command(psl);
}

bool psl_is_running(const struct psl *psl)
{
	return psl->in.running;
}
