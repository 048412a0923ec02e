// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl create, destroy: software cards, which are folders in configfs.
 */
#include "afuctl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_AFUS	4

/* Created by the module itself; its folders can be neither made nor removed. */
#define DEFAULT_CARD	"default"

#define OPTION_FLASH	256

static void need_software_cards(void)
{
	if (!exists(CONFIGFS_DIR))
		die(EXIT_ABSENT, "there is no %s: is cxl-sim loaded, and configfs mounted?",
		    CONFIGFS_DIR);
}

/* The name must be one level below the folder of software cards, not hidden. */
static void check_name(const struct command *command, const char *name)
{
	if (!*name || *name == '.' || strchr(name, '/') ||
	    strlen(name) > NAME_MAX)
		wrong_usage(command, "invalid software card name '%s'", name);
}

static int remove_folders(const char *name)
{
	char path[PATH_MAX];
	int slot;

	for (slot = 0; slot < MAX_AFUS; slot++) {
		snprintf(path, sizeof(path), CONFIGFS_DIR "/%s/afu%d", name,
			 slot);
		rmdir(path);
	}
	snprintf(path, sizeof(path), CONFIGFS_DIR "/%s", name);
	return rmdir(path);
}

/*
 * create
 */

static const char *unfinished;

/* Do not leave an unfinished card behind. */
static void undo_create(void)
{
	const char *name = unfinished;

	unfinished = NULL;
	if (!name)
		return;
	write_text("0", CONFIGFS_DIR "/%s/live", name);
	if (strcmp(name, DEFAULT_CARD))
		remove_folders(name);
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0755))
		die_refused("%s", path);
}

static void make_afu(const char *name, int slot)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), CONFIGFS_DIR "/%s/afu%d", name, slot);
	if (!exists("%s", path))
		make_folder(path);
}

/* Set "psl_revision=1" or "afu0/modes=directed". */
static void apply(const char *name, char *setting)
{
	char *value = strchr(setting, '=');
	char line[128];

	if (!value || value == setting || setting[0] == '.' ||
	    strstr(setting, ".."))
		die(EXIT_USAGE, "create: '%s' must be ATTRIBUTE=VALUE, or afu0/ATTRIBUTE=VALUE",
		    setting);
	*value++ = '\0';
	if (!strncmp(setting, "afu", 3) && setting[3] >= '0' &&
	    setting[3] < '0' + MAX_AFUS && setting[4] == '/')
		make_afu(name, setting[3] - '0');
	if (!strcmp(setting, "live") ||
	    !exists(CONFIGFS_DIR "/%s/%s", name, setting))
		die(EXIT_USAGE, "create: there is no attribute %s", setting);
	/* An empty value is a value, but an empty write() does nothing. */
	if (snprintf(line, sizeof(line), "%s\n", value) >= (int)sizeof(line))
		die(EXIT_USAGE, "create: the value of %s is too long", setting);
	if (write_text(line, CONFIGFS_DIR "/%s/%s", name, setting) == 0)
		return;
	if (errno == EINVAL || errno == ERANGE)
		die(EXIT_USAGE, "create: invalid value '%s' for %s", value,
		    setting);
	/* The attribute requires more than its file mode says. */
	if (errno == EPERM)
		die_not_permitted(setting, "set it");
	die_refused("create: %s", setting);
}

/* The kernel makes a card with the AFUs that it could make. */
static void check_afus(const char *name, const char *card)
{
	int slot;

	for (slot = 0; slot < MAX_AFUS; slot++) {
		if (exists(CONFIGFS_DIR "/%s/afu%d", name, slot) &&
		    !exists(CLASS_DIR "/afu%s.%d", card, slot))
			die(EXIT_FAILED, "%s: AFU %d was not created (see the kernel log)",
			    name, slot);
	}
}

static void print_card(const char *name)
{
	struct json_object *object;
	char num[16], pci[64], card[24], label[NAME_MAX + 1];

	if (read_text(num, sizeof(num), CONFIGFS_DIR "/%s/num", name) < 0 ||
	    read_text(pci, sizeof(pci), CONFIGFS_DIR "/%s/pci", name) < 0)
		die_refused("%s", name);
	if (!strcmp(num, "none"))
		die(EXIT_FAILED, "%s: no driver is bound to the card, or there are too many cards",
		    name);
	check_afus(name, num);
	snprintf(card, sizeof(card), "card%s", num);
	if (!json) {
		puts(card);
		return;
	}
	strcpy(label, name);
	make_printable(label, 0);
	object = json_object_new_object();
	add_string(object, "software", label);
	add_string(object, "name", card);
	add_string(object, "pci", pci);
	put_json(object);
}

static bool is_live(const char *name)
{
	char live[8] = "";

	return read_text(live, sizeof(live), CONFIGFS_DIR "/%s/live", name) > 0 &&
	       live[0] == '1';
}

