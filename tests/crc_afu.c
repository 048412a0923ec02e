// SPDX-License-Identifier: GPL-2.0-only
/* The CRC AFU of the software card: Documentation/crc-afu.md */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/nobody.h"
#include "lib/sim_test.h"

#define IDENT		0x4352430000000001ULL
#define WINDOW		0x100000
#define CHANNELS	256
#define GLOBAL_DEDICATED 0x2000000

#define REG_IDENT	0x00
#define REG_CRC_WED	0x08
#define REG_PE		0x10
#define REG_COMMANDS	0x18
#define REG_DOORBELL(c)	(0x800 + 8 * (c))

#define CHANNEL(c)	(0x1000 * (c))
#define ADDRESS		0x00
#define LENGTH		0x08
#define INTERRUPT	0x10
#define SEED		0x18
#define CHANNEL_STATUS	0x20
#define RESULT		0x28
#define DONE		0x30
#define BUFFER		0x800
#define BUFFER_SIZE	0x800

#define CHECKSUM	1
#define CHECKSUM_BUFFER	2
#define LOAD		3
#define STORE		4

#define STATUS_DONE	2
#define STATUS_AERROR	3
#define STATUS_INVALID	4

/* An entry of the error buffer */
struct error {
	__be64 number;
	__be32 pe;
	__be16 channel;
	__u8 status;
	__u8 command;
	__be64 reserved;
	__be64 done;
};

struct context {
	int fd;
	char *window;
};

static struct sim_card card;
static struct event_batch batch;
static char data[70000], copy[BUFFER_SIZE];

static void make_card(const char *err_buff_size)
{
	sim_card_make(&card, "afu0/model", "crc", "afu0/err_buff_size",
		      err_buff_size, NULL);
}

static struct context start(const char *node, __u64 wed, int num_irqs)
{
	struct context c = { node_open_ok(node) };

	require_ok(node_start(c.fd, wed, num_irqs, 0));
	c.window = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd,
			0);
	require(c.window != MAP_FAILED, "%m");
	return c;
}

static void stop(struct context *c)
{
	check_ok(munmap(c->window, WINDOW));
	check_ok(close(c->fd));
}

static __u64 channel_read(struct context *c, int channel, int reg)
{
	return mmio_read(c->window, CHANNEL(channel) + reg);
}

static void channel_write(struct context *c, int channel, int reg, __u64 val)
{
	mmio_write(c->window, CHANNEL(channel) + reg, val);
}

static void ring(struct context *c, int channel, __u64 command,
		 const void *address, __u64 length)
{
	channel_write(c, channel, ADDRESS, (uintptr_t)address);
	channel_write(c, channel, LENGTH, length);
	channel_write(c, channel, CHANNEL_STATUS, 0);
	mmio_write(c->window, REG_DOORBELL(channel), command);
}

static int finish(struct context *c, int channel)
{
	int status = 0;

	becomes_true((status = channel_read(c, channel, CHANNEL_STATUS)) > 1);
	return status;
}

static int run(struct context *c, int channel, __u64 command,
	       const void *address, __u64 length)
{
	ring(c, channel, command, address, length);
	return finish(c, channel);
}

