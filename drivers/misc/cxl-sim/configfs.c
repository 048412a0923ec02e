// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards and AFUs in configfs, /sys/kernel/config/cxl-sim/CARD/afuM, in the style
 * of gpio-sim. Attributes can be written while the card is not live.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "configfs_attr.h"
#include "sim.h"

#define DEFAULT_CARD	"default"

static struct sim_card *default_card;

/**
 * sim_settings_lock() - lock the settings of a card and its AFUs for a change
 * @card: card
 *
 * Return: 0 with config_lock held, or -EBUSY: the card is live.
 */
int sim_settings_lock(struct sim_card *card)
{
	mutex_lock(&card->config_lock);
	if (!card->vpci)
		return 0;
	mutex_unlock(&card->config_lock);
	return -EBUSY;
}

/**
 * sim_settings_parse() - parse a number
 * @page: text
 * @min: minimum value
 * @max: maximum value
 * @val: set to the number
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int sim_settings_parse(const char *page, unsigned int min, unsigned int max,
		       unsigned int *val)
{
	int ret = kstrtouint(page, 0, val);

	if (ret)
		return ret;
	return *val < min || *val > max ? -EINVAL : 0;
}

#define CARD_NUMBER(_name, _format, _min, _max)				\
	SIM_NUMBER_ATTR(card, object, _name, _format, _min, _max)

CARD_NUMBER(psl_revision, "0x%04x", 0, 0xffff);
CARD_NUMBER(base_image, "%u", 0, INT_MAX);
CARD_NUMBER(user_irqs, "%u", 1, 32767);

static ssize_t card_caia_version_show(struct config_item *item, char *page)
{
	struct sim_card *card = to_sim_card(item);
	unsigned int major, minor;

	mutex_lock(&card->config_lock);
	major = card->settings.caia_major;
	minor = card->settings.caia_minor;
	mutex_unlock(&card->config_lock);
	return sysfs_emit(page, "%u.%u\n", major, minor);
}

static ssize_t card_caia_version_store(struct config_item *item,
				       const char *page, size_t count)
{
	struct sim_card *card = to_sim_card(item);
	unsigned int major, minor;
	int ret, len = 0;

	if (sscanf(page, "%3u.%3u%n", &major, &minor, &len) != 2 ||
	    (page[len] && page[len] != '\n') ||
	    major > U8_MAX || minor > U8_MAX)
		return -EINVAL;
	ret = sim_settings_lock(card);
	if (ret)
		return ret;
	card->settings.caia_major = major;
	card->settings.caia_minor = minor;
	mutex_unlock(&card->config_lock);
	return count;
}
CONFIGFS_ATTR(card_, caia_version);

static ssize_t card_image_show(struct config_item *item, char *page)
{
	struct sim_card *card = to_sim_card(item);
	bool user;

	mutex_lock(&card->config_lock);
	user = card->settings.user_image;
	mutex_unlock(&card->config_lock);
	return sysfs_emit(page, "%s\n", user ? "user" : "factory");
}

static ssize_t card_image_store(struct config_item *item, const char *page,
				size_t count)
{
	static const char * const images[] = { "factory", "user" };
	struct sim_card *card = to_sim_card(item);
	int image = sysfs_match_string(images, page);
	int ret;

	if (image < 0)
		return image;
	ret = sim_settings_lock(card);
	if (ret)
		return ret;
	card->settings.user_image = image;
	mutex_unlock(&card->config_lock);
	return count;
}
CONFIGFS_ATTR(card_, image);

static ssize_t wwpn_show(struct config_item *item, char *page, int port)
{
	struct sim_card *card = to_sim_card(item);
	ssize_t ret;

	mutex_lock(&card->config_lock);
	ret = sysfs_emit(page, "%s\n", card->settings.wwpn[port]);
	mutex_unlock(&card->config_lock);
	return ret;
}

/* 16 hexadecimal digits, or nothing */
static ssize_t wwpn_store(struct config_item *item, const char *page,
			  size_t count, int port)
{
	struct sim_card *card = to_sim_card(item);
	size_t len = strcspn(page, "\n");
	int ret, i;

	if (len && len != SIM_WWPN_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!isxdigit(page[i]))
			return -EINVAL;
	ret = sim_settings_lock(card);
	if (ret)
		return ret;
	memcpy(card->settings.wwpn[port], page, len);
	card->settings.wwpn[port][len] = '\0';
	mutex_unlock(&card->config_lock);
	return count;
}

