// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver that follows, step by step, the first user of the in-kernel API
 * for the memcpy AFU; and its programs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "modules/cxl_test_memcpy.h"

#define READS		20
#define PAGES		20
#define TRACE		"/sys/kernel/tracing"
#define TRACE_EVENT	TRACE "/events/cxl/cxl_pte_miss/enable"

static int driver_open(void)
{
	return require_ok(open(CXL_TEST_MEMCPY_NODE, O_RDWR | O_CLOEXEC));
}

static void read_copies(int fd)
{
	static char buf[2][64];
	static int i;

	check_eq(read(fd, buf[++i & 1], sizeof(buf[0])), sizeof(buf[0]));
	check(memcmp(buf[0], buf[1], sizeof(buf[0])), "random each time");
}

/* The same context is started again and again. */
static void every_read_is_a_copy(void)
{
	int fd = driver_open(), i;

	for (i = 0; i < READS; i++)
		read_copies(fd);
}

static int get_fd(const struct queue *q, int num_irqs, bool master)
{
	struct cxl_test_memcpy_get_fd arg = {
		.work.flags = CXL_START_WORK_NUM_IRQS,
		.work.work_element_descriptor = queue_wed(q),
		.work.num_interrupts = num_irqs,
		.master = master,
	};
	int driver = driver_open();
	int fd = ioctl(driver, CXL_TEST_MEMCPY_GET_FD, &arg);

	close(driver);
	return fd;
}

static void *map_registers(int fd, size_t size)
{
	void *mmio = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);

	require(mmio != MAP_FAILED);
	return mmio;
}

static void descriptor_is_a_context(void)
{
	static char src[100] = "through a driver's descriptor", dst[100];
	struct event_batch batch;
	struct cxl_afu_id id;
	struct queue q;
	char *mmio;
	int fd;

	queue_init(&q, 1);
	fd = require_ok(get_fd(&q, 4, false));
	mmio = map_registers(fd, sysconf(_SC_PAGESIZE));
	check_eq(mmio_read(mmio, REG_PH) >> 48, node_pe(fd));
	require_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_eq(id.flags, CXL_AFUID_FLAG_SLAVE);
	check_eq(id.card_id, api_card());

	check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
	check_eq(queue_wait(queue_add(&q, WE_IRQ, 3, NULL, NULL)), WE_COMPLETE);
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 3);
}

static void master_descriptor_maps_all(void)
{
	size_t size = 64 << 20, pp_offset = 32 << 20, pp_size = 64 << 10;
	struct queue q;
	char *mmio;
	int fd;

	queue_init(&q, 1);
	fd = require_ok(get_fd(&q, 4, true));
	mmio = map_registers(fd, size);
	check_eq(mmio_read(mmio, pp_offset + node_pe(fd) * pp_size + REG_PH) >>
		 48, node_pe(fd));
	check_errno(get_fd(&q, -1, false), EINVAL);
}

static void kernel_and_programs_side_by_side(void)
{
	static char src[100] = "meanwhile", dst[100];
	int driver = driver_open(), fd, i;
	struct queue q;

	queue_init(&q, 1);
	fd = require_ok(get_fd(&q, 4, false));
	check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
		 WE_COMPLETE);
	/* Each read resets the AFU, which ends the work of all others. */
	for (i = 0; i < 3; i++)
		read_copies(driver);
	check_ok(close(fd));
	queue_destroy(&q);
	queue_init(&q, 1);
	fd = require_ok(get_fd(&q, 4, false));
	check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
		 WE_COMPLETE);
}

static int trace_lines(const char *word)
{
	FILE *f = fopen(TRACE "/trace", "re");
	char line[300];
	int n = 0;

	require(f);
	while (fgets(line, sizeof(line), f))
		n += line[0] != '#' && strstr(line, word);
	fclose(f);
	return n;
}

/*
 * The emulator can hang if code is patched while the other CPU runs it: only
 * patch code that nobody runs.
 */
static void trace_off(void)
{
	file_write("0", TRACE_EVENT);
}

