// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void (*clean_up)(void);

static void run_clean_up(void)
{
	void (*run)(void) = clean_up;

	clean_up = NULL;
	if (run)
		run();
}

void at_end(void (*run)(void))
{
	static bool registered;

	clean_up = run;
	if (!registered)
		atexit(run_clean_up);
	registered = true;
}

static void vdie(enum exit_code code, int error, const char *format,
		 va_list args)
	__attribute__((noreturn, format(printf, 3, 0)));

static void vdie(enum exit_code code, int error, const char *format,
		 va_list args)
{
	/* A screen is given back first. */
	run_clean_up();
	fflush(stdout);
	fputs("afuctl: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "%s%s\n", error ? ": " : "",
		error ? strerror(error) : "");
	exit(code);
}

void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdie(code, 0, format, args);
}

static enum exit_code code_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return EXIT_ABSENT;
	case EBUSY:
		return EXIT_BUSY;
	default:
		return EXIT_FAILED;
	}
}

void die_errno(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vdie(code_of(error), error, format, args);
}

unsigned long long parse_number(const char *what, const char *text,
				unsigned long long max)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(digits, &end, hex ? 16 : 10);
	if (!*digits || *end || errno || value > max ||
	    strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
		die(EXIT_USAGE, "%s '%s': must be a number from 0 to %llu",
		    what, text, max);
	return value;
}

uint64_t parse_seconds(const char *what, const char *text)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !(seconds >= 0 && seconds <= 1e9))
		die(EXIT_USAGE, "%s '%s': must be seconds, 0.5 for instance",
		    what, text);
	return seconds * 1e9;
}

static int open_text(int flags, const char *format, va_list args)
{
	char path[PATH_MAX];

	vsnprintf(path, sizeof(path), format, args);
	return open(path, flags | O_CLOEXEC);
}

ssize_t read_text(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	fd = open_text(O_RDONLY, format, args);
	va_end(args);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int write_text(const char *text, const char *format, ...)
{
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	fd = open_text(O_WRONLY, format, args);
	va_end(args);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

bool exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return access(path, F_OK) == 0;
}

/* Bytes of the character that @text begins with, 0 if it is none to print */
static size_t printable_length(const unsigned char *text)
{
	/* The least that is written with so many bytes behind the first */
	static const unsigned int least[] = { 0x20, 0xa0, 0x800, 0x10000 };
	unsigned int value, more, i;

	if (text[0] < 0x80)
		more = 0;
	else if (text[0] >= 0xc0 && text[0] < 0xf8)
		more = text[0] < 0xe0 ? 1 : text[0] < 0xf0 ? 2 : 3;
	else
		return 0;
	value = more ? text[0] & (0x3f >> more) : text[0];
	for (i = 1; i <= more; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3f);
	}
	if (value < least[more] || value == 0x7f || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	return more + 1;
}

void make_printable(char *text, char keep)
{
	size_t length;

	while (*text) {
		length = printable_length((unsigned char *)text);
		if (!length && *text != keep)
			*text = '?';
		text += length ?: 1;
	}
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void flush_output(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		die_errno("cannot write to standard output");
}

void add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void add_uint(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void add_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static void put(struct json_object *object, int flags)
{
	puts(json_object_to_json_string_ext(object,
					    flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	flush_output();
}

void put_json(struct json_object *object)
{
	put(object, JSON_C_TO_STRING_PLAIN);
}

void put_json_pretty(struct json_object *object)
{
	put(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}
