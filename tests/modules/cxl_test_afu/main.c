// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCI driver for an AFU record of its own, with a device of which every open
 * is a context. cxl_test_afu.h describes its interface to programs.
 */
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test_afu.h"

/**
 * struct test_afu - a bound device
 * @link: entry of afus
 * @pdev: the device
 * @contexts: contexts with our file operations, to be released at removal
 */
struct test_afu {
	struct list_head link;
	struct pci_dev *pdev;
	struct list_head contexts;
};

/* Guards afus, and the lists of contexts in it */
static DEFINE_MUTEX(afus_lock);
static LIST_HEAD(afus);

static void context_release(struct kref *ref)
{
	struct test_context *t = container_of(ref, struct test_context, ref);

	test_ops_free(t);
	mutex_destroy(&t->mutex);
	kfree(t);
}

void test_context_put(struct test_context *t)
{
	kref_put(&t->ref, context_release);
}

/* Detach and return the context, which then belongs to the caller. */
static struct cxl_context *take_context(struct test_context *t)
{
	struct cxl_context *ctx;
	unsigned long flags;

	lockdep_assert_held(&t->mutex);
	raw_spin_lock_irqsave(&t->lock, flags);
	ctx = t->ctx;
	t->ctx = NULL;
	raw_spin_unlock_irqrestore(&t->lock, flags);
	return ctx;
}

static void unlist(struct test_context *t)
{
	mutex_lock(&afus_lock);
	list_del_init(&t->link);
	mutex_unlock(&afus_lock);
}

/*
 * The AFU's file
 */

static int afu_file_release(struct inode *inode, struct file *file)
{
	struct test_context *t = cxl_get_priv(cxl_fops_get_context(file));
	int ret;

	unlist(t);
	mutex_lock(&t->mutex);
	take_context(t);
	mutex_unlock(&t->mutex);
	ret = cxl_fd_release(inode, file);
	/* For ops without context_closed */
	test_ops_gone(t);
	test_context_put(t);
	return ret;
}

/* The core fills in the missing operations. */
static struct file_operations afu_fops = {
	.owner = THIS_MODULE,
	.release = afu_file_release,
};

static int give_back(struct test_context *t)
{
	struct cxl_context *ctx = t->ctx;
	unsigned long flags;
	int ret;

	if (!ctx)
		return -EUCLEAN;
	if (t->started)
		cxl_stop_context(ctx);
	ret = cxl_release_context(ctx);
	if (ret)
		return ret;
	raw_spin_lock_irqsave(&t->lock, flags);
	t->ctx = NULL;
	raw_spin_unlock_irqrestore(&t->lock, flags);
	test_ops_gone(t);
	return 0;
}

static int make_file(struct test_context *t, struct cxl_test_new *arg,
		     struct file **file)
{
	bool plain = arg->flags & CXL_TEST_NEW_PLAIN_FOPS;

	if (arg->flags & CXL_TEST_NEW_NO_FD)
		return 0;
	*file = cxl_get_fd(t->ctx, plain ? NULL : &afu_fops, &arg->fd);
	if (IS_ERR_OR_NULL(*file))
		return *file ? PTR_ERR(*file) : -ENFILE;
	if (!plain)
		kref_get(&t->ref);
	return 0;
}

static int start(struct test_context *t)
{
	int ret;

	if (!t->ctx)
		return -EUCLEAN;
	ret = cxl_start_work(t->ctx, &t->work);
	if (!ret)
		t->started = true;
	return ret;
}

static int new_context(struct test_context *t, struct test_afu *afu,
		       struct cxl_test_new *arg, struct file **file)
{
	int ret;

	t->ctx = cxl_dev_context_init(afu->pdev);
	if (IS_ERR(t->ctx)) {
		ret = PTR_ERR(t->ctx);
		t->ctx = NULL;
		return ret;
	}
	cxl_set_priv(t->ctx, t);
	t->work.flags = CXL_START_WORK_NUM_IRQS;
	t->work.work_element_descriptor = arg->wed;
	t->work.num_interrupts = arg->num_irqs;
	if (arg->flags & CXL_TEST_NEW_STARTED) {
		ret = start(t);
		if (ret)
			goto err_release;
	}
	ret = make_file(t, arg, file);
	if (ret)
		goto err_release;

