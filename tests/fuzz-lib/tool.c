// SPDX-License-Identifier: GPL-2.0-only
/* afuctl inside a target: see tool.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>
#include <libcxl.h>

#include "fuzz.h"
#include "tool.h"

/* A signal ends the tool after it has waited this often. */
#define PATIENCE	3

#define PROCESS_ELEMENT	7

static jmp_buf back;
static void (*at_exit)(void);
static int context_fd = -1;
static unsigned int waits;

/*
 * Functions that it calls to exit
 */

void tool_exit(int status) __attribute__((noreturn));
int tool_atexit(void (*run)(void));

void tool_exit(int status)
{
	/* 0 is the first return value of setjmp(). */
	longjmp(back, status + 1);
}

int tool_atexit(void (*run)(void))
{
	at_exit = run;
	return 0;
}

int tool_run(int (*run)(void *arg), void *arg, struct output *output)
{
	FILE *out = stdout, *err = stderr;
	int status;

	memset(output, 0, sizeof(*output));
	stdout = open_memstream(&output->out, &output->out_size);
	stderr = open_memstream(&output->err, &output->err_size);
	must(stdout && stderr);
	waits = 0;
	status = setjmp(back);
	if (!status)
		status = run(arg) + 1;
	if (at_exit)
		at_exit();
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return status - 1;
}

void output_free(struct output *output)
{
	free(output->out);
	free(output->err);
}

void check_text(const struct output *output)
{
	unsigned char byte;
	size_t i;

	/* No control characters for a terminal */
	for (i = 0; i < output->out_size; i++) {
		byte = output->out[i];
		must(byte == '\n' || (byte >= ' ' && byte != 0x7f));
	}
}

void check_json(const struct output *output)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	size_t at = 0;

	must(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8 |
			       JSON_TOKENER_ALLOW_TRAILING_CHARS);
	while (at < output->out_size) {
		object = json_tokener_parse_ex(tokener, output->out + at,
					       output->out_size - at);
		if (!object)
			fprintf(stderr, "%s: %s\n",
				json_tokener_error_desc(json_tokener_get_error(tokener)),
				output->out + at);
		must(object && json_object_is_type(object, json_type_object));
		json_object_put(object);
		at += json_tokener_get_parse_end(tokener);
		/* White space counts as part of the object before it. */
		must(output->out[at - 1] == '\n');
	}
	json_tokener_free(tokener);
}

/*
 * Files
 */

static const char *mapped(const char *path)
{
	static char paths[2][PATH_MAX];
	static unsigned int next;
	char *full = paths[next++ % 2];

	if (strncmp(path, "/sys/", 5) && strncmp(path, "/dev/cxl", 8) &&
	    strncmp(path, "/proc", 5))
		return path;
	snprintf(full, PATH_MAX, "%s%s", tree_root(), path);
	return full;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	return __real_open(mapped(path), flags, mode);
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
	return __real_fopen(mapped(path), mode);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);

DIR *__wrap_opendir(const char *path)
{
	return __real_opendir(mapped(path));
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);

int __wrap_access(const char *path, int mode)
{
	return __real_access(mapped(path), mode);
}

int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);

int __wrap_stat(const char *path, struct stat *st)
{
	return __real_stat(mapped(path), st);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

int __wrap_mkdir(const char *path, mode_t mode)
{
	return __real_mkdir(mapped(path), mode);
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);

int __wrap_rmdir(const char *path)
{
	return __real_rmdir(mapped(path));
}

ssize_t __real_readlink(const char *path, char *target, size_t size);
ssize_t __wrap_readlink(const char *path, char *target, size_t size);

ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
	return __real_readlink(mapped(path), target, size);
}

/*
 * Calls that could harm others, or have lasting effects
 */

pid_t __wrap_fork(void);

pid_t __wrap_fork(void)
{
	errno = EAGAIN;
	return -1;
}

int __wrap_kill(pid_t pid, int signal);

int __wrap_kill(pid_t pid, int signal)
{
	(void)pid;
	(void)signal;
	errno = ESRCH;
	return -1;
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	(void)old;
	return 0;
}

/* The descriptor is only used for poll(). */
int __wrap_signalfd(int fd, const sigset_t *set, int flags);

int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return INT_MAX;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	must(waits++ < 100000);
	return 0;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	bool stop = ++waits > PATIENCE;

	/* The library's own poll(), which does not wait */
	if (n == 1 && fds[0].fd != INT_MAX)
		return __real_poll(fds, n, timeout);
	fds[0].revents = n == 2 || stop ? POLLIN : 0;
	fds[n - 1].revents = stop ? POLLIN : n == 2 ? 0 : fds[0].revents;
	return n == 2 || stop ? 1 : 0;
}

/*
 * A context
 */

void tool_context(int fd)
{
	context_fd = fd;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd != context_fd || fd < 0)
		return __real_ioctl(fd, request, arg);
	if (request == CXL_IOCTL_GET_PROCESS_ELEMENT)
		*(__u32 *)arg = PROCESS_ELEMENT;
	else if (request == CXL_IOCTL_GET_AFU_ID)
		memset(arg, 0, sizeof(struct cxl_afu_id));
	return 0;
}
