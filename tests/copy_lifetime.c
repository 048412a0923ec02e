// SPDX-License-Identifier: GPL-2.0-only
/* The copy service: programs, drivers and cards that go away at work. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/send_fd.h"

static struct copy_service service;
static char *source, *destination;

/* Open a service with so much to do that it takes a while. */
static void open_busy(void)
{
	copy_open(&service, CXL_COPY_QUEUE_MAX_SIZE);
	source = copy_pages(COPY_MIB);
	destination = copy_pages(COPY_MIB);
	copy_pattern(source, COPY_MIB, 1);
	memset(destination, 0, COPY_MIB);
	copy_make_busy(&service, source, destination);
}

static void works_again(void)
{
	static struct copy_service other;
	char from[1000], to[1000];

	copy_open(&other, CXL_COPY_QUEUE_MIN_SIZE);
	copy_pattern(from, sizeof(from), 2);
	check_eq(copy_submit_one(other.fd, from, to, sizeof(from), 9), 1);
	copy_completes(&other, 9, sizeof(from));
	check_mem_eq(to, from, sizeof(from));
	check_eq(other.faults, 0);
	copy_close(&other);
}

static void close_ends_all_access(void)
{
	unsigned char *stamp = copy_pages(COPY_MIB);

	open_busy();
	check_ok(close(service.fd));
	memset(stamp, 0x5a, COPY_MIB);
	memset(service.queue, 0x5a, service.queue_size);
	memset(destination, 0x5a, COPY_MIB);
	usleep(2 * QUIET_MS * 1000);
	check_mem_eq(destination, stamp, COPY_MIB);
	check_mem_eq(service.queue, stamp, service.queue_size);
	works_again();
}

static void closing_in_flight_leaks_no_process_element(void)
{
	int pe = -1, i, rounds = tap_rounds(30, 5);

	for (i = 0; i < rounds; i++) {
		open_busy();
		if (i)
			check_eq(node_pe(service.fd), pe);
		pe = node_pe(service.fd);
		copy_close(&service);
		munmap(source, COPY_MIB);
		munmap(destination, COPY_MIB);
	}
	works_again();
}

static void killed_in_flight_harms_nobody(void)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = require_ok(fork());
		if (!pid) {
			open_busy();
			for (;;)
				copy_submit_one(service.fd, source, destination,
						COPY_MIB, 0);
		}
		usleep(i * 10000);
		require_ok(kill(pid, SIGKILL));
		require_ok(waitpid(pid, &status, 0));
		check(WIFSIGNALED(status));
	}
	works_again();
}

static void unbind_accounts_for_all(void)
{
	open_busy();
	copy_unbind();
	copy_check_taken_away(&service);
	copy_close(&service);
	copy_bind();
	works_again();
}

static void unbind_ends_all_access(void)
{
	unsigned char *stamp = copy_pages(COPY_MIB);

	open_busy();
	copy_unbind();
	memset(stamp, 0x5a, COPY_MIB);
	memset(destination, 0x5a, COPY_MIB);
	usleep(2 * QUIET_MS * 1000);
	check_mem_eq(destination, stamp, COPY_MIB);
	/* The old descriptor does not change when the driver comes back. */
	copy_bind();
	works_again();
	copy_check_taken_away(&service);
	copy_close(&service);
}

static long read_some(void *arg)
{
	char buf[CXL_READ_MIN_SIZE];

	return read(*(int *)arg, buf, sizeof(buf));
}

static long poll_it(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&p, 1, -1) == 1 ? p.revents : -1;
}

static void unbind_wakes_all_sleepers(void)
{
	struct sleeper reader, poller;

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	sleeper_start(&reader, read_some, &service.fd);
	sleeper_start(&poller, poll_it, &service.fd);
	copy_unbind();
	require(sleeper_join(&reader));
	check_eq(reader.result, -1);
	check_eq(reader.error, EIO);
	require(sleeper_join(&poller));
	check_eq(poller.result, POLLERR | POLLHUP);
	copy_close(&service);
}

static void device_file_outlives_the_driver(void)
{
	struct cxl_copy_get_fd arg = { .queue_size = CXL_COPY_QUEUE_MIN_SIZE };
	int device = copy_device();

	arg.queue_address = (uintptr_t)copy_pages(arg.queue_size);
	copy_unbind();
	check(!file_exists(COPY_DEVICE));
	check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), ENODEV);
	copy_bind();
	check_errno(ioctl(device, CXL_COPY_GET_FD, &arg), ENODEV);
	works_again();
	close(device);
	works_again();
}

static bool under_fire_ends;

