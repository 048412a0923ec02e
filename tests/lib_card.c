// SPDX-License-Identifier: GPL-2.0-only
/* The library and the driver: cards, attributes, handles, with software cards. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <libcxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/sysfs_test.h"

/* Defaults of the software card, see its documentation */
#define VENDOR		0x1014
#define DEVICE		0x4350
#define CLASS		0x120000

static struct sim_card card;

/* The handle of the card's AFU 0, not open */
static struct cxl_afu_h *enumerated(void)
{
	char name[32];
	struct cxl_afu_h *afu;

	snprintf(name, sizeof(name), "afu%d.0", card.num);
	cxl_for_each_afu(afu)
		if (!strcmp(cxl_afu_dev_name(afu), name))
			return afu;
	require(afu, "no %s: %m", name);
	return NULL;
}

static struct cxl_afu_h *open_node(const char *node)
{
	char path[64];
	struct cxl_afu_h *afu;

	snprintf(path, sizeof(path), "/dev/cxl/%s", node);
	errno = 0;
	afu = cxl_afu_open_dev(path);
	require(afu, "%s: %m", path);
	check_eq(errno, 0);
	return afu;
}

static void check_not_opened(struct cxl_afu_h *afu, int error)
{
	int got = errno;

	check(!afu);
	check_eq(got, error);
}

static void all_cards_are_found(void)
{
	struct cxl_adapter_h *adapter;
	struct cxl_afu_h *afu;
	int cards = 0, afus = 0, of_card = 0;
	long last = -1, number;

	sim_card_make(&card, "afu0/modes", "directed", "afu3/modes", "dedicated",
		      NULL);
	cxl_for_each_adapter(adapter) {
		check_eq(errno, 0);
		number = atol(cxl_adapter_dev_name(adapter) + strlen("card"));
		check(number > last, "%ld after %ld", number, last);
		last = number;
		cards++;
		if (number != card.num)
			continue;
		cxl_for_each_adapter_afu(adapter, afu)
			of_card++;
		check_eq(errno, 0);
	}
	check_eq(errno, 0);
	cxl_for_each_afu(afu)
		afus++;
	check_eq(errno, 0);
	check_eq(of_card, 2);
	/* The default card exists, too. */
	check_eq(cards, 2);
	check_eq(afus, 3);
}

static void card_is_described(void)
{
	long major, minor, value;
	enum cxl_image image;
	struct cxl_adapter_h *adapter;

	sim_card_make(&card, "caia_version", "2.5", "psl_revision", "4660",
		      "base_image", "9", "image", "factory", NULL);
	cxl_for_each_adapter(adapter)
		if (atol(cxl_adapter_dev_name(adapter) + strlen("card")) == card.num)
			break;
	require(adapter, "%m");
	errno = 0;
	check_eq(cxl_get_caia_version(adapter, &major, &minor), 0);
	check_eq(major, 2);
	check_eq(minor, 5);
	check_eq(cxl_get_psl_revision(adapter, &value), 0);
	check_eq(value, 4660);
	check_eq(cxl_get_base_image(adapter, &value), 0);
	check_eq(value, 9);
	check_eq(cxl_get_image_loaded(adapter, &image), 0);
	check_eq(image, CXL_IMAGE_FACTORY);
	check_eq(cxl_get_psl_timebase_synced(adapter, &value), 0);
	check_eq(value, file_number(SYSFS_CXL "/card%d/psl_timebase_synced",
				    card.num));
	check_eq(cxl_get_tunneled_ops_supported(adapter, &value), 0);
	check_eq(value, 0);
	check_eq(errno, 0);
	cxl_adapter_free(adapter);
}

static void afu_is_described(void)
{
	struct cxl_afu_h *afu;
	long value;

	sim_card_make(&card, "afu0/modes", "dedicated directed", NULL);
	afu = enumerated();
	errno = 0;
	check_eq(cxl_get_api_version(afu, &value), 0);
	check(value >= 4, "%ld", value);
	check_eq(cxl_get_api_version_compatible(afu, &value), 0);
	check_eq(value, 1);
	check_eq(cxl_get_irqs_min(afu, &value), 0);
	check_eq(value, 4);
	check_eq(cxl_get_irqs_max(afu, &value), 0);
	check_eq(value, 2037);
	check_eq(cxl_get_mmio_size(afu, &value), 0);
	check_eq(value, file_number(SYSFS_CXL "/afu%d.0/mmio_size", card.num));
	check_eq(cxl_get_mode(afu, &value), 0);
	check_eq(value, CXL_MODE_DIRECTED);
	check_eq(cxl_get_modes_supported(afu, &value), 0);
	check_eq(value, CXL_MODE_DEDICATED | CXL_MODE_DIRECTED);
	check_eq(errno, 0);
	check_errno(cxl_get_pp_mmio_len(afu, &value), ENODEV);
	check_errno(cxl_get_pp_mmio_off(afu, &value), ENODEV);
	check_errno(cxl_get_cr_vendor(afu, 0, &value), ENODEV);
	cxl_afu_free(afu);
}

