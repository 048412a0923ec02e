// SPDX-License-Identifier: GPL-2.0-only
/*
 * json-check SCHEMA DEFINITION: whether each of the JSON texts on standard input
 * is what "#/$defs/DEFINITION" of the JSON Schema says; else it tells where not.
 *
 * The keywords that the schemas here use: $ref, type, const, enum, pattern,
 * minimum, required, properties, additionalProperties, items, oneOf. Any other
 * one is an error, so that none is ignored. Strings must be valid UTF-8.
 */
#define _GNU_SOURCE
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#define PATH_SIZE	256

static struct json_object *schemas;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "json-check: %s: %s\n", name, what);
	exit(2);
}

/* Where in the text something is, and whether to tell what is wrong there */
struct place {
	char path[PATH_SIZE];
	bool quiet;
};

static bool wrong(const struct place *place, const char *what, const char *more)
{
	if (!place->quiet)
		printf("%s: %s %s\n", place->path, what, more);
	return false;
}

static struct place below(const struct place *place, const char *name)
{
	struct place deeper = *place;
	size_t length = strlen(deeper.path);

	snprintf(deeper.path + length, PATH_SIZE - length, "/%s", name);
	return deeper;
}

static bool matches(struct json_object *value, struct json_object *schema,
		    const struct place *place);

static bool has_type(struct json_object *value, const char *type)
{
	enum json_type is = json_object_get_type(value);

	if (!strcmp(type, "number"))
		return is == json_type_int || is == json_type_double;
	if (!strcmp(type, "integer"))
		return is == json_type_int;
	return !strcmp(json_type_to_name(is), type);
}

static bool has_pattern(struct json_object *value, const char *pattern)
{
	regex_t regex;
	bool match;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		die("is no pattern", pattern);
	match = regexec(&regex, json_object_get_string(value), 0, NULL, 0) == 0;
	regfree(&regex);
	return match;
}

static bool is_one_of(struct json_object *value, struct json_object *values)
{
	size_t i;

	for (i = 0; i < json_object_array_length(values); i++) {
		if (json_object_equal(value, json_object_array_get_idx(values, i)))
			return true;
	}
	return false;
}

static bool has_members(struct json_object *value, struct json_object *names,
			const struct place *place)
{
	const char *name;
	size_t i;

	for (i = 0; i < json_object_array_length(names); i++) {
		name = json_object_get_string(json_object_array_get_idx(names, i));
		if (!json_object_object_get_ex(value, name, NULL))
			return wrong(place, "there is no", name);
	}
	return true;
}

static bool members_match(struct json_object *value, struct json_object *schema,
			  const struct place *place)
{
	struct json_object *members = NULL, *member, *more = NULL;
	struct place deeper;
	bool good = true;

	json_object_object_get_ex(schema, "properties", &members);
	json_object_object_get_ex(schema, "additionalProperties", &more);
	json_object_object_foreach(value, name, content) {
		deeper = below(place, name);
		if (members && json_object_object_get_ex(members, name, &member))
			good &= matches(content, member, &deeper);
		else if (more && !json_object_get_boolean(more))
			good = wrong(place, "must not have", name);
	}
	return good;
}

static bool items_match(struct json_object *value, struct json_object *schema,
			const struct place *place)
{
	struct place deeper;
	char number[32];
	bool good = true;
	size_t i;

	for (i = 0; i < json_object_array_length(value); i++) {
		snprintf(number, sizeof(number), "%zu", i);
		deeper = below(place, number);
		good &= matches(json_object_array_get_idx(value, i), schema,
				&deeper);
	}
	return good;
}

static bool one_matches(struct json_object *value, struct json_object *list,
			const struct place *place)
{
	struct place quiet = *place;
	size_t i, found = 0;

	quiet.quiet = true;
	for (i = 0; i < json_object_array_length(list); i++)
		found += matches(value, json_object_array_get_idx(list, i), &quiet);
	return found == 1 ? true :
	       wrong(place, found ? "is more than one of:" : "is none of:",
		     json_object_to_json_string(value));
}

static struct json_object *definition(const char *name)
{
	struct json_object *all, *found;

	if (!json_object_object_get_ex(schemas, "$defs", &all) ||
	    !json_object_object_get_ex(all, name, &found))
		die("is not defined", name);
	return found;
}

static bool keyword_matches(struct json_object *value, const char *keyword,
			    struct json_object *schema, struct json_object *arg,
			    const struct place *place)
{
	static const char ref[] = "#/$defs/";
	const char *text = json_object_get_string(arg);
	bool object = json_object_is_type(value, json_type_object);

	if (!strcmp(keyword, "$ref")) {
		if (strncmp(text, ref, strlen(ref)))
			die("is no reference", text);
		return matches(value, definition(text + strlen(ref)), place);
	}
	if (!strcmp(keyword, "type"))
		return has_type(value, text) || wrong(place, "is no", text);
	if (!strcmp(keyword, "const"))
		return json_object_equal(value, arg) ||
		       wrong(place, "is not", text);
	if (!strcmp(keyword, "enum"))
		return is_one_of(value, arg) || wrong(place, "is none of", text);
	if (!strcmp(keyword, "pattern"))
		return !json_object_is_type(value, json_type_string) ||
		       has_pattern(value, text) ||
		       wrong(place, "does not match", text);
	if (!strcmp(keyword, "minimum"))
		return json_object_get_double(value) >= json_object_get_double(arg) ||
		       wrong(place, "is less than", text);
	if (!strcmp(keyword, "required"))
		return !object || has_members(value, arg, place);
	if (!strcmp(keyword, "properties"))
		return !object || members_match(value, schema, place);
	if (!strcmp(keyword, "items"))
		return !json_object_is_type(value, json_type_array) ||
		       items_match(value, arg, place);
	if (!strcmp(keyword, "oneOf"))
		return one_matches(value, arg, place);
	/* The first belongs to "properties", the other is for people. */
	if (strcmp(keyword, "additionalProperties") &&
	    strcmp(keyword, "description"))
		die("is not known here", keyword);
	return true;
}

static bool matches(struct json_object *value, struct json_object *schema,
		    const struct place *place)
{
	bool good = true;

	json_object_object_foreach(schema, keyword, arg)
		good &= keyword_matches(value, keyword, schema, arg, place);
	return good;
}

static char *read_all(size_t *size)
{
	char *text = NULL;
	ssize_t n;
	size_t room = 0;

	n = getdelim(&text, &room, '\0', stdin);
	*size = n < 0 ? 0 : n;
	return text;
}

int main(int argc, char **argv)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *schema, *value;
	struct place place = { .path = "" };
	size_t size, at = 0, count = 0;
	bool good = true;
	char *text;

	if (argc != 3)
		die("usage: json-check SCHEMA DEFINITION", "wrong usage");
	schemas = json_object_from_file(argv[1]);
	if (!schemas)
		die(json_util_get_last_err(), argv[1]);
	schema = definition(argv[2]);
	text = read_all(&size);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8 |
			       JSON_TOKENER_ALLOW_TRAILING_CHARS);
	for (; at < size && strspn(text + at, "\n") < size - at; count++) {
		value = json_tokener_parse_ex(tokener, text + at, size - at);
		if (!value) {
			printf("text %zu: %s\n", count,
			       json_tokener_error_desc(json_tokener_get_error(tokener)));
			return 1;
		}
		at += json_tokener_get_parse_end(tokener);
		snprintf(place.path, sizeof(place.path), "text %zu", count);
		good &= matches(value, schema, &place);
		json_object_put(value);
	}
	if (!count)
		puts("there is no text");
	return !good || !count;
}
