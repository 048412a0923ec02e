// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's end of ./guest; vm/guest/stream.h has the protocol.
 *
 * agent [ROWS COLUMNS]
 *	Run "sh /vm/enter" with the streams of the host, on a terminal of that size if
 *	the host has one, and exit with its status.
 *
 * agent enter ROOT FOLDER
 *	Make ROOT the root of all file systems, and become the command in /vm/argv with
 *	the environment in /vm/environ, in FOLDER. Both files are lists of strings, each
 *	ended by a zero byte.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "stream.h"

#define TRACE		"/sys/kernel/tracing/trace"
#define GO		"/vm/go"	/* a FIFO, on which enter waits for a debugger */
#define PORT_WAIT_MS	20000
#define DEVICES		8	/* of virtio, at most */
#define PORTS		(STREAMS + 1)

static const char *const names[STREAMS] = STREAM_NAMES;
static int ports[STREAMS];

static struct stream streams[STREAM_CONTROL];
static pid_t command;
static bool command_ended, may_leave;
static int status, terminal = -1;

/* @device: of all virtio devices, some of which may not be ours */
static bool port_has_name(int device, int port, const char *name)
{
	char path[64], found[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport%dp%d/name", device, port);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%31s", found) != 1)
		found[0] = '\0';
	fclose(file);
	return !strcmp(found, name);
}

/* The ports appear one by one after their driver was loaded. */
static int open_port(const char *name)
{
	char path[32];
	int waited, i, fd;

	for (waited = 0; waited < PORT_WAIT_MS; waited += 10) {
		for (i = 0; i < DEVICES * PORTS; i++) {
			if (!port_has_name(i / PORTS, i % PORTS, name))
				continue;
			snprintf(path, sizeof(path), "/dev/vport%dp%d", i / PORTS, i % PORTS);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd >= 0)
				return fd;
		}
		usleep(10000);
	}
	errx(98, "no port %s", name);
}

static void make_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* make_pipe() - with an end for the command and one for us; @ours is 0 or 1 */
static int make_pipe(int ours, int *theirs)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		err(98, "pipe");
	*theirs = fds[!ours];
	make_nonblocking(fds[ours]);
	return fds[ours];
}

