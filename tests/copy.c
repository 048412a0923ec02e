// SPDX-License-Identifier: GPL-2.0-only
/* The copy service: good copies, and bad addresses. */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"

#define PIECE		32768
/* A multiple of every page size, and of PIECE */
#define STEP		65536
#define COPY_TYPE(nr)	(CXL_COPY_MAGIC << 8 | (nr))

static struct copy_service service;
static size_t page;

static void start(void)
{
	page = sysconf(_SC_PAGESIZE);
	copy_open(&service, 65536);
}

static void finish(void)
{
	check_eq(service.faults, 0);
	copy_close(&service);
}

static void layouts_are_fixed(void)
{
	check_eq(sizeof(struct cxl_copy_get_fd), 32);
	check_eq(sizeof(struct cxl_copy_request), 32);
	check_eq(sizeof(struct cxl_copy_submit), 16);
	check_eq(sizeof(struct cxl_copy_completion), 24);
	check_eq(offsetof(struct cxl_copy_completion, status), 8);
	check_eq(offsetof(struct cxl_copy_completion, copied), 16);
	check_eq(CXL_COPY_GET_FD & 0xffff, COPY_TYPE(0xc0));
	check_eq(CXL_COPY_SUBMIT & 0xffff, COPY_TYPE(0xc1));
	check_eq(_IOC_SIZE(CXL_COPY_GET_FD), 32);
	check_eq(_IOC_SIZE(CXL_COPY_SUBMIT), 16);
}

/* Copies of all kinds of lengths and alignments; nothing else is touched. */
static void bytes_arrive(void)
{
	static const struct {
		size_t source, destination, length;
	} cases[] = {
		{ 0, 0, 1 }, { 1, 3, 11 }, { 0, 0, 64 }, { 63, 65, 4096 },
		{ 0, 0, PIECE }, { 0, 1, PIECE }, { 5, 0, PIECE + 1 },
		{ 7, PIECE - 1, 2 }, { 0, PIECE - 1, 2 * PIECE + 2 },
		{ 0, 0, COPY_MIB }, { 1, 0, COPY_MIB }, { 3, 5, COPY_MIB },
		{ 100, PIECE - 3, COPY_MIB - 1 },
	};
	size_t size = COPY_MIB + 2 * PIECE, i;
	char *source = copy_pages(size);
	char *destination = copy_pages(size);
	char *expected = copy_pages(size);

	start();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		copy_pattern(source, size, i);
		memset(destination, 0xa5, size);
		memset(expected, 0xa5, size);
		memcpy(expected + cases[i].destination,
		       source + cases[i].source, cases[i].length);
		check_eq(copy_submit_one(service.fd, source + cases[i].source,
					 destination + cases[i].destination,
					 cases[i].length, i), 1);
		copy_completes(&service, i, cases[i].length);
		check_mem_eq(destination, expected, size);
	}
	finish();
}

static void event_is_a_plain_driver_event(void)
{
	char source[100], destination[100];
	struct event_batch batch;

	start();
	check_eq(copy_submit_one(service.fd, source, destination, 100,
				 0x123456789abcdef0), 1);
	require(events_wait(service.fd));
	check_eq(events_read(service.fd, &batch), 32);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_DRIVER);
	check_eq(batch.event[0].header.size, 32);
	check_eq(batch.event[0].header.process_element, node_pe(service.fd));
	finish();
}

static void events_carry_stamps_if_wanted(void)
{
	struct cxl_ioctl_event_format format = {
		.flags = CXL_EVENT_FORMAT_STAMPS,
	};
	char source[100], destination[100];
	struct event_batch batch;

	start();
	check_ok(ioctl(service.fd, CXL_IOCTL_EVENT_FORMAT, &format));
	check_eq(copy_submit_one(service.fd, source, destination, 100, 1), 1);
	require(events_wait(service.fd));
	check_eq(events_read(service.fd, &batch),
		 32 + sizeof(struct cxl_event_stamp));
	check_eq(batch.event[0].header.reserved1, CXL_EVENT_STAMPED);
	finish();
}

