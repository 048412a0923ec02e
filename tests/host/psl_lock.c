// SPDX-License-Identifier: GPL-2.0-only
/* Atomic commands: locks, reservations, and compare and swap */
#include <endian.h>
#include <string.h>

#include "bench.h"
#include "tap.h"

#define LINE	0x2080		/* the line that is used here */

/*
 * Locks and reservations
 */

static void lock_excludes_others(void)
{
	struct bench *bench = bench_start_directed(3);

	check_eq(bench_command(bench, 1, PSL_LOCK, LINE, 128), PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_LOCK, LINE + 128, 128),
		 PSL_NLOCK);
	check_eq(bench_command(bench, 2, PSL_READ_CL_LCK, LINE + 128, 128),
		 PSL_NLOCK);
	afu_command(&bench->afu, 3, PSL_LOCK, LINE, 128)->handle = 1;
	require(bench_settle(bench));
	check_eq(bench->afu.tags[3].response, PSL_NLOCK);
	check_eq(bench_command(bench, 4, PSL_PUSH_I, LINE, 128), PSL_NLOCK);
	check_eq(bench_command(bench, 4, PSL_PUSH_S, LINE + 128, 128),
		 PSL_DONE);
	check_eq(bench_command(bench, 5, PSL_UNLOCK, LINE, 128), PSL_DONE);
	check_eq(bench_command(bench, 6, PSL_LOCK, LINE + 128, 128), PSL_DONE);
	bench_end_well(bench);
}

static void lock_ends_by_a_write(void)
{
	struct bench *bench = bench_start_directed(3);

	afu_fill_line(&bench->afu, 2, 9);
	check_eq(bench_command(bench, 1, PSL_READ_CL_LCK, LINE, 128),
		 PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_WRITE_UNLOCK, LINE, 128),
		 PSL_DONE);
	check_mem_eq(bench->memory + LINE, bench->afu.tags[2].line, 128);
	check_eq(bench_command(bench, 3, PSL_LOCK, LINE + 128, 128), PSL_DONE);
	bench_end_well(bench);
}

static void lock_ends_with_its_context(void)
{
	struct bench *bench = bench_start_directed(3);

	afu_command(&bench->afu, 3, PSL_LOCK, LINE, 128)->handle = 1;
	require(bench_settle(bench));
	psl_detach(bench->psl, 1);
	check_eq(bench_command(bench, 4, PSL_LOCK, LINE + 128, 128), PSL_DONE);
	bench_end_well(bench);
}

static void failed_read_takes_no_lock(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->access_error[LINE / BENCH_PAGE] = EFAULT;
	check_eq(bench_command(bench, 1, PSL_READ_CL_LCK, LINE, 128),
		 PSL_AERROR);
	check_eq(bench_command(bench, 1, PSL_RESTART, 0, 0), PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_LOCK, 0, 128), PSL_DONE);
	bench_end_well(bench);
}

static void reservation_is_kept(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int size;

	afu_fill_line(&bench->afu, 2, 0x77);
	for (size = 4; size <= 128; size *= 2) {
		check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE, 128),
			 PSL_DONE);
		check_eq(bench_command(bench, 2, PSL_WRITE_C, LINE, size),
			 PSL_DONE);
		check_mem_eq(bench->memory + LINE, bench->afu.tags[2].line,
			     size);
		/* Only once */
		check_eq(bench_command(bench, 2, PSL_WRITE_C, LINE, size),
			 PSL_NRES);
	}
	bench_end_well(bench);
}

static void reservation_is_lost_to_a_processor(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int size;

	for (size = 4; size <= 128; size *= 2) {
		check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE, 128),
			 PSL_DONE);
		bench->memory[LINE]++;
		check_eq(bench_command(bench, 2, PSL_WRITE_C, LINE, size),
			 PSL_NRES);
	}
	bench_end_well(bench);
}

static void reservation_is_lost_to_the_afu(void)
{
	struct bench *bench = bench_start_directed(3);

	/* A store counts even if it stores the same data. */
	check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE, 128),
		 PSL_DONE);
	memcpy(bench->afu.tags[3].line, bench->memory + LINE, 128);
	check_eq(bench_command(bench, 3, PSL_WRITE_NA, LINE, 128), PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_WRITE_C, LINE, 128), PSL_NRES);
	/* Another reservation replaces it. */
	check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE, 128),
		 PSL_DONE);
	check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE + 128, 128),
		 PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_WRITE_C, LINE, 128), PSL_NRES);
	bench_end_well(bench);
}

