/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afu-cp: copy a file through the copy service of an accelerator.
 *
 *	../afu-cp.c	options, and the order of the steps
 *	files.c		the two files: open, map, verify
 *	destination.c	the new file: create it, put it in place
 *	service.c	the copy service: submit, read events
 *	copy.c		keep the service busy until the file is copied
 *	report.c	what the user sees: events, progress, result
 *	util.c		signals, time
 */
#ifndef AFU_CP_H
#define AFU_CP_H

/* First, for what it defines */
#include "../common/common.h"

#include <sys/stat.h>

#include <misc/cxl.h>
#include <misc/cxl-copy.h>

#define AFU_CP_VERSION	"1.0"

enum exit_code {
	EXIT_FILES = 1,		/* a file cannot be read or written */
	/* EXIT_USAGE = 2 */
	EXIT_SERVICE = 3,	/* no copy service, or it refuses */
	EXIT_COPY = 4,		/* the AFU could not copy everything */
	EXIT_VERIFY = 5,	/* the copy differs */
	EXIT_LOST = 6,		/* an event is missing */
};

struct options {
	const char *source;
	const char *destination;
	const char *device;
	size_t chunk;
	bool verify;
	bool events;
	bool json;
};

/* util.c */

/* Exit if a signal came. */
void signals_check(void);
/* Wait until @fd can be read. Returns false if it takes too long. */
bool wait_readable(int fd);

double seconds_now(void);

/* files.c */

struct files {
	const char *source_name;
	int source;
	int destination;
	off_t size;
	off_t data_end;		/* end of the data found last */
};

/* Exit if it is not a regular file. */
void require_regular(const char *name, const struct stat *st);
/*
 * Opens both, which must be regular files. A file that cannot be mapped, such
 * as one in /proc, is first read into a file that can.
 */
void files_open(struct files *files, const char *source,
		const char *destination);

/*
 * Find the next piece of data, not a hole, at or after *@offset. Sets *@offset
 * and *@length, which is at most @limit. Returns false at the end.
 */
bool files_next_data(struct files *files, off_t *offset, size_t *length,
		     size_t limit);

/* Part of a file in memory */
struct mapping {
	void *base;
	size_t size;
	char *start;		/* of the part that was asked for */
};

void map_source(const struct files *files, off_t offset, size_t length,
		struct mapping *mapping);
/* Reserves space on the disk: a full disk is noticed here, not by the AFU. */
void map_destination(const struct files *files, off_t offset, size_t length,
		     struct mapping *mapping);
void unmap(struct mapping *mapping);

/* Write the destination to the disk. */
void files_flush(struct files *files);
/* Compare, by reading both files. Returns the offset of the difference or -1. */
off_t files_compare(const struct files *files);

/* destination.c */

/* Look at what exists there. Refuses the source, and all but regular files. */
void destination_find(const char *name, const struct stat *source);
/* The name after symbolic links are followed; for messages */
const char *destination_name(void);
/* Returns a descriptor of an empty, nameless file on the same file system. */
int destination_scratch(void);
/* Returns a descriptor of the empty file that gets the copy. */
int destination_open(void);
/* The copy is complete: put it in place. */
void destination_commit(void);

/* service.c */

struct service {
	int fd;
	const char *device;
	uint64_t next_sequence;
	uint64_t driver_events;
	uint64_t other_events;
	uint64_t lost;
};

/* An event, decoded */
struct event {
	uint16_t type;
	uint64_t sequence;
	uint64_t time;		/* CLOCK_MONOTONIC, ns */
	union {
		unsigned char payload[32];
		struct cxl_copy_completion completion;
		struct cxl_event_afu_interrupt irq;
		struct cxl_event_data_storage fault;
		struct cxl_event_afu_error error;
	};
};

typedef void event_handler(void *data, const struct event *event);

/* @device may be NULL: use the first one. */
void service_open(struct service *service, const char *device);
/* Returns the number of requests taken. */
unsigned int service_submit(struct service *service,
			    const struct cxl_copy_request *requests,
			    unsigned int count);
/* Wait for events, and call @handler for each. */
void service_read(struct service *service, event_handler *handler, void *data);

/* copy.c */

struct copy_result {
	uint64_t copied;
	uint64_t requests;
};

void copy_file(const struct options *options, struct files *files,
	       struct service *service, struct copy_result *result);

/* report.c */

/* What an address belongs to */
struct place {
	const char *file;	/* "source" or "destination", or NULL */
	off_t offset;
};

struct summary {
	const struct options *options;
	const struct files *files;
	const struct service *service;
	const struct copy_result *result;
	double seconds;
};

void report_completion(const struct options *options, const struct event *event,
		       off_t offset, size_t length);
void report_fault(const struct options *options, const struct event *event,
		  const struct place *place);
void report_other(const struct options *options, const struct event *event);
void report_summary(const struct summary *summary);

void progress_start(const char *what, off_t total);
void progress_update(off_t done);
void progress_end(void);

#endif
