// SPDX-License-Identifier: GPL-2.0-only
/*
 * One AFU descriptor of the copy service: a context of the AFU on the
 * program's address space, its work queue, and its event queue.
 *
 * The way of a request:
 *
 *	CXL_COPY_SUBMIT        the AFU                    interrupt handler
 *	---------------        -------                    -----------------
 *	reserve an event
 *	queue its elements --> copy, write each status
 *	queue an interrupt
 *	element per batch  --> interrupt, stop        --> read statuses in order
 *	                                                  commit events
 *	                       go on                  <-- write Restart
 *
 * The event is reserved before the AFU knows of the request, so that the handler
 * always finds room for it.  If a program reads too slowly, its next submission
 * fails (EBUSY), and no completion is lost.
 */
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cxl-copy.h"

/* Process control register of the per-process window */
#define CXL_COPY_PCTRL			0x18
#define CXL_COPY_PCTRL_RESTART		BIT_ULL(63)

/* The only AFU interrupt in use */
#define CXL_COPY_IRQ			1

/* An element copies up to the next multiple of this in its destination */
#define CXL_COPY_PIECE			SZ_32K

/* Requests per interrupt */
#define CXL_COPY_BATCH			16

/*
 * Room for all requests, and for as many interrupts, since each batch has at
 * least one request.  A power of two, because the ring's counters wrap around.
 */
#define CXL_COPY_RING			(2 * CXL_COPY_MAX_REQUESTS)
static_assert(!(CXL_COPY_RING & (CXL_COPY_RING - 1)));

/**
 * struct cxl_copy_work - a request, or an interrupt, in the work queue
 * @cookie: of the request
 * @destination: of the request
 * @length: of the request in bytes; 0: an interrupt element instead
 * @done: bytes whose elements are finished
 * @copied: bytes copied correctly, counted from the start
 * @status: CXL_COPY_OK, or the status of the first element that failed
 */
struct cxl_copy_work {
	u64 cookie;
	u64 destination;
	u64 length;
	u64 done;
	u64 copied;
	enum cxl_copy_status status;
};

/**
 * struct cxl_copy_context - an AFU descriptor
 * @afu: holds a reference
 * @link: entry of cxl_copy_afu.contexts while started, guarded by its lock
 * @ctx: context of the cxl core; its private pointer points here
 * @events: event queue for the completions
 * @registers: per-process window of the AFU, valid while @running
 * @lock: guards the following members, and the counters of @queue
 * @running: requests are accepted and finished
 * @queue: work queue shared with the AFU
 * @works: ring with the contents of @queue, in the same order; the driver needs
 *	a copy of its own, since the program can scribble on the queue
 * @head: counts the entries put into @works
 * @tail: counts the entries taken from it
 *
 * It belongs to the file and is freed by the last close.
 */
struct cxl_copy_context {
	struct cxl_copy_afu *afu;
	struct list_head link;
	struct cxl_context *ctx;
	struct cxl_event_queue *events;
	void __iomem *registers;

	spinlock_t lock;	/* guards what follows */
	bool running;
	struct cxl_copy_queue queue;
	struct cxl_copy_work works[CXL_COPY_RING];
	unsigned int head;
	unsigned int tail;
};

static struct cxl_copy_work *oldest_work(struct cxl_copy_context *copy)
{
	return &copy->works[copy->tail % CXL_COPY_RING];
}

/* Bytes of the element that copies to @destination, with @left to be copied */
static u32 piece_length(u64 destination, u64 left)
{
	return min_t(u64, left,
		     CXL_COPY_PIECE - destination % CXL_COPY_PIECE);
}

static void complete_work(struct cxl_copy_context *copy,
			  const struct cxl_copy_work *work,
			  enum cxl_copy_status status)
{
	struct cxl_copy_completion completion = {
		.cookie = work->cookie,
		.status = status,
		.copied = work->copied,
	};

