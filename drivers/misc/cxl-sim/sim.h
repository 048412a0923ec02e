/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private types of the software card.
 *
 * A card is made through configfs (or is the default card).  While it is live
 * it has a virtual PCI bus of its own with one device, the card.  The PCI
 * driver in card.c binds to that device and registers the card and its AFUs
 * with the cxl core; from then on the core calls the ops in afu.c.  Each AFU
 * has one engine, a kernel thread that serves all its contexts (engine.c).
 *
 * Lock order, outermost first:
 *
 *	configfs su_mutex
 *	  card->config_lock
 *	    pci_lock_rescan_remove, device_lock	(PCI core, driver core)
 *	      card->lock
 *	        the core's locks up to a context's status_mutex
 *	          afu->turn
 *	            the core's spinlocks of a context
 *	              afu->lock			(irqs off)
 *
 * config_lock: what the user configured, and whether the card is live
 * card->lock:  which AFUs exist for the core
 * afu->turn:   held by the engine for one bounded turn; while somebody else
 *		holds it, no context is being worked on
 * afu->lock:   where each context stands: in which queue, if any
 *
 * Never call the core with afu->lock held, nor with afu->turn held where the
 * core may call back into attach or detach.
 */
#ifndef _CXL_SIM_SIM_H
#define _CXL_SIM_SIM_H

#include <linux/configfs.h>
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../cxl/backend.h"
#include "afu_model.h"

#define SIM_PCI_VENDOR		PCI_VENDOR_ID_IBM
#define SIM_PCI_DEVICE		0x0477
#define SIM_PCI_CLASS		0x120000	/* processing accelerator */

/* Granularity and limit of a program's layout of the problem state area */
#define SIM_PP_UNIT		0x10000
#define SIM_PP_MAX		0x10000000

/* Process handles 0xdead.. and 0xffff.. mean "bad" to programs */
#define SIM_MAX_PROCS		4096
#define SIM_MAX_CRS		4
#define SIM_MAX_ERR_BUFF	0x100000

#define SIM_VPD_SIZE		256
#define SIM_NUM_WWPNS		4
#define SIM_WWPN_LEN		16

/**
 * struct sim_pci_config - a PCI function's configuration space
 * @word: aligned 32-bit words in CPU byte order
 * @writable: bits of each that can be written
 *
 * Writers are serialised by the PCI core; a reader sees a word before or after
 * a write.
 */
struct sim_pci_config {
	u32 word[PCI_CFG_SPACE_SIZE / sizeof(u32)];
	u32 writable[PCI_CFG_SPACE_SIZE / sizeof(u32)];
};

/**
 * struct sim_afu_settings - what the user can choose of an AFU
 * @model: what it does
 * @modes: CXL_MODE_*
 * @num_procs: number of process elements
 * @pp_offset: bytes from the start of the problem state area to the windows
 * @pp_size: bytes of each window
 * @psa_size: minimum size of the area
 * @irqs_min: interrupts that every context needs
 * @num_crs: number of configuration records
 * @cr_vendor: vendor ID in each record
 * @cr_device: device ID
 * @cr_class: class code
 * @err_buff_size: bytes of the error buffer, 0 for none
 * @uid: owner of the node of a model that is a program
 * @gid: its group
 * @answer_ms: how long such a program may take to answer
 * @recover: contexts stay attached when such a program ends, for the next one
 * @allow_kernel_contexts: such a program may serve contexts of AFU drivers, too
 * @mmio_trapped: such a program performs each access to a register
 */
struct sim_afu_settings {
	const struct sim_afu_model *model;
	u32 modes;
	unsigned int num_procs;
	u64 pp_offset;
	u64 pp_size;
	u64 psa_size;
	unsigned int irqs_min;
	unsigned int num_crs;
	u16 cr_vendor;
	u16 cr_device;
	u32 cr_class;
	unsigned int err_buff_size;
	unsigned int uid;
	unsigned int gid;
	unsigned int answer_ms;
	unsigned int recover;
	unsigned int allow_kernel_contexts;
	bool mmio_trapped;
};

/* Transitions: see sim_pe_set_state() in engine.c */
enum sim_pe_state {
	SIM_PE_DEAD,		/* new; after detach, or an AFU reset */
	SIM_PE_RUNNABLE,	/* in afu->runnable */
	SIM_PE_RUNNING,		/* its turn */
	SIM_PE_WAITING,		/* in afu->waiting */
	SIM_PE_FAULTING,	/* waits for fault_done */
	SIM_PE_ASLEEP,		/* until sim_pe_ring(), or its doorbell */
};

