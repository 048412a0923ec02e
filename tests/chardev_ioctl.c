// SPDX-License-Identifier: GPL-2.0-only
/* ioctl on a device node. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE	"afu0.0s"
#define MASTER	"afu0.0m"
#define AFU	SYSFS_CXL "/afu0.0"

static void *const bad_pointer = (void *)8;

static int start(int fd, struct cxl_ioctl_start_work work)
{
	return ioctl(fd, CXL_IOCTL_START_WORK, &work);
}

/* A queue for a context without work */
static __u64 empty_queue(void)
{
	static struct queue q;

	if (!q.we)
		queue_init(&q, 1);
	return queue_wed(&q);
}

static struct cxl_ioctl_start_work work_with(__u64 flags)
{
	return (struct cxl_ioctl_start_work){
		.flags = flags,
		.work_element_descriptor = empty_queue(),
	};
}

static int start_with_irqs(int fd, int num_irqs)
{
	return node_start(fd, empty_queue(), num_irqs, 0);
}

static int event_format(int fd, struct cxl_ioctl_event_format format)
{
	return ioctl(fd, CXL_IOCTL_EVENT_FORMAT, &format);
}

static void structs_have_their_size(void)
{
	check_eq(sizeof(struct cxl_ioctl_start_work), 64);
	check_eq(offsetof(struct cxl_ioctl_start_work, num_interrupts), 24);
	check_eq(offsetof(struct cxl_ioctl_start_work, tid), 26);
	check_eq(offsetof(struct cxl_ioctl_start_work, reserved1), 28);
	check_eq(sizeof(struct cxl_afu_id), 64);
	check_eq(sizeof(struct cxl_adapter_image), 64);
	check_eq(_IOC_NR(CXL_IOCTL_START_WORK), 0);
	check_eq(_IOC_TYPE(CXL_IOCTL_START_WORK), 0xca);
	check_eq(CXL_IOCTL_START_WORK, _IOW(0xca, 0x00, char[64]));
	check_eq(CXL_IOCTL_GET_PROCESS_ELEMENT, _IOR(0xca, 0x01, char[4]));
	check_eq(CXL_IOCTL_GET_AFU_ID, _IOR(0xca, 0x02, char[64]));
}

static void start_of_bad_pointer_is_efault(void)
{
	int fd = node_open_ok(SLAVE);

	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, NULL), EFAULT);
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, bad_pointer), EFAULT);
	check_ok(start(fd, work_with(0)));
}

/* The whole struct is copied, so its last byte counts. */
static void start_of_half_a_struct_is_efault(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = node_open_ok(SLAVE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(map != MAP_FAILED);
	require_ok(mprotect(map + page, page, PROT_NONE));
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, map + page - 63), EFAULT);
	check_ok(ioctl(fd, CXL_IOCTL_START_WORK, map + page - 64));
}

static void start_twice_is_eio(void)
{
	int fd = node_open_ok(SLAVE);

	check_ok(start(fd, work_with(0)));
	check_errno(start(fd, work_with(0)), EIO);
}

/* Pointer before state, state before contents. */
static void start_checks_in_order(void)
{
	struct cxl_ioctl_start_work bad = work_with(1ULL << 63);
	int fd = node_open_ok(SLAVE);

	check_errno(start(fd, bad), EINVAL);
	check_ok(start(fd, work_with(0)));
	check_errno(start(fd, bad), EIO);
	check_errno(ioctl(fd, CXL_IOCTL_START_WORK, bad_pointer), EFAULT);
}

static void start_of_reserved_field_is_einval(void)
{
	static const size_t field[] = {
		offsetof(struct cxl_ioctl_start_work, reserved1),
		offsetof(struct cxl_ioctl_start_work, reserved2),
		offsetof(struct cxl_ioctl_start_work, reserved3),
		offsetof(struct cxl_ioctl_start_work, reserved4),
		offsetof(struct cxl_ioctl_start_work, reserved5),
	};
	int fd = node_open_ok(SLAVE);
	size_t i, byte;

	for (i = 0; i < 5; i++) {
		/* Each byte of it: the first field has 4, the others 8. */
		for (byte = 0; byte < (i ? 8 : 4); byte++) {
			struct cxl_ioctl_start_work work = work_with(0);

			((unsigned char *)&work)[field[i] + byte] = 0x80;
			check_errno(start(fd, work), EINVAL);
		}
	}
	check_ok(start(fd, work_with(0)));
}

