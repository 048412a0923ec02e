// SPDX-License-Identifier: GPL-2.0-only
/* afuctl at a terminal, and with a descriptor from another program. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/copy_test.h"
#include "lib/cxl_test.h"
#include "lib/terminal.h"

#define AFUCTL	"/bin/afuctl"
#define ARGUMENTS	10

static void check_exit(pid_t pid, int code)
{
	int status;

	require_ok(waitpid(pid, &status, 0));
	require(WIFEXITED(status), "status 0x%x", status);
	check_eq(WEXITSTATUS(status), code);
}

static char *const top[] = { (char *)"afuctl", (char *)"top", (char *)"-i",
			     (char *)"0.2", NULL };

/* A key, a signal, or a signal key ends it, and the screen is restored. */
static void check_top_ends(int how)
{
	const char *text;
	int master;
	pid_t pid;

	master = terminal_start(&pid, "linux", AFUCTL, top);
	text = terminal_read(master, "OWNER");
	check(strstr(text, "afuctl top: 0 contexts, 0 events/s posted"), "%s",
	      text);
	if (how == SIGTERM)
		require_ok(kill(pid, SIGTERM));
	else if (how == SIGINT)
		require_eq(write(master, "\003", 1), 1);
	else
		require_eq(write(master, "xq", 2), 2);
	text = terminal_read(master, NULL);
	check_exit(pid, 0);
	/* The cursor is visible again. */
	check(strstr(text, "\033[?25h"), "%s", text);
	close(master);
}

static void top_ends_by_a_key(void)
{
	check_top_ends(0);
}

static void top_ends_by_signals(void)
{
	check_top_ends(SIGTERM);
	check_top_ends(SIGINT);
}

/* How many times the process has called read() */
static unsigned long reads(pid_t pid)
{
	char path[32], line[64];
	unsigned long n;
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	file = fopen(path, "r");
	if (!file)
		skip("this kernel does not count system calls");
	while (found != 1 && fgets(line, sizeof(line), file))
		found = sscanf(line, "syscr: %lu", &n);
	fclose(file);
	require(found == 1, "no syscr in %s", path);
	return n;
}

/* Such a standard input is always readable. */
static void top_does_not_spin_at_the_end_of_a_file(void)
{
	static char *const shell[] = {
		(char *)"sh", (char *)"-c",
		(char *)"exec " AFUCTL " top </dev/null", NULL
	};
	unsigned long before, after;
	int master;
	pid_t pid;

	master = terminal_start(&pid, "linux", "/bin/sh", shell);
	terminal_read(master, "OWNER");
	before = reads(pid);
	sleep(3);
	after = reads(pid);
	require_ok(kill(pid, SIGTERM));
	terminal_read(master, NULL);
	check_exit(pid, 0);
	check(after - before < 1000, "%lu reads in 3 s", after - before);
	close(master);
}

static void top_draws_contexts(void)
{
	const char *text;
	char line[64];
	struct afu afu;
	int master;
	pid_t pid;

	afu_start(&afu, "afu0.0s", 4);
	afu_irq(&afu, 1);
	master = terminal_start(&pid, "linux", AFUCTL, top);
	snprintf(line, sizeof(line), "afuctl-tty[%d]", getpid());
	text = terminal_read(master, line);
	check(strstr(text, line), "%s", text);
	/* In the column of pending events, to which the cursor goes */
	check(strstr(text, "\033[4;62H1"), "%s", text);
	check(strstr(text, "1 contexts"), "%s", text);
	require_ok(kill(pid, SIGHUP));
	check_exit(pid, 0);
	close(master);
	afu_stop(&afu);
}

static void top_says_what_terminal_it_does_not_know(void)
{
	const char *text;
	int master;
	pid_t pid;

	master = terminal_start(&pid, "typewriter", AFUCTL, top);
	text = terminal_read(master, NULL);
	check(strstr(text, "afuctl: unknown terminal (typewriter); --batch works without"),
	      "%s", text);
	check_exit(pid, 1);
	close(master);
}

static void monitor_is_coloured_and_ends_by_ctrl_c(void)
{
	static char *const monitor[] = {
		(char *)"afuctl", (char *)"monitor", (char *)"--wed",
		(char *)"0", (char *)"afu0.0", NULL
	};
	const char *text;
	int master;
	pid_t pid;

	/* The memcpy AFU cannot read a queue at address 0. */
	master = terminal_start(&pid, "linux", AFUCTL, monitor);
	text = terminal_read(master, "DSISR");
	check(strstr(text, "\033[31mdata_storage\033[0m  the AFU could not read address 0x0 "),
	      "%s", text);
	require_eq(write(master, "\003", 1), 1);
	terminal_read(master, NULL);
	check_exit(pid, 0);
	close(master);
}

