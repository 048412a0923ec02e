/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of AFU drivers: a program that loads a driver and makes a card for it,
 * for all of its tests.
 *
 *	static const struct api_setup setup = {
 *		.module = "cxl_test_api",
 *		.device = CXL_TEST_API_DEVICE,
 *	};
 *
 *	int main(int argc, char **argv)
 *	{
 *		return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests),
 *				&setup);
 *	}
 */
#ifndef _TESTS_LIB_API_TEST_H
#define _TESTS_LIB_API_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "tap.h"
#include "modules/cxl_test_api/cxl_test_api.h"

#define API_MAX_SETTINGS	16

/**
 * struct api_setup - what a program needs
 * @module: the AFU driver
 * @driver: its name on the PCI bus, if different
 * @param: its parameter, or NULL
 * @device: PCI device ID of the AFU's configuration records
 * @settings: pairs of attribute and value of the card's configfs folder
 */
struct api_setup {
	const char *module;
	const char *driver;
	const char *param;
	unsigned int device;
	const char *settings[API_MAX_SETTINGS];
};

int api_main(int argc, char **argv, const char *file,
	     const struct tap_test *tests, size_t n,
	     const struct api_setup *setup);

/* Did the program succeed? */
bool api_command(const char *program, const char *arg, const char *arg2);

/* Number of the card; require */
int api_card(void);
/* Find the AFU device of a record: whether there is one; or require it */
bool api_find_device(char *name, size_t size, unsigned int record);
void api_device(char *name, size_t size, unsigned int record);
bool api_is_bound(unsigned int record);

/* Require: write to a file of the card's debugfs folder */
void api_inject(const char *text, const char *file);
/* Make the card disappear and appear; require */
void api_set_live(bool live);
/* Take the driver off the AFU's first device, put it back; require */
void api_unbind(void);
void api_bind(void);

/*
 * Run a test of cxl_test_api; its failures are failures of this test. @arg,
 * CXL_TEST_API_ARGS numbers, may be NULL.
 */
void api_run(const char *name, long long *arg);
/* The same through an open CXL_TEST_API_NODE */
void api_run_fd(int fd, const char *name, long long *arg);

#endif
