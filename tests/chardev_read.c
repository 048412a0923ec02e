// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2) of generic events, several events per read. AFU errors, which need
 * injection, are in chardev_error; translation faults in chardev_fault.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE	"afu0.0s"

static struct event_batch batch;

static int open_nonblocking(struct afu *afu)
{
	afu_start(afu, SLAVE, 8);
	require_ok(fcntl(afu->fd, F_SETFL, O_NONBLOCK));
	return afu->fd;
}

static void fill_irq(struct cxl_event *event, int pe, int irq)
{
	memset(event, 0, sizeof(*event));
	event->header.type = CXL_EVENT_AFU_INTERRUPT;
	event->header.size = 16;
	event->header.process_element = pe;
	event->irq.irq = irq;
}

static void layouts_are_those_of_the_abi(void)
{
	check_eq(sizeof(struct cxl_event_header), 8);
	check_eq(offsetof(struct cxl_event_header, size), 2);
	check_eq(offsetof(struct cxl_event_header, process_element), 4);
	check_eq(sizeof(struct cxl_event_afu_interrupt), 8);
	check_eq(offsetof(struct cxl_event, irq.irq), 10);
	check_eq(sizeof(struct cxl_event_data_storage), 32);
	check_eq(offsetof(struct cxl_event, fault.addr), 16);
	check_eq(offsetof(struct cxl_event, fault.dsisr), 24);
	check_eq(sizeof(struct cxl_event_afu_error), 16);
	check_eq(offsetof(struct cxl_event, afu_error.error), 16);
	check_eq(sizeof(struct cxl_event), 40);
	check_eq(sizeof(struct cxl_event_afu_driver_reserved), 4);
	check_eq(CXL_EVENT_AFU_INTERRUPT, 1);
	check_eq(CXL_EVENT_DATA_STORAGE, 2);
	check_eq(CXL_EVENT_AFU_ERROR, 3);
	check_eq(CXL_EVENT_AFU_DRIVER, 4);
}

static void short_buffer_is_einval(void)
{
	static const size_t sizes[] = { 0, 1, 8, 16, 40, 4095 };
	char buf[4096];
	struct afu afu;
	size_t i;

	afu_start(&afu, SLAVE, 4);
	/* With a buffer that is large enough it would wait. */
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_errno(read(afu.fd, buf, sizes[i]), EINVAL);

	/* A pending event stays pending. */
	afu_irq(&afu, 2);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_errno(read(afu.fd, buf, sizes[i]), EINVAL);
	check_eq(read(afu.fd, buf, 4096), 16);
}

static void short_buffer_is_einval_before_start(void)
{
	char buf[4095];
	int fd = node_open_ok(SLAVE);

	check_errno(read(fd, buf, sizeof(buf)), EINVAL);
	fd = require_ok(node_open(SLAVE, O_NONBLOCK));
	check_errno(read(fd, buf, sizeof(buf)), EINVAL);
}

static void nothing_pending_is_eagain(void)
{
	int opened = require_ok(node_open(SLAVE, O_NONBLOCK));
	struct afu started;

	check_errno(events_read(opened, &batch), EAGAIN);
	check_errno(events_read(open_nonblocking(&started), &batch), EAGAIN);
	afu_irq(&started, 1);
	check(events_wait(started.fd));
	check_eq(events_read(started.fd, &batch), 16);
	check_errno(events_read(started.fd, &batch), EAGAIN);
}

/* Exactly the bytes of the ABI, and nothing is written after them */
static void interrupt_has_these_bytes(void)
{
	unsigned char buf[2 * 4096], rest[2 * 4096 - 16];
	struct cxl_event expected;
	struct afu afu;

	afu_start(&afu, SLAVE, 8);
	afu_irq(&afu, 7);
	memset(buf, 0xee, sizeof(buf));
	memset(rest, 0xee, sizeof(rest));
	fill_irq(&expected, afu.pe, 7);
	check_eq(read(afu.fd, buf, sizeof(buf)), 16);
	check_mem_eq(buf, &expected, 16);
	check_mem_eq(buf + 16, rest, sizeof(rest));
}

