// SPDX-License-Identifier: GPL-2.0-only
/*
 * An AFU model that is a program, and a program that attaches with the memory of
 * a file whose file system (FUSE) it serves itself: it decides how long each
 * access takes, and how long a page stays locked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/model_test.h"

#define MOUNT		"/tmp/user-fuse"
#define FILE_NODE	2
#define PAGES		16
#define MAX_WRITE	0x20000
#define ROUNDS		4

static struct sim_card card;
static struct model model;
static struct model_client client;
static size_t size;

/*
 * The file system has one file. Shared with its server, by atomic accesses:
 */
static struct shared {
	bool mute;		/* it answers no write */
	unsigned int writes;	/* it was asked for */
	unsigned int drops;	/* it shall drop the file's pages so many times */
} *shared;

static int fuse;

static void reply(__u64 unique, int error, const void *data, size_t length)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + length,
		.error = error,
		.unique = unique,
	};
	struct iovec iov[] = { { &out, sizeof(out) }, { (void *)data, length } };

	/* Whoever asked may be gone. */
	if (writev(fuse, iov, 2) < 0)
		diag("no reply: %m");
}

static struct fuse_attr attr_of(__u64 node)
{
	return (struct fuse_attr) {
		.ino = node,
		.size = node == FILE_NODE ? size : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0755,
		.nlink = 1,
	};
}

/* The kernel may keep everything for ever. */
static void serve_lookup(__u64 unique)
{
	struct fuse_entry_out entry = {
		.nodeid = FILE_NODE,
		.entry_valid = UINT32_MAX,
		.attr_valid = UINT32_MAX,
		.attr = attr_of(FILE_NODE),
	};

	reply(unique, 0, &entry, sizeof(entry));
}

static void serve_attr(__u64 unique, __u64 node)
{
	struct fuse_attr_out attr = {
		.attr_valid = UINT32_MAX,
		.attr = attr_of(node),
	};

	reply(unique, 0, &attr, sizeof(attr));
}

static void serve_write(__u64 unique, const struct fuse_write_in *in)
{
	struct fuse_write_out out = { .size = in->size };

	__atomic_add_fetch(&shared->writes, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&shared->mute, __ATOMIC_SEQ_CST))
		usleep(1000);
	reply(unique, 0, &out, sizeof(out));
}

static void serve(const struct fuse_in_header *in, const void *arg)
{
	static const char zeroes[MAX_WRITE];
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = MAX_WRITE,
		.max_write = MAX_WRITE,
	};
	struct fuse_open_out open = { .open_flags = FOPEN_KEEP_CACHE };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		serve_lookup(in->unique);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		serve_attr(in->unique, in->nodeid);
		break;
	case FUSE_OPEN:
		reply(in->unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		reply(in->unique, 0, zeroes,
		      ((const struct fuse_read_in *)arg)->size);
		break;
	case FUSE_WRITE:
		serve_write(in->unique, arg);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in->unique, -ENOSYS, NULL, 0);
	}
}

static void *serve_for_ever(void *arg)
{
	char *buf = aligned_alloc(4096, 2 * MAX_WRITE);

	(void)arg;
	while (read(fuse, buf, 2 * MAX_WRITE) > 0)
		serve((void *)buf, buf + sizeof(struct fuse_in_header));
	return NULL;
}

/* Until the file's pages are written and gone */
static void drop_pages(void)
{
	struct {
		struct fuse_out_header out;
		struct fuse_notify_inval_inode_out inval;
	} notice = {
		.out.len = sizeof(notice),
		.out.error = FUSE_NOTIFY_INVAL_INODE,
		.inval.ino = FILE_NODE,
	};

	if (write(fuse, &notice, sizeof(notice)) < 0)
		diag("pages are not dropped: %m");
}

static void server(void)
{
	unsigned int dropped = 0;
	pthread_t thread;
	int i;

	/* A request that is not answered keeps one thread. */
	for (i = 0; i < PAGES; i++)
		require(!pthread_create(&thread, NULL, serve_for_ever, NULL));
	for (;; usleep(1000)) {
		if (__atomic_load_n(&shared->drops, __ATOMIC_SEQ_CST) == dropped)
			continue;
		drop_pages();
		dropped++;
	}
}

