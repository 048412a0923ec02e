// SPDX-License-Identifier: GPL-2.0-only
/* File descriptors of contexts. */
#include <linux/file.h>
#include <linux/fs.h>

#include "test_api.h"

static atomic_t releases;

static int own_release(struct inode *inode, struct file *file)
{
	atomic_inc(&releases);
	return cxl_fd_release(inode, file);
}

static int own_mmap(struct file *file, struct vm_area_struct *vma)
{
	return cxl_fd_mmap(file, vma);
}

static struct file_operations own_fops = {
	.owner = THIS_MODULE,
	.release = own_release,
	.mmap = own_mmap,
};

/* Count the free process elements by taking them all. */
static int free_pes(struct test_run *t)
{
	struct cxl_context *ctx[CXL_TEST_API_PROCS];
	int i, n;

	for (n = 0; n < CXL_TEST_API_PROCS; n++) {
		ctx[n] = cxl_dev_context_init(t->pdev);
		if (IS_ERR(ctx[n]))
			break;
	}
	for (i = 0; i < n; i++)
		CHECK_EQ(t, cxl_release_context(ctx[i]), 0);
	return n;
}

static void missing_operations_are_filled_in(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	file = test_file(t, ctx, cxl_get_fd(ctx, &own_fops, &fd));
	if (!file)
		return;
	CHECK(t, fd >= 0);
	/* Not a copy: drivers use f_op to find their own data. */
	CHECK(t, file->f_op == &own_fops);
	CHECK(t, own_fops.release == own_release);
	CHECK(t, own_fops.mmap == own_mmap);
	CHECK(t, own_fops.open == cxl_fd_open);
	CHECK(t, own_fops.read == cxl_fd_read);
	CHECK(t, own_fops.poll == cxl_fd_poll);
	CHECK(t, own_fops.unlocked_ioctl == cxl_fd_ioctl);
	CHECK(t, own_fops.compat_ioctl == cxl_fd_ioctl);
	CHECK(t, own_fops.flush == cxl_fd_flush);
	CHECK(t, cxl_fops_get_context(file) == ctx);
	fput(file);
	put_unused_fd(fd);
}

static ssize_t own_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return -ENODATA;
}

static struct file_operations iter_fops = {
	.owner = THIS_MODULE,
	.read_iter = own_read_iter,
};

/* arg: the descriptor, whose read() is the driver's own */
static void own_read_iter_is_the_only_one(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	file = test_file(t, ctx, cxl_get_fd(ctx, &iter_fops, &fd));
	if (!file)
		return;
	CHECK(t, iter_fops.read_iter == own_read_iter);
	CHECK(t, !iter_fops.read);
	CHECK(t, iter_fops.poll == cxl_fd_poll);
	fd_install(fd, file);
	t->arg[0] = fd;
}

static void null_means_the_standard_operations(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	file = test_file(t, ctx, cxl_get_fd(ctx, NULL, &fd));
	if (!file)
		return;
	CHECK(t, file->f_op->release == cxl_fd_release);
	CHECK(t, file->f_op->read == cxl_fd_read);
	CHECK(t, file->f_op->poll == cxl_fd_poll);
	CHECK(t, file->f_op->unlocked_ioctl == cxl_fd_ioctl);
	CHECK(t, file->f_op->mmap == cxl_fd_mmap);
	CHECK(t, file->f_op->flush == cxl_fd_flush);
	fput(file);
	put_unused_fd(fd);
}

static void one_file_per_context(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1, again = -1;

	if (!ctx)
		return;
	file = test_file(t, ctx, cxl_get_fd(ctx, NULL, &fd));
	if (!file)
		return;
	CHECK_EQ(t, PTR_ERR(cxl_get_fd(ctx, NULL, &again)), -EEXIST);
	CHECK_EQ(t, again, -1);
	fput(file);
	put_unused_fd(fd);
}

