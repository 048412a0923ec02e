/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpsl: a PSL whose AFU is that of a software card of the cxl driver.
 *
 * For simulators: one call per clock, all else happens behind it.
 *
 *	struct psl_card *card = psl_card_open(argc, argv);
 *
 *	at each rising edge of ha_pclock:
 *		if (!psl_card_clock(card, &ah, &ha))
 *			end of the simulation
 *
 *	psl_card_close(card);
 *
 * When there is nothing to do psl_card_clock() waits for the card: time stands still
 * as long as nobody uses the AFU.
 */
#ifndef _PSL_CARD_H
#define _PSL_CARD_H

#include <psl.h>

#ifdef __cplusplus
extern "C" {
#endif

struct psl_card;

/**
 * psl_card_open() - be the AFU of a card
 * @argc: number of arguments
 * @argv: arguments; those that are not of these are ignored, so that a simulator
 *	can hand over its own
 *
 *	+psl-node=PATH		its node, /dev/cxl-sim/CARD.afuM
 *	+psl-card=NAME		or: make the card NAME by configfs, with the numbers of
 *				the AFU's descriptor, and remove it at the end
 *	+psl-credits=N		commands that the AFU may have at a time (64)
 *	+psl-seed=N		of the dice for the following
 *	+psl-delay=PERCENT	see struct psl_disorder
 *	+psl-reorder=PERCENT
 *	+psl-paged=PERCENT
 *	+psl-bogus=PERCENT
 *	+psl-idle=CYCLES	time stands still after so many in which neither side
 *				did anything while a job was running (100000; 0: never)
 *	+psl-cycles=CYCLES	end of the simulation after so many (0: never)
 *	+psl-prefix=NAME	what messages on stderr begin with (psl), from this
 *				argument on; @argv must stay valid
 *
 * From now on SIGINT, SIGTERM, SIGHUP and SIGPIPE end the simulation, so that the
 * card can be removed; but not those that the simulator handles or ignores.
 *
 * Return: the card, to be given back by psl_card_close(), or NULL; then stderr
 * says why, and errno is EINVAL if an option is wrong or missing.
 */
struct psl_card *psl_card_open(int argc, char **argv);

/*
 * It is the card's AFU no more; accesses to memory that are going on end. NULL is
 * nothing to close.
 */
void psl_card_close(struct psl_card *card);

/**
 * psl_card_clock() - one clock, see psl_clock()
 * @card: card
 * @ah: what the AFU drove just before the rising edge
 * @ha: set to what the PSL drives from then on
 *
 * Return: true; false at the end of the simulation: the card is gone, a signal has
 * asked for it, or it has lasted as long as it should.
 */
bool psl_card_clock(struct psl_card *card, const struct psl_ah *ah,
		    struct psl_ha *ha);

/**
 * psl_card_failed() - did the simulation end by a failure?
 * @card: card
 *
 * For the exit status, when psl_card_clock() has returned false.
 *
 * Return: true when the card could not be made, opened or talked to (stderr says
 * why); false when it is gone, or the simulation has ended otherwise.
 */
bool psl_card_failed(const struct psl_card *card);

/**
 * psl_card_simulate() - let a simulator at the other end of a socket be the AFU
 * @card: card
 * @address: HOST:PORT, where the simulator waits. Beside names of hosts,
 *	"[ADDRESS]:PORT"
 *
 * The simulator has the afu_driver of PSLSE in it, which says at its start where it
 * waits. Instead of psl_card_clock().
 *
 * Return: 0 at the end of the simulation, or -1; then stderr says why.
 */
int psl_card_simulate(struct psl_card *card, const char *address);

/* For what is beside the clock: psl_cycles(), psl_rules_broken() */
struct psl *psl_card_psl(struct psl_card *card);

#ifdef __cplusplus
}
#endif

#endif
