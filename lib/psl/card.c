// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PSL whose AFU belongs to a software card: see psl_card.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "card.h"

/* Clocks between two looks at what the card has to say, while there is work */
#define LOOK_CLOCKS	32

/* As on POWER */
#define TIMEBASE_HZ	512000000ULL
#define NSEC_PER_SEC	1000000000ULL

/*
 * Readable once a signal has asked for the end, and never read. A variable alone
 * would not do: a thread that is about to call poll() would miss it.
 */
static int end_fd = -1;
static volatile sig_atomic_t end_wanted;

static void report(void *host, const char *text)
{
	(void)host;
	say("%s", text);
}

static bool interrupt(void *host, uint16_t handle, uint32_t number)
{
	struct psl_card *card = host;
	struct card_context *c = card->contexts[handle];

	/* A number that the context lacks is wrong; a gone context is not. */
	return !c || !afu_interrupt(c->ctx, number) || errno != ERANGE;
}

static void error(void *host, uint16_t handle, uint64_t value)
{
	struct psl_card *card = host;
	struct card_context *c = card->contexts[handle];

	if (c)
		afu_error(c->ctx, value);
}

static uint64_t timebase(void *host)
{
	struct timespec now;

	(void)host;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIMEBASE_HZ +
	       now.tv_nsec * TIMEBASE_HZ / NSEC_PER_SEC;
}

static const struct psl_host_ops host_ops = {
	.access = card_access,
	.poll = card_poll,
	.interrupt = interrupt,
	.error = error,
	.timebase = timebase,
	.report = report,
};

/*
 * What happens to the AFU. The kernel is answered at once: by then the simulated
 * AFU has not been told, but it will be, in the same order.
 */

static void reset(struct afu *afu)
{
	struct psl_card *card = afu_data(afu);
	uint32_t mode = afu_mode(afu);

	if (mode & ~psl_descriptor(card->psl)->modes)
		say("the card is in a mode that the AFU's descriptor does not have");
	psl_set_mode(card->psl, mode);
}

static uint16_t handle_of(const struct afu_context *ctx)
{
	if (afu_mode(afu_context_afu(ctx)) == CXL_MODE_DEDICATED)
		return 0;
	return afu_context_pe(ctx);
}

static int attach(struct afu_context *ctx)
{
	struct psl_card *card = afu_data(afu_context_afu(ctx));
	struct card_context *c = card_context_create(card, ctx);
	uint16_t handle = handle_of(ctx);

	if (!c)
		return -1;
	if (psl_attach(card->psl, handle, afu_context_wed(ctx))) {
		card_context_destroy(c);
		return -1;
	}
	c->handle = handle;
	card->contexts[handle] = c;
	afu_context_set_data(ctx, c);
	return 0;
}

/* After a change of the mode, another context may have its handle. */
static void detach(struct afu_context *ctx)
{
	struct psl_card *card = afu_data(afu_context_afu(ctx));
	struct card_context *c = afu_context_data(ctx);

	if (card->contexts[c->handle] == c) {
		card->contexts[c->handle] = NULL;
		psl_detach(card->psl, c->handle);
	}
	card_mmio_forget(c);
	card_context_destroy(c);
}

static const struct afu_ops afu_ops = {
	.reset = reset,
	.attach = attach,
	.detach = detach,
	.mmio = card_mmio,
};

/*
 * Time
 */

static bool has_context(const struct psl_card *card)
{
	return afu_context_first(card->afu);
}

/* Nothing can happen until the card has something to say. */
static bool is_still(struct psl_card *card)
{
	uint64_t quiet = psl_quiet_cycles(card->psl);
	uint64_t awake = psl_cycles(card->psl) - card->awake;

	if (psl_is_idle(card->psl) &&
	    !(has_context(card) && psl_is_running(card->psl)))
		return true;
	if (!card->options.idle || quiet < card->options.idle ||
	    awake < card->options.idle)
		return false;
	if (!card->told_still)
		say("cycle %llu: nothing for %llu cycles: time stands still for now",
		    (unsigned long long)psl_cycles(card->psl),
		    (unsigned long long)quiet);
	card->told_still = true;
	return true;
}

