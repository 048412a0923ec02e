// SPDX-License-Identifier: GPL-2.0-only
/* One command: its kind, and whether the context may issue it. */
#include "afu-flash.h"

#include <errno.h>

#define SCSI_BUSY	0x08

void command_fail(struct command *cmd, uint8_t afu_rc, uint8_t extra)
{
	cmd->sa.afu_rc = afu_rc;
	cmd->sa.afu_extra = extra;
}

bool command_may(struct command *cmd, uint64_t capabilities)
{
	uint64_t has = afu_reg_read(cmd->ctx->control, REG_CTX_CAP);

	if ((has & capabilities) == capabilities)
		return true;
	command_fail(cmd, AFU_RC_CAPABILITY, 0);
	return false;
}

/*
 * Data
 */

/* Unless the context is gone, any failed access means that the address is bad. */
static bool fail_access(struct command *cmd)
{
	if (errno == ESTALE)
		cmd->gone = true;
	else
		command_fail(cmd, AFU_RC_DATA_DMA, DMA_INVALID_EA);
	return false;
}

bool command_store(struct command *cmd, uint64_t offset, const void *data,
		   size_t length)
{
	if (afu_store(cmd->ctx->afu, cmd->rcb->data_ea + offset, data, length))
		return fail_access(cmd);
	return true;
}

bool command_load(struct command *cmd, uint64_t offset, void *data,
		  size_t length)
{
	if (afu_load(cmd->ctx->afu, cmd->rcb->data_ea + offset, data, length))
		return fail_access(cmd);
	return true;
}

bool command_fits(struct command *cmd, uint64_t bytes)
{
	uint32_t room = cmd->rcb->data_len;

	if (bytes > room) {
		cmd->sa.flags |= IOASA_OVERRUN;
		return false;
	}
	if (bytes < room && !(cmd->rcb->flags & REQ_NO_UNDERRUN)) {
		cmd->sa.flags |= IOASA_UNDERRUN;
		cmd->sa.residue = room - bytes;
	}
	return true;
}

/*
 * Kinds of commands
 */

static void afu_command(struct command *cmd)
{
	if (!command_may(cmd, CAP_AFU_COMMAND))
		return;
	if (cmd->rcb->cdb[0] != AFU_SYNC) {
		command_fail(cmd, AFU_RC_CAPABILITY, 0);
		return;
	}
	/* Wait for all threads that have translated by the old tables. */
	pthread_rwlock_wrlock(&tables_lock);
	pthread_rwlock_unlock(&tables_lock);
}

/* Commands are completed in order: of all earlier ones, only lost ones are not done. */
static void task_management(struct command *cmd)
{
	uint8_t function = cmd->rcb->cdb[0];

	if (!command_may(cmd, CAP_SCSI))
		return;
	if (function == TASK_LUN_RESET) {
		count(COUNT_LUN_RESETS, 1);
		queue_abort(cmd->ctx, cmd->rcb->lun);
	} else if (function != TASK_CLEAR_ACA) {
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_OPCODE);
	}
}

/* By a port to a LUN: the driver's own commands */
static void lun_command(struct command *cmd)
{
	struct transfer transfer = transfer_parse(cmd->rcb->cdb);

	if (!command_may(cmd, CAP_SCSI) ||
	    !tables_select_port(cmd, cmd->rcb->target))
		return;
	cmd->lun = tables_lun(cmd->rcb->lun);
	if (transfer.reads || transfer.writes)
		transfer_execute(cmd, &transfer);
	else
		scsi_execute(cmd);
}

/* By a resource handle: commands of programs */
static void resource_command(struct command *cmd)
{
	struct transfer transfer = transfer_parse(cmd->rcb->cdb);

	if (transfer.reads || transfer.writes)
		transfer_execute(cmd, &transfer);
	else
		scsi_fail(cmd, SENSE_ILLEGAL_REQUEST, CODE_INVALID_OPCODE);
}

void command_execute(struct command *cmd)
{
	const struct sisl_ioarcb *rcb = cmd->rcb;

	if (rcb->context != cmd->ctx->pe && !command_may(cmd, CAP_PROXY_ISSUE))
		return;
	/* A list of addresses in place of data: no driver has ever used that. */
	if (rcb->ioadl_len) {
		command_fail(cmd, AFU_RC_CAPABILITY, 0);
		return;
	}
	if (rcb->flags & REQ_AFU_COMMAND)
		afu_command(cmd);
	else if (inject_busy())
		cmd->sa.scsi_rc = SCSI_BUSY;
	else if (rcb->flags & REQ_TASK_MANAGEMENT)
		task_management(cmd);
	else if (rcb->flags & REQ_RESOURCE)
		resource_command(cmd);
	else
		lun_command(cmd);
}
