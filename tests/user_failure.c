// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs, and what happens to attached programs when such
 * a model ends, stalls, or sends what it should not. See user_misbehave for the
 * example that does so on command, user_kill for kills under load.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define ALL_ONES	0xffffffffffffffffULL

static struct sim_card card;
static struct model model;

static bool program_runs(pid_t pid)
{
	return pid > 0 && !kill(pid, 0);
}

/* A separate program, which serves until it is killed */
static pid_t model_fork(void)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	require_ok(pipe(ready));
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		do
			fd = model_open(&card, 0);
		while (fd < 0 && errno == EBUSY);
		model_run(&model, require_ok(fd));
		require_eq(write(ready[1], "x", 1), 1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	require_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Milliseconds until a client notices that the program was killed */
static long long time_kill(void)
{
	int fd = node_open_ok(card.slave);
	pid_t pid = model_fork();
	long long killed;

	require_ok(node_start(fd, 0, -1, 0));
	killed = now_ms();
	kill_and_wait(pid);
	require(events_wait(fd));
	killed = now_ms() - killed;
	check_error_event(fd);
	check_ok(close(fd));
	return killed;
}

static void killed_program_is_a_failed_afu(void)
{
	__u64 *window;
	long long took;
	pid_t pid;
	int fd, other;

	model_card_make(&card, NULL);
	pid = model_fork();
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, 0));
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(window != MAP_FAILED, "%m");
	mmio_write(window, 0, 5);
	check_eq(mmio_read(window, 0), 5);

	kill_and_wait(pid);
	check_error_event(fd);
	check(becomes_true(mmio_read(window, 0) == ALL_ONES));
	mmio_write(window, 0, 6);
	other = node_open_ok(card.slave);
	check_errno(node_start(other, 0, -1, 0), EIO);

	/* A second program does not take over the contexts of the first. */
	pid = model_fork();
	check_eq(mmio_read(window, 8), ALL_ONES);
	check_ok(node_start(other, 0, -1, 0));
	check_eq(events_poll(other), 0);
	check_ok(munmap(window, 4096));
	check_ok(close(fd));
	check_ok(close(other));
	kill_and_wait(pid);

	/* Try again if the machine is busy with something else. */
	check(becomes_true((took = time_kill()) < 100 * tap_time_scale()),
	      "%lld ms", took);
}

static void check_has_failed(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct cxl_sim_message m[4];
	struct cxl_sim_info info;

	while (read(fd, m, sizeof(m)) > 0)
		continue;
	check_eq(errno, EIO);
	check_eq(poll(&poll_fd, 1, 0), 1);
	check_eq(poll_fd.revents, POLLERR | POLLHUP);
	m[0] = (struct cxl_sim_message){};
	check_errno(model_request(fd, CXL_SIM_RESET_DONE, m, 0, 0), EIO);
	check_errno(ioctl(fd, CXL_SIM_GET_INFO, &info), EIO);
}

static void check_garbage(const void *garbage, size_t size)
{
	int fd = require_ok(model_open(&card, 0));

	check_errno(write(fd, garbage, size), EINVAL);
	check_has_failed(fd);
	check_ok(close(fd));
}

static void garbage_is_a_failed_afu(void)
{
	struct cxl_sim_request r = { .type = CXL_SIM_RESET_DONE };
	int fd;

	model_card_make(&card, NULL);
	check_garbage(&r, sizeof(r) - 1);
	check_garbage(&r, 0);
	r.type = 0;
	check_garbage(&r, sizeof(r));
	r.type = 0x80000001;
	check_garbage(&r, sizeof(r));
	r.type = CXL_SIM_INTERRUPT;
	r.value = 1;
	check_garbage(&r, sizeof(r));
	r.value = 0;
	r.reserved = 1;
	check_garbage(&r, sizeof(r));
	r = (struct cxl_sim_request){ .type = CXL_SIM_ATTACHED, .value = 2 };
	check_garbage(&r, sizeof(r));
	r = (struct cxl_sim_request){ .type = CXL_SIM_RESET_DONE, .pe = 1 };
	check_garbage(&r, sizeof(r));

	/* An unknown number, or memory that is not there, is not garbage. */
	fd = require_ok(model_open(&card, 0));
	r = (struct cxl_sim_request){ .type = CXL_SIM_INTERRUPT,
				      .pe = 0xffffffff, .id = ALL_ONES };
	check_errno(write(fd, &r, sizeof(r)), ESTALE);
	check_errno(write(fd, no_access_page(), sizeof(r)), EFAULT);
	r.type = CXL_SIM_ATTACHED;
	check_errno(write(fd, &r, sizeof(r)), ESTALE);
	check_ok(close(fd));
}

