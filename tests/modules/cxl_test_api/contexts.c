// SPDX-License-Identifier: GPL-2.0-only
/* Contexts: made, started, stopped, released. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "test_api.h"

/* AFUs reach all of the kernel's memory, modules included. */
static char src_buf[256], dst_buf[256];

static struct pci_dev *other_device(struct test_run *t)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (pdev->bus->ops != t->pdev->bus->ops)
			break;
	return pdev;
}

/* The card's own device: also on a virtual bus, but not an AFU */
static struct pci_dev *card_device(struct test_run *t)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_VENDOR_ID_IBM, 0x0477, pdev)))
		if (pdev->bus->ops == t->pdev->bus->ops)
			break;
	return pdev;
}

static void check_foreign(struct test_run *t, struct pci_dev *pdev)
{
	char buf[16];

	CHECK_EQ(t, PTR_ERR_OR_ZERO(cxl_pci_to_afu(pdev)), -ENODEV);
	CHECK_EQ(t, PTR_ERR_OR_ZERO(cxl_dev_context_init(pdev)), -ENODEV);
	CHECK(t, !cxl_get_context(pdev));
	CHECK_EQ(t, cxl_read_adapter_vpd(pdev, buf, sizeof(buf)), -ENODEV);
}

static void foreign_devices_are_refused(struct test_run *t)
{
	struct pci_dev *other = other_device(t), *card = card_device(t);

	check_foreign(t, NULL);
	if (CHECK(t, other))
		check_foreign(t, other);
	if (CHECK(t, card))
		check_foreign(t, card);
	pci_dev_put(other);
	pci_dev_put(card);
}

static void device_leads_to_its_afu(struct test_run *t)
{
	struct cxl_afu *afu = cxl_pci_to_afu(t->pdev);

	CHECK_EQ(t, PTR_ERR_OR_ZERO(afu), 0);
	CHECK(t, afu == cxl_pci_to_afu(t->pdev));
	CHECK_EQ(t, cxl_pci_to_cfg_record(t->pdev),
		 (t->pdev->bus->number << 8) + t->pdev->devfn);
}

static void default_context_stays_the_same(struct test_run *t)
{
	struct cxl_context *ctx = cxl_get_context(t->pdev), *again;

	if (!CHECK(t, ctx))
		return;
	CHECK(t, ctx == cxl_get_context(t->pdev));
	CHECK(t, cxl_process_element(ctx) >= 0);
	/* From now on also where sleeping is not allowed, as in a handler */
	local_irq_disable();
	again = cxl_get_context(t->pdev);
	local_irq_enable();
	CHECK(t, ctx == again);

	pci_disable_device(t->pdev);
	CHECK(t, !cxl_get_context(t->pdev));
	CHECK_EQ(t, pci_enable_device(t->pdev), 0);
	CHECK(t, ctx == cxl_get_context(t->pdev));
}

/* It belongs to the core: a driver that releases it only harms itself. */
static void default_context_given_back_is_harmless(struct test_run *t)
{
	struct cxl_context *ctx = cxl_get_context(t->pdev);

	if (!CHECK(t, ctx))
		return;
	CHECK_EQ(t, cxl_release_context(ctx), 0);
	CHECK(t, ctx == cxl_get_context(t->pdev));
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), -EIO);
	CHECK_EQ(t, cxl_release_context(ctx), 0);
}

/* The default context, if there is one, also has a process element. */
static void process_elements_run_out(struct test_run *t)
{
	struct cxl_context *ctx[CXL_TEST_API_PROCS], *more;
	unsigned long seen = 0;
	int n, i, pe;

	CHECK(t, cxl_get_context(t->pdev));
	for (n = 0; n < CXL_TEST_API_PROCS - 1; n++) {
		ctx[n] = test_context(t);
		if (!ctx[n])
			break;
		pe = cxl_process_element(ctx[n]);
		CHECK(t, pe >= 0 && pe < CXL_TEST_API_PROCS);
		CHECK(t, !__test_and_set_bit(pe, &seen));
	}
	more = cxl_dev_context_init(t->pdev);
	CHECK_EQ(t, PTR_ERR_OR_ZERO(more), -ENOSPC);

	/* A released process element is free at once. */
	if (n) {
		pe = cxl_process_element(ctx[0]);
		test_context_done(t, ctx[0]);
		ctx[0] = test_context(t);
		CHECK_EQ(t, cxl_process_element(ctx[0]), pe);
	}
	for (i = 0; i < n; i++)
		test_context_done(t, ctx[i]);
}

static void private_pointer_is_kept(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK(t, !cxl_get_priv(ctx));
	CHECK_EQ(t, cxl_set_priv(ctx, t), 0);
	CHECK(t, cxl_get_priv(ctx) == t);
	CHECK_EQ(t, cxl_set_priv(NULL, t), -EINVAL);
	CHECK_EQ(t, PTR_ERR(cxl_get_priv(NULL)), -EINVAL);
	test_context_done(t, ctx);
}

