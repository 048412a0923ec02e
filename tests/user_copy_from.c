// SPDX-License-Identifier: GPL-2.0-only
/* AFU models that are programs: copies between the memory of two contexts. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define SIZE	0x100000

static struct sim_card card;
static struct model model;
static struct model_client one, other;
static struct event_batch batch;
static unsigned char *mem;

static unsigned char pattern(size_t at)
{
	return at * 7 ^ at >> 8 ^ at >> 16;
}

/* The other context's process, in which an address means different memory */
static void be_the_other(int go)
{
	char byte;
	size_t i;

	memset(mem, 0x77, SIZE);
	require_ok(node_start(other.fd, 0, -1, 0));
	require_eq(read(go, &byte, 1), 1);
	require_eq(mem[99], 0x77);
	require_eq(mem[100 + SIZE / 2], 0x77);
	for (i = 0; i < SIZE / 2; i++)
		require_eq(mem[100 + i], pattern(i + 3));
}

static pid_t begin(int go[2])
{
	pid_t pid;
	size_t i;

	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(mem != MAP_FAILED, "%m");
	for (i = 0; i < SIZE; i++)
		mem[i] = pattern(i);
	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &one);
	require_ok(pipe(go));
	other.fd = node_open_ok(card.slave);
	pid = fork();
	require(pid >= 0);
	if (!pid) {
		be_the_other(go[0]);
		_exit(0);
	}
	require(model_wait(&model, CXL_SIM_ATTACH, &other.attach));
	other.memory = require_ok(model_context(&model, &other.attach));
	return pid;
}

static void end(pid_t pid, int go)
{
	int status;

	require_eq(write(go, "x", 1), 1);
	require_eq(waitpid(pid, &status, 0), pid);
	check_eq(status, 0);
	model_detach(&one);
	model_detach(&other);
	model_stop(&model);
}

static void copies_between_contexts(void)
{
	struct cxl_sim_copy_from copy = {
		.length = SIZE / 2,
	};
	int go[2];
	pid_t pid = begin(go);

	copy.fd = one.memory;
	copy.dst = (uintptr_t)mem + 100;
	copy.src = (uintptr_t)mem + 3;
	check_ok(ioctl(other.memory, CXL_SIM_COPY_FROM, &copy));
	check_eq(copy.done, copy.length);

	/* Each context is told of its own bad address. */
	copy.src = (uintptr_t)no_access_page();
	copy.length = 1;
	check_errno(ioctl(other.memory, CXL_SIM_COPY_FROM, &copy), EFAULT);
	check_eq(copy.done, 0);
	require(events_wait(one.fd));
	require_ok(events_read(one.fd, &batch));
	check_eq(batch.event[0].header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(batch.event[0].fault.addr, copy.src);
	check_eq(events_poll(other.fd), 0);
	end(pid, go[1]);
}

static void other_files_are_no_contexts(void)
{
	struct cxl_sim_copy_from copy = { .length = 1 };
	struct model_client far;
	struct sim_card second;
	struct model alien;
	int i, bad[2];

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &one);
	bad[0] = -1;
	bad[1] = model.fd;
	for (i = 0; i < 2; i++) {
		copy.fd = bad[i];
		check_errno(ioctl(one.memory, CXL_SIM_COPY_FROM, &copy), EBADF);
	}
	copy.fd = one.memory;
	copy.reserved = 1;
	check_errno(ioctl(one.memory, CXL_SIM_COPY_FROM, &copy), EINVAL);
	copy.reserved = 0;
	copy.length = CXL_SIM_MAX_LENGTH + 1;
	check_errno(ioctl(one.memory, CXL_SIM_COPY_FROM, &copy), EINVAL);
	copy.length = 1;

	model_card_make(&second, NULL);
	model_start(&alien, &second);
	model_attach(&alien, second.slave, 0, &far);
	copy.fd = far.memory;
	check_errno(ioctl(one.memory, CXL_SIM_COPY_FROM, &copy), EXDEV);
	model_detach(&far);
	model_stop(&alien);

	copy.fd = one.memory;
	check_ok(close(one.fd));
	check_errno(ioctl(one.memory, CXL_SIM_COPY_FROM, &copy), ESTALE);
	check_ok(close(one.memory));
	model_stop(&model);
}

#define TEST(name) { "user_copy_from." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(copies_between_contexts),
	TEST(other_files_are_no_contexts),
};

TAP_MAIN(tests)
