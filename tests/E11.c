// SPDX-License-Identifier: GPL-2.0-only
/* E11: every way of waiting and reading, by programs of every size. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/event_test.h"
#include "lib/syscall32.h"
#include "lib/uring_test.h"

/* Since 6.7, which may be newer than the headers. */
#define OP_READ_MULTISHOT	49

static unsigned char buf[65536];

static void one_event(struct event_afu *afu)
{
	event_send_ok(afu, 1, 20);
}

/* Take the event that is pending. */
static void take_event(struct event_afu *afu)
{
	event_set_nonblock(afu, true);
	check_eq(read(afu->fd, buf, sizeof(buf)), HEADER_SIZE + 20);
	check_errno(read(afu->fd, buf, sizeof(buf)), EAGAIN);
}

static int select_now(int fd, int ms)
{
	struct timeval limit = { .tv_usec = ms * 1000 };
	fd_set in, out, except;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &except);
	return select(fd + 1, &in, &out, &except, &limit);
}

static void select_tells_of_driver_events(void)
{
	struct event_afu afu;

	event_open_ops(&afu);
	check_eq(select_now(afu.fd, 0), 0);
	one_event(&afu);
	check_eq(select_now(afu.fd, 0), 1);
	take_event(&afu);
	check_eq(select_now(afu.fd, 0), 0);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_eq(select_now(afu.fd, 0), 1);
}

static void poll_tells_of_driver_events(void)
{
	struct sleeper poller;
	struct event_afu afu;

	event_open_ops(&afu);
	check_eq(events_poll(afu.fd), 0);
	sleeper_start(&poller, event_poll_call, &afu.fd);
	event_send(&afu, CXL_TEST_HARDIRQ, 1, 20, 20);
	require(sleeper_join(&poller));
	check_eq(poller.result, POLLIN);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	take_event(&afu);
	check_eq(events_poll(afu.fd), 0);
}

static int epoll_on(struct event_afu *afu, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epoll = require_ok(epoll_create1(EPOLL_CLOEXEC));

	require_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, afu->fd, &event));
	return epoll;
}

static int epoll_told(int epoll, int ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, ms) == 1 ? (int)event.events : 0;
}

static void level_triggered_epoll(void)
{
	struct event_afu afu;
	int epoll;

	event_open_ops(&afu);
	epoll = epoll_on(&afu, EPOLLIN);
	check_eq(epoll_told(epoll, 0), 0);
	one_event(&afu);
	check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
	check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
	take_event(&afu);
	check_eq(epoll_told(epoll, QUIET_MS), 0);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_eq(epoll_told(epoll, SOON_MS), EPOLLERR | EPOLLHUP);
	check_eq(epoll_told(epoll, SOON_MS), EPOLLERR | EPOLLHUP);
}

/* One edge for each announcement; reading until EAGAIN misses nothing. */
static void edge_triggered_epoll(void)
{
	struct event_afu afu;
	int epoll, i;

	event_open_ops(&afu);
	epoll = epoll_on(&afu, EPOLLIN | EPOLLET);
	for (i = 0; i < 50; i++) {
		event_send(&afu, i % CXL_TEST_IPI, 1, 20, 20);
		check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
		check_eq(epoll_told(epoll, 0), 0);
		/* Another one while the first is unread */
		one_event(&afu);
		check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
		event_drain(&afu, &(struct event_stream){
			.min_size = 20, .max_size = 20, .next[0] = 2 * i });
	}
	check_eq(epoll_told(epoll, QUIET_MS), 0);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_eq(epoll_told(epoll, SOON_MS) & (EPOLLERR | EPOLLHUP),
		 EPOLLERR | EPOLLHUP);
	/* The end is one edge, not one for each poll. */
	check_errno(read(afu.fd, buf, sizeof(buf)), EIO);
	check_eq(epoll_told(epoll, QUIET_MS), 0);
}

/* An event that did not fit into the buffer remains: no new edge is needed. */
static void edge_triggered_epoll_with_a_small_buffer(void)
{
	struct event_stream stream = EVENT_STREAM(3000, 3000);
	struct event_afu afu;
	unsigned int i;
	int epoll;
	ssize_t n;

	event_open(&afu, CXL_TEST_NEW_STARTED);
	require_ok(event_set_ops(&afu, 0, 0, 3000));
	event_set_nonblock(&afu, true);
	epoll = epoll_on(&afu, EPOLLIN | EPOLLET);
	for (i = 0; i < 20; i++) {
		event_send_ok(&afu, 3, 3000);
		check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
		while ((n = read(afu.fd, buf, CXL_READ_MIN_SIZE)) > 0)
			event_feed(&stream, buf, n);
		check_eq(errno, EAGAIN);
		check_eq(stream.drivers, 3 * (i + 1));
	}
}

