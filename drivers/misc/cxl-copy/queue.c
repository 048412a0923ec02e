// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memcpy AFU's work queue: Documentation/memcpy-afu.md.
 *
 * The AFU reads the queue through the program's address space, one element after
 * the other, and starts again at the first after the last.  An element is valid
 * if its valid bit is set and its wrap bit is that of the AFU's current round,
 * so elements of the last round can stay in place.  The driver writes the same
 * pages through a mapping of its own, so that it can do so in any context.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "cxl-copy.h"

/* All fields are big-endian */
struct cxl_copy_element {
	u8 command;
	u8 status;
	__be16 length;
	u8 command_extra;
	u8 reserved[3];
	__be64 operand;
	__be64 source;
	__be64 destination;
};

static_assert(sizeof(struct cxl_copy_element) == 32);

#define CXL_COPY_COMMAND_COPY		0x00
#define CXL_COPY_COMMAND_INTERRUPT	0x01
#define CXL_COPY_COMMAND_WRAP		0x40
#define CXL_COPY_COMMAND_VALID		0x80

#define CXL_COPY_STATUS_COMPLETE	0x80
#define CXL_COPY_STATUS_ADDRESS_ERROR	0x20

/**
 * cxl_copy_queue_init() - use memory of the calling process as work queue
 * @queue: filled in on success
 * @address: of the memory in the process
 * @size: of the memory in bytes
 *
 * The memory stays pinned, and counts against RLIMIT_MEMLOCK, until
 * cxl_copy_queue_destroy().
 *
 * Context: process context; may wait for page faults without limit, so hold no
 * lock that other processes need.
 * Return: 0; -EINVAL (address or size), -EFAULT (not mapped or not writable),
 * -ENOMEM, or an errno of pin_user_pages_fast().
 */
int cxl_copy_queue_init(struct cxl_copy_queue *queue, u64 address, u64 size)
{
	struct mm_struct *mm = current->mm;
	unsigned int num_pages;
	int pinned;
	int ret;

	if (!PAGE_ALIGNED(address) || size % CXL_COPY_QUEUE_UNIT ||
	    size < CXL_COPY_QUEUE_MIN_SIZE || size > CXL_COPY_QUEUE_MAX_SIZE)
		return -EINVAL;
	/* Kernels return different errors for such a range. */
	if (!access_ok((void __user *)(unsigned long)address, size))
		return -EFAULT;

	num_pages = DIV_ROUND_UP((unsigned int)size, PAGE_SIZE);
	queue->pages = kcalloc(num_pages, sizeof(*queue->pages),
			       GFP_KERNEL_ACCOUNT);
	if (!queue->pages)
		return -ENOMEM;

	ret = account_locked_vm(mm, num_pages, true);
	if (ret)
		goto err_free;

	pinned = pin_user_pages_fast(address, num_pages,
				     FOLL_WRITE | FOLL_LONGTERM, queue->pages);
	if (pinned < 0) {
		ret = pinned;
		goto err_account;
	}
	if (pinned < num_pages) {
		ret = -EFAULT;
		goto err_unpin;
	}

	queue->elements = vmap(queue->pages, num_pages, VM_MAP, PAGE_KERNEL);
	if (!queue->elements) {
		ret = -ENOMEM;
		goto err_unpin;
	}
	memset(queue->elements, 0, size);

	mmgrab(mm);
	queue->mm = mm;
	queue->num_pages = num_pages;
	queue->size = (unsigned int)size / sizeof(*queue->elements);
	return 0;

err_unpin:
	unpin_user_pages(queue->pages, pinned);
err_account:
	account_locked_vm(mm, num_pages, false);
err_free:
	kfree(queue->pages);
	return ret;
}

/**
 * cxl_copy_queue_destroy() - the reverse of cxl_copy_queue_init()
 * @queue: queue that no AFU uses
 *
 * Context: process context, of any process.
 */
void cxl_copy_queue_destroy(struct cxl_copy_queue *queue)
{
	vunmap(queue->elements);
	unpin_user_pages_dirty_lock(queue->pages, queue->num_pages, true);
	account_locked_vm(queue->mm, queue->num_pages, false);
	mmdrop(queue->mm);
	kfree(queue->pages);
}

/**
 * cxl_copy_queue_wed() - work element descriptor for a queue
 * @queue: the queue
 * @address: of its memory in the process
 *
 * Return: the address, with the size in units of 128 bytes in the low 12 bits.
 */
u64 cxl_copy_queue_wed(const struct cxl_copy_queue *queue, u64 address)
{
	return address | queue->size * sizeof(*queue->elements) /
			 CXL_COPY_QUEUE_UNIT;
}

/*
 * Hand an element to the AFU, which may be waiting for it and start at once: so
 * the command, with the valid bit, is written last.
 */
static void queue_add(struct cxl_copy_queue *queue, u8 command, u16 length,
		      u64 source, u64 destination)
{
	struct cxl_copy_element *element = &queue->elements[queue->head];

	element->length = cpu_to_be16(length);
	element->command_extra = 0;
	element->source = cpu_to_be64(source);
	element->destination = cpu_to_be64(destination);
	WRITE_ONCE(element->status, 0);
	dma_wmb();
	WRITE_ONCE(element->command,
		   command | queue->wrap | CXL_COPY_COMMAND_VALID);

	queue->used++;
	if (++queue->head == queue->size) {
		queue->head = 0;
		queue->wrap ^= CXL_COPY_COMMAND_WRAP;
	}
}

/**
 * cxl_copy_queue_add_copy() - add a copy
 * @queue: queue with room for it (used < size)
 * @source: address in the process
 * @destination: address in the process
 * @length: in bytes
 *
 * Context: any, under cxl_copy_context.lock.
 */
void cxl_copy_queue_add_copy(struct cxl_copy_queue *queue, u64 source,
			     u64 destination, u16 length)
{
	queue_add(queue, CXL_COPY_COMMAND_COPY, length, source, destination);
}

/**
 * cxl_copy_queue_add_interrupt() - add an interrupt, at which the AFU stops
 * @queue: queue with room for it (used < size)
 * @number: AFU interrupt number
 *
 * Context: any, under cxl_copy_context.lock.
 */
void cxl_copy_queue_add_interrupt(struct cxl_copy_queue *queue, u16 number)
{
	queue_add(queue, CXL_COPY_COMMAND_INTERRUPT, number, 0, 0);
}

/**
 * cxl_copy_queue_result() - what has become of the oldest element
 * @queue: queue that is not empty (used > 0)
 *
 * If it is done, the data it copied is visible to the caller.
 *
 * Context: any, under cxl_copy_context.lock.
 */
enum cxl_copy_result cxl_copy_queue_result(const struct cxl_copy_queue *queue)
{
	u8 status = READ_ONCE(queue->elements[queue->tail].status);

	if (!status)
		return CXL_COPY_ELEMENT_BUSY;
	dma_rmb();
	if (status == CXL_COPY_STATUS_COMPLETE)
		return CXL_COPY_ELEMENT_DONE;
	if (status & CXL_COPY_STATUS_ADDRESS_ERROR)
		return CXL_COPY_ELEMENT_ADDRESS_ERROR;
	return CXL_COPY_ELEMENT_FAILED;
}

/**
 * cxl_copy_queue_remove() - free the slot of the oldest element
 * @queue: queue whose oldest element is finished
 *
 * Context: any, under cxl_copy_context.lock.
 */
void cxl_copy_queue_remove(struct cxl_copy_queue *queue)
{
	queue->used--;
	if (++queue->tail == queue->size)
		queue->tail = 0;
}
