// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card goes away under its users. They all see the same, whichever way it
 * goes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

/* Bytes of a slave's window, at least a page */
#define WINDOW		0x10000

static struct event_batch batch;
static struct sim_card card;

/*
 * Ways to go. After all of them the nodes are gone; after recovery they come
 * back at once.
 */

static void take_down(void)
{
	sim_card_set_live(&card, false);
}

static void unplug(void)
{
	require_ok(sim_unplug(card.num));
}

static void unbind(void)
{
	sim_card_set_bound(&card, false);
}

static void recover(void)
{
	require_ok(sim_recovery(card.num, "frozen"));
}

static void fail_for_good(void)
{
	require_ok(sim_recovery(card.num, "perm_failure"));
}

static void force_reset(void)
{
	sim_card_force_reset(&card);
}

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static bool node_exists(const char *node)
{
	return file_exists("/dev/cxl/%s", node);
}

/* Try every call on a file whose context is closed. */
static void check_closed(int fd)
{
	static char buf[CXL_READ_MIN_SIZE];
	struct cxl_ioctl_start_work work = { 0 };
	struct cxl_ioctl_event_format format = { 0 };
	struct cxl_afu_id id;
	__u32 pe;

	check_errno(read(fd, buf, sizeof(buf)), EIO);
	check_errno(read(fd, buf, sizeof(buf) - 1), EINVAL);
	check_eq(events_poll(fd), POLLERR | POLLHUP);
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, &work), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, NULL), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_EVENT_FORMAT, &format), EIO);
	check_errno(ioctl(fd, _IO(CXL_MAGIC, 0x7f), NULL), EIO);
	check_errno((long)mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0),
		    EIO);
	/* It stays closed. */
	check_errno(read(fd, buf, sizeof(buf)), EIO);
	check_eq(events_poll(fd), POLLERR | POLLHUP);
}

static void check_works(const char *node)
{
	char src[32] = "works again", dst[32] = "";
	struct afu afu;

	afu_start(&afu, node, 4);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	afu_irq(&afu, 4);
	check_eq(events_read(afu.fd, &batch), 16);
	afu_stop(&afu);
}

/*
 * Sleepers
 */

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

/* A poller that asks for no event is told of the end, too. */
static long call_poll_nothing(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg };

	return poll(&p, 1, -1) == 1 ? p.revents : -1;
}

static long call_select(void *arg)
{
	int fd = *(int *)arg;
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return select(fd + 1, &in, NULL, NULL, NULL);
}

static long wait_on_epoll(int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	long ret = -1;

	if (!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) &&
	    epoll_wait(ep, &event, 1, -1) == 1)
		ret = event.events;
	close(ep);
	return ret;
}

static long call_epoll(void *arg)
{
	return wait_on_epoll(*(int *)arg, EPOLLIN);
}

static long call_epoll_edge(void *arg)
{
	return wait_on_epoll(*(int *)arg, EPOLLIN | EPOLLET);
}

static const struct {
	const char *name;
	long (*call)(void *arg);
	long result;
	int error;
} waits[] = {
	{ "read", call_read, -1, EIO },
	{ "poll", call_poll, POLLERR | POLLHUP },
	{ "poll for nothing", call_poll_nothing, POLLERR | POLLHUP },
	{ "select", call_select, 1 },
	{ "epoll", call_epoll, EPOLLERR | EPOLLHUP },
	{ "epoll edge", call_epoll_edge, EPOLLERR | EPOLLHUP },
};

static void check_sleepers_wake(int fd, void (*go)(void))
{
	struct sleeper sleeper[ARRAY_SIZE(waits)];
	long long begin, end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waits); i++)
		sleeper_start(&sleeper[i], waits[i].call, &fd);
	begin = now_ms();
	go();
	end = now_ms();
	check(end - begin < SOON_MS, "took %lld ms", end - begin);
	for (i = 0; i < ARRAY_SIZE(waits); i++) {
		if (!check(sleeper_join(&sleeper[i]), "%s hangs", waits[i].name))
			continue;
		check(sleeper[i].done_ms - begin <= WAKE_MS, "%s took %lld ms",
		      waits[i].name, sleeper[i].done_ms - begin);
		check(sleeper[i].result == waits[i].result, "%s: %#lx",
		      waits[i].name, sleeper[i].result);
		if (waits[i].error)
			check_eq(sleeper[i].error, waits[i].error);
	}
	check_closed(fd);
}

