// SPDX-License-Identifier: GPL-2.0-only
/* The copy service on cards that fail or recover, and on several cards. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/model_test.h"
#include "lib/sim_test.h"

#define SECOND_DEVICE	"/dev/cxl-copy1"

static struct sim_card card;
static struct copy_service service;
static char *source, *destination;

/* Open a copy service on a card for this test, with a delay. */
static void open_busy(void)
{
	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	require(becomes_true(file_exists(SECOND_DEVICE)));
	require_ok(sim_set_delay(card.num, 1000));
	source = copy_pages(COPY_MIB);
	destination = copy_pages(COPY_MIB);
	copy_open_at(&service, SECOND_DEVICE, CXL_COPY_QUEUE_MAX_SIZE);
	copy_make_busy(&service, source, destination);
}

static void works(const char *device)
{
	static struct copy_service other;
	char from[1000], to[1000];

	copy_open_at(&other, device, CXL_COPY_QUEUE_MIN_SIZE);
	copy_pattern(from, sizeof(from), 2);
	check_eq(copy_submit_one(other.fd, from, to, sizeof(from), 9), 1);
	copy_completes(&other, 9, sizeof(from));
	check_mem_eq(to, from, sizeof(from));
	copy_close(&other);
}

static void recovery_takes_the_service_and_gives_a_new_one(void)
{
	open_busy();
	check_ok(sim_recovery(card.num, "frozen"));
	copy_check_taken_away(&service);
	works(SECOND_DEVICE);
	copy_close(&service);
	works(SECOND_DEVICE);
	check_ok(sim_recovery(card.num, "frozen"));
	works(SECOND_DEVICE);
}

static void recovery_touches_no_memory(void)
{
	char *stamp = copy_pages(COPY_MIB);

	open_busy();
	check_ok(sim_recovery(card.num, "frozen"));
	memset(stamp, 0x5a, COPY_MIB);
	memset(destination, 0x5a, COPY_MIB);
	usleep(2 * QUIET_MS * 1000);
	check_mem_eq(destination, stamp, COPY_MIB);
	copy_close(&service);
}

static void permanent_failure_takes_the_device(void)
{
	int device;

	open_busy();
	device = require_ok(open(SECOND_DEVICE, O_RDWR));
	check_ok(sim_recovery(card.num, "perm_failure"));
	copy_check_taken_away(&service);
	check(!file_exists(SECOND_DEVICE));
	check_errno(ioctl(device, CXL_COPY_GET_FD,
			  &(struct cxl_copy_get_fd) {
				.queue_address = (uintptr_t)service.queue,
				.queue_size = CXL_COPY_QUEUE_MIN_SIZE,
			  }), ENODEV);
	close(device);
	copy_close(&service);
	works(COPY_DEVICE);
}

static void unplugged_card_is_noticed(void)
{
	open_busy();
	check_ok(sim_unplug(card.num));
	copy_check_taken_away(&service);
	check(!file_exists(SECOND_DEVICE));
	copy_close(&service);
}

static void removed_card_is_noticed(void)
{
	open_busy();
	sim_card_set_live(&card, false);
	copy_check_taken_away(&service);
	copy_close(&service);
	sim_card_set_live(&card, true);
	require(becomes_true(file_exists(SECOND_DEVICE)));
	works(SECOND_DEVICE);
}

/* Without the link nothing moves; with the link back, copies continue. */
static void link_that_comes_back(void)
{
	struct cxl_copy_completion completion;
	char from[100] = "", to[100];

	sim_card_make(&card, "afu0/num_crs", "1", NULL);
	require(becomes_true(file_exists(SECOND_DEVICE)));
	copy_open_at(&service, SECOND_DEVICE, CXL_COPY_QUEUE_MIN_SIZE);
	check_ok(sim_set_link(card.num, "down"));
	check_eq(copy_submit_one(service.fd, from, to, 100, 1), 1);
	check(!copy_completion(&service, &completion));
	check_eq(service.error, EIO);
	check_ok(sim_set_link(card.num, "up"));
	check_eq(copy_submit_one(service.fd, from, to, 100, 2), 1);
	copy_completes(&service, 1, 100);
	copy_completes(&service, 2, 100);
	copy_close(&service);
}

