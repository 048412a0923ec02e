# SPDX-License-Identifier: GPL-2.0-only
# Print every kernel complaint of a console log with the lines that follow it,
# and the test program that ran at the time. Exit status 0 when there is one.

BEGIN {
	complaint = "(^|[] ])(BUG:|WARNING:|INFO: (rcu|task|suspicious|possible|trying)|" \
		"Oops|Kernel panic|KASAN:|UBSAN:|Call Trace:|" \
		"kernel BUG at|general protection fault[,:]|Unable to handle|" \
		"watchdog: BUG|unreferenced object|refcount_t:|" \
		"kmemleak: [0-9]+ new|" \
		"rcu: INFO:|DEBUG_LOCKS_WARN_ON)|------------\\[ cut here"
	shown = 40
}

/cxl-vm: begin / {
	running = $0
	sub(/.*cxl-vm: begin /, "", running)
}

$0 ~ complaint && $0 !~ /cxl-vm:/ && left == 0 {
	if (running)
		print "(while " running " was running)"
	left = shown
	found++
}

left > 0 {
	sub(/\r$/, "")
	print
	left--
}

/---\[ end trace/ {
	left = 0
}

END {
	exit !found
}
