/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel API of the coherent accelerator (CAPI, "cxl") driver: the only
 * header that an AFU driver includes.
 *
 * Life of a context:
 *
 *	cxl_dev_context_init()
 *	  cxl_allocate_afu_irqs()		(optional)
 *	    cxl_map_afu_irq()
 *	      cxl_start_context() <-> cxl_stop_context()
 *	    cxl_unmap_afu_irq()
 *	  cxl_free_afu_irqs()
 *	cxl_release_context()
 *
 * "Process context" below means that the function may sleep.
 */
#ifndef _MISC_CXL_H
#define _MISC_CXL_H

#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/sched.h>

#include <uapi/misc/cxl.h>

struct cxl_afu;
struct cxl_context;

/*
 * AFUs and contexts
 */

/**
 * cxl_pci_to_afu() - get the AFU of a configuration record's device
 * @dev: PCI device on an AFU's virtual bus
 *
 * Context: any.  Takes no reference: valid while the driver is bound to @dev.
 * Return: the AFU, or ERR_PTR(-ENODEV) if @dev is not such a device.
 */
struct cxl_afu *cxl_pci_to_afu(struct pci_dev *dev);

/**
 * cxl_pci_to_cfg_record() - number of the configuration record behind a device
 * @dev: PCI device on an AFU's virtual bus
 *
 * Context: any.
 * Return: (bus number << 8) + devfn.
 */
unsigned int cxl_pci_to_cfg_record(struct pci_dev *dev);

/**
 * cxl_get_context() - get the default context of an AFU's device
 * @dev: PCI device on an AFU's virtual bus
 *
 * The first call after pci_enable_device() creates the context.  It goes away
 * when the driver is unbound, and error recovery replaces it by a new one.  The
 * driver must not release it.
 *
 * Context: process context for the call that creates it; later any.
 * Return: the context, or NULL: not an AFU's device, not enabled, or the
 * context could not be created (see cxl_dev_context_init()).
 */
struct cxl_context *cxl_get_context(struct pci_dev *dev);

/**
 * cxl_dev_context_init() - create another context for an AFU driver
 * @dev: PCI device on an AFU's virtual bus
 *
 * The context is released by cxl_release_context() or, once it has a file
 * descriptor, by the last close.
 *
 * Context: process context.
 * Return: a slave context, in dedicated mode a master; or ERR_PTR: -ENODEV (not
 * an AFU's device, or the AFU is going away), -EIO (link down), -ENOMEM,
 * -ENOSPC (every process element is in use).
 */
struct cxl_context *cxl_dev_context_init(struct pci_dev *dev);

/**
 * cxl_release_context() - release a context
 * @ctx: context from cxl_dev_context_init()
 *
 * When this returns 0, no callback of the driver runs for @ctx, and the driver
 * must not use @ctx any more.  A program that still has a file descriptor of
 * the context can read the events left; then it gets EIO.
 *
 * Context: process context; not from a driver event callback of @ctx.
 * Return: 0, or -EBUSY while the context is started.
 */
int cxl_release_context(struct cxl_context *ctx);

/**
 * cxl_set_priv() - attach a private pointer of the AFU driver to a context
 * @ctx: context
 * @priv: the pointer; only the driver uses it
 *
 * Context: any.
 * Return: 0, or -EINVAL if @ctx is NULL.
 */
int cxl_set_priv(struct cxl_context *ctx, void *priv);

/**
 * cxl_get_priv() - get the pointer set by cxl_set_priv()
 * @ctx: context
 *
 * Context: any.
 * Return: the pointer, or ERR_PTR(-EINVAL) if @ctx is NULL.
 */
void *cxl_get_priv(struct cxl_context *ctx);

/**
 * cxl_set_master() - let a context map the whole problem state area
 * @ctx: context; if it is started already, nothing changes but a warning
 *
 * Context: any.
 */
void cxl_set_master(struct cxl_context *ctx);

/**
 * cxl_process_element() - get the number by which the AFU knows a context
 * @ctx: context
 *
 * Context: any.
 * Return: the process element, >= 0.
 */
int cxl_process_element(struct cxl_context *ctx);

/**
 * cxl_start_context() - let the AFU work on a context
 * @ctx: context that is not started
 * @wed: work element descriptor, passed to the AFU unchanged
 * @task: NULL for kernel addresses; otherwise the AFU works on the address
 *	space of the calling process
 *
 * Context: process context.
 * Return: 0, also if it was started already; -EBUSY (card is being reset),
 * -EIO (link down, or the AFU is gone), -EINVAL (@task given by a kernel
 * thread, or an unsupported mode), -ENOMEM.
 */
