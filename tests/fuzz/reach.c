// SPDX-License-Identifier: GPL-2.0-only
/*
 * Some things need several calls that fit together, and a model that serves.
 * Count how often programs reach them, and provide programs to begin with that
 * do.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/cxl-sim.h>

#include "calls.h"

static const char *const names[REACH_KINDS] = {
	[REACH_ATTACHED] = "ATTACHED",
	[REACH_RESET_DONE] = "RESET_DONE",
	[REACH_INTERRUPT] = "INTERRUPT",
	[REACH_ERROR] = "ERROR",
	[REACH_TRAPPED_LOAD] = "trapped load",
	[REACH_TRAPPED_STORE] = "trapped store",
	[REACH_GET_INFO] = "GET_INFO",
	[REACH_WRITE_ERR_BUFF] = "WRITE_ERR_BUFF",
	[REACH_OPEN_CONTEXT] = "OPEN_CONTEXT",
	[REACH_MAP_AREA] = "mmap of the area",
	[REACH_MAP_WINDOW] = "mmap of a window",
	[REACH_PREAD] = "pread",
	[REACH_PWRITE] = "pwrite",
	[REACH_COPY] = "COPY",
	[REACH_COPY_FROM] = "COPY_FROM",
	[REACH_FILL] = "FILL",
	[REACH_COMPARE_SWAP] = "COMPARE_SWAP",
	[REACH_START] = "START_WORK",
	[REACH_MMIO] = "IOCTL_MMIO",
};

/* How often each was reached; shared by all processes, atomic */
static unsigned long (*counts)[REACH_KINDS];

bool reach_init(void)
{
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return counts != MAP_FAILED;
}

long reach(enum reach what, long result)
{
	if (result >= 0 && what < REACH_KINDS)
		__atomic_add_fetch(&(*counts)[what], 1, __ATOMIC_RELAXED);
	return result;
}

void reach_mapping(int fd, const void *at)
{
	char link[32], path[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	if (!strncmp(path, "/dev/cxl-sim/", 13))
		reach(REACH_MAP_AREA, at ? 0 : -1);
	else if (strstr(path, "[cxl-sim-context]"))
		reach(REACH_MAP_WINDOW, at ? 0 : -1);
}

bool reach_has_all(void)
{
	int i;

	for (i = 0; i < REACH_KINDS; i++)
		if (!__atomic_load_n(&(*counts)[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

void reach_print(const char *when)
{
	int i;

	printf("fuzz: reached %s:", when);
	for (i = 0; i < REACH_KINDS; i++)
		printf("%s %s %lu", i ? "," : "", names[i], (*counts)[i]);
	printf("\n");
	for (i = 0; i < REACH_KINDS; i++)
		if (!(*counts)[i])
			printf("fuzz: finding: %s was never reached\n",
			       names[i]);
}

/**
 * struct seed_call - a call of a program that is known to get far
 * @run: the function to call
 * @on: as in struct call
 * @a, @b, @c: likewise
 */
struct seed_call {
	void (*run)(const struct call *c);
	__u8 on, a, b, c;
};

/*
 * The first calls: file 0 is the node of an AFU that is being served, file 1 is
 * attached to that AFU, and file 2 is the server's file of file 1's context.
 */
static const struct seed_call trapped[] = {
	{ do_model, 0, 0x0e, 1 },
	{ do_open_and_start, 1, 2 },
	{ do_model_ioctl, 0, 2, 2 },
}, mapped[] = {
	{ do_model, 0, 0x0e, 0 },
	{ do_open_and_start, 1, 3 },
	{ do_model_ioctl, 0, 2, 2 },
};

static const struct seed {
	const struct seed_call *first;
	struct seed_call then[8];
} seeds[] = {
	{ trapped, {
		{ do_mmio, 1, 2, 0 }, { do_mmio, 1, 2, 1 },
		{ do_mmio, 1, 2, 2, 7 }, { do_mmio, 1, 2, 3, 7 },
		{ do_model_request, 0, CXL_SIM_INTERRUPT, 1 },
		{ do_model_request, 0, CXL_SIM_ERROR, 0, 5 },
		{ do_model_ioctl, 0, 0 },
	} },
	{ mapped, {
		{ do_mmio, 1, 2, 2, 7 }, { do_mmio, 1, 2, 0 },
		{ do_mmap, 0, 0x00 }, { do_mmap, 1, 0x23 },
		{ do_model_ioctl, 0, 1, 1 },
	} },
	{ mapped, {
		/* Pages that are there, and then some that are not */
		{ do_context, 2, 1 }, { do_context, 2, 2 },
		{ do_context, 2, 5 }, { do_context, 2, 6, 0, 9 },
		{ do_context, 2, 7 }, { do_context, 2, 0, 2 },
		{ do_memory, 0, 0 }, { do_context, 2, 1 + 8 * 2 },
	} },
};

static void add_calls(struct program *p, const struct seed_call *s, size_t n)
{
	for (; n-- && s->run; s++)
		p->call[p->n++] = (struct call) {
			.op = calls_op(s->run), .on = s->on,
			.a = s->a, .b = s->b, .c = s->c,
		};
}

bool reach_seed(unsigned int n, struct program *p)
{
	if (n >= ARRAY_SIZE(seeds))
		return false;
	memset(p, 0, sizeof(*p));
	add_calls(p, seeds[n].first, ARRAY_SIZE(trapped));
	add_calls(p, seeds[n].then, ARRAY_SIZE(seeds[n].then));
	return true;
}
