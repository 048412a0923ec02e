// SPDX-License-Identifier: GPL-2.0-only
/* The library and the driver: attaching, registers and events of the AFU. */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libcxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

/* A doubleword that is not a register keeps what is written to it. */
#define NO_REGISTER	0x1000

static struct sim_card card;
static struct queue queue;

static struct cxl_afu_h *open_slave(void)
{
	struct cxl_afu_h *afu;
	char path[64];

	sim_card_make(&card, NULL);
	snprintf(path, sizeof(path), "/dev/cxl/%s", card.slave);
	afu = cxl_afu_open_dev(path);
	require(afu, "%m");
	queue_init(&queue, 32);
	return afu;
}

static struct cxl_afu_h *start_flags(__u64 flags)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	struct cxl_afu_h *afu = open_slave();

	require(work);
	work->flags = flags;
	require_ok(cxl_work_set_wed(work, queue_wed(&queue)));
	require_ok(cxl_afu_attach_work(afu, work));
	cxl_work_free(work);
	require_ok(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN));
	return afu;
}

static struct cxl_afu_h *start(void)
{
	return start_flags(0);
}

/* Let the AFU raise an interrupt, after which it must be restarted. */
static void raise_irq(struct cxl_afu_h *afu, __u16 irq)
{
	uint64_t status = 0;

	require_eq(queue_wait(queue_add(&queue, WE_IRQ, irq, NULL, NULL)),
		   WE_COMPLETE);
	require(becomes_true(!cxl_mmio_read64(afu, REG_STATUS, &status) &&
			     status & STATUS_STOPPED));
	require_ok(cxl_mmio_write64(afu, REG_PCTRL, PCTRL_RESTART));
}

static void afu_works(void)
{
	struct cxl_afu_h *afu = start();
	char src[] = "copied by the AFU", dst[sizeof(src)] = "";

	check_eq(queue_wait(queue_copy(&queue, dst, src, sizeof(src))), WE_COMPLETE);
	check_str_eq(dst, src);
	cxl_afu_free(afu);
}

static void attach_tells_why_not(void)
{
	struct cxl_afu_h *afu = open_slave();
	struct cxl_ioctl_start_work *work = cxl_work_alloc();

	require(work);
	check_errno(cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN), EIO);
	check_eq(cxl_work_set_num_irqs(work, 3), 0);
	check_errno(cxl_afu_attach_work(afu, work), EINVAL);
	check_eq(cxl_work_set_num_irqs(work, 2038), 0);
	check_errno(cxl_afu_attach_work(afu, work), EINVAL);
	check_errno(cxl_afu_attach_full(afu, 0, 2038, 0), EINVAL);
	check_eq(cxl_afu_attach_full(afu, queue_wed(&queue), 2037, 0), 0);
	check_errno(cxl_afu_attach(afu, 0), EIO);
	cxl_work_free(work);
	cxl_afu_free(afu);
}

static void registers_are_big_endian(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value;
	uint32_t half;
	long size;

	check_eq(cxl_mmio_read64(afu, REG_PH, &value), 0);
	check_eq(value >> 48, cxl_afu_get_process_element(afu));
	check_eq(value << 16, 0);
	check_eq(cxl_mmio_read32(afu, REG_PH, &half), 0);
	check_eq(half >> 16, value >> 48);
	check_eq(cxl_mmio_read64(afu, REG_WED, &value), 0);
	check_eq(value, queue_wed(&queue));
	require_ok(cxl_mmio_map(afu, CXL_MMIO_LITTLE_ENDIAN));
	check_eq(cxl_mmio_read64(afu, REG_WED, &value), 0);
	check_eq(value, __builtin_bswap64(queue_wed(&queue)));
	require_ok(cxl_get_mmio_size(afu, &size));
	check_errno(cxl_mmio_read64(afu, size, &value), EINVAL);
	check_eq(cxl_mmio_read64(afu, size - 8, &value), 0);
	cxl_afu_free(afu);
}

