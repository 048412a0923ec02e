/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxl: the user library of coherent accelerators (CAPI, "cxl").
 *
 * API and ABI are those of libcxl 1.7, on every architecture; additions are at
 * the end.  Unless noted, functions return 0, or -1 with errno set, and fail
 * with EINVAL for a NULL handle or pointer.
 *
 * Threads: the library takes no locks.  A handle may be used by one thread at a
 * time; only the MMIO accessors may be called by many threads at once.  After a
 * fork both processes may go on using a handle: they share the context.
 */
#ifndef _LIBCXL_H
#define _LIBCXL_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <misc/cxl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The oldest and only kernel API that the library needs */
#define CXL_KERNEL_API_VERSION 1

#define CXL_SYSFS_CLASS "/sys/class/cxl"
#define CXL_DEV_DIR "/dev/cxl"

/* Modes of an AFU.  The kernel's header names those that can be selected. */
#ifndef CXL_MODE_DEDICATED
#define CXL_MODE_DEDICATED	0x1
#define CXL_MODE_DIRECTED	0x2
#endif
#define CXL_MODE_TIME_SLICED	0x4

/* The device nodes of an AFU: afuN.Md, afuN.Mm, afuN.Ms */
enum cxl_views {
	CXL_VIEW_DEDICATED = 0,
	CXL_VIEW_MASTER = 1,
	CXL_VIEW_SLAVE = 2
};

/* What the card translates before the AFU asks for it */
enum cxl_prefault_mode {
	CXL_PREFAULT_MODE_NONE = 0,
	CXL_PREFAULT_MODE_WED = 1,
	CXL_PREFAULT_MODE_ALL = 2,
};

/* The image that a card runs */
enum cxl_image {
	CXL_IMAGE_FACTORY = 0,
	CXL_IMAGE_USER = 1,
};

/* A card, and an AFU; their contents are private to the library */
struct cxl_adapter_h;
struct cxl_afu_h;

struct cxl_event_stamp;

/*
 * Enumeration
 * ===========
 *
 * Each step advances the same handle, in the order of the numbers.  At the end
 * the handle is freed, and NULL is returned with errno 0; on an error it is
 * freed, too, and errno is set.
 */

/**
 * cxl_adapter_next() - get the next card
 * @adapter: NULL for the first card, else what the last call returned
 *
 * Return: @adapter, or a new handle for NULL; or NULL, with errno 0 after the
 * last card, ENODEV if there is no cxl class at all, or ENOMEM.
 */
struct cxl_adapter_h *cxl_adapter_next(struct cxl_adapter_h *adapter);

/**
 * cxl_adapter_dev_name() - get a card's name, "cardN"
 * @adapter: a card
 *
 * Return: the name, which the handle owns until its next step.
 */
char *cxl_adapter_dev_name(struct cxl_adapter_h *adapter);

/**
 * cxl_adapter_free() - free a handle; only needed if a loop is left early
 * @adapter: a card, or NULL
 */
void cxl_adapter_free(struct cxl_adapter_h *adapter);

#define cxl_for_each_adapter(adapter) \
	for (adapter = cxl_adapter_next(NULL); \
	     adapter; \
	     adapter = cxl_adapter_next(adapter))

/**
 * cxl_adapter_afu_next() - get the next AFU of a card
 * @adapter: the card; only used if @afu is NULL
 * @afu: NULL for the first AFU, else what the last call returned
 *
 * The handle is not open: it is for cxl_get_*(), cxl_set_*() and
 * cxl_afu_open_h().
 *
 * Return: as cxl_adapter_next(); ENODEV if the card is gone, EINVAL if
 * @afu was opened.
 */
struct cxl_afu_h *cxl_adapter_afu_next(struct cxl_adapter_h *adapter,
				       struct cxl_afu_h *afu);

#define cxl_for_each_adapter_afu(adapter, afu) \
	for (afu = cxl_adapter_afu_next(adapter, NULL); \
	     afu; \
	     afu = cxl_adapter_afu_next(adapter, afu))

