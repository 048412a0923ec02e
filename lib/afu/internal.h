/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIB_AFU_INTERNAL_H
#define _LIB_AFU_INTERNAL_H

#include <pthread.h>

#include <afu.h>
#include <misc/cxl-sim.h>

/**
 * struct afu - an AFU
 * @fd: its node
 * @none: takes the place of @fd in afu_close(): a descriptor on which every
 *	request fails. By then it might be impossible to open one
 * @ops: the caller's
 * @data: the caller's
 * @info: what it was configured to be
 * @psa: its problem state area, @info.psa_size bytes
 * @global: offset of the global registers
 * @mode: CXL_MODE_*
 * @contexts: the attached contexts
 */
struct afu {
	int fd;
	int none;
	const struct afu_ops *ops;
	void *data;
	struct cxl_sim_info info;
	char *psa;
	uint64_t global;
	uint32_t mode;
	struct afu_context *contexts;
};

/**
 * struct afu_context - a context
 * @next: next context of the AFU
 * @afu: the AFU
 * @fd: its memory
 * @pe: process element
 * @id: for requests
 * @attach: the message that announced it
 * @data: the caller's
 * @has_worker: it has a thread of its own; the remaining fields are for that
 * @thread: calls the AFU's work()
 * @lock: guards the next two
 * @rung: the doorbell has rung
 * @stopped: the thread must end
 * @wake: @rung or @stopped has changed
 */
struct afu_context {
	struct afu_context *next;
	struct afu *afu;
	int fd;
	uint32_t pe;
	uint64_t id;
	struct cxl_sim_message attach;
	void *data;

	bool has_worker;
	pthread_t thread;
	pthread_mutex_t lock;
	bool rung;
	bool stopped;
	pthread_cond_t wake;
};

/* afu.c: the context's registers may have been written to. */
void afu_context_ring(struct afu_context *ctx);

/* Write a request; 0 or -1. */
int afu_request(const struct afu *afu, const struct cxl_sim_request *req);

/* mmio.c: carry out a CXL_SIM_MMIO; the program that made the access waits. */
void afu_mmio_handle(struct afu_context *ctx,
		     const struct cxl_sim_message *msg);

/*
 * worker.c; for an AFU without work() they do nothing. afu_worker_stop() waits
 * for the thread. To stop many, call afu_worker_end() for each first, so that
 * they end side by side.
 */
int afu_worker_start(struct afu_context *ctx);
void afu_worker_ring(struct afu_context *ctx);
void afu_worker_end(struct afu_context *ctx);
void afu_worker_stop(struct afu_context *ctx);

#endif