/* The master sees the registers of each process in its own area. */
static void master_sees_all_registers(void)
{
	struct cxl_afu_h *slave = start(), *master;
	long offset, length;
	uint64_t value;

	master = cxl_afu_open_h(slave, CXL_VIEW_MASTER);
	require(master, "%m");
	require_ok(cxl_afu_attach(master, 0));
	require_ok(cxl_mmio_map(master, CXL_MMIO_BIG_ENDIAN));
	require_ok(cxl_get_pp_mmio_off(master, &offset));
	require_ok(cxl_get_pp_mmio_len(master, &length));
	check_eq(cxl_mmio_read64(master, offset + REG_WED +
				 length * cxl_afu_get_process_element(slave),
				 &value), 0);
	check_eq(value, queue_wed(&queue));
	cxl_afu_free(master);
	cxl_afu_free(slave);
}

static void all_ones_is_a_value(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value = 0;
	uint32_t half = 0;

	require_ok(cxl_mmio_write64(afu, NO_REGISTER, UINT64_MAX));
	check_eq(cxl_mmio_read64(afu, NO_REGISTER, &value), 0);
	check(value == UINT64_MAX);
	check_eq(cxl_mmio_read32(afu, NO_REGISTER + 4, &half), 0);
	check_eq(half, UINT32_MAX);
	cxl_afu_free(afu);
}

static void link_down_is_an_error(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value;
	uint32_t half;

	require_ok(cxl_mmio_install_sigbus_handler());
	require_ok(sim_set_link(card.num, "down"));
	check_errno(cxl_mmio_read64(afu, REG_PH, &value), EIO);
	check(value == UINT64_MAX);
	check_errno(cxl_mmio_read32(afu, REG_PH, &half), EIO);
	require_ok(sim_set_link(card.num, "up"));
	check_eq(cxl_mmio_read64(afu, REG_PH, &value), 0);
	check_eq(value >> 48, cxl_afu_get_process_element(afu));
	cxl_afu_free(afu);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static void link_down_is_a_signal_without_handler(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value;

	signal(SIGBUS, count_signal);
	require_ok(sim_set_link(card.num, "down"));
	check_errno(cxl_mmio_read64(afu, REG_PH, &value), EIO);
	check_eq(signals, 1);
	require_ok(sim_set_link(card.num, "up"));
	cxl_afu_free(afu);
}

/* The driver removes the mapping: a real bus error. */
static void card_gone_is_an_error(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value;

	require_ok(cxl_mmio_install_sigbus_handler());
	check_eq(cxl_mmio_read64(afu, REG_PH, &value), 0);
	sim_card_set_live(&card, false);
	check_errno(cxl_mmio_read64(afu, REG_PH, &value), EIO);
	check(value == UINT64_MAX);
	check_errno(cxl_mmio_write64(afu, REG_PCTRL, PCTRL_RESTART), EIO);
	cxl_afu_free(afu);
}

static void card_gone_kills_without_handler(void)
{
	struct cxl_afu_h *afu = start();
	uint64_t value;
	int status;
	pid_t pid;

	sim_card_set_live(&card, false);
	pid = require_ok(fork());
	if (!pid) {
		cxl_mmio_read64(afu, REG_PH, &value);
		_exit(0);
	}
	require_ok(waitpid(pid, &status, 0));
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "%#x", status);
	cxl_afu_free(afu);
}

/* With CXL_START_WORK_ERR_FF loads give all ones instead of bus errors. */
static void ones_after_the_end_are_an_error(void)
{
	struct cxl_afu_h *afu = start_flags(CXL_START_WORK_ERR_FF);
	uint64_t value;

	signal(SIGBUS, count_signal);
	sim_card_set_live(&card, false);
	check_errno(cxl_mmio_read64(afu, REG_PH, &value), EIO);
	check_eq(signals, 1);
	cxl_afu_free(afu);
}

