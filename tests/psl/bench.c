// SPDX-License-Identifier: GPL-2.0-only
/* A PSL, an AFU and plain memory: see bench.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "tap.h"

#define SETTLE_LIMIT	200000

static void do_access(struct bench *bench, struct psl_access *access)
{
	uint64_t page = access->ea / BENCH_PAGE;
	uint8_t *memory = bench->memory + access->ea;
	uint8_t found[8];
	int error = EFAULT;

	if (bench->on_access)
		bench->on_access(bench, access);
	if (page < BENCH_PAGES)
		error = bench->access_error[page];
	if (error) {
		psl_access_done(bench->psl, access, error);
		return;
	}
	switch (access->type) {
	case PSL_ACCESS_LOAD:
		memcpy(access->data, memory, access->size);
		break;
	case PSL_ACCESS_STORE:
		memcpy(memory, access->data, access->size);
		break;
	case PSL_ACCESS_COMPARE_SWAP:
		memcpy(found, memory, access->size);
		if (!memcmp(found, access->data, access->size))
			memcpy(memory, access->swap, access->size);
		memcpy(access->data, found, access->size);
		break;
	default:
		break;
	}
	psl_access_done(bench->psl, access, 0);
}

static void start_access(void *host, struct psl_access *access)
{
	struct bench *bench = host;
	uint64_t page = access->ea / BENCH_PAGE;

	bench->accesses++;
	if (page < BENCH_PAGES && bench->absent[page]) {
		if (access->no_wait) {
			psl_access_done(bench->psl, access, EAGAIN);
			return;
		}
		access->next = bench->held;
		bench->held = access;
		return;
	}
	if (!bench->late) {
		do_access(bench, access);
		return;
	}
	access->next = bench->to_do;
	bench->to_do = access;
}

static void poll(void *host)
{
	struct bench *bench = host;
	struct psl_access *access;

	while ((access = bench->to_do)) {
		bench->to_do = access->next;
		do_access(bench, access);
	}
}

void bench_page_in(struct bench *bench, int error)
{
	struct psl_access *access;

	memset(bench->absent, 0, sizeof(bench->absent));
	while ((access = bench->held)) {
		bench->held = access->next;
		if (error)
			psl_access_done(bench->psl, access, error);
		else
			do_access(bench, access);
	}
}

static bool interrupt(void *host, uint16_t handle, uint32_t number)
{
	struct bench *bench = host;

	if (number > 4)
		return false;
	bench->interrupts[number]++;
	bench->interrupt_handle = handle;
	return true;
}

static void error(void *host, uint16_t handle, uint64_t value)
{
	struct bench *bench = host;

	(void)handle;
	bench->errors++;
	bench->error = value;
}

static uint64_t timebase(void *host)
{
	(void)host;
	return 0x123456789abcdefULL;
}

static void report(void *host, const char *text)
{
	struct bench *bench = host;

	diag("%s", text);
	bench->reports++;
	snprintf(bench->report, sizeof(bench->report), "%s", text);
}

static const struct psl_host_ops ops = {
	.access = start_access,
	.poll = poll,
	.interrupt = interrupt,
	.error = error,
	.timebase = timebase,
	.report = report,
};

struct bench *bench_start(const struct psl_options *options)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	size_t i;

	require(bench);
	bench->psl = psl_create(options, &ops, bench);
	require(bench->psl, "%m");
	afu_init(&bench->afu, 16);
	for (i = 0; i < sizeof(bench->memory); i++)
		bench->memory[i] = i * 7 + (i >> 8);
	return bench;
}

void bench_end(struct bench *bench)
{
	require(!bench->held);
	check_eq(bench->afu.wrong, 0);
	psl_destroy(bench->psl);
	free(bench);
}

struct bench *bench_start_directed(unsigned int n)
{
	struct bench *bench = bench_start(NULL);

	bench_run_directed(bench, n);
	return bench;
}

void bench_end_well(struct bench *bench)
{
	check_eq(psl_rules_broken(bench->psl), 0);
	bench_end(bench);
}

void bench_clock(struct bench *bench, unsigned int cycles)
{
	struct psl_ha ha;

	while (cycles--) {
		psl_clock(bench->psl, &bench->afu.ah, &ha);
		afu_clock(&bench->afu, &ha);
	}
}

bool bench_settle(struct bench *bench)
{
	unsigned int left = SETTLE_LIMIT;

	/* A signal of the AFU takes a clock to be driven, and another to be seen. */
	bench_clock(bench, 2);
	while ((bench->afu.head != bench->afu.tail || bench->afu.ah.cvalid ||
		!psl_is_idle(bench->psl)) && --left)
		bench_clock(bench, 1);
	return left;
}

void bench_run_dedicated(struct bench *bench, uint64_t wed)
{
	psl_set_mode(bench->psl, CXL_MODE_DEDICATED);
	require(bench_settle(bench));
	require_ok(psl_attach(bench->psl, 0, wed));
	require(bench_settle(bench));
	require(psl_is_running(bench->psl));
}

void bench_run_directed(struct bench *bench, unsigned int n)
{
	unsigned int i;

	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
	require(bench_settle(bench));
	for (i = 0; i < n; i++)
		require_ok(psl_attach(bench->psl, i, 0x1000 + i));
	require(bench_settle(bench));
	require(psl_is_running(bench->psl));
}

int bench_command(struct bench *bench, uint8_t tag, uint16_t code, uint64_t ea,
		  uint16_t size)
{
	afu_command(&bench->afu, tag, code, ea, size);
	if (!bench_settle(bench))
		return -1;
	return bench->afu.tags[tag].response;
}

static void mmio_done(void *host, struct psl_mmio *mmio, bool answered)
{
	(void)host;
	(void)answered;
	mmio->done = NULL;
}

static void run_mmio(struct bench *bench, struct psl_mmio *mmio)
{
	unsigned int left = SETTLE_LIMIT;

	mmio->done = mmio_done;
	psl_mmio(bench->psl, mmio);
	while (mmio->done && left--)
		bench_clock(bench, 1);
	require(!mmio->done);
}

uint64_t bench_read(struct bench *bench, uint32_t address, unsigned int size)
{
	struct psl_mmio mmio = { .read = true, .size = size,
				 .address = address };

	run_mmio(bench, &mmio);
	return mmio.data;
}

void bench_write(struct bench *bench, uint32_t address, unsigned int size,
		 uint64_t value)
{
	struct psl_mmio mmio = { .size = size, .address = address,
				 .data = value };

	run_mmio(bench, &mmio);
}
