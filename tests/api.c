// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel API, function by function, including misuse.
 * Most of each test is code in the AFU driver cxl_test_api, under the test's
 * own name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/api_test.h"
#include "lib/cxl_test.h"
#include "lib/event_test.h"

#define RACE_ROUNDS	5000

/* Tests that need no program */
#define IN_KERNEL(test)							\
static void test(void)							\
{									\
	api_run(#test, NULL);						\
}

IN_KERNEL(foreign_devices_are_refused)
IN_KERNEL(device_leads_to_its_afu)
IN_KERNEL(default_context_stays_the_same)
IN_KERNEL(process_elements_run_out)
IN_KERNEL(private_pointer_is_kept)
IN_KERNEL(start_and_stop_return_what_they_should)
IN_KERNEL(never_started_can_be_stopped)
IN_KERNEL(kernel_addresses_without_a_task)
IN_KERNEL(stopped_context_touches_no_memory)
IN_KERNEL(restarted_context_works)
IN_KERNEL(kernel_thread_lends_no_memory)
IN_KERNEL(afu_reset_stops_all_work)
IN_KERNEL(start_work_checks_interrupts)
IN_KERNEL(start_work_failure_leaves_nothing)
IN_KERNEL(allocation_keeps_to_the_budget)
IN_KERNEL(none_asked_for_is_the_afus_minimum)
IN_KERNEL(mapping_returns_what_it_should)
IN_KERNEL(handlers_run_in_hard_interrupts)
IN_KERNEL(afu_raises_them)
IN_KERNEL(unmapping_strangers_is_ignored)
IN_KERNEL(freeing_unmaps)
IN_KERNEL(unmapping_waits_for_the_handler)
IN_KERNEL(disabled_interrupt_is_kept)
IN_KERNEL(without_handler_it_is_dropped)
IN_KERNEL(one_left_pending_is_dropped)
IN_KERNEL(reallocation_takes_effect_at_once)
IN_KERNEL(missing_operations_are_filled_in)
IN_KERNEL(null_means_the_standard_operations)
IN_KERNEL(one_file_per_context)
IN_KERNEL(driver_ops_are_checked)
IN_KERNEL(old_drivers_ops_are_two_callbacks)
IN_KERNEL(event_queue_is_checked)
IN_KERNEL(slave_maps_its_window)
IN_KERNEL(master_maps_everything)
IN_KERNEL(vpd_is_the_cards)
IN_KERNEL(dma_addresses_are_the_afus)
IN_KERNEL(afu_can_be_referenced)
IN_KERNEL(cxllib_says_what_there_is_not)

static void rebind(void)
{
	api_unbind();
	api_bind();
}

static void default_context_given_back_is_harmless(void)
{
	api_run("default_context_given_back_is_harmless", NULL);
	rebind();
	api_run("default_context_stays_the_same", NULL);
}

static void task_means_the_callers_memory(void)
{
	static char src[64] = "the caller's memory", dst[64];
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct work_element *we;
	struct queue q;

	queue_init(&q, 1);
	we = queue_copy(&q, dst, src, sizeof(src));
	arg[0] = queue_wed(&q);
	arg[1] = (long)&we->status;
	api_run("task_means_the_callers_memory", arg);
	check_mem_eq(dst, src, sizeof(src));
}

static void check_context_init(int ret)
{
	long long arg[CXL_TEST_API_ARGS] = { ret };

	api_run("context_init_returns", arg);
}

static void no_context_in_mode_none(void)
{
	int card = api_card();

	/* Without the default context left by earlier tests */
	rebind();
	check_context_init(0);
	require_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card));
	check_context_init(-ENODEV);
	require_ok(file_write("afu_directed", SYSFS_CXL "/afu%d.0/mode", card));
	check_context_init(0);
}

static void default_context_makes_the_mode_busy(void)
{
	int card = api_card();

	rebind();
	api_run("default_context_stays_the_same", NULL);
	check_errno(file_write("none", SYSFS_CXL "/afu%d.0/mode", card), EBUSY);
	check_errno(file_write("1", SYSFS_CXL "/afu%d.0/reset", card), EBUSY);
	rebind();
	check_ok(file_write("1", SYSFS_CXL "/afu%d.0/reset", card));
}

static void link_down_allows_only_taking_down(void)
{
	api_run("keep_a_started_context", NULL);
	api_inject("down", "link");
	api_run("link_down_allows_only_taking_down", NULL);
	api_inject("up", "link");
	api_run("link_up_is_usable", NULL);
}

static void link_up(void)
{
	api_inject("up", "link");
}

