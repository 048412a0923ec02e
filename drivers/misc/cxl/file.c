// SPDX-License-Identifier: GPL-2.0-only
/*
 * Character devices, and the same operations for files made by AFU drivers.
 */
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"
#include "cxl.h"

/* Order of an AFU's minors */
enum cxl_node {
	CXL_NODE_DEDICATED,
	CXL_NODE_MASTER,
	CXL_NODE_SLAVE,
	CXL_NODES,
};

static dev_t cxl_dev;
static struct cdev cxl_cdev;

/*
 * Inodes of contexts: each context has an address space of its own, so its
 * mappings can be zapped without touching those of others.
 */
static struct vfsmount *cxl_fs_mount;
static int cxl_fs_count;

/*
 * A file made by cxl_context_file() drops its reference to the context here,
 * since an AFU driver may have removed the release operation before the last
 * fput().
 */
static void cxl_dentry_iput(struct dentry *dentry, struct inode *inode)
{
	struct cxl_context *ctx = inode->i_private;

	iput(inode);
	if (ctx)
		cxl_context_put(ctx);
}

/* The name it would have without operations; simple_dname() is not exported. */
static char *cxl_dentry_dname(struct dentry *dentry, char *buf, int len)
{
	char name[32];
	int n;

	n = snprintf(name, sizeof(name), "/%pd (deleted)", dentry) + 1;
	if (n > len)
		return ERR_PTR(-ENAMETOOLONG);
	return memcpy(buf + len - n, name, n);
}

static const struct dentry_operations cxl_dentry_ops = {
	.d_iput = cxl_dentry_iput,
	.d_dname = cxl_dentry_dname,
};

static int cxl_fs_init_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, 0x1014);

	if (!ctx)
		return -ENOMEM;
	ctx->dops = &cxl_dentry_ops;
	return 0;
}

static struct file_system_type cxl_fs_type = {
	.name = "cxl",
	.owner = THIS_MODULE,
	.init_fs_context = cxl_fs_init_context,
	.kill_sb = kill_anon_super,
};

/**
 * cxl_inode_new() - create an inode for a context
 *
 * Return: the inode, to be freed by cxl_inode_free(), or ERR_PTR.
 */
struct inode *cxl_inode_new(void)
{
	struct inode *inode;
	int ret;

	ret = simple_pin_fs(&cxl_fs_type, &cxl_fs_mount, &cxl_fs_count);
	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(cxl_fs_mount->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&cxl_fs_mount, &cxl_fs_count);
	return inode;
}

/**
 * cxl_inode_free() - the reverse of cxl_inode_new()
 * @inode: inode
 */
void cxl_inode_free(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&cxl_fs_mount, &cxl_fs_count);
}

static ssize_t cxl_fd_read_iter(struct kiocb *iocb, struct iov_iter *to);

static void cxl_file_set_context(struct file *file, struct cxl_context *ctx)
{
	file->private_data = ctx;
	file->f_mapping = ctx->inode->i_mapping;
	/* No position, hence no position lock for a blocked reader to hold. */
	stream_open(file_inode(file), file);
	/* An AFU driver's own read_iter may ignore IOCB_NOWAIT. */
	if (file->f_op->read_iter == cxl_fd_read_iter)
		file->f_mode |= FMODE_NOWAIT;
}

static struct file *cxl_context_file_locked(struct cxl_context *ctx,
					    const struct file_operations *fops)
{
	struct file *file;
	char name[16];

	lockdep_assert_held(&ctx->status_mutex);
	if (!ctx->inode)
		return ERR_PTR(-EIO);
	snprintf(name, sizeof(name), "cxl:%d", ctx->pe);
	ihold(ctx->inode);
	file = alloc_file_pseudo(ctx->inode, cxl_fs_mount, name, O_RDWR, fops);
	if (IS_ERR(file)) {
		iput(ctx->inode);
		return file;
	}
	ctx->inode->i_private = cxl_context_get(ctx);
	cxl_file_set_context(file, ctx);
	return file;
}

/**
 * cxl_context_file() - create a file for a context
 * @ctx: context
 * @fops: becomes the file's f_op; its owner is pinned
 *
 * Return: the file or ERR_PTR: -EIO (retired), -ENODEV, -ENOMEM, -ENFILE.
 */
struct file *cxl_context_file(struct cxl_context *ctx,
			      const struct file_operations *fops)
{
	struct file *file;

	if (!fops_get(fops))
		return ERR_PTR(-ENODEV);
	mutex_lock(&ctx->status_mutex);
	file = cxl_context_file_locked(ctx, fops);
	mutex_unlock(&ctx->status_mutex);
	if (IS_ERR(file))
		fops_put(fops);
	return file;
}

