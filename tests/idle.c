// SPDX-License-Identifier: GPL-2.0-only
/* What the modules cost while they have nothing to do. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/all_modules.h"
#include "lib/cxl_test.h"
#include "lib/inventory.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"

#define TRACING		"/sys/kernel/tracing/instances/cxl-idle"

static void trace(bool on)
{
	static const char *const events[] = {
		"timer/timer_start", "timer/hrtimer_start",
		"workqueue/workqueue_queue_work",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		require_ok(file_write(on ? "1" : "0", TRACING "/events/%s/enable",
				      events[i]));
}

/* Check whether a function of our modules was set as a timer or queued as work. */
static void check_no_timer_of_ours(void)
{
	check(!file_has(TRACING "/trace", "[cxl"));
	check(!file_has(TRACING "/trace", "function=sim_"));
	check(!file_has(TRACING "/trace", "function=cxl_"));
	check(!file_has(TRACING "/trace", "workqueue=cxl"));
}

static void check_silence(void)
{
	struct threads_cost cost;

	require_ok(file_write("0", TRACING "/trace"));
	trace(true);
	cost = threads_cost("cxl", 2000);
	trace(false);
	check_eq(cost.switches, 0);
	check_no_timer_of_ours();
	/* Something else always has a timer: tracing works. */
	check(file_has(TRACING "/trace", "timer_start"));
}

static void nobody_wakes_up_without_a_context(void)
{
	struct threads_cost cost;
	int fd[10];
	unsigned int i;

	if (mkdir(TRACING, 0700))
		skip("no tracing: %s", strerror(errno));
	/* Let everything end that was due because of the last context. */
	usleep(200000);
	check_silence();

	for (i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = node_open_ok(i % 2 ? "afu0.0m" : "afu0.0s");
	check_silence();
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		check_ok(close(fd[i]));

	use_the_card();
	usleep(200000);
	check_silence();

	/* And timers of ours would be seen */
	fd[0] = node_open_started("afu0.0s");
	cost = threads_cost("cxl", 1000);
	check(cost.switches > 0);
	check_ok(close(fd[0]));
}

static void remove_tracing(void)
{
	rmdir(TRACING);
}

#define IDLE_CONTEXTS	500
#define SOME_CONTEXTS	2000
#define WINDOW_MS	3000

/*
 * A CPU makes 10 million of the cheapest system calls in a second; an emulated
 * CPU on a busy machine makes many times less. So 1 % of a CPU is measured in
 * such calls: the fewest nanoseconds for 100,000 of them.
 */
static unsigned long long one_percent_ns(void)
{
	const unsigned int calls = 10000;
	unsigned long long best = ~0ULL;
	struct timespec from, to;
	unsigned int tries, i;

	for (tries = 0; tries < 20; tries++) {
		unsigned long long ns;

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (i = 0; i < calls; i++)
			syscall(SYS_getppid);
		clock_gettime(CLOCK_MONOTONIC, &to);
		ns = (to.tv_sec - from.tv_sec) * 1000000000ULL +
		     to.tv_nsec - from.tv_nsec;
		if (ns < best)
			best = ns;
	}
	return best * 100000 / calls;
}

static void idle_contexts_cost_less_than_1_percent(void)
{
	static int fd[IDLE_CONTEXTS];
	unsigned long long best_ns = ~0ULL, limit_ns;
	struct threads_cost cost;
	struct queue q;
	unsigned int i;

	queue_init(&q, 1);
	for (i = 0; i < IDLE_CONTEXTS; i++) {
		fd[i] = node_open_ok("afu0.0s");
		require_ok(node_start(fd[i], queue_wed(&q), -1, 0));
	}
	sleep(5);
	for (i = 0; i < 5; i++) {
		cost = threads_cost("cxl", WINDOW_MS);
		check(cost.switches < 10 * WINDOW_MS / 1000, "%llu wake-ups",
		      cost.switches);
		if (cost.run_ns * 1000 / WINDOW_MS < best_ns)
			best_ns = cost.run_ns * 1000 / WINDOW_MS;
	}
	limit_ns = one_percent_ns();
	diag("%llu us of each second, of %llu", best_ns / 1000,
	     limit_ns / 1000);
	check(best_ns > 0);
	check(best_ns < limit_ns);

	for (i = 0; i < IDLE_CONTEXTS; i++)
		check_ok(close(fd[i]));
}

/* Kernel memory in bytes: slab caches, and everything else not of programs */
static long long kernel_memory(void)
{
	char buf[8192], *line;
	long long kib = 0;
	unsigned int i;
	static const char *const names[] = { "\nSlab:", "\nVmallocUsed:" };

	require(file_read(buf, sizeof(buf), "/proc/meminfo") > 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		line = strstr(buf, names[i]);
		require(line);
		kib += strtoll(line + strlen(names[i]), NULL, 10);
	}
	return kib * 1024;
}

/* Locks that can be waited for take more memory. */
static bool locks_are_large(void)
{
	struct utsname name;

	require_ok(uname(&name));
	return strstr(name.version, "PREEMPT_RT");
}

/*
 * Including its file and inode, without what an AFU driver adds. The first
 * contexts take what earlier tests left free in the caches.
 */
static void a_context_takes_at_most_4_kib(void)
{
	const long long limit = locks_are_large() ? 6144 : 4096;
	const struct rlimit files = { 2 * SOME_CONTEXTS, 2 * SOME_CONTEXTS };
	const unsigned int begin = SOME_CONTEXTS / 2, count = SOME_CONTEXTS;
	long long before = 0, each;
	struct sim_card card;
	unsigned int i;

	require_ok(setrlimit(RLIMIT_NOFILE, &files));
	sim_card_make(&card, "afu0/num_procs", "4096", NULL);
	for (i = 0; i < count; i++) {
		if (i == begin)
			before = kernel_memory();
		node_open_ok(card.slave);
	}
	each = (kernel_memory() - before) / (count - begin);
	diag("%lld bytes for each context", each);
	check(each > 1024);
	check(each <= limit, "%lld bytes", each);
}

static const struct tap_test tests[] = {
	/* With PREEMPT_RT each close waits for RCU, in irq_work_sync(). */
	{ "idle.a_context_takes_at_most_4_kib", a_context_takes_at_most_4_kib,
	  sim_cards_remove, 100 },
	{ "idle.nobody_wakes_up_without_a_context",
	  nobody_wakes_up_without_a_context, remove_tracing },
	{ "idle.idle_contexts_cost_less_than_1_percent",
	  idle_contexts_cost_less_than_1_percent, NULL, 100 },
};

TAP_MAIN(tests)
