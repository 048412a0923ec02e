// SPDX-License-Identifier: GPL-2.0-only
/* Software cards: see tests/lib/sim_test.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define DEBUGFS		"/sys/kernel/debug/cxl-afu"
#define MAX_AFUS	4

static void make_afu(const struct sim_card *card, char slice)
{
	char path[128];

	snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%c", card->name, slice);
	if (file_exists("%s", path))
		return;
	require_ok(mkdir(path, 0755));
	require_ok(file_write("0", "%s/num_crs", path));
}

static void learn_names(struct sim_card *card)
{
	card->num = file_number(SIM_CONFIG "/%s/num", card->name);
	require(file_read(card->pci, sizeof(card->pci), SIM_CONFIG "/%s/pci",
			  card->name) > 0);
	snprintf(card->master, sizeof(card->master), "afu%d.0m", card->num);
	snprintf(card->slave, sizeof(card->slave), "afu%d.0s", card->num);
	snprintf(card->dedicated, sizeof(card->dedicated), "afu%d.0d",
		 card->num);
}

void sim_card_make(struct sim_card *card, ...)
{
	static unsigned int number;
	const char *name, *value;
	char path[128];
	va_list args;

	memset(card, 0, sizeof(*card));
	snprintf(card->name, sizeof(card->name), "test-%d-%u", getpid(),
		 number++);
	snprintf(path, sizeof(path), SIM_CONFIG "/%s", card->name);
	require(!mkdir(path, 0755), "%s: %m", path);
	make_afu(card, '0');

	va_start(args, card);
	while ((name = va_arg(args, const char *))) {
		value = va_arg(args, const char *);
		if (!strncmp(name, "afu", 3))
			make_afu(card, name[3]);
		require(!file_write(value, "%s/%s", path, name), "%s: %m", name);
	}
	va_end(args);
	sim_card_set_live(card, true);
}

void sim_card_set_live(struct sim_card *card, bool live)
{
	require(!file_write(live ? "1" : "0", SIM_CONFIG "/%s/live", card->name),
		"%m");
	if (live)
		learn_names(card);
}

static void remove_card(const char *name)
{
	char path[300];
	int slice;

	file_write("0", SIM_CONFIG "/%s/live", name);
	for (slice = 0; slice < MAX_AFUS; slice++) {
		snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%d", name, slice);
		rmdir(path);
	}
	snprintf(path, sizeof(path), SIM_CONFIG "/%s", name);
	if (rmdir(path))
		diag("%s stays: %m", path);
}

void sim_cards_remove(void)
{
	DIR *dir = opendir(SIM_CONFIG);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "test-", 5))
			remove_card(entry->d_name);
	closedir(dir);
}

static int inject(int card, const char *file, int pe, const char *what)
{
	char text[80];

	snprintf(text, sizeof(text), "%d %s", pe, what);
	return file_write(text, DEBUGFS "/card%d/afu0/inject_%s", card, file);
}

int sim_inject_irq(int card, int pe, unsigned int irq)
{
	char what[16];

	snprintf(what, sizeof(what), "%u", irq);
	return inject(card, "irq", pe, what);
}

int sim_inject_fault(int card, int pe, __u64 addr, __u64 dsisr)
{
	char what[48];

	snprintf(what, sizeof(what), "%#llx %#llx", addr, dsisr);
	return inject(card, "fault", pe, what);
}

int sim_inject_error(int card, int pe, __u64 error)
{
	char what[24];

	snprintf(what, sizeof(what), "%#llx", error);
	return inject(card, "error", pe, what);
}

int sim_set_link(int card, const char *link)
{
	return file_write(link, DEBUGFS "/card%d/link", card);
}

int sim_recovery(int card, const char *error)
{
	return file_write(error, DEBUGFS "/card%d/recovery", card);
}

int sim_unplug(int card)
{
	return file_write("1", DEBUGFS "/card%d/remove", card);
}

int sim_set_delay(int card, unsigned int us)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", us);
	return file_write(text, DEBUGFS "/card%d/delay", card);
}
