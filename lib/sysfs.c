// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding, reading and writing sysfs attributes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/*
 * Where an attribute is depends on the kind of handle: an opened master has
 * some that shadow those of the AFU.  Look in the folder first, then where
 * "device" leads.  A PCI device may have a plain file of that name, which ends
 * the search.
 */
int libcxl_attr_path(const char *path, const char *name, char **attr)
{
	char folder[sizeof("/device") * MAX_ANCESTORS] = "";
	int level, error = errno;
	struct stat st;

	for (level = 0; level <= MAX_ANCESTORS; level++) {
		*attr = libcxl_format("%s%s/%s", path, folder, name);
		if (!*attr)
			return -1;
		if (!stat(*attr, &st)) {
			errno = error;
			return 0;
		}
		free(*attr);
		if (errno != ENOENT || level == MAX_ANCESTORS)
			break;
		strcat(folder, "/device");
	}
	*attr = NULL;
	return libcxl_fail(ENODEV);
}

static int attr_open(const char *path, const char *name, int flags)
{
	char *attr;
	int fd;

	if (libcxl_attr_path(path, name, &attr))
		return -1;
	fd = open(attr, flags | O_CLOEXEC);
	free(attr);
	return fd;
}

static int attr_close(int fd, int error)
{
	close(fd);
	errno = error;
	return 0;
}

int libcxl_attr_read(const char *path, const char *name,
		     char text[ATTRIBUTE_SIZE])
{
	int fd, error = errno;
	ssize_t n;

	fd = attr_open(path, name, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, text, ATTRIBUTE_SIZE - 1);
	if (n < 0) {
		attr_close(fd, errno);
		return -1;
	}
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return attr_close(fd, error);
}

int libcxl_attr_write(const char *path, const char *name, const char *text)
{
	int fd, error = errno;

	/* Truncate, like a shell: sysfs ignores it, a copy of sysfs needs it. */
	fd = attr_open(path, name, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0) {
		attr_close(fd, errno);
		return -1;
	}
	return attr_close(fd, error);
}

int libcxl_parse_long(const char *text, int base, long *valp)
{
	int error = errno;
	char *end;
	long val;

	errno = 0;
	val = strtol(text, &end, base);
	if (errno == ERANGE)
		return -1;
	if (end == text || *end)
		return libcxl_fail(EINVAL);
	*valp = val;
	errno = error;
	return 0;
}

int libcxl_attr_long(const char *path, const char *name, int base, long *valp)
{
	char text[ATTRIBUTE_SIZE];

	if (libcxl_attr_read(path, name, text))
		return -1;
	return libcxl_parse_long(text, base, valp);
}
