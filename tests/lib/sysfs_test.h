/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of sysfs attributes share. Paths are printf style. */
#ifndef _TESTS_LIB_SYSFS_TEST_H
#define _TESTS_LIB_SYSFS_TEST_H

#include <stdbool.h>
#include <stddef.h>

#define CARD	SYSFS_CXL "/card0"
#define AFU	SYSFS_CXL "/afu0.0"
#define MASTER	SYSFS_CXL "/afu0.0m"

/* What programs read at most: longer texts are cut off. */
#define ATTR_MAX	256

/**
 * struct attr - an attribute as it must be
 * @name: its file
 * @mode: permission bits of the file
 */
struct attr {
	const char *name;
	unsigned int mode;
};

/*
 * Check that a folder has exactly these attributes, with these modes, besides
 * the driver core's, folders and links.
 */
void check_attrs(const char *dir, const struct attr *attr, size_t n);

/*
 * Read an attribute and check that it is text as all of them are: short, and
 * ended by one newline, which is taken off. @buf holds ATTR_MAX bytes.
 */
void attr_text(char *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, and that the text is @text. */
void check_attr_text(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Check that the attribute takes @text, both as it is and with a newline. */
void check_attr_takes(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Check that it does not, for this reason. */
void check_attr_refuses(const char *text, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The target of a symbolic link, require. @buf holds PATH_MAX bytes. */
void link_target(char *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The last component of a path. */
const char *last_component(const char *path);

/* POWER9's: no prefault mode but "none" */
bool mmu_is_radix(void);

/* Open the node and start a context on an empty queue; require. */
int node_open_started(const char *node);

#endif
