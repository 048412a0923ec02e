/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface between programs and cxl_test_flash. */
#ifndef _CXL_TEST_FLASH_H
#define _CXL_TEST_FLASH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_TEST_FLASH_NODE	"/dev/cxl_test_flash"
#define CXL_TEST_FLASH_DEVICE	0x4355

#define CXL_TEST_FLASH_QUEUES	3	/* contexts of the driver itself */
#define CXL_TEST_FLASH_CONTEXTS	512
#define CXL_TEST_FLASH_PORTS	4

/**
 * struct cxl_test_flash_attach - a context for a program
 * @wed: queue of the program
 * @num_irqs: interrupts
 * @fd: returned
 * @pe: returned
 */
struct cxl_test_flash_attach {
	__u64 wed;
	__s32 num_irqs;
	__s32 fd;
	__u32 pe;
	__u32 reserved;
};

/**
 * struct cxl_test_flash_state - what the driver has seen
 * @wwpn: of each port, 0 if it has none
 * @recoveries: how often it was set up again
 * @interrupts: of its own contexts
 * @faults: page faults of programs
 * @problems: calls that did not return the expected result
 */
struct cxl_test_flash_state {
	__u64 wwpn[CXL_TEST_FLASH_PORTS];
	__u32 recoveries;
	__u32 interrupts;
	__u32 faults;
	__u32 problems;
};

/**
 * struct cxl_test_flash_event - a driver event
 * @what: CXL_TEST_FLASH_RECOVER
 */
struct cxl_test_flash_event {
	__u32 what;
};

/* The card was reset: this context is over, attach another */
#define CXL_TEST_FLASH_RECOVER	1

#define CXL_TEST_FLASH_ATTACH	_IOWR(0xca, 0x80, struct cxl_test_flash_attach)
#define CXL_TEST_FLASH_STATE	_IOR(0xca, 0x81, struct cxl_test_flash_state)
/* Make the AFU raise an interrupt of each of the driver's contexts */
#define CXL_TEST_FLASH_PING	_IO(0xca, 0x82)

#endif
