// SPDX-License-Identifier: GPL-2.0-only
/* INCR and ATOMIC: every operation, both widths and byte orders. */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define SLAVE		"afu0.0s"

#define WE_ATOMIC	5
#define WE_TERMINATED	0x02
#define LITTLE_ENDIAN_DATA	0x80
#define PCTRL_TERMINATE		0x4000000000000000ULL
#define STATUS_TERMINATED	0x1000000000000000ULL

static struct afu afu;

static void start(void)
{
	afu_start(&afu, SLAVE, 4);
}

/* As queue_add(), with the fields of an atomic operation */
static struct work_element *add_atomic(unsigned int code, unsigned int width,
				       void *mem, __u64 op1, __u64 op2)
{
	struct queue *q = &afu.queue;
	struct work_element *we = &q->we[q->next];
	__u8 wrap = q->wrap;

	we->status = 0;
	we->length = htobe16(width);
	we->cmd_extra = code;
	we->atomic_op1 = htobe64(op1);
	we->src = htobe64(op2);
	we->dst = htobe64((unsigned long)mem);
	if (++q->next == q->size) {
		q->next = 0;
		q->wrap ^= WE_WRAP;
	}
	__atomic_store_n(&we->cmd, WE_VALID | wrap | WE_ATOMIC,
			 __ATOMIC_RELEASE);
	return we;
}

static __u8 atomic(unsigned int code, unsigned int width, void *mem, __u64 op1,
		   __u64 op2)
{
	return queue_wait(add_atomic(code, width, mem, op1, op2));
}

/* Two words before and two after; the operand is the second, or the one before */
struct op {
	const char *name;
	unsigned int code;
	__u64 before[3];
	__u64 op1, op2;
	__u64 after;
};

#define M1	0xffffffffffffffffULL

static const struct op ops[] = {
	{ "add", 0x00, { 7, 40, 9 }, 2, 0, 42 },
	{ "add that wraps", 0x00, { 0, M1, 0 }, 2, 0, 1 },
	{ "xor", 0x01, { 0, 0xf0f0, 0 }, 0xff00, 0, 0x0ff0 },
	{ "or", 0x02, { 0, 0xf0f0, 0 }, 0xff00, 0, 0xfff0 },
	{ "and", 0x03, { 0, 0xf0f0, 0 }, 0xff00, 0, 0xf000 },
	{ "max unsigned", 0x04, { 0, 5, 0 }, M1, 0, M1 },
	{ "max signed", 0x05, { 0, 5, 0 }, M1, 0, 5 },
	{ "min unsigned", 0x06, { 0, 5, 0 }, M1, 0, 5 },
	{ "min signed", 0x07, { 0, 5, 0 }, M1, 0, M1 },
	{ "swap", 0x08, { 0, 5, 0 }, 77, 0, 77 },
	{ "swap if not equal", 0x10, { 0, 5, 0 }, 6, 78, 78 },
	{ "swap if equal", 0x11, { 0, 5, 0 }, 5, 79, 79 },
	{ "increment below bound", 0x18, { 0, 5, 8 }, 0, 0, 6 },
	{ "increment at bound", 0x18, { 0, 8, 8 }, 0, 0, 8 },
	{ "increment if equal", 0x19, { 0, 8, 8 }, 0, 0, 9 },
	{ "increment if not equal", 0x19, { 0, 5, 8 }, 0, 0, 5 },
	{ "decrement above bound", 0x1c, { 3, 5, 0 }, 0, 0, 4 },
	{ "decrement at bound", 0x1c, { 5, 5, 0 }, 0, 0, 5 },
	{ "store add", 0x20, { 0, 40, 0 }, 2, 0, 42 },
	{ "store xor", 0x21, { 0, 0xf0f0, 0 }, 0xff00, 0, 0x0ff0 },
	{ "store or", 0x22, { 0, 0xf0f0, 0 }, 0xff00, 0, 0xfff0 },
	{ "store and", 0x23, { 0, 0xf0f0, 0 }, 0xff00, 0, 0xf000 },
	{ "store max unsigned", 0x24, { 0, 5, 0 }, M1, 0, M1 },
	{ "store max signed", 0x25, { 0, 5, 0 }, M1, 0, 5 },
	{ "store min unsigned", 0x26, { 0, 5, 0 }, M1, 0, 5 },
	{ "store min signed", 0x27, { 0, 5, 0 }, M1, 0, M1 },
};

static void set_word(void *words, int i, unsigned int width, bool little,
		     __u64 val)
{
	__u64 *word8 = words;
	__u32 *word4 = words;

	if (width == 8)
		word8[i] = little ? htole64(val) : htobe64(val);
	else
		word4[i] = little ? htole32(val) : htobe32(val);
}

