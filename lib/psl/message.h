/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of PSLSE's afu_driver, version 0.9908.1 (PSL8, CAIA 1).
 *
 * Both sides begin with a greeting. Then the PSL sends a message for each clock,
 * and the simulator answers with what the AFU had to say before that clock. A
 * message is a byte of flags, followed by what they announce, from the highest
 * flag down.
 */
#ifndef _LIB_PSL_MESSAGE_H
#define _LIB_PSL_MESSAGE_H

#include "events.h"

#define GREETING_SIZE	16

/* To the simulator */
#define TO_CLOCK	0x40		/* always */
#define TO_ROOM		0x20
#define TO_JOB		0x10
#define TO_MMIO		0x08
#define TO_RESPONSE	0x04
#define TO_FETCH	0x02
#define TO_LINE		0x01

#define TO_ROOM_SIZE	1
#define TO_JOB_SIZE	10
#define TO_MMIO_SIZE	12
#define TO_RESPONSE_SIZE 6
#define TO_FETCH_SIZE	3
#define TO_LINE_SIZE	133
#define TO_MAX		(1 + TO_ROOM_SIZE + TO_JOB_SIZE + TO_MMIO_SIZE + \
			 TO_RESPONSE_SIZE + TO_FETCH_SIZE + TO_LINE_SIZE)

#define WHOLE_LINE	0x80		/* with the address of a buffer access */

#define MMIO_READ	0x01
#define MMIO_DOUBLE	0x02
#define MMIO_CONFIG	0x04
#define MMIO_ADDRESS_PARITY 0x08
#define MMIO_DATA_PARITY 0x10

/* From the simulator */
#define FROM_ANSWER	0x10		/* always */
#define FROM_STATE	0x08
#define FROM_MMIO	0x04
#define FROM_LINE	0x02
#define FROM_COMMAND	0x01

#define FROM_STATE_SIZE	10
#define FROM_MMIO_SIZE	9
#define FROM_LINE_SIZE	130
#define FROM_COMMAND_SIZE 15
#define FROM_MAX	(1 + FROM_STATE_SIZE + FROM_MMIO_SIZE + \
			 FROM_LINE_SIZE + FROM_COMMAND_SIZE)

void greeting_write(uint8_t *message);
/* Returns NULL, or what is wrong with the greeting */
const char *greeting_check(const uint8_t *message);

/* Returns its size; @room: the last room sent; it is sent only if it changes */
size_t message_write(uint8_t *message, const struct psl_to_afu *out,
		     uint8_t *room);

/* The size of an answer that begins with @flags; 0 if no answer begins so */
size_t answer_size(uint8_t flags);
/* Levels in @in stay unless the answer has new ones; all the rest is replaced. */
void answer_read(const uint8_t *message, struct psl_from_afu *in);

#endif
