// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl monitor: events, as they arrive.
 */
#include "afuctl.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_PER_LINE	16
#define WORD_WIDTH	14

enum {
	OPTION_COLOUR = 256,
	OPTION_FD,
	OPTION_IRQS,
	OPTION_WED,
};

static const char *colour_of(const char *what)
{
	static const struct {
		const char *what;
		const char *colour;
	} colours[] = {
		{ "data_storage", "31" },
		{ "afu_error", "31" },
		{ "lost", "31" },
		{ "afu_driver", "32" },
		{ "deliver", "32" },
		{ "afu_interrupt", "33" },
		{ "post", "33" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(colours); i++) {
		if (!strcmp(colours[i].what, what))
			return colours[i].colour;
	}
	return "36";
}

static void print_data(const unsigned char *data, size_t size)
{
	size_t at, i;

	for (at = 0; at < size; at += BYTES_PER_LINE) {
		printf("    %04zx ", at);
		for (i = at; i < at + BYTES_PER_LINE; i++) {
			if (i < size)
				printf(" %02x", data[i]);
			else
				fputs("   ", stdout);
		}
		fputs("  |", stdout);
		for (i = at; i < size && i < at + BYTES_PER_LINE; i++)
			putchar(isascii(data[i]) && isprint(data[i]) ? data[i] : '.');
		puts("|");
	}
}

static void add_data(struct json_object *object, const unsigned char *data,
		     size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = malloc(2 * size + 1), *text = malloc(size + 1);
	size_t i;

	if (!hex || !text)
		die_refused("%zu bytes", size);
	for (i = 0; i < size; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 15];
		text[i] = isascii(data[i]) && isprint(data[i]) ? data[i] : '.';
	}
	hex[2 * size] = '\0';
	text[size] = '\0';
	add_uint(object, "size", size);
	add_string(object, "data", hex);
	add_string(object, "text", text);
	free(hex);
	free(text);
}

static void line_json(const struct line *line)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "event", line->what);
	add_uint(object, "time_ns", line->time);
	if (line->afu) {
		add_string(object, "afu", line->afu);
		add_int(object, "pe", line->pe);
	}
	json_object_object_foreach(line->json, key, value)
		json_object_object_add(object, key, json_object_get(value));
	if (line->data)
		add_data(object, line->data, line->size);
	put_json(object);
}

void monitor_line(struct monitor *monitor, const struct line *line)
{
	char where[48] = "";

	if (monitor->left > 0)
		monitor->left--;
	if (json) {
		line_json(line);
		json_object_put(line->json);
		return;
	}
	json_object_put(line->json);
	if (line->afu)
		snprintf(where, sizeof(where), "%s pe %d", line->afu, line->pe);
	printf("%7llu.%06llu  %-13s ",
	       (unsigned long long)line->time / 1000000000,
	       (unsigned long long)line->time / 1000 % 1000000, where);
	if (monitor->colour)
		printf("\033[%sm%s\033[0m", colour_of(line->what), line->what);
	else
		fputs(line->what, stdout);
	if (*line->details)
		printf("%*s%s", WORD_WIDTH - (int)strlen(line->what), "",
		       line->details);
	putchar('\n');
	if (line->data)
		print_data(line->data, line->size);
	flush_output();
}

static int ms_left(const struct monitor *monitor)
{
	uint64_t now = now_ns();

	if (!monitor->deadline)
		return -1;
	if (now >= monitor->deadline)
		return 0;
	if (monitor->deadline - now > INT_MAX * 1000000ULL)
		return INT_MAX;
	return (monitor->deadline - now + 999999) / 1000000;
}

bool monitor_wait(const struct monitor *monitor, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = command_fd(), .events = POLLIN },
	};
	int n;

	if (!monitor->left)
		return false;
	n = poll(fds, ARRAY_SIZE(fds), ms_left(monitor));
	if (n < 0)
		die_refused("poll");
	return n > 0 && !fds[1].revents && !fds[2].revents;
}

static bool parse_colour(const char *when)
{
	if (!when || !strcmp(when, "always"))
		return true;
	if (!strcmp(when, "never"))
		return false;
	if (!strcmp(when, "auto"))
		return isatty(STDOUT_FILENO);
	wrong_usage(&monitor_command, "--color '%s' must be auto, always or never",
		    when);
}

/* Returns what follows "--", and ends the other arguments before it. */
static char **split_command(int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		if (i + 1 == *argc)
			wrong_usage(&monitor_command, "a command is missing after --");
		*argc = i;
		argv[i] = NULL;
		return argv + i + 1;
	}
	return NULL;
}