int cxl_start_context(struct cxl_context *ctx, u64 wed,
		      struct task_struct *task);

/**
 * cxl_stop_context() - stop the AFU's work on a context
 * @ctx: context
 *
 * When this returns, the AFU touches no memory of the context any more.  AFU
 * interrupts stay allocated.  The context can be started again.
 *
 * Context: process context.
 * Return: 0, or -EBUSY if it was not started (it becomes CLOSED anyway).
 */
int cxl_stop_context(struct cxl_context *ctx);

/**
 * cxl_start_work() - start a context on behalf of the calling process
 * @ctx: context that is not started
 * @work: as for CXL_IOCTL_START_WORK, but @work->amr and the TID flag are
 *	ignored and reserved fields are not checked; num_interrupts is filled
 *	in if the caller did not set it
 *
 * Context: process context of a user process.
 * Return: 0; -EINVAL (number of interrupts out of range), -ENOSPC (too few are
 * left), -ENOMEM, or as cxl_start_context().
 */
int cxl_start_work(struct cxl_context *ctx, struct cxl_ioctl_start_work *work);

/**
 * cxl_afu_reset() - reset the AFU and enable it again
 * @ctx: any context of the AFU
 *
 * Every context of the AFU stops working and has to be stopped and started.
 *
 * Context: process context, up to 5 s.
 * Return: 0, -EIO (link down) or -EBUSY (the card did not answer).
 */
int cxl_afu_reset(struct cxl_context *ctx);

/*
 * Interrupts
 */

/**
 * cxl_allocate_afu_irqs() - reserve AFU interrupts 1 to @num
 * @ctx: context without interrupts
 * @num: number of interrupts; 0 means the AFU's minimum
 *
 * Context: process context.
 * Return: 0, -EINVAL (negative), -EBUSY (it has interrupts already),
 * -ENOSPC, -ENOMEM, -EIO (the context was closed for good, or the card
 * refused).
 */
int cxl_allocate_afu_irqs(struct cxl_context *ctx, int num);

/**
 * cxl_free_afu_irqs() - the reverse of cxl_allocate_afu_irqs()
 * @ctx: context
 *
 * Interrupts that are still mapped are unmapped, with a warning.
 *
 * Context: process context.
 */
void cxl_free_afu_irqs(struct cxl_context *ctx);

/**
 * cxl_map_afu_irq() - set the handler of an AFU interrupt
 * @ctx: context
 * @num: AFU interrupt number, from 1
 * @handler: called as handler(virq, @cookie) in hard interrupt context; on
 *	PREEMPT_RT in the interrupt's thread
 * @cookie: passed to @handler
 * @name: shown in /proc/interrupts; must stay valid until the interrupt is
 *	unmapped
 *
 * Context: process context.
 * Return: the Linux interrupt number (> 0); -ENOENT if @num is not allocated; 0
 * if it could not be mapped or requested.
 */
int cxl_map_afu_irq(struct cxl_context *ctx, int num, irq_handler_t handler,
		    void *cookie, char *name);

/**
 * cxl_unmap_afu_irq() - the reverse of cxl_map_afu_irq()
 * @ctx: context
 * @num: AFU interrupt number; ignored if it is not mapped
 * @cookie: as given to cxl_map_afu_irq(); with any other the interrupt stays
 *	mapped, with a warning
 *
 * Context: process context; waits for a running handler.
 */
void cxl_unmap_afu_irq(struct cxl_context *ctx, int num, void *cookie);

/*
 * Problem state area, card
 */

/**
 * cxl_psa_map() - map the context's part of the problem state area
 * @ctx: started context
 *
 * A master gets the whole area, a slave its own window; in dedicated mode the
 * context gets the whole area.
 *
 * Context: process context.
 * Return: address, to be unmapped by cxl_psa_unmap(); or NULL if @ctx is not
 * started, the link is down, memory is short, or the AFU's registers are not
 * memory: then use cxl_mmio_read64() and the functions after it.
 */
void __iomem *cxl_psa_map(struct cxl_context *ctx);

