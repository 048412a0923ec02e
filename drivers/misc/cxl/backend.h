/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the cxl core asks of a card driver (backend) and offers to it.  This is
 * the only header of the core that a card driver includes.
 *
 * A card driver is an ordinary driver of the card's (PCI) device.  When it is
 * bound it registers the card and its AFUs; the core makes the device nodes,
 * the AFUs' virtual PCI devices and everything above them.  The card does what
 * the core asks through struct cxl_backend_ops, and reports interrupts,
 * translation faults, AFU errors and link changes through the functions below.
 */
#ifndef _CXL_BACKEND_H
#define _CXL_BACKEND_H

#include <linux/device.h>
#include <linux/mm_types.h>
#include <linux/pci.h>
#include <linux/types.h>

#include <uapi/misc/cxl.h>

struct cxl_adapter;
struct cxl_afu;
struct cxl_context;

#define CXL_MAX_SLICES		4

/**
 * struct cxl_adapter_desc - description of a card
 * @caia_major: version of the architecture, 1 for POWER8's
 * @caia_minor: its minor number
 * @psl_revision: revision of the processor service layer
 * @base_image: number of the base image
 * @user_image_loaded: the user image is loaded, not the factory image
 * @tunneled_ops_supported: atomic operations pass through to memory
 * @user_irqs: number of interrupts that all contexts of the card share
 */
struct cxl_adapter_desc {
	u8 caia_major;
	u8 caia_minor;
	u16 psl_revision;
	u32 base_image;
	bool user_image_loaded;
	bool tunneled_ops_supported;
	unsigned int user_irqs;
};

/**
 * struct cxl_afu_desc - description of an AFU
 * @modes_supported: CXL_MODE_DEDICATED, CXL_MODE_DIRECTED
 * @num_procs: number of process elements in directed mode, at most 65535
 * @irqs_min: interrupts that every context needs
 * @psa_size: bytes of the problem state area, 0 if there is none; a multiple
 *	of PAGE_SIZE, as the following two are
 * @pp_offset: bytes from its start to the first per-process window
 * @pp_size: bytes of a per-process window, 0 if there are none
 * @mmio_trapped: the area is not memory: the op mmio performs each access; the
 *	area cannot be mapped, and psa_page is not called
 * @num_crs: number of configuration records, 0 to 256
 * @cr_size: bytes of each record, a multiple of 4, at least 64 if there are any
 * @err_buff_size: bytes of the error buffer, 0 if there is none
 */
struct cxl_afu_desc {
	u32 modes_supported;
	unsigned int num_procs;
	unsigned int irqs_min;
	u64 psa_size;
	u64 pp_offset;
	u64 pp_size;
	bool mmio_trapped;
	unsigned int num_crs;
	unsigned int cr_size;
	size_t err_buff_size;
};

/**
 * struct cxl_mmio - an access to a register
 * @offset: in the problem state area, bytes; a multiple of @size
 * @value: stored or loaded value as a CPU register holds it, never
 *	byte-swapped; the low half for 4 bytes
 * @size: 4 or 8 bytes
 * @write: a store
 */
struct cxl_mmio {
	u64 offset;
	u64 value;
	u32 size;
	bool write;
};

/**
 * struct cxl_process_element - description of a context for the card
 * @ctx: handle for cxl_context_interrupt() and similar calls; valid from the
 *	call of attach until detach returns
 * @pe: number, unique among the AFU's attached contexts
 * @wed: work element descriptor, which only the AFU interprets
 * @amr: authority mask register
 * @mm: address space to work on, NULL for kernel addresses.  Counted (mm_count)
 *	until detach returns; cxl_context_get_mm() holds it for each access
 * @num_irqs: the AFU may raise interrupts 1 to @num_irqs
 * @master: a master context
 */
struct cxl_process_element {
	struct cxl_context *ctx;
	unsigned int pe;
	u64 wed;
	u64 amr;
	struct mm_struct *mm;
	unsigned int num_irqs;
	bool master;
};

/**
 * struct cxl_backend_ops - operations of a card
 *
 * @card and @afu in the prototypes are the pointers given to
 * cxl_adapter_register() and cxl_afu_register().  Unless noted, every op is
 * mandatory and may sleep.  The core calls no op after the matching unregister
 * function has returned.
 */
struct cxl_backend_ops {
	/**
	 * @set_mode: Switch the AFU to CXL_MODE_*, or to 0 (disabled).  Only
	 * called with no context attached.  Return 0, -EIO, -ENOMEM, or
	 * -EBUSY if the AFU did not answer.
	 */
	int (*set_mode)(void *afu, u32 mode);

