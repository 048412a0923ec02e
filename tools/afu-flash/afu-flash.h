/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afu-flash: a flash card behind SISLite, as a program.
 *
 *	../afu-flash.c	options, and the loop that waits for events
 *	card.c		the AFU and its contexts: reset, attach, detach
 *	ports.c		registers of the card and of its ports, asynchronous events
 *	queue.c		a context's queues: fetch, complete, reset
 *	command.c	one command: is it allowed, by which port, to which LUN
 *	tables.c	resource handles and LUN translation
 *	transfer.c	SCSI's READ and WRITE
 *	scsi.c		SCSI's other commands
 *	scsi_inquiry.c	what the LUNs say about themselves
 *	store.c		the blocks
 *	inject.c	failures on demand
 *	status.c	counters of what the card has done
 *
 * The main thread handles messages from the kernel, registers of the card, and
 * requests from the user. Each context has a thread of its own (see libafu), which
 * executes the context's commands one by one, in order.
 *
 * A driver's stores to registers cannot be trapped, so the threads poll: all the
 * time while there is work and shortly after it, then less and less often, but
 * often enough for what a driver waits for with interrupts off, for 2 ms.
 */
#ifndef AFU_FLASH_H
#define AFU_FLASH_H

/* First, because of its definitions */
#include "../common/common.h"

#include <pthread.h>

#include <afu.h>

#include "sislite.h"

#define AFU_FLASH_VERSION	"1.0"

#define MAX_LUNS		256
#define NSEC_PER_USEC		1000ULL
#define NSEC_PER_MSEC		1000000ULL

enum exit_code {
	EXIT_STORE = 1,		/* the blocks cannot be stored */
	/* EXIT_USAGE = 2 */
	EXIT_NODE = 3,		/* it cannot become that AFU */
	EXIT_LAYOUT = 4,	/* that AFU is not a flash card */
	EXIT_AFU = 5,		/* the AFU has failed */
};

struct options {
	const char *node;
	const char *backing;
	const char *control;
	uint64_t size;		/* of each LUN, 0: as @backing has it */
	unsigned int ports;
	unsigned int luns;
	unsigned int block_size;
	uint64_t latency_ns;
	bool json;
};

extern struct options options;

/* store.c: any thread may read and write. Errors are in errno. */

void store_open(void);
uint64_t store_blocks(void);	/* of each LUN */
int store_read(unsigned int lun, uint64_t block, void *buf, size_t length);
int store_write(unsigned int lun, uint64_t block, const void *buf,
		size_t length);
/* The blocks become zeroes, and take up no space where that is possible. */
int store_discard(unsigned int lun, uint64_t block, uint64_t blocks);
int store_flush(void);

/* card.c */

#define MAX_PENDING	256

/* A command that was fetched, and is not due yet */
struct pending {
	struct sisl_ioarcb rcb;
	uint64_t due_ns;
	bool has_waited;	/* for a link */
};

/**
 * struct context - a context of the card
 * @afu: as libafu knows it
 * @pe: process element
 * @window: its registers
 * @control: registers that the master sets up for it
 * @saved: its place in the queues, kept where it outlives this program
 *
 * The rest belongs to its thread:
 *
 * @head: address of the next command to complete, 0 if there never was one
 * @fetch: address of the next command to fetch, likewise
 * @response: address of the next entry of the response queue
 * @toggle: of that entry
 * @is_adopted: an earlier program has left it, and may have been killed anywhere
 * @pending: ring of commands
 * @first: the first of them
 * @count: their number
 * @lost: commands that were lost, as inject_lost() wanted
 * @num_lost: their number
 * @has_warned: of too many commands
 * @is_polling: it needs no doorbells
 * @looked_ns: when no reset was requested, the last time
 * @active_ns: when there was something to do last
 * @buffer: for data, BUFFER_SIZE bytes
 */
struct context {
	struct afu_context *afu;
	unsigned int pe;
	void *window;
	void *control;
	void *saved;

