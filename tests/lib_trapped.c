// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library with an AFU whose registers are not memory: a program that uses
 * its functions does not notice.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libcxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define ALL_ONES	0xffffffffffffffffULL
#define MEMCPY		"/tests/lib/afu-memcpy"

static struct sim_card card;
static struct model model;

static struct cxl_afu_h *open_one(const char *node)
{
	char path[64];
	struct cxl_afu_h *afu;

	snprintf(path, sizeof(path), "/dev/cxl/%s", node);
	afu = cxl_afu_open_dev(path);
	require(afu, "%m");
	return afu;
}

static struct cxl_afu_h *attach_one(__u32 flags)
{
	struct cxl_afu_h *afu = open_one(card.slave);

	require_ok(cxl_afu_attach(afu, 0));
	errno = 0;
	require_ok(cxl_mmio_map(afu, flags));
	check_eq(errno, 0);
	return afu;
}

/* 16 bytes of memory, in address order */
static unsigned char memory[16];

static __u64 access_memory(const struct cxl_sim_message *m)
{
	void *at = memory + m->mmio.offset % sizeof(memory);
	__u64 value = 0;
	__u32 half;

	if (m->mmio.size == 4) {
		half = m->mmio.value;
		if (m->mmio.write)
			memcpy(at, &half, sizeof(half));
		else
			memcpy(&half, at, sizeof(half));
		return m->mmio.write ? 0 : half;
	}
	if (m->mmio.write)
		memcpy(at, &m->mmio.value, sizeof(value));
	else
		memcpy(&value, at, sizeof(value));
	return value;
}

static void begin(void)
{
	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	model_start(&model, &card);
	model.mmio = access_memory;
}

static void byte_order_is_the_registers(void)
{
	static const unsigned char big[16] = {
		1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44,
	};
	static const unsigned char little[16] = {
		8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11,
	};
	static const struct {
		__u32 flags;
		const unsigned char *bytes;
	} orders[] = {
		{ CXL_MMIO_BIG_ENDIAN, big },
		{ CXL_MMIO_LITTLE_ENDIAN, little },
	};
	struct cxl_afu_h *afu;
	uint64_t wide;
	uint32_t half;
	int i;

	begin();
	for (i = 0; i < 2; i++) {
		memset(memory, 0, sizeof(memory));
		afu = attach_one(orders[i].flags);
		check_ok(cxl_mmio_write64(afu, 0, 0x0102030405060708ULL));
		check_ok(cxl_mmio_write32(afu, 12, 0x11223344));
		check_mem_eq(memory, orders[i].bytes, sizeof(memory));
		check_ok(cxl_mmio_read64(afu, 0, &wide));
		check_eq(wide, 0x0102030405060708ULL);
		check_ok(cxl_mmio_read32(afu, 12, &half));
		check_eq(half, 0x11223344);
		/* Here all ones are a value. */
		check_ok(cxl_mmio_write64(afu, 0, ALL_ONES));
		check_ok(cxl_mmio_read64(afu, 0, &wide));
		check_eq(wide, ALL_ONES);
		check_ok(cxl_mmio_read32(afu, 4, &half));
		check_eq(half, 0xffffffff);
		cxl_afu_free(afu);
	}
	model_stop(&model);
}

static void errors_are_those_of_a_mapping(void)
{
	struct cxl_afu_h *afu;
	uint64_t value;
	void *address;

	begin();
	afu = open_one(card.slave);
	check_errno(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN), EIO);
	check_errno(cxl_mmio_read64(afu, 0, &value), EINVAL);
	require_ok(cxl_afu_attach(afu, 0));
	check_ok(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN));
	check_errno(cxl_mmio_ptr(afu, &address), EOPNOTSUPP);
	check_errno(cxl_mmio_read64(afu, 4, &value), EINVAL);
	check_errno(cxl_mmio_write64(afu, 0x10000, 1), EINVAL);
	/* A second call only changes the byte order. */
	check_ok(cxl_mmio_map(afu, CXL_MMIO_LITTLE_ENDIAN));
	check_ok(cxl_mmio_write64(afu, 0, 1));
	check_eq(memory[0], 1);
	check_ok(cxl_mmio_unmap(afu));
	check_errno(cxl_mmio_unmap(afu), EINVAL);
	check_errno(cxl_mmio_read64(afu, 0, &value), EINVAL);
	check_errno(cxl_mmio_ptr(afu, &address), EINVAL);
	cxl_afu_free(afu);
	model_stop(&model);
}

