// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI error recovery: what AFU drivers, nodes and programs see of it, whatever
 * the drivers answer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "lib/event_test.h"

#define PARAM		"/sys/module/cxl_test_eeh/parameters/"
#define LOG_SIZE	2048

/* pci_ers_result_t */
#define NONE		1
#define CAN_RECOVER	2
#define NEED_RESET	3
#define DISCONNECT	4
#define RECOVERED	5

static char slave[16], master[16];

static void set_results(const char *param, int record0, int record1)
{
	char text[32];

	snprintf(text, sizeof(text), "%d,%d,3,3", record0, record1);
	require_ok(file_write(text, PARAM "%s", param));
}

static void set_same_image(bool same)
{
	require_ok(file_write(same ? "1" : "0",
			      SYSFS_CXL "/card%d/perst_reloads_same_image",
			      api_card()));
}

/* The card in its original state, both devices bound, and an empty log */
static void fresh_card(void)
{
	api_set_live(false);
	set_results("detected", NEED_RESET, NEED_RESET);
	set_results("reset", RECOVERED, RECOVERED);
	require_ok(file_write("0", PARAM "hold_detected"));
	require_ok(file_write("0", PARAM "hold_reset"));
	api_set_live(true);
	require(api_is_bound(0) && api_is_bound(1));
	snprintf(slave, sizeof(slave), "afu%d.0s", api_card());
	snprintf(master, sizeof(master), "afu%d.0m", api_card());
	set_same_image(true);
	require_ok(file_write("1", PARAM "log"));
}

static void check_log(const char *log)
{
	char seen[LOG_SIZE];

	require(file_read(seen, sizeof(seen), PARAM "log") >= 0);
	check_str_eq(seen, log);
	require_ok(file_write("1", PARAM "log"));
}

static bool log_has(const char *line)
{
	char seen[LOG_SIZE];

	require(file_read(seen, sizeof(seen), PARAM "log") >= 0);
	return strstr(seen, line);
}

static void recover(void)
{
	api_inject("frozen", "recovery");
}

#define DETECTED						\
	"0 detected frozen offline=1 stop=0\n"			\
	"1 detected frozen offline=1 stop=0\n"
#define RESET							\
	"0 reset offline=0 start=0\n"				\
	"1 reset offline=0 start=0\n"
#define REMOVED							\
	"0 remove offline=1\n"					\
	"1 remove offline=1\n"
#define PROBED							\
	"0 probe start=0\n"					\
	"1 probe start=0"

/*
 * In error_detected contexts are still started; in slot_reset the default
 * contexts are new and can be started.
 */
static void callbacks_come_in_order(void)
{
	fresh_card();
	recover();
	check_log(DETECTED RESET "0 resume\n1 resume");
	recover();
	check_log(DETECTED RESET "0 resume\n1 resume");
}

static bool card_is_plugged(void)
{
	char name[32];

	return api_find_device(name, sizeof(name), 0);
}

static void none_beats_need_reset(void)
{
	fresh_card();
	set_results("detected", NEED_RESET, NONE);
	recover();
	require(becomes_true(api_is_bound(1)));
	check_log(DETECTED REMOVED PROBED);
	set_same_image(true);
	set_results("detected", NONE, NEED_RESET);
	recover();
	require(becomes_true(api_is_bound(1)));
	check_log(DETECTED REMOVED PROBED);
}

static void disconnect_beats_none(void)
{
	fresh_card();
	set_results("detected", NONE, DISCONNECT);
	recover();
	check(becomes_true(!card_is_plugged()));
	check_log(DETECTED "0 remove offline=1\n1 remove offline=1");
	fresh_card();
	set_results("detected", DISCONNECT, NONE);
	recover();
	check(becomes_true(!card_is_plugged()));
}

/* There is no recovery without a reset. */
static void can_recover_needs_a_reset(void)
{
	fresh_card();
	set_results("detected", CAN_RECOVER, RECOVERED);
	recover();
	check_log(DETECTED RESET "0 resume\n1 resume");
}

