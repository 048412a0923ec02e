// SPDX-License-Identifier: GPL-2.0-only
/* What "afuctl monitor" prints about the events that it reads. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#undef ARRAY_SIZE
#include "afuctl/afuctl.h"
#include "fuzz.h"
#include "tool.h"

static struct monitor monitor;
static struct cxl_afu_h *afu;

static int run_own(void *fd)
{
	tool_context(*(int *)fd);
	watch_own(&monitor, afu);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint8_t flags = take_byte(&input);
	struct output output;
	int fd, status;

	tree_root();
	json = flags & 1;
	monitor = (struct monitor){ .left = flags >> 3 ?: -1 };
	fd = take_file(&input);
	afu = libcxl_afu_new();
	must(afu);
	afu->fd = fd;
	status = tool_run(run_own, &fd, &output);
	tool_context(-1);
	cxl_afu_free(afu);
	must(!status || output.err_size);
	if (json)
		check_json(&output);
	else
		check_text(&output);
	output_free(&output);
	return 0;
}
