// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to all contexts, by the driver's tracepoints. They are read from
 * an instance of tracefs of our own, so that other users of it, and other
 * monitors, are not disturbed.
 */
#include "afuctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	"afuctl-"

/* In each line the name of the task ends before here. */
#define COMM_WIDTH	16

static const struct record {
	const char *tracepoint;
	const char *what;
	bool verbose;
	bool task;	/* happens in the task that it is about */
} records[] = {
	{ "cxl_attach", "attach", .task = true },
	{ "cxl_detach", "detach", .task = true },
	{ "cxl_event_post", "post" },
	{ "cxl_event_deliver", "deliver", .task = true },
	{ "cxl_event_end", "end" },
	{ "cxl_event_fetch", "fetch", .verbose = true, .task = true },
	{ "cxl_afu_irq", "irq", .verbose = true },
	{ "cxl_pte_miss", "fault", .verbose = true },
};

/* Names that the tracepoints have for types of events */
static const struct {
	const char *name;
	uint32_t type;
} types[] = {
	{ "irq", CXL_EVENT_AFU_INTERRUPT },
	{ "fault", CXL_EVENT_DATA_STORAGE },
	{ "error", CXL_EVENT_AFU_ERROR },
	{ "driver", CXL_EVENT_AFU_DRIVER },
};

static const char *type_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(types[i].name, name))
			return cxl_event_type_name(types[i].type);
	}
	return name;
}

/*
 * The instance
 */

static char instance[PATH_MAX];
static int trace_pipe = -1;

static void remove_instance(void)
{
	/* It cannot be removed while it is open. */
	if (trace_pipe >= 0)
		close(trace_pipe);
	trace_pipe = -1;
	if (instance[0])
		rmdir(instance);
	instance[0] = '\0';
}

/* Those of monitors that were killed */
static void remove_stale_instances(void)
{
	DIR *dir = opendir(TRACEFS "/instances");
	char path[PATH_MAX];
	struct dirent *entry;
	pid_t pid;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, INSTANCE "%d", &pid) != 1 ||
		    kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), TRACEFS "/instances/%s",
			 entry->d_name);
		rmdir(path);
	}
	closedir(dir);
}

static void check_tracing(void)
{
	if (access(TRACEFS "/instances", W_OK)) {
		if (errno == ENOENT)
			die(EXIT_ABSENT, TRACEFS ": is tracefs mounted?");
		die_not_permitted(TRACEFS, "monitor all contexts");
	}
	if (!exists(TRACEFS "/events/cxl/cxl_event_post"))
		die(EXIT_ABSENT, "there are no tracepoints: the driver cxl is not loaded");
}

static void make_instance(const struct monitor *monitor)
{
	char path[PATH_MAX + 16];
	size_t i;

	check_tracing();
	remove_stale_instances();
	snprintf(path, sizeof(path), TRACEFS "/instances/" INSTANCE "%d",
		 getpid());
	if (mkdir(path, 0700))
		die_refused("%s", path);
	strcpy(instance, path);
	at_end(remove_instance);

	/* The clock of event stamps */
	if (write_text("mono", "%s/trace_clock", instance))
		die_refused("%s/trace_clock", instance);
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		if (records[i].verbose && !monitor->verbose)
			continue;
		if (write_text("1", "%s/events/cxl/%s/enable", instance,
			       records[i].tracepoint))
			die_refused("%s", records[i].tracepoint);
	}
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	trace_pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace_pipe < 0)
		die_refused("%s", path);
}

/*
 * Its lines:
 *
 *	          afu-cp-123     [001] .....   12.345678: cxl_attach: afu0.0 pe=1 ...
 */

struct text {
	char *end;
	char buf[192];
};

static void append(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
	size_t room = text->buf + sizeof(text->buf) - text->end;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->end, room, format, args);
	va_end(args);
	text->end += n < (int)room ? n : (int)room - 1;
}

/* "KEY=VALUE": numbers stay numbers. */
static void add_field(struct json_object *object, struct text *details,
		      const char *key, const char *value)
{
	char *end;
	unsigned long long number = strtoull(value, &end, 0);

	if (!strcmp(key, "type")) {
		value = type_name(value);
		add_string(object, key, value);
		append(details, "%s ", value);
		return;
	}
	if (*end)
		add_string(object, key, value);
	else if (value[0] == '-')
		add_int(object, key, (int64_t)number);
	else
		add_uint(object, key, number);
	/* For people only what is not as usual */
	if (!strcmp(key, "count") ? number != 1 : strcmp(key, "rc") || number)
		append(details, "%s=%s ", key, value);
}