/* The definition, bit by bit */
static __u32 crc32(__u32 seed, const void *data, size_t len)
{
	const unsigned char *byte = data;
	__u32 crc = ~seed;
	int bit;

	while (len--) {
		crc ^= *byte++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void fill_data(void)
{
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7 ^ i >> 8;
}

static void model_brings_its_own_values(void)
{
	char text[64];

	if (sim_models_are_programs())
		skip("who starts a program brings the values");
	make_card("4096");
	file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/model", card.name);
	check_str_eq(text, "crc");
	file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/cr_device",
		  card.name);
	check_str_eq(text, "0x4360");
	file_read(text, sizeof(text), SYSFS_CXL "/afu%d.0/modes_supported",
		  card.num);
	check_str_eq(text, "dedicated_process\nafu_directed");
	check_eq(file_number(SYSFS_CXL "/afu%d.0/irqs_min", card.num), 16);
	check_eq(file_number(SYSFS_CXL "/afu%d.0/mmio_size", card.num), WINDOW);
	check_eq(file_number(SYSFS_CXL "/afu%d.0m/pp_mmio_len", card.num),
		 WINDOW);
	check_eq(file_number(SYSFS_CXL "/afu%d.0m/mmio_size", card.num),
		 file_number(SYSFS_CXL "/afu%d.0m/pp_mmio_off", card.num) +
		 511LL * WINDOW);
	sim_card_set_live(&card, false);
	require_ok(file_write("memcpy", SIM_CONFIG "/%s/afu0/model",
			      card.name));
	file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/modes", card.name);
	check_str_eq(text, "directed");
}

static void registers_tell_the_context(void)
{
	struct context c;

	make_card("4096");
	c = start(card.slave, 0x123456789abcdef0, 16);
	check_eq(mmio_read(c.window, REG_IDENT), IDENT);
	check_eq(mmio_read(c.window, REG_CRC_WED), 0x123456789abcdef0);
	check_eq(mmio_read(c.window, REG_PE), node_pe(c.fd));
	check_eq(mmio_read(c.window, REG_COMMANDS), 0);
	check_eq(run(&c, 1, CHECKSUM, "x", 1), STATUS_DONE);
	check_eq(mmio_read(c.window, REG_COMMANDS), 1);
	mmio_write(c.window, REG_IDENT, 0);
	check(becomes_true(mmio_read(c.window, REG_IDENT) == IDENT));
	stop(&c);
}

/* All ones is what a dead link reads as: no register may. */
static void no_register_reads_all_ones(void)
{
	struct context c;

	make_card("4096");
	c = start(card.slave, ~0ULL, 16);
	check_eq(mmio_read(c.window, REG_CRC_WED), ~0ULL - 1);
	stop(&c);
}

static void checksums_are_right(void)
{
	struct context c;

	fill_data();
	make_card("4096");
	c = start(card.slave, 0, 16);
	check_eq(run(&c, 1, CHECKSUM, "123456789", 9), STATUS_DONE);
	check_eq(channel_read(&c, 1, RESULT), 0xcbf43926);
	check_eq(channel_read(&c, 1, DONE), 9);

	/* More than a turn takes, not aligned, then in two parts */
	check_eq(run(&c, 255, CHECKSUM, data + 3, 69990), STATUS_DONE);
	check_eq(channel_read(&c, 255, RESULT), crc32(0, data + 3, 69990));
	check_eq(run(&c, 2, CHECKSUM, data, 10000), STATUS_DONE);
	channel_write(&c, 2, SEED, channel_read(&c, 2, RESULT));
	check_eq(run(&c, 2, CHECKSUM, data + 10000, 60000), STATUS_DONE);
	check_eq(channel_read(&c, 2, RESULT), crc32(0, data, 70000));
	stop(&c);
}

static void channels_have_memory(void)
{
	struct context c;

	fill_data();
	make_card("4096");
	c = start(card.slave, 0, 16);
	check_eq(run(&c, 3, LOAD, data, BUFFER_SIZE), STATUS_DONE);
	check_mem_eq(c.window + CHANNEL(3) + BUFFER, data, BUFFER_SIZE);
	check_eq(run(&c, 3, CHECKSUM_BUFFER, NULL, BUFFER_SIZE), STATUS_DONE);
	check_eq(channel_read(&c, 3, RESULT), crc32(0, data, BUFFER_SIZE));

	memcpy(c.window + CHANNEL(254) + BUFFER, "from the window", 16);
	check_eq(run(&c, 254, STORE, copy, 16), STATUS_DONE);
	check_str_eq(copy, "from the window");
	check_mem_eq(c.window + CHANNEL(3) + BUFFER, data, BUFFER_SIZE);
	stop(&c);
}

/* Each number once, with all of them in flight at the same time */
static void every_channel_has_an_interrupt(void)
{
	bool seen[CHANNELS] = { false };
	unsigned int n = 0, i;
	struct context c;

	make_card("4096");
	c = start(card.slave, 0, CHANNELS - 1);
	for (i = 1; i < CHANNELS; i++) {
		channel_write(&c, i, INTERRUPT, CHANNELS - i);
		ring(&c, i, CHECKSUM, data, i);
	}
	while (n < CHANNELS - 1 && events_wait(c.fd)) {
		require_ok(events_read(c.fd, &batch));
		for (i = 0; i < batch.n; i++, n++) {
			require_eq(batch.event[i].header.type,
				   CXL_EVENT_AFU_INTERRUPT);
			require(batch.event[i].irq.irq < CHANNELS);
			check(!seen[batch.event[i].irq.irq]);
			seen[batch.event[i].irq.irq] = true;
		}
	}
	check_eq(n, CHANNELS - 1);
	check(!seen[0]);
	for (i = 1; i < CHANNELS; i++) {
		check_eq(channel_read(&c, i, CHANNEL_STATUS), STATUS_DONE);
		check_eq(channel_read(&c, i, RESULT), crc32(0, data, i));
	}
	check_eq(mmio_read(c.window, REG_COMMANDS), CHANNELS - 1);
	stop(&c);
}

/* A slave has only its own window, a master all; a new one is clean. */
static void windows_are_apart(void)
{
	struct context a, b, master;
	long long offset;
	char *all, *of_b;

	make_card("4096");
	a = start(card.slave, 0xa, 16);
	b = start(card.slave, 0xb, 16);
	check_eq(run(&b, 200, CHECKSUM, "b", 1), STATUS_DONE);
	check_eq(channel_read(&a, 200, RESULT), 0);
	check(mmap(NULL, WINDOW, PROT_READ, MAP_SHARED, a.fd, WINDOW) ==
	      MAP_FAILED);

	master = start(card.master, 0xc, 16);
	offset = file_number(SYSFS_CXL "/afu%d.0m/pp_mmio_off", card.num);
	all = mmap(NULL, offset + 511LL * WINDOW, PROT_READ | PROT_WRITE,
		   MAP_SHARED, master.fd, 0);
	require(all != MAP_FAILED, "%m");
	check_eq(mmio_read(all, 0), IDENT);
	check_eq(mmio_read(all, 8), CHANNELS);
	of_b = all + offset + (long long)node_pe(b.fd) * WINDOW;
	check_eq(mmio_read(of_b, REG_CRC_WED), 0xb);
	check_eq(mmio_read(of_b, CHANNEL(200) + RESULT), crc32(0, "b", 1));

	stop(&b);
	b = start(card.slave, 0xd, 16);
	check_eq(mmio_read(b.window, REG_CRC_WED), 0xd);
	check_eq(channel_read(&b, 200, RESULT), 0);
	check_eq(channel_read(&b, 200, LENGTH), 0);
	stop(&a);
	stop(&b);
}

static void read_errors(struct error *error, int n)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), SYSFS_CXL "/afu%d.0/afu_err_buff",
		 card.num);
	fd = require_ok(open(path, O_RDONLY));
	require_eq(pread(fd, error, n * sizeof(*error), 0), n * sizeof(*error));
	close(fd);
}

