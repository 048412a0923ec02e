#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl top without a terminal: lines of text, objects.

set -eu
. /tests/lib/tap.sh
. /tests/lib/afuctl.sh

counters_are_printed() {
	context afu0.0
	run 0 inject irq afu0.0 "$pe" 1
	becomes_true grep -q irq mon
	run 0 top --batch --count 2 --interval 0.1
	shows_lines 4
	shows '^AFU  *PE STATE  *POSTED/s  *DELIV/s  *DELIVERED  *PENDING  *LOST  OWNER$' \
		"^afu0.0  *$pe started  *0  *0  *1  *0  *0  afuctl\[$pid\]$"
	run 0 top --json -c 1
	shows "^{\"time_ns\":[0-9]*,\"contexts\":\[{\"afu\":\"afu0.0\",\"pe\":$pe,\"state\":\"started\",.*\"delivered_per_second\":0}\]}$"
	# Two errors in a context that does not read: one is lost. Rates are per
	# interval.
	kill -STOP "$pid"
	(
		sleep 2
		run 0 inject error afu0.0 "$pe" 1
		run 0 inject error afu0.0 "$pe" 2
	) &
	run 0 top -b -c 2 -i 5
	tail -n 1 out >last
	kill -CONT "$pid"
	kill "$pid"
	ended 0
	grep -q "^afu0.0  *$pe started  *0  *0  *1  *1  *1  afuctl" last || fail "$(cat out)"
	for interval in 0 0.001 x -1 '' 1e30; do
		run 2 top --interval "$interval" --count 1
		says "--interval '$interval'"
	done
	run 2 top --count x
	run 0 top --count 0
	shows_lines 0
	afuctl top -b >mon 2>mon.err &
	pid=$!
	becomes_true grep -q OWNER mon
	kill "$pid"
	ended 0
}

# A child of the program that became afuctl
child_of_others_does_not_end_it() {
	rm -f out
	sh -c 'until grep -qs OWNER out; do usleep 10000; done &
		exec afuctl top --batch --count 4 --interval 0.3' >out 2>err || fail "$(cat err)"
	[ "$(grep -c OWNER out)" -eq 4 ] || fail "$(cat out)"
}

tap_run afuctl_top counters_are_printed child_of_others_does_not_end_it
