// SPDX-License-Identifier: GPL-2.0-only
/* COPY: every length, every alignment, overlap, every kind of memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE	"afu0.0s"
#define MAX_LEN	65535
#define ROOM	(MAX_LEN + 65537)

static unsigned char src[ROOM], dst[ROOM], expected[ROOM];
static struct afu afu;

static void fill(unsigned char *buf, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 1103515245 + 12345;
		buf[i] = seed >> 16;
	}
}

static void start(void)
{
	afu_start(&afu, SLAVE, 4);
	fill(src, sizeof(src), 1);
}

static __u8 copy(void *to, const void *from, __u16 len)
{
	return queue_wait(queue_copy(&afu.queue, to, from, len));
}

/* The bytes arrived, and nothing around them changed. */
static void check_copy(size_t to, size_t from, __u16 len)
{
	fill(dst, sizeof(dst), 2);
	memcpy(expected, dst, sizeof(dst));
	memcpy(expected + to, src + from, len);
	require_eq(copy(dst + to, src + from, len), WE_COMPLETE);
	require(check_mem_eq(dst, expected, sizeof(dst)));
}

static void every_short_length(void)
{
	int len;

	start();
	for (len = 0; len < 150; len++)
		check_copy(len * 7 % 64, len * 5 % 64, len);
}

static void every_long_length(void)
{
	static const unsigned int len[] = {
		4095, 4096, 4097, 8191, 8192, 8193, 32768, 65534, 65535,
	};
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(len); i++) {
		check_copy(0, 0, len[i]);
		check_copy(1, 0, len[i]);
		check_copy(0, 1, len[i]);
		check_copy(4090, 63, len[i]);
		check_copy(100 + i, 4000 - i, len[i]);
	}
}

