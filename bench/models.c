// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs: how soon a store to a window wakes one, and what
 * its accesses to the memory of a program cost. For comparison: what other ways of
 * waking a process, and of reading its memory, cost.
 *
 * The card "models" of bench/guest.sh has the AFUs: afu2.0 is a program (this one
 * or a child of it), afu2.1 is the CRC model of the kernel, and afu2.2 is a program
 * whose registers are trapped.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define CLIENT		"afu2.0s"
#define CRC_CLIENT	"afu2.1s"
#define TRAPPED_CLIENT	"afu2.2s"
#define NODE		"/dev/cxl-sim/models.afu0"
#define TRAPPED_NODE	"/dev/cxl-sim/models.afu2"

#define WAKE_UPS	201
#define SETTLE_US	100000	/* until the doorbell is armed and all are asleep */
#define ACCESS		65536
#define COPY		1048576
#define ELEMENT		32768	/* one copy takes several of these */

/* The CRC AFU: Documentation/crc-afu.md */
#define CRC_DOORBELL	0x808
#define CRC_CHECKSUM	1

/**
 * struct shared - memory that both processes share
 * @woken: when the process that was woken up was back; a pipe orders accesses
 */
static struct shared {
	__u64 woken;
} *shared;

static int wake[2], done[2];
static char from[COPY] __attribute__((aligned(65536)));
static char to[COPY] __attribute__((aligned(65536)));

static void signal_done(void)
{
	bench_require(write(done[1], "", 1) == 1, "pipe");
}

static void await_done(void)
{
	char byte;

	bench_require(read(done[0], &byte, 1) == 1, "pipe");
}

/* A child that runs until it is killed */
static pid_t start_child(void (*run)(void))
{
	pid_t pid;

	bench_require(!pipe(wake) && !pipe(done), "pipe");
	pid = fork();
	bench_require(pid >= 0, "fork");
	if (pid)
		return pid;
	run();
	_exit(1);
}

static void end_child(pid_t pid)
{
	int i;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (i = 0; i < 2; i++) {
		close(wake[i]);
		close(done[i]);
	}
}

static int open_node(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	bench_require(fd >= 0, node);
	return fd;
}

/*
 * Waking up. The store is one instruction, as in libcxl.
 */

static void store(char *window, size_t offset, __u64 value)
{
	__sync_synchronize();
	*(volatile __u64 *)(window + offset) = htobe64(value);
}

static void read_pipe(void)
{
	char byte;

	while (read(wake[0], &byte, 1) == 1) {
		shared->woken = bench_now();
		signal_done();
	}
}

static char *map_window(int fd, size_t offset)
{
	char *window = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    offset);

	bench_require(window != MAP_FAILED, "mmap");
	return window;
}

/* A doorbell may ring again for a value that was seen already. */
static void handle_doorbell(const char *window)
{
	static __u64 seen;
	__u64 value = mmio_read(window, 0);

	if (value == seen)
		return;
	seen = value;
	signal_done();
}

static void serve_doorbells(void)
{
	int fd = open_node(NODE);
	struct cxl_sim_message m;
	char *window = NULL;
	__u64 now;

	signal_done();
	while (read(fd, &m, sizeof(m)) == sizeof(m)) {
		now = bench_now();
		if (m.type == CXL_SIM_RESET) {
			model_request(fd, CXL_SIM_RESET_DONE, &m, 0, 0);
		} else if (m.type == CXL_SIM_ATTACH) {
			window = map_window(fd, m.attach.window);
			model_request(fd, CXL_SIM_ATTACHED, &m, 0, 0);
		} else if (m.type == CXL_SIM_DOORBELL) {
			shared->woken = now;
			handle_doorbell(window);
		}
	}
}

static int start_context(const char *node)
{
	int fd = node_open_ok(node);

	bench_require(!node_start(fd, 0, -1, 0), "CXL_IOCTL_START_WORK");
	return fd;
}

static void wake_by_pipe(void)
{
	__u64 samples[WAKE_UPS], start;
	pid_t pid = start_child(read_pipe);
	int i;

	for (i = 0; i < WAKE_UPS; i++) {
		usleep(SETTLE_US);
		start = bench_now();
		bench_require(write(wake[1], "", 1) == 1, "pipe");
		await_done();
		samples[i] = shared->woken - start;
	}
	bench_report("pipe_wake_process", samples, WAKE_UPS, 1);
	end_child(pid);
}

