// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading events.  The kernel returns as many as fit into a buffer, back to
 * back; they are handed out one by one, and stay in the buffer until then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

/* Fills a struct cxl_event that holds no event */
#define POISON_BYTE	0xc5

static bool is_buffered(const struct cxl_afu_h *afu)
{
	return afu->events && afu->events->begin < afu->events->end;
}

/* Does not wait: 1, 0, or -1 with errno */
static int is_readable(struct cxl_afu_h *afu)
{
	struct pollfd pollfd = { .fd = afu->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0);
}

/*
 * Read without waiting; EAGAIN if nothing is pending. poll() and read() would not
 * do, since another process can have the descriptor, too:
 *
 *	this process		the other
 *	------------		---------
 *	poll(): 1		poll(): 1
 *				read() gets the event
 *	read() waits
 */
static ssize_t read_pending(struct cxl_afu_h *afu, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	ssize_t n = preadv2(afu->fd, &iov, 1, -1, RWF_NOWAIT);
	int ready;

	if (n >= 0 || (errno != EOPNOTSUPP && errno != EINVAL))
		return n;
	/* An old kernel, or an AFU driver that has a read() of its own */
	ready = is_readable(afu);
	if (ready <= 0)
		return ready ? -1 : libcxl_fail(EAGAIN);
	return read(afu->fd, buf, size);
}

/*
 * Make sure that the buffer has events, and look at the header of the first.
 * Without @wait, EAGAIN if nothing is pending.
 */
static int peek_event(struct cxl_afu_h *afu, bool wait,
		      struct cxl_event_header *header)
{
	struct event_buffer *events;
	ssize_t n;

	if (!afu->events)
		afu->events = calloc(1, sizeof(*afu->events));
	events = afu->events;
	if (!events)
		return -1;
	if (!is_buffered(afu)) {
		n = wait ? read(afu->fd, events->raw, sizeof(events->raw)) :
			   read_pending(afu, events->raw, sizeof(events->raw));
		if (n < 0)
			return -1;
		if (!n)
			return libcxl_fail(ENODATA);
		events->begin = 0;
		events->end = n;
	}

	if (events->end - events->begin >= sizeof(*header)) {
		memcpy(header, events->raw + events->begin, sizeof(*header));
		if (header->size >= sizeof(*header) &&
		    header->size <= events->end - events->begin)
			return 0;
	}
	/* It is unknown where the next event begins: drop the rest. */
	events->begin = events->end;
	return libcxl_fail(EBADMSG);
}

static void take_event(struct event_buffer *events, void *to, size_t bytes,
		       size_t size)
{
	memcpy(to, events->raw + events->begin, bytes);
	events->begin += size;
}

/* Bytes at the end of an event that are not payload */
static size_t stamp_size(const struct cxl_event_header *header)
{
	if (header->reserved1 & CXL_EVENT_STAMPED &&
	    header->size >= sizeof(*header) + sizeof(struct cxl_event_stamp))
		return sizeof(struct cxl_event_stamp);
	return 0;
}

int cxl_event_pending(struct cxl_afu_h *afu)
{
	if (!afu)
		return libcxl_fail(EINVAL);
	/* poll() would report nothing for a handle that is not open. */
	return is_buffered(afu) ? 1 : is_readable(afu);
}

static int read_event(struct cxl_afu_h *afu, struct cxl_event *event)
{
	struct cxl_event_header header;
	size_t size;

	if (!afu || afu->fd < 0)
		return libcxl_fail(EINVAL);
	if (peek_event(afu, true, &header))
		return -1;
	size = header.size - stamp_size(&header);
	header.reserved1 &= ~CXL_EVENT_STAMPED;
	/* Take it even if it is too large: it would block all later calls. */
	if (size > sizeof(*event)) {
		size = sizeof(*event);
		header.reserved1 |= CXL_EVENT_TRUNCATED;
	}
	memset(event, 0, sizeof(*event));
	take_event(afu->events, event, size, header.size);
	event->header.size = size;
	event->header.reserved1 = header.reserved1;
	return 0;
}

int cxl_read_event(struct cxl_afu_h *afu, struct cxl_event *event)
{
	if (!event)
		return libcxl_fail(EINVAL);
	if (!read_event(afu, event))
		return 0;
	memset(event, POISON_BYTE, sizeof(*event));
	event->header.type = EVENT_TYPE_POISON;
	event->header.size = 0;
	return -1;
}

int cxl_read_expected_event(struct cxl_afu_h *afu, struct cxl_event *event,
			    __u32 type, __u16 irq)
{
	if (cxl_read_event(afu, event))
		return -1;
	if (event->header.type != type)
		return libcxl_fail(ENOMSG);
	if (type == CXL_EVENT_AFU_INTERRUPT && irq && event->irq.irq != irq)
		return libcxl_fail(ENOMSG);
	return 0;
}

ssize_t cxl_read_event_buf(struct cxl_afu_h *afu, void *buf, size_t size)
{
	struct cxl_event_header header;

	if (!afu || afu->fd < 0 || !buf)
		return libcxl_fail(EINVAL);
	if (peek_event(afu, true, &header))
		return -1;
	if (size < header.size) {
		if (size >= sizeof(header))
			memcpy(buf, &header, sizeof(header));
		return libcxl_fail(EMSGSIZE);
	}
	take_event(afu->events, buf, header.size, header.size);
	return header.size;
}

struct cxl_event *cxl_next_event(struct cxl_afu_h *afu)
{
	struct cxl_event_header header;

	if (!afu || afu->fd < 0) {
		errno = EINVAL;
		return NULL;
	}
	if (peek_event(afu, false, &header)) {
		if (errno == EAGAIN)
			errno = 0;
		return NULL;
	}
	/* If it is shorter than its struct, the missing bytes read as zero. */
	memset(&afu->events->event, 0, sizeof(afu->events->event));
	take_event(afu->events, afu->events->bytes, header.size, header.size);
	return &afu->events->event;
}

const void *cxl_event_data(const void *event, size_t *size)
{
	struct cxl_event_header header;

	if (!event || !size) {
		errno = EINVAL;
		return NULL;
	}
	memcpy(&header, event, sizeof(header));
	if (header.size < sizeof(header)) {
		errno = EINVAL;
		return NULL;
	}
	*size = header.size - sizeof(header) - stamp_size(&header);
	return (const unsigned char *)event + sizeof(header);
}

int cxl_event_stamp(const void *event, struct cxl_event_stamp *stamp)
{
	struct cxl_event_header header;
	size_t size;

	if (!event || !stamp)
		return libcxl_fail(EINVAL);
	memcpy(&header, event, sizeof(header));
	size = stamp_size(&header);
	if (!size)
		return libcxl_fail(ENODATA);
	memcpy(stamp, (const unsigned char *)event + header.size - size, size);
	return 0;
}

int cxl_set_event_stamps(struct cxl_afu_h *afu, int on)
{
	struct cxl_ioctl_event_format format = {
		.flags = on ? CXL_EVENT_FORMAT_STAMPS : 0,
	};

	if (!afu || afu->fd < 0)
		return libcxl_fail(EINVAL);
	return ioctl(afu->fd, CXL_IOCTL_EVENT_FORMAT, &format);
}
