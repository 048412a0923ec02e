// SPDX-License-Identifier: GPL-2.0-only
/* AFU errors, and events injected into the card. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define SLAVE	"afu0.0s"
#define CARD	0

static struct event_batch batch;
static struct afu afu;

static void start(void)
{
	afu_start(&afu, SLAVE, 8);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
}

static void inject_error(__u64 error)
{
	require_ok(sim_inject_error(CARD, afu.pe, error));
}

static void error_has_these_bytes(void)
{
	struct cxl_event expected;

	start();
	inject_error(0xfedcba9876543210ULL);
	memset(&expected, 0, sizeof(expected));
	expected.header.type = CXL_EVENT_AFU_ERROR;
	expected.header.size = 24;
	expected.header.process_element = afu.pe;
	expected.afu_error.error = 0xfedcba9876543210ULL;
	check_eq(events_read(afu.fd, &batch), 24);
	check_mem_eq(batch.buf, &expected, 24);
	check_eq(batch.buf[24], 0xee);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

static void error_of_zero_is_an_event(void)
{
	start();
	inject_error(0);
	check_eq(events_poll(afu.fd), POLLIN | POLLRDNORM);
	check_eq(events_read(afu.fd, &batch), 24);
	check_eq(batch.event[0].afu_error.error, 0);
	check_eq(events_poll(afu.fd), 0);
}

/* There is one slot, and the first error stays. */
static void first_error_is_the_one_read(void)
{
	start();
	inject_error(1);
	inject_error(2);
	inject_error(3);
	check_eq(events_read(afu.fd, &batch), 24);
	check_eq(batch.event[0].afu_error.error, 1);
	check_errno(events_read(afu.fd, &batch), EAGAIN);

	inject_error(4);
	check_eq(events_read(afu.fd, &batch), 24);
	check_eq(batch.event[0].afu_error.error, 4);
}

static void error_wakes_a_poller(void)
{
	start();
	inject_error(1);
	check(events_wait(afu.fd));
}

static long call_read(void *arg)
{
	(void)arg;
	return events_read(afu.fd, &batch);
}

static void error_wakes_a_reader(void)
{
	struct sleeper reader;

	afu_start(&afu, SLAVE, 4);
	sleeper_start(&reader, call_read, NULL);
	inject_error(77);
	require(sleeper_join(&reader));
	check_eq(reader.result, 24);
	check_eq(batch.event[0].afu_error.error, 77);
}

/* In whatever order they came */
static void kinds_have_their_order(void)
{
	start();
	inject_error(5);
	require_ok(sim_inject_fault(CARD, afu.pe, 0, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE));
	require_ok(sim_inject_irq(CARD, afu.pe, 8));
	require_ok(sim_inject_irq(CARD, afu.pe, 3));
	/* A worker answers and reports a fault. */
	usleep(QUIET_MS * 1000);
	check_eq(events_read(afu.fd, &batch), 16 + 16 + 40 + 24);
	require_eq(batch.n, 4);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(batch.event[0].irq.irq, 3);
	check_eq(batch.event[1].irq.irq, 8);
	check_eq(batch.event[2].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[2].fault.addr, 0);
	check_eq(batch.event[3].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[3].afu_error.error, 5);
	check_eq(events_poll(afu.fd), 0);
}

/* However many interrupts there are, fault and error come with the first. */
static void interrupts_do_not_keep_others_waiting(void)
{
	unsigned int irq, n, kinds = 0;

	afu_start(&afu, SLAVE, 1000);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	for (irq = 1; irq <= 1000; irq++)
		require_ok(sim_inject_irq(CARD, afu.pe, irq));
	inject_error(6);
	require_ok(sim_inject_fault(CARD, afu.pe, 0, CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE));
	usleep(QUIET_MS * 1000);
	require(events_read(afu.fd, &batch) > 0);
	for (n = 0; n < batch.n; n++)
		kinds |= 1 << batch.event[n].header.type;
	check_eq(kinds, 1 << CXL_EVENT_AFU_INTERRUPT |
			1 << CXL_EVENT_DATA_STORAGE | 1 << CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[batch.n - 1].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[batch.n - 2].header.type, CXL_EVENT_DATA_STORAGE);
}

/* The program gets the bits that the card reported. */
static void fault_shows_the_dsisr_of_the_card(void)
{
	const __u64 dsisr = CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE |
			    CXL_DSISR_STORE | 0x12;
	void *hole = no_access_page();

	start();
	require_ok(sim_inject_fault(CARD, afu.pe, (unsigned long)hole + 77,
				    dsisr));
	require(events_wait(afu.fd));
	check_eq(events_read(afu.fd, &batch), 40);
	check_eq(batch.event[0].fault.addr, (unsigned long)hole + 77);
	check_eq(batch.event[0].fault.dsisr, dsisr);
}

/* The program does not see a fault that the kernel can resolve. */
static void resolvable_fault_is_no_event(void)
{
	static char page[8192];

	start();
	require_ok(sim_inject_fault(CARD, afu.pe, (unsigned long)page,
				    CXL_DSISR_PAGE_MISS | CXL_DSISR_NO_PTE));
	usleep(QUIET_MS * 1000);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
	/* And the AFU goes on. */
	afu_irq(&afu, 1);
	check_eq(events_read(afu.fd, &batch), 16);
}

static void number_out_of_range_is_refused(void)
{
	start();
	check_errno(sim_inject_irq(CARD, afu.pe, 0), EINVAL);
	check_errno(sim_inject_irq(CARD, afu.pe, 9), EINVAL);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
	check_ok(sim_inject_irq(CARD, afu.pe, 8));
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 8);
}

/* The card does not know a context that is not started. */
static void only_started_contexts_can_be_reached(void)
{
	int fd = node_open_ok(SLAVE), pe = node_pe(fd);

	check_errno(sim_inject_irq(CARD, pe, 1), ENOENT);
	check_errno(sim_inject_error(CARD, pe, 1), ENOENT);
	check_eq(events_poll(fd), 0);
	start();
	close(fd);
	check_errno(sim_inject_irq(CARD, pe, 1), ENOENT);
	check_ok(sim_inject_irq(CARD, afu.pe, 1));
}

static const struct tap_test tests[] = {
	{ "chardev_error.error_has_these_bytes", error_has_these_bytes },
	{ "chardev_error.error_of_zero_is_an_event", error_of_zero_is_an_event },
	{ "chardev_error.first_error_is_the_one_read",
	  first_error_is_the_one_read },
	{ "chardev_error.error_wakes_a_poller", error_wakes_a_poller },
	{ "chardev_error.error_wakes_a_reader", error_wakes_a_reader },
	{ "chardev_error.kinds_have_their_order", kinds_have_their_order },
	{ "chardev_error.interrupts_do_not_keep_others_waiting",
	  interrupts_do_not_keep_others_waiting },
	{ "chardev_error.fault_shows_the_dsisr_of_the_card",
	  fault_shows_the_dsisr_of_the_card },
	{ "chardev_error.resolvable_fault_is_no_event",
	  resolvable_fault_is_no_event },
	{ "chardev_error.number_out_of_range_is_refused",
	  number_out_of_range_is_refused },
	{ "chardev_error.only_started_contexts_can_be_reached",
	  only_started_contexts_can_be_reached },
};

TAP_MAIN(tests)
