/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs know about the AFU: its registers (mmio.v), and its work
 * descriptor (engine.v). Everything is big-endian.
 */
#ifndef _COPYCRC_H
#define _COPYCRC_H

#include <stdint.h>

#define COPYCRC_LINE		128

/* Registers */
#define COPYCRC_IDENT		0x00
#define COPYCRC_STATUS		0x08
#define COPYCRC_DOORBELL	0x10
#define COPYCRC_ADDRESS		0x18
#define COPYCRC_RESULT		0x20
#define COPYCRC_LINES		0x28
#define COPYCRC_CYCLES		0x30
#define COPYCRC_RESTARTS	0x38

#define COPYCRC_IDENT_VALUE	0x434f505943524301ULL

/* COPYCRC_STATUS */
#define COPYCRC_RUNNING		0x1
#define COPYCRC_BUSY		0x2
#define COPYCRC_DOORBELL_LOST	0x4

/* Interrupts */
#define COPYCRC_IRQ_DONE	1
#define COPYCRC_IRQ_GAVE_UP	2

/**
 * struct copycrc_descriptor - what to copy, and how it went
 * @source: address, a multiple of 128
 * @destination: likewise
 * @length: bytes, a multiple of 128
 * @control: COPYCRC_RAISE and others
 * @next: address of the next descriptor, or 0
 * @seed: CRC of what came before, or 0
 * @unused: 0
 * @status: COPYCRC_OVER, once it is; then the low byte is 0 or the error
 * @done: bytes copied
 * @crc: CRC-32 of the source
 * @address: address of the command that failed
 * @cycles: how many cycles it took
 * @restarts: how many restarts after page faults
 */
struct copycrc_descriptor {
	uint64_t source;
	uint64_t destination;
	uint64_t length;
	uint64_t control;
	uint64_t next;
	uint64_t seed;
	uint64_t unused[2];
	uint64_t status;
	uint64_t done;
	uint64_t crc;
	uint64_t address;
	uint64_t cycles;
	uint64_t restarts;
	uint64_t unused_status[2];
} __attribute__((aligned(128)));

/* @control: raise COPYCRC_IRQ_DONE; do not copy; abort mode of the commands */
#define COPYCRC_RAISE		0x1
#define COPYCRC_CRC_ONLY	0x2
#define COPYCRC_ABORT(mode)	((uint64_t)(mode) << 8)

/* @status */
#define COPYCRC_OVER		(1ULL << 63)
#define COPYCRC_ERROR		0xffULL
#define COPYCRC_INVALID		0x80

#endif
