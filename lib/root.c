// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where sysfs and the device nodes are. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Set while there is only one thread, read by all */
static char sysfs_root[PATH_MAX];
static char dev_root[PATH_MAX];

int libcxl_fail(int error)
{
	errno = error;
	return -1;
}

char *libcxl_format(const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len >= 0)
		return text;
	errno = ENOMEM;
	return NULL;
}

static const char *root_or_default(const char *root, const char *variable,
				   const char *standard)
{
	const char *path;

	if (root[0])
		return root;
	path = secure_getenv(variable);
	return path && path[0] ? path : standard;
}

const char *libcxl_sysfs(void)
{
	return root_or_default(sysfs_root, "LIBCXL_SYSFS", "/sys");
}

const char *libcxl_dev(void)
{
	return root_or_default(dev_root, "LIBCXL_DEV", "/dev");
}

int cxl_set_roots(const char *sysfs, const char *dev)
{
	if ((sysfs && strlen(sysfs) >= sizeof(sysfs_root)) ||
	    (dev && strlen(dev) >= sizeof(dev_root)))
		return libcxl_fail(ENAMETOOLONG);
	if (sysfs)
		strcpy(sysfs_root, sysfs);
	if (dev)
		strcpy(dev_root, dev);
	return 0;
}