/**
 * struct sim_pe - an attached context (process element)
 * @afu: the AFU
 * @elem: as given to attach; num_irqs changes under @afu->turn
 * @regs: kernel address of the page with its registers
 *
 * @state: guarded by @afu->lock
 * @run: in @afu->runnable; guarded by @afu->lock
 * @wait: in @afu->waiting; guarded by @afu->lock
 * @unresolved: the core could not resolve the fault; guarded by @afu->lock
 *	until the context runs again, used by the engine alone after that
 * @injected: the fault was injected: the answer does not matter; @afu->lock
 * @attached: its first turn is over; guarded by @afu->lock
 * @delayed: in @afu->waiting for the end of the injected delay; @afu->lock
 * @armed: the next store to its window rings the doorbell; @afu->lock
 * @rung: the doorbell rang since the last turn; @afu->lock
 * @rings_not: some stores do not ring the doorbell; @afu->lock
 *
 * The rest is guarded by @afu->turn:
 *
 * @fault_tries: faults in a row without an access that succeeded
 * @faults: faults so far
 * @elements: elements done so far
 * @bytes: bytes copied so far
 * @active: sim_pe_active() was called in this turn
 * @last_active: end of the last such turn, CLOCK_MONOTONIC ns
 * @idle_shift: look again after the idle time shifted right by this
 * @tb_asked: when the engine saw the request for the time base, CLOCK_MONOTONIC
 *	ns; 0 without a request
 *
 * The engine sets up the next two while neither the AFU's @tb_timer nor a call
 * to another CPU can use them:
 *
 * @tb_reg: register for the time base
 * @tb_shown: where the value shown in @tb_reg is kept
 * @tb_is_shown: set by the first CPU that shows it, cleared by the engine
 *
 * @priv: the model's private data
 */
struct sim_pe {
	struct sim_afu *afu;
	struct cxl_process_element elem;
	void *regs;

	enum sim_pe_state state;
	struct list_head run;
	struct timerqueue_node wait;
	bool unresolved;
	bool injected;
	bool attached;
	bool delayed;
	bool armed;
	bool rung;
	bool rings_not;

	unsigned int fault_tries;
	u64 faults;
	u64 elements;
	u64 bytes;
	bool active;
	u64 last_active;
	unsigned int idle_shift;
	u64 tb_asked;

	__be64 *tb_reg;
	u64 *tb_shown;
	bool tb_is_shown;

	u64 priv[];
};

/**
 * struct sim_afu - an AFU
 * @group: configfs folder
 * @card: the card
 * @slice: M of afuN.M
 * @settings: guarded by @card->config_lock; constant while the card is live
 *
 * What follows exists while the card's driver is bound:
 *
 * @afu: the core's AFU; guarded by @card->lock
 * @psa_size: bytes of the problem state area
 * @psa: its struct pages by page number, each allocated on first use
 * @global_regs: kernel address of the page with the global registers
 * @cr: configuration records
 * @err_buff: error buffer
 * @mode: CXL_MODE_*; only changes with no context attached
 * @user: the program that is its model; constant
 *
 * @turn: see the top of this file; also guards @pes against removal
 * @pes: struct sim_pe by number
 * @lock: guards @runnable to @first_turn, and each context's state
 * @runnable: contexts that can work, in the order of their turns
 * @waiting: contexts that are looked at again later, by time
 * @halted: nothing may run: the link is down
 * @first_turn: attach waits here for the context's first turn
 *
 * @engine: the thread
 * @rung: timer that wakes @engine after a doorbell rang; started under @lock
 * @budget: what is left of this turn; @turn
 * @tb_timer: shows the time base on the engine's CPU; started under @turn
 * @tb_pe: context that it is shown to, or NULL; @turn, and @tb_timer reads it
 * @tb_tried: when that was begun, CLOCK_MONOTONIC ns; @turn
 * @mm: address space that the engine uses in this turn, or NULL; @turn
 * @bounce: page for what cannot be copied directly; @turn
 * @woke: when the engine last woke up, CLOCK_MONOTONIC ns; used by it alone
 * @last_active: the latest @last_active of all contexts; likewise
 * @period: when the present period of priority began; likewise
 * @ran: CPU time of the engine by then, ns; likewise
 */
struct sim_afu {
	struct config_group group;
	struct sim_card *card;
	unsigned int slice;
	struct sim_afu_settings settings;

	struct cxl_afu *afu;
	u64 psa_size;
	struct xarray psa;
	void *global_regs;
	struct sim_pci_config *cr;
	void *err_buff;
	u32 mode;
	struct sim_user *user;

