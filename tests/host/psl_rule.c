// SPDX-License-Identifier: GPL-2.0-only
/* Rules that an AFU breaks: reported once, counted, and the simulation goes on. */
#include <string.h>

#include "bench.h"
#include "tap.h"

static struct bench *run(void)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, 1);
	return bench;
}

/* Check that it was reported, with @words, and that all is well after that. */
static void check_broken(struct bench *bench, unsigned int times,
			 const char *words)
{
	check_eq(psl_rules_broken(bench->psl), times);
	check_eq(bench->reports, 1);
	check(strstr(bench->report, words), "%s", bench->report);
	check(!strncmp(bench->report, "cycle ", 6));
	check_eq(bench_command(bench, 200, PSL_READ_CL_NA, 0x1000, 128),
		 PSL_DONE);
}

static void command_without_a_job(void)
{
	struct bench *bench = bench_start(NULL);

	require(bench_settle(bench));
	bench->afu.ah.jrunning = true;
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 3);
	bench->afu.ah.jrunning = false;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].responses, 0);
	bench_run_directed(bench, 1);
	check_broken(bench, 1, "a command while no job is running: tag 0x01");
	bench_end(bench);
}

static void tag_in_use(void)
{
	struct bench *bench = run();

	bench->absent[0] = true;
	afu_command(&bench->afu, 0x42, PSL_READ_CL_NA, 0, 128);
	afu_command(&bench->afu, 0x42, PSL_TOUCH_I, 0x1000, 128);
	bench_clock(bench, 20);
	check_eq(bench->afu.tags[0x42].responses, 0);
	bench_page_in(bench, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[0x42].responses, 1);
	check_broken(bench, 1,
		     "waits for its response: tag 0x42, command 0x0240, before it 0x0a00");
	bench_end(bench);
}

static void command_without_a_credit(void)
{
	struct psl_options options = { .credits = 4 };
	struct bench *bench = bench_start(&options);
	unsigned int i;

	bench_run_directed(bench, 1);
	bench->absent[0] = true;
	for (i = 0; i < 6; i++)
		afu_command(&bench->afu, i, PSL_READ_CL_NA, 0, 128);
	bench_clock(bench, 20);
	check_eq(bench->afu.tags[3].response, -1);
	check_eq(bench->afu.tags[4].response, PSL_FAILED);
	check_eq(bench->afu.tags[4].credits, 0);
	check_eq(bench->afu.tags[5].response, PSL_FAILED);
	bench_page_in(bench, 0);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[3].response, PSL_DONE);
	check_eq(bench->afu.tags[3].credits, 1);
	check_broken(bench, 2, "without a credit: tag 0x04, command 0x0a00");
	bench_end(bench);
}

static void parity_of_commands(void)
{
	struct bench *bench = run();
	struct afu_command *c;
	unsigned int i;

	/* Parity is checked only if the AFU says that it has parity. */
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128)->tag_parity ^= 1;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	bench->afu.ah.paren = true;
	for (i = 0; i < 3; i++) {
		c = afu_command(&bench->afu, i, PSL_READ_CL_NA, 0, 128);
		c->tag_parity ^= i == 0;
		c->code_parity ^= i == 1;
		c->ea_parity ^= i == 2;
		require(bench_settle(bench));
		check_eq(bench->afu.tags[i].response, PSL_FAILED);
	}
	check_broken(bench, 3, "wrong parity of a command: tag 0x00 (0)");
	bench_end(bench);
}

static void parity_of_data(void)
{
	struct bench *bench = run();

	bench->afu.wrong_parity = true;
	check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0x2000, 128),
		 PSL_DONE);
	bench->afu.ah.paren = true;
	memset(bench->memory + 0x2000, 0x55, 128);
	check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0x2000, 128),
		 PSL_DERROR);
	check_eq(bench->memory[0x2000], 0x55);
	check_eq(bench_command(bench, 2, PSL_RESTART, 0, 0), PSL_DONE);
	check_broken(bench, 1, "data of a write: tag 0x01");
	bench_end(bench);
}

