// SPDX-License-Identifier: GPL-2.0-only
/* The copy service: what it refuses, and programs that misbehave. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"

#define QUEUE_SIZE	65536
#define BAD_POINTER	((void *)8)

#define SCRIBBLE_MS	1500

/* No part of it, with zeros for the rest, is an address of ours. */
#define LONELY_ADDRESS	((void *)0x200000000000)

static struct copy_service service;

static void get_fd_checks_its_argument(void)
{
	struct cxl_copy_get_fd good = { .queue_size = QUEUE_SIZE }, arg;
	int device = copy_device();

	good.queue_address = (uintptr_t)copy_pages(QUEUE_SIZE);
	check_errno(ioctl(device, CXL_COPY_GET_FD, BAD_POINTER), EFAULT);
	arg = good;
	arg.reserved[0] = 1;
	check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), EINVAL);
	arg = good;
	arg.reserved[1] = 1ULL << 63;
	check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), EINVAL);
	check_errno(ioctl(device, CXL_COPY_SUBMIT, &arg), ENOTTY);
	check_errno(ioctl(device, CXL_IOCTL_GET_AFU_ID, &arg), ENOTTY);
	check(ioctl(device, CXL_COPY_GET_FD, &good) > device);
}

static void queue_must_have_a_right_size_and_place(void)
{
	char *queue = copy_pages(QUEUE_SIZE);

	check_errno(copy_get_fd(queue, 0), EINVAL);
	check_errno(copy_get_fd(queue, CXL_COPY_QUEUE_MIN_SIZE - 128), EINVAL);
	check_errno(copy_get_fd(queue, CXL_COPY_QUEUE_MIN_SIZE + 32), EINVAL);
	check_errno(copy_get_fd(queue, CXL_COPY_QUEUE_MAX_SIZE + 128), EINVAL);
	check_errno(copy_get_fd(queue, 0x100001000), EINVAL);
	check_errno(copy_get_fd(queue + 128, CXL_COPY_QUEUE_MIN_SIZE), EINVAL);
}

static void queue_must_be_writable_memory(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = 4 * page;
	char *queue = copy_pages(size);

	check_errno(copy_get_fd(NULL, CXL_COPY_QUEUE_MIN_SIZE), EFAULT);
	check_errno(copy_get_fd((void *)0xffff888000000000,
				CXL_COPY_QUEUE_MIN_SIZE), EFAULT);
	require_ok(mprotect(queue + size - page, page, PROT_READ));
	check_errno(copy_get_fd(queue, size), EFAULT);
	require_ok(munmap(queue + size - page, page));
	check_errno(copy_get_fd(queue, size), EFAULT);
	check_errno(copy_get_fd(queue, size - page + 128), EFAULT);
	check_ok(copy_get_fd(queue, size - page));
}

static long locked_kb(void)
{
	char status[4096];
	const char *line;

	require_ok(file_read(status, sizeof(status), "/proc/self/status"));
	line = strstr(status, "VmLck:");
	require(line);
	return strtol(line + strlen("VmLck:"), NULL, 10);
}

static void queue_counts_as_locked_memory(void)
{
	char *queue = copy_pages(CXL_COPY_QUEUE_MAX_SIZE);
	int fd;

	check_eq(locked_kb(), 0);
	fd = require_ok(copy_get_fd(queue, QUEUE_SIZE));
	check_eq(locked_kb(), QUEUE_SIZE / 1024);
	close(fd);
	check_eq(locked_kb(), 0);
	check_errno(copy_get_fd(NULL, QUEUE_SIZE), EFAULT);
	check_eq(locked_kb(), 0);
}

/* The limit does not apply to root: run as nobody, with the device open. */
static void limit_of_locked_memory_is_kept(void)
{
	struct cxl_copy_get_fd arg = { .queue_size = QUEUE_SIZE };
	struct rlimit limit = { QUEUE_SIZE, QUEUE_SIZE };
	int device = copy_device();
	int fd;

	arg.queue_address = (uintptr_t)copy_pages(QUEUE_SIZE);
	require_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
	require_ok(setuid(65534));
	fd = require_ok(ioctl(device, CXL_COPY_GET_FD, &arg));
	check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), ENOMEM);
	close(fd);
	close(require_ok(ioctl(device, CXL_COPY_GET_FD, &arg)));
}

static void no_descriptor_left_undoes_everything(void)
{
	char *queue = copy_pages(QUEUE_SIZE);
	int device = copy_device();
	struct cxl_copy_get_fd arg = {
		.queue_address = (uintptr_t)queue,
		.queue_size = QUEUE_SIZE,
	};
	struct rlimit limit = { device + 1, device + 2 };
	int pe, fd, i;

	fd = require_ok(ioctl(device, CXL_COPY_GET_FD, &arg));
	pe = node_pe(fd);
	close(fd);
	require_ok(setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 20; i++)
		check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), EMFILE);
	limit.rlim_cur = device + 2;
	require_ok(setrlimit(RLIMIT_NOFILE, &limit));
	fd = require_ok(ioctl(device, CXL_COPY_GET_FD, &arg));
	check_eq(node_pe(fd), pe);
	close(fd);
	check_eq(locked_kb(), 0);
}

