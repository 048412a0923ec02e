// SPDX-License-Identifier: GPL-2.0-only
/* afu-cp at a terminal: progress bar and Ctrl-C. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/terminal.h"

#define AFU_CP		"/bin/afu-cp"
#define FILE_SIZE	(24 << 20)

/* Make a source file in a folder of its own, and change into that folder. */
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

static int start_on_terminal(pid_t *pid, const char *chunk)
{
	char *const arguments[] = {
		(char *)AFU_CP, (char *)"--chunk", (char *)chunk,
		(char *)"src", (char *)"dst", NULL,
	};

	return terminal_start(pid, "linux", AFU_CP, arguments);
}

static void progress_is_shown(void)
{
	const char *text, *last;
	int master, status;
	pid_t pid;

	make_source();
	master = start_on_terminal(&pid, "64k");
	text = terminal_read(master, NULL);
	require_ok(waitpid(pid, &status, 0));
	check_eq(status, 0);

	check(strstr(text, "\rcopying     0% [                              ]"),
	      "%s", text);
	check(strstr(text, "\rcopying   100% [##############################] 24.0 MiB"));
	check(strstr(text, "\rverifying 100% [##############################] 24.0 MiB"));
	check(strstr(text, " MiB/s"));
	/* In the end the bar is gone, and one line tells the result. */
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
	require(strstr(terminal_read(master, "copying"), "copying"));
	require_eq(write(master, "\003", 1), 1);
	terminal_read(master, NULL);
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
