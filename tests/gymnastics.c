// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that can be done to cards, by several processes at random, while
 * programs use them. No call may hang, and in the end a card works. Internal
 * errors are for the kernel's own checks to find.
 *
 * CXL_GYMNASTICS_SECONDS is how long both tests take together, and
 * CXL_GYMNASTICS_SEED is the seed of each: "make gymnastics" sets both. With
 * several processes no run is like the last one; the seed only repeats what
 * each process does.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "lib/all_modules.h"
#include "lib/cxl_test.h"
#include "lib/sim_test.h"

#define PCI		"/sys/bus/pci"
#define DEBUGFS		"/sys/kernel/debug/cxl-afu"
#define CARD_ID		"0x0477"
#define AFU_ID		"0x4350"
#define PROCESSES	8
#define SHORT		5	/* seconds, for both tests */
/* Nothing takes longer than this, however busy the machine is. */
#define HANG_MS		60000

/* Cards, by their folders; sim_cards_remove() knows these names. */
static const char *const folder[] = { "test-gym0", "test-gym1" };

/* Of each process */
static unsigned int random_state;

static unsigned int choose(unsigned int n)
{
	return rand_r(&random_state) / 16 % n;
}

/* The number of a card that may exist; card0 is the default card. */
static unsigned int any_card(void)
{
	return choose(1 + ARRAY_SIZE(folder));
}

static void set(const char *path, const char *text)
{
	file_write(text, "%s", path);
}

/* What is done to cards: each of these may fail. */

static void make_card(const char *name)
{
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

static void make(void)
{
	make_card(folder[choose(ARRAY_SIZE(folder))]);
}

static void unmake(void)
{
	const char *name = folder[choose(ARRAY_SIZE(folder))];
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
	file_write(choose(2) ? "1" : "0", SIM_CONFIG "/%s/live",
		   folder[choose(ARRAY_SIZE(folder))]);
}

/* Any card but the default one, or any device of an AFU */
static bool any_device(const char *id, char *name, size_t size)
{
	DIR *dir = opendir(PCI "/devices");
	struct dirent *entry;
	unsigned int seen = 0;
	char text[16], own[32] = "";

	if (!dir)
		return false;
	file_read(own, sizeof(own), SIM_CONFIG "/default/pci");
	while ((entry = readdir(dir))) {
		if (file_read(text, sizeof(text), PCI "/devices/%s/device",
			      entry->d_name) < 0 || strcmp(text, id) ||
		    !strcmp(entry->d_name, own) || choose(++seen))
			continue;
		snprintf(name, size, "%.31s", entry->d_name);
	}
	closedir(dir);
	return seen;
}

static void rebind(const char *id, const char *driver)
{
	char name[32];

	if (!any_device(id, name, sizeof(name)))
		return;
	file_write(name, PCI "/drivers/%s/unbind", driver);
	usleep(choose(2000));
	file_write(name, PCI "/drivers/%s/bind", driver);
}

static void rebind_card(void)
{
	rebind(CARD_ID, "cxl-sim");
}

static void rebind_afu(void)
{
	rebind(AFU_ID, "cxl-copy");
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

	file_write(modes[choose(ARRAY_SIZE(modes))],
		   SYSFS_CXL "/afu%u.%u/mode", any_card(), choose(2));
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

	snprintf(path, sizeof(path), files[choose(ARRAY_SIZE(files))],
		 any_card());
	file_read(text, sizeof(text), "%s", path);
}

static void gymnast(void)
{
	static void (*const feats[])(void) = {
		make, make, make, unmake, switch_live, rebind_card, rebind_afu,
		rescan, reset_card, reset_afu, reset_afu, set_mode, set_mode,
		set_same_image, flap_link, flap_link, recover, unplug,
		inject, inject, inject, look, look,
	};

	feats[choose(ARRAY_SIZE(feats))]();
	usleep(choose(3000));
}

/* Feats that remove no device, see remover() */
static void careful_gymnast(void)
{
	static void (*const feats[])(void) = {
		rebind_afu, reset_afu, set_mode, set_mode, set_same_image,
		flap_link, inject, inject, look,
	};

	feats[choose(ARRAY_SIZE(feats))]();
	usleep(choose(3000));
}

static void remove_cards(void)
{
	const char *const cards[] = { "default", folder[0], folder[1] };
	char name[ARRAY_SIZE(cards)][32], afu[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cards); i++) {
		require(file_read(name[i], sizeof(name[i]),
				  SIM_CONFIG "/%s/pci", cards[i]) > 0);
		check_ok(file_write("1", PCI "/devices/%s/remove", name[i]));
		check(!file_exists(PCI "/devices/%s", name[i]));
	}
	while (any_device(AFU_ID, afu, sizeof(afu)))
		nap();
	rescan();
	for (i = 0; i < ARRAY_SIZE(cards); i++)
		check(file_exists(PCI "/devices/%s", name[i]));
}