/* The fput() runs when the ioctl's caller returns: check its effect later. */
static void file_given_up_gives_the_context_up(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	t->arg[0] = free_pes(t);
	t->arg[1] = atomic_read(&releases);
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	file = cxl_get_fd(ctx, &own_fops, &fd);
	if (!CHECK(t, !IS_ERR_OR_NULL(file)))
		return;
	fput(file);
	put_unused_fd(fd);
}

/* Like cxlflash, after it has released the context itself */
static void file_without_operations_leaves_nothing(struct test_run *t)
{
	static const struct file_operations none = {
		.owner = THIS_MODULE,
	};
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	file = test_file(t, ctx, cxl_get_fd(ctx, &own_fops, &fd));
	if (!file)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	test_context_done(t, ctx);
	file->f_op = &none;
	fput(file);
	put_unused_fd(fd);
}

static void it_was_given_up(struct test_run *t)
{
	CHECK_EQ(t, free_pes(t), t->arg[0] + 1);
	CHECK_EQ(t, atomic_read(&releases), t->arg[1] + 1);
}

/* arg: what cannot be allocated: 0: the descriptor, 1: the file */
static void failure_leaves_all_as_it_was(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	file = cxl_get_fd(ctx, NULL, &fd);
	if (t->arg[0])
		CHECK(t, !file);
	else
		CHECK_EQ(t, PTR_ERR_OR_ZERO(file), -EMFILE);
	CHECK_EQ(t, fd, -1);
	test_context_done(t, ctx);
}

/* A driver wants to release the context while a program reads. */
static struct cxl_context *installed;
static struct test_queue installed_queue;

/* arg returned: the descriptor */
static void install_a_file(struct test_run *t)
{
	struct file *file;
	int fd = -1;

	installed = test_context(t);
	if (!installed || test_queue_init(&installed_queue))
		return;
	CHECK_EQ(t, cxl_start_context(installed,
				      test_queue_wed(&installed_queue), NULL),
		 0);
	file = cxl_get_fd(installed, &own_fops, &fd);
	if (CHECK(t, !IS_ERR_OR_NULL(file)))
		fd_install(fd, file);
	t->arg[0] = fd;
}

/* A context on the caller's memory; arg: WED; returned: the descriptor */
static void install_a_file_that_works(struct test_run *t)
{
	struct cxl_ioctl_start_work work = {
		.flags = CXL_START_WORK_NUM_IRQS,
		.work_element_descriptor = t->arg[0],
		.num_interrupts = 4,
	};
	struct cxl_context *ctx = test_context(t);
	struct file *file;
	int fd = -1;

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_work(ctx, &work), 0);
	file = cxl_get_fd(ctx, &own_fops, &fd);
	if (CHECK(t, !IS_ERR_OR_NULL(file)))
		fd_install(fd, file);
	t->arg[0] = fd;
}

static void release_its_context(struct test_run *t)
{
	CHECK_EQ(t, cxl_release_context(installed), -EBUSY);
	CHECK_EQ(t, cxl_stop_context(installed), 0);
	CHECK_EQ(t, cxl_release_context(installed), 0);
	installed = NULL;
	test_queue_free(&installed_queue);
}

const struct test_case test_files[] = {
	{ "missing_operations_are_filled_in",
	  missing_operations_are_filled_in },
	{ "own_read_iter_is_the_only_one", own_read_iter_is_the_only_one },
	{ "null_means_the_standard_operations",
	  null_means_the_standard_operations },
	{ "one_file_per_context", one_file_per_context },
	{ "file_given_up_gives_the_context_up",
	  file_given_up_gives_the_context_up },
	{ "file_without_operations_leaves_nothing",
	  file_without_operations_leaves_nothing },
	{ "it_was_given_up", it_was_given_up },
	{ "failure_leaves_all_as_it_was", failure_leaves_all_as_it_was },
	{ "install_a_file", install_a_file },
	{ "install_a_file_that_works", install_a_file_that_works },
	{ "release_its_context", release_its_context },
	{ }
};
