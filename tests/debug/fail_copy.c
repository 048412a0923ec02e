// SPDX-License-Identifier: GPL-2.0-only
/* cxl-copy is bound to an AFU while each allocation in turn fails. */
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/fail_test.h"

static const char *afu;

static int call_bind(void)
{
	return file_write(afu, COPY_DRIVER "/bind");
}

static void undo_bind(void)
{
	check(file_exists(COPY_DEVICE));
	require_ok(file_write(afu, COPY_DRIVER "/unbind"));
	check(!file_exists(COPY_DEVICE));
}

static void probe_of_the_driver(void)
{
	char link[PATH_MAX] = "";

	require_ok(readlink("/sys/class/misc/cxl-copy0/device", link,
			    sizeof(link) - 1));
	afu = basename(link);
	undo_bind();
	check(fail_each(call_bind, undo_bind));
}

static const struct tap_test tests[] = {
	{ "fail_copy.probe_of_the_driver", probe_of_the_driver, copy_bind, 120 },
};

TAP_MAIN(tests)