static void disconnect_after_the_reset_is_final(void)
{
	fresh_card();
	set_results("reset", DISCONNECT, RECOVERED);
	recover();
	check(becomes_true(!card_is_plugged()));
	/* The second device was recovered nevertheless. */
	check_log(DETECTED RESET "0 remove offline=1\n1 remove offline=1");
}

static void other_results_of_the_reset_do_not_matter(void)
{
	fresh_card();
	set_results("reset", NONE, NEED_RESET);
	recover();
	check_log(DETECTED RESET "0 resume\n1 resume");
}

static void permanent_failure_is_told(void)
{
	fresh_card();
	api_inject("perm_failure", "recovery");
	check(becomes_true(!card_is_plugged()));
	check_log("0 detected failure offline=1 stop=0\n"
		  "1 detected failure offline=1 stop=0\n"
		  "0 remove offline=1\n1 remove offline=1");
}

/* The reset loads another image: the card is unplugged and plugged in again. */
static void another_image_is_another_card(void)
{
	fresh_card();
	set_same_image(false);
	recover();
	require(becomes_true(api_is_bound(1)));
	check_log(REMOVED PROBED);
}

/* Without an image nothing changes. */
static void no_image_is_the_same_card(void)
{
	fresh_card();
	set_same_image(false);
	require_ok(file_write("none", SYSFS_CXL "/card%d/load_image_on_perst",
			      api_card()));
	recover();
	check_log(DETECTED RESET "0 resume\n1 resume");
}

static void device_without_driver_does_not_count(void)
{
	fresh_card();
	api_unbind();
	require_ok(file_write("1", PARAM "log"));
	recover();
	check_log("1 detected frozen offline=1 stop=0\n"
		  "1 reset offline=0 start=0\n1 resume");
}

static void handlers_that_are_not_there_need_a_reset(void)
{
	struct afu afu;

	require(api_command("rmmod", "cxl_test_eeh", NULL));
	require(api_command("modprobe", "cxl_test_eeh", "no_handlers=1"));
	fresh_card();
	recover();
	check(api_is_bound(0) && api_is_bound(1));
	check_log("");
	afu_start(&afu, slave, 4);
	afu_irq(&afu, 1);
	afu_stop(&afu);
}

static void with_handlers(void)
{
	api_command("rmmod", "cxl_test_eeh", NULL);
	api_command("modprobe", "cxl_test_eeh", NULL);
}

/*
 * Programs
 */

static void *recovery_thread(void *arg)
{
	recover();
	return arg;
}

static long read_call(void *arg)
{
	static char buf[CXL_READ_MIN_SIZE];

	return read(*(int *)arg, buf, sizeof(buf));
}

static bool node_exists(const char *node)
{
	return file_exists("/dev/cxl/%s", node);
}

