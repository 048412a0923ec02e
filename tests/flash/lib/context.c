// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/cxl.h>
#include <scsi/cxlflash_ioctl.h>

#include "../../tap.h"
#include "context.h"

#define INTR_UNMASK	0x7ffULL
#define WAIT_MS		20000

static void store_reg(struct context *ctx, size_t reg, uint64_t value)
{
	__atomic_store_n((uint64_t *)(ctx->mmio + reg), htobe64(value),
			 __ATOMIC_RELEASE);
}

/* The driver knows a LUN by its name in page 0x83. */
static void read_name(const char *disk, uint8_t name[16])
{
	char path[64], text[64];
	unsigned int byte;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "/sys/block/%s/device/wwid", disk);
	file = fopen(path, "re");
	require(file && fgets(text, sizeof(text), file), "%s", path);
	fclose(file);
	require(!strncmp(text, "naa.", 4), "%s", text);
	for (i = 0; i < 16; i++) {
		require(sscanf(text + 4 + 2 * i, "%2x", &byte) == 1);
		name[i] = byte;
	}
}

int disk_open(int port)
{
	struct dk_cxlflash_manage_lun manage = {
		.hdr.flags = DK_CXLFLASH_MANAGE_LUN_ENABLE_SUPERPIPE |
			     DK_CXLFLASH_MANAGE_LUN_ALL_PORTS_ACCESSIBLE,
	};
	const char *disk = getenv(port ? "FLASH_DISK_1" : "FLASH_DISK");
	char path[64];
	int fd;

	require(disk, "FLASH_DISK is not set");
	snprintf(path, sizeof(path), "/dev/%s", disk);
	fd = require_ok(open(path, O_RDWR | O_CLOEXEC));
	read_name(disk, manage.wwid);
	require_ok(ioctl(fd, DK_CXLFLASH_MANAGE_LUN, &manage));
	return fd;
}

void context_start_queues(struct context *ctx)
{
	ctx->commands = aligned_alloc(4096, QUEUE * sizeof(*ctx->commands));
	ctx->completions = aligned_alloc(4096, 4096);
	ctx->sa = aligned_alloc(64, 64);
	memset(ctx->completions, 0, 4096);
	ctx->at = 0;
	ctx->response = 0;
	ctx->toggle = 1;
	store_reg(ctx, REG_RRQ_START, (uintptr_t)ctx->completions);
	store_reg(ctx, REG_RRQ_END,
		  (uintptr_t)(ctx->completions + QUEUE - 1));
	store_reg(ctx, REG_SQ_START, (uintptr_t)ctx->commands);
	store_reg(ctx, REG_SQ_END, (uintptr_t)(ctx->commands + QUEUE - 1));
	store_reg(ctx, REG_CTX_CTRL, LISN_ERROR);
	store_reg(ctx, REG_INTR_MASK, ~INTR_UNMASK);
}

void context_start(struct context *ctx)
{
	ctx->mmio = mmap(NULL, SISL_WINDOW_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED, ctx->afu, 0);
	require(ctx->mmio != MAP_FAILED);
	context_start_queues(ctx);
}

int context_attach(struct context *ctx, int disk, int rights)
{
	struct dk_cxlflash_attach attach = {
		.hdr.flags = rights,
		.num_interrupts = 4,
	};

	memset(ctx, 0, sizeof(*ctx));
	ctx->disk = disk;
	if (ioctl(disk, DK_CXLFLASH_ATTACH, &attach))
		return -1;
	check(attach.hdr.return_flags & DK_CXLFLASH_APP_CLOSE_ADAP_FD);
	check(attach.hdr.return_flags & DK_CXLFLASH_CONTEXT_SQ_CMD_MODE);
	check_eq(attach.mmio_size, SISL_WINDOW_SIZE);
	ctx->afu = attach.adap_fd;
	ctx->id = attach.context_id;
	ctx->block_size = attach.block_size;
	ctx->last_lba = attach.last_lba;
	context_start(ctx);
	return 0;
}

void context_detach(struct context *ctx)
{
	struct dk_cxlflash_detach detach = { .context_id = ctx->id };

	munmap(ctx->mmio, SISL_WINDOW_SIZE);
	check_ok(ioctl(ctx->disk, DK_CXLFLASH_DETACH, &detach));
	check_ok(close(ctx->afu));
	free(ctx->commands);
	free(ctx->completions);
	free(ctx->sa);
}

