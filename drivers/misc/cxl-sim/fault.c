// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation faults of contexts: an access of the engine's has failed, the
 * context is parked, and the core is asked for the page.
 */
#include "sim.h"

/* Faults in a row on the pages of one step before it is an address error */
#define MAX_FAULT_TRIES	64

/**
 * sim_pe_fault() - an access of the context whose turn it is has failed
 * @pe: context
 * @ea: address
 * @dsisr: CXL_DSISR_*
 *
 * The context is parked, and the core is asked for the page.  A program could
 * take the page away before it is used, every time: so the number of tries is
 * bounded.
 *
 * Return: -EINPROGRESS, or -EFAULT after too many tries; then the program has
 * been told.
 */
int sim_pe_fault(struct sim_pe *pe, u64 ea, u64 dsisr)
{
	struct sim_afu *afu = pe->afu;
	bool parked;

	lockdep_assert_held(&afu->turn);
	if (pe->fault_tries++ == MAX_FAULT_TRIES) {
		pe->fault_tries = 0;
		cxl_context_access_failed(pe->elem.ctx, ea, dsisr);
		return -EFAULT;
	}
	pe->faults++;

	spin_lock_irq(&afu->lock);
	parked = pe->state == SIM_PE_RUNNING;
	if (parked)
		sim_pe_set_state(pe, SIM_PE_FAULTING);
	spin_unlock_irq(&afu->lock);

	/* The core may answer before this returns. */
	if (parked)
		cxl_context_fault(pe->elem.ctx, ea, dsisr);
	return -EINPROGRESS;
}

/**
 * sim_pe_forget_fault() - the access that faulted will not be repeated
 * @pe: context whose turn it is
 *
 * The answer does not count for the next access.
 */
void sim_pe_forget_fault(struct sim_pe *pe)
{
	lockdep_assert_held(&pe->afu->turn);
	pe->unresolved = false;
	pe->fault_tries = 0;
}

/**
 * sim_pe_inject_fault() - report a fault without a failed access
 * @pe: context; @pe->afu->turn is held
 * @ea: address
 * @dsisr: CXL_DSISR_*
 *
 * The context goes on once the core has answered, whatever the answer.
 *
 * Return: 0, or -EBUSY: it has a fault already, or does no more work.
 */
int sim_pe_inject_fault(struct sim_pe *pe, u64 ea, u64 dsisr)
{
	struct sim_afu *afu = pe->afu;
	bool parked;

	lockdep_assert_held(&afu->turn);
	spin_lock_irq(&afu->lock);
	parked = pe->state == SIM_PE_RUNNABLE ||
		 pe->state == SIM_PE_WAITING || pe->state == SIM_PE_ASLEEP;
	if (parked) {
		pe->injected = true;
		sim_pe_set_state(pe, SIM_PE_FAULTING);
	}
	spin_unlock_irq(&afu->lock);
	if (!parked)
		return -EBUSY;
	pe->faults++;
	cxl_context_fault(pe->elem.ctx, ea, dsisr);
	return 0;
}

/**
 * sim_afu_fault_done() - the core's answer to sim_pe_fault()
 * @data: struct sim_afu
 * @num: process element
 * @resolved: the access can be tried again
 *
 * Context: under a spinlock of the core.
 */
void sim_afu_fault_done(void *data, unsigned int num, bool resolved)
{
	struct sim_afu *afu = data;
	struct sim_pe *pe;
	unsigned long flags;

	/* Removal takes this lock before it frees a context. */
	spin_lock_irqsave(&afu->lock, flags);
	pe = xa_load(&afu->pes, num);
	if (pe && pe->state == SIM_PE_FAULTING) {
		pe->unresolved = !resolved && !pe->injected;
		pe->injected = false;
		sim_pe_set_state(pe, SIM_PE_RUNNABLE);
	}
	spin_unlock_irqrestore(&afu->lock, flags);
	wake_up_process(afu->engine);
}
