/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software cards for one test each, and what can be done to them.
 *
 *	struct sim_card card;
 *
 *	sim_card_make(&card, "afu0/num_procs", "4", NULL);
 *	fd = node_open_ok(card.slave);
 *	sim_card_set_live(&card, false);
 *
 * A test that makes cards names sim_cards_remove() as its cleanup function.
 * Functions without a result end the test when they fail.
 */
#ifndef _TESTS_LIB_SIM_TEST_H
#define _TESTS_LIB_SIM_TEST_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

#define SIM_CONFIG	"/sys/kernel/config/cxl-sim"

/**
 * struct sim_card - a card made by configfs
 * @name: its folder
 * @num: N of cardN
 * @pci: name of its PCI device
 * @master: name of the first AFU's master node
 * @slave: likewise
 * @dedicated: likewise
 */
struct sim_card {
	char name[32];
	int num;
	char pci[32];
	char master[16];
	char slave[16];
	char dedicated[16];
};

/*
 * Make a card. Pairs of attribute and value follow, ended by NULL; "afuM/..."
 * are those of an AFU, which this makes. There is always an AFU 0. AFUs get no
 * configuration record unless asked for, so no driver takes a context.
 */
void sim_card_make(struct sim_card *card, ...) __attribute__((sentinel));
/* Make it disappear, or appear again (maybe with another number). */
void sim_card_set_live(struct sim_card *card, bool live);
/* Unbind the driver from the card's PCI device, or bind it again. */
void sim_card_set_bound(struct sim_card *card, bool bound);
/* Reset the card by sysfs, in spite of those who use it. */
void sim_card_force_reset(struct sim_card *card);
/* Does the card's AFU run as a program, for a test of what only the kernel's can? */
bool sim_models_are_programs(void);
/* Start a program that is the AFU of @node, and wait until it is; require. */
pid_t sim_program_start(const char *program, const char *node);
/* All that this made; never fails. */
void sim_cards_remove(void);
/* Number of contexts of AFU 0 that sleep until their doorbell rings; require. */
unsigned int sim_sleepers(int card);

/*
 * Injection, by the number of the card; process elements are of its AFU 0.
 * 0 or -1 and errno.
 */
int sim_inject_irq(int card, int pe, unsigned int irq);
int sim_inject_fault(int card, int pe, __u64 addr, __u64 dsisr);
int sim_inject_error(int card, int pe, __u64 error);
/* "up" or "down" */
int sim_set_link(int card, const char *link);
/* PCI error recovery: "frozen" or "perm_failure" */
int sim_recovery(int card, const char *error);
/* Surprise removal; sim_card_set_live() off and on brings it back. */
int sim_unplug(int card);
/* Microseconds that each work element is delayed */
int sim_set_delay(int card, unsigned int us);

#endif