static void check_entry(const struct error *error, __u64 number,
			struct context *c, int channel, __u8 status,
			__u8 command)
{
	check_eq(be64toh(error->number), number);
	check_eq(be32toh(error->pe), node_pe(c->fd));
	check_eq(be16toh(error->channel), channel);
	check_eq(error->status, status);
	check_eq(error->command, command);
}

static void bad_address_is_told(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *good, *bad = no_access_page();
	struct error error[2];
	unsigned int irq = 0, i;
	struct context c;
	__u64 fault = 0;

	make_card("4096");
	c = start(card.slave, 0, 16);
	good = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(good != MAP_FAILED);
	check_ok(munmap(good + page, page));

	/* Two events, maybe in one read, which has interrupts first */
	channel_write(&c, 7, INTERRUPT, 16);
	check_eq(run(&c, 7, CHECKSUM, good + page - 5, 10), STATUS_AERROR);
	check_eq(channel_read(&c, 7, DONE), 0);
	while (!(fault && irq) && events_wait(c.fd)) {
		require_ok(events_read(c.fd, &batch));
		for (i = 0; i < batch.n; i++) {
			if (batch.event[i].header.type ==
			    CXL_EVENT_DATA_STORAGE)
				fault = batch.event[i].fault.addr;
			else
				irq = batch.event[i].irq.irq;
		}
	}
	check_eq(fault, (uintptr_t)good + page);
	check_eq(irq, 16);
	check_eq(run(&c, 8, CHECKSUM, "123456789", 9), STATUS_DONE);

	read_errors(error, 2);
	check_eq(be64toh(error[0].number), 1);
	check_entry(&error[1], 1, &c, 7, STATUS_AERROR, CHECKSUM);

	check_eq(run(&c, 9, STORE, bad, 4), STATUS_AERROR);
	check_eq(run(&c, 9, LOAD, bad, 4), STATUS_AERROR);
	read_errors(error, 1);
	check_eq(be64toh(error[0].number), 3);
	stop(&c);
}

static void *secret;