int context_direct(struct context *ctx)
{
	struct dk_cxlflash_udirect direct = { .context_id = ctx->id };

	if (ioctl(ctx->disk, DK_CXLFLASH_USER_DIRECT, &direct))
		return -1;
	check_eq(direct.last_lba, ctx->last_lba);
	return direct.rsrc_handle;
}

int context_virtual(struct context *ctx, uint64_t blocks)
{
	struct dk_cxlflash_uvirtual arg = {
		.context_id = ctx->id,
		.lun_size = blocks,
	};

	if (ioctl(ctx->disk, DK_CXLFLASH_USER_VIRTUAL, &arg))
		return -1;
	check_eq(arg.last_lba, (blocks + CHUNK - 1) / CHUNK * CHUNK - 1);
	return arg.rsrc_handle;
}

long long context_resize(struct context *ctx, int handle, uint64_t blocks)
{
	struct dk_cxlflash_resize resize = {
		.context_id = ctx->id,
		.rsrc_handle = handle,
		.req_size = blocks,
	};

	if (ioctl(ctx->disk, DK_CXLFLASH_VLUN_RESIZE, &resize))
		return -1;
	return resize.last_lba;
}

int context_release(struct context *ctx, int handle)
{
	struct dk_cxlflash_release release = {
		.context_id = ctx->id,
		.rsrc_handle = handle,
	};

	return ioctl(ctx->disk, DK_CXLFLASH_RELEASE, &release);
}

/*
 * Commands
 */

void put_be(uint64_t value, int bytes, uint8_t *to)
{
	while (bytes--) {
		to[bytes] = value;
		value >>= 8;
	}
}

bool context_wait(struct context *ctx, unsigned int lisn)
{
	struct pollfd pollfd = { .fd = ctx->afu, .events = POLLIN };
	char buf[CXL_READ_MIN_SIZE];
	struct cxl_event *event;
	ssize_t n, at;

	while (poll(&pollfd, 1, WAIT_MS) > 0) {
		n = read(ctx->afu, buf, sizeof(buf));
		if (n <= 0)
			return false;
		for (at = 0; at < n; at += event->header.size) {
			event = (struct cxl_event *)(buf + at);
			if (event->header.type == CXL_EVENT_AFU_INTERRUPT &&
			    event->irq.irq == lisn)
				return true;
		}
	}
	return false;
}

void context_send(struct context *ctx, const struct sisl_ioarcb *rcb)
{
	ctx->commands[ctx->at] = *rcb;
	ctx->at = (ctx->at + 1) % QUEUE;
	store_reg(ctx, REG_SQ_TAIL, (uintptr_t)(ctx->commands + ctx->at));
}

bool context_issue(struct context *ctx, struct sisl_ioarcb *rcb)
{
	uint64_t entry;

	memset(ctx->sa, 0, sizeof(*ctx->sa));
	rcb->context = ctx->id;
	rcb->msi = LISN_RESPONSE;
	rcb->ioasa = (uintptr_t)ctx->sa;
	context_send(ctx, rcb);
	if (!context_wait(ctx, LISN_RESPONSE))
		return false;
	entry = __atomic_load_n(&ctx->completions[ctx->response],
				__ATOMIC_ACQUIRE);
	if (entry != ((uintptr_t)ctx->sa | ctx->toggle))
		return false;
	ctx->response = (ctx->response + 1) % QUEUE;
	if (!ctx->response)
		ctx->toggle ^= 1;
	return true;
}

static bool transfer(struct context *ctx, int handle, uint64_t block,
		     const void *buf, unsigned int blocks, uint8_t opcode)
{
	struct sisl_ioarcb rcb = {
		.flags = REQ_RESOURCE | REQ_NO_UNDERRUN,
		.target = handle,
		.data_len = blocks * BLOCK,
		.data_ea = (uintptr_t)buf,
		.cdb = { opcode },
	};

	if (opcode == WRITE_16)
		rcb.flags |= REQ_HOST_WRITES;
	put_be(block, 8, rcb.cdb + 2);
	put_be(blocks, 4, rcb.cdb + 10);
	return context_issue(ctx, &rcb);
}

bool context_read(struct context *ctx, int handle, uint64_t block, void *buf,
		  unsigned int blocks)
{
	return transfer(ctx, handle, block, buf, blocks, READ_16);
}

bool context_write(struct context *ctx, int handle, uint64_t block,
		   const void *buf, unsigned int blocks)
{
	return transfer(ctx, handle, block, buf, blocks, WRITE_16);
}

bool context_is_good(const struct context *ctx)
{
	const struct sisl_ioasa *sa = ctx->sa;

	return !(sa->flags | sa->afu_rc | sa->scsi_rc | sa->fc_rc);
}
