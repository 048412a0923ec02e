// SPDX-License-Identifier: GPL-2.0-only
/* Events as text. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libcxl.h>

#include "tap.h"

static int print(struct cxl_event *event,
		 int (*fprint)(FILE *stream, struct cxl_event *event),
		 char text[200])
{
	FILE *stream = fmemopen(text, 200, "w");
	int n;

	require(stream, "%m");
	n = fprint(stream, event);
	fclose(stream);
	return n;
}

static void check_prints(struct cxl_event *event, const char *wanted)
{
	char text[200] = "";

	check_eq(print(event, cxl_fprint_event, text), strlen(wanted));
	check_str_eq(text, wanted);
}

/* Word for word what scripts look for in the output of old programs */
static void kinds_have_a_line_each(void)
{
	struct cxl_event irq = {
		.header = { .type = CXL_EVENT_AFU_INTERRUPT, .size = 16 },
		.irq.irq = 2037,
	};
	struct cxl_event fault = {
		.header = { .type = CXL_EVENT_DATA_STORAGE, .size = 40 },
		.fault.addr = 0x7f0012345678,
		.fault.dsisr = 0x4000000042000000,
	};
	struct cxl_event error = {
		.header = { .type = CXL_EVENT_AFU_ERROR, .size = 24 },
		.afu_error.error = 0xfedcba9876543210,
	};

	check_prints(&irq, "AFU Interrupt 2037\n");
	check_prints(&fault,
		     "AFU Invalid memory reference: 0x7f0012345678\n");
	check_prints(&error, "AFU Error: 0xfedcba9876543210\n");
}

static struct cxl_event bytes_event(__u16 type, __u16 size)
{
	struct cxl_event event;
	unsigned char *bytes = (void *)&event;
	unsigned int i;

	for (i = 0; i < sizeof(event); i++)
		bytes[i] = 0xa0 + i;
	event.header.type = type;
	event.header.size = size;
	return event;
}

/* The header, too, in the machine's byte order */
static void others_are_shown_in_hexadecimal(void)
{
	struct cxl_event event = bytes_event(CXL_EVENT_AFU_DRIVER, 14);
	const unsigned char *h = (void *)&event;
	char wanted[200];

	snprintf(wanted, sizeof(wanted),
		 "Event of type 4: %02x%02x%02x%02x a4a5a6a7 a8a9aaab acad\n",
		 h[0], h[1], h[2], h[3]);
	check_prints(&event, wanted);

	event = bytes_event(1234, 8);
	snprintf(wanted, sizeof(wanted),
		 "Event of type 1234: %02x%02x%02x%02x a4a5a6a7\n",
		 h[0], h[1], h[2], h[3]);
	check_prints(&event, wanted);
	event = bytes_event(0, 0);
	check_prints(&event, "Event of type 0:\n");
}

static void unknown_event_may_be_of_any_kind(void)
{
	struct cxl_event event = bytes_event(CXL_EVENT_AFU_INTERRUPT, 16);
	char text[200] = "", wanted[200];
	const unsigned char *h = (void *)&event;

	snprintf(wanted, sizeof(wanted),
		 "Event of type 1: %02x%02x%02x%02x a4a5a6a7 a8a9aaab acadaeaf\n",
		 h[0], h[1], h[2], h[3]);
	check_eq(print(&event, cxl_fprint_unknown_event, text), strlen(wanted));
	check_str_eq(text, wanted);
}

/* It has no more bytes than its header says, whatever its type. */
static void short_event_is_shown_as_it_is(void)
{
	static const __u16 types[] = {
		CXL_EVENT_AFU_INTERRUPT, CXL_EVENT_DATA_STORAGE,
		CXL_EVENT_AFU_ERROR,
	};
	struct cxl_event event;
	char text[200];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		event = bytes_event(types[i], 9);
		memset(text, 0, sizeof(text));
		check(print(&event, cxl_fprint_event, text) > 0);
		check(strstr(text, " a8\n"), "%s", text);
	}
}

static void what_is_no_event_is_refused(void)
{
	struct cxl_event event = bytes_event(CXL_EVENT_AFU_INTERRUPT, 16);
	char text[200] = "", said[100] = "";
	FILE *stderr_file = tmpfile();

	check_errno(cxl_fprint_event(stdout, NULL), EINVAL);
	check_errno(cxl_fprint_unknown_event(stdout, NULL), EINVAL);
	check_errno(cxl_fprint_event(NULL, &event), EINVAL);
	check_errno(cxl_fprint_unknown_event(NULL, &event), EINVAL);

	require(stderr_file);
	dup2(fileno(stderr_file), STDERR_FILENO);
	event = bytes_event(0xffff, 0);
	check_errno(print(&event, cxl_fprint_event, text), ENODATA);
	check_str_eq(text, "");
	rewind(stderr_file);
	check(fgets(said, sizeof(said), stderr_file), "nothing on stderr");
	check(!strncmp(said, "libcxl: ", 8), "%s", said);
	fclose(stderr_file);
}

/* It has that type, but is not the result of a failed read. */
static void event_of_the_last_type_is_unknown(void)
{
	struct cxl_event event = bytes_event(0xffff, 12);
	char text[200] = "";

	check(print(&event, cxl_fprint_event, text) > 0);
	check(!strncmp(text, "Event of type 65535:", 20), "%s", text);
}

static void full_disk_is_told(void)
{
	struct cxl_event irq = bytes_event(CXL_EVENT_AFU_INTERRUPT, 16);
	struct cxl_event driver = bytes_event(CXL_EVENT_AFU_DRIVER, 16);
	FILE *full = fopen("/dev/full", "we");

	require(full, "%m");
	setvbuf(full, NULL, _IONBF, 0);
	check_errno(cxl_fprint_event(full, &irq), ENOSPC);
	check_errno(cxl_fprint_event(full, &driver), ENOSPC);
	fclose(full);
}

static void types_have_names(void)
{
	check_str_eq(cxl_event_type_name(0), "reserved");
	check_str_eq(cxl_event_type_name(CXL_EVENT_AFU_INTERRUPT), "afu_interrupt");
	check_str_eq(cxl_event_type_name(CXL_EVENT_DATA_STORAGE), "data_storage");
	check_str_eq(cxl_event_type_name(CXL_EVENT_AFU_ERROR), "afu_error");
	check_str_eq(cxl_event_type_name(CXL_EVENT_AFU_DRIVER), "afu_driver");
	check_str_eq(cxl_event_type_name(5), "unknown");
	check_str_eq(cxl_event_type_name(0x10001), "unknown");
}

static const struct tap_test tests[] = {
	{ "lib_print.kinds_have_a_line_each", kinds_have_a_line_each },
	{ "lib_print.others_are_shown_in_hexadecimal",
	  others_are_shown_in_hexadecimal },
	{ "lib_print.unknown_event_may_be_of_any_kind",
	  unknown_event_may_be_of_any_kind },
	{ "lib_print.short_event_is_shown_as_it_is",
	  short_event_is_shown_as_it_is },
	{ "lib_print.what_is_no_event_is_refused", what_is_no_event_is_refused },
	{ "lib_print.event_of_the_last_type_is_unknown",
	  event_of_the_last_type_is_unknown },
	{ "lib_print.full_disk_is_told", full_disk_is_told },
	{ "lib_print.types_have_names", types_have_names },
};

TAP_MAIN(tests)
