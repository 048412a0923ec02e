// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs, with contexts of AFU drivers, which work on
 * kernel addresses: refused unless the AFU's owner allows them. The driver is
 * cxl_test_api.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl-sim.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define AFU		"/sys/kernel/config/cxl-sim/api-test/afu0"
#define NODE		"/dev/cxl-sim/api-test.afu0"
#define MEMCPY		"/tests/lib/afu-memcpy"
#define LEN		64

/**
 * struct server - an AFU that answers writes to register 0
 * @fd: its node
 * @psa: the whole problem state area
 * @psa_size: size of @psa in bytes
 * @thread: reads messages
 * @stop: @thread must end
 * @attach: message of the last context
 * @memory: file of that context
 */
static struct server {
	int fd;
	char *psa;
	size_t psa_size;
	pthread_t thread;
	bool stop;
	struct cxl_sim_message attach;
	int memory;
} server;

static void request(__u32 type, const struct cxl_sim_message *m)
{
	struct cxl_sim_request r = { .type = type, .pe = m->pe, .id = m->id };

	check_eq(write(server.fd, &r, sizeof(r)), sizeof(r));
}

/* Kernel addresses have the highest bit set, which no offset can have. */
static off_t wed_offset(void)
{
	return server.attach.attach.wed & INT64_MAX;
}

static void add_one_to_each(void)
{
	unsigned char buf[LEN], more;
	int i;

	check_eq(pread(server.memory, buf, LEN, wed_offset()), LEN);
	for (i = 0; i < LEN; i++)
		check_eq(buf[i]++, i);
	check_eq(pwrite(server.memory, buf, LEN, wed_offset()), LEN);
	/* An address outside the kernel is an address error. */
	check_errno(pread(server.memory, &more, 1, 0x1000), EFAULT);
	check_errno(pwrite(server.memory, &more, 1, INT64_MAX), EFAULT);
}

static void handle(const struct cxl_sim_message *m)
{
	struct cxl_sim_open_context open = { .pe = m->pe, .id = m->id };
	char *window = server.psa + server.attach.attach.window;

	switch (m->type) {
	case CXL_SIM_RESET:
		request(CXL_SIM_RESET_DONE, m);
		break;
	case CXL_SIM_ATTACH:
		server.attach = *m;
		server.memory = check_ok(ioctl(server.fd, CXL_SIM_OPEN_CONTEXT,
					       &open));
		request(CXL_SIM_ATTACHED, m);
		break;
	case CXL_SIM_DOORBELL:
		if (!mmio_read(window, 0))
			break;
		if (mmio_read(window, 0) == 7)
			add_one_to_each();
		mmio_write(window, 8, mmio_read(window, 0) + 1);
		mmio_write(window, 0, 0);
		break;
	case CXL_SIM_DETACH:
		check_ok(close(server.memory));
		break;
	}
}

static void *serve(void *arg)
{
	struct pollfd poll_fd = { .events = POLLIN };
	struct cxl_sim_message m;

	poll_fd.fd = *(int *)arg;
	while (!__atomic_load_n(&server.stop, __ATOMIC_SEQ_CST)) {
		if (poll(&poll_fd, 1, 10) <= 0)
			continue;
		if (!check_eq(read(server.fd, &m, sizeof(m)), sizeof(m)))
			break;
		handle(&m);
	}
	return NULL;
}

static void server_start(void)
{
	struct cxl_sim_info info;

	memset(&server, 0, sizeof(server));
	server.fd = require_ok(open(NODE, O_RDWR | O_CLOEXEC));
	require_ok(ioctl(server.fd, CXL_SIM_GET_INFO, &info));
	server.psa_size = info.psa_size;
	server.psa = mmap(NULL, info.psa_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, server.fd, 0);
	require(server.psa != MAP_FAILED, "%m");
	require_eq(pthread_create(&server.thread, NULL, serve, &server.fd), 0);
}

static void server_stop(void)
{
	__atomic_store_n(&server.stop, true, __ATOMIC_SEQ_CST);
	pthread_join(server.thread, NULL);
	check_ok(munmap(server.psa, server.psa_size));
	check_ok(close(server.fd));
}

static void set_allowed(const char *value)
{
	api_set_live(false);
	require_ok(file_write(value, AFU "/allow_kernel_contexts"));
	api_set_live(true);
}

static void set_mmio(const char *mmio)
{
	api_set_live(false);
	require_ok(file_write(mmio, AFU "/mmio"));
	api_set_live(true);
}

/* Restore the settings that the card was made with. */
static void restore(void)
{
	set_mmio("mapped");
	set_allowed("1");
}

static void refused_by_default(void)
{
	set_allowed("0");
	server_start();
	api_run("kernel_context_is_refused", NULL);
	check_eq(server.attach.type, 0);
	server_stop();
}

static void drop_rawio(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	require_ok(syscall(SYS_capget, &header, data));
	data[0].effective &= ~(1U << CAP_SYS_RAWIO);
	require_ok(syscall(SYS_capset, &header, data));
}

