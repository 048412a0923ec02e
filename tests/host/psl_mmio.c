// SPDX-License-Identifier: GPL-2.0-only
/* MMIO of the PSL: sizes and halves, order, contexts, and resets. */
#include <string.h>

#include "bench.h"
#include "tap.h"

/* An access that nobody waits for, and how it ended */
struct access {
	struct psl_mmio mmio;
	bool done;
	bool answered;
	unsigned int order;
};

static unsigned int ended;

static void has_ended(void *host, struct psl_mmio *mmio, bool answered)
{
	struct access *access = (struct access *)mmio;

	(void)host;
	access->done = true;
	access->answered = answered;
	access->order = ended++;
}

static void start(struct bench *bench, struct access *access, int handle,
		  uint32_t address)
{
	*access = (struct access){
		.mmio = {
			.read = true,
			.size = 8,
			.address = address,
			.handle = handle,
			.done = has_ended,
		},
	};
	psl_mmio(bench->psl, &access->mmio);
}

static void words_and_halves(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench_write(bench, 0x40, 8, 0x0123456789abcdefULL);
	check_eq(bench->afu.registers[8], 0x0123456789abcdefULL);
	check_eq(bench_read(bench, 0x40, 8), 0x0123456789abcdefULL);
	check_eq(bench_read(bench, 0x40, 4), 0x01234567);
	check_eq(bench_read(bench, 0x44, 4), 0x89abcdef);
	bench_write(bench, 0x44, 4, 0xffffffff11223344ULL);
	check_eq(bench_read(bench, 0x40, 8), 0x0123456711223344ULL);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

static void one_after_another(void)
{
	struct access accesses[8];
	struct bench *bench = bench_start(NULL);
	unsigned int i;

	bench_run_directed(bench, 1);
	bench->afu.mmio_cycles = 50;
	for (i = 0; i < 8; i++) {
		bench->afu.registers[i] = i;
		start(bench, &accesses[i], 0, 8 * i);
	}
	bench_clock(bench, 40);
	check(!accesses[0].done);
	bench_clock(bench, 20);
	check(accesses[0].done && !accesses[1].done);
	require(bench_settle(bench));
	for (i = 0; i < 8; i++) {
		check(accesses[i].done && accesses[i].answered);
		check_eq(accesses[i].order, i);
		check_eq(accesses[i].mmio.data, i);
	}
	bench_end(bench);
}

/* The AFU cannot have seen the next access yet. */
static void long_mmack_is_for_one_access(void)
{
	struct access first, second;
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench->afu.registers[0] = 0x1111;
	bench->afu.registers[1] = 0x2222;
	start(bench, &first, 0, 0);
	start(bench, &second, 0, 8);
	while (!bench->afu.ah.mmack)
		bench_clock(bench, 1);
	bench->afu.mmio_in = 1;
	bench_clock(bench, 1);
	check(bench->afu.ah.mmack);
	require(bench_settle(bench));
	check_eq(first.mmio.data, 0x1111);
	check_eq(second.mmio.data, 0x2222);
	check_eq(psl_rules_broken(bench->psl), 1);
	check(strstr(bench->report, "without an MMIO access"), "%s",
	      bench->report);
	bench_end(bench);
}

static void waits_for_its_context(void)
{
	struct access early, other;
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench->afu.ack_cycles = 100;
	require_ok(psl_attach(bench->psl, 1, 0));
	start(bench, &early, 1, 0);
	start(bench, &other, 0, 0);
	bench_clock(bench, 50);
	/* It does not hold up other contexts. */
	check(other.done && other.answered);
	check(!early.done);
	require(bench_settle(bench));
	check(early.done && early.answered);
	bench_end(bench);
}

static void context_goes(void)
{
	struct access sent, waiting, later, nobody;
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 2);
	bench->afu.mmio_cycles = 50;
	start(bench, &sent, 1, 0);
	start(bench, &waiting, 1, 0);
	start(bench, &nobody, 7, 0);
	bench_clock(bench, 10);
	psl_detach(bench->psl, 1);
	require_ok(psl_attach(bench->psl, 1, 0));
	start(bench, &later, 1, 0);
	require(bench_settle(bench));
	/* What the AFU has is done; the rest is not for the new context. */
	check(sent.done && sent.answered);
	check(waiting.done && !waiting.answered);
	check_eq(waiting.mmio.data, ~0ULL);
	check(nobody.done && !nobody.answered);
	check(later.done && later.answered);
	bench_end(bench);
}

static void reset_ends_what_was_sent(void)
{
	struct access sent, waiting, global;
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	bench->afu.mmio_cycles = 50;
	start(bench, &sent, 0, 0);
	start(bench, &waiting, 0, 0);
	start(bench, &global, PSL_NO_CONTEXT, 0);
	bench_clock(bench, 10);
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	check(sent.done && !sent.answered);
	require(bench_settle(bench));
	check(waiting.done && !waiting.answered);
	/* An access without a context is still good after the reset. */
	check(global.done && global.answered);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

/* The AFU never runs, but says why in a register. */
static void registers_after_a_refused_start(void)
{
	struct access access;
	struct bench *bench = bench_start(NULL);

	psl_set_mode(bench->psl, CXL_MODE_DEDICATED);
	require(bench_settle(bench));
	bench->afu.start_cycles = 0;
	bench->afu.registers[1] = 0x5555;
	require_ok(psl_attach(bench->psl, 0, 0));
	start(bench, &access, 0, 8);
	bench_clock(bench, 10);
	check(!access.done);
	afu_finish(&bench->afu, 0xbad);
	require(bench_settle(bench));
	require(access.done && access.answered);
	check_eq(access.mmio.data, 0x5555);
	check_eq(bench->errors, 1);
	check_eq(bench->error, 0xbad);
	check_eq(psl_rules_broken(bench->psl), 1);
	bench_end(bench);
}

static void descriptor_survives_a_reset(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.mmio_cycles = 50;
	while (!bench->afu.mmio_in)
		bench_clock(bench, 1);
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	require(psl_descriptor(bench->psl));
	check_eq(psl_descriptor(bench->psl)->processes, 16);
	bench_end(bench);
}

static const struct tap_test tests[] = {
	{ "psl_mmio.words_and_halves", words_and_halves },
	{ "psl_mmio.one_after_another", one_after_another },
	{ "psl_mmio.long_mmack_is_for_one_access",
	  long_mmack_is_for_one_access },
	{ "psl_mmio.waits_for_its_context", waits_for_its_context },
	{ "psl_mmio.context_goes", context_goes },
	{ "psl_mmio.reset_ends_what_was_sent", reset_ends_what_was_sent },
	{ "psl_mmio.registers_after_a_refused_start",
	  registers_after_a_refused_start },
	{ "psl_mmio.descriptor_survives_a_reset",
	  descriptor_survives_a_reset },
};

TAP_MAIN(tests)