static void unknown_code(void)
{
	static const uint16_t codes[] = { 0x1fff, 0x0103, 0x1f00, 0x1f10 };
	struct bench *bench = run();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		check_eq(bench_command(bench, 1, codes[i], 0, 128),
			 PSL_FAILED);
	check_broken(bench, 4, "command 0x1fff, tag 0x01");
	bench_end(bench);
}

static void unknown_abort_mode(void)
{
	struct bench *bench = run();

	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128)->abort = 5;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_DONE);
	check_broken(bench, 1, "mode 5");
	bench_end(bench);
}

static void bad_sizes(void)
{
	static const uint16_t sizes[] = { 0, 3, 96, 129, 256, 0xfff };
	struct bench *bench = run();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_eq(bench_command(bench, 1, PSL_READ_PNA, 0, sizes[i]),
			 PSL_FAILED);
		check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0, sizes[i]),
			 PSL_FAILED);
	}
	check_eq(bench_command(bench, 1, PSL_ZERO_M, 0, 64), PSL_FAILED);
	check_eq(bench_command(bench, 1, PSL_READ_PE, 0, 64), PSL_FAILED);
	check_eq(bench->accesses, 0);
	check_broken(bench, 14, "command 0x0e00, tag 0x01, size 0");
	bench_end(bench);
}

static void bad_alignment(void)
{
	struct bench *bench = run();

	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, 0x1004, 128),
		 PSL_FAILED);
	check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0x1001, 2), PSL_FAILED);
	check_eq(bench_command(bench, 1, PSL_ZERO_M, 0x1040, 128), PSL_FAILED);
	check_eq(bench->accesses, 0);
	check_broken(bench, 3, "address 0x1004, size 128");
	bench_end(bench);
}

static void bad_interrupts(void)
{
	struct bench *bench = run();

	check_eq(bench_command(bench, 1, PSL_INTREQ, 5, 0), PSL_FAILED);
	check_eq(bench_command(bench, 1, PSL_INTREQ, 0, 0), PSL_FAILED);
	check_broken(bench, 2, "interrupt 5");
	bench_end(bench);
}

static void unlock_of_nothing(void)
{
	struct bench *bench = run();

	check_eq(bench_command(bench, 1, PSL_UNLOCK, 0x1000, 128), PSL_NLOCK);
	check_eq(bench_command(bench, 1, PSL_WRITE_UNLOCK, 0x1000, 128),
		 PSL_NLOCK);
	check_eq(bench->accesses, 0);
	check_broken(bench, 2, "tag 0x01, address 0x1000");
	bench_end(bench);
}

static void bad_read_latency(void)
{
	struct bench *bench = run();

	bench->afu.brlat = 2;
	bench->afu.ah.brlat = 2;
	bench->afu.tags[1].line[127] = 99;
	check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0x1000, 128), PSL_DONE);
	check_eq(bench->memory[0x107f], 99);
	check_broken(bench, 1, "brlat 2");
	bench_end(bench);
}

static void mmio_parity(void)
{
	struct bench *bench = run();

	bench->afu.wrong_parity = true;
	check_eq(bench_read(bench, 0, 8), 0);
	check_eq(psl_rules_broken(bench->psl), 0);
	bench->afu.ah.paren = true;
	check_eq(bench_read(bench, 0, 8), 0);
	check_broken(bench, 1, "data of an MMIO read: address 0x0");
	bench_end(bench);
}

static void mmio_halves(void)
{
	struct bench *bench = run();

	bench->afu.halves_differ = true;
	bench->afu.registers[0] = 0x1122334455667788;
	check_eq(bench_read(bench, 4, 4), 0x55667788);
	check_broken(bench, 1, "both halves: address 0x4");
	bench_end(bench);
}

static void mmio_without_an_answer(void)
{
	struct bench *bench = run();

	bench->afu.mmio_cycles = 0;
	check_eq(bench_read(bench, 0x10, 8), ~0ULL);
	bench_write(bench, 0x10, 8, 1);
	check_broken(bench, 2, "read of address 0x10");
	bench_end(bench);
}

static void answers_without_a_question(void)
{
	struct bench *bench = run();

	bench->afu.mmio_in = 1;
	bench_clock(bench, 3);
	check_broken(bench, 1, "acknowledgment without an MMIO access");
	bench->reports = 0;
	bench->afu.cack_in = 1;
	bench_clock(bench, 3);
	check_broken(bench, 2, "jcack without an LLCMD");
	bench_end(bench);
}