static void header_names_the_process_element(void)
{
	struct afu afu[3];
	int i;

	for (i = 0; i < 3; i++)
		afu_start(&afu[i], SLAVE, 4);
	for (i = 0; i < 3; i++) {
		afu_irq(&afu[i], 1 + i);
		check(events_wait(afu[i].fd));
		check_eq(events_read(afu[i].fd, &batch), 16);
		check_eq(batch.event[0].header.process_element, afu[i].pe);
		check_eq(batch.event[0].irq.irq, 1 + i);
	}
	check(afu[0].pe != afu[1].pe && afu[1].pe != afu[2].pe);
}

/* An event belongs to one context, and no other sees it. */
static void contexts_do_not_see_each_other(void)
{
	struct afu afu, other;
	int master = require_ok(node_open("afu0.0m", O_NONBLOCK));

	afu_start(&afu, SLAVE, 4);
	open_nonblocking(&other);
	afu_irq(&afu, 1);
	check(events_wait(afu.fd));
	check_errno(events_read(other.fd, &batch), EAGAIN);
	check_errno(events_read(master, &batch), EAGAIN);
	check_eq(events_read(afu.fd, &batch), 16);
}

static void same_interrupt_twice_is_one_event(void)
{
	struct afu afu;
	int fd = open_nonblocking(&afu);

	afu_irq(&afu, 3);
	afu_irq(&afu, 3);
	afu_irq(&afu, 3);
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 3);
	check_errno(events_read(fd, &batch), EAGAIN);

	/* The read has acknowledged it: it can be reported again. */
	afu_irq(&afu, 3);
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 3);
}

static void one_read_takes_all_that_is_pending(void)
{
	static const int raised[] = { 6, 2, 5, 2, 8 };
	static const int expected[] = { 2, 5, 6, 8 };
	struct afu afu;
	size_t i;
	int fd = open_nonblocking(&afu);

	for (i = 0; i < ARRAY_SIZE(raised); i++)
		afu_irq(&afu, raised[i]);
	check_eq(events_read(fd, &batch), 4 * 16);
	require_eq(batch.n, 4);
	for (i = 0; i < 4; i++)
		check_eq(batch.event[i].irq.irq, expected[i]);
	check_errno(events_read(fd, &batch), EAGAIN);
}

/*
 * The next read goes on where the last one ended: a number that was read comes
 * again only after all others that are pending.
 */
static void interrupts_take_turns(void)
{
	enum { IRQS = 400 };
	unsigned int seen[IRQS + 1] = { 0 }, first, i, n = 0;
	struct afu afu;

	afu_start(&afu, SLAVE, IRQS);
	require_ok(fcntl(afu.fd, F_SETFL, O_NONBLOCK));
	for (i = 1; i <= IRQS; i++)
		afu_irq(&afu, i);
	require(events_read(afu.fd, &batch) > 0);
	first = batch.n;
	check(first >= 200 && first < IRQS, "%u", first);
	for (i = 0; i < first; i++)
		check_eq(batch.event[i].irq.irq, i + 1);

	/* Low numbers again, before high ones have had their turn. */
	for (i = 1; i <= 10; i++)
		afu_irq(&afu, i);
	while (n < IRQS - first + 10) {
		require(events_read(afu.fd, &batch) > 0);
		for (i = 0; i < batch.n; i++, n++) {
			unsigned int irq = batch.event[i].irq.irq;

			require(irq >= 1 && irq <= IRQS);
			seen[irq]++;
			if (n < IRQS - first)
				check(irq > first, "%u was read before", irq);
		}
	}
	for (i = first + 1; i <= IRQS; i++)
		check_eq(seen[i], 1);
	for (i = 1; i <= 10; i++)
		check_eq(seen[i], 1);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
}

