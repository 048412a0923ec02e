// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFUs: registration and modes.  The calls of card drivers are described in
 * backend.h.
 */
#include <linux/align.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "cxl.h"

#define CXL_MODES		(CXL_MODE_DEDICATED | CXL_MODE_DIRECTED)
#define CXL_MAX_CRS		256
#define CXL_MIN_CR_SIZE		64

/**
 * cxl_afu_best_mode() - the mode in which a new AFU starts
 * @afu: AFU
 *
 * Context: any.
 * Return: CXL_MODE_*, or 0 if the AFU supports none.
 */
u32 cxl_afu_best_mode(const struct cxl_afu *afu)
{
	if (afu->desc.modes_supported & CXL_MODE_DIRECTED)
		return CXL_MODE_DIRECTED;
	return afu->desc.modes_supported & CXL_MODE_DEDICATED;
}

/**
 * cxl_afu_has_contexts() - does any context exist, in whatever state?
 * @afu: AFU
 *
 * Context: process context.
 */
bool cxl_afu_has_contexts(struct cxl_afu *afu)
{
	unsigned long pe = 0;
	bool has;

	/* Process elements that are only kept, see @contexts, do not count. */
	mutex_lock(&afu->contexts_lock);
	has = xa_find(&afu->contexts, &pe, ULONG_MAX, XA_PRESENT);
	mutex_unlock(&afu->contexts_lock);

	return has;
}

/**
 * cxl_afu_detach_all() - close every context
 * @afu: AFU
 *
 * The contexts keep their process elements until they are retired.
 *
 * Context: process context.
 */
void cxl_afu_detach_all(struct cxl_afu *afu)
{
	struct cxl_context *ctx;
	unsigned long pe;

	mutex_lock(&afu->contexts_lock);
	xa_for_each(&afu->contexts, pe, ctx)
		cxl_context_force_close(ctx);
	mutex_unlock(&afu->contexts_lock);
}

static void cxl_afu_set_num_procs(struct cxl_afu *afu, unsigned int num_procs)
{
	mutex_lock(&afu->contexts_lock);
	afu->num_procs = num_procs;
	mutex_unlock(&afu->contexts_lock);
}

static void cxl_afu_disable(struct cxl_afu *afu)
{
	lockdep_assert_held(&afu->mode_lock);

	cxl_chardev_remove(afu);
	cxl_afu_set_num_procs(afu, 0);
	cxl_afu_detach_all(afu);
	/* If the AFU does not answer any more: nobody uses it. */
	if (afu->mode)
		afu->adapter->ops->set_mode(afu->data, 0);
	afu->mode = 0;
}

/* Put a disabled AFU into @mode.  Its device nodes are created later. */
static int cxl_afu_enable(struct cxl_afu *afu, u32 mode)
{
	int rc;

	lockdep_assert_held(&afu->mode_lock);

	if (!mode)
		return 0;
	if (!cxl_adapter_link_ok(afu->adapter))
		return -EIO;
	rc = afu->adapter->ops->set_mode(afu->data, mode);
	if (rc)
		return rc;

	afu->mode = mode;
	cxl_afu_set_num_procs(afu, mode == CXL_MODE_DIRECTED ?
				   afu->desc.num_procs : 1);
	return 0;
}

static int cxl_afu_switch_mode(struct cxl_afu *afu, u32 mode)
{
	int rc;

	lockdep_assert_held(&afu->mode_lock);

	if (afu->dead)
		return -ENODEV;
	if (mode & ~afu->desc.modes_supported)
		return -EINVAL;
	if (mode && !cxl_adapter_link_ok(afu->adapter))
		return -EIO;

	cxl_afu_disable(afu);
	rc = cxl_afu_enable(afu, mode);
	if (!rc)
		rc = cxl_chardev_add(afu);
	if (rc)
		cxl_afu_disable(afu);
	if (cxl_verbose)
		dev_info(&afu->dev, "CXL_MODE_* %u: %d\n", mode, rc);
	return rc;
}

/**
 * cxl_afu_set_mode() - switch an unused AFU to another mode
 * @afu: AFU
 * @mode: CXL_MODE_*, or 0
 *
 * Its device nodes are removed and those of the new mode created, even if it is
 * in @mode already.
 *
 * Context: process context.
 * Return: 0; -EBUSY (a context exists), -EINVAL (not supported), -EIO (link
 * down), -ENODEV (the AFU is going away): nothing has changed.  Or what
 * set_mode or the creation of the nodes returned: the AFU is left disabled.
 */
int cxl_afu_set_mode(struct cxl_afu *afu, u32 mode)
{
	int rc;

	mutex_lock(&afu->mode_lock);
	rc = cxl_afu_has_contexts(afu) ? -EBUSY :
					 cxl_afu_switch_mode(afu, mode);
	mutex_unlock(&afu->mode_lock);

	return rc;
}

