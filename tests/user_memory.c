// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a context, by which an AFU model that is a program accesses the
 * memory of the programs that attach.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/event_test.h"
#include "lib/model_test.h"

#define SIZE	0x100000

static struct sim_card card;
static struct model model;
static struct model_client c;
static struct event_batch batch;

static void begin(void)
{
	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
}

static void end(void)
{
	model_detach(&c);
	model_stop(&model);
}

static void *map(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(p != MAP_FAILED, "%m");
	return p;
}

static void pattern(unsigned char *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = i * 7 ^ i >> 8 ^ i >> 16;
}

static void loads_and_stores(void)
{
	unsigned char *mem = map(SIZE, PROT_READ | PROT_WRITE);
	unsigned char *buf = map(SIZE, PROT_READ | PROT_WRITE);
	struct iovec iov[2] = { { buf, 10 }, { buf + 100, 20 } };
	size_t len = SIZE - 3;

	begin();
	pattern(mem, SIZE);
	check_eq(pread(c.memory, buf, len, (uintptr_t)mem + 3), len);
	check_mem_eq(buf, mem + 3, len);
	memset(mem, 0, SIZE);
	check_eq(pwrite(c.memory, buf, len, (uintptr_t)mem + 1), len);
	check_mem_eq(mem + 1, buf, len);
	check_eq(mem[0] | mem[SIZE - 2] | mem[SIZE - 1], 0);
	check_eq(pread(c.memory, buf, 1, (uintptr_t)mem + 77), 1);
	check_eq(buf[0], mem[77]);
	memset(buf, 0, 200);
	check_eq(preadv(c.memory, iov, 2, (uintptr_t)mem + 50), 30);
	check_mem_eq(buf, mem + 50, 10);
	check_mem_eq(buf + 100, mem + 60, 20);
	check_eq(lseek(c.memory, (uintptr_t)mem, SEEK_SET), (uintptr_t)mem);
	check_eq(read(c.memory, buf, 8), 8);
	check_eq(read(c.memory, buf + 8, 8), 8);
	check_mem_eq(buf, mem, 16);
	check_eq(pread(c.memory, buf, 0, 0), 0);
	end();
}

static void pages_are_faulted_in(void)
{
	unsigned char *mem = map(SIZE, PROT_READ | PROT_WRITE);
	unsigned char *buf = map(SIZE, PROT_READ | PROT_WRITE);
	size_t page = sysconf(_SC_PAGESIZE);

	begin();
	memset(buf, 0x55, SIZE);
	check_eq(pread(c.memory, buf, SIZE, (uintptr_t)mem), SIZE);
	check_mem_eq(buf, mem, SIZE);
	pattern(buf, SIZE);
	/* By now half of the pages are the zero page, or not there. */
	require_ok(madvise(mem, SIZE / 2, MADV_DONTNEED));
	check_eq(pwrite(c.memory, buf, SIZE - page, (uintptr_t)mem + 5),
		 SIZE - page);
	check_mem_eq(mem + 5, buf, SIZE - page);
	/* The program's own buffer is faulted in, too. */
	require_ok(madvise(buf, SIZE, MADV_DONTNEED));
	check_eq(pread(c.memory, buf, SIZE, (uintptr_t)mem), SIZE);
	check_mem_eq(buf, mem, SIZE);
	end();
}

static void copy_on_write_is_kept(void)
{
	char *mem = map(4096, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	begin();
	strcpy(mem, "before");
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		usleep(200000);
		_exit(strcmp(mem, "before"));
	}
	check_eq(pwrite(c.memory, "after", 6, (uintptr_t)mem), 6);
	check_str_eq(mem, "after");
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	end();
}

