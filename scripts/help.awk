# SPDX-License-Identifier: GPL-2.0-only
# List the targets of the Makefile, and of those that it includes, that have a
# "## what it does".

BEGIN {
	print "usage: ./run TARGET... [VARIABLE=VALUE]..."
}

FNR == 1 {
	file++
	included = 0
}

# It is read after this one, before those that were to follow.
/^include [a-z]/ {
	for (i = ARGC++; i > file + included + 1; i--)
		ARGV[i] = ARGV[i - 1]
	ARGV[file + ++included] = $2
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
