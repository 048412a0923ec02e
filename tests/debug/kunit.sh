#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The unit tests of the modules: they run when their module is loaded, and
# leave their results in debugfs.

folder=/sys/kernel/debug/kunit
found=/tmp/kunit.tap

# suite_results SUITE: its tests as kunit.SUITE.TEST, without numbers.
suite_results() {
	sed -n "s/^ *\(not \)\{0,1\}ok [0-9]* \(- \)\{0,1\}\([A-Za-z0-9_]*\)/\1ok kunit.$1.\3/p" \
		"$folder/$1/results" |
		sed '$d'
	grep '^ *#' "$folder/$1/results"
}

for ko in "/lib/modules/$(uname -r)/extra/"*.ko; do
	grep -q kunit_test_suites "$ko" || continue
	module=$(basename "$ko" .ko)
	modprobe "$module" || echo "not ok kunit.$module"
	for suite in "$folder"/*/; do
		[ ! -f "$suite/results" ] || suite_results "$(basename "$suite")"
	done
	rmmod "$module" || echo "not ok kunit.$module"
done >"$found"

[ -s "$found" ] || echo "not ok kunit.finds_tests" >>"$found"
echo "TAP version 13"
awk -v prefix="${CXL_TEST_PREFIX-}" '
	/^(not )?ok / && index($NF, prefix) != 1 { next }
	/^(not )?ok / { sub(/ok /, "ok " ++n " - ") }
	{ print }
	END { print "1.." n + 0 }' "$found"
! grep -q '^not ok ' "$found"
