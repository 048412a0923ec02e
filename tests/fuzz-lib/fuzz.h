/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets for libFuzzer: parsers of the library and of afuctl, each a file
 * here and a program of its own. libFuzzer calls it with one input after the
 * other. A finding is anything that the sanitizers object to, or a must() that
 * fails.
 *
 * An input is consumed from its beginning; behind its end there are zeroes.
 */
#ifndef _TESTS_FUZZ_LIB_FUZZ_H
#define _TESTS_FUZZ_LIB_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * struct input - the rest of an input
 * @bytes: the next byte
 * @size: how many are left
 */
struct input {
	const uint8_t *bytes;
	size_t size;
};

uint8_t take_byte(struct input *input);

/*
 * The next bytes, up to a newline or the end, as a string without zero bytes
 * and without the newline. Valid until the next call.
 */
char *take_line(struct input *input);

/* A file in memory with the rest of the input, positioned at its start */
int take_file(struct input *input);

/* A finding unless @cond holds */
#define must(cond)							\
	do {								\
		if (!(cond))						\
			finding(__FILE__, __LINE__, #cond);		\
	} while (0)

__attribute__((noreturn))
void finding(const char *file, int line, const char *what);

/*
 * This process's folder with the made-up /sys and /dev (tree.c). It is removed
 * at the end.
 */
const char *tree_root(void);

/*
 * Empty it, and fill it as the input says, up to an empty line:
 *
 *	file NAME=TEXT		\ in the text is a newline
 *	link NAME=TARGET	/ at its beginning is the root
 *	folder NAME
 *	card N			with everything that a card in the kernel has
 *	afu N.M			likewise
 */
void tree_make(struct input *input);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
