// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures at each place in turn, as in fail.c, in what a program that is an AFU
 * makes the kernel do: its node, its requests, the memory of its contexts, and
 * the accesses to registers that it is asked for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/fail_test.h"
#include "lib/model_test.h"

/* More pages than there are places where something can fail */
#define WINDOW_SIZE	"0x100000"

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

static int call_poll(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static void calls_of_the_node(void)
{
	model_card_make(&card, "afu0/err_buff_size", "64", NULL);
	require_ok(call_open());
	require_ok(call_read());
	check(fail_each(call_answer, nothing) > 0);
	check(fail_each(call_info, nothing) > 0);
	check(fail_each(call_err_buff, nothing) > 0);
	check(fail_each(call_poll, nothing) > 0);
	check_ok(close(fd));
}

/* Each time another page of the problem state area, which is made for it. */
static off_t next_page;
static char *mapping;

static int map_page_of(int file)
{
	size_t page = sysconf(_SC_PAGESIZE);

	mapping = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		       next_page);
	next_page += page;
	if (mapping == MAP_FAILED)
		return -1;
	mmio_write(mapping, 0, 1);
	return 0;
}

static int call_map_area(void)
{
	return map_page_of(fd);
}

static void undo_map(void)
{
	check_ok(munmap(mapping, sysconf(_SC_PAGESIZE)));
}

static void mapping_of_the_area(void)
{
	model_card_make(&card, NULL);
	require_ok(call_open());
	next_page = 0;
	check(fail_each(call_map_area, undo_map) > 0);
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

static struct model_client other;

static int call_copy_from(void)
{
	struct cxl_sim_copy_from copy = {
		.dst = (uintptr_t)there,
		.src = (uintptr_t)here,
		.length = sizeof(here),
		.fd = other.memory,
	};

	return ioctl(client.memory, CXL_SIM_COPY_FROM, &copy);
}

static int call_load_without_waiting(void)
{
	struct iovec vec = { here, sizeof(here) };
	ssize_t ret = preadv2(client.memory, &vec, 1, (uintptr_t)there,
			      RWF_NOWAIT);

	return ret < 0 ? -1 : 0;
}

static int call_map_window(void)
{
	return map_page_of(client.memory);
}

static void calls_of_a_context(void)
{
	model_card_make(&card, "afu0/pp_size", WINDOW_SIZE, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &client);
	model_attach(&model, card.slave, 0, &other);
	check(fail_each(call_context, undo_open) > 0);
	check(fail_each(call_interrupt, nothing) > 0);
	fail_each(call_load, nothing);
	fail_each(call_store, nothing);
	check(fail_each(call_copy, nothing) > 0);
	check(fail_each(call_fill, nothing) > 0);
	check(fail_each(call_swap, nothing) > 0);
	check_eq(there[sizeof(there) - 1], 0x5a);
	check(fail_each(call_copy_from, nothing) > 0);
	check_mem_eq(there, here, sizeof(here));
	fail_each(call_load_without_waiting, nothing);
	next_page = 0;
	check(fail_each(call_map_window, undo_map) > 0);
	model_detach(&other);
	model_detach(&client);
	model_stop(&model);
}

/*
 * Accesses to registers
 */

static __u64 stored;

static __u64 registers_of_the_model(const struct cxl_sim_message *m)
{
	if (!m->mmio.write)
		return 0x1234;
	stored = m->mmio.value;
	return 0;
}

static int call_load_register(void)
{
	struct cxl_ioctl_mmio load = { .size = 8 };
	int ret = ioctl(client.fd, CXL_IOCTL_MMIO, &load);

	if (!ret)
		check_eq(load.value, 0x1234);
	return ret;
}

static int call_store_register(void)
{
	struct cxl_ioctl_mmio store = {
		.size = 8,
		.value = 0x5678,
		.flags = CXL_IOCTL_MMIO_WRITE,
	};

	stored = 0;
	return ioctl(client.fd, CXL_IOCTL_MMIO, &store);
}

static void undo_store_register(void)
{
	check_eq(stored, 0x5678);
}

static void accesses_to_registers(void)
{
	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	model_start(&model, &card);
	model.mmio = registers_of_the_model;
	model_attach(&model, card.slave, 0, &client);
	check(fail_each(call_load_register, nothing) > 0);
	check(fail_each(call_store_register, undo_store_register) > 0);
	model_detach(&client);
	model_stop(&model);
}

/* Somebody waits for the answer, and gets it, whatever fails before. */
static struct {
	pthread_t thread;
	int ret;
	__u64 value;
} waiter;

static void *wait_for_load(void *arg)
{
	struct cxl_ioctl_mmio load = { .size = 8 };

	waiter.ret = ioctl(client.fd, CXL_IOCTL_MMIO, &load);
	waiter.value = load.value;
	return arg;
}

static void start_waiting(void)
{
	require_eq(pthread_create(&waiter.thread, NULL, wait_for_load, NULL),
		   0);
	require(model_wait(&model, CXL_SIM_MMIO, &message));
}

static int call_answer_access(void)
{
	return model_mmio_done(model.fd, &message, 77);
}

static void undo_answer_access(void)
{
	pthread_join(waiter.thread, NULL);
	check_ok(waiter.ret);
	check_eq(waiter.value, 77);
	start_waiting();
}

static void answers_to_accesses(void)
{
	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &client);
	start_waiting();
	check(fail_each(call_answer_access, undo_answer_access) > 0);
	check_ok(call_answer_access());
	pthread_join(waiter.thread, NULL);
	model_detach(&client);
	model_stop(&model);
}

/* Registers that are memory: another page each time, as above */
static int call_load_memory(void)
{
	struct cxl_ioctl_mmio load = { .offset = next_page, .size = 8 };

	next_page += sysconf(_SC_PAGESIZE);
	return ioctl(client.fd, CXL_IOCTL_MMIO, &load);
}

static void accesses_to_registers_that_are_memory(void)
{
	model_card_make(&card, "afu0/pp_size", WINDOW_SIZE, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &client);
	next_page = sysconf(_SC_PAGESIZE);
	check(fail_each(call_load_memory, nothing) > 0);
	model_detach(&client);
	model_stop(&model);
}

static const struct tap_test tests[] = {
	{ "fail_user.open_of_a_node", open_of_a_node, sim_cards_remove, 60 },
	{ "fail_user.messages_are_read", messages_are_read, sim_cards_remove,
	  60 },
	{ "fail_user.calls_of_the_node", calls_of_the_node, sim_cards_remove,
	  60 },
	{ "fail_user.mapping_of_the_area", mapping_of_the_area,
	  sim_cards_remove, 60 },
	{ "fail_user.attaching", attaching, sim_cards_remove, 120 },
	{ "fail_user.calls_of_a_context", calls_of_a_context, sim_cards_remove,
	  120 },
	{ "fail_user.accesses_to_registers", accesses_to_registers,
	  sim_cards_remove, 60 },
	{ "fail_user.answers_to_accesses", answers_to_accesses,
	  sim_cards_remove, 60 },
	{ "fail_user.accesses_to_registers_that_are_memory",
	  accesses_to_registers_that_are_memory, sim_cards_remove, 60 },
};

TAP_MAIN(tests)
