// SPDX-License-Identifier: GPL-2.0-only
/* Reading and printing events of a fake device. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

/* Maximum payload of a driver event */
#define MAX_PAYLOAD	(CXL_READ_MIN_SIZE - sizeof(struct cxl_event_header))

/* More than struct cxl_event holds */
#define LARGE_PAYLOAD	33

static struct cxl_afu_h *open_one(void)
{
	struct cxl_afu_h *afu;

	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
	afu = cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s"));
	require(afu, "%m");
	fcntl(cxl_afu_fd(afu), F_SETFL, O_RDWR | O_NONBLOCK);
	return afu;
}

static void queue_fault(__u64 addr, __u64 dsisr)
{
	struct cxl_event_data_storage fault = { .addr = addr, .dsisr = dsisr };

	fake_queue_event(CXL_EVENT_DATA_STORAGE, &fault, sizeof(fault));
}

static void queue_error(__u64 error)
{
	struct cxl_event_afu_error payload = { .error = error };

	fake_queue_event(CXL_EVENT_AFU_ERROR, &payload, sizeof(payload));
}

static void queue_driver(const char *text, size_t size)
{
	fake_queue_event(CXL_EVENT_AFU_DRIVER, text, size);
}

/* A payload of any size, in which each byte differs from its neighbours */
static const char *payload(void)
{
	static char bytes[CXL_READ_MIN_SIZE];
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + i / 256;
	return bytes;
}

static void check_poisoned(const struct cxl_event *event)
{
	check_eq(event->header.type, 0xffff);
	check_eq(event->header.size, 0);
}

static void events_come_one_by_one(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event event;

	queue_driver("hello", 5);
	fake_queue_irq(3);
	queue_fault(0x123456789abc, 0x4000000040000000);
	queue_error(0xdeadbeef12345678);
	memset(&event, 0xff, sizeof(event));
	errno = 0;
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(errno, 0);
	check_eq(event.header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(event.header.size, 13);
	check_eq(event.header.process_element, FAKE_PE);
	check_mem_eq((char *)&event + 8, "hello\0\0\0", 8);

	/* By now the rest is at an odd address. */
	memset(&event, 0xff, sizeof(event));
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(event.header.size, 16);
	check_eq(event.irq.irq, 3);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(event.header.size, 40);
	check_eq(event.fault.addr, 0x123456789abc);
	check_eq(event.fault.dsisr, 0x4000000040000000);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_ERROR);
	check_eq(event.header.size, 24);
	check_eq(event.afu_error.error, 0xdeadbeef12345678);
	check_eq(fake_device.reads, 1);
	cxl_afu_free(afu);
}

static void failed_read_leaves_no_event(void)
{
	static const int errors[] = { EAGAIN, EINTR, EIO };
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);
	struct cxl_event event;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		memset(&event, 0, sizeof(event));
		fake_device.read_error = errors[i];
		check_errno(cxl_read_event(afu, &event), errors[i]);
		check_poisoned(&event);
	}
	fake_device.end_of_file = true;
	memset(&event, 0, sizeof(event));
	check_errno(cxl_read_event(afu, &event), ENODATA);
	check_poisoned(&event);
	check_errno(cxl_read_event(NULL, &event), EINVAL);
	check_errno(cxl_read_event(closed, &event), EINVAL);
	check_errno(cxl_read_event(afu, NULL), EINVAL);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

static void broken_data_is_no_event(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event event, broken = {
		.header = { .type = CXL_EVENT_AFU_INTERRUPT, .size = 7 },
	};

	fake_queue_bytes(&broken, 16);
	check_errno(cxl_read_event(afu, &event), EBADMSG);
	check_poisoned(&event);
	broken.header.size = 41;
	fake_queue_bytes(&broken, sizeof(broken));
	check_errno(cxl_read_event(afu, &event), EBADMSG);
	fake_queue_bytes(&broken, 3);
	check_errno(cxl_read_event(afu, &event), EBADMSG);
	fake_queue_irq(1);
	check_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.irq.irq, 1);
	cxl_afu_free(afu);
}

