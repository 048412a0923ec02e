/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bus errors in MMIO accesses, once the handler is installed:
 *
 *	struct sigbus_jump jump;
 *
 *	sigbus_save(&jump, area, its size);
 *	if (sigsetjmp(jump.env, 0)) {
 *		sigbus_restore(&jump);
 *		a bus error ended the access;
 *	}
 *	sigbus_arm(&jump);
 *	access;
 *	sigbus_disarm(&jump);
 *
 * The signal mask is restored to that of the fault, which the handler is given.
 * Saving it beforehand would cost a system call for each access.
 */
#ifndef _LIBCXL_SIGBUS_H
#define _LIBCXL_SIGBUS_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

/**
 * struct sigbus_jump - where a bus error in this thread jumps to
 * @area: only a bus error in this area does
 * @size: its size in bytes
 * @env: destination
 * @mask: signals that were blocked when the error happened
 * @outer: jump of the access that this one's signal handler interrupted, or
 *	NULL
 */
struct sigbus_jump {
	const void *area;
	size_t size;
	sigjmp_buf env;
	sigset_t mask;
	struct sigbus_jump *outer;
};

/*
 * Used by this thread and its signal handlers only.  In the static TLS block,
 * so that the handler finds it without calling anything.
 */
extern __thread struct sigbus_jump *volatile libcxl_sigbus_jump
	__attribute__((tls_model("initial-exec")));

/* Whether cxl_mmio_install_sigbus_handler() was called */
bool libcxl_sigbus_handled(void);

static inline void sigbus_save(struct sigbus_jump *jump, const void *area,
			       size_t size)
{
	jump->area = area;
	jump->size = size;
	jump->outer = libcxl_sigbus_jump;
}

static inline void sigbus_arm(struct sigbus_jump *jump)
{
	libcxl_sigbus_jump = jump;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void sigbus_disarm(struct sigbus_jump *jump)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	libcxl_sigbus_jump = jump->outer;
}

static inline void sigbus_restore(struct sigbus_jump *jump)
{
	sigbus_disarm(jump);
	pthread_sigmask(SIG_SETMASK, &jump->mask, NULL);
}

#endif
