// SPDX-License-Identifier: GPL-2.0-only
/*
 * afu-cp and the files that it creates and replaces: permissions, owner, ACL,
 * extended attributes, links, mounts; and what stops or ends it meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/nobody.h"

#define AFU_CP		"/bin/afu-cp"
#define FOLDER		"/tmp/afu-cp-files"
#define ACL		"system.posix_acl_access"
#define DEFAULT_ACL	"system.posix_acl_default"
#define OTHER		1234	/* a user and group */

#define SMALL		10000
#define LARGE		(24 << 20)

/* As Linux stores an ACL: version 2; owner, user 1000, group, mask, others */
static const unsigned char acl_bytes[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 4, 0, 0xe8, 0x03, 0, 0,
	0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

/* A file system of the test's own, with attributes and nameless files */
static void begin(void)
{
	umask(022);
	mkdir(FOLDER, 0755);
	require_ok(mount("none", FOLDER, "tmpfs", 0, "mode=777"));
	require_ok(chdir(FOLDER));
}

static void end(void)
{
	if (chdir("/"))
		diag("/: %m");
	umount2(FOLDER, MNT_DETACH);
	rmdir(FOLDER);
}

static void make_file(const char *name, size_t size, mode_t mode)
{
	static unsigned char buf[1 << 16];
	int fd = require_ok(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	size_t i, n;

	for (; size; size -= n) {
		n = size < sizeof(buf) ? size : sizeof(buf);
		for (i = 0; i < n; i++)
			buf[i] = size + i * 7;
		require_eq(write(fd, buf, n), n);
	}
	require_ok(fchmod(fd, mode));
	close(fd);
}

static void check_same(const char *a, const char *b)
{
	char command[200];

	snprintf(command, sizeof(command), "cmp %s %s >&2", a, b);
	check(!system(command), "%s and %s differ", a, b);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	require(!stat(name, &st), "%s: %m", name);
	return st.st_mode & 07777;
}

static unsigned int files_here(void)
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

/* The progress bar would get in the way of the results. */
static void execute(const char *chunk)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	execl(AFU_CP, AFU_CP, "--chunk", chunk, "src", "dst", NULL);
	_exit(126);
}

static pid_t start(const char *chunk)
{
	pid_t pid = require_ok(fork());

	if (!pid)
		execute(chunk);
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	require_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void copy_ok(void)
{
	check_eq(end_of(start("1M")), 0);
	check_same("src", "dst");
}

static void new_file_obeys_the_umask(void)
{
	static const struct {
		mode_t source;
		mode_t mask;
		mode_t copy;
	} cases[] = {
		{ 0666, 022, 0644 }, { 0666, 027, 0640 }, { 0777, 077, 0700 },
		{ 0640, 022, 0640 }, { 0600, 0, 0600 }, { 0444, 022, 0444 },
		{ 06755, 022, 0755 }, { 0007, 002, 0005 },
	};
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		diag("mode 0%o, umask 0%o", cases[i].source, cases[i].mask);
		make_file("src", SMALL, cases[i].source);
		umask(cases[i].mask);
		copy_ok();
		umask(022);
		check_eq(mode_of("dst"), cases[i].copy);
		require_ok(unlink("src"));
		require_ok(unlink("dst"));
	}
}

static void replaced_file_keeps_its_permissions(void)
{
	static const mode_t modes[] = { 0600, 0444, 0640, 0755, 0666 };
	unsigned int i;

	begin();
	make_file("src", SMALL, 0644);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		make_file("dst", 3 * SMALL, modes[i]);
		copy_ok();
		check_eq(mode_of("dst"), modes[i]);
		check_eq(files_here(), 2);
		require_ok(unlink("dst"));
	}
}