	arg->pe = cxl_process_element(t->ctx);
	strscpy(arg->device, pci_name(afu->pdev), sizeof(arg->device));
	t->has_file = *file;
	if (!(arg->flags & CXL_TEST_NEW_PLAIN_FOPS))
		list_add(&t->link, &afu->contexts);
	return 0;

err_release:
	give_back(t);
	return ret;
}

static long test_new(struct test_context *t, struct cxl_test_new __user *user)
{
	struct cxl_test_new arg;
	struct file *file = NULL;
	struct test_afu *afu;
	int ret;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (t->ctx)
		return -EUCLEAN;
	arg.fd = -1;
	mutex_lock(&afus_lock);
	afu = list_first_entry_or_null(&afus, struct test_afu, link);
	ret = afu ? new_context(t, afu, &arg, &file) : -ENODEV;
	mutex_unlock(&afus_lock);
	if (ret)
		return ret;
	if (file)
		fd_install(arg.fd, file);
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

/*
 * The test device
 */

static long context_op(struct test_context *t, u32 op)
{
	switch (op) {
	case CXL_TEST_UNSET_OPS:
		return test_ops_unset(t);
	case CXL_TEST_START:
		return start(t);
	case CXL_TEST_STOP:
		return t->ctx ? cxl_stop_context(t->ctx) : -EUCLEAN;
	case CXL_TEST_RELEASE:
		return give_back(t);
	case CXL_TEST_HALT:
		test_halt(t);
		return 0;
	default:
		return test_queue_op(t, op);
	}
}

/* The ioctls that change the context run one at a time. */
static long serialised_ioctl(struct test_context *t, unsigned int cmd,
			     void __user *user)
{
	union {
		struct cxl_test_set_ops ops;
		struct cxl_test_queue queue;
		struct cxl_test_produce produce;
		struct cxl_test_inject inject;
		u32 op;
	} arg;

	lockdep_assert_held(&t->mutex);
	if (cmd == CXL_TEST_NEW)
		return test_new(t, user);
	if (copy_from_user(&arg, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case CXL_TEST_SET_OPS:
		return test_ops_set(t, &arg.ops);
	case CXL_TEST_QUEUE_CREATE:
		return test_queue_create(t, &arg.queue);
	case CXL_TEST_PRODUCE:
		return test_produce(t, &arg.produce);
	case CXL_TEST_INJECT:
		return test_inject(t, &arg.inject);
	default:
		return context_op(t, arg.op);
	}
}

static void announce_raw(struct test_context *t, u32 count)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&t->lock, flags);
	if (t->ctx) {
		atomic64_add(count, &t->announced);
		cxl_context_events_pending(t->ctx, count);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

static long get_state(struct test_context *t, struct cxl_test_state __user *user)
{
	struct cxl_test_state state = {
		.sent = atomic64_read(&t->sent),
		.announced = atomic64_read(&t->announced),
		.fetched = atomic64_read(&t->fetched),
		.delivered = atomic64_read(&t->delivered),
		.returned = atomic64_read(&t->returned),
		.rejected = atomic64_read(&t->rejected),
		.dropped = atomic64_read(&t->dropped),
		.closed = atomic64_read(&t->closed),
		.no_room = atomic64_read(&t->no_room),
		.held = atomic_read(&t->held),
		.in_delivered = atomic_read(&t->in_delivered),
		.producing = test_producing(t),
	};
	int i;

	test_ops_state(t, &state);
	for (i = 0; i < CXL_TEST_NR_VIOLATIONS; i++)
		state.violation[i] = atomic64_read(&t->violation[i]);
	return copy_to_user(user, &state, sizeof(state)) ? -EFAULT : 0;
}

static long send_ioctl(struct test_context *t, struct cxl_test_send __user *user)
{
	struct cxl_test_send what;
	int ret;

	if (copy_from_user(&what, user, sizeof(what)))
		return -EFAULT;
	ret = test_send(t, &what);
	if (ret)
		return ret;
	return copy_to_user(user, &what, sizeof(what)) ? -EFAULT : 0;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct test_context *t = file->private_data;
	void __user *user = (void __user *)arg;
	struct cxl_test_slow slow;
	u32 value;
	long ret;

	switch (cmd) {
	case CXL_TEST_NEW:
	case CXL_TEST_SET_OPS:
	case CXL_TEST_QUEUE_CREATE:
	case CXL_TEST_PRODUCE:
	case CXL_TEST_INJECT:
	case CXL_TEST_CONTEXT:
		mutex_lock(&t->mutex);
		ret = serialised_ioctl(t, cmd, user);
		mutex_unlock(&t->mutex);
		return ret;
	case CXL_TEST_SEND:
		return send_ioctl(t, user);
	case CXL_TEST_GET_STATE:
		return get_state(t, user);
	case CXL_TEST_SLOW:
		if (copy_from_user(&slow, user, sizeof(slow)))
			return -EFAULT;
		if (slow.fetch_us > 1000)
			return -EINVAL;
		t->slow = slow;
		return 0;
	case CXL_TEST_ANNOUNCE:
	case CXL_TEST_HOLD:
		if (copy_from_user(&value, user, sizeof(value)))
			return -EFAULT;
		break;
	default:
		return -ENOTTY;
	}
	if (cmd == CXL_TEST_ANNOUNCE) {
		announce_raw(t, value);
		return 0;
	}
	WRITE_ONCE(t->hold, value);
	wake_up_all(&t->hold_wq);
	return 0;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_context *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	kref_init(&t->ref);
	INIT_LIST_HEAD(&t->link);
	mutex_init(&t->mutex);
	raw_spin_lock_init(&t->lock);
	init_waitqueue_head(&t->hold_wq);
	file->private_data = t;
	return 0;
}

/* A context with a file lives as long as the file; ops may stay until then. */
static int test_release(struct inode *inode, struct file *file)
{
	struct test_context *t = file->private_data;

	WRITE_ONCE(t->hold, 0);
	wake_up_all(&t->hold_wq);
	if (!t->has_file)
		unlist(t);
	mutex_lock(&t->mutex);
	test_halt(t);
	test_queue_destroy(t);
	if (!t->has_file)
		give_back(t);
	mutex_unlock(&t->mutex);
	test_context_put(t);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice test_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl_test_afu",
	.fops = &test_fops,
};

/*
 * The PCI driver
 */

static int test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct test_afu *afu;
	int ret;

	if (IS_ERR(cxl_pci_to_afu(pdev)))
		return -ENODEV;
	afu = kzalloc(sizeof(*afu), GFP_KERNEL);
	if (!afu)
		return -ENOMEM;
	ret = pci_enable_device(pdev);
	if (ret) {
		kfree(afu);
		return ret;
	}
	afu->pdev = pdev;
	INIT_LIST_HEAD(&afu->contexts);
	pci_set_drvdata(pdev, afu);
	mutex_lock(&afus_lock);
	list_add_tail(&afu->link, &afus);
	mutex_unlock(&afus_lock);
	return 0;
}

/* The next context to release, with a reference, or NULL */
static struct test_context *next_context(struct test_afu *afu)
{
	struct test_context *t;

	mutex_lock(&afus_lock);
	t = list_first_entry_or_null(&afu->contexts, struct test_context, link);
	if (t) {
		list_del_init(&t->link);
		kref_get(&t->ref);
	}
	mutex_unlock(&afus_lock);
	return t;
}

static void give_back_all(struct test_afu *afu)
{
	struct test_context *t;

	while ((t = next_context(afu))) {
		mutex_lock(&t->mutex);
		give_back(t);
		mutex_unlock(&t->mutex);
		test_context_put(t);
	}
}

static void test_remove(struct pci_dev *pdev)
{
	struct test_afu *afu = pci_get_drvdata(pdev);

	mutex_lock(&afus_lock);
	list_del(&afu->link);
	mutex_unlock(&afus_lock);
	give_back_all(afu);
	pci_disable_device(pdev);
	kfree(afu);
}

static const struct pci_device_id test_ids[] = {
	{ PCI_DEVICE(CXL_TEST_PCI_VENDOR, CXL_TEST_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, test_ids);

static struct pci_driver test_driver = {
	.name = "cxl_test_afu",
	.id_table = test_ids,
	.probe = test_probe,
	.remove = test_remove,
};

static int __init test_init(void)
{
	int ret = misc_register(&test_misc);

	if (ret)
		return ret;
	ret = pci_register_driver(&test_driver);
	if (ret)
		misc_deregister(&test_misc);
	return ret;
}
module_init(test_init);

static void __exit test_exit(void)
{
	pci_unregister_driver(&test_driver);
	misc_deregister(&test_misc);
}
module_exit(test_exit);

MODULE_DESCRIPTION("Test AFU driver: driver events of every kind");
MODULE_LICENSE("GPL");
