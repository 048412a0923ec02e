// SPDX-License-Identifier: GPL-2.0-only
/* Job control of the PSL: reset, start, contexts, time base, and the end. */
#include <string.h>

#include "bench.h"
#include "tap.h"

static void check_job(const struct bench *bench, unsigned int i, uint8_t code,
		      uint64_t ea)
{
	require(i < bench->afu.job_count, "there are %u",
		bench->afu.job_count);
	check_eq(bench->afu.jobs[i].code, code);
	check_eq(bench->afu.jobs[i].ea, ea);
}

static void reset_comes_first(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.reset_cycles = 1000;
	bench_clock(bench, 900);
	check_job(bench, 0, PSL_JOB_RESET, 0);
	check_eq(bench->afu.job_count, 1);
	check(!psl_descriptor(bench->psl));
	check(!psl_is_idle(bench->psl));
	check(bench_settle(bench));
	check(psl_descriptor(bench->psl));
	bench_end(bench);
}

static void descriptor_is_read(void)
{
	static const uint8_t ids[16] = {
		0x14, 0x10, 0x50, 0x04, 0, 0, 0, 0, 1, 0, 0, 0x12,
	};
	struct bench *bench = bench_start(NULL);
	const struct psl_descriptor *d;

	bench->afu.descriptor[0x38 / 8] = 0x2000000;
	bench->afu.descriptor[0x40 / 8] = 2;
	bench->afu.descriptor[0x48 / 8] = 0x1000;
	require(bench_settle(bench));
	d = psl_descriptor(bench->psl);
	require(d);
	check_eq(d->interrupts, 4);
	check_eq(d->processes, 16);
	check_eq(d->config_records, 1);
	check_eq(d->modes, CXL_MODE_DEDICATED | CXL_MODE_DIRECTED);
	check_eq(d->config_length, 256);
	check_eq(d->config_offset, 0x100);
	check(d->psa && d->pp_psa);
	check_eq(d->pp_length, 4096);
	check_eq(d->pp_offset, 0x2000000);
	check_eq(d->eb_length, 8192);
	check_eq(d->eb_offset, 0x1000);
	check_mem_eq(d->ids, ids, sizeof(ids));
	bench_end(bench);
}

static void bad_descriptor_is_told(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.descriptor[0] = 0x8000;
	require(bench_settle(bench));
	check_eq(bench->reports, 1);
	bench_end(bench);
}

static void start_hands_over_the_wed(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 0xfeedULL << 40);
	check_job(bench, 1, PSL_JOB_START, 0xfeedULL << 40);
	check_eq(bench->afu.job_count, 2);
	bench_end(bench);
}

static void contexts_are_added_and_removed(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 2);
	check_job(bench, 1, PSL_JOB_START, 0);
	check_job(bench, 2, PSL_JOB_LLCMD, PSL_LLCMD_ADD);
	check_job(bench, 3, PSL_JOB_LLCMD, PSL_LLCMD_ADD | 1);
	psl_detach(bench->psl, 1);
	require(bench_settle(bench));
	check_job(bench, 4, PSL_JOB_LLCMD, PSL_LLCMD_TERMINATE | 1);
	check_job(bench, 5, PSL_JOB_LLCMD, PSL_LLCMD_REMOVE | 1);
	/* The job goes on without contexts. */
	psl_detach(bench->psl, 0);
	require(bench_settle(bench));
	check(psl_is_running(bench->psl));
	check_eq(bench->afu.job_count, 8);
	bench_end(bench);
}