static void check_goes(void (*go)(void), bool comes_back)
{
	struct afu started;
	int opened, mapped;
	__u64 value;

	sim_card_make(&card, NULL);
	afu_start(&started, card.slave, 4);
	check_eq(mmio_read(started.mmio, REG_PH) >> 48, started.pe);
	opened = node_open_ok(card.slave);
	mapped = node_open_ok(card.master);
	require_ok(node_start(mapped, queue_wed(&started.queue), -1, 0));

	check_sleepers_wake(started.fd, go);
	check_closed(opened);
	check_closed(mapped);
	check_eq(mmio_probe(started.mmio, &value), BUS_ADRERR);
	check_eq(node_exists(card.slave), comes_back);
	check_eq(node_exists(card.master), comes_back);
	if (comes_back) {
		check_works(card.slave);
		/* The work of others does not bring this one back. */
		check_closed(started.fd);
	}
	afu_stop(&started);
	check_ok(close(opened));
	check_ok(close(mapped));
}

static void taken_down(void)
{
	check_goes(take_down, false);
	sim_card_set_live(&card, true);
	check_works(card.slave);
}

static void unplugged(void)
{
	check_goes(unplug, false);
	sim_card_set_live(&card, false);
	sim_card_set_live(&card, true);
	check_works(card.slave);
}

static void unbound(void)
{
	check_goes(unbind, false);
	sim_card_set_bound(&card, true);
	check_works(card.slave);
}

static void recovered(void)
{
	check_goes(recover, true);
}

static void failed_for_good(void)
{
	check_goes(fail_for_good, false);
}

/* A context that was never started has sleepers, too. */
static void opened_only_wakes_too(void)
{
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	check_sleepers_wake(fd, take_down);
}

static void opened_only_wakes_at_recovery(void)
{
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	check_sleepers_wake(fd, recover);
}

/* What was pending is read first, unchanged; then comes the end. */
static void check_pending_is_kept(void (*go)(void))
{
	char *hole = no_access_page();
	struct afu afu;

	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 8);
	afu_irq(&afu, 7);
	afu_irq(&afu, 5);
	check_eq(afu_load_byte(&afu, hole), WE_AERROR);
	usleep(QUIET_MS * 1000);
	require_ok(sim_inject_error(card.num, afu.pe, 0xabc));
	go();

	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_eq(events_read(afu.fd, &batch), 16 + 16 + 40 + 24);
	require_eq(batch.n, 4);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(batch.event[0].header.process_element, afu.pe);
	check_eq(batch.event[0].irq.irq, 5);
	check_eq(batch.event[1].irq.irq, 7);
	check_eq(batch.event[2].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[2].fault.addr, (unsigned long)hole);
	check_eq(batch.event[3].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[3].afu_error.error, 0xabc);
	check_closed(afu.fd);
}

static void pending_is_kept(void)
{
	check_pending_is_kept(take_down);
}

static void pending_is_kept_at_recovery(void)
{
	check_pending_is_kept(recover);
}

static void pending_is_kept_at_surprise(void)
{
	check_pending_is_kept(unplug);
}

/* Whether it was touched before or not: no page of a mapping is left. */
static void mappings_give_sigbus(void)
{
	size_t page = page_size();
	char *window, *again;
	struct afu afu;
	int status;
	__u64 value;
	pid_t child;
	int pipefd[2];
	char token;

	sim_card_make(&card, NULL);
	/* A slave's window may be just a page. */
	afu_start(&afu, card.master, 4);
	window = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
		      afu.fd, 0);
	again = mmap(NULL, page, PROT_READ, MAP_SHARED, afu.fd, 0);
	require(window != MAP_FAILED && again != MAP_FAILED);
	check_eq(mmio_probe(window, &value), 0);
	check_eq(mmio_probe(again, &value), 0);
	require_ok(pipe(pipefd));
	child = fork();
	if (!child) {
		close(pipefd[1]);
		check_eq(mmio_probe(again, &value), 0);
		require_eq(read(pipefd[0], &token, 1), 1);
		check_eq(mmio_probe(again, &value), BUS_ADRERR);
		check_eq(mmio_probe(window + page, &value), BUS_ADRERR);
		_exit(0);
	}
	usleep(QUIET_MS * 1000);
	take_down();
	check_eq(mmio_probe(window, &value), BUS_ADRERR);
	check_eq(mmio_probe(again, &value), BUS_ADRERR);
	/* This page had never been touched. */
	check_eq(mmio_probe(window + page, &value), BUS_ADRERR);
	check_eq(write(pipefd[1], "", 1), 1);
	require_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
}

