// SPDX-License-Identifier: GPL-2.0-only
/* Benchmarks: clock, rounds, and the rows printed. See bench.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "modules/cxl_bench.h"

#define ROUNDS	301
#define WARM_UP	20

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "peers", bench_peers },
	{ "events", bench_events },
	{ "wake", bench_wake },
	{ "epoll", bench_epoll },
	{ "copy", bench_copy },
	{ "idle", bench_idle },
	{ "models", bench_models },
	{ "rtl", bench_rtl },
	{ "rtl_copy", bench_rtl_copy },
};

static __u64 clock_cost;

__u64 bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void bench_require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

int bench_context(bool queue)
{
	int dev = open(CXL_BENCH_NODE, O_RDWR | O_CLOEXEC);
	int fd = ioctl(dev, CXL_BENCH_GET_FD, queue);

	bench_require(fd >= 0, CXL_BENCH_NODE);
	close(dev);
	return fd;
}

void bench_value(const char *name, double value, unsigned int ops)
{
	printf("row %s %.2f %u\n", name, value, ops);
	fflush(stdout);
}

void bench_skip(const char *name, const char *why)
{
	printf("skip %s %s\n", name, why);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static __u64 median(__u64 *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return samples[n / 2];
}

void bench_report(const char *name, __u64 *samples, size_t n,
		  unsigned int count)
{
	double value = (double)median(samples, n) - (double)clock_cost;

	bench_value(name, value / count, n * count);
}

static void time_rounds(const struct bench_op *op, __u64 *samples)
{
	__u64 start;
	int i;

	for (i = -WARM_UP; i < ROUNDS; i++) {
		if (op->prepare)
			op->prepare();
		start = bench_now();
		op->run();
		samples[i < 0 ? 0 : i] = bench_now() - start;
	}
}

void bench_run(const struct bench_op *op)
{
	static __u64 samples[ROUNDS];

	time_rounds(op, samples);
	bench_report(op->name, samples, ROUNDS, op->count);
}

static void nothing(void)
{
}

static void measure_clock(void)
{
	static const struct bench_op op = { "clock", NULL, nothing, 1 };
	static __u64 samples[ROUNDS];

	time_rounds(&op, samples);
	clock_cost = median(samples, ROUNDS);
}

static int usage(void)
{
	size_t i;

	fprintf(stderr, "usage: bench GROUP...\ngroups:");
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(stderr, " %s", groups[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 16384, 16384 };
	bool known;
	size_t i;
	int arg;

	if (argc < 2)
		return usage();
	bench_require(!setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	measure_clock();
	for (arg = 1; arg < argc; arg++) {
		known = false;
		for (i = 0; i < ARRAY_SIZE(groups); i++) {
			if (strcmp(argv[arg], groups[i].name))
				continue;
			known = true;
			groups[i].run();
		}
		if (!known)
			return usage();
	}
	return 0;
}
