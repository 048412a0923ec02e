// SPDX-License-Identifier: GPL-2.0-only
/* Device nodes and their work: see tests/lib/cxl_test.h. */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define LINE_ELEMENTS	4

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void nap(void)
{
	usleep(500);
}

void kill_and_wait(pid_t pid)
{
	require_ok(kill(pid, SIGKILL));
	require_eq(waitpid(pid, NULL, 0), pid);
}

/* Files */

static ssize_t read_path(char *buf, size_t size, const char *fmt, va_list args)
{
	char path[256];
	ssize_t n;
	int fd;

	vsnprintf(path, sizeof(path), fmt, args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int file_write(const char *text, const char *fmt, ...)
{
	char path[256];
	va_list args;
	ssize_t n;
	int fd, error;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

ssize_t file_read(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	n = read_path(buf, size, fmt, args);
	va_end(args);
	return n;
}

long long file_number(const char *fmt, ...)
{
	char buf[64], *end;
	long long number;
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	n = read_path(buf, sizeof(buf), fmt, args);
	va_end(args);
	require(n >= 0, "%s: %m", fmt);
	number = strtoll(buf, &end, 0);
	require(end != buf && !*end, "%s is a number", buf);
	return number;
}

bool file_exists(const char *fmt, ...)
{
	char path[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return !access(path, F_OK);
}

/* Device nodes */

int node_open(const char *node, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/cxl/%s", node);
	return open(path, O_RDWR | O_CLOEXEC | flags);
}

int node_open_ok(const char *node)
{
	int fd = node_open(node, 0);

	require(fd >= 0, "%s: %m", node);
	return fd;
}

int node_pe(int fd)
{
	__u32 pe = ~0;

	require_ok(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe));
	return pe;
}

int node_start(int fd, __u64 wed, int num_irqs, __u64 flags)
{
	struct cxl_ioctl_start_work work = {
		.flags = flags,
		.work_element_descriptor = wed,
	};

	if (num_irqs >= 0) {
		work.flags |= CXL_START_WORK_NUM_IRQS;
		work.num_interrupts = num_irqs;
	}
	return ioctl(fd, CXL_IOCTL_START_WORK, &work);
}

/* Work */

void queue_init(struct queue *q, unsigned int lines)
{
	size_t bytes = lines * LINE_ELEMENTS * sizeof(*q->we);

	q->we = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(q->we != MAP_FAILED);
	q->size = lines * LINE_ELEMENTS;
	q->next = 0;
	q->wrap = 0;
}

void queue_destroy(struct queue *q)
{
	munmap(q->we, q->size * sizeof(*q->we));
}

__u64 queue_wed(const struct queue *q)
{
	return (__u64)(unsigned long)q->we | q->size / LINE_ELEMENTS;
}

struct work_element *queue_add(struct queue *q, __u8 cmd, __u16 length,
			       const void *src, void *dst)
{
	struct work_element *we = &q->we[q->next];

	we->status = 0;
	we->length = htobe16(length);
	we->cmd_extra = 0;
	we->atomic_op1 = 0;
	we->src = htobe64((unsigned long)src);
	we->dst = htobe64((unsigned long)dst);
	__atomic_store_n(&we->cmd, WE_VALID | q->wrap | cmd, __ATOMIC_RELEASE);
	if (++q->next == q->size) {
		q->next = 0;
		q->wrap ^= WE_WRAP;
	}
	return we;
}

struct work_element *queue_copy(struct queue *q, void *dst, const void *src,
				__u16 length)
{
	return queue_add(q, WE_COPY, length, src, dst);
}

static __u8 status_of(const struct work_element *we)
{
	return __atomic_load_n(&we->status, __ATOMIC_ACQUIRE);
}

__u8 queue_wait(const struct work_element *we)
{
	becomes_true(status_of(we) != 0);
	return status_of(we);
}

/* Registers */

__u64 mmio_read(const void *mmio, size_t offset)
{
	const __u64 *reg = mmio + offset;

	return be64toh(__atomic_load_n(reg, __ATOMIC_SEQ_CST));
}

void mmio_write(void *mmio, size_t offset, __u64 value)
{
	__u64 *reg = mmio + offset;

	__atomic_store_n(reg, htobe64(value), __ATOMIC_SEQ_CST);
}

static sigjmp_buf sigbus_jump;
static int sigbus_code;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	sigbus_code = info->si_code;
	siglongjmp(sigbus_jump, 1);
}

int mmio_probe(const void *addr, __u64 *value)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	struct sigaction old;

	sigbus_code = 0;
	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(sigbus_jump, 1))
		*value = __atomic_load_n((const __u64 *)addr, __ATOMIC_SEQ_CST);
	sigaction(SIGBUS, &old, NULL);
	return sigbus_code;
}