static void programs_see_it_all(void)
{
	struct afu started, started_ff;
	struct sleeper sleeper;
	pthread_t thread;
	int opened;
	__u64 reg;

	fresh_card();
	require_ok(file_write("1", PARAM "hold_detected"));
	require_ok(file_write("1", PARAM "hold_reset"));
	afu_start(&started, slave, 4);
	started_ff.fd = node_open_ok(slave);
	queue_init(&started_ff.queue, 1);
	require_ok(node_start(started_ff.fd, queue_wed(&started_ff.queue), 4,
			      CXL_START_WORK_ERR_FF));
	started_ff.mmio = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			       started_ff.fd, 0);
	require(started_ff.mmio != MAP_FAILED);
	opened = node_open_ok(slave);
	sleeper_start(&sleeper, read_call, &opened);

	/* Drivers first: contexts have not changed, except for the link. */
	require(!pthread_create(&thread, NULL, recovery_thread, NULL));
	require(becomes_true(log_has("0 detected")));
	check(sleeper_join(&sleeper));
	check_eq(sleeper.result, -1);
	check_eq(sleeper.error, EIO);
	check_errno(node_open(slave, 0), EIO);
	check_errno(node_start(opened, 0, -1, 0), EIO);
	check_eq(mmio_probe(started.mmio + REG_PH, &reg), 0);
	check_eq(reg, ~0ULL);

	/* Drivers last: the nodes are back, old contexts closed for good. */
	require_ok(file_write("0", PARAM "hold_detected"));
	require(becomes_true(log_has("0 reset")));
	check(node_exists(slave) && node_exists(master));
	check(events_poll(started.fd) & POLLHUP);
	check(events_poll(opened) & POLLHUP);
	check_errno(node_start(opened, 0, -1, 0), EIO);
	check(mmio_probe(started.mmio + REG_PH, &reg) != 0);
	check_eq(mmio_probe(started_ff.mmio + REG_PH, &reg), 0);
	check_eq(reg, ~0ULL);
	close(started.fd);
	afu_start(&started, slave, 4);
	afu_irq(&started, 2);

	require_ok(file_write("0", PARAM "hold_reset"));
	require(!pthread_join(thread, NULL));
	afu_irq(&started, 3);
	check_log(DETECTED RESET "0 resume\n1 resume");
}

/* A new node has a new inode in sysfs. */
static unsigned long node_identity(const char *node)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), SYSFS_CXL "/%s/uevent", node);
	require_ok(stat(path, &st));
	return st.st_ino;
}

static void nodes_are_new_ones(void)
{
	unsigned long old[2];
	pthread_t thread;

	fresh_card();
	old[0] = node_identity(slave);
	old[1] = node_identity(master);
	require_ok(file_write("1", PARAM "hold_detected"));
	require(!pthread_create(&thread, NULL, recovery_thread, NULL));
	require(becomes_true(log_has("0 detected")));
	check_eq(node_identity(slave), old[0]);
	check_eq(node_identity(master), old[1]);
	require_ok(file_write("0", PARAM "hold_detected"));
	require(!pthread_join(thread, NULL));
	check(node_identity(slave) != old[0]);
	check(node_identity(master) != old[1]);
}

#define AFU1		"/sys/kernel/config/cxl-sim/api-test/afu1"

static void *remove_afu(void *arg)
{
	check_ok(rmdir(AFU1));
	return arg;
}

/*
 * An AFU is removed during the slot_reset of another one, and then waits for a
 * slow reader of its debugfs file.  It takes no part, and the card recovers.
 */
static void afu_goes_in_the_middle(void)
{
	pthread_t recovering, removing;
	struct slow_reader reader;
	char path[80];

	api_set_live(false);
	require_ok(mkdir(AFU1, 0755));
	fresh_card();
	snprintf(path, sizeof(path), "/sys/kernel/debug/cxl-afu/card%d/afu1/contexts",
		 api_card());
	slow_reader_start(&reader, require_ok(open(path, O_RDONLY)), 0);
	require_ok(file_write("1", PARAM "hold_reset"));
	require(!pthread_create(&recovering, NULL, recovery_thread, NULL));
	require(becomes_true(log_has("0 reset")));
	require(!pthread_create(&removing, NULL, remove_afu, NULL));
	usleep(QUIET_MS * 1000);
	require_ok(file_write("0", PARAM "hold_reset"));
	usleep(QUIET_MS * 1000);
	slow_reader_join(&reader);
	require(!pthread_join(removing, NULL));
	require(!pthread_join(recovering, NULL));
	require(card_is_plugged());
	check(api_is_bound(0) && api_is_bound(1));
}

static atomic_bool stop;

