// SPDX-License-Identifier: GPL-2.0-only
/* All of our modules: see tests/lib/all_modules.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "lib/all_modules.h"
#include "lib/cxl_test.h"
#include "lib/module_test.h"

static const char *const modules[] = { "cxl", "cxl-sim", "cxl-copy" };

bool file_has(const char *path, const char *text)
{
	bool found = false;
	char line[512];
	FILE *f = fopen(path, "re");

	require(f, "%s: %m", path);
	while (fgets(line, sizeof(line), f))
		found |= !!strstr(line, text);
	fclose(f);
	return found;
}

void load_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		if (module_exists(modules[i]))
			module_load(modules[i], "");
	}
}

void unload(const char *name)
{
	if (!module_exists(name))
		return;
	check(becomes_true(!module_unload(name) || errno != EWOULDBLOCK),
	      "%s is in use", name);
	check(!module_is_loaded(name), "%s: %m", name);
}

void unload_all(void)
{
	int i;

	for (i = ARRAY_SIZE(modules) - 1; i >= 0; i--)
		unload(modules[i]);
}

void check_all_gone(void)
{
	check(!file_exists(SYSFS_CXL));
	check(!file_exists("/dev/cxl/afu0.0m"));
	check(!file_exists("/sys/kernel/debug/cxl-afu"));
	check(!file_exists("/sys/kernel/config/cxl-sim"));
	/* The folder may have events of Compute Express Link, too. */
	check(!file_exists("/sys/kernel/tracing/events/cxl/cxl_attach"));
	check(!file_exists("/sys/bus/pci/drivers/cxl-sim"));
	check(!file_has("/proc/filesystems", "cxl"));
	check(!file_has("/proc/modules", "cxl"));
}

void use_the_card(void)
{
	static const char src[] = "through the card";
	static char dst[sizeof(src)];
	struct afu afu;

	memset(dst, 0, sizeof(dst));
	afu_start(&afu, "afu0.0s", -1);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
	afu_irq(&afu, 1);
	afu_stop(&afu);
}
