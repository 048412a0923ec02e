// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose tables, lists, lengths and addresses cannot be trusted: whatever
 * they are, the command ends with an error, nothing else is touched, and the card
 * carries on. $FLASH_AFU is the node of the master context of a card without a
 * driver: the test is the driver, and its own memory has the tables.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "../tap.h"
#include "lib/context.h"

#define HANDLES		8
#define CHUNK_SHIFT	16
#define LXTS		4
#define TOP_BIT		0x8000000000000000ULL

#define SCSI_SENSE	0x02	/* the sense data contain a reason */
#define CODE_OUT_OF_RANGE 0x21
#define CODE_INVALID_FIELD 0x24
#define CODE_NO_LUN	0x25
#define CODE_LIST_LENGTH 0x1a

#define UNMAP		0x42
#define WRITE_SAME_16	0x93
#define SAME_UNMAP	0x08

static struct sisl_rht_entry handles[HANDLES];
static uint64_t lxts[LXTS];
static uint8_t data[2 * BLOCK] __attribute__((aligned(BLOCK)));
static uint8_t back[2 * BLOCK] __attribute__((aligned(BLOCK)));

static struct context ctx;
static char *psa;

static void store_reg(size_t offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)(psa + offset), htobe64(value),
			 __ATOMIC_RELEASE);
}

static uint64_t load_reg(size_t offset)
{
	return be64toh(__atomic_load_n((uint64_t *)(psa + offset),
				       __ATOMIC_ACQUIRE));
}

static size_t window_reg(size_t reg)
{
	return ctx.id * SISL_WINDOW_SIZE + reg;
}

static size_t control_reg(size_t reg)
{
	return SISL_CONTROL + ctx.id * SISL_CONTROL_SIZE + reg;
}

static void set_tables(void *start, uint64_t count, uint64_t master)
{
	store_reg(control_reg(REG_RHT_START), (uintptr_t)start);
	store_reg(control_reg(REG_RHT_CNT_ID), count << 48 | master << 32);
}

/* Set valid tables: the first handle is one chunk, the first of LUN 0. */
static void set_well(void)
{
	set_tables(handles, HANDLES, ctx.id);
	store_reg(SISL_LUNS(0), 0);
	lxts[0] = 0x31;
	handles[0] = (struct sisl_rht_entry) {
		.start = (uintptr_t)lxts,
		.count = 1,
		.fp = RHT_READ | RHT_WRITE,
		.last = CHUNK_SHIFT,
	};
}

static void attach(void)
{
	struct cxl_ioctl_start_work work = {
		.flags = CXL_START_WORK_NUM_IRQS,
		.num_interrupts = 4,
	};
	const char *node = getenv("FLASH_AFU");
	__u32 pe;

	require(node, "FLASH_AFU is not set");
	ctx.afu = require_ok(open(node, O_RDWR | O_CLOEXEC));
	require_ok(ioctl(ctx.afu, CXL_IOCTL_START_WORK, &work));
	require_ok(ioctl(ctx.afu, CXL_IOCTL_GET_PROCESS_ELEMENT, &pe));
	ctx.id = pe;
	psa = mmap(NULL, SISL_PSA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   ctx.afu, 0);
	require(psa != MAP_FAILED);
	ctx.mmio = psa + window_reg(0);
	store_reg(control_reg(REG_CTX_CAP),
		  CAP_AFU_COMMAND | CAP_SCSI | CAP_WRITE | CAP_READ);
	context_start_queues(&ctx);
	set_well();
}

/* A command by port 0 to LUN 0 */
static struct sisl_ioarcb command(uint8_t opcode, void *buf, uint32_t bytes)
{
	return (struct sisl_ioarcb) {
		.flags = REQ_NO_UNDERRUN,
		.target = 1,
		.data_len = bytes,
		.data_ea = (uintptr_t)buf,
		.cdb = { opcode },
	};
}

static struct sisl_ioarcb transfer(uint8_t opcode, void *buf, uint64_t block,
				   uint32_t blocks)
{
	struct sisl_ioarcb rcb = command(opcode, buf, blocks * BLOCK);

	put_be(block, 8, rcb.cdb + 2);
	put_be(blocks, 4, rcb.cdb + 10);
	return rcb;
}

static void check_good(struct sisl_ioarcb rcb)
{
	require(context_issue(&ctx, &rcb));
	check(context_is_good(&ctx), "afu_rc 0x%x scsi_rc 0x%x code 0x%x",
	      ctx.sa->afu_rc, ctx.sa->scsi_rc, ctx.sa->sense[12]);
}