/* The caller's struct ends at the end of a page, or the sanitizer reports it. */
static void large_event_is_truncated(void)
{
	struct cxl_afu_h *afu = open_one();
	unsigned char buf[CXL_READ_MIN_SIZE];
	struct cxl_event *event = malloc(sizeof(*event));
	struct cxl_event_header *header = (void *)buf;
	const unsigned char *data;
	size_t size;

	require(event);
	queue_driver(payload(), LARGE_PAYLOAD);
	fake_queue_irq(2);
	queue_driver(payload(), LARGE_PAYLOAD);
	fake_queue_irq(3);
	errno = 0;
	check_eq(cxl_read_event(afu, event), 0);
	check_eq(errno, 0);
	check_eq(event->header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(event->header.size, 40);
	check_eq(event->header.process_element, FAKE_PE);
	check_eq(event->header.reserved1, CXL_EVENT_TRUNCATED);
	check_mem_eq(&event->irq, payload(), 32);
	check_eq(cxl_read_event(afu, event), 0);
	check_eq(event->irq.irq, 2);
	check_eq(event->header.reserved1, 0);

	/* A buffer of any size leaves the events that do not fit. */
	memset(buf, 0xee, sizeof(buf));
	check_errno(cxl_read_event_buf(afu, buf, 7), EMSGSIZE);
	check_eq(buf[0], 0xee);
	check_errno(cxl_read_event_buf(afu, buf, 8), EMSGSIZE);
	check_eq(header->size, 8 + LARGE_PAYLOAD);
	check_eq(buf[8], 0xee);
	check_errno(cxl_read_event_buf(afu, buf, 8 + LARGE_PAYLOAD - 1), EMSGSIZE);
	errno = 0;
	check_eq(cxl_read_event_buf(afu, buf, 8 + LARGE_PAYLOAD), 8 + LARGE_PAYLOAD);
	check_eq(errno, 0);
	check_eq(header->type, CXL_EVENT_AFU_DRIVER);
	data = cxl_event_data(buf, &size);
	check_eq(size, LARGE_PAYLOAD);
	check_mem_eq(data, payload(), LARGE_PAYLOAD);
	check_eq(buf[8 + LARGE_PAYLOAD], 0xee);

	check_eq(cxl_read_event(afu, event), 0);
	check_eq(event->irq.irq, 3);
	free(event);
	cxl_afu_free(afu);
}

static void event_of_all_sizes_fits(void)
{
	struct cxl_afu_h *afu = open_one();
	unsigned char buf[CXL_READ_MIN_SIZE];
	struct cxl_event event, *next;
	size_t size;

	queue_driver("", 0);
	queue_driver(payload(), 32);
	queue_driver(payload(), MAX_PAYLOAD);
	queue_driver(payload(), MAX_PAYLOAD);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.size, 8);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.size, 40);
	check_mem_eq((char *)&event + 8, payload(), 32);
	require_eq(cxl_read_event_buf(afu, buf, sizeof(buf)), CXL_READ_MIN_SIZE);
	check_mem_eq(buf + 8, payload(), MAX_PAYLOAD);
	next = cxl_next_event(afu);
	require(next, "%m");
	check_mem_eq(cxl_event_data(next, &size), payload(), MAX_PAYLOAD);
	check_eq(size, MAX_PAYLOAD);
	cxl_afu_free(afu);
}

static void buffer_must_be_there(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);
	char buf[64];

	check_errno(cxl_read_event_buf(NULL, buf, sizeof(buf)), EINVAL);
	check_errno(cxl_read_event_buf(closed, buf, sizeof(buf)), EINVAL);
	check_errno(cxl_read_event_buf(afu, NULL, sizeof(buf)), EINVAL);
	check_errno(cxl_read_event_buf(afu, buf, sizeof(buf)), EAGAIN);
	fake_device.closed = true;
	check_errno(cxl_read_event_buf(afu, buf, sizeof(buf)), EIO);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

static void pending_is_told(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);
	struct cxl_event event;

	errno = 0;
	check_eq(cxl_event_pending(afu), 0);
	fake_queue_irq(1);
	fake_queue_irq(2);
	check_eq(cxl_event_pending(afu), 1);
	check_eq(cxl_read_event(afu, &event), 0);
	/* The kernel has no more events, but the handle has. */
	check_eq(cxl_event_pending(afu), 1);
	check_eq(cxl_read_event(afu, &event), 0);
	check_eq(cxl_event_pending(afu), 0);
	fake_device.closed = true;
	check_eq(cxl_event_pending(afu), 1);
	check_eq(errno, 0);
	check_errno(cxl_event_pending(NULL), EINVAL);
	check_eq(cxl_event_pending(closed), 0);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

static void expected_event_is_checked(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event event;

	fake_queue_irq(4);
	fake_queue_irq(5);
	fake_queue_irq(6);
	queue_error(1);
	queue_error(2);
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT, 4), 0);
	check_eq(event.irq.irq, 4);
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT, 0), 0);
	check_eq(event.irq.irq, 5);
	check_errno(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT, 7),
		    ENOMSG);
	check_eq(event.irq.irq, 6);
	check_errno(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT, 1),
		    ENOMSG);
	check_eq(event.afu_error.error, 1);
	/* Only interrupts have a number. */
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_ERROR, 9), 0);
	check_errno(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_ERROR, 0),
		    EAGAIN);
	check_poisoned(&event);
	check_errno(cxl_read_expected_event(NULL, &event, 0, 0), EINVAL);
	check_errno(cxl_read_expected_event(afu, NULL, 0, 0), EINVAL);
	cxl_afu_free(afu);
}

