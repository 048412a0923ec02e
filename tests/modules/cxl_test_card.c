// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards that only answer the core, as the parameters say: with right or wrong
 * descriptions of themselves, and with errors. Loading this module registers
 * them and returns the result, as does writing 1 to "present" in its debugfs
 * folder; 0 removes them.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/module.h>

#include "../../drivers/misc/cxl/backend.h"

#define MAX_CARDS	32

static unsigned int cards = 1;
module_param(cards, uint, 0444);
MODULE_PARM_DESC(cards, "how many");

static unsigned int afus = 1;
module_param(afus, uint, 0444);
MODULE_PARM_DESC(afus, "AFUs of each card");

static unsigned int first_slice;
module_param(first_slice, uint, 0444);
MODULE_PARM_DESC(first_slice, "number of the first AFU of each card");

static bool same_slice;
module_param(same_slice, bool, 0444);
MODULE_PARM_DESC(same_slice, "all AFUs of a card have the same number");

static char *missing = "";
module_param(missing, charp, 0444);
MODULE_PARM_DESC(missing, "an op that the cards do not have");

/* Cards */
static unsigned int user_irqs = 100;
module_param(user_irqs, uint, 0444);

/* AFUs; sizes are in pages */
static unsigned int modes = CXL_MODE_DEDICATED | CXL_MODE_DIRECTED;
module_param(modes, uint, 0444);
static unsigned int num_procs = 4;
module_param(num_procs, uint, 0444);
static unsigned int irqs_min = 1;
module_param(irqs_min, uint, 0444);
static unsigned int psa_pages = 8;
module_param(psa_pages, uint, 0444);
static unsigned int pp_offset_pages = 4;
module_param(pp_offset_pages, uint, 0444);
static unsigned int pp_pages = 1;
module_param(pp_pages, uint, 0444);
static unsigned int psa_excess;
module_param(psa_excess, uint, 0444);
MODULE_PARM_DESC(psa_excess, "bytes that make its size no multiple of a page");
static unsigned int num_crs;
module_param(num_crs, uint, 0444);
static unsigned int cr_size = 256;
module_param(cr_size, uint, 0444);
static unsigned int cr_id = 0xcafe1014;
module_param(cr_id, uint, 0444);
MODULE_PARM_DESC(cr_id, "first word of each record but the first, which has a good one");
static unsigned int err_buff_size;
module_param(err_buff_size, uint, 0444);

/* Return values of ops */
static int set_mode_rc;
module_param(set_mode_rc, int, 0644);
static int attach_rc;
module_param(attach_rc, int, 0644);
static int afu_reset_rc;
module_param(afu_reset_rc, int, 0644);
static int card_reset_rc;
module_param(card_reset_rc, int, 0644);
static int cr_read_rc;
module_param(cr_read_rc, int, 0644);
static bool timebase_synced;
module_param(timebase_synced, bool, 0644);

/*
 * These ops wait until the flag is cleared in the debugfs folder. A parameter
 * would not do: it cannot be written to while another one is.
 */
static bool hold_set_mode;
module_param(hold_set_mode, bool, 0444);
static bool hold_psa_page;

/* An op is waiting */
static bool held;

static bool link_lost;
module_param(link_lost, bool, 0444);
MODULE_PARM_DESC(link_lost, "the link goes down before the AFU's bus is scanned");

static struct dentry *folder;
static struct page *psa;
static struct device *parent[MAX_CARDS];
static struct cxl_adapter *adapter[MAX_CARDS];

static void wait_while(const bool *hold)
{
	WRITE_ONCE(held, true);
	while (READ_ONCE(*hold))
		msleep(20);
	WRITE_ONCE(held, false);
}

static int test_set_mode(void *afu, u32 mode)
{
	wait_while(&hold_set_mode);
	return mode ? set_mode_rc : 0;
}

static int test_attach(void *afu, const struct cxl_process_element *elem)
{
	return attach_rc;
}

static void test_detach(void *afu, unsigned int pe)
{
}

static int test_update_irqs(void *afu, unsigned int pe, unsigned int num_irqs)
{
	return 0;
}

static void test_fault_done(void *afu, unsigned int pe, bool resolved)
{
}

static int test_afu_reset(void *afu)
{
	return afu_reset_rc;
}

static struct page *test_psa_page(void *afu, u64 offset)
{
	wait_while(&hold_psa_page);
	return psa;
}

static int test_cr_read(void *afu, unsigned int cr, unsigned int offset,
			u32 *val)
{
	*val = offset ? offset : cr ? cr_id : 0xcafe1014;
	return cr_read_rc;
}

static int test_cr_write(void *afu, unsigned int cr, unsigned int offset,
			 u32 val, u32 mask)
{
	return 0;
}

static ssize_t test_err_buff_read(void *afu, char *buf, loff_t offset,
				  size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		buf[i] = (offset + i) / PAGE_SIZE;
	return count;
}

static int test_card_reset(void *card)
{
	return card_reset_rc;
}

static ssize_t test_vpd_read(void *card, void *buf, loff_t offset,
			     size_t count)
{
	return 0;
}

static bool test_timebase_synced(void *card)
{
	return timebase_synced;
}

