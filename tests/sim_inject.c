// SPDX-License-Identifier: GPL-2.0-only
/*
 * Injection through debugfs: what it accepts, and how the card comes back. The
 * chardev tests show what programs see of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define DEBUGFS	"/sys/kernel/debug/cxl-afu"

static struct event_batch batch;
static struct sim_card card;
static struct afu afu;

static void start(void)
{
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
}

static int write_file(const char *text, const char *name)
{
	return file_write(text, DEBUGFS "/card%d/%s", card.num, name);
}

static void check_works(const char *node)
{
	char src[16] = "it works", dst[16] = "";

	afu_start(&afu, node, 4);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	afu_stop(&afu);
}

static void nonsense_is_refused(void)
{
	static const char *const numbers[] = {
		"", " ", "\n", "0", "0 1 2 3", "x 1", "0 x", "0 1 x", "-1 1",
		"0 -1", "0,1", "0 1.5", "0 0x1g",
		"18446744073709551616 1",
	};
	static const char *const words[] = {
		"", "\n", "0", "upp", "down up", "frozenn", "normal", "2",
	};
	char blanks[100];
	unsigned int i;

	start();
	memset(blanks, ' ', sizeof(blanks) - 1);
	memcpy(blanks, "0 1", 3);
	blanks[sizeof(blanks) - 1] = '\0';
	check_errno(write_file(blanks, "afu0/inject_irq"), EINVAL);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		check_errno(write_file(numbers[i], "afu0/inject_irq"), EINVAL);
		check_errno(write_file(numbers[i], "afu0/inject_fault"), EINVAL);
		check_errno(write_file(numbers[i], "afu0/inject_error"), EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		check_errno(write_file(words[i], "link"), EINVAL);
		check_errno(write_file(words[i], "recovery"), EINVAL);
		check_errno(write_file(words[i], "remove"), EINVAL);
	}
	check_errno(write_file("soon", "delay"), EINVAL);
	/* None of these had an effect. */
	check_errno(events_read(afu.fd, &batch), EAGAIN);
	check_eq(queue_wait(queue_copy(&afu.queue, NULL, NULL, 0)),
		 WE_COMPLETE);
}

static void files_are_for_writing_only(void)
{
	static const char *const names[] = {
		"link", "recovery", "remove", "afu0/inject_irq",
		"afu0/inject_fault", "afu0/inject_error",
	};
	unsigned int i;
	char buf[16];

	start();
	for (i = 0; i < ARRAY_SIZE(names); i++)
		check_errno(file_read(buf, sizeof(buf), DEBUGFS "/card%d/%s",
				      card.num, names[i]), EINVAL);
}

static void contexts_that_are_not_there(void)
{
	start();
	check_errno(write_file("1 1", "afu0/inject_irq"), ENOENT);
	check_errno(write_file("510 1", "afu0/inject_fault"), ENOENT);
	check_errno(write_file("511 1", "afu0/inject_error"), ENOENT);
	check_errno(write_file("4294967296 1", "afu0/inject_error"), ENOENT);
	check_errno(write_file("0 5", "afu0/inject_irq"), EINVAL);
	check_errno(write_file("0 0", "afu0/inject_irq"), EINVAL);
	check_ok(write_file("0 4\n", "afu0/inject_irq"));
	require(events_wait(afu.fd));
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 4);
}

static void nothing_is_reported_while_the_link_is_down(void)
{
	start();
	require_ok(write_file("down", "link"));
	check_errno(write_file("0 1", "afu0/inject_irq"), EIO);
	check_errno(write_file("0 0x1000", "afu0/inject_fault"), EIO);
	check_errno(write_file("0 1", "afu0/inject_error"), EIO);
	require_ok(write_file("up", "link"));
	check_ok(write_file("0 1", "afu0/inject_irq"));
}

/* The default DSISR is that of a load. */
static void fault_has_a_default(void)
{
	start();
	require_ok(write_file("0 0x10", "afu0/inject_fault"));
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].fault.addr, 0x10);
	check_eq(batch.event[0].fault.dsisr, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE);
	/* No access of the AFU's had failed: it goes on. */
	check_eq(queue_wait(queue_copy(&afu.queue, NULL, NULL, 0)),
		 WE_COMPLETE);
}

/* Milliseconds for five elements */
static long long time_elements(void)
{
	struct work_element *we = NULL;
	long long begin = now_ms();
	int i;

	for (i = 0; i < 5; i++)
		we = queue_copy(&afu.queue, NULL, NULL, 0);
	require_eq(queue_wait(we), WE_COMPLETE);
	return now_ms() - begin;
}

static void elements_are_delayed(void)
{
	long long took;

	start();
	require_ok(sim_set_delay(card.num, 50000));
	took = time_elements();
	check(took >= 250, "%lld ms", took);
	require_ok(sim_set_delay(card.num, 0));
	/* Once, on a machine that is busy with something else */
	check(becomes_true((took = time_elements()) < 200), "%lld ms", took);
}

/* Also for the element that waits for the end of the old delay */
static void changed_delay_counts_at_once(void)
{
	struct work_element *we;
	char buf[16];

	start();
	require_ok(sim_set_delay(card.num, 3600u * 1000 * 1000));
	we = queue_copy(&afu.queue, NULL, NULL, 0);
	usleep(QUIET_MS * 1000);
	check_eq(we->status, 0);
	require_ok(sim_set_delay(card.num, 0));
	check_eq(queue_wait(we), WE_COMPLETE);

	require_ok(sim_set_delay(card.num, 12));
	check_eq(file_number(DEBUGFS "/card%d/delay", card.num), 12);
	check_errno(write_file("4294967296", "delay"), ERANGE);
	check_ok(file_read(buf, sizeof(buf), DEBUGFS "/card%d/delay", card.num));
	check_str_eq(buf, "12");
}