static void start_of_unknown_flag_is_einval(void)
{
	int fd = node_open_ok(SLAVE);
	unsigned int bit;

	for (bit = 4; bit < 64; bit++)
		check_errno(start(fd, work_with(1ULL << bit)), EINVAL);
	check_ok(start(fd, work_with(0)));
}

static void num_interrupts_is_ignored_without_flag(void)
{
	struct cxl_ioctl_start_work work = work_with(0);
	int fd = node_open_ok(SLAVE);

	work.num_interrupts = -1;
	check_ok(start(fd, work));
}

static void num_interrupts_has_a_range(void)
{
	long long min = file_number(AFU "/irqs_min");
	long long max = file_number(AFU "/irqs_max");
	int fd = node_open_ok(SLAVE);
	int other = node_open_ok(SLAVE);
	struct cxl_ioctl_start_work work = work_with(CXL_START_WORK_NUM_IRQS);
	const int bad[] = { min - 1, max + 1, 0, -1, -32768, 32767 };
	size_t i;

	require(min > 0 && max >= min);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		work.num_interrupts = bad[i];
		check_errno(start(fd, work), EINVAL);
	}
	check_ok(start_with_irqs(fd, min));
	check_ok(start_with_irqs(other, min + 1));
}

/* Without the flag the context gets the AFU's minimum, no more and no less. */
static void num_interrupts_is_the_minimum_by_default(void)
{
	long long min = file_number(AFU "/irqs_min");
	struct work_element *we;
	struct afu afu;

	afu_start(&afu, SLAVE, -1);
	afu_irq(&afu, min);
	check(events_wait(afu.fd));
	we = queue_add(&afu.queue, WE_IRQ, min + 1, NULL, NULL);
	check_eq(queue_wait(we), WE_FAILED);
	afu_stop(&afu);
}

static void restore_irqs_max(void)
{
	file_write("2037", AFU "/irqs_max");
}

static void num_interrupts_obeys_irqs_max(void)
{
	int fd = node_open_ok(SLAVE);

	require_eq(file_number(AFU "/irqs_max"), 2037);
	require_ok(file_write("9", AFU "/irqs_max"));
	check_errno(start_with_irqs(fd, 10), EINVAL);
	check_ok(start_with_irqs(fd, 9));
}

/* All contexts of a card share its interrupts; a failure takes none. */
static void interrupts_used_up_is_enospc(void)
{
	int greedy = node_open_ok(SLAVE);
	int late = node_open_ok(MASTER);

	check_ok(start_with_irqs(greedy, 1500));
	check_errno(start_with_irqs(late, 1500), ENOSPC);
	/* The first attempt has left nothing behind. */
	check_errno(start_with_irqs(late, 1500), ENOSPC);
	close(greedy);
	check_ok(start_with_irqs(late, 1500));
}

static void start_can_be_tried_again_with_less(void)
{
	int greedy = node_open_ok(SLAVE);
	int late = node_open_ok(SLAVE);

	check_ok(start_with_irqs(greedy, 1500));
	check_errno(start_with_irqs(late, 1500), ENOSPC);
	check_ok(start_with_irqs(late, 4));
}

/* Interrupts are reserved by START_WORK, not by open(). */
static void open_reserves_no_interrupts(void)
{
	int greedy = node_open_ok(SLAVE);
	int i;

	for (i = 0; i < 400; i++)
		require_ok(node_open(SLAVE, 0));
	check_ok(start_with_irqs(greedy, 1500));
}

static void amr_is_accepted(void)
{
	struct cxl_ioctl_start_work work = work_with(CXL_START_WORK_AMR);
	int fd = node_open_ok(SLAVE);

	work.amr = ~0ULL;
	check_ok(start(fd, work));
}

/* Only POWER9 has thread IDs; elsewhere the answer is 0. */
static void tid_is_written_back(void)
{
	struct cxl_ioctl_start_work work = work_with(CXL_START_WORK_TID);
	struct cxl_ioctl_start_work before;
	int fd = node_open_ok(SLAVE);

	work.tid = 0x5a5a;
	before = work;
	check_ok(ioctl(fd, CXL_IOCTL_START_WORK, &work));
	check_eq(work.tid, 0);
	before.tid = 0;
	check_mem_eq(&work, &before, sizeof(work));
}

static void struct_is_not_written_without_tid(void)
{
	struct cxl_ioctl_start_work *work;
	int fd = node_open_ok(SLAVE);

	work = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(work != MAP_FAILED);
	*work = work_with(CXL_START_WORK_ALL & ~(CXL_START_WORK_TID |
						 CXL_START_WORK_NUM_IRQS));
	work->tid = 0x5a5a;
	require_ok(mprotect(work, sysconf(_SC_PAGESIZE), PROT_READ));
	check_ok(ioctl(fd, CXL_IOCTL_START_WORK, work));
	check_eq(work->tid, 0x5a5a);
}

