// SPDX-License-Identifier: GPL-2.0-only
/* The memory of programs as a simulated AFU sees it: paging, permissions, commands */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>
#include <psl.h>

#include "guest.h"
#include "tap.h"
#include "lib/cxl_test.h"

#define LINES		64

/* Memory that nobody has touched yet is there when the AFU asks for it. */
static void pages_are_faulted_in(const char *option)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(LINES * PSL_LINE);
	uint8_t *to = map(LINES * PSL_LINE);
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *fresh = map(3 * page);
	struct cxl_afu_h *afu;

	start_with(option);
	pattern(from, LINES * PSL_LINE);
	add_copy(&script[0], from, to, LINES);
	add(&script[1], PSL_READ_CL_NA, fresh, 128);
	memset(script[1].data, 0xff, 128);
	add(&script[2], PSL_ZERO_M, fresh + page, 128);
	add(&script[3], PSL_TOUCH_M, fresh + 2 * page, 128);
	add_end(&script[4]);
	afu = attach(script);
	check_script_ends(afu);
	check_eq(be32toh(script[0].counted), LINES);
	check_mem_eq(to, from, LINES * PSL_LINE);
	check_eq(script[1].response, PSL_DONE);
	check_mem_eq(script[1].data, fresh, 128);
	check_eq(script[2].response, PSL_DONE);
	check_eq(script[3].response, PSL_DONE);
	cxl_afu_free(afu);
	stop();
}

static void memory_is_paged_in(void)
{
	pages_are_faulted_in(NULL);
}

static void disorder_changes_no_data(void)
{
	pages_are_faulted_in("--bogus=50");
}

static void paged_and_restarted(void)
{
	struct script_entry *script = new_script();
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *fresh = map(4 * page);
	struct cxl_afu_h *afu;

	start();
	add(&script[0], PSL_READ_CL_NA, fresh, 128)->abort = PSL_PAGE;
	add(&script[1], PSL_READ_CL_NA, fresh + page, 128)->abort = PSL_PAGE;
	script[1].flags = SCRIPT_RETRY;
	add(&script[2], PSL_TOUCH_I, fresh + 2 * page, 128)->abort = PSL_PREF;
	/* Try again until the page can be written to. */
	add(&script[3], PSL_WRITE_NA, fresh + 3 * page, 128)->abort = PSL_ABORT;
	script[3].flags = SCRIPT_RETRY;
	memset(script[3].data, 0x33, 128);
	add_end(&script[4]);
	afu = attach(script);
	check_script_ends(afu);
	check_eq(script[0].response, PSL_PAGED);
	check_eq(script[1].response, PSL_DONE);
	check_eq(script[2].response, PSL_FAULT);
	check_eq(script[3].response, PSL_DONE);
	check_eq(fresh[3 * page + 127], 0x33);
	cxl_afu_free(afu);
	stop();
}

static void every_kind_of_command(void)
{
	struct script_entry *script = new_script();
	uint64_t *words = map(4096);
	struct cxl_afu_h *afu;
	uint64_t operand;

	start();
	words[0] = 5;
	add(&script[0], PSL_READ_CL_RES, words, 128);
	add(&script[1], PSL_WRITE_C, words, 8);
	memset(script[1].data, 0x11, 8);
	add(&script[2], PSL_WRITE_C, words, 8);
	add(&script[3], PSL_READ_CL_LCK, words, 128);
	add(&script[4], PSL_WRITE_UNLOCK, words, 8);
	memset(script[4].data, 0x22, 8);
	add(&script[5], PSL_CAS_E_8B, words, 16);
	operand = 0x2222222222222222ULL;
	memcpy(script[5].data, &operand, 8);
	operand = 0x3333333333333333ULL;
	memcpy(script[5].data + 8, &operand, 8);
	add(&script[6], PSL_READ_PE, NULL, 128);
	add(&script[7], PSL_INTREQ, (void *)2, 0);
	add(&script[8], PSL_INTREQ, (void *)77, 0);
	add_end(&script[9]);
	afu = attach(script);
	check_event(afu, CXL_EVENT_AFU_INTERRUPT);
	while (!is_done(&script[8]))
		usleep(1000);
	check_eq(script[0].response, PSL_DONE);
	check_eq(script[1].response, PSL_DONE);
	check_eq(script[2].response, PSL_NRES);
	check_eq(script[3].response, PSL_DONE);
	check_eq(script[4].response, PSL_DONE);
	check_eq(script[5].response, PSL_COMP_EQ);
	check_eq(words[0], 0x3333333333333333ULL);
	check_eq(script[6].response, PSL_DONE);
	memcpy(&operand, script[6].data + 116, 8);
	check_eq(be64toh(operand), (uintptr_t)script);
	check_eq(script[7].response, PSL_DONE);
	check_eq(script[8].response, PSL_FAILED);
	cxl_afu_free(afu);
	stop();
}