/* With ERR_FF every page reads as all ones instead. */
static void mappings_give_all_ones_if_asked(void)
{
	size_t page = page_size(), i;
	unsigned char *window;
	struct queue q;
	int fd, other;
	char *plain;
	__u64 value;

	sim_card_make(&card, NULL);
	queue_init(&q, 1);
	fd = node_open_ok(card.slave);
	other = node_open_ok(card.slave);
	require_ok(node_start(fd, queue_wed(&q), 4, CXL_START_WORK_ERR_FF));
	require_ok(node_start(other, queue_wed(&q), 4, 0));
	window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	plain = mmap(NULL, page, PROT_READ, MAP_SHARED, other, 0);
	require(window != MAP_FAILED && plain != MAP_FAILED);
	check_eq(mmio_read(window, REG_PH) >> 48, node_pe(fd));
	check_eq(mmio_probe(plain, &value), 0);

	take_down();
	for (i = 0; i < WINDOW; i += 8) {
		require_eq(mmio_probe(window + i, &value), 0);
		if (value != ~0ULL)
			fail("%#llx at %zu", value, i);
	}
	/* Only one context had asked for it. */
	check_eq(mmio_probe(plain, &value), BUS_ADRERR);
	check_closed(fd);
	check_closed(other);
}

static unsigned int done_of(const struct queue *q)
{
	unsigned int i, n = 0;

	for (i = 0; i < q->size; i++)
		n += __atomic_load_n(&q->we[i].status, __ATOMIC_ACQUIRE) != 0;
	return n;
}

/* Once the card is gone, the AFU touches no memory. */
static void work_ends(void)
{
	enum { SIZE = 65535 };
	static char src[SIZE], dst[SIZE];
	unsigned int done, i;
	struct queue q;
	int fd;

	sim_card_make(&card, NULL);
	/* Seconds for all of them: it is not done before the card is down. */
	require_ok(sim_set_delay(card.num, 20000));
	fd = node_open_ok(card.slave);
	queue_init(&q, 256);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	for (i = 0; i < q.size; i++)
		queue_copy(&q, dst, src, SIZE);
	check_eq(queue_wait(&q.we[2]), WE_COMPLETE);
	take_down();
	memset(dst, 'd', SIZE);
	done = done_of(&q);
	check(done < q.size, "all was copied before");
	usleep(QUIET_MS * 1000);
	check_eq(done_of(&q), done);
	for (i = 0; i < SIZE; i++)
		if (dst[i] != 'd')
			fail("written at %u", i);
	check_closed(fd);
}

static int hung_up;

static void on_io(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	__atomic_store_n(&hung_up, info->si_code == POLL_HUP, __ATOMIC_RELAXED);
}

static void sigio_tells_of_the_end(void)
{
	struct sigaction action = {
		.sa_sigaction = on_io,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};
	int fd;

	sim_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	require_ok(sigaction(SIGRTMIN, &action, NULL));
	require_ok(fcntl(fd, F_SETOWN, getpid()));
	require_ok(fcntl(fd, F_SETSIG, SIGRTMIN));
	require_ok(fcntl(fd, F_SETFL, O_ASYNC));
	take_down();
	check(becomes_true(__atomic_load_n(&hung_up, __ATOMIC_RELAXED)));
}

/*
 * A reset takes the card away and brings it back. In between contexts exist but
 * cannot be started.
 */
static void no_start_during_a_reset(void)
{
	long long end = now_ms() + SOON_MS;
	unsigned int busy = 0;
	char path[64];
	struct queue q;
	int ret;

	sim_card_make(&card, NULL);
	queue_init(&q, 1);
	snprintf(path, sizeof(path), SYSFS_CXL "/card%d/reset", card.num);
	while (!busy && now_ms() < end) {
		int fd = node_open_ok(card.slave);

		require_ok(file_write("1", "%s", path));
		do {
			ret = node_start(fd, queue_wed(&q), 4, 0);
			busy += ret && errno == EBUSY;
		} while (ret && errno == EBUSY);
		check(ret == -1 && errno == EIO, "%d: %m", ret);
		require(becomes_true(node_exists(card.slave)));
		close(fd);
	}
	check(busy > 0);
	check_works(card.slave);
}

