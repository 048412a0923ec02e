// SPDX-License-Identifier: GPL-2.0-only
/* Reading and polling events by io_uring, without liburing. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "lib/uring_test.h"

#define SLAVE	"afu0.0s"

static struct event_batch batch;
static struct afu afu;

static void submit_read(void *buf, size_t len, __u64 tag)
{
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = afu.fd,
		.off = -1,
		.addr = (unsigned long)buf,
		.len = len,
		.user_data = tag,
	});
}

static void check_completion(__u64 tag, int result)
{
	struct io_uring_cqe cqe = { 0 };

	uring_wait(&cqe);
	check_eq(cqe.user_data, tag);
	check_eq(cqe.res, result);
}

static void start(void)
{
	uring_setup();
	afu_start(&afu, SLAVE, 8);
}

static void read_completes_at_once(void)
{
	start();
	afu_irq(&afu, 2);
	afu_irq(&afu, 5);
	submit_read(batch.buf, sizeof(batch.buf), 1);
	check_completion(1, 32);
	events_parse(&batch, 32);
	check_eq(batch.event[0].irq.irq, 2);
	check_eq(batch.event[1].irq.irq, 5);
}

static void read_completes_at_an_event(void)
{
	start();
	submit_read(batch.buf, sizeof(batch.buf), 2);
	uring_check_quiet();
	afu_irq(&afu, 7);
	check_completion(2, 16);
	events_parse(&batch, 16);
	check_eq(batch.event[0].irq.irq, 7);
}

/* Threads of this process, including io_uring's workers */
static long long thread_count(void)
{
	char buf[4096], *line;

	require(file_read(buf, sizeof(buf), "/proc/self/status") > 0);
	line = strstr(buf, "\nThreads:");
	require(line);
	return atoi(line + strlen("\nThreads:"));
}

/* Neither waiting nor reading needs a worker, which would stay around. */
static void read_occupies_no_thread(void)
{
	start();
	require_eq(thread_count(), 1);
	submit_read(batch.buf, sizeof(batch.buf), 3);
	uring_check_quiet();
	check_eq(thread_count(), 1);
	afu_irq(&afu, 1);
	check_completion(3, 16);
	check_eq(thread_count(), 1);
}

/* io_uring waits even where O_NONBLOCK is set, unless told not to. */
static void read_without_wait_is_eagain(void)
{
	struct io_uring_sqe op = {
		.opcode = IORING_OP_READ,
		.off = -1,
		.addr = (unsigned long)batch.buf,
		.len = sizeof(batch.buf),
		.rw_flags = RWF_NOWAIT,
		.user_data = 4,
	};

	start();
	op.fd = afu.fd;
	uring_submit(&op);
	check_completion(4, -EAGAIN);
	afu_irq(&afu, 1);
	uring_submit(&op);
	check_completion(4, 16);
}

static void short_buffer_is_einval(void)
{
	start();
	afu_irq(&afu, 1);
	submit_read(batch.buf, CXL_READ_MIN_SIZE - 1, 6);
	check_completion(6, -EINVAL);
	submit_read(batch.buf, CXL_READ_MIN_SIZE, 7);
	check_completion(7, 16);
}

/* Two reads wait; one event completes one of them. */
static void one_event_completes_one_read(void)
{
	static char buf[2][CXL_READ_MIN_SIZE];
	struct io_uring_cqe cqe = { 0 };
	__u64 first;

	start();
	submit_read(buf[0], sizeof(buf[0]), 0);
	submit_read(buf[1], sizeof(buf[1]), 1);
	uring_check_quiet();
	afu_irq(&afu, 3);
	uring_wait(&cqe);
	check_eq(cqe.res, 16);
	first = cqe.user_data;
	uring_check_quiet();
	afu_irq(&afu, 4);
	check_completion(!first, 16);
	check_eq(((struct cxl_event *)buf[first])->irq.irq, 3);
	check_eq(((struct cxl_event *)buf[!first])->irq.irq, 4);
}

static void poll_completes_at_an_event(void)
{
	start();
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = afu.fd,
		.poll32_events = POLLIN,
		.user_data = 8,
	});
	uring_check_quiet();
	afu_irq(&afu, 1);
	check_completion(8, POLLIN);
	/* That was a poll only. */
	check_eq(events_read(afu.fd, &batch), 16);
}

static void waiting_read_can_be_cancelled(void)
{
	struct io_uring_cqe cqe[2];

	start();
	submit_read(batch.buf, sizeof(batch.buf), 9);
	uring_check_quiet();
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 9,
		.user_data = 10,
	});
	uring_wait(&cqe[0]);
	uring_wait(&cqe[1]);
	if (cqe[0].user_data == 10) {
		check_eq(cqe[0].res, 0);
		check_eq(cqe[1].res, -ECANCELED);
	} else {
		check_eq(cqe[0].res, -ECANCELED);
		check_eq(cqe[1].res, 0);
	}
	/* An event that comes later goes to a later reader. */
	afu_irq(&afu, 6);
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 6);
}

/* Waiting reads and polls end with the card. */
static void waiting_operations_end_with_the_card(void)
{
	struct io_uring_cqe cqe = { 0 };
	struct sim_card card;
	int i;

	uring_setup();
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	submit_read(batch.buf, sizeof(batch.buf), 11);
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = afu.fd,
		.poll32_events = POLLIN,
		.user_data = 12,
	});
	uring_check_quiet();
	sim_card_set_live(&card, false);
	for (i = 0; i < 2; i++) {
		uring_wait(&cqe);
		if (cqe.user_data == 11)
			check_eq(cqe.res, -EIO);
		else
			check_eq(cqe.res, POLLERR | POLLHUP);
	}
	/* An operation that comes too late ends at once. */
	submit_read(batch.buf, sizeof(batch.buf), 13);
	check_completion(13, -EIO);
}

static const struct tap_test tests[] = {
	{ "chardev_uring.read_completes_at_once", read_completes_at_once },
	{ "chardev_uring.read_completes_at_an_event",
	  read_completes_at_an_event },
	{ "chardev_uring.read_occupies_no_thread", read_occupies_no_thread },
	{ "chardev_uring.read_without_wait_is_eagain",
	  read_without_wait_is_eagain },
	{ "chardev_uring.short_buffer_is_einval", short_buffer_is_einval },
	{ "chardev_uring.one_event_completes_one_read",
	  one_event_completes_one_read },
	{ "chardev_uring.poll_completes_at_an_event",
	  poll_completes_at_an_event },
	{ "chardev_uring.waiting_read_can_be_cancelled",
	  waiting_read_can_be_cancelled },
	{ "chardev_uring.waiting_operations_end_with_the_card",
	  waiting_operations_end_with_the_card, sim_cards_remove },
};

TAP_MAIN(tests)
