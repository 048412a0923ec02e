// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trapped registers: each access is a message to the AFU, which is a program.
 * Here the program and those that attach behave; user_mmio_failure tests the
 * rest.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misc/cxl.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"
#include "lib/syscall32.h"

#define NR32_IOCTL	54
#define ROUNDS		200

static struct sim_card card;
static struct model model;
static struct model_client c;

static int load(int fd, __u64 offset, __u32 size, __u64 *value)
{
	struct cxl_ioctl_mmio access = {
		.offset = offset,
		.value = 0x5555555555555555ULL,
		.size = size,
	};
	int ret = ioctl(fd, CXL_IOCTL_MMIO, &access);

	*value = access.value;
	return ret;
}

static int store(int fd, __u64 offset, __u32 size, __u64 value)
{
	struct cxl_ioctl_mmio access = {
		.offset = offset,
		.value = value,
		.size = size,
		.flags = CXL_IOCTL_MMIO_WRITE,
	};

	return ioctl(fd, CXL_IOCTL_MMIO, &access);
}

static void begin(__u64 (*mmio)(const struct cxl_sim_message *m))
{
	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	model_start(&model, &card);
	model.mmio = mmio;
	model_attach(&model, card.slave, 0, &c);
}

static void end(void)
{
	model_detach(&c);
	model_stop(&model);
}

static struct cxl_sim_message last;

static __u64 note(const struct cxl_sim_message *m)
{
	last = *m;
	return m->mmio.write ? 0 : 0x1122334455667788ULL >>
				   (64 - 8 * m->mmio.size);
}

static void check_last(__u64 offset, __u32 size, __u32 write, __u64 value)
{
	check_eq(last.mmio.offset, c.attach.attach.window + offset);
	check_eq(last.mmio.size, size);
	check_eq(last.mmio.write, write);
	check_eq(last.mmio.value, value);
	check_eq(last.pe, c.attach.pe);
	check_eq(last.id, c.attach.id);
}

static void loads_and_stores(void)
{
	__u64 at = 0, value, before;

	begin(note);
	at = c.attach.attach.window_size - 8;
	check_ok(store(c.fd, 0x10, 8, 0x8877665544332211ULL));
	check_last(0x10, 8, 1, 0x8877665544332211ULL);
	check_ok(store(c.fd, 0x14, 4, 0x8877665544332211ULL));
	check_last(0x14, 4, 1, 0x44332211);
	before = last.mmio.access;
	check_ok(load(c.fd, at, 8, &value));
	check_last(at, 8, 0, 0);
	check_eq(value, 0x1122334455667788ULL);
	check(last.mmio.access > before);
	check_ok(load(c.fd, at + 4, 4, &value));
	check_last(at + 4, 4, 0, 0);
	check_eq(value, 0x11223344);
	end();
}

/* A master sees the whole area, beginning with the global registers. */
static void master_has_the_whole_area(void)
{
	struct model_client master;
	__u64 value;

	begin(note);
	model_attach(&model, card.master, 0, &master);
	check_ok(load(master.fd, 0x20, 8, &value));
	check_eq(last.mmio.offset, 0x20);
	check_eq(last.id, master.attach.id);
	check_ok(store(master.fd, c.attach.attach.window + 0x28, 8, 1));
	check_eq(last.mmio.offset, c.attach.attach.window + 0x28);
	check_eq(last.id, master.attach.id);
	model_detach(&master);
	end();
}

static __u64 fifo[ROUNDS];
static unsigned int fifo_in, fifo_out;

/* Values stored at 0 are queued, and a load there takes the first one out. */
static __u64 queue(const struct cxl_sim_message *m)
{
	if (!m->mmio.write)
		return fifo_out < fifo_in ? fifo[fifo_out++] : 0;
	if (check(fifo_in < ROUNDS))
		fifo[fifo_in++] = m->mmio.value;
	return 0;
}

static void each_access_is_an_act(void)
{
	__u64 value;
	int i;

	fifo_in = 0;
	fifo_out = 0;
	begin(queue);
	/* Storing the same value twice makes two entries. */
	for (i = 0; i < ROUNDS; i++)
		require_ok(store(c.fd, 0, 8, i / 2 + 1));
	check_eq(fifo_in, ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		require_ok(load(c.fd, 0, 8, &value));
		require_eq(value, i / 2 + 1);
	}
	check_ok(load(c.fd, 0, 8, &value));
	check_eq(value, 0);
	end();
}

