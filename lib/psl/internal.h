/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine behind <psl.h>: it takes events, and makes events.
 *
 * The way of a command, by its state:
 *
 *	command.c	a new command is checked; it is refused, or begins
 *	memory.c	LOADING ----> buffer.c		DELIVERING -----.
 *	buffer.c	FETCHING ---> memory.c		STORING --------+
 *	memory.c	TOUCHING (before it fetches, or on its own) ----+
 *	response.c	ANSWERING <-------------------------------------'
 */
#ifndef _LIB_PSL_INTERNAL_H
#define _LIB_PSL_INTERNAL_H

#include "events.h"

#define TAGS		256
#define LINE_MASK	(~(uint64_t)(PSL_LINE - 1))

/* Clocks from the event of a line to that of the next: a line is two beats. */
#define LINE_CLOCKS	2
/* From the event of a line to the response: its beats, and three more */
#define ANSWER_CLOCKS	(LINE_CLOCKS + 3)

/*
 * Commands
 */

enum command_state {
	COMMAND_CHECKING,	/* it has just come */
	COMMAND_TOUCHING,
	COMMAND_LOADING,
	COMMAND_FETCHING,	/* its data are to be asked for, or have been */
	COMMAND_STORING,
	COMMAND_DELIVERING,
	COMMAND_ANSWERING,
	COMMAND_RESTARTING,	/* it waits for pages */
};

/**
 * struct command - a command in progress
 * @psl: PSL
 * @c: as it came
 * @type: what its code means; NULL if there is no such command
 * @state: where it is
 * @context: its context; NULL if that is gone, or if it never had one
 * @forgotten: the AFU was reset, so the command ends when @access does
 * @resolving: not a command from the AFU; it only asks for a page
 * @takes_credit: it took a credit, which the response gives back
 * @response: for COMMAND_ANSWERING: the response
 * @when: for COMMAND_ANSWERING: not before this clock
 * @access: its access to memory; the data are those of the command
 * @compare: operand of a compare and swap
 * @expected: what its last access expected
 * @to_store: data to store if a comparison says so
 * @next: next command in the list of its state
 */
struct command {
	struct psl *psl;
	struct psl_command c;
	const struct command_type *type;
	enum command_state state;
	struct context *context;
	bool forgotten;
	bool resolving;
	bool takes_credit;
	uint8_t response;
	uint64_t when;
	struct psl_access access;
	uint8_t compare[8];
	uint8_t expected[8];
	uint8_t to_store[PSL_LINE];
	struct command *next;
};

/* An ordered list; while it is empty, @last is not valid. */
struct command_list {
	struct command *first;
	struct command *last;
};

enum command_class {
	CLASS_READ,
	CLASS_READ_PE,
	CLASS_WRITE,
	CLASS_ZERO,
	CLASS_TOUCH,
	CLASS_COMPARE_SWAP,
	CLASS_LOCK,		/* without data */
	CLASS_UNLOCK,
	CLASS_CACHE,		/* for a cache, which this PSL does not have */
	CLASS_INTERRUPT,
	CLASS_RESTART,
};

/* What else a command does */
#define TYPE_RESERVES	0x01	/* a read: makes a reservation */
#define TYPE_LOCKS	0x02	/* a read: locks the line */
#define TYPE_UNLOCKS	0x04	/* a write: releases the lock */
#define TYPE_CONDITIONAL 0x08	/* a write: only with the reservation */
#define TYPE_STORES	0x10	/* a touch: for a store */
#define TYPE_PUSHES	0x20	/* fails on a locked line */
#define TYPE_EVICTS	0x40	/* fails on a line that is locked and reserved */

/**
 * struct command_type - what a command code means
 * @code: command code
 * @class: what it does
 * @flags: TYPE_*
 */
struct command_type {
	uint16_t code;
	enum command_class class;
	uint8_t flags;
};

/**
 * struct context - an attached context
 * @handle: process element
 * @wed: work element descriptor
 * @known: the AFU has been told to add it, or was started with it
 * @ready: it has acknowledged that: MMIO is allowed
 * @dead: the job has ended, and the AFU does not know the context any more
 * @flushing: commands are answered FLUSHED until RESTART
 * @resolving: how many pages have been asked for; RESTART waits for them
 * @has_bad_page: a page was asked for and cannot be had
 * @bad_page: address of the last such page
 * @next: next context of the PSL
 */
struct context {
	uint16_t handle;
	uint64_t wed;
	bool known;
	bool ready;
	bool dead;
	bool flushing;
	unsigned int resolving;
	bool has_bad_page;
	uint64_t bad_page;
	struct context *next;
};

