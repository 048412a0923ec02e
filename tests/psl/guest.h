/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated AFU behind the driver: afu-psl, a simulator at the other end of a
 * socket, and programs that attach. The AFU plays scripts from their memory
 * (script.h). Functions without a result end the test if they fail.
 */
#ifndef _TESTS_PSL_GUEST_H
#define _TESTS_PSL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libcxl.h>

#include "script.h"
#include "lib/sim_test.h"

#define CARD		"psl"
#define FOLDER		SIM_CONFIG "/" CARD
#define SIMULATOR	"/tests/lib/psl-simulator"
#define RTL_SIMULATOR	"/tests/lib/rtl-simulator"

/* The two programs (0 if not running), and the node of the card's slave contexts */
extern pid_t simulator, afu_psl;
extern char node[32];

/* Start a program whose standard output is @out, unless that is negative. */
pid_t start_child(const char *const *argv, int out);
/* Start a simulator and set @address; skips the test if there is no network. */
void start_simulator(const char *program, char *address, size_t size);
/* Make a card with the AFU @program; @option: another option of afu-psl, or NULL */
void start_both(const char *program, const char *option);
/* The same, with the AFU that plays scripts */
void start_with(const char *option);
void start(void);
/* Stop afu-psl: it ends well, and its card is gone. */
void stop_by(int signal);
void stop(void);
/* Kill it if it is running, and wait for its end. */
void end_child(pid_t *pid, int signal);
/* To be called after each test, however it ended */
void cleanup(void);

/* The first line of a file, or "" */
void read_line(const char *path, char *text, int size);

/* Attach a context whose WED is @script, once the AFU is there. */
struct cxl_afu_h *attach(struct script_entry *script);
/* The same, and map its registers. */
struct cxl_afu_h *attach_and_map(struct script_entry *script);

/* Fresh memory */
void *map(size_t size);
struct script_entry *new_script(void);

/* Write a script: set @e to a command, a copy of lines, or the end. */
struct script_entry *add(struct script_entry *e, uint16_t code, const void *ea,
			 uint16_t size);
void add_copy(struct script_entry *e, const void *from, void *to,
	      uint32_t lines);
void add_end(struct script_entry *e);
/* Has the AFU done the entry? */
bool is_done(const struct script_entry *e);

/* Check the next event: of @type, or the interrupt at the end of a script. */
void check_event(struct cxl_afu_h *afu, int type);
void check_script_ends(struct cxl_afu_h *afu);

void pattern(uint8_t *p, size_t size);
/* Wait for the first byte that the AFU copies. */
void wait_for_first(const uint8_t *to);

/* Check that the AFU works for a program that attaches now. */
void check_serves(void);
/*
 * Start a program that copies for a long time, and wait for its first line. With
 * @wait_for_error its exit status is 0 if it gets an AFU error event.
 */
pid_t start_client(bool wait_for_error);

#define TEST(subject, name) { #subject "." #name, name, cleanup, 60 }

#endif
