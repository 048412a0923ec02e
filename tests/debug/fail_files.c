// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures at each place in turn, as in fail.c, in what is done by writing to
 * files: modes, binding of drivers, attributes, injection, failure.
 *
 * The scan of a card's bus is not included: the PCI core itself warns if it
 * cannot add a device that it found, and stumbles over it later.
 * fail_api.bus_without_devices tests the part of a driver.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"
#include "lib/sim_test.h"

#define PCI_DRIVER	"/sys/bus/pci/drivers/cxl-sim"
#define DEBUGFS		"/sys/kernel/debug/cxl-afu/card%d"

static struct sim_card card;
static struct afu afu;

static void works(const char *node)
{
	static char src[16] = "works", dst[16];
	struct afu user;

	memset(dst, 0, sizeof(dst));
	afu_start(&user, node, 4);
	check_eq(queue_wait(queue_copy(&user.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	afu_stop(&user);
}

static int call_mode(void)
{
	return file_write("afu_directed", SYSFS_CXL "/afu%d.0/mode", card.num);
}

/* The driver core does not report that it could not make a node in /dev. */
static void undo_mode(void)
{
	if (!file_exists("/dev/cxl/%s", card.slave)) {
		require_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode",
				      card.num));
		require_ok(call_mode());
	}
	works(card.slave);
	require_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num));
}

static void switching_to_a_mode(void)
{
	sim_card_make(&card, NULL);
	require_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num));
	check(fail_each(call_mode, undo_mode) > 0);
}

static int call_dedicated(void)
{
	return file_write("dedicated_process", SYSFS_CXL "/afu%d.0/mode",
			  card.num);
}

static void nothing(void)
{
}

/* It creates registers that no mode had before. */
static void switching_to_a_mode_for_the_first_time(void)
{
	sim_card_make(&card, "afu0/modes", "dedicated directed", NULL);
	check(fail_each(call_dedicated, nothing) > 0);
}

/* The card's driver tells why it cannot take the device. */
static int call_bind(void)
{
	return file_write(card.pci, PCI_DRIVER "/bind");
}

static void undo_bind(void)
{
	check(file_exists(SYSFS_CXL "/card%d", card.num));
	sim_card_set_bound(&card, false);
	check(!file_exists(SYSFS_CXL "/card%d", card.num));
}

static void probe_of_a_card(void)
{
	sim_card_make(&card, NULL);
	sim_card_set_bound(&card, false);
	check(fail_each(call_bind, undo_bind) > 0);
	require_ok(call_bind());
	works(card.slave);
}

static int call_reset(void)
{
	return file_write("1", SYSFS_CXL "/afu%d.0/reset", card.num);
}

static int call_irqs_max(void)
{
	return file_write("9", SYSFS_CXL "/afu%d.0/irqs_max", card.num);
}

static int call_prefault(void)
{
	return file_write("all", SYSFS_CXL "/afu%d.0/prefault_mode", card.num);
}

static void attributes_written(void)
{
	sim_card_make(&card, NULL);
	check(fail_each(call_reset, nothing) > 0);
	check(fail_each(call_irqs_max, nothing) > 0);
	check(fail_each(call_prefault, nothing) > 0);
}

static int read_file(const char *path)
{
	char buf[5000];

	return file_read(buf, sizeof(buf), path, card.num) >= 0 ? 0 : -1;
}

static int call_read_attribute(void)
{
	return read_file(SYSFS_CXL "/afu%d.0/modes_supported");
}

static int call_read_error_buffer(void)
{
	return read_file(SYSFS_CXL "/afu%d.0/afu_err_buff");
}

static int call_read_config(void)
{
	return read_file(SYSFS_CXL "/afu%d.0/cr0/config");
}

static int call_read_state(void)
{
	return read_file(DEBUGFS "/afu0/state");
}

static void attributes_read(void)
{
	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	afu_start(&afu, card.slave, 4);
	check(fail_each(call_read_attribute, nothing) > 0);
	check(fail_each(call_read_error_buffer, nothing) > 0);
	check(fail_each(call_read_config, nothing) > 0);
	check(fail_each(call_read_state, nothing) > 0);
	afu_stop(&afu);
}

static int call_inject(void)
{
	return sim_inject_irq(card.num, afu.pe, 1);
}

static int call_link(void)
{
	return sim_set_link(card.num, "down");
}

static void undo_link(void)
{
	require_ok(sim_set_link(card.num, "up"));
}

static void injection(void)
{
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	check(fail_each(call_inject, nothing) > 0);
	check(fail_each(call_link, undo_link) > 0);
	afu_stop(&afu);
}

/* Without a reset, which would scan the bus */
static int call_failure(void)
{
	return sim_recovery(card.num, "perm_failure");
}

static void undo_failure(void)
{
	check(!file_exists(SYSFS_CXL "/card%d", card.num));
	sim_card_set_live(&card, false);
	sim_card_set_live(&card, true);
	works(card.slave);
}

static void failure_of_a_card(void)
{
	sim_card_make(&card, NULL);
	fail_each(call_failure, undo_failure);
}

static const struct tap_test tests[] = {
	{ "fail_files.switching_to_a_mode", switching_to_a_mode,
	  sim_cards_remove, 200 },
	{ "fail_files.switching_to_a_mode_for_the_first_time",
	  switching_to_a_mode_for_the_first_time, sim_cards_remove, 60 },
	{ "fail_files.probe_of_a_card", probe_of_a_card, sim_cards_remove,
	  300 },
	{ "fail_files.attributes_written", attributes_written,
	  sim_cards_remove, 60 },
	{ "fail_files.attributes_read", attributes_read, sim_cards_remove, 60 },
	{ "fail_files.injection", injection, sim_cards_remove, 60 },
	{ "fail_files.failure_of_a_card", failure_of_a_card,
	  sim_cards_remove, 200 },
};

TAP_MAIN(tests)
