// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFUs, their nodes and configuration records in sysfs; afu0.0 is the AFU of
 * the default card.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"
#include "lib/module_test.h"

#define IRQS_MIN	4
#define IRQS_MAX	2037

#define ERR_BUFF	AFU "/afu_err_buff"
#define CR		AFU "/cr0"
#define CR_SIZE		256

static void attributes_have_their_modes(void)
{
	static const struct attr attrs[] = {
		{ "mmio_size", 0444 },
		{ "irqs_min", 0444 },
		{ "irqs_max", 0644 },
		{ "modes_supported", 0444 },
		{ "mode", 0644 },
		{ "prefault_mode", 0644 },
		{ "api_version", 0444 },
		{ "api_version_compatible", 0444 },
		{ "reset", 0200 },
		{ "afu_err_buff", 0444 },
	};

	check_attrs(AFU, attrs, ARRAY_SIZE(attrs));
}

static void values_are_the_memcpy_afus(void)
{
	check_attr_text("65536", AFU "/mmio_size");
	check_attr_text("4", AFU "/irqs_min");
	check_attr_text("2037", AFU "/irqs_max");
	check_attr_text("afu_directed", AFU "/modes_supported");
	check_attr_text("afu_directed", AFU "/mode");
	check_attr_text("none", AFU "/prefault_mode");
}

static void api_version_is_5_and_compatible_to_1(void)
{
	check_attr_text("5", AFU "/api_version");
	check_attr_text("1", AFU "/api_version_compatible");
}

static void master_node_has_the_whole_area(void)
{
	static const struct attr attrs[] = {
		{ "dev", 0444 },
		{ "mmio_size", 0444 },
		{ "pp_mmio_off", 0444 },
		{ "pp_mmio_len", 0444 },
	};

	check_attrs(MASTER, attrs, ARRAY_SIZE(attrs));
	check_attr_text("67108864", MASTER "/mmio_size");
	check_attr_text("33554432", MASTER "/pp_mmio_off");
	check_attr_text("65536", MASTER "/pp_mmio_len");
}

/* They would hide the AFU's attributes from programs that climb up to them. */
static void slave_node_has_no_attributes_of_its_own(void)
{
	static const struct attr attrs[] = { { "dev", 0444 } };

	check_attrs(SYSFS_CXL "/afu0.0s", attrs, ARRAY_SIZE(attrs));
	check_attr_text("65536", SYSFS_CXL "/afu0.0s/device/mmio_size");
}

static void set_irqs_max(void)
{
	file_write("2037", AFU "/irqs_max");
}

static void irqs_max_has_limits(void)
{
	static const char *const others[] = {
		"2038", "3", "0", "-1", "\n", "many", "4294967300", "65540",
	};
	unsigned int i;

	check_attr_takes("4", AFU "/irqs_max");
	check_attr_text("4", AFU "/irqs_max");
	/* The limit is the card's, not the value that was set before. */
	check_attr_takes("2037", AFU "/irqs_max");
	check_attr_takes("0x10", AFU "/irqs_max");
	check_attr_text("16", AFU "/irqs_max");

	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL, AFU "/irqs_max");
	check_attr_text("16", AFU "/irqs_max");
}

static void irqs_max_takes_every_number_in_between(void)
{
	int opened = node_open_ok("afu0.0s");
	int started = node_open_started("afu0.0s");
	const int count = IRQS_MAX - IRQS_MIN;
	int i, step = count / tap_rounds(count, 40);
	char text[16];

	for (i = IRQS_MIN; i <= IRQS_MAX; i += step) {
		snprintf(text, sizeof(text), "%d", i);
		require(!file_write(text, AFU "/irqs_max"), "%d: %m", i);
		require_eq(file_number(AFU "/irqs_max"), i);
	}
	check_attr_refuses("2038", EINVAL, AFU "/irqs_max");
	check_attr_refuses("3", EINVAL, AFU "/irqs_max");
	check_ok(close(started));
	check_ok(close(opened));
}

