// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU that misbehaves on command, to see how programs cope with that. The
 * work element descriptor is the command, a number from the table below:
 *
 *	misbehave /dev/cxl-sim/mine.afu0
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <afu.h>
#include <misc/cxl-sim.h>

#define LATE_MS		300
#define WHILE_MS	100
#define NO_INTERRUPT	9999

static void behave(struct afu_context *ctx)
{
	(void)ctx;
}

/*
 * While the program that attaches waits
 */

static void answer_late(struct afu_context *ctx)
{
	(void)ctx;
	usleep(LATE_MS * 1000);
}

static void stall(struct afu_context *ctx)
{
	(void)ctx;
	for (;;)
		pause();
}

/*
 * A while after it has attached
 */

static void die(struct afu_context *ctx)
{
	(void)ctx;
	raise(SIGKILL);
}

static void leave(struct afu_context *ctx)
{
	(void)ctx;
	exit(0);
}

static void stop(struct afu_context *ctx)
{
	(void)ctx;
	kill(getpid(), SIGSTOP);
}

/* The kernel's answer does not matter: the AFU has failed by then. */
static void send(struct afu_context *ctx, const void *data, size_t size)
{
	if (write(afu_fd(afu_context_afu(ctx)), data, size) < 0)
		perror("misbehave");
}

static void send_garbage(struct afu_context *ctx)
{
	static const char garbage[] = "This is no request.";

	send(ctx, garbage, sizeof(garbage));
}

static void send_wrong_id(struct afu_context *ctx)
{
	const struct cxl_sim_request wrong = {
		.type = CXL_SIM_INTERRUPT,
		.pe = afu_context_pe(ctx),
		.id = UINT64_MAX,
		.number = 1,
	};

	send(ctx, &wrong, sizeof(wrong));
}

static void raise_wrong_interrupt(struct afu_context *ctx)
{
	if (afu_interrupt(ctx, NO_INTERRUPT))
		perror("misbehave");
}

static void access_wrong_address(struct afu_context *ctx)
{
	char byte;

	if (afu_load(ctx, 0, &byte, 1))
		perror("misbehave");
}

/* Commands by their numbers; the first ones run before the AFU answers. */
static const struct {
	const char *name;
	void (*run)(struct afu_context *ctx);
} commands[] = {
	{ "behave", behave },
	{ "answer late", answer_late },
	{ "stall", stall },
	{ "die", die },
	{ "leave", leave },
	{ "be stopped", stop },
	{ "send garbage", send_garbage },
	{ "send a wrong id", send_wrong_id },
	{ "raise an interrupt that there is not", raise_wrong_interrupt },
	{ "access an address that there is not", access_wrong_address },
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define COMMANDS	ARRAY_SIZE(commands)
#define FIRST_ATTACHED	3

static int attach(struct afu_context *ctx)
{
	uint64_t command = afu_context_wed(ctx);

	if (command >= COMMANDS)
		return -1;
	if (command < FIRST_ATTACHED)
		commands[command].run(ctx);
	return 0;
}

/* The interrupt shows the program that the AFU is alive. */
static long work(struct afu_context *ctx)
{
	uint64_t command = afu_context_wed(ctx);

	if (command >= FIRST_ATTACHED) {
		usleep(WHILE_MS * 1000);
		commands[command].run(ctx);
	}
	afu_interrupt(ctx, 1);
	return -1;
}

static const struct afu_ops ops = { .attach = attach, .work = work };

static int print_usage(void)
{
	size_t i;

	fprintf(stderr, "usage: misbehave NODE\nwork element descriptors:\n");
	for (i = 0; i < COMMANDS; i++)
		fprintf(stderr, "  %zu  %s\n", i, commands[i].name);
	return 2;
}

int main(int argc, char **argv)
{
	struct afu *afu;

	if (argc != 2)
		return print_usage();
	afu = afu_open(argv[1], &ops, NULL);
	if (afu)
		while (afu_handle(afu, -1) >= 0)
			continue;
	perror("misbehave");
	afu_close(afu);
	return 1;
}
