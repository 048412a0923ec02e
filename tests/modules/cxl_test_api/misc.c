// SPDX-License-Identifier: GPL-2.0-only
/* Problem state area, card, cxllib. */
#include <asm/reg.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <misc/cxl-base.h>
#include <misc/cxllib.h>

#include "test_api.h"

#define VPD_SIZE	256

/* A context that does not have the first window, which looks like all others */
static struct cxl_context *context_with_pe(struct test_run *t)
{
	struct cxl_context *ctx;

	CHECK(t, cxl_get_context(t->pdev));
	ctx = test_context(t);
	if (ctx)
		CHECK(t, cxl_process_element(ctx) > 0);
	return ctx;
}

static void slave_maps_its_window(struct test_run *t)
{
	struct cxl_context *ctx = context_with_pe(t);
	void __iomem *psa;

	if (!ctx)
		return;
	CHECK(t, !cxl_psa_map(ctx));
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	psa = cxl_psa_map(ctx);
	if (CHECK(t, psa)) {
		CHECK_EQ(t, test_reg_read(psa, REG_PH) >> 48,
			 cxl_process_element(ctx));
		/* Up to its last byte */
		CHECK_EQ(t, readb(psa + PP_SIZE - 1), 0);
		cxl_psa_unmap(psa);
	}
	CHECK_EQ(t, cxl_stop_context(ctx), 0);
	CHECK(t, !cxl_psa_map(ctx));
	cxl_psa_unmap(NULL);
	test_context_done(t, ctx);
}

static void master_maps_everything(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t), *slave = context_with_pe(t);
	void __iomem *psa;

	if (!ctx || !slave)
		return;
	cxl_set_master(ctx);
	CHECK_EQ(t, cxl_start_context(ctx, 0, NULL), 0);
	CHECK_EQ(t, cxl_start_context(slave, 0, NULL), 0);
	/* Too late: it has been started. */
	cxl_set_master(slave);
	psa = cxl_psa_map(ctx);
	if (CHECK(t, psa)) {
		CHECK_EQ(t, test_reg_read(psa, PP_OFFSET + REG_PH + PP_SIZE *
					  cxl_process_element(slave)) >> 48,
			 cxl_process_element(slave));
		test_reg_write(psa, REG_CFG, 0x8000000000000000ULL);
		CHECK_EQ(t, test_reg_read(psa, REG_CFG), 0x8000000000000000ULL);
		test_reg_write(psa, REG_CFG, 0);
		cxl_psa_unmap(psa);
	}
	psa = cxl_psa_map(slave);
	if (CHECK(t, psa)) {
		CHECK_EQ(t, test_reg_read(psa, REG_PH) >> 48,
			 cxl_process_element(slave));
		cxl_psa_unmap(psa);
	}
	test_context_done(t, slave);
	test_context_done(t, ctx);
}

/* As cxlflash uses them: it passes the DMA API's addresses to the AFU. */
static void dma_addresses_are_the_afus(struct test_run *t)
{
	struct cxl_context *ctx = test_context(t);
	struct device *dev = &t->pdev->dev;
	char *src = kmalloc(PAGE_SIZE, GFP_KERNEL), *dst;
	struct work_element *we;
	dma_addr_t from, to = 0;
	struct test_queue q;

	if (!ctx || !CHECK(t, src) || test_queue_init(&q))
		return;
	memset(src, 's', PAGE_SIZE);
	dst = dma_alloc_coherent(dev, PAGE_SIZE, &to, GFP_KERNEL);
	from = dma_map_single(dev, src, PAGE_SIZE, DMA_TO_DEVICE);
	if (CHECK(t, dst) && CHECK(t, !dma_mapping_error(dev, from))) {
		CHECK_EQ(t, from, (unsigned long)src);
		CHECK_EQ(t, cxl_start_context(ctx, test_queue_wed(&q), NULL),
			 0);
		we = test_queue_add(&q, WE_COPY, 100, (void *)(long)from,
				    (void *)(long)to);
		CHECK_EQ(t, test_queue_wait(we), WE_COMPLETE);
		CHECK(t, !memcmp(dst, src, 100));
		dma_unmap_single(dev, from, PAGE_SIZE, DMA_TO_DEVICE);
	}
	if (dst)
		dma_free_coherent(dev, PAGE_SIZE, dst, to);
	test_context_done(t, ctx);
	test_queue_free(&q);
	kfree(src);
}

static void check_wwpn(struct test_run *t, const u8 *vpd, unsigned int len,
		       const char *keyword, const char *wwpn)
{
	unsigned int size;
	int at = pci_vpd_find_ro_info_keyword(vpd, len, keyword, &size);

	if (!wwpn) {
		CHECK_EQ(t, at, -ENOENT);
		return;
	}
	if (CHECK(t, at > 0)) {
		CHECK_EQ(t, size, strlen(wwpn));
		CHECK(t, !memcmp(vpd + at, wwpn, size));
	}
}

