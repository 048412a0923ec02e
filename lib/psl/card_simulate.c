// SPDX-License-Identifier: LGPL-2.1-or-later
/* A card whose AFU is in a simulator at the other end of a socket */
#include "card.h"
#include "simulator.h"

int psl_card_simulate(struct psl_card *card, const char *address)
{
	struct simulator simulator = { .end_fd = card_end_fd() };
	bool ok = true;

	if (!simulator_open(&simulator, address))
		return simulator.ended ? 0 : -1;
	while (ok && card_goes_on(card))
		ok = simulator_clock(&simulator, card->psl);
	simulator_close(&simulator);
	/* A signal, between two clocks or within one, is a regular end. */
	return (ok || simulator.ended) && !psl_card_failed(card) ? 0 : -1;
}
