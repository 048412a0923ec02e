// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that bypass the driver and talk to the card: contexts, whole and virtual
 * LUNs. $FLASH_DISK names the disk of port 0.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scsi/cxlflash_ioctl.h>
#include <scsi/sg.h>

#include "../tap.h"
#include "lib/context.h"

#define BLOCKS	8

static char data[BLOCKS * BLOCK] __attribute__((aligned(4096)));
static char back[BLOCKS * BLOCK] __attribute__((aligned(4096)));

static struct context ctx;

static void fill(int seed)
{
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = seed + i * 7 + i / BLOCK;
}

static void attach(int rights)
{
	int disk = disk_open(0);

	require_ok(context_attach(&ctx, disk, rights));
}

static void write_well(int handle, uint64_t block)
{
	require(context_write(&ctx, handle, block, data, BLOCKS));
	require(context_is_good(&ctx), "afu_rc 0x%x scsi_rc 0x%x",
		ctx.sa->afu_rc, ctx.sa->scsi_rc);
}

static void check_block(struct context *c, int handle, uint64_t block)
{
	memset(back, 0xee, sizeof(back));
	require(context_read(c, handle, block, back, BLOCKS));
	require(context_is_good(c), "afu_rc 0x%x scsi_rc 0x%x", c->sa->afu_rc,
		c->sa->scsi_rc);
	check(!memcmp(data, back, sizeof(data)), "the data differ");
}

static void attach_and_detach(void)
{
	int disk = disk_open(0), i;

	for (i = 0; i < 5; i++) {
		require_ok(context_attach(&ctx, disk, O_RDWR));
		check_eq(ctx.block_size, BLOCK);
		check_eq(ctx.last_lba, (2LL << 30) / BLOCK - 1);
		context_detach(&ctx);
	}
}

static void whole_lun_is_read_and_written(void)
{
	int handle, i;

	attach(O_RDWR);
	handle = require_ok(context_direct(&ctx));
	/* More than one lap of the queues */
	for (i = 0; i < 2 * QUEUE + 1; i++) {
		fill(i);
		write_well(handle, 5000 + i * BLOCKS);
		check_block(&ctx, handle, 5000 + i * BLOCKS);
	}
	check_ok(context_release(&ctx, handle));
	context_detach(&ctx);
}

/* The driver's disk has what the program writes. */
static void the_disk_has_the_same_data(void)
{
	int handle;

	attach(O_RDWR);
	handle = require_ok(context_direct(&ctx));
	fill(77);
	write_well(handle, 9000);
	context_detach(&ctx);
	check_ok(ioctl(ctx.disk, BLKFLSBUF, 0));
	check_eq(pread(ctx.disk, back, sizeof(back), 9000 * BLOCK),
		 sizeof(back));
	check(!memcmp(data, back, sizeof(data)));
}

/* Memory that is not there yet is faulted in. */
static void memory_is_paged_in(void)
{
	char *fresh = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int handle;

	attach(O_RDWR);
	handle = require_ok(context_direct(&ctx));
	fill(3);
	write_well(handle, 100);
	require(context_read(&ctx, handle, 100, fresh, BLOCKS));
	check(context_is_good(&ctx));
	check(!memcmp(data, fresh, sizeof(data)));
	context_detach(&ctx);
}

