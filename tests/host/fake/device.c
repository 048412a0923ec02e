// SPDX-License-Identifier: GPL-2.0-only
/* The fake device: its system calls, see fake.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fake.h"
#include "tap.h"

#define MAX_FD		256
#define QUEUE_SIZE	65536

/* All fake nodes have device numbers with this major. */
#define FAKE_MAJOR	1

struct fake_device fake_device = {
	.memory = -1,
	.id = { .flags = CXL_AFUID_FLAG_SLAVE, .afu_mode = CXL_MODE_DIRECTED },
};

static bool adopted[MAX_FD];

/* Guards everything below, which is the queue. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queued = PTHREAD_COND_INITIALIZER;
static unsigned char queue[QUEUE_SIZE];
static size_t queue_begin, queue_end;
static __u64 sequence;

int __real_ioctl(int fd, unsigned long cmd, ...);
ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __real_preadv64v2(int fd, const struct iovec *iov, int n,
			  off64_t offset, int flags);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd,
		    off64_t offset);

static bool is_fake(int fd)
{
	struct stat st;

	if (fd >= 0 && fd < MAX_FD && adopted[fd])
		return true;
	return !fstat(fd, &st) && S_ISCHR(st.st_mode) &&
	       major(st.st_rdev) == FAKE_MAJOR;
}

void fake_adopt(int fd)
{
	require(fd >= 0 && fd < MAX_FD);
	adopted[fd] = true;
}

static int fails(int error)
{
	errno = error;
	return -1;
}

static int start_work(const struct cxl_ioctl_start_work *work)
{
	if (fake_device.started)
		return fails(EIO);
	if (fake_device.start_error)
		return fails(fake_device.start_error);
	fake_device.work = *work;
	fake_device.started = true;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (!is_fake(fd))
		return __real_ioctl(fd, cmd, arg);
	if (fake_device.link_down || fake_device.closed)
		return fails(EIO);

	switch (cmd) {
	case CXL_IOCTL_START_WORK:
		return start_work(arg);
	case CXL_IOCTL_GET_PROCESS_ELEMENT:
		fake_device.pe_asked++;
		*(__u32 *)arg = FAKE_PE;
		return 0;
	case CXL_IOCTL_GET_AFU_ID:
		if (fake_device.no_afu_id)
			return fails(EINVAL);
		*(struct cxl_afu_id *)arg = fake_device.id;
		return 0;
	case CXL_IOCTL_EVENT_FORMAT:
		if (fake_device.no_format)
			return fails(EINVAL);
		fake_device.format = ((struct cxl_ioctl_event_format *)arg)->flags;
		return 0;
	default:
		return fails(EINVAL);
	}
}

/* As many whole events as fit; broken ones come in one piece. */
static size_t whole_events(size_t size)
{
	struct cxl_event_header header;
	size_t n = 0, left;

	for (;;) {
		left = queue_end - queue_begin - n;
		if (left < sizeof(header))
			return left ? n + left : n;
		memcpy(&header, queue + queue_begin + n, sizeof(header));
		if (header.size < sizeof(header) || header.size > left)
			return n + left;
		if (n + header.size > size)
			return n;
		n += header.size;
	}
}

