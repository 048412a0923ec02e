/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine behind <psl.h>: what it does with events, and what it makes.
 *
 * The way of a command, by its state:
 *
 *	command.c	a new command is checked, and refused, or begins
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

/* Clocks between the events of two lines: a line is two beats. */
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
	COMMAND_FETCHING,	/* to be fetched, or asked for */
	COMMAND_STORING,
	COMMAND_DELIVERING,
	COMMAND_ANSWERING,
	COMMAND_RESTARTING,	/* waits for pages */
};

/**
 * struct command - a command that is going on
 * @psl: PSL
 * @c: as it came
 * @type: what kind it is
 * @state: where it is
 * @context: whose; NULL: of one that is gone, or of none
 * @forgotten: the AFU was reset: it ends when @access does
 * @resolving: it is no command of the AFU's, but asks for a page
 * @takes_credit: the response gives back what it took
 * @response: of COMMAND_ANSWERING
 * @when: COMMAND_ANSWERING: not before this clock
 * @access: to memory; its data are those of the command
 * @compare: operand of a compare and swap
 * @expected: what its last access expected
 * @to_store: what follows if a comparison says so
 * @next: of the list of its state
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

/* A list in order; @last is not valid while it is empty. */
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
	CLASS_CACHE,		/* concerns a cache, which there is not */
	CLASS_INTERRUPT,
	CLASS_RESTART,
};

/* What a command does beside */
#define TYPE_RESERVES	0x01	/* a read: makes a reservation */
#define TYPE_LOCKS	0x02	/* a read: locks the line */
#define TYPE_UNLOCKS	0x04	/* a write: releases the lock */
#define TYPE_CONDITIONAL 0x08	/* a write: if the reservation is there */
#define TYPE_STORES	0x10	/* a touch: as of a store */
#define TYPE_PUSHES	0x20	/* not of a locked line */
#define TYPE_EVICTS	0x40	/* not of a line that is locked and reserved */

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
 * @dead: the AFU has ended the job, and knows it no more
 * @flushing: commands are answered FLUSHED until RESTART
 * @resolving: pages that are asked for, which RESTART waits for
 * @has_bad_page: the last page that was asked for cannot be had
 * @bad_page: its address
 * @next: of the PSL's
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
	JOB_ENDED,	/* by the AFU; to be reset before the next */
};

/**
 * struct llcmd - an LLCMD; the AFU acknowledges one after another
 * @what: PSL_LLCMD_*
 * @handle: of the context
 * @context: PSL_LLCMD_ADD: that, or NULL when it is gone
 * @next: to be sent after it
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
	RULE_DONE_RUNNING,
	RULE_DONE_LONG,
	RULE_STOPPED,
	RULES,
};

struct signals;

/**
 * struct psl - a PSL
 * @ops, @host, @credits, @disorder: of psl_create()
 * @cycle: clocks so far
 * @last_event: the last clock in which anything happened
 * @in: what came in this clock
 * @out: what goes out in this clock
 * @mode: CXL_MODE_* to be in, or 0
 * @job: state of the job
 * @job_sent: the job command of this state was sent
 * @job_since: the clock in which that was
 * @llcmds: those to be sent
 * @llcmd_sent: the first of them was
 * @llcmd_since: then
 * @was_done: jdone of the clock before
 * @was_tbreq: tbreq of the clock before
 * @timebase_wanted: the AFU has asked for it
 * @contexts: those attached
 * @tags: commands that the AFU waits for, by tag
 * @room: commands that the AFU may send
 * @accesses: that the host has
 * @to_fetch: commands whose data are to be fetched
 * @fetching: those whose data were asked for
 * @stale_lines: as many more, which the AFU was asked for before it was reset
 * @to_deliver: those whose data are to be delivered
 * @next_fetch, @next_delivery: not before this clock
 * @bogus_delivered: the first of @to_deliver has been delivered wrongly
 * @to_answer: commands that have ended, oldest first
 * @resolving: pages that the host is asked for
 * @restarts: commands that wait for those
 * @lock_held, @lock_line, @lock_context: the lock
 * @reserved, @reserved_context, @reserved_ea, @reserved_size: the reservation
 * @reserved_data: what was loaded with it
 * @mmios: to be done
 * @mmio_sent: the one that the AFU is to acknowledge
 * @mmio_since: since then
 * @descriptor: what the AFU says about itself
 * @described: it is all there
 * @describe_mmio: the access that reads the next part of it
 * @describe_step: which part that is
 * @describing: that is going on
 * @dice: state of the disorder
 * @broken: how often each rule was broken
 * @signals: of psl_clock()
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
/* The first, taken out, or NULL */
struct command *command_pop(struct command_list *list);
/* It must be on it. */
void command_take(struct command_list *list, struct command *cmd);

/* job.c */
void job_step(struct psl *psl);
/* Reset the AFU, and forget what it had to do. */
void job_reset(struct psl *psl);

/* llcmd.c; -1: ENOMEM */
int llcmd_add(struct psl *psl, struct context *ctx);
void llcmd_remove(struct psl *psl, struct context *ctx);
/* One clock of a job that runs */
void llcmd_step(struct psl *psl);
/* The AFU has ended the job: only contexts that it does not know are left. */
void llcmd_end(struct psl *psl);
void llcmd_forget(struct psl *psl);

/* context.c */
struct context *context_find(const struct psl *psl, int32_t handle);
/* One that the AFU can serve, or NULL */
struct context *context_first_alive(const struct psl *psl);
/* The job has ended: all of them are dead; @error is told to the host. */
void context_end_all(struct psl *psl, uint64_t error);
void context_forget_all(struct psl *psl);

/* command.c */
void command_step(struct psl *psl);
void command_free(struct command *cmd);
/* Those of a context that is gone */
void command_orphan(struct psl *psl, const struct context *ctx);
/* The AFU was reset, and does not wait for any */
void command_forget_all(struct psl *psl);

/* memory.c */
/* True when it has been answered, since there is no page */
bool memory_refuses(struct command *cmd);
void memory_load(struct command *cmd);
void memory_touch(struct command *cmd);
void memory_store(struct command *cmd);
/* @line has its operands. */
void memory_compare_swap(struct command *cmd, const uint8_t *line);
/* Bytes of the word that a compare and swap is about */
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
/* @cmd stores: if it is to that line, the reservation is lost. */
void reservation_lose(const struct command *cmd);
/* Of a context that is gone, or NULL: of all */
void lock_forget(struct psl *psl, const struct context *ctx);

/* mmio.c */
void mmio_step(struct psl *psl);
/* The AFU is reset: what it has to acknowledge ends without an answer. */
void mmio_cut(struct psl *psl);
/* So do those that are waiting. */
void mmio_end_all(struct psl *psl);
/* The context is gone: so do all that are waiting. */
void mmio_forget(struct psl *psl, const struct context *ctx);

/* descriptor.c */
void descriptor_read(struct psl *psl);

/* disorder.c */
bool disorder_check(const struct psl_disorder *disorder);
/* true in @percent of the cases */
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