static void irqs_max_limits_what_a_program_gets(void)
{
	int fd = node_open_ok("afu0.0s");
	struct queue q;

	queue_init(&q, 1);
	check_attr_takes("10", AFU "/irqs_max");
	check_errno(node_start(fd, queue_wed(&q), 11,
			       CXL_START_WORK_NUM_IRQS), EINVAL);
	check_ok(node_start(fd, queue_wed(&q), 10, CXL_START_WORK_NUM_IRQS));
	/* A context that has more than the new limit keeps them. */
	check_attr_takes("4", AFU "/irqs_max");
	check_ok(close(fd));
}

static void set_prefault_mode(void)
{
	file_write("none", AFU "/prefault_mode");
}

static void prefault_mode_takes_three_words(void)
{
	static const char *const words[] = {
		"all", "work_element_descriptor",
	};
	static const char *const others[] = {
		"\n", "wed", "al", "All", "work_element", " none", "0",
	};
	bool radix = mmu_is_radix();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (radix) {
			check_attr_refuses(words[i], EINVAL,
					   AFU "/prefault_mode");
			continue;
		}
		check_attr_takes(words[i], AFU "/prefault_mode");
		check_attr_text(words[i], AFU "/prefault_mode");
	}
	check_attr_takes("none", AFU "/prefault_mode");
	check_attr_text("none", AFU "/prefault_mode");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		check_attr_refuses(others[i], EINVAL, AFU "/prefault_mode");
	check_attr_text("none", AFU "/prefault_mode");
}

static void contexts_start_in_every_prefault_mode(void)
{
	static const char *const words[] = {
		"none", "work_element_descriptor", "all",
	};
	unsigned int i;

	if (mmu_is_radix())
		skip("there is but one with a radix MMU");
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		struct queue q;
		int fd;

		require_ok(file_write(words[i], AFU "/prefault_mode"));
		check_ok(close(node_open_started("afu0.0s")));

		/* A failure to prefault does not matter. */
		fd = node_open_ok("afu0.0m");
		queue_init(&q, 1);
		check_ok(node_start(fd, 0, -1, 0));
		check_ok(close(fd));
	}
}

static void reset_is_refused_while_a_context_exists(void)
{
	int fd = node_open_ok("afu0.0s");

	check_attr_refuses("1", EBUSY, AFU "/reset");
	check_ok(close(fd));
	fd = node_open_started("afu0.0m");
	check_attr_refuses("1", EBUSY, AFU "/reset");
	check_ok(close(fd));
}

static void reset_takes_any_text(void)
{
	static const char *const texts[] = { "1", "0", "please", "\n" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		check_attr_takes(texts[i], AFU "/reset");
}

static void afu_works_after_a_reset(void)
{
	static const char src[] = "as before";
	static char dst[sizeof(src)];
	struct afu afu;

	require_ok(file_write("1", AFU "/reset"));
	check_attr_text("afu_directed", AFU "/mode");
	afu_start(&afu, "afu0.0s", -1);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src,
				       sizeof(src))), WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
	afu_stop(&afu);
}

static size_t file_size(const char *path)
{
	struct stat st;

	require_ok(stat(path, &st));
	return st.st_size;
}

static void error_buffer_is_read_at_any_offset(void)
{
	size_t size = file_size(ERR_BUFF), offset, len;
	unsigned char all[4096], part[16];
	int fd = require_ok(open(ERR_BUFF, O_RDONLY));

	require(size >= 64 && size <= sizeof(all), "it has %zu bytes", size);
	check_eq(read(fd, all, sizeof(all)), size);
	for (offset = 0; offset < 16; offset++) {
		for (len = 1; len <= sizeof(part); len++) {
			require_eq(pread(fd, part, len, offset), len);
			check_mem_eq(part, all + offset, len);
		}
	}
	check_eq(pread(fd, part, sizeof(part), size - 3), 3);
	check_mem_eq(part, all + size - 3, 3);
	check_eq(pread(fd, part, sizeof(part), size), 0);
	check_eq(pread(fd, part, sizeof(part), size + 1), 0);
	check_eq(pread(fd, part, 0, 0), 0);
	check_ok(close(fd));
}