static void look_for_the_secret(void)
{
	__u64 own = (uintptr_t)secret, other = __builtin_bswap64(own);
	struct error error[128];

	read_errors(error, 128);
	check_eq(be64toh(error[0].number), 3);
	check(!memmem(error, sizeof(error), &own, sizeof(own)));
	check(!memmem(error, sizeof(error), &other, sizeof(other)));
}

/* Everybody may read the error buffer. */
static void addresses_stay_secret(void)
{
	struct context c;

	make_card("4096");
	c = start(card.slave, 0, 16);
	secret = no_access_page();
	check_eq(run(&c, 1, CHECKSUM, secret, 10), STATUS_AERROR);
	check_eq(run(&c, 2, STORE, secret, 4), STATUS_AERROR);
	check_eq(run(&c, 3, 5, secret, 1), STATUS_INVALID);
	as_nobody(look_for_the_secret);
	stop(&c);
}

static const struct invalid {
	__u64 command;
	__u64 length;
	__u64 interrupt;
} invalid[] = {
	{ 5, 1, 0 },
	{ 0x1234567800000001, 1, 0 },
	{ CHECKSUM, 0, 0 },
	{ CHECKSUM_BUFFER, BUFFER_SIZE + 1, 0 },
	{ LOAD, BUFFER_SIZE + 1, 0 },
	{ STORE, -1, 0 },
	{ CHECKSUM, 1, 17 },
	{ CHECKSUM, 1, 0x100000001 },
};

static void nonsense_is_an_afu_error(void)
{
	struct error error[ARRAY_SIZE(invalid) + 1];
	const struct invalid *bad;
	struct context c;
	unsigned int i;

	make_card("4096");
	c = start(card.slave, 0, 16);
	for (i = 0; i < ARRAY_SIZE(invalid); i++) {
		bad = &invalid[i];
		channel_write(&c, i + 1, INTERRUPT, bad->interrupt);
		check_eq(run(&c, i + 1, bad->command, data, bad->length),
			 STATUS_INVALID);
		require(events_wait(c.fd));
		require_eq(events_read(c.fd, &batch), 24);
		check_eq(batch.event[0].header.type, CXL_EVENT_AFU_ERROR);
		check_eq(batch.event[0].afu_error.error,
			 (__u64)(i + 1) << 32 | (__u32)bad->command);
	}
	read_errors(error, ARRAY_SIZE(error));
	check_eq(be64toh(error[0].number), ARRAY_SIZE(invalid));
	for (i = 0; i < ARRAY_SIZE(invalid); i++)
		check_entry(&error[i + 1], i + 1, &c, i + 1, STATUS_INVALID,
			    invalid[i].command);
	check_eq(run(&c, 1, CHECKSUM_BUFFER, NULL, 1), STATUS_DONE);
	stop(&c);
}

/* A doorbell without parameters: there is nothing to do. */
static void untouched_channel_is_invalid(void)
{
	struct context c;

	make_card("4096");
	c = start(card.slave, 0, 16);
	mmio_write(c.window, REG_DOORBELL(100), CHECKSUM);
	require(events_wait(c.fd));
	require_eq(events_read(c.fd, &batch), 24);
	check_eq(batch.event[0].afu_error.error, 100ULL << 32 | CHECKSUM);
	check_eq(mmio_read(c.window, REG_DOORBELL(100)), 0);
	stop(&c);
}

/* There is room for two: older entries are overwritten. A reset clears it. */
static void error_buffer_goes_around(void)
{
	struct error error[3];
	struct context c;
	int i;

	make_card("96");
	c = start(card.slave, 0, 16);
	for (i = 1; i <= 5; i++)
		check_eq(run(&c, i, 5, NULL, 1), STATUS_INVALID);
	read_errors(error, 3);
	check_eq(be64toh(error[0].number), 5);
	check_entry(&error[1], 5, &c, 5, STATUS_INVALID, 5);
	check_entry(&error[2], 4, &c, 4, STATUS_INVALID, 5);
	stop(&c);

	require_ok(file_write("1", SYSFS_CXL "/afu%d.0/reset", card.num));
	read_errors(error, 3);
	for (i = 0; i < 3; i++)
		check_eq(error[i].number, 0);
}

static void works_without_an_error_buffer(void)
{
	struct context c;

	make_card("0");
	check(!file_exists(SYSFS_CXL "/afu%d.0/afu_err_buff", card.num));
	c = start(card.slave, 0, 16);
	check_eq(run(&c, 1, 5, NULL, 1), STATUS_INVALID);
	check_eq(run(&c, 1, CHECKSUM, "123456789", 9), STATUS_DONE);
	stop(&c);
}