static struct cxl_backend_ops ops = {
	.set_mode = test_set_mode,
	.attach = test_attach,
	.detach = test_detach,
	.update_irqs = test_update_irqs,
	.fault_done = test_fault_done,
	.afu_reset = test_afu_reset,
	.psa_page = test_psa_page,
	.cr_read = test_cr_read,
	.cr_write = test_cr_write,
	.err_buff_read = test_err_buff_read,
	.card_reset = test_card_reset,
	.vpd_read = test_vpd_read,
	.timebase_synced = test_timebase_synced,
};

#define OP(name)	{ #name, offsetof(struct cxl_backend_ops, name) }

static int take_op_away(void)
{
	static const struct {
		const char *name;
		size_t offset;
	} all[] = {
		OP(set_mode), OP(attach), OP(detach), OP(update_irqs),
		OP(fault_done), OP(afu_reset), OP(psa_page), OP(cr_read),
		OP(cr_write), OP(err_buff_read), OP(card_reset), OP(vpd_read),
		OP(timebase_synced),
	};
	unsigned int i;

	if (!*missing)
		return 0;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(all[i].name, missing))
			continue;
		*(void **)((char *)&ops + all[i].offset) = NULL;
		return 0;
	}
	return -ENOENT;
}

/* The link of all cards */
static bool link_up = true;

static int link_set(const char *val, const struct kernel_param *kp)
{
	unsigned int i;
	int ret;

	ret = param_set_bool(val, kp);
	for (i = 0; !ret && i < MAX_CARDS && adapter[i]; i++)
		cxl_adapter_set_link(adapter[i], link_up);
	return ret;
}

static const struct kernel_param_ops link_ops = {
	.set = link_set,
	.get = param_get_bool,
};

module_param_cb(link, &link_ops, &link_up, 0644);

static int add_afus(struct cxl_adapter *card)
{
	const struct cxl_afu_desc desc = {
		.modes_supported = modes,
		.num_procs = num_procs,
		.irqs_min = irqs_min,
		.psa_size = psa_pages * PAGE_SIZE + psa_excess,
		.pp_offset = pp_offset_pages * PAGE_SIZE,
		.pp_size = pp_pages * PAGE_SIZE,
		.num_crs = num_crs,
		.cr_size = cr_size,
		.err_buff_size = err_buff_size,
	};
	struct cxl_afu *afu;
	unsigned int i;

	for (i = 0; i < afus; i++) {
		afu = cxl_afu_register(card, first_slice + (same_slice ? 0 : i),
				       &desc, NULL);
		if (IS_ERR(afu))
			return PTR_ERR(afu);
	}
	return 0;
}

static int add_card(unsigned int num)
{
	const struct cxl_adapter_desc desc = {
		.caia_major = 1,
		.psl_revision = 0xffff,
		.user_irqs = user_irqs,
	};
	struct cxl_adapter *card;
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "cxl_test_card%u", num);
	parent[num] = root_device_register(name);
	if (IS_ERR(parent[num])) {
		ret = PTR_ERR(parent[num]);
		parent[num] = NULL;
		return ret;
	}
	card = cxl_adapter_register(parent[num], &ops, &desc, NULL);
	if (IS_ERR(card))
		return PTR_ERR(card);
	adapter[num] = card;
	if (!link_lost)
		return add_afus(card);

	/* Scanning the bus takes this lock, so the link is down before that. */
	pci_lock_rescan_remove();
	ret = add_afus(card);
	link_up = false;
	cxl_adapter_set_link(card, link_up);
	pci_unlock_rescan_remove();
	return ret;
}

/* AFUs are removed with their card. */
static void remove_cards(void)
{
	unsigned int i;

	for (i = 0; i < MAX_CARDS; i++) {
		if (adapter[i])
			cxl_adapter_unregister(adapter[i]);
		adapter[i] = NULL;
		if (parent[i])
			root_device_unregister(parent[i]);
		parent[i] = NULL;
	}
}

static int add_cards(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < cards; i++)
		ret = add_card(i);
	if (ret)
		remove_cards();
	return ret;
}

/* One test writes at a time. */
static int present_set(void *data, u64 value)
{
	if (value == !!parent[0])
		return -EINVAL;
	if (value)
		return add_cards();
	remove_cards();
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(present_fops, NULL, present_set, "%llu\n");

static int __init cxl_test_card_init(void)
{
	int ret;

	if (cards > MAX_CARDS)
		return -E2BIG;
	psa = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!psa)
		return -ENOMEM;
	folder = debugfs_create_dir("cxl_test_card", NULL);
	debugfs_create_file("present", 0200, folder, NULL, &present_fops);
	debugfs_create_bool("hold_set_mode", 0600, folder, &hold_set_mode);
	debugfs_create_bool("hold_psa_page", 0600, folder, &hold_psa_page);
	debugfs_create_bool("held", 0400, folder, &held);
	ret = take_op_away();
	if (!ret)
		ret = add_cards();
	if (ret) {
		debugfs_remove(folder);
		__free_page(psa);
	}
	return ret;
}

static void __exit cxl_test_card_exit(void)
{
	debugfs_remove_recursive(folder);
	remove_cards();
	__free_page(psa);
}

module_init(cxl_test_card_init);
module_exit(cxl_test_card_exit);

MODULE_DESCRIPTION("Cards for tests of the cxl core");
MODULE_LICENSE("GPL");
