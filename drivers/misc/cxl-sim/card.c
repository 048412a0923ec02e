// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards: the virtual PCI bus of each, and the driver of the PCI device on it,
 * which makes the card and its AFUs known to the cxl core.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "sim.h"

static int card_config_read(void *data, unsigned int devfn,
			    unsigned int offset, u32 *val)
{
	struct sim_card *card = data;

	if (devfn || !READ_ONCE(card->present))
		return -ENODEV;
	return sim_pci_config_read(&card->config, offset, val);
}

static int card_config_write(void *data, unsigned int devfn,
			     unsigned int offset, u32 val, u32 mask)
{
	struct sim_card *card = data;

	if (devfn || !READ_ONCE(card->present))
		return -ENODEV;
	return sim_pci_config_write(&card->config, offset, val, mask);
}

static const struct cxl_vpci_ops card_vpci_ops = {
	.read = card_config_read,
	.write = card_config_write,
};

/*
 * The PCI driver
 */

static int register_afu(struct sim_card *card, struct sim_afu *afu)
{
	const struct sim_afu_settings *settings = &afu->settings;
	struct cxl_afu_desc desc = {
		.modes_supported = settings->modes,
		.num_procs = settings->num_procs,
		.irqs_min = settings->irqs_min,
		.pp_offset = settings->pp_offset,
		.pp_size = settings->pp_size,
		.mmio_trapped = settings->mmio_trapped,
		.num_crs = settings->num_crs,
		.cr_size = PCI_CFG_SPACE_SIZE,
		.err_buff_size = settings->err_buff_size,
	};
	struct cxl_afu *registered;
	int ret;

	lockdep_assert_held(&card->lock);
	ret = sim_afu_start(afu);
	if (ret)
		return ret;
	desc.psa_size = afu->psa_size;
	registered = cxl_afu_register(card->adapter, afu->slice, &desc, afu);
	if (IS_ERR(registered)) {
		ret = PTR_ERR(registered);
		goto err_stop;
	}
	afu->afu = registered;
	ret = sim_afu_registered(afu);
	if (ret)
		goto err_unregister;
	return 0;

err_unregister:
	sim_afu_unregister(afu);
	cxl_afu_unregister(registered);
	afu->afu = NULL;
err_stop:
	sim_afu_stop(afu);
	return ret;
}

/*
 * An AFU that fails does not take the card with it.  Return the error of the
 * first AFU that failed, or 0.
 */
static int register_afus(struct sim_card *card, struct pci_dev *pdev)
{
	int slice, ret, first = 0;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		if (!card->afus[slice])
			continue;
		ret = register_afu(card, card->afus[slice]);
		if (!ret)
			continue;
		pci_err(pdev, "AFU %d failed: %d\n", slice, ret);
		first = first ?: ret;
	}
	return first;
}

static int sim_card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sim_card *card = cxl_vpci_from_dev(pdev, &card_vpci_ops);
	const struct sim_card_settings *settings;
	struct cxl_adapter_desc desc;
	struct cxl_adapter *adapter;
	int ret;

	/* Real cards match the ID table, too. */
	if (!card)
		return -ENODEV;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);

	settings = &card->settings;
	desc = (struct cxl_adapter_desc) {
		.caia_major = settings->caia_major,
		.caia_minor = settings->caia_minor,
		.psl_revision = settings->psl_revision,
		.base_image = settings->base_image,
		.user_image_loaded = settings->user_image,
		.user_irqs = settings->user_irqs,
	};
	mutex_lock(&card->lock);
	adapter = cxl_adapter_register(&pdev->dev, &sim_backend_ops, &desc,
				       card);
	if (IS_ERR(adapter)) {
		ret = PTR_ERR(adapter);
		card->probe_error = ret;
	} else {
		card->adapter = adapter;
		card->probe_error = register_afus(card, pdev);
	}
	mutex_unlock(&card->lock);
	return ret;
}

static void sim_card_pci_remove(struct pci_dev *pdev)
{
	struct sim_card *card = cxl_vpci_from_dev(pdev, &card_vpci_ops);
	struct sim_afu *afu;
	int slice;

	mutex_lock(&card->lock);
	for (slice = 0; slice < CXL_MAX_SLICES; slice++)
		if (card->afus[slice] && card->afus[slice]->afu)
			sim_afu_unregister(card->afus[slice]);
	cxl_adapter_unregister(card->adapter);
	card->adapter = NULL;
	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = card->afus[slice];
		if (!afu || !afu->afu)
			continue;
		afu->afu = NULL;
		sim_afu_stop(afu);
	}
	mutex_unlock(&card->lock);
}

