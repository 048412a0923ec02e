# SPDX-License-Identifier: GPL-2.0-only
# List the targets of the Makefiles that have a "## what it does".

BEGIN {
	print "usage: ./run TARGET... [VARIABLE=VALUE]..."
}

/^##@ / {
	print "\n" substr($0, 5)
}

/^[a-z-]+:.*## / {
	target = $1
	sub(/:.*/, "", target)
	sub(/.*## */, "")
	printf "  %-12s %s\n", target, $0
}

/^# help: / {
	variables = variables "  " substr($0, 9) "\n"
}

END {
	printf "\nVariables\n%s", variables
}
