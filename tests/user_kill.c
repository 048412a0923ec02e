// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients attach, have their memory used, and detach as fast as they can, while
 * the program that is their AFU is killed again and again: $CXL_KILLS times, if
 * that is set.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define CLIENTS		32
#define LOAD		65536

static struct sim_card card;
static struct model model;

/**
 * struct client - a thread that attaches and detaches
 * @thread: the thread
 * @stays: it stays attached until there is an error, ignoring interrupts
 * @errors: number of errors that it was told of; atomic
 */
struct client {
	pthread_t thread;
	bool stays;
	unsigned int errors;
};

static int clients_stop;	/* atomic */
static char load[2 * LOAD];

/*
 * The program raises an interrupt as soon as a context is attached, so either
 * that or an error is certain to come.
 */
static bool gets_error(int fd, bool stays)
{
	struct event_batch events;
	unsigned int i;

	for (;;) {
		if (!check(events_wait(fd), "neither interrupt nor error") ||
		    events_read(fd, &events) <= 0)
			return false;
		for (i = 0; i < events.n; i++) {
			if (events.event[i].header.type == CXL_EVENT_AFU_ERROR)
				return true;
			if (!stays && events.event[i].header.type ==
			    CXL_EVENT_AFU_INTERRUPT)
				return false;
		}
	}
}

static void *client_thread(void *arg)
{
	struct client *client = arg;
	__u64 *window;
	int fd;

	while (!__atomic_load_n(&clients_stop, __ATOMIC_SEQ_CST)) {
		fd = node_open(card.slave, 0);
		if (fd < 0)
			continue;
		if (node_start(fd, 0, -1, 0)) {
			check(errno == EIO, "%m");
			close(fd);
			usleep(1000);
			continue;
		}
		window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0);
		if (window != MAP_FAILED) {
			mmio_write(window, 8, 1);
			munmap(window, 4096);
		}
		if (gets_error(fd, client->stays))
			__atomic_add_fetch(&client->errors, 1, __ATOMIC_RELAXED);
		close(fd);
	}
	return NULL;
}

/* Copy within the memory of a client that attaches; failures do not matter. */
static void serve_attach(int fd, const struct cxl_sim_message *m)
{
	struct cxl_sim_copy copy = {
		.dst = (uintptr_t)load,
		.src = (uintptr_t)load + LOAD,
		.length = LOAD,
	};
	struct model own = { .fd = fd };
	int memory = model_context(&own, m);
	char buf[256];

	model_request(fd, CXL_SIM_ATTACHED, m, 0, 0);
	ioctl(memory, CXL_SIM_COPY, &copy);
	pread(memory, buf, sizeof(buf), (uintptr_t)load);
	pread(memory, buf, sizeof(buf), (uintptr_t)&serve_attach);
	model_request(fd, CXL_SIM_INTERRUPT, m, 0, 1);
	close(memory);
}

static void serve_under_load(int fd)
{
	struct cxl_sim_message m[8];
	ssize_t i, n;

	for (;;) {
		n = read(fd, m, sizeof(m));
		if (n < 0)
			_exit(1);
		for (i = 0; i < n / (ssize_t)sizeof(*m); i++) {
			if (m[i].type == CXL_SIM_RESET)
				model_request(fd, CXL_SIM_RESET_DONE, &m[i], 0, 0);
			else if (m[i].type == CXL_SIM_ATTACH)
				serve_attach(fd, &m[i]);
		}
	}
}

static unsigned int kills(void)
{
	const char *wanted = getenv("CXL_KILLS");

	return wanted && *wanted ? strtoul(wanted, NULL, 0) :
				   tap_rounds(20, 10);
}

static unsigned int count_errors(struct client clients[CLIENTS])
{
	unsigned int i, errors = 0;

	for (i = 0; i < CLIENTS; i++)
		errors += __atomic_load_n(&clients[i].errors, __ATOMIC_RELAXED);
	return errors;
}

/* Kill it that many times, and on until a client has been told of it. */
static unsigned int kill_again_and_again(struct client clients[CLIENTS])
{
	unsigned int i, rounds = kills();
	pid_t pid;
	int fd;

	for (i = 0; i < rounds || (!count_errors(clients) && i < 10 * rounds);
	     i++) {
		pid = fork();
		require(pid >= 0);
		if (!pid) {
			fd = model_open(&card, 0);
			if (fd < 0)
				_exit(2);
			serve_under_load(fd);
		}
		usleep(5000 * (1 + i % 8) * tap_time_scale());
		kill_and_wait(pid);
		/* Show that a long run is not a hang. */
		if (i % 100 == 99)
			diag("killed %u times", i + 1);
	}
	return i;
}

static void again_and_again(void)
{
	static struct client clients[CLIENTS];
	unsigned int i, errors, killed;
	struct model_client c;

	model_card_make(&card, NULL);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].stays = i % 4 == 0;
		require_eq(pthread_create(&clients[i].thread, NULL,
					  client_thread, &clients[i]), 0);
	}
	killed = kill_again_and_again(clients);
	__atomic_store_n(&clients_stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	errors = count_errors(clients);
	diag("%u clients were told of %u kills", errors, killed);
	check(errors > 0);

	/* The next program serves. */
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	model_detach(&c);
	model_stop(&model);
}

static const struct tap_test tests[] = {
	{ "user_kill.again_and_again", again_and_again, sim_cards_remove,
	  3600 },
};

TAP_MAIN(tests)
