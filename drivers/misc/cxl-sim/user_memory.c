// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a context: pread() and pwrite() at effective addresses are the
 * AFU's loads and stores, mmap() gives the context's window.
 *
 * A kernel address would be a negative offset, which files do not have. All
 * kernel addresses have the highest bit set, so for a kernel context the offset
 * is the address without that bit.
 *
 * Pages that are present are accessed in the calling thread, with the AFU's
 * turn held: for detach and the link this is like any other turn. Everything
 * else (a page must be faulted in, the address is bad, the program's own buffer
 * is not present, or a page of a file is written to) is done page by page
 * through the engine and a buffer.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../cxl/compat.h"
#include "user.h"

/* The bit of a kernel address that its offset lacks */
#define KERNEL_ADDRESS	BIT_ULL(63)

/* As much as a turn of the engine */
#define MAX_PAGES	16U

/**
 * struct sim_user_file - an open file of a context
 * @ctx: context, referenced
 * @path: of the node: its mappings include ours; referenced
 */
struct sim_user_file {
	struct sim_user_context *ctx;
	struct path path;
};

/* Copy as much as possible; page faults are disabled. */
static size_t copy_pages(struct page **pages, unsigned int n, u64 ea,
			 struct iov_iter *iter, size_t len, bool write)
{
	size_t total = 0, part, done;
	unsigned int i, at;

	pagefault_disable();
	for (i = 0; i < n && total < len; i++) {
		at = offset_in_page(ea + total);
		part = min_t(size_t, len - total, PAGE_SIZE - at);
		if (write)
			done = copy_page_from_iter(pages[i], at, part, iter);
		else
			done = copy_page_to_iter(pages[i], at, part, iter);
		total += done;
		if (done < part)
			break;
	}
	pagefault_enable();
	return total;
}

/*
 * Can this thread write to the page? It then has to wait for the page's lock, to
 * mark it dirty. Whoever attaches can serve a file system (FUSE) and keep the
 * pages of its files locked for ever, but not those of tmpfs and of no file.
 */
static bool is_writable(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_anon(folio) || folio_test_swapbacked(folio);
}

/* Keep the pages up to the first that cannot be written to; their number. */
static long keep_writable(struct page **pages, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (!is_writable(pages[i]))
			break;
	if (i < n)
		unpin_user_pages(pages + i, n - i);
	return i;
}

/*
 * Do not wait for mmap_lock: the program may hold it for ever. Pages to be read
 * are not pinned, because pinning a page shared by copy-on-write needs a fault.
 */
static unsigned int find_present(struct mm_struct *mm, u64 ea, size_t len,
				 bool write, struct page **pages)
{
	unsigned int n = min_t(u64, MAX_PAGES,
			       DIV_ROUND_UP(offset_in_page(ea) + len,
					    PAGE_SIZE));
	long got;

	if (!mmap_read_trylock(mm))
		return 0;
	if (write)
		got = pin_user_pages_remote(mm, ea & PAGE_MASK, n,
					    FOLL_NOFAULT | FOLL_WRITE, pages,
					    NULL);
	else
		got = get_user_pages_remote(mm, ea & PAGE_MASK, n,
					    FOLL_NOFAULT, pages, NULL);
	mmap_read_unlock(mm);
	if (write)
		got = keep_writable(pages, got);
	return max(got, 0L);
}

/*
 * Pages of a context of a process, held until put_present().  The address space
 * is held only while they are looked up, and so that the end of its process
 * knows of it: see cxl_context_get_mm().
 */
static unsigned int get_present(struct sim_user_context *ctx, u64 ea,
				size_t len, bool write, struct page **pages)
{
	struct cxl_context *core = ctx->pe->elem.ctx;
	struct mm_struct *mm;
	unsigned int n;

	lockdep_assert_held(&ctx->user->afu->turn);
	mm = cxl_context_get_mm(core);
	if (!mm)
		return 0;
	n = find_present(mm, ea, len, write, pages);
	cxl_context_put_mm(core);
	return n;
}

