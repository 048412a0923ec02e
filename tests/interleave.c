// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens between two steps of the core: cxl_test_card (card1) holds one
 * step open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/module_test.h"
#include "lib/sysfs_test.h"

#define FOLDER		"/sys/kernel/debug/cxl_test_card/"
#define TEST_AFU	SYSFS_CXL "/afu1.0"

static void hold(const char *op)
{
	require_ok(file_write("Y", FOLDER "hold_%s", op));
}

static void let_go(const char *op)
{
	require_ok(file_write("N", FOLDER "hold_%s", op));
}

static bool is_held(void)
{
	char text[8];

	return file_read(text, sizeof(text), FOLDER "held") > 0 &&
	       text[0] == 'Y';
}

static void let_all_go(void)
{
	file_write("N", FOLDER "hold_set_mode");
	file_write("N", FOLDER "hold_psa_page");
	file_write("Y", TEST_CARD_PARAM "link");
	usleep(QUIET_MS * 1000);
	test_card_unload();
}

/*
 * Threads: @result is what their call returned.
 */

struct caller {
	pthread_t thread;
	const char *what;
	long result;
	bool done;
};

static void caller_start(struct caller *c, void *(*call)(void *),
			 const char *what)
{
	*c = (struct caller){ .what = what };
	require_eq(pthread_create(&c->thread, NULL, call, c), 0);
}

static bool caller_done(struct caller *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
}

static long caller_join(struct caller *c)
{
	require(becomes_true(caller_done(c)));
	pthread_join(c->thread, NULL);
	return c->result;
}

#define CALL(name, expression)						\
static void *name(void *arg)						\
{									\
	struct caller *c = arg;						\
									\
	c->result = (expression);					\
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);		\
	return NULL;							\
}

CALL(load_module, test_card_load(c->what))
CALL(set_link, file_write(c->what, TEST_CARD_PARAM "link"))
CALL(open_node, node_open(c->what, 0))

/*
 * Loads from the AFU's first register, by a process of its own, since a page
 * fault that is held open blocks changes of the address space.
 */

struct loader {
	pid_t pid;
	int ask[2];
	int answer[2];
};

static void loader_run(struct loader *l)
{
	int fd = node_open_ok("afu1.0s");
	__u64 value;
	void *mmio;
	char c;

	close(l->ask[1]);
	require_ok(node_start(fd, 0, -1, 0));
	mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	require(mmio != MAP_FAILED);
	while (read(l->ask[0], &c, 1) == 1) {
		value = mmio_read(mmio, 0);
		require_eq(write(l->answer[1], &value, sizeof(value)),
			   sizeof(value));
	}
	_exit(0);
}

static void loader_start(struct loader *l)
{
	require_ok(test_card_load(""));
	require_ok(pipe(l->ask));
	require_ok(pipe(l->answer));
	l->pid = require_ok(fork());
	if (!l->pid)
		loader_run(l);
}

static void loader_begin(struct loader *l)
{
	require_eq(write(l->ask[1], "", 1), 1);
}

static __u64 loader_end(struct loader *l)
{
	__u64 value;

	require_eq(read(l->answer[0], &value, sizeof(value)), sizeof(value));
	return value;
}

static __u64 loader_load(struct loader *l)
{
	loader_begin(l);
	return loader_end(l);
}

/* Start a load that has found the link up and is held there. */
static void loader_hold(struct loader *l)
{
	loader_start(l);
	hold("psa_page");
	loader_begin(l);
	require(becomes_true(is_held()));
}

static void loader_stop(struct loader *l)
{
	close(l->ask[1]);
	require_eq(waitpid(l->pid, NULL, 0), l->pid);
}

static void link_down_beats_a_page_fault(void)
{
	struct caller link;
	struct loader l;

	loader_hold(&l);
	caller_start(&link, set_link, "N");
	usleep(QUIET_MS * 1000);
	let_go("psa_page");
	check_ok(caller_join(&link));
	loader_end(&l);
	check_eq(loader_load(&l), ~0ULL);
	require_ok(file_write("Y", TEST_CARD_PARAM "link"));
	check_eq(loader_load(&l), 0);
	loader_stop(&l);
}

/* One card is busy with its link while a node of another is opened. */
static void open_does_not_wait_for_another_card(void)
{
	struct caller link, same, other;
	struct loader l;

	loader_hold(&l);
	caller_start(&link, set_link, "N");
	usleep(QUIET_MS * 1000);
	caller_start(&same, open_node, "afu1.0s");
	usleep(QUIET_MS * 1000);
	caller_start(&other, open_node, "afu0.0s");
	check(becomes_true(caller_done(&other)));
	check(!caller_done(&same));
	let_go("psa_page");
	check_ok(caller_join(&other));
	check_ok(caller_join(&link));
	check_eq(caller_join(&same), -1);
	loader_end(&l);
	loader_stop(&l);
}

/* An attribute can be written as soon as it is visible. */
static void attributes_come_when_the_afu_is_ready(void)
{
	struct caller load;

	caller_start(&load, load_module, "hold_set_mode=1");
	require(becomes_true(is_held()));
	check(file_exists(SYSFS_CXL "/card1"));
	check(!file_exists(TEST_AFU));
	let_go("set_mode");
	check_ok(caller_join(&load));
	check_ok(file_write("1", TEST_AFU "/reset"));
	check_attr_text("afu_directed", TEST_AFU "/mode");
	check(file_exists("/dev/cxl/afu1.0s"));
}

static bool pci_device_exists(unsigned int device)
{
	bool found = false;
	glob_t all;
	size_t i;

	require_eq(glob("/sys/bus/pci/devices/*/device", 0, NULL, &all), 0);
	for (i = 0; i < all.gl_pathc; i++)
		found |= file_number("%s", all.gl_pathv[i]) == device;
	globfree(&all);
	return found;
}

static void devices_come_with_a_link_that_was_lost(void)
{
	require_ok(test_card_load("num_crs=1 link_lost=1"));
	usleep(QUIET_MS * 1000);
	check(!pci_device_exists(0xcafe));
	require_ok(file_write("Y", TEST_CARD_PARAM "link"));
	check(becomes_true(pci_device_exists(0xcafe)));
	/* Not a device that was removed */
	require_ok(file_write("N", TEST_CARD_PARAM "link"));
	require_ok(file_write("Y", TEST_CARD_PARAM "link"));
	check(pci_device_exists(0xcafe));
}

#define TEST(name) { "interleave." #name, name, let_all_go }

static const struct tap_test tests[] = {
	TEST(link_down_beats_a_page_fault),
	TEST(open_does_not_wait_for_another_card),
	TEST(attributes_come_when_the_afu_is_ready),
	TEST(devices_come_with_a_link_that_was_lost),
};

TAP_MAIN(tests)
