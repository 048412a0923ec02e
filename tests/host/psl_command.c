// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each command of the PSL, what it does to memory, and each response. The atomic
 * ones are in psl_lock.c.
 */
#include <endian.h>
#include <string.h>

#include "bench.h"
#include "tap.h"

#define LINE	0x2080		/* the line that is used here */

static void reads_deliver_the_line(void)
{
	static const uint16_t codes[] = {
		PSL_READ_CL_NA, PSL_READ_CL_S, PSL_READ_CL_M, PSL_READ_CL_LCK,
		PSL_READ_CL_RES, PSL_READ_PNA,
	};
	struct bench *bench = bench_start_directed(3);
	struct afu_tag *tag;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		tag = &bench->afu.tags[i];
		check_eq(bench_command(bench, i, codes[i], LINE, 128),
			 PSL_DONE);
		check_mem_eq(tag->line, bench->memory + LINE, 128);
		check_eq(tag->deliveries, 2);
		check_eq(tag->credits, 1);
		check(tag->responded_at >= tag->delivered_at + 3);
	}
	bench_end_well(bench);
}

static void partial_reads(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int size, at;

	for (size = 1; size <= 128; size *= 2)
		for (at = 0; at < 128; at += size) {
			memset(bench->afu.tags[9].line, 0, 128);
			check_eq(bench_command(bench, 9, PSL_READ_PNA,
					       LINE + at, size), PSL_DONE);
			check_mem_eq(bench->afu.tags[9].line + at,
				     bench->memory + LINE + at, size);
		}
	bench_end_well(bench);
}

static void writes_store_the_line(void)
{
	static const uint16_t codes[] = {
		PSL_WRITE_NA, PSL_WRITE_INJ, PSL_WRITE_MI, PSL_WRITE_MS,
	};
	struct bench *bench = bench_start_directed(3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		afu_fill_line(&bench->afu, i, 0x40 * i);
		check_eq(bench_command(bench, i, codes[i], LINE, 128),
			 PSL_DONE);
		check_mem_eq(bench->memory + LINE, bench->afu.tags[i].line,
			     128);
		check_eq(bench->afu.tags[i].fetches, 2);
	}
	bench_end_well(bench);
}

static void partial_writes(void)
{
	struct bench *bench = bench_start_directed(3);
	uint8_t expected[128];
	unsigned int size, at;

	afu_fill_line(&bench->afu, 9, 0x11);
	for (size = 1; size <= 128; size *= 2)
		for (at = 0; at < 128; at += size) {
			memset(bench->memory + LINE, 0xff, 128);
			memset(expected, 0xff, 128);
			memcpy(expected + at, bench->afu.tags[9].line + at,
			       size);
			check_eq(bench_command(bench, 9, PSL_WRITE_NA,
					       LINE + at, size), PSL_DONE);
			check_mem_eq(bench->memory + LINE, expected, 128);
		}
	bench_end_well(bench);
}

static void any_latency_any_parity(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int late, i;

	bench->afu.ah.paren = true;
	for (late = 0; late < 2; late++)
		for (i = 1; i <= 3; i += 2) {
			bench->afu.late_parity = late;
			bench->afu.brlat = i;
			bench->afu.ah.brlat = i;
			afu_fill_line(&bench->afu, i, 0x30 * i + late);
			check_eq(bench_command(bench, i, PSL_WRITE_NA, LINE,
					       128), PSL_DONE);
			check_mem_eq(bench->memory + LINE,
				     bench->afu.tags[i].line, 128);
		}
	bench_end_well(bench);
}

static void lines_follow_without_a_gap(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int i;

	for (i = 0; i < 32; i++) {
		afu_command(&bench->afu, i, PSL_READ_CL_NA, i * 128, 128);
		afu_fill_line(&bench->afu, 64 + i, i);
		afu_command(&bench->afu, 64 + i, PSL_WRITE_NA,
			    0x8000 + i * 128, 128);
	}
	bench_clock(bench, 90);
	for (i = 0; i < 32; i++) {
		check_eq(bench->afu.tags[i].response, PSL_DONE);
		check_eq(bench->afu.tags[64 + i].response, PSL_DONE);
		check_mem_eq(bench->afu.tags[i].line, bench->memory + i * 128,
			     128);
		check_mem_eq(bench->memory + 0x8000 + i * 128,
			     bench->afu.tags[64 + i].line, 128);
	}
	bench_end_well(bench);
}

static void touches_move_no_data(void)
{
	static const uint16_t codes[] = {
		PSL_TOUCH_I, PSL_TOUCH_S, PSL_TOUCH_M,
	};
	struct bench *bench = bench_start_directed(3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		check_eq(bench_command(bench, i, codes[i], LINE, 128),
			 PSL_DONE);
		check_eq(bench->accesses, i + 1);
		check_eq(bench->afu.tags[i].deliveries, 0);
		check_eq(bench->afu.tags[i].fetches, 0);
	}
	bench_end_well(bench);
}

static void cache_commands(void)
{
	static const uint16_t codes[] = {
		PSL_PUSH_I, PSL_PUSH_S, PSL_EVICT_I, PSL_FLUSH,
	};
	struct bench *bench = bench_start_directed(3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		check_eq(bench_command(bench, i, codes[i], LINE, 128),
			 PSL_DONE);
	check_eq(bench->accesses, 0);
	bench_end_well(bench);
}

static void zero_clears_a_line(void)
{
	static const uint8_t zeroes[128];
	struct bench *bench = bench_start_directed(3);

	memset(bench->memory + LINE - 128, 0xff, 384);
	check_eq(bench_command(bench, 1, PSL_ZERO_M, LINE, 128), PSL_DONE);
	check_mem_eq(bench->memory + LINE, zeroes, 128);
	check_eq(bench->memory[LINE - 1], 0xff);
	check_eq(bench->memory[LINE + 128], 0xff);
	bench_end_well(bench);
}

static void read_pe_has_the_wed(void)
{
	struct bench *bench = bench_start_directed(3);
	uint8_t expected[128] = { 0 };
	uint64_t wed = htobe64(0x1002);

	memcpy(expected + 116, &wed, 8);
	afu_command(&bench->afu, 5, PSL_READ_PE, 0, 128)->handle = 2;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[5].response, PSL_DONE);
	check_mem_eq(bench->afu.tags[5].line, expected, 128);
	bench_end_well(bench);
}

