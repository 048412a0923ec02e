/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an AFU model supplies, and what it can use.  A new AFU is one file with
 * a struct sim_afu_model, and a line in sim_afu_models[] (afu.c).
 *
 * A model never blocks.  The engine (engine.c) calls its @turn for one context
 * at a time; the model does a bounded amount of work and returns.  It accesses
 * memory only through the functions below.  Any of them can return
 * -EINPROGRESS: the page is not present, and the core has been asked for it.
 * The model must then return SIM_TURN_PARKED at once.  When the core has
 * answered, @turn is called again and must repeat the same access, which now
 * succeeds or returns -EFAULT.  So a model keeps its progress in its context's
 * private data, and must be able to repeat a step that it has begun.
 */
#ifndef _CXL_SIM_AFU_MODEL_H
#define _CXL_SIM_AFU_MODEL_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

#include <asm/byteorder.h>

#include <uapi/misc/cxl.h>

struct cxl_mmio;
struct seq_file;
struct sim_afu;
struct sim_pe;

/**
 * enum sim_turn - how a context's turn ended
 * @SIM_TURN_MORE: there is more to do: call again at its next turn
 * @SIM_TURN_IDLE: nothing to do: call again when its window is written to, or
 *	after a delay that grows with the time since sim_pe_active()
 * @SIM_TURN_SLEEP: nothing to do until its window is written to: call again
 *	then, and a few more times before the doorbell is armed
 * @SIM_TURN_REST: nothing to do until sim_pe_ring()
 * @SIM_TURN_DELAY: call again after the delay that the user injected
 * @SIM_TURN_PARKED: an access returned -EINPROGRESS
 */
enum sim_turn {
	SIM_TURN_MORE,
	SIM_TURN_IDLE,
	SIM_TURN_SLEEP,
	SIM_TURN_REST,
	SIM_TURN_DELAY,
	SIM_TURN_PARKED,
};

/**
 * struct sim_afu_hooks - callbacks of a model that needs more than turns
 * @start: the AFU is about to be registered with the core; 0 or an errno
 * @registered: the AFU has been registered; 0 or an errno
 * @unregister: the AFU is about to be unregistered: end all waiting. May be
 *	called more than once
 * @stop: the reverse of @start; never called without it
 * @attached: the engine knows the context. May wait, but killably and briefly;
 *	@detach and @unregister end the wait. Return 0, or an errno: then the
 *	context is not attached
 * @detach: the engine has forgotten the context; turn mutex held
 * @irqs_changed: @elem.num_irqs of the context has changed; turn mutex held
 * @was_reset: called after @reset; may wait as @attached may
 * @link_changed: the link went down, and work has stopped; or it came up
 * @page_is_there: whether a page of the problem state area shows the AFU's
 *	memory; else it reads as all ones. Called under a context's status_mutex
 * @mmio: access a trapped register, as in struct cxl_backend_ops; @detach and
 *	@unregister end the wait
 * @psa_written: the doorbell of process element @num, which may not exist, has
 *	rung. Called in any context. Return false if the model cannot be told
 *	here: the engine then gives the context a turn soon. After true the
 *	model wakes the engine itself, at the latest when it has nothing else to
 *	do
 *
 * Called in process context, and without the turn mutex unless noted.
 */
struct sim_afu_hooks {
	int (*start)(struct sim_afu *afu);
	int (*registered)(struct sim_afu *afu);
	void (*unregister)(struct sim_afu *afu);
	void (*stop)(struct sim_afu *afu);
	int (*attached)(struct sim_pe *pe);
	void (*detach)(struct sim_pe *pe);
	void (*irqs_changed)(struct sim_pe *pe);
	void (*was_reset)(struct sim_afu *afu);
	void (*link_changed)(struct sim_afu *afu, bool up);
	bool (*page_is_there)(struct sim_afu *afu, u64 offset);
	int (*mmio)(struct sim_afu *afu, unsigned int pe,
		    struct cxl_mmio *mmio);
	bool (*psa_written)(struct sim_afu *afu, unsigned int num);
};

