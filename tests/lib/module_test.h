/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading modules, and the cards of cxl_test_card.c. */
#ifndef _TESTS_LIB_MODULE_TEST_H
#define _TESTS_LIB_MODULE_TEST_H

#include <stdbool.h>

/* Whether the module was built; its name is that of its file, without .ko. */
bool module_exists(const char *name);
bool module_is_loaded(const char *name);

/*
 * Load a module with parameters ("cards=1 afus=2"), whose dependencies are
 * there. 0, or -1 and the errno that its init function returned.
 */
int module_load(const char *name, const char *params);

/*
 * Unload it, but do not wait for who uses it. 0, or -1 and errno: EWOULDBLOCK
 * (in use), ENOENT (not loaded).
 */
int module_unload(const char *name);

/*
 * tests/modules/cxl_test_card.c: registering its cards is what loading it
 * returns. Tests that load it name test_card_unload() as their cleanup.
 */
#define TEST_CARD_PARAM	"/sys/module/cxl_test_card/parameters/"

int test_card_load(const char *params);
void test_card_unload(void);

#endif
