// SPDX-License-Identifier: GPL-2.0-only
/* The library with descriptors of AFU drivers, and their events. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <libcxl.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/event_test.h"

static struct event_afu afu;

/* A handle for the driver's descriptor, which it takes over */
static struct cxl_afu_h *start(void)
{
	struct cxl_afu_h *handle;

	event_open_queue(&afu, EVENT_DEPTH, EVENT_MAX_DATA);
	handle = cxl_afu_fd_to_h(afu.fd);
	require(handle, "%m");
	fcntl(afu.fd, F_SETFL, O_NONBLOCK);
	afu.fd = -1;
	return handle;
}

static void finish(struct cxl_afu_h *handle)
{
	cxl_afu_free(handle);
	event_close(&afu);
}

static void anonymous_descriptor_has_no_name(void)
{
	struct cxl_afu_h *handle = start();
	long value;

	check(!cxl_afu_dev_name(handle));
	check_eq(cxl_afu_opened(handle), 1);
	check_eq(cxl_afu_get_process_element(handle), afu.pe);
	check_eq(cxl_get_api_version(handle, &value), 0);
	check_eq(cxl_mmio_map(handle, CXL_MMIO_BIG_ENDIAN), 0);
	finish(handle);
}

static void large_event_is_truncated(void)
{
	struct cxl_afu_h *handle = start();
	unsigned char buf[CXL_READ_MIN_SIZE];
	struct cxl_event event;
	size_t size;

	event_send_ok(&afu, 1, 32);
	event_send_ok(&afu, 2, 33);
	event_irq(&afu, 1);
	check_eq(cxl_read_event(handle, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(event.header.size, 40);
	check_eq(event.header.reserved1, 0);
	check_eq(cxl_read_event(handle, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(event.header.size, 40);
	check_eq(event.header.reserved1, CXL_EVENT_TRUNCATED);
	check_eq(cxl_event_pending(handle), 1);
	check_errno(cxl_read_event_buf(handle, buf, 40), EMSGSIZE);
	check_eq(((struct cxl_event_header *)buf)->size, 41);
	check_eq(cxl_read_event_buf(handle, buf, 41), 41);
	check(cxl_event_data(buf, &size) == buf + 8);
	check_eq(size, 33);
	check_eq(cxl_read_event(handle, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_INTERRUPT);
	check_errno(cxl_read_event(handle, &event), EAGAIN);
	finish(handle);
}

/* As many events as the driver holds, of all sizes, with and without stamps */
static void all_events_are_iterated_over(void)
{
	struct cxl_afu_h *handle = start();
	struct cxl_event_stamp stamp;
	struct cxl_event *event;
	unsigned int n = 0, irqs = 0;
	size_t size, bytes = 0;
	int stamped;

	for (stamped = 0; stamped < 2; stamped++) {
		check_eq(cxl_set_event_stamps(handle, stamped), 0);
		check_eq(event_send(&afu, CXL_TEST_PROCESS, 500, 0, 200), 500);
		event_irq(&afu, 1);
		cxl_for_each_event(handle, event) {
			if (stamped && !check_eq(cxl_event_stamp(event, &stamp), 0))
				break;
			if (event->header.type != CXL_EVENT_AFU_DRIVER) {
				irqs++;
				continue;
			}
			require(cxl_event_data(event, &size));
			bytes += size;
			n++;
		}
		check_eq(errno, 0);
	}
	check_eq(n, 1000);
	check_eq(irqs, 2);
	check(bytes > 1000 * 50 && bytes < 1000 * 150, "%zu", bytes);
	finish(handle);
}

static void largest_event_is_read(void)
{
	struct cxl_afu_h *handle = start();
	unsigned char buf[CXL_READ_MIN_SIZE];
	struct cxl_event *event;
	size_t size;

	event_send_ok(&afu, 2, EVENT_MAX_DATA);
	check_eq(cxl_read_event_buf(handle, buf, sizeof(buf)), CXL_READ_MIN_SIZE);
	event = cxl_next_event(handle);
	require(event, "%m");
	check(cxl_event_data(event, &size));
	check_eq(size, EVENT_MAX_DATA);
	check(!cxl_next_event(handle));
	check_eq(errno, 0);
	finish(handle);
}

/* The copy service's events, of which only the payload is specific */
static void completions_of_the_copy_service(void)
{
	char src[] = "copied by the copy service", dst[sizeof(src)] = "";
	struct cxl_copy_completion completion;
	struct cxl_afu_h *handle;
	struct cxl_event event;
	size_t size;
	int fd;

	fd = require_ok(copy_get_fd(copy_pages(65536), 65536));
	handle = cxl_afu_fd_to_h(fd);
	require(handle, "%m");
	require_eq(copy_submit_one(fd, src, dst, sizeof(src), 77), 1);
	require_eq(cxl_read_event(handle, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_DRIVER);
	check(cxl_event_data(&event, &size));
	require_eq(size, sizeof(completion));
	memcpy(&completion, cxl_event_data(&event, &size), sizeof(completion));
	check_eq(completion.cookie, 77);
	check_str_eq(dst, src);
	cxl_afu_free(handle);
}

#define TEST(name)	{ "lib_driver." #name, name }

static const struct tap_test tests[] = {
	TEST(anonymous_descriptor_has_no_name),
	TEST(large_event_is_truncated),
	TEST(all_events_are_iterated_over),
	TEST(largest_event_is_read),
	TEST(completions_of_the_copy_service),
};

EVENT_MAIN(tests)
