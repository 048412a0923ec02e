#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# syzkaller's description of the ABI agrees with the headers, as far as it can
# be checked without syzkaller's own compiler.

. tests/lib/tap.sh

description=tests/fuzz/cxl.txt
headers="include/uapi/misc/cxl.h include/uapi/misc/cxl-copy.h include/uapi/misc/cxl-sim.h"

# Each line is a kind of statement that the language has.
every_line_is_of_a_kind() {
	bad=$(grep -nvE -e '^(#.*)?$' -e '^include <[a-z/.-]+>$' \
		-e '^resource [a-z_]+\[[a-z_]+\]$' \
		-e '^[a-z_]+ = [A-Z0-9a-z_]+(, [A-Z0-9a-z_]+)*$' \
		-e '^[a-z0-9]+\$[A-Za-z_]+\([a-z]+ .+\)( [a-z_]+)?$' \
		-e '^[a-z_]+ [{[]$' -e '^[]}]$' \
		-e '^	[a-z_0-9]+	+[a-z]+[a-z_0-9]*(\[.*\])?$' "$description")
	[ -z "$bad" ] || fail "$bad"
}

brackets_are_balanced() {
	awk '!/^#/ { for (i = 1; i <= length; i++) {
			c = substr($0, i, 1)
			if (index("([{", c))
				stack = stack c
			else if (index(")]}", c)) {
				open = substr(stack, length(stack))
				if (index("([{", open) != index(")]}", c) || open == "")
					bad = bad " " NR
				stack = substr(stack, 1, length(stack) - 1)
			}
		} }
		END { if (bad != "" || stack != "") { print "lines" bad; exit 1 } }' "$description" ||
		fail "not balanced"
}

# Types are defined here, or are built into syzkaller.
types_are_defined() {
	sed -e 's/#.*//' -e '/^include/d' -e 's/"[^"]*"//' -e 's/^[a-z0-9]*\$[A-Za-z_]*//' \
		"$description" | grep -oE '\b(fd_)?cxl_?[a-z_]*\b' | sort -u |
		while read -r name; do
			grep -qE "^(resource )?$name( = | [{[]|\[)" "$description" ||
				fail "$name is not defined"
		done
}

constants_are_in_the_headers() {
	grep -oE '\bCXL_[A-Z_]+\b' "$description" | sort -u | while read -r name; do
		# shellcheck disable=SC2086
		grep -qE "^#define $name\b" $headers || fail "$name is not in the headers"
	done
}

# Size of a struct of fixed size, from its fields.
described_size() {
	sed -n "/^$1 {/,/^}/p" "$description" | awk '
		function size(type) {
			if (type ~ /ptr64|vma64|cxl_wed/)
				return 8
			if (type ~ /^fd_/)
				return 4
			if (!match(type, /int(8|16|32|64)/))
				return -1000
			return substr(type, RSTART + 3, RLENGTH - 3) / 8
		}
		/^\t/ {
			type = $0
			sub(/^\t[a-z_0-9]+\t+/, "", type)
			n = 1
			if (type ~ /^array/ && match(type, /[0-9]+\]$/))
				n = substr(type, RSTART, RLENGTH - 1)
			sum += n * size(type)
		}
		END { print sum }'
}

structs_have_their_size() {
	work=$(mktemp -d)
	for name in cxl_ioctl_start_work cxl_afu_id cxl_ioctl_event_format cxl_ioctl_mmio \
		cxl_copy_get_fd cxl_copy_request cxl_copy_submit cxl_sim_request cxl_sim_open_context \
		cxl_sim_err_buff cxl_sim_copy cxl_sim_fill cxl_sim_compare_swap cxl_sim_copy_from; do
		echo "_Static_assert(sizeof(struct $name) == $(described_size "$name"), \"$name\");"
	done >"$work/sizes.c"
	gcc -fsyntax-only -Iinclude/uapi -include misc/cxl.h -include misc/cxl-copy.h -include misc/cxl-sim.h \
		"$work/sizes.c" || fail "$(cat "$work/sizes.c")"
	rm -rf "$work"
	[ "$(described_size cxl_work_element)" -eq 32 ] || fail "cxl_work_element"
}

every_command_is_described() {
	# Images can only be exchanged in a PowerVM guest.
	# shellcheck disable=SC2086
	{
		sed -n 's/^#define \(CXL_IOCTL_[A-Z_]*\|CXL_COPY_[A-Z_]*\) \\$/\1/p' $headers
		sed -n 's/^#define \(CXL_SIM_[A-Z_]*\)[[:space:]]*_IO.*/\1/p' $headers
	} |
		grep -v _IMAGE | while read -r name; do
			grep -q "const\[$name\]" "$description" ||
				fail "$name is not described"
		done
}

tap_run syzkaller every_line_is_of_a_kind brackets_are_balanced types_are_defined \
	constants_are_in_the_headers structs_have_their_size every_command_is_described
