// SPDX-License-Identifier: GPL-2.0-only
/* Files that are written and read: attributes, settings, injection. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define CXL	"/sys/class/cxl"
#define DEBUG	"/sys/kernel/debug/cxl-afu"
#define PCI	"/sys/bus/pci"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_VALUES	10

/* Behind a digit N: replaced by the name of our N-th PCI device */
#define A_DEVICE	"th PCI device"

/*
 * %1$u is the card in a path, and the process element in a value. The first
 * paths are those that take the card away or bring it back: they are rare.
 */
static const struct {
	const char *path;
	const char *value[MAX_VALUES];
} file[] = {
	{ CARD_CONFIG "/live", { "0", "1", "x" } },
	{ DEBUG "/card%1$u/recovery", { "frozen", "perm_failure", "" } },
	{ DEBUG "/card%1$u/remove", { "1" } },
	{ CXL "/card%1$u/reset", { "1", "-1", "0", "2" } },
	{ PCI "/drivers/cxl-sim/unbind", { "0" A_DEVICE, "1" A_DEVICE,
	  "2" A_DEVICE, "3" A_DEVICE } },
	{ PCI "/drivers/cxl-sim/bind", { "0" A_DEVICE, "1" A_DEVICE,
	  "2" A_DEVICE, "3" A_DEVICE } },
	{ PCI "/drivers/cxl-copy/unbind", { "0" A_DEVICE, "1" A_DEVICE,
	  "2" A_DEVICE, "3" A_DEVICE } },
	{ PCI "/drivers/cxl-copy/bind", { "0" A_DEVICE, "1" A_DEVICE,
	  "2" A_DEVICE, "3" A_DEVICE } },
	{ DEBUG "/card%1$u/link", { "down", "up", "up", "up", "sideways" } },
	{ DEBUG "/card%1$u/delay", { "0", "10", "1000", "-1", "0" } },
	{ CXL "/afu%1$u.0/mode", { "afu_directed", "none", "dedicated_process",
	  "afu_directed", "x", "" } },
	{ CXL "/afu%1$u.1/mode", { "dedicated_process", "none", "afu_directed",
	  "" } },
	{ CXL "/afu%1$u.0/reset", { "1", "0", "reset" } },
	{ CXL "/afu%1$u.0/irqs_max", { "10", "4", "0", "-1", "65536",
	  "99999999999", "x" } },
	{ CXL "/afu%1$u.0/prefault_mode", { "none", "all",
	  "work_element_descriptor", "x" } },
	{ CXL "/card%1$u/perst_reloads_same_image", { "0", "1", "2" } },
	{ CXL "/card%1$u/load_image_on_perst", { "user", "none", "factory",
	  "x" } },
	{ DEBUG "/card%1$u/afu0/inject_irq", { "%1$u 1", "%1$u 4", "%1$u 0",
	  "%1$u 9999", "%1$u", "9 1", "%1$u 1 1 1", "" } },
	{ DEBUG "/card%1$u/afu0/inject_fault", { "%1$u 0", "%1$u 0x10000",
	  "%1$u 0x10000 0x42000000", "%1$u -1", "99999 1",
	  "%1$u 0xffffffff80000000", "%1$u 0x7ffffffff000" } },
	{ DEBUG "/card%1$u/afu0/inject_error", { "%1$u 0", "%1$u 1",
	  "%1$u 0xffffffffffffffff", "%1$u 0x1ffffffffffffffff", "x y" } },
	{ DEBUG "/card%1$u/afu1/inject_error", { "0 1", "%1$u 1" } },
	{ CARD_CONFIG "/user_irqs", { "20", "0", "40" } },
	{ CARD_CONFIG "/afu0/num_procs", { "6", "1", "4096", "0" } },
	{ CARD_CONFIG "/afu0/model", { "memcpy", "crc", "x" } },
	{ CARD_CONFIG "/afu0/modes", { "directed", "dedicated directed", "x" } },
	{ CARD_CONFIG "/afu0/num_crs", { "1", "0", "4", "5" } },
	{ CARD_CONFIG "/afu0/err_buff_size", { "4096", "0", "5", "1048576" } },
	{ CARD_CONFIG "/caia_version", { "1.0", "2.0", "1", "999.999" } },
	{ CARD_CONFIG "/vpd_v5", { "0123456789abcdef", "", "x" } },
};

static const char *const readable[] = {
	CXL "/card%1$u/caia_version", CXL "/card%1$u/psl_revision",
	CXL "/card%1$u/base_image", CXL "/card%1$u/image_loaded",
	CXL "/card%1$u/psl_timebase_synced", CXL "/card%1$u/load_image_on_perst",
	CXL "/afu%1$u.0/mode", CXL "/afu%1$u.0/irqs_max",
	CXL "/afu%1$u.0/irqs_min", CXL "/afu%1$u.0/mmio_size",
	CXL "/afu%1$u.0/modes_supported", CXL "/afu%1$u.0/prefault_mode",
	CXL "/afu%1$u.0/api_version", CXL "/afu%1$u.0/afu_err_buff",
	CXL "/afu%1$u.0/cr0/config", CXL "/afu%1$u.0/cr0/vendor",
	CXL "/afu%1$u.0m/pp_mmio_off", CXL "/afu%1$u.0m/mmio_size",
	DEBUG "/card%1$u/afu0/state", DEBUG "/card%1$u/afu0/contexts",
	CARD_CONFIG "/num", CARD_CONFIG "/pci", CARD_CONFIG "/afu0/modes",
	CARD_CONFIG "/vpd_v5", "/proc/interrupts",
};

unsigned int files_kinds(void)
{
	return ARRAY_SIZE(file) + ARRAY_SIZE(readable);
}

static bool is_ours(const struct dirent *entry)
{
	char path[sizeof(PCI "/devices//vendor") + NAME_MAX], vendor[8] = "";
	int fd;

	snprintf(path, sizeof(path), PCI "/devices/%s/vendor", entry->d_name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, vendor, sizeof(vendor) - 1) < 0)
		vendor[0] = '\0';
	close(fd);
	return !strncmp(vendor, "0x1014", 6);
}

/* The name is empty if there are fewer devices. */
static void find_device(char *name, size_t size, unsigned int nth)
{
	DIR *dir = opendir(PCI "/devices");
	struct dirent *entry;

	name[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		if (!is_ours(entry) || nth--)
			continue;
		snprintf(name, size, "%s", entry->d_name);
		break;
	}
	if (dir)
		closedir(dir);
}

void files_write(__u8 which, __u8 value, unsigned int card,
		 unsigned int pe)
{
	const char *const *values = file[which % ARRAY_SIZE(file)].value;
	char path[128], text[NAME_MAX + 1];
	unsigned int n = 0;
	int fd;

	while (n < MAX_VALUES && values[n])
		n++;
	snprintf(path, sizeof(path), file[which % ARRAY_SIZE(file)].path, card);
	if (strstr(values[value % n], A_DEVICE))
		find_device(text, sizeof(text), atoi(values[value % n]));
	else
		snprintf(text, sizeof(text), values[value % n], pe);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		write(fd, "\n", 1);
	close(fd);
}

void files_read(__u8 which, unsigned int card)
{
	char path[128], buf[5000];
	int fd;

	snprintf(path, sizeof(path), readable[which % ARRAY_SIZE(readable)],
		 card);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	pread(fd, buf, which, 3);
	close(fd);
}