static void *read_one(void *afu)
{
	struct cxl_event event;

	check_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.irq.irq, 8);
	return NULL;
}

static void reading_waits(void)
{
	struct cxl_afu_h *afu = open_one();
	pthread_t reader;

	fcntl(cxl_afu_fd(afu), F_SETFL, O_RDWR);
	require(!pthread_create(&reader, NULL, read_one, afu));
	usleep(20 * 1000);
	fake_queue_irq(8);
	pthread_join(reader, NULL);
	cxl_afu_free(afu);
}

/* Iteration */

static void iteration_gives_all_that_is_pending(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event *event, read;
	unsigned int n = 0;
	char buf[200];
	size_t size;

	fcntl(cxl_afu_fd(afu), F_SETFL, O_RDWR);	/* and does not wait */
	queue_driver(payload(), 100);
	fake_queue_irq(1);
	queue_fault(7, 8);
	queue_driver(payload(), 1);
	fake_queue_irq(2);
	require_eq(cxl_read_event_buf(afu, buf, sizeof(buf)), 108);
	errno = EBADF;
	cxl_for_each_event(afu, event) {
		switch (n++) {
		case 0:
			check_eq(event->irq.irq, 1);
			check(cxl_event_data(event, &size) == &event->irq);
			check_eq(size, sizeof(event->irq));
			break;
		case 1:
			check_eq(event->fault.dsisr, 8);
			break;
		case 2:
			check_eq(event->header.size, 9);
			/* No bytes of the last event follow it. */
			check_eq(event->irq.irq, 0);
			check_eq(event->fault.dsisr, 0);
			check_mem_eq(cxl_event_data(event, &size), payload(), 1);
			check_eq(size, 1);
			break;
		}
		if (n == 3)
			break;
	}
	/* The rest is for the next reader. */
	check_eq(cxl_read_event(afu, &read), 0);
	check_eq(read.irq.irq, 2);
	check(!cxl_next_event(afu));
	check_eq(errno, 0);
	check_eq(n, 3);
	cxl_afu_free(afu);
}

/* Another process has the descriptor, too, and is faster. */
static void iteration_waits_for_no_event_of_others(void)
{
	struct cxl_afu_h *afu = open_one();

	fcntl(cxl_afu_fd(afu), F_SETFL, O_RDWR);
	fake_device.others_read = true;
	fake_queue_irq(1);
	alarm(5);
	check(!cxl_next_event(afu));
	alarm(0);
	check_eq(errno, 0);
	fake_device.others_read = false;
	fake_queue_irq(2);
	check(cxl_next_event(afu));
	cxl_afu_free(afu);
}

static void iteration_works_with_old_drivers(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event *event;

	fcntl(cxl_afu_fd(afu), F_SETFL, O_RDWR);
	fake_device.no_nowait = true;
	check(!cxl_next_event(afu));
	check_eq(errno, 0);
	fake_queue_irq(3);
	event = cxl_next_event(afu);
	require(event, "%m");
	check_eq(event->irq.irq, 3);
	check(!cxl_next_event(afu));
	check_eq(errno, 0);
	fake_device.closed = true;
	check(!cxl_next_event(afu));
	check_eq(errno, EIO);
	cxl_afu_free(afu);
}

static void iteration_ends_with_the_context(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);

	fake_queue_irq(1);
	fake_device.closed = true;
	check(cxl_next_event(afu));
	check(!cxl_next_event(afu));
	check_eq(errno, EIO);
	check(!cxl_next_event(NULL));
	check_eq(errno, EINVAL);
	errno = 0;
	check(!cxl_next_event(closed));
	check_eq(errno, EINVAL);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

static void data_is_that_of_an_event(void)
{
	struct cxl_event_header header = { .size = 7 };
	size_t size = 3;

	errno = 0;
	check(!cxl_event_data(&header, &size));
	check_eq(errno, EINVAL);
	errno = 0;
	check(!cxl_event_data(NULL, &size));
	check_eq(errno, EINVAL);
	errno = 0;
	check(!cxl_event_data(&header, NULL));
	check_eq(errno, EINVAL);
	check_eq(size, 3);
	header.size = 8;
	check(cxl_event_data(&header, &size) == &header + 1);
	check_eq(size, 0);
}

/* Stamps */

