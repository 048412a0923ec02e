// SPDX-License-Identifier: GPL-2.0-only
#include "afuctl.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Digits only; strtol() would accept blanks and signs. Returns -1 on error. */
static int parse_digits(const char **text)
{
	int value = 0;

	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (value > 99999)
			return -1;
		value = value * 10 + **text - '0';
	}
	return value;
}

int card_number(const char *text)
{
	int number;

	if (strncmp(text, "card", 4))
		return -1;
	text += 4;
	number = parse_digits(&text);
	return *text ? -1 : number;
}

bool afu_parse(const char *text, struct afu_name *name)
{
	if (!strncmp(text, NODE_DIR "/", strlen(NODE_DIR "/")))
		text += strlen(NODE_DIR "/");
	if (strncmp(text, "afu", 3))
		return false;
	text += 3;
	name->card = parse_digits(&text);
	if (name->card < 0 || *text++ != '.')
		return false;
	name->slot = parse_digits(&text);
	if (name->slot < 0)
		return false;
	name->view = *text;
	return !*text || (strchr("dms", *text) && !text[1]);
}

void need_driver(void)
{
	if (!exists(CLASS_DIR))
		die(EXIT_ABSENT, "there is no " CLASS_DIR ": the driver cxl is not loaded");
}

void need_debugfs(const char *what)
{
	if (exists(DEBUGFS_DIR))
		return;
	if (errno == EACCES || errno == EPERM)
		die_not_permitted(DEBUGFS_DIR, what);
	die(EXIT_ABSENT, DEBUGFS_DIR ": is debugfs mounted?");
}

bool software_folder(const struct afu_name *name, char *path, size_t size)
{
	snprintf(path, size, DEBUGFS_DIR "/card%d/afu%d.%d", name->card,
		 name->card, name->slot);
	if (exists("%s/inject_irq", path))
		return true;
	snprintf(path, size, DEBUGFS_DIR "/card%d/afu%d", name->card,
		 name->slot);
	return exists("%s/inject_irq", path);
}

struct cxl_adapter_h *card_find(const char *text)
{
	struct cxl_adapter_h *card;

	if (card_number(text) < 0)
		die(EXIT_USAGE, "invalid card name '%s' (expected e.g. card0)",
		    text);
	need_driver();
	cxl_for_each_adapter(card) {
		if (!strcmp(cxl_adapter_dev_name(card), text))
			return card;
	}
	die(EXIT_ABSENT, "%s: no such card", text);
}

struct cxl_afu_h *afu_find(const char *text, struct afu_name *name)
{
	struct cxl_afu_h *afu;
	char wanted[32];

	if (!afu_parse(text, name))
		die(EXIT_USAGE, "invalid AFU name '%s' (expected e.g. afu0.0)",
		    text);
	need_driver();
	snprintf(wanted, sizeof(wanted), "afu%d.%d", name->card, name->slot);
	cxl_for_each_afu(afu) {
		if (!strcmp(cxl_afu_dev_name(afu), wanted))
			return afu;
	}
	die(EXIT_ABSENT, "%s: no such AFU", text);
}

const char *mode_word(long mode)
{
	switch (mode) {
	case CXL_MODE_DEDICATED:
		return "dedicated_process";
	case CXL_MODE_DIRECTED:
		return "afu_directed";
	default:
		return "none";
	}
}

const char *software_name(int card)
{
	static char name[NAME_MAX + 1];
	const char *found = NULL;
	struct dirent *entry;
	char number[16];
	DIR *dir;

	dir = opendir(CONFIGFS_DIR);
	if (!dir)
		return NULL;
	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    read_text(number, sizeof(number), CONFIGFS_DIR "/%s/num",
			      entry->d_name) < 1 ||
		    strspn(number, "0123456789") != strlen(number) ||
		    atoi(number) != card)
			continue;
		strcpy(name, entry->d_name);
		found = name;
	}
	closedir(dir);
	return found;
}

const char *software_label(int card)
{
	static char label[NAME_MAX + 1];
	const char *name = software_name(card);

	if (!name)
		return NULL;
	strcpy(label, name);
	make_printable(label, 0);
	return label;
}