/* 200 requests in one call: one completion each, in the same order. */
static void completions_keep_the_order(void)
{
	struct cxl_copy_request requests[200];
	unsigned int i, count = ARRAY_SIZE(requests);
	char *source = copy_pages(count), *destination = copy_pages(count);

	copy_pattern(source, count, 1);
	for (i = 0; i < count; i++)
		requests[i] = (struct cxl_copy_request) {
			.source = (uintptr_t)source + i,
			.destination = (uintptr_t)destination + i,
			.length = 1,
			.cookie = ~(__u64)i * 7,
		};
	start();
	check_eq(copy_submit(service.fd, requests, count), count);
	for (i = 0; i < count; i++)
		require(copy_completes(&service, ~(__u64)i * 7, 1));
	check_mem_eq(destination, source, count);
	finish();
}

/* The smallest queue has 128 elements: it goes around again and again. */
static void queue_goes_around(void)
{
	char *source = copy_pages(COPY_MIB), *destination = copy_pages(COPY_MIB);
	unsigned int round;

	page = sysconf(_SC_PAGESIZE);
	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	for (round = 0; round < 50; round++) {
		size_t length = 1 + round * (COPY_MIB - 1) / 49;

		copy_pattern(source, length, round);
		check_eq(copy_submit_one(service.fd, source, destination,
					 length, round), 1);
		require(copy_completes(&service, round, length));
		check_mem_eq(destination, source, length);
	}
	finish();
}

/* Sizes in units of 128 bytes that are not a power of two, and the largest */
static void queue_has_any_size(void)
{
	static const size_t sizes[] = {
		CXL_COPY_QUEUE_MIN_SIZE + 128, 4096 + 5 * 128, 12800,
		CXL_COPY_QUEUE_MAX_SIZE,
	};
	char *source = copy_pages(COPY_MIB), *destination = copy_pages(COPY_MIB);
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		copy_open(&service, sizes[i]);
		copy_pattern(source, COPY_MIB, i);
		memset(destination, 0, COPY_MIB);
		for (round = 0; round < 12; round++) {
			check_eq(copy_submit_one(service.fd, source,
						 destination, COPY_MIB, round), 1);
			require(copy_completes(&service, round, COPY_MIB));
		}
		check_mem_eq(destination, source, COPY_MIB);
		finish();
	}
}

/* A queue that is too short takes what fits, and the rest later. */
static void full_queue_takes_a_part(void)
{
	struct cxl_copy_request requests[8];
	char *source = copy_pages(COPY_MIB), *destination = copy_pages(COPY_MIB);
	unsigned int i, count = 8, taken;
	int ret;

	for (i = 0; i < count; i++)
		requests[i] = (struct cxl_copy_request) {
			.source = (uintptr_t)source,
			.destination = (uintptr_t)destination,
			.length = COPY_MIB,
			.cookie = i,
		};
	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	/* 32 or 33 elements each, of 128, one of them for the interrupt */
	taken = copy_submit(service.fd, requests, count);
	check_eq(taken, 3);
	for (i = 0; i < count; i++) {
		require(copy_completes(&service, i, COPY_MIB));
		if (taken == count)
			continue;
		ret = copy_submit(service.fd, requests + taken, count - taken);
		if (ret > 0)
			taken += ret;
		else
			check(ret == -1 && errno == EBUSY);
	}
	check_eq(taken, count);
	finish();
}

/*
 * A request is outstanding until its completion is read: events are bounded,
 * whatever the queue's size.
 */
