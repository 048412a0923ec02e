// SPDX-License-Identifier: GPL-2.0-only
/* Enumeration of cards and AFUs in a fake sysfs, and where it is. */
#define _GNU_SOURCE
#include <limits.h>
#include <string.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

static void cards_come_in_order(void)
{
	struct cxl_adapter_h *card, *first = NULL;
	char names[64] = "";

	fake_start();
	fake_add_card(10);
	fake_add_card(0);
	fake_add_card(2);
	fake_write("", "sys/class/cxl/card");
	fake_write("", "sys/class/cxl/card07");
	fake_write("", "sys/class/cxl/card+8");
	fake_write("", "sys/class/cxl/card1x");
	fake_write("", "sys/class/cxl/card-1");
	fake_write("", "sys/class/cxl/card99999999999");
	fake_write("", "sys/class/cxl/mem0");
	errno = EBADF;
	cxl_for_each_adapter(card) {
		check_eq(errno, 0);
		if (!first)
			first = card;
		check(card == first, "the same handle is advanced");
		strcat(names, cxl_adapter_dev_name(card));
		strcat(names, " ");
	}
	check_eq(errno, 0);
	check_str_eq(names, "card0 card2 card10 ");
}

static void afus_come_in_order(void)
{
	struct cxl_afu_h *afu;
	char names[64] = "";

	fake_start();
	fake_add_card(3);
	fake_add_card(0);
	fake_add_card(1);
	fake_add_afu(3, 1);
	fake_add_afu(0, 0);
	cxl_for_each_afu(afu) {
		check_eq(errno, 0);
		check_eq(cxl_afu_opened(afu), 0);
		check_eq(cxl_afu_fd(afu), -1);
		strcat(names, cxl_afu_dev_name(afu));
		strcat(names, " ");
	}
	check_eq(errno, 0);
	check_str_eq(names, "afu0.0 afu3.1 ");
}

static void afus_of_one_card(void)
{
	struct cxl_adapter_h *card;
	struct cxl_afu_h *afu;
	char names[64] = "";

	fake_start();
	fake_add_card(0);
	fake_add_card(1);
	fake_add_afu(1, 2);
	fake_add_afu(1, 0);
	cxl_for_each_adapter(card) {
		strcat(names, cxl_adapter_dev_name(card));
		strcat(names, ": ");
		cxl_for_each_adapter_afu(card, afu) {
			strcat(names, cxl_afu_dev_name(afu));
			strcat(names, " ");
		}
		check_eq(errno, 0);
	}
	check_str_eq(names, "card0: card1: afu1.0 afu1.2 ");
	check(!cxl_adapter_afu_next(NULL, NULL));
	check_eq(errno, EINVAL);
}

static void loop_can_be_left(void)
{
	struct cxl_adapter_h *card;
	struct cxl_afu_h *afu;
	long major, minor;
	int fds;

	fake_start_with_one();
	fds = fake_open_fds();
	cxl_for_each_adapter(card) {
		check_eq(cxl_get_caia_version(card, &major, &minor), 0);
		break;
	}
	check_eq(errno, 0);
	afu = cxl_adapter_afu_next(card, NULL);
	require(afu);
	cxl_adapter_free(card);
	/* The card's handle is not needed any more. */
	check(!cxl_adapter_afu_next(NULL, afu));
	check_eq(errno, 0);
	cxl_for_each_afu(afu)
		break;
	cxl_afu_free(afu);
	check_eq(fake_open_fds(), fds);
	cxl_adapter_free(NULL);
	cxl_afu_free(NULL);
}

static void no_class_is_told(void)
{
	fake_start();
	check(!cxl_adapter_next(NULL));
	check_eq(errno, 0);
	check(!cxl_afu_next(NULL));
	check_eq(errno, 0);
	fake_delete("sys/class/cxl");
	check(!cxl_adapter_next(NULL));
	check_eq(errno, ENODEV);
	check(!cxl_afu_next(NULL));
	check_eq(errno, ENODEV);
}

static void cards_may_go_meanwhile(void)
{
	struct cxl_adapter_h *card;
	struct cxl_afu_h *afu;

	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
	fake_add_card(1);
	fake_add_afu(1, 0);
	afu = fake_the_afu();
	card = fake_the_card();
	fake_delete("sys/devices/pci0004:00/0004:00:00.0");
	fake_delete("sys/class/cxl/card0");
	afu = cxl_afu_next(afu);
	require(afu, "%m");
	check_str_eq(cxl_afu_dev_name(afu), "afu1.0");
	/* The last one goes away: nothing more comes, which is not an error. */
	fake_delete("sys/devices/pci0004:00/0004:01:00.0");
	fake_delete("sys/class/cxl/card1");
	check(!cxl_afu_next(afu));
	check_eq(errno, 0);
	check(!cxl_adapter_afu_next(card, NULL));
	check_eq(errno, ENODEV);
	cxl_adapter_free(card);
}

static void names_of_null(void)
{
	errno = 0;
	check(!cxl_adapter_dev_name(NULL));
	check_eq(errno, EINVAL);
	errno = 0;
	check(!cxl_afu_dev_name(NULL));
	check_eq(errno, EINVAL);
	check_errno(cxl_afu_opened(NULL), EINVAL);
	check_errno(cxl_afu_fd(NULL), EINVAL);
}

/* Where sysfs and the nodes are */

static void roots_are_set(void)
{
	char name[PATH_MAX + 1];
	struct cxl_afu_h *afu;

	fake_start_with_one();
	memset(name, 'x', PATH_MAX);
	name[PATH_MAX] = '\0';
	check_errno(cxl_set_roots(name, NULL), ENAMETOOLONG);
	check_errno(cxl_set_roots(NULL, name), ENAMETOOLONG);
	check_eq(cxl_set_roots(NULL, NULL), 0);
	afu = fake_the_afu();
	cxl_afu_free(afu);
	check_eq(cxl_set_roots(fake_path("nothing"), NULL), 0);
	check(!cxl_afu_next(NULL));
	check_eq(errno, ENODEV);
}

static void roots_are_in_the_environment(void)
{
	struct cxl_afu_h *afu;

	fake_start_with_one();
	check_eq(cxl_set_roots("", ""), 0);
	setenv("LIBCXL_SYSFS", fake_path("sys"), 1);
	setenv("LIBCXL_DEV", fake_path("dev"), 1);
	afu = cxl_afu_next(NULL);
	require(afu, "%m");
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0");
	cxl_afu_free(afu);
	setenv("LIBCXL_SYSFS", fake_path("nothing"), 1);
	check(!cxl_afu_next(NULL));
	check_eq(errno, ENODEV);
}

static const struct tap_test tests[] = {
	{ "lib_enumerate.cards_come_in_order", cards_come_in_order },
	{ "lib_enumerate.afus_come_in_order", afus_come_in_order },
	{ "lib_enumerate.afus_of_one_card", afus_of_one_card },
	{ "lib_enumerate.loop_can_be_left", loop_can_be_left },
	{ "lib_enumerate.no_class_is_told", no_class_is_told },
	{ "lib_enumerate.cards_may_go_meanwhile", cards_may_go_meanwhile },
	{ "lib_enumerate.names_of_null", names_of_null },
	{ "lib_enumerate.roots_are_set", roots_are_set },
	{ "lib_enumerate.roots_are_in_the_environment",
	  roots_are_in_the_environment },
};

TAP_MAIN(tests)
