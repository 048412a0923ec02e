/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by tests of cxl-copy. Functions that say "require" end the test. */
#ifndef _TESTS_LIB_COPY_TEST_H
#define _TESTS_LIB_COPY_TEST_H

#include <misc/cxl-copy.h>

#include "cxl_test.h"

#define COPY_DEVICE	"/dev/cxl-copy0"
#define COPY_MIB	CXL_COPY_MAX_LENGTH
#define COPY_DRIVER	"/sys/bus/pci/drivers/cxl-copy"

/**
 * struct copy_service - a descriptor from CXL_COPY_GET_FD, and its events
 * @fd: the descriptor
 * @queue: memory of the work queue
 * @queue_size: in bytes
 * @batch: result of the last read()
 * @next: index of its first event not looked at
 * @faults: data storage events seen
 * @fault: the last of them
 * @error: errno of the read() that failed, 0 if none did
 */
struct copy_service {
	int fd;
	void *queue;
	size_t queue_size;

	struct event_batch batch;
	unsigned int next;
	unsigned int faults;
	struct cxl_event_data_storage fault;
	int error;
};

/*
 * Zeroed pages without neighbours that could be hit by accident; require. They
 * are present already, since a fault of the AFU for each would take time.
 */
void *copy_pages(size_t size);
/* The same, never touched. */
void *copy_fresh_pages(size_t size);
/* Fill with bytes that tell their place and @seed. */
void copy_pattern(void *buf, size_t size, unsigned int seed);

/* Open the device; require. */
int copy_device(void);
/* CXL_COPY_GET_FD with a device of its own: descriptor or -1 and errno. */
int copy_get_fd(const void *queue, size_t queue_size);

/* A service with a queue of its own; require. */
void copy_open(struct copy_service *service, size_t queue_size);
/* The same, of another device. */
void copy_open_at(struct copy_service *service, const char *device,
		  size_t queue_size);
void copy_close(struct copy_service *service);

/* CXL_COPY_SUBMIT. */
int copy_submit(int fd, const struct cxl_copy_request *requests,
		unsigned int count);
/* One request. */
int copy_submit_one(int fd, const void *source, void *destination,
		    size_t length, __u64 cookie);

#define COPY_BUSY	48

/* Submit COPY_BUSY requests of 1 MiB, numbered from 0; require. */
void copy_make_busy(struct copy_service *service, const void *source,
		    void *destination);

/*
 * Get the next completion; other events are noted in @service. Returns false if
 * none comes soon, or if read() fails, then with @error set.
 */
bool copy_completion(struct copy_service *service,
		     struct cxl_copy_completion *completion);
/* The same, but wait for @wait_ms only: to see that there are no more */
bool copy_completion_within(struct copy_service *service,
			    struct cxl_copy_completion *completion, int wait_ms);
/* The same; checks that it is complete and has this cookie and length. */
bool copy_completes(struct copy_service *service, __u64 cookie, size_t length);

/*
 * After copy_make_busy(), when the AFU was taken away: read everything, and
 * check that each request is accounted for, the first ones as done and the
 * others as cancelled, and that only EIO follows.
 */
void copy_check_taken_away(struct copy_service *service);

/*
 * Unbind cxl-copy from its AFUs, and bind it again where it is missing; the
 * latter also for cleanup, in the parent of a test that unbound.
 */
void copy_unbind(void);
void copy_bind(void);

#endif
