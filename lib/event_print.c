// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events as text. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "internal.h"

#define GROUP_BYTES	4

const char *cxl_event_type_name(__u32 type)
{
	switch (type) {
	case CXL_EVENT_RESERVED:
		return "reserved";
	case CXL_EVENT_AFU_INTERRUPT:
		return "afu_interrupt";
	case CXL_EVENT_DATA_STORAGE:
		return "data_storage";
	case CXL_EVENT_AFU_ERROR:
		return "afu_error";
	case CXL_EVENT_AFU_DRIVER:
		return "afu_driver";
	default:
		return "unknown";
	}
}

int cxl_fprint_unknown_event(FILE *stream, struct cxl_event *event)
{
	const unsigned char *bytes = (const unsigned char *)event;
	int n, printed, i;

	if (!stream || !event)
		return libcxl_fail(EINVAL);
	printed = fprintf(stream, "Event of type %u:", event->header.type);
	if (printed < 0)
		return -1;
	for (i = 0; i < event->header.size; i++) {
		n = fprintf(stream, "%s%02x", i % GROUP_BYTES ? "" : " ",
			    bytes[i]);
		if (n < 0)
			return -1;
		printed += n;
	}
	return fputc('\n', stream) == EOF ? -1 : printed + 1;
}

/* Does the event have all that its kind has? Else it is shown as bytes. */
static bool is_whole(const struct cxl_event *event, size_t payload)
{
	return event->header.size >= sizeof(event->header) + payload;
}

/* Scripts look for the words of libcxl 1.7: they are part of the ABI. */
int cxl_fprint_event(FILE *stream, struct cxl_event *event)
{
	if (!stream || !event)
		return libcxl_fail(EINVAL);

	switch (event->header.type) {
	case CXL_EVENT_AFU_INTERRUPT:
		if (!is_whole(event, sizeof(event->irq)))
			break;
		return fprintf(stream, "AFU Interrupt %u\n", event->irq.irq);
	case CXL_EVENT_DATA_STORAGE:
		if (!is_whole(event, sizeof(event->fault)))
			break;
		return fprintf(stream,
			       "AFU Invalid memory reference: 0x%llx\n",
			       (unsigned long long)event->fault.addr);
	case CXL_EVENT_AFU_ERROR:
		if (!is_whole(event, sizeof(event->afu_error)))
			break;
		return fprintf(stream, "AFU Error: 0x%llx\n",
			       (unsigned long long)event->afu_error.error);
	case EVENT_TYPE_POISON:
		if (event->header.size)
			break;
		fprintf(stderr, "libcxl: no event to print: reading it failed\n");
		return libcxl_fail(ENODATA);
	}
	return cxl_fprint_unknown_event(stream, event);
}
