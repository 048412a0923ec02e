/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by tests of the event contract: contexts whose AFU driver is
 * cxl_test_afu, streams of events that are checked byte by byte, and bad
 * buffers.
 *
 *	struct event_afu afu;
 *	struct event_stream stream = EVENT_STREAM(0, 128);
 *
 *	event_open(&afu, 0);
 *	event_set_ops_ok(&afu);
 *	event_send(&afu, CXL_TEST_HARDIRQ, 100, 0, 128);
 *	check_eq(event_drain(&afu, &stream), 100);
 *	event_check(&afu);
 *	event_close(&afu);
 *
 * A program consists of EVENT_MAIN(tests), which makes a card for the driver.
 */
#ifndef _TESTS_LIB_EVENT_TEST_H
#define _TESTS_LIB_EVENT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "modules/cxl_test_afu/cxl_test_afu.h"
#include "cxl_test.h"

#define HEADER_SIZE	sizeof(struct cxl_event_header)
#define STAMP_SIZE	sizeof(struct cxl_event_stamp)
#define IRQ_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_afu_interrupt))
#define FAULT_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_data_storage))
#define ERROR_SIZE	(HEADER_SIZE + sizeof(struct cxl_event_afu_error))
#define EVENT_MAX_DATA	(CXL_READ_MIN_SIZE - HEADER_SIZE)

/* Interrupts of a started context */
#define EVENT_IRQS	8
/* Events that the driver holds */
#define EVENT_DEPTH	1024

/* Like TAP_MAIN, between event_begin() and event_end(). */
#define EVENT_MAIN(tests)						\
int main(int argc, char **argv)						\
{									\
	return event_main(argc, argv, __FILE__, tests,			\
			  sizeof(tests) / sizeof((tests)[0]));		\
}

struct tap_test;
int event_main(int argc, char **argv, const char *file,
	       const struct tap_test *tests, size_t n);

/*
 * Contexts
 */

/**
 * struct event_afu - a context of the test driver
 * @ctl: the open test device
 * @fd: the AFU's file, or -1
 * @pe: process element
 * @device: PCI device
 * @queue: the AFU's, empty
 */
struct event_afu {
	int ctl;
	int fd;
	int pe;
	char device[24];
	struct queue queue;
};

/* A new context with CXL_TEST_NEW_* and without ops; require. */
void event_open(struct event_afu *afu, __u32 flags);
/* The usual: started, with ops; require. */
void event_open_ops(struct event_afu *afu);
/* The same with an event queue; require. */
void event_open_queue(struct event_afu *afu, __u32 depth, __u32 max_payload);
/* Close what is open: first the AFU's file. */
void event_close(struct event_afu *afu);
void event_close_fd(struct event_afu *afu);
void event_set_nonblock(struct event_afu *afu, bool nonblock);

/* cxl_set_driver_ops(): 0 or -1 and errno. */
int event_set_ops(struct event_afu *afu, __u32 flags, __u32 pair,
		  __u32 max_data_size);
/* A CXL_TEST_CONTEXT call: 0 or -1 and errno. */
int event_op(struct event_afu *afu, __u32 op);

/* Send from a source; returns how many were sent. */
unsigned int event_send(struct event_afu *afu, __u32 source, __u32 count,
			__u32 min_size, __u32 max_size);
unsigned int event_send_flags(struct event_afu *afu, __u32 count, __u32 size,
			      __u32 flags);
/* From the program's own context, all of one size; require. */
void event_send_ok(struct event_afu *afu, __u32 count, __u32 size);
/* One event that must be rejected; require. */
void event_send_null(struct event_afu *afu);
void event_send_bad_size(struct event_afu *afu, __u32 size);
void event_announce(struct event_afu *afu, __u32 count);
void event_produce(struct event_afu *afu, const struct cxl_test_produce *what);

/* Generic events, as reported by the card */
void event_irq(struct event_afu *afu, __u32 irq);
void event_error(struct event_afu *afu, __u64 error);
void event_inject(struct event_afu *afu, __u32 what, __u32 source, __u64 value);
/* Make the AFU fault, at the address returned; require. */
void *event_fault(struct event_afu *afu);

/* Callbacks wait while their bit is set. */
void event_hold(struct event_afu *afu, __u32 callbacks);
/* Wait until a callback waits; require. */
void event_wait_held(struct event_afu *afu);
void event_slow(struct event_afu *afu, __u32 fetch_us, __u32 delivered_us);

void event_state(struct event_afu *afu, struct cxl_test_state *state);
/* One member of the state */
#define event_state_of(afu, member)					\
({									\
	struct cxl_test_state __state;					\
									\
	event_state(afu, &__state);					\
	__state.member;							\
})