/* A larger buffer takes more events. */
static void large_buffer_takes_more(void)
{
	enum { IRQS = 300 };
	static char buf[IRQS * 16 + 64];
	struct cxl_event expected;
	struct afu afu;
	int i;

	afu_start(&afu, SLAVE, IRQS);
	for (i = 1; i <= IRQS; i++)
		afu_irq(&afu, i);
	require_eq(read(afu.fd, buf, sizeof(buf)), IRQS * 16);
	for (i = 1; i <= IRQS; i++) {
		fill_irq(&expected, afu.pe, i);
		if (memcmp(buf + (i - 1) * 16, &expected, 16))
			fail("interrupt %d", i);
	}
}

static void highest_number_is_delivered(void)
{
	long long max = file_number(SYSFS_CXL "/afu0.0/irqs_max");
	struct work_element *we;
	struct afu afu;

	/* Some of the card's may belong to others, such as an AFU driver. */
	require(max > 2000);
	afu_start(&afu, SLAVE, 2000);
	afu_irq(&afu, 2000);
	afu_irq(&afu, 1);
	check_eq(events_read(afu.fd, &batch), 32);
	check_eq(batch.event[0].irq.irq, 1);
	check_eq(batch.event[1].irq.irq, 2000);
	we = queue_add(&afu.queue, WE_IRQ, 2001, NULL, NULL);
	check_eq(queue_wait(we), WE_FAILED);
}

static void number_out_of_range_is_no_event(void)
{
	static const __u16 numbers[] = { 0, 9, 64, 65535 };
	struct afu afu;
	int fd = open_nonblocking(&afu);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct work_element *we = queue_add(&afu.queue, WE_IRQ,
						    numbers[i], NULL, NULL);

		check_eq(queue_wait(we), WE_FAILED);
		/* Whether or not the AFU has stopped at it */
		mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	}
	check_eq(events_poll(fd), 0);
	check_errno(events_read(fd, &batch), EAGAIN);
	/* And it does no harm. */
	afu_irq(&afu, 8);
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 8);
}

/* When the program has the event, the work before it is visible. */
static void copy_is_done_when_its_interrupt_is_read(void)
{
	char src[200], dst[200];
	struct afu afu;
	int i;

	afu_start(&afu, SLAVE, 4);
	for (i = 0; i < 20; i++) {
		struct work_element *we;

		memset(src, 'a' + i, sizeof(src));
		memset(dst, 0, sizeof(dst));
		we = queue_copy(&afu.queue, dst, src, sizeof(src));
		queue_add(&afu.queue, WE_IRQ, 1 + i % 4, NULL, NULL);
		require_ok(events_read(afu.fd, &batch));
		check_mem_eq(dst, src, sizeof(src));
		check_eq(we->status, WE_COMPLETE);
		check_eq(batch.event[0].irq.irq, 1 + i % 4);
		mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	}
}

static long blocking_read(void *arg)
{
	struct afu *afu = arg;

	return events_read(afu->fd, &batch);
}

static void reader_sleeps_until_an_event(void)
{
	struct sleeper reader;
	struct afu afu;

	afu_start(&afu, SLAVE, 4);
	sleeper_start(&reader, blocking_read, &afu);
	usleep(QUIET_MS * 1000);
	check(!reader.done);
	afu_irq(&afu, 4);
	require(sleeper_join(&reader));
	check_eq(reader.result, 16);
	check_eq(batch.event[0].irq.irq, 4);
}

/* A context can be read in any state, also before START_WORK. */
static void reader_may_come_before_start(void)
{
	struct sleeper reader;
	struct afu afu = { .fd = node_open_ok(SLAVE) };

	queue_init(&afu.queue, 1);
	sleeper_start(&reader, blocking_read, &afu);
	require_ok(node_start(afu.fd, queue_wed(&afu.queue), 4, 0));
	queue_add(&afu.queue, WE_IRQ, 2, NULL, NULL);
	require(sleeper_join(&reader));
	check_eq(reader.result, 16);
	check_eq(batch.event[0].irq.irq, 2);
}

struct shared_reader {
	struct sleeper sleeper;
	struct event_batch batch;
	int fd;
};

static long read_alone(void *arg)
{
	struct shared_reader *reader = arg;

	return events_read(reader->fd, &reader->batch);
}