int cxl_fd_open(struct inode *inode, struct file *file)
{
	static const u32 modes[CXL_NODES] = {
		[CXL_NODE_DEDICATED] = CXL_MODE_DEDICATED,
		[CXL_NODE_MASTER] = CXL_MODE_DIRECTED,
		[CXL_NODE_SLAVE] = CXL_MODE_DIRECTED,
	};
	unsigned int card = iminor(inode) / CXL_CARD_MINORS;
	unsigned int minor = iminor(inode) % CXL_CARD_MINORS;
	struct cxl_context *ctx;
	struct cxl_afu *afu;
	unsigned int node;

	if (!minor)
		return -ENODEV;
	afu = cxl_afu_find(card, (minor - 1) / CXL_NODES);
	if (!afu)
		return -ENODEV;
	node = (minor - 1) % CXL_NODES;
	ctx = cxl_context_create(afu, modes[node], node == CXL_NODE_MASTER,
				 NULL);
	put_device(&afu->dev);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	cxl_file_set_context(file, cxl_context_get(ctx));
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_fd_open);

int cxl_fd_release(struct inode *inode, struct file *file)
{
	struct cxl_context *ctx = file->private_data;

	cxl_context_release(ctx);
	/* The reference that cxl_fd_open() took */
	if (S_ISCHR(file_inode(file)->i_mode))
		cxl_context_put(ctx);
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_fd_release);

static long cxl_ioctl_start_work(struct cxl_context *ctx,
				 struct cxl_ioctl_start_work __user *uwork)
{
	struct cxl_ioctl_start_work work;

	if (copy_from_user(&work, uwork, sizeof(work)))
		return -EFAULT;
	/* There are no thread IDs: say so while the call can still fail. */
	if (work.flags & CXL_START_WORK_TID && put_user(0, &uwork->tid))
		return -EFAULT;
	return cxl_context_start_work(ctx, &work, true);
}

static long cxl_ioctl_get_afu_id(struct cxl_context *ctx,
				 struct cxl_afu_id __user *uid)
{
	struct cxl_afu *afu = ctx->afu;
	struct cxl_afu_id id = {
		.card_id = afu->adapter->num,
		.afu_offset = afu->slice,
		.afu_mode = READ_ONCE(afu->mode),
	};

	if (id.afu_mode == CXL_MODE_DIRECTED && !ctx->master)
		id.flags = CXL_AFUID_FLAG_SLAVE;
	return copy_to_user(uid, &id, sizeof(id)) ? -EFAULT : 0;
}

static long cxl_ioctl_event_format(struct cxl_context *ctx,
				   struct cxl_ioctl_event_format __user *uformat)
{
	struct cxl_ioctl_event_format format;

	if (copy_from_user(&format, uformat, sizeof(format)))
		return -EFAULT;
	if (format.flags & ~CXL_EVENT_FORMAT_ALL ||
	    memchr_inv(format.reserved, 0, sizeof(format.reserved)))
		return -EINVAL;
	WRITE_ONCE(ctx->events.stamps,
		   format.flags & CXL_EVENT_FORMAT_STAMPS);
	return 0;
}

long cxl_fd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cxl_context *ctx = file->private_data;
	void __user *uarg = (void __user *)arg;

	/* It fails like an access to a mapping does. */
	if (cmd == CXL_IOCTL_MMIO)
		return cxl_ioctl_mmio(ctx, file->f_mode, uarg);
	if (READ_ONCE(ctx->status) == CLOSED ||
	    !cxl_adapter_link_ok(ctx->afu->adapter))
		return -EIO;

	switch (cmd) {
	case CXL_IOCTL_START_WORK:
		return cxl_ioctl_start_work(ctx, uarg);
	case CXL_IOCTL_GET_PROCESS_ELEMENT:
		return put_user((u32)ctx->pe, (u32 __user *)uarg);
	case CXL_IOCTL_GET_AFU_ID:
		return cxl_ioctl_get_afu_id(ctx, uarg);
	case CXL_IOCTL_EVENT_FORMAT:
		return cxl_ioctl_event_format(ctx, uarg);
	default:
		/* Not ENOTTY: programs recognise old drivers by EINVAL. */
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(cxl_fd_ioctl);

int cxl_fd_mmap(struct file *file, struct vm_area_struct *vma)
{
	return cxl_context_mmap(file->private_data, vma);
}
EXPORT_SYMBOL_GPL(cxl_fd_mmap);

__poll_t cxl_fd_poll(struct file *file, struct poll_table_struct *poll)
{
	struct cxl_context *ctx = file->private_data;

	poll_wait(file, &ctx->events.wq, poll);
	return cxl_events_mask(&ctx->events);
}
EXPORT_SYMBOL_GPL(cxl_fd_poll);

ssize_t cxl_fd_read(struct file *file, char __user *buf, size_t count,
		    loff_t *off)
{
	struct cxl_context *ctx = file->private_data;

	if (count < CXL_READ_MIN_SIZE)
		return -EINVAL;
	return cxl_events_read(&ctx->events, buf, count,
			       file->f_flags & O_NONBLOCK);
}
EXPORT_SYMBOL_GPL(cxl_fd_read);

static ssize_t cxl_fd_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct cxl_context *ctx = iocb->ki_filp->private_data;

	if (iov_iter_count(to) < CXL_READ_MIN_SIZE)
		return -EINVAL;
	return cxl_events_read_iter(&ctx->events, to,
				    iocb->ki_filp->f_flags & O_NONBLOCK ||
				    iocb->ki_flags & IOCB_NOWAIT);
}

