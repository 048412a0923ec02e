// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU interrupts.  The contexts of a card share its budget of them.  An
 * interrupt for which an AFU driver has a handler is a Linux interrupt; other
 * interrupts become events.
 *
 * The card may raise interrupts from any context and on several CPUs at once.
 * An irq_work calls the handlers in hard interrupt context, where they belong.
 * With the edge flow handler an interrupt that is raised while its handler runs
 * makes the handler run again:
 *
 *	cxl_context_interrupt()
 *	  irq_work -> generic_handle_domain_irq() -> handle_edge_irq() -> handler
 *	  or cxl_events_post_irq()
 *
 * When a handler is removed, its Linux interrupt is kept, hidden, for the next
 * one.  Disposing of it would wait for all readers of its files in /proc/irq,
 * with the kernel's lock of all interrupts held; and a reader may take for
 * ever, since another program may have to supply the memory of its buffer.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/slab.h>

#include "compat.h"
#include "cxl.h"
#include "trace.h"

/**
 * struct cxl_mapped_irq - an AFU interrupt with a handler; constant
 * @work: calls the handler
 * @hwirq: number in cxl_irq_domain
 * @virq: Linux interrupt number
 * @cookie: the AFU driver's
 */
struct cxl_mapped_irq {
	struct irq_work work;
	unsigned int hwirq;
	unsigned int virq;
	void *cookie;
};

static struct irq_domain *cxl_irq_domain;

/*
 * Guards which numbers in cxl_irq_domain are in use, and the creation of Linux
 * interrupts for them.  The numbers ever used are 0 to N, without a gap.
 */
static DEFINE_MUTEX(cxl_hwirqs_lock);
static DEFINE_IDA(cxl_hwirqs);

/* The card needs no masking, unmasking or acknowledging. */
static void cxl_irq_nothing(struct irq_data *data)
{
}

/*
 * Resend an interrupt that came while it was disabled.  Without a mapping it
 * was for the previous owner, and request_irq() is about to start it for a new
 * one.
 */
static int cxl_irq_retrigger(struct irq_data *data)
{
	struct cxl_mapped_irq *mapped = irq_data_get_irq_chip_data(data);

	if (mapped)
		irq_work_queue(&mapped->work);
	return 1;
}

/* A handler runs on the CPU where the card raised: any affinity is fine. */
static int cxl_irq_set_affinity(struct irq_data *data,
				const struct cpumask *mask, bool force)
{
	irq_data_update_effective_affinity(data, mask);
	return IRQ_SET_MASK_OK;
}

static struct irq_chip cxl_irq_chip = {
	.name = "cxl",
	.irq_ack = cxl_irq_nothing,
	.irq_mask = cxl_irq_nothing,
	.irq_unmask = cxl_irq_nothing,
	.irq_retrigger = cxl_irq_retrigger,
	.irq_set_affinity = cxl_irq_set_affinity,
};

static int cxl_irq_domain_map(struct irq_domain *domain, unsigned int virq,
			      irq_hw_number_t hwirq)
{
	irq_set_chip_and_handler_name(virq, &cxl_irq_chip, handle_edge_irq,
				      "edge");
	irq_set_noprobe(virq);
	cxl_irq_set_movable(virq);
	return 0;
}

static const struct irq_domain_ops cxl_irq_domain_ops = {
	.map = cxl_irq_domain_map,
};

/**
 * cxl_irq_init() - set up the Linux interrupts of all cards
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int cxl_irq_init(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("cxl");

	if (!fwnode)
		return -ENOMEM;
	cxl_irq_domain = irq_domain_create_tree(fwnode, &cxl_irq_domain_ops,
						NULL);
	if (cxl_irq_domain)
		return 0;
	irq_domain_free_fwnode(fwnode);
	return -ENOMEM;
}

/**
 * cxl_irq_exit() - the reverse of cxl_irq_init()
 *
 * Context: process context; waits for readers of /proc/irq.
 */
void cxl_irq_exit(void)
{
	struct fwnode_handle *fwnode = cxl_irq_domain->fwnode;
	unsigned int hwirq, virq;

	WARN_ON(!ida_is_empty(&cxl_hwirqs));
	for (hwirq = 0; (virq = irq_find_mapping(cxl_irq_domain, hwirq)); hwirq++)
		irq_dispose_mapping(virq);
	irq_domain_remove(cxl_irq_domain);
	irq_domain_free_fwnode(fwnode);
}

static int cxl_irqs_take(struct cxl_adapter *adapter, unsigned int num)
{
	int rc = -ENOSPC;

	spin_lock(&adapter->irqs_lock);
	if (num <= adapter->desc.user_irqs - adapter->irqs_used) {
		adapter->irqs_used += num;
		rc = 0;
	}
	spin_unlock(&adapter->irqs_lock);
	return rc;
}

static void cxl_irqs_put(struct cxl_adapter *adapter, unsigned int num)
{
	spin_lock(&adapter->irqs_lock);
	adapter->irqs_used -= num;
	spin_unlock(&adapter->irqs_lock);
}

