/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A software card as the host of a PSL: what is behind <psl_card.h>. */
#ifndef _LIB_PSL_CARD_H
#define _LIB_PSL_CARD_H

#include <pthread.h>

#include <afu.h>
#include <misc/cxl-sim.h>
#include <psl_card.h>

#include "say.h"

#define HANDLES		65536

/**
 * struct card_options - options; see psl_card_open()
 * @node: path of the node
 * @name: name of the card to make, or NULL to use one that is there
 * @psl: for psl_create()
 * @idle: clocks
 * @cycles: clocks
 */
struct card_options {
	char node[128];
	const char *name;
	struct psl_options psl;
	uint64_t idle;
	uint64_t cycles;
};

/**
 * struct card_context - a context
 * @card: card
 * @ctx: libafu's
 * @handle: its handle in the PSL; another context may have it by now
 * @mmios: accesses to registers in progress
 * @has_worker: it has a thread that waits for memory; the rest is for the thread
 * @thread: the thread
 * @lock: guards the following
 * @first: accesses still to do
 * @last: the last of them, if there are any
 * @stopped: the thread must end
 * @wake: @first or @stopped has changed
 */
struct card_context {
	struct psl_card *card;
	struct afu_context *ctx;
	uint16_t handle;
	struct card_mmio *mmios;
	bool has_worker;
	pthread_t thread;
	pthread_mutex_t lock;
	struct psl_access *first;
	struct psl_access *last;
	bool stopped;
	pthread_cond_t wake;
};

/**
 * struct psl_card - a card
 * @options: options of psl_card_open()
 * @psl: PSL
 * @afu: the card's AFU, once the simulated AFU's descriptor is known
 * @info: what the kernel says about @afu
 * @contexts: contexts by handle
 * @made: we made the card
 * @awake: the clock in which time last went on again
 * @failed: the card could not be opened, or could no longer be talked to
 * @told_still: the user knows that time can stand still while a job is running
 * @lock: guards @done
 * @done: accesses that workers have done
 * @has_done: @done is not empty; each clock reads it, hence without the lock
 * @wake_fd: readable once workers have done accesses, to wake up a waiting thread
 */
struct psl_card {
	struct card_options options;
	struct psl *psl;
	struct afu *afu;
	struct cxl_sim_info info;
	struct card_context *contexts[HANDLES];
	bool made;
	uint64_t awake;
	bool failed;
	bool told_still;
	pthread_mutex_t lock;
	struct psl_access *done;
	bool has_done;
	int wake_fd;
};

/*
 * card.c: before the next clock, handle what the card has to say. Returns false
 * at the end of the simulation.
 */
bool card_goes_on(struct psl_card *card);
/* Readable once a signal has asked for the end of the simulation */
int card_end_fd(void);

/* card_options.c; returns false if an option is wrong, and says why on stderr */
bool card_options_parse(struct card_options *options, int argc, char **argv);

/* card_make.c; returns false if it cannot be made, and says why on stderr */
bool card_make(struct psl_card *card);
void card_remove(struct psl_card *card);

/* card_memory.c */
void card_access(void *host, struct psl_access *access);
void card_poll(void *host);
struct card_context *card_context_create(struct psl_card *card,
					 struct afu_context *ctx);
/* Its memory is out of reach already, so accesses that wait for it end soon. */
void card_context_destroy(struct card_context *c);

/* card_mmio.c; in the kernel, accesses of a context end when it does. */
void card_mmio(struct afu_context *ctx, const struct afu_mmio *access);
void card_mmio_forget(struct card_context *c);

#endif
