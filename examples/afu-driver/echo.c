// SPDX-License-Identifier: GPL-2.0-only
/* echo NUMBER...: send numbers to the driver, print the events that come back. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "cxl_echo.h"

/* A read() returns all events that are waiting, as far as they fit. */
static int print_events(const char *buf, ssize_t size)
{
	struct cxl_event_header header;
	unsigned long long number;
	int count = 0;

	for (; size > 0; buf += header.size, size -= header.size) {
		memcpy(&header, buf, sizeof(header));
		if (header.type == CXL_EVENT_AFU_DRIVER) {
			memcpy(&number, buf + sizeof(header), sizeof(number));
			printf("driver event: %llu\n", number);
			count++;
		}
	}
	return count;
}

int main(int argc, char **argv)
{
	char buf[CXL_READ_MIN_SIZE];
	unsigned long long number;
	int dev, afu, left;
	ssize_t size;

	dev = open("/dev/cxl-echo", O_RDWR);
	if (dev < 0)
		err(1, "/dev/cxl-echo");
	afu = ioctl(dev, CXL_ECHO_OPEN);
	if (afu < 0)
		err(1, "no AFU");
	for (left = 0; left < argc - 1; left++) {
		number = strtoull(argv[left + 1], NULL, 0);
		if (ioctl(afu, CXL_ECHO_SEND, &number))
			err(1, "%s is not sent", argv[left + 1]);
	}
	while (left > 0) {
		size = read(afu, buf, sizeof(buf));
		if (size < 0)
			err(1, "no event");
		left -= print_events(buf, size);
	}
	return 0;
}
