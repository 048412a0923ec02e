/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AFU of examples/rtl, in Verilog, as the AFU of a card, and programs that have
 * memory copied by it.
 *
 *	pid_t pid = rtl_card_make(NULL, NULL);
 *	struct transfer t;
 *
 *	transfer_make(&t, RTL_SHORT);
 *	transfer_start(&t);
 *	check_copied(&t);
 *	transfer_free(&t);
 *	rtl_kill(pid);
 *
 * Functions without a result end the test when they fail.
 */
#ifndef _TESTS_LIB_RTL_TEST_H
#define _TESTS_LIB_RTL_TEST_H

#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#include "sim_test.h"
#include "../../examples/rtl/copycrc.h"

/* Bytes to copy: takes a moment; and so long that there is a middle */
#define RTL_SHORT	(256 * 1024)
#define RTL_LONG	(2 * 1024 * 1024)

/* The card that rtl_card_make() has made */
extern struct sim_card rtl_card;

/**
 * struct transfer - a context that copies
 * @fd: the open node
 * @source: memory with data
 * @destination: fresh memory
 * @length: bytes of both
 * @work: what the AFU is told
 */
struct transfer {
	int fd;
	unsigned char *source;
	unsigned char *destination;
	size_t length;
	struct copycrc_descriptor *work;
};

/*
 * The simulator; arguments are libpsl's, see <psl_card.h>, or NULL. The test is
 * skipped if there is none.
 */
pid_t rtl_start(const char *first, const char *second);
/* The same, and a card for it */
pid_t rtl_card_make(const char *first, const char *second);
/* Wait for its end: its status, or -1 if there is none soon. */
int rtl_end_status(pid_t pid);
void rtl_kill(pid_t pid);

void *fresh_memory(size_t length);

void transfer_make(struct transfer *t, size_t length);
/* Attach to the card, as soon as the simulator is there. */
void transfer_attach(int fd, __u64 wed);
void transfer_start(struct transfer *t);
__u64 transfer_status(const struct transfer *t);
/* Wait for its end: the status, or 0 if there is none soon. */
__u64 transfer_wait(struct transfer *t);
/* Wait until the AFU has copied a part, and is not done. */
void transfer_wait_for_middle(const struct transfer *t);
void transfer_free(struct transfer *t);

/* It ends well, with an interrupt, and all is as it was told. */
void check_copied(struct transfer *t);
/* All of it once more, now that something has gone wrong before. */
void check_works(void);

#endif
