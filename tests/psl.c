// SPDX-License-Identifier: GPL-2.0-only
/*
 * A simulated AFU behind the driver: afu-psl, a simulator at the other end of a
 * socket, and programs that attach. The AFU plays scripts from their memory.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <libcxl.h>

#include <misc/cxl-sim.h>
#include <psl.h>

#include "script.h"
#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"
#include "../examples/rtl/copycrc.h"

#define CARD		"psl"
#define FOLDER		SIM_CONFIG "/" CARD
#define SIMULATOR	"/tests/lib/psl-simulator"
#define RTL_SIMULATOR	"/tests/lib/rtl-simulator"

#define LINES		64
#define LONG		1000000		/* lines: more than a test waits for */

static pid_t simulator, afu_psl;
static char node[32];

/*
 * The two programs
 */

static void end_child(pid_t *pid, int signal)
{
	if (*pid <= 0)
		return;
	kill(*pid, signal);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* However a test ended: both die with the process that ran it. */
static void cleanup(void)
{
	static const char *const commands =
		"echo 0 >" FOLDER "/live; rmdir " FOLDER "/afu0 " FOLDER;

	if (!access(FOLDER, F_OK) && system(commands))
		diag("%s is left", FOLDER);
}

/* The two take turns: on one CPU none waits until another has woken up. */
static pid_t start_child(const char *const *argv, int out)
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

static void start_simulator(const char *program, char *address, size_t size)
{
	const char *argv[] = { program, NULL };
	char line[128];
	const char *port;
	int fds[2];
	FILE *out;

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

static void read_line(const char *path, char *text, int size)
{
	FILE *file = fopen(path, "r");

	*text = '\0';
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

/* The card is there, and afu-psl is its AFU, once a context can be started. */
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

static void need_network(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		skip("a kernel without network");
	close(fd);
}

static void start_both(const char *program, const char *option)
{
	char address[64];
	const char *argv[] = {
		"afu-psl", "--card", CARD, "--simulator", address, option, NULL,
	};

	need_network();
	start_simulator(program, address, sizeof(address));
	afu_psl = start_child(argv, -1);
	find_node();
}

static void start_with(const char *option)
{
	start_both(SIMULATOR, option);
}

static void start(void)
{
	start_with(NULL);
}

/* afu-psl ends well, and its card is gone. */
static void stop(void)
{
	int status;

	require_ok(kill(afu_psl, SIGTERM));
	require_eq(waitpid(afu_psl, &status, 0), afu_psl);
	afu_psl = 0;
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	check_errno(access(FOLDER, F_OK), ENOENT);
	end_child(&simulator, SIGKILL);
}

/*
 * A program that attaches
 */

static struct cxl_afu_h *attach(struct script_entry *script)
{
	struct cxl_afu_h *afu = NULL;
	int tries;

	/* The node appears before its AFU is there. */
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

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(p != MAP_FAILED, "%m");
	return p;
}

static struct script_entry *new_script(void)
{
	return map(0x10000);
}

static struct script_entry *add(struct script_entry *e, uint16_t code,
				const void *ea, uint16_t size)
{
	memset(e, 0, sizeof(*e));
	e->code = htobe16(code);
	e->ea = htobe64((uintptr_t)ea);
	e->size = htobe16(size);
	return e;
}

static void add_copy(struct script_entry *e, const void *from, void *to,
		     uint32_t lines)
{
	add(e, SCRIPT_COPY, from, 0);
	e->to = htobe64((uintptr_t)to);
	e->count = htobe32(lines);
}

static void add_end(struct script_entry *e)
{
	add(e, SCRIPT_END, NULL, 1);
}

static bool is_done(const struct script_entry *e)
{
	return __atomic_load_n(&e->done, __ATOMIC_ACQUIRE);
}

static void check_event(struct cxl_afu_h *afu, int type)
{
	struct cxl_event event;

	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, type);
}

static void check_script_ends(struct cxl_afu_h *afu)
{
	check_event(afu, CXL_EVENT_AFU_INTERRUPT);
}

static void pattern(uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = i * 7 ^ i >> 8;
}

/* A copy that is going on: its first lines have arrived. */
static void wait_for_first(const volatile uint8_t *to)
{
	int tries;

	for (tries = 0; tries < 2000 && !to[0]; tries++)
		usleep(10000);
	require(to[0]);
}

/*
 * Tests
 */

static void numbers_are_the_descriptors(void)
{
	static const struct {
		const char *file;
		const char *value;
	} settings[] = {
		{ "afu0/model", "user" },
		{ "afu0/num_procs", "16" },
		{ "afu0/irqs_min", "4" },
		{ "afu0/num_crs", "1" },
		{ "afu0/cr_device", "0x0450" },
	};
	char path[128], value[64];
	size_t i;

	start();
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), FOLDER "/%s", settings[i].file);
		read_line(path, value, sizeof(value));
		check_str_eq(value, settings[i].value);
	}
	stop();
}

