// SPDX-License-Identifier: GPL-2.0-only
/* The programs that the tests psl_*.c run in the guest: see guest.h. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>
#include <psl.h>

#include "guest.h"
#include "tap.h"
#include "lib/cxl_test.h"

#define LONG		1000000		/* lines: more than a test waits for */

pid_t simulator, afu_psl;
char node[32];

/*
 * The two programs
 */

void end_child(pid_t *pid, int signal)
{
	if (*pid <= 0)
		return;
	kill(*pid, signal);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* Only the card may be left: both programs die with the process of the test. */
void cleanup(void)
{
	static const char *const commands =
		"echo 0 >" FOLDER "/live; rmdir " FOLDER "/afu0 " FOLDER;

	if (!access(FOLDER, F_OK) && system(commands))
		diag("%s is left", FOLDER);
}

/* The two take turns: on one CPU, neither waits for another CPU to wake up. */
pid_t start_child(const char *const *argv, int out)
{
	pid_t pid = require_ok(fork());
	cpu_set_t cpus;

	if (pid)
		return pid;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execvp(argv[0], (char **)argv);
	_exit(127);
}

static void need_network(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		skip("a kernel without network");
	close(fd);
}

void start_simulator(const char *program, char *address, size_t size)
{
	const char *const argv[] = { program, NULL };
	char line[128];
	const char *port;
	int fds[2];
	FILE *out;

	need_network();
	require_ok(pipe(fds));
	simulator = start_child(argv, fds[1]);
	close(fds[1]);
	out = fdopen(fds[0], "r");
	require(out && fgets(line, sizeof(line), out));
	port = strrchr(line, ':');
	require(port, "%s", line);
	snprintf(address, size, "127.0.0.1%.*s", (int)strcspn(port, "\n"),
		 port);
	fclose(out);
}

void read_line(const char *path, char *text, int size)
{
	FILE *file = fopen(path, "r");

	*text = '\0';
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

/* The card is there now; afu-psl is its AFU once a context can be started. */
static void find_node(void)
{
	char num[16] = "";
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		read_line(FOLDER "/num", num, sizeof(num));
		if (*num && strcmp(num, "none"))
			break;
		usleep(10000);
	}
	require(tries < 1000);
	snprintf(node, sizeof(node), "/dev/cxl/afu%s.0s", num);
}

void start_both(const char *program, const char *option)
{
	char address[64];
	const char *const argv[] = {
		"afu-psl", "--card", CARD, "--simulator", address, option, NULL,
	};

	start_simulator(program, address, sizeof(address));
	afu_psl = start_child(argv, -1);
	find_node();
}

void start_with(const char *option)
{
	start_both(SIMULATOR, option);
}

void start(void)
{
	start_with(NULL);
}

void stop_by(int signal)
{
	int status;

	require_ok(kill(afu_psl, signal));
	require_eq(waitpid(afu_psl, &status, 0), afu_psl);
	afu_psl = 0;
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	check_errno(access(FOLDER, F_OK), ENOENT);
	end_child(&simulator, SIGKILL);
}

void stop(void)
{
	stop_by(SIGTERM);
}

/*
 * A program that attaches
 */

struct cxl_afu_h *attach(struct script_entry *script)
{
	struct cxl_afu_h *afu = NULL;
	int tries;

	/* The node appears before its AFU does. */
	for (tries = 0; tries < 1000 && !afu; tries++) {
		afu = cxl_afu_open_dev(node);
		if (afu && !cxl_afu_attach(afu, (uintptr_t)script))
			return afu;
		if (afu)
			cxl_afu_free(afu);
		afu = NULL;
		usleep(10000);
	}
	fail("%s: %m", node);
	require(false);
	return NULL;
}

void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(p != MAP_FAILED, "%m");
	return p;
}

struct script_entry *new_script(void)
{
	return map(0x10000);
}

struct script_entry *add(struct script_entry *e, uint16_t code, const void *ea,
			 uint16_t size)
{
	memset(e, 0, sizeof(*e));
	e->code = htobe16(code);
	e->ea = htobe64((uintptr_t)ea);
	e->size = htobe16(size);
	return e;
}

void add_copy(struct script_entry *e, const void *from, void *to,
	      uint32_t lines)
{
	add(e, SCRIPT_COPY, from, 0);
	e->to = htobe64((uintptr_t)to);
	e->count = htobe32(lines);
}

void add_end(struct script_entry *e)
{
	add(e, SCRIPT_END, NULL, 1);
}

bool is_done(const struct script_entry *e)
{
	return __atomic_load_n(&e->done, __ATOMIC_ACQUIRE);
}

void check_event(struct cxl_afu_h *afu, int type)
{
	struct cxl_event event;

	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, type);
}

void check_script_ends(struct cxl_afu_h *afu)
{
	check_event(afu, CXL_EVENT_AFU_INTERRUPT);
}

void pattern(uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = i * 7 ^ i >> 8;
}

/* Wait until a copy is in progress: its first lines have arrived. */
void wait_for_first(const uint8_t *to)
{
	uint8_t first = 0;
	int tries;

	for (tries = 0; tries < 2000 && !first; tries++) {
		usleep(10000);
		first = __atomic_load_n(to, __ATOMIC_ACQUIRE);
	}
	require(first);
}

/* Check that the AFU works for another program after all this. */
void check_serves(void)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(4096), *to = map(4096);
	struct cxl_afu_h *afu;

	pattern(from, 4096);
	add_copy(&script[0], from, to, 4096 / PSL_LINE);
	add_end(&script[1]);
	afu = attach(script);
	check_script_ends(afu);
	check_mem_eq(to, from, 4096);
	cxl_afu_free(afu);
}

/* Start a program that copies for a long time, and wait for its first line. */
pid_t start_client(bool wait_for_error)
{
	struct script_entry *script = new_script();
	uint8_t *memory = map((size_t)LONG * PSL_LINE);
	uint8_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cxl_event event;
	struct cxl_afu_h *afu;
	pid_t pid;

	require(shared != MAP_FAILED);
	shared[PSL_LINE] = 0x77;
	add_copy(&script[0], shared + PSL_LINE, shared, 1);
	add_copy(&script[1], memory, memory + PSL_LINE, LONG - 1);
	pid = require_ok(fork());
	if (pid) {
		wait_for_first(shared);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	afu = attach(script);
	if (!wait_for_error)
		for (;;)
			pause();
	_exit(cxl_read_event(afu, &event) ||
	      event.header.type != CXL_EVENT_AFU_ERROR ||
	      event.afu_error.error != CXL_SIM_AFU_ERROR);
}

struct cxl_afu_h *attach_and_map(struct script_entry *script)
{
	struct cxl_afu_h *afu = attach(script);

	require_ok(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN));
	return afu;
}
