// SPDX-License-Identifier: GPL-2.0-only
/* The protocol of PSLSE's afu_driver, for an AFU that is a function: see driver.h. */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"

#define FIRST_PORT	32768
#define GREETING_SIZE	16
#define ANSWER_MAX	512

/* Flags of messages that come in, and of those that go out */
#define IN_CLOCK	0x40
#define IN_ROOM		0x20
#define IN_JOB		0x10
#define IN_MMIO		0x08
#define IN_RESPONSE	0x04
#define IN_FETCH	0x02
#define IN_LINE		0x01
#define OUT_ANSWER	0x10
#define OUT_STATE	0x08
#define OUT_MMIO	0x04
#define OUT_LINE	0x02
#define OUT_COMMAND	0x01

/**
 * struct driver - between messages and signals
 * @fd: connection
 * @ah: what the AFU drives
 * @ha: what it sees
 * @room: credits
 * @state: state of the AFU, as it was last sent
 * @line: the line being delivered, for @line_tag, with @line_parity
 * @beats: how many of its beats are left
 * @last_parity: parity of the last beat
 * @fetches: beats that are due, as beat + 1, by clock
 * @fetch_tag: tag of the line that is asked for
 * @fetch_beats: how many of its beats are still to ask for
 * @fetched: the line that is being fetched
 * @fetched_parity: its parity
 * @has_fetched: it is complete
 * @clock: clocks so far
 */
struct driver {
	int fd;
	const struct psl_ah *ah;
	struct psl_ha ha;
	uint8_t room;
	uint8_t state[10];
	uint8_t line_tag;
	uint8_t line[PSL_LINE];
	uint8_t line_parity[2];
	unsigned int beats;
	uint8_t last_parity;
	uint8_t fetches[32];
	uint8_t fetch_tag;
	unsigned int fetch_beats;
	uint8_t fetched[PSL_LINE];
	uint8_t fetched_parity[2];
	bool has_fetched;
	unsigned int clock;
};

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

static uint8_t *put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	while (bytes--)
		*p++ = value >> 8 * bytes;
	return p;
}

static void receive(struct driver *d, uint8_t *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = recv(d->fd, data, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			exit(0);
		data += n;
		size -= n;
	}
}

