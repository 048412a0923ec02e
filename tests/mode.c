// SPDX-License-Identifier: GPL-2.0-only
/*
 * The modes of an AFU: a software card that supports both, the default card,
 * which only supports directed mode, and a card that fails.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"
#include "lib/module_test.h"

#define TEST_AFU	SYSFS_CXL "/afu1.0"

static char mode[64], reset[64];

static void make_card(struct sim_card *card)
{
	sim_card_make(card, "afu0/modes", "dedicated directed",
		      "afu0/num_procs", "4", NULL);
	snprintf(mode, sizeof(mode), SYSFS_CXL "/afu%d.0/mode", card->num);
	snprintf(reset, sizeof(reset), SYSFS_CXL "/afu%d.0/reset", card->num);
}

static void set_mode(const char *text)
{
	require(!file_write(text, "%s", mode), "%s: %m", text);
}

/* Check which nodes exist, in sysfs and in /dev: letters of "dms" */
static void check_nodes(int card, const char *letters)
{
	const char *c;

	for (c = "dms"; *c; c++) {
		bool expected = strchr(letters, *c);

		check(file_exists(SYSFS_CXL "/afu%d.0%c", card, *c) == expected,
		      "afu%d.0%c, wanted \"%s\"", card, *c, letters);
		check(file_exists("/dev/cxl/afu%d.0%c", card, *c) == expected,
		      "/dev/cxl/afu%d.0%c, wanted \"%s\"", card, *c, letters);
	}
}

static struct cxl_afu_id afu_id(int fd)
{
	struct cxl_afu_id id;

	require_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id));
	return id;
}

static void directed_is_the_best(void)
{
	struct sim_card card;

	make_card(&card);
	check_attr_text("afu_directed", "%s", mode);
	check_attr_text("dedicated_process\nafu_directed",
			SYSFS_CXL "/afu%d.0/modes_supported", card.num);
	check_nodes(card.num, "ms");
}

static void dedicated_is_used_where_it_is_alone(void)
{
	struct sim_card card;

	sim_card_make(&card, "afu0/modes", "dedicated", NULL);
	check_attr_text("dedicated_process", SYSFS_CXL "/afu%d.0/mode",
			card.num);
	check_attr_text("dedicated_process",
			SYSFS_CXL "/afu%d.0/modes_supported", card.num);
	check_nodes(card.num, "d");
}

static void an_afu_without_modes_has_no_nodes(void)
{
	char path[64], buf[8];

	require_ok(test_card_load("modes=0 num_procs=0"));
	check_attr_text("none", TEST_AFU "/mode");
	check_nodes(1, "");
	snprintf(path, sizeof(path), TEST_AFU "/modes_supported");
	check_eq(file_read(buf, sizeof(buf), "%s", path), 0);
}

static void each_mode_has_its_nodes(void)
{
	static const struct {
		const char *mode;
		const char *nodes;
	} modes[] = {
		{ "none", "" },
		{ "dedicated_process", "d" },
		{ "afu_directed", "ms" },
		{ "dedicated_process", "d" },
		{ "none", "" },
		{ "none", "" },
		{ "afu_directed", "ms" },
		{ "afu_directed", "ms" },
	};
	struct sim_card card;
	unsigned int i;

	make_card(&card);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		check_attr_takes(modes[i].mode, "%s", mode);
		check_attr_text(modes[i].mode, "%s", mode);
		check_nodes(card.num, modes[i].nodes);
	}
}

static void only_the_beginning_of_the_text_counts(void)
{
	static const char *const others[] = {
		"\n", "directed", "dedicated", "AFU_directed", "non", "0",
		" none", "afu_direct", "time_sliced",
	};
	struct sim_card card;
	unsigned int i;

	make_card(&card);
	set_mode("dedicated_process it is\n");
	check_attr_text("dedicated_process", "%s", mode);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL, "%s", mode);
	check_attr_text("dedicated_process", "%s", mode);
	check_nodes(card.num, "d");
}

static void a_mode_that_is_not_supported_changes_nothing(void)
{
	check_attr_refuses("dedicated_process", EINVAL, AFU "/mode");
	check_attr_text("afu_directed", AFU "/mode");
	check_nodes(0, "ms");
	check_ok(close(node_open_started("afu0.0s")));
}

