// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFUs of the software card: what the core asks of them, and their life.
 */
#include <linux/slab.h>

#include "sim.h"

static const struct sim_afu_model * const sim_afu_models[] = {
	&sim_memcpy_afu,
	&sim_crc_afu,
	&sim_user_afu,
};

/**
 * sim_afu_model_find() - look up an AFU model
 * @name: its name
 *
 * Return: the model or NULL.
 */
const struct sim_afu_model *sim_afu_model_find(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sim_afu_models); i++)
		if (sysfs_streq(name, sim_afu_models[i]->name))
			return sim_afu_models[i];
	return NULL;
}

/* The hooks of the AFU's model; all are NULL if it has none. */
static const struct sim_afu_hooks *hooks_of(const struct sim_afu *afu)
{
	static const struct sim_afu_hooks none;

	return afu->settings.model->hooks ?: &none;
}

static struct page *sim_afu_psa_page(void *data, u64 offset)
{
	const struct sim_afu_hooks *hooks = hooks_of(data);

	if (hooks->page_is_there && !hooks->page_is_there(data, offset))
		return ERR_PTR(-EIO);
	return sim_afu_page(data, offset);
}

static int sim_afu_mmio(void *data, unsigned int pe, struct cxl_mmio *mmio)
{
	return hooks_of(data)->mmio(data, pe, mmio);
}

/*
 * Contexts
 */

static struct sim_pe *pe_alloc(struct sim_afu *afu,
			       const struct cxl_process_element *elem)
{
	size_t words = DIV_ROUND_UP(afu->settings.model->priv_size,
				    sizeof(u64));
	struct sim_pe *pe;

	pe = kzalloc(struct_size(pe, priv, words), GFP_KERNEL_ACCOUNT);
	if (!pe)
		return NULL;
	pe->afu = afu;
	pe->elem = *elem;
	pe->regs = sim_afu_psa(afu, sim_afu_window_offset(afu, elem->pe));
	if (pe->regs)
		return pe;
	kfree(pe);
	return NULL;
}

/* The engine does not know @pe any more: tell the model. */
static void pe_free(struct sim_pe *pe)
{
	struct sim_afu *afu = pe->afu;
	const struct sim_afu_hooks *hooks = hooks_of(afu);

	if (hooks->detach) {
		mutex_lock(&afu->turn);
		hooks->detach(pe);
		mutex_unlock(&afu->turn);
	}
	kfree(pe);
}

