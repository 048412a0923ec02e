/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bus between a PSL of <psl.h> and an AFU that Verilator has turned into a C++
 * class. The class is a parameter: the AFU can be any whose ports have the names
 * and widths of a POWER8 PSL.
 *
 * Verilator keeps signals of up to 64 bits as numbers, wider ones as words of 32
 * bits, the least significant first. In brdata and bwdata, byte 0 is the most
 * significant one.
 */
#ifndef _PSL_VERILATOR_HPP
#define _PSL_VERILATOR_HPP

#include <endian.h>
#include <psl.h>

#include <cstddef>
#include <cstring>

#define PSL_BEAT_WORDS	(PSL_BEAT / 4)

template <class Words>
static inline void psl_beat_from_words(uint8_t *beat, const Words &words)
{
	for (size_t i = 0; i < PSL_BEAT_WORDS; i++) {
		uint32_t word = htobe32(words[PSL_BEAT_WORDS - 1 - i]);

		std::memcpy(beat + 4 * i, &word, 4);
	}
}

template <class Words>
static inline void psl_beat_to_words(Words &words, const uint8_t *beat)
{
	for (size_t i = 0; i < PSL_BEAT_WORDS; i++) {
		uint32_t word;

		std::memcpy(&word, beat + 4 * i, 4);
		words[PSL_BEAT_WORDS - 1 - i] = be32toh(word);
	}
}

/**
 * psl_sample() - sample what an AFU drives
 * @afu: the AFU, already evaluated
 * @ah: set to what it drives
 */
template <class Afu>
static inline void psl_sample(const Afu &afu, struct psl_ah *ah)
{
	ah->jrunning = afu.ah_jrunning;
	ah->jdone = afu.ah_jdone;
	ah->jcack = afu.ah_jcack;
	ah->jerror = afu.ah_jerror;
	ah->jyield = afu.ah_jyield;
	ah->tbreq = afu.ah_tbreq;
	ah->paren = afu.ah_paren;
	ah->cvalid = afu.ah_cvalid;
	ah->ctag = afu.ah_ctag;
	ah->ctagpar = afu.ah_ctagpar;
	ah->com = afu.ah_com;
	ah->compar = afu.ah_compar;
	ah->cabt = afu.ah_cabt;
	ah->cea = afu.ah_cea;
	ah->ceapar = afu.ah_ceapar;
	ah->cch = afu.ah_cch;
	ah->csize = afu.ah_csize;
	ah->brlat = afu.ah_brlat;
	psl_beat_from_words(ah->brdata, afu.ah_brdata);
	ah->brpar = afu.ah_brpar;
	ah->mmack = afu.ah_mmack;
	ah->mmdata = afu.ah_mmdata;
	ah->mmdatapar = afu.ah_mmdatapar;
}

/**
 * psl_drive() - drive what an AFU sees
 * @afu: the AFU, to be evaluated after this
 * @ha: what it sees
 */
template <class Afu>
static inline void psl_drive(Afu &afu, const struct psl_ha *ha)
{
	afu.ha_jval = ha->jval;
	afu.ha_jcom = ha->jcom;
	afu.ha_jcompar = ha->jcompar;
	afu.ha_jea = ha->jea;
	afu.ha_jeapar = ha->jeapar;
	afu.ha_croom = ha->croom;
	afu.ha_brvalid = ha->brvalid;
	afu.ha_brtag = ha->brtag;
	afu.ha_brtagpar = ha->brtagpar;
	afu.ha_brad = ha->brad;
	afu.ha_bwvalid = ha->bwvalid;
	afu.ha_bwtag = ha->bwtag;
	afu.ha_bwtagpar = ha->bwtagpar;
	afu.ha_bwad = ha->bwad;
	psl_beat_to_words(afu.ha_bwdata, ha->bwdata);
	afu.ha_bwpar = ha->bwpar;
	afu.ha_rvalid = ha->rvalid;
	afu.ha_rtag = ha->rtag;
	afu.ha_rtagpar = ha->rtagpar;
	afu.ha_response = ha->response;
	afu.ha_rcredits = ha->rcredits;
	afu.ha_rcachestate = ha->rcachestate;
	afu.ha_rcachepos = ha->rcachepos;
	afu.ha_mmval = ha->mmval;
	afu.ha_mmcfg = ha->mmcfg;
	afu.ha_mmrnw = ha->mmrnw;
	afu.ha_mmdw = ha->mmdw;
	afu.ha_mmad = ha->mmad;
	afu.ha_mmadpar = ha->mmadpar;
	afu.ha_mmdata = ha->mmdata;
	afu.ha_mmdatapar = ha->mmdatapar;
}

#endif
