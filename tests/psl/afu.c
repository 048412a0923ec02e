// SPDX-License-Identifier: GPL-2.0-only
/* An AFU that does what a test tells it to do: see afu.h. */
#include <string.h>

#include "afu.h"

#define WINDOW	0x1000

static bool parity(uint64_t value)
{
	return !(__builtin_popcountll(value) & 1);
}

static uint8_t beat_parity(const uint8_t *data)
{
	uint8_t bits = 0;
	uint64_t value;
	int i;

	for (i = 0; i < PSL_BEAT; i += 8) {
		memcpy(&value, data + i, sizeof(value));
		bits = bits << 1 | parity(value);
	}
	return bits;
}

void afu_init(struct afu *afu, unsigned int processes)
{
	memset(afu, 0, sizeof(*afu));
	afu->reset_cycles = 3;
	afu->start_cycles = 2;
	afu->ack_cycles = 2;
	afu->mmio_cycles = 2;
	afu->brlat = 1;
	afu->ah.brlat = 1;
	/* 4 interrupts, one configuration record, any mode */
	afu->descriptor[0x00 / 8] = 4ULL << 48 | (uint64_t)processes << 32 |
				    1 << 16 | 0x8014;
	afu->descriptor[0x20 / 8] = 1;
	afu->descriptor[0x28 / 8] = 0x100;
	/* Windows at the beginning of the problem state area */
	afu->descriptor[0x30 / 8] = 3ULL << 56 | WINDOW / 4096;
	afu->descriptor[0x100 / 8] = 0x1410500400000000ULL;
	afu->descriptor[0x108 / 8] = 0x0100001200000000ULL;
}

void afu_fill_line(struct afu *afu, uint8_t tag, uint8_t seed)
{
	int i;

	for (i = 0; i < PSL_LINE; i++)
		afu->tags[tag].line[i] = seed + i;
}

struct afu_command *afu_command(struct afu *afu, uint8_t tag, uint16_t code,
				uint64_t ea, uint16_t size)
{
	struct afu_command *c = &afu->queue[afu->tail++ % AFU_QUEUE];

	*c = (struct afu_command){
		.tag = tag,
		.tag_parity = parity(tag),
		.code = code,
		.code_parity = parity(code),
		.ea = ea,
		.ea_parity = parity(ea),
		.size = size,
	};
	afu->tags[tag].response = -1;
	return c;
}

void afu_finish(struct afu *afu, uint64_t error)
{
	afu->finishing = true;
	afu->error = error;
}

static void drive_command(struct afu *afu)
{
	const struct afu_command *c = &afu->queue[afu->head % AFU_QUEUE];
	struct psl_ah *ah = &afu->ah;

	ah->cvalid = afu->head != afu->tail && ah->jrunning;
	if (!ah->cvalid)
		return;
	afu->head++;
	ah->ctag = c->tag;
	ah->ctagpar = c->tag_parity;
	ah->com = c->code;
	ah->compar = c->code_parity;
	ah->cabt = c->abort;
	ah->cea = c->ea;
	ah->ceapar = c->ea_parity;
	ah->cch = c->handle;
	ah->csize = c->size;
}

static bool expired(unsigned int *in)
{
	return *in && !--*in;
}

static void drive_job(struct afu *afu)
{
	struct psl_ah *ah = &afu->ah;

	ah->jdone = expired(&afu->done_in);
	if (afu->finishing) {
		afu->finishing = false;
		ah->jdone = !afu->no_done;
		ah->jerror = afu->error;
		ah->jrunning = afu->keep_running;
	}
	ah->jcack = expired(&afu->cack_in);
	if (expired(&afu->run_in))
		ah->jrunning = true;
}

static void take_job(struct afu *afu, const struct psl_ha *ha)
{
	if (!ha->jval)
		return;
	afu->wrong += ha->jcompar != parity(ha->jcom);
	afu->wrong += ha->jeapar != parity(ha->jea);
	if (afu->job_count < sizeof(afu->jobs) / sizeof(*afu->jobs)) {
		afu->jobs[afu->job_count].code = ha->jcom;
		afu->jobs[afu->job_count++].ea = ha->jea;
	}
	switch (ha->jcom) {
	case PSL_JOB_RESET:
		afu->ah.jrunning = false;
		afu->ah.jerror = 0;
		afu->resets++;
		afu->run_in = 0;
		afu->cack_in = 0;
		afu->mmio_in = 0;
		afu->head = afu->tail;
		afu->done_in = afu->reset_cycles;
		break;
	case PSL_JOB_START:
		afu->run_in = afu->start_cycles;
		break;
	case PSL_JOB_LLCMD:
		afu->cack_in = afu->ack_cycles;
		break;
	}
}