/**
 * cxl_afu_next() - get the next AFU of all cards
 * @afu: NULL for the first AFU, else what the last call returned
 *
 * Return: as cxl_adapter_afu_next().
 */
struct cxl_afu_h *cxl_afu_next(struct cxl_afu_h *afu);

#define cxl_for_each_afu(afu) \
	for (afu = cxl_afu_next(NULL); afu; afu = cxl_afu_next(afu))

/**
 * cxl_afu_dev_name() - get "afuN.M" of an enumerated AFU, else the node's name
 * @afu: an AFU
 *
 * Return: the name, which the handle owns until its next step; NULL if the
 * handle was made from an anonymous descriptor.
 */
char *cxl_afu_dev_name(struct cxl_afu_h *afu);

/*
 * Opening
 * =======
 */

/**
 * cxl_afu_open_dev() - open an AFU by its device node
 * @path: a node, or a symbolic link to one
 *
 * Return: a handle; or NULL with the errno of open() (ENOENT, EACCES, ENOSPC if
 * no process element is free, EIO if the link is down), ENODEV if this is not a
 * node of an AFU, EPROTO if the kernel's API is too new.
 */
struct cxl_afu_h *cxl_afu_open_dev(char *path);

/**
 * cxl_afu_open_h() - open an AFU by an existing handle
 * @afu: an enumerated or opened AFU; it does not change, and stays independent
 * @view: CXL_VIEW_*
 *
 * Return: a new handle; or NULL with errno as cxl_afu_open_dev(), ENODEV if the
 * AFU's mode has no such view.
 */
struct cxl_afu_h *cxl_afu_open_h(struct cxl_afu_h *afu, enum cxl_views view);

/**
 * cxl_afu_fd_to_h() - make a handle for an open file descriptor
 * @fd: of an AFU's node, or an anonymous one from an AFU driver
 *
 * The handle takes the descriptor over: cxl_afu_free() closes it.
 *
 * Return: a handle; or NULL, with EBADF, ENODEV if this is not an AFU's, EIO if
 * the link is down, EPROTO as above.  Then the descriptor stays open.
 */
struct cxl_afu_h *cxl_afu_fd_to_h(int fd);

/**
 * cxl_afu_free() - unmap, close and free
 * @afu: an AFU, or NULL
 */
void cxl_afu_free(struct cxl_afu_h *afu);

/**
 * cxl_afu_opened() - tell whether this handle is open
 * @afu: an AFU
 *
 * Return: 1 or 0; -1 with EINVAL for NULL.
 */
int cxl_afu_opened(struct cxl_afu_h *afu);

/**
 * cxl_afu_fd() - get the file descriptor, for select() or poll()
 * @afu: an AFU, which keeps the descriptor
 *
 * Return: the descriptor; -1 if the handle is not open.
 */
int cxl_afu_fd(struct cxl_afu_h *afu);

/*
 * Attaching
 * =========
 */

/**
 * cxl_work_alloc() - allocate a work description, zeroed
 *
 * Return: the description, to be freed by cxl_work_free() at any time, even
 * right after it was attached; or NULL with ENOMEM.
 */
struct cxl_ioctl_start_work *cxl_work_alloc(void);

/**
 * cxl_work_free() - free a work description
 * @work: from cxl_work_alloc()
 */
int cxl_work_free(struct cxl_ioctl_start_work *work);

/**
 * cxl_work_get_amr() - get the authority mask
 * @work: a work description
 * @valp: where it goes
 */
int cxl_work_get_amr(struct cxl_ioctl_start_work *work, __u64 *valp);

/**
 * cxl_work_get_num_irqs() - get the number of interrupts
 * @work: a work description
 * @valp: where it goes
 */
int cxl_work_get_num_irqs(struct cxl_ioctl_start_work *work, __s16 *valp);

