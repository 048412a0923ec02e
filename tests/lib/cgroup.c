// SPDX-License-Identifier: GPL-2.0-only
/* A memory cgroup for one test. */
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "cgroup.h"
#include "cxl_test.h"

#define ROOT	"/tmp/cxl-test-cgroup"
#define USERS	ROOT "/users"

void cgroup_make(void)
{
	mkdir(ROOT, 0755);
	if (mount("none", ROOT, "cgroup2", 0, NULL))
		skip("no cgroups: %m");
	if (file_write("+memory", ROOT "/cgroup.subtree_control"))
		skip("no memory cgroups: %m");
	require_ok(mkdir(USERS, 0755));
}

void cgroup_join(void)
{
	cgroup_set("cgroup.procs", "0");
}

void cgroup_set(const char *file, const char *text)
{
	require_ok(file_write(text, USERS "/%s", file));
}

long long cgroup_charged(void)
{
	return file_number(USERS "/memory.current");
}

void cgroup_remove(void)
{
	file_write("0", ROOT "/cgroup.procs");
	becomes_true(!rmdir(USERS) || errno != EBUSY);
	umount(ROOT);
	rmdir(ROOT);
}
