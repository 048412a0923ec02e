// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells: an AFU without work sleeps, and the first store to its window
 * wakes it. No store is lost, whoever makes it and whenever.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/inventory.h"
#include "lib/sim_test.h"

/* The CRC AFU: Documentation/crc-afu.md */
#define WINDOW		0x100000
#define PP_OFFSET	0x2000000
#define REG_IDENT	0x00
#define NO_REGISTER	0x700
#define REG_DOORBELL(c)	(0x800 + 8 * (c))
#define CHANNEL(c)	(0x1000 * (c))
#define ADDRESS		0x00
#define LENGTH		0x08
#define CHANNEL_STATUS	0x20
#define CHECKSUM	1
#define STATUS_DONE	2

#define CRC_PROGRAM	"/tests/lib/afu-crc"

#define SLEEPERS	100
#define CLIENTS		20
#define WAKES		15

static struct sim_card card;
static char byte = 'x';

static void make_card(void)
{
	sim_card_make(&card, "afu0/model", "crc", NULL);
}

/* The same AFU as a program of its own, which ends when the card does */
static pid_t make_card_of_a_program(void)
{
	char node[64];

	sim_card_make(&card, "afu0/model", "user", "afu0/pp_size", "0x100000",
		      "afu0/irqs_min", "16", NULL);
	snprintf(node, sizeof(node), "/dev/cxl-sim/%s.afu0", card.name);
	return sim_program_start(CRC_PROGRAM, node);
}

static char *map_window(int fd, size_t offset)
{
	char *window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, offset);

	require(window != MAP_FAILED, "%m");
	return window;
}

static int start(const char *node)
{
	int fd = node_open_ok(node);

	require_ok(node_start(fd, 0, -1, 0));
	return fd;
}

static void ring(char *window)
{
	mmio_write(window, CHANNEL(1) + ADDRESS, (unsigned long)&byte);
	mmio_write(window, CHANNEL(1) + LENGTH, 1);
	mmio_write(window, CHANNEL(1) + CHANNEL_STATUS, 0);
	mmio_write(window, REG_DOORBELL(1), CHECKSUM);
}

static bool is_done(char *window)
{
	return mmio_read(window, CHANNEL(1) + CHANNEL_STATUS) == STATUS_DONE;
}

static void check_rings(char *window)
{
	ring(window);
	check(becomes_true(is_done(window)));
}

static void check_silence(void)
{
	check_eq(threads_cost("cxl-sim/test", 1000).switches, 0);
}

/* How often threads of a process got a CPU */
static long long switches_of(pid_t pid)
{
	char path[64], text[128] = "";
	struct dirent *entry;
	long long sum = 0;
	char *last;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	require(d, "%m");
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		require(file_read(text, sizeof(text), "%s/%s/schedstat", path,
				  entry->d_name) > 0);
		last = strrchr(text, ' ');
		require(last);
		sum += atoll(last);
	}
	closedir(d);
	return sum;
}

static void check_silence_of(pid_t pid)
{
	long long before = switches_of(pid);

	require(before > 0);
	check_eq(threads_cost("cxl-sim/test", 2000).switches, 0);
	check_eq(switches_of(pid) - before, 0);
}

/* For all models, once contexts have been idle for a moment */
static void contexts_without_work_sleep(void)
{
	static int fd[SLEEPERS];
	struct afu afu;
	char *window;
	int i;

	make_card();
	for (i = 0; i < SLEEPERS; i++)
		fd[i] = start(card.slave);
	window = map_window(fd[0], 0);
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == SLEEPERS));
	check_silence();
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == SLEEPERS));
	for (i = 0; i < SLEEPERS; i++)
		close(fd[i]);

	/* The memcpy AFU polls the memory of its program, unless it has stopped. */
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	queue_wait(queue_add(&afu.queue, WE_STOP, 0, NULL, NULL));
	check(becomes_true(sim_sleepers(card.num) == 1));
	check_silence();
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	check_eq(queue_wait(queue_copy(&afu.queue, NULL, NULL, 0)), WE_COMPLETE);
	afu_stop(&afu);
}

