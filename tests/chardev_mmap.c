// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of the problem state area. chardev_remove and chardev_link show what
 * becomes of them when the card goes away.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define SLAVE	"afu0.0s"
#define MASTER	"afu0.0m"

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static size_t window_size(void)
{
	return file_number(SYSFS_CXL "/" MASTER "/pp_mmio_len");
}

static size_t psa_size(void)
{
	return file_number(SYSFS_CXL "/" MASTER "/mmio_size");
}

static void *map_at(int fd, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static bool maps(int fd, size_t size, off_t offset)
{
	void *map = map_at(fd, size, offset);

	if (map == MAP_FAILED)
		return false;
	munmap(map, size);
	return true;
}

#define check_map_errno(fd, size, offset, error)			\
	check_errno((long)map_at(fd, size, offset), error)

static int open_started(const char *node)
{
	static struct queue q;
	int fd = node_open_ok(node);

	if (!q.we)
		queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), -1, 0));
	return fd;
}

static void before_start_is_eio(void)
{
	int slave = node_open_ok(SLAVE);
	int master = node_open_ok(MASTER);

	check_map_errno(slave, page_size(), 0, EIO);
	check_map_errno(master, page_size(), 0, EIO);
	/* The state is checked before the size. */
	check_map_errno(slave, window_size() + page_size(), 0, EIO);
}

static void after_failed_start_is_eio(void)
{
	int fd = node_open_ok(SLAVE);

	check_errno(node_start(fd, 0, 0, 0), EINVAL);
	check_map_errno(fd, page_size(), 0, EIO);
}

static void sizes_are_those_of_sysfs(void)
{
	check_eq(window_size(), 0x10000);
	check_eq(psa_size(), 0x4000000);
	check_eq(file_number(SYSFS_CXL "/afu0.0/mmio_size"), window_size());
}

/* A slave maps its window, in one piece or page by page, and no byte more. */
static void slave_maps_its_window_only(void)
{
	size_t page = page_size(), window = window_size();
	int fd = open_started(SLAVE);

	check(maps(fd, window, 0), "%m");
	check(maps(fd, page, 0), "%m");
	check(maps(fd, page, window - page), "%m");
	check_map_errno(fd, window + 1, 0, EINVAL);
	check_map_errno(fd, psa_size(), 0, EINVAL);
	check_map_errno(fd, page, window, EINVAL);
	if (window > page)
		check_map_errno(fd, window, page, EINVAL);
}

static void master_maps_the_whole_area_only(void)
{
	size_t page = page_size(), psa = psa_size();
	int fd = open_started(MASTER);

	check(maps(fd, psa, 0), "%m");
	check(maps(fd, page, psa - page), "%m");
	check_map_errno(fd, psa + 1, 0, EINVAL);
	check_map_errno(fd, page, psa, EINVAL);
	check_map_errno(fd, psa, page, EINVAL);
}

/* Offset plus length must not wrap around. */
static void huge_offset_is_einval(void)
{
	int fd = open_started(MASTER);

	check_map_errno(fd, page_size(), -2 * (off_t)page_size(), EINVAL);
	check_map_errno(fd, psa_size(), -2 * (off_t)psa_size(), EINVAL);
	check_map_errno(fd, page_size(), 1LL << 62, EINVAL);
	/* A 32-bit count of pages, or of bytes, would make these 0. */
	check_map_errno(fd, page_size(), page_size() << 32, EINVAL);
	check_map_errno(fd, page_size(), 1LL << 32, EINVAL);
}

/* A slave's offset 0 is its window, which a master sees at its place. */
static void windows_stand_in_the_whole_area(void)
{
	long long pp_offset = file_number(SYSFS_CXL "/" MASTER "/pp_mmio_off");
	int master = open_started(MASTER);
	struct afu afu[3];
	char *psa;
	int i;

	psa = map_at(master, psa_size(), 0);
	require(psa != MAP_FAILED, "%m");
	for (i = 0; i < 3; i++)
		afu_start(&afu[i], SLAVE, 4);
	for (i = 0; i < 3; i++) {
		char *window = psa + pp_offset + afu[i].pe * window_size();

		check_eq(mmio_read(afu[i].mmio, REG_PH) >> 48, afu[i].pe);
		check_eq(mmio_read(window, REG_PH) >> 48, afu[i].pe);
		check_eq(mmio_read(window, REG_WED), queue_wed(&afu[i].queue));
	}
	/* Its own window is among them. */
	check_eq(mmio_read(psa + pp_offset + node_pe(master) * window_size(),
			   REG_PH) >> 48, node_pe(master));
}

