// SPDX-License-Identifier: GPL-2.0-only
/* Work for the memcpy AFU, in kernel memory. */
#include <asm/reg.h>
#include <linux/delay.h>
#include <linux/gfp.h>

#include "test_api.h"

#define WE_VALID	0x80
#define LINE_SIZE	128

struct work_element {
	u8 cmd;
	u8 status;
	__be16 length;
	u8 reserved[12];
	__be64 src;
	__be64 dst;
};

int test_queue_init(struct test_queue *q)
{
	q->we = (void *)get_zeroed_page(GFP_KERNEL);
	q->next = 0;
	return q->we ? 0 : -ENOMEM;
}

void test_queue_free(struct test_queue *q)
{
	free_page((unsigned long)q->we);
}

/* Base address, and depth in cache lines */
u64 test_queue_wed(const struct test_queue *q)
{
	return (unsigned long)q->we | PAGE_SIZE / LINE_SIZE;
}

struct work_element *test_queue_add(struct test_queue *q, u8 cmd, u16 length,
				    const void *src, void *dst)
{
	struct work_element *we = &q->we[q->next++];

	we->status = 0;
	we->length = cpu_to_be16(length);
	we->src = cpu_to_be64((unsigned long)src);
	we->dst = cpu_to_be64((unsigned long)dst);
	/* The AFU reads the rest once it sees this. */
	smp_store_release(&we->cmd, WE_VALID | cmd);
	return we;
}

u8 test_queue_status(const struct work_element *we)
{
	/* Pairs with the AFU, which stores the status last. */
	return smp_load_acquire(&we->status);
}

u8 test_queue_wait(const struct work_element *we)
{
	BECOMES_TRUE(test_queue_status(we));
	return test_queue_status(we);
}

u64 test_reg_read(void __iomem *psa, unsigned long offset)
{
	return in_be64(psa + offset);
}

void test_reg_write(void __iomem *psa, unsigned long offset, u64 val)
{
	out_be64(psa + offset, val);
}