static void stamps_are_switched(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);

	errno = 0;
	check_eq(cxl_set_event_stamps(afu, 1), 0);
	check_eq(fake_device.format, CXL_EVENT_FORMAT_STAMPS);
	check_eq(cxl_set_event_stamps(afu, 0), 0);
	check_eq(fake_device.format, 0);
	check_eq(cxl_set_event_stamps(afu, 2), 0);
	check_eq(fake_device.format, CXL_EVENT_FORMAT_STAMPS);
	check_eq(errno, 0);
	fake_device.no_format = true;
	check_errno(cxl_set_event_stamps(afu, 1), EINVAL);
	fake_device.closed = true;
	check_errno(cxl_set_event_stamps(afu, 1), EIO);
	check_errno(cxl_set_event_stamps(NULL, 1), EINVAL);
	check_errno(cxl_set_event_stamps(closed, 1), EINVAL);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

static void stamps_are_read(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event_stamp stamp = {};
	char buf[128];
	struct cxl_event *event;
	size_t size;

	fake_queue_irq(1);
	event = cxl_next_event(afu);
	require(event);
	check_errno(cxl_event_stamp(event, &stamp), ENODATA);

	check_eq(cxl_set_event_stamps(afu, 1), 0);
	queue_driver("abc", 3);
	queue_driver("", 0);
	event = cxl_next_event(afu);
	require(event);
	check_eq(event->header.size, 8 + 3 + 24);
	check_mem_eq(cxl_event_data(event, &size), "abc", 3);
	check_eq(size, 3);
	check_eq(cxl_event_stamp(event, &stamp), 0);
	check_eq(stamp.time, 1000000001);
	check_eq(stamp.sequence, 1);
	check_eq(stamp.lost, 2);

	/* With any alignment */
	check_eq(cxl_read_event_buf(afu, buf + 1, sizeof(buf) - 1), 32);
	check(cxl_event_data(buf + 1, &size) == buf + 9);
	check_eq(size, 0);
	check_eq(cxl_event_stamp(buf + 1, &stamp), 0);
	check_eq(stamp.sequence, 2);
	check_errno(cxl_event_stamp(NULL, &stamp), EINVAL);
	check_errno(cxl_event_stamp(buf + 1, NULL), EINVAL);
	cxl_afu_free(afu);
}

/* Where there is no room for a stamp, it is left out. */
static void struct_has_no_stamp(void)
{
	struct cxl_afu_h *afu = open_one();
	struct cxl_event_stamp stamp;
	struct cxl_event event;

	check_eq(cxl_set_event_stamps(afu, 1), 0);
	queue_fault(3, 4);
	queue_driver(payload(), 32);
	queue_driver(payload(), 33);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.size, 40);
	check_eq(event.header.reserved1, 0);
	check_eq(event.fault.dsisr, 4);
	check_errno(cxl_event_stamp(&event, &stamp), ENODATA);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.size, 40);
	check_mem_eq((char *)&event + 8, payload(), 32);
	require_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.size, 40);
	check_eq(event.header.reserved1, CXL_EVENT_TRUNCATED);
	check_mem_eq((char *)&event + 8, payload(), 32);
	cxl_afu_free(afu);
}

/* The flag alone makes no stamp. */
static void short_event_has_no_stamp(void)
{
	struct cxl_event event = {
		.header = { .size = 31, .reserved1 = CXL_EVENT_STAMPED },
	};
	struct cxl_event_stamp stamp;
	size_t size;

	check_errno(cxl_event_stamp(&event, &stamp), ENODATA);
	check(cxl_event_data(&event, &size));
	check_eq(size, 23);
}

static const struct tap_test tests[] = {
	{ "lib_event.events_come_one_by_one", events_come_one_by_one },
	{ "lib_event.failed_read_leaves_no_event", failed_read_leaves_no_event },
	{ "lib_event.broken_data_is_no_event", broken_data_is_no_event },
	{ "lib_event.large_event_is_truncated", large_event_is_truncated },
	{ "lib_event.event_of_all_sizes_fits", event_of_all_sizes_fits },
	{ "lib_event.buffer_must_be_there", buffer_must_be_there },
	{ "lib_event.pending_is_told", pending_is_told },
	{ "lib_event.expected_event_is_checked", expected_event_is_checked },
	{ "lib_event.reading_waits", reading_waits },
	{ "lib_event.iteration_gives_all_that_is_pending",
	  iteration_gives_all_that_is_pending },
	{ "lib_event.iteration_waits_for_no_event_of_others",
	  iteration_waits_for_no_event_of_others },
	{ "lib_event.iteration_works_with_old_drivers",
	  iteration_works_with_old_drivers },
	{ "lib_event.iteration_ends_with_the_context",
	  iteration_ends_with_the_context },
	{ "lib_event.data_is_that_of_an_event", data_is_that_of_an_event },
	{ "lib_event.stamps_are_switched", stamps_are_switched },
	{ "lib_event.stamps_are_read", stamps_are_read },
	{ "lib_event.struct_has_no_stamp", struct_has_no_stamp },
	{ "lib_event.short_event_has_no_stamp", short_event_has_no_stamp },
};

TAP_MAIN(tests)