enum job_state {
	JOB_RESETTING,	/* the AFU has to be reset, or is being reset */
	JOB_OFF,
	JOB_STARTING,
	JOB_RUNNING,
	JOB_ENDED,	/* by the AFU; it is reset before the next job */
};

/**
 * struct llcmd - an LLCMD; the AFU acknowledges one after another
 * @what: PSL_LLCMD_*
 * @handle: handle of the context
 * @context: for PSL_LLCMD_ADD: the context, or NULL if it is gone
 * @next: the LLCMD to send after this one
 */
struct llcmd {
	uint64_t what;
	uint16_t handle;
	struct context *context;
	struct llcmd *next;
};

enum rule {
	RULE_NO_JOB,
	RULE_TAG_IN_USE,
	RULE_NO_CREDIT,
	RULE_PARITY_COMMAND,
	RULE_PARITY_DATA,
	RULE_PARITY_MMIO,
	RULE_CODE,
	RULE_ABORT_MODE,
	RULE_SIZE,
	RULE_ALIGNMENT,
	RULE_INTERRUPT,
	RULE_UNLOCK,
	RULE_BRLAT,
	RULE_LINE_UNASKED,
	RULE_MMIO_UNASKED,
	RULE_MMIO_TIME,
	RULE_MMIO_HALVES,
	RULE_CACK_UNASKED,
	RULE_CACK_TIME,
	RULE_RESET_TIME,
	RULE_RESET_RUNNING,
	RULE_START_TIME,
	RULE_START_DONE,
	RULE_DONE_RUNNING,
	RULE_DONE_LONG,
	RULE_STOPPED,
	RULES,
};

struct signals;

/**
 * struct psl - a PSL
 * @ops, @host, @credits, @disorder: as given to psl_create()
 * @cycle: clocks so far
 * @last_event: the last clock in which anything happened
 * @in: what came in this clock
 * @out: what goes out in this clock
 * @mode: CXL_MODE_* to be in, or 0
 * @job: state of the job
 * @job_sent: the job command of this state has been sent
 * @job_since: the clock in which it was sent, or in which the state began
 * @told: since the start, the AFU has been told of a context
 * @llcmds: LLCMDs that are not acknowledged yet
 * @llcmd_sent: the first of them has been sent
 * @llcmd_since: the clock in which it was sent
 * @was_done: jdone of the clock before
 * @was_tbreq: tbreq of the clock before
 * @timebase_wanted: the AFU has asked for the timebase
 * @contexts: attached contexts
 * @tags: commands that the AFU waits for, by tag
 * @room: how many commands the AFU may send
 * @accesses: how many accesses the host is working on
 * @to_fetch: commands whose data are to be fetched
 * @fetching: commands whose data have been asked for
 * @stale_lines: lines that the AFU was asked for before a reset, and may yet send
 * @to_deliver: commands whose data are to be delivered
 * @next_fetch, @next_delivery: not before this clock
 * @bogus_delivered: the first of @to_deliver has been delivered with wrong data
 * @to_answer: commands that have ended, oldest first
 * @resolving: pages that the host has been asked for
 * @restarts: commands that wait for those pages
 * @lock_held, @lock_line, @lock_context: the lock
 * @reserved, @reserved_context, @reserved_ea, @reserved_size: the reservation
 * @reserved_data: the data loaded with the reservation
 * @mmios: MMIO accesses still to do
 * @mmio_sent: the MMIO access that the AFU has to acknowledge, or NULL
 * @mmio_since: the clock in which @mmio_sent was sent
 * @descriptor: what the AFU says about itself
 * @described: @descriptor is complete
 * @describe_mmio: the access that reads the next part of @descriptor
 * @describe_step: which part that is
 * @describing: @describe_mmio is in progress
 * @dice: state of the disorder's dice
 * @broken: how often each rule was broken
 * @signals: state of psl_clock()
 */
struct psl {
	const struct psl_host_ops *ops;
	void *host;
	uint8_t credits;
	struct psl_disorder disorder;
	uint64_t cycle;
	uint64_t last_event;
	struct psl_from_afu in;
	struct psl_to_afu *out;

	uint32_t mode;
	enum job_state job;
	bool job_sent;
	uint64_t job_since;
	bool told;
	struct llcmd *llcmds;
	bool llcmd_sent;
	uint64_t llcmd_since;
	bool was_done;
	bool was_tbreq;
	bool timebase_wanted;

	struct context *contexts;

	struct command *tags[TAGS];
	unsigned int room;
	unsigned int accesses;

	struct command_list to_fetch;
	struct command_list fetching;
	unsigned int stale_lines;
	struct command_list to_deliver;
	uint64_t next_fetch;
	uint64_t next_delivery;
	bool bogus_delivered;

