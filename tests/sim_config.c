// SPDX-License-Identifier: GPL-2.0-only
/* Software cards made through configfs: settings, and their effects. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define CONFIG	"/sys/kernel/config/cxl-sim"
#define CARD	CONFIG "/test-config"
/* A card takes 13 of 256 minors. */
#define MAX_CARDS	19
#define AREA_SIZE	0x8000000	/* at most that of 4096 processes */

static struct sim_card card;
static struct afu afu;

static void make_folders(void)
{
	require_ok(mkdir(CARD, 0755));
	require_ok(mkdir(CARD "/afu0", 0755));
}

static void check_reads(const char *text, const char *name)
{
	char buf[64] = "";

	check(file_read(buf, sizeof(buf), CARD "/%s", name) >= 0, "%s: %m",
	      name);
	check(!strcmp(buf, text), "%s: \"%s\", not \"%s\"", name, buf, text);
}

struct setting {
	const char *name;
	const char *value;
	const char *good[4];
	const char *bad[6];
};

/* Name, default, and values that it takes and does not take */
static const struct setting settings[] = {
	{ "caia_version", "1.0", { "2.0", "1.7" },
	  { "1", "1.", "1.0x", "", "256.0", "1.256" } },
	{ "psl_revision", "0x1000", { "0x0000", "0xffff" },
	  { "0x10000", "-1", "psl", "" } },
	{ "base_image", "1", { "0", "258" }, { "-1", "x", "4294967296" } },
	{ "image", "user", { "factory", "user" }, { "", "none", "users" } },
	{ "user_irqs", "2037", { "1", "32767" }, { "0", "32768", "-5", "many" } },
	{ "vpd_v5", "", { "0123456789abcdef", "" },
	  { "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg" } },
	{ "vpd_v8", "", { "FEDCBA9876543210" }, { "1" } },
	{ "afu0/model", "memcpy", { "crc", "memcpy" },
	  { "memcp", "", "memcpy2", "crc memcpy" } },
	{ "afu0/modes", "directed", { "dedicated", "dedicated directed" },
	  { "", "none", "directed,dedicated", "directed dedicate",
	    "directed dedicated and much more than fits here" } },
	{ "afu0/num_procs", "511", { "1", "4096" }, { "0", "4097", "-1", "x" } },
	{ "afu0/irqs_min", "4", { "0", "2047" }, { "2048", "-1", "" } },
	{ "afu0/num_crs", "1", { "0", "4" }, { "5", "-1" } },
	{ "afu0/cr_vendor", "0x1014", { "0x0001", "0xfffe" },
	  { "0", "0xffff", "0x10000" } },
	{ "afu0/cr_device", "0x4350", { "0x0000", "0xffff" }, { "0x10000" } },
	{ "afu0/cr_class", "0x120000", { "0x000000", "0xffffff" },
	  { "0x1000000", "-1" } },
	{ "afu0/err_buff_size", "4096", { "0", "1048576", "5" },
	  { "1048577", "-1" } },
};

static void settings_have_defaults(void)
{
	unsigned int i;

	make_folders();
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		check_reads(settings[i].value, settings[i].name);
	check_reads("0", "live");
	check_reads("none", "num");
	check_reads("none", "pci");
}

static void settings_take_what_makes_sense(void)
{
	const struct setting *s;
	char line[80];
	unsigned int i, j;

	make_folders();
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		s = &settings[i];
		for (j = 0; j < ARRAY_SIZE(s->good) && s->good[j]; j++) {
			/* As written by a shell */
			snprintf(line, sizeof(line), "%s\n", s->good[j]);
			check(!file_write(line, CARD "/%s", s->name), "%s: %m",
			      s->name);
			check_reads(s->good[j], s->name);
		}
	}
}

static void settings_refuse_nonsense(void)
{
	const struct setting *s;
	unsigned int i, j;
	char line[80];
	int ret;

	make_folders();
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		s = &settings[i];
		for (j = 0; j < ARRAY_SIZE(s->bad) && s->bad[j]; j++) {
			snprintf(line, sizeof(line), "%s\n", s->bad[j]);
			ret = file_write(line, CARD "/%s", s->name);
			check(ret == -1 && (errno == EINVAL || errno == ERANGE),
			      "%s took \"%s\"", s->name, s->bad[j]);
			check_reads(s->value, s->name);
		}
	}
	check_errno(file_write("1\n", CARD "/num"), EACCES);
	check_errno(file_write("2\n", CARD "/live"), EINVAL);
}