/**
 * cxl_work_get_wed() - get the work element descriptor
 * @work: a work description
 * @valp: where it goes
 */
int cxl_work_get_wed(struct cxl_ioctl_start_work *work, __u64 *valp);

/**
 * cxl_work_get_tid() - get the thread ID that the kernel gave the attached
 * thread
 * @work: a work description
 * @valp: where it goes; 0 if the machine has no such IDs
 *
 * Before @work is attached the value is 0xffff if waiting is enabled, else 0.
 */
int cxl_work_get_tid(struct cxl_ioctl_start_work *work, __u16 *valp);

/**
 * cxl_work_set_amr() - set the authority mask (PowerPC only, else ignored)
 * @work: a work description
 * @amr: the mask; 0 for none
 */
int cxl_work_set_amr(struct cxl_ioctl_start_work *work, __u64 amr);

/**
 * cxl_work_set_num_irqs() - ask for a number of interrupts
 * @work: a work description
 * @num_irqs: how many, 0 included; negative for the AFU's minimum
 */
int cxl_work_set_num_irqs(struct cxl_ioctl_start_work *work, __s16 num_irqs);

/**
 * cxl_work_set_wed() - set the work element descriptor
 * @work: a work description
 * @wed: passed to the AFU unchanged
 */
int cxl_work_set_wed(struct cxl_ioctl_start_work *work, __u64 wed);

/**
 * cxl_work_enable_wait() - ask for a thread ID, by which the AFU wakes the
 *	attaching thread (POWER9)
 * @work: a work description
 */
int cxl_work_enable_wait(struct cxl_ioctl_start_work *work);

/**
 * cxl_work_disable_wait() - ask for no thread ID
 * @work: a work description
 */
int cxl_work_disable_wait(struct cxl_ioctl_start_work *work);

/**
 * cxl_afu_attach_work() - start the AFU on the memory of this process
 * @afu: an opened AFU
 * @work: what to start; the kernel may write its tid
 *
 * errno: EINVAL if not open, or for bad values in @work; EBUSY while the card
 * is being reset, EIO if the context was started before or the link is down,
 * ENOSPC if too few interrupts are left, ENOMEM, ENODEV.
 */
int cxl_afu_attach_work(struct cxl_afu_h *afu,
			struct cxl_ioctl_start_work *work);

/**
 * cxl_afu_attach() - the same with the AFU's minimum number of interrupts
 * @afu: an opened AFU
 * @wed: the work element descriptor
 */
int cxl_afu_attach(struct cxl_afu_h *afu, __u64 wed);

/**
 * cxl_afu_attach_full() - the same; deprecated, see cxl_afu_attach_work()
 * @afu: an opened AFU
 * @wed: the work element descriptor
 * @num_interrupts: how many
 * @amr: the authority mask
 */
int cxl_afu_attach_full(struct cxl_afu_h *afu, __u64 wed,
			__u16 num_interrupts, __u64 amr);

/**
 * cxl_afu_get_process_element() - get the number of the context
 * @afu: an opened AFU
 *
 * Return: the process element; -1 with EBADF if not open, or EIO.
 */
int cxl_afu_get_process_element(struct cxl_afu_h *afu);

/**
 * cxl_afu_host_thread_wait() - wait until a word becomes nonzero
 * @afu: an AFU that this thread attached; EPERM for any other thread
 * @uword: what the AFU, or another thread, will write
 *
 * What was written before the word is visible when this returns.
 */
int cxl_afu_host_thread_wait(struct cxl_afu_h *afu, volatile __u64 *uword);

/*
 * Attributes
 * ==========
 *
 * ENODEV if there is no such attribute (or the AFU is gone), EINVAL if its
 * contents are not understood, ERANGE if the number does not fit, else the
 * kernel's errno for reading or writing it.
 */

/**
 * cxl_get_api_version() - get the version of the kernel's API
 * @afu: an AFU
 * @valp: where it goes
 */
