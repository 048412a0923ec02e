// SPDX-License-Identifier: GPL-2.0-only
/* Many at once: contexts of one AFU, AFUs of a card, and cards. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

static struct event_batch batch;

static void check_copies(const char *node, int copies)
{
	char src[256], dst[256];
	struct afu afu;
	int i;

	afu_start(&afu, node, 4);
	for (i = 0; i < copies; i++) {
		memset(src, i + 1, sizeof(src));
		memset(dst, 0, sizeof(dst));
		require_eq(queue_wait(queue_copy(&afu.queue, dst, src,
						 sizeof(src))), WE_COMPLETE);
		check_mem_eq(dst, src, sizeof(src));
	}
	check_eq(events_poll(afu.fd), 0);
	afu_irq(&afu, 1);
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].header.process_element, afu.pe);
	afu_stop(&afu);
}

static void lowest_free_number_is_taken(void)
{
	struct sim_card card[3];
	int i;

	for (i = 0; i < 3; i++) {
		sim_card_make(&card[i], NULL);
		check_eq(card[i].num, i + 1);
	}
	sim_card_set_live(&card[1], false);
	check(file_exists("/dev/cxl/%s", card[2].slave));
	check(!file_exists("/dev/cxl/%s", card[1].slave));
	sim_card_set_live(&card[0], false);
	sim_card_set_live(&card[1], true);
	check_eq(card[1].num, 1);
	sim_card_set_live(&card[0], true);
	check_eq(card[0].num, 2);
	for (i = 0; i < 3; i++)
		check_copies(card[i].slave, 1);
}

/* There are minor numbers for 19 cards; one more is refused, without harm. */
static void nineteen_cards_fit(void)
{
	struct sim_card card;
	char num[16];
	int i;

	for (i = 1; i < 19; i++) {
		sim_card_make(&card, NULL);
		check_eq(card.num, i);
	}
	check_copies(card.slave, 1);
	check_copies("afu0.0s", 1);

	require_ok(mkdir(SIM_CONFIG "/test-more", 0755));
	require_ok(mkdir(SIM_CONFIG "/test-more/afu0", 0755));
	file_write("1", SIM_CONFIG "/test-more/live");
	require(file_read(num, sizeof(num), SIM_CONFIG "/test-more/num") > 0);
	check_str_eq(num, "none");
	check(!file_exists(SYSFS_CXL "/card19"));
	check_copies(card.slave, 1);

	/* There is room again when one goes. */
	file_write("0", SIM_CONFIG "/test-more/live");
	sim_card_set_live(&card, false);
	require_ok(file_write("1", SIM_CONFIG "/test-more/live"));
	check_eq(file_number(SIM_CONFIG "/test-more/num"), 18);
	check_copies("afu18.0s", 1);
}

/* A new card may take a number that an old file still refers to. */
static void old_files_do_not_reach_a_new_card(void)
{
	struct sim_card old, new;
	int fd;

	sim_card_make(&old, NULL);
	fd = node_open_ok(old.slave);
	sim_card_set_live(&old, false);
	sim_card_make(&new, NULL);
	check_eq(new.num, old.num);
	check_errno(node_start(fd, 0, -1, 0), EIO);
	check_errno(events_read(fd, &batch), EIO);
	check_copies(new.slave, 1);
	check_eq(node_pe(node_open_ok(new.slave)), 0);
	close(fd);
	check_copies(new.slave, 1);
}

static void cards_work_side_by_side(void)
{
	struct sim_card card[3];
	int i, status;
	pid_t child[3];

	for (i = 0; i < 3; i++)
		sim_card_make(&card[i], NULL);
	for (i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i]) {
			check_copies(card[i].slave, 50);
			_exit(0);
		}
	}
	for (i = 0; i < 3; i++) {
		require_eq(waitpid(child[i], &status, 0), child[i]);
		check_eq(status, 0);
	}
}

static void cards_have_their_own_process_elements(void)
{
	struct sim_card card[2];
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		sim_card_make(&card[i], "afu0/num_procs", "1", NULL);
		fd[i] = node_open_ok(card[i].slave);
		check_eq(node_pe(fd[i]), 0);
		check_errno(node_open(card[i].slave, 0), ENOSPC);
	}
}

/* The AFUs of a card share its interrupts, with no other card. */
static void interrupts_belong_to_the_card(void)
{
	struct sim_card card[2];
	char other[16];
	int i, fd[3];

	for (i = 0; i < 2; i++)
		sim_card_make(&card[i], "user_irqs", "10",
			      "afu1/num_procs", "4", NULL);
	snprintf(other, sizeof(other), "afu%d.1s", card[0].num);
	fd[0] = node_open_ok(card[0].slave);
	fd[1] = node_open_ok(other);
	fd[2] = node_open_ok(card[1].slave);
	check_errno(node_start(fd[0], 0, 11, 0), EINVAL);
	check_ok(node_start(fd[0], 0, 6, 0));
	check_errno(node_start(fd[1], 0, 5, 0), ENOSPC);
	check_ok(node_start(fd[1], 0, 4, 0));
	check_ok(node_start(fd[2], 0, 10, 0));
}

