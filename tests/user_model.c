// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFU models that are programs and behave: the node, the messages to the
 * program and its requests. user_memory tests memory, user_failure tests
 * misbehaviour.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

static struct sim_card card;
static struct model model;
static struct event_batch batch;

static void node_is_made_with_its_owner(void)
{
	char path[64];
	struct stat st;

	model_card_make(&card, "afu0/uid", "12", "afu0/gid", "34", NULL);
	snprintf(path, sizeof(path), "/dev/cxl-sim/%s.afu0", card.name);
	require_ok(stat(path, &st));
	check(S_ISCHR(st.st_mode));
	check_eq(st.st_mode & 0777, 0600);
	check_eq(st.st_uid, 12);
	check_eq(st.st_gid, 34);
	sim_card_set_live(&card, false);
	check_errno(stat(path, &st), ENOENT);
}

static void settings_are_checked(void)
{
	char text[32];

	model_card_make(&card, "afu0/pp_size", "0x20000", "afu0/pp_offset",
			"0x100000", "afu0/answer_ms", "700", NULL);
	check_errno(file_write("0x30000", SIM_CONFIG "/%s/afu0/pp_size",
			       card.name), EBUSY);
	sim_card_set_live(&card, false);
	check_errno(file_write("0x8000", SIM_CONFIG "/%s/afu0/pp_size",
			       card.name), EINVAL);
	check_errno(file_write("0x18000", SIM_CONFIG "/%s/afu0/pp_offset",
			       card.name), EINVAL);
	check_errno(file_write("0x20000000", SIM_CONFIG "/%s/afu0/pp_size",
			       card.name), EINVAL);
	check_errno(file_write("2", SIM_CONFIG "/%s/afu0/recover", card.name),
		    EINVAL);
	require(file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/pp_size",
			  card.name) > 0);
	check_str_eq(text, "0x20000");
	/* Another model has its own layout. */
	require_ok(file_write("memcpy", SIM_CONFIG "/%s/afu0/model", card.name));
	check_errno(file_write("0x20000", SIM_CONFIG "/%s/afu0/pp_size",
			       card.name), EINVAL);
	require(file_read(text, sizeof(text), SIM_CONFIG "/%s/afu0/pp_size",
			  card.name) > 0);
	check_str_eq(text, "0x10000");
}

static void info_is_what_was_configured(void)
{
	struct cxl_sim_info info;
	int fd;

	model_card_make(&card, "afu0/pp_size", "0x20000", "afu0/pp_offset",
			"0x100000", "afu0/num_procs", "3", "afu0/irqs_min", "7",
			"afu0/err_buff_size", "512", NULL);
	fd = require_ok(model_open(&card, 0));
	memset(&info, 0xee, sizeof(info));
	require_ok(ioctl(fd, CXL_SIM_GET_INFO, &info));
	check_eq(info.abi_version, CXL_SIM_ABI_VERSION);
	check_eq(info.num_procs, 3);
	check_eq(info.irqs_min, 7);
	check_eq(info.err_buff_size, 512);
	check_eq(info.pp_offset, 0x100000);
	check_eq(info.pp_size, 0x20000);
	check(info.psa_size >= 0x100000 + 3 * 0x20000);
	check_eq(info.flags | info.reserved2[0] | info.reserved2[1], 0);
	check_errno(ioctl(fd, _IO(0xCA, 0x7f)), ENOTTY);
	check_ok(close(fd));
}

/* Like a flash card: the windows come first, with a little behind them. */
static void windows_can_come_first(void)
{
	struct cxl_sim_info info;
	int fd;

	model_card_make(&card, "afu0/modes", "directed", "afu0/num_procs",
			"512", "afu0/pp_offset", "0", "afu0/psa_size",
			"0x2020000", NULL);
	fd = require_ok(model_open(&card, 0));
	require_ok(ioctl(fd, CXL_SIM_GET_INFO, &info));
	check_eq(info.pp_offset, 0);
	check_eq(info.psa_size, 0x2020000);
	check_ok(close(fd));
}

