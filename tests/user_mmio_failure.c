// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to registers wait for the program that is the AFU. They must end
 * when that program, the program that made them, or the AFU goes away.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define ALL_ONES	0xffffffffffffffffULL

static struct sim_card card;
static struct model model;
static struct model_client c;

/* @value stays zero if the load does not set it. */
static int load(int fd, __u64 *value)
{
	struct cxl_ioctl_mmio access = { .size = 8 };
	int ret = ioctl(fd, CXL_IOCTL_MMIO, &access);

	*value = access.value;
	return ret;
}

static int store(int fd)
{
	struct cxl_ioctl_mmio access = {
		.size = 8,
		.flags = CXL_IOCTL_MMIO_WRITE,
	};

	return ioctl(fd, CXL_IOCTL_MMIO, &access);
}

struct waiter {
	int ret;
	int error;
	__u64 value;
	pthread_t thread;
	struct cxl_sim_message message;
};

static void *wait_for_load(void *arg)
{
	struct waiter *w = arg;

	w->ret = load(c.fd, &w->value);
	w->error = errno;
	return NULL;
}

/* Start a load that the AFU's program has received but not answered. */
static void waiter_start(struct waiter *w)
{
	require_eq(pthread_create(&w->thread, NULL, wait_for_load, w), 0);
	require(model_wait(&model, CXL_SIM_MMIO, &w->message));
}

static void waiter_gets_all_ones(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	check_ok(w->ret);
	check_eq(w->value, ALL_ONES);
}

