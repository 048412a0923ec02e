// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU of examples/rtl copies memory through libpsl on the machine itself, without
 * a card or a guest: this is what a PSL and a simulator can do by themselves.
 *
 *	rtl-machine RTL-SIMULATOR
 *
 * The rows are like those of bench/bench.h: in the simulator's process, and through
 * a socket with RTL-SIMULATOR at the other end.
 */
#include <Vafu.h>
#include <verilated.h>

#include <endian.h>
#include <err.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <misc/cxl.h>

#include "psl_verilator.hpp"

extern "C" {
#include "copycrc.h"
#include "simulator.h"
}

#define IN_PROCESS	(16 * 1024 * 1024)	/* bytes to copy */
#define BY_SOCKET	(1024 * 1024)
#define MIB		(1024.0 * 1024)
#define PAGE		4096

namespace {

/* A host that accesses this process's own memory */
struct Host {
	struct psl *psl;
	bool interrupted;
};

void access_memory(void *data, struct psl_access *access)
{
	Host *host = static_cast<Host *>(data);
	void *memory = reinterpret_cast<void *>(access->ea);

	if (access->type == PSL_ACCESS_LOAD)
		std::memcpy(access->data, memory, access->size);
	else if (access->type == PSL_ACCESS_STORE)
		std::memcpy(memory, access->data, access->size);
	psl_access_done(host->psl, access, 0);
}

void poll(void *)
{
}

bool interrupt(void *data, uint16_t, uint32_t)
{
	static_cast<Host *>(data)->interrupted = true;
	return true;
}

void error(void *, uint16_t, uint64_t value)
{
	errx(1, "AFU error 0x%llx", static_cast<unsigned long long>(value));
}

void report(void *, const char *text)
{
	errx(1, "%s", text);
}

const struct psl_host_ops ops = { access_memory, poll, interrupt, error, NULL, report };

double now()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

unsigned char *pages(size_t size, int value)
{
	void *memory = std::aligned_alloc(PAGE, size);

	if (!memory)
		errx(1, "out of memory");
	std::memset(memory, value, size);
	return static_cast<unsigned char *>(memory);
}

/* Copy @size bytes; @clock is one clock of the PSL and the AFU. */
template <class Clock>
void copy(const char *name, Host &host, size_t size, Clock clock)
{
	auto work = reinterpret_cast<struct copycrc_descriptor *>(pages(PAGE, 0));
	unsigned char *from = pages(size, 0), *to = pages(size, 0xff);
	double begin;

	for (size_t i = 0; i < size; i++)
		from[i] = i * 7 ^ i >> 8;
	work->source = htobe64(reinterpret_cast<uintptr_t>(from));
	work->destination = htobe64(reinterpret_cast<uintptr_t>(to));
	work->length = htobe64(size);
	work->control = htobe64(COPYCRC_RAISE);
	psl_set_mode(host.psl, CXL_MODE_DEDICATED);
	while (!psl_is_idle(host.psl))
		clock();

	begin = now();
	if (psl_attach(host.psl, 0, reinterpret_cast<uintptr_t>(work)))
		err(1, "psl_attach");
	while (!host.interrupted)
		clock();
	std::printf("row copy_rtl_%s_mib_s %.2f 1\n", name, size / MIB / (now() - begin));
	std::printf("row rtl_%s_cycles_per_line %.2f 1\n", name,
		    static_cast<double>(be64toh(work->cycles)) / (size / COPYCRC_LINE));
	if (be64toh(work->status) != COPYCRC_OVER || std::memcmp(from, to, size))
		errx(1, "%s: not copied", name);
	std::free(work);
	std::free(from);
	std::free(to);
}

void copy_in_process()
{
	Host host = {};
	struct psl_ah ah = {};
	struct psl_ha ha = {};
	Vafu afu;

	host.psl = psl_create(NULL, &ops, &host);
	if (!host.psl)
		err(1, "psl_create");
	psl_drive(afu, &ha);
	afu.eval();
	copy("machine", host, IN_PROCESS, [&] {
		psl_sample(afu, &ah);
		psl_clock(host.psl, &ah, &ha);
		afu.ha_pclock = 1;
		afu.eval();
		psl_drive(afu, &ha);
		afu.ha_pclock = 0;
		afu.eval();
	});
	psl_destroy(host.psl);
}

/* The simulator prints where it waits, and ends with the connection. */
void copy_by_socket(const char *program)
{
	FILE *out = popen(program, "r");
	struct simulator simulator = {};
	char address[32];
	Host host = {};
	int port;

	if (!out || std::fscanf(out, "%*[^:]:%d", &port) != 1)
		errx(1, "%s does not say where it waits", program);
	std::snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	simulator.end_fd = -1;
	host.psl = psl_create(NULL, &ops, &host);
	if (!host.psl)
		err(1, "psl_create");
	if (!simulator_open(&simulator, address))
		std::exit(1);
	copy("machine_socket", host, BY_SOCKET, [&] {
		if (!simulator_clock(&simulator, host.psl))
			std::exit(1);
	});
	simulator_close(&simulator);
	psl_destroy(host.psl);
	pclose(out);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2) {
		std::fprintf(stderr, "usage: rtl-machine RTL-SIMULATOR\n");
		return 2;
	}
	copy_in_process();
	copy_by_socket(argv[1]);
}
