// SPDX-License-Identifier: GPL-2.0-only
/* Modules come and go, and nothing is left behind. */
#include "tap.h"
#include "lib/all_modules.h"
#include "lib/inventory.h"

#define CYCLES		100
#define WARM_UP		10

static void reload(unsigned int times)
{
	while (times--) {
		load_all();
		use_the_card();
		unload_all();
	}
}

static void reloading_often_leaves_nothing(void)
{
	static struct inventory before;
	unsigned int cycles = tap_rounds(CYCLES, 8);

	unload_all();
	reload(WARM_UP);
	check_all_gone();
	inventory_take(&before);
	reload(cycles);
	check_all_gone();
	inventory_check(&before, cycles);
}

static const struct tap_test tests[] = {
	{ "lifecycle.reloading_often_leaves_nothing",
	  reloading_often_leaves_nothing, load_all, 280 },
};

TAP_MAIN(tests)
