/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake /sys and /dev for the tests of the library: a folder with what sysfs
 * shows of cards, and device nodes that answer as the driver does.
 *
 * The nodes are links to devices that every machine has, so that no privilege
 * is needed.  The linker's --wrap brings the library's system calls on them
 * here.
 */
#ifndef _TESTS_HOST_FAKE_H
#define _TESTS_HOST_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <misc/cxl.h>

#define FAKE_MMIO_SIZE		0x4000		/* of a process */
#define FAKE_PSA_SIZE		0x10000		/* what a master sees */
#define FAKE_PE			7		/* of the first context */

/* The files */

/* An empty class; the library is told where it is. */
void fake_start(void);

/* The folder that has sys and dev in it */
const char *fake_root(void);

/* cardN with all attributes, below a PCI device */
void fake_add_card(int card);

/* afuN.M with all attributes, in directed mode with the nodes m and s */
void fake_add_afu(int card, int slot);

/* All of this for one AFU on one card, and what the library finds; require */
void fake_start_with_one(void);
struct cxl_afu_h *fake_the_afu(void);
struct cxl_adapter_h *fake_the_card(void);

/* The node afuN.M<view>; at most FAKE_NODES in all */
#define FAKE_NODES	5
void fake_add_node(int card, int slot, char view);

/* A file's new content, or none if @text is NULL; its path below fake_root() */
__attribute__((format(printf, 2, 3)))
void fake_write(const char *text, const char *fmt, ...);

/* What is in the file */
__attribute__((format(printf, 3, 4)))
void fake_read(char *text, size_t size, const char *fmt, ...);

__attribute__((format(printf, 2, 3)))
void fake_symlink(const char *target, const char *fmt, ...);

/* A file, or a folder with all in it, goes away. */
__attribute__((format(printf, 1, 2)))
void fake_delete(const char *fmt, ...);

/* An absolute path; valid until the fourth call after it */
__attribute__((format(printf, 1, 2)))
char *fake_path(const char *fmt, ...);

/* The device, the same for all nodes */

/**
 * struct fake_device - what the next system calls find
 * @link_down: EIO for all of them
 * @closed: the context is: EIO, reads after the last event
 * @no_afu_id: an old driver: GET_AFU_ID is EINVAL
 * @no_format: API version 3: EVENT_FORMAT is EINVAL
 * @start_error: errno of START_WORK, 0 for success
 * @read_error: errno of the next read
 * @end_of_file: reads give 0 bytes
 * @started: START_WORK was done
 * @work: its argument
 * @format: flags of the last EVENT_FORMAT
 * @pe_asked: how often GET_PROCESS_ELEMENT was done
 * @reads: how often read() was called
 * @memory: descriptor of a file with the problem state area
 * @id: what GET_AFU_ID gives
 */
struct fake_device {
	bool link_down;
	bool closed;
	bool no_afu_id;
	bool no_format;
	int start_error;
	int read_error;
	bool end_of_file;
	bool started;
	struct cxl_ioctl_start_work work;
	__u64 format;
	unsigned int pe_asked;
	unsigned int reads;
	int memory;
	struct cxl_afu_id id;
};

extern struct fake_device fake_device;

/* This descriptor is the device's too, as an AFU driver gives it. */
void fake_adopt(int fd);

/* Bytes that one read gives, together with those before them if they fit */
void fake_queue_bytes(const void *bytes, size_t size);

/* An event with a payload, stamped if the program asked for it */
void fake_queue_event(__u16 type, const void *payload, size_t size);
void fake_queue_irq(__u16 irq);

/* The problem state area, as the card sees it */
void *fake_memory(void);

/* The area ends here: behind it are bus errors. */
void fake_cut_memory(size_t size);

/* Open descriptors of this process */
int fake_open_fds(void);

#endif
