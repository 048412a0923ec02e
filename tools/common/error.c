// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CLEAN_UPS	4
#define MESSAGE_SIZE	8192	/* two paths, and some words */

static void (*clean_ups[MAX_CLEAN_UPS])(void);
static unsigned int clean_up_count;
static bool json;

void clean_up(void)
{
	while (clean_up_count)
		clean_ups[--clean_up_count]();
}

void at_end(void (*run)(void))
{
	static bool registered;
	unsigned int i;

	if (!registered)
		atexit(clean_up);
	registered = true;
	for (i = 0; i < clean_up_count; i++) {
		if (clean_ups[i] == run)
			return;
	}
	if (clean_up_count == MAX_CLEAN_UPS)
		abort();
	clean_ups[clean_up_count++] = run;
}

void errors_as_json(void)
{
	json = true;
}

static void print_json(const char *message, int error, int status)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "error", message);
	if (error)
		add_string(object, "errno", strerrorname_np(error) ?: "unknown");
	add_int(object, "status", status);
	fprintf(stderr, "%s\n", json_line(object));
	json_object_put(object);
}

static void print_error(int status, int error, const char *format,
			va_list args)
	__attribute__((format(printf, 3, 0)));

static void print_error(int status, int error, const char *format,
			va_list args)
{
	char message[MESSAGE_SIZE];
	size_t length;

	vsnprintf(message, sizeof(message), format, args);
	length = strlen(message);
	if (error)
		snprintf(message + length, sizeof(message) - length, ": %s",
			 strerror(error));
	if (json) {
		print_json(message, error, status);
	} else {
		make_printable(message, 0);
		fprintf(stderr, "%s: %s\n", tool_name, message);
	}
}

void print_errno(int status, const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	print_error(status, error, format, args);
	va_end(args);
}

static void vdie(int status, int error, const char *format, va_list args)
	__attribute__((noreturn, format(printf, 3, 0)));

static void vdie(int status, int error, const char *format, va_list args)
{
	/* The screen must be closed first. */
	clean_up();
	fflush(stdout);
	print_error(status, error, format, args);
	exit(status);
}

void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdie(status, 0, format, args);
}

void die_errno(int status, const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vdie(status, error, format, args);
}

void flush_output(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		die_errno(EXIT_FAILURE, "cannot write to standard output");
}

void print_and_exit(const char *text)
{
	fputs(text, stdout);
	flush_output();
	exit(EXIT_SUCCESS);
}
