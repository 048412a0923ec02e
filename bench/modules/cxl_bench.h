/* SPDX-License-Identifier: GPL-2.0-only */
/* What a benchmark program asks of the AFU driver cxl_bench.c. */
#ifndef _CXL_BENCH_H
#define _CXL_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CXL_BENCH_DEVICE	0xbe4c	/* PCI device ID of the AFU */
#define CXL_BENCH_NODE		"/dev/cxl-bench"
#define CXL_BENCH_PAYLOAD	32	/* bytes, 40 with the header */
#define CXL_BENCH_DEPTH		1024	/* events that a context can hold */

/**
 * struct cxl_bench_loop - calls in a row, interrupts off
 * @calls: how many, at most CXL_BENCH_DEPTH
 * @ns: what they took altogether, without the clock's own cost; returned
 */
struct cxl_bench_loop {
	__u32 calls;
	__u32 ns;
};

/* On CXL_BENCH_NODE: a descriptor of a new context; argument: use the queue? */
#define CXL_BENCH_GET_FD	_IO('B', 0)

/* On the descriptor: that many events; the loops leave theirs to be read */
#define CXL_BENCH_EVENTS	_IO('B', 1)
#define CXL_BENCH_LOOP		_IOWR('B', 2, struct cxl_bench_loop)

/* cxl_bench_peers.c: devices of other subsystems, and what makes their events */
#define CXL_BENCH_PEERS_NODE	"/dev/cxl-bench-peers"
#define CXL_BENCH_PEERS_NAME	"cxl-bench"	/* of the UIO and the input device */
#define CXL_BENCH_UIO_IRQ	_IO('B', 3)
#define CXL_BENCH_INPUT_EVENTS	_IO('B', 4)	/* argument: how many, SYN included */

#endif
