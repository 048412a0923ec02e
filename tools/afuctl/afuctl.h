/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afuctl: see and manage coherent accelerators.
 *
 *	../afuctl.c	the commands, and what they have in common
 *	list.c info.c	cards, AFUs, contexts
 *	state.c		what software cards are doing
 *	mode.c reset.c	change them
 *	monitor.c	events, as they arrive: of a context of our own or one that
 *			was handed over (own.c), or of all contexts (trace.c)
 *	top.c		counters of all contexts: screen.c draws them
 *	inject.c sim.c	software cards: what can happen to them, make them
 *	contexts.c	find out which contexts there are
 *	names.c		from what the user typed to a card or an AFU
 *	process.c	the program to watch
 *	errors.c	exit statuses
 *
 * ../common/ has what all tools need.
 */
#ifndef AFUCTL_H
#define AFUCTL_H

/* First, for what it defines */
#include "../common/common.h"

#include <errno.h>

#include <libcxl.h>

#define AFUCTL_VERSION	"1.0"

#define CLASS_DIR	"/sys/class/cxl"
#define DEBUGFS_DIR	"/sys/kernel/debug/cxl-afu"
#define NODE_DIR	"/dev/cxl"
#define CONFIGFS_DIR	"/sys/kernel/config/cxl-sim"

#define NAME_SIZE	32	/* of a card, an AFU or a node */
#define PATH_SIZE	128	/* of a file in a folder of these */

enum exit_code {
	EXIT_FAILED = 1,	/* the kernel refused, for the reason printed */
	/* EXIT_USAGE = 2 */
	EXIT_ABSENT = 3,	/* no such card, AFU, context; driver not loaded */
	EXIT_BUSY = 4,		/* somebody uses it */
	EXIT_TIMEOUT = 5,	/* what was waited for did not happen in time */
	EXIT_GONE = 6,		/* the AFU was taken away meanwhile */
};

/**
 * struct command - one of afuctl's commands
 * @name: what the user types
 * @synopsis: options and arguments, for the help
 * @summary: what it does, in a few words
 * @help: the rest of the help: whole lines
 * @run: does it; argv[0] is the program's name. Returns an exit status
 */
struct command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern const struct command list_command, info_command, monitor_command,
	top_command, state_command, mode_command, reset_command, inject_command,
	create_command, destroy_command;

/* errors.c */

/* Which status the errno of a refusal is */
int exit_code_of(int error);
/* The kernel refused, and errno says why. */
#define die_refused(...)	die_errno(exit_code_of(errno), __VA_ARGS__)
/* For EACCES and EPERM: "only root can ..." is true for others than root. */
void die_not_permitted(const char *target, const char *what)
	__attribute__((noreturn));

/* process.c */

/* A program of the user's, with the signals as they were. */
void command_start(char **argv);
/* Pass signals on to it until it ends. Returns its status as a shell does. */
int command_end(void);

/* afuctl.c */

/* --json was given: what is printed is for programs. */
extern bool json;

/*
 * getopt_long() that answers --help, notes --json, and ends the program for what
 * is wrong. Each command has these two: @options ends with COMMON_OPTIONS.
 */
int next_option(const struct command *command, int argc, char **argv,
		const char *short_options, const struct option *options);
#define COMMON_OPTIONS				\
	{ "help", no_argument, NULL, 'h' },	\
	{ "json", no_argument, NULL, 'j' },	\
	{ NULL }

