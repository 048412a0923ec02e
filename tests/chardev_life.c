// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose memory, whose file, and when it ends: fork, threads, passing of
 * descriptors, exit and release.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/send_fd.h"
#include "lib/sim_test.h"

static struct event_batch batch;
static struct sim_card card;
static struct afu afu;

/* A card of the test's own: no process element is in use, or was lately. */
static void make_card(void)
{
	sim_card_make(&card, NULL);
}

static void *shared_memory(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	require(map != MAP_FAILED);
	return map;
}

/* End a child; its checks count for the test. */
static void child_ends(void) __attribute__((noreturn));

static void child_ends(void)
{
	_exit(0);
}

static void wait_for_child(pid_t child)
{
	int status;

	require_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
}

/* The lowest free process element, which the next open() gets */
static int next_pe(void)
{
	int fd = node_open_ok(card.slave), pe = node_pe(fd);

	close(fd);
	return pe;
}

/*
 * The context of a process ends with its memory, which holds the mapping. The
 * AFU may use that memory for a moment longer than the process lives.
 */
static void check_first_pe_is_free(void)
{
	check(becomes_true(next_pe() == 0));
}

static void check_copy(struct afu *a)
{
	static char src[32] = "a small copy", dst[32];

	memset(dst, 0, sizeof(dst));
	check_eq(queue_wait(queue_copy(&a->queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_mem_eq(dst, src, sizeof(src));
}

static void child_has_the_same_context(void)
{
	pid_t child;

	make_card();
	afu_start(&afu, card.slave, 4);
	afu_irq(&afu, 2);
	child = fork();
	if (!child) {
		check_eq(node_pe(afu.fd), afu.pe);
		check_errno(node_start(afu.fd, 0, -1, 0), EIO);
		check_eq(events_read(afu.fd, &batch), 16);
		check_eq(batch.event[0].irq.irq, 2);
		child_ends();
	}
	wait_for_child(child);
	/* The event went to one of them; the child's exit ended nothing. */
	check_eq(events_poll(afu.fd), 0);
	check_copy(&afu);
}

/* After fork() the AFU works on the memory of the process that started it. */
static void afu_stays_with_the_parent(void)
{
	static char dst[64], src[64] = "for the parent";
	int pipefd[2];
	pid_t child;
	char token;

	make_card();
	afu_start(&afu, card.slave, 4);
	require_ok(pipe(pipefd));
	child = fork();
	if (!child) {
		struct work_element *we;

		close(pipefd[1]);
		require_eq(read(pipefd[0], &token, 1), 0);
		check_eq(dst[0], 0);
		/* This element is in the child's copy of the queue only. */
		we = queue_copy(&afu.queue, dst, src, sizeof(src));
		usleep(QUIET_MS * 1000);
		check_eq(we->status, 0);
		check_eq(dst[0], 0);
		child_ends();
	}
	close(pipefd[0]);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	close(pipefd[1]);
	wait_for_child(child);
	check_eq(events_poll(afu.fd), 0);
}

/* The opener is nothing special: the process that starts lends its memory. */
static void memory_is_that_of_the_starter(void)
{
	static char dst[64], src[64] = "in the child";
	pid_t child;

	make_card();
	afu.fd = node_open_ok(card.slave);
	queue_init(&afu.queue, 1);
	child = fork();
	if (!child) {
		require_ok(node_start(afu.fd, queue_wed(&afu.queue), 4, 0));
		check_eq(queue_wait(queue_copy(&afu.queue, dst, src, 64)),
			 WE_COMPLETE);
		check_str_eq(dst, src);
		child_ends();
	}
	wait_for_child(child);
	check_eq(dst[0], 0);
	check_errno(node_start(afu.fd, queue_wed(&afu.queue), 4, 0), EIO);
}

/*
 * The process that lent its memory exits while another holds the file: the
 * context stays, each access faults, and the holder is told.
 */
static void exited_starter_is_a_fault(void)
{
	struct cxl_event *event = &batch.event[0];
	pid_t child;

	make_card();
	afu.fd = require_ok(node_open(card.slave, O_NONBLOCK));
	afu.pe = node_pe(afu.fd);
	queue_init(&afu.queue, 1);
	child = fork();
	if (!child) {
		require_ok(node_start(afu.fd, queue_wed(&afu.queue), 4, 0));
		check_copy(&afu);
		child_ends();
	}
	wait_for_child(child);
	require(events_wait(afu.fd));
	require_eq(events_read(afu.fd, &batch), 40);
	check_eq(event->header.type, CXL_EVENT_DATA_STORAGE);
	check_eq(event->header.process_element, afu.pe);
	/* The AFU was looking for the element after the one it had done. */
	check_eq(event->fault.addr, (unsigned long)&afu.queue.we[1]);

	/* It is still started: the registers can be mapped. */
	afu.mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			MAP_SHARED, afu.fd, 0);
	require(afu.mmio != MAP_FAILED, "%m");
	check_eq(mmio_read(afu.mmio, REG_PH) >> 48, afu.pe);
	check_errno(events_read(afu.fd, &batch), EAGAIN);
	check_eq(next_pe() == afu.pe, false);
}

/* A descriptor passed to another process reads, maps and holds the context. */
static void descriptor_can_be_passed(void)
{
	int sock[2], started;
	pid_t child;

	make_card();
	require_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	child = fork();
	if (!child) {
		/* It starts the context, passes it on, and closes it. */
		afu_start(&afu, card.slave, 4);
		afu_irq(&afu, 3);
		send_fd(sock[1], afu.fd);
		munmap(afu.mmio, afu.mmio_size);
		close(afu.fd);
		check_eq(read(sock[1], &batch, 1), 1);
		check_copy(&afu);
		queue_add(&afu.queue, WE_IRQ, 4, NULL, NULL);
		check_eq(read(sock[1], &batch, 1), 1);
		child_ends();
	}
	started = receive_fd(sock[0]);
	check_eq(events_read(started, &batch), 16);
	check_eq(batch.event[0].irq.irq, 3);
	check_eq(batch.event[0].header.process_element, node_pe(started));
	afu.mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED,
			started, 0);
	require(afu.mmio != MAP_FAILED, "%m");
	check_eq(mmio_read(afu.mmio, REG_PH) >> 48, node_pe(started));

	/* Work goes on in the child's memory. */
	check_eq(write(sock[0], "", 1), 1);
	require(events_wait(started));
	check_eq(events_read(started, &batch), 16);
	check_eq(batch.event[0].irq.irq, 4);
	check_eq(write(sock[0], "", 1), 1);
	wait_for_child(child);
}

static void *start_and_exit(void *arg)
{
	struct afu *a = arg;

	require_ok(node_start(a->fd, queue_wed(&a->queue), 4, 0));
	return NULL;
}

static void thread_that_started_may_exit(void)
{
	pthread_t thread;

	make_card();
	afu.fd = node_open_ok(card.slave);
	queue_init(&afu.queue, 4);
	require_eq(pthread_create(&thread, NULL, start_and_exit, &afu), 0);
	pthread_join(thread, NULL);
	check_copy(&afu);
	usleep(QUIET_MS * 1000);
	check_copy(&afu);
	check_eq(events_poll(afu.fd), 0);
}

static void *work_without_the_main_thread(void *arg)
{
	pid_t pid = getpid();
	char stat[256], *state;

	(void)arg;
	/* The first thread of the process has to be a zombie. */
	check(becomes_true(({
		state = "";
		if (file_read(stat, sizeof(stat), "/proc/%d/task/%d/stat",
			      pid, pid) > 0)
			state = strrchr(stat, ')');
		!strncmp(state, ") Z", 3);
	})));
	check_copy(&afu);
	queue_add(&afu.queue, WE_IRQ, 1, NULL, NULL);
	check_eq(events_read(afu.fd, &batch), 16);
	child_ends();
}

/* The main thread, too, may exit while others work on. */
static void main_thread_may_exit(void)
{
	pthread_t thread;
	pid_t child;

	make_card();
	child = fork();
	if (!child) {
		afu_start(&afu, card.slave, 4);
		if (pthread_create(&thread, NULL, work_without_the_main_thread,
				   NULL))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	wait_for_child(child);
}

static void last_close_frees_the_process_element(void)
{
	int fd, copy, pe;

	make_card();
	fd = node_open_ok(card.slave);
	pe = node_pe(fd);
	check_eq(next_pe() == pe, false);
	copy = require_ok(dup(fd));
	close(fd);
	check_eq(node_pe(copy), pe);
	check_eq(next_pe() == pe, false);
	close(copy);
	check_eq(next_pe(), pe);
}

static void exec_closes_nothing_without_cloexec(void)
{
	int fd, pe, pipefd[2];
	pid_t child;

	make_card();
	fd = node_open_ok(card.slave);
	pe = node_pe(fd);
	/* The child keeps the file over exec, until its input ends. */
	require_ok(pipe(pipefd));
	require_ok(fcntl(fd, F_SETFD, 0));
	require_ok(fcntl(pipefd[1], F_SETFD, FD_CLOEXEC));
	child = fork();
	if (!child) {
		dup2(pipefd[0], 0);
		execl("/bin/busybox", "cat", NULL);
		_exit(1);
	}
	close(fd);
	usleep(QUIET_MS * 1000);
	check_eq(next_pe() == pe, false);
	close(pipefd[1]);
	wait_for_child(child);
	check_eq(next_pe(), pe);
}

static void exit_frees_the_process_element(void)
{
	pid_t child;

	make_card();
	child = fork();
	if (!child) {
		afu_start(&afu, card.slave, 4);
		check_eq(afu.pe, 0);
		check_copy(&afu);
		child_ends();
	}
	wait_for_child(child);
	check_first_pe_is_free();
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
}

/*
 * A queue of many large copies in memory that two processes share. The finished
 * copies can be counted, and each leaves its number in @dst.
 */
struct long_work {
	struct queue queue;
	char *dst;
};

/* As long as a queue can be: the fastest AFU takes a while for it. */
#define LONG_LINES	4095
#define LONG_COPIES	(LONG_LINES * 4)
#define LONG_SIZE	65535

static void long_work_init(struct long_work *w)
{
	size_t bytes = LONG_COPIES * sizeof(struct work_element);

	w->queue = (struct queue){
		.we = shared_memory(bytes),
		.size = LONG_COPIES,
	};
	w->dst = shared_memory(LONG_SIZE);
}

/* All elements at once; sources differ, so every copy can be seen. */
static void long_work_fill(struct long_work *w)
{
	static char src[2][LONG_SIZE];
	int i;

	memset(src[0], 0x11, LONG_SIZE);
	memset(src[1], 0x22, LONG_SIZE);
	for (i = 0; i < LONG_COPIES; i++)
		queue_copy(&w->queue, w->dst, src[i % 2], LONG_SIZE);
}

static int long_work_done(const struct long_work *w)
{
	int i, n = 0;

	for (i = 0; i < LONG_COPIES; i++)
		n += __atomic_load_n(&w->queue.we[i].status,
				     __ATOMIC_ACQUIRE) != 0;
	return n;
}

/* The AFU has finished for good: nothing changes any more. */
static void check_long_work_has_ended(const struct long_work *w)
{
	int done = long_work_done(w), i, differ = 0;
	char *before = malloc(LONG_SIZE);

	check(done < LONG_COPIES, "all was copied before");
	memcpy(before, w->dst, LONG_SIZE);
	for (i = 0; i < 10; i++) {
		usleep(10 * 1000);
		differ += !!memcmp(before, w->dst, LONG_SIZE);
	}
	check_eq(differ, 0);
	check_eq(long_work_done(w), done);
	free(before);
}

/* After close() the AFU no longer touches this memory, whatever is queued. */
static void close_ends_the_work(void)
{
	struct long_work work;
	int fd;

	make_card();
	fd = node_open_ok(card.slave);
	long_work_init(&work);
	require_ok(node_start(fd, queue_wed(&work.queue), 4, 0));
	long_work_fill(&work);
	require(becomes_true(long_work_done(&work) >= 2));
	close(fd);
	check_long_work_has_ended(&work);

	/* And the process element can be used by another context. */
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
}

static void kill_ends_the_work(void)
{
	struct long_work work;
	int status;
	pid_t child;

	make_card();
	long_work_init(&work);
	child = fork();
	if (!child) {
		int fd = node_open_ok(card.slave);

		require_ok(node_start(fd, queue_wed(&work.queue), 4, 0));
		long_work_fill(&work);
		pause();
	}
	require(becomes_true(long_work_done(&work) >= 2));
	require_ok(kill(child, SIGKILL));
	require_eq(waitpid(child, &status, 0), child);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	check_long_work_has_ended(&work);

	check_first_pe_is_free();
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
}

/* Killed again and again, at any point of a short life. */
static void kill_at_any_time(void)
{
	int i, status;

	make_card();
	for (i = 0; i < 30; i++) {
		pid_t child = fork();

		if (!child) {
			afu_start(&afu, card.slave, 4);
			for (;;)
				check_copy(&afu);
		}
		usleep(1000 * i);
		require_ok(kill(child, SIGKILL));
		require_eq(waitpid(child, &status, 0), child);
		check_first_pe_is_free();
	}
	afu_start(&afu, card.slave, 4);
	check_eq(afu.pe, 0);
	check_copy(&afu);
}

static long read_for_ever(void *arg)
{
	return events_read(*(int *)arg, &batch);
}

/* Closing the descriptor takes nothing away from a reader. */
static void reader_holds_the_context(void)
{
	struct sleeper reader;
	int fd, pe;

	make_card();
	afu_start(&afu, card.slave, 4);
	fd = afu.fd;
	pe = afu.pe;
	sleeper_start(&reader, read_for_ever, &fd);
	close(fd);
	check_eq(next_pe() == pe, false);
	check_copy(&afu);
	afu_irq(&afu, 4);
	require(sleeper_join(&reader));
	check_eq(reader.result, 16);
	check_eq(batch.event[0].irq.irq, 4);
	munmap(afu.mmio, afu.mmio_size);
	check_eq(next_pe(), pe);
}

#define TEST(name) { "chardev_life." #name, name, sim_cards_remove }

static const struct tap_test tests[] = {
	TEST(child_has_the_same_context),
	TEST(afu_stays_with_the_parent),
	TEST(memory_is_that_of_the_starter),
	TEST(exited_starter_is_a_fault),
	TEST(descriptor_can_be_passed),
	TEST(thread_that_started_may_exit),
	TEST(main_thread_may_exit),
	TEST(last_close_frees_the_process_element),
	TEST(exec_closes_nothing_without_cloexec),
	TEST(exit_frees_the_process_element),
	TEST(close_ends_the_work),
	TEST(kill_ends_the_work),
	TEST(kill_at_any_time),
	TEST(reader_holds_the_context),
};

TAP_MAIN(tests)
