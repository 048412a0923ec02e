// SPDX-License-Identifier: GPL-2.0-only
/*
 * Good and bad kernel addresses that are passed to an AFU. A bad address is an
 * address error of that access, and never the kernel's problem.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "test_api.h"

#define LEN	5000

#define WE_ATOMIC	5
#define WE_AERROR	0x20
#define WE_UNDEFINED	0x01

static char static_buf[LEN];
static const char constant[64] = "read only";

struct kmem_test {
	struct test_run *t;
	struct cxl_context *ctx;
	struct test_queue q;
};

static bool begin(struct kmem_test *k, struct test_run *t)
{
	k->t = t;
	k->ctx = test_context(t);
	if (!k->ctx)
		return false;
	if (!CHECK_EQ(t, test_queue_init(&k->q), 0) ||
	    !CHECK_EQ(t, cxl_start_context(k->ctx, test_queue_wed(&k->q), NULL),
		      0)) {
		test_context_done(t, k->ctx);
		return false;
	}
	return true;
}

static void end(struct kmem_test *k)
{
	test_context_done(k->t, k->ctx);
	test_queue_free(&k->q);
}

static u8 copy(struct kmem_test *k, const void *src, void *dst, u16 len)
{
	return test_queue_wait(test_queue_add(&k->q, WE_COPY, len, src, dst));
}

static void check_pair(struct kmem_test *k, const char *src, char *dst)
{
	struct test_run *t = k->t;

	memset(dst, 0, LEN);
	CHECK_EQ(t, copy(k, src + 3, dst + 1, LEN - 10), WE_COMPLETE);
	CHECK_EQ(t, dst[0], 0);
	CHECK(t, !memcmp(dst + 1, src + 3, LEN - 10));
	CHECK(t, !memchr_inv(dst + LEN - 9, 0, 9));
}

static void all_kinds_of_kernel_memory(struct test_run *t)
{
	char *slab = kmalloc(LEN, GFP_KERNEL), *area = vmalloc(LEN);
	struct kmem_test k;
	int i;

	if (!CHECK(t, slab && area) || !begin(&k, t))
		goto free;
	for (i = 0; i < LEN; i++) {
		slab[i] = i * 3;
		static_buf[i] = i * 5;
	}
	check_pair(&k, slab, area);
	check_pair(&k, static_buf, area);
	check_pair(&k, area, slab);
	check_pair(&k, slab, static_buf);
	/* Overlapping */
	for (i = 0; i < LEN; i++)
		slab[i] = i;
	CHECK_EQ(t, copy(&k, slab, slab + 100, 1000), WE_COMPLETE);
	for (i = 0; i < 1000; i++)
		if (slab[100 + i] != (char)i)
			break;
	CHECK_EQ(t, i, 1000);
	end(&k);
free:
	vfree(area);
	kfree(slab);
}

/* Neither a load nor a store at this address may do harm. */
static void check_bad(struct kmem_test *k, void *bad)
{
	CHECK_EQ(k->t, copy(k, bad, static_buf, 16), WE_AERROR);
	CHECK_EQ(k->t, copy(k, static_buf, bad, 16), WE_AERROR);
}

static void bad_kernel_addresses_are_address_errors(struct test_run *t)
{
	char *area = vmalloc(PAGE_SIZE);
	struct kmem_test k;

	if (!CHECK(t, area) || !begin(&k, t))
		goto free;
	check_bad(&k, NULL);
	check_bad(&k, (void *)0x1000);
	check_bad(&k, (void *)(TASK_SIZE_MAX - PAGE_SIZE));
	check_bad(&k, (void *)TASK_SIZE_MAX);
	/* Not canonical on x86 with 4 or 5 levels */
	check_bad(&k, (void *)0x4000000000000000UL);
	check_bad(&k, (void *)0xbfffffffffffff00UL);
	check_bad(&k, (void *)-16L);
	check_bad(&k, (void *)-4096L);
	/* The guard page behind an area */
	check_bad(&k, area + PAGE_SIZE);
	CHECK_EQ(t, copy(&k, static_buf, area + PAGE_SIZE - 8, 16), WE_AERROR);
	CHECK_EQ(t, copy(&k, area + PAGE_SIZE - 8, static_buf, 16), WE_AERROR);
	/* The AFU carries on. */
	CHECK_EQ(t, copy(&k, static_buf, area, 16), WE_COMPLETE);
	end(&k);
free:
	vfree(area);
}

static void constants_are_not_written(struct test_run *t)
{
	char before[sizeof(constant)], buf[16];
	struct kmem_test k;

	if (!begin(&k, t))
		return;
	memcpy(before, constant, sizeof(before));
	CHECK_EQ(t, copy(&k, static_buf, (void *)constant, 16), WE_AERROR);
	CHECK(t, !memcmp(before, constant, sizeof(before)));
	CHECK_EQ(t, copy(&k, constant, buf, 10), WE_COMPLETE);
	CHECK(t, !memcmp(buf, constant, 10));
	end(&k);
}

/* There is no safe way to do atomic operations there. */
static void no_atomics_on_kernel_addresses(struct test_run *t)
{
	struct kmem_test k;

	if (!begin(&k, t))
		return;
	CHECK_EQ(t, test_queue_wait(test_queue_add(&k.q, WE_ATOMIC, 4, NULL,
						   static_buf)),
		 WE_UNDEFINED);
	end(&k);
}

/* Like for a process: one fetch, an address error, then silence */
static void wed_of_0_is_harmless(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	test_context_done(t, ctx);
}

const struct test_case test_kernel_memory[] = {
	{ "all_kinds_of_kernel_memory", all_kinds_of_kernel_memory },
	{ "bad_kernel_addresses_are_address_errors",
	  bad_kernel_addresses_are_address_errors },
	{ "constants_are_not_written", constants_are_not_written },
	{ "no_atomics_on_kernel_addresses", no_atomics_on_kernel_addresses },
	{ "wed_of_0_is_harmless", wed_of_0_is_harmless },
	{ }
};
