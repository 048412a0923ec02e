// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four contexts at a time have the AFU of contexts.v add up 16 numbers each.
 *
 *	contexts /dev/cxl/afuN.0s
 */
#include <endian.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>

#include <libcxl.h>

#define CONTEXTS	4
#define NUMBERS		16	/* of a line */

static uint64_t lines[CONTEXTS][2][NUMBERS] __attribute__((aligned(128)));

static uint64_t number(int context, int i)
{
	return (context + 1) * 0x123456789abcdefULL * (i + 1);
}

int main(int argc, char **argv)
{
	struct cxl_afu_h *afu[CONTEXTS];
	struct cxl_event event;
	uint64_t sum;
	int i, j;

	if (argc != 2)
		errx(2, "usage: contexts DEVICE");
	for (i = 0; i < CONTEXTS; i++) {
		for (j = 0; j < NUMBERS; j++)
			lines[i][0][j] = htobe64(number(i, j));
		afu[i] = cxl_afu_open_dev(argv[1]);
		if (!afu[i] || cxl_afu_attach(afu[i], (uintptr_t)lines[i]))
			err(1, "%s", argv[1]);
	}
	for (i = 0; i < CONTEXTS; i++) {
		if (cxl_read_event(afu[i], &event))
			err(1, "cxl_read_event");
		for (sum = 0, j = 0; j < NUMBERS; j++)
			sum += number(i, j);
		if (event.header.type != CXL_EVENT_AFU_INTERRUPT ||
		    be64toh(lines[i][1][0]) != sum)
			errx(1, "context %d: event %u, sum 0x%llx", i, event.header.type,
			     (unsigned long long)be64toh(lines[i][1][0]));
	}
	for (i = 0; i < CONTEXTS; i++)
		cxl_afu_free(afu[i]);
	printf("%d contexts served\n", CONTEXTS);
	return 0;
}
