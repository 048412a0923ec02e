// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attributes of cards and AFUs in sysfs: reading and setting them. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static int afu_long(struct cxl_afu_h *afu, const char *name, long *valp)
{
	if (!afu || !valp)
		return libcxl_fail(EINVAL);
	return libcxl_attr_long(afu->path, name, 10, valp);
}

static int afu_text(struct cxl_afu_h *afu, const char *name, const void *valp,
		    char text[ATTRIBUTE_SIZE])
{
	if (!afu || !valp)
		return libcxl_fail(EINVAL);
	return libcxl_attr_read(afu->path, name, text);
}

static int adapter_text(struct cxl_adapter_h *adapter, const char *name,
			const void *valp, char text[ATTRIBUTE_SIZE])
{
	char *path;
	int ret;

	if (!adapter || !valp)
		return libcxl_fail(EINVAL);
	path = libcxl_format("%s/class/cxl/%s", libcxl_sysfs(), adapter->name);
	if (!path)
		return -1;
	ret = libcxl_attr_read(path, name, text);
	free(path);
	return ret;
}

static int adapter_long(struct cxl_adapter_h *adapter, const char *name,
			long *valp)
{
	char text[ATTRIBUTE_SIZE];

	if (adapter_text(adapter, name, valp, text))
		return -1;
	return libcxl_parse_long(text, 10, valp);
}

/* Attributes of AFUs that are numbers */

int cxl_get_api_version(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "api_version", valp);
}

int cxl_get_api_version_compatible(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "api_version_compatible", valp);
}

int cxl_get_irqs_max(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "irqs_max", valp);
}

int cxl_get_irqs_min(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "irqs_min", valp);
}

int cxl_get_mmio_size(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "mmio_size", valp);
}

int cxl_get_pp_mmio_len(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "pp_mmio_len", valp);
}

int cxl_get_pp_mmio_off(struct cxl_afu_h *afu, long *valp)
{
	return afu_long(afu, "pp_mmio_off", valp);
}

int cxl_set_irqs_max(struct cxl_afu_h *afu, long value)
{
	char text[ATTRIBUTE_SIZE];

	if (!afu)
		return libcxl_fail(EINVAL);
	snprintf(text, sizeof(text), "%ld", value);
	return libcxl_attr_write(afu->path, "irqs_max", text);
}

/* Attributes of AFUs that are words */

static const char mode_dedicated[] = "dedicated_process";
static const char mode_directed[] = "afu_directed";

/* The mode that @word names, or 0 */
static long mode_of(const char *word)
{
	if (!strcmp(word, mode_dedicated))
		return CXL_MODE_DEDICATED;
	if (!strcmp(word, mode_directed))
		return CXL_MODE_DIRECTED;
	return 0;
}

int cxl_get_mode(struct cxl_afu_h *afu, long *valp)
{
	char text[ATTRIBUTE_SIZE];
	long mode;

	if (afu_text(afu, "mode", valp, text))
		return -1;
	mode = mode_of(text);
	if (!mode)
		return libcxl_fail(EINVAL);
	*valp = mode;
	return 0;
}

int cxl_set_mode(struct cxl_afu_h *afu, long value)
{
	if (!afu)
		return libcxl_fail(EINVAL);
	switch (value) {
	case CXL_MODE_DEDICATED:
		return libcxl_attr_write(afu->path, "mode", mode_dedicated);
	case CXL_MODE_DIRECTED:
		return libcxl_attr_write(afu->path, "mode", mode_directed);
	default:
		return libcxl_fail(EINVAL);
	}
}

int cxl_get_modes_supported(struct cxl_afu_h *afu, long *valp)
{
	char text[ATTRIBUTE_SIZE], *word, *rest;
	long mode, modes = 0;

	if (afu_text(afu, "modes_supported", valp, text))
		return -1;
	for (word = strtok_r(text, "\n", &rest); word;
	     word = strtok_r(NULL, "\n", &rest)) {
		mode = mode_of(word);
		if (!mode)
			return libcxl_fail(EINVAL);
		modes |= mode;
	}
	if (!modes)
		return libcxl_fail(EINVAL);
	*valp = modes;
	return 0;
}

static const char *const prefault_modes[] = {
	[CXL_PREFAULT_MODE_NONE] = "none",
	[CXL_PREFAULT_MODE_WED] = "work_element_descriptor",
	[CXL_PREFAULT_MODE_ALL] = "all",
};

