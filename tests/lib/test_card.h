/* SPDX-License-Identifier: GPL-2.0-only */
/* The cards of tests/modules/cxl_test_card.c. */
#ifndef _TESTS_LIB_TEST_CARD_H
#define _TESTS_LIB_TEST_CARD_H

/* Folder of those parameters that can be written while it is loaded */
#define TEST_CARD_PARAM	"/sys/module/cxl_test_card/parameters/"

/*
 * Load the module with parameters ("modes=1 num_procs=2"). 0, or -1 and the
 * errno that registering the cards returned.
 */
int test_card_load(const char *params);
/* Undo it, if it was loaded; never fails. */
void test_card_unload(void);

#endif