static void start_and_stop_return_what_they_should(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	int i;

	if (!ctx)
		return;
	for (i = 0; i < 3; i++) {
		CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
		CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
		CHECK_EQ(t, cxl_release_context(ctx), -EBUSY);
		CHECK_EQ(t, cxl_stop_context(ctx), 0);
		CHECK_EQ(t, cxl_stop_context(ctx), -EBUSY);
	}
	CHECK_EQ(t, cxl_release_context(ctx), 0);
}

/* As on the error paths of drivers */
static void never_started_can_be_stopped(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_stop_context(ctx), -EBUSY);
	CHECK_EQ(t, cxl_release_context(ctx), 0);
}

static void check_copies(struct test_run *t, struct test_queue *q)
{
	static char pattern;
	struct work_element *we;

	memset(src_buf, ++pattern, sizeof(src_buf));
	memset(dst_buf, 0, sizeof(dst_buf));
	we = test_queue_add(q, WE_COPY, sizeof(src_buf), src_buf, dst_buf);
	CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
	CHECK(t, !memcmp(src_buf, dst_buf, sizeof(dst_buf)));
}

static void kernel_addresses_without_a_task(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct test_queue q;

	if (!ctx || test_queue_init(&q))
		return;
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	check_copies(t, &q);
	check_copies(t, &q);
	test_context_done(t, ctx);
	test_queue_free(&q);
}

static void stopped_context_touches_no_memory(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct work_element *we;
	struct test_queue q;

	if (!ctx || test_queue_init(&q))
		return;
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	check_copies(t, &q);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	memset(dst_buf, 0x5a, sizeof(dst_buf));
	we = test_queue_add(&q, WE_COPY, sizeof(src_buf), src_buf, dst_buf);
	msleep(100);
	CHECK_EQ(t, test_queue_status(we), 0);
	CHECK(t, !memchr_inv(dst_buf, 0x5a, sizeof(dst_buf)));
	CHECK_EQ(t, cxl_release_context(ctx), 0);
	test_queue_free(&q);
}

/* It begins afresh, with the first element of the queue. */
static void restarted_context_works(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct test_queue q;
	int i;

	for (i = 0; ctx && i < 3; i++) {
		if (test_queue_init(&q))
			break;
		CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL),
			 0);
		check_copies(t, &q);
		CHECK_EQ(t, cxl_stop_context(ctx), 0);
		test_queue_free(&q);
	}
	if (ctx)
		test_context_done(t, ctx);
}

struct start_by_kthread {
	struct cxl_context *ctx;
	int ret;
	struct completion done;
};

static int start_by_kthread(void *data)
{
	struct start_by_kthread *s = data;

	s->ret = cxl_start_context(s->ctx, 0, current);
	kthread_complete_and_exit(&s->done, 0);
}

static void kernel_thread_lends_no_memory(struct test_run *t)
{
	struct start_by_kthread s = { .ctx = test_context(t) };
	struct task_struct *task;

	if (!s.ctx)
		return;
	init_completion(&s.done);
	task = kthread_run(start_by_kthread, &s, "cxl_test_api");
	if (CHECK(t, !IS_ERR(task))) {
		wait_for_completion(&s.done);
		CHECK_EQ(t, s.ret, -EINVAL);
	}
	CHECK_EQ(t, cxl_release_context(s.ctx), 0);
}

/* arg: WED of the program's queue, address of an element's status */
static void task_means_the_callers_memory(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	const u8 __user *status = u64_to_user_ptr((u64)t->arg[1]);
	u8 val = 0;

	if (!ctx)
		return;
	/* It does not matter which task is passed, only that one is. */
	CHECK_EQ(t, cxl_start_context(ctx, t->arg[0], &init_task), 0);
	CHECK(t, BECOMES_TRUE(get_user(val, status) || val));
	CHECK_EQ(t, val, WE_COMPLETE);
	test_context_done(t, ctx);
}

static void afu_reset_stops_all_work(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct work_element *we;
	struct test_queue q;

	if (!ctx || test_queue_init(&q))
		return;
	CHECK_EQ(t, cxl_afu_reset(ctx), 0);
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	check_copies(t, &q);
	CHECK_EQ(t, cxl_afu_reset(ctx), 0);
	we = test_queue_add(&q, WE_COPY, sizeof(src_buf), src_buf, dst_buf);
	msleep(100);
	CHECK_EQ(t, test_queue_status(we), 0);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	q.next = 0;
	memset(q.we, 0, PAGE_SIZE);
	CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0);
	check_copies(t, &q);
	test_context_done(t, ctx);
	test_queue_free(&q);
}

static int start_work(struct cxl_context *ctx, u64 flags, int num)
{
	struct cxl_ioctl_start_work work = {
		.flags = flags,
		.num_interrupts = num,
		.reserved1 = 1,
	};

	return cxl_start_work(ctx, &work);
}

