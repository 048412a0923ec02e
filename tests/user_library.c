// SPDX-License-Identifier: GPL-2.0-only
/* libafu: its workers end, and its errors are those that afu.h promises. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <afu.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define CONTEXTS	8
#define STEP_MS		200

/* Not an address of a program */
#define HIGH_ADDRESS	0xffff888000000000ULL

static struct sim_card card;
static struct event_batch batch;
static char node[64];
static pthread_t thread;
static struct afu *afu;
static bool stop;
static unsigned int calls, detached;	/* atomic */
static struct afu_context *attached;
static unsigned long word[2] __attribute__((aligned(16)));

static unsigned int get(unsigned int *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void count(unsigned int *value)
{
	__atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST);
}

static long work_for_ever(struct afu_context *ctx)
{
	(void)ctx;
	count(&calls);
	return 1;
}

static int attach(struct afu_context *ctx)
{
	attached = ctx;
	return 0;
}

static void detach(struct afu_context *ctx)
{
	(void)ctx;
	count(&detached);
}

static void *handle(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		if (afu_handle(afu, 10) < 0)
			break;
	return arg;
}

static void start_handling(void)
{
	__atomic_store_n(&stop, false, __ATOMIC_SEQ_CST);
	require_eq(pthread_create(&thread, NULL, handle, NULL), 0);
}

static void stop_handling(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

static void start_library(const struct afu_ops *ops)
{
	sim_card_make(&card, "afu0/model", "user", NULL);
	snprintf(node, sizeof(node), "/dev/cxl-sim/%s.afu0", card.name);
	afu = afu_open(node, ops, &card);
	require(afu, "%m");
	check(afu_data(afu) == &card);
	start_handling();
}

static void stop_library(void)
{
	stop_handling();
	afu_close(afu);
}

static int client_start(void)
{
	int fd = node_open_ok(card.slave);

	require_ok(node_start(fd, 0, -1, 0));
	return fd;
}

/* From the first detach on, no worker does anything any more. */
static void detach_and_look(struct afu_context *ctx)
{
	unsigned int n;

	if (!get(&detached)) {
		usleep(STEP_MS * 1000 * tap_time_scale());
		n = get(&calls);
		usleep(STEP_MS * 1000);
		check_eq(get(&calls), n);
	}
	detach(ctx);
}

/* The workers named in one batch of messages end at once, not one by one. */
static void workers_end_side_by_side(void)
{
	static const struct afu_ops ops = {
		.work = work_for_ever, .detach = detach_and_look,
	};
	int fd[CONTEXTS], i;

	start_library(&ops);
	for (i = 0; i < CONTEXTS; i++)
		fd[i] = client_start();
	check(becomes_true(get(&calls) > CONTEXTS));
	stop_handling();
	for (i = 0; i < CONTEXTS; i++)
		check_ok(close(fd[i]));
	start_handling();
	check(becomes_true(get(&detached) == CONTEXTS));
	stop_library();
}

/* A worker that always has work, and one that waits for its doorbell */
static void workers_end_with_the_afu(void)
{
	static const struct afu_ops ops = {
		.work = work_for_ever, .detach = detach,
	};
	unsigned int n;
	int fd;

	start_library(&ops);
	fd = client_start();
	check(becomes_true(get(&calls) > 10));
	check_eq(get(&detached), 0);
	stop_library();
	check_eq(get(&detached), 1);
	n = get(&calls);
	usleep(50000);
	check_eq(get(&calls), n);
	check_ok(close(fd));
}

static long work_once_in_an_age(struct afu_context *ctx)
{
	(void)ctx;
	count(&calls);
	return LONG_MAX;
}

/* It sleeps, until the doorbell rings: the AFU here is written to by nobody. */
static void longest_time_does_not_overflow(void)
{
	static const struct afu_ops ops = {
		.work = work_once_in_an_age, .detach = detach,
	};
	int fd;

	start_library(&ops);
	fd = client_start();
	check(becomes_true(get(&calls) == 1));
	usleep(STEP_MS * 1000);
	check_eq(get(&calls), 1);
	check_ok(close(fd));
	check(becomes_true(get(&detached) == 1));
	stop_library();
}

static void set_stack_size(size_t size)
{
	pthread_attr_t attr;

	require_eq(pthread_attr_init(&attr), 0);
	require_eq(pthread_attr_setstacksize(&attr, size), 0);
	require_eq(pthread_setattr_default_np(&attr), 0);
	pthread_attr_destroy(&attr);
}

/* The effect of attach() is undone, and the AFU serves the next context. */
static void context_without_a_thread_is_refused(void)
{
	static const struct afu_ops ops = {
		.attach = attach, .work = work_for_ever, .detach = detach,
	};
	int fd;

	start_library(&ops);
	fd = node_open_ok(card.slave);
	set_stack_size(1UL << 60);
	check_errno(node_start(fd, 0, -1, 0), EIO);
	check_eq(get(&detached), 1);
	set_stack_size(1UL << 20);
	check_ok(node_start(fd, 0, -1, 0));
	check(becomes_true(get(&calls) > 0));
	check_ok(close(fd));
	check(becomes_true(get(&detached) == 2));
	stop_library();
}

static long work_on_memory(struct afu_context *ctx)
{
	unsigned long value;

	count(&calls);
	return afu_load(ctx, (uintptr_t)word, &value, sizeof(value)) ? -1 : 1;
}

static void use_up_descriptors(void)
{
	const struct rlimit few = { .rlim_cur = 64, .rlim_max = 64 };

	require_ok(setrlimit(RLIMIT_NOFILE, &few));
	while (dup(0) >= 0)
		continue;
	require_eq(errno, EMFILE);
}

/* A worker waits for memory, which does not come while the link is down. */
static void closing_needs_no_descriptor(void)
{
	static const struct afu_ops ops = {
		.work = work_on_memory, .detach = detach,
	};
	unsigned int n;

	start_library(&ops);
	client_start();
	check(becomes_true(get(&calls) > 10));
	require_ok(sim_set_link(card.num, "down"));
	do {
		n = get(&calls);
		usleep(100000 * tap_time_scale());
	} while (get(&calls) != n);
	use_up_descriptors();
	stop_library();
	check_eq(get(&detached), 1);
}

static void check_address_is_told(int fd, __u64 address)
{
	require(events_wait(fd));
	require_ok(events_read(fd, &batch));
	require_eq(batch.n, 1);
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, address);
}

