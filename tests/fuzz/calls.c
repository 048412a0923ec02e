// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that make up programs. Each does something with its five bytes,
 * whatever they are; results do not matter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-copy.h>
#include <misc/cxl.h>

#include "calls.h"

#define TICK_US		30000

int fd[FILES];
struct map map[MAPS];
struct work_element *queue[QUEUES];
char *area, *read_only, *nothing, *file_map, *shared;
volatile sig_atomic_t can_jump;
sigjmp_buf jump;

static unsigned int card;

static void on_fault(int sig)
{
	if (!can_jump)
		_exit(sig);
	siglongjmp(jump, 1);
}

/* The signal only interrupts calls that wait. */
static void on_alarm(int sig)
{
	(void)sig;
}

static void *new_area(size_t size, int prot, int flags)
{
	void *mem = mmap(NULL, size, prot, flags | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		_exit(3);
	return mem;
}

/* Each process needs its own timer. */
static void start_ticking(void)
{
	struct itimerval tick = {
		.it_interval = { .tv_usec = TICK_US },
		.it_value = { .tv_usec = TICK_US },
	};

	setitimer(ITIMER_REAL, &tick, NULL);
}

void calls_prepare(unsigned int number)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int i, file;

	card = number;
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = on_fault;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < FILES; i++)
		fd[i] = -1;
	area = new_area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	read_only = new_area(AREA, PROT_READ, MAP_PRIVATE);
	nothing = new_area(AREA, PROT_NONE, MAP_PRIVATE);
	shared = new_area(AREA, PROT_READ | PROT_WRITE, MAP_SHARED);
	file = open("/tmp/fuzz-file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ftruncate(file, AREA / 2))
		_exit(3);
	file_map = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	for (i = 0; i < QUEUES; i++)
		queue[i] = new_area(4096, PROT_READ | PROT_WRITE,
				    i == 2 ? MAP_SHARED : MAP_PRIVATE);
	start_ticking();
}

/*
 * Files
 */

static void do_open(const struct call *c)
{
	static const char *const nodes[] = {
		"/dev/cxl/afu%u.0s", "/dev/cxl/afu%u.0m", "/dev/cxl/afu%u.1d",
		"/dev/cxl/afu%u.0d", "/dev/cxl/afu%u.0s", "/dev/cxl-copy%u",
		"/dev/cxl/afu%u.1s", "/dev/cxl/afu%u.2s", "/dev/cxl/afu%u.2m",
		"/dev/cxl/afu%u.3s", "/dev/cxl/afu%u.3m",
	};
	static const int flags[] = { O_RDWR | O_NONBLOCK, O_RDWR, O_RDONLY,
				     O_WRONLY, O_RDWR | O_ASYNC };
	char path[32];
	int *slot = &fd[c->on % FILES];

	if (*slot >= 0)
		close(*slot);
	snprintf(path, sizeof(path), nodes[c->a % ARRAY_SIZE(nodes)], card);
	*slot = open(path, flags[c->b % ARRAY_SIZE(flags)] | O_CLOEXEC);
}

static void do_close(const struct call *c)
{
	close(fd[c->on % FILES]);
	fd[c->on % FILES] = c->a & 1 ? dup(fd[c->b % FILES]) : -1;
}

static void do_start(const struct call *c)
{
	static const __s16 irqs[] = { 4, 1, 0, -1, 20, 0x7fff };
	struct cxl_ioctl_start_work work = {
		.flags = c->a % 16,
		.work_element_descriptor = work_descriptor(c->b, c->c),
		.amr = c->c,
		.num_interrupts = irqs[c->a / 16 % ARRAY_SIZE(irqs)],
	};

	if (c->a == 0xff)
		work.flags = 1ULL << c->b % 64;
	if (c->a == 0xfe)
		work.reserved3 = c->c;
	reach(REACH_START, ioctl(fd[c->on % FILES], CXL_IOCTL_START_WORK,
				 &work));
}

/* The common case: a working file, in one call */
void do_open_and_start(const struct call *c)
{
	struct call start = { .on = c->on, .a = 2, .b = c->b | 0x80,
			      .c = 0 };
	static const __u8 nodes[] = { 2, 0, 9, 7 };

	do_open(&(struct call){ .on = c->on, .a = nodes[c->a % 4] });
	do_start(&start);
}

