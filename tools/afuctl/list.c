// SPDX-License-Identifier: GPL-2.0-only
/*
 * afuctl list: cards, AFUs, nodes and contexts, as a tree.
 */
#include "afuctl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nodes of an AFU, by the last letter of their name */
static const char views[] = "dms";

static bool node_path(char *path, size_t size, const char *afu, char view)
{
	snprintf(path, size, NODE_DIR "/%s%c", afu, view);
	return access(path, F_OK) == 0;
}

static const char *pci_name(const char *card, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	char *name;

	snprintf(path, sizeof(path), CLASS_DIR "/%s/device", card);
	n = readlink(path, buf, size - 1);
	if (n < 0)
		return "unknown";
	buf[n] = '\0';
	make_printable(buf, 0);
	name = strrchr(buf, '/');
	return name ? name + 1 : buf;
}

struct card_facts {
	const char *name;
	const char *image;
	const char *software;
	long caia_major;
	long caia_minor;
	long psl_revision;
	long base_image;
	char link[PATH_MAX];
	const char *pci;
};

/* A card that is going away may lack any attribute. */
static void card_ask(struct cxl_adapter_h *card, struct card_facts *facts)
{
	enum cxl_image image;

	memset(facts, 0, sizeof(*facts));
	facts->name = cxl_adapter_dev_name(card);
	cxl_get_caia_version(card, &facts->caia_major, &facts->caia_minor);
	cxl_get_psl_revision(card, &facts->psl_revision);
	cxl_get_base_image(card, &facts->base_image);
	facts->image = "no";
	if (cxl_get_image_loaded(card, &image) == 0)
		facts->image = image == CXL_IMAGE_USER ? "user" : "factory";
	facts->software = software_label(card_number(facts->name));
	facts->pci = pci_name(facts->name, facts->link, sizeof(facts->link));
}

static bool is_of(const struct context *context, const char *afu)
{
	char name[32];

	snprintf(name, sizeof(name), "afu%d.%d", context->card, context->slot);
	return !strcmp(name, afu);
}

/*
 * For people
 */

static void print_context(const struct context *context)
{
	char owner[80];

	context_owner(context, owner, sizeof(owner));
	printf("context %d  %s%s%s, %s\n", context->pe, context->state,
	       context->kind[0] ? " " : "", context->kind, owner);
}

/* Print nodes, then contexts; the last one with a corner in front. */
static void print_below(const char *afu, const struct contexts *contexts,
			const char *margin)
{
	size_t left = 0, i;
	char path[64];

	for (i = 0; i < strlen(views); i++)
		left += node_path(path, sizeof(path), afu, views[i]);
	for (i = 0; i < contexts->count; i++)
		left += is_of(&contexts->list[i], afu);

	for (i = 0; i < strlen(views); i++) {
		if (node_path(path, sizeof(path), afu, views[i]))
			printf("%s%s %s\n", margin, --left ? "|--" : "`--", path);
	}
	for (i = 0; i < contexts->count; i++) {
		if (!is_of(&contexts->list[i], afu))
			continue;
		printf("%s%s ", margin, --left ? "|--" : "`--");
		print_context(&contexts->list[i]);
	}
}

static void print_afu(struct cxl_afu_h *afu, bool last,
		      const struct contexts *contexts)
{
	const char *name = cxl_afu_dev_name(afu);
	long mode = 0, min = 0, max = 0;

	/* The library returns an error for mode none. */
	if (cxl_get_mode(afu, &mode))
		mode = 0;
	cxl_get_irqs_min(afu, &min);
	cxl_get_irqs_max(afu, &max);
	printf("%s %s  %s, %ld to %ld interrupts\n", last ? "`--" : "|--", name,
	       mode_word(mode), min, max);
	print_below(name, contexts, last ? "    " : "|   ");
}

static size_t count_afus(struct cxl_adapter_h *card)
{
	struct cxl_afu_h *afu;
	size_t n = 0;

	cxl_for_each_adapter_afu(card, afu)
		n++;
	return n;
}

