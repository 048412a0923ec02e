// SPDX-License-Identifier: GPL-2.0-only
/* Software cards: see tests/lib/sim_test.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define DEBUGFS		"/sys/kernel/debug/cxl-afu"
#define PCI_DRIVER	"/sys/bus/pci/drivers/cxl-sim"
#define MAX_AFUS	4

/*
 * The tests of an AFU in the kernel are those of the same AFU as a program:
 * $CXL_MODEL is "user" then, or "trapped" if its registers shall not be memory.
 * It has the numbers that the other would have.
 */
static const struct user_model {
	const char *name;
	const char *program;
	const char *settings[5][2];
} user_models[] = {
	{ "memcpy", "/tests/lib/afu-memcpy", {
		{ "modes", "directed" },
	} },
	{ "crc", "/tests/lib/afu-crc", {
		{ "modes", "dedicated directed" },
		{ "pp_size", "0x100000" },
		{ "irqs_min", "16" },
		{ "cr_device", "0x4360" },
	} },
};

/* Which of them each AFU of the card that was made last is */
static const struct user_model *afu_model[MAX_AFUS];

static bool model_is(const char *name)
{
	const char *model = getenv("CXL_MODEL");

	return model && !strcmp(model, name);
}

bool sim_models_are_programs(void)
{
	return model_is("user") || model_is("trapped");
}

static void choose_user_model(const char *afu, char slice, const char *name)
{
	const struct user_model *m = user_models;
	int i;

	while (strcmp(m->name, name))
		require(++m < user_models + ARRAY_SIZE(user_models), "%s", name);
	afu_model[slice - '0'] = m;
	require_ok(file_write("user", "%s/model", afu));
	if (model_is("trapped"))
		require_ok(file_write("trapped", "%s/mmio", afu));
	for (i = 0; m->settings[i][0]; i++)
		require_ok(file_write(m->settings[i][1], "%s/%s", afu,
				      m->settings[i][0]));
}

/* To open it oneself would be in the program's way. */
static bool has_open(pid_t pid, const char *node)
{
	char link[64], path[64];
	ssize_t len;
	int fd;

	for (fd = 3; fd < 16; fd++) {
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
		len = readlink(link, path, sizeof(path) - 1);
		if (len < 0)
			continue;
		path[len] = '\0';
		if (!strcmp(path, node))
			return true;
	}
	return false;
}

pid_t sim_program_start(const char *program, const char *node)
{
	pid_t pid = fork();

	require(pid >= 0);
	if (!pid) {
		execl(program, "model", node, NULL);
		_exit(127);
	}
	require(becomes_true(has_open(pid, node)), "%s", program);
	return pid;
}

/* It ends when the AFU does. */
static void start_program(const struct sim_card *card, int slice)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/cxl-sim/%s.afu%d", card->name, slice);
	sim_program_start(afu_model[slice]->program, node);
}

static void start_programs(const struct sim_card *card)
{
	int slice;

	for (slice = 0; slice < MAX_AFUS; slice++)
		if (afu_model[slice] &&
		    file_exists("/dev/cxl-sim/%s.afu%d", card->name, slice))
			start_program(card, slice);
}

static void make_afu(const struct sim_card *card, char slice)
{
	char path[128];

	snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%c", card->name, slice);
	if (file_exists("%s", path))
		return;
	require_ok(mkdir(path, 0755));
	if (sim_models_are_programs())
		choose_user_model(path, slice, "memcpy");
	require_ok(file_write("0", "%s/num_crs", path));
}

static bool is_model_of_afu(const char *name)
{
	return !strncmp(name, "afu", 3) && !strcmp(name + 4, "/model");
}

static void set_attribute(const struct sim_card *card, const char *name,
			  const char *value)
{
	char path[128];

	if (sim_models_are_programs() && is_model_of_afu(name) &&
	    strcmp(value, "user")) {
		snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%c", card->name,
			 name[3]);
		choose_user_model(path, name[3], value);
		return;
	}
	require(!file_write(value, SIM_CONFIG "/%s/%s", card->name, name),
		"%s: %m", name);
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
	memset(afu_model, 0, sizeof(afu_model));
	make_afu(card, '0');

	va_start(args, card);
	while ((name = va_arg(args, const char *))) {
		value = va_arg(args, const char *);
		if (!strncmp(name, "afu", 3))
			make_afu(card, name[3]);
		set_attribute(card, name, value);
	}
	va_end(args);
	sim_card_set_live(card, true);
}

void sim_card_set_live(struct sim_card *card, bool live)
{
	require(!file_write(live ? "1" : "0", SIM_CONFIG "/%s/live", card->name),
		"%m");
	if (!live)
		return;
	learn_names(card);
	start_programs(card);
}

void sim_card_set_bound(struct sim_card *card, bool bound)
{
	require(!file_write(card->pci, PCI_DRIVER "/%s",
			    bound ? "bind" : "unbind"), "%m");
}

void sim_card_force_reset(struct sim_card *card)
{
	require(!file_write("-1", SYSFS_CXL "/card%d/reset", card->num), "%m");
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

unsigned int sim_sleepers(int card)
{
	static char text[1 << 17];
	unsigned int n = 0;
	char *at = text;

	require(file_read(text, sizeof(text), DEBUGFS "/card%d/afu0/state",
			  card) >= 0);
	while ((at = strstr(at, " state=asleep "))) {
		n++;
		at++;
	}
	return n;
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