/* A master's offset 0 has the global registers; a store reaches them. */
static void stores_of_a_master_reach_the_card(void)
{
	int one = open_started(MASTER), two = open_started(MASTER);
	char *a = map_at(one, page_size(), 0);
	char *b = map_at(two, page_size(), 0);
	__u64 trace_ctl;

	require(a != MAP_FAILED && b != MAP_FAILED);
	trace_ctl = mmio_read(a, 0x20);
	mmio_write(a, 0x20, ~trace_ctl);
	check_eq(mmio_read(b, 0x20), ~trace_ctl);
	mmio_write(b, 0x20, trace_ctl);
	check_eq(mmio_read(a, 0x20), trace_ctl);
}

static void every_page_of_the_window_can_be_read(void)
{
	size_t page = page_size(), offset;
	int fd = open_started(SLAVE);
	char *window = map_at(fd, window_size(), 0);
	__u64 value;

	require(window != MAP_FAILED);
	for (offset = 0; offset < window_size(); offset += page) {
		check_eq(mmio_probe(window + offset + page - 8, &value), 0);
		check(value != ~0ULL, "at %#zx", offset);
	}
}

static void mapping_does_not_grow_behind_the_window(void)
{
	size_t page = page_size();
	int fd = open_started(SLAVE);
	char *map = map_at(fd, page, window_size() - page);
	char *grown;
	__u64 value;

	require(map != MAP_FAILED, "%m");
	grown = mremap(map, page, 2 * page, MREMAP_MAYMOVE);
	/* Refused, or nothing is mapped there. */
	if (grown == MAP_FAILED)
		check(errno == EFAULT || errno == EINVAL, "%m");
	else
		check_eq(mmio_probe(grown + page, &value), BUS_ADRERR);
}

static void one_file_can_be_mapped_many_times(void)
{
	struct afu afu;
	void *map[8];
	int i;

	afu_start(&afu, SLAVE, 4);
	for (i = 0; i < 8; i++) {
		map[i] = map_at(afu.fd, page_size(), 0);
		require(map[i] != MAP_FAILED, "%m");
		check_eq(mmio_read(map[i], REG_PH) >> 48, afu.pe);
	}
	/* They are the same registers, and each mapping goes away alone. */
	for (i = 0; i < 7; i++) {
		munmap(map[i], page_size());
		check_eq(mmio_read(map[i + 1], REG_WED), queue_wed(&afu.queue));
	}
	afu_irq(&afu, 1);
	check(events_wait(afu.fd));
}

static void fork_and_fault_at_once(void)
{
	struct afu afu;
	pid_t child;
	int status, i;

	afu_start(&afu, SLAVE, 4);
	for (i = 0; i < 20; i++) {
		void *map = map_at(afu.fd, page_size(), 0);

		require(map != MAP_FAILED);
		child = fork();
		if (!child) {
			/* Parent and child fault at the same time. */
			_exit(mmio_read(map, REG_PH) >> 48 == (__u64)afu.pe ? 0 : 1);
		}
		check_eq(mmio_read(map, REG_PH) >> 48, afu.pe);
		require_eq(waitpid(child, &status, 0), child);
		check_eq(status, 0);
		munmap(map, page_size());
	}
}

static void mapping_is_inherited_over_fork(void)
{
	struct afu afu;
	int status;
	pid_t child;

	afu_start(&afu, SLAVE, 4);
	check_eq(queue_wait(queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL)),
		 WE_COMPLETE);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) & STATUS_STOPPED));
	child = fork();
	if (!child) {
		check_eq(mmio_read(afu.mmio, REG_PH) >> 48, afu.pe);
		check_eq(mmio_read(afu.mmio, REG_WED), queue_wed(&afu.queue));
		/* A store, too: the child restarts the AFU for the parent. */
		mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
		_exit(0);
	}
	require_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
	check(becomes_true(!(mmio_read(afu.mmio, REG_STATUS) & STATUS_STOPPED)));
	check_eq(mmio_read(afu.mmio, REG_PH) >> 48, afu.pe);
}