#define WWPN_ATTR(_name, _port)						\
static ssize_t card_##_name##_show(struct config_item *item, char *page) \
{									\
	return wwpn_show(item, page, _port);				\
}									\
									\
static ssize_t card_##_name##_store(struct config_item *item,		\
				    const char *page, size_t count)	\
{									\
	return wwpn_store(item, page, count, _port);			\
}									\
CONFIGFS_ATTR(card_, _name)

WWPN_ATTR(vpd_v5, 0);
WWPN_ATTR(vpd_v6, 1);
WWPN_ATTR(vpd_v7, 2);
WWPN_ATTR(vpd_v8, 3);

static ssize_t card_num_show(struct config_item *item, char *page)
{
	struct sim_card *card = to_sim_card(item);
	ssize_t ret;

	mutex_lock(&card->lock);
	if (card->adapter)
		ret = sysfs_emit(page, "%d\n", cxl_adapter_num(card->adapter));
	else
		ret = sysfs_emit(page, "none\n");
	mutex_unlock(&card->lock);
	return ret;
}
CONFIGFS_ATTR_RO(card_, num);

static ssize_t card_pci_show(struct config_item *item, char *page)
{
	struct sim_card *card = to_sim_card(item);
	struct pci_dev *pdev;
	ssize_t ret;

	mutex_lock(&card->config_lock);
	pdev = sim_card_get_pdev(card);
	ret = sysfs_emit(page, "%s\n", pdev ? pci_name(pdev) : "none");
	pci_dev_put(pdev);
	mutex_unlock(&card->config_lock);
	return ret;
}
CONFIGFS_ATTR_RO(card_, pci);

static ssize_t card_live_show(struct config_item *item, char *page)
{
	struct sim_card *card = to_sim_card(item);
	bool live;

	mutex_lock(&card->config_lock);
	live = card->vpci;
	mutex_unlock(&card->config_lock);
	return sysfs_emit(page, "%u\n", live);
}

static ssize_t card_live_store(struct config_item *item, const char *page,
			       size_t count)
{
	struct sim_card *card = to_sim_card(item);
	bool live;
	int ret;

	ret = kstrtobool(page, &live);
	if (ret)
		return ret;
	mutex_lock(&card->config_lock);
	if (live && !card->vpci)
		ret = sim_card_activate(card);
	else if (!live && card->vpci)
		sim_card_deactivate(card);
	mutex_unlock(&card->config_lock);
	return ret ?: count;
}
CONFIGFS_ATTR(card_, live);

static struct configfs_attribute *card_attrs[] = {
	&card_attr_live,
	&card_attr_num,
	&card_attr_pci,
	&card_attr_caia_version,
	&card_attr_psl_revision,
	&card_attr_base_image,
	&card_attr_image,
	&card_attr_user_irqs,
	&card_attr_vpd_v5,
	&card_attr_vpd_v6,
	&card_attr_vpd_v7,
	&card_attr_vpd_v8,
	NULL
};

/* mkdir CARD/afuM */
static struct config_group *card_make_afu(struct config_group *group,
					  const char *name)
{
	struct sim_card *card = to_sim_card(&group->cg_item);
	struct sim_afu *afu;
	int ret, slice;

	if (strlen(name) != strlen("afu0") || strncmp(name, "afu", 3))
		return ERR_PTR(-EINVAL);
	slice = name[3] - '0';
	if (slice < 0 || slice >= CXL_MAX_SLICES)
		return ERR_PTR(-EINVAL);
	ret = sim_settings_lock(card);
	if (ret)
		return ERR_PTR(ret);
	afu = sim_configfs_afu_create(card, slice);
	mutex_unlock(&card->config_lock);
	return afu ? &afu->group : ERR_PTR(-ENOMEM);
}

