// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device nodes, their numbers, and open(2); and the dedicated mode, whose only
 * node differs in nothing else.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

static struct event_batch batch;
static struct sim_card card;

/* The major number that /proc/devices has for "cxl". */
static unsigned int cxl_major(void)
{
	char buf[4096], *line;

	require(file_read(buf, sizeof(buf), "/proc/devices") > 0);
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned int number;
		char name[32];

		if (sscanf(line, "%u %31s", &number, name) == 2 &&
		    !strcmp(name, "cxl"))
			return number;
	}
	return 0;
}

static bool node_exists(const char *node)
{
	return file_exists("/dev/cxl/%s", node);
}

static void check_node(const char *node, unsigned int minor_wanted)
{
	struct stat st = { 0 };
	char path[64], dev[32], sysfs[32];

	snprintf(path, sizeof(path), "/dev/cxl/%s", node);
	require(!stat(path, &st), "%s: %m", path);
	check(S_ISCHR(st.st_mode), "%s", node);
	check_eq(st.st_mode & 0777, 0600);
	check_eq(st.st_uid, 0);
	check_eq(major(st.st_rdev), cxl_major());
	check_eq(minor(st.st_rdev), minor_wanted);

	require(file_read(sysfs, sizeof(sysfs), SYSFS_CXL "/%s/dev", node) > 0);
	snprintf(dev, sizeof(dev), "%u:%u", cxl_major(), minor_wanted);
	check_str_eq(sysfs, dev);
}

/* 13 minors per card: its own, and three for each AFU. */
static void numbers_follow_from_card_and_slot(void)
{
	char node[16];
	int slot;

	check_node("afu0.0m", 2);
	check_node("afu0.0s", 3);
	sim_card_make(&card, "afu1/num_procs", "4", "afu3/num_procs", "4",
		      "afu2/modes", "dedicated", NULL);
	for (slot = 0; slot < 4; slot++) {
		int first = 13 * card.num + 1 + 3 * slot;

		if (slot == 2) {
			snprintf(node, sizeof(node), "afu%d.2d", card.num);
			check_node(node, first);
			continue;
		}
		snprintf(node, sizeof(node), "afu%d.%dm", card.num, slot);
		check_node(node, first + 1);
		snprintf(node, sizeof(node), "afu%d.%ds", card.num, slot);
		check_node(node, first + 2);
	}
}

static void card_has_no_node(void)
{
	check(!node_exists("card0"));
	check(!file_exists(SYSFS_CXL "/card0/dev"));
}

static void nodes_follow_the_mode(void)
{
	char mode[64];

	sim_card_make(&card, "afu0/modes", "dedicated directed", NULL);
	snprintf(mode, sizeof(mode), SYSFS_CXL "/afu%d.0/mode", card.num);
	check(!node_exists(card.dedicated));
	check(node_exists(card.master));
	check(node_exists(card.slave));

	require_ok(file_write("dedicated_process", "%s", mode));
	check(node_exists(card.dedicated));
	check(!node_exists(card.master));
	check(!node_exists(card.slave));

	require_ok(file_write("none", "%s", mode));
	check(!node_exists(card.dedicated));
	check(!node_exists(card.master));
	check(!node_exists(card.slave));

	require_ok(file_write("afu_directed", "%s", mode));
	check(!node_exists(card.dedicated));
	check(node_exists(card.master));
	check(node_exists(card.slave));
	check_ok(node_open(card.slave, 0));
}

/* Open a node of the test's own, such as somebody may have kept. */
static int open_number(unsigned int number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/node-%d", getpid());
	require_ok(mknod(path, S_IFCHR | 0600, makedev(cxl_major(), number)));
	fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	return fd;
}

static void no_such_card_is_enodev(void)
{
	int slot;

	for (slot = 1; slot < 13; slot++)
		check_errno(open_number(13 * 18 + slot), ENODEV);
	/* Beyond the last whole card */
	check_errno(open_number(255), ENODEV);
}

static void card_number_itself_is_enodev(void)
{
	check_errno(open_number(0), ENODEV);
}

static void empty_slot_is_enodev(void)
{
	int slot;

	for (slot = 4; slot < 13; slot++)
		check_errno(open_number(slot), ENODEV);
	/* The other nodes of this card exist. */
	check_ok(open_number(2));
	check_ok(open_number(3));
}

