# SPDX-License-Identifier: GPL-2.0-only
# Print every kernel complaint in a console log with the lines that follow it,
# and the test program that ran at the time. One with a line that matches the regular
# expression in "known" is announced as known. Exit status 0 if there is another one.

# Print the complaint that has been collected.
function finish() {
	if (!collecting)
		return
	collecting = 0
	if (known != "" && text ~ known)
		print "Known complaint " ++known_found by ":"
	else
		print "Kernel complaint " ++found by ":"
	printf "%s", text
}

BEGIN {
	complaint = "(^|[] ])(BUG:|BUG [a-z]|WARNING:|INFO: (rcu|task|suspicious|possible|trying)|" \
		"KASAN:|UBSAN:|kernel BUG at|general protection fault[,:]|" \
		"Unable to handle|watchdog: BUG|unreferenced object|refcount_t:|" \
		"rcu: INFO:|DEBUG_LOCKS_WARN_ON)|------------\\[ cut here"
	# From a machine without a disk for it, not from the kernel
	no_complaint = "nvram corruption detected"
	# Mostly a part of one of those.
	part = "(^|[] ])(Oops|Kernel panic|Call Trace:|kmemleak: [0-9]+ new)"
	shown = 60
	head = -1000
	expected = 0
}

/cxl-vm: begin / {
	running = $0
	sub(/.*cxl-vm: begin /, "", running)
}

# A test expects that a program in a cgroup is killed, which prints a trace.
/ invoked oom-killer: / {
	expected = NR + 8
}

# Another one expects that suspend is refused, because of two tasks.
/ tasks refusing to freeze/ {
	expected = NR + 100
}

# A complaint says so within its first lines, perhaps in more than one of them.
/cxl-vm:/ {
	is_complaint = 0
}

!/cxl-vm:/ {
	is_complaint = ($0 ~ complaint && $0 !~ no_complaint && NR - head > 4) ||
		($0 ~ part && NR - head > 150 && NR > expected)
}

is_complaint {
	finish()
	collecting = 1
	by = running ? " (while " running " was running)" : ""
	text = ""
	head = NR
	left = shown
}

left > 0 {
	sub(/\r$/, "")
	text = text $0 "\n"
	left--
}

/---\[ end trace/ {
	left = 0
}

END {
	finish()
	exit !found
}
