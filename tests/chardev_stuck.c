// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU needs a page that never comes (its pager sleeps). The context waits,
 * but nobody else does: no other context of the AFU, no close, no removal.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"

static struct event_batch batch;
static struct sim_card card;
static struct slow_buffer slow;
static struct afu afu;

/* Start a context that waits for its source; returns the current element. */
static struct work_element *start_stuck(void)
{
	static char dst[16];
	struct work_element *we;

	slow_init(&slow, 2 * sysconf(_SC_PAGESIZE), 0);
	afu_start(&afu, card.slave, 4);
	we = queue_copy(&afu.queue, dst, slow.mem + 5, sizeof(dst));
	slow_wait(&slow);
	return we;
}

/* The process element that the next context gets, or -1 */
static int next_pe(void)
{
	int fd = node_open(card.slave, 0), pe = -1;

	if (fd >= 0) {
		pe = node_pe(fd);
		close(fd);
	}
	return pe;
}

static void check_copy(struct afu *a)
{
	static char src[32] = "not stuck", dst[32];

	memset(dst, 0, sizeof(dst));
	check_eq(queue_wait(queue_copy(&a->queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
}

/* The page is late, which is no error. */
static void page_that_comes_late_is_used(void)
{
	struct work_element *we;

	sim_card_make(&card, NULL);
	we = start_stuck();
	usleep(QUIET_MS * 1000);
	check_eq(we->status, 0);
	check_eq(events_poll(afu.fd), 0);
	slow_fill(&slow);
	check_eq(queue_wait(we), WE_COMPLETE);
	check_eq(events_poll(afu.fd), 0);
}

static void other_contexts_work_on(void)
{
	struct work_element *we;
	struct afu other;

	sim_card_make(&card, NULL);
	we = start_stuck();
	afu_start(&other, card.slave, 4);
	check_copy(&other);
	afu_irq(&other, 2);
	check_eq(events_read(other.fd, &batch), 16);
	afu_stop(&other);
	check_eq(we->status, 0);
}

static void close_does_not_wait(void)
{
	long long begin;

	sim_card_make(&card, NULL);
	start_stuck();
	munmap(afu.mmio, afu.mmio_size);
	begin = now_ms();
	close(afu.fd);
	check(now_ms() - begin < WAKE_MS, "%lld ms", now_ms() - begin);

	/* The process element is free, and works. */
	check_eq(afu.pe, 0);
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
	/* The late answer is for nobody. */
	slow_fill(&slow);
	usleep(QUIET_MS * 1000);
	check_eq(events_poll(afu.fd), 0);
	check_copy(&afu);
}

static void removal_does_not_wait(void)
{
	long long begin;

	sim_card_make(&card, NULL);
	start_stuck();
	begin = now_ms();
	sim_card_set_live(&card, false);
	check(now_ms() - begin < WAKE_MS, "%lld ms", now_ms() - begin);
	check_errno(events_read(afu.fd, &batch), EIO);
	sim_card_set_live(&card, true);
	afu_start(&afu, card.slave, 4);
	check_copy(&afu);
	slow_fill(&slow);
}

static void link_failure_does_not_wait(void)
{
	struct work_element *we;
	long long begin;

	sim_card_make(&card, NULL);
	we = start_stuck();
	begin = now_ms();
	require_ok(sim_set_link(card.num, "down"));
	require_ok(sim_set_link(card.num, "up"));
	check(now_ms() - begin < WAKE_MS, "%lld ms", now_ms() - begin);
	slow_fill(&slow);
	check_eq(queue_wait(we), WE_COMPLETE);
}

/* The program can be killed, and leaves nothing behind. */
static void kill_does_not_wait(void)
{
	int ready[2], status;
	long long begin;
	pid_t child;
	char token;

	sim_card_make(&card, NULL);
	require_ok(pipe(ready));
	child = fork();
	if (!child) {
		start_stuck();
		check_eq(write(ready[1], "", 1), 1);
		pause();
	}
	require_eq(read(ready[0], &token, 1), 1);
	begin = now_ms();
	require_ok(kill(child, SIGKILL));
	require_eq(waitpid(child, &status, 0), child);
	check(now_ms() - begin < WAKE_MS, "%lld ms", now_ms() - begin);

	check(becomes_true(next_pe() == 0));
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
}

/* Many contexts are stuck, each with a page of its own. */
static void many_can_be_stuck(void)
{
	enum { STUCK = 40 };
	static struct slow_buffer page[STUCK];
	static char dst[STUCK][16];
	struct work_element *we[STUCK];
	struct afu stuck[STUCK], free;
	int i;

	sim_card_make(&card, NULL);
	for (i = 0; i < STUCK; i++) {
		slow_init(&page[i], sysconf(_SC_PAGESIZE), 0);
		afu_start(&stuck[i], card.slave, 4);
		we[i] = queue_copy(&stuck[i].queue, dst[i], page[i].mem, 16);
	}
	for (i = 0; i < STUCK; i++)
		slow_wait(&page[i]);
	afu_start(&free, card.slave, 4);
	check_copy(&free);
	for (i = 0; i < STUCK / 2; i++)
		afu_stop(&stuck[i]);
	check_copy(&free);
	for (i = STUCK / 2; i < STUCK; i++) {
		check_eq(we[i]->status, 0);
		slow_fill(&page[i]);
		check_eq(queue_wait(we[i]), WE_COMPLETE);
	}
}

/*
 * An AFU has 512 workers, one of them spare: when contexts that are gone keep all
 * of them busy, they keep the process elements, too.  Another AFU has its own
 * workers.
 */
static void other_afus_work_on(void)
{
	enum { WORKERS = 512, MORE = 2 };
	static struct slow_buffer page[MORE];
	size_t size = sysconf(_SC_PAGESIZE);
	char other[16], dst[16];
	struct work_element *we;
	struct afu free;
	int i, fd;

	sim_card_make(&card, "afu1/num_procs", "4", NULL);
	snprintf(other, sizeof(other), "afu%d.1s", card.num);
	slow_init(&slow, WORKERS * size, 0);
	for (i = 0; i < WORKERS; i++) {
		fd = node_open_ok(card.slave);
		/* The AFU reads its queue, of one line, first. */
		require_ok(node_start(fd, ((unsigned long)slow.mem + i * size) | 1,
				      4, 0));
		slow_wait(&slow);
		close(fd);
	}
	check_errno(node_open(card.slave, 0), ENOSPC);
	/* Otherwise the AFU is not in use. */
	check_ok(file_write("1", SYSFS_CXL "/afu%d.0/reset", card.num));

	for (i = 0; i < MORE; i++) {
		slow_init(&page[i], size, 0);
		afu_start(&free, other, 4);
		we = queue_copy(&free.queue, dst, page[i].mem, sizeof(dst));
		slow_wait(&page[i]);
		check_eq(we->status, 0);
	}
	for (i = 0; i < MORE; i++)
		slow_fill(&page[i]);
	check_eq(queue_wait(we), WE_COMPLETE);
	slow_fill(&slow);
	check(becomes_true(next_pe() == 0));
}

#define TEST(name, ...)	{ "chardev_stuck." #name, name, sim_cards_remove, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(page_that_comes_late_is_used),
	TEST(other_contexts_work_on),
	TEST(close_does_not_wait),
	TEST(removal_does_not_wait),
	TEST(link_failure_does_not_wait),
	TEST(kill_does_not_wait),
	TEST(many_can_be_stuck),
	TEST(other_afus_work_on, 120),
};

TAP_MAIN(tests)
