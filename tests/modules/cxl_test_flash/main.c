// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU driver that works like a storage adapter's: several contexts of its
 * own with interrupts, contexts for programs, the card's VPD, and recovery by
 * tearing everything down and setting it up again.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test_flash.h"

/* Guards the_card against its removal */
static DEFINE_MUTEX(flash_lock);
static struct flash_card *the_card;

void flash_problem(struct flash_card *card, const char *what, int ret)
{
	pci_err(card->pdev, "%s: %d\n", what, ret);
	card->state.problems++;
}

/*
 * Programs
 */

static void flash_get_state(struct flash_card *card,
			    struct cxl_test_flash_state *state)
{
	int i;

	*state = card->state;
	state->faults = atomic_read(&card->faults);
	for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++)
		state->interrupts += atomic_read(&card->queue[i].calls);
}

static long flash_card_ioctl(struct flash_card *card, unsigned int cmd,
			     void __user *uarg)
{
	struct cxl_test_flash_attach attach;
	struct cxl_test_flash_state state;
	int ret;

	lockdep_assert_held(&card->lock);
	switch (cmd) {
	case CXL_TEST_FLASH_ATTACH:
		if (!card->up)
			return -EIO;
		if (copy_from_user(&attach, uarg, sizeof(attach)))
			return -EFAULT;
		ret = flash_user_attach(card, &attach);
		if (ret)
			return ret;
		return copy_to_user(uarg, &attach, sizeof(attach)) ? -EFAULT :
								     0;
	case CXL_TEST_FLASH_STATE:
		flash_get_state(card, &state);
		return copy_to_user(uarg, &state, sizeof(state)) ? -EFAULT : 0;
	case CXL_TEST_FLASH_PING:
		return card->up ? flash_ping(card) : -EIO;
	}
	return -ENOTTY;
}

static long flash_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct flash_card *card;
	long ret = -ENODEV;

	mutex_lock(&flash_lock);
	card = the_card;
	if (card) {
		mutex_lock(&card->lock);
		ret = flash_card_ioctl(card, cmd, (void __user *)arg);
		mutex_unlock(&card->lock);
	}
	mutex_unlock(&flash_lock);
	return ret;
}

static const struct file_operations flash_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = flash_ioctl,
};

static struct miscdevice flash_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cxl_test_flash",
	.fops = &flash_fops,
};

/*
 * PCI driver. Programs' files refer to the card through their operations, and
 * pin the module: the card is only freed when the module is unloaded.
 */

static LIST_HEAD(old_cards);

struct old_card {
	struct list_head link;
	struct flash_card card;
};

static struct flash_card *flash_card_new(struct pci_dev *pdev)
{
	struct old_card *old = kzalloc(sizeof(*old), GFP_KERNEL);
	struct flash_card *card = old ? &old->card : NULL;
	int i;

	if (!old)
		return NULL;
	list_add(&old->link, &old_cards);
	mutex_init(&card->lock);
	card->pdev = pdev;
	if (flash_user_init(card))
		return NULL;
	for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++) {
		card->queue[i].we = (void *)get_zeroed_page(GFP_KERNEL);
		if (!card->queue[i].we)
			return NULL;
	}
	return card;
}

static void flash_cards_free(void)
{
	struct old_card *old, *next;
	int i;

	list_for_each_entry_safe(old, next, &old_cards, link) {
		for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++)
			free_page((unsigned long)old->card.queue[i].we);
		if (old->card.ones)
			flash_user_exit(&old->card);
		kfree(old);
	}
}

static int flash_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct flash_card *card;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	mutex_lock(&flash_lock);
	ret = -EBUSY;
	if (the_card)
		goto out;
	ret = -ENOMEM;
	card = flash_card_new(pdev);
	if (!card)
		goto out;
	mutex_lock(&card->lock);
	ret = flash_set_up(card);
	mutex_unlock(&card->lock);
	if (ret)
		goto out;
	pci_set_drvdata(pdev, card);
	the_card = card;
out:
	mutex_unlock(&flash_lock);
	if (ret)
		pci_disable_device(pdev);
	return ret;
}

static void flash_remove(struct pci_dev *pdev)
{
	struct flash_card *card = pci_get_drvdata(pdev);

	mutex_lock(&flash_lock);
	the_card = NULL;
	mutex_unlock(&flash_lock);
	mutex_lock(&card->lock);
	flash_tear_down(card);
	mutex_unlock(&card->lock);
	pci_disable_device(pdev);
}

static pci_ers_result_t flash_error_detected(struct pci_dev *pdev,
					     pci_channel_state_t state)
{
	struct flash_card *card = pci_get_drvdata(pdev);
	bool failed;

	mutex_lock(&card->lock);
	if (!pci_channel_offline(pdev))
		flash_problem(card, "online", (__force int)state);
	flash_tear_down(card);
	failed = card->failed;
	mutex_unlock(&card->lock);
	return failed || state == pci_channel_io_perm_failure ?
		PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t flash_slot_reset(struct pci_dev *pdev)
{
	struct flash_card *card = pci_get_drvdata(pdev);
	int ret;

	mutex_lock(&card->lock);
	if (pci_channel_offline(pdev))
		flash_problem(card, "offline", 0);
	ret = flash_set_up(card);
	card->failed = ret;
	card->state.recoveries += !ret;
	mutex_unlock(&card->lock);
	return ret ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static void flash_resume(struct pci_dev *pdev)
{
	struct flash_card *card = pci_get_drvdata(pdev);

	mutex_lock(&card->lock);
	if (!card->up)
		flash_problem(card, "resume", 0);
	mutex_unlock(&card->lock);
}

static const struct pci_error_handlers flash_err_handler = {
	.error_detected = flash_error_detected,
	.slot_reset = flash_slot_reset,
	.resume = flash_resume,
};

static const struct pci_device_id flash_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_IBM, CXL_TEST_FLASH_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flash_ids);

static struct pci_driver flash_driver = {
	.name = "cxl_test_flash",
	.id_table = flash_ids,
	.probe = flash_probe,
	.remove = flash_remove,
	.err_handler = &flash_err_handler,
};

static int __init flash_init(void)
{
	int ret;

	ret = misc_register(&flash_misc);
	if (ret)
		return ret;
	ret = pci_register_driver(&flash_driver);
	if (ret)
		misc_deregister(&flash_misc);
	return ret;
}

static void __exit flash_exit(void)
{
	pci_unregister_driver(&flash_driver);
	misc_deregister(&flash_misc);
	flash_cards_free();
}

module_init(flash_init);
module_exit(flash_exit);

MODULE_DESCRIPTION("Test AFU driver in the manner of a storage adapter's");
MODULE_LICENSE("GPL");
