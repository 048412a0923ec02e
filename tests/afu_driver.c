// SPDX-License-Identifier: GPL-2.0-only
/* The example of an AFU driver, examples/afu-driver, does what its pages say. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "../examples/afu-driver/cxl_echo.h"
#include "lib/api_test.h"
#include "lib/cxl_test.h"

#define ECHO_NODE	"/dev/cxl-echo"
#define ECHO_DEVICE	0xec40
#define ECHO_DEPTH	64

static int echo_send(int fd, __u64 number)
{
	return ioctl(fd, CXL_ECHO_SEND, &number);
}

struct echo_event {
	struct cxl_event_header header;
	__u64 value;
};

static int echo_open(void)
{
	int dev = require_ok(open(ECHO_NODE, O_RDWR | O_CLOEXEC));
	int fd = require_ok(ioctl(dev, CXL_ECHO_OPEN));

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
		check_eq(echo_send(p.fd, 100 + i), 0);
	check_eq(poll(&p, 1, 0), 1);
	check_eq(read(p.fd, event, sizeof(event)), 3 * sizeof(*event));
	for (i = 0; i < 3; i++) {
		check_eq(event[i].header.type, CXL_EVENT_AFU_DRIVER);
		check_eq(event[i].header.size, sizeof(*event));
		check_eq(event[i].value, 100 + i);
	}
	close(p.fd);
}

static void refuses_what_it_does_not_know(void)
{
	int dev = require_ok(open(ECHO_NODE, O_RDWR | O_CLOEXEC));
	int fd = echo_open();

	check_errno(ioctl(dev, CXL_ECHO_SEND, NULL), ENOTTY);
	check_errno(ioctl(fd, CXL_ECHO_OPEN), EINVAL);
	check_errno(ioctl(fd, CXL_ECHO_SEND, NULL), EFAULT);
	close(fd);
	close(dev);
}

static void full_queue_loses_what_comes_last(void)
{
	char buf[CXL_READ_MIN_SIZE];
	int fd = echo_open();
	int i;

	for (i = 0; i < ECHO_DEPTH; i++)
		check_eq(echo_send(fd, i), 0);
	check_errno(echo_send(fd, i), ENOSPC);
	check_eq(read(fd, buf, sizeof(buf)),
		 ECHO_DEPTH * sizeof(struct echo_event));
	close(fd);
}

static void lives_on_without_its_afu(void)
{
	char buf[CXL_READ_MIN_SIZE];
	int dev = require_ok(open(ECHO_NODE, O_RDWR | O_CLOEXEC));
	int fd = echo_open();

	check_eq(echo_send(fd, 1), 0);
	api_unbind();
	check_errno(ioctl(dev, CXL_ECHO_OPEN), ENODEV);
	/* What was sent is read before the end. */
	check_eq(read(fd, buf, sizeof(buf)), sizeof(struct echo_event));
	check_errno(read(fd, buf, sizeof(buf)), EIO);
	close(fd);
	close(dev);
	api_bind();
	close(echo_open());
}

#define TEST(name) { "afu_driver." #name, name }

static const struct tap_test tests[] = {
	TEST(sends_back_what_it_was_given),
	TEST(refuses_what_it_does_not_know),
	TEST(full_queue_loses_what_comes_last),
	TEST(lives_on_without_its_afu),
};

static const struct api_setup setup = {
	.module = "cxl_echo",
	.driver = "cxl-echo",
	.device = ECHO_DEVICE,
};

/* The default card's AFU has the driver's ID, but cxl-copy is bound to it. */
static void teach_id(void)
{
	char id[32];

	snprintf(id, sizeof(id), "1014 %04x", ECHO_DEVICE);
	if (!api_command("modprobe", setup.module, NULL) ||
	    file_write(id, "/sys/bus/pci/drivers/cxl-echo/new_id"))
		diag("the driver does not take an ID: %m");
}

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "-l"))
		teach_id();
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