	/* Room is reserved, so this can only fail if no reader is left. */
	cxl_event_queue_commit(copy->events, &completion, sizeof(completion));
}

/* Returns whether all elements of @work are finished. */
static bool collect_work(struct cxl_copy_context *copy,
			 struct cxl_copy_work *work)
{
	enum cxl_copy_result result;
	u32 piece;

	do {
		result = cxl_copy_queue_result(&copy->queue);
		if (result == CXL_COPY_ELEMENT_BUSY)
			return false;
		cxl_copy_queue_remove(&copy->queue);

		piece = piece_length(work->destination + work->done,
				     work->length - work->done);
		work->done += piece;
		if (work->status != CXL_COPY_OK)
			continue;
		if (result == CXL_COPY_ELEMENT_DONE)
			work->copied += piece;
		else if (result == CXL_COPY_ELEMENT_ADDRESS_ERROR)
			work->status = CXL_COPY_ADDRESS_ERROR;
		else
			work->status = CXL_COPY_FAILED;
	} while (work->done < work->length);

	return true;
}

/* Send the events of all requests that are finished. */
static void collect(struct cxl_copy_context *copy)
{
	struct cxl_copy_work *work;

	lockdep_assert_held(&copy->lock);
	for (; copy->tail != copy->head; copy->tail++) {
		work = oldest_work(copy);
		if (!collect_work(copy, work))
			break;
		if (work->length)
			complete_work(copy, work, work->status);
	}
}

/* Harmless if the AFU is not stopped */
static void restart(struct cxl_copy_context *copy)
{
	lockdep_assert_held(&copy->lock);
	iowrite64be(CXL_COPY_PCTRL_RESTART, copy->registers + CXL_COPY_PCTRL);
	cxl_psa_written(copy->ctx, CXL_COPY_PCTRL);
}

static irqreturn_t cxl_copy_interrupt(int irq, void *cookie)
{
	struct cxl_copy_context *copy = cookie;

	spin_lock(&copy->lock);
	if (copy->running) {
		collect(copy);
		restart(copy);
	}
	spin_unlock(&copy->lock);
	return IRQ_HANDLED;
}

/*
 * Submitting
 */

static void add_work(struct cxl_copy_context *copy,
		     const struct cxl_copy_work *work)
{
	copy->works[copy->head++ % CXL_COPY_RING] = *work;
}

/* Is there room for @elements and an interrupt, in the queue and the ring? */
static bool has_room(const struct cxl_copy_context *copy, u32 elements)
{
	return copy->queue.size - copy->queue.used > elements &&
	       copy->head - copy->tail <= CXL_COPY_RING - 2;
}

static int add_request(struct cxl_copy_context *copy,
		       const struct cxl_copy_request *request)
{
	u64 done, unused;
	u32 piece;
	int ret;

	lockdep_assert_held(&copy->lock);
	if (!request->length || request->length > CXL_COPY_MAX_LENGTH ||
	    check_add_overflow(request->source, request->length, &unused) ||
	    check_add_overflow(request->destination, request->length, &unused))
		return -EINVAL;

	if (!has_room(copy, DIV_ROUND_UP(request->destination % CXL_COPY_PIECE +
					 request->length, CXL_COPY_PIECE)))
		return -EBUSY;
	ret = cxl_event_queue_reserve(copy->events);
	if (ret)
		return ret == -ENOSPC ? -EBUSY : -EIO;

	add_work(copy, &(struct cxl_copy_work) {
		.cookie = request->cookie,
		.destination = request->destination,
		.length = request->length,
	});
	for (done = 0; done < request->length; done += piece) {
		piece = piece_length(request->destination + done,
				     request->length - done);
		cxl_copy_queue_add_copy(&copy->queue, request->source + done,
					request->destination + done, piece);
	}
	return 0;
}

