// SPDX-License-Identifier: GPL-2.0-only
/*
 * A context as one program knows it: from the time it is told of it until the
 * context is detached or the program is gone.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "user.h"

static void free_context(struct kref *ref)
{
	kfree(container_of(ref, struct sim_user_context, ref));
}

/**
 * sim_user_context_put() - drop a reference to a context
 * @ctx: context
 *
 * Context: any but hard interrupt.
 */
void sim_user_context_put(struct sim_user_context *ctx)
{
	kref_put(&ctx->ref, free_context);
}

/**
 * sim_user_is_stale() - has the AFU stopped working for the context?
 * @ctx: context; the AFU's turn mutex is held
 */
bool sim_user_is_stale(const struct sim_user_context *ctx)
{
	lockdep_assert_held(&ctx->user->afu->turn);
	return !ctx->pe || sim_pe_is_dead(ctx->pe);
}

/**
 * sim_user_find() - find a context by the names that the program uses
 * @user: AFU; its turn mutex is held
 * @num: process element, any number
 * @id: ID of the context
 *
 * Return: the context with a reference, or NULL.
 */
struct sim_user_context *sim_user_find(struct sim_user *user, unsigned int num,
				       u64 id)
{
	struct sim_user_context *ctx;
	struct sim_user_pe *upe;
	struct sim_pe *pe;

	lockdep_assert_held(&user->afu->turn);
	if (user->stopped)
		return NULL;
	pe = xa_load(&user->afu->pes, num);
	if (!pe)
		return NULL;
	upe = sim_pe_priv(pe);
	ctx = upe->ctx;
	if (!ctx || ctx->id != id)
		return NULL;
	kref_get(&ctx->ref);
	return ctx;
}

/**
 * sim_user_context_at() - the context of a process element
 * @user: AFU; its lock is held
 * @num: process element, any number
 *
 * Return: the context, valid as long as the lock is held, or NULL.
 */
struct sim_user_context *sim_user_context_at(struct sim_user *user,
					     unsigned int num)
{
	struct sim_user_pe *upe;
	struct sim_pe *pe;

	lockdep_assert_held(&user->lock);
	/* Detach takes this lock before it frees the process element. */
	pe = xa_load(&user->afu->pes, num);
	if (!pe)
		return NULL;
	upe = sim_pe_priv(pe);
	return upe->ctx;
}

/**
 * sim_user_psa_written() - the doorbell of a process element has rung
 * @afu: AFU
 * @num: process element, any number
 *
 * The program is told at once.  But the doorbell rings before the store is
 * made, and the program may look too early: so the engine looks once more, at
 * the latest when the program has nothing else to do.
 *
 * Context: any.
 * Return: false if the program cannot be told here.
 */
bool sim_user_psa_written(struct sim_afu *afu, unsigned int num)
{
	struct sim_user *user = afu->user;
	struct sim_user_context *ctx;
	bool told;

	/* user->lock is taken with interrupts enabled. */
	if (!in_task() || irqs_disabled())
		return false;
	spin_lock(&user->lock);
	ctx = sim_user_context_at(user, num);
	told = ctx && ctx->answered && user->serving;
	if (told && sim_user_ring(ctx))
		user->look_again = true;
	spin_unlock(&user->lock);
	return told;
}

/**
 * sim_user_set_polling() - does the program look at the registers by itself?
 * @ctx: context
 * @polling: else it wants doorbells
 *
 * Return: 0, -ESTALE or -EINTR.
 */
int sim_user_set_polling(struct sim_user_context *ctx, bool polling)
{
	struct sim_user *user = ctx->user;
	int ret = -ESTALE;

	if (mutex_lock_killable(&user->afu->turn))
		return -EINTR;
	if (sim_user_is_stale(ctx))
		goto unlock;
	spin_lock(&user->lock);
	ctx->polling = polling;
	sim_user_ring(ctx);
	spin_unlock(&user->lock);
	/* While it rested, the engine did not look. */
	if (!polling)
		sim_pe_ring(ctx->pe);
	ret = 0;
unlock:
	mutex_unlock(&user->afu->turn);
	return ret;
}

static void set_context(struct sim_pe *pe, struct sim_user_context *ctx)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);

	lockdep_assert_held(&pe->afu->turn);
	spin_lock_irq(&pe->afu->lock);
	upe->ctx = ctx;
	spin_unlock_irq(&pe->afu->lock);
}

/**
 * sim_user_context_new() - create a context that no program knows yet
 * @user: AFU
 * @pe: process element
 *
 * Return: the context with a reference, or NULL.
 */
struct sim_user_context *sim_user_context_new(struct sim_user *user,
					      struct sim_pe *pe)
{
	struct sim_user_context *ctx;

	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return NULL;
	kref_init(&ctx->ref);
	INIT_LIST_HEAD(&ctx->changed);
	ctx->user = user;
	ctx->num = pe->elem.pe;
	ctx->wed = pe->elem.wed;
	ctx->amr = pe->elem.amr;
	ctx->master = pe->elem.master;
	ctx->kernel = sim_pe_is_kernel(pe);
	ctx->num_irqs = pe->elem.num_irqs;
	sim_pe_window_range(pe, &ctx->window, &ctx->window_size);
	return ctx;
}

/**
 * sim_user_introduce() - make a context known to the program
 * @ctx: new context; the AFU's turn mutex is held
 * @pe: process element
 *
 * Return: 0, or -EIO if there is no program.
 */
int sim_user_introduce(struct sim_user_context *ctx, struct sim_pe *pe)
{
	struct sim_user *user = ctx->user;
	int ret = -EIO;

	lockdep_assert_held(&user->afu->turn);
	spin_lock(&user->lock);
	if (user->serving) {
		ctx->id = user->next_id++;
		ctx->pe = pe;
		kref_get(&ctx->ref);
		set_context(pe, ctx);
		sim_user_context_tell(ctx, SIM_TELL(ATTACH));
		ret = 0;
	}
	spin_unlock(&user->lock);
	return ret;
}

/**
 * sim_user_sever() - end all that the program has to do with a process element
 * @pe: process element; the AFU's turn mutex is held
 */
void sim_user_sever(struct sim_pe *pe)
{
	struct sim_user_pe *upe = sim_pe_priv(pe);
	struct sim_user_context *ctx = upe->ctx;
	struct sim_user *user = pe->afu->user;

	lockdep_assert_held(&pe->afu->turn);
	if (!ctx)
		return;
	sim_user_ops_end(upe, -ESTALE);
	ctx->pe = NULL;
	/* The next context gets the window: revoke it from this one's file. */
	if (ctx->mapped && user->mapping)
		unmap_mapping_range(user->mapping, ctx->window,
				    ctx->window_size, 1);
	spin_lock(&user->lock);
	set_context(pe, NULL);
	sim_user_mmio_end(user, ctx);
	sim_user_context_ended(ctx);
	/* The next program wants doorbells. */
	if (ctx->polling)
		sim_pe_ring(pe);
	spin_unlock(&user->lock);
	sim_user_context_put(ctx);
}