/* May sleep, for the locks of the pages, see is_writable(). */
static void put_present(struct page **pages, unsigned int n, bool write)
{
	unsigned int i;

	if (write) {
		unpin_user_pages_dirty_lock(pages, n, true);
		return;
	}
	for (i = 0; i < n; i++)
		put_page(pages[i]);
}

/* The memory of a process. Return as access_present() does. */
static ssize_t access_process(struct sim_user_context *ctx, u64 ea,
			      struct iov_iter *iter, bool write,
			      struct page **pages, unsigned int n)
{
	size_t done = copy_pages(pages, n, ea, iter, iov_iter_count(iter),
				 write);

	ctx->pe->bytes += done;
	return n && !done ? -EAGAIN : done;
}

/* Kernel addresses, a page at a time. Return as access_present() does. */
static ssize_t access_kernel(struct sim_user_context *ctx, u64 ea,
			     struct iov_iter *iter, bool write)
{
	size_t n = min_t(size_t, iov_iter_count(iter),
			 PAGE_SIZE - offset_in_page(ea));
	struct sim_afu *afu = ctx->user->afu;
	size_t copied;
	bool ok;

	lockdep_assert_held(&afu->turn);
	if (!write && !sim_kernel_read(afu->bounce, ea, n))
		return 0;
	pagefault_disable();
	if (write)
		copied = copy_from_iter(afu->bounce, n, iter);
	else
		copied = copy_to_iter(afu->bounce, n, iter);
	pagefault_enable();
	ok = !write || !copied || sim_kernel_write(ea, afu->bounce, copied);
	if (!ok) {
		iov_iter_revert(iter, copied);
		return 0;
	}
	ctx->pe->bytes += copied;
	return copied ?: -EAGAIN;
}

/*
 * Return the bytes done, 0 if the engine has to do it, -EAGAIN if the program's
 * own buffer is not present, or another errno.
 */
static ssize_t access_present(struct sim_user_context *ctx, u64 ea,
			      struct iov_iter *iter, bool write)
{
	struct sim_afu *afu = ctx->user->afu;
	struct page *pages[MAX_PAGES];
	unsigned int n = 0;
	ssize_t ret;

	if (ea != (unsigned long)ea)
		return 0;
	if (!ctx->kernel && !access_ok(u64_to_user_ptr(ea), 1))
		return 0;
	if (mutex_lock_killable(&afu->turn))
		return -EINTR;
	if (sim_user_is_stale(ctx)) {
		ret = -ESTALE;
	} else if (READ_ONCE(afu->halted)) {
		/* While the link is down, let the engine wait for it. */
		ret = 0;
	} else if (ctx->kernel) {
		ret = access_kernel(ctx, ea, iter, write);
	} else {
		n = get_present(ctx, ea, iov_iter_count(iter), write, pages);
		ret = access_process(ctx, ea, iter, write, pages, n);
	}
	mutex_unlock(&afu->turn);

	put_present(pages, n, write);
	return ret;
}

/* The same through the engine, but never 0 */
static ssize_t access_page(struct sim_user_context *ctx, u64 ea,
			   struct iov_iter *iter, bool write)
{
	size_t n = min_t(size_t, iov_iter_count(iter),
			 PAGE_SIZE - offset_in_page(ea));
	struct sim_user_op op = {
		.type = write ? SIM_USER_WRITE : SIM_USER_READ,
		.ea = ea,
		.len = n,
	};
	ssize_t ret;

	op.buf = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!op.buf)
		return -ENOMEM;
	ret = -EFAULT;
	if (write && !copy_from_iter_full(op.buf, n, iter))
		goto free;
	ret = sim_user_op_run(ctx, &op);
	if (ret) {
		if (write)
			iov_iter_revert(iter, n);
		goto free;
	}
	ret = n;
	if (!write)
		ret = copy_to_iter(op.buf, n, iter) ?: -EFAULT;
free:
	free_page((unsigned long)op.buf);
	return ret;
}