/* When START_WORK returns the AFU knows the context. */
static void wed_and_pe_reach_the_afu_at_once(void)
{
	struct afu afu;
	int i;

	for (i = 0; i < 20; i++) {
		afu_start(&afu, SLAVE, 4);
		check_eq(mmio_read(afu.mmio, REG_PH) >> 48, afu.pe);
		check_eq(mmio_read(afu.mmio, REG_WED), queue_wed(&afu.queue));
		afu_stop(&afu);
	}
}

static void process_element_is_known_before_start(void)
{
	int fd = node_open_ok(SLAVE);
	__u32 before = ~0, after = ~0;

	check_ok(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &before));
	check((int)before >= 0);
	check_ok(start(fd, work_with(0)));
	check_ok(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &after));
	check_eq(before, after);
}

static void process_element_is_32_bits(void)
{
	int fd = node_open_ok(SLAVE);
	__u32 pe[3] = { 0xeeeeeeee, 0xeeeeeeee, 0xeeeeeeee };

	check_ok(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe[1]));
	check_eq(pe[0], 0xeeeeeeee);
	check(pe[1] < 511, "%u", pe[1]);
	check_eq(pe[2], 0xeeeeeeee);
}

static void process_element_of_bad_pointer_is_efault(void)
{
	int fd = node_open_ok(SLAVE);

	check_errno(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, bad_pointer), EFAULT);
	check_errno(ioctl(fd, CXL_IOCTL_GET_PROCESS_ELEMENT, NULL), EFAULT);
}

static void check_afu_id(const char *node, __u64 flags)
{
	const struct cxl_afu_id expected = {
		.flags = flags,
		.card_id = 0,
		.afu_offset = 0,
		.afu_mode = CXL_MODE_DIRECTED,
	};
	struct {
		struct cxl_afu_id id;
		__u64 behind;
	} got;
	int fd = node_open_ok(node);

	memset(&got, 0xee, sizeof(got));
	check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &got.id));
	check_mem_eq(&got.id, &expected, sizeof(expected));
	check_eq(got.behind, 0xeeeeeeeeeeeeeeeeULL);

	/* It does not change when the context is started. */
	check_ok(start(fd, work_with(0)));
	memset(&got, 0xee, sizeof(got));
	check_ok(ioctl(fd, CXL_IOCTL_GET_AFU_ID, &got.id));
	check_mem_eq(&got.id, &expected, sizeof(expected));
}

static void afu_id_of_slave(void)
{
	check_afu_id(SLAVE, CXL_AFUID_FLAG_SLAVE);
}

static void afu_id_of_master(void)
{
	check_afu_id(MASTER, 0);
}

static void afu_id_of_bad_pointer_is_efault(void)
{
	int fd = node_open_ok(SLAVE);

	check_errno(ioctl(fd, CXL_IOCTL_GET_AFU_ID, bad_pointer), EFAULT);
	check_errno(ioctl(fd, CXL_IOCTL_GET_AFU_ID, NULL), EFAULT);
}

/* libcxl recognises old kernels by EINVAL; ENOTTY would not do. */
static void unknown_command_is_einval(void)
{
	static char arg[256];
	const unsigned long unknown[] = {
		_IO(CXL_MAGIC, 0x7f),
		_IOWR(CXL_MAGIC, 0x03, char[8]),
		_IOW(CXL_MAGIC, 0x00, char[32]),
		_IOR(CXL_MAGIC, 0x00, char[64]),
		_IOW(CXL_MAGIC, 0x02, char[64]),
		_IOR(CXL_MAGIC, 0x01, char[8]),
		_IOW(0xcb, 0x00, char[64]),
		CXL_IOCTL_DOWNLOAD_IMAGE,
		CXL_IOCTL_VALIDATE_IMAGE,
	};
	int fd = node_open_ok(SLAVE);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		check_errno(ioctl(fd, unknown[i], arg), EINVAL);
		check_errno(ioctl(fd, unknown[i], bad_pointer), EINVAL);
	}
}