/**
 * cxl_context_irqs_init() - set up the interrupts of a new context
 * @ctx: context, zeroed
 */
void cxl_context_irqs_init(struct cxl_context *ctx)
{
	mutex_init(&ctx->irqs.lock);
	xa_init_flags(&ctx->irqs.mapped, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
}

/**
 * cxl_context_irqs_alloc() - give a context interrupts 1 to @num
 * @ctx: context
 * @num: number of interrupts, may be 0
 *
 * Context: process context, ctx->status_mutex held: a context that was closed
 * for good must get none.
 * Return: 0; -EBUSY (it has interrupts already), -ENOSPC, -ENOMEM.
 */
int cxl_context_irqs_alloc(struct cxl_context *ctx, unsigned int num)
{
	struct cxl_adapter *adapter = ctx->afu->adapter;
	struct cxl_context_irqs *irqs = &ctx->irqs;
	int rc;

	lockdep_assert_held(&ctx->status_mutex);
	mutex_lock(&irqs->lock);
	if (irqs->num) {
		rc = -EBUSY;
		goto unlock;
	}
	rc = cxl_irqs_take(adapter, num);
	if (rc)
		goto unlock;
	rc = cxl_events_set_irqs(&ctx->events, num);
	if (rc)
		cxl_irqs_put(adapter, num);
	else
		WRITE_ONCE(irqs->num, num);
unlock:
	mutex_unlock(&irqs->lock);
	return rc;
}

/* Get a free Linux interrupt of the domain, or a new one. */
static int cxl_virq_get(struct cxl_mapped_irq *mapped)
{
	int hwirq;

	mutex_lock(&cxl_hwirqs_lock);
	hwirq = ida_alloc(&cxl_hwirqs, GFP_KERNEL);
	if (hwirq < 0)
		goto unlock;
	mapped->hwirq = hwirq;
	mapped->virq = irq_create_mapping(cxl_irq_domain, hwirq);
	if (!mapped->virq) {
		ida_free(&cxl_hwirqs, hwirq);
		hwirq = -ENOMEM;
		goto unlock;
	}
	irq_clear_status_flags(mapped->virq, IRQ_HIDDEN);
unlock:
	mutex_unlock(&cxl_hwirqs_lock);
	return hwirq < 0 ? hwirq : 0;
}

static void cxl_virq_put(struct cxl_mapped_irq *mapped)
{
	mutex_lock(&cxl_hwirqs_lock);
	irq_set_chip_data(mapped->virq, NULL);
	irq_set_status_flags(mapped->virq, IRQ_HIDDEN);
	ida_free(&cxl_hwirqs, mapped->hwirq);
	mutex_unlock(&cxl_hwirqs_lock);
}

/*
 * The order: nobody can raise it any more; no handler runs; no irq_work is
 * about to run one.
 */
static void cxl_irq_unmap(struct cxl_context_irqs *irqs, unsigned int num,
			  struct cxl_mapped_irq *mapped)
{
	lockdep_assert_held(&irqs->lock);
	xa_erase_irq(&irqs->mapped, num);
	free_irq(mapped->virq, mapped->cookie);
	irq_work_sync(&mapped->work);
	cxl_virq_put(mapped);
	kfree(mapped);
}

/**
 * cxl_context_irqs_free() - take a context's interrupts away
 * @ctx: context
 *
 * Interrupts that are pending as events remain readable.
 *
 * Context: process context; waits for running handlers.
 */
void cxl_context_irqs_free(struct cxl_context *ctx)
{
	struct cxl_context_irqs *irqs = &ctx->irqs;
	struct cxl_mapped_irq *mapped;
	unsigned long num;

	mutex_lock(&irqs->lock);
	xa_for_each(&irqs->mapped, num, mapped) {
		dev_warn(&ctx->afu->dev,
			 "context %d: interrupt %lu freed while it is mapped\n",
			 ctx->pe, num);
		cxl_irq_unmap(irqs, num, mapped);
	}
	cxl_irqs_put(ctx->afu->adapter, irqs->num);
	WRITE_ONCE(irqs->events, false);
	WRITE_ONCE(irqs->num, 0);
	mutex_unlock(&irqs->lock);
}

/**
 * cxl_afu_irqs_free() - take the interrupts of all contexts away
 * @afu: AFU whose contexts are closed for good
 *
 * Context: process context; waits for running handlers.
 */
void cxl_afu_irqs_free(struct cxl_afu *afu)
{
	struct cxl_context *ctx;
	unsigned long pe;

	mutex_lock(&afu->contexts_lock);
	xa_for_each(&afu->contexts, pe, ctx)
		cxl_context_irqs_free(ctx);
	mutex_unlock(&afu->contexts_lock);
}

int cxl_allocate_afu_irqs(struct cxl_context *ctx, int num)
{
	struct cxl_afu *afu = ctx->afu;
	int rc;

	if (num < 0)
		return -EINVAL;
	if (!num)
		num = afu->desc.irqs_min;

	mutex_lock(&ctx->status_mutex);
	if (ctx->gone) {
		rc = -EIO;
		goto unlock;
	}
	rc = cxl_context_irqs_alloc(ctx, num);
	if (rc || ctx->status != STARTED)
		goto unlock;
	rc = afu->adapter->ops->update_irqs(afu->data, ctx->pe, num);
	if (rc)
		cxl_context_irqs_free(ctx);
unlock:
	mutex_unlock(&ctx->status_mutex);
	return rc;
}
EXPORT_SYMBOL_GPL(cxl_allocate_afu_irqs);

void cxl_free_afu_irqs(struct cxl_context *ctx)
{
	struct cxl_afu *afu = ctx->afu;

	mutex_lock(&ctx->status_mutex);
	if (ctx->status == STARTED && ctx->irqs.num)
		afu->adapter->ops->update_irqs(afu->data, ctx->pe, 0);
	cxl_context_irqs_free(ctx);
	mutex_unlock(&ctx->status_mutex);
}
EXPORT_SYMBOL_GPL(cxl_free_afu_irqs);

static void cxl_irq_work(struct irq_work *work)
{
	struct cxl_mapped_irq *mapped =
		container_of(work, struct cxl_mapped_irq, work);

	generic_handle_domain_irq(cxl_irq_domain, mapped->hwirq);
}

static struct cxl_mapped_irq *cxl_irq_map(struct cxl_context *ctx,
					  unsigned int num,
					  irq_handler_t handler, void *cookie,
					  const char *name)
{
	struct cxl_mapped_irq *mapped;

	mapped = kzalloc(sizeof(*mapped), GFP_KERNEL_ACCOUNT);
	if (!mapped)
		return NULL;

	mapped->work = IRQ_WORK_INIT_HARD(cxl_irq_work);
	mapped->cookie = cookie;
	if (cxl_virq_get(mapped))
		goto err_free;
	if (request_irq(mapped->virq, handler, 0, name, cookie))
		goto err_virq;
	/* Not earlier: see cxl_irq_retrigger(). */
	irq_set_chip_data(mapped->virq, mapped);
	if (xa_insert_irq(&ctx->irqs.mapped, num, mapped, GFP_KERNEL))
		goto err_irq;
	return mapped;

err_irq:
	free_irq(mapped->virq, cookie);
err_virq:
	cxl_virq_put(mapped);
err_free:
	kfree(mapped);
	return NULL;
}

int cxl_map_afu_irq(struct cxl_context *ctx, int num, irq_handler_t handler,
		    void *cookie, char *name)
{
	struct cxl_context_irqs *irqs = &ctx->irqs;
	struct cxl_mapped_irq *mapped = NULL;
	int virq = 0;

	mutex_lock(&irqs->lock);
	if (num < 1 || num > irqs->num) {
		virq = -ENOENT;
		goto unlock;
	}
	if (!xa_load(&irqs->mapped, num))
		mapped = cxl_irq_map(ctx, num, handler, cookie, name);
	if (mapped)
		virq = mapped->virq;
unlock:
	mutex_unlock(&irqs->lock);
	return virq;
}
EXPORT_SYMBOL_GPL(cxl_map_afu_irq);

void cxl_unmap_afu_irq(struct cxl_context *ctx, int num, void *cookie)
{
	struct cxl_context_irqs *irqs = &ctx->irqs;
	struct cxl_mapped_irq *mapped;

	mutex_lock(&irqs->lock);
	mapped = num > 0 ? xa_load(&irqs->mapped, num) : NULL;
	if (!mapped)
		goto unlock;
	if (mapped->cookie == cookie)
		cxl_irq_unmap(irqs, num, mapped);
	else
		dev_warn(&ctx->afu->dev,
			 "context %d: interrupt %d unmapped with another cookie\n",
			 ctx->pe, num);
unlock:
	mutex_unlock(&irqs->lock);
}
EXPORT_SYMBOL_GPL(cxl_unmap_afu_irq);

static bool cxl_irq_call_handler(struct cxl_context *ctx, unsigned int irq)
{
	struct cxl_mapped_irq *mapped;
	unsigned long flags;

	xa_lock_irqsave(&ctx->irqs.mapped, flags);
	mapped = xa_load(&ctx->irqs.mapped, irq);
	if (mapped)
		irq_work_queue(&mapped->work);
	xa_unlock_irqrestore(&ctx->irqs.mapped, flags);

	return mapped;
}

int cxl_context_interrupt(struct cxl_context *ctx, unsigned int irq)
{
	if (!irq || irq > READ_ONCE(ctx->irqs.num)) {
		dev_warn_ratelimited(&ctx->afu->dev,
				     "context %d has no interrupt %u\n",
				     ctx->pe, irq);
		return -EINVAL;
	}

	trace_cxl_afu_irq(ctx, irq);
	if (cxl_irq_call_handler(ctx, irq))
		return 0;
	if (READ_ONCE(ctx->irqs.events))
		return cxl_events_post_irq(&ctx->events, irq);
	return 0;
}
EXPORT_SYMBOL_GPL(cxl_context_interrupt);
