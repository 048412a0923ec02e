/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AFU of examples/rtl, in Verilog, as the AFU of a card, and programs that let
 * it copy memory.
 *
 *	pid_t pid = rtl_card_make(NULL, NULL);
 *	struct transfer t;
 *
 *	transfer_make(&t, RTL_SHORT);
 *	transfer_start(&t);
 *	check_copied(&t);
 *	transfer_free(&t);
 *	kill_and_wait(pid);
 *
 * Functions without a result end the test if they fail.
 */
#ifndef _TESTS_LIB_RTL_TEST_H
#define _TESTS_LIB_RTL_TEST_H

#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#include "sim_test.h"
#include "../../examples/rtl/copycrc.h"

/* Bytes to copy: one takes a moment, the other long enough to have a middle. */
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
 * @work: the AFU's work descriptor
 */
struct transfer {
	int fd;
	unsigned char *source;
	unsigned char *destination;
	size_t length;
	struct copycrc_descriptor *work;
};

/*
 * Start the simulator; the arguments are for libpsl, see <psl_card.h>, or NULL.
 * Skips the test if there is no simulator.
 */
pid_t rtl_start(const char *first, const char *second);
/* The same, and make a card for it. */
pid_t rtl_card_make(const char *first, const char *second);
/* Wait for its end; returns its status, or -1 if it does not end soon. */
int rtl_end_status(pid_t pid);

void *fresh_memory(size_t length);

void transfer_make(struct transfer *t, size_t length);
/* Attach to the card as soon as the simulator is there. */
void transfer_attach(int fd, __u64 wed);
void transfer_start(struct transfer *t);
__u64 transfer_status(const struct transfer *t);
/* Wait for its end; returns the status, or 0 if there is none soon. */
__u64 transfer_wait(struct transfer *t);
/* Wait until the AFU has copied a part, but is not done. */
void transfer_wait_for_middle(const struct transfer *t);
void transfer_free(struct transfer *t);

/* Check that it ends well, with an interrupt, and that all was done as asked. */
void check_copied(struct transfer *t);
/* Check that a whole transfer works, after something has gone wrong. */
void check_works(void);

#endif