void afu_start(struct afu *afu, const char *node, int num_irqs)
{
	size_t page = sysconf(_SC_PAGESIZE);

	afu->fd = node_open_ok(node);
	afu->pe = node_pe(afu->fd);
	queue_init(&afu->queue, 32);
	require_ok(node_start(afu->fd, queue_wed(&afu->queue), num_irqs, 0));
	afu->mmio_size = page;
	afu->mmio = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			 afu->fd, 0);
	require(afu->mmio != MAP_FAILED, "%m");
}

void afu_stop(struct afu *afu)
{
	munmap(afu->mmio, afu->mmio_size);
	close(afu->fd);
	queue_destroy(&afu->queue);
}

void afu_irq(struct afu *afu, __u16 irq)
{
	struct work_element *we = queue_add(&afu->queue, WE_IRQ, irq, NULL, NULL);

	require_eq(queue_wait(we), WE_COMPLETE);
	/* It stops after each interrupt. */
	require(becomes_true(mmio_read(afu->mmio, REG_STATUS) & STATUS_STOPPED));
	mmio_write(afu->mmio, REG_PCTRL, PCTRL_RESTART);
	require(becomes_true(!(mmio_read(afu->mmio, REG_STATUS) & STATUS_STOPPED)));
}

__u8 afu_load_byte(struct afu *afu, const void *addr)
{
	static char sink;

	return queue_wait(queue_copy(&afu->queue, &sink, addr, 1));
}

__u8 afu_store_byte(struct afu *afu, void *addr)
{
	static const char source = 'x';

	return queue_wait(queue_copy(&afu->queue, addr, &source, 1));
}

void *no_access_page(void)
{
	void *page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(page != MAP_FAILED);
	return page;
}

/* Events */

void events_parse(struct event_batch *batch, ssize_t bytes)
{
	struct cxl_event_header header;
	ssize_t at;

	batch->bytes = bytes;
	batch->n = 0;
	for (at = 0; at < bytes; at += header.size) {
		struct cxl_event *event = &batch->event[batch->n];

		require(bytes - at >= (ssize_t)sizeof(header),
			"%zd of %zd bytes parsed", at, bytes);
		memcpy(&header, batch->buf + at, sizeof(header));
		require(header.size >= sizeof(header) && header.size <= bytes - at,
			"event at %zd of %zd has size %u", at, bytes, header.size);
		memset(event, 0xee, sizeof(*event));
		memcpy(event, batch->buf + at,
		       header.size < sizeof(*event) ? header.size : sizeof(*event));
		batch->offset[batch->n++] = at;
	}
}

ssize_t events_read(int fd, struct event_batch *batch)
{
	ssize_t n;

	memset(batch->buf, 0xee, sizeof(batch->buf));
	n = read(fd, batch->buf, sizeof(batch->buf));
	if (n > 0)
		events_parse(batch, n);
	else
		events_parse(batch, 0);
	return n;
}

bool events_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, SOON_MS) == 1 && (p.revents & POLLIN);
}

short events_poll(int fd)
{
	struct pollfd p = {
		.fd = fd,
		.events = POLLIN | POLLRDNORM | POLLPRI | POLLOUT | POLLWRNORM |
			  POLLRDHUP,
	};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/* Threads */

bool is_asleep(pid_t pid, pid_t tid)
{
	char stat[256], *end;

	if (file_read(stat, sizeof(stat), "/proc/%d/task/%d/stat", pid, tid) < 0)
		return false;
	end = strrchr(stat, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

static void *sleeper_thread(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	errno = 0;
	s->result = s->call(s->arg);
	s->error = errno;
	s->done_ms = now_ms();
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

void sleeper_start(struct sleeper *s, long (*call)(void *arg), void *arg)
{
	pid_t pid = getpid();

	*s = (struct sleeper){ .call = call, .arg = arg };
	require_eq(pthread_create(&s->thread, NULL, sleeper_thread, s), 0);
	require(becomes_true(__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE) != 0));
	require(becomes_true(is_asleep(pid, s->tid)));
}

bool sleeper_join(struct sleeper *s)
{
	if (!becomes_true(__atomic_load_n(&s->done, __ATOMIC_ACQUIRE)))
		return false;
	pthread_join(s->thread, NULL);
	return true;
}