static void mode_none_is_enodev(void)
{
	int first, i;

	sim_card_make(&card, NULL);
	first = 13 * card.num + 1;
	check_ok(close(open_number(first + 1)));
	require_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num));
	for (i = 0; i < 3; i++)
		check_errno(open_number(first + i), ENODEV);
}

static void removed_card_is_enodev(void)
{
	int first, i;

	sim_card_make(&card, NULL);
	first = 13 * card.num + 1;
	check_ok(close(open_number(first + 1)));
	sim_card_set_live(&card, false);
	for (i = 0; i < 3; i++)
		check_errno(open_number(first + i), ENODEV);
}

static void link_down_is_eio(void)
{
	sim_card_make(&card, "afu1/modes", "dedicated", NULL);
	require_ok(sim_set_link(card.num, "down"));
	check_errno(node_open(card.slave, 0), EIO);
	check_errno(node_open(card.master, O_NONBLOCK), EIO);
	check_errno(open_number(13 * card.num + 4), EIO);
}

/* Masters and slaves share the numbers, lowest free first. */
static void process_elements_are_lowest_free(void)
{
	int fd[8], i;

	sim_card_make(&card, NULL);
	for (i = 0; i < 8; i++) {
		fd[i] = node_open_ok(i % 3 ? card.slave : card.master);
		check_eq(node_pe(fd[i]), i);
	}
	close(fd[5]);
	close(fd[2]);
	fd[2] = node_open_ok(card.slave);
	check_eq(node_pe(fd[2]), 2);
	fd[5] = node_open_ok(card.master);
	check_eq(node_pe(fd[5]), 5);
	check_eq(node_pe(node_open_ok(card.slave)), 8);
}

static void all_in_use_is_enospc(void)
{
	int fd[4], i;

	sim_card_make(&card, "afu0/num_procs", "4", NULL);
	for (i = 0; i < 4; i++)
		fd[i] = node_open_ok(i ? card.slave : card.master);
	for (i = 0; i < 3; i++) {
		check_errno(node_open(card.slave, 0), ENOSPC);
		check_errno(node_open(card.master, 0), ENOSPC);
	}
	close(fd[1]);
	check_eq(node_pe(node_open_ok(card.master)), 1);
	check_errno(node_open(card.slave, 0), ENOSPC);
}

/* A failed open() must not keep what it has taken. */
static void failed_open_leaks_nothing(void)
{
	int fd, i;

	sim_card_make(&card, "afu0/num_procs", "1", NULL);
	fd = node_open_ok(card.slave);
	for (i = 0; i < 200; i++)
		check_errno(node_open(card.slave, 0), ENOSPC);
	close(fd);
	check_eq(node_pe(node_open_ok(card.slave)), 0);
}

static long long module_users(void)
{
	return file_number("/sys/module/cxl/refcnt");
}

static void open_file_pins_the_module(void)
{
	long long before;
	int fd;

	/* Let those end that are about to. */
	usleep(2 * QUIET_MS * 1000);
	before = module_users();
	fd = node_open_ok("afu0.0s");
	check(module_users() > before);
	close(fd);
	check_eq(module_users(), before);
}

static void mode_is_kept_while_open(void)
{
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	check_errno(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num),
		    EBUSY);
	close(fd);
	check_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num));
}

/*
 * Dedicated mode
 */

static void make_dedicated(void)
{
	sim_card_make(&card, "afu0/modes", "dedicated", NULL);
}

static void dedicated_has_one_user(void)
{
	int fd;

	make_dedicated();
	fd = node_open_ok(card.dedicated);
	check_eq(node_pe(fd), 0);
	check_errno(node_open(card.dedicated, 0), ENOSPC);
	close(fd);
	check_eq(node_pe(node_open_ok(card.dedicated)), 0);
}

static void dedicated_says_what_it_is(void)
{
	struct cxl_afu_id id, expected = { .afu_mode = CXL_MODE_DEDICATED };
	int fd;

	make_dedicated();
	expected.card_id = card.num;
	fd = node_open_ok(card.dedicated);
	memset(&id, 0xee, sizeof(id));
	check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_mem_eq(&id, &expected, sizeof(id));
}

static void slot_is_in_the_afu_id(void)
{
	struct cxl_afu_id id = { 0 };
	char node[16];
	int fd;

	sim_card_make(&card, "afu2/num_procs", "4", NULL);
	snprintf(node, sizeof(node), "afu%d.2s", card.num);
	fd = node_open_ok(node);
	check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_eq(id.card_id, card.num);
	check_eq(id.afu_offset, 2);
	check_eq(id.flags, CXL_AFUID_FLAG_SLAVE);
}

