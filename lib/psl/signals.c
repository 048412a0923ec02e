// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Signals of a clock to events and back: a line is two beats.
 *
 *	clock		n	n + 1	n + 2	...
 *	delivered:	bwad 0	bwad 1
 *				bwpar 0	bwpar 1
 *	fetched:	brad 0	brad 1
 *	with brlat 1:			(wait)	brdata 0	brdata 1
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Clocks from the request of a beat to its data, with the longest latency */
#define LATENCIES	(15 + 2)

enum { NO_BEAT, FIRST_BEAT, SECOND_BEAT };

/**
 * struct signals - beats on their way
 * @clock: clocks so far
 * @due: which beat to sample in a clock, by the clock modulo the size of @due
 * @second_fetch: brad 1 follows, for @fetch_tag
 * @fetched: the line that is being fetched
 * @early: for each beat, the parity that came with its data
 * @sampled: the beat that was sampled in the clock before
 * @second_delivery: bwad 1 follows, for @delivered
 * @delivered: the line that is being delivered
 * @last_parity: parity of the beat before
 */
struct signals {
	unsigned int clock;
	uint8_t due[LATENCIES + 1];
	bool second_fetch;
	uint8_t fetch_tag;
	struct psl_line fetched;
	uint8_t early[2];
	uint8_t late[2];
	uint8_t sampled;
	bool second_delivery;
	struct psl_line delivered;
	bool has_parity;
	uint8_t last_parity;
};

struct signals *signals_create(void)
{
	return calloc(1, sizeof(struct signals));
}

static uint8_t *due_at(struct signals *s, unsigned int later)
{
	return &s->due[(s->clock + later) % sizeof(s->due)];
}

/*
 * The sources at hand do not say whether brpar comes with the data or, like
 * bwpar, a cycle later. Accept a parity that is right either way.
 */
static uint8_t choose_parity(const struct signals *s, unsigned int beat)
{
	const uint8_t *data = s->fetched.data + beat * PSL_BEAT;
	uint8_t right = data_parity(data, PSL_BEAT);

	return s->early[beat] == right ? right : s->late[beat];
}

/* Parity of the second beat may come a clock later: complete the line then. */
static void sample(struct signals *s, const struct psl_ah *ah,
		   struct psl_line *line)
{
	uint8_t beat = *due_at(s, 0);

	*due_at(s, 0) = NO_BEAT;
	if (s->sampled != NO_BEAT)
		s->late[s->sampled - FIRST_BEAT] = ah->brpar;
	if (s->sampled == SECOND_BEAT) {
		*line = s->fetched;
		line->valid = true;
		line->parity = choose_parity(s, 0) << 8 | choose_parity(s, 1);
	}
	s->sampled = beat;
	if (beat == NO_BEAT)
		return;
	memcpy(s->fetched.data + (beat - FIRST_BEAT) * PSL_BEAT, ah->brdata,
	       PSL_BEAT);
	s->early[beat - FIRST_BEAT] = ah->brpar;
}

static void take_signals(struct signals *s, const struct psl_ah *ah,
			 struct psl_from_afu *in)
{
	memset(in, 0, sizeof(*in));
	in->running = ah->jrunning;
	in->done = ah->jdone;
	in->error = ah->jerror;
	in->cack = ah->jcack;
	in->yield = ah->jyield;
	in->tbreq = ah->tbreq;
	in->paren = ah->paren;
	in->brlat = ah->brlat;
	in->command.valid = ah->cvalid;
	in->command.tag = ah->ctag;
	in->command.tag_parity = ah->ctagpar;
	in->command.code = ah->com;
	in->command.code_parity = ah->compar;
	in->command.abort = ah->cabt;
	in->command.ea = ah->cea;
	in->command.ea_parity = ah->ceapar;
	in->command.handle = ah->cch;
	in->command.size = ah->csize;
	in->mmio_ack = ah->mmack;
	in->mmio_data = ah->mmdata;
	in->mmio_parity = ah->mmdatapar;
	sample(s, ah, &in->line);
}

static void drive_job_and_mmio(const struct psl_to_afu *out, struct psl_ha *ha)
{
	ha->croom = out->room;
	if (out->job) {
		ha->jval = true;
		ha->jcom = out->job_code;
		ha->jcompar = odd_parity(out->job_code);
		ha->jea = out->job_ea;
		ha->jeapar = odd_parity(out->job_ea);
	}
	if (out->mmio) {
		ha->mmval = true;
		ha->mmcfg = out->mmio_config;
		ha->mmrnw = out->mmio_read;
		ha->mmdw = out->mmio_double;
		ha->mmad = out->mmio_address;
		ha->mmadpar = odd_parity(out->mmio_address);
		ha->mmdata = out->mmio_data;
		ha->mmdatapar = odd_parity(out->mmio_data);
	}
}

static void drive_response(const struct psl_to_afu *out, struct psl_ha *ha)
{
	if (!out->response)
		return;
	ha->rvalid = true;
	ha->rtag = out->response_tag;
	ha->rtagpar = odd_parity(out->response_tag);
	ha->response = out->response_code;
	ha->rcredits = out->response_credits;
}

static void drive_fetch(struct signals *s, const struct psl_to_afu *out,
			unsigned int latency, struct psl_ha *ha)
{
	if (out->fetch)
		s->fetch_tag = out->fetch_tag;
	else if (!s->second_fetch)
		return;
	ha->brvalid = true;
	ha->brtag = s->fetch_tag;
	ha->brtagpar = odd_parity(s->fetch_tag);
	ha->brad = !out->fetch;
	*due_at(s, latency + 2) = out->fetch ? FIRST_BEAT : SECOND_BEAT;
	s->second_fetch = out->fetch;
}

static void drive_delivery(struct signals *s, const struct psl_to_afu *out,
			   struct psl_ha *ha)
{
	unsigned int beat = !out->line.valid;

	if (s->has_parity)
		ha->bwpar = s->last_parity;
	s->has_parity = false;
	if (out->line.valid)
		s->delivered = out->line;
	else if (!s->second_delivery)
		return;
	ha->bwvalid = true;
	ha->bwtag = s->delivered.tag;
	ha->bwtagpar = odd_parity(s->delivered.tag);
	ha->bwad = beat;
	memcpy(ha->bwdata, s->delivered.data + beat * PSL_BEAT, PSL_BEAT);
	s->has_parity = true;
	s->last_parity = beat ? s->delivered.parity : s->delivered.parity >> 8;
	s->second_delivery = out->line.valid;
}

void psl_clock(struct psl *psl, const struct psl_ah *ah, struct psl_ha *ha)
{
	struct signals *s = psl->signals;
	struct psl_from_afu in;
	struct psl_to_afu out;

	take_signals(s, ah, &in);
	psl_step(psl, &in, &out);
	memset(ha, 0, sizeof(*ha));
	drive_job_and_mmio(&out, ha);
	drive_response(&out, ha);
	drive_fetch(s, &out, ah->brlat & 0xf, ha);
	drive_delivery(s, &out, ha);
	s->clock++;
}