/* In a process of its own, because a SIGBUS handler is for the whole process */
static void read_without_a_link(bool handled)
{
	struct cxl_afu_h *afu;
	uint64_t value = 0;
	int status;
	pid_t pid;

	begin();
	afu = attach_one(CXL_MMIO_BIG_ENDIAN);
	require_ok(sim_set_link(card.num, "down"));
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		if (handled)
			require_ok(cxl_mmio_install_sigbus_handler());
		check_ok(cxl_mmio_write64(afu, 0, 1));
		check_errno(cxl_mmio_read64(afu, 0, &value), EIO);
		check_eq(value, ALL_ONES);
		_exit(0);
	}
	require_eq(waitpid(pid, &status, 0), pid);
	if (handled)
		check_eq(status, 0);
	else
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	require_ok(sim_set_link(card.num, "up"));
	cxl_afu_free(afu);
	model_stop(&model);
}

static void link_down_is_an_error(void)
{
	read_without_a_link(true);
}

static void link_down_is_a_bus_error(void)
{
	read_without_a_link(false);
}

static void closed_context_is_an_error(void)
{
	struct cxl_afu_h *afu;
	uint64_t value = 0;
	int status;
	pid_t pid;

	begin();
	afu = attach_one(CXL_MMIO_BIG_ENDIAN);
	sim_card_set_live(&card, false);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		require_ok(cxl_mmio_install_sigbus_handler());
		check_errno(cxl_mmio_read64(afu, 0, &value), EIO);
		check_eq(value, ALL_ONES);
		check_errno(cxl_mmio_write64(afu, 0, 1), EIO);
		_exit(0);
	}
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	cxl_afu_free(afu);
	model_stop(&model);
}

/* The AFU knows nothing of it: libafu has memory for its registers. */
static void libafu_has_memory_for_registers(void)
{
	struct cxl_afu_h *afu, *master;
	char node[64];
	uint64_t value;
	pid_t pid;

	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	snprintf(node, sizeof(node), "/dev/cxl-sim/%s.afu0", card.name);
	pid = sim_program_start(MEMCPY, node);
	afu = attach_one(CXL_MMIO_BIG_ENDIAN);
	/* Its second register is the process handle. */
	check_ok(cxl_mmio_read64(afu, 8, &value));
	check_eq(value >> 48, cxl_afu_get_process_element(afu));
	master = open_one(card.master);
	require_ok(cxl_afu_attach(master, 0));
	require_ok(cxl_mmio_map(master, CXL_MMIO_BIG_ENDIAN));
	check_ok(cxl_mmio_read64(master, 0x2000008 + 0x10000 *
				 cxl_afu_get_process_element(afu), &value));
	check_eq(value >> 48, cxl_afu_get_process_element(afu));
	check_ok(cxl_mmio_write64(master, 0, 0x8000000000000000ULL));
	check_ok(cxl_mmio_read64(master, 0, &value));
	check_eq(value, 0x8000000000000000ULL);
	cxl_afu_free(master);
	cxl_afu_free(afu);
	kill_and_wait(pid);
}

#define TEST(name) { "lib_trapped." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(byte_order_is_the_registers),
	TEST(errors_are_those_of_a_mapping),
	TEST(link_down_is_an_error),
	TEST(link_down_is_a_bus_error),
	TEST(closed_context_is_an_error),
	TEST(libafu_has_memory_for_registers),
};

TAP_MAIN(tests)
