// SPDX-License-Identifier: GPL-2.0-only
/*
 * This machine's end of ./guest; vm/guest/stream.h has the protocol.
 *
 * relay [-t] [-d] [-T DESCRIPTOR] COMMAND [ARGUMENT]...
 *
 * COMMAND is QEMU, and finds the ports' other ends as descriptors 10 to 14, in the
 * order of STREAM_NAMES, and 15 for its monitor (QMP). Our own stdin, stdout and
 * stderr become those of the command in the guest, with -t as a terminal; the trace
 * goes to DESCRIPTOR. With -d the command does not begin before a debugger has
 * stopped the guest and let it go on. The exit status is the command's; 98 if
 * the guest ended before it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "guest/stream.h"

#define FIRST_FD	10
#define MONITOR		STREAMS
#define LOST		98

/* So many of these within a second end the guest, whatever it is doing. */
#define ESCAPE		0x1d	/* ^] */
#define ESCAPES		3

/* How long the command may take to end after SIGTERM or SIGHUP */
#define GRACE_S		5

static int ends[STREAMS + 1];
static struct stream streams[STREAM_CONTROL];
static pid_t qemu;
static bool ready, ended, on_terminal, wait_for_debugger;
static int status = LOST;
static struct termios before;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

static void make_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &before))
		err(LOST, "tcgetattr");
	raw = before;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	atexit(restore_terminal);
}

/* become() - QEMU, in a process group of its own that no ^C reaches */
static void become(char **argv, int (*pairs)[2], int count, pid_t parent)
{
	int i, null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(LOST);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* First move them out of the way of the numbers. */
	for (i = 0; i < count; i++)
		pairs[i][1] = fcntl(pairs[i][1], F_DUPFD_CLOEXEC, FIRST_FD + count);
	for (i = 0; i < count; i++)
		dup2(pairs[i][1], FIRST_FD + i);
	execvp(argv[0], argv);
	err(LOST, "%s", argv[0]);
}

static void start(char **argv)
{
	int pairs[STREAMS + 1][2], i;
	pid_t parent = getpid();

	for (i = 0; i <= STREAMS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]))
			err(LOST, "socketpair");
	qemu = fork();
	if (qemu < 0)
		err(LOST, "fork");
	if (!qemu)
		become(argv, pairs, STREAMS + 1, parent);
	for (i = 0; i <= STREAMS; i++) {
		close(pairs[i][1]);
		ends[i] = pairs[i][0];
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
}

__attribute__((format(printf, 1, 2)))
static void tell_guest(const char *format, ...)
{
	char line[64];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* Far less than a socket holds; a guest that is gone does not listen. */
	if (write(ends[STREAM_CONTROL], line, n) < 0)
		return;
}

static void tell_size(void)
{
	struct winsize size;

	if (on_terminal && !ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		tell_guest("size %hu %hu\n", size.ws_row, size.ws_col);
}

static void end_guest(int new_status)
{
	if (!ended)
		status = new_status;
	ended = true;
	kill(-qemu, SIGKILL);
}

static void hear_signal(int number)
{
	switch (number) {
	case SIGCHLD:
		return;
	case SIGWINCH:
		tell_size();
		return;
	case SIGALRM:
		end_guest(128 + SIGTERM);
		return;
	}
	if (!ready) {
		end_guest(128 + number);
		return;
	}
	tell_guest("signal %d\n", number);
	if (number == SIGTERM || number == SIGHUP)
		alarm(GRACE_S);
}

/* count_escapes() - look for ^]^]^] in what is typed */
static void count_escapes(const struct stream *in)
{
	static struct timespec begin;
	static int count;
	struct timespec now;
	size_t i;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - begin.tv_sec > 1)
		count = 0;
	for (i = in->first; i < in->first + in->count; i++) {
		if (in->buf[i] != ESCAPE) {
			count = 0;
		} else if (!count++) {
			begin = now;
		} else if (count == ESCAPES) {
			end_guest(128 + SIGKILL);
			return;
		}
	}
}

static void hear(const char *line)
{
	uint64_t *end[] = { &streams[STREAM_OUT].end, &streams[STREAM_ERR].end,
			    &streams[STREAM_TRACE].end };

	if (!strcmp(line, "ready")) {
		ready = true;
		tell_size();
	} else if (sscanf(line, "exit %d %lu %lu %lu", &status, end[0], end[1], end[2]) == 4) {
		ended = true;
	}
}

