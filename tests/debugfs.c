// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folders of cards and AFUs in debugfs; their counters are tested by E15.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/module_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"

#define ROOT	"/sys/kernel/debug/cxl-afu"

/* Line @n of the table of contexts, with words separated by single blanks */
static void contexts_line(char *line, size_t size, int card, unsigned int n)
{
	char table[4096], *p, *word, *save;

	require(file_read(table, sizeof(table), ROOT "/card%d/afu0/contexts",
			  card) > 0);
	for (p = table; n; n--) {
		p = strchr(p, '\n');
		if (!p)
			break;
		p++;
	}
	line[0] = '\0';
	if (!p)
		return;
	p[strcspn(p, "\n")] = '\0';
	for (word = strtok_r(p, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (*line)
			strncat(line, " ", size - strlen(line) - 1);
		strncat(line, word, size - strlen(line) - 1);
	}
}

static void check_line(int card, unsigned int n, const char *expected)
{
	char line[256];

	contexts_line(line, sizeof(line), card, n);
	check_str_eq(line, expected);
}

static int folders_named_afu(int card)
{
	struct dirent *entry;
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), ROOT "/card%d", card);
	dir = opendir(path);
	require(dir, "%s: %m", path);
	while ((entry = readdir(dir)))
		n += !strncmp(entry->d_name, "afu", 3);
	closedir(dir);
	return n;
}

static void every_card_and_afu_has_a_folder(void)
{
	struct sim_card card;

	sim_card_make(&card, "afu2/num_procs", "2", NULL);
	check(file_exists(ROOT "/card%d/afu0", card.num));
	check(file_exists(ROOT "/card%d/afu2", card.num));
	check(!file_exists(ROOT "/card%d/afu1", card.num));
	check_eq(folders_named_afu(card.num), 2);
	sim_card_set_live(&card, false);
	check(!file_exists(ROOT "/card%d", card.num));
	check(file_exists(ROOT "/card0/afu0"));
}

/* The core's file and the card driver's are in one folder. */
static void an_afu_has_one_folder(void)
{
	static const char * const files[] = {
		"contexts", "inject_error", "inject_fault", "inject_irq", "state",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		check(file_exists(ROOT "/card0/afu0/%s", files[i]), "%s",
		      files[i]);
	check_eq(folders_named_afu(0), 1);
}

static void contexts_are_listed_in_every_state(void)
{
	struct sim_card card;
	struct queue q;
	int fd[3];

	sim_card_make(&card, NULL);
	check_line(card.num, 0,
		   "pe state kind posted delivered returned rejected coalesced lost pending");
	check_line(card.num, 1, "");

	queue_init(&q, 1);
	fd[0] = node_open_ok(card.slave);
	fd[1] = node_open_ok(card.master);
	fd[2] = node_open_ok(card.slave);
	require_ok(node_start(fd[1], queue_wed(&q), -1, 0));
	check_line(card.num, 1, "0 opened slave 0 0 0 0 0 0 0");
	check_line(card.num, 2, "1 started master 0 0 0 0 0 0 0");
	check_line(card.num, 3, "2 opened slave 0 0 0 0 0 0 0");
	check_line(card.num, 4, "");

	require_ok(sim_inject_irq(card.num, 1, 2));
	require_ok(sim_inject_irq(card.num, 1, 2));
	require_ok(sim_inject_irq(card.num, 1, 3));
	check(becomes_true(events_poll(fd[1]) & 1));
	check_line(card.num, 2, "1 started master 3 0 0 0 1 0 2");
	check_ok(close(fd[0]));
	check_line(card.num, 1, "1 started master 3 0 0 0 1 0 2");
	check_ok(close(fd[1]));
	check_ok(close(fd[2]));
	check_line(card.num, 1, "");
}

/* Only root may look, as debugfs may tell more than it should. */
static void contexts_are_for_root_only(void)
{
	struct stat st;

	require_ok(stat(ROOT "/card0/afu0/contexts", &st));
	check_eq(st.st_mode & 07777, 0400);
}

static void a_file_that_is_open_does_not_keep_the_card(void)
{
	char buf[4096];
	int fd;

	require_ok(test_card_load(""));
	fd = require_ok(open(ROOT "/card1/afu0/contexts", O_RDONLY));
	check(read(fd, buf, 10) == 10);
	test_card_unload();
	check(!file_exists(SYSFS_CXL "/card1"));
	check_eq(read(fd, buf, sizeof(buf)), -1);
	check_ok(close(fd));
}

static const struct tap_test tests[] = {
	{ "debugfs.every_card_and_afu_has_a_folder",
	  every_card_and_afu_has_a_folder, sim_cards_remove },
	{ "debugfs.an_afu_has_one_folder", an_afu_has_one_folder },
	{ "debugfs.contexts_are_listed_in_every_state",
	  contexts_are_listed_in_every_state, sim_cards_remove },
	{ "debugfs.contexts_are_for_root_only", contexts_are_for_root_only },
	{ "debugfs.a_file_that_is_open_does_not_keep_the_card",
	  a_file_that_is_open_does_not_keep_the_card, test_card_unload },
};

TAP_MAIN(tests)
