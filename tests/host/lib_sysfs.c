// SPDX-License-Identifier: GPL-2.0-only
/* Attributes, in a fake sysfs. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

#define AFU	"sys/class/cxl/afu0.0"
#define CARD	"sys/class/cxl/card0"

/* Numbers of AFUs */

static const struct {
	const char *name;
	int (*get)(struct cxl_afu_h *afu, long *valp);
	long value;
} afu_numbers[] = {
	{ "api_version", cxl_get_api_version, 4 },
	{ "api_version_compatible", cxl_get_api_version_compatible, 1 },
	{ "irqs_max", cxl_get_irqs_max, 2037 },
	{ "irqs_min", cxl_get_irqs_min, 4 },
	{ "mmio_size", cxl_get_mmio_size, FAKE_MMIO_SIZE },
};

static void numbers_are_read(void)
{
	struct cxl_afu_h *afu;
	unsigned int i;
	long value;

	fake_start_with_one();
	afu = fake_the_afu();
	for (i = 0; i < ARRAY_SIZE(afu_numbers); i++) {
		diag("%s", afu_numbers[i].name);
		errno = 0;
		value = -1;
		check_eq(afu_numbers[i].get(afu, &value), 0);
		check_eq(errno, 0);
		check_eq(value, afu_numbers[i].value);
		check_errno(afu_numbers[i].get(NULL, &value), EINVAL);
		check_errno(afu_numbers[i].get(afu, NULL), EINVAL);
	}
	cxl_afu_free(afu);
}

static void odd_numbers_are_refused(void)
{
	static const char *const odd[] = {
		"", "\n", "x\n", "12x\n", "0x12\n", "1 2\n",
	};
	struct cxl_afu_h *afu;
	unsigned int i, j;
	long value = 5;

	fake_start_with_one();
	afu = fake_the_afu();
	for (i = 0; i < ARRAY_SIZE(afu_numbers); i++) {
		diag("%s", afu_numbers[i].name);
		for (j = 0; j < ARRAY_SIZE(odd); j++) {
			fake_write(odd[j], AFU "/%s", afu_numbers[i].name);
			check_errno(afu_numbers[i].get(afu, &value), EINVAL);
		}
		fake_write("99999999999999999999\n", AFU "/%s",
			   afu_numbers[i].name);
		check_errno(afu_numbers[i].get(afu, &value), ERANGE);
		fake_delete(AFU "/%s", afu_numbers[i].name);
		check_errno(afu_numbers[i].get(afu, &value), ENODEV);
	}
	check_eq(value, 5);
	cxl_afu_free(afu);
}

static void newline_may_be_missing(void)
{
	struct cxl_afu_h *afu;
	long value;

	fake_start_with_one();
	fake_write("2037", AFU "/irqs_max");
	fake_write("afu_directed", AFU "/mode");
	fake_write("0x120000", AFU "/cr0/class");
	afu = fake_the_afu();
	check_eq(cxl_get_irqs_max(afu, &value), 0);
	check_eq(value, 2037);
	check_eq(cxl_get_mode(afu, &value), 0);
	check_eq(value, CXL_MODE_DIRECTED);
	check_eq(cxl_get_cr_class(afu, 0, &value), 0);
	check_eq(value, 0x120000);
	cxl_afu_free(afu);
}

static void irqs_max_is_set(void)
{
	struct cxl_afu_h *afu;
	char text[32];

	fake_start_with_one();
	afu = fake_the_afu();
	errno = 0;
	check_eq(cxl_set_irqs_max(afu, 512), 0);
	check_eq(errno, 0);
	fake_read(text, sizeof(text), AFU "/irqs_max");
	check_str_eq(text, "512");
	check_eq(cxl_set_irqs_max(afu, LONG_MIN), 0);
	fake_delete(AFU "/irqs_max");
	check_errno(cxl_set_irqs_max(afu, 512), ENODEV);
	check_errno(cxl_set_irqs_max(NULL, 512), EINVAL);
	cxl_afu_free(afu);
}

/* Modes */