void wrong_usage(const struct command *command, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* Take exactly @count arguments. */
void need_arguments(const struct command *command, int argc, int count);

/* names.c */

struct afu_name {
	int card;
	int slot;
	char view;	/* 'd', 'm', 's', or 0 for the AFU itself */
};

/* N of "cardN", or -1 */
int card_number(const char *text);
/* Of "afu0.0", "afu0.0s", "/dev/cxl/afu0.0s" */
bool afu_parse(const char *text, struct afu_name *name);

/* End the program where there is no such card or AFU. To be freed. */
struct cxl_adapter_h *card_find(const char *text);
struct cxl_afu_h *afu_find(const char *text, struct afu_name *name);
/* End the program if the driver is not there at all. */
void need_driver(void);
/* The same for debugfs; @what is wanted of it. */
void need_debugfs(const char *what);
/* Where an AFU of a software card has its files. Returns false: it is none. */
bool software_folder(const struct afu_name *name, char *path, size_t size);

const char *mode_word(long mode);
/* Of the folder in which the software card was made. Returns NULL: none. */
const char *software_name(int card);
/* The same, to be printed */
const char *software_label(int card);

/* contexts.c */

enum counter {
	POSTED,
	DELIVERED,
	RETURNED,
	REJECTED,
	COALESCED,
	LOST,
	PENDING,
	COUNTERS
};

extern const char *const counter_names[COUNTERS];

/**
 * struct context - one context of an AFU
 * @card: N of cardN
 * @slot: M of afuN.M
 * @pe: process element
 * @state: opened, started or closed
 * @kind: master or slave; empty if only its owner tells about it
 * @counters: of its events
 * @processes: how many have it open; 0: a driver's own, or not ours to see
 * @pid: the first of them
 * @last_pid: the one counted last: a process may have it open twice
 * @comm: name of the first
 */
struct context {
	int card;
	int slot;
	int pe;
	char state[16];
	char kind[16];
	uint64_t counters[COUNTERS];
	unsigned int processes;
	pid_t pid;
	pid_t last_pid;
	char comm[32];
};

/**
 * struct contexts - those there are, by card, AFU and process element
 * @count: how many
 * @list: of them
 */
struct contexts {
	size_t count;
	struct context *list;
};

/* debugfs tells all to root; others learn of the processes they may look at. */
void contexts_read(struct contexts *contexts);
void contexts_free(struct contexts *contexts);
struct json_object *context_json(const struct context *context);
/* "afu-cp[123]", "afu-cp[123] and 1 more", "(kernel)" */
void context_owner(const struct context *context, char *buf, size_t size);

/* monitor.c */

/**
 * struct monitor - how to print events
 * @colour: on a terminal
 * @verbose: what happens below the events, too
 * @left: events to go, or -1
 * @deadline: CLOCK_MONOTONIC in ns, or 0
 */
struct monitor {
	bool colour;
	bool verbose;
	long long left;
	uint64_t deadline;
};

/**
 * struct line - one line of the monitor
 * @time: CLOCK_MONOTONIC in ns
 * @afu: name
 * @pe: process element
 * @what: what happened, as a word
 * @details: the rest, for people
 * @data: payload, or NULL
 * @size: of it
 * @json: the rest, for programs; given away
 */
struct line {
	uint64_t time;
	const char *afu;
	int pe;
	const char *what;
	const char *details;
	const void *data;
	size_t size;
	struct json_object *json;
};

void monitor_line(struct monitor *monitor, const struct line *line);
/*
 * Wait for @fd. Returns false when it is time to end: by a signal, the
 * deadline, or enough events.
 */
bool monitor_wait(const struct monitor *monitor, int fd);

/* own.c */

/* Print the events of a context. Ends the program if the AFU goes away. */
void watch_own(struct monitor *monitor, struct cxl_afu_h *afu);
/* A new context of an AFU. */
struct cxl_afu_h *attach_own(const char *name, const char *wed,
			     const char *irqs);
/* One that somebody handed over. */
struct cxl_afu_h *take_over(const char *fd);

/* trace.c */

/*
 * Print what the tracepoints of the driver tell about all contexts; while
 * @command runs, if it is not NULL.
 */
void watch_all(struct monitor *monitor, char **command);

/* top.c */

/* One context, and what changed since the last time */
struct top_line {
	struct context context;
	uint64_t posted_per_second;
	uint64_t delivered_per_second;
};

#define TOP_WIDTH	160

/* The names of the columns, and what stands in them */
void top_header(char *buf, size_t size);
void top_format(const struct top_line *line, char *buf, size_t size);

/* screen.c */

void screen_open(void);
/* Returns false if the user wants to end it. Waits up to @ms. */
bool screen_show(const struct top_line *lines, size_t count, int ms);

#endif
