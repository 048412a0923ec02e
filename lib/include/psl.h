/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpsl: the card's half of a CAPI 1.0 accelerator, in software.
 *
 * An AFU in a hardware description language has a bus to the card's power service
 * layer (PSL).  This is a PSL for the AFU's simulator.  Once per clock it is shown
 * what the AFU drives, and says what the AFU sees next:
 *
 *	struct psl_ah ah = { 0 };	what the AFU drives
 *	struct psl_ha ha;		what the PSL drives
 *
 *	at each rising edge of ha_pclock:
 *		fill ah with the values that ah_* had just before the edge
 *		psl_clock(psl, &ah, &ha);
 *		drive ha_* with ha, from just after the edge on
 *
 * Memory, interrupts and MMIO are its host's business (struct psl_host_ops).
 * <psl_card.h> is a host, too: the AFU of a software card.
 *
 * Nothing here blocks or makes a thread, but for what the host does.  A struct
 * psl belongs to one thread.
 *
 * Bit 0 of a signal is its most significant bit, so that a signal is a plain
 * number here: ah_cabt[0:2] = 3'd3 is cabt = 3.  Wide data are bytes: bits 0:7
 * of brdata are brdata[0].
 */
#ifndef _PSL_H
#define _PSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PSL_LINE	128	/* bytes of a cache line */
#define PSL_BEAT	64	/* bytes of a beat: a line is two of them */

/* ha_jcom */
enum psl_job_code {
	PSL_JOB_TIMEBASE = 0x42,
	PSL_JOB_LLCMD = 0x45,
	PSL_JOB_RESET = 0x80,
	PSL_JOB_START = 0x90,
};

/* ha_jea of PSL_JOB_LLCMD; the context's handle is in the low 16 bits */
#define PSL_LLCMD_TERMINATE	(0x0001ULL << 48)
#define PSL_LLCMD_REMOVE	(0x0002ULL << 48)
#define PSL_LLCMD_ADD		(0x0005ULL << 48)

/* ah_com */
enum psl_command_code {
	PSL_INTREQ = 0x0000,
	PSL_RESTART = 0x0001,
	PSL_FLUSH = 0x0100,
	PSL_PUSH_I = 0x0140,
	PSL_PUSH_S = 0x0150,
	PSL_LOCK = 0x016b,
	PSL_UNLOCK = 0x017b,
	PSL_CAS_E_4B = 0x0180,
	PSL_CAS_NE_4B = 0x0181,
	PSL_CAS_U_4B = 0x0182,
	PSL_CAS_E_8B = 0x0183,
	PSL_CAS_NE_8B = 0x0184,
	PSL_CAS_U_8B = 0x0185,
	PSL_TOUCH_I = 0x0240,
	PSL_TOUCH_S = 0x0250,
	PSL_TOUCH_M = 0x0260,
	PSL_READ_CL_NA = 0x0a00,
	PSL_READ_CL_S = 0x0a50,
	PSL_READ_PE = 0x0a52,
	PSL_READ_CL_M = 0x0a60,
	PSL_READ_CL_RES = 0x0a67,
	PSL_READ_CL_LCK = 0x0a6b,
	PSL_READ_PNA = 0x0e00,
	PSL_WRITE_NA = 0x0d00,
	PSL_WRITE_INJ = 0x0d10,
	PSL_WRITE_MI = 0x0d60,
	PSL_WRITE_C = 0x0d67,
	PSL_WRITE_UNLOCK = 0x0d6b,
	PSL_WRITE_MS = 0x0d70,
	PSL_EVICT_I = 0x1140,
	PSL_ZERO_M = 0x1260,
};

/* ah_cabt: what a command does whose page is not there */
enum psl_abort_mode {
	PSL_STRICT = 0,		/* waits for it */
	PSL_ABORT = 1,		/* PAGED, then FLUSHED until RESTART */
	PSL_PAGE = 2,		/* the same */
	PSL_PREF = 3,		/* FAULT; the software is not asked for the page */
	PSL_SPEC = 7,		/* the same */
};