static void one_program_at_a_time(void)
{
	int fd;

	model_card_make(&card, NULL);
	fd = require_ok(model_open(&card, 0));
	check_errno(model_open(&card, 0), EBUSY);
	check_ok(close(fd));
	fd = check_ok(model_open(&card, 0));
	check_ok(close(fd));
}

static void reader_is_no_program(void)
{
	char path[64];

	model_card_make(&card, NULL);
	snprintf(path, sizeof(path), "/dev/cxl-sim/%s.afu0", card.name);
	check_errno(open(path, O_RDONLY), EACCES);
	check_errno(open(path, O_WRONLY), EACCES);
}

static void no_program_no_context(void)
{
	int fd;

	model_card_make(&card, NULL);
	fd = node_open_ok(card.slave);
	check_errno(node_start(fd, 0, -1, 0), EIO);
	check_ok(close(fd));
}

static void first_message_is_a_reset(void)
{
	struct cxl_sim_message message;
	int fd;

	model_card_make(&card, NULL);
	fd = require_ok(model_open(&card, 0));
	require_eq(read(fd, &message, sizeof(message)), sizeof(message));
	check_eq(message.type, CXL_SIM_RESET);
	check_eq(message.pe, 0);
	check_eq(message.reset.mode, CXL_MODE_DIRECTED);
	check_eq(message.reset.global, 0);
	check_ok(model_request(fd, CXL_SIM_RESET_DONE, &message, 0, 0));
	check_ok(close(fd));
}

static void attach_is_told(void)
{
	const __u64 wed = 0x123456789abcdef0ULL;
	struct cxl_sim_message m, detach;
	int fd;

	model_card_make(&card, "afu0/pp_size", "0x20000", NULL);
	model_start(&model, &card);
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, wed, 9, 0));
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	check_eq(m.pe, node_pe(fd));
	check_eq(m.attach.wed, wed);
	check_eq(m.attach.num_interrupts, 9);
	check_eq(m.attach.window, 0x2000000 + m.pe * 0x20000);
	check_eq(m.attach.window_size, 0x20000);
	check_eq(m.attach.flags, 0);
	check_ok(close(fd));
	require(model_wait(&model, CXL_SIM_DETACH, &detach));
	check_eq(detach.pe, m.pe);
	check_eq(detach.id, m.id);

	fd = node_open_ok(card.master);
	require_ok(node_start(fd, 0, -1, 0));
	require(model_wait(&model, CXL_SIM_ATTACH, &detach));
	check_eq(detach.attach.flags, CXL_SIM_CONTEXT_MASTER);
	check(detach.id > m.id);
	check_ok(close(fd));
	model_stop(&model);
}

struct late {
	int fd;
	struct cxl_sim_message attach;
	long long answered_ms;
};

static void *answer_late(void *arg)
{
	struct late *late = arg;

	usleep(100000);
	late->answered_ms = now_ms();
	check_ok(model_request(late->fd, CXL_SIM_ATTACHED, &late->attach, 0, 0));
	return NULL;
}

static void *read_attach(void *arg)
{
	struct late *late = arg;

	do
		require_eq(read(late->fd, &late->attach, sizeof(late->attach)),
			   sizeof(late->attach));
	while (late->attach.type != CXL_SIM_ATTACH);
	return answer_late(late);
}

static void start_waits_for_the_answer(void)
{
	struct late late = {};
	pthread_t thread;
	int fd;

	model_card_make(&card, NULL);
	late.fd = require_ok(model_open(&card, 0));
	require_eq(pthread_create(&thread, NULL, read_attach, &late), 0);
	fd = node_open_ok(card.slave);
	require_ok(node_start(fd, 0, -1, 0));
	check(now_ms() >= late.answered_ms);
	check(late.answered_ms > 0);
	pthread_join(thread, NULL);
	/* One answer is enough. */
	check_errno(model_request(late.fd, CXL_SIM_ATTACHED, &late.attach, 0, 0),
		    ESTALE);
	check_ok(close(fd));
	check_ok(close(late.fd));
}

