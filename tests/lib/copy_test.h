/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of cxl-copy share. Functions that say "require" end the test. */
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
 * @batch: what the last read() gave
 * @next: index of the first event in it not looked at
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
 * Zeroed pages without a neighbour that could be hit by accident; require. They
 * are there already: a fault of the AFU for each would take its time.
 */
void *copy_pages(size_t size);
/* The same, never touched. */
void *copy_fresh_pages(size_t size);
/* Fill with bytes that tell where they are, and with what @seed. */
void copy_pattern(void *buf, size_t size, unsigned int seed);

/* The device opened; require. */
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
 * The next completion; other events on the way are noted in @service. Returns
 * false when none comes soon, or when read() fails, then with @error set.
 */
bool copy_completion(struct copy_service *service,
		     struct cxl_copy_completion *completion);
/* The same, when nothing comes for @wait_ms: to see that there is no more */
bool copy_completion_within(struct copy_service *service,
			    struct cxl_copy_completion *completion, int wait_ms);
/* The same; checks that it is complete and has this cookie and length. */
bool copy_completes(struct copy_service *service, __u64 cookie, size_t length);

/*
 * Read all there is, after copy_make_busy(), when the AFU was taken away: that
 * each request is accounted for, the first ones as done and the others as
 * cancelled, and that nothing but EIO follows.
 */
void copy_check_taken_away(struct copy_service *service);

/*
 * Take cxl-copy off its AFUs, and put it back where it is missing: also for
 * cleanup, in the parent of a test that did the first.
 */
void copy_unbind(void);
void copy_bind(void);

#endif
