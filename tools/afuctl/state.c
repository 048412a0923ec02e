// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl state: what the AFUs of software cards are doing, by the file that
 * each has in debugfs: a line of words and KEY=VALUE for each context.
 */
#include "afuctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE	512

/* Numbers stay numbers, but for those in hexadecimal; a word alone is true. */
static void add_word(struct json_object *object, char *word)
{
	char *value = strchr(word, '='), *end;
	unsigned long long number;

	if (!value) {
		add_bool(object, word, true);
		return;
	}
	*value++ = '\0';
	errno = 0;
	number = strtoull(value, &end, 10);
	if (*value >= '0' && *value <= '9' && !*end && !errno)
		add_uint(object, word, number);
	else
		add_string(object, word, value);
}

static struct json_object *context_json_of(char *line)
{
	struct json_object *object = json_object_new_object();
	char *word, *save;

	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		add_word(object, word);
	return object;
}

static void show_line(const char *name, char *line, struct json_object *contexts)
{
	line[strcspn(line, "\n")] = '\0';
	make_printable(line, 0);
	if (json)
		json_object_array_add(contexts, context_json_of(line));
	else
		printf("%s  %s\n", name, line);
}

/*
 * Returns false if it is not an AFU of a software card, or no longer there.
 * A name that was asked for must be one.
 */
static bool show_afu(const struct afu_name *afu, struct json_object *afus)
{
	char path[PATH_SIZE], name[NAME_SIZE], line[LINE_SIZE];
	struct json_object *object, *contexts = NULL;
	size_t lines = 0;
	FILE *file;

	snprintf(name, sizeof(name), "afu%d.%d", afu->card, afu->slot);
	if (!software_folder(afu, path, sizeof(path)))
		return false;
	strcat(path, "/state");
	file = fopen(path, "re");
	if (!file && (errno == EACCES || errno == EPERM))
		die_not_permitted(name, "see the state");
	if (!file)
		return false;
	if (json) {
		object = json_object_new_object();
		contexts = json_object_new_array();
		add_string(object, "name", name);
		json_object_object_add(object, "contexts", contexts);
		json_object_array_add(afus, object);
	}
	for (; fgets(line, sizeof(line), file); lines++)
		show_line(name, line, contexts);
	fclose(file);
	if (!lines && !json)
		printf("%s  no contexts\n", name);
	return true;
}

static size_t show_all(struct json_object *afus)
{
	struct cxl_afu_h *afu;
	struct afu_name name;
	size_t shown = 0;

	cxl_for_each_afu(afu) {
		if (afu_parse(cxl_afu_dev_name(afu), &name))
			shown += show_afu(&name, afus);
	}
	return shown;
}

static int state_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct json_object *afus = NULL, *object;
	struct cxl_afu_h *afu;
	struct afu_name name;

	while (next_option(&state_command, argc, argv, "", options) != -1)
		;
	if (argc - optind > 1)
		wrong_usage(&state_command, "too many arguments");
	need_driver();
	need_debugfs("see the state");
	if (json)
		afus = json_object_new_array();
	if (optind == argc) {
		if (!show_all(afus) && !json)
			puts("no software cards");
	} else {
		afu = afu_find(argv[optind], &name);
		cxl_afu_free(afu);
		if (!show_afu(&name, afus))
			die(EXIT_ABSENT, "%s: is not an AFU of a software card",
			    argv[optind]);
	}
	if (json) {
		object = json_object_new_object();
		json_object_object_add(object, "afus", afus);
		put_json_pretty(object);
	}
	return EXIT_SUCCESS;
}

const struct command state_command = {
	.name = "state",
	.synopsis = "[--json] [AFU]",
	.summary = "show what the AFUs of software cards are doing",
	.help =
"Show the contexts of an AFU of a software card, or of all such AFUs, as the card\n"
"sees them: whether the AFU works for the context, its work element descriptor,\n"
"how many elements it has executed and bytes it has copied, and how often it\n"
"waited for a page. Only for root.\n"
"\n"
"  -j, --json   print an object for programs\n"
"  -h, --help   show this help",
	.run = state_run,
};
