// SPDX-License-Identifier: GPL-2.0-only
/* Taking stock of the kernel: see tests/lib/inventory.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/inventory.h"

#define SLAB		"/sys/kernel/slab"
#define MAX_CACHE_NAME	256

static unsigned int count_entries(const char *path)
{
	unsigned int n = 0;
	struct dirent *entry;
	DIR *d = opendir(path);

	require(d, "%s: %m", path);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static unsigned int count_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int n = 0;
	int c;

	require(f, "%s: %m", path);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Is a process a kernel thread? Then it has no program. */
static bool is_kernel_thread(const char *pid)
{
	char path[MAX_CACHE_NAME + 16], target[8];

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	return readlink(path, target, sizeof(target)) < 0 && errno == ENOENT;
}

static bool is_kworker(const char *pid)
{
	char comm[64];

	return file_read(comm, sizeof(comm), "/proc/%s/comm", pid) > 0 &&
	       !strncmp(comm, "kworker/", strlen("kworker/"));
}

/* Call a function, if any, for each kernel thread but workers; count them. */
static unsigned int visit_threads(void (*fn)(const char *pid, void *data),
				  void *data)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	require(d);
	while ((entry = readdir(d))) {
		if (!isdigit(entry->d_name[0]) ||
		    !is_kernel_thread(entry->d_name) ||
		    is_kworker(entry->d_name))
			continue;
		n++;
		if (fn)
			fn(entry->d_name, data);
	}
	closedir(d);
	return n;
}

/**
 * struct slab - a slab cache, whose files stay open
 * @name: name of the cache
 * @shrink: writing to it frees all that is not in use
 * @objects: tells how much is in use
 *
 * Opening files takes objects from many caches, and all objects of a CPU's
 * current slab seem to be in use. So no file is opened while they are counted.
 */
static struct slab {
	char name[MAX_CACHE_NAME];
	int shrink;
	int objects;
} slabs[MAX_CACHES];

static unsigned int nr_slabs;

static int open_slab_file(const char *name, const char *file, int flags)
{
	char path[2 * MAX_CACHE_NAME];

	snprintf(path, sizeof(path), SLAB "/%.255s/%s", name, file);
	return require_ok(open(path, flags | O_CLOEXEC));
}

/* The caches themselves are folders, aliases are links. */
static void open_slabs(void)
{
	DIR *d = opendir(SLAB);
	struct dirent *entry;

	if (!d)
		skip("this kernel does not tell what its slabs hold");
	while ((entry = readdir(d))) {
		struct slab *slab = &slabs[nr_slabs];
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISDIR(st.st_mode))
			continue;
		require(nr_slabs++ < MAX_CACHES);
		strcpy(slab->name, entry->d_name);
		slab->shrink = open_slab_file(slab->name, "shrink", O_WRONLY);
		slab->objects = open_slab_file(slab->name, "objects", O_RDONLY);
	}
	closedir(d);
}

static void count_slabs(struct inventory *inv)
{
	unsigned int i;

	for (i = 0; i < nr_slabs; i++) {
		char text[128] = "";

		require_ok(pwrite(slabs[i].shrink, "1", 1, 0));
		require_ok(pread(slabs[i].objects, text, sizeof(text) - 1, 0));
		inv->objects[i] = atol(text);
	}
}

void inventory_take(struct inventory *inv)
{
	if (!nr_slabs) {
		open_slabs();
		/* The first read of a file allocates a buffer that stays. */
		count_slabs(inv);
	}
	/* Let everything be freed that is freed after a grace period. */
	usleep(500000);
	require_ok(file_write("3", "/proc/sys/vm/drop_caches"));
	inv->threads = visit_threads(NULL, NULL);
	inv->devices = count_lines("/proc/devices");
	inv->irqs = count_entries("/sys/kernel/irq");
	inv->pci = count_entries("/sys/bus/pci/devices");
	inv->buses = count_entries("/sys/class/pci_bus");
	count_slabs(inv);
}

/* Has nothing increased, but for a few objects? Report what has. */
static bool is_as_before(const struct inventory *before,
			 const struct inventory *after, long noise, bool say)
{
	bool same = after->threads == before->threads;
	unsigned int i;

	for (i = 0; i < nr_slabs; i++) {
		long more = after->objects[i] - before->objects[i];

		same &= more < noise;
		if (say && more >= noise)
			diag("%s has %ld objects more", slabs[i].name, more);
	}
	return same;
}

void inventory_check(const struct inventory *before, unsigned int cycles)
{
	static struct inventory after;
	long noise = cycles / 2;
	unsigned int tries = 60;

	do {
		inventory_take(&after);
	} while (!is_as_before(before, &after, noise, false) && --tries);

	check_eq(after.threads, before->threads);
	check_eq(after.devices, before->devices);
	check_eq(after.irqs, before->irqs);
	check_eq(after.pci, before->pci);
	check_eq(after.buses, before->buses);
	check(is_as_before(before, &after, noise, true));
}

/**
 * struct adding - argument of add_cost()
 * @name: part of the threads' names
 * @sum: their cost since they were started
 */
struct adding {
	const char *name;
	struct threads_cost sum;
};

static void add_cost(const char *pid, void *data)
{
	struct adding *adding = data;
	char comm[64], stat[128], *end;

	if (file_read(comm, sizeof(comm), "/proc/%s/comm", pid) <= 0 ||
	    !strstr(comm, adding->name))
		return;
	/* Time on a CPU, time in its queue, times that it got one */
	if (file_read(stat, sizeof(stat), "/proc/%s/schedstat", pid) <= 0)
		skip("this kernel does not tell when threads run");
	adding->sum.threads++;
	adding->sum.run_ns += strtoull(stat, &end, 10);
	strtoull(end, &end, 10);
	adding->sum.switches += strtoull(end, &end, 10);
	require(!*end, "schedstat is %s", stat);
}

struct threads_cost threads_cost(const char *name, unsigned int ms)
{
	struct adding before = { name }, after = { name };

	visit_threads(add_cost, &before);
	usleep(1000 * ms);
	visit_threads(add_cost, &after);
	require(before.sum.threads, "there are threads named %s", name);
	check_eq(after.sum.threads, before.sum.threads);
	after.sum.run_ns -= before.sum.run_ns;
	after.sum.switches -= before.sum.switches;
	return after.sum;
}