static void interrupts_are_raised(void)
{
	struct bench *bench = bench_start_directed(3);

	afu_command(&bench->afu, 5, PSL_INTREQ, 3, 128)->handle = 1;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[5].response, PSL_DONE);
	check_eq(bench->interrupts[3], 1);
	check_eq(bench->interrupt_handle, 1);
	/* Only 11 bits of the address count. */
	check_eq(bench_command(bench, 6, PSL_INTREQ, 0x1802, 0), PSL_DONE);
	check_eq(bench->interrupts[2], 1);
	bench_end_well(bench);
}

static void restart_without_need(void)
{
	struct bench *bench = bench_start_directed(3);

	check_eq(bench_command(bench, 1, PSL_RESTART, 0, 0), PSL_DONE);
	bench_end_well(bench);
}

/*
 * What goes wrong
 */

static void address_error(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->access_error[1] = EFAULT;
	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, 0x1000, 128),
		 PSL_AERROR);
	check_eq(bench->afu.tags[1].deliveries, 0);
	check_eq(bench_command(bench, 2, PSL_READ_CL_NA, LINE, 128),
		 PSL_FLUSHED);
	check_eq(bench_command(bench, 2, PSL_INTREQ, 1, 128), PSL_FLUSHED);
	/* Other contexts are not affected. */
	afu_command(&bench->afu, 3, PSL_READ_CL_NA, LINE, 128)->handle = 1;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[3].response, PSL_DONE);
	check_eq(bench_command(bench, 4, PSL_RESTART, 0, 0), PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_READ_CL_NA, LINE, 128), PSL_DONE);
	bench_end_well(bench);
}

static void data_error(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->access_error[1] = ENOMEM;
	check_eq(bench_command(bench, 1, PSL_WRITE_NA, 0x1000, 128),
		 PSL_DERROR);
	check_eq(bench_command(bench, 2, PSL_READ_CL_NA, LINE, 128),
		 PSL_FLUSHED);
	bench_end_well(bench);
}

static void fault_when_the_context_is_gone(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->access_error[1] = ESTALE;
	check_eq(bench_command(bench, 1, PSL_READ_CL_NA, 0x1000, 128),
		 PSL_FAULT);
	check_eq(bench_command(bench, 2, PSL_READ_CL_NA, LINE, 128), PSL_DONE);
	bench_end_well(bench);
}

static void unknown_contexts(void)
{
	static const int handles[] = { 3, 15, 16, 0xffff };
	struct bench *bench = bench_start_directed(3);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0, 128)->handle =
			handles[i];
		require(bench_settle(bench));
		check_eq(bench->afu.tags[1].response, PSL_CONTEXT);
	}
	check_eq(bench->accesses, 0);
	bench_end_well(bench);
}

static void detach_in_mid_transfer(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->absent[1] = true;
	afu_command(&bench->afu, 1, PSL_READ_CL_NA, 0x1000, 128)->handle = 1;
	afu_command(&bench->afu, 2, PSL_WRITE_NA, 0x1080, 128)->handle = 1;
	afu_command(&bench->afu, 3, PSL_WRITE_NA, LINE, 128)->handle = 1;
	bench_clock(bench, 5);
	psl_detach(bench->psl, 1);
	bench_clock(bench, 20);
	check_eq(bench->afu.tags[1].response, -1);
	/* A host soon says that the context is gone. */
	bench_page_in(bench, ESTALE);
	require(bench_settle(bench));
	check_eq(bench->afu.tags[1].response, PSL_FAULT);
	check_eq(bench->afu.tags[2].response, PSL_FAULT);
	check_eq(bench->afu.tags[3].response, PSL_FAULT);
	check_eq(bench_command(bench, 4, PSL_READ_CL_NA, 0, 128), PSL_DONE);
	bench_end_well(bench);
}

static const struct tap_test tests[] = {
	{ "psl_command.reads_deliver_the_line", reads_deliver_the_line },
	{ "psl_command.partial_reads", partial_reads },
	{ "psl_command.writes_store_the_line", writes_store_the_line },
	{ "psl_command.partial_writes", partial_writes },
	{ "psl_command.any_latency_any_parity", any_latency_any_parity },
	{ "psl_command.lines_follow_without_a_gap",
	  lines_follow_without_a_gap },
	{ "psl_command.touches_move_no_data", touches_move_no_data },
	{ "psl_command.cache_commands", cache_commands },
	{ "psl_command.zero_clears_a_line", zero_clears_a_line },
	{ "psl_command.read_pe_has_the_wed", read_pe_has_the_wed },
	{ "psl_command.interrupts_are_raised", interrupts_are_raised },
	{ "psl_command.restart_without_need", restart_without_need },
	{ "psl_command.address_error", address_error },
	{ "psl_command.data_error", data_error },
	{ "psl_command.fault_when_the_context_is_gone",
	  fault_when_the_context_is_gone },
	{ "psl_command.unknown_contexts", unknown_contexts },
	{ "psl_command.detach_in_mid_transfer", detach_in_mid_transfer },
};

TAP_MAIN(tests)
