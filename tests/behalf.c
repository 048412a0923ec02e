// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the AFU does on behalf of a program counts as if the program had done
 * it: limits, memory cgroup, protection keys, faults of user mode; and it ends
 * with the program.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cgroup.h"
#include "lib/cxl_test.h"
#include "lib/loop_test.h"
#include "lib/model_test.h"
#include "lib/nobody.h"
#include "lib/sim_test.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1
#endif

#define WE_ATOMIC	5

#define KIB		1024
#define MIB		(1024 * KIB)
#define MOUNT		"/tmp/behalf-mount"
#define TABLES		1024
#define DEATHS		30

static struct event_batch batch;
static struct sim_card card;
static struct afu afu;

static void start(void)
{
	afu_start(&afu, card.slave, 4);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
}

static void make_card(void)
{
	sim_card_make(&card, NULL);
	give_away("/dev/cxl/%s", card.slave);
}

static void check_fault_at(const void *addr)
{
	require(events_wait(afu.fd));
	require(events_read(afu.fd, &batch) > 0);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, (unsigned long)addr);
}

/*
 * Limits. A stack is memory that an access can create.
 */

static void limit(int resource, rlim_t bytes)
{
	struct rlimit lim = { bytes, bytes };

	require_ok(setrlimit(resource, &lim));
}

static char *below_the_stack(size_t distance)
{
	return (char *)__builtin_frame_address(0) - distance;
}

static void check_stack_stops_at(size_t distance)
{
	char *low = below_the_stack(distance);

	check_eq(afu_store_byte(&afu, low), WE_AERROR);
	check_fault_at(low);
}

static void grow_within_256_kib(void)
{
	limit(RLIMIT_STACK, 256 * KIB);
	start();
	check_eq(afu_store_byte(&afu, below_the_stack(180 * KIB)), WE_COMPLETE);
	check_stack_stops_at(MIB);
}

static void small_stack_limit_is_kept(void)
{
	make_card();
	as_nobody(grow_within_256_kib);
}

/* More than a kernel thread has; the gap below a stack is at least 128 MiB. */
static void grow_within_64_mib(void)
{
	limit(RLIMIT_STACK, 64 * MIB);
	start();
	check_eq(afu_store_byte(&afu, below_the_stack(48 * MIB)), WE_COMPLETE);
	check_stack_stops_at(65 * MIB);
}

static void large_stack_limit_is_used(void)
{
	make_card();
	as_nobody(grow_within_64_mib);
}

static void grow_within_the_address_space(void)
{
	unsigned long pages = 0;
	FILE *f;

	start();
	f = fopen("/proc/self/statm", "re");
	require(f);
	check_eq(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	limit(RLIMIT_AS, pages * sysconf(_SC_PAGESIZE) + 512 * KIB);
	check_stack_stops_at(2 * MIB);
}

static void limit_of_the_address_space_is_kept(void)
{
	make_card();
	as_nobody(grow_within_the_address_space);
}

/* A stack that is locked into memory grows as far as the limit allows. */
static void grow_within_locked_memory(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned long low = (unsigned long)below_the_stack(256 * KIB);

	__atomic_store_n((char *)low, 0, __ATOMIC_RELAXED);
	low -= low % page;
	limit(RLIMIT_MEMLOCK, 128 * KIB);
	start();
	require_ok(mlock((void *)low, page));
	check_stack_stops_at(2 * MIB);
}

static void limit_of_locked_memory_is_kept(void)
{
	make_card();
	as_nobody(grow_within_locked_memory);
}

/*
 * Memory cgroup
 */

static void remove_cgroup(void)
{
	sim_cards_remove();
	cgroup_remove();
}

/* A page of zeroes in each of many places so far apart that each has a table */
static char *sparse_memory(size_t *step)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *map;

	*step = page * (page / sizeof(__u64));
	if (*step > 64 * MIB)
		*step = 64 * MIB;
	map = mmap(NULL, TABLES * *step, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(map != MAP_FAILED);
	/* Not supported by every kernel */
	madvise(map, TABLES * *step, MADV_NOHUGEPAGE);
	return map;
}

static void page_tables_are_charged(void)
{
	long long by_program, by_afu;
	char *one, *two;
	size_t step;
	int i;

	if (sysconf(_SC_PAGESIZE) > 4096)
		skip("64 pages are charged at once, more than the tables of pages so large");
	cgroup_make();
	make_card();
	cgroup_join();
	start();
	one = sparse_memory(&step);
	two = sparse_memory(&step);
	by_program = -cgroup_charged();
	for (i = 0; i < TABLES; i++)
		check_eq(__atomic_load_n(one + i * step, __ATOMIC_RELAXED), 0);
	by_program += cgroup_charged();
	by_afu = -cgroup_charged();
	for (i = 0; i < TABLES; i++)
		require_eq(afu_load_byte(&afu, two + i * step), WE_COMPLETE);
	by_afu += cgroup_charged();
	diag("page tables: %lld bytes by the program, %lld by the AFU",
	     by_program, by_afu);
	require(by_program > MIB);
	check(by_afu > by_program / 2);
	check(by_afu < by_program * 2);
}

/*
 * Protection keys
 */

static char *page_with_key(unsigned int rights)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = syscall(SYS_pkey_alloc, 0, rights);

	require(map != MAP_FAILED);
	if (key < 0)
		skip("no protection keys: %m");
	strcpy(map, "protected");
	require_ok(syscall(SYS_pkey_mprotect, map, page, PROT_READ | PROT_WRITE,
			   key));
	return map;
}

