// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU and its contexts. Everything except card_context() is for the main thread.
 *
 * With the card's attribute "recover", the contexts and the registers outlive a
 * program that ends: the next program goes on where it was. A mark in a reserved
 * part of the registers says that they are those of a flash card.
 */
#include "afu-flash.h"

#include <stdlib.h>
#include <string.h>

#define MARK		(SISL_GLOBAL + 0xf000)
#define MARK_VALUE	0x666c617368ULL		/* "flash" */
/* A place for each context, in the same part */
#define SAVED		(SISL_GLOBAL + 0xa000)
#define SAVED_SIZE	16

pthread_rwlock_t tables_lock =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

/* Changed by the main thread only, with @tables_lock held for writing */
static struct context *contexts[SISL_CONTEXTS];
/* For the main thread, which sets @psa before there are other threads */
static unsigned int attached;
static char *psa;
/* The registers are as an earlier program has left them. */
static bool inherited;

void *card_register(size_t offset)
{
	return psa + offset;
}

bool card_is_in_use(void)
{
	return attached;
}

struct context *card_context(unsigned int pe)
{
	return pe < SISL_CONTEXTS ? contexts[pe] : NULL;
}

static void reset_registers(void)
{
	unsigned int port;

	memset(psa + SISL_CONTROL, 0, SISL_PSA_SIZE - SISL_CONTROL);
	for (port = 0; port < SISL_MAX_PORTS; port++)
		memset(psa + SISL_LUNS(port), 0xff, SISL_LUN_TABLE * 8);
	ports_reset();
	afu_reg_write(psa, MARK, MARK_VALUE);
}

/* The first call follows the opening of the node, and need not be a reset. */
static void reset(struct afu *afu)
{
	static bool seen;

	psa = afu_psa(afu);
	inherited = !seen && afu_reg_read(psa, MARK) == MARK_VALUE;
	seen = true;
	if (inherited) {
		ports_adopt();
		return;
	}
	count(COUNT_AFU_RESETS, 1);
	reset_registers();
}

static int attach(struct afu_context *afu)
{
	unsigned int pe = afu_context_pe(afu);
	struct context *ctx;
	bool adopted;

	if (pe >= SISL_CONTEXTS ||
	    afu_context_window_size(afu) < SISL_WINDOW_SIZE)
		return -1;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -1;
	ctx->buffer = malloc(BUFFER_SIZE);
	if (!ctx->buffer) {
		free(ctx);
		return -1;
	}
	ctx->afu = afu;
	ctx->pe = pe;
	ctx->window = afu_context_window(afu);
	ctx->control = psa + SISL_CONTROL + pe * SISL_CONTROL_SIZE;
	ctx->saved = psa + SAVED + pe * SAVED_SIZE;
	afu_context_set_data(afu, ctx);

	adopted = inherited && queue_adopt(ctx);
	/* The driver that set up the registers is gone: the AFU was reset. */
	if (inherited && !adopted && !attached) {
		inherited = false;
		reset_registers();
	}
	if (!adopted)
		queue_init(ctx);
	pthread_rwlock_wrlock(&tables_lock);
	contexts[pe] = ctx;
	pthread_rwlock_unlock(&tables_lock);
	attached++;
	return 0;
}

static void detach(struct afu_context *afu)
{
	struct context *ctx = afu_context_data(afu);

	pthread_rwlock_wrlock(&tables_lock);
	contexts[ctx->pe] = NULL;
	pthread_rwlock_unlock(&tables_lock);
	attached--;
	free(ctx->buffer);
	free(ctx);
}

static long work(struct afu_context *afu)
{
	return queue_work(afu_context_data(afu));
}

const struct afu_ops card_ops = {
	.reset = reset,
	.attach = attach,
	.work = work,
	.detach = detach,
};