static void do_ioctl(const struct call *c)
{
	static const unsigned long commands[] = {
		CXL_IOCTL_GET_PROCESS_ELEMENT, CXL_IOCTL_GET_AFU_ID,
		CXL_IOCTL_EVENT_FORMAT, CXL_IOCTL_DOWNLOAD_IMAGE,
		CXL_IOCTL_START_WORK, CXL_IOCTL_MMIO, CXL_COPY_GET_FD,
		CXL_COPY_SUBMIT, 0xca05, 2, 0x5421,
	};

	if (c->c & 1)
		memset(area, c->c >> 1, 64);
	ioctl(fd[c->on % FILES], commands[c->a % ARRAY_SIZE(commands)],
	      address(c->b, 0));
}

static void do_event_format(const struct call *c)
{
	struct cxl_ioctl_event_format format = { .flags = c->a & 1 };

	ioctl(fd[c->on % FILES], CXL_IOCTL_EVENT_FORMAT, &format);
}

void do_mmio(const struct call *c)
{
	struct cxl_ioctl_mmio mmio = {
		.offset = (uint64_t)c->a * (c->b & 1 ? 4 : 8),
		.value = c->c,
		.size = c->b & 1 ? 4 : 8,
		.flags = c->b & 2 ? CXL_IOCTL_MMIO_WRITE : 0,
	};

	reach(REACH_MMIO, ioctl(fd[c->on % FILES], CXL_IOCTL_MMIO, &mmio));
}

static void do_read(const struct call *c)
{
	static const size_t sizes[] = { 4096, 8192, AREA, 4095, 0, 1UL << 40 };
	size_t size = sizes[c->a % ARRAY_SIZE(sizes)];
	struct iovec vec[2] = {
		{ (void *)(uintptr_t)address(c->b, c->c), 16 + c->c },
		{ area, 8192 },
	};

	if (c->a & 0x40)
		preadv2(fd[c->on % FILES], vec, 2, -1, c->a & 0x20 ?
							RWF_NOWAIT : 0);
	else
		read(fd[c->on % FILES], vec[0].iov_base, size);
}

static void do_poll(const struct call *c)
{
	struct epoll_event event = { .events = c->a % 2 ? EPOLLIN :
						EPOLLIN | EPOLLET };
	struct pollfd p[2] = {
		{ .fd = fd[c->on % FILES], .events = c->b },
		{ .fd = fd[c->b % FILES], .events = POLLIN },
	};
	int ep;

	if (c->c % 2) {
		poll(p, 2, c->c % 8);
		return;
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0].fd, &event);
	epoll_wait(ep, &event, 1, c->c % 8);
	close(ep);
}

static void do_fcntl(const struct call *c)
{
	int on = fd[c->on % FILES];

	switch (c->a % 5) {
	case 0:
		fcntl(on, F_SETFL, c->b & 1 ? O_NONBLOCK : 0);
		break;
	case 1:
		fcntl(on, F_SETOWN, getpid());
		fcntl(on, F_SETFL, (c->b & 1 ? O_ASYNC : 0) | O_NONBLOCK);
		break;
	case 2:
		lseek(on, c->b, SEEK_SET);
		write(on, area, c->b);
		break;
	case 3:
		fsync(on);
		fallocate(on, 0, 0, 4096);
		break;
	case 4: {
		char path[32], buf[1000];
		int info;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", on);
		info = open(path, O_RDONLY | O_CLOEXEC);
		read(info, buf, sizeof(buf));
		close(info);
	}
	}
}

/*
 * Mappings
 */

void do_mmap(const struct call *c)
{
	static const size_t sizes[] = { 4096, 65536, 131072, 0x4000000, 1 };
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ,
				     PROT_WRITE, PROT_NONE };
	off_t offset = (off_t)(c->b % 32) * 4096;
	size_t size = sizes[c->a % ARRAY_SIZE(sizes)];
	unsigned int m = c->on % MAPS;

	if (map[m].at)
		munmap(map[m].at, map[m].size);
	if (c->b >= 0xf0)
		offset = -4096;
	map[m].at = mmap(NULL, size, prots[c->c % 4],
			 c->c & 0x40 ? MAP_PRIVATE : MAP_SHARED,
			 fd[c->a / 16 % FILES], offset);
	map[m].size = size;
	if (map[m].at == MAP_FAILED)
		map[m].at = NULL;
	reach_mapping(fd[c->a / 16 % FILES], map[m].at);
}

