/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An AFU that plays a script from the memory of each context: a queue of entries at
 * its WED, or at an address written to the first register of its window. The AFU
 * does one entry after another, and writes each back.
 *
 *	fetch the entry and its data ---> send the command
 *		^				v
 *	next	'---- write data, entry <-- response; RESTART if it was an error
 */
#ifndef _TESTS_PSL_SCRIPT_H
#define _TESTS_PSL_SCRIPT_H

#include <stdint.h>

/* Codes that are not commands */
#define SCRIPT_COPY	0xfffd	/* lines from @ea to @to */
#define SCRIPT_END	0xffff	/* the end; interrupt @size, unless that is 0 */
#define SCRIPT_FINISH	0xfffe	/* end the job, with error @ea */

#define SCRIPT_RETRY	0x01	/* try again after PAGED */

/**
 * struct script_entry - what to do, 256 bytes, big-endian
 * @code: code of a command, or SCRIPT_*
 * @abort: abort mode
 * @flags: SCRIPT_RETRY
 * @size: bytes
 * @response: set to the response
 * @done: set to 1 once all the rest has been written
 * @ea: address
 * @to: for SCRIPT_COPY: the destination
 * @count: how often to do it, each time a line further on; 0: once. A response
 *	other than DONE ends it early
 * @counted: set to how often it was done
 * @data: line of data, replaced by what is in the AFU's buffer after the command
 */
struct script_entry {
	uint16_t code;
	uint8_t abort;
	uint8_t flags;
	uint16_t size;
	uint8_t response;
	uint8_t done;
	uint64_t ea;
	uint64_t to;
	uint32_t count;
	uint32_t counted;
	uint8_t reserved[96];
	uint8_t data[128];
};

#endif
