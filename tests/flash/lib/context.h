/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program's context of a flash card: what the driver provides, and commands to
 * resource handles, which bypass the driver.
 */
#ifndef TESTS_FLASH_CONTEXT_H
#define TESTS_FLASH_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "../../../tools/afu-flash/sislite.h"

#define BLOCK		4096
#define QUEUE		16
#define READ_16		0x88
#define WRITE_16	0x8a
/* Interrupts: an error that no status reports, and a completion */
#define LISN_ERROR	1
#define LISN_RESPONSE	2
#define CHUNK		65536	/* blocks, the unit of virtual LUNs */

/**
 * struct context - a context
 * @disk: descriptor of the disk, for the driver's ioctls
 * @afu: of the context, for its events and registers
 * @id: the driver's name of the context
 * @mmio: its registers
 * @block_size: as the driver reports it
 * @last_lba: likewise
 * @commands: ring of commands
 * @completions: ring of completions
 * @sa: how the last command ended
 * @at: place of the next command
 * @response: place of the next completion
 * @toggle: of the next completion
 */
struct context {
	int disk;
	int afu;
	uint64_t id;
	char *mmio;
	uint64_t block_size;
	uint64_t last_lba;
	struct sisl_ioarcb *commands;
	uint64_t *completions;
	struct sisl_ioasa *sa;
	unsigned int at;
	unsigned int response;
	unsigned int toggle;
};

/* Open the disk that $FLASH_DISK names, and make it available to programs. */
int disk_open(int port);
/* Attach with these rights (O_RDWR and so on). Return: 0 or -1. */
int context_attach(struct context *ctx, int disk, int rights);
/* Map the registers of @ctx->afu and set up the queues. */
void context_start(struct context *ctx);
/* Only set up the queues: @ctx->mmio is there. */
void context_start_queues(struct context *ctx);
void context_detach(struct context *ctx);

/* Return: a resource handle, or -1. */
int context_direct(struct context *ctx);
int context_virtual(struct context *ctx, uint64_t blocks);
/* Return: the last block, or -1. */
long long context_resize(struct context *ctx, int handle, uint64_t blocks);
int context_release(struct context *ctx, int handle);

/* Put a command into the ring. */
void context_send(struct context *ctx, const struct sisl_ioarcb *rcb);
/*
 * Wait for an interrupt. Other events may come with it: a data storage event reports
 * a bad address.
 */
bool context_wait(struct context *ctx, unsigned int lisn);
/*
 * Send a command and wait for its completion. The fields that all commands have in
 * common are filled in here.
 */
bool context_issue(struct context *ctx, struct sisl_ioarcb *rcb);
/* Big-endian, as in SCSI commands */
void put_be(uint64_t value, int bytes, uint8_t *to);

/*
 * Read or write blocks of a resource, and wait for the interrupt. Return: false if
 * the interrupt or the completion does not come. @ctx->sa tells how it ended.
 */
bool context_read(struct context *ctx, int handle, uint64_t block, void *buf,
		  unsigned int blocks);
bool context_write(struct context *ctx, int handle, uint64_t block,
		   const void *buf, unsigned int blocks);
/* Did the last command succeed? */
bool context_is_good(const struct context *ctx);

#endif
