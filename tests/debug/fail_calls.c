// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures at each place in turn, as in fail.c, in all calls on an open node.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"
#include "lib/sim_test.h"

#define NODE	"afu0.0s"

static struct sim_card card;
static struct afu afu;
static int fd = -1;
static size_t page;

static void nothing(void)
{
}

static void start(void)
{
	page = sysconf(_SC_PAGESIZE);
	afu_start(&afu, NODE, 4);
	fd = afu.fd;
}

static int call_process_element(void)
{
	__u32 pe;

	return ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe);
}

static int call_afu_id(void)
{
	struct cxl_afu_id id;

	return ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id);
}

static int call_event_format(void)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};

	return ioctl(fd, CXL_IOCTL_EVENT_FORMAT, &format);
}

static void small_calls(void)
{
	start();
	/* A single number is stored without a place that could fail. */
	fail_each(call_process_element, nothing);
	check(fail_each(call_afu_id, nothing) > 0);
	check(fail_each(call_event_format, nothing) > 0);
	afu_stop(&afu);
}

/* Writing numbers back to the program is a place of its own. */
static struct queue queue;

static int call_start_tid(void)
{
	struct cxl_ioctl_start_work work = {
		.flags = CXL_START_WORK_TID | CXL_START_WORK_NUM_IRQS,
		.num_interrupts = 20,
		.work_element_descriptor = queue_wed(&queue),
	};

	return ioctl(fd, CXL_IOCTL_START_WORK, &work);
}

static void undo_start(void)
{
	close(fd);
	fd = node_open_ok(NODE);
}

static void start_work_with_all_flags(void)
{
	queue_init(&queue, 1);
	fd = node_open_ok(NODE);
	check(fail_each(call_start_tid, undo_start) > 0);
}

static int call_open_dedicated(void)
{
	fd = node_open(card.dedicated, 0);
	return fd;
}

static void undo_open(void)
{
	check_ok(close(fd));
}

static void open_in_dedicated_mode(void)
{
	sim_card_make(&card, "afu0/modes", "dedicated", NULL);
	check(fail_each(call_open_dedicated, undo_open) > 0);
}

static int epoll;

static int call_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void undo_epoll(void)
{
	struct epoll_event event;

	require_ok(sim_inject_irq(0, afu.pe, 1));
	check_eq(epoll_wait(epoll, &event, 1, SOON_MS), 1);
	check_ok(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
}

static void waiting_by_epoll(void)
{
	start();
	epoll = require_ok(epoll_create1(EPOLL_CLOEXEC));
	check(fail_each(call_epoll, undo_epoll) > 0);
	afu_stop(&afu);
}

static int call_poll(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static void waiting_by_poll(void)
{
	start();
	check(fail_each(call_poll, nothing) > 0);
	afu_stop(&afu);
}

static int call_async(void)
{
	return fcntl(fd, F_SETFL, O_ASYNC);
}

static void undo_async(void)
{
	check_ok(fcntl(fd, F_SETFL, 0));
}

static void asking_for_signals(void)
{
	start();
	signal(SIGIO, SIG_IGN);
	check(fail_each(call_async, undo_async) > 0);
	afu_stop(&afu);
}

/* A vector whose second part is not present at the first attempt */
static int call_readv(void)
{
	static char first[20], rest[CXL_READ_MIN_SIZE];
	struct iovec vec[2] = {
		{ first, sizeof(first) }, { rest, sizeof(rest) },
	};

	madvise(rest, sizeof(rest), MADV_DONTNEED);
	return readv(fd, vec, 2);
}

static void undo_readv(void)
{
	static char buf[CXL_READ_MIN_SIZE];

	/* Read what is left, if anything, and then all of it again. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	fcntl(fd, F_SETFL, 0);
	require_ok(sim_inject_irq(0, afu.pe, 1));
	require_ok(sim_inject_error(0, afu.pe, 1));
}

static void read_into_a_vector(void)
{
	start();
	undo_readv();
	fail_each(call_readv, undo_readv);
	afu_stop(&afu);
}

/* The page of all ones is allocated on first access: without memory, SIGBUS. */
static void *ff_map;

static int call_touch(void)
{
	__u64 value = 0;
	int code;

	errno = 0;
	code = mmio_probe(ff_map, &value);
	if (!code)
		check_eq(value, ~0ULL);
	errno = ENOMEM;
	return code ? -1 : 0;
}

static void make_ff_map(void)
{
	if (fd >= 0) {
		munmap(ff_map, page);
		close(fd);
	}
	if (!file_number(SIM_CONFIG "/%s/live", card.name))
		sim_card_set_live(&card, true);
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, queue_wed(&queue), 4, CXL_START_WORK_ERR_FF));
	ff_map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(ff_map != MAP_FAILED, "%m");
	sim_card_set_live(&card, false);
}

static void page_of_all_ones(void)
{
	page = sysconf(_SC_PAGESIZE);
	queue_init(&queue, 1);
	sim_card_make(&card, NULL);
	make_ff_map();
	fail_each(call_touch, make_ff_map);
}

static int call_fork(void)
{
	__u64 value;
	pid_t pid = fork();

	if (!pid)
		_exit(mmio_probe(afu.mmio, &value));
	return pid;
}

static void undo_fork(void)
{
	int status = -1;

	check(wait(&status) > 0);
	check_eq(status, 0);
}

static void fork_with_a_mapping(void)
{
	start();
	check(fail_each(call_fork, undo_fork) > 0);
	afu_stop(&afu);
}

static int call_fdinfo(void)
{
	char buf[1000];

	return file_read(buf, sizeof(buf), "/proc/self/fdinfo/%d", fd) > 0 ?
		0 : -1;
}

static void counters_in_fdinfo(void)
{
	start();
	check(fail_each(call_fdinfo, nothing) > 0);
	afu_stop(&afu);
}

static const struct tap_test tests[] = {
	{ "fail_calls.small_calls", small_calls },
	{ "fail_calls.start_work_with_all_flags", start_work_with_all_flags,
	  .limit = 60 },
	{ "fail_calls.open_in_dedicated_mode", open_in_dedicated_mode,
	  sim_cards_remove, 60 },
	{ "fail_calls.waiting_by_epoll", waiting_by_epoll },
	{ "fail_calls.waiting_by_poll", waiting_by_poll },
	{ "fail_calls.asking_for_signals", asking_for_signals },
	{ "fail_calls.read_into_a_vector", read_into_a_vector },
	{ "fail_calls.page_of_all_ones", page_of_all_ones, sim_cards_remove,
	  60 },
	{ "fail_calls.fork_with_a_mapping", fork_with_a_mapping, .limit = 120 },
	{ "fail_calls.counters_in_fdinfo", counters_in_fdinfo, .limit = 60 },
};

TAP_MAIN(tests)