/* On a slow machine a thread may not have copied before the last unbind. */
static bool all_have_copied(unsigned long rounds[3])
{
	int i;

	for (i = 0; i < 3; i++)
		if (!__atomic_load_n(&rounds[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

static void *fire(void *arg)
{
	static const size_t length = 40000;
	struct cxl_copy_get_fd get_fd = {
		.queue_size = CXL_COPY_QUEUE_MIN_SIZE,
		.queue_address = (uintptr_t)copy_pages(CXL_COPY_QUEUE_MIN_SIZE),
	};
	char *from = copy_pages(length), *to = copy_pages(length);
	char buf[CXL_READ_MIN_SIZE];
	unsigned long *rounds = arg;
	int device, fd;

	while (!__atomic_load_n(&under_fire_ends, __ATOMIC_RELAXED)) {
		device = open(COPY_DEVICE, O_RDWR);
		if (device < 0) {
			nap();
			continue;
		}
		fd = ioctl(device, CXL_COPY_GET_FD, &get_fd);
		close(device);
		if (fd < 0) {
			check(errno == ENODEV || errno == EIO, "%m");
			continue;
		}
		while (copy_submit_one(fd, from, to, length, 0) == 1 &&
		       read(fd, buf, sizeof(buf)) > 0)
			__atomic_add_fetch(rounds, 1, __ATOMIC_RELAXED);
		check_eq(errno, EIO);
		close(fd);
	}
	return NULL;
}

static void bind_and_unbind_under_fire(void)
{
	int i, times = tap_rounds(15, 5);
	unsigned long rounds[3] = { 0 };
	pthread_t threads[3];

	for (i = 0; i < 3; i++)
		require_eq(pthread_create(&threads[i], NULL, fire, &rounds[i]), 0);
	for (i = 0; i < times; i++) {
		usleep(30000 + i * 3000);
		copy_unbind();
		copy_bind();
	}
	check(becomes_true(all_have_copied(rounds)));
	__atomic_store_n(&under_fire_ends, true, __ATOMIC_RELAXED);
	copy_unbind();
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	diag("%lu, %lu, %lu copies", rounds[0], rounds[1], rounds[2]);
	copy_bind();
	works_again();
}

static void open_descriptor_keeps_the_module(void)
{
	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	check_errno(syscall(SYS_delete_module, "cxl_copy", O_NONBLOCK), EAGAIN);
	copy_unbind();
	check_errno(syscall(SYS_delete_module, "cxl_copy", O_NONBLOCK), EAGAIN);
	copy_close(&service);
}

/*
 * The process that owns the memory dies, another one holds the descriptor: the
 * AFU finds no memory any more. The descriptor can be read and closed, nothing
 * hangs.
 */
static void descriptor_outlives_the_process(void)
{
	struct cxl_copy_completion completion;
	int sockets[2], status;
	pid_t pid;

	require_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = require_ok(fork());
	if (!pid) {
		open_busy();
		send_fd(sockets[1], service.fd);
		_exit(0);
	}
	service.fd = receive_fd(sockets[0]);
	require_ok(waitpid(pid, &status, 0));
	check_errno(copy_submit_one(service.fd, source, destination, 16, 1),
		    EPERM);
	while (copy_completion_within(&service, &completion, WAKE_MS))
		check(completion.status == CXL_COPY_OK ||
		      completion.status == CXL_COPY_ADDRESS_ERROR);
	check(service.faults > 0);
	check_eq(service.error, 0);
	check_ok(close(service.fd));
	works_again();
}

/* A child has the descriptor, too: the service ends with the last close. */
static void child_keeps_the_service(void)
{
	int status;
	pid_t pid;

	open_busy();
	pid = require_ok(fork());
	if (!pid) {
		close(service.fd);
		_exit(0);
	}
	require_ok(waitpid(pid, &status, 0));
	check_eq(status, 0);
	copy_completes(&service, 0, COPY_MIB);
	copy_close(&service);
}

static const struct tap_test tests[] = {
	{ "copy_lifetime.close_ends_all_access", close_ends_all_access },
	{ "copy_lifetime.closing_in_flight_leaks_no_process_element",
	  closing_in_flight_leaks_no_process_element },
	{ "copy_lifetime.killed_in_flight_harms_nobody",
	  killed_in_flight_harms_nobody },
	{ "copy_lifetime.unbind_accounts_for_all", unbind_accounts_for_all,
	  copy_bind },
	{ "copy_lifetime.unbind_ends_all_access", unbind_ends_all_access,
	  copy_bind },
	{ "copy_lifetime.unbind_wakes_all_sleepers", unbind_wakes_all_sleepers,
	  copy_bind },
	{ "copy_lifetime.device_file_outlives_the_driver",
	  device_file_outlives_the_driver, copy_bind },
	{ "copy_lifetime.bind_and_unbind_under_fire",
	  bind_and_unbind_under_fire, copy_bind },
	{ "copy_lifetime.open_descriptor_keeps_the_module",
	  open_descriptor_keeps_the_module, copy_bind },
	{ "copy_lifetime.descriptor_outlives_the_process",
	  descriptor_outlives_the_process },
	{ "copy_lifetime.child_keeps_the_service", child_keeps_the_service },
};

TAP_MAIN(tests)