int cxl_get_api_version(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_api_version_compatible() - get the lowest version it is compatible
 * with
 * @afu: an AFU
 * @valp: where it goes
 */
int cxl_get_api_version_compatible(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_irqs_max() - get the most interrupts that a context may have
 * @afu: an AFU
 * @valp: where it goes
 */
int cxl_get_irqs_max(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_set_irqs_max() - limit the interrupts of each context
 * @afu: an AFU
 * @value: EINVAL if below the minimum or above what the card has
 */
int cxl_set_irqs_max(struct cxl_afu_h *afu, long value);

/**
 * cxl_get_irqs_min() - get the fewest interrupts that a context has
 * @afu: an AFU
 * @valp: where it goes
 */
int cxl_get_irqs_min(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_mmio_size() - get the size of the problem state area in bytes
 * @afu: an AFU: if opened as master, all of the area, else the part of a
 *	process
 * @valp: where it goes
 */
int cxl_get_mmio_size(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_mode() - get the mode of an AFU
 * @afu: an AFU
 * @valp: gets CXL_MODE_DEDICATED or CXL_MODE_DIRECTED; EINVAL if in no mode
 */
int cxl_get_mode(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_set_mode() - change the mode of an AFU
 * @afu: an AFU
 * @value: CXL_MODE_DEDICATED or CXL_MODE_DIRECTED, anything else is EINVAL
 *
 * errno: also EINVAL if the AFU does not support it; EBUSY if there are
 * contexts.
 */
int cxl_set_mode(struct cxl_afu_h *afu, long value);

/**
 * cxl_get_modes_supported() - get the modes that an AFU can be in
 * @afu: an AFU
 * @valp: gets a mask of CXL_MODE_*
 */
int cxl_get_modes_supported(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_prefault_mode() - get what is translated in advance
 * @afu: an AFU
 * @valp: gets CXL_PREFAULT_MODE_*
 */
int cxl_get_prefault_mode(struct cxl_afu_h *afu, enum cxl_prefault_mode *valp);

/**
 * cxl_set_prefault_mode() - choose what is translated in advance
 * @afu: an AFU
 * @value: CXL_PREFAULT_MODE_*, anything else is EINVAL
 */
int cxl_set_prefault_mode(struct cxl_afu_h *afu, enum cxl_prefault_mode value);

/**
 * cxl_get_pp_mmio_len() - get the size of each per-process area in bytes
 * @afu: an AFU opened as master, else ENODEV
 * @valp: where it goes
 */
int cxl_get_pp_mmio_len(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_pp_mmio_off() - get the offset of the per-process areas in bytes
 * @afu: an AFU opened as master, else ENODEV
 * @valp: where it goes
 */
int cxl_get_pp_mmio_off(struct cxl_afu_h *afu, long *valp);

/**
 * cxl_get_cr_class() - get the PCI class of a configuration record
 * @afu: an AFU
 * @cr_num: number of the record, from 0; ENODEV if there is none
 * @valp: gets the class code, 24 bits
 */
int cxl_get_cr_class(struct cxl_afu_h *afu, long cr_num, long *valp);

/**
 * cxl_get_cr_device() - get the PCI device ID of a configuration record
 * @afu: an AFU
 * @cr_num: number of the record, from 0; ENODEV if there is none
 * @valp: where it goes
 */
int cxl_get_cr_device(struct cxl_afu_h *afu, long cr_num, long *valp);

/**
 * cxl_get_cr_vendor() - get the PCI vendor ID of a configuration record
 * @afu: an AFU
 * @cr_num: number of the record, from 0; ENODEV if there is none
 * @valp: where it goes
 */
int cxl_get_cr_vendor(struct cxl_afu_h *afu, long cr_num, long *valp);

/**
 * cxl_get_base_image() - get the revision of the card's base image
 * @adapter: a card
 * @valp: where it goes
 */
int cxl_get_base_image(struct cxl_adapter_h *adapter, long *valp);

/**
 * cxl_get_caia_version() - get the version of the card's architecture
 * @adapter: a card
 * @majorp: gets the number before the dot
 * @minorp: gets the number after it
 */
int cxl_get_caia_version(struct cxl_adapter_h *adapter, long *majorp,
			 long *minorp);

/**
 * cxl_get_image_loaded() - get the image that the card runs
 * @adapter: a card
 * @valp: gets CXL_IMAGE_*
 */
int cxl_get_image_loaded(struct cxl_adapter_h *adapter, enum cxl_image *valp);

/**
 * cxl_get_psl_revision() - get the revision of the card's service layer
 * @adapter: a card
 * @valp: where it goes
 */
int cxl_get_psl_revision(struct cxl_adapter_h *adapter, long *valp);

/**
 * cxl_get_psl_timebase_synced() - tell whether the time bases of card and host
 *	agree
 * @adapter: a card
 * @valp: gets 1 or 0
 */
int cxl_get_psl_timebase_synced(struct cxl_adapter_h *adapter, long *valp);

/**
 * cxl_get_tunneled_ops_supported() - tell whether the card may use tunneled
 *	operations
 * @adapter: a card
 * @valp: gets 1 or 0
 */
int cxl_get_tunneled_ops_supported(struct cxl_adapter_h *adapter, long *valp);

/**
 * cxl_afu_sysfs_pci() - get the sysfs folder of the card's PCI device
 * @afu: an AFU
 * @pathp: gets a string that the caller frees
 */
int cxl_afu_sysfs_pci(struct cxl_afu_h *afu, char **pathp);

/**
 * cxl_errinfo_size() - get the size of the AFU's error buffer
 * @afu: an AFU; ENODEV if it has none
 * @valp: gets the size in bytes
 */
int cxl_errinfo_size(struct cxl_afu_h *afu, size_t *valp);

/**
 * cxl_errinfo_read() - read from the AFU's error buffer
 * @afu: an AFU
 * @dst: where it goes
 * @off: first byte
 * @len: bytes to read at most
 *
 * Return: bytes read, 0 beyond the end; -1 with ENODEV if the AFU has no error
 * buffer.
 */
ssize_t cxl_errinfo_read(struct cxl_afu_h *afu, void *dst, off_t off,
			 size_t len)
#if defined(__USE_FILE_OFFSET64) && __SIZEOF_POINTER__ == 4
	/* off_t is a wider one than in a program without large file offsets. */
	__asm__("cxl_errinfo_read64")
#endif
	;

/*
 * Events
 * ======
 *
 * One thread at a time reads the events of a handle.  The functions below read
 * ahead, and read() does not see what they have read: do not mix the two.
 */

/**
 * cxl_event_pending() - tell whether an event can be read without waiting
 * @afu: an opened AFU
 *
 * Return: 1, also if reading will fail; 0, also for a handle that is not open;
 * or -1 with errno.
 */
int cxl_event_pending(struct cxl_afu_h *afu);

/* In header.reserved1, set by cxl_read_event(): the event was longer. */
#define CXL_EVENT_TRUNCATED	0x8000

/**
 * cxl_read_event() - wait for an event
 * @afu: an opened AFU
 * @event: where it goes, without its stamp
 *
 * Only a driver event can be larger than struct cxl_event.  Then *event gets
 * its first 40 bytes, with CXL_EVENT_TRUNCATED in header.reserved1 and
 * header.size 40. The rest is lost.  Programs that expect such events call
 * cxl_next_event() or cxl_read_event_buf().
 *
 * errno: EIO once the context is closed and all events are read; EAGAIN if no
 * event is pending and the descriptor is O_NONBLOCK; EINTR; ENODATA at the end
 * of the file; EBADMSG if what was read is not an event.  Then *event cannot be
 * mistaken for an event: its type is 0xffff, its size 0.
 */
int cxl_read_event(struct cxl_afu_h *afu, struct cxl_event *event);

/**
 * cxl_read_expected_event() - wait for an event and check what it is
 * @afu: an opened AFU
 * @event: where it goes, expected or not
 * @type: expected type, CXL_EVENT_*
 * @irq: expected number of a CXL_EVENT_AFU_INTERRUPT, 0 for any
 *
 * errno: ENOMSG if it was another event, else as cxl_read_event().
 */
int cxl_read_expected_event(struct cxl_afu_h *afu, struct cxl_event *event,
			    __u32 type, __u16 irq);

/**
 * cxl_fprint_event() - print an event as a line of text
 * @stream: where it goes
 * @event: what was read
 *
 * Return: characters printed; -1 with ENODATA for the result of a failed read.
 */
int cxl_fprint_event(FILE *stream, struct cxl_event *event);

/**
 * cxl_fprint_unknown_event() - the same, in hexadecimal
 * @stream: where it goes
 * @event: what was read
 *
 * Return: characters printed.
 */
int cxl_fprint_unknown_event(FILE *stream, struct cxl_event *event);

/*
 * MMIO
 * ====
 */

/* Byte order of the AFU's registers */
#define CXL_MMIO_BIG_ENDIAN	0x1
#define CXL_MMIO_LITTLE_ENDIAN	0x2
#define CXL_MMIO_HOST_ENDIAN	0x3
#define CXL_MMIO_ENDIAN_MASK	0x3
#define CXL_MMIO_FLAGS		0x3

/**
 * cxl_mmio_map() - map the problem state area
 * @afu: an attached AFU
 * @flags: CXL_MMIO_*_ENDIAN, or 0 for no conversion
 *
 * A second call only changes the byte order.
 *
 * If the AFU's registers are not memory, nothing is mapped: the kernel makes
 * each of the accesses below, and cxl_mmio_ptr() fails.
 *
 * errno: ENODEV if not open or for other flags; EIO if not attached; or any
 * other errno of mmap().
 */
int cxl_mmio_map(struct cxl_afu_h *afu, __u32 flags);

/**
 * cxl_mmio_unmap() - unmap the problem state area
 * @afu: an AFU; EINVAL if not mapped
 */
int cxl_mmio_unmap(struct cxl_afu_h *afu);

/**
 * cxl_mmio_ptr() - get the address of the mapping, for direct accesses
 * @afu: an AFU; EINVAL if not mapped, EOPNOTSUPP if its registers are not memory
 * @mmio_ptrp: gets the address
 */
int cxl_mmio_ptr(struct cxl_afu_h *afu, void **mmio_ptrp);

/**
 * cxl_mmio_write64() - write a register of 64 bits
 * @afu: a mapped AFU
 * @offset: in bytes, aligned
 * @data: in host byte order
 *
 * Everything written to memory before becomes visible to the AFU first.
 *
 * errno: EINVAL if not mapped, not aligned or outside the area; EIO after a
 * bus error, see cxl_mmio_install_sigbus_handler().
 */
int cxl_mmio_write64(struct cxl_afu_h *afu, uint64_t offset, uint64_t data);

/**
 * cxl_mmio_read64() - read a register of 64 bits
 * @afu: a mapped AFU
 * @offset: in bytes, aligned
 * @data: gets the value in host byte order; all ones on a bus error
 *
 * Later accesses to memory are made after it.
 *
 * errno: as cxl_mmio_write64(); also EIO if all ones were read and the kernel
 * says that the link is down.  While it is up, all ones are a value.
 */
int cxl_mmio_read64(struct cxl_afu_h *afu, uint64_t offset, uint64_t *data);

/**
 * cxl_mmio_write32() - write a register of 32 bits
 * @afu: a mapped AFU
 * @offset: in bytes, aligned
 * @data: in host byte order
 */
int cxl_mmio_write32(struct cxl_afu_h *afu, uint64_t offset, uint32_t data);

/**
 * cxl_mmio_read32() - read a register of 32 bits
 * @afu: a mapped AFU
 * @offset: in bytes, aligned
 * @data: gets the value in host byte order; all ones on a bus error
 */
int cxl_mmio_read32(struct cxl_afu_h *afu, uint64_t offset, uint32_t *data);

/**
 * cxl_mmio_install_sigbus_handler() - turn bus errors of the functions above
 *	into EIO
 *
 * For all threads of the process; further calls do nothing.  Other bus errors
 * go where they went before.  Without the handler a bus error is a SIGBUS, even
 * one that is only seen as all ones.
 */
int cxl_mmio_install_sigbus_handler(void);

/*
 * Additions to libcxl 1.7
 * =============================
 */

/**
 * cxl_next_event() - get the next event, of any kind and size, if one is
 * pending
 * @afu: an opened AFU
 *
 * Does not wait, even if another process reads the same context's events. (Where
 * preadv2() cannot do this, on Linux before 4.14 or with an AFU driver that has a
 * read function of its own, it waits if the other takes the event just before.)
 *
 * Only the bytes up to header.size belong to the event; its type says which
 * member of the union they are.  cxl_event_data() gives the payload of a driver
 * event.
 *
 * Return: the event, valid until the next event of this handle is read; NULL
 * with errno 0 if none is pending, else as cxl_read_event().
 */
struct cxl_event *cxl_next_event(struct cxl_afu_h *afu);

#define cxl_for_each_event(afu, event) \
	for (event = cxl_next_event(afu); event; event = cxl_next_event(afu))

/**
 * cxl_read_event_buf() - wait for an event, of any kind and size
 * @afu: an opened AFU
 * @buf: where it goes, with its stamp if it has one
 * @size: of @buf; CXL_READ_MIN_SIZE is always enough
 *
 * Return: the event's size; or -1, with EMSGSIZE if @buf is too small: the
 * event is kept, and @buf gets its header, if that fits, which tells the size
 * needed. Else as cxl_read_event(), and @buf is unchanged.
 */
ssize_t cxl_read_event_buf(struct cxl_afu_h *afu, void *buf, size_t size);

/**
 * cxl_event_data() - get what follows the header: of a driver event, the
 * payload
 * @event: an event, with any alignment
 * @size: gets its size in bytes, without the stamp
 *
 * Return: the first byte; NULL with EINVAL if this cannot be an event.
 */
const void *cxl_event_data(const void *event, size_t *size);

/**
 * cxl_event_stamp() - get the stamp of an event: when, which, how many were
 * lost
 * @event: an event, with any alignment
 * @stamp: gets a copy
 *
 * errno: ENODATA if the event has none.
 */
int cxl_event_stamp(const void *event, struct cxl_event_stamp *stamp);

/**
 * cxl_set_event_stamps() - turn stamps of this context's events on or off
 * @afu: an opened AFU
 * @on: 1 or 0; applies to events read from the kernel from now on
 *
 * errno: EINVAL if not open, or if the kernel has no stamps (before API
 * version 4); EIO if the context is closed.
 */
int cxl_set_event_stamps(struct cxl_afu_h *afu, int on);

/**
 * cxl_event_type_name() - get the name of an event type
 * @type: CXL_EVENT_*
 *
 * Return: "afu_interrupt", "data_storage", "afu_error", "afu_driver",
 * "reserved", or "unknown".
 */
const char *cxl_event_type_name(__u32 type);

/**
 * cxl_set_roots() - use other folders than /sys and /dev, for tests
 * @sysfs: used instead of "/sys"; NULL for no change
 * @dev: used instead of "/dev"; NULL for no change
 *
 * For the whole process; call it before the first handle is made, with only one
 * thread.  Without this call, the environment variables LIBCXL_SYSFS and
 * LIBCXL_DEV are used instead, except in set-user-ID programs.
 *
 * errno: ENAMETOOLONG.
 */
int cxl_set_roots(const char *sysfs, const char *dev);

#ifdef __cplusplus
}
#endif

#endif
