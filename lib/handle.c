// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handles of AFUs, open or not. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"

struct cxl_afu_h *libcxl_afu_new(void)
{
	struct cxl_afu_h *afu = calloc(1, sizeof(*afu));

	if (!afu)
		return NULL;
	afu->fd = -1;
	afu->card = -1;
	afu->slot = -1;
	afu->process_element = -1;
	afu->errinfo_fd = -1;
	return afu;
}

void cxl_afu_free(struct cxl_afu_h *afu)
{
	int error = errno;

	if (!afu)
		return;
	libcxl_mmio_release(afu);
	libcxl_errinfo_close(afu);
	if (afu->fd >= 0)
		close(afu->fd);
	free(afu->events);
	free(afu->name);
	free(afu->path);
	free(afu);
	errno = error;
}

int cxl_afu_opened(struct cxl_afu_h *afu)
{
	if (!afu)
		return libcxl_fail(EINVAL);
	return afu->fd >= 0;
}

int cxl_afu_fd(struct cxl_afu_h *afu)
{
	if (!afu)
		return libcxl_fail(EINVAL);
	return afu->fd;
}

char *cxl_afu_dev_name(struct cxl_afu_h *afu)
{
	if (afu)
		return afu->name;
	errno = EINVAL;
	return NULL;
}

/*
 * The name below /dev/cxl of a character device, in malloc()ed memory: of its
 * node or, if there is none, of a link to one.
 */
static char *node_name(dev_t dev)
{
	struct dirent *entry;
	bool is_node = false;
	char *name = NULL;
	int error = errno;
	struct stat st;
	char *folder;
	DIR *dir;

	folder = libcxl_format("%s/cxl", libcxl_dev());
	if (!folder)
		return NULL;
	dir = opendir(folder);
	free(folder);
	if (!dir)
		goto no_node;
	while (!is_node && (entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    !S_ISCHR(st.st_mode) || st.st_rdev != dev)
			continue;
		if (!fstatat(dirfd(dir), entry->d_name, &st,
			     AT_SYMLINK_NOFOLLOW))
			is_node = S_ISCHR(st.st_mode);
		if (name && !is_node)
			continue;
		free(name);
		name = strdup(entry->d_name);
		if (!name)
			break;
	}
	closedir(dir);
	if (name) {
		errno = error;
		return name;
	}
no_node:
	errno = ENODEV;
	return NULL;
}

/* The folder of an open AFU, from the kernel; NULL with the ioctl's errno */
static char *path_by_id(int fd)
{
	char view = 'm';
	struct cxl_afu_id id;

	memset(&id, 0, sizeof(id));
	if (ioctl(fd, CXL_IOCTL_GET_AFU_ID, &id))
		return NULL;
	if (id.afu_mode == CXL_MODE_DEDICATED)
		view = 'd';
	else if (id.flags & CXL_AFUID_FLAG_SLAVE)
		view = 's';
	return libcxl_format("%s/class/cxl/" AFU_NAME "%c", libcxl_sysfs(),
			     id.card_id, id.afu_offset, view);
}

/* Drivers without that ioctl return EINVAL, and all their files are nodes. */
static char *path_by_number(dev_t dev)
{
	char *link, *path;

	link = libcxl_format("%s/dev/char/%u:%u", libcxl_sysfs(), major(dev),
			     minor(dev));
	if (!link)
		return NULL;
	path = realpath(link, NULL);
	free(link);
	return path;
}

/* Fill in what is known about the AFU behind @fd, without taking @fd over. */
static int identify(struct cxl_afu_h *afu, int fd)
{
	struct stat st;
	long version;

	if (fstat(fd, &st))
		return -1;
	if (S_ISCHR(st.st_mode)) {
		afu->name = node_name(st.st_rdev);
		if (!afu->name)
			return -1;
	}
	afu->path = path_by_id(fd);
	if (!afu->path && errno == EINVAL && S_ISCHR(st.st_mode))
		afu->path = path_by_number(st.st_rdev);
	if (!afu->path)
		return libcxl_fail(errno == EIO || errno == ENOMEM ? errno :
				   ENODEV);
	if (cxl_get_api_version_compatible(afu, &version))
		return libcxl_fail(ENODEV);
	if (version > CXL_KERNEL_API_VERSION)
		return libcxl_fail(EPROTO);
	return 0;
}

struct cxl_afu_h *cxl_afu_fd_to_h(int fd)
{
	struct cxl_afu_h *afu;
	int error = errno;

	afu = libcxl_afu_new();
	if (!afu)
		return NULL;
	if (identify(afu, fd)) {
		cxl_afu_free(afu);
		return NULL;
	}
	afu->fd = fd;
	errno = error;
	return afu;
}

struct cxl_afu_h *cxl_afu_open_dev(char *path)
{
	struct cxl_afu_h *afu;
	struct stat st;
	int fd, error;

	if (!path) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode)) {
		errno = ENODEV;
		goto close_fd;
	}
	afu = cxl_afu_fd_to_h(fd);
	if (afu)
		return afu;
close_fd:
	error = errno;
	close(fd);
	errno = error;
	return NULL;
}

/* The device number in the attribute "dev" of the folder @path itself */
static int read_dev(const char *path, dev_t *dev)
{
	char text[ATTRIBUTE_SIZE], *colon;
	long major, minor;

	if (libcxl_attr_read(path, "dev", text))
		return -1;
	colon = strchr(text, ':');
	if (!colon)
		return libcxl_fail(ENODEV);
	*colon = '\0';
	if (libcxl_parse_long(text, 10, &major) ||
	    libcxl_parse_long(colon + 1, 10, &minor))
		return libcxl_fail(ENODEV);
	*dev = makedev(major, minor);
	return 0;
}

static struct cxl_afu_h *open_folder(const char *path)
{
	struct cxl_afu_h *afu = NULL;
	char *name, *node;
	dev_t dev;

	if (read_dev(path, &dev))
		return NULL;
	name = node_name(dev);
	if (!name)
		return NULL;
	node = libcxl_format("%s/cxl/%s", libcxl_dev(), name);
	free(name);
	if (node)
		afu = cxl_afu_open_dev(node);
	free(node);
	return afu;
}

struct cxl_afu_h *cxl_afu_open_h(struct cxl_afu_h *afu, enum cxl_views view)
{
	static const char views[] = {
		[CXL_VIEW_DEDICATED] = 'd',
		[CXL_VIEW_MASTER] = 'm',
		[CXL_VIEW_SLAVE] = 's',
	};
	struct cxl_afu_h *opened;
	char *path, last;
	int len;

	if (!afu || (unsigned int)view >= sizeof(views)) {
		errno = EINVAL;
		return NULL;
	}
	len = strlen(afu->path);
	last = len ? afu->path[len - 1] : '\0';
	if (last == 'd' || last == 'm' || last == 's')
		len--;
	path = libcxl_format("%.*s%c", len, afu->path, views[view]);
	if (!path)
		return NULL;
	opened = open_folder(path);
	free(path);
	return opened;
}
