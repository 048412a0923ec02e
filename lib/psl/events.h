/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens between a PSL and an AFU in a clock: at most one event of each
 * kind, where a line is one event. signals.c turns events into beats, socket.c
 * into messages.
 */
#ifndef _LIB_PSL_EVENTS_H
#define _LIB_PSL_EVENTS_H

#include <string.h>

#include <psl.h>

/**
 * struct psl_command - a command as the AFU sent it; see struct psl_ah
 * @valid: there is one
 */
struct psl_command {
	bool valid;
	uint8_t tag;
	bool tag_parity;
	uint16_t code;
	bool code_parity;
	uint8_t abort;
	uint64_t ea;
	bool ea_parity;
	uint16_t handle;
	uint16_t size;
};

/**
 * struct psl_line - a line of data
 * @valid: there is one
 * @tag: tag of its command
 * @data: the bytes
 * @parity: one bit for each 8 bytes; bit 15 is that of data[0..7]
 */
struct psl_line {
	bool valid;
	uint8_t tag;
	uint8_t data[PSL_LINE];
	uint16_t parity;
};

/**
 * struct psl_from_afu - what comes from the AFU in a clock
 * @running, @done, @error, @cack, @yield, @tbreq, @paren, @brlat: as in
 *	struct psl_ah
 * @command: a new command
 * @mmio_ack: the MMIO access is done
 * @mmio_data: data of the MMIO access
 * @mmio_parity: parity of @mmio_data
 * @line: data of a buffer read, in the order of the requests; the tag is not set
 */
struct psl_from_afu {
	bool running;
	bool done;
	uint64_t error;
	bool cack;
	bool yield;
	bool tbreq;
	bool paren;
	uint8_t brlat;
	struct psl_command command;
	bool mmio_ack;
	uint64_t mmio_data;
	bool mmio_parity;
	struct psl_line line;
};

/**
 * struct psl_to_afu - what goes to the AFU in a clock
 * @room: ha_croom
 * @job: there is a job command: @job_code with @job_ea
 * @mmio: there is an MMIO access: the @mmio_* that follow are valid
 * @response: there is a response to @response_tag
 * @fetch: the line of @fetch_tag is asked for
 * @line: a line that is delivered
 *
 * The code that hands the events on adds the parities.
 */
struct psl_to_afu {
	uint8_t room;
	bool job;
	uint8_t job_code;
	uint64_t job_ea;
	bool mmio;
	bool mmio_config;
	bool mmio_read;
	bool mmio_double;
	uint32_t mmio_address;
	uint64_t mmio_data;
	bool response;
	uint8_t response_tag;
	uint8_t response_code;
	uint16_t response_credits;
	bool fetch;
	uint8_t fetch_tag;
	struct psl_line line;
};

/* One clock of events; @in is what came since the clock before. */
void psl_step(struct psl *psl, const struct psl_from_afu *in,
	      struct psl_to_afu *out);

/* The bit that makes the number of ones odd */
static inline bool odd_parity(uint64_t value)
{
	return !__builtin_parityll(value);
}

/* One bit for each 8 bytes: @size / 8 bits, the highest for the first bytes */
static inline uint16_t data_parity(const uint8_t *data, size_t size)
{
	uint16_t parity = 0;
	uint64_t word;
	size_t i;

	for (i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		parity = parity << 1 | odd_parity(word);
	}
	return parity;
}

#endif
