// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl reset: reset an AFU, or a card, and wait until it is back.
 */
#include "afuctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DEFAULT_WAIT	"60"
#define MAX_AFUS	4

static void reset_afu(const char *text)
{
	struct afu_name name;
	struct cxl_afu_h *afu = afu_find(text, &name);
	const char *dev = cxl_afu_dev_name(afu);

	if (write_text("1", CLASS_DIR "/%s/reset", dev) == 0) {
		cxl_afu_free(afu);
		return;
	}
	if (errno == EBUSY)
		die(EXIT_BUSY, "%s: the AFU has contexts, or a driver uses it",
		    dev);
	die_refused("%s: reset", dev);
}

/* A folder that was removed and created again has another inode. */
static ino_t card_inode(const char *card)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), CLASS_DIR "/%s/", card);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* A mask of the AFUs with nodes: some may have been in mode none before. */
static unsigned int afus_with_nodes(int card)
{
	unsigned int afus = 0;
	int slot;

	for (slot = 0; slot < MAX_AFUS; slot++) {
		if (exists(NODE_DIR "/afu%d.%dd", card, slot) ||
		    exists(NODE_DIR "/afu%d.%ds", card, slot))
			afus |= 1U << slot;
	}
	return afus;
}

static void wait_for_card(const char *name, ino_t old, unsigned int afus,
			  uint64_t limit)
{
	static const struct timespec pause = { .tv_nsec = 20000000 };
	uint64_t end = now_ns() + limit;
	ino_t inode;

	for (;;) {
		inode = card_inode(name);
		if (inode && inode != old &&
		    (afus_with_nodes(card_number(name)) & afus) == afus)
			return;
		if (now_ns() >= end)
			die(EXIT_TIMEOUT, "%s: the card did not come back in time",
			    name);
		nanosleep(&pause, NULL);
	}
}

static void reset_card(const char *name, bool force, uint64_t limit)
{
	struct cxl_adapter_h *card = card_find(name);
	ino_t inode = card_inode(name);
	unsigned int afus = afus_with_nodes(card_number(name));
	char same[8] = "";
	int ret;

	cxl_adapter_free(card);
	read_text(same, sizeof(same), CLASS_DIR "/%s/perst_reloads_same_image",
		  name);
	if (!strcmp(same, "1"))
		die(EXIT_FAILED, "%s: refused while its perst_reloads_same_image is 1",
		    name);
	ret = write_text(force ? "-1" : "1", CLASS_DIR "/%s/reset", name);
	if (ret && errno == EBUSY)
		die(EXIT_BUSY, "%s: contexts are started (--force resets anyway)",
		    name);
	if (ret)
		die_refused("%s: reset", name);
	if (limit)
		wait_for_card(name, inode, afus, limit);
}

static int reset_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "wait", required_argument, NULL, 'w' },
		COMMON_OPTIONS
	};
	struct json_object *object;
	const char *wait = NULL;
	bool force = false;
	int c;

	while ((c = next_option(&reset_command, argc, argv, "fw:",
				options)) != -1) {
		if (c == 'f')
			force = true;
		else
			wait = optarg;
	}
	need_arguments(&reset_command, argc, 1);

	if (!strncmp(argv[optind], "card", 4)) {
		reset_card(argv[optind], force,
			   parse_seconds("--wait", wait ?: DEFAULT_WAIT));
	} else {
		if (force || wait)
			wrong_usage(&reset_command,
				    "--force and --wait are for cards");
		reset_afu(argv[optind]);
	}
	if (json) {
		object = json_object_new_object();
		add_string(object, "name", argv[optind]);
		add_bool(object, "reset", true);
		put_json(object);
	}
	return EXIT_SUCCESS;
}

const struct command reset_command = {
	.name = "reset",
	.synopsis = "[--json] [--force] [--wait SECONDS] CARD|AFU",
	.summary = "reset a card or an AFU",
	.help =
"Reset an AFU, which must have no contexts, or a card, which must have no started\n"
"contexts; otherwise the exit status is 4. A card disappears and comes back with\n"
"the same number; files that were open are of no use any more.\n"
"\n"
"  -f, --force          reset the card even if it is in use\n"
"  -j, --json           print an object when it is done\n"
"  -w, --wait SECONDS   wait that long for the card to come back, else exit with\n"
"                       status 5 (default: 60; 0: do not wait)\n"
"  -h, --help           show this help",
	.run = reset_run,
};
