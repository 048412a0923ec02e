// SPDX-License-Identifier: GPL-2.0-only
/* The smallest AFU: it squares the number at the work element descriptor. */
#include <endian.h>
#include <stdio.h>
#include <afu.h>

static long work(struct afu_context *ctx)
{
	uint64_t number;

	if (!afu_load(ctx, afu_context_wed(ctx), &number, sizeof(number))) {
		number = htobe64(be64toh(number) * be64toh(number));
		afu_store(ctx, afu_context_wed(ctx), &number, sizeof(number));
		afu_interrupt(ctx, 1);
	}
	return -1;
}

static const struct afu_ops ops = { .work = work };

int main(int argc, char **argv)
{
	struct afu *afu = argc == 2 ? afu_open(argv[1], &ops, NULL) : NULL;

	if (!afu) {
		perror("square");
		return 1;
	}
	while (afu_handle(afu, -1) >= 0)
		continue;
	afu_close(afu);
	return 0;
}
