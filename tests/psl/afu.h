/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An AFU without a simulator, which does what a test tells it to do: it drives the
 * signals of <psl.h>.
 *
 *	afu_command(afu, tag, code, ea, size);	sent in one of the next clocks
 *	for (;;) {
 *		psl_clock(psl, &afu->ah, &ha);
 *		afu_clock(afu, &ha);
 *	}
 *	afu->tags[tag].response
 */
#ifndef _TESTS_PSL_AFU_H
#define _TESTS_PSL_AFU_H

#include <psl.h>

#define AFU_QUEUE	512
#define AFU_DESCRIPTOR	0x400		/* bytes of configuration space */
#define AFU_REGISTERS	0x100000	/* bytes of registers, plain memory */

/**
 * struct afu_tag - what is behind a tag
 * @line: its buffer: the data of a write, or of the last read
 * @response: response to its last command
 * @responses: how many responses there were
 * @order: position of the last response among all responses
 * @credits: credits that came with the last response
 * @deliveries: beats delivered
 * @fetches: beats fetched
 * @delivered_at: clock of the last beat delivered
 * @responded_at: clock of the last response
 */
struct afu_tag {
	uint8_t line[PSL_LINE];
	int response;
	unsigned int responses;
	unsigned int order;
	int credits;
	unsigned int deliveries;
	unsigned int fetches;
	uint64_t delivered_at;
	uint64_t responded_at;
};

/* A command to send; it is queued with the right parities. */
struct afu_command {
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
 * struct afu - the AFU
 * @ah: what it drives
 * @cycle: clocks so far
 * @reset_cycles: cycles that a reset takes
 * @start_cycles: cycles from start to jrunning
 * @ack_cycles: cycles from an LLCMD to jcack, 0: never
 * @mmio_cycles: cycles from an MMIO access to its acknowledgment, 0: never
 * @brlat: buffer read latency
 * @late_parity: brpar comes a cycle after the data
 * @wrong_parity: give fetched data and MMIO reads a wrong parity
 * @halves_differ: answer 32-bit MMIO reads with different halves
 * @keep_running, @no_done: mistakes of afu_finish()
 * @descriptor: configuration space, as numbers of 64 bits
 * @registers: the problem state area, likewise
 * @tags: by tag
 * @queue: commands to send, from @head to @tail
 * @jobs: job commands that came, @job_count of them
 * @wrong: how many parities of the PSL were wrong
 * @resets: how often it was reset
 */
struct afu {
	struct psl_ah ah;
	uint64_t cycle;

	unsigned int reset_cycles;
	unsigned int start_cycles;
	unsigned int ack_cycles;
	unsigned int mmio_cycles;
	unsigned int brlat;
	bool late_parity;
	bool wrong_parity;
	bool halves_differ;
	bool keep_running;
	bool no_done;
	uint64_t descriptor[AFU_DESCRIPTOR / 8];
	uint64_t registers[AFU_REGISTERS / 8];

	struct afu_tag tags[256];
	struct afu_command queue[AFU_QUEUE];
	unsigned int head;
	unsigned int tail;
	unsigned int responses;

	struct {
		uint8_t code;
		uint64_t ea;
	} jobs[64];
	unsigned int job_count;
	unsigned int wrong;
	unsigned int resets;

	unsigned int done_in;
	unsigned int run_in;
	unsigned int cack_in;
	unsigned int mmio_in;
	bool finishing;
	uint64_t error;
	uint64_t mmio_data;
	bool mmio_parity;
	struct {
		bool valid;
		uint8_t data[PSL_BEAT];
		uint8_t parity;
	} beats[32];
	uint8_t last_parity;
	bool had_beat;
	uint8_t had_parity;
};

/* An AFU for @processes contexts, in directed mode with a window of 4 KB each */
void afu_init(struct afu *afu, unsigned int processes);

/* Fill the buffer of @tag with @seed and the numbers that follow it. */
void afu_fill_line(struct afu *afu, uint8_t tag, uint8_t seed);

/* Queue a command; the caller may change it before the next clock. */
struct afu_command *afu_command(struct afu *afu, uint8_t tag, uint16_t code,
				uint64_t ea, uint16_t size);

/* The next clock sees what the PSL drives now. */
void afu_clock(struct afu *afu, const struct psl_ha *ha);

/* End the job. */
void afu_finish(struct afu *afu, uint64_t error);

#endif
