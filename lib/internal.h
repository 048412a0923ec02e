/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the library; nothing of it is exported. */
#ifndef _LIBCXL_INTERNAL_H
#define _LIBCXL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <libcxl.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* No attribute is longer. */
#define ATTRIBUTE_SIZE	256

/* From a device node over AFU and card to the PCI device, and one to spare */
#define MAX_ANCESTORS	4

/* Type of a struct cxl_event that holds no event, since reading failed */
#define EVENT_TYPE_POISON	0xffff

#define CARD_NAME	"card%d"
#define AFU_NAME	"afu%d.%d"
/* Room for the longest of these */
#define DEVICE_NAME_SIZE	32

/**
 * struct cxl_adapter_h - a card that enumeration has reached
 * @number: N of cardN
 * @name: cardN
 */
struct cxl_adapter_h {
	int number;
	char name[DEVICE_NAME_SIZE];
};

/**
 * struct event_buffer - events of one read() that have not all been handed out
 * @begin: offset of the next event in @raw
 * @end: end of the bytes in @raw
 * @raw: the events as they were read, back to back, unaligned
 * @event: the event that cxl_next_event() returned last
 * @bytes: all bytes of @event
 */
struct event_buffer {
	size_t begin;
	size_t end;
	unsigned char raw[CXL_READ_MIN_SIZE];
	union {
		struct cxl_event event;
		unsigned char bytes[CXL_READ_MIN_SIZE];
	};
};

/**
 * struct cxl_afu_h - an AFU that enumeration has reached, or an open one
 * @fd: descriptor of an open AFU, else -1
 * @card: N of afuN.M of an enumerated AFU, else -1
 * @slot: M of afuN.M of an enumerated AFU, else -1
 * @name: result of cxl_afu_dev_name(), or NULL; allocated
 * @path: folder in sysfs; allocated
 * @process_element: -1 until it is asked for
 * @attached_by: thread that attached, 0 before
 * @events: allocated when the first event is read
 * @mmio: the mapped problem state area, or NULL
 * @mmio_trapped: nothing is mapped: the kernel makes each access
 * @mmio_size: bytes of the area, mapped or trapped
 * @mmio_flags: CXL_MMIO_*
 * @errinfo_fd: descriptor of the error buffer, -1 until it is read
 * @errinfo_size: valid if @errinfo_known
 * @errinfo_known: @errinfo_size has been determined
 */
struct cxl_afu_h {
	int fd;
	int card;
	int slot;
	char *name;
	char *path;
	int process_element;
	pid_t attached_by;
	struct event_buffer *events;
	void *mmio;
	bool mmio_trapped;
	size_t mmio_size;
	__u32 mmio_flags;
	int errinfo_fd;
	size_t errinfo_size;
	bool errinfo_known;
};

/* Return -1 with @error in errno. */
int libcxl_fail(int error);

/* root.c: without a slash at the end */
const char *libcxl_sysfs(void);
const char *libcxl_dev(void);

/* A string from malloc(), or NULL with ENOMEM */
__attribute__((format(printf, 1, 2)))
char *libcxl_format(const char *fmt, ...);

/* handle.c: a handle that is not open, all fields empty; NULL with ENOMEM */
struct cxl_afu_h *libcxl_afu_new(void);

/*
 * sysfs.c: the attribute @name of the device in the folder @path, or of the
 * nearest device that it belongs to.  A failure is -1 with errno, success
 * leaves errno as it was.
 */
int libcxl_attr_path(const char *path, const char *name, char **attr);
int libcxl_attr_read(const char *path, const char *name,
		     char text[ATTRIBUTE_SIZE]);
int libcxl_attr_write(const char *path, const char *name, const char *text);
int libcxl_attr_long(const char *path, const char *name, int base, long *valp);

/* All of @text must be a number; else ERANGE or EINVAL */
int libcxl_parse_long(const char *text, int base, long *valp);

/* errinfo.c: close the error buffer, if it is open */
void libcxl_errinfo_close(struct cxl_afu_h *afu);

/* mmio.c: unmap, if it is mapped */
void libcxl_mmio_release(struct cxl_afu_h *afu);

#endif
