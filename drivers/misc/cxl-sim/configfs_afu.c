// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of an AFU: /sys/kernel/config/cxl-sim/CARD/afuM
 */
#include <linux/align.h>
#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "configfs_attr.h"
#include "sim.h"

#define AFU_NUMBER(_name, _format, _min, _max)				\
	SIM_NUMBER_ATTR(afu, object->card, _name, _format, _min, _max)

AFU_NUMBER(num_procs, "%u", 1, SIM_MAX_PROCS);
AFU_NUMBER(irqs_min, "%u", 0, 2047);
AFU_NUMBER(num_crs, "%u", 0, SIM_MAX_CRS);
AFU_NUMBER(cr_vendor, "0x%04x", 1, 0xfffe);
AFU_NUMBER(cr_device, "0x%04x", 0, 0xffff);
AFU_NUMBER(cr_class, "0x%06x", 0, 0xffffff);
AFU_NUMBER(err_buff_size, "%u", 0, SIM_MAX_ERR_BUFF);
AFU_NUMBER(uid, "%u", 0, UINT_MAX - 1);
AFU_NUMBER(gid, "%u", 0, UINT_MAX - 1);
AFU_NUMBER(answer_ms, "%u", 1, 600000);
AFU_NUMBER(recover, "%u", 0, 1);

/* The program gets access to all of the kernel's memory, as with /dev/mem. */
static ssize_t afu_allow_kernel_contexts_store(struct config_item *item,
					       const char *page, size_t count)
{
	struct sim_afu *afu = to_sim_afu(item);
	unsigned int val;
	int ret;

	ret = sim_settings_parse(page, 0, 1, &val);
	if (ret)
		return ret;
	if (val && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (val)
		ret = security_locked_down(LOCKDOWN_DEV_MEM);
	if (ret)
		return ret;
	ret = sim_settings_lock(afu->card);
	if (ret)
		return ret;
	afu->settings.allow_kernel_contexts = val;
	mutex_unlock(&afu->card->config_lock);
	return count;
}

static ssize_t afu_allow_kernel_contexts_show(struct config_item *item,
					      char *page)
{
	struct sim_afu *afu = to_sim_afu(item);
	unsigned int val;

	mutex_lock(&afu->card->config_lock);
	val = afu->settings.allow_kernel_contexts;
	mutex_unlock(&afu->card->config_lock);
	return sysfs_emit(page, "%u\n", val);
}
CONFIGFS_ATTR(afu_, allow_kernel_contexts);

/* The built-in models have a layout of their own. */
static ssize_t store_layout(struct sim_afu *afu, u64 *setting,
			    unsigned int min, const char *page, size_t count)
{
	unsigned int val;
	int ret;

	ret = sim_settings_parse(page, min, SIM_PP_MAX, &val);
	if (ret)
		return ret;
	if (!IS_ALIGNED(val, SIM_PP_UNIT))
		return -EINVAL;
	ret = sim_settings_lock(afu->card);
	if (ret)
		return ret;
	if (afu->settings.model == &sim_user_afu)
		*setting = val;
	else
		ret = -EINVAL;
	mutex_unlock(&afu->card->config_lock);
	return ret ?: count;
}

#define AFU_LAYOUT(_name, _min)						\
static ssize_t afu_##_name##_show(struct config_item *item, char *page)	\
{									\
	struct sim_afu *afu = to_sim_afu(item);				\
	u64 val;							\
									\
	mutex_lock(&afu->card->config_lock);				\
	val = afu->settings._name;					\
	mutex_unlock(&afu->card->config_lock);				\
	return sysfs_emit(page, "0x%llx\n", val);			\
}									\
									\
static ssize_t afu_##_name##_store(struct config_item *item,		\
				   const char *page, size_t count)	\
{									\
	struct sim_afu *afu = to_sim_afu(item);				\
									\
	return store_layout(afu, &afu->settings._name, _min, page,	\
			    count);					\
}									\
CONFIGFS_ATTR(afu_, _name)

AFU_LAYOUT(pp_offset, 0);
AFU_LAYOUT(pp_size, SIM_PP_UNIT);
AFU_LAYOUT(psa_size, SIM_PP_UNIT);

static const char * const mmio_kinds[] = { "mapped", "trapped" };

static ssize_t afu_mmio_show(struct config_item *item, char *page)
{
	struct sim_afu *afu = to_sim_afu(item);
	bool trapped;

	mutex_lock(&afu->card->config_lock);
	trapped = afu->settings.mmio_trapped;
	mutex_unlock(&afu->card->config_lock);
	return sysfs_emit(page, "%s\n", mmio_kinds[trapped]);
}

