/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PSL, an AFU that does what a test tells it to do, and plain memory: no card,
 * no simulator, no thread.
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
 * @memory: the memory of all contexts
 * @access_error: the error of an access to a page, by page
 * @absent: pages that are not there: an access that cannot wait gets EAGAIN, any
 *	other is held back
 * @held: accesses held back until bench_page_in()
 * @late: do accesses in the next clock
 * @to_do: accesses for the next clock
 * @accesses: how many accesses there were
 * @interrupts: how often each interrupt was raised
 * @interrupt_handle: the context that raised the last one
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

/* A new bench; @options as for psl_create(). The AFU can still be changed. */
struct bench *bench_start(const struct psl_options *options);
/* The same, in directed mode with contexts 0 to @n - 1 */
struct bench *bench_start_directed(unsigned int n);
/* Check that no access is held, and end. */
void bench_end(struct bench *bench);
/* Check that the AFU has broken no rule, and end. */
void bench_end_well(struct bench *bench);

void bench_clock(struct bench *bench, unsigned int cycles);
/* Clock until the PSL is idle; returns false if it does not become idle. */
bool bench_settle(struct bench *bench);
/* All pages are there: held accesses go on, or fail with @error. */
void bench_page_in(struct bench *bench, int error);

/* Clock until a job runs in dedicated mode. */
void bench_run_dedicated(struct bench *bench, uint64_t wed);
/* The same in directed mode, with contexts 0 to @n - 1; WED i is 0x1000 + i. */
void bench_run_directed(struct bench *bench, unsigned int n);

/* Send a command of context 0; returns its response, or -1 if none comes. */
int bench_command(struct bench *bench, uint8_t tag, uint16_t code, uint64_t ea,
		  uint16_t size);

/* MMIO accesses of context 0; a read without an answer returns all ones. */
uint64_t bench_read(struct bench *bench, uint32_t address, unsigned int size);
void bench_write(struct bench *bench, uint32_t address, unsigned int size,
		 uint64_t value);

#endif