static void none_is_lost_when_cpus_race(void)
{
	long long arg[CXL_TEST_API_ARGS] = { tap_rounds(RACE_ROUNDS, 100) };

	api_run("none_is_lost_when_cpus_race", arg);
}

/* The line of an interrupt, and the sum of its counts; false if there is none */
static bool interrupt_line(long long virq, char *line, size_t size,
			   long *count)
{
	FILE *f = fopen("/proc/interrupts", "re");
	bool found = false;
	char *next;

	require(f);
	while (!found && fgets(line, size, f))
		found = strtoll(line, &next, 10) == virq && *next == ':';
	fclose(f);
	*count = 0;
	for (next++; found && next[strspn(next, " ")] >= '0' &&
	     next[strspn(next, " ")] <= '9';)
		*count += strtol(next, &next, 10);
	return found;
}

static void linux_interrupt_is_seen_in_proc(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	char line[512];
	long before, after;

	api_run("keep_a_mapped_interrupt", arg);
	require(interrupt_line(arg[0], line, sizeof(line), &before));
	check(strstr(line, "cxl-test-api"), "%s", line);
	check(strstr(line, "edge"), "%s", line);
	check_ok(file_write("1", "/proc/irq/%lld/smp_affinity", arg[0]));
	api_run("raise_the_kept_interrupt", NULL);
	api_run("raise_the_kept_interrupt", NULL);
	check(interrupt_line(arg[0], line, sizeof(line), &after));
	check_eq(after - before, 2);
	api_run("unmap_the_kept_interrupt", NULL);
	check(!interrupt_line(arg[0], line, sizeof(line), &after));
}

/* Anybody can read these files, into memory that is never provided. */
static void stuck_reader_of_proc_holds_nobody_up(void)
{
	/* The last one not on every architecture */
	static const char *const files[] = {
		"smp_affinity", "spurious", "effective_affinity_list",
	};
	struct slow_reader reader[ARRAY_SIZE(files)];
	unsigned int i, readers = ARRAY_SIZE(files);
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	long long begin;
	char path[64];

	api_run("keep_a_mapped_interrupt", arg);
	if (!file_exists("/proc/irq/%lld/%s", arg[0], files[readers - 1]))
		readers--;
	for (i = 0; i < readers; i++) {
		snprintf(path, sizeof(path), "/proc/irq/%lld/%s", arg[0],
			 files[i]);
		slow_reader_start(&reader[i],
				  require_ok(open(path, O_RDONLY)), 0);
	}
	begin = now_ms();
	api_run("unmap_the_kept_interrupt", NULL);
	api_run("handlers_run_in_hard_interrupts", NULL);
	api_set_live(false);
	api_set_live(true);
	check(now_ms() - begin <= SOON_MS);
	check(api_is_bound(0));
	for (i = 0; i < readers; i++)
		slow_reader_join(&reader[i]);
}

static void check_no_context_attached(void)
{
	char state[200];

	check_eq(file_read(state, sizeof(state),
			   "/sys/kernel/debug/cxl-afu/card%d/afu0/state",
			   api_card()), 0);
}

/* No process element is left, and no ops that would pin modules. */
static void check_nothing_left(long refs)
{
	int card = api_card();

	check_no_context_attached();
	check_ok(file_write("none", SYSFS_CXL "/afu%d.0/mode", card));
	check_ok(file_write("afu_directed", SYSFS_CXL "/afu%d.0/mode", card));
	check(becomes_true(file_number("/sys/module/cxl/refcnt") == refs));
}

static void unbinding_cleans_up_after_the_driver(void)
{
	long refs;

	/* Without the default context left by earlier tests */
	rebind();
	refs = file_number("/sys/module/cxl/refcnt");
	api_run("leave_all_behind", NULL);
	api_unbind();
	check_nothing_left(refs);
	api_bind();
	api_run("what_was_left_is_dead", NULL);
	api_run("allocation_keeps_to_the_budget", NULL);
	api_run("process_elements_run_out", NULL);
}

#define FAIL_PROBE "/sys/module/cxl_test_api/parameters/fail_probe"

static void failed_probe_leaves_nothing(void)
{
	char name[32];
	long refs;

	api_device(name, sizeof(name), 0);
	api_unbind();
	refs = file_number("/sys/module/cxl/refcnt");
	require_ok(file_write("Y", FAIL_PROBE));
	check_errno(file_write(name, "/sys/bus/pci/drivers/cxl_test_api/bind"),
		    EXDEV);
	require_ok(file_write("N", FAIL_PROBE));
	check_nothing_left(refs);
	api_bind();
	api_run("what_a_probe_left_is_gone", NULL);
	api_run("allocation_keeps_to_the_budget", NULL);
	api_run("process_elements_run_out", NULL);
}

