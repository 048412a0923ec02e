// SPDX-License-Identifier: GPL-2.0-only
/* afu-cp at a terminal: progress bar and Ctrl-C. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"

#define AFU_CP		"/bin/afu-cp"
#define FILE_SIZE	(24 << 20)

/* A source file in a folder of its own, which becomes the working directory. */
static void make_source(void)
{
	char folder[] = "/tmp/afu-cp-tty.XXXXXX";
	static char buf[1 << 16];
	int fd, i;

	require(mkdtemp(folder));
	require_ok(chdir(folder));
	fd = require_ok(open("src", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	for (i = 0; i < FILE_SIZE; i += sizeof(buf)) {
		memset(buf, i >> 16, sizeof(buf));
		require_eq(write(fd, buf, sizeof(buf)), sizeof(buf));
	}
	close(fd);
}

static unsigned int files_in_folder(void)
{
	struct dirent *entry;
	DIR *dir = opendir(".");
	unsigned int n = 0;

	require(dir);
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return n;
}

static void remove_folder(void)
{
	if (system("rm -rf /tmp/afu-cp-tty.*"))
		diag("cannot remove the folder");
}

/* Start afu-cp with a terminal of its own. Returns the other side of it. */
static int start_on_terminal(pid_t *pid, const char *chunk)
{
	int master = require_ok(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
	char *name;
	int slave;

	require_ok(grantpt(master));
	require_ok(unlockpt(master));
	name = ptsname(master);
	require(name);
	*pid = require_ok(fork());
	if (*pid)
		return master;
	setsid();
	/* The first terminal that the leader of a session opens is its own. */
	slave = open(name, O_RDWR | O_CLOEXEC);
	if (slave < 0 || dup2(slave, 0) < 0 || dup2(slave, 1) < 0 ||
	    dup2(slave, 2) < 0)
		_exit(99);
	execl(AFU_CP, AFU_CP, "--chunk", chunk, "src", "dst", NULL);
	_exit(98);
}

/*
 * Collect what comes from the terminal, until @until is part of it, or the
 * program has ended. Returns it as a string.
 */
static const char *read_terminal(int master, const char *until)
{
	static char text[1 << 18];
	struct pollfd p = { .fd = master, .events = POLLIN };
	size_t length = 0;
	ssize_t n;

	while (poll(&p, 1, 4 * SOON_MS) == 1) {
		n = read(master, text + length, sizeof(text) - 1 - length);
		if (n <= 0)
			break;
		length += n;
		text[length] = '\0';
		if (until && strstr(text, until))
			break;
	}
	text[length] = '\0';
	return text;
}

static void progress_is_shown(void)
{
	const char *text, *last;
	int master, status;
	pid_t pid;

	make_source();
	master = start_on_terminal(&pid, "64k");
	text = read_terminal(master, NULL);
	require_ok(waitpid(pid, &status, 0));
	check_eq(status, 0);

	check(strstr(text, "\rcopying     0% [                              ]"),
	      "%s", text);
	check(strstr(text, "\rcopying   100% [##############################] 24.0 MiB"));
	check(strstr(text, "\rverifying 100% [##############################] 24.0 MiB"));
	check(strstr(text, " MiB/s"));
	/* The bar is gone at the end, one line tells the result. */
	last = strrchr(text, '\r');
	while (last && last > text && last[1] == '\n')
		last = memrchr(text, '\r', last - text);
	require(last);
	check(strstr(last, "\033[K25165824 bytes, 25165824 of them copied"),
	      "%s", last);
	check(strstr(last, "verified; 384 driver events, 0 lost\r\n"), "%s",
	      last);
	check_eq(files_in_folder(), 2);
	close(master);
}

static void ctrl_c_leaves_nothing(void)
{
	int master, status;
	pid_t pid;

	make_source();
	master = start_on_terminal(&pid, "4k");
	require(strstr(read_terminal(master, "copying"), "copying"));
	require_eq(write(master, "\003", 1), 1);
	read_terminal(master, NULL);
	require_ok(waitpid(pid, &status, 0));
	require(WIFSIGNALED(status), "status 0x%x", status);
	check_eq(WTERMSIG(status), SIGINT);
	check_eq(files_in_folder(), 1);
	close(master);
}

static const struct tap_test tests[] = {
	{ "afu-cp-tty.progress_is_shown", progress_is_shown, remove_folder, 120 },
	{ "afu-cp-tty.ctrl_c_leaves_nothing", ctrl_c_leaves_nothing,
	  remove_folder, 120 },
};

TAP_MAIN(tests)