/* It has the IDs of a memcpy AFU, but its registers cannot be mapped. */
static void trapped_registers_are_eio(void)
{
	struct cxl_copy_get_fd get = {
		.queue_address = (uintptr_t)copy_pages(CXL_COPY_QUEUE_MIN_SIZE),
		.queue_size = CXL_COPY_QUEUE_MIN_SIZE,
	};
	struct cxl_sim_message detach;
	struct model model;
	int device;

	model_card_make(&card, "afu0/num_crs", "1", "afu0/mmio", "trapped",
			NULL);
	model_start(&model, &card);
	require(becomes_true(file_exists(SECOND_DEVICE)));
	device = require_ok(open(SECOND_DEVICE, O_RDWR));
	check_errno(ioctl(device, CXL_COPY_GET_FD, &get), EIO);
	/* The context was started, and is gone. */
	check(model_wait(&model, CXL_SIM_DETACH, &detach));
	close(device);
	model_stop(&model);
}

/* The only context has the whole area, with its registers at the start. */
static void works_in_dedicated_mode(void)
{
	char from[100], to[100];
	__u64 i;

	sim_card_make(&card, "afu0/modes", "dedicated", "afu0/num_crs", "1",
		      NULL);
	require(becomes_true(file_exists(SECOND_DEVICE)));
	copy_open_at(&service, SECOND_DEVICE, CXL_COPY_QUEUE_MIN_SIZE);
	/* After each copy the AFU stops until the driver writes a register. */
	for (i = 0; i < 5; i++) {
		copy_pattern(from, sizeof(from), i);
		check_eq(copy_submit_one(service.fd, from, to, sizeof(from), i),
			 1);
		copy_completes(&service, i, sizeof(from));
		check_mem_eq(to, from, sizeof(from));
	}
	copy_close(&service);
}

/* Generic events come along with completions and disturb none. */
static void afu_errors_travel_along(void)
{
	unsigned int completions = 0, errors = 0, i;
	struct event_batch batch;

	open_busy();
	check_ok(sim_inject_error(card.num, node_pe(service.fd), 0x1234));
	check_ok(sim_set_delay(card.num, 0));
	while (completions < 3) {
		require(events_wait(service.fd));
		require(events_read(service.fd, &batch) > 0);
		for (i = 0; i < batch.n; i++) {
			if (batch.event[i].header.type == CXL_EVENT_AFU_DRIVER)
				completions++;
			if (batch.event[i].header.type != CXL_EVENT_AFU_ERROR)
				continue;
			check_eq(batch.event[i].afu_error.error, 0x1234);
			errors++;
		}
	}
	check_eq(errors, 1);
	copy_close(&service);
}

static void cards_work_side_by_side(void)
{
	static struct copy_service first;
	char *from = copy_pages(COPY_MIB), *to = copy_pages(COPY_MIB);
	unsigned int i;

	open_busy();
	copy_open(&first, 65536);
	for (i = 0; i < 5; i++) {
		copy_pattern(from, COPY_MIB, i);
		check_eq(copy_submit_one(first.fd, from, to, COPY_MIB, i), 1);
		copy_completes(&first, i, COPY_MIB);
		check_mem_eq(to, from, COPY_MIB);
	}
	check_ok(sim_set_delay(card.num, 0));
	copy_completes(&service, 0, COPY_MIB);
	check_ok(sim_unplug(card.num));
	check_eq(copy_submit_one(first.fd, from, to, COPY_MIB, i), 1);
	copy_completes(&first, i, COPY_MIB);
	copy_close(&first);
	copy_close(&service);
}

static const struct tap_test tests[] = {
	{ "copy_card.recovery_takes_the_service_and_gives_a_new_one",
	  recovery_takes_the_service_and_gives_a_new_one, sim_cards_remove },
	{ "copy_card.recovery_touches_no_memory", recovery_touches_no_memory,
	  sim_cards_remove },
	{ "copy_card.permanent_failure_takes_the_device",
	  permanent_failure_takes_the_device, sim_cards_remove },
	{ "copy_card.unplugged_card_is_noticed", unplugged_card_is_noticed,
	  sim_cards_remove },
	{ "copy_card.removed_card_is_noticed", removed_card_is_noticed,
	  sim_cards_remove },
	{ "copy_card.link_that_comes_back", link_that_comes_back,
	  sim_cards_remove },
	{ "copy_card.trapped_registers_are_eio", trapped_registers_are_eio,
	  sim_cards_remove },
	{ "copy_card.works_in_dedicated_mode", works_in_dedicated_mode,
	  sim_cards_remove },
	{ "copy_card.afu_errors_travel_along", afu_errors_travel_along,
	  sim_cards_remove },
	{ "copy_card.cards_work_side_by_side", cards_work_side_by_side,
	  sim_cards_remove },
};

TAP_MAIN(tests)
