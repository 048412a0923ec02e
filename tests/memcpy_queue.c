// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of work elements: which are executed, in which order, and when the
 * AFU stops and goes on.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE	"afu0.0s"
#define MASTER	"afu0.0m"
#define AFU	SYSFS_CXL "/afu0.0"

#define WE_TOUCH		6
#define REG_CFG			0x00
#define CFG_STOP_ON_INVALID	0x2000000000000000ULL
#define PCTRL_TERMINATE		0x4000000000000000ULL
#define STATUS_TERMINATED	0x1000000000000000ULL

static struct event_batch batch;
static struct afu afu;
static char src[16] = "source", dst[16];

/* A queue of so many lines, instead of one page */
static void start_lines(unsigned int lines)
{
	afu.fd = require_ok(node_open(SLAVE, O_NONBLOCK));
	afu.pe = node_pe(afu.fd);
	queue_init(&afu.queue, lines);
	require_ok(node_start(afu.fd, queue_wed(&afu.queue), 4, 0));
	afu.mmio_size = sysconf(_SC_PAGESIZE);
	afu.mmio = mmap(NULL, afu.mmio_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			afu.fd, 0);
	require(afu.mmio != MAP_FAILED);
}

static void start(void)
{
	start_lines(32);
}

static struct work_element *add(__u8 cmd, __u16 length)
{
	return queue_add(&afu.queue, cmd, length, src, dst);
}

static bool stopped(void)
{
	return mmio_read(afu.mmio, REG_STATUS) & STATUS_STOPPED;
}

static void restart(void)
{
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
}

static void quiet(void)
{
	usleep(QUIET_MS * 1000);
}

/* It is AFU-wide, and only a master can reach it. */
static void set_cfg(__u64 cfg)
{
	int fd = node_open_ok(MASTER);
	__u64 *global;

	require_ok(node_start(fd, 0, -1, 0));
	global = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	require(global != MAP_FAILED);
	mmio_write(global, REG_CFG, cfg);
	munmap(global, sysconf(_SC_PAGESIZE));
	require_ok(close(fd));
}

static void clear_cfg(void)
{
	set_cfg(0);
}

/* The queue wraps, and old elements are not executed again. */
static void wraps_at_every_depth(void)
{
	static const unsigned int lines[] = { 1, 2, 3, 7, 128, 4095 };
	unsigned int i, n, size;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		start_lines(lines[i]);
		size = afu.queue.size;
		for (n = 0; n < 2 * size + 5 && n < 1000; n++) {
			dst[0] = 0;
			src[0] = 'a' + n % 26;
			require_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
			require_eq(dst[0], src[0]);
		}
		/* All of them are still valid, but with the other wrap bit. */
		dst[0] = 0;
		quiet();
		check_eq(dst[0], 0);
		afu_stop(&afu);
	}
}

/* The last of 16380 elements, and the first one again */
static void wraps_after_the_last_of_the_longest(void)
{
	unsigned int i, last;

	start_lines(4095);
	last = afu.queue.size - 1;
	for (i = 0; i < last; i++)
		add(WE_COPY, 0);
	require_eq(queue_wait(&afu.queue.we[last - 1]), WE_COMPLETE);
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
	check_eq(afu.queue.next, 0);
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
}

/* A valid element after an invalid one has to wait. */
static void strictly_one_after_the_other(void)
{
	struct work_element *first, *second;

	start();
	first = &afu.queue.we[0];
	afu.queue.next = 1;
	second = add(WE_IRQ, 2);
	quiet();
	check_eq(second->status, 0);
	check_eq(events_poll(afu.fd), 0);

	first->length = htobe16(4);
	first->src = htobe64((unsigned long)src);
	first->dst = htobe64((unsigned long)dst);
	__atomic_store_n(&first->cmd, WE_VALID | WE_COPY, __ATOMIC_RELEASE);
	check_eq(queue_wait(first), WE_COMPLETE);
	check_eq(queue_wait(second), WE_COMPLETE);
	check_mem_eq(dst, src, 4);
	require(events_wait(afu.fd));
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 2);
}