static const struct record *find_record(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		if (!strcmp(records[i].tracepoint, name))
			return &records[i];
	}
	return NULL;
}

/* @text: what stands behind the time; it is printable */
static void print_record(struct monitor *monitor, uint64_t time,
			 const char *comm, pid_t pid, char *text)
{
	char *save, *afu, *word, *value;
	const struct record *record;
	struct line line = { .time = time };
	struct text details = { .end = details.buf };

	word = strtok_r(text, ": ", &save);
	record = word ? find_record(word) : NULL;
	afu = strtok_r(NULL, " ", &save);
	if (!record || !afu)
		return;
	line.what = record->what;
	line.afu = afu + strspn(afu, " ");
	line.json = json_object_new_object();
	while ((word = strtok_r(NULL, " ", &save))) {
		value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(word, "pe"))
			line.pe = atoi(value);
		else if (strcmp(word, "pid"))
			add_field(line.json, &details, word, value);
	}
	if (record->task) {
		append(&details, "by %s[%d] ", comm, pid);
		add_string(line.json, "comm", comm);
		add_int(line.json, "pid", pid);
	}
	/* Each part has left a blank behind it. */
	if (details.end > details.buf)
		details.end[-1] = '\0';
	line.details = details.buf;
	monitor_line(monitor, &line);
}

/* The buffer of a CPU was full before we came to read it. */
static void print_loss(struct monitor *monitor, unsigned long long count)
{
	char details[64];
	struct line line = {
		.time = now_ns(),
		.what = "lost",
		.details = details,
		.json = json_object_new_object(),
	};

	snprintf(details, sizeof(details), "%llu records", count);
	add_uint(line.json, "count", count);
	monitor_line(monitor, &line);
}

static void parse_line(struct monitor *monitor, char *line)
{
	unsigned long long seconds, micros, count;
	char *rest, comm[32];
	int pid, length = 0;

	if (sscanf(line, "CPU:%*d [LOST %llu EVENTS]", &count) == 1) {
		print_loss(monitor, count);
		return;
	}
	/* The task's name may contain anything, but has a fixed width. */
	if (strlen(line) <= COMM_WIDTH || line[COMM_WIDTH] != '-')
		return;
	line[COMM_WIDTH] = '\0';
	snprintf(comm, sizeof(comm), "%s", line + strspn(line, " "));
	rest = strchr(line + COMM_WIDTH + 1, ']');
	pid = atoi(line + COMM_WIDTH + 1);
	/* The kernel learns a name when the task is scheduled. */
	if (!strcmp(comm, "<...>"))
		read_text(comm, sizeof(comm), "/proc/%d/comm", pid);
	make_printable(comm, 0);
	if (!rest)
		return;
	make_printable(rest, 0);
	if (sscanf(rest, "] %*s %llu.%6llu: %n", &seconds, &micros,
		   &length) != 2 || !length)
		return;
	print_record(monitor, seconds * 1000000000 + micros * 1000, comm, pid,
		     rest + length);
}

/* Print all lines that are there. Lines may come in parts. */
static void read_lines(struct monitor *monitor)
{
	static char buf[16384];
	static size_t filled;
	char *line, *end;
	ssize_t n = 0;

	while (monitor->left &&
	       (n = read(trace_pipe, buf + filled, sizeof(buf) - filled)) > 0) {
		filled += n;
		line = buf;
		while (monitor->left && filled &&
		       (end = memchr(line, '\n', filled))) {
			*end++ = '\0';
			parse_line(monitor, line);
			filled -= end - line;
			line = end;
		}
		/* A line that is longer than all of it is none of ours. */
		if (filled == sizeof(buf))
			filled = 0;
		memmove(buf, line, filled);
	}
	if (monitor->left && n < 0 && errno != EAGAIN && errno != EINTR)
		die_refused("%s/trace_pipe", instance);
}

void watch_all(struct monitor *monitor, char **command)
{
	make_instance(monitor);
	if (command)
		command_start(command);
	while (monitor_wait(monitor, trace_pipe))
		read_lines(monitor);
	/* What happened until the command was over */
	if (command)
		read_lines(monitor);
	remove_instance();
}