static void no_process_element_left_is_enospc(void)
{
	struct rlimit limit = { 2048, 2048 };
	char *queue = copy_pages(QUEUE_SIZE);
	int nodes = 0, last = -1, fd;

	require_ok(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = node_open("afu0.0s", 0)) >= 0) {
		last = fd;
		nodes++;
	}
	check_eq(errno, ENOSPC);
	require(nodes > 0);
	check_errno(copy_get_fd(queue, QUEUE_SIZE), ENOSPC);
	close(last);
	check_ok(copy_get_fd(queue, QUEUE_SIZE));
	check_errno(copy_get_fd(queue, QUEUE_SIZE), ENOSPC);
}

static void submit_checks_its_argument(void)
{
	char source[16], destination[16];
	struct cxl_copy_request request = {
		(uintptr_t)source, (uintptr_t)destination, 16, 1
	};
	struct cxl_copy_submit arg = { (uintptr_t)&request, 1, 1 };

	copy_open(&service, QUEUE_SIZE);
	check_errno(ioctl(service.fd, CXL_COPY_SUBMIT, BAD_POINTER), EFAULT);
	check_errno(ioctl(service.fd, CXL_COPY_SUBMIT, &arg), EINVAL);
	check_errno(copy_submit(service.fd, BAD_POINTER, 1), EFAULT);
	check_eq(copy_submit(service.fd, BAD_POINTER, 0), 0);
	check_errno(copy_submit_one(service.fd, source, destination, 0, 1),
		    EINVAL);
	check_errno(copy_submit_one(service.fd, source, destination,
				    CXL_COPY_MAX_LENGTH + 1, 1), EINVAL);
	check_errno(copy_submit_one(service.fd, source, destination,
				    SIZE_MAX, 1), EINVAL);
	check_errno(copy_submit_one(service.fd, (void *)-8, destination, 16, 1),
		    EINVAL);
	check_errno(copy_submit_one(service.fd, source, (void *)-8, 16, 1),
		    EINVAL);
	/* Nothing is left behind. */
	check_eq(events_poll(service.fd), 0);
	check_eq(copy_submit_one(service.fd, source, destination, 16, 77), 1);
	copy_completes(&service, 77, 16);
	check_eq(events_poll(service.fd), 0);
	copy_close(&service);
}

/* What precedes the bad request is done, as by write(). */
static void submit_stops_at_a_bad_request(void)
{
	char source[16], destination[16];
	struct cxl_copy_request requests[20];
	int i;

	for (i = 0; i < 20; i++)
		requests[i] = (struct cxl_copy_request) {
			(uintptr_t)source, (uintptr_t)destination, 16, i
		};
	requests[18].length = 0;
	copy_open(&service, QUEUE_SIZE);
	check_eq(copy_submit(service.fd, requests, 20), 18);
	for (i = 0; i < 18; i++)
		require(copy_completes(&service, i, 16));
	check_errno(copy_submit(service.fd, requests + 18, 2), EINVAL);
	check_eq(events_poll(service.fd), 0);
	copy_close(&service);
}

/* The second batch of 16 is in memory that is not mapped. */
static void submit_stops_at_a_bad_page(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char source[16], destination[16];
	struct cxl_copy_request *requests;
	int i;

	requests = (void *)((char *)copy_pages(page) + page -
			    16 * sizeof(*requests));
	for (i = 0; i < 16; i++)
		requests[i] = (struct cxl_copy_request) {
			(uintptr_t)source, (uintptr_t)destination, 16, i
		};
	copy_open(&service, QUEUE_SIZE);
	check_eq(copy_submit(service.fd, requests, 40), 16);
	for (i = 0; i < 16; i++)
		require(copy_completes(&service, i, 16));
	check_errno(copy_submit(service.fd, requests + 16, 24), EFAULT);
	copy_close(&service);
}

/* The addresses would be those of the parent. */
static void submit_by_a_child_is_refused(void)
{
	char source[16], destination[16] = "not written";
	int status;
	pid_t pid;

	copy_open(&service, QUEUE_SIZE);
	pid = require_ok(fork());
	if (!pid) {
		check_errno(copy_submit_one(service.fd, source, destination,
					    16, 1), EPERM);
		_exit(0);
	}
	require_ok(waitpid(pid, &status, 0));
	check_eq(status, 0);
	check_str_eq(destination, "not written");
	check_eq(copy_submit_one(service.fd, source, destination, 16, 2), 1);
	copy_completes(&service, 2, 16);
	copy_close(&service);
}

static struct {
	unsigned char *queue;
	size_t size;
	bool stop;
} scribbler;

