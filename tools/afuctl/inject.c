// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl inject: make something happen to a software card or its AFUs, through
 * the files that the card has in debugfs.
 */
#include "afuctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUES	3

/* One kind of injection */
struct injection {
	const char *name;
	const char *file;
	bool afu;		/* else for the whole card */
	unsigned int least;	/* fewest values, after the card or AFU */
	unsigned int most;
	uint64_t max[MAX_VALUES];
	const char *what[MAX_VALUES];
	const char *words[3];	/* the only values allowed, if there are any */
	const char *fixed;	/* the value, if the user gives none */
};

static const struct injection injections[] = {
	{ "irq", "inject_irq", true, 2, 2, { UINT16_MAX, UINT16_MAX },
	  { "PE", "IRQ" } },
	{ "fault", "inject_fault", true, 2, 3,
	  { UINT16_MAX, UINT64_MAX, UINT64_MAX }, { "PE", "ADDRESS", "DSISR" } },
	{ "error", "inject_error", true, 2, 2, { UINT16_MAX, UINT64_MAX },
	  { "PE", "VALUE" } },
	{ "link", "link", false, 1, 1, .words = { "down", "up" } },
	{ "recovery", "recovery", false, 1, 1,
	  .words = { "frozen", "perm_failure" } },
	{ "remove", "remove", false, 0, 0, .fixed = "1" },
	{ "delay", "delay", false, 1, 1, { UINT32_MAX }, { "MICROSECONDS" } },
};

static const struct injection *find_injection(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(injections); i++) {
		if (!strcmp(injections[i].name, name))
			return &injections[i];
	}
	wrong_usage(&inject_command, "unknown injection '%s'", name);
}

static void check_word(const struct injection *injection, const char *text)
{
	size_t i;

	for (i = 0; injection->words[i]; i++) {
		if (!strcmp(injection->words[i], text))
			return;
	}
	die(EXIT_USAGE, "inject %s: '%s' must be %s or %s", injection->name, text,
	    injection->words[0], injection->words[1]);
}

/* Make the line to write from valid values. */
static void make_line(const struct injection *injection, int count,
		      char **values, char *line, size_t size)
{
	size_t length = 0;
	int i;

	if (injection->fixed) {
		snprintf(line, size, "%s", injection->fixed);
		return;
	}
	if (injection->words[0]) {
		check_word(injection, values[0]);
		snprintf(line, size, "%s", values[0]);
		return;
	}
	for (i = 0; i < count; i++)
		length += snprintf(line + length, size - length, "%s%llu",
				   i ? " " : "",
				   parse_number(injection->what[i], values[i],
						injection->max[i]));
}

static void explain(const struct injection *injection, const char *target,
		    char **values)
{
	int error = errno;

	if (error == EACCES || error == EPERM)
		die_not_permitted(target, "inject");
	if (error == ENOENT && injection->afu && exists(DEBUGFS_DIR))
		die(EXIT_ABSENT, "%s: process element %s is not attached", target,
		    values[0]);
	if (error == EINVAL && !strcmp(injection->name, "irq"))
		die(EXIT_FAILED, "%s: process element %s has no interrupt %s",
		    target, values[0], values[1]);
	if (error == EIO && injection->afu)
		die(EXIT_FAILED, "%s: the link to the card is down", target);
	errno = error;
	die_refused("%s: cannot inject %s", target, injection->name);
}

static void inject_values(const struct injection *injection, const char *target,
			  int count, char **values)
{
	char folder[PATH_SIZE], line[80];
	struct cxl_adapter_h *card;
	struct afu_name name;
	struct cxl_afu_h *afu;
	bool is_software;

	if (injection->afu) {
		afu = afu_find(target, &name);
		cxl_afu_free(afu);
	} else {
		card = card_find(target);
		cxl_adapter_free(card);
	}
	make_line(injection, count, values, line, sizeof(line));
	need_debugfs("inject");
	if (injection->afu) {
		is_software = software_folder(&name, folder, sizeof(folder));
	} else {
		snprintf(folder, sizeof(folder), DEBUGFS_DIR "/%s", target);
		is_software = exists("%s/%s", folder, injection->file);
	}
	if (!is_software)
		die(EXIT_ABSENT, "%s: is not a software card, so nothing can be injected",
		    target);
	if (write_text(line, "%s/%s", folder, injection->file))
		explain(injection, target, values);
}

static int inject_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	const struct injection *injection;
	struct json_object *object;
	int count;

	while (next_option(&inject_command, argc, argv, "", options) != -1)
		;
	if (optind == argc)
		wrong_usage(&inject_command, "an argument is missing");
	injection = find_injection(argv[optind]);
	count = argc - optind - 2;
	if (count < (int)injection->least)
		wrong_usage(&inject_command, "an argument is missing");
	if (count > (int)injection->most)
		wrong_usage(&inject_command, "too many arguments");
	inject_values(injection, argv[optind + 1], count, argv + optind + 2);
	if (json) {
		object = json_object_new_object();
		add_string(object, "name", argv[optind + 1]);
		add_string(object, "injected", injection->name);
		put_json(object);
	}
	return EXIT_SUCCESS;
}

const struct command inject_command = {
	.name = "inject",
	.synopsis = "[--json] WHAT CARD|AFU [VALUE]...",
	.summary = "make things happen to a software card",
	.help =
"To a context of an AFU, named by its process element (PE):\n"
"\n"
"  irq AFU PE IRQ                 an AFU interrupt, from 1\n"
"  fault AFU PE ADDRESS [DSISR]   a translation fault, for a load by default\n"
"  error AFU PE VALUE             an AFU error\n"
"\n"
"To a card:\n"
"\n"
"  link CARD down|up              the link goes down, or comes back\n"
"  recovery CARD frozen           a PCI error, from which the card recovers\n"
"  recovery CARD perm_failure     a PCI error, and the card stays away\n"
"  remove CARD                    surprise removal\n"
"  delay CARD MICROSECONDS        before each work element, from now on\n"
"\n"
"Numbers are decimal, or hexadecimal with 0x. When afuctl ends, it has happened.\n"
"\n"
"  -j, --json   print an object when it is done\n"
"  -h, --help   show this help",
	.run = inject_run,
};
