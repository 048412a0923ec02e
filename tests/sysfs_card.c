// SPDX-License-Identifier: GPL-2.0-only
/* Cards in sysfs: the default card is card0. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"
#include "lib/module_test.h"

/* A card that is reset is back within this time, device nodes included. */
#define RESET_MS	20000

static void attributes_have_their_modes(void)
{
	static const struct attr attrs[] = {
		{ "caia_version", 0444 },
		{ "psl_revision", 0444 },
		{ "base_image", 0444 },
		{ "image_loaded", 0444 },
		{ "psl_timebase_synced", 0444 },
		{ "tunneled_ops_supported", 0444 },
		{ "load_image_on_perst", 0644 },
		{ "perst_reloads_same_image", 0644 },
		{ "reset", 0200 },
	};

	/* There is no dev: a card has no device node. */
	check_attrs(CARD, attrs, ARRAY_SIZE(attrs));
}

static void default_card_is_caia_1(void)
{
	check_attr_text("1.0", CARD "/caia_version");
	check_attr_text("user", CARD "/image_loaded");
	check_attr_text("0", CARD "/tunneled_ops_supported");
}

static void numbers_are_decimal(void)
{
	static const char *const names[] = { "psl_revision", "base_image" };
	char text[ATTR_MAX];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		attr_text(text, CARD "/%s", names[i]);
		check(*text && strspn(text, "0123456789") == strlen(text),
		      "%s is %s", names[i], text);
	}
	/* The upper nibble distinguishes POWER8 and POWER9. */
	check(file_number(CARD "/psl_revision") > 0xfff);
	check(file_number(CARD "/psl_revision") <= 0xffff);
}

static void timebase_is_synced_or_not(void)
{
	char text[ATTR_MAX];

	attr_text(text, CARD "/psl_timebase_synced");
	check(!strcmp(text, "0") || !strcmp(text, "1"), "it is %s", text);
}

static void a_card_is_a_child_of_a_pci_device(void)
{
	char real[PATH_MAX], target[PATH_MAX];
	const char *pci;

	link_target(target, CARD "/device/subsystem");
	check_str_eq(last_component(target), "pci");
	link_target(target, CARD "/subsystem");
	check_str_eq(last_component(target), "cxl");
	check_eq(file_number(CARD "/device/vendor"), 0x1014);
	check_eq(file_number(CARD "/device/class"), 0x120000);

	/* .../<PCI device>/cxl/card0, and device leads three levels up */
	require(realpath(CARD "/device", real));
	pci = last_component(real);
	require(strlen(pci) >= strlen("0000:00:00.0"));
	link_target(target, CARD "/device");
	check(!strncmp(target, "../../../", 9) && !strcmp(target + 9, pci),
	      "device is %s", target);
}

static void afus_lie_in_the_card_and_nodes_in_the_afu(void)
{
	char card[PATH_MAX], afu[PATH_MAX], node[PATH_MAX], up[PATH_MAX];

	require(realpath(CARD, card));
	require(realpath(AFU, afu));
	require(realpath(MASTER, node));
	snprintf(up, sizeof(up), "%.4000s/afu0.0", card);
	check_str_eq(afu, up);
	snprintf(up, sizeof(up), "%.4000s/afu0.0m", afu);
	check_str_eq(node, up);

	link_target(up, AFU "/device");
	check_str_eq(up, "../../card0");
	link_target(up, MASTER "/device");
	check_str_eq(up, "../../afu0.0");
}

static void dev_char_leads_to_the_node(void)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct stat st;

	require_ok(stat("/dev/cxl/afu0.0s", &st));
	check(S_ISCHR(st.st_mode));
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	require(realpath(path, real), "%s: %m", path);
	check_str_eq(last_component(real), "afu0.0s");
}

static void load_image_on_perst_is_what_is_loaded(void)
{
	char loaded[ATTR_MAX];

	attr_text(loaded, CARD "/image_loaded");
	check_attr_text(loaded, CARD "/load_image_on_perst");
}

static void load_image_on_perst_takes_three_words(void)
{
	static const char *const words[] = { "none", "factory", "user" };
	static const char *const others[] = {
		"\n", "use", "User", "no", " user", "0", "1",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		check_attr_takes(words[i], CARD "/load_image_on_perst");
		check_attr_text(words[i], CARD "/load_image_on_perst");
	}
	/* Only the beginning counts. */
	check_attr_takes("factory please", CARD "/load_image_on_perst");
	check_attr_text("factory", CARD "/load_image_on_perst");

	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL,
				   CARD "/load_image_on_perst");
	check_attr_text("factory", CARD "/load_image_on_perst");
}

static void load_user_image(void)
{
	file_write("user", CARD "/load_image_on_perst");
}

