// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user who may use one node of an AFU cannot reach through it: other
 * contexts, other processes, the kernel. Documentation/security.md names each
 * of these tests.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/cxl_test.h"
#include "lib/nobody.h"
#include "lib/sim_test.h"

#define WE_ATOMIC	5
#define MODPROBE	"/proc/sys/kernel/modprobe"
#define DIRTY_ROUNDS	300
#define DIRTY_FILE	"/tmp/security-file"

static struct sim_card card;
static size_t page;

/* Make a card whose slave node everybody can use. */
static void make_card(void)
{
	page = sysconf(_SC_PAGESIZE);
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
}

/*
 * Nodes and files
 */

static void check_private(const char *path)
{
	struct stat st;

	require(!stat(path, &st), "%s: %m", path);
	check_eq(st.st_uid, 0);
	check(!(st.st_mode & 077), "%s: %o", path, st.st_mode);
}

static void nodes_are_roots(void)
{
	check_private("/dev/cxl/afu0.0m");
	check_private("/dev/cxl/afu0.0s");
	if (file_exists(COPY_DEVICE))
		check_private(COPY_DEVICE);
}

static void control_files(void)
{
	check_errno(node_open("afu0.0m", 0), EACCES);
	check_errno(node_open(card.master, 0), EACCES);
	check_errno(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num),
		    EACCES);
	check_errno(file_write("1", SYSFS_CXL "/afu%d.0/reset", card.num),
		    EACCES);
	check_errno(file_write("9", SYSFS_CXL "/afu%d.0/irqs_max", card.num),
		    EACCES);
	check_errno(file_write("1", SYSFS_CXL "/card%d/reset", card.num),
		    EACCES);
	check_errno(sim_inject_error(card.num, 0, 1), EACCES);
	check_errno(sim_set_link(card.num, "down"), EACCES);
	check_errno(file_write("0", SIM_CONFIG "/%s/live", card.name), EACCES);
	check_errno(mkdir(SIM_CONFIG "/security", 0755), EACCES);
}

static void control_files_are_roots(void)
{
	make_card();
	as_nobody(control_files);
}

/*
 * Windows and registers
 */

#define SIGNATURE	0x736563757265ULL

static size_t window_size(void)
{
	return file_number(SYSFS_CXL "/%s/pp_mmio_len", card.master);
}

static size_t psa_size(void)
{
	return file_number(SYSFS_CXL "/%s/mmio_size", card.master);
}

static void map_beyond_the_window(void)
{
	size_t window = window_size(), at, size;
	struct afu afu;
	void *map;

	afu_start(&afu, card.slave, 4);
	for (at = 0; at <= 2 * window; at += page) {
		for (size = page; size <= 2 * window; size += page) {
			map = mmap(NULL, size, PROT_READ, MAP_SHARED, afu.fd,
				   at);
			if (map != MAP_FAILED)
				munmap(map, size);
			check_eq(map != MAP_FAILED, at + size <= window);
		}
	}
	/* Nor through a mapping that is enlarged or moved */
	check(mremap(afu.mmio, page, 2 * window, MREMAP_MAYMOVE) == MAP_FAILED);
	check_errno(remap_file_pages(afu.mmio, page, 0, window / page, 0),
		    EINVAL);
}

static void fill_the_window(void)
{
	size_t window = window_size(), at;
	struct afu afu;
	char *map;

	afu_start(&afu, card.slave, 4);
	map = mmap(NULL, window, PROT_READ | PROT_WRITE, MAP_SHARED, afu.fd, 0);
	require(map != MAP_FAILED, "%m");
	for (at = 0; at < window; at += sizeof(__u64)) {
		if (at != REG_PCTRL)
			mmio_write(map, at, ~SIGNATURE);
	}
}

