// SPDX-License-Identifier: GPL-2.0-only
/* The cost of started contexts without work, in per mille of a CPU */
#define _GNU_SOURCE
#include <unistd.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "lib/inventory.h"

#define CONTEXTS	500
#define SETTLE_S	5	/* until the AFU looks for work at its slowest pace */
#define WINDOW_MS	4000

static int contexts[CONTEXTS];
static unsigned int nr_contexts;
/* No element is valid: the AFU looks for work and finds none. */
static struct queue queue;

static void start_context(void)
{
	int fd = node_open_ok("afu0.0s");

	bench_require(!node_start(fd, queue_wed(&queue), -1, 0), "START_WORK");
	contexts[nr_contexts++] = fd;
}

static void measure(const char *name, unsigned int n)
{
	struct threads_cost cost;
	__u64 time;

	while (nr_contexts < n)
		start_context();
	sleep(SETTLE_S);
	time = bench_now();
	cost = threads_cost("cxl", WINDOW_MS);
	time = bench_now() - time;
	/* Contexts that sleep until a store cost nothing: do not measure those. */
	bench_require(!n || cost.run_ns, "the AFU does not look at idle contexts");
	bench_value(name, 1000.0 * cost.run_ns / time, n);
}

void bench_idle(void)
{
	queue_init(&queue, 1);
	measure("idle_contexts_0_permille", 0);
	measure("idle_contexts_1_permille", 1);
	measure("idle_contexts_500_permille", CONTEXTS);
	while (nr_contexts)
		close(contexts[--nr_contexts]);
	queue_destroy(&queue);
}
