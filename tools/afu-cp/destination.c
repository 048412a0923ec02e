// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that is written. The copy has no name until it is complete. Then it
 * replaces the old file and gets its owner, permissions, ACL and extended
 * attributes. Where that is not possible (the file has other hard links, or its
 * owner cannot be set, or nothing can be created in the folder) the file itself
 * is overwritten, as by cp.
 */
#include "afu-cp.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Set-ID bits are lost, as when the kernel sees a file written. */
#define MODE_BITS	0777

#define TRIES		100

static const char acl_name[] = "system.posix_acl_access";

/* These describe the content, or are lost when a file is written. */
static const char *const not_copied[] = {
	"security.capability", "security.evm", "security.ima",
};

static struct {
	char path[PATH_MAX];		/* symbolic links followed */
	char temporary[PATH_MAX];	/* empty: the copy has no name */
	int old;			/* the old file, or -1 */
	struct stat old_stat;
	mode_t mode;			/* of a new file, before the umask */
	int fd;				/* the copy, or @old itself */
} destination = { .old = -1 };

const char *destination_name(void)
{
	return destination.path;
}

static void remove_temporary(void)
{
	if (destination.temporary[0])
		unlink(destination.temporary);
	destination.temporary[0] = '\0';
}

static void set_path(const char *name)
{
	if (snprintf(destination.path, PATH_MAX, "%s", name) < PATH_MAX)
		return;
	errno = ENAMETOOLONG;
	die_errno(EXIT_FILES, "%s", name);
}

/* A user who may not write to the file may not replace it either. */
static void open_old(const char *name, const struct stat *source)
{
	struct stat *st = &destination.old_stat;

	destination.old = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (destination.old < 0 || fstat(destination.old, st) < 0)
		die_errno(EXIT_FILES, "%s", name);
	require_regular(name, st);
	if (st->st_dev == source->st_dev && st->st_ino == source->st_ino)
		die(EXIT_FILES, "%s: is the source file itself", name);
	if (!realpath(name, destination.path))
		die_errno(EXIT_FILES, "%s", name);
}

void destination_find(const char *name, const struct stat *source)
{
	struct stat st;

	destination.mode = source->st_mode & MODE_BITS;
	if (stat(name, &st) == 0) {
		/* Opening a device may already have an effect. */
		require_regular(name, &st);
		open_old(name, source);
		return;
	}
	if (errno != ENOENT)
		die_errno(EXIT_FILES, "%s", name);
	if (lstat(name, &st) == 0)
		die(EXIT_FILES, "%s: is a dangling symbolic link", name);
	if (!name[0] || name[strlen(name) - 1] == '/')
		die_errno(EXIT_FILES, "'%s'", name);
	set_path(name);
}

static char *folder_of(const char *path)
{
	static char copy[PATH_MAX];

	strcpy(copy, path);
	return dirname(copy);
}

/* Make a new name in the folder. Returns false if it is too long. */
static bool make_temporary_name(char *path)
{
	unsigned int number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = now_ns();
	return snprintf(path, PATH_MAX, "%s/.afu-cp.%08x",
			folder_of(destination.path), number) < PATH_MAX;
}

/* Not all file systems support nameless files. */
static int create_named(mode_t mode)
{
	int fd = -1, tries;
	char path[PATH_MAX];

	for (tries = 0; fd < 0 && tries < TRIES; tries++) {
		if (!make_temporary_name(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	if (fd < 0)
		return -1;
	strcpy(destination.temporary, path);
	at_end(remove_temporary);
	return fd;
}

/* A nameless file gets its name through /proc. */
static int create_nameless(mode_t mode)
{
	if (!exists("/proc/self/fd")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return open(folder_of(destination.path), O_TMPFILE | O_RDWR | O_CLOEXEC,
		    mode);
}

static int create(mode_t mode)
{
	int fd = create_nameless(mode);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
		       errno == ENOENT || errno == EINVAL))
		fd = create_named(mode);
	return fd;
}

int destination_scratch(void)
{
	int fd = create(0600);

	if (fd < 0)
		die_errno(EXIT_FILES, "%s", destination.path);
	/* The name is not needed. */
	remove_temporary();
	return fd;
}

static bool is_copied(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_copied); i++) {
		if (!strcmp(not_copied[i], name))
			return false;
	}
	return true;
}

