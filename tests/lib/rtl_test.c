// SPDX-License-Identifier: GPL-2.0-only
/* A card whose AFU is in Verilog: see rtl_test.h. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "cxl_test.h"
#include "rtl_test.h"

#define SIMULATOR	"/tests/lib/afu-copycrc"

/* How long a copy may take */
#define COPY_MS		(25000LL * tap_time_scale())

struct sim_card rtl_card;

void *fresh_memory(size_t length)
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

pid_t rtl_start(const char *first, const char *second)
{
	char argument[80];
	pid_t pid;

	if (access(SIMULATOR, X_OK))
		skip("made without Verilator");
	snprintf(argument, sizeof(argument), "+psl-node=/dev/cxl-sim/%s.afu0",
		 rtl_card.name);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		execl(SIMULATOR, SIMULATOR, argument, first, second, NULL);
		_exit(127);
	}
	return pid;
}

int rtl_end_status(pid_t pid)
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

pid_t rtl_card_make(const char *first, const char *second)
{
	if (access(SIMULATOR, X_OK))
		skip("made without Verilator");
	sim_card_make(&rtl_card, "afu0/model", "user", "afu0/modes", "dedicated",
		      "afu0/irqs_min", "2", "afu0/mmio", "trapped", NULL);
	return rtl_start(first, second);
}

void transfer_make(struct transfer *t, size_t length)
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

void transfer_attach(int fd, __u64 wed)
{
	require(becomes_true(!node_start(fd, wed, -1, 0) || errno != EIO));
	check(node_pe(fd) >= 0);
}

void transfer_start(struct transfer *t)
{
	t->fd = node_open_ok(rtl_card.dedicated);
	transfer_attach(t->fd, (uintptr_t)t->work);
}

__u64 transfer_status(const struct transfer *t)
{
	return be64toh(__atomic_load_n(&t->work->status, __ATOMIC_ACQUIRE));
}

__u64 transfer_wait(struct transfer *t)
{
	long long end = now_ms() + COPY_MS;

	while (!transfer_status(t) && now_ms() < end)
		nap();
	return transfer_status(t);
}

static bool is_copied_to(const struct transfer *t, size_t at)
{
	return !memcmp(t->source + at, t->destination + at, COPYCRC_LINE);
}

void transfer_wait_for_middle(const struct transfer *t)
{
	long long end = now_ms() + COPY_MS;

	while (!is_copied_to(t, t->length / 8)) {
		require(now_ms() < end);
		nap();
	}
	require_eq(transfer_status(t), 0);
}

void transfer_free(struct transfer *t)
{
	check_ok(close(t->fd));
	munmap(t->source, t->length);
	munmap(t->destination, t->length);
	munmap(t->work, sizeof(*t->work));
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

static void check_interrupt(int fd)
{
	static struct event_batch batch;

	require(events_wait(fd));
	require_ok(events_read(fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(batch.event[0].irq.irq, COPYCRC_IRQ_DONE);
}

void check_copied(struct transfer *t)
{
	require_eq(transfer_wait(t), COPYCRC_OVER);
	check_eq(be64toh(t->work->done), t->length);
	check_eq(be64toh(t->work->crc), crc32(t->source, t->length));
	check_mem_eq(t->destination, t->source, t->length);
	check_interrupt(t->fd);
}

void check_works(void)
{
	struct transfer t;

	transfer_make(&t, RTL_SHORT);
	transfer_start(&t);
	check_copied(&t);
	transfer_free(&t);
}
