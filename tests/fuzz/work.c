// SPDX-License-Identifier: GPL-2.0-only
/* Work for AFUs, through queues of elements and through the copy service. */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl-copy.h>

#include "calls.h"

/* Good addresses, bad ones, and some in between */
__u64 address(__u8 what, __u8 offset)
{
	__u64 near = (__u64)offset * 64;
	const __u64 of[] = {
		(uintptr_t)area, (uintptr_t)area + 4096 - 32,
		(uintptr_t)shared, (uintptr_t)read_only, (uintptr_t)nothing,
		(uintptr_t)file_map, (uintptr_t)file_map + AREA / 2 - 64,
		(uintptr_t)queue[what % QUEUES], (uintptr_t)map[what % MAPS].at,
		(uintptr_t)area, 0, 0x7ffffffff000 - 64, 0x0000800000000000,
		0xffff888000000000, 0xffffffff81000000, -4096, -64,
		(uintptr_t)area + 1,
	};

	return of[what % ARRAY_SIZE(of)] + near;
}

__u64 work_descriptor(__u8 what, __u8 depth)
{
	static const __u16 depths[] = { 4, 1, 0, 2, 4095, 31 };
	__u64 at = address(what, 0);

	/* Mostly one that makes sense */
	if (what & 0x80 || what < 32)
		at = (uintptr_t)queue[what % QUEUES];
	return (at & ~4095ULL) | depths[depth % ARRAY_SIZE(depths)];
}

void do_element(const struct call *c)
{
	static const __u16 lengths[] = { 8, 1, 0, 4, 100, 4096, 65535, 2 };
	struct work_element *we = &queue[c->on % QUEUES][c->on / 16 %
							 QUEUE_ELEMENTS];

	we->status = 0;
	we->length = htobe16(lengths[c->c % ARRAY_SIZE(lengths)]);
	we->cmd_extra = c->c;
	we->atomic_op1 = c->b & 1 ? 0 : htobe64(c->c);
	we->src = htobe64(address(c->a / 16, c->c / 8));
	we->dst = htobe64(address(c->b, c->c / 16));
	__atomic_store_n(&we->cmd, WE_VALID | (c->a & 0x40) | c->a % 8,
			 __ATOMIC_RELEASE);
}

/* Fill the first elements in order, so that there is something to do. */
void do_elements(const struct call *c)
{
	struct call one = *c;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		one.on = c->on % 16 + 16 * i;
		one.a = c->a * (i + 1) & ~0x40;
		one.b = i & 1 ? c->b : 0;
		do_element(&one);
	}
}

void do_scribble(const struct call *c)
{
	char *at = (char *)queue[c->on % QUEUES];

	memset(at + c->a * 2, c->b, 1 + c->c % 64);
}

void do_copy(const struct call *c)
{
	static const __u64 lengths[] = { 100, 1, 65536, 1 << 20, 0,
					    (1 << 20) + 1, ~0ULL };
	struct cxl_copy_request request[4];
	struct cxl_copy_submit submit = {
		.requests = (uintptr_t)request,
		.count = c->c % 8 ? 4 : c->c * 64,
	};
	struct cxl_copy_get_fd get = {
		.queue_address = c->b & 1 ? address(c->a, 0) :
					    (uintptr_t)queue[1],
		.queue_size = c->b & 2 ? c->c * 128 : 4096,
	};
	int *slot = &fd[c->on % FILES], i;
	char path[24];

	if (c->a & 0x80) {
		snprintf(path, sizeof(path), "/dev/cxl-copy%u", c->a & 1);
		i = open(path, O_RDWR | O_CLOEXEC);
		if (*slot >= 0)
			close(*slot);
		*slot = ioctl(i, CXL_COPY_GET_FD, &get);
		if (*slot >= 0)
			fcntl(*slot, F_SETFL, O_NONBLOCK);
		close(i);
		return;
	}
	for (i = 0; i < 4; i++)
		request[i] = (struct cxl_copy_request) {
			.source = address(c->a, c->c),
			.destination = address(c->b + i, c->c),
			.length = lengths[(c->c + i) % ARRAY_SIZE(lengths)],
			.cookie = i,
		};
	ioctl(*slot, CXL_COPY_SUBMIT, &submit);
}

unsigned int work_features(__u32 *feature, unsigned int max)
{
	unsigned int q, i, n = 0;

	for (q = 0; q < QUEUES; q++) {
		for (i = 0; i < QUEUE_ELEMENTS && n < max; i++) {
			struct work_element we = { 0 };

			can_jump = 1;
			if (!sigsetjmp(jump, 1))
				we = queue[q][i];
			can_jump = 0;
			if (we.status)
				feature[n++] = 1 + (we.status << 16 | we.cmd << 8 |
					       (we.cmd % 8 == 5 ? we.cmd_extra : 0));
		}
	}
	return n;
}
