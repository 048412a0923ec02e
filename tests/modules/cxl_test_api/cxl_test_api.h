/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a test program runs the tests inside cxl_test_api, an AFU driver, and
 * gets their results.
 */
#ifndef _CXL_TEST_API_H
#define _CXL_TEST_API_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_TEST_API_NODE	"/dev/cxl_test_api"
#define CXL_TEST_API_DEVICE	0x4352
#define CXL_TEST_API_ARGS	4

/* The card that the tests expect */
#define CXL_TEST_API_USER_IRQS	20
#define CXL_TEST_API_IRQS_MIN	2
#define CXL_TEST_API_PROCS	6

/**
 * struct cxl_test_api_run - run one test
 * @name: its name
 * @arg: arguments for the test, which may change them
 * @checks: returned: how many conditions were checked
 * @failures: returned: how many of them failed
 * @report: returned: a line for each failure
 */
struct cxl_test_api_run {
	char name[64];
	__s64 arg[CXL_TEST_API_ARGS];
	__u32 checks;
	__u32 failures;
	char report[2000];
};

/* ENOENT: no such test. ENODEV: no device is bound. */
#define CXL_TEST_API_RUN	_IOWR(0xc8, 0x40, struct cxl_test_api_run)

#endif
