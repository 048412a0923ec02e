// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Job control:
 *
 *	       jdone            a context         jrunning
 *	RESETTING --> OFF -----------> STARTING --> RUNNING
 *	    ^  ^                           |            |
 *	    |  '-- mode set, dedicated:    '-- jdone ---+
 *	    |      detach                               v
 *	    '------------------------------- directed: at once, dedicated: ENDED
 */
#include <misc/cxl.h>

#include "internal.h"

/* Clocks after which an AFU that does not answer is reported */
#define JOB_LIMIT	1000000

static void enter(struct psl *psl, enum job_state state)
{
	psl->job = state;
	psl->job_sent = false;
	psl->job_since = psl->cycle;
}

static void send(struct psl *psl, enum psl_job_code code, uint64_t ea)
{
	psl->out->job = true;
	psl->out->job_code = code;
	psl->out->job_ea = ea;
	psl->job_sent = true;
	psl->job_since = psl->cycle;
}

static bool is_late(const struct psl *psl)
{
	return psl->job_sent && psl->cycle - psl->job_since == JOB_LIMIT;
}

/*
 * The AFU sees a job command at the edge after the clock in which it was sent:
 *
 *	PSL	reset sent
 *	AFU		jdone of the job's own end	sees reset	jdone
 *	clock	n	n + 1				n + 2	...
 */
static bool sees_job(const struct psl *psl)
{
	return psl->job_sent && psl->cycle - psl->job_since >= 2;
}

static void forget_work(struct psl *psl)
{
	command_forget_all(psl);
	lock_forget(psl, NULL);
	psl->timebase_wanted = false;
}

/* If a reset is in progress, another one is not needed. */
void job_reset(struct psl *psl)
{
	forget_work(psl);
	llcmd_forget(psl);
	if (psl->job == JOB_RESETTING)
		return;
	enter(psl, JOB_RESETTING);
	mmio_cut(psl);
}

void psl_set_mode(struct psl *psl, uint32_t mode)
{
	psl->mode = mode;
	job_reset(psl);
	context_forget_all(psl);
}

static void step_resetting(struct psl *psl)
{
	if (!psl->job_sent) {
		send(psl, PSL_JOB_RESET, 0);
		return;
	}
	if (is_late(psl))
		rule_broken(psl, RULE_RESET_TIME, "after %u cycles", JOB_LIMIT);
	if (!psl->in.done || !sees_job(psl))
		return;
	if (psl->in.running)
		rule_broken(psl, RULE_RESET_RUNNING, "jerror 0x%llx",
			    (unsigned long long)psl->in.error);
	enter(psl, JOB_OFF);
	if (!psl->described)
		descriptor_read(psl);
}

static void step_off(struct psl *psl)
{
	struct context *ctx = context_first_alive(psl);
	bool dedicated = psl->mode == CXL_MODE_DEDICATED;

	if (!ctx || !psl->described)
		return;
	psl->stale_lines = 0;
	enter(psl, JOB_STARTING);
	send(psl, PSL_JOB_START, dedicated ? ctx->wed : 0);
	ctx->known = dedicated;
	psl->told = dedicated;
}

/*
 * In directed mode the AFU no longer knows its contexts and cannot serve them.
 * In dedicated mode its registers can still be read, even if it never ran.
 */
static void end(struct psl *psl)
{
	uint64_t error = psl->in.done ? psl->in.error : 0;

	forget_work(psl);
	if (psl->mode == CXL_MODE_DEDICATED) {
		enter(psl, JOB_ENDED);
		psl->contexts->ready = true;
		if (error)
			psl->ops->error(psl->host, 0, error);
		return;
	}
	context_end_all(psl, error);
	llcmd_end(psl);
	enter(psl, JOB_RESETTING);
	mmio_cut(psl);
}

static void step_starting(struct psl *psl)
{
	const struct psl_from_afu *in = &psl->in;

	if (is_late(psl))
		rule_broken(psl, RULE_START_TIME, "after %u cycles", JOB_LIMIT);
	/* A jdone that lasts is still that of the reset. */
	if (in->done && !psl->was_done) {
		rule_broken(psl, in->running ? RULE_DONE_RUNNING :
			    RULE_START_DONE, "jerror 0x%llx",
			    (unsigned long long)in->error);
		end(psl);
	} else if (in->running) {
		enter(psl, JOB_RUNNING);
		if (psl->mode == CXL_MODE_DEDICATED)
			psl->contexts->ready = true;
	}
}

/* Only the first cycle of tbreq is a request. */
static void step_timebase(struct psl *psl)
{
	uint64_t now = 0;

	if (psl->in.tbreq && !psl->was_tbreq)
		psl->timebase_wanted = true;
	if (!psl->timebase_wanted || psl->out->job)
		return;
	psl->timebase_wanted = false;
	if (psl->ops->timebase)
		now = psl->ops->timebase(psl->host);
	psl->out->job = true;
	psl->out->job_code = PSL_JOB_TIMEBASE;
	psl->out->job_ea = now;
}

static void step_running(struct psl *psl)
{
	const struct psl_from_afu *in = &psl->in;

	if (in->done && in->running)
		rule_broken(psl, RULE_DONE_RUNNING, "jerror 0x%llx",
			    (unsigned long long)in->error);
	if (!in->done && !in->running)
		rule_broken(psl, RULE_STOPPED, "jerror 0x%llx",
			    (unsigned long long)in->error);
	if (in->done || !in->running) {
		end(psl);
		return;
	}
	llcmd_step(psl);
	step_timebase(psl);
}

void job_step(struct psl *psl)
{
	const struct psl_from_afu *in = &psl->in;

	if (in->done && psl->was_done)
		rule_broken(psl, RULE_DONE_LONG, "jerror 0x%llx",
			    (unsigned long long)in->error);
	switch (psl->job) {
	case JOB_RESETTING:
		step_resetting(psl);
		break;
	case JOB_OFF:
		step_off(psl);
		break;
	case JOB_STARTING:
		step_starting(psl);
		break;
	case JOB_RUNNING:
		step_running(psl);
		break;
	case JOB_ENDED:
		break;
	}
	psl->was_done = in->done;
	psl->was_tbreq = in->tbreq;
}
