/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private types of the cxl core.
 *
 * Lock order, outermost first; on the right what may be waited for inside:
 *
 *	pci_lock_rescan_remove		(PCI core)
 *	vphb->add_lock			AFU drivers: probe
 *	vphb->ctx_lock
 *	cxl_adapters_lock		main.c, with none of the others
 *	  adapter->lock
 *	    afu->mode_lock		backend: set_mode, afu_reset, vpd_read
 *	      afu->contexts_lock
 *	        ctx->status_mutex	backend: attach, detach, psa_page
 *	          ctx->irqs.lock	AFU drivers' interrupt handlers
 *	            cxl_hwirqs_lock	irq.c
 *	          ctx->events.read_lock	driver ops: event_delivered
 *	          afu->masters_lock
 *	          cxl_psa_lock		backend: psa_written
 *	          ctx->fault_lock	backend: fault_done
 *	            ctx->events.lock	driver ops: fetch_event
 *	              ctx->events.queue_lock
 *
 * mmap_lock is taken outside of status_mutex (a page fault on a problem state
 * mapping): never touch user memory with status_mutex held.  AFU drivers'
 * probe, remove and error handlers run with none of these locks held but the
 * PCI core's and vphb->add_lock.
 */
#ifndef _CXL_CXL_H
#define _CXL_CXL_H

#include <linux/cdev.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <misc/cxl.h>

#include "backend.h"
#include "event.h"

#define CXL_API_VERSION			5
#define CXL_API_VERSION_COMPATIBLE	1

/* Minors of a card: its own, and three for each AFU slot */
#define CXL_CARD_MINORS			(1 + 3 * CXL_MAX_SLICES)
#define CXL_NUM_MINORS			256
#define CXL_MAX_ADAPTERS		(CXL_NUM_MINORS / CXL_CARD_MINORS)

enum cxl_prefault_mode {
	CXL_PREFAULT_NONE,
	CXL_PREFAULT_WED,
	CXL_PREFAULT_ALL,
};

enum cxl_perst_image {
	CXL_PERST_IMAGE_NONE,
	CXL_PERST_IMAGE_USER,
	CXL_PERST_IMAGE_FACTORY,
};

/**
 * struct cxl_adapter - a card
 * @dev: cardN, child of the card's PCI device
 * @num: N
 * @ops: the card driver's operations
 * @card: the card driver's pointer, for @ops
 * @desc: description of the card
 * @lock: guards @afu, @link_up, and serialises link changes and recovery
 * @afu: by slice, NULL where there is none
 * @link_up: written under @lock; also read without it, where a change is
 *	noticed soon enough
 * @started: number of started contexts; -1 while the card is locked for a reset
 *	and none can be started
 * @perst_image: image that a reset loads
 * @perst_same_image: a reset loads the same image again
 * @recovering: locked for a reset by error recovery, whose callbacks the PCI
 *	core serialises
 * @irqs_lock: guards @irqs_used
 * @irqs_used: interrupts that contexts have, of desc.user_irqs
 * @debugfs: folder of the card
 */
struct cxl_adapter {
	struct device dev;
	int num;
	const struct cxl_backend_ops *ops;
	void *card;
	struct cxl_adapter_desc desc;

	struct mutex lock;		/* guards afu, link_up */
	struct cxl_afu *afu[CXL_MAX_SLICES];
	bool link_up;

	atomic_t started;
	enum cxl_perst_image perst_image;
	bool perst_same_image;
	bool recovering;

	spinlock_t irqs_lock;		/* guards irqs_used */
	unsigned int irqs_used;

	struct dentry *debugfs;
};

#define to_cxl_adapter(d) container_of(d, struct cxl_adapter, dev)

