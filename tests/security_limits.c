// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user who may use one node of an AFU cannot use up: the time of the
 * AFU, its process elements and interrupts, memory. Documentation/security.md
 * names each of these tests.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cgroup.h"
#include "lib/cxl_test.h"
#include "lib/loop_test.h"
#include "lib/nobody.h"
#include "lib/sim_test.h"

#define LOOPERS		3
#define COPIES		20
#define CONTEXTS	64
#define BIG_COPY	(16 << 20)

static struct sim_card card;
static size_t page;

/* Shared between the processes */
static struct shared {
	unsigned int ready;	/* atomic */
	unsigned int failed;	/* atomic */
} *shared;

static void share(void)
{
	page = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED);
}

static void tell_ready(void)
{
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
}

static unsigned int ready(void)
{
	return __atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST);
}

/*
 * Time
 */

static void loop(void)
{
	static struct endless_loop endless;

	require_ok(node_start(node_open_ok(card.slave),
			      endless_loop_init(&endless), 4, 0));
	tell_ready();
	pause();
}

/* Elements done by all contexts of the card */
static unsigned long long elements_done(void)
{
	unsigned long long sum = 0, n;
	char path[64], line[256];
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/cxl-afu/card%d/afu0/state",
		 card.num);
	f = fopen(path, "re");
	require(f, "%s: %m", path);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, " elements=");
		if (at && sscanf(at, " elements=%llu", &n) == 1)
			sum += n;
	}
	fclose(f);
	return sum;
}

static void endless_loops_starve_nobody(void)
{
	static char src[100], dst[100];
	long long begin, ms, worst = 0;
	pid_t looper[LOOPERS];
	struct afu afu;
	int i;

	share();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	for (i = 0; i < LOOPERS; i++)
		looper[i] = nobody_start(loop);
	require(becomes_true(ready() == LOOPERS));
	require(becomes_true(elements_done() > 10 * LOOPERS * LOOP));

	afu_start(&afu, card.slave, 4);
	for (i = 0; i < COPIES; i++) {
		begin = now_ms();
		require_eq(queue_wait(queue_copy(&afu.queue, dst, src, 100)),
			   WE_COMPLETE);
		ms = now_ms() - begin;
		if (ms > worst)
			worst = ms;
	}
	diag("beside %d endless loops a copy takes %lld ms at worst", LOOPERS,
	     worst);
	check(worst < WAKE_MS);

	begin = now_ms();
	for (i = 0; i < LOOPERS; i++)
		kill_and_wait(looper[i]);
	diag("to end them takes %lld ms", now_ms() - begin);
	check(now_ms() - begin < WAKE_MS * LOOPERS);
}

static void endless_loops_hold_up_no_removal(void)
{
	long long begin;
	pid_t looper;

	share();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	looper = nobody_start(loop);
	require(becomes_true(ready()));
	begin = now_ms();
	sim_card_set_live(&card, false);
	diag("removal takes %lld ms", now_ms() - begin);
	check(now_ms() - begin < WAKE_MS);
	kill_and_wait(looper);
}

/*
 * Interrupts of other CPUs
 */

/* Function calls so far that one CPU has asked another for */
static long long function_calls(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	long long sum = -1, n;
	char line[1024], *at;
	int length;

	require(f);
	while (sum < 0 && fgets(line, sizeof(line), f)) {
		at = strchr(line, ':');
		if (!at || !strstr(at, "Function call interrupts"))
			continue;
		sum = 0;
		for (at++; sscanf(at, "%lld%n", &n, &length) == 1; at += length)
			sum += n;
	}
	fclose(f);
	if (sum < 0)
		skip("the kernel does not count function calls by themselves");
	return sum;
}

/* How many come each second while @what runs as nobody? Per CPU. */
static long long calls_beside(void (*what)(void))
{
	long long calls, begin;
	pid_t pid;

	share();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	pid = nobody_start(what);
	require(becomes_true(ready()));
	calls = -function_calls();
	begin = now_ms();
	sleep(1);
	calls += function_calls();
	calls = calls * 1000 / (now_ms() - begin) /
		sysconf(_SC_NPROCESSORS_ONLN);
	kill_and_wait(pid);
	diag("%lld function calls per second and CPU", calls);
	return calls;
}

static void ask_for_the_time_base(void)
{
	char *map[CONTEXTS];
	int i, fd;

	for (i = 0; i < CONTEXTS; i++) {
		fd = node_open_ok(card.slave);
		require_ok(node_start(fd, 0, 4, 0));
		map[i] = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0);
		require(map[i] != MAP_FAILED);
	}
	tell_ready();
	/* The time base cannot be shown to a program that sleeps. */
	for (;; usleep(1000))
		for (i = 0; i < CONTEXTS; i++)
			mmio_write(map[i], REG_TB, 1);
}

