// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

size_t utf8_length(const char *text)
{
	/* The lowest character that takes so many bytes after the first */
	static const unsigned int least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned int value, more, i;

	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc0 || bytes[0] >= 0xf8)
		return 0;
	more = bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
	value = bytes[0] & (0x3f >> more);
	for (i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[more] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	return more + 1;
}

/* Is a character of @length bytes a control character? C1 follows 0xc2. */
static bool is_control(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if (length == 1)
		return bytes[0] < 0x20 || bytes[0] == 0x7f;
	return length == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0;
}

void make_printable(char *text, char keep)
{
	size_t length, i;

	for (; *text; text += length) {
		length = utf8_length(text);
		if (length && (*text == keep || !is_control(text, length)))
			continue;
		length = length ?: 1;
		for (i = 0; i < length; i++)
			text[i] = '?';
	}
}