/**
 * cxl_afu_force_mode() - switch an AFU to another mode, used or not
 * @afu: AFU
 * @mode: CXL_MODE_*, or 0
 *
 * For error recovery.  Contexts are closed and cannot be started again.
 *
 * Context: process context.
 * Return: as cxl_afu_set_mode(), but never -EBUSY because of a context.
 */
int cxl_afu_force_mode(struct cxl_afu *afu, u32 mode)
{
	int rc;

	mutex_lock(&afu->mode_lock);
	rc = cxl_afu_switch_mode(afu, mode);
	mutex_unlock(&afu->mode_lock);

	return rc;
}

/**
 * cxl_afu_reset_unused() - reset an AFU that nobody uses
 * @afu: AFU
 *
 * Context: process context.
 * Return: 0; -EBUSY (a context exists, or the AFU did not answer), -EIO (link
 * down), -ENODEV (the AFU is going away).
 */
int cxl_afu_reset_unused(struct cxl_afu *afu)
{
	int rc;

	mutex_lock(&afu->mode_lock);
	if (afu->dead)
		rc = -ENODEV;
	else if (cxl_afu_has_contexts(afu))
		rc = -EBUSY;
	else if (!cxl_adapter_link_ok(afu->adapter))
		rc = -EIO;
	else
		rc = afu->adapter->ops->afu_reset(afu->data);
	mutex_unlock(&afu->mode_lock);

	return rc;
}

static bool cxl_afu_windows_fit(const struct cxl_afu_desc *desc)
{
	if (!IS_ALIGNED(desc->psa_size, PAGE_SIZE) ||
	    !IS_ALIGNED(desc->pp_offset, PAGE_SIZE) ||
	    !IS_ALIGNED(desc->pp_size, PAGE_SIZE))
		return false;
	if (!desc->pp_size)
		return true;
	return desc->pp_offset <= desc->psa_size &&
	       div64_u64(desc->psa_size - desc->pp_offset, desc->pp_size) >=
	       desc->num_procs;
}

static bool cxl_afu_crs_ok(const struct cxl_backend_ops *ops,
			   const struct cxl_afu_desc *desc)
{
	if (!desc->num_crs)
		return true;
	return desc->num_crs <= CXL_MAX_CRS &&
	       desc->cr_size >= CXL_MIN_CR_SIZE &&
	       IS_ALIGNED(desc->cr_size, sizeof(u32)) &&
	       ops->cr_read && ops->cr_write;
}

static bool cxl_afu_desc_ok(const struct cxl_adapter *adapter,
			    const struct cxl_afu_desc *desc)
{
	if (desc->modes_supported & ~CXL_MODES)
		return false;
	if ((desc->modes_supported & CXL_MODE_DIRECTED) && !desc->num_procs)
		return false;
	if (desc->num_procs > U16_MAX)
		return false;
	if (desc->irqs_min > adapter->desc.user_irqs)
		return false;
	if (desc->err_buff_size && !adapter->ops->err_buff_read)
		return false;
	if (desc->mmio_trapped && !adapter->ops->mmio)
		return false;
	return cxl_afu_windows_fit(desc) && cxl_afu_crs_ok(adapter->ops, desc);
}

/* A record whose vendor and device ID are both 0 does not exist. */
static int cxl_afu_probe_crs(const struct cxl_backend_ops *ops,
			     const struct cxl_afu_desc *desc, void *data)
{
	unsigned int cr;
	u32 val;
	int rc;

	for (cr = 0; cr < desc->num_crs; cr++) {
		rc = ops->cr_read(data, cr, 0, &val);
		if (rc)
			return rc;
		if (!val)
			return -EINVAL;
	}
	return 0;
}

static int cxl_afu_take_slot(struct cxl_afu *afu)
{
	struct cxl_adapter *adapter = afu->adapter;
	int rc = -EEXIST;

	mutex_lock(&adapter->lock);
	if (!adapter->afu[afu->slice]) {
		adapter->afu[afu->slice] = afu;
		rc = 0;
	}
	mutex_unlock(&adapter->lock);

	return rc;
}

static void cxl_afu_leave_slot(struct cxl_afu *afu)
{
	mutex_lock(&afu->adapter->lock);
	afu->adapter->afu[afu->slice] = NULL;
	mutex_unlock(&afu->adapter->lock);
}

static void cxl_afu_free(struct cxl_afu *afu)
{
	cxl_afu_faults_exit(afu);
	cxl_vphb_free(afu);
	xa_destroy(&afu->contexts);
	put_device(&afu->adapter->dev);
	kfree(afu);
}

static void cxl_afu_free_work(struct work_struct *work)
{
	cxl_afu_free(container_of(work, struct cxl_afu, free_work));
}

/*
 * The last reference may be a context's, long after the AFU is gone; or that of
 * a worker of the queue that is to be destroyed.
 */
static void cxl_afu_release(struct device *dev)
{
	cxl_fault_queue_work(&to_cxl_afu(dev)->free_work);
}

