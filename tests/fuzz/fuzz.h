/* SPDX-License-Identifier: GPL-2.0-only */
/* The fuzzer's parts: see fuzz.c. */
#ifndef _TESTS_FUZZ_H
#define _TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#define MAX_CALLS	32
#define CARD_CONFIG	"/sys/kernel/config/cxl-sim/fuzz"

/**
 * struct call - a call of a program
 * @op: which call, modulo their number
 * @on: which file, mapping, queue ... to use, modulo their number
 * @a, @b, @c: arguments, whose meaning depends on the call
 */
struct call {
	__u8 op;
	__u8 on;
	__u8 a;
	__u8 b;
	__u8 c;
};

/**
 * struct program - calls that a process of its own executes
 * @n: how many calls
 * @call: the calls
 */
struct program {
	unsigned int n;
	struct call call[MAX_CALLS];
};

/*
 * calls.c
 */

/* Set up memory and signals, once per process that executes a program. */
void calls_prepare(unsigned int card);
void calls_execute(const struct call *call);
unsigned int calls_kinds(void);

/*
 * reach.c
 */

enum reach {
	/* A model's answers, in the order of their types, and its requests */
	REACH_ATTACHED, REACH_RESET_DONE, REACH_INTERRUPT, REACH_ERROR,
	REACH_TRAPPED_LOAD, REACH_TRAPPED_STORE,
	/* On its node */
	REACH_GET_INFO, REACH_WRITE_ERR_BUFF, REACH_OPEN_CONTEXT,
	REACH_MAP_AREA,
	/* On a context's file */
	REACH_MAP_WINDOW, REACH_PREAD, REACH_PWRITE, REACH_COPY,
	REACH_COPY_FROM, REACH_FILL, REACH_COMPARE_SWAP,
	/* By a program that attaches to any AFU */
	REACH_START, REACH_MMIO,
	REACH_KINDS,
};

/* Call once, before forking the first process. */
bool reach_init(void);
/* Count it unless @result is negative; return @result. */
long reach(enum reach what, long result);
/* The same for a mapping of a file that may be a node's or a context's */
void reach_mapping(int fd, const void *at);
/* Has everything been reached? */
bool reach_has_all(void);
/* Print how often each was reached; never is a finding. */
void reach_print(const char *when);
/* The @n-th program to begin with; false: there are no more. */
bool reach_seed(unsigned int n, struct program *p);

/*
 * work.c
 */

/* The results of work elements, as features for cover_add() */
unsigned int work_features(__u32 *feature, unsigned int max);

/*
 * files.c: files of sysfs, configfs and debugfs
 */
void files_write(__u8 which, __u8 value, unsigned int card, unsigned int pe);
void files_read(__u8 which, unsigned int card);
unsigned int files_kinds(void);

/*
 * cover.c: what was reached
 */

struct cover;

/* Features seen by all workers, in shared memory */
struct cover *cover_new(void);
/* For each worker: prepare to record its children. False: no KCOV. */
bool cover_open(void);
/* In the child: record from here on. */
void cover_start(void);
/* In the worker, once the child is gone: how much of it was new */
unsigned int cover_collect(struct cover *cover);
unsigned int cover_add(struct cover *cover, __u64 feature);
/* Print how much of each module was reached. */
void cover_print(struct cover *cover);

#endif
