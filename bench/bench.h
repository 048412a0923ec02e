/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmarks: each operation is timed alone, many times, and the median
 * counts. With one virtual CPU whose clock counts instructions (vm/run-guest
 * --icount) a nanosecond is an instruction, and the median is exact.
 */
#ifndef _BENCH_H
#define _BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Nanoseconds of CLOCK_MONOTONIC */
__u64 bench_now(void);

/**
 * struct bench_op - an operation to be timed
 * @name: of the row
 * @prepare: called before each round, not timed; may be NULL
 * @run: what is timed
 * @count: operations in one round
 */
struct bench_op {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
	unsigned int count;
};

/* Print a row: the median of some rounds, divided by @count. */
void bench_run(const struct bench_op *op);

/* Print a row that was measured otherwise: @samples is put into order. */
void bench_report(const char *name, __u64 *samples, size_t n,
		  unsigned int count);
void bench_value(const char *name, double value, unsigned int ops);

/* A row that this kernel cannot have */
void bench_skip(const char *name, const char *why);

/* End the program with a message if @ok is false. */
void bench_require(bool ok, const char *what);

/* A descriptor of a context of the AFU driver cxl_bench */
int bench_context(bool queue);

/* The groups of rows */
void bench_peers(void);
void bench_events(void);
void bench_wake(void);
void bench_epoll(void);
void bench_copy(void);
void bench_idle(void);
void bench_models(void);
void bench_rtl(void);
void bench_rtl_copy(void);

#endif