static __u64 sums[8];

/* For each process element: a store adds to the sum, a load returns it. */
static __u64 add(const struct cxl_sim_message *m)
{
	if (!m->mmio.write)
		return sums[m->pe];
	sums[m->pe] += m->mmio.value;
	return 0;
}

static pid_t fork_adder(__u64 step)
{
	__u64 value, i;
	pid_t pid = fork();
	int fd;

	require(pid >= 0);
	if (pid)
		return pid;
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, 0));
	for (i = 1; i <= ROUNDS; i++) {
		require_ok(store(fd, 8, 8, step));
		require_ok(load(fd, 8, 8, &value));
		require_eq(value, step * i);
	}
	_exit(0);
}

static void programs_do_not_meet(void)
{
	pid_t pid[3];
	int i, status;

	begin(add);
	for (i = 0; i < 3; i++)
		sums[i + 1] = 0;
	for (i = 0; i < 3; i++)
		pid[i] = fork_adder(i + 1);
	for (i = 0; i < 3; i++) {
		require_eq(waitpid(pid[i], &status, 0), pid[i]);
		check_eq(status, 0);
	}
	end();
}

struct reader {
	int fd;
	__u64 offset;
	__u64 value;
	int ret;
	pthread_t thread;
};

static void *read_register(void *arg)
{
	struct reader *r = arg;

	r->ret = load(r->fd, r->offset, 8, &r->value);
	return NULL;
}

static void several_can_wait(void)
{
	struct cxl_sim_message m[3];
	struct reader r[3];
	int i;

	begin(NULL);
	for (i = 0; i < 3; i++) {
		r[i].fd = c.fd;
		r[i].offset = i * 8;
		require_eq(pthread_create(&r[i].thread, NULL, read_register,
					  &r[i]), 0);
		/* Messages come in the order of the accesses. */
		require(model_wait(&model, CXL_SIM_MMIO, &m[i]));
		check_eq(m[i].mmio.offset, c.attach.attach.window + i * 8);
	}
	for (i = 2; i >= 0; i--) {
		check_ok(model_mmio_done(model.fd, &m[i], 100 + i));
		pthread_join(r[i].thread, NULL);
		check_ok(r[i].ret);
		check_eq(r[i].value, 100 + i);
	}
	check_errno(model_mmio_done(model.fd, &m[0], 1), ESTALE);
	end();
}

static void it_cannot_be_mapped(void)
{
	struct cxl_sim_info info;
	char *psa;

	begin(note);
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0) ==
	      MAP_FAILED && errno == EOPNOTSUPP);
	/* The model can map it: nobody else uses it. */
	require_ok(ioctl(model.fd, CXL_SIM_GET_INFO, &info));
	check_eq(info.flags, CXL_SIM_INFO_TRAPPED);
	psa = mmap(NULL, info.psa_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   model.fd, 0);
	require(psa != MAP_FAILED, "%m");
	mmio_write(psa, 0, 77);
	check_eq(mmio_read(psa, 0), 77);
	end();
}

static void mapped_registers_can_be_accessed_so(void)
{
	__u64 *window, value;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0);
	require(window != MAP_FAILED, "%m");
	window[2] = 0x0102030405060708ULL;
	check_ok(load(c.fd, 16, 8, &value));
	check_eq(value, 0x0102030405060708ULL);
	check_ok(store(c.fd, 24, 8, 99));
	check_eq(window[3], 99);
	check_ok(store(c.fd, 28, 4, 0x1234567890ULL));
	check_eq(((__u32 *)window)[7], 0x34567890);
	check_ok(load(c.fd, 28, 4, &value));
	check_eq(value, 0x34567890);
	end();
}

static void a_store_rings_where_they_are_memory(void)
{
	unsigned long before;
	__u64 value;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	usleep(300000);
	before = __atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST);
	check_ok(load(c.fd, 0, 8, &value));
	usleep(100000);
	check_eq(__atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST), before);
	check_ok(store(c.fd, 0, 8, 1));
	check(becomes_true(__atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST) >
			   before));
	end();
}

