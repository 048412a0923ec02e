// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Make a software card with the numbers of the AFU's descriptor: a configfs
 * folder, like the one that "afuctl create" makes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "card.h"

#define CONFIGFS	"/sys/kernel/config/cxl-sim"

/* Windows of the card begin at multiples of this, and so is their size. */
#define WINDOW_UNIT	0x10000ULL
/* Where they begin if the AFU's begin at 0, which is for global registers */
#define WINDOWS		0x2000000

static bool write_setting(const struct psl_card *card, const char *setting,
			  const char *value)
{
	char path[256];
	bool written;
	int fd;

	snprintf(path, sizeof(path), CONFIGFS "/%s/%s", card->options.name,
		 setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 &&
		  write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (!written)
		say("%s=%s: %s", path, value, strerror(errno));
	if (fd >= 0)
		close(fd);
	return written;
}

static bool write_number(const struct psl_card *card, const char *setting,
			 unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", value);
	return write_setting(card, setting, text);
}

static const char *mode_names(uint32_t modes)
{
	switch (modes) {
	case CXL_MODE_DEDICATED:
		return "dedicated";
	case CXL_MODE_DIRECTED:
		return "directed";
	default:
		return "dedicated directed";
	}
}

static uint64_t round_up(uint64_t value)
{
	return (value + WINDOW_UNIT - 1) & ~(WINDOW_UNIT - 1);
}

/* Little-endian, as in a PCI device's configuration space */
static uint32_t id_at(const struct psl_descriptor *d, size_t at, size_t bytes)
{
	uint32_t id = 0;

	while (bytes--)
		id = id << 8 | d->ids[at + bytes];
	return id;
}

static bool write_ids(const struct psl_card *card,
		      const struct psl_descriptor *d)
{
	return write_number(card, "afu0/num_crs", d->config_records) &&
	       (!d->config_records ||
		(write_number(card, "afu0/cr_vendor", id_at(d, 0, 2)) &&
		 write_number(card, "afu0/cr_device", id_at(d, 2, 2)) &&
		 write_number(card, "afu0/cr_class", id_at(d, 9, 3))));
}

static bool write_settings(const struct psl_card *card,
			   const struct psl_descriptor *d)
{
	uint64_t offset = round_up(d->pp_offset);
	uint64_t size = round_up(d->pp_length);

	return write_setting(card, "afu0/model", "user") &&
	       write_setting(card, "afu0/mmio", "trapped") &&
	       write_setting(card, "afu0/modes", mode_names(d->modes)) &&
	       write_number(card, "afu0/num_procs", d->processes) &&
	       write_number(card, "afu0/irqs_min", d->interrupts) &&
	       write_number(card, "afu0/pp_offset", offset ?: WINDOWS) &&
	       write_number(card, "afu0/pp_size", size ?: WINDOW_UNIT) &&
	       write_number(card, "afu0/err_buff_size", d->eb_length) &&
	       write_ids(card, d);
}

static bool make_folder(const char *name, const char *afu)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS "/%s%s", name, afu);
	if (!mkdir(path, 0755))
		return true;
	say("%s: %s", path, strerror(errno));
	return false;
}

bool card_make(struct psl_card *card)
{
	const struct psl_descriptor *d = psl_descriptor(card->psl);
	const char *name = card->options.name;

	if (!make_folder(name, ""))
		return false;
	card->made = true;
	return make_folder(name, "/afu0") && write_settings(card, d) &&
	       write_setting(card, "live", "1");
}

void card_remove(struct psl_card *card)
{
	const char *name = card->options.name;
	char path[256];

	card->made = false;
	write_setting(card, "live", "0");
	snprintf(path, sizeof(path), CONFIGFS "/%s/afu0", name);
	rmdir(path);
	snprintf(path, sizeof(path), CONFIGFS "/%s", name);
	if (rmdir(path))
		say("%s: %s", path, strerror(errno));
}
