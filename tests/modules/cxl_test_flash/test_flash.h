/* SPDX-License-Identifier: GPL-2.0-only */
/* Private types of cxl_test_flash. */
#ifndef _TEST_FLASH_H
#define _TEST_FLASH_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include <misc/cxl.h>

#include "cxl_test_flash.h"

#define FLASH_MAX_IRQS	3

struct flash_element;

/**
 * struct flash_queue - a hardware queue: one of the driver's own contexts
 * @ctx: context
 * @num_irqs: its interrupts, all of them mapped
 * @we: work elements
 * @next: the next element to fill
 * @calls: of its handlers
 */
struct flash_queue {
	struct cxl_context *ctx;
	int num_irqs;
	struct flash_element *we;
	unsigned int next;
	atomic_t calls;
};

/**
 * struct flash_card - a bound device
 * @pdev: the device
 * @fops: of the programs' files; their f_op leads back to the card
 * @lock: guards all but @fops; not held while a page fault is handled
 * @queue: the first one is the device's default context
 * @psa: the whole problem state area, mapped through the first queue
 * @up: between set-up and tear-down
 * @failed: set-up failed, for good
 * @users: struct flash_user
 * @state: for programs
 * @faults: page faults, counted without the lock
 * @ones: page that programs see while the card is recovered
 */
struct flash_card {
	struct pci_dev *pdev;
	struct file_operations fops;
	struct mutex lock;		/* guards what follows */
	struct flash_queue queue[CXL_TEST_FLASH_QUEUES];
	void __iomem *psa;
	bool up;
	bool failed;
	struct list_head users;
	struct cxl_test_flash_state state;
	atomic_t faults;
	struct page *ones;
};

/* user.c: contexts of programs */
int flash_user_init(struct flash_card *card);
void flash_user_exit(struct flash_card *card);
int flash_user_attach(struct flash_card *card,
		      struct cxl_test_flash_attach *arg);
void flash_users_mark(struct flash_card *card);

/* hw.c: the driver's own contexts, registers, VPD */
int flash_set_up(struct flash_card *card);
void flash_tear_down(struct flash_card *card);
int flash_ping(struct flash_card *card);

/* main.c */
void flash_problem(struct flash_card *card, const char *what, int ret);

#endif
