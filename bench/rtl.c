// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU of examples/rtl, built by Verilator: what it costs to copy a line of 128
 * bytes, with the AFU in the PSL's process or at the other end of a socket.
 *
 * The card "rtl" of bench/guest.sh is afu3.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lib/cxl_test.h"
#include "lib/rtl_test.h"

#define LENGTH		(1024 * 1024)
#define BY_SOCKET	(128 * 1024)
#define MIB		(1024.0 * 1024)

#define IN_PROCESS	"/tests/lib/afu-copycrc"
#define SIMULATOR	"/tests/lib/rtl-simulator"
#define CLIENT		"afu3.0d"
#define NODE		"/dev/cxl-sim/rtl.afu0"

/**
 * struct kind - one way to copy
 * @name: part of the names of its rows
 * @length: bytes to copy
 * @there: the destination already has pages
 */
struct kind {
	const char *name;
	size_t length;
	bool there;
};

static const struct kind in_process = { "rtl", LENGTH, true };
static const struct kind fresh = { "rtl_fresh", LENGTH, false };
static const struct kind by_socket = { "rtl_socket", BY_SOCKET, true };

static void report(const struct kind *kind, const char *before,
		   const char *after, double value)
{
	char name[48];

	snprintf(name, sizeof(name), "%s%s%s", before, kind->name, after);
	bench_value(name, value, 1);
}

/* On a busy machine, a copy may take longer than a test would wait. */
static void await_end(struct transfer *t)
{
	__u64 status = 0;
	int tries;

	for (tries = 0; tries < 10 && !status; tries++)
		status = transfer_wait(t);
	bench_require(status == COPYCRC_OVER, "the copy");
}

/* With a clock that counts instructions, a nanosecond is an instruction. */
static void copy(const struct kind *kind, bool count)
{
	size_t lines = kind->length / COPYCRC_LINE;
	struct transfer t;
	__u64 ns;

	transfer_make(&t, kind->length);
	if (kind->there)
		memset(t.destination, 0xff, t.length);
	t.fd = node_open_ok(CLIENT);
	ns = bench_now();
	transfer_attach(t.fd, (uintptr_t)t.work);
	await_end(&t);
	ns = bench_now() - ns;
	bench_require(!memcmp(t.source, t.destination, t.length), "copied otherwise");
	if (count) {
		report(kind, "", "_line", (double)ns / lines);
		report(kind, "", "_cycles_per_line",
		       (double)be64toh(t.work->cycles) / lines);
	} else {
		report(kind, "copy_", "_mib_s", t.length / MIB / (ns / 1e9));
	}
	transfer_free(&t);
}

/* Wait for the AFU, so that no copy has to. */
static void await_afu(void)
{
	struct transfer t;

	transfer_make(&t, COPYCRC_LINE);
	t.fd = node_open_ok(CLIENT);
	transfer_attach(t.fd, (uintptr_t)t.work);
	await_end(&t);
	transfer_free(&t);
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	bench_require(pid >= 0, "fork");
	if (pid)
		return pid;
	execvp(argv[0], (char **)argv);
	_exit(127);
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void copy_in_process(bool count)
{
	static const char *const argv[] = {
		IN_PROCESS, "+psl-node=" NODE, NULL,
	};
	pid_t pid = start(argv);

	await_afu();
	copy(&in_process, count);
	copy(&fresh, count);
	end(pid);
}

/* The two take turns: on one CPU, neither waits for another CPU to wake up. */
static void stay_on_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	bench_require(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

/* The simulator prints where it waits, and ends with the connection. */
static void copy_by_socket(bool count)
{
	char address[32];
	const char *const argv[] = {
		"afu-psl", "--node", NODE, "--simulator", address, NULL,
	};
	FILE *simulator;
	cpu_set_t cpus;
	int port;
	pid_t pid;

	bench_require(!sched_getaffinity(0, sizeof(cpus), &cpus), "sched_getaffinity");
	stay_on_one_cpu();
	simulator = popen(SIMULATOR, "r");
	bench_require(simulator && fscanf(simulator, "%*[^:]:%d", &port) == 1, SIMULATOR);
	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	pid = start(argv);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	await_afu();
	copy(&by_socket, count);
	end(pid);
	pclose(simulator);
}

static void copies(bool count)
{
	if (access(IN_PROCESS, X_OK) || access(SIMULATOR, X_OK)) {
		bench_skip("rtl", "made without Verilator");
		return;
	}
	copy_in_process(count);
	copy_by_socket(count);
}

void bench_rtl(void)
{
	copies(true);
}

void bench_rtl_copy(void)
{
	copies(false);
}
