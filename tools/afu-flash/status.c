// SPDX-License-Identifier: GPL-2.0-only
/* Counters of what the card has done. */
#include "afu-flash.h"

static uint64_t counters[COUNTERS];

static const char * const names[COUNTERS] = {
	[COUNT_COMMANDS] = "commands",
	[COUNT_READS] = "reads",
	[COUNT_WRITES] = "writes",
	[COUNT_BYTES_READ] = "bytes_read",
	[COUNT_BYTES_WRITTEN] = "bytes_written",
	[COUNT_BLOCKS_DISCARDED] = "blocks_discarded",
	[COUNT_ERRORS] = "errors",
	[COUNT_INJECTED] = "injected",
	[COUNT_AFU_RESETS] = "afu_resets",
	[COUNT_CONTEXT_RESETS] = "context_resets",
	[COUNT_LUN_RESETS] = "lun_resets",
	[COUNT_ADOPTED] = "adopted_contexts",
};

void count(enum counter counter, uint64_t more)
{
	__atomic_fetch_add(&counters[counter], more, __ATOMIC_RELAXED);
}

static uint64_t value_of(int counter)
{
	return __atomic_load_n(&counters[counter], __ATOMIC_RELAXED);
}

static void print_json(void)
{
	struct json_object *object = json_object_new_object(), *ports;
	unsigned int port;
	int i;

	add_string(object, "node", options.node);
	add_uint(object, "luns", options.luns);
	add_uint(object, "lun_bytes", options.size);
	add_uint(object, "block_bytes", options.block_size);
	ports = json_object_new_array();
	for (port = 0; port < options.ports; port++)
		json_object_array_add(ports,
				      json_string(ports_is_online(port) ?
						  "online" : "offline"));
	json_object_object_add(object, "ports", ports);
	for (i = 0; i < COUNTERS; i++)
		add_uint(object, names[i], value_of(i));
	put_json(object);
}

static void print_text(void)
{
	unsigned int port;
	int i;

	for (port = 0; port < options.ports; port++)
		printf("port %u: %s\n", port,
		       ports_is_online(port) ? "online" : "offline");
	for (i = 0; i < COUNTERS; i++)
		printf("%s: %llu\n", names[i], (unsigned long long)value_of(i));
}

void status_print(void)
{
	if (options.json)
		print_json();
	else
		print_text();
	flush_output();
}
