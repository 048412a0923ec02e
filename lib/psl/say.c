// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>

#include "say.h"

static const char *prefix = "psl";

void say_as(const char *name)
{
	prefix = name;
}

void say(const char *text, ...)
{
	char line[512];
	va_list args;

	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	/* At once, so that the lines of two programs do not mix */
	fprintf(stderr, "%s: %s\n", prefix, line);
}