/**
 * struct cxl_afu - an AFU
 * @dev: afuN.M, child of the card
 * @adapter: the card; @dev holds a reference
 * @slice: M
 * @desc: description of the AFU
 * @data: the card driver's pointer, for its ops
 * @mode_lock: guards @mode, @dead, @chardev_d/m/s and calls of set_mode
 * @mode: CXL_MODE_*, or 0
 * @dead: being unregistered: no new context, no backend call
 * @chardev_d: node of dedicated mode, or NULL
 * @chardev_m: master node of directed mode, or NULL
 * @chardev_s: slave node of directed mode, or NULL
 * @irqs_max: most interrupts that a program may ask for; no lock, since any
 *	valid value is good at any time
 * @prefault_mode: likewise
 * @contexts_lock: guards @contexts to @spare_workers
 * @contexts: by process element; NULL is stored for one that is kept because a
 *	worker still resolves a fault of its last context
 * @num_procs: number of process elements in the current mode
 * @spare_workers: workers beyond one for each process element, for the faults
 *	of contexts that are gone
 * @masters_lock: guards @masters
 * @masters: attached contexts that can map the windows of others
 * @vphb: PCI side, NULL without configuration records; lives as long as the AFU
 * @err_buff: sysfs file of the error buffer
 * @crs: sysfs folders of the configuration records
 * @fault_wq: resolves translation faults
 * @free_work: destroys @fault_wq, and frees this
 * @debugfs: folder of the AFU
 */
struct cxl_afu {
	struct device dev;
	struct cxl_adapter *adapter;
	unsigned int slice;
	struct cxl_afu_desc desc;
	void *data;

	struct mutex mode_lock;		/* guards mode to chardev_s */
	u32 mode;
	bool dead;
	struct device *chardev_d;
	struct device *chardev_m;
	struct device *chardev_s;

	int irqs_max;
	enum cxl_prefault_mode prefault_mode;

	struct mutex contexts_lock;	/* guards contexts to spare_workers */
	struct xarray contexts;
	unsigned int num_procs;
	unsigned int spare_workers;

	struct mutex masters_lock;	/* guards masters */
	struct list_head masters;

	struct cxl_vphb *vphb;
	struct workqueue_struct *fault_wq;
	struct work_struct free_work;
	struct bin_attribute err_buff;
	struct list_head crs;
	struct dentry *debugfs;
};

#define to_cxl_afu(d) container_of(d, struct cxl_afu, dev)

enum cxl_context_status {
	CLOSED,
	OPENED,
	STARTED,
};

/**
 * struct cxl_context_irqs - the AFU interrupts of a context
 * @lock: guards the rest: allocating, mapping and freeing
 * @num: interrupts 1 to @num are allocated
 * @mapped: struct cxl_mapped_irq by AFU interrupt number; an entry looked up
 *	under the xa_lock can be raised until that lock is released
 * @events: unmapped interrupts become events: the context was started by
 *	START_WORK or cxl_start_work()
 */
struct cxl_context_irqs {
	struct mutex lock;		/* guards what follows */
	unsigned int num;
	struct xarray mapped;
	bool events;
};

/**
 * struct cxl_context - a process element and what belongs to it
 * @ref: references of the creator and the file, and temporary ones
 * @afu: the AFU, referenced
 * @pe: process element; free for others once the context is retired
 * @pe_kept: not yet: a worker still resolves a fault; guarded by the AFU's
 *	contexts_lock, as is @took_worker
 * @took_worker: that worker is one of the AFU's spare ones
 * @master: a master context; constant once started
 * @released: bit 0: the creator's reference was dropped
 * @pdev: the AFU driver's device, NULL for contexts of a device node and after
 *	the driver was unbound; guarded by the AFU's contexts_lock
 * @priv: the AFU driver's pointer
 * @unpinned_ops: the last driver ops whose module was not pinned, or NULL; no
 *	lock: the AFU driver sets them before it goes
 * @status_mutex: guards @gone to @inode
 * @gone: closed by force: not even an AFU driver can start it again
 * @status: CLOSED, OPENED or STARTED; also read without the mutex, where the
 *	check is repeated under it
 * @mm: address space of the AFU's accesses, mm_count held, while STARTED;
 *	NULL for kernel addresses
 * @err_ff: once closed, pages full of 0xff instead of SIGBUS
 * @ff_page: that page, allocated on first use
 * @inode: of the context's file; its mapping holds all problem state mappings.
 *	NULL once retired
 * @irqs: AFU interrupts
 * @events: the events that a program reads
 * @fault_lock: guards @fault and @nr_faults
 * @fault: resolves translation faults; NULL while none are answered
 * @nr_faults: faults that workers are resolving, of earlier runs too
 * @mmio_running: accesses that the card makes; raised under @status_mutex
 * @masters_link: in @afu->masters, or empty
 * @psa_in_kernel: cxl_psa_map() was called since attach: stores may come
 *	without a page fault
 * @has_file: bit 0: cxl_get_fd() has made a file
 */
