// SPDX-License-Identifier: GPL-2.0-only
/* io_uring without liburing: see tests/lib/uring_test.h. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/uring_test.h"

#define ENTRIES	16

/**
 * struct uring - an io_uring
 * @fd: its descriptor
 * @sq: submission ring
 * @cq: completion ring
 * @sqe: entries to submit
 * @params: offsets into the rings
 */
static struct uring {
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

void uring_setup(void)
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

void uring_submit(const struct io_uring_sqe *op)
{
	unsigned int *tail = sq_word(ring.params.sq_off.tail);
	unsigned int index = *tail & *sq_word(ring.params.sq_off.ring_mask);

	ring.sqe[index] = *op;
	sq_word(ring.params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	require_eq(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0), 1);
}

bool uring_completion(struct io_uring_cqe *cqe)
{
	unsigned int *head = cq_word(ring.params.cq_off.head);
	const struct io_uring_cqe *cqes =
		(struct io_uring_cqe *)(ring.cq + ring.params.cq_off.cqes);
	unsigned int tail;

	/* Lets the kernel run what it has left to this task. */
	syscall(SYS_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	tail = __atomic_load_n(cq_word(ring.params.cq_off.tail),
			       __ATOMIC_ACQUIRE);
	if (*head == tail)
		return false;
	*cqe = cqes[*head & *cq_word(ring.params.cq_off.ring_mask)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

void uring_wait(struct io_uring_cqe *cqe)
{
	require(becomes_true(uring_completion(cqe)));
}

int uring_wait_result(void)
{
	struct io_uring_cqe cqe;

	uring_wait(&cqe);
	return cqe.res;
}

void uring_check_quiet(void)
{
	struct io_uring_cqe cqe = { 0 };

	usleep(QUIET_MS * 1000);
	check(!uring_completion(&cqe), "result %d", cqe.res);
}

void uring_provide(void *mem, unsigned int size, unsigned int count)
{
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_PROVIDE_BUFFERS,
		.fd = count,
		.addr = (unsigned long)mem,
		.len = size,
	});
	require_eq(uring_wait_result(), 0);
}