static const struct pci_device_id sim_card_ids[] = {
	{ PCI_DEVICE(SIM_PCI_VENDOR, SIM_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, sim_card_ids);

struct pci_driver sim_card_driver = {
	.name = "cxl-sim",
	.id_table = sim_card_ids,
	.probe = sim_card_probe,
	.remove = sim_card_pci_remove,
	.err_handler = &sim_card_err_handler,
	/* sim_card_activate() reads the result of the probe. */
	.driver.probe_type = PROBE_FORCE_SYNCHRONOUS,
};

/**
 * sim_card_of() - the card behind a PCI device
 * @pdev: PCI device
 *
 * Return: the card, or NULL if the device is not a software card.
 */
struct sim_card *sim_card_of(struct pci_dev *pdev)
{
	return cxl_vpci_from_dev(pdev, &card_vpci_ops);
}

/*
 * The card itself
 */

/**
 * sim_card_get_pdev() - the card's PCI device
 * @card: card; config_lock is held
 *
 * Return: the device, to be released by pci_dev_put(), or NULL if the card is
 * not live or was removed from its bus.
 */
struct pci_dev *sim_card_get_pdev(struct sim_card *card)
{
	lockdep_assert_held(&card->config_lock);
	if (!card->vpci)
		return NULL;
	return pci_get_slot(cxl_vpci_bus(card->vpci), PCI_DEVFN(0, 0));
}

/* Take the card off the bus. The bus stays: a rescan finds the card again. */
static int remove_from_bus(struct sim_card *card)
{
	struct pci_dev *pdev = sim_card_get_pdev(card);

	if (!pdev)
		return -ENODEV;
	pci_stop_and_remove_bus_device_locked(pdev);
	pci_dev_put(pdev);
	return 0;
}

/**
 * sim_card_replug() - take the card off its bus and bring it back
 * @card: card; config_lock is held
 */
void sim_card_replug(struct sim_card *card)
{
	lockdep_assert_held(&card->config_lock);
	if (!card->vpci)
		return;
	remove_from_bus(card);
	cxl_vpci_rescan(card->vpci);
}

/**
 * sim_card_unplug() - take the card off its bus, unannounced
 * @card: card; config_lock is held
 *
 * By the time its driver is told, the card no longer answers and its link is
 * down.
 *
 * Return: 0, or -ENODEV: the card is not on its bus.
 */
int sim_card_unplug(struct sim_card *card)
{
	struct pci_dev *pdev = sim_card_get_pdev(card);

	if (!pdev)
		return -ENODEV;
	WRITE_ONCE(card->present, false);
	pdev->error_state = pci_channel_io_perm_failure;
	pci_dev_put(pdev);
	sim_card_set_link(card, false);
	remove_from_bus(card);
	WRITE_ONCE(card->present, true);
	return 0;
}

/* Call @func for each AFU that the core knows. */
static void call_for_afus(struct sim_card *card, void (*func)(struct sim_afu *))
{
	int slice;

	lockdep_assert_held(&card->lock);
	for (slice = 0; slice < CXL_MAX_SLICES; slice++)
		if (card->afus[slice] && card->afus[slice]->afu)
			func(card->afus[slice]);
}

/**
 * sim_card_halt() - let no AFU touch memory or report anything
 * @card: card; lock is held
 */
void sim_card_halt(struct sim_card *card)
{
	call_for_afus(card, sim_afu_halt);
}

/**
 * sim_card_resume() - let the AFUs go on
 * @card: card; lock is held
 */
void sim_card_resume(struct sim_card *card)
{
	call_for_afus(card, sim_afu_resume);
}

/**
 * sim_card_set_link() - take the link down or bring it back
 * @card: card
 * @up: new state of the link
 *
 * Return: 0, or -ENODEV: no driver is bound to the card.
 */
int sim_card_set_link(struct sim_card *card, bool up)
{
	int ret = 0;

	mutex_lock(&card->lock);
	if (!card->adapter) {
		ret = -ENODEV;
	} else if (up) {
		cxl_adapter_set_link(card->adapter, true);
		sim_card_resume(card);
	} else {
		sim_card_halt(card);
		cxl_adapter_set_link(card->adapter, false);
	}
	mutex_unlock(&card->lock);
	return ret;
}

/**
 * sim_card_set_delay() - set the delay before each element of work
 * @card: card
 * @delay_us: microseconds
 *
 * Contexts in the midst of the old delay go on at once.
 */
void sim_card_set_delay(struct sim_card *card, u32 delay_us)
{
	mutex_lock(&card->lock);
	WRITE_ONCE(card->delay_us, delay_us);
	call_for_afus(card, sim_engine_end_delays);
	mutex_unlock(&card->lock);
}

static void card_reset_work(struct work_struct *work)
{
	struct sim_card *card = container_of(work, struct sim_card, reset);

	mutex_lock(&card->config_lock);
	sim_card_replug(card);
	mutex_unlock(&card->config_lock);
}

/**
 * sim_card_reset() - begin to reset the card
 * @data: struct sim_card
 *
 * The card reloads its image: it leaves the bus and comes back.
 *
 * Return: 0.
 */
int sim_card_reset(void *data)
{
	struct sim_card *card = data;

	queue_work(system_long_wq, &card->reset);
	return 0;
}

/**
 * sim_card_deactivate() - make the card disappear
 * @card: card; config_lock is held
 */
void sim_card_deactivate(struct sim_card *card)
{
	struct cxl_vpci *vpci = card->vpci;

	lockdep_assert_held(&card->config_lock);
	/* The driver may be in a recovery and wait for a program. */
	mutex_lock(&card->lock);
	call_for_afus(card, sim_afu_unregister);
	mutex_unlock(&card->lock);
	/* A reset that is queued will find nothing to reset. */
	card->vpci = NULL;
	cxl_vpci_destroy(vpci);
}

static int probe_error(struct sim_card *card)
{
	int ret;

	mutex_lock(&card->lock);
	ret = card->probe_error;
	mutex_unlock(&card->lock);
	return ret;
}

/**
 * sim_card_activate() - make the card appear
 * @card: card that is not live; config_lock is held
 *
 * It appears with all of its AFUs or not at all.
 *
 * Return: 0, or an errno of cxl_vpci_create(), cxl_adapter_register(),
 * cxl_afu_register() or sim_afu_start().
 */
int sim_card_activate(struct sim_card *card)
{
	struct cxl_vpci *vpci;
	int ret;

	lockdep_assert_held(&card->config_lock);
	/* Stays 0 if the administrator has turned off automatic probing. */
	mutex_lock(&card->lock);
	card->probe_error = 0;
	mutex_unlock(&card->lock);
	sim_pci_config_init(&card->config, SIM_PCI_VENDOR, SIM_PCI_DEVICE,
			    SIM_PCI_CLASS, false);
	card->vpd_len = sim_vpd_build(&card->settings, card->vpd);
	card->present = true;

	vpci = cxl_vpci_create(NULL, &card_vpci_ops, card);
	if (IS_ERR(vpci))
		return PTR_ERR(vpci);
	card->vpci = vpci;
	cxl_vpci_add_devices(vpci);
	ret = probe_error(card);
	if (ret)
		sim_card_deactivate(card);
	return ret;
}

/**
 * sim_card_remove_afu() - take an AFU off the card
 * @card: card, live or not; config_lock is held
 * @afu: its AFU
 */
void sim_card_remove_afu(struct sim_card *card, struct sim_afu *afu)
{
	lockdep_assert_held(&card->config_lock);
	mutex_lock(&card->lock);
	card->afus[afu->slice] = NULL;
	if (afu->afu) {
		sim_afu_unregister(afu);
		cxl_afu_unregister(afu->afu);
		afu->afu = NULL;
		sim_afu_stop(afu);
	}
	mutex_unlock(&card->lock);
}

/**
 * sim_card_init() - set up a new card with the defaults
 * @card: zeroed
 */
void sim_card_init(struct sim_card *card)
{
	card->settings = (struct sim_card_settings) {
		.caia_major = 1,
		.caia_minor = 0,
		.psl_revision = 0x1000,
		.base_image = 1,
		.user_image = true,
		.user_irqs = 2037,
	};
	mutex_init(&card->config_lock);
	mutex_init(&card->lock);
	mutex_init(&card->synced_lock);
	INIT_WORK(&card->reset, card_reset_work);
}