static void too_many_outstanding_are_refused(void)
{
	struct cxl_copy_request requests[CXL_COPY_MAX_REQUESTS + 10];
	unsigned int i, count = CXL_COPY_MAX_REQUESTS + 10;
	char source[16], destination[16];

	for (i = 0; i < count; i++)
		requests[i] = (struct cxl_copy_request) {
			.source = (uintptr_t)source,
			.destination = (uintptr_t)destination,
			.length = sizeof(source),
			.cookie = i,
		};
	start();
	check_eq(copy_submit(service.fd, requests, count),
		 CXL_COPY_MAX_REQUESTS);
	check_errno(copy_submit(service.fd, requests + CXL_COPY_MAX_REQUESTS, 10),
		    EBUSY);
	usleep(QUIET_MS * 1000);
	check_errno(copy_submit(service.fd, requests + CXL_COPY_MAX_REQUESTS, 10),
		    EBUSY);
	for (i = 0; i < CXL_COPY_MAX_REQUESTS; i++)
		require(copy_completes(&service, i, sizeof(source)));
	check_eq(copy_submit(service.fd, requests + CXL_COPY_MAX_REQUESTS, 10), 10);
	for (; i < count; i++)
		require(copy_completes(&service, i, sizeof(source)));
	finish();
}

/* Batches overlap, often enough to wrap around many times. */
static void a_stream_of_copies_is_complete(void)
{
	enum { ROUNDS = 300, WINDOW = 40, LENGTH = 5000 };
	char *source = copy_pages(ROUNDS + LENGTH);
	char *destination = copy_pages(WINDOW * LENGTH);
	unsigned int submitted = 0, done;

	copy_pattern(source, ROUNDS + LENGTH, 3);
	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	for (done = 0; done < ROUNDS; done++) {
		while (submitted < ROUNDS && submitted - done < WINDOW) {
			char *to = destination + submitted % WINDOW * LENGTH;

			memset(to, 0, LENGTH);
			require_eq(copy_submit_one(service.fd,
						   source + submitted, to,
						   LENGTH, submitted), 1);
			submitted++;
		}
		require(copy_completes(&service, done, LENGTH));
		check_mem_eq(destination + done % WINDOW * LENGTH,
			     source + done, LENGTH);
	}
	finish();
}

/*
 * A request with @bad_size bytes, from @bad on, that cannot be accessed,
 * between good ones.
 */
static void one_bad_of_three(void *source, void *destination, __u64 copied,
			     const void *bad, size_t bad_size, bool store)
{
	struct cxl_copy_completion completion;
	char from[64], to1[64] = "", to2[64] = "";
	struct cxl_copy_request requests[3] = {
		{ (uintptr_t)from, (uintptr_t)to1, 64, 1 },
		{ (uintptr_t)source, (uintptr_t)destination, 3 * STEP, 2 },
		{ (uintptr_t)from, (uintptr_t)to2, 64, 3 },
	};

	copy_pattern(from, sizeof(from), 5);
	check_eq(copy_submit(service.fd, requests, 3), 3);
	copy_completes(&service, 1, 64);
	require(copy_completion(&service, &completion));
	check_eq(completion.cookie, 2);
	check_eq(completion.status, CXL_COPY_ADDRESS_ERROR);
	check_eq(completion.copied, copied);
	copy_completes(&service, 3, 64);
	check_mem_eq(to1, from, 64);
	check_mem_eq(to2, from, 64);

	/* The data storage event follows the driver's events in a read. */
	while (!service.faults && copy_completion(&service, &completion))
		fail("one completion too many");
	/* One per element, unless it was unread when the next one came */
	check(service.faults >= 1);
	check(service.fault.addr - (uintptr_t)bad < bad_size);
	check_eq(!!(service.fault.dsisr & CXL_DSISR_STORE), store);
	service.faults = 0;
}

static void bad_source_is_an_event(void)
{
	char *source = copy_pages(3 * STEP);
	char *destination = copy_pages(3 * STEP);
	size_t first = STEP - (uintptr_t)destination % PIECE;

	start();
	copy_pattern(source, 3 * STEP, 9);
	munmap(source + 2 * STEP, STEP);
	/* The part of the piece before the bad page may not count as copied. */
	first += (2 * STEP - first) / PIECE * PIECE;
	one_bad_of_three(source, destination, first, source + 2 * STEP, STEP,
			 false);
	check_mem_eq(destination, source, first);
	finish();
}