static void modes_are_read(void)
{
	static const struct {
		const char *text;
		long mode;
	} modes[] = {
		{ "dedicated_process\n", CXL_MODE_DEDICATED },
		{ "afu_directed\n", CXL_MODE_DIRECTED },
		{ "dedicated_process\nafu_directed\n",
		  CXL_MODE_DEDICATED | CXL_MODE_DIRECTED },
	};
	struct cxl_afu_h *afu;
	unsigned int i;
	long value;

	fake_start_with_one();
	afu = fake_the_afu();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fake_write(modes[i].text, AFU "/modes_supported");
		check_eq(cxl_get_modes_supported(afu, &value), 0);
		check_eq(value, modes[i].mode);
		if (modes[i].mode > CXL_MODE_DIRECTED)
			continue;
		fake_write(modes[i].text, AFU "/mode");
		check_eq(cxl_get_mode(afu, &value), 0);
		check_eq(value, modes[i].mode);
	}
	check_errno(cxl_get_mode(NULL, &value), EINVAL);
	check_errno(cxl_get_modes_supported(NULL, &value), EINVAL);
	cxl_afu_free(afu);
}

static void no_mode_is_refused(void)
{
	static const char *const odd[] = {
		"none\n", "", "\n", "directed\n", "afu_directed_x\n",
	};
	struct cxl_afu_h *afu;
	long value = 77;
	unsigned int i;

	fake_start_with_one();
	afu = fake_the_afu();
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		fake_write(odd[i], AFU "/mode");
		check_errno(cxl_get_mode(afu, &value), EINVAL);
		fake_write(odd[i], AFU "/modes_supported");
		check_errno(cxl_get_modes_supported(afu, &value), EINVAL);
	}
	check_eq(value, 77);
	fake_delete(AFU "/mode");
	check_errno(cxl_get_mode(afu, &value), ENODEV);
	check_errno(cxl_set_mode(afu, CXL_MODE_DIRECTED), ENODEV);
	cxl_afu_free(afu);
}

static void mode_is_set(void)
{
	static const long odd[] = {
		0, 3, CXL_MODE_TIME_SLICED, 8, 999, -1, LONG_MIN, LONG_MAX,
		/* It would be a mode if it were an int. */
		sizeof(long) > sizeof(int) ? (long)(1ULL << 32 | 1) : 0,
	};
	struct cxl_afu_h *afu;
	char text[32];
	unsigned int i;

	fake_start_with_one();
	afu = fake_the_afu();
	check_eq(cxl_set_mode(afu, CXL_MODE_DEDICATED), 0);
	fake_read(text, sizeof(text), AFU "/mode");
	check_str_eq(text, "dedicated_process");
	check_eq(cxl_set_mode(afu, CXL_MODE_DIRECTED), 0);
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		check_errno(cxl_set_mode(afu, odd[i]), EINVAL);
	check_errno(cxl_set_mode(NULL, CXL_MODE_DIRECTED), EINVAL);
	fake_read(text, sizeof(text), AFU "/mode");
	check_str_eq(text, "afu_directed");
	cxl_afu_free(afu);
}

static void prefault_mode_is_read_and_set(void)
{
	static const char *const words[] = {
		[CXL_PREFAULT_MODE_NONE] = "none",
		[CXL_PREFAULT_MODE_WED] = "work_element_descriptor",
		[CXL_PREFAULT_MODE_ALL] = "all",
	};
	/* A write of a long would destroy a neighbour. */
	struct {
		enum cxl_prefault_mode mode;
		int guard;
	} value = { .guard = 0x1234 };
	struct cxl_afu_h *afu;
	char text[32];
	unsigned int i;

	fake_start_with_one();
	afu = fake_the_afu();
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		check_eq(cxl_set_prefault_mode(afu, (enum cxl_prefault_mode)i), 0);
		fake_read(text, sizeof(text), AFU "/prefault_mode");
		check_str_eq(text, words[i]);
		check_eq(cxl_get_prefault_mode(afu, &value.mode), 0);
		check_eq(value.mode, i);
		check_eq(value.guard, 0x1234);
	}
	check_errno(cxl_set_prefault_mode(afu, (enum cxl_prefault_mode)3), EINVAL);
	check_errno(cxl_set_prefault_mode(afu, (enum cxl_prefault_mode)-1), EINVAL);
	check_errno(cxl_set_prefault_mode(NULL, CXL_PREFAULT_MODE_ALL), EINVAL);
	check_errno(cxl_get_prefault_mode(afu, NULL), EINVAL);
	check_errno(cxl_get_prefault_mode(NULL, &value.mode), EINVAL);
	fake_write("some\n", AFU "/prefault_mode");
	check_errno(cxl_get_prefault_mode(afu, &value.mode), EINVAL);
	cxl_afu_free(afu);
}