static void send_all(struct driver *d, const uint8_t *data, size_t size)
{
	if (send(d->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
		exit(0);
}

static void greet(struct driver *d)
{
	uint8_t greeting[GREETING_SIZE];

	memcpy(greeting, "PSL", 4);
	put(greeting + 4, 0, 4);
	put(greeting + 8, 9908, 4);
	put(greeting + 12, 1, 4);
	send_all(d, greeting, sizeof(greeting));
	receive(d, greeting, sizeof(greeting));
	if (memcmp(greeting, "PSL", 4) || get(greeting + 4, 4))
		errx(1, "this is no PSL");
}

/*
 * What the AFU has to say
 */

static uint8_t *put_state(struct driver *d, uint8_t *p)
{
	const struct psl_ah *ah = d->ah;

	*p = ah->brlat << 4 | ah->jrunning << 1 | ah->jdone;
	put(p + 1, ah->jerror, 8);
	p[9] = ah->jcack << 3 | ah->jyield << 2 | ah->tbreq << 1 | ah->paren;
	return p + sizeof(d->state);
}

static uint8_t *put_command(const struct psl_ah *ah, uint8_t *p)
{
	p = put(p, ah->ctag, 1);
	p = put(p, ah->cabt << 5 | ah->com >> 8, 1);
	p = put(p, ah->com, 1);
	p = put(p, ah->ctagpar << 6 | ah->compar << 5 | ah->ceapar << 4 |
		   ah->csize >> 8, 1);
	p = put(p, ah->csize, 1);
	p = put(p, ah->cea, 8);
	return put(p, ah->cch, 2);
}

static void answer(struct driver *d)
{
	const struct psl_ah *ah = d->ah;
	uint8_t message[ANSWER_MAX], *p = message + 1;

	*message = OUT_ANSWER;
	put_state(d, p);
	if (memcmp(p, d->state, sizeof(d->state))) {
		*message |= OUT_STATE;
		memcpy(d->state, p, sizeof(d->state));
		p += sizeof(d->state);
	}
	if (ah->mmack) {
		*message |= OUT_MMIO;
		p = put(p, ah->mmdata, 8);
		p = put(p, ah->mmdatapar, 1);
	}
	if (d->has_fetched) {
		*message |= OUT_LINE;
		d->has_fetched = false;
		memcpy(p, d->fetched, PSL_LINE);
		memcpy(p + PSL_LINE, d->fetched_parity, 2);
		p += PSL_LINE + 2;
	}
	if (ah->cvalid) {
		*message |= OUT_COMMAND;
		p = put_command(ah, p);
	}
	send_all(d, message, p - message);
}

/*
 * What the AFU is told
 */

static void take_job(struct driver *d)
{
	uint8_t data[10];

	receive(d, data, sizeof(data));
	d->ha.jval = true;
	d->ha.jcom = data[0];
	d->ha.jea = get(data + 1, 8);
	d->ha.jeapar = data[9] >> 1 & 1;
	d->ha.jcompar = data[9] & 1;
}

static void take_mmio(struct driver *d)
{
	uint8_t data[12];

	receive(d, data, sizeof(data));
	d->ha.mmval = true;
	d->ha.mmrnw = data[0] & 1;
	d->ha.mmdw = data[0] >> 1 & 1;
	d->ha.mmcfg = data[0] >> 2 & 1;
	d->ha.mmadpar = data[0] >> 3 & 1;
	d->ha.mmdatapar = data[0] >> 4 & 1;
	d->ha.mmad = get(data + 1, 3);
	d->ha.mmdata = get(data + 4, 8);
}

static void take_response(struct driver *d)
{
	uint8_t data[6];

	receive(d, data, sizeof(data));
	d->ha.rvalid = true;
	d->ha.rtag = data[0];
	d->ha.rtagpar = data[1];
	d->ha.response = data[2];
	d->ha.rcredits = (data[4] & 1) << 8 | data[5];
}

static void take_fetch(struct driver *d)
{
	uint8_t data[3];

	receive(d, data, sizeof(data));
	if (d->fetch_beats)
		errx(1, "a buffer read during another");
	d->fetch_tag = data[0];
	d->fetch_beats = 2;
}

static void take_line(struct driver *d)
{
	uint8_t data[133];

	receive(d, data, sizeof(data));
	if (d->beats)
		errx(1, "a buffer write during another");
	d->line_tag = data[0];
	memcpy(d->line, data + 3, PSL_LINE);
	memcpy(d->line_parity, data + 3 + PSL_LINE, 2);
	d->beats = 2;
}

/* Answer as soon as a message is seen, with the signals from before it. */
static void take_message(struct driver *d)
{
	uint8_t flags;

	receive(d, &flags, 1);
	if (!(flags & IN_CLOCK))
		errx(1, "this is no message: 0x%02x", flags);
	answer(d);
	memset(&d->ha, 0, sizeof(d->ha));
	if (flags & IN_ROOM)
		receive(d, &d->room, 1);
	d->ha.croom = d->room;
	if (flags & IN_JOB)
		take_job(d);
	if (flags & IN_MMIO)
		take_mmio(d);
	if (flags & IN_RESPONSE)
		take_response(d);
	if (flags & IN_FETCH)
		take_fetch(d);
	if (flags & IN_LINE)
		take_line(d);
}

static bool parity(uint64_t value)
{
	return !__builtin_parityll(value);
}

static void drive_line(struct driver *d)
{
	unsigned int beat = 2 - d->beats;

	d->ha.bwpar = d->last_parity;
	d->last_parity = 0;
	if (!d->beats)
		return;
	d->beats--;
	d->ha.bwvalid = true;
	d->ha.bwtag = d->line_tag;
	d->ha.bwtagpar = parity(d->line_tag);
	d->ha.bwad = beat;
	memcpy(d->ha.bwdata, d->line + beat * PSL_BEAT, PSL_BEAT);
	d->last_parity = d->line_parity[beat];
}

static void drive_fetch(struct driver *d)
{
	unsigned int beat = 2 - d->fetch_beats;
	unsigned int later = d->ah->brlat + 2;

	if (!d->fetch_beats)
		return;
	d->fetch_beats--;
	d->ha.brvalid = true;
	d->ha.brtag = d->fetch_tag;
	d->ha.brtagpar = parity(d->fetch_tag);
	d->ha.brad = beat;
	d->fetches[(d->clock + later) % 32] = beat + 1;
}

/* This AFU sends the parity together with the data. */
static void sample(struct driver *d)
{
	unsigned int due = d->fetches[d->clock % 32];

	d->fetches[d->clock % 32] = 0;
	if (!due)
		return;
	memcpy(d->fetched + (due - 1) * PSL_BEAT, d->ah->brdata,
	       PSL_BEAT);
	d->fetched_parity[due - 1] = d->ah->brpar;
	d->has_fetched = due == 2;
}

static int wait_for_psl(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int one = 1, last = port ? port : 65535;
	int listener, fd;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		err(1, "socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	for (port = port ? port : FIRST_PORT; port <= last; port++) {
		address.sin_port = htons(port);
		if (!bind(listener, (struct sockaddr *)&address,
			  sizeof(address)))
			break;
	}
	if (port > last || listen(listener, 1))
		err(1, "no port");
	printf("AFU Server is waiting for connection on localhost:%d\n", port);
	fflush(stdout);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	close(listener);
	return fd;
}

void driver_run(int port, const struct psl_ah *ah,
		void (*clock)(void *afu, const struct psl_ha *ha), void *afu)
{
	static struct driver driver;

	driver.fd = wait_for_psl(port);
	driver.ah = ah;
	greet(&driver);
	for (;;) {
		take_message(&driver);
		drive_line(&driver);
		drive_fetch(&driver);
		clock(afu, &driver.ha);
		driver.clock++;
		sample(&driver);
	}
}