/* ha_response */
enum psl_response_code {
	PSL_DONE = 0,
	PSL_AERROR = 1,
	PSL_DERROR = 3,
	PSL_NLOCK = 4,
	PSL_NRES = 5,
	PSL_FLUSHED = 6,
	PSL_FAULT = 7,
	PSL_FAILED = 8,
	PSL_PAGED = 10,
	PSL_CONTEXT = 11,
	PSL_COMP_EQ = 12,
	PSL_COMP_NEQ = 13,
	PSL_CAS_INV = 14,
};

/**
 * struct psl_ah - signals from the AFU to the PSL, without the prefix ah_
 *
 * Of data that come with a valid signal the values do not matter without it.
 * Parity is odd: the bit is 1 when the number of ones in what it guards is even.
 */
struct psl_ah {
	/* Job */
	bool jrunning;
	bool jdone;
	bool jcack;
	uint64_t jerror;
	bool jyield;
	bool tbreq;
	bool paren;
	/* Command */
	bool cvalid;
	uint8_t ctag;
	bool ctagpar;
	uint16_t com;			/* 13 bits */
	bool compar;
	uint8_t cabt;			/* 3 bits */
	uint64_t cea;
	bool ceapar;
	uint16_t cch;
	uint16_t csize;			/* 12 bits, in bytes */
	/* Buffer read: brdata comes brlat + 1 cycles after ha.brvalid */
	uint8_t brlat;			/* 4 bits; 1 or 3 */
	uint8_t brdata[PSL_BEAT];
	uint8_t brpar;			/* bit 7: brdata[0..7] */
	/* MMIO */
	bool mmack;
	uint64_t mmdata;
	bool mmdatapar;
};

/**
 * struct psl_ha - signals from the PSL to the AFU, without the prefix ha_
 *
 * What comes without its valid signal is 0.
 */
struct psl_ha {
	/* Job */
	bool jval;
	uint8_t jcom;
	bool jcompar;
	uint64_t jea;
	bool jeapar;
	/* Command */
	uint8_t croom;
	/* Buffer read */
	bool brvalid;
	uint8_t brtag;
	bool brtagpar;
	uint8_t brad;			/* 6 bits; 0 or 1 */
	/* Buffer write; bwpar is that of the previous cycle's bwdata */
	bool bwvalid;
	uint8_t bwtag;
	bool bwtagpar;
	uint8_t bwad;			/* 6 bits; 0 or 1 */
	uint8_t bwdata[PSL_BEAT];
	uint8_t bwpar;			/* bit 7: bwdata[0..7] */
	/* Response */
	bool rvalid;
	uint8_t rtag;
	bool rtagpar;
	uint8_t response;
	uint16_t rcredits;		/* 9 bits, signed */
	uint8_t rcachestate;		/* 2 bits; always 0 */
	uint16_t rcachepos;		/* 13 bits; always 0 */
	/* MMIO */
	bool mmval;
	bool mmcfg;
	bool mmrnw;
	bool mmdw;
	uint32_t mmad;			/* 24 bits: address / 4 */
	bool mmadpar;
	uint64_t mmdata;
	bool mmdatapar;
};

struct psl;
struct psl_access;
struct psl_mmio;

/**
 * struct psl_host_ops - what a PSL needs of the machine that it is in
 * @access: start to do @access, and return soon. psl_access_done() says when it is
 *	done: at once, or later from @poll
 * @poll: called in each clock: call psl_access_done() for what has been done
 * @interrupt: raise interrupt @number, from 1. Return false if the context does
 *	not have that
 * @error: the AFU has ended the job with an error, maybe before it ran. In directed
 *	mode any end is an error, and this is called for each context
 * @timebase: the time base, for an AFU that asks for it. Optional: then 0
 * @report: a line of text for the user, without a newline: what rule the AFU has
 *	broken, say. Optional
 *
 * @host of all of them is psl_create()'s.
 */
struct psl_host_ops {
	void (*access)(void *host, struct psl_access *access);
	void (*poll)(void *host);
	bool (*interrupt)(void *host, uint16_t handle, uint32_t number);
	void (*error)(void *host, uint16_t handle, uint64_t value);
	uint64_t (*timebase)(void *host);
	void (*report)(void *host, const char *text);
};