/* Returns the number of requests taken, or why the first one was not. */
static int submit_batch(struct cxl_copy_context *copy,
			const struct cxl_copy_request *requests, u32 count)
{
	u32 taken;
	int ret = -EIO;

	spin_lock_irq(&copy->lock);
	for (taken = 0; copy->running && taken < count; taken++) {
		ret = add_request(copy, &requests[taken]);
		if (ret)
			break;
	}
	if (taken) {
		add_work(copy, &(struct cxl_copy_work) {});
		cxl_copy_queue_add_interrupt(&copy->queue, CXL_COPY_IRQ);
		restart(copy);
	}
	spin_unlock_irq(&copy->lock);
	return taken ?: ret;
}

static long cxl_copy_submit(struct cxl_copy_context *copy,
			    const struct cxl_copy_submit __user *user_arg)
{
	const struct cxl_copy_request __user *user_requests;
	struct cxl_copy_request requests[CXL_COPY_BATCH];
	struct cxl_copy_submit arg;
	u32 taken = 0;
	u32 count;
	int ret = 0;

	if (copy_from_user(&arg, user_arg, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved)
		return -EINVAL;
	if (current->mm != copy->queue.mm)
		return -EPERM;

	user_requests = u64_to_user_ptr(arg.requests);
	while (taken < arg.count) {
		count = min_t(u32, arg.count - taken, CXL_COPY_BATCH);
		if (copy_from_user(requests, user_requests + taken,
				   count * sizeof(*requests))) {
			ret = -EFAULT;
			break;
		}
		ret = submit_batch(copy, requests, count);
		if (ret < 0)
			break;
		taken += ret;
		if (ret < count)
			break;
	}
	/* Not "taken ?: ret": ret would be converted to unsigned. */
	if (taken)
		return taken;
	return ret;
}

/*
 * Start, stop, file operations
 */

static int start_context(struct cxl_copy_context *copy, u64 queue_address)
{
	struct cxl_copy_afu *afu = copy->afu;
	int ret;

	lockdep_assert_held(&afu->lock);
	if (!afu->pdev)
		return -ENODEV;
	if (!afu->online)
		return -EIO;
	copy->ctx = cxl_dev_context_init(afu->pdev);
	if (IS_ERR(copy->ctx))
		return PTR_ERR(copy->ctx);
	cxl_set_priv(copy->ctx, copy);

	copy->events = cxl_event_queue_create(copy->ctx, CXL_COPY_MAX_REQUESTS,
					      sizeof(struct cxl_copy_completion));
	if (IS_ERR(copy->events)) {
		ret = PTR_ERR(copy->events);
		goto err_release;
	}
	ret = cxl_allocate_afu_irqs(copy->ctx, CXL_COPY_IRQ);
	if (ret)
		goto err_events;
	if (cxl_map_afu_irq(copy->ctx, CXL_COPY_IRQ, cxl_copy_interrupt, copy,
			    afu->name) <= 0) {
		ret = -ENOMEM;
		goto err_irqs;
	}
	ret = cxl_start_context(copy->ctx,
				cxl_copy_queue_wed(&copy->queue, queue_address),
				current);
	if (ret)
		goto err_unmap_irq;
	/* The link went down, or the AFU's registers cannot be mapped. */
	copy->registers = cxl_psa_map(copy->ctx);
	if (!copy->registers) {
		ret = -EIO;
		goto err_stop;
	}

	spin_lock_irq(&copy->lock);
	copy->running = true;
	spin_unlock_irq(&copy->lock);
	list_add(&copy->link, &afu->contexts);
	return 0;

err_stop:
	cxl_stop_context(copy->ctx);
err_unmap_irq:
	cxl_unmap_afu_irq(copy->ctx, CXL_COPY_IRQ, copy);
err_irqs:
	cxl_free_afu_irqs(copy->ctx);
err_events:
	cxl_event_queue_destroy(copy->events);
err_release:
	cxl_release_context(copy->ctx);
	return ret;
}

/*
 * Stop the AFU's work for a context for good.  Send the events first: once the
 * context is stopped, a reader gets EIO when it has read all events, and each
 * request should have its event by then.
 */
static void stop_context(struct cxl_copy_context *copy)
{
	struct cxl_copy_work *work;

	lockdep_assert_held(&copy->afu->lock);
	list_del_init(&copy->link);

	spin_lock_irq(&copy->lock);
	collect(copy);
	copy->running = false;
	for (; copy->tail != copy->head; copy->tail++) {
		work = oldest_work(copy);
		if (work->length)
			complete_work(copy, work, CXL_COPY_CANCELLED);
	}
	spin_unlock_irq(&copy->lock);

	cxl_stop_context(copy->ctx);
	cxl_unmap_afu_irq(copy->ctx, CXL_COPY_IRQ, copy);
	cxl_free_afu_irqs(copy->ctx);
	cxl_psa_unmap(copy->registers);
}

/**
 * cxl_copy_stop_all() - stop all contexts; their descriptors stay open
 * @afu: the AFU, with its lock held
 */
void cxl_copy_stop_all(struct cxl_copy_afu *afu)
{
	struct cxl_copy_context *copy, *next;

	list_for_each_entry_safe(copy, next, &afu->contexts, link)
		stop_context(copy);
}

static long cxl_copy_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct cxl_copy_context *copy;

	if (cmd != CXL_COPY_SUBMIT)
		return cxl_fd_ioctl(file, cmd, arg);
	copy = cxl_get_priv(cxl_fops_get_context(file));
	return cxl_copy_submit(copy, (void __user *)arg);
}

