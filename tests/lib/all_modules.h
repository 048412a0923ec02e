/* SPDX-License-Identifier: GPL-2.0-only */
/* All of our modules at once, for tests of loading and unloading them. */
#ifndef _TESTS_LIB_ALL_MODULES_H
#define _TESTS_LIB_ALL_MODULES_H

#include <stdbool.h>

/* Load cxl, cxl-sim and, if it was built, cxl-copy; also a cleanup function. */
void load_all(void);

/*
 * Check that one of them, or all, can be unloaded. Somebody who looks at a file
 * in debugfs pins the module for a moment.
 */
void unload(const char *name);
void unload_all(void);

/* Check that nothing is visible that one of them made. */
void check_all_gone(void);

/* Let the default card do some work, and check that it did. */
void use_the_card(void);

/* Does a line of a file contain this text? Require that the file exists. */
bool file_has(const char *path, const char *text);

#endif