static void perst_reloads_same_image_is_0_or_1(void)
{
	static const char *const others[] = {
		"\n", "2", "-1", "yes", "none", "4294967297",
	};
	unsigned int i;

	check_attr_text("0", CARD "/perst_reloads_same_image");
	check_attr_takes("1", CARD "/perst_reloads_same_image");
	check_attr_text("1", CARD "/perst_reloads_same_image");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL,
				   CARD "/perst_reloads_same_image");
	check_attr_text("1", CARD "/perst_reloads_same_image");
	check_attr_takes("0x0", CARD "/perst_reloads_same_image");
	check_attr_text("0", CARD "/perst_reloads_same_image");
}

static void perst_loads_another_image(void)
{
	file_write("0", CARD "/perst_reloads_same_image");
}

static void reset_takes_1_and_minus_1(void)
{
	static const char *const others[] = {
		"\n", "0", "2", "-2", "yes", "4294967297",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL, CARD "/reset");
	check(file_exists("/dev/cxl/afu0.0s"));
}

static void reset_is_refused_if_the_image_stays(void)
{
	check_attr_takes("1", CARD "/perst_reloads_same_image");
	check_attr_refuses("1", EINVAL, CARD "/reset");
	check_attr_refuses("-1\n", EINVAL, CARD "/reset");

	/* The card is not locked any more */
	check_ok(close(node_open_started("afu0.0s")));
	check(file_exists("/dev/cxl/afu0.0s"));
}

static void reset_1_is_refused_while_a_context_is_started(void)
{
	int fd = node_open_started("afu0.0s");

	check_attr_refuses("1", EBUSY, CARD "/reset");
	check_attr_refuses("1\n", EBUSY, CARD "/reset");
	/* This is checked before anything else. */
	check_attr_takes("1", CARD "/perst_reloads_same_image");
	check_attr_refuses("1", EBUSY, CARD "/reset");

	/* And everything goes on. */
	check_ok(close(node_open_started("afu0.0s")));
	check_ok(close(fd));
}

static bool is_closed(int fd)
{
	__u32 pe;

	return ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe) == -1 &&
	       errno == EIO;
}

static bool is_back(void)
{
	return file_exists("/dev/cxl/afu0.0m") &&
	       file_exists("/dev/cxl/afu0.0s") && file_exists(CARD "/reset");
}

/* A file opened before the reset tells when it is over: it is closed. */
static void wait_for_reset(int fd)
{
	long long end = now_ms() + RESET_MS;
	bool closed;

	do {
		nap();
		closed = is_closed(fd);
	} while (!(closed && is_back()) && now_ms() < end);
	check(closed, "the context is closed");
	check(is_back(), "card and nodes are back");
}

static void reset_1_brings_the_card_back_with_its_number(void)
{
	int fd = node_open_ok("afu0.0s");
	struct queue q;

	/* An open context does not matter. */
	require_ok(file_write("1", CARD "/reset"));
	queue_init(&q, 1);
	check_eq(node_start(fd, queue_wed(&q), -1, 0), -1);
	check(errno == EBUSY || errno == EIO, "not started: %m");
	wait_for_reset(fd);
	check_ok(close(fd));

	check_ok(close(node_open_started("afu0.0s")));
	check_attr_text("afu_directed", AFU "/mode");
}

static void reset_minus_1_does_not_care(void)
{
	struct event_batch batch;
	int fd = node_open_started("afu0.0s");

	require_ok(file_write("-1\n", CARD "/reset"));
	wait_for_reset(fd);
	check_errno(events_read(fd, &batch), EIO);
	check_ok(close(fd));

	check_ok(close(node_open_started("afu0.0s")));
}

static void wait_until_back(void)
{
	long long end = now_ms() + RESET_MS;

	while (!is_back() && now_ms() < end)
		nap();
}

static void settings_of_a_card_are_its_own(void)
{
	struct sim_card a, b;

	sim_card_make(&a, "caia_version", "2.1", "psl_revision", "0x9abc",
		      "base_image", "77", "image", "factory",
		      "user_irqs", "50", NULL);
	sim_card_make(&b, "user_irqs", "60", NULL);
	check_attr_text("2.1", SYSFS_CXL "/card%d/caia_version", a.num);
	check_attr_text("39612", SYSFS_CXL "/card%d/psl_revision", a.num);
	check_attr_text("77", SYSFS_CXL "/card%d/base_image", a.num);
	check_attr_text("factory", SYSFS_CXL "/card%d/image_loaded", a.num);
	check_attr_text("factory", SYSFS_CXL "/card%d/load_image_on_perst",
			a.num);
	check_attr_text("50", SYSFS_CXL "/afu%d.0/irqs_max", a.num);
	check_attr_text("1.0", SYSFS_CXL "/card%d/caia_version", b.num);
	check_attr_text("60", SYSFS_CXL "/afu%d.0/irqs_max", b.num);

	check_attr_takes("1", SYSFS_CXL "/card%d/perst_reloads_same_image",
			 a.num);
	check_attr_text("0", SYSFS_CXL "/card%d/perst_reloads_same_image",
			b.num);
	check_attr_refuses("51", EINVAL, SYSFS_CXL "/afu%d.0/irqs_max", a.num);
	check_attr_takes("51", SYSFS_CXL "/afu%d.0/irqs_max", b.num);
}