static ssize_t read_events(void *buf, size_t size, bool wait)
{
	size_t n;

	fake_device.reads++;
	if (fake_device.read_error) {
		errno = fake_device.read_error;
		fake_device.read_error = 0;
		return -1;
	}
	if (fake_device.end_of_file)
		return 0;
	if (fake_device.link_down)
		return fails(EIO);
	if (size < CXL_READ_MIN_SIZE)
		return fails(EINVAL);

	pthread_mutex_lock(&lock);
	if (fake_device.others_read)
		queue_begin = queue_end;
	while (queue_begin == queue_end) {
		if (fake_device.closed || !wait) {
			pthread_mutex_unlock(&lock);
			return fails(fake_device.closed ? EIO : EAGAIN);
		}
		pthread_cond_wait(&queued, &lock);
	}
	n = whole_events(size);
	memcpy(buf, queue + queue_begin, n);
	queue_begin += n;
	pthread_mutex_unlock(&lock);
	return n;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	if (!is_fake(fd))
		return __real_read(fd, buf, size);
	return read_events(buf, size, !(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

ssize_t __wrap_preadv64v2(int fd, const struct iovec *iov, int n,
			  off64_t offset, int flags)
{
	if (!is_fake(fd))
		return __real_preadv64v2(fd, iov, n, offset, flags);
	check_eq(n, 1);
	check_eq(offset, -1);
	check_eq(flags, RWF_NOWAIT);
	if (fake_device.no_nowait)
		return fails(EOPNOTSUPP);
	return read_events(iov->iov_base, iov->iov_len, false);
}

/* It never waits, since the library never asks for that. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (n != 1 || !is_fake(fds->fd))
		return __real_poll(fds, n, timeout);
	check_eq(timeout, 0);
	pthread_mutex_lock(&lock);
	fds->revents = 0;
	if (queue_begin < queue_end)
		fds->revents = POLLIN;
	else if (fake_device.closed)
		fds->revents = POLLERR;
	pthread_mutex_unlock(&lock);
	return fds->revents ? 1 : 0;
}

static int memory_fd(void)
{
	if (fake_device.memory < 0) {
		fake_device.memory = require_ok(memfd_create("psa", MFD_CLOEXEC));
		require_ok(ftruncate(fake_device.memory, FAKE_PSA_SIZE));
	}
	return fake_device.memory;
}

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd,
		    off64_t offset)
{
	size_t limit = fake_device.id.flags & CXL_AFUID_FLAG_SLAVE ?
		       FAKE_MMIO_SIZE : FAKE_PSA_SIZE;

	if (!is_fake(fd))
		return __real_mmap64(addr, size, prot, flags, fd, offset);
	if (fake_device.link_down || fake_device.closed || !fake_device.started)
		errno = EIO;
	else if (offset || size > limit)
		errno = EINVAL;
	else
		return __real_mmap64(addr, size, prot, flags, memory_fd(), 0);
	return MAP_FAILED;
}

void *fake_memory(void)
{
	void *memory = __real_mmap64(NULL, FAKE_PSA_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, memory_fd(), 0);

	require(memory != MAP_FAILED);
	return memory;
}

void fake_cut_memory(size_t size)
{
	require_ok(ftruncate(memory_fd(), size));
}

void fake_queue_bytes(const void *bytes, size_t size)
{
	pthread_mutex_lock(&lock);
	require(queue_end + size <= sizeof(queue));
	memcpy(queue + queue_end, bytes, size);
	queue_end += size;
	pthread_cond_broadcast(&queued);
	pthread_mutex_unlock(&lock);
}

void fake_queue_event(__u16 type, const void *payload, size_t size)
{
	unsigned char bytes[CXL_READ_MIN_SIZE];
	struct cxl_event_header header = {
		.type = type,
		.size = sizeof(header) + size,
		.process_element = FAKE_PE,
	};
	struct cxl_event_stamp stamp = {
		.time = 1000000000ULL + sequence,
		.sequence = sequence,
		.lost = 2 * sequence,
	};

	if (fake_device.format & CXL_EVENT_FORMAT_STAMPS) {
		header.reserved1 = CXL_EVENT_STAMPED;
		header.size += sizeof(stamp);
	}
	require(header.size <= sizeof(bytes));
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), payload, size);
	if (header.reserved1)
		memcpy(bytes + sizeof(header) + size, &stamp, sizeof(stamp));
	sequence++;
	fake_queue_bytes(bytes, header.size);
}

void fake_queue_irq(__u16 irq)
{
	struct cxl_event_afu_interrupt payload = { .irq = irq };

	fake_queue_event(CXL_EVENT_AFU_INTERRUPT, &payload, sizeof(payload));
}
