// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link to the card goes down, and maybe comes back. Pending events can be
 * read before EIO.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

/* Bytes of a slave's window, at least a page */
#define WINDOW	0x10000

static struct event_batch batch;
static struct sim_card card;
static struct afu afu;

static void link_down(void)
{
	require_ok(sim_set_link(card.num, "down"));
}

static void link_up(void)
{
	require_ok(sim_set_link(card.num, "up"));
}

static void start(void)
{
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
}

static void *map(int fd)
{
	return mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
}

static void check_copy(void)
{
	static char src[32] = "across the link", dst[32];

	memset(dst, 0, sizeof(dst));
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
}

static void open_is_eio(void)
{
	sim_card_make(&card, NULL);
	link_down();
	check_errno(node_open(card.slave, 0), EIO);
	check_errno(node_open(card.master, 0), EIO);
	link_up();
	check_ok(node_open(card.slave, 0));
}

static void every_ioctl_is_eio(void)
{
	struct cxl_ioctl_start_work work = { 0 };
	struct cxl_ioctl_event_format format = { 0 };
	struct cxl_afu_id id;
	__u32 pe;
	int fd;

	start();
	fd = node_open_ok(card.slave);
	work.work_element_descriptor = queue_wed(&afu.queue);
	link_down();
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, &work), EIO);
	/* The link is checked before anything else. */
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, NULL), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_EVENT_FORMAT, &format), EIO);
	check_errno(ioctl(fd, _IO(CXL_MAGIC, 0x7f), NULL), EIO);
	check_errno(ioctl(afu.fd, CXL_IOCTL_GET_AFU_ID, &id), EIO);

	/* It was only down: now an opened context can be started. */
	link_up();
	check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_ok(ioctl(fd, CXL_IOCTL_START_WORK, &work));
	check_errno(ioctl(fd, _IO(CXL_MAGIC, 0x7f), NULL), EINVAL);
}

static void mmap_is_eio(void)
{
	start();
	link_down();
	check_errno((long)map(afu.fd), EIO);
	link_up();
	check(map(afu.fd) != MAP_FAILED, "%m");
}

/* The buffer is checked first, then what is pending, then the link. */
static void read_gives_pending_events_first(void)
{
	char *hole = no_access_page();

	start();
	afu_irq(&afu, 2);
	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	usleep(QUIET_MS * 1000);
	link_down();
	check_errno(read(afu.fd, batch.buf, CXL_READ_MIN_SIZE - 1), EINVAL);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_eq(events_read(afu.fd, &batch), 16 + 40);
	check_eq(batch.event[0].irq.irq, 2);
	check_eq(batch.event[1].fault.addr, (unsigned long)hole);
	check_errno(events_read(afu.fd, &batch), EIO);
	check_errno(read(afu.fd, batch.buf, CXL_READ_MIN_SIZE - 1), EINVAL);
}

/* read() would not wait, so poll() must not wait either. */
static void poll_and_read_agree(void)
{
	int opened, nonblocking;

	start();
	opened = node_open_ok(card.slave);
	nonblocking = require_ok(node_open(card.slave, O_NONBLOCK));
	link_down();
	check_errno(events_read(afu.fd, &batch), EIO);
	check_errno(events_read(opened, &batch), EIO);
	check_errno(events_read(nonblocking, &batch), EIO);
	check_eq(events_poll(afu.fd), POLLERR | POLLHUP);
	check_eq(events_poll(opened), POLLERR | POLLHUP);
	link_up();
	check_eq(events_poll(afu.fd), 0);
	check_eq(events_poll(opened), 0);
	check_errno(events_read(nonblocking, &batch), EAGAIN);
}

static long call_read(void *arg)
{
	static char buf[CXL_READ_MIN_SIZE];

	return read(*(int *)arg, buf, sizeof(buf));
}

static long call_poll(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&p, 1, -1) == 1 ? p.revents : -1;
}

static void sleepers_wake(void)
{
	struct sleeper reader[2], poller[2];
	long long begin;
	int fd[2], i;

	start();
	fd[0] = afu.fd;
	fd[1] = node_open_ok(card.slave);
	for (i = 0; i < 2; i++) {
		sleeper_start(&reader[i], call_read, &fd[i]);
		sleeper_start(&poller[i], call_poll, &fd[i]);
	}
	begin = now_ms();
	link_down();
	for (i = 0; i < 2; i++) {
		require(sleeper_join(&reader[i]));
		check_eq(reader[i].result, -1);
		check_eq(reader[i].error, EIO);
		check(reader[i].done_ms - begin <= WAKE_MS);
		require(sleeper_join(&poller[i]));
		check_eq(poller[i].result, POLLERR | POLLHUP);
		check(poller[i].done_ms - begin <= WAKE_MS);
	}
}

