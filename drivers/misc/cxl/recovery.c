// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI error recovery of a card.  AFU drivers take part through the error
 * handlers of their pci_driver:
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
 * The AFU drivers' error_detected is called first, because they stop their
 * contexts there, which must still be started then.  Callbacks sleep.  The only
 * locks held meanwhile are the device locks of the card (by the PCI core) and
 * of the AFU's device.
 */
#include <linux/pci.h>

#include "cxl.h"

static pci_ers_result_t cxl_worse(pci_ers_result_t a, pci_ers_result_t b)
{
	if (a == PCI_ERS_RESULT_DISCONNECT || b == PCI_ERS_RESULT_DISCONNECT)
		return PCI_ERS_RESULT_DISCONNECT;
	if (a == PCI_ERS_RESULT_NONE || b == PCI_ERS_RESULT_NONE)
		return PCI_ERS_RESULT_NONE;
	return PCI_ERS_RESULT_NEED_RESET;
}

/**
 * struct cxl_recovery - a step of the recovery, done for one device after
 * another
 * @step: called for each device, with the device locked; false ends the walk
 * @state: for error_detected
 * @result: the worst result of error_detected
 */
struct cxl_recovery {
	bool (*step)(struct cxl_recovery *rec, struct pci_dev *pdev,
		     const struct pci_error_handlers *handlers);
	pci_channel_state_t state;
	pci_ers_result_t result;
};

static const struct pci_error_handlers cxl_no_handlers;

static bool cxl_device_step(struct cxl_recovery *rec, struct pci_dev *pdev)
{
	const struct pci_error_handlers *handlers = NULL;
	bool ok;

	/* A driver that was unbound meanwhile would never release a new context. */
	device_lock(&pdev->dev);
	if (pdev->dev.driver)
		handlers = to_pci_driver(pdev->dev.driver)->err_handler;
	ok = rec->step(rec, pdev, handlers ?: &cxl_no_handlers);
	device_unlock(&pdev->dev);
	return ok;
}

/* Returns whether the step was done for all of the AFU's devices. */
static bool cxl_afu_step(struct cxl_recovery *rec, struct cxl_afu *afu)
{
	struct pci_dev *pdev;
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < afu->desc.num_crs; i++) {
		pdev = cxl_vphb_get_device(afu, i);
		if (pdev)
			ok = cxl_device_step(rec, pdev);
		pci_dev_put(pdev);
	}
	return ok;
}

static bool cxl_detected_step(struct cxl_recovery *rec, struct pci_dev *pdev,
			      const struct pci_error_handlers *handlers)
{
	pci_ers_result_t result;

	if (handlers->error_detected) {
		result = handlers->error_detected(pdev, rec->state);
		rec->result = cxl_worse(rec->result, result);
	}
	return true;
}

static bool cxl_renew_step(struct cxl_recovery *rec, struct pci_dev *pdev,
			   const struct pci_error_handlers *handlers)
{
	return cxl_vphb_renew_default(pdev);
}

static bool cxl_reset_step(struct cxl_recovery *rec, struct pci_dev *pdev,
			   const struct pci_error_handlers *handlers)
{
	if (handlers->slot_reset &&
	    handlers->slot_reset(pdev) == PCI_ERS_RESULT_DISCONNECT)
		rec->result = PCI_ERS_RESULT_DISCONNECT;
	return true;
}

static bool cxl_resume_step(struct cxl_recovery *rec, struct pci_dev *pdev,
			    const struct pci_error_handlers *handlers)
{
	if (handlers->resume)
		handlers->resume(pdev);
	return true;
}

static pci_ers_result_t cxl_error_detected_all(struct cxl_adapter *adapter,
					       pci_channel_state_t state)
{
	struct cxl_recovery rec = {
		.step = cxl_detected_step,
		.state = state,
		.result = PCI_ERS_RESULT_NEED_RESET,
	};
	struct cxl_afu *afu;
	unsigned int slice;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		cxl_vphb_set_recovering(afu, true, state);
		cxl_afu_step(&rec, afu);
		put_device(&afu->dev);
	}
	return rec.result;
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

	/* The reset loads another image: nothing can be kept. */
	if (adapter->perst_image != CXL_PERST_IMAGE_NONE &&
	    !cxl_adapter_perst_same_image(adapter))
		return PCI_ERS_RESULT_NONE;

	result = cxl_error_detected_all(adapter, state);
	cxl_disable_all(adapter);
	/* Only once.  No context is left that could be started. */
	if (!adapter->recovering)
		adapter->recovering = !cxl_adapter_lock_for_reset(adapter);
	return result;
}
EXPORT_SYMBOL_GPL(cxl_adapter_error_detected);

static bool cxl_afu_slot_reset(struct cxl_afu *afu)
{
	struct cxl_recovery renew = { .step = cxl_renew_step };
	struct cxl_recovery reset = {
		.step = cxl_reset_step,
		.result = PCI_ERS_RESULT_RECOVERED,
	};

	int rc = cxl_afu_force_mode(afu, cxl_afu_best_mode(afu));

	/* It is going away; the others recover. */
	if (rc == -ENODEV)
		return true;
	if (rc || !cxl_afu_step(&renew, afu))
		return false;

	cxl_vphb_set_recovering(afu, false, pci_channel_io_normal);
	cxl_afu_step(&reset, afu);
	return reset.result == PCI_ERS_RESULT_RECOVERED;
}

pci_ers_result_t cxl_adapter_slot_reset(struct cxl_adapter *adapter)
{
	struct cxl_afu *afu;
	unsigned int slice;
	bool ok = true;

	cxl_adapter_set_link(adapter, true);
	/* Before the callbacks, where AFU drivers start their contexts. */
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

	dev_err(&adapter->dev, "no recovery after the reset\n");
	cxl_adapter_set_link(adapter, false);
	return PCI_ERS_RESULT_DISCONNECT;
}
EXPORT_SYMBOL_GPL(cxl_adapter_slot_reset);

void cxl_adapter_resume(struct cxl_adapter *adapter)
{
	struct cxl_recovery rec = { .step = cxl_resume_step };
	struct cxl_afu *afu;
	unsigned int slice;

	for (slice = 0; slice < CXL_MAX_SLICES; slice++) {
		afu = cxl_afu_find(adapter->num, slice);
		if (!afu)
			continue;
		cxl_afu_step(&rec, afu);
		put_device(&afu->dev);
	}
}
EXPORT_SYMBOL_GPL(cxl_adapter_resume);
