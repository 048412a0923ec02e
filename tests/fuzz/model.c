// SPDX-License-Identifier: GPL-2.0-only
/* Programs that are AFUs: the node, writes to it, and contexts' files. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misc/cxl-sim.h>

#include "calls.h"

#define SERVE_MS	50

/* The last message of each kind to the process; atomic enough */
static struct cxl_sim_message last_attach, last_reset, last_mmio;

static void open_into(int *slot, int new)
{
	if (*slot >= 0)
		close(*slot);
	*slot = new;
}

static void remember(const struct cxl_sim_message *m, ssize_t bytes)
{
	for (; bytes >= (ssize_t)sizeof(*m); bytes -= sizeof(*m), m++) {
		if (m->type == CXL_SIM_ATTACH)
			last_attach = *m;
		else if (m->type == CXL_SIM_RESET)
			last_reset = *m;
		else if (m->type == CXL_SIM_MMIO)
			last_mmio = *m;
	}
}

/* The id that an answer must contain */
static __u64 id_for(__u32 type, const struct cxl_sim_message *to)
{
	return type == CXL_SIM_MMIO_DONE ? to->mmio.access : to->id;
}

/* What reach.c calls the request; REACH_KINDS: it is not counted */
static enum reach reach_of(__u32 type, const struct cxl_sim_message *to)
{
	switch (type) {
	case CXL_SIM_ATTACHED ... CXL_SIM_ERROR:
		return REACH_ATTACHED + type - CXL_SIM_ATTACHED;
	case CXL_SIM_MMIO_DONE:
		return to->mmio.write ? REACH_TRAPPED_STORE :
					REACH_TRAPPED_LOAD;
	default:
		return REACH_KINDS;
	}
}

static void answer(int on, __u32 type, const struct cxl_sim_message *to)
{
	const struct cxl_sim_request r = {
		.type = type, .pe = to->pe, .id = id_for(type, to),
	};

	reach(reach_of(type, to), write(on, &r, sizeof(r)));
}

/* Serve like a model, for a while. */
static void *serve(void *arg)
{
	struct pollfd p = { .fd = (int)(intptr_t)arg, .events = POLLIN };
	struct cxl_sim_message m;

	while (poll(&p, 1, SERVE_MS) == 1 && p.revents == POLLIN) {
		if (read(p.fd, &m, sizeof(m)) != sizeof(m))
			continue;
		remember(&m, sizeof(m));
		if (m.type == CXL_SIM_ATTACH)
			answer(p.fd, CXL_SIM_ATTACHED, &m);
		else if (m.type == CXL_SIM_RESET)
			answer(p.fd, CXL_SIM_RESET_DONE, &m);
		else if (m.type == CXL_SIM_MMIO)
			answer(p.fd, CXL_SIM_MMIO_DONE, &m);
	}
	return NULL;
}

/* A node, and mostly a thread that serves it in parallel with later calls */
void do_model(const struct call *c)
{
	static const char *const nodes[] = {
		"/dev/cxl-sim/fuzz.afu2", "/dev/cxl-sim/fuzz.afu3",
	};
	int on = open(nodes[c->b % ARRAY_SIZE(nodes)],
		      O_RDWR | O_CLOEXEC | (c->a & 1 ? 0 : O_NONBLOCK));
	pthread_t thread;

	open_into(&fd[c->on % FILES], on);
	if (on < 0 || !(c->a & 0xe))
		return;
	if (!pthread_create(&thread, NULL, serve, (void *)(intptr_t)on))
		pthread_detach(thread);
}

void do_model_read(const struct call *c)
{
	struct cxl_sim_message m[4];

	/* It must not wait for ever. */
	fcntl(fd[c->on % FILES], F_SETFL, O_NONBLOCK);
	if (c->a & 3)
		remember(m, read(fd[c->on % FILES], m, sizeof(m)));
	else
		read(fd[c->on % FILES], (void *)(uintptr_t)address(c->b, c->c),
		     c->b * 16);
}