static void time_base_disturbs_few(void)
{
	if (sim_models_are_programs())
		skip("a program shows it without function calls");
	check(calls_beside(ask_for_the_time_base) < 1500);
}

static void ask_whether_it_is_synced(void)
{
	tell_ready();
	for (;;)
		file_number(SYSFS_CXL "/card%d/psl_timebase_synced", card.num);
}

static void attributes_disturb_few(void)
{
	check(calls_beside(ask_whether_it_is_synced) < 500);
}

/*
 * Process elements and interrupts
 */

#define PROCS	"8"
#define IRQS	"20"

static void take_all_process_elements(void)
{
	while (node_open(card.slave, 0) >= 0)
		;
	if (errno != ENOSPC)
		shared->failed = errno;
	tell_ready();
	pause();
}

static bool can_open(const char *node)
{
	int fd = node_open(node, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void process_elements_come_back(void)
{
	char other[32];
	pid_t pid;
	int fd;

	share();
	sim_card_make(&card, "afu0/num_procs", PROCS, "afu1/num_procs", PROCS,
		      NULL);
	give_away("/dev/cxl/%s", card.slave);
	snprintf(other, sizeof(other), "afu%d.1s", card.num);
	pid = nobody_start(take_all_process_elements);
	require(becomes_true(ready()));
	check_eq(shared->failed, 0);
	check_errno(node_open(card.slave, 0), ENOSPC);
	check(can_open(other));
	kill_and_wait(pid);
	fd = node_open_ok(card.slave);
	check_eq(node_pe(fd), 0);
}

/* The user's limit on open files is below the AFU's number of contexts. */
static void open_up_to_the_limit(void)
{
	struct rlimit files = { 6, 6 };
	int n = 0;

	require_ok(setrlimit(RLIMIT_NOFILE, &files));
	while (node_open(card.slave, 0) >= 0)
		n++;
	check_eq(errno, EMFILE);
	check(n && n < 7);
}

static void limit_of_open_files_is_one_of_contexts(void)
{
	sim_card_make(&card, "afu0/num_procs", PROCS, NULL);
	give_away("/dev/cxl/%s", card.slave);
	as_nobody(open_up_to_the_limit);
}

static void take_all_interrupts(void)
{
	int fd, num = file_number(SYSFS_CXL "/afu%d.0/irqs_max", card.num);

	fd = node_open_ok(card.slave);
	if (!node_start(fd, 0, num + 1, 0) || errno != EINVAL)
		shared->failed = EINVAL;
	while (!node_start(fd, 0, num, 0))
		fd = node_open_ok(card.slave);
	if (errno != ENOSPC)
		shared->failed = errno;
	tell_ready();
	pause();
}

static void interrupts_come_back(void)
{
	int fd[5], i;
	pid_t pid;

	share();
	sim_card_make(&card, "user_irqs", IRQS, NULL);
	give_away("/dev/cxl/%s", card.slave);
	/* What root allows each context */
	require_ok(file_write("5", SYSFS_CXL "/afu%d.0/irqs_max", card.num));
	pid = nobody_start(take_all_interrupts);
	require(becomes_true(ready()));
	check_eq(shared->failed, 0);
	fd[4] = node_open_ok(card.slave);
	check_errno(node_start(fd[4], 0, 5, 0), ENOSPC);
	kill_and_wait(pid);
	for (i = 0; i < 4; i++) {
		fd[i] = node_open_ok(card.slave);
		check_ok(node_start(fd[i], 0, 5, 0));
	}
}

/*
 * Memory
 */

static void open_and_touch(void)
{
	struct rlimit files = { 1024, 1024 };
	size_t window, at;
	int i;

	window = file_number(SYSFS_CXL "/%s/pp_mmio_len", card.master);
	require_ok(setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < CONTEXTS; i++) {
		int fd = node_open_ok(card.slave);
		char *map;

		require_ok(node_start(fd, 0, 4, 0));
		map = mmap(NULL, window, PROT_READ, MAP_SHARED, fd, 0);
		require(map != MAP_FAILED, "%m");
		for (at = 0; at < window; at += page)
			mmio_read(map, at);
	}
	tell_ready();
	pause();
}

/* It is in the cgroup from its start, and alone there. */
static pid_t start_in_cgroup(void (*what)(void))
{
	pid_t pid = require_ok(fork());

	if (pid)
		return pid;
	cgroup_join();
	become_nobody();
	what();
	_exit(0);
}

static void remove_cgroup(void)
{
	sim_cards_remove();
	cgroup_remove();
}

static void memory_of_contexts_is_charged(void)
{
	long long before, during, least;
	size_t window;
	pid_t pid;

	share();
	cgroup_make();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	window = file_number(SYSFS_CXL "/%s/pp_mmio_len", card.master);
	before = cgroup_charged();
	pid = start_in_cgroup(open_and_touch);
	require(becomes_true(ready()));
	during = cgroup_charged();
	/* Its windows; the kernel's own memory comes on top. */
	least = CONTEXTS * window;
	diag("%d contexts: %lld KiB charged", CONTEXTS,
	     (during - before) / 1024);
	check(during - before > least);
	kill_and_wait(pid);
	sim_card_set_live(&card, false);
	/* Each CPU keeps up to 64 pages for the next charge, unless this is 0. */
	cgroup_set("memory.high", "0");
	check(becomes_true(cgroup_charged() < least / 4), "%lld bytes stay",
	      cgroup_charged());
}

/* It gets no more than the cgroup allows, and nobody else is harmed. */
static void limit_of_memory_is_kept(void)
{
	struct afu afu;
	pid_t pid;
	int status;

	share();
	cgroup_make();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	cgroup_set("memory.max", "2M");
	pid = start_in_cgroup(open_and_touch);
	require(becomes_true(waitpid(pid, &status, WNOHANG) == pid));
	/* It was killed by the OOM killer, or a call failed */
	check(WIFSIGNALED(status) || WEXITSTATUS(status) || !ready());
	check(cgroup_charged() <= 2 << 20);
	afu_start(&afu, card.slave, 4);
	afu_irq(&afu, 1);
	afu_stop(&afu);
}

static long long status_kb(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	long long kb = -1;
	char line[128];

	require(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kb = atoll(line + strlen(name));
	fclose(f);
	return kb;
}

static void copy_a_lot(void)
{
	char *src = mmap(NULL, BIG_COPY, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct afu afu;
	size_t at;

	require(src != MAP_FAILED);
	afu_start(&afu, card.slave, 4);
	for (at = 0; at < BIG_COPY; at += 65536)
		require_eq(queue_wait(queue_copy(&afu.queue, src + at, src,
						 1)), WE_COMPLETE);
	check_eq(status_kb("VmPin:"), 0);
	check_eq(status_kb("VmLck:"), 0);
	check(status_kb("VmRSS:") >= BIG_COPY / 65536 * (long)page / 1024);
	/* Memory that the AFU has used can be freed like any other. */
	check_ok(madvise(src, BIG_COPY, MADV_DONTNEED));
	tell_ready();
	afu_stop(&afu);
}

static void started_contexts_pin_nothing(void)
{
	share();
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
	as_nobody(copy_a_lot);
	check_eq(ready(), 1);
}

#define HELD	(64 << 20)

/* Work on memory of its own, and leave the descriptor to others. */
static void use_and_exit(int fd)
{
	char *mem = mmap(NULL, HELD, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	require(mem != MAP_FAILED);
	require_ok(node_start(fd, (unsigned long)mem | 1, 4, 0));
	_exit(0);
}

static long long available_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	long long kb = -1;
	char line[128];

	require(f);
	while (kb < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "MemFree: %lld", &kb);
	fclose(f);
	return kb;
}

static void memory_of_the_dead_is_free(void)
{
	long long before;
	pid_t pid;
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	before = available_kb();
	pid = require_ok(fork());
	if (!pid)
		use_and_exit(fd);
	require_eq(waitpid(pid, NULL, 0), pid);
	check(becomes_true(available_kb() > before - HELD / 1024 / 2),
	      "%lld KiB are missing", before - available_kb());
	/* The context still exists, and reports that its memory does not. */
	check(events_wait(fd));
}

static const struct tap_test tests[] = {
	{ "security_limits.endless_loops_starve_nobody",
	  endless_loops_starve_nobody, sim_cards_remove },
	{ "security_limits.endless_loops_hold_up_no_removal",
	  endless_loops_hold_up_no_removal, sim_cards_remove },
	{ "security_limits.time_base_disturbs_few", time_base_disturbs_few,
	  sim_cards_remove },
	{ "security_limits.attributes_disturb_few", attributes_disturb_few,
	  sim_cards_remove },
	{ "security_limits.process_elements_come_back",
	  process_elements_come_back, sim_cards_remove },
	{ "security_limits.limit_of_open_files_is_one_of_contexts",
	  limit_of_open_files_is_one_of_contexts, sim_cards_remove },
	{ "security_limits.interrupts_come_back", interrupts_come_back,
	  sim_cards_remove },
	{ "security_limits.memory_of_contexts_is_charged",
	  memory_of_contexts_is_charged, remove_cgroup },
	{ "security_limits.limit_of_memory_is_kept", limit_of_memory_is_kept,
	  remove_cgroup },
	{ "security_limits.started_contexts_pin_nothing",
	  started_contexts_pin_nothing, sim_cards_remove },
	{ "security_limits.memory_of_the_dead_is_free",
	  memory_of_the_dead_is_free, sim_cards_remove },
};

TAP_MAIN(tests)