static void settings_are_fixed_while_live(void)
{
	unsigned int i;

	make_folders();
	require_ok(file_write("1", CARD "/live"));
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		check_errno(file_write(settings[i].good[0], CARD "/%s",
				       settings[i].name), EBUSY);
		check_reads(settings[i].value, settings[i].name);
	}
	check_errno(mkdir(CARD "/afu1", 0755), EBUSY);
	/* Writing the present value again changes nothing. */
	check_ok(file_write("1", CARD "/live"));
	check_ok(file_write("0", CARD "/live"));
	check_ok(file_write("0", CARD "/live"));
	check_ok(file_write("2", CARD "/afu0/num_procs"));
}

static void only_afus_0_to_3_are_made(void)
{
	static const char *const bad[] = {
		"afu", "afu4", "afu00", "afu0x", "AFU0", "afu-", "card", "afu:",
	};
	char path[80];
	unsigned int i;

	require_ok(mkdir(CARD, 0755));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(path, sizeof(path), CARD "/%s", bad[i]);
		check_errno(mkdir(path, 0755), EINVAL);
	}
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), CARD "/afu%u", i);
		check_ok(mkdir(path, 0755));
		check_errno(mkdir(path, 0755), EEXIST);
	}
}

static void settings_reach_the_card(void)
{
	char buf[64];

	sim_card_make(&card, "caia_version", "1.2", "psl_revision", "0x2345",
		      "base_image", "77", "image", "factory", "user_irqs", "30",
		      "afu0/num_procs", "3", "afu0/irqs_min", "2",
		      "afu0/err_buff_size", "100", "afu0/num_crs", "2",
		      "afu0/cr_vendor", "0x1234", "afu0/cr_device", "0xabcd",
		      "afu0/cr_class", "0x0b4000", NULL);
	file_read(buf, sizeof(buf), SYSFS_CXL "/card%d/caia_version", card.num);
	check_str_eq(buf, "1.2");
	file_read(buf, sizeof(buf), SYSFS_CXL "/card%d/image_loaded", card.num);
	check_str_eq(buf, "factory");
	check_eq(file_number(SYSFS_CXL "/card%d/psl_revision", card.num),
		 0x2345);
	check_eq(file_number(SYSFS_CXL "/card%d/base_image", card.num), 77);
	check_eq(file_number(SYSFS_CXL "/afu%d.0/irqs_min", card.num), 2);
	check_eq(file_number(SYSFS_CXL "/afu%d.0/irqs_max", card.num), 30);
	file_read(buf, sizeof(buf), SYSFS_CXL "/afu%d.0/cr1/vendor", card.num);
	check_str_eq(buf, "0x1234");
	file_read(buf, sizeof(buf), SYSFS_CXL "/afu%d.0/cr1/device", card.num);
	check_str_eq(buf, "0xabcd");
	file_read(buf, sizeof(buf), SYSFS_CXL "/afu%d.0/cr1/class", card.num);
	check_str_eq(buf, "0x0b4000");
	check(!file_exists(SYSFS_CXL "/afu%d.0/cr2", card.num));
}

static void number_of_processes_is_the_limit(void)
{
	int fd[3], i;

	sim_card_make(&card, "afu0/num_procs", "3", NULL);
	for (i = 0; i < 3; i++)
		fd[i] = node_open_ok(card.slave);
	check_errno(node_open(card.slave, 0), ENOSPC);
	close(fd[1]);
	check_ok(fd[1] = node_open(card.slave, 0));
}

/* More than fit into 64 MiB */
static void area_grows_with_the_processes(void)
{
	long long offset, size;

	sim_card_make(&card, "afu0/num_procs", "4096", NULL);
	offset = file_number(SYSFS_CXL "/afu%d.0m/pp_mmio_off", card.num);
	size = file_number(SYSFS_CXL "/afu%d.0m/pp_mmio_len", card.num);
	check_eq(file_number(SYSFS_CXL "/afu%d.0m/mmio_size", card.num),
		 offset + 4096 * size);
}

