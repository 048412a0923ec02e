// SPDX-License-Identifier: GPL-2.0-only
/* A batch of events put together, as a program sees it. */
#include "event_batch.h"

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
	bool stamped = cxl_event_stamped(CXL_EVENT_HEADER_SIZE + len, b->stamps);
	struct cxl_event_header header = {
		.type = type,
		.size = cxl_event_size(CXL_EVENT_HEADER_SIZE + len, b->stamps),
		.process_element = ev->pe,
		.reserved1 = stamped ? CXL_EVENT_STAMPED : 0,
	};
	struct cxl_event_stamp stamp = {
		.time = time ?: b->now,
		.sequence = b->sequence++,
		.lost = b->lost,
	};

	memcpy(ev->buf + at, &header, sizeof(header));
	memcpy(ev->buf + at + CXL_EVENT_HEADER_SIZE, payload, len);
	if (stamped)
		memcpy(ev->buf + at + CXL_EVENT_HEADER_SIZE + len, &stamp, sizeof(stamp));
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
			       slot->event->data, slot->size - CXL_EVENT_HEADER_SIZE,
			       slot->time);
		at += cxl_event_size(slot->size, b->stamps);
	}
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
		return cxl_event_size(ev->fetched[0].size, b->stamps);
	memcpy(&header, ev->buf + whole, sizeof(header));
	return header.size;
}
