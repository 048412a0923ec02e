// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card of its own for the test AFU driver, made by configfs: see
 * tests/lib/event_test.h.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"

#define CARD	"/sys/kernel/config/cxl-sim/event-test"
#define DRIVER	"/sys/bus/pci/drivers/cxl_test_afu"

static int run(const char *program, const char *arg, const char *arg2)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execlp(program, program, arg, arg2, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void remove_card(void)
{
	file_write("0", CARD "/live");
	rmdir(CARD "/afu0");
	rmdir(CARD);
}

static bool make_card(void)
{
	char id[16];

	snprintf(id, sizeof(id), "0x%04x", CXL_TEST_PCI_DEVICE);
	return !mkdir(CARD, 0755) && !mkdir(CARD "/afu0", 0755) &&
	       !file_write(id, CARD "/afu0/cr_device") &&
	       !file_write("1", CARD "/live");
}

int event_main(int argc, char **argv, const char *file,
	       const struct tap_test *tests, size_t n)
{
	bool list = argc > 1 && !strcmp(argv[1], "-l");
	int ret;

	if (list)
		return tap_main(argc, argv, file, tests, n);
	/* Left behind by a program that crashed */
	remove_card();
	if (run("modprobe", "cxl_test_afu", NULL) || !make_card()) {
		printf("Bail out! no card for cxl_test_afu: %m\n");
		return 2;
	}
	ret = tap_main(argc, argv, file, tests, n);
	remove_card();
	if (run("rmmod", "cxl_test_afu", NULL)) {
		diag("cxl_test_afu cannot be unloaded");
		return 1;
	}
	return ret;
}

int event_card(void)
{
	return file_number(CARD "/num");
}

void event_set_link(bool up)
{
	require_ok(file_write(up ? "up" : "down",
			      "/sys/kernel/debug/cxl-afu/card%d/link",
			      event_card()));
}

void event_unbind(struct event_afu *afu)
{
	require_ok(file_write(afu->device, DRIVER "/unbind"));
}

void event_bind(struct event_afu *afu)
{
	require_ok(file_write(afu->device, DRIVER "/bind"));
}

void event_remove_card(void)
{
	require_ok(file_write("0", CARD "/live"));
}

void event_make_card(void)
{
	require_ok(file_write("1", CARD "/live"));
}
