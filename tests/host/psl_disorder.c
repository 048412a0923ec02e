// SPDX-License-Identifier: GPL-2.0-only
/* Disorder: off unless wanted, the same for the same seed, and never wrong. */
#include <string.h>

#include "bench.h"
#include "tap.h"

#define COMMANDS	32

static struct bench *run(const struct psl_disorder *disorder)
{
	struct psl_options options = { .disorder = *disorder };
	struct bench *bench = bench_start(&options);

	bench_run_directed(bench, 1);
	return bench;
}

static void give_reads(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++)
		afu_command(&bench->afu, i, PSL_READ_CL_NA, i * 128, 128);
	require(bench_settle(bench));
}

static void check_reads(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		check_eq(bench->afu.tags[i].response, PSL_DONE);
		check_mem_eq(bench->afu.tags[i].line, bench->memory + i * 128,
			     128);
	}
	check_eq(psl_rules_broken(bench->psl), 0);
}

static unsigned int out_of_order(const struct bench *bench)
{
	unsigned int i, n = 0;

	for (i = 0; i < COMMANDS; i++)
		n += bench->afu.tags[i].order != i;
	return n;
}

static void off_by_default(void)
{
	struct psl_disorder none = { .seed = 5 };
	struct bench *bench = run(&none);
	unsigned int i;

	give_reads(bench);
	check_reads(bench);
	check_eq(out_of_order(bench), 0);
	for (i = 0; i < COMMANDS; i++)
		check_eq(bench->afu.tags[i].deliveries, 2);
	bench_end(bench);
}

static void responses_are_reordered(void)
{
	struct psl_disorder disorder = { .reorder = 50, .delay = 90 };
	struct bench *bench = run(&disorder);

	give_reads(bench);
	check_reads(bench);
	check(out_of_order(bench) > COMMANDS / 4);
	bench_end(bench);
}

static void responses_are_delayed(void)
{
	struct psl_disorder disorder = { .delay = 90 };
	struct bench *bench = run(&disorder);
	uint64_t before = psl_cycles(bench->psl);

	give_reads(bench);
	check_reads(bench);
	check(psl_cycles(bench->psl) - before > COMMANDS * 5);
	check_eq(out_of_order(bench), 0);
	bench_end(bench);
}

static void data_are_bogus_first(void)
{
	struct psl_disorder disorder = { .bogus = 50 };
	struct bench *bench = run(&disorder);
	unsigned int i, twice = 0;

	give_reads(bench);
	check_reads(bench);
	for (i = 0; i < COMMANDS; i++)
		twice += bench->afu.tags[i].deliveries == 4;
	check(twice > COMMANDS / 8 && twice < COMMANDS);
	bench_end(bench);
}

static void accesses_are_paged(void)
{
	struct psl_disorder disorder = { .paged = 50 };
	struct bench *bench = run(&disorder);
	unsigned int i, paged = 0;
	int response;

	for (i = 0; i < 100; i++) {
		response = bench_command(bench, 1, PSL_READ_CL_NA, 0, 128);
		if (response == PSL_DONE)
			continue;
		check_eq(response, PSL_PAGED);
		check_eq(bench_command(bench, 2, PSL_WRITE_NA, 0, 128),
			 PSL_FLUSHED);
		check_eq(bench_command(bench, 3, PSL_RESTART, 0, 0),
			 PSL_DONE);
		paged++;
	}
	check(paged > 20 && paged < 80);
	bench_end(bench);
}

static void record(uint64_t seed, unsigned int *order)
{
	struct psl_disorder disorder = {
		.seed = seed,
		.delay = 80,
		.reorder = 70,
		.bogus = 20,
	};
	struct bench *bench = run(&disorder);
	unsigned int i;

	give_reads(bench);
	check_reads(bench);
	for (i = 0; i < COMMANDS; i++)
		order[i] = bench->afu.tags[i].responded_at;
	bench_end(bench);
}

static void a_seed_is_an_order(void)
{
	unsigned int first[COMMANDS], second[COMMANDS], other[COMMANDS];

	record(1, first);
	record(1, second);
	record(2, other);
	check_mem_eq(first, second, sizeof(first));
	check(memcmp(first, other, sizeof(first)));
}

static const struct psl_host_ops no_ops;

static void impossible_options(void)
{
	struct psl_options options = { .disorder.paged = 100 };

	check(!psl_create(&options, &no_ops, NULL));
	check_eq(errno, EINVAL);
	options.disorder = (struct psl_disorder){ .delay = 100 };
	check(!psl_create(&options, &no_ops, NULL));
	options.disorder = (struct psl_disorder){ .reorder = 101 };
	check(!psl_create(&options, &no_ops, NULL));
	options.disorder = (struct psl_disorder){ .bogus = 101 };
	check(!psl_create(&options, &no_ops, NULL));
}

static const struct tap_test tests[] = {
	{ "psl_disorder.off_by_default", off_by_default },
	{ "psl_disorder.responses_are_reordered", responses_are_reordered },
	{ "psl_disorder.responses_are_delayed", responses_are_delayed },
	{ "psl_disorder.data_are_bogus_first", data_are_bogus_first },
	{ "psl_disorder.accesses_are_paged", accesses_are_paged },
	{ "psl_disorder.a_seed_is_an_order", a_seed_is_an_order },
	{ "psl_disorder.impossible_options", impossible_options },
};

TAP_MAIN(tests)
