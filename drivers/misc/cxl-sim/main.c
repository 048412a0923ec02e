// SPDX-License-Identifier: GPL-2.0-only
/*
 * A software card for the cxl driver: Documentation/cxl-sim.md
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "sim.h"

static bool default_card = true;
module_param(default_card, bool, 0444);
MODULE_PARM_DESC(default_card, "make one card with one memcpy AFU (default: Y)");

static int __init cxl_sim_init(void)
{
	int ret;

	ret = sim_user_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&sim_card_driver);
	if (ret)
		goto err_user;
	ret = sim_configfs_init(default_card);
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	pci_unregister_driver(&sim_card_driver);
err_user:
	sim_user_exit();
	return ret;
}

static void __exit cxl_sim_exit(void)
{
	sim_configfs_exit();
	pci_unregister_driver(&sim_card_driver);
	sim_user_exit();
}

module_init(cxl_sim_init);
module_exit(cxl_sim_exit);

MODULE_DESCRIPTION("Software card for coherent accelerators (CAPI, cxl)");
MODULE_LICENSE("GPL");
