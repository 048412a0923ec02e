// SPDX-License-Identifier: GPL-2.0-only
/* The hardware side: the driver's own contexts, registers, VPD. */
#include <asm/reg.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "test_flash.h"

#define VPD_LEN		256
#define WWPN_LEN	16
#define PP_SIZE		0x10000
#define PP_OFFSET	0x2000000
#define REG_PH		0x08
#define REG_PCTRL	0x18
#define PCTRL_RESTART	0x8000000000000000ULL
#define LINE_SIZE	128

struct flash_element {
	u8 cmd;
	u8 status;
	__be16 length;
	u8 reserved[28];
};

#define WE_VALID	0x80
#define WE_IRQ		1
#define WE_PER_PAGE	(PAGE_SIZE / sizeof(struct flash_element))

static irqreturn_t flash_irq(int virq, void *cookie)
{
	struct flash_queue *q = cookie;

	atomic_inc(&q->calls);
	return IRQ_HANDLED;
}

static bool flash_is_primary(struct flash_card *card, struct flash_queue *q)
{
	return q == &card->queue[0];
}

static int flash_map_irqs(struct flash_queue *q)
{
	static char *names[FLASH_MAX_IRQS] = {
		"flash-sync", "flash-response", "flash-async",
	};
	int i;

	for (i = 0; i < q->num_irqs; i++)
		if (cxl_map_afu_irq(q->ctx, i + 1, flash_irq, q, names[i]) <= 0)
			goto err_unmap;
	return 0;

err_unmap:
	while (i--)
		cxl_unmap_afu_irq(q->ctx, i + 1, q);
	return -EIO;
}

static int flash_queue_init(struct flash_card *card, struct flash_queue *q)
{
	bool primary = flash_is_primary(card, q);
	int ret = -ENOMEM;

	q->num_irqs = primary ? 3 : 2;
	q->next = 0;
	q->ctx = primary ? cxl_get_context(card->pdev) :
			   cxl_dev_context_init(card->pdev);
	if (IS_ERR_OR_NULL(q->ctx)) {
		q->ctx = NULL;
		return -ENOMEM;
	}
	cxl_set_master(q->ctx);
	if (primary) {
		ret = cxl_afu_reset(q->ctx);
		if (ret)
			goto err_release;
	}
	ret = cxl_allocate_afu_irqs(q->ctx, q->num_irqs);
	if (ret)
		goto err_release;
	ret = flash_map_irqs(q);
	if (ret)
		goto err_irqs;
	memset(q->we, 0, PAGE_SIZE);
	ret = cxl_start_context(q->ctx, (unsigned long)q->we |
				PAGE_SIZE / LINE_SIZE, NULL);
	if (!ret)
		return 0;

	while (q->num_irqs--)
		cxl_unmap_afu_irq(q->ctx, q->num_irqs + 1, q);
err_irqs:
	cxl_free_afu_irqs(q->ctx);
err_release:
	if (!primary)
		cxl_release_context(q->ctx);
	q->ctx = NULL;
	return ret;
}

/* Check that the context is still started, even with the link down. */
static void flash_queue_exit(struct flash_card *card, struct flash_queue *q)
{
	int i, ret;

	if (!q->ctx)
		return;
	ret = cxl_stop_context(q->ctx);
	if (ret)
		flash_problem(card, "stop", ret);
	for (i = 0; i < q->num_irqs; i++)
		cxl_unmap_afu_irq(q->ctx, i + 1, q);
	cxl_free_afu_irqs(q->ctx);
	if (!flash_is_primary(card, q)) {
		ret = cxl_release_context(q->ctx);
		if (ret)
			flash_problem(card, "release", ret);
	}
	q->ctx = NULL;
}

static int flash_read_wwpn(const u8 *vpd, ssize_t len, int port, u64 *wwpn)
{
	char keyword[] = { 'V', '5' + port, '\0' };
	char text[WWPN_LEN + 1] = "";
	unsigned int size;
	int at;

	*wwpn = 0;
	at = pci_vpd_find_ro_info_keyword(vpd, len, keyword, &size);
	if (at < 0)
		return 0;
	if (size != WWPN_LEN)
		return -ENODEV;
	memcpy(text, vpd + at, WWPN_LEN);
	return kstrtou64(text, 16, wwpn);
}

