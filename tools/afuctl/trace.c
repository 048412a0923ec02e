// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to all contexts, from the driver's tracepoints. Their records
 * are read from a tracefs instance of our own, so that other users of tracefs,
 * and other monitors, are not disturbed. Their fields are found by name, as the
 * kernel's format files describe them.
 */
#include "afuctl.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <tracefs.h>

#define TRACEFS		"/sys/kernel/tracing"
#define SYSTEM		"cxl"
#define INSTANCE	"afuctl-"
#define MAX_INSTANCES	100	/* for one process ID in all its namespaces */
#define MAX_FIELDS	3
#define COMM_SIZE	32

/* How a field is shown */
enum show {
	NUMBER,
	SIGNED,
	ADDRESS,	/* in hexadecimal */
	EVENT_TYPE,
};

/* A field of a tracepoint, and its name here if that is different */
struct field {
	const char *name;
	enum show show;
	const char *label;
};

static const struct tracepoint {
	const char *name;
	const char *what;
	bool verbose;
	bool task;	/* happens in the task that it is about */
	struct field fields[MAX_FIELDS];
} tracepoints[] = {
	{ "cxl_attach", "attach", .task = true, .fields = {
		{ "wed", ADDRESS }, { "num_irqs", SIGNED, "irqs" },
		{ "rc", SIGNED } } },
	{ "cxl_detach", "detach", .task = true },
	{ "cxl_event_post", "post", .fields = {
		{ "type", EVENT_TYPE }, { "count", NUMBER } } },
	{ "cxl_event_deliver", "deliver", .task = true, .fields = {
		{ "type", EVENT_TYPE }, { "count", NUMBER },
		{ "rc", SIGNED } } },
	{ "cxl_event_end", "end" },
	{ "cxl_event_fetch", "fetch", .verbose = true, .task = true, .fields = {
		{ "count", NUMBER } } },
	{ "cxl_afu_irq", "irq", .verbose = true, .fields = {
		{ "irq", NUMBER } } },
	{ "cxl_pte_miss", "fault", .verbose = true, .fields = {
		{ "dsisr", ADDRESS }, { "dar", ADDRESS } } },
};

/* The names of tasks, as read with one batch of records */
static char *saved_names;

/*
 * The instance
 */

static struct tracefs_instance *instance;
static struct tep_handle *tep;
static int trace_pipe = -1;

static void remove_instance(void)
{
	/* An instance cannot be removed while it is open. */
	if (trace_pipe >= 0)
		close(trace_pipe);
	trace_pipe = -1;
	if (instance) {
		tracefs_instance_destroy(instance);
		tracefs_instance_free(instance);
	}
	instance = NULL;
	tep_free(tep);
	tep = NULL;
}

static void check_tracing(void)
{
	if (access(TRACEFS "/instances", W_OK)) {
		if (errno == ENOENT)
			die(EXIT_ABSENT, TRACEFS ": is tracefs mounted?");
		die_not_permitted(TRACEFS, "monitor all contexts");
	}
	if (!exists(TRACEFS "/events/" SYSTEM "/cxl_event_post"))
		die(EXIT_ABSENT, "there are no tracepoints: the driver cxl is not loaded");
}

/*
 * Remove the instances of monitors that were killed. The kernel refuses to
 * remove one that is open. A process ID would tell nothing: it may belong to
 * another namespace.
 */
static void remove_stale_instances(void)
{
	char **names = tracefs_instances("^" INSTANCE), path[PATH_MAX];
	size_t i;

	for (i = 0; names && names[i]; i++) {
		snprintf(path, sizeof(path), TRACEFS "/instances/%s", names[i]);
		rmdir(path);
	}
	tracefs_list_free(names);
}

static struct tracefs_instance *create_instance(void)
{
	struct tracefs_instance *new;
	char name[NAME_SIZE];
	int i;

	for (i = 0; i < MAX_INSTANCES; i++) {
		snprintf(name, sizeof(name), INSTANCE "%d.%d", getpid(), i);
		new = tracefs_instance_create(name);
		if (!new || tracefs_instance_is_new(new))
			return new;
		tracefs_instance_free(new);
	}
	errno = EEXIST;
	return NULL;
}

/*
 * An instance that is not open yet looks like a stale one:
 *
 *	a monitor that starts		another one
 *	create			<->	remove stale ones
 *	open
 *
 * So a lock makes them take turns.
 */
