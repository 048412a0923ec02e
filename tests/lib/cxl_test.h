/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by tests of the cxl device nodes.
 *
 * A context with work in flight, and its events:
 *
 *	struct afu afu;
 *	struct event_batch batch;
 *
 *	afu_start(&afu, "afu0.0s", 4);
 *	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, 100)), WE_COMPLETE);
 *	afu_irq(&afu, 3);
 *	require(events_wait(afu.fd));
 *	require_ok(events_read(afu.fd, &batch));
 *	check_eq(batch.event[0].irq.irq, 3);
 *	afu_stop(&afu);
 *
 * Functions that say "require" end the test when what they do fails (as
 * require() does); the others return -1 and set errno.
 */
#ifndef _TESTS_LIB_CXL_TEST_H
#define _TESTS_LIB_CXL_TEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>
#include <misc/cxl.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Time limit for anything that should happen soon; TCG guests are slow. */
#define SOON_MS		(5000LL * tap_time_scale())
/* Time limit for waking up those who wait. */
#define WAKE_MS		(1000LL * tap_time_scale())
/* How long a test waits to see that something does not happen. */
#define QUIET_MS	100

/* Milliseconds of CLOCK_MONOTONIC. */
long long now_ms(void);

/* Wait until @condition, an expression, is true: did it become so soon? */
#define becomes_true(condition)						\
({									\
	long long __end = now_ms() + SOON_MS;				\
	bool __true;							\
									\
	while (!(__true = (condition)) && now_ms() < __end)		\
		nap();							\
	__true;								\
})

/* A short sleep while polling. */
void nap(void);

/* Kill a child, and wait for its end; require. */
void kill_and_wait(pid_t pid);

/*
 * Files of sysfs, debugfs and configfs. Paths are printf style.
 */

/* Write @text in one write(): 0 or -1 and errno. */
int file_write(const char *text, const char *path, ...)
	__attribute__((format(printf, 2, 3)));