static void config_record_has_its_attributes(void)
{
	static const struct attr attrs[] = {
		{ "vendor", 0444 },
		{ "device", 0444 },
		{ "class", 0444 },
		{ "config", 0400 },
	};

	check_attrs(CR, attrs, ARRAY_SIZE(attrs));
	check_attr_text("0x1014", CR "/vendor");
	check_attr_text("0x4350", CR "/device");
	check_attr_text("0x120000", CR "/class");
	check(!file_exists(AFU "/cr1"));
	/* A plain folder, no device */
	check(!file_exists(CR "/uevent"));
	check(!file_exists(CR "/subsystem"));
}

static __le32 config_word(const unsigned char *config, size_t offset)
{
	__le32 word;

	memcpy(&word, config + offset, sizeof(word));
	return word;
}

static void config_record_is_like_pci(void)
{
	unsigned char config[2 * CR_SIZE], part[7];
	int fd = require_ok(open(CR "/config", O_RDONLY));
	size_t offset;

	check_eq(file_size(CR "/config"), CR_SIZE);
	require_eq(read(fd, config, sizeof(config)), CR_SIZE);
	check_eq(le32toh(config_word(config, 0)), 0x43501014);
	check_eq(le32toh(config_word(config, 8)) >> 8, 0x120000);

	for (offset = 0; offset < 16; offset++) {
		require_eq(pread(fd, part, sizeof(part), offset),
			   sizeof(part));
		check_mem_eq(part, config + offset, sizeof(part));
	}
	check_eq(pread(fd, part, sizeof(part), CR_SIZE - 2), 2);
	check_eq(pread(fd, part, sizeof(part), CR_SIZE), 0);
	check_ok(close(fd));
}

static void config_record_is_for_root_only(void)
{
	require_ok(seteuid(65534));
	check_errno(open(CR "/config", O_RDONLY), EACCES);
	check_errno(open(AFU "/mode", O_WRONLY), EACCES);
	check_ok(close(check_ok(open(CR "/vendor", O_RDONLY))));
	check_ok(close(check_ok(open(ERR_BUFF, O_RDONLY))));
	check_ok(seteuid(0));
}

/* Two and a half pages, read page by page */
static void long_error_buffer_is_read_by_pages(void)
{
	long page = sysconf(_SC_PAGESIZE);
	unsigned char *buf = malloc(4 * page);
	char params[40];
	int fd;

	require(buf);
	snprintf(params, sizeof(params), "err_buff_size=%ld",
		 2 * page + page / 2);
	require_ok(test_card_load(params));
	fd = require_ok(open(SYSFS_CXL "/afu1.0/afu_err_buff", O_RDONLY));
	check_eq(file_size(SYSFS_CXL "/afu1.0/afu_err_buff"),
		 2 * page + page / 2);
	check_eq(read(fd, buf, 4 * page), page);
	check_eq(buf[0], 0);
	check_eq(read(fd, buf, 4 * page), page);
	check_eq(buf[page - 1], 1);
	check_eq(read(fd, buf, 4 * page), page / 2);
	check_eq(buf[0], 2);
	check_eq(read(fd, buf, 4 * page), 0);
	check_ok(close(fd));
	free(buf);
}

static void an_afu_may_have_neither_buffer_nor_record(void)
{
	struct sim_card card;

	sim_card_make(&card, "afu0/err_buff_size", "0", "afu0/num_crs", "0",
		      NULL);
	check(file_exists(SYSFS_CXL "/afu%d.0/mode", card.num));
	check(!file_exists(SYSFS_CXL "/afu%d.0/afu_err_buff", card.num));
	check(!file_exists(SYSFS_CXL "/afu%d.0/cr0", card.num));
}

static void records_are_numbered_and_print_all_digits(void)
{
	struct sim_card card;

	sim_card_make(&card, "afu0/num_crs", "4", "afu0/cr_vendor", "0x0a",
		      "afu0/cr_device", "0xbc", "afu0/cr_class", "0xd",
		      NULL);
	check_attr_text("0x000a", SYSFS_CXL "/afu%d.0/cr0/vendor", card.num);
	check_attr_text("0x00bc", SYSFS_CXL "/afu%d.0/cr3/device", card.num);
	check_attr_text("0x00000d", SYSFS_CXL "/afu%d.0/cr3/class", card.num);
	check(!file_exists(SYSFS_CXL "/afu%d.0/cr4", card.num));
}

