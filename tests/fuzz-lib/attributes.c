// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library with a /sys that may contain anything: enumeration goes in the
 * order of numbers and ends, and each question has an answer or an errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "fuzz.h"

#define UNCHANGED	0x5a5a5a5aL

static void check_call(int ret, bool changed)
{
	must(ret == 0 || ret == -1);
	must(ret ? errno && !changed : !errno);
	errno = 0;
}

static void check_number(struct cxl_afu_h *afu,
			 int (*get)(struct cxl_afu_h *afu, long *valp))
{
	long value = UNCHANGED;
	int ret = get(afu, &value);

	check_call(ret, value != UNCHANGED);
}

static void check_card_number(struct cxl_adapter_h *card,
			      int (*get)(struct cxl_adapter_h *card, long *valp))
{
	long value = UNCHANGED;
	int ret = get(card, &value);

	check_call(ret, value != UNCHANGED);
}

static void check_records(struct cxl_afu_h *afu)
{
	static int (*const get[])(struct cxl_afu_h *afu, long num, long *valp) = {
		cxl_get_cr_class, cxl_get_cr_device, cxl_get_cr_vendor,
	};
	long value;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(get); i++) {
		value = UNCHANGED;
		ret = get[i](afu, 0, &value);
		check_call(ret, value != UNCHANGED);
	}
}

static void check_words(struct cxl_afu_h *afu)
{
	enum cxl_prefault_mode prefault = CXL_PREFAULT_MODE_ALL;
	long value = UNCHANGED;
	int ret;

	ret = cxl_get_mode(afu, &value);
	check_call(ret, value != UNCHANGED);
	must(ret || value == CXL_MODE_DEDICATED || value == CXL_MODE_DIRECTED);
	value = UNCHANGED;
	ret = cxl_get_modes_supported(afu, &value);
	check_call(ret, value != UNCHANGED);
	must(ret || !(value & ~(CXL_MODE_DEDICATED | CXL_MODE_DIRECTED)));
	ret = cxl_get_prefault_mode(afu, &prefault);
	check_call(ret, prefault != CXL_PREFAULT_MODE_ALL);
}

static void check_paths(struct cxl_afu_h *afu)
{
	static const enum cxl_views views[] = {
		CXL_VIEW_DEDICATED, CXL_VIEW_MASTER, CXL_VIEW_SLAVE,
	};
	uint8_t buffer[64];
	char *path = NULL;
	size_t size, i;
	ssize_t n;
	int ret;

	ret = cxl_afu_sysfs_pci(afu, &path);
	check_call(ret, path);
	free(path);
	if (!cxl_errinfo_size(afu, &size)) {
		n = cxl_errinfo_read(afu, buffer, 0, sizeof(buffer));
		must(n <= (ssize_t)sizeof(buffer));
	}
	/* None of its nodes is a device. */
	for (i = 0; i < ARRAY_SIZE(views); i++)
		must(!cxl_afu_open_h(afu, views[i]));
	errno = 0;
}

static void check_afu(struct cxl_afu_h *afu)
{
	static int (*const get[])(struct cxl_afu_h *afu, long *valp) = {
		cxl_get_api_version, cxl_get_api_version_compatible,
		cxl_get_irqs_max, cxl_get_irqs_min, cxl_get_mmio_size,
		cxl_get_pp_mmio_len, cxl_get_pp_mmio_off,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(get); i++)
		check_number(afu, get[i]);
	check_words(afu);
	check_records(afu);
	check_paths(afu);
}

static void check_card(struct cxl_adapter_h *card)
{
	static int (*const get[])(struct cxl_adapter_h *card, long *valp) = {
		cxl_get_base_image, cxl_get_psl_revision,
		cxl_get_psl_timebase_synced, cxl_get_tunneled_ops_supported,
	};
	long major = UNCHANGED, minor = UNCHANGED;
	enum cxl_image image;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(get); i++)
		check_card_number(card, get[i]);
	ret = cxl_get_caia_version(card, &major, &minor);
	check_call(ret, major != UNCHANGED || minor != UNCHANGED);
	ret = cxl_get_image_loaded(card, &image);
	check_call(ret, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	struct cxl_adapter_h *card;
	int last = -1, last_slot = -1;
	struct cxl_afu_h *afu;

	tree_make(&input);
	cxl_for_each_adapter(card) {
		must(card->number > last);
		last = card->number;
		check_card(card);
	}
	last = -1;
	cxl_for_each_afu(afu) {
		must(afu->card > last ||
		     (afu->card == last && afu->slot > last_slot));
		last = afu->card;
		last_slot = afu->slot;
		check_afu(afu);
	}
	return 0;
}