static void no_length_touches_nothing(void)
{
	struct event_batch batch;

	start();
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	check_eq(copy(NULL, NULL, 0), WE_COMPLETE);
	check_eq(copy((void *)-1L, (void *)-1L, 0), WE_COMPLETE);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

static void check_overlap(size_t to, size_t from, __u16 len)
{
	fill(dst, sizeof(dst), to ^ from);
	memcpy(expected, dst, sizeof(dst));
	memmove(expected + to, expected + from, len);
	require_eq(copy(dst + to, dst + from, len), WE_COMPLETE);
	require(check_mem_eq(dst, expected, sizeof(dst)));
}

/* As by memmove() */
static void overlap_is_as_if_read_first(void)
{
	static const unsigned int distance[] = {
		0, 1, 3, 8, 63, 64, 1000, 4095, 4096, 4097, 20000, 65000,
	};
	static const __u16 len[] = { 1, 2, 9, 100, 5000, 65535 };
	unsigned int i, j;

	start();
	for (i = 0; i < ARRAY_SIZE(distance); i++) {
		for (j = 0; j < ARRAY_SIZE(len); j++) {
			/* It is slow if done byte by byte. */
			if (distance[i] < 8 && len[j] > 5000)
				continue;
			check_overlap(50 + distance[i], 50, len[j]);
			check_overlap(50, 50 + distance[i], len[j]);
		}
	}
}

/*
 * The same, while the pages have to be faulted in one by one: an interrupted
 * copy continues where it stopped.
 */
static void overlap_with_faults_in_between(void)
{
	static const int distance[] = { -5000, -4096, -500, 500, 4096, 5000 };
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	const size_t size = 32 * 4096;
	unsigned char *map;
	unsigned int i;

	require_ok(ftruncate(file, size));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	require(map != MAP_FAILED);
	start();
	for (i = 0; i < ARRAY_SIZE(distance); i++) {
		unsigned char *from = map + 8192 + 77;
		unsigned char *to = from + distance[i];

		fill(map, size, i);
		memcpy(expected, map, size);
		memmove(expected + (to - map), expected + (from - map), 50000);
		/* The file keeps the bytes; the translations are dropped. */
		require_ok(madvise(map, size, MADV_DONTNEED));
		require_eq(copy(to, from, 50000), WE_COMPLETE);
		require(check_mem_eq(map, expected, size));
	}
}

/* The last byte is followed by a page that is not mapped. */
static void stays_within_the_page(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = map + page;

	require(map != MAP_FAILED);
	require_ok(munmap(end, page));
	start();
	memset(end - 100, 'e', 100);
	check_eq(copy(dst, end - 100, 100), WE_COMPLETE);
	check_mem_eq(dst, end - 100, 100);
	check_eq(copy(end - 60, src, 60), WE_COMPLETE);
	check_mem_eq(end - 60, src, 60);
	check_eq(copy(end + page, src, 60), WE_COMPLETE);
	check_mem_eq(end + page, src, 60);
}

/* Pages that a process maps but does not own */
static void zero_page_and_its_own_program(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *zero = mmap(NULL, 4 * page, PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const unsigned int len = 3 * page < 65535 ? 3 * page : 65535;
	unsigned int i, sum = 0;

	require(zero != MAP_FAILED);
	for (i = 0; i < 4; i++)
		sum += __atomic_load_n(&zero[i * page], __ATOMIC_RELAXED);
	start();
	memset(dst, 0xff, sizeof(dst));
	check_eq(copy(dst, zero + 5, len), WE_COMPLETE);
	for (i = 0; i < len; i++)
		sum += dst[i];
	check_eq(sum, 0);
	check_eq(copy(dst, start, 64), WE_COMPLETE);
	check_mem_eq(dst, start, 64);
}

static void huge_pages(void)
{
	const size_t huge = 2 << 20;
	unsigned char *map = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *p;

	require(map != MAP_FAILED);
	p = (void *)(((unsigned long)map + huge - 1) & -huge);
	madvise(p, huge, MADV_HUGEPAGE);
	start();
	fill(p, 100000, 3);
	check_eq(copy(p + 500001, p + 11, 60000), WE_COMPLETE);
	check_mem_eq(p + 500001, p + 11, 60000);
}

/* The source and other bytes of the element do not change. */
static void writes_nothing_but_data_and_status(void)
{
	struct work_element before, *we;

	start();
	memcpy(expected, src, sizeof(src));
	we = queue_add(&afu.queue, WE_COPY, 500, src, dst);
	before = *we;
	check_eq(queue_wait(we), WE_COMPLETE);
	before.status = WE_COMPLETE;
	check_mem_eq(we, &before, sizeof(before));
	check_mem_eq(src, expected, sizeof(src));
}

/* A program that sees the status sees the data. */
static void status_comes_after_the_data(void)
{
	struct work_element *we;
	unsigned int i;

	start();
	for (i = 0; i < 2000; i++) {
		src[4095] = i;
		dst[4095] = ~i;
		we = queue_copy(&afu.queue, dst, src, 4096);
		while (!__atomic_load_n(&we->status, __ATOMIC_ACQUIRE))
			;
		require_eq(dst[4095], src[4095]);
	}
}

static const struct tap_test tests[] = {
	{ "memcpy_copy.every_short_length", every_short_length },
	{ "memcpy_copy.every_long_length", every_long_length },
	{ "memcpy_copy.no_length_touches_nothing", no_length_touches_nothing },
	{ "memcpy_copy.overlap_is_as_if_read_first",
	  overlap_is_as_if_read_first },
	{ "memcpy_copy.overlap_with_faults_in_between",
	  overlap_with_faults_in_between },
	{ "memcpy_copy.stays_within_the_page", stays_within_the_page },
	{ "memcpy_copy.zero_page_and_its_own_program",
	  zero_page_and_its_own_program },
	{ "memcpy_copy.huge_pages", huge_pages },
	{ "memcpy_copy.writes_nothing_but_data_and_status",
	  writes_nothing_but_data_and_status },
	{ "memcpy_copy.status_comes_after_the_data",
	  status_comes_after_the_data },
};

TAP_MAIN(tests)
