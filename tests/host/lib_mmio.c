// SPDX-License-Identifier: GPL-2.0-only
/* Registers of a fake device: width, byte order, all ones. */
#define _GNU_SOURCE
#include <endian.h>
#include <signal.h>
#include <string.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

static struct cxl_afu_h *open_one(void)
{
	struct cxl_afu_h *afu;

	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
	afu = cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s"));
	require(afu, "%m");
	return afu;
}

static struct cxl_afu_h *map_one(__u32 flags)
{
	struct cxl_afu_h *afu = open_one();

	require_ok(cxl_afu_attach(afu, 0));
	errno = 0;
	require_ok(cxl_mmio_map(afu, flags));
	check_eq(errno, 0);
	return afu;
}

static void byte_order_is_the_registers(void)
{
	static const struct {
		__u32 flags;
		bool big;
	} orders[] = {
		{ CXL_MMIO_BIG_ENDIAN, true },
		{ CXL_MMIO_LITTLE_ENDIAN, false },
		{ CXL_MMIO_HOST_ENDIAN, __BYTE_ORDER == __BIG_ENDIAN },
		{ 0, __BYTE_ORDER == __BIG_ENDIAN },
	};
	static const unsigned char big[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const unsigned char little[] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	struct cxl_afu_h *afu = map_one(0);
	unsigned char *memory = fake_memory();
	const unsigned char *bytes;
	unsigned int i;
	uint64_t value;
	uint32_t half;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		diag("flags %u", orders[i].flags);
		bytes = orders[i].big ? big : little;
		memset(memory, 0, 64);
		require_ok(cxl_mmio_map(afu, orders[i].flags));
		check_eq(cxl_mmio_write64(afu, 8, 0x0102030405060708), 0);
		check_mem_eq(memory + 8, bytes, 8);
		check_eq(cxl_mmio_read64(afu, 8, &value), 0);
		check_eq(value, 0x0102030405060708);
		check_eq(cxl_mmio_write32(afu, 20, 0x01020304), 0);
		check_mem_eq(memory + 20, bytes + (orders[i].big ? 0 : 4), 4);
		check_eq(cxl_mmio_read32(afu, 20, &half), 0);
		check_eq(half, 0x01020304);
		/* The neighbours have not changed. */
		check_mem_eq(memory, "\0\0\0\0\0\0\0\0", 8);
		check_mem_eq(memory + 16, "\0\0\0\0", 4);
		check_mem_eq(memory + 24, "\0\0\0\0", 4);
	}
	check_eq(errno, 0);
	cxl_afu_free(afu);
}

static void offset_must_fit(void)
{
	static const uint64_t odd[] = {
		1, 4, 7, FAKE_MMIO_SIZE - 4, FAKE_MMIO_SIZE, FAKE_MMIO_SIZE + 8,
		UINT64_MAX, UINT64_MAX - 7, 1ULL << 32, 1ULL << 63,
	};
	static const uint64_t odd32[] = {
		1, 2, 3, FAKE_MMIO_SIZE, UINT64_MAX - 3, 1ULL << 32,
	};
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	unsigned int i;
	uint64_t value;
	uint32_t half;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		value = 0;
		check_errno(cxl_mmio_write64(afu, odd[i], 1), EINVAL);
		check_errno(cxl_mmio_read64(afu, odd[i], &value), EINVAL);
		check(value == UINT64_MAX);
	}
	for (i = 0; i < ARRAY_SIZE(odd32); i++) {
		half = 0;
		check_errno(cxl_mmio_write32(afu, odd32[i], 1), EINVAL);
		check_errno(cxl_mmio_read32(afu, odd32[i], &half), EINVAL);
		check_eq(half, UINT32_MAX);
	}
	check_eq(cxl_mmio_read64(afu, FAKE_MMIO_SIZE - 8, &value), 0);
	check_eq(cxl_mmio_read32(afu, FAKE_MMIO_SIZE - 4, &half), 0);
	cxl_afu_free(afu);
}

static void must_be_mapped(void)
{
	struct cxl_afu_h *afu = open_one();
	uint64_t value;
	uint32_t half;
	void *ptr;

	check_errno(cxl_mmio_write64(afu, 0, 1), EINVAL);
	check_errno(cxl_mmio_write32(afu, 0, 1), EINVAL);
	check_errno(cxl_mmio_read64(afu, 0, &value), EINVAL);
	check_errno(cxl_mmio_read32(afu, 0, &half), EINVAL);
	check_errno(cxl_mmio_write64(NULL, 0, 1), EINVAL);
	check_errno(cxl_mmio_write32(NULL, 0, 1), EINVAL);
	check_errno(cxl_mmio_read64(NULL, 0, &value), EINVAL);
	check_errno(cxl_mmio_read32(NULL, 0, &half), EINVAL);
	check_errno(cxl_mmio_ptr(afu, &ptr), EINVAL);
	check_errno(cxl_mmio_ptr(NULL, &ptr), EINVAL);
	check_errno(cxl_mmio_unmap(afu), EINVAL);
	check_errno(cxl_mmio_unmap(NULL), EINVAL);

	require_ok(cxl_afu_attach(afu, 0));
	require_ok(cxl_mmio_map(afu, 0));
	check_errno(cxl_mmio_read64(afu, 0, NULL), EINVAL);
	check_errno(cxl_mmio_read32(afu, 0, NULL), EINVAL);
	check_errno(cxl_mmio_ptr(afu, NULL), EINVAL);
	check_eq(cxl_mmio_ptr(afu, &ptr), 0);
	*(volatile uint32_t *)ptr = 0x1234;
	check_eq(cxl_mmio_read32(afu, 0, &half), 0);
	check_eq(half, 0x1234);
	check_eq(cxl_mmio_unmap(afu), 0);
	check_errno(cxl_mmio_unmap(afu), EINVAL);
	check_errno(cxl_mmio_read32(afu, 0, &half), EINVAL);
	cxl_afu_free(afu);
}