static void delay_does_not_keep_the_close(void)
{
	long long begin;

	start();
	require_ok(sim_set_delay(card.num, 100000000));
	queue_copy(&afu.queue, NULL, NULL, 0);
	usleep(QUIET_MS * 1000);
	begin = now_ms();
	check_ok(close(afu.fd));
	check(now_ms() - begin < WAKE_MS);
}

static void state_shows_the_contexts(void)
{
	char buf[4096], wanted[100];

	start();
	check_eq(queue_wait(queue_copy(&afu.queue, buf, wanted, 77)),
		 WE_COMPLETE);
	require(file_read(buf, sizeof(buf), DEBUGFS "/card%d/afu0/state",
			  card.num) > 0);
	snprintf(wanted, sizeof(wanted), "pe=%d state=waiting wed=%#llx elements=1 bytes=77 ",
		 afu.pe, queue_wed(&afu.queue));
	check(!strncmp(buf, wanted, strlen(wanted)), "%s", buf);
	check(strstr(buf, " offset=32 wrap=0 step=fetch stopped=0 terminated=0"),
	      "%s", buf);
	afu_stop(&afu);
	check_eq(file_read(buf, sizeof(buf), DEBUGFS "/card%d/afu0/state",
			   card.num), 0);
}

static bool is_on_the_bus(void)
{
	return file_exists("/sys/bus/pci/devices/%s", card.pci);
}

static void check_is_back(void)
{
	check(is_on_the_bus());
	check(becomes_true(file_exists("/dev/cxl/%s", card.slave)));
	check_works(card.slave);
}

static void rescan(void)
{
	require_ok(file_write("1", "/sys/bus/pci/rescan"));
}

static void unplugged_card_comes_back_by_rescan(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		if (i)
			check_works(card.slave);
		else
			start();
		require_ok(sim_unplug(card.num));
		check(!is_on_the_bus());
		check(!file_exists(SYSFS_CXL "/card%d", card.num));
		rescan();
		check_is_back();
	}
}

static void failed_card_stays_away(void)
{
	start();
	require_ok(sim_recovery(card.num, "perm_failure"));
	check(!is_on_the_bus());
	check_errno(events_read(afu.fd, &batch), EIO);
	usleep(QUIET_MS * 1000);
	check(!file_exists(SYSFS_CXL "/card%d", card.num));
	rescan();
	check_is_back();
}

/* By default the reset loads another image: unplugged, and plugged in again */
static void frozen_card_is_plugged_again(void)
{
	start();
	require_ok(sim_recovery(card.num, "frozen"));
	check_errno(events_read(afu.fd, &batch), EIO);
	check_is_back();
}

/* With the same image the card stays, and so does its device. */
static void frozen_card_recovers(void)
{
	char path[80];
	int dir, fd, i;

	start();
	fd = afu.fd;
	require_ok(file_write("1", SYSFS_CXL "/card%d/perst_reloads_same_image",
			      card.num));
	snprintf(path, sizeof(path), SYSFS_CXL "/card%d", card.num);
	dir = require_ok(open(path, O_RDONLY | O_DIRECTORY));
	for (i = 0; i < 5; i++) {
		require_ok(sim_recovery(card.num, "frozen"));
		check_works(card.slave);
	}
	/* The folder is still the same: it can be read. */
	check_ok(faccessat(dir, "caia_version", R_OK, 0));
	check_errno(events_read(fd, &batch), EIO);
	close(dir);
}

static void driver_comes_and_goes(void)
{
	int i;

	start();
	for (i = 0; i < 10; i++) {
		sim_card_set_bound(&card, false);
		check(!file_exists(SYSFS_CXL "/card%d", card.num));
		check(!file_exists(DEBUGFS "/card%d", card.num));
		sim_card_set_bound(&card, true);
		check_is_back();
	}
	/* Unbound first, then taken down */
	sim_card_set_bound(&card, false);
	sim_card_set_live(&card, false);
	sim_card_set_live(&card, true);
	check_is_back();
	/* Removed first */
	require_ok(file_write("1", "/sys/bus/pci/devices/%s/remove", card.pci));
	check(!is_on_the_bus());
	sim_card_set_live(&card, false);
	sim_card_set_live(&card, true);
	check_is_back();
}

/* A reset has nothing to do with what the AFU had before it was unbound. */
static void reset_while_the_driver_comes_and_goes(void)
{
	long long end = now_ms() + 2000;
	pid_t resetter;

	sim_card_make(&card, NULL);
	resetter = fork();
	if (!resetter) {
		for (;;)
			file_write("1", SYSFS_CXL "/afu%d.0/reset", card.num);
	}
	while (now_ms() < end) {
		sim_card_set_bound(&card, false);
		sim_card_set_bound(&card, true);
	}
	kill(resetter, SIGKILL);
	check_eq(waitpid(resetter, NULL, 0), resetter);
	check_is_back();
}

#define TEST(name) { "sim_inject." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(nonsense_is_refused),
	TEST(files_are_for_writing_only),
	TEST(contexts_that_are_not_there),
	TEST(nothing_is_reported_while_the_link_is_down),
	TEST(fault_has_a_default),
	TEST(elements_are_delayed),
	TEST(changed_delay_counts_at_once),
	TEST(delay_does_not_keep_the_close),
	TEST(state_shows_the_contexts),
	TEST(unplugged_card_comes_back_by_rescan),
	TEST(failed_card_stays_away),
	TEST(frozen_card_is_plugged_again),
	TEST(frozen_card_recovers),
	TEST(driver_comes_and_goes),
	TEST(reset_while_the_driver_comes_and_goes),
};

TAP_MAIN(tests)