struct cxl_context {
	struct kref ref;
	struct cxl_afu *afu;
	int pe;
	bool pe_kept;
	bool took_worker;
	bool master;
	unsigned long released;
	struct pci_dev *pdev;
	void *priv;
	const struct cxl_afu_driver_ops *unpinned_ops;

	struct mutex status_mutex;	/* guards gone to inode */
	bool gone;
	enum cxl_context_status status;
	struct mm_struct *mm;
	bool err_ff;
	struct page *ff_page;
	struct inode *inode;

	struct cxl_context_irqs irqs;
	struct cxl_events events;

	spinlock_t fault_lock;		/* guards fault, nr_faults */
	struct cxl_fault *fault;
	unsigned int nr_faults;

	atomic_t mmio_running;

	struct list_head masters_link;
	bool psa_in_kernel;
	unsigned long has_file;
};

/* main.c: module, class, numbers of cards */
extern struct class *cxl_class;
extern uint cxl_verbose;
int cxl_adapter_get_num(struct cxl_adapter *adapter);
void cxl_adapter_put_num(struct cxl_adapter *adapter);
struct cxl_afu *cxl_afu_find(unsigned int card, unsigned int slice);

/* adapter.c: cards */
bool cxl_adapter_link_ok(const struct cxl_adapter *adapter);
int cxl_adapter_context_start(struct cxl_adapter *adapter);
void cxl_adapter_context_stop(struct cxl_adapter *adapter);
int cxl_adapter_lock_for_reset(struct cxl_adapter *adapter);
void cxl_adapter_unlock_for_reset(struct cxl_adapter *adapter);

/* afu.c: AFUs and their modes */
u32 cxl_afu_best_mode(const struct cxl_afu *afu);
int cxl_afu_set_mode(struct cxl_afu *afu, u32 mode);
int cxl_afu_force_mode(struct cxl_afu *afu, u32 mode);
int cxl_afu_reset_unused(struct cxl_afu *afu);
bool cxl_afu_has_contexts(struct cxl_afu *afu);
void cxl_afu_detach_all(struct cxl_afu *afu);

/* context.c: the life of contexts */
const char *cxl_context_status_name(const struct cxl_context *ctx);
struct cxl_context *cxl_context_create(struct cxl_afu *afu, u32 modes,
				       bool master, struct pci_dev *pdev);
void cxl_context_set_link(struct cxl_context *ctx, bool up);
void cxl_context_abandon(struct cxl_context *ctx);
void cxl_context_retire(struct cxl_context *ctx);
void cxl_context_release(struct cxl_context *ctx);
struct cxl_context *cxl_context_replace(struct cxl_context *old);
void cxl_context_faults_done(struct cxl_context *ctx);
struct cxl_context *cxl_afu_next_context(struct cxl_afu *afu,
					 unsigned long *pe);

/* context_start.c: the card's work for a context */
int cxl_context_start(struct cxl_context *ctx, u64 wed, bool user);
int cxl_context_start_work(struct cxl_context *ctx,
			   struct cxl_ioctl_start_work *work, bool ioctl);
int cxl_context_detach(struct cxl_context *ctx);
void cxl_context_force_close(struct cxl_context *ctx);

/* compat_api.c: for AFU drivers of old kernels */
void cxl_context_drop_unpinned_ops(struct cxl_context *ctx);

/* file.c: character devices and anonymous files */
extern const struct file_operations cxl_afu_fops;
int cxl_file_init(void);
void cxl_file_exit(void);
int cxl_chardev_add(struct cxl_afu *afu);
void cxl_chardev_remove(struct cxl_afu *afu);
struct inode *cxl_inode_new(void);
void cxl_inode_free(struct inode *inode);
struct file *cxl_context_file(struct cxl_context *ctx,
			      const struct file_operations *fops);

/* mmio.c: problem state area */
int cxl_context_psa_range(const struct cxl_context *ctx, u64 *offset,
			  u64 *size);