/* Mostly a request that makes sense */
void do_model_request(const struct call *c)
{
	static const struct cxl_sim_message *const about[8] = {
		[CXL_SIM_RESET_DONE] = &last_reset,
		[CXL_SIM_MMIO_DONE] = &last_mmio,
	};
	__u32 type = c->a % 8;
	const struct cxl_sim_message *to = about[type] ?: &last_attach;
	struct cxl_sim_request r[2] = { {
		.type = type, .pe = to->pe, .id = id_for(type, to),
	} };
	size_t size = sizeof(r[0]);

	if (r[0].type == CXL_SIM_INTERRUPT)
		r[0].number = c->b % 8;
	else if (r[0].type == CXL_SIM_ERROR || c->b & 0x40)
		r[0].value = c->b & 0x40 ? 1 : c->c;
	if (c->c >= 0xf0)
		((__u8 *)r)[c->b % sizeof(r[0])] ^= c->c;
	if (c->a & 0x80)
		r[1] = r[0];
	size = c->a & 0x80 ? sizeof(r) : sizeof(r[0]);
	if (c->a == 0x7f)
		size = c->b;
	reach(reach_of(r[0].type, to),
	      write(fd[c->on % FILES], c->a == 0x7e ?
			(void *)(uintptr_t)address(c->b, c->c) : r, size));
}

void do_model_ioctl(const struct call *c)
{
	struct cxl_sim_open_context open_context = {
		.pe = c->c & 1 ? c->c : last_attach.pe, .id = last_attach.id,
	};
	struct cxl_sim_err_buff err_buff = {
		.address = address(c->b, c->c), .offset = c->c * 16U,
		.length = c->b * 32U, .reserved = c->c == 0xff,
	};
	int on = fd[c->on % FILES];

	switch (c->a % 4) {
	case 0:
		reach(REACH_GET_INFO,
		      ioctl(on, CXL_SIM_GET_INFO, address(c->b, c->c)));
		break;
	case 1:
		reach(REACH_WRITE_ERR_BUFF,
		      ioctl(on, CXL_SIM_WRITE_ERR_BUFF, &err_buff));
		break;
	default:
		on = reach(REACH_OPEN_CONTEXT,
			   ioctl(on, CXL_SIM_OPEN_CONTEXT, &open_context));
		if (on >= 0)
			open_into(&fd[c->b % FILES], on);
	}
}

static __u64 length(__u8 what)
{
	static const __u64 lengths[] = { 8, 1, 4096, 65536, 0, 100,
					 CXL_SIM_MAX_LENGTH, ~0ULL };

	return lengths[what % ARRAY_SIZE(lengths)];
}

/* The file of a context, at good addresses and bad ones */
void do_context(const struct call *c)
{
	__u64 ea = address(c->b, c->c / 8), other = address(c->c, 0);
	struct cxl_sim_copy copy = {
		.dst = ea, .src = other, .length = length(c->a / 8),
	};
	struct cxl_sim_fill fill = {
		.dst = ea, .length = length(c->a / 8), .value = c->c,
	};
	struct cxl_sim_compare_swap swap = {
		.address = ea, .old = c->c & 1, .new_value = c->c,
		.width = c->c & 2 ? 4 : 8,
	};
	struct cxl_sim_copy_from copy_from = {
		.dst = ea, .src = other, .length = length(c->a / 8),
		.fd = fd[c->b % FILES], .reserved = c->c == 0xff,
	};
	int on = fd[c->on % FILES];

	if (c->c % 16 == 0)
		ioctl(on, CXL_SIM_SET_POLLING, c->c / 16UL % 3);
	switch (c->a % 8) {
	case 0:
		reach(REACH_COPY_FROM, ioctl(on, CXL_SIM_COPY_FROM, &copy_from));
		break;
	case 1:
		reach(REACH_PREAD,
		      pread(on, area, length(c->a / 8) % AREA, ea));
		break;
	case 2:
		reach(REACH_PWRITE,
		      pwrite(on, area, length(c->a / 8) % AREA, ea));
		break;
	case 3:
		pread(on, (void *)(uintptr_t)other, 4096, ea);
		break;
	case 4:
		pwrite(on, (void *)(uintptr_t)other, 4096, ea);
		break;
	case 5:
		reach(REACH_COPY, ioctl(on, CXL_SIM_COPY, &copy));
		break;
	case 6:
		reach(REACH_FILL, ioctl(on, CXL_SIM_FILL, &fill));
		break;
	default:
		reach(REACH_COMPARE_SWAP, ioctl(on, CXL_SIM_COMPARE_SWAP, &swap));
	}
}
