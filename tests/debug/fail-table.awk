# SPDX-License-Identifier: GPL-2.0-only
# The table of "make fail-nth", from its TAP: for each path (a test), at how
# many places something could fail, how often the call failed because of it, and
# whether all of that was handled.

/^# fail-nth: / {
	places += $3
	failures += $5
	next
}

/^(not )?ok / {
	name = $0
	sub(/^(not )?ok [0-9]+ - /, "", name)
	if (places) {
		if (!paths++)
			printf "%-52s %8s %8s  %s\n", "path", "places", "failed", "handled"
		printf "%-52s %8d %8d  %s\n", name, places, failures, /^not/ ? "NO" : "yes"
		all_places += places
		all_failures += failures
		bad += /^not/
	}
	places = failures = 0
}

END {
	printf "%-52s %8d %8d  %s\n", paths " paths", all_places, all_failures, bad ? bad " NOT" : "all"
	exit !paths
}
