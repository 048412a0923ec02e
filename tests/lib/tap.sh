# SPDX-License-Identifier: GPL-2.0-only
# TAP for shell tests, tests/<subject>.sh:
#
#	. /tests/lib/tap.sh
#
#	card_has_a_minor() {
#		[ -c /dev/cxl/afu0.0m ] || fail "no master device"
#	}
#
#	tap_run modules card_has_a_minor
#
# Each function is the test <subject>.<function>. It runs in a shell of its own,
# and passes if it exits with status 0. $CXL_TEST_PREFIX selects, as in tap.h. If
# $tap_progress is not empty, each test is announced, with the seconds since boot.

tap_skip_status=77

# fail REASON: end the test as failed.
fail() {
	echo "$*" | sed 's/^/# /'
	exit 1
}

# skip REASON: end the test as skipped, because it cannot run here.
skip() {
	echo "$*" >"$tap_reason"
	exit $tap_skip_status
}

# slow: skip the test, which takes long, unless all tests are wanted.
slow() {
	[ -n "${CXL_SLOW-}" ] || skip "it is slow, and run with CXL_SLOW=1"
}

# tap_run SUBJECT FUNCTION...
tap_run() {
	tap_subject=$1
	shift
	tap_reason=$(mktemp)
	tap_number=0 tap_failed=0
	echo "TAP version 13"
	for tap_test; do
		tap_name=$tap_subject.$tap_test
		case $tap_name in
		"${CXL_TEST_PREFIX-}"*) ;;
		*) continue ;;
		esac
		tap_number=$((tap_number + 1))
		tap_status=0
		[ -z "${tap_progress-}" ] || echo "# $(cut -d . -f 1 /proc/uptime) s: $tap_name"
		("$tap_test") 2>&1 || tap_status=$?
		case $tap_status in
		0) echo "ok $tap_number - $tap_name" ;;
		"$tap_skip_status") echo "ok $tap_number - $tap_name # SKIP $(cat "$tap_reason")" ;;
		*)
			echo "not ok $tap_number - $tap_name"
			tap_failed=1
			;;
		esac
	done
	echo "1..$tap_number"
	rm -f "$tap_reason"
	exit $tap_failed
}
