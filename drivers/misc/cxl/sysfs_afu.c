// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of AFUs and of their master nodes: Documentation/sysfs.md */
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "compat_arch.h"
#include "cxl.h"

static const struct {
	u32 mode;
	const char *name;
} cxl_modes[] = {
	{ CXL_MODE_DEDICATED, "dedicated_process" },
	{ CXL_MODE_DIRECTED, "afu_directed" },
	{ 0, "none" },
};

static const char * const prefault_modes[] = {
	[CXL_PREFAULT_NONE] = "none",
	[CXL_PREFAULT_WED] = "work_element_descriptor",
	[CXL_PREFAULT_ALL] = "all",
};

/* What a slave can map; a program in dedicated mode can map more */
static ssize_t mmio_size_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	const struct cxl_afu_desc *desc = &to_cxl_afu(dev)->desc;

	return sysfs_emit(buf, "%llu\n", desc->pp_size ?: desc->psa_size);
}
static DEVICE_ATTR_RO(mmio_size);

static ssize_t irqs_min_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", to_cxl_afu(dev)->desc.irqs_min);
}
static DEVICE_ATTR_RO(irqs_min);

static ssize_t irqs_max_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_cxl_afu(dev)->irqs_max));
}

static ssize_t irqs_max_store(struct device *dev,
			      struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct cxl_afu *afu = to_cxl_afu(dev);
	unsigned int val;

	if (kstrtouint(buf, 0, &val) || val < afu->desc.irqs_min ||
	    val > afu->adapter->desc.user_irqs)
		return -EINVAL;

	WRITE_ONCE(afu->irqs_max, val);
	return count;
}
static DEVICE_ATTR_RW(irqs_max);

static ssize_t modes_supported_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct cxl_afu *afu = to_cxl_afu(dev);
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(cxl_modes); i++) {
		if (afu->desc.modes_supported & cxl_modes[i].mode)
			len += sysfs_emit_at(buf, len, "%s\n",
					     cxl_modes[i].name);
	}
	return len;
}
static DEVICE_ATTR_RO(modes_supported);

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct cxl_afu *afu = to_cxl_afu(dev);
	unsigned int i = 0;
	u32 mode;

	mutex_lock(&afu->mode_lock);
	mode = afu->mode;
	mutex_unlock(&afu->mode_lock);

	while (cxl_modes[i].mode != mode)
		i++;
	return sysfs_emit(buf, "%s\n", cxl_modes[i].name);
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct cxl_afu *afu = to_cxl_afu(dev);
	unsigned int i;

	/* Goes before errors in the text; checked again under the lock. */
	if (cxl_afu_has_contexts(afu))
		return -EBUSY;

	for (i = 0; i < ARRAY_SIZE(cxl_modes); i++) {
		if (str_has_prefix(buf, cxl_modes[i].name))
			return cxl_afu_set_mode(afu, cxl_modes[i].mode) ?:
			       count;
	}
	return -EINVAL;
}
static DEVICE_ATTR_RW(mode);

static ssize_t prefault_mode_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct cxl_afu *afu = to_cxl_afu(dev);

	return sysfs_emit(buf, "%s\n",
			  prefault_modes[READ_ONCE(afu->prefault_mode)]);
}

static ssize_t prefault_mode_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct cxl_afu *afu = to_cxl_afu(dev);
	enum cxl_prefault_mode mode;

	for (mode = 0; mode < ARRAY_SIZE(prefault_modes); mode++) {
		if (!str_has_prefix(buf, prefault_modes[mode]))
			continue;
		if (mode != CXL_PREFAULT_NONE && !cxl_prefault_supported())
			return -EINVAL;
		WRITE_ONCE(afu->prefault_mode, mode);
		return count;
	}
	return -EINVAL;
}
static DEVICE_ATTR_RW(prefault_mode);

static ssize_t api_version_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", CXL_API_VERSION);
}
static DEVICE_ATTR_RO(api_version);