static void map_tells_why_not(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);

	check_errno(cxl_mmio_map(NULL, 0), EINVAL);
	check_errno(cxl_mmio_map(closed, 0), ENODEV);
	check_errno(cxl_mmio_map(afu, 4), ENODEV);
	check_errno(cxl_mmio_map(afu, 0x80000001), ENODEV);
	check_errno(cxl_mmio_map(afu, 0), EIO);
	require_ok(cxl_afu_attach(afu, 0));
	fake_write("65536\n", "sys/class/cxl/afu0.0/mmio_size");
	check_errno(cxl_mmio_map(afu, 0), EINVAL);
	fake_delete("sys/class/cxl/afu0.0/mmio_size");
	check_errno(cxl_mmio_map(afu, 0), ENODEV);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

/* The number of mappings of the area */
static int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[300];
	int n = 0;

	require(maps, "%m");
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "memfd:psa"))
			n++;
	fclose(maps);
	return n;
}

/* A thread that has the address, or makes an access, is not disturbed. */
static void second_map_keeps_the_first(void)
{
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	void *first, *second;
	uint32_t value;
	int before;

	before = mappings();
	check_eq(before, 1);
	check_eq(cxl_mmio_ptr(afu, &first), 0);
	check_eq(cxl_mmio_write32(afu, 0, 0x01020304), 0);
	check_eq(cxl_mmio_map(afu, CXL_MMIO_LITTLE_ENDIAN), 0);
	check_eq(cxl_mmio_ptr(afu, &second), 0);
	check(first == second);
	check_eq(mappings(), before);
	check_eq(cxl_mmio_read32(afu, 0, &value), 0);
	check_eq(value, 0x04030201);
	fake_device.closed = true;
	check_errno(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN), EIO);
	check_eq(cxl_mmio_read32(afu, 0, &value), 0);
	check_eq(value, 0x04030201);
	cxl_afu_free(afu);
	check_eq(mappings(), 0);
}

static void other_size_is_mapped_anew(void)
{
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	uint64_t wide;
	uint32_t value;

	fake_write("8192\n", "sys/class/cxl/afu0.0/mmio_size");
	check_eq(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN), 0);
	check_eq(cxl_mmio_read32(afu, 8188, &value), 0);
	check_errno(cxl_mmio_read32(afu, 8192, &value), EINVAL);
	/* With an odd size the last bytes are too few. */
	fake_write("8196\n", "sys/class/cxl/afu0.0/mmio_size");
	check_eq(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN), 0);
	check_eq(cxl_mmio_read32(afu, 8192, &value), 0);
	check_errno(cxl_mmio_read64(afu, 8192, &wide), EINVAL);
	cxl_afu_free(afu);
}

/* All ones */

static void all_ones_is_a_value_while_the_link_is_up(void)
{
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	uint64_t value = 0;
	uint32_t half = 0;

	memset(fake_memory(), 0xff, 8);
	errno = 0;
	check_eq(cxl_mmio_read64(afu, 0, &value), 0);
	check(value == UINT64_MAX);
	check_eq(cxl_mmio_read32(afu, 4, &half), 0);
	check_eq(half, UINT32_MAX);
	check_eq(errno, 0);
	cxl_afu_free(afu);
}

static void all_ones_is_an_error_while_the_link_is_down(void)
{
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	uint64_t value = 0;
	uint32_t half = 0;

	require_ok(cxl_mmio_install_sigbus_handler());
	memset(fake_memory(), 0xff, 8);
	fake_device.link_down = true;
	check_errno(cxl_mmio_read64(afu, 0, &value), EIO);
	check(value == UINT64_MAX);
	check_errno(cxl_mmio_read32(afu, 0, &half), EIO);
	check_eq(half, UINT32_MAX);
	/* Any other value was read. */
	check_eq(cxl_mmio_read64(afu, 8, &value), 0);
	check_eq(value, 0);
	cxl_afu_free(afu);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	check_eq(sig, SIGBUS);
	signals++;
}

static void without_handler_all_ones_is_a_signal(void)
{
	struct cxl_afu_h *afu = map_one(CXL_MMIO_BIG_ENDIAN);
	uint64_t value;
	uint32_t half;

	signal(SIGBUS, count_signal);
	memset(fake_memory(), 0xff, 8);
	fake_device.link_down = true;
	check_errno(cxl_mmio_read64(afu, 0, &value), EIO);
	check_eq(signals, 1);
	check_errno(cxl_mmio_read32(afu, 0, &half), EIO);
	check_eq(signals, 2);
	cxl_afu_free(afu);
}

static const struct tap_test tests[] = {
	{ "lib_mmio.byte_order_is_the_registers", byte_order_is_the_registers },
	{ "lib_mmio.offset_must_fit", offset_must_fit },
	{ "lib_mmio.must_be_mapped", must_be_mapped },
	{ "lib_mmio.map_tells_why_not", map_tells_why_not },
	{ "lib_mmio.second_map_keeps_the_first", second_map_keeps_the_first },
	{ "lib_mmio.other_size_is_mapped_anew", other_size_is_mapped_anew },
	{ "lib_mmio.all_ones_is_a_value_while_the_link_is_up",
	  all_ones_is_a_value_while_the_link_is_up },
	{ "lib_mmio.all_ones_is_an_error_while_the_link_is_down",
	  all_ones_is_an_error_while_the_link_is_down },
	{ "lib_mmio.without_handler_all_ones_is_a_signal",
	  without_handler_all_ones_is_a_signal },
};

TAP_MAIN(tests)