/* Configuration records */

static void records_are_read(void)
{
	struct cxl_afu_h *afu;
	long value = 3;

	fake_start_with_one();
	fake_write("0x00ab\n", AFU "/cr12/vendor");
	fake_write("1014\n", AFU "/cr1/vendor");
	fake_write("0x\n", AFU "/cr1/device");
	afu = fake_the_afu();
	check_errno(cxl_get_cr_vendor(afu, 1, &value), EINVAL);
	check_errno(cxl_get_cr_device(afu, 1, &value), EINVAL);
	check_errno(cxl_get_cr_class(afu, 1, &value), ENODEV);
	check_errno(cxl_get_cr_vendor(afu, 2, &value), ENODEV);
	check_errno(cxl_get_cr_vendor(afu, -1, &value), ENODEV);
	check_errno(cxl_get_cr_vendor(NULL, 0, &value), EINVAL);
	check_errno(cxl_get_cr_device(afu, 0, NULL), EINVAL);
	check_eq(value, 3);
	check_eq(cxl_get_cr_vendor(afu, 0, &value), 0);
	check_eq(value, 0x1014);
	check_eq(cxl_get_cr_device(afu, 0, &value), 0);
	check_eq(value, 0x4350);
	check_eq(cxl_get_cr_class(afu, 0, &value), 0);
	check_eq(value, 0x120000);
	check_eq(cxl_get_cr_vendor(afu, 12, &value), 0);
	check_eq(value, 0xab);
	cxl_afu_free(afu);
}

/* Cards */

static const struct {
	const char *name;
	int (*get)(struct cxl_adapter_h *adapter, long *valp);
	long value;
} card_numbers[] = {
	{ "base_image", cxl_get_base_image, 3 },
	{ "psl_revision", cxl_get_psl_revision, 4096 },
	{ "psl_timebase_synced", cxl_get_psl_timebase_synced, 1 },
	{ "tunneled_ops_supported", cxl_get_tunneled_ops_supported, 0 },
};

static void card_numbers_are_read(void)
{
	struct cxl_adapter_h *card;
	unsigned int i;
	long value;

	fake_start_with_one();
	card = fake_the_card();
	for (i = 0; i < ARRAY_SIZE(card_numbers); i++) {
		diag("%s", card_numbers[i].name);
		errno = 0;
		value = -1;
		check_eq(card_numbers[i].get(card, &value), 0);
		check_eq(errno, 0);
		check_eq(value, card_numbers[i].value);
		check_errno(card_numbers[i].get(NULL, &value), EINVAL);
		check_errno(card_numbers[i].get(card, NULL), EINVAL);
		fake_write("user\n", CARD "/%s", card_numbers[i].name);
		check_errno(card_numbers[i].get(card, &value), EINVAL);
		fake_delete(CARD "/%s", card_numbers[i].name);
		check_errno(card_numbers[i].get(card, &value), ENODEV);
	}
	cxl_adapter_free(card);
}

static void caia_version_is_read(void)
{
	static const char *const odd[] = {
		"", "1\n", "1.\n", ".1\n", "a.b\n", "1.2.3\n",
	};
	struct cxl_adapter_h *card;
	long major, minor;
	unsigned int i;

	fake_start_with_one();
	card = fake_the_card();
	check_eq(cxl_get_caia_version(card, &major, &minor), 0);
	check_eq(major, 1);
	check_eq(minor, 2);
	check_errno(cxl_get_caia_version(NULL, &major, &minor), EINVAL);
	check_errno(cxl_get_caia_version(card, NULL, &minor), EINVAL);
	check_errno(cxl_get_caia_version(card, &major, NULL), EINVAL);
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		fake_write(odd[i], CARD "/caia_version");
		check_errno(cxl_get_caia_version(card, &major, &minor), EINVAL);
	}
	cxl_adapter_free(card);
}

static void image_is_read(void)
{
	struct {
		enum cxl_image image;
		int guard;
	} value = { .guard = 0x1234 };
	struct cxl_adapter_h *card;

	fake_start_with_one();
	card = fake_the_card();
	check_eq(cxl_get_image_loaded(card, &value.image), 0);
	check_eq(value.image, CXL_IMAGE_USER);
	fake_write("factory\n", CARD "/image_loaded");
	check_eq(cxl_get_image_loaded(card, &value.image), 0);
	check_eq(value.image, CXL_IMAGE_FACTORY);
	check_eq(value.guard, 0x1234);
	fake_write("none\n", CARD "/image_loaded");
	check_errno(cxl_get_image_loaded(card, &value.image), EINVAL);
	check_errno(cxl_get_image_loaded(NULL, &value.image), EINVAL);
	check_errno(cxl_get_image_loaded(card, NULL), EINVAL);
	cxl_adapter_free(card);
}

