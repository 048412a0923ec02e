/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An AFU model that is a program, for tests of /dev/cxl-sim/CARD.afuM: a thread
 * that answers what has to be answered and remembers the rest.
 *
 *	struct model m;
 *
 *	model_card_make(&card, NULL);
 *	model_start(&m, &card);
 *	client = node_open_ok(card.slave);
 *	require_ok(node_start(client, 0x1234, -1, 0));
 *	check(model_wait(&m, CXL_SIM_ATTACH, &message));
 *	ctx = model_context(&m, &message);
 *	check_ok(pread(ctx, buf, len, address));
 */
#ifndef _TESTS_LIB_MODEL_TEST_H
#define _TESTS_LIB_MODEL_TEST_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include <misc/cxl-sim.h>

#include "sim_test.h"

#define MODEL_MESSAGES	64

/**
 * struct model - the program
 * @fd: the open node
 * @thread: it reads
 * @lock: guards the rest
 * @stop: the thread shall end
 * @refuse: it refuses contexts
 * @mute: it answers nothing
 * @mmio: does an access to a register: the value for the answer. Without it
 *	they are remembered, and the test answers them
 * @error: errno that read() has returned, which ended the thread
 * @n: messages there are
 * @messages: those read, without doorbells
 * @doorbells: how many of these
 */
struct model {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	bool stop;
	bool refuse;
	bool mute;
	__u64 (*mmio)(const struct cxl_sim_message *message);
	int error;
	unsigned int n;
	struct cxl_sim_message messages[MODEL_MESSAGES];
	unsigned long doorbells;
};

/* Make a card whose AFU 0 is a program; the rest as for sim_card_make(). */
#define model_card_make(card, ...)					\
	sim_card_make(card, "afu0/model", "user", __VA_ARGS__)

/* open() of the card's node with @flags. */
int model_open(const struct sim_card *card, int flags);

/* Open the node, start the thread, wait for the first reset; require. */
void model_start(struct model *m, const struct sim_card *card);
/* End the thread and close the node. */
void model_stop(struct model *m);
/* The same for a node that was opened already. */
void model_run(struct model *m, int fd);

/* Take the next message of a type: whether it came soon. */
bool model_wait(struct model *m, __u32 type, struct cxl_sim_message *message);
/* Is there such a message by now? It stays. */
bool model_has(struct model *m, __u32 type);

/* One request; 0 or -1 and errno. */
int model_request(int fd, __u32 type, const struct cxl_sim_message *message,
		  __u64 value, __u32 number);
/* The answer to an access to a register; 0 or -1 and errno. */
int model_mmio_done(int fd, const struct cxl_sim_message *message, __u64 value);
/* The context's file: a descriptor, or -1 and errno. */
int model_context(const struct model *m, const struct cxl_sim_message *attach);

/**
 * struct model_client - a started context and the model's side of it
 * @fd: the client's file
 * @attach: what the model was told
 * @memory: the model's file of it
 */
struct model_client {
	int fd;
	struct cxl_sim_message attach;
	int memory;
};

/* Start a context and let the model open it; require. */
void model_attach(struct model *m, const char *node, __u64 wed,
		  struct model_client *client);
void model_detach(struct model_client *client);
/* The next event of a client: the AFU has failed. */
void check_error_event(int fd);

#endif