/**
 * cxl_psa_written() - tell the AFU that a register was written
 * @ctx: started context whose mapping was used
 * @offset: of the register, from the start of that mapping, in bytes
 *
 * A hardware card sees the store itself.  A software card sleeps while there is
 * nothing to do.  Stores of programs wake it at once, but it notices a store
 * through cxl_psa_map() only when it looks next, up to 0.2 s later.  So call
 * this after a store that should start something.
 *
 * Context: any, while @ctx is started; on PREEMPT_RT only where a spinlock may
 * sleep: in the thread of an interrupt, but not with preemption disabled.
 */
void cxl_psa_written(struct cxl_context *ctx, u64 offset);

/**
 * cxl_psa_written_at() - the same, by the register's address
 * @addr: address of the register in any mapping made by cxl_psa_map()
 *
 * For accessors that a driver uses for all its stores.  Does nothing if @addr
 * is not in such a mapping, or if its context is stopped.
 *
 * Context: as above, but @ctx need not be started.
 */
void cxl_psa_written_at(const void __iomem *addr);

/**
 * cxl_psa_unmap() - the reverse of cxl_psa_map()
 * @addr: address returned by cxl_psa_map()
 *
 * Context: process context.
 */
void cxl_psa_unmap(void __iomem *addr);

/*
 * Single accesses to registers.  They work with every AFU, but where the
 * registers are memory a mapping is faster.
 */

/**
 * cxl_mmio_read64() - read a register of 64 bits
 * @ctx: started context
 * @offset: of the register in the context's part of the problem state area, a
 *	multiple of its size
 * @value: set to the register's contents, converted from big-endian; all ones
 *	if the link is down, the AFU has failed or does not answer, or on
 *	failure
 *
 * Accesses of one thread are done in order.
 *
 * Context: process context; may wait for the AFU, killably and for a limited
 * time.
 * Return: 0; -EIO (@ctx is not started), -EINVAL (there is no such register),
 * -ENOMEM, -EINTR (killed).
 */
int cxl_mmio_read64(struct cxl_context *ctx, u64 offset, u64 *value);

/**
 * cxl_mmio_read32() - read a register of 32 bits
 * @ctx: as above
 * @offset: as above
 * @value: as above
 *
 * Context: as above.
 * Return: as above.
 */
int cxl_mmio_read32(struct cxl_context *ctx, u64 offset, u32 *value);

/**
 * cxl_mmio_write64() - write a register of 64 bits
 * @ctx: as above
 * @offset: as above
 * @value: number, stored big-endian; it vanishes if the link is down or the AFU
 *	has failed
 *
 * When this returns, the AFU has the value: there is no need for
 * cxl_psa_written().
 *
 * Context: as above.
 * Return: as above.
 */
int cxl_mmio_write64(struct cxl_context *ctx, u64 offset, u64 value);

/**
 * cxl_mmio_write32() - write a register of 32 bits
 * @ctx: as above
 * @offset: as above
 * @value: as above
 *
 * Context: as above.
 * Return: as above.
 */
int cxl_mmio_write32(struct cxl_context *ctx, u64 offset, u32 value);

/**
 * cxl_perst_reloads_same_image() - set whether a reset loads the same image
 * @afu: any AFU of the card
 * @perst_reloads_same_image: the card's new setting
 *
 * Context: any.
 */
void cxl_perst_reloads_same_image(struct cxl_afu *afu,
				  bool perst_reloads_same_image);

/**
 * cxl_read_adapter_vpd() - read the vital product data of the card
 * @dev: PCI device on an AFU's virtual bus
 * @buf: destination
 * @count: bytes to read at most, from offset 0
 *
 * Context: process context.
 * Return: bytes read, 0 to @count; -ENODEV (not an AFU's device), or the card
 * driver's error.
 */
ssize_t cxl_read_adapter_vpd(struct pci_dev *dev, void *buf, size_t count);

/*
 * File descriptors
 */

/**
 * cxl_get_fd() - create a file for a context
 * @ctx: context without a file
 * @fops: NULL, or the file's operations.  This fills in those of open, poll,
 *	flush, release, unlocked_ioctl, compat_ioctl, mmap, fasync and
 *	show_fdinfo that are NULL, and read and read_iter if both are; @fops
 *	itself becomes the file's f_op and must outlive the file
 * @fd: set to the reserved descriptor; unchanged on failure
 *
 * The caller installs the file by fd_install(), or drops it by fput() and
 * put_unused_fd().  The standard release operation stops and releases @ctx: after
 * it the caller must not use @ctx.
 *
 * Context: process context.
 * Return: the file; ERR_PTR(-EEXIST) (it has a file already), ERR_PTR of
 * get_unused_fd_flags(); NULL if the file could not be created.
 */
