// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU of examples/rtl, in Verilog: it copies the memory of a program correctly,
 * whatever happens to that memory in the meantime.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/rtl_test.h"

/* A response of the PSL, as it appears in a status */
#define AERROR		1

static struct event_batch batch;

/* The AFU is told of missing pages, and resumes. */
static void resumes_after_page_faults(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	__u64 restarts;

	transfer_make(&t, RTL_SHORT);
	t.work->control |= htobe64(COPYCRC_ABORT(2));
	transfer_start(&t);
	check_copied(&t);
	/* A page is longer than what is in flight, so each is missed separately. */
	restarts = be64toh(t.work->restarts);
	check(restarts >= RTL_SHORT / 4096 / 2, "%llu", restarts);
	transfer_free(&t);
	kill_and_wait(pid);
}

/* After a fork, the child keeps the destination as it was before the copy. */
static void fork_copies_on_write(void)
{
	pid_t pid = rtl_card_make(NULL, NULL), child;
	int go[2], result;
	struct transfer t;
	size_t i;
	char byte;

	transfer_make(&t, RTL_SHORT);
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
	kill_and_wait(pid);
}

/*
 * What was copied before the gap is right, and the address of the failure is
 * reported.
 */
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
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	size_t half = RTL_LONG / 2, i;

	transfer_make(&t, RTL_LONG);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	require_ok(mprotect(t.destination + half, half, PROT_READ));
	check_address_error(&t, half);
	for (i = half; i < t.length && !t.destination[i]; i++)
		continue;
	check_eq(i, t.length);
	transfer_free(&t);
	check_works();
	kill_and_wait(pid);
}

static void unmapped_memory_is_an_address_error(void)
{
	pid_t pid = rtl_card_make(NULL, NULL);
	struct transfer t;
	size_t half = RTL_LONG / 2;

	transfer_make(&t, RTL_LONG);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	require_ok(munmap(t.destination + half, half));
	check_address_error(&t, half);
	transfer_free(&t);
	check_works();
	kill_and_wait(pid);
}

/*
 * Swapping, to a disk in memory
 */

#define SWAP		"/dev/ram0"
#define SWAP_KB		16384		/* more than the memories of the transfer */

static bool run_command(const char *command)
{
	return !system(command);
}

static void swap_start(void)
{
	char command[80];

	if (!file_exists("/proc/swaps"))
		skip("a kernel without swapping");
	snprintf(command, sizeof(command), "modprobe brd rd_nr=1 rd_size=%d 2>/dev/null", SWAP_KB);
	if (!run_command(command))
		skip("a kernel without disks in memory");
	require(run_command("mkswap " SWAP " >/dev/null && swapon " SWAP));
}

static void swap_end(void)
{
	sim_cards_remove();
	if (file_exists(SWAP) && !run_command("swapoff " SWAP " && rmmod brd"))
		diag(SWAP " is left");
}

/* How much memory of this program is swapped out, in bytes */
static size_t swapped_out(void)
{
	char status[4096];
	unsigned long kb = 0;
	const char *line;

	require_ok(file_read(status, sizeof(status), "/proc/self/status"));
	line = strstr(status, "VmSwap:");
	require(line && sscanf(line, "VmSwap: %lu kB", &kb) == 1);
	return kb * 1024;
}

/* Swap out all but what is being accessed. */
static void swap_out(struct transfer *t)
{
	require_ok(madvise(t->source, t->length, MADV_PAGEOUT));
	require_ok(madvise(t->destination, t->length, MADV_PAGEOUT));
	check(swapped_out() > t->length, "%zu", swapped_out());
}

/* Each page comes back when the AFU gets to it. */
static void swap_out_in_mid_transfer(void)
{
	struct transfer t;
	pid_t pid;

	swap_start();
	pid = rtl_card_make(NULL, NULL);
	transfer_make(&t, 2 * RTL_SHORT);
	memset(t.destination, 0x5a, t.length);
	swap_out(&t);
	transfer_start(&t);
	transfer_wait_for_middle(&t);
	swap_out(&t);
	check_eq(transfer_status(&t), 0);
	check_copied(&t);
	transfer_free(&t);
	kill_and_wait(pid);
}

static const struct tap_test tests[] = {
	{ "rtl_memory.resumes_after_page_faults", resumes_after_page_faults,
	  sim_cards_remove },
	{ "rtl_memory.fork_copies_on_write", fork_copies_on_write, sim_cards_remove },
	{ "rtl_memory.read_only_memory_is_not_written", read_only_memory_is_not_written,
	  sim_cards_remove, 60 },
	{ "rtl_memory.unmapped_memory_is_an_address_error",
	  unmapped_memory_is_an_address_error, sim_cards_remove, 60 },
	{ "rtl_memory.swap_out_in_mid_transfer", swap_out_in_mid_transfer, swap_end, 60 },
};

TAP_MAIN(tests)