	/**
	 * @attach: Add the process element and let the AFU work on it.  When
	 * this returns 0 the AFU knows the context, and its registers show
	 * it.  Copy @elem if it is needed later.  Return 0, -EIO, -EBUSY or
	 * -ENOMEM.  Calls for one process element are serialised.
	 */
	int (*attach)(void *afu, const struct cxl_process_element *elem);

	/**
	 * @detach: Terminate and remove the process element.  When this
	 * returns, the card no longer touches the context's memory and reports
	 * nothing for it.  Cannot fail; must neither fault in user memory nor
	 * wait for a program.  Works with the link down.
	 */
	void (*detach)(void *afu, unsigned int pe);

	/**
	 * @update_irqs: The attached process element may now raise interrupts
	 * 1 to @num_irqs.
	 */
	int (*update_irqs)(void *afu, unsigned int pe, unsigned int num_irqs);

	/**
	 * @fault_done: Answer to cxl_context_fault().  @resolved: the access
	 * can be tried again; otherwise it ends in an address error.  Called
	 * under a spinlock: must not sleep.
	 */
	void (*fault_done)(void *afu, unsigned int pe, bool resolved);

	/**
	 * @afu_reset: Reset the AFU and enable it again in its mode.  Attached
	 * contexts stay attached but do no more work until they are detached
	 * and attached again.  Return 0, -EIO or -EBUSY.
	 */
	int (*afu_reset)(void *afu);

	/**
	 * @psa_page: The page at byte @offset of the problem state area, for
	 * mapping into a program or the kernel.  It must not change until the
	 * AFU is unregistered.  Return the page, or NULL if memory is short;
	 * or ERR_PTR(-EIO): loads give all ones and stores vanish, until the
	 * core asks again after cxl_afu_unmap().  Called with a context's
	 * status_mutex held.
	 */
	struct page *(*psa_page)(void *afu, u64 offset);

	/**
	 * @psa_written: Optional.  The page at byte @offset of the problem
	 * state area was mapped for stores: a store is about to come, or has
	 * just come.  More stores may follow without another call, until
	 * cxl_context_arm_doorbell().  Called under spinlocks and in hard
	 * interrupts, on PREEMPT_RT in their threads: must neither sleep nor
	 * arm the doorbell.
	 */
	void (*psa_written)(void *afu, u64 offset);

	/**
	 * @mmio: Access a register on behalf of the attached process element.
	 * May wait, but killably and briefly.  Called without locks, and
	 * concurrently even for one process element; when detach is called
	 * all waiting calls have to return.  Return 0; -EIO: loads give all
	 * ones and stores vanish; or -EINTR: the caller was killed.  Only
	 * needed with mmio_trapped.
	 */
	int (*mmio)(void *afu, unsigned int pe, struct cxl_mmio *mmio);

	/**
	 * @cr_read: Read the aligned 32-bit word at @offset of configuration
	 * record @cr, in CPU byte order (records are little-endian).  Return
	 * 0 or -EIO.  Must not sleep.  Only needed with num_crs.
	 */
	int (*cr_read)(void *afu, unsigned int cr, unsigned int offset,
		       u32 *val);

	/**
	 * @cr_write: The reverse of @cr_read: the bits set in @mask become
	 * those of @val.  Read-only bits keep their value.
	 */
	int (*cr_write)(void *afu, unsigned int cr, unsigned int offset,
			u32 val, u32 mask);

	/**
	 * @err_buff_read: Copy @count bytes at @offset of the error buffer to
	 * @buf; the range lies within it.  Return bytes read or -EIO.  Only
	 * needed with err_buff_size.
	 */
	ssize_t (*err_buff_read)(void *afu, char *buf, loff_t offset,
				 size_t count);

	/**
	 * @card_reset: Begin to reset the card, and return.  Unless the reset
	 * reloads the same image, the card disappears (its driver is unbound)
	 * and comes back.  Return 0, or an errno if nothing happens.
	 */
	int (*card_reset)(void *card);

	/** @vpd_read: Read vital product data.  Return bytes or an errno. */
	ssize_t (*vpd_read)(void *card, void *buf, loff_t offset, size_t count);

	/** @timebase_synced: The card's time base agrees with the CPU's. */
	bool (*timebase_synced)(void *card);

	/**
	 * @debugfs_init: Optional: add the card's own files to its debugfs
	 * folder @dir, which the core removes.
	 */
	void (*debugfs_init)(void *card, struct dentry *dir);

	/** @afu_debugfs_init: The same for an AFU and its folder. */
	void (*afu_debugfs_init)(void *afu, struct dentry *dir);
};

