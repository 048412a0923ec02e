// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node of an AFU whose model is a program: /dev/cxl-sim/CARD.afuM
 */
#include <linux/cdev.h>
#include <linux/configfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

#include "../cxl/compat.h"
#include "user.h"

#define NUM_MINORS	256

static_assert(sizeof(struct cxl_sim_info) == 64);
static_assert(sizeof(struct cxl_sim_open_context) == 16);
static_assert(sizeof(struct cxl_sim_err_buff) == 24);

static dev_t first_devt;
static DEFINE_IDA(minors);

static struct class user_class = {
	.name = "cxl-sim",
};

static struct sim_user *to_sim_user(const struct device *dev)
{
	return container_of((struct device *)dev, struct sim_user, dev);
}

static char *user_devnode(CXL_DEVNODE_CONST struct device *dev, umode_t *mode,
			  kuid_t *uid, kgid_t *gid)
{
	struct sim_user *user = to_sim_user(dev);

	if (mode)
		*mode = 0600;
	if (uid)
		*uid = user->uid;
	if (gid)
		*gid = user->gid;
	return kasprintf(GFP_KERNEL, "cxl-sim/%s", dev_name(dev));
}

static void user_release(struct device *dev)
{
	struct sim_user *user = to_sim_user(dev);

	ida_free(&minors, MINOR(dev->devt) - MINOR(first_devt));
	config_item_put(&user->afu->group.cg_item);
	__free_page(user->blank);
	kfree(user);
}

static const struct device_type user_type = {
	.name = "afu_model",
	.devnode = user_devnode,
	.release = user_release,
};

/*
 * File operations
 */

static int node_open(struct inode *inode, struct file *file)
{
	struct sim_user *user = container_of(inode->i_cdev, struct sim_user,
					     cdev);
	fmode_t both = FMODE_READ | FMODE_WRITE;
	int ret;

	/* An AFU both loads and stores. */
	if ((file->f_mode & both) != both)
		return -EACCES;
	if (mutex_lock_killable(&user->open_lock))
		return -EINTR;
	ret = -EBUSY;
	if (user->mapping)
		goto unlock;
	/* First tell the contexts of the end of the last program. */
	flush_work(&user->changes);
	ret = sim_user_adopt(user);
	if (ret)
		goto unlock;
	mutex_lock(&user->afu->turn);
	user->mapping = file->f_mapping;
	mutex_unlock(&user->afu->turn);
	get_device(&user->dev);
	file->private_data = user;
	stream_open(inode, file);
	file->f_mode |= FMODE_NOWAIT;
unlock:
	mutex_unlock(&user->open_lock);
	return ret;
}

static int node_release(struct inode *inode, struct file *file)
{
	struct sim_user *user = file->private_data;

	mutex_lock(&user->open_lock);
	sim_user_fail(user);
	mutex_lock(&user->afu->turn);
	user->mapping = NULL;
	mutex_unlock(&user->afu->turn);
	/* Files of contexts, and their mappings, may outlive this one. */
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	mutex_unlock(&user->open_lock);
	put_device(&user->dev);
	return 0;
}

static long node_get_info(struct sim_user *user, void __user *uinfo)
{
	return copy_to_user(uinfo, &user->info, sizeof(user->info)) ?
		-EFAULT : 0;
}

static long node_open_context(struct file *file, struct sim_user *user,
			      void __user *uopen)
{
	struct cxl_sim_open_context open;
	struct sim_user_context *ctx;
	int ret;

	if (copy_from_user(&open, uopen, sizeof(open)))
		return -EFAULT;
	if (open.reserved)
		return -EINVAL;
	if (mutex_lock_killable(&user->afu->turn))
		return -EINTR;
	ctx = sim_user_find(user, open.pe, open.id);
	mutex_unlock(&user->afu->turn);
	if (!ctx)
		return -ESTALE;
	ret = sim_user_open_memory(ctx, file);
	if (ret < 0)
		sim_user_context_put(ctx);
	return ret;
}

