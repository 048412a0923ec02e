// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as a program sees them, copied to it: straight from the AFU driver's
 * memory where the destination is plain user memory, else through buf.
 */
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "event.h"

#define HEADER_SIZE	sizeof(struct cxl_event_header)

/**
 * cxl_batch_pack() - put an event into buf
 * @ev: event state
 * @b: its batch; counts the sequence numbers of the stamps
 * @at: where in buf, maybe unaligned after events of odd size
 * @type: CXL_EVENT_*
 * @payload: what follows the header: bytes, or a struct
 * @len: its size in bytes
 * @time: for the stamp; 0 means that of the batch
 */
void cxl_batch_pack(struct cxl_events *ev, struct cxl_batch *b, size_t at,
		    u16 type, const void *payload, size_t len, u64 time)
{
	bool stamped = cxl_batch_stamped(b, HEADER_SIZE + len);
	struct cxl_event_header header = {
		.type = type,
		.size = cxl_batch_event_size(b, HEADER_SIZE + len),
		.process_element = ev->pe,
		.reserved1 = stamped ? CXL_EVENT_STAMPED : 0,
	};
	struct cxl_event_stamp stamp = {
		.time = time ?: b->now,
		.sequence = b->sequence++,
		.lost = b->lost,
	};

	memcpy(ev->buf + at, &header, sizeof(header));
	memcpy(ev->buf + at + HEADER_SIZE, payload, len);
	if (stamped)
		memcpy(ev->buf + at + HEADER_SIZE + len, &stamp, sizeof(stamp));
}

/**
 * cxl_events_pack() - put the driver events of a batch into buf
 * @ev: event state
 * @b: gathered
 */
void cxl_events_pack(struct cxl_events *ev, struct cxl_batch *b)
{
	const struct cxl_event_slot *slot = ev->fetched;
	size_t at = 0;

	b->sequence = ev->sequence;
	for (; slot < ev->fetched + b->nr_driver; slot++) {
		if (!slot->size)
			continue;
		cxl_batch_pack(ev, b, at, CXL_EVENT_AFU_DRIVER,
			       slot->event->data, slot->size - HEADER_SIZE,
			       slot->time);
		at += cxl_batch_event_size(b, slot->size);
	}
}

/* From anywhere to anywhere in the program's memory */
struct cxl_batch_word {
	u64 value;
} __packed;

#define cxl_batch_put_word(to, from, n, fault)				\
	unsafe_put_user(((const struct cxl_batch_word *)(from))[n].value, \
			(u64 __user *)(to) + (n), fault)

/* Four words at a time: small payloads are the rule, and a loop is dear. */
#define cxl_batch_put(to, from, len, fault)				\
do {									\
	char __user *__to = (to);					\
	const u8 *__from = (from);					\
	size_t __left = (len);						\
									\
	for (; __left >= 4 * sizeof(u64); __left -= 4 * sizeof(u64)) {	\
		cxl_batch_put_word(__to, __from, 0, fault);		\
		cxl_batch_put_word(__to, __from, 1, fault);		\
		cxl_batch_put_word(__to, __from, 2, fault);		\
		cxl_batch_put_word(__to, __from, 3, fault);		\
		__to += 4 * sizeof(u64);				\
		__from += 4 * sizeof(u64);				\
	}								\
	if (__left)							\
		unsafe_copy_to_user(__to, __from, __left, fault);	\
} while (0)

/*
 * The driver events straight from the AFU driver's memory to the program's: a
 * copy on the way would cost as much as all the rest.  Return the bytes of the
 * whole events that were copied.
 */
static __always_inline size_t
cxl_events_copy_driver(const struct cxl_events *ev, const struct cxl_batch *b,
		       char __user *to, const bool stamps)
{
	const struct cxl_event_slot *slot = ev->fetched;
	const struct cxl_event_slot *end = slot + b->nr_driver;
	struct cxl_event_stamp stamp = {
		.sequence = ev->sequence,
		.lost = b->lost,
	};
	const u16 pe = ev->pe;
	char __user *at = to;

	if (!user_access_begin(to, b->driver_bytes))
		return 0;
	for (; slot < end; slot++) {
		struct cxl_event_header __user *header = (void __user *)at;
		size_t size = slot->size;
		u16 stamped = 0;

		if (unlikely(!size))
			continue;
		if (stamps && cxl_batch_stamped(b, size)) {
			stamped = CXL_EVENT_STAMPED;
			stamp.time = slot->time ?: b->now;
			unsafe_copy_to_user(at + size, (void *)&stamp,
					    sizeof(stamp), fault);
			stamp.sequence++;
			size += sizeof(stamp);
		}
		unsafe_put_user(CXL_EVENT_AFU_DRIVER, &header->type, fault);
		unsafe_put_user((u16)size, &header->size, fault);
		unsafe_put_user(pe, &header->process_element, fault);
		unsafe_put_user(stamped, &header->reserved1, fault);
		cxl_batch_put(at + HEADER_SIZE, slot->event->data,
			      slot->size - HEADER_SIZE, fault);
		at += size;
	}
fault:
	user_access_end();
	return at - to;
}

/**
 * cxl_events_copy() - copy a batch to the program
 * @ev: event state
 * @b: gathered
 * @to: destination, which is advanced
 *
 * Context: page faults are disabled.
 * Return: bytes copied, the last event perhaps in part.
 */
size_t cxl_events_copy(struct cxl_events *ev, struct cxl_batch *b,
		       struct iov_iter *to)
{
	char __user *at;
	size_t copied;

	lockdep_assert_held(&ev->turn);
	if (!b->nr_driver || !iter_is_ubuf(to)) {
		cxl_events_pack(ev, b);
		return copy_to_iter(ev->buf, b->size, to);
	}
	at = to->ubuf + to->iov_offset;
	copied = b->stamps ? cxl_events_copy_driver(ev, b, at, true) :
			     cxl_events_copy_driver(ev, b, at, false);
	iov_iter_advance(to, copied);
	if (copied == b->driver_bytes && b->size > copied)
		copied += copy_to_iter(ev->buf + copied, b->size - copied, to);
	return copied;
}

/**
 * cxl_events_next_size() - bytes of the first event that was not copied
 * @ev: event state
 * @b: settled
 * @whole: as cxl_events_settle() returned it
 *
 * Return: 0 if there was none.
 */
size_t cxl_events_next_size(const struct cxl_events *ev,
			    const struct cxl_batch *b, size_t whole)
{
	struct cxl_event_header header;

	if (whole == b->size)
		return 0;
	/* What was not copied is the first in flight now. */
	if (whole < b->driver_bytes)
		return cxl_batch_event_size(b, ev->fetched[0].size);
	memcpy(&header, ev->buf + whole, sizeof(header));
	return header.size;
}