static void open_instance(void)
{
	int lock = open(TRACEFS "/instances", O_RDONLY | O_CLOEXEC);

	if (lock < 0 || flock(lock, LOCK_EX))
		die_refused(TRACEFS "/instances");
	remove_stale_instances();
	instance = create_instance();
	if (!instance)
		die_refused("cannot create an instance of tracefs");
	at_end(remove_instance);
	trace_pipe = tracefs_instance_file_open(instance, "trace_pipe",
						O_RDONLY | O_NONBLOCK);
	if (trace_pipe < 0)
		die_refused("%s/trace_pipe",
			    tracefs_instance_get_name(instance));
	fcntl(trace_pipe, F_SETFD, FD_CLOEXEC);
	close(lock);
}

/*
 * Find the fields. tracefs_local_events() would do this, but it also reads all
 * of the kernel's symbols, which takes longer than everything else.
 */
static void read_formats(void)
{
	char *text;
	size_t i;
	int size;

	tep = tep_alloc();
	text = tracefs_instance_file_read(NULL, "events/header_page", &size);
	if (!tep || !text ||
	    tep_parse_header_page(tep, text, size, sizeof(long)))
		die_refused("header_page");
	free(text);
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		text = tracefs_event_file_read(NULL, SYSTEM, tracepoints[i].name,
					       "format", &size);
		if (!text || tep_parse_event(tep, text, size, SYSTEM))
			die_refused("%s: format", tracepoints[i].name);
		free(text);
	}
}

static void make_instance(const struct monitor *monitor)
{
	const struct tracepoint *tracepoint;
	size_t i;

	check_tracing();
	tracefs_set_tracing_dir((char *)TRACEFS);
	open_instance();
	/* The clock of event stamps */
	if (tracefs_instance_file_write(instance, "trace_clock", "mono") < 0)
		die_refused("trace_clock");
	read_formats();
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		tracepoint = &tracepoints[i];
		if (tracepoint->verbose && !monitor->verbose)
			continue;
		if (tracefs_event_enable(instance, SYSTEM, tracepoint->name))
			die_refused("%s", tracepoint->name);
	}
}

/*
 * Records
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

/* Values that are not shown to people */
static bool is_usual(const char *name, uint64_t value)
{
	return !strcmp(name, "count") ? value == 1 : !strcmp(name, "rc") && !value;
}

static void show_field(const struct field *field, uint64_t value,
		       struct json_object *object, struct text *details)
{
	const char *name = field->label ?: field->name;

	switch (field->show) {
	case NUMBER:
		add_uint(object, name, value);
		if (!is_usual(name, value))
			append(details, "%s=%llu ", name,
			       (unsigned long long)value);
		break;
	case SIGNED:
		add_int(object, name, (int32_t)value);
		if (!is_usual(name, value))
			append(details, "%s=%d ", name, (int32_t)value);
		break;
	case ADDRESS:
		add_hex(object, name, value);
		append(details, "%s=0x%016llx ", name,
		       (unsigned long long)value);
		break;
	case EVENT_TYPE:
		add_string(object, name, cxl_event_type_name(value));
		append(details, "%s ", cxl_event_type_name(value));
		break;
	}
}

/* A field that the kernel does not have is 0. */
static uint64_t field_of(struct tep_event *event, struct tep_record *record,
			 const char *name)
{
	unsigned long long value = 0;

	tep_get_field_val(NULL, event, name, record, &value, 0);
	return value;
}

/*
 * The kernel keeps the names of traced tasks, but learns a name only when the
 * task is scheduled. /proc has the names of tasks that still exist.
 */
static void find_comm(pid_t pid, char comm[COMM_SIZE])
{
	char line[COMM_SIZE];
	const char *found;

	if (!saved_names)
		saved_names = tracefs_instance_file_read(NULL, "saved_cmdlines",
							 NULL);
	snprintf(line, sizeof(line), "\n%d ", pid);
	found = saved_names ? strstr(saved_names, line) : NULL;
	if (found)
		snprintf(comm, COMM_SIZE, "%.*s",
			 (int)strcspn(found + strlen(line), "\n"),
			 found + strlen(line));
	else if (read_text(comm, COMM_SIZE, "/proc/%d/comm", pid) < 0)
		strcpy(comm, "<...>");
	make_printable(comm, 0);
}

static const struct tracepoint *find_tracepoint(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		if (!strcmp(tracepoints[i].name, name))
			return &tracepoints[i];
	}
	return NULL;
}

static void print_record(struct monitor *monitor, struct tep_event *event,
			 struct tep_record *record)
{
	const struct tracepoint *tracepoint = find_tracepoint(event->name);
	const struct field *field;
	struct text details = { .end = details.buf };
	struct line line = { .time = record->ts, .details = details.buf };
	char afu[NAME_SIZE], comm[COMM_SIZE];
	pid_t pid;