/* A store by the AFU ends the wait. */
static void host_thread_waits_for_the_afu(void)
{
	static volatile __u64 word;
	struct cxl_afu_h *afu = start();
	__u64 one = 1;

	queue_copy(&queue, (void *)&word, &one, sizeof(one));
	check_eq(cxl_afu_host_thread_wait(afu, &word), 0);
	check_eq(word, 1);
	cxl_afu_free(afu);
}

static void thread_id_is_written_back(void)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	struct cxl_afu_h *afu = open_slave();
	__u16 tid;

	require(work);
	check_eq(cxl_work_enable_wait(work), 0);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	check_eq(tid, 0xffff);
	check_eq(cxl_afu_attach_work(afu, work), 0);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	cxl_work_free(work);
	cxl_afu_free(afu);
}

/* Events */

static void interrupts_are_read(void)
{
	struct cxl_afu_h *afu = start();
	struct cxl_event event;

	check_eq(cxl_event_pending(afu), 0);
	raise_irq(afu, 3);
	/* The AFU stops first, so that the program may restart it at once. */
	check(becomes_true(cxl_event_pending(afu) == 1));
	raise_irq(afu, 2);
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT, 0), 0);
	check_eq(event.header.process_element, cxl_afu_get_process_element(afu));
	check_eq(event.irq.irq == 2 || event.irq.irq == 3, 1);
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_AFU_INTERRUPT,
					 5 - event.irq.irq), 0);
	check_eq(cxl_event_pending(afu), 0);
	cxl_afu_free(afu);
}

static void faults_and_errors_are_read(void)
{
	struct cxl_afu_h *afu = start();
	char byte, *bad = no_access_page();
	struct cxl_event event;

	check_eq(queue_wait(queue_copy(&queue, bad, &byte, 1)), WE_AERROR);
	check_eq(cxl_read_expected_event(afu, &event, CXL_EVENT_DATA_STORAGE, 0), 0);
	check_eq(event.fault.addr, (unsigned long)bad);
	check(event.fault.dsisr & CXL_DSISR_STORE, "%#llx", event.fault.dsisr);
	require_ok(sim_inject_error(card.num, cxl_afu_get_process_element(afu),
				    0x123456789abcdef0));
	check_eq(cxl_read_event(afu, &event), 0);
	check_eq(event.header.type, CXL_EVENT_AFU_ERROR);
	check_eq(event.afu_error.error, 0x123456789abcdef0);
	cxl_afu_free(afu);
}

static void reading_may_not_wait(void)
{
	struct cxl_afu_h *afu = start();
	struct cxl_event event;

	check(!cxl_next_event(afu));
	check_eq(errno, 0);
	fcntl(cxl_afu_fd(afu), F_SETFL, O_NONBLOCK);
	check_errno(cxl_read_event(afu, &event), EAGAIN);
	check_eq(event.header.type, 0xffff);
	cxl_afu_free(afu);
}

/**
 * struct readers - two processes that read the events of one context
 * @events: how many events they got
 * @calls: how often each of them asked
 */
struct readers {
	volatile int events;
	volatile unsigned int calls[2];
};

static pid_t start_reader(struct cxl_afu_h *afu, struct readers *readers, int n)
{
	pid_t pid = require_ok(fork());

	while (!pid) {
		if (cxl_next_event(afu))
			__atomic_add_fetch(&readers->events, 1, __ATOMIC_SEQ_CST);
		else
			require(!errno, "%m");
		readers->calls[n]++;
	}
	return pid;
}

static bool both_go_on(const struct readers *readers)
{
	unsigned int first = readers->calls[0], second = readers->calls[1];

	return becomes_true(readers->calls[0] != first &&
			    readers->calls[1] != second);
}

