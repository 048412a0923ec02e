// SPDX-License-Identifier: GPL-2.0-only
/* Taking inputs apart: see fuzz.h. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

uint8_t take_byte(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->bytes++;
}

char *take_line(struct input *input)
{
	static char line[4096];
	size_t length = 0;
	uint8_t byte;

	while (input->size) {
		byte = take_byte(input);
		if (byte == '\n')
			break;
		if (byte && length < sizeof(line) - 1)
			line[length++] = byte;
	}
	line[length] = '\0';
	return line;
}

int take_file(struct input *input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	must(fd >= 0);
	must(write(fd, input->bytes, input->size) == (ssize_t)input->size);
	must(lseek(fd, 0, SEEK_SET) == 0);
	input->bytes += input->size;
	input->size = 0;
	return fd;
}

void finding(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
	abort();
}