/* All are woken, one gets the event, the others sleep again. */
static void each_event_goes_to_one_reader(void)
{
	enum { READERS = 4 };
	struct shared_reader *reader;
	unsigned int got, seen = 0, i, irq;
	struct afu afu;

	reader = mmap(NULL, READERS * sizeof(*reader), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(reader != MAP_FAILED);
	afu_start(&afu, SLAVE, 4);
	for (i = 0; i < READERS; i++) {
		reader[i].fd = afu.fd;
		sleeper_start(&reader[i].sleeper, read_alone, &reader[i]);
	}
	for (irq = 1; irq <= READERS; irq++) {
		afu_irq(&afu, irq);
		got = 0;
		check(becomes_true(({
			got = 0;
			for (i = 0; i < READERS; i++)
				got += __atomic_load_n(&reader[i].sleeper.done,
						       __ATOMIC_ACQUIRE);
			got >= irq;
		})));
		usleep(10 * 1000);
		check_eq(got, irq);
	}
	for (i = 0; i < READERS; i++) {
		require(sleeper_join(&reader[i].sleeper));
		check_eq(reader[i].batch.n, 1);
		seen |= 1 << reader[i].batch.event[0].irq.irq;
	}
	check_eq(seen, 0x1e);
}

static unsigned int signals;

static void on_signal(int sig)
{
	(void)sig;
	__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
}

static void catch_sigusr1(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	require_ok(sigaction(SIGUSR1, &action, NULL));
}

static void signal_interrupts_a_reader(void)
{
	struct sleeper reader;
	struct afu afu;

	afu_start(&afu, SLAVE, 4);
	catch_sigusr1(0);
	sleeper_start(&reader, blocking_read, &afu);
	pthread_kill(reader.thread, SIGUSR1);
	require(sleeper_join(&reader));
	check_eq(reader.result, -1);
	check_eq(reader.error, EINTR);
}

static void signal_restarts_a_reader(void)
{
	struct sleeper reader;
	struct afu afu;

	afu_start(&afu, SLAVE, 4);
	catch_sigusr1(SA_RESTART);
	sleeper_start(&reader, blocking_read, &afu);
	pthread_kill(reader.thread, SIGUSR1);
	check(becomes_true(__atomic_load_n(&signals, __ATOMIC_RELAXED) == 1));
	usleep(QUIET_MS * 1000);
	check(!reader.done);
	afu_irq(&afu, 1);
	require(sleeper_join(&reader));
	check_eq(reader.result, 16);
}

static void bad_buffer_loses_nothing(void)
{
	char *read_only = no_access_page(), *none = no_access_page();
	struct afu afu;
	int fd = open_nonblocking(&afu), i;

	require_ok(mprotect(read_only, 4096, PROT_READ));
	afu_irq(&afu, 2);
	afu_irq(&afu, 5);
	for (i = 0; i < 3; i++) {
		check_errno(read(fd, none, 4096), EFAULT);
		check_errno(read(fd, read_only, 4096), EFAULT);
		check_eq(events_poll(fd), POLLIN | POLLRDNORM);
	}
	check_eq(events_read(fd, &batch), 32);
	check_eq(batch.event[0].irq.irq, 2);
	check_eq(batch.event[1].irq.irq, 5);
}

/* There is room for one event before the bad page: the other one waits. */
static void half_bad_buffer_loses_nothing(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct afu afu;
	int fd = open_nonblocking(&afu);

	require(map != MAP_FAILED);
	require_ok(mprotect(map + page, page, PROT_NONE));
	afu_irq(&afu, 2);
	afu_irq(&afu, 5);
	check_eq(read(fd, map + page - 20, 4096), 16);
	check_errno(read(fd, map + page - 4, 4096), EFAULT);
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 5);
	check_errno(events_read(fd, &batch), EAGAIN);
}