static void check_afu_rc(struct sisl_ioarcb rcb, uint8_t afu_rc)
{
	require(context_issue(&ctx, &rcb));
	check_eq(ctx.sa->afu_rc, afu_rc);
	check_eq(ctx.sa->scsi_rc, 0);
}

static void check_sense(struct sisl_ioarcb rcb, uint8_t code)
{
	require(context_issue(&ctx, &rcb));
	check_eq(ctx.sa->afu_rc, 0);
	check_eq(ctx.sa->scsi_rc, SCSI_SENSE);
	check_eq(ctx.sa->sense[12], code);
}

static void fill_block(uint64_t block, uint8_t byte)
{
	memset(data, byte, BLOCK);
	check_good(transfer(WRITE_16, data, block, 1));
}

static void check_block(uint64_t block, uint8_t byte)
{
	memset(data, byte, BLOCK);
	memset(back, ~byte, BLOCK);
	check_good(transfer(READ_16, back, block, 1));
	check_mem_eq(back, data, BLOCK);
}

static uint64_t last_block(void)
{
	struct sisl_ioarcb rcb = command(0x9e, back, 32);
	uint64_t last;

	rcb.cdb[1] = 0x10;		/* READ CAPACITY (16) */
	put_be(32, 4, rcb.cdb + 10);
	check_good(rcb);
	memcpy(&last, back, sizeof(last));
	return be64toh(last);
}

static void no_address_of_data_hangs_a_command(void)
{
	static const uint64_t addresses[] = {
		0, TOP_BIT, TOP_BIT - BLOCK / 2, UINT64_MAX - BLOCK / 2,
		UINT64_MAX - BLOCK + 1,
	};
	struct sisl_ioarcb rcb;
	size_t i;

	attach();
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		rcb = transfer(READ_16, NULL, 0, 1);
		rcb.data_ea = addresses[i];
		check_afu_rc(rcb, AFU_RC_DATA_DMA);
		check_eq(ctx.sa->afu_extra, DMA_INVALID_EA);
		rcb.cdb[0] = WRITE_16;
		check_afu_rc(rcb, AFU_RC_DATA_DMA);
	}
	check_good(transfer(READ_16, back, 0, 1));
}

/* Otherwise the list, or what is beside it, would be taken for data. */
static void a_list_of_addresses_is_refused(void)
{
	struct sisl_ioarcb rcb;

	attach();
	fill_block(7, 0x11);
	memset(data, 0x22, BLOCK);
	rcb = transfer(WRITE_16, data, 7, 1);
	rcb.ioadl_len = 16;
	check_afu_rc(rcb, AFU_RC_CAPABILITY);
	check_block(7, 0x11);
}

static void check_error(uint64_t bit)
{
	check(context_wait(&ctx, LISN_ERROR));
	check(load_reg(window_reg(REG_INTR_STATUS)) & bit, "status 0x%llx",
	      (unsigned long long)load_reg(window_reg(REG_INTR_STATUS)));
}

static void a_status_without_a_place_is_told_by_an_interrupt(void)
{
	struct sisl_ioarcb rcb;

	attach();
	rcb = command(0xff, NULL, 0);
	rcb.context = ctx.id;
	rcb.msi = LISN_RESPONSE;
	rcb.ioasa = TOP_BIT;
	context_send(&ctx, &rcb);
	check_error(INTR_IOASA_WRITE);
	check_good(transfer(READ_16, back, 0, 1));
}

static void queues_without_memory_are_told_by_an_interrupt(void)
{
	struct sisl_ioarcb rcb;

	attach();
	store_reg(window_reg(REG_RRQ_START), TOP_BIT);
	store_reg(window_reg(REG_RRQ_END), TOP_BIT + 8);
	rcb = transfer(READ_16, back, 0, 1);
	rcb.context = ctx.id;
	rcb.msi = LISN_RESPONSE;
	rcb.ioasa = (uintptr_t)ctx.sa;
	context_send(&ctx, &rcb);
	check_error(INTR_RRQ_WRITE);

	store_reg(window_reg(REG_SQ_START), TOP_BIT);
	store_reg(window_reg(REG_SQ_END), TOP_BIT + 15 * sizeof(rcb));
	store_reg(window_reg(REG_SQ_TAIL), TOP_BIT + sizeof(rcb));
	check_error(INTR_RCB_READ);
}

