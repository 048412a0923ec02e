/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afuctl inside of a target: its exit() comes back, its files are those of
 * tree.c, what it prints is kept, and it waits for nothing. The linker's --wrap
 * brings its calls here; fuzz-lib.mk has their list.
 */
#ifndef _TESTS_FUZZ_LIB_TOOL_H
#define _TESTS_FUZZ_LIB_TOOL_H

#include <stddef.h>

/**
 * struct output - what a run has printed
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

/* Run @run until it returns or exits: its status. */
int tool_run(int (*run)(void *arg), void *arg, struct output *output);
void output_free(struct output *output);

/* All that is printed is for people, or for programs that know JSON. */
void check_text(const struct output *output);
void check_json(const struct output *output);

/* This descriptor answers as a context of the driver does; -1: none */
void tool_context(int fd);

#endif
