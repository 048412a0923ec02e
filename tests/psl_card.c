// SPDX-License-Identifier: GPL-2.0-only
/* A simulated AFU as a card: its numbers, contexts, registers, and pace */
#define _GNU_SOURCE
#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <misc/cxl-sim.h>
#include <psl.h>

#include "guest.h"
#include "tap.h"
#include "lib/cxl_test.h"
#include "../examples/rtl/copycrc.h"

static void numbers_are_the_descriptors(void)
{
	static const struct {
		const char *file;
		const char *value;
	} settings[] = {
		{ "afu0/model", "user" },
		{ "afu0/num_procs", "16" },
		{ "afu0/irqs_min", "4" },
		{ "afu0/num_crs", "1" },
		{ "afu0/cr_device", "0x0450" },
	};
	char path[128], value[64];
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), FOLDER "/%s", settings[i].file);
		read_line(path, value, sizeof(value));
		check_str_eq(value, settings[i].value);
	}
	stop();
}

static void many_contexts(void)
{
	struct script_entry *scripts[8];
	struct cxl_afu_h *afus[8];
	uint8_t *from = map(4096), *to = map(8 * 4096);
	int i;

	start();
	pattern(from, 4096);
	for (i = 0; i < 8; i++) {
		scripts[i] = new_script();
		add_copy(&scripts[i][0], from, to + i * 4096, 32);
		add_end(&scripts[i][1]);
		afus[i] = attach(scripts[i]);
	}
	for (i = 0; i < 8; i++) {
		check_script_ends(afus[i]);
		check_mem_eq(to + i * 4096, from, 4096);
		cxl_afu_free(afus[i]);
	}
	stop();
}

/* Each access reaches the AFU's bus; halves of a word are where they should be. */
static void registers_are_the_afus(void)
{
	struct cxl_afu_h *first, *second;
	uint64_t value;
	uint32_t half;

	start();
	first = attach_and_map(NULL);
	second = attach_and_map(NULL);
	check_ok(cxl_mmio_write64(first, 0x10, 0x0123456789abcdefULL));
	check_ok(cxl_mmio_write64(second, 0x10, 0x1111111111111111ULL));
	check_ok(cxl_mmio_read64(first, 0x10, &value));
	check_eq(value, 0x0123456789abcdefULL);
	check_ok(cxl_mmio_read32(first, 0x10, &half));
	check_eq(half, 0x01234567);
	check_ok(cxl_mmio_read32(first, 0x14, &half));
	check_eq(half, 0x89abcdef);
	check_ok(cxl_mmio_write32(first, 0x14, 0x55555555));
	check_ok(cxl_mmio_read64(first, 0x10, &value));
	check_eq(value, 0x0123456755555555ULL);
	check_ok(cxl_mmio_read64(second, 0x10, &value));
	check_eq(value, 0x1111111111111111ULL);
	/* After the end of the AFU's window, but in the card's */
	check_ok(cxl_mmio_read64(first, 0x8000, &value));
	check_eq(value, ~0ULL);
	cxl_afu_free(first);
	cxl_afu_free(second);
	stop();
}

static void register_starts_work(void)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(4096), *to = map(4096);
	struct cxl_afu_h *afu;
	int i;

	start();
	pattern(from, 4096);
	add_copy(&script[0], from, to, 4096 / PSL_LINE);
	add_end(&script[1]);
	afu = attach_and_map(NULL);
	for (i = 0; i < 3; i++) {
		memset(to, 0, 4096);
		check_ok(cxl_mmio_write64(afu, 0, (uintptr_t)script));
		check_script_ends(afu);
		check_mem_eq(to, from, 4096);
	}
	cxl_afu_free(afu);
	stop();
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The AFU of examples/rtl, built by Verilator without libpsl */
static void verilog_copies_by_the_socket(void)
{
	size_t size = 0x20000;
	struct copycrc_descriptor *work = map(sizeof(*work));
	uint8_t *from = map(size), *to = map(size);
	struct cxl_afu_h *afu;
	double begin;

	if (access(RTL_SIMULATOR, X_OK))
		skip("made without Verilator");
	start_both(RTL_SIMULATOR, NULL);
	node[strlen(node) - 1] = 'd';
	pattern(from, size);
	memset(to, 0xff, size);
	work->source = htobe64((uintptr_t)from);
	work->destination = htobe64((uintptr_t)to);
	work->length = htobe64(size);
	work->control = htobe64(COPYCRC_RAISE);
	afu = attach((struct script_entry *)work);
	begin = now();
	check_script_ends(afu);
	diag("%.2f MB/s, %.2f cycles per line", size / 1e6 / (now() - begin),
	     (double)be64toh(work->cycles) / (size / PSL_LINE));
	check_eq(be64toh(work->status), COPYCRC_OVER);
	check_mem_eq(to, from, size);
	cxl_afu_free(afu);
	stop();
}

static uint64_t cpu_ms(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64], line[512];
	int n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	read_line(path, line, sizeof(line));
	n = sscanf(strrchr(line, ')') ?: "",
		   ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &user, &system);
	require_eq(n, 2);
	return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* Time stands still, and the machine has nothing to do. */
static void idle_card_costs_nothing(void)
{
	uint64_t before;

	start();
	check_serves();
	usleep(500000);
	before = cpu_ms(afu_psl) + cpu_ms(simulator);
	usleep(1000000);
	check(cpu_ms(afu_psl) + cpu_ms(simulator) - before <=
	      20 * tap_time_scale());
	stop();
}

/* Its terminal is closed, or nobody reads its messages any more. */
static void card_is_removed_at_sighup(void)
{
	start();
	stop_by(SIGHUP);
	start();
	stop_by(SIGPIPE);
	start();
	stop_by(SIGINT);
}

/* As by nohup */
static void ignored_signal_stays_ignored(void)
{
	signal(SIGHUP, SIG_IGN);
	start();
	require_ok(kill(afu_psl, SIGHUP));
	check_serves();
	stop();
}

static const struct tap_test tests[] = {
	TEST(psl_card, numbers_are_the_descriptors),
	TEST(psl_card, many_contexts),
	TEST(psl_card, registers_are_the_afus),
	TEST(psl_card, register_starts_work),
	TEST(psl_card, verilog_copies_by_the_socket),
	TEST(psl_card, idle_card_costs_nothing),
	TEST(psl_card, card_is_removed_at_sighup),
	TEST(psl_card, ignored_signal_stays_ignored),
};

TAP_MAIN(tests)
