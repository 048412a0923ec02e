// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: io-verify DEVICE
 *
 * Random reads and writes of a block device, by several threads and past the page
 * cache, until SIGTERM. Every block contains its place and how often it was written,
 * so that a lost, stale or misplaced block is noticed. At the end all blocks are read
 * once more. Prints "begins", and "N reads, N writes" at the end; exit status 1: a
 * block or a call was wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS		4
#define BLOCK		4096
#define BLOCKS		512	/* per thread */
#define MAX_RUN		16	/* blocks per call */

struct block {
	uint64_t number;
	uint64_t version;
	uint64_t words[BLOCK / 8 - 2];
};

/**
 * struct worker - a thread with its own blocks
 * @thread: the thread
 * @first: the first of its blocks
 * @versions: how often each was written
 * @buf: for MAX_RUN blocks
 * @reads: done
 * @writes: done
 * @seed: of its random numbers
 */
struct worker {
	pthread_t thread;
	uint64_t first;
	uint64_t versions[BLOCKS];
	struct block *buf;
	unsigned long reads;
	unsigned long writes;
	unsigned int seed;
};

static int fd;
static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static uint64_t word_of(const struct block *block, size_t i)
{
	return (block->number * 0x9e3779b97f4a7c15ULL) ^ (block->version << 32) ^ i;
}

static void fill(struct block *block, uint64_t number, uint64_t version)
{
	size_t i;

	block->number = number;
	block->version = version;
	for (i = 0; i < BLOCK / 8 - 2; i++)
		block->words[i] = word_of(block, i);
}

static void check(const struct block *block, uint64_t number, uint64_t version)
{
	size_t i;

	if (block->number != number || block->version != version)
		errx(1, "block %llu, version %llu: found block %llu, version %llu",
		     (unsigned long long)number, (unsigned long long)version,
		     (unsigned long long)block->number,
		     (unsigned long long)block->version);
	for (i = 0; i < BLOCK / 8 - 2; i++)
		if (block->words[i] != word_of(block, i))
			errx(1, "block %llu, version %llu: word %zu is wrong",
			     (unsigned long long)number,
			     (unsigned long long)version, i);
}

static void write_run(struct worker *w, unsigned int at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		fill(&w->buf[i], w->first + at + i, ++w->versions[at + i]);
	if (pwrite(fd, w->buf, n * BLOCK, (w->first + at) * BLOCK) != n * BLOCK)
		err(1, "write of %u blocks at %llu", n,
		    (unsigned long long)w->first + at);
	w->writes++;
}

static void read_run(struct worker *w, unsigned int at, unsigned int n)
{
	unsigned int i;

	/* Old contents of the buffer must not be taken for what was read. */
	memset(w->buf, 0xee, n * BLOCK);
	if (pread(fd, w->buf, n * BLOCK, (w->first + at) * BLOCK) != n * BLOCK)
		err(1, "read of %u blocks at %llu", n,
		    (unsigned long long)w->first + at);
	for (i = 0; i < n; i++)
		check(&w->buf[i], w->first + at + i, w->versions[at + i]);
	w->reads++;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int at, n;

	for (at = 0; at < BLOCKS; at += MAX_RUN)
		write_run(w, at, MAX_RUN);
	while (!ended) {
		n = 1 + rand_r(&w->seed) % MAX_RUN;
		at = rand_r(&w->seed) % (BLOCKS - n);
		if (rand_r(&w->seed) % 2)
			write_run(w, at, n);
		else
			read_run(w, at, n);
	}
	for (at = 0; at < BLOCKS; at += MAX_RUN)
		read_run(w, at, MAX_RUN);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS];
	unsigned long reads = 0, writes = 0;
	int i;

	if (argc != 2)
		errx(2, "usage: io-verify DEVICE");
	signal(SIGTERM, end);
	setlinebuf(stdout);
	fd = open(argv[1], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	for (i = 0; i < THREADS; i++) {
		workers[i].first = i * BLOCKS;
		workers[i].seed = i + 1;
		if (posix_memalign((void **)&workers[i].buf, BLOCK,
				   MAX_RUN * BLOCK))
			errx(1, "no memory");
		errno = pthread_create(&workers[i].thread, NULL, work,
				       &workers[i]);
		if (errno)
			err(1, "thread");
	}
	puts("begins");
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		reads += workers[i].reads;
		writes += workers[i].writes;
	}
	printf("%lu reads, %lu writes\n", reads, writes);
	return 0;
}
