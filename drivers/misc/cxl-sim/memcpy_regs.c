// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of the memcpy AFU: plain memory, which programs write at any time.
 * At each turn of a context the engine looks at its registers, and restores
 * those that are read-only for programs.
 */
#include <linux/atomic.h>
#include <linux/irqflags.h>

#include "memcpy_afu.h"

/* Registers of a context */
struct memcpy_regs {
	__be64 wed;
	__be64 ph;
	__be64 status;
	__be64 pctrl;
	__be64 reserved[4];
	__be64 tb;
};

static_assert(offsetof(struct memcpy_regs, tb) == 0x40);

#define PH_PE_SHIFT		48
#define PCTRL_RESTART		BIT_ULL(63)
#define PCTRL_TERMINATE		BIT_ULL(62)

/* Global registers */
struct memcpy_global_regs {
	__be64 cfg;
};

#define CFG_STOP_ON_INVALID	BIT_ULL(61)

void memcpy_set_status(struct sim_pe *pe, u64 status)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);

	ctx->status = status;
	sim_reg_set(&regs->status, status);
}

void memcpy_restore_regs(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);

	sim_reg_set(&regs->wed, sim_pe_wed_reg(pe));
	sim_reg_set(&regs->ph, (u64)sim_pe_num(pe) << PH_PE_SHIFT);
	sim_reg_set(&regs->status, ctx->status);
}

/* Clear Restart-pending; fully ordered if it was set. */
void memcpy_clear_restart(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);
	__be64 old;

	if (!sim_reg_get(&regs->pctrl))
		return;
	old = (__force __be64)xchg((__force u64 *)&regs->pctrl, 0);
	if (be64_to_cpu(old) & PCTRL_TERMINATE)
		ctx->terminate = true;
}

bool memcpy_restart_pending(struct sim_pe *pe)
{
	struct memcpy_regs *regs = sim_pe_regs(pe);

	return sim_reg_get(&regs->pctrl) & PCTRL_RESTART;
}

bool memcpy_terminate_requested(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);

	return ctx->terminate || (sim_reg_get(&regs->pctrl) & PCTRL_TERMINATE);
}

bool memcpy_stop_on_invalid(struct sim_pe *pe)
{
	struct memcpy_global_regs *regs = sim_pe_global_regs(pe);

	return sim_reg_get(&regs->cfg) & CFG_STOP_ON_INVALID;
}

/* Show the time at which the context starts. */
void memcpy_deliver_timebase(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);

	sim_pe_show_timebase(pe, &regs->tb, &ctx->tb);
}

/* Any value but the engine's last one is a request. */
void memcpy_serve_timebase(struct sim_pe *pe)
{
	struct memcpy_context *ctx = sim_pe_priv(pe);
	struct memcpy_regs *regs = sim_pe_regs(pe);

	if (!sim_pe_answer_timebase(pe, &regs->tb, &ctx->tb))
		return;
	/* The program polls, and will ask again. */
	sim_pe_active(pe);
	sim_pe_watch_closely(pe);
}

/* The AFU was reset. */
void memcpy_reset_global_regs(struct sim_afu *afu)
{
	struct memcpy_global_regs *regs = sim_afu_global_regs(afu);

	sim_reg_set(&regs->cfg, 0);
}