static void wrong_wrap_bit_is_not_valid(void)
{
	struct work_element *we;

	start();
	afu.queue.wrap = WE_WRAP;
	we = add(WE_COPY, 1);
	quiet();
	check_eq(we->status, 0);
	__atomic_store_n(&we->cmd, WE_VALID | WE_COPY, __ATOMIC_RELEASE);
	check_eq(queue_wait(we), WE_COMPLETE);
}

static void undefined_commands(void)
{
	__u8 cmd;

	start();
	for (cmd = 0; cmd < 64; cmd++) {
		if (cmd <= WE_TOUCH && cmd != 3)
			continue;
		check_eq(queue_wait(add(cmd, 1)), WE_UNDEFINED);
	}
	check_eq(queue_wait(add(3, 1)), WE_UNDEFINED);
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
}

static void touch_faults_in(void)
{
	char *hole = no_access_page();

	start();
	check_eq(queue_wait(add(WE_TOUCH, 1)), WE_COMPLETE);
	require_ok(munmap(hole, sysconf(_SC_PAGESIZE)));
	check_eq(queue_wait(queue_add(&afu.queue, WE_TOUCH, 0, hole, NULL)),
		 WE_AERROR);
}

static void interrupt_stops(void)
{
	struct work_element *next;

	start();
	check(!stopped());
	check_eq(queue_wait(add(WE_IRQ, 1)), WE_COMPLETE);
	check(becomes_true(stopped()));
	next = add(WE_COPY, 1);
	quiet();
	check_eq(next->status, 0);
	check(stopped());
	restart();
	check_eq(queue_wait(next), WE_COMPLETE);
	check(!stopped());
	check_eq(mmio_read(afu.mmio, REG_PCTRL), 0);
}

static void stop_stops_without_an_interrupt(void)
{
	struct work_element *next;

	start();
	check_eq(queue_wait(add(WE_STOP, 0)), WE_COMPLETE);
	check(becomes_true(stopped()));
	next = add(WE_COPY, 1);
	quiet();
	check_eq(next->status, 0);
	check_eq(events_poll(afu.fd), 0);
	restart();
	check_eq(queue_wait(next), WE_COMPLETE);
}

/* An error like any other: a status, no event, and on to the next element */
static void interrupt_that_is_not_there(void)
{
	start();
	check_eq(queue_wait(add(WE_IRQ, 0)), WE_FAILED);
	check_eq(queue_wait(add(WE_IRQ, 5)), WE_FAILED);
	check_eq(queue_wait(add(WE_IRQ, 65535)), WE_FAILED);
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
	check(!stopped());
	check_eq(events_poll(afu.fd), 0);
}

/* A Restart in answer to the event must count, however fast it comes. */
static void restart_after_the_event_counts(void)
{
	int i;

	start();
	for (i = 0; i < 500; i++) {
		add(WE_IRQ, i % 4 + 1);
		require(events_wait(afu.fd));
		restart();
		require_eq(events_read(afu.fd, &batch), 16);
		require_eq(batch.event[0].irq.irq, i % 4 + 1);
	}
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
}

/* So must a Restart in answer to Stopped, which is never stale. */
static void restart_after_stopped_counts(void)
{
	struct work_element *we;
	int i;

	start();
	for (i = 0; i < 500; i++) {
		add(WE_IRQ, 1);
		require(becomes_true(stopped()));
		we = add(WE_COPY, 1);
		restart();
		require_eq(queue_wait(we), WE_COMPLETE);
		require(!stopped());
	}
}

/* So must a Restart in answer to the element's status, which comes before both. */
static void restart_after_the_status_counts(void)
{
	struct work_element *we;
	int i, rounds = tap_rounds(400, 100);

	start();
	for (i = 0; i < rounds; i++) {
		we = add(i % 2 ? WE_IRQ : WE_STOP, 1);
		while (!__atomic_load_n(&we->status, __ATOMIC_ACQUIRE))
			;
		restart();
		require_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
	}
}

static void restart_while_running_is_harmless(void)
{
	int i;

	start();
	for (i = 0; i < 200; i++) {
		restart();
		require_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
		restart();
	}
	check(!stopped());
}

