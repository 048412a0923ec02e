// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver in the style of a storage adapter's, the most demanding user of
 * the in-kernel API.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "modules/cxl_test_flash/cxl_test_flash.h"

#define IRQS_OF_QUEUES	7
#define USERS		(CXL_TEST_FLASH_CONTEXTS - CXL_TEST_FLASH_QUEUES)
#define RECOVERIES	1000

static int driver_open(void)
{
	return require_ok(open(CXL_TEST_FLASH_NODE, O_RDWR | O_CLOEXEC));
}

static void get_state(struct cxl_test_flash_state *state)
{
	int driver = driver_open();

	require_ok(ioctl(driver, CXL_TEST_FLASH_STATE, state));
	close(driver);
	check_eq(state->problems, 0);
}

static void ping(void)
{
	int driver = driver_open();

	check_ok(ioctl(driver, CXL_TEST_FLASH_PING));
	close(driver);
}

static void recover(void)
{
	api_inject("frozen", "recovery");
}

/* The descriptor, or -1 and errno */
static int attach(const struct queue *q, int num_irqs,
		  struct cxl_test_flash_attach *arg)
{
	struct cxl_test_flash_attach own;
	int driver = driver_open(), ret;

	arg = arg ?: &own;
	memset(arg, 0, sizeof(*arg));
	arg->wed = q ? queue_wed(q) : 0;
	arg->num_irqs = num_irqs;
	ret = ioctl(driver, CXL_TEST_FLASH_ATTACH, arg);
	close(driver);
	return ret ? ret : arg->fd;
}

static void contexts_of_the_driver_have_interrupts(void)
{
	struct cxl_test_flash_state before, after;

	get_state(&before);
	ping();
	get_state(&after);
	check_eq(after.interrupts - before.interrupts, IRQS_OF_QUEUES);
}

/* There is no V6. */
static void ports_have_names(void)
{
	struct cxl_test_flash_state state;

	get_state(&state);
	check_eq(state.wwpn[0], 0x5005076812345678);
	check_eq(state.wwpn[1], 0);
	check_eq(state.wwpn[2], 0x50050768aabbccdd);
	check_eq(state.wwpn[3], 0x50050768abcdef01);
}

static void *map_registers(int fd)
{
	void *mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);

	require(mmio != MAP_FAILED);
	return mmio;
}

static void program_works_through_the_driver(void)
{
	static char src[200] = "the driver's file", dst[200];
	struct cxl_test_flash_state before, after;
	struct cxl_test_flash_attach arg;
	struct event_batch batch;
	struct queue q;
	char *mmio;
	int fd;

	get_state(&before);
	queue_init(&q, 1);
	fd = require_ok(attach(&q, 4, &arg));
	check_eq(node_pe(fd), arg.pe);
	mmio = map_registers(fd);
	check_eq(mmio_read(mmio, REG_PH) >> 48, arg.pe);
	/* Through the driver's handler, once per page */
	check_eq(mmio_read(mmio, REG_WED), queue_wed(&q));
	get_state(&after);
	check_eq(after.faults - before.faults, 1);

	check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
	check_eq(queue_wait(queue_add(&q, WE_IRQ, 1, NULL, NULL)), WE_COMPLETE);
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].header.process_element, arg.pe);
	check_errno(attach(&q, -1, NULL), EINVAL);
}

static void all_contexts_at_once(void)
{
	static struct cxl_test_flash_attach arg[USERS];
	static bool seen[CXL_TEST_FLASH_CONTEXTS];
	static int fd[USERS];
	unsigned int i;
	struct queue q;

	queue_init(&q, 1);
	for (i = 0; i < USERS; i++) {
		fd[i] = require_ok(attach(&q, 3, &arg[i]));
		require(arg[i].pe < CXL_TEST_FLASH_CONTEXTS);
		check(!seen[arg[i].pe]);
		seen[arg[i].pe] = true;
	}
	check_errno(attach(&q, 3, NULL), ENOSPC);
	ping();
	for (i = 0; i < USERS; i++)
		check_ok(close(fd[i]));
	check_ok(attach(&q, 3, NULL));
}

/*
 * All contexts share the card's interrupts. The driver checks that the failed
 * start is undone.
 */
static void interrupts_run_out(void)
{
	struct queue q;

	queue_init(&q, 1);
	check_ok(attach(&q, 2037 - IRQS_OF_QUEUES - 4, NULL));
	check_errno(attach(&q, 5, NULL), ENOSPC);
	check_ok(attach(&q, 4, NULL));
	ping();
}

