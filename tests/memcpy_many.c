// SPDX-License-Identifier: GPL-2.0-only
/* Many contexts at once, each of which gets its turn. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/loop_test.h"

#define SLAVE	"afu0.0s"

/* 511, less one for a driver on the virtual PCI bus and one for a master */
#define CONTEXTS	509
#define PROCESSES	60
#define ROUNDS		20
#define SPINNERS	500
#define SPINNER_COPIES	2

static struct context {
	int fd;
	struct queue queue;
	struct work_element *we;
} ctx[CONTEXTS];
static unsigned int contexts;	/* started by start_all() */

static char src[65536], dst[65536];

static void start(struct context *c)
{
	c->fd = node_open_ok(SLAVE);
	queue_init(&c->queue, 1);
	require_ok(node_start(c->fd, queue_wed(&c->queue), 4, 0));
}

static void start_all(void)
{
	struct rlimit files = { 1024, 1024 };
	unsigned int i;

	contexts = tap_rounds(CONTEXTS, 100);
	require_ok(setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < contexts; i++)
		start(&ctx[i]);
}

/* An element for each; returns the time until the last is done. */
static long long round_of_all(__u8 cmd, __u16 length)
{
	long long begin = now_ms();
	unsigned int i;

	for (i = 0; i < contexts; i++)
		ctx[i].we = queue_add(&ctx[i].queue, cmd, length, src, dst);
	for (i = 0; i < contexts; i++)
		require_eq(queue_wait(ctx[i].we), WE_COMPLETE);
	return now_ms() - begin;
}

static void every_context_gets_its_turn(void)
{
	long long ms, worst = 0;
	int i;

	start_all();
	for (i = 0; i < 3; i++) {
		ms = round_of_all(WE_COPY, 100);
		if (ms > worst)
			worst = ms;
	}
	diag("%u contexts: a copy each in %lld ms at worst", contexts, worst);
	check(worst < WAKE_MS);
}

/* Also after a pause, in which all of them have gone to sleep */
static void every_interrupt_within_a_second(void)
{
	struct event_batch batch;
	unsigned int i;
	long long ms;

	start_all();
	sleep(2);
	ms = round_of_all(WE_IRQ, 3);
	for (i = 0; i < contexts; i++) {
		require(events_wait(ctx[i].fd));
		require_eq(events_read(ctx[i].fd, &batch), 16);
		require_eq(batch.event[0].irq.irq, 3);
	}
	diag("%u contexts: an interrupt each in %lld ms", contexts, ms);
	check(ms < WAKE_MS);
}

/* A context that always has work, of the longest kind, does not hold up others. */
static void busy_context_takes_turns(void)
{
	static struct endless_loop loop;
	long long begin, ms, worst = 0;
	unsigned int i;
	int busy;

	start(&ctx[0]);
	busy = node_open_ok(SLAVE);
	require_ok(node_start(busy, endless_loop_init(&loop), 4, 0));
	for (i = 0; i < ROUNDS; i++) {
		begin = now_ms();
		require_eq(queue_wait(queue_copy(&ctx[0].queue, dst, src, 8)),
			   WE_COMPLETE);
		ms = now_ms() - begin;
		if (ms > worst)
			worst = ms;
	}
	diag("beside a busy context a copy takes %lld ms at worst", worst);
	check(worst < WAKE_MS);
	begin = now_ms();
	check_ok(close(busy));
	check(now_ms() - begin < WAKE_MS);
}

/* Contexts of as many processes: the AFU works in all their address spaces. */
static void work_in_a_process(unsigned char id)
{
	struct context c;
	unsigned int i;

	start(&c);
	for (i = 0; i < ROUNDS; i++) {
		memset(src, id + i, 5000);
		memset(dst, 0, 5000);
		require_eq(queue_wait(queue_copy(&c.queue, dst, src, 5000)),
			   WE_COMPLETE);
		require(check_mem_eq(dst, src, 5000));
	}
	_exit(0);
}

static void every_process_its_own_memory(void)
{
	int processes = tap_rounds(PROCESSES, 10);
	pid_t child[PROCESSES];
	int i, status;

	for (i = 0; i < processes; i++) {
		child[i] = fork();
		if (!child[i])
			work_in_a_process(i);
		require_ok(child[i]);
	}
	for (i = 0; i < processes; i++) {
		require_eq(waitpid(child[i], &status, 0), child[i]);
		check_eq(status, 0);
	}
}

/*
 * Programs that spin leave no CPU idle, and the card has to get by. Each of them
 * can only go on when it gets a CPU, and with luck does everything in its first
 * time slice: so the time counts from when all may begin.
 */
static struct spinners {
	unsigned int ready;		/* atomic */
	long long begin_ms;
	long long ms[SPINNERS];
} *spinners;
static int go[2];			/* closed when all are ready */

static void spin(unsigned int id)
{
	struct work_element *we;
	struct context c;
	unsigned int i;

	close(go[1]);
	start(&c);
	__atomic_add_fetch(&spinners->ready, 1, __ATOMIC_SEQ_CST);
	require_eq(read(go[0], src, 1), 0);
	for (i = 0; i < SPINNER_COPIES; i++) {
		we = queue_copy(&c.queue, dst, src, 64);
		while (!__atomic_load_n(&we->status, __ATOMIC_ACQUIRE))
			;
		require_eq(we->status, WE_COMPLETE);
	}
	spinners->ms[id] = now_ms() - spinners->begin_ms;
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static void programs_that_spin_get_their_copies(void)
{
	unsigned int i, n = tap_rounds(SPINNERS, 50);
	long long *ms;
	int status;

	spinners = mmap(NULL, sizeof(*spinners), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(spinners != MAP_FAILED);
	require_ok(pipe(go));
	for (i = 0; i < n; i++)
		if (!require_ok(fork()))
			spin(i);
	while (__atomic_load_n(&spinners->ready, __ATOMIC_SEQ_CST) < n)
		usleep(10000);
	spinners->begin_ms = now_ms();
	close(go[1]);
	for (i = 0; i < n; i++) {
		require_ok(wait(&status));
		require_eq(status, 0);
	}
	ms = spinners->ms;
	qsort(ms, n, sizeof(*ms), compare);
	diag("%u programs that spin: %u copies each in %lld ms, the slowest in %lld ms",
	     n, SPINNER_COPIES, ms[n / 2], ms[n - 1]);
	check(ms[n - 1] <= 3 * ms[n / 2]);
}

static const struct tap_test tests[] = {
	{ "memcpy_many.every_context_gets_its_turn",
	  every_context_gets_its_turn },
	{ "memcpy_many.every_interrupt_within_a_second",
	  every_interrupt_within_a_second },
	{ "memcpy_many.busy_context_takes_turns", busy_context_takes_turns },
	{ "memcpy_many.every_process_its_own_memory",
	  every_process_its_own_memory, .limit = 60 },
	{ "memcpy_many.programs_that_spin_get_their_copies",
	  programs_that_spin_get_their_copies, .limit = 120 },
};

TAP_MAIN(tests)
