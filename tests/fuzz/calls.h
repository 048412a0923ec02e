/* SPDX-License-Identifier: GPL-2.0-only */
/* What the calls of a program work on; each process has its own. */
#ifndef _TESTS_FUZZ_CALLS_H
#define _TESTS_FUZZ_CALLS_H

#include <setjmp.h>
#include <signal.h>

#include "fuzz.h"
#include "lib/cxl_test.h"

#define FILES		6
#define MAPS		4
#define QUEUES		3
#define QUEUE_ELEMENTS	16
#define AREA		(64 << 10)

/**
 * struct map - a mapping of a file
 * @at: its address, or NULL
 * @size: in bytes
 */
struct map {
	char *at;
	size_t size;
};

extern int fd[FILES];
extern struct map map[MAPS];
extern struct work_element *queue[QUEUES];

/* Memory that is there, cannot be written, cannot be touched, and so on */
extern char *area, *read_only, *nothing, *file_map, *shared;

/* Where to continue after a signal for a bad access, while that is allowed */
extern volatile sig_atomic_t can_jump;
extern sigjmp_buf jump;

/* calls.c */
__u8 calls_op(void (*run)(const struct call *c));
void do_open_and_start(const struct call *c);
void do_mmio(const struct call *c);
void do_mmap(const struct call *c);
void do_memory(const struct call *c);

/* work.c */
__u64 address(__u8 what, __u8 offset);
__u64 work_descriptor(__u8 what, __u8 depth);
void do_element(const struct call *c);
void do_elements(const struct call *c);
void do_scribble(const struct call *c);
void do_copy(const struct call *c);

/* model.c */
void do_model(const struct call *c);
void do_model_read(const struct call *c);
void do_model_request(const struct call *c);
void do_model_ioctl(const struct call *c);
void do_context(const struct call *c);

#endif