static void context_can_be_refused(void)
{
	struct cxl_sim_message m, detach;
	int fd;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model.refuse = true;
	fd = node_open_ok(card.slave);
	check_errno(node_start(fd, 0, -1, 0), EIO);
	require(model_wait(&model, CXL_SIM_ATTACH, &m));
	require(model_wait(&model, CXL_SIM_DETACH, &detach));
	check_eq(detach.id, m.id);
	/* The AFU has not failed. */
	model.refuse = false;
	check_ok(node_start(fd, 0, -1, 0));
	check_ok(close(fd));
	model_stop(&model);
}

static void interrupts_and_errors_arrive(void)
{
	struct model_client c;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	check_ok(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 4));
	check_errno(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 0),
		    ERANGE);
	check_errno(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 5),
		    ERANGE);
	check_ok(model_request(model.fd, CXL_SIM_ERROR, &c.attach, 0xabcdef, 0));
	require(events_wait(c.fd));
	require_ok(events_read(c.fd, &batch));
	require_eq(batch.n, 2);
	check_eq(batch.event[0].header.type, CXL_EVENT_AFU_INTERRUPT);
	check_eq(batch.event[0].irq.irq, 4);
	check_eq(batch.event[1].header.type, CXL_EVENT_AFU_ERROR);
	check_eq(batch.event[1].afu_error.error, 0xabcdef);
	check_ok(close(c.fd));
	check_errno(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 1),
		    ESTALE);
	check_ok(close(c.memory));
	model_stop(&model);
}

static void requests_come_in_batches(void)
{
	struct cxl_sim_request requests[3];
	struct model_client c;
	int i;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	for (i = 0; i < 3; i++)
		requests[i] = (struct cxl_sim_request) {
			.type = CXL_SIM_INTERRUPT,
			.pe = c.attach.pe,
			.id = c.attach.id,
			.number = i + 1,
		};
	check_eq(write(model.fd, requests, sizeof(requests)), sizeof(requests));
	require(events_wait(c.fd));
	require_ok(events_read(c.fd, &batch));
	check_eq(batch.n, 3);
	/* Requests before the first that fails are carried out. */
	requests[1].number = 77;
	check_eq(write(model.fd, requests, sizeof(requests)),
		 sizeof(requests[0]));
	require_ok(events_read(c.fd, &batch));
	check_eq(batch.n, 1);
	model_detach(&c);
	model_stop(&model);
}

static void windows_are_shared(void)
{
	struct model_client c;
	char *client, *node, *window;
	size_t size;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	size = c.attach.attach.window_size;
	client = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0);
	require(client != MAP_FAILED, "%m");
	node = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, model.fd,
		    c.attach.attach.window);
	require(node != MAP_FAILED, "%m");
	window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c.memory,
		      0);
	require(window != MAP_FAILED, "%m");
	mmio_write(client, 0x100, 0x1122334455667788ULL);
	check_eq(mmio_read(node, 0x100), 0x1122334455667788ULL);
	check_eq(mmio_read(window, 0x100), 0x1122334455667788ULL);
	mmio_write(window, size - 8, 42);
	check_eq(mmio_read(client, size - 8), 42);

	check(mmap(NULL, size, PROT_READ, MAP_SHARED, c.memory, size) ==
	      MAP_FAILED && errno == EINVAL);
	check(mmap(NULL, size + 1, PROT_READ, MAP_SHARED, c.memory, 0) ==
	      MAP_FAILED && errno == EINVAL);
	check(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, model.fd,
		   0) == MAP_FAILED && errno == EINVAL);
	/* The next context with that number has the window, too. */
	check_ok(munmap(client, size));
	model_detach(&c);
	check_eq(mmio_read(node, 0x100), 0x1122334455667788ULL);
	model_attach(&model, card.slave, 0, &c);
	check_eq(mmio_read(node, 0x100), 0);
	model_detach(&c);
	model_stop(&model);
}

