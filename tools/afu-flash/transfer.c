// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ and WRITE, on a LUN or on what a resource handle stands for. The data go
 * through a buffer: so the tables are locked while blocks are read or written, but
 * not while waiting for the context's memory.
 */
#include "afu-flash.h"

struct transfer transfer_parse(const uint8_t *cdb)
{
	struct transfer t = { 0 };

	switch (cdb[0]) {
	case 0x08:		/* READ (6) */
	case 0x0a:
		t.block = get_be32(cdb) & 0x1fffff;
		t.blocks = cdb[4] ?: 256;
		break;
	case 0x28:		/* READ (10) */
	case 0x2a:
		t.block = get_be32(cdb + 2);
		t.blocks = get_be16(cdb + 7);
		break;
	case 0xa8:		/* READ (12) */
	case 0xaa:
		t.block = get_be32(cdb + 2);
		t.blocks = get_be32(cdb + 6);
		break;
	case 0x88:		/* READ (16) */
	case 0x8a:
		t.block = get_be64(cdb + 2);
		t.blocks = get_be32(cdb + 10);
		break;
	default:
		return t;
	}
	t.writes = cdb[0] & 2;
	t.reads = !t.writes;
	return t;
}

static bool locate(struct command *cmd, uint64_t block, bool writes,
		   struct extent *extent)
{
	if (cmd->rcb->flags & REQ_RESOURCE)
		return tables_translate(cmd, block, writes, extent);
	*extent = (struct extent) {
		.lun = cmd->lun,
		.block = block,
		.blocks = UINT64_MAX,
	};
	return true;
}

static bool read_blocks(struct command *cmd, const struct extent *extent)
{
	size_t bytes = extent->blocks * options.block_size;
	uint64_t bad = inject_medium(cmd->lun, extent->block, extent->blocks);

	if (bad == UINT64_MAX &&
	    !store_read(cmd->lun, extent->block, cmd->ctx->buffer, bytes)) {
		count(COUNT_BYTES_READ, bytes);
		return true;
	}
	scsi_fail_block(cmd, CODE_UNRECOVERED_READ,
			bad == UINT64_MAX ? extent->block : bad);
	return false;
}

static bool write_blocks(struct command *cmd, const struct extent *extent)
{
	size_t bytes = extent->blocks * options.block_size;

	if (store_write(cmd->lun, extent->block, cmd->ctx->buffer, bytes)) {
		scsi_fail_block(cmd, CODE_WRITE_ERROR, extent->block);
		return false;
	}
	inject_repair(cmd->lun, extent->block, extent->blocks);
	count(COUNT_BYTES_WRITTEN, bytes);
	return true;
}

/* Between the buffer and the store. Return: number of blocks, 0: it failed. */
static uint64_t access_blocks(struct command *cmd, uint64_t block,
			      uint64_t blocks, bool writes)
{
	struct extent extent;
	bool done = false;

	pthread_rwlock_rdlock(&tables_lock);
	if (!locate(cmd, block, writes, &extent))
		goto unlock;
	cmd->lun = extent.lun;
	if (extent.blocks > blocks)
		extent.blocks = blocks;
	if (!scsi_check_range(cmd, extent.block, extent.blocks))
		goto unlock;
	done = writes ? write_blocks(cmd, &extent) : read_blocks(cmd, &extent);
unlock:
	pthread_rwlock_unlock(&tables_lock);
	return done ? extent.blocks : 0;
}

void transfer_execute(struct command *cmd, const struct transfer *t)
{
	uint64_t max = BUFFER_SIZE / options.block_size, done, n;
	uint64_t bytes = t->blocks * options.block_size;
	char *buffer = cmd->ctx->buffer;

	count(t->writes ? COUNT_WRITES : COUNT_READS, 1);
	if (!command_may(cmd, t->writes ? CAP_WRITE : CAP_READ) ||
	    !command_fits(cmd, bytes))
		return;
	/* If not all of it fits, nothing is written. */
	if (!(cmd->rcb->flags & REQ_RESOURCE) &&
	    !scsi_check_range(cmd, t->block, t->blocks))
		return;
	for (done = 0; done < t->blocks; done += n) {
		uint64_t offset = done * options.block_size;

		n = t->blocks - done < max ? t->blocks - done : max;
		if (t->writes && !command_load(cmd, offset, buffer,
					       n * options.block_size))
			return;
		n = access_blocks(cmd, t->block + done, n, t->writes);
		if (!n)
			return;
		if (t->reads && !command_store(cmd, offset, buffer,
					       n * options.block_size))
			return;
	}
}