static void vectors_are_filled_in_order(void)
{
	unsigned char a[10], b[11], c[4096];
	struct iovec vec[] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) },
	};
	struct cxl_event expected[2];
	struct afu afu;
	int fd = open_nonblocking(&afu);

	check_errno(readv(fd, vec, 2), EINVAL);
	afu_irq(&afu, 1);
	afu_irq(&afu, 2);
	fill_irq(&expected[0], afu.pe, 1);
	fill_irq(&expected[1], afu.pe, 2);
	check_eq(readv(fd, vec, 3), 32);
	check_mem_eq(a, &expected[0], 10);
	check_mem_eq(b, (char *)&expected[0] + 10, 6);
	check_mem_eq(b + 6, &expected[1], 5);
	check_mem_eq(c, (char *)&expected[1] + 5, 11);
}

/* A single read, too, can be told not to wait. */
static void read_without_wait_is_eagain(void)
{
	struct iovec vec = { batch.buf, sizeof(batch.buf) };
	struct afu afu;

	afu_start(&afu, SLAVE, 4);
	check_errno(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), EAGAIN);
	afu_irq(&afu, 4);
	check_eq(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), 16);
	check_errno(preadv2(afu.fd, &vec, 1, -1, RWF_NOWAIT), EAGAIN);
}

/* The file has no position. */
static void file_cannot_be_sought(void)
{
	struct afu afu;

	afu_start(&afu, SLAVE, 4);
	check_errno(lseek(afu.fd, 0, SEEK_SET), ESPIPE);
	afu_irq(&afu, 4);
	check_errno(pread(afu.fd, batch.buf, sizeof(batch.buf), 0), ESPIPE);
	check_eq(events_read(afu.fd, &batch), 16);
}

static const struct tap_test tests[] = {
	{ "chardev_read.layouts_are_those_of_the_abi",
	  layouts_are_those_of_the_abi },
	{ "chardev_read.short_buffer_is_einval", short_buffer_is_einval },
	{ "chardev_read.short_buffer_is_einval_before_start",
	  short_buffer_is_einval_before_start },
	{ "chardev_read.nothing_pending_is_eagain", nothing_pending_is_eagain },
	{ "chardev_read.interrupt_has_these_bytes", interrupt_has_these_bytes },
	{ "chardev_read.header_names_the_process_element",
	  header_names_the_process_element },
	{ "chardev_read.contexts_do_not_see_each_other",
	  contexts_do_not_see_each_other },
	{ "chardev_read.same_interrupt_twice_is_one_event",
	  same_interrupt_twice_is_one_event },
	{ "chardev_read.one_read_takes_all_that_is_pending",
	  one_read_takes_all_that_is_pending },
	{ "chardev_read.interrupts_take_turns", interrupts_take_turns },
	{ "chardev_read.large_buffer_takes_more", large_buffer_takes_more },
	{ "chardev_read.highest_number_is_delivered",
	  highest_number_is_delivered },
	{ "chardev_read.number_out_of_range_is_no_event",
	  number_out_of_range_is_no_event },
	{ "chardev_read.copy_is_done_when_its_interrupt_is_read",
	  copy_is_done_when_its_interrupt_is_read },
	{ "chardev_read.reader_sleeps_until_an_event",
	  reader_sleeps_until_an_event },
	{ "chardev_read.reader_may_come_before_start",
	  reader_may_come_before_start },
	{ "chardev_read.each_event_goes_to_one_reader",
	  each_event_goes_to_one_reader },
	{ "chardev_read.signal_interrupts_a_reader", signal_interrupts_a_reader },
	{ "chardev_read.signal_restarts_a_reader", signal_restarts_a_reader },
	{ "chardev_read.bad_buffer_loses_nothing", bad_buffer_loses_nothing },
	{ "chardev_read.half_bad_buffer_loses_nothing",
	  half_bad_buffer_loses_nothing },
	{ "chardev_read.vectors_are_filled_in_order",
	  vectors_are_filled_in_order },
	{ "chardev_read.read_without_wait_is_eagain",
	  read_without_wait_is_eagain },
	{ "chardev_read.file_cannot_be_sought", file_cannot_be_sought },
};

TAP_MAIN(tests)