static void stops_at_invalid_if_told_to(void)
{
	struct work_element *we;

	set_cfg(CFG_STOP_ON_INVALID);
	start();
	check(becomes_true(stopped()));
	we = add(WE_COPY, 1);
	quiet();
	check_eq(we->status, 0);
	restart();
	check_eq(queue_wait(we), WE_COMPLETE);
	check(becomes_true(stopped()));

	/* The bit outlives the master, and is gone once it is cleared. */
	set_cfg(0);
	restart();
	check(becomes_true(!stopped()));
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
	quiet();
	check(!stopped());
}

/* Make valid, Restart, while the AFU may stop at any moment: none is lost. */
static void no_restart_is_lost(void)
{
	struct work_element *we;
	int i, spin;

	set_cfg(CFG_STOP_ON_INVALID);
	start();
	for (i = 0; i < 2000; i++) {
		we = add(WE_COPY, 1);
		restart();
		require_eq(queue_wait(we), WE_COMPLETE);
		for (spin = i * 7 % 997; spin; spin--)
			__atomic_load_n(&we->status, __ATOMIC_RELAXED);
	}
}

static void reset_clears_the_configuration(void)
{
	set_cfg(CFG_STOP_ON_INVALID);
	require_ok(file_write("1", AFU "/reset"));
	start();
	quiet();
	check(!stopped());
	check_eq(queue_wait(add(WE_COPY, 1)), WE_COMPLETE);
}

static void terminate_ends_the_work(void)
{
	struct work_element *we;

	start();
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_TERMINATE);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) ==
			   STATUS_TERMINATED));
	we = add(WE_COPY, 1);
	restart();
	quiet();
	check_eq(we->status, 0);
	check_eq(mmio_read(afu.mmio, REG_STATUS), STATUS_TERMINATED);
}

static void terminate_while_stopped(void)
{
	start();
	check_eq(queue_wait(add(WE_STOP, 0)), WE_COMPLETE);
	check(becomes_true(stopped()));
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_TERMINATE | PCTRL_RESTART);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) ==
			   STATUS_TERMINATED));
}

/* Master contexts have queues, too. */
static void masters_work_as_well(void)
{
	struct queue q;
	int fd = node_open_ok(MASTER);

	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	check_eq(queue_wait(queue_copy(&q, dst, src, 7)), WE_COMPLETE);
	check_str_eq(dst, "source");
	queue_add(&q, WE_IRQ, 4, NULL, NULL);
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 4);
}

static const struct tap_test tests[] = {
	{ "memcpy_queue.wraps_at_every_depth", wraps_at_every_depth },
	{ "memcpy_queue.wraps_after_the_last_of_the_longest",
	  wraps_after_the_last_of_the_longest },
	{ "memcpy_queue.strictly_one_after_the_other",
	  strictly_one_after_the_other },
	{ "memcpy_queue.wrong_wrap_bit_is_not_valid",
	  wrong_wrap_bit_is_not_valid },
	{ "memcpy_queue.undefined_commands", undefined_commands },
	{ "memcpy_queue.touch_faults_in", touch_faults_in },
	{ "memcpy_queue.interrupt_stops", interrupt_stops },
	{ "memcpy_queue.stop_stops_without_an_interrupt",
	  stop_stops_without_an_interrupt },
	{ "memcpy_queue.interrupt_that_is_not_there",
	  interrupt_that_is_not_there },
	{ "memcpy_queue.restart_after_the_event_counts",
	  restart_after_the_event_counts },
	{ "memcpy_queue.restart_after_stopped_counts",
	  restart_after_stopped_counts },
	{ "memcpy_queue.restart_after_the_status_counts",
	  restart_after_the_status_counts },
	{ "memcpy_queue.restart_while_running_is_harmless",
	  restart_while_running_is_harmless },
	{ "memcpy_queue.stops_at_invalid_if_told_to",
	  stops_at_invalid_if_told_to, clear_cfg },
	{ "memcpy_queue.no_restart_is_lost", no_restart_is_lost, clear_cfg },
	{ "memcpy_queue.reset_clears_the_configuration",
	  reset_clears_the_configuration, clear_cfg },
	{ "memcpy_queue.terminate_ends_the_work", terminate_ends_the_work },
	{ "memcpy_queue.terminate_while_stopped", terminate_while_stopped },
	{ "memcpy_queue.masters_work_as_well", masters_work_as_well },
};

TAP_MAIN(tests)