static void check_op(const struct op *op, unsigned int width, bool little)
{
	__u64 mem[4], expected[4];
	__u8 status;
	int i;

	memset(mem, 0x55, sizeof(mem));
	for (i = 0; i < 3; i++)
		set_word(mem, i, width, little, op->before[i]);
	memcpy(expected, mem, sizeof(mem));
	set_word(expected, 1, width, little, op->after);

	status = atomic(op->code | (little ? LITTLE_ENDIAN_DATA : 0), width,
			(char *)mem + width, op->op1, op->op2);
	check(status == WE_COMPLETE && !memcmp(mem, expected, sizeof(mem)),
	      "%s, %u bytes, %s-endian: status %#x", op->name, width,
	      little ? "little" : "big", status);
}

static void every_operation(void)
{
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		check_op(&ops[i], 4, false);
		check_op(&ops[i], 8, false);
		check_op(&ops[i], 4, true);
		check_op(&ops[i], 8, true);
	}
}

static void store_twin_sets_two_equal_words(void)
{
	__u32 mem4[4] = { 1, 6, 6, 2 };
	__u64 mem8[4] = { 1, 6, 6, 2 };

	start();
	check_eq(atomic(0x38 | LITTLE_ENDIAN_DATA, 4, &mem4[1], 99, 0),
		 WE_COMPLETE);
	check_eq(le32toh(mem4[1]), 99);
	check_eq(le32toh(mem4[2]), 99);
	check_eq(mem4[0] + mem4[3], 3);
	check_eq(atomic(0x38 | LITTLE_ENDIAN_DATA, 8, &mem8[1], 99, 0),
		 WE_COMPLETE);
	check_eq(le64toh(mem8[1]), 99);
	check_eq(le64toh(mem8[2]), 99);
	/* The two are not equal: nothing is stored. */
	check_eq(atomic(0x38, 8, &mem8[2], 5, 0), WE_COMPLETE);
	check_eq(le64toh(mem8[2]), 99);
	check_eq(mem8[3], 2);
}

/* A length of 8 means 8 bytes, everything else 4. */
static void width_is_4_or_8(void)
{
	static const unsigned int length[] = { 0, 1, 2, 4, 7, 16, 8, 9, 15, 24 };
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(length); i++) {
		__u64 mem = M1;

		check_eq(atomic(0x01, length[i], &mem, M1, 0), WE_COMPLETE);
		check_eq(be64toh(mem), length[i] & 8 ? 0 : 0xffffffff);
	}
}

static void undefined_operations(void)
{
	static const unsigned int code[] = {
		0x09, 0x0f, 0x12, 0x17, 0x1a, 0x1d, 0x28, 0x30, 0x31, 0x37, 0x39,
		0x3f,
	};
	__u64 mem = 1;
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(code); i++)
		check_eq(atomic(code[i], 8, &mem, 0, 0), WE_UNDEFINED);
	check_eq(mem, 1);
}

static void bad_address_is_an_address_error(void)
{
	char *hole = no_access_page();
	__u64 mem[2] = { 0 };

	start();
	check_eq(atomic(0x00, 4, (char *)mem + 1, 1, 0), WE_AERROR);
	check_eq(atomic(0x00, 8, (char *)mem + 4, 1, 0), WE_AERROR);
	require_ok(munmap(hole, sysconf(_SC_PAGESIZE)));
	check_eq(atomic(0x00, 8, hole, 1, 0), WE_AERROR);
	check_eq(mem[0] | mem[1], 0);
	check_eq(atomic(0x00, 8, mem, 1, 0), WE_COMPLETE);
}

/* What the well-known memcpy test sends: cmd_extra and op1 0, length 1 */
static void as_the_fields_test_has_it(void)
{
	__u32 mem = 5;

	start();
	check_eq(atomic(0, 1, &mem, 0, 1), WE_COMPLETE);
	check_eq(mem, 5);
}