static __u8 fetch_and_add(void *addr)
{
	struct queue *q = &afu.queue;
	struct work_element *we = &q->we[q->next];

	we->cmd_extra = 0;
	we->atomic_op1 = htobe64(1);
	return queue_wait(queue_add(q, WE_ATOMIC, sizeof(__u64), NULL, addr));
}

/* Protection keys are rights of threads, and the AFU is no thread. */
static void protection_keys_do_not_bind_the_afu(void)
{
	char *page = page_with_key(1 /* PKEY_DISABLE_ACCESS */), seen[16] = "";

	make_card();
	start();
	check_eq(queue_wait(queue_copy(&afu.queue, seen, page, sizeof(seen))),
		 WE_COMPLETE);
	check_str_eq(seen, "protected");
	check_eq(queue_wait(queue_copy(&afu.queue, page + 64, page, 64)),
		 WE_COMPLETE);
	check_eq(fetch_and_add(page + 128), WE_COMPLETE);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

/*
 * Faults
 */

static void *fill_pages(void *arg)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct uffdio_copy copy = { .len = page };
	struct uffd_msg msg;
	int uffd = *(int *)arg;
	char *content = aligned_alloc(page, page);

	memset(content, 'u', page);
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		copy.dst = msg.arg.pagefault.address & -page;
		copy.src = (unsigned long)content;
		require_ok(ioctl(uffd, UFFDIO_COPY, &copy));
	}
	return NULL;
}