static void late_answers(void)
{
	struct bench *bench = bench_start(NULL);

	bench->afu.reset_cycles = 1100000;
	bench_clock(bench, 1000100);
	check_eq(bench->reports, 1);
	check(strstr(bench->report, "no jdone after a reset"));
	bench_clock(bench, 100000);
	bench->afu.start_cycles = 1000100;
	bench->afu.ack_cycles = 1000100;
	bench->afu.reset_cycles = 3;
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	bench_clock(bench, 100);
	require_ok(psl_attach(bench->psl, 0, 0));
	bench_clock(bench, 1000050);
	check_eq(bench->reports, 2);
	check(strstr(bench->report, "no jrunning after a start"));
	bench_clock(bench, 1000110);
	check_eq(bench->reports, 3);
	check(strstr(bench->report, "no jcack for an LLCMD"));
	check_eq(psl_rules_broken(bench->psl), 3);
	bench_clock(bench, 100);
	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, 0, 128), PSL_DONE);
	bench_end(bench);
}

static void end_of_a_job(void)
{
	struct bench *bench = run();

	bench->afu.keep_running = true;
	afu_finish(&bench->afu, 0);
	bench_clock(bench, 2);
	check_eq(bench->errors, 1);
	check(strstr(bench->report, "jdone while jrunning stays 1"));
	require(bench_settle(bench));
	check_eq(bench->afu.resets, 2);

	bench->afu.keep_running = false;
	bench->afu.no_done = true;
	require_ok(psl_attach(bench->psl, 1, 0));
	require(bench_settle(bench));
	afu_finish(&bench->afu, 0);
	require(bench_settle(bench));
	check_eq(bench->errors, 2);
	check(strstr(bench->report, "jrunning falls without jdone"));

	bench->afu.no_done = false;
	require_ok(psl_attach(bench->psl, 2, 0));
	require(bench_settle(bench));
	afu_finish(&bench->afu, 7);
	bench_clock(bench, 1);
	bench->afu.done_in = 1;
	require(bench_settle(bench));
	check_eq(bench->error, 7);
	check(strstr(bench->report, "more than one cycle: jerror 0x7"));
	check_eq(psl_rules_broken(bench->psl), 3);
	bench_end(bench);
}

static void running_after_reset(void)
{
	struct bench *bench = bench_start(NULL);

	bench_clock(bench, 3);
	bench->afu.ah.jrunning = true;
	bench_clock(bench, 4);
	bench->afu.ah.jrunning = false;
	require(bench_settle(bench));
	check_eq(bench->reports, 1);
	check(strstr(bench->report, "jrunning at the end of a reset"));
	bench_end(bench);
}

static const struct tap_test tests[] = {
	{ "psl_rule.command_without_a_job", command_without_a_job },
	{ "psl_rule.tag_in_use", tag_in_use },
	{ "psl_rule.command_without_a_credit", command_without_a_credit },
	{ "psl_rule.parity_of_commands", parity_of_commands },
	{ "psl_rule.parity_of_data", parity_of_data },
	{ "psl_rule.unknown_code", unknown_code },
	{ "psl_rule.unknown_abort_mode", unknown_abort_mode },
	{ "psl_rule.bad_sizes", bad_sizes },
	{ "psl_rule.bad_alignment", bad_alignment },
	{ "psl_rule.bad_interrupts", bad_interrupts },
	{ "psl_rule.unlock_of_nothing", unlock_of_nothing },
	{ "psl_rule.bad_read_latency", bad_read_latency },
	{ "psl_rule.mmio_parity", mmio_parity },
	{ "psl_rule.mmio_halves", mmio_halves },
	{ "psl_rule.mmio_without_an_answer", mmio_without_an_answer },
	{ "psl_rule.answers_without_a_question", answers_without_a_question },
	{ "psl_rule.late_answers", late_answers },
	{ "psl_rule.end_of_a_job", end_of_a_job },
	{ "psl_rule.running_after_reset", running_after_reset },
};

TAP_MAIN(tests)
