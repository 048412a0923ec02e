/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afuctl: see and manage coherent accelerators.
 *
 *	../afuctl.c	the commands, and what they have in common
 *	list.c info.c	cards, AFUs, contexts
 *	mode.c reset.c	change them
 *	monitor.c	events, as they arrive: of a context of our own or one that
 *			was handed over (own.c), or of all contexts (trace.c)
 *	top.c		counters of all contexts: screen.c draws them
 *	inject.c sim.c	software cards: what can happen to them, make them
 *	contexts.c	find out which contexts there are
 *	names.c		from what the user typed to a card or an AFU
 *	process.c	signals, the program to watch
 *	util.c		errors, numbers, small files, JSON
 */
#ifndef AFUCTL_H
#define AFUCTL_H

/* So this header comes first everywhere. */
#define _GNU_SOURCE

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <json-c/json.h>
#include <libcxl.h>

#define AFUCTL_VERSION	"1.0"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define CLASS_DIR	"/sys/class/cxl"
#define DEBUGFS_DIR	"/sys/kernel/debug/cxl-afu"
#define NODE_DIR	"/dev/cxl"

enum exit_code {
	EXIT_FAILED = 1,	/* the kernel refused, for the reason printed */
	EXIT_USAGE = 2,
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
	top_command, mode_command, reset_command, inject_command,
	create_command, destroy_command;

/* util.c */

/* Print "afuctl: ..." and exit. */
void die(enum exit_code code, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* The same, with the meaning of errno behind it, which also says the status. */
void die_errno(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* What runs before the end, however it comes; one at a time. */
void at_end(void (*clean_up)(void));

/* A number, decimal or hexadecimal with 0x, up to @max; @what names it. */
unsigned long long parse_number(const char *what, const char *text,
				unsigned long long max);
/* Seconds, maybe with a fraction, as nanoseconds. */
uint64_t parse_seconds(const char *what, const char *text);

/*
 * Read a small text file without its last newline. Returns -1 and errno where
 * that is not possible.
 */
ssize_t read_text(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Write a small text file, with one write(). Returns -1 and errno. */
int write_text(const char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * Anybody chooses the names of his processes: what is no character in UTF-8, or
 * what a terminal obeys, becomes a '?'. @keep may stay, too.
 */
void make_printable(char *text, char keep);

uint64_t now_ns(void);		/* CLOCK_MONOTONIC */

/* What cannot be written is a failure. */
void flush_output(void);

void add_int(struct json_object *object, const char *key, int64_t value);
void add_uint(struct json_object *object, const char *key, uint64_t value);
void add_string(struct json_object *object, const char *key,
		const char *value);
/* As one line; the object is freed. */
void put_json(struct json_object *object);
/* As an indented text; the object is freed. */
void put_json_pretty(struct json_object *object);

/* process.c */

/*
 * From now on signals that end programs, and the end of a child, wait, and make
 * stop_fd() readable.
 */
void stop_on_signals(void);
int stop_fd(void);

/* A program of the user's, with the signals as they were. */
void command_start(char **argv);
/* Pass signals on to it until it ends. Returns its status as a shell does. */
int command_end(void);

/* afuctl.c */

struct option;
/*
 * getopt_long() that answers --help and ends the program for what is wrong.
 * Each command has --help; @options ends with OPTION_HELP and a NULL.
 */
int next_option(const struct command *command, int argc, char **argv,
		const char *short_options, const struct option *options);
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }
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
 * @json: an object in a line for each
 * @colour: on a terminal
 * @verbose: what happens below the events, too
 * @left: events to go, or -1
 * @deadline: CLOCK_MONOTONIC in ns, or 0
 */
struct monitor {
	bool json;
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