static void doorbell_is_told(void)
{
	struct model_client c;
	unsigned long before;
	void *client;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	client = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, 0);
	require(client != MAP_FAILED, "%m");
	before = __atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST);
	mmio_write(client, 0, 1);
	check(becomes_true(__atomic_load_n(&model.doorbells, __ATOMIC_SEQ_CST) >
			   before));
	model_detach(&c);
	model_stop(&model);
}

static void reset_is_told_and_waits(void)
{
	struct cxl_sim_message m;
	struct model_client c;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	check_ok(file_write("1", SYSFS_CXL "/card%d/afu%d.0/reset", card.num,
			    card.num));
	check(model_wait(&model, CXL_SIM_RESET, &m));
	/* An answer to an earlier reset is stale. */
	m.id--;
	check_errno(model_request(model.fd, CXL_SIM_RESET_DONE, &m, 0, 0),
		    ESTALE);
	model_attach(&model, card.slave, 0, &c);
	model_detach(&c);
	model_stop(&model);
}

static void dedicated_mode_is_told(void)
{
	struct cxl_sim_message m;
	struct model_client c;

	model_card_make(&card, "afu0/modes", "dedicated", NULL);
	model_run(&model, require_ok(model_open(&card, 0)));
	require(model_wait(&model, CXL_SIM_RESET, &m));
	check_eq(m.reset.mode, CXL_MODE_DEDICATED);
	check_eq(m.reset.global, 0x2000000);
	model_attach(&model, card.dedicated, 0, &c);
	check_eq(c.attach.attach.window, 0);
	check(c.attach.attach.window_size > 0x2000000);
	check_eq(c.attach.attach.flags, CXL_SIM_CONTEXT_MASTER);
	model_detach(&c);
	model_stop(&model);
}

static void link_is_told(void)
{
	struct cxl_sim_message m;
	struct model_client c;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, 0, &c);
	require_ok(sim_set_link(card.num, "down"));
	require(model_wait(&model, CXL_SIM_LINK, &m));
	check_eq(m.link.up, 0);
	check_errno(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 1),
		    EIO);
	require_ok(sim_set_link(card.num, "up"));
	require(model_wait(&model, CXL_SIM_LINK, &m));
	check_eq(m.link.up, 1);
	check_ok(model_request(model.fd, CXL_SIM_INTERRUPT, &c.attach, 0, 1));
	model_detach(&c);
	model_stop(&model);
}

static void reading_loses_nothing(void)
{
	struct cxl_sim_message m[2] = {};
	struct pollfd poll_fd = { .events = POLLIN | POLLOUT };
	size_t page = sysconf(_SC_PAGESIZE);
	void *nothing = no_access_page();
	char *half;
	int fd;

	half = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(half != MAP_FAILED, "%m");
	require_ok(munmap(half + page, page));
	half += page - 8;

	model_card_make(&card, NULL);
	fd = require_ok(model_open(&card, O_NONBLOCK));
	poll_fd.fd = fd;
	check_eq(poll(&poll_fd, 1, 0), 1);
	check_eq(poll_fd.revents, POLLIN | POLLOUT);
	check_errno(read(fd, m, sizeof(m[0]) - 1), EINVAL);
	/* A message that could not be copied is still there. */
	check_errno(read(fd, nothing, sizeof(m[0])), EFAULT);
	check_errno(read(fd, half, sizeof(m[0])), EFAULT);
	check_eq(read(fd, m, sizeof(m)), sizeof(m[0]));
	check_eq(m[0].type, CXL_SIM_RESET);
	check_errno(read(fd, m, sizeof(m)), EAGAIN);
	check_eq(poll(&poll_fd, 1, 0), 1);
	check_eq(poll_fd.revents, POLLOUT);
	check_ok(close(fd));
}

