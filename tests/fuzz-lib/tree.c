// SPDX-License-Identifier: GPL-2.0-only
/* A folder with a made-up /sys and /dev: see fuzz.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libcxl.h>

#include "fuzz.h"

#define MAX_LINES	40

/* What a card and an AFU in the kernel have, in the format of tree_make() */
static const char *const card_lines[] = {
	"file sys/bus/pci/card%s/vendor=0x1014\\",
	"link sys/bus/pci/card%s/subsystem=/sys/bus/pci",
	"file sys/class/cxl/card%s/caia_version=1.2\\",
	"file sys/class/cxl/card%s/psl_revision=4096\\",
	"file sys/class/cxl/card%s/base_image=3\\",
	"file sys/class/cxl/card%s/image_loaded=user\\",
	"link sys/class/cxl/card%s/device=/sys/bus/pci/card%s",
	NULL
};

static const char *const afu_lines[] = {
	"folder sys/class/cxl/card%.1s/afu%s",
	"file sys/class/cxl/afu%s/mode=afu_directed\\",
	"file sys/class/cxl/afu%s/modes_supported=dedicated_process\\afu_directed\\",
	"file sys/class/cxl/afu%s/irqs_min=4\\",
	"file sys/class/cxl/afu%s/irqs_max=2037\\",
	"file sys/class/cxl/afu%s/mmio_size=16384\\",
	"file sys/class/cxl/afu%s/cr0/vendor=0x1014\\",
	"link sys/class/cxl/afu%s/device=/sys/class/cxl/card%.1s",
	"file dev/cxl/afu%ss=",
	NULL
};

/* In memory, because it is made anew for each input */
static char root[32] = "/dev/shm/cxl-fuzz.XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	/* Everything except the root itself */
	return ftw->level ? remove(path) : 0;
}

static void empty(void)
{
	nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_root(void)
{
	empty();
	rmdir(root);
}

const char *tree_root(void)
{
	static bool made;

	if (!made) {
		must(mkdtemp(root));
		atexit(remove_root);
	}
	made = true;
	return root;
}

/* Make a path below the root, and all folders on the way; nothing above it. */
static bool make_path(char path[PATH_MAX], const char *name)
{
	char *slash;

	if (snprintf(path, PATH_MAX, "%s/%s", tree_root(), name) >= PATH_MAX ||
	    strstr(path, "/.."))
		return false;
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return true;
}

static void make_file(const char *path, char *text)
{
	size_t length = strlen(text);
	char *p;
	int fd;

	for (p = text; *p; p++) {
		if (*p == '\\')
			*p = '\n';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return;
	must(write(fd, text, length) == (ssize_t)length);
	close(fd);
}

/* The link's target stays below the root. */
static void make_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	if (strstr(target, ".."))
		return;
	snprintf(full, sizeof(full), "%s%s", *target == '/' ? root : "", target);
	unlink(path);
	if (symlink(full, path))
		unlink(path);
}

static void make_entry(char *line);

static void make_all(const char *const *lines, const char *number)
{
	char line[256];

	if (strlen(number) > 8 || strspn(number, "0123456789.") != strlen(number))
		return;
	for (; *lines; lines++) {
		/* The same number at each place; a line has at most two. */
		snprintf(line, sizeof(line), *lines, number, number);
		make_entry(line);
	}
}

static void make_entry(char *line)
{
	char *name = strchr(line, ' '), *value, path[PATH_MAX];

	if (!name)
		return;
	*name++ = '\0';
	if (!strcmp(line, "card"))
		make_all(card_lines, name);
	if (!strcmp(line, "afu"))
		make_all(afu_lines, name);
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	if (!*name || !make_path(path, name))
		return;
	if (!strcmp(line, "folder"))
		mkdir(path, 0755);
	else if (value && !strcmp(line, "file"))
		make_file(path, value);
	else if (value && !strcmp(line, "link"))
		make_link(path, value);
}

void tree_make(struct input *input)
{
	char sys[PATH_MAX], dev[PATH_MAX];
	unsigned int lines;
	char *line;

	snprintf(sys, sizeof(sys), "%s/sys", tree_root());
	snprintf(dev, sizeof(dev), "%s/dev", root);
	empty();
	for (lines = 0; lines < MAX_LINES; lines++) {
		line = take_line(input);
		if (!*line)
			break;
		make_entry(line);
	}
	must(!cxl_set_roots(sys, dev));
}