/* Whatever the text is */
static void check_busy(void)
{
	check_attr_refuses("afu_directed", EBUSY, "%s", mode);
	check_attr_refuses("dedicated_process", EBUSY, "%s", mode);
	check_attr_refuses("none", EBUSY, "%s", mode);
	check_attr_refuses("rubbish", EBUSY, "%s", mode);
	check_attr_refuses("1", EBUSY, "%s", reset);
}

static void any_context_keeps_the_mode(void)
{
	struct sim_card card;
	struct queue q;
	int fd;

	make_card(&card);
	queue_init(&q, 1);
	fd = node_open_ok(card.slave);
	check_busy();
	require_ok(node_start(fd, queue_wed(&q), -1, 0));
	check_busy();
	check_ok(close(fd));
	fd = node_open_ok(card.master);
	check_busy();
	check_ok(close(fd));
	check_nodes(card.num, "ms");

	set_mode("dedicated_process");
	fd = node_open_ok(card.dedicated);
	check_busy();
	check_attr_text("dedicated_process", "%s", mode);
	check_ok(close(fd));
	set_mode("none");
}

static void number_of_processes_depends_on_the_mode(void)
{
	struct sim_card card;
	int fd[4], i;

	make_card(&card);
	for (i = 0; i < 4; i++) {
		fd[i] = node_open_ok(i % 2 ? card.master : card.slave);
		check_eq(node_pe(fd[i]), i);
	}
	check_errno(node_open(card.slave, 0), ENOSPC);
	check_errno(node_open(card.master, 0), ENOSPC);
	check_ok(close(fd[2]));
	fd[2] = node_open_ok(card.slave);
	check_eq(node_pe(fd[2]), 2);
	for (i = 0; i < 4; i++)
		check_ok(close(fd[i]));

	set_mode("dedicated_process");
	fd[0] = node_open_ok(card.dedicated);
	check_eq(node_pe(fd[0]), 0);
	check_errno(node_open(card.dedicated, 0), ENOSPC);
	check_ok(close(fd[0]));
}

static void programs_see_the_mode(void)
{
	struct sim_card card;
	struct cxl_afu_id id;
	int fd;

	make_card(&card);
	fd = node_open_ok(card.slave);
	id = afu_id(fd);
	check_eq(id.afu_mode, CXL_MODE_DIRECTED);
	check_eq(id.flags, CXL_AFUID_FLAG_SLAVE);
	check_ok(close(fd));

	set_mode("dedicated_process");
	fd = node_open_ok(card.dedicated);
	id = afu_id(fd);
	check_eq(id.afu_mode, CXL_MODE_DEDICATED);
	check_eq(id.flags, 0);
	check_eq(id.card_id, card.num);
	check_ok(close(fd));
}

static void both_modes_work(void)
{
	static const char *const modes[] = {
		"dedicated_process", "afu_directed", "dedicated_process",
	};
	static const char src[] = "some bytes";
	struct sim_card card;
	unsigned int i;

	make_card(&card);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		static char dst[sizeof(src)];
		struct afu afu;

		memset(dst, 0, sizeof(dst));
		set_mode(modes[i]);
		afu_start(&afu, i % 2 ? card.slave : card.dedicated, -1);
		check_eq(queue_wait(queue_copy(&afu.queue, dst, src,
					       sizeof(src))), WE_COMPLETE);
		check_mem_eq(dst, src, sizeof(src));
		afu_stop(&afu);
	}
}

/* A node made by hand opens nothing that the mode does not have. */
static void nodes_of_other_modes_are_dead(void)
{
	struct sim_card card;
	struct stat st;
	char path[64];
	int i, base;

	make_card(&card);
	snprintf(path, sizeof(path), "/dev/cxl/%s", card.master);
	require_ok(stat(path, &st));
	base = minor(st.st_rdev) - 1;
	set_mode("dedicated_process");
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/dev/cxl/hand-made%d", i);
		require_ok(mknod(path, S_IFCHR | 0600,
				 makedev(major(st.st_rdev), base + i)));
	}

	check_ok(close(node_open("hand-made0", 0)));
	check_errno(node_open("hand-made1", 0), ENODEV);
	check_errno(node_open("hand-made2", 0), ENODEV);
	set_mode("afu_directed");
	check_errno(node_open("hand-made0", 0), ENODEV);
	check_ok(close(node_open("hand-made1", 0)));
	check_ok(close(node_open("hand-made2", 0)));
	set_mode("none");
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "hand-made%d", i);
		check_errno(node_open(path, 0), ENODEV);
	}
}

