// SPDX-License-Identifier: GPL-2.0-only
/* Tests of AFU drivers: see tests/lib/api_test.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"

#define CARD	"/sys/kernel/config/cxl-sim/api-test"
#define PCI	"/sys/bus/pci"

static const struct api_setup *setup;

bool api_command(const char *program, const char *arg, const char *arg2)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execlp(program, program, arg, arg2, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static const char *driver_name(void)
{
	return setup->driver ?: setup->module;
}

static void remove_card(void)
{
	int slice;

	file_write("0", CARD "/live");
	for (slice = 0; slice < 4; slice++) {
		char path[64];

		snprintf(path, sizeof(path), CARD "/afu%d", slice);
		rmdir(path);
	}
	rmdir(CARD);
}

static bool make_card(void)
{
	const char *const *setting = setup->settings;
	char id[16];

	snprintf(id, sizeof(id), "0x%04x", setup->device);
	if (mkdir(CARD, 0755) || mkdir(CARD "/afu0", 0755) ||
	    file_write(id, CARD "/afu0/cr_device"))
		return false;
	for (; *setting; setting += 2)
		if (file_write(setting[1], CARD "/%s", setting[0]))
			return false;
	return !file_write("1", CARD "/live");
}

int api_main(int argc, char **argv, const char *file,
	     const struct tap_test *tests, size_t n,
	     const struct api_setup *s)
{
	int ret;

	if (argc > 1 && !strcmp(argv[1], "-l"))
		return tap_main(argc, argv, file, tests, n);
	setup = s;
	/* Left behind by a program that crashed */
	remove_card();
	if (!api_command("modprobe", s->module, s->param) || !make_card()) {
		printf("Bail out! no card for %s: %m\n", s->module);
		return 2;
	}
	ret = tap_main(argc, argv, file, tests, n);
	remove_card();
	if (!api_command("rmmod", s->module, NULL)) {
		diag("%s cannot be unloaded", s->module);
		return 1;
	}
	return ret;
}

int api_card(void)
{
	return file_number(CARD "/num");
}

/* Device number @record of those with the device ID, sorted by name */
bool api_find_device(char *name, size_t size, unsigned int record)
{
	struct dirent **entry;
	bool found = false;
	int i, n;

	n = scandir(PCI "/devices", &entry, NULL, alphasort);
	require(n >= 0);
	for (i = 0; i < n; i++) {
		char id[16];

		if (!found &&
		    file_read(id, sizeof(id), PCI "/devices/%s/device",
			      entry[i]->d_name) > 0 &&
		    strtoul(id, NULL, 0) == setup->device && !record--) {
			snprintf(name, size, "%s", entry[i]->d_name);
			found = true;
		}
		free(entry[i]);
	}
	free(entry);
	return found;
}

void api_device(char *name, size_t size, unsigned int record)
{
	require(api_find_device(name, size, record));
}

bool api_is_bound(unsigned int record)
{
	char name[32];

	return api_find_device(name, sizeof(name), record) &&
	       file_exists(PCI "/drivers/%s/%s", driver_name(), name);
}

void api_inject(const char *text, const char *file)
{
	require(!file_write(text, "/sys/kernel/debug/cxl-afu/card%d/%s",
			    api_card(), file), "%s: %m", file);
}

void api_set_live(bool live)
{
	require_ok(file_write(live ? "1" : "0", CARD "/live"));
}

void api_unbind(void)
{
	char name[32];

	api_device(name, sizeof(name), 0);
	require_ok(file_write(name, PCI "/drivers/%s/unbind", driver_name()));
}

void api_bind(void)
{
	char name[32];

	api_device(name, sizeof(name), 0);
	require_ok(file_write(name, PCI "/drivers/%s/bind", driver_name()));
}

void api_run_fd(int fd, const char *name, long long *arg)
{
	struct cxl_test_api_run run = { .name = "" };
	char *line, *rest = run.report;
	int ret;

	snprintf(run.name, sizeof(run.name), "%s", name);
	if (arg)
		memcpy(run.arg, arg, sizeof(run.arg));
	/* A device is bound in sysfs a moment before its probe has ended. */
	becomes_true(!(ret = ioctl(fd, CXL_TEST_API_RUN, &run)) ||
		     errno != ENODEV);
	require(!ret, "%s: %m", name);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			diag("%s: %s", name, line);
	check(run.checks, "%s", name);
	check_eq(run.failures, 0);
	if (arg)
		memcpy(arg, run.arg, sizeof(run.arg));
}

void api_run(const char *name, long long *arg)
{
	int fd = require_ok(open(CXL_TEST_API_NODE, O_RDWR | O_CLOEXEC));

	api_run_fd(fd, name, arg);
	close(fd);
}
