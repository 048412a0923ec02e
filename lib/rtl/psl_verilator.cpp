// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The main program of an AFU built by Verilator, as the AFU of a software card.
 *
 *	verilator --cc --exe --build --trace-fst --top-module afu --prefix Vafu \
 *		-o my-afu *.v psl_verilator.cpp -LDFLAGS '-lpsl -lafu'
 *	./my-afu +psl-card=mine
 *
 * The arguments are those of <psl_card.h>, and
 *
 *	+waves=FILE		write all signals to FILE (FST), if it was built with
 *				--trace-fst
 *	+waves-cycles=N	only those of the first N cycles
 */
#include <Vafu.h>
#include <psl_card.h>
#include <verilated.h>

#if VM_TRACE_FST
#include <verilated_fst_c.h>
#endif

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "psl_verilator.hpp"

#define HALF_CYCLE_NS	2	/* 250 MHz */

namespace {

/* argument() - the value of an argument +NAME=VALUE, or NULL */
const char *argument(int argc, char **argv, const char *name)
{
	size_t length = std::strlen(name);

	for (int i = 1; i < argc; i++)
		if (!std::strncmp(argv[i], name, length))
			return argv[i] + length;
	return NULL;
}

/* The file of all signals, if one is wanted */
class Waves {
public:
	Waves(Vafu &afu, int argc, char **argv)
	{
		const char *path = argument(argc, argv, "+waves=");
		const char *cycles = argument(argc, argv, "+waves-cycles=");

		if (cycles)
			end_ns_ = std::strtoull(cycles, NULL, 0) * 2 * HALF_CYCLE_NS;
		if (path)
			open(afu, path);
	}

	bool failed() const
	{
		return failed_;
	}

#if VM_TRACE_FST
	~Waves()
	{
		close();
	}

	void dump(uint64_t ns)
	{
		if (!file_)
			return;
		file_->dump(ns);
		if (ns >= end_ns_)
			close();
	}

private:
	void open(Vafu &afu, const char *path)
	{
		afu.contextp()->traceEverOn(true);
		file_.reset(new VerilatedFstC);
		afu.trace(file_.get(), 99);
		file_->open(path);
		if (file_->isOpen())
			return;
		std::perror(path);
		failed_ = true;
	}

	void close()
	{
		if (file_)
			file_->close();
		file_.reset();
	}

	std::unique_ptr<VerilatedFstC> file_;
#else
	void dump(uint64_t)
	{
	}

private:
	void open(Vafu &, const char *)
	{
		std::fputs("+waves: this was made without --trace-fst\n", stderr);
		failed_ = true;
	}
#endif

	uint64_t end_ns_ = UINT64_MAX;
	bool failed_ = false;
};

void run(VerilatedContext &context, Vafu &afu, struct psl_card *card, Waves &waves)
{
	struct psl_ah ah = {};
	struct psl_ha ha = {};

	psl_drive(afu, &ha);
	afu.eval();
	while (!context.gotFinish()) {
		psl_sample(afu, &ah);
		if (!psl_card_clock(card, &ah, &ha))
			break;
		/* At this edge the AFU sees what the PSL drove before it. */
		afu.ha_pclock = 1;
		afu.eval();
		psl_drive(afu, &ha);
		waves.dump(context.time());
		context.timeInc(HALF_CYCLE_NS);
		afu.ha_pclock = 0;
		afu.eval();
		waves.dump(context.time());
		context.timeInc(HALF_CYCLE_NS);
	}
	afu.final();
}

} // namespace

int main(int argc, char **argv)
{
	VerilatedContext context;
	struct psl_card *card;
	struct psl *psl;
	bool failed;

	context.commandArgs(argc, argv);

	Vafu afu(&context, "");
	Waves waves(afu, argc, argv);

	if (waves.failed())
		return 1;
	card = psl_card_open(argc, argv);
	if (!card)
		return 1;
	run(context, afu, card, waves);
	psl = psl_card_psl(card);
	std::fprintf(stderr, "%" PRIu64 " cycles, %" PRIu64 " rules broken\n", psl_cycles(psl),
		     psl_rules_broken(psl));
	failed = psl_card_failed(card);
	psl_card_close(card);
	return failed;
}
