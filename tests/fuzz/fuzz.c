// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer for everything that programs can do to the drivers, guided by
 * coverage. It runs in the guest, on a debug kernel, whose complaints are the
 * findings.
 *
 * usage: fuzz -t SECONDS [-s SEED]	generated programs
 *	  fuzz -r FILE			programs of a log, one after the other
 *
 * Several workers generate programs, each by changing one that reached
 * something new before. A process of its own executes the program. Before that
 * the program is printed, "fuzz: run WORKER HEX", so that the last programs of
 * a log are those that broke the kernel. With the same seed, each worker begins
 * with the same programs; how it continues depends on what they find. At the
 * very beginning, programs run that are known to get far: if they do not reach
 * everything that reach.c counts, that is a finding.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/cxl_test.h"

#define WORKERS		3
#define MAX_CORPUS	1024
#define MAX_FEATURES	64
#define PROGRAM_MS	20000
#define REPAIR_EVERY	15
#define SEED_TRIES	10

/**
 * struct state - what the workers share; counters are atomic
 * @calls: executed so far
 * @programs: likewise
 * @stuck: programs whose process could not be killed
 * @died: programs whose process ended by a signal of its own
 * @keeping: a worker is adding to @corpus: no other may
 * @corpus_size: programs in @corpus; only grows
 * @corpus: programs that reached something new
 * @feature: features of each worker's program
 * @features: how many
 */
static struct state {
	unsigned long calls;
	unsigned long programs;
	unsigned long stuck;
	unsigned long died;
	bool keeping;
	unsigned int corpus_size;
	struct program corpus[MAX_CORPUS];
	__u32 feature[WORKERS][MAX_FEATURES];
	unsigned int features[WORKERS];
} *state;

static struct cover *cover;
static unsigned int worker;
static __u64 random_state;

/* splitmix64: its numbers are the same everywhere */
static __u32 random_below(__u32 n)
{
	__u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) % n;
}

static void random_call(struct call *call)
{
	call->op = random_below(calls_kinds());
	call->on = random_below(8) ? random_below(3) : random_below(256);
	call->a = random_below(256);
	call->b = random_below(256);
	call->c = random_below(256);
}

static void change(struct program *p)
{
	unsigned int at = random_below(p->n), other;

	switch (random_below(5)) {
	case 0:
		random_call(&p->call[at]);
		break;
	case 1:
		((__u8 *)&p->call[at])[random_below(sizeof(struct call))] =
			random_below(256);
		break;
	case 2:
		if (p->n == MAX_CALLS)
			break;
		memmove(&p->call[at + 1], &p->call[at],
			(p->n++ - at) * sizeof(struct call));
		random_call(&p->call[at]);
		break;
	case 3:
		if (p->n > 1)
			memmove(&p->call[at], &p->call[at + 1],
				(--p->n - at) * sizeof(struct call));
		break;
	case 4:
		other = random_below(state->corpus_size);
		memcpy(&p->call[at], &state->corpus[other].call[at],
		       (p->n - at) * sizeof(struct call));
		break;
	}
}

static void make_up(struct program *p)
{
	unsigned int i, n = __atomic_load_n(&state->corpus_size,
					    __ATOMIC_ACQUIRE);

	if (n && random_below(8)) {
		*p = state->corpus[random_below(n)];
		for (i = random_below(4) + 1; i; i--)
			change(p);
		return;
	}
	memset(p, 0, sizeof(*p));
	p->n = 4 + random_below(MAX_CALLS - 4);
	for (i = 0; i < p->n; i++)
		random_call(&p->call[i]);
	/* Without a context, most calls achieve nothing. */
	p->call[0].op = 1;
}

static void print_program(const struct program *p)
{
	char text[64 + MAX_CALLS * sizeof(struct call) * 2];
	const __u8 *byte = (const __u8 *)p->call;
	int len = sprintf(text, "fuzz: run %u ", worker);
	size_t i;

	for (i = 0; i < p->n * sizeof(struct call); i++)
		len += sprintf(text + len, "%02x", byte[i]);
	dprintf(STDOUT_FILENO, "%s\n", text);
}

static unsigned int card_number(void)
{
	char text[16];

	if (file_read(text, sizeof(text), CARD_CONFIG "/num") <= 0)
		return 0;
	return atoi(text);
}

static void run_child(const struct program *p)
{
	unsigned int i;

	setpgid(0, 0);
	calls_prepare(card_number());
	cover_start();
	for (i = 0; i < p->n; i++) {
		calls_execute(&p->call[i]);
		__atomic_add_fetch(&state->calls, 1, __ATOMIC_RELAXED);
	}
	state->features[worker] = work_features(state->feature[worker],
						MAX_FEATURES);
	_exit(0);
}

/* Whether it has ended by itself, or could be killed */
static bool wait_for(pid_t pid, int *status)
{
	long long end = now_ms() + PROGRAM_MS;

	while (now_ms() < end) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(500);
	}
	kill(-pid, SIGKILL);
	for (end += PROGRAM_MS; now_ms() < end; usleep(10000))
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
	return false;
}

static unsigned int execute(const struct program *p)
{
	unsigned int found, i;
	int status = 0;
	pid_t pid;

	print_program(p);
	state->features[worker] = 0;
	pid = fork();
	if (!pid)
		run_child(p);
	if (pid < 0)
		return 0;
	if (!wait_for(pid, &status)) {
		__atomic_add_fetch(&state->stuck, 1, __ATOMIC_RELAXED);
		printf("fuzz: finding: the process of this program cannot be killed\n");
		exit(1);
	}
	/* Kill what it has forked and not waited for. */
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		__atomic_add_fetch(&state->died, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&state->programs, 1, __ATOMIC_RELAXED);
	found = cover_collect(cover);
	for (i = 0; i < state->features[worker]; i++)
		found += cover_add(cover, state->feature[worker][i]);
	return found;
}

