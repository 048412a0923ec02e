/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a test program runs the tests that are code of cxl_test_api, an AFU
 * driver, and learns what they found.
 */
#ifndef _CXL_TEST_API_H
#define _CXL_TEST_API_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_TEST_API_NODE	"/dev/cxl_test_api"
#define CXL_TEST_API_DEVICE	0x4352
#define CXL_TEST_API_ARGS	4

/* Card that it is for */
#define CXL_TEST_API_USER_IRQS	20
#define CXL_TEST_API_IRQS_MIN	2
#define CXL_TEST_API_PROCS	6

/**
 * struct cxl_test_api_run - run one test
 * @name: its name
 * @arg: for the test; it may change them
 * @checks: returned: how many conditions were checked
 * @failures: returned: how many did not hold
 * @report: returned: a line for each that did not
 */
struct cxl_test_api_run {
	char name[64];
	__s64 arg[CXL_TEST_API_ARGS];
	__u32 checks;
	__u32 failures;
	char report[2000];
};

/* ENOENT: no such test.  ENODEV: no device is bound. */
#define CXL_TEST_API_RUN	_IOWR(0xc8, 0x40, struct cxl_test_api_run)

#endif
