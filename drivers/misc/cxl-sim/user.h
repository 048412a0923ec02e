/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AFU models that are programs: user_afu.c (what the card asks of the model),
 * user_context.c (a context as the program knows it), user_message.c (what the
 * program is told), user_request.c (what it says), user_mmio.c (accesses to
 * registers that it is asked for), user_node.c (its device node), user_memory.c,
 * user_ioctl.c and user_op.c (the memory of a context).
 *
 * The kernel never relies on the program: it waits for three of its answers
 * only, killably and briefly, and never with a lock of this driver held.
 *
 * Lock order, inside that of sim.h:
 *
 *	user->open_lock
 *	  afu->turn
 *	    user->lock
 *	      afu->lock
 *
 * mmap_lock is taken outside of afu->turn (a page fault on a mapping of the
 * node): so never fault in a program's memory with afu->turn held.
 */
#ifndef _CXL_SIM_USER_H
#define _CXL_SIM_USER_H

#include <linux/bitmap.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/misc/cxl-sim.h>

#include "sim.h"

/* What a program has to be told about a context or the AFU */
#define SIM_TELL(what)		BIT(CXL_SIM_##what)

/**
 * struct sim_user - an AFU whose model is a program
 * @dev: the device of the node; its references are ours
 * @cdev: the node
 * @afu: the AFU, its configfs item referenced
 * @uid: owner of the node
 * @gid: its group
 * @info: the first message to each program
 *
 * @open_lock: serialises open, release and the end of the AFU
 * @mapping: the node's mappings, while a program has it open; changes under
 *	@open_lock and @afu->turn both
 * @stopped: the AFU's memory is gone; guarded by @afu->turn
 * @blank: page that mappings show instead
 *
 * @lock: guards the rest
 * @gone: the AFU is going away
 * @serving: a program has the node open, and has not failed
 * @tell: SIM_TELL() of what the program has to be told about the AFU
 * @changed: contexts about which the program has to be told something, in
 *	order; each is referenced
 * @look_again: the engine has to look at windows that were written to, once the
 *	program has read all messages
 * @link_up: state of the link that the program was last told, or will be told
 * @next_id: for contexts, resets and accesses to registers
 * @reset_id: of the last reset
 * @reset_mode: the AFU's mode at that time
 * @reset_global: offset of the global registers at that time
 * @reset_done: the program has answered that reset
 * @mmios: accesses to registers that the program has not been told of, in order
 * @mmios_told: accesses that the program has been told of but not answered
 * @failed: process elements whose program is gone for good: their windows read
 *	as all ones
 * @readers: threads that wait for messages
 * @answers: threads that wait for the program's answers
 * @changes: work: applies @serving to the contexts
 */
struct sim_user {
	struct device dev;
	struct cdev cdev;
	struct sim_afu *afu;
	kuid_t uid;
	kgid_t gid;
	struct cxl_sim_info info;

	struct mutex open_lock;		/* with the turn: guards mapping */
	struct address_space *mapping;
	bool stopped;
	struct page *blank;

	spinlock_t lock;		/* guards what follows */
	bool gone;
	bool serving;
	u32 tell;
	struct list_head changed;
	bool look_again;
	bool link_up;
	u64 next_id;
	u64 reset_id;
	u32 reset_mode;
	u64 reset_global;
	bool reset_done;
	struct list_head mmios;
	struct list_head mmios_told;
	DECLARE_BITMAP(failed, SIM_MAX_PROCS);
	wait_queue_head_t readers;
	wait_queue_head_t answers;
	struct work_struct changes;
};

/**
 * struct sim_user_context - a context as one program knows it
 * @ref: held by the process element, the list @changed, and files
 * @user: the AFU
 * @id: number by which the program knows the context
 * @num: process element
 * @window: offset of its window in the problem state area
 * @window_size: its bytes
 * @wed: work element descriptor
 * @amr: authority mask register
 * @master: a master context
 * @kernel: its effective addresses are kernel addresses
 *
 * @pe: the process element, NULL once it is detached or the program is gone;
 *	guarded by @user->afu->turn
 * @mapped: its window may be mapped through its file; @user->afu->turn
 *
 * The rest is guarded by @user->lock:
 *
 * @changed: in @user->changed while @tell is not 0
 * @tell: SIM_TELL() of what the program has to be told
 * @told: the program has been told of the context
 * @ended: the context is detached, or the program is gone
 * @answered: the program has accepted or refused the context
 * @refused: the program has refused the context
 * @polling: the program looks at its registers: it needs no doorbell
 * @num_irqs: number of its interrupts
 */
struct sim_user_context {
	struct kref ref;
	struct sim_user *user;
	u64 id;
	unsigned int num;
	u64 window;
	u64 window_size;
	u64 wed;
	u64 amr;
	bool master;
	bool kernel;

	struct sim_pe *pe;
	bool mapped;

	struct list_head changed;
	u32 tell;
	bool told;
	bool ended;
	bool answered;
	bool refused;
	bool polling;
	unsigned int num_irqs;
};

enum sim_user_op_type {
	SIM_USER_READ,
	SIM_USER_WRITE,
	SIM_USER_COPY,
	SIM_USER_FILL,
	SIM_USER_COMPARE_SWAP,
};

