// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations and accesses to user memory fail, at each place in turn, in what
 * a program makes the kernel do: nothing breaks, nothing leaks (kmemleak tells
 * at the end), and the same call works afterwards.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/fail_test.h"
#include "lib/module_test.h"
#include "lib/sim_test.h"

#define CONFIG		"/sys/kernel/config/cxl-sim"
#define NODE		"afu0.0s"

/*
 * Device nodes
 */

static int fd = -1;
static struct queue queue;

static int call_open(void)
{
	fd = node_open(NODE, 0);
	return fd;
}

static void undo_open(void)
{
	check_ok(close(fd));
}

static void open_of_a_node(void)
{
	check(fail_each(call_open, undo_open));
}

static int call_start(void)
{
	return node_start(fd, queue_wed(&queue), 4, 0);
}

static void undo_start(void)
{
	close(fd);
	fd = node_open_ok(NODE);
}

static void start_work(void)
{
	queue_init(&queue, 32);
	fd = node_open_ok(NODE);
	check(fail_each(call_start, undo_start));
}

static void *mapping;

static int call_mmap(void)
{
	mapping = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		return -1;
	mmio_read(mapping, REG_WED);
	return 0;
}

static void undo_mmap(void)
{
	check_ok(munmap(mapping, sysconf(_SC_PAGESIZE)));
}

static void mapping_of_the_problem_state_area(void)
{
	queue_init(&queue, 32);
	fd = node_open_ok(NODE);
	require_ok(call_start());
	check(fail_each(call_mmap, undo_mmap));
}

static unsigned char buf[CXL_READ_MIN_SIZE];

static int call_read(void)
{
	memset(buf, 0xee, sizeof(buf));
	return read(fd, buf, sizeof(buf));
}

/* The whole event is read, and none is left; then there is a new one. */
static void undo_read(void)
{
	struct cxl_event *event = (struct cxl_event *)buf;

	check_eq(event->header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(event->header.size, 16);
	check_eq(event->irq.irq, 3);
	check_eq(buf[16], 0xee);
	check_eq(events_poll(fd), 0);
	require_ok(sim_inject_irq(0, node_pe(fd), 3));
}

/* The kernel recovers from everything that can fail here. */
static void read_of_an_event(void)
{
	queue_init(&queue, 32);
	fd = node_open_ok(NODE);
	require_ok(call_start());
	require_ok(sim_inject_irq(0, node_pe(fd), 3));
	check_eq(fail_each(call_read, undo_read), 0);
}

/*
 * The copy service
 */

static struct cxl_copy_get_fd get_fd = { .queue_size = 65536 };
static int device;

/* cxl_psa_map() does not say why there is no mapping: the service says EIO. */
static int call_get_fd(void)
{
	fd = ioctl(device, CXL_COPY_GET_FD, &get_fd);
	if (fd < 0 && errno == EIO)
		errno = ENOMEM;
	return fd;
}

static void copy_service(void)
{
	device = copy_device();
	get_fd.queue_address = (unsigned long)copy_pages(65536);
	check(fail_each(call_get_fd, undo_open));
}

static struct copy_service service;
static unsigned char source[100], destination[100];

static int call_submit(void)
{
	return copy_submit_one(service.fd, source, destination, 100, 42);
}

static void undo_submit(void)
{
	check(copy_completes(&service, 42, 100));
	check_mem_eq(destination, source, 100);
	memset(destination, 0, sizeof(destination));
}

static void copy_submission(void)
{
	copy_pattern(source, sizeof(source), 1);
	copy_open(&service, 65536);
	check(fail_each(call_submit, undo_submit));
	copy_close(&service);
}

/*
 * Making cards
 */

static int call_mkdir(void)
{
	int error;

	if (mkdir(CONFIG "/fail", 0755))
		return -1;
	if (!mkdir(CONFIG "/fail/afu0", 0755) &&
	    !file_write("8", CONFIG "/fail/afu0/num_procs"))
		return 0;
	error = errno;
	fail_at(0);
	rmdir(CONFIG "/fail/afu0");
	rmdir(CONFIG "/fail");
	errno = error;
	return -1;
}

static void undo_mkdir(void)
{
	check_ok(rmdir(CONFIG "/fail/afu0"));
	check_ok(rmdir(CONFIG "/fail"));
}

static void settings_of_a_card(void)
{
	check(fail_each(call_mkdir, undo_mkdir));
}

/* Without loading the module, in which many other things could fail */
#define PRESENT		"/sys/kernel/debug/cxl_test_card/present"

static int call_register(void)
{
	return file_write("1", PRESENT);
}

static void undo_register(void)
{
	require_ok(file_write("0", PRESENT));
}

static void registration_of_a_card(void)
{
	require(module_exists("cxl_test_card"));
	require_ok(test_card_load("afus=2 irqs_min=0 err_buff_size=4096"));
	undo_register();
	check(fail_each(call_register, undo_register));
}

static const struct tap_test tests[] = {
	{ "fail.open_of_a_node", open_of_a_node, .limit = 60 },
	{ "fail.start_work", start_work, .limit = 60 },
	{ "fail.mapping_of_the_problem_state_area",
	  mapping_of_the_problem_state_area, .limit = 60 },
	{ "fail.read_of_an_event", read_of_an_event },
	{ "fail.copy_service", copy_service, .limit = 60 },
	{ "fail.copy_submission", copy_submission },
	{ "fail.settings_of_a_card", settings_of_a_card, .limit = 60 },
	{ "fail.registration_of_a_card", registration_of_a_card,
	  test_card_unload, 60 },
};

TAP_MAIN(tests)
