// SPDX-License-Identifier: GPL-2.0-only
/* What started contexts without work cost: part of a CPU, in per mille. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "bench.h"

#define CONTEXTS	500
#define SETTLE_S	5	/* until the AFU looks as seldom as it ever does */
#define WINDOW_S	4

static int contexts[CONTEXTS];
static unsigned int nr_contexts;
static char queue[4096] __attribute__((aligned(4096)));

/* Nanoseconds that the threads of our modules have run */
static __u64 threads_ns(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	__u64 sum = 0;

	bench_require(proc, "/proc");
	while ((entry = readdir(proc))) {
		unsigned long long ns;
		char path[300], name[32];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (!fgets(name, sizeof(name), f) || strncmp(name, "cxl", 3)) {
			fclose(f);
			continue;
		}
		fclose(f);
		snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	closedir(proc);
	return sum;
}

/* A queue whose first element is not valid: the AFU looks, and finds nothing. */
static void start_context(void)
{
	struct cxl_ioctl_start_work work = {
		.work_element_descriptor = (uintptr_t)queue,
	};
	int fd = open("/dev/cxl/afu0.0s", O_RDWR | O_CLOEXEC);

	bench_require(fd >= 0 && !ioctl(fd, CXL_IOCTL_START_WORK, &work),
		      "/dev/cxl/afu0.0s");
	contexts[nr_contexts++] = fd;
}

static void measure(const char *name, unsigned int n)
{
	__u64 time, run;

	while (nr_contexts < n)
		start_context();
	sleep(SETTLE_S);
	time = bench_now();
	run = threads_ns();
	sleep(WINDOW_S);
	run = threads_ns() - run;
	time = bench_now() - time;
	bench_value(name, 1000.0 * run / time, n);
}

void bench_idle(void)
{
	measure("idle_contexts_0_permille", 0);
	measure("idle_contexts_1_permille", 1);
	measure("idle_contexts_500_permille", CONTEXTS);
	while (nr_contexts)
		close(contexts[--nr_contexts]);
}
