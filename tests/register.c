// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core answers to card drivers that register cards and AFUs, right or
 * wrong (struct cxl_afu_desc, cxl_adapter_register(), cxl_afu_register()).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sysfs_test.h"
#include "lib/module_test.h"

/* As many cards as there are minor numbers for */
#define MAX_CARDS	19

/* cxl-sim's default card is card0 */
#define TEST_CARD	SYSFS_CXL "/card1"
#define TEST_AFU	SYSFS_CXL "/afu1.0"

static void check_nothing_left(void)
{
	check(!file_exists(TEST_CARD));
	check(!file_exists(TEST_AFU));
	check(!file_exists("/sys/kernel/debug/cxl-afu/card1"));
}

static void check_refused(const char *params, int error)
{
	int ret = test_card_load(params);

	check(ret == -1 && errno == error, "\"%s\": %d, %m", params, ret);
	check_nothing_left();
	if (!ret)
		test_card_unload();
}

/* Newer kernels do not let a module's init function return EEXIST: EBUSY. */
static void check_already_there(const char *params)
{
	int ret = test_card_load(params);

	check(ret == -1 && (errno == EEXIST || errno == EBUSY), "%m");
	check_nothing_left();
}

static void check_accepted(const char *params)
{
	check(!test_card_load(params), "\"%s\": %m", params);
	check(file_exists(TEST_AFU), "with \"%s\"", params);
	test_card_unload();
	check_nothing_left();
}

static void an_afu_that_is_right_is_accepted(void)
{
	check_accepted("");
	check_accepted("num_crs=2 err_buff_size=100");
	/* Windows may fill the area to its end */
	check_accepted("psa_pages=8 pp_offset_pages=4 pp_pages=2 num_procs=2");
	check_accepted("psa_pages=1 pp_pages=0 pp_offset_pages=4");
	check_accepted("psa_pages=0 pp_pages=0 pp_offset_pages=0");
	/* Dedicated mode alone needs no number of processes. */
	check_accepted("modes=1 num_procs=0");
	check_accepted("modes=0 num_procs=0");
	check_accepted("num_procs=65535 pp_pages=0");
	check_accepted("irqs_min=100 user_irqs=100");
	check_accepted("irqs_min=0");
	check_accepted("irqs_min=0 user_irqs=0");
	/* The largest values */
	check_accepted("psa_pages=4294967295 pp_pages=4294967295 pp_offset_pages=0 num_procs=1");
}

static void an_afu_that_contradicts_itself_is_refused(void)
{
	/* Modes: time sliced cannot be chosen */
	check_refused("modes=4", EINVAL);
	check_refused("modes=7", EINVAL);
	check_refused("modes=2 num_procs=0", EINVAL);
	check_refused("num_procs=65536 pp_pages=0", EINVAL);
	check_refused("irqs_min=101 user_irqs=100", EINVAL);

	/* Problem state area */
	check_refused("psa_excess=8", EINVAL);
	check_refused("psa_pages=7 pp_offset_pages=4 pp_pages=1 num_procs=4",
		      EINVAL);
	check_refused("psa_pages=4 pp_offset_pages=5 pp_pages=1 num_procs=1",
		      EINVAL);

	check_refused("psa_pages=4294967295 pp_pages=4294967295 pp_offset_pages=0 num_procs=2",
		      EINVAL);

	/* Configuration records */
	check_refused("num_crs=257", EINVAL);
	check_refused("num_crs=1 cr_size=60", EINVAL);
	check_refused("num_crs=1 cr_size=65", EINVAL);
	check_refused("num_crs=2 cr_id=0", EINVAL);
}

static void slots_are_limited(void)
{
	check_refused("first_slice=4", EINVAL);
	check_refused("afus=5", EINVAL);
	check_already_there("afus=2 same_slice=1");
	check_accepted("afus=4");
	require_ok(test_card_load("first_slice=3"));
	check(file_exists("/dev/cxl/afu1.3s"));
}

static void missing_ops_are_refused(void)
{
	static const char *const mandatory[] = {
		"set_mode", "attach", "detach", "update_irqs", "fault_done",
		"afu_reset", "psa_page", "card_reset", "vpd_read",
		"timebase_synced",
	};
	char params[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mandatory); i++) {
		snprintf(params, sizeof(params), "missing=%s", mandatory[i]);
		check_refused(params, EINVAL);
	}
	/* Only an AFU with such things needs these. */
	check_accepted("missing=cr_read");
	check_accepted("missing=cr_write");
	check_accepted("missing=err_buff_read");
	check_refused("missing=cr_read num_crs=1", EINVAL);
	check_refused("missing=cr_write num_crs=1", EINVAL);
	check_refused("missing=err_buff_read err_buff_size=8", EINVAL);
}

