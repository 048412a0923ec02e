// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl COMMAND: see and manage coherent accelerators.
 */
#include "afuctl/afuctl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const tool_name = "afuctl";

bool json;

static const struct command *const commands[] = {
	&list_command,
	&info_command,
	&monitor_command,
	&top_command,
	&state_command,
	&mode_command,
	&reset_command,
	&inject_command,
	&create_command,
	&destroy_command,
};

static void print_help(void)
{
	size_t i;

	puts("usage: afuctl COMMAND [OPTION]... [ARGUMENT]...\n"
	     "\n"
	     "See and manage coherent accelerators (CAPI).\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "afuctl COMMAND --help explains a command, afuctl --version shows the version.\n"
	     "Cards are named card0, AFUs afu0.0, their nodes afu0.0s or by their path.\n"
	     "\n"
	     "Exit status: 0 done; 1 the kernel refused; 2 wrong usage; 3 no such card, AFU\n"
	     "or context; 4 it is in use; 5 timed out; 6 the AFU was taken away.");
}

static void print_command_help(const struct command *command)
{
	printf("usage: afuctl %s %s\n\n%s\n", command->name, command->synopsis,
	       command->help);
}

int next_option(const struct command *command, int argc, char **argv,
		const char *short_options, const struct option *options)
{
	char all_options[32];
	int c;

	snprintf(all_options, sizeof(all_options), "hj%s", short_options);
	while ((c = next_long_option(argc, argv, all_options, options)) == 'j') {
		json = true;
		errors_as_json();
	}
	if (c != 'h')
		return c;
	print_command_help(command);
	flush_output();
	exit(EXIT_SUCCESS);
}

void wrong_usage(const struct command *command, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	die(EXIT_USAGE, "%s: %s; see afuctl %s --help", command->name, text,
	    command->name);
}

void need_arguments(const struct command *command, int argc, int count)
{
	if (argc - optind < count)
		wrong_usage(command, "an argument is missing");
	if (argc - optind > count)
		wrong_usage(command, "too many arguments");
}

int main(int argc, char **argv)
{
	size_t i;
	int ret;

	open_standard_files();
	look_for_json(argc, argv, "-j");
	if (argc < 2)
		die(EXIT_USAGE, "a command is missing; see afuctl --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		print_help();
		flush_output();
		return EXIT_SUCCESS;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("afuctl " AFUCTL_VERSION);
		flush_output();
		return EXIT_SUCCESS;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i]->name))
			continue;
		ret = commands[i]->run(argc - 1, argv + 1);
		flush_output();
		return ret;
	}
	die(EXIT_USAGE, "%s: no such command; see afuctl --help", argv[1]);
}
