// SPDX-License-Identifier: GPL-2.0-only
/* The copy service as seen by a 32-bit program on a 64-bit kernel. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/syscall32.h"

/* What a 32-bit program would have in its memory. */
static struct memory {
	char path[32];
	struct cxl_copy_get_fd get_fd;
	struct cxl_copy_submit submit;
	struct cxl_copy_request request;
	char source[1000];
	char destination[1000];
	struct {
		struct cxl_event_header header;
		struct cxl_copy_completion completion;
		char more[CXL_READ_MIN_SIZE];
	} event;
	char queue[CXL_COPY_QUEUE_MIN_SIZE] __attribute__((aligned(4096)));
} *m;

static __u32 low(const void *pointer)
{
	return (unsigned long)pointer;
}

static long ioctl32(int fd, unsigned long cmd, void *arg)
{
	return syscall32(NR32_IOCTL, fd, cmd, low(arg), 0, 0);
}

static int get_fd32(void)
{
	int device;

	if (!syscall32_works())
		skip("no 32-bit system calls on this machine or kernel");
	m = low_memory(sizeof(*m));
	require(m);
	strcpy(m->path, COPY_DEVICE);
	device = require_ok(syscall32(NR32_OPEN, low(m->path), O_RDWR, 0, 0, 0));
	m->get_fd.queue_address = low(m->queue);
	m->get_fd.queue_size = sizeof(m->queue);
	m->get_fd.reserved[1] = 1ULL << 32;
	check_errno(ioctl32(device, CXL_COPY_GET_FD, &m->get_fd), EINVAL);
	m->get_fd.reserved[1] = 0;
	return require_ok(ioctl32(device, CXL_COPY_GET_FD, &m->get_fd));
}

static void copies_and_reads_its_event(void)
{
	int fd = get_fd32();

	copy_pattern(m->source, sizeof(m->source), 0);
	m->submit.requests = low(&m->request);
	m->submit.count = 1;
	m->request.source = low(m->source);
	m->request.destination = low(m->destination);
	m->request.length = sizeof(m->source);
	m->request.cookie = 0xfedcba9876543210;
	check_eq(ioctl32(fd, CXL_COPY_SUBMIT, &m->submit), 1);
	check_eq(syscall32(NR32_READ, fd, low(&m->event), sizeof(m->event), 0, 0),
		 32);
	check_eq(m->event.header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(m->event.completion.cookie, 0xfedcba9876543210);
	check_eq(m->event.completion.status, CXL_COPY_OK);
	check_eq(m->event.completion.copied, sizeof(m->source));
	check_mem_eq(m->destination, m->source, sizeof(m->source));
}

static void standard_ioctls_work(void)
{
	__u32 *pe;
	int fd = get_fd32();

	pe = (void *)m->event.more;
	check_ok(ioctl32(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, pe));
	check_eq(*pe, node_pe(fd));
	check_errno(ioctl32(fd, CXL_COPY_SUBMIT, (void *)8), EFAULT);
}

static const struct tap_test tests[] = {
	{ "copy_compat.copies_and_reads_its_event", copies_and_reads_its_event },
	{ "copy_compat.standard_ioctls_work", standard_ioctls_work },
};

TAP_MAIN(tests)