/* Content without the last newline: its length or -1 and errno. */
ssize_t file_read(char *buf, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* The number in a file, require. */
long long file_number(const char *path, ...)
	__attribute__((format(printf, 1, 2)));
bool file_exists(const char *path, ...) __attribute__((format(printf, 1, 2)));

#define SYSFS_CXL	"/sys/class/cxl"

/*
 * Device nodes, by their name in /dev/cxl
 */

/* open(2) with O_RDWR | O_CLOEXEC | @flags. */
int node_open(const char *node, int flags);
/* The same, require. */
int node_open_ok(const char *node);
/* The process element of an open file, require. */
int node_pe(int fd);

/* CXL_IOCTL_START_WORK; @num_irqs < 0: the AFU's minimum. 0 or -1. */
int node_start(int fd, __u64 wed, int num_irqs, __u64 flags);

/*
 * Work of the memcpy AFU: Documentation/memcpy-afu.md
 */

#define WE_COPY		0
#define WE_IRQ		1
#define WE_STOP		2
#define WE_INCR		4

#define WE_VALID	0x80
#define WE_WRAP		0x40

/* Status of a work element; 0 until the AFU has finished it */
#define WE_COMPLETE	0x80
#define WE_AERROR	0x20
#define WE_FAILED	0x04
#define WE_UNDEFINED	0x01

/**
 * struct work_element - big-endian, 32 bytes
 * @cmd: WE_VALID | WE_WRAP | command
 * @status: written by the AFU
 * @length: bytes to copy; number of an interrupt
 * @cmd_extra: kind of an atomic operation
 * @reserved: 0
 * @atomic_op1: operand
 * @src: effective address
 * @dst: effective address
 */
struct work_element {
	__u8 cmd;
	__u8 status;
	__be16 length;
	__u8 cmd_extra;
	__u8 reserved[3];
	__be64 atomic_op1;
	__be64 src;
	__be64 dst;
};

/**
 * struct queue - a queue of work elements
 * @we: the elements
 * @size: number of elements
 * @next: index of the next one to fill
 * @wrap: WE_WRAP every other time around
 */
struct queue {
	struct work_element *we;
	unsigned int size;
	unsigned int next;
	__u8 wrap;
};

/* @lines of 128 bytes, four elements each, from 1 to 4095; require. */
void queue_init(struct queue *q, unsigned int lines);
void queue_destroy(struct queue *q);
/* The work element descriptor that names the queue. */
__u64 queue_wed(const struct queue *q);

/*
 * Add an element. The caller must not be more than a queue's length ahead of
 * the AFU. The pointer is for queue_wait(), valid until the queue has wrapped.
 */
struct work_element *queue_add(struct queue *q, __u8 cmd, __u16 length,
			       const void *src, void *dst);
struct work_element *queue_copy(struct queue *q, void *dst, const void *src,
				__u16 length);
/* Wait for the status and return it, or 0 if there is none soon. */
__u8 queue_wait(const struct work_element *we);

/*
 * Registers of the memcpy AFU
 */

#define REG_WED		0x00
#define REG_PH		0x08
#define REG_STATUS	0x10
#define REG_PCTRL	0x18
#define REG_TB		0x40

#define STATUS_STOPPED	0x0800000000000000ULL
#define PCTRL_RESTART	0x8000000000000000ULL

/* One 64-bit access, big-endian like the AFU. */
__u64 mmio_read(const void *mmio, size_t offset);
void mmio_write(void *mmio, size_t offset, __u64 value);

/**
 * mmio_probe() - a load that may raise SIGBUS
 * @addr: address of a 64-bit register
 * @value: what was read, in memory byte order
 *
 * Return: 0, or the si_code of the SIGBUS. One thread at a time.
 */
int mmio_probe(const void *addr, __u64 *value);

/**
 * struct afu - a started context with a queue
 * @fd: the open node
 * @pe: process element
 * @queue: its work queue
 * @mmio: start of its problem state area
 * @mmio_size: bytes mapped, one page
 */
struct afu {
	int fd;
	int pe;
	struct queue queue;
	void *mmio;
	size_t mmio_size;
};

/* Open, START_WORK on a queue of a page, map the registers; require. */
void afu_start(struct afu *afu, const char *node, int num_irqs);
void afu_stop(struct afu *afu);

/* Let the AFU raise an interrupt and go on after it; require. */
void afu_irq(struct afu *afu, __u16 irq);
/* Make it fault: copy one byte from or to @addr; the element's status. */
__u8 afu_load_byte(struct afu *afu, const void *addr);
__u8 afu_store_byte(struct afu *afu, void *addr);

/* A page that is mapped without access rights: an address that faults. */
void *no_access_page(void);

/*
 * Events
 */

#define BATCH_EVENTS	(CXL_READ_MIN_SIZE / sizeof(struct cxl_event_header))

/**
 * struct event_batch - what one read() returned
 * @bytes: its return value
 * @n: events in it
 * @event: each event; bytes after header.size are 0xee. Of larger events only
 *	the first 40 bytes
 * @offset: where each begins in @buf
 * @buf: the bytes read
 */
struct event_batch {
	ssize_t bytes;
	unsigned int n;
	struct cxl_event event[BATCH_EVENTS];
	unsigned int offset[BATCH_EVENTS];
	unsigned char buf[CXL_READ_MIN_SIZE];
};

/* One read() of CXL_READ_MIN_SIZE bytes, whose result is returned; checks that
 * all events are whole.
 */
ssize_t events_read(int fd, struct event_batch *batch);
/* Split the buffer; checks that it holds @bytes of whole events. */
void events_parse(struct event_batch *batch, ssize_t bytes);
/* Wait for POLLIN: did it come soon? */
bool events_wait(int fd);
/* What poll() reports at once, of all events it knows. */
short events_poll(int fd);

/*
 * Threads that wait in a system call
 */

/**
 * struct sleeper - a thread that makes one blocking call
 * @thread: joined by sleeper_join()
 * @tid: its number
 * @call: the call: its result, -1 with errno
 * @arg: for @call
 * @result: what @call returned
 * @error: errno then
 * @done_ms: when
 * @done: @call has returned
 */
struct sleeper {
	pthread_t thread;
	pid_t tid;
	long (*call)(void *arg);
	void *arg;
	long result;
	int error;
	long long done_ms;
	bool done;
};

/* Start the thread and wait until it sleeps in the kernel; require. */
void sleeper_start(struct sleeper *s, long (*call)(void *arg), void *arg);
/* Wait for the end of the call: did it come soon? */
bool sleeper_join(struct sleeper *s);
/* Does a thread or process (its first thread) sleep, interruptibly? */
bool is_asleep(pid_t pid, pid_t tid);

#endif
