// SPDX-License-Identifier: GPL-2.0-only
/* The blocks: one LUN after the other, in a file or in memory. */
#include "afu-flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd = -1;
static uint64_t blocks_per_lun;

static void open_backing(void)
{
	if (!options.backing) {
		fd = memfd_create("afu-flash", MFD_CLOEXEC);
		if (fd < 0)
			die_errno(EXIT_STORE, "memory for the blocks");
		return;
	}
	fd = open(options.backing, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		die_errno(EXIT_STORE, "%s", options.backing);
	if (flock(fd, LOCK_EX | LOCK_NB))
		die_errno(EXIT_STORE, "%s: is another afu-flash using it?",
			  options.backing);
}

void store_open(void)
{
	const char *name = options.backing ?: "memory";
	off_t has;

	open_backing();
	has = lseek(fd, 0, SEEK_END);
	if (has < 0)
		die_errno(EXIT_STORE, "%s", name);
	if (!options.size)
		options.size = has / options.luns;
	blocks_per_lun = options.size / options.block_size;
	if (!blocks_per_lun)
		die(EXIT_STORE, "%s: there is no room for a block; --size sets how much there is",
		    name);
	options.size = blocks_per_lun * options.block_size;
	if (options.size > INT64_MAX / options.luns)
		die(EXIT_STORE, "%s: the LUNs are too large", name);
	/* A file is extended, but takes up no space before it is written to. */
	if ((uint64_t)has < options.size * options.luns &&
	    ftruncate(fd, options.size * options.luns))
		die_errno(EXIT_STORE, "%s", name);
}

uint64_t store_blocks(void)
{
	return blocks_per_lun;
}

static off_t offset_of(unsigned int lun, uint64_t block)
{
	return lun * options.size + block * options.block_size;
}

int store_read(unsigned int lun, uint64_t block, void *buf, size_t length)
{
	off_t offset = offset_of(lun, block);
	size_t done = 0;
	ssize_t n;

	while (done < length) {
		n = pread(fd, (char *)buf + done, length - done, offset + done);
		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

int store_write(unsigned int lun, uint64_t block, const void *buf,
		size_t length)
{
	off_t offset = offset_of(lun, block);
	size_t done = 0;
	ssize_t n;

	while (done < length) {
		n = pwrite(fd, (const char *)buf + done, length - done,
			   offset + done);
		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

static int write_zeroes(unsigned int lun, uint64_t block, uint64_t blocks)
{
	static const char zeroes[BUFFER_SIZE];
	uint64_t max = sizeof(zeroes) / options.block_size, n;

	for (; blocks; block += n, blocks -= n) {
		n = blocks < max ? blocks : max;
		if (store_write(lun, block, zeroes, n * options.block_size))
			return -1;
	}
	return 0;
}

int store_discard(unsigned int lun, uint64_t block, uint64_t blocks)
{
	if (!blocks || !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  offset_of(lun, block),
				  blocks * options.block_size))
		return 0;
	if (errno != EOPNOTSUPP && errno != ENODEV)
		return -1;
	return write_zeroes(lun, block, blocks);
}

int store_flush(void)
{
	return fdatasync(fd);
}
