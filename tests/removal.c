// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card goes away at any moment of what its users do: processes that read,
 * poll, use mappings, copy and fork, and one that is killed meanwhile. Each is
 * told within a second, in the way that the ABI says. chardev_remove shows what
 * each way does to a user at rest.
 *
 * The moments follow from a seed, which is printed; CXL_REMOVAL_SEED sets it.
 *
 * The users keep all CPUs busy. So that the times do not depend on the share of
 * CPU left over, the process that takes the card away has priority.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define COPY_NODE	"/dev/cxl-copy1"
#define ROUNDS		8
#define LONGEST_MS	60

static struct sim_card card;
static char src[65536], dst[65536];

/**
 * struct user - a process that uses the card
 * @name: what it does
 * @run: does it until the card is gone
 * @pid: its process
 * @ready: it has begun
 * @ended_ms: when it learned of the end
 * @uses: how often it has used the card
 */
static struct user {
	const char *name;
	void (*run)(struct user *user);
	pid_t pid;
	bool ready;
	long long ended_ms;
	unsigned int uses;
} *users;

static void set_ready(struct user *user)
{
	__atomic_store_n(&user->ready, true, __ATOMIC_RELEASE);
}

static bool is_ready(struct user *user)
{
	return __atomic_load_n(&user->ready, __ATOMIC_ACQUIRE);
}

/* The card is gone: note the time, and check that the file keeps saying so. */
static void set_ended(struct user *user, int fd)
{
	static char buf[CXL_READ_MIN_SIZE];

	__atomic_store_n(&user->ended_ms, now_ms(), __ATOMIC_RELEASE);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	check_eq(errno, EIO);
	check_eq(events_poll(fd), POLLERR | POLLHUP);
	check_errno(node_start(fd, 0, -1, 0), EIO);
}

static long long ended_ms(struct user *user)
{
	return __atomic_load_n(&user->ended_ms, __ATOMIC_ACQUIRE);
}

/*
 * What users do
 */

static void run_reader(struct user *user)
{
	static char buf[CXL_READ_MIN_SIZE];
	struct afu afu;
	ssize_t n;

	afu_start(&afu, card.slave, 4);
	set_ready(user);
	do {
		/* Once the card is gone this fails, and the end is read. */
		sim_inject_irq(card.num, afu.pe, 1 + user->uses % 4);
		n = read(afu.fd, buf, sizeof(buf));
		user->uses++;
	} while (n > 0);
	set_ended(user, afu.fd);
}

/* Its context was never started, and has nothing to read. */
static void run_early_reader(struct user *user)
{
	static char buf[CXL_READ_MIN_SIZE];
	int fd = node_open_ok(card.slave);

	set_ready(user);
	check_errno(read(fd, buf, sizeof(buf)), EIO);
	set_ended(user, fd);
}

static void run_poller(struct user *user)
{
	struct pollfd p = { .events = POLLIN };
	struct afu afu;

	afu_start(&afu, card.slave, 4);
	p.fd = afu.fd;
	set_ready(user);
	require_eq(poll(&p, 1, -1), 1);
	check_eq(p.revents, POLLERR | POLLHUP);
	set_ended(user, afu.fd);
}

static void run_edge_poller(struct user *user)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct afu afu;
	int ep = require_ok(epoll_create1(EPOLL_CLOEXEC));

	afu_start(&afu, card.slave, 4);
	require_ok(epoll_ctl(ep, EPOLL_CTL_ADD, afu.fd, &event));
	set_ready(user);
	do {
		require_eq(epoll_wait(ep, &event, 1, -1), 1);
	} while (!(event.events & EPOLLHUP));
	set_ended(user, afu.fd);
}

static void run_mapper(struct user *user)
{
	struct afu afu;
	__u64 value;
	int code;

	afu_start(&afu, card.slave, 4);
	set_ready(user);
	while (!(code = mmio_probe(afu.mmio, &value)))
		user->uses++;
	check_eq(code, BUS_ADRERR);
	set_ended(user, afu.fd);
}

/* Loads give all ones instead of a signal, and stores vanish. */
static void run_ff_mapper(struct user *user)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int fd = node_open_ok(card.slave);
	struct queue q;
	void *map;

	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), 4, CXL_START_WORK_ERR_FF));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		/* The card may be going away already. */
	if (map == MAP_FAILED)
		check_eq(errno, EIO);
	set_ready(user);
	while (map != MAP_FAILED && mmio_read(map, REG_WED) != ~0ULL) {
		mmio_write(map, REG_PCTRL, PCTRL_RESTART);
		user->uses++;
	}
	set_ended(user, fd);
}

static void run_copier(struct user *user)
{
	struct work_element *we;
	struct queue q;
	int fd;

	fd = node_open_ok(card.slave);
	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), 4, 0));
	set_ready(user);
	while (!(events_poll(fd) & POLLHUP)) {
		we = queue_copy(&q, dst, src, 1 + rand() % 65535);
		while (!__atomic_load_n(&we->status, __ATOMIC_ACQUIRE) &&
		       !(events_poll(fd) & POLLHUP))
			usleep(100);
		user->uses++;
	}
	set_ended(user, fd);
}