/* Each card counts its own started contexts. */
static void cards_are_reset_one_by_one(void)
{
	struct sim_card a, b;
	int fd_a, fd_b;

	sim_card_make(&a, NULL);
	sim_card_make(&b, NULL);
	fd_a = node_open_started(a.slave);
	fd_b = node_open_ok(b.slave);
	check_attr_refuses("1", EBUSY, SYSFS_CXL "/card%d/reset", a.num);
	require(!file_write("1", SYSFS_CXL "/card%d/reset", b.num));
	check(becomes_true(is_closed(fd_b)));
	check(!is_closed(fd_a));
	check_ok(close(fd_b));
	check_ok(close(fd_a));
}

static void an_error_of_the_card_lifts_the_lock(void)
{
	int fd;

	require_ok(test_card_load("card_reset_rc=-19"));
	fd = node_open_ok("afu1.0s");
	check_attr_refuses("1", ENODEV, SYSFS_CXL "/card1/reset");
	check_attr_refuses("-1", ENODEV, SYSFS_CXL "/card1/reset");
	check_ok(node_start(fd, 0, -1, 0));
	check_ok(close(fd));

	/* This card never comes back: the lock holds. */
	require_ok(file_write("0", TEST_CARD_PARAM "card_reset_rc"));
	require_ok(file_write("1", SYSFS_CXL "/card1/reset"));
	fd = node_open_ok("afu1.0s");
	check_errno(node_start(fd, 0, -1, 0), EBUSY);
	check_attr_refuses("1", EBUSY, SYSFS_CXL "/card1/reset");
	check_attr_takes("-1", SYSFS_CXL "/card1/reset");
	check_ok(close(fd));
}

static void timebase_is_asked_each_time(void)
{
	require_ok(test_card_load(""));
	check_attr_text("0", SYSFS_CXL "/card1/psl_timebase_synced");
	require_ok(file_write("1", TEST_CARD_PARAM "timebase_synced"));
	check_attr_text("1", SYSFS_CXL "/card1/psl_timebase_synced");
}

static const struct tap_test tests[] = {
	{ "sysfs_card.attributes_have_their_modes",
	  attributes_have_their_modes },
	{ "sysfs_card.default_card_is_caia_1", default_card_is_caia_1 },
	{ "sysfs_card.numbers_are_decimal", numbers_are_decimal },
	{ "sysfs_card.timebase_is_synced_or_not", timebase_is_synced_or_not },
	{ "sysfs_card.a_card_is_a_child_of_a_pci_device",
	  a_card_is_a_child_of_a_pci_device },
	{ "sysfs_card.afus_lie_in_the_card_and_nodes_in_the_afu",
	  afus_lie_in_the_card_and_nodes_in_the_afu },
	{ "sysfs_card.dev_char_leads_to_the_node",
	  dev_char_leads_to_the_node },
	{ "sysfs_card.load_image_on_perst_is_what_is_loaded",
	  load_image_on_perst_is_what_is_loaded },
	{ "sysfs_card.load_image_on_perst_takes_three_words",
	  load_image_on_perst_takes_three_words, load_user_image },
	{ "sysfs_card.perst_reloads_same_image_is_0_or_1",
	  perst_reloads_same_image_is_0_or_1, perst_loads_another_image },
	{ "sysfs_card.reset_takes_1_and_minus_1", reset_takes_1_and_minus_1 },
	{ "sysfs_card.reset_is_refused_if_the_image_stays",
	  reset_is_refused_if_the_image_stays, perst_loads_another_image },
	{ "sysfs_card.reset_1_is_refused_while_a_context_is_started",
	  reset_1_is_refused_while_a_context_is_started,
	  perst_loads_another_image },
	{ "sysfs_card.reset_1_brings_the_card_back_with_its_number",
	  reset_1_brings_the_card_back_with_its_number, wait_until_back, 60 },
	{ "sysfs_card.reset_minus_1_does_not_care",
	  reset_minus_1_does_not_care, wait_until_back, 60 },
	{ "sysfs_card.settings_of_a_card_are_its_own",
	  settings_of_a_card_are_its_own, sim_cards_remove },
	{ "sysfs_card.cards_are_reset_one_by_one",
	  cards_are_reset_one_by_one, sim_cards_remove },
	{ "sysfs_card.an_error_of_the_card_lifts_the_lock",
	  an_error_of_the_card_lifts_the_lock, test_card_unload },
	{ "sysfs_card.timebase_is_asked_each_time",
	  timebase_is_asked_each_time, test_card_unload },
};

TAP_MAIN(tests)