/* The folder's defaults for new files do not apply to a file that was there. */
static void replaced_file_keeps_owner_acl_and_attributes(void)
{
	char value[sizeof(acl_bytes) + 1];
	struct stat st;

	begin();
	make_file("src", SMALL, 0644);
	make_file("dst", SMALL / 2, 0600);
	require_ok(chown("dst", OTHER, OTHER + 1));
	require_ok(setxattr("dst", "trusted.colour", "blue", 4, 0));
	require_ok(setxattr("dst", ACL, acl_bytes, sizeof(acl_bytes), 0));
	copy_ok();
	require_ok(stat("dst", &st));
	check_eq(st.st_uid, OTHER);
	check_eq(st.st_gid, OTHER + 1);
	check_eq(getxattr("dst", "trusted.colour", value, sizeof(value)), 4);
	check_mem_eq(value, "blue", 4);
	check_eq(getxattr("dst", ACL, value, sizeof(value)), sizeof(acl_bytes));
	check_mem_eq(value, acl_bytes, sizeof(acl_bytes));
	check_eq(mode_of("dst"), 0640);

	require_ok(setxattr(".", DEFAULT_ACL, acl_bytes, sizeof(acl_bytes), 0));
	require_ok(removexattr("dst", ACL));
	require_ok(chmod("dst", 0600));
	copy_ok();
	check_errno(getxattr("dst", ACL, value, sizeof(value)), ENODATA);
	check_eq(mode_of("dst"), 0600);

	require_ok(unlink("dst"));
	copy_ok();
	check_eq(getxattr("dst", ACL, value, sizeof(value)), sizeof(acl_bytes));
	check_eq(files_here(), 2);
}

/* Rights that were granted to the old content */
static void set_id_bits_and_capabilities_end(void)
{
	/* Version 2, CAP_NET_RAW permitted and effective */
	static const unsigned int capability[5] = { 0x02000001, 1 << 13 };
	char value[64];

	begin();
	make_file("src", SMALL, 0644);
	make_file("dst", SMALL, 06755);
	require_ok(setxattr("dst", "security.capability", capability,
			    sizeof(capability), 0));
	copy_ok();
	check_eq(mode_of("dst"), 0755);
	check_errno(getxattr("dst", "security.capability", value, sizeof(value)),
		    ENODATA);
}

static void all_hard_links_have_the_copy(void)
{
	begin();
	make_file("src", SMALL, 0644);
	make_file("dst", 3 * SMALL, 0600);
	require_ok(link("dst", "other"));
	copy_ok();
	check_same("src", "other");
	check_eq(mode_of("other"), 0600);
	check_eq(files_here(), 3);
}

/* As in containers: another file is mounted in its place */
static void mounted_file_is_overwritten(void)
{
	begin();
	make_file("src", SMALL, 0644);
	make_file("real", 3 * SMALL, 0600);
	make_file("dst", 0, 0644);
	require_ok(mount("real", "dst", NULL, MS_BIND, NULL));
	copy_ok();
	require_ok(umount("dst"));
	check_same("src", "real");
	check_eq(mode_of("real"), 0600);
	check_eq(files_here(), 3);
}

static void overwrite_as_nobody(void)
{
	execute("1M");
}

static int status_of_nobody(void)
{
	int status;

	require_ok(chmod("/dev/cxl-copy0", 0666));
	status = end_of(nobody_start(overwrite_as_nobody));
	require_ok(chmod("/dev/cxl-copy0", 0600));
	return WEXITSTATUS(status);
}

static void who_may_not_write_may_not_replace(void)
{
	struct stat before, after;

	begin();
	make_file("src", SMALL, 0644);
	make_file("dst", 3 * SMALL, 0444);
	/* Owned by nobody, in a folder of nobody's */
	require_ok(chown(".", 65534, 65534));
	require_ok(chown("dst", 65534, 65534));
	require_ok(stat("dst", &before));
	check_eq(status_of_nobody(), 1);
	require_ok(stat("dst", &after));
	check_eq(after.st_ino, before.st_ino);
	check_eq(after.st_size, before.st_size);
	check_eq(files_here(), 2);
}

static void who_may_write_leaves_the_owner(void)
{
	struct stat st;

	begin();
	make_file("src", SMALL, 0644);
	make_file("dst", 3 * SMALL, 0666);
	require_ok(chown("dst", OTHER, OTHER));
	/* In a folder where nobody may create files, and in one where not */
	check_eq(status_of_nobody(), 0);
	check_same("src", "dst");
	require_ok(truncate("dst", 0));
	require_ok(chmod(".", 0755));
	check_eq(status_of_nobody(), 0);
	check_same("src", "dst");
	require_ok(stat("dst", &st));
	check_eq(st.st_uid, OTHER);
	check_eq(st.st_gid, OTHER);
	check_eq(st.st_mode & 07777, 0666);
	check_eq(files_here(), 2);
}