static void wake_by_doorbell(void)
{
	__u64 samples[WAKE_UPS], start;
	pid_t pid = start_child(serve_doorbells);
	char *window;
	int fd, i;

	await_done();
	fd = start_context(CLIENT);
	window = map_window(fd, 0);
	for (i = 0; i < WAKE_UPS; i++) {
		usleep(SETTLE_US);
		start = bench_now();
		store(window, 0, i + 1);
		await_done();
		samples[i] = shared->woken - start;
	}
	bench_report("doorbell_wake", samples, WAKE_UPS, 1);
	munmap(window, 8192);
	close(fd);
	end_child(pid);
}

/* Time until the model has taken the command from its register */
static void wake_kernel_by_doorbell(void)
{
	__u64 samples[WAKE_UPS], start;
	int fd = start_context(CRC_CLIENT), i;
	char *window = map_window(fd, 0);

	for (i = 0; i < WAKE_UPS; i++) {
		usleep(SETTLE_US);
		start = bench_now();
		store(window, CRC_DOORBELL, CRC_CHECKSUM);
		while (mmio_read(window, CRC_DOORBELL))
			;
		samples[i] = bench_now() - start;
	}
	bench_report("doorbell_wake_kernel", samples, WAKE_UPS, 1);
	munmap(window, 8192);
	close(fd);
}

static void echo(void)
{
	char byte;

	while (read(wake[0], &byte, 1) == 1)
		signal_done();
}

static void pipe_roundtrip(void)
{
	bench_require(write(wake[1], "", 1) == 1, "pipe");
	await_done();
}

static void roundtrip(void)
{
	static const struct bench_op op = {
		"pipe_roundtrip", NULL, pipe_roundtrip, 1
	};
	pid_t pid = start_child(echo);

	bench_run(&op);
	end_child(pid);
}

/* A trapped register: each access asks the program */

static void answer_access(int fd, const struct cxl_sim_message *m)
{
	const struct cxl_sim_request r = {
		.type = CXL_SIM_MMIO_DONE,
		.pe = m->pe,
		.id = m->mmio.access,
	};

	bench_require(write(fd, &r, sizeof(r)) == sizeof(r), "write");
}

static void serve_accesses(void)
{
	int fd = open_node(TRAPPED_NODE);
	struct cxl_sim_message m;

	signal_done();
	while (read(fd, &m, sizeof(m)) == sizeof(m)) {
		if (m.type == CXL_SIM_RESET)
			model_request(fd, CXL_SIM_RESET_DONE, &m, 0, 0);
		else if (m.type == CXL_SIM_ATTACH)
			model_request(fd, CXL_SIM_ATTACHED, &m, 0, 0);
		else if (m.type == CXL_SIM_MMIO)
			answer_access(fd, &m);
	}
}

static int trapped;

static void load_register(void)
{
	struct cxl_ioctl_mmio load = { .offset = 8, .size = 8 };

	bench_require(!ioctl(trapped, CXL_IOCTL_MMIO, &load), "CXL_IOCTL_MMIO");
}

static void accesses_of_registers(void)
{
	static const struct bench_op op = {
		"mmio_trapped", NULL, load_register, 1
	};
	pid_t pid = start_child(serve_accesses);

	await_done();
	trapped = start_context(TRAPPED_CLIENT);
	bench_run(&op);
	close(trapped);
	end_child(pid);
}

/*
 * The memory of another process, which has attached to the model
 */

static pid_t client;
static int memory = -1;

static void be_client(void)
{
	memset(from, 0x5a, sizeof(from));
	memset(to, 0, sizeof(to));
	start_context(CLIENT);
	signal_done();
	for (;;)
		pause();
}

/* Answer until the client is there; returns its memory. */
static int accept_client(int fd)
{
	struct model own = { .fd = fd };
	struct cxl_sim_message m;
	int context;

	for (;;) {
		bench_require(read(fd, &m, sizeof(m)) == sizeof(m), "read");
		if (m.type == CXL_SIM_RESET)
			model_request(fd, CXL_SIM_RESET_DONE, &m, 0, 0);
		if (m.type != CXL_SIM_ATTACH)
			continue;
		context = model_context(&own, &m);
		bench_require(context >= 0, "CXL_SIM_OPEN_CONTEXT");
		model_request(fd, CXL_SIM_ATTACHED, &m, 0, 0);
		return context;
	}
}