struct file *cxl_get_fd(struct cxl_context *ctx, struct file_operations *fops,
			int *fd);

/**
 * cxl_fops_get_context() - get the context of a file made by cxl_get_fd()
 * @file: the file
 *
 * Context: any.
 * Return: the context, without a reference of its own: the file holds one.
 */
struct cxl_context *cxl_fops_get_context(struct file *file);

/*
 * The standard file operations, to be called by a driver's own operations.
 * They take files of cxl_get_fd(), except for cxl_fd_open(), which is for
 * device nodes; context, arguments and results are those of struct
 * file_operations and <uapi/misc/cxl.h>.  Without cxl_fd_flush() a process that
 * ends while the AFU accesses its memory may leave files in use for a moment.
 */
int cxl_fd_open(struct inode *inode, struct file *file);
int cxl_fd_flush(struct file *file, fl_owner_t id);
int cxl_fd_release(struct inode *inode, struct file *file);
long cxl_fd_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int cxl_fd_mmap(struct file *file, struct vm_area_struct *vma);
__poll_t cxl_fd_poll(struct file *file, struct poll_table_struct *poll);
ssize_t cxl_fd_read(struct file *file, char __user *buf, size_t count,
		    loff_t *off);

/*
 * AFU driver events
 *
 * An AFU driver can put events of its own on the context's file descriptor.  It
 * keeps them; the cxl driver counts them, fetches them when a program reads,
 * and reports what became of each:
 *
 *	AFU driver                             cxl driver
 *	----------                             ----------
 *	store the event
 *	cxl_context_events_pending(ctx, 1) --> count, wake the readers
 *	                                       read():
 *	fetch_event(ctx)                   <--   under the context's spinlock
 *	                                         copy to the program
 *	event_delivered(ctx, event, rc)    <--   without it
 *
 * Drivers that do no bookkeeping of their own use an event queue, see below.
 */

/**
 * struct cxl_afu_driver_ops - how the cxl driver gets an AFU driver's events
 * @fetch_event: return the oldest event not yet fetched.  Called once for each
 *	event announced, several times in a row for a run of events, under a
 *	spinlock with interrupts off: must not sleep.  The event must not change
 *	until its @event_delivered call.  Its data_size is trusted: that many
 *	bytes, up to @max_data_size, are copied to the program.
 * @event_delivered: called once for each call of @fetch_event, in process
 *	context without a spinlock.  @rc is 0 if a program has the event;
 *	-EFAULT if it could not be copied: the driver owns it again, and puts it
 *	back at the head of its queue and announces it again, or drops it;
 *	-EINVAL if it was NULL or larger than allowed.  If several events come
 *	back, the last fetched comes first, so that putting each at the head
 *	restores their order.
 * @context_closed: optional; the context goes away.  Called once, in process
 *	context, after the last @event_delivered.  After it neither callback
 *	is called for this context, and announcements are ignored.
 * @max_data_size: maximum data_size of an event, at most CXL_READ_MIN_SIZE - 8;
 *	0 means CXL_MAX_EVENT_DATA_SIZE.
 */
struct cxl_afu_driver_ops {
	struct cxl_event_afu_driver_reserved *
		(*fetch_event)(struct cxl_context *ctx);
	void (*event_delivered)(struct cxl_context *ctx,
				struct cxl_event_afu_driver_reserved *event,
				int rc);
	void (*context_closed)(struct cxl_context *ctx);
	u32 max_data_size;
};

int __cxl_set_driver_ops(struct cxl_context *ctx,
			 const struct cxl_afu_driver_ops *ops,
			 struct module *owner);

/**
 * cxl_set_driver_ops() - set a context's driver ops
 * @ctx: context
 * @ops: must stay valid until they are unset or @ops->context_closed was
 *	called; the calling module is pinned that long
 *
 * Context: any but hard interrupt.
 * Return: 0; -EINVAL (@ops, fetch_event or event_delivered is missing, or
 * max_data_size is too large), -EBUSY (events of earlier ops are pending or in
 * flight, or there is an event queue), -EIO (the context is going away),
 * -ENODEV (the module is being unloaded).  Nothing changes on failure.
 */
