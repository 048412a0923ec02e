// SPDX-License-Identifier: GPL-2.0-only
/* The files of the fake, see fake.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

#define PATH_SIZE	400
#define PCI_NAME	"0004:%02x:00.0"
#define PCI_FOLDER	"sys/devices/pci0004:00/" PCI_NAME
#define CARD_FOLDER	PCI_FOLDER "/cxl/card%d"
#define AFU_FOLDER	CARD_FOLDER "/afu%d.%d"

struct attribute {
	const char *name;
	const char *text;
};

static const struct attribute card_attributes[] = {
	{ "base_image", "3\n" },
	{ "caia_version", "1.2\n" },
	{ "image_loaded", "user\n" },
	{ "psl_revision", "4096\n" },
	{ "psl_timebase_synced", "1\n" },
	{ "tunneled_ops_supported", "0\n" },
};

static const struct attribute afu_attributes[] = {
	{ "api_version", "4\n" },
	{ "api_version_compatible", "1\n" },
	{ "cr0/class", "0x120000\n" },
	{ "cr0/device", "0x4350\n" },
	{ "cr0/vendor", "0x1014\n" },
	{ "irqs_max", "2037\n" },
	{ "irqs_min", "4\n" },
	{ "mmio_size", "16384\n" },
	{ "mode", "afu_directed\n" },
	{ "modes_supported", "dedicated_process\nafu_directed\n" },
	{ "prefault_mode", "none\n" },
};

static const struct attribute master_attributes[] = {
	{ "mmio_size", "65536\n" },
	{ "pp_mmio_len", "16384\n" },
	{ "pp_mmio_off", "32768\n" },
};

/* Devices that every machine has, with their numbers */
static const struct {
	const char *path;
	const char *number;
} devices[FAKE_NODES] = {
	{ "/dev/null", "1:3\n" },
	{ "/dev/zero", "1:5\n" },
	{ "/dev/full", "1:7\n" },
	{ "/dev/random", "1:8\n" },
	{ "/dev/urandom", "1:9\n" },
};

static unsigned int nodes;
static char root[32] = "/tmp/cxl-fake.XXXXXX";

/* Once for all tests of the program, which are its children */
__attribute__((constructor))
static void make_root(void)
{
	if (!mkdtemp(root))
		root[0] = '\0';
}

static int delete_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void delete_tree(const char *path)
{
	nftw(path, delete_entry, 8, FTW_DEPTH | FTW_PHYS);
}

__attribute__((destructor))
static void delete_root(void)
{
	delete_tree(root);
}

const char *fake_root(void)
{
	return root;
}

static void format_path(char path[PATH_SIZE], const char *fmt, va_list args)
{
	size_t len = snprintf(path, PATH_SIZE, "%s/", root);

	vsnprintf(path + len, PATH_SIZE - len, fmt, args);
}

char *fake_path(const char *fmt, ...)
{
	static char paths[4][PATH_SIZE];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	return path;
}

static void make_folders(const char *path)
{
	char folder[PATH_SIZE];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	for (slash = strchr(folder + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder, 0755);
		*slash = '/';
	}
}

void fake_write(const char *text, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;
	FILE *file;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	make_folders(path);
	file = fopen(path, "we");
	require(file, "%s: %m", path);
	fputs(text ? text : "", file);
	fclose(file);
}

void fake_read(char *text, size_t size, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;
	FILE *file;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	file = fopen(path, "re");
	require(file, "%s: %m", path);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

void fake_symlink(const char *target, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	make_folders(path);
	require_ok(symlink(target, path));
}

void fake_delete(const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	format_path(path, fmt, args);
	va_end(args);
	delete_tree(path);
}

void fake_start(void)
{
	require(root[0], "mkdtemp");
	delete_tree(fake_path("sys"));
	delete_tree(fake_path("dev"));
	nodes = 0;
	make_folders(fake_path("sys/class/cxl/"));
	make_folders(fake_path("sys/bus/pci/"));
	make_folders(fake_path("dev/cxl/"));
	require_ok(cxl_set_roots(fake_path("sys"), fake_path("dev")));
}

/* Add a device to the class, by the path of its folder and its name. */
static void add_to_class(const char *folder, const char *name)
{
	fake_symlink(fake_path("sys/class/cxl"), "%s/subsystem", folder);
	fake_symlink(fake_path("%s", folder), "sys/class/cxl/%s", name);
}

static void write_all(const char *folder, const struct attribute *attributes,
		      size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fake_write(attributes[i].text, "%s/%s", folder,
			   attributes[i].name);
}

void fake_add_card(int card)
{
	char folder[PATH_SIZE], name[32];

	snprintf(folder, sizeof(folder), PCI_FOLDER, card);
	fake_symlink(fake_path("sys/bus/pci"), "%s/subsystem", folder);
	fake_write("0x0477\n", "%s/device", folder);
	fake_write("0x1014\n", "%s/vendor", folder);

	snprintf(folder, sizeof(folder), CARD_FOLDER, card, card);
	snprintf(name, sizeof(name), "../../../" PCI_NAME, card);
	write_all(folder, card_attributes, ARRAY_SIZE(card_attributes));
	fake_symlink(name, "%s/device", folder);
	snprintf(name, sizeof(name), "card%d", card);
	add_to_class(folder, name);
}

void fake_add_afu(int card, int slot)
{
	char folder[PATH_SIZE], name[32];

	snprintf(folder, sizeof(folder), AFU_FOLDER, card, card, card, slot);
	snprintf(name, sizeof(name), "../../card%d", card);
	write_all(folder, afu_attributes, ARRAY_SIZE(afu_attributes));
	fake_symlink(name, "%s/device", folder);
	snprintf(name, sizeof(name), "afu%d.%d", card, slot);
	add_to_class(folder, name);
	fake_add_node(card, slot, 'm');
	fake_add_node(card, slot, 's');
}

void fake_start_with_one(void)
{
	fake_start();
	fake_add_card(0);
	fake_add_afu(0, 0);
}

struct cxl_afu_h *fake_the_afu(void)
{
	struct cxl_afu_h *afu = cxl_afu_next(NULL);

	require(afu, "%m");
	return afu;
}

struct cxl_adapter_h *fake_the_card(void)
{
	struct cxl_adapter_h *card = cxl_adapter_next(NULL);

	require(card, "%m");
	return card;
}

void fake_add_node(int card, int slot, char view)
{
	char folder[PATH_SIZE], name[32];

	require(nodes < FAKE_NODES, "the fake has so many nodes");
	snprintf(folder, sizeof(folder), AFU_FOLDER "/afu%d.%d%c", card, card,
		 card, slot, card, slot, view);
	if (view == 'm')
		write_all(folder, master_attributes,
			  ARRAY_SIZE(master_attributes));
	fake_write(devices[nodes].number, "%s/dev", folder);
	snprintf(name, sizeof(name), "../../afu%d.%d", card, slot);
	fake_symlink(name, "%s/device", folder);
	snprintf(name, sizeof(name), "afu%d.%d%c", card, slot, view);
	add_to_class(folder, name);
	fake_symlink(fake_path("%s", folder), "sys/dev/char/%.3s",
		     devices[nodes].number);
	fake_symlink(devices[nodes].path, "dev/cxl/%s", name);
	nodes++;
}

int fake_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	require(dir, "/proc: %m");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
