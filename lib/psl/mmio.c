// SPDX-License-Identifier: LGPL-2.1-or-later
/* MMIO: one access at a time; accesses of a context stay in order. */
#include "internal.h"

/* Clocks that the AFU has to acknowledge an access */
#define ACK_LIMIT	100000

/* In place of the handle of a context that is gone */
#define GONE		(-2)

void psl_mmio(struct psl *psl, struct psl_mmio *mmio)
{
	struct psl_mmio **link = &psl->mmios;

	while (*link)
		link = &(*link)->next;
	mmio->next = NULL;
	*link = mmio;
}

static void end(struct psl *psl, struct psl_mmio *mmio, bool answered)
{
	if (!answered)
		mmio->data = ~0ULL;
	mmio->done(psl->host, mmio, answered);
}

static void take_answer(struct psl *psl, struct psl_mmio *mmio)
{
	const struct psl_from_afu *in = &psl->in;

	if (!mmio->read)
		return;
	if (in->paren && in->mmio_parity != odd_parity(in->mmio_data))
		rule_broken(psl, RULE_PARITY_MMIO,
			    "address 0x%x, data 0x%llx (%u)", mmio->address,
			    (unsigned long long)in->mmio_data, in->mmio_parity);
	mmio->data = in->mmio_data;
	if (mmio->size == 8)
		return;
	if (in->mmio_data >> 32 != (uint32_t)in->mmio_data)
		rule_broken(psl, RULE_MMIO_HALVES, "address 0x%x, data 0x%llx",
			    mmio->address, (unsigned long long)in->mmio_data);
	mmio->data = (uint32_t)in->mmio_data;
}

static void step_sent(struct psl *psl)
{
	struct psl_mmio *mmio = psl->mmio_sent;

	if (psl->in.mmio_ack) {
		psl->mmio_sent = NULL;
		take_answer(psl, mmio);
		end(psl, mmio, true);
	} else if (psl->cycle - psl->mmio_since >= ACK_LIMIT) {
		rule_broken(psl, RULE_MMIO_TIME, "%s of address 0x%x",
			    mmio->read ? "read" : "write", mmio->address);
		psl->mmio_sent = NULL;
		end(psl, mmio, false);
	}
}

static void send(struct psl *psl, struct psl_mmio *mmio)
{
	struct psl_to_afu *out = psl->out;

	out->mmio = true;
	out->mmio_config = mmio->config;
	out->mmio_read = mmio->read;
	out->mmio_double = mmio->size == 8;
	out->mmio_address = mmio->address / 4;
	if (!mmio->read && mmio->size == 8)
		out->mmio_data = mmio->data;
	else if (!mmio->read)
		out->mmio_data = (mmio->data & UINT32_MAX) * 0x100000001ULL;
	psl->mmio_sent = mmio;
	psl->mmio_since = psl->cycle;
}

enum fate { WAIT, SEND, DROP };

static enum fate fate_of(const struct psl *psl, const struct psl_mmio *mmio)
{
	const struct context *ctx;

	if (mmio->handle == PSL_NO_CONTEXT)
		return SEND;
	ctx = context_find(psl, mmio->handle);
	if (!ctx || ctx->dead)
		return DROP;
	return ctx->ready ? SEND : WAIT;
}

/* Accesses of a context that the AFU does not know yet do not hold up others. */
static struct psl_mmio *next(struct psl *psl)
{
	struct psl_mmio **link = &psl->mmios;
	struct psl_mmio *mmio;
	enum fate fate;

	while ((mmio = *link)) {
		fate = fate_of(psl, mmio);
		if (fate == WAIT) {
			link = &mmio->next;
			continue;
		}
		*link = mmio->next;
		if (fate == SEND)
			return mmio;
		end(psl, mmio, false);
		/* That may have changed the list. */
		link = &psl->mmios;
	}
	return NULL;
}

void mmio_step(struct psl *psl)
{
	struct psl_mmio *mmio;

	if (psl->job == JOB_RESETTING)
		return;
	if (psl->mmio_sent)
		step_sent(psl);
	else if (psl->in.mmio_ack)
		rule_broken(psl, RULE_MMIO_UNASKED, "data 0x%llx",
			    (unsigned long long)psl->in.mmio_data);
	/* An mmack that lasts must not acknowledge the next access. */
	if (psl->mmio_sent || psl->in.mmio_ack)
		return;
	mmio = next(psl);
	if (mmio)
		send(psl, mmio);
}

void mmio_cut(struct psl *psl)
{
	struct psl_mmio *mmio = psl->mmio_sent;

	psl->mmio_sent = NULL;
	if (mmio)
		end(psl, mmio, false);
}

void mmio_end_all(struct psl *psl)
{
	struct psl_mmio *mmio;

	mmio_cut(psl);
	while ((mmio = psl->mmios)) {
		psl->mmios = mmio->next;
		end(psl, mmio, false);
	}
}

/* Another context may have the handle by the time their turn comes. */
void mmio_forget(struct psl *psl, const struct context *ctx)
{
	struct psl_mmio *mmio;

	for (mmio = psl->mmios; mmio; mmio = mmio->next)
		if (mmio->handle == ctx->handle)
			mmio->handle = GONE;
}