static void begin(const char *answer_ms)
{
	model_card_make(&card, "afu0/mmio", "trapped", "afu0/answer_ms",
			answer_ms, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
}

static void end(void)
{
	model_detach(&c);
	model_stop(&model);
}

static void check_all_ones(void)
{
	__u64 value;

	check_ok(load(c.fd, &value));
	check_eq(value, ALL_ONES);
	check_ok(store(c.fd));
}

static void no_answer_in_time_fails_the_afu(void)
{
	long long before;
	__u64 value;

	begin("300");
	before = now_ms();
	check_ok(load(c.fd, &value));
	check_eq(value, ALL_ONES);
	check(now_ms() - before >= 300);
	check(now_ms() - before < 300 + WAKE_MS);
	check(becomes_true(__atomic_load_n(&model.error, __ATOMIC_SEQ_CST) == EIO));
	check_error_event(c.fd);
	before = now_ms();
	check_all_ones();
	check(now_ms() - before < WAKE_MS);
	end();
}

/* A separate program, which only accepts contexts */
static pid_t fork_model(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	require_ok(pipe(ready));
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		model_run(&model, require_ok(model_open(&card, 0)));
		require_eq(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	require_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void begin_forked(pid_t *pid, const char *answer_ms)
{
	model_card_make(&card, "afu0/mmio", "trapped", "afu0/answer_ms",
			answer_ms, NULL);
	*pid = fork_model();
	c.fd = node_open_ok(card.slave);
	require_ok(node_start(c.fd, 0, -1, 0));
}

static void end_forked(pid_t pid)
{
	kill_and_wait(pid);
	check_ok(close(c.fd));
}

static void killed_program_ends_an_access(void)
{
	struct waiter w = {};
	long long killed;
	pid_t pid;

	begin_forked(&pid, "60000");
	require_eq(pthread_create(&w.thread, NULL, wait_for_load, &w), 0);
	usleep(100000);
	killed = now_ms();
	require_ok(kill(pid, SIGKILL));
	waiter_gets_all_ones(&w);
	check(now_ms() - killed < WAKE_MS);
	check_error_event(c.fd);
	check_all_ones();
	end_forked(pid);
}

static void stopped_program_is_waited_for_no_longer(void)
{
	long long before;
	__u64 value;
	pid_t pid;

	begin_forked(&pid, "200");
	require_ok(kill(pid, SIGSTOP));
	before = now_ms();
	check_ok(load(c.fd, &value));
	check_eq(value, ALL_ONES);
	check(now_ms() - before < 200 + WAKE_MS);
	check_error_event(c.fd);
	require_ok(kill(pid, SIGCONT));
	end_forked(pid);
}

static void killed_client_waits_no_longer(void)
{
	struct cxl_sim_message m;
	long long killed;
	__u64 value;
	pid_t pid;
	int i;

	begin("60000");
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		load(c.fd, &value);
		_exit(0);
	}
	require(model_wait(&model, CXL_SIM_MMIO, &m));
	killed = now_ms();
	kill_and_wait(pid);
	check(now_ms() - killed < WAKE_MS);
	check_errno(model_mmio_done(model.fd, &m, 1), ESTALE);
	/* The AFU has not failed, and serves the next access. */
	for (i = 0; i < 2; i++) {
		struct waiter w = {};

		waiter_start(&w);
		check_ok(model_mmio_done(model.fd, &w.message, 5 + i));
		pthread_join(w.thread, NULL);
		check_ok(w.ret);
		check_eq(w.value, 5 + i);
	}
	check_eq(events_poll(c.fd), 0);
	end();
}

static void link_down_is_all_ones(void)
{
	struct waiter w = {};
	__u64 value;

	begin("60000");
	waiter_start(&w);
	require_ok(sim_set_link(card.num, "down"));
	waiter_gets_all_ones(&w);
	check_errno(model_mmio_done(model.fd, &w.message, 1), ESTALE);
	check_ok(load(c.fd, &value));
	check_eq(value, ALL_ONES);
	check_ok(store(c.fd));
	require_ok(sim_set_link(card.num, "up"));
	waiter_start(&w);
	check_ok(model_mmio_done(model.fd, &w.message, 7));
	pthread_join(w.thread, NULL);
	check_eq(w.value, 7);
	end();
}

static void recovery_ends_an_access(void)
{
	struct waiter w = {};

	begin("60000");
	waiter_start(&w);
	require_ok(sim_recovery(card.num, "frozen"));
	waiter_gets_all_ones(&w);
	end();
}

static void removal_ends_an_access(void)
{
	struct waiter w = {};
	long long before;

	begin("60000");
	waiter_start(&w);
	before = now_ms();
	sim_card_set_live(&card, false);
	check(now_ms() - before < WAKE_MS);
	waiter_gets_all_ones(&w);
	check_errno(store(c.fd), EIO);
	check_errno(model_mmio_done(model.fd, &w.message, 1), ENODEV);
	check_ok(close(c.fd));
	check_ok(close(c.memory));
	model_stop(&model);
}

static void closed_context_is_as_its_mapping_would_be(void)
{
	struct cxl_ioctl_start_work work = { .flags = CXL_START_WORK_ERR_FF };
	__u64 value;
	int fd;

	begin("60000");
	fd = node_open_ok(card.slave);
	check_errno(load(fd, &value), EIO);
	require_ok(ioctl(fd, CXL_IOCTL_START_WORK, &work));
	sim_card_set_live(&card, false);
	check_errno(load(c.fd, &value), EIO);
	check_errno(store(c.fd), EIO);
	check_ok(load(fd, &value));
	check_eq(value, ALL_ONES);
	check_ok(store(fd));
	check_ok(close(fd));
	check_ok(close(c.fd));
	check_ok(close(c.memory));
	model_stop(&model);
}

static void check_wrong_answer(bool write, __u32 pe, __u64 value)
{
	struct cxl_sim_message m;
	int status;
	pid_t pid;

	begin("60000");
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		struct cxl_ioctl_mmio access = {
			.size = 4,
			.flags = write ? CXL_IOCTL_MMIO_WRITE : 0,
		};

		_exit(ioctl(c.fd, CXL_IOCTL_MMIO, &access) ||
		      access.value != (write ? 0 : 0xffffffff));
	}
	require(model_wait(&model, CXL_SIM_MMIO, &m));
	m.pe += pe;
	check_errno(model_mmio_done(model.fd, &m, value), EINVAL);
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	check_error_event(c.fd);
	end();
}

static void wrong_answer_fails_the_afu(void)
{
	struct cxl_sim_message m = {};

	check_wrong_answer(true, 0, 1);
	check_wrong_answer(false, 0, 0x100000000ULL);
	check_wrong_answer(false, 1, 0);

	begin("60000");
	m.pe = c.attach.pe;
	m.mmio.access = c.attach.id;
	check_errno(model_mmio_done(model.fd, &m, 0), ESTALE);
	check_errno(model_request(model.fd, CXL_SIM_MMIO_DONE, &m, 0, 1),
		    EINVAL);
	check_error_event(c.fd);
	end();
}

static void next_program_goes_on(void)
{
	struct waiter w = {};

	model_card_make(&card, "afu0/mmio", "trapped", "afu0/recover", "1",
			NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	waiter_start(&w);
	model_stop(&model);
	waiter_gets_all_ones(&w);
	check_all_ones();
	check_ok(close(c.memory));

	model_start(&model, &card);
	require(model_wait(&model, CXL_SIM_ATTACH, &c.attach));
	c.memory = require_ok(model_context(&model, &c.attach));
	waiter_start(&w);
	check_ok(model_mmio_done(model.fd, &w.message, 11));
	pthread_join(w.thread, NULL);
	check_eq(w.value, 11);
	end();
}

#define TEST(name) { "user_mmio_failure." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(no_answer_in_time_fails_the_afu),
	TEST(killed_program_ends_an_access),
	TEST(stopped_program_is_waited_for_no_longer),
	TEST(killed_client_waits_no_longer),
	TEST(link_down_is_all_ones),
	TEST(recovery_ends_an_access),
	TEST(removal_ends_an_access),
	TEST(closed_context_is_as_its_mapping_would_be),
	TEST(wrong_answer_fails_the_afu),
	TEST(next_program_goes_on),
};

TAP_MAIN(tests)