int cxl_get_prefault_mode(struct cxl_afu_h *afu, enum cxl_prefault_mode *valp)
{
	char text[ATTRIBUTE_SIZE];
	unsigned int i;

	if (afu_text(afu, "prefault_mode", valp, text))
		return -1;
	for (i = 0; i < ARRAY_SIZE(prefault_modes); i++) {
		if (!strcmp(text, prefault_modes[i])) {
			*valp = (enum cxl_prefault_mode)i;
			return 0;
		}
	}
	return libcxl_fail(EINVAL);
}

int cxl_set_prefault_mode(struct cxl_afu_h *afu, enum cxl_prefault_mode value)
{
	if (!afu || (unsigned int)value >= ARRAY_SIZE(prefault_modes))
		return libcxl_fail(EINVAL);
	return libcxl_attr_write(afu->path, "prefault_mode",
				 prefault_modes[value]);
}

/* Configuration records */

static int cr_long(struct cxl_afu_h *afu, long cr_num, const char *name,
		   long *valp)
{
	char attr[ATTRIBUTE_SIZE], text[ATTRIBUTE_SIZE];

	if (cr_num < 0)
		return libcxl_fail(afu && valp ? ENODEV : EINVAL);
	snprintf(attr, sizeof(attr), "cr%ld/%s", cr_num, name);
	if (afu_text(afu, attr, valp, text))
		return -1;
	if (strncmp(text, "0x", 2))
		return libcxl_fail(EINVAL);
	return libcxl_parse_long(text, 16, valp);
}

int cxl_get_cr_class(struct cxl_afu_h *afu, long cr_num, long *valp)
{
	return cr_long(afu, cr_num, "class", valp);
}

int cxl_get_cr_device(struct cxl_afu_h *afu, long cr_num, long *valp)
{
	return cr_long(afu, cr_num, "device", valp);
}

int cxl_get_cr_vendor(struct cxl_afu_h *afu, long cr_num, long *valp)
{
	return cr_long(afu, cr_num, "vendor", valp);
}

/* Cards */

int cxl_get_base_image(struct cxl_adapter_h *adapter, long *valp)
{
	return adapter_long(adapter, "base_image", valp);
}

int cxl_get_psl_revision(struct cxl_adapter_h *adapter, long *valp)
{
	return adapter_long(adapter, "psl_revision", valp);
}

int cxl_get_psl_timebase_synced(struct cxl_adapter_h *adapter, long *valp)
{
	return adapter_long(adapter, "psl_timebase_synced", valp);
}

int cxl_get_tunneled_ops_supported(struct cxl_adapter_h *adapter, long *valp)
{
	return adapter_long(adapter, "tunneled_ops_supported", valp);
}

int cxl_get_caia_version(struct cxl_adapter_h *adapter, long *majorp,
			 long *minorp)
{
	char text[ATTRIBUTE_SIZE], *dot;
	long major, minor;

	if (!minorp)
		return libcxl_fail(EINVAL);
	if (adapter_text(adapter, "caia_version", majorp, text))
		return -1;
	dot = strchr(text, '.');
	if (!dot)
		return libcxl_fail(EINVAL);
	*dot = '\0';
	if (libcxl_parse_long(text, 10, &major) ||
	    libcxl_parse_long(dot + 1, 10, &minor))
		return -1;
	*majorp = major;
	*minorp = minor;
	return 0;
}

int cxl_get_image_loaded(struct cxl_adapter_h *adapter, enum cxl_image *valp)
{
	char text[ATTRIBUTE_SIZE];

	if (adapter_text(adapter, "image_loaded", valp, text))
		return -1;
	if (!strcmp(text, "factory"))
		*valp = CXL_IMAGE_FACTORY;
	else if (!strcmp(text, "user"))
		*valp = CXL_IMAGE_USER;
	else
		return libcxl_fail(EINVAL);
	return 0;
}

static bool is_pci(const char *folder)
{
	char target[ATTRIBUTE_SIZE], *link, *last;
	ssize_t n = -1;

	link = libcxl_format("%s/subsystem", folder);
	if (link)
		n = readlink(link, target, sizeof(target) - 1);
	free(link);
	if (n < 0)
		return false;
	target[n] = '\0';
	last = strrchr(target, '/');
	return !strcmp(last ? last + 1 : target, "pci");
}

int cxl_afu_sysfs_pci(struct cxl_afu_h *afu, char **pathp)
{
	char *path, *parent;
	int error = errno;
	int level;

	if (!afu || !pathp)
		return libcxl_fail(EINVAL);
	path = strdup(afu->path);
	for (level = 0; path && level <= MAX_ANCESTORS; level++) {
		if (is_pci(path)) {
			*pathp = path;
			errno = error;
			return 0;
		}
		parent = libcxl_format("%s/device", path);
		free(path);
		path = parent;
	}
	error = path ? ENODEV : ENOMEM;
	free(path);
	return libcxl_fail(error);
}
