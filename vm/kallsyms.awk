# SPDX-License-Identifier: GPL-2.0-only
# From a sorted /proc/kallsyms make an assembler file with the kernel's own
# symbols, in a section without contents. The first line says where the section
# begins in the guest. A name that occurs more than once (static functions) gets
# numbers.

# Neither symbols of modules nor offsets of per-CPU variables
/\]$/ || $1 !~ /^[89a-f]/ || $2 !~ /^[TtWwDdBbRr]$/ {
	next
}

!first {
	first = $1
	print "# 0x" first
	print "	.section .kernel, \"ax\", %nobits"
	print "kernel_begin:"
}

{
	name = $3
	if (seen[name]++)
		name = name ".." seen[name]
	printf "	.set \"%s\", kernel_begin + (0x%s - 0x%s)\n", name, $1, first
	printf "	.type \"%s\", %%%s\n", name, $2 ~ /[TtWw]/ ? "function" : "object"
	last = $1
}

END {
	printf "	.skip 0x%s - 0x%s\n", last, first
}
