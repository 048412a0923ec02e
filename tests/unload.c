// SPDX-License-Identifier: GPL-2.0-only
/* Modules and cards go away while they are used. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/all_modules.h"
#include "lib/cxl_test.h"
#include "lib/event_test.h"
#include "lib/module_test.h"
#include "lib/sysfs_test.h"

#define CYCLES		15

static void read_all(const char *dir, int depth)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	char path[512], buf[4096];

	if (!d)
		return;
	while ((entry = readdir(d))) {
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.250s/%.250s", dir,
			 entry->d_name);
		if (entry->d_type == DT_DIR && depth)
			read_all(path, depth - 1);
		if (entry->d_type != DT_REG)
			continue;
		fd = open(path, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (read(fd, buf, sizeof(buf)) < 0)
			errno = 0;
		close(fd);
	}
	closedir(d);
}

/* Like a careless program: valid values, written whenever it can */
static void write_all(void)
{
	file_write("2037", AFU "/irqs_max");
	file_write("afu_directed", AFU "/mode");
	file_write("none", AFU "/prefault_mode");
	file_write("1", AFU "/reset");
	file_write("0", CARD "/perst_reloads_same_image");
	file_write("user", CARD "/load_image_on_perst");
}

static void open_and_start(void)
{
	int fd = node_open("afu0.0s", 0);

	if (fd < 0)
		return;
	node_start(fd, 0, -1, 0);
	usleep(1000);
	close(fd);
}

static void read_attributes(void)
{
	char card[512];

	if (realpath(CARD, card))
		read_all(card, 3);
	read_all("/sys/kernel/debug/cxl-afu", 3);
}

static void nobody_keeps_it_by_reading_and_writing(void)
{
	static void (*const what[])(void) = {
		read_attributes, write_all, open_and_start, read_attributes,
	};
	pid_t child[ARRAY_SIZE(what)];
	unsigned int i, cycles = tap_rounds(CYCLES, 3);

	for (i = 0; i < ARRAY_SIZE(what); i++) {
		child[i] = require_ok(fork());
		if (child[i])
			continue;
		while (getppid() != 1) {
			what[i]();
			usleep(2000);
		}
		_exit(0);
	}
	for (i = 0; i < cycles; i++) {
		load_all();
		usleep(50000);
		unload_all();
	}
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		kill(child[i], SIGKILL);
		check_eq(waitpid(child[i], NULL, 0), child[i]);
	}
	check_all_gone();
}

static long read_batch(void *arg)
{
	struct event_batch batch;

	return events_read(*(int *)arg, &batch);
}

static void open_files_survive_the_card_driver(void)
{
	struct sleeper reader;
	int old, fresh;

	unload("cxl-copy");
	old = node_open_started("afu0.0s");
	sleeper_start(&reader, read_batch, &old);
	check_errno(module_unload("cxl"), EWOULDBLOCK);
	unload("cxl-sim");

	check(sleeper_join(&reader));
	check_eq(reader.result, -1);
	check_eq(reader.error, EIO);
	check(!file_exists(CARD));
	check_errno(module_unload("cxl"), EWOULDBLOCK);

	/* The number is free again, and the old file does not interfere. */
	require_ok(module_load("cxl-sim", ""));
	fresh = node_open_started("afu0.0s");
	check_eq(node_pe(fresh), 0);
	check_ok(close(old));
	check_eq(node_pe(fresh), 0);
	use_the_card();
	check_ok(close(fresh));
	unload("cxl-sim");
	check_ok(module_unload("cxl"));
	check_all_gone();
}

/* A fault of a context that is gone is still being resolved. */
static void rmmod_does_not_wait_for_a_page(void)
{
	struct slow_buffer slow;
	struct afu afu;
	char dst[16];

	unload("cxl-copy");
	slow_init(&slow, sysconf(_SC_PAGESIZE), 0);
	afu_start(&afu, "afu0.0s", 4);
	queue_copy(&afu.queue, dst, slow.mem, sizeof(dst));
	slow_wait(&slow);
	munmap(afu.mmio, afu.mmio_size);
	check_ok(close(afu.fd));
	unload("cxl-sim");
	check_errno(module_unload("cxl"), EWOULDBLOCK);
	slow_fill(&slow);
	check(becomes_true(!module_unload("cxl")));
	check_all_gone();
}

static const struct tap_test tests[] = {
	{ "unload.nobody_keeps_it_by_reading_and_writing",
	  nobody_keeps_it_by_reading_and_writing, load_all, 200 },
	{ "unload.open_files_survive_the_card_driver",
	  open_files_survive_the_card_driver, load_all },
	{ "unload.rmmod_does_not_wait_for_a_page",
	  rmmod_does_not_wait_for_a_page, load_all },
};

TAP_MAIN(tests)