	uint64_t head;
	uint64_t fetch;
	uint64_t response;
	uint64_t toggle;
	bool is_adopted;
	struct pending pending[MAX_PENDING];
	unsigned int first;
	unsigned int count;
	struct sisl_ioarcb lost[MAX_PENDING];
	unsigned int num_lost;
	bool has_warned;
	bool is_polling;
	uint64_t looked_ns;
	uint64_t active_ns;
	char *buffer;
};

#define BUFFER_SIZE	0x10000

extern const struct afu_ops card_ops;

/* The problem state area, once the AFU is open. */
void *card_register(size_t offset);
/* Is a context attached, so that somebody may store to registers? */
bool card_is_in_use(void);

/*
 * Guards the translation of blocks: the tables in the driver's memory, and the array
 * of contexts. It is held for reading from the translation of a block until the block
 * has been read or written. It is never held while waiting for a program's memory, so
 * that a sync, which takes it for writing, ends soon.
 */
extern pthread_rwlock_t tables_lock;
/*
 * The context of a process element, or NULL; valid while @tables_lock is held. The
 * main thread does not need the lock: nobody else changes the array.
 */
struct context *card_context(unsigned int pe);

/*
 * ports.c: everything is for the main thread, except ports_select(),
 * ports_may_come_back() and ports_is_online().
 */

void ports_reset(void);
/* Go on with the registers that an earlier program has left. */
void ports_adopt(void);
/* Check the registers; this may raise an event. */
void ports_poll(void);
void ports_set_link(unsigned int port, bool up);
void ports_raise(unsigned int port, uint8_t event);
/* A port of @mask that is selected and online, or -1 */
int ports_select(uint32_t mask);
/* If none could be selected: is it worth trying again? */
bool ports_may_come_back(uint32_t mask);
bool ports_is_online(unsigned int port);

/* queue.c: called by the context's thread */

void queue_init(struct context *ctx);
/* Is there a place in the queues that an earlier program has left? */
bool queue_adopt(struct context *ctx);
long queue_work(struct context *ctx);
/* Complete the commands to a LUN that were lost, as aborted. */
void queue_abort(struct context *ctx, uint64_t lun);
/* Report an error that no IOASA can report. */
void queue_error(struct context *ctx, uint64_t bit);

/* command.c */

/**
 * struct command - a command that is being executed
 * @ctx: the context that issued it
 * @rcb: the command
 * @sa: how it ended; all zeroes: successfully
 * @port: the port that it uses
 * @lun: number of its LUN, MAX_LUNS or more: there is none
 * @gone: the context is gone, and can no longer be told anything
 */
struct command {
	struct context *ctx;
	const struct sisl_ioarcb *rcb;
	struct sisl_ioasa sa;
	unsigned int port;
	unsigned int lun;
	bool gone;
};

void command_execute(struct command *cmd);
void command_fail(struct command *cmd, uint8_t afu_rc, uint8_t extra);
bool command_may(struct command *cmd, uint64_t capabilities);

/*
 * Data to and from the context's memory. Return: false if that is impossible; then
 * the command has failed, or the context is gone.
 */
bool command_store(struct command *cmd, uint64_t offset, const void *data,
		   size_t length);
bool command_load(struct command *cmd, uint64_t offset, void *data,
		  size_t length);

/* Is there room for this many bytes? If not, the command fails. */
bool command_fits(struct command *cmd, uint64_t bytes);

/* tables.c */

/**
 * struct extent - where blocks of a LUN, or of a resource, are
 * @lun: LUN
 * @block: the first of them on the LUN
 * @blocks: how many are contiguous, at least 1
 */
struct extent {
	unsigned int lun;
	uint64_t block;
	uint64_t blocks;
};

/* The LUN of a SCSI identifier; MAX_LUNS if there is none */
unsigned int tables_lun(uint64_t lun_id);

/*
 * Find block @block of the command's resource; @tables_lock is held for reading.
 * Return: false if the command has failed.
 */
bool tables_translate(struct command *cmd, uint64_t block, bool writes,
		      struct extent *extent);
