// SPDX-License-Identifier: GPL-2.0-only
/* Trouble around a simulated AFU: programs die, the AFU is reset, jobs fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>
#include <psl.h>

#include "guest.h"
#include "tap.h"
#include "lib/cxl_test.h"

static void killed_client_harms_nobody(void)
{
	pid_t pid;
	int i;

	start();
	for (i = 0; i < 3; i++) {
		pid = start_client(false);
		end_child(&pid, SIGKILL);
		check_serves();
	}
	stop();
}

static void check_client_gets_error(pid_t pid)
{
	int status;

	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
}

static void killed_simulator_is_an_error(void)
{
	pid_t pid;
	int status;

	start();
	pid = start_client(true);
	end_child(&simulator, SIGKILL);
	check_client_gets_error(pid);
	/* afu-psl ends by itself, and removes the card. */
	require_eq(waitpid(afu_psl, &status, 0), afu_psl);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	afu_psl = 0;
	check_errno(access(FOLDER, F_OK), ENOENT);
}

static void killed_psl_is_an_error(void)
{
	pid_t pid;

	start();
	pid = start_client(true);
	end_child(&afu_psl, SIGKILL);
	check_client_gets_error(pid);
	end_child(&simulator, SIGKILL);
}

static void reset_in_mid_transfer(void)
{
	char num[16], path[64];
	FILE *file;
	pid_t pid;

	start();
	read_line(FOLDER "/num", num, sizeof(num));
	snprintf(path, sizeof(path),
		 "/sys/class/cxl/card%s/perst_reloads_same_image", num);
	file = fopen(path, "w");
	require(file && fputs("1", file) >= 0 && !fclose(file));
	pid = start_client(false);
	require_ok(sim_recovery(atoi(num), "frozen"));
	end_child(&pid, SIGKILL);
	check_serves();
	stop();
}

static void job_that_ends_with_an_error(void)
{
	struct script_entry *script = new_script();
	struct cxl_event event;
	struct cxl_afu_h *afu;

	start();
	add(&script[0], SCRIPT_FINISH, (void *)0xbad, 0);
	afu = attach(script);
	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, CXL_EVENT_AFU_ERROR);
	check_eq(event.afu_error.error, 0xbad);
	cxl_afu_free(afu);
	check_serves();
	stop();
}

/* A program does not wait for a register once the AFU is gone. */
static void killed_psl_ends_mmio(void)
{
	struct cxl_afu_h *afu;
	uint64_t value = 0;

	start();
	afu = attach_and_map(NULL);
	check_ok(cxl_mmio_read64(afu, 0x10, &value));
	check_eq(value, 0);
	end_child(&afu_psl, SIGKILL);
	cxl_mmio_read64(afu, 0x10, &value);
	check_eq(value, ~0ULL);
	cxl_afu_free(afu);
	end_child(&simulator, SIGKILL);
}

/* Wait some seconds for its end; returns its status, or -1 if it has not ended. */
static int end_status(pid_t pid)
{
	int tries, status;

	for (tries = 0; tries < 1000; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(10000);
	}
	return -1;
}

/*
 * afu-psl can be ended while it waits for an answer, as from a simulator that
 * is being debugged.
 */
static void silent_simulator_keeps_nobody(void)
{
	pid_t pid;
	int status;

	start();
	pid = start_client(true);
	require_ok(kill(simulator, SIGSTOP));
	usleep(200000);
	require_ok(kill(afu_psl, SIGTERM));
	status = end_status(afu_psl);
	require(status != -1, "afu-psl has not ended");
	afu_psl = 0;
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	check_errno(access(FOLDER, F_OK), ENOENT);
	check_client_gets_error(pid);
	end_child(&simulator, SIGKILL);
}

/* If the card is not there, that is a failure, and the status says so. */
static void missing_node_is_a_failure(void)
{
	char address[64];
	const char *argv[] = {
		"afu-psl", "--node", "/dev/cxl-sim/none.afu0", "--simulator", address, NULL,
	};
	int status;

	start_simulator(SIMULATOR, address, sizeof(address));
	afu_psl = start_child(argv, -1);
	status = end_status(afu_psl);
	require(status != -1, "afu-psl has not ended");
	afu_psl = 0;
	check(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status 0x%x", status);
	end_child(&simulator, SIGKILL);
}

static const struct tap_test tests[] = {
	TEST(psl_failure, killed_client_harms_nobody),
	TEST(psl_failure, killed_simulator_is_an_error),
	TEST(psl_failure, killed_psl_is_an_error),
	TEST(psl_failure, silent_simulator_keeps_nobody),
	TEST(psl_failure, missing_node_is_a_failure),
	TEST(psl_failure, reset_in_mid_transfer),
	TEST(psl_failure, job_that_ends_with_an_error),
	TEST(psl_failure, killed_psl_ends_mmio),
};

TAP_MAIN(tests)
