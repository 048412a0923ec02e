// SPDX-License-Identifier: GPL-2.0-only
/*
 * A simulator of an AFU built by Verilator, at the other end of a socket.
 *
 *	rtl-simulator [PORT]
 */
#include <Vafu.h>
#include <verilated.h>

#include <cstdlib>

#include "driver.h"
#include "psl_verilator.hpp"

namespace {

struct Simulator {
	Vafu afu;
	struct psl_ah ah = {};
};

/* The driver hands over what the AFU sees at the next edge. */
void clock_afu(void *data, const struct psl_ha *ha)
{
	Simulator *simulator = static_cast<Simulator *>(data);
	Vafu &afu = simulator->afu;

	afu.ha_pclock = 1;
	afu.eval();
	psl_drive(afu, ha);
	afu.ha_pclock = 0;
	afu.eval();
	psl_sample(afu, &simulator->ah);
}

} // namespace

int main(int argc, char **argv)
{
	static Simulator simulator;
	struct psl_ha ha = {};

	psl_drive(simulator.afu, &ha);
	simulator.afu.eval();
	psl_sample(simulator.afu, &simulator.ah);
	driver_run(argc > 1 ? std::atoi(argv[1]) : 0, &simulator.ah, clock_afu, &simulator);
}