static void remove_afu(void)
{
	char name[32];

	if (any_device(AFU_ID, name, sizeof(name)))
		check_ok(file_write("1", PCI "/devices/%s/remove", name));
	usleep(choose(2000));
	if (choose(2))
		rescan();
}

/*
 * A write to a PCI device's "remove" waits for pci_lock_rescan_remove() without
 * a reference to the device. If something else removes the device meanwhile,
 * the PCI core uses it after it was freed. This can happen to any PCI device,
 * and is not ours to fix. So this process is the only one in its run that
 * removes anything. The devices of AFUs go away a moment after their card, and
 * remove_cards() waits for that.
 */
static void remover(void)
{
	if (choose(2))
		remove_cards();
	else
		remove_afu();
	usleep(choose(20000));
}

/* What a program does with a card as long as it exists: each call may fail. */
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

static struct {
	atomic_bool stop;
} *shared;	/* between all processes */

static pid_t start(void (*act)(void), unsigned int seed)
{
	pid_t pid = require_ok(fork());

	if (pid)
		return pid;
	random_state = seed;
	while (!atomic_load(&shared->stop))
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

/* One process for each of @acts, for this test's share of the time */
static void perform(void (*const acts[PROCESSES])(void))
{
	unsigned int seconds = number_of("CXL_GYMNASTICS_SECONDS", SHORT) / 2;
	unsigned int seed = number_of("CXL_GYMNASTICS_SEED", time(NULL));
	pid_t pid[PROCESSES];
	unsigned int i;
	long long end;

	diag("CXL_GYMNASTICS_SEED=%u", seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED);
	random_state = seed;
	for (i = 0; i < ARRAY_SIZE(folder); i++)
		make_card(folder[i]);
	for (i = 0; i < PROCESSES; i++)
		pid[i] = start(acts[i], seed + i);
	for (i = 0; i < seconds; i++) {
		sleep(1);
		if (i % 60 == 59)
			diag("%u s", i + 1);
	}
	atomic_store(&shared->stop, true);
	end = now_ms() + HANG_MS * tap_time_scale();
	for (i = 0; i < PROCESSES; i++) {
		while (!has_ended(pid[i]))
			require(now_ms() < end, "process %u hangs", i);
	}
	check_card_works();
}

static void removal_by_sysfs_hangs_nothing(void)
{
	static void (*const acts[])(void) = {
		remover, careful_gymnast, careful_gymnast, careful_gymnast,
		program, program, program, program,
	};

	perform(acts);
}

static void nothing_hangs(void)
{
	static void (*const acts[])(void) = {
		gymnast, gymnast, gymnast, gymnast,
		program, program, program, program,
	};

	perform(acts);
}

/*
 * The default card may have another number now, and a reset may still be about
 * to remove it. Reload: other tests start with cards that are as good as new.
 */
static void reload(void)
{
	sim_cards_remove();
	unload_all();
	load_all();
}

/* A limit that is enough for any run */
static const struct tap_test tests[] = {
	{ "gymnastics.removal_by_sysfs_hangs_nothing",
	  removal_by_sysfs_hangs_nothing, reload, 100000 },
	{ "gymnastics.nothing_hangs", nothing_hangs, reload, 100000 },
};

TAP_MAIN(tests)
