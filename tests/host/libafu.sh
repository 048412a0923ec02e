#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libafu as built: its exports, and that all of them are described.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

listed() {
	grep -v '^#' lib/afu/libafu.abi
}

symbols_and_versions_are_those_of_the_list() {
	readelf --dyn-syms -W "$out/lib/libafu.so" | sed 's/\[<localentry>: [0-9]*\]//' |
		awk '$7 != "UND" && $8 ~ /@@/ && $5 == "GLOBAL" && $4 != "OBJECT" {
			sub("@@", " ", $8); print $8 }' | LC_ALL=C sort >"$work/exported"
	listed | diff - "$work/exported" || fail "see above"
}

header_declares_what_is_exported() {
	echo '#include <afu.h>' | "${cross_compile-}gcc" -Ilib/include -E -P - | tr -s '\n\t ' ' ' | tr ';' '\n' |
		sed -n 's/.*[ *]\(afu_[a-z0-9_]*\)(.*/\1/p' | grep -v '^afu_reg_' | LC_ALL=C sort >"$work/declared"
	listed | cut -d' ' -f1 | diff - "$work/declared" || fail "see above"
}

# Also inline functions
names() {
	listed | cut -d' ' -f1
	sed -n 's/^static inline .*[ *]\(afu_[a-z0-9_]*\)(.*/\1/p' lib/include/afu.h
}

header_documents_what_it_declares() {
	names | while read -r name; do
		grep -q "^ \* $name() - " lib/include/afu.h || echo "$name"
	done >"$work/silent"
	[ ! -s "$work/silent" ] || fail "not documented: $(cat "$work/silent")"
}

each_function_has_a_manual_page() {
	{
		ls man/man3
		awk -f scripts/man-links.awk man/man3/*.3 | cut -d' ' -f2
	} | LC_ALL=C sort >"$work/pages"
	names | sed 's/$/.3/' | LC_ALL=C sort | comm -23 - "$work/pages" >"$work/missing"
	[ ! -s "$work/missing" ] || fail "no page: $(cat "$work/missing")"
}

# What an AFU does first, and the headers of libpsl as well
cat >"$work/first.c" <<'END'
#include <afu.h>
#include <psl.h>
#include <psl_card.h>

uint64_t swap(void *registers);

uint64_t swap(void *registers)
{
	afu_reg_write(registers, 8, afu_reg_read(registers, 0));
	return afu_reg_exchange(registers, 0, 1);
}
END

headers_are_good_in_c() {
	for std in c99 gnu99 c11 c17; do
		"${cross_compile-}gcc" -std="$std" -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror \
			-Ilib/include -c -o /dev/null "$work/first.c" || fail "$std"
	done
}

headers_are_good_in_cpp() {
	command -v "${cross_compile-}g++" >/dev/null || skip "no ${cross_compile-}g++"
	for std in c++98 c++11 c++17 gnu++20; do
		"${cross_compile-}g++" -std="$std" -Wall -Wextra -Werror -Ilib/include -x c++ \
			-c -o /dev/null "$work/first.c" || fail "$std"
	done
}

tap_run libafu symbols_and_versions_are_those_of_the_list header_declares_what_is_exported \
	header_documents_what_it_declares each_function_has_a_manual_page \
	headers_are_good_in_c headers_are_good_in_cpp
