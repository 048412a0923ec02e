// SPDX-License-Identifier: LGPL-2.1-or-later
/* The memory of a context: see afu.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

/*
 * An offset cannot have the highest bit, which is set in all kernel addresses
 * and clear in all addresses of programs. Any other address is bad, and must
 * not be taken for the one with the same offset.
 */
static bool has_offset(const struct afu_context *ctx, uint64_t ea)
{
	return afu_context_is_kernel(ctx) == (ea > INT64_MAX);
}

static off_t offset_of(uint64_t ea)
{
	return ea & INT64_MAX;
}

/* After a short transfer, the next one completes it or returns the error. */
int afu_load(struct afu_context *ctx, uint64_t ea, void *buf, size_t length)
{
	size_t done = 0;
	ssize_t n;

	/* An ioctl takes the whole address, fails, and the program is told. */
	if (length && !has_offset(ctx, ea))
		return afu_copy(ctx, ea, ea, 1);
	while (done < length) {
		n = pread(ctx->fd, (char *)buf + done, length - done,
			  offset_of(ea + done));
		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

int afu_store(struct afu_context *ctx, uint64_t ea, const void *buf,
	      size_t length)
{
	size_t done = 0;
	ssize_t n;

	if (length && !has_offset(ctx, ea))
		return afu_fill(ctx, ea, 0, 1);
	while (done < length) {
		n = pwrite(ctx->fd, (const char *)buf + done, length - done,
			   offset_of(ea + done));
		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

static int fail_again(void)
{
	errno = EAGAIN;
	return -1;
}

static int all_or_again(ssize_t n, size_t length)
{
	if (n >= 0 && (size_t)n < length)
		return fail_again();
	return n == (ssize_t)length ? 0 : -1;
}

int afu_load_nowait(struct afu_context *ctx, uint64_t ea, void *buf,
		    size_t length)
{
	struct iovec iov = { .iov_base = buf, .iov_len = length };

	if (length && !has_offset(ctx, ea))
		return fail_again();
	return all_or_again(preadv2(ctx->fd, &iov, 1, offset_of(ea),
				    RWF_NOWAIT), length);
}

int afu_store_nowait(struct afu_context *ctx, uint64_t ea, const void *buf,
		     size_t length)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = length };

	if (length && !has_offset(ctx, ea))
		return fail_again();
	return all_or_again(pwritev2(ctx->fd, &iov, 1, offset_of(ea),
				     RWF_NOWAIT), length);
}

int afu_copy(struct afu_context *ctx, uint64_t dst, uint64_t src,
	     uint64_t length)
{
	struct cxl_sim_copy copy = {
		.dst = dst,
		.src = src,
		.length = length,
	};

	return ioctl(ctx->fd, CXL_SIM_COPY, &copy);
}

int afu_copy_from(struct afu_context *ctx, uint64_t dst,
		  struct afu_context *from, uint64_t src, uint64_t length)
{
	struct cxl_sim_copy_from copy = {
		.dst = dst,
		.src = src,
		.length = length,
		.fd = from->fd,
	};

	return ioctl(ctx->fd, CXL_SIM_COPY_FROM, &copy);
}

int afu_fill(struct afu_context *ctx, uint64_t dst, uint8_t value,
	     uint64_t length)
{
	struct cxl_sim_fill fill = {
		.dst = dst,
		.length = length,
		.value = value,
	};

	return ioctl(ctx->fd, CXL_SIM_FILL, &fill);
}

int afu_compare_swap(struct afu_context *ctx, uint64_t ea, unsigned int width,
		     uint64_t *old, uint64_t new_value)
{
	struct cxl_sim_compare_swap swap = {
		.address = ea,
		.old = *old,
		.new_value = new_value,
		.width = width,
	};

	if (ioctl(ctx->fd, CXL_SIM_COMPARE_SWAP, &swap))
		return -1;
	*old = swap.old;
	return 0;
}
