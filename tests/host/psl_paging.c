// SPDX-License-Identifier: GPL-2.0-only
/* Pages that are not there: wait for them, or PAGED, FLUSHED and RESTART */
#include "bench.h"
#include "tap.h"

#define ABSENT	0x3000		/* in the page that is not there */
#define THERE	0x5000

static struct bench *run(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 2);
	bench->absent[ABSENT / BENCH_PAGE] = true;
	return bench;
}

static void end(struct bench *bench)
{
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void give(struct bench *bench, uint8_t tag, uint16_t code, uint64_t ea,
		 enum psl_abort_mode mode)
{
	afu_command(&bench->afu, tag, code, ea, 128)->abort = mode;
	bench_clock(bench, 30);
}

static void strict_waits(void)
{
	struct bench *bench = run();

	give(bench, 1, PSL_READ_CL_NA, ABSENT, PSL_STRICT);
	give(bench, 2, PSL_WRITE_NA, ABSENT, PSL_STRICT);
	give(bench, 3, PSL_TOUCH_M, ABSENT, PSL_STRICT);
	/* Other commands go on, even of this context. */
	give(bench, 4, PSL_READ_CL_NA, THERE, PSL_STRICT);
	check_eq(bench->afu.tags[1].response, -1);
	check_eq(bench->afu.tags[2].response, -1);
	check_eq(bench->afu.tags[3].response, -1);
	check_eq(bench->afu.tags[4].response, PSL_DONE);
	bench_page_in(bench, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	check_eq(bench->afu.tags[2].response, PSL_DONE);
	check_eq(bench->afu.tags[3].response, PSL_DONE);
	end(bench);
}

static void paged_until_restart(enum psl_abort_mode mode, uint16_t code)
{
	struct bench *bench = run();

	give(bench, 1, code, ABSENT, mode);
	check_eq(bench->afu.tags[1].response, PSL_PAGED);
	/* The data of a write are not fetched in vain. */
	check_eq(bench->afu.tags[1].fetches, 0);
	give(bench, 2, PSL_READ_CL_NA, THERE, PSL_STRICT);
	check_eq(bench->afu.tags[2].response, PSL_FLUSHED);
	/* RESTART waits for the page. */
	give(bench, 3, PSL_RESTART, 0, PSL_STRICT);
	check_eq(bench->afu.tags[3].response, -1);
	give(bench, 4, PSL_READ_CL_NA, THERE, PSL_STRICT);
	check_eq(bench->afu.tags[4].response, PSL_FLUSHED);
	bench_page_in(bench, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[3].response, PSL_DONE);
	give(bench, 1, code, ABSENT, mode);
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	end(bench);
}

static void abort_is_paged(void)
{
	paged_until_restart(PSL_ABORT, PSL_READ_CL_NA);
}

static void page_is_paged(void)
{
	paged_until_restart(PSL_PAGE, PSL_READ_CL_S);
}

static void writes_are_paged(void)
{
	paged_until_restart(PSL_PAGE, PSL_WRITE_MI);
}

static void touches_are_paged(void)
{
	paged_until_restart(PSL_ABORT, PSL_TOUCH_S);
}

static void zeroes_are_paged(void)
{
	paged_until_restart(PSL_ABORT, PSL_ZERO_M);
}

static void pref_and_spec_are_dropped(void)
{
	struct bench *bench = run();

	give(bench, 1, PSL_TOUCH_I, ABSENT, PSL_PREF);
	check_eq(bench->afu.tags[1].response, PSL_FAULT);
	give(bench, 2, PSL_READ_CL_NA, ABSENT, PSL_SPEC);
	check_eq(bench->afu.tags[2].response, PSL_FAULT);
	/* The host was not asked for the page, and nothing is flushed. */
	check(!bench->held);
	give(bench, 3, PSL_READ_CL_NA, THERE, PSL_STRICT);
	check_eq(bench->afu.tags[3].response, PSL_DONE);
	end(bench);
}

static void page_that_cannot_be_had(void)
{
	struct bench *bench = run();

	give(bench, 1, PSL_READ_CL_NA, ABSENT, PSL_PAGE);
	check_eq(bench->afu.tags[1].response, PSL_PAGED);
	bench_page_in(bench, EFAULT);
	give(bench, 2, PSL_RESTART, 0, PSL_STRICT);
	check_eq(bench->afu.tags[2].response, PSL_DONE);
	bench->absent[ABSENT / BENCH_PAGE] = true;
	/* The host is not asked again, so the AFU will not try for ever. */
	give(bench, 1, PSL_READ_CL_NA, ABSENT, PSL_PAGE);
	check_eq(bench->afu.tags[1].response, PSL_AERROR);
	check(!bench->held);
	end(bench);
}

static void idle_writes_are_flushed(void)
{
	struct bench *bench = run();

	/* A fetch takes two clocks: by the third one's turn there is an error. */
	bench->access_error[0] = EFAULT;
	afu_command(&bench->afu, 1, PSL_WRITE_NA, THERE, 128);
	afu_command(&bench->afu, 2, PSL_WRITE_NA, THERE + 128, 128);
	afu_command(&bench->afu, 3, PSL_WRITE_NA, THERE + 256, 128);
	afu_command(&bench->afu, 4, PSL_READ_CL_NA, 0, 128);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	check_eq(bench->afu.tags[3].response, PSL_FLUSHED);
	check_eq(bench->afu.tags[3].fetches, 0);
	check_eq(bench->afu.tags[4].response, PSL_AERROR);
	end(bench);
}

static void detach_while_paged(void)
{
	struct bench *bench = run();

	give(bench, 1, PSL_READ_CL_NA, ABSENT, PSL_PAGE);
	give(bench, 2, PSL_RESTART, 0, PSL_STRICT);
	psl_detach(bench->psl, 0);
	bench_clock(bench, 10);
	check_eq(bench->afu.tags[2].response, PSL_CONTEXT);
	bench_page_in(bench, ESTALE);
	check(bench_settle(bench));
	/* The next context is not flushed. */
	require_ok(psl_attach(bench->psl, 0, 0));
	require(bench_settle(bench));
	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, THERE, 128),
		 PSL_DONE);
	end(bench);
}

static void reset_while_paged(void)
{
	struct bench *bench = run();

	give(bench, 1, PSL_READ_CL_NA, ABSENT, PSL_PAGE);
	give(bench, 2, PSL_RESTART, 0, PSL_STRICT);
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	bench_clock(bench, 50);
	bench_page_in(bench, 0);
	check(bench_settle(bench));
	check_eq(bench->afu.tags[2].response, -1);
	end(bench);
}

static const struct tap_test tests[] = {
	{ "psl_paging.strict_waits", strict_waits },
	{ "psl_paging.abort_is_paged", abort_is_paged },
	{ "psl_paging.page_is_paged", page_is_paged },
	{ "psl_paging.writes_are_paged", writes_are_paged },
	{ "psl_paging.touches_are_paged", touches_are_paged },
	{ "psl_paging.zeroes_are_paged", zeroes_are_paged },
	{ "psl_paging.pref_and_spec_are_dropped", pref_and_spec_are_dropped },
	{ "psl_paging.page_that_cannot_be_had", page_that_cannot_be_had },
	{ "psl_paging.idle_writes_are_flushed", idle_writes_are_flushed },
	{ "psl_paging.detach_while_paged", detach_while_paged },
	{ "psl_paging.reset_while_paged", reset_while_paged },
};

TAP_MAIN(tests)
