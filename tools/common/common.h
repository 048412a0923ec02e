/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tools.
 *
 *	error.c		messages, clean-up, the end
 *	options.c	options and numbers of the command line
 *	signals.c	signals that wait until they can be handled
 *	json.c		JSON for programs
 *	text.c		text that is safe to print
 *	file.c		standard and small files, the time
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

/* This header must come first everywhere, because of these. */
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

/* Precedes each message; every tool defines its own. */
extern const char *const tool_name;

/*
 * Print a message to standard error, call what at_end() was given, and exit.
 * The message is a line of text or, after errors_as_json(), an object:
 *
 *	{"error":"card7: there is no such card","status":3}
 */
void die(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* The same, followed by the meaning of errno; an object has its name, too. */
void die_errno(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* Only print the message: a forked child must not clean up. */
void print_errno(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void errors_as_json(void);

/* Call @run before the program ends, however it ends; the last one first. */
void at_end(void (*run)(void));
void clean_up(void);

/* Output that cannot be written is a failure like any other. */
void flush_output(void);
/* For --help and --version */
void print_and_exit(const char *text) __attribute__((noreturn));

/* options.c */

/*
 * Call errors_as_json() if @option, or its short form, is among the arguments
 * before "--": errors in the other arguments are then reported that way, too.
 */
void look_for_json(int argc, char **argv, const char *short_option);

/* getopt_long(), but errors go to die() */
int next_long_option(int argc, char **argv, const char *short_options,
		     const struct option *options);

/* A number, decimal or hexadecimal with 0x, up to @max; @what names it. */
unsigned long long parse_number(const char *what, const char *text,
				unsigned long long max);
/* The same, but from 1 */
unsigned int parse_count(const char *what, const char *text, unsigned int max);
/* Seconds, maybe with a fraction, as nanoseconds. */
uint64_t parse_seconds(const char *what, const char *text);

/* signals.c */

/*
 * From now on signals that end programs wait: signals_fd() becomes readable.
 * Those that the parent ignored, as nohup does, stay ignored. SIGPIPE is ignored
 * from now on: write() fails instead.
 */
void signals_defer(void);
int signals_fd(void);

/* A pending signal, or 0. @typed: the terminal sent it to the whole group. */
int signals_take(bool *typed);

/* Restore them for a program to be executed. */
void signals_restore(void);

/* Exit such that the parent sees a program ended by this signal. */
void end_by_signal(int number) __attribute__((noreturn));

/* json.c */

void add_bool(struct json_object *object, const char *key, bool value);
void add_int(struct json_object *object, const char *key, int64_t value);
void add_uint(struct json_object *object, const char *key, uint64_t value);
/* Addresses etc. as "0x...": many readers of JSON have 53 bits only. */
void add_hex(struct json_object *object, const char *key, uint64_t value);
/* Bytes that are not valid UTF-8 become U+FFFD. */
void add_string(struct json_object *object, const char *key,
		const char *value);
struct json_object *json_string(const char *value);
/* The object as one line, valid as long as the object */
const char *json_line(struct json_object *object);
/* Print it as one line and free it. */
void put_json(struct json_object *object);
/* Print it as indented text and free it. */
void put_json_pretty(struct json_object *object);

/* text.c */

/* Bytes of the first character of @text, 0 if it is not valid UTF-8 */
size_t utf8_length(const char *text);
/*
 * Users choose the names of their files and processes: replace what is not
 * valid UTF-8, and what a terminal obeys, by '?'. @keep may stay.
 */
void make_printable(char *text, char keep);

/* file.c */

/*
 * The first call of each main(): if a standard stream is closed, a file that is
 * opened would get its number, and what is printed would go there. What is opened
 * here instead can be neither read nor written, so that errors remain errors.
 */
void open_standard_files(void);

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