static void event_format_checks_its_argument(void)
{
	struct cxl_ioctl_event_format format = { 0 };
	int fd = node_open_ok(SLAVE);
	unsigned int i;

	check_errno(ioctl(fd, CXL_IOCTL_EVENT_FORMAT, bad_pointer), EFAULT);
	for (i = 1; i < 64; i++) {
		format.flags = 1ULL << i;
		check_errno(event_format(fd, format), EINVAL);
	}
	format.flags = 0;
	for (i = 0; i < 3; i++) {
		format.reserved[i] = 1ULL << (31 * i);
		check_errno(event_format(fd, format), EINVAL);
		format.reserved[i] = 0;
	}
	format.flags = CXL_EVENT_FORMAT_STAMPS;
	check_ok(event_format(fd, format));
	check_ok(start(fd, work_with(0)));
	check_ok(event_format(fd, format));
	format.flags = 0;
	check_ok(event_format(fd, format));
}

/* The access mode of open() does not matter. */
static void read_only_file_can_start(void)
{
	int fd = require_ok(open("/dev/cxl/" SLAVE, O_RDONLY));

	check_ok(start(fd, work_with(0)));
}

static int go;
static int started;
static int shared_fd;

static void *race_to_start(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		;
	if (!start(shared_fd, work_with(0)))
		__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
	else
		check_eq(errno, EIO);
	return NULL;
}

/* However many call it at once, one starts the context. */
static void start_has_one_winner(void)
{
	pthread_t thread[4];
	int round, i;

	empty_queue();
	for (round = 0; round < 20; round++) {
		shared_fd = node_open_ok(SLAVE);
		__atomic_store_n(&go, 0, __ATOMIC_RELAXED);
		started = 0;
		for (i = 0; i < 4; i++)
			require_eq(pthread_create(&thread[i], NULL,
						  race_to_start, NULL), 0);
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
		for (i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
		check_eq(started, 1);
		close(shared_fd);
	}
}

static const struct tap_test tests[] = {
	{ "chardev_ioctl.structs_have_their_size", structs_have_their_size },
	{ "chardev_ioctl.start_of_bad_pointer_is_efault",
	  start_of_bad_pointer_is_efault },
	{ "chardev_ioctl.start_of_half_a_struct_is_efault",
	  start_of_half_a_struct_is_efault },
	{ "chardev_ioctl.start_twice_is_eio", start_twice_is_eio },
	{ "chardev_ioctl.start_checks_in_order", start_checks_in_order },
	{ "chardev_ioctl.start_has_one_winner", start_has_one_winner },
	{ "chardev_ioctl.start_of_reserved_field_is_einval",
	  start_of_reserved_field_is_einval },
	{ "chardev_ioctl.start_of_unknown_flag_is_einval",
	  start_of_unknown_flag_is_einval },
	{ "chardev_ioctl.num_interrupts_is_ignored_without_flag",
	  num_interrupts_is_ignored_without_flag },
	{ "chardev_ioctl.num_interrupts_has_a_range", num_interrupts_has_a_range },
	{ "chardev_ioctl.num_interrupts_is_the_minimum_by_default",
	  num_interrupts_is_the_minimum_by_default },
	{ "chardev_ioctl.num_interrupts_obeys_irqs_max",
	  num_interrupts_obeys_irqs_max, restore_irqs_max },
	{ "chardev_ioctl.interrupts_used_up_is_enospc",
	  interrupts_used_up_is_enospc },
	{ "chardev_ioctl.start_can_be_tried_again_with_less",
	  start_can_be_tried_again_with_less },
	{ "chardev_ioctl.open_reserves_no_interrupts",
	  open_reserves_no_interrupts },
	{ "chardev_ioctl.amr_is_accepted", amr_is_accepted },
	{ "chardev_ioctl.tid_is_written_back", tid_is_written_back },
	{ "chardev_ioctl.struct_is_not_written_without_tid",
	  struct_is_not_written_without_tid },
	{ "chardev_ioctl.wed_and_pe_reach_the_afu_at_once",
	  wed_and_pe_reach_the_afu_at_once },
	{ "chardev_ioctl.process_element_is_known_before_start",
	  process_element_is_known_before_start },
	{ "chardev_ioctl.process_element_is_32_bits", process_element_is_32_bits },
	{ "chardev_ioctl.process_element_of_bad_pointer_is_efault",
	  process_element_of_bad_pointer_is_efault },
	{ "chardev_ioctl.afu_id_of_slave", afu_id_of_slave },
	{ "chardev_ioctl.afu_id_of_master", afu_id_of_master },
	{ "chardev_ioctl.afu_id_of_bad_pointer_is_efault",
	  afu_id_of_bad_pointer_is_efault },
	{ "chardev_ioctl.unknown_command_is_einval", unknown_command_is_einval },
	{ "chardev_ioctl.event_format_checks_its_argument",
	  event_format_checks_its_argument },
	{ "chardev_ioctl.read_only_file_can_start", read_only_file_can_start },
};

TAP_MAIN(tests)
