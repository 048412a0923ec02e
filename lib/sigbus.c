// SPDX-License-Identifier: LGPL-2.1-or-later
/* The SIGBUS handler. */
#define _GNU_SOURCE
#include <errno.h>
#include <ucontext.h>

#include "internal.h"
#include "sigbus.h"

__thread struct sigbus_jump *volatile libcxl_sigbus_jump
	__attribute__((tls_model("initial-exec")));

/* Guards the installation. */
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;

/* Written under the lock before the handler is installed, then constant */
static struct sigaction previous;

static bool installed;		/* written under the lock, atomic */

bool libcxl_sigbus_handled(void)
{
	return __atomic_load_n(&installed, __ATOMIC_RELAXED);
}

/* Sent by a process, or reported before anybody touched the page */
static bool can_be_ignored(const siginfo_t *info)
{
	return info->si_code <= 0 || info->si_code == BUS_MCEERR_AO;
}

/* Set the signal mask that the previous handler would have run with. */
static void set_previous_mask(const ucontext_t *interrupted)
{
	sigset_t mask;

	sigorset(&mask, &interrupted->uc_sigmask, &previous.sa_mask);
	if (!(previous.sa_flags & SA_NODEFER))
		sigaddset(&mask, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void pass_on(int sig, siginfo_t *info, void *context)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	/* The access would be repeated for ever: ignore only what can be ignored. */
	if (previous.sa_handler == SIG_IGN && can_be_ignored(info))
		return;
	if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
		sigaction(sig, &standard, NULL);
		raise(sig);
		return;
	}
	set_previous_mask(context);
	if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(sig, info, context);
	else
		previous.sa_handler(sig);
}

/* It may be that of a signal handler that has interrupted the access. */
static bool is_of_access(const struct sigbus_jump *jump, const siginfo_t *info)
{
	return info->si_code == BUS_ADRERR &&
	       (uintptr_t)info->si_addr - (uintptr_t)jump->area < jump->size;
}

/*
 * All signals are blocked: the handler of another signal could access a
 * register, and a bus error while SIGBUS is blocked ends the process.
 */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	struct sigbus_jump *jump = libcxl_sigbus_jump;
	const ucontext_t *interrupted = context;
	int error = errno;

	if (jump && is_of_access(jump, info)) {
		jump->mask = interrupted->uc_sigmask;
		siglongjmp(jump->env, 1);
	}
	pass_on(sig, info, context);
	errno = error;
}

int cxl_mmio_install_sigbus_handler(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	int ret = 0;

	sigfillset(&action.sa_mask);
	pthread_mutex_lock(&install_lock);
	if (!installed) {
		ret = sigaction(SIGBUS, NULL, &previous);
		if (!ret)
			ret = sigaction(SIGBUS, &action, NULL);
		__atomic_store_n(&installed, !ret, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&install_lock);
	return ret;
}
