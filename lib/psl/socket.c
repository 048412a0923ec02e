// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A simulator, with PSLSE's afu_driver in it, at the other end of a socket. For
 * each clock one message goes there and one comes back. While the PSL sends none,
 * the simulator waits.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "say.h"
#include "simulator.h"

#define RECEIVE_MS	20

static int connect_to(const struct addrinfo *info)
{
	struct timeval limit = { .tv_usec = RECEIVE_MS * 1000 };
	int one = 1;
	int fd;

	fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC,
		    info->ai_protocol);
	if (fd < 0)
		return -1;
	/* A driver answers once it sees the first byte: send at once. */
	if (!connect(fd, info->ai_addr, info->ai_addrlen) &&
	    !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return fd;
	close(fd);
	return -1;
}

static int connect_to_any(const char *host, const char *port)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *infos, *info;
	int fd = -1;
	int ret;

	ret = getaddrinfo(host, port, &hints, &infos);
	if (ret) {
		say("%s:%s: %s", host, port, gai_strerror(ret));
		return -1;
	}
	for (info = infos; info && fd < 0; info = info->ai_next)
		fd = connect_to(info);
	if (fd < 0)
		say("%s:%s: %s", host, port, strerror(errno));
	freeaddrinfo(infos);
	return fd;
}

/* HOST:PORT or [ADDRESS]:PORT */
static int connect_by_name(const char *address)
{
	const char *colon = strrchr(address, ':');
	char host[256];
	size_t length;

	if (!colon || colon == address || !colon[1] ||
	    (size_t)(colon - address) >= sizeof(host)) {
		say("'%s' is not HOST:PORT", address);
		return -1;
	}
	length = colon - address;
	if (*address == '[' && colon[-1] == ']') {
		address++;
		length -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)length, address);
	return connect_to_any(host, colon + 1);
}

static bool send_all(int fd, const uint8_t *message, size_t size)
{
	if (send(fd, message, size, MSG_NOSIGNAL) == (ssize_t)size)
		return true;
	say("the simulator does not take a message: %s", strerror(errno));
	return false;
}

/* Wait for an answer or the end; false: the simulation must end. */
static bool wait_for_answer(struct simulator *simulator)
{
	struct pollfd fds[] = {
		{ .fd = simulator->fd, .events = POLLIN },
		{ .fd = simulator->end_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		continue;
	simulator->ended = fds[1].revents;
	return !simulator->ended;
}

/*
 * Return what recv() does, or -1 if the simulation must end. If nothing comes for
 * another reason, stderr says why.
 *
 * Usually an answer comes soon, and then it takes a single system call. For a
 * late one, wait in poll(), which also sees the end: a signal interrupts recv(),
 * and a signal that came just before recv() is seen after RECEIVE_MS.
 */
static ssize_t receive_some(struct simulator *simulator, uint8_t *message,
			    size_t size)
{
	ssize_t n;

	for (;;) {
		n = recv(simulator->fd, message, size, 0);
		if (n > 0)
			return n;
		if (!n) {
			say("the simulator has closed the connection");
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			say("the simulator: %s", strerror(errno));
			return -1;
		}
		if (!wait_for_answer(simulator))
			return -1;
	}
}

/* Usually a simulation ends when the simulator closes the connection. */
static bool receive(struct simulator *simulator, uint8_t *message, size_t size)
{
	ssize_t n;

	while (size) {
		n = receive_some(simulator, message, size);
		if (n <= 0)
			return false;
		message += n;
		size -= n;
	}
	return true;
}

static bool greet(struct simulator *simulator)
{
	uint8_t greeting[GREETING_SIZE];
	const char *wrong;

	greeting_write(greeting);
	if (!send_all(simulator->fd, greeting, sizeof(greeting)) ||
	    !receive(simulator, greeting, sizeof(greeting)))
		return false;
	wrong = greeting_check(greeting);
	if (wrong)
		say("the simulator: %s", wrong);
	return !wrong;
}

/* An answer usually comes in one piece. */
static bool receive_answer(struct simulator *simulator)
{
	uint8_t answer[FROM_MAX];
	size_t size;
	ssize_t n;

	n = receive_some(simulator, answer, sizeof(answer));
	if (n <= 0)
		return false;
	size = answer_size(*answer);
	if (!size || (size_t)n > size) {
		say("the simulator: this is no answer: 0x%02x", *answer);
		return false;
	}
	if (!receive(simulator, answer + n, size - n))
		return false;
	answer_read(answer, &simulator->in);
	return true;
}

bool simulator_open(struct simulator *simulator, const char *address)
{
	*simulator = (struct simulator){
		.fd = connect_by_name(address),
		.end_fd = simulator->end_fd,
	};
	if (simulator->fd < 0)
		return false;
	if (greet(simulator))
		return true;
	close(simulator->fd);
	return false;
}

bool simulator_clock(struct simulator *simulator, struct psl *psl)
{
	uint8_t message[TO_MAX];
	struct psl_to_afu out;
	size_t size;

	psl_step(psl, &simulator->in, &out);
	size = message_write(message, &out, &simulator->room);
	return send_all(simulator->fd, message, size) &&
	       receive_answer(simulator);
}

void simulator_close(struct simulator *simulator)
{
	close(simulator->fd);
}
