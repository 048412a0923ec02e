// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library reads events from bytes that no kernel would return: what it
 * reports must be what the bytes say, and nothing from anywhere else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "fuzz.h"

/* A simple model of the library: what one read() returned, and what is left */
struct model {
	const uint8_t *next;
	size_t left;		/* of all bytes */
	size_t buffered;	/* of the bytes that were read */
};

/* The size of the next event; 0 if there is none, or it is broken */
static size_t model_event(struct model *model)
{
	struct cxl_event_header header;

	if (!model->buffered)
		model->buffered = model->left < CXL_READ_MIN_SIZE ?
				  model->left : CXL_READ_MIN_SIZE;
	if (model->buffered < sizeof(header))
		return 0;
	memcpy(&header, model->next, sizeof(header));
	if (header.size < sizeof(header) || header.size > model->buffered)
		return 0;
	return header.size;
}

static void model_take(struct model *model, size_t size)
{
	model->next += size;
	model->left -= size;
	model->buffered -= size;
}

/* No event: this is the end, or the rest of what was read is meaningless. */
static void check_none(struct model *model)
{
	must(errno == (model->left ? EBADMSG : ENODATA));
	model_take(model, model->buffered);
}

static void check_print(struct cxl_event *event)
{
	size_t size = 0;
	char *text = NULL;
	FILE *stream = open_memstream(&text, &size);
	int printed;

	must(stream);
	printed = cxl_fprint_event(stream, event);
	fclose(stream);
	must(printed > 0 && (size_t)printed == size && text[size - 1] == '\n');
	free(text);
	must(*cxl_event_type_name(event->header.type));
}

/* @event must be a complete copy of the event at @from. */
static void check_parts(const void *event, const void *from, size_t size)
{
	const uint8_t *bytes = from;
	struct cxl_event_stamp stamp;
	const void *data;
	size_t length;

	must(!memcmp(event, from, size));
	data = cxl_event_data(event, &length);
	must(data == (const uint8_t *)event + sizeof(struct cxl_event_header));
	must(length <= size - sizeof(struct cxl_event_header));
	if (cxl_event_stamp(event, &stamp)) {
		must(errno == ENODATA);
		must(length == size - sizeof(struct cxl_event_header));
		return;
	}
	must(length == size - sizeof(struct cxl_event_header) - sizeof(stamp));
	must(!memcmp(&stamp, bytes + size - sizeof(stamp), sizeof(stamp)));
}

static void check_next(struct cxl_afu_h *afu, struct model *model)
{
	struct cxl_event *event = cxl_next_event(afu);
	size_t size = model_event(model);

	if (!event) {
		must(!size);
		check_none(model);
		return;
	}
	must(size);
	check_parts(event, model->next, size);
	check_print(event);
	model_take(model, size);
}

static void check_read(struct cxl_afu_h *afu, struct model *model)
{
	size_t size = model_event(model);
	struct cxl_event event;

	if (!cxl_read_event(afu, &event)) {
		must(size && event.header.size <= size);
		must(!memcmp(&event.irq, model->next + sizeof(event.header),
			     event.header.size - sizeof(event.header)));
		check_print(&event);
		model_take(model, size);
		return;
	}
	must(!event.header.size);
	check_none(model);
}

static void check_buf(struct cxl_afu_h *afu, struct model *model, size_t room)
{
	size_t size = model_event(model);
	uint8_t *buf = malloc(room + 1);
	ssize_t n;

	must(buf);
	n = cxl_read_event_buf(afu, buf, room);
	if (n > 0) {
		must((size_t)n == size && size <= room);
		check_parts(buf, model->next, size);
		model_take(model, size);
	} else if (size) {
		must(n == -1 && errno == EMSGSIZE && room < size);
	} else {
		check_none(model);
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cxl_afu_h *afu = libcxl_afu_new();
	struct input calls = { bytes, 8 };
	struct model model;
	unsigned int i;
	uint8_t call;

	must(afu);
	if (size < calls.size) {
		cxl_afu_free(afu);
		return -1;
	}
	model = (struct model){ bytes + calls.size, size - calls.size, 0 };
	afu->fd = take_file(&(struct input){ model.next, model.left });
	/* After these calls, whatever they were, read all the rest. */
	for (i = 0; i < 8 || model.left; i++) {
		call = take_byte(&calls);
		must(cxl_event_pending(afu) == 1);
		if (i >= 8 || call % 4 == 0)
			check_next(afu, &model);
		else if (call % 4 == 1)
			check_read(afu, &model);
		else
			check_buf(afu, &model, call / 4 * 64);
	}
	must(!cxl_next_event(afu) && errno == ENODATA);
	cxl_afu_free(afu);
	return 0;
}