static void mute_program_fails_in_time(void)
{
	struct model_client c;
	long long before;
	int fd;

	model_card_make(&card, "afu0/answer_ms", "300", NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	model.mute = true;
	fd = node_open_ok(card.slave);
	before = now_ms();
	check_errno(node_start(fd, 0, -1, 0), EIO);
	check(now_ms() - before >= 300);
	check(now_ms() - before < 300 + WAKE_MS);
	check_error_event(c.fd);
	check(becomes_true(__atomic_load_n(&model.error, __ATOMIC_SEQ_CST) == EIO));
	model_detach(&c);
	check_ok(close(fd));
	model_stop(&model);

	/* A reset does not wait longer, either. */
	model_start(&model, &card);
	model.mute = true;
	before = now_ms();
	check_ok(file_write("1", SYSFS_CXL "/card%d/afu%d.0/reset", card.num,
			    card.num));
	check(now_ms() - before < 300 + WAKE_MS);
	check(becomes_true(__atomic_load_n(&model.error, __ATOMIC_SEQ_CST) == EIO));
	model_stop(&model);
}

/* As long as nobody needs an answer, a stopped program is just a slow one. */
static void stopped_program_holds_up_nobody(void)
{
	long long before;
	int fd, status;
	pid_t pid;

	model_card_make(&card, NULL);
	pid = model_fork();
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, 0));
	require_ok(kill(pid, SIGSTOP));
	require_eq(waitpid(pid, &status, WUNTRACED), pid);
	before = now_ms();
	check_ok(close(fd));
	check(now_ms() - before < WAKE_MS);
	before = now_ms();
	sim_card_set_live(&card, false);
	check(now_ms() - before < WAKE_MS);
	check(program_runs(pid));
	require_ok(kill(pid, SIGCONT));
	kill_and_wait(pid);
}

struct starter {
	int fd;
	int result;
	int error;
};

static void *start_context(void *arg)
{
	struct starter *s = arg;

	s->result = node_start(s->fd, 0, -1, 0);
	s->error = errno;
	return NULL;
}

#define FREEZE_TIMEOUT	"/sys/power/pm_freeze_timeout"

static int open_second_afu(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/cxl-sim/%s.afu1", card.name);
	return require_ok(open(path, O_RDWR | O_CLOEXEC));
}

static void restore_freeze_timeout(void)
{
	file_write("20000", FREEZE_TIMEOUT);
	sim_cards_remove();
}

/*
 * Suspend freezes the model, and is refused because of those who wait for it:
 * one until then, and the other, whom its model never answers, in any case.
 */
static void suspend_is_no_failure(void)
{
	struct starter s = {}, stuck = {};
	struct cxl_sim_message m;
	pthread_t thread, other;
	char node[16];
	int second;

	if (!file_exists(FREEZE_TIMEOUT))
		skip("no suspend");
	model_card_make(&card, "afu0/answer_ms", "300", "afu1/model", "user",
			"afu1/answer_ms", "600000", NULL);
	second = open_second_afu();
	snprintf(node, sizeof(node), "afu%d.1s", card.num);
	stuck.fd = node_open_ok(node);
	require_eq(pthread_create(&other, NULL, start_context, &stuck), 0);
	require_ok(file_write("1000", FREEZE_TIMEOUT));

	model_start(&model, &card);
	model.mute = true;
	s.fd = node_open_ok(card.slave);
	require_eq(pthread_create(&thread, NULL, start_context, &s), 0);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	check_errno(file_write("freeze", "/sys/power/state"), EBUSY);
	check_ok(model_request(model.fd, CXL_SIM_ATTACHED, &m, 0, 0));
	pthread_join(thread, NULL);
	check_eq(s.result, 0);

	check_ok(close(second));
	pthread_join(other, NULL);
	check_eq(stuck.error, EIO);
	check_ok(close(stuck.fd));
	check_ok(close(s.fd));
	model_stop(&model);
}

static void removal_ends_an_attach(void)
{
	struct starter s = {};
	struct cxl_sim_message m;
	pthread_t thread;
	long long before;
	int fd;

	model_card_make(&card, "afu0/answer_ms", "600000", NULL);
	model_start(&model, &card);
	model.mute = true;
	s.fd = node_open_ok(card.slave);
	require_eq(pthread_create(&thread, NULL, start_context, &s), 0);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	before = now_ms();
	sim_card_set_live(&card, false);
	check(now_ms() - before < WAKE_MS);
	pthread_join(thread, NULL);
	check_eq(s.result, -1);
	check_eq(s.error, EIO);
	require(model_wait(&model, CXL_SIM_STOP, &m));
	check(becomes_true(__atomic_load_n(&model.error, __ATOMIC_SEQ_CST) ==
			   ENODEV));
	fd = model.fd;
	check_errno(model_request(fd, CXL_SIM_ATTACHED, &m, 0, 0), ENODEV);
	check_ok(close(s.fd));
	model_stop(&model);
}