/* The card was made with V5 and V8. */
static void vpd_is_the_cards(struct test_run *t)
{
	u8 *vpd = kzalloc(VPD_SIZE, GFP_KERNEL);
	u8 first[4];
	ssize_t len;

	if (!CHECK(t, vpd))
		return;
	len = cxl_read_adapter_vpd(t->pdev, vpd, VPD_SIZE);
	if (CHECK(t, len > 0 && len <= VPD_SIZE)) {
		check_wwpn(t, vpd, len, "V5", "5005076812345678");
		check_wwpn(t, vpd, len, "V6", NULL);
		check_wwpn(t, vpd, len, "V8", "50050768ABCDEF01");
	}
	CHECK_EQ(t, cxl_read_adapter_vpd(t->pdev, first, sizeof(first)),
		 sizeof(first));
	CHECK(t, !memcmp(first, vpd, sizeof(first)));
	CHECK_EQ(t, cxl_read_adapter_vpd(t->pdev, first, 0), 0);
	kfree(vpd);
}

/* arg: the new value of perst_reloads_same_image */
static void same_image_is_the_cards(struct test_run *t)
{
	cxl_perst_reloads_same_image(cxl_pci_to_afu(t->pdev), t->arg[0]);
	CHECK(t, true);
}

static void afu_can_be_referenced(struct test_run *t)
{
	struct cxl_afu *afu = cxl_pci_to_afu(t->pdev);

	CHECK(t, cxl_afu_get(afu) == afu);
	cxl_afu_put(afu);
}

static void cxllib_says_what_there_is_not(struct test_run *t)
{
	struct cxllib_pe_attributes attr;
	struct cxllib_xsl_config cfg;

	CHECK(t, !cxllib_slot_is_supported(t->pdev, 0));
	CHECK(t, !cxllib_slot_is_supported(t->pdev, 1));
	CHECK_EQ(t, cxllib_get_xsl_config(t->pdev, &cfg), -ENODEV);

	CHECK_EQ(t, cxllib_switch_phb_mode(t->pdev, CXL_MODE_CXL, 0), -EINVAL);
	CHECK_EQ(t, cxllib_switch_phb_mode(t->pdev, CXL_MODE_CXL,
					   CXL_MODE_DMA_TVT1), -ENODEV);
	CHECK_EQ(t, cxllib_switch_phb_mode(t->pdev, CXL_MODE_PCI, 0), -EPERM);
	CHECK_EQ(t, cxllib_switch_phb_mode(t->pdev, 7, 0), -EINVAL);

	CHECK_EQ(t, cxllib_set_device_dma(t->pdev, 1), -EINVAL);
	CHECK_EQ(t, cxllib_set_device_dma(t->pdev, 0), -ENODEV);

	CHECK_EQ(t, cxllib_get_PE_attributes(current, 2, &attr), -EINVAL);
	CHECK_EQ(t, cxllib_get_PE_attributes(&init_task, CXL_TRANSLATED_MODE,
					     &attr), -EINVAL);
	CHECK_EQ(t, cxllib_get_PE_attributes(current, CXL_TRANSLATED_MODE,
					     &attr), -ENODEV);
	CHECK_EQ(t, cxllib_get_PE_attributes(NULL, CXL_REAL_MODE, &attr),
		 -ENODEV);
}

/* arg: address, size, write, expected result */
static void handle_fault_returns(struct test_run *t)
{
	u64 flags = t->arg[2] ? DSISR_ISSTORE : 0;

	CHECK_EQ(t, cxllib_handle_fault(current->mm, t->arg[0], t->arg[1],
					flags), t->arg[3]);
	CHECK_EQ(t, cxllib_handle_fault(NULL, t->arg[0], t->arg[1], flags),
		 -EFAULT);
}

/* arg: first byte, bytes: so many that the caller is killed before the end */
static void handle_fault_until_killed(struct test_run *t)
{
	CHECK_EQ(t, cxllib_handle_fault(current->mm, t->arg[0], t->arg[1], 0),
		 -EFAULT);
}

const struct test_case test_misc[] = {
	{ "slave_maps_its_window", slave_maps_its_window },
	{ "master_maps_everything", master_maps_everything },
	{ "dma_addresses_are_the_afus", dma_addresses_are_the_afus },
	{ "vpd_is_the_cards", vpd_is_the_cards },
	{ "same_image_is_the_cards", same_image_is_the_cards },
	{ "afu_can_be_referenced", afu_can_be_referenced },
	{ "cxllib_says_what_there_is_not", cxllib_says_what_there_is_not },
	{ "handle_fault_returns", handle_fault_returns },
	{ "handle_fault_until_killed", handle_fault_until_killed },
	{ }
};