static void one_llcmd_at_a_time(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.ack_cycles = 0;
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	require_ok(psl_attach(bench->psl, 3, 0));
	require_ok(psl_attach(bench->psl, 4, 0));
	bench_clock(bench, 1000);
	check_eq(bench->afu.job_count, 3);
	bench->afu.cack_in = 1;
	bench->afu.ack_cycles = 1;
	require(bench_settle(bench));
	check_eq(bench->afu.job_count, 4);
	check_job(bench, 3, PSL_JOB_LLCMD, PSL_LLCMD_ADD | 4);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

/* The AFU cannot have seen the next LLCMD yet. */
static void long_jcack_is_for_one_llcmd(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	require_ok(psl_attach(bench->psl, 1, 0));
	require_ok(psl_attach(bench->psl, 2, 0));
	require_ok(psl_attach(bench->psl, 3, 0));
	while (!bench->afu.ah.jcack)
		bench_clock(bench, 1);
	bench->afu.cack_in = 1;
	bench->afu.ack_cycles = 0;
	bench_clock(bench, 1);
	check(bench->afu.ah.jcack);
	bench_clock(bench, 1000);
	check_job(bench, 4, PSL_JOB_LLCMD, PSL_LLCMD_ADD | 2);
	check_eq(bench->afu.job_count, 5);
	check_eq(psl_rules_broken(bench->psl), 1);
	check(strstr(bench->report, "jcack without an LLCMD"), "%s",
	      bench->report);
	bench->afu.cack_in = 1;
	bench->afu.ack_cycles = 1;
	require(bench_settle(bench));
	check_eq(bench->afu.job_count, 6);
	bench_end(bench);
}

static void handle_is_used_again_in_order(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench->afu.ack_cycles = 100;
	psl_detach(bench->psl, 0);
	require_ok(psl_attach(bench->psl, 0, 77));
	/* The AFU only knows the old context: its command has none. */
	bench_clock(bench, 150);
	check_job(bench, 4, PSL_JOB_LLCMD, PSL_LLCMD_REMOVE);
	check_eq(bench->afu.job_count, 5);
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 10);
	check_eq(bench->afu.tags[1].response, PSL_CONTEXT);
	require(bench_settle(bench));
	check_job(bench, 5, PSL_JOB_LLCMD, PSL_LLCMD_ADD);
	check_eq(bench_command(bench, 1, PSL_READ_PE, 0, 128), PSL_DONE);
	check_eq(bench->afu.tags[1].line[123], 77);
	bench_end(bench);
}

static void context_the_afu_never_saw(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.start_cycles = 500;
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	require_ok(psl_attach(bench->psl, 1, 0));
	require_ok(psl_attach(bench->psl, 2, 0));
	bench_clock(bench, 10);
	psl_detach(bench->psl, 1);
	require(bench_settle(bench));
	check_eq(bench->afu.job_count, 3);
	check_job(bench, 2, PSL_JOB_LLCMD, PSL_LLCMD_ADD | 2);
	bench_end(bench);
}

static void attach_is_refused(void)
{
	struct bench *bench = bench_start(NULL);

	check_errno(psl_attach(bench->psl, 0, 0), EINVAL);
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	check_errno(psl_attach(bench->psl, 0, 0), EINVAL);
	require(bench_settle(bench));
	check_errno(psl_attach(bench->psl, 16, 0), EINVAL);
	check_ok(psl_attach(bench->psl, 15, 0));
	check_errno(psl_attach(bench->psl, 15, 0), EBUSY);
	psl_set_mode(bench->psl, CXL_MODE_DEDICATED);
	check_errno(psl_attach(bench->psl, 1, 0), EINVAL);
	check_ok(psl_attach(bench->psl, 0, 0));
	check_errno(psl_attach(bench->psl, 0, 0), EBUSY);
	bench_end(bench);
}

static void dedicated_detach_resets(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 1);
	check_eq(bench->afu.resets, 1);
	psl_detach(bench->psl, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.resets, 2);
	check(!psl_is_running(bench->psl));
	require_ok(psl_attach(bench->psl, 0, 2));
	require(bench_settle(bench));
	check_job(bench, 3, PSL_JOB_START, 2);
	bench_end(bench);
}

static void dedicated_job_ends(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 1);
	afu_finish(&bench->afu, 0);
	require(bench_settle(bench));
	check_eq(bench->errors, 0);
	check_eq(bench->afu.resets, 1);
	/* Its registers can still be read. */
	bench->afu.registers[1] = 0x5555;
	check_eq(bench_read(bench, 8, 8), 0x5555);
	psl_detach(bench->psl, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.resets, 2);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void error_ends_the_job(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 1);
	afu_finish(&bench->afu, 0xbad);
	require(bench_settle(bench));
	check_eq(bench->errors, 1);
	check_eq(bench->error, 0xbad);
	bench_end(bench);
}

static void error_is_told_to_all_contexts(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 3);
	afu_finish(&bench->afu, 0xbad);
	require(bench_settle(bench));
	check_eq(bench->errors, 3);
	check_eq(bench->error, 0xbad);
	check_eq(bench->afu.resets, 2);
	/* The job does not start again for these contexts: they are dead. */
	check(!psl_is_running(bench->psl));
	check_eq(bench_read(bench, 8, 8), ~0ULL);
	/* It does for a new one. */
	require_ok(psl_attach(bench->psl, 9, 0));
	require(bench_settle(bench));
	check(psl_is_running(bench->psl));
	check_job(bench, bench->afu.job_count - 1, PSL_JOB_LLCMD,
		  PSL_LLCMD_ADD | 9);
	bench_end(bench);
}