static void check_fault(const void *addr)
{
	require(events_wait(c.fd));
	require_ok(events_read(c.fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr & ~4095ULL, (uintptr_t)addr);
}

static void bad_addresses_are_faults(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *mem = map(3 * page, PROT_READ | PROT_WRITE);
	char buf[3 * page];

	begin();
	require_ok(mprotect(mem + page, page, PROT_READ));
	require_ok(munmap(mem + 2 * page, page));
	memset(mem, 'x', page);
	memset(buf, 'y', sizeof(buf));
	/* The access is done up to the bad page. */
	check_eq(pread(c.memory, buf, 3 * page, (uintptr_t)mem), 2 * page);
	check_fault(mem + 2 * page);
	check_errno(pread(c.memory, buf, 8, (uintptr_t)mem + 2 * page), EFAULT);
	check_fault(mem + 2 * page);
	check_errno(pwrite(c.memory, buf, 8, (uintptr_t)mem + page), EFAULT);
	check_fault(mem + page);
	check_eq(mem[page], 0);
	check_errno(pread(c.memory, buf, 8, 0), EFAULT);
	check_fault(NULL);
	/* A bad address in this program's own buffer is no event. */
	check_errno(pread(c.memory, no_access_page(), 8, (uintptr_t)mem), EFAULT);
	check_eq(events_poll(c.fd), 0);
	check_errno(pread(c.memory, buf, 8, 0x7ffffffffffffff0LL), EFAULT);
	require(events_wait(c.fd));
	check_errno(pread(c.memory, buf, 8, -8LL), EINVAL);
	check_eq(pread(c.memory, buf, 8, (uintptr_t)mem), 8);
	end();
}

static int copy(void *dst, const void *src, __u64 length, __u64 *done)
{
	struct cxl_sim_copy arg = {
		.dst = (uintptr_t)dst,
		.src = (uintptr_t)src,
		.length = length,
		.done = 0xeeee,
	};
	int ret = ioctl(c.memory, CXL_SIM_COPY, &arg);

	*done = arg.done;
	return ret;
}

static void copies(void)
{
	unsigned char *mem = map(2 * SIZE, PROT_READ | PROT_WRITE);
	unsigned char *same = map(2 * SIZE, PROT_READ | PROT_WRITE);
	size_t page = sysconf(_SC_PAGESIZE);
	__u64 done;

	begin();
	pattern(mem, SIZE);
	memcpy(same, mem, SIZE);
	check_ok(copy(mem + SIZE + 5, mem + 3, SIZE - 9, &done));
	check_eq(done, SIZE - 9);
	memcpy(same + SIZE + 5, same + 3, SIZE - 9);
	check_ok(copy(mem + 100, mem, 50000, &done));
	memmove(same + 100, same, 50000);
	check_mem_eq(mem, same, 2 * SIZE);
	check_ok(copy(mem, mem, 0, &done));
	check_eq(done, 0);

	require_ok(mprotect(mem + SIZE, page, PROT_READ));
	check_errno(copy(mem + SIZE - 2 * page, mem, 4 * page, &done), EFAULT);
	check_eq(done, 2 * page);
	check_fault(mem + SIZE);
	check_errno(copy(mem, mem, CXL_SIM_MAX_LENGTH + 1, &done), EINVAL);
	check_errno(ioctl(c.memory, CXL_SIM_COPY, no_access_page()), EFAULT);
	end();
}

static void fills(void)
{
	struct cxl_sim_fill fill = { .length = 100000, .value = 0xa5 };
	unsigned char *mem = map(SIZE, PROT_READ | PROT_WRITE);
	unsigned char *same = map(SIZE, PROT_READ | PROT_WRITE);

	begin();
	fill.dst = (uintptr_t)mem + 17;
	check_ok(ioctl(c.memory, CXL_SIM_FILL, &fill));
	check_eq(fill.done, 100000);
	memset(same + 17, 0xa5, 100000);
	check_mem_eq(mem, same, SIZE);
	fill.value = 256;
	check_errno(ioctl(c.memory, CXL_SIM_FILL, &fill), EINVAL);
	fill.value = 1;
	fill.reserved = 1;
	check_errno(ioctl(c.memory, CXL_SIM_FILL, &fill), EINVAL);
	fill.reserved = 0;
	fill.length = CXL_SIM_MAX_LENGTH + 1;
	check_errno(ioctl(c.memory, CXL_SIM_FILL, &fill), EINVAL);
	fill.length = 8;
	fill.dst = 0;
	check_errno(ioctl(c.memory, CXL_SIM_FILL, &fill), EFAULT);
	check_eq(fill.done, 0);
	end();
}

static void compare_and_swap(void)
{
	struct cxl_sim_compare_swap swap = { .width = 8 };
	__u64 *mem = map(4096, PROT_READ | PROT_WRITE);
	__u32 *half = (__u32 *)&mem[1];

	begin();
	mem[0] = 5;
	swap.address = (uintptr_t)mem;
	swap.old = 5;
	swap.new_value = 0x1122334455667788ULL;
	check_ok(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap));
	check_eq(swap.old, 5);
	check_eq(mem[0], 0x1122334455667788ULL);
	check_ok(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap));
	check_eq(swap.old, 0x1122334455667788ULL);
	check_eq(mem[0], 0x1122334455667788ULL);
	half[0] = 1;
	half[1] = 2;
	swap.address = (uintptr_t)&half[1];
	swap.width = 4;
	swap.old = 2;
	swap.new_value = 3;
	check_ok(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap));
	check_eq(half[0], 1);
	check_eq(half[1], 3);
	swap.new_value = 1ULL << 32;
	check_errno(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap), EINVAL);
	swap.new_value = 0;
	swap.width = 2;
	check_errno(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap), EINVAL);
	swap.width = 4;
	swap.address++;
	check_errno(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap), EFAULT);
	check_errno(ioctl(c.memory, _IO(0xCA, 0x7f)), ENOTTY);
	end();
}

