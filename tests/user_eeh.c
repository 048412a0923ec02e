// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs, and PCI error recovery: the kernel waits for
 * the program where it must, without delaying anybody else.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

static struct sim_card card;
static struct model model;

static void begin(void)
{
	model_card_make(&card, "afu0/answer_ms", "600000", NULL);
	/* Otherwise the card would be plugged again instead. */
	require_ok(file_write("1", SYSFS_CXL "/card%d/perst_reloads_same_image",
			      card.num));
	model_start(&model, &card);
}

static void *recover(void *result)
{
	*(int *)result = sim_recovery(card.num, "frozen") ? errno : 0;
	return NULL;
}

/* Wait until the AFU has its mode again: then the link is up. */
static void wait_for_reset(struct cxl_sim_message *reset)
{
	do
		require(model_wait(&model, CXL_SIM_RESET, reset));
	while (!reset->reset.mode);
}

static void recovery_waits_for_the_program(void)
{
	struct cxl_sim_message reset;
	pthread_t thread;
	int result = -1;

	begin();
	model.mute = true;
	require_eq(pthread_create(&thread, NULL, recover, &result), 0);
	/* Recovery does not end while the link is down. */
	wait_for_reset(&reset);
	usleep(100000);
	check_eq(__atomic_load_n(&result, __ATOMIC_SEQ_CST), -1);
	check_ok(model_request(model.fd, CXL_SIM_RESET_DONE, &reset, 0, 0));
	pthread_join(thread, NULL);
	check_eq(result, 0);
	model.mute = false;
	check(file_exists("/dev/cxl/%s", card.slave));
	model_stop(&model);
}

static void removal_ends_a_recovery(void)
{
	struct cxl_sim_message m;
	pthread_t thread;
	int result = -1;
	long long before;
	char text[8];

	begin();
	model.mute = true;
	require_eq(pthread_create(&thread, NULL, recover, &result), 0);
	wait_for_reset(&m);
	before = now_ms();
	/* Nor does recovery delay reading a setting. */
	check(file_read(text, sizeof(text), SIM_CONFIG "/%s/live", card.name) >
	      0);
	sim_card_set_live(&card, false);
	check(now_ms() - before < WAKE_MS);
	pthread_join(thread, NULL);
	check_eq(result, ENODEV);
	check(model_wait(&model, CXL_SIM_STOP, &m));
	check(!model_has(&model, CXL_SIM_STOP));
	model_stop(&model);
}

static void *start_context(void *result)
{
	int fd = node_open_ok(card.slave);

	*(int *)result = node_start(fd, 0, -1, 0) ? errno : 0;
	check_ok(close(fd));
	return NULL;
}

static void recovery_ends_an_attach(void)
{
	struct cxl_sim_message m;
	pthread_t starter, recoverer;
	int started = -1, recovered = -1;

	begin();
	model.mute = true;
	require_eq(pthread_create(&starter, NULL, start_context, &started), 0);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	require_eq(pthread_create(&recoverer, NULL, recover, &recovered), 0);
	pthread_join(starter, NULL);
	check_eq(started, EIO);
	wait_for_reset(&m);
	check_ok(model_request(model.fd, CXL_SIM_RESET_DONE, &m, 0, 0));
	pthread_join(recoverer, NULL);
	check_eq(recovered, 0);
	model_stop(&model);
}

#define TEST(name) { "user_eeh." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(recovery_waits_for_the_program),
	TEST(removal_ends_a_recovery),
	TEST(recovery_ends_an_attach),
};

TAP_MAIN(tests)