enum psl_access_type {
	PSL_ACCESS_LOAD,
	PSL_ACCESS_STORE,
	PSL_ACCESS_TOUCH,		/* as a load, without the data */
	PSL_ACCESS_TOUCH_STORE,		/* as a store, without changing anything */
	PSL_ACCESS_COMPARE_SWAP,	/* at once, as seen from the program */
};

/**
 * struct psl_access - an access to a context's memory
 * @type: what to do
 * @handle: of the context
 * @no_wait: fail by EAGAIN when it has to wait for a page. A host that cannot
 *	tell may ignore it
 * @ea: effective address; an access does not cross a line
 * @size: bytes, at most PSL_LINE; 4 or 8 for PSL_ACCESS_COMPARE_SWAP
 * @data: what to store, or what was loaded. PSL_ACCESS_COMPARE_SWAP: the bytes that
 *	are expected, replaced by those found
 * @swap: PSL_ACCESS_COMPARE_SWAP: what to store if @data is found
 * @next, @error: for the host, as long as the access is going on
 *
 * It belongs to the host from psl_host_ops.access() to psl_access_done().
 */
struct psl_access {
	enum psl_access_type type;
	uint16_t handle;
	bool no_wait;
	uint64_t ea;
	uint32_t size;
	uint8_t data[PSL_LINE];
	uint8_t swap[8];
	struct psl_access *next;
	int error;
};

/**
 * psl_access_done() - an access is done, or has failed
 * @psl: PSL
 * @access: as given to psl_host_ops.access(); not to be used any more
 * @error: 0 or a number of <errno.h>. EFAULT: a bad address (AERROR to the AFU);
 *	EAGAIN: see @no_wait of struct psl_access (PAGED); ESTALE: the context is
 *	gone (FAULT); any other: the data is lost (DERROR)
 */
void psl_access_done(struct psl *psl, struct psl_access *access, int error);

/**
 * struct psl_mmio - an access to the AFU's registers
 * @config: to the descriptor and configuration space
 * @read: a load
 * @size: 4 or 8 bytes
 * @address: a multiple of @size, below 64 MiB
 * @handle: of the context whose access this is, or PSL_NO_CONTEXT. It waits
 *	until the AFU knows the context. If the job ends before, it is not answered in
 *	directed mode; in dedicated mode it is done then
 * @data: what to store, or what was loaded, as a number; all ones when the AFU
 *	does not answer
 * @done: called once the AFU has acknowledged it, or is reset before (@answered is
 *	false then). It may start another and free this one
 * @next: for the PSL
 */
struct psl_mmio {
	bool config;
	bool read;
	uint8_t size;
	uint32_t address;
	int32_t handle;
	uint64_t data;
	void (*done)(void *host, struct psl_mmio *mmio, bool answered);
	struct psl_mmio *next;
};

#define PSL_NO_CONTEXT	(-1)

/* Start an access; those are done one at a time, in order. */
void psl_mmio(struct psl *psl, struct psl_mmio *mmio);

/**
 * struct psl_descriptor - what the AFU says about itself
 * @interrupts: that a context has at least
 * @processes: contexts it can serve
 * @config_records: its number
 * @modes: CXL_MODE_* of <misc/cxl.h>
 * @config_length: bytes of each record
 * @config_offset: of the first, in the configuration space
 * @ids: the first 16 bytes of the first record, as in memory: vendor, device,
 *	command, status, revision, class (little-endian, as of PCI)
 * @psa: it has a problem state area
 * @pp_psa: a part of that is for each context
 * @pp_length: bytes of that
 * @pp_offset: where the first is, in the problem state area
 * @eb_length: bytes of the error buffer
 * @eb_offset: where it is, in the configuration space
 */
struct psl_descriptor {
	uint16_t interrupts;
	uint16_t processes;
	uint16_t config_records;
	uint32_t modes;
	uint64_t config_length;
	uint64_t config_offset;
	uint8_t ids[16];
	bool psa;
	bool pp_psa;
	uint64_t pp_length;
	uint64_t pp_offset;
	uint64_t eb_length;
	uint64_t eb_offset;
};

