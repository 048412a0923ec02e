// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT	"\357\277\275"	/* U+FFFD */

void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void add_uint(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void add_hex(struct json_object *object, const char *key, uint64_t value)
{
	char text[sizeof("0xffffffffffffffff")];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_object_object_add(object, key, json_object_new_string(text));
}

struct json_object *json_string(const char *value)
{
	struct json_object *string;
	char *text, *to;
	size_t length;

	text = malloc(strlen(value) * strlen(REPLACEMENT) + 1);
	if (!text)
		die_errno(EXIT_FAILURE, "no memory");
	for (to = text; *value; value += length ?: 1) {
		length = utf8_length(value);
		to = length ? mempcpy(to, value, length) :
			      stpcpy(to, REPLACEMENT);
	}
	*to = '\0';
	string = json_object_new_string(text);
	free(text);
	return string;
}

void add_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_string(value));
}

const char *json_line(struct json_object *object)
{
	return json_object_to_json_string_ext(object,
					      JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
}

void put_json(struct json_object *object)
{
	puts(json_line(object));
	json_object_put(object);
	flush_output();
}

void put_json_pretty(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object,
					    JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	flush_output();
}