/**
 * struct sim_afu_model - an AFU
 * @name: value of the configfs attribute "model"
 * @modes: default of the modes, CXL_MODE_*
 * @pp_offset: where in the problem state area the windows begin, a multiple of
 *	64 KiB, which is the largest page; the global registers are before it
 * @pp_size: bytes of each process's window, likewise
 * @psa_size: minimum size of the area; it always has room for all windows
 * @irqs_min: default of the interrupts that every context needs
 * @cr_vendor: default vendor ID of the configuration records
 * @cr_device: default device ID
 * @cr_class: default class code, 24 bits
 * @priv_size: bytes of private data for each context, zeroed at attach
 * @attach: a context starts: set up private data and registers; the engine
 *	does not know it yet
 * @turn: work for a context, for as long as sim_turn_charge() allows
 * @reset: the AFU is reset: set up the global registers and the error buffer
 * @show: optional: print a context's private data as " name=value" words
 * @hooks: optional
 *
 * All functions are called in process context, all but @attach with the AFU's
 * turn mutex held.
 */
struct sim_afu_model {
	const char *name;
	u32 modes;
	u64 pp_offset;
	u64 pp_size;
	u64 psa_size;
	unsigned int irqs_min;
	u16 cr_vendor;
	u16 cr_device;
	u32 cr_class;
	size_t priv_size;
	void (*attach)(struct sim_pe *pe);
	enum sim_turn (*turn)(struct sim_pe *pe);
	void (*reset)(struct sim_afu *afu);
	void (*show)(struct sim_pe *pe, struct seq_file *s);
	const struct sim_afu_hooks *hooks;
};

extern const struct sim_afu_model sim_memcpy_afu;
extern const struct sim_afu_model sim_crc_afu;
extern const struct sim_afu_model sim_user_afu;

/*
 * A context
 */

/* Private data, priv_size bytes */
void *sim_pe_priv(struct sim_pe *pe);
/* The page of registers at the start of its window; shared with programs */
void *sim_pe_regs(struct sim_pe *pe);
/*
 * Any other place in its window, valid to the end of the page. NULL: that page
 * was never touched, so all of it is 0.
 */
void *sim_pe_window(struct sim_pe *pe, u64 offset);
/*
 * Any place in the AFU's problem state area, valid to the end of the page.
 * NULL beyond the end of the area, or when memory is short.
 */
void *sim_afu_psa(struct sim_afu *afu, u64 offset);
/* The AFU's global registers; shared with master contexts */
void *sim_pe_global_regs(struct sim_pe *pe);
void *sim_afu_global_regs(struct sim_afu *afu);
/* The AFU's error buffer of *@size bytes, which may be 0 */
void *sim_pe_err_buff(struct sim_pe *pe, size_t *size);
void *sim_afu_err_buff(struct sim_afu *afu, size_t *size);
unsigned int sim_pe_num(const struct sim_pe *pe);
u64 sim_pe_wed(const struct sim_pe *pe);
/* The same for a register, where all ones would mean a dead card */
u64 sim_pe_wed_reg(const struct sim_pe *pe);
/* Its effective addresses are kernel addresses, not those of a process */
bool sim_pe_is_kernel(const struct sim_pe *pe);

/* Something happened: the context is not idle */
void sim_pe_active(struct sim_pe *pe);
/* From now on look more often, relative to the idle time */
void sim_pe_watch_closely(struct sim_pe *pe);
/* Count a finished element of work */
void sim_pe_count_element(struct sim_pe *pe);
/* Microseconds to wait (SIM_TURN_DELAY) before each element, usually 0 */
unsigned int sim_pe_delay_us(const struct sim_pe *pe);
/*
 * Show the card's time base, in ticks of the CPU's cycle counter and never 0, in
 * a register, and store the same value in @shown.
 */
void sim_pe_show_timebase(struct sim_pe *pe, __be64 *reg, u64 *shown);
/*
 * Any value in @reg but the one last shown is a request for the time base.  It
 * is shown when the program can see it at once, maybe after this returns.
 * Return whether there was a request.
 */