/* Neither the card nor the program that is the AFU wakes up for nothing. */
static void programs_without_work_sleep(void)
{
	pid_t program = make_card_of_a_program();
	int fd[CLIENTS], i;
	char *window;

	for (i = 0; i < CLIENTS; i++)
		fd[i] = start(card.slave);
	window = map_window(fd[0], 0);
	for (i = 0; i < 2; i++) {
		check_rings(window);
		check(becomes_true(sim_sleepers(card.num) == CLIENTS));
		/* It has handled the last message. */
		usleep(200000);
		check_silence_of(program);
	}
	for (i = 0; i < CLIENTS; i++)
		close(fd[i]);
}

/* Loads are no reason to wake up. */
static void loads_do_not_ring(void)
{
	char *window;
	int fd;

	make_card();
	fd = start(card.slave);
	window = map_window(fd, 0);
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == 1));
	check(mmio_read(window, REG_IDENT) != 0);
	check(is_done(window));
	check_eq(sim_sleepers(card.num), 1);
	check_silence();
	close(fd);
}

/* By one instruction that loads and stores, if there is one */
static void move(char *to, const char *from, size_t size)
{
#ifdef __x86_64__
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : :
		     "memory");
#else
	memmove(to, from, size);
#endif
}

/* Its load finds no page, and its store finds one that is not writable. */
static void move_within_a_page_rings(void)
{
	char *window;
	int fd;

	make_card();
	fd = start(card.slave);
	window = map_window(fd, 0);
	check_rings(window);
	mmio_write(window, NO_REGISTER, CHECKSUM);
	mmio_write(window, CHANNEL(1) + CHANNEL_STATUS, 0);
	check(becomes_true(sim_sleepers(card.num) == 1));
	move(window + REG_DOORBELL(1), window + NO_REGISTER, 8);
	check(becomes_true(is_done(window)));
	close(fd);
}

static void *load_all_the_time(void *arg)
{
	char *window = arg;

	while (!__atomic_load_n(window + WINDOW - 1, __ATOMIC_RELAXED)) {
		mmio_read(window, REG_DOORBELL(1));
		mmio_read(window, CHANNEL(1) + LENGTH);
	}
	return NULL;
}

/* Each time around the doorbell is armed, and there are loads as well. */
static void check_no_store_is_lost(void)
{
	int i, round, n = tap_rounds(300, 60);
	pthread_t thread;
	char *window;
	int fd;

	fd = start(card.slave);
	window = map_window(fd, 0);
	for (round = 0; round < 2; round++) {
		if (round)
			require(!pthread_create(&thread, NULL,
						load_all_the_time, window));
		/* Unmapping waits for whoever is using the page. */
		for (i = 0; i < (round ? n / 10 : n); i++) {
			ring(window);
			require(becomes_true(is_done(window)), "%d", i);
			usleep(random() % 4000);
		}
	}
	/* This is not a doorbell, and nobody minds the store. */
	__atomic_store_n(window + WINDOW - 1, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	close(fd);
}

static void no_store_is_lost(void)
{
	make_card();
	check_no_store_is_lost();
}

static void no_store_to_a_program_is_lost(void)
{
	make_card_of_a_program();
	check_no_store_is_lost();
}

/* Through the mapping of a master that has stored there before */
static void master_rings_for_a_slave(void)
{
	int master, slave, i;
	char *window;

	make_card();
	master = start(card.master);
	slave = start(card.slave);
	window = map_window(master, PP_OFFSET + node_pe(slave) * WINDOW);
	for (i = 0; i < 5; i++) {
		check_rings(window);
		check(becomes_true(sim_sleepers(card.num) == 2));
	}
	/* A master that is gone is no reason to be careful. */
	close(master);
	munmap(window, WINDOW);
	window = map_window(slave, 0);
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == 1));
	close(slave);
}

static void dedicated_mode_rings(void)
{
	char *window;
	int fd;

	sim_card_make(&card, "afu0/model", "crc", "afu0/modes", "dedicated",
		      NULL);
	fd = start(card.dedicated);
	window = map_window(fd, 0);
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == 1));
	check_rings(window);
	close(fd);
}

