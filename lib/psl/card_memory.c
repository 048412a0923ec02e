// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Accesses to the memory of contexts.
 *
 * A page that is there is accessed at once. An access to one that is not, or one
 * that needs the kernel's help, is left to a thread of the context, so that a
 * late page holds up neither the simulation nor other contexts:
 *
 *	simulation			worker
 *	access: EAGAIN ---- queue ----> afu_load(), waits
 *	goes on				...
 *	poll: psl_access_done() <------ done
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"

/* EINVAL: the address cannot even be a file offset, so it is a bad one, too. */
static int error_of(int ret)
{
	if (!ret)
		return 0;
	return errno == EINVAL ? EFAULT : errno;
}

/* Return EAGAIN if the access would have to wait. */
static int access_now(struct card_context *c, struct psl_access *access)
{
	char byte;

	switch (access->type) {
	case PSL_ACCESS_LOAD:
		return error_of(afu_load_nowait(c->ctx, access->ea,
						access->data, access->size));
	case PSL_ACCESS_STORE:
		return error_of(afu_store_nowait(c->ctx, access->ea,
						 access->data, access->size));
	case PSL_ACCESS_TOUCH:
		return error_of(afu_load_nowait(c->ctx, access->ea, &byte, 1));
	case PSL_ACCESS_TOUCH_STORE:
		/* If it may wait, the worker asks for a writable page. */
		if (!access->no_wait)
			return EAGAIN;
		return error_of(afu_load_nowait(c->ctx, access->ea, &byte, 1));
	default:
		return EAGAIN;
	}
}

static int compare_swap(struct card_context *c, struct psl_access *access)
{
	uint64_t old = 0, new_value = 0;
	uint32_t word[2];
	int error;

	if (access->size == sizeof(uint64_t)) {
		memcpy(&old, access->data, sizeof(old));
		memcpy(&new_value, access->swap, sizeof(new_value));
	} else {
		memcpy(&word[0], access->data, sizeof(*word));
		memcpy(&word[1], access->swap, sizeof(*word));
		old = word[0];
		new_value = word[1];
	}
	error = error_of(afu_compare_swap(c->ctx, access->ea, access->size,
					  &old, new_value));
	word[0] = old;
	if (access->size == sizeof(uint64_t))
		memcpy(access->data, &old, sizeof(old));
	else
		memcpy(access->data, &word[0], sizeof(*word));
	return error;
}

/* Ask for the page as a store does, without changing anything. */
static int touch_store(struct card_context *c, uint64_t ea)
{
	uint64_t old = 0;

	return error_of(afu_compare_swap(c->ctx, ea & ~7ULL, sizeof(old), &old,
					 0));
}

static int access_waiting(struct card_context *c, struct psl_access *access)
{
	char byte;

	switch (access->type) {
	case PSL_ACCESS_LOAD:
		return error_of(afu_load(c->ctx, access->ea, access->data,
					 access->size));
	case PSL_ACCESS_STORE:
		return error_of(afu_store(c->ctx, access->ea, access->data,
					  access->size));
	case PSL_ACCESS_TOUCH:
		return error_of(afu_load(c->ctx, access->ea, &byte, 1));
	case PSL_ACCESS_TOUCH_STORE:
		return touch_store(c, access->ea);
	default:
		return compare_swap(c, access);
	}
}

/*
 * Workers
 */

static struct psl_access *next_access(struct card_context *c)
{
	struct psl_access *access;

	pthread_mutex_lock(&c->lock);
	while (!c->first && !c->stopped)
		pthread_cond_wait(&c->wake, &c->lock);
	access = c->first;
	if (access)
		c->first = access->next;
	pthread_mutex_unlock(&c->lock);
	return access;
}

static void give_back(struct psl_card *card, struct psl_access *access)
{
	uint64_t one = 1;

	pthread_mutex_lock(&card->lock);
	access->next = card->done;
	card->done = access;
	__atomic_store_n(&card->has_done, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&card->lock);
	/* This fails only if the counter is full: it is readable already. */
	if (write(card->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/* Accesses that are left when it is stopped fail soon, so it ends soon. */
static void *work(void *arg)
{
	struct card_context *c = arg;
	struct psl_access *access;

	while ((access = next_access(c))) {
		access->error = access_waiting(c, access);
		give_back(c->card, access);
	}
	return NULL;
}

static int start_worker(struct card_context *c)
{
	int error;

	if (c->has_worker)
		return 0;
	error = pthread_create(&c->thread, NULL, work, c);
	c->has_worker = !error;
	return error;
}

static void queue(struct card_context *c, struct psl_access *access)
{
	access->next = NULL;
	pthread_mutex_lock(&c->lock);
	if (c->first)
		c->last->next = access;
	else
		c->first = access;
	c->last = access;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

/* A compare and swap always needs the kernel's help, so it always may wait. */
static bool may_wait(const struct psl_access *access)
{
	return !access->no_wait || access->type == PSL_ACCESS_COMPARE_SWAP;
}

void card_access(void *host, struct psl_access *access)
{
	struct psl_card *card = host;
	struct card_context *c = card->contexts[access->handle];
	int error;

	error = c ? access_now(c, access) : ESTALE;
	if (error == EAGAIN && may_wait(access)) {
		error = start_worker(c);
		if (!error) {
			queue(c, access);
			return;
		}
	}
	psl_access_done(card->psl, access, error);
}

void card_poll(void *host)
{
	struct psl_card *card = host;
	struct psl_access *done, *access;

	if (!__atomic_load_n(&card->has_done, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&card->lock);
	done = card->done;
	card->done = NULL;
	card->has_done = false;
	pthread_mutex_unlock(&card->lock);
	while ((access = done)) {
		done = access->next;
		psl_access_done(card->psl, access, access->error);
	}
}

struct card_context *card_context_create(struct psl_card *card,
					 struct afu_context *ctx)
{
	struct card_context *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->card = card;
	c->ctx = ctx;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	return c;
}

void card_context_destroy(struct card_context *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopped = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	if (c->has_worker)
		pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