static void card_drop_afu(struct config_group *group, struct config_item *item)
{
	struct sim_card *card = to_sim_card(&group->cg_item);

	mutex_lock(&card->config_lock);
	sim_card_remove_afu(card, to_sim_afu(item));
	mutex_unlock(&card->config_lock);
	config_item_put(item);
}

static struct configfs_group_operations card_group_ops = {
	.make_group = card_make_afu,
	.drop_item = card_drop_afu,
};

static void card_release(struct config_item *item)
{
	struct sim_card *card = to_sim_card(item);

	/* Nothing to reset is left, but the work may still be looking. */
	cancel_work_sync(&card->reset);
	kfree(card);
}

static struct configfs_item_operations card_item_ops = {
	.release = card_release,
};

static const struct config_item_type card_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &card_item_ops,
	.ct_group_ops = &card_group_ops,
	.ct_attrs = card_attrs,
};

static struct sim_card *card_create(const char *name)
{
	struct sim_card *card = kzalloc(sizeof(*card), GFP_KERNEL);

	if (!card)
		return NULL;
	sim_card_init(card);
	config_group_init_type_name(&card->group, name, &card_type);
	return card;
}

/* The card's folder is removed, or the module is unloaded. */
static void deactivate(struct sim_card *card)
{
	mutex_lock(&card->config_lock);
	sim_card_deactivate(card);
	mutex_unlock(&card->config_lock);
}

/*
 * The folder cxl-sim
 */

static struct config_group *root_make_card(struct config_group *group,
					   const char *name)
{
	struct sim_card *card = card_create(name);

	return card ? &card->group : ERR_PTR(-ENOMEM);
}

static void root_drop_card(struct config_group *group, struct config_item *item)
{
	deactivate(to_sim_card(item));
	config_item_put(item);
}

static struct configfs_group_operations root_group_ops = {
	.make_group = root_make_card,
	.drop_item = root_drop_card,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &root_group_ops,
};

static struct configfs_subsystem sim_configfs = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "cxl-sim",
			.ci_type = &root_type,
		},
	},
};

/* The default card has a folder like the others, but it cannot be removed. */
static int default_card_add(void)
{
	struct sim_card *card = card_create(DEFAULT_CARD);
	struct sim_afu *afu;
	int ret;

	if (!card)
		return -ENOMEM;
	ret = -ENOMEM;
	afu = sim_configfs_afu_create(card, 0);
	if (!afu)
		goto err_put;
	configfs_add_default_group(&afu->group, &card->group);
	ret = configfs_register_group(&sim_configfs.su_group, &card->group);
	if (ret)
		goto err_put;

	mutex_lock(&card->config_lock);
	ret = sim_card_activate(card);
	mutex_unlock(&card->config_lock);
	if (ret)
		goto err_unregister;
	default_card = card;
	return 0;

err_unregister:
	configfs_unregister_group(&card->group);
err_put:
	configfs_remove_default_groups(&card->group);
	config_group_put(&card->group);
	return ret;
}

static void default_card_remove(void)
{
	struct sim_card *card = default_card;

	if (!card)
		return;
	deactivate(card);
	configfs_unregister_group(&card->group);
	configfs_remove_default_groups(&card->group);
	config_group_put(&card->group);
}

/**
 * sim_configfs_init() - make the folder, and optionally the default card
 * @with_default_card: make the default card
 *
 * Return: 0 or an errno.
 */
int sim_configfs_init(bool with_default_card)
{
	int ret;

	config_group_init(&sim_configfs.su_group);
	mutex_init(&sim_configfs.su_mutex);
	ret = configfs_register_subsystem(&sim_configfs);
	if (ret || !with_default_card)
		return ret;
	ret = default_card_add();
	if (ret)
		configfs_unregister_subsystem(&sim_configfs);
	return ret;
}

/**
 * sim_configfs_exit() - remove the default card and the folder
 *
 * Cards that the user made keep the module from being unloaded.
 */
void sim_configfs_exit(void)
{
	default_card_remove();
	configfs_unregister_subsystem(&sim_configfs);
}