/* Programs that open, start, work and close whenever they can */
static void *program_thread(void *arg)
{
	static char src[64], dst[64];
	struct queue q;

	queue_init(&q, 1);
	while (!stop) {
		int fd = node_open(slave, 0);

		if (fd < 0) {
			nap();
			continue;
		}
		memset(q.we, 0, sizeof(*q.we));
		q.next = 0;
		if (!node_start(fd, queue_wed(&q), 4, 0)) {
			queue_copy(&q, dst, src, sizeof(src));
			node_start(fd, 0, 0, 0);
		}
		close(fd);
	}
	queue_destroy(&q);
	return arg;
}

static void recoveries_with_busy_programs(void)
{
	unsigned int i, times = tap_rounds(50, 5);
	pthread_t thread[4];
	struct afu afu;

	fresh_card();
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		require(!pthread_create(&thread[i], NULL, program_thread,
					NULL));
	for (i = 0; i < times; i++)
		recover();
	stop = true;
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		require(!pthread_join(thread[i], NULL));
	check(api_is_bound(0));
	afu_start(&afu, slave, 4);
	afu_irq(&afu, 1);
}

/* Node, program and driver work after the last recovery as after the first. */
static void *open_for_ever(void *arg)
{
	int fd;

	while (!stop) {
		fd = node_open(slave, 0);
		if (fd >= 0)
			close(fd);
	}
	return arg;
}

/* Every process element is in use: nobody gets that of a default context. */
static void recoveries_with_greedy_programs(void)
{
	unsigned int i, done, times = tap_rounds(50, 10);
	pthread_t thread[4];

	fresh_card();
	while (node_open(slave, 0) >= 0)
		;
	check_eq(errno, ENOSPC);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		require(!pthread_create(&thread[i], NULL, open_for_ever, NULL));
	for (done = 0; done < times && card_is_plugged(); done++)
		recover();
	stop = true;
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		require(!pthread_join(thread[i], NULL));
	check_eq(done, times);
	check(api_is_bound(0) && api_is_bound(1));
}

static void recoveries_again_and_again(void)
{
	unsigned int i, times = tap_rounds(1000, 10);
	struct event_batch batch;
	struct afu afu;

	fresh_card();
	for (i = 0; i < times; i++) {
		if (i % 100) {
			recover();
			continue;
		}
		afu_start(&afu, slave, 4);
		afu_irq(&afu, 1);
		require_ok(file_write("1", PARAM "log"));
		recover();
		check_log(DETECTED RESET "0 resume\n1 resume");
		require_eq(events_read(afu.fd, &batch), 16);
		check_errno(events_read(afu.fd, &batch), EIO);
		afu_stop(&afu);
	}
	check(api_is_bound(0) && api_is_bound(1));
	afu_start(&afu, slave, 4);
	afu_irq(&afu, 1);
	afu_stop(&afu);
}

static void release_drivers(void)
{
	file_write("0", PARAM "hold_detected");
	file_write("0", PARAM "hold_reset");
}

#define TEST(test, ...)		{ "eeh." #test, test, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(callbacks_come_in_order),
	TEST(none_beats_need_reset),
	TEST(disconnect_beats_none),
	TEST(can_recover_needs_a_reset),
	TEST(disconnect_after_the_reset_is_final),
	TEST(other_results_of_the_reset_do_not_matter),
	TEST(permanent_failure_is_told),
	TEST(another_image_is_another_card),
	TEST(no_image_is_the_same_card),
	TEST(device_without_driver_does_not_count),
	TEST(handlers_that_are_not_there_need_a_reset, with_handlers),
	TEST(programs_see_it_all, release_drivers),
	TEST(nodes_are_new_ones, release_drivers),
	TEST(afu_goes_in_the_middle, release_drivers),
	TEST(recoveries_with_busy_programs, NULL, 120),
	TEST(recoveries_with_greedy_programs, NULL, 120),
	TEST(recoveries_again_and_again, NULL, 240),
};

static const struct api_setup setup = {
	.module = "cxl_test_eeh",
	.device = 0x4354,
	.settings = { "afu0/num_crs", "2", "afu0/num_procs", "16" },
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