static void rings_that_are_none_are_left_alone(void)
{
	unsigned int tries;
	uint64_t start;

	attach();
	start = (uintptr_t)ctx.commands;
	/* Behind the end, between entries, and an end before the start */
	store_reg(window_reg(REG_SQ_TAIL), start + QUEUE * 64);
	store_reg(window_reg(REG_SQ_TAIL), start + 1);
	store_reg(window_reg(REG_SQ_END), start - 64);
	store_reg(window_reg(REG_SQ_TAIL), start - 64);
	usleep(20000);
	store_reg(window_reg(REG_SQ_END), start + (QUEUE - 1) * 64);
	store_reg(window_reg(REG_SQ_TAIL), start);
	check_good(transfer(READ_16, back, 0, 1));

	store_reg(window_reg(REG_SQ_TAIL), start + 8);
	store_reg(window_reg(REG_SQ_CTX_RESET), CONTEXT_RESET);
	for (tries = 0; load_reg(window_reg(REG_SQ_CTX_RESET)); tries++) {
		require(tries < 1000 * tap_time_scale(), "no reset");
		usleep(10000);
	}
	check_good(transfer(READ_16, back, 0, 1));
}

static struct sisl_ioarcb by_handle(uint32_t handle, uint64_t block)
{
	struct sisl_ioarcb rcb = transfer(READ_16, back, block, 1);

	rcb.flags |= REQ_RESOURCE;
	rcb.target = handle;
	return rcb;
}

static void handles_have_bounds(void)
{
	attach();
	check_good(by_handle(0, 0));
	check_afu_rc(by_handle(HANDLES, 0), AFU_RC_RHT_BOUNDS);
	check_afu_rc(by_handle(UINT32_MAX, 0), AFU_RC_RHT_BOUNDS);
	set_tables(handles, 0, ctx.id);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_BOUNDS);
	set_tables(NULL, HANDLES, ctx.id);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_BOUNDS);
}

static void tables_may_be_nowhere(void)
{
	attach();
	set_tables((void *)(TOP_BIT | 0x1000), HANDLES, ctx.id);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_DMA);
	set_tables((void *)0x10, HANDLES, ctx.id);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_DMA);
	/* Contexts that do not exist, and that cannot exist */
	set_tables(handles, HANDLES, SISL_CONTEXTS - 1);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_DMA);
	set_tables(handles, HANDLES, 0xffff);
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_DMA);
	set_well();
	handles[0].start = TOP_BIT;
	check_afu_rc(by_handle(0, 0), AFU_RC_LXT_DMA);
	set_well();
	check_good(by_handle(0, 0));
}

static void entries_that_mean_nothing_are_refused(void)
{
	static const uint8_t shifts[] = { 0, 49, 64, 255 };
	size_t i;

	attach();
	handles[0].fp |= 0x20;
	check_afu_rc(by_handle(0, 0), AFU_RC_RHT_INVALID);
	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		set_well();
		handles[0].last = shifts[i];
		check_afu_rc(by_handle(0, 0), AFU_RC_RHT_INVALID);
	}
	set_well();
	check_afu_rc(by_handle(0, CHUNK), AFU_RC_LXT_BOUNDS);
	check_afu_rc(by_handle(0, UINT64_MAX), AFU_RC_LXT_BOUNDS);
	/* An entry of the table of LUNs that was never set */
	lxts[0] |= 0xff00;
	check_sense(by_handle(0, 0), CODE_NO_LUN);
}

/* Chunks of 2^48 blocks: the last one begins where an offset can lead to 0. */
static void a_chunk_does_not_wrap(void)
{
	struct sisl_ioarcb rcb;

	attach();
	fill_block(0, 0x33);
	handles[0].last = 48;
	lxts[0] |= 0xffffffffffff0000ULL;
	check_sense(by_handle(0, 1), CODE_OUT_OF_RANGE);
	memset(back, 0x44, BLOCK);
	rcb = by_handle(0, 0x10000);
	rcb.cdb[0] = WRITE_16;
	check_afu_rc(rcb, AFU_RC_LXT_BOUNDS);
	check_block(0, 0x33);
}