static void answers_given_twice(void)
{
	struct cxl_sim_message reset, attach;
	int client;

	model_card_make(&card, NULL);
	model_run(&model, require_ok(model_open(&card, 0)));
	require(model_wait(&model, CXL_SIM_RESET, &reset));
	check_ok(model_request(model.fd, CXL_SIM_RESET_DONE, &reset, 0, 0));
	check_ok(model_request(model.fd, CXL_SIM_RESET_DONE, &reset, 0, 0));
	reset.id--;
	check_errno(model_request(model.fd, CXL_SIM_RESET_DONE, &reset, 0, 0),
		    ESTALE);

	client = node_open_ok(card.slave);
	require_ok(node_start(client, 0, -1, 0));
	require(model_wait(&model, CXL_SIM_ATTACH, &attach));
	check_errno(model_request(model.fd, CXL_SIM_ATTACHED, &attach, 0, 0),
		    ESTALE);
	check_errno(model_mmio_done(model.fd, &attach, 0), ESTALE);
	/* None of them was a mistake. */
	check_ok(model_request(model.fd, CXL_SIM_INTERRUPT, &attach, 0, 1));
	check_ok(close(client));
	model_stop(&model);
}

static ssize_t request_nowait(const struct cxl_sim_message *attach,
			      unsigned int irq)
{
	struct cxl_sim_request request = {
		.type = CXL_SIM_INTERRUPT,
		.pe = attach->pe,
		.id = attach->id,
		.number = irq,
	};
	struct iovec iov = { &request, sizeof(request) };

	return pwritev2(model.fd, &iov, 1, -1, RWF_NOWAIT);
}

/* The AFU works for its contexts now and then, and EAGAIN says so. */
static void writing_does_not_wait(void)
{
	struct cxl_sim_message attach;
	int client;

	model_card_make(&card, NULL);
	model_start(&model, &card);
	client = node_open_ok(card.slave);
	require_ok(node_start(client, 0, -1, 0));
	require(model_wait(&model, CXL_SIM_ATTACH, &attach));
	check(becomes_true(request_nowait(&attach, 2) > 0));
	require(events_wait(client));
	require_ok(events_read(client, &batch));
	check_eq(batch.event[0].irq.irq, 2);
	check(becomes_true(request_nowait(&attach, 99) < 0 && errno == ERANGE));
	check_ok(close(client));
	model_stop(&model);
}

static void error_buffer_is_written(void)
{
	struct cxl_sim_err_buff w = { .offset = 100, .length = 5 };
	char buf[200];
	int fd;

	model_card_make(&card, "afu0/err_buff_size", "128", NULL);
	fd = require_ok(model_open(&card, 0));
	w.address = (uintptr_t)"hello";
	check_ok(ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &w));
	require_eq(file_read(buf, sizeof(buf),
			     SYSFS_CXL "/card%d/afu%d.0/afu_err_buff", card.num,
			     card.num), 128);
	check_mem_eq(buf + 100, "hello", 5);
	w.length = 29;
	check_errno(ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &w), EINVAL);
	w.offset = 129;
	w.length = 0;
	check_errno(ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &w), EINVAL);
	w.offset = 0;
	w.length = 1;
	w.reserved = 1;
	check_errno(ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &w), EINVAL);
	w.reserved = 0;
	w.address = (uintptr_t)no_access_page();
	check_errno(ioctl(fd, CXL_SIM_WRITE_ERR_BUFF, &w), EFAULT);
	check_ok(close(fd));
}

#define TEST(name) { "user_model." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(node_is_made_with_its_owner),
	TEST(settings_are_checked),
	TEST(info_is_what_was_configured),
	TEST(windows_can_come_first),
	TEST(one_program_at_a_time),
	TEST(reader_is_no_program),
	TEST(no_program_no_context),
	TEST(first_message_is_a_reset),
	TEST(attach_is_told),
	TEST(start_waits_for_the_answer),
	TEST(context_can_be_refused),
	TEST(interrupts_and_errors_arrive),
	TEST(requests_come_in_batches),
	TEST(windows_are_shared),
	TEST(doorbell_is_told),
	TEST(reset_is_told_and_waits),
	TEST(dedicated_mode_is_told),
	TEST(link_is_told),
	TEST(reading_loses_nothing),
	TEST(answers_given_twice),
	TEST(writing_does_not_wait),
	TEST(error_buffer_is_written),
};

TAP_MAIN(tests)
