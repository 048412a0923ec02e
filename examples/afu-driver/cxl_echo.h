/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The interface between programs and the driver: /dev/cxl-echo. */
#ifndef CXL_ECHO_H
#define CXL_ECHO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* On /dev/cxl-echo: returns a descriptor of the AFU, to read events from */
#define CXL_ECHO_OPEN	_IO('E', 0x40)

/* On such a descriptor: the number comes back as a driver event */
#define CXL_ECHO_SEND	_IOW('E', 0x41, __u64)

#endif
