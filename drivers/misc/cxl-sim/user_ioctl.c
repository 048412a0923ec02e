// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a context's file: accesses whose data does not pass through the
 * program.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "user.h"

static_assert(sizeof(struct cxl_sim_copy) == 32);
static_assert(sizeof(struct cxl_sim_copy_from) == 40);
static_assert(sizeof(struct cxl_sim_fill) == 32);
static_assert(sizeof(struct cxl_sim_compare_swap) == 32);

static long memory_copy(struct sim_user_context *ctx,
			struct cxl_sim_copy __user *ucopy)
{
	struct sim_user_op op = { .type = SIM_USER_COPY };
	struct cxl_sim_copy copy;
	int ret;

	if (copy_from_user(&copy, ucopy, sizeof(copy)))
		return -EFAULT;
	if (copy.length > CXL_SIM_MAX_LENGTH)
		return -EINVAL;
	op.ea = copy.dst;
	op.src = copy.src;
	op.len = copy.length;
	ret = sim_user_op_run(ctx, &op);
	if (put_user((__u64)op.done, &ucopy->done))
		return -EFAULT;
	return ret;
}

/* Copy within one page of @dst: it is stored wholly or not at all. */
static int copy_between(struct sim_user_context *to, u64 dst,
			struct sim_user_context *from, u64 src, void *buf,
			u32 len)
{
	struct sim_user_op load = {
		.type = SIM_USER_READ,
		.ea = src,
		.len = len,
		.buf = buf,
	};
	struct sim_user_op store = {
		.type = SIM_USER_WRITE,
		.ea = dst,
		.len = len,
		.buf = buf,
	};

	return sim_user_op_run(from, &load) ?: sim_user_op_run(to, &store);
}

static int copy_all_between(struct sim_user_context *to,
			    struct sim_user_context *from,
			    struct cxl_sim_copy_from *copy)
{
	void *buf = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	int ret = 0;
	u32 n;

	if (!buf)
		return -ENOMEM;
	for (copy->done = 0; !ret && copy->done < copy->length;) {
		n = min_t(u64, copy->length - copy->done,
			  PAGE_SIZE - offset_in_page(copy->dst + copy->done));
		ret = copy_between(to, copy->dst + copy->done, from,
				   copy->src + copy->done, buf, n);
		if (!ret)
			copy->done += n;
		cond_resched();
	}
	free_page((unsigned long)buf);
	return ret;
}

static long memory_copy_from(struct sim_user_context *ctx,
			     struct cxl_sim_copy_from __user *ucopy)
{
	struct cxl_sim_copy_from copy;
	struct sim_user_context *from;
	struct file *filp;
	long ret = -EBADF;

	if (copy_from_user(&copy, ucopy, sizeof(copy)))
		return -EFAULT;
	if (copy.length > CXL_SIM_MAX_LENGTH || copy.reserved)
		return -EINVAL;
	filp = fget(copy.fd);
	if (!filp)
		return -EBADF;
	from = sim_user_context_of(filp);
	if (!from)
		goto put;
	ret = -EXDEV;
	if (from->user != ctx->user)
		goto put;
	ret = copy_all_between(ctx, from, &copy);
	if (put_user(copy.done, &ucopy->done))
		ret = -EFAULT;
put:
	fput(filp);
	return ret;
}

static long memory_fill(struct sim_user_context *ctx,
			struct cxl_sim_fill __user *ufill)
{
	struct sim_user_op op = { .type = SIM_USER_FILL };
	struct cxl_sim_fill fill;
	int ret;

	if (copy_from_user(&fill, ufill, sizeof(fill)))
		return -EFAULT;
	if (fill.length > CXL_SIM_MAX_LENGTH || fill.value > U8_MAX ||
	    fill.reserved)
		return -EINVAL;
	op.ea = fill.dst;
	op.len = fill.length;
	op.value = fill.value;
	ret = sim_user_op_run(ctx, &op);
	if (put_user((__u64)op.done, &ufill->done))
		return -EFAULT;
	return ret;
}

static long memory_compare_swap(struct sim_user_context *ctx,
				struct cxl_sim_compare_swap __user *uswap)
{
	struct sim_user_op op = { .type = SIM_USER_COMPARE_SWAP };
	struct cxl_sim_compare_swap swap;
	int ret;

	if (copy_from_user(&swap, uswap, sizeof(swap)))
		return -EFAULT;
	if ((swap.width != sizeof(u32) && swap.width != sizeof(u64)) ||
	    swap.reserved)
		return -EINVAL;
	if (swap.width == sizeof(u32) &&
	    (swap.old > U32_MAX || swap.new_value > U32_MAX))
		return -EINVAL;
	op.ea = swap.address;
	op.len = swap.width;
	op.old = swap.old;
	op.new = swap.new_value;
	ret = sim_user_op_run(ctx, &op);
	if (ret)
		return ret;
	return put_user(op.old, &uswap->old);
}

/**
 * sim_user_memory_ioctl() - ioctl() on a context's file
 * @ctx: context
 * @cmd: request
 * @arg: its argument, most often an address
 *
 * Return: as the user ABI says.
 */
long sim_user_memory_ioctl(struct sim_user_context *ctx, unsigned int cmd,
			   unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case CXL_SIM_COPY:
		return memory_copy(ctx, uarg);
	case CXL_SIM_COPY_FROM:
		return memory_copy_from(ctx, uarg);
	case CXL_SIM_FILL:
		return memory_fill(ctx, uarg);
	case CXL_SIM_COMPARE_SWAP:
		return memory_compare_swap(ctx, uarg);
	case CXL_SIM_SET_POLLING:
		return arg <= 1 ? sim_user_set_polling(ctx, arg) : -EINVAL;
	default:
		return -ENOTTY;
	}
}