/* There is a context before and one after, whose windows are all signature. */
static void other_windows_are_out_of_reach(void)
{
	size_t window, at, start;
	char *all[2];
	struct afu afu[2], master;
	int i, pe;

	make_card();
	window = window_size();
	afu_start(&afu[0], card.slave, 4);
	pe = node_open_ok(card.slave);
	afu_start(&afu[1], card.slave, 4);
	close(pe);
	for (i = 0; i < 2; i++) {
		all[i] = mmap(NULL, window, PROT_READ | PROT_WRITE, MAP_SHARED,
			      afu[i].fd, 0);
		require(all[i] != MAP_FAILED, "%m");
		for (at = page; at < window; at += sizeof(__u64))
			mmio_write(all[i], at, SIGNATURE);
	}
	afu_start(&master, card.master, 4);

	as_nobody(map_beyond_the_window);
	as_nobody(fill_the_window);

	for (i = 0; i < 2; i++) {
		start = 0;
		for (at = page; at < window; at += sizeof(__u64))
			start += mmio_read(all[i], at) != SIGNATURE;
		check_eq(start, 0);
		check_eq(mmio_read(all[i], REG_WED), queue_wed(&afu[i].queue));
	}
	/* The global registers, which only a master sees */
	check_eq(mmio_read(master.mmio, 0), 0);
}

static void ask_for_more(void)
{
	int bit, fd;

	for (bit = 0; bit < 64; bit++) {
		struct cxl_afu_id id = { 0 };

		fd = node_open_ok(card.slave);
		if (node_start(fd, 0, -1, 1ULL << bit))
			check_eq(errno, EINVAL);
		check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
		check_eq(id.flags, CXL_AFUID_FLAG_SLAVE);
		check(mmap(NULL, psa_size(), PROT_READ, MAP_SHARED, fd, 0) ==
		      MAP_FAILED);
		close(fd);
	}
}

static void nothing_makes_a_slave_a_master(void)
{
	make_card();
	as_nobody(ask_for_more);
}

/*
 * Memory
 */

static char *target;

/* Every way in which the AFU can touch memory, and what it reports of each */
static void touch_by_the_afu(unsigned long address)
{
	static char own[64];
	struct work_element *we;
	void *there = (void *)address;
	struct afu afu;

	afu_start(&afu, card.slave, 4);
	memset(own, 'x', sizeof(own));
	check_eq(queue_wait(queue_copy(&afu.queue, there, own, 8)), WE_AERROR);
	check_eq(queue_wait(queue_copy(&afu.queue, own, there, 8)), WE_AERROR);
	we = queue_add(&afu.queue, WE_INCR, 4, own, there);
	check_eq(queue_wait(we), WE_AERROR);
	we = queue_add(&afu.queue, WE_ATOMIC, 8, there, there);
	check_eq(queue_wait(we), WE_AERROR);
	check(own[0] == 'x' && own[7] == 'x', "%#lx was read", address);
	afu_stop(&afu);
}

/* A page of addresses at which the AFU would find work if it looked there */
static void work_at(unsigned long address)
{
	struct event_batch batch;
	int fd = node_open_ok(card.slave);

	require_ok(node_start(fd, (address & ~4095UL) | 32, 4, 0));
	require(events_wait(fd));
	events_read(fd, &batch);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, address & ~4095UL);
	close(fd);
}

static void touch_the_target(void)
{
	require_ok(munmap(target, page));
	touch_by_the_afu((unsigned long)target);
	work_at((unsigned long)target);
}

/* At an address of the victim that the attacker has not mapped himself. */
static void memory_of_others_is_out_of_reach(void)
{
	make_card();
	/* Far from where the attacker's next mapping would be */
	target = mmap((void *)0x100000000000, page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	require(target != MAP_FAILED, "%m");
	memset(target, 'v', page);
	as_nobody(touch_the_target);
	check(!memchr(target, 'x', page));
	check(target[0] == 'v' && !memcmp(target, target + 1, page - 1));
}

static unsigned long kernel_address[32];
static unsigned int kernel_addresses;

static void add_symbols(void)
{
	static const char *const wanted[] = {
		" modprobe_path\n", " _stext\n", " _etext\n",
		" init_task\n", " linux_banner\n", " jiffies\n",
		" vfs_read\n",
	};
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];
	unsigned int i;

	require(f);
	while (fgets(line, sizeof(line), f)) {
		for (i = 0; i < ARRAY_SIZE(wanted); i++)
			if (strstr(line, wanted[i]))
				kernel_address[kernel_addresses++] =
					strtoul(line, NULL, 16);
	}
	fclose(f);
	check(kernel_addresses >= 2, "only %u symbols", kernel_addresses);
}