static struct cxl_afu *cxl_afu_alloc(struct cxl_adapter *adapter,
				     unsigned int slice,
				     const struct cxl_afu_desc *desc,
				     void *data)
{
	struct cxl_afu *afu = kzalloc(sizeof(*afu), GFP_KERNEL);

	if (!afu)
		return NULL;

	get_device(&adapter->dev);
	afu->adapter = adapter;
	afu->slice = slice;
	afu->desc = *desc;
	afu->data = data;
	mutex_init(&afu->mode_lock);
	mutex_init(&afu->contexts_lock);
	mutex_init(&afu->masters_lock);
	INIT_LIST_HEAD(&afu->masters);
	xa_init_flags(&afu->contexts, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&afu->crs);
	INIT_WORK(&afu->free_work, cxl_afu_free_work);
	afu->irqs_max = adapter->desc.user_irqs;
	if (cxl_afu_faults_init(afu) || cxl_vphb_alloc(afu)) {
		cxl_afu_free(afu);
		return NULL;
	}

	device_initialize(&afu->dev);
	afu->dev.class = cxl_class;
	afu->dev.parent = &adapter->dev;
	afu->dev.groups = cxl_afu_groups;
	afu->dev.release = cxl_afu_release;

	return afu;
}

/* Before there are attributes, so their users need not wait for anything. */
static int cxl_afu_prepare(struct cxl_afu *afu)
{
	int rc;

	mutex_lock(&afu->mode_lock);
	rc = cxl_afu_enable(afu, cxl_afu_best_mode(afu));
	mutex_unlock(&afu->mode_lock);

	return rc;
}

/* The uevent is sent once all attributes exist. */
static int cxl_afu_add_device(struct cxl_afu *afu)
{
	int rc;

	dev_set_uevent_suppress(&afu->dev, true);
	rc = device_add(&afu->dev);
	if (rc)
		return rc;

	rc = cxl_sysfs_afu_add(afu);
	if (rc) {
		device_del(&afu->dev);
		return rc;
	}

	dev_set_uevent_suppress(&afu->dev, false);
	kobject_uevent(&afu->dev.kobj, KOBJ_ADD);
	cxl_debugfs_afu_add(afu);
	return 0;
}

/* A mode set through sysfs meanwhile has created them already. */
static int cxl_afu_add_nodes(struct cxl_afu *afu)
{
	int rc;

	mutex_lock(&afu->mode_lock);
	rc = cxl_chardev_add(afu);
	mutex_unlock(&afu->mode_lock);

	return rc;
}

/* Waits for readers and writers of attributes: hold no lock. */
static void cxl_afu_del_device(struct cxl_afu *afu)
{
	cxl_debugfs_afu_remove(afu);
	cxl_sysfs_afu_remove(afu);
	device_del(&afu->dev);
}

static void cxl_afu_kill(struct cxl_afu *afu)
{
	mutex_lock(&afu->mode_lock);
	afu->dead = true;
	cxl_afu_disable(afu);
	cxl_afu_irqs_free(afu);
	mutex_unlock(&afu->mode_lock);
}

struct cxl_afu *cxl_afu_register(struct cxl_adapter *adapter,
				 unsigned int slice,
				 const struct cxl_afu_desc *desc, void *data)
{
	struct cxl_afu *afu;
	int rc;

	if (slice >= CXL_MAX_SLICES || !cxl_afu_desc_ok(adapter, desc))
		return ERR_PTR(-EINVAL);
	rc = cxl_afu_probe_crs(adapter->ops, desc, data);
	if (rc)
		return ERR_PTR(rc);

	afu = cxl_afu_alloc(adapter, slice, desc, data);
	if (!afu)
		return ERR_PTR(-ENOMEM);

	rc = dev_set_name(&afu->dev, "afu%d.%u", adapter->num, slice);
	if (rc)
		goto err_put;
	rc = cxl_afu_take_slot(afu);
	if (rc)
		goto err_put;
	rc = cxl_afu_prepare(afu);
	if (rc)
		goto err_slot;
	rc = cxl_afu_add_device(afu);
	if (rc)
		goto err_kill;
	rc = cxl_afu_add_nodes(afu);
	if (rc)
		goto err_device;
	cxl_vphb_add(afu);
	return afu;

err_device:
	cxl_afu_kill(afu);
	cxl_afu_del_device(afu);
	goto err_slot;
err_kill:
	cxl_afu_kill(afu);
err_slot:
	cxl_afu_leave_slot(afu);
err_put:
	put_device(&afu->dev);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_GPL(cxl_afu_register);

void cxl_afu_unregister(struct cxl_afu *afu)
{
	/* AFU drivers release their contexts while the AFU still works. */
	cxl_vphb_remove(afu);
	cxl_afu_kill(afu);
	cxl_afu_del_device(afu);
	cxl_afu_leave_slot(afu);
	put_device(&afu->dev);
}
EXPORT_SYMBOL_GPL(cxl_afu_unregister);