static bool fault_in_buffer(struct iov_iter *iter, bool write)
{
	size_t n = min_t(size_t, iov_iter_count(iter), PAGE_SIZE);

	if (write)
		return fault_in_iov_iter_readable(iter, n) < n;
	return fault_in_iov_iter_writeable(iter, n) < n;
}

static ssize_t access_some(struct sim_user_context *ctx, u64 ea,
			   struct iov_iter *iter, bool write, bool nowait)
{
	ssize_t n = access_present(ctx, ea, iter, write);

	/* Do not queue behind accesses in the engine for an absent buffer. */
	if (n == -EAGAIN) {
		if (!fault_in_buffer(iter, write))
			return -EFAULT;
		n = access_present(ctx, ea, iter, write);
	}
	if (n && n != -EAGAIN)
		return n;
	if (nowait)
		return -EAGAIN;
	return access_page(ctx, ea, iter, write);
}

static ssize_t access_memory(struct kiocb *iocb, struct iov_iter *iter,
			     bool write)
{
	struct sim_user_file *file = iocb->ki_filp->private_data;
	u64 high = file->ctx->kernel ? KERNEL_ADDRESS : 0;
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	ssize_t done = 0, n = 0;

	while (iov_iter_count(iter)) {
		n = access_some(file->ctx, iocb->ki_pos | high, iter, write,
				nowait);
		if (n <= 0)
			break;
		iocb->ki_pos += n;
		done += n;
		cond_resched();
	}
	return done ?: n;
}

static ssize_t memory_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return access_memory(iocb, to, false);
}

static ssize_t memory_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return access_memory(iocb, from, true);
}

static long memory_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct sim_user_file *file = filp->private_data;

	return sim_user_memory_ioctl(file->ctx, cmd, arg);
}

static int memory_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct sim_user_file *file = filp->private_data;

	return sim_user_mmap_window(file->ctx, vma);
}

static int memory_release(struct inode *inode, struct file *filp)
{
	struct sim_user_file *file = filp->private_data;
	struct sim_user *user = file->ctx->user;

	sim_user_context_put(file->ctx);
	path_put(&file->path);
	put_device(&user->dev);
	kfree(file);
	return 0;
}

static const struct file_operations memory_fops = {
	CXL_FOP_UNSIGNED_OFFSET
	.owner = THIS_MODULE,
	.release = memory_release,
	.read_iter = memory_read_iter,
	.write_iter = memory_write_iter,
	.unlocked_ioctl = memory_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = memory_mmap,
	.llseek = no_seek_end_llseek,
};

/**
 * sim_user_context_of() - the context of a file
 * @filp: any file
 *
 * Return: the context, which the file holds, or NULL.
 */
struct sim_user_context *sim_user_context_of(struct file *filp)
{
	struct sim_user_file *file = filp->private_data;

	return filp->f_op == &memory_fops ? file->ctx : NULL;
}

/**
 * sim_user_open_memory() - create a file for a context
 * @ctx: context; its reference is taken over unless this fails
 * @node: the program's open node
 *
 * Return: a file descriptor, or an errno.
 */
int sim_user_open_memory(struct sim_user_context *ctx, struct file *node)
{
	struct sim_user_file *file;
	struct file *filp;
	int fd;

	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->ctx = ctx;
	file->path = node->f_path;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto err_free;
	filp = anon_inode_getfile("[cxl-sim-context]", &memory_fops, file,
				  O_RDWR);
	if (IS_ERR(filp)) {
		put_unused_fd(fd);
		fd = PTR_ERR(filp);
		goto err_free;
	}
	get_device(&ctx->user->dev);
	path_get(&file->path);
	filp->f_mapping = node->f_mapping;
	/* open() would set these, but not for an anonymous file. */
	filp->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
			FMODE_NOWAIT | CXL_FMODE_UNSIGNED_OFFSET;
	fd_install(fd, filp);
	return fd;

err_free:
	kfree(file);
	return fd;
}
