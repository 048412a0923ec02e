// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtl-cp DEVICE SOURCE DESTINATION: copy a file through the AFU of this folder.
 *
 * Both files are mapped, and the AFU copies from one mapping to the other; page
 * faults of the AFU bring in what is not in memory. The program rings the doorbell
 * with a chain of work descriptors, one for each piece. The AFU raises an interrupt
 * after each.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libcxl.h>
#include <misc/cxl.h>

#include "copycrc.h"

#define PIECE	(1024 * 1024)

/**
 * struct file - a mapped file
 * @data: its bytes, then zeroes up to the end of the page
 * @size: bytes
 */
struct file {
	char *data;
	size_t size;
};

/**
 * struct job - the copy as the AFU sees it
 * @pieces: how many
 * @work: a work descriptor for each
 * @done: pieces that are known to be over
 * @events: interrupts that have come
 * @lost: events that were lost, according to the last event's stamp
 * @cycles: cycles of the AFU, for the pieces that are over
 * @restarts: restarts of the AFU, likewise
 */
struct job {
	size_t pieces;
	struct copycrc_descriptor *work;
	size_t done;
	uint64_t events;
	uint64_t lost;
	uint64_t cycles;
	uint64_t restarts;
};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	fputs("rtl-cp: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static struct file map_source(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail("%s: %m", path);
	if (!st.st_size)
		fail("%s is empty", path);
	file.size = st.st_size;
	file.data = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file.data == MAP_FAILED)
		fail("%s: %m", path);
	close(fd);
	return file;
}

static struct file make_destination(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct file file = { .size = size };

	if (fd < 0 || ftruncate(fd, size))
		fail("%s: %m", path);
	file.data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file.data == MAP_FAILED)
		fail("%s: %m", path);
	close(fd);
	return file;
}

/* The usual CRC-32, which the AFU computes as well */
static uint32_t crc32(const char *data, size_t length)
{
	uint32_t crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; i < length; i++) {
		crc ^= (unsigned char)data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static size_t piece_length(const struct file *file, size_t piece)
{
	size_t left = file->size - piece * PIECE;

	return left < PIECE ? left : PIECE;
}

/* The rest of the last page is mapped, too, although it is not in the file. */
static size_t whole_lines(size_t length)
{
	return (length + COPYCRC_LINE - 1) & -COPYCRC_LINE;
}

static void describe(struct job *job, const struct file *from, const struct file *to)
{
	struct copycrc_descriptor *work;
	size_t i;

	job->pieces = (from->size + PIECE - 1) / PIECE;
	job->work = aligned_alloc(sizeof(*work), job->pieces * sizeof(*work));
	if (!job->work)
		fail("%m");
	for (i = 0; i < job->pieces; i++) {
		work = &job->work[i];
		*work = (struct copycrc_descriptor){
			.source = htobe64((uintptr_t)from->data + i * PIECE),
			.destination = htobe64((uintptr_t)to->data + i * PIECE),
			.length = htobe64(whole_lines(piece_length(from, i))),
			.control = htobe64(COPYCRC_RAISE),
			.next = htobe64(i + 1 < job->pieces ? (uintptr_t)(work + 1) : 0),
		};
	}
}

static struct cxl_afu_h *attach(const char *device)
{
	struct cxl_afu_h *afu = cxl_afu_open_dev((char *)device);
	uint64_t ident;

	if (!afu || cxl_set_event_stamps(afu, 1) || cxl_afu_attach(afu, 0))
		fail("%s: %m", device);
	if (cxl_mmio_map(afu, CXL_MMIO_BIG_ENDIAN) ||
	    cxl_mmio_read64(afu, COPYCRC_IDENT, &ident))
		fail("%s: registers: %m", device);
	if (ident != COPYCRC_IDENT_VALUE)
		fail("%s is another AFU: its IDENT is %#" PRIx64, device, ident);
	return afu;
}

/* wait_for_event: wait for any event; its stamp says how many were lost so far */
static void wait_for_event(struct cxl_afu_h *afu, struct job *job)
{
	char buf[CXL_READ_MIN_SIZE] __attribute__((aligned(8)));
	struct cxl_event *event = (struct cxl_event *)buf;
	struct cxl_event_stamp stamp;

	if (cxl_read_event_buf(afu, buf, sizeof(buf)) < 0)
		fail("no event: %m");
	if (!cxl_event_stamp(buf, &stamp))
		job->lost = stamp.lost;
	printf("event %" PRIu64 ": ", job->events++);
	cxl_fprint_event(stdout, event);
	if (event->header.type != CXL_EVENT_AFU_INTERRUPT)
		fail("that was not expected");
}

/* take_pieces: count the pieces that are over by now, and their results */
static void take_pieces(struct job *job)
{
	const struct copycrc_descriptor *work;
	uint64_t status;

	for (; job->done < job->pieces; job->done++) {
		work = &job->work[job->done];
		status = be64toh(__atomic_load_n(&work->status, __ATOMIC_ACQUIRE));
		if (!status)
			return;
		if (status != COPYCRC_OVER)
			fail("status %#" PRIx64 " at %#" PRIx64, status, be64toh(work->address));
		job->cycles += be64toh(work->cycles);
		job->restarts += be64toh(work->restarts);
	}
}

/* verify: check each piece, and what the AFU says about it */
static void verify(const struct job *job, const struct file *from, const struct file *to)
{
	uint32_t crc, want;
	size_t i, length;

	for (i = 0; i < job->pieces; i++) {
		length = piece_length(from, i);
		if (memcmp(from->data + i * PIECE, to->data + i * PIECE, length))
			fail("the copy of piece %zu differs", i);
		if (be64toh(job->work[i].done) != whole_lines(length))
			fail("piece %zu is not complete", i);
		crc = be64toh(job->work[i].crc);
		want = crc32(from->data + i * PIECE, whole_lines(length));
		if (crc != want)
			fail("the CRC of piece %zu is %08" PRIx32 ", not %08" PRIx32, i, crc, want);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct file from, to;
	struct cxl_afu_h *afu;
	double begin;

	if (argc != 4) {
		fprintf(stderr, "usage: %s DEVICE SOURCE DESTINATION\n", argv[0]);
		return 2;
	}
	from = map_source(argv[2]);
	to = make_destination(argv[3], from.size);
	describe(&job, &from, &to);

	afu = attach(argv[1]);
	begin = seconds();
	if (cxl_mmio_write64(afu, COPYCRC_DOORBELL, (uintptr_t)job.work))
		fail("%s: doorbell: %m", argv[1]);
	while (job.done < job.pieces) {
		wait_for_event(afu, &job);
		take_pieces(&job);
	}
	begin = seconds() - begin;
	cxl_afu_free(afu);

	verify(&job, &from, &to);
	printf("%.2f MB/s, %.2f cycles per line of %d bytes, %" PRIu64 " restarts\n",
	       from.size / begin / 1e6, (double)job.cycles * COPYCRC_LINE / from.size,
	       COPYCRC_LINE, job.restarts);
	printf("%zu bytes copied by RTL and verified, %" PRIu64 " events, %" PRIu64 " lost\n",
	       from.size, job.events, job.lost);
	return 0;
}
