// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures at each place in turn, as in fail.c, in what a program that is an AFU
 * makes the kernel do: its node, its requests, the memory of its contexts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"
#include "lib/model_test.h"

static struct sim_card card;
static struct model model;
static struct model_client client;
static int fd = -1;
static char here[256], there[256] __attribute__((aligned(8)));

static void nothing(void)
{
}

/*
 * The node
 */

static int call_open(void)
{
	fd = model_open(&card, O_NONBLOCK);
	return fd;
}

static void undo_open(void)
{
	check_ok(close(fd));
}

static void open_of_a_node(void)
{
	model_card_make(&card, NULL);
	check(fail_each(call_open, undo_open) > 0);
}

/* There is a message again. */
static void open_again(void)
{
	close(fd);
	require_ok(call_open());
}

static struct cxl_sim_message message;

/* A copy that fails is made again by the kernel: nothing is lost. */
static int call_read(void)
{
	return read(fd, &message, sizeof(message)) < 0 ? -1 : 0;
}

static void messages_are_read(void)
{
	model_card_make(&card, NULL);
	require_ok(call_open());
	fail_each(call_read, open_again);
	check_ok(close(fd));
}

static int call_answer(void)
{
	return model_request(fd, CXL_SIM_RESET_DONE, &message, 0, 0);
}

static int call_info(void)
{
	struct cxl_sim_info info;

	return ioctl(fd, CXL_SIM_GET_INFO, &info);
}

static int call_err_buff(void)
{
	struct cxl_sim_err_buff arg = {
		.address = (uintptr_t)here,
		.length = 64,
	};

	return ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &arg);
}

static void calls_of_the_node(void)
{
	model_card_make(&card, "afu0/err_buff_size", "64", NULL);
	require_ok(call_open());
	require_ok(call_read());
	check(fail_each(call_answer, nothing) > 0);
	check(fail_each(call_info, nothing) > 0);
	check(fail_each(call_err_buff, nothing) > 0);
	check_ok(close(fd));
}

/*
 * A context
 */

static int call_start(void)
{
	return node_start(client.fd, 0, 4, 0);
}

/* Of an attach that failed late the model was told, too. */
static void undo_start(void)
{
	struct cxl_sim_message told;

	check_ok(close(client.fd));
	client.fd = node_open_ok(card.slave);
	while (model_has(&model, CXL_SIM_ATTACH)) {
		check(model_wait(&model, CXL_SIM_ATTACH, &told));
		check(model_wait(&model, CXL_SIM_DETACH, &told));
	}
}

static void attaching(void)
{
	model_card_make(&card, NULL);
	model_start(&model, &card);
	client.fd = node_open_ok(card.slave);
	check(fail_each(call_start, undo_start) > 0);
	check_ok(close(client.fd));
	model_stop(&model);
}

static int call_context(void)
{
	fd = model_context(&model, &client.attach);
	return fd;
}

static int call_interrupt(void)
{
	return model_request(model.fd, CXL_SIM_INTERRUPT, &client.attach, 0, 1);
}

static int call_load(void)
{
	return pread(client.memory, here, sizeof(here), (uintptr_t)there) < 0 ?
		-1 : 0;
}

static int call_store(void)
{
	return pwrite(client.memory, here, sizeof(here), (uintptr_t)there) < 0 ?
		-1 : 0;
}

static int call_copy(void)
{
	struct cxl_sim_copy copy = {
		.dst = (uintptr_t)there,
		.src = (uintptr_t)here,
		.length = sizeof(here),
	};

	return ioctl(client.memory, CXL_SIM_COPY, &copy);
}

static int call_fill(void)
{
	struct cxl_sim_fill fill = {
		.dst = (uintptr_t)there,
		.length = sizeof(there),
		.value = 0x5a,
	};

	return ioctl(client.memory, CXL_SIM_FILL, &fill);
}

static int call_swap(void)
{
	struct cxl_sim_compare_swap swap = {
		.address = (uintptr_t)there,
		.width = 8,
	};

	return ioctl(client.memory, CXL_SIM_COMPARE_SWAP, &swap);
}

static void calls_of_a_context(void)
{
	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &client);
	check(fail_each(call_context, undo_open) > 0);
	check(fail_each(call_interrupt, nothing) > 0);
	fail_each(call_load, nothing);
	fail_each(call_store, nothing);
	check(fail_each(call_copy, nothing) > 0);
	check(fail_each(call_fill, nothing) > 0);
	check(fail_each(call_swap, nothing) > 0);
	check_eq(there[sizeof(there) - 1], 0x5a);
	model_detach(&client);
	model_stop(&model);
}

static const struct tap_test tests[] = {
	{ "fail_user.open_of_a_node", open_of_a_node, sim_cards_remove, 60 },
	{ "fail_user.messages_are_read", messages_are_read, sim_cards_remove,
	  60 },
	{ "fail_user.calls_of_the_node", calls_of_the_node, sim_cards_remove,
	  60 },
	{ "fail_user.attaching", attaching, sim_cards_remove, 120 },
	{ "fail_user.calls_of_a_context", calls_of_a_context, sim_cards_remove,
	  120 },
};

TAP_MAIN(tests)
