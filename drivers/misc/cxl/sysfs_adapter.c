// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of cards: Documentation/sysfs.md */
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "cxl.h"

static ssize_t caia_version_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);

	return sysfs_emit(buf, "%u.%u\n", adapter->desc.caia_major,
			  adapter->desc.caia_minor);
}
static DEVICE_ATTR_RO(caia_version);

static ssize_t psl_revision_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_cxl_adapter(dev)->desc.psl_revision);
}
static DEVICE_ATTR_RO(psl_revision);

static ssize_t base_image_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_cxl_adapter(dev)->desc.base_image);
}
static DEVICE_ATTR_RO(base_image);

static ssize_t image_loaded_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  to_cxl_adapter(dev)->desc.user_image_loaded ?
			  "user" : "factory");
}
static DEVICE_ATTR_RO(image_loaded);

static ssize_t psl_timebase_synced_show(struct device *dev,
					struct device_attribute *attr,
					char *buf)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);

	return sysfs_emit(buf, "%d\n",
			  adapter->ops->timebase_synced(adapter->card));
}
static DEVICE_ATTR_RO(psl_timebase_synced);

static ssize_t tunneled_ops_supported_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);

	return sysfs_emit(buf, "%d\n", adapter->desc.tunneled_ops_supported);
}
static DEVICE_ATTR_RO(tunneled_ops_supported);

static const char * const perst_images[] = {
	[CXL_PERST_IMAGE_NONE] = "none",
	[CXL_PERST_IMAGE_USER] = "user",
	[CXL_PERST_IMAGE_FACTORY] = "factory",
};

static ssize_t load_image_on_perst_show(struct device *dev,
					struct device_attribute *attr,
					char *buf)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);

	return sysfs_emit(buf, "%s\n",
			  perst_images[READ_ONCE(adapter->perst_image)]);
}

static ssize_t load_image_on_perst_store(struct device *dev,
					 struct device_attribute *attr,
					 const char *buf, size_t count)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);
	enum cxl_perst_image image;

	for (image = 0; image < ARRAY_SIZE(perst_images); image++) {
		if (!str_has_prefix(buf, perst_images[image]))
			continue;
		WRITE_ONCE(adapter->perst_image, image);
		return count;
	}
	return -EINVAL;
}
static DEVICE_ATTR_RW(load_image_on_perst);

static ssize_t perst_reloads_same_image_show(struct device *dev,
					     struct device_attribute *attr,
					     char *buf)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);

	return sysfs_emit(buf, "%d\n", cxl_adapter_perst_same_image(adapter));
}

static ssize_t perst_reloads_same_image_store(struct device *dev,
					      struct device_attribute *attr,
					      const char *buf, size_t count)
{
	int val;

	if (kstrtoint(buf, 0, &val) || (val != 0 && val != 1))
		return -EINVAL;

	WRITE_ONCE(to_cxl_adapter(dev)->perst_same_image, val);
	return count;
}
static DEVICE_ATTR_RW(perst_reloads_same_image);

static int cxl_adapter_reset(struct cxl_adapter *adapter)
{
	if (cxl_adapter_perst_same_image(adapter))
		return -EINVAL;
	return adapter->ops->card_reset(adapter->card);
}

/*
 * 1: only if no context is started.  None can be started until the card comes
 * back, as another struct cxl_adapter.  -1: unconditionally.
 */
static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct cxl_adapter *adapter = to_cxl_adapter(dev);
	int val, rc;

	if (kstrtoint(buf, 0, &val) || (val != 1 && val != -1))
		return -EINVAL;

	if (val == 1) {
		rc = cxl_adapter_lock_for_reset(adapter);
		if (rc)
			return rc;
	}
	rc = cxl_adapter_reset(adapter);
	if (rc && val == 1)
		cxl_adapter_unlock_for_reset(adapter);
	return rc ?: count;
}
static DEVICE_ATTR_WO(reset);

static struct attribute *cxl_adapter_attrs[] = {
	&dev_attr_caia_version.attr,
	&dev_attr_psl_revision.attr,
	&dev_attr_base_image.attr,
	&dev_attr_image_loaded.attr,
	&dev_attr_psl_timebase_synced.attr,
	&dev_attr_tunneled_ops_supported.attr,
	&dev_attr_load_image_on_perst.attr,
	&dev_attr_perst_reloads_same_image.attr,
	&dev_attr_reset.attr,
	NULL
};

static const struct attribute_group cxl_adapter_group = {
	.attrs = cxl_adapter_attrs,
};

const struct attribute_group *cxl_adapter_groups[] = {
	&cxl_adapter_group,
	NULL
};
