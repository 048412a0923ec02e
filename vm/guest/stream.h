/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the two ends of ./guest: vm/relay.c here, vm/guest/agent.c in the
 * guest, and between them ports of a virtio serial device.
 *
 * The ports "stdin", "stdout", "stderr" and "trace" carry bytes and nothing
 * else. A port has no end of file in step with its bytes. So the end is sent as
 * a number of bytes on the port "control", in lines of text:
 *
 *	to the guest	eof BYTES		all of stdin
 *			close STREAM		nobody reads 1 (stdout) or 2 (stderr) now
 *			signal NUMBER		for the command
 *			size ROWS COLUMNS	of the terminal
 *			go			the debugger let the guest run
 *			bye			everything has arrived
 *	to the host	ready			the command is about to begin
 *			exit STATUS OUT ERR TRACE	with the bytes of each stream
 */
#ifndef GUEST_STREAM_H
#define GUEST_STREAM_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_TRACE, STREAM_CONTROL, STREAMS };

#define STREAM_NAMES { "stdin", "stdout", "stderr", "trace", "control" }

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define STREAM_BUFFER	32768

/* Bytes on their way from one descriptor to another */
struct stream {
	int from, to;			/* -1: not open, or closed already */
	size_t chunk;			/* bytes that never block if poll() says so */
	uint64_t taken, given;		/* bytes so far */
	uint64_t end;			/* bytes after which @from ends */
	size_t first, count;		/* bytes in @buf */
	char buf[STREAM_BUFFER];
};

static inline void stream_open(struct stream *s, int from, int to, size_t chunk)
{
	memset(s, 0, sizeof(*s));
	s->from = from;
	s->to = to;
	s->chunk = chunk;
	s->end = UINT64_MAX;
}

static inline bool stream_is_done(const struct stream *s)
{
	return (s->from < 0 || s->taken >= s->end) && !s->count;
}

/* What to wait for; a busy port is only noticed when it is written to. */
static inline void stream_poll(const struct stream *s, struct pollfd *from,
			       struct pollfd *to)
{
	bool more = s->taken < s->end;

	*from = (struct pollfd){ .fd = s->count || !more ? -1 : s->from, .events = POLLIN };
	*to = (struct pollfd){ .fd = s->count ? s->to : -1, .events = POLLOUT };
}

/* Take what has come. At the end @from becomes -1. */
static inline void stream_take(struct stream *s)
{
	size_t space = sizeof(s->buf);
	ssize_t n;

	if (s->from < 0 || s->count || s->taken >= s->end)
		return;
	if (s->end - s->taken < space)
		space = s->end - s->taken;
	n = read(s->from, s->buf, space);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		s->from = -1;
		return;
	}
	s->first = 0;
	s->count = n;
	s->taken += n;
}

/* Give what was taken. Return false if nobody will ever read it. */
static inline bool stream_give(struct stream *s)
{
	size_t chunk = s->count < s->chunk ? s->count : s->chunk;
	ssize_t n;

	if (!s->count)
		return true;
	if (s->to >= 0) {
		n = write(s->to, s->buf + s->first, chunk);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
	} else {
		n = -1;
	}
	if (n < 0) {
		s->given += s->count;
		s->count = 0;
		return false;
	}
	s->first += n;
	s->count -= n;
	s->given += n;
	return true;
}

#endif