static void print_card(struct cxl_adapter_h *card,
		       const struct contexts *contexts)
{
	struct card_facts facts;
	struct cxl_afu_h *afu;
	size_t left;

	card_ask(card, &facts);
	printf("%s  CAIA %ld.%ld, PSL revision 0x%04lx, %s image, PCI %s",
	       facts.name, facts.caia_major, facts.caia_minor,
	       facts.psl_revision, facts.image, facts.pci);
	if (facts.software)
		printf(", software card %s", facts.software);
	putchar('\n');
	left = count_afus(card);
	if (!left)
		puts("`-- no AFUs");
	cxl_for_each_adapter_afu(card, afu)
		print_afu(afu, left ? --left == 0 : true, contexts);
}

/*
 * For programs
 */

static struct json_object *afu_json(struct cxl_afu_h *afu,
				    const struct contexts *contexts)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array;
	long mode = 0, modes = 0, min = 0, max = 0;
	const char *name = cxl_afu_dev_name(afu);
	char path[64];
	size_t i;

	if (cxl_get_mode(afu, &mode))
		mode = 0;
	cxl_get_modes_supported(afu, &modes);
	cxl_get_irqs_min(afu, &min);
	cxl_get_irqs_max(afu, &max);
	add_string(object, "name", name);
	add_string(object, "mode", mode_word(mode));
	array = json_object_new_array();
	for (i = CXL_MODE_DEDICATED; i <= CXL_MODE_DIRECTED; i <<= 1) {
		if (modes & i)
			json_object_array_add(array, json_string(mode_word(i)));
	}
	json_object_object_add(object, "modes_supported", array);
	add_int(object, "irqs_min", min);
	add_int(object, "irqs_max", max);
	array = json_object_new_array();
	for (i = 0; i < strlen(views); i++) {
		if (node_path(path, sizeof(path), name, views[i]))
			json_object_array_add(array, json_string(path));
	}
	json_object_object_add(object, "nodes", array);
	array = json_object_new_array();
	for (i = 0; i < contexts->count; i++) {
		if (is_of(&contexts->list[i], name))
			json_object_array_add(array, context_json(&contexts->list[i]));
	}
	json_object_object_add(object, "contexts", array);
	return object;
}

static struct json_object *card_json(struct cxl_adapter_h *card,
				     const struct contexts *contexts)
{
	struct json_object *object = json_object_new_object();
	struct json_object *afus = json_object_new_array();
	struct card_facts facts;
	struct cxl_afu_h *afu;
	char version[48];

	card_ask(card, &facts);
	snprintf(version, sizeof(version), "%ld.%ld", facts.caia_major,
		 facts.caia_minor);
	add_string(object, "name", facts.name);
	add_string(object, "pci", facts.pci);
	add_string(object, "caia_version", version);
	add_int(object, "psl_revision", facts.psl_revision);
	add_int(object, "base_image", facts.base_image);
	add_string(object, "image_loaded", facts.image);
	if (facts.software)
		add_string(object, "software", facts.software);
	cxl_for_each_adapter_afu(card, afu)
		json_object_array_add(afus, afu_json(afu, contexts));
	json_object_object_add(object, "afus", afus);
	return object;
}

static void list_json(const struct contexts *contexts)
{
	struct json_object *object = json_object_new_object();
	struct json_object *cards = json_object_new_array();
	struct cxl_adapter_h *card;

	cxl_for_each_adapter(card)
		json_object_array_add(cards, card_json(card, contexts));
	json_object_object_add(object, "cards", cards);
	put_json_pretty(object);
}

static void list_text(const struct contexts *contexts)
{
	struct cxl_adapter_h *card;
	size_t count = 0;

	cxl_for_each_adapter(card) {
		print_card(card, contexts);
		count++;
	}
	if (!count)
		puts("no cards");
}

static int list_run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS };
	struct contexts contexts;

	while (next_option(&list_command, argc, argv, "", options) != -1)
		;
	need_arguments(&list_command, argc, 0);
	need_driver();

	contexts_read(&contexts);
	if (json)
		list_json(&contexts);
	else
		list_text(&contexts);
	contexts_free(&contexts);
	return EXIT_SUCCESS;
}

const struct command list_command = {
	.name = "list",
	.synopsis = "[--json]",
	.summary = "list cards, their AFUs, nodes and contexts",
	.help =
"List all cards with their AFUs, the nodes that programs open, and the contexts\n"
"that are open. Only root sees the contexts of other users and of drivers.\n"
"\n"
"  -j, --json   print an object for programs\n"
"  -h, --help   show this help",
	.run = list_run,
};
