/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface between programs and cxl_test_memcpy. */
#ifndef _CXL_TEST_MEMCPY_H
#define _CXL_TEST_MEMCPY_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <misc/cxl.h>

#define CXL_TEST_MEMCPY_NODE	"/dev/cxlmemcpy"
#define CXL_TEST_MEMCPY_DEVICE	0x4353

/**
 * struct cxl_test_memcpy_get_fd - a started context as a file descriptor
 * @work: how to start it
 * @master: bit 0: a master context
 */
struct cxl_test_memcpy_get_fd {
	struct cxl_ioctl_start_work work;
	__u64 master;
};

struct cxl_test_memcpy_fault {
	__u64 addr;
	__u64 size;
};

#define CXL_TEST_MEMCPY_GET_FD		_IOW(0xc9, 0, int)
#define CXL_TEST_MEMCPY_HANDLE_FAULT	_IOW(0xc9, 1, int)

#endif