static ssize_t api_version_compatible_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "%d\n", CXL_API_VERSION_COMPATIBLE);
}
static DEVICE_ATTR_RO(api_version_compatible);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	return cxl_afu_reset_unused(to_cxl_afu(dev)) ?: count;
}
static DEVICE_ATTR_WO(reset);

static struct attribute *cxl_afu_attrs[] = {
	&dev_attr_mmio_size.attr,
	&dev_attr_irqs_min.attr,
	&dev_attr_irqs_max.attr,
	&dev_attr_modes_supported.attr,
	&dev_attr_mode.attr,
	&dev_attr_prefault_mode.attr,
	&dev_attr_api_version.attr,
	&dev_attr_api_version_compatible.attr,
	&dev_attr_reset.attr,
	NULL
};

static const struct attribute_group cxl_afu_group = {
	.attrs = cxl_afu_attrs,
};

const struct attribute_group *cxl_afu_groups[] = {
	&cxl_afu_group,
	NULL
};

/* The node's attribute hides the AFU's attribute of the same name. */
static ssize_t psa_size_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_cxl_afu(dev->parent)->desc.psa_size);
}

static struct device_attribute dev_attr_psa_size =
	__ATTR(mmio_size, 0444, psa_size_show, NULL);

static ssize_t pp_mmio_off_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  to_cxl_afu(dev->parent)->desc.pp_offset);
}
static DEVICE_ATTR_RO(pp_mmio_off);

static ssize_t pp_mmio_len_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_cxl_afu(dev->parent)->desc.pp_size);
}
static DEVICE_ATTR_RO(pp_mmio_len);

static struct attribute *cxl_afu_master_attrs[] = {
	&dev_attr_psa_size.attr,
	&dev_attr_pp_mmio_off.attr,
	&dev_attr_pp_mmio_len.attr,
	NULL
};

static const struct attribute_group cxl_afu_master_group = {
	.attrs = cxl_afu_master_attrs,
};

const struct attribute_group *cxl_afu_master_groups[] = {
	&cxl_afu_master_group,
	NULL
};

/* sysfs has cut the range to the file's size and to a page. */
static ssize_t err_buff_read(struct file *file, struct kobject *kobj,
			     CXL_BIN_ATTR_CONST struct bin_attribute *attr,
			     char *buf, loff_t off, size_t count)
{
	struct cxl_afu *afu = to_cxl_afu(kobj_to_dev(kobj));

	if (!cxl_adapter_link_ok(afu->adapter))
		return -EIO;
	return afu->adapter->ops->err_buff_read(afu->data, buf, off, count);
}

/**
 * cxl_sysfs_afu_add() - add the files whose number or size depends on the AFU
 * @afu: AFU, added to the device tree
 *
 * Context: process context.
 * Return: 0 or an errno; then nothing was added.
 */
int cxl_sysfs_afu_add(struct cxl_afu *afu)
{
	int rc;

	if (afu->desc.err_buff_size) {
		sysfs_bin_attr_init(&afu->err_buff);
		afu->err_buff.attr.name = "afu_err_buff";
		afu->err_buff.attr.mode = 0444;
		afu->err_buff.size = afu->desc.err_buff_size;
		afu->err_buff.read = err_buff_read;
		rc = device_create_bin_file(&afu->dev, &afu->err_buff);
		if (rc)
			return rc;
	}

	rc = cxl_sysfs_crs_add(afu);
	if (rc && afu->desc.err_buff_size)
		device_remove_bin_file(&afu->dev, &afu->err_buff);
	return rc;
}

/**
 * cxl_sysfs_afu_remove() - the reverse of cxl_sysfs_afu_add()
 * @afu: AFU
 *
 * Context: process context; waits for readers.
 */
void cxl_sysfs_afu_remove(struct cxl_afu *afu)
{
	cxl_sysfs_crs_remove(afu);
	if (afu->desc.err_buff_size)
		device_remove_bin_file(&afu->dev, &afu->err_buff);
}
