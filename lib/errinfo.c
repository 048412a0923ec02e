// SPDX-License-Identifier: LGPL-2.1-or-later
/* The error buffer of an AFU. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static const char err_buff[] = "afu_err_buff";

void libcxl_errinfo_close(struct cxl_afu_h *afu)
{
	if (afu->errinfo_fd >= 0)
		close(afu->errinfo_fd);
	afu->errinfo_fd = -1;
}

int cxl_errinfo_size(struct cxl_afu_h *afu, size_t *valp)
{
	struct stat st;
	char *attr;
	int ret;

	if (!afu || !valp)
		return libcxl_fail(EINVAL);
	if (!afu->errinfo_known) {
		if (libcxl_attr_path(afu->path, err_buff, &attr))
			return -1;
		ret = stat(attr, &st);
		free(attr);
		if (ret)
			return -1;
		afu->errinfo_size = st.st_size;
		afu->errinfo_known = true;
	}
	*valp = afu->errinfo_size;
	return 0;
}

ssize_t cxl_errinfo_read(struct cxl_afu_h *afu, void *dst, off_t off,
			 size_t len)
{
	char *attr;

	if (!afu || !dst)
		return libcxl_fail(EINVAL);
	if (afu->errinfo_fd < 0) {
		if (libcxl_attr_path(afu->path, err_buff, &attr))
			return -1;
		afu->errinfo_fd = open(attr, O_RDONLY | O_CLOEXEC);
		free(attr);
		if (afu->errinfo_fd < 0)
			return -1;
	}
	return pread(afu->errinfo_fd, dst, len, off);
}

/*
 * Where off_t has two widths, the header names the function above
 * cxl_errinfo_read64, in this file and in programs with the wider off_t.  The
 * plain name must exist on every machine, too.
 */
#if defined(__USE_FILE_OFFSET64) && __SIZEOF_POINTER__ == 4
ssize_t errinfo_read_narrow(struct cxl_afu_h *afu, void *dst, long off,
			    size_t len) __asm__("cxl_errinfo_read");

ssize_t errinfo_read_narrow(struct cxl_afu_h *afu, void *dst, long off,
			    size_t len)
{
	return cxl_errinfo_read(afu, dst, off, len);
}
#else
ssize_t cxl_errinfo_read64(struct cxl_afu_h *afu, void *dst, off_t off,
			   size_t len);

ssize_t cxl_errinfo_read64(struct cxl_afu_h *afu, void *dst, off_t off,
			   size_t len)
{
	return cxl_errinfo_read(afu, dst, off, len);
}
#endif