/* The mapping holds the file: the context goes on until it is unmapped. */
static void mapping_outlives_the_descriptor(void)
{
	char src[64] = "copied after close", dst[64] = "";
	struct sim_card card;
	struct afu afu;

	/* No other test holds process elements of this card. */
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	close(afu.fd);
	check_eq(mmio_read(afu.mmio, REG_PH) >> 48, afu.pe);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);

	/* The process element stays in use for as long. */
	check_eq(node_pe(node_open_ok(card.slave)), 1);
	munmap(afu.mmio, afu.mmio_size);
	check_eq(node_pe(node_open_ok(card.slave)), 0);
}

static void read_only_mapping_stays_read_only(void)
{
	struct afu afu;
	void *map;
	int status;
	pid_t child;

	afu_start(&afu, SLAVE, 4);
	map = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, afu.fd, 0);
	require(map != MAP_FAILED, "%m");
	check_eq(mmio_read(map, REG_PH) >> 48, afu.pe);
	child = fork();
	if (!child) {
		mmio_write(map, REG_PCTRL, PCTRL_RESTART);
		_exit(0);
	}
	require_eq(waitpid(child, &status, 0), child);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%#x", status);
}

/* Registers cannot be copied on write. */
static void private_mapping_is_einval(void)
{
	int fd = open_started(SLAVE);

	check_errno((long)mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE, fd, 0), EINVAL);
}

/* A later context of the same process element starts with fresh registers. */
static void registers_start_afresh(void)
{
	struct sim_card card;
	struct afu afu;

	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_eq(queue_wait(queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL)),
		 WE_COMPLETE);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) & STATUS_STOPPED));
	afu_stop(&afu);

	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_eq(mmio_read(afu.mmio, REG_STATUS), 0);
	check_eq(events_poll(afu.fd), 0);
	afu_stop(&afu);
}

static const struct tap_test tests[] = {
	{ "chardev_mmap.before_start_is_eio", before_start_is_eio },
	{ "chardev_mmap.after_failed_start_is_eio", after_failed_start_is_eio },
	{ "chardev_mmap.sizes_are_those_of_sysfs", sizes_are_those_of_sysfs },
	{ "chardev_mmap.slave_maps_its_window_only", slave_maps_its_window_only },
	{ "chardev_mmap.master_maps_the_whole_area_only",
	  master_maps_the_whole_area_only },
	{ "chardev_mmap.huge_offset_is_einval", huge_offset_is_einval },
	{ "chardev_mmap.windows_stand_in_the_whole_area",
	  windows_stand_in_the_whole_area },
	{ "chardev_mmap.stores_of_a_master_reach_the_card",
	  stores_of_a_master_reach_the_card },
	{ "chardev_mmap.every_page_of_the_window_can_be_read",
	  every_page_of_the_window_can_be_read },
	{ "chardev_mmap.mapping_does_not_grow_behind_the_window",
	  mapping_does_not_grow_behind_the_window },
	{ "chardev_mmap.one_file_can_be_mapped_many_times",
	  one_file_can_be_mapped_many_times },
	{ "chardev_mmap.fork_and_fault_at_once", fork_and_fault_at_once },
	{ "chardev_mmap.mapping_is_inherited_over_fork",
	  mapping_is_inherited_over_fork },
	{ "chardev_mmap.mapping_outlives_the_descriptor",
	  mapping_outlives_the_descriptor, sim_cards_remove },
	{ "chardev_mmap.read_only_mapping_stays_read_only",
	  read_only_mapping_stays_read_only },
	{ "chardev_mmap.private_mapping_is_einval", private_mapping_is_einval },
	{ "chardev_mmap.registers_start_afresh",
	  registers_start_afresh, sim_cards_remove },
};

TAP_MAIN(tests)
