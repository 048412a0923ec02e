// SPDX-License-Identifier: GPL-2.0-only
/*
 * A simulator at the other end of a socket: its AFU plays a script, with the same
 * result as an AFU that is connected by signals.
 */
#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"
#include "player.h"
#include "simulator.h"
#include "tap.h"

#define SCRIPT		0x10000		/* address of the script */
#define DATA		0x2000
#define LIMIT		20000

/* The end of the script is the end of the simulation. */
static bool is_over(const struct bench *bench)
{
	return bench->interrupts[1];
}

static struct script_entry *entry(struct bench *bench, unsigned int n)
{
	return (struct script_entry *)(bench->memory + SCRIPT) + n;
}

static void add(struct bench *bench, unsigned int *n, uint16_t code,
		uint64_t ea, uint16_t size)
{
	struct script_entry *e = entry(bench, (*n)++);

	memset(e, 0, sizeof(*e));
	e->code = htobe16(code);
	e->ea = htobe64(ea);
	e->size = htobe16(size);
	memset(e->data, *n, sizeof(e->data));
}

static const struct {
	uint16_t code;
	uint16_t size;
	uint64_t ea;
	uint8_t response;
} steps[] = {
	{ PSL_READ_CL_NA, 128, DATA, PSL_DONE },
	{ PSL_READ_CL_S, 128, DATA, PSL_DONE },
	{ PSL_READ_CL_M, 128, DATA, PSL_DONE },
	{ PSL_READ_PNA, 4, DATA + 124, PSL_DONE },
	{ PSL_READ_PE, 128, 0, PSL_DONE },
	{ PSL_TOUCH_I, 128, DATA, PSL_DONE },
	{ PSL_TOUCH_S, 128, DATA, PSL_DONE },
	{ PSL_TOUCH_M, 128, DATA, PSL_DONE },
	{ PSL_WRITE_NA, 128, DATA, PSL_DONE },
	{ PSL_WRITE_INJ, 64, DATA + 64, PSL_DONE },
	{ PSL_WRITE_MI, 8, DATA + 8, PSL_DONE },
	{ PSL_WRITE_MS, 1, DATA + 3, PSL_DONE },
	{ PSL_ZERO_M, 128, DATA + 128, PSL_DONE },
	{ PSL_PUSH_I, 128, DATA, PSL_DONE },
	{ PSL_PUSH_S, 128, DATA, PSL_DONE },
	{ PSL_EVICT_I, 128, DATA, PSL_DONE },
	{ PSL_FLUSH, 128, DATA, PSL_DONE },
	{ PSL_READ_CL_LCK, 128, DATA, PSL_DONE },
	{ PSL_LOCK, 128, DATA + 128, PSL_NLOCK },
	{ PSL_WRITE_UNLOCK, 128, DATA, PSL_DONE },
	{ PSL_LOCK, 128, DATA + 128, PSL_DONE },
	{ PSL_UNLOCK, 128, DATA + 128, PSL_DONE },
	{ PSL_READ_CL_RES, 128, DATA, PSL_DONE },
	{ PSL_WRITE_C, 128, DATA, PSL_DONE },
	{ PSL_WRITE_C, 128, DATA, PSL_NRES },
	{ PSL_CAS_E_4B, 8, DATA, PSL_COMP_NEQ },
	{ PSL_CAS_NE_4B, 8, DATA, PSL_COMP_NEQ },
	{ PSL_CAS_U_4B, 8, DATA, PSL_COMP_NEQ },
	{ PSL_CAS_E_8B, 16, DATA + 16, PSL_COMP_NEQ },
	{ PSL_CAS_NE_8B, 16, DATA + 16, PSL_COMP_NEQ },
	{ PSL_CAS_U_8B, 16, DATA + 24, PSL_COMP_NEQ },
	{ PSL_CAS_U_8B, 16, DATA + 20, PSL_CAS_INV },
	{ PSL_INTREQ, 0, 2, PSL_DONE },
	{ PSL_INTREQ, 0, 9, PSL_FAILED },
	{ PSL_READ_PNA, 3, DATA, PSL_FAILED },
	{ PSL_READ_CL_NA, 128, 1ULL << 40, PSL_AERROR },
	{ PSL_WRITE_NA, 128, 0x3f000, PSL_DERROR },
	{ PSL_RESTART, 0, 0, PSL_DONE },
};

static void prepare(struct bench *bench)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		add(bench, &n, steps[i].code, steps[i].ea, steps[i].size);
	add(bench, &n, SCRIPT_COPY, 0x20000, 0);
	entry(bench, n - 1)->to = htobe64(0x30000);
	entry(bench, n - 1)->count = htobe32(50);
	add(bench, &n, SCRIPT_END, 0, 1);
	bench->access_error[0x3f] = ENOMEM;
	psl_set_mode(bench->psl, CXL_MODE_DIRECTED);
}

