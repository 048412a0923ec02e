// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU that misbehaves on command, examples/afu/misbehave.c, and what its
 * clients see of it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

static struct sim_card card;
static struct event_batch batch;

/* Its commands, passed as the work element descriptor */
enum misbehaviour {
	BEHAVE, ANSWER_LATE, STALL, DIE, LEAVE, BE_STOPPED, SEND_GARBAGE,
	SEND_WRONG_ID, RAISE_WRONG_INTERRUPT, ACCESS_WRONG_ADDRESS, UNKNOWN,
};

static pid_t misbehaver_start(void)
{
	char node[64];
	pid_t pid;

	snprintf(node, sizeof(node), "/dev/cxl-sim/%s.afu0", card.name);
	pid = fork();
	require(pid >= 0);
	if (pid)
		return pid;
	require_ok(prctl(PR_SET_PDEATHSIG, SIGKILL));
	/* Hide the error messages that it prints. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(126);
	execl("/tests/lib/afu-misbehave", "misbehave", node, NULL);
	_exit(127);
}

/* Attach a context. The program opens the node soon after it has started. */
static int misbehaver_attach(enum misbehaviour command)
{
	int fd = node_open_ok(card.slave);

	require(becomes_true(!node_start(fd, command, -1, 0)), "%m");
	return fd;
}

/* Expect events of exactly these types: @types has a bit for each. */
static void check_events(int fd, unsigned int types)
{
	unsigned int seen = 0, i;

	while (seen != types) {
		require(events_wait(fd));
		require_ok(events_read(fd, &batch));
		for (i = 0; i < batch.n; i++)
			seen |= 1U << batch.event[i].header.type;
		require_eq(seen & ~types, 0);
	}
}

/* The command harms nobody, and the AFU stays alive. */
static void check_misbehaviour_is_harmless(enum misbehaviour command)
{
	int fd = misbehaver_attach(command);

	check_events(fd, 1U << CXL_EVENT_AFU_INTERRUPT);
	check_ok(close(fd));
}

static void check_misbehaviour_fails_the_afu(enum misbehaviour command)
{
	pid_t pid = misbehaver_start();
	int fd = misbehaver_attach(command), status;

	check_error_event(fd);
	check_ok(close(fd));
	require_eq(waitpid(pid, &status, 0), pid);
	check(command == DIE ? WIFSIGNALED(status) : WIFEXITED(status),
	      "%#x", status);
}

static void fails_the_afu(void)
{
	model_card_make(&card, NULL);
	check_misbehaviour_fails_the_afu(DIE);
	check_misbehaviour_fails_the_afu(LEAVE);
	check_misbehaviour_fails_the_afu(SEND_GARBAGE);
}

static void can_be_harmless(void)
{
	long long before;
	int fd, status;
	pid_t pid;

	model_card_make(&card, NULL);
	pid = misbehaver_start();
	check_misbehaviour_is_harmless(BEHAVE);
	check_misbehaviour_is_harmless(SEND_WRONG_ID);
	check_misbehaviour_is_harmless(RAISE_WRONG_INTERRUPT);
	before = now_ms();
	check_misbehaviour_is_harmless(ANSWER_LATE);
	check(now_ms() - before >= 300);

	fd = misbehaver_attach(ACCESS_WRONG_ADDRESS);
	check_events(fd, 1U << CXL_EVENT_DATA_STORAGE |
			 1U << CXL_EVENT_AFU_INTERRUPT);
	check_ok(close(fd));
	fd = node_open_ok(card.slave);
	check_errno(node_start(fd, UNKNOWN, -1, 0), EIO);
	check_ok(close(fd));

	fd = misbehaver_attach(BE_STOPPED);
	require_eq(waitpid(pid, &status, WUNTRACED), pid);
	check(WIFSTOPPED(status), "%#x", status);
	check_ok(close(fd));
	require_ok(kill(pid, SIGCONT));
	check_misbehaviour_is_harmless(BEHAVE);
	kill_and_wait(pid);
}

static void stalled_program_fails_in_time(void)
{
	long long before;
	int fd, other;
	pid_t pid;

	model_card_make(&card, "afu0/answer_ms", "300", NULL);
	pid = misbehaver_start();
	fd = misbehaver_attach(BEHAVE);
	check_events(fd, 1U << CXL_EVENT_AFU_INTERRUPT);
	other = node_open_ok(card.slave);
	before = now_ms();
	check_errno(node_start(other, STALL, -1, 0), EIO);
	check(now_ms() - before < 300 + WAKE_MS);
	check_error_event(fd);
	check_ok(close(fd));
	check_ok(close(other));
	check_ok(kill(pid, 0));
	kill_and_wait(pid);
}

#define TEST(name) { "user_misbehave." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(fails_the_afu),
	TEST(can_be_harmless),
	TEST(stalled_program_fails_in_time),
};

TAP_MAIN(tests)
