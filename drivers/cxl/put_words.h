/* SPDX-License-Identifier: GPL-2.0-only */
/* Copying to a program in the cheapest way for what is small or in the cache. */
#ifndef _CXL_PUT_WORDS_H
#define _CXL_PUT_WORDS_H

#include <linux/types.h>
#include <linux/uaccess.h>

/* From anywhere to anywhere in the program's memory */
struct cxl_word {
	u64 value;
} __packed;

#define cxl_put_word(to, from, n, fault)				\
	unsafe_put_user(((const struct cxl_word *)(from))[n].value,	\
			(u64 __user *)(to) + (n), fault)

#define cxl_put_four(to, from, n, fault)				\
do {									\
	cxl_put_word(to, from, n, fault);				\
	cxl_put_word(to, from, (n) + 1, fault);				\
	cxl_put_word(to, from, (n) + 2, fault);				\
	cxl_put_word(to, from, (n) + 3, fault);				\
} while (0)

/**
 * cxl_put_words() - copy to memory of the program
 * @to: there, made accessible by user_access_begin()
 * @from: of the kernel
 * @len: bytes
 * @fault: label to go to when it cannot be written
 *
 * Many words at a time: a loop for each would cost as much as the word, and the
 * string instructions of raw_copy_to_user() cost much to begin, and many times
 * as much altogether on an emulated CPU.
 */
#define cxl_put_words(to, from, len, fault)				\
do {									\
	char __user *__to = (to);					\
	const u8 *__from = (from);					\
	size_t __left = (len);						\
									\
	for (; __left >= 16 * sizeof(u64); __left -= 16 * sizeof(u64)) { \
		cxl_put_four(__to, __from, 0, fault);			\
		cxl_put_four(__to, __from, 4, fault);			\
		cxl_put_four(__to, __from, 8, fault);			\
		cxl_put_four(__to, __from, 12, fault);			\
		__to += 16 * sizeof(u64);				\
		__from += 16 * sizeof(u64);				\
	}								\
	for (; __left >= 4 * sizeof(u64); __left -= 4 * sizeof(u64)) {	\
		cxl_put_four(__to, __from, 0, fault);			\
		__to += 4 * sizeof(u64);				\
		__from += 4 * sizeof(u64);				\
	}								\
	if (__left)							\
		unsafe_copy_to_user(__to, __from, __left, fault);	\
} while (0)

#endif /* _CXL_PUT_WORDS_H */
