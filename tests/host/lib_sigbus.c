// SPDX-License-Identifier: GPL-2.0-only
/* Bus errors: whose they are, and who handles them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

/* The area ends here; accesses beyond it are bus errors. */
#define CUT	0x1000

static struct cxl_afu_h *map_cut(void)
{
	struct cxl_afu_h *afu;

	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
	afu = cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s"));
	require(afu, "%m");
	require_ok(cxl_afu_attach(afu, 0));
	require_ok(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN));
	fake_cut_memory(CUT);
	return afu;
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	check_eq(sig, SIGBUS);
	signals++;
}

/* The status of a child that runs @function with a mapped AFU */
static int child_status(struct cxl_afu_h *afu, void (*function)(void *afu))
{
	int status;
	pid_t pid = require_ok(fork());

	if (!pid) {
		function(afu);
		_exit(7);
	}
	require_ok(waitpid(pid, &status, 0));
	return status;
}

static void read_behind_end(void *afu)
{
	uint64_t value;

	cxl_mmio_read64(afu, CUT, &value);
}

static void check_killed(int status)
{
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	      "status %#x", status);
}

static void bus_errors_are_caught(void)
{
	struct cxl_afu_h *afu = map_cut();
	sigset_t mask, before, after;
	uint64_t value;
	uint32_t half;
	int i;

	require_ok(cxl_mmio_install_sigbus_handler());
	require_ok(cxl_mmio_install_sigbus_handler());
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	sigprocmask(SIG_BLOCK, NULL, &before);
	for (i = 0; i < 3; i++) {
		value = 0;
		half = 0;
		check_errno(cxl_mmio_read64(afu, CUT, &value), EIO);
		check(value == UINT64_MAX);
		check_errno(cxl_mmio_read32(afu, CUT, &half), EIO);
		check_eq(half, UINT32_MAX);
		check_errno(cxl_mmio_write64(afu, CUT, 1), EIO);
		check_errno(cxl_mmio_write32(afu, CUT, 1), EIO);
		check_eq(cxl_mmio_write64(afu, CUT - 8, 5), 0);
		check_eq(cxl_mmio_read64(afu, CUT - 8, &value), 0);
		check_eq(value, 5);
	}
	sigprocmask(SIG_BLOCK, NULL, &after);
	check_eq(sigismember(&after, SIGBUS), 0);
	check_eq(sigismember(&after, SIGUSR1), 1);
	check_mem_eq(&before, &after, 8);
	cxl_afu_free(afu);
}

static void without_handler_bus_errors_kill(void)
{
	struct cxl_afu_h *afu = map_cut();

	check_killed(child_status(afu, read_behind_end));
	cxl_afu_free(afu);
}

static volatile char touched;

static void touch(void *address)
{
	touched = *(volatile char *)address;
}

/* A bus error of the program's own, after one that was caught */
static void touch_behind_end(void *afu)
{
	void *ptr;

	check_eq(cxl_mmio_ptr(afu, &ptr), 0);
	read_behind_end(afu);
	touch((char *)ptr + CUT);
}

static void other_bus_errors_kill_as_before(void)
{
	struct cxl_afu_h *afu = map_cut();

	require_ok(cxl_mmio_install_sigbus_handler());
	check_killed(child_status(afu, touch_behind_end));
	cxl_afu_free(afu);
}

static void send_signal(void *afu)
{
	(void)afu;
	raise(SIGBUS);
}

static void sent_signal_kills_as_before(void)
{
	struct cxl_afu_h *afu = map_cut();

	require_ok(cxl_mmio_install_sigbus_handler());
	check_killed(child_status(afu, send_signal));
	cxl_afu_free(afu);
}

static void ignored_signal_is_ignored(void)
{
	struct cxl_afu_h *afu = map_cut();
	int status;

	signal(SIGBUS, SIG_IGN);
	require_ok(cxl_mmio_install_sigbus_handler());
	status = child_status(afu, send_signal);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%#x", status);
	/* An access that cannot be made is not repeated for ever. */
	check_killed(child_status(afu, touch_behind_end));
	cxl_afu_free(afu);
}