/* Clock until the AFU sees a job command of this kind. */
static void wait_for_job(struct bench *bench, uint8_t code)
{
	unsigned int left = 1000;
	unsigned int i = bench->afu.job_count;

	while (left-- && (bench->afu.job_count == i ||
			  bench->afu.jobs[bench->afu.job_count - 1].code != code))
		bench_clock(bench, 1);
	require(bench->afu.job_count > i);
	check_eq(bench->afu.jobs[bench->afu.job_count - 1].code, code);
}

/* The same AFU would end the next job, too: it is not started again and again. */
static void directed_job_that_ends_at_its_start(void)
{
	struct bench *bench = bench_start(NULL);

	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	bench->afu.start_cycles = 0;
	require_ok(psl_attach(bench->psl, 1, 0));
	require_ok(psl_attach(bench->psl, 2, 0));
	wait_for_job(bench, PSL_JOB_START);
	afu_finish(&bench->afu, 0xbad);
	require(bench_settle(bench));
	check_eq(bench->errors, 2);
	check_eq(bench->error, 0xbad);
	check_eq(psl_rules_broken(bench->psl), 1);
	check(strstr(bench->report, "jdone instead of jrunning"), "%s",
	      bench->report);
	check_eq(bench->afu.job_count, 3);
	check_job(bench, 2, PSL_JOB_RESET, 0);

	/* It is started for a new context. */
	bench->afu.start_cycles = 2;
	require_ok(psl_attach(bench->psl, 3, 0));
	require(bench_settle(bench));
	check_job(bench, 3, PSL_JOB_START, 0);
	check_job(bench, 4, PSL_JOB_LLCMD, PSL_LLCMD_ADD | 3);
	check_eq(bench->afu.job_count, 5);
	/* The end of this job is not for those that are dead. */
	afu_finish(&bench->afu, 0xdead);
	require(bench_settle(bench));
	check_eq(bench->errors, 3);
	bench_end(bench);
}