static void nap(void)
{
	const struct timespec time = { .tv_nsec = 300 * 1000 };

	nanosleep(&time, NULL);
}

/* Copy, and be stopped as often as there is time for it. */
static unsigned int stop_and_continue(void)
{
	unsigned int stops = 0;
	int status;
	pid_t pid = start("1M");

	for (;;) {
		nap();
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		require_ok(kill(pid, SIGSTOP));
		require_eq(waitpid(pid, &status, WUNTRACED), pid);
		if (!WIFSTOPPED(status))
			break;
		stops++;
		require_ok(kill(pid, SIGCONT));
	}
	check_eq(status, 0);
	check_same("src", "dst");
	return stops;
}

/* ^Z and fg: what it was doing is done again. */
static void is_stopped_and_continued(void)
{
	unsigned int stops = 0, copies;

	begin();
	make_file("src", LARGE, 0644);
	for (copies = 0; stops < 10 && copies < 20; copies++)
		stops += stop_and_continue();
	check(stops >= 10, "stopped %u times only", stops);
}

/* Signals that end it unless they are caught */
static const int signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU,
	SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGPWR,
};

static void signals_leave_nothing(unsigned int step)
{
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(signals); i += step) {
		pid = start("4k");
		usleep(100 * 1000);
		require_ok(kill(pid, signals[i]));
		status = end_of(pid);
		check(WIFSIGNALED(status) && WTERMSIG(status) == signals[i],
		      "signal %d: status 0x%x", signals[i], status);
		check_eq(files_here(), 1);
	}
}

static void signals_leave_nothing_of_a_nameless_file(void)
{
	begin();
	make_file("src", LARGE, 0644);
	signals_leave_nothing(1);
}

/* Without /proc a file cannot get its name later, so it has one from the start. */
static void signals_leave_nothing_of_a_named_file(void)
{
	begin();
	make_file("src", LARGE, 0644);
	require_ok(unshare(CLONE_NEWNS));
	require_ok(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	require_ok(mount("none", "/proc", "tmpfs", 0, NULL));
	signals_leave_nothing(4);
	copy_ok();
	check_eq(files_here(), 2);
	/* And the file to be replaced is unchanged. */
	require_ok(chmod("dst", 0604));
	copy_ok();
	check_eq(mode_of("dst"), 0604);
	check_eq(files_here(), 2);
}

static const struct tap_test tests[] = {
	{ "afu-cp-files.new_file_obeys_the_umask", new_file_obeys_the_umask, end },
	{ "afu-cp-files.replaced_file_keeps_its_permissions",
	  replaced_file_keeps_its_permissions, end },
	{ "afu-cp-files.replaced_file_keeps_owner_acl_and_attributes",
	  replaced_file_keeps_owner_acl_and_attributes, end },
	{ "afu-cp-files.set_id_bits_and_capabilities_end",
	  set_id_bits_and_capabilities_end, end },
	{ "afu-cp-files.all_hard_links_have_the_copy",
	  all_hard_links_have_the_copy, end },
	{ "afu-cp-files.mounted_file_is_overwritten",
	  mounted_file_is_overwritten, end },
	{ "afu-cp-files.who_may_not_write_may_not_replace",
	  who_may_not_write_may_not_replace, end },
	{ "afu-cp-files.who_may_write_leaves_the_owner",
	  who_may_write_leaves_the_owner, end },
	{ "afu-cp-files.is_stopped_and_continued", is_stopped_and_continued, end,
	  120 },
	{ "afu-cp-files.signals_leave_nothing_of_a_nameless_file",
	  signals_leave_nothing_of_a_nameless_file, end, 120 },
	{ "afu-cp-files.signals_leave_nothing_of_a_named_file",
	  signals_leave_nothing_of_a_named_file, end, 120 },
};

TAP_MAIN(tests)
