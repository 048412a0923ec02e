// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of an AFU driver whose AFU is a program: tests/user_kernel.c, which
 * answers a write to one register in another.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "test_api.h"

#define REG_ASK		0x00
#define REG_ANSWER	0x08
/* Unused by the memcpy AFU, so it keeps what is written there */
#define REG_NONE	0x8000
#define LEN		64

static void kernel_context_is_refused(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), -EIO);
	test_context_done(t, ctx);
}

/* Ask and wait for the answer; return how long it took in us, or -1. */
static s64 ask(void __iomem *psa, u64 question, bool ring)
{
	ktime_t begin = ktime_get();

	/* Like out_be64() on powerpc, which does not ring */
	__raw_writeq((__force u64)cpu_to_be64(question), psa + REG_ASK);
	if (ring)
		cxl_psa_written_at(psa + REG_ASK);
	if (!BECOMES_TRUE(test_reg_read(psa, REG_ANSWER) == question + 1))
		return -1;
	return ktime_us_delta(ktime_get(), begin);
}

/* The model finds 0, 1, 2 and so on, and adds 1 to each of them. */
static void model_has_kernel_memory(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	u8 *mem = kmalloc(LEN, GFP_KERNEL);
	void __iomem *psa = NULL;
	int i;

	if (!ctx || !CHECK(t, mem))
		return;
	for (i = 0; i < LEN; i++)
		mem[i] = i;
	if (CHECK_EQ(t, cxl_start_context(ctx, (unsigned long)mem, NULL), 0))
		psa = cxl_psa_map(ctx);
	if (CHECK(t, psa))
		CHECK(t, ask(psa, 7, true) >= 0);
	for (i = 0; i < LEN; i++)
		if (mem[i] != i + 1)
			break;
	CHECK_EQ(t, i, LEN);
	cxl_psa_unmap(psa);
	test_context_done(t, ctx);
	kfree(mem);
}

/* Ask five times, each after a pause; return the total time in us. */
static s64 ask_after_pauses(struct test_run *t, void __iomem *psa, bool ring)
{
	s64 took, sum = 0;
	int i;

	for (i = 1; i <= 5; i++) {
		msleep(600);
		took = ask(psa, 16 * i + 8 * ring, ring);
		CHECK(t, took >= 0);
		sum += took;
	}
	return sum;
}

/* arg returned: us until stores are answered, with and without ringing */
static void store_rings_by_address(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	void __iomem *psa;

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	psa = cxl_psa_map(ctx);
	if (CHECK(t, psa)) {
		t->arg[0] = ask_after_pauses(t, psa, true);
		t->arg[1] = ask_after_pauses(t, psa, false);
	}
	/* Addresses that are not (or no longer) mapped are ignored. */
	cxl_psa_written_at((void __iomem *)t);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	cxl_psa_written_at(psa);
	cxl_psa_unmap(psa);
	cxl_psa_written_at(psa);
	test_context_done(t, ctx);
}

/* The AFU's setting "mmio" is "trapped". */
static void registers_are_accessed_one_by_one(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	u64 value = 1;
	u32 half = 1;

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_mmio_read64(ctx, 0, &value), -EIO);
	CHECK_EQ(t, value, ~0ULL);
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	CHECK(t, !cxl_psa_map(ctx));
	CHECK_EQ(t, cxl_mmio_write64(ctx, REG_NONE, 0x0102030405060708ULL), 0);
	CHECK_EQ(t, cxl_mmio_read64(ctx, REG_NONE, &value), 0);
	CHECK_EQ(t, value, 0x0102030405060708ULL);
	CHECK_EQ(t, cxl_mmio_read32(ctx, REG_NONE + 4, &half), 0);
	CHECK_EQ(t, half, 0x05060708);
	CHECK_EQ(t, cxl_mmio_write32(ctx, REG_NONE, 0x99), 0);
	CHECK_EQ(t, cxl_mmio_read64(ctx, REG_NONE, &value), 0);
	CHECK_EQ(t, value, 0x9905060708ULL);
	CHECK_EQ(t, cxl_mmio_read64(ctx, REG_NONE + 4, &value), -EINVAL);
	CHECK_EQ(t, cxl_mmio_read32(ctx, PP_SIZE, &half), -EINVAL);
	CHECK_EQ(t, half, ~0U);
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	CHECK_EQ(t, cxl_mmio_write32(ctx, REG_NONE, 0), -EIO);
	test_context_done(t, ctx);
}

static void mapped_registers_are_accessed_one_by_one(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	void __iomem *psa;
	u64 value = 1;

	if (!ctx)
		return;
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	psa = cxl_psa_map(ctx);
	if (CHECK(t, psa)) {
		CHECK_EQ(t, cxl_mmio_write64(ctx, REG_NONE, 12345), 0);
		CHECK_EQ(t, test_reg_read(psa, REG_NONE), 12345);
		test_reg_write(psa, REG_NONE, 54321);
		CHECK_EQ(t, cxl_mmio_read64(ctx, REG_NONE, &value), 0);
		CHECK_EQ(t, value, 54321);
		cxl_psa_unmap(psa);
	}
	test_context_done(t, ctx);
}

static bool is_stopped(struct cxl_context *ctx)
{
	u64 status = 0;

	return !cxl_mmio_read64(ctx, REG_STATUS, &status) &&
	       status & STATUS_STOPPED;
}

/*
 * A driver of the memcpy AFU that uses no mapping: it gives the AFU work, sees
 * that it has stopped, restarts it, and gives it more.
 */
static void driver_needs_no_mapping(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	static char src[LEN], dst[LEN];
	struct work_element *we;
	struct test_queue q;
	u64 value;
	int round;

	if (!ctx)
		return;
	if (!CHECK_EQ(t, test_queue_init(&q), 0) ||
	    !CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL), 0))
		goto done;
	CHECK_EQ(t, cxl_mmio_read64(ctx, REG_PH, &value), 0);
	CHECK_EQ(t, value >> 48, cxl_process_element(ctx));
	for (round = 1; round <= 3; round++) {
		memset(src, round, LEN);
		we = test_queue_add(&q, WE_COPY, LEN, src, dst);
		CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
		CHECK(t, !memcmp(dst, src, LEN));
		we = test_queue_add(&q, WE_STOP, 0, NULL, NULL);
		CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
		CHECK(t, BECOMES_TRUE(is_stopped(ctx)));
		/* The AFU does nothing until it is restarted. */
		memset(src, -round, LEN);
		we = test_queue_add(&q, WE_COPY, LEN, src, dst);
		msleep(100);
		CHECK_EQ(t, test_queue_status(we), 0);
		CHECK_EQ(t, cxl_mmio_write64(ctx, REG_PCTRL, PCTRL_RESTART), 0);
		CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
		CHECK(t, !memcmp(dst, src, LEN));
		CHECK(t, !is_stopped(ctx));
	}
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
done:
	test_context_done(t, ctx);
	test_queue_free(&q);
}

const struct test_case test_user_model[] = {
	{ "kernel_context_is_refused", kernel_context_is_refused },
	{ "model_has_kernel_memory", model_has_kernel_memory },
	{ "store_rings_by_address", store_rings_by_address },
	{ "registers_are_accessed_one_by_one",
	  registers_are_accessed_one_by_one },
	{ "mapped_registers_are_accessed_one_by_one",
	  mapped_registers_are_accessed_one_by_one },
	{ "driver_needs_no_mapping", driver_needs_no_mapping },
	{ }
};