static void records_are_described(void)
{
	struct cxl_afu_h *afu;
	long value;

	sim_card_make(&card, "afu0/num_crs", "2", NULL);
	afu = enumerated();
	check_eq(cxl_get_cr_vendor(afu, 1, &value), 0);
	check_eq(value, VENDOR);
	check_eq(cxl_get_cr_device(afu, 1, &value), 0);
	check_eq(value, DEVICE);
	check_eq(cxl_get_cr_class(afu, 1, &value), 0);
	check_eq(value, CLASS);
	check_errno(cxl_get_cr_class(afu, 2, &value), ENODEV);
	cxl_afu_free(afu);
}

static void pci_device_is_found(void)
{
	struct cxl_afu_h *afu, *slave;
	char *path, vendor[16], *real;

	sim_card_make(&card, NULL);
	afu = enumerated();
	check_eq(cxl_afu_sysfs_pci(afu, &path), 0);
	check(file_read(vendor, sizeof(vendor), "%s/vendor", path) > 0, "%s: %m",
	      path);
	check_str_eq(vendor, "0x1014");
	real = realpath(path, NULL);
	check_str_eq(strrchr(real, '/') + 1, card.pci);
	free(real);
	free(path);
	slave = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_eq(cxl_afu_sysfs_pci(slave, &path), 0);
	check(strstr(path, "s/device/device/device"), "%s", path);
	free(path);
	cxl_afu_free(slave);
	cxl_afu_free(afu);
}

static void error_buffer_is_read(void)
{
	unsigned char buf[600];
	struct cxl_afu_h *afu;
	unsigned int i;
	size_t size;

	sim_card_make(&card, "afu0/err_buff_size", "8192", NULL);
	afu = open_node(card.slave);
	check_eq(cxl_errinfo_size(afu, &size), 0);
	check_eq(size, 8192);
	check_eq(cxl_errinfo_read(afu, buf, 301, sizeof(buf)), sizeof(buf));
	for (i = 0; i < sizeof(buf); i++)
		if (!check_eq(buf[i], (unsigned char)((301 + i) ^ (301 + i) / 256)))
			break;
	check_eq(cxl_errinfo_read(afu, buf, 8190, sizeof(buf)), 2);
	check_eq(cxl_errinfo_read(afu, buf, 8192, sizeof(buf)), 0);
	cxl_afu_free(afu);
}

static void no_error_buffer_is_told(void)
{
	struct cxl_afu_h *afu;
	char byte;
	size_t size;

	sim_card_make(&card, "afu0/err_buff_size", "0", NULL);
	afu = open_node(card.slave);
	check_errno(cxl_errinfo_size(afu, &size), ENODEV);
	check_errno(cxl_errinfo_read(afu, &byte, 0, 1), ENODEV);
	cxl_afu_free(afu);
}

static void irqs_max_is_limited(void)
{
	struct cxl_afu_h *afu;
	long value;

	sim_card_make(&card, "user_irqs", "20", NULL);
	afu = enumerated();
	for (value = 4; value <= 20; value++)
		check_eq(cxl_set_irqs_max(afu, value), 0);
	check_errno(cxl_set_irqs_max(afu, 21), EINVAL);
	check_errno(cxl_set_irqs_max(afu, 3), EINVAL);
	check_errno(cxl_set_irqs_max(afu, -1), EINVAL);
	check_eq(cxl_set_irqs_max(afu, 7), 0);
	check_eq(cxl_get_irqs_max(afu, &value), 0);
	check_eq(value, 7);
	cxl_afu_free(afu);
}

static void prefault_mode_is_set(void)
{
	enum cxl_prefault_mode mode;
	struct cxl_afu_h *afu;
	int i;

	sim_card_make(&card, NULL);
	afu = open_node(card.slave);
	i = mmu_is_radix() ? CXL_PREFAULT_MODE_NONE : CXL_PREFAULT_MODE_ALL;
	for (; i >= 0; i--) {
		check_eq(cxl_set_prefault_mode(afu, (enum cxl_prefault_mode)i), 0);
		check_eq(cxl_get_prefault_mode(afu, &mode), 0);
		check_eq(mode, i);
	}
	cxl_afu_free(afu);
}