static int cxl_copy_release(struct inode *inode, struct file *file)
{
	struct cxl_copy_context *copy =
		cxl_get_priv(cxl_fops_get_context(file));
	int ret;

	mutex_lock(&copy->afu->lock);
	if (!list_empty(&copy->link))
		stop_context(copy);
	mutex_unlock(&copy->afu->lock);

	ret = cxl_fd_release(inode, file);
	cxl_event_queue_destroy(copy->events);
	cxl_copy_queue_destroy(&copy->queue);
	cxl_copy_afu_put(copy->afu);
	kvfree(copy);
	return ret;
}

/* Not const: cxl_get_fd() adds the standard operations. */
static struct file_operations cxl_copy_context_fops = {
	.owner = THIS_MODULE,
	.release = cxl_copy_release,
	.unlocked_ioctl = cxl_copy_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * cxl_copy_context_open() - start a context on the calling process
 * @afu: the AFU
 * @arg: where the work queue is
 *
 * Context: process context of the process.
 * Return: file descriptor, or errors as CXL_COPY_GET_FD.
 */
int cxl_copy_context_open(struct cxl_copy_afu *afu,
			  const struct cxl_copy_get_fd *arg)
{
	struct cxl_copy_context *copy;
	struct file *file;
	int ret;
	int fd;

	copy = kvzalloc(sizeof(*copy), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;
	copy->afu = afu;
	spin_lock_init(&copy->lock);
	INIT_LIST_HEAD(&copy->link);
	ret = cxl_copy_queue_init(&copy->queue, arg->queue_address,
				  arg->queue_size);
	if (ret)
		goto err_free;

	mutex_lock(&afu->lock);
	ret = start_context(copy, arg->queue_address);
	if (ret)
		goto err_unlock;
	file = cxl_get_fd(copy->ctx, &cxl_copy_context_fops, &fd);
	if (IS_ERR_OR_NULL(file)) {
		ret = file ? PTR_ERR(file) : -ENOMEM;
		goto err_stop;
	}
	cxl_copy_afu_get(afu);
	mutex_unlock(&afu->lock);

	/* The file owns everything from here on, and may be closed at once. */
	fd_install(fd, file);
	return fd;

err_stop:
	stop_context(copy);
	cxl_event_queue_destroy(copy->events);
	cxl_release_context(copy->ctx);
err_unlock:
	mutex_unlock(&afu->lock);
	cxl_copy_queue_destroy(&copy->queue);
err_free:
	kvfree(copy);
	return ret;
}
