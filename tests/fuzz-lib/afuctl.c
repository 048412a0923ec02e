// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl as a whole. The input has its arguments, one per line, an empty line,
 * and the files that it finds, in the format of tree.c.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "afuctl/afuctl.h"
#include "fuzz.h"
#include "tool.h"

#define MAX_ARGUMENTS	12

struct arguments {
	int count;
	char *list[MAX_ARGUMENTS + 1];
};

int afuctl_main(int argc, char **argv);

static void take_arguments(struct input *input, struct arguments *arguments)
{
	char *line;

	arguments->list[0] = strdup("afuctl");
	arguments->count = 1;
	while (arguments->count < MAX_ARGUMENTS) {
		line = take_line(input);
		if (!*line)
			break;
		/* An empty argument is possible, too. */
		if (!strcmp(line, "''"))
			*line = '\0';
		arguments->list[arguments->count++] = strdup(line);
	}
	arguments->list[arguments->count] = NULL;
}

static int run(void *arg)
{
	struct arguments *arguments = arg, copy = *arguments;

	/* As at the start of a program */
	optind = 0;
	json = false;
	return afuctl_main(copy.count, copy.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	struct arguments arguments;
	struct output output;
	int status, i;

	take_arguments(&input, &arguments);
	tree_make(&input);
	status = tool_run(run, &arguments, &output);
	must(status >= 0 && status <= EXIT_GONE);
	/* A failure must be explained. */
	must(!status || output.err_size);
	if (output.out_size && output.out[0] == '{')
		check_json(&output);
	else
		check_text(&output);
	output_free(&output);
	for (i = 0; i < arguments.count; i++)
		free(arguments.list[i]);
	return 0;
}