static long node_write_err_buff(struct sim_user *user, void __user *uwrite)
{
	struct sim_afu *afu = user->afu;
	struct cxl_sim_err_buff write;
	long ret = -ENODEV;
	void *buf;

	if (copy_from_user(&write, uwrite, sizeof(write)))
		return -EFAULT;
	if (write.reserved || write.length > CXL_SIM_ERR_BUFF_MAX_WRITE ||
	    write.offset > user->info.err_buff_size ||
	    write.length > user->info.err_buff_size - write.offset)
		return -EINVAL;
	buf = memdup_user(u64_to_user_ptr(write.address), write.length);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	if (mutex_lock_killable(&afu->turn)) {
		ret = -EINTR;
		goto free;
	}
	if (!user->stopped) {
		memcpy(afu->err_buff + write.offset, buf, write.length);
		ret = 0;
	}
	mutex_unlock(&afu->turn);
free:
	kfree(buf);
	return ret;
}

static long node_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct sim_user *user = file->private_data;
	void __user *uarg = (void __user *)arg;
	int ret;

	ret = sim_user_serving(user);
	if (ret)
		return ret;
	switch (cmd) {
	case CXL_SIM_GET_INFO:
		return node_get_info(user, uarg);
	case CXL_SIM_OPEN_CONTEXT:
		return node_open_context(file, user, uarg);
	case CXL_SIM_WRITE_ERR_BUFF:
		return node_write_err_buff(user, uarg);
	default:
		return -ENOTTY;
	}
}

/*
 * The turn is held until the page is mapped: so the end of the AFU finds either
 * a mapping to undo, or nobody who is making one. A program that is still at
 * work then is not killed for that: it goes on with a page that means nothing.
 */
static vm_fault_t map_page(struct sim_user *user,
			   const struct sim_user_context *ctx,
			   struct vm_fault *vmf)
{
	struct page *page = user->blank;
	struct sim_afu *afu = user->afu;
	vm_fault_t ret = VM_FAULT_OOM;

	mutex_lock(&afu->turn);
	if (!user->stopped && user->mapping == vmf->vma->vm_file->f_mapping &&
	    (!ctx || ctx->pe))
		page = sim_afu_page(afu, (u64)vmf->pgoff << PAGE_SHIFT);
	if (page)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
	mutex_unlock(&afu->turn);
	return ret;
}

static vm_fault_t psa_fault(struct vm_fault *vmf)
{
	return map_page(vmf->vma->vm_private_data, NULL, vmf);
}

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	struct sim_user_context *ctx = vmf->vma->vm_private_data;

	return map_page(ctx->user, ctx, vmf);
}

static const struct vm_operations_struct psa_vm_ops = {
	.fault = psa_fault,
};

static const struct vm_operations_struct window_vm_ops = {
	.fault = window_fault,
};

/* Check that @vma fits; its offset counts from @offset. */
static int mmap_at(struct vm_area_struct *vma, u64 offset, u64 size)
{
	u64 pages = size >> PAGE_SHIFT;

	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if (vma_is_cow_mapping(vma))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_DONTCOPY);
	vma->vm_pgoff += offset >> PAGE_SHIFT;
	return 0;
}

static int node_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sim_user *user = file->private_data;
	int ret;

	ret = mmap_at(vma, 0, user->info.psa_size);
	if (ret)
		return ret;
	vma->vm_private_data = user;
	vma->vm_ops = &psa_vm_ops;
	return 0;
}

/**
 * sim_user_mmap_window() - map the window of a context
 * @ctx: context
 * @vma: where; its file has a reference to @ctx
 *
 * Context: mmap_lock is held.
 * Return: 0; -ESTALE: the context is detached; -EINVAL: beyond the end, or a
 * private writable mapping.
 */
int sim_user_mmap_window(struct sim_user_context *ctx,
			 struct vm_area_struct *vma)
{
	struct sim_afu *afu = ctx->user->afu;
	bool attached;
	int ret;

	ret = mmap_at(vma, ctx->window, ctx->window_size);
	if (ret)
		return ret;
	mutex_lock(&afu->turn);
	attached = ctx->pe;
	ctx->mapped = true;
	mutex_unlock(&afu->turn);
	if (!attached)
		return -ESTALE;
	vma->vm_private_data = ctx;
	vma->vm_ops = &window_vm_ops;
	return 0;
}

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.open = node_open,
	.release = node_release,
	.read_iter = sim_user_read_iter,
	.write_iter = sim_user_write_iter,
	.poll = sim_user_poll,
	.unlocked_ioctl = node_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = node_mmap,
};