static void *map_at(int fd, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static void dedicated_maps_the_whole_area(void)
{
	size_t page = sysconf(_SC_PAGESIZE), psa = 0x4000000;
	struct queue q;
	int fd;

	make_dedicated();
	fd = node_open_ok(card.dedicated);
	check_errno((long)map_at(fd, page, 0), EIO);
	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	check(map_at(fd, psa, 0) != MAP_FAILED, "%m");
	check(map_at(fd, page, psa - page) != MAP_FAILED, "%m");
	check_errno((long)map_at(fd, psa + page, 0), EINVAL);
	check_errno((long)map_at(fd, page, psa), EINVAL);
}

/* Its registers, the global ones, and what follows them */
static void dedicated_area_is_clean_for_the_next(void)
{
	static const size_t places[] = { 0x100, 0x2000000, 0x2000100, 0x3fff000 };
	const size_t psa = 0x4000000;
	unsigned int round, i;
	__u64 *area;
	int fd;

	make_dedicated();
	for (round = 0; round < 2; round++) {
		fd = node_open_ok(card.dedicated);
		require_ok(node_start(fd, 0, 4, 0));
		area = map_at(fd, psa, 0);
		require(area != MAP_FAILED);
		for (i = 0; i < ARRAY_SIZE(places); i++) {
			check_eq(area[places[i] / 8], 0);
			area[places[i] / 8] = i + 1;
		}
		check_ok(munmap(area, psa));
		close(fd);
	}
}

static void dedicated_works(void)
{
	char src[32] = "dedicated", dst[32] = "";
	char *hole = no_access_page();
	struct queue q;
	int fd, round;

	make_dedicated();
	for (round = 0; round < 3; round++) {
		fd = node_open_ok(card.dedicated);
		queue_init(&q, 1);
		require_ok(node_start(fd, queue_wed(&q), 4, 0));
		memset(dst, 0, sizeof(dst));
		check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
			 WE_COMPLETE);
		check_str_eq(dst, src);
		check_eq(queue_wait(queue_copy(&q, dst, hole, 1)), WE_AERROR);
		queue_add(&q, WE_IRQ, 2, NULL, NULL);
		usleep(QUIET_MS * 1000);
		check_eq(events_read(fd, &batch), 16 + 40);
		check_eq(batch.event[0].irq.irq, 2);
		check_eq(batch.event[1].fault.addr, (unsigned long)hole);
		close(fd);
		queue_destroy(&q);
	}
}

static void dedicated_goes_away(void)
{
	struct queue q;
	void *mmio;
	__u64 value;
	int fd;

	make_dedicated();
	fd = node_open_ok(card.dedicated);
	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	mmio = map_at(fd, sysconf(_SC_PAGESIZE), 0);
	require(mmio != MAP_FAILED);
	check_eq(mmio_probe(mmio, &value), 0);
	sim_card_set_live(&card, false);
	check_eq(mmio_probe(mmio, &value), BUS_ADRERR);
	check_errno(events_read(fd, &batch), EIO);
	check_eq(events_poll(fd), POLLERR | POLLHUP);
	check(!node_exists(card.dedicated));
}

#define TEST(name) { "chardev_open." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(numbers_follow_from_card_and_slot),
	TEST(card_has_no_node),
	TEST(nodes_follow_the_mode),
	TEST(no_such_card_is_enodev),
	TEST(card_number_itself_is_enodev),
	TEST(empty_slot_is_enodev),
	TEST(mode_none_is_enodev),
	TEST(removed_card_is_enodev),
	TEST(link_down_is_eio),
	TEST(process_elements_are_lowest_free),
	TEST(all_in_use_is_enospc),
	TEST(failed_open_leaks_nothing),
	TEST(open_file_pins_the_module),
	TEST(mode_is_kept_while_open),
	TEST(dedicated_has_one_user),
	TEST(dedicated_says_what_it_is),
	TEST(slot_is_in_the_afu_id),
	TEST(dedicated_maps_the_whole_area),
	TEST(dedicated_area_is_clean_for_the_next),
	TEST(dedicated_works),
	TEST(dedicated_goes_away),
};

TAP_MAIN(tests)
