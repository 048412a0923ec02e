#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Documentation/events.md shows the driver that is tested, not a copy of it.

. tests/lib/tap.sh

driver_is_the_tested_one() {
	shown=$(mktemp)
	awk '/^```c/ { on = 1; next } /^```/ { on = 0 } on' Documentation/events.md >"$shown"
	difference=$(diff "$shown" tests/modules/cxl_test_echo.c) || :
	lines=$(wc -l <"$shown")
	rm -f "$shown"
	[ "$lines" -gt 0 ] || fail "the page shows no driver"
	[ -z "$difference" ] || fail "$difference"
}

tap_run events_page driver_is_the_tested_one
