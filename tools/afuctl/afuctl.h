/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afuctl: see and manage coherent accelerators.
 *
 *	../afuctl.c	the commands, and what they share
 *	list.c info.c	cards, AFUs, contexts
 *	state.c		what software cards are doing
 *	mode.c reset.c	change them
 *	monitor.c	events, as they arrive: of one context, our own or an
 *			inherited one (own.c), or of all contexts (trace.c)
 *	top.c		counters of all contexts; screen.c draws them
 *	inject.c sim.c	software cards: make things happen to them, create them
 *	contexts.c	find out which contexts exist
 *	names.c		find the card or AFU that the user typed
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
	EXIT_BUSY = 4,		/* it is in use */
	EXIT_TIMEOUT = 5,	/* it did not happen in time */
	EXIT_GONE = 6,		/* the AFU was taken away meanwhile */
};

/**
 * struct command - a command of afuctl
 * @name: what the user types
 * @synopsis: options and arguments, for the help
 * @summary: what it does, in a few words
 * @help: the rest of the help, in whole lines
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

/* The exit status for an errno of the kernel */
int exit_code_of(int error);
/* The kernel refused, and errno says why. */
#define die_refused(...)	die_errno(exit_code_of(errno), __VA_ARGS__)
/* For EACCES and EPERM: says "only root can ..." to others than root. */
void die_not_permitted(const char *target, const char *what)
	__attribute__((noreturn));

/* process.c */

/* Run a program of the user's, with the original signals. */
void command_start(char **argv);
/* Readable when it has ended; -1 if there is none. */
int command_fd(void);
/* Pass signals on to it until it ends. Returns its status as a shell does. */
int command_end(void);

/* afuctl.c */

/* --json was given: print for programs. */
extern bool json;

/*
 * getopt_long() that handles --help, notes --json, and exits on an error. Each
 * command has these two: @options ends with COMMON_OPTIONS.
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
/* Parse "afu0.0", "afu0.0s" or "/dev/cxl/afu0.0s". */
bool afu_parse(const char *text, struct afu_name *name);

/* Exit if there is no such card or AFU. The caller frees the result. */
struct cxl_adapter_h *card_find(const char *text);
struct cxl_afu_h *afu_find(const char *text, struct afu_name *name);
/* Exit if the driver is not loaded. */
void need_driver(void);
/* Exit without access to debugfs; @what is what it is needed for. */
void need_debugfs(const char *what);
/* The folder of a software card's AFU. Returns false if it is none. */
bool software_folder(const struct afu_name *name, char *path, size_t size);

const char *mode_word(long mode);
/* The folder in which a software card was created, or NULL if it is none */
const char *software_name(int card);
/* The same, for printing */
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
 * @kind: master or slave; empty if only its owner reports it
 * @counters: of its events
 * @processes: how many have it open; 0 if it is a driver's or not visible to us
 * @pid: the first of them
 * @last_pid: the one counted last, since a process may have it open twice
 * @comm: name of the first process
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
 * struct contexts - all contexts, sorted by card, AFU and process element
 * @count: their number
 * @list: array of them
 */
struct contexts {
	size_t count;
	struct context *list;
};

/* debugfs tells root everything; others see only processes they may look at. */
void contexts_read(struct contexts *contexts);
void contexts_free(struct contexts *contexts);
struct json_object *context_json(const struct context *context);
/* "afu-cp[123]", "afu-cp[123] and 1 more", "(kernel)" */
void context_owner(const struct context *context, char *buf, size_t size);

/* monitor.c */

/**
 * struct monitor - how to print events
 * @colour: use colours
 * @verbose: also print what happens below the events
 * @left: events left to print, or -1
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
 * @size: bytes of the payload
 * @json: the rest, for programs; ownership is passed on
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
 * Wait for @fd. Returns false if it is time to end: after a signal, the
 * deadline, or enough events.
 */
bool monitor_wait(const struct monitor *monitor, int fd);

/* own.c */

/* Print the events of a context. Exits if the AFU goes away. */
void watch_own(struct monitor *monitor, struct cxl_afu_h *afu);
/* Start a new context of an AFU. */
struct cxl_afu_h *attach_own(const char *name, const char *wed,
			     const char *irqs);
/* Use an inherited descriptor. */
struct cxl_afu_h *take_over(const char *fd);

/* trace.c */

/*
 * Print what the driver's tracepoints report about all contexts; if @command is
 * not NULL, as long as it runs.
 */
void watch_all(struct monitor *monitor, char **command);

/* top.c */

/* A context, and what has changed since the last update */
struct top_line {
	struct context context;
	uint64_t posted_per_second;
	uint64_t delivered_per_second;
};

#define TOP_WIDTH	160

/* The names of the columns, and their contents */
void top_header(char *buf, size_t size);
void top_format(const struct top_line *line, char *buf, size_t size);

/* screen.c */

void screen_open(void);
/* Wait up to @ms. Returns false if the user wants to quit. */
bool screen_show(const struct top_line *lines, size_t count, int ms);

#endif