/**
 * cxl_adapter_register() - register a card
 * @parent: the card's PCI device
 * @ops: its operations.  They and their code must stay until the card is
 *	unregistered: nobody pins the card driver's module
 * @desc: its description; copied
 * @card: passed to the ops, which may be called before this returns
 *
 * The card gets the lowest free number.  The link is assumed to be up.
 *
 * Context: process context, usually the driver's probe.
 * Return: the card, or ERR_PTR: -ENOSPC (no number left), -ENOMEM, -EINVAL.
 */
struct cxl_adapter *cxl_adapter_register(struct device *parent,
					 const struct cxl_backend_ops *ops,
					 const struct cxl_adapter_desc *desc,
					 void *card);

/**
 * cxl_adapter_unregister() - the card goes away, maybe by surprise
 * @adapter: card
 *
 * Unregisters its AFUs.  Contexts are detached and their readers woken.  Their
 * files may stay open long after, but no op is called once this has returned.
 *
 * Context: process context, usually the driver's remove.
 */
void cxl_adapter_unregister(struct cxl_adapter *adapter);

/**
 * cxl_afu_register() - register an AFU of a card
 * @adapter: card
 * @slice: number on the card, below CXL_MAX_SLICES
 * @desc: its description; copied
 * @afu: passed to the ops, which may be called before this returns
 *
 * The AFU is set to its best mode (directed, else dedicated) before anybody can
 * see it.
 *
 * Context: process context.
 * Return: the AFU, or ERR_PTR: -EINVAL (@desc contradicts itself, or the
 * first word of a configuration record is 0), -EEXIST, -ENOMEM, or what
 * set_mode returned.
 */
struct cxl_afu *cxl_afu_register(struct cxl_adapter *adapter,
				 unsigned int slice,
				 const struct cxl_afu_desc *desc, void *afu);

/**
 * cxl_afu_unregister() - an AFU goes away
 * @afu: AFU
 *
 * Context: process context.
 */
void cxl_afu_unregister(struct cxl_afu *afu);

/**
 * cxl_afu_unmap() - psa_page returns something else now
 * @afu: AFU
 *
 * At the next access to a page that a program has mapped the core asks for it
 * again.  Mappings of AFU drivers stay.
 *
 * Context: process context, with no lock that attach, detach or psa_page take.
 */
void cxl_afu_unmap(struct cxl_afu *afu);

/**
 * cxl_adapter_num() - N of cardN
 * @adapter: card
 */
int cxl_adapter_num(const struct cxl_adapter *adapter);

/**
 * cxl_adapter_perst_same_image() - does a reset load the same image?
 * @adapter: card
 *
 * If so, a card reset is refused and error recovery keeps the card.
 */
bool cxl_adapter_perst_same_image(const struct cxl_adapter *adapter);

/**
 * cxl_adapter_set_link() - the link to the card went down or came back
 * @adapter: card
 * @up: new state of the link
 *
 * While the link is down, loads from the problem state area give all ones and
 * stores vanish, and the card must not touch memory.
 *
 * Context: process context.
 */
void cxl_adapter_set_link(struct cxl_adapter *adapter, bool up);

/*
 * PCI error recovery: call these from the card driver's error handlers of the
 * same names.  Process context.
 */
pci_ers_result_t cxl_adapter_error_detected(struct cxl_adapter *adapter,
					    pci_channel_state_t state);
pci_ers_result_t cxl_adapter_slot_reset(struct cxl_adapter *adapter);
void cxl_adapter_resume(struct cxl_adapter *adapter);

/*
 * Reporting: cxl_context_interrupt(), cxl_context_fault(),
 * cxl_context_access_failed() and cxl_context_afu_error() take spinlocks.  They
 * can be called in hard interrupts.  On PREEMPT_RT they can only be called
 * where spinlocks may sleep: in a thread, such as that of an interrupt handler,
 * but not in a handler with IRQF_NO_THREAD, nor with preemption or interrupts
 * disabled.
 */

/**
 * cxl_context_interrupt() - the AFU raised an interrupt
 * @ctx: from struct cxl_process_element
 * @irq: number, from 1
 *
 * Context: reporting, see above.
 * Return: 0, or -EINVAL for a number that the context does not have.
 */
int cxl_context_interrupt(struct cxl_context *ctx, unsigned int irq);

/**
 * cxl_context_fault() - the card could not translate an address
 * @ctx: from struct cxl_process_element
 * @ea: effective address
 * @dsisr: CXL_DSISR_*
 *
 * The core resolves the fault in a worker and answers by fault_done.  A context
 * has one outstanding fault at a time.  No answer comes once detach was called.
 *
 * Context: reporting, see above; without a lock that fault_done takes.
 */