static void start_work_checks_interrupts(struct test_run *t)
{
	struct cxl_ioctl_start_work work = { .num_interrupts = -7 };
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS, -1), -EINVAL);
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS,
			       CXL_TEST_API_IRQS_MIN - 1), -EINVAL);
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS,
			       CXL_TEST_API_USER_IRQS + 1), -EINVAL);
	CHECK_EQ(t, cxl_start_work(ctx, &work), 0);
	CHECK_EQ(t, work.num_interrupts, CXL_TEST_API_IRQS_MIN);
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS,
			       CXL_TEST_API_IRQS_MIN), -EBUSY);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	/* All interrupts of the card: the earlier ones were released */
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS |
			       CXL_START_WORK_TID, CXL_TEST_API_USER_IRQS), 0);
	test_context_done(t, ctx);
}

static void start_work_failure_leaves_nothing(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t), *other = test_context(t);

	if (!ctx || !other)
		return;
	CHECK_EQ(t, cxl_allocate_afu_irqs(other, CXL_TEST_API_USER_IRQS - 3),
		 0);
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS, 4), -ENOSPC);
	CHECK_EQ(t, start_work(ctx, CXL_START_WORK_NUM_IRQS, 3), 0);
	test_context_done(t, ctx);
	cxl_free_afu_irqs(other);
	test_context_done(t, other);
}

/* arg: what cxl_dev_context_init() must return */
static void context_init_returns(struct test_run *t)
{
	struct cxl_context *ctx = cxl_dev_context_init(t->pdev);

	CHECK_EQ(t, PTR_ERR_OR_ZERO(ctx), t->arg[0]);
	if (!IS_ERR(ctx))
		test_context_done(t, ctx);
}

static struct cxl_context *kept;
static struct test_queue kept_queue;

static void keep_a_started_context(struct test_run *t)
{
	kept = test_context(t);
	if (!kept || !CHECK_EQ(t, test_queue_init(&kept_queue), 0))
		return;
	CHECK_EQ(t, cxl_start_context(kept, test_queue_wed(&kept_queue), NULL),
		 0);
}

/* With the link down, only functions that take something down work. */
static void link_down_allows_only_taking_down(struct test_run *t)
{
	struct cxl_context *ctx = kept;

	if (!CHECK(t, ctx))
		return;
	CHECK(t, pci_channel_offline(t->pdev));
	CHECK_EQ(t, PTR_ERR_OR_ZERO(cxl_dev_context_init(t->pdev)), -EIO);
	CHECK_EQ(t, cxl_afu_reset(ctx), -EIO);
	CHECK(t, !cxl_psa_map(ctx));
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), -EIO);
	CHECK_EQ(t, start_work(ctx, 0, 0), -EIO);
	cxl_unmap_afu_irq(ctx, 1, t);
	cxl_free_afu_irqs(ctx);
	CHECK_EQ(t, cxl_release_context(ctx), 0);
	test_queue_free(&kept_queue);
	kept = NULL;
}

static void link_up_is_usable(struct test_run *t)
{
	struct cxl_context *ctx;

	CHECK(t, !pci_channel_offline(t->pdev));
	ctx = test_context(t);
	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	test_context_done(t, ctx);
}

const struct test_case test_contexts[] = {
	{ "foreign_devices_are_refused", foreign_devices_are_refused },
	{ "device_leads_to_its_afu", device_leads_to_its_afu },
	{ "default_context_stays_the_same", default_context_stays_the_same },
	{ "default_context_given_back_is_harmless",
	  default_context_given_back_is_harmless },
	{ "process_elements_run_out", process_elements_run_out },
	{ "private_pointer_is_kept", private_pointer_is_kept },
	{ "start_and_stop_return_what_they_should",
	  start_and_stop_return_what_they_should },
	{ "never_started_can_be_stopped", never_started_can_be_stopped },
	{ "kernel_addresses_without_a_task", kernel_addresses_without_a_task },
	{ "stopped_context_touches_no_memory",
	  stopped_context_touches_no_memory },
	{ "restarted_context_works", restarted_context_works },
	{ "kernel_thread_lends_no_memory", kernel_thread_lends_no_memory },
	{ "task_means_the_callers_memory", task_means_the_callers_memory },
	{ "afu_reset_stops_all_work", afu_reset_stops_all_work },
	{ "start_work_checks_interrupts", start_work_checks_interrupts },
	{ "start_work_failure_leaves_nothing",
	  start_work_failure_leaves_nothing },
	{ "context_init_returns", context_init_returns },
	{ "keep_a_started_context", keep_a_started_context },
	{ "link_down_allows_only_taking_down",
	  link_down_allows_only_taking_down },
	{ "link_up_is_usable", link_up_is_usable },
	{ }
};