	if (!tracepoint)
		return;
	snprintf(afu, sizeof(afu), "afu%u.%u",
		 (unsigned int)field_of(event, record, "card"),
		 (unsigned int)field_of(event, record, "afu"));
	line.afu = afu;
	line.pe = field_of(event, record, "pe");
	line.what = tracepoint->what;
	line.json = json_object_new_object();
	for (field = tracepoint->fields;
	     field < tracepoint->fields + MAX_FIELDS && field->name; field++)
		show_field(field, field_of(event, record, field->name),
			   line.json, &details);
	if (tracepoint->task) {
		pid = tep_data_pid(tep, record);
		find_comm(pid, comm);
		append(&details, "by %s[%d] ", comm, pid);
		add_string(line.json, "comm", comm);
		add_int(line.json, "pid", pid);
	}
	/* Each part ends with a blank. */
	if (details.end > details.buf)
		details.end[-1] = '\0';
	monitor_line(monitor, &line);
}

/* The buffer of a CPU was full before it was read. */
static void print_loss(struct monitor *monitor, const struct tep_record *record)
{
	char details[64] = "records";
	struct line line = {
		.time = record->ts,
		.what = "lost",
		.details = details,
		.json = json_object_new_object(),
	};

	/* A negative number means that the kernel does not know how many. */
	if (record->missed_events > 0) {
		snprintf(details, sizeof(details), "%lld records",
			 record->missed_events);
		add_int(line.json, "count", record->missed_events);
	}
	monitor_line(monitor, &line);
}

/*
 * struct batch - records found in the buffers at one time
 * @count: number of entries
 * @list: array of entries; an entry without an event stands for lost records
 *
 * Printing can fail and end the program, but an instance cannot be removed
 * while the library has its buffers open. So the records are collected first.
 */
struct batch {
	size_t count;
	struct entry {
		struct tep_event *event;
		struct tep_record record;
	} *list;
};

static struct entry *add_entry(struct batch *batch)
{
	struct entry *list = reallocarray(batch->list, batch->count + 1,
					  sizeof(*list));

	if (!list)
		return NULL;
	batch->list = list;
	return &list[batch->count];
}

/* A nonzero result would end the iteration. */
static int collect_record(struct tep_event *event, struct tep_record *record,
			  int cpu, void *data)
{
	struct batch *batch = data;
	struct entry *entry = add_entry(batch);

	(void)cpu;
	if (!entry)
		return -1;
	*entry = (struct entry) { .event = event, .record = *record };
	entry->record.data = malloc(record->size);
	if (!entry->record.data)
		return -1;
	memcpy(entry->record.data, record->data, record->size);
	batch->count++;
	return 0;
}

static int collect_loss(struct tep_event *event, struct tep_record *record,
			int cpu, void *data)
{
	struct batch *batch = data;
	struct entry *entry = add_entry(batch);

	(void)event;
	(void)cpu;
	if (!entry)
		return -1;
	*entry = (struct entry) { .record = *record };
	entry->record.data = NULL;
	batch->count++;
	return 0;
}

static void print_batch(struct monitor *monitor, struct batch *batch)
{
	struct entry *entry;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		entry = &batch->list[i];
		if (monitor->left && entry->event)
			print_record(monitor, entry->event, &entry->record);
		else if (monitor->left)
			print_loss(monitor, &entry->record);
		free(entry->record.data);
	}
	free(batch->list);
	memset(batch, 0, sizeof(*batch));
}

/* Print all records in the buffers. */
static void read_records(struct monitor *monitor, struct batch *batch)
{
	if (!monitor->left)
		return;
	if (tracefs_iterate_raw_events(tep, instance, NULL, 0, collect_record,
				       batch) < 0)
		die_refused("cannot read the trace records");
	print_batch(monitor, batch);
	free(saved_names);
	saved_names = NULL;
}

void watch_all(struct monitor *monitor, char **command)
{
	struct batch batch = { 0 };

	make_instance(monitor);
	if (tracefs_follow_missed_events(instance, collect_loss, &batch))
		die_refused("cannot count the lost trace records");
	if (command)
		command_start(command);
	/* Only wait for trace_pipe: records are read from the CPUs' buffers. */
	while (monitor_wait(monitor, trace_pipe))
		read_records(monitor, &batch);
	/* What happened until the command ended */
	if (command)
		read_records(monitor, &batch);
	remove_instance();
}