static pid_t server_start(void)
{
	char options[80];
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED, "%m");
	if (system("modprobe fuse 2>/dev/null") < 0)
		diag("no modprobe: %m");
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		skip("no FUSE: %m");
	mkdir(MOUNT, 0755);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	require_ok(mount("test", MOUNT, "fuse", 0, options));
	pid = require_ok(fork());
	if (!pid)
		server();
	/* The connection ends with the server. */
	close(fuse);
	return pid;
}

/* First end all that waits for the server: it may do so itself. */
static void server_stop(pid_t pid)
{
	umount2(MOUNT, MNT_FORCE);
	kill_and_wait(pid);
}

static void server_end(void)
{
	umount2(MOUNT, MNT_FORCE);
	sim_cards_remove();
	umount2(MOUNT, MNT_DETACH);
	rmdir(MOUNT);
}

static char *file_map(void)
{
	int fd = require_ok(open(MOUNT "/file", O_RDWR));
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	require(map != MAP_FAILED, "%m");
	close(fd);
	return map;
}

/* How often the model has stored to all pages; -1: the context is gone */
static int stores;

static int stored(void)
{
	return __atomic_load_n(&stores, __ATOMIC_SEQ_CST);
}

static void *store_for_ever(void *arg)
{
	char *buf = malloc(size);

	(void)arg;
	memset(buf, 's', size);
	while (pwrite(client.memory, buf, size, client.attach.attach.wed) > 0)
		__atomic_add_fetch(&stores, 1, __ATOMIC_SEQ_CST);
	check_eq(errno, ESTALE);
	free(buf);
	__atomic_store_n(&stores, -1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void stores_reach_the_file(void)
{
	char buf[100], *map;
	pid_t pid;

	size = PAGES * sysconf(_SC_PAGESIZE);
	pid = server_start();
	map = file_map();
	memset(buf, 'x', sizeof(buf));
	model_card_make(&card, NULL);
	model_start(&model, &card);
	model_attach(&model, card.slave, (uintptr_t)map, &client);
	check_eq(pwrite(client.memory, buf, sizeof(buf), (uintptr_t)map + 50),
		 sizeof(buf));
	check_mem_eq(map + 50, buf, sizeof(buf));
	check_ok(msync(map, size, MS_SYNC));
	check(__atomic_load_n(&shared->writes, __ATOMIC_SEQ_CST) > 0);
	model_detach(&client);
	model_stop(&model);
	munmap(map, size);
	server_stop(pid);
}

/*
 * When the server drops a page, the kernel locks it until the server has written
 * it: for ever, if the server likes.
 */
static void locked_page_stalls_no_model(void)
{
	unsigned int writes;
	pthread_t thread;
	char *map;
	pid_t pid;
	int i;

	size = PAGES * sysconf(_SC_PAGESIZE);
	pid = server_start();
	map = file_map();
	model_card_make(&card, NULL);
	model_start(&model, &card);
	for (i = 0; i < ROUNDS; i++) {
		stores = 0;
		model_attach(&model, card.slave, (uintptr_t)map, &client);
		require(!pthread_create(&thread, NULL, store_for_ever, NULL));
		require(becomes_true(stored() > 20));
		writes = shared->writes;
		__atomic_store_n(&shared->mute, true, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&shared->drops, 1, __ATOMIC_SEQ_CST);
		check(becomes_true(__atomic_load_n(&shared->writes,
						   __ATOMIC_SEQ_CST) > writes));
		check_ok(close(client.fd));
		check(becomes_true(stored() < 0));
		__atomic_store_n(&shared->mute, false, __ATOMIC_SEQ_CST);
		pthread_join(thread, NULL);
		close(client.memory);
	}
	model_stop(&model);
	munmap(map, size);
	server_stop(pid);
}

static const struct tap_test tests[] = {
	{ "user_fuse.stores_reach_the_file", stores_reach_the_file,
	  server_end },
	{ "user_fuse.locked_page_stalls_no_model", locked_page_stalls_no_model,
	  server_end },
};

TAP_MAIN(tests)
