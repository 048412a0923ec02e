// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of programs: the driver's own file operations around the standard
 * ones, which lead from the file back to the card; a fault handler around the
 * standard one; and events where Documentation/events.md has them for cxlflash.
 */
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "test_flash.h"

#define FLASH_EVENTS	16

/**
 * struct flash_user - a context of a program
 * @link: in the card's list, until the context is marked
 * @file: the program's, until then
 * @recovering: the card was reset under it: its pages are all ones from now on
 * @vmops: what the standard mmap installed, wrapped by ours
 * @events: for the program; sent to with the card's lock held, while in the list
 */
struct flash_user {
	struct list_head link;
	struct file *file;
	bool recovering;
	const struct vm_operations_struct *vmops;
	struct cxl_event_queue *events;
};

static struct flash_card *flash_card_of(struct file *file)
{
	return container_of(file->f_op, struct flash_card, fops);
}

static vm_fault_t flash_fault(struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	struct flash_user *user = cxl_get_priv(cxl_fops_get_context(file));
	struct flash_card *card = flash_card_of(file);

	atomic_inc(&card->faults);
	if (!READ_ONCE(user->recovering))
		return user->vmops->fault(vmf);
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(card->ones));
}

static const struct vm_operations_struct flash_vmops = {
	.fault = flash_fault,
};

static int flash_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct flash_user *user = cxl_get_priv(cxl_fops_get_context(file));
	int ret;

	ret = cxl_fd_mmap(file, vma);
	if (ret)
		return ret;
	user->vmops = vma->vm_ops;
	vma->vm_ops = &flash_vmops;
	return 0;
}

static int flash_release(struct inode *inode, struct file *file)
{
	struct flash_user *user = cxl_get_priv(cxl_fops_get_context(file));
	struct flash_card *card = flash_card_of(file);
	int ret;

	mutex_lock(&card->lock);
	if (!list_empty(&user->link))
		list_del(&user->link);
	mutex_unlock(&card->lock);
	ret = cxl_fd_release(inode, file);
	cxl_event_queue_destroy(user->events);
	kfree(user);
	return ret;
}

/**
 * flash_users_mark() - the card is reset: programs must start again
 * @card: card with its lock held
 *
 * An event tells each of them. Pages that they touch from now on are all ones.
 */
void flash_users_mark(struct flash_card *card)
{
	const struct cxl_test_flash_event event = {
		.what = CXL_TEST_FLASH_RECOVER,
	};
	struct flash_user *user, *next;
	int ret;

	lockdep_assert_held(&card->lock);
	list_for_each_entry_safe(user, next, &card->users, link) {
		list_del_init(&user->link);
		WRITE_ONCE(user->recovering, true);
		ret = cxl_event_queue_send(user->events, &event, sizeof(event));
		if (ret)
			flash_problem(card, "event", ret);
		unmap_mapping_range(user->file->f_mapping, 0, 0, 1);
	}
}

static int flash_user_start(struct flash_card *card, struct cxl_context *ctx,
			    struct cxl_test_flash_attach *arg)
{
	struct cxl_ioctl_start_work work = {
		.flags = CXL_START_WORK_NUM_IRQS,
		.work_element_descriptor = arg->wed,
		.num_interrupts = arg->num_irqs,
	};
	int ret;

	ret = cxl_start_work(ctx, &work);
	if (ret)
		return ret;
	arg->pe = cxl_process_element(ctx);
	if (arg->pe >= CXL_TEST_FLASH_CONTEXTS)
		flash_problem(card, "process element", arg->pe);
	return 0;
}

/**
 * flash_user_attach() - make a context for the calling program
 * @card: card that is up, with its lock held
 * @arg: the request, in which the results are returned
 *
 * Return: 0 or an errno.
 */
int flash_user_attach(struct flash_card *card,
		      struct cxl_test_flash_attach *arg)
{
	struct flash_user *user;
	struct cxl_context *ctx;
	struct file *file;
	int fd = -1;
	int ret;

	lockdep_assert_held(&card->lock);
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;

	ctx = cxl_dev_context_init(card->pdev);
	if (IS_ERR(ctx)) {
		ret = PTR_ERR(ctx);
		goto err_free;
	}
	ret = flash_user_start(card, ctx, arg);
	if (ret)
		goto err_release;
	user->events = cxl_event_queue_create(ctx, FLASH_EVENTS,
					      sizeof(struct cxl_test_flash_event));
	if (IS_ERR(user->events)) {
		ret = PTR_ERR(user->events);
		user->events = NULL;
		goto err_stop;
	}
	cxl_set_priv(ctx, user);
	file = cxl_get_fd(ctx, &card->fops, &fd);
	/* Not IS_ERR(): every failure leaves the descriptor unchanged. */
	if (fd < 0) {
		ret = -ENFILE;
		goto err_stop;
	}
	if (flash_card_of(file) != card)
		flash_problem(card, "file operations", fd);
	user->file = file;
	list_add(&user->link, &card->users);
	fd_install(fd, file);
	arg->fd = fd;
	return 0;

err_stop:
	ret = cxl_stop_context(ctx) ?: ret;
err_release:
	/* This also works if the context was never started. */
	if (cxl_release_context(ctx))
		flash_problem(card, "release after a failure", ret);
err_free:
	cxl_event_queue_destroy(user->events);
	kfree(user);
	return ret;
}

int flash_user_init(struct flash_card *card)
{
	INIT_LIST_HEAD(&card->users);
	card->ones = alloc_page(GFP_KERNEL);
	if (!card->ones)
		return -ENOMEM;
	memset(page_address(card->ones), 0xff, PAGE_SIZE);
	card->fops.owner = THIS_MODULE;
	card->fops.mmap = flash_mmap;
	card->fops.release = flash_release;
	return 0;
}

void flash_user_exit(struct flash_card *card)
{
	__free_page(card->ones);
}