static void *scribble(void *arg)
{
	unsigned int seed = 1;
	size_t i;

	while (!__atomic_load_n(&scribbler.stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < scribbler.size; i++) {
			seed = seed * 1103515245 + 12345;
			/* Not the addresses: no copy may reach our memory. */
			if (i % 32 < 16)
				scribbler.queue[i] = seed >> 16;
			else
				scribbler.queue[i] = 0;
		}
		sched_yield();
	}
	return arg;
}

/*
 * A program may write anything into its queue: its own copies suffer, but not
 * the kernel, nor anybody else's service.
 */
static void scribbling_harms_nobody_else(void)
{
	static struct copy_service victim;
	char source[5000], destination[5000], *own;
	struct cxl_copy_completion completion;
	long long end;
	pthread_t thread;
	unsigned int i;

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	copy_open(&victim, CXL_COPY_QUEUE_MIN_SIZE);
	own = mmap(LONELY_ADDRESS, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	require(own == LONELY_ADDRESS);
	scribbler.queue = service.queue;
	scribbler.size = service.queue_size;
	require_eq(pthread_create(&thread, NULL, scribble, NULL), 0);

	end = now_ms() + SCRIBBLE_MS;
	for (i = 0; now_ms() < end; i++) {
		copy_submit_one(service.fd, own, own + 32, 32, i);
		while (events_poll(service.fd) & POLLIN)
			copy_completion(&service, &completion);
		copy_pattern(source, sizeof(source), i);
		require_eq(copy_submit_one(victim.fd, source, destination,
					   sizeof(source), i), 1);
		require(copy_completes(&victim, i, sizeof(source)));
		check_mem_eq(destination, source, sizeof(source));
	}
	diag("%u rounds", i);
	__atomic_store_n(&scribbler.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	check_eq(victim.faults, 0);
	copy_close(&victim);
	copy_close(&service);
}

/* Each fake status ends a request early, and nothing else. */
static void fake_status_ends_own_requests(void)
{
	struct cxl_copy_completion completion;
	struct work_element *elements;
	char source[16], destination[16];
	unsigned int i, j, failed = 0;

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	elements = service.queue;
	for (i = 0; i < 200; i++) {
		if (copy_submit_one(service.fd, source, destination, 16, i) != 1)
			break;
		for (j = 0; j < service.queue_size / sizeof(*elements); j++)
			elements[j].status = WE_UNDEFINED;
		if (!copy_completion(&service, &completion))
			break;
		check_eq(completion.cookie, i);
		if (completion.status == CXL_COPY_FAILED)
			failed++;
		else
			check_eq(completion.status, CXL_COPY_OK);
	}
	diag("%u of %u requests failed", failed, i);
	check(i > 0);
	copy_close(&service);
}

/* The AFU can no longer read the queue; the driver's pages stay. */
static void unmapped_queue_is_an_event(void)
{
	struct cxl_copy_completion completion;
	char source[16], destination[16];
	unsigned int i;

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	check_eq(copy_submit_one(service.fd, source, destination, 16, 1), 1);
	copy_completes(&service, 1, 16);
	require_ok(munmap(service.queue, service.queue_size));
	for (i = 0; i < 10; i++)
		check_eq(copy_submit_one(service.fd, source, destination, 16, i), 1);
	require(events_wait(service.fd));
	check(!copy_completion_within(&service, &completion, WAKE_MS));
	check(service.faults >= 1);
	check_eq(service.error, 0);
	check(service.fault.addr - (uintptr_t)service.queue <
	      service.queue_size);
	check_ok(close(service.fd));
}

static const struct tap_test tests[] = {
	{ "copy_errors.get_fd_checks_its_argument",
	  get_fd_checks_its_argument },
	{ "copy_errors.queue_must_have_a_right_size_and_place",
	  queue_must_have_a_right_size_and_place },
	{ "copy_errors.queue_must_be_writable_memory",
	  queue_must_be_writable_memory },
	{ "copy_errors.queue_counts_as_locked_memory",
	  queue_counts_as_locked_memory },
	{ "copy_errors.limit_of_locked_memory_is_kept",
	  limit_of_locked_memory_is_kept },
	{ "copy_errors.no_descriptor_left_undoes_everything",
	  no_descriptor_left_undoes_everything },
	{ "copy_errors.no_process_element_left_is_enospc",
	  no_process_element_left_is_enospc },
	{ "copy_errors.submit_checks_its_argument",
	  submit_checks_its_argument },
	{ "copy_errors.submit_stops_at_a_bad_request",
	  submit_stops_at_a_bad_request },
	{ "copy_errors.submit_stops_at_a_bad_page",
	  submit_stops_at_a_bad_page },
	{ "copy_errors.submit_by_a_child_is_refused",
	  submit_by_a_child_is_refused },
	{ "copy_errors.scribbling_harms_nobody_else",
	  scribbling_harms_nobody_else },
	{ "copy_errors.fake_status_ends_own_requests",
	  fake_status_ends_own_requests },
	{ "copy_errors.unmapped_queue_is_an_event",
	  unmapped_queue_is_an_event },
};

TAP_MAIN(tests)
