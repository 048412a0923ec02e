// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual PCI buses: those of card drivers, created and destroyed by code in
 * cxl_test_api; and those of cards and AFUs, whatever users do to PCI devices
 * meanwhile.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"

#define PCI		"/sys/bus/pci"
#define TEARDOWNS	100

#define IN_KERNEL(test)							\
static void test(void)							\
{									\
	api_run("vpci_" #test, NULL);					\
}

IN_KERNEL(accesses_of_every_size)
IN_KERNEL(absent_reads_all_ones)
IN_KERNEL(domain_is_its_own)
IN_KERNEL(device_leads_to_its_data)
IN_KERNEL(drivers_bind_when_devices_are_added)
IN_KERNEL(rescan_finds_what_is_there)
IN_KERNEL(teardown_in_any_order)
IN_KERNEL(unbound_device_gets_no_context)
IN_KERNEL(destroy_leaves_references_alone)

static char afu[32], card[32];

static void learn_names(void)
{
	api_device(afu, sizeof(afu), 0);
	require(file_read(card, sizeof(card),
			  "/sys/kernel/config/cxl-sim/api-test/pci") > 0);
}

static bool device_exists(const char *name)
{
	return file_exists(PCI "/devices/%s", name);
}

static void remove_device(const char *name)
{
	require_ok(file_write("1", PCI "/devices/%s/remove", name));
	check(!device_exists(name), "%s", name);
}

static void rescan(void)
{
	require_ok(file_write("1", PCI "/rescan"));
}

/* The AFU's device exists, its driver is bound, and it works. */
static void check_usable(void)
{
	require(becomes_true(api_is_bound(0)));
	learn_names();
	api_run("link_up_is_usable", NULL);
}

static void records_are_pci_devices(void)
{
	char name[2][32];
	unsigned int i;

	for (i = 0; i < 2; i++)
		api_device(name[i], sizeof(name[i]), i);
	/* The same domain and bus; the functions are the records. */
	check_mem_eq(name[0], name[1], strlen(name[0]) - 1);
	check_str_eq(strchr(name[0], ':'), ":00:00.0");
	check_str_eq(strchr(name[1], ':'), ":00:00.1");
	/* Not that of the machine's own devices */
	check(strtoll(name[0], NULL, 16) > 0);
	check_eq(file_number(PCI "/devices/%s/vendor", name[0]), 0x1014);
	/* Configuration space is the record. */
	check_eq(file_number(SYSFS_CXL "/afu%d.0/cr0/device", api_card()),
		 CXL_TEST_API_DEVICE);
}

static void config_space_is_the_record(void)
{
	unsigned char pci[256], record[256];

	learn_names();
	check_eq(file_read((char *)pci, 65, PCI "/devices/%s/config", afu), 64);
	check_eq(file_read((char *)record, 65, SYSFS_CXL "/afu%d.0/cr0/config",
			   api_card()), 64);
	check_mem_eq(pci, record, 64);
}

static void link_down_reads_all_ones(void)
{
	unsigned char pci[65];
	int i;

	learn_names();
	api_inject("down", "link");
	check_eq(file_read((char *)pci, 65, PCI "/devices/%s/config", afu), 64);
	for (i = 0; i < 64; i++)
		check_eq(pci[i], 0xff);
	api_inject("up", "link");
	check_usable();
}

static void link_up(void)
{
	api_inject("up", "link");
}

/*
 * Ways in which a card or its AFU goes away and comes back
 */

static void card_down_with_driver_bound(void)
{
	api_set_live(false);
	api_set_live(true);
}

static void driver_unbound_first(void)
{
	api_unbind();
	card_down_with_driver_bound();
}

static void driver_bound_again(void)
{
	api_unbind();
	api_bind();
}

static void afu_removed_first(void)
{
	remove_device(afu);
	card_down_with_driver_bound();
}

static void afu_removed_and_found_again(void)
{
	remove_device(afu);
	rescan();
}

/* The PCI core holds its lock while the card's driver is removed. */
static void card_removed_and_found_again(void)
{
	remove_device(card);
	rescan();
}

static void afu_then_card_removed(void)
{
	remove_device(afu);
	remove_device(card);
	rescan();
}

/* The PCI core does not hold it here. */
static void card_unbound_and_bound(void)
{
	require_ok(file_write(card, PCI "/drivers/cxl-sim/unbind"));
	/* The AFU's device goes a moment later. */
	require(becomes_true(!device_exists(afu)));
	require_ok(file_write(card, PCI "/drivers/cxl-sim/bind"));
}

static void card_unbound_then_down(void)
{
	require_ok(file_write(card, PCI "/drivers/cxl-sim/unbind"));
	card_down_with_driver_bound();
}

static void driver_unloaded_and_loaded(void)
{
	require(api_command("rmmod", "cxl_test_api", NULL));
	require(api_command("modprobe", "cxl_test_api", NULL));
}

static void driver_loaded_after_the_card(void)
{
	require(api_command("rmmod", "cxl_test_api", NULL));
	card_down_with_driver_bound();
	require(api_command("modprobe", "cxl_test_api", NULL));
}

static void surprise_removal(void)
{
	api_inject("1", "remove");
	check(!device_exists(card));
	card_down_with_driver_bound();
}

static void rescans_in_between(void)
{
	rescan();
	api_set_live(false);
	rescan();
	api_set_live(true);
	rescan();
}

static void (*const ways[])(void) = {
	card_down_with_driver_bound, driver_unbound_first, driver_bound_again,
	afu_removed_first, afu_removed_and_found_again,
	card_removed_and_found_again, afu_then_card_removed,
	card_unbound_and_bound, card_unbound_then_down,
	driver_unloaded_and_loaded, driver_loaded_after_the_card,
	surprise_removal, rescans_in_between,
};

static void many_teardowns_in_every_order(void)
{
	unsigned int i, times = tap_rounds(TEARDOWNS, ARRAY_SIZE(ways));

	for (i = 0; i < times; i++) {
		check_usable();
		ways[i % ARRAY_SIZE(ways)]();
	}
	check_usable();
}

/* Repair everything, whatever the test left. */
static void card_anew(void)
{
	api_command("modprobe", "cxl_test_api", NULL);
	file_write("0", "/sys/kernel/config/cxl-sim/api-test/live");
	file_write("1", "/sys/kernel/config/cxl-sim/api-test/live");
}

static atomic_bool stop;

static void *rescan_for_ever(void *arg)
{
	while (!stop)
		file_write("1", PCI "/rescan");
	return arg;
}

static void *read_configs_for_ever(void *arg)
{
	char config[65];

	while (!stop)
		file_read(config, sizeof(config), PCI "/devices/%s/config",
			  afu);
	return arg;
}

static void teardowns_while_others_look(void)
{
	static void *(*const others[])(void *) = {
		rescan_for_ever, read_configs_for_ever,
	};
	unsigned int i, times = tap_rounds(20, 5);
	pthread_t thread[ARRAY_SIZE(others)];

	learn_names();
	for (i = 0; i < ARRAY_SIZE(others); i++)
		require(!pthread_create(&thread[i], NULL, others[i], NULL));
	for (i = 0; i < times; i++) {
		api_set_live(false);
		api_set_live(true);
		/* Whoever is faster */
		file_write(card, PCI "/drivers/cxl-sim/unbind");
		file_write(card, PCI "/drivers/cxl-sim/bind");
		file_write("1", PCI "/devices/%s/remove", card);
	}
	stop = true;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		require(!pthread_join(thread[i], NULL));
	card_down_with_driver_bound();
	check_usable();
}

#define TEST(test, ...)		{ "vpci." #test, test, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(accesses_of_every_size),
	TEST(absent_reads_all_ones),
	TEST(domain_is_its_own),
	TEST(device_leads_to_its_data),
	TEST(drivers_bind_when_devices_are_added),
	TEST(rescan_finds_what_is_there),
	TEST(teardown_in_any_order, NULL, 120),
	TEST(unbound_device_gets_no_context),
	TEST(destroy_leaves_references_alone),
	TEST(records_are_pci_devices),
	TEST(config_space_is_the_record),
	TEST(link_down_reads_all_ones, link_up),
	TEST(many_teardowns_in_every_order, card_anew, 240),
	TEST(teardowns_while_others_look, card_anew, 120),
};

static const struct api_setup setup = {
	.module = "cxl_test_api",
	.device = CXL_TEST_API_DEVICE,
	.settings = {
		"user_irqs", "20",
		"afu0/irqs_min", "2",
		"afu0/num_procs", "6",
		"afu0/num_crs", "2",
	},
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
