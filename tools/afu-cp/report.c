// SPDX-License-Identifier: GPL-2.0-only
#include "afu-cp.h"

#include <unistd.h>

#define MIB		(1024.0 * 1024.0)

static const char *const status_words[] = {
	[CXL_COPY_OK] = "ok",
	[CXL_COPY_ADDRESS_ERROR] = "address error",
	[CXL_COPY_FAILED] = "failed",
	[CXL_COPY_CANCELLED] = "cancelled",
};

static const char *status_word(uint32_t status)
{
	return status < ARRAY_SIZE(status_words) ? status_words[status] :
						   "unknown status";
}

static struct json_object *json_event(const char *kind,
				      const struct event *event)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "event", kind);
	add_uint(object, "sequence", event->sequence);
	add_uint(object, "time_ns", event->time);
	return object;
}

void report_completion(const struct options *options, const struct event *event,
		       off_t offset, size_t length)
{
	const struct cxl_copy_completion *completion = &event->completion;
	struct json_object *object;

	if (!options->events)
		return;
	if (!options->json) {
		printf("event %llu: copy %llu: %s, %llu of %zu bytes at offset %lld\n",
		       (unsigned long long)event->sequence,
		       (unsigned long long)completion->cookie,
		       status_word(completion->status),
		       (unsigned long long)completion->copied, length,
		       (long long)offset);
		flush_output();
		return;
	}
	object = json_event("copy", event);
	add_uint(object, "copy", completion->cookie);
	add_string(object, "status", status_word(completion->status));
	add_int(object, "offset", offset);
	add_uint(object, "length", length);
	add_uint(object, "copied", completion->copied);
	put_json(object);
}

void report_fault(const struct options *options, const struct event *event,
		  const struct place *place)
{
	const struct cxl_event_data_storage *fault = &event->fault;
	const char *access = fault->dsisr & CXL_DSISR_STORE ? "write" : "read";
	struct json_object *object;

	if (!options->events)
		return;
	if (!options->json) {
		printf("event %llu: data storage: the AFU could not %s address 0x%llx",
		       (unsigned long long)event->sequence, access,
		       (unsigned long long)fault->addr);
		if (place->file)
			printf(", offset %lld of the %s file",
			       (long long)place->offset, place->file);
		printf(" (DSISR 0x%016llx)\n",
		       (unsigned long long)fault->dsisr);
		flush_output();
		return;
	}
	object = json_event("data_storage", event);
	add_string(object, "access", access);
	add_hex(object, "address", fault->addr);
	add_hex(object, "dsisr", fault->dsisr);
	if (place->file) {
		add_string(object, "file", place->file);
		add_int(object, "offset", place->offset);
	}
	put_json(object);
}

static void print_other(const struct event *event)
{
	unsigned long long sequence = event->sequence;

	switch (event->type) {
	case CXL_EVENT_AFU_INTERRUPT:
		printf("event %llu: AFU interrupt %u\n", sequence,
		       event->irq.irq);
		break;
	case CXL_EVENT_AFU_ERROR:
		printf("event %llu: AFU error 0x%llx\n", sequence,
		       (unsigned long long)event->error.error);
		break;
	default:
		printf("event %llu: unknown type %u\n", sequence, event->type);
	}
	flush_output();
}

static struct json_object *json_other(const struct event *event)
{
	struct json_object *object;

	switch (event->type) {
	case CXL_EVENT_AFU_INTERRUPT:
		object = json_event("afu_interrupt", event);
		add_uint(object, "irq", event->irq.irq);
		break;
	case CXL_EVENT_AFU_ERROR:
		object = json_event("afu_error", event);
		add_hex(object, "error", event->error.error);
		break;
	default:
		object = json_event("unknown", event);
		add_uint(object, "type", event->type);
	}
	return object;
}

void report_other(const struct options *options, const struct event *event)
{
	if (!options->events)
		return;
	if (options->json)
		put_json(json_other(event));
	else
		print_other(event);
}

static void json_summary(const struct summary *s)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "event", "summary");
	add_string(object, "source", s->options->source);
	add_string(object, "destination", s->options->destination);
	add_string(object, "device", s->service->device);
	add_int(object, "size", s->files->size);
	add_uint(object, "copied", s->result->copied);
	add_uint(object, "copies", s->result->requests);
	add_uint(object, "driver_events", s->service->driver_events);
	add_uint(object, "other_events", s->service->other_events);
	add_uint(object, "lost_events", s->service->lost);
	add_bool(object, "verified", s->options->verify);
	json_object_object_add(object, "seconds",
			       json_object_new_double(s->seconds));
	put_json(object);
}

void report_summary(const struct summary *s)
{
	FILE *to = s->options->events ? stdout : stderr;

	if (s->options->json) {
		json_summary(s);
		return;
	}
	if (!s->options->events && !isatty(STDERR_FILENO))
		return;
	fprintf(to, "%lld bytes, %llu of them copied by the AFU in %.2f s (%.1f MiB/s), %s; ",
		(long long)s->files->size,
		(unsigned long long)s->result->copied, s->seconds,
		s->result->copied / MIB / s->seconds,
		s->options->verify ? "verified" : "not verified");
	fprintf(to, "%llu driver events, %llu lost\n",
		(unsigned long long)s->service->driver_events,
		(unsigned long long)s->service->lost);
	if (to == stdout)
		flush_output();
}

/*
 * Progress: one line of standard error, if that is a terminal
 */

#define BAR_WIDTH	30
#define UPDATE_SECONDS	0.1

static struct {
	const char *what;
	off_t total;
	double start;
	double last;
} progress;

void progress_start(const char *what, off_t total)
{
	if (!isatty(STDERR_FILENO) || !total)
		return;
	progress.what = what;
	progress.total = total;
	progress.start = seconds_now();
	progress.last = 0;
	at_end(progress_end);
	progress_update(0);
}

void progress_update(off_t done)
{
	double now, elapsed, part;
	int width;

	if (!progress.what)
		return;
	now = seconds_now();
	if (now - progress.last < UPDATE_SECONDS && done < progress.total)
		return;
	progress.last = now;

	elapsed = now - progress.start;
	part = (double)done / progress.total;
	width = part * BAR_WIDTH;
	fprintf(stderr, "\r%-9s %3d%% [%.*s%*s] %.1f MiB %.1f MiB/s \033[K",
		progress.what, (int)(100 * part), width,
		"##############################", BAR_WIDTH - width, "",
		done / MIB, elapsed > 0 ? done / MIB / elapsed : 0.0);
}

void progress_end(void)
{
	if (!progress.what)
		return;
	fputs("\r\033[K", stderr);
	progress.what = NULL;
}