/* Exclusive waiters are woken, too. */
static void exclusive_epoll(void)
{
	struct event_afu afu;
	int epoll;

	event_open_ops(&afu);
	epoll = epoll_on(&afu, EPOLLIN | EPOLLEXCLUSIVE);
	one_event(&afu);
	check_eq(epoll_told(epoll, SOON_MS), EPOLLIN);
}

static void sigio_tells_of_driver_events(void)
{
	struct timespec limit = { .tv_sec = SOON_MS / 1000 };
	struct timespec quiet = { .tv_nsec = QUIET_MS * 1000000L };
	struct event_afu afu;
	siginfo_t info;
	sigset_t set;
	int i;

	/* An event that waits for a page would be announced again. */
	memset(buf, 0, sizeof(buf));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	require_ok(sigprocmask(SIG_BLOCK, &set, NULL));
	event_open_ops(&afu);
	require_ok(fcntl(afu.fd, F_SETSIG, SIGRTMIN));
	require_ok(fcntl(afu.fd, F_SETOWN, getpid()));
	require_ok(fcntl(afu.fd, F_SETFL, O_ASYNC | O_NONBLOCK));
	for (i = 0; i < CXL_TEST_IPI; i++) {
		event_send(&afu, i, 1, 20, 20);
		memset(&info, 0, sizeof(info));
		require_eq(sigtimedwait(&set, &info, &limit), SIGRTMIN);
		check_eq(info.si_fd, afu.fd);
		check_eq(info.si_code, POLL_IN);
		check_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 20);
	}
	check_errno(sigtimedwait(&set, &info, &quiet), EAGAIN);
	check_ok(event_op(&afu, CXL_TEST_STOP));
	require_eq(sigtimedwait(&set, &info, &limit), SIGRTMIN);
	check_eq(info.si_code, POLL_HUP);

	/* Off is off. */
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	one_event(&afu);
	check_errno(sigtimedwait(&set, &info, &quiet), EAGAIN);
}

static void uring_read(struct event_afu *afu, __u64 tag)
{
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = afu->fd,
		.off = -1,
		.addr = (unsigned long)buf,
		.len = sizeof(buf),
		.user_data = tag,
	});
}

static void io_uring_read_gets_driver_events(void)
{
	struct event_stream stream = EVENT_STREAM(20, 20);
	struct io_uring_cqe cqe;
	struct event_afu afu;
	int i;

	uring_setup();
	event_open_ops(&afu);
	for (i = 0; i < 20; i++) {
		uring_read(&afu, i);
		if (i == 0)
			uring_check_quiet();
		event_send(&afu, i % CXL_TEST_IPI, 1, 20, 20);
		uring_wait(&cqe);
		check_eq(cqe.user_data, i);
		require_eq(cqe.res, HEADER_SIZE + 20);
		event_feed(&stream, buf, cqe.res);
	}
	check_eq(stream.drivers, 20);
	uring_read(&afu, 99);
	uring_check_quiet();
	check_ok(event_op(&afu, CXL_TEST_STOP));
	check_eq(uring_wait_result(), -EIO);
	event_check_settled(&afu);
}

static void uring_poll(struct event_afu *afu, __u32 flags)
{
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = afu->fd,
		.len = flags,
		.poll32_events = POLLIN,
		.user_data = 7,
	});
}

static void io_uring_poll_is_told_once(void)
{
	struct event_afu afu;

	uring_setup();
	event_open_ops(&afu);
	uring_poll(&afu, 0);
	uring_check_quiet();
	one_event(&afu);
	check_eq(uring_wait_result(), POLLIN);
	one_event(&afu);
	uring_check_quiet();
}

static void io_uring_multishot_poll_is_told_each_time(void)
{
	struct event_stream stream = EVENT_STREAM(20, 20);
	struct io_uring_cqe cqe;
	struct event_afu afu;
	int i;

	uring_setup();
	memset(buf, 0, sizeof(buf));
	event_open_ops(&afu);
	uring_poll(&afu, IORING_POLL_ADD_MULTI);
	for (i = 0; i < 10; i++) {
		event_send(&afu, i % CXL_TEST_IPI, 1, 20, 20);
		uring_wait(&cqe);
		check_eq(cqe.user_data, 7);
		check_eq(cqe.res, POLLIN);
		check(cqe.flags & IORING_CQE_F_MORE);
		require_eq(read(afu.fd, buf, sizeof(buf)), HEADER_SIZE + 20);
		check_eq(event_feed(&stream, buf, HEADER_SIZE + 20), 1);
	}
	check_ok(event_op(&afu, CXL_TEST_STOP));
	uring_wait(&cqe);
	check(cqe.res > 0 && cqe.res & POLLHUP, "%#x", cqe.res);
}

