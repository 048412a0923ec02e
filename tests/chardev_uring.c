// SPDX-License-Identifier: GPL-2.0-only
/* Reading and polling events by io_uring, without liburing. */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define SLAVE	"afu0.0s"
#define ENTRIES	8

static struct event_batch batch;
static struct afu afu;

/**
 * struct ring - an io_uring
 * @fd: its descriptor
 * @sq: submission ring
 * @cq: completion ring
 * @sqe: entries to submit
 * @params: offsets into the rings
 */
static struct ring {
	int fd;
	char *sq;
	char *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_params params;
} ring;

static void *map_ring(size_t size, off_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring.fd, offset);

	require(map != MAP_FAILED, "%m");
	return map;
}

static void ring_setup(void)
{
	const struct io_uring_params *p = &ring.params;

	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &ring.params);
	if (ring.fd < 0 && (errno == ENOSYS || errno == EPERM))
		skip("no io_uring in this kernel: %m");
	require(ring.fd >= 0, "%m");
	ring.sq = map_ring(p->sq_off.array + p->sq_entries * 4,
			   IORING_OFF_SQ_RING);
	ring.cq = map_ring(p->cq_off.cqes +
			   p->cq_entries * sizeof(struct io_uring_cqe),
			   IORING_OFF_CQ_RING);
	ring.sqe = map_ring(p->sq_entries * sizeof(*ring.sqe), IORING_OFF_SQES);
}

static unsigned int *sq_word(unsigned int offset)
{
	return (unsigned int *)(ring.sq + offset);
}

static unsigned int *cq_word(unsigned int offset)
{
	return (unsigned int *)(ring.cq + offset);
}

/* Submit one operation and do not wait for it. */
static void submit(struct io_uring_sqe op)
{
	unsigned int *tail = sq_word(ring.params.sq_off.tail);
	unsigned int index = *tail & *sq_word(ring.params.sq_off.ring_mask);

	ring.sqe[index] = op;
	sq_word(ring.params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	require_eq(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0), 1);
}

static void submit_read(void *buf, size_t len, __u64 tag)
{
	submit((struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = afu.fd,
		.off = -1,
		.addr = (unsigned long)buf,
		.len = len,
		.user_data = tag,
	});
}

/* Whether a completion is there; it is taken. */
static bool completion(struct io_uring_cqe *cqe)
{
	unsigned int *head = cq_word(ring.params.cq_off.head);
	unsigned int tail;

	/* Lets the kernel run what it has left to this task. */
	syscall(SYS_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	tail = __atomic_load_n(cq_word(ring.params.cq_off.tail),
			       __ATOMIC_ACQUIRE);
	if (*head == tail)
		return false;
	*cqe = ((struct io_uring_cqe *)(ring.cq + ring.params.cq_off.cqes))
		[*head & *cq_word(ring.params.cq_off.ring_mask)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

static void check_completion(__u64 tag, int result)
{
	struct io_uring_cqe cqe = { 0 };

	require(becomes_true(completion(&cqe)));
	check_eq(cqe.user_data, tag);
	check_eq(cqe.res, result);
}

static void check_no_completion(void)
{
	struct io_uring_cqe cqe = { 0 };

	usleep(QUIET_MS * 1000);
	check(!completion(&cqe), "result %d", cqe.res);
}

static void start(void)
{
	ring_setup();
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
	check_no_completion();
	afu_irq(&afu, 7);
	check_completion(2, 16);
	events_parse(&batch, 16);
	check_eq(batch.event[0].irq.irq, 7);
}

/* Threads of this process, io_uring's workers among them. */
static long long thread_count(void)
{
	char buf[4096], *line;

	require(file_read(buf, sizeof(buf), "/proc/self/status") > 0);
	line = strstr(buf, "\nThreads:");
	require(line);
	return atoi(line + strlen("\nThreads:"));
}

/* Neither to wait nor to read does it need a worker, which would linger. */
static void read_occupies_no_thread(void)
{
	start();
	require_eq(thread_count(), 1);
	submit_read(batch.buf, sizeof(batch.buf), 3);
	check_no_completion();
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
	submit(op);
	check_completion(4, -EAGAIN);
	afu_irq(&afu, 1);
	submit(op);
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
	check_no_completion();
	afu_irq(&afu, 3);
	require(becomes_true(completion(&cqe)));
	check_eq(cqe.res, 16);
	first = cqe.user_data;
	check_no_completion();
	afu_irq(&afu, 4);
	check_completion(!first, 16);
	check_eq(((struct cxl_event *)buf[first])->irq.irq, 3);
	check_eq(((struct cxl_event *)buf[!first])->irq.irq, 4);
}

static void poll_completes_at_an_event(void)
{
	start();
	submit((struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = afu.fd,
		.poll32_events = POLLIN,
		.user_data = 8,
	});
	check_no_completion();
	afu_irq(&afu, 1);
	check_completion(8, POLLIN);
	/* It was only a look. */
	check_eq(events_read(afu.fd, &batch), 16);
}

static void waiting_read_can_be_cancelled(void)
{
	struct io_uring_cqe cqe[2];

	start();
	submit_read(batch.buf, sizeof(batch.buf), 9);
	check_no_completion();
	submit((struct io_uring_sqe){
		.opcode = IORING_OP_ASYNC_CANCEL,
		.addr = 9,
		.user_data = 10,
	});
	require(becomes_true(completion(&cqe[0])));
	require(becomes_true(completion(&cqe[1])));
	if (cqe[0].user_data == 10) {
		check_eq(cqe[0].res, 0);
		check_eq(cqe[1].res, -ECANCELED);
	} else {
		check_eq(cqe[0].res, -ECANCELED);
		check_eq(cqe[1].res, 0);
	}
	/* The event that comes later belongs to who reads later. */
	afu_irq(&afu, 6);
	check_eq(events_read(afu.fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 6);
}

/* Reads and polls that wait end with the card. */
static void waiting_operations_end_with_the_card(void)
{
	struct io_uring_cqe cqe = { 0 };
	struct sim_card card;
	int i;

	ring_setup();
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	submit_read(batch.buf, sizeof(batch.buf), 11);
	submit((struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = afu.fd,
		.poll32_events = POLLIN,
		.user_data = 12,
	});
	check_no_completion();
	sim_card_set_live(&card, false);
	for (i = 0; i < 2; i++) {
		require(becomes_true(completion(&cqe)));
		if (cqe.user_data == 11)
			check_eq(cqe.res, -EIO);
		else
			check_eq(cqe.res, POLLERR | POLLHUP);
	}
	/* One that comes too late ends at once. */
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