static void check_is_out_of_reach(__u64 address)
{
	struct cxl_sim_compare_swap swap = { .address = address, .width = 8 };
	struct cxl_sim_fill fill = { .dst = address, .length = 8 };
	__u64 mem = 1, done;

	check_errno(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap), EFAULT);
	check_fault((void *)(uintptr_t)address);
	check_errno(ioctl(c.memory, CXL_SIM_FILL, &fill), EFAULT);
	check_fault((void *)(uintptr_t)address);
	check_errno(copy((void *)(uintptr_t)address, &mem, 8, &done), EFAULT);
	check_fault((void *)(uintptr_t)address);
	check_errno(copy(&mem, (void *)(uintptr_t)address, 8, &done), EFAULT);
	check_fault((void *)(uintptr_t)address);
	check_eq(mem, 1);
	check_errno(pread(c.memory, &mem, 8, address), EINVAL);
	check_errno(pwrite(c.memory, &mem, 8, address), EINVAL);
	/*
	 * Another way to an offset that pread() does not take. The C library's
	 * lseek() may be _llseek, which does not return the offset.
	 */
	check_eq(syscall(SYS_lseek, c.memory, address, SEEK_SET), (off_t)address);
	check_errno(read(c.memory, &mem, 8), EFAULT);
	check_fault((void *)(uintptr_t)address);
	check_errno(write(c.memory, &mem, 8), EFAULT);
	check_fault((void *)(uintptr_t)address);
}

static void kernel_memory_is_out_of_reach(void)
{
	begin();
	check_is_out_of_reach(0xffffffff81000000);	/* text, on amd64 */
	check_is_out_of_reach(0xffffffffff600000);	/* vsyscall page there */
	check_is_out_of_reach(0xffff888000000000);	/* its memory */
	check_is_out_of_reach(0xffff000000000000);	/* that of arm64 */
	check_is_out_of_reach(0xc000000000000000);	/* that of ppc64le */
	end();
}

