// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU descriptor of cxl-copy: requests go in by CXL_COPY_SUBMIT, events
 * come out by read(). Each event has a stamp with a sequence number and a count
 * of lost events, so that a missing event is noticed.
 */
#include "afu-cp.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Room for 2048 elements; a multiple of every page size in use */
#define QUEUE_SIZE	65536
#define READ_SIZE	(4 * CXL_READ_MIN_SIZE)

static const char *first_device(void)
{
	static glob_t found;

	if (glob("/dev/cxl-copy*", 0, NULL, &found) != 0)
		die(EXIT_SERVICE, "no /dev/cxl-copy*: no accelerator, or cxl-copy is not loaded");
	return found.gl_pathv[0];
}

void service_open(struct service *service, const char *device)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	struct cxl_copy_get_fd get_fd = { .queue_size = QUEUE_SIZE };
	void *queue;
	int fd;

	memset(service, 0, sizeof(*service));
	service->device = device ? device : first_device();
	fd = open(service->device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die_errno(EXIT_SERVICE, "%s", service->device);

	/* The AFU owns it until the descriptor is closed: by exit(). */
	queue = mmap(NULL, QUEUE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (queue == MAP_FAILED)
		die_errno(EXIT_SERVICE, "no memory for the work queue");
	get_fd.queue_address = (uintptr_t)queue;
	service->fd = ioctl(fd, CXL_COPY_GET_FD, &get_fd);
	if (service->fd < 0)
		die_errno(EXIT_SERVICE, "%s: no copy service",
			  service->device);
	close(fd);
	if (ioctl(service->fd, CXL_IOCTL_EVENT_FORMAT, &format) < 0)
		die_errno(EXIT_SERVICE, "%s: no event stamps",
			  service->device);
}

unsigned int service_submit(struct service *service,
			    const struct cxl_copy_request *requests,
			    unsigned int count)
{
	struct cxl_copy_submit submit = {
		.requests = (uintptr_t)requests,
		.count = count,
	};
	int taken = ioctl(service->fd, CXL_COPY_SUBMIT, &submit);

	/* EBUSY: completions must be read first. EIO: read() tells more. */
	if (taken < 0 && errno != EBUSY && errno != EIO)
		die_errno(EXIT_SERVICE, "%s: cannot submit copies",
			  service->device);
	return taken < 0 ? 0 : taken;
}

static void check_stamp(struct service *service,
			const struct cxl_event_stamp *stamp)
{
	if (stamp->sequence != service->next_sequence)
		die(EXIT_LOST, "event %llu came instead of %llu",
		    (unsigned long long)stamp->sequence,
		    (unsigned long long)service->next_sequence);
	service->next_sequence++;
	service->lost = stamp->lost;
}

static size_t payload_size(uint16_t type)
{
	switch (type) {
	case CXL_EVENT_AFU_INTERRUPT:
		return sizeof(struct cxl_event_afu_interrupt);
	case CXL_EVENT_DATA_STORAGE:
		return sizeof(struct cxl_event_data_storage);
	case CXL_EVENT_AFU_ERROR:
		return sizeof(struct cxl_event_afu_error);
	case CXL_EVENT_AFU_DRIVER:
		return sizeof(struct cxl_copy_completion);
	default:
		return 0;
	}
}

/* Decode what follows the header. */
static void handle_event(struct service *service,
			 const struct cxl_event_header *header,
			 const char *payload, event_handler *handler,
			 void *data)
{
	size_t size = payload_size(header->type);
	struct event event = { .type = header->type };
	struct cxl_event_stamp stamp;

	if (!(header->reserved1 & CXL_EVENT_STAMPED) ||
	    header->size < sizeof(*header) + size + sizeof(stamp))
		die(EXIT_LOST, "an event of type %u has only %u bytes",
		    header->type, header->size);
	memcpy(event.payload, payload, size);
	memcpy(&stamp, (const char *)header + header->size - sizeof(stamp),
	       sizeof(stamp));

	check_stamp(service, &stamp);
	event.sequence = stamp.sequence;
	event.time = stamp.time;
	if (header->type == CXL_EVENT_AFU_DRIVER)
		service->driver_events++;
	else
		service->other_events++;
	handler(data, &event);
}

void service_read(struct service *service, event_handler *handler, void *data)
{
	static char buffer[READ_SIZE] __attribute__((aligned(8)));
	struct cxl_event_header header;
	char *event, *end;
	ssize_t n;

	if (!wait_readable(service->fd))
		die(EXIT_COPY, "%s: the AFU does not answer", service->device);
	n = read(service->fd, buffer, sizeof(buffer));
	if (n < 0 && errno == EIO)
		die(EXIT_COPY, "%s: the accelerator was taken away",
		    service->device);
	if (n < 0)
		die_errno(EXIT_COPY, "%s", service->device);

	end = buffer + n;
	for (event = buffer; event < end; event += header.size) {
		if ((size_t)(end - event) < sizeof(header))
			break;
		memcpy(&header, event, sizeof(header));
		if (header.size < sizeof(header) || header.size > end - event)
			break;
		handle_event(service, (void *)event, event + sizeof(header),
			     handler, data);
	}
	if (event != end)
		die(EXIT_LOST, "%s: an event is truncated", service->device);
}