/* All of userfaultfd that an unprivileged program can get */
static void faults_are_those_of_user_mode(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	char seen = 0;
	int uffd;

	require(map != MAP_FAILED);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0)
		skip("no userfaultfd: %m");
	require_ok(ioctl(uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)map;
	reg.range.len = 2 * page;
	require_ok(ioctl(uffd, UFFDIO_REGISTER, &reg));
	require(!pthread_create(&thread, NULL, fill_pages, &uffd));

	make_card();
	start();
	check_eq(queue_wait(queue_copy(&afu.queue, &seen, map, 1)), WE_COMPLETE);
	check_eq(seen, 'u');
	check_eq(afu_store_byte(&afu, map + page), WE_COMPLETE);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

/*
 * No fault helps an atomic operation on the AFU's own registers, yet each fault
 * is resolved.
 */
static void futile_faults_end_in_an_event(void)
{
	make_card();
	start();
	check_eq(fetch_and_add(afu.mmio + 0x200), WE_AERROR);
	check_fault_at(afu.mmio + 0x200);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

/*
 * The end of a program
 */

static char *mounted_file(void)
{
	int fd = require_ok(open(MOUNT "/file", O_RDWR | O_CREAT, 0600));
	char *map;

	require_ok(ftruncate(fd, 65536));
	map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED);
	close(fd);
	return map;
}

static void make_mount(void)
{
	mkdir(MOUNT, 0755);
	require_ok(mount("none", MOUNT, "tmpfs", 0, NULL));
}

static void remove_mount(void)
{
	sim_cards_remove();
	umount2(MOUNT, MNT_DETACH);
	rmdir(MOUNT);
}

static void copy_for_ever(int ready)
{
	char *map = mounted_file(), *dst;

	start();
	dst = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(dst != MAP_FAILED);
	for (;;) {
		require_eq(queue_wait(queue_copy(&afu.queue, dst, map, 65535)),
			   WE_COMPLETE);
		require_eq(write(ready, "", 1), 1);
		/* Some of the deaths meet a page fault. */
		madvise(dst, 65536, MADV_DONTNEED);
	}
}

/* A parent that has waited for a process finds everything free that it used. */
static void nothing_is_in_use_after_the_end(void)
{
	int i, busy = 0, n = tap_rounds(DEATHS, 5), ready[2];
	char token;
	pid_t pid;

	make_card();
	for (i = 0; i < n; i++) {
		make_mount();
		require_ok(pipe(ready));
		pid = require_ok(fork());
		if (!pid)
			copy_for_ever(ready[1]);
		close(ready[1]);
		require_eq(read(ready[0], &token, 1), 1);
		usleep(500 * i);
		close(ready[0]);
		kill(pid, SIGKILL);
		require_eq(waitpid(pid, NULL, 0), pid);
		busy += umount(MOUNT) < 0;
		umount2(MOUNT, MNT_DETACH);
	}
	check_eq(busy, 0);
}

/* To free its memory takes a while. */
static void attach_and_wait(void)
{
	char *map = mounted_file();

	require(mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED);
	require_ok(node_start(node_open_ok(card.slave), (unsigned long)map, -1,
			      0));
	pause();
}

static unsigned int reads;	/* atomic */

/* Until the process has ended */
static void *read_for_ever(void *arg)
{
	const struct model_client *client = arg;
	static char buf[65536];

	while (pread(client->memory, buf, sizeof(buf),
		     client->attach.attach.wed) > 0)
		__atomic_add_fetch(&reads, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* The same while an AFU that is a program accesses the process's memory */
static void models_keep_nothing_in_use(void)
{
	int i, busy = 0, n = tap_rounds(10, 5);
	struct model_client client;
	struct model model;
	pthread_t reader;
	pid_t pid;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	for (i = 0; i < n; i++) {
		make_mount();
		pid = require_ok(fork());
		if (!pid)
			attach_and_wait();
		require(model_wait(&model, CXL_SIM_ATTACH, &client.attach));
		client.memory = require_ok(model_context(&model,
							 &client.attach));
		reads = 0;
		require(!pthread_create(&reader, NULL, read_for_ever, &client));
		require(becomes_true(__atomic_load_n(&reads, __ATOMIC_SEQ_CST) >
				     20));
		kill(pid, SIGKILL);
		require_eq(waitpid(pid, NULL, 0), pid);
		busy += umount(MOUNT) < 0;
		umount2(MOUNT, MNT_DETACH);
		pthread_join(reader, NULL);
		close(client.memory);
	}
	check_eq(busy, 0);
	model_stop(&model);
}

/*
 * Two engines work for a process that has ended; another process keeps its
 * contexts open.
 */
static void contexts_left_over_keep_nothing_in_use(void)
{
	static struct endless_loop loop[2];
	int fd[2], ready[2], i;
	char node[16], token;
	pid_t pid;

	sim_card_make(&card, "afu1/num_procs", "4", NULL);
	make_mount();
	for (i = 0; i < 2; i++) {
		snprintf(node, sizeof(node), "afu%d.%ds", card.num, i);
		fd[i] = node_open_ok(node);
	}
	require_ok(pipe(ready));
	pid = require_ok(fork());
	if (!pid) {
		mounted_file();
		for (i = 0; i < 2; i++)
			require_ok(node_start(fd[i], endless_loop_init(&loop[i]),
					      4, 0));
		require_eq(write(ready[1], "", 1), 1);
		pause();
	}
	require_eq(read(ready[0], &token, 1), 1);
	usleep(50000);
	kill(pid, SIGKILL);
	require_eq(waitpid(pid, NULL, 0), pid);
	check(becomes_true(!umount(MOUNT)));
	close(fd[0]);
	close(fd[1]);
}

static const struct tap_test tests[] = {
	{ "behalf.small_stack_limit_is_kept", small_stack_limit_is_kept,
	  sim_cards_remove },
	{ "behalf.large_stack_limit_is_used", large_stack_limit_is_used,
	  sim_cards_remove },
	{ "behalf.limit_of_the_address_space_is_kept",
	  limit_of_the_address_space_is_kept, sim_cards_remove },
	{ "behalf.limit_of_locked_memory_is_kept",
	  limit_of_locked_memory_is_kept, sim_cards_remove },
	{ "behalf.page_tables_are_charged", page_tables_are_charged,
	  remove_cgroup },
	{ "behalf.protection_keys_do_not_bind_the_afu",
	  protection_keys_do_not_bind_the_afu, sim_cards_remove },
	{ "behalf.faults_are_those_of_user_mode", faults_are_those_of_user_mode,
	  sim_cards_remove },
	{ "behalf.futile_faults_end_in_an_event", futile_faults_end_in_an_event,
	  sim_cards_remove },
	{ "behalf.nothing_is_in_use_after_the_end",
	  nothing_is_in_use_after_the_end, remove_mount },
	{ "behalf.models_keep_nothing_in_use", models_keep_nothing_in_use,
	  remove_mount },
	{ "behalf.contexts_left_over_keep_nothing_in_use",
	  contexts_left_over_keep_nothing_in_use, remove_mount },
};

TAP_MAIN(tests)
