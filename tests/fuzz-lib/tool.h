/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afuctl inside a target: its exit() returns to the target, its files are those
 * of tree.c, its output is kept, and it waits for nothing. The linker's --wrap
 * brings its calls here; fuzz-lib.mk has their list.
 */
#ifndef _TESTS_FUZZ_LIB_TOOL_H
#define _TESTS_FUZZ_LIB_TOOL_H

#include <stddef.h>

/**
 * struct output - the output of a run
 * @out: to standard output
 * @out_size: bytes of it
 * @err: to standard error
 * @err_size: bytes of it
 */
struct output {
	char *out;
	size_t out_size;
	char *err;
	size_t err_size;
};

/* Run @run until it returns or exits; return its status. */
int tool_run(int (*run)(void *arg), void *arg, struct output *output);
void output_free(struct output *output);

/* All output must be readable text, or valid JSON. */
void check_text(const struct output *output);
void check_json(const struct output *output);

/* From now on this descriptor behaves like a context of the driver; -1: none */
void tool_context(int fd);

#endif
