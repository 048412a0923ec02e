/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tools have in common.
 *
 *	error.c		messages, clean-up, the end
 *	options.c	options and numbers of the command line
 *	signals.c	signals that wait until they can be handled
 *	json.c		JSON for programs
 *	text.c		text that is safe to print
 *	file.c		small files, the time
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

/* So this header comes first everywhere. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <json-c/json.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* The same in all tools */
#define EXIT_USAGE	2

/* error.c */

/* What stands before each message; every tool defines its own. */
extern const char *const tool_name;

/*
 * Print a message to standard error, run what at_end() was given, and exit. The
 * message is one line of text, or after errors_as_json() an object:
 *
 *	{"error":"card7: there is no such card","status":3}
 */
void die(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* The same, with the meaning of errno behind it; an object has its name, too. */
void die_errno(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* Only print it: what forked may not clean up. */
void print_errno(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void errors_as_json(void);

/* What runs before the end, however it comes: each once, the last one first */
void at_end(void (*run)(void));
void clean_up(void);

/* What cannot be written is a failure like any other. */
void flush_output(void);

/* options.c */

/*
 * errors_as_json() if @option, or the short one, is among the arguments before
 * "--": what is wrong with the others is then reported that way, too.
 */
void look_for_json(int argc, char **argv, const char *short_option);

/* getopt_long(), but what is wrong goes to die() */
int next_long_option(int argc, char **argv, const char *short_options,
		     const struct option *options);

/* A number, decimal or hexadecimal with 0x, up to @max; @what names it. */
unsigned long long parse_number(const char *what, const char *text,
				unsigned long long max);
/* Seconds, maybe with a fraction, as nanoseconds. */
uint64_t parse_seconds(const char *what, const char *text);

/* signals.c */

/*
 * From now on signals that end programs wait: signals_fd() becomes readable.
 * Those that the parent ignored, as nohup does, stay ignored. SIGPIPE is ignored
 * now: write() fails instead. With @child, SIGCHLD waits, too, whatever the
 * parent did with it.
 */
void signals_defer(bool child);
int signals_fd(void);

/* One that came: its number, or 0. @typed: the terminal's whole group got it. */
int signals_take(bool *typed);

/* As they were before, for a program to execute */
void signals_restore(void);

/* Exit so that the parent sees a program that was ended by this signal. */
void end_by_signal(int number) __attribute__((noreturn));

/* json.c */

void add_bool(struct json_object *object, const char *key, bool value);
void add_int(struct json_object *object, const char *key, int64_t value);
void add_uint(struct json_object *object, const char *key, uint64_t value);
/* Addresses and the like, as "0x...": many readers of JSON have 53 bits only. */
void add_hex(struct json_object *object, const char *key, uint64_t value);
/* What is not valid UTF-8 becomes U+FFFD. */
void add_string(struct json_object *object, const char *key,
		const char *value);
struct json_object *json_string(const char *value);
/* As one line, which belongs to the object */
const char *json_line(struct json_object *object);
/* The same, printed; the object is freed. */
void put_json(struct json_object *object);
/* As an indented text; the object is freed. */
void put_json_pretty(struct json_object *object);

/* text.c */

/* Bytes of the character that @text begins with, 0 if it is not valid UTF-8 */
size_t utf8_length(const char *text);
/*
 * Anybody chooses the names of his files and processes: what is not valid UTF-8,
 * or what a terminal obeys, becomes a '?'. @keep may stay, too.
 */
void make_printable(char *text, char keep);

/* file.c */

/*
 * Read a small text file without its last newline. Returns its length, or -1
 * with errno.
 */
ssize_t read_text(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Write a small text file, with one write(). Returns 0, or -1 with errno. */
int write_text(const char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t now_ns(void);		/* CLOCK_MONOTONIC */

#endif