static void bad_destination_is_an_event(void)
{
	char *source = copy_pages(3 * STEP);
	char *destination = copy_pages(3 * STEP);
	size_t first = STEP - (uintptr_t)destination % STEP;

	start();
	copy_pattern(source, 3 * STEP, 8);
	munmap(destination + first, page);
	one_bad_of_three(source, destination, first, destination + first, page,
			 true);
	check_mem_eq(destination, source, first);
	finish();
}

static void read_only_destination_is_an_event(void)
{
	char *source = copy_pages(3 * STEP);
	char *destination = copy_pages(3 * STEP);
	char *zeros = copy_pages(3 * STEP);

	start();
	copy_pattern(source, 3 * STEP, 4);
	require_ok(mprotect(destination, 3 * STEP, PROT_READ));
	one_bad_of_three(source, destination, 0, destination, 3 * STEP, true);
	check_mem_eq(destination, zeros, 3 * STEP);
	finish();
}

/* The program must not get at kernel memory this way. */
static void kernel_addresses_are_refused(void)
{
	void *const kernel = (void *)0xffff888000000000;
	struct cxl_copy_completion completion;
	char buf[64] = "untouched";
	bool store;

	start();
	for (store = false;; store = true) {
		check_eq(copy_submit_one(service.fd, store ? buf : kernel,
					 store ? kernel : buf, 64, store), 1);
		require(copy_completion(&service, &completion));
		check_eq(completion.status, CXL_COPY_ADDRESS_ERROR);
		check_eq(completion.copied, 0);
		check_str_eq(buf, "untouched");
		if (store)
			break;
	}
	service.faults = 0;
	finish();
}

/* For the AFU, too, an untouched page is allocated, and a shared one copied. */
static void pages_are_faulted_in(void)
{
	char *source = copy_fresh_pages(4 * PIECE);
	char *destination = copy_fresh_pages(4 * PIECE);
	char *zeros = copy_pages(4 * PIECE);

	start();
	check_eq(copy_submit_one(service.fd, source, destination, 4 * PIECE, 0), 1);
	copy_completes(&service, 0, 4 * PIECE);
	check_mem_eq(destination, zeros, 4 * PIECE);

	copy_pattern(source, 4 * PIECE, 0);
	check_eq(copy_submit_one(service.fd, source, destination, 4 * PIECE, 1), 1);
	copy_completes(&service, 1, 4 * PIECE);
	check_mem_eq(destination, source, 4 * PIECE);
	finish();
}

#define THREADS		4
#define THREAD_ROUNDS	300

/* Submit requests whose cookies name the thread and the request. */
static void *submit_many(void *arg)
{
	__u64 thread = (uintptr_t)arg, i;
	char source[100], destination[100];

	for (i = 0; i < THREAD_ROUNDS;) {
		if (copy_submit_one(service.fd, source, destination, 100,
				    thread << 32 | i) == 1)
			i++;
		else if (check_eq(errno, EBUSY))
			nap();
		else
			break;
	}
	/* The AFU may still be working on them: keep them until the end. */
	pause();
	return NULL;
}

/* Each request completes once, and those of a thread in order. */
static void threads_share_a_service(void)
{
	struct cxl_copy_completion completion;
	__u64 next[THREADS] = { 0 }, thread;
	pthread_t threads[THREADS];
	unsigned int i;

	copy_open(&service, CXL_COPY_QUEUE_MIN_SIZE);
	for (i = 0; i < THREADS; i++)
		require_eq(pthread_create(&threads[i], NULL, submit_many,
					  (void *)(uintptr_t)i), 0);
	for (i = 0; i < THREADS * THREAD_ROUNDS; i++) {
		require(copy_completion(&service, &completion), "%u", i);
		thread = completion.cookie >> 32;
		require(thread < THREADS);
		require_eq((__u32)completion.cookie, next[thread]);
		next[thread]++;
		check_eq(completion.status, CXL_COPY_OK);
		check_eq(completion.copied, 100);
	}
	check_eq(events_poll(service.fd), 0);
	finish();
}

