// SPDX-License-Identifier: GPL-2.0-only
/* Reading and posting events of a cxl context. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "modules/cxl_bench.h"

#define EVENT_SIZE	(sizeof(struct cxl_event_header) + CXL_BENCH_PAYLOAD)
#define STAMPED_SIZE	(EVENT_SIZE + sizeof(struct cxl_event_stamp))
#define INJECT_IRQ	"/sys/kernel/debug/cxl-afu/card0/afu0/inject_irq"
#define BATCH		100
#define LOOP_CALLS	1000
#define LOOP_ROUNDS	51

static char buf[16384];
static char work_queue[4096] __attribute__((aligned(4096)));	/* no valid element */
static int ops_fd, queue_fd, stamps_fd, irq_fd;
static char irq_line[32];

static void post(int fd, unsigned int n)
{
	bench_require(!ioctl(fd, CXL_BENCH_EVENTS, n), "CXL_BENCH_EVENTS");
}

static void take(int fd, size_t size)
{
	bench_require(read(fd, buf, sizeof(buf)) == (ssize_t)size, "read");
}

static void ops_1(void)
{
	post(ops_fd, 1);
}

static void ops_100(void)
{
	post(ops_fd, BATCH);
}

static void queue_1(void)
{
	post(queue_fd, 1);
}

static void queue_100(void)
{
	post(queue_fd, BATCH);
}

static void stamps_1(void)
{
	post(stamps_fd, 1);
}

static void stamps_100(void)
{
	post(stamps_fd, BATCH);
}

static void ops_read_1(void)
{
	take(ops_fd, EVENT_SIZE);
}

static void ops_read_100(void)
{
	take(ops_fd, BATCH * EVENT_SIZE);
}

static void queue_read_1(void)
{
	take(queue_fd, EVENT_SIZE);
}

static void queue_read_100(void)
{
	take(queue_fd, BATCH * EVENT_SIZE);
}

static void stamps_read_1(void)
{
	take(stamps_fd, STAMPED_SIZE);
}

static void stamps_read_100(void)
{
	take(stamps_fd, BATCH * STAMPED_SIZE);
}

/* Send an event and read it, including the ioctl that sends it. */
static void queue_roundtrip(void)
{
	post(queue_fd, 1);
	take(queue_fd, EVENT_SIZE);
}

static void irq_post(void)
{
	bench_require(!file_write(irq_line, INJECT_IRQ), INJECT_IRQ);
}

static void irq_read(void)
{
	take(irq_fd, sizeof(struct cxl_event_header) +
	     sizeof(struct cxl_event_afu_interrupt));
}

/* Start a plain context of a program: AFU interrupts need no AFU driver. */
static void open_irq_context(void)
{
	irq_fd = node_open_ok("afu0.0s");
	bench_require(!node_start(irq_fd, (uintptr_t)work_queue, -1, 0),
		      "START_WORK");
	snprintf(irq_line, sizeof(irq_line), "%d 1\n", node_pe(irq_fd));
}

static void drain(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, 0) == 1)
		bench_require(read(fd, buf, sizeof(buf)) > 0, "read");
}

/* A loop in the kernel, while nobody waits */
static void loop(const char *name, int fd)
{
	__u64 samples[LOOP_ROUNDS];
	int i;

	for (i = 0; i < LOOP_ROUNDS; i++) {
		struct cxl_bench_loop l = { .calls = LOOP_CALLS };

		bench_require(!ioctl(fd, CXL_BENCH_LOOP, &l), "CXL_BENCH_LOOP");
		samples[i] = l.ns;
		drain(fd);
	}
	bench_report(name, samples, LOOP_ROUNDS, LOOP_CALLS);
}

void bench_events(void)
{
	static const struct bench_op ops[] = {
		{ "cxl_event_read_1", ops_1, ops_read_1, 1 },
		{ "cxl_event_read_100", ops_100, ops_read_100, BATCH },
		{ "cxl_event_queue_read_1", queue_1, queue_read_1, 1 },
		{ "cxl_event_queue_read_100", queue_100, queue_read_100, BATCH },
		{ "cxl_event_queue_roundtrip", NULL, queue_roundtrip, 1 },
		{ "cxl_irq_event_read", irq_post, irq_read, 1 },
		{ "cxl_event_stamped_read_1", stamps_1, stamps_read_1, 1 },
		{ "cxl_event_stamped_read_100", stamps_100, stamps_read_100, BATCH },
	};
	const struct cxl_ioctl_event_format stamps = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	size_t i;

	ops_fd = bench_context(false);
	queue_fd = bench_context(true);
	stamps_fd = bench_context(false);
	bench_require(!ioctl(stamps_fd, CXL_IOCTL_EVENT_FORMAT, &stamps),
		      "CXL_IOCTL_EVENT_FORMAT");
	open_irq_context();
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		bench_run(&ops[i]);
	loop("cxl_events_pending_idle", ops_fd);
	loop("cxl_event_queue_send_32", queue_fd);
	close(ops_fd);
	close(queue_fd);
	close(stamps_fd);
	close(irq_fd);
}
