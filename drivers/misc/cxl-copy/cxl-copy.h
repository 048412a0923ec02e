/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cxl-copy: a copy service on the memcpy AFU, and the example of an AFU
 * driver whose completions are driver events.
 *
 *	main.c		PCI driver, character device /dev/cxl-copyN, recovery
 *	context.c	one AFU descriptor: start, submit, complete, stop
 *	queue.c		its work queue, shared with the AFU
 *
 * Lock order: cxl_copy_afu.lock, cxl_copy_context.lock.
 */
#ifndef _CXL_COPY_H
#define _CXL_COPY_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <misc/cxl.h>
#include <misc/cxl-copy.h>

struct cxl_copy_element;

/**
 * struct cxl_copy_queue - work queue of the AFU, in the program's memory
 * @elements: the elements in the driver's own mapping.  The program can write
 *	them, too: only the status is ever read back, and a wrong status harms
 *	nobody but the program
 * @size: number of elements
 * @pages: the pinned pages behind @elements
 * @num_pages: number of pages
 * @mm: address space that the AFU works on, counted (mm_count)
 * @head: index of the next element to fill
 * @wrap: its wrap bit, which toggles each time @head wraps around
 * @tail: index of the oldest element that is not finished
 * @used: number of elements from @tail to @head
 *
 * @head, @wrap, @tail and @used are guarded by cxl_copy_context.lock, the
 * others do not change.
 */
struct cxl_copy_queue {
	struct cxl_copy_element *elements;
	unsigned int size;
	struct page **pages;
	unsigned int num_pages;
	struct mm_struct *mm;

	unsigned int head;
	u8 wrap;
	unsigned int tail;
	unsigned int used;
};

/* What became of an element */
enum cxl_copy_result {
	CXL_COPY_ELEMENT_BUSY,
	CXL_COPY_ELEMENT_DONE,
	CXL_COPY_ELEMENT_ADDRESS_ERROR,
	CXL_COPY_ELEMENT_FAILED,
};

int cxl_copy_queue_init(struct cxl_copy_queue *queue, u64 address, u64 size);
void cxl_copy_queue_destroy(struct cxl_copy_queue *queue);
u64 cxl_copy_queue_wed(const struct cxl_copy_queue *queue, u64 address);
void cxl_copy_queue_add_copy(struct cxl_copy_queue *queue, u64 source,
			     u64 destination, u16 length);
void cxl_copy_queue_add_interrupt(struct cxl_copy_queue *queue, u16 number);
enum cxl_copy_result cxl_copy_queue_result(const struct cxl_copy_queue *queue);
void cxl_copy_queue_remove(struct cxl_copy_queue *queue);

/**
 * struct cxl_copy_afu - an AFU that the driver is or was bound to
 * @kref: held by the bound driver, by each open file of the character device
 *	and by each cxl_copy_context
 * @lock: guards @pdev, @online and @contexts, and is held while a context is
 *	started or stopped
 * @pdev: the AFU's device, NULL once the driver is unbound
 * @online: not in error recovery
 * @contexts: started contexts
 * @misc: the character device
 * @id: N of /dev/cxl-copyN
 * @name: "cxl-copyN", also the name of the AFU interrupts
 */
struct cxl_copy_afu {
	struct kref kref;
	struct mutex lock;	/* guards pdev, online, contexts */
	struct pci_dev *pdev;
	bool online;
	struct list_head contexts;
	struct miscdevice misc;
	int id;
	char name[sizeof("cxl-copy2147483647")];
};

void cxl_copy_afu_get(struct cxl_copy_afu *afu);
void cxl_copy_afu_put(struct cxl_copy_afu *afu);

int cxl_copy_context_open(struct cxl_copy_afu *afu,
			  const struct cxl_copy_get_fd *arg);
void cxl_copy_stop_all(struct cxl_copy_afu *afu);

#endif /* _CXL_COPY_H */
