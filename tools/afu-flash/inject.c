// SPDX-License-Identifier: GPL-2.0-only
/* Failures on demand, from the command line and from a FIFO. */
#include "afu-flash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MEDIA	64

/* Blocks that cannot be read; @blocks is 0 in an entry that is free. */
struct medium {
	unsigned int lun;
	uint64_t block;
	uint64_t blocks;
};

/* Guards @media. */
static pthread_mutex_t media_lock = PTHREAD_MUTEX_INITIALIZER;
static struct medium media[MAX_MEDIA];

/* How many commands are still to fail; all are changed by several threads. */
static unsigned int busy, lost;
static unsigned int crash[CRASH_PLACES];

static int fifo = -1;

static const char * const crash_places[CRASH_PLACES] = {
	[CRASH_FETCHED] = "fetched",
	[CRASH_EXECUTED] = "executed",
	[CRASH_STORED] = "stored",
	[CRASH_COMPLETED] = "completed",
};

static const struct {
	const char *name;
	uint8_t event;
} events[] = {
	{ "login", AINTR_LOGIN },
	{ "login-failed", AINTR_LOGIN_FAILED },
	{ "login-retry", AINTR_LOGIN_RETRY },
	{ "crc", AINTR_CRC },
	{ "logout", AINTR_LOGOUT },
	{ "other", AINTR_OTHER },
};

/*
 * Requests
 */

static bool set_link(unsigned int port, const char *state)
{
	bool up = !strcmp(state, "up");

	if (port >= SISL_MAX_PORTS || (!up && strcmp(state, "down")))
		return false;
	ports_set_link(port, up);
	return true;
}

/* Before there is a card there is nobody to tell. */
static bool raise_event(unsigned int port, const char *name)
{
	size_t i;

	if (port >= SISL_MAX_PORTS)
		return false;
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, name))
			continue;
		if (card_is_in_use())
			ports_raise(port, events[i].event);
		return true;
	}
	return false;
}

static bool spoil(unsigned int lun, unsigned long long block,
		  unsigned long long blocks)
{
	bool done = false;
	int i;

	if (lun >= MAX_LUNS || !blocks || block + blocks < block)
		return false;
	pthread_mutex_lock(&media_lock);
	for (i = 0; i < MAX_MEDIA && !done; i++) {
		if (media[i].blocks)
			continue;
		media[i] = (struct medium) { lun, block, blocks };
		done = true;
	}
	pthread_mutex_unlock(&media_lock);
	return done;
}

static bool set_crash(unsigned int n, const char *name)
{
	int place;

	for (place = 0; place < CRASH_PLACES; place++) {
		if (strcmp(crash_places[place], name))
			continue;
		__atomic_store_n(&crash[place], n, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

bool inject(const char *request)
{
	unsigned long long block, blocks;
	unsigned int n;
	char word[16];
	int end = 0;

	if (sscanf(request, "link %u %15s%n", &n, word, &end) == 2 &&
	    !request[end])
		return set_link(n, word);
	if (sscanf(request, "event %u %15s%n", &n, word, &end) == 2 &&
	    !request[end])
		return raise_event(n, word);
	if (sscanf(request, "medium %u %llu %llu%n", &n, &block, &blocks,
		   &end) == 3 && !request[end])
		return spoil(n, block, blocks);
	if (sscanf(request, "crash %u %15s%n", &n, word, &end) == 2 &&
	    !request[end])
		return set_crash(n, word);
	if (sscanf(request, "busy %u%n", &n, &end) == 1 && !request[end])
		__atomic_store_n(&busy, n, __ATOMIC_RELAXED);
	else if (sscanf(request, "lose %u%n", &n, &end) == 1 && !request[end])
		__atomic_store_n(&lost, n, __ATOMIC_RELAXED);
	else if (!strcmp(request, "status"))
		status_print();
	else
		return false;
	return true;
}

/*
 * The FIFO
 */

void inject_open(void)
{
	if (!options.control)
		return;
	if (mkfifo(options.control, 0600) && errno != EEXIST)
		die_errno(EXIT_STORE, "%s", options.control);
	/* Also for writing: so it does not end when a writer closes it. */
	fifo = open(options.control, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0)
		die_errno(EXIT_STORE, "%s", options.control);
}

int inject_fd(void)
{
	return fifo;
}

/* A request is written at once: what is no whole line is none. */
void inject_read(void)
{
	char text[4096], *line, *next;
	ssize_t n = read(fifo, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	for (line = text; (next = strchr(line, '\n')); line = next + 1) {
		*next = '\0';
		if (!inject(line)) {
			make_printable(line, 0);
			fprintf(stderr, "%s: request '%s' is not understood\n",
				tool_name, line);
		}
	}
}

/*
 * For commands
 */

/* Take one of @left, if there is one. */
static bool take(unsigned int *left)
{
	unsigned int n = __atomic_load_n(left, __ATOMIC_RELAXED);

	do {
		if (!n)
			return false;
	} while (!__atomic_compare_exchange_n(left, &n, n - 1, true,
					      __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

static bool take_failure(unsigned int *left)
{
	if (!take(left))
		return false;
	count(COUNT_INJECTED, 1);
	return true;
}

bool inject_busy(void)
{
	return take_failure(&busy);
}

bool inject_lost(void)
{
	return take_failure(&lost);
}

void inject_crash(enum crash_place place)
{
	if (take(&crash[place]) &&
	    !__atomic_load_n(&crash[place], __ATOMIC_RELAXED))
		raise(SIGKILL);
}

static bool overlaps(const struct medium *medium, unsigned int lun,
		     uint64_t block, uint64_t blocks)
{
	return medium->blocks && medium->lun == lun &&
	       block < medium->block + medium->blocks &&
	       medium->block < block + blocks;
}

uint64_t inject_medium(unsigned int lun, uint64_t block, uint64_t blocks)
{
	uint64_t bad = UINT64_MAX, first;
	int i;

	pthread_mutex_lock(&media_lock);
	for (i = 0; i < MAX_MEDIA; i++) {
		if (!overlaps(&media[i], lun, block, blocks))
			continue;
		first = media[i].block > block ? media[i].block : block;
		if (first < bad)
			bad = first;
	}
	pthread_mutex_unlock(&media_lock);
	if (bad != UINT64_MAX)
		count(COUNT_INJECTED, 1);
	return bad;
}

void inject_repair(unsigned int lun, uint64_t block, uint64_t blocks)
{
	int i;

	pthread_mutex_lock(&media_lock);
	for (i = 0; i < MAX_MEDIA; i++)
		if (overlaps(&media[i], lun, block, blocks))
			media[i].blocks = 0;
	pthread_mutex_unlock(&media_lock);
}
