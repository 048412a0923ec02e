#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The program of Documentation/memcpy-afu.md does what the page says.

. /tests/lib/tap.sh

example_prints_what_the_page_says() {
	said=$(/tests/lib/example-memcpy-afu 2>&1) || fail "exit status $?: $said"
	[ "$said" = 'event 1, status 0x80, "hello, world", stopped' ] || fail "it printed: $said"
}

tap_run memcpy_page example_prints_what_the_page_says
