// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A thread for each context, which calls the AFU's work(): so a context that
 * waits for memory delays no other. It ends soon after its context, because
 * whatever it waits for ends then, too.
 */
#include <errno.h>
#include <time.h>

#include "internal.h"

#define USEC_PER_SEC	1000000L
#define NSEC_PER_SEC	1000000000L
#define NSEC_PER_USEC	1000L

/* @us may be as much as LONG_MAX. */
static void add_us(struct timespec *t, long us)
{
	long ns = t->tv_nsec + us % USEC_PER_SEC * NSEC_PER_USEC;

	t->tv_sec += us / USEC_PER_SEC + ns / NSEC_PER_SEC;
	t->tv_nsec = ns % NSEC_PER_SEC;
}

/* Wait until the doorbell rings or, unless @us is negative, @us have passed. */
static void wait_for_work(struct afu_context *ctx, long us)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	if (us > 0)
		add_us(&until, us);
	pthread_mutex_lock(&ctx->lock);
	while (!ctx->rung && !ctx->stopped && ret != ETIMEDOUT && us) {
		if (us < 0)
			pthread_cond_wait(&ctx->wake, &ctx->lock);
		else
			ret = pthread_cond_timedwait(&ctx->wake, &ctx->lock,
						     &until);
	}
	/* Writes from now on ring again. */
	ctx->rung = false;
	pthread_mutex_unlock(&ctx->lock);
}

static bool is_stopped(struct afu_context *ctx)
{
	bool stopped;

	pthread_mutex_lock(&ctx->lock);
	stopped = ctx->stopped;
	pthread_mutex_unlock(&ctx->lock);
	return stopped;
}

static void *worker(void *arg)
{
	struct afu_context *ctx = arg;

	while (!is_stopped(ctx))
		wait_for_work(ctx, ctx->afu->ops->work(ctx));
	return NULL;
}

static void free_wait(struct afu_context *ctx)
{
	pthread_cond_destroy(&ctx->wake);
	pthread_mutex_destroy(&ctx->lock);
}

int afu_worker_start(struct afu_context *ctx)
{
	pthread_condattr_t attr;
	int ret;

	if (!ctx->afu->ops->work)
		return 0;
	pthread_mutex_init(&ctx->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ctx->wake, &attr);
	pthread_condattr_destroy(&attr);
	ret = pthread_create(&ctx->thread, NULL, worker, ctx);
	if (!ret) {
		ctx->has_worker = true;
		return 0;
	}
	free_wait(ctx);
	errno = ret;
	return -1;
}

void afu_worker_ring(struct afu_context *ctx)
{
	if (!ctx->has_worker)
		return;
	pthread_mutex_lock(&ctx->lock);
	ctx->rung = true;
	pthread_cond_signal(&ctx->wake);
	pthread_mutex_unlock(&ctx->lock);
}

void afu_worker_end(struct afu_context *ctx)
{
	if (!ctx->has_worker)
		return;
	pthread_mutex_lock(&ctx->lock);
	ctx->stopped = true;
	pthread_cond_signal(&ctx->wake);
	pthread_mutex_unlock(&ctx->lock);
}

void afu_worker_stop(struct afu_context *ctx)
{
	if (!ctx->has_worker)
		return;
	afu_worker_end(ctx);
	pthread_join(ctx->thread, NULL);
	free_wait(ctx);
	ctx->has_worker = false;
}