/* A program that wakes up 10,000 times a second, on the CPU of the caller */
static pid_t start_ticking(void)
{
	const struct sched_param priority = { .sched_priority = 1 };
	cpu_set_t cpus;
	pid_t pid;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	require_ok(sched_setaffinity(0, sizeof(cpus), &cpus));
	pid = require_ok(fork());
	if (pid)
		return pid;
	require_ok(sched_setscheduler(0, SCHED_FIFO, &priority));
	for (;;)
		usleep(100);
}

/* How often it was preempted while the card was taken away */
static long give_way(void)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	sim_card_set_live(&card, false);
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_nivcsw - before.ru_nivcsw;
}

static void touch_area(size_t size)
{
	size_t at, page = sysconf(_SC_PAGESIZE);
	int fd = node_open_ok(card.master);
	char *area;

	require_ok(node_start(fd, 0, 4, 0));
	area = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	require(area != MAP_FAILED, "%m");
	for (at = 0; at < size; at += page)
		__atomic_load_n(area + at, __ATOMIC_RELAXED);
	munmap(area, size);
	close(fd);
}

/*
 * Freeing the largest area must not keep a CPU from all others. How often a round
 * gives way varies on a loaded machine: the sum of some rounds counts.
 */
static void large_area_is_freed_page_by_page(void)
{
	long small = 0, large = 0;
	pid_t ticking;
	int i;

	if (sysconf(_SC_PAGESIZE) > 4096)
		skip("too few pages are freed to be noticed");
	sim_card_make(&card, "afu0/num_procs", "4096", NULL);
	ticking = start_ticking();
	for (i = 0; i < 3 || (i < 12 && large <= 3 * small); i++) {
		small += give_way();
		sim_card_set_live(&card, true);
		touch_area(AREA_SIZE);
		large += give_way();
		sim_card_set_live(&card, true);
	}
	diag("%d times: gave way %ld times, %ld times without memory", i, large,
	     small);
	check(large > 3 * small);
	kill(ticking, SIGKILL);
	waitpid(ticking, NULL, 0);
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

static void four_afus_on_a_card(void)
{
	char node[32];
	int i;

	sim_card_make(&card, "afu1/irqs_min", "4", "afu2/irqs_min", "4",
		      "afu3/irqs_min", "4", NULL);
	for (i = 0; i < 4; i++) {
		snprintf(node, sizeof(node), "afu%d.%ds", card.num, i);
		check_works(node);
	}
}

static void card_without_an_afu(void)
{
	require_ok(mkdir(CARD, 0755));
	require_ok(file_write("1", CARD "/live"));
	check(file_exists(SYSFS_CXL "/card%lld", file_number(CARD "/num")));
	check_ok(rmdir(CARD));
}

/* First the AFU, then the card: both go away properly, in use or not. */
static void live_folders_can_be_removed(void)
{
	struct event_batch batch;
	int num;

	make_folders();
	require_ok(mkdir(CARD "/afu1", 0755));
	require_ok(file_write("1", CARD "/live"));
	num = file_number(CARD "/num");
	snprintf(card.slave, sizeof(card.slave), "afu%d.0s", num);
	afu_start(&afu, card.slave, 4);
	/* The folder is not empty. */
	check_errno(rmdir(CARD), ENOTEMPTY);

	check_ok(rmdir(CARD "/afu0"));
	check(!file_exists("/dev/cxl/%s", card.slave));
	check(!file_exists("/sys/kernel/debug/cxl-afu/card%d/afu0", num));
	check(file_exists("/dev/cxl/afu%d.1s", num));
	check_errno(events_read(afu.fd, &batch), EIO);

	check_ok(rmdir(CARD "/afu1"));
	check_ok(rmdir(CARD));
	check(!file_exists(SYSFS_CXL "/card%d", num));
}

static int cards_in_sysfs(void)
{
	int n = 0, num;

	for (num = 0; num < MAX_CARDS; num++)
		n += file_exists(SYSFS_CXL "/card%d", num);
	return n;
}

/* An AFU that asks for more interrupts than the card has */
static void card_whose_afu_fails_does_not_come_to_life(void)
{
	int before;

	make_folders();
	before = cards_in_sysfs();
	require_ok(mkdir(CARD "/afu1", 0755));
	require_ok(file_write("0", CARD "/afu0/irqs_min"));
	require_ok(file_write("1", CARD "/user_irqs"));
	check_errno(file_write("1", CARD "/live"), EINVAL);
	check_reads("0", "live");
	check_reads("none", "num");
	check_reads("none", "pci");
	check_eq(cards_in_sysfs(), before);

	/* The mistake can be corrected. */
	check_ok(file_write("1", CARD "/afu1/irqs_min"));
	check_ok(file_write("1", CARD "/live"));
	check_reads("1", "live");
	check_eq(cards_in_sysfs(), before + 1);
}

/* As many as there are numbers, and one more */
static void card_too_many_does_not_come_to_life(void)
{
	char name[32], path[80];
	int i, n = MAX_CARDS - cards_in_sysfs();

	for (i = 0; i <= n; i++) {
		snprintf(name, sizeof(name), "test-config-%d", i);
		snprintf(path, sizeof(path), CONFIG "/%s", name);
		require_ok(mkdir(path, 0755));
		if (i < n)
			require_ok(file_write("1", CONFIG "/%s/live", name));
	}
	check_errno(file_write("1", CONFIG "/%s/live", name), ENOSPC);
	check_eq(file_number(CONFIG "/%s/live", name), 0);
	check_eq(cards_in_sysfs(), MAX_CARDS);
}

static void cards_get_the_lowest_free_number(void)
{
	struct sim_card first, second, third;

	sim_card_make(&first, NULL);
	sim_card_make(&second, NULL);
	check(strcmp(first.pci, second.pci));
	sim_card_set_live(&first, false);
	sim_card_make(&third, NULL);
	check_eq(third.num, first.num);
	check_works(second.slave);
	check_works(third.slave);
}

/* The default card is like the others, except that its folder stays. */
static void default_card_can_be_changed(void)
{
	check_errno(rmdir(CONFIG "/default"), EPERM);
	check_errno(rmdir(CONFIG "/default/afu0"), EPERM);
	require_ok(file_write("0", CONFIG "/default/live"));
	check(!file_exists(SYSFS_CXL "/card0"));
	require_ok(file_write("2", CONFIG "/default/afu0/num_procs"));
	require_ok(file_write("1", CONFIG "/default/live"));
	check_works("afu0.0s");
	check_eq(file_number(CONFIG "/default/num"), 0);
}

static void restore_default_card(void)
{
	file_write("0", CONFIG "/default/live");
	file_write("511", CONFIG "/default/afu0/num_procs");
	file_write("1", CONFIG "/default/live");
}

/* An open attribute does not keep the card. */
static void open_attribute_does_not_keep_the_card(void)
{
	char buf[16];
	FILE *file;

	make_folders();
	require_ok(file_write("1", CARD "/live"));
	file = fopen(CARD "/live", "r");
	require(file);
	check_ok(rmdir(CARD "/afu0"));
	check_ok(rmdir(CARD));
	check(!fgets(buf, sizeof(buf), file));
	fclose(file);
}

#define TEST(name) { "sim_config." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(settings_have_defaults),
	TEST(settings_take_what_makes_sense),
	TEST(settings_refuse_nonsense),
	TEST(settings_are_fixed_while_live),
	TEST(only_afus_0_to_3_are_made),
	TEST(settings_reach_the_card),
	TEST(number_of_processes_is_the_limit),
	TEST(area_grows_with_the_processes),
	TEST(large_area_is_freed_page_by_page),
	TEST(four_afus_on_a_card),
	TEST(card_without_an_afu),
	TEST(live_folders_can_be_removed),
	TEST(card_whose_afu_fails_does_not_come_to_life),
	TEST(card_too_many_does_not_come_to_life),
	TEST(cards_get_the_lowest_free_number),
	{ "sim_config.default_card_can_be_changed", default_card_can_be_changed,
	  restore_default_card },
	TEST(open_attribute_does_not_keep_the_card),
};

TAP_MAIN(tests)