static void signal_ends_an_attach(void)
{
	struct cxl_sim_message m;
	int fd, status;
	pid_t pid;

	model_card_make(&card, "afu0/answer_ms", "600000", NULL);
	model_start(&model, &card);
	model.mute = true;
	fd = node_open_ok(card.slave);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		node_start(fd, 0, -1, 0);
		_exit(0);
	}
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	require_ok(kill(pid, SIGKILL));
	require_eq(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status));
	check(model_wait(&model, CXL_SIM_DETACH, &m));
	check_ok(close(fd));
	model_stop(&model);
}

static void next_program_can_go_on(void)
{
	struct cxl_sim_message m;
	__u64 *window, value;
	int fd, memory;
	pid_t pid;

	model_card_make(&card, "afu0/recover", "1", NULL);
	pid = model_fork();
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0x77, 6, 0));
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(window != MAP_FAILED, "%m");
	mmio_write(window, 0, 5);
	kill_and_wait(pid);
	check_error_event(fd);
	check(becomes_true(mmio_read(window, 0) == ALL_ONES));

	model_start(&model, &card);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	check_eq(m.attach.wed, 0x77);
	check_eq(m.attach.num_interrupts, 6);
	check(becomes_true(mmio_read(window, 0) == 5));
	memory = require_ok(model_context(&model, &m));
	value = 0;
	check_eq(pread(memory, &value, 8, (uintptr_t)&card), 8);
	check_mem_eq(&value, &card, 8);
	check_ok(model_request(model.fd, CXL_SIM_INTERRUPT, &m, 0, 3));
	require(events_wait(fd));
	/* A context's file is only good while the same program is the AFU. */
	model_stop(&model);
	check(becomes_true(pread(memory, &value, 8, (uintptr_t)&card) < 0 &&
			   errno == ESTALE));
	check_ok(munmap(window, 4096));
	check_ok(close(memory));
	check_ok(close(fd));
}

/* They can still be accessed, but nobody else sees the result. */
static void mappings_end_with_the_afu(void)
{
	struct model_client c;
	__u64 *window, *all, value;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c.memory,
		      0);
	require(window != MAP_FAILED, "%m");
	all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, model.fd, 0);
	require(all != MAP_FAILED, "%m");
	mmio_write(window, 0, 1);
	mmio_write(all, 8, 2);
	sim_card_set_live(&card, false);
	check_eq(mmio_probe(window, &value), 0);
	check_eq(value, 0);
	check_eq(mmio_probe(all + 1, &value), 0);
	check_eq(value, 0);
	sim_card_set_live(&card, true);
	mmio_write(all, 8, 2);
	check_ok(munmap(all, 4096));
	check_ok(close(c.fd));
	model_stop(&model);
	mmio_write(window, 0, 1);
	model_start(&model, &card);
	all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, model.fd,
		   c.attach.attach.window);
	require(all != MAP_FAILED, "%m");
	check_eq(mmio_read(all, 0), 0);
	check_ok(munmap(all, 4096));
	check_ok(munmap(window, 4096));
	check_ok(close(c.memory));
	model_stop(&model);
}

static void module_stays_while_the_node_is_open(void)
{
	int fd;

	model_card_make(&card, NULL);
	fd = require_ok(model_open(&card, 0));
	sim_card_set_live(&card, false);
	/* Its folder goes; what the open file needs stays. */
	sim_cards_remove();
	check_errno(model_request(fd, CXL_SIM_RESET_DONE,
				  &(struct cxl_sim_message){}, 0, 0), ENODEV);
	check_ok(close(fd));
}

#define TEST(name) { "user_failure." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(killed_program_is_a_failed_afu),
	TEST(garbage_is_a_failed_afu),
	TEST(mute_program_fails_in_time),
	TEST(stopped_program_holds_up_nobody),
	{ "user_failure.suspend_is_no_failure", suspend_is_no_failure,
	  restore_freeze_timeout },
	TEST(removal_ends_an_attach),
	TEST(signal_ends_an_attach),
	TEST(next_program_can_go_on),
	TEST(mappings_end_with_the_afu),
	TEST(module_stays_while_the_node_is_open),
};

TAP_MAIN(tests)
