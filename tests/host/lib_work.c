// SPDX-License-Identifier: GPL-2.0-only
/* Work descriptions, attaching and waiting, with a fake device. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

static struct cxl_afu_h *open_one(void)
{
	struct cxl_afu_h *afu;

	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
	afu = cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s"));
	require(afu, "%m");
	return afu;
}

static void work_starts_empty(void)
{
	static const struct cxl_ioctl_start_work empty;
	struct cxl_ioctl_start_work *work = cxl_work_alloc();

	require(work);
	check_mem_eq(work, &empty, sizeof(empty));
	check_eq(cxl_work_free(work), 0);
	check_errno(cxl_work_free(NULL), EINVAL);
}

static void work_holds_what_is_set(void)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	__u64 value;
	__s16 irqs;

	require(work);
	check_eq(cxl_work_set_wed(work, 0x123456789abcdef0), 0);
	check_eq(cxl_work_get_wed(work, &value), 0);
	check_eq(value, 0x123456789abcdef0);
	check_eq(work->work_element_descriptor, 0x123456789abcdef0);
	check_eq(work->flags, 0);

	check_eq(cxl_work_set_amr(work, 0xf000000000000000), 0);
	check_eq(cxl_work_get_amr(work, &value), 0);
	check_eq(value, 0xf000000000000000);
	check_eq(work->flags, CXL_START_WORK_AMR);
	check_eq(cxl_work_set_amr(work, 0), 0);
	check_eq(work->amr, 0);
	check_eq(work->flags, 0);

	check_eq(cxl_work_set_num_irqs(work, 0), 0);
	check_eq(work->flags, CXL_START_WORK_NUM_IRQS);
	check_eq(cxl_work_set_num_irqs(work, 32767), 0);
	check_eq(cxl_work_get_num_irqs(work, &irqs), 0);
	check_eq(irqs, 32767);
	check_eq(cxl_work_set_num_irqs(work, -1), 0);
	check_eq(work->flags, 0);
	cxl_work_free(work);
}

static void work_refuses_null(void)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	__u64 value;
	__s16 irqs;
	__u16 tid;

	require(work);
	check_errno(cxl_work_get_amr(NULL, &value), EINVAL);
	check_errno(cxl_work_get_amr(work, NULL), EINVAL);
	check_errno(cxl_work_get_wed(NULL, &value), EINVAL);
	check_errno(cxl_work_get_wed(work, NULL), EINVAL);
	check_errno(cxl_work_get_num_irqs(NULL, &irqs), EINVAL);
	check_errno(cxl_work_get_num_irqs(work, NULL), EINVAL);
	check_errno(cxl_work_get_tid(NULL, &tid), EINVAL);
	check_errno(cxl_work_set_amr(NULL, 1), EINVAL);
	check_errno(cxl_work_set_wed(NULL, 1), EINVAL);
	check_errno(cxl_work_set_num_irqs(NULL, 1), EINVAL);
	check_errno(cxl_work_enable_wait(NULL), EINVAL);
	check_errno(cxl_work_disable_wait(NULL), EINVAL);
	cxl_work_free(work);
}

/* As in libcxl 1.7, it succeeds with or without an ID. */
static void thread_id_is_that_of_an_attached_work(void)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	__u16 tid = 9;

	require(work);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	check_eq(tid, 0);
	check_eq(cxl_work_enable_wait(work), 0);
	check_eq(work->flags, CXL_START_WORK_TID);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	check_eq(tid, 0xffff);
	work->tid = 5;	/* as the kernel does */
	check_errno(cxl_work_get_tid(work, NULL), EINVAL);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	check_eq(tid, 5);
	check_eq(cxl_work_disable_wait(work), 0);
	check_eq(work->flags, 0);
	check_eq(cxl_work_get_tid(work, &tid), 0);
	check_eq(tid, 0);
	cxl_work_free(work);
}

static void attach_asks_for_the_minimum(void)
{
	struct cxl_afu_h *afu = open_one();

	errno = 0;
	check_eq(cxl_afu_attach(afu, 0xabcd), 0);
	check_eq(errno, 0);
	check_eq(fake_device.work.flags, 0);
	check_eq(fake_device.work.work_element_descriptor, 0xabcd);
	check_errno(cxl_afu_attach(afu, 0xabcd), EIO);
	cxl_afu_free(afu);
}

static void attach_full_has_all(void)
{
	struct cxl_afu_h *afu = open_one();

	check_eq(cxl_afu_attach_full(afu, 0xabcd, 0, 0), 0);
	check_eq(fake_device.work.flags,
		 CXL_START_WORK_NUM_IRQS | CXL_START_WORK_AMR);
	check_eq(fake_device.work.num_interrupts, 0);
	fake_device.started = false;
	check_eq(cxl_afu_attach_full(afu, 1, 2037, 0xff), 0);
	check_eq(fake_device.work.num_interrupts, 2037);
	check_eq(fake_device.work.amr, 0xff);
	cxl_afu_free(afu);
}

static void attach_work_passes_it_on(void)
{
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	struct cxl_afu_h *afu = open_one();

	require(work);
	work->reserved5 = 0x77;
	cxl_work_set_wed(work, 3);
	cxl_work_set_num_irqs(work, 12);
	check_eq(cxl_afu_attach_work(afu, work), 0);
	check_mem_eq(&fake_device.work, work, sizeof(*work));
	cxl_work_free(work);
	cxl_afu_free(afu);
}

