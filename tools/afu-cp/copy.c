// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep the copy service busy until the whole file is copied.
 *
 * Requests are numbered from 0.  The number is the cookie, and its remainder is
 * the slot with the request's data. The three counters follow each other:
 * completed <= submitted <= prepared.
 */
#include "afu-cp.h"

/* Requests at a time, and how many of them share a system call */
#define SLOTS	16
#define GROUP	(SLOTS / 2)

struct slot {
	off_t offset;
	size_t length;
	struct mapping source;
	struct mapping destination;
};

struct copy {
	const struct options *options;
	struct files *files;
	struct service *service;
	struct copy_result *result;

	struct slot slots[SLOTS];
	uint64_t prepared;
	uint64_t submitted;
	uint64_t completed;
	off_t next_offset;

	/* The first request that failed, still in its slot */
	bool failed;
	uint64_t failed_number;
	uint32_t failed_status;
	struct place fault;
};

static struct slot *slot_of(struct copy *copy, uint64_t number)
{
	return &copy->slots[number % SLOTS];
}

/* Prepare the next request. Returns false if nothing is left to copy. */
static bool prepare(struct copy *copy)
{
	struct slot *slot = slot_of(copy, copy->prepared);

	slot->offset = copy->next_offset;
	if (!files_next_data(copy->files, &slot->offset, &slot->length,
			     copy->options->chunk))
		return false;
	map_source(copy->files, slot->offset, slot->length, &slot->source);
	map_destination(copy->files, slot->offset, slot->length,
			&slot->destination);
	copy->next_offset = slot->offset + slot->length;
	copy->prepared++;
	return true;
}

static void submit(struct copy *copy)
{
	struct cxl_copy_request requests[SLOTS];
	unsigned int count = copy->prepared - copy->submitted;
	const struct slot *slot;
	unsigned int i;

	for (i = 0; i < count; i++) {
		slot = slot_of(copy, copy->submitted + i);
		requests[i] = (struct cxl_copy_request) {
			.source = (uintptr_t)slot->source.start,
			.destination = (uintptr_t)slot->destination.start,
			.length = slot->length,
			.cookie = copy->submitted + i,
		};
	}
	if (count)
		copy->submitted += service_submit(copy->service, requests,
						  count);
}

/* Fill all free slots, group by group, unless something failed. */
static void fill(struct copy *copy)
{
	unsigned int i;

	do {
		for (i = 0; i < GROUP; i++)
			if (copy->failed ||
			    copy->prepared - copy->completed == SLOTS ||
			    !prepare(copy))
				break;
		submit(copy);
	} while (i == GROUP && copy->submitted == copy->prepared);
}

static bool within(const struct mapping *mapping, uint64_t address)
{
	return address - (uintptr_t)mapping->base < mapping->size;
}

static void find_place(struct copy *copy, uint64_t address, struct place *place)
{
	const struct mapping *mapping;
	const struct slot *slot;
	uint64_t number;

	*place = (struct place) { .file = NULL };
	number = copy->failed ? copy->failed_number : copy->completed;
	for (; number < copy->submitted; number++) {
		slot = slot_of(copy, number);
		if (within(&slot->source, address)) {
			place->file = "source";
			mapping = &slot->source;
		} else if (within(&slot->destination, address)) {
			place->file = "destination";
			mapping = &slot->destination;
		} else {
			continue;
		}
		place->offset = slot->offset +
				((off_t)address - (uintptr_t)mapping->start);
		return;
	}
}

static void handle_completion(struct copy *copy, const struct event *event)
{
	const struct cxl_copy_completion *completion = &event->completion;
	struct slot *slot = slot_of(copy, copy->completed);

	if (completion->cookie != copy->completed ||
	    copy->completed == copy->submitted)
		die(EXIT_LOST, "the completion of copy %llu is missing",
		    (unsigned long long)copy->completed);
	copy->completed++;
	copy->result->requests++;
	copy->result->copied += completion->copied;
	report_completion(copy->options, event, slot->offset, slot->length);

	/* After a failure everything stays mapped, for find_place(). */
	if (completion->status != CXL_COPY_OK && !copy->failed) {
		copy->failed = true;
		copy->failed_number = completion->cookie;
		copy->failed_status = completion->status;
	}
	if (copy->failed)
		return;
	progress_update(slot->offset + slot->length);
	unmap(&slot->source);
	unmap(&slot->destination);
}

static void handle_event(void *data, const struct event *event)
{
	struct copy *copy = data;
	struct place place;

	switch (event->type) {
	case CXL_EVENT_AFU_DRIVER:
		handle_completion(copy, event);
		break;
	case CXL_EVENT_DATA_STORAGE:
		find_place(copy, event->fault.addr, &place);
		if (!copy->fault.file)
			copy->fault = place;
		report_fault(copy->options, event, &place);
		break;
	default:
		report_other(copy->options, event);
	}
}

static void die_of_failure(struct copy *copy)
{
	const struct slot *slot = slot_of(copy, copy->failed_number);

	if (copy->failed_status == CXL_COPY_CANCELLED)
		die(EXIT_COPY, "%s: the accelerator was taken away",
		    copy->service->device);
	if (copy->fault.file)
		die(EXIT_COPY, "the AFU cannot access byte %lld of the %s file",
		    (long long)copy->fault.offset, copy->fault.file);
	die(EXIT_COPY, "the AFU failed to copy bytes %lld to %lld (status %u)",
	    (long long)slot->offset,
	    (long long)(slot->offset + slot->length), copy->failed_status);
}

void copy_file(const struct options *options, struct files *files,
	       struct service *service, struct copy_result *result)
{
	static struct copy copy;

	*result = (struct copy_result) { 0 };
	copy = (struct copy) {
		.options = options,
		.files = files,
		.service = service,
		.result = result,
	};

	progress_start("copying", files->size);
	for (fill(&copy); copy.completed < copy.prepared; fill(&copy)) {
		/* This ends the program once the service has ended. */
		service_read(service, handle_event, &copy);
		if (copy.failed && copy.completed == copy.submitted)
			die_of_failure(&copy);
	}
	/* After a failure it may only be a fault that was not read in time. */
	if (service->lost)
		die(EXIT_LOST, "%llu events are lost",
		    (unsigned long long)service->lost);
	progress_end();
}
