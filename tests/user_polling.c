// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs, and look at the registers of a context by
 * themselves for a while: CXL_SIM_SET_POLLING.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

static struct sim_card card;
static struct model model;

static unsigned long doorbells(void)
{
	return __atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST);
}

static void *map_window(int fd)
{
	void *window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);

	require(window != MAP_FAILED, "%m");
	return window;
}

/* A program that has been told of all stores up to now sleeps, and is told again. */
static void check_store_rings(void *window)
{
	unsigned long before;

	require(becomes_true(sim_sleepers(card.num) == 1));
	before = doorbells();
	mmio_write(window, 0, 1);
	check(becomes_true(doorbells() > before));
}

static void begin_polling(int memory)
{
	require_ok(ioctl(memory, CXL_SIM_SET_POLLING, 1));
	/* The engine looks no more, and what it told is read. */
	require(becomes_true(sim_sleepers(card.num) == 1));
	usleep(20000);
}

static void stores_ring_only_on_request(void)
{
	struct model_client c;
	unsigned long before;
	void *window;
	int i;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	window = map_window(c.fd);
	check_store_rings(window);

	begin_polling(c.memory);
	before = doorbells();
	for (i = 0; i < 50; i++) {
		mmio_write(window, 0, i);
		usleep(1000);
	}
	check_eq(doorbells(), before);

	/* There may have been a store after the program's last look. */
	check_ok(ioctl(c.memory, CXL_SIM_SET_POLLING, 0));
	check(becomes_true(doorbells() > before));
	check_store_rings(window);
	check_ok(munmap(window, 4096));
	model_detach(&c);
	model_stop(&model);
}

static void program_that_polls_reads_memory(void)
{
	__u64 value = 0;
	struct cxl_sim_copy copy = {
		.dst = (uintptr_t)&value,
		.src = (uintptr_t)&card,
		.length = sizeof(value),
	};
	struct model_client c;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	begin_polling(c.memory);
	/* By the engine, which has to be woken up for it */
	check_ok(ioctl(c.memory, CXL_SIM_COPY, &copy));
	check_mem_eq(&value, &card, sizeof(value));
	model_detach(&c);
	model_stop(&model);
}

static void next_program_is_told(void)
{
	struct cxl_sim_message m;
	struct model_client c;
	void *window;

	model_card_make(&card, "afu0/recover", "1", NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	begin_polling(c.memory);
	model_stop(&model);
	check_error_event(c.fd);

	model_start(&model, &card);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	check(m.id > c.attach.id);
	window = map_window(c.fd);
	check_store_rings(window);
	check_ok(munmap(window, 4096));
	model_detach(&c);
	model_stop(&model);
}

static void bad_requests_are_refused(void)
{
	struct model_client c;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	check_errno(ioctl(c.memory, CXL_SIM_SET_POLLING, 2), EINVAL);
	check_errno(ioctl(model.fd, CXL_SIM_SET_POLLING, 1), ENOTTY);
	check_ok(close(c.fd));
	check(becomes_true(ioctl(c.memory, CXL_SIM_SET_POLLING, 1) < 0 &&
			   errno == ESTALE));
	check_ok(close(c.memory));
	model_stop(&model);
}

#define TEST(name) { "user_polling." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(stores_ring_only_on_request),
	TEST(program_that_polls_reads_memory),
	TEST(next_program_is_told),
	TEST(bad_requests_are_refused),
};

TAP_MAIN(tests)