static void afus_of_a_card_work_side_by_side(void)
{
	struct sim_card card;
	char node[4][16];
	int i, status;
	pid_t child[4];

	sim_card_make(&card, "afu1/num_procs", "4", "afu2/num_procs", "4",
		      "afu3/num_procs", "4", NULL);
	for (i = 0; i < 4; i++) {
		snprintf(node[i], sizeof(node[i]), "afu%d.%ds", card.num, i);
		child[i] = fork();
		if (!child[i]) {
			check_copies(node[i], 30);
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++) {
		require_eq(waitpid(child[i], &status, 0), child[i]);
		check_eq(status, 0);
	}
}

static void removal_of_one_is_nothing_to_another(void)
{
	struct sim_card going, staying;
	int waiting, status, i;
	pid_t child;

	sim_card_make(&going, NULL);
	sim_card_make(&staying, NULL);
	waiting = node_open_ok(staying.slave);
	child = fork();
	if (!child) {
		check_copies(staying.slave, 100);
		_exit(0);
	}
	for (i = 0; i < 3; i++) {
		sim_card_set_live(&going, false);
		sim_card_set_live(&going, true);
	}
	require_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
	check_eq(events_poll(waiting), 0);
	check_ok(node_start(waiting, 0, -1, 0));
}

/*
 * 500 contexts of the default card at once, all with work: each gets what it
 * asked for, and no events of others.
 */

#define MANY	500

static int nr_many;

static struct many {
	int fd;
	int pe;
	struct queue queue;
	char src[64];
	char dst[64];
} *many;

static void start_many(void)
{
	struct rlimit files = { 4 * MANY, 4 * MANY };
	int i;

	nr_many = tap_rounds(MANY, 100);
	require_ok(setrlimit(RLIMIT_NOFILE, &files));
	many = mmap(NULL, MANY * sizeof(*many), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(many != MAP_FAILED);
	for (i = 0; i < nr_many; i++) {
		many[i].fd = require_ok(node_open("afu0.0s", O_NONBLOCK));
		many[i].pe = node_pe(many[i].fd);
		queue_init(&many[i].queue, 1);
		require_ok(node_start(many[i].fd, queue_wed(&many[i].queue),
				      4, 0));
	}
}

static void many_copy_at_once(void)
{
	int round, i, pending;

	start_many();
	for (round = 1; round <= 5; round++) {
		for (i = 0; i < nr_many; i++) {
			snprintf(many[i].src, sizeof(many[i].src),
				 "round %d of %d", round, i);
			queue_copy(&many[i].queue, many[i].dst, many[i].src,
				   sizeof(many[i].src));
		}
		check(becomes_true(({
			pending = 0;
			for (i = 0; i < nr_many; i++)
				pending += !many[i].queue.we[(round - 1) % 4].status;
			!pending;
		})), "%d are not done", pending);
		for (i = 0; i < nr_many; i++) {
			check_eq(many[i].queue.we[(round - 1) % 4].status,
				 WE_COMPLETE);
			check_str_eq(many[i].dst, many[i].src);
		}
	}
	for (i = 0; i < nr_many; i++)
		check_eq(events_poll(many[i].fd), 0);
}

static void many_get_their_own_interrupts(void)
{
	struct pollfd *p;
	int i, pending;

	start_many();
	p = mmap(NULL, MANY * sizeof(*p), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(p != MAP_FAILED);
	for (i = 0; i < nr_many; i++) {
		p[i] = (struct pollfd){ .fd = many[i].fd, .events = POLLIN };
		queue_add(&many[i].queue, WE_IRQ, 1 + i % 4, NULL, NULL);
	}
	check(becomes_true((pending = nr_many - poll(p, nr_many, 100)) == 0),
	      "%d are not told", pending);
	for (i = 0; i < nr_many; i++) {
		check_eq(events_read(many[i].fd, &batch), 16);
		check_eq(batch.event[0].header.process_element, many[i].pe);
		check_eq(batch.event[0].irq.irq, 1 + i % 4);
	}
}

/* A context with very much work does not keep the others waiting. */
static void busy_context_leaves_room_for_others(void)
{
	enum { SIZE = 65535, LINES = 1024 };
	static char big_src[SIZE], big_dst[SIZE];
	char src[16] = "small", dst[16];
	struct afu small;
	long long begin, longest = 0;
	struct queue q;
	unsigned int i;
	int fd;

	fd = node_open_ok("afu0.0s");
	queue_init(&q, LINES);
	for (i = 0; i < q.size - 1; i++)
		queue_copy(&q, big_dst, big_src, SIZE);
	afu_start(&small, "afu0.0s", 4);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	for (i = 0; i < 10; i++) {
		memset(dst, 0, sizeof(dst));
		begin = now_ms();
		check_eq(queue_wait(queue_copy(&small.queue, dst, src, 16)),
			 WE_COMPLETE);
		if (now_ms() - begin > longest)
			longest = now_ms() - begin;
		check_str_eq(dst, src);
	}
	check(longest < WAKE_MS, "%lld ms", longest);
	check_eq(q.we[q.size - 2].status, 0);
}

#define TEST(name) { "chardev_cards." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(lowest_free_number_is_taken),
	TEST(nineteen_cards_fit),
	TEST(old_files_do_not_reach_a_new_card),
	TEST(cards_work_side_by_side),
	TEST(cards_have_their_own_process_elements),
	TEST(interrupts_belong_to_the_card),
	TEST(afus_of_a_card_work_side_by_side),
	TEST(removal_of_one_is_nothing_to_another),
	TEST(many_copy_at_once),
	TEST(many_get_their_own_interrupts),
	TEST(busy_context_leaves_room_for_others),
};

TAP_MAIN(tests)
