// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"

void *copy_fresh_pages(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p;

	size = (size + page - 1) / page * page;
	p = mmap(NULL, size + 2 * page, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(p != MAP_FAILED);
	require_ok(mprotect(p + page, size, PROT_READ | PROT_WRITE));
	return p + page;
}

void *copy_pages(size_t size)
{
	return memset(copy_fresh_pages(size), 0, size);
}

void copy_pattern(void *buf, size_t size, unsigned int seed)
{
	unsigned char *p = buf;
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = (i * 2654435761u >> 13) + i + seed * 101;
}

int copy_device(void)
{
	return require_ok(open(COPY_DEVICE, O_RDWR | O_CLOEXEC));
}

static int get_fd(const char *name, const void *queue, size_t queue_size)
{
	struct cxl_copy_get_fd arg = {
		.queue_address = (uintptr_t)queue,
		.queue_size = queue_size,
	};
	int device = require_ok(open(name, O_RDWR | O_CLOEXEC));
	int fd = ioctl(device, CXL_COPY_GET_FD, &arg);
	int error = errno;

	close(device);
	errno = error;
	return fd;
}

int copy_get_fd(const void *queue, size_t queue_size)
{
	return get_fd(COPY_DEVICE, queue, queue_size);
}

void copy_open_at(struct copy_service *service, const char *device,
		  size_t queue_size)
{
	memset(service, 0, sizeof(*service));
	service->queue = copy_pages(queue_size);
	service->queue_size = queue_size;
	service->fd = require_ok(get_fd(device, service->queue, queue_size));
}

void copy_open(struct copy_service *service, size_t queue_size)
{
	copy_open_at(service, COPY_DEVICE, queue_size);
}

void copy_close(struct copy_service *service)
{
	check_ok(close(service->fd));
	munmap(service->queue, service->queue_size);
}

int copy_submit(int fd, const struct cxl_copy_request *requests,
		unsigned int count)
{
	struct cxl_copy_submit arg = {
		.requests = (uintptr_t)requests,
		.count = count,
	};

	return ioctl(fd, CXL_COPY_SUBMIT, &arg);
}

int copy_submit_one(int fd, const void *source, void *destination,
		    size_t length, __u64 cookie)
{
	struct cxl_copy_request request = {
		.source = (uintptr_t)source,
		.destination = (uintptr_t)destination,
		.length = length,
		.cookie = cookie,
	};

	return copy_submit(fd, &request, 1);
}

void copy_make_busy(struct copy_service *service, const void *source,
		    void *destination)
{
	int i;

	for (i = 0; i < COPY_BUSY; i++)
		require_eq(copy_submit_one(service->fd, source, destination,
					   CXL_COPY_MAX_LENGTH, i), 1);
}

static bool read_more(struct copy_service *service, int wait_ms)
{
	struct pollfd p = { .fd = service->fd, .events = POLLIN };

	if (poll(&p, 1, wait_ms) != 1)
		return false;
	service->next = 0;
	if (events_read(service->fd, &service->batch) > 0)
		return true;
	service->error = errno;
	service->batch.n = 0;
	return false;
}

bool copy_completion_within(struct copy_service *service,
			    struct cxl_copy_completion *completion, int wait_ms)
{
	const struct cxl_event *event;

	for (;;) {
		if (service->next == service->batch.n &&
		    !read_more(service, wait_ms))
			return false;
		event = &service->batch.event[service->next++];
		switch (event->header.type) {
		case CXL_EVENT_AFU_DRIVER:
			check_eq(event->header.size, sizeof(event->header) +
						     sizeof(*completion));
			memcpy(completion,
			       (const char *)event + sizeof(event->header),
			       sizeof(*completion));
			check_eq(completion->reserved, 0);
			return true;
		case CXL_EVENT_DATA_STORAGE:
			service->faults++;
			service->fault = event->fault;
			break;
		default:
			fail("event of type %u", event->header.type);
		}
	}
}

bool copy_completion(struct copy_service *service,
		     struct cxl_copy_completion *completion)
{
	return copy_completion_within(service, completion, 2 * SOON_MS);
}

bool copy_completes(struct copy_service *service, __u64 cookie, size_t length)
{
	struct cxl_copy_completion completion;

	if (!check(copy_completion(service, &completion), "cookie %llu",
		   (unsigned long long)cookie))
		return false;
	return check_eq(completion.cookie, cookie) &
	       check_eq(completion.status, CXL_COPY_OK) &
	       check_eq(completion.copied, length);
}

void copy_check_taken_away(struct copy_service *service)
{
	struct cxl_copy_completion completion;
	unsigned int i, done = 0;

	for (i = 0; i < COPY_BUSY; i++) {
		require(copy_completion(service, &completion), "request %u", i);
		check_eq(completion.cookie, i);
		if (completion.status == CXL_COPY_OK) {
			check_eq(done, i);
			check_eq(completion.copied, CXL_COPY_MAX_LENGTH);
			done++;
			continue;
		}
		check_eq(completion.status, CXL_COPY_CANCELLED);
		check(completion.copied <= CXL_COPY_MAX_LENGTH);
	}
	diag("%u done, %u cancelled", done, COPY_BUSY - done);
	check(!copy_completion(service, &completion));
	check_eq(service->error, EIO);
	check_eq(events_poll(service->fd), POLLERR | POLLHUP);
	check_errno(copy_submit_one(service->fd, &done, &i, 1, 1), EIO);
}

/* Call @action for each device of the memcpy AFU that is bound or not bound. */
static unsigned int with_each_afu(bool bound, void (*action)(const char *name))
{
	DIR *dir = opendir(PCI_DEVICES);
	char vendor[16], device[16];
	struct dirent *entry;
	unsigned int n = 0;

	require(dir);
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (file_read(vendor, sizeof(vendor), PCI_DEVICES "/%s/vendor",
			      name) < 0 ||
		    file_read(device, sizeof(device), PCI_DEVICES "/%s/device",
			      name) < 0)
			continue;
		if (strcmp(vendor, "0x1014") || strcmp(device, "0x4350") ||
		    file_exists(PCI_DEVICES "/%s/driver", name) != bound)
			continue;
		action(name);
		n++;
	}
	closedir(dir);
	return n;
}

static void unbind(const char *name)
{
	require_ok(file_write(name, COPY_DRIVER "/unbind"));
}

static void bind(const char *name)
{
	require_ok(file_write(name, COPY_DRIVER "/bind"));
}

void copy_unbind(void)
{
	require(with_each_afu(true, unbind) > 0);
}

void copy_bind(void)
{
	with_each_afu(false, bind);
}
