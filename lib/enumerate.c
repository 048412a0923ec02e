// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cards and AFUs in the order of their numbers.  A step keeps no folder open:
 * it looks for the next higher number, so cards may come and go in between.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/*
 * The lowest number above @after that @number() finds in the name of an entry;
 * -1 if there is none, -2 with errno if the folder cannot be read.
 */
static int next_number(const char *folder, int after,
		       int (*number)(const char *name, int scope), int scope)
{
	struct dirent *entry;
	int n, found = -1;
	DIR *dir;

	dir = opendir(folder);
	if (!dir) {
		if (errno != ENOMEM)
			errno = ENODEV;
		return -2;
	}
	while ((entry = readdir(dir))) {
		n = number(entry->d_name, scope);
		if (n > after && (found < 0 || n < found))
			found = n;
	}
	closedir(dir);
	return found;
}

/* N if @name is @prefix followed by N as the kernel writes it, else -1 */
static int number_behind(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	char again[DEVICE_NAME_SIZE];
	long n;
	int error = errno;

	if (strncmp(name, prefix, len) ||
	    libcxl_parse_long(name + len, 10, &n) || n < 0 || n != (int)n) {
		errno = error;
		return -1;
	}
	snprintf(again, sizeof(again), "%ld", n);
	return strcmp(again, name + len) ? -1 : (int)n;
}

static int card_number(const char *name, int scope)
{
	(void)scope;
	return number_behind(name, "card");
}

static int slot_number(const char *name, int card)
{
	char prefix[DEVICE_NAME_SIZE];

	snprintf(prefix, sizeof(prefix), "afu%d.", card);
	return number_behind(name, prefix);
}

static int next_card(int after)
{
	char *folder;
	int card;

	folder = libcxl_format("%s/class/cxl", libcxl_sysfs());
	if (!folder)
		return -2;
	card = next_number(folder, after, card_number, 0);
	free(folder);
	return card;
}

static int next_slot(int card, int after)
{
	char *folder;
	int slot;

	folder = libcxl_format("%s/class/cxl/" CARD_NAME, libcxl_sysfs(), card);
	if (!folder)
		return -2;
	slot = next_number(folder, after, slot_number, card);
	free(folder);
	return slot;
}

/* End an enumeration: errno becomes 0, unless there was an error. */
static void finish(int found)
{
	if (found != -2)
		errno = 0;
}

struct cxl_adapter_h *cxl_adapter_next(struct cxl_adapter_h *adapter)
{
	int card;

	errno = 0;
	card = next_card(adapter ? adapter->number : -1);
	if (card < 0) {
		cxl_adapter_free(adapter);
		finish(card);
		return NULL;
	}
	if (!adapter)
		adapter = calloc(1, sizeof(*adapter));
	if (!adapter)
		return NULL;
	adapter->number = card;
	snprintf(adapter->name, sizeof(adapter->name), CARD_NAME, card);
	errno = 0;
	return adapter;
}

char *cxl_adapter_dev_name(struct cxl_adapter_h *adapter)
{
	if (adapter)
		return adapter->name;
	errno = EINVAL;
	return NULL;
}

void cxl_adapter_free(struct cxl_adapter_h *adapter)
{
	int error = errno;

	free(adapter);
	errno = error;
}

/* Turn @afu, new or not, into the handle of this AFU; on failure free it. */
static struct cxl_afu_h *move_to(struct cxl_afu_h *afu, int card, int slot)
{
	char *name, *path;

	if (!afu)
		afu = libcxl_afu_new();
	if (!afu)
		return NULL;
	name = libcxl_format(AFU_NAME, card, slot);
	path = libcxl_format("%s/class/cxl/" AFU_NAME, libcxl_sysfs(), card,
			     slot);
	if (!name || !path) {
		free(name);
		free(path);
		cxl_afu_free(afu);
		errno = ENOMEM;
		return NULL;
	}
	free(afu->name);
	free(afu->path);
	afu->name = name;
	afu->path = path;
	afu->card = card;
	afu->slot = slot;
	/* These belonged to another AFU. */
	afu->errinfo_known = false;
	libcxl_errinfo_close(afu);
	errno = 0;
	return afu;
}

static struct cxl_afu_h *no_more(struct cxl_afu_h *afu, int found)
{
	cxl_afu_free(afu);
	finish(found);
	return NULL;
}

static struct cxl_afu_h *not_enumerated(void)
{
	errno = EINVAL;
	return NULL;
}

struct cxl_afu_h *cxl_adapter_afu_next(struct cxl_adapter_h *adapter,
				       struct cxl_afu_h *afu)
{
	int card, slot;

	if (afu ? afu->card < 0 : !adapter)
		return not_enumerated();
	errno = 0;
	card = afu ? afu->card : adapter->number;
	slot = next_slot(card, afu ? afu->slot : -1);
	if (slot < 0)
		return no_more(afu, slot);
	return move_to(afu, card, slot);
}

struct cxl_afu_h *cxl_afu_next(struct cxl_afu_h *afu)
{
	int card = -1, slot;

	if (afu && afu->card < 0)
		return not_enumerated();
	errno = 0;
	if (afu) {
		card = afu->card;
		slot = next_slot(card, afu->slot);
		if (slot >= 0)
			return move_to(afu, card, slot);
	}
	/* A card without AFUs, or one that just went away, is not the end. */
	for (card = next_card(card); card >= 0; card = next_card(card)) {
		slot = next_slot(card, -1);
		if (slot >= 0)
			return move_to(afu, card, slot);
	}
	return no_more(afu, card);
}