/* Children inherit the file and the mapping, use both, and exit. */
static void run_forker(struct user *user)
{
	struct afu afu;
	__u64 value;
	pid_t pid;

	afu_start(&afu, card.slave, 4);
	set_ready(user);
	while (!(events_poll(afu.fd) & POLLHUP)) {
		pid = require_ok(fork());
		if (!pid) {
			mmio_probe(afu.mmio, &value);
			_exit(0);
		}
		require_eq(waitpid(pid, NULL, 0), pid);
		user->uses++;
	}
	set_ended(user, afu.fd);
}

/* Each request has one completion until it is over. */
static void run_copy_service(struct user *user)
{
	static struct copy_service service;
	struct cxl_copy_completion completion;
	unsigned int submitted = 0, completed = 0;
	bool ended = false;
	int ret;

	copy_open_at(&service, COPY_NODE, CXL_COPY_QUEUE_MIN_SIZE);
	set_ready(user);
	while (!ended) {
		ret = copy_submit_one(service.fd, src, dst,
				      1 + rand() % sizeof(src), submitted);
		if (ret == 1)
			submitted++;
		else
			require(errno == EIO || errno == EBUSY, "%m");
		ended = ret < 0 && errno == EIO;
		while ((ended || submitted > completed + 4) &&
		       copy_completion(&service, &completion)) {
			check_eq(completion.cookie, completed);
			completed++;
		}
		user->uses++;
	}
	check_eq(service.error, EIO);
	check_eq(completed, submitted);
	set_ended(user, service.fd);
	copy_close(&service);
}

/* Reads and copies until it is killed. */
static void run_victim(struct user *user)
{
	static char buf[CXL_READ_MIN_SIZE];
	struct afu afu;

	afu_start(&afu, card.slave, 4);
	queue_copy(&afu.queue, dst, src, 65535);
	set_ready(user);
	while (read(afu.fd, buf, sizeof(buf)) > 0)
		;
	pause();
}

/* Switching modes is refused while contexts exist, whoever tries how often. */
static void run_mode_switcher(struct user *user)
{
	set_ready(user);
	while (!file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num) ||
	       errno == EBUSY)
		user->uses++;
	__atomic_store_n(&user->ended_ms, now_ms(), __ATOMIC_RELEASE);
}

static const struct user all_users[] = {
	{ "victim", run_victim },
	{ "reader", run_reader },
	{ "early reader", run_early_reader },
	{ "poller", run_poller },
	{ "edge poller", run_edge_poller },
	{ "mapper", run_mapper },
	{ "mapper of all ones", run_ff_mapper },
	{ "copier", run_copier },
	{ "forker", run_forker },
	{ "copy service", run_copy_service },
	{ "reader", run_reader },
	{ "copier", run_copier },
};

#define USERS	ARRAY_SIZE(all_users)

/* @user is in shared memory. */
static void start_user(struct user *user)
{
	pid_t pid = require_ok(fork());

	if (!pid) {
		user->run(user);
		_exit(0);
	}
	user->pid = pid;
}

static void start_users(void)
{
	unsigned int i;

	users = mmap(NULL, sizeof(all_users), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(users != MAP_FAILED);
	memcpy(users, all_users, sizeof(all_users));
	for (i = 0; i < USERS; i++)
		start_user(&users[i]);
	for (i = 0; i < USERS; i++)
		require(becomes_true(is_ready(&users[i])), "%s",
			users[i].name);
}

static void check_user(struct user *user, long long begin)
{
	long long ms;
	int status;

	require_eq(waitpid(user->pid, &status, 0), user->pid);
	check(!status, "%s: %#x", user->name, status);
	ms = ended_ms(user) - begin;
	check(ended_ms(user) && ms < WAKE_MS, "%s: it took %lld ms",
	      user->name, ms);
}

static void check_works(void)
{
	struct afu afu;

	afu_start(&afu, card.slave, 4);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, 65535)),
		 WE_COMPLETE);
	afu_irq(&afu, 4);
	afu_stop(&afu);
}

/*
 * The moments
 */

static unsigned int next_seed(void)
{
	const char *text = getenv("CXL_REMOVAL_SEED");
	unsigned int seed = time(NULL);

	if (text)
		seed = strtoul(text, NULL, 0);
	diag("CXL_REMOVAL_SEED=%u", seed);
	return seed;
}

static void go_first(bool first)
{
	require_ok(setpriority(PRIO_PROCESS, 0, first ? -20 : 0));
}

static void one_round(void (*take_away)(void), unsigned int wait_us,
		      unsigned int kill_us)
{
	long long begin, ms;
	unsigned int i;
	pid_t killer;

	require(becomes_true(file_exists(COPY_NODE)));
	start_users();
	killer = require_ok(fork());
	if (!killer) {
		usleep(kill_us);
		kill(users[0].pid, SIGKILL);
		_exit(0);
	}
	go_first(true);
	usleep(wait_us);
	begin = now_ms();
	take_away();
	ms = now_ms() - begin;
	check(ms < WAKE_MS, "to take it away took %lld ms", ms);
	for (i = 1; i < USERS; i++)
		check_user(&users[i], begin);
	require_eq(waitpid(killer, NULL, 0), killer);
	begin = now_ms();
	require_eq(waitpid(users[0].pid, NULL, 0), users[0].pid);
	check(now_ms() - begin < WAKE_MS);
	go_first(false);
	munmap(users, sizeof(all_users));
}