static void stale_after_detach(void)
{
	struct cxl_sim_compare_swap swap = { .width = 8 };
	__u64 mem, done;

	begin();
	check_eq(pread(c.memory, &done, 8, (uintptr_t)&mem), 8);
	check_ok(close(c.fd));
	check_errno(pread(c.memory, &done, 8, (uintptr_t)&mem), ESTALE);
	check_errno(pwrite(c.memory, &done, 8, (uintptr_t)&mem), ESTALE);
	check_errno(copy(&mem, &mem, 8, &done), ESTALE);
	check_errno(ioctl(c.memory, CXL_SIM_COMPARE_SWAP, &swap), ESTALE);
	check_errno(model_context(&model, &c.attach), ESTALE);
	/* The next context with that number is a different one. */
	c.fd = node_open_ok(card.slave);
	require_ok(node_start(c.fd, 0, -1, 0));
	check_errno(pread(c.memory, &done, 8, (uintptr_t)&mem), ESTALE);
	end();
}

static void stale_after_reset(void)
{
	char byte;

	begin();
	require_ok(sim_recovery(card.num, "frozen"));
	check_errno(pread(c.memory, &byte, 1, (uintptr_t)&card), ESTALE);
	check_ok(close(c.fd));
	check_ok(close(c.memory));
	model_stop(&model);
}

static __u64 *map_window(int fd)
{
	__u64 *window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0);

	require(window != MAP_FAILED, "%m");
	return window;
}

/* The next context has the same window, but its predecessor's file does not. */
static void window_ends_with_the_context(void)
{
	struct cxl_sim_message detach;
	struct model_client next;
	__u64 *last, *window;

	begin();
	last = map_window(c.memory);
	mmio_write(last, 0, 1);
	check_ok(close(c.fd));
	require(model_wait(&model, CXL_SIM_DETACH, &detach));
	model_attach(&model, card.slave, 0, &next);
	require_eq(next.attach.attach.window, c.attach.attach.window);
	window = map_window(next.fd);
	mmio_write(window, 0, 2);
	check_eq(mmio_read(last, 0), 0);
	mmio_write(last, 0, 3);
	check_eq(mmio_read(window, 0), 2);
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.memory, 0) ==
	      MAP_FAILED);
	check_eq(errno, ESTALE);
	check_ok(munmap(last, 4096));
	check_ok(munmap(window, 4096));
	check_ok(close(c.memory));
	model_detach(&next);
	model_stop(&model);
}

/* Pages that are there are accessed; the others need a call that waits. */
static void nowait_finds_what_is_there(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *mem = map(2 * page, PROT_READ | PROT_WRITE);
	unsigned char *ro = map(page, PROT_READ);
	unsigned char *buf = map(2 * page, PROT_READ | PROT_WRITE);
	struct iovec iov = { buf, page };
	struct pollfd poll_fd = { .events = POLLIN };

	begin();
	poll_fd.fd = c.fd;
	check_errno(preadv2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT),
		    EAGAIN);
	check_errno(pwritev2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT),
		    EAGAIN);
	mem[5] = 55;
	check_eq(preadv2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT), page);
	check_eq(buf[5], 55);
	buf[6] = 66;
	check_eq(pwritev2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT),
		 page);
	check_eq(mem[6], 66);
	/* A short read, of what is there */
	iov.iov_len = 2 * page;
	check_eq(preadv2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT), page);
	/* A bad address looks like memory that is not there yet. */
	iov.iov_len = page;
	check_errno(pwritev2(c.memory, &iov, 1, (uintptr_t)ro, RWF_NOWAIT),
		    EAGAIN);
	check_errno(preadv2(c.memory, &iov, 1, 8, RWF_NOWAIT), EAGAIN);
	check_eq(poll(&poll_fd, 1, 0), 0);
	check_ok(close(c.fd));
	check_errno(preadv2(c.memory, &iov, 1, (uintptr_t)mem, RWF_NOWAIT),
		    ESTALE);
	close(c.memory);
	model_stop(&model);
}

/*
 * The mapping's rights bind the AFU, whether or not the page is in the page
 * tables or the page cache.
 */