static void user_pread(void)
{
	bench_require(pread(memory, to, ACCESS, (uintptr_t)from) == ACCESS,
		      "pread");
}

static void vm_readv(void)
{
	const struct iovec local = { to, ACCESS }, remote = { from, ACCESS };

	bench_require(process_vm_readv(client, &local, 1, &remote, 1, 0) ==
		      ACCESS, "process_vm_readv");
}

static void user_copy(void)
{
	struct cxl_sim_copy copy = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.length = COPY,
	};

	bench_require(!ioctl(memory, CXL_SIM_COPY, &copy) && copy.done == COPY,
		      "CXL_SIM_COPY");
}

static void settle(void)
{
	usleep(SETTLE_US);
}

static void accesses(void)
{
	static const struct bench_op ops[] = {
		{ "process_vm_readv_64k", NULL, vm_readv, 1 },
		{ "user_pread_64k", NULL, user_pread, 1 },
		{ "user_copy_1m", settle, user_copy, 1 },
	};
	int fd = open_node(NODE);
	size_t i;

	/* Have the pages there, in both processes. */
	memset(to, 1, sizeof(to));
	client = start_child(be_client);
	memory = accept_client(fd);
	await_done();
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		bench_run(&ops[i]);
	bench_require(to[ACCESS - 1] == 0x5a, "read otherwise");
	close(memory);
	end_child(client);
	close(fd);
}

/* The kernel's memcpy AFU does the same, in as many elements as it needs. */
static struct afu afu;

static void submit_copies(void)
{
	size_t at;

	for (at = 0; at < COPY; at += ELEMENT)
		queue_copy(&afu.queue, to + at, from + at, ELEMENT);
	queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL);
	settle();
}

static void run_copies(void)
{
	char buf[CXL_READ_MIN_SIZE];

	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	bench_require(read(afu.fd, buf, sizeof(buf)) > 0, "read");
}

/*
 * As a kernel does without fast string instructions: 64 bytes at a step, through
 * general registers, since it can use no others.
 */
__attribute__((optimize("no-tree-vectorize")))
static void copy_words(void)
{
	const __u64 *s = (const __u64 *)from;
	__u64 *d = (__u64 *)to, w[8];
	size_t left;
	int i;

	for (left = COPY; left; left -= sizeof(w)) {
#pragma GCC unroll 8
		for (i = 0; i < 8; i++)
			w[i] = *s++;
#pragma GCC unroll 8
		for (i = 0; i < 8; i++)
			*d++ = w[i];
		/* Otherwise the compiler turns this into memcpy(). */
		__asm__ volatile("" : : : "memory");
	}
}

static void copy_by_library(void)
{
	memcpy(to, from, COPY);
	__asm__ volatile("" : : "r" (to) : "memory");
}

static void kernel_copy(void)
{
	static const struct bench_op op = {
		"sim_copy_1m", submit_copies, run_copies, 1
	};
	static const struct bench_op by_program[] = {
		{ "memcpy_words_1m", NULL, copy_words, 1 },
		{ "memcpy_1m", NULL, copy_by_library, 1 },
	};
	char buf[CXL_READ_MIN_SIZE];

	memset(from, 0x5a, sizeof(from));
	memset(to, 0, sizeof(to));
	afu_start(&afu, "afu0.0s", 4);
	queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL);
	bench_require(read(afu.fd, buf, sizeof(buf)) > 0, "read");
	bench_run(&op);
	bench_require(!memcmp(from, to, COPY), "copied otherwise");
	afu_stop(&afu);
	bench_run(&by_program[0]);
	bench_run(&by_program[1]);
}

void bench_models(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench_require(shared != MAP_FAILED, "mmap");
	wake_by_pipe();
	wake_by_doorbell();
	wake_kernel_by_doorbell();
	roundtrip();
	accesses_of_registers();
	accesses();
	kernel_copy();
}