/**
 * struct psl_disorder - what a real card may do, too; all 0: nothing of it
 * @seed: of the dice: the same one gives the same order
 * @delay: percent of the cycles in which a command that is ready has to wait
 * @reorder: percent of the cases in which the next one is not the oldest
 * @paged: percent of the accesses that are answered PAGED although the page is
 *	there
 * @bogus: percent of the reads of which data are delivered twice, wrong ones first
 */
struct psl_disorder {
	uint64_t seed;
	uint8_t delay;
	uint8_t reorder;
	uint8_t paged;
	uint8_t bogus;
};

/**
 * struct psl_options - how a PSL is to be
 * @credits: commands that the AFU may have at a time, 1 to 255; 0: 64
 * @disorder: what is out of order
 */
struct psl_options {
	uint8_t credits;
	struct psl_disorder disorder;
};

/**
 * psl_create() - make a PSL
 * @options: how it is to be, or NULL for the usual
 * @ops: host; must live as long as the PSL
 * @host: given to all of them
 *
 * It resets the AFU first, then reads its descriptor.
 *
 * Return: the PSL, to be given back by psl_destroy(), or NULL: ENOMEM, EINVAL (an
 * option is out of its range).
 */
struct psl *psl_create(const struct psl_options *options,
		       const struct psl_host_ops *ops, void *host);

/* No access may be going on. NULL is nothing to destroy. */
void psl_destroy(struct psl *psl);

/**
 * psl_clock() - one clock
 * @psl: PSL
 * @ah: what the AFU drove just before the rising edge
 * @ha: set to what the PSL drives from then on
 */
void psl_clock(struct psl *psl, const struct psl_ah *ah, struct psl_ha *ha);

/* Clocks since psl_create() */
uint64_t psl_cycles(const struct psl *psl);

/* Clocks since neither side did anything */
uint64_t psl_quiet_cycles(const struct psl *psl);

/**
 * psl_is_idle() - would time pass in vain?
 * @psl: PSL
 *
 * Return: true when neither side has anything to do or to wait for: no command, no
 * MMIO, no job command, and nothing of it in the last 20 clocks. Without a job that is
 * running it then can only go on when the host calls a function of the PSL.
 */
bool psl_is_idle(const struct psl *psl);

/* Is a job running, by ah_jrunning? */
bool psl_is_running(const struct psl *psl);

/* What the AFU says about itself, NULL until that has been read. */
const struct psl_descriptor *psl_descriptor(const struct psl *psl);

/**
 * psl_set_mode() - reset the AFU, and what it is to do after
 * @psl: PSL
 * @mode: CXL_MODE_DEDICATED, CXL_MODE_DIRECTED of <misc/cxl.h>, or 0: nothing
 *
 * Contexts are forgotten; what they had going on ends without an answer. Accesses
 * that the host has yet to finish are not lost, but their result is.
 */
void psl_set_mode(struct psl *psl, uint32_t mode);

/**
 * psl_attach() - start a context
 * @psl: PSL
 * @handle: its process element, less than the AFU's processes; 0 in dedicated mode
 * @wed: work element descriptor
 *
 * The AFU is told as soon as it can be: of the first one by start, then, in
 * directed mode, by LLCMD add.
 *
 * Return: 0, or -1: EINVAL (the AFU has no such), EBUSY (it is attached, and was not
 * detached, or the AFU is in dedicated mode and has one).
 */
int psl_attach(struct psl *psl, uint16_t handle, uint64_t wed);

/**
 * psl_detach() - stop a context
 * @psl: PSL
 * @handle: its process element; of one that is not attached: nothing happens
 *
 * From now on its commands are answered FAULT or CONTEXT. In directed mode the AFU is
 * told by LLCMD terminate, then remove; in dedicated mode it is reset. The handle
 * can be attached again at once: the AFU is told in order.
 */
void psl_detach(struct psl *psl, uint16_t handle);

/**
 * psl_rules_broken() - how often the AFU has broken rules
 * @psl: PSL
 *
 * Each rule is told of once, by psl_host_ops.report(). The simulation goes on.
 */
uint64_t psl_rules_broken(const struct psl *psl);

#ifdef __cplusplus
}
#endif

#endif