static void errors_of_memory_are_told(void)
{
	static const struct afu_ops ops = { .attach = attach };
	const char *nowhere = no_access_page();
	uint64_t old = 1;
	int fd;

	start_library(&ops);
	fd = client_start();
	word[0] = 77;
	check_ok(afu_load(attached, (uintptr_t)word, &word[1], sizeof(long)));
	check_eq(word[1], 77);
	check_ok(afu_load(attached, (uintptr_t)nowhere, &word[1], 0));
	check_errno(afu_load(attached, (uintptr_t)nowhere, &word[1], 8), EFAULT);
	check_errno(afu_store(attached, (uintptr_t)nowhere, word, 8), EFAULT);
	check_address_is_told(fd, (uintptr_t)nowhere);
	check_errno(afu_load(attached, HIGH_ADDRESS, &word[1], 8), EFAULT);
	check_address_is_told(fd, HIGH_ADDRESS);
	check_errno(afu_store(attached, HIGH_ADDRESS, word, 8), EFAULT);
	check_address_is_told(fd, HIGH_ADDRESS);
	check_errno(afu_load_nowait(attached, HIGH_ADDRESS, word, 8), EAGAIN);
	check_errno(afu_store_nowait(attached, HIGH_ADDRESS, word, 8), EAGAIN);
	check_eq(events_poll(fd), 0);
	check_errno(afu_copy(attached, (uintptr_t)nowhere, (uintptr_t)word, 8),
		    EFAULT);
	check_errno(afu_fill(attached, (uintptr_t)nowhere, 0, 8), EFAULT);
	check_errno(afu_fill(attached, (uintptr_t)word, 0, (1 << 30) + 1),
		    EINVAL);
	check_errno(afu_compare_swap(attached, (uintptr_t)word, 2, &old, 2),
		    EINVAL);
	check_errno(afu_compare_swap(attached, (uintptr_t)word + 1, 8, &old, 2),
		    EFAULT);
	check_ok(afu_compare_swap(attached, (uintptr_t)word, sizeof(long), &old,
				  2));
	check_eq(old, 77);
	check_errno(afu_interrupt(attached, 5000), ERANGE);
	check_errno(afu_err_buff_write(afu, afu_err_buff_size(afu), "x", 1),
		    EINVAL);
	check_ok(close(fd));
	stop_library();
}

static void errors_of_opening_are_told(void)
{
	static const struct afu_ops ops = {};

	errno = 0;
	check(!afu_open("/dev/cxl-sim/nonesuch", &ops, NULL));
	check_eq(errno, ENOENT);
	check(!afu_open("/dev/null", &ops, NULL));
	check_eq(errno, ENOTTY);
	start_library(&ops);
	check(!afu_open(node, &ops, NULL));
	check_eq(errno, EBUSY);
	stop_library();
	afu_close(NULL);
}

#define TEST(name) { "user_library." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(workers_end_side_by_side),
	TEST(workers_end_with_the_afu),
	TEST(longest_time_does_not_overflow),
	TEST(context_without_a_thread_is_refused),
	TEST(closing_needs_no_descriptor),
	TEST(errors_of_memory_are_told),
	TEST(errors_of_opening_are_told),
};

TAP_MAIN(tests)
