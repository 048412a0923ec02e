// SPDX-License-Identifier: GPL-2.0-only
/* Failures on demand, from the command line and from a FIFO. */
#include "afu-flash.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MEDIA	64
#define MAX_WORDS	4	/* of a request */
#define MAX_REQUEST	128	/* characters */

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

static bool parse(const char *word, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(word, &end, 10);
	return isdigit((unsigned char)*word) && !*end && !errno &&
	       *value <= max;
}

static bool set_link(char **words)
{
	bool up = !strcmp(words[1], "up");
	uint64_t port;

	if (!parse(words[0], options.ports - 1, &port) ||
	    (!up && strcmp(words[1], "down")))
		return false;
	ports_set_link(port, up);
	return true;
}

/* Before there is a card, nobody can be told. */
static bool raise_event(char **words)
{
	uint64_t port;
	size_t i;

	if (!parse(words[0], options.ports - 1, &port))
		return false;
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, words[1]))
			continue;
		if (card_is_in_use())
			ports_raise(port, events[i].event);
		return true;
	}
	return false;
}

/* A free entry of @media, or NULL; @media_lock is held. */
static struct medium *find_free(void)
{
	int i;

	for (i = 0; i < MAX_MEDIA; i++)
		if (!media[i].blocks)
			return &media[i];
	return NULL;
}

static bool spoil(char **words)
{
	uint64_t lun, block, blocks;
	struct medium *medium;

	if (!parse(words[0], options.luns - 1, &lun) ||
	    !parse(words[1], UINT64_MAX, &block) ||
	    !parse(words[2], UINT64_MAX - block, &blocks))
		return false;
	pthread_mutex_lock(&media_lock);
	medium = find_free();
	if (medium)
		*medium = (struct medium) { lun, block, blocks };
	pthread_mutex_unlock(&media_lock);
	return medium;
}

static bool set_number(const char *word, unsigned int *number)
{
	uint64_t value;

	if (!parse(word, UINT_MAX, &value))
		return false;
	__atomic_store_n(number, value, __ATOMIC_RELAXED);
	return true;
}

static bool set_busy(char **words)
{
	return set_number(words[0], &busy);
}

static bool set_lost(char **words)
{
	return set_number(words[0], &lost);
}

static bool set_crash(char **words)
{
	int place;

	for (place = 0; place < CRASH_PLACES; place++)
		if (!strcmp(crash_places[place], words[1]))
			return set_number(words[0], &crash[place]);
	return false;
}

static bool print_status(char **words)
{
	(void)words;
	status_print();
	return true;
}

static const struct {
	const char *name;
	unsigned int words;	/* that follow it */
	bool (*run)(char **words);
} requests[] = {
	{ "link", 2, set_link },
	{ "event", 2, raise_event },
	{ "medium", 3, spoil },
	{ "busy", 1, set_busy },
	{ "lose", 1, set_lost },
	{ "crash", 2, set_crash },
	{ "status", 0, print_status },
};

bool inject(const char *request)
{
	char text[MAX_REQUEST], *words[MAX_WORDS + 1], *rest = text;
	unsigned int n = 0;
	size_t i;

	if (strlen(request) >= sizeof(text))
		return false;
	strcpy(text, request);
	while (n < ARRAY_SIZE(words) && (words[n] = strtok_r(rest, " ", &rest)))
		n++;
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (n == requests[i].words + 1 &&
		    !strcmp(requests[i].name, words[0]))
			return requests[i].run(words + 1);
	return false;
}

/*
 * The FIFO
 */

void inject_open(void)
{
	struct stat stat;

	if (!options.control)
		return;
	if (mkfifo(options.control, 0600) && errno != EEXIST)
		die_errno(EXIT_STORE, "%s", options.control);
	/* Also for writing, so that there is no end of file when a writer closes it. */
	fifo = open(options.control, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0 || fstat(fifo, &stat))
		die_errno(EXIT_STORE, "%s", options.control);
	/* A file would always be readable, and its lines taken for requests. */
	if (!S_ISFIFO(stat.st_mode))
		die(EXIT_STORE, "%s: is not a FIFO", options.control);
}

int inject_fd(void)
{
	return fifo;
}

static void do_request(char *line)
{
	if (inject(line))
		return;
	make_printable(line, 0);
	fprintf(stderr, "%s: request '%s' is not understood\n", tool_name, line);
}

/* An incomplete line waits for its rest, unless it is too long. */
void inject_read(void)
{
	static char text[4096];
	static size_t length;
	char *line, *next;
	ssize_t n = read(fifo, text + length, sizeof(text) - 1 - length);

	if (n <= 0)
		return;
	length += n;
	text[length] = '\0';
	for (line = text; (next = strchr(line, '\n')); line = next + 1) {
		*next = '\0';
		do_request(line);
	}
	length -= line - text;
	memmove(text, line, length);
	if (length >= MAX_REQUEST) {
		text[length] = '\0';
		do_request(text);
		length = 0;
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

/* Blocks from @block to before @end can be read again; @media_lock is held. */
static void repair(struct medium *medium, uint64_t block, uint64_t end)
{
	uint64_t medium_end = medium->block + medium->blocks;
	struct medium *rest = medium;

	if (block > medium->block) {
		medium->blocks = block - medium->block;
		/* Without a free entry, the blocks behind become readable, too. */
		rest = find_free();
	} else {
		medium->blocks = 0;
	}
	if (rest && end < medium_end)
		*rest = (struct medium) { medium->lun, end, medium_end - end };
}

void inject_repair(unsigned int lun, uint64_t block, uint64_t blocks)
{
	int i;

	pthread_mutex_lock(&media_lock);
	for (i = 0; i < MAX_MEDIA; i++)
		if (overlaps(&media[i], lun, block, blocks))
			repair(&media[i], block, block + blocks);
	pthread_mutex_unlock(&media_lock);
}
