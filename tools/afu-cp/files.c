// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AFU works on mappings of both files. The program itself never touches
 * them: if a page is not available (the source was truncated, a disk failed),
 * the AFU's access fails and an event reports it, but there is no SIGBUS.
 */
#include "afu-cp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE	(256 * 1024)

void require_regular(const char *name, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		die(EXIT_FILES, "%s: is a directory", name);
	if (!S_ISREG(st->st_mode))
		die(EXIT_FILES, "%s: is not a regular file", name);
}

/* Can the AFU work on a mapping, and can the size be trusted? */
static bool can_be_mapped(int fd, const struct stat *st)
{
	void *map;
	char byte;

	if (!st->st_size)
		return pread(fd, &byte, 1, 0) == 0;
	map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return false;
	munmap(map, 1);
	return true;
}

static void write_all(int fd, const char *buffer, size_t size)
{
	ssize_t n;

	for (; size; size -= n, buffer += n) {
		n = write(fd, buffer, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			die_errno(EXIT_FILES, "%s", destination_name());
	}
}

/* Files such as those in /proc can only be read: copy what was read. */
static void take_snapshot(struct files *files)
{
	static char buffer[BUFFER_SIZE];
	int snapshot = destination_scratch();
	ssize_t n;

	for (;;) {
		signals_check();
		n = read(files->source, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_errno(EXIT_FILES, "%s", files->source_name);
		if (n == 0)
			break;
		write_all(snapshot, buffer, n);
		files->size += n;
	}
	close(files->source);
	files->source = snapshot;
}

void files_open(struct files *files, const char *source,
		const char *destination)
{
	struct stat st;

	*files = (struct files) { .source_name = source };
	/* O_NONBLOCK: refuse a FIFO instead of waiting for it. */
	files->source = open(source, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (files->source < 0 || fstat(files->source, &st) < 0)
		die_errno(EXIT_FILES, "%s", source);
	require_regular(source, &st);

	destination_find(destination, &st);
	if (can_be_mapped(files->source, &st))
		files->size = st.st_size;
	else
		take_snapshot(files);
	files->destination = destination_open();
	/* All of it is a hole at first, and what is not written stays one. */
	if (ftruncate(files->destination, files->size) < 0)
		die_errno(EXIT_FILES, "%s", destination);
}

/* Find data at or after @offset. Returns its offset, or the file's size. */
static off_t find_data(struct files *files, off_t offset)
{
	off_t start = lseek(files->source, offset, SEEK_DATA);

	if (start < 0 && errno == ENXIO)
		return files->size;
	/* To a file system without holes everything is data. */
	if (start < 0)
		start = offset;
	files->data_end = lseek(files->source, start, SEEK_HOLE);
	if (files->data_end <= start || files->data_end > files->size)
		files->data_end = files->size;
	return start;
}

bool files_next_data(struct files *files, off_t *offset, size_t *length,
		     size_t limit)
{
	off_t left;

	/* Looking for the end of the data may take long: not each time. */
	if (*offset >= files->data_end && *offset < files->size)
		*offset = find_data(files, *offset);
	if (*offset >= files->size)
		return false;
	left = files->data_end - *offset;
	*length = left < (off_t)limit ? (size_t)left : limit;
	return true;
}

static void map(int fd, const char *name, bool write, off_t offset,
		size_t length, struct mapping *mapping)
{
	size_t before = offset % sysconf(_SC_PAGESIZE);

	mapping->size = before + length;
	mapping->base = mmap(NULL, mapping->size,
			     PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED,
			     fd, offset - before);
	if (mapping->base == MAP_FAILED)
		die_errno(EXIT_FILES, "%s: cannot be mapped", name);
	mapping->start = (char *)mapping->base + before;

	/*
	 * One system call is cheaper than a fault of the AFU for each page. If
	 * it fails, the AFU will fault, and the event tells where.
	 */
	madvise(mapping->base, mapping->size,
		write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

void map_source(const struct files *files, off_t offset, size_t length,
		struct mapping *mapping)
{
	map(files->source, files->source_name, false, offset, length, mapping);
}

void map_destination(const struct files *files, off_t offset, size_t length,
		     struct mapping *mapping)
{
	int error;

	/* Start again if the program is stopped and continued meanwhile. */
	do {
		error = posix_fallocate(files->destination, offset, length);
	} while (error == EINTR);
	if (error) {
		errno = error;
		die_errno(EXIT_FILES, "%s", destination_name());
	}
	map(files->destination, destination_name(), true, offset, length,
	    mapping);
}

void unmap(struct mapping *mapping)
{
	munmap(mapping->base, mapping->size);
}

void files_flush(struct files *files)
{
	int ret;

	do {
		ret = fsync(files->destination);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		die_errno(EXIT_FILES, "%s", destination_name());
}

/* Returns the bytes read; less than @size only at the end of the file. */
static size_t read_all(int fd, char *buffer, size_t size, off_t offset,
		       const char *name)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = pread(fd, buffer + done, size - done, offset + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_errno(EXIT_FILES, "%s", name);
		if (n == 0)
			break;
		done += n;
	}
	return done;
}

static size_t first_difference(const char *a, const char *b, size_t size)
{
	size_t i;

	if (memcmp(a, b, size) == 0)
		return size;
	for (i = 0; a[i] == b[i]; i++)
		;
	return i;
}

off_t files_compare(const struct files *files)
{
	static char a[BUFFER_SIZE], b[BUFFER_SIZE];
	size_t size, na, nb, same;
	off_t offset;

	progress_start("verifying", files->size);
	for (offset = 0; offset < files->size; offset += size) {
		signals_check();
		size = sizeof(a);
		if (files->size - offset < (off_t)size)
			size = files->size - offset;
		na = read_all(files->source, a, size, offset,
			      files->source_name);
		nb = read_all(files->destination, b, size, offset,
			      destination_name());
		same = first_difference(a, b, na < nb ? na : nb);
		if (same < size)
			return offset + same;
		progress_update(offset + size);
	}
	progress_end();
	/* The source may have grown. */
	na = read_all(files->source, a, 1, files->size, files->source_name);
	return na ? files->size : -1;
}