static int cxl_fd_fasync(int fd, struct file *file, int on)
{
	struct cxl_context *ctx = file->private_data;

	return fasync_helper(fd, file, on, &ctx->events.fasync);
}

static void cxl_fd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct cxl_context *ctx = file->private_data;
	struct cxl_event_counters count;

	cxl_events_count(&ctx->events, &count);
	seq_printf(m, "cxl-afu:\tafu%d.%d\n", ctx->afu->adapter->num,
		   ctx->afu->slice);
	seq_printf(m, "cxl-pe:\t%d\n", ctx->pe);
	seq_printf(m, "cxl-status:\t%s\n", cxl_context_status_name(ctx));
	seq_printf(m, "cxl-posted:\t%llu\n", count.posted);
	seq_printf(m, "cxl-delivered:\t%llu\n", count.delivered);
	seq_printf(m, "cxl-returned:\t%llu\n", count.returned);
	seq_printf(m, "cxl-rejected:\t%llu\n", count.rejected);
	seq_printf(m, "cxl-coalesced:\t%llu\n", count.coalesced);
	seq_printf(m, "cxl-lost:\t%llu\n", count.lost);
	seq_printf(m, "cxl-pending:\t%llu\n", count.pending);
}

int cxl_fd_flush(struct file *file, fl_owner_t id)
{
	cxl_context_flush(file->private_data);
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_fd_flush);

const struct file_operations cxl_afu_fops = {
	.owner = THIS_MODULE,
	.open = cxl_fd_open,
	.flush = cxl_fd_flush,
	.release = cxl_fd_release,
	.unlocked_ioctl = cxl_fd_ioctl,
	.compat_ioctl = cxl_fd_ioctl,
	.mmap = cxl_fd_mmap,
	.poll = cxl_fd_poll,
	.read = cxl_fd_read,
	.read_iter = cxl_fd_read_iter,
	.fasync = cxl_fd_fasync,
	.show_fdinfo = cxl_fd_show_fdinfo,
};

static struct device *cxl_node_add(struct cxl_afu *afu, enum cxl_node node)
{
	static const char suffix[CXL_NODES] = {
		[CXL_NODE_DEDICATED] = 'd',
		[CXL_NODE_MASTER] = 'm',
		[CXL_NODE_SLAVE] = 's',
	};
	int card = afu->adapter->num;
	dev_t devt = MKDEV(MAJOR(cxl_dev), card * CXL_CARD_MINORS + 1 +
			   afu->slice * CXL_NODES + node);

	return device_create_with_groups(cxl_class, &afu->dev, devt, afu,
					 node == CXL_NODE_MASTER ?
						cxl_afu_master_groups : NULL,
					 "afu%d.%d%c", card, afu->slice,
					 suffix[node]);
}

/**
 * cxl_chardev_add() - create the device nodes of an AFU's mode
 * @afu: AFU with mode_lock held
 *
 * Does nothing if they exist, or if the AFU is in no mode.
 *
 * Return: 0, or an errno: then no node exists.
 */
int cxl_chardev_add(struct cxl_afu *afu)
{
	struct device *dev;

	lockdep_assert_held(&afu->mode_lock);
	if (!afu->mode || afu->chardev_d || afu->chardev_m)
		return 0;
	if (afu->mode == CXL_MODE_DEDICATED) {
		dev = cxl_node_add(afu, CXL_NODE_DEDICATED);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
		afu->chardev_d = dev;
		return 0;
	}

	dev = cxl_node_add(afu, CXL_NODE_MASTER);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	afu->chardev_m = dev;
	dev = cxl_node_add(afu, CXL_NODE_SLAVE);
	if (IS_ERR(dev)) {
		cxl_chardev_remove(afu);
		return PTR_ERR(dev);
	}
	afu->chardev_s = dev;
	return 0;
}

/**
 * cxl_chardev_remove() - remove the device nodes
 * @afu: AFU with mode_lock held
 */
void cxl_chardev_remove(struct cxl_afu *afu)
{
	struct device **nodes[] = {
		&afu->chardev_d, &afu->chardev_m, &afu->chardev_s,
	};
	unsigned int i;

	lockdep_assert_held(&afu->mode_lock);
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		if (*nodes[i])
			device_unregister(*nodes[i]);
		*nodes[i] = NULL;
	}
}

int cxl_file_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&cxl_dev, 0, CXL_NUM_MINORS, "cxl");
	if (ret)
		return ret;
	cdev_init(&cxl_cdev, &cxl_afu_fops);
	cxl_cdev.owner = THIS_MODULE;
	ret = cdev_add(&cxl_cdev, cxl_dev, CXL_NUM_MINORS);
	if (ret)
		unregister_chrdev_region(cxl_dev, CXL_NUM_MINORS);
	return ret;
}

void cxl_file_exit(void)
{
	cdev_del(&cxl_cdev);
	unregister_chrdev_region(cxl_dev, CXL_NUM_MINORS);
}
