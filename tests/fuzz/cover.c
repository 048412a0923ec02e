// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel executed on behalf of programs, by KCOV. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

#define TRACE_SIZE	(64 << 10)	/* words */
#define TABLE_SIZE	(64 << 10)	/* much more than needed */

/**
 * struct cover - a hash table of features
 * @feature: an address in the kernel, or another number; 0: free; atomic
 */
struct cover {
	__u64 feature[TABLE_SIZE];
};

static int kcov = -1;
static unsigned long *trace;

struct cover *cover_new(void)
{
	struct cover *cover = mmap(NULL, sizeof(*cover), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return cover == MAP_FAILED ? NULL : cover;
}

bool cover_open(void)
{
	kcov = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (kcov < 0 || ioctl(kcov, KCOV_INIT_TRACE, TRACE_SIZE))
		return false;
	trace = mmap(NULL, TRACE_SIZE * sizeof(*trace), PROT_READ | PROT_WRITE,
		     MAP_SHARED, kcov, 0);
	return trace != MAP_FAILED;
}

void cover_start(void)
{
	if (ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC))
		_exit(2);
	__atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
}

unsigned int cover_add(struct cover *cover, __u64 feature)
{
	size_t at = feature * 0x9e3779b97f4a7c15ULL >> 48;
	__u64 free;

	for (;; at = (at + 1) % TABLE_SIZE) {
		free = 0;
		if (__atomic_load_n(&cover->feature[at], __ATOMIC_RELAXED) ==
		    feature)
			return 0;
		if (__atomic_compare_exchange_n(&cover->feature[at], &free,
						feature, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return 1;
		if (free == feature)
			return 0;
	}
}

unsigned int cover_collect(struct cover *cover)
{
	unsigned long n = __atomic_load_n(&trace[0], __ATOMIC_RELAXED), i;
	unsigned int added = 0;

	for (i = 1; i <= n && i < TRACE_SIZE; i++)
		added += cover_add(cover, trace[i]);
	trace[0] = 0;
	return added;
}

void cover_print(struct cover *cover)
{
	FILE *f = fopen("/proc/modules", "re");
	unsigned long base;
	unsigned int size, n;
	char name[64];
	size_t i;

	while (f && fscanf(f, "%63s %u %*s %*s %*s 0x%lx%*[^\n]", name, &size,
			   &base) == 3) {
		n = 0;
		for (i = 0; i < TABLE_SIZE; i++)
			n += cover->feature[i] - base < size;
		if (!strncmp(name, "cxl", 3))
			printf("fuzz: cover %s %u\n", name, n);
	}
	if (f)
		fclose(f);
	for (n = 0, i = 0; i < TABLE_SIZE; i++)
		n += cover->feature[i] && cover->feature[i] < 1ULL << 32;
	printf("fuzz: cover results-of-the-AFU %u\n", n);
}