/* Both find that an event is pending, and one of them gets it. */
static void next_event_never_waits(void)
{
	struct cxl_afu_h *afu = start();
	int pe = cxl_afu_get_process_element(afu);
	int n, rounds = tap_rounds(200, 20);
	struct readers *readers;
	pid_t pids[2];

	readers = mmap(NULL, sizeof(*readers), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(readers != MAP_FAILED);
	for (n = 0; n < 2; n++)
		pids[n] = start_reader(afu, readers, n);
	for (n = 1; n <= rounds; n++) {
		require_ok(sim_inject_irq(card.num, pe, 1));
		require(becomes_true(readers->events == n));
		require(both_go_on(readers), "event %d", n);
	}
	for (n = 0; n < 2; n++)
		kill_and_wait(pids[n]);
	cxl_afu_free(afu);
}

static void descriptor_is_for_select(void)
{
	struct cxl_afu_h *afu = start();
	int fd = cxl_afu_fd(afu);
	struct timeval soon = { .tv_sec = SOON_MS / 1000 };
	struct timeval now = { 0 };
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	check_eq(select(fd + 1, &fds, NULL, NULL, &now), 0);
	require_ok(sim_inject_irq(card.num, cxl_afu_get_process_element(afu), 1));
	FD_SET(fd, &fds);
	check_eq(select(fd + 1, &fds, NULL, NULL, &soon), 1);
	check(FD_ISSET(fd, &fds));
	check_eq(cxl_event_pending(afu), 1);
	cxl_afu_free(afu);
}

static void stamps_tell_the_order(void)
{
	struct cxl_event_stamp stamp;
	struct cxl_event *event, plain;
	struct cxl_afu_h *afu = start();
	__u64 last = 0;
	int n = 0, pe = cxl_afu_get_process_element(afu);

	check_eq(cxl_set_event_stamps(afu, 1), 0);
	require_ok(sim_inject_irq(card.num, pe, 1));
	require_ok(sim_inject_irq(card.num, pe, 2));
	require_ok(sim_inject_error(card.num, pe, 5));
	require_ok(sim_inject_error(card.num, pe, 6));
	cxl_for_each_event(afu, event) {
		check_eq(cxl_event_stamp(event, &stamp), 0);
		check_eq(stamp.sequence, n++);
		check(stamp.time, "no time");
		last = stamp.lost;
		if (event->header.type == CXL_EVENT_AFU_ERROR)
			check_eq(event->afu_error.error, 5);
	}
	check_eq(errno, 0);
	check_eq(n, 3);
	check_eq(last, 1);

	/* A program that knows nothing of stamps need not. */
	require_ok(sim_inject_error(card.num, pe, 7));
	check_eq(cxl_read_event(afu, &plain), 0);
	check_eq(plain.header.size, 24);
	check_eq(plain.header.reserved1, 0);
	check_eq(plain.afu_error.error, 7);
	check_eq(cxl_set_event_stamps(afu, 0), 0);
	require_ok(sim_inject_irq(card.num, pe, 1));
	event = cxl_next_event(afu);
	require(event, "%m");
	check_errno(cxl_event_stamp(event, &stamp), ENODATA);
	cxl_afu_free(afu);
}

#define TEST(name)	{ "lib_afu." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(afu_works),
	TEST(attach_tells_why_not),
	TEST(registers_are_big_endian),
	TEST(master_sees_all_registers),
	TEST(all_ones_is_a_value),
	TEST(link_down_is_an_error),
	TEST(link_down_is_a_signal_without_handler),
	TEST(card_gone_is_an_error),
	TEST(card_gone_kills_without_handler),
	TEST(ones_after_the_end_are_an_error),
	TEST(host_thread_waits_for_the_afu),
	TEST(thread_id_is_written_back),
	TEST(interrupts_are_read),
	TEST(faults_and_errors_are_read),
	TEST(reading_may_not_wait),
	TEST(next_event_never_waits),
	TEST(descriptor_is_for_select),
	TEST(stamps_tell_the_order),
};

TAP_MAIN(tests)