static void pci_device_is_found(void)
{
	struct cxl_afu_h *afu;
	char text[32], *path;

	fake_start_with_one();
	afu = fake_the_afu();
	errno = 0;
	check_eq(cxl_afu_sysfs_pci(afu, &path), 0);
	check_eq(errno, 0);
	check_str_eq(path, fake_path(AFU "/device/device"));
	free(path);
	check_errno(cxl_afu_sysfs_pci(NULL, &path), EINVAL);
	check_errno(cxl_afu_sysfs_pci(afu, NULL), EINVAL);
	/* The PCI device's own attributes belong to nobody else. */
	fake_read(text, sizeof(text), AFU "/device/device/vendor");
	check_str_eq(text, "0x1014\n");
	fake_delete(CARD "/device");
	check_errno(cxl_afu_sysfs_pci(afu, &path), ENODEV);
	cxl_afu_free(afu);
}

/* The error buffer */

static void error_buffer_is_read(void)
{
	struct cxl_afu_h *afu;
	char text[16] = "";
	size_t size;
	int fds;

	fake_start_with_one();
	fds = fake_open_fds();
	afu = fake_the_afu();
	check_errno(cxl_errinfo_size(afu, &size), ENODEV);
	check_errno(cxl_errinfo_read(afu, text, 0, 1), ENODEV);
	fake_write("0123456789", AFU "/afu_err_buff");
	errno = 0;
	check_eq(cxl_errinfo_size(afu, &size), 0);
	check_eq(size, 10);
	check_eq(cxl_errinfo_read(afu, text, 0, sizeof(text)), 10);
	check_eq(cxl_errinfo_read(afu, text, 7, 2), 2);
	check_eq(errno, 0);
	check_str_eq(text, "7823456789");
	check_eq(cxl_errinfo_read(afu, text, 10, 2), 0);
	check_errno(cxl_errinfo_read(afu, text, -1, 2), EINVAL);
	check_errno(cxl_errinfo_read(afu, NULL, 0, 2), EINVAL);
	check_errno(cxl_errinfo_read(NULL, text, 0, 2), EINVAL);
	check_errno(cxl_errinfo_size(afu, NULL), EINVAL);
	check_errno(cxl_errinfo_size(NULL, &size), EINVAL);
	/* Both are remembered while it is the same AFU. */
	fake_delete(AFU "/afu_err_buff");
	check_eq(cxl_errinfo_size(afu, &size), 0);
	check_eq(cxl_errinfo_read(afu, text, 0, 1), 1);
	fake_add_afu(0, 1);
	afu = cxl_afu_next(afu);
	check_errno(cxl_errinfo_size(afu, &size), ENODEV);
	check_errno(cxl_errinfo_read(afu, text, 0, 1), ENODEV);
	cxl_afu_free(afu);
	check_eq(fake_open_fds(), fds);
}

static const struct tap_test tests[] = {
	{ "lib_sysfs.numbers_are_read", numbers_are_read },
	{ "lib_sysfs.odd_numbers_are_refused", odd_numbers_are_refused },
	{ "lib_sysfs.newline_may_be_missing", newline_may_be_missing },
	{ "lib_sysfs.irqs_max_is_set", irqs_max_is_set },
	{ "lib_sysfs.modes_are_read", modes_are_read },
	{ "lib_sysfs.no_mode_is_refused", no_mode_is_refused },
	{ "lib_sysfs.mode_is_set", mode_is_set },
	{ "lib_sysfs.prefault_mode_is_read_and_set",
	  prefault_mode_is_read_and_set },
	{ "lib_sysfs.records_are_read", records_are_read },
	{ "lib_sysfs.card_numbers_are_read", card_numbers_are_read },
	{ "lib_sysfs.caia_version_is_read", caia_version_is_read },
	{ "lib_sysfs.image_is_read", image_is_read },
	{ "lib_sysfs.pci_device_is_found", pci_device_is_found },
	{ "lib_sysfs.error_buffer_is_read", error_buffer_is_read },
};

TAP_MAIN(tests)
