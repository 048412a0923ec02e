// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which contexts exist? For root, debugfs lists them all, with their counters.
 * /proc/PID/fdinfo adds the processes, and is all that other users can see.
 */
#include "afuctl.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COLUMNS	16

const char *const counter_names[COUNTERS] = {
	[POSTED] = "posted",
	[DELIVERED] = "delivered",
	[RETURNED] = "returned",
	[REJECTED] = "rejected",
	[COALESCED] = "coalesced",
	[LOST] = "lost",
	[PENDING] = "pending",
};

static void set_field(struct context *context, const char *name,
		      const char *value)
{
	size_t i;

	if (!strcmp(name, "pe"))
		context->pe = atoi(value);
	else if (!strcmp(name, "state") || !strcmp(name, "status"))
		snprintf(context->state, sizeof(context->state), "%s", value);
	else if (!strcmp(name, "kind"))
		snprintf(context->kind, sizeof(context->kind), "%s", value);
	make_printable(context->state, 0);
	make_printable(context->kind, 0);
	for (i = 0; i < COUNTERS; i++) {
		if (!strcmp(name, counter_names[i]))
			context->counters[i] = strtoull(value, NULL, 10);
	}
}

static struct context *find(struct contexts *contexts, int card, int slot,
			    int pe)
{
	size_t i;

	for (i = 0; i < contexts->count; i++) {
		struct context *context = &contexts->list[i];

		if (context->card == card && context->slot == slot &&
		    context->pe == pe)
			return context;
	}
	return NULL;
}

static struct context *add(struct contexts *contexts,
			   const struct context *context)
{
	struct context *list;

	list = reallocarray(contexts->list, contexts->count + 1,
			    sizeof(*list));
	if (!list)
		die_refused("contexts");
	contexts->list = list;
	list[contexts->count] = *context;
	return &list[contexts->count++];
}

static int split(char *line, char **words)
{
	char *save, *word;
	int n = 0;

	for (word = strtok_r(line, " \t\n", &save); word && n < MAX_COLUMNS;
	     word = strtok_r(NULL, " \t\n", &save))
		words[n++] = word;
	return n;
}

/* Read a table whose first line has the names of the columns. */
static void read_table(struct contexts *contexts, FILE *file, int card,
		       int slot)
{
	char header[256], line[256], *names[MAX_COLUMNS], *words[MAX_COLUMNS];
	int columns, n, i;

	if (!fgets(header, sizeof(header), file))
		return;
	columns = split(header, names);
	while (fgets(line, sizeof(line), file)) {
		struct context context = {
			.card = card,
			.slot = slot,
			.pe = -1,
		};

		n = split(line, words);
		for (i = 0; i < n && i < columns; i++)
			set_field(&context, names[i], words[i]);
		if (context.pe >= 0)
			add(contexts, &context);
	}
}

static void read_debugfs(struct contexts *contexts)
{
	struct afu_name name;
	struct dirent *entry;
	char path[128];
	FILE *file;
	DIR *dir;

	dir = opendir(CLASS_DIR);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!afu_parse(entry->d_name, &name) || name.view)
			continue;
		snprintf(path, sizeof(path),
			 DEBUGFS_DIR "/card%d/afu%d/contexts", name.card,
			 name.slot);
		file = fopen(path, "re");
		if (!file)
			continue;
		read_table(contexts, file, name.card, name.slot);
		fclose(file);
	}
	closedir(dir);
}

/* Read lines "cxl-NAME:\tVALUE". Returns false for other files. */
static bool read_fdinfo(struct context *context, const char *text)
{
	struct afu_name name = { 0 };
	char key[32], value[32];
	bool found = false;

	context->pe = -1;
	for (; text; text = strchr(text, '\n')) {
		text += strspn(text, "\n");
		if (sscanf(text, "cxl-%31[a-z]: %31s", key, value) != 2)
			continue;
		if (!strcmp(key, "afu"))
			found = afu_parse(value, &name);
		set_field(context, key, value);
	}
	context->card = name.card;
	context->slot = name.slot;
	return found && context->pe >= 0;
}

static void read_fd(struct contexts *contexts, pid_t pid, const char *fd)
{
	struct context context = { 0 }, *known;
	char path[64], link[64], info[1024];
	ssize_t n;

	/* It is not a socket, a pipe etc. */
	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", pid, fd);
	n = readlink(path, link, sizeof(link));
	if (n < 1 || link[0] != '/')
		return;
	if (read_text(info, sizeof(info), "/proc/%d/fdinfo/%.16s", pid, fd) < 0 ||
	    !read_fdinfo(&context, info))
		return;
	known = find(contexts, context.card, context.slot, context.pe);
	if (!known)
		known = add(contexts, &context);
	if (known->last_pid == pid)
		return;
	known->last_pid = pid;
	known->processes++;
	if (known->pid)
		return;
	known->pid = pid;
	read_text(known->comm, sizeof(known->comm), "/proc/%d/comm", pid);
	make_printable(known->comm, 0);
}

static void read_processes(struct contexts *contexts)
{
	struct dirent *process, *fd;
	DIR *processes, *fds;
	char path[64];

	processes = opendir("/proc");
	if (!processes)
		return;
	while ((process = readdir(processes))) {
		if (!isdigit(process->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/fd", process->d_name);
		fds = opendir(path);
		if (!fds)
			continue;
		while ((fd = readdir(fds))) {
			if (isdigit(fd->d_name[0]))
				read_fd(contexts, atoi(process->d_name),
					fd->d_name);
		}
		closedir(fds);
	}
	closedir(processes);
}

static int compare(const void *left, const void *right)
{
	const struct context *a = left, *b = right;

	if (a->card != b->card)
		return a->card - b->card;
	if (a->slot != b->slot)
		return a->slot - b->slot;
	return a->pe - b->pe;
}

void contexts_read(struct contexts *contexts)
{
	memset(contexts, 0, sizeof(*contexts));
	read_debugfs(contexts);
	read_processes(contexts);
	if (contexts->count)
		qsort(contexts->list, contexts->count, sizeof(*contexts->list),
		      compare);
}

void contexts_free(struct contexts *contexts)
{
	free(contexts->list);
	memset(contexts, 0, sizeof(*contexts));
}

void context_owner(const struct context *context, char *buf, size_t size)
{
	if (!context->processes)
		snprintf(buf, size, "(kernel)");
	else if (context->processes == 1)
		snprintf(buf, size, "%s[%d]", context->comm, context->pid);
	else
		snprintf(buf, size, "%s[%d] and %u more", context->comm,
			 context->pid, context->processes - 1);
}

struct json_object *context_json(const struct context *context)
{
	struct json_object *object = json_object_new_object();
	char afu[32];
	size_t i;

	snprintf(afu, sizeof(afu), "afu%d.%d", context->card, context->slot);
	add_string(object, "afu", afu);
	add_int(object, "pe", context->pe);
	add_string(object, "state", context->state);
	if (context->kind[0])
		add_string(object, "kind", context->kind);
	add_int(object, "processes", context->processes);
	if (context->processes) {
		add_int(object, "pid", context->pid);
		add_string(object, "comm", context->comm);
	}
	for (i = 0; i < COUNTERS; i++)
		add_uint(object, counter_names[i], context->counters[i]);
	return object;
}
