// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU of examples/rtl, in Verilog, as the AFU of a card: it copies, has its
 * registers, and survives whatever happens to the program, the simulator and
 * itself. For what happens to the memory, see rtl_memory.c.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"
#include "lib/rtl_test.h"

/* copy_timed: copy, and print the pace; returns the AFU's cycles per line. */
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
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;

	transfer_make(&t, 2 * RTL_SHORT);
	copy_timed(&t, "fresh memory");
	transfer_free(&t);
	check_works();
	kill_and_wait(pid);
}

/* Two buses of 64 bytes: without faults, a line takes 2 cycles. */
static void keeps_the_buses_busy(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	double cycles;

	transfer_make(&t, RTL_LONG);
	memset(t.destination, 1, t.length);
	cycles = copy_timed(&t, "memory that is there");
	check(cycles >= 2 && cycles < 4, "%.2f", cycles);
	transfer_free(&t);
	kill_and_wait(pid);
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
		pid = rtl_card_make(disorder[i][0], disorder[i][1]);
		transfer_make(&t, RTL_SHORT);
		transfer_start(&t);
		check_copied(&t);
		if (!i)
			check(be64toh(t.work->restarts) > 0);
		transfer_free(&t);
		kill_and_wait(pid);
	}
}

static void killed_program_leaves_nothing(void)
{
	pid_t pid = rtl_card_make(NULL, NULL), child;
	struct transfer t;
	int ready[2];
	char byte;

	require_ok(pipe(ready));
	child = fork();
	require(child >= 0);
	if (!child) {
		transfer_make(&t, RTL_LONG);
		transfer_start(&t);
		transfer_wait_for_middle(&t);
		require_eq(write(ready[1], "x", 1), 1);
		pause();
	}
	require_eq(read(ready[0], &byte, 1), 1);
	kill_and_wait(child);
	check_works();
	kill_and_wait(pid);
}

static void killed_simulator_is_an_afu_error(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;

	transfer_make(&t, RTL_LONG);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	kill_and_wait(pid);
	check_error_event(t.fd);
	check_eq(transfer_status(&t), 0);
	transfer_free(&t);

	pid = rtl_start(NULL, NULL);
	check_works();
	kill_and_wait(pid);
}

static void missing_node_is_a_failure(void)
{
	int status;

	sim_card_make(&rtl_card, "afu0/model", "user", "afu0/modes", "dedicated", NULL);
	sim_card_set_live(&rtl_card, false);
	status = rtl_end_status(rtl_start(NULL, NULL));
	require(status != -1, "it has not ended");
	check(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status 0x%x", status);
}

/* While the link is down, accesses to memory wait. The simulator must still end. */
static void ends_while_memory_is_out_of_reach(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	int status;

	transfer_make(&t, RTL_LONG);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	require_ok(sim_set_link(rtl_card.num, "down"));
	usleep(200000);
	require_ok(kill(pid, SIGTERM));
	status = rtl_end_status(pid);
	if (status == -1)
		kill_and_wait(pid);
	require(status != -1, "it has not ended");
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	require_ok(sim_set_link(rtl_card.num, "up"));
	check_eq(transfer_status(&t), 0);
	transfer_free(&t);
}

/* In dedicated mode, a reset of the AFU stops the context. */
static void reset_in_mid_transfer_stops_it(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	unsigned char *as_it_was;
	struct transfer t;

	transfer_make(&t, RTL_LONG);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	require_ok(close(t.fd));
	as_it_was = fresh_memory(t.length);
	memcpy(as_it_was, t.destination, t.length);
	check_works();
	check_mem_eq(t.destination, as_it_was, t.length);
	check_eq(transfer_status(&t), 0);
	kill_and_wait(pid);
}

/*
 * Registers are the AFU's own: each access reaches its bus.
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
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	__u64 work;

	transfer_make(&t, RTL_SHORT);
	work = (uintptr_t)t.work;
	t.fd = node_open_ok(rtl_card.dedicated);
	transfer_attach(t.fd, 0);
	check_eq(load(t.fd, COPYCRC_IDENT, 8), COPYCRC_IDENT_VALUE);
	check_eq(load(t.fd, COPYCRC_IDENT, 4), COPYCRC_IDENT_VALUE >> 32);
	check_eq(load(t.fd, COPYCRC_IDENT + 4, 4), (__u32)COPYCRC_IDENT_VALUE);
	check_eq(load(t.fd, COPYCRC_STATUS, 8), COPYCRC_RUNNING);

	store(t.fd, COPYCRC_DOORBELL, 8, work);
	check_copied(&t);
	check_eq(load(t.fd, COPYCRC_RESULT, 8), COPYCRC_OVER);
	check_eq(load(t.fd, COPYCRC_ADDRESS, 8), work);
	check_eq(load(t.fd, COPYCRC_LINES, 8), RTL_SHORT / COPYCRC_LINE);

	/* Again, in two halves: the second one rings. */
	t.work->status = 0;
	memset(t.destination, 0, t.length);
	store(t.fd, COPYCRC_DOORBELL, 4, work >> 32);
	check_eq(load(t.fd, COPYCRC_STATUS, 8), COPYCRC_RUNNING);
	store(t.fd, COPYCRC_DOORBELL + 4, 4, (__u32)work);
	check_copied(&t);
	transfer_free(&t);
	kill_and_wait(pid);
}

static const struct tap_test tests[] = {
	{ "rtl.copies_to_fresh_memory", copies_to_fresh_memory, sim_cards_remove, 60 },
	{ "rtl.keeps_the_buses_busy", keeps_the_buses_busy, sim_cards_remove, 60 },
	{ "rtl.registers_are_the_afus", registers_are_the_afus, sim_cards_remove },
	{ "rtl.copies_in_disorder", copies_in_disorder, sim_cards_remove, 60 },
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