static void at_random_moments(void (*take_away)(void), void (*bring_back)(void))
{
	unsigned int i, rounds = tap_rounds(ROUNDS, 2);

	srand(next_seed());
	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	for (i = 0; i < rounds; i++) {
		one_round(take_away, rand() % (LONGEST_MS * 1000),
			  rand() % (LONGEST_MS * 1000));
		bring_back();
		require(becomes_true(file_exists("/dev/cxl/%s", card.slave)));
		check_works();
	}
}

static void set_down(void)
{
	sim_card_set_live(&card, false);
}

static void set_up(void)
{
	sim_card_set_live(&card, true);
}

static void off_and_on(void)
{
	sim_card_set_live(&card, false);
	sim_card_set_live(&card, true);
}

static void unplug(void)
{
	require_ok(sim_unplug(card.num));
}

static void unbind(void)
{
	sim_card_set_bound(&card, false);
}

static void bind(void)
{
	sim_card_set_bound(&card, true);
}

static void recover(void)
{
	require_ok(sim_recovery(card.num, "frozen"));
}

static void fail_for_good(void)
{
	require_ok(sim_recovery(card.num, "perm_failure"));
}

static void reset(void)
{
	sim_card_force_reset(&card);
}

/* The card comes back by itself. */
static void nothing(void)
{
}

static void taken_down(void)
{
	at_random_moments(set_down, set_up);
}

static void unplugged(void)
{
	at_random_moments(unplug, off_and_on);
}

static void unbound(void)
{
	at_random_moments(unbind, bind);
}

static void recovered(void)
{
	at_random_moments(recover, nothing);
}

static void failed_for_good(void)
{
	at_random_moments(fail_for_good, off_and_on);
}

static void force_reset(void)
{
	at_random_moments(reset, nothing);
}

/*
 * Only the AFU driver goes, or wants to: its users are told, others are not.
 */

#define SERVICES	3

static void afu_device(char *name)
{
	char path[64], link[256] = "";

	snprintf(path, sizeof(path), "/sys/class/misc/%s/device",
		 strrchr(COPY_NODE, '/') + 1);
	require_ok(readlink(path, link, sizeof(link) - 1));
	strcpy(name, strrchr(link, '/') + 1);
}

static void afu_driver_unbound(void)
{
	unsigned int round, i, rounds = tap_rounds(ROUNDS, 2);
	struct user *service;
	long long begin;
	struct afu other;
	char afu[256];

	srand(next_seed());
	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	service = mmap(NULL, SERVICES * sizeof(*service),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	require(service != MAP_FAILED);
	afu_start(&other, card.slave, 4);
	for (round = 0; round < rounds; round++) {
		require(becomes_true(file_exists(COPY_NODE)));
		afu_device(afu);
		for (i = 0; i < SERVICES; i++) {
			service[i] = (struct user) {
				.name = "copy service",
				.run = run_copy_service,
			};
			start_user(&service[i]);
		}
		for (i = 0; i < SERVICES; i++)
			require(becomes_true(is_ready(&service[i])));
		go_first(true);
		usleep(rand() % (LONGEST_MS * 1000));
		begin = now_ms();
		require_ok(file_write(afu, COPY_DRIVER "/unbind"));
		for (i = 0; i < SERVICES; i++)
			check_user(&service[i], begin);
		go_first(false);
		check_eq(queue_wait(queue_copy(&other.queue, dst, src, 100)),
			 WE_COMPLETE);
		require_ok(file_write(afu, COPY_DRIVER "/bind"));
	}
}

static void modes_do_not_change_under_users(void)
{
	struct user *switcher;
	struct afu afu;
	unsigned int i;

	sim_card_make(&card, "afu0/modes", "dedicated directed", NULL);
	switcher = mmap(NULL, sizeof(*switcher), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(switcher != MAP_FAILED);
	afu_start(&afu, card.slave, 4);
	switcher->run = run_mode_switcher;
	start_user(switcher);
	require(becomes_true(is_ready(switcher)));
	for (i = 0; i < 50; i++)
		require_eq(queue_wait(queue_copy(&afu.queue, dst, src, 65535)),
			   WE_COMPLETE);
	check(becomes_true(switcher->uses > 10));
	set_down();
	require(becomes_true(ended_ms(switcher)));
	require_eq(waitpid(switcher->pid, NULL, 0), switcher->pid);
	afu_stop(&afu);
}

#define TEST(name) { "removal." #name, name, sim_cards_remove, 60 }

static const struct tap_test tests[] = {
	TEST(taken_down),
	TEST(unplugged),
	TEST(unbound),
	TEST(recovered),
	TEST(failed_for_good),
	TEST(force_reset),
	TEST(afu_driver_unbound),
	TEST(modes_do_not_change_under_users),
};

TAP_MAIN(tests)