/* More than the card moves at once; only the last block does not exist */
static void nothing_is_written_of_what_does_not_fit(void)
{
	static uint8_t many[17 * BLOCK];
	uint64_t last;

	attach();
	last = last_block();
	fill_block(last, 0x55);
	memset(many, 0x66, sizeof(many));
	check_sense(transfer(WRITE_16, many, last - 15, 17), CODE_OUT_OF_RANGE);
	check_sense(transfer(WRITE_16, many, last, 2), CODE_OUT_OF_RANGE);
	check_sense(transfer(WRITE_16, many, UINT64_MAX, 2), CODE_OUT_OF_RANGE);
	check_block(last, 0x55);
}

static void lengths_that_differ_are_told(void)
{
	struct sisl_ioarcb rcb;

	attach();
	memset(back, 0x77, sizeof(back));
	memset(data, 0x77, sizeof(data));
	rcb = transfer(READ_16, back, 0, 1);
	put_be(UINT32_MAX, 4, rcb.cdb + 10);
	require(context_issue(&ctx, &rcb));
	check_eq(ctx.sa->flags, IOASA_OVERRUN);
	check_mem_eq(back, data, sizeof(back));

	rcb = transfer(READ_16, back, 0, 1);
	rcb.flags = 0;
	rcb.data_len = sizeof(back);
	require(context_issue(&ctx, &rcb));
	check_eq(ctx.sa->flags, IOASA_UNDERRUN);
	check_eq(ctx.sa->residue, BLOCK);
	check_mem_eq(back + BLOCK, data, BLOCK);
}

/* UNMAP: a header of 8 bytes, and 16 for each run of blocks */
static struct sisl_ioarcb unmap(uint16_t bytes, uint16_t said, uint64_t block,
				uint32_t blocks)
{
	struct sisl_ioarcb rcb = command(UNMAP, data, bytes);

	memset(data, 0, sizeof(data));
	put_be(said, 2, data + 2);
	put_be(block, 8, data + 8);
	put_be(blocks, 4, data + 16);
	put_be(bytes, 2, rcb.cdb + 7);
	return rcb;
}

static void lists_of_blocks_have_bounds(void)
{
	struct sisl_ioarcb rcb;
	uint64_t last;

	attach();
	last = last_block();
	fill_block(last, 0x88);
	check_sense(unmap(4, 16, last, 1), CODE_LIST_LENGTH);
	/* Half of an entry, and more entries than there are bytes */
	check_good(unmap(16, 16, last, 1));
	check_block(last, 0x88);
	check_sense(unmap(24, 16, last, 2), CODE_OUT_OF_RANGE);
	check_sense(unmap(24, 16, UINT64_MAX, 2), CODE_OUT_OF_RANGE);
	rcb = unmap(24, 16, last, 1);
	rcb.data_len = 16;
	check_sense(rcb, CODE_INVALID_FIELD);
	check_block(last, 0x88);
	check_good(unmap(24, UINT16_MAX, last, 1));
	check_block(last, 0);
}

/* The permission to unmap does not turn other data into zeroes. */
static void what_is_no_zero_is_written(void)
{
	struct sisl_ioarcb rcb;

	attach();
	fill_block(20, 1);
	fill_block(22, 1);
	memset(data, 0x99, BLOCK);
	rcb = transfer(WRITE_SAME_16, data, 20, 2);
	rcb.data_len = BLOCK;
	rcb.cdb[1] = SAME_UNMAP;
	check_good(rcb);
	check_block(20, 0x99);
	check_block(21, 0x99);
	check_block(22, 1);
	memset(data, 0, BLOCK);
	check_good(rcb);
	check_block(21, 0);
	check_block(22, 1);
	rcb.data_len = BLOCK - 1;
	require(context_issue(&ctx, &rcb));
	check_eq(ctx.sa->flags, IOASA_OVERRUN);
}

#define TEST(name)	{ "hostile." #name, name }

static const struct tap_test tests[] = {
	TEST(no_address_of_data_hangs_a_command),
	TEST(a_list_of_addresses_is_refused),
	TEST(a_status_without_a_place_is_told_by_an_interrupt),
	TEST(queues_without_memory_are_told_by_an_interrupt),
	TEST(rings_that_are_none_are_left_alone),
	TEST(handles_have_bounds),
	TEST(tables_may_be_nowhere),
	TEST(entries_that_mean_nothing_are_refused),
	TEST(a_chunk_does_not_wrap),
	TEST(nothing_is_written_of_what_does_not_fit),
	TEST(lengths_that_differ_are_told),
	TEST(lists_of_blocks_have_bounds),
	TEST(what_is_no_zero_is_written),
};

TAP_MAIN(tests)
