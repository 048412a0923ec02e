/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an event gets to the reader: its header, its payload and, if the header
 * says so, its stamp.  Called by event_read.c with page faults disabled; false:
 * the buffer is not there, and nothing of the event counts as copied.
 */
#ifndef _CXL_EVENT_COPY_H
#define _CXL_EVENT_COPY_H

#include <linux/instrumented.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <misc/cxl.h>

struct cxl_event_word {
	u64 value;
} __packed;

#define cxl_put_word(to, from, n, fault)				\
	unsafe_put_user(((const struct cxl_event_word *)(from))[n].value, \
			(u64 __user *)(to) + (n), fault)

/*
 * Back end for memory of the program, within user_access_begin().
 *
 * Events are small and come in runs.  copy_to_user() for the header, the
 * payload and the stamp of each opens the access window and checks the range
 * every time, which costs more than all the rest of a read; to put a run
 * together in a buffer first means to copy it twice.  So the window is opened
 * once for a run, whose range was checked, and each event is stored word by
 * word: four at a time, since short loops are dear.  What copy_to_user() tells
 * the sanitizers is told them here.
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
	for (; len >= 4 * sizeof(u64); len -= 4 * sizeof(u64)) {
		cxl_put_word(to, data, 0, fault);
		cxl_put_word(to, data, 1, fault);
		cxl_put_word(to, data, 2, fault);
		cxl_put_word(to, data, 3, fault);
		to += 4 * sizeof(u64);
		data += 4 * sizeof(u64);
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

/* Back end for everything else */
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

#endif /* _CXL_EVENT_COPY_H */