/* Memory that nobody has touched is there when the AFU asks for it. */
static void pages_are_faulted_in(const char *option)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(LINES * PSL_LINE);
	uint8_t *to = map(LINES * PSL_LINE);
	uint8_t *fresh = map(0x10000);
	struct cxl_afu_h *afu;

	start_with(option);
	pattern(from, LINES * PSL_LINE);
	add_copy(&script[0], from, to, LINES);
	add(&script[1], PSL_READ_CL_NA, fresh, 128);
	memset(script[1].data, 0xff, 128);
	add(&script[2], PSL_ZERO_M, fresh + 0x4000, 128);
	add(&script[3], PSL_TOUCH_M, fresh + 0x8000, 128);
	add_end(&script[4]);
	afu = attach(script);
	check_script_ends(afu);
	check_eq(be32toh(script[0].counted), LINES);
	check_mem_eq(to, from, LINES * PSL_LINE);
	check_eq(script[1].response, PSL_DONE);
	check_mem_eq(script[1].data, fresh, 128);
	check_eq(script[2].response, PSL_DONE);
	check_eq(script[3].response, PSL_DONE);
	cxl_afu_free(afu);
	stop();
}

static void memory_is_paged_in(void)
{
	pages_are_faulted_in(NULL);
}

static void disorder_changes_no_data(void)
{
	pages_are_faulted_in("--bogus=50");
}

static void paged_and_restarted(void)
{
	struct script_entry *script = new_script();
	uint8_t *fresh = map(0x10000);
	struct cxl_afu_h *afu;

	start();
	add(&script[0], PSL_READ_CL_NA, fresh, 128)->abort = PSL_PAGE;
	add(&script[1], PSL_READ_CL_NA, fresh + 0x1000, 128)->abort = PSL_PAGE;
	script[1].flags = SCRIPT_RETRY;
	add(&script[2], PSL_TOUCH_I, fresh + 0x2000, 128)->abort = PSL_PREF;
	/* Until it has a page that can be written to */
	add(&script[3], PSL_WRITE_NA, fresh + 0x3000, 128)->abort = PSL_ABORT;
	script[3].flags = SCRIPT_RETRY;
	memset(script[3].data, 0x33, 128);
	add_end(&script[4]);
	afu = attach(script);
	check_script_ends(afu);
	check_eq(script[0].response, PSL_PAGED);
	check_eq(script[1].response, PSL_DONE);
	check_eq(script[2].response, PSL_FAULT);
	check_eq(script[3].response, PSL_DONE);
	check_eq(fresh[0x307f], 0x33);
	cxl_afu_free(afu);
	stop();
}

static void every_kind_of_command(void)
{
	struct script_entry *script = new_script();
	uint64_t *words = map(4096);
	struct cxl_afu_h *afu;
	uint64_t operand;

	start();
	words[0] = 5;
	add(&script[0], PSL_READ_CL_RES, words, 128);
	add(&script[1], PSL_WRITE_C, words, 8);
	memset(script[1].data, 0x11, 8);
	add(&script[2], PSL_WRITE_C, words, 8);
	add(&script[3], PSL_READ_CL_LCK, words, 128);
	add(&script[4], PSL_WRITE_UNLOCK, words, 8);
	memset(script[4].data, 0x22, 8);
	add(&script[5], PSL_CAS_E_8B, words, 16);
	operand = 0x2222222222222222ULL;
	memcpy(script[5].data, &operand, 8);
	operand = 0x3333333333333333ULL;
	memcpy(script[5].data + 8, &operand, 8);
	add(&script[6], PSL_READ_PE, NULL, 128);
	add(&script[7], PSL_INTREQ, (void *)2, 0);
	add(&script[8], PSL_INTREQ, (void *)77, 0);
	add_end(&script[9]);
	afu = attach(script);
	check_event(afu, CXL_EVENT_AFU_INTERRUPT);
	while (!is_done(&script[8]))
		usleep(1000);
	check_eq(script[0].response, PSL_DONE);
	check_eq(script[1].response, PSL_DONE);
	check_eq(script[2].response, PSL_NRES);
	check_eq(script[3].response, PSL_DONE);
	check_eq(script[4].response, PSL_DONE);
	check_eq(script[5].response, PSL_COMP_EQ);
	check_eq(words[0], 0x3333333333333333ULL);
	check_eq(script[6].response, PSL_DONE);
	memcpy(&operand, script[6].data + 116, 8);
	check_eq(be64toh(operand), (uintptr_t)script);
	check_eq(script[7].response, PSL_DONE);
	check_eq(script[8].response, PSL_FAILED);
	cxl_afu_free(afu);
	stop();
}

