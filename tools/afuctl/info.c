// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl info: all attributes of a card or an AFU.
 */
#include "afuctl.h"

#include <stdlib.h>
#include <string.h>

/* In the order of printing. Attributes that do not exist are left out. */
static const char *const card_attributes[] = {
	"caia_version", "psl_revision", "base_image", "image_loaded",
	"load_image_on_perst", "perst_reloads_same_image",
	"psl_timebase_synced", "tunneled_ops_supported", NULL
};

static const char *const afu_attributes[] = {
	"mode", "modes_supported", "api_version", "api_version_compatible",
	"irqs_min", "irqs_max", "mmio_size", "prefault_mode", NULL
};

static const char *const master_attributes[] = {
	"mmio_size", "pp_mmio_off", "pp_mmio_len", NULL
};

static const char *const record_attributes[] = {
	"vendor", "device", "class", NULL
};

static bool is_number(const char *text)
{
	return *text && strlen(text) < 19 &&
	       strspn(text, "0123456789") == strlen(text);
}

static struct json_object *value_json(const char *name, char *text)
{
	struct json_object *array;
	char *save, *line;

	if (is_number(text))
		return json_object_new_int64(atoll(text));
	if (strcmp(name, "modes_supported"))
		return json_string(text);
	/* One line per mode */
	array = json_object_new_array();
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		json_object_array_add(array, json_string(line));
	return array;
}

/*
 * Print the attributes of the folder @path, each after @label, or add them to
 * @object.
 */
static void show(struct json_object *object, const char *path,
		 const char *label, const char *const *names)
{
	char text[512], *p;

	for (; *names; names++) {
		if (read_text(text, sizeof(text), CLASS_DIR "/%s/%s", path,
			      *names) < 0)
			continue;
		make_printable(text, '\n');
		if (object) {
			json_object_object_add(object, *names, value_json(*names, text));
			continue;
		}
		for (p = text; (p = strchr(p, '\n'));)
			*p = ' ';
		printf("  %s%-*s %s\n", label, (int)(26 - strlen(label)), *names,
		       text);
	}
}

static void show_card(struct json_object *object, struct cxl_adapter_h *card)
{
	const char *name = cxl_adapter_dev_name(card);
	const char *software = software_label(card_number(name));

	if (!object)
		printf("%s\n", name);
	show(object, name, "", card_attributes);
	if (software && object)
		add_string(object, "software", software);
	else if (software)
		printf("  %-26s %s\n", "software card", software);
}

static void show_records(struct json_object *object, const char *afu)
{
	struct json_object *array = NULL, *record = NULL;
	char path[64], label[16];
	int i;

	if (object) {
		array = json_object_new_array();
		json_object_object_add(object, "records", array);
	}
	for (i = 0; exists(CLASS_DIR "/%s/cr%d", afu, i); i++) {
		snprintf(path, sizeof(path), "%s/cr%d", afu, i);
		snprintf(label, sizeof(label), "cr%d ", i);
		if (array) {
			record = json_object_new_object();
			json_object_array_add(array, record);
		}
		show(record, path, label, record_attributes);
	}
}

static void show_afu(struct json_object *object, struct cxl_afu_h *afu)
{
	const char *name = cxl_afu_dev_name(afu);
	struct json_object *master = NULL;
	char path[64], *pci;
	size_t size;

	if (!object)
		printf("%s\n", name);
	show(object, name, "", afu_attributes);
	snprintf(path, sizeof(path), "%sm", name);
	if (object && exists(CLASS_DIR "/%s", path)) {
		master = json_object_new_object();
		json_object_object_add(object, "master", master);
	}
	show(master, path, "master ", master_attributes);
	if (cxl_errinfo_size(afu, &size) == 0) {
		if (object)
			add_uint(object, "error_buffer_size", size);
		else
			printf("  %-26s %zu\n", "error buffer", size);
	}
	if (cxl_afu_sysfs_pci(afu, &pci) == 0) {
		if (object)
			add_string(object, "card_pci_path", pci);
		else
			printf("  %-26s %s\n", "PCI device of the card", pci);
		free(pci);
	}
	show_records(object, name);
}

static int info_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct json_object *object = NULL;
	struct cxl_adapter_h *card;
	struct afu_name name;
	struct cxl_afu_h *afu;

	while (next_option(&info_command, argc, argv, "", options) != -1)
		;
	need_arguments(&info_command, argc, 1);

	if (json) {
		object = json_object_new_object();
		add_string(object, "name", argv[optind]);
	}
	if (!strncmp(argv[optind], "card", 4)) {
		card = card_find(argv[optind]);
		show_card(object, card);
		cxl_adapter_free(card);
	} else {
		afu = afu_find(argv[optind], &name);
		if (object)
			add_string(object, "name", cxl_afu_dev_name(afu));
		show_afu(object, afu);
		cxl_afu_free(afu);
	}
	if (object)
		put_json_pretty(object);
	return EXIT_SUCCESS;
}

const struct command info_command = {
	.name = "info",
	.synopsis = "[--json] CARD|AFU",
	.summary = "show all attributes of a card or an AFU",
	.help =
"Show the attributes of a card (card0) or an AFU (afu0.0).\n"
"\n"
"  -j, --json   print an object for programs\n"
"  -h, --help   show this help",
	.run = info_run,
};