static void begin_card(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), CONFIGFS_DIR "/%s", name);
	if (!exists("%s", path)) {
		make_folder(path);
	} else if (strcmp(name, DEFAULT_CARD) || is_live(name)) {
		die(EXIT_BUSY, "%s: this software card exists already",
		    name);
	}
	unfinished = name;
	at_end(undo_create);
}

/*
 * A CAPI flash card: as cxlflash wants it, with the layout of SISLite. Those of a
 * number of ports have a name each.
 */
static void apply_flash(const char *name)
{
	static const char * const settings[] = {
		"vpd_v5=5005076000000000", "vpd_v6=5005076000000001",
		"vpd_v7=5005076000000002", "vpd_v8=5005076000000003",
		"afu0/model=user", "afu0/modes=directed", "afu0/num_procs=512",
		"afu0/irqs_min=0", "afu0/pp_offset=0", "afu0/pp_size=0x10000",
		"afu0/psa_size=0x2020000", "afu0/err_buff_size=0",
		"afu0/cr_vendor=0x1014", "afu0/cr_device=0x0600",
		"afu0/cr_class=0x018000", "afu0/recover=1",
		"afu0/allow_kernel_contexts=1",
	};
	char setting[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		strcpy(setting, settings[i]);
		apply(name, setting);
	}
}

static int create_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "flash", no_argument, NULL, OPTION_FLASH },
		COMMON_OPTIONS
	};
	bool flash = false;
	const char *name;
	int c, i;

	while ((c = next_option(&create_command, argc, argv, "", options)) != -1)
		flash |= c == OPTION_FLASH;
	if (optind == argc)
		wrong_usage(&create_command, "an argument is missing");
	name = argv[optind];
	check_name(&create_command, name);
	need_software_cards();

	signals_defer();
	begin_card(name);
	if (flash)
		apply_flash(name);
	for (i = optind + 1; i < argc; i++)
		apply(name, argv[i]);
	make_afu(name, 0);
	if (write_text("1", CONFIGFS_DIR "/%s/live", name))
		die_refused("%s", name);
	print_card(name);
	unfinished = NULL;
	return EXIT_SUCCESS;
}

const struct command create_command = {
	.name = "create",
	.synopsis = "[--flash] [--json] NAME [ATTRIBUTE=VALUE]... [afuM/ATTRIBUTE=VALUE]...",
	.summary = "make a software card",
	.help =
"Make a software card, and print which card it is. It has AFU 0, and each AFU\n"
"that an attribute names. For instance:\n"
"\n"
"  afuctl create mine psl_revision=0x2000 'afu1/modes=dedicated directed'\n"
"\n"
"Attributes of the card: caia_version, psl_revision, base_image, image,\n"
"user_irqs, vpd_v5 to vpd_v8. Of an AFU: model, modes, num_procs, irqs_min,\n"
"num_crs, cr_vendor, cr_device, cr_class, err_buff_size; of the model user also\n"
"pp_offset, pp_size, psa_size, uid, gid, answer_ms, recover, mmio,\n"
"allow_kernel_contexts. The name default brings back the card that comes with the\n"
"module.\n"
"\n"
"      --flash  make a flash card: run afu-flash(1) as its AFU 0\n"
"  -j, --json   print the card as an object\n"
"  -h, --help   show this help",
	.run = create_run,
};

/*
 * destroy
 */

static int destroy_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct json_object *object;
	const char *name;

	while (next_option(&destroy_command, argc, argv, "", options) != -1)
		;
	need_arguments(&destroy_command, argc, 1);
	name = argv[optind];
	check_name(&destroy_command, name);
	need_software_cards();

	if (!exists(CONFIGFS_DIR "/%s", name) && card_number(name) >= 0)
		name = software_name(card_number(name));
	if (!name || !exists(CONFIGFS_DIR "/%s", name))
		die(EXIT_ABSENT, "%s: no such software card",
		    argv[optind]);
	if (write_text("0", CONFIGFS_DIR "/%s/live", name))
		die_refused("%s", name);
	if (strcmp(name, DEFAULT_CARD) && remove_folders(name))
		die_refused("%s", name);
	if (json) {
		object = json_object_new_object();
		add_string(object, "software", name);
		add_bool(object, "destroyed", true);
		put_json(object);
	}
	return EXIT_SUCCESS;
}

const struct command destroy_command = {
	.name = "destroy",
	.synopsis = "[--json] NAME|CARD",
	.summary = "remove a software card",
	.help =
"Remove a software card, by its name or as a card (card1), even if it is in use.\n"
"The card named default, which comes with the module, only disappears: its\n"
"settings are kept, and afuctl create default brings it back.\n"
"\n"
"  -j, --json   print an object when it is done\n"
"  -h, --help   show this help",
	.run = destroy_run,
};