static void bad_address_is_an_event(void)
{
	struct script_entry *script = new_script();
	struct cxl_event event;
	struct cxl_afu_h *afu;
	uint8_t *none = map(4096);

	start();
	require_ok(munmap(none, 4096));
	add(&script[0], PSL_READ_CL_NA, none, 128);
	add(&script[1], SCRIPT_END, NULL, 0);
	afu = attach(script);
	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(event.fault.addr & ~127ULL, (uintptr_t)none);
	while (!is_done(&script[0]))
		usleep(1000);
	check_eq(script[0].response, PSL_AERROR);
	cxl_afu_free(afu);
	stop();
}

/* The child's copy of a page is its own. */
static void copy_on_write_is_kept(void)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(4096), *to = map(4096);
	struct cxl_afu_h *afu;
	int fds[2], status;
	char byte;
	pid_t pid;

	start();
	pattern(from, 4096);
	memset(to, 0xcc, 4096);
	add_copy(&script[0], from, to, 4096 / PSL_LINE);
	add_end(&script[1]);
	require_ok(pipe(fds));
	pid = require_ok(fork());
	if (!pid) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) != 0 || to[0] != 0xcc ||
		      to[4095] != 0xcc);
	}
	close(fds[0]);
	afu = attach(script);
	check_script_ends(afu);
	check_mem_eq(to, from, 4096);
	close(fds[1]);
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	cxl_afu_free(afu);
	stop();
}

static void memory_goes_in_mid_transfer(bool unmap)
{
	size_t size = 0x400000;
	struct script_entry *script = new_script();
	uint8_t *from = map(size), *to = map(size);
	struct cxl_event event;
	struct cxl_afu_h *afu;

	start();
	memset(from, 0x5a, size);
	add_copy(&script[0], from, to, size / PSL_LINE);
	add(&script[1], SCRIPT_END, NULL, 0);
	afu = attach(script);
	wait_for_first(to);
	if (unmap)
		require_ok(munmap(to, size));
	else
		require_ok(mprotect(to, size, PROT_READ));
	require_ok(cxl_read_event(afu, &event));
	check_eq(event.header.type, CXL_EVENT_DATA_STORAGE);
	check(event.fault.addr >= (uintptr_t)to &&
	      event.fault.addr < (uintptr_t)to + size);
	while (!is_done(&script[0]))
		usleep(1000);
	check_eq(script[0].response, PSL_AERROR);
	check(be32toh(script[0].counted) < size / PSL_LINE);
	cxl_afu_free(afu);
	stop();
}

static void mprotect_in_mid_transfer(void)
{
	memory_goes_in_mid_transfer(false);
}

static void munmap_in_mid_transfer(void)
{
	memory_goes_in_mid_transfer(true);
}

/* The AFU works for another program after that. */
static void check_serves(void)
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

/* A program that copies for long; its first line has arrived. */
static pid_t start_client(bool wait_for_error)
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
	/* afu-psl ends by itself, and takes the card along. */
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

static void many_contexts(void)
{
	struct script_entry *scripts[8];
	struct cxl_afu_h *afus[8];
	uint8_t *from = map(4096), *to = map(8 * 4096);
	int i;

	start();
	pattern(from, 4096);
	for (i = 0; i < 8; i++) {
		scripts[i] = new_script();
		add_copy(&scripts[i][0], from, to + i * 4096, 32);
		add_end(&scripts[i][1]);
		afus[i] = attach(scripts[i]);
	}
	for (i = 0; i < 8; i++) {
		check_script_ends(afus[i]);
		check_mem_eq(to + i * 4096, from, 4096);
		cxl_afu_free(afus[i]);
	}
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

static struct cxl_afu_h *attach_and_map(struct script_entry *script)
{
	struct cxl_afu_h *afu = attach(script);

	require_ok(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN));
	return afu;
}

