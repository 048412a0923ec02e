// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of one context, with all their contents.
 */
#include "afuctl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The context, and how many of its events were lost so far */
struct own {
	char name[32];
	int pe;
	uint64_t lost;
};

static void describe(const struct cxl_event *event, const void *payload,
		     size_t size, struct line *line, char *details, size_t room)
{
	struct cxl_event_afu_interrupt irq;
	struct cxl_event_data_storage fault;
	struct cxl_event_afu_error error;
	const char *access;

	line->what = cxl_event_type_name(event->header.type);
	if (event->header.type == CXL_EVENT_AFU_INTERRUPT && size >= sizeof(irq)) {
		memcpy(&irq, payload, sizeof(irq));
		snprintf(details, room, "irq %u", irq.irq);
		add_uint(line->json, "irq", irq.irq);
	} else if (event->header.type == CXL_EVENT_DATA_STORAGE &&
		   size >= sizeof(fault)) {
		memcpy(&fault, payload, sizeof(fault));
		access = fault.dsisr & CXL_DSISR_STORE ? "write" : "read";
		snprintf(details, room,
			 "the AFU could not %s address 0x%llx (DSISR 0x%016llx)",
			 access, (unsigned long long)fault.addr,
			 (unsigned long long)fault.dsisr);
		add_string(line->json, "access", access);
		add_hex(line->json, "address", fault.addr);
		add_hex(line->json, "dsisr", fault.dsisr);
	} else if (event->header.type == CXL_EVENT_AFU_ERROR &&
		   size >= sizeof(error)) {
		memcpy(&error, payload, sizeof(error));
		snprintf(details, room, "error 0x%llx",
			 (unsigned long long)error.error);
		add_hex(line->json, "error", error.error);
	} else {
		snprintf(details, room, "%zu bytes", size);
		line->data = payload;
		line->size = size;
	}
}

static void print_event(struct monitor *monitor, struct own *own,
			const struct cxl_event *event)
{
	struct cxl_event_stamp stamp;
	struct line line = { .afu = own->name, .pe = own->pe };
	const void *payload;
	char details[128];
	size_t size;

	payload = cxl_event_data(event, &size);
	if (!payload)
		die_refused("cannot understand an event");
	line.json = json_object_new_object();
	line.details = details;
	line.time = now_ns();
	if (cxl_event_stamp(event, &stamp) == 0) {
		line.time = stamp.time;
		add_uint(line.json, "sequence", stamp.sequence);
		add_uint(line.json, "lost", stamp.lost);
		if (stamp.lost > own->lost && !json)
			printf("(%llu events lost)\n",
			       (unsigned long long)(stamp.lost - own->lost));
		own->lost = stamp.lost;
	}
	describe(event, payload, size, &line, details, sizeof(details));
	monitor_line(monitor, &line);
}

void watch_own(struct monitor *monitor, struct cxl_afu_h *afu)
{
	const struct cxl_event *event;
	struct own own = { .pe = cxl_afu_get_process_element(afu) };
	struct cxl_afu_id id;

	if (own.pe < 0 || ioctl(cxl_afu_fd(afu), CXL_IOCTL_GET_AFU_ID, &id) < 0)
		die_refused("cannot query the context");
	snprintf(own.name, sizeof(own.name), "afu%u.%u", id.card_id,
		 id.afu_offset);
	while (monitor_wait(monitor, cxl_afu_fd(afu))) {
		while (monitor->left && (event = cxl_next_event(afu)))
			print_event(monitor, &own, event);
		if (!monitor->left || !errno || errno == EAGAIN ||
		    errno == EINTR)
			continue;
		if (errno == EIO)
			die(EXIT_GONE, "%s: the AFU was taken away", own.name);
		die_refused("%s", own.name);
	}
}

static struct cxl_afu_h *open_node(const char *text)
{
	struct cxl_afu_h *afu, *opened;
	struct afu_name name;
	char path[64];

	if (strchr(text, '/'))
		return cxl_afu_open_dev((char *)text);
	afu = afu_find(text, &name);
	if (name.view) {
		snprintf(path, sizeof(path), NODE_DIR "/%s", text);
		cxl_afu_free(afu);
		return cxl_afu_open_dev(path);
	}
	opened = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	if (!opened && errno == ENODEV)
		opened = cxl_afu_open_h(afu, CXL_VIEW_DEDICATED);
	cxl_afu_free(afu);
	return opened;
}

/* An AFU that looks for work here finds none. */
static uint64_t page_of_zeroes(void)
{
	void *page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		die_refused("no memory");
	return (uintptr_t)page;
}

struct cxl_afu_h *attach_own(const char *name, const char *wed,
			     const char *irqs)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	struct cxl_afu_h *afu;

	if (!work)
		die_refused("no memory");
	cxl_work_set_wed(work, wed ? parse_number("--wed", wed, UINT64_MAX) :
				     page_of_zeroes());
	if (irqs)
		cxl_work_set_num_irqs(work, parse_number("--irqs", irqs, INT16_MAX));

	afu = open_node(name);
	if (!afu && errno == ENOSPC)
		die(EXIT_BUSY, "%s: all process elements are in use", name);
	if (!afu)
		die_refused("%s", name);
	/* Older drivers have no stamps; then the time is that of the read. */
	if (cxl_set_event_stamps(afu, 1) && errno != EINVAL)
		die_refused("%s: no event stamps", name);
	if (cxl_afu_attach_work(afu, work))
		die_refused("%s: cannot start a context", name);
	cxl_work_free(work);
	return afu;
}

struct cxl_afu_h *take_over(const char *text)
{
	int fd = parse_number("--fd", text, INT_MAX);
	struct cxl_afu_h *afu = cxl_afu_fd_to_h(fd);

	if (!afu)
		die_refused("--fd %d: is not an AFU descriptor", fd);
	return afu;
}