static void bad_address_is_an_event(void)
{
	struct script_entry *script = new_script();
	struct cxl_event event;
	struct cxl_afu_h *afu;
	uint8_t *none = map(4096);

	start();
	require_ok(munmap(none, 4096));
	add(&script[0], PSL_READ_CL_NA, none, 128);
	add(&script[1], SCRIPT_END, NULL, 0);
	afu = attach(script);
	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(event.fault.addr & ~127ULL, (uintptr_t)none);
	while (!is_done(&script[0]))
		usleep(1000);
	check_eq(script[0].response, PSL_AERROR);
	cxl_afu_free(afu);
	stop();
}

/* After a fork, the child has its own copy of a page. */
static void copy_on_write_is_kept(void)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(4096), *to = map(4096);
	struct cxl_afu_h *afu;
	int fds[2], status;
	char byte;
	pid_t pid;

	start();
	pattern(from, 4096);
	memset(to, 0xcc, 4096);
	add_copy(&script[0], from, to, 4096 / PSL_LINE);
	add_end(&script[1]);
	require_ok(pipe(fds));
	pid = require_ok(fork());
	if (!pid) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) != 0 || to[0] != 0xcc ||
		      to[4095] != 0xcc);
	}
	close(fds[0]);
	afu = attach(script);
	check_script_ends(afu);
	check_mem_eq(to, from, 4096);
	close(fds[1]);
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	cxl_afu_free(afu);
	stop();
}

static void memory_goes_in_mid_transfer(bool unmap)
{
	size_t size = 0x400000;
	struct script_entry *script = new_script();
	uint8_t *from = map(size), *to = map(size);
	struct cxl_event event;
	struct cxl_afu_h *afu;

	start();
	memset(from, 0x5a, size);
	add_copy(&script[0], from, to, size / PSL_LINE);
	add(&script[1], SCRIPT_END, NULL, 0);
	afu = attach(script);
	wait_for_first(to);
	if (unmap)
		require_ok(munmap(to, size));
	else
		require_ok(mprotect(to, size, PROT_READ));
	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, CXL_EVENT_DATA_STORAGE);
	check(event.fault.addr >= (uintptr_t)to &&
	      event.fault.addr < (uintptr_t)to + size);
	while (!is_done(&script[0]))
		usleep(1000);
	check_eq(script[0].response, PSL_AERROR);
	check(be32toh(script[0].counted) < size / PSL_LINE);
	cxl_afu_free(afu);
	stop();
}

static void mprotect_in_mid_transfer(void)
{
	memory_goes_in_mid_transfer(false);
}

static void munmap_in_mid_transfer(void)
{
	memory_goes_in_mid_transfer(true);
}

static const struct tap_test tests[] = {
	TEST(psl_memory, memory_is_paged_in),
	TEST(psl_memory, disorder_changes_no_data),
	TEST(psl_memory, paged_and_restarted),
	TEST(psl_memory, every_kind_of_command),
	TEST(psl_memory, bad_address_is_an_event),
	TEST(psl_memory, copy_on_write_is_kept),
	TEST(psl_memory, mprotect_in_mid_transfer),
	TEST(psl_memory, munmap_in_mid_transfer),
};

TAP_MAIN(tests)