/**
 * struct sim_user_op - an access that the engine makes for a program
 * @entry: in the context's list of accesses; guarded by the AFU's turn
 * @type: kind of access
 * @ea: effective address; of a copy, the destination
 * @src: effective address of the source of a copy
 * @len: bytes; width of a compare and swap
 * @done: bytes done
 * @buf: kernel memory to read to or to write from
 * @value: to fill with
 * @old: value to be replaced, then the value found
 * @new: value to replace it with
 * @result: 0 or an errno, valid once @over
 * @over: the access is in the list no more
 */
struct sim_user_op {
	struct list_head entry;
	enum sim_user_op_type type;
	u64 ea;
	u64 src;
	u32 len;
	u32 done;
	void *buf;
	u8 value;
	u64 old;
	u64 new;
	int result;
	struct completion over;
};

/**
 * struct sim_user_mmio - an access to a register, until the program has answered
 * @entry: in @mmios or @mmios_told of the AFU, or empty; guarded by its lock
 * @mmio: the access
 * @ctx: context; it ends the access before it ends itself
 * @id: number by which the program answers
 * @result: 0 or -EIO, valid once @over
 * @over: the access is in no list any more
 */
struct sim_user_mmio {
	struct list_head entry;
	struct cxl_mmio *mmio;
	struct sim_user_context *ctx;
	u64 id;
	int result;
	struct completion over;
};

/**
 * struct sim_user_pe - private data of a process element; afu->turn
 * @ctx: as the program knows it, referenced; NULL if no program does. Changes
 *	under @ctx->user->lock and afu->lock, too
 * @accepted: a program has accepted the context: it is attached, even when that
 *	program is gone
 * @ops: accesses to make, in order
 * @parked: the first of @ops has a fault
 * @forget: the access that has, or had, a fault was withdrawn
 */
struct sim_user_pe {
	struct sim_user_context *ctx;
	bool accepted;
	struct list_head ops;
	bool parked;
	bool forget;
};

/* How long a program may take to answer, in jiffies */
static inline unsigned long sim_user_answer_time(const struct sim_user *user)
{
	/* Not less: part of the first tick is over already. */
	return msecs_to_jiffies(user->afu->settings.answer_ms) + 1;
}

/* user_afu.c */
int sim_user_afu_init(void);
void sim_user_afu_exit(void);
unsigned int sim_user_suspends(void);
bool sim_user_was_frozen(unsigned int seen);

/*
 * Wait for an answer, by a wait function that returns what is left of its time.
 * It begins again if the program may have been frozen: 0 means too late.
 */
#define sim_user_wait(wait)						\
({									\
	unsigned int __seen;						\
	long __left;							\
									\
	do {								\
		__seen = sim_user_suspends();				\
		__left = (wait);					\
	} while (!__left && sim_user_was_frozen(__seen));		\
	__left;								\
})

void sim_user_fail(struct sim_user *user);
int sim_user_adopt(struct sim_user *user);

/* user_context.c */
struct sim_user_context *sim_user_context_at(struct sim_user *user,
					     unsigned int num);
bool sim_user_psa_written(struct sim_afu *afu, unsigned int num);
struct sim_user_context *sim_user_context_new(struct sim_user *user,
					      struct sim_pe *pe);
void sim_user_context_put(struct sim_user_context *ctx);
struct sim_user_context *sim_user_find(struct sim_user *user, unsigned int num,
				       u64 id);
bool sim_user_is_stale(const struct sim_user_context *ctx);
int sim_user_set_polling(struct sim_user_context *ctx, bool polling);
int sim_user_introduce(struct sim_user_context *ctx, struct sim_pe *pe);
void sim_user_sever(struct sim_pe *pe);

/* user_message.c */
void sim_user_tell(struct sim_user *user, u32 what);
void sim_user_context_tell(struct sim_user_context *ctx, u32 what);
bool sim_user_ring(struct sim_user_context *ctx);
void sim_user_context_ended(struct sim_user_context *ctx);
void sim_user_forget_all(struct sim_user *user);
ssize_t sim_user_read_iter(struct kiocb *iocb, struct iov_iter *to);
__poll_t sim_user_poll(struct file *file, struct poll_table_struct *poll);

/* user_mmio.c */
int sim_user_mmio(struct sim_afu *afu, unsigned int num, struct cxl_mmio *mmio);
int sim_user_mmio_done(struct sim_user *user,
		       const struct cxl_sim_request *req);
void sim_user_mmio_end(struct sim_user *user,
		       const struct sim_user_context *ctx);
void sim_user_mmio_describe(const struct sim_user *user,
			    struct cxl_sim_message *msg);
void sim_user_mmio_told(struct sim_user *user);

/* user_request.c */
int sim_user_serving(struct sim_user *user);
ssize_t sim_user_write_iter(struct kiocb *iocb, struct iov_iter *from);

/* user_node.c */
struct sim_user *sim_user_create(struct sim_afu *afu);
int sim_user_mmap_window(struct sim_user_context *ctx,
			 struct vm_area_struct *vma);
void sim_user_destroy(struct sim_user *user);

/* user_op.c */
int sim_user_op_run(struct sim_user_context *ctx, struct sim_user_op *op);
enum sim_turn sim_user_ops_turn(struct sim_pe *pe);
void sim_user_ops_end(struct sim_user_pe *upe, int result);

/* user_memory.c */
struct sim_user_context *sim_user_context_of(struct file *filp);
int sim_user_open_memory(struct sim_user_context *ctx, struct file *node);

/* user_ioctl.c */
long sim_user_memory_ioctl(struct sim_user_context *ctx, unsigned int cmd,
			   unsigned long arg);

#endif /* _CXL_SIM_USER_H */