static sigjmp_buf program_jump;
static int fault_code;
static void *fault_address;

static void on_program_fault(int sig, siginfo_t *info, void *context)
{
	check_eq(sig, SIGBUS);
	check(context);
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(program_jump, 1);
}

static void other_bus_errors_go_to_the_programs_handler(void)
{
	struct sigaction action = {
		.sa_sigaction = on_program_fault,
		.sa_flags = SA_SIGINFO,
	};
	struct cxl_afu_h *afu = map_cut();

	sigaction(SIGBUS, &action, NULL);
	require_ok(cxl_mmio_install_sigbus_handler());
	if (!sigsetjmp(program_jump, 1)) {
		touch_behind_end(afu);
		fail("no fault");
	}
	check_eq(fault_code, BUS_ADRERR);
	fault_code = 0;
	read_behind_end(afu);
	check_eq(fault_code, 0);
	cxl_afu_free(afu);
}

static void sent_signal_goes_to_the_programs_handler(void)
{
	signal(SIGBUS, count_signal);
	require_ok(cxl_mmio_install_sigbus_handler());
	raise(SIGBUS);
	check_eq(signals, 1);
}

static void check_mask(int sig)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	check_eq(sigismember(&mask, sig), 1);
	check_eq(sigismember(&mask, SIGUSR1), 0);
	check_eq(sigismember(&mask, SIGUSR2), 1);
	check_eq(sigismember(&mask, SIGALRM), 1);
	signals++;
}

/* It runs with the signals blocked that it asked for, and those blocked before. */
static void programs_handler_has_its_mask(void)
{
	struct sigaction action = { .sa_handler = check_mask };
	sigset_t mask;

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGBUS, &action, NULL);
	require_ok(cxl_mmio_install_sigbus_handler());
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	raise(SIGBUS);
	check_eq(signals, 1);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	check_eq(sigismember(&mask, SIGUSR2), 0);
	check_eq(sigismember(&mask, SIGALRM), 1);
}

static bool stop;	/* atomic */

static void *access_until_stopped(void *afu)
{
	int errors = 0;
	uint64_t value;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		errors += cxl_mmio_read64(afu, 0, &value) != 0;
	check_eq(errors, 0);
	return NULL;
}