static void add_borders(void)
{
	static const unsigned long borders[] = {
		0x0000800000000000, 0x8000000000000000, 0xff00000000000000,
		0xfffffffffffff000,
		/* x86_64: linear mapping, vmalloc(), pages, code, vsyscall */
		0xffff800000000000, 0xffff888000000000, 0xffffc90000000000,
		0xffffea0000000000, 0xffffffff80000000, 0xffffffffff600000,
		/* powerpc: end of programs, linear mapping, vmalloc() */
		0x0010000000000000, 0xc000000000000000, 0xc008000000000000,
		/* arm64: end of programs, linear mapping */
		0x0001000000000000, 0xffff000000000000,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(borders); i++)
		kernel_address[kernel_addresses++] = borders[i];
}

static void touch_the_kernel(void)
{
	unsigned int i;

	for (i = 0; i < kernel_addresses; i++) {
		touch_by_the_afu(kernel_address[i]);
		work_at(kernel_address[i]);
	}
}

/* Among them the string that an exploit would like to change. */
static void kernel_memory_is_out_of_reach(void)
{
	char before[256], after[256];

	make_card();
	add_symbols();
	add_borders();
	require(file_read(before, sizeof(before), MODPROBE) > 0);
	as_nobody(touch_the_kernel);
	require(file_read(after, sizeof(after), MODPROBE) > 0);
	check_str_eq(after, before);
}

/* A copy that begins in the program's part and ends in the kernel's */
static void cross_the_border(void)
{
	/* Of x86_64, arm64, powerpc with 4 KiB and with 64 KiB pages */
	static const unsigned long ends[] = {
		0x00007ffffffff000, 0x0001000000000000, 0x0000400000000000,
		0x0010000000000000,
	};
	static char own[8192];
	struct afu afu;
	unsigned int i;

	afu_start(&afu, card.slave, 4);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		void *last = (void *)(ends[i] - 64);

		check_eq(queue_wait(queue_copy(&afu.queue, last, own, 8192)),
			 WE_AERROR);
		check_eq(queue_wait(queue_copy(&afu.queue, own, last, 8192)),
			 WE_AERROR);
	}
	check_eq(queue_wait(queue_copy(&afu.queue, (void *)-64UL, own, 128)),
		 WE_AERROR);
	check_eq(queue_wait(queue_copy(&afu.queue, own, (void *)-64UL, 128)),
		 WE_AERROR);
}

static void border_of_the_kernel_is_kept(void)
{
	make_card();
	as_nobody(cross_the_border);
}

static void offer_kernel_queues(void)
{
	unsigned int i;

	for (i = 0; i < kernel_addresses; i++) {
		void *queue = (void *)(kernel_address[i] & ~4095UL);

		check(copy_get_fd(queue, 4096) == -1);
		check(errno == EFAULT || errno == EINVAL, "%p: %m", queue);
	}
}

static void kernel_memory_is_no_queue(void)
{
	if (!file_exists(COPY_DEVICE))
		skip("no copy service");
	give_away(COPY_DEVICE);
	add_symbols();
	add_borders();
	as_nobody(offer_kernel_queues);
}

static void hide_copy_device(void)
{
	chmod(COPY_DEVICE, 0600);
}

static bool dirty_stop;

static void *drop_pages(void *map)
{
	while (!__atomic_load_n(&dirty_stop, __ATOMIC_RELAXED))
		madvise(map, page, MADV_DONTNEED);
	return NULL;
}

