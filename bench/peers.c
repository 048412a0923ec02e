// SPDX-License-Identifier: GPL-2.0-only
/* The cost of other ways to tell a program something */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "modules/cxl_bench.h"

#define EVENT_SIZE	40	/* like a cxl event with 32 bytes of payload */
#define INPUT_PACKET	64

static char buf[4096];
static int zero, pipe_end[2], event, peers, uio, input;

static void getppid_run(void)
{
	syscall(SYS_getppid);
}

static void zero_read(void)
{
	bench_require(read(zero, buf, EVENT_SIZE) == EVENT_SIZE, "/dev/zero");
}

static void pipe_write(void)
{
	bench_require(write(pipe_end[1], buf, EVENT_SIZE) == EVENT_SIZE, "pipe");
}

/* Drain it first: a write to a page that already has bytes would cost less. */
static void pipe_drain(void)
{
	int n;

	ioctl(pipe_end[0], FIONREAD, &n);
	if (n)
		bench_require(read(pipe_end[0], buf, n) == n, "pipe");
}

static void pipe_read(void)
{
	bench_require(read(pipe_end[0], buf, EVENT_SIZE) == EVENT_SIZE, "pipe");
}

static void pipe_fill(void)
{
	pipe_drain();
	pipe_write();
}

static void eventfd_post(void)
{
	const __u64 one = 1;

	bench_require(write(event, &one, 8) == 8, "eventfd");
}

static void eventfd_take(void)
{
	bench_require(read(event, buf, 8) == 8, "eventfd");
}

/* Read the last events, then post @n new ones. */
static void input_post(int n)
{
	while (read(input, buf, sizeof(buf)) > 0)
		;
	ioctl(peers, CXL_BENCH_INPUT_EVENTS, n);
}

static void input_one(void)
{
	input_post(2);
}

static void input_packet(void)
{
	input_post(INPUT_PACKET);
}

static void input_take(int n)
{
	const ssize_t size = n * sizeof(struct input_event);

	bench_require(read(input, buf, size) == size, "evdev");
}

static void input_read_one(void)
{
	input_take(1);
}

static void input_read_packet(void)
{
	input_take(INPUT_PACKET);
}

static void uio_post(void)
{
	ioctl(peers, CXL_BENCH_UIO_IRQ);
}

static void uio_read(void)
{
	bench_require(read(uio, buf, 4) == 4, "uio");
}

/* The input device that cxl_bench_peers made, or -1 */
static int open_input(void)
{
	char path[32], name[32];
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, EVIOCGNAME(sizeof(name)), name) > 0 &&
		    !strcmp(name, CXL_BENCH_PEERS_NAME))
			return fd;
		close(fd);
	}
	return -1;
}

static void devices(void)
{
	static const struct bench_op input_ops[] = {
		{ "evdev_read_1", input_one, input_read_one, 1 },
		{ "evdev_read_64", input_packet, input_read_packet, INPUT_PACKET },
	};
	static const struct bench_op uio_op = { "uio_read", uio_post, uio_read, 1 };

	peers = open(CXL_BENCH_PEERS_NODE, O_RDWR | O_CLOEXEC);
	input = open_input();
	uio = open("/dev/uio0", O_RDONLY | O_CLOEXEC);
	if (input >= 0) {
		bench_run(&input_ops[0]);
		bench_run(&input_ops[1]);
	} else {
		bench_skip(input_ops[0].name, "no evdev in this kernel");
		bench_skip(input_ops[1].name, "no evdev in this kernel");
	}
	if (uio >= 0)
		bench_run(&uio_op);
	else
		bench_skip(uio_op.name, "no UIO in this kernel");
}

void bench_peers(void)
{
	static const struct bench_op ops[] = {
		{ "getppid", NULL, getppid_run, 1 },
		{ "devzero_read_40", NULL, zero_read, 1 },
		{ "pipe_write_40", pipe_drain, pipe_write, 1 },
		{ "pipe_read_40", pipe_fill, pipe_read, 1 },
		{ "eventfd_write", NULL, eventfd_post, 1 },
		{ "eventfd_read", eventfd_post, eventfd_take, 1 },
	};
	size_t i;

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	event = eventfd(0, EFD_CLOEXEC);
	bench_require(zero >= 0 && event >= 0 && !pipe(pipe_end), "peers");
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		bench_run(&ops[i]);
	devices();
}