static void do_store(const struct call *c)
{
	static const __u64 values[] = { PCTRL_RESTART, 1ULL << 62, 0, ~0ULL,
					   1 };
	char *at = map[c->on % MAPS].at;
	size_t offset = (size_t)c->a * 8 + (c->b & 0xf0) * 256UL;

	if (!at || offset + 8 > map[c->on % MAPS].size)
		return;
	/* Prefer a register that does something. */
	if (c->a & 0x80)
		offset = REG_PCTRL;
	if (c->b & 1)
		mmio_read(at, offset);
	else
		mmio_write(at, offset, values[c->c % ARRAY_SIZE(values)]);
}

void do_memory(const struct call *c)
{
	static char *const *const areas[] = { &area, &shared, &file_map,
					      (char **)&queue[0],
					      (char **)&queue[2] };
	char *at = *areas[c->on % ARRAY_SIZE(areas)];
	size_t size = c->on % ARRAY_SIZE(areas) < 3 ? AREA / 4 : 4096;
	unsigned int m = c->b % MAPS;

	switch (c->a % 8) {
	case 0:
		madvise(at, size, MADV_DONTNEED);
		break;
	case 1:
		mprotect(at, size, c->b & 1 ? PROT_READ : PROT_NONE);
		break;
	case 2:
		mprotect(at, size, PROT_READ | PROT_WRITE);
		break;
	case 3:
		mmap(at, size, PROT_READ | PROT_WRITE,
		     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		break;
	case 4:
		if (map[m].at)
			mremap(map[m].at, map[m].size, map[m].size * 2, 0);
		break;
	case 5:
		if (map[m].at)
			madvise(map[m].at, map[m].size, MADV_DONTFORK +
				c->c % 3);
		break;
	case 6:
		if (map[m].at)
			mprotect(map[m].at, map[m].size, c->c % 4);
		break;
	case 7:
		madvise(at, size, c->b & 1 ? MADV_COLD : MADV_PAGEOUT);
		break;
	}
}

/*
 * The rest
 */

static unsigned int process_element(const struct call *c)
{
	__u32 pe = c->c % 8;

	ioctl(fd[c->on % FILES], CXL_IOCTL_GET_PROCESS_ELEMENT, &pe);
	return pe;
}

/* The first files are those that take everything away: not too often. */
static void do_write_file(const struct call *c)
{
	unsigned int which = c->a;

	if (which % 32 < 8 && c->b & 7)
		which += 8;
	files_write(which, c->b, c->b & 0x80 ? 0 : card, process_element(c));
}

static void do_read_file(const struct call *c)
{
	files_read(c->a, card);
}

static void do_fork(const struct call *c)
{
	pid_t pid = fork();

	if (!pid) {
		start_ticking();
		if (c->a & 1)
			do_store(c);
		if (c->a & 2)
			do_read(c);
		_exit(0);
	}
	if (c->a & 4)
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void do_sleep(const struct call *c)
{
	usleep(c->a * 20);
}

static void *thread_run(void *arg)
{
	struct call *c = arg;
	sigset_t none;

	/* A thread's faults end the program; its calls may be interrupted. */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (c->a & 1)
		do_read(c);
	else if (c->a & 2)
		do_poll(c);
	else
		do_open_and_start(c);
	return NULL;
}

/* Run a call in parallel with what comes next. */
static void do_thread(const struct call *c)
{
	static struct call copy[8];
	static unsigned int n;
	pthread_t thread;

	if (n == ARRAY_SIZE(copy))
		return;
	copy[n] = *c;
	if (!pthread_create(&thread, NULL, thread_run, &copy[n++]))
		pthread_detach(thread);
}

static void (*const calls[])(const struct call *c) = {
	do_open, do_open_and_start, do_close, do_start, do_ioctl,
	do_event_format, do_mmio, do_read, do_read, do_poll, do_fcntl, do_mmap,
	do_mmap, do_store, do_store, do_memory, do_element, do_elements,
	do_elements, do_scribble, do_copy, do_copy, do_write_file,
	do_write_file, do_read_file, do_fork, do_sleep, do_thread,
	do_open_and_start, do_model, do_model, do_model_read, do_model_request,
	do_model_request, do_model_ioctl, do_model_ioctl, do_context,
	do_context,
};

unsigned int calls_kinds(void)
{
	return ARRAY_SIZE(calls);
}

__u8 calls_op(void (*run)(const struct call *c))
{
	unsigned int op = 0;

	while (calls[op] != run)
		op++;
	return op;
}

void calls_execute(const struct call *call)
{
	can_jump = 1;
	if (!sigsetjmp(jump, 1))
		calls[call->op % ARRAY_SIZE(calls)](call);
	can_jump = 0;
}
