// SPDX-License-Identifier: LGPL-2.1-or-later
/* +psl-NAME=VALUE: see psl_card_open(). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"

#define PREFIX		"+psl-"
#define IDLE		100000

/* A number from 0 to @max, in any base that C has */
static bool number(const char *value, uint64_t max, uint64_t *result)
{
	char *end;

	errno = 0;
	*result = strtoull(value, &end, 0);
	return *value >= '0' && *value <= '9' && !*end && !errno &&
	       *result <= max;
}

static bool byte(const char *value, uint8_t max, uint8_t *result)
{
	uint64_t n;

	if (!number(value, max, &n))
		return false;
	*result = n;
	return true;
}

static bool set_node(struct card_options *options, const char *value)
{
	int n = snprintf(options->node, sizeof(options->node), "%s", value);

	return *value && n < (int)sizeof(options->node);
}

/* The name of a configfs folder */
static bool set_name(struct card_options *options, const char *value)
{
	int n = snprintf(options->node, sizeof(options->node),
			 "/dev/cxl-sim/%s.afu0", value);

	options->name = value;
	return *value && *value != '.' && !strchr(value, '/') &&
	       n < (int)sizeof(options->node);
}

/* One for all cards of the process */
static bool set_prefix(const char *value)
{
	if (!*value)
		return false;
	say_as(value);
	return true;
}

static bool set(struct card_options *options, const char *name,
		const char *value)
{
	struct psl_disorder *disorder = &options->psl.disorder;

	if (!strcmp(name, "node"))
		return set_node(options, value);
	if (!strcmp(name, "card"))
		return set_name(options, value);
	if (!strcmp(name, "credits"))
		return byte(value, UCHAR_MAX, &options->psl.credits);
	if (!strcmp(name, "seed"))
		return number(value, UINT64_MAX, &disorder->seed);
	if (!strcmp(name, "delay"))
		return byte(value, 99, &disorder->delay);
	if (!strcmp(name, "reorder"))
		return byte(value, 100, &disorder->reorder);
	if (!strcmp(name, "paged"))
		return byte(value, 99, &disorder->paged);
	if (!strcmp(name, "bogus"))
		return byte(value, 100, &disorder->bogus);
	if (!strcmp(name, "idle"))
		return number(value, UINT64_MAX, &options->idle);
	if (!strcmp(name, "cycles"))
		return number(value, UINT64_MAX, &options->cycles);
	if (!strcmp(name, "prefix"))
		return set_prefix(value);
	return false;
}

static bool parse(struct card_options *options, const char *arg)
{
	const char *value = strchr(arg, '=');
	char name[16];

	arg += strlen(PREFIX);
	if (!value || value - arg >= (int)sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(value - arg), arg);
	return set(options, name, value + 1);
}

bool card_options_parse(struct card_options *options, int argc, char **argv)
{
	int i;

	options->idle = IDLE;
	for (i = 0; i < argc; i++) {
		if (strncmp(argv[i], PREFIX, strlen(PREFIX)))
			continue;
		if (!parse(options, argv[i])) {
			say("invalid option '%s'", argv[i]);
			return false;
		}
	}
	if (*options->node)
		return true;
	say("which card? Say +psl-node=/dev/cxl-sim/CARD.afuM or +psl-card=NAME");
	return false;
}
