// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver whose only purpose is to call the in-kernel API, correctly and
 * incorrectly, and to check the results: see cxl_test_api.h.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test_api.h"

static const struct test_case *const test_suites[] = {
	test_contexts, test_irqs, test_irq_race, test_files, test_events,
	test_misc, test_vpci, test_kernel_memory, test_user_model, test_fail,
};

/*
 * One test runs at a time. Tests create buses, and probing holds the PCI core's
 * lock, so another lock guards what probe needs.
 */
static DEFINE_MUTEX(test_run_lock);
static DEFINE_MUTEX(test_lock);	/* guards bound */
static struct pci_dev *bound;

static __printf(2, 3)
void test_report(struct test_run *t, const char *fmt, ...)
{
	size_t len = strlen(t->user->report);
	va_list args;

	va_start(args, fmt);
	vscnprintf(t->user->report + len, sizeof(t->user->report) - len, fmt,
		   args);
	va_end(args);
}

bool test_check(struct test_run *t, bool ok, int line, const char *what)
{
	t->user->checks++;
	if (!ok) {
		t->user->failures++;
		test_report(t, "line %d: %s\n", line, what);
	}
	return ok;
}

bool test_check_eq(struct test_run *t, s64 a, s64 b, int line,
		   const char *what)
{
	t->user->checks++;
	if (a != b) {
		t->user->failures++;
		test_report(t, "line %d: %s: %lld, %lld\n", line, what, a, b);
	}
	return a == b;
}

struct cxl_context *test_context(struct test_run *t)
{
	struct cxl_context *ctx = cxl_dev_context_init(t->pdev);

	return CHECK_EQ(t, PTR_ERR_OR_ZERO(ctx), 0) ? ctx : NULL;
}

void test_context_done(struct test_run *t, struct cxl_context *ctx)
{
	cxl_stop_context(ctx);
	CHECK_EQ(t, cxl_release_context(ctx), 0);
}

struct file *test_file(struct test_run *t, struct cxl_context *ctx,
		       struct file *file)
{
	if (CHECK(t, !IS_ERR_OR_NULL(file)))
		return file;
	test_context_done(t, ctx);
	return NULL;
}

static const struct test_case *test_find(const char *name)
{
	const struct test_case *c;
	int i;

	for (i = 0; i < ARRAY_SIZE(test_suites); i++)
		for (c = test_suites[i]; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

static int test_run(struct cxl_test_api_run *user)
{
	struct test_run t = { .arg = user->arg, .user = user };
	const struct test_case *c = test_find(user->name);
	int ret = -ENODEV;

	if (!c)
		return -ENOENT;

	mutex_lock(&test_run_lock);
	mutex_lock(&test_lock);
	t.pdev = pci_dev_get(bound);
	mutex_unlock(&test_lock);
	if (t.pdev) {
		c->run(&t);
		pci_dev_put(t.pdev);
		ret = 0;
	}
	mutex_unlock(&test_run_lock);
	return ret;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cxl_test_api_run __user *uarg = (void __user *)arg;
	struct cxl_test_api_run *user;
	long ret;

	if (cmd != CXL_TEST_API_RUN)
		return -ENOTTY;
	user = memdup_user(uarg, sizeof(*user));
	if (IS_ERR(user))
		return PTR_ERR(user);

	user->name[sizeof(user->name) - 1] = '\0';
	user->checks = 0;
	user->failures = 0;
	memset(user->report, 0, sizeof(user->report));
	ret = test_run(user);
	if (!ret && copy_to_user(uarg, user, sizeof(*user)))
		ret = -EFAULT;
	kfree(user);
	return ret;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_misc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl_test_api",
	.fops = &test_fops,
};

static bool fail_probe;
module_param(fail_probe, bool, 0644);
MODULE_PARM_DESC(fail_probe, "fail with EXDEV, and leave a context behind");

static int test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	/* The device is not enabled, so there is no default context yet. */
	if (cxl_get_context(pdev))
		return -EINVAL;
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	if (fail_probe) {
		ret = test_leave_in_probe(pdev) ? -EXDEV : -EIO;
		pci_disable_device(pdev);
		return ret;
	}

	mutex_lock(&test_lock);
	if (bound)
		ret = -EBUSY;
	else
		bound = pdev;
	mutex_unlock(&test_lock);
	if (ret)
		pci_disable_device(pdev);
	return ret;
}

static void test_remove(struct pci_dev *pdev)
{
	mutex_lock(&test_lock);
	bound = NULL;
	mutex_unlock(&test_lock);
	pci_disable_device(pdev);
}

static const struct pci_device_id test_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, CXL_TEST_API_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, test_ids);

static struct pci_driver test_driver = {
	.name = "cxl_test_api",
	.id_table = test_ids,
	.probe = test_probe,
	.remove = test_remove,
};

static int __init test_init(void)
{
	int ret;

	ret = misc_register(&test_misc_device);
	if (ret)
		return ret;
	ret = pci_register_driver(&test_driver);
	if (ret)
		misc_deregister(&test_misc_device);
	return ret;
}

static void __exit test_exit(void)
{
	pci_unregister_driver(&test_driver);
	misc_deregister(&test_misc_device);
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("Tests of the in-kernel API of coherent accelerators");
MODULE_LICENSE("GPL");