static void check_script(struct bench *bench)
{
	struct script_entry *e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		e = entry(bench, i);
		check(e->done && e->response == steps[i].response,
		      "%u: command 0x%04x: response %u, not %u", i,
		      steps[i].code, e->response, steps[i].response);
	}
	e = entry(bench, i);
	check_eq(be32toh(e->counted), 50);
	check_mem_eq(bench->memory + 0x30000, bench->memory + 0x20000,
		     50 * 128);
	check_eq(bench->interrupts[2], 1);
}

/* Run the script in this process, with signals. */
static void run_signals(struct bench *bench)
{
	static struct player player;
	unsigned int left = LIMIT;
	struct psl_ha ha;

	player_init(&player);
	prepare(bench);
	while (!is_over(bench) && left--) {
		if (psl_descriptor(bench->psl) && psl_is_idle(bench->psl))
			psl_attach(bench->psl, 5, SCRIPT);
		psl_clock(bench->psl, &player.afu.ah, &ha);
		player_clock(&player, &ha);
	}
	check(is_over(bench));
	check_eq(player.afu.wrong, 0);
}

static pid_t simulator;

static void end_simulator(void)
{
	if (simulator > 0)
		kill(simulator, SIGKILL);
	simulator = 0;
}

/* Start the simulator; @address is set to the one that it prints. */
static void start_simulator(char *address, size_t size)
{
	char line[128], *port;
	int fds[2];
	FILE *out;

	require_ok(pipe(fds));
	simulator = require_ok(fork());
	if (!simulator) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(SIMULATOR, SIMULATOR, NULL);
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	require(out && fgets(line, sizeof(line), out));
	port = strrchr(line, ':');
	require(port, "%s", line);
	snprintf(address, size, "127.0.0.1%.*s", (int)strcspn(port, "\n"),
		 port);
	fclose(out);
}

static void run_socket(struct bench *bench)
{
	struct simulator simulator = { .end_fd = -1 };
	unsigned int left = LIMIT;
	char address[64];

	start_simulator(address, sizeof(address));
	require(simulator_open(&simulator, address));
	prepare(bench);
	while (!is_over(bench) && left--) {
		if (psl_descriptor(bench->psl) && psl_is_idle(bench->psl))
			psl_attach(bench->psl, 5, SCRIPT);
		require(simulator_clock(&simulator, bench->psl));
	}
	check(is_over(bench));
	simulator_close(&simulator);
	end_simulator();
}

static void every_command_by_signals(void)
{
	struct bench *bench = bench_start(NULL);

	run_signals(bench);
	check_script(bench);
	bench_end(bench);
}

static void every_command_by_the_socket(void)
{
	struct bench *bench = bench_start(NULL);

	run_socket(bench);
	check_script(bench);
	bench_end(bench);
}

static void memory_is_the_same(void)
{
	struct bench *signals = bench_start(NULL);
	struct bench *socket = bench_start(NULL);

	run_signals(signals);
	run_socket(socket);
	check_mem_eq(signals->memory, socket->memory, sizeof(socket->memory));
	bench_end(signals);
	bench_end(socket);
}

static void any_disorder(void)
{
	struct psl_options options = {
		.disorder = {
			.seed = 3,
			.delay = 50,
			.reorder = 50,
			.bogus = 50,
		},
	};
	struct bench *bench = bench_start(&options);

	run_socket(bench);
	check_script(bench);
	bench_end(bench);
}