static void recovery_starts_afresh(void)
{
	struct cxl_test_flash_state before, after;
	struct event_batch batch;
	struct queue q, again;
	char *mmio;
	int fd;

	get_state(&before);
	queue_init(&q, 1);
	fd = require_ok(attach(&q, 4, NULL));
	mmio = map_registers(fd);
	check_eq(mmio_read(mmio, REG_WED), queue_wed(&q));
	recover();
	get_state(&after);
	check_eq(after.recoveries - before.recoveries, 1);
	ping();

	/* All ones, from the driver's page; the old context is closed. */
	check_eq(mmio_read(mmio, REG_WED), ~0ULL);
	check_ok(events_read(fd, &batch));
	check(events_poll(fd) & POLLHUP);
	check_errno(events_read(fd, &batch), EIO);
	check_ok(close(fd));

	queue_init(&again, 1);
	fd = require_ok(attach(&again, 4, NULL));
	mmio = map_registers(fd);
	check_eq(mmio_read(mmio, REG_WED), queue_wed(&again));
	close(fd);
}

/* What the program is told before its context is closed can be read afterwards. */
static void recovery_is_told_by_an_event(void)
{
	struct cxl_test_flash_event event;
	struct event_batch batch;
	struct queue q;
	int fd;

	queue_init(&q, 1);
	fd = require_ok(attach(&q, 4, NULL));
	recover();
	require(events_wait(fd));
	require_eq(events_read(fd, &batch),
		   sizeof(struct cxl_event_header) + sizeof(event));
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_DRIVER);
	memcpy(&event, batch.buf + sizeof(struct cxl_event_header),
	       sizeof(event));
	check_eq(event.what, CXL_TEST_FLASH_RECOVER);
	check_errno(events_read(fd, &batch), EIO);
	check_ok(close(fd));
	/* Nor is it in the way of what nobody reads. */
	fd = require_ok(attach(&q, 4, NULL));
	recover();
	check_ok(close(fd));
	ping();
}

static void recoveries_again_and_again(void)
{
	struct cxl_test_flash_state before, after;
	unsigned int i, times = tap_rounds(RECOVERIES, 10);
	struct queue q;
	int fd;

	queue_init(&q, 1);
	get_state(&before);
	for (i = 0; i < times; i++) {
		fd = require_ok(attach(&q, 4, NULL));
		recover();
		if (i % 2)
			close(fd);
		if (i % 50 == 0)
			ping();
	}
	get_state(&after);
	check_eq(after.recoveries - before.recoveries, times);
	ping();
}

static void permanent_failure_takes_the_card(void)
{
	struct event_batch batch;
	struct queue q;
	int fd;

	queue_init(&q, 1);
	fd = require_ok(attach(&q, 4, NULL));
	api_inject("perm_failure", "recovery");
	check(becomes_true(!api_is_bound(0)));
	check_errno(attach(&q, 4, NULL), ENODEV);
	check_ok(events_read(fd, &batch));
	check(events_poll(fd) & POLLHUP);
	api_set_live(false);
	api_set_live(true);
	require(api_is_bound(0));
	ping();
}

static void unbind_with_programs(void)
{
	struct event_batch batch;
	struct queue q;
	char *mmio;
	int fd;

	queue_init(&q, 1);
	fd = require_ok(attach(&q, 4, NULL));
	mmio = map_registers(fd);
	check_eq(mmio_read(mmio, REG_WED), queue_wed(&q));
	api_unbind();
	check_ok(events_read(fd, &batch));
	check(events_poll(fd) & POLLHUP);
	check_eq(mmio_read(mmio, REG_WED), ~0ULL);
	api_bind();
	ping();
	/* The old file is closed while the card is in use again. */
	check_ok(close(fd));
	check_ok(attach(&q, 4, NULL));
}

static void card_live(void)
{
	file_write("1", "/sys/kernel/config/cxl-sim/api-test/live");
}

#define TEST(test, ...)		{ "api_flash." #test, test, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(contexts_of_the_driver_have_interrupts),
	TEST(ports_have_names),
	TEST(program_works_through_the_driver),
	TEST(all_contexts_at_once, NULL, 60),
	TEST(interrupts_run_out),
	TEST(recovery_starts_afresh),
	TEST(recovery_is_told_by_an_event),
	TEST(recoveries_again_and_again, NULL, 240),
	TEST(permanent_failure_takes_the_card, card_live),
	TEST(unbind_with_programs),
};

static const struct api_setup setup = {
	.module = "cxl_test_flash",
	.device = CXL_TEST_FLASH_DEVICE,
	.settings = {
		"vpd_v5", "5005076812345678",
		"vpd_v7", "50050768AABBCCDD",
		"vpd_v8", "50050768ABCDEF01",
		"afu0/num_procs", "512",
		"afu0/irqs_min", "1",
	},
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
