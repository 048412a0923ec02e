// SPDX-License-Identifier: GPL-2.0-only
/* The folder of each AFU configuration record: Documentation/sysfs.md */
#include <linux/kobject.h>
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "cxl.h"

/**
 * struct cxl_cr - the folder of a configuration record
 * @kobj: crN, child of the AFU
 * @node: in afu->crs
 * @afu: the AFU, which outlives the folder
 * @num: N
 * @vendor: PCI vendor ID, as the record had it when the AFU was added
 * @device: PCI device ID, likewise
 * @class: PCI class code, 24 bits, likewise
 * @config: the record itself
 */
struct cxl_cr {
	struct kobject kobj;
	struct list_head node;
	struct cxl_afu *afu;
	unsigned int num;
	u16 vendor;
	u16 device;
	u32 class;
	struct bin_attribute config;
};

#define to_cxl_cr(k) container_of(k, struct cxl_cr, kobj)

static ssize_t vendor_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "0x%.4x\n", to_cxl_cr(kobj)->vendor);
}

static struct kobj_attribute vendor_attr = __ATTR_RO(vendor);

static ssize_t device_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "0x%.4x\n", to_cxl_cr(kobj)->device);
}

static struct kobj_attribute device_attr = __ATTR_RO(device);

static ssize_t class_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "0x%.6x\n", to_cxl_cr(kobj)->class);
}

static struct kobj_attribute class_attr = __ATTR_RO(class);

static struct attribute *cxl_cr_attrs[] = {
	&vendor_attr.attr,
	&device_attr.attr,
	&class_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(cxl_cr);

static void cxl_cr_release(struct kobject *kobj)
{
	kfree(to_cxl_cr(kobj));
}

static const struct kobj_type cxl_cr_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = cxl_cr_release,
	.default_groups = cxl_cr_groups,
};

static int cxl_cr_read_word(struct cxl_cr *cr, unsigned int offset, u32 *val)
{
	struct cxl_adapter *adapter = cr->afu->adapter;

	if (!cxl_adapter_link_ok(adapter))
		return -EIO;
	return adapter->ops->cr_read(cr->afu->data, cr->num, offset, val);
}

/* Words that cannot be read are all ones, as on any PCI bus. */
static ssize_t config_read(struct file *file, struct kobject *kobj,
			   CXL_BIN_ATTR_CONST struct bin_attribute *attr,
			   char *buf, loff_t off, size_t count)
{
	struct cxl_cr *cr = to_cxl_cr(kobj);
	size_t done = 0;

	while (done < count) {
		unsigned int skip = (off + done) % sizeof(u32);
		size_t n = min(count - done, sizeof(u32) - skip);
		__le32 word;
		u32 val;

		if (cxl_cr_read_word(cr, off + done - skip, &val))
			val = ~0;
		word = cpu_to_le32(val);
		memcpy(buf + done, (u8 *)&word + skip, n);
		done += n;
	}
	return count;
}

static int cxl_cr_read_ids(struct cxl_cr *cr)
{
	u32 val;
	int rc;

	rc = cxl_cr_read_word(cr, PCI_VENDOR_ID, &val);
	if (rc)
		return rc;
	cr->vendor = val;
	cr->device = val >> 16;

	rc = cxl_cr_read_word(cr, PCI_CLASS_REVISION, &val);
	if (rc)
		return rc;
	cr->class = val >> 8;

	return 0;
}

static int cxl_cr_add(struct cxl_afu *afu, unsigned int num)
{
	struct cxl_cr *cr = kzalloc(sizeof(*cr), GFP_KERNEL);
	int rc;

	if (!cr)
		return -ENOMEM;

	kobject_init(&cr->kobj, &cxl_cr_type);
	cr->afu = afu;
	cr->num = num;
	rc = cxl_cr_read_ids(cr);
	if (rc)
		goto err_put;
	rc = kobject_add(&cr->kobj, &afu->dev.kobj, "cr%u", num);
	if (rc)
		goto err_put;

	sysfs_bin_attr_init(&cr->config);
	cr->config.attr.name = "config";
	cr->config.attr.mode = 0400;
	cr->config.size = afu->desc.cr_size;
	cr->config.read = config_read;
	rc = sysfs_create_bin_file(&cr->kobj, &cr->config);
	if (rc)
		goto err_put;

	list_add_tail(&cr->node, &afu->crs);
	return 0;

err_put:
	kobject_put(&cr->kobj);
	return rc;
}

/**
 * cxl_sysfs_crs_add() - add the folders of an AFU's configuration records
 * @afu: AFU, added to the device tree
 *
 * Context: process context.
 * Return: 0; -EIO (a record cannot be read), -ENOMEM or what sysfs returned:
 * then nothing was added.
 */
int cxl_sysfs_crs_add(struct cxl_afu *afu)
{
	unsigned int num;
	int rc;

	for (num = 0; num < afu->desc.num_crs; num++) {
		rc = cxl_cr_add(afu, num);
		if (rc) {
			cxl_sysfs_crs_remove(afu);
			return rc;
		}
	}
	return 0;
}

/**
 * cxl_sysfs_crs_remove() - the reverse of cxl_sysfs_crs_add()
 * @afu: AFU
 *
 * Context: process context; waits for readers.
 */
void cxl_sysfs_crs_remove(struct cxl_afu *afu)
{
	struct cxl_cr *cr, *next;

	list_for_each_entry_safe(cr, next, &afu->crs, node) {
		list_del(&cr->node);
		/* Waits for readers; others may still hold the kobject. */
		kobject_del(&cr->kobj);
		kobject_put(&cr->kobj);
	}
}
