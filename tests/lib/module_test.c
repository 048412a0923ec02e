// SPDX-License-Identifier: GPL-2.0-only
/* Modules: see tests/lib/module_test.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/module_test.h"

#define PATH_SIZE	128

static void module_path(char *path, const char *name)
{
	static struct utsname uts;

	if (!uts.release[0])
		require_ok(uname(&uts));
	snprintf(path, PATH_SIZE, "/lib/modules/%.64s/extra/%.40s.ko",
		 uts.release, name);
}

bool module_exists(const char *name)
{
	char path[PATH_SIZE];

	module_path(path, name);
	return !access(path, R_OK);
}

int module_load(const char *name, const char *params)
{
	char path[PATH_SIZE];
	int fd, ret, error;

	module_path(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = syscall(SYS_finit_module, fd, params, 0);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

/* The kernel's name of a module has underscores only. */
static const char *with_underscores(const char *name)
{
	static __thread char underscores[PATH_SIZE];
	char *c;

	snprintf(underscores, sizeof(underscores), "%s", name);
	for (c = underscores; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
	return underscores;
}

bool module_is_loaded(const char *name)
{
	return file_exists("/sys/module/%s", with_underscores(name));
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, with_underscores(name), O_NONBLOCK);
}

int test_card_load(const char *params)
{
	return module_load("cxl_test_card", params);
}

void test_card_unload(void)
{
	module_unload("cxl_test_card");
}
