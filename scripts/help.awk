# SPDX-License-Identifier: GPL-2.0-only
# The targets of a Makefile that carry a "## what it does".

/^##@ / {
	print "\n" substr($0, 5)
}

/^[a-z-]+:.*## / {
	target = $1
	sub(/:.*/, "", target)
	sub(/.*## */, "")
	printf "  %-12s %s\n", target, $0
}
