// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void look_for_json(int argc, char **argv, const char *short_option)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json") ||
		    (short_option && !strcmp(argv[i], short_option)))
			errors_as_json();
	}
}

/* @c is what getopt_long() returned: say what is wrong. */
static void explain_option(char **argv, int c, const struct option *options)
{
	const char *given = argv[optind - 1];

	if (c == ':')
		die(EXIT_USAGE, "option '%s' requires an argument", given);
	for (; optopt && options->name; options++) {
		if (options->val == optopt && !strncmp(given, "--", 2))
			die(EXIT_USAGE, "option '--%s' doesn't allow an argument",
			    options->name);
	}
	if (optopt)
		die(EXIT_USAGE, "unrecognized option '-%c'", optopt);
	die(EXIT_USAGE, "unrecognized option '%s'", given);
}

int next_long_option(int argc, char **argv, const char *short_options,
		     const struct option *options)
{
	char with_colon[32];
	int c;

	/* The colon distinguishes a missing argument from an unknown option. */
	snprintf(with_colon, sizeof(with_colon), ":%s", short_options);
	opterr = 0;
	c = getopt_long(argc, argv, with_colon, options, NULL);
	if (c == '?' || c == ':')
		explain_option(argv, c, options);
	return c;
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

unsigned int parse_count(const char *what, const char *text, unsigned int max)
{
	unsigned int n = parse_number(what, text, max);

	if (!n)
		die(EXIT_USAGE, "%s '%s': must be a number from 1 to %u", what,
		    text, max);
	return n;
}

uint64_t parse_seconds(const char *what, const char *text)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	if (end == text || *end || errno || !(seconds >= 0 && seconds <= 1e9))
		die(EXIT_USAGE, "%s '%s': must be seconds, for example 0.5",
		    what, text);
	return seconds * 1e9;
}
