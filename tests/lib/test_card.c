// SPDX-License-Identifier: GPL-2.0-only
/* Loading a module with its errno: see tests/lib/test_card.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tap.h"
#include "lib/test_card.h"

#define MODULE	"cxl_test_card"

int test_card_load(const char *params)
{
	struct utsname uts;
	char path[128];
	int fd, ret, error;

	require_ok(uname(&uts));
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/" MODULE ".ko",
		 uts.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	ret = syscall(SYS_finit_module, fd, params, 0);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

void test_card_unload(void)
{
	syscall(SYS_delete_module, MODULE, O_NONBLOCK);
}
