// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that can be done to cards, by several processes at random, while
 * programs use them.  No call may hang, and in the end a card works.  What goes
 * wrong inside is for the kernel's own checks to find.
 *
 * CXL_GYMNASTICS_SECONDS is how long, CXL_GYMNASTICS_SEED what it begins with:
 * "make gymnastics" sets both.  Several processes make no run like the last
 * one; the seed only repeats what each of them does.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define PCI		"/sys/bus/pci"
#define DEBUGFS		"/sys/kernel/debug/cxl-afu"
#define GYMNASTS	4
#define PROGRAMS	4
#define SHORT		5	/* seconds */
/* Nothing here takes so long, however busy the machine is. */
#define HANG_MS		60000

/* Cards by their folders; sim_cards_remove() knows such names. */
static const char *const folder[] = { "test-gym0", "test-gym1" };

/* Of a process */
static unsigned int random_state;

static unsigned int choose(unsigned int n)
{
	return rand_r(&random_state) / 16 % n;
}

#define ANY(array)	((array)[choose(ARRAY_SIZE(array))])

/* A number of a card that may be there; card0 is the default card. */
static unsigned int any_card(void)
{
	return choose(1 + ARRAY_SIZE(folder));
}

static void set(const char *path, const char *text)
{
	file_write(text, "%s", path);
}

/* What is done to cards: each may fail. */

static void make(void)
{
	const char *name = ANY(folder);
	char path[64];

	snprintf(path, sizeof(path), SIM_CONFIG "/%s", name);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%u", name, choose(2));
	mkdir(path, 0755);
	file_write("dedicated directed", "%s/modes", path);
	file_write("4", "%s/num_procs", path);
	file_write(choose(2) ? "1" : "0", "%s/num_crs", path);
	file_write("1", SIM_CONFIG "/%s/live", name);
}

static void unmake(void)
{
	const char *name = ANY(folder);
	char path[64];
	unsigned int i;

	file_write("0", SIM_CONFIG "/%s/live", name);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), SIM_CONFIG "/%s/afu%u", name, i);
		rmdir(path);
	}
	snprintf(path, sizeof(path), SIM_CONFIG "/%s", name);
	rmdir(path);
}

static void switch_live(void)
{
	file_write(choose(2) ? "1" : "0", SIM_CONFIG "/%s/live", ANY(folder));
}

/* Some device of a virtual bus, of a card or of an AFU */
static bool any_device(char *name, size_t size)
{
	DIR *dir = opendir(PCI "/devices");
	struct dirent *entry;
	unsigned int seen = 0;
	char vendor[16], own[32] = "";

	if (!dir)
		return false;
	/* Not the default card's */
	file_read(own, sizeof(own), SIM_CONFIG "/default/pci");
	while ((entry = readdir(dir))) {
		if (file_read(vendor, sizeof(vendor), PCI "/devices/%s/vendor",
			      entry->d_name) < 0 || strcmp(vendor, "0x1014") ||
		    !strcmp(entry->d_name, own) || choose(++seen))
			continue;
		snprintf(name, size, "%.31s", entry->d_name);
	}
	closedir(dir);
	return seen;
}

static void rebind(void)
{
	static const char *const drivers[] = { "cxl-sim", "cxl-copy" };
	const char *driver = ANY(drivers);
	char name[32];

	if (!any_device(name, sizeof(name)))
		return;
	file_write(name, PCI "/drivers/%s/unbind", driver);
	usleep(choose(2000));
	file_write(name, PCI "/drivers/%s/bind", driver);
}

/*
 * Of the default card, and one at a time: the PCI core uses a device after it
 * was freed when somebody removes it through sysfs while others remove it, too.
 */