/* A signal that merely arrives during an access does not belong to it. */
static void sent_signal_is_no_bus_error(void)
{
	struct cxl_afu_h *afu = map_cut();
	pthread_t thread;
	int i;

	signal(SIGBUS, count_signal);
	require_ok(cxl_mmio_install_sigbus_handler());
	require(!pthread_create(&thread, NULL, access_until_stopped, afu));
	for (i = 0; i < 300; i++) {
		pthread_kill(thread, SIGBUS);
		while (signals <= i)
			sched_yield();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	check_eq(signals, 300);
	cxl_afu_free(afu);
}

/* The access of one thread does not excuse another's bus error. */
static void *access_for_ever(void *afu)
{
	uint64_t value;

	for (;;)
		cxl_mmio_read64(afu, CUT, &value);
	return NULL;
}

static void touch_beside_thread(void *afu)
{
	pthread_t thread;
	void *ptr;

	require(!pthread_create(&thread, NULL, access_for_ever, afu));
	usleep(20 * 1000);
	check_eq(cxl_mmio_ptr(afu, &ptr), 0);
	touch((char *)ptr + CUT);
}

static void each_thread_has_its_own(void)
{
	struct cxl_afu_h *afu = map_cut();

	require_ok(cxl_mmio_install_sigbus_handler());
	check_killed(child_status(afu, touch_beside_thread));
	cxl_afu_free(afu);
}

static void *fault_often(void *afu)
{
	uint64_t value;
	int i, errors = 0;

	for (i = 0; i < 500; i++) {
		errors += cxl_mmio_read64(afu, CUT, &value) == -1;
		errors += cxl_mmio_read64(afu, 0, &value) == -1;
	}
	check_eq(errors, 500);
	return NULL;
}

static void threads_fault_at_once(void)
{
	struct cxl_afu_h *afu = map_cut();
	pthread_t threads[4];
	unsigned int i;

	require_ok(cxl_mmio_install_sigbus_handler());
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		require(!pthread_create(&threads[i], NULL, fault_often, afu));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	cxl_afu_free(afu);
}

static void *install(void *unused)
{
	check_eq(cxl_mmio_install_sigbus_handler(), 0);
	return unused;
}

/* If it were installed twice, it would pass signals on to itself. */
static void installing_at_once_installs_once(void)
{
	pthread_t threads[8];
	unsigned int i;

	signal(SIGBUS, count_signal);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		require(!pthread_create(&threads[i], NULL, install, NULL));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	raise(SIGBUS);
	check_eq(signals, 1);
}

static struct cxl_afu_h *interrupted;
static unsigned int *answered;		/* atomic, shared with the sender */

static void access_in_handler(int sig)
{
	uint64_t value;

	(void)sig;
	check_errno(cxl_mmio_read64(interrupted, CUT, &value), EIO);
	__atomic_add_fetch(answered, 1, __ATOMIC_RELAXED);
}

/* One at a time, or there would be no time for anything else. */
static void send_signals(pid_t to)
{
	unsigned int sent;

	for (sent = 1; !kill(to, SIGUSR1); sent++)
		while (__atomic_load_n(answered, __ATOMIC_RELAXED) < sent)
			sched_yield();
}

static void *access_and_be_interrupted(void *afu)
{
	int others = 0;
	uint64_t value;

	while (__atomic_load_n(answered, __ATOMIC_RELAXED) < 200)
		others += cxl_mmio_read64(afu, CUT, &value) != -1;
	signal(SIGUSR1, SIG_IGN);
	check_eq(others, 0);
	return NULL;
}

/*
 * An access in a signal handler does not disarm the access it interrupts. In a
 * thread, because valgrind cannot deliver signals on a stack that must grow.
 */
static void accesses_nest(void)
{
	struct cxl_afu_h *afu = map_cut();
	pthread_t thread;
	sigset_t mask;
	pid_t child;

	answered = mmap(NULL, sizeof(*answered), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(answered != MAP_FAILED);
	interrupted = afu;
	require_ok(cxl_mmio_install_sigbus_handler());
	signal(SIGUSR1, access_in_handler);
	require(!pthread_create(&thread, NULL, access_and_be_interrupted, afu));
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	child = require_ok(fork());
	if (!child) {
		send_signals(getppid());
		_exit(0);
	}
	pthread_join(thread, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cxl_afu_free(afu);
}

/* The access at 0 has not been made yet, and now it is a bus error. */
static void access_and_cut(int sig)
{
	uint64_t value;
	void *ptr;

	check_eq(sig, SIGSEGV);
	check_errno(cxl_mmio_read64(interrupted, CUT, &value), EIO);
	require_ok(cxl_mmio_ptr(interrupted, &ptr));
	require_ok(mprotect(ptr, CUT, PROT_READ | PROT_WRITE));
	fake_cut_memory(0);
	signals++;
}

static void *access_once(void *afu)
{
	uint64_t value;

	check_errno(cxl_mmio_read64(afu, 0, &value), EIO);
	check_eq(signals, 1);
	return NULL;
}

/* The same at the only moment that matters; in a thread, again for valgrind */
static void interrupted_access_is_still_caught(void)
{
	struct cxl_afu_h *afu = map_cut();
	pthread_t thread;
	void *ptr;

	interrupted = afu;
	require_ok(cxl_mmio_install_sigbus_handler());
	signal(SIGSEGV, access_and_cut);
	require_ok(cxl_mmio_ptr(afu, &ptr));
	require_ok(mprotect(ptr, CUT, PROT_NONE));
	require(!pthread_create(&thread, NULL, access_once, afu));
	pthread_join(thread, NULL);
	cxl_afu_free(afu);
}

static char *foreign;			/* a page whose file ends before it */

static void touch_foreign(void)
{
	if (!sigsetjmp(program_jump, 1)) {
		touch(foreign);
		fail("no fault");
	}
}

static void touch_foreign_and_go_on(int sig)
{
	void *ptr;

	check_eq(sig, SIGSEGV);
	touch_foreign();
	require_ok(cxl_mmio_ptr(interrupted, &ptr));
	require_ok(mprotect(ptr, CUT, PROT_READ | PROT_WRITE));
	signals++;
}

static void *access_well(void *afu)
{
	uint64_t value;

	check_eq(cxl_mmio_read64(afu, 0, &value), 0);
	return NULL;
}

/* A handler's bus error elsewhere is not one of the access that it interrupts. */
static void interrupted_access_has_only_its_own(void)
{
	struct sigaction action = {
		.sa_sigaction = on_program_fault,
		.sa_flags = SA_SIGINFO,
	};
	struct cxl_afu_h *afu = map_cut();
	pthread_t thread;
	void *ptr;

	foreign = mmap(NULL, CUT, PROT_READ, MAP_SHARED,
		       require_ok(memfd_create("empty", 0)), 0);
	require(foreign != MAP_FAILED);
	interrupted = afu;
	sigaction(SIGBUS, &action, NULL);
	touch_foreign();
	if (fault_address != foreign)
		skip("the kernel reports a wrong address, as QEMU's emulation of arm does");
	fault_code = 0;
	require_ok(cxl_mmio_install_sigbus_handler());
	signal(SIGSEGV, touch_foreign_and_go_on);
	require_ok(cxl_mmio_ptr(afu, &ptr));
	require_ok(mprotect(ptr, CUT, PROT_NONE));
	require(!pthread_create(&thread, NULL, access_well, afu));
	pthread_join(thread, NULL);
	check_eq(fault_code, BUS_ADRERR);
	check_eq(signals, 1);
	cxl_afu_free(afu);
}

static const struct tap_test tests[] = {
	{ "lib_sigbus.bus_errors_are_caught", bus_errors_are_caught },
	{ "lib_sigbus.without_handler_bus_errors_kill",
	  without_handler_bus_errors_kill },
	{ "lib_sigbus.other_bus_errors_kill_as_before",
	  other_bus_errors_kill_as_before },
	{ "lib_sigbus.sent_signal_kills_as_before",
	  sent_signal_kills_as_before },
	{ "lib_sigbus.ignored_signal_is_ignored", ignored_signal_is_ignored },
	{ "lib_sigbus.other_bus_errors_go_to_the_programs_handler",
	  other_bus_errors_go_to_the_programs_handler },
	{ "lib_sigbus.sent_signal_goes_to_the_programs_handler",
	  sent_signal_goes_to_the_programs_handler },
	{ "lib_sigbus.programs_handler_has_its_mask",
	  programs_handler_has_its_mask },
	{ "lib_sigbus.sent_signal_is_no_bus_error", sent_signal_is_no_bus_error },
	{ "lib_sigbus.each_thread_has_its_own", each_thread_has_its_own },
	{ "lib_sigbus.threads_fault_at_once", threads_fault_at_once },
	{ "lib_sigbus.installing_at_once_installs_once",
	  installing_at_once_installs_once },
	{ "lib_sigbus.accesses_nest", accesses_nest },
	{ "lib_sigbus.interrupted_access_is_still_caught",
	  interrupted_access_is_still_caught },
	{ "lib_sigbus.interrupted_access_has_only_its_own",
	  interrupted_access_has_only_its_own },
};

TAP_MAIN(tests)
