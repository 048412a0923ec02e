/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what happens to contexts (each record has card, AFU and process
 * element), and the way of each event from its producer to a reader.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cxl

#if !defined(_CXL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _CXL_TRACE_H

#include <linux/tracepoint.h>

struct cxl_context;
struct cxl_events;

/* Literals, because programs that parse the format file know no enums */
#define cxl_show_event_type(type)					\
	__print_symbolic(type,						\
			 { 0, "none" },					\
			 { 1, "irq" },					\
			 { 2, "fault" },				\
			 { 3, "error" },				\
			 { 4, "driver" })

/* The AFU was told of a context, or refused it (rc) */
TRACE_EVENT(cxl_attach,
	    TP_PROTO(const struct cxl_context *ctx, u64 wed, int num_irqs,
		     int rc),
	    TP_ARGS(ctx, wed, num_irqs, rc),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(pid_t, pid)
			     __field(u64, wed)
			     __field(int, num_irqs)
			     __field(int, rc)),
	    TP_fast_assign(__entry->card = ctx->afu->adapter->num;
			   __entry->afu = ctx->afu->slice;
			   __entry->pe = ctx->pe;
			   __entry->pid = current->pid;
			   __entry->wed = wed;
			   __entry->num_irqs = num_irqs;
			   __entry->rc = rc;),
	    TP_printk("afu%u.%u pe=%u pid=%d wed=0x%016llx irqs=%d rc=%d",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      __entry->pid,
		      __entry->wed,
		      __entry->num_irqs,
		      __entry->rc)
);

/* The AFU no longer works for a context */
TRACE_EVENT(cxl_detach,
	    TP_PROTO(const struct cxl_context *ctx),
	    TP_ARGS(ctx),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)),
	    TP_fast_assign(__entry->card = ctx->afu->adapter->num;
			   __entry->afu = ctx->afu->slice;
			   __entry->pe = ctx->pe;),
	    TP_printk("afu%u.%u pe=%u",
		      __entry->card,
		      __entry->afu,
		      __entry->pe)
);

/* The AFU raised an interrupt, for an event or for a handler */
TRACE_EVENT(cxl_afu_irq,
	    TP_PROTO(const struct cxl_context *ctx, unsigned int irq),
	    TP_ARGS(ctx, irq),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(unsigned int, irq)),
	    TP_fast_assign(__entry->card = ctx->afu->adapter->num;
			   __entry->afu = ctx->afu->slice;
			   __entry->pe = ctx->pe;
			   __entry->irq = irq;),
	    TP_printk("afu%u.%u pe=%u irq=%u",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      __entry->irq)
);

/* The AFU had a translation fault, whatever comes of it */
TRACE_EVENT(cxl_pte_miss,
	    TP_PROTO(const struct cxl_context *ctx, u64 dsisr, u64 dar),
	    TP_ARGS(ctx, dsisr, dar),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(u64, dsisr)
			     __field(u64, dar)),
	    TP_fast_assign(__entry->card = ctx->afu->adapter->num;
			   __entry->afu = ctx->afu->slice;
			   __entry->pe = ctx->pe;
			   __entry->dsisr = dsisr;
			   __entry->dar = dar;),
	    TP_printk("afu%u.%u pe=%u dsisr=0x%016llx dar=0x%016llx",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      __entry->dsisr,
		      __entry->dar)
);

/* A producer reported events of a kind */
TRACE_EVENT(cxl_event_post,
	    TP_PROTO(const struct cxl_events *ev, u16 type, unsigned int count),
	    TP_ARGS(ev, type, count),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(u16, type)
			     __field(unsigned int, count)),
	    TP_fast_assign(__entry->card = ev->card;
			   __entry->afu = ev->afu;
			   __entry->pe = ev->pe;
			   __entry->type = type;
			   __entry->count = count;),
	    TP_printk("afu%u.%u pe=%u type=%s count=%u",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      cxl_show_event_type(__entry->type),
		      __entry->count)
);

/* Driver events were fetched from the AFU driver */
TRACE_EVENT(cxl_event_fetch,
	    TP_PROTO(const struct cxl_events *ev, unsigned int count),
	    TP_ARGS(ev, count),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(unsigned int, count)),
	    TP_fast_assign(__entry->card = ev->card;
			   __entry->afu = ev->afu;
			   __entry->pe = ev->pe;
			   __entry->count = count;),
	    TP_printk("afu%u.%u pe=%u count=%u",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      __entry->count)
);

/* What became of events of a kind; rc is 0 if a reader has them */
TRACE_EVENT(cxl_event_deliver,
	    TP_PROTO(const struct cxl_events *ev, u16 type, unsigned int count,
		     int rc),
	    TP_ARGS(ev, type, count, rc),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)
			     __field(u16, type)
			     __field(unsigned int, count)
			     __field(int, rc)),
	    TP_fast_assign(__entry->card = ev->card;
			   __entry->afu = ev->afu;
			   __entry->pe = ev->pe;
			   __entry->type = type;
			   __entry->count = count;
			   __entry->rc = rc;),
	    TP_printk("afu%u.%u pe=%u type=%s count=%u rc=%d",
		      __entry->card,
		      __entry->afu,
		      __entry->pe,
		      cxl_show_event_type(__entry->type),
		      __entry->count,
		      __entry->rc)
);

/* The context is closed: nothing is posted any more */
TRACE_EVENT(cxl_event_end,
	    TP_PROTO(const struct cxl_events *ev),
	    TP_ARGS(ev),
	    TP_STRUCT__entry(__field(u16, card)
			     __field(u16, afu)
			     __field(u16, pe)),
	    TP_fast_assign(__entry->card = ev->card;
			   __entry->afu = ev->afu;
			   __entry->pe = ev->pe;),
	    TP_printk("afu%u.%u pe=%u",
		      __entry->card,
		      __entry->afu,
		      __entry->pe)
);

#endif /* _CXL_TRACE_H */

/* Found by the Kbuild's -I$(src) */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