/* read_lines() - pass each complete line to @use */
static bool read_lines(int fd, char *lines, size_t size, void (*use)(const char *line))
{
	size_t used = strlen(lines);
	ssize_t n = read(fd, lines + used, size - used - 1);
	char *end;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	lines[used + n] = '\0';
	while ((end = strchr(lines, '\n'))) {
		*end = '\0';
		use(lines);
		memmove(lines, end + 1, strlen(end + 1) + 1);
	}
	/* A line that does not fit is not one that matters. */
	if (strlen(lines) == size - 1)
		lines[0] = '\0';
	return true;
}

/* The first stop means that a debugger has come. */
static void hear_monitor(const char *line)
{
	static bool stopped;

	if (strstr(line, "\"STOP\""))
		stopped = true;
	if (strstr(line, "\"RESUME\"") && stopped && wait_for_debugger) {
		wait_for_debugger = false;
		tell_guest("go\n");
	}
}

static void move_streams(struct pollfd *p)
{
	struct stream *s;
	int i;

	for (i = 0; i < STREAM_CONTROL; i++) {
		s = &streams[i];
		if (p[2 * i].revents) {
			stream_take(s);
			if (i == STREAM_IN && s->from < 0)
				tell_guest("eof %lu\n", s->taken);
			if (i == STREAM_IN && on_terminal)
				count_escapes(s);
		}
		if (stream_give(s) || i == STREAM_IN || s->to < 0)
			continue;
		s->to = -1;
		tell_guest("close %d\n", i);
	}
}

static bool all_arrived(void)
{
	int i;

	for (i = STREAM_OUT; i <= STREAM_TRACE; i++)
		if (!stream_is_done(&streams[i]))
			return false;
	return true;
}

/* relay() - until the command or the guest ends */
static void relay(int signals)
{
	static char lines[256], monitor_lines[4096];
	struct pollfd p[2 * STREAM_CONTROL + 3];
	struct pollfd *control = &p[2 * STREAM_CONTROL];
	struct pollfd *signalled = control + 1, *monitor = control + 2;
	struct signalfd_siginfo info;
	int i;

	while (!(ended && all_arrived())) {
		for (i = 0; i < STREAM_CONTROL; i++)
			stream_poll(&streams[i], &p[2 * i], &p[2 * i + 1]);
		*control = (struct pollfd){ ends[STREAM_CONTROL], POLLIN, 0 };
		*signalled = (struct pollfd){ signals, POLLIN, 0 };
		*monitor = (struct pollfd){ ends[MONITOR], POLLIN, 0 };
		if (poll(p, 2 * STREAM_CONTROL + 3, -1) < 0 && errno != EINTR)
			err(LOST, "poll");
		while (read(signals, &info, sizeof(info)) > 0)
			hear_signal(info.ssi_signo);
		move_streams(p);
		if (monitor->revents)
			read_lines(ends[MONITOR], monitor_lines, sizeof(monitor_lines),
				   hear_monitor);
		if (control->revents &&
		    !read_lines(ends[STREAM_CONTROL], lines, sizeof(lines), hear))
			return;		/* QEMU is gone */
	}
}

static int catch_signals(void)
{
	static const int heard[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2,
				     SIGWINCH, SIGALRM, SIGCHLD };
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(heard); i++)
		sigaddset(&set, heard[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		err(LOST, "signalfd");
	return fd;
}

int main(int argc, char **argv)
{
	static const char negotiate[] = "{\"execute\":\"qmp_capabilities\"}\n";
	int signals, option, trace = -1;

	while ((option = getopt(argc, argv, "+tdT:")) != -1) {
		switch (option) {
		case 't':
			on_terminal = true;
			break;
		case 'd':
			wait_for_debugger = true;
			break;
		case 'T':
			trace = atoi(optarg);
			break;
		default:
			return 125;
		}
	}
	signals = catch_signals();
	start(argv + optind);
	if (write(ends[MONITOR], negotiate, strlen(negotiate)) < 0)
		err(LOST, "monitor");
	/* Ours are shared with others, and stay blocking. */
	stream_open(&streams[STREAM_IN], STDIN_FILENO, ends[STREAM_IN], STREAM_BUFFER);
	stream_open(&streams[STREAM_OUT], ends[STREAM_OUT], STDOUT_FILENO, PIPE_BUF);
	stream_open(&streams[STREAM_ERR], ends[STREAM_ERR], STDERR_FILENO, PIPE_BUF);
	stream_open(&streams[STREAM_TRACE], ends[STREAM_TRACE], trace, PIPE_BUF);
	if (on_terminal)
		make_raw();
	relay(signals);
	tell_guest("bye\n");
	waitpid(qemu, NULL, 0);
	return status;
}