static int flash_read_vpd(struct flash_card *card)
{
	u8 *vpd = kzalloc(VPD_LEN, GFP_KERNEL);
	ssize_t len;
	int port, ret = 0;

	if (!vpd)
		return -ENOMEM;
	len = cxl_read_adapter_vpd(card->pdev, vpd, VPD_LEN);
	if (len <= 0)
		ret = -ENODEV;
	for (port = 0; !ret && port < CXL_TEST_FLASH_PORTS; port++)
		ret = flash_read_wwpn(vpd, len, port, &card->state.wwpn[port]);
	kfree(vpd);
	return ret;
}

/* Each context's registers are where the master sees them. */
static int flash_check_mmio(struct flash_card *card)
{
	int i, pe;
	u64 reg;

	for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++) {
		pe = cxl_process_element(card->queue[i].ctx);
		reg = readq_be(card->psa + PP_OFFSET + pe * PP_SIZE + REG_PH);
		if (reg == ~0ULL || reg >> 48 != pe)
			return -ENODEV;
	}
	return 0;
}

/**
 * flash_tear_down() - release everything that flash_set_up() acquired
 * @card: card with its lock held
 */
void flash_tear_down(struct flash_card *card)
{
	int i;

	lockdep_assert_held(&card->lock);
	card->up = false;
	flash_users_mark(card);
	cxl_psa_unmap(card->psa);
	card->psa = NULL;
	for (i = CXL_TEST_FLASH_QUEUES - 1; i >= 0; i--)
		flash_queue_exit(card, &card->queue[i]);
}

/**
 * flash_set_up() - start using the card, at probe and after a reset
 * @card: card with its lock held
 *
 * Return: 0 or an errno.
 */
int flash_set_up(struct flash_card *card)
{
	int i, ret;

	lockdep_assert_held(&card->lock);
	cxl_perst_reloads_same_image(cxl_pci_to_afu(card->pdev), true);
	for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++) {
		ret = flash_queue_init(card, &card->queue[i]);
		if (ret)
			goto err_tear_down;
	}
	card->psa = cxl_psa_map(card->queue[0].ctx);
	ret = card->psa ? flash_check_mmio(card) : -ENOMEM;
	if (!ret)
		ret = flash_read_vpd(card);
	if (!ret) {
		card->up = true;
		return 0;
	}
err_tear_down:
	flash_tear_down(card);
	pci_err(card->pdev, "set-up: %d\n", ret);
	return ret;
}

/**
 * flash_ping() - make the AFU raise each interrupt of each queue
 * @card: card that is up, with its lock held
 *
 * Return: 0 once all of them came, or an errno.
 */
int flash_ping(struct flash_card *card)
{
	struct flash_queue *q;
	struct flash_element *we;
	int before, i, n, ms;

	for (i = 0; i < CXL_TEST_FLASH_QUEUES; i++) {
		q = &card->queue[i];
		for (n = 1; n <= q->num_irqs; n++) {
			before = atomic_read(&q->calls);
			we = &q->we[q->next++ % WE_PER_PAGE];
			if (we->cmd)
				return -ENOSPC;
			we->length = cpu_to_be16(n);
			/* The AFU reads the rest once it sees this. */
			smp_store_release(&we->cmd, WE_VALID | WE_IRQ);
			for (ms = 0; ms < 5000; ms++) {
				if (atomic_read(&q->calls) == before + 1)
					break;
				usleep_range(1000, 2000);
			}
			if (ms == 5000)
				return -ETIMEDOUT;
			/* The AFU stops after an interrupt. */
			writeq_be(PCTRL_RESTART, card->psa + PP_OFFSET +
				  cxl_process_element(q->ctx) * PP_SIZE +
				  REG_PCTRL);
		}
	}
	return 0;
}