/* Choose one of the ports in @mask. Return: false if the command has failed. */
bool tables_select_port(struct command *cmd, uint32_t mask);

/* transfer.c */

/**
 * struct transfer - what a READ or WRITE command wants
 * @reads: it is a READ
 * @writes: it is a WRITE
 * @block: the first block
 * @blocks: how many
 */
struct transfer {
	bool reads;
	bool writes;
	uint64_t block;
	uint64_t blocks;
};

/* If it neither reads nor writes, it is another command. */
struct transfer transfer_parse(const uint8_t *cdb);
void transfer_execute(struct command *cmd, const struct transfer *transfer);

/* scsi.c */

/* All commands except those of transfer_parse() */
void scsi_execute(struct command *cmd);
void scsi_fail(struct command *cmd, uint8_t key, uint8_t code);
/* An error of a block; the sense data names it. */
void scsi_fail_block(struct command *cmd, uint8_t code, uint64_t block);
/* Do all of these blocks exist? If not, the command fails. */
bool scsi_check_range(struct command *cmd, uint64_t block, uint64_t blocks);

#define SENSE_MEDIUM_ERROR	0x03
#define SENSE_ILLEGAL_REQUEST	0x05
#define CODE_UNRECOVERED_READ	0x11
#define CODE_LIST_LENGTH	0x1a
#define CODE_INVALID_OPCODE	0x20
#define CODE_OUT_OF_RANGE	0x21
#define CODE_INVALID_FIELD	0x24
#define CODE_NO_LUN		0x25
#define CODE_WRITE_ERROR	0x0c

static inline uint16_t get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(uint16_t value, uint8_t *p)
{
	p[0] = value >> 8;
	p[1] = value;
}

static inline void put_be32(uint32_t value, uint8_t *p)
{
	put_be16(value >> 16, p);
	put_be16(value, p + 2);
}

static inline void put_be64(uint64_t value, uint8_t *p)
{
	put_be32(value >> 32, p);
	put_be32(value, p + 4);
}

/* scsi_inquiry.c: each puts its answer into @buf, which is zeroed; returns its size */

#define ANSWER_SIZE	4096

/* 0: there is no such page */
size_t scsi_inquiry(const struct command *cmd, uint8_t *buf);
size_t scsi_report_luns(uint8_t *buf);
size_t scsi_read_capacity_10(uint8_t *buf);
size_t scsi_read_capacity_16(uint8_t *buf);
size_t scsi_mode_sense(const uint8_t *cdb, uint8_t *buf);

/* inject.c */

/* Do what a line of text requests. Return: false if it cannot be understood. */
bool inject(const char *request);
/* Requests from the FIFO of --control */
void inject_open(void);
int inject_fd(void);
void inject_read(void);

/* For the contexts' threads: */

bool inject_busy(void);		/* must this command fail with BUSY? */
bool inject_lost(void);		/* must it never be completed? */

/* Places in the life of a command at which the program can end */
enum crash_place {
	CRASH_FETCHED,
	CRASH_EXECUTED,
	CRASH_STORED,
	CRASH_COMPLETED,
	CRASH_PLACES,
};

void inject_crash(enum crash_place place);

/* The first of these blocks that cannot be read, or UINT64_MAX */
uint64_t inject_medium(unsigned int lun, uint64_t block, uint64_t blocks);
/* These blocks were written to, and can be read again. */
void inject_repair(unsigned int lun, uint64_t block, uint64_t blocks);

/* status.c: any thread may count. */

enum counter {
	COUNT_COMMANDS,
	COUNT_READS,
	COUNT_WRITES,
	COUNT_BYTES_READ,
	COUNT_BYTES_WRITTEN,
	COUNT_BLOCKS_DISCARDED,
	COUNT_ERRORS,
	COUNT_INJECTED,
	COUNT_AFU_RESETS,
	COUNT_CONTEXT_RESETS,
	COUNT_LUN_RESETS,
	COUNT_ADOPTED,
	COUNTERS,
};

void count(enum counter counter, uint64_t more);
void status_print(void);

#endif
