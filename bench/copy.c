// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput of the memcpy AFU in MiB/s, next to that of memcpy() in one thread.
 * Each sample is one MiB or more, so that the time the AFU needs to notice new
 * work after a pause is included, but does not dominate.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "bench.h"
#include "lib/cxl_test.h"

#define KIB		1024
#define MIB		(KIB * KIB)
#define TOTAL		(8 * MIB)	/* bytes of one sample */
#define ELEMENT		(32 * KIB)	/* what one work element copies at most */
#define SAMPLES		7
#define MAX_CONTEXTS	64
#define QUEUE_LINES	600		/* four elements each: more than a sample */

static char *src, *dst;
static struct afu afus[MAX_CONTEXTS];

static void start(struct afu *afu)
{
	afu->fd = node_open_ok("afu0.0s");
	queue_init(&afu->queue, QUEUE_LINES);
	afu->mmio_size = sysconf(_SC_PAGESIZE);
	bench_require(!node_start(afu->fd, queue_wed(&afu->queue), 4, 0),
		      "CXL_IOCTL_START_WORK");
	afu->mmio = mmap(NULL, afu->mmio_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, afu->fd, 0);
	bench_require(afu->mmio != MAP_FAILED, "mmap");
}

static char *pages(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	bench_require(p != MAP_FAILED, "mmap");
	memset(p, 0x5a, size);
	return p;
}

static double best(double a, double b)
{
	return a > b ? a : b;
}

static double mib_per_s(size_t bytes, __u64 ns)
{
	return (double)bytes / MIB / (ns / 1e9);
}

static double memcpy_rate(size_t size)
{
	__u64 begin = bench_now();
	size_t at;

	for (at = 0; at < TOTAL; at += size) {
		memcpy(dst + at, src + at, size);
		/* Otherwise the compiler may leave it out. */
		__asm__ volatile("" : : "r"(dst) : "memory");
	}
	return mib_per_s(TOTAL, bench_now() - begin);
}

/* Submit the copy in elements, with an interrupt at the end to wait for. */
static void submit(struct afu *afu, size_t at, size_t end, size_t size)
{
	size_t step = size < ELEMENT ? size : ELEMENT;

	for (; at < end; at += step)
		queue_copy(&afu->queue, dst + at, src + at, step);
	queue_add(&afu->queue, WE_IRQ, 1, NULL, NULL);
}

static double afu_rate(unsigned int contexts, size_t size)
{
	size_t share = TOTAL / contexts;
	char buf[CXL_READ_MIN_SIZE];
	__u64 begin = bench_now(), ns;
	unsigned int i;

	for (i = 0; i < contexts; i++)
		submit(&afus[i], i * share, (i + 1) * share, size);
	for (i = 0; i < contexts; i++)
		bench_require(read(afus[i].fd, buf, sizeof(buf)) > 0, "read");
	ns = bench_now() - begin;
	/* The AFU stops after each interrupt. */
	for (i = 0; i < contexts; i++)
		mmio_write(afus[i].mmio, REG_PCTRL, PCTRL_RESTART);
	return mib_per_s(TOTAL, ns);
}

static void measure(size_t size, unsigned int contexts)
{
	double afu = 0, cpu = 0;
	char name[64];
	int i;

	for (i = 0; i < SAMPLES; i++) {
		cpu = best(cpu, memcpy_rate(size));
		afu = best(afu, afu_rate(contexts, size));
	}
	bench_require(!memcmp(src, dst, TOTAL), "copied otherwise");
	memset(dst, 0, TOTAL);
	snprintf(name, sizeof(name), "copy_%zuk_%u_contexts_mib_s", size / KIB,
		 contexts);
	bench_value(name, afu, TOTAL / size);
	snprintf(name, sizeof(name), "copy_%zuk_%u_contexts_percent_of_memcpy",
		 size / KIB, contexts);
	bench_value(name, 100 * afu / cpu, TOTAL / size);
}

void bench_copy(void)
{
	static const size_t sizes[] = { 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB,
					MIB, 4 * MIB };
	size_t i;
	int n;

	src = pages(TOTAL);
	dst = pages(TOTAL);
	for (n = 0; n < MAX_CONTEXTS; n++)
		start(&afus[n]);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		measure(sizes[i], 1);
		if (sizes[i] <= TOTAL / MAX_CONTEXTS)
			measure(sizes[i], MAX_CONTEXTS);
	}
	for (n = 0; n < MAX_CONTEXTS; n++)
		afu_stop(&afus[n]);
}