static void evict_of_what_is_locked_and_reserved(void)
{
	struct bench *bench = bench_start_directed(3);

	check_eq(bench_command(bench, 1, PSL_READ_CL_RES, LINE, 128),
		 PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_EVICT_I, LINE, 128), PSL_DONE);
	check_eq(bench_command(bench, 3, PSL_LOCK, LINE, 128), PSL_DONE);
	check_eq(bench_command(bench, 2, PSL_EVICT_I, LINE, 128), PSL_NRES);
	bench_end_well(bench);
}

/*
 * Compare and swap
 */

static int swap(struct bench *bench, uint16_t code, unsigned int width,
		uint64_t memory, uint64_t operand, uint64_t value)
{
	uint8_t *line = bench->afu.tags[7].line;

	memory = htobe64(memory << (64 - 8 * width));
	operand = htobe64(operand << (64 - 8 * width));
	value = htobe64(value << (64 - 8 * width));
	memcpy(bench->memory + LINE + 8, &memory, width);
	memcpy(line, &operand, width);
	memcpy(line + width, &value, width);
	return bench_command(bench, 7, code, LINE + 8, 2 * width);
}

static uint64_t result(const struct bench *bench, unsigned int width)
{
	uint64_t value;

	memcpy(&value, bench->memory + LINE + 8, sizeof(value));
	return be64toh(value) >> (64 - 8 * width);
}

static void compare_and_swap(void)
{
	struct bench *bench = bench_start_directed(3);
	unsigned int i, width, code;

	for (i = 0; i < 2; i++) {
		width = i ? 8 : 4;
		code = i ? PSL_CAS_E_8B : PSL_CAS_E_4B;
		check_eq(swap(bench, code, width, 5, 5, 6), PSL_COMP_EQ);
		check_eq(result(bench, width), 6);
		check_eq(swap(bench, code, width, 5, 4, 6), PSL_COMP_NEQ);
		check_eq(result(bench, width), 5);
		code++;
		check_eq(swap(bench, code, width, 5, 5, 6), PSL_COMP_EQ);
		check_eq(result(bench, width), 5);
		check_eq(swap(bench, code, width, 5, 4, 6), PSL_COMP_NEQ);
		check_eq(result(bench, width), 6);
		code++;
		check_eq(swap(bench, code, width, 5, 5, 6), PSL_COMP_EQ);
		check_eq(result(bench, width), 6);
		check_eq(swap(bench, code, width, 5, 4, 6), PSL_COMP_NEQ);
		check_eq(result(bench, width), 6);
	}
	check_eq(bench_command(bench, 7, PSL_CAS_E_8B, LINE + 4, 16),
		 PSL_CAS_INV);
	bench_end_well(bench);
}

static unsigned int disturbed;

/* A processor stores to the word just before each access. */
static void disturb(struct bench *bench, const struct psl_access *access)
{
	if (access->type == PSL_ACCESS_COMPARE_SWAP && disturbed++ < 5)
		bench->memory[LINE + 15]++;
}

static void compare_and_swap_again(void)
{
	struct bench *bench = bench_start_directed(3);

	bench->on_access = disturb;
	check_eq(swap(bench, PSL_CAS_NE_8B, 8, 5, 0x1000, 6), PSL_COMP_NEQ);
	check_eq(result(bench, 8), 6);
	check(disturbed > 5);
	bench_end_well(bench);
}

static const struct tap_test tests[] = {
	{ "psl_lock.lock_excludes_others", lock_excludes_others },
	{ "psl_lock.lock_ends_by_a_write", lock_ends_by_a_write },
	{ "psl_lock.lock_ends_with_its_context", lock_ends_with_its_context },
	{ "psl_lock.failed_read_takes_no_lock", failed_read_takes_no_lock },
	{ "psl_lock.reservation_is_kept", reservation_is_kept },
	{ "psl_lock.reservation_is_lost_to_a_processor",
	  reservation_is_lost_to_a_processor },
	{ "psl_lock.reservation_is_lost_to_the_afu",
	  reservation_is_lost_to_the_afu },
	{ "psl_lock.evict_of_what_is_locked_and_reserved",
	  evict_of_what_is_locked_and_reserved },
	{ "psl_lock.compare_and_swap", compare_and_swap },
	{ "psl_lock.compare_and_swap_again", compare_and_swap_again },
};

TAP_MAIN(tests)
