// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl mode: show or change the mode of an AFU.
 */
#include "afuctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static long parse_mode(const char *text)
{
	if (!strcmp(text, "dedicated_process") || !strcmp(text, "dedicated"))
		return CXL_MODE_DEDICATED;
	if (!strcmp(text, "afu_directed") || !strcmp(text, "directed"))
		return CXL_MODE_DIRECTED;
	if (!strcmp(text, "none"))
		return 0;
	wrong_usage(&mode_command, "invalid mode '%s'", text);
}

static void set_mode(struct cxl_afu_h *afu, long mode)
{
	const char *name = cxl_afu_dev_name(afu);
	long modes;
	int ret;

	if (mode && cxl_get_modes_supported(afu, &modes) == 0 &&
	    !(modes & mode))
		die(EXIT_FAILED, "%s: the AFU does not support mode %s", name,
		    mode_word(mode));
	/* The library cannot set mode none. */
	if (mode)
		ret = cxl_set_mode(afu, mode);
	else
		ret = write_text("none", CLASS_DIR "/%s/mode", name);
	if (ret && errno == EBUSY)
		die(EXIT_BUSY, "%s: the AFU has contexts, or a driver uses it",
		    name);
	if (ret)
		die_refused("%s: mode %s", name, mode_word(mode));
}

static void print_mode(struct cxl_afu_h *afu, long mode)
{
	struct json_object *object;

	if (!json) {
		puts(mode_word(mode));
		return;
	}
	object = json_object_new_object();
	add_string(object, "name", cxl_afu_dev_name(afu));
	add_string(object, "mode", mode_word(mode));
	put_json(object);
}

static int mode_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct afu_name name;
	struct cxl_afu_h *afu;
	bool change;
	long mode = 0;

	while (next_option(&mode_command, argc, argv, "", options) != -1)
		;
	change = argc - optind == 2;
	if (change)
		mode = parse_mode(argv[optind + 1]);
	else
		need_arguments(&mode_command, argc, 1);

	afu = afu_find(argv[optind], &name);
	/* The library returns an error for mode none. */
	if (change)
		set_mode(afu, mode);
	else if (cxl_get_mode(afu, &mode) && errno != EINVAL)
		die_refused("%s", argv[optind]);
	if (!change || json)
		print_mode(afu, mode);
	cxl_afu_free(afu);
	return EXIT_SUCCESS;
}

const struct command mode_command = {
	.name = "mode",
	.synopsis = "[--json] AFU [MODE]",
	.summary = "show or change the mode of an AFU",
	.help =
"Show the mode of an AFU, or change it to dedicated_process (one context),\n"
"afu_directed (many), or none (it cannot be opened). The short forms dedicated\n"
"and directed work, too. While a context exists, or a driver uses the AFU, the\n"
"exit status is 4.\n"
"\n"
"  -j, --json   print the mode as an object\n"
"  -h, --help   show this help",
	.run = mode_run,
};