static uint64_t *mmio_word(struct afu *afu, const struct psl_ha *ha)
{
	uint32_t size = ha->mmcfg ? AFU_DESCRIPTOR : AFU_REGISTERS;
	uint64_t *words = ha->mmcfg ? afu->descriptor : afu->registers;

	return &words[ha->mmad * 4 % size / 8];
}

static void take_mmio(struct afu *afu, const struct psl_ha *ha)
{
	unsigned int shift = ha->mmad & 1 ? 0 : 32;
	uint64_t mask, *word;

	if (!ha->mmval)
		return;
	word = mmio_word(afu, ha);
	mask = ha->mmdw ? UINT64_MAX : (uint64_t)UINT32_MAX << shift;
	afu->wrong += ha->mmadpar != parity(ha->mmad);
	afu->wrong += ha->mmdatapar != parity(ha->mmdata);
	if (!ha->mmrnw)
		*word = (*word & ~mask) | (ha->mmdata & mask);
	afu->mmio_data = *word;
	if (!ha->mmdw)
		afu->mmio_data = (*word >> shift & UINT32_MAX) * 0x100000001ULL;
	if (!ha->mmdw && afu->halves_differ)
		afu->mmio_data ^= 1ULL << 40;
	afu->mmio_in = afu->mmio_cycles;
}

static void drive_mmio(struct afu *afu)
{
	struct psl_ah *ah = &afu->ah;

	ah->mmack = expired(&afu->mmio_in);
	ah->mmdata = afu->mmio_data;
	ah->mmdatapar = parity(ah->mmdata) ^ afu->wrong_parity;
}

/* The parity of a beat comes a cycle later. */
static void take_delivery(struct afu *afu, const struct psl_ha *ha)
{
	struct afu_tag *tag = &afu->tags[ha->bwtag];

	if (afu->had_beat)
		afu->wrong += ha->bwpar != afu->had_parity;
	afu->had_beat = ha->bwvalid;
	if (!ha->bwvalid)
		return;
	afu->had_parity = beat_parity(ha->bwdata);
	afu->wrong += ha->bwtagpar != parity(ha->bwtag);
	memcpy(tag->line + (ha->bwad & 1) * PSL_BEAT, ha->bwdata, PSL_BEAT);
	tag->deliveries++;
	tag->delivered_at = afu->cycle;
}

/* Data come brlat + 1 cycles after the request. */
static void take_fetch(struct afu *afu, const struct psl_ha *ha)
{
	struct afu_tag *tag = &afu->tags[ha->brtag];
	unsigned int at = (afu->cycle + afu->brlat + 1) % 32;

	if (!ha->brvalid)
		return;
	afu->wrong += ha->brtagpar != parity(ha->brtag);
	tag->fetches++;
	afu->beats[at].valid = true;
	memcpy(afu->beats[at].data, tag->line + (ha->brad & 1) * PSL_BEAT,
	       PSL_BEAT);
	afu->beats[at].parity = beat_parity(afu->beats[at].data) ^
				afu->wrong_parity;
}

static void drive_beat(struct afu *afu)
{
	unsigned int at = afu->cycle % 32;
	struct psl_ah *ah = &afu->ah;

	ah->brpar = afu->late_parity ? afu->last_parity : 0;
	memset(ah->brdata, 0xee, sizeof(ah->brdata));
	if (!afu->beats[at].valid)
		return;
	afu->beats[at].valid = false;
	memcpy(ah->brdata, afu->beats[at].data, PSL_BEAT);
	if (!afu->late_parity)
		ah->brpar = afu->beats[at].parity;
	afu->last_parity = afu->beats[at].parity;
}

static void take_response(struct afu *afu, const struct psl_ha *ha)
{
	struct afu_tag *tag = &afu->tags[ha->rtag];

	if (!ha->rvalid)
		return;
	afu->wrong += ha->rtagpar != parity(ha->rtag);
	tag->response = ha->response;
	tag->credits = ha->rcredits;
	tag->order = afu->responses++;
	tag->responses++;
	tag->responded_at = afu->cycle;
}

void afu_clock(struct afu *afu, const struct psl_ha *ha)
{
	afu->cycle++;
	drive_job(afu);
	drive_mmio(afu);
	drive_beat(afu);
	drive_command(afu);
	take_job(afu, ha);
	take_mmio(afu, ha);
	take_fetch(afu, ha);
	take_delivery(afu, ha);
	take_response(afu, ha);
}
