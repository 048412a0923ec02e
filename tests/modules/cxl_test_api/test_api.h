/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of cxl_test_api. */
#ifndef _TEST_API_H
#define _TEST_API_H

#include <linux/pci.h>

#include <misc/cxl.h>

#include "cxl_test_api.h"

/**
 * struct test_run - a running test
 * @pdev: the device, bound and enabled
 * @arg: the program's arguments
 * @user: results for the program
 */
struct test_run {
	struct pci_dev *pdev;
	s64 *arg;
	struct cxl_test_api_run *user;
};

struct test_case {
	const char *name;
	void (*run)(struct test_run *t);
};

/* Each array ends with an empty entry. */
extern const struct test_case test_contexts[];
extern const struct test_case test_irqs[];
extern const struct test_case test_irq_race[];
extern const struct test_case test_files[];
extern const struct test_case test_events[];
extern const struct test_case test_misc[];
extern const struct test_case test_vpci[];
extern const struct test_case test_kernel_memory[];
extern const struct test_case test_user_model[];
extern const struct test_case test_fail[];

bool test_check(struct test_run *t, bool ok, int line, const char *what);
bool test_check_eq(struct test_run *t, s64 a, s64 b, int line,
		   const char *what);

/* Both continue after a failure, and return whether the condition holds. */
#define CHECK(t, cond)		test_check(t, cond, __LINE__, #cond)
#define CHECK_EQ(t, a, b)						\
	test_check_eq(t, (s64)(a), (s64)(b), __LINE__, #a " == " #b)

/* For a failing probe: leave behind a context with all that it can have. */
bool test_leave_in_probe(struct pci_dev *pdev);

/* A context, or NULL after a failed check */
struct cxl_context *test_context(struct test_run *t);
/* Stop it if necessary, and release it. */
void test_context_done(struct test_run *t, struct cxl_context *ctx);
/*
 * The result of cxl_get_fd(), or NULL after a failed check: the context is
 * gone.
 */
struct file *test_file(struct test_run *t, struct cxl_context *ctx,
		       struct file *file);

/* Wait for @condition to become true; false if it does not soon. */
#define BECOMES_TRUE(condition)						\
({									\
	unsigned long __end = jiffies + 5 * HZ;				\
	bool __true;							\
									\
	while (!(__true = (condition)) && time_before(jiffies, __end))	\
		usleep_range(100, 1000);				\
	__true;								\
})

/*
 * memcpy.c: work for the memcpy AFU, in kernel memory
 */

#define WE_COPY		0
#define WE_IRQ		1
#define WE_STOP		2
#define WE_COMPLETE	0x80
#define WE_FAILED	0x04

struct work_element;

/**
 * struct test_queue - a queue of work elements that never wraps
 * @we: a page of elements
 * @next: the next element to fill
 */
struct test_queue {
	struct work_element *we;
	unsigned int next;
};

int test_queue_init(struct test_queue *q);
void test_queue_free(struct test_queue *q);
u64 test_queue_wed(const struct test_queue *q);
struct work_element *test_queue_add(struct test_queue *q, u8 cmd, u16 length,
				    const void *src, void *dst);
/* The element's status, 0 if none appears soon */
u8 test_queue_wait(const struct work_element *we);
u8 test_queue_status(const struct work_element *we);

/* Registers of a window, by offset, and where windows are */
#define REG_PH		0x08
#define REG_STATUS	0x10
#define STATUS_STOPPED	0x0800000000000000ULL
#define REG_PCTRL	0x18
#define PCTRL_RESTART	0x8000000000000000ULL
#define REG_CFG		0x00
#define PP_OFFSET	0x2000000
#define PP_SIZE		0x10000

u64 test_reg_read(void __iomem *psa, unsigned long offset);
void test_reg_write(void __iomem *psa, unsigned long offset, u64 val);

#endif