static void keep(const struct program *p)
{
	unsigned int at;

	while (__atomic_test_and_set(&state->keeping, __ATOMIC_ACQUIRE))
		usleep(100);
	at = state->corpus_size;
	if (at < MAX_CORPUS) {
		state->corpus[at] = *p;
		__atomic_store_n(&state->corpus_size, at + 1, __ATOMIC_RELEASE);
	}
	__atomic_clear(&state->keeping, __ATOMIC_RELEASE);
}

/* The card may be in any state: restore it. */
static void repair(void)
{
	unsigned int number;

	file_write("0", CARD_CONFIG "/live");
	mkdir(CARD_CONFIG, 0755);
	mkdir(CARD_CONFIG "/afu0", 0755);
	mkdir(CARD_CONFIG "/afu1", 0755);
	mkdir(CARD_CONFIG "/afu2", 0755);
	mkdir(CARD_CONFIG "/afu3", 0755);
	file_write("6", CARD_CONFIG "/afu0/num_procs");
	file_write("memcpy", CARD_CONFIG "/afu0/model");
	file_write("dedicated directed", CARD_CONFIG "/afu0/modes");
	file_write("dedicated directed", CARD_CONFIG "/afu1/modes");
	file_write("crc", CARD_CONFIG "/afu1/model");
	file_write("user", CARD_CONFIG "/afu2/model");
	file_write("100", CARD_CONFIG "/afu2/answer_ms");
	file_write("64", CARD_CONFIG "/afu2/err_buff_size");
	file_write("user", CARD_CONFIG "/afu3/model");
	file_write("trapped", CARD_CONFIG "/afu3/mmio");
	file_write("100", CARD_CONFIG "/afu3/answer_ms");
	file_write("20", CARD_CONFIG "/user_irqs");
	file_write("1", CARD_CONFIG "/live");
	number = card_number();
	file_write("afu_directed", SYSFS_CXL "/afu%u.0/mode", number);
	file_write("dedicated_process", SYSFS_CXL "/afu%u.1/mode", number);
	file_write("afu_directed", SYSFS_CXL "/afu%u.2/mode", number);
	file_write("afu_directed", SYSFS_CXL "/afu%u.3/mode", number);
	file_write("up", "/sys/kernel/debug/cxl-afu/card0/link");
	file_write("0", "/sys/kernel/debug/cxl-afu/card0/delay");
}

/* Runs before all workers. A slow machine may need several tries. */
static void run_seeds(void)
{
	struct program p;
	unsigned int i, tries;

	if (!cover_open()) {
		printf("fuzz: this kernel has no KCOV\n");
		exit(2);
	}
	for (tries = 0; tries < SEED_TRIES && !reach_has_all(); tries++) {
		repair();
		for (i = 0; reach_seed(i, &p); i++) {
			execute(&p);
			if (!tries)
				keep(&p);
		}
	}
}

static void work(long long end)
{
	struct program p;
	unsigned int n;

	if (!cover_open()) {
		printf("fuzz: this kernel has no KCOV\n");
		exit(2);
	}
	for (n = 0; now_ms() < end; n++) {
		if (!worker && n % REPAIR_EVERY == 0)
			repair();
		make_up(&p);
		if (execute(&p))
			keep(&p);
	}
	exit(0);
}

static bool parse_program(struct program *p, const char *hex)
{
	__u8 *byte = (__u8 *)p->call;
	unsigned int n = 0;

	memset(p, 0, sizeof(*p));
	while (n < sizeof(p->call) && sscanf(hex, "%2hhx", &byte[n]) == 1) {
		n++;
		hex += 2;
	}
	p->n = n / sizeof(struct call);
	return p->n;
}

static int replay(const char *path)
{
	FILE *f = fopen(path, "re");
	struct program p;
	char line[1024];
	char *hex;

	if (!f || !cover_open())
		return 2;
	repair();
	while (fgets(line, sizeof(line), f)) {
		hex = strstr(line, "fuzz: run ");
		if (!hex)
			continue;
		hex = strchr(hex + strlen("fuzz: run "), ' ');
		if (hex && parse_program(&p, hex + 1))
			execute(&p);
	}
	fclose(f);
	return 0;
}

static int fuzz(unsigned int seconds, unsigned int seed)
{
	long long begin = now_ms();
	int status, failed = 0;

	run_seeds();
	reach_print("by seeds");
	fflush(stdout);
	for (worker = 0; worker < WORKERS; worker++) {
		if (fork())
			continue;
		random_state = ((__u64)seed << 8) + worker;
		work(begin + 1000LL * seconds);
	}
	while (wait(&status) > 0)
		failed |= status;
	printf("fuzz: %lu calls in %lu programs, %u s, seed %u\n", state->calls,
	       state->programs, seconds, seed);
	printf("fuzz: %u programs were worth keeping; %lu ended by a signal\n",
	       state->corpus_size, state->died);
	reach_print("in all");
	cover_print(cover);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int seconds = 60, seed = time(NULL);
	const char *file = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "t:s:r:")) != -1) {
		if (opt == 't')
			seconds = strtoul(optarg, NULL, 0);
		else if (opt == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (opt == 'r')
			file = optarg;
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	cover = cover_new();
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!cover || state == MAP_FAILED || !reach_init())
		return 2;
	return file ? replay(file) : fuzz(seconds, seed);
}