static void read_only_file_is_not_written(void)
{
	char path[] = "/tmp/user_memory.XXXXXX", text[8] = "";
	int fd = require_ok(mkstemp(path)), reader;
	char *shared, *private;

	require_eq(write(fd, "before", 7), 7);
	reader = require_ok(open(path, O_RDONLY));
	shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);
	require(shared != MAP_FAILED, "%m");
	private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader,
		       0);
	require(private != MAP_FAILED, "%m");
	begin();
	check_eq(shared[0] | private[0], 'b');
	check_errno(pwrite(c.memory, "after", 6, (uintptr_t)shared), EFAULT);
	check_eq(pwrite(c.memory, "after", 6, (uintptr_t)private), 6);
	check_eq(private[0], 'a');
	check_eq(pread(fd, text, 7, 0), 7);
	check_str_eq(text, "before");
	end();
	require_ok(munmap(shared, 4096));
	require_ok(munmap(private, 4096));
	check_ok(close(reader));
	check_ok(close(fd));
	require_ok(unlink(path));
}

/* A thread that waits for memory that is not there */
struct slow_access {
	struct slow_buffer slow;
	pthread_t thread;
	pid_t tid;
	ssize_t result;
	int error;
	bool done;
};

static void *read_slow(void *arg)
{
	struct slow_access *a = arg;
	char byte;

	a->tid = syscall(SYS_gettid);
	a->result = pread(c.memory, &byte, 1, (uintptr_t)a->slow.mem);
	a->error = errno;
	__atomic_store_n(&a->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void slow_access_start(struct slow_access *a)
{
	memset(a, 0, sizeof(*a));
	slow_init(&a->slow, 4096, 0);
	require_eq(pthread_create(&a->thread, NULL, read_slow, a), 0);
	slow_wait(&a->slow);
}

static bool slow_access_is_done(struct slow_access *a)
{
	return __atomic_load_n(&a->done, __ATOMIC_SEQ_CST);
}

/* Memory that does not come delays only the thread that asks for it. */
static void detach_ends_a_wait(void)
{
	struct slow_access a;
	long long before;

	begin();
	slow_access_start(&a);
	/* Other accesses go on, even if their buffer is not there yet. */
	check_eq(pread(c.memory, map(4096, PROT_READ | PROT_WRITE), 1,
		       (uintptr_t)&card), 1);
	check(!slow_access_is_done(&a));
	before = now_ms();
	check_ok(close(c.fd));
	check(now_ms() - before < WAKE_MS);
	require(becomes_true(slow_access_is_done(&a)));
	check_eq(a.result, -1);
	check_eq(a.error, ESTALE);
	slow_fill(&a.slow);
	check_ok(close(c.memory));
	model_stop(&model);
}

static void memory_may_come_late(void)
{
	struct slow_access a;

	begin();
	slow_access_start(&a);
	slow_fill(&a.slow);
	require(becomes_true(slow_access_is_done(&a)));
	check_eq(a.result, 1);
	end();
}

#define FREEZER	"/tmp/user-memory-freezer"

static bool freezer_is(const char *state)
{
	char text[32] = "";

	require(file_read(text, sizeof(text), FREEZER "/waiter/freezer.state") > 0);
	return !strcmp(text, state);
}

/*
 * Suspend freezes all programs, in any order, maybe the one that the memory
 * comes from first. This freezer asks the same of fewer threads.
 */
static void wait_can_be_frozen(void)
{
	struct slow_access a;
	char tid[16];

	mkdir(FREEZER, 0755);
	if (mount("none", FREEZER, "cgroup", 0, "freezer"))
		skip("no freezer: %m");
	require_ok(mkdir(FREEZER "/waiter", 0755));
	begin();
	slow_access_start(&a);
	snprintf(tid, sizeof(tid), "%d", a.tid);
	require_ok(file_write(tid, FREEZER "/waiter/tasks"));
	require_ok(file_write("FROZEN", FREEZER "/waiter/freezer.state"));
	check(becomes_true(freezer_is("FROZEN")));
	slow_fill(&a.slow);
	usleep(QUIET_MS * 1000);
	check(!slow_access_is_done(&a));
	require_ok(file_write("THAWED", FREEZER "/waiter/freezer.state"));
	require(becomes_true(slow_access_is_done(&a)));
	check_eq(a.result, 1);
	end();
}

static void remove_freezer(void)
{
	file_write("THAWED", FREEZER "/waiter/freezer.state");
	becomes_true(!rmdir(FREEZER "/waiter") || errno != EBUSY);
	umount(FREEZER);
	rmdir(FREEZER);
	sim_cards_remove();
}

static void accesses_wait_for_the_link(void)
{
	struct slow_access a = { .slow.mem = (char *)&card };

	begin();
	require_ok(sim_set_link(card.num, "down"));
	require_eq(pthread_create(&a.thread, NULL, read_slow, &a), 0);
	usleep(QUIET_MS * 1000);
	check(!slow_access_is_done(&a));
	require_ok(sim_set_link(card.num, "up"));
	require(becomes_true(slow_access_is_done(&a)));
	check_eq(a.result, 1);

	require_ok(sim_set_link(card.num, "down"));
	a.done = false;
	require_eq(pthread_create(&a.thread, NULL, read_slow, &a), 0);
	usleep(QUIET_MS * 1000);
	check(!slow_access_is_done(&a));
	check_ok(close(c.fd));
	require(becomes_true(slow_access_is_done(&a)));
	check_eq(a.error, ESTALE);
	check_ok(close(c.memory));
	model_stop(&model);
}

/* The answer for a program that was killed in a wait goes to nobody else. */
static void killed_wait_harms_no_other(void)
{
	struct slow_access a = {};
	int status, i;
	char byte;
	pid_t pid;

	begin();
	slow_init(&a.slow, 4096, 0);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		read_slow(&a);
		_exit(1);
	}
	slow_wait(&a.slow);
	require_ok(kill(pid, SIGKILL));
	require_eq(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status));
	check_eq(pread(c.memory, &byte, 1, (uintptr_t)&card), 1);
	slow_fill(&a.slow);
	for (i = 0; i < 3; i++)
		check_eq(pread(c.memory, &byte, 1,
			       (uintptr_t)map(4096, PROT_READ)), 1);
	end();
}

