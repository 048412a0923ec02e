// SPDX-License-Identifier: GPL-2.0-only
/*
 * A simulator that simulates no hardware: its AFU plays scripts (script.h).
 *
 *	psl-simulator [PORT]
 */
#include <err.h>
#include <stdlib.h>

#include "driver.h"
#include "player.h"

static void clock_player(void *afu, const struct psl_ha *ha)
{
	struct player *player = afu;

	player_clock(player, ha);
	if (player->afu.wrong)
		errx(1, "wrong parity from the PSL");
}

int main(int argc, char **argv)
{
	static struct player player;

	player_init(&player);
	driver_run(argc > 1 ? atoi(argv[1]) : 0, &player.afu.ah, clock_player,
		   &player);
}