/* The link was down in between. */
static void link_does_not_lose_a_store(void)
{
	char *window;
	int fd;

	make_card();
	fd = start(card.slave);
	window = map_window(fd, 0);
	check_rings(window);
	check(becomes_true(sim_sleepers(card.num) == 1));
	require_ok(sim_set_link(card.num, "down"));
	require_ok(sim_set_link(card.num, "up"));
	check_rings(window);
	ring(window);
	require_ok(sim_set_link(card.num, "down"));
	require_ok(sim_set_link(card.num, "up"));
	check(becomes_true(is_done(window)));
	close(fd);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static long long median(long long *val, int n)
{
	qsort(val, n, sizeof(*val), compare);
	return val[n / 2];
}

/* The nanoseconds from a store until its work is done, after @pause_us */
static long long time_doorbell(char *window, unsigned int pause_us)
{
	long long begin;

	mmio_write(window, CHANNEL(1) + ADDRESS, (unsigned long)&byte);
	mmio_write(window, CHANNEL(1) + LENGTH, 1);
	mmio_write(window, CHANNEL(1) + CHANNEL_STATUS, 0);
	usleep(pause_us);
	begin = now_ns();
	mmio_write(window, REG_DOORBELL(1), CHECKSUM);
	while (mmio_read(window, CHANNEL(1) + CHANNEL_STATUS) != STATUS_DONE)
		;
	return now_ns() - begin;
}

/* Likewise from a write to a pipe until its reader was there */
static long long time_pipe(int fd, char *seen)
{
	long long begin;

	usleep(100000);
	__atomic_store_n(seen, 0, __ATOMIC_RELAXED);
	begin = now_ns();
	require_eq(write(fd, "", 1), 1);
	while (!__atomic_load_n(seen, __ATOMIC_RELAXED))
		;
	return now_ns() - begin;
}

/*
 * Work is done, too, so this does not measure the wake-up alone. Other load may
 * make either look bad: once is enough.
 */
static bool doorbell_is_as_soon(char *window, int fd, char *seen)
{
	long long doorbell[WAKES], wake[WAKES];
	int i;

	for (i = 0; i < WAKES; i++) {
		doorbell[i] = time_doorbell(window, i ? 100000 : 1000000);
		wake[i] = time_pipe(fd, seen);
	}
	diag("doorbell %lld us, pipe %lld us", median(doorbell, WAKES) / 1000,
	     median(wake, WAKES) / 1000);
	return median(doorbell, WAKES) < 4 * median(wake, WAKES);
}

/* Compared with a process that reads a pipe, both after an idle second */
static void store_wakes_as_soon_as_a_pipe(void)
{
	char *window, *seen, token;
	int fd, pipefd[2], tries;
	bool as_soon = false;
	pid_t reader;

	/*
	 * There, milliseconds of checks are part of it, more for the doorbell
	 * than for the pipe. tests/host/bench.sh counts what it takes.
	 */
	if (tap_time_scale() > 1)
		skip("a kernel with checks is none to measure on");
	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(seen != MAP_FAILED);
	require_ok(pipe(pipefd));
	reader = require_ok(fork());
	if (!reader) {
		close(pipefd[1]);
		while (read(pipefd[0], &token, 1) == 1)
			__atomic_store_n(seen, 1, __ATOMIC_RELAXED);
		_exit(0);
	}
	close(pipefd[0]);
	make_card();
	fd = start(card.slave);
	window = map_window(fd, 0);
	for (tries = 0; !as_soon && tries < 5; tries++)
		as_soon = doorbell_is_as_soon(window, pipefd[1], seen);
	check(as_soon);
	close(fd);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
}

static const struct tap_test tests[] = {
	{ "doorbell.contexts_without_work_sleep", contexts_without_work_sleep,
	  sim_cards_remove },
	{ "doorbell.programs_without_work_sleep", programs_without_work_sleep,
	  sim_cards_remove },
	{ "doorbell.loads_do_not_ring", loads_do_not_ring, sim_cards_remove },
	{ "doorbell.move_within_a_page_rings", move_within_a_page_rings,
	  sim_cards_remove },
	{ "doorbell.no_store_is_lost", no_store_is_lost, sim_cards_remove, 60 },
	{ "doorbell.no_store_to_a_program_is_lost",
	  no_store_to_a_program_is_lost, sim_cards_remove, 60 },
	{ "doorbell.master_rings_for_a_slave", master_rings_for_a_slave,
	  sim_cards_remove },
	{ "doorbell.dedicated_mode_rings", dedicated_mode_rings,
	  sim_cards_remove },
	{ "doorbell.link_does_not_lose_a_store", link_does_not_lose_a_store,
	  sim_cards_remove },
	{ "doorbell.store_wakes_as_soon_as_a_pipe",
	  store_wakes_as_soon_as_a_pipe, sim_cards_remove },
};

TAP_MAIN(tests)