static void wait_still(struct psl_card *card)
{
	struct pollfd fds[] = {
		{ .fd = afu_fd(card->afu), .events = POLLIN },
		{ .fd = card->wake_fd, .events = POLLIN },
		{ .fd = end_fd, .events = POLLIN },
	};
	uint64_t count;

	poll(fds, 3, -1);
	if (fds[1].revents &&
	    read(card->wake_fd, &count, sizeof(count)) < 0)
		say("eventfd: %s", strerror(errno));
	card->awake = psl_cycles(card->psl);
}

static bool handle_card(struct psl_card *card)
{
	bool still = is_still(card);

	if (!still && psl_cycles(card->psl) % LOOK_CLOCKS)
		return true;
	if (still)
		wait_still(card);
	if (afu_handle(card->afu, 0) >= 0 || errno == EINTR)
		return true;
	if (errno == ENODEV) {
		say("the card is gone");
		return false;
	}
	say("the card says: %s", strerror(errno));
	card->failed = true;
	return false;
}

/* Only now is the descriptor known, and with it the numbers of the card. */
static bool start_card(struct psl_card *card)
{
	const struct psl_descriptor *d = psl_descriptor(card->psl);

	if (!d->processes || !d->modes) {
		say("there is no card for such an AFU");
		return false;
	}
	if (card->options.name && !card_make(card))
		return false;
	card->afu = afu_open(card->options.node, &afu_ops, card);
	if (card->afu &&
	    !ioctl(afu_fd(card->afu), CXL_SIM_GET_INFO, &card->info))
		return true;
	say("%s: %s", card->options.node, strerror(errno));
	return false;
}

bool card_goes_on(struct psl_card *card)
{
	if (!card->afu && psl_descriptor(card->psl) && !start_card(card)) {
		card->failed = true;
		return false;
	}
	if (card->afu && !handle_card(card))
		return false;
	if (end_wanted || (card->options.cycles &&
			   psl_cycles(card->psl) >= card->options.cycles))
		return false;
	return true;
}

bool psl_card_clock(struct psl_card *card, const struct psl_ah *ah,
		    struct psl_ha *ha)
{
	if (!card_goes_on(card))
		return false;
	psl_clock(card->psl, ah, ha);
	return true;
}

bool psl_card_failed(const struct psl_card *card)
{
	return card->failed;
}

int card_end_fd(void)
{
	return end_fd;
}

struct psl *psl_card_psl(struct psl_card *card)
{
	return card->psl;
}

static void want_end(int signal)
{
	uint64_t one = 1;
	int error = errno;

	(void)signal;
	end_wanted = 1;
	/* This fails only if the counter is full: it is readable already. */
	if (write(end_fd, &one, sizeof(one)) < 0)
		errno = error;
}

/*
 * Those that end a program whose terminal is closed, or whose output nobody
 * reads any more, must not leave the card behind either. If the simulator handles
 * or ignores one, leave it.
 */
static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_handler = want_end };
	struct sigaction old;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sigaction(numbers[i], NULL, &old);
		if (old.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
	}
}

struct psl_card *psl_card_open(int argc, char **argv)
{
	struct psl_card *card = calloc(1, sizeof(*card));
	int error = EINVAL;

	if (!card) {
		say("%s", strerror(errno));
		return NULL;
	}
	if (!card_options_parse(&card->options, argc, argv))
		goto err_free;
	pthread_mutex_init(&card->lock, NULL);
	/* One for all cards, since signals are for the whole process */
	if (end_fd < 0)
		end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	card->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (card->wake_fd < 0 || end_fd < 0) {
		error = errno;
		say("eventfd: %s", strerror(error));
		goto err_close;
	}
	card->psl = psl_create(&card->options.psl, &host_ops, card);
	if (!card->psl) {
		error = errno;
		say("%s", strerror(error));
		goto err_close;
	}
	catch_signals();
	return card;

err_close:
	if (card->wake_fd >= 0)
		close(card->wake_fd);
	pthread_mutex_destroy(&card->lock);
err_free:
	free(card);
	errno = error;
	return NULL;
}

void psl_card_close(struct psl_card *card)
{
	if (!card)
		return;
	afu_close(card->afu);
	card_poll(card);
	if (card->made)
		card_remove(card);
	psl_destroy(card->psl);
	close(card->wake_fd);
	pthread_mutex_destroy(&card->lock);
	free(card);
}
