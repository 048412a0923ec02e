/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake /sys and /dev for the tests of the library: a folder with what sysfs
 * shows of cards, and device nodes that answer like the driver.
 *
 * The nodes are links to devices that every machine has, so no privilege is
 * needed. The linker's --wrap redirects the library's system calls on them.
 */
#ifndef _TESTS_HOST_FAKE_H
#define _TESTS_HOST_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <misc/cxl.h>

#define FAKE_MMIO_SIZE		0x4000		/* of a process */
#define FAKE_PSA_SIZE		0x10000		/* seen by a master */
#define FAKE_PE			7		/* of the first context */

/* The files */

/* Start with an empty class, and tell the library where it is. */
void fake_start(void);

/* The folder that has sys and dev in it */
const char *fake_root(void);

/* Add cardN with all attributes, below a PCI device. */
void fake_add_card(int card);

/* Add afuN.M with all attributes, in directed mode with the nodes m and s. */
void fake_add_afu(int card, int slot);

/* Start with one AFU on one card, and let the library find it; require. */
void fake_start_with_one(void);
struct cxl_afu_h *fake_the_afu(void);
struct cxl_adapter_h *fake_the_card(void);

/* Add the node afuN.M<view>; at most FAKE_NODES in all. */
#define FAKE_NODES	5
void fake_add_node(int card, int slot, char view);

/* Write a file, or empty it if @text is NULL; its path is below fake_root(). */
__attribute__((format(printf, 2, 3)))
void fake_write(const char *text, const char *fmt, ...);

/* Read a file. */
__attribute__((format(printf, 3, 4)))
void fake_read(char *text, size_t size, const char *fmt, ...);

__attribute__((format(printf, 2, 3)))
void fake_symlink(const char *target, const char *fmt, ...);

/* Delete a file, or a folder with all its contents. */
__attribute__((format(printf, 1, 2)))
void fake_delete(const char *fmt, ...);

/* An absolute path; valid until the fourth call after it */
__attribute__((format(printf, 1, 2)))
char *fake_path(const char *fmt, ...);

/* The device, the same for all nodes */

/**
 * struct fake_device - state that the next system calls find
 * @link_down: all of them fail with EIO
 * @closed: the context is closed: EIO, for reads after the last event
 * @no_afu_id: an old driver: GET_AFU_ID fails with EINVAL
 * @no_format: API version 3: EVENT_FORMAT fails with EINVAL
 * @start_error: errno of START_WORK, 0 for success
 * @no_nowait: an old driver: preadv2() with RWF_NOWAIT fails with EOPNOTSUPP
 * @others_read: another process reads events after poll(), before this one does
 * @read_error: errno of the next read
 * @end_of_file: reads return 0 bytes
 * @started: START_WORK was called
 * @work: its argument
 * @format: flags of the last EVENT_FORMAT
 * @pe_asked: number of calls of GET_PROCESS_ELEMENT
 * @reads: number of calls of read() and preadv2()
 * @memory: descriptor of a file with the problem state area
 * @id: result of GET_AFU_ID
 */
struct fake_device {
	bool link_down;
	bool closed;
	bool no_afu_id;
	bool no_format;
	bool no_nowait;
	bool others_read;
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

/* Make a descriptor the device's, too, as if an AFU driver had made it. */
void fake_adopt(int fd);

/* Queue bytes for one read, which also gets those before them if they fit. */
void fake_queue_bytes(const void *bytes, size_t size);

/* Queue an event with a payload, stamped if the program asked for stamps. */
void fake_queue_event(__u16 type, const void *payload, size_t size);
void fake_queue_irq(__u16 irq);

/* The problem state area as the card sees it */
void *fake_memory(void);

/* End the area here: accesses beyond it become bus errors. */
void fake_cut_memory(size_t size);

/* The number of open descriptors of this process */
int fake_open_fds(void);

#endif