static bool copy_attribute(int from, int to, const char *name)
{
	char *value;
	ssize_t size;
	bool done;

	size = fgetxattr(from, name, NULL, 0);
	if (size < 0)
		return errno == ENODATA;
	value = malloc(size + 1);
	if (!value)
		return false;
	size = fgetxattr(from, name, value, size);
	done = size >= 0 && fsetxattr(to, name, value, size, 0) == 0;
	free(value);
	return done;
}

static bool copy_attributes(int from, int to)
{
	char *names, *name;
	ssize_t size;
	bool done = true;

	/* The folder may have a default ACL. */
	if (fremovexattr(to, acl_name) < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return false;
	size = flistxattr(from, NULL, 0);
	if (size <= 0)
		return size == 0 || errno == EOPNOTSUPP;
	names = malloc(size);
	if (!names)
		return false;
	size = flistxattr(from, names, size);
	if (size < 0)
		done = false;
	for (name = names; done && name < names + size; name += strlen(name) + 1) {
		if (is_copied(name))
			done = copy_attribute(from, to, name);
	}
	free(names);
	return done;
}

/* Copy the old file's attributes. Returns false if that is not possible. */
static bool take_after(int fd)
{
	const struct stat *old = &destination.old_stat;
	struct stat new;

	if (fstat(fd, &new) < 0)
		return false;
	if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) < 0)
		return false;
	return copy_attributes(destination.old, fd) &&
	       fchmod(fd, old->st_mode & MODE_BITS) == 0;
}

/* The file may be a mount point, as in containers: it cannot be replaced. */
static bool on_same_mount(int fd, int other)
{
	struct statx a, b;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) &&
	       !statx(other, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) &&
	       a.stx_mnt_id == b.stx_mnt_id;
}

/* Create a file that will replace the old one, or return -1. */
static int create_replacement(void)
{
	int fd;

	if (destination.old_stat.st_nlink > 1)
		return -1;
	fd = create(0600);
	if (fd < 0)
		return -1;
	if (on_same_mount(fd, destination.old) && take_after(fd))
		return fd;
	remove_temporary();
	close(fd);
	return -1;
}

/* The AFU's mapping must be readable, too; @old is open for writing only. */
static int overwrite(void)
{
	struct stat st;
	int fd = open(destination.path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		die_errno(EXIT_FILES, "%s", destination.path);
	if (st.st_dev != destination.old_stat.st_dev ||
	    st.st_ino != destination.old_stat.st_ino)
		die(EXIT_FILES, "%s: was replaced meanwhile", destination.path);
	if (ftruncate(fd, 0) < 0)
		die_errno(EXIT_FILES, "%s", destination.path);
	close(destination.old);
	destination.old = fd;
	return fd;
}

int destination_open(void)
{
	if (destination.old < 0) {
		destination.fd = create(destination.mode);
		if (destination.fd < 0)
			die_errno(EXIT_FILES, "%s", destination.path);
		return destination.fd;
	}
	destination.fd = create_replacement();
	if (destination.fd < 0)
		destination.fd = overwrite();
	return destination.fd;
}

/* Returns -1 with errno. */
static int give_name(const char *path)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", destination.fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* rename() replaces, linkat() does not: for a moment the copy has two names. */
static int give_temporary_name(void)
{
	char path[PATH_MAX];
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!make_temporary_name(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (give_name(path) == 0) {
			strcpy(destination.temporary, path);
			at_end(remove_temporary);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return -1;
}

/* Do not overwrite a file that somebody else created meanwhile. */
static int rename_temporary(void)
{
	int ret = -1;

	if (destination.old < 0) {
		ret = renameat2(AT_FDCWD, destination.temporary, AT_FDCWD,
				destination.path, RENAME_NOREPLACE);
		if (!ret || errno != EINVAL)
			return ret;
	}
	return rename(destination.temporary, destination.path);
}

static int put_in_place(void)
{
	if (destination.fd == destination.old)
		return 0;
	if (destination.old < 0 && !destination.temporary[0])
		return give_name(destination.path);
	if (!destination.temporary[0] && give_temporary_name())
		return -1;
	if (rename_temporary())
		return -1;
	destination.temporary[0] = '\0';
	return 0;
}

void destination_commit(void)
{
	if (put_in_place() || close(destination.fd) < 0)
		die_errno(EXIT_FILES, "%s", destination.path);
}