bool sim_pe_answer_timebase(struct sim_pe *pe, __be64 *reg, u64 *shown);

/**
 * sim_turn_charge() - account work done in this turn
 * @pe: context
 * @cost: in units of a byte copied
 *
 * Return: true while the turn may go on.
 */
bool sim_turn_charge(struct sim_pe *pe, unsigned int cost);

/**
 * sim_turn_run() - work until the turn is over
 * @pe: context whose turn it is
 * @step: does one piece of work; returns SIM_TURN_MORE if another can follow
 * @cost: of each piece, beside what @step charges
 *
 * Return: what the last piece returned.
 */
static __always_inline enum sim_turn
sim_turn_run(struct sim_pe *pe, enum sim_turn (*step)(struct sim_pe *),
	     unsigned int cost)
{
	enum sim_turn result;

	do {
		result = step(pe);
	} while (result == SIM_TURN_MORE && sim_turn_charge(pe, cost));
	return result;
}

/**
 * sim_pe_interrupt() - raise an AFU interrupt
 * @pe: context
 * @irq: number, from 1
 *
 * Return: 0, or -EINVAL: the context does not have that interrupt.
 */
int sim_pe_interrupt(struct sim_pe *pe, unsigned int irq);

/* Is @irq one of the context's interrupts? */
bool sim_pe_has_interrupt(const struct sim_pe *pe, unsigned int irq);

/* Report an AFU error; what @error means is up to the AFU */
void sim_pe_error(struct sim_pe *pe, u64 error);

/*
 * Registers are big-endian, as all of CAPI is, and programs access them at any
 * time.
 */

static inline u64 sim_reg_get(const __be64 *reg)
{
	return be64_to_cpu(READ_ONCE(*reg));
}

/* Does not dirty the cache line if the register has that value already */
static inline void sim_reg_set(__be64 *reg, u64 val)
{
	if (READ_ONCE(*reg) != cpu_to_be64(val))
		WRITE_ONCE(*reg, cpu_to_be64(val));
}

/*
 * Memory
 *
 * All return 0, -EINPROGRESS (return SIM_TURN_PARKED now) or -EFAULT (address
 * error).
 */

/**
 * sim_mem_turn() - how the turn ends after an access that is to be repeated
 * @error: -EINPROGRESS, -EAGAIN or -EBUSY
 */
static inline enum sim_turn sim_mem_turn(int error)
{
	if (error == -EINPROGRESS)
		return SIM_TURN_PARKED;
	return error == -EBUSY ? SIM_TURN_IDLE : SIM_TURN_MORE;
}

int sim_mem_read(struct sim_pe *pe, u64 ea, void *buf, unsigned int len);
int sim_mem_write(struct sim_pe *pe, u64 ea, const void *buf,
		  unsigned int len);

/**
 * sim_mem_copy() - copy memory to memory
 * @pe: context
 * @dst: to
 * @src: from; overlapping ranges are copied as by memmove()
 * @len: bytes
 * @done: bytes done by earlier calls for this copy, 0 at first; updated
 *
 * Return: as above, or -EAGAIN: this turn is used up, call again in the next.
 */
int sim_mem_copy(struct sim_pe *pe, u64 dst, u64 src, u32 len, u32 *done);

/**
 * sim_mem_cmpxchg() - atomically replace a word, in memory byte order
 * @pe: context of a process: there is no safe way at kernel addresses
 * @ea: address; -EFAULT unless it is a multiple of @width
 * @width: 4 or 8
 * @old: expected value; set to the value found
 * @new: value to store
 *
 * Return: as above; -EAGAIN: @old was not found there; -EBUSY: the page is in
 * use elsewhere, try again at the context's next turn.
 */
int sim_mem_cmpxchg(struct sim_pe *pe, u64 ea, unsigned int width, u64 *old,
		    u64 new);

#endif /* _CXL_SIM_AFU_MODEL_H */
