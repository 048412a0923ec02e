// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures at each place in turn, as in fail.c, in an AFU driver's use of the
 * in-kernel API (contexts, event queue, interrupts, start, registers, file) and
 * in a card driver's, to create a bus.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"

static int fd;

static int run_driver(const char *name)
{
	struct cxl_test_api_run run = { .name = "" };

	strcpy(run.name, name);
	if (ioctl(fd, CXL_TEST_API_RUN, &run))
		return -1;
	check(!run.failures, "%s", run.report);
	errno = -run.arg[0];
	return run.arg[0] ? -1 : 0;
}

static int call_driver(void)
{
	return run_driver("every_call_may_fail");
}

/* The driver core returns EINVAL if it has no memory for a name. */
static int call_bus(void)
{
	int ret = run_driver("bus_may_fail");

	if (ret && errno == EINVAL)
		errno = ENOMEM;
	return ret;
}

static void nothing(void)
{
}

static void way_of_an_afu_driver(void)
{
	fd = require_ok(open(CXL_TEST_API_NODE, O_RDWR | O_CLOEXEC));
	check(fail_each(call_driver, nothing) > 10);
	close(fd);
	/* All contexts and interrupts are free again. */
	api_run("process_elements_run_out", NULL);
	api_run("allocation_keeps_to_the_budget", NULL);
}

static void bus_without_devices(void)
{
	fd = require_ok(open(CXL_TEST_API_NODE, O_RDWR | O_CLOEXEC));
	check(fail_each(call_bus, nothing) > 10);
	close(fd);
}

static const struct tap_test tests[] = {
	{ "fail_api.bus_without_devices", bus_without_devices, .limit = 120 },
	{ "fail_api.way_of_an_afu_driver", way_of_an_afu_driver, .limit = 120 },
};

static const struct api_setup setup = {
	.module = "cxl_test_api",
	.device = CXL_TEST_API_DEVICE,
	.settings = {
		"user_irqs", "20",
		"afu0/irqs_min", "2",
		"afu0/num_procs", "6",
	},
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
