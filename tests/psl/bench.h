/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PSL, an AFU that does what a test tells it to, and plain memory: no card, no
 * simulator, no thread.
 */
#ifndef _TESTS_PSL_BENCH_H
#define _TESTS_PSL_BENCH_H

#include <misc/cxl.h>

#include "afu.h"

#define BENCH_PAGES	64		/* of 4 KB, at effective address 0 */
#define BENCH_PAGE	4096

/**
 * struct bench - the bench
 * @psl: PSL
 * @afu: the AFU
 * @memory: of all contexts
 * @access_error: what an access to a page gets, by page
 * @absent: pages that are not there: an access that cannot wait gets EAGAIN,
 *	another is held back
 * @held: accesses held back, until bench_page_in()
 * @late: accesses are done in the next clock
 * @to_do: those
 * @accesses: how many there were
 * @interrupts: how often each was raised
 * @interrupt_handle: by which context, the last time
 * @errors: how many AFU errors there were
 * @error: the last one
 * @reports: how many lines of text there were
 * @report: the last one
 * @on_access: optional; called before an access to memory is done
 */
struct bench {
	struct psl *psl;
	struct afu afu;
	uint8_t memory[BENCH_PAGES * BENCH_PAGE];
	int access_error[BENCH_PAGES];
	bool absent[BENCH_PAGES];
	struct psl_access *held;
	bool late;
	struct psl_access *to_do;
	unsigned int accesses;
	unsigned int interrupts[2048];
	int interrupt_handle;
	unsigned int errors;
	uint64_t error;
	unsigned int reports;
	char report[320];
	void (*on_access)(struct bench *bench, const struct psl_access *access);
};

/* One for a test; @options as of psl_create(). The AFU can still be changed. */
struct bench *bench_start(const struct psl_options *options);
/* The same, in directed mode with contexts 0 to @n - 1 */
struct bench *bench_start_directed(unsigned int n);
/* No access may be held. */
void bench_end(struct bench *bench);
/* The AFU has broken no rule. */
void bench_end_well(struct bench *bench);

void bench_clock(struct bench *bench, unsigned int cycles);
/* Clock until the PSL is idle; false when it does not come to that. */
bool bench_settle(struct bench *bench);
/* Pages are there, accesses that were held back go on; @error: they fail. */
void bench_page_in(struct bench *bench, int error);

/* In dedicated mode: until the job runs. */
void bench_run_dedicated(struct bench *bench, uint64_t wed);
/* In directed mode, with contexts 0 to @n - 1; the WED of n is 0x1000 + n. */
void bench_run_directed(struct bench *bench, unsigned int n);

/* Give a command of context 0 and wait for its response, or return -1. */
int bench_command(struct bench *bench, uint8_t tag, uint16_t code, uint64_t ea,
		  uint16_t size);

/* An MMIO access of context 0, and its answer; all ones: there is none. */
uint64_t bench_read(struct bench *bench, uint32_t address, unsigned int size);
void bench_write(struct bench *bench, uint32_t address, unsigned int size,
		 uint64_t value);

#endif