struct monitor_options {
	const char *count;
	const char *timeout;
	const char *fd;
	const char *irqs;
	const char *wed;
	const char *afu;
	char **command;
};

static void parse_options(int argc, char **argv, struct monitor *monitor,
			  struct monitor_options *asked)
{
	static const struct option options[] = {
		{ "color", optional_argument, NULL, OPTION_COLOUR },
		{ "count", required_argument, NULL, 'c' },
		{ "fd", required_argument, NULL, OPTION_FD },
		{ "irqs", required_argument, NULL, OPTION_IRQS },
		{ "timeout", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "wed", required_argument, NULL, OPTION_WED },
		COMMON_OPTIONS
	};
	int c;

	asked->command = split_command(&argc, argv);
	while ((c = next_option(&monitor_command, argc, argv, "c:t:v",
				options)) != -1) {
		switch (c) {
		case OPTION_COLOUR:
			monitor->colour = parse_colour(optarg);
			break;
		case OPTION_FD:
			asked->fd = optarg;
			break;
		case OPTION_IRQS:
			asked->irqs = optarg;
			break;
		case OPTION_WED:
			asked->wed = optarg;
			break;
		case 'c':
			asked->count = optarg;
			break;
		case 't':
			asked->timeout = optarg;
			break;
		case 'v':
			monitor->verbose = true;
			break;
		}
	}
	if (argc - optind > 1)
		wrong_usage(&monitor_command, "too many arguments");
	if (optind < argc)
		asked->afu = argv[optind];
}

static void check_options(const struct monitor *monitor,
			  const struct monitor_options *asked)
{
	if (asked->afu && asked->fd)
		wrong_usage(&monitor_command, "give either an AFU or --fd");
	if (!asked->afu && (asked->wed || asked->irqs))
		wrong_usage(&monitor_command, "--wed and --irqs need an AFU");
	if ((asked->afu || asked->fd) && (monitor->verbose || asked->command))
		wrong_usage(&monitor_command, "--verbose and a command work for all contexts only");
}

static int monitor_run(int argc, char **argv)
{
	struct monitor monitor = {
		.colour = isatty(STDOUT_FILENO),
		.left = -1,
	};
	struct monitor_options asked = { 0 };
	struct cxl_afu_h *afu;

	parse_options(argc, argv, &monitor, &asked);
	check_options(&monitor, &asked);
	if (asked.count)
		monitor.left = parse_number("--count", asked.count, LONG_MAX);
	if (asked.timeout)
		monitor.deadline = now_ns() + parse_seconds("--timeout",
							    asked.timeout);
	signals_defer();
	if (asked.afu || asked.fd) {
		afu = asked.fd ? take_over(asked.fd) :
		      attach_own(asked.afu, asked.wed, asked.irqs);
		watch_own(&monitor, afu);
		cxl_afu_free(afu);
	} else {
		watch_all(&monitor, asked.command);
	}
	if (asked.command)
		return command_end();
	if (monitor.left > 0 && monitor.deadline && now_ns() >= monitor.deadline)
		die(EXIT_TIMEOUT, "%lld events did not come in time",
		    monitor.left);
	return EXIT_SUCCESS;
}

const struct command monitor_command = {
	.name = "monitor",
	.synopsis = "[OPTION]... [AFU | --fd N | -- COMMAND...]",
	.summary = "print events as they arrive",
	.help =
"Without an AFU: show what happens to all contexts of all AFUs, from the driver's\n"
"tracepoints; only for root. A context is attached and detached, its events are\n"
"posted and delivered to a reader. Payloads are not shown. With a command\n"
"after --, run it, show what happens meanwhile, and exit with its status.\n"
"\n"
"With an AFU (afu0.0, a node such as afu0.0m, or its path): open it, start a\n"
"context, and print the context's events with their payloads.\n"
"\n"
"With --fd: print the events of an inherited AFU descriptor, for instance one of\n"
"cxl-copy. Other readers of the descriptor do not get these events.\n"
"\n"
"  -c, --count N          end after N events\n"
"      --color[=WHEN]     auto (default), always, never\n"
"      --fd N             number of the descriptor\n"
"      --irqs N           interrupts for the context (default: the AFU's minimum)\n"
"  -j, --json             print each event as an object, one per line\n"
"  -t, --timeout SECONDS  end after that time; the exit status is 5 if --count\n"
"                         events have not come by then. A command continues\n"
"  -v, --verbose          for all contexts: also interrupts, translation faults\n"
"                         and fetched events\n"
"      --wed N            work element descriptor of the context (default: the\n"
"                         address of a page of zeroes)\n"
"  -h, --help             show this help",
	.run = monitor_run,
};