/* It runs, but for too short a time to be told of a context. */
static void directed_job_that_ends_at_once(void)
{
	struct bench *bench = bench_start(NULL);

	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	require_ok(psl_attach(bench->psl, 0, 0));
	while (!bench->afu.ah.jrunning)
		bench_clock(bench, 1);
	afu_finish(&bench->afu, 0xbad);
	bench_clock(bench, 1);
	check(bench->afu.ah.jdone);
	require(bench_settle(bench));
	check_eq(bench->errors, 1);
	check_eq(bench->error, 0xbad);
	check_eq(bench->afu.job_count, 3);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void done_and_running_at_the_start(void)
{
	struct bench *bench = bench_start(NULL);

	psl_set_mode(bench->psl, CXL_MODE_DEDICATED);
	require(bench_settle(bench));
	require_ok(psl_attach(bench->psl, 0, 0));
	wait_for_job(bench, PSL_JOB_START);
	bench->afu.keep_running = true;
	afu_finish(&bench->afu, 0xbad);
	require(bench_settle(bench));
	check_eq(bench->errors, 1);
	check_eq(bench->error, 0xbad);
	check(strstr(bench->report, "jrunning stays 1"), "%s", bench->report);
	bench_end(bench);
}

/* A jdone that lasts does not end the job that is started meanwhile. */
static void reset_that_is_done_for_long(void)
{
	struct bench *bench = bench_start(NULL);
	unsigned int i;

	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require_ok(psl_attach(bench->psl, 0, 0));
	while (!bench->afu.ah.jdone)
		bench_clock(bench, 1);
	bench->afu.start_cycles = 10;
	for (i = 0; i < 5; i++) {
		bench->afu.ah.jdone = true;
		bench_clock(bench, 1);
	}
	require(bench_settle(bench));
	check(psl_is_running(bench->psl));
	check_eq(bench->errors, 0);
	check_eq(psl_rules_broken(bench->psl), 4);
	check(strstr(bench->report, "more than one cycle"), "%s",
	      bench->report);
	bench_end(bench);
}

static void mode_resets(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 2);
	bench->late = true;
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 2);
	psl_set_mode(bench->psl, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.resets, 2);
	check_eq(bench->afu.tags[1].responses, 0);
	/* The tag that was in use is free again. */
	bench_run_dedicated(bench, 0);
	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, 0, 128), PSL_DONE);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void reset_while_data_are_fetched(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench->afu.brlat = 3;
	bench->afu.ah.brlat = 3;
	afu_command(&bench->afu, 1, PSL_WRITE_NA, 0, 128);
	bench_clock(bench, 2);
	check_eq(bench->afu.tags[1].fetches, 1);
	psl_set_mode(bench->psl, 0);
	require(bench_settle(bench));
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

/* The AFU sends another command before it sees the reset. */
static void commands_cross_a_reset(void)
{
	struct bench *bench = bench_start(NULL);
	unsigned int i;

	bench_run_dedicated(bench, 0);
	for (i = 0; i < 10; i++)
		afu_command(&bench->afu, i, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 3);
	psl_detach(bench->psl, 0);
	bench_clock(bench, 1);
	check(bench->afu.ah.cvalid);
	require(bench_settle(bench));
	check_eq(bench->afu.resets, 2);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

/* If the job ends by itself at that time, its jdone is not that of the reset. */
static void end_crosses_a_reset(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 0);
	bench->afu.reset_cycles = 100;
	afu_finish(&bench->afu, 0);
	psl_detach(bench->psl, 0);
	require_ok(psl_attach(bench->psl, 0, 7));
	bench_clock(bench, 1);
	check(bench->afu.ah.jdone);
	bench_clock(bench, 95);
	check_eq(bench->afu.job_count, 3);
	check_job(bench, 2, PSL_JOB_RESET, 0);
	require(bench_settle(bench));
	check_job(bench, 3, PSL_JOB_START, 7);
	check(psl_is_running(bench->psl));
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void timebase_is_given(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_dedicated(bench, 0);
	bench->afu.ah.tbreq = true;
	bench_clock(bench, 1);
	bench->afu.ah.tbreq = false;
	require(bench_settle(bench));
	check_job(bench, 2, PSL_JOB_TIMEBASE, 0x123456789abcdefULL);
	check_eq(bench->afu.job_count, 3);
	bench_end(bench);
}

static void time_can_stand_still(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	check(psl_is_idle(bench->psl));
	check(psl_quiet_cycles(bench->psl) < 30);
	bench->absent[0] = true;
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 1000);
	check(!psl_is_idle(bench->psl));
	check(psl_quiet_cycles(bench->psl) > 900);
	bench_page_in(bench, 0);
	check(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	bench_end(bench);
}

static const struct tap_test tests[] = {
	{ "psl_job.reset_comes_first", reset_comes_first },
	{ "psl_job.descriptor_is_read", descriptor_is_read },
	{ "psl_job.bad_descriptor_is_told", bad_descriptor_is_told },
	{ "psl_job.start_hands_over_the_wed", start_hands_over_the_wed },
	{ "psl_job.contexts_are_added_and_removed",
	  contexts_are_added_and_removed },
	{ "psl_job.one_llcmd_at_a_time", one_llcmd_at_a_time },
	{ "psl_job.long_jcack_is_for_one_llcmd", long_jcack_is_for_one_llcmd },
	{ "psl_job.handle_is_used_again_in_order",
	  handle_is_used_again_in_order },
	{ "psl_job.context_the_afu_never_saw", context_the_afu_never_saw },
	{ "psl_job.attach_is_refused", attach_is_refused },
	{ "psl_job.dedicated_detach_resets", dedicated_detach_resets },
	{ "psl_job.dedicated_job_ends", dedicated_job_ends },
	{ "psl_job.error_ends_the_job", error_ends_the_job },
	{ "psl_job.error_is_told_to_all_contexts",
	  error_is_told_to_all_contexts },
	{ "psl_job.directed_job_that_ends_at_its_start",
	  directed_job_that_ends_at_its_start },
	{ "psl_job.directed_job_that_ends_at_once",
	  directed_job_that_ends_at_once },
	{ "psl_job.done_and_running_at_the_start",
	  done_and_running_at_the_start },
	{ "psl_job.reset_that_is_done_for_long", reset_that_is_done_for_long },
	{ "psl_job.mode_resets", mode_resets },
	{ "psl_job.reset_while_data_are_fetched",
	  reset_while_data_are_fetched },
	{ "psl_job.commands_cross_a_reset", commands_cross_a_reset },
	{ "psl_job.end_crosses_a_reset", end_crosses_a_reset },
	{ "psl_job.timebase_is_given", timebase_is_given },
	{ "psl_job.time_can_stand_still", time_can_stand_still },
};

TAP_MAIN(tests)