static void bound_again(void)
{
	char name[32];

	file_write("N", FAIL_PROBE);
	if (!api_is_bound(0) && api_find_device(name, sizeof(name), 0))
		file_write(name, "/sys/bus/pci/drivers/cxl_test_api/bind");
}

static void removal_cleans_up_after_the_driver(void)
{
	api_run("leave_all_behind", NULL);
	api_set_live(false);
	api_set_live(true);
	require(api_is_bound(0));
	api_run("what_was_left_is_dead", NULL);
	api_run("allocation_keeps_to_the_budget", NULL);
	api_run("process_elements_run_out", NULL);
}

static void file_given_up_gives_the_context_up(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };

	api_run("file_given_up_gives_the_context_up", arg);
	api_run("it_was_given_up", arg);
}

/* Anything left would keep the module from being unloaded. */
static void file_without_operations_leaves_nothing(void)
{
	const char *refcnt = "/sys/module/cxl/refcnt";
	long refs;

	/* Without the default context left by earlier tests */
	rebind();
	refs = file_number("%s", refcnt);
	api_run("file_without_operations_leaves_nothing", NULL);
	check(becomes_true(file_number("%s", refcnt) == refs));
}

static void no_descriptor_left(void)
{
	int fd = require_ok(open(CXL_TEST_API_NODE, O_RDWR));
	struct rlimit limit, none;

	require_ok(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	require_ok(setrlimit(RLIMIT_NOFILE, &none));
	api_run_fd(fd, "failure_leaves_all_as_it_was", NULL);
	require_ok(setrlimit(RLIMIT_NOFILE, &limit));
}

static char file_max[32];

static void restore_file_max(void)
{
	file_write("1000000", "/proc/sys/fs/file-max");
}

static void no_file_to_be_had(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 1 };
	int fd = require_ok(open(CXL_TEST_API_NODE, O_RDWR));

	require(file_read(file_max, sizeof(file_max),
			  "/proc/sys/fs/file-max") > 0);
	require_ok(file_write("0", "/proc/sys/fs/file-max"));
	/* Root would get one. */
	require_ok(setuid(65534));
	api_run_fd(fd, "failure_leaves_all_as_it_was", arg);
}

static void release_with_a_file_open_ends_it(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	int fd;

	api_run("install_a_file", arg);
	fd = arg[0];
	require(fd >= 0);
	check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	check_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	check_eq(events_poll(fd), 0);
	api_run("release_its_context", NULL);
	check_errno(events_read(fd, &batch), EIO);
	check(events_poll(fd) & POLLHUP);
	check_ok(close(fd));
}

static void own_read_iter_is_the_only_one(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	char buf[CXL_READ_MIN_SIZE];
	struct iovec vec = { buf, sizeof(buf) };
	int fd;

	api_run("own_read_iter_is_the_only_one", arg);
	fd = arg[0];
	require(fd >= 0);
	check_errno(read(fd, buf, sizeof(buf)), ENODATA);
	/* It is not asked to support what it may know nothing of. */
	check_errno(preadv2(fd, &vec, 1, -1, RWF_NOWAIT), EOPNOTSUPP);
	check_ok(close(fd));
}