static void remove_device(void)
{
	int lock = open("/tmp/gymnastics", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char name[32];

	if (lock < 0)
		return;
	flock(lock, LOCK_EX);
	if (file_read(name, sizeof(name), SIM_CONFIG "/default/pci") > 0)
		file_write("1", PCI "/devices/%s/remove", name);
	usleep(choose(2000));
	set(PCI "/rescan", "1");
	close(lock);
}

static void rescan(void)
{
	set(PCI "/rescan", "1");
}

static void reset_card(void)
{
	file_write(choose(2) ? "1" : "-1", SYSFS_CXL "/card%u/reset",
		   any_card());
}

static void reset_afu(void)
{
	file_write("1", SYSFS_CXL "/afu%u.%u/reset", any_card(), choose(2));
}

static void set_mode(void)
{
	static const char *const modes[] = {
		"none", "dedicated_process", "afu_directed", "afu_directed",
	};

	file_write(ANY(modes), SYSFS_CXL "/afu%u.%u/mode", any_card(),
		   choose(2));
}

static void set_same_image(void)
{
	file_write(choose(2) ? "1" : "0",
		   SYSFS_CXL "/card%u/perst_reloads_same_image", any_card());
}

static void flap_link(void)
{
	unsigned int card = any_card();

	sim_set_link(card, "down");
	usleep(choose(2000));
	sim_set_link(card, "up");
}

static void recover(void)
{
	sim_recovery(any_card(), choose(4) ? "frozen" : "perm_failure");
}

static void unplug(void)
{
	sim_unplug(any_card());
}

static void inject(void)
{
	unsigned int card = any_card(), pe = choose(4);

	switch (choose(3)) {
	case 0:
		sim_inject_irq(card, pe, 1 + choose(4));
		break;
	case 1:
		sim_inject_fault(card, pe, 0x10000, 0x42000000);
		break;
	case 2:
		sim_inject_error(card, pe, card);
		break;
	}
}

static void look(void)
{
	static const char *const files[] = {
		DEBUGFS "/card%u/afu0.0/contexts", SYSFS_CXL "/afu%u.0/mode",
		SYSFS_CXL "/afu%u.0/cr0/config", SYSFS_CXL "/card%u/reset",
	};
	char path[64], text[256];

	snprintf(path, sizeof(path), ANY(files), any_card());
	file_read(text, sizeof(text), "%s", path);
}

static void gymnast(void)
{
	static void (*const feats[])(void) = {
		make, make, make, unmake, switch_live, rebind, rebind,
		remove_device, rescan, reset_card, reset_afu, reset_afu,
		set_mode, set_mode, set_same_image, flap_link, flap_link,
		recover, unplug, inject, inject, inject, look, look,
	};

	ANY(feats)();
	usleep(choose(3000));
}

/* What a program does with a card while it lasts: each call may fail. */
static void program(void)
{
	static const char letter[] = "smd";
	static char src[256], dst[256], buf[CXL_READ_MIN_SIZE];
	unsigned int i, n = choose(8);
	struct queue q;
	char node[16];
	__u64 value;
	void *mmio;
	int fd;

	snprintf(node, sizeof(node), "afu%u.%u%c", any_card(), choose(2),
		 letter[choose(3)]);
	fd = node_open(node, O_NONBLOCK);
	if (fd < 0) {
		usleep(choose(2000));
		return;
	}
	queue_init(&q, 1);
	node_start(fd, queue_wed(&q), 4,
		   choose(2) ? CXL_START_WORK_ERR_FF : 0);
	mmio = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	for (i = 0; i < n; i++) {
		if (choose(4))
			queue_copy(&q, dst, src, sizeof(src));
		else
			queue_add(&q, WE_IRQ, 1, NULL, NULL);
		if (mmio != MAP_FAILED)
			mmio_probe(mmio, &value);
		usleep(choose(500));
		read(fd, buf, sizeof(buf));
		events_poll(fd);
	}
	if (mmio != MAP_FAILED)
		munmap(mmio, sysconf(_SC_PAGESIZE));
	close(fd);
	queue_destroy(&q);
}

/* Shared by all processes */
static atomic_bool *stop;

static pid_t start(void (*act)(void), unsigned int seed)
{
	pid_t pid = require_ok(fork());

	if (pid)
		return pid;
	random_state = seed;
	while (!atomic_load(stop))
		act();
	_exit(0);
}

static unsigned int number_of(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static bool has_ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid) {
		nap();
		return false;
	}
	check(WIFEXITED(status) && !WEXITSTATUS(status), "status %#x", status);
	return true;
}

static void check_card_works(void)
{
	static char src[64] = "after all", dst[64];
	struct sim_card card;
	struct afu afu;

	sim_cards_remove();
	sim_card_make(&card, NULL);
	afu_start(&afu, card.slave, 4);
	check_eq(queue_wait(queue_copy(&afu.queue, dst, src, sizeof(src))),
		 WE_COMPLETE);
	check_str_eq(dst, src);
	afu_irq(&afu, 3);
	afu_stop(&afu);
}

static void nothing_hangs(void)
{
	unsigned int seconds = number_of("CXL_GYMNASTICS_SECONDS", SHORT);
	unsigned int seed = number_of("CXL_GYMNASTICS_SEED", time(NULL));
	pid_t pid[GYMNASTS + PROGRAMS];
	unsigned int i;
	long long end;

	diag("CXL_GYMNASTICS_SEED=%u", seed);
	stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(stop != MAP_FAILED);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		pid[i] = start(i < GYMNASTS ? gymnast : program, seed + i);
	for (i = 0; i < seconds; i++) {
		sleep(1);
		if (i % 60 == 59)
			diag("%u s", i + 1);
	}
	atomic_store(stop, true);
	end = now_ms() + HANG_MS * tap_time_scale();
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		while (!has_ended(pid[i]))
			require(now_ms() < end, "%s %u hangs",
				i < GYMNASTS ? "gymnast" : "program", i);
	}
	check_card_works();
}

/* A limit for as long as anybody will run it. */
static const struct tap_test tests[] = {
	{ "gymnastics.nothing_hangs", nothing_hangs, sim_cards_remove, 100000 },
};

TAP_MAIN(tests)