static int sim_afu_attach(void *data, const struct cxl_process_element *elem)
{
	const struct sim_afu_hooks *hooks = hooks_of(data);
	struct sim_afu *afu = data;
	struct sim_pe *pe;
	int ret;

	pe = pe_alloc(afu, elem);
	if (!pe)
		return -ENOMEM;
	sim_afu_clear_window(afu, elem->pe);
	/* In dedicated mode the window includes the global registers. */
	if (sim_afu_is_dedicated(afu))
		sim_afu_reset(afu);
	afu->settings.model->attach(pe);
	sim_pe_active(pe);

	ret = xa_insert(&afu->pes, elem->pe, pe, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_free;
	ret = sim_engine_add(pe);
	if (!ret && hooks->attached)
		ret = hooks->attached(pe);
	if (ret)
		goto err_remove;
	return 0;

err_remove:
	xa_erase(&afu->pes, elem->pe);
	sim_engine_remove(pe);
err_free:
	pe_free(pe);
	return ret;
}

static void sim_afu_detach(void *data, unsigned int num)
{
	struct sim_afu *afu = data;
	struct sim_pe *pe;

	pe = xa_erase(&afu->pes, num);
	if (!pe)
		return;
	sim_engine_remove(pe);
	pe_free(pe);
}

static int sim_afu_update_irqs(void *data, unsigned int num,
			       unsigned int num_irqs)
{
	const struct sim_afu_hooks *hooks = hooks_of(data);
	struct sim_afu *afu = data;
	struct sim_pe *pe;

	mutex_lock(&afu->turn);
	pe = xa_load(&afu->pes, num);
	if (pe) {
		pe->elem.num_irqs = num_irqs;
		if (hooks->irqs_changed)
			hooks->irqs_changed(pe);
	}
	mutex_unlock(&afu->turn);
	return pe ? 0 : -EIO;
}

/**
 * sim_afu_reset() - reset an AFU
 * @data: struct sim_afu
 *
 * Its contexts do no more work.
 *
 * Return: 0.
 */
int sim_afu_reset(void *data)
{
	const struct sim_afu_hooks *hooks = hooks_of(data);
	struct sim_afu *afu = data;
	struct sim_pe *pe;
	unsigned long num;

	mutex_lock(&afu->turn);
	xa_for_each(&afu->pes, num, pe)
		sim_pe_kill(pe);
	/* There are no registers yet if root resets the AFU before it has a mode. */
	if (afu->global_regs)
		afu->settings.model->reset(afu);
	mutex_unlock(&afu->turn);
	wake_up_all(&afu->first_turn);
	if (hooks->was_reset)
		hooks->was_reset(afu);
	return 0;
}

static int sim_afu_set_mode(void *data, u32 mode)
{
	struct sim_afu *afu = data;
	void *regs;

	afu->mode = mode;
	regs = sim_afu_psa(afu, sim_afu_global_offset(afu));
	if (!regs)
		return -ENOMEM;
	afu->global_regs = regs;
	return sim_afu_reset(afu);
}

/*
 * Configuration records, error buffer, card
 */

static int sim_afu_cr_read(void *data, unsigned int cr, unsigned int offset,
			   u32 *val)
{
	struct sim_afu *afu = data;

	return sim_pci_config_read(&afu->cr[cr], offset, val);
}

static int sim_afu_cr_write(void *data, unsigned int cr, unsigned int offset,
			    u32 val, u32 mask)
{
	struct sim_afu *afu = data;

	return sim_pci_config_write(&afu->cr[cr], offset, val, mask);
}

static ssize_t sim_afu_err_buff_read(void *data, char *buf, loff_t offset,
				     size_t count)
{
	struct sim_afu *afu = data;

	mutex_lock(&afu->turn);
	memcpy(buf, afu->err_buff + offset, count);
	mutex_unlock(&afu->turn);
	return count;
}

static ssize_t sim_card_vpd_read(void *data, void *buf, loff_t offset,
				 size_t count)
{
	struct sim_card *card = data;

	return memory_read_from_buffer(buf, count, &offset, card->vpd,
				       card->vpd_len);
}

const struct cxl_backend_ops sim_backend_ops = {
	.set_mode = sim_afu_set_mode,
	.attach = sim_afu_attach,
	.detach = sim_afu_detach,
	.update_irqs = sim_afu_update_irqs,
	.fault_done = sim_afu_fault_done,
	.afu_reset = sim_afu_reset,
	.psa_page = sim_afu_psa_page,
	.psa_written = sim_afu_psa_written,
	.mmio = sim_afu_mmio,
	.cr_read = sim_afu_cr_read,
	.cr_write = sim_afu_cr_write,
	.err_buff_read = sim_afu_err_buff_read,
	.card_reset = sim_card_reset,
	.vpd_read = sim_card_vpd_read,
	.timebase_synced = sim_card_timebase_synced,
	.debugfs_init = sim_debugfs_init,
	.afu_debugfs_init = sim_debugfs_afu_init,
};

/*
 * Life of an AFU
 */

/**
 * sim_afu_set_model() - choose a model, with its defaults for the settings
 * @afu: AFU
 * @model: its new model
 */
void sim_afu_set_model(struct sim_afu *afu, const struct sim_afu_model *model)
{
	afu->settings.model = model;
	afu->settings.modes = model->modes;
	afu->settings.pp_offset = model->pp_offset;
	afu->settings.pp_size = model->pp_size;
	afu->settings.psa_size = model->psa_size;
	afu->settings.mmio_trapped = false;
	afu->settings.irqs_min = model->irqs_min;
	afu->settings.cr_vendor = model->cr_vendor;
	afu->settings.cr_device = model->cr_device;
	afu->settings.cr_class = model->cr_class;
}

/**
 * sim_afu_init() - set up a new AFU with the defaults
 * @afu: zeroed
 * @card: its card
 * @slice: M of afuN.M
 */
void sim_afu_init(struct sim_afu *afu, struct sim_card *card,
		  unsigned int slice)
{
	afu->card = card;
	afu->slice = slice;
	afu->settings.num_procs = 511;
	afu->settings.num_crs = 1;
	afu->settings.err_buff_size = 4096;
	afu->settings.answer_ms = 5000;
	sim_afu_set_model(afu, sim_afu_models[0]);
	mutex_init(&afu->turn);
	spin_lock_init(&afu->lock);
	init_waitqueue_head(&afu->first_turn);
	INIT_LIST_HEAD(&afu->runnable);
	timerqueue_init_head(&afu->waiting);
	xa_init(&afu->pes);
	xa_init(&afu->psa);
}

static int alloc_memory(struct sim_afu *afu)
{
	const struct sim_afu_settings *settings = &afu->settings;
	unsigned int i;

	afu->cr = kcalloc(settings->num_crs, sizeof(*afu->cr), GFP_KERNEL);
	afu->err_buff = kvzalloc(settings->err_buff_size, GFP_KERNEL);
	afu->bounce = (void *)__get_free_page(GFP_KERNEL);
	if (!afu->cr || !afu->err_buff || !afu->bounce)
		return -ENOMEM;

	for (i = 0; i < settings->num_crs; i++)
		sim_pci_config_init(&afu->cr[i], settings->cr_vendor,
				    settings->cr_device, settings->cr_class,
				    settings->num_crs > 1);
	for (i = 0; i < settings->err_buff_size; i++)
		((u8 *)afu->err_buff)[i] = i ^ i >> 8;
	return 0;
}

static void free_memory(struct sim_afu *afu)
{
	free_page((unsigned long)afu->bounce);
	kvfree(afu->err_buff);
	kfree(afu->cr);
	afu->bounce = NULL;
	afu->err_buff = NULL;
	afu->cr = NULL;
}

/**
 * sim_afu_start() - make an AFU work, before the core knows it
 * @afu: AFU
 *
 * Return: 0, -ENOMEM, or what starting a thread returned.
 */
int sim_afu_start(struct sim_afu *afu)
{
	const struct sim_afu_hooks *hooks = hooks_of(afu);
	int ret;

	ret = alloc_memory(afu);
	if (ret)
		goto err_free;
	afu->psa_size = max(afu->settings.psa_size,
			    afu->settings.pp_offset +
			    afu->settings.num_procs * afu->settings.pp_size);
	afu->mode = 0;
	afu->halted = false;
	ret = sim_engine_start(afu);
	if (ret)
		goto err_free;
	if (hooks->start)
		ret = hooks->start(afu);
	if (ret)
		goto err_stop;
	return 0;

err_stop:
	sim_engine_stop(afu);
err_free:
	free_memory(afu);
	return ret;
}

/**
 * sim_afu_registered() - the core knows the AFU now
 * @afu: AFU
 *
 * Return: 0 or an errno.
 */
int sim_afu_registered(struct sim_afu *afu)
{
	const struct sim_afu_hooks *hooks = hooks_of(afu);

	return hooks->registered ? hooks->registered(afu) : 0;
}

/**
 * sim_afu_unregister() - the core is about to forget the AFU
 * @afu: AFU
 */
void sim_afu_unregister(struct sim_afu *afu)
{
	const struct sim_afu_hooks *hooks = hooks_of(afu);

	if (hooks->unregister)
		hooks->unregister(afu);
}

static void tell_link(struct sim_afu *afu, bool up)
{
	const struct sim_afu_hooks *hooks = hooks_of(afu);

	if (hooks->link_changed)
		hooks->link_changed(afu, up);
}

/**
 * sim_afu_halt() - stop all work: no memory is touched, nothing is reported
 * @afu: AFU
 */
void sim_afu_halt(struct sim_afu *afu)
{
	sim_engine_halt(afu);
	tell_link(afu, false);
}

/**
 * sim_afu_resume() - the reverse of sim_afu_halt()
 * @afu: AFU
 */
void sim_afu_resume(struct sim_afu *afu)
{
	sim_engine_resume(afu);
	tell_link(afu, true);
}

/**
 * sim_afu_stop() - the reverse of sim_afu_start(), after the core forgot the
 * AFU
 * @afu: AFU
 */
void sim_afu_stop(struct sim_afu *afu)
{
	const struct sim_afu_hooks *hooks = hooks_of(afu);

	if (hooks->stop)
		hooks->stop(afu);
	sim_engine_stop(afu);
	sim_afu_free_psa(afu);
	free_memory(afu);
}

/*
 * What models can ask of a context
 */

void *sim_pe_priv(struct sim_pe *pe)
{
	return pe->priv;
}

void *sim_afu_err_buff(struct sim_afu *afu, size_t *size)
{
	*size = afu->settings.err_buff_size;
	return afu->err_buff;
}

void *sim_pe_err_buff(struct sim_pe *pe, size_t *size)
{
	return sim_afu_err_buff(pe->afu, size);
}

unsigned int sim_pe_num(const struct sim_pe *pe)
{
	return pe->elem.pe;
}

u64 sim_pe_wed(const struct sim_pe *pe)
{
	return pe->elem.wed;
}

u64 sim_pe_wed_reg(const struct sim_pe *pe)
{
	return pe->elem.wed == ~0ULL ? pe->elem.wed - 1 : pe->elem.wed;
}

bool sim_pe_is_kernel(const struct sim_pe *pe)
{
	return !pe->elem.mm;
}