#define cxl_set_driver_ops(ctx, ops) \
	__cxl_set_driver_ops(ctx, ops, THIS_MODULE)

/**
 * cxl_unset_driver_ops() - remove a context's driver ops
 * @ctx: context
 *
 * The ops of an event queue can be removed, too: then it takes no more events,
 * but must still be destroyed.
 *
 * Context: any but hard interrupt.
 * Return: 0, then no callback runs any more; -EBUSY while events are pending or
 * in flight, or room in the event queue is reserved.
 */
int cxl_unset_driver_ops(struct cxl_context *ctx);

/**
 * cxl_context_events_pending() - announce new driver events
 * @ctx: context with driver ops; without them the call is counted as rejected
 * @new_events: number of events; 0 does nothing
 *
 * What the driver stored before this call is visible to fetch_event().
 *
 * Context: any, hard interrupts included, on PREEMPT_RT too; the caller may
 * hold a lock that fetch_event() takes.
 */
void cxl_context_events_pending(struct cxl_context *ctx,
				unsigned int new_events);

/*
 * Event queue: ready-made driver ops
 *
 * A queue keeps copies of the events, in memory allocated when it is created,
 * and delivers them in the order sent.  A driver that must be sure of room for
 * the completion before it starts the hardware reserves it:
 *
 *	ret = cxl_event_queue_reserve(q);	may fail: nothing started yet
 *	start the hardware
 *	...
 *	cxl_event_queue_commit(q, &done, sizeof(done));	cannot be full
 */

struct cxl_event_queue;

/* Maximum number of events in a queue */
#define CXL_EVENT_QUEUE_MAX_DEPTH	65536

/**
 * cxl_event_queue_create() - create a queue and set it as the context's ops
 * @ctx: context without driver ops
 * @depth: most events that it can hold, from 1 to CXL_EVENT_QUEUE_MAX_DEPTH
 * @max_payload: maximum size of an event in bytes, at most CXL_READ_MIN_SIZE -
 *	8
 *
 * Context: process context.
 * Return: the queue, to be freed by cxl_event_queue_destroy(); or ERR_PTR:
 * -EINVAL, -ENOMEM, or as cxl_set_driver_ops().
 */
struct cxl_event_queue *cxl_event_queue_create(struct cxl_context *ctx,
					       unsigned int depth,
					       u32 max_payload);

/**
 * cxl_event_queue_destroy() - remove the queue from its context and free it
 * @q: queue to which nobody sends any more, or NULL
 *
 * Events not delivered are dropped and counted as lost.  The context may be
 * gone already.
 *
 * Context: process context; waits for a delivery in flight.
 */
void cxl_event_queue_destroy(struct cxl_event_queue *q);

/**
 * cxl_event_queue_send() - send an event
 * @q: queue
 * @data: payload, copied
 * @len: its length in bytes
 *
 * Context: any, hard interrupts included.
 * Return: 0; -ENOSPC (full: the event is lost, which the reader can see),
 * -EINVAL (longer than the queue allows), -EPIPE (the context is gone, or its
 * driver ops were unset).
 */
int cxl_event_queue_send(struct cxl_event_queue *q, const void *data, u32 len);

/**
 * cxl_event_queue_reserve() - reserve room for a later event
 * @q: queue
 *
 * Each reservation is used up by one commit or released by one cancel.
 *
 * Context: any, hard interrupts included.
 * Return: 0, -ENOSPC (full; no event is lost) or -EPIPE.
 */
int cxl_event_queue_reserve(struct cxl_event_queue *q);

/**
 * cxl_event_queue_commit() - send an event into reserved room
 * @q: queue
 * @data: payload, copied
 * @len: its length in bytes
 *
 * The event's place in the order is that of the commit, not of the reservation.
 *
 * Context: any, hard interrupts included.
 * Return: 0; -EINVAL (nothing is reserved; or the event is longer than the
 * queue allows, and the reservation stays), -EPIPE (the context is gone; the
 * reservation is used up).
 */
int cxl_event_queue_commit(struct cxl_event_queue *q, const void *data,
			   u32 len);

/**
 * cxl_event_queue_cancel() - release a reservation
 * @q: queue
 *
 * Context: any, hard interrupts included.
 */
void cxl_event_queue_cancel(struct cxl_event_queue *q);

#endif /* _MISC_CXL_H */