static void services_do_not_mix(void)
{
	enum { SERVICES = 8, LENGTH = 3 * PIECE };
	static struct copy_service services[SERVICES];
	char *source[SERVICES], *destination[SERVICES];
	int i;

	for (i = 0; i < SERVICES; i++) {
		copy_open(&services[i], CXL_COPY_QUEUE_MIN_SIZE);
		source[i] = copy_pages(LENGTH);
		destination[i] = copy_pages(LENGTH);
		copy_pattern(source[i], LENGTH, i);
	}
	for (i = 0; i < SERVICES; i++)
		check_eq(copy_submit_one(services[i].fd, source[i],
					 destination[i], LENGTH, i), 1);
	for (i = 0; i < SERVICES; i++) {
		copy_completes(&services[i], i, LENGTH);
		check_mem_eq(destination[i], source[i], LENGTH);
		copy_close(&services[i]);
	}
}

static void poll_and_epoll_tell_of_completions(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = require_ok(epoll_create1(0));
	char source[100], destination[100];

	start();
	require_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, service.fd, &event));
	check_eq(events_poll(service.fd), 0);
	check_eq(epoll_wait(epoll, &event, 1, 0), 0);
	check_eq(copy_submit_one(service.fd, source, destination, 100, 1), 1);
	check_eq(epoll_wait(epoll, &event, 1, SOON_MS), 1);
	check_eq(event.events, EPOLLIN);
	copy_completes(&service, 1, 100);
	check_eq(events_poll(service.fd), 0);
	check_eq(epoll_wait(epoll, &event, 1, 0), 0);
	finish();
}

/* The descriptor is an AFU descriptor like any other. */
static void descriptor_takes_the_standard_ioctls(void)
{
	struct cxl_afu_id id;

	start();
	check(node_pe(service.fd) >= 0);
	check_ok(ioctl(service.fd, CXL_IOCTL_GET_AFU_ID, &id));
	check_eq(id.flags, CXL_AFUID_FLAG_SLAVE);
	check_eq(id.card_id, 0);
	check_errno(node_start(service.fd, 0, -1, 0), EIO);
	check_errno(ioctl(service.fd, _IO(CXL_COPY_MAGIC, 0xc2)), EINVAL);
	finish();
}

static const struct tap_test tests[] = {
	{ "copy.layouts_are_fixed", layouts_are_fixed },
	{ "copy.bytes_arrive", bytes_arrive },
	{ "copy.event_is_a_plain_driver_event", event_is_a_plain_driver_event },
	{ "copy.events_carry_stamps_if_wanted", events_carry_stamps_if_wanted },
	{ "copy.completions_keep_the_order", completions_keep_the_order },
	{ "copy.queue_goes_around", queue_goes_around },
	{ "copy.queue_has_any_size", queue_has_any_size },
	{ "copy.full_queue_takes_a_part", full_queue_takes_a_part },
	{ "copy.too_many_outstanding_are_refused",
	  too_many_outstanding_are_refused },
	{ "copy.a_stream_of_copies_is_complete",
	  a_stream_of_copies_is_complete },
	{ "copy.bad_source_is_an_event", bad_source_is_an_event },
	{ "copy.bad_destination_is_an_event", bad_destination_is_an_event },
	{ "copy.read_only_destination_is_an_event",
	  read_only_destination_is_an_event },
	{ "copy.kernel_addresses_are_refused", kernel_addresses_are_refused },
	{ "copy.pages_are_faulted_in", pages_are_faulted_in },
	{ "copy.threads_share_a_service", threads_share_a_service },
	{ "copy.services_do_not_mix", services_do_not_mix },
	{ "copy.poll_and_epoll_tell_of_completions",
	  poll_and_epoll_tell_of_completions },
	{ "copy.descriptor_takes_the_standard_ioctls",
	  descriptor_takes_the_standard_ioctls },
};

TAP_MAIN(tests)