static void check_invalid(struct cxl_ioctl_mmio access)
{
	check_errno(ioctl(c.fd, CXL_IOCTL_MMIO, &access), EINVAL);
	access.flags |= CXL_IOCTL_MMIO_WRITE;
	check_errno(ioctl(c.fd, CXL_IOCTL_MMIO, &access), EINVAL);
}

static void wrong_accesses_are_refused(void)
{
	struct cxl_ioctl_mmio access = { .size = 8 };
	__u64 size, value;
	char path[64];
	int fd;

	begin(note);
	size = c.attach.attach.window_size;
	last = (struct cxl_sim_message){};
	check_invalid((struct cxl_ioctl_mmio){ .size = 0 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 2 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 16 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 8, .offset = 4 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 4, .offset = 2 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 8, .offset = size });
	check_invalid((struct cxl_ioctl_mmio){ .size = 8, .offset = -8ULL });
	check_invalid((struct cxl_ioctl_mmio){ .size = 8, .flags = 2 });
	check_invalid((struct cxl_ioctl_mmio){ .size = 8, .reserved = 1 });
	check_errno(ioctl(c.fd, CXL_IOCTL_MMIO, no_access_page()), EFAULT);
	check_eq(last.type, 0);

	/* Refused accesses, which a mapping would not allow either */
	snprintf(path, sizeof(path), "/dev/cxl/%s", card.slave);
	fd = require_ok(open(path, O_RDONLY | O_CLOEXEC));
	check_errno(load(fd, 0, 8, &value), EIO);
	require_ok(node_start(fd, 0, -1, 0));
	check_ok(ioctl(fd, CXL_IOCTL_MMIO, &access));
	check_errno(store(fd, 0, 8, 1), EACCES);
	check_ok(close(fd));
	fd = require_ok(open(path, O_WRONLY | O_CLOEXEC));
	require_ok(node_start(fd, 0, -1, 0));
	check_ok(store(fd, 0, 8, 1));
	check_errno(load(fd, 0, 8, &value), EACCES);
	check_ok(close(fd));
	end();
}

static void compat_programs_can(void)
{
	struct cxl_ioctl_mmio *access;

	if (!syscall32_works())
		skip("this kernel runs no 32-bit programs");
	begin(note);
	access = low_memory(sizeof(*access));
	require(access, "%m");
	*access = (struct cxl_ioctl_mmio){ .offset = 8, .size = 8 };
	check_ok(syscall32(NR32_IOCTL, c.fd, CXL_IOCTL_MMIO, (long)access, 0,
			   0));
	check_eq(access->value, 0x1122334455667788ULL);
	access->flags = CXL_IOCTL_MMIO_WRITE;
	check_ok(syscall32(NR32_IOCTL, c.fd, CXL_IOCTL_MMIO, (long)access, 0,
			   0));
	check_last(8, 8, 1, 0x1122334455667788ULL);
	end();
}

static void setting_is_checked(void)
{
	char text[16];

	model_card_make(&card, "afu0/mmio", "trapped", NULL);
	check_errno(file_write("mapped", SIM_CONFIG "/%s/afu0/mmio", card.name),
		    EBUSY);
	sim_card_set_live(&card, false);
	check_errno(file_write("1", SIM_CONFIG "/%s/afu0/mmio", card.name),
		    EINVAL);
	check_ok(file_write("mapped", SIM_CONFIG "/%s/afu0/mmio", card.name));
	check_ok(file_write("trapped", SIM_CONFIG "/%s/afu0/mmio", card.name));
	/* The models in the kernel read registers from memory. */
	check_ok(file_write("memcpy", SIM_CONFIG "/%s/afu0/model", card.name));
	check_errno(file_write("trapped", SIM_CONFIG "/%s/afu0/mmio",
			       card.name), EINVAL);
	require(file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/mmio",
			  card.name) > 0);
	check_str_eq(text, "mapped");
}

#define TEST(name) { "user_mmio." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(loads_and_stores),
	TEST(master_has_the_whole_area),
	TEST(each_access_is_an_act),
	TEST(programs_do_not_meet),
	TEST(several_can_wait),
	TEST(it_cannot_be_mapped),
	TEST(mapped_registers_can_be_accessed_so),
	TEST(a_store_rings_where_they_are_memory),
	TEST(wrong_accesses_are_refused),
	TEST(compat_programs_can),
	TEST(setting_is_checked),
};

TAP_MAIN(tests)
