// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void open_standard_files(void)
{
	int fd, flags;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
			die_errno(EXIT_FAILURE, "/dev/null");
	}
}

static void close_keeping_errno(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

/* A truncated path would be that of another file. */
static int format_path(char path[PATH_MAX], const char *format, va_list args)
{
	if (vsnprintf(path, PATH_MAX, format, args) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int open_text(int flags, const char *format, va_list args)
{
	char path[PATH_MAX];

	if (format_path(path, format, args))
		return -1;
	return open(path, flags | O_CLOEXEC);
}

ssize_t read_text(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	fd = open_text(O_RDONLY, format, args);
	va_end(args);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close_keeping_errno(fd);
	if (n < 0)
		return -1;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int write_text(const char *text, const char *format, ...)
{
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	fd = open_text(O_WRONLY, format, args);
	va_end(args);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close_keeping_errno(fd);
	return n < 0 ? -1 : 0;
}

bool exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int ret;

	va_start(args, format);
	ret = format_path(path, format, args);
	va_end(args);
	return !ret && access(path, F_OK) == 0;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}
