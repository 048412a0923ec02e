/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated AFU behind the driver: afu-psl, a simulator at the other end of a
 * socket, and programs that attach. The AFU plays scripts from their memory
 * (script.h). Functions without a result end the test when they fail.
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

/* The two programs, 0 if they are not running, and the node of the card's slaves */
extern pid_t simulator, afu_psl;
extern char node[32];

/* Start a program whose standard output is @out, unless that is negative. */
pid_t start_child(const char *const *argv, int out);
/* A simulator, and where it waits. Skips the test by a kernel without network. */
void start_simulator(const char *program, char *address, size_t size);
/* A card is made, and its AFU is @program; @option is one more of afu-psl, or NULL. */
void start_both(const char *program, const char *option);
/* The same with the AFU that plays scripts */
void start_with(const char *option);
void start(void);
/* afu-psl ends well, and its card is gone. */
void stop(void);
/* Kill it if it is running, and collect it. */
void end_child(pid_t *pid, int signal);
/* Of each test, however it ended */
void cleanup(void);

/* The first line of a file, or "" */
void read_line(const char *path, char *text, int size);

/* A context whose WED is @script, once the AFU is there */
struct cxl_afu_h *attach(struct script_entry *script);
/* And its registers are mapped. */
struct cxl_afu_h *attach_and_map(struct script_entry *script);

/* Fresh memory */
void *map(size_t size);
struct script_entry *new_script(void);

/* What a script says: @e is set to a command, a copy of lines, or the end. */
struct script_entry *add(struct script_entry *e, uint16_t code, const void *ea,
			 uint16_t size);
void add_copy(struct script_entry *e, const void *from, void *to,
	      uint32_t lines);
void add_end(struct script_entry *e);
/* Has the AFU done it? */
bool is_done(const struct script_entry *e);

/* The next event is of @type, or the interrupt that a script ends with. */
void check_event(struct cxl_afu_h *afu, int type);
void check_script_ends(struct cxl_afu_h *afu);

void pattern(uint8_t *p, size_t size);
/* Wait for the first byte that the AFU copies. */
void wait_for_first(const uint8_t *to);

/* The AFU works for a program that attaches now. */
void check_serves(void);
/*
 * A program that copies for long; its first line has arrived. With @wait_for_error
 * its exit status is 0 if it gets an AFU error event.
 */
pid_t start_client(bool wait_for_error);

#define TEST(subject, name) { #subject "." #name, name, cleanup, 60 }

#endif
