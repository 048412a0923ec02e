// SPDX-License-Identifier: GPL-2.0-only
/*
 * What LUN identifiers and resource handles stand for. The driver keeps the tables of
 * resource handles of all contexts in the memory of the master context; a context's
 * registers say where its own table is.
 */
#include "afu-flash.h"

#include <assert.h>

static_assert(sizeof(struct sisl_rht_entry) == 16, "layout");

#define MAX_CHUNK_SHIFT	48

/* In SCSI's formats: a bus of 0 and 8 bits, or a flat space of 14 bits */
unsigned int tables_lun(uint64_t lun_id)
{
	unsigned int lun = lun_id >> 48;

	if (lun_id << 16)
		return MAX_LUNS;
	if (lun >> 14 == 1)
		lun &= 0x3fff;
	return lun < options.luns ? lun : MAX_LUNS;
}

bool tables_select_port(struct command *cmd, uint32_t mask)
{
	int port = ports_select(mask);

	if (port >= 0) {
		cmd->port = port;
		return true;
	}
	/* The link may come back: a driver tries again. */
	if (ports_may_come_back(mask))
		cmd->sa.fc_rc = FC_RC_LINK_DOWN;
	else
		command_fail(cmd, AFU_RC_NO_CHANNELS, mask & 3);
	return false;
}

/*
 * Read the driver's memory: if it is not there, the address is wrong or the master
 * is gone.
 */
static bool load_table(struct command *cmd, uint64_t address, void *entry,
		       size_t size, uint8_t afu_rc)
{
	uint64_t id = afu_reg_read(cmd->ctx->control, REG_RHT_CNT_ID);
	struct context *master = card_context(id >> 32 & 0xffff);

	if (master && !afu_load(master->afu, address, entry, size))
		return true;
	command_fail(cmd, afu_rc, DMA_INVALID_EA);
	return false;
}

static bool load_resource(struct command *cmd, struct sisl_rht_entry *entry)
{
	uint64_t start = afu_reg_read(cmd->ctx->control, REG_RHT_START);
	uint64_t id = afu_reg_read(cmd->ctx->control, REG_RHT_CNT_ID);
	uint32_t handle = cmd->rcb->target;

	if (!start || handle >= id >> 48) {
		command_fail(cmd, AFU_RC_RHT_BOUNDS, 0);
		return false;
	}
	return load_table(cmd, start + handle * sizeof(*entry), entry,
			  sizeof(*entry), AFU_RC_RHT_DMA);
}

/* A whole LUN */
static bool translate_physical(struct command *cmd,
			       const struct sisl_rht_entry *entry,
			       uint64_t block, struct extent *extent)
{
	if (!(entry->valid & RHT_VALID)) {
		command_fail(cmd, AFU_RC_RHT_INVALID, 0);
		return false;
	}
	extent->lun = tables_lun(entry->start);
	extent->block = block;
	extent->blocks = UINT64_MAX;
	return tables_select_port(cmd, entry->last);
}

/* A chunk of a LUN, described by an entry of another table */
static bool translate_virtual(struct command *cmd,
			      const struct sisl_rht_entry *entry,
			      uint64_t block, uint8_t need,
			      struct extent *extent)
{
	unsigned int shift = entry->last;
	uint64_t lxt, offset;

	if (!shift || shift > MAX_CHUNK_SHIFT) {
		command_fail(cmd, AFU_RC_RHT_INVALID, 0);
		return false;
	}
	if (block >> shift >= entry->count) {
		command_fail(cmd, AFU_RC_LXT_BOUNDS, 0);
		return false;
	}
	if (!load_table(cmd, entry->start + (block >> shift) * sizeof(lxt),
			&lxt, sizeof(lxt), AFU_RC_LXT_DMA))
		return false;
	if ((LXT_PERMISSIONS(lxt) & need) != need) {
		command_fail(cmd, AFU_RC_LXT_PERMISSION, 0);
		return false;
	}
	offset = block & ((1ULL << shift) - 1);
	extent->block = LXT_BASE(lxt) + offset;
	extent->blocks = (1ULL << shift) - offset;
	/* Fail beyond the largest number; do not wrap to the first block. */
	if (extent->block < offset) {
		command_fail(cmd, AFU_RC_LXT_BOUNDS, 0);
		return false;
	}
	if (!tables_select_port(cmd, LXT_PORTS(lxt)))
		return false;
	extent->lun = tables_lun(afu_reg_read(card_register(SISL_LUNS(cmd->port)),
					      LXT_LUN(lxt) * 8));
	return true;
}

bool tables_translate(struct command *cmd, uint64_t block, bool writes,
		      struct extent *extent)
{
	uint8_t need = writes ? RHT_WRITE : RHT_READ;
	struct sisl_rht_entry entry;

	if (!load_resource(cmd, &entry))
		return false;
	if ((entry.fp & need) != need) {
		command_fail(cmd, AFU_RC_RHT_PERMISSION, 0);
		return false;
	}
	switch (entry.fp >> 4) {
	case 0:
		return translate_virtual(cmd, &entry, block, need, extent);
	case 1:
		return translate_physical(cmd, &entry, block, extent);
	default:
		command_fail(cmd, AFU_RC_RHT_INVALID, 0);
		return false;
	}
}