/* No update of either side is lost. */
static void *add_by_cpu(void *mem)
{
	int i;

	for (i = 0; i < 100000; i++)
		__atomic_add_fetch((__u64 *)mem, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void atomic_for_the_cpu_too(void)
{
	enum { ADDS = 1000 };
	__u64 mem = htole64(0);
	pthread_t thread;
	int i;

	start();
	require_eq(pthread_create(&thread, NULL, add_by_cpu, &mem), 0);
	for (i = 0; i < ADDS; i++)
		require_eq(atomic(LITTLE_ENDIAN_DATA, 8, &mem, 1, 0),
			   WE_COMPLETE);
	pthread_join(thread, NULL);
	check_eq(le64toh(mem), 100000 + ADDS);
}

static __u32 load(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Compare and swap acts as a spin lock: it waits until it can swap. */
static void compare_and_swap_waits(void)
{
	struct work_element *we, *next;
	__u32 lock = htobe32(1);
	char src[4] = "src", dst[4] = "";

	start();
	we = add_atomic(0x11, 4, &lock, 0, 2);
	next = queue_copy(&afu.queue, dst, src, 4);
	usleep(QUIET_MS * 1000);
	check_eq(we->status, 0);
	check_eq(next->status, 0);
	check_eq(be32toh(load(&lock)), 1);
	__atomic_store_n(&lock, 0, __ATOMIC_RELAXED);
	check_eq(queue_wait(we), WE_COMPLETE);
	check_eq(queue_wait(next), WE_COMPLETE);
	check_eq(be32toh(load(&lock)), 2);
	check_str_eq(dst, src);
}

static void compare_and_swap_can_be_closed(void)
{
	__u32 lock = htobe32(1);

	start();
	add_atomic(0x11, 4, &lock, 0, 2);
	usleep(QUIET_MS * 1000);
	munmap(afu.mmio, afu.mmio_size);
	check_ok(close(afu.fd));
	__atomic_store_n(&lock, 0, __ATOMIC_RELAXED);
	usleep(QUIET_MS * 1000);
	check_eq(load(&lock), 0);
}

static void compare_and_swap_can_be_terminated(void)
{
	__u32 lock = htobe32(1);
	struct work_element *we, *next;

	start();
	we = add_atomic(0x11, 4, &lock, 0, 2);
	next = queue_copy(&afu.queue, NULL, NULL, 0);
	usleep(QUIET_MS * 1000);
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_TERMINATE);
	check_eq(queue_wait(we), WE_TERMINATED);
	check(becomes_true(mmio_read(afu.mmio, REG_STATUS) ==
			   STATUS_TERMINATED));
	mmio_write(afu.mmio, REG_PCTRL, PCTRL_RESTART);
	usleep(QUIET_MS * 1000);
	check_eq(next->status, 0);
	check_eq(mmio_read(afu.mmio, REG_STATUS), STATUS_TERMINATED);
}

static __u8 increment(const void *src, void *dst, unsigned int len)
{
	return queue_wait(queue_add(&afu.queue, WE_INCR, len, src, dst));
}

static void increment_reads_adds_and_stores(void)
{
	unsigned char src[8] = { 1, 2, 3, 4, 5, 6, 7, 0xff };
	unsigned char dst[10];
	unsigned int len;

	start();
	for (len = 1; len <= 8; len *= 2) {
		memset(dst, 0xee, sizeof(dst));
		check_eq(increment(src + 8 - len, dst + 1, len), WE_COMPLETE);
		check_eq(dst[0], 0xee);
		check_eq(dst[len + 1], 0xee);
		/* A byte wraps; a longer number carries. */
		check_eq(dst[len], 0);
		if (len > 1)
			check_eq(dst[len - 1], 8);
	}
	check_eq(src[7], 0xff);
}

/*
 * Across two pages, the second of which can be read but must be faulted in for
 * the store: by then the first one is stored already.
 */
static void increment_in_place(void)
{
	static const unsigned char before[4] = { 0, 1, 0xff, 0xff };
	const size_t page = sysconf(_SC_PAGESIZE);
	int file = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	unsigned char *map, *number;
	__u32 value;

	require_eq(pwrite(file, before, 4, page - 2), 4);
	require_ok(ftruncate(file, 2 * page));
	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	require(map != MAP_FAILED);
	map[0] = 1;
	number = map + page - 2;
	start();
	check_eq(increment(number, number, 4), WE_COMPLETE);
	memcpy(&value, number, 4);
	check_eq(be32toh(value), 0x00020000);
}

static void increment_of_other_lengths_is_undefined(void)
{
	__u64 mem[3] = { 0 };

	start();
	check_eq(increment(mem, mem, 0), WE_UNDEFINED);
	check_eq(increment(mem, mem, 3), WE_UNDEFINED);
	check_eq(increment(mem, mem, 16), WE_UNDEFINED);
	check_eq(mem[0] | mem[1] | mem[2], 0);
}

static const struct tap_test tests[] = {
	{ "memcpy_atomic.every_operation", every_operation },
	{ "memcpy_atomic.store_twin_sets_two_equal_words",
	  store_twin_sets_two_equal_words },
	{ "memcpy_atomic.width_is_4_or_8", width_is_4_or_8 },
	{ "memcpy_atomic.undefined_operations", undefined_operations },
	{ "memcpy_atomic.bad_address_is_an_address_error",
	  bad_address_is_an_address_error },
	{ "memcpy_atomic.as_the_fields_test_has_it", as_the_fields_test_has_it },
	{ "memcpy_atomic.atomic_for_the_cpu_too", atomic_for_the_cpu_too },
	{ "memcpy_atomic.compare_and_swap_waits", compare_and_swap_waits },
	{ "memcpy_atomic.compare_and_swap_can_be_closed",
	  compare_and_swap_can_be_closed },
	{ "memcpy_atomic.compare_and_swap_can_be_terminated",
	  compare_and_swap_can_be_terminated },
	{ "memcpy_atomic.increment_reads_adds_and_stores",
	  increment_reads_adds_and_stores },
	{ "memcpy_atomic.increment_in_place", increment_in_place },
	{ "memcpy_atomic.increment_of_other_lengths_is_undefined",
	  increment_of_other_lengths_is_undefined },
};

TAP_MAIN(tests)