static void reset_is_refused_while_started(void)
{
	struct queue q;
	char path[64];
	int fd;

	sim_card_make(&card, NULL);
	queue_init(&q, 1);
	snprintf(path, sizeof(path), SYSFS_CXL "/card%d/reset", card.num);
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	check_errno(file_write("1", "%s", path), EBUSY);
	check_ok(node_start(node_open_ok(card.slave), queue_wed(&q), 4, 0));

	/* A forced reset works, whoever uses the card. */
	check_sleepers_wake(fd, force_reset);
	check(becomes_true(node_exists(card.slave)));
	check_works(card.slave);
}

/* Users that never close do not keep the card from coming back, repeatedly. */
static void comes_and_goes_with_open_files(void)
{
	int fd[10], i;

	sim_card_make(&card, NULL);
	for (i = 0; i < 10; i++) {
		fd[i] = node_open_ok(card.slave);
		if (i % 2) {
			require_ok(node_start(fd[i], 0, -1, 0));
			require(events_wait(fd[i]));
		}
		sim_card_set_live(&card, false);
		sim_card_set_live(&card, true);
	}
	/* Started contexts have a pending fault: their queue is at 0. */
	for (i = 0; i < 10; i++) {
		if (i % 2)
			check_eq(events_read(fd[i], &batch), 40);
		check_closed(fd[i]);
	}
	check_works(card.slave);
	check_eq(node_pe(node_open_ok(card.slave)), 0);
}

#define USERS		3

static bool enough;			/* atomic, as the next */
static unsigned int work_done[USERS];

static void *open_close_work(void *arg)
{
	char src[32] = "busy", dst[32];
	unsigned int *done = arg;
	struct queue q;

	queue_init(&q, 1);
	while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
		int fd = node_open(card.slave, 0);
		struct work_element *we;

		if (fd < 0) {
			nap();
			continue;
		}
		memset(q.we, 0, q.size * sizeof(*q.we));
		q.next = 0;
		q.wrap = 0;
		we = queue_copy(&q, dst, src, sizeof(src));
		if (!node_start(fd, queue_wed(&q), 4, 0)) {
			long long end = now_ms() + 20;

			while (!we->status && now_ms() < end)
				nap();
			if (we->status == WE_COMPLETE)
				__atomic_add_fetch(done, 1, __ATOMIC_RELAXED);
		}
		close(fd);
	}
	return NULL;
}

static bool all_have_worked(void)
{
	int i;

	for (i = 0; i < USERS; i++)
		if (!__atomic_load_n(&work_done[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

/* Open, start, close and removal at the same time, in every order */
static void comes_and_goes_among_busy_users(void)
{
	int i, rounds = tap_rounds(20, 5);
	pthread_t user[USERS];
	char slave[16];

	sim_card_make(&card, NULL);
	strcpy(slave, card.slave);
	for (i = 0; i < USERS; i++)
		require_eq(pthread_create(&user[i], NULL, open_close_work,
					  &work_done[i]), 0);
	for (i = 0; i < rounds; i++) {
		usleep(1000 * (i % 5 + 5));
		sim_card_set_live(&card, false);
		usleep(1000 * (i % 3));
		sim_card_set_live(&card, true);
		check_str_eq(card.slave, slave);
	}
	check(becomes_true(all_have_worked()));
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	for (i = 0; i < USERS; i++)
		pthread_join(user[i], NULL);
	check_works(card.slave);
}

#define TEST(name) { "chardev_remove." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(taken_down),
	TEST(unplugged),
	TEST(unbound),
	TEST(recovered),
	TEST(failed_for_good),
	TEST(opened_only_wakes_too),
	TEST(opened_only_wakes_at_recovery),
	TEST(pending_is_kept),
	TEST(pending_is_kept_at_recovery),
	TEST(pending_is_kept_at_surprise),
	TEST(mappings_give_sigbus),
	TEST(mappings_give_all_ones_if_asked),
	TEST(work_ends),
	TEST(sigio_tells_of_the_end),
	TEST(no_start_during_a_reset),
	TEST(reset_is_refused_while_started),
	TEST(comes_and_goes_with_open_files),
	TEST(comes_and_goes_among_busy_users),
};

TAP_MAIN(tests)