	struct mutex turn;		/* held for a turn */
	struct xarray pes;
	spinlock_t lock;		/* guards states and queues */
	struct list_head runnable;
	struct timerqueue_head waiting;
	bool halted;
	wait_queue_head_t first_turn;

	struct task_struct *engine;
	struct hrtimer rung;
	int budget;
	struct hrtimer tb_timer;
	struct sim_pe *tb_pe;
	u64 tb_tried;
	struct mm_struct *mm;
	void *bounce;
	u64 woke;
	u64 last_active;
	u64 period;
	u64 ran;
};

/**
 * struct sim_card_settings - what the user can choose of a card
 * @caia_major: CAIA version
 * @caia_minor: its minor number
 * @psl_revision: revision of the processor service layer
 * @base_image: number of the base image
 * @user_image: the user image is loaded
 * @user_irqs: interrupts that all contexts share
 * @wwpn: VPD keywords V5 to V8, or empty
 */
struct sim_card_settings {
	u8 caia_major;
	u8 caia_minor;
	u16 psl_revision;
	u32 base_image;
	bool user_image;
	unsigned int user_irqs;
	char wwpn[SIM_NUM_WWPNS][SIM_WWPN_LEN + 1];
};

/**
 * struct sim_card - a card
 * @group: configfs folder; its reference count is the card's
 * @config_lock: guards @settings, @afus, @vpci and each AFU's settings
 * @settings: constant while the card is live
 * @afus: by slice, NULL where there is none; changes under @config_lock and
 *	@lock both
 * @vpci: its PCI bus; not NULL while the card is live
 * @config: its configuration space
 * @present: the card answers on the bus; plain value, no lock
 * @vpd: vital product data, @vpd_len bytes
 * @vpd_len: see @vpd
 * @lock: guards @adapter, @probe_error and each AFU's registration
 * @adapter: the core's; not NULL while the card's driver is bound
 * @probe_error: error of the last probe, or of its first AFU that failed; @lock
 * @delay_us: injected delay before each element; written under @lock, read
 *	without it
 * @timebase_offset: injected, in ticks of the CPU's counter; plain value, no lock
 * @synced_lock: guards the next three
 * @synced_checked: when @synced was found out, CLOCK_MONOTONIC ns
 * @synced_offset: @timebase_offset then
 * @synced: the time base agreed with the CPUs' counters
 * @reset: takes the card off the bus and brings it back
 */
struct sim_card {
	struct config_group group;

	struct mutex config_lock;	/* guards settings, afus, vpci */
	struct sim_card_settings settings;
	struct sim_afu *afus[CXL_MAX_SLICES];
	struct cxl_vpci *vpci;

	struct sim_pci_config config;
	bool present;
	u8 vpd[SIM_VPD_SIZE];
	unsigned int vpd_len;

	struct mutex lock;		/* guards adapter, afus[]->afu */
	struct cxl_adapter *adapter;
	int probe_error;
	u32 delay_us;
	u64 timebase_offset;
	struct mutex synced_lock;	/* guards what follows, up to synced */
	u64 synced_checked;
	u64 synced_offset;
	bool synced;
	struct work_struct reset;
};

static inline struct sim_afu *to_sim_afu(struct config_item *item)
{
	return container_of(to_config_group(item), struct sim_afu, group);
}

static inline struct sim_card *to_sim_card(struct config_item *item)
{
	return container_of(to_config_group(item), struct sim_card, group);
}

/* card.c: cards and their PCI driver */
extern struct pci_driver sim_card_driver;
struct sim_card *sim_card_of(struct pci_dev *pdev);
struct pci_dev *sim_card_get_pdev(struct sim_card *card);
void sim_card_init(struct sim_card *card);
int sim_card_activate(struct sim_card *card);
void sim_card_deactivate(struct sim_card *card);
int sim_card_reset(void *data);
void sim_card_replug(struct sim_card *card);
int sim_card_unplug(struct sim_card *card);
int sim_card_set_link(struct sim_card *card, bool up);
void sim_card_set_delay(struct sim_card *card, u32 delay_us);
void sim_card_halt(struct sim_card *card);
void sim_card_resume(struct sim_card *card);
void sim_card_remove_afu(struct sim_card *card, struct sim_afu *afu);

/* recovery.c: PCI error handling, both sides of it */
extern const struct pci_error_handlers sim_card_err_handler;
int sim_card_recover(struct sim_card *card, pci_channel_state_t state);

/* pci_config.c: configuration space in memory */
void sim_pci_config_init(struct sim_pci_config *config, u16 vendor, u16 device,
			 u32 class, bool multifunction);
