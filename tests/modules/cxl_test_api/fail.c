// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver's path through the API, in which every call may fail: it ends
 * at the first failure, and undoes what was done before.
 */
#include <linux/file.h>
#include <linux/interrupt.h>

#include "../../../drivers/misc/cxl/backend.h"
#include "test_api.h"

#define VPD_SIZE	32

static irqreturn_t nothing(int irq, void *cookie)
{
	return IRQ_HANDLED;
}

/* The file comes last: from then on the context belongs to the file. */
static int use_started(struct test_run *t, struct cxl_context *ctx)
{
	struct file *file;
	char vpd[VPD_SIZE];
	void __iomem *psa;
	ssize_t size;
	int fd, ret;

	psa = cxl_psa_map(ctx);
	if (!psa)
		return -ENOMEM;
	CHECK_EQ(t, test_reg_read(psa, REG_PH) >> 48,
		 cxl_process_element(ctx));
	cxl_psa_unmap(psa);

	size = cxl_read_adapter_vpd(t->pdev, vpd, sizeof(vpd));
	if (size < 0)
		return size;
	CHECK_EQ(t, size, sizeof(vpd));

	file = cxl_get_fd(ctx, NULL, &fd);
	if (IS_ERR_OR_NULL(file))
		return file ? PTR_ERR(file) : -ENOMEM;
	ret = cxl_stop_context(ctx);
	CHECK_EQ(t, ret, 0);
	fput(file);
	put_unused_fd(fd);
	return 0;
}

static int use_queue(struct test_run *t, struct cxl_context *ctx)
{
	struct test_queue q;
	int ret;

	ret = test_queue_init(&q);
	if (ret)
		return ret;
	ret = cxl_start_context(ctx, test_queue_wed(&q), NULL);
	if (ret)
		goto free;
	ret = use_started(t, ctx);
	if (ret)
		cxl_stop_context(ctx);
free:
	test_queue_free(&q);
	return ret;
}

static int use_interrupt(struct test_run *t, struct cxl_context *ctx)
{
	int ret;

	ret = cxl_allocate_afu_irqs(ctx, 2);
	if (ret)
		return ret;
	ret = cxl_map_afu_irq(ctx, 2, nothing, ctx, "cxl_test_api");
	if (ret <= 0) {
		ret = ret ?: -ENOMEM;
		goto free;
	}
	ret = use_queue(t, ctx);
	cxl_unmap_afu_irq(ctx, 2, ctx);
free:
	cxl_free_afu_irqs(ctx);
	return ret;
}

static int use_context(struct test_run *t)
{
	struct cxl_event_queue *events;
	struct cxl_context *ctx;
	int ret;

	ctx = cxl_dev_context_init(t->pdev);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	events = cxl_event_queue_create(ctx, 4, 16);
	if (IS_ERR(events)) {
		ret = PTR_ERR(events);
		goto release;
	}
	ret = cxl_event_queue_send(events, "event", 5);
	CHECK_EQ(t, ret, 0);
	ret = use_interrupt(t, ctx);
	cxl_event_queue_destroy(events);
release:
	if (ret)
		CHECK_EQ(t, cxl_release_context(ctx), 0);
	return ret;
}

static void every_call_may_fail(struct test_run *t)
{
	t->arg[0] = use_context(t);
	CHECK(t, t->arg[0] <= 0);
}

static int nothing_there(void *data, unsigned int devfn, unsigned int offset,
			 u32 *val)
{
	return -ENODEV;
}

static const struct cxl_vpci_ops no_ops = {
	.read = nothing_there,
};

/* Make a bus like a card driver. */
static void bus_may_fail(struct test_run *t)
{
	struct cxl_vpci *vpci = cxl_vpci_create(NULL, &no_ops, NULL);

	t->arg[0] = PTR_ERR_OR_ZERO(vpci);
	CHECK(t, t->arg[0] <= 0);
	if (!IS_ERR(vpci))
		cxl_vpci_destroy(vpci);
}

const struct test_case test_fail[] = {
	{ "every_call_may_fail", every_call_may_fail },
	{ "bus_may_fail", bus_may_fail },
	{ }
};
