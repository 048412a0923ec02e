// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time from the producer's call to the reader's return from read(). The reader
 * sleeps in another thread on the same CPU.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "modules/cxl_bench.h"

#define WAKE_UPS	201
#define SETTLE_US	2000	/* until the reader sleeps */

static int wake_fd;
static __u64 woken;		/* when the reader was back; the pipe orders it */
static int done[2];

static void *reader(void *arg)
{
	char buf[4096];
	int i;

	for (i = 0; i < WAKE_UPS; i++) {
		bench_require(read(wake_fd, buf, sizeof(buf)) > 0, "read");
		woken = bench_now();
		bench_require(write(done[1], "", 1) == 1, "pipe");
	}
	return arg;
}

static void wake_eventfd(void)
{
	const __u64 one = 1;

	bench_require(write(wake_fd, &one, 8) == 8, "eventfd");
}

static void wake_cxl(void)
{
	ioctl(wake_fd, CXL_BENCH_EVENTS, 1);
}

static void measure(const char *name, int fd, void (*produce)(void))
{
	__u64 samples[WAKE_UPS], start;
	pthread_t thread;
	char byte;
	int i;

	wake_fd = fd;
	bench_require(!pipe(done) &&
		      !pthread_create(&thread, NULL, reader, NULL), name);
	for (i = 0; i < WAKE_UPS; i++) {
		usleep(SETTLE_US);
		start = bench_now();
		produce();
		bench_require(read(done[0], &byte, 1) == 1, "pipe");
		samples[i] = woken - start;
	}
	pthread_join(thread, NULL);
	bench_report(name, samples, WAKE_UPS, 1);
	close(done[0]);
	close(done[1]);
	close(fd);
}

void bench_wake(void)
{
	measure("wake_eventfd", eventfd(0, EFD_CLOEXEC), wake_eventfd);
	measure("wake_cxl", bench_context(false), wake_cxl);
}