void cxl_context_fault(struct cxl_context *ctx, u64 ea, u64 dsisr);

/**
 * cxl_context_access_failed() - the card gave up on an access
 * @ctx: from struct cxl_process_element
 * @ea: effective address
 * @dsisr: CXL_DSISR_*
 *
 * For an access that ends in an address error although the core resolved each
 * of its faults.  The program is told; there is no answer.
 *
 * Context: reporting, see above.
 */
void cxl_context_access_failed(struct cxl_context *ctx, u64 ea, u64 dsisr);

/**
 * cxl_context_arm_doorbell() - ask to be told of the next store to the window
 * @ctx: from struct cxl_process_element; attached until this returns
 *
 * When this returns, all earlier stores are visible to the caller; each later
 * store is preceded by a call of psa_written.  So look once more before you
 * sleep. Arming costs each program that has the window mapped a page fault: arm
 * when the context has been idle for a while, not after each piece of work.
 *
 * Context: process context; waits for other CPUs.
 * Return: true, or false: an AFU driver has mapped the window by cxl_psa_map(),
 * and its stores cannot be noticed: keep polling.
 */
bool cxl_context_arm_doorbell(struct cxl_context *ctx);

/**
 * cxl_context_get_mm() - begin an access to a process's address space
 * @ctx: from struct cxl_process_element; attached until the access has ended
 *
 * An access must be short and must not fault in memory.
 *
 * Context: process context.
 * Return: the address space, held until cxl_context_put_mm(); or NULL: its
 * process is gone, or the context works on kernel addresses.
 */
struct mm_struct *cxl_context_get_mm(struct cxl_context *ctx);

/**
 * cxl_context_put_mm() - end an access begun by cxl_context_get_mm()
 * @ctx: the same context
 *
 * Never frees the address space itself, so it does not take long.
 *
 * Context: process context.
 */
void cxl_context_put_mm(struct cxl_context *ctx);

/**
 * cxl_context_afu_error() - the AFU reported an error
 * @ctx: from struct cxl_process_element
 * @error: its AFU_ERR register
 *
 * Context: reporting, see above.
 */
void cxl_context_afu_error(struct cxl_context *ctx, u64 error);

/*
 * Virtual PCI: host bridges without hardware
 */

struct cxl_vpci;

/**
 * struct cxl_vpci_ops - configuration space of a virtual bus
 * @read: read an aligned 32-bit word in CPU byte order; -ENODEV if @devfn does
 *	not exist.  Called under the PCI core's raw spinlock: must not sleep.
 * @write: set the bits in @mask to those of @val
 */
struct cxl_vpci_ops {
	int (*read)(void *data, unsigned int devfn, unsigned int offset,
		    u32 *val);
	int (*write)(void *data, unsigned int devfn, unsigned int offset,
		     u32 val, u32 mask);
};

/**
 * cxl_vpci_create() - create a host bridge and a bus in a PCI domain of its own
 * @parent: parent device of the bridge, or NULL
 * @ops: configuration space; must stay until cxl_vpci_destroy() has returned
 * @data: passed to @ops
 *
 * The bus is scanned.  The devices found are added by cxl_vpci_add_devices(),
 * so that the caller can first set up what their drivers need.
 *
 * Context: process context.
 * Return: the bridge or ERR_PTR.
 */
struct cxl_vpci *cxl_vpci_create(struct device *parent,
				 const struct cxl_vpci_ops *ops, void *data);

/**
 * cxl_vpci_add_devices() - let drivers bind to the devices of the bus
 * @vpci: bridge
 */
void cxl_vpci_add_devices(struct cxl_vpci *vpci);

/**
 * cxl_vpci_rescan() - look for devices that were removed or have appeared
 * @vpci: bridge
 */
void cxl_vpci_rescan(struct cxl_vpci *vpci);

/**
 * cxl_vpci_destroy() - remove the devices, the bus and the bridge
 * @vpci: bridge or NULL
 *
 * When this returns, no op is called any more.  Devices of the bus that are
 * still referenced read as absent.
 */
void cxl_vpci_destroy(struct cxl_vpci *vpci);

/**
 * cxl_vpci_bus() - the root bus
 * @vpci: bridge
 */
struct pci_bus *cxl_vpci_bus(struct cxl_vpci *vpci);

/**
 * cxl_vpci_from_dev() - data of the virtual bus that a device is on
 * @pdev: any PCI device
 * @ops: the ops that the bus must have been made with
 *
 * Return: the data given to cxl_vpci_create(), or NULL for other devices.
 */
void *cxl_vpci_from_dev(struct pci_dev *pdev, const struct cxl_vpci_ops *ops);

#endif /* _CXL_BACKEND_H */