/* Both from a page that was accessed before and from an untouched one */
static void loads_give_all_ones(void)
{
	unsigned char *window;
	__u64 value = 0;
	size_t i;

	start();
	window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, afu.fd,
		      0);
	require(window != MAP_FAILED);
	check_eq(mmio_read(window, REG_PH) >> 48, afu.pe);
	link_down();
	for (i = 0; i < WINDOW; i += 8) {
		require_eq(mmio_probe(window + i, &value), 0);
		if (value != ~0ULL)
			fail("%#llx at %zu", value, i);
	}
	link_up();
	check_eq(mmio_read(window, REG_PH) >> 48, afu.pe);
	check_eq(mmio_read(window, REG_WED), queue_wed(&afu.queue));
	check(mmio_read(window, WINDOW - 8) != ~0ULL);
}

static void stores_vanish(void)
{
	int master;
	char *area;
	__u64 before;

	start();
	master = node_open_ok(card.master);
	require_ok(node_start(master, queue_wed(&afu.queue), 4, 0));
	area = map(master);
	require(area != MAP_FAILED);
	mmio_write(area, 0x20, 0x1234);
	before = mmio_read(area, 0x20);
	check_eq(before, 0x1234);
	link_down();
	mmio_write(area, 0x20, 0x5678);
	check_eq(mmio_read(area, 0x28), ~0ULL);
	link_up();
	check_eq(mmio_read(area, 0x20), 0x1234);
}

/* An AFU stopped at an interrupt does not notice a restart. */
static void afu_is_not_reached(void)
{
	start();
	check_eq(queue_wait(queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL)),
		 WE_COMPLETE);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) & STATUS_STOPPED));
	link_down();
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	usleep(QUIET_MS * 1000);
	link_up();
	usleep(QUIET_MS * 1000);
	check_eq(mmio_read(afu.mmio, REG_STATUS), STATUS_STOPPED);
}

/* The card cannot access memory either; afterwards it continues. */
static void work_rests_meanwhile(void)
{
	static char src[64] = "late", dst[64];
	struct work_element *we;

	start();
	check_copy();
	link_down();
	memset(dst, 0, sizeof(dst));
	we = queue_copy(&afu.queue, dst, src, sizeof(src));
	usleep(2 * QUIET_MS * 1000);
	check_eq(we->status, 0);
	check_eq(dst[0], 0);
	link_up();
	check_eq(queue_wait(we), WE_COMPLETE);
	check_str_eq(dst, src);
	afu_irq(&afu, 3);
	check_eq(events_read(afu.fd, &batch), 16);
}

static void close_while_down(void)
{
	int pe;

	start();
	pe = afu.pe;
	link_down();
	afu_stop(&afu);
	link_up();
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, pe);
	check_copy();
}

static void other_cards_are_not_touched(void)
{
	struct sim_card other;
	int sleeping;
	struct sleeper poller;

	sim_card_make(&other, NULL);
	start();
	sleeping = node_open_ok(other.slave);
	sleeper_start(&poller, call_poll, &sleeping);
	afu_stop(&afu);
	afu_start(&afu, other.slave, 4);
	link_down();
	usleep(QUIET_MS * 1000);
	check(!poller.done);
	check_copy();
	check_eq(events_poll(afu.fd), 0);
	check_ok(node_open(other.slave, 0));
}

/* A card goes away while its link is down. */
static void removal_while_down(void)
{
	__u64 value;

	start();
	link_down();
	sim_card_set_live(&card, false);
	check_errno(events_read(afu.fd, &batch), EIO);
	check_eq(events_poll(afu.fd), POLLERR | POLLHUP);
	check(mmio_probe(afu.mmio, &value) != 0);
	sim_card_set_live(&card, true);
	/* The link of the new one is up; the old file stays closed. */
	check_errno(events_read(afu.fd, &batch), EIO);
	afu_start(&afu, card.slave, 4);
	check_copy();
}

#define TEST(name) { "chardev_link." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(open_is_eio),
	TEST(every_ioctl_is_eio),
	TEST(mmap_is_eio),
	TEST(read_gives_pending_events_first),
	TEST(poll_and_read_agree),
	TEST(sleepers_wake),
	TEST(loads_give_all_ones),
	TEST(stores_vanish),
	TEST(afu_is_not_reached),
	TEST(work_rests_meanwhile),
	TEST(close_while_down),
	TEST(other_cards_are_not_touched),
	TEST(removal_while_down),
};

TAP_MAIN(tests)