static void run_enter(const int fds[3])
{
	static const int defaults[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(defaults); i++)
		signal(defaults[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (terminal >= 0)
		ioctl(fds[0], TIOCSCTTY, 0);
	for (i = 0; i < 3; i++)
		dup2(fds[i], i);
	execl("/bin/sh", "sh", "/vm/enter", NULL);
	err(127, "sh");
}

/* start_on_terminal() - which is stdin, stdout and stderr */
static void start_on_terminal(const struct winsize *size)
{
	int slave;

	if (openpty(&terminal, &slave, NULL, NULL, size))
		err(98, "openpty");
	make_nonblocking(terminal);
	fcntl(terminal, F_SETFD, FD_CLOEXEC);
	command = fork();
	if (!command)
		run_enter((int []){ slave, slave, slave });
	close(slave);
	stream_open(&streams[STREAM_IN], ports[STREAM_IN], terminal, STREAM_BUFFER);
	stream_open(&streams[STREAM_OUT], terminal, ports[STREAM_OUT], STREAM_BUFFER);
	stream_open(&streams[STREAM_ERR], -1, ports[STREAM_ERR], STREAM_BUFFER);
}

static void start_on_pipes(void)
{
	int theirs[3], i;

	stream_open(&streams[STREAM_IN], ports[STREAM_IN], make_pipe(1, &theirs[0]),
		    STREAM_BUFFER);
	for (i = STREAM_OUT; i <= STREAM_ERR; i++)
		stream_open(&streams[i], make_pipe(0, &theirs[i]), ports[i], STREAM_BUFFER);
	command = fork();
	if (!command)
		run_enter(theirs);
	for (i = 0; i < 3; i++)
		close(theirs[i]);
}

/* Control lines are short, and the port takes one at a time. */
static void tell_host(const char *line)
{
	struct pollfd p = { .fd = ports[STREAM_CONTROL], .events = POLLOUT };

	do
		poll(&p, 1, -1);
	while (write(p.fd, line, strlen(line)) < 0 && (errno == EAGAIN || errno == EINTR));
}

/* On a terminal: to the process that reads it, maybe in another session. */
static void send_signal(int number)
{
	pid_t group = terminal >= 0 ? tcgetpgrp(terminal) : command;

	if (group > 0)
		kill(-group, number);
}

static void obey(const char *line)
{
	struct winsize size = { 0 };
	uint64_t bytes;
	int number;

	if (sscanf(line, "signal %d", &number) == 1) {
		send_signal(number);
	} else if (sscanf(line, "size %hu %hu", &size.ws_row, &size.ws_col) == 2) {
		if (terminal >= 0)
			ioctl(terminal, TIOCSWINSZ, &size);
	} else if (sscanf(line, "eof %lu", &bytes) == 1) {
		streams[STREAM_IN].end = bytes;
	} else if (sscanf(line, "close %d", &number) == 1 &&
		   number >= STREAM_OUT && number <= STREAM_ERR) {
		/* Further writes give SIGPIPE, as on the host. */
		close(streams[number].from);
		streams[number].from = -1;
	} else if (!strcmp(line, "go")) {
		number = open(GO, O_RDWR | O_CLOEXEC);
		if (number >= 0 && write(number, "\n", 1) == 1)
			close(number);
	} else if (!strcmp(line, "bye")) {
		may_leave = true;
	}
}

static void read_control(void)
{
	static char lines[256];
	static size_t used;
	ssize_t n = read(ports[STREAM_CONTROL], lines + used, sizeof(lines) - used - 1);
	char *end;

	if (n <= 0)
		return;
	used += n;
	lines[used] = '\0';
	while ((end = strchr(lines, '\n'))) {
		*end = '\0';
		obey(lines);
		used -= end + 1 - lines;
		memmove(lines, end + 1, used + 1);
	}
}

static void reap(int signals)
{
	struct signalfd_siginfo info;
	int how;
	pid_t pid;

	while (read(signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		command_ended = true;
		status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	}
}

/*
 * What the command wrote before it ended has arrived already. Background
 * processes that it left may keep its streams open for ever.
 */
static bool all_is_taken(void)
{
	bool taken = true;
	struct pollfd p = { .events = POLLIN };
	int i;

	for (i = STREAM_OUT; i <= STREAM_TRACE; i++) {
		p.fd = streams[i].from;
		if (streams[i].count || (p.fd >= 0 && poll(&p, 1, 0) > 0))
			taken = false;
	}
	return taken;
}

static void say_exit(void)
{
	char line[128];

	snprintf(line, sizeof(line), "exit %d %lu %lu %lu\n", status,
		 streams[STREAM_OUT].given, streams[STREAM_ERR].given,
		 streams[STREAM_TRACE].given);
	tell_host(line);
}

static void pump(int signals)
{
	struct pollfd p[2 * STREAM_CONTROL + 2];
	bool said = false;
	int i;

	while (!may_leave) {
		if (command_ended && !said && all_is_taken()) {
			if (streams[STREAM_TRACE].from < 0 && !streams[STREAM_TRACE].taken)
				streams[STREAM_TRACE].from = open(TRACE, O_RDONLY | O_CLOEXEC);
			stream_take(&streams[STREAM_TRACE]);
			if (!streams[STREAM_TRACE].count) {
				sync();
				say_exit();
				said = true;
			}
		}
		for (i = 0; i < STREAM_CONTROL; i++)
			stream_poll(&streams[i], &p[2 * i], &p[2 * i + 1]);
		/* After its last byte stdin is closed; a terminal gets a ^D. */
		p[2 * STREAM_CONTROL] = (struct pollfd){ ports[STREAM_CONTROL], POLLIN, 0 };
		p[2 * STREAM_CONTROL + 1] = (struct pollfd){ signals, POLLIN, 0 };
		if (poll(p, 2 * STREAM_CONTROL + 2, -1) < 0 && errno != EINTR)
			err(98, "poll");
		if (p[2 * STREAM_CONTROL].revents & POLLIN)
			read_control();
		reap(signals);
		for (i = 0; i < STREAM_CONTROL; i++) {
			if (p[2 * i].revents)
				stream_take(&streams[i]);
			stream_give(&streams[i]);
		}
		if (stream_is_done(&streams[STREAM_IN]) && streams[STREAM_IN].to >= 0 &&
		    terminal < 0) {
			close(streams[STREAM_IN].to);
			streams[STREAM_IN].to = -1;
		}
	}
}

static int serve(int argc, char **argv)
{
	struct winsize size = { 0 };
	sigset_t child;
	int signals, i;

	for (i = 0; i < STREAMS; i++)
		ports[i] = open_port(names[i]);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals < 0)
		err(98, "signalfd");

	stream_open(&streams[STREAM_TRACE], -1, ports[STREAM_TRACE], STREAM_BUFFER);
	if (argc == 3) {
		size.ws_row = atoi(argv[1]);
		size.ws_col = atoi(argv[2]);
		start_on_terminal(&size);
	} else {
		start_on_pipes();
	}
	if (command < 0)
		err(98, "fork");
	tell_host("ready\n");
	pump(signals);
	return status;
}

/* read_strings() - a list of strings, ended by NULL */
static char **read_strings(const char *path)
{
	char *text, *at, **list;
	size_t count = 0;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(125, "%s", path);
	text = calloc(1, st.st_size + 1);
	list = calloc(st.st_size + 1, sizeof(*list));
	if (!text || !list || read(fd, text, st.st_size) != st.st_size)
		err(125, "%s", path);
	for (at = text; at < text + st.st_size; at += strlen(at) + 1)
		list[count++] = at;
	close(fd);
	return list;
}

static int enter(const char *root, const char *folder)
{
	char **argv = read_strings("/vm/argv");
	char **environment = read_strings("/vm/environ");
	int error;

	/* chroot() alone would not let programs make a user namespace. */
	if (chdir(root) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		err(125, "%s", root);
	if (chdir(folder))
		err(125, "%s", folder);
	environ = environment;
	execvp(argv[0], argv);
	error = errno;
	if (error == ENOENT)
		fprintf(stderr, "guest: %s: not found\n", argv[0]);
	else
		fprintf(stderr, "guest: %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "enter"))
		return enter(argv[2], argv[3]);
	return serve(argc, argv);
}