int cxl_context_mmap(struct cxl_context *ctx, struct vm_area_struct *vma);
void cxl_context_zap(struct cxl_context *ctx);
void cxl_context_psa_opened(struct cxl_context *ctx);
void cxl_context_psa_closed(struct cxl_context *ctx);

/* mmio_access.c: single accesses */
int cxl_context_mmio(struct cxl_context *ctx, struct cxl_mmio *mmio);
void cxl_context_mmio_flush(struct cxl_context *ctx);
int cxl_ioctl_mmio(struct cxl_context *ctx, fmode_t mode,
		   struct cxl_ioctl_mmio __user *uaccess);

/* psa.c: problem state area in the kernel */
void cxl_context_psa_forget(struct cxl_context *ctx);

/* irq.c: AFU interrupts */
int cxl_irq_init(void);
void cxl_irq_exit(void);
void cxl_context_irqs_init(struct cxl_context *ctx);
int cxl_context_irqs_alloc(struct cxl_context *ctx, unsigned int num);
void cxl_context_irqs_free(struct cxl_context *ctx);
void cxl_afu_irqs_free(struct cxl_afu *afu);

/* fault.c: translation faults */
int cxl_fault_init(void);
void cxl_fault_exit(void);
void cxl_fault_queue_work(struct work_struct *work);
int cxl_afu_faults_init(struct cxl_afu *afu);
void cxl_afu_faults_exit(struct cxl_afu *afu);
bool cxl_context_has_faults(struct cxl_context *ctx);
int cxl_context_faults_open(struct cxl_context *ctx);
void cxl_context_faults_close(struct cxl_context *ctx);
void cxl_context_faults_end(struct cxl_context *ctx);
void cxl_context_flush(struct cxl_context *ctx);

/* behalf.c: faulting in memory on behalf of a program */
int cxl_fault_in(struct mm_struct *mm, u64 ea, bool write);
int cxl_handle_mm_fault(struct mm_struct *mm, u64 ea, bool write);

/* vphb.c: configuration records as PCI devices */
int cxl_vphb_alloc(struct cxl_afu *afu);
void cxl_vphb_free(struct cxl_afu *afu);
void cxl_vphb_add(struct cxl_afu *afu);
void cxl_vphb_remove(struct cxl_afu *afu);
void cxl_vphb_link_up(struct cxl_afu *afu);
void cxl_vphb_settle(void);
int cxl_vphb_init(void);
void cxl_vphb_exit(void);
struct pci_dev *cxl_vphb_get_device(struct cxl_afu *afu, unsigned int record);
void cxl_vphb_set_error_state(struct cxl_afu *afu, pci_channel_state_t state);
void cxl_vphb_set_recovering(struct cxl_afu *afu, bool recovering,
			     pci_channel_state_t state);

/* vphb_context.c: contexts of AFU drivers */
bool cxl_vphb_renew_default(struct pci_dev *pdev);

/* vpci.c: virtual PCI, in addition to backend.h */
struct cxl_vpci *cxl_vpci_create_locked(struct device *parent,
					const struct cxl_vpci_ops *ops,
					void *data);
void cxl_vpci_remove(struct cxl_vpci *vpci);
void cxl_vpci_exit(void);
int cxl_vpci_set_dma_linear(struct pci_dev *pdev);

/* sysfs_adapter.c: attributes of cards */
extern const struct attribute_group *cxl_adapter_groups[];

/* sysfs_afu.c: attributes of AFUs and master nodes */
extern const struct attribute_group *cxl_afu_groups[];
extern const struct attribute_group *cxl_afu_master_groups[];
int cxl_sysfs_afu_add(struct cxl_afu *afu);
void cxl_sysfs_afu_remove(struct cxl_afu *afu);

/* sysfs_cr.c: folders of configuration records */
int cxl_sysfs_crs_add(struct cxl_afu *afu);
void cxl_sysfs_crs_remove(struct cxl_afu *afu);

/* debugfs.c */
void cxl_debugfs_init(void);
void cxl_debugfs_exit(void);
void cxl_debugfs_adapter_add(struct cxl_adapter *adapter);
void cxl_debugfs_adapter_remove(struct cxl_adapter *adapter);
void cxl_debugfs_afu_add(struct cxl_afu *afu);
void cxl_debugfs_afu_remove(struct cxl_afu *afu);

#endif /* _CXL_CXL_H */