static void a_bad_address_is_an_error_of_the_command(void)
{
	char *gone = mmap(NULL, sizeof(data), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int handle;

	attach(O_RDWR);
	handle = require_ok(context_direct(&ctx));
	require(context_read(&ctx, handle, 0, gone, BLOCKS));
	check_eq(ctx.sa->afu_rc, AFU_RC_DATA_DMA);
	check_eq(ctx.sa->afu_extra, DMA_INVALID_EA);
	fill(4);
	write_well(handle, 200);
	context_detach(&ctx);
}

static void reading_context_cannot_write(void)
{
	int handle;

	attach(O_RDONLY);
	handle = require_ok(context_direct(&ctx));
	require(context_read(&ctx, handle, 0, back, 1));
	check(context_is_good(&ctx));
	require(context_write(&ctx, handle, 0, data, 1));
	check(ctx.sa->afu_rc == AFU_RC_RHT_PERMISSION ||
	      ctx.sa->afu_rc == AFU_RC_CAPABILITY, "afu_rc 0x%x",
	      ctx.sa->afu_rc);
	context_detach(&ctx);
}

static void released_resource_is_no_more(void)
{
	int handle;

	attach(O_RDWR);
	handle = require_ok(context_direct(&ctx));
	require(context_read(&ctx, handle, 0, back, 1));
	check(context_is_good(&ctx));
	require_ok(context_release(&ctx, handle));
	require(context_read(&ctx, handle, 0, back, 1));
	check(ctx.sa->afu_rc == AFU_RC_RHT_INVALID ||
	      ctx.sa->afu_rc == AFU_RC_RHT_PERMISSION, "afu_rc 0x%x",
	      ctx.sa->afu_rc);
	require(context_read(&ctx, 10000, 0, back, 1));
	check_eq(ctx.sa->afu_rc, AFU_RC_RHT_BOUNDS);
	context_detach(&ctx);
}

static void virtual_luns_are_apart(void)
{
	int one, two;

	attach(O_RDWR);
	one = require_ok(context_virtual(&ctx, CHUNK));
	two = require_ok(context_virtual(&ctx, CHUNK));
	check(one != two);
	fill(1);
	write_well(one, 10);
	fill(2);
	write_well(two, 10);
	check_block(&ctx, two, 10);
	fill(1);
	check_block(&ctx, one, 10);
	require(context_read(&ctx, one, CHUNK, back, 1));
	check_eq(ctx.sa->afu_rc, AFU_RC_LXT_BOUNDS);
	check_ok(context_release(&ctx, one));
	check_ok(context_release(&ctx, two));
	context_detach(&ctx);
}

static void virtual_lun_grows_and_shrinks(void)
{
	int handle;

	attach(O_RDWR);
	handle = require_ok(context_virtual(&ctx, CHUNK));
	fill(5);
	write_well(handle, 20);
	check_eq(context_resize(&ctx, handle, 3 * CHUNK), 3 * CHUNK - 1);
	check_block(&ctx, handle, 20);
	fill(6);
	/* From one chunk into the next */
	write_well(handle, 2 * CHUNK - BLOCKS / 2);
	check_block(&ctx, handle, 2 * CHUNK - BLOCKS / 2);
	check_eq(context_resize(&ctx, handle, CHUNK), CHUNK - 1);
	fill(5);
	check_block(&ctx, handle, 20);
	require(context_read(&ctx, handle, 2 * CHUNK, back, 1));
	check_eq(ctx.sa->afu_rc, AFU_RC_LXT_BOUNDS);
	check_ok(context_release(&ctx, handle));
	context_detach(&ctx);
}

static void clone_of_parent(int handle)
{
	struct dk_cxlflash_clone clone = {
		.hdr.flags = O_RDWR,
		.context_id_src = ctx.id,
		.adap_fd_src = ctx.afu,
	};
	struct context own;

	require_ok(context_attach(&own, ctx.disk, O_RDWR));
	clone.context_id_dst = own.id;
	require_ok(ioctl(ctx.disk, DK_CXLFLASH_VLUN_CLONE, &clone));
	check_block(&own, handle, 30);
	check_ok(context_release(&own, handle));
	context_detach(&own);
}

/* The driver lets a child clone its parent's resources. */
static void clone_sees_the_same_blocks(void)
{
	int handle, status;
	pid_t child;

	attach(O_RDWR);
	handle = require_ok(context_virtual(&ctx, CHUNK));
	fill(9);
	write_well(handle, 30);
	child = fork();
	if (!child) {
		clone_of_parent(handle);
		_exit(0);
	}
	check_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
	check_block(&ctx, handle, 30);
	check_ok(context_release(&ctx, handle));
	context_detach(&ctx);
}

/* The whole card is reset, and the driver replaces the context by a new one. */
static void context_recovers_from_a_reset(void)
{
	struct dk_cxlflash_recover_afu recover = { 0 };
	int reset = SG_SCSI_RESET_HOST | 0x100, handle;

	attach(O_RDWR);
	handle = require_ok(context_virtual(&ctx, CHUNK));
	fill(11);
	write_well(handle, 40);
	require_ok(ioctl(ctx.disk, SG_SCSI_RESET, &reset));
	check_eq(__atomic_load_n((int64_t *)(ctx.mmio + REG_SQ_TAIL),
				 __ATOMIC_RELAXED), -1);

	munmap(ctx.mmio, SISL_WINDOW_SIZE);
	recover.context_id = ctx.id;
	require_ok(ioctl(ctx.disk, DK_CXLFLASH_RECOVER_AFU, &recover));
	check(recover.hdr.return_flags & DK_CXLFLASH_RECOVER_AFU_CONTEXT_RESET);
	close(ctx.afu);
	ctx.afu = recover.adap_fd;
	ctx.id = recover.context_id;
	context_start(&ctx);
	check_block(&ctx, handle, 40);
	check_ok(context_release(&ctx, handle));
	context_detach(&ctx);
}

/* A killed program leaves nothing behind. */
static void killed_program_is_cleaned_up(void)
{
	int disk = disk_open(0), handle, i;
	pid_t child;

	for (i = 0; i < 3; i++) {
		child = fork();
		if (!child) {
			require_ok(context_attach(&ctx, disk, O_RDWR));
			handle = require_ok(context_virtual(&ctx, 6 * CHUNK));
			for (;;)
				context_read(&ctx, handle, 0, back, BLOCKS);
		}
		usleep(500000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	/* Without cleaning up, there would be no room for this one. */
	require_ok(context_attach(&ctx, disk, O_RDWR));
	handle = require_ok(context_virtual(&ctx, 6 * CHUNK));
	check_ok(context_release(&ctx, handle));
	context_detach(&ctx);
}

#define TEST(name)	{ "superpipe." #name, name, NULL, 120 }

static const struct tap_test tests[] = {
	TEST(attach_and_detach),
	TEST(whole_lun_is_read_and_written),
	TEST(the_disk_has_the_same_data),
	TEST(memory_is_paged_in),
	TEST(a_bad_address_is_an_error_of_the_command),
	TEST(reading_context_cannot_write),
	TEST(released_resource_is_no_more),
	TEST(virtual_luns_are_apart),
	TEST(virtual_lun_grows_and_shrinks),
	TEST(clone_sees_the_same_blocks),
	TEST(context_recovers_from_a_reset),
	TEST(killed_program_is_cleaned_up),
};

TAP_MAIN(tests)