static void start_work_serves_the_program(void)
{
	static char src[64] = "by start_work", dst[64];
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	struct queue q;
	void *mmio;
	int fd, pe;

	queue_init(&q, 1);
	arg[0] = queue_wed(&q);
	api_run("install_a_file_that_works", arg);
	fd = arg[0];
	require(fd >= 0);

	check_eq(queue_wait(queue_copy(&q, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
	check_eq(queue_wait(queue_add(&q, WE_IRQ, 4, NULL, NULL)),
		 WE_COMPLETE);
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 16);
	check_eq(batch.event[0].irq.irq, 4);
	pe = node_pe(fd);
	check_eq(batch.event[0].header.process_element, pe);

	mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	require(mmio != MAP_FAILED);
	/* The mapping keeps the file. */
	check_ok(close(fd));
	check_eq(mmio_read(mmio, REG_PH) >> 48, pe);
	require_ok(munmap(mmio, sysconf(_SC_PAGESIZE)));
	check_no_context_attached();
}

static void check_driver_event(const struct event_batch *batch, unsigned int n,
			       const char *payload, size_t size)
{
	const struct cxl_event_header *header = &batch->event[n].header;

	require(n < batch->n);
	check_eq(header->type, CXL_EVENT_AFU_DRIVER);
	check_eq(header->size, sizeof(*header) + size);
	check_mem_eq(batch->buf + batch->offset[n] + sizeof(*header), payload,
		     size);
}

static void driver_ops_deliver_events(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	int fd;

	api_run("announce_two_events", arg);
	fd = arg[0];
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 2 * 9);
	check_driver_event(&batch, 0, "\1", 1);
	check_driver_event(&batch, 1, "\2", 1);
	api_run("two_events_were_delivered", NULL);
	check_ok(close(fd));
}

static void old_drivers_events_go_with_it(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	int fd;

	api_run("announce_an_old_drivers_events", arg);
	fd = arg[0];
	require(events_wait(fd));
	api_unbind();
	check_errno(events_read(fd, &batch), EIO);
	check(events_poll(fd) & POLLHUP);
	check_eq(event_counter(fd, "lost"), 2);
	check_ok(close(fd));
	api_bind();
	api_run("old_drivers_events_were_dropped", NULL);
}

static void old_drivers_events_may_be_large(void)
{
	static const char payload[CXL_READ_MIN_SIZE - 8];
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	int fd, i;

	api_run("announce_an_old_drivers_events", arg);
	fd = arg[0];
	for (i = 0; i < 2; i++) {
		require(events_wait(fd));
		check_eq(events_read(fd, &batch), CXL_READ_MIN_SIZE);
		check_driver_event(&batch, 0, payload, sizeof(payload));
	}
	api_run("old_drivers_events_were_delivered", NULL);
	check_ok(close(fd));
}

static void event_queue_delivers_events(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	struct event_batch batch;
	int fd;

	api_run("fill_an_event_queue", arg);
	fd = arg[0];
	require(events_wait(fd));
	check_eq(events_read(fd, &batch), 2 * 12);
	check_driver_event(&batch, 0, "sent", 4);
	check_driver_event(&batch, 1, "kept", 4);
	api_run("event_queue_is_empty", NULL);
	check_ok(close(fd));
}

static void dedicated_context_maps_everything(void)
{
	const size_t size = 0x2000000 + sysconf(_SC_PAGESIZE);
	long long arg[CXL_TEST_API_ARGS] = { 0 };
	int card = api_card();
	struct queue q;
	void *mmio;
	int fd;

	rebind();
	require_ok(file_write("dedicated_process", SYSFS_CXL "/afu%d.0/mode",
			      card));
	/* By its registers, at the start */
	api_run("afu_raises_them", NULL);

	queue_init(&q, 1);
	arg[0] = queue_wed(&q);
	api_run("install_a_file_that_works", arg);
	fd = arg[0];
	require(fd >= 0);
	mmio = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (check(mmio != MAP_FAILED))
		munmap(mmio, size);
	check_ok(close(fd));
}

static void directed_again(void)
{
	file_write("afu_directed", SYSFS_CXL "/afu%d.0/mode", api_card());
}

static void check_handle_fault(const void *addr, unsigned long long size,
			       bool write, int ret)
{
	long long arg[CXL_TEST_API_ARGS] = { (long)addr, size, write, ret };

	api_run("handle_fault_returns", arg);
}

static void handle_fault_faults_in(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char resident[8] = { 0 };
	unsigned int i;
	char *mem;

	mem = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(mem != MAP_FAILED);
	/* From the middle of the second page to the first byte of the sixth */
	check_handle_fault(mem + page + page / 2, 3 * page + page / 2 + 1, true,
			   0);
	require_ok(mincore(mem, 8 * page, resident));
	for (i = 0; i < 8; i++)
		check_eq(resident[i] & 1, i >= 1 && i <= 5);

	check_handle_fault(mem, 0, true, 0);
	check_handle_fault(mem, 8 * page, false, 0);
	require_ok(munmap(mem + 6 * page, page));
	check_handle_fault(mem, 8 * page, false, -EFAULT);
	check_handle_fault(mem, 6 * page, false, 0);
	require_ok(mprotect(mem, page, PROT_READ));
	check_handle_fault(mem, 1, true, -EFAULT);
	check_handle_fault(mem, 1, false, 0);
	require_ok(mprotect(mem, page, PROT_NONE));
	check_handle_fault(mem, 1, false, -EFAULT);
	/* Beyond the last address */
	check_handle_fault(mem, ~0ULL, false, -EFAULT);
	check_handle_fault((void *)-page, 1, false, -EFAULT);
	check_handle_fault(NULL, 1, false, -EFAULT);
}

static void same_image_is_the_cards(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 1 };
	int card = api_card();

	api_run("same_image_is_the_cards", arg);
	check_eq(file_number(SYSFS_CXL "/card%d/perst_reloads_same_image",
			     card), 1);
	arg[0] = 0;
	api_run("same_image_is_the_cards", arg);
	check_eq(file_number(SYSFS_CXL "/card%d/perst_reloads_same_image",
			     card), 0);
}

