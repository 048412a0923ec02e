// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU of examples/rtl, in Verilog, as the AFU of a card: it copies the memory
 * of a program right, whatever happens to that memory, to the program, to the
 * simulator and to the AFU meanwhile.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "../examples/rtl/copycrc.h"

#define SIMULATOR	"/tests/lib/afu-copycrc"

/* Takes a moment; and so long that there is a middle */
#define SHORT		(256 * 1024)
#define LONG		(4 * 1024 * 1024)

/* Responses of a PSL, as a status has them */
#define AERROR		1

/* How long a copy may take */
#define COPY_MS		(25000LL * tap_time_scale())

static struct sim_card card;
static struct event_batch batch;

/**
 * struct transfer - a context that copies
 * @fd: the open node
 * @source: memory with data
 * @destination: fresh memory
 * @length: bytes of both
 * @work: what the AFU is told
 */
struct transfer {
	int fd;
	unsigned char *source;
	unsigned char *destination;
	size_t length;
	struct copycrc_descriptor *work;
};

static void *fresh_memory(size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(memory != MAP_FAILED, "%m");
	return memory;
}

static void fill(unsigned char *memory, size_t length)
{
	__u64 *words = (__u64 *)memory;
	size_t i;

	for (i = 0; i < length / sizeof(*words); i++)
		words[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static __u32 crc32(const unsigned char *data, size_t length)
{
	__u32 crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; i < length; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The simulator, with up to two more arguments */
static pid_t simulator_start(const char *first, const char *second)
{
	char argument[80];
	pid_t pid;

	if (access(SIMULATOR, X_OK))
		skip("made without Verilator");
	snprintf(argument, sizeof(argument), "+psl-node=/dev/cxl-sim/%s.afu0", card.name);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		execl(SIMULATOR, SIMULATOR, argument, first, second, NULL);
		_exit(127);
	}
	return pid;
}

static void simulator_kill(pid_t pid)
{
	require_ok(kill(pid, SIGKILL));
	require_eq(waitpid(pid, NULL, 0), pid);
}

static pid_t card_make(const char *first, const char *second)
{
	if (access(SIMULATOR, X_OK))
		skip("made without Verilator");
	sim_card_make(&card, "afu0/model", "user", "afu0/modes", "dedicated",
		      "afu0/irqs_min", "2", "afu0/mmio", "trapped", NULL);
	return simulator_start(first, second);
}

static void transfer_make(struct transfer *t, size_t length)
{
	t->length = length;
	t->source = fresh_memory(length);
	t->destination = fresh_memory(length);
	t->work = fresh_memory(sizeof(*t->work));
	fill(t->source, length);
	t->work->source = htobe64((uintptr_t)t->source);
	t->work->destination = htobe64((uintptr_t)t->destination);
	t->work->length = htobe64(length);
	t->work->control = htobe64(COPYCRC_RAISE);
}

/* As soon as the simulator is there: EIO until then */
static void start(int fd, __u64 wed)
{
	require(becomes_true(!node_start(fd, wed, -1, 0) || errno != EIO));
	check(node_pe(fd) >= 0);
}

static void transfer_start(struct transfer *t)
{
	t->fd = node_open_ok(card.dedicated);
	start(t->fd, (uintptr_t)t->work);
}

static __u64 status_of(const struct transfer *t)
{
	return be64toh(__atomic_load_n(&t->work->status, __ATOMIC_ACQUIRE));
}

/* Wait for its end: the status, or 0 if there is none soon. */
static __u64 transfer_wait(struct transfer *t)
{
	long long end = now_ms() + COPY_MS;

	while (!status_of(t) && now_ms() < end)
		nap();
	return status_of(t);
}

/* Wait until the AFU has copied a part, and is not done. */
static void wait_for_middle(const struct transfer *t)
{
	size_t part = t->length / 8;

	require(becomes_true(!memcmp(t->source + part, t->destination + part, 128)));
	require_eq(status_of(t), 0);
}

static void check_interrupt(int fd)
{
	require(events_wait(fd));
	require_ok(events_read(fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(batch.event[0].irq.irq, COPYCRC_IRQ_DONE);
}

static void check_copied(struct transfer *t)
{
	require_eq(transfer_wait(t), COPYCRC_OVER);
	check_eq(be64toh(t->work->done), t->length);
	check_eq(be64toh(t->work->crc), crc32(t->source, t->length));
	check_mem_eq(t->destination, t->source, t->length);
	check_interrupt(t->fd);
}

static void transfer_free(struct transfer *t)
{
	check_ok(close(t->fd));
	munmap(t->source, t->length);
	munmap(t->destination, t->length);
	munmap(t->work, sizeof(*t->work));
}

/* All of it once more, now that something has gone wrong before. */
static void check_works(void)
{
	struct transfer t;

	transfer_make(&t, SHORT);
	transfer_start(&t);
	check_copied(&t);
	transfer_free(&t);
}

/* copy_timed: with the pace said; the AFU's cycles for each line are returned. */
static double copy_timed(struct transfer *t, const char *what)
{
	long long begin = now_ms();
	double cycles;

	transfer_start(t);
	require_eq(transfer_wait(t), COPYCRC_OVER);
	begin = now_ms() - begin;
	cycles = (double)be64toh(t->work->cycles) / (t->length / COPYCRC_LINE);
	diag("%s: %.2f MB/s, %.2f cycles per line", what, t->length / 1000.0 / (begin ?: 1),
	     cycles);
	check_copied(t);
	return cycles;
}

static void copies_to_fresh_memory(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;

	transfer_make(&t, LONG);
	copy_timed(&t, "fresh memory");
	transfer_free(&t);
	check_works();
	simulator_kill(pid);
}

/* Two buses of 64 bytes: nothing but a fault keeps a line from 2 cycles. */
static void keeps_the_buses_busy(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	double cycles;

	transfer_make(&t, LONG);
	memset(t.destination, 1, t.length);
	cycles = copy_timed(&t, "memory that is there");
	check(cycles >= 2 && cycles < 4, "%.2f", cycles);
	transfer_free(&t);
	simulator_kill(pid);
}

/* The AFU is told of missing pages, and resumes. */
static void resumes_after_page_faults(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	__u64 restarts;

	transfer_make(&t, SHORT);
	t.work->control |= htobe64(COPYCRC_ABORT(2));
	transfer_start(&t);
	check_copied(&t);
	/* A page is longer than what is in flight: each is missed by itself. */
	restarts = be64toh(t.work->restarts);
	check(restarts >= SHORT / 4096 / 2, "%llu", restarts);
	transfer_free(&t);
	simulator_kill(pid);
}

static void copies_in_disorder(void)
{
	static const char * const disorder[][2] = {
		{ "+psl-paged=3", "+psl-seed=1" },
		{ "+psl-reorder=50", "+psl-delay=30" },
		{ "+psl-bogus=30", "+psl-credits=5" },
	};
	struct transfer t;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(disorder); i++) {
		pid = card_make(disorder[i][0], disorder[i][1]);
		transfer_make(&t, SHORT);
		transfer_start(&t);
		check_copied(&t);
		if (!i)
			check(be64toh(t.work->restarts) > 0);
		transfer_free(&t);
		simulator_kill(pid);
	}
}

/* The child has the destination as it was before the copy, whoever wrote to it. */
static void fork_copies_on_write(void)
{
	pid_t pid = card_make(NULL, NULL), child;
	int go[2], result;
	struct transfer t;
	size_t i;
	char byte;

	transfer_make(&t, SHORT);
	memset(t.destination, 0x5a, t.length);
	require_ok(pipe(go));
	child = fork();
	require(child >= 0);
	if (!child) {
		require_eq(read(go[0], &byte, 1), 1);
		for (i = 0; i < t.length && t.destination[i] == 0x5a; i++)
			continue;
		_exit(i == t.length ? 0 : 1);
	}
	transfer_start(&t);
	check_copied(&t);
	require_eq(write(go[1], "x", 1), 1);
	require_eq(waitpid(child, &result, 0), child);
	check_eq(result, 0);
	transfer_free(&t);
	simulator_kill(pid);
}

/* What is copied before that which is gone is right, and what is not is told. */
static void check_address_error(struct transfer *t, size_t bad)
{
	size_t done, address;
	bool told = false;
	unsigned int i;

	require_eq(transfer_wait(t), COPYCRC_OVER | AERROR);
	done = be64toh(t->work->done);
	address = be64toh(t->work->address) - (uintptr_t)t->destination;
	check(done > 0 && done <= bad, "%zu of %zu", done, bad);
	check(address >= bad && address < t->length, "%#zx", address);
	check_mem_eq(t->destination, t->source, done);
	while (events_wait(t->fd)) {
		require_ok(events_read(t->fd, &batch));
		for (i = 0; i < batch.n; i++) {
			if (batch.event[i].header.type != CXL_EVENT_DATA_STORAGE)
				continue;
			address = batch.event[i].fault.addr - (uintptr_t)t->destination;
			check(address >= bad && address < t->length, "%#zx", address);
			told = true;
		}
		if (told)
			break;
	}
	check(told);
}

static void read_only_memory_is_not_written(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	size_t half = LONG / 2, i;

	transfer_make(&t, LONG);
	transfer_start(&t);
	wait_for_middle(&t);
	require_ok(mprotect(t.destination + half, half, PROT_READ));
	check_address_error(&t, half);
	for (i = half; i < t.length && !t.destination[i]; i++)
		continue;
	check_eq(i, t.length);
	transfer_free(&t);
	check_works();
	simulator_kill(pid);
}

static void unmapped_memory_is_an_address_error(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	size_t half = LONG / 2;

	transfer_make(&t, LONG);
	transfer_start(&t);
	wait_for_middle(&t);
	require_ok(munmap(t.destination + half, half));
	check_address_error(&t, half);
	transfer_free(&t);
	check_works();
	simulator_kill(pid);
}

static void killed_program_leaves_nothing(void)
{
	pid_t pid = card_make(NULL, NULL), child;
	struct transfer t;
	int ready[2];
	char byte;

	require_ok(pipe(ready));
	child = fork();
	require(child >= 0);
	if (!child) {
		transfer_make(&t, LONG);
		transfer_start(&t);
		wait_for_middle(&t);
		require_eq(write(ready[1], "x", 1), 1);
		pause();
	}
	require_eq(read(ready[0], &byte, 1), 1);
	require_ok(kill(child, SIGKILL));
	require_eq(waitpid(child, NULL, 0), child);
	check_works();
	simulator_kill(pid);
}

static void killed_simulator_is_an_afu_error(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;

	transfer_make(&t, LONG);
	transfer_start(&t);
	wait_for_middle(&t);
	simulator_kill(pid);
	require(events_wait(t.fd));
	require_ok(events_read(t.fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[0].afu_error.error, CXL_SIM_AFU_ERROR);
	check_eq(status_of(&t), 0);
	transfer_free(&t);

	pid = simulator_start(NULL, NULL);
	check_works();
	simulator_kill(pid);
}

/* Wait for its end: its status, or -1 if there is none soon. */
static int end_status(pid_t pid)
{
	long long end = now_ms() + COPY_MS;
	int status;

	while (now_ms() < end) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nap();
	}
	return -1;
}

static void missing_node_is_a_failure(void)
{
	int status;

	sim_card_make(&card, "afu0/model", "user", "afu0/modes", "dedicated", NULL);
	sim_card_set_live(&card, false);
	status = end_status(simulator_start(NULL, NULL));
	require(status != -1, "it has not ended");
	check(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status 0x%x", status);
}

/* While the link is down accesses to memory wait: the simulator is to end all the same. */
static void ends_while_memory_is_out_of_reach(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	int status;

	transfer_make(&t, LONG);
	transfer_start(&t);
	wait_for_middle(&t);
	require_ok(sim_set_link(card.num, "down"));
	usleep(200000);
	require_ok(kill(pid, SIGTERM));
	status = end_status(pid);
	if (status == -1)
		simulator_kill(pid);
	require(status != -1, "it has not ended");
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	require_ok(sim_set_link(card.num, "up"));
	check_eq(status_of(&t), 0);
	transfer_free(&t);
}

/* Dedicated mode: a context is stopped by a reset of the AFU. */
static void reset_in_mid_transfer_stops_it(void)
{
	pid_t pid = card_make(NULL, NULL);
	unsigned char *as_it_was;
	struct transfer t;

	transfer_make(&t, LONG);
	transfer_start(&t);
	wait_for_middle(&t);
	require_ok(close(t.fd));
	as_it_was = fresh_memory(t.length);
	memcpy(as_it_was, t.destination, t.length);
	check_works();
	check_mem_eq(t.destination, as_it_was, t.length);
	check_eq(status_of(&t), 0);
	simulator_kill(pid);
}

/*
 * Registers are the AFU's own: each access is one on its bus.
 */

static __u64 load(int fd, __u64 offset, __u32 size)
{
	struct cxl_ioctl_mmio access = { .offset = offset, .size = size };

	require_ok(ioctl(fd, CXL_IOCTL_MMIO, &access));
	return size == 8 ? be64toh(access.value) : be32toh(access.value);
}

static void store(int fd, __u64 offset, __u32 size, __u64 value)
{
	struct cxl_ioctl_mmio access = {
		.offset = offset,
		.size = size,
		.value = size == 8 ? htobe64(value) : htobe32(value),
		.flags = CXL_IOCTL_MMIO_WRITE,
	};

	require_ok(ioctl(fd, CXL_IOCTL_MMIO, &access));
}

static void registers_are_the_afus(void)
{
	pid_t pid = card_make(NULL, NULL);
	struct transfer t;
	__u64 work;

	transfer_make(&t, SHORT);
	work = (uintptr_t)t.work;
	t.fd = node_open_ok(card.dedicated);
	start(t.fd, 0);
	check_eq(load(t.fd, COPYCRC_IDENT, 8), COPYCRC_IDENT_VALUE);
	check_eq(load(t.fd, COPYCRC_IDENT, 4), COPYCRC_IDENT_VALUE >> 32);
	check_eq(load(t.fd, COPYCRC_IDENT + 4, 4), (__u32)COPYCRC_IDENT_VALUE);
	check_eq(load(t.fd, COPYCRC_STATUS, 8), COPYCRC_RUNNING);

	store(t.fd, COPYCRC_DOORBELL, 8, work);
	check_copied(&t);
	check_eq(load(t.fd, COPYCRC_RESULT, 8), COPYCRC_OVER);
	check_eq(load(t.fd, COPYCRC_ADDRESS, 8), work);
	check_eq(load(t.fd, COPYCRC_LINES, 8), SHORT / COPYCRC_LINE);

	/* Again, by two halves, of which the second rings */
	t.work->status = 0;
	memset(t.destination, 0, t.length);
	store(t.fd, COPYCRC_DOORBELL, 4, work >> 32);
	check_eq(load(t.fd, COPYCRC_STATUS, 8), COPYCRC_RUNNING);
	store(t.fd, COPYCRC_DOORBELL + 4, 4, (__u32)work);
	check_copied(&t);
	transfer_free(&t);
	simulator_kill(pid);
}

static const struct tap_test tests[] = {
	{ "rtl.copies_to_fresh_memory", copies_to_fresh_memory, sim_cards_remove, 60 },
	{ "rtl.keeps_the_buses_busy", keeps_the_buses_busy, sim_cards_remove, 60 },
	{ "rtl.registers_are_the_afus", registers_are_the_afus, sim_cards_remove },
	{ "rtl.resumes_after_page_faults", resumes_after_page_faults, sim_cards_remove },
	{ "rtl.copies_in_disorder", copies_in_disorder, sim_cards_remove, 60 },
	{ "rtl.fork_copies_on_write", fork_copies_on_write, sim_cards_remove },
	{ "rtl.read_only_memory_is_not_written", read_only_memory_is_not_written,
	  sim_cards_remove, 60 },
	{ "rtl.unmapped_memory_is_an_address_error", unmapped_memory_is_an_address_error,
	  sim_cards_remove, 60 },
	{ "rtl.killed_program_leaves_nothing", killed_program_leaves_nothing,
	  sim_cards_remove, 60 },
	{ "rtl.killed_simulator_is_an_afu_error", killed_simulator_is_an_afu_error,
	  sim_cards_remove, 60 },
	{ "rtl.missing_node_is_a_failure", missing_node_is_a_failure, sim_cards_remove },
	{ "rtl.ends_while_memory_is_out_of_reach", ends_while_memory_is_out_of_reach,
	  sim_cards_remove, 60 },
	{ "rtl.reset_in_mid_transfer_stops_it", reset_in_mid_transfer_stops_it,
	  sim_cards_remove, 60 },
};

TAP_MAIN(tests)
