// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages of PSLSE's afu_driver: see message.h. */
#include <string.h>

#include "message.h"

#define PRIMARY		0
#define SECONDARY	9908
#define TERTIARY	1

static uint8_t *put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	while (bytes--)
		*p++ = value >> 8 * bytes;
	return p;
}

static uint64_t get(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *p++;
	return value;
}

void greeting_write(uint8_t *message)
{
	memcpy(message, "PSL", 4);
	put(message + 4, PRIMARY, 4);
	put(message + 8, SECONDARY, 4);
	put(message + 12, TERTIARY, 4);
}

const char *greeting_check(const uint8_t *message)
{
	if (memcmp(message, "PSL", 4))
		return "it is no simulator with an afu_driver";
	if (get(message + 4, 4) != PRIMARY)
		return "its afu_driver is not built for PSL8";
	return NULL;
}

static uint8_t *put_job(uint8_t *p, const struct psl_to_afu *out)
{
	p = put(p, out->job_code, 1);
	p = put(p, out->job_ea, 8);
	return put(p, odd_parity(out->job_ea) << 1 | odd_parity(out->job_code),
		   1);
}

static uint8_t *put_mmio(uint8_t *p, const struct psl_to_afu *out)
{
	uint8_t flags = 0;

	if (out->mmio_read)
		flags |= MMIO_READ;
	if (out->mmio_double)
		flags |= MMIO_DOUBLE;
	if (out->mmio_config)
		flags |= MMIO_CONFIG;
	if (odd_parity(out->mmio_address))
		flags |= MMIO_ADDRESS_PARITY;
	if (odd_parity(out->mmio_data))
		flags |= MMIO_DATA_PARITY;
	p = put(p, flags, 1);
	p = put(p, out->mmio_address, 3);
	return put(p, out->mmio_data, 8);
}

/* The cache's state and position are 0. */
static uint8_t *put_response(uint8_t *p, const struct psl_to_afu *out)
{
	p = put(p, out->response_tag, 1);
	p = put(p, odd_parity(out->response_tag), 1);
	p = put(p, out->response_code, 1);
	p = put(p, 0, 1);
	p = put(p, out->response_credits >> 8 & 1, 1);
	return put(p, out->response_credits, 1);
}

static uint8_t *put_line(uint8_t *p, const struct psl_line *line)
{
	p = put(p, line->tag, 1);
	p = put(p, odd_parity(line->tag), 1);
	p = put(p, WHOLE_LINE, 1);
	memcpy(p, line->data, PSL_LINE);
	return put(p + PSL_LINE, line->parity, 2);
}

size_t message_write(uint8_t *message, const struct psl_to_afu *out,
		     uint8_t *room)
{
	uint8_t *p = message + 1;

	*message = TO_CLOCK;
	if (out->room != *room) {
		*message |= TO_ROOM;
		*room = out->room;
		p = put(p, out->room, 1);
	}
	if (out->job) {
		*message |= TO_JOB;
		p = put_job(p, out);
	}
	if (out->mmio) {
		*message |= TO_MMIO;
		p = put_mmio(p, out);
	}
	if (out->response) {
		*message |= TO_RESPONSE;
		p = put_response(p, out);
	}
	if (out->fetch) {
		*message |= TO_FETCH;
		p = put(p, out->fetch_tag, 1);
		p = put(p, odd_parity(out->fetch_tag), 1);
		p = put(p, WHOLE_LINE, 1);
	}
	if (out->line.valid) {
		*message |= TO_LINE;
		p = put_line(p, &out->line);
	}
	return p - message;
}

size_t answer_size(uint8_t flags)
{
	size_t size = 1;

	if ((flags & 0xf0) != FROM_ANSWER)
		return 0;
	if (flags & FROM_STATE)
		size += FROM_STATE_SIZE;
	if (flags & FROM_MMIO)
		size += FROM_MMIO_SIZE;
	if (flags & FROM_LINE)
		size += FROM_LINE_SIZE;
	if (flags & FROM_COMMAND)
		size += FROM_COMMAND_SIZE;
	return size;
}

static const uint8_t *get_state(const uint8_t *p, struct psl_from_afu *in)
{
	in->brlat = p[0] >> 4;
	in->running = p[0] >> 1 & 1;
	in->done = p[0] & 1;
	in->error = get(p + 1, 8);
	in->cack = p[9] >> 3 & 1;
	in->yield = p[9] >> 2 & 1;
	in->tbreq = p[9] >> 1 & 1;
	in->paren = p[9] & 1;
	return p + FROM_STATE_SIZE;
}

static const uint8_t *get_mmio(const uint8_t *p, struct psl_from_afu *in)
{
	in->mmio_ack = true;
	in->mmio_data = get(p, 8);
	in->mmio_parity = p[8] & 1;
	return p + FROM_MMIO_SIZE;
}

static const uint8_t *get_line(const uint8_t *p, struct psl_line *line)
{
	line->valid = true;
	memcpy(line->data, p, PSL_LINE);
	line->parity = get(p + PSL_LINE, 2);
	return p + FROM_LINE_SIZE;
}

static void get_command(const uint8_t *p, struct psl_command *c)
{
	c->valid = true;
	c->tag = p[0];
	c->abort = p[1] >> 5;
	c->code = (p[1] & 0x1f) << 8 | p[2];
	c->tag_parity = p[3] >> 6 & 1;
	c->code_parity = p[3] >> 5 & 1;
	c->ea_parity = p[3] >> 4 & 1;
	c->size = (p[3] & 0xf) << 8 | p[4];
	c->ea = get(p + 5, 8);
	c->handle = get(p + 13, 2);
}

void answer_read(const uint8_t *message, struct psl_from_afu *in)
{
	const uint8_t *p = message + 1;

	in->mmio_ack = false;
	in->line.valid = false;
	in->command.valid = false;
	if (*message & FROM_STATE)
		p = get_state(p, in);
	if (*message & FROM_MMIO)
		p = get_mmio(p, in);
	if (*message & FROM_LINE)
		p = get_line(p, &in->line);
	if (*message & FROM_COMMAND)
		get_command(p, &in->command);
}
