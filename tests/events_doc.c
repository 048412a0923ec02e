// SPDX-License-Identifier: GPL-2.0-only
/* The driver of Documentation/events.md does what the page says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"

#define ECHO_NODE	"/dev/cxl-echo"
#define ECHO_DEVICE	0xec40
#define ECHO_DEPTH	64

struct echo_event {
	struct cxl_event_header header;
	__u64 value;
};

static int echo_open(void)
{
	int dev = require_ok(open(ECHO_NODE, O_RDWR | O_CLOEXEC));
	int fd = require_ok(ioctl(dev, 0, 0));

	close(dev);
	return fd;
}

static void sends_back_what_it_was_given(void)
{
	struct echo_event event[CXL_READ_MIN_SIZE / sizeof(struct echo_event)];
	struct pollfd p = { .fd = echo_open(), .events = POLLIN };
	int i;

	check_eq(poll(&p, 1, 0), 0);
	for (i = 0; i < 3; i++)
		check_eq(ioctl(p.fd, 0, 100 + i), 0);
	check_eq(poll(&p, 1, 0), 1);
	check_eq(read(p.fd, event, sizeof(event)), 3 * sizeof(*event));
	for (i = 0; i < 3; i++) {
		check_eq(event[i].header.type, CXL_EVENT_AFU_DRIVER);
		check_eq(event[i].header.size, sizeof(*event));
		check_eq(event[i].value, 100 + i);
	}
	close(p.fd);
}

static void full_queue_loses_what_comes_last(void)
{
	char buf[CXL_READ_MIN_SIZE];
	int fd = echo_open();
	int i;

	for (i = 0; i < ECHO_DEPTH; i++)
		check_eq(ioctl(fd, 0, i), 0);
	check_errno(ioctl(fd, 0, i), ENOSPC);
	check_eq(read(fd, buf, sizeof(buf)),
		 ECHO_DEPTH * sizeof(struct echo_event));
	close(fd);
}

static void lives_on_without_its_afu(void)
{
	char buf[CXL_READ_MIN_SIZE];
	int dev = require_ok(open(ECHO_NODE, O_RDWR | O_CLOEXEC));
	int fd = echo_open();

	check_eq(ioctl(fd, 0, 1), 0);
	api_unbind();
	check_errno(ioctl(dev, 0, 0), ENODEV);
	/* What was sent is read before the end. */
	check_eq(read(fd, buf, sizeof(buf)), sizeof(struct echo_event));
	check_errno(read(fd, buf, sizeof(buf)), EIO);
	close(fd);
	close(dev);
	api_bind();
	close(echo_open());
}

#define TEST(name) { "events_doc." #name, name }

static const struct tap_test tests[] = {
	TEST(sends_back_what_it_was_given),
	TEST(full_queue_loses_what_comes_last),
	TEST(lives_on_without_its_afu),
};

static const struct api_setup setup = {
	.module = "cxl_test_echo",
	.driver = "cxl-echo",
	.device = ECHO_DEVICE,
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