/* The AFU writes while the private copy is dropped again and again. */
static void write_to_a_private_mapping(void)
{
	int fd = require_ok(open(DIRTY_FILE, O_RDONLY | O_CLOEXEC));
	static const char bad[16] = "not from root";
	pthread_t thread;
	struct afu afu;
	char *map;
	int i;

	map = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	require(map != MAP_FAILED, "%m");
	afu_start(&afu, card.slave, 4);
	require_eq(pthread_create(&thread, NULL, drop_pages, map), 0);
	for (i = 0; i < DIRTY_ROUNDS; i++) {
		struct work_element *we;

		if (i & 1)
			we = queue_copy(&afu.queue, map, bad, sizeof(bad));
		else
			we = queue_add(&afu.queue, WE_ATOMIC, 8, map, map);
		require_eq(queue_wait(we), WE_AERROR);
	}
	__atomic_store_n(&dirty_stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static void read_only_files_are_not_written(void)
{
	char buf[64];

	make_card();
	unlink(DIRTY_FILE);
	close(require_ok(open(DIRTY_FILE, O_CREAT | O_WRONLY, 0644)));
	require_ok(file_write("root's own", DIRTY_FILE));
	as_nobody(write_to_a_private_mapping);
	check_eq(file_read(buf, sizeof(buf), DIRTY_FILE), 10);
	check_str_eq(buf, "root's own");
}

static void remove_dirty_file(void)
{
	sim_cards_remove();
	unlink(DIRTY_FILE);
}

/*
 * exec() gives a program a new address space, which the AFU does not know, even
 * if the descriptor is inherited: so a program with more rights is safe.
 */
static void exec_leaves_the_afu_behind(void)
{
	int begin[2], end[2], fd, status;
	struct event_batch batch;
	struct queue q;
	char byte;
	pid_t pid;

	make_card();
	queue_init(&q, 1);
	require_ok(pipe(begin));
	require_ok(pipe(end));
	fd = node_open_ok(card.slave);
	require_ok(fcntl(fd, F_SETFD, 0));
	pid = require_ok(fork());
	if (!pid) {
		require_ok(node_start(fd, queue_wed(&q), 4, 0));
		dup2(begin[0], 0);
		dup2(end[1], 1);
		close(begin[1]);
		execl("/bin/busybox", "cat", NULL);
		_exit(1);
	}
	/* When it answers, it has called exec(). */
	require_eq(write(begin[1], "a", 1), 1);
	require_eq(read(end[0], &byte, 1), 1);
	require(events_wait(fd));
	events_read(fd, &batch);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, (unsigned long)q.we);
	require_eq(write(begin[1], "b", 1), 1);
	require_eq(read(end[0], &byte, 1), 1);
	check_eq(byte, 'b');
	close(begin[1]);
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
}

static const struct tap_test tests[] = {
	{ "security.nodes_are_roots", nodes_are_roots },
	{ "security.control_files_are_roots", control_files_are_roots,
	  sim_cards_remove },
	{ "security.other_windows_are_out_of_reach",
	  other_windows_are_out_of_reach, sim_cards_remove },
	{ "security.nothing_makes_a_slave_a_master",
	  nothing_makes_a_slave_a_master, sim_cards_remove },
	{ "security.memory_of_others_is_out_of_reach",
	  memory_of_others_is_out_of_reach, sim_cards_remove },
	{ "security.kernel_memory_is_out_of_reach",
	  kernel_memory_is_out_of_reach, sim_cards_remove },
	{ "security.border_of_the_kernel_is_kept",
	  border_of_the_kernel_is_kept, sim_cards_remove },
	{ "security.kernel_memory_is_no_queue", kernel_memory_is_no_queue,
	  hide_copy_device },
	{ "security.read_only_files_are_not_written",
	  read_only_files_are_not_written, remove_dirty_file },
	{ "security.exec_leaves_the_afu_behind", exec_leaves_the_afu_behind,
	  sim_cards_remove },
};

TAP_MAIN(tests)