/*
 * Life of a node
 */

static void describe(struct sim_user *user)
{
	const struct sim_afu *afu = user->afu;
	const struct sim_afu_settings *settings = &afu->settings;

	user->info = (struct cxl_sim_info) {
		.abi_version = CXL_SIM_ABI_VERSION,
		.modes = settings->modes,
		.num_procs = settings->num_procs,
		.irqs_min = settings->irqs_min,
		.err_buff_size = settings->err_buff_size,
		.flags = settings->mmio_trapped ? CXL_SIM_INFO_TRAPPED : 0,
		.psa_size = afu->psa_size,
		.pp_offset = settings->pp_offset,
		.pp_size = settings->pp_size,
	};
}

/**
 * sim_user_create() - prepare the node of an AFU
 * @afu: AFU whose memory exists
 *
 * The node appears by cdev_device_add().
 *
 * Return: the node's data, or ERR_PTR: -ENOMEM, -ENOSPC (too many nodes).
 */
struct sim_user *sim_user_create(struct sim_afu *afu)
{
	struct sim_user *user;
	int minor, ret;

	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return ERR_PTR(-ENOMEM);
	ret = -ENOMEM;
	user->blank = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!user->blank)
		goto err_free;
	minor = ida_alloc_max(&minors, NUM_MINORS - 1, GFP_KERNEL);
	ret = minor;
	if (minor < 0)
		goto err_page;
	config_item_get(&afu->group.cg_item);
	user->afu = afu;
	user->uid = make_kuid(&init_user_ns, afu->settings.uid);
	user->gid = make_kgid(&init_user_ns, afu->settings.gid);
	mutex_init(&user->open_lock);
	spin_lock_init(&user->lock);
	INIT_LIST_HEAD(&user->changed);
	INIT_LIST_HEAD(&user->mmios);
	INIT_LIST_HEAD(&user->mmios_told);
	init_waitqueue_head(&user->readers);
	init_waitqueue_head(&user->answers);
	user->next_id = 1;
	describe(user);

	device_initialize(&user->dev);
	user->dev.class = &user_class;
	user->dev.type = &user_type;
	user->dev.devt = first_devt + minor;
	cdev_init(&user->cdev, &node_fops);
	user->cdev.owner = THIS_MODULE;
	ret = dev_set_name(&user->dev, "%s.afu%u",
			   config_item_name(&afu->card->group.cg_item),
			   afu->slice);
	if (ret) {
		put_device(&user->dev);
		return ERR_PTR(ret);
	}
	return user;

err_page:
	__free_page(user->blank);
err_free:
	kfree(user);
	return ERR_PTR(ret);
}

/**
 * sim_user_destroy() - the AFU's memory is about to go
 * @user: AFU without contexts; its node may still be open
 */
void sim_user_destroy(struct sim_user *user)
{
	mutex_lock(&user->open_lock);
	mutex_lock(&user->afu->turn);
	user->stopped = true;
	mutex_unlock(&user->afu->turn);
	if (user->mapping)
		unmap_mapping_range(user->mapping, 0, 0, 1);
	mutex_unlock(&user->open_lock);
	if (device_is_registered(&user->dev))
		cdev_device_del(&user->cdev, &user->dev);
	put_device(&user->dev);
}

/**
 * sim_user_init() - register what the nodes need
 *
 * Return: 0 or an errno.
 */
int sim_user_init(void)
{
	int ret;

	ret = class_register(&user_class);
	if (ret)
		return ret;
	ret = alloc_chrdev_region(&first_devt, 0, NUM_MINORS, "cxl-sim");
	if (ret)
		goto err_class;
	ret = sim_user_afu_init();
	if (ret)
		goto err_region;
	return 0;

err_region:
	unregister_chrdev_region(first_devt, NUM_MINORS);
err_class:
	class_unregister(&user_class);
	return ret;
}

/**
 * sim_user_exit() - the reverse of sim_user_init()
 */
void sim_user_exit(void)
{
	sim_user_afu_exit();
	unregister_chrdev_region(first_devt, NUM_MINORS);
	class_unregister(&user_class);
	ida_destroy(&minors);
}