static void attach_tells_why_not(void)
{
	static const int errors[] = {
		EBUSY, EINVAL, EIO, ENOMEM, ENOSPC, ENODEV, EFAULT,
	};
	struct cxl_ioctl_start_work *work = cxl_work_alloc();
	struct cxl_afu_h *afu, *closed;
	unsigned int i;

	require(work);
	afu = open_one();
	closed = cxl_afu_next(NULL);
	check_errno(cxl_afu_attach(NULL, 0), EINVAL);
	check_errno(cxl_afu_attach(closed, 0), EINVAL);
	check_errno(cxl_afu_attach_full(NULL, 0, 0, 0), EINVAL);
	check_errno(cxl_afu_attach_full(closed, 0, 0, 0), EINVAL);
	check_errno(cxl_afu_attach_work(NULL, work), EINVAL);
	check_errno(cxl_afu_attach_work(closed, work), EINVAL);
	check_errno(cxl_afu_attach_work(afu, NULL), EINVAL);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_device.start_error = errors[i];
		check_errno(cxl_afu_attach_work(afu, work), errors[i]);
	}
	cxl_afu_free(closed);
	cxl_afu_free(afu);
	cxl_work_free(work);
}

static void process_element_is_asked_for_once(void)
{
	struct cxl_afu_h *afu = open_one(), *closed = cxl_afu_next(NULL);

	fake_device.link_down = true;
	check_errno(cxl_afu_get_process_element(afu), EIO);
	fake_device.link_down = false;
	check_eq(cxl_afu_get_process_element(afu), FAKE_PE);
	check_eq(cxl_afu_get_process_element(afu), FAKE_PE);
	check_eq(fake_device.pe_asked, 1);
	check_errno(cxl_afu_get_process_element(NULL), EINVAL);
	check_errno(cxl_afu_get_process_element(closed), EBADF);
	cxl_afu_free(closed);
	cxl_afu_free(afu);
}

/* Waiting */

static volatile __u64 word;
static int message;

static void *write_word(void *value)
{
	const struct timespec nap = { .tv_nsec = 20 * 1000 * 1000 };

	nanosleep(&nap, NULL);
	message = 42;
	__atomic_store_n(&word, *(__u64 *)value, __ATOMIC_RELEASE);
	return NULL;
}

/* Any bit counts, wherever it is. */
static void wait_ends_with_the_word(void)
{
	__u64 values[] = { 1, 1ULL << 63, 1ULL << 32, ~0ULL };
	struct cxl_afu_h *afu = open_one();
	pthread_t writer;
	unsigned int i;

	check_eq(cxl_afu_attach(afu, 0), 0);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		word = 0;
		message = 0;
		require(!pthread_create(&writer, NULL, write_word, &values[i]));
		errno = 0;
		check_eq(cxl_afu_host_thread_wait(afu, &word), 0);
		check_eq(errno, 0);
		check_eq(message, 42);
		pthread_join(writer, NULL);
		/* What was written before the call is not missed. */
		check_eq(cxl_afu_host_thread_wait(afu, &word), 0);
	}
	cxl_afu_free(afu);
}

static void *wait_elsewhere(void *afu)
{
	word = 1;
	check_errno(cxl_afu_host_thread_wait(afu, &word), EPERM);
	check_eq(cxl_afu_attach(afu, 0), 0);
	check_eq(cxl_afu_host_thread_wait(afu, &word), 0);
	return NULL;
}

static void only_the_attached_thread_waits(void)
{
	struct cxl_afu_h *afu = open_one();
	pthread_t other;

	word = 1;
	check_errno(cxl_afu_host_thread_wait(NULL, &word), EINVAL);
	check_errno(cxl_afu_host_thread_wait(afu, NULL), EINVAL);
	check_errno(cxl_afu_host_thread_wait(afu, &word), EPERM);
	check_eq(cxl_afu_attach(afu, 0), 0);
	check_eq(cxl_afu_host_thread_wait(afu, &word), 0);
	fake_device.started = false;
	require(!pthread_create(&other, NULL, wait_elsewhere, afu));
	pthread_join(other, NULL);
	check_errno(cxl_afu_host_thread_wait(afu, &word), EPERM);
	cxl_afu_free(afu);
}

static const struct tap_test tests[] = {
	{ "lib_work.work_starts_empty", work_starts_empty },
	{ "lib_work.work_holds_what_is_set", work_holds_what_is_set },
	{ "lib_work.work_refuses_null", work_refuses_null },
	{ "lib_work.thread_id_is_that_of_an_attached_work",
	  thread_id_is_that_of_an_attached_work },
	{ "lib_work.attach_asks_for_the_minimum", attach_asks_for_the_minimum },
	{ "lib_work.attach_full_has_all", attach_full_has_all },
	{ "lib_work.attach_work_passes_it_on", attach_work_passes_it_on },
	{ "lib_work.attach_tells_why_not", attach_tells_why_not },
	{ "lib_work.process_element_is_asked_for_once",
	  process_element_is_asked_for_once },
	{ "lib_work.wait_ends_with_the_word", wait_ends_with_the_word },
	{ "lib_work.only_the_attached_thread_waits",
	  only_the_attached_thread_waits },
};

TAP_MAIN(tests)