/* The built-in models poll their registers, which are memory. */
static ssize_t afu_mmio_store(struct config_item *item, const char *page,
			      size_t count)
{
	int kind = sysfs_match_string(mmio_kinds, page);
	struct sim_afu *afu = to_sim_afu(item);
	int ret;

	if (kind < 0)
		return kind;
	ret = sim_settings_lock(afu->card);
	if (ret)
		return ret;
	if (kind && afu->settings.model != &sim_user_afu)
		ret = -EINVAL;
	else
		afu->settings.mmio_trapped = kind;
	mutex_unlock(&afu->card->config_lock);
	return ret ?: count;
}
CONFIGFS_ATTR(afu_, mmio);

static ssize_t afu_model_show(struct config_item *item, char *page)
{
	struct sim_afu *afu = to_sim_afu(item);
	const char *name;

	mutex_lock(&afu->card->config_lock);
	name = afu->settings.model->name;
	mutex_unlock(&afu->card->config_lock);
	return sysfs_emit(page, "%s\n", name);
}

static ssize_t afu_model_store(struct config_item *item, const char *page,
			       size_t count)
{
	const struct sim_afu_model *model = sim_afu_model_find(page);
	struct sim_afu *afu = to_sim_afu(item);
	int ret;

	if (!model)
		return -EINVAL;
	ret = sim_settings_lock(afu->card);
	if (ret)
		return ret;
	sim_afu_set_model(afu, model);
	mutex_unlock(&afu->card->config_lock);
	return count;
}
CONFIGFS_ATTR(afu_, model);

static ssize_t afu_modes_show(struct config_item *item, char *page)
{
	struct sim_afu *afu = to_sim_afu(item);
	u32 modes;

	mutex_lock(&afu->card->config_lock);
	modes = afu->settings.modes;
	mutex_unlock(&afu->card->config_lock);
	return sysfs_emit(page, "%s%s%s\n",
			  modes & CXL_MODE_DEDICATED ? "dedicated" : "",
			  modes & CXL_MODE_DEDICATED &&
			  modes & CXL_MODE_DIRECTED ? " " : "",
			  modes & CXL_MODE_DIRECTED ? "directed" : "");
}

static int parse_modes(char *text, u32 *modes)
{
	char *word;

	*modes = 0;
	while ((word = strsep(&text, " "))) {
		if (!strcmp(word, "dedicated"))
			*modes |= CXL_MODE_DEDICATED;
		else if (!strcmp(word, "directed"))
			*modes |= CXL_MODE_DIRECTED;
		else
			return -EINVAL;
	}
	return 0;
}

static ssize_t afu_modes_store(struct config_item *item, const char *page,
			       size_t count)
{
	struct sim_afu *afu = to_sim_afu(item);
	char text[32];
	u32 modes;
	int ret;

	if (strscpy(text, page, sizeof(text)) < 0)
		return -EINVAL;
	ret = parse_modes(strim(text), &modes);
	if (ret)
		return ret;
	ret = sim_settings_lock(afu->card);
	if (ret)
		return ret;
	afu->settings.modes = modes;
	mutex_unlock(&afu->card->config_lock);
	return count;
}
CONFIGFS_ATTR(afu_, modes);

static struct configfs_attribute *afu_attrs[] = {
	&afu_attr_model,
	&afu_attr_modes,
	&afu_attr_num_procs,
	&afu_attr_irqs_min,
	&afu_attr_num_crs,
	&afu_attr_cr_vendor,
	&afu_attr_cr_device,
	&afu_attr_cr_class,
	&afu_attr_err_buff_size,
	&afu_attr_pp_offset,
	&afu_attr_pp_size,
	&afu_attr_psa_size,
	&afu_attr_uid,
	&afu_attr_gid,
	&afu_attr_answer_ms,
	&afu_attr_recover,
	&afu_attr_allow_kernel_contexts,
	&afu_attr_mmio,
	NULL
};

static void afu_release(struct config_item *item)
{
	kfree(to_sim_afu(item));
}

static struct configfs_item_operations afu_item_ops = {
	.release = afu_release,
};

static const struct config_item_type afu_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &afu_item_ops,
	.ct_attrs = afu_attrs,
};

/**
 * sim_configfs_afu_create() - add an AFU to a card
 * @card: card that is not live; config_lock is held
 * @slice: M of afuM
 *
 * Return: the AFU, whose group the caller adds to the card's, or NULL.
 */
struct sim_afu *sim_configfs_afu_create(struct sim_card *card,
					unsigned int slice)
{
	struct sim_afu *afu = kzalloc(sizeof(*afu), GFP_KERNEL);
	char name[sizeof("afu0")];

	if (!afu)
		return NULL;
	snprintf(name, sizeof(name), "afu%u", slice);
	sim_afu_init(afu, card, slice);
	config_group_init_type_name(&afu->group, name, &afu_type);
	mutex_lock(&card->lock);
	card->afus[slice] = afu;
	mutex_unlock(&card->lock);
	return afu;
}
