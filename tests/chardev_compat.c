// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 32-bit program on a 64-bit kernel: all structs have the same layout, and
 * every command must find its way through the compat entry.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/syscall32.h"

/* What a 32-bit program would have in its memory */
static struct memory {
	char path[32];
	struct cxl_ioctl_start_work work;
	struct cxl_afu_id id;
	struct cxl_ioctl_event_format format;
	__u32 pe;
	struct pollfd poll;
	struct {
		__u32 base;
		__u32 len;
	} vec[2];
	struct {
		__u32 addr;
		__u32 len;
		__u32 prot;
		__u32 flags;
		__u32 fd;
		__u32 offset;
	} mmap;
	char src[64];
	char dst[64];
	char buf[CXL_READ_MIN_SIZE];
	struct work_element queue[4] __attribute__((aligned(4096)));
} *m;

static unsigned long low(const void *pointer)
{
	return (unsigned long)pointer;
}

static long ioctl32(int fd, unsigned long cmd, void *arg)
{
	return syscall32(NR32_IOCTL, fd, cmd, low(arg), 0, 0);
}

static int open32(const char *node)
{
	if (!syscall32_works())
		skip("no 32-bit system calls on this machine or kernel");
	m = low_memory(sizeof(*m));
	require(m);
	snprintf(m->path, sizeof(m->path), "/dev/cxl/%s", node);
	return require_ok(syscall32(NR32_OPEN, low(m->path), O_RDWR, 0, 0, 0));
}

static void start32(int fd)
{
	/* The queue is one line. */
	m->work.work_element_descriptor = low(m->queue) | 1;
	require_ok(ioctl32(fd, CXL_IOCTL_START_WORK, &m->work));
}

static void add(struct queue *q, __u8 cmd, __u16 length)
{
	queue_add(q, cmd, length, m->src, m->dst);
}

static void every_command_works(void)
{
	int fd = open32("afu0.0s");

	m->pe = ~0;
	check_ok(ioctl32(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &m->pe));
	check_eq(m->pe, node_pe(fd));
	memset(&m->id, 0xee, sizeof(m->id));
	check_ok(ioctl32(fd, CXL_IOCTL_GET_AFU_ID, &m->id));
	check_eq(m->id.flags, CXL_AFUID_FLAG_SLAVE);
	check_eq(m->id.afu_mode, CXL_MODE_DIRECTED);
	check_eq(m->id.reserved6, 0);
	m->format.flags = CXL_EVENT_FORMAT_STAMPS;
	check_ok(ioctl32(fd, CXL_IOCTL_EVENT_FORMAT, &m->format));
	start32(fd);
	check_errno(ioctl32(fd, CXL_IOCTL_START_WORK, &m->work), EIO);
}

static void errors_are_the_same(void)
{
	int fd = open32("afu0.0s");

	check_errno(ioctl32(fd, CXL_IOCTL_START_WORK, (void *)8), EFAULT);
	check_errno(ioctl32(fd, CXL_IOCTL_GET_AFU_ID, (void *)8), EFAULT);
	check_errno(ioctl32(fd, _IO(CXL_MAGIC, 0x7f), &m->buf), EINVAL);
	check_errno(ioctl32(fd, _IOW(CXL_MAGIC, 0, char[60]), &m->buf), EINVAL);
	m->work.flags = 1ULL << 40;
	check_errno(ioctl32(fd, CXL_IOCTL_START_WORK, &m->work), EINVAL);
	m->work.flags = 0;
	m->work.reserved5 = 1ULL << 63;
	check_errno(ioctl32(fd, CXL_IOCTL_START_WORK, &m->work), EINVAL);
	check_errno(syscall32(NR32_READ, fd, low(m->buf), 4095, 0, 0), EINVAL);
}

static void copies_and_reads_its_event(void)
{
	int fd = open32("afu0.0s");
	struct queue q = { .we = m->queue, .size = 4 };
	struct cxl_event *event = (struct cxl_event *)m->buf;

	start32(fd);
	strcpy(m->src, "from a 32-bit program");
	add(&q, WE_COPY, sizeof(m->src));
	add(&q, WE_IRQ, 3);
	m->poll.fd = fd;
	m->poll.events = POLLIN;
	check_eq(syscall32(NR32_POLL, low(&m->poll), 1, SOON_MS, 0, 0), 1);
	check_eq(m->poll.revents, POLLIN);
	check_eq(syscall32(NR32_READ, fd, low(m->buf), CXL_READ_MIN_SIZE, 0, 0),
		 16);
	check_eq(event->header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(event->header.size, 16);
	check_eq(event->header.process_element, node_pe(fd));
	check_eq(event->irq.irq, 3);
	check_str_eq(m->dst, m->src);
}

static void reads_a_vector(void)
{
	int fd = open32("afu0.0s");
	struct queue q = { .we = m->queue, .size = 4 };

	start32(fd);
	add(&q, WE_IRQ, 2);
	m->vec[0].base = low(m->dst);
	m->vec[0].len = 12;
	m->vec[1].base = low(m->buf);
	m->vec[1].len = sizeof(m->buf);
	memset(m->dst, 0xee, sizeof(m->dst));
	check_eq(syscall32(NR32_READV, fd, low(m->vec), 2, 0, 0), 16);
	check_eq(((struct cxl_event *)m->dst)->irq.irq, 2);
	check_eq((unsigned char)m->dst[12], 0xee);
}

/* Its addresses are in the low 4 GiB, and events show them in full. */
static void fault_shows_its_address(void)
{
	int fd = open32("afu0.0s");
	struct queue q = { .we = m->queue, .size = 4 };
	char *hole = low_memory(sysconf(_SC_PAGESIZE));
	struct cxl_event *event = (struct cxl_event *)m->buf;

	require(hole);
	require_ok(munmap(hole, sysconf(_SC_PAGESIZE)));
	start32(fd);
	check_eq(queue_wait(queue_copy(&q, m->dst, hole, 1)), WE_AERROR);
	check_eq(syscall32(NR32_READ, fd, low(m->buf), CXL_READ_MIN_SIZE, 0, 0),
		 40);
	check_eq(event->header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(event->fault.addr, low(hole));
}

static void maps_the_registers(void)
{
	int fd = open32("afu0.0s");
	long map;

	m->mmap.len = 4096;
	m->mmap.prot = PROT_READ | PROT_WRITE;
	m->mmap.flags = MAP_SHARED;
	m->mmap.fd = fd;
	check_errno(syscall32(NR32_MMAP, low(&m->mmap), 0, 0, 0, 0), EIO);
	start32(fd);
	map = syscall32(NR32_MMAP, low(&m->mmap), 0, 0, 0, 0);
	require(map != -1, "%m");
	check_eq(mmio_read((void *)(map & 0xffffffff), REG_PH) >> 48,
		 node_pe(fd));
}

static const struct tap_test tests[] = {
	{ "chardev_compat.every_command_works", every_command_works },
	{ "chardev_compat.errors_are_the_same", errors_are_the_same },
	{ "chardev_compat.copies_and_reads_its_event",
	  copies_and_reads_its_event },
	{ "chardev_compat.reads_a_vector", reads_a_vector },
	{ "chardev_compat.fault_shows_its_address", fault_shows_its_address },
	{ "chardev_compat.maps_the_registers", maps_the_registers },
};

TAP_MAIN(tests)