/* Check that every callback came in the right way. */
void event_check(struct event_afu *afu);
/* Also check that each fetched event was confirmed, and none is left. */
void event_check_settled(struct event_afu *afu);

/* A counter of /proc/self/fdinfo, by its name without "cxl-"; require. */
long long event_counter(int fd, const char *name);
/* Check that the counters add up. */
void event_check_counters(int fd);

/*
 * Streams
 */

#define EVENT_PRODUCERS	64

/**
 * struct event_stream - what has been read so far
 * @min_size: minimum payload of driver events
 * @max_size: maximum payload
 * @next: by producer: the next sequence number
 * @drivers: number of driver events
 * @irqs: number of interrupts
 * @faults: number of data storage events
 * @errors: number of AFU errors
 * @stamped: events carry stamps
 * @stamp: the last stamp
 * @lost: as in the stamp of the last driver event
 * @disorder: disorder was reported already
 */
struct event_stream {
	__u32 min_size;
	__u32 max_size;
	__u32 next[EVENT_PRODUCERS];
	__u64 drivers;
	__u64 irqs;
	__u64 faults;
	__u64 errors;
	bool stamped;
	struct cxl_event_stamp stamp;
	__u64 lost;
	bool disorder;
};

#define EVENT_STREAM(min, max) {					\
	.min_size = (min),						\
	.max_size = (max),						\
	.stamp.sequence = ~0ULL,					\
}

/*
 * Check what a read() returned: whole events, driver events of each producer in
 * the order sent, and each byte as sent. Payloads below CXL_TEST_MIN_NUMBERED
 * bytes are taken to be of producer 0. Returns the number of driver events.
 */
unsigned int event_feed(struct event_stream *stream, const void *buf,
			ssize_t size);
/*
 * Read without waiting, until nothing is pending or the file has ended.
 * Returns the number of driver events.
 */
unsigned int event_drain(struct event_afu *afu, struct event_stream *stream);

/**
 * struct event_reader - a thread that reads until it is stopped
 * @fd: the AFU's file
 * @stream: what it read
 * @thread: joined by event_reader_stop()
 * @reads: successful read() calls
 * @error: errno that ended it, 0 if it was stopped
 * @stop: it shall end once nothing is left
 */
struct event_reader {
	int fd;
	struct event_stream stream;
	pthread_t thread;
	unsigned long reads;
	int error;
	bool stop;
};

/* @stream: its initial value; require. The thread waits by poll(). */
void event_reader_start(struct event_reader *reader, struct event_afu *afu,
			struct event_stream stream);
/* Let it read what is left, then end it; require. */
void event_reader_stop(struct event_reader *reader);

/*
 * Buffers
 */

/* The end of @size bytes that can be written, before a page that cannot. */
char *guarded_end(size_t size);

/**
 * struct slow_buffer - memory that is absent until it is filled
 * @mem: its address
 * @size: in bytes
 * @uffd: userfaultfd that handles its faults; -1 once it is filled
 */
struct slow_buffer {
	char *mem;
	size_t size;
	int uffd;
};

/* @ready bytes, a multiple of the page size, are present at once; require. */
void slow_init(struct slow_buffer *slow, size_t size, size_t ready);
/* Wait until somebody waits for memory; require. */
void slow_wait(struct slow_buffer *slow);
/* Fill it; further calls do nothing. */
void slow_fill(struct slow_buffer *slow);

/**
 * struct slow_reader - a thread whose read() is stuck in such a buffer
 * @slow: the buffer
 * @fd: the descriptor it reads
 * @thread: joined by slow_reader_join()
 * @result: result of read()
 * @error: its errno
 * @done: read() has returned
 */
struct slow_reader {
	struct slow_buffer slow;
	int fd;
	pthread_t thread;
	ssize_t result;
	int error;
	bool done;
};

/* With 64 KiB. Returns once it is stuck; an event must be pending; require. */
void slow_reader_start(struct slow_reader *reader, int fd, size_t ready);
/* Provide the memory, and wait for the end of the call; require. */
void slow_reader_join(struct slow_reader *reader);

/*
 * Calls for sleeper_start()
 */

/* read() of 64 KiB from the descriptor that @fd points to */
long event_read_call(void *fd);
/* poll() for POLLIN: revents */
long event_poll_call(void *fd);

/*
 * The card
 */

/* The number of the test driver's card */
int event_card(void);
void event_set_link(bool up);
/* Unbind the driver from its device, and bind it again; require. */
void event_unbind(struct event_afu *afu);
void event_bind(struct event_afu *afu);
/* Remove the card, and make it again; require. */
void event_remove_card(void);
void event_make_card(void);

#endif