static void *unmap_and_map(void *arg)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *mem = arg;

	while (!__atomic_load_n((int *)mem, __ATOMIC_SEQ_CST)) {
		require_ok(madvise(mem + page, page, MADV_DONTNEED));
		require_ok(mprotect(mem + page, page, PROT_READ));
		require_ok(mprotect(mem + page, page, PROT_READ | PROT_WRITE));
	}
	return NULL;
}

static void memory_that_changes(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *mem = map(2 * page, PROT_READ | PROT_WRITE);
	unsigned int i, rounds = tap_rounds(2000, 200);
	pthread_t thread;
	ssize_t ret;

	begin();
	require_eq(pthread_create(&thread, NULL, unmap_and_map, mem), 0);
	for (i = 0; i < rounds; i++) {
		ret = pwrite(c.memory, "x", 1, (uintptr_t)mem + page);
		if (ret != 1 && !(ret < 0 && errno == EFAULT))
			break;
	}
	check_eq(i, rounds);
	__atomic_store_n((int *)mem, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	end();
}

#define TEST(name) { "user_memory." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(loads_and_stores),
	TEST(pages_are_faulted_in),
	TEST(copy_on_write_is_kept),
	TEST(bad_addresses_are_faults),
	TEST(copies),
	TEST(fills),
	TEST(compare_and_swap),
	TEST(kernel_memory_is_out_of_reach),
	TEST(stale_after_detach),
	TEST(stale_after_reset),
	TEST(window_ends_with_the_context),
	TEST(nowait_finds_what_is_there),
	TEST(read_only_file_is_not_written),
	TEST(detach_ends_a_wait),
	TEST(memory_may_come_late),
	{ "user_memory.wait_can_be_frozen", wait_can_be_frozen, remove_freezer },
	TEST(accesses_wait_for_the_link),
	TEST(killed_wait_harms_no_other),
	TEST(memory_that_changes),
};

TAP_MAIN(tests)