static void remove_nodes(void)
{
	unlink("/dev/cxl/hand-made0");
	unlink("/dev/cxl/hand-made1");
	unlink("/dev/cxl/hand-made2");
	sim_cards_remove();
}

static void no_mode_is_set_while_the_link_is_down(void)
{
	struct sim_card card;

	make_card(&card);
	require_ok(sim_set_link(card.num, "down"));
	check_attr_refuses("dedicated_process", EIO, "%s", mode);
	check_attr_refuses("afu_directed", EIO, "%s", mode);
	check_attr_refuses("1", EIO, "%s", reset);
	check_attr_text("afu_directed", "%s", mode);
	check_nodes(card.num, "ms");
	check_attr_takes("none", "%s", mode);
	check_nodes(card.num, "");

	require_ok(sim_set_link(card.num, "up"));
	check_attr_takes("dedicated_process", "%s", mode);
	check_attr_takes("1", "%s", reset);
	check_nodes(card.num, "d");
}

static void errors_of_the_card_leave_it_disabled(void)
{
	require_ok(test_card_load(""));
	check_attr_text("afu_directed", TEST_AFU "/mode");
	require_ok(file_write("-5", TEST_CARD_PARAM "set_mode_rc"));
	check_attr_refuses("dedicated_process", EIO, TEST_AFU "/mode");
	check_attr_text("none", TEST_AFU "/mode");
	check_nodes(1, "");
	require_ok(file_write("-16", TEST_CARD_PARAM "set_mode_rc"));
	check_attr_refuses("afu_directed", EBUSY, TEST_AFU "/mode");
	check_attr_takes("none", TEST_AFU "/mode");

	require_ok(file_write("0", TEST_CARD_PARAM "set_mode_rc"));
	check_attr_takes("dedicated_process", TEST_AFU "/mode");
	check_nodes(1, "d");
}

static void errors_of_a_reset_pass_through(void)
{
	require_ok(test_card_load(""));
	require_ok(file_write("-16", TEST_CARD_PARAM "afu_reset_rc"));
	check_attr_refuses("1", EBUSY, TEST_AFU "/reset");
	require_ok(file_write("-5", TEST_CARD_PARAM "afu_reset_rc"));
	check_attr_refuses("1", EIO, TEST_AFU "/reset");
	require_ok(file_write("0", TEST_CARD_PARAM "afu_reset_rc"));
	check_attr_takes("1", TEST_AFU "/reset");
}

#define WITH_SIM(f)	{ "mode." #f, f, sim_cards_remove }
#define WITH_TEST(f)	{ "mode." #f, f, test_card_unload }

static const struct tap_test tests[] = {
	WITH_SIM(directed_is_the_best),
	WITH_SIM(dedicated_is_used_where_it_is_alone),
	WITH_TEST(an_afu_without_modes_has_no_nodes),
	WITH_SIM(each_mode_has_its_nodes),
	WITH_SIM(only_the_beginning_of_the_text_counts),
	{ "mode.a_mode_that_is_not_supported_changes_nothing",
	  a_mode_that_is_not_supported_changes_nothing },
	WITH_SIM(any_context_keeps_the_mode),
	WITH_SIM(number_of_processes_depends_on_the_mode),
	WITH_SIM(programs_see_the_mode),
	WITH_SIM(both_modes_work),
	{ "mode.nodes_of_other_modes_are_dead",
	  nodes_of_other_modes_are_dead, remove_nodes },
	WITH_SIM(no_mode_is_set_while_the_link_is_down),
	WITH_TEST(errors_of_the_card_leave_it_disabled),
	WITH_TEST(errors_of_a_reset_pass_through),
};

TAP_MAIN(tests)