/* The program chooses the size: it must not keep a CPU for that long. */
static void handle_fault_ends_with_its_caller(void)
{
	long long arg[CXL_TEST_API_ARGS] = { 0, 1LL << 38 };
	long long begin;
	pid_t pid;
	void *mem;

	mem = mmap(NULL, arg[1], PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(mem != MAP_FAILED);
	arg[0] = (long)mem;
	pid = require_ok(fork());
	if (!pid) {
		api_run("handle_fault_until_killed", arg);
		_exit(0);
	}
	usleep(QUIET_MS * 1000);
	begin = now_ms();
	kill_and_wait(pid);
	check(now_ms() - begin <= WAKE_MS, "%lld ms", now_ms() - begin);
}

#define TEST(test, ...)		{ "api." #test, test, ##__VA_ARGS__ }

static const struct tap_test tests[] = {
	TEST(foreign_devices_are_refused),
	TEST(device_leads_to_its_afu),
	TEST(default_context_stays_the_same),
	TEST(default_context_given_back_is_harmless),
	TEST(default_context_makes_the_mode_busy),
	TEST(no_context_in_mode_none),
	TEST(process_elements_run_out),
	TEST(private_pointer_is_kept),
	TEST(start_and_stop_return_what_they_should),
	TEST(never_started_can_be_stopped),
	TEST(kernel_addresses_without_a_task),
	TEST(stopped_context_touches_no_memory),
	TEST(restarted_context_works),
	TEST(kernel_thread_lends_no_memory),
	TEST(task_means_the_callers_memory),
	TEST(afu_reset_stops_all_work),
	TEST(start_work_checks_interrupts),
	TEST(start_work_failure_leaves_nothing),
	TEST(start_work_serves_the_program),
	TEST(link_down_allows_only_taking_down, link_up),
	TEST(allocation_keeps_to_the_budget),
	TEST(none_asked_for_is_the_afus_minimum),
	TEST(mapping_returns_what_it_should),
	TEST(handlers_run_in_hard_interrupts),
	TEST(afu_raises_them),
	TEST(unmapping_strangers_is_ignored),
	TEST(freeing_unmaps),
	TEST(unmapping_waits_for_the_handler),
	TEST(disabled_interrupt_is_kept),
	TEST(without_handler_it_is_dropped),
	TEST(one_left_pending_is_dropped),
	TEST(reallocation_takes_effect_at_once),
	TEST(none_is_lost_when_cpus_race, NULL, 120),
	TEST(linux_interrupt_is_seen_in_proc),
	TEST(stuck_reader_of_proc_holds_nobody_up),
	TEST(unbinding_cleans_up_after_the_driver),
	TEST(failed_probe_leaves_nothing, bound_again),
	TEST(removal_cleans_up_after_the_driver),
	TEST(missing_operations_are_filled_in),
	TEST(own_read_iter_is_the_only_one),
	TEST(null_means_the_standard_operations),
	TEST(one_file_per_context),
	TEST(file_given_up_gives_the_context_up),
	TEST(file_without_operations_leaves_nothing),
	TEST(no_descriptor_left),
	TEST(no_file_to_be_had, restore_file_max),
	TEST(release_with_a_file_open_ends_it),
	TEST(driver_ops_are_checked),
	TEST(driver_ops_deliver_events),
	TEST(old_drivers_ops_are_two_callbacks),
	TEST(old_drivers_events_may_be_large),
	TEST(old_drivers_events_go_with_it, bound_again),
	TEST(event_queue_is_checked),
	TEST(event_queue_delivers_events),
	TEST(slave_maps_its_window),
	TEST(master_maps_everything),
	TEST(dedicated_context_maps_everything, directed_again),
	TEST(vpd_is_the_cards),
	TEST(same_image_is_the_cards),
	TEST(dma_addresses_are_the_afus),
	TEST(afu_can_be_referenced),
	TEST(cxllib_says_what_there_is_not),
	TEST(handle_fault_faults_in),
	TEST(handle_fault_ends_with_its_caller),
};

static const struct api_setup setup = {
	.module = "cxl_test_api",
	.device = CXL_TEST_API_DEVICE,
	.settings = {
		"user_irqs", "20",
		"vpd_v5", "5005076812345678",
		"vpd_v8", "50050768ABCDEF01",
		"afu0/modes", "dedicated directed",
		"afu0/irqs_min", "2",
		"afu0/num_procs", "6",
	},
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