static void nothing_is_read_over_a_link_that_is_down(void)
{
	unsigned char config[CR_SIZE], ones[CR_SIZE], byte;
	struct sim_card card;
	char path[64];
	int fd;

	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	memset(ones, 0xff, sizeof(ones));
	require_ok(sim_set_link(card.num, "down"));

	snprintf(path, sizeof(path), SYSFS_CXL "/afu%d.0/cr0/config",
		 card.num);
	fd = require_ok(open(path, O_RDONLY));
	check_eq(read(fd, config, sizeof(config)), CR_SIZE);
	check_mem_eq(config, ones, CR_SIZE);
	check_ok(close(fd));
	snprintf(path, sizeof(path), SYSFS_CXL "/afu%d.0/afu_err_buff",
		 card.num);
	fd = require_ok(open(path, O_RDONLY));
	check_errno(read(fd, &byte, 1), EIO);
	/* What was read before is remembered. */
	check_attr_text("0x1014", SYSFS_CXL "/afu%d.0/cr0/vendor", card.num);

	require_ok(sim_set_link(card.num, "up"));
	check_eq(read(fd, &byte, 1), 1);
	check_ok(close(fd));
}

static const struct tap_test tests[] = {
	{ "sysfs_afu.attributes_have_their_modes",
	  attributes_have_their_modes },
	{ "sysfs_afu.values_are_the_memcpy_afus", values_are_the_memcpy_afus },
	{ "sysfs_afu.api_version_is_5_and_compatible_to_1",
	  api_version_is_5_and_compatible_to_1 },
	{ "sysfs_afu.master_node_has_the_whole_area",
	  master_node_has_the_whole_area },
	{ "sysfs_afu.slave_node_has_no_attributes_of_its_own",
	  slave_node_has_no_attributes_of_its_own },
	{ "sysfs_afu.irqs_max_has_limits", irqs_max_has_limits, set_irqs_max },
	{ "sysfs_afu.irqs_max_takes_every_number_in_between",
	  irqs_max_takes_every_number_in_between, set_irqs_max },
	{ "sysfs_afu.irqs_max_limits_what_a_program_gets",
	  irqs_max_limits_what_a_program_gets, set_irqs_max },
	{ "sysfs_afu.prefault_mode_takes_three_words",
	  prefault_mode_takes_three_words, set_prefault_mode },
	{ "sysfs_afu.contexts_start_in_every_prefault_mode",
	  contexts_start_in_every_prefault_mode, set_prefault_mode },
	{ "sysfs_afu.reset_is_refused_while_a_context_exists",
	  reset_is_refused_while_a_context_exists },
	{ "sysfs_afu.reset_takes_any_text", reset_takes_any_text },
	{ "sysfs_afu.afu_works_after_a_reset", afu_works_after_a_reset },
	{ "sysfs_afu.error_buffer_is_read_at_any_offset",
	  error_buffer_is_read_at_any_offset },
	{ "sysfs_afu.config_record_has_its_attributes",
	  config_record_has_its_attributes },
	{ "sysfs_afu.config_record_is_like_pci", config_record_is_like_pci },
	{ "sysfs_afu.config_record_is_for_root_only",
	  config_record_is_for_root_only },
	{ "sysfs_afu.long_error_buffer_is_read_by_pages",
	  long_error_buffer_is_read_by_pages, test_card_unload },
	{ "sysfs_afu.an_afu_may_have_neither_buffer_nor_record",
	  an_afu_may_have_neither_buffer_nor_record, sim_cards_remove },
	{ "sysfs_afu.records_are_numbered_and_print_all_digits",
	  records_are_numbered_and_print_all_digits, sim_cards_remove },
	{ "sysfs_afu.nothing_is_read_over_a_link_that_is_down",
	  nothing_is_read_over_a_link_that_is_down, sim_cards_remove },
};

TAP_MAIN(tests)
