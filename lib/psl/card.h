/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host of a PSL that is a software card: what <psl_card.h> is made of. */
#ifndef _LIB_PSL_CARD_H
#define _LIB_PSL_CARD_H

#include <pthread.h>

#include <afu.h>
#include <misc/cxl-sim.h>
#include <psl_card.h>

#include "say.h"

#define HANDLES		65536

/**
 * struct card_options - see psl_card_open()
 * @node: path of the node
 * @name: of the card that is to be made, or NULL
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
 * @handle: the PSL's; it may be another's by now
 * @mmios: its accesses to registers that are going on
 * @has_worker: it has a thread that waits for its memory; the rest is for that
 * @thread: that one
 * @lock: guards the following
 * @first: accesses to be done
 * @last: the last of them, while there are any
 * @stopped: the thread shall end
 * @wake: one of these has changed
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
 * @options: of psl_card_open()
 * @psl: PSL
 * @afu: its AFU, once the AFU's descriptor is known
 * @info: what the kernel says about that
 * @contexts: by handle
 * @made: the card was made here
 * @awake: the clock in which time went on again
 * @failed: it could not be opened, or could not be talked to any more
 * @told_still: the user knows that time can stand still while a job is running
 * @lock: guards @done
 * @done: accesses that workers have done
 * @has_done: there are; without the lock, to save that in each clock
 * @wake_fd: readable when there are, for who waits
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
 * card.c: handle what the card has to say before the next clock. False: at the end
 * of the simulation
 */
bool card_goes_on(struct psl_card *card);
/* Readable once a signal wants the end of the simulation */
int card_end_fd(void);

/* card_options.c; false, and stderr says why: one is wrong */
bool card_options_parse(struct card_options *options, int argc, char **argv);

/* card_make.c; false, and stderr says why: it cannot be made */
bool card_make(struct psl_card *card);
void card_remove(struct psl_card *card);

/* card_memory.c */
void card_access(void *host, struct psl_access *access);
void card_poll(void *host);
struct card_context *card_context_create(struct psl_card *card,
					 struct afu_context *ctx);
/* Its memory is out of reach: what waits for that ends soon. */
void card_context_destroy(struct card_context *c);

/* card_mmio.c; its accesses end in the kernel when the context does. */
void card_mmio(struct afu_context *ctx, const struct afu_mmio *access);
void card_mmio_forget(struct card_context *c);

#endif