/* Faults of the AFU while it writes to each page of @mem */
static int faults_of_copies(char *mem, size_t page)
{
	char src[8] = "touched";
	struct queue q;
	int fd, i, before;

	queue_init(&q, 8);
	/* The AFU looks at its queue at any time: no faults there. */
	memset(q.we, 0, q.size * sizeof(*q.we));
	fd = require_ok(get_fd(&q, 4, false));
	before = trace_lines("cxl_pte_miss");
	/* Recording task names would patch the scheduler, see trace_off(). */
	require_ok(file_write("0", TRACE "/options/record-cmd"));
	require_ok(file_write("1", TRACE_EVENT));
	for (i = 0; i < PAGES; i++)
		check_eq(queue_wait(queue_copy(&q, mem + i * page, src,
					       sizeof(src))), WE_COMPLETE);
	require_ok(file_write("0", TRACE_EVENT));
	close(fd);
	return trace_lines("cxl_pte_miss") - before;
}

static void prefaulted_pages_do_not_fault(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct cxl_test_memcpy_fault fault = { .size = PAGES * page };
	int driver = driver_open(), i;
	char *mem[2];

	for (i = 0; i < 2; i++) {
		mem[i] = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		require(mem[i] != MAP_FAILED);
		/* In a huge page the first fault would be the only one. */
		madvise(mem[i], PAGES * page, MADV_NOHUGEPAGE);
	}
	fault.addr = (unsigned long)mem[1];
	require_ok(ioctl(driver, CXL_TEST_MEMCPY_HANDLE_FAULT, &fault));
	check_eq(faults_of_copies(mem[0], page), PAGES);
	check_eq(faults_of_copies(mem[1], page), 0);
	fault.addr = 0;
	check_errno(ioctl(driver, CXL_TEST_MEMCPY_HANDLE_FAULT, &fault),
		    EFAULT);
}

/* There is a second record, but the driver serves one device only. */
static void further_device_is_refused(void)
{
	check(api_is_bound(0));
	check(!api_is_bound(1));
	check_ok(close(driver_open()));
}

static void recovery_keeps_the_driver(void)
{
	int driver = driver_open(), fd;
	struct event_batch batch;
	struct queue q;

	queue_init(&q, 1);
	fd = require_ok(get_fd(&q, 4, false));
	read_copies(driver);
	require_ok(file_write("1", SYSFS_CXL "/card%d/perst_reloads_same_image",
			      api_card()));
	api_inject("frozen", "recovery");
	check(api_is_bound(0));
	check_errno(events_read(fd, &batch), EIO);
	read_copies(driver);
	check_ok(get_fd(&q, 4, false));
}

static void replug_keeps_the_driver(void)
{
	int driver = driver_open();

	require_ok(file_write("0", SYSFS_CXL "/card%d/perst_reloads_same_image",
			      api_card()));
	read_copies(driver);
	api_inject("frozen", "recovery");
	require(becomes_true(api_is_bound(0) || api_is_bound(1)));
	read_copies(driver);
}

static void card_goes_and_comes(void)
{
	int driver = driver_open();
	struct queue q;
	char buf[64];

	queue_init(&q, 1);
	api_set_live(false);
	check_errno(read(driver, buf, sizeof(buf)), ENODEV);
	check_errno(get_fd(&q, 4, false), ENODEV);
	api_set_live(true);
	read_copies(driver);
}

static void card_live(void)
{
	file_write("1", "/sys/kernel/config/cxl-sim/api-test/live");
}

#define TEST(test, ...)		{ "api_memcpy." #test, test, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(every_read_is_a_copy),
	TEST(descriptor_is_a_context),
	TEST(master_descriptor_maps_all),
	TEST(kernel_and_programs_side_by_side),
	TEST(prefaulted_pages_do_not_fault, trace_off),
	TEST(further_device_is_refused),
	TEST(recovery_keeps_the_driver),
	TEST(replug_keeps_the_driver),
	TEST(card_goes_and_comes, card_live),
};

static const struct api_setup setup = {
	.module = "cxl_test_memcpy",
	.device = CXL_TEST_MEMCPY_DEVICE,
	.settings = { "afu0/num_crs", "2", "afu0/num_procs", "16" },
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