static void io_uring_multishot_read(void)
{
	static unsigned char bufs[8][CXL_READ_MIN_SIZE];
	struct event_stream stream = EVENT_STREAM(20, 20);
	struct io_uring_cqe cqe;
	struct event_afu afu;
	int i;

	uring_setup();
	event_open_ops(&afu);
	uring_provide(bufs, CXL_READ_MIN_SIZE, 8);
	uring_submit(&(struct io_uring_sqe){
		.opcode = OP_READ_MULTISHOT,
		.flags = IOSQE_BUFFER_SELECT,
		.fd = afu.fd,
		.user_data = 3,
	});
	for (i = 0; i < 8; i++) {
		event_send(&afu, i % CXL_TEST_IPI, 1, 20, 20);
		uring_wait(&cqe);
		if (!i && cqe.res == -EINVAL)
			skip("no multishot read in this kernel");
		require_eq(cqe.res, HEADER_SIZE + 20);
		require(cqe.flags & IORING_CQE_F_BUFFER);
		event_feed(&stream, bufs[cqe.flags >> IORING_CQE_BUFFER_SHIFT],
			   cqe.res);
	}
	check_eq(stream.drivers, 8);
}

static void thirty_two_bit_programs_see_the_same_bytes(void)
{
	struct low {
		unsigned char buf[CXL_READ_MIN_SIZE];
		struct pollfd poll;
		struct cxl_ioctl_event_format format;
	} *low;
	struct event_stream stream = EVENT_STREAM(0, 128);
	struct event_afu afu;
	long n;

	if (!syscall32_works())
		skip("no 32-bit system calls on this machine or kernel");
	low = low_memory(sizeof(*low));
	require(low);
	event_open_ops(&afu);
	low->poll.fd = afu.fd;
	low->poll.events = POLLIN;
	check_eq(syscall32(NR32_POLL, (unsigned long)&low->poll, 1, 0, 0, 0), 0);
	event_send(&afu, CXL_TEST_HARDIRQ, 20, 0, 128);
	event_irq(&afu, 3);
	check_eq(syscall32(NR32_POLL, (unsigned long)&low->poll, 1, 0, 0, 0), 1);
	n = syscall32(NR32_READ, afu.fd, (unsigned long)low->buf,
		      sizeof(low->buf), 0, 0);
	check_eq(event_feed(&stream, low->buf, n), 20);
	check_eq(stream.irqs, 1);

	low->format.flags = CXL_EVENT_FORMAT_STAMPS;
	check_ok(syscall32(NR32_IOCTL, afu.fd, CXL_IOCTL_EVENT_FORMAT,
			   (unsigned long)&low->format, 0, 0));
	event_send(&afu, CXL_TEST_HARDIRQ, 5, 0, 128);
	stream.stamp.sequence = 20;
	n = syscall32(NR32_READ, afu.fd, (unsigned long)low->buf,
		      sizeof(low->buf), 0, 0);
	check_eq(event_feed(&stream, low->buf, n), 5);
	check(stream.stamp.time != 0);
	event_check_settled(&afu);
}

static const struct tap_test tests[] = {
	{ "E11.select_tells_of_driver_events", select_tells_of_driver_events },
	{ "E11.poll_tells_of_driver_events", poll_tells_of_driver_events },
	{ "E11.level_triggered_epoll", level_triggered_epoll },
	{ "E11.edge_triggered_epoll", edge_triggered_epoll },
	{ "E11.edge_triggered_epoll_with_a_small_buffer",
	  edge_triggered_epoll_with_a_small_buffer },
	{ "E11.exclusive_epoll", exclusive_epoll },
	{ "E11.sigio_tells_of_driver_events", sigio_tells_of_driver_events },
	{ "E11.io_uring_read_gets_driver_events",
	  io_uring_read_gets_driver_events },
	{ "E11.io_uring_poll_is_told_once", io_uring_poll_is_told_once },
	{ "E11.io_uring_multishot_poll_is_told_each_time",
	  io_uring_multishot_poll_is_told_each_time },
	{ "E11.io_uring_multishot_read", io_uring_multishot_read },
	{ "E11.thirty_two_bit_programs_see_the_same_bytes",
	  thirty_two_bit_programs_see_the_same_bytes },
};

EVENT_MAIN(tests)