/* Run afuctl monitor --fd @fd with more arguments; its output goes to @text. */
static int monitor_fd(int fd, char *text, size_t size, char *const more[])
{
	char *arguments[ARGUMENTS] = {
		(char *)"afuctl", (char *)"monitor", (char *)"--fd"
	};
	int out[2], status, i;
	char number[16];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	arguments[3] = number;
	for (i = 4; *more; more++)
		arguments[i++] = *more;
	require_ok(pipe(out));
	pid = require_ok(fork());
	if (!pid) {
		fcntl(fd, F_SETFD, 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(AFUCTL, arguments);
		_exit(98);
	}
	close(out[1]);
	while ((got = read(out[0], text + n, size - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
	close(out[0]);
	require_ok(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void copies_are_seen_through_an_inherited_descriptor(void)
{
	static const char *const lines[] = {
		"  afu_driver    24 bytes\n",
		"    0000  63 6f 6f 6b 69 65 2d 31 00 00 00 00 00 00 00 00  |cookie-1........|\n",
		"    0010  00 10 00 00 00 00 00 00                          |........|\n",
		"  afu_driver    24 bytes\n",
		"|cookie-2........|\n",
		"    0010  64 00 00 00 00 00 00 00                          |d.......|\n",
	};
	char *const as_text[] = { (char *)"--count", (char *)"2", NULL };
	char *const as_json[] = { (char *)"-j", (char *)"-c", (char *)"1", NULL };
	char text[4096], *line;
	struct copy_service service;
	unsigned int i;
	char *data;

	copy_open(&service, 4096);
	data = copy_pages(2 * 4096);
	/* Cookies whose bytes are text: "cookie-1" */
	require_eq(copy_submit_one(service.fd, data, data + 4096, 4096,
				   0x312d65696b6f6f63), 1);
	require_eq(copy_submit_one(service.fd, data, data + 4096, 100,
				   0x322d65696b6f6f63), 1);
	check_eq(monitor_fd(service.fd, text, sizeof(text), as_text), 0);
	line = strstr(text, "afu0.0 pe ");
	require(line, "%s", text);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		line = strstr(line, lines[i]);
		require(line, "%s: %s", lines[i], text);
	}

	require_eq(copy_submit_one(service.fd, data, data + 4096, 100,
				   0x332d65696b6f6f63), 1);
	check_eq(monitor_fd(service.fd, text, sizeof(text), as_json), 0);
	check(strstr(text, "{\"event\":\"afu_driver\",\"time_ns\":"), "%s", text);
	check(strstr(text, ",\"size\":24,\"data\":\"636f6f6b69652d330000000000000000640000"),
	      "%s", text);
	check(strstr(text, "000000\",\"text\":\"cookie-3........d.......\"}\n"),
	      "%s", text);
	copy_close(&service);
}

/*
 * All programs of the terminal get what is typed: the monitor only passes on
 * what came from elsewhere.
 */
static void command_gets_each_signal_once(void)
{
	static char *const monitor[] = {
		(char *)"afuctl", (char *)"monitor", (char *)"--",
		(char *)"/bin/sh", (char *)"-c",
		(char *)"trap 'echo caught' INT TERM; echo ready\n"
			"for i in 1 2 3 4 5 6 7 8; do usleep 250000; done",
		NULL
	};
	const char *text;
	int master, typed;
	pid_t pid;

	for (typed = 0; typed < 2; typed++) {
		master = terminal_start(&pid, "linux", AFUCTL, monitor);
		terminal_read(master, "ready");
		if (typed)
			require_eq(write(master, "\003", 1), 1);
		else
			require_ok(kill(pid, SIGTERM));
		text = terminal_read(master, NULL);
		check_exit(pid, 0);
		text = strstr(text, "caught");
		require(text);
		check(!strstr(text + 1, "caught"), "%s", text);
		close(master);
	}
}

/* Run afuctl monitor with a command and SIGCHLD ignored. Returns its status. */
static int monitor_with_ignored_children(const char *program, const char *option,
					 const char *first, const char *second)
{
	int status;
	pid_t pid = require_ok(fork());

	if (!pid) {
		signal(SIGCHLD, SIG_IGN);
		execl(AFUCTL, "afuctl", "monitor", "--", program, option, first,
		      second, NULL);
		_exit(126);
	}
	require_ok(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The parent ignored its children, so these leave no status. */
static void command_is_waited_for_whatever_the_parent_ignored(void)
{
	check_eq(monitor_with_ignored_children("/bin/sh", "-c",
					       "usleep 500000; exit 7", NULL), 7);
	/* The command finds SIGCHLD (bit 16) ignored, as before. */
	check_eq(monitor_with_ignored_children("/bin/grep", "-q",
					       "SigIgn:.*[13579bdf]....$",
					       "/proc/self/status"), 0);
}

static const struct tap_test tests[] = {
	{ "afuctl-tty.top_ends_by_a_key", top_ends_by_a_key },
	{ "afuctl-tty.top_ends_by_signals", top_ends_by_signals },
	{ "afuctl-tty.top_does_not_spin_at_the_end_of_a_file",
	  top_does_not_spin_at_the_end_of_a_file },
	{ "afuctl-tty.top_draws_contexts", top_draws_contexts },
	{ "afuctl-tty.top_says_what_terminal_it_does_not_know",
	  top_says_what_terminal_it_does_not_know },
	{ "afuctl-tty.monitor_is_coloured_and_ends_by_ctrl_c",
	  monitor_is_coloured_and_ends_by_ctrl_c },
	{ "afuctl-tty.copies_are_seen_through_an_inherited_descriptor",
	  copies_are_seen_through_an_inherited_descriptor },
	{ "afuctl-tty.command_gets_each_signal_once",
	  command_gets_each_signal_once, NULL, 60 },
	{ "afuctl-tty.command_is_waited_for_whatever_the_parent_ignored",
	  command_is_waited_for_whatever_the_parent_ignored, NULL, 30 },
};

TAP_MAIN(tests)
