// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Registers: a program that accesses one waits until the simulated AFU has
 * acknowledged the access.
 *
 * The windows of the card can be larger than the AFU's, and at other addresses,
 * since the kernel aligns them to its own pages.
 */
#include <stdlib.h>

#include <misc/cxl.h>

#include "card.h"

/* A word address has 24 bits. */
#define ADDRESSES	0x4000000

/**
 * struct card_mmio - an access in progress
 * @mmio: as the PSL sees it
 * @access: as the kernel sees it
 * @context: its context, or NULL if that is gone
 * @next: next access of the context
 */
struct card_mmio {
	struct psl_mmio mmio;
	struct afu_mmio access;
	struct card_context *context;
	struct card_mmio *next;
};

/* The AFU's address for this offset, or ADDRESSES if it has none */
static uint64_t address_of(const struct card_context *c, uint64_t offset)
{
	const struct psl_card *card = c->card;
	const struct psl_descriptor *d = psl_descriptor(card->psl);
	uint64_t window, in_window;

	if (afu_mode(card->afu) == CXL_MODE_DIRECTED &&
	    offset >= card->info.pp_offset && d->pp_length) {
		offset -= card->info.pp_offset;
		window = offset / card->info.pp_size;
		in_window = offset % card->info.pp_size;
		if (in_window >= d->pp_length)
			return ADDRESSES;
		offset = d->pp_offset + window * d->pp_length + in_window;
	}
	return offset < ADDRESSES ? offset : ADDRESSES;
}

static void unlink_from_context(struct card_mmio *m)
{
	struct card_mmio **link;

	if (!m->context)
		return;
	link = &m->context->mmios;
	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

/* If there was no answer, the value is all ones. */
static void done(void *host, struct psl_mmio *mmio, bool answered)
{
	struct card_mmio *m = (struct card_mmio *)mmio;

	(void)host;
	(void)answered;
	m->access.value = mmio->data;
	if (m->context)
		afu_mmio_done(m->context->ctx, &m->access);
	unlink_from_context(m);
	free(m);
}

static void refuse(struct afu_context *ctx, const struct afu_mmio *access)
{
	struct afu_mmio answer = *access;

	answer.value = UINT64_MAX;
	afu_mmio_done(ctx, &answer);
}

void card_mmio(struct afu_context *ctx, const struct afu_mmio *access)
{
	struct card_context *c = afu_context_data(ctx);
	uint64_t address = address_of(c, access->offset);
	struct card_mmio *m = NULL;

	if (address < ADDRESSES && psl_descriptor(c->card->psl)->psa)
		m = calloc(1, sizeof(*m));
	if (!m) {
		refuse(ctx, access);
		return;
	}
	m->access = *access;
	m->context = c;
	m->next = c->mmios;
	c->mmios = m;
	m->mmio = (struct psl_mmio){
		.read = !access->write,
		.size = access->size,
		.address = address,
		.handle = c->handle,
		.data = access->value,
		.done = done,
	};
	psl_mmio(c->card->psl, &m->mmio);
}

void card_mmio_forget(struct card_context *c)
{
	struct card_mmio *m;

	for (m = c->mmios; m; m = m->next)
		m->context = NULL;
}