/* One process: its window is at the start, followed by the global registers */
static void dedicated_mode(void)
{
	struct context c;
	void *global;

	make_card("4096");
	require_ok(file_write("dedicated_process", SYSFS_CXL "/afu%d.0/mode",
			      card.num));
	c = start(card.dedicated, 0x77, 255);
	check_errno(node_open(card.dedicated, 0), ENOSPC);
	check_eq(mmio_read(c.window, REG_CRC_WED), 0x77);
	channel_write(&c, 255, INTERRUPT, 255);
	check_eq(run(&c, 255, CHECKSUM, "123456789", 9), STATUS_DONE);
	check_eq(channel_read(&c, 255, RESULT), 0xcbf43926);
	require(events_wait(c.fd));
	require_ok(events_read(c.fd, &batch));
	check_eq(batch.event[0].irq.irq, 255);
	global = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.fd,
		      GLOBAL_DEDICATED);
	require(global != MAP_FAILED, "%m");
	check_eq(mmio_read(global, 0), IDENT);
	check_ok(munmap(global, 4096));
	stop(&c);

	c = start(card.dedicated, 0x78, 255);
	check_eq(channel_read(&c, 255, RESULT), 0);
	stop(&c);
}

/* One is busy for long, and another still gets its turn. */
static void channels_and_contexts_take_turns(void)
{
	size_t size = 256 << 20;
	struct context busy, other;
	void *zeros;
	int i;

	make_card("4096");
	busy = start(card.slave, 0, 16);
	other = start(card.slave, 0, 16);
	zeros = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(zeros != MAP_FAILED);
	ring(&busy, 1, CHECKSUM, zeros, size);
	for (i = 0; i < 10; i++)
		check_eq(run(&other, i + 1, CHECKSUM, "123456789", 9),
			 STATUS_DONE);
	check_eq(channel_read(&busy, 1, CHANNEL_STATUS), 1);
	stop(&other);
	/* Nobody waits for the rest of it. */
	stop(&busy);
}

static void delay_and_link_are_heeded(void)
{
	struct context c;
	long long begin;

	if (sim_models_are_programs())
		skip("no program knows of the delay");
	make_card("4096");
	c = start(card.slave, 0, 16);
	require_ok(sim_set_delay(card.num, 200000));
	begin = now_ms();
	check_eq(run(&c, 1, CHECKSUM, "123456789", 9), STATUS_DONE);
	check(now_ms() - begin >= 200);
	require_ok(sim_set_delay(card.num, 0));

	ring(&c, 2, CHECKSUM, data, sizeof(data));
	require_ok(sim_set_link(card.num, "down"));
	check_eq(mmio_read(c.window, REG_IDENT), -1);
	require_ok(sim_set_link(card.num, "up"));
	check_eq(run(&c, 1, CHECKSUM, "123456789", 9), STATUS_DONE);
	check_eq(channel_read(&c, 1, RESULT), 0xcbf43926);
	stop(&c);
}

static void state_tells_the_channel(void)
{
	char text[512], *line;
	struct context c;

	if (sim_models_are_programs())
		skip("what a program has done is not known");
	make_card("4096");
	c = start(card.slave, 0xabc, 16);
	check_eq(run(&c, 33, CHECKSUM, "123456789", 9), STATUS_DONE);
	require(file_read(text, sizeof(text),
			  "/sys/kernel/debug/cxl-afu/card%d/afu0/state",
			  card.num) > 0);
	line = strstr(text, "wed=0xabc");
	require(line, "%s", text);
	check(strstr(line, "elements=1 "), "%s", line);
	stop(&c);
}

#define TEST(name) { "crc_afu." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(model_brings_its_own_values),
	TEST(registers_tell_the_context),
	TEST(no_register_reads_all_ones),
	TEST(checksums_are_right),
	TEST(channels_have_memory),
	TEST(every_channel_has_an_interrupt),
	TEST(windows_are_apart),
	TEST(bad_address_is_told),
	TEST(addresses_stay_secret),
	TEST(nonsense_is_an_afu_error),
	TEST(untouched_channel_is_invalid),
	TEST(error_buffer_goes_around),
	TEST(works_without_an_error_buffer),
	TEST(dedicated_mode),
	TEST(channels_and_contexts_take_turns),
	TEST(delay_and_link_are_heeded),
	TEST(state_tells_the_channel),
};

TAP_MAIN(tests)