static void messages_to_the_simulator(void)
{
	static const uint8_t expected[] = {
		0x7e,				/* all but a line */
		0x40,				/* room */
		0x90, 1, 2, 3, 4, 5, 6, 7, 8, 0x1, /* job: EA of 13 ones */
		0x17, 0x12, 0x34, 0x56, 0xff, 0, 0, 0, 0, 0, 0, 0x81,
		0x42, 1, 0x0a, 0, 1, 0xff,	/* response, -1 credits */
		0x07, 0, 0x80,			/* fetch */
	};
	struct psl_to_afu out = {
		.room = 64,
		.job = true,
		.job_code = PSL_JOB_START,
		.job_ea = 0x0102030405060708ULL,
		.mmio = true,
		.mmio_config = true,
		.mmio_read = true,
		.mmio_double = true,
		.mmio_address = 0x123456,
		.mmio_data = 0xff00000000000081ULL,
		.response = true,
		.response_tag = 0x42,
		.response_code = PSL_PAGED,
		.response_credits = 0x1ff,
		.fetch = true,
		.fetch_tag = 7,
	};
	uint8_t message[TO_MAX], room = 0;
	size_t size = message_write(message, &out, &room);

	check_eq(size, sizeof(expected));
	check_mem_eq(message, expected, sizeof(expected));
	memset(&out, 0, sizeof(out));
	out.room = 64;
	check_eq(message_write(message, &out, &room), 1);
	check_eq(message[0], 0x40);
	out.line.valid = true;
	out.line.tag = 3;
	out.line.data[0] = 0xaa;
	out.line.data[127] = 0xbb;
	out.line.parity = 0x8001;
	check_eq(message_write(message, &out, &room), 134);
	check_eq(message[0], 0x41);
	check_eq(message[1], 3);
	check_eq(message[2], 1);
	check_eq(message[3], 0x80);
	check_eq(message[4], 0xaa);
	check_eq(message[131], 0xbb);
	check_eq(message[132], 0x80);
	check_eq(message[133], 0x01);
}

static void answers_of_the_simulator(void)
{
	uint8_t answer[FROM_MAX] = {
		0x1d,
		0x33, 0, 0, 0, 0, 0, 0, 0, 9, 0x0b,
		1, 2, 3, 4, 5, 6, 7, 8, 1,
		0x55, 0x4d, 0x60, 0x50, 0x80, 8, 7, 6, 5, 4, 3, 2, 1, 0, 6,
	};
	struct psl_from_afu in = { 0 };

	check_eq(answer_size(answer[0]), 35);
	answer_read(answer, &in);
	check_eq(in.brlat, 3);
	check(in.running && in.done && in.cack && !in.yield && in.tbreq &&
	      in.paren);
	check_eq(in.error, 9);
	check(in.mmio_ack && in.mmio_parity);
	check_eq(in.mmio_data, 0x0102030405060708ULL);
	check(in.command.valid);
	check_eq(in.command.tag, 0x55);
	check_eq(in.command.abort, 2);
	check_eq(in.command.code, 0xd60);
	check(in.command.tag_parity && !in.command.code_parity &&
	      in.command.ea_parity);
	check_eq(in.command.size, 0x80);
	check_eq(in.command.ea, 0x0807060504030201ULL);
	check_eq(in.command.handle, 6);
	/* Levels stay, the rest is over. */
	answer[0] = 0x10;
	answer_read(answer, &in);
	check(in.running && in.done && !in.mmio_ack && !in.command.valid);
	check_eq(answer_size(0x12), 131);
	check_eq(answer_size(0x00), 0);
	check_eq(answer_size(0x40), 0);
	check_eq(answer_size(0x91), 0);
}

static void greetings(void)
{
	uint8_t greeting[GREETING_SIZE];
	static const uint8_t expected[GREETING_SIZE] = {
		'P', 'S', 'L', 0, 0, 0, 0, 0, 0, 0, 0x26, 0xb4, 0, 0, 0, 1,
	};

	greeting_write(greeting);
	check_mem_eq(greeting, expected, sizeof(expected));
	check(!greeting_check(greeting));
	greeting[7] = 2;
	check_str_eq(greeting_check(greeting),
		     "its afu_driver is not built for PSL8");
	greeting[0] = 'X';
	check_str_eq(greeting_check(greeting),
		     "it is no simulator with an afu_driver");
}

static void simulator_that_dies(void)
{
	struct bench *bench = bench_start(NULL);
	struct simulator connection = { .end_fd = -1 };
	unsigned int left = LIMIT;
	char address[64];
	bool ok = true;

	start_simulator(address, sizeof(address));
	require(simulator_open(&connection, address));
	end_simulator();
	while (ok && left--)
		ok = simulator_clock(&connection, bench->psl);
	check(!ok);
	simulator_close(&connection);
	bench_end(bench);
}

static void bad_addresses(void)
{
	static const char *const addresses[] = {
		"", "127.0.0.1", ":1", "127.0.0.1:", "127.0.0.1:1", "[::1]:1",
	};
	struct simulator connection = { .end_fd = -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		check(!simulator_open(&connection, addresses[i]));
}

#define TEST(name) { "psl_socket." #name, name, end_simulator }

static const struct tap_test tests[] = {
	TEST(messages_to_the_simulator),
	TEST(answers_of_the_simulator),
	TEST(greetings),
	TEST(every_command_by_signals),
	TEST(every_command_by_the_socket),
	TEST(memory_is_the_same),
	TEST(any_disorder),
	TEST(simulator_that_dies),
	TEST(bad_addresses),
};

TAP_MAIN(tests)