static void setting_needs_a_capability(void)
{
	int status;
	pid_t pid;

	check_errno(file_write("1", AFU "/allow_kernel_contexts"), EBUSY);
	api_set_live(false);
	check_errno(file_write("2", AFU "/allow_kernel_contexts"), EINVAL);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		drop_rawio();
		_exit(!(file_write("1", AFU "/allow_kernel_contexts") &&
			errno == EPERM &&
			!file_write("0", AFU "/allow_kernel_contexts")));
	}
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	check_eq(file_number(AFU "/allow_kernel_contexts"), 0);
	check_ok(file_write("1", AFU "/allow_kernel_contexts"));
	api_set_live(true);
}

/* It cannot be allowed any more, and an earlier permission no longer counts. */
static void refused_by_a_kernel_that_is_locked_down(void)
{
	check_eq(file_number(AFU "/allow_kernel_contexts"), 1);
	server_start();
	api_run("model_has_kernel_memory", NULL);
	check(server.attach.type);
	server_stop();

	require_ok(file_write("integrity", "/sys/kernel/security/lockdown"));
	server_start();
	api_run("kernel_context_is_refused", NULL);
	check_eq(server.attach.type, 0);
	server_stop();

	api_set_live(false);
	check_errno(file_write("1", AFU "/allow_kernel_contexts"), EPERM);
	check_ok(file_write("0", AFU "/allow_kernel_contexts"));
	check_errno(file_write("1", AFU "/allow_kernel_contexts"), EPERM);
	check_eq(file_number(AFU "/allow_kernel_contexts"), 0);
}

static void kernel_memory_is_loaded_and_stored(void)
{
	server_start();
	api_run("model_has_kernel_memory", NULL);
	check_eq(server.attach.attach.flags, CXL_SIM_CONTEXT_KERNEL);
	server_stop();
}

static void store_rings_by_address(void)
{
	long long arg[CXL_TEST_API_ARGS] = {};
	int tries = 0;

	server_start();
	/* A machine that is busy with something else can be slow at times. */
	do {
		api_run("store_rings_by_address", arg);
		diag("%lld us, without %lld us", arg[0], arg[1]);
	} while (arg[0] >= arg[1] / 2 && ++tries < 5);
	server_stop();
	/* Without ringing, it looks only every 67 ms by then, or less often. */
	check(arg[0] < arg[1] / 2);
}

static pid_t memcpy_start(void)
{
	return sim_program_start(MEMCPY, NODE);
}

/* The AFU is the program version of the memcpy AFU. */
static void run_with_memcpy(const char *name)
{
	pid_t pid = memcpy_start();

	api_run(name, NULL);
	kill_and_wait(pid);
}

static void registers_are_accessed_one_by_one(void)
{
	set_mmio("trapped");
	run_with_memcpy("registers_are_accessed_one_by_one");
	set_mmio("mapped");
	run_with_memcpy("mapped_registers_are_accessed_one_by_one");
}

/* It does not notice whether a mapping would be possible, either. */
static void driver_needs_no_mapping(void)
{
	run_with_memcpy("driver_needs_no_mapping");
	set_mmio("trapped");
	run_with_memcpy("driver_needs_no_mapping");
}

/* The tests of memcpy_kernel */

static void all_kinds_of_kernel_memory(void)
{
	run_with_memcpy("all_kinds_of_kernel_memory");
}

static void bad_kernel_addresses_are_address_errors(void)
{
	run_with_memcpy("bad_kernel_addresses_are_address_errors");
}

static void constants_are_not_written(void)
{
	run_with_memcpy("constants_are_not_written");
}

static void no_atomics_on_kernel_addresses(void)
{
	run_with_memcpy("no_atomics_on_kernel_addresses");
}

#define TEST(name) { "user_kernel." #name, name, restore }

static const struct tap_test tests[] = {
	TEST(refused_by_default),
	TEST(setting_needs_a_capability),
	TEST(kernel_memory_is_loaded_and_stored),
	TEST(store_rings_by_address),
	TEST(registers_are_accessed_one_by_one),
	TEST(driver_needs_no_mapping),
	TEST(all_kinds_of_kernel_memory),
	TEST(bad_kernel_addresses_are_address_errors),
	TEST(constants_are_not_written),
	TEST(no_atomics_on_kernel_addresses),
};

/* A kernel stays locked down, so tests/host/lockdown.sh runs these. */
static const struct tap_test locked_down_tests[] = {
	{ "user_kernel.refused_by_a_kernel_that_is_locked_down",
	  refused_by_a_kernel_that_is_locked_down },
};

static const struct api_setup setup = {
	.module = "cxl_test_api",
	.device = CXL_TEST_API_DEVICE,
	.settings = {
		"afu0/model", "user",
		"afu0/cr_device", "0x4352",
		"afu0/allow_kernel_contexts", "1",
	},
};

int main(int argc, char **argv)
{
	if (getenv("CXL_LOCKDOWN"))
		return api_main(argc, argv, __FILE__, locked_down_tests,
				ARRAY_SIZE(locked_down_tests), &setup);
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
