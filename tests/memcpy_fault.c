// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation faults of the memcpy AFU: how many there are, and what happens if
 * one never ends.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/event_test.h"

#define SLAVE	"afu0.0s"
#define MASTER	"afu0.0m"
#define WE_ATOMIC	5
#define TRACE	"/sys/kernel/tracing/instances/memcpy_fault"

static struct event_batch batch;
static struct afu afu;

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static char *pages(int n)
{
	void *map = mmap(NULL, n * page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(map != MAP_FAILED);
	/* One at a time */
	check(!madvise(map, n * page_size(), MADV_NOHUGEPAGE) ||
	      errno == EINVAL);
	return map;
}

static void trace_start(void)
{
	require_ok(mkdir(TRACE, 0700));
	require_ok(file_write("1", TRACE "/events/cxl/cxl_pte_miss/enable"));
}

static void trace_remove(void)
{
	rmdir(TRACE);
}

/* Translation faults since the last call */
static int faults(void)
{
	static int before;
	FILE *trace = fopen(TRACE "/trace", "r");
	char line[512];
	int n = -before;

	require(trace);
	while (fgets(line, sizeof(line), trace))
		n += !!strstr(line, " cxl_pte_miss: ");
	fclose(trace);
	before += n;
	return n;
}

static __u8 copy(void *dst, const void *src, __u16 len)
{
	return queue_wait(queue_copy(&afu.queue, dst, src, len));
}

/* With its queue present already */
static void start(void)
{
	afu_start(&afu, SLAVE, 4);
	require_eq(copy(NULL, NULL, 0), WE_COMPLETE);
}

/* The longest possible copy, but not longer than @len */
static size_t copy_len(size_t len)
{
	return len < 65535 ? len : 65535;
}

/* Pages of a range that begins @offset bytes after the start of one */
static size_t pages_of(size_t offset, size_t len)
{
	return (offset + len - 1) / page_size() + 1;
}

/* An untouched destination page is one fault, whatever else is copied. */
static void each_missing_page_is_one_fault(void)
{
	const size_t page = page_size(), len = copy_len(3 * page);
	char *src = pages(4), *dst = pages(100);
	int i;

	memset(src, 's', 4 * page);
	trace_start();
	start();
	faults();
	for (i = 0; i < 100; i++)
		require_eq(copy(dst + i * page + i, src + 17, 100), WE_COMPLETE);
	check_eq(faults(), 100);
	for (i = 0; i < 100; i++)
		require_eq(copy(dst + i * page + i, src + 17, 100), WE_COMPLETE);
	check_eq(faults(), 0);

	/* Both sides missing, across several pages each */
	src = pages(4);
	dst = pages(4);
	require_eq(copy(dst + 300, src + 100, len), WE_COMPLETE);
	check_eq(faults(), pages_of(300, len) + pages_of(100, len));
	/* Source pages were only read: the zero page; a store faults again. */
	require_eq(copy(src, dst, 100), WE_COMPLETE);
	check_eq(faults(), 1);
}

/* An operation that reads and writes is a store from the start. */
static void atomic_is_one_fault(void)
{
	struct work_element *we;
	char *mem = pages(1);

	trace_start();
	start();
	faults();
	we = &afu.queue.we[afu.queue.next];
	we->length = htobe16(8);
	we->dst = htobe64((unsigned long)mem);
	__atomic_store_n(&we->cmd, WE_VALID | WE_ATOMIC, __ATOMIC_RELEASE);
	check_eq(queue_wait(we), WE_COMPLETE);
	check_eq(faults(), 1);
}

static void present_pages_are_no_fault(void)
{
	const size_t page = page_size();
	char *src = pages(16), *dst = pages(16);
	int i;

	memset(src, 's', 16 * page);
	memset(dst, 'd', 16 * page);
	trace_start();
	start();
	faults();
	for (i = 0; i < 100; i++)
		require_eq(copy(dst + i, src + 100 - i, 15 * page > 60000 ?
				60000 : 15 * page), WE_COMPLETE);
	check_eq(faults(), 0);
}

/* A WED of 0 faults once, even if the context is closed at once. */
static void wed_of_0_is_exactly_one_fault(void)
{
	int i, fd;

	if (sim_models_are_programs())
		skip("a program may look when the context is closed again");
	trace_start();
	for (i = 0; i < 50; i++) {
		fd = node_open_ok(MASTER);
		require_ok(node_start(fd, 0, -1, 0));
		if (i % 2)
			usleep(1000);
		require_ok(close(fd));
	}
	check_eq(faults(), 50);
}

/*
 * A page that its program never provides: the context waits, but neither others
 * nor the close do.
 */
static void fault_that_never_ends_harms_nobody(void)
{
	struct slow_buffer slow;
	struct work_element *we;
	struct afu stuck;
	char src[32] = "still alive", dst[32];
	long long begin;
	int i;

	slow_init(&slow, 4 * page_size(), 0);
	start();
	afu_start(&stuck, SLAVE, 4);
	we = queue_copy(&stuck.queue, slow.mem, src, sizeof(src));
	slow_wait(&slow);

	for (i = 0; i < 100; i++) {
		memset(dst, 0, sizeof(dst));
		require_eq(copy(dst, src, sizeof(src)), WE_COMPLETE);
		require(check_str_eq(dst, src));
	}
	check_eq(we->status, 0);
	begin = now_ms();
	munmap(stuck.mmio, stuck.mmio_size);
	require_ok(close(stuck.fd));
	check(now_ms() - begin < WAKE_MS);
	slow_fill(&slow);
	usleep(QUIET_MS * 1000);
	check_eq(we->status, 0);
}

/* The queue itself can be on such a page: START_WORK does not wait for it either. */
static void start_does_not_wait_for_the_queue(void)
{
	struct slow_buffer slow;
	struct queue q = { .size = 4 };
	int fd = node_open_ok(SLAVE);
	struct work_element *we;

	slow_init(&slow, page_size(), 0);
	q.we = (void *)slow.mem;
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	slow_wait(&slow);
	slow_fill(&slow);
	we = queue_copy(&q, NULL, NULL, 0);
	check_eq(queue_wait(we), WE_COMPLETE);
}

static void late_pages_are_waited_for(void)
{
	const size_t page = page_size(), len = copy_len(page + 100);
	char *src = pages(3), *expected = pages(3);
	struct slow_buffer slow;
	struct work_element *we;

	memset(src, 's', 3 * page);
	memcpy(expected + page - 50, src, len);
	slow_init(&slow, 3 * page, 0);
	start();
	we = queue_copy(&afu.queue, slow.mem + page - 50, src, len);
	slow_wait(&slow);
	usleep(QUIET_MS * 1000);
	check_eq(we->status, 0);
	slow_fill(&slow);
	check_eq(queue_wait(we), WE_COMPLETE);
	check_mem_eq(slow.mem, expected, 3 * page);
}

static void *take_pages_away(void *map)
{
	while (!madvise(map, 16 * page_size(), MADV_DONTNEED))
		;
	return NULL;
}

/* Pages are taken away all the time: each element still ends. */
static void pages_that_come_and_go(void)
{
	char *src = pages(16), *dst = pages(16);
	pthread_t thread;
	size_t len = copy_len(15 * page_size());
	long long end = now_ms() + SOON_MS;
	int i, complete = 0;
	__u8 status;

	memset(src, 's', 16 * page_size());
	start();
	require_eq(pthread_create(&thread, NULL, take_pages_away, dst), 0);
	for (i = 0; i < 50 || (!complete && now_ms() < end); i++) {
		status = copy(dst + 5, src, len);
		require(status == WE_COMPLETE || status == WE_AERROR);
		complete += status == WE_COMPLETE;
	}
	munmap(dst, 16 * page_size());
	pthread_join(thread, NULL);
	check(complete > 0);
	diag("%d of %d copies were completed", complete, i);
}

/* An address error keeps what was copied before it, and nothing after. */
static void copy_ends_where_the_memory_does(void)
{
	const size_t page = page_size(), n = 4096;
	char *src, *dst, *end;

	start();
	src = pages(2);
	dst = pages(3);
	end = dst + 2 * page;
	memset(src, 's', 2 * page);
	require_ok(munmap(end, page));
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	check_eq(copy(end - n, src, 2 * n), WE_AERROR);
	check_mem_eq(end - n, src, n);
	check_eq(end[-(int)n - 1], 0);
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].fault.addr, (unsigned long)end);
	/* In the other direction: if they overlap, the end comes first. */
	memset(dst, 'd', page);
	check_eq(copy(end - 100, dst + page, 200), WE_AERROR);
	check_eq(dst[0], 'd');
	check_eq(copy(dst, src, 100), WE_COMPLETE);
}

static const struct tap_test tests[] = {
	{ "memcpy_fault.each_missing_page_is_one_fault",
	  each_missing_page_is_one_fault, trace_remove },
	{ "memcpy_fault.atomic_is_one_fault", atomic_is_one_fault,
	  trace_remove },
	{ "memcpy_fault.present_pages_are_no_fault", present_pages_are_no_fault,
	  trace_remove },
	{ "memcpy_fault.wed_of_0_is_exactly_one_fault",
	  wed_of_0_is_exactly_one_fault, trace_remove },
	{ "memcpy_fault.fault_that_never_ends_harms_nobody",
	  fault_that_never_ends_harms_nobody },
	{ "memcpy_fault.start_does_not_wait_for_the_queue",
	  start_does_not_wait_for_the_queue },
	{ "memcpy_fault.late_pages_are_waited_for", late_pages_are_waited_for },
	{ "memcpy_fault.pages_that_come_and_go", pages_that_come_and_go },
	{ "memcpy_fault.copy_ends_where_the_memory_does",
	  copy_ends_where_the_memory_does },
};

TAP_MAIN(tests)
