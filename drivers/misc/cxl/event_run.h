/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run of events: what a reader gathers, copies and settles at a time.  See
 * "The way of an event" in event_read.c.
 */
#ifndef _CXL_EVENT_RUN_H
#define _CXL_EVENT_RUN_H

#include <linux/instrumented.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "event.h"

/* A read and its current run; belongs to the reader */
struct cxl_run {
	char __user *buf;	/* where they go in the program's memory ... */
	struct iov_iter *iter;	/* ... or, if not NULL, anywhere else */
	size_t room;		/* bytes left there */
	size_t done;		/* bytes delivered */
	size_t next;		/* bytes of the event where copying stopped */
	size_t size;		/* bytes that the run takes in the buffer */
	unsigned int first;	/* its first index in fetched[]: 0 or CXL_EVENT_RUN */
	unsigned int n;		/* events of the run */
	bool more;		/* there is more; if @usual, of any kind */
	bool stamps;		/* the events are stamped */
	struct cxl_event_origin now;	/* for stamps of events without origin */
	s64 offset;		/* of the reader's CLOCK_MONOTONIC, in ns */
};

#define CXL_EVENT_HEADER_SIZE	sizeof(struct cxl_event_header)

/*
 * Bytes that an event of @size bytes takes in the reader's buffer: with a
 * stamp, if the smallest buffer has room for both.  0 (to be rejected) stays 0.
 */
static __always_inline size_t cxl_event_size(size_t size, bool stamps)
{
	const size_t stamped = size + sizeof(struct cxl_event_stamp);

	return stamps && size && stamped <= CXL_READ_MIN_SIZE ? stamped : size;
}

/* Generic events: event_generic.c */
size_t cxl_generic_size(const struct cxl_events *ev, unsigned long kinds,
			bool stamps);
void cxl_generic_gather(struct cxl_events *ev, struct cxl_run *run);
void cxl_generic_restore(struct cxl_events *ev, const struct cxl_run *run,
			 unsigned int n);

/*
 * The copy has two back ends.  Both copy the header, the payload and, if the
 * header says so, the stamp, with page faults disabled.  They return false if
 * the buffer is not present; then nothing of the event counts as copied.
 *
 * This one is for memory of the program, within user_access_begin().  Events are
 * small and come in runs.  copy_to_user() opens the access window and checks
 * the range on every call: for the header, payload and stamp of each event that
 * costs more than the rest of a read.  Putting a run together in a buffer first
 * would copy it twice.  So the window is opened, and the range checked, once
 * for a run, and each event is stored word by word, unrolled by four.
 * instrument_copy_to_user() tells the sanitizers what copy_to_user() would.
 */
static __always_inline bool
cxl_put_user(char __user *to, const struct cxl_event_header *header,
	     const u8 *data, size_t len, u64 time, u64 sequence, u64 lost)
{
	struct cxl_event_header __user *uheader = (void __user *)to;

	unsafe_put_user(header->type, &uheader->type, fault);
	unsafe_put_user(header->size, &uheader->size, fault);
	unsafe_put_user(header->process_element, &uheader->process_element, fault);
	unsafe_put_user(header->reserved1, &uheader->reserved1, fault);
	to += sizeof(*header);

	instrument_copy_to_user(to, data, len);
	for (; len >= 32; len -= 32, to += 32, data += 32) {
		const struct { u64 word; } __packed * const from = (void *)data;
		u64 __user *words = (void __user *)to;

		unsafe_put_user(from[0].word, &words[0], fault);
		unsafe_put_user(from[1].word, &words[1], fault);
		unsafe_put_user(from[2].word, &words[2], fault);
		unsafe_put_user(from[3].word, &words[3], fault);
	}
	if (len)
		unsafe_copy_to_user(to, data, len, fault);
	if (header->reserved1) {
		struct cxl_event_stamp __user *stamp = (void __user *)(to + len);

		unsafe_put_user(time, &stamp->time, fault);
		unsafe_put_user(sequence, &stamp->sequence, fault);
		unsafe_put_user(lost, &stamp->lost, fault);
	}
	return true;
fault:
	return false;
}

/* The back end for everything else */
static inline bool
cxl_put_iter(struct iov_iter *to, const struct cxl_event_header *header,
	     const u8 *data, size_t len, u64 time, u64 sequence, u64 lost)
{
	struct cxl_event_stamp stamp = { time, sequence, lost };
	size_t n = copy_to_iter(header, sizeof(*header), to);

	if (n == sizeof(*header))
		n += copy_to_iter(data, len, to);
	if (n == sizeof(*header) + len && header->reserved1)
		n += copy_to_iter(&stamp, sizeof(stamp), to);
	if (n == header->size)
		return true;
	iov_iter_revert(to, n);
	return false;
}

#endif /* _CXL_EVENT_RUN_H */
