// SPDX-License-Identifier: GPL-2.0-only
/*
 * What afuctl monitor prints of what it reads: lines of the kernel's
 * tracepoints, or events.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
/* Its reader of lines is its own. */
#undef ARRAY_SIZE
#include "../../tools/afuctl/trace.c"
#include "fuzz.h"
#include "tool.h"

static struct monitor monitor;
static struct cxl_afu_h *afu;

static int run_trace(void *fd)
{
	trace_pipe = *(int *)fd;
	read_lines(&monitor);
	/* All was read. */
	must(!monitor.left || read(trace_pipe, &(char){ 0 }, 1) == 0);
	return 0;
}

/* Part of a line is kept, but not from one input to the next. */
static int forget_lines(void *unused)
{
	struct input newline = { (const uint8_t *)"\n", 1 };

	(void)unused;
	monitor.left = -1;
	trace_pipe = take_file(&newline);
	read_lines(&monitor);
	close(trace_pipe);
	return 0;
}

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
	struct output output, rest = { 0 };
	int fd, status;

	tree_root();
	monitor = (struct monitor){
		.json = flags & 1,
		.verbose = flags & 2,
		.left = flags >> 3 ?: -1,
	};
	fd = take_file(&input);
	if (flags & 4) {
		afu = libcxl_afu_new();
		must(afu);
		afu->fd = fd;
		status = tool_run(run_own, &fd, &output);
		tool_context(-1);
		cxl_afu_free(afu);
	} else {
		status = tool_run(run_trace, &fd, &output);
		close(fd);
		tool_run(forget_lines, NULL, &rest);
		trace_pipe = -1;
	}
	must(!status || output.err_size);
	if (flags & 1)
		check_json(&output);
	else
		check_text(&output);
	output_free(&output);
	output_free(&rest);
	return 0;
}
