/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bus errors in MMIO accesses.
 *
 *	sigjmp_buf jump, *outer;
 *
 *	if (!sigbus_handled())
 *		access without;
 *	if (sigsetjmp(jump, 0))
 *		a bus error ended the access; sigbus_disarm(outer);
 *	outer = sigbus_arm(&jump);
 *	access;
 *	sigbus_disarm(outer);
 *
 * This does not save the signal mask, which would cost a system call in each
 * access: the handler restores that of the moment of the fault.
 */
#ifndef _LIBCXL_SIGBUS_H
#define _LIBCXL_SIGBUS_H

#include <setjmp.h>
#include <stdbool.h>

/*
 * Where a bus error in this thread goes, or NULL.  Only this thread and its
 * signal handlers look at it.  In the static TLS block, so that the handler
 * finds it without calling anything.
 */
extern __thread sigjmp_buf *volatile libcxl_sigbus_jump
	__attribute__((tls_model("initial-exec")));

/* Whether cxl_mmio_install_sigbus_handler() was called */
bool libcxl_sigbus_handled(void);

static inline sigjmp_buf *sigbus_arm(sigjmp_buf *jump)
{
	sigjmp_buf *outer = libcxl_sigbus_jump;

	libcxl_sigbus_jump = jump;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return outer;
}

/* @outer: that of an access that a signal handler interrupted, or NULL */
static inline void sigbus_disarm(sigjmp_buf *outer)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	libcxl_sigbus_jump = outer;
}

#endif