static void mode_is_changed(void)
{
	struct cxl_afu_h *afu, *slave, *dedicated;
	long value;

	sim_card_make(&card, "afu0/modes", "dedicated directed", NULL);
	afu = enumerated();
	slave = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_DEDICATED), ENODEV);
	check_errno(cxl_set_mode(afu, CXL_MODE_DEDICATED), EBUSY);
	check_errno(cxl_set_mode(slave, CXL_MODE_DEDICATED), EBUSY);
	cxl_afu_free(slave);

	check_eq(cxl_set_mode(afu, CXL_MODE_DEDICATED), 0);
	check_eq(cxl_get_mode(afu, &value), 0);
	check_eq(value, CXL_MODE_DEDICATED);
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENODEV);
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_MASTER), ENODEV);
	dedicated = cxl_afu_open_h(afu, CXL_VIEW_DEDICATED);
	require(dedicated, "%m");
	check_str_eq(cxl_afu_dev_name(dedicated), card.dedicated);
	/* There is only one process element. */
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_DEDICATED), ENOSPC);
	cxl_afu_free(dedicated);
	cxl_afu_free(afu);
}

static void unsupported_mode_is_refused(void)
{
	struct cxl_afu_h *afu;
	long value;

	sim_card_make(&card, "afu0/modes", "directed", NULL);
	afu = enumerated();
	check_errno(cxl_set_mode(afu, CXL_MODE_DEDICATED), EINVAL);
	check_eq(cxl_get_mode(afu, &value), 0);
	check_eq(value, CXL_MODE_DIRECTED);
	check_eq(file_write("none", SYSFS_CXL "/afu%d.0/mode", card.num), 0);
	check_errno(cxl_get_mode(afu, &value), EINVAL);
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENODEV);
	cxl_afu_free(afu);
}

static void views_have_their_sizes(void)
{
	struct cxl_afu_h *master, *slave;
	long whole, part, offset, length;

	sim_card_make(&card, NULL);
	master = open_node(card.master);
	slave = cxl_afu_open_h(master, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_str_eq(cxl_afu_dev_name(master), card.master);
	check_str_eq(cxl_afu_dev_name(slave), card.slave);
	check_eq(cxl_get_mmio_size(master, &whole), 0);
	check_eq(cxl_get_mmio_size(slave, &part), 0);
	check_eq(cxl_get_pp_mmio_off(master, &offset), 0);
	check_eq(cxl_get_pp_mmio_len(master, &length), 0);
	check_eq(length, part);
	check(offset + length <= whole, "%ld %ld %ld", offset, length, whole);
	check_errno(cxl_get_pp_mmio_len(slave, &length), ENODEV);
	cxl_afu_free(master);
	cxl_afu_free(slave);
}

static void errno_of_open_passes(void)
{
	struct cxl_afu_h *afu, *first, *second;

	sim_card_make(&card, "afu0/num_procs", "2", NULL);
	afu = enumerated();
	first = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	second = cxl_afu_open_h(afu, CXL_VIEW_MASTER);
	require(first && second);
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENOSPC);
	cxl_afu_free(second);
	require_ok(sim_set_link(card.num, "down"));
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), EIO);
	check_errno(cxl_afu_get_process_element(first), EIO);
	require_ok(sim_set_link(card.num, "up"));
	check(cxl_afu_get_process_element(first) >= 0);
	cxl_afu_free(first);
	cxl_afu_free(afu);
}

static void handle_outlives_its_card(void)
{
	struct cxl_afu_h *afu, *slave;
	struct cxl_event event;
	long value;

	sim_card_make(&card, NULL);
	afu = enumerated();
	slave = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_eq(cxl_event_pending(slave), 0);
	sim_card_set_live(&card, false);
	check_errno(cxl_get_irqs_max(afu, &value), ENODEV);
	check_errno(cxl_get_irqs_max(slave, &value), ENODEV);
	check_errno(cxl_set_mode(afu, CXL_MODE_DIRECTED), ENODEV);
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENODEV);
	check_eq(cxl_event_pending(slave), 1);
	check_errno(cxl_read_event(slave, &event), EIO);
	check_errno(cxl_afu_attach(slave, 0), EIO);
	cxl_afu_free(slave);
	cxl_afu_free(afu);
}

#define TEST(name)	{ "lib_card." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(all_cards_are_found),
	TEST(card_is_described),
	TEST(afu_is_described),
	TEST(records_are_described),
	TEST(pci_device_is_found),
	TEST(error_buffer_is_read),
	TEST(no_error_buffer_is_told),
	TEST(irqs_max_is_limited),
	TEST(prefault_mode_is_set),
	TEST(mode_is_changed),
	TEST(unsupported_mode_is_refused),
	TEST(views_have_their_sizes),
	TEST(errno_of_open_passes),
	TEST(handle_outlives_its_card),
};

TAP_MAIN(tests)
