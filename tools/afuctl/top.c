// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl top: the event counters of all contexts, updated periodically.
 */
#include "afuctl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_INTERVAL	"1"

struct top_options {
	bool batch;
	uint64_t interval;
	long long left;		/* or -1 */
};

static const struct context *same(const struct contexts *contexts,
				  const struct context *context)
{
	size_t i;

	for (i = 0; i < contexts->count; i++) {
		const struct context *other = &contexts->list[i];

		if (other->card == context->card &&
		    other->slot == context->slot && other->pe == context->pe)
			return other;
	}
	return NULL;
}

/* When a process element is used again, its counters start from 0. */
static uint64_t rate(const struct context *now, const struct context *before,
		     enum counter counter, uint64_t ns)
{
	uint64_t new = now->counters[counter];
	uint64_t old = before ? before->counters[counter] : new;

	if (!ns || new < old)
		return 0;
	return (new - old) * 1e9 / ns;
}

static struct top_line *make_lines(const struct contexts *now,
				   const struct contexts *before, uint64_t ns)
{
	struct top_line *lines = calloc(now->count + 1, sizeof(*lines));
	const struct context *old;
	size_t i;

	if (!lines)
		die_refused("no memory");
	for (i = 0; i < now->count; i++) {
		old = same(before, &now->list[i]);
		lines[i].context = now->list[i];
		lines[i].posted_per_second = rate(&now->list[i], old, POSTED,
						  ns);
		lines[i].delivered_per_second = rate(&now->list[i], old,
						     DELIVERED, ns);
	}
	return lines;
}

void top_header(char *buf, size_t size)
{
	snprintf(buf, size, "%-8s %4s %-7s %9s %9s %10s %9s %6s  %s", "AFU", "PE",
		 "STATE", "POSTED/s", "DELIV/s", "DELIVERED", "PENDING", "LOST",
		 "OWNER");
}

void top_format(const struct top_line *line, char *buf, size_t size)
{
	const struct context *context = &line->context;
	const unsigned long long numbers[] = {
		line->posted_per_second,
		line->delivered_per_second,
		context->counters[DELIVERED],
		context->counters[PENDING],
		context->counters[LOST],
	};
	char owner[80], afu[32];

	context_owner(context, owner, sizeof(owner));
	snprintf(afu, sizeof(afu), "afu%d.%d", context->card, context->slot);
	snprintf(buf, size, "%-8s %4d %-7s %9llu %9llu %10llu %9llu %6llu  %s",
		 afu, context->pe, context->state, numbers[0], numbers[1],
		 numbers[2], numbers[3], numbers[4], owner);
}

static void print_lines(const struct top_line *lines, size_t count)
{
	char text[TOP_WIDTH];
	size_t i;

	top_header(text, sizeof(text));
	puts(text);
	if (!count)
		puts("no contexts");
	for (i = 0; i < count; i++) {
		top_format(&lines[i], text, sizeof(text));
		puts(text);
	}
}

static void print_json(const struct top_line *lines, size_t count)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();
	struct json_object *context;
	size_t i;

	for (i = 0; i < count; i++) {
		context = context_json(&lines[i].context);
		add_uint(context, "posted_per_second",
			 lines[i].posted_per_second);
		add_uint(context, "delivered_per_second",
			 lines[i].delivered_per_second);
		json_object_array_add(array, context);
	}
	add_uint(object, "time_ns", now_ns());
	json_object_object_add(object, "contexts", array);
	put_json(object);
}

/* Returns false if a signal came. */
static bool pause_for(uint64_t ns)
{
	struct pollfd stop = { .fd = signals_fd(), .events = POLLIN };

	return poll(&stop, 1, ns / 1000000) == 0;
}

static bool show(const struct top_options *options,
		 const struct top_line *lines, size_t count)
{
	if (!json && !options->batch)
		return screen_show(lines, count, options->interval / 1000000);
	if (json)
		print_json(lines, count);
	else
		print_lines(lines, count);
	flush_output();
	return options->left == 0 || pause_for(options->interval);
}

static void watch_counters(struct top_options *options)
{
	struct contexts before = { 0 }, now;
	uint64_t then = 0, time;
	struct top_line *lines;
	bool go_on = true;

	while (go_on && options->left) {
		contexts_read(&now);
		time = now_ns();
		lines = make_lines(&now, &before, then ? time - then : 0);
		if (options->left > 0)
			options->left--;
		go_on = show(options, lines, now.count);
		free(lines);
		contexts_free(&before);
		before = now;
		then = time;
	}
	contexts_free(&before);
}

static int top_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		COMMON_OPTIONS
	};
	struct top_options asked = {
		.batch = !isatty(STDOUT_FILENO),
		.left = -1,
	};
	const char *interval = DEFAULT_INTERVAL, *count = NULL;
	int c;

	while ((c = next_option(&top_command, argc, argv, "bc:i:",
				options)) != -1) {
		switch (c) {
		case 'b':
			asked.batch = true;
			break;
		case 'c':
			count = optarg;
			break;
		case 'i':
			interval = optarg;
			break;
		}
	}
	need_arguments(&top_command, argc, 0);
	if (count)
		asked.left = parse_number("--count", count, LONG_MAX);
	asked.interval = parse_seconds("--interval", interval);
	if (asked.interval < 10000000 || asked.interval / 1000000 > INT_MAX)
		wrong_usage(&top_command, "--interval '%s' must be from 0.01 to 1000000 seconds",
			    interval);
	need_driver();

	signals_defer();
	if (!json && !asked.batch)
		screen_open();
	watch_counters(&asked);
	return EXIT_SUCCESS;
}

const struct command top_command = {
	.name = "top",
	.synopsis = "[--batch | --json] [--count N] [--interval SECONDS]",
	.summary = "show live counters of all contexts",
	.help =
"Show the event counters of all contexts, updated each second: events posted and\n"
"delivered per second; and events delivered, pending, and lost since the context\n"
"was opened. The key q quits. Only root sees the contexts of other users and of\n"
"drivers.\n"
"\n"
"  -b, --batch              print lines of text, as without a terminal\n"
"  -c, --count N            end after N updates\n"
"  -i, --interval SECONDS   time between updates (default: 1)\n"
"  -j, --json               print each update as an object, one per line\n"
"  -h, --help               show this help",
	.run = top_run,
};
