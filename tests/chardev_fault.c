// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation faults: which become data storage events and which the program
 * never notices.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE	"afu0.0s"

static struct event_batch batch;
static struct afu afu;

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void *pages(int n, int prot)
{
	void *map = mmap(NULL, n * page_size(), prot,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(map != MAP_FAILED);
	return map;
}

static void start(void)
{
	afu_start(&afu, SLAVE, 4);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
}

static __u8 copy(void *dst, const void *src, size_t len)
{
	return queue_wait(queue_copy(&afu.queue, dst, src, len));
}

static void check_no_event(void)
{
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

/* Exactly one event is pending, and says this. */
static void check_fault(const void *addr, __u64 dsisr)
{
	struct cxl_event expected;

	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	memset(&expected, 0, sizeof(expected));
	expected.header.type = CXL_EVENT_DATA_STORAGE;
	expected.header.size = 40;
	expected.header.process_element = afu.pe;
	expected.fault.addr = (unsigned long)addr;
	expected.fault.dsisr = dsisr;
	check_eq(batch.event[0].fault.addr, expected.fault.addr);
	check_eq(batch.event[0].fault.dsisr, dsisr);
	check_mem_eq(batch.buf, &expected, 40);
	check_no_event();
}

/* Below what the program's stack has used so far: it grows for the AFU, too. */
static void stack_grows(void)
{
	char *low = (char *)__builtin_frame_address(0) - 1024 * 1024;
	char src[64] = "far down the stack";

	start();
	check_eq(copy(low, src, sizeof(src)), WE_COMPLETE);
	check_no_event();
	check_mem_eq(low, src, sizeof(src));
	/* As far as the limit allows, not beyond */
	low -= 64 * 1024 * 1024;
	check_eq(copy(low, src, sizeof(src)), WE_AERROR);
	check_fault(low, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE | CXL_DSISR_STORE);
}

/* After a fault that could not be resolved the AFU goes on with the next element. */
static void check_afu_goes_on(void)
{
	char src[16] = "still at work", dst[16] = "";

	check_eq(copy(dst, src, sizeof(src)), WE_COMPLETE);
	check_str_eq(dst, src);
	check_no_event();
}

static void load_of_nothing_mapped(void)
{
	char *hole = pages(1, PROT_READ);

	start();
	munmap(hole, page_size());
	check_eq(afu_load_byte(&afu, hole + 123), WE_AERROR);
	check_fault(hole + 123, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	check_afu_goes_on();
}

static void store_to_nothing_mapped(void)
{
	char *hole = pages(1, PROT_READ);

	start();
	munmap(hole, page_size());
	check_eq(afu_store_byte(&afu, hole + 321), WE_AERROR);
	check_fault(hole + 321, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE | CXL_DSISR_STORE);
	check_afu_goes_on();
}

static void check_dsisr_bits(__u64 must, __u64 may)
{
	__u64 dsisr = batch.event[0].fault.dsisr;

	check((dsisr & must) == must, "dsisr %#llx", dsisr);
	check(!(dsisr & ~(must | may)), "dsisr %#llx", dsisr);
	check(dsisr & (CXL_DSISR_NO_PTE | CXL_DSISR_PROTECTION), "dsisr %#llx", dsisr);
}

static void check_protection_fault(char *addr, __u8 status, __u64 access)
{
	check_eq(status, WE_AERROR);
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, (unsigned long)addr);
	check_dsisr_bits(CXL_DSISR_PAGE_MISS | access, CXL_DSISR_NO_PTE | CXL_DSISR_PROTECTION);
	check_afu_goes_on();
}

static void load_of_prot_none(void)
{
	char *page = pages(1, PROT_READ | PROT_WRITE);

	start();
	page[5] = 'x';
	require_ok(mprotect(page, page_size(), PROT_NONE));
	check_protection_fault(page + 5, afu_load_byte(&afu, page + 5), 0);
}

static void store_to_read_only(void)
{
	char *page = pages(1, PROT_READ | PROT_WRITE);

	start();
	page[5] = 'y';
	require_ok(mprotect(page, page_size(), PROT_READ));
	check_eq(afu_load_byte(&afu, page + 5), WE_COMPLETE);
	check_protection_fault(page + 5, afu_store_byte(&afu, page + 5), CXL_DSISR_STORE);
	check_eq(page[5], 'y');
}

/* Pages that were never touched are a store's problem, not the program's. */
static void store_to_read_only_never_touched(void)
{
	char *page = pages(1, PROT_READ);

	start();
	check_protection_fault(page, afu_store_byte(&afu, page), CXL_DSISR_STORE);
}

static void load_of_kernel_address(void)
{
	char *addr = (char *)0xffff888000001000UL;

	start();
	check_eq(afu_load_byte(&afu, addr), WE_AERROR);
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, (unsigned long)addr);
	check_afu_goes_on();
}

/* The end of a copy that starts well: the address is that of the bad page. */
static void copy_into_a_hole_names_the_hole(void)
{
	char *map = pages(2, PROT_READ | PROT_WRITE), src[100];
	char *hole = map + page_size();

	start();
	memset(src, 's', sizeof(src));
	munmap(hole, page_size());
	check_eq(copy(hole - 30, src, sizeof(src)), WE_AERROR);
	check_fault(hole, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE | CXL_DSISR_STORE);
	check_eq(copy(map, hole - 30, sizeof(src)), WE_AERROR);
	check_fault(hole, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
}

static void never_touched_pages_are_no_event(void)
{
	char *src = pages(4, PROT_READ | PROT_WRITE);
	char *dst = pages(4, PROT_READ | PROT_WRITE);
	size_t size = 3 * page_size() < 65535 ? 3 * page_size() : 65535;

	start();
	/* Only source bytes that the program has never touched: zeroes. */
	check_eq(copy(dst + 100, src + 200, size), WE_COMPLETE);
	check_eq(dst[100 + size - 1], 0);
	memset(src, 'z', 4 * page_size());
	check_eq(copy(dst + 100, src + 200, size), WE_COMPLETE);
	check_mem_eq(dst + 100, src + 200, size);
	check_eq(dst[99], 0);
	check_eq(dst[100 + size], 0);
	check_no_event();
}

/* Read permission is enough where the AFU only reads, also the first time. */
static void read_only_memory_is_read(void)
{
	char *zeroes = pages(1, PROT_READ), dst[16] = "not zero";
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	char *map;

	require_eq(write(file, "in a file", 10), 10);
	map = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, file, 0);
	require(map != MAP_FAILED);
	start();
	check_eq(copy(dst, zeroes, sizeof(dst)), WE_COMPLETE);
	check_eq(dst[0], 0);
	check_eq(copy(dst, map, 10), WE_COMPLETE);
	check_str_eq(dst, "in a file");
	check_no_event();
}

static void memory_mapped_after_start_is_reached(void)
{
	char *src, *dst;

	start();
	src = pages(1, PROT_READ | PROT_WRITE);
	dst = pages(1, PROT_READ | PROT_WRITE);
	strcpy(src, "mapped later");
	check_eq(copy(dst, src, 64), WE_COMPLETE);
	check_str_eq(dst, src);
	check_no_event();
}

/* The AFU keeps no stale translation: neither an old page nor an old right. */
static void remapped_memory_is_noticed(void)
{
	size_t page = page_size();
	char *addr = pages(1, PROT_READ | PROT_WRITE), src[16] = "one", *again;
	int i;

	start();
	for (i = 0; i < 10; i++) {
		src[0] = 'a' + i;
		check_eq(copy(addr, src, sizeof(src)), WE_COMPLETE);
		check_str_eq(addr, src);
		require_ok(munmap(addr, page));
		again = mmap(addr, page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		require(again == addr);
		check_eq(addr[0], 0);
	}
	check_no_event();
	require_ok(munmap(addr, page));
	check_eq(copy(addr, src, sizeof(src)), WE_AERROR);
	check_fault(addr, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE | CXL_DSISR_STORE);
}

/* The AFU writes to the page of this process, not to the one forked off. */
static void private_pages_are_copied_on_write(void)
{
	char *page = pages(1, PROT_READ | PROT_WRITE), src[8] = "parent";
	int status, pipefd[2];
	pid_t child;
	char token;

	start();
	strcpy(page, "before");
	require_ok(pipe(pipefd));
	child = fork();
	if (!child) {
		close(pipefd[1]);
		require_eq(read(pipefd[0], &token, 1), 0);
		check_str_eq(page, "before");
		_exit(0);
	}
	close(pipefd[0]);
	check_eq(copy(page, src, sizeof(src)), WE_COMPLETE);
	check_str_eq(page, "parent");
	close(pipefd[1]);
	require_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
	check_no_event();
}

static void private_file_is_not_written(void)
{
	char src[8] = "afu", content[8] = "";
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	char *map;

	require_eq(write(file, "file", 5), 5);
	map = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	require(map != MAP_FAILED);
	start();
	check_eq(copy(map, src, 4), WE_COMPLETE);
	check_str_eq(map, "afu");
	check_eq(pread(file, content, 5, 0), 5);
	check_str_eq(content, "file");
}

static void shared_file_is_written(void)
{
	char src[8] = "afu", content[8] = "";
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	char *map;

	require_eq(write(file, "file", 5), 5);
	map = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	require(map != MAP_FAILED);
	start();
	check_eq(copy(map, src, 4), WE_COMPLETE);
	check_eq(pread(file, content, 5, 0), 5);
	check_str_eq(content, "afu");
	check_no_event();
}

/* Beyond the end of a file a process gets SIGBUS, the AFU an address error. */
static void behind_the_end_of_a_file(void)
{
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	char *map = mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE,
			 MAP_SHARED, file, 0);

	require(map != MAP_FAILED);
	require_ok(ftruncate(file, page_size()));
	start();
	check_eq(afu_load_byte(&afu, map), WE_COMPLETE);
	check_eq(afu_load_byte(&afu, map + page_size()), WE_AERROR);
	check_fault(map + page_size(), CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	check_afu_goes_on();
}

/* There is one slot, and the last fault stays. */
static void last_fault_is_the_one_read(void)
{
	char *hole = pages(3, PROT_NONE);

	start();
	munmap(hole, 3 * page_size());
	check_eq(afu_load_byte(&afu, hole + 1), WE_AERROR);
	check_eq(afu_load_byte(&afu, hole + page_size()), WE_AERROR);
	check_eq(afu_store_byte(&afu, hole + 2 * page_size() + 7), WE_AERROR);
	/* The AFU is told before the program. */
	usleep(QUIET_MS * 1000);
	check_fault(hole + 2 * page_size() + 7,
		    CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE | CXL_DSISR_STORE);

	/* Once it is read, the slot is free again. */
	check_eq(afu_load_byte(&afu, hole + 1), WE_AERROR);
	check_fault(hole + 1, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
}

/* In whatever order they came, interrupts are delivered before the fault. */
static void interrupts_come_before_the_fault(void)
{
	char *hole = pages(1, PROT_NONE);

	start();
	munmap(hole, page_size());
	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	require(events_wait(afu.fd));
	afu_irq(&afu, 4);
	afu_irq(&afu, 1);
	check_eq(events_read(afu.fd, &batch), 16 + 16 + 40);
	require_eq(batch.n, 3);
	check_eq(batch.event[0].irq.irq, 1);
	check_eq(batch.event[1].irq.irq, 4);
	check_eq(batch.event[2].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[2].fault.addr, (unsigned long)hole);
	check_no_event();
}

/* The card has its answer already: the AFU goes on before anybody reads. */
static void nothing_waits_for_the_reader(void)
{
	char *hole = pages(1, PROT_NONE), src[8] = "on", dst[8];
	int i;

	start();
	munmap(hole, page_size());
	for (i = 0; i < 20; i++) {
		memset(dst, 0, sizeof(dst));
		check_eq(afu_load_byte(&afu, hole), WE_AERROR);
		check_eq(copy(dst, src, sizeof(src)), WE_COMPLETE);
		check_str_eq(dst, src);
	}
	usleep(QUIET_MS * 1000);
	check_fault(hole, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
}

static void other_contexts_are_not_harmed(void)
{
	char *hole = pages(1, PROT_NONE), src[8] = "other", dst[8] = "";
	struct afu other;

	start();
	afu_start(&other, SLAVE, 4);
	munmap(hole, page_size());
	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	check_eq(events_poll(other.fd), 0);
	check_eq(queue_wait(queue_copy(&other.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	check_fault(hole, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	afu_stop(&other);
}

/*
 * A master often has a WED of 0: one fetch from address 0, one event, and
 * nothing after that.
 */
static void bad_queue_is_one_event(void)
{
	int fd = require_ok(node_open("afu0.0m", O_NONBLOCK));

	require_ok(node_start(fd, 0, -1, 0));
	require(events_wait(fd));
	require_eq(events_read(fd, &batch), 40);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, 0);
	check_eq(batch.event[0].fault.dsisr, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	usleep(QUIET_MS * 1000);
	check_errno(events_read(fd, &batch), EAGAIN);
}

/* The queue is unmapped under the AFU: an event, and the context can be closed. */
static void queue_unmapped_is_an_event(void)
{
	start();
	munmap(afu.queue.we, afu.queue.size * sizeof(*afu.queue.we));
	check_fault(afu.queue.we, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	usleep(QUIET_MS * 1000);
	check_no_event();
	check_ok(close(afu.fd));
}

/* The work is done, but its status cannot be written where the program looks. */
static void status_that_cannot_be_written(void)
{
	char src[8] = "once", dst[8] = "";
	struct work_element *we;
	size_t bytes;

	start();
	bytes = afu.queue.size * sizeof(*we);
	queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL);
	we = queue_copy(&afu.queue, dst, src, sizeof(src));
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 16);
	/* The AFU stands still after the interrupt. */
	require_ok(mprotect(afu.queue.we, bytes, PROT_READ));
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, (unsigned long)&we->status);
	check_dsisr_bits(CXL_DSISR_PAGE_MISS | CXL_DSISR_STORE,
			 CXL_DSISR_NO_PTE | CXL_DSISR_PROTECTION);
	check_str_eq(dst, src);
	usleep(QUIET_MS * 1000);
	check_no_event();
}

static const struct tap_test tests[] = {
	{ "chardev_fault.load_of_nothing_mapped", load_of_nothing_mapped },
	{ "chardev_fault.store_to_nothing_mapped", store_to_nothing_mapped },
	{ "chardev_fault.stack_grows", stack_grows },
	{ "chardev_fault.load_of_prot_none", load_of_prot_none },
	{ "chardev_fault.store_to_read_only", store_to_read_only },
	{ "chardev_fault.store_to_read_only_never_touched",
	  store_to_read_only_never_touched },
	{ "chardev_fault.load_of_kernel_address", load_of_kernel_address },
	{ "chardev_fault.copy_into_a_hole_names_the_hole",
	  copy_into_a_hole_names_the_hole },
	{ "chardev_fault.never_touched_pages_are_no_event",
	  never_touched_pages_are_no_event },
	{ "chardev_fault.read_only_memory_is_read", read_only_memory_is_read },
	{ "chardev_fault.memory_mapped_after_start_is_reached",
	  memory_mapped_after_start_is_reached },
	{ "chardev_fault.remapped_memory_is_noticed",
	  remapped_memory_is_noticed },
	{ "chardev_fault.private_pages_are_copied_on_write",
	  private_pages_are_copied_on_write },
	{ "chardev_fault.private_file_is_not_written",
	  private_file_is_not_written },
	{ "chardev_fault.shared_file_is_written", shared_file_is_written },
	{ "chardev_fault.behind_the_end_of_a_file", behind_the_end_of_a_file },
	{ "chardev_fault.last_fault_is_the_one_read",
	  last_fault_is_the_one_read },
	{ "chardev_fault.interrupts_come_before_the_fault",
	  interrupts_come_before_the_fault },
	{ "chardev_fault.nothing_waits_for_the_reader",
	  nothing_waits_for_the_reader },
	{ "chardev_fault.other_contexts_are_not_harmed",
	  other_contexts_are_not_harmed },
	{ "chardev_fault.bad_queue_is_one_event", bad_queue_is_one_event },
	{ "chardev_fault.queue_unmapped_is_an_event",
	  queue_unmapped_is_an_event },
	{ "chardev_fault.status_that_cannot_be_written",
	  status_that_cannot_be_written },
};

TAP_MAIN(tests)