/* Each access is one on the AFU's bus; halves of a word are where they should be. */
static void registers_are_the_afus(void)
{
	struct cxl_afu_h *first, *second;
	uint64_t value;
	uint32_t half;

	start();
	first = attach_and_map(NULL);
	second = attach_and_map(NULL);
	check_ok(cxl_mmio_write64(first, 0x10, 0x0123456789abcdefULL));
	check_ok(cxl_mmio_write64(second, 0x10, 0x1111111111111111ULL));
	check_ok(cxl_mmio_read64(first, 0x10, &value));
	check_eq(value, 0x0123456789abcdefULL);
	check_ok(cxl_mmio_read32(first, 0x10, &half));
	check_eq(half, 0x01234567);
	check_ok(cxl_mmio_read32(first, 0x14, &half));
	check_eq(half, 0x89abcdef);
	check_ok(cxl_mmio_write32(first, 0x14, 0x55555555));
	check_ok(cxl_mmio_read64(first, 0x10, &value));
	check_eq(value, 0x0123456755555555ULL);
	check_ok(cxl_mmio_read64(second, 0x10, &value));
	check_eq(value, 0x1111111111111111ULL);
	/* Behind the AFU's window, and in the card's */
	check_ok(cxl_mmio_read64(first, 0x8000, &value));
	check_eq(value, ~0ULL);
	cxl_afu_free(first);
	cxl_afu_free(second);
	stop();
}

static void register_starts_work(void)
{
	struct script_entry *script = new_script();
	uint8_t *from = map(4096), *to = map(4096);
	struct cxl_afu_h *afu;
	int i;

	start();
	pattern(from, 4096);
	add_copy(&script[0], from, to, 4096 / PSL_LINE);
	add_end(&script[1]);
	afu = attach_and_map(NULL);
	for (i = 0; i < 3; i++) {
		memset(to, 0, 4096);
		check_ok(cxl_mmio_write64(afu, 0, (uintptr_t)script));
		check_script_ends(afu);
		check_mem_eq(to, from, 4096);
	}
	cxl_afu_free(afu);
	stop();
}

/* Whoever waits for a register is not kept when the AFU is gone. */
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

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The AFU of examples/rtl: Verilator has made it, and knows nothing of libpsl. */
static void verilog_copies_by_the_socket(void)
{
	size_t size = 0x20000;
	struct copycrc_descriptor *work = map(sizeof(*work));
	uint8_t *from = map(size), *to = map(size);
	struct cxl_afu_h *afu;
	double begin;

	if (access(RTL_SIMULATOR, X_OK))
		skip("made without Verilator");
	start_both(RTL_SIMULATOR, NULL);
	node[strlen(node) - 1] = 'd';
	pattern(from, size);
	memset(to, 0xff, size);
	work->source = htobe64((uintptr_t)from);
	work->destination = htobe64((uintptr_t)to);
	work->length = htobe64(size);
	work->control = htobe64(COPYCRC_RAISE);
	afu = attach((struct script_entry *)work);
	begin = now();
	check_script_ends(afu);
	diag("%.2f MB/s, %.2f cycles per line", size / 1e6 / (now() - begin),
	     (double)be64toh(work->cycles) / (size / PSL_LINE));
	check_eq(be64toh(work->status), COPYCRC_OVER);
	check_mem_eq(to, from, size);
	cxl_afu_free(afu);
	stop();
}

static uint64_t cpu_ms(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64], line[512];
	int n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	read_line(path, line, sizeof(line));
	n = sscanf(strrchr(line, ')') ?: "",
		   ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &user, &system);
	require_eq(n, 2);
	return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

/* Time stands still, and the machine has nothing to do. */
static void idle_card_costs_nothing(void)
{
	uint64_t before;

	start();
	check_serves();
	usleep(500000);
	before = cpu_ms(afu_psl) + cpu_ms(simulator);
	usleep(1000000);
	check(cpu_ms(afu_psl) + cpu_ms(simulator) - before <= 20);
	stop();
}

#define TEST(name) { "psl." #name, name, cleanup, 60 }

static const struct tap_test tests[] = {
	TEST(numbers_are_the_descriptors),
	TEST(memory_is_paged_in),
	TEST(disorder_changes_no_data),
	TEST(paged_and_restarted),
	TEST(every_kind_of_command),
	TEST(bad_address_is_an_event),
	TEST(copy_on_write_is_kept),
	TEST(mprotect_in_mid_transfer),
	TEST(munmap_in_mid_transfer),
	TEST(killed_client_harms_nobody),
	TEST(killed_simulator_is_an_error),
	TEST(killed_psl_is_an_error),
	TEST(reset_in_mid_transfer),
	TEST(many_contexts),
	TEST(job_that_ends_with_an_error),
	TEST(registers_are_the_afus),
	TEST(register_starts_work),
	TEST(killed_psl_ends_mmio),
	TEST(verilog_copies_by_the_socket),
	TEST(idle_card_costs_nothing),
};

TAP_MAIN(tests)
