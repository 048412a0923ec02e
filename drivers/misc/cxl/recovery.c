// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI error recovery of a card.  The AFU drivers take part
 * through the error handlers of their pci_driver:
 *
 *	card's driver		here				AFU drivers
 *	-------------		----				-----------
 *	error_detected		link down			error_detected
 *				contexts closed, nodes gone,
 *				no new starts
 *	slot_reset		link up, starts allowed,
 *				nodes back, new default
 *				contexts			slot_reset
 *	resume							resume
 *
 * The drivers' error_detected comes first because they stop their contexts
 * there, which must still be started.  Callbacks sleep: the only locks held
 * across one are the device locks of the card (by the PCI core) and of the
 * AFU's device.
 */
#include <linux/pci.h>

#include "cxl.h"

static const struct pci_error_handlers *cxl_err_handlers(struct pci_dev *pdev)
{
	device_lock_assert(&pdev->dev);
	if (!pdev->dev.driver)
		return NULL;
	return to_pci_driver(pdev->dev.driver)->err_handler;
}

static pci_ers_result_t cxl_worse(pci_ers_result_t a, pci_ers_result_t b)
{
	if (a == PCI_ERS_RESULT_DISCONNECT || b == PCI_ERS_RESULT_DISCONNECT)
		return PCI_ERS_RESULT_DISCONNECT;
	if (a == PCI_ERS_RESULT_NONE || b == PCI_ERS_RESULT_NONE)
		return PCI_ERS_RESULT_NONE;
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t cxl_afu_error_detected(struct cxl_afu *afu,
					       pci_channel_state_t state)
{
	pci_ers_result_t result = PCI_ERS_RESULT_NEED_RESET;
	const struct pci_error_handlers *handlers;
	struct pci_dev *pdev;
	unsigned int i;

	cxl_vphb_set_recovering(afu, true, state);
	for (i = 0; i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (!pdev)
			continue;
		device_lock(&pdev->dev);
		handlers = cxl_err_handlers(pdev);
		if (handlers && handlers->error_detected)
			result = cxl_worse(result,
					   handlers->error_detected(pdev,
								    state));
		device_unlock(&pdev->dev);
		pci_dev_put(pdev);
	}
	return result;
}

static pci_ers_result_t cxl_error_detected_all(struct cxl_adapter *adapter,
					       pci_channel_state_t state)
{
	pci_ers_result_t result = PCI_ERS_RESULT_NEED_RESET;
	struct cxl_afu *afu;
	unsigned int slice;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		result = cxl_worse(result, cxl_afu_error_detected(afu, state));
		put_device(&afu->dev);
	}
	return result;
}

static void cxl_disable_all(struct cxl_adapter *adapter)
{
	struct cxl_afu *afu;
	unsigned int slice;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		cxl_afu_force_mode(afu, 0);
		put_device(&afu->dev);
	}
}

pci_ers_result_t cxl_adapter_error_detected(struct cxl_adapter *adapter,
					    pci_channel_state_t state)
{
	pci_ers_result_t result;

	cxl_adapter_set_link(adapter, false);

	if (state == pci_channel_io_perm_failure) {
		cxl_error_detected_all(adapter, state);
		return PCI_ERS_RESULT_DISCONNECT;
	}

	/* The reset brings another card: nothing is worth keeping. */
	if (adapter->perst_image != CXL_PERST_IMAGE_NONE &&
	    !cxl_adapter_perst_same_image(adapter))
		return PCI_ERS_RESULT_NONE;

	result = cxl_error_detected_all(adapter, state);
	cxl_disable_all(adapter);
	/* No context is left that could be started, so only once */
	if (!adapter->recovering)
		adapter->recovering = !cxl_adapter_lock_for_reset(adapter);
	return result;
}
EXPORT_SYMBOL_GPL(cxl_adapter_error_detected);

static bool cxl_afu_renew_defaults(struct cxl_afu *afu)
{
	struct pci_dev *pdev;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (!pdev)
			continue;
		/* Unbound meanwhile, a driver would leave the new one behind. */
		device_lock(&pdev->dev);
		ok = cxl_vphb_renew_default(pdev);
		device_unlock(&pdev->dev);
		pci_dev_put(pdev);
	}
	return ok;
}

static bool cxl_afu_slot_reset(struct cxl_afu *afu)
{
	const struct pci_error_handlers *handlers;
	struct pci_dev *pdev;
	unsigned int i;
	bool ok = true;

	if (cxl_afu_force_mode(afu, cxl_afu_best_mode(afu)) ||
	    !cxl_afu_renew_defaults(afu))
		return false;

	cxl_vphb_set_recovering(afu, false, pci_channel_io_normal);
	for (i = 0; i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (!pdev)
			continue;
		device_lock(&pdev->dev);
		handlers = cxl_err_handlers(pdev);
		if (handlers && handlers->slot_reset &&
		    handlers->slot_reset(pdev) == PCI_ERS_RESULT_DISCONNECT)
			ok = false;
		device_unlock(&pdev->dev);
		pci_dev_put(pdev);
	}
	return ok;
}

pci_ers_result_t cxl_adapter_slot_reset(struct cxl_adapter *adapter)
{
	struct cxl_afu *afu;
	unsigned int slice;
	bool ok = true;

	cxl_adapter_set_link(adapter, true);
	/* Before the callbacks: AFU drivers start their contexts there */
	if (adapter->recovering)
		cxl_adapter_unlock_for_reset(adapter);
	adapter->recovering = false;

	for (slice = 0; ok && slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		ok = cxl_afu_slot_reset(afu);
		put_device(&afu->dev);
	}
	if (ok)
		return PCI_ERS_RESULT_RECOVERED;

	dev_err(&adapter->dev, "not recovered after the reset\n");
	cxl_adapter_set_link(adapter, false);
	return PCI_ERS_RESULT_DISCONNECT;
}
EXPORT_SYMBOL_GPL(cxl_adapter_slot_reset);

static void cxl_afu_resume(struct cxl_afu *afu)
{
	const struct pci_error_handlers *handlers;
	struct pci_dev *pdev;
	unsigned int i;

	for (i = 0; i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (!pdev)
			continue;
		device_lock(&pdev->dev);
		handlers = cxl_err_handlers(pdev);
		if (handlers && handlers->resume)
			handlers->resume(pdev);
		device_unlock(&pdev->dev);
		pci_dev_put(pdev);
	}
}

void cxl_adapter_resume(struct cxl_adapter *adapter)
{
	struct cxl_afu *afu;
	unsigned int slice;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		cxl_afu_resume(afu);
		put_device(&afu->dev);
	}
}
EXPORT_SYMBOL_GPL(cxl_adapter_resume);
