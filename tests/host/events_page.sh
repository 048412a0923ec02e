#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Documentation/events.md shows parts of the driver that is tested, not copies.

. tests/lib/tap.sh

# foreign_parts: each piece of code on the page that does not stand so in the
# example, with its number
foreign_parts() {
	awk '
		NR == FNR {
			driver = driver $0 "\n"
			next
		}
		/^```c/ {
			part = ""
			count++
			inside = 1
			next
		}
		/^```/ {
			if (inside && !index(driver, part))
				print count ": " part
			inside = 0
		}
		inside {
			part = part $0 "\n"
		}
		END {
			if (!count)
				print "no code at all"
		}' examples/afu-driver/cxl_echo.c Documentation/events.md
}

driver_is_the_tested_one() {
	foreign=$(foreign_parts)
	[ -z "$foreign" ] || fail "$foreign"
}

tap_run events_page driver_is_the_tested_one
