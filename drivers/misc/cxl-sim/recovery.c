// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI error handling: the card driver's handlers; and, for injected errors, the
 * part of the PCI core.
 */
#include <linux/device.h>
#include <linux/pci.h>

#include "sim.h"

/*
 * The card driver's handlers. They are called with the device locked, so the
 * driver stays bound. They call the AFU drivers' handlers: so no other lock may
 * be held.
 */

static pci_ers_result_t sim_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	struct sim_card *card = sim_card_of(pdev);

	mutex_lock(&card->lock);
	sim_card_halt(card);
	mutex_unlock(&card->lock);
	return cxl_adapter_error_detected(card->adapter, state);
}

static pci_ers_result_t sim_slot_reset(struct pci_dev *pdev)
{
	struct sim_card *card = sim_card_of(pdev);

	mutex_lock(&card->lock);
	sim_card_resume(card);
	mutex_unlock(&card->lock);
	return cxl_adapter_slot_reset(card->adapter);
}

static void sim_resume(struct pci_dev *pdev)
{
	struct sim_card *card = sim_card_of(pdev);

	cxl_adapter_resume(card->adapter);
}

const struct pci_error_handlers sim_card_err_handler = {
	.error_detected = sim_error_detected,
	.slot_reset = sim_slot_reset,
	.resume = sim_resume,
};

/*
 * The PCI core's part, in the order of EEH on pSeries and PowerNV
 */

static pci_ers_result_t report(struct pci_dev *pdev, pci_channel_state_t state)
{
	const struct pci_error_handlers *handler;
	pci_ers_result_t result;

	device_lock_assert(&pdev->dev);
	pdev->error_state = state;
	if (!pdev->dev.driver)
		return PCI_ERS_RESULT_NONE;
	handler = to_pci_driver(pdev->dev.driver)->err_handler;
	if (!handler || !handler->error_detected)
		return PCI_ERS_RESULT_NONE;

	result = handler->error_detected(pdev, state);
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	if (result == PCI_ERS_RESULT_NEED_RESET) {
		/* The slot was reset: the card answers again. */
		pdev->error_state = pci_channel_io_normal;
		result = PCI_ERS_RESULT_NONE;
		if (handler->slot_reset)
			result = handler->slot_reset(pdev);
	}
	if (result == PCI_ERS_RESULT_RECOVERED && handler->resume)
		handler->resume(pdev);
	return result;
}

/* Apply the result to the card, unless it was removed meanwhile. */
static int settle(struct sim_card *card, struct pci_dev *pdev,
		  pci_ers_result_t result)
{
	struct pci_dev *there;
	int ret = 0;

	mutex_lock(&card->config_lock);
	there = sim_card_get_pdev(card);
	pci_dev_put(there);
	if (there != pdev)
		ret = -ENODEV;
	else if (result == PCI_ERS_RESULT_NONE)
		sim_card_replug(card);
	else if (result != PCI_ERS_RESULT_RECOVERED)
		ret = sim_card_unplug(card);
	mutex_unlock(&card->config_lock);
	return ret;
}

/**
 * sim_card_recover() - take the card through an error recovery
 * @card: card
 * @state: pci_channel_io_frozen, or pci_channel_io_perm_failure
 *
 * AFU drivers, and programs that are AFUs, may take their time: only the device
 * is locked meanwhile, and removal of the card ends the wait for a program.
 *
 * Return: 0: the card recovered, or was unplugged and plugged in again because
 * its driver could not recover it, or was taken off the bus for good. -ENODEV:
 * it is not on its bus, or was removed meanwhile.
 */
int sim_card_recover(struct sim_card *card, pci_channel_state_t state)
{
	pci_ers_result_t result;
	struct pci_dev *pdev;
	int ret;

	mutex_lock(&card->config_lock);
	pdev = sim_card_get_pdev(card);
	mutex_unlock(&card->config_lock);
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	result = report(pdev, state);
	device_unlock(&pdev->dev);
	pci_info(pdev, "error recovery: result %u\n", (__force u32)result);
	ret = settle(card, pdev, result);
	pci_dev_put(pdev);
	return ret;
}