	struct command_list to_answer;
	struct command_list resolving;
	struct command_list restarts;

	bool lock_held;
	uint64_t lock_line;
	const struct context *lock_context;
	bool reserved;
	const struct context *reserved_context;
	uint64_t reserved_ea;
	uint32_t reserved_size;
	uint8_t reserved_data[PSL_LINE];

	struct psl_mmio *mmios;
	struct psl_mmio *mmio_sent;
	uint64_t mmio_since;

	struct psl_descriptor descriptor;
	bool described;
	struct psl_mmio describe_mmio;
	unsigned int describe_step;
	bool describing;

	uint64_t dice;
	uint64_t broken[RULES];
	struct signals *signals;
};

static inline bool same_line(uint64_t a, uint64_t b)
{
	return (a & LINE_MASK) == (b & LINE_MASK);
}

/* list.c */
void command_push(struct command_list *list, struct command *cmd);
/* Take out and return the first; NULL if the list is empty */
struct command *command_pop(struct command_list *list);
/* @cmd must be on @list. */
void command_take(struct command_list *list, struct command *cmd);

/* job.c */
void job_step(struct psl *psl);
/* Reset the AFU and forget what it had to do. */
void job_reset(struct psl *psl);

/* llcmd.c; llcmd_add() returns -1 if there is no memory */
int llcmd_add(struct psl *psl, struct context *ctx);
void llcmd_remove(struct psl *psl, struct context *ctx);
/* One clock of a running job */
void llcmd_step(struct psl *psl);
/* After context_end_all(): keep only adds of contexts that are not dead. */
void llcmd_end(struct psl *psl);
void llcmd_forget(struct psl *psl);

/* context.c */
struct context *context_find(const struct psl *psl, int32_t handle);
/* A context that the AFU can serve, or NULL */
struct context *context_first_alive(const struct psl *psl);
/* The job has ended: the contexts that it was for are dead; the host gets @error. */
void context_end_all(struct psl *psl, uint64_t error);
void context_forget_all(struct psl *psl);

/* command.c */
void command_step(struct psl *psl);
void command_free(struct command *cmd);
/* The context is gone: its commands have none any more. */
void command_orphan(struct psl *psl, const struct context *ctx);
/* The AFU was reset, and waits for no command. */
void command_forget_all(struct psl *psl);

/* memory.c */
/* True: there is no page, and the command has been answered */
bool memory_refuses(struct command *cmd);
void memory_load(struct command *cmd);
void memory_touch(struct command *cmd);
void memory_store(struct command *cmd);
/* @line has the operands. */
void memory_compare_swap(struct command *cmd, const uint8_t *line);
/* Size in bytes of the word to compare and swap */
uint32_t memory_swap_width(const struct command *cmd);

/* buffer.c */
void buffer_fetch(struct command *cmd);
void buffer_deliver(struct command *cmd);
void buffer_step(struct psl *psl);

/* response.c */
void response_send(struct command *cmd, enum psl_response_code code);
void response_restart(struct command *cmd);
void response_step(struct psl *psl);

/* lock.c */
bool lock_take(struct command *cmd);
bool lock_is_mine(const struct command *cmd);
bool lock_is_on(const struct command *cmd);
void lock_release(struct psl *psl);
void reservation_make(struct command *cmd);
bool reservation_is_mine(const struct command *cmd);
void reservation_drop(struct psl *psl);
/* @cmd stores: if it holds the reservation of that line, that is lost. */
void reservation_lose(const struct command *cmd);
/* Forget what a gone context held; NULL: what any context held */
void lock_forget(struct psl *psl, const struct context *ctx);

/* mmio.c */
void mmio_step(struct psl *psl);
/* The AFU is reset: end the access that it has not acknowledged, unanswered. */
void mmio_cut(struct psl *psl);
/* The same, for waiting accesses as well */
void mmio_end_all(struct psl *psl);
/* The context is gone: its waiting accesses will end unanswered. */
void mmio_forget(struct psl *psl, const struct context *ctx);

/* descriptor.c */
void descriptor_read(struct psl *psl);

/* disorder.c */
bool disorder_check(const struct psl_disorder *disorder);
/* True in @percent of all cases */
bool dice_say(struct psl *psl, uint8_t percent);
/* 0 to @n - 1 */
unsigned int dice_throw(struct psl *psl, unsigned int n);

/* rules.c */
__attribute__((format(printf, 3, 4)))
void rule_broken(struct psl *psl, enum rule rule, const char *values, ...);
__attribute__((format(printf, 2, 3)))
void report(struct psl *psl, const char *text, ...);

/* signals.c */
struct signals *signals_create(void);

#endif
