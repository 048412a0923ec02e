#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The unit tests of the modules: they ran when the module was loaded, and left
# their results in debugfs.

folder=/sys/kernel/debug/kunit
suites="cxl-event cxl-event-queue"
found=/tmp/kunit.tap

# suite_results SUITE: its tests as kunit.SUITE.TEST, without numbers, and their
# output; the last line is the suite's own.
suite_results() {
	sed -n -e '$d' -e '/^ *#/p' \
		-e "s/^ *\(not \)\{0,1\}ok [0-9]* \(- \)\{0,1\}\([A-Za-z0-9_]*\)/\1ok kunit.$1.\3/p" \
		"$folder/$1/results"
}

for suite in $suites; do
	grep -qs '^ *ok ' "$folder/$suite/results" ||
		echo "not ok kunit.$suite.runs"
	suite_results "$suite"
done >"$found"

echo "TAP version 13"
awk -v prefix="${CXL_TEST_PREFIX-}" '
	/^(not )?ok / && substr($NF, 1, length(prefix)) != prefix { next }
	/^(not )?ok / { sub(/ok /, "ok " ++n " - ") }
	/^not ok / { failed = 1 }
	{ print }
	END { print "1.." n + 0; exit failed }' "$found"
