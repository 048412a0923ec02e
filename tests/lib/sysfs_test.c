// SPDX-License-Identifier: GPL-2.0-only
/* Attributes: see tests/lib/sysfs_test.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sysfs_test.h"

static void format_path(char *path, const char *fmt, va_list args)
{
	int len = vsnprintf(path, PATH_MAX, fmt, args);

	require(len > 0 && len < PATH_MAX);
}

static const struct attr *find_attr(const char *name, const struct attr *attr,
				    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!strcmp(attr[i].name, name))
			return &attr[i];
	}
	return NULL;
}

void check_attrs(const char *dir, const struct attr *attr, size_t n)
{
	size_t found = 0;
	struct dirent *entry;
	DIR *d = opendir(dir);

	require(d, "%s: %m", dir);
	while ((entry = readdir(d))) {
		const struct attr *expected;
		struct stat st;

		require_ok(fstatat(dirfd(d), entry->d_name, &st,
				   AT_SYMLINK_NOFOLLOW));
		if (!S_ISREG(st.st_mode) || !strcmp(entry->d_name, "uevent"))
			continue;
		expected = find_attr(entry->d_name, attr, n);
		if (!check(expected, "%s in %s", entry->d_name, dir))
			continue;
		found++;
		check((st.st_mode & 07777) == expected->mode,
		      "%s has mode %04o", entry->d_name, st.st_mode & 07777);
	}
	closedir(d);
	check_eq(found, n);
}

static void read_text(char *buf, const char *path)
{
	char raw[4096];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	n = read(fd, raw, sizeof(raw) - 1);
	close(fd);
	require(n > 0 && n < ATTR_MAX, "%s has %zd bytes", path, n);
	raw[n] = '\0';
	require(raw[n - 1] == '\n', "%s ends with a newline", path);
	require(n == 1 || raw[n - 2] != '\n', "%s ends with one", path);
	raw[n - 1] = '\0';
	strcpy(buf, raw);
}

void attr_text(char *buf, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	read_text(buf, path);
}

void check_attr_text(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX], buf[ATTR_MAX];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	read_text(buf, path);
	check(!strcmp(buf, text), "%s is \"%s\", not \"%s\"", path, buf, text);
}

void check_attr_takes(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX], line[ATTR_MAX];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s\n", text);
	check(!file_write(text, "%s", path), "\"%s\" to %s: %m", text, path);
	check(!file_write(line, "%s", path), "\"%s\\n\" to %s: %m", text,
	      path);
}

void check_attr_refuses(const char *text, int error, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int ret;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	errno = 0;
	ret = file_write(text, "%s", path);
	check(ret == -1 && errno == error, "\"%s\" to %s: %d, %m", text, path,
	      ret);
}

void link_target(char *buf, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	n = readlink(path, buf, PATH_MAX - 1);
	require(n > 0, "%s: %m", path);
	buf[n] = '\0';
}

const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int node_open_started(const char *node)
{
	int fd = node_open_ok(node);
	struct queue q;

	queue_init(&q, 1);
	require_ok(node_start(fd, queue_wed(&q), -1, 0));
	return fd;
}

bool mmu_is_radix(void)
{
	char line[256];
	bool radix = false;
	FILE *f = fopen("/proc/cpuinfo", "re");

	require(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strcmp(line, "MMU\t\t: Radix\n"))
			radix = true;
	}
	fclose(f);
	return radix;
}