static void errors_of_the_card_pass_through(void)
{
	check_refused("set_mode_rc=-5", EIO);
	check_refused("set_mode_rc=-16", EBUSY);
	check_refused("set_mode_rc=-12 num_crs=1 err_buff_size=8", ENOMEM);
	check_refused("cr_read_rc=-5 num_crs=1", EIO);
}

static void cards_get_the_lowest_free_number(void)
{
	char params[32];
	int i;

	snprintf(params, sizeof(params), "cards=%d afus=0", MAX_CARDS - 1);
	require_ok(test_card_load(params));
	for (i = 0; i < MAX_CARDS; i++)
		check(file_exists(SYSFS_CXL "/card%d/caia_version", i), "%d", i);
	check(!file_exists(SYSFS_CXL "/card%d", MAX_CARDS));
	test_card_unload();
	check(!file_exists(TEST_CARD));
	check(file_exists(CARD));
}

static void there_are_19_cards_at_most(void)
{
	char params[32];

	snprintf(params, sizeof(params), "cards=%d", MAX_CARDS);
	check_refused(params, ENOSPC);
	/* And all of them are gone. */
	check(!file_exists(SYSFS_CXL "/card18"));
	check(file_exists(CARD));
}

static int minor_number(const char *node)
{
	char dev[ATTR_MAX], *colon;

	attr_text(dev, SYSFS_CXL "/%s/dev", node);
	colon = strchr(dev, ':');
	require(colon);
	return atoi(colon + 1);
}

static void the_last_card_has_nodes_that_work(void)
{
	char params[32];
	int fd;

	snprintf(params, sizeof(params), "cards=%d afus=4", MAX_CARDS - 1);
	require_ok(test_card_load(params));
	fd = node_open_ok("afu18.3s");
	check_ok(node_start(fd, 0, -1, 0));
	check_ok(close(fd));

	/* 13 numbers for each card, three for each AFU (dedicated, m, s) */
	check_eq(minor_number("afu18.3m"), 18 * 13 + 1 + 3 * 3 + 1);
	check_eq(minor_number("afu18.3s"), 18 * 13 + 1 + 3 * 3 + 2);
}

static void errors_of_attach_pass_through(void)
{
	static const struct {
		const char *rc;
		int error;
	} rcs[] = {
		{ "-5", EIO }, { "-16", EBUSY }, { "-12", ENOMEM },
	};
	unsigned int i;
	int fd;

	require_ok(test_card_load(""));
	fd = node_open_ok("afu1.0s");
	for (i = 0; i < ARRAY_SIZE(rcs); i++) {
		require_ok(file_write(rcs[i].rc, TEST_CARD_PARAM "attach_rc"));
		check_errno(node_start(fd, 0, -1, 0), rcs[i].error);
	}
	/* It was left OPENED each time, so the card does not count as busy. */
	require_ok(file_write("1", TEST_CARD "/reset"));
	require_ok(file_write("0", TEST_CARD_PARAM "attach_rc"));
	check_errno(node_start(fd, 0, -1, 0), EBUSY);
	check_ok(close(fd));
}

static const struct tap_test tests[] = {
	{ "register.an_afu_that_is_right_is_accepted",
	  an_afu_that_is_right_is_accepted, test_card_unload, 60 },
	{ "register.an_afu_that_contradicts_itself_is_refused",
	  an_afu_that_contradicts_itself_is_refused, test_card_unload, 60 },
	{ "register.slots_are_limited", slots_are_limited, test_card_unload },
	{ "register.missing_ops_are_refused", missing_ops_are_refused,
	  test_card_unload, 60 },
	{ "register.errors_of_the_card_pass_through",
	  errors_of_the_card_pass_through, test_card_unload },
	{ "register.cards_get_the_lowest_free_number",
	  cards_get_the_lowest_free_number, test_card_unload },
	{ "register.there_are_19_cards_at_most", there_are_19_cards_at_most,
	  test_card_unload },
	{ "register.the_last_card_has_nodes_that_work",
	  the_last_card_has_nodes_that_work, test_card_unload },
	{ "register.errors_of_attach_pass_through",
	  errors_of_attach_pass_through, test_card_unload },
};

TAP_MAIN(tests)