int sim_pci_config_read(const struct sim_pci_config *config,
			unsigned int offset, u32 *val);
int sim_pci_config_write(struct sim_pci_config *config, unsigned int offset,
			 u32 val, u32 mask);

/* afu.c: AFUs, and what the core asks of them */
extern const struct cxl_backend_ops sim_backend_ops;
const struct sim_afu_model *sim_afu_model_find(const char *name);
void sim_afu_init(struct sim_afu *afu, struct sim_card *card,
		  unsigned int slice);
void sim_afu_set_model(struct sim_afu *afu, const struct sim_afu_model *model);
int sim_afu_start(struct sim_afu *afu);
int sim_afu_registered(struct sim_afu *afu);
void sim_afu_unregister(struct sim_afu *afu);
void sim_afu_halt(struct sim_afu *afu);
void sim_afu_resume(struct sim_afu *afu);
void sim_afu_stop(struct sim_afu *afu);
int sim_afu_reset(void *afu);

/* psa.c: the problem state area */
static inline bool sim_afu_is_dedicated(const struct sim_afu *afu)
{
	return afu->mode == CXL_MODE_DEDICATED;
}

struct page *sim_afu_page(struct sim_afu *afu, u64 offset);
void sim_afu_free_psa(struct sim_afu *afu);
u64 sim_afu_window_offset(const struct sim_afu *afu, unsigned int pe);
bool sim_afu_window_of(const struct sim_afu *afu, u64 offset,
		       unsigned long *pe);
void sim_afu_clear_window(struct sim_afu *afu, unsigned int pe);
u64 sim_afu_global_offset(const struct sim_afu *afu);
void sim_pe_window_range(const struct sim_pe *pe, u64 *offset, u64 *size);

/* engine.c: the thread that works for all contexts of an AFU */
int sim_engine_start(struct sim_afu *afu);
void sim_engine_stop(struct sim_afu *afu);
int sim_engine_add(struct sim_pe *pe);
void sim_engine_remove(struct sim_pe *pe);
void sim_engine_halt(struct sim_afu *afu);
void sim_engine_resume(struct sim_afu *afu);
void sim_engine_end_delays(struct sim_afu *afu);
void sim_pe_kill(struct sim_pe *pe);
bool sim_pe_is_dead(struct sim_pe *pe);
void sim_pe_wake(struct sim_pe *pe);
void sim_pe_set_state(struct sim_pe *pe, enum sim_pe_state state);

/* idle.c: contexts without work, and doorbells */
void sim_pe_init_idle(struct sim_pe *pe);
void sim_pe_go_idle(struct sim_pe *pe, bool sleep, u64 now);
void sim_pe_ring(struct sim_pe *pe);
void sim_afu_init_rung(struct sim_afu *afu);
void sim_afu_psa_written(void *data, u64 offset);
u64 sim_afu_next_wake(const struct sim_afu *afu, u64 first, u64 now);

/* fault.c: translation faults */
int sim_pe_fault(struct sim_pe *pe, u64 ea, u64 dsisr);
void sim_pe_forget_fault(struct sim_pe *pe);
int sim_pe_inject_fault(struct sim_pe *pe, u64 ea, u64 dsisr);
void sim_afu_fault_done(void *data, unsigned int num, bool resolved);

/* access.c: the contexts' memory */
void sim_pe_leave_mm(struct sim_pe *pe);
bool sim_kernel_read(void *buf, u64 ea, unsigned int len);
bool sim_kernel_write(u64 ea, const void *buf, unsigned int len);

/* inject.c: debugfs */
void sim_debugfs_init(void *card, struct dentry *dir);
void sim_debugfs_afu_init(void *afu, struct dentry *dir);

/* timebase.c: the card's clock */
void sim_afu_init_timebase(struct sim_afu *afu);
void sim_pe_end_timebase(struct sim_pe *pe);
bool sim_card_timebase_synced(void *card);

/* user_node.c: nodes of models that are programs */
int sim_user_init(void);
void sim_user_exit(void);

/* vpd.c: vital product data */
unsigned int sim_vpd_build(const struct sim_card_settings *settings,
			   u8 *vpd);

/* configfs.c: cards and AFUs as the user makes them */
int sim_settings_lock(struct sim_card *card);
int sim_settings_parse(const char *page, unsigned int min, unsigned int max,
		       unsigned int *val);
int sim_configfs_init(bool with_default_card);
void sim_configfs_exit(void);

/* configfs_afu.c */
struct sim_afu *sim_configfs_afu_create(struct sim_card *card,
					unsigned int slice);

#endif /* _CXL_SIM_SIM_H */
