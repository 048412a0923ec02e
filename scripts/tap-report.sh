# SPDX-License-Identifier: GPL-2.0-only
# Sourced by scripts that run tests: turns marked output into one TAP file, the
# closing line and the exit status.

# awk_by_line ARGUMENT...: awk, which prints what it can as lines arrive. mawk waits
# until it has 4096 bytes, unless it is told not to.
awk_by_line() {
	case $(awk -W version 2>&1 </dev/null) in
	mawk*) awk -W interactive "$@" ;;
	*) awk "$@" ;;
	esac
}

# tap_report FILE: stdin as merge-tap.awk expects it; FILE gets the TAP, and so
# does stdout, followed by the closing line. Fails if a test failed, or none
# ran.
tap_report() {
	{
		echo "TAP version 13"
		awk_by_line -f tests/merge-tap.awk -v counts="$1.counts"
	} | tee "$1"
	read -r passed failed skipped <"$1.counts"
	rm -f "$1.counts"
	closing_line "$passed" "$failed" "$skipped"
}

# closing_line PASSED FAILED SKIPPED
closing_line() {
	line="$1 passed, $2 failed"
	[ "$3" -eq 0 ] || line="$line, $3 skipped"
	[ "$1" -gt 0 ] || echo "No test passed."
	echo "$line"
	[ "$2" -eq 0 ] && [ "$1" -gt 0 ]
}

# count_tap FILE: how many of its tests passed, failed, were skipped: $oks, $fails
# and $skips.
count_tap() {
	skips=$(grep -c '^ok .* # SKIP' "$1") || :
	oks=$(grep -c '^ok ' "$1") || :
	oks=$((oks - skips))
	fails=$(grep -c '^not ok ' "$1") || :
}

# as_tap PROGRAM COMMAND...: put the marks around a program's output.
as_tap() {
	echo "cxl-check: begin $1"
	shift
	rc=0
	"$@" 2>&1 || rc=$?
	echo "cxl-check: end $rc"
}
