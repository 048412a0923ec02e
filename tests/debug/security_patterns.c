// SPDX-License-Identifier: GPL-2.0-only
/*
 * No uninitialised byte reaches a program. This kernel fills freed memory,
 * fresh pages and the stack with patterns: none of them may be found in
 * anything that a program can read.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define RUN	4	/* equal bytes in a row */

static struct sim_card card;
static unsigned char buf[65536];

/* Patterns of the slab allocator, the page allocator and the compiler */
static bool is_pattern(unsigned char byte)
{
	return byte == 0x6b || byte == 0xaa || byte == 0xfe;
}

static void check_clean(const void *data, size_t size, const char *what)
{
	const unsigned char *byte = data;
	size_t i, run = 0;

	for (i = 0; i < size; i++) {
		run = i && byte[i] == byte[i - 1] ? run + 1 : 1;
		if (run == RUN && is_pattern(byte[i])) {
			fail("%s: %#x at %zu of %zu", what, byte[i], i, size);
			return;
		}
	}
	check(size);
}

/* Otherwise nothing would ever be found. */
static void patterns_are_there(void)
{
	check_eq(file_number("/sys/kernel/slab/kmalloc-64/poison"), 1);
	require(file_read((char *)buf, sizeof(buf), "/proc/cmdline") > 0);
	check(strstr((char *)buf, "page_poison=1"));
}

/* What read() returned, and nothing after it */
static void read_clean(int fd, ssize_t bytes, const char *what)
{
	ssize_t n;

	memset(buf, 0x11, sizeof(buf));
	n = read(fd, buf, sizeof(buf));
	check_eq(n, bytes);
	check_clean(buf, n, what);
	check_eq(buf[n], 0x11);
}

static void events(bool stamps)
{
	struct cxl_ioctl_event_format format = {
		.flags = stamps ? CXL_EVENT_FORMAT_STAMPS : 0,
	};
	size_t stamp = stamps ? sizeof(struct cxl_event_stamp) : 0;
	struct afu afu;

	afu_start(&afu, card.slave, 4);
	require_ok(ioctl(afu.fd, CXL_IOCTL_EVENT_FORMAT, &format));
	require_ok(sim_inject_irq(card.num, afu.pe, 2));
	read_clean(afu.fd, 16 + stamp, "interrupt");
	check_eq(afu_load_byte(&afu, no_access_page()), WE_AERROR);
	read_clean(afu.fd, 40 + stamp, "fault");
	require_ok(sim_inject_error(card.num, afu.pe, 1));
	read_clean(afu.fd, 24 + stamp, "error");
	afu_stop(&afu);
}

static void events_are_clean(void)
{
	sim_card_make(&card, NULL);
	events(false);
	events(true);
}

static void results_of_calls_are_clean(void)
{
	struct cxl_ioctl_start_work work = { .flags = CXL_START_WORK_TID };
	struct cxl_afu_id id;
	__u32 pe;
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	memset(&id, 0x11, sizeof(id));
	require_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_clean(&id, sizeof(id), "afu id");
	require_ok(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe));
	check_clean(&pe, sizeof(pe), "process element");
	require_ok(ioctl(fd, CXL_IOCTL_START_WORK, &work));
	check_clean(&work, sizeof(work), "start work");
	require(file_read((char *)buf, sizeof(buf), "/proc/self/fdinfo/%d",
			  fd) > 0);
	check_clean(buf, strlen((char *)buf), "fdinfo");
}

static void check_mapping(const char *node, __u64 flags, size_t size)
{
	int fd = node_open_ok(node);
	void *map;

	require_ok(node_start(fd, 0, -1, flags));
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED, "%m");
	check_clean(map, size, node);
	munmap(map, size);
	close(fd);
}

/* Also after another user wrote to all of its window */
static void registers_are_clean(void)
{
	size_t size;
	void *map;
	int fd;

	sim_card_make(&card, "afu0/num_procs", "4", NULL);
	size = file_number(SYSFS_CXL "/%s/pp_mmio_len", card.master);
	check_mapping(card.slave, 0, size);
	check_mapping(card.master, 0,
		      file_number(SYSFS_CXL "/%s/mmio_size", card.master));

	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, 0));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED, "%m");
	memset(map, 0x6b, size);
	munmap(map, size);
	close(fd);
	check_mapping(card.slave, 0, size);
}

/* All ones, instead of registers, once the card is gone */
static void page_of_all_ones_is_that(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int fd;
	void *map;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, CXL_START_WORK_ERR_FF));
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED, "%m");
	sim_card_set_live(&card, false);
	memset(buf, 0xff, size);
	check_mem_eq(map, buf, size);
}

static unsigned int files;

/* Every file that can be read below a folder */
static void check_folder(const char *dir, int depth)
{
	struct dirent *entry;
	char path[512];
	DIR *d = opendir(dir);

	require(d, "%s: %m", dir);
	while ((entry = readdir(d))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "%.250s/%.250s", dir,
			 entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && depth)
			check_folder(path, depth - 1);
		if (entry->d_type != DT_REG)
			continue;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			check_clean(buf, n, path);
		files++;
		close(fd);
	}
	closedir(d);
}

static void attributes_are_clean(void)
{
	char dir[64], path[512];
	struct afu afu;

	/* Error buffer: 5 pages of numbers, without a run of equal ones */
	sim_card_make(&card, "afu0/num_crs", "1", "afu0/err_buff_size", "20480",
		      NULL);
	afu_start(&afu, card.slave, 4);
	snprintf(dir, sizeof(dir), SYSFS_CXL "/card%d", card.num);
	require(realpath(dir, path));
	check_folder(path, 4);
	check_folder(SIM_CONFIG, 3);
	check_folder("/sys/kernel/debug/cxl-afu", 3);
	diag("%u files", files);
	check(files > 60);
	afu_stop(&afu);
}

static void completions_are_clean(void)
{
	static struct copy_service service;
	char src[100], dst[100];

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	copy_pattern(src, sizeof(src), 1);
	check_eq(copy_submit_one(service.fd, src, dst, sizeof(src), 1), 1);
	require(events_wait(service.fd));
	read_clean(service.fd, 32, "completion");
	check_clean(service.queue, service.queue_size, "queue");
	copy_close(&service);
}

static const struct tap_test tests[] = {
	{ "security_patterns.patterns_are_there", patterns_are_there },
	{ "security_patterns.events_are_clean", events_are_clean,
	  sim_cards_remove },
	{ "security_patterns.results_of_calls_are_clean",
	  results_of_calls_are_clean, sim_cards_remove },
	{ "security_patterns.registers_are_clean", registers_are_clean,
	  sim_cards_remove, 60 },
	{ "security_patterns.page_of_all_ones_is_that",
	  page_of_all_ones_is_that, sim_cards_remove },
	{ "security_patterns.attributes_are_clean", attributes_are_clean,
	  sim_cards_remove },
	{ "security_patterns.completions_are_clean", completions_are_clean },
};

TAP_MAIN(tests)
